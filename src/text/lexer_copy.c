/* ---- text/lexer_copy.c: COPY, by PostgreSQL's grammar, and its data ---- */

/* How far a COPY is read, by what may come next. Those below CFTI_COPY_READS read data
 * from the script if they end here. */
enum {
    CFTI_COPY_SOURCE_END, /* after STDIN: an option, of any kind */
    CFTI_COPY_WITH,       /* after WITH */
    CFTI_COPY_OPTION,     /* after an option of the old kind */
    CFTI_COPY_FORCE_NEXT, /* after a column of FORCE QUOTE */
    CFTI_COPY_LIST_END,   /* after (options) */
    CFTI_COPY_WHERE,      /* after WHERE: anything, `depth` parentheses open */
    CFTI_COPY_READS,
    CFTI_COPY_BINARY,       /* after COPY: BINARY or a name */
    CFTI_COPY_NAME,         /* a name */
    CFTI_COPY_NAMED,        /* after it: . ( or FROM */
    CFTI_COPY_COLUMN,       /* in its list */
    CFTI_COPY_COLUMN_NEXT,  /* , or ) */
    CFTI_COPY_FROM,         /* FROM */
    CFTI_COPY_SOURCE,       /* STDIN */
    CFTI_COPY_USING,        /* DELIMITERS */
    CFTI_COPY_DELIMITERS,   /* a string */
    CFTI_COPY_AS,           /* AS or a string */
    CFTI_COPY_STRING,       /* a string */
    CFTI_COPY_FORCE,        /* QUOTE, NULL or NOT */
    CFTI_COPY_FORCE_NOT,    /* NULL */
    CFTI_COPY_FORCE_COLUMN, /* * or a name */
    CFTI_COPY_LIST,         /* in (options): a name */
    CFTI_COPY_LIST_VALUE,   /* and what comes after it */
    CFTI_COPY_LIST_FORMAT,  /* after FORMAT there */
    CFTI_COPY_NONE          /* whatever comes, no data */
};

/* Kinds of tokens that are no single byte. */
enum { CFTI_TOKEN_WORD = 256, CFTI_TOKEN_VARIABLE, CFTI_TOKEN_NUMBER };

static bool cfti_copy_is_name(const cfti_lexer *lexer, int token) {
    if (token == CFTI_TOKEN_WORD)
        return !cfti_lex_word_is(lexer, "from") && !cfti_lex_word_is(lexer, "to") &&
               !cfti_lex_word_is(lexer, "binary");
    return token == '"' || token == CFTI_TOKEN_VARIABLE;
}

/* Options as before PostgreSQL 9.0, or WHERE. */
static uint8_t cfti_copy_option(const cfti_lexer *lexer, cfti_copying *copy, bool list) {
    static const char *const valued[] = {"delimiter", "null", "quote", "escape", "encoding"};
    size_t i;

    if (cfti_lex_word_is(lexer, "binary")) {
        copy->binary = true;
        return CFTI_COPY_OPTION;
    }
    for (i = 0; i < CFTI_COUNT(valued); i++)
        if (cfti_lex_word_is(lexer, valued[i])) return CFTI_COPY_AS;
    if (cfti_lex_word_is(lexer, "force")) return CFTI_COPY_FORCE;
    if (cfti_lex_word_is(lexer, "where")) return CFTI_COPY_WHERE;
    if (cfti_lex_word_is(lexer, "freeze") || cfti_lex_word_is(lexer, "csv") ||
        cfti_lex_word_is(lexer, "header"))
        return CFTI_COPY_OPTION;
    if (list && cfti_lex_word_is(lexer, "with")) return CFTI_COPY_WITH;
    return CFTI_COPY_NONE;
}

