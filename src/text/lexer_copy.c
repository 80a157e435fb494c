/* ---- text/lexer_copy.c: COPY, by PostgreSQL's grammar, and its data ---- */

/* The states of COPY's grammar, by what may come next. A COPY that ends in a state below
 * CFTI_COPY_READS reads data from the script. */
enum {
    CFTI_COPY_SOURCE_END, /* after STDIN: any option */
    CFTI_COPY_WITH,       /* after WITH */
    CFTI_COPY_OPTION,     /* after an option of the old syntax */
    CFTI_COPY_FORCE_NEXT, /* after a column of FORCE QUOTE */
    CFTI_COPY_LIST_END,   /* after (options) */
    CFTI_COPY_WHERE,      /* after WHERE: any expression */
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
    CFTI_COPY_LIST_VALUE,   /* the rest of an option */
    CFTI_COPY_LIST_FORMAT,  /* after FORMAT */
    CFTI_COPY_NONE          /* reads no data */
};

/* Tokens longer than a byte. */
enum { CFTI_TOKEN_WORD = 256, CFTI_TOKEN_VARIABLE, CFTI_TOKEN_NUMBER };

static bool cfti_copy_is_name(const cfti_lexer *lexer, int token) {
    if (token == CFTI_TOKEN_WORD) return !cfti_word_is_in(lexer, "from to binary");
    return token == '"' || token == CFTI_TOKEN_VARIABLE;
}

/* The options of PostgreSQL before 9.0, or WHERE. */
static uint8_t cfti_copy_option(const cfti_lexer *lexer, cfti_copy_state *copy, bool list) {
    if (cfti_word_is(lexer, "binary")) {
        copy->binary = true;
        return CFTI_COPY_OPTION;
    }
    if (cfti_word_is_in(lexer, "delimiter null quote escape encoding")) return CFTI_COPY_AS;
    if (cfti_word_is(lexer, "force")) return CFTI_COPY_FORCE;
    if (cfti_word_is(lexer, "where")) return CFTI_COPY_WHERE;
    if (cfti_word_is_in(lexer, "freeze csv header")) return CFTI_COPY_OPTION;
    if (list && cfti_word_is(lexer, "with")) return CFTI_COPY_WITH;
    return CFTI_COPY_NONE;
}

/* In (options), of which `depth` inner parentheses are open. */
static uint8_t cfti_copy_list(const cfti_lexer *lexer, cfti_copy_state *copy, int token) {
    if (token == ')' && copy->depth == 0)
        return copy->state == CFTI_COPY_LIST ? CFTI_COPY_NONE : CFTI_COPY_LIST_END;
    if (token == '(') copy->depth++;
    if (copy->depth > 0) {
        if (token == ')') copy->depth--;
        return CFTI_COPY_LIST_VALUE;
    }
    if (copy->state == CFTI_COPY_LIST) {
        if (token == CFTI_TOKEN_WORD && cfti_word_is(lexer, "format")) return CFTI_COPY_LIST_FORMAT;
        return token == CFTI_TOKEN_WORD || token == '"' || token == CFTI_TOKEN_VARIABLE
                   ? CFTI_COPY_LIST_VALUE
                   : CFTI_COPY_NONE;
    }
    if (token == ',') return CFTI_COPY_LIST;
    if (copy->state == CFTI_COPY_LIST_FORMAT && token == CFTI_TOKEN_WORD &&
        cfti_word_is(lexer, "binary"))
        copy->binary = true;
    return CFTI_COPY_LIST_VALUE;
}

