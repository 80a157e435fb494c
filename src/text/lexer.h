/* ---- text/lexer.h: what is known of a script between two bytes of it ---- */

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
    4, 0, 8, 0, 9, 0, 0, 8, 8, 8, 0, 0, 0, 8, 0, 8, /* space " $ ' ( ) - / */
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
    CFTI_AT_NAME,       /* in the name of one of psql's commands */
    CFTI_AT_ARGUMENTS,  /* in its arguments */
    CFTI_AT_ARGUMENT_QUOTE,   /* in '...' there, "..." or `...`: `quote` says which */
    CFTI_AT_ARGUMENT_ESCAPED, /* after a backslash in '...' there */
    CFTI_AT_ARGUMENT_NUMBER,  /* in the digits that may follow that */
    CFTI_AT_ARGUMENT_END,     /* after the quote of '...' there */
    CFTI_AT_NEXT_COMMAND,     /* after the backslash that ends them */
    CFTI_AT_COPY_LINE         /* in the line of a \copy */
};

/* The identifier, number or variable that ends just before the next byte. */
enum {
    CFTI_RUN_NONE,
    CFTI_RUN_E, /* e or E alone: a quote now is that of an E'...' */
    CFTI_RUN_WORD,
    CFTI_RUN_COLON,    /* a colon that may begin a variable */
    CFTI_RUN_BRACE,    /* :{ */
    CFTI_RUN_TEST,     /* :{? */
    CFTI_RUN_UNICODE,  /* u&, which may begin U&'...' or U&"..." */
    CFTI_RUN_VARIABLE, /* :name */
    CFTI_RUN_DIGITS,   /* 12 */
    CFTI_RUN_POINT,    /* 12. */
    CFTI_RUN_DOT,      /* . with no number before it */
    CFTI_RUN_FRACTION, /* 12.3 or .3 */
    CFTI_RUN_EXPONENT, /* 12e: a word, if nothing follows */
    CFTI_RUN_SIGN,     /* 12e- */
    CFTI_RUN_REAL      /* 12e-3 */
};

/* What psql holds of a statement that it has not sent. */
enum { CFTI_HELD_NOTHING, CFTI_HELD_COMMENT, CFTI_HELD_VARIABLE, CFTI_HELD_TOKENS };

/* What is known of the statement by its first token. */
enum { CFTI_STATEMENT_START, CFTI_STATEMENT_COPY, CFTI_STATEMENT_OTHER };

/* How far a statement, by its first identifiers, is CREATE [OR REPLACE] FUNCTION or
 * PROCEDURE; only there psql looks for BEGIN, CASE and END. */
enum {
    CFTI_ROUTINE_START,
    CFTI_ROUTINE_CREATE,
    CFTI_ROUTINE_OR,
    CFTI_ROUTINE_REPLACE,
    CFTI_ROUTINE_YES,
    CFTI_ROUTINE_NO
};

/* A place whose line is counted only when it is asked for, or when its piece ends. */
typedef struct cfti_spot {
    const uint8_t *at; /* NULL: the line is known */
    uint64_t line;
} cfti_spot;

/* How a COPY is read: see text/lexer_copy.c. */
typedef struct cfti_copying {
    uint8_t state; /* CFTI_COPY_ */
    bool binary;   /* it said so */
    uint32_t depth;
} cfti_copying;

/* psql's query buffer: what an \if that is not taken gives back. */
typedef struct cfti_held {
    uint8_t what; /* CFTI_HELD_ */
    uint8_t kind; /* CFTI_STATEMENT_, of the one at hand; \; may have ended others */
    bool waiting_binary;
    cfti_copying copy;
    uint64_t waiting;      /* COPYs ended by \; that are sent with the rest */
    uint64_t waiting_line; /* of the first of them */
    uint64_t copy_line;    /* of the COPY at hand */
    uint64_t parens;
    cfti_spot begun, paren; /* the first token; the outermost parenthesis that is open */
} cfti_held;