/* Between the parentheses of the options, `depth` of them within those. */
static uint8_t cfti_copy_list(const cfti_lexer *lexer, cfti_copying *copy, int token) {
    if (token == ')' && copy->depth == 0)
        return copy->state == CFTI_COPY_LIST ? CFTI_COPY_NONE : CFTI_COPY_LIST_END;
    if (token == '(') copy->depth++;
    if (copy->depth > 0) {
        if (token == ')') copy->depth--;
        return CFTI_COPY_LIST_VALUE;
    }
    if (copy->state == CFTI_COPY_LIST) {
        if (token == CFTI_TOKEN_WORD && cfti_lex_word_is(lexer, "format"))
            return CFTI_COPY_LIST_FORMAT;
        return token == CFTI_TOKEN_WORD || token == '"' || token == CFTI_TOKEN_VARIABLE
                   ? CFTI_COPY_LIST_VALUE
                   : CFTI_COPY_NONE;
    }
    if (token == ',') return CFTI_COPY_LIST;
    if (copy->state == CFTI_COPY_LIST_FORMAT && token == CFTI_TOKEN_WORD &&
        cfti_lex_word_is(lexer, "binary"))
        copy->binary = true;
    return CFTI_COPY_LIST_VALUE;
}

/* One token more; a word is in lexer->word. */
static uint8_t cfti_copy_next(const cfti_lexer *lexer, cfti_copying *copy, int token) {
    bool word = token == CFTI_TOKEN_WORD, string = token == '\'' || token == '$';
    bool name = cfti_copy_is_name(lexer, token);

    switch (copy->state) {
    case CFTI_COPY_BINARY:
        if (word && cfti_lex_word_is(lexer, "binary")) {
            copy->binary = true;
            return CFTI_COPY_NAME;
        }
        return name ? CFTI_COPY_NAMED : CFTI_COPY_NONE;
    case CFTI_COPY_NAME: return name ? CFTI_COPY_NAMED : CFTI_COPY_NONE;
    case CFTI_COPY_NAMED:
        if (token == '.') return CFTI_COPY_NAME;
        if (token == '(') return CFTI_COPY_COLUMN;
        return word && cfti_lex_word_is(lexer, "from") ? CFTI_COPY_SOURCE : CFTI_COPY_NONE;
    case CFTI_COPY_COLUMN: return name ? CFTI_COPY_COLUMN_NEXT : CFTI_COPY_NONE;
    case CFTI_COPY_COLUMN_NEXT:
        return token == ',' ? CFTI_COPY_COLUMN : token == ')' ? CFTI_COPY_FROM : CFTI_COPY_NONE;
    case CFTI_COPY_FROM:
        return word && cfti_lex_word_is(lexer, "from") ? CFTI_COPY_SOURCE : CFTI_COPY_NONE;
    case CFTI_COPY_SOURCE:
        return word && (cfti_lex_word_is(lexer, "stdin") || cfti_lex_word_is(lexer, "stdout"))
                   ? CFTI_COPY_SOURCE_END
                   : CFTI_COPY_NONE;
    case CFTI_COPY_SOURCE_END:
        if (word && cfti_lex_word_is(lexer, "using")) return CFTI_COPY_USING;
        if (word && cfti_lex_word_is(lexer, "delimiters")) return CFTI_COPY_DELIMITERS;
        if (token == '(') return CFTI_COPY_LIST;
        return word ? cfti_copy_option(lexer, copy, true) : (uint8_t)CFTI_COPY_NONE;
    case CFTI_COPY_USING:
        return word && cfti_lex_word_is(lexer, "delimiters") ? CFTI_COPY_DELIMITERS
                                                             : CFTI_COPY_NONE;
    case CFTI_COPY_DELIMITERS: return string ? CFTI_COPY_SOURCE_END : CFTI_COPY_NONE;
    case CFTI_COPY_WITH:
        if (token == '(') return CFTI_COPY_LIST;
        return word ? cfti_copy_option(lexer, copy, false) : (uint8_t)CFTI_COPY_NONE;
    case CFTI_COPY_FORCE_NEXT:
        if (token == ',') return CFTI_COPY_FORCE_COLUMN;
        return word ? cfti_copy_option(lexer, copy, false) : (uint8_t)CFTI_COPY_NONE;
    case CFTI_COPY_OPTION:
        return word ? cfti_copy_option(lexer, copy, false) : (uint8_t)CFTI_COPY_NONE;
    case CFTI_COPY_AS:
        if (word && cfti_lex_word_is(lexer, "as")) return CFTI_COPY_STRING;
        return string ? CFTI_COPY_OPTION : CFTI_COPY_NONE;
    case CFTI_COPY_STRING: return string ? CFTI_COPY_OPTION : CFTI_COPY_NONE;
    case CFTI_COPY_FORCE:
        if (word && cfti_lex_word_is(lexer, "not")) return CFTI_COPY_FORCE_NOT;
        if (word && cfti_lex_word_is(lexer, "quote")) return CFTI_COPY_FORCE_COLUMN;
        return word && cfti_lex_word_is(lexer, "null") ? CFTI_COPY_FORCE_COLUMN : CFTI_COPY_NONE;
    case CFTI_COPY_FORCE_NOT:
        return word && cfti_lex_word_is(lexer, "null") ? CFTI_COPY_FORCE_COLUMN : CFTI_COPY_NONE;
    case CFTI_COPY_FORCE_COLUMN:
        return token == '*' ? CFTI_COPY_OPTION : name ? CFTI_COPY_FORCE_NEXT : CFTI_COPY_NONE;
    case CFTI_COPY_LIST:
    case CFTI_COPY_LIST_VALUE:
    case CFTI_COPY_LIST_FORMAT: return cfti_copy_list(lexer, copy, token);
    case CFTI_COPY_LIST_END:
        return word && cfti_lex_word_is(lexer, "where") ? CFTI_COPY_WHERE : CFTI_COPY_NONE;
    case CFTI_COPY_WHERE:
        if (token == ')' && copy->depth == 0) return CFTI_COPY_NONE;
        copy->depth = copy->depth + (token == '(') - (token == ')');
        return CFTI_COPY_WHERE;
    default: return CFTI_COPY_NONE;
    }
}

