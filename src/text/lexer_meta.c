/* ---- text/lexer_meta.c: psql's commands, as psqlscanslash.l and command.c read them ---- */

enum {
    CFTI_COMMAND_UNKNOWN,
    CFTI_COMMAND_PLAIN,
    CFTI_COMMAND_SEND,     /* sends the query buffer */
    CFTI_COMMAND_DESCRIBE, /* the same, but no COPY runs */
    CFTI_COMMAND_RESET,
    CFTI_COMMAND_EDIT, /* empties the query buffer */
    CFTI_COMMAND_EDIT_LINE,
    CFTI_COMMAND_LINE, /* its argument is the rest of the line */
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

#define CFTI_NO_KEY UINT64_C(0xCBF29CE484222325) /* \restrict without an argument */
#define CFTI_COMMAND_PIPES 32                    /* after |, the argument is the rest of the line */
#define CFTI_COMMAND_KIND 31

typedef struct cfti_command {
    uint8_t kind;   /* CFTI_COMMAND_, and CFTI_COMMAND_PIPES */
    uint8_t needed; /* required arguments */
    const char *names;
} cfti_command;

/* The commands of psql 18, except those that begin with d: see cfti_command_describes. */
static const cfti_command cfti_commands[] = {
    {CFTI_COMMAND_PLAIN, 0,
     "? C H T a bind c cd connect conninfo copyright echo encoding errverbose f html l l+ "
     "l+x list list+ list+x listx listx+ lo_list lo_list+ lx lx+ p password print pset "
     "qecho s set t timing warn x z zS zSx zx zxS"},
    {CFTI_COMMAND_PLAIN, 1, "bind_named i include lo_import lo_unlink prompt setenv unset"},
    {CFTI_COMMAND_PLAIN, 2, "getenv lo_export"},
    {CFTI_COMMAND_PLAIN | CFTI_COMMAND_PIPES, 0, "o out"},
    {CFTI_COMMAND_PLAIN | CFTI_COMMAND_PIPES, 1, "w write"},
    {CFTI_COMMAND_LINE, 0, "! h help sf sf+ sv sv+"},
    {CFTI_COMMAND_SEND, 0,
     "crosstabview endpipeline flush flushrequest getresults gexec gset sendpipeline "
     "startpipeline syncpipeline"},
    {CFTI_COMMAND_SEND, 1, "close_prepared"},
    {CFTI_COMMAND_SEND | CFTI_COMMAND_PIPES, 0, "g gx"},
    {CFTI_COMMAND_DESCRIBE, 0, "gdesc"},
    {CFTI_COMMAND_DESCRIBE, 1, "parse"},
    {CFTI_COMMAND_RESET, 0, "r reset watch"},
    {CFTI_COMMAND_EDIT, 0, "e edit"},
    {CFTI_COMMAND_EDIT_LINE, 0, "ef ev"},
    {CFTI_COMMAND_IF, 0, "if"},
    {CFTI_COMMAND_ELIF, 0, "elif"},
    {CFTI_COMMAND_ELSE, 0, "else"},
    {CFTI_COMMAND_ENDIF, 0, "endif"},
    {CFTI_COMMAND_RESTRICT, 1, "restrict"},
    {CFTI_COMMAND_UNRESTRICT, 1, "unrestrict"},
    {CFTI_COMMAND_RELATIVE, 1, "include_relative ir"},
    {CFTI_COMMAND_QUIT, 0, "q quit"},
};

/* Whether psql has this \d command. Its second and third letters decide. */
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

/* The command whose name is in lexer->word. */
static cfti_command cfti_command_find(const cfti_lexer *lexer) {
    static const cfti_command unknown = {CFTI_COMMAND_UNKNOWN, 0, ""};
    static const cfti_command plain = {CFTI_COMMAND_PLAIN, 0, ""};
    static const cfti_command copy = {CFTI_COMMAND_COPY, 0, ""};
    bool active = cfti_lex_active(lexer);
    size_t size = lexer->word_size, i;
    const uint8_t *name = lexer->word;

    if (size == 4 && cfti_lower(name[0]) == 'c' && cfti_lower(name[1]) == 'o' &&
        cfti_lower(name[2]) == 'p' && cfti_lower(name[3]) == 'y')
        return copy;
    for (i = 0; i < CFTI_COUNT(cfti_commands); i++)
        if (cfti_word_is_in(lexer, cfti_commands[i].names)) return cfti_commands[i];
    /* In an inactive branch psql ignores the rest of these names. */
    if (size > 0 && name[0] == 'd' && (!active || cfti_command_describes(name, size))) return plain;
    if (size >= 3 && memcmp(name, "lo_", 3) == 0 && !active) return plain;
    return unknown;
}

/* ==== \if ================================================================ */

/* Saves the query buffer, which a branch that is not taken restores. */
static void cfti_branch_save(cfti_lexer *lexer, cfti_branch *branch) {
    cfti_lex_resolve(lexer, &lexer->query.start);
    cfti_lex_resolve(lexer, &lexer->query.open_paren);
    branch->saved = lexer->query;
}

static void cfti_branch_restore(cfti_lexer *lexer, const cfti_query *query) {
    lexer->query = *query;
    cfti_lex_update_words(lexer);
}

/* True are on, 1, and the prefixes of true and yes. Only psql knows the value of a variable: with
 * one, every branch is read. */
static void cfti_branch_decide(const cfti_lexer *lexer, cfti_branch *branch) {
    size_t n = lexer->word_size;
    branch->unknown = lexer->command.unknown;
    branch->active = branch->unknown || cfti_word_is(lexer, "1") || cfti_word_is(lexer, "on") ||
                     (n > 0 && n <= 4 && memcmp(lexer->word, "true", n) == 0) ||
                     (n > 0 && n <= 3 && memcmp(lexer->word, "yes", n) == 0);
}

static bool cfti_branch_open(cfti_lexer *lexer) {
    bool active = cfti_lex_active(lexer);
    cfti_branch *branch;
    if (lexer->branch_count == CFTI_MAX_BRANCHES) {
        cfti_lex_report(lexer, "\\if nested more than 16 deep: nest it less deep",
                        lexer->opened.line);
        lexer->excess_ifs++;
        return true;
    }
    branch = &lexer->branches[lexer->branch_count++];
    memset(branch, 0, sizeof *branch);
    branch->line = lexer->opened.line;
    branch->skip_rest = !active;
    cfti_branch_save(lexer, branch);
    if (active) cfti_branch_decide(lexer, branch);
    return true;
}

static bool cfti_query_is_open(const cfti_query *query) {
    return query->content == CFTI_QUERY_TOKENS || query->parens > 0;
}

/* A branch ends. The query buffer keeps what an active branch added. */
static void cfti_branch_leave(cfti_lexer *lexer, cfti_branch *branch) {
    if (branch->unknown && !branch->leaves_open && cfti_query_is_open(&lexer->query)) {
        cfti_lex_resolve(lexer, &lexer->query.start);
        cfti_lex_resolve(lexer, &lexer->query.open_paren);
        branch->leaves_open = true;
        branch->left_open = lexer->query;
    }
    if (branch->active && !branch->unknown) {
        cfti_branch_save(lexer, branch);
        branch->active = false;
        branch->skip_rest = true;
    } else {
        cfti_branch_restore(lexer, &branch->saved);
    }
}

/* At \endif. After an unknown condition, psql may have run any branch, or none if there is no
 * \else: the statement is open if one of these leaves it open. */
static void cfti_branch_close(cfti_lexer *lexer, const cfti_branch *branch) {
    lexer->branch_count--;
    if (!branch->active) cfti_branch_restore(lexer, &branch->saved);
    if (!branch->unknown || cfti_query_is_open(&lexer->query)) return;
    if (branch->leaves_open) cfti_branch_restore(lexer, &branch->left_open);
    else if (!branch->has_else && cfti_query_is_open(&branch->saved))
        cfti_branch_restore(lexer, &branch->saved);
}

/* \elif, \else or \endif. False: psql rejects it. */
static bool cfti_branch_next(cfti_lexer *lexer) {
    uint8_t command = lexer->command.kind;
    cfti_branch *branch;
    if (lexer->excess_ifs > 0) {
        if (command == CFTI_COMMAND_ENDIF) lexer->excess_ifs--;
        return true;
    }
    if (lexer->branch_count == 0) {
        cfti_lex_report(lexer,
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
    if (branch->has_else) return false;
    cfti_branch_leave(lexer, branch);
    if (command == CFTI_COMMAND_ELSE) {
        branch->active = !branch->skip_rest;
        branch->has_else = true;
    } else if (!branch->skip_rest && !branch->unknown) {
        cfti_branch_decide(lexer, branch);
    }
    return true;
}

/* ==== Names and arguments ================================================ */

static void cfti_command_skip_line(cfti_lexer *lexer) {
    lexer->state = CFTI_LEX_LINE;
    lexer->next_state = CFTI_LEX_SQL;
}

/* The command's name has ended. */
static void cfti_command_start(cfti_lexer *lexer) {
    cfti_command command = cfti_command_find(lexer);
    bool active = cfti_lex_active(lexer);

    cfti_lex_resolve(lexer, &lexer->opened);
    lexer->command.kind = command.kind & CFTI_COMMAND_KIND;
    lexer->word_size = 0;
    if (lexer->restricted && lexer->command.kind != CFTI_COMMAND_UNRESTRICT)
        lexer->command.kind = CFTI_COMMAND_UNKNOWN;
    switch (lexer->command.kind) {
    case CFTI_COMMAND_EDIT_LINE:
        if (active) cfti_query_clear(lexer);
        cfti_command_skip_line(lexer);
        return;
    case CFTI_COMMAND_UNKNOWN:
    case CFTI_COMMAND_LINE: cfti_command_skip_line(lexer); return;
    case CFTI_COMMAND_COPY:
        if (!active) {
            cfti_command_skip_line(lexer);
            return;
        }
        lexer->state = CFTI_LEX_COPY_LINE;
        lexer->quote = 0;
        lexer->previous = 0;
        lexer->copy_line.last = 0;
        lexer->in_format = lexer->copy_line.has_schema = false;
        cfti_copy_init(&lexer->copy_line.copy);
        return;
    default: break;
    }
    lexer->state = CFTI_LEX_ARGUMENTS;
    lexer->command.pipes = (command.kind & CFTI_COMMAND_PIPES) != 0;
    lexer->command.takes_options = lexer->command.pipes && lexer->command.kind == CFTI_COMMAND_SEND;
    lexer->command.condition =
        lexer->command.kind == CFTI_COMMAND_IF || lexer->command.kind == CFTI_COMMAND_ELIF;
    lexer->command.needed = command.needed;
    lexer->command.first = true;
    lexer->command.in_argument = lexer->command.has_options = lexer->command.options_end =
        lexer->command.unknown = false;
    lexer->command.bad_option = false;
    lexer->command.key = CFTI_NO_KEY;
    lexer->command.semicolons = 0;
}

/* Runs the command. False: psql rejects the command and the rest of the line. */
static bool cfti_command_run(cfti_lexer *lexer) {
    if (lexer->command.kind == CFTI_COMMAND_IF) return cfti_branch_open(lexer);
    if (lexer->command.kind == CFTI_COMMAND_ELIF || lexer->command.kind == CFTI_COMMAND_ELSE ||
        lexer->command.kind == CFTI_COMMAND_ENDIF)
        return cfti_branch_next(lexer);
    if (!cfti_lex_active(lexer)) return true;
    if (lexer->command.needed > 0) return false;
    switch (lexer->command.kind) {
    case CFTI_COMMAND_SEND:
    case CFTI_COMMAND_DESCRIBE:
        if (lexer->command.has_options &&
            (!lexer->command.options_end || lexer->command.bad_option))
            return false;
        cfti_lex_send(lexer, lexer->command.kind == CFTI_COMMAND_SEND);
        cfti_lex_reset(lexer);
        return true;
    case CFTI_COMMAND_RESET:
        cfti_query_clear(lexer);
        cfti_lex_reset(lexer);
        return true;
    case CFTI_COMMAND_EDIT: cfti_query_clear(lexer); return true;
    case CFTI_COMMAND_QUIT:
        cfti_lex_report(lexer, "\\q ends the script: remove it", lexer->opened.line);
        return true;
    case CFTI_COMMAND_RESTRICT:
        if (lexer->command.key == CFTI_NO_KEY) return false;
        lexer->restricted = true;
        lexer->restrict_key = lexer->command.key;
        lexer->restrict_line = lexer->opened.line;
        return true;
    case CFTI_COMMAND_UNRESTRICT:
        if (!lexer->restricted || lexer->restrict_key != lexer->command.key) return false;
        lexer->restricted = false;
        return true;
    case CFTI_COMMAND_RELATIVE:
        if (lexer->relative_line == 0) lexer->relative_line = lexer->opened.line;
        return true;
    default: return true;
    }
}

/* A byte of an argument's value. */
static void cfti_argument_byte(cfti_lexer *lexer, uint8_t c, bool quoted) {
    static const uint64_t prime = UINT64_C(0x100000001B3);
    bool opening = lexer->command.empty && lexer->command.first;

    lexer->command.empty = false;
    lexer->command.ends_in_paren = c == ')';
    if (opening) lexer->command.has_options = lexer->command.takes_options && c == '(';
    lexer->command.last = quoted ? '\'' : c;
    if (lexer->command.condition) cfti_word_add(lexer, cfti_lower(c));
    if (lexer->command.has_options && !lexer->command.options_end && !lexer->command.in_value) {
        if (c == '=') lexer->command.in_value = true;
        else if (!opening) cfti_word_add(lexer, c);
    }
    if (!lexer->command.first) return;
    if (c == ';' && !quoted) {
        lexer->command.semicolons++;
        return;
    }
    for (; lexer->command.semicolons > 0; lexer->command.semicolons--)
        lexer->command.key = (lexer->command.key ^ ';') * prime;
    lexer->command.key = (lexer->command.key ^ c) * prime;
}

/* The first byte of an argument, which may be a quote, is next. */
static void cfti_argument_start(cfti_lexer *lexer) {
    if (lexer->command.in_argument) return;
    lexer->command.in_argument = true;
    lexer->command.last = 0;
    lexer->command.empty = true;
    lexer->command.ends_in_paren = false;
    lexer->command.known_before = !lexer->command.unknown;
    lexer->command.word_start = lexer->word_size;
    lexer->command.in_value = false;
    if (lexer->command.takes_options) lexer->word_size = 0;
    if (!lexer->command.first && lexer->command.condition) cfti_word_add(lexer, ' ');
}

/* Whether lexer->word is an option of \pset. */
static bool cfti_option_is_known(cfti_lexer *lexer) {
    static const char names[] =
        "border columns csv_fieldsep expanded x vertical fieldsep fieldsep_zero footer "
        "format linestyle null numericlocale pager pager_min_lines recordsep "
        "recordsep_zero tableattr T title C tuples_only t unicode_border_linestyle "
        "unicode_column_linestyle unicode_header_linestyle xheader_width";
    if (!lexer->command.in_value && lexer->word_size > 0 &&
        lexer->word_size <= sizeof lexer->word && lexer->word[lexer->word_size - 1] == ')')
        lexer->word_size--;
    return cfti_word_is_in(lexer, names) || (lexer->word_size == 0 && !lexer->command.in_value);
}

static void cfti_argument_end(cfti_lexer *lexer) {
    if (!lexer->command.in_argument) return;
    lexer->command.in_argument = false;
    if (lexer->command.has_options && !lexer->command.options_end && !cfti_option_is_known(lexer))
        lexer->command.bad_option = true;
    if (lexer->command.needed > 0) lexer->command.needed--;
    lexer->command.pipes =
        lexer->command.has_options && lexer->command.ends_in_paren && !lexer->command.options_end;
    lexer->command.options_end = lexer->command.options_end || lexer->command.ends_in_paren;
    lexer->command.first = false;
}

/* The command ends before p: at the end of its line or at a backslash. */
static void cfti_command_end(cfti_lexer *lexer, const uint8_t *p) {
    bool done = cfti_command_run(lexer);
    lexer->word_size = 0;
    lexer->run = CFTI_RUN_NONE;
    if (!done) cfti_command_skip_line(lexer);
    else lexer->state = (uint8_t)(*p == '\\' ? CFTI_LEX_NEXT_COMMAND : CFTI_LEX_SQL);
}

static const uint8_t *cfti_lex_name(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    for (; p < end && *p != '\\' && !(cfti_kinds[*p] & CFTI_SPACE); p++) cfti_word_add(lexer, *p);
    if (p < end) cfti_command_start(lexer);
    return p;
}

static const uint8_t *cfti_lex_arguments(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    for (; p < end; p++) {
        uint8_t c = *p, before = lexer->command.in_argument ? lexer->command.last : 0;
        if (c == '\n' || c == '\\') {
            cfti_argument_end(lexer);
            cfti_command_end(lexer, p);
            return p + (c == '\\' && lexer->state == CFTI_LEX_NEXT_COMMAND);
        }
        if (cfti_kinds[c] & CFTI_SPACE) {
            cfti_argument_end(lexer);
            continue;
        }
        if (c == '|' && !lexer->command.in_argument && lexer->command.pipes) {
            if (lexer->command.needed > 0) lexer->command.needed--;
            (void)cfti_command_run(lexer);
            lexer->word_size = 0;
            cfti_command_skip_line(lexer);
            return p;
        }
        if (before == ':' && ((cfti_kinds[c] & CFTI_IDENT) || c == '\'' || c == '"' || c == '{') &&
            c != '$')
            lexer->command.unknown = true;
        cfti_argument_start(lexer);
        if (c == '\'' || c == '"' || c == '`') {
            if (c == '`') lexer->command.unknown = true;
            lexer->command.last = c;
            lexer->quote = c;
            lexer->state = CFTI_LEX_ARGUMENT_QUOTE;
            if (c == '"') cfti_argument_byte(lexer, c, true);
            return p + 1;
        }
        cfti_argument_byte(lexer, c, false);
    }
    return p;
}

/* In quotes. The end of the line discards an argument whose quotes are open. */
static const uint8_t *cfti_lex_argument_quote(cfti_lexer *lexer, const uint8_t *p,
                                              const uint8_t *end) {
    for (; p < end; p++) {
        if (*p == '\n') {
            lexer->word_size = lexer->command.word_start;
            lexer->command.unknown = !lexer->command.known_before;
            if (lexer->command.first) lexer->command.has_options = false;
            cfti_command_end(lexer, p);
            return p;
        }
        if (*p == '\\' && lexer->quote == '\'') {
            lexer->state = CFTI_LEX_ARGUMENT_ESCAPED;
            return p + 1;
        }
        if (*p == lexer->quote) {
            if (*p == '"') cfti_argument_byte(lexer, *p, true);
            lexer->state = (uint8_t)(*p == '\'' ? CFTI_LEX_ARGUMENT_END : CFTI_LEX_ARGUMENTS);
            return p + 1;
        }
        cfti_argument_byte(lexer, *p, true);
    }
    return p;
}

/* After a backslash in '...'. */
static const uint8_t *cfti_lex_argument_escaped(cfti_lexer *lexer, const uint8_t *p) {
    static const char letters[] = "ntbrf", values[] = "\n\t\b\r\f";
    const char *letter = (const char *)memchr(letters, *p, 5);
    lexer->state = CFTI_LEX_ARGUMENT_QUOTE;
    if (*p == '\n') return p;
    if (*p == 'x' || (*p >= '0' && *p <= '7')) {
        lexer->state = CFTI_LEX_ARGUMENT_NUMBER;
        lexer->command.base = (uint8_t)(*p == 'x' ? 16 : 8);
        lexer->command.digits = 2;
        lexer->command.value = (uint8_t)(*p == 'x' ? 'x' : *p - '0');
    } else {
        cfti_argument_byte(lexer, letter != NULL ? (uint8_t)values[letter - letters] : *p, true);
    }
    return p + 1;
}

/* In the digits of \101 or \x41 in '...'. */
static const uint8_t *cfti_lex_argument_number(cfti_lexer *lexer, const uint8_t *p) {
    uint8_t c = cfti_lower(*p), digit = 16;
    if (c >= '0' && c <= '9') digit = (uint8_t)(c - '0');
    else if (c >= 'a' && c <= 'f') digit = (uint8_t)(c - 'a' + 10);
    if (lexer->command.digits > 0 && digit < lexer->command.base) {
        if (lexer->command.base == 16 && lexer->command.digits == 2) lexer->command.value = digit;
        else lexer->command.value = (uint8_t)(lexer->command.value * lexer->command.base + digit);
        lexer->command.digits--;
        return p + 1;
    }
    cfti_argument_byte(lexer, lexer->command.value, true);
    lexer->state = CFTI_LEX_ARGUMENT_QUOTE;
    return p;
}

/* The states of a psql command. */
static const uint8_t *cfti_lex_command(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    bool quote = *p == '\'', backslash = *p == '\\';

    switch (lexer->state) {
    case CFTI_LEX_NAME: return cfti_lex_name(lexer, p, end);
    case CFTI_LEX_ARGUMENTS: return cfti_lex_arguments(lexer, p, end);
    case CFTI_LEX_ARGUMENT_QUOTE: return cfti_lex_argument_quote(lexer, p, end);
    case CFTI_LEX_ARGUMENT_ESCAPED: return cfti_lex_argument_escaped(lexer, p);
    case CFTI_LEX_ARGUMENT_NUMBER: return cfti_lex_argument_number(lexer, p);
    case CFTI_LEX_ARGUMENT_END:
        lexer->state = (uint8_t)(quote ? CFTI_LEX_ARGUMENT_QUOTE : CFTI_LEX_ARGUMENTS);
        if (quote) cfti_argument_byte(lexer, *p, true);
        return p + quote;
    default: /* CFTI_LEX_NEXT_COMMAND */
        lexer->state = (uint8_t)(backslash ? CFTI_LEX_SQL : CFTI_LEX_BACKSLASH);
        lexer->opened.at = p;
        return p + backslash;
    }
}