/* An \if that is open. */
typedef struct cfti_branch {
    bool active;  /* the branch at hand is read */
    bool ignored; /* and the branches after it are not */
    bool unknown; /* the condition is: all of them are read */
    bool last;    /* \else has come */
    bool leaves;  /* one of an unknown condition has left something open: */
    uint64_t line;
    cfti_held before, left;
} cfti_branch;

#define CFTI_BRANCHES 16

typedef struct cfti_lexer {
    confiture_check_mode mode;
    uint8_t at;      /* CFTI_AT_ */
    uint8_t run;     /* CFTI_RUN_, of what stands before the piece */
    uint8_t then;    /* CFTI_AT_ */
    uint8_t routine; /* CFTI_ROUTINE_ */
    uint8_t quote;
    uint8_t before;       /* in a comment: the byte before, unless it is used up */
    uint8_t data_matched; /* bytes of a line \. ; 3: the line is none */
    bool words;           /* words matter here: see cfti_lex_words */
    bool tested;          /* the word at hand comes after :{? */
    bool newline;         /* CFTI_AT_GAP: it holds one */
    bool format;          /* a string is the value of COPY's option FORMAT */
    bool continued;       /* E'...' that goes on where psql begins '...' */
    bool in_data;         /* in the lines after COPY ... FROM STDIN; `at` waits for their end */
    bool endless;         /* they are binary */
    bool restricted;
    bool ending; /* the piece is the last */
    /* The command of psql at hand. */
    uint8_t command; /* CFTI_COMMAND_ */
    bool pipes;      /* the next argument may be | and the rest of the line */
    bool options;    /* it is \g or \gx, whose first arguments may be (options) */
    bool refused;    /* one of them is none */
    bool in_value;   /* of an option */
    bool in_argument, parenthesis, closed;
    bool empty, closing;         /* of the argument's value: no byte yet; its last is ) */
    bool condition;              /* the arguments go to `word`: they are those of \if */
    bool uncertain;              /* an argument is known to psql alone */
    bool certain;                /* all before the one at hand are known */
    uint8_t needed;              /* arguments that it must have, and has not yet */
    uint8_t last;                /* byte of the argument; of a \copy */
    bool first;                  /* the argument at hand is */
    uint32_t semicolons;         /* at its end, so far */
    uint8_t base, digits, value; /* of \x41 and \101: how many digits may still come */
    cfti_copying line_copy;
    bool dotted;  /* its table has a schema */
    bool escapes; /* the string at hand has backslashes */
    bool in_tag;  /* the $ of a tag has not come */
    uint8_t branch_count;
    uint64_t deeper; /* \ifs that there is no room for */
    uint16_t tag_size;
    uint16_t matched;
    uint8_t argument;  /* `word_size` before it */
    uint8_t word_size; /* one more than there is room for: too long */
    uint8_t word[24];  /* of SQL in lower case; a command's name; a condition; an option of \g */
    const uint8_t *counted; /* within a piece: the newlines before this are in `line` */
    uint64_t line;
    cfti_spot opened; /* where `at` was entered */
    cfti_spot began;  /* the outermost BEGIN of `begins` */
    cfti_held held;
    uint64_t begins;
    uint64_t previous; /* COPYs in what was sent last, and the line of the first */
    uint64_t previous_line;
    uint64_t data_line;     /* of the COPY whose data come or are being read */
    uint64_t sent_line;     /* of the ; before the data: for all COPYs but the first */
    uint64_t sent;          /* COPYs whose data have not ended */
    uint64_t relative_line; /* of the first \ir; 0: none */
    uint64_t restrict_line;
    uint64_t restrict_key, key; /* FNV-1a of \restrict's argument, and of the one at hand */
    uint64_t depth;
    const char *found; /* NULL, or what ended the reading, and its line */
    uint64_t found_line;
    uint8_t tag[255];
    cfti_branch branches[CFTI_BRANCHES];
} cfti_lexer;

/* ==== Lines ============================================================== */

/* The line of p. Newlines are counted for whole pieces, or up to what is of
 * interest in one, and back from there: never byte by byte. */
