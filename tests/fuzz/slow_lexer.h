/* slow_lexer.h: what a script for psql would do to the one after it, the obvious way.
 *
 * The whole text lies in memory, every byte with the number of its line. It is read token by
 * token, and a line of psql's commands argument by argument; the data of a COPY are cut out of
 * the text as soon as the COPY is sent, so that no state has to remember them. Tokens, and the
 * COPYs that wait, are lists that only grow: what psql holds is a value, which an \if keeps. */
#ifndef CONFITURE_FUZZ_SLOW_LEXER_H
#define CONFITURE_FUZZ_SLOW_LEXER_H

typedef struct slow_open {
    const char *what; /* NULL: nothing is found */
    uint64_t line;
    bool unended;  /* it is a statement */
    bool variable; /* nothing is found, and a variable is held */
} slow_open;

typedef enum slow_kind {
    SLOW_SPACE,
    SLOW_COMMENT, /* its first two bytes */
    SLOW_ESCAPE,  /* e' */
    SLOW_QUOTE,   /* ' or " and what may stand before it */
    SLOW_DOLLAR,  /* $tag$ */
    SLOW_NAME,
    SLOW_NUMBER,
    SLOW_VARIABLE, /* :name */
    SLOW_VALUE,    /* :'name', :"name", :{?name} */
    SLOW_FORCED,   /* \; and \: */
    SLOW_COMMAND,  /* another backslash */
    SLOW_END,
    SLOW_OTHER
} slow_kind;

typedef struct slow_token {
    slow_kind kind;
    const uint8_t *at;
    size_t size;
    const struct slow_token *before;
} slow_token;

typedef enum slow_data { SLOW_NO_DATA, SLOW_TEXT_DATA, SLOW_BINARY_DATA } slow_data;

typedef struct slow_copy {
    uint64_t line;
    slow_data data;
    const struct slow_copy *before;
} slow_copy;

/* psql's query buffer: what has come since something was sent. */
typedef struct slow_held {
    bool any;                 /* a byte of it, be it a comment's */
    uint64_t line;            /* of its first token; 0: there is none */
    bool others;              /* a token that is no variable */
    bool begun;               /* the statement at hand has a token */
    uint64_t copy_line;       /* of the COPY that it is; 0: it is none */
    const slow_token *tokens; /* of that */
    const slow_copy *copies;  /* ended by \; */
    size_t parens;
    uint64_t paren_line;
} slow_held;

typedef struct slow_branch {
    uint64_t line;
    bool active, ignored, unknown, last;
    bool leaves; /* one of an unknown condition has left something open */
    slow_held before, left;
} slow_branch;

#define SLOW_BRANCHES 16

typedef struct slow_lexer {
    confiture_check_mode mode;
    uint8_t *text;
    uint64_t *lines; /* of each byte, and of what comes behind the last */
    size_t size;
    slow_token *tokens;
    slow_copy *copies;
    slow_held held;
    const slow_copy *previous; /* COPYs of what was sent last */
    slow_branch branches[SLOW_BRANCHES];
    size_t branch_count, deeper;
    uint64_t restrict_line; /* 0: not restricted */
    uint8_t *key;
    size_t key_size;
    size_t identifiers;
    char routine[5]; /* a letter for each of the first four */
    size_t begins;
    uint64_t begin_line;
    size_t data_at; /* where data were read last; 0: nowhere */
    slow_open open;
    bool now; /* found before the end */
} slow_lexer;

/* ---- bytes ---- */

FUZZ_SLOW static bool slow_is_digit(int c) { return c >= '0' && c <= '9'; }

