/* ---- text/lexer.c: what a file leaves open at its end ---- */

/* The rules are those of PostgreSQL's scan.l with standard_conforming_strings on, and of psql's
 * psqlscan.l and command.c around it. scan.l and psqlscan.l differ on strings that continue
 * after a newline: scan.l decides, since the server reads the statement. */

/* The only finding that is accepted in the last file of an output: psql sends what it holds. */
static const char cfti_statement_open[] = "statement never ended: add ';'";

/* ==== Between tokens ===================================================== */

/* Each of the next three functions returns the byte after what it has skipped, or NULL if what
 * begins at p needs a state, which is set. Plain quotes and comments to the end of the line are
 * frequent: they are skipped here unless the piece ends in one. */

/* The $ at p continues an identifier or may begin a quote. The rest of an identifier is skipped
 * at once: looking back from each of its $ would take quadratic time. */
static const uint8_t *cfti_lex_sql_dollar(cfti_lexer *lexer, const uint8_t *from, const uint8_t *p,
                                          const uint8_t *end) {
    uint8_t run = cfti_lex_run(lexer, from, p);

    if (run != CFTI_RUN_E && run != CFTI_RUN_WORD && run != CFTI_RUN_EXPONENT) {
        cfti_lex_token(lexer, p, *p);
        lexer->word_size = 0;
        lexer->state = CFTI_LEX_TAG;
        lexer->tag_size = 0;
        return NULL;
    }
    for (; p < end && (cfti_kinds[*p] & CFTI_IDENT); p++)
        if (lexer->word_size > 0) cfti_word_add(lexer, *p);
    lexer->run = CFTI_RUN_WORD;
    return p;
}

static const uint8_t *cfti_lex_sql_quote(cfti_lexer *lexer, const uint8_t *from, const uint8_t *p,
                                         const uint8_t *end) {
    const uint8_t *q;

    lexer->in_format = lexer->query.kind == CFTI_STATEMENT_COPY &&
                       lexer->query.copy.state == CFTI_COPY_LIST_FORMAT;
    cfti_lex_token(lexer, p, *p);
    if (*p == '\'' && cfti_lex_escapes(lexer, from, p)) {
        lexer->state = CFTI_LEX_ESCAPE;
        lexer->continued = false;
        return NULL;
    }
    q = cfti_find2(p + 1, end, *p, *p);
    while (end - q > 1 && q[1] == *p) q = cfti_find2(q + 2, end, *p, *p);
    if (end - q > 1 && !lexer->in_format) {
        lexer->run = CFTI_RUN_NONE;
        return q + 1;
    }
    lexer->state = CFTI_LEX_QUOTE;
    lexer->quote = *p;
    if (lexer->in_format) lexer->word_size = 0;
    return NULL;
}

/* The - at p begins a comment or ends the piece. memchr, since comments are longer than most
 * strings. */
static const uint8_t *cfti_lex_sql_comment(cfti_lexer *lexer, const uint8_t *p,
                                           const uint8_t *end) {
    const uint8_t *newline = (const uint8_t *)memchr(p, '\n', (size_t)(end - p));

    if (newline != NULL) lexer->run = CFTI_RUN_NONE;
    else lexer->state = CFTI_LEX_DASH;
    return newline;
}

/* The byte at p may begin something. Returns the byte to continue at, or NULL if a state is set.
 * *from moves past what cannot be part of the run before the next byte. */
static const uint8_t *cfti_lex_sql_stop(cfti_lexer *lexer, const uint8_t **from, const uint8_t *p,
                                        const uint8_t *end) {
    const uint8_t *next = NULL;

    switch (*p) {
    case '-':
        if (end - p > 1 && p[1] != '-') {
            cfti_lex_token(lexer, p, *p);
            if (lexer->words_matter) {
                lexer->run = cfti_lex_step(lexer->run, *p);
                *from = p + 1;
            }
            return p + 1;
        }
        next = cfti_lex_sql_comment(lexer, p, end);
        break;
    case '$': next = cfti_lex_sql_dollar(lexer, *from, p, end); break;
    case '\'':
    case '"': next = cfti_lex_sql_quote(lexer, *from, p, end); break;
    case '/': lexer->state = CFTI_LEX_SLASH; break;
    case '\\': lexer->state = CFTI_LEX_BACKSLASH; break;
    case 'b':
    case 'B':
        if (!cfti_lex_may_begin(lexer, *from, p, end)) return p + 1;
        lexer->run = cfti_lex_run(lexer, *from, p);
        lexer->words_matter = true;
        *from = p;
        return p;
    default: return p + 1; /* # or & */
    }
    if (next != NULL) *from = next;
    return next;
}

