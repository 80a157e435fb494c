/* ---- text/lexer_skip.c: between tokens ---- */

/* Most of a script is text in which nothing begins, and the lexer skips it. Words matter only at
 * the start of a statement, in a COPY, and in a CREATE FUNCTION from the word BEGIN on. */

/* The run before p: lexer->run is the run before `from`. */
static uint8_t cfti_lex_run(const cfti_lexer *lexer, const uint8_t *from, const uint8_t *p) {
    const uint8_t *q = p;
    uint8_t run;

    while (q > from && ((cfti_kinds[q[-1]] & CFTI_IDENT) || q[-1] == ':' || q[-1] == '.' ||
                        q[-1] == '+' || q[-1] == '-' || q[-1] == '{' || q[-1] == '?'))
        q--;
    run = q == from ? lexer->run : (uint8_t)CFTI_RUN_NONE;
    for (; q < p; q++) run = cfti_lex_step(run, *q);
    return run;
}

/* Whether a quote at p begins E'...'. The byte before it decides most cases. */
static bool cfti_lex_escapes(const cfti_lexer *lexer, const uint8_t *from, const uint8_t *p) {
    if (p > from && (p[-1] | 0x20) != 'e') return false;
    return cfti_lex_run(lexer, from, p) == CFTI_RUN_E;
}

/* ==== Where nothing begins =============================================== */

/* Skips to the next byte that may begin something and counts parentheses. In CREATE FUNCTION the
 * b of BEGIN is such a byte. The loop over 16 bytes also finds # and &: one comparison finds # and
 * ", and one finds & and '. */
static const uint8_t *cfti_lex_skip_any(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    const uint8_t letter = lexer->routine == CFTI_ROUTINE_YES ? 0x20 : 0xFF; /* with it, B is b */
#if CFTI_V16
    const cfti_v16 one = cfti_v16_fill(0x01), two = cfti_v16_fill(0x02);
    const cfti_v16 five = cfti_v16_fill(0x05), slash = cfti_v16_fill('/');
    const cfti_v16 quote = cfti_v16_fill('\''), dollar = cfti_v16_fill('$');
    const cfti_v16 semicolon = cfti_v16_fill(';'), backslash = cfti_v16_fill('\\');
    const cfti_v16 paren = cfti_v16_fill(')'), lowercase = cfti_v16_fill(letter);
    const cfti_v16 b = cfti_v16_fill('b');

    for (; end - p >= 16; p += 16) {
        cfti_v16 v = cfti_v16_load(p);
        cfti_v16 comments = cfti_v16_equal(cfti_v16_or(v, two), slash); /* - / */
        cfti_v16 quotes =
            cfti_v16_or(cfti_v16_equal(cfti_v16_or(v, five), quote), cfti_v16_equal(v, dollar));
        cfti_v16 ends = cfti_v16_or(cfti_v16_equal(v, semicolon), cfti_v16_equal(v, backslash));
        cfti_v16 parens = cfti_v16_or(cfti_v16_equal(cfti_v16_or(v, one), paren),
                                      cfti_v16_equal(cfti_v16_or(v, lowercase), b));
        uint64_t mask =
            cfti_v16_mask(cfti_v16_or(cfti_v16_or(comments, parens), cfti_v16_or(quotes, ends)));
        for (; mask != 0; mask &= mask - 1) {
            const uint8_t *q = p + CFTI_V16_AT(mask);
            if (*q == '(' || *q == ')') cfti_lex_paren(lexer, q);
            else if (*q != '#' && *q != '&') return q;
        }
    }
#endif
    for (; p < end; p++) {
        if (!(cfti_kinds[*p] & CFTI_STOP) && (*p | letter) != 'b') continue;
        if (*p != '(' && *p != ')') break;
        cfti_lex_paren(lexer, p);
    }
    return p;
}

/* The 64 bytes from `at` on, a bit for each: bytes that may begin something, and parentheses. */
typedef struct cfti_window {
    const uint8_t *at; /* NULL: not read */
    uint64_t stops, opens, closes;
} cfti_window;

#if CFTI_SIMD_X86

#include <immintrin.h>

#define CFTI_SSSE3 CFTI_TARGET("ssse3,popcnt") static

CFTI_SSSE3 inline __m128i cfti_ssse3_load(const uint8_t *p) {
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* A bit for each of 64 bytes that v and w have in common. */
CFTI_SSSE3 inline uint64_t cfti_ssse3_equal(const __m128i v[4], const __m128i w[4]) {
    unsigned a = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v[0], w[0]));
    unsigned b = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v[1], w[1]));
    unsigned c = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v[2], w[2]));
    unsigned d = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v[3], w[3]));
    return (a | b << 16) | (uint64_t)(c | d << 16) << 32;
}

