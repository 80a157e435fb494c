/* lexer.c: what a script would do to the next in psql, whole and in pieces, at both levels.
 * Input: two bytes that say how it is cut, then the translated text. */
#include "fuzz.h"

#include "slow_lexer.h"
#include "slow_text.h"

/* cut 0: in one piece. */
static slow_open lexer_run(const uint8_t *p, size_t n, uint32_t cut, confiture_check_mode mode) {
    cfti_lexer lexer;
    slow_open open;
    memset(&open, 0, sizeof open);
    cfti_lexer_init(&lexer, mode);
    do {
        size_t size = cut == 0 || n == 0 ? n : fuzz_piece(&cut, n);
        uint8_t *piece = fuzz_copy(p, size);
        if (size < n) cfti_lexer_feed(&lexer, piece, size);
        else open.what = cfti_lexer_finish(&lexer, piece, size, &open.line);
        free(piece);
        p += size;
        n -= size;
    } while (n > 0);
    open.unended = open.what == cfti_statement_open;
    open.variable = open.what == NULL && lexer.query.content == CFTI_QUERY_VARIABLE;
    return open;
}

static void lexer_expect(const char *way, slow_open open, slow_open wanted) {
    if (open.line == wanted.line && (open.what == NULL) == (wanted.what == NULL) &&
        open.unended == wanted.unended && open.variable == wanted.variable &&
        (open.what == NULL || strcmp(open.what, wanted.what) == 0))
        return;
    fprintf(stderr, "%s: line %lu %s, and not line %lu %s\n", way, (unsigned long)open.line,
            open.what == NULL ? "nothing" : open.what, (unsigned long)wanted.line,
            wanted.what == NULL ? "nothing" : wanted.what);
    abort();
}

static void lexer_check(const uint8_t *p, size_t n, uint32_t cut, confiture_check_mode mode) {
    static int detected;
    slow_open wanted = slow_lex(p, n, mode);
    if (detected == 0) detected = (int)cfti_cpu_features();
    cfti_cpu_mask = detected;
    lexer_expect("whole", lexer_run(p, n, 0, mode), wanted);
    lexer_expect("in pieces", lexer_run(p, n, cut, mode), wanted);
    cfti_cpu_mask = detected & ~0xFF; /* the features are the low bits */
    lexer_expect("whole, portable", lexer_run(p, n, 0, mode), wanted);
    lexer_expect("in pieces, portable", lexer_run(p, n, cut, mode), wanted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *text;
    if (size < 2 || size > 1 << 14) return 0;
    text = fuzz_copy(data + 2, size - 2);
    /* The level "quotes" now and then: it reads as the other does, and tells less. */
    lexer_check(text, size - 2, 1u << 16 | (uint32_t)data[0] << 8 | data[1],
                data[1] % 8 == 7 ? CONFITURE_CHECK_QUOTES : CONFITURE_CHECK_POSTGRES);
    free(text);
    return 0;
}

#if defined(FUZZ_MAIN)
static void fuzz_answer(const fuzz_row *row) {
    const uint8_t *p = (const uint8_t *)row->a;
    confiture_check_mode mode = CONFITURE_CHECK_POSTGRES;
    slow_open open;
    if (fuzz_row_is(row, "quotes")) mode = CONFITURE_CHECK_QUOTES;
    else if (!fuzz_row_is(row, "postgres")) return;
    open = slow_lex(p, row->a_size, mode);
    FUZZ_CHECK(fuzz_row_wants(row, "%lu %s", (unsigned long)open.line,
                              open.what == NULL ? "" : open.what));
    lexer_check(p, row->a_size, 1u << 16, mode);
    lexer_check(p, row->a_size, 77u << 16, mode);
}
#endif
