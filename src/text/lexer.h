/* ---- text/lexer.h: the lexer's state between two bytes of a script ---- */

/* The kinds of bytes. CFTI_IDENT is scan.l's {ident_cont}. Between tokens a CFTI_STOP byte may
 * begin something. */
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

/* What the next byte belongs to. */
enum {
    CFTI_LEX_START,      /* a byte order mark, of which `matched` bytes were read */
    CFTI_LEX_SQL,        /* SQL between tokens, or a token that needs no state */
    CFTI_LEX_DASH,       /* after - between tokens */
    CFTI_LEX_SLASH,      /* after / between tokens */
    CFTI_LEX_BACKSLASH,  /* after \ between tokens */
    CFTI_LEX_LINE,       /* the rest of a line that is skipped; `next_state` follows */
    CFTI_LEX_COMMENT,    /* a comment, `depth` levels deep */
    CFTI_LEX_QUOTE,      /* '...' or "...": `quote` says which */
    CFTI_LEX_QUOTE_END,  /* after the closing quote, which may be the first of a doubled one */
    CFTI_LEX_ESCAPE,     /* E'...' */
    CFTI_LEX_ESCAPED,    /* E'...', after a backslash */
    CFTI_LEX_ESCAPE_END, /* E'...', after a quote */
    CFTI_LEX_GAP,        /* the white space after E'...'; a quote after a newline continues it */
    CFTI_LEX_GAP_DASH,   /* after - in that white space */
    CFTI_LEX_TAG,        /* after $ and `tag_size` bytes of a tag */
    CFTI_LEX_DOLLAR,     /* $tag$...$tag$, of whose closing tag `matched` bytes were read */
    CFTI_LEX_LONG_TAG,   /* a dollar quote whose tag exceeds `tag` */
    CFTI_LEX_NAME,       /* the name of a psql command */
    CFTI_LEX_ARGUMENTS,  /* its arguments */
    CFTI_LEX_ARGUMENT_QUOTE,   /* '...', "..." or `...` in an argument: `quote` says which */
    CFTI_LEX_ARGUMENT_ESCAPED, /* after a backslash in '...' */
    CFTI_LEX_ARGUMENT_NUMBER,  /* the digits of \x41 or \101 in '...' */
    CFTI_LEX_ARGUMENT_END,     /* after the closing quote of '...' */
    CFTI_LEX_NEXT_COMMAND,     /* after the backslash that ends the arguments */
    CFTI_LEX_COPY_LINE         /* the line of a \copy */
};

/* The identifier, number or variable that ends before the next byte. */
enum {
    CFTI_RUN_NONE,
    CFTI_RUN_E, /* e or E alone: a quote after it begins E'...' */
    CFTI_RUN_WORD,
    CFTI_RUN_COLON,    /* a colon that may begin a variable */
    CFTI_RUN_BRACE,    /* :{ */
    CFTI_RUN_TEST,     /* :{? */
    CFTI_RUN_UNICODE,  /* u&, which may begin U&'...' or U&"..." */
    CFTI_RUN_VARIABLE, /* :name */
    CFTI_RUN_DIGITS,   /* 12 */
    CFTI_RUN_POINT,    /* 12. */
    CFTI_RUN_DOT,      /* . after anything but a number */
    CFTI_RUN_FRACTION, /* 12.3 or .3 */
    CFTI_RUN_EXPONENT, /* 12e: a word, unless digits follow */
    CFTI_RUN_SIGN,     /* 12e- */
    CFTI_RUN_REAL      /* 12e-3 */
};

/* What psql's query buffer holds. */
enum { CFTI_QUERY_EMPTY, CFTI_QUERY_COMMENT, CFTI_QUERY_VARIABLE, CFTI_QUERY_TOKENS };

/* The current statement by its first token. */
enum { CFTI_STATEMENT_START, CFTI_STATEMENT_COPY, CFTI_STATEMENT_OTHER };

/* The first identifiers of the statement as a prefix of CREATE [OR REPLACE] FUNCTION or
 * PROCEDURE. psql looks for BEGIN, CASE and END in these statements only. */
enum {
    CFTI_ROUTINE_START,
    CFTI_ROUTINE_CREATE,
    CFTI_ROUTINE_OR,
    CFTI_ROUTINE_REPLACE,
    CFTI_ROUTINE_YES,
    CFTI_ROUTINE_NO
};

