/* ---- lexer_copy.c: where a script holds no SQL: COPY data and psql's commands ---- */

/* Kinds of bytes. IDENT is scan.l's {ident_cont}; STOP is what may begin something
 * when it is met between tokens. */
#define CFTI_IDENT 1
#define CFTI_DIGIT 2
#define CFTI_SPACE 4
#define CFTI_STOP 8
#define CFTI_IDENT_16 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1

/* clang-format off */
static const uint8_t cfti_kinds[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 4, 4, 4, 0, 0, /* \t \n \v \f \r */
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* */
    4, 0, 8, 0, 9, 0, 0, 8, 0, 0, 0, 0, 0, 8, 0, 8, /* space " $ ' - / */
    3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 8, 0, 0, 0, 0, /* 0-9 ; */
    0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, /* A-O */
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 8, 0, 0, 1, /* P-Z \ _ */
    0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, /* a-o */
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, /* p-z */
    CFTI_IDENT_16, CFTI_IDENT_16, CFTI_IDENT_16, CFTI_IDENT_16, /* every byte outside ASCII */
    CFTI_IDENT_16, CFTI_IDENT_16, CFTI_IDENT_16, CFTI_IDENT_16,
};
/* clang-format on */

/* Where in the text the next byte stands. */
enum {
    CFTI_AT_START,      /* a byte order mark may come, of which `matched` bytes have */
    CFTI_AT_SQL,        /* between tokens, or in one that matters to nobody */
    CFTI_AT_DASH,       /* after - between tokens */
    CFTI_AT_SLASH,      /* after / */
    CFTI_AT_BACKSLASH,  /* after \ */
    CFTI_AT_LINE,       /* in a line of which the rest does not matter; `then` comes after it */
    CFTI_AT_COMMENT,    /* in a comment, `depth` deep */
    CFTI_AT_QUOTE,      /* in '...' or "..." : `quote` says which */
    CFTI_AT_QUOTE_END,  /* after its quote, which may be the first of a doubled one */
    CFTI_AT_ESCAPE,     /* in E'...' */
    CFTI_AT_ESCAPED,    /* after a backslash there */
    CFTI_AT_ESCAPE_END, /* after a quote there */
    CFTI_AT_GAP,        /* in white space after that; a quote after a newline continues E'...' */
    CFTI_AT_GAP_DASH,   /* after - there */
    CFTI_AT_TAG,        /* after $ and `tag_size` bytes of a tag */
    CFTI_AT_DOLLAR,     /* in $tag$...$tag$, `matched` bytes of the closing one seen */
    CFTI_AT_LOST,       /* in a dollar quote whose tag is too long to be remembered */
    CFTI_AT_META,       /* in the name of one of psql's commands */
    CFTI_AT_META_COPY   /* in the line of a \copy */
};

/* The identifier or number that ends just before the next byte. */
enum {
    CFTI_RUN_NONE,
    CFTI_RUN_DIGITS,
    CFTI_RUN_E, /* e or E alone: a quote now is that of an E'...' */
    CFTI_RUN_WORD
};

/* What is known of the statement. Parentheses and words count in COPY alone. */
enum { CFTI_STATEMENT_START, CFTI_STATEMENT_COPY, CFTI_STATEMENT_OTHER };

typedef struct cfti_lexer {
    confiture_check_mode mode;
    uint8_t at;        /* CFTI_AT_ */
    uint8_t run;       /* CFTI_RUN_, of what stands before the piece */
    uint8_t then;      /* CFTI_AT_ */
    uint8_t statement; /* CFTI_STATEMENT_ */
    uint8_t quote;
    uint8_t before;       /* in a comment: the byte before, unless it is used up */
    uint8_t data_matched; /* bytes of a line \. ; 3: the line is none */
    bool newline;         /* CFTI_AT_GAP: it holds one */
    bool from;            /* the word before was FROM */
    bool from_stdin;      /* and then STDIN came */
    bool in_data;         /* in the lines after COPY ... FROM STDIN; `at` waits for their end */
    uint16_t tag_size;
    uint16_t matched;
    const uint8_t *counted; /* within a piece: the newlines before this are in `line` */
    const uint8_t *opened;  /* within a piece: where `at` was entered */
    uint64_t line;
    uint64_t open_line;
    uint64_t copy_line; /* of the last COPY */
    uint64_t data_line; /* of the COPY whose data come or are being read */
    uint64_t sent_line; /* of the ; before the data: for all COPYs but the first */
    uint64_t waiting;   /* COPYs ended by \; that the next ; sends */
    uint64_t sent;      /* COPYs whose data have not ended */
    uint64_t depth;
    uint64_t parens;
    uint64_t word; /* the word that is being read, see CFTI_WORD5 */
    uint8_t tag[255];
} cfti_lexer;

/* The last eight bytes of a word in lower case. No byte of a word is zero, so a
 * longer word never equals a shorter one. */
#define CFTI_WORD5(a, b, c, d, e)                                                                  \
    ((uint64_t)(a) << 32 | (uint64_t)(b) << 24 | (uint64_t)(c) << 16 | (uint64_t)(d) << 8 |        \
     (uint64_t)(e))

static void cfti_lexer_init(cfti_lexer *lexer, confiture_check_mode mode) {
    memset(lexer, 0, sizeof *lexer);
    lexer->mode = mode;
    lexer->line = 1;
}