/* The state after one more token; lexer->word has the word. */
static uint8_t cfti_copy_next(const cfti_lexer *lexer, cfti_copy_state *copy, int token) {
    bool word = token == CFTI_TOKEN_WORD, string = token == '\'' || token == '$';
    bool name = cfti_copy_is_name(lexer, token);

    switch (copy->state) {
    case CFTI_COPY_BINARY:
        if (word && cfti_word_is(lexer, "binary")) {
            copy->binary = true;
            return CFTI_COPY_NAME;
        }
        return name ? CFTI_COPY_NAMED : CFTI_COPY_NONE;
    case CFTI_COPY_NAME: return name ? CFTI_COPY_NAMED : CFTI_COPY_NONE;
    case CFTI_COPY_NAMED:
        if (token == '.') return CFTI_COPY_NAME;
        if (token == '(') return CFTI_COPY_COLUMN;
        return word && cfti_word_is(lexer, "from") ? CFTI_COPY_SOURCE : CFTI_COPY_NONE;
    case CFTI_COPY_COLUMN: return name ? CFTI_COPY_COLUMN_NEXT : CFTI_COPY_NONE;
    case CFTI_COPY_COLUMN_NEXT:
        return token == ',' ? CFTI_COPY_COLUMN : token == ')' ? CFTI_COPY_FROM : CFTI_COPY_NONE;
    case CFTI_COPY_FROM:
        return word && cfti_word_is(lexer, "from") ? CFTI_COPY_SOURCE : CFTI_COPY_NONE;
    case CFTI_COPY_SOURCE:
        return word && cfti_word_is_in(lexer, "stdin stdout") ? CFTI_COPY_SOURCE_END
                                                              : CFTI_COPY_NONE;
    case CFTI_COPY_SOURCE_END:
        if (word && cfti_word_is(lexer, "using")) return CFTI_COPY_USING;
        if (word && cfti_word_is(lexer, "delimiters")) return CFTI_COPY_DELIMITERS;
        if (token == '(') return CFTI_COPY_LIST;
        return word ? cfti_copy_option(lexer, copy, true) : (uint8_t)CFTI_COPY_NONE;
    case CFTI_COPY_USING:
        return word && cfti_word_is(lexer, "delimiters") ? CFTI_COPY_DELIMITERS : CFTI_COPY_NONE;
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
        if (word && cfti_word_is(lexer, "as")) return CFTI_COPY_STRING;
        return string ? CFTI_COPY_OPTION : CFTI_COPY_NONE;
    case CFTI_COPY_STRING: return string ? CFTI_COPY_OPTION : CFTI_COPY_NONE;
    case CFTI_COPY_FORCE:
        if (word && cfti_word_is(lexer, "not")) return CFTI_COPY_FORCE_NOT;
        if (word && cfti_word_is(lexer, "quote")) return CFTI_COPY_FORCE_COLUMN;
        return word && cfti_word_is(lexer, "null") ? CFTI_COPY_FORCE_COLUMN : CFTI_COPY_NONE;
    case CFTI_COPY_FORCE_NOT:
        return word && cfti_word_is(lexer, "null") ? CFTI_COPY_FORCE_COLUMN : CFTI_COPY_NONE;
    case CFTI_COPY_FORCE_COLUMN:
        return token == '*' ? CFTI_COPY_OPTION : name ? CFTI_COPY_FORCE_NEXT : CFTI_COPY_NONE;
    case CFTI_COPY_LIST:
    case CFTI_COPY_LIST_VALUE:
    case CFTI_COPY_LIST_FORMAT: return cfti_copy_list(lexer, copy, token);
    case CFTI_COPY_LIST_END:
        return word && cfti_word_is(lexer, "where") ? CFTI_COPY_WHERE : CFTI_COPY_NONE;
    case CFTI_COPY_WHERE:
        if (token == ')' && copy->depth == 0) return CFTI_COPY_NONE;
        copy->depth = copy->depth + (token == '(') - (token == ')');
        return CFTI_COPY_WHERE;
    default: return CFTI_COPY_NONE;
    }
}

/* Whether a COPY that ends here reads data from the script. */
static bool cfti_copy_reads(const cfti_copy_state *copy) {
    return copy->state < CFTI_COPY_READS && copy->depth == 0;
}

/* The quoted value of FORMAT has ended. */
static void cfti_copy_format(cfti_lexer *lexer, cfti_copy_state *copy) {
    if (lexer->in_format && cfti_word_is(lexer, "binary")) copy->binary = true;
    if (lexer->in_format) lexer->word_size = 0;
    lexer->in_format = false;
}

static void cfti_copy_init(cfti_copy_state *copy) {
    memset(copy, 0, sizeof *copy);
    copy->state = CFTI_COPY_BINARY;
}

/* ==== Statements ========================================================= */

static void cfti_lex_update_words(cfti_lexer *lexer) {
    bool routine = lexer->routine == CFTI_ROUTINE_YES ? lexer->begin_depth > 0
                                                      : lexer->routine != CFTI_ROUTINE_NO;
    lexer->words_matter = lexer->query.kind != CFTI_STATEMENT_OTHER || routine;
}

