/* ---- text/lexer.c: what is still open at the end of a file ---- */

/* The rules are those of PostgreSQL's scan.l with standard_conforming_strings on,
 * and of psql's psqlscan.l and command.c around it. Where they differ, on strings
 * that go on after a newline, it is scan.l's: the server reads the statement. */

/* The only finding that is none in the last file of an output: psql sends what it holds. */
static const char cfti_statement_open[] = "statement never ended: add ';'";

/* ==== Between tokens ===================================================== */

/* The $ at p: the rest of an identifier, which is passed over at once (to look back from
 * each of its $ would take time that grows with the square of their number), or NULL: it
 * may begin a quote. */
static const uint8_t *cfti_lex_dollar_word(cfti_lexer *lexer, const uint8_t *from, const uint8_t *p,
                                           const uint8_t *end) {
    uint8_t run = cfti_lex_run(lexer, from, p);

    if (run != CFTI_RUN_E && run != CFTI_RUN_WORD && run != CFTI_RUN_EXPONENT) return NULL;
    while (p < end && (cfti_kinds[*p] & CFTI_IDENT)) {
        if (lexer->word_size > 0) cfti_lex_letter(lexer, *p);
        p++;
    }
    lexer->run = CFTI_RUN_WORD;
    return p;
}

/* Goes on between tokens, until something begins or a COPY is sent. Comments to the
 * end of the line and plain quotes are frequent, and are passed over right here,
 * unless the piece ends in one; `at` and the state machine below are for what
 * remains. */
static const uint8_t *cfti_lex_sql(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    const uint8_t *from = p, *q;
    cfti_window window;

    window.at = NULL;
    for (;;) {
        if (lexer->words) {
            from = p = cfti_lex_first_word(lexer, p, end);
            if (lexer->words) from = p = cfti_lex_words(lexer, p, end);
            if (lexer->routine == CFTI_ROUTINE_YES) window.at = NULL; /* it knows no b */
            if (p < end && !lexer->words) continue;
        } else {
            p = cfti_lex_skip(lexer, &window, p, end);
        }
        if (p == end) {
            lexer->run = cfti_lex_run(lexer, from, p);
            return p;
        }
        switch (*p) {
        case ';':
            cfti_lex_semicolon(lexer, p);
            lexer->run = CFTI_RUN_NONE;
            from = ++p;
            if (lexer->sent > 0 || lexer->found != NULL) return p;
            continue;
        case '$':
            q = cfti_lex_dollar_word(lexer, from, p, end);
            if (q != NULL) {
                from = p = q;
                continue;
            }
            cfti_lex_token(lexer, p, *p);
            lexer->word_size = 0;
            lexer->at = CFTI_AT_TAG;
            lexer->tag_size = 0;
            break;
        case '\'':
        case '"':
            lexer->format = lexer->held.kind == CFTI_STATEMENT_COPY &&
                            lexer->held.copy.state == CFTI_COPY_LIST_FORMAT;
            cfti_lex_token(lexer, p, *p);
            if (*p == '\'' && cfti_lex_escapes(lexer, from, p)) {
                lexer->at = CFTI_AT_ESCAPE;
                lexer->continued = false;
                break;
            }
            q = cfti_find2(p + 1, end, *p, *p);
            while (end - q > 1 && q[1] == *p) q = cfti_find2(q + 2, end, *p, *p);
            if (end - q > 1 && !lexer->format) {
                from = p = q + 1;
                lexer->run = CFTI_RUN_NONE;
                continue;
            }
            lexer->at = CFTI_AT_QUOTE;
            lexer->quote = *p;
            if (lexer->format) lexer->word_size = 0;
            break;
        case '-':
            if (end - p > 1 && p[1] != '-') {
                cfti_lex_token(lexer, p, *p);
                if (lexer->words) lexer->run = cfti_lex_step(lexer->run, *p);
                p++;
                if (lexer->words) from = p;
                continue;
            }
            /* memchr, since comments are longer than most strings. */
            q = (const uint8_t *)memchr(p, '\n', (size_t)(end - p));
            if (q) {
                from = p = q;
                lexer->run = CFTI_RUN_NONE;
                continue;
            }
            lexer->run = cfti_lex_run(lexer, from, p);
            lexer->opened.at = p;
            lexer->at = CFTI_AT_DASH;
            return p + 1;
        case '/': lexer->at = CFTI_AT_SLASH; break;
        case '\\': lexer->at = CFTI_AT_BACKSLASH; break;
        case 'b':
        case 'B':
            if (!cfti_lex_may_start(lexer, from, p, end)) {
                p++;
                continue;
            }
            lexer->run = cfti_lex_run(lexer, from, p);
            lexer->words = true;
            from = p;
            continue;
        default: p++; continue; /* # or & */
        }
        lexer->opened.at = p;
        lexer->run = CFTI_RUN_NONE;
        return p + 1;
    }
}

