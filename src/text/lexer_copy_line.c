/* ---- text/lexer_copy_line.c: the line of psql's \copy, which psql sends as a COPY ---- */

static void cfti_copy_line_token(cfti_lexer *lexer, int token) {
    if (token == '.' && lexer->copy_line.copy.state == CFTI_COPY_NAMED) {
        if (lexer->copy_line.has_schema)
            lexer->copy_line.copy.state = CFTI_COPY_NONE; /* psql accepts one schema */
        lexer->copy_line.has_schema = true;
    }
    lexer->copy_line.copy.state = cfti_copy_next(lexer, &lexer->copy_line.copy, token);
}

static void cfti_copy_line_word(cfti_lexer *lexer) {
    bool number = lexer->word_size > 0 &&
                  (lexer->word[0] == '$' || (cfti_kinds[lexer->word[0]] & CFTI_DIGIT) != 0);
    if (lexer->word_size > 0)
        cfti_copy_line_token(lexer, number ? CFTI_TOKEN_NUMBER : CFTI_TOKEN_WORD);
    lexer->word_size = 0;
}

/* - or / may begin a comment, and u& a string: c, the next byte, decides. True: a comment. */
static bool cfti_copy_line_mark(cfti_lexer *lexer, uint8_t c) {
    uint8_t mark = lexer->previous;
    lexer->previous = 0;
    if (mark == '-' && c == '-') {
        lexer->quote = '\n';
    } else if (mark == '/' && c == '*') {
        lexer->quote = '/';
        lexer->depth = 1;
        lexer->copy_line.last = 0;
    } else if (mark != 0 && (mark != '&' || c != '\'')) {
        cfti_copy_line_token(lexer, mark);
    }
    return lexer->quote != 0;
}

static void cfti_copy_line_end(cfti_lexer *lexer) {
    (void)cfti_copy_line_mark(lexer, '\n');
    cfti_copy_line_word(lexer);
    /* The server rejects a line that leaves something open. */
    if (lexer->quote != 0 && lexer->quote != '\n') lexer->copy_line.copy.state = CFTI_COPY_NONE;
    lexer->quote = 0;
    if (cfti_copy_reads(&lexer->copy_line.copy))
        cfti_lex_send_copies(lexer, 1, lexer->opened.line, lexer->copy_line.copy.binary);
    lexer->state = CFTI_LEX_SQL;
    lexer->run = CFTI_RUN_NONE;
}

/* In $tag$...$tag$ or its opening tag. */
static void cfti_copy_line_dollar(cfti_lexer *lexer, uint8_t c) {
    uint8_t kind = cfti_kinds[c];
    if (!lexer->copy_line.in_tag) {
        if (c == '$' && lexer->matched == lexer->tag_size + 1) lexer->quote = 0;
        else if (c == '$') lexer->matched = 1;
        else if (lexer->matched > 0 && lexer->matched <= lexer->tag_size &&
                 c == lexer->tag[lexer->matched - 1])
            lexer->matched++;
        else lexer->matched = 0;
    } else if (c == '$') {
        lexer->copy_line.in_tag = false;
        lexer->matched = 0;
        cfti_copy_line_token(lexer, '$');
    } else if ((kind & CFTI_IDENT) && (lexer->tag_size > 0 || !(kind & CFTI_DIGIT)) &&
               lexer->tag_size < sizeof lexer->tag) {
        lexer->tag[lexer->tag_size++] = c;
    } else {
        lexer->copy_line.copy.state = CFTI_COPY_NONE; /* $1: no COPY has parameters */
    }
}

/* In quotes, or in a comment, which nests. */
static void cfti_copy_line_quoted(cfti_lexer *lexer, uint8_t c, uint8_t before) {
    if (lexer->quote == '/') {
        bool opens = before == '/' && c == '*', closes = before == '*' && c == '/';
        lexer->depth = lexer->depth + opens - closes;
        if (opens || closes) lexer->copy_line.last = 0;
        if (lexer->depth == 0) lexer->quote = 0;
    } else if (lexer->quote == '$') {
        cfti_copy_line_dollar(lexer, c);
    } else if (lexer->copy_line.escapes && before == '\\') {
        lexer->copy_line.last = 0;
    } else if (c != lexer->quote) {
        if (lexer->in_format) cfti_word_add(lexer, c);
    } else {
        lexer->quote = 0;
        cfti_copy_format(lexer, &lexer->copy_line.copy);
    }
}

/* A byte between tokens. psql knows no comments in \copy: only the part after the file, which the
 * server reads, may contain them. */
static void cfti_copy_line_byte(cfti_lexer *lexer, uint8_t c, uint8_t before) {
    uint8_t state = lexer->copy_line.copy.state;
    bool source = state == CFTI_COPY_SOURCE;

    if ((c == '\f' || c == '\v') && state > CFTI_COPY_READS && state < CFTI_COPY_SOURCE) {
        /* White space for the server, but part of a word where psql splits the line. */
        lexer->copy_line.copy.state = CFTI_COPY_NONE;
    } else if ((cfti_kinds[c] & CFTI_SPACE) && (!source || (c != '\f' && c != '\v'))) {
        cfti_copy_line_word(lexer);
    } else if (c == ';') {
        cfti_copy_line_word(lexer);
        if (cfti_copy_reads(&lexer->copy_line.copy)) lexer->quote = '\n'; /* the rest is skipped */
        else lexer->copy_line.copy.state = CFTI_COPY_NONE;
    } else if (c == '$' && lexer->word_size == 0 && !source) {
        lexer->quote = c;
        lexer->copy_line.in_tag = true;
        lexer->tag_size = 0;
    } else if (source ? c != '\'' : (cfti_kinds[c] & CFTI_IDENT) != 0) {
        cfti_word_add(lexer, cfti_lower(c));
    } else if ((c == '\'' || c == '"') && before == c) {
        lexer->quote = c; /* a doubled quote continues the token */
    } else if ((c == '-' || c == '/') && (state < CFTI_COPY_READS || state > CFTI_COPY_SOURCE)) {
        cfti_copy_line_word(lexer);
        lexer->previous = c;
    } else if (c == '&' && !source && cfti_word_is(lexer, "u")) {
        lexer->word_size = 0;
        lexer->previous = c;
    } else {
        lexer->copy_line.escapes = c == '\'' && cfti_word_is(lexer, "e");
        if (!lexer->copy_line.escapes) cfti_copy_line_word(lexer);
        lexer->word_size = 0;
        lexer->in_format = lexer->copy_line.copy.state == CFTI_COPY_LIST_FORMAT;
        cfti_copy_line_token(lexer, c);
        if (c == '\'' || c == '"') lexer->quote = c;
    }
}

/* The line of a \copy. The file's name ends at white space: stdin.csv is a file. */
static const uint8_t *cfti_lex_copy_line(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    for (; p < end && *p != '\n'; p++) {
        uint8_t before = lexer->copy_line.last;
        if (before == 0 && (cfti_kinds[*p] & CFTI_SPACE)) continue; /* before the first word */
        lexer->copy_line.last = *p;
        if (lexer->previous != 0 && cfti_copy_line_mark(lexer, *p)) continue;
        if (lexer->quote == 0) cfti_copy_line_byte(lexer, *p, before);
        else cfti_copy_line_quoted(lexer, *p, before);
    }
    if (p < end) cfti_copy_line_end(lexer);
    return p;
}