static uint64_t cfti_lex_line(cfti_lexer *lexer, const uint8_t *p) {
    if (p < lexer->counted)
        return lexer->line - cfti_count_byte(p, (size_t)(lexer->counted - p), '\n');
    lexer->line += cfti_count_byte(lexer->counted, (size_t)(p - lexer->counted), '\n');
    lexer->counted = p;
    return lexer->line;
}

static void cfti_lex_settle(cfti_lexer *lexer, cfti_spot *mark) {
    if (mark->at != NULL) mark->line = cfti_lex_line(lexer, mark->at);
    mark->at = NULL;
}

/* What is a finding as soon as it is read. Nothing after it is. */
static void cfti_lex_found(cfti_lexer *lexer, const char *what, uint64_t line) {
    if (lexer->mode != CONFITURE_CHECK_POSTGRES || lexer->found != NULL) return;
    lexer->found = what;
    lexer->found_line = line;
}

/* ==== Words ============================================================== */

static void cfti_lex_letter(cfti_lexer *lexer, uint8_t c) {
    if (lexer->word_size < sizeof lexer->word) lexer->word[lexer->word_size++] = c;
    else lexer->word_size = sizeof lexer->word + 1;
}

static bool cfti_lex_word_is(const cfti_lexer *lexer, const char *word) {
    size_t n = strlen(word);
    return lexer->word_size == n && memcmp(lexer->word, word, n) == 0;
}

/* Nothing that the next letter or digit could go on with. */
static bool cfti_run_is_none(uint8_t run) {
    return run == CFTI_RUN_NONE || run == CFTI_RUN_BRACE || run == CFTI_RUN_TEST ||
           run == CFTI_RUN_UNICODE;
}

/* The run after one more byte. 1e and $1e are words, as from PostgreSQL 15 on. */
static uint8_t cfti_lex_step(uint8_t run, uint8_t c) {
    bool digit = (cfti_kinds[c] & CFTI_DIGIT) != 0, exponent = (c | 0x20) == 'e';

    if (c == ':') return run == CFTI_RUN_COLON ? CFTI_RUN_NONE : CFTI_RUN_COLON;
    if (c == '.')
        return run == CFTI_RUN_DIGITS                         ? CFTI_RUN_POINT
               : run == CFTI_RUN_DOT || run == CFTI_RUN_POINT ? CFTI_RUN_NONE
                                                              : CFTI_RUN_DOT;
    if (c == '{') return run == CFTI_RUN_COLON ? CFTI_RUN_BRACE : CFTI_RUN_NONE;
    if (c == '?') return run == CFTI_RUN_BRACE ? CFTI_RUN_TEST : CFTI_RUN_NONE;
    if (c == '+' || c == '-') return run == CFTI_RUN_EXPONENT ? CFTI_RUN_SIGN : CFTI_RUN_NONE;
    if (!(cfti_kinds[c] & CFTI_IDENT)) return CFTI_RUN_NONE;
    switch (run) {
    case CFTI_RUN_NONE:
    case CFTI_RUN_BRACE:
    case CFTI_RUN_TEST:
    case CFTI_RUN_UNICODE: return digit ? CFTI_RUN_DIGITS : exponent ? CFTI_RUN_E : CFTI_RUN_WORD;
    case CFTI_RUN_SIGN: return digit ? CFTI_RUN_REAL : exponent ? CFTI_RUN_E : CFTI_RUN_WORD;
    case CFTI_RUN_DOT: return digit ? CFTI_RUN_FRACTION : exponent ? CFTI_RUN_E : CFTI_RUN_WORD;
    case CFTI_RUN_COLON:
    case CFTI_RUN_VARIABLE: return CFTI_RUN_VARIABLE;
    case CFTI_RUN_DIGITS:
        return digit ? CFTI_RUN_DIGITS : exponent ? CFTI_RUN_EXPONENT : CFTI_RUN_WORD;
    case CFTI_RUN_POINT:
    case CFTI_RUN_FRACTION:
        return digit ? CFTI_RUN_FRACTION : exponent ? CFTI_RUN_EXPONENT : CFTI_RUN_WORD;
    case CFTI_RUN_REAL: return digit ? CFTI_RUN_REAL : CFTI_RUN_WORD;
    default: return CFTI_RUN_WORD;
    }
}