/* ==== Within tokens ====================================================== */

/* Comments: PostgreSQL's, which nest, until the outermost is closed; or, in
 * reference mode, a whole piece of text by the reference's rules. A byte is part
 * of one pair at most. */
static const uint8_t *cfti_lex_comment(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    bool reference = lexer->mode == CONFITURE_CHECK_REFERENCE;
    const uint8_t *from = p; /* `before` stands before this */

    while ((p = cfti_find2(p, end, '*', '/')) < end) {
        uint8_t before = p > from ? p[-1] : lexer->before;
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
        lexer->before = 0;
        if (lexer->depth == 0 && !reference) {
            lexer->at = CFTI_AT_SQL;
            return p;
        }
    }
    if (end > from) lexer->before = end[-1];
    return end;
}

/* After $: a tag and another $ begin a quote; anything else is no quote, and what
 * was read of the tag is an identifier. */
static const uint8_t *cfti_lex_tag(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    for (; p < end && *p != '$'; p++) {
        uint8_t kind = cfti_kinds[*p];
        if (!(kind & CFTI_IDENT) || (lexer->tag_size == 0 && (kind & CFTI_DIGIT))) {
            if (kind & CFTI_DIGIT) lexer->run = CFTI_RUN_FRACTION;       /* $1, which has no more */
            if (lexer->routine == CFTI_ROUTINE_YES) lexer->words = true; /* it may be BEGIN */
            lexer->at = CFTI_AT_SQL;
            return p;
        }
        if (lexer->tag_size < sizeof lexer->tag) lexer->tag[lexer->tag_size++] = *p;
        else lexer->tag_size = sizeof lexer->tag + 1;
        cfti_lex_letter(lexer, cfti_lower(*p));
        lexer->run = cfti_lex_step(lexer->run, *p);
    }
    if (p < end) {
        p++;
        lexer->run = CFTI_RUN_NONE;
        lexer->word_size = 0;
        lexer->matched = 0;
        lexer->at = (uint8_t)(lexer->tag_size > sizeof lexer->tag ? CFTI_AT_LOST : CFTI_AT_DOLLAR);
    }
    return p;
}

/* A tag holds no $, so after a mismatch nothing but a $ can begin the delimiter. */
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
            lexer->at = CFTI_AT_SQL;
            return p + 1;
        } else {
            lexer->matched = 0;
        }
    }
    return p;
}

/* After the quote that may end an E'...': is there another that continues it? To the
 * server; psql, which reads line by line, begins '...' there. */
static const uint8_t *cfti_lex_gap(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    for (; p < end && (cfti_kinds[*p] & CFTI_SPACE); p++)
        lexer->newline = lexer->newline || *p == '\n';
    if (p == end) return p;
    if (*p == '\'' && lexer->newline) {
        lexer->at = CFTI_AT_ESCAPE;
        lexer->continued = true;
        lexer->opened.at = p++;
    } else if (*p == '-') {
        lexer->at = CFTI_AT_GAP_DASH;
        p++;
    } else {
        lexer->at = CFTI_AT_SQL;
    }
    return p;
}

