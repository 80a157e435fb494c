/* ---- lexer.c: what is still open at the end of a file ---- */

/* The rules are those of PostgreSQL's scan.l with standard_conforming_strings on,
 * and of psql's psqlscan.l and command.c around it. Where they differ, on strings
 * that go on after a newline, it is scan.l's: the server reads the statement. */

/* ==== Between tokens ===================================================== */

/* What the identifier bytes before p are. Lexing between tokens began at `from`,
 * with lexer->run before it. 1e and $1e are words, as from PostgreSQL 15 on. */
static uint8_t cfti_lex_run(const cfti_lexer *lexer, const uint8_t *from, const uint8_t *p) {
    const uint8_t *q = p;
    uint8_t before = CFTI_RUN_NONE;

    while (q > from && (cfti_kinds[q[-1]] & CFTI_DIGIT)) q--;
    if (q > from && (cfti_kinds[q[-1]] & CFTI_IDENT)) {
        if (q < p || (q[-1] | 0x20) != 'e') return CFTI_RUN_WORD;
        q--;
        if (q > from ? (cfti_kinds[q[-1]] & CFTI_IDENT) != 0 : lexer->run != CFTI_RUN_NONE)
            return CFTI_RUN_WORD;
        return CFTI_RUN_E;
    }
    if (q == from) before = lexer->run;
    if (q == p) return before;
    return before == CFTI_RUN_NONE || before == CFTI_RUN_DIGITS ? CFTI_RUN_DIGITS : CFTI_RUN_WORD;
}

/* To the next byte that may begin something; with 16 at a time also to # and &,
 * each of which one instruction takes together with " and '. */
static const uint8_t *cfti_lex_skip(const uint8_t *p, const uint8_t *end) {
#if CFTI_V16
    const cfti_v16 two = cfti_v16_fill(0x02), five = cfti_v16_fill(0x05);
    const cfti_v16 slash = cfti_v16_fill('/'), quote = cfti_v16_fill('\'');
    const cfti_v16 dollar = cfti_v16_fill('$'), semicolon = cfti_v16_fill(';');
    const cfti_v16 backslash = cfti_v16_fill('\\');

    for (; end - p >= 16; p += 16) {
        cfti_v16 v = cfti_v16_load(p);
        cfti_v16 comments = cfti_v16_equal(cfti_v16_or(v, two), slash); /* - / */
        cfti_v16 quotes =
            cfti_v16_or(cfti_v16_equal(cfti_v16_or(v, five), quote), cfti_v16_equal(v, dollar));
        cfti_v16 ends = cfti_v16_or(cfti_v16_equal(v, semicolon), cfti_v16_equal(v, backslash));
        unsigned at = cfti_v16_first(cfti_v16_or(comments, cfti_v16_or(quotes, ends)));
        if (at < 16) return p + at;
    }
#else
    while (
        end - p >= 4 &&
        !((cfti_kinds[p[0]] | cfti_kinds[p[1]] | cfti_kinds[p[2]] | cfti_kinds[p[3]]) & CFTI_STOP))
        p += 4;
#endif
    while (p < end && !(cfti_kinds[*p] & CFTI_STOP)) p++;
    return p;
}

/* The same where words matter: before the first of a statement, and in COPY. May
 * return early, once they no longer do. */
static const uint8_t *cfti_lex_words(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    const uint64_t copy = CFTI_WORD5(0, 'c', 'o', 'p', 'y');

    for (; p < end && lexer->statement != CFTI_STATEMENT_OTHER; p++) {
        uint8_t kind = cfti_kinds[*p];
        if (*p == '$') break; /* which may be part of the word */
        if (kind & CFTI_IDENT) {
            cfti_lex_letter(lexer, *p);
            /* Most statements show in a letter or two that they are not COPY. */
            if (lexer->statement == CFTI_STATEMENT_START && lexer->word != copy >> 24 &&
                lexer->word != copy >> 16 && lexer->word != copy >> 8 && lexer->word != copy)
                cfti_lex_statement(lexer, CFTI_STATEMENT_OTHER);
            continue;
        }
        cfti_lex_word(lexer, p);
        if (kind & CFTI_STOP) break;
        if (!(kind & CFTI_SPACE)) cfti_lex_token(lexer, *p);
    }
    return p;
}

/* Goes on between tokens, until something begins or a COPY is sent. Comments to the
 * end of the line and plain quotes are frequent, and are passed over right here,
 * unless the piece ends in one; `at` and the state machine below are for what
 * remains. */