/* The STOP bytes differ in their low four bits: for each byte, one shuffle looks up the only STOP
 * that the byte can be, and zero for a byte outside ASCII. */
CFTI_SSSE3 inline void cfti_window_read(cfti_window *window, const uint8_t *p) {
    const __m128i t =
        _mm_setr_epi8((char)-1, 0, '"', 0, '$', 0, 0, '\'', '(', ')', 0, ';', '\\', '-', 0, '/');
    const __m128i open = _mm_set1_epi8('('), close = _mm_set1_epi8(')');
    const __m128i v[4] = {cfti_ssse3_load(p), cfti_ssse3_load(p + 16), cfti_ssse3_load(p + 32),
                          cfti_ssse3_load(p + 48)};
    const __m128i stops[4] = {_mm_shuffle_epi8(t, v[0]), _mm_shuffle_epi8(t, v[1]),
                              _mm_shuffle_epi8(t, v[2]), _mm_shuffle_epi8(t, v[3])};
    const __m128i opens[4] = {open, open, open, open}, closes[4] = {close, close, close, close};

    window->opens = cfti_ssse3_equal(v, opens);
    window->closes = cfti_ssse3_equal(v, closes);
    window->stops = cfti_ssse3_equal(v, stops) & ~(window->opens | window->closes);
}

CFTI_SSSE3 inline uint64_t cfti_window_letters(const uint8_t *p) {
    const __m128i b = _mm_set1_epi8('b'), lowercase = _mm_set1_epi8(0x20);
    const __m128i v[4] = {_mm_or_si128(cfti_ssse3_load(p), lowercase),
                          _mm_or_si128(cfti_ssse3_load(p + 16), lowercase),
                          _mm_or_si128(cfti_ssse3_load(p + 32), lowercase),
                          _mm_or_si128(cfti_ssse3_load(p + 48), lowercase)};
    const __m128i letters[4] = {b, b, b, b};
    return cfti_ssse3_equal(v, letters);
}

/* Moves the window to p, with spaces after the end. In CREATE FUNCTION b is a stop. */
CFTI_SSSE3 inline void cfti_window_move(cfti_window *window, const uint8_t *p, const uint8_t *end,
                                        bool routine) {
    uint8_t last[64];

    window->at = p;
    if (end - p < 64) {
        memset(last, ' ', sizeof last);
        memcpy(last, p, (size_t)(end - p));
        p = last;
    }
    cfti_window_read(window, p);
    if (routine) window->stops |= cfti_window_letters(p);
}

/* Counts the parentheses from p on by their bits. They are counted one by one only where a ) may
 * be unmatched or another ( may become the outermost. The array is a choice without a branch. */
CFTI_SSSE3 inline void cfti_window_parens(cfti_lexer *lexer, const uint8_t *p, uint64_t opens,
                                          uint64_t closes) {
    uint64_t depth = lexer->query.parens, closed = CFTI_COUNT_BITS(closes);
    uint64_t after = depth + CFTI_COUNT_BITS(opens) - closed;
    uint64_t deeper = depth + ((opens & (closes ^ (closes - 1))) != 0); /* a ( precedes every ) */

    if (closed < deeper + (after == 0)) {
        const uint8_t *outermost[2];
        outermost[0] = p + CFTI_LOWEST_BIT(opens | UINT64_C(1) << 63);
        outermost[1] = lexer->query.open_paren.at;
        lexer->query.open_paren.at = outermost[(depth > 0) | (opens == 0)];
        lexer->query.parens = after;
        return;
    }
    for (closes |= opens; closes != 0; closes &= closes - 1)
        cfti_lex_paren(lexer, p + CFTI_LOWEST_BIT(closes));
}

/* cfti_lex_skip_any by windows: each window is read once, however many stops it has. */
CFTI_SSSE3 const uint8_t *cfti_lex_skip_ssse3(cfti_lexer *lexer, cfti_window *window,
                                              const uint8_t *p, const uint8_t *end) {
    while (p < end) {
        uint64_t stops, before;
        unsigned passed;
        if (window->at == NULL || p - window->at >= 64)
            cfti_window_move(window, p, end, lexer->routine == CFTI_ROUTINE_YES);
        passed = (unsigned)(p - window->at);
        stops = window->stops >> passed;
        before = ~stops & (stops - 1); /* all bits below the first that is set */
        cfti_window_parens(lexer, p, window->opens >> passed & before,
                           window->closes >> passed & before);
        if (stops != 0) return p + CFTI_LOWEST_BIT(stops);
        p = end - window->at > 64 ? window->at + 64 : end;
    }
    return p;
}