/* After a backslash between tokens. */
static const uint8_t *cfti_lex_backslash(cfti_lexer *lexer, const uint8_t *p) {
    lexer->at = CFTI_AT_SQL;
    if (*p == ';') {
        cfti_lex_hold(lexer, p, CFTI_HELD_TOKENS);
        cfti_lex_end_statement(lexer);
        lexer->routine = CFTI_ROUTINE_START;
        return p + 1;
    }
    if (*p == ':') {
        cfti_lex_token(lexer, p, '\\');
        return p + 1;
    }
    lexer->at = CFTI_AT_NAME;
    lexer->word_size = 0;
    return p;
}

/* ==== The lexer ========================================================== */

/* States that a byte or two decide. */
static const uint8_t *cfti_lex_byte(cfti_lexer *lexer, const uint8_t *p) {
    static const uint8_t mark[3] = {0xEF, 0xBB, 0xBF};
    uint8_t c = *p;

    switch (lexer->at) {
    case CFTI_AT_START:
        if (c == mark[lexer->matched]) {
            if (++lexer->matched < 3) return p + 1;
            cfti_lex_found(lexer, "byte order mark: remove it, or use strip_bom", 1);
            lexer->at = CFTI_AT_SQL;
            return p + 1;
        }
        if (lexer->matched > 0) {
            /* Part of one is a word, which is no word that matters. */
            cfti_lex_token(lexer, p, CFTI_TOKEN_NUMBER);
            lexer->routine = CFTI_ROUTINE_NO;
            lexer->run = CFTI_RUN_WORD;
            cfti_lex_words_matter(lexer);
        }
        lexer->at = CFTI_AT_SQL;
        return p;
    case CFTI_AT_DASH:
        if (c == '-') {
            lexer->at = CFTI_AT_LINE;
            lexer->then = CFTI_AT_SQL;
            lexer->run = CFTI_RUN_NONE;
            return p + 1;
        }
        cfti_lex_token(lexer, p, '-');
        lexer->run = cfti_lex_step(lexer->run, '-');
        lexer->at = CFTI_AT_SQL;
        return p;
    case CFTI_AT_SLASH:
        if (c == '*') {
            if (lexer->held.what == CFTI_HELD_NOTHING) lexer->held.what = CFTI_HELD_COMMENT;
            lexer->at = CFTI_AT_COMMENT;
            lexer->depth = 1;
            lexer->before = 0;
            return p + 1;
        }
        cfti_lex_token(lexer, p, '/');
        lexer->at = CFTI_AT_SQL;
        return p;
    case CFTI_AT_QUOTE_END:
        lexer->at = (uint8_t)(c == lexer->quote ? CFTI_AT_QUOTE : CFTI_AT_SQL);
        if (c != lexer->quote) cfti_copy_format(lexer, &lexer->held.copy);
        return p + (c == lexer->quote);
    case CFTI_AT_ESCAPED:
        /* Here psql and the server part: to one of them the quote ends. */
        if (c == '\'' && lexer->continued) {
            cfti_lex_settle(lexer, &lexer->opened);
            cfti_lex_found(lexer, "quote never closed", lexer->opened.line);
        }
        lexer->at = CFTI_AT_ESCAPE;
        return p + 1;
    case CFTI_AT_ESCAPE_END:
        lexer->at = (uint8_t)(c == '\'' ? CFTI_AT_ESCAPE : CFTI_AT_GAP);
        lexer->newline = false;
        return p + (c == '\'');
    case CFTI_AT_GAP_DASH:
        if (c == '-') {
            lexer->at = CFTI_AT_LINE;
            lexer->then = CFTI_AT_GAP;
            return p + 1;
        }
        cfti_lex_token(lexer, p, '-');
        lexer->at = CFTI_AT_SQL;
        return p;
    case CFTI_AT_BACKSLASH: return cfti_lex_backslash(lexer, p);
    case CFTI_AT_ARGUMENT_ESCAPED: return cfti_lex_argument_escaped(lexer, p);
    case CFTI_AT_ARGUMENT_NUMBER: return cfti_lex_argument_number(lexer, p);
    case CFTI_AT_ARGUMENT_END:
        lexer->at = (uint8_t)(c == '\'' ? CFTI_AT_ARGUMENT_QUOTE : CFTI_AT_ARGUMENTS);
        if (c == '\'') cfti_argument_byte(lexer, c, true);
        return p + (c == '\'');
    default: /* CFTI_AT_NEXT_COMMAND */
        lexer->at = (uint8_t)(c == '\\' ? CFTI_AT_SQL : CFTI_AT_BACKSLASH);
        lexer->opened.at = p;
        return p + (c == '\\');
    }
}