/* Whether it reads data from the script if it ends here. */
static bool cfti_copy_reads(const cfti_copying *copy) {
    return copy->state < CFTI_COPY_READS && copy->depth == 0;
}

/* The value of FORMAT, in quotes, has ended. */
static void cfti_copy_format(cfti_lexer *lexer, cfti_copying *copy) {
    if (lexer->format && cfti_lex_word_is(lexer, "binary")) copy->binary = true;
    if (lexer->format) lexer->word_size = 0;
    lexer->format = false;
}

static void cfti_copy_init(cfti_copying *copy) {
    memset(copy, 0, sizeof *copy);
    copy->state = CFTI_COPY_BINARY;
}

/* ==== Statements ========================================================= */

static void cfti_lex_words_matter(cfti_lexer *lexer) {
    bool routine =
        lexer->routine == CFTI_ROUTINE_YES ? lexer->begins > 0 : lexer->routine != CFTI_ROUTINE_NO;
    lexer->words = lexer->held.kind != CFTI_STATEMENT_OTHER || routine;
}

/* A token begins at p; tokens are what a file must not leave behind. */
static void cfti_lex_hold(cfti_lexer *lexer, const uint8_t *p, uint8_t what) {
    if (lexer->held.what < CFTI_HELD_VARIABLE) lexer->held.begun.at = p;
    if (lexer->held.what < what) lexer->held.what = what;
}