/* The line of p. Newlines are counted for whole pieces, or up to what is of
 * interest in one: never byte by byte. */
static uint64_t cfti_lex_line(cfti_lexer *lexer, const uint8_t *p) {
    if (p != lexer->counted) {
        lexer->line += cfti_count_byte(lexer->counted, (size_t)(p - lexer->counted), '\n');
        lexer->counted = p;
    }
    return lexer->line;
}

/* ==== Statements and COPY ================================================ */

static void cfti_lex_letter(cfti_lexer *lexer, uint8_t c) {
    lexer->word = lexer->word << 8 | (uint64_t)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* The word, if there is one, ends before p. */
static void cfti_lex_word(cfti_lexer *lexer, const uint8_t *p) {
    uint64_t word = lexer->word;

    if (word == 0) return;
    lexer->word = 0;
    if (lexer->statement == CFTI_STATEMENT_START) {
        lexer->statement = CFTI_STATEMENT_OTHER;
        if (word == CFTI_WORD5(0, 'c', 'o', 'p', 'y')) {
            lexer->statement = CFTI_STATEMENT_COPY;
            lexer->copy_line = cfti_lex_line(lexer, p);
        }
    } else if (lexer->parens == 0) {
        if (lexer->from && word == CFTI_WORD5('s', 't', 'd', 'i', 'n')) lexer->from_stdin = true;
        lexer->from = word == CFTI_WORD5(0, 'f', 'r', 'o', 'm');
    }
}

/* Something stands here that is neither a word nor white space. */
static void cfti_lex_token(cfti_lexer *lexer, uint8_t c) {
    if (lexer->statement == CFTI_STATEMENT_START) lexer->statement = CFTI_STATEMENT_OTHER;
    lexer->from = false;
    if (c == '(') lexer->parens++;
    else if (c == ')' && lexer->parens > 0) lexer->parens--;
}

static void cfti_lex_statement(cfti_lexer *lexer, uint8_t statement) {
    lexer->statement = statement;
    lexer->from = lexer->from_stdin = false;
    lexer->parens = 0;
    lexer->word = 0;
}

static void cfti_lex_statement_end(cfti_lexer *lexer, bool send) {
    if (lexer->statement == CFTI_STATEMENT_COPY && lexer->from_stdin) {
        if (lexer->waiting + lexer->sent == 0) lexer->data_line = lexer->copy_line;
        lexer->waiting++;
    }
    cfti_lex_statement(lexer, CFTI_STATEMENT_START);
    if (send) {
        lexer->sent += lexer->waiting;
        lexer->waiting = 0;
    }
}

static void cfti_lex_semicolon(cfti_lexer *lexer, bool send) {
    if (lexer->statement == CFTI_STATEMENT_COPY && lexer->parens > 0) lexer->from = false;
    else cfti_lex_statement_end(lexer, send);
}

/* Lines of data. A finding gets the line of the COPY word: the data themselves
 * look like any other line, and nobody would know what was meant. */
static const uint8_t *cfti_lex_data(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    static const uint8_t last[3] = {'\\', '.', '\n'};

    while (p < end) {
        if (lexer->data_matched < 3 && *p == last[lexer->data_matched]) {
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

/* ==== Commands of psql =================================================== */

/* The name of one of psql's commands. */
static const uint8_t *cfti_lex_meta(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    uint64_t name;

    for (; p < end && (cfti_kinds[*p] & CFTI_IDENT); p++) cfti_lex_letter(lexer, *p);
    if (p == end) return p;
    name = lexer->word;
    lexer->word = 0;
    lexer->at = CFTI_AT_LINE;
    lexer->then = CFTI_AT_SQL;
    if (name == CFTI_WORD5(0, 'c', 'o', 'p', 'y')) {
        lexer->at = CFTI_AT_META_COPY;
        lexer->quote = 0;
        cfti_lex_statement(lexer, CFTI_STATEMENT_COPY);
        lexer->copy_line = cfti_lex_line(lexer, p);
    } else if (lexer->statement == CFTI_STATEMENT_OTHER) {
        /* \gset and its like end a statement. Others need not, but no statement
         * that goes on after one can be mistaken for a COPY FROM STDIN. */
        cfti_lex_statement(lexer, CFTI_STATEMENT_START);
    } else if (name == 'g' || name == CFTI_WORD5(0, 0, 0, 'g', 'x')) {
        cfti_lex_statement_end(lexer, true);
    }
    return p;
}

/* The line of a \copy: psql splits it at white space, so stdin.csv is a file. */
static const uint8_t *cfti_lex_meta_copy(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    for (; p < end && *p != '\n'; p++) {
        if (lexer->quote) {
            if (*p == lexer->quote) lexer->quote = 0;
        } else if (cfti_kinds[*p] & CFTI_SPACE) {
            cfti_lex_word(lexer, p);
        } else if (memchr("'\"(),;", *p, 6)) {
            cfti_lex_word(lexer, p);
            cfti_lex_token(lexer, *p);
            if (*p == '\'' || *p == '"') lexer->quote = *p;
        } else {
            /* A NUL would not show in the word. */
            cfti_lex_letter(lexer, *p != 0 ? *p : 0xFF);
        }
    }
    if (p < end) {
        cfti_lex_word(lexer, p);
        cfti_lex_statement_end(lexer, true);
        lexer->at = CFTI_AT_SQL;
    }
    return p;
}