#endif

static const uint8_t *cfti_lex_skip(cfti_lexer *lexer, cfti_window *window, const uint8_t *p,
                                    const uint8_t *end) {
#if CFTI_SIMD_X86
    if (CFTI_LIKELY((cfti_cpu_features() & CFTI_CPU_SSSE3) != 0))
        return cfti_lex_skip_ssse3(lexer, window, p, end);
#endif
    (void)window;
    return cfti_lex_skip_any(lexer, p, end);
}

/* ==== Words ============================================================== */

/* Whether c may begin a word that matters, or a quote such as N'...'. The first letter shows of
 * most statements that they are neither COPY nor CREATE. */
static bool cfti_lex_may_matter(const cfti_lexer *lexer, uint8_t c) {
    static const char quotes[5] = {'e', 'n', 'b', 'x', 'u'};

    if (lexer->query.kind == CFTI_STATEMENT_COPY || lexer->routine == CFTI_ROUTINE_YES) return true;
    if (memchr(quotes, c, sizeof quotes)) return true;
    if (lexer->query.kind == CFTI_STATEMENT_START && c == 'c') return true;
    switch (lexer->routine) {
    case CFTI_ROUTINE_CREATE: return c == 'f' || c == 'p' || c == 'o';
    case CFTI_ROUTINE_OR: return c == 'r';
    case CFTI_ROUTINE_REPLACE: return c == 'f' || c == 'p';
    default: return lexer->routine == CFTI_ROUTINE_START && c == 'c';
    }
}

/* A word ends before p: an identifier, the prefix of a quote, or the name in :{?name}. */
static void cfti_lex_word_end(cfti_lexer *lexer, const uint8_t *p) {
    static const char quotes[4] = {'e', 'n', 'b', 'x'};

    if (lexer->after_test && *p == '}') lexer->word_size = 0;
    if (lexer->word_size == 1 && *p == '\'' && memchr(quotes, lexer->word[0], sizeof quotes))
        lexer->word_size = 0;
    if (lexer->word_size == 1 && *p == '&' && lexer->word[0] == 'u') {
        lexer->word_size = 0;
        lexer->run = CFTI_RUN_UNICODE;
    }
    if (lexer->word_size > 0) cfti_lex_identifier(lexer, p);
}

/* A word continues at p: returns its last byte before the next $ or the end of the piece. */
static const uint8_t *cfti_lex_word_rest(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    bool kept = lexer->word_size > 0;

    lexer->run = CFTI_RUN_WORD;
    for (; p < end && (cfti_kinds[*p] & CFTI_IDENT) && *p != '$'; p++)
        if (kept) cfti_word_add(lexer, cfti_lower(*p));
    return p - 1;
}

/* The first byte of a word, or any byte of a number or a variable. */
static void cfti_lex_word_byte(cfti_lexer *lexer, const uint8_t *p) {
    uint8_t run = lexer->run, c = cfti_lower(*p);

    lexer->run = cfti_lex_step(run, c);
    switch (lexer->run) {
    case CFTI_RUN_VARIABLE:
        if (run == CFTI_RUN_COLON) cfti_lex_token(lexer, p, CFTI_TOKEN_VARIABLE);
        return;
    case CFTI_RUN_E:
    case CFTI_RUN_WORD:
        if (!cfti_run_is_none(run) && run != CFTI_RUN_DOT && run != CFTI_RUN_SIGN) return;
        cfti_query_add(lexer, p, CFTI_QUERY_TOKENS);
        lexer->after_test = run == CFTI_RUN_TEST;
        if (lexer->after_test || cfti_lex_may_matter(lexer, c)) {
            lexer->word_size = 0;
            cfti_word_add(lexer, c);
        } else {
            lexer->query.kind = CFTI_STATEMENT_OTHER;
            lexer->routine = CFTI_ROUTINE_NO;
            lexer->words_matter = false;
        }
        return;
    default:
        if (cfti_run_is_none(run) || run == CFTI_RUN_DOT)
            cfti_lex_token(lexer, p, CFTI_TOKEN_NUMBER);
    }
}

/* Whether a word of two letters or more is at p, other than COPY, CREATE, OR, FUNCTION and
 * PROCEDURE. The first and third letters decide, without branches. */