/* A token at p that is no word: a byte, or a CFTI_TOKEN_. */
static void cfti_lex_token(cfti_lexer *lexer, const uint8_t *p, int token) {
    cfti_lex_hold(lexer, p, token == CFTI_TOKEN_VARIABLE ? CFTI_HELD_VARIABLE : CFTI_HELD_TOKENS);
    if (lexer->held.kind == CFTI_STATEMENT_COPY) {
        lexer->held.copy.state = cfti_copy_next(lexer, &lexer->held.copy, token);
    } else if (lexer->held.kind == CFTI_STATEMENT_START && token != CFTI_TOKEN_VARIABLE) {
        lexer->held.kind = CFTI_STATEMENT_OTHER;
        cfti_lex_words_matter(lexer);
    } else if (lexer->held.kind == CFTI_STATEMENT_START) {
        /* A word after it must not be taken for the first. */
        lexer->held.copy.state = CFTI_COPY_NONE;
    }
}

static void cfti_lex_next_statement(cfti_lexer *lexer) {
    lexer->held.kind = CFTI_STATEMENT_START;
    cfti_copy_init(&lexer->held.copy);
    lexer->words = true;
}

/* The branches, which only \if needs, stay as they are. */
static void cfti_lexer_init(cfti_lexer *lexer, confiture_check_mode mode) {
    memset(lexer, 0, offsetof(cfti_lexer, tag));
    lexer->mode = mode;
    lexer->line = 1;
    cfti_lex_next_statement(lexer);
}

/* The server's statement at hand ends; psql may hold it still. */
static void cfti_lex_end_statement(cfti_lexer *lexer) {
    cfti_held *held = &lexer->held;
    if (held->kind == CFTI_STATEMENT_COPY && cfti_copy_reads(&held->copy)) {
        if (held->waiting++ == 0) held->waiting_line = held->copy_line;
        held->waiting_binary = held->waiting_binary || held->copy.binary;
    }
    cfti_lex_next_statement(lexer);
}

/* psql's buffer is empty again. */
static void cfti_lex_clear(cfti_lexer *lexer) {
    uint64_t parens = lexer->held.parens;
    cfti_spot paren = lexer->held.paren;
    memset(&lexer->held, 0, sizeof lexer->held);
    lexer->held.parens = parens;
    lexer->held.paren = paren;
    cfti_lex_next_statement(lexer);
}

/* And so is what psql counts. */
static void cfti_lex_reset(cfti_lexer *lexer) {
    lexer->held.parens = 0;
    lexer->begins = 0;
    lexer->routine = CFTI_ROUTINE_START;
    lexer->words = true;
}

/* Outside of an \if, or in a branch of it that is read. */
static bool cfti_lex_active(const cfti_lexer *lexer) {
    return lexer->branch_count == 0 || lexer->branches[lexer->branch_count - 1].active;
}

/* So many COPYs are sent, the first of them from the line. Binary data have no end. */
static void cfti_lex_send_copies(cfti_lexer *lexer, uint64_t count, uint64_t line, bool binary) {
    if (count == 0) return;
    if (lexer->sent == 0) lexer->data_line = line;
    lexer->sent += count;
    lexer->endless = lexer->endless || binary;
}

/* What psql holds is sent; if that is nothing, what was sent last is sent again. */
static void cfti_lex_send(cfti_lexer *lexer, bool reads_data) {
    bool binary, again = lexer->held.what == CFTI_HELD_NOTHING;
    cfti_lex_end_statement(lexer);
    if (!again) {
        lexer->previous = lexer->held.waiting;
        lexer->previous_line = lexer->held.waiting_line;
    }
    binary = lexer->held.waiting_binary;
    cfti_lex_clear(lexer);
    if (reads_data) cfti_lex_send_copies(lexer, lexer->previous, lexer->previous_line, binary);
}

static void cfti_lex_semicolon(cfti_lexer *lexer, const uint8_t *p) {
    cfti_lex_hold(lexer, p, CFTI_HELD_TOKENS);
    if (lexer->held.parens > 0 || lexer->begins > 0) return;
    lexer->routine = CFTI_ROUTINE_START;
    lexer->words = true;
    if (cfti_lex_active(lexer)) cfti_lex_send(lexer, true);
}

