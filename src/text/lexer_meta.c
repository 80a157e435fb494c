/* ---- text/lexer_meta.c: commands of psql, by its psqlscanslash.l and command.c ---- */

enum {
    CFTI_COMMAND_UNKNOWN,
    CFTI_COMMAND_PLAIN,
    CFTI_COMMAND_SEND,     /* sends what psql holds */
    CFTI_COMMAND_DESCRIBE, /* the same, but a COPY does not run */
    CFTI_COMMAND_RESET,
    CFTI_COMMAND_EDIT, /* empties psql's buffer */
    CFTI_COMMAND_EDIT_LINE,
    CFTI_COMMAND_LINE, /* takes the whole line */
    CFTI_COMMAND_COPY,
    CFTI_COMMAND_QUIT,
    CFTI_COMMAND_IF,
    CFTI_COMMAND_ELIF,
    CFTI_COMMAND_ELSE,
    CFTI_COMMAND_ENDIF,
    CFTI_COMMAND_RESTRICT,
    CFTI_COMMAND_UNRESTRICT,
    CFTI_COMMAND_RELATIVE
};

#define CFTI_NO_KEY UINT64_C(0xCBF29CE484222325) /* of \restrict */
#define CFTI_COMMAND_PIPES 32                    /* an argument | takes the rest of the line */
#define CFTI_COMMAND_KIND 31

typedef struct cfti_command {
    char name[18];
    uint8_t kind;
    uint8_t needed; /* arguments without which psql refuses it */
} cfti_command;

