/* slow_lexer.h: what a script for psql leaves open at its end, the obvious way.
 *
 * The whole text lies in memory, every byte with the number of its line. It is read from
 * left to right, one byte at a time, each token to its end; the data of a COPY are cut out of
 * the text as soon as the COPY is sent, so that no state has to remember them. */
#ifndef CONFITURE_FUZZ_SLOW_LEXER_H
#define CONFITURE_FUZZ_SLOW_LEXER_H

typedef struct slow_open {
    const char *what; /* NULL: nothing is open */
    uint64_t line;
} slow_open;

typedef enum slow_statement { SLOW_START, SLOW_COPY, SLOW_OTHER } slow_statement;

typedef struct slow_lexer {
    uint8_t *text;
    uint64_t *lines;
    size_t size;
    slow_statement statement;
    bool from, from_stdin; /* of a COPY: the word before was FROM; STDIN came behind it */
    size_t parens;
    uint64_t copy_line;
    uint64_t first_waiting; /* the line of the first COPY that waits to be sent */
    size_t waiting;
    slow_open open;
} slow_lexer;

FUZZ_SLOW static bool slow_is_ident(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c >= 0x80;
}

FUZZ_SLOW static bool slow_is_space(int c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* The byte at i, or -1 behind the end. */
FUZZ_SLOW static int slow_at(const slow_lexer *s, size_t i) {
    return i < s->size ? s->text[i] : -1;
}

FUZZ_SLOW static bool slow_stands(const slow_lexer *s, size_t i, const char *what) {
    size_t n = strlen(what);
    return i <= s->size && s->size - i >= n && memcmp(s->text + i, what, n) == 0;
}

/* Whether text[from, to) is the word, in letters of any case. */
FUZZ_SLOW static bool slow_word_is(const slow_lexer *s, size_t from, size_t to, const char *word) {
    size_t i;
    if (to - from != strlen(word)) return false;
    for (i = from; i < to; i++) {
        int c = s->text[i];
        if (c >= 'A' && c <= 'Z') c += 'a' - 'A';
        if (c != word[i - from]) return false;
    }
    return true;
}

FUZZ_SLOW static void slow_say(slow_lexer *s, const char *what, uint64_t line) {
    s->open.what = what;
    s->open.line = line;
}

/* ---- statements and COPY ---- */

FUZZ_SLOW static void slow_begin(slow_lexer *s, slow_statement statement) {
    s->statement = statement;
    s->from = s->from_stdin = false;
    s->parens = 0;
}

FUZZ_SLOW static void slow_word(slow_lexer *s, size_t from, size_t to) {
    if (s->statement == SLOW_START) {
        s->statement = SLOW_OTHER;
        if (slow_word_is(s, from, to, "copy")) {
            s->statement = SLOW_COPY;
            s->copy_line = s->lines[from];
        }
    } else if (s->statement == SLOW_COPY && s->parens == 0) {
        if (s->from && slow_word_is(s, from, to, "stdin")) s->from_stdin = true;
        s->from = slow_word_is(s, from, to, "from");
    }
}

/* What is neither a word nor white space. */
FUZZ_SLOW static void slow_token(slow_lexer *s, int c) {
    if (s->statement == SLOW_START) s->statement = SLOW_OTHER;
    if (c == '(') s->parens++;
    if (c == ')' && s->parens > 0) s->parens--;
    s->from = false;
}

/* psql reads the line to its end, and then the data of every COPY that it sends. */
FUZZ_SLOW static void slow_send(slow_lexer *s, size_t i) {
    size_t n;
    for (n = 0; n < s->waiting && s->open.what == NULL; n++) {
        size_t start = i, line, end;
        while (start < s->size && s->text[start] != '\n') start++;
        if (start < s->size) start++;
        for (line = start;; line = end) {
            if (line >= s->size) {
                /* The line they are sent in stands for all COPYs but the first. */
                slow_say(s, "COPY data never ended: no line \\. follows",
                         n == 0 ? s->first_waiting : s->lines[i]);
                return;
            }
            for (end = line; end < s->size && s->text[end] != '\n';) end++;
            if (end < s->size) end++;
            if (slow_stands(s, line, "\\.") && (end == line + 2 || s->text[line + 2] == '\n'))
                break;
        }
        memmove(s->text + start, s->text + end, s->size - end);
        memmove(s->lines + start, s->lines + end, (s->size - end) * sizeof s->lines[0]);
        s->size -= end - start;
    }
    s->waiting = 0;
}

FUZZ_SLOW static void slow_end(slow_lexer *s, size_t i, bool send) {
    if (s->statement == SLOW_COPY && s->from_stdin) {
        if (s->waiting++ == 0) s->first_waiting = s->copy_line;
    }
    slow_begin(s, SLOW_START);
    if (send) slow_send(s, i);
}

/* ---- tokens: each returns where it ends ---- */

FUZZ_SLOW static size_t slow_block_comment(slow_lexer *s, size_t start) {
    size_t i = start, depth = 0;
    do {
        if (i >= s->size) {
            slow_say(s, "comment never closed", s->lines[start]);
            return i;
        }
        if (slow_stands(s, i, "/*")) depth++, i += 2;
        else if (slow_stands(s, i, "*/")) depth--, i += 2;
        else i++;
    } while (depth > 0);
    return i;
}

FUZZ_SLOW static size_t slow_quote(slow_lexer *s, size_t start) {
    int quote = s->text[start];
    size_t i = start + 1;
    while (slow_at(s, i) != quote || slow_at(s, i + 1) == quote) {
        if (i >= s->size) {
            slow_say(s, quote == '"' ? "quoted identifier never closed" : "quote never closed",
                     s->lines[start]);
            return i;
        }
        i += slow_at(s, i) == quote ? 2 : 1;
    }
    return i + 1;
}

/* E'...', which goes on in a quote that follows behind a newline. */
FUZZ_SLOW static size_t slow_escape(slow_lexer *s, size_t start) {
    for (;;) {
        size_t i = start + 1, next;
        bool newline = false;
        while (slow_at(s, i) != '\'' || slow_at(s, i + 1) == '\'') {
            if (i >= s->size) {
                slow_say(s, "quote never closed", s->lines[start]);
                return i;
            }
            i += slow_at(s, i) == '\'' || slow_at(s, i) == '\\' ? 2 : 1;
        }
        for (next = i + 1;; next++) {
            if (slow_stands(s, next, "--"))
                while (next < s->size && s->text[next] != '\n') next++;
            if (!slow_is_space(slow_at(s, next))) break;
            newline = newline || s->text[next] == '\n';
        }
        if (!newline || slow_at(s, next) != '\'') return i + 1;
        start = next;
    }
}

FUZZ_SLOW static size_t slow_dollar(slow_lexer *s, size_t start) {
    size_t i = start + 1, tag, end;
    slow_token(s, '$');
    if (slow_at(s, i) >= '0' && slow_at(s, i) <= '9') return i;
    while (slow_is_ident(slow_at(s, i))) i++;
    if (slow_at(s, i) != '$') return start + 1;
    tag = i + 1 - start; /* both dollars included */
    if (tag - 2 > 255) {
        slow_say(s, "dollar-quote tag longer than 255 bytes", s->lines[start]);
        return i;
    }
    for (end = i + 1; end + tag <= s->size; end++)
        if (memcmp(s->text + end, s->text + start, tag) == 0) return end + tag;
    slow_say(s, "dollar quote never closed", s->lines[start]);
    return s->size;
}

/* The arguments of a \copy, to the end of the line. */
FUZZ_SLOW static size_t slow_meta_copy(slow_lexer *s, size_t i) {
    while (i < s->size && s->text[i] != '\n') {
        int c = s->text[i];
        size_t from = i++;
        if (slow_is_space(c)) continue;
        if (strchr("'\"(),;", c) != NULL && c != 0) {
            slow_token(s, c);
            if (c != '\'' && c != '"') continue;
            while (i < s->size && s->text[i] != '\n' && s->text[i] != c) i++;
            if (slow_at(s, i) == c) i++;
            continue;
        }
        while (i < s->size && !slow_is_space(s->text[i]) &&
               (s->text[i] == 0 || strchr("'\"(),;", s->text[i]) == NULL))
            i++;
        slow_word(s, from, i);
    }
    return i;
}

FUZZ_SLOW static size_t slow_backslash(slow_lexer *s, size_t start) {
    size_t name = start + 1, end = name;
    if (slow_at(s, name) == ';') {
        if (s->statement == SLOW_COPY && s->parens > 0) s->from = false;
        else slow_end(s, start, false);
        return name + 1;
    }
    if (slow_at(s, name) == ':') {
        slow_token(s, ':');
        return name + 1;
    }
    while (slow_is_ident(slow_at(s, end)) || slow_at(s, end) == '$') end++;
    if (slow_word_is(s, name, end, "copy")) {
        slow_begin(s, SLOW_COPY);
        s->copy_line = s->lines[start];
        end = slow_meta_copy(s, end);
        slow_end(s, start, true);
        return end;
    }
    if (s->statement == SLOW_OTHER) slow_begin(s, SLOW_START);
    else if (slow_word_is(s, name, end, "g") || slow_word_is(s, name, end, "gx"))
        slow_end(s, start, true);
    while (end < s->size && s->text[end] != '\n') end++;
    return end;
}

FUZZ_SLOW static size_t slow_identifier(slow_lexer *s, size_t start) {
    size_t i = start;
    while (slow_at(s, i) >= '0' && slow_at(s, i) <= '9') i++;
    /* A number stands for itself; a letter makes all of it a word, which may hold a $. */
    if (slow_is_ident(slow_at(s, i)))
        while (slow_is_ident(slow_at(s, i)) || slow_at(s, i) == '$') i++;
    slow_word(s, start, i);
    if (slow_word_is(s, start, i, "e") && slow_at(s, i) == '\'') {
        slow_token(s, '\'');
        return slow_escape(s, i);
    }
    return i;
}

/* Everything, on a copy of the text. */
FUZZ_SLOW static slow_open slow_lex(const uint8_t *text, size_t size) {
    slow_lexer s;
    uint64_t line = 1;
    size_t i;
    memset(&s, 0, sizeof s);
    s.text = fuzz_copy(text, size);
    s.lines = (uint64_t *)malloc((size + 1) * sizeof s.lines[0]);
    if (s.lines == NULL) abort();
    s.size = size;
    for (i = 0; i < size; i++) {
        s.lines[i] = line;
        line += text[i] == '\n';
    }
    i = slow_stands(&s, 0, "\xEF\xBB\xBF") ? 3 : 0;
    while (i < s.size && s.open.what == NULL) {
        int c = s.text[i];
        if (slow_stands(&s, i, "--")) {
            while (i < s.size && s.text[i] != '\n') i++;
        } else if (slow_stands(&s, i, "/*")) {
            i = slow_block_comment(&s, i);
        } else if (c == '\'' || c == '"') {
            slow_token(&s, c);
            i = slow_quote(&s, i);
        } else if (c == '$') {
            i = slow_dollar(&s, i);
        } else if (c == '\\') {
            i = slow_backslash(&s, i);
        } else if (c == ';') {
            if (s.statement == SLOW_COPY && s.parens > 0) s.from = false;
            else slow_end(&s, i, true);
            i++;
        } else if (slow_is_ident(c)) {
            i = slow_identifier(&s, i);
        } else {
            if (!slow_is_space(c)) slow_token(&s, c);
            i++;
        }
    }
    free(s.text);
    free(s.lines);
    return s.open;
}

#endif