/* A token begins at p. A file must not leave tokens in the query buffer. */
static void cfti_query_add(cfti_lexer *lexer, const uint8_t *p, uint8_t what) {
    if (lexer->query.content < CFTI_QUERY_VARIABLE) lexer->query.start.at = p;
    if (lexer->query.content < what) lexer->query.content = what;
}

/* A token at p other than a word: a byte, or CFTI_TOKEN_. */
static void cfti_lex_token(cfti_lexer *lexer, const uint8_t *p, int token) {
    cfti_query_add(lexer, p,
                   token == CFTI_TOKEN_VARIABLE ? CFTI_QUERY_VARIABLE : CFTI_QUERY_TOKENS);
    if (lexer->query.kind == CFTI_STATEMENT_COPY) {
        lexer->query.copy.state = cfti_copy_next(lexer, &lexer->query.copy, token);
    } else if (lexer->query.kind == CFTI_STATEMENT_START && token != CFTI_TOKEN_VARIABLE) {
        lexer->query.kind = CFTI_STATEMENT_OTHER;
        cfti_lex_update_words(lexer);
    } else if (lexer->query.kind == CFTI_STATEMENT_START) {
        /* The next word is not the first of its statement: COPY there begins no COPY. */
        lexer->query.copy.state = CFTI_COPY_NONE;
    }
}

static void cfti_lex_next_statement(cfti_lexer *lexer) {
    lexer->query.kind = CFTI_STATEMENT_START;
    cfti_copy_init(&lexer->query.copy);
    lexer->words_matter = true;
}

/* The tag and the branches are written before they are read. */
static void cfti_lexer_init(cfti_lexer *lexer, confiture_check_mode mode) {
    memset(lexer, 0, offsetof(cfti_lexer, tag));
    lexer->mode = mode;
    lexer->line = 1;
    cfti_lex_next_statement(lexer);
}

/* The server's current statement ends; psql may keep it in its buffer. */
static void cfti_lex_end_statement(cfti_lexer *lexer) {
    cfti_query *query = &lexer->query;
    if (query->kind == CFTI_STATEMENT_COPY && cfti_copy_reads(&query->copy)) {
        if (query->pending++ == 0) query->pending_line = query->copy_line;
        query->pending_binary = query->pending_binary || query->copy.binary;
    }
    cfti_lex_next_statement(lexer);
}

/* Empties psql's query buffer; psql's count of parentheses stays. */
static void cfti_query_clear(cfti_lexer *lexer) {
    uint64_t parens = lexer->query.parens;
    cfti_position paren = lexer->query.open_paren;
    memset(&lexer->query, 0, sizeof lexer->query);
    lexer->query.parens = parens;
    lexer->query.open_paren = paren;
    cfti_lex_next_statement(lexer);
}

/* Resets psql's counts of parentheses and BEGINs. */
static void cfti_lex_reset(cfti_lexer *lexer) {
    lexer->query.parens = 0;
    lexer->begin_depth = 0;
    lexer->routine = CFTI_ROUTINE_START;
    lexer->words_matter = true;
}

/* Whether psql runs commands here: outside of \if, or in an active branch. */
static bool cfti_lex_active(const cfti_lexer *lexer) {
    return lexer->branch_count == 0 || lexer->branches[lexer->branch_count - 1].active;
}

/* Sends `count` COPYs, the first of which is on `line`. */
static void cfti_lex_send_copies(cfti_lexer *lexer, uint64_t count, uint64_t line, bool binary) {
    if (count == 0) return;
    if (lexer->data.pending == 0) lexer->data.copy_line = line;
    lexer->data.pending += count;
    lexer->data.binary = lexer->data.binary || binary;
}

/* Sends the query buffer, or the last query again if the buffer is empty. */
static void cfti_lex_send(cfti_lexer *lexer, bool reads_data) {
    bool binary, again = lexer->query.content == CFTI_QUERY_EMPTY;
    cfti_lex_end_statement(lexer);
    if (!again) {
        lexer->data.last_count = lexer->query.pending;
        lexer->data.last_line = lexer->query.pending_line;
    }
    binary = lexer->query.pending_binary;
    cfti_query_clear(lexer);
    if (reads_data)
        cfti_lex_send_copies(lexer, lexer->data.last_count, lexer->data.last_line, binary);
}