/* Those of psql 18, but \d and \lo_. */
static const cfti_command cfti_commands[] = {
    {"!", CFTI_COMMAND_LINE, 0},
    {"?", CFTI_COMMAND_PLAIN, 0},
    {"C", CFTI_COMMAND_PLAIN, 0},
    {"H", CFTI_COMMAND_PLAIN, 0},
    {"T", CFTI_COMMAND_PLAIN, 0},
    {"a", CFTI_COMMAND_PLAIN, 0},
    {"bind", CFTI_COMMAND_PLAIN, 0},
    {"bind_named", CFTI_COMMAND_PLAIN, 1},
    {"c", CFTI_COMMAND_PLAIN, 0},
    {"cd", CFTI_COMMAND_PLAIN, 0},
    {"close_prepared", CFTI_COMMAND_SEND, 1},
    {"connect", CFTI_COMMAND_PLAIN, 0},
    {"conninfo", CFTI_COMMAND_PLAIN, 0},
    {"copyright", CFTI_COMMAND_PLAIN, 0},
    {"crosstabview", CFTI_COMMAND_SEND, 0},
    {"e", CFTI_COMMAND_EDIT, 0},
    {"echo", CFTI_COMMAND_PLAIN, 0},
    {"edit", CFTI_COMMAND_EDIT, 0},
    {"ef", CFTI_COMMAND_EDIT_LINE, 0},
    {"elif", CFTI_COMMAND_ELIF, 0},
    {"else", CFTI_COMMAND_ELSE, 0},
    {"encoding", CFTI_COMMAND_PLAIN, 0},
    {"endif", CFTI_COMMAND_ENDIF, 0},
    {"endpipeline", CFTI_COMMAND_SEND, 0},
    {"errverbose", CFTI_COMMAND_PLAIN, 0},
    {"ev", CFTI_COMMAND_EDIT_LINE, 0},
    {"f", CFTI_COMMAND_PLAIN, 0},
    {"flush", CFTI_COMMAND_SEND, 0},
    {"flushrequest", CFTI_COMMAND_SEND, 0},
    {"g", CFTI_COMMAND_SEND | CFTI_COMMAND_PIPES, 0},
    {"gdesc", CFTI_COMMAND_DESCRIBE, 0},
    {"getenv", CFTI_COMMAND_PLAIN, 2},
    {"getresults", CFTI_COMMAND_SEND, 0},
    {"gexec", CFTI_COMMAND_SEND, 0},
    {"gset", CFTI_COMMAND_SEND, 0},
    {"gx", CFTI_COMMAND_SEND | CFTI_COMMAND_PIPES, 0},
    {"h", CFTI_COMMAND_LINE, 0},
    {"help", CFTI_COMMAND_LINE, 0},
    {"html", CFTI_COMMAND_PLAIN, 0},
    {"i", CFTI_COMMAND_PLAIN, 1},
    {"if", CFTI_COMMAND_IF, 0},
    {"include", CFTI_COMMAND_PLAIN, 1},
    {"include_relative", CFTI_COMMAND_RELATIVE, 1},
    {"ir", CFTI_COMMAND_RELATIVE, 1},
    {"l", CFTI_COMMAND_PLAIN, 0},
    {"l+", CFTI_COMMAND_PLAIN, 0},
    {"l+x", CFTI_COMMAND_PLAIN, 0},
    {"list", CFTI_COMMAND_PLAIN, 0},
    {"list+", CFTI_COMMAND_PLAIN, 0},
    {"list+x", CFTI_COMMAND_PLAIN, 0},
    {"listx", CFTI_COMMAND_PLAIN, 0},
    {"listx+", CFTI_COMMAND_PLAIN, 0},
    {"lo_export", CFTI_COMMAND_PLAIN, 2},
    {"lo_import", CFTI_COMMAND_PLAIN, 1},
    {"lo_list", CFTI_COMMAND_PLAIN, 0},
    {"lo_list+", CFTI_COMMAND_PLAIN, 0},
    {"lo_unlink", CFTI_COMMAND_PLAIN, 1},
    {"lx", CFTI_COMMAND_PLAIN, 0},
    {"lx+", CFTI_COMMAND_PLAIN, 0},
    {"o", CFTI_COMMAND_PLAIN | CFTI_COMMAND_PIPES, 0},
    {"out", CFTI_COMMAND_PLAIN | CFTI_COMMAND_PIPES, 0},
    {"p", CFTI_COMMAND_PLAIN, 0},
    {"parse", CFTI_COMMAND_DESCRIBE, 1},
    {"password", CFTI_COMMAND_PLAIN, 0},
    {"print", CFTI_COMMAND_PLAIN, 0},
    {"prompt", CFTI_COMMAND_PLAIN, 1},
    {"pset", CFTI_COMMAND_PLAIN, 0},
    {"q", CFTI_COMMAND_QUIT, 0},
    {"qecho", CFTI_COMMAND_PLAIN, 0},
    {"quit", CFTI_COMMAND_QUIT, 0},
    {"r", CFTI_COMMAND_RESET, 0},
    {"reset", CFTI_COMMAND_RESET, 0},
    {"restrict", CFTI_COMMAND_RESTRICT, 1},
    {"s", CFTI_COMMAND_PLAIN, 0},
    {"sendpipeline", CFTI_COMMAND_SEND, 0},
    {"set", CFTI_COMMAND_PLAIN, 0},
    {"setenv", CFTI_COMMAND_PLAIN, 1},
    {"sf", CFTI_COMMAND_LINE, 0},
    {"sf+", CFTI_COMMAND_LINE, 0},
    {"startpipeline", CFTI_COMMAND_SEND, 0},
    {"sv", CFTI_COMMAND_LINE, 0},
    {"sv+", CFTI_COMMAND_LINE, 0},
    {"syncpipeline", CFTI_COMMAND_SEND, 0},
    {"t", CFTI_COMMAND_PLAIN, 0},
    {"timing", CFTI_COMMAND_PLAIN, 0},
    {"unrestrict", CFTI_COMMAND_UNRESTRICT, 1},
    {"unset", CFTI_COMMAND_PLAIN, 1},
    {"w", CFTI_COMMAND_PLAIN | CFTI_COMMAND_PIPES, 1},
    {"warn", CFTI_COMMAND_PLAIN, 0},
    {"watch", CFTI_COMMAND_RESET, 0},
    {"write", CFTI_COMMAND_PLAIN | CFTI_COMMAND_PIPES, 1},
    {"x", CFTI_COMMAND_PLAIN, 0},
    {"z", CFTI_COMMAND_PLAIN, 0},
    {"zS", CFTI_COMMAND_PLAIN, 0},
    {"zSx", CFTI_COMMAND_PLAIN, 0},
    {"zx", CFTI_COMMAND_PLAIN, 0},
    {"zxS", CFTI_COMMAND_PLAIN, 0},
};

