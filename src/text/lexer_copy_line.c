/* ---- text/lexer_copy_line.c: the line of psql's \copy, of which it makes a COPY ---- */

static void cfti_copy_line_token(cfti_lexer *lexer, int token) {
    if (token == '.' && lexer->line_copy.state == CFTI_COPY_NAMED) {
        if (lexer->dotted) lexer->line_copy.state = CFTI_COPY_NONE; /* psql: one schema */
        lexer->dotted = true;
    }
    lexer->line_copy.state = cfti_copy_next(lexer, &lexer->line_copy, token);
}

static void cfti_copy_line_word(cfti_lexer *lexer) {
    bool number = lexer->word_size > 0 &&
                  (lexer->word[0] == '$' || (cfti_kinds[lexer->word[0]] & CFTI_DIGIT) != 0);
    if (lexer->word_size > 0)
        cfti_copy_line_token(lexer, number ? CFTI_TOKEN_NUMBER : CFTI_TOKEN_WORD);
    lexer->word_size = 0;
}

/* - or / may begin a comment, and u& a string: that is known one byte later, c. True: it
 * is a comment. */
static bool cfti_copy_line_mark(cfti_lexer *lexer, uint8_t c) {
    uint8_t mark = lexer->before;
    lexer->before = 0;
    if (mark == '-' && c == '-') {
        lexer->quote = '\n';
    } else if (mark == '/' && c == '*') {
        lexer->quote = '/';
        lexer->depth = 1;
        lexer->last = 0;
    } else if (mark != 0 && (mark != '&' || c != '\'')) {
        cfti_copy_line_token(lexer, mark);
    }
    return lexer->quote != 0;
}

static void cfti_copy_line_end(cfti_lexer *lexer) {
    (void)cfti_copy_line_mark(lexer, '\n');
    cfti_copy_line_word(lexer);
    /* What is open at the end of the line is the server's error. */
    if (lexer->quote != 0 && lexer->quote != '\n') lexer->line_copy.state = CFTI_COPY_NONE;
    lexer->quote = 0;
    if (cfti_copy_reads(&lexer->line_copy))
        cfti_lex_send_copies(lexer, 1, lexer->opened.line, lexer->line_copy.binary);
    lexer->at = CFTI_AT_SQL;
    lexer->run = CFTI_RUN_NONE;
}

/* In $tag$...$tag$, or its first tag. */
static void cfti_copy_line_dollar(cfti_lexer *lexer, uint8_t c) {
    uint8_t kind = cfti_kinds[c];
    if (!lexer->in_tag) {
        if (c == '$' && lexer->matched == lexer->tag_size + 1) lexer->quote = 0;
        else if (c == '$') lexer->matched = 1;
        else if (lexer->matched > 0 && lexer->matched <= lexer->tag_size &&
                 c == lexer->tag[lexer->matched - 1])
            lexer->matched++;
        else lexer->matched = 0;
    } else if (c == '$') {
        lexer->in_tag = false;
        lexer->matched = 0;
        cfti_copy_line_token(lexer, '$');
    } else if ((kind & CFTI_IDENT) && (lexer->tag_size > 0 || !(kind & CFTI_DIGIT)) &&
               lexer->tag_size < sizeof lexer->tag) {
        lexer->tag[lexer->tag_size++] = c;
    } else {
        lexer->line_copy.state = CFTI_COPY_NONE; /* $1, which no COPY may hold */
    }
}

/* Within quotes, or a comment, which nests. */
static void cfti_copy_line_quoted(cfti_lexer *lexer, uint8_t c, uint8_t before) {
    if (lexer->quote == '/') {
        bool opens = before == '/' && c == '*', closes = before == '*' && c == '/';
        lexer->depth = lexer->depth + opens - closes;
        if (opens || closes) lexer->last = 0;
        if (lexer->depth == 0) lexer->quote = 0;
    } else if (lexer->quote == '$') {
        cfti_copy_line_dollar(lexer, c);
    } else if (lexer->escapes && before == '\\') {
        lexer->last = 0;
    } else if (c != lexer->quote) {
        if (lexer->format) cfti_lex_letter(lexer, c);
    } else {
        lexer->quote = 0;
        cfti_copy_format(lexer, &lexer->line_copy);
    }
}

/* Any other byte. Comments, which psql itself does not know, may follow the file alone. */
static void cfti_copy_line_byte(cfti_lexer *lexer, uint8_t c, uint8_t before) {
    uint8_t state = lexer->line_copy.state;
    bool source = state == CFTI_COPY_SOURCE;

    if ((c == '\f' || c == '\v') && state > CFTI_COPY_READS && state < CFTI_COPY_SOURCE) {
        /* White space to the server, but part of a word where psql splits the line. */
        lexer->line_copy.state = CFTI_COPY_NONE;
    } else if ((cfti_kinds[c] & CFTI_SPACE) && (!source || (c != '\f' && c != '\v'))) {
        cfti_copy_line_word(lexer);
    } else if (c == ';') {
        cfti_copy_line_word(lexer);
        if (cfti_copy_reads(&lexer->line_copy)) lexer->quote = '\n'; /* that was all */
        else lexer->line_copy.state = CFTI_COPY_NONE;
    } else if (c == '$' && lexer->word_size == 0 && !source) {
        lexer->quote = c;
        lexer->in_tag = true;
        lexer->tag_size = 0;
    } else if (source ? c != '\'' : (cfti_kinds[c] & CFTI_IDENT) != 0) {
        cfti_lex_letter(lexer, cfti_lower(c));
    } else if ((c == '\'' || c == '"') && before == c) {
        lexer->quote = c; /* a doubled quote: the same token goes on */
    } else if ((c == '-' || c == '/') && (state < CFTI_COPY_READS || state > CFTI_COPY_SOURCE)) {
        cfti_copy_line_word(lexer);
        lexer->before = c;
    } else if (c == '&' && !source && cfti_lex_word_is(lexer, "u")) {
        lexer->word_size = 0;
        lexer->before = c;
    } else {
        lexer->escapes = c == '\'' && cfti_lex_word_is(lexer, "e");
        if (!lexer->escapes) cfti_copy_line_word(lexer);
        lexer->word_size = 0;
        lexer->format = lexer->line_copy.state == CFTI_COPY_LIST_FORMAT;
        cfti_copy_line_token(lexer, c);
        if (c == '\'' || c == '"') lexer->quote = c;
    }
}

/* The line of a \copy. psql takes all up to white space for the file: stdin.csv is one. */
static const uint8_t *cfti_lex_copy_line(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    for (; p < end && *p != '\n'; p++) {
        uint8_t before = lexer->last;
        if (before == 0 && (cfti_kinds[*p] & CFTI_SPACE)) continue; /* before the first word */
        lexer->last = *p;
        if (lexer->before != 0 && cfti_copy_line_mark(lexer, *p)) continue;
        if (lexer->quote == 0) cfti_copy_line_byte(lexer, *p, before);
        else cfti_copy_line_quoted(lexer, *p, before);
    }
    if (p < end) cfti_copy_line_end(lexer);
    return p;
}