/* A position whose line is counted only when a finding needs it, or when its piece ends. */
typedef struct cfti_position {
    const uint8_t *at; /* NULL: `line` is known */
    uint64_t line;
} cfti_position;

/* The state of COPY's grammar: see text/lexer_copy.c. */
typedef struct cfti_copy_state {
    uint8_t state; /* CFTI_COPY_ */
    bool binary;
    uint32_t depth; /* of parentheses */
} cfti_copy_state;

/* psql's query buffer. A branch of \if that is not taken restores it. */
typedef struct cfti_query {
    uint8_t content; /* CFTI_QUERY_ */
    uint8_t kind;    /* CFTI_STATEMENT_, of the current statement; \; may have ended others */
    bool pending_binary;
    cfti_copy_state copy;
    uint64_t pending;      /* COPYs ended by \;, which are sent with the rest */
    uint64_t pending_line; /* of the first of them */
    uint64_t copy_line;    /* of the current COPY */
    uint64_t parens;
    cfti_position start, open_paren; /* the first token; the outermost open parenthesis */
} cfti_query;

/* An open \if. */
typedef struct cfti_branch {
    bool active;      /* the current branch is read */
    bool skip_rest;   /* the branches after it are skipped */
    bool unknown;     /* only psql knows the condition: every branch is read */
    bool has_else;    /* \else was read */
    bool leaves_open; /* a branch of an unknown condition has left `left_open` */
    uint64_t line;
    cfti_query saved, left_open;
} cfti_branch;

#define CFTI_MAX_BRANCHES 16

/* The current psql command and its arguments. */
typedef struct cfti_command_state {
    uint8_t kind;                /* CFTI_COMMAND_ */
    uint8_t needed;              /* required arguments that are still missing */
    bool pipes;                  /* the next argument may be | and the rest of the line */
    bool condition;              /* \if or \elif: the arguments are collected in `word` */
    bool takes_options;          /* \g or \gx, whose first arguments may be (options) */
    bool has_options;            /* the first argument begins with ( */
    bool options_end;            /* an argument has ended with ) */
    bool bad_option;             /* \pset has no option of this name */
    bool first;                  /* the current argument is the first */
    bool in_argument, in_value;  /* in_value: after the = of an option */
    bool empty, ends_in_paren;   /* the argument's value */
    bool unknown;                /* only psql knows the value of an argument */
    bool known_before;           /* the values of all arguments before the current one are known */
    uint8_t last;                /* the last byte of the argument */
    uint8_t word_start;          /* `word_size` before the argument */
    uint8_t base, digits, value; /* of \x41 and \101; digits: how many may still follow */
    uint32_t semicolons;         /* at the end of the argument so far */
    uint64_t key;                /* FNV-1a hash of the argument */
} cfti_command_state;

/* The line of a \copy. */
typedef struct cfti_copy_line {
    cfti_copy_state copy;
    bool has_schema; /* the table's name is qualified */
    bool escapes;    /* the current string is E'...' */
    bool in_tag;     /* the opening tag of a dollar quote is not complete */
    uint8_t last;    /* the last byte */
} cfti_copy_line;

/* The data that follow a COPY ... FROM STDIN. */
typedef struct cfti_copy_data {
    bool reading;        /* the next byte is data; `state` waits for their end */
    bool binary;         /* binary data have no end */
    uint8_t matched;     /* bytes of a line \. that were read; 3: another line */
    uint64_t pending;    /* COPYs that were sent and whose data have not ended */
    uint64_t copy_line;  /* of the COPY whose data come next or are read */
    uint64_t sent_line;  /* of the ; before the data: of every COPY after the first */
    uint64_t last_count; /* COPYs in the query sent last, which \g sends again */
    uint64_t last_line;  /* of the first of them */
} cfti_copy_data;