/* \d and its like, by the letter after it and, of some, the one after that. */
static bool cfti_command_describes(const uint8_t *name, size_t size) {
    static const char *const second[] = {"A+xcfop", "f+Sanptwx", "P+tinx", "F+xpdt"};
    size_t i;

    if (size == 1 || memchr("+SabcCDdglLnoOpTtvmisEuxXy", name[1], 26)) return true;
    for (i = 0; i < CFTI_COUNT(second); i++)
        if (name[1] == (uint8_t)second[i][0])
            return size == 2 || memchr(second[i] + 1, name[2], strlen(second[i] + 1)) != NULL;
    if (size == 2) return false;
    if (name[1] == 'e') return memchr("suwt", name[2], 4) != NULL;
    if (name[1] == 'R') return name[2] == 'p' || name[2] == 's';
    return name[1] == 'r' && (name[2] == 'g' || (size > 3 && name[2] == 'd' && name[3] == 's'));
}

/* What the name in lexer->word means. */
static cfti_command cfti_command_find(const cfti_lexer *lexer) {
    static const cfti_command unknown = {"", CFTI_COMMAND_UNKNOWN, 0};
    static const cfti_command plain = {"", CFTI_COMMAND_PLAIN, 0};
    static const cfti_command copy = {"copy", CFTI_COMMAND_COPY, 0};
    size_t size = lexer->word_size, low = 0, high = CFTI_COUNT(cfti_commands);
    const uint8_t *name = lexer->word;

    if (size == 4 && cfti_lower(name[0]) == 'c' && cfti_lower(name[1]) == 'o' &&
        cfti_lower(name[2]) == 'p' && cfti_lower(name[3]) == 'y')
        return copy;
    while (low < high && size > 0 && size <= sizeof lexer->word) {
        size_t middle = (low + high) / 2, n = strlen(cfti_commands[middle].name);
        int order = memcmp(name, cfti_commands[middle].name, cfti_min(size, n));
        if (order == 0 && size == n) return cfti_commands[middle];
        if (order < 0 || (order == 0 && size < n)) high = middle;
        else low = middle + 1;
    }
    /* Where nothing runs, psql does not look at the rest of these names. */
    if (size > 0 && name[0] == 'd' &&
        (!cfti_lex_active(lexer) || cfti_command_describes(name, size)))
        return plain;
    if (size >= 3 && memcmp(name, "lo_", 3) == 0 && !cfti_lex_active(lexer)) return plain;
    return unknown;
}

/* ==== \if ================================================================ */

/* What psql holds is kept, to be given back if a branch is not taken. */
static void cfti_branch_save(cfti_lexer *lexer, cfti_branch *branch) {
    cfti_lex_settle(lexer, &lexer->held.begun);
    cfti_lex_settle(lexer, &lexer->held.paren);
    branch->before = lexer->held;
}

static void cfti_branch_restore(cfti_lexer *lexer, const cfti_held *held) {
    lexer->held = *held;
    cfti_lex_words_matter(lexer);
}

/* true, yes, on, 1, and the beginnings of the first two; anything else is false. Only
 * psql knows what stands in a variable: then all branches are read. */
static void cfti_branch_decide(const cfti_lexer *lexer, cfti_branch *branch) {
    size_t n = lexer->word_size;
    branch->unknown = lexer->uncertain;
    branch->active = branch->unknown || cfti_lex_word_is(lexer, "1") ||
                     cfti_lex_word_is(lexer, "on") ||
                     (n > 0 && n <= 4 && memcmp(lexer->word, "true", n) == 0) ||
                     (n > 0 && n <= 3 && memcmp(lexer->word, "yes", n) == 0);
}