static void cfti_lex_paren(cfti_lexer *lexer, const uint8_t *p) {
    if (*p == '(') {
        if (lexer->held.parens++ == 0) lexer->held.paren.at = p;
    } else if (lexer->held.parens > 0) {
        lexer->held.parens--;
    }
}

/* ==== Identifiers ======================================================== */

/* The first four identifiers, in the very words of psql's rule. */
static uint8_t cfti_lex_routine(const cfti_lexer *lexer) {
    bool routine = cfti_lex_word_is(lexer, "function") || cfti_lex_word_is(lexer, "procedure");
    switch (lexer->routine) {
    case CFTI_ROUTINE_START:
        return cfti_lex_word_is(lexer, "create") ? CFTI_ROUTINE_CREATE : CFTI_ROUTINE_NO;
    case CFTI_ROUTINE_CREATE:
        if (cfti_lex_word_is(lexer, "or")) return CFTI_ROUTINE_OR;
        return routine ? CFTI_ROUTINE_YES : CFTI_ROUTINE_NO;
    case CFTI_ROUTINE_OR:
        return cfti_lex_word_is(lexer, "replace") ? CFTI_ROUTINE_REPLACE : CFTI_ROUTINE_NO;
    case CFTI_ROUTINE_REPLACE: return routine ? CFTI_ROUTINE_YES : CFTI_ROUTINE_NO;
    default: return lexer->routine;
    }
}

static void cfti_lex_routine_end(cfti_lexer *lexer, const uint8_t *p) {
    if (lexer->held.parens > 0) return;
    if (cfti_lex_word_is(lexer, "begin") ||
        (lexer->begins > 0 && cfti_lex_word_is(lexer, "case"))) {
        if (lexer->begins++ == 0) lexer->began.at = p;
    } else if (lexer->begins > 0 && cfti_lex_word_is(lexer, "end")) {
        lexer->begins--;
    }
}

/* The identifier in lexer->word ends before p. */
static void cfti_lex_identifier(cfti_lexer *lexer, const uint8_t *p) {
    if (lexer->held.kind == CFTI_STATEMENT_COPY) {
        lexer->held.copy.state = cfti_copy_next(lexer, &lexer->held.copy, CFTI_TOKEN_WORD);
    } else if (lexer->held.kind == CFTI_STATEMENT_START) {
        lexer->held.kind = CFTI_STATEMENT_OTHER;
        if (lexer->held.copy.state == CFTI_COPY_BINARY && cfti_lex_word_is(lexer, "copy")) {
            lexer->held.kind = CFTI_STATEMENT_COPY;
            lexer->held.copy_line = cfti_lex_line(lexer, p);
        }
    }
    lexer->routine = cfti_lex_routine(lexer);
    if (lexer->routine == CFTI_ROUTINE_YES) cfti_lex_routine_end(lexer, p);
    lexer->word_size = 0;
    cfti_lex_words_matter(lexer);
}

/* ==== Data =============================================================== */

/* Lines of data. A finding gets the line of the COPY word: the data themselves
 * look like any other line, and nobody would know what was meant. */
static const uint8_t *cfti_lex_data(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    static const uint8_t last[3] = {'\\', '.', '\n'};

    while (p < end) {
        if (lexer->data_matched < 3 && !lexer->endless && *p == last[lexer->data_matched]) {
            p++;
            if (++lexer->data_matched < 3) continue;
            lexer->data_matched = 0;
            lexer->data_line = lexer->sent_line;
            lexer->in_data = --lexer->sent > 0;
            if (!lexer->in_data) break;
        } else {
            lexer->data_matched = 3;
            p = cfti_find2(p, end, '\n', '\n');
            if (p < end) {
                p++;
                lexer->data_matched = 0;
            }
        }
    }
    return p;
}