static const uint8_t *cfti_lex_sql(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    const uint8_t *from = p, *q;
    uint8_t run;

    for (;; p++) {
        p = lexer->statement == CFTI_STATEMENT_OTHER ? cfti_lex_skip(p, end)
                                                     : cfti_lex_words(lexer, p, end);
        if (p == end) {
            lexer->run = cfti_lex_run(lexer, from, p);
            return p;
        }
        switch (*p) {
        case ';':
            cfti_lex_semicolon(lexer, true);
            if (lexer->sent == 0) continue;
            lexer->run = CFTI_RUN_NONE;
            return p + 1;
        case '$':
            run = cfti_lex_run(lexer, from, p);
            if (run == CFTI_RUN_E || run == CFTI_RUN_WORD) {
                /* All of the identifier now: to look back from each of its $ would
                 * take time that grows with the square of their number. */
                while (end - p > 1 && (cfti_kinds[p[1]] & CFTI_IDENT)) p++;
                lexer->word = UINT64_MAX;
                continue;
            }
            cfti_lex_word(lexer, p);
            cfti_lex_token(lexer, *p);
            lexer->at = CFTI_AT_TAG;
            lexer->tag_size = 0;
            break;
        case '\'':
        case '"':
            cfti_lex_token(lexer, *p);
            if (*p == '\'' && cfti_lex_run(lexer, from, p) == CFTI_RUN_E) {
                lexer->at = CFTI_AT_ESCAPE;
                break;
            }
            q = cfti_find2(p + 1, end, *p, *p);
            if (end - q > 1 && q[1] != *p) {
                p = q;
                from = p + 1;
                lexer->run = CFTI_RUN_NONE;
                continue;
            }
            lexer->at = CFTI_AT_QUOTE;
            lexer->quote = *p;
            break;
        case '-':
            if (end - p > 1 && p[1] != '-') {
                cfti_lex_token(lexer, *p);
                continue;
            }
            /* memchr, since comments are longer than most strings. */
            q = (const uint8_t *)memchr(p, '\n', (size_t)(end - p));
            if (q) {
                p = q;
                from = p;
                continue;
            }
            lexer->at = CFTI_AT_DASH;
            break;
        case '/': lexer->at = CFTI_AT_SLASH; break;
        case '\\': lexer->at = CFTI_AT_BACKSLASH; break;
        default: cfti_lex_token(lexer, *p); continue;
        }
        lexer->opened = p;
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
                lexer->opened = p;
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
            if (lexer->tag_size > 0) lexer->run = CFTI_RUN_WORD;
            if (lexer->tag_size == 1 && (lexer->tag[0] | 0x20) == 'e') lexer->run = CFTI_RUN_E;
            lexer->at = CFTI_AT_SQL;
            return p;
        }
        if (lexer->tag_size < sizeof lexer->tag) lexer->tag[lexer->tag_size++] = *p;
        else lexer->tag_size = sizeof lexer->tag + 1;
        cfti_lex_letter(lexer, *p);
    }
    if (p < end) {
        p++;
        lexer->word = 0;
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

/* After the quote that may end an E'...': is there another that continues it? */
static const uint8_t *cfti_lex_gap(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    for (; p < end && (cfti_kinds[*p] & CFTI_SPACE); p++)
        lexer->newline = lexer->newline || *p == '\n';
    if (p == end) return p;
    if (*p == '\'' && lexer->newline) {
        lexer->at = CFTI_AT_ESCAPE;
        lexer->opened = p++;
    } else if (*p == '-') {
        lexer->at = CFTI_AT_GAP_DASH;
        p++;
    } else {
        lexer->at = CFTI_AT_SQL;
    }
    return p;
}

/* ==== The lexer ========================================================== */

/* Goes on until p == end or a COPY is sent. */
static const uint8_t *cfti_lex(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    static const uint8_t mark[3] = {0xEF, 0xBB, 0xBF};
    uint64_t sent = lexer->sent;

    while (p < end && lexer->sent == sent) {
        uint8_t c = *p;
        switch (lexer->at) {
        case CFTI_AT_START:
            if (c == mark[lexer->matched]) {
                p++;
                if (++lexer->matched < 3) break;
            } else if (lexer->matched > 0) {
                lexer->run = CFTI_RUN_WORD;
                lexer->word = UINT64_MAX;
            }
            lexer->at = CFTI_AT_SQL;
            break;
        case CFTI_AT_SQL: p = cfti_lex_sql(lexer, p, end); break;
        case CFTI_AT_DASH:
        case CFTI_AT_SLASH:
            if (c == '-' && lexer->at == CFTI_AT_DASH) {
                lexer->at = CFTI_AT_LINE;
                lexer->then = CFTI_AT_SQL;
                p++;
            } else if (c == '*' && lexer->at == CFTI_AT_SLASH) {
                lexer->at = CFTI_AT_COMMENT;
                lexer->depth = 1;
                lexer->before = 0;
                p++;
            } else {
                cfti_lex_token(lexer, '-');
                lexer->at = CFTI_AT_SQL;
            }
            break;
        case CFTI_AT_LINE:
            p = cfti_find2(p, end, '\n', '\n');
            if (p < end) lexer->at = lexer->then;
            break;
        case CFTI_AT_COMMENT: p = cfti_lex_comment(lexer, p, end); break;
        case CFTI_AT_QUOTE:
            p = cfti_find2(p, end, lexer->quote, lexer->quote);
            if (p < end) {
                lexer->at = CFTI_AT_QUOTE_END;
                p++;
            }
            break;
        case CFTI_AT_QUOTE_END:
            lexer->at = CFTI_AT_SQL;
            if (c == lexer->quote) {
                lexer->at = CFTI_AT_QUOTE;
                p++;
            }
            break;
        case CFTI_AT_ESCAPE:
            p = cfti_find2(p, end, '\'', '\\');
            if (p < end) lexer->at = (uint8_t)(*p++ == '\\' ? CFTI_AT_ESCAPED : CFTI_AT_ESCAPE_END);
            break;
        case CFTI_AT_ESCAPED:
            lexer->at = CFTI_AT_ESCAPE;
            p++;
            break;
        case CFTI_AT_ESCAPE_END:
            lexer->at = CFTI_AT_GAP;
            lexer->newline = false;
            if (c == '\'') {
                lexer->at = CFTI_AT_ESCAPE;
                p++;
            }
            break;
        case CFTI_AT_GAP: p = cfti_lex_gap(lexer, p, end); break;
        case CFTI_AT_GAP_DASH:
            lexer->at = CFTI_AT_SQL;
            if (c == '-') {
                lexer->at = CFTI_AT_LINE;
                lexer->then = CFTI_AT_GAP;
                p++;
            }
            break;
        case CFTI_AT_TAG: p = cfti_lex_tag(lexer, p, end); break;
        case CFTI_AT_DOLLAR: p = cfti_lex_dollar(lexer, p, end); break;
        case CFTI_AT_BACKSLASH:
            lexer->at = CFTI_AT_SQL;
            if (c == ';') {
                cfti_lex_semicolon(lexer, false);
                p++;
            } else if (c == ':') {
                cfti_lex_token(lexer, c);
                p++;
            } else {
                lexer->at = CFTI_AT_META;
                lexer->word = 0;
            }
            break;
        case CFTI_AT_META: p = cfti_lex_meta(lexer, p, end); break;
        case CFTI_AT_META_COPY: p = cfti_lex_meta_copy(lexer, p, end); break;
        default: /* CFTI_AT_LOST */ p = end; break;
        }
    }
    return p;
}

/* The line where `at` was entered, if that was in this piece: known once, and then
 * counting goes on from there. */
static void cfti_lex_open_line(cfti_lexer *lexer) {
    if (lexer->opened == NULL) return;
    if (lexer->opened >= lexer->counted) lexer->open_line = cfti_lex_line(lexer, lexer->opened);
    lexer->opened = NULL;
}

/* Translated text, in pieces of any size. */
static void cfti_lexer_feed(cfti_lexer *lexer, const uint8_t *text, size_t n) {
    const uint8_t *p = text, *end, *stop;

    if (n == 0 || lexer->mode == CONFITURE_CHECK_NONE) return;
    end = text + n;
    lexer->counted = text;
    lexer->opened = NULL;
    if (lexer->mode == CONFITURE_CHECK_REFERENCE) p = cfti_lex_comment(lexer, p, end);
    while (p < end) {
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
            lexer->in_data = p == stop && p[-1] == '\n';
            if (lexer->in_data) {
                cfti_lex_open_line(lexer);
                lexer->sent_line = cfti_lex_line(lexer, p) - 1;
            }
        }
    }
    cfti_lex_open_line(lexer);
    cfti_lex_line(lexer, end);
}

/* NULL if nothing is open, else a constant phrase, and the line, from 1, where it
 * was opened. */
static const char *cfti_lexer_end(cfti_lexer *lexer, uint64_t *line) {
    static const uint8_t newline = '\n';

    /* In a schema one follows, whether the file has it or not: it ends psql's commands,
     * and the line \. of data. */
    cfti_lexer_feed(lexer, &newline, 1);
    if (lexer->sent > 0) {
        *line = lexer->data_line;
        return "COPY data never ended: no line \\. follows";
    }
    *line = lexer->open_line;
    if (lexer->mode == CONFITURE_CHECK_REFERENCE && lexer->depth > 0) return "comment never closed";
    switch (lexer->at) {
    case CFTI_AT_COMMENT: return "comment never closed";
    case CFTI_AT_QUOTE:
        return lexer->quote == '"' ? "quoted identifier never closed" : "quote never closed";
    case CFTI_AT_ESCAPE:
    case CFTI_AT_ESCAPED: return "quote never closed";
    case CFTI_AT_DOLLAR: return "dollar quote never closed";
    case CFTI_AT_LOST: return "dollar-quote tag longer than 255 bytes";
    default: *line = 0; return NULL;
    }
}