static bool cfti_branch_open(cfti_lexer *lexer) {
    bool active = cfti_lex_active(lexer);
    cfti_branch *branch;
    if (lexer->branch_count == CFTI_BRANCHES) {
        cfti_lex_found(lexer, "\\if nested more than 16 deep: nest it less deep",
                       lexer->opened.line);
        lexer->deeper++;
        return true;
    }
    branch = &lexer->branches[lexer->branch_count++];
    memset(branch, 0, sizeof *branch);
    branch->line = lexer->opened.line;
    branch->ignored = !active;
    cfti_branch_save(lexer, branch);
    if (active) cfti_branch_decide(lexer, branch);
    return true;
}

static bool cfti_held_is_open(const cfti_held *held) {
    return held->what == CFTI_HELD_TOKENS || held->parens > 0;
}

/* A branch ends: what it added to the statement stays if it was read. */
static void cfti_branch_leave(cfti_lexer *lexer, cfti_branch *branch) {
    if (branch->unknown && !branch->leaves && cfti_held_is_open(&lexer->held)) {
        cfti_lex_settle(lexer, &lexer->held.begun);
        cfti_lex_settle(lexer, &lexer->held.paren);
        branch->leaves = true;
        branch->left = lexer->held;
    }
    if (branch->active && !branch->unknown) {
        cfti_branch_save(lexer, branch);
        branch->active = false;
        branch->ignored = true;
    } else {
        cfti_branch_restore(lexer, &branch->before);
    }
}

/* At \endif. Of an unknown condition any branch may be the one that is read, or none if there
 * is no \else: what one of them leaves open is. */
static void cfti_branch_close(cfti_lexer *lexer, const cfti_branch *branch) {
    lexer->branch_count--;
    if (!branch->active) cfti_branch_restore(lexer, &branch->before);
    if (!branch->unknown || cfti_held_is_open(&lexer->held)) return;
    if (branch->leaves) cfti_branch_restore(lexer, &branch->left);
    else if (!branch->last && cfti_held_is_open(&branch->before))
        cfti_branch_restore(lexer, &branch->before);
}

/* \elif, \else or \endif. False: psql refuses it. */
static bool cfti_branch_next(cfti_lexer *lexer) {
    uint8_t command = lexer->command;
    cfti_branch *branch;
    if (lexer->deeper > 0) {
        if (command == CFTI_COMMAND_ENDIF) lexer->deeper--;
        return true;
    }
    if (lexer->branch_count == 0) {
        cfti_lex_found(lexer,
                       command == CFTI_COMMAND_ELIF   ? "\\elif without \\if"
                       : command == CFTI_COMMAND_ELSE ? "\\else without \\if"
                                                      : "\\endif without \\if",
                       lexer->opened.line);
        return false;
    }
    branch = &lexer->branches[lexer->branch_count - 1];
    if (command == CFTI_COMMAND_ENDIF) {
        cfti_branch_close(lexer, branch);
        return true;
    }
    if (branch->last) return false;
    cfti_branch_leave(lexer, branch);
    if (command == CFTI_COMMAND_ELSE) {
        branch->active = !branch->ignored;
        branch->last = true;
    } else if (!branch->ignored && !branch->unknown) {
        cfti_branch_decide(lexer, branch);
    }
    return true;
}

/* ==== Names and arguments ================================================ */

static void cfti_command_skip_line(cfti_lexer *lexer) {
    lexer->at = CFTI_AT_LINE;
    lexer->then = CFTI_AT_SQL;
}