/* Reads SQL until a token needs a state or a COPY is sent. The run before p depends on the bytes
 * from `from` on and on lexer->run. */
static const uint8_t *cfti_lex_sql(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    const uint8_t *from = p, *next;
    cfti_window window;

    window.at = NULL;
    for (;;) {
        if (lexer->words_matter) {
            from = p = cfti_lex_first_word(lexer, p, end);
            if (lexer->words_matter) from = p = cfti_lex_words(lexer, p, end);
            if (lexer->routine == CFTI_ROUTINE_YES) window.at = NULL; /* its stops lack b */
            if (p < end && !lexer->words_matter) continue;
        } else {
            p = cfti_lex_skip(lexer, &window, p, end);
        }
        if (p == end) {
            lexer->run = cfti_lex_run(lexer, from, p);
            return p;
        }
        if (*p == ';') {
            cfti_lex_semicolon(lexer, p);
            lexer->run = CFTI_RUN_NONE;
            from = ++p;
            if (lexer->data.pending > 0 || lexer->found != NULL) return p;
            continue;
        }
        next = cfti_lex_sql_stop(lexer, &from, p, end);
        if (next == NULL) {
            bool dash = lexer->state == CFTI_LEX_DASH;
            lexer->opened.at = p;
            lexer->run = dash ? cfti_lex_run(lexer, from, p) : (uint8_t)CFTI_RUN_NONE;
            return p + 1;
        }
        p = next;
    }
}

/* After - between tokens, or in the white space after E'...'. */
static const uint8_t *cfti_lex_dash(cfti_lexer *lexer, const uint8_t *p) {
    if (*p == '-') {
        bool in_gap = lexer->state == CFTI_LEX_GAP_DASH;
        lexer->next_state = (uint8_t)(in_gap ? CFTI_LEX_GAP : CFTI_LEX_SQL);
        lexer->state = CFTI_LEX_LINE;
        lexer->run = CFTI_RUN_NONE;
        return p + 1;
    }
    cfti_lex_token(lexer, p, '-');
    lexer->run = cfti_lex_step(lexer->run, '-');
    lexer->state = CFTI_LEX_SQL;
    return p;
}

/* After / between tokens. */
static const uint8_t *cfti_lex_slash(cfti_lexer *lexer, const uint8_t *p) {
    if (*p == '*') {
        if (lexer->query.content == CFTI_QUERY_EMPTY) lexer->query.content = CFTI_QUERY_COMMENT;
        lexer->state = CFTI_LEX_COMMENT;
        lexer->depth = 1;
        lexer->previous = 0;
        return p + 1;
    }
    cfti_lex_token(lexer, p, '/');
    lexer->state = CFTI_LEX_SQL;
    return p;
}

/* After a backslash between tokens. */
static const uint8_t *cfti_lex_backslash(cfti_lexer *lexer, const uint8_t *p) {
    lexer->state = CFTI_LEX_SQL;
    if (*p == ';') {
        cfti_query_add(lexer, p, CFTI_QUERY_TOKENS);
        cfti_lex_end_statement(lexer);
        lexer->routine = CFTI_ROUTINE_START;
        return p + 1;
    }
    if (*p == ':') {
        cfti_lex_token(lexer, p, '\\');
        return p + 1;
    }
    lexer->state = CFTI_LEX_NAME;
    lexer->word_size = 0;
    return p;
}

/* ==== Within tokens ====================================================== */

/* Comments: PostgreSQL's, which nest, to the end of the outermost; in reference mode, the whole
 * piece by the reference's rules. A byte belongs to one delimiter at most. */
static const uint8_t *cfti_lex_comment(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    bool reference = lexer->mode == CONFITURE_CHECK_REFERENCE;
    const uint8_t *from = p; /* preceded by lexer->previous */

    while ((p = cfti_find2(p, end, '*', '/')) < end) {
        uint8_t before = p > from ? p[-1] : lexer->previous;
        uint8_t c = *p++;
        if (c == '*' && before == '/') {
            if (reference) {
                lexer->opened.at = p;
                lexer->depth = 0;
            }
            lexer->depth++;
        } else if (c == '/' && before == '*' && lexer->depth > 0) {
            lexer->depth--;
        } else {
            continue;
        }
        from = p;
        lexer->previous = 0;
        if (lexer->depth == 0 && !reference) {
            lexer->state = CFTI_LEX_SQL;
            return p;
        }
    }
    if (end > from) lexer->previous = end[-1];
    return end;
}