/* Goes on until p == end, a COPY is sent or something is found. */
static const uint8_t *cfti_lex(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    uint64_t sent = lexer->sent;

    while (p < end && lexer->sent == sent && lexer->found == NULL) {
        switch (lexer->at) {
        case CFTI_AT_SQL: p = cfti_lex_sql(lexer, p, end); break;
        case CFTI_AT_LINE:
            p = cfti_find2(p, end, '\n', '\n');
            if (p < end) lexer->at = lexer->then;
            break;
        case CFTI_AT_COMMENT: p = cfti_lex_comment(lexer, p, end); break;
        case CFTI_AT_QUOTE:
            if (lexer->format && *p != lexer->quote) {
                cfti_lex_letter(lexer, *p++);
                break;
            }
            p = cfti_find2(p, end, lexer->quote, lexer->quote);
            if (p < end) {
                lexer->at = CFTI_AT_QUOTE_END;
                p++;
            }
            break;
        case CFTI_AT_ESCAPE:
            p = cfti_find2(p, end, '\'', '\\');
            if (p < end) lexer->at = (uint8_t)(*p++ == '\\' ? CFTI_AT_ESCAPED : CFTI_AT_ESCAPE_END);
            break;
        case CFTI_AT_GAP: p = cfti_lex_gap(lexer, p, end); break;
        case CFTI_AT_TAG: p = cfti_lex_tag(lexer, p, end); break;
        case CFTI_AT_DOLLAR: p = cfti_lex_dollar(lexer, p, end); break;
        case CFTI_AT_LOST: p = end; break;
        case CFTI_AT_NAME: p = cfti_lex_name(lexer, p, end); break;
        case CFTI_AT_ARGUMENTS: p = cfti_lex_arguments(lexer, p, end); break;
        case CFTI_AT_ARGUMENT_QUOTE: p = cfti_lex_argument_quote(lexer, p, end); break;
        case CFTI_AT_COPY_LINE: p = cfti_lex_copy_line(lexer, p, end); break;
        default: p = cfti_lex_byte(lexer, p); break;
        }
    }
    return p;
}

/* Text without NUL. */
static void cfti_lex_text(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    const uint8_t *stop;

    while (p < end && (lexer->found == NULL || lexer->sent > 0)) {
        if (lexer->in_data) {
            p = cfti_lex_data(lexer, p, end);
        } else if (lexer->sent == 0) {
            p = cfti_lex(lexer, p, end);
        } else {
            /* psql reads a whole line before it sends the COPY in it, and then the
             * data, whatever the rest of that line may have opened. */
            stop = cfti_find2(p, end, '\n', '\n');
            stop += stop < end;
            p = cfti_lex(lexer, p, stop);
            if (lexer->found != NULL) p = stop;
            lexer->in_data = p == stop && p[-1] == '\n';
            if (lexer->in_data) lexer->sent_line = cfti_lex_line(lexer, p) - 1;
        }
    }
}

/* What psql holds of a script that is open to more SQL; NULL: nothing. */
static const char *cfti_lex_left(const cfti_lexer *lexer, uint64_t *line) {
    if (lexer->branch_count > 0) {
        *line = lexer->branches[0].line;
        return "\\if never ended: add \\endif";
    }
    if (lexer->held.parens > 0) {
        *line = lexer->held.paren.line;
        return "parenthesis never closed: add ')'";
    }
    if (lexer->begins > 0) {
        *line = lexer->began.line;
        return "BEGIN ATOMIC never ended: add END";
    }
    if (lexer->restricted) {
        *line = lexer->restrict_line;
        return "\\restrict never ended: add \\unrestrict";
    }
    if (lexer->held.what != CFTI_HELD_TOKENS) return NULL;
    *line = lexer->held.begun.line;
    return cfti_statement_open;
}