/* Its name has ended. */
static void cfti_command_start(cfti_lexer *lexer) {
    cfti_command command = cfti_command_find(lexer);
    bool active = cfti_lex_active(lexer);

    cfti_lex_settle(lexer, &lexer->opened);
    lexer->command = command.kind & CFTI_COMMAND_KIND;
    lexer->word_size = 0;
    if (lexer->restricted && lexer->command != CFTI_COMMAND_UNRESTRICT)
        lexer->command = CFTI_COMMAND_UNKNOWN;
    switch (lexer->command) {
    case CFTI_COMMAND_EDIT_LINE:
        if (active) cfti_lex_clear(lexer);
        cfti_command_skip_line(lexer);
        return;
    case CFTI_COMMAND_UNKNOWN:
    case CFTI_COMMAND_LINE: cfti_command_skip_line(lexer); return;
    case CFTI_COMMAND_COPY:
        if (!active) {
            cfti_command_skip_line(lexer);
            return;
        }
        lexer->at = CFTI_AT_COPY_LINE;
        lexer->quote = 0;
        lexer->before = 0;
        lexer->last = 0;
        lexer->format = lexer->dotted = false;
        cfti_copy_init(&lexer->line_copy);
        return;
    default: break;
    }
    lexer->at = CFTI_AT_ARGUMENTS;
    lexer->pipes = (command.kind & CFTI_COMMAND_PIPES) != 0;
    lexer->options = lexer->pipes && lexer->command == CFTI_COMMAND_SEND;
    lexer->condition = lexer->command == CFTI_COMMAND_IF || lexer->command == CFTI_COMMAND_ELIF;
    lexer->needed = command.needed;
    lexer->first = true;
    lexer->in_argument = lexer->parenthesis = lexer->closed = lexer->uncertain = false;
    lexer->refused = false;
    lexer->key = CFTI_NO_KEY;
    lexer->semicolons = 0;
}

/* Does what the command does. False: psql refuses it, and with it the rest of the line. */
static bool cfti_command_run(cfti_lexer *lexer) {
    if (lexer->command == CFTI_COMMAND_IF) return cfti_branch_open(lexer);
    if (lexer->command == CFTI_COMMAND_ELIF || lexer->command == CFTI_COMMAND_ELSE ||
        lexer->command == CFTI_COMMAND_ENDIF)
        return cfti_branch_next(lexer);
    if (!cfti_lex_active(lexer)) return true;
    if (lexer->needed > 0) return false;
    switch (lexer->command) {
    case CFTI_COMMAND_SEND:
    case CFTI_COMMAND_DESCRIBE:
        if (lexer->parenthesis && (!lexer->closed || lexer->refused)) return false;
        cfti_lex_send(lexer, lexer->command == CFTI_COMMAND_SEND);
        cfti_lex_reset(lexer);
        return true;
    case CFTI_COMMAND_RESET:
        cfti_lex_clear(lexer);
        cfti_lex_reset(lexer);
        return true;
    case CFTI_COMMAND_EDIT: cfti_lex_clear(lexer); return true;
    case CFTI_COMMAND_QUIT:
        cfti_lex_found(lexer, "\\q ends the script: remove it", lexer->opened.line);
        return true;
    case CFTI_COMMAND_RESTRICT:
        if (lexer->key == CFTI_NO_KEY) return false;
        lexer->restricted = true;
        lexer->restrict_key = lexer->key;
        lexer->restrict_line = lexer->opened.line;
        return true;
    case CFTI_COMMAND_UNRESTRICT:
        if (!lexer->restricted || lexer->restrict_key != lexer->key) return false;
        lexer->restricted = false;
        return true;
    case CFTI_COMMAND_RELATIVE:
        if (lexer->relative_line == 0) lexer->relative_line = lexer->opened.line;
        return true;
    default: return true;
    }
}