/* After $: a tag and another $ begin a quote. Otherwise the bytes of the tag are an
 * identifier. */
static const uint8_t *cfti_lex_tag(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    for (; p < end && *p != '$'; p++) {
        uint8_t kind = cfti_kinds[*p];
        if (!(kind & CFTI_IDENT) || (lexer->tag_size == 0 && (kind & CFTI_DIGIT))) {
            if (kind & CFTI_DIGIT) lexer->run = CFTI_RUN_FRACTION; /* $1 */
            if (lexer->routine == CFTI_ROUTINE_YES)
                lexer->words_matter = true; /* it may be BEGIN */
            lexer->state = CFTI_LEX_SQL;
            return p;
        }
        if (lexer->tag_size < sizeof lexer->tag) lexer->tag[lexer->tag_size++] = *p;
        else lexer->tag_size = sizeof lexer->tag + 1;
        cfti_word_add(lexer, cfti_lower(*p));
        lexer->run = cfti_lex_step(lexer->run, *p);
    }
    if (p < end) {
        p++;
        lexer->run = CFTI_RUN_NONE;
        lexer->word_size = 0;
        lexer->matched = 0;
        lexer->state =
            (uint8_t)(lexer->tag_size > sizeof lexer->tag ? CFTI_LEX_LONG_TAG : CFTI_LEX_DOLLAR);
    }
    return p;
}

/* In a dollar quote. A tag contains no $: after a mismatch only a $ can begin the closing tag. */
static const uint8_t *cfti_lex_dollar(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    while (p < end) {
        if (lexer->matched == 0) {
            p = (const uint8_t *)memchr(p, '$', (size_t)(end - p));
            if (!p) return end;
            p++;
            lexer->matched = 1;
        } else if (lexer->matched <= lexer->tag_size) {
            if (*p == lexer->tag[lexer->matched - 1]) {
                p++;
                lexer->matched++;
            } else {
                lexer->matched = 0;
            }
        } else if (*p == '$') {
            lexer->state = CFTI_LEX_SQL;
            return p + 1;
        } else {
            lexer->matched = 0;
        }
    }
    return p;
}

/* In '...' and "..." and at their ends. */
static const uint8_t *cfti_lex_quote(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    if (lexer->state == CFTI_LEX_QUOTE_END) {
        bool doubled = *p == lexer->quote;
        lexer->state = (uint8_t)(doubled ? CFTI_LEX_QUOTE : CFTI_LEX_SQL);
        if (!doubled) cfti_copy_format(lexer, &lexer->query.copy);
        return p + doubled;
    }
    if (lexer->in_format && *p != lexer->quote) {
        cfti_word_add(lexer, *p);
        return p + 1;
    }
    p = cfti_find2(p, end, lexer->quote, lexer->quote);
    if (p == end) return p;
    lexer->state = CFTI_LEX_QUOTE_END;
    return p + 1;
}

/* In E'...'. */
static const uint8_t *cfti_lex_escape(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    bool quote = *p == '\'';

    switch (lexer->state) {
    case CFTI_LEX_ESCAPED:
        /* The quote ends for psql or for the server, but not for both. */
        if (quote && lexer->continued) {
            cfti_lex_resolve(lexer, &lexer->opened);
            cfti_lex_report(lexer, "quote never closed", lexer->opened.line);
        }
        lexer->state = CFTI_LEX_ESCAPE;
        return p + 1;
    case CFTI_LEX_ESCAPE_END:
        lexer->state = (uint8_t)(quote ? CFTI_LEX_ESCAPE : CFTI_LEX_GAP);
        lexer->saw_newline = false;
        return p + quote;
    default:
        p = cfti_find2(p, end, '\'', '\\');
        if (p == end) return p;
        lexer->state = (uint8_t)(*p == '\\' ? CFTI_LEX_ESCAPED : CFTI_LEX_ESCAPE_END);
        return p + 1;
    }
}

/* In the white space after E'...'. A quote after a newline continues the string for the server.
 * psql, which reads line by line, begins '...' there. */
static const uint8_t *cfti_lex_gap(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    for (; p < end && (cfti_kinds[*p] & CFTI_SPACE); p++)
        lexer->saw_newline = lexer->saw_newline || *p == '\n';
    if (p == end) return p;
    if (*p == '\'' && lexer->saw_newline) {
        lexer->state = CFTI_LEX_ESCAPE;
        lexer->continued = true;
        lexer->opened.at = p++;
    } else if (*p == '-') {
        lexer->state = CFTI_LEX_GAP_DASH;
        p++;
    } else {
        lexer->state = CFTI_LEX_SQL;
    }
    return p;
}