typedef struct cfti_lexer {
    confiture_check_mode mode;
    bool is_last_piece;

    /* What is open. */
    uint8_t state;      /* CFTI_LEX_ */
    uint8_t next_state; /* CFTI_LEX_, after CFTI_LEX_LINE */
    uint8_t quote;
    uint8_t previous;  /* in a comment: the byte before, unless a delimiter has used it */
    bool saw_newline;  /* CFTI_LEX_GAP: it contains one */
    bool continued;    /* E'...' continues where psql begins '...' */
    uint16_t tag_size; /* of `tag` */
    uint16_t matched;
    uint64_t depth;
    cfti_position opened; /* where `state` was entered */

    /* Words. */
    uint8_t run;       /* CFTI_RUN_, before the piece */
    bool words_matter; /* see cfti_lex_words */
    bool after_test;   /* the current word follows :{? */
    uint8_t word_size; /* sizeof word + 1: too long */
    uint8_t word[24];  /* SQL in lower case, a command's name, a condition, an option of \g */

    /* psql's state. */
    cfti_query query;
    cfti_command_state command;
    uint8_t branch_count;
    uint64_t excess_ifs; /* open \ifs beyond CFTI_MAX_BRANCHES */
    bool restricted;
    uint64_t restrict_line;
    uint64_t restrict_key; /* FNV-1a hash of \restrict's argument */

    /* COPY. */
    bool in_format; /* the current string is the value of the option FORMAT */
    cfti_copy_line copy_line;
    cfti_copy_data data;

    /* Routine bodies. */
    uint8_t routine;      /* CFTI_ROUTINE_ */
    uint64_t begin_depth; /* open BEGINs and CASEs */
    cfti_position begin;  /* the outermost of them */

    /* Findings. */
    const char *found; /* the finding that ended the check, or NULL */
    uint64_t found_line;
    uint64_t relative_line; /* of the first \ir; 0: none */
    const uint8_t *counted; /* `line` includes the newlines of the piece before this byte */
    uint64_t line;

    uint8_t tag[255];
    cfti_branch branches[CFTI_MAX_BRANCHES];
} cfti_lexer;

/* ==== Lines ============================================================== */

/* The line of p. Newlines are counted in bulk, forwards to the last position that was needed
 * and backwards from it: counting them byte by byte would slow every script down. */
static uint64_t cfti_lex_line(cfti_lexer *lexer, const uint8_t *p) {
    if (p < lexer->counted)
        return lexer->line - cfti_count_byte(p, (size_t)(lexer->counted - p), '\n');
    lexer->line += cfti_count_byte(lexer->counted, (size_t)(p - lexer->counted), '\n');
    lexer->counted = p;
    return lexer->line;
}

static void cfti_lex_resolve(cfti_lexer *lexer, cfti_position *position) {
    if (position->at != NULL) position->line = cfti_lex_line(lexer, position->at);
    position->at = NULL;
}

/* Reports a finding and ends the check: only the first finding counts. */
static void cfti_lex_report(cfti_lexer *lexer, const char *what, uint64_t line) {
    if (lexer->mode != CONFITURE_CHECK_POSTGRES || lexer->found != NULL) return;
    lexer->found = what;
    lexer->found_line = line;
}

/* ==== Words ============================================================== */

static void cfti_word_add(cfti_lexer *lexer, uint8_t c) {
    if (lexer->word_size < sizeof lexer->word) lexer->word[lexer->word_size++] = c;
    else lexer->word_size = sizeof lexer->word + 1;
}

static bool cfti_word_is(const cfti_lexer *lexer, const char *word) {
    size_t n = strlen(word);
    return lexer->word_size == n && memcmp(lexer->word, word, n) == 0;
}

/* Whether the word is one of those in `words`, which single spaces separate. */
static bool cfti_word_is_in(const cfti_lexer *lexer, const char *words) {
    for (;;) {
        const char *end = strchr(words, ' ');
        size_t n = end == NULL ? strlen(words) : (size_t)(end - words);
        if (lexer->word_size == n && memcmp(lexer->word, words, n) == 0) return true;
        if (end == NULL) return false;
        words = end + 1;
    }
}

/* Whether the next letter or digit begins a new run. */
static bool cfti_run_is_none(uint8_t run) {
    return run == CFTI_RUN_NONE || run == CFTI_RUN_BRACE || run == CFTI_RUN_TEST ||
           run == CFTI_RUN_UNICODE;
}

/* The run after one more byte. 1e and $1e are words, as PostgreSQL 15 and later read them. */
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