/* One byte of an argument's value. */
static void cfti_argument_byte(cfti_lexer *lexer, uint8_t c, bool quoted) {
    static const uint64_t prime = UINT64_C(0x100000001B3);

    bool opening = lexer->empty && lexer->first;

    lexer->empty = false;
    lexer->closing = c == ')';
    if (opening) lexer->parenthesis = lexer->options && c == '(';
    lexer->last = quoted ? '\'' : c;
    if (lexer->condition) cfti_lex_letter(lexer, cfti_lower(c));
    if (lexer->parenthesis && !lexer->closed && !lexer->in_value) {
        if (c == '=') lexer->in_value = true;
        else if (!opening) cfti_lex_letter(lexer, c);
    }
    if (!lexer->first) return;
    if (c == ';' && !quoted) {
        lexer->semicolons++;
        return;
    }
    for (; lexer->semicolons > 0; lexer->semicolons--) lexer->key = (lexer->key ^ ';') * prime;
    lexer->key = (lexer->key ^ c) * prime;
}

/* Before its first byte, which may be a quote. */
static void cfti_argument_start(cfti_lexer *lexer) {
    if (lexer->in_argument) return;
    lexer->in_argument = true;
    lexer->last = 0;
    lexer->empty = true;
    lexer->closing = false;
    lexer->certain = !lexer->uncertain;
    lexer->argument = lexer->word_size;
    lexer->in_value = false;
    if (lexer->options) lexer->word_size = 0;
    if (!lexer->first && lexer->condition) cfti_lex_letter(lexer, ' ');
}

/* Whether \pset knows the option in lexer->word. */
static bool cfti_option_is_known(cfti_lexer *lexer) {
    static const char *const names[] = {"border",
                                        "columns",
                                        "csv_fieldsep",
                                        "expanded",
                                        "x",
                                        "vertical",
                                        "fieldsep",
                                        "fieldsep_zero",
                                        "footer",
                                        "format",
                                        "linestyle",
                                        "null",
                                        "numericlocale",
                                        "pager",
                                        "pager_min_lines",
                                        "recordsep",
                                        "recordsep_zero",
                                        "tableattr",
                                        "T",
                                        "title",
                                        "C",
                                        "tuples_only",
                                        "t",
                                        "unicode_border_linestyle",
                                        "unicode_column_linestyle",
                                        "unicode_header_linestyle",
                                        "xheader_width"};
    size_t i;
    if (!lexer->in_value && lexer->word_size > 0 && lexer->word_size <= sizeof lexer->word &&
        lexer->word[lexer->word_size - 1] == ')')
        lexer->word_size--;
    for (i = 0; i < CFTI_COUNT(names); i++)
        if (cfti_lex_word_is(lexer, names[i])) return true;
    return lexer->word_size == 0 && !lexer->in_value;
}

static void cfti_argument_end(cfti_lexer *lexer) {
    if (!lexer->in_argument) return;
    lexer->in_argument = false;
    if (lexer->parenthesis && !lexer->closed && !cfti_option_is_known(lexer)) lexer->refused = true;
    if (lexer->needed > 0) lexer->needed--;
    lexer->pipes = lexer->parenthesis && lexer->closing && !lexer->closed;
    lexer->closed = lexer->closed || lexer->closing;
    lexer->first = false;
}

/* The command ends before p, with its line or a backslash. */
static void cfti_command_end(cfti_lexer *lexer, const uint8_t *p) {
    bool done = cfti_command_run(lexer);
    lexer->word_size = 0;
    lexer->run = CFTI_RUN_NONE;
    if (!done) cfti_command_skip_line(lexer);
    else lexer->at = (uint8_t)(*p == '\\' ? CFTI_AT_NEXT_COMMAND : CFTI_AT_SQL);
}

static const uint8_t *cfti_lex_name(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    for (; p < end && *p != '\\' && !(cfti_kinds[*p] & CFTI_SPACE); p++) cfti_lex_letter(lexer, *p);
    if (p < end) cfti_command_start(lexer);
    return p;
}