FUZZ_SLOW static bool slow_is_letter(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

FUZZ_SLOW static bool slow_is_ident(int c) { return slow_is_letter(c) || slow_is_digit(c); }

FUZZ_SLOW static bool slow_is_space(int c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

FUZZ_SLOW static bool slow_is_one_of(int c, const char *set) {
    return c > 0 && strchr(set, c) != NULL;
}

FUZZ_SLOW static int slow_lower(int c) { return c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c; }

/* The byte at i, or -1 behind the end. */
FUZZ_SLOW static int slow_byte(const uint8_t *p, size_t n, size_t i) { return i < n ? p[i] : -1; }

/* Whether the bytes are the word, in letters of any case. */
FUZZ_SLOW static bool slow_is_word(const uint8_t *p, size_t n, const char *word) {
    size_t i;
    if (n != strlen(word)) return false;
    for (i = 0; i < n; i++)
        if (slow_lower(p[i]) != word[i]) return false;
    return true;
}

/* Whether the bytes are one of the words, which are separated by one blank. */
FUZZ_SLOW static bool slow_is_listed(const uint8_t *p, size_t n, const char *words) {
    while (*words != '\0') {
        size_t size = strcspn(words, " ");
        if (size == n && memcmp(p, words, n) == 0) return true;
        words += size;
        words += *words == ' ';
    }
    return false;
}

/* ---- tokens: where the one at i ends; of quotes and comments only their beginning ---- */

FUZZ_SLOW static size_t slow_name_end(const uint8_t *p, size_t n, size_t i) {
    if (!slow_is_letter(slow_byte(p, n, i))) return i;
    while (slow_is_ident(slow_byte(p, n, i)) || slow_byte(p, n, i) == '$') i++;
    return i;
}

FUZZ_SLOW static size_t slow_digits_end(const uint8_t *p, size_t n, size_t i) {
    while (slow_is_digit(slow_byte(p, n, i))) i++;
    return i;
}

FUZZ_SLOW static size_t slow_ident_end(const uint8_t *p, size_t n, size_t i) {
    while (slow_is_ident(slow_byte(p, n, i))) i++;
    return i;
}

/* i, if no number is there. An identifier right behind a number is part of it. */
FUZZ_SLOW static size_t slow_number_end(const uint8_t *p, size_t n, size_t i) {
    size_t end = slow_digits_end(p, n, i);
    int sign;
    if (slow_byte(p, n, i) == '$') {
        end = slow_digits_end(p, n, i + 1);
        return end == i + 1 ? i : slow_name_end(p, n, end);
    }
    if (end > i && slow_byte(p, n, end) == '.' && slow_byte(p, n, end + 1) != '.')
        end = slow_digits_end(p, n, end + 1);
    else if (end == i && slow_byte(p, n, i) == '.' && slow_is_digit(slow_byte(p, n, i + 1)))
        end = slow_digits_end(p, n, i + 1);
    if (end == i) return i;
    sign = slow_byte(p, n, end + 1);
    if (slow_lower(slow_byte(p, n, end)) == 'e' && (sign == '+' || sign == '-') &&
        slow_is_digit(slow_byte(p, n, end + 2)))
        end = slow_digits_end(p, n, end + 2);
    return slow_name_end(p, n, end);
}

/* i, if no $tag$ is there. */
FUZZ_SLOW static size_t slow_tag_end(const uint8_t *p, size_t n, size_t i) {
    size_t end = i + 1;
    if (slow_byte(p, n, i) != '$') return i;
    if (slow_is_letter(slow_byte(p, n, end))) end = slow_ident_end(p, n, end);
    return slow_byte(p, n, end) == '$' ? end + 1 : i;
}

/* :'name', :"name" or :{?name}; i, if there is none. */
FUZZ_SLOW static size_t slow_value_end(const uint8_t *p, size_t n, size_t i) {
    int open = slow_byte(p, n, i + 1), close = open == '{' ? '}' : open;
    size_t start = i + 2, end;
    if (slow_byte(p, n, i) != ':' || !slow_is_one_of(open, "'\"{")) return i;
    if (open == '{' && slow_byte(p, n, start++) != '?') return i;
    end = slow_ident_end(p, n, start);
    return end > start && slow_byte(p, n, end) == close ? end + 1 : i;
}

FUZZ_SLOW static size_t slow_token_end(const uint8_t *p, size_t n, size_t i, slow_kind *kind) {
    int c = p[i], next = slow_byte(p, n, i + 1);
    size_t end = i;
    *kind = SLOW_SPACE;
    while (slow_is_space(slow_byte(p, n, end))) end++;
    if (end > i) return end;
    if (c == '-' && next == '-') {
        while (end < n && p[end] != '\n') end++;
        return end;
    }
    *kind = SLOW_COMMENT;
    if (c == '/' && next == '*') return i + 2;
    *kind = SLOW_ESCAPE;
    if (slow_lower(c) == 'e' && next == '\'') return i + 2;
    *kind = SLOW_QUOTE;
    if (c == '\'' || c == '"') return i + 1;
    if (slow_is_one_of(c, "bBxXnN") && next == '\'') return i + 2;
    if (slow_lower(c) == 'u' && next == '&' && slow_is_one_of(slow_byte(p, n, i + 2), "'\""))
        return i + 3;
    *kind = SLOW_DOLLAR;
    if ((end = slow_tag_end(p, n, i)) > i) return end;
    *kind = SLOW_NAME;
    if ((end = slow_name_end(p, n, i)) > i) return end;
    *kind = SLOW_NUMBER;
    if ((end = slow_number_end(p, n, i)) > i) return end;
    *kind = SLOW_VARIABLE;
    if (c == ':' && (end = slow_ident_end(p, n, i + 1)) > i + 1) return end;
    *kind = SLOW_VALUE;
    if ((end = slow_value_end(p, n, i)) > i) return end;
    *kind = SLOW_FORCED;
    if (c == '\\' && (next == ';' || next == ':')) return i + 2;
    *kind = c == '\\' ? SLOW_COMMAND : c == ';' ? SLOW_END : SLOW_OTHER;
    if (c == '.' && next == '.') return i + 2;
    return i + (c == ':' && (next == ':' || next == '=') ? 2 : 1);
}

/* ---- quotes: where the one ends that begins at i; 0: nowhere ---- */

FUZZ_SLOW static size_t slow_comment_end(const uint8_t *p, size_t n, size_t i) {
    size_t depth = 0;
    do {
        int c = slow_byte(p, n, i), next = slow_byte(p, n, i + 1);
        if (c < 0) return 0;
        if (c == '/' && next == '*') depth++, i += 2;
        else if (c == '*' && next == '/') depth--, i += 2;
        else i++;
    } while (depth > 0);
    return i;
}

FUZZ_SLOW static size_t slow_quote_end(const uint8_t *p, size_t n, size_t i) {
    int quote = p[i++];
    while (slow_byte(p, n, i) != quote || slow_byte(p, n, i + 1) == quote) {
        if (i >= n) return 0;
        i += p[i] == quote ? 2 : 1;
    }
    return i + 1;
}

/* Of one line; *parts: the server goes on with it where psql begins '...', and at an escaped
 * quote one of the two is within the string and the other is not. */
FUZZ_SLOW static size_t slow_escape_end(const uint8_t *p, size_t n, size_t i, bool *parts) {
    i++;
    while (slow_byte(p, n, i) != '\'' || slow_byte(p, n, i + 1) == '\'') {
        if (i >= n) return 0;
        if (p[i] == '\\' && slow_byte(p, n, i + 1) == '\'') *parts = true;
        i += p[i] == '\'' || p[i] == '\\' ? 2 : 1;
    }
    return i + 1;
}

/* The quote, after a newline, that continues what ended before i; 0: there is none. */
FUZZ_SLOW static size_t slow_continues(const uint8_t *p, size_t n, size_t i) {
    bool newline = false;
    for (;; i++) {
        if (slow_byte(p, n, i) == '-' && slow_byte(p, n, i + 1) == '-')
            while (i < n && p[i] != '\n') i++;
        if (!slow_is_space(slow_byte(p, n, i))) break;
        newline = newline || p[i] == '\n';
    }
    return newline && slow_byte(p, n, i) == '\'' ? i : 0;
}

FUZZ_SLOW static size_t slow_dollar_end(const uint8_t *p, size_t n, size_t i, size_t tag) {
    size_t end;
    for (end = i + tag; end + tag <= n; end++)
        if (memcmp(p + end, p + i, tag) == 0) return end + tag;
    return 0;
}

/* ---- COPY, by the server's grammar ---- */

/* Its tokens, from left to right. */
typedef struct slow_words {
    const slow_token **at;
    size_t count, i;
} slow_words;

FUZZ_SLOW static bool slow_see_word(const slow_words *w, const char *word) {
    return w->i < w->count && w->at[w->i]->kind == SLOW_NAME &&
           slow_is_word(w->at[w->i]->at, w->at[w->i]->size, word);
}

FUZZ_SLOW static bool slow_take_word(slow_words *w, const char *word) {
    bool is = slow_see_word(w, word);
    w->i += is;
    return is;
}

FUZZ_SLOW static bool slow_see(const slow_words *w, char c) {
    return w->i < w->count && w->at[w->i]->kind == SLOW_OTHER && w->at[w->i]->size == 1 &&
           w->at[w->i]->at[0] == c;
}

FUZZ_SLOW static bool slow_take(slow_words *w, char c) {
    bool is = slow_see(w, c);
    w->i += is;
    return is;
}

/* A quoted token, or a variable's value, in that quote. */
FUZZ_SLOW static bool slow_see_quoted(const slow_words *w, int quote) {
    const slow_token *token = w->i < w->count ? w->at[w->i] : NULL;
    if (token == NULL) return false;
    if (token->kind == SLOW_ESCAPE) return quote == '\'';
    return (token->kind == SLOW_QUOTE || token->kind == SLOW_VALUE) &&
           token->at[token->size - 1] == quote;
}

FUZZ_SLOW static bool slow_take_name(slow_words *w) {
    bool is = w->i < w->count && (w->at[w->i]->kind == SLOW_VARIABLE ||
                                  w->at[w->i]->kind == SLOW_NAME || slow_see_quoted(w, '"'));
    if (slow_see_word(w, "from") || slow_see_word(w, "to") || slow_see_word(w, "binary"))
        return false;
    w->i += is;
    return is;
}

FUZZ_SLOW static bool slow_take_names(slow_words *w) {
    do {
        if (!slow_take_name(w)) return false;
    } while (slow_take(w, ','));
    return true;
}

FUZZ_SLOW static bool slow_take_string(slow_words *w) {
    bool is = slow_see_quoted(w, '\'') || (w->i < w->count && w->at[w->i]->kind == SLOW_DOLLAR);
    w->i += is;
    return is;
}

FUZZ_SLOW static bool slow_is_binary(const slow_token *token) {
    if (token->kind == SLOW_QUOTE) /* whose case counts */
        return token->size == 8 && memcmp(token->at + 1, "binary", 6) == 0;
    return token->kind == SLOW_NAME && slow_is_word(token->at, token->size, "binary");
}

/* (name value, ...); false: it is no such list. */
FUZZ_SLOW static bool slow_option_list(slow_words *w, slow_data *data) {
    size_t depth = 0;
    bool name = true, format = false;
    for (; w->i < w->count; w->i++) {
        if (slow_see(w, '(')) {
            depth++;
        } else if (slow_see(w, ')')) {
            if (--depth == 0) {
                w->i++;
                return !name; /* an option is missing */
            }
        } else if (depth == 1 && name) {
            format = slow_see_word(w, "format");
            if (w->at[w->i]->kind != SLOW_NAME && w->at[w->i]->kind != SLOW_VARIABLE &&
                !slow_see_quoted(w, '"'))
                return false;
            name = false;
        } else if (depth == 1 && slow_see(w, ',')) {
            name = true;
        } else if (depth == 1 && format) {
            if (slow_is_binary(w->at[w->i])) *data = SLOW_BINARY_DATA;
            format = false;
        }
    }
    return false;
}

/* Options as before PostgreSQL 9.0. */
FUZZ_SLOW static bool slow_old_options(slow_words *w, slow_data *data) {
    for (;;) {
        if (slow_take_word(w, "force")) {
            bool good = slow_take_word(w, "not")
                            ? slow_take_word(w, "null")
                            : slow_take_word(w, "quote") || slow_take_word(w, "null");
            if (!good || !(slow_take(w, '*') || slow_take_names(w))) return false;
        } else if (slow_take_word(w, "delimiter") || slow_take_word(w, "null") ||
                   slow_take_word(w, "quote") || slow_take_word(w, "escape") ||
                   slow_take_word(w, "encoding")) {
            (void)slow_take_word(w, "as");
            if (!slow_take_string(w)) return false;
        } else if (slow_take_word(w, "binary")) {
            *data = SLOW_BINARY_DATA;
        } else if (!slow_take_word(w, "freeze") && !slow_take_word(w, "csv") &&
                   !slow_take_word(w, "header")) {
            return true;
        }
    }
}

/* Whether nothing comes, or WHERE and anything whose parentheses match. */
FUZZ_SLOW static bool slow_where(slow_words *w) {
    size_t depth = 0;
    if (w->i == w->count) return true;
    if (!slow_take_word(w, "where")) return false;
    for (; w->i < w->count; w->i++) {
        if (slow_see(w, ')') && depth == 0) return false;
        depth = depth + slow_see(w, '(') - slow_see(w, ')');
    }
    return depth == 0;
}

FUZZ_SLOW static slow_data slow_copied(slow_words *w) {
    slow_data data = SLOW_TEXT_DATA;
    bool using_word;
    (void)slow_take_word(w, "copy");
    if (slow_take_word(w, "binary")) data = SLOW_BINARY_DATA;
    do {
        if (!slow_take_name(w)) return SLOW_NO_DATA;
    } while (slow_take(w, '.'));
    if (slow_take(w, '(') && !(slow_take_names(w) && slow_take(w, ')'))) return SLOW_NO_DATA;
    if (!slow_take_word(w, "from") || !(slow_take_word(w, "stdin") || slow_take_word(w, "stdout")))
        return SLOW_NO_DATA;
    using_word = slow_take_word(w, "using");
    if (slow_take_word(w, "delimiters")) {
        if (!slow_take_string(w)) return SLOW_NO_DATA;
    } else if (using_word) {
        return SLOW_NO_DATA;
    }
    (void)slow_take_word(w, "with");
    if (!(slow_see(w, '(') ? slow_option_list(w, &data) : slow_old_options(w, &data)))
        return SLOW_NO_DATA;
    return slow_where(w) ? data : SLOW_NO_DATA;
}

FUZZ_SLOW static slow_data slow_copied_tokens(const slow_token *last) {
    const slow_token *token;
    slow_words words = {NULL, 0, 0};
    slow_data data;
    size_t i;
    for (token = last; token != NULL; token = token->before) words.count++;
    words.at = (const slow_token **)malloc((words.count + 1) * sizeof words.at[0]);
    if (words.at == NULL) abort();
    for (token = last, i = words.count; token != NULL; token = token->before) words.at[--i] = token;
    data = slow_copied(&words);
    free((void *)words.at);
    return data;
}

/* ---- \copy: psql splits its line by a rule of its own ---- */

typedef struct slow_line {
    const uint8_t *p;
    size_t n, i;
    uint8_t *out; /* the words so far */
    size_t size, part, part_size;
    bool refused;
} slow_line;

/* One more: a byte of `single`, a quoted word, or whatever comes before one of those. */
FUZZ_SLOW static void slow_step(slow_line *line, const char *single, const char *quotes) {
    size_t start;
    while (slow_is_one_of(slow_byte(line->p, line->n, line->i), " \t\n\r")) line->i++;
    start = line->i;
    if (line->i == line->n) {
    } else if (slow_is_one_of(line->p[start], single)) {
        line->i++;
    } else if (slow_is_one_of(line->p[start], quotes)) {
        size_t end = slow_quote_end(line->p, line->n, start);
        line->i = end > 0 ? end : line->n;
    } else {
        while (line->i < line->n && !slow_is_one_of(line->p[line->i], " \t\n\r") &&
               !slow_is_one_of(line->p[line->i], single) &&
               !slow_is_one_of(line->p[line->i], quotes))
            line->i++;
    }
    /* A form feed divides no words here, but would in the server's eyes: no COPY is made so. */
    if (line->i > start && line->p[start] != '"' &&
        (memchr(line->p + start, '\f', line->i - start) ||
         memchr(line->p + start, '\v', line->i - start)))
        line->refused = true;
    line->part = line->size;
    line->part_size = line->i - start;
    memcpy(line->out + line->size, line->p + start, line->part_size);
    line->size += line->part_size;
    line->out[line->size++] = ' ';
}

FUZZ_SLOW static bool slow_part_is(const slow_line *line, const char *word) {
    return slow_is_word(line->out + line->part, line->part_size, word);
}

/* The COPY that psql makes of the line, as text; false: none that reads from the script. */
FUZZ_SLOW static bool slow_copy_text(slow_line *line) {
    while (slow_is_space(slow_byte(line->p, line->n, line->i))) line->i++;
    memcpy(line->out, "copy ", 5);
    line->size = 5;
    slow_step(line, ".,()", "\"");
    if (slow_part_is(line, "binary")) slow_step(line, ".,()", "\"");
    if (slow_part_is(line, "(")) return false; /* a query has no FROM */
    slow_step(line, ".,()", "\"");
    if (slow_part_is(line, ".")) {
        slow_step(line, ".,()", "\"");
        slow_step(line, ".,()", "\"");
    }
    if (slow_part_is(line, "(")) {
        do slow_step(line, "()", "\"");
        while (line->part_size > 0 && !slow_part_is(line, ")"));
        slow_step(line, ".,()", "\"");
    }
    if (line->refused || !slow_part_is(line, "from")) return false;
    slow_step(line, ";", "'");
    if (!slow_part_is(line, "stdin") && !slow_part_is(line, "stdout")) return false;
    memcpy(line->out + line->size, line->p + line->i, line->n - line->i);
    line->size += line->n - line->i;
    return true;
}

FUZZ_SLOW static size_t slow_quoted_end(const uint8_t *p, size_t n, size_t i, size_t end,
                                        slow_kind kind) {
    bool parts;
    switch (kind) {
    case SLOW_COMMENT: return slow_comment_end(p, n, i);
    case SLOW_ESCAPE: return slow_escape_end(p, n, end - 1, &parts);
    case SLOW_QUOTE: return slow_quote_end(p, n, end - 1);
    case SLOW_DOLLAR: return slow_dollar_end(p, n, i, end - i);
    default: return end;
    }
}

FUZZ_SLOW static slow_data slow_copied_line(const uint8_t *p, size_t n) {
    slow_line line = {p, n, 0, NULL, 0, 0, 0, false};
    slow_token *tokens, *last = NULL, *next;
    slow_data data = SLOW_NO_DATA;
    size_t i = 0;
    line.out = (uint8_t *)malloc(2 * n + 64);
    next = tokens = (slow_token *)malloc((2 * n + 64) * sizeof tokens[0]);
    if (line.out == NULL || tokens == NULL) abort();
    if (slow_copy_text(&line)) {
        while (i < line.size) {
            slow_kind kind;
            size_t end = slow_token_end(line.out, line.size, i, &kind), start = i;
            if (kind == SLOW_FORCED || kind == SLOW_VARIABLE || kind == SLOW_VALUE) {
                kind = SLOW_OTHER; /* to the server, which alone reads this, a byte */
                end = start + 1;
            }
            /* psql does not look for $1, and no COPY holds it. */
            if (line.out[start] == '$' && kind != SLOW_DOLLAR) {
                last = NULL;
                break;
            }
            if (kind == SLOW_QUOTE &&
                slow_is_one_of(line.out[start], "bBxXnN")) { /* x'...': no string of COPY's */
                kind = SLOW_NAME;
                end = start + 1;
            }
            if (kind == SLOW_END) break;
            i = slow_quoted_end(line.out, line.size, start, end, kind);
            if (i == 0) { /* the server refuses it */
                last = NULL;
                break;
            }
            if (kind == SLOW_SPACE || kind == SLOW_COMMENT) continue;
            next->kind = kind;
            next->at = line.out + start;
            next->size = i - start;
            next->before = last;
            last = next++;
        }
        data = slow_copied_tokens(last);
    }
    free(line.out);
    free(tokens);
    return data;
}

/* ---- findings ---- */

FUZZ_SLOW static void slow_found(slow_lexer *s, const char *what, uint64_t line) {
    if (s->open.what != NULL) return;
    s->open.what = what;
    s->open.line = line;
}

/* What the level "quotes" does not tell. */
FUZZ_SLOW static void slow_harms(slow_lexer *s, const char *what, uint64_t line, bool now) {
    if (s->mode != CONFITURE_CHECK_POSTGRES) return;
    s->now = s->now || now;
    slow_found(s, what, line);
}

/* ---- statements ---- */

FUZZ_SLOW static bool slow_active(const slow_lexer *s) {
    return s->branch_count == 0 || s->branches[s->branch_count - 1].active;
}

FUZZ_SLOW static void slow_begin_statement(slow_held *held) {
    held->begun = false;
    held->copy_line = 0;
    held->tokens = NULL;
}

FUZZ_SLOW static void slow_clear(slow_lexer *s) {
    size_t parens = s->held.parens;
    uint64_t line = s->held.paren_line;
    memset(&s->held, 0, sizeof s->held);
    s->held.parens = parens;
    s->held.paren_line = line;
}

FUZZ_SLOW static void slow_reset(slow_lexer *s) {
    s->held.parens = s->begins = 0;
    s->identifiers = 0;
}

FUZZ_SLOW static void slow_add(slow_lexer *s, slow_kind kind, size_t from, size_t to) {
    slow_held *held = &s->held;
    held->any = true;
    if (held->line == 0) held->line = s->lines[from];
    held->others = held->others || kind != SLOW_VARIABLE;
    if (kind == SLOW_END) return;
    if (!held->begun && kind == SLOW_NAME && slow_is_word(s->text + from, to - from, "copy"))
        held->copy_line = s->lines[from];
    held->begun = true;
    if (held->copy_line != 0) {
        slow_token *token = s->tokens++;
        token->kind = kind;
        token->at = s->text + from;
        token->size = to - from;
        token->before = held->tokens;
        held->tokens = token;
    }
}

/* After a semicolon, sent or not. */
FUZZ_SLOW static void slow_end_statement(slow_lexer *s) {
    if (s->held.copy_line != 0) {
        slow_data data = slow_copied_tokens(s->held.tokens);
        if (data != SLOW_NO_DATA) {
            slow_copy *copy = s->copies++;
            copy->line = s->held.copy_line;
            copy->data = data;
            copy->before = s->held.copies;
            s->held.copies = copy;
        }
    }
    slow_begin_statement(&s->held);
}

/* psql reads on to the end of the line, and then the data of each COPY sent in it. */
FUZZ_SLOW static void slow_read_data(slow_lexer *s, size_t i, const slow_copy *copy) {
    size_t start = i, line, end;
    if (copy == NULL) return;
    slow_read_data(s, i, copy->before);
    if (s->open.what != NULL) return;
    while (start < s->size && s->text[start] != '\n') start++;
    for (line = start + 1;; line = end + 1) {
        if (line >= s->size || copy->data == SLOW_BINARY_DATA) {
            /* The line they are sent in stands for all COPYs of it but the first. */
            slow_found(s, "COPY data never ended: no line \\. follows",
                       start == s->data_at ? s->lines[i] : copy->line);
            return;
        }
        for (end = line; end < s->size && s->text[end] != '\n';) end++;
        if (end == line + 2 && memcmp(s->text + line, "\\.", 2) == 0) break;
    }
    s->data_at = start;
    /* The newline before the data stands for that of their last line. */
    memmove(s->text + start, s->text + end, s->size - end);
    memmove(s->lines + start, s->lines + end, (s->size + 1 - end) * sizeof s->lines[0]);
    s->size -= end - start;
}

FUZZ_SLOW static void slow_send(slow_lexer *s, size_t i, bool reads_data) {
    slow_end_statement(s);
    if (s->held.any) s->previous = s->held.copies;
    slow_clear(s);
    if (reads_data) slow_read_data(s, i, s->previous);
}

FUZZ_SLOW static void slow_semicolon(slow_lexer *s, size_t i) {
    slow_add(s, SLOW_END, i, i + 1);
    if (s->held.parens > 0 || s->begins > 0) return;
    s->identifiers = 0;
    if (slow_active(s)) slow_send(s, i, true);
}

/* psql knows BEGIN ATOMIC by the first four identifiers, and then begin, case and end. */
FUZZ_SLOW static void slow_identifier(slow_lexer *s, size_t from, size_t to) {
    static const char *const words[] = {"create", "or", "replace", "function", "procedure"};
    const uint8_t *p = s->text + from;
    size_t n = to - from, i;
    /* psql takes u& for the beginning of U&'...'. */
    if (slow_is_word(p, n, "u") && slow_byte(s->text, s->size, to) == '&') return;
    if (s->identifiers < 4) {
        s->routine[s->identifiers] = ' ';
        for (i = 0; i < 5; i++)
            if (slow_is_word(p, n, words[i])) s->routine[s->identifiers] = "corff"[i];
        s->routine[s->identifiers + 1] = '\0';
    }
    s->identifiers++;
    if (s->held.parens > 0 ||
        (strncmp(s->routine, "cf", 2) != 0 && strncmp(s->routine, "corf", 4) != 0))
        return;
    if (slow_is_word(p, n, "begin") || (s->begins > 0 && slow_is_word(p, n, "case"))) {
        if (s->begins++ == 0) s->begin_line = s->lines[from];
    } else if (s->begins > 0 && slow_is_word(p, n, "end")) {
        s->begins--;
    }
}

/* ---- arguments of psql's commands ---- */

typedef struct slow_argument {
    size_t from, to; /* as it is written */
    uint8_t *value;
    size_t size;
    bool unknown; /* a variable or a backtick */
} slow_argument;

typedef struct slow_arguments {
    slow_argument *at;
    size_t count;
    size_t end; /* where they end */
} slow_arguments;

FUZZ_SLOW static size_t slow_line_end(const slow_lexer *s, size_t i) {
    while (i < s->size && s->text[i] != '\n') i++;
    return i;
}

FUZZ_SLOW static int slow_hex_digit(int c) {
    if (slow_is_digit(c)) return c - '0';
    c = slow_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* The byte that a backslash and what is at *i stand for. */
FUZZ_SLOW static uint8_t slow_escaped(const slow_lexer *s, size_t *i) {
    static const char letters[] = "ntbrf", bytes[] = "\n\t\b\r\f";
    int c = s->text[(*i)++], base = c == 'x' ? 16 : 8, value = 0, digits = base == 16 ? 2 : 3;
    if (slow_is_one_of(c, letters)) return (uint8_t)bytes[strchr(letters, c) - letters];
    if (c != 'x' && !(c >= '0' && c <= '7')) return (uint8_t)c;
    if (c != 'x') (*i)--;
    else if (slow_hex_digit(slow_byte(s->text, s->size, *i)) > 15) return 'x';
    for (; digits > 0 && slow_hex_digit(slow_byte(s->text, s->size, *i)) < base; digits--)
        value = value * base + slow_hex_digit(s->text[(*i)++]);
    return (uint8_t)value;
}

/* The argument at i; false: a quote in it is open at the end of the line. */
FUZZ_SLOW static bool slow_argument_at(const slow_lexer *s, size_t i, slow_argument *a) {
    size_t end = slow_line_end(s, i);
    a->from = i;
    a->size = 0;
    a->unknown = false;
    a->value = (uint8_t *)malloc(end - i + 1);
    if (a->value == NULL) abort();
    while (i < end && s->text[i] != '\\' && !slow_is_space(s->text[i])) {
        uint8_t quote = s->text[i++];
        int next = i < end ? s->text[i] : -1;
        if (quote != '\'' && quote != '"' && quote != '`') {
            a->value[a->size++] = quote;
            if (quote == ':' && (slow_is_ident(next) || slow_is_one_of(next, "'\"{")))
                a->unknown = true;
            continue;
        }
        if (quote == '`') a->unknown = true;
        if (quote == '"') a->value[a->size++] = quote;
        for (;;) {
            if (i >= end) return false;
            if (s->text[i] == quote) {
                i++;
                if (quote != '\'' || slow_byte(s->text, end, i) != '\'') break;
                a->value[a->size++] = s->text[i++];
            } else if (quote == '\'' && s->text[i] == '\\') {
                if (++i == end) return false;
                a->value[a->size++] = slow_escaped(s, &i);
            } else {
                a->value[a->size++] = s->text[i++];
            }
        }
        if (quote == '"') a->value[a->size++] = quote;
    }
    a->to = i;
    return true;
}

FUZZ_SLOW static bool slow_closes(const slow_argument *a) {
    return a->size > 0 && a->value[a->size - 1] == ')';
}

/* Whether psql would take a | and the rest of the line for the next argument. */
FUZZ_SLOW static bool slow_may_pipe(const slow_arguments *all, const uint8_t *name, size_t size) {
    size_t i, closed = 0, count = all->count;
    const slow_argument *at = all->at;
    if (!slow_is_listed(name, size, "g gx o out w write")) return false;
    if (all->count == 0) return true;
    if (!slow_is_listed(name, size, "g gx") || slow_byte(at[0].value, at[0].size, 0) != '(')
        return false;
    for (i = 0; i < count; i++) closed += slow_closes(&at[i]);
    return closed == 1 && slow_closes(&at[count - 1]);
}

FUZZ_SLOW static void slow_read_arguments(const slow_lexer *s, size_t i, const uint8_t *name,
                                          size_t size, slow_arguments *all) {
    size_t end = slow_line_end(s, i);
    all->count = 0;
    all->at = (slow_argument *)malloc((end - i + 1) * sizeof all->at[0]);
    if (all->at == NULL) abort();
    for (;;) {
        slow_argument *a = &all->at[all->count];
        while (i < end && slow_is_space(s->text[i])) i++;
        all->end = i;
        if (i == end || s->text[i] == '\\') return;
        if (s->text[i] == '|' && slow_may_pipe(all, name, size)) {
            a->from = i;
            a->to = all->end = end;
            a->value = NULL;
            a->size = 0;
            a->unknown = false;
            all->count++;
            return;
        }
        if (!slow_argument_at(s, i, a)) { /* it takes the line, and is none */
            free(a->value);
            all->end = end;
            return;
        }
        all->count++;
        i = a->to;
    }
}

FUZZ_SLOW static void slow_free_arguments(slow_arguments *all) {
    while (all->count > 0) free(all->at[--all->count].value);
    free(all->at);
}

/* Whether psql takes the options, in parentheses, of a \g. */
FUZZ_SLOW static bool slow_is_printable(const slow_arguments *all) {
    static const char known[] =
        "border columns csv_fieldsep expanded x vertical fieldsep fieldsep_zero footer format "
        "linestyle null numericlocale pager pager_min_lines recordsep recordsep_zero tableattr T "
        "title C tuples_only t unicode_border_linestyle unicode_column_linestyle "
        "unicode_header_linestyle xheader_width";
    size_t i;
    if (all->count == 0 || slow_byte(all->at[0].value, all->at[0].size, 0) != '(') return true;
    for (i = 0; i < all->count; i++) {
        const uint8_t *value = all->at[i].value + (i == 0);
        size_t size = all->at[i].size - (i == 0), name = 0;
        bool known_name;
        while (name < size && value[name] != '=') name++;
        known_name = name == 0 && size == 0;
        if (name == size && slow_closes(&all->at[i])) {
            if (name > 0) name--;
            known_name = name == 0;
        }
        if (!known_name && !slow_is_listed(value, name, known)) return false;
        if (slow_closes(&all->at[i])) return true;
    }
    return false;
}

/* ---- \if ---- */

/* 1, 0, or -1 if only psql can know. */
FUZZ_SLOW static int slow_truth(const slow_arguments *all) {
    char text[8];
    size_t size = 0, i, k;
    for (i = 0; i < all->count; i++)
        if (all->at[i].unknown) return -1;
    for (i = 0; i < all->count; i++) {
        if (i > 0 && size < sizeof text) text[size++] = ' ';
        for (k = 0; k < all->at[i].size && size < sizeof text; k++)
            text[size++] = (char)slow_lower(all->at[i].value[k]);
    }
    if (size == 0 || size > 4) return 0;
    return (size == 1 && text[0] == '1') || (size == 2 && memcmp(text, "on", 2) == 0) ||
           memcmp(text, "true", size) == 0 || (size < 4 && memcmp(text, "yes", size) == 0);
}

FUZZ_SLOW static void slow_decide(slow_branch *branch, const slow_arguments *all) {
    int truth = slow_truth(all);
    branch->unknown = truth < 0;
    branch->active = truth != 0;
}

FUZZ_SLOW static void slow_if(slow_lexer *s, const slow_arguments *all, uint64_t line) {
    slow_branch *branch = &s->branches[s->branch_count];
    bool active = slow_active(s);
    if (s->branch_count == SLOW_BRANCHES) {
        slow_harms(s, "\\if nested more than 16 deep: nest it less deep", line, true);
        s->deeper++;
        return;
    }
    memset(branch, 0, sizeof *branch);
    branch->line = line;
    branch->before = s->held;
    branch->ignored = !active;
    if (active) slow_decide(branch, all);
    s->branch_count++;
}

FUZZ_SLOW static bool slow_is_open(const slow_held *held) {
    return held->others || held->parens > 0;
}

/* A branch ends: what it added stays if it was read. */
FUZZ_SLOW static void slow_leave(slow_lexer *s, slow_branch *branch) {
    if (branch->unknown && !branch->leaves && slow_is_open(&s->held)) {
        branch->leaves = true;
        branch->left = s->held;
    }
    if (branch->active && !branch->unknown) {
        branch->before = s->held;
        branch->active = false;
        branch->ignored = true;
    } else {
        s->held = branch->before;
    }
}

/* \elif, \else, \endif; false: psql refuses it. */
FUZZ_SLOW static bool slow_next_branch(slow_lexer *s, const uint8_t *name, size_t size,
                                       const slow_arguments *all, uint64_t line) {
    slow_branch *branch = &s->branches[s->branch_count - (s->branch_count > 0)];
    bool end = slow_is_listed(name, size, "endif"), other = slow_is_listed(name, size, "else");
    if (s->deeper > 0) {
        s->deeper -= end;
        return true;
    }
    if (s->branch_count == 0) {
        slow_harms(s,
                   end     ? "\\endif without \\if"
                   : other ? "\\else without \\if"
                           : "\\elif without \\if",
                   line, true);
        return false;
    }
    if (end) {
        if (!branch->active) s->held = branch->before;
        if (branch->unknown && !branch->leaves && !branch->last) { /* none of them is read */
            branch->leaves = slow_is_open(&branch->before);
            branch->left = branch->before;
        }
        if (branch->leaves && !slow_is_open(&s->held)) s->held = branch->left;
        s->branch_count--;
        return true;
    }
    if (branch->last) return false;
    slow_leave(s, branch);
    if (other) {
        branch->active = !branch->ignored;
        branch->last = true;
    } else if (!branch->ignored && !branch->unknown) {
        slow_decide(branch, all);
    }
    return true;
}

/* ---- commands ---- */

FUZZ_SLOW static bool slow_describes(const uint8_t *name, size_t size) {
    static const char *const second[] = {"A+xcfop", "f+Sanptwx", "P+tinx", "F+xpdt"};
    int c = slow_byte(name, size, 1), next = slow_byte(name, size, 2);
    size_t i;
    if (size == 1 || slow_is_one_of(c, "+SabcCDdglLnoOpTtvmisEuxXy")) return true;
    for (i = 0; i < 4; i++)
        if (c == second[i][0]) return size == 2 || slow_is_one_of(next, second[i] + 1);
    if (c == 'r') return next == 'g' || (next == 'd' && slow_byte(name, size, 3) == 's');
    return (c == 'R' && slow_is_one_of(next, "ps")) || (c == 'e' && slow_is_one_of(next, "suwt"));
}

FUZZ_SLOW static bool slow_is_known(const slow_lexer *s, const uint8_t *name, size_t size) {
    static const char known[] =
        "! ? C H T a bind bind_named c cd close_prepared connect conninfo copyright crosstabview e "
        "echo edit ef elif else encoding endif endpipeline errverbose ev f flush flushrequest g "
        "gdesc getenv getresults gexec gset gx h help html i if include include_relative ir l l+ "
        "l+x list list+ list+x listx listx+ lo_export lo_import lo_list lo_list+ lo_unlink lx lx+ "
        "o out p parse password print prompt pset q qecho quit r reset restrict s sendpipeline set "
        "setenv sf sf+ startpipeline sv sv+ syncpipeline t timing unrestrict unset w warn watch "
        "write x z zS zSx zx zxS";
    if (slow_is_listed(name, size, known) || slow_is_word(name, size, "copy")) return true;
    if (size > 0 && name[0] == 'd') return !slow_active(s) || slow_describes(name, size);
    return size > 2 && memcmp(name, "lo_", 3) == 0 && !slow_active(s);
}

FUZZ_SLOW static size_t slow_needs(const uint8_t *name, size_t size) {
    if (slow_is_listed(name, size, "getenv lo_export")) return 2;
    return slow_is_listed(name, size,
                          "i ir include include_relative unset prompt restrict unrestrict w write "
                          "setenv bind_named parse close_prepared lo_import lo_unlink");
}

/* The key of \restrict or \unrestrict, without semicolons at its end that are not quoted. */
FUZZ_SLOW static size_t slow_key_size(const slow_lexer *s, const slow_argument *a) {
    size_t size = a->size, to = a->to;
    while (size > 0 && s->text[--to] == ';') size--;
    return size;
}

FUZZ_SLOW static bool slow_unrestrict(slow_lexer *s, const slow_argument *a) {
    if (s->restrict_line == 0 || slow_key_size(s, a) != s->key_size ||
        memcmp(a->value, s->key, s->key_size) != 0)
        return false;
    s->restrict_line = 0;
    return true;
}

/* False: psql refuses the command, and with it the rest of the line. */
FUZZ_SLOW static bool slow_run(slow_lexer *s, const uint8_t *name, size_t size,
                               const slow_arguments *all, size_t start) {
    uint64_t line = s->lines[start];
    if (slow_is_listed(name, size, "if")) slow_if(s, all, line);
    else if (slow_is_listed(name, size, "elif else endif"))
        return slow_next_branch(s, name, size, all, line);
    if (!slow_active(s) || slow_is_listed(name, size, "if")) return true;
    if (all->count < slow_needs(name, size)) return false;
    if (slow_is_listed(name, size, "g gx") && !slow_is_printable(all)) return false;
    if (slow_is_listed(name, size,
                       "g gx gset gexec gdesc crosstabview parse close_prepared startpipeline "
                       "endpipeline syncpipeline sendpipeline flush flushrequest getresults")) {
        slow_send(s, start, !slow_is_listed(name, size, "gdesc parse"));
        slow_reset(s);
    } else if (slow_is_listed(name, size, "r reset watch")) {
        slow_clear(s);
        slow_reset(s);
    } else if (slow_is_listed(name, size, "e edit")) {
        slow_clear(s);
    } else if (slow_is_listed(name, size, "q quit")) {
        slow_harms(s, "\\q ends the script: remove it", line, true);
    } else if (slow_is_listed(name, size, "restrict")) {
        if (slow_key_size(s, &all->at[0]) == 0) return false;
        free(s->key);
        s->key_size = slow_key_size(s, &all->at[0]);
        s->key = fuzz_copy(all->at[0].value, s->key_size);
        s->restrict_line = line;
    } else if (slow_is_listed(name, size, "unrestrict")) {
        return slow_unrestrict(s, &all->at[0]);
    }
    return true;
}

/* The command at i; where it ends. */
FUZZ_SLOW static size_t slow_command(slow_lexer *s, size_t start) {
    const uint8_t *name = s->text + start + 1;
    size_t i = start + 1, size, end;
    slow_arguments all;
    bool done;
    while (i < s->size && s->text[i] != '\\' && !slow_is_space(s->text[i])) i++;
    size = i - start - 1;
    end = slow_line_end(s, i);
    if (!slow_is_known(s, name, size)) return end;
    if (s->restrict_line != 0 && !slow_is_listed(name, size, "unrestrict")) return end;
    if (slow_is_word(name, size, "copy")) {
        slow_copy copy = {0, SLOW_NO_DATA, NULL};
        copy.line = s->lines[start];
        if (slow_active(s)) copy.data = slow_copied_line(s->text + i, end - i);
        if (copy.data != SLOW_NO_DATA) slow_read_data(s, start, &copy);
        return end;
    }
    if (slow_is_listed(name, size, "ef ev sf sf+ sv sv+ h help !")) {
        if (slow_active(s) && slow_is_listed(name, size, "ef ev")) slow_clear(s);
        return end;
    }
    slow_read_arguments(s, i, name, size, &all);
    done = slow_run(s, name, size, &all, start);
    i = all.end;
    slow_free_arguments(&all);
    if (!done) return end;
    return slow_byte(s->text, s->size, i) == '\\' && slow_byte(s->text, s->size, i + 1) == '\\'
               ? i + 2
               : i;
}

/* ---- the text ---- */

/* E'...', and what continues it; where it ends. */
FUZZ_SLOW static size_t slow_escape(slow_lexer *s, size_t start) {
    bool continued = false;
    for (;;) {
        bool parts = false;
        size_t end = slow_escape_end(s->text, s->size, start, &parts), next;
        parts = parts && s->mode == CONFITURE_CHECK_POSTGRES; /* else the server's word counts */
        if (end == 0 || (continued && parts)) {
            s->now = continued && parts;
            slow_found(s, "quote never closed", s->lines[start]);
            return s->size;
        }
        next = slow_continues(s->text, s->size, end);
        if (next == 0) return end;
        start = next;
        continued = true;
    }
}

/* Where the token ends of which the beginning stands in [start, end). */
FUZZ_SLOW static size_t slow_whole(slow_lexer *s, slow_kind kind, size_t start, size_t end) {
    size_t whole;
    if (kind == SLOW_ESCAPE) return slow_escape(s, end - 1);
    if (kind == SLOW_DOLLAR && end - start > 257) {
        slow_found(s, "dollar-quote tag longer than 255 bytes", s->lines[start]);
        return s->size;
    }
    whole = slow_quoted_end(s->text, s->size, start, end, kind);
    if (whole > 0) return whole;
    slow_found(s,
               kind == SLOW_COMMENT      ? "comment never closed"
               : kind == SLOW_DOLLAR     ? "dollar quote never closed"
               : s->text[end - 1] == '"' ? "quoted identifier never closed"
                                         : "quote never closed",
               s->lines[kind == SLOW_QUOTE ? end - 1 : start]);
    return s->size;
}

FUZZ_SLOW static size_t slow_token_at(slow_lexer *s, size_t start) {
    slow_kind kind;
    size_t end = slow_token_end(s->text, s->size, start, &kind);
    end = slow_whole(s, kind, start, end);
    if (s->open.what != NULL || kind == SLOW_SPACE) return end;
    s->held.any = s->held.any || kind == SLOW_COMMENT;
    if (kind == SLOW_COMMENT) return end;
    if (kind == SLOW_COMMAND) return slow_command(s, start);
    if (kind == SLOW_FORCED && s->text[start + 1] == ';') {
        slow_add(s, SLOW_END, start, end);
        slow_end_statement(s);
        s->identifiers = 0;
        return end;
    }
    if (kind == SLOW_END) {
        slow_semicolon(s, start);
        return end;
    }
    slow_add(s, kind, start, end);
    if (kind == SLOW_NAME) slow_identifier(s, start, end);
    if (s->text[start] == '(' && s->held.parens++ == 0) s->held.paren_line = s->lines[start];
    if (s->text[start] == ')' && s->held.parens > 0) s->held.parens--;
    return end;
}

/* What the end of the text leaves open, the first that holds the others. */
FUZZ_SLOW static void slow_ended(slow_lexer *s) {
    if (s->branch_count > 0)
        slow_harms(s, "\\if never ended: add \\endif", s->branches[0].line, false);
    if (s->held.parens > 0)
        slow_harms(s, "parenthesis never closed: add ')'", s->held.paren_line, false);
    if (s->begins > 0) slow_harms(s, "BEGIN ATOMIC never ended: add END", s->begin_line, false);
    if (s->restrict_line != 0)
        slow_harms(s, "\\restrict never ended: add \\unrestrict", s->restrict_line, false);
    if (s->held.others && s->open.what == NULL && s->mode == CONFITURE_CHECK_POSTGRES) {
        slow_harms(s, "statement never ended: add ';'", s->held.line, false);
        s->open.unended = true;
    }
    s->open.variable = s->open.what == NULL && s->held.line != 0 && !s->held.others;
}

/* Everything, on a copy of the text. */
FUZZ_SLOW static slow_open slow_lex(const uint8_t *text, size_t size, confiture_check_mode mode) {
    slow_lexer s;
    slow_token *tokens;
    slow_copy *copies;
    const uint8_t *nul = NULL;
    uint64_t line = 1;
    size_t i;
    bool mark = size > 2 && memcmp(text, "\xEF\xBB\xBF", 3) == 0;
    memset(&s, 0, sizeof s);
    s.mode = mode;
    if (mark) slow_harms(&s, "byte order mark: remove it, or use strip_bom", 1, true);
    if (mode == CONFITURE_CHECK_POSTGRES && size > 0) nul = (const uint8_t *)memchr(text, 0, size);
    if (nul != NULL) size = (size_t)(nul - text);
    /* In a schema a newline follows. */
    s.text = (uint8_t *)malloc(size + 1);
    s.lines = (uint64_t *)malloc((size + 2) * sizeof s.lines[0]);
    s.tokens = tokens = (slow_token *)malloc((size + 1) * sizeof tokens[0]);
    s.copies = copies = (slow_copy *)malloc((size + 1) * sizeof copies[0]);
    if (s.text == NULL || s.lines == NULL || tokens == NULL || copies == NULL) abort();
    if (size > 0) memcpy(s.text, text, size);
    s.text[size] = '\n';
    for (i = 0; i <= size; i++) {
        s.lines[i] = line;
        line += s.text[i] == '\n';
    }
    s.lines[size + 1] = line;
    s.size = size + 1;
    for (i = mark ? 3 : 0; i < s.size && s.open.what == NULL;) i = slow_token_at(&s, i);
    if (s.open.what == NULL) slow_ended(&s);
    if (nul != NULL && !s.now) {
        memset(&s.open, 0, sizeof s.open);
        slow_found(&s, "NUL byte, where psql drops the rest of the line: remove it", line - 1);
    }
    free(s.text);
    free(s.lines);
    free(tokens);
    free(copies);
    free(s.key);
    return s.open;
}

#endif