static bool cfti_lex_is_plain(const uint8_t *p) {
    static const uint32_t routine = 1u << ('o' & 31) | 1u << ('f' & 31) | 1u << ('p' & 31);
    static const uint32_t third = 1u << ('p' & 31) | 1u << ('e' & 31);
    uint32_t word = (cfti_kinds[p[0]] & (CFTI_IDENT | CFTI_DIGIT | CFTI_STOP)) == CFTI_IDENT;
    uint32_t c = (p[0] & 31) == ('c' & 31);
    word &= ~(routine >> (p[0] & 31)) & ~(c & third >> (p[2] & 31));
    return (word & cfti_kinds[p[1]] & CFTI_IDENT) != 0;
}

/* The first word of a statement. It shows of most statements whether they are COPY or CREATE
 * FUNCTION; cfti_lex_words reads the others. There is one branch, because no processor predicts
 * which statement comes next. */
static const uint8_t *cfti_lex_first_word(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    uint8_t lower[32];
    const uint8_t *word = lower;
    bool plain;
    size_t i;

    if (lexer->routine != CFTI_ROUTINE_START || lexer->query.kind != CFTI_STATEMENT_START ||
        lexer->run != CFTI_RUN_NONE)
        return p;
    while (p < end && (cfti_kinds[*p] & CFTI_SPACE)) p++;
    if (end - p < (ptrdiff_t)sizeof lower) return p;
    for (i = 0; i < sizeof lower; i++) lower[i] = p[i] | 0x20; /* no other byte becomes a letter */
    if (cfti_load_be32(lower) == 0x63726561 &&                 /* crea */
        cfti_load_be32(lower + 3) == 0x61746520)               /* ate */
        word += 7;
    plain = cfti_lex_is_plain(p + (word - lower));
    if (!plain) {
        if (word == lower) return p;
        if (memcmp(word, "or replace ", 11) == 0) {
            word += 11;
            plain = cfti_lex_is_plain(p + (word - lower));
        }
        if (!plain && memcmp(word, "function ", 9) != 0 && memcmp(word, "procedure ", 10) != 0)
            return p;
    }
    cfti_query_add(lexer, p, CFTI_QUERY_TOKENS);
    lexer->query.kind = CFTI_STATEMENT_OTHER;
    lexer->routine = (uint8_t)(plain ? CFTI_ROUTINE_NO : CFTI_ROUTINE_YES);
    lexer->words_matter = false;
    return p + (word - lower);
}

/* Reads on where words matter: up to the first word of a statement, in a COPY, and in a CREATE
 * FUNCTION. It returns early when words no longer matter. */
static const uint8_t *cfti_lex_words(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    for (; p < end && lexer->words_matter; p++) {
        uint8_t kind = cfti_kinds[*p], run = lexer->run;
        if (run == CFTI_RUN_UNICODE && *p != '\'' && *p != '"') cfti_lex_token(lexer, p, '&');
        if (kind & CFTI_IDENT) {
            if (*p == '$') return p;
            if (run == CFTI_RUN_E || run == CFTI_RUN_WORD) p = cfti_lex_word_rest(lexer, p, end);
            else cfti_lex_word_byte(lexer, p);
            continue;
        }
        if (run == CFTI_RUN_E || run == CFTI_RUN_WORD) cfti_lex_word_end(lexer, p);
        if (lexer->run == CFTI_RUN_UNICODE && run == CFTI_RUN_WORD) continue;
        if (run == CFTI_RUN_COLON && *p != '\'' && *p != '"') cfti_lex_token(lexer, p, ':');
        if (kind & CFTI_SPACE) {
            while (p + 1 < end && (cfti_kinds[p[1]] & CFTI_SPACE)) p++;
            lexer->run = CFTI_RUN_NONE;
            continue;
        }
        if (kind & CFTI_STOP) {
            if (*p != '(' && *p != ')') return p;
            cfti_lex_token(lexer, p, *p);
            cfti_lex_paren(lexer, p);
        } else if (*p != ':') {
            cfti_lex_token(lexer, p, *p);
        }
        lexer->run = cfti_lex_step(run, *p);
    }
    return p;
}

/* Whether the b at p may begin the word BEGIN of a CREATE FUNCTION. */
static bool cfti_lex_may_begin(const cfti_lexer *lexer, const uint8_t *from, const uint8_t *p,
                               const uint8_t *end) {
    if (lexer->routine != CFTI_ROUTINE_YES) return false;
    if (p > from && (cfti_kinds[p[-1]] & CFTI_IDENT)) return false;
    return end - p < 5 || ((p[1] | 0x20) == 'e' && (p[2] | 0x20) == 'g');
}