/* ==== The lexer ========================================================== */

/* At the start of the text: a byte order mark, or a prefix of one. */
static const uint8_t *cfti_lex_start(cfti_lexer *lexer, const uint8_t *p) {
    static const uint8_t mark[3] = {0xEF, 0xBB, 0xBF};

    if (*p == mark[lexer->matched]) {
        if (++lexer->matched < 3) return p + 1;
        cfti_lex_report(lexer, "byte order mark: remove it, or use strip_bom", 1);
        lexer->state = CFTI_LEX_SQL;
        return p + 1;
    }
    if (lexer->matched > 0) {
        /* A prefix of the mark is a word, and no keyword. */
        cfti_lex_token(lexer, p, CFTI_TOKEN_NUMBER);
        lexer->routine = CFTI_ROUTINE_NO;
        lexer->run = CFTI_RUN_WORD;
        cfti_lex_update_words(lexer);
    }
    lexer->state = CFTI_LEX_SQL;
    return p;
}

/* Reads SQL and psql commands until the piece ends, a COPY is sent, or a finding is reported. */
static const uint8_t *cfti_lex(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    uint64_t pending = lexer->data.pending;

    while (p < end && lexer->data.pending == pending && lexer->found == NULL) {
        switch (lexer->state) {
        case CFTI_LEX_START: p = cfti_lex_start(lexer, p); break;
        case CFTI_LEX_SQL: p = cfti_lex_sql(lexer, p, end); break;
        case CFTI_LEX_DASH:
        case CFTI_LEX_GAP_DASH: p = cfti_lex_dash(lexer, p); break;
        case CFTI_LEX_SLASH: p = cfti_lex_slash(lexer, p); break;
        case CFTI_LEX_BACKSLASH: p = cfti_lex_backslash(lexer, p); break;
        case CFTI_LEX_LINE:
            p = cfti_find2(p, end, '\n', '\n');
            if (p < end) lexer->state = lexer->next_state;
            break;
        case CFTI_LEX_COMMENT: p = cfti_lex_comment(lexer, p, end); break;
        case CFTI_LEX_QUOTE:
        case CFTI_LEX_QUOTE_END: p = cfti_lex_quote(lexer, p, end); break;
        case CFTI_LEX_ESCAPE:
        case CFTI_LEX_ESCAPED:
        case CFTI_LEX_ESCAPE_END: p = cfti_lex_escape(lexer, p, end); break;
        case CFTI_LEX_GAP: p = cfti_lex_gap(lexer, p, end); break;
        case CFTI_LEX_TAG: p = cfti_lex_tag(lexer, p, end); break;
        case CFTI_LEX_DOLLAR: p = cfti_lex_dollar(lexer, p, end); break;
        case CFTI_LEX_LONG_TAG: p = end; break;
        case CFTI_LEX_COPY_LINE: p = cfti_lex_copy_line(lexer, p, end); break;
        default: p = cfti_lex_command(lexer, p, end); break;
        }
    }
    return p;
}

/* Text without NUL. */
static void cfti_lex_text(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    const uint8_t *stop;

    while (p < end && (lexer->found == NULL || lexer->data.pending > 0)) {
        if (lexer->data.reading) {
            p = cfti_lex_data(lexer, p, end);
        } else if (lexer->data.pending == 0) {
            p = cfti_lex(lexer, p, end);
        } else {
            /* psql reads the whole line that contains the COPY, and then the data,
             * whatever the rest of the line has opened. */
            stop = cfti_find2(p, end, '\n', '\n');
            stop += stop < end;
            p = cfti_lex(lexer, p, stop);
            if (lexer->found != NULL) p = stop;
            lexer->data.reading = p == stop && p[-1] == '\n';
            if (lexer->data.reading) lexer->data.sent_line = cfti_lex_line(lexer, p) - 1;
        }
    }
}

/* The statement or block that more SQL could still complete, or NULL. */
static const char *cfti_lex_unfinished(const cfti_lexer *lexer, uint64_t *line) {
    if (lexer->branch_count > 0) {
        *line = lexer->branches[0].line;
        return "\\if never ended: add \\endif";
    }
    if (lexer->query.parens > 0) {
        *line = lexer->query.open_paren.line;
        return "parenthesis never closed: add ')'";
    }
    if (lexer->begin_depth > 0) {
        *line = lexer->begin.line;
        return "BEGIN ATOMIC never ended: add END";
    }
    if (lexer->restricted) {
        *line = lexer->restrict_line;
        return "\\restrict never ended: add \\unrestrict";
    }
    if (lexer->query.content != CFTI_QUERY_TOKENS) return NULL;
    *line = lexer->query.start.line;
    return cfti_statement_open;
}