static void cfti_lex_semicolon(cfti_lexer *lexer, const uint8_t *p) {
    cfti_query_add(lexer, p, CFTI_QUERY_TOKENS);
    if (lexer->query.parens > 0 || lexer->begin_depth > 0) return;
    lexer->routine = CFTI_ROUTINE_START;
    lexer->words_matter = true;
    if (cfti_lex_active(lexer)) cfti_lex_send(lexer, true);
}

static void cfti_lex_paren(cfti_lexer *lexer, const uint8_t *p) {
    if (*p == '(') {
        if (lexer->query.parens++ == 0) lexer->query.open_paren.at = p;
    } else if (lexer->query.parens > 0) {
        lexer->query.parens--;
    }
}

/* ==== Identifiers ======================================================== */

/* The first four identifiers, by psql's rule. */
static uint8_t cfti_lex_routine(const cfti_lexer *lexer) {
    bool routine = cfti_word_is_in(lexer, "function procedure");
    switch (lexer->routine) {
    case CFTI_ROUTINE_START:
        return cfti_word_is(lexer, "create") ? CFTI_ROUTINE_CREATE : CFTI_ROUTINE_NO;
    case CFTI_ROUTINE_CREATE:
        if (cfti_word_is(lexer, "or")) return CFTI_ROUTINE_OR;
        return routine ? CFTI_ROUTINE_YES : CFTI_ROUTINE_NO;
    case CFTI_ROUTINE_OR:
        return cfti_word_is(lexer, "replace") ? CFTI_ROUTINE_REPLACE : CFTI_ROUTINE_NO;
    case CFTI_ROUTINE_REPLACE: return routine ? CFTI_ROUTINE_YES : CFTI_ROUTINE_NO;
    default: return lexer->routine;
    }
}

static void cfti_lex_routine_end(cfti_lexer *lexer, const uint8_t *p) {
    if (lexer->query.parens > 0) return;
    if (cfti_word_is(lexer, "begin") || (lexer->begin_depth > 0 && cfti_word_is(lexer, "case"))) {
        if (lexer->begin_depth++ == 0) lexer->begin.at = p;
    } else if (lexer->begin_depth > 0 && cfti_word_is(lexer, "end")) {
        lexer->begin_depth--;
    }
}

/* The identifier in lexer->word ends before p. */
static void cfti_lex_identifier(cfti_lexer *lexer, const uint8_t *p) {
    if (lexer->query.kind == CFTI_STATEMENT_COPY) {
        lexer->query.copy.state = cfti_copy_next(lexer, &lexer->query.copy, CFTI_TOKEN_WORD);
    } else if (lexer->query.kind == CFTI_STATEMENT_START) {
        lexer->query.kind = CFTI_STATEMENT_OTHER;
        if (lexer->query.copy.state == CFTI_COPY_BINARY && cfti_word_is(lexer, "copy")) {
            lexer->query.kind = CFTI_STATEMENT_COPY;
            lexer->query.copy_line = cfti_lex_line(lexer, p);
        }
    }
    lexer->routine = cfti_lex_routine(lexer);
    if (lexer->routine == CFTI_ROUTINE_YES) cfti_lex_routine_end(lexer, p);
    lexer->word_size = 0;
    cfti_lex_update_words(lexer);
}

/* ==== Data =============================================================== */

/* Lines of data. A finding has the line of the word COPY: a line of data would show nobody what
 * is wrong. */
static const uint8_t *cfti_lex_data(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    static const uint8_t last[3] = {'\\', '.', '\n'};

    while (p < end) {
        if (lexer->data.matched < 3 && !lexer->data.binary && *p == last[lexer->data.matched]) {
            p++;
            if (++lexer->data.matched < 3) continue;
            lexer->data.matched = 0;
            lexer->data.copy_line = lexer->data.sent_line;
            lexer->data.reading = --lexer->data.pending > 0;
            if (!lexer->data.reading) break;
        } else {
            lexer->data.matched = 3;
            p = cfti_find2(p, end, '\n', '\n');
            if (p < end) {
                p++;
                lexer->data.matched = 0;
            }
        }
    }
    return p;
}