static const uint8_t *cfti_lex_arguments(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    for (; p < end; p++) {
        uint8_t c = *p, before = lexer->in_argument ? lexer->last : 0;
        if (c == '\n' || c == '\\') {
            cfti_argument_end(lexer);
            cfti_command_end(lexer, p);
            return p + (c == '\\' && lexer->at == CFTI_AT_NEXT_COMMAND);
        }
        if (cfti_kinds[c] & CFTI_SPACE) {
            cfti_argument_end(lexer);
            continue;
        }
        if (c == '|' && !lexer->in_argument && lexer->pipes) {
            if (lexer->needed > 0) lexer->needed--;
            (void)cfti_command_run(lexer);
            lexer->word_size = 0;
            cfti_command_skip_line(lexer);
            return p;
        }
        if (before == ':' && ((cfti_kinds[c] & CFTI_IDENT) || c == '\'' || c == '"' || c == '{') &&
            c != '$')
            lexer->uncertain = true;
        cfti_argument_start(lexer);
        if (c == '\'' || c == '"' || c == '`') {
            if (c == '`') lexer->uncertain = true;
            lexer->last = c;
            lexer->quote = c;
            lexer->at = CFTI_AT_ARGUMENT_QUOTE;
            if (c == '"') cfti_argument_byte(lexer, c, true);
            return p + 1;
        }
        cfti_argument_byte(lexer, c, false);
    }
    return p;
}

/* Within quotes, which end with the line: the argument is none then. */
static const uint8_t *cfti_lex_argument_quote(cfti_lexer *lexer, const uint8_t *p,
                                              const uint8_t *end) {
    for (; p < end; p++) {
        if (*p == '\n') {
            lexer->word_size = lexer->argument;
            lexer->uncertain = !lexer->certain;
            if (lexer->first) lexer->parenthesis = false;
            cfti_command_end(lexer, p);
            return p;
        }
        if (*p == '\\' && lexer->quote == '\'') {
            lexer->at = CFTI_AT_ARGUMENT_ESCAPED;
            return p + 1;
        }
        if (*p == lexer->quote) {
            if (*p == '"') cfti_argument_byte(lexer, *p, true);
            lexer->at = (uint8_t)(*p == '\'' ? CFTI_AT_ARGUMENT_END : CFTI_AT_ARGUMENTS);
            return p + 1;
        }
        cfti_argument_byte(lexer, *p, true);
    }
    return p;
}

/* After a backslash there. */
static const uint8_t *cfti_lex_argument_escaped(cfti_lexer *lexer, const uint8_t *p) {
    static const char letters[] = "ntbrf", values[] = "\n\t\b\r\f";
    const char *letter = (const char *)memchr(letters, *p, 5);
    lexer->at = CFTI_AT_ARGUMENT_QUOTE;
    if (*p == '\n') return p;
    if (*p == 'x' || (*p >= '0' && *p <= '7')) {
        lexer->at = CFTI_AT_ARGUMENT_NUMBER;
        lexer->base = (uint8_t)(*p == 'x' ? 16 : 8);
        lexer->digits = 2;
        lexer->value = (uint8_t)(*p == 'x' ? 'x' : *p - '0');
    } else {
        cfti_argument_byte(lexer, letter != NULL ? (uint8_t)values[letter - letters] : *p, true);
    }
    return p + 1;
}

/* In the digits of \101 or \x41. */
static const uint8_t *cfti_lex_argument_number(cfti_lexer *lexer, const uint8_t *p) {
    uint8_t c = cfti_lower(*p), digit = 16;
    if (c >= '0' && c <= '9') digit = (uint8_t)(c - '0');
    else if (c >= 'a' && c <= 'f') digit = (uint8_t)(c - 'a' + 10);
    if (lexer->digits > 0 && digit < lexer->base) {
        if (lexer->base == 16 && lexer->digits == 2) lexer->value = digit;
        else lexer->value = (uint8_t)(lexer->value * lexer->base + digit);
        lexer->digits--;
        return p + 1;
    }
    cfti_argument_byte(lexer, lexer->value, true);
    lexer->at = CFTI_AT_ARGUMENT_QUOTE;
    return p;
}