/* Whether the end of the text leaves nothing to report. */
static bool cfti_lex_is_done(const cfti_lexer *lexer) {
    uint64_t line;
    return lexer->state == CFTI_LEX_SQL && lexer->run == CFTI_RUN_NONE && lexer->found == NULL &&
           lexer->data.pending == 0 && cfti_lex_unfinished(lexer, &line) == NULL;
}

/* Reads a piece. The positions in it become lines, since the piece is gone afterwards. */
static void cfti_lex_piece(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    lexer->counted = p;
    if (lexer->mode == CONFITURE_CHECK_REFERENCE) cfti_lex_comment(lexer, p, end);
    else cfti_lex_text(lexer, p, end);
    if (lexer->is_last_piece && cfti_lex_is_done(lexer)) {
        /* No finding needs a line. */
        lexer->opened.at = lexer->begin.at = NULL;
        lexer->query.start.at = lexer->query.open_paren.at = NULL;
        return;
    }
    cfti_lex_line(lexer, end);
    cfti_lex_resolve(lexer, &lexer->opened);
    cfti_lex_resolve(lexer, &lexer->query.start);
    cfti_lex_resolve(lexer, &lexer->query.open_paren);
    cfti_lex_resolve(lexer, &lexer->begin);
}

static const uint8_t cfti_newline = '\n';

/* A NUL byte ends the line for psql: the command before it runs, and the data end. */
static void cfti_lex_nul(cfti_lexer *lexer) {
    uint64_t line = lexer->line;
    cfti_lex_piece(lexer, &cfti_newline, &cfti_newline + 1);
    if (lexer->data.pending > 0) lexer->found = NULL; /* the data have ended */
    lexer->data.pending = 0;
    cfti_lex_report(lexer, "NUL byte, where psql drops the rest of the line: remove it", line);
}

/* Translated text, in pieces of any size. */
static void cfti_lexer_feed(cfti_lexer *lexer, const uint8_t *text, size_t n) {
    const uint8_t *nul = NULL;

    if (n == 0 || lexer->mode == CONFITURE_CHECK_NONE ||
        (lexer->found != NULL && lexer->data.pending == 0))
        return;
    if (lexer->mode == CONFITURE_CHECK_POSTGRES) nul = (const uint8_t *)memchr(text, 0, n);
    if (nul != NULL) lexer->is_last_piece = false; /* the finding needs its line */
    cfti_lex_piece(lexer, text, nul != NULL ? nul : text + n);
    if (nul != NULL) cfti_lex_nul(lexer);
}

/* NULL if nothing is open; otherwise a constant phrase, and the line, from 1, where it was
 * opened. */
static const char *cfti_lexer_end(cfti_lexer *lexer, uint64_t *line) {
    /* A schema has a newline after every file. The newline ends psql's commands, and the
     * line \. of data. */
    cfti_lexer_feed(lexer, &cfti_newline, 1);
    if (lexer->data.pending > 0) {
        *line = lexer->data.copy_line;
        return "COPY data never ended: no line \\. follows";
    }
    if (lexer->found != NULL) {
        *line = lexer->found_line;
        return lexer->found;
    }
    *line = lexer->opened.line;
    if (lexer->mode == CONFITURE_CHECK_REFERENCE && lexer->depth > 0) return "comment never closed";
    switch (lexer->state) {
    case CFTI_LEX_COMMENT: return "comment never closed";
    case CFTI_LEX_QUOTE:
        return lexer->quote == '"' ? "quoted identifier never closed" : "quote never closed";
    case CFTI_LEX_ESCAPE:
    case CFTI_LEX_ESCAPED: return "quote never closed";
    case CFTI_LEX_DOLLAR: return "dollar quote never closed";
    case CFTI_LEX_LONG_TAG: return "dollar-quote tag longer than 255 bytes";
    default: break;
    }
    *line = 0;
    return lexer->mode == CONFITURE_CHECK_POSTGRES ? cfti_lex_unfinished(lexer, line) : NULL;
}

/* Feeds the last piece; the result is cfti_lexer_end's. */
static const char *cfti_lexer_finish(cfti_lexer *lexer, const uint8_t *text, size_t n,
                                     uint64_t *line) {
    lexer->is_last_piece = true;
    cfti_lexer_feed(lexer, text, n);
    return cfti_lexer_end(lexer, line);
}