/* Whether there is nothing left to tell of. */
static bool cfti_lex_is_done(const cfti_lexer *lexer) {
    uint64_t line;
    return lexer->at == CFTI_AT_SQL && lexer->run == CFTI_RUN_NONE && lexer->found == NULL &&
           lexer->sent == 0 && cfti_lex_left(lexer, &line) == NULL;
}

/* A piece of it; what was entered within the piece has a line after that. */
static void cfti_lex_piece(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    lexer->counted = p;
    if (lexer->mode == CONFITURE_CHECK_REFERENCE) cfti_lex_comment(lexer, p, end);
    else cfti_lex_text(lexer, p, end);
    if (lexer->ending && cfti_lex_is_done(lexer)) {
        /* Nobody will ask for a line, so none are counted. */
        lexer->opened.at = lexer->began.at = NULL;
        lexer->held.begun.at = lexer->held.paren.at = NULL;
        return;
    }
    cfti_lex_line(lexer, end);
    cfti_lex_settle(lexer, &lexer->opened);
    cfti_lex_settle(lexer, &lexer->held.begun);
    cfti_lex_settle(lexer, &lexer->held.paren);
    cfti_lex_settle(lexer, &lexer->began);
}

static const uint8_t cfti_newline = '\n';

/* NUL ends the line for psql: a command before it runs, and data do not go on. */
static void cfti_lex_nul(cfti_lexer *lexer) {
    uint64_t line = lexer->line;
    cfti_lex_piece(lexer, &cfti_newline, &cfti_newline + 1);
    if (lexer->sent > 0) lexer->found = NULL; /* what follows it is no data */
    lexer->sent = 0;
    cfti_lex_found(lexer, "NUL byte, where psql drops the rest of the line: remove it", line);
}

/* Translated text, in pieces of any size. */
static void cfti_lexer_feed(cfti_lexer *lexer, const uint8_t *text, size_t n) {
    const uint8_t *nul = NULL;

    if (n == 0 || lexer->mode == CONFITURE_CHECK_NONE || (lexer->found != NULL && lexer->sent == 0))
        return;
    if (lexer->mode == CONFITURE_CHECK_POSTGRES) nul = (const uint8_t *)memchr(text, 0, n);
    if (nul != NULL) lexer->ending = false; /* its line is asked for */
    cfti_lex_piece(lexer, text, nul != NULL ? nul : text + n);
    if (nul != NULL) cfti_lex_nul(lexer);
}

/* NULL if nothing is open, else a constant phrase, and the line, from 1, where it
 * was opened. */
static const char *cfti_lexer_end(cfti_lexer *lexer, uint64_t *line) {
    /* In a schema one follows, whether the file has it or not: it ends psql's commands,
     * and the line \. of data. */
    cfti_lexer_feed(lexer, &cfti_newline, 1);
    if (lexer->sent > 0) {
        *line = lexer->data_line;
        return "COPY data never ended: no line \\. follows";
    }
    if (lexer->found != NULL) {
        *line = lexer->found_line;
        return lexer->found;
    }
    *line = lexer->opened.line;
    if (lexer->mode == CONFITURE_CHECK_REFERENCE && lexer->depth > 0) return "comment never closed";
    switch (lexer->at) {
    case CFTI_AT_COMMENT: return "comment never closed";
    case CFTI_AT_QUOTE:
        return lexer->quote == '"' ? "quoted identifier never closed" : "quote never closed";
    case CFTI_AT_ESCAPE:
    case CFTI_AT_ESCAPED: return "quote never closed";
    case CFTI_AT_DOLLAR: return "dollar quote never closed";
    case CFTI_AT_LOST: return "dollar-quote tag longer than 255 bytes";
    default: break;
    }
    *line = 0;
    return lexer->mode == CONFITURE_CHECK_POSTGRES ? cfti_lex_left(lexer, line) : NULL;
}

/* The last piece, and what cfti_lexer_end says then. */
static const char *cfti_lexer_finish(cfti_lexer *lexer, const uint8_t *text, size_t n,
                                     uint64_t *line) {
    lexer->ending = true;
    cfti_lexer_feed(lexer, text, n);
    return cfti_lexer_end(lexer, line);
}
