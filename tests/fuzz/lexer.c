/* lexer.c: PostgreSQL's lexical state, whole and in pieces.
 * Input: two bytes that say how it is cut, then the translated text. */
#include "fuzz.h"

#include "slow_lexer.h"
#include "slow_text.h"

/* cut 0: in one piece. */
static slow_open lexer_run(const uint8_t *p, size_t n, uint32_t cut, confiture_check_mode mode) {
    cfti_lexer lexer;
    slow_open open;
    cfti_lexer_init(&lexer, mode);
    while (n > 0) {
        size_t size = cut == 0 ? n : fuzz_piece(&cut, n);
        uint8_t *piece = fuzz_copy(p, size);
        cfti_lexer_feed(&lexer, piece, size);
        free(piece);
        p += size;
        n -= size;
    }
    open.line = 0;
    open.what = cfti_lexer_end(&lexer, &open.line);
    return open;
}

static void lexer_expect(const char *way, slow_open open, slow_open wanted) {
    if (open.line == wanted.line && (open.what == NULL) == (wanted.what == NULL) &&
        (open.what == NULL || strcmp(open.what, wanted.what) == 0))
        return;
    fprintf(stderr, "%s: line %lu %s, and not line %lu %s\n", way, (unsigned long)open.line,
            open.what == NULL ? "nothing" : open.what, (unsigned long)wanted.line,
            wanted.what == NULL ? "nothing" : wanted.what);
    abort();
}

static void lexer_check(const uint8_t *p, size_t n, uint32_t cut) {
    slow_open wanted = slow_lex(p, n);
    lexer_expect("whole", lexer_run(p, n, 0, CONFITURE_CHECK_POSTGRES), wanted);
    lexer_expect("in pieces", lexer_run(p, n, cut, CONFITURE_CHECK_POSTGRES), wanted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *text;
    if (size < 2 || size > 1 << 14) return 0;
    text = fuzz_copy(data + 2, size - 2);
    lexer_check(text, size - 2, 1u << 16 | (uint32_t)data[0] << 8 | data[1]);
    free(text);
    return 0;
}

#if defined(FUZZ_MAIN)
static void fuzz_answer(const fuzz_row *row) {
    const uint8_t *p = (const uint8_t *)row->a;
    slow_open open;
    if (!fuzz_row_is(row, "postgres")) return;
    open = slow_lex(p, row->a_size);
    FUZZ_CHECK(fuzz_row_wants(row, "%lu %s", (unsigned long)open.line,
                              open.what == NULL ? "" : open.what));
    lexer_check(p, row->a_size, 1u << 16);
    lexer_check(p, row->a_size, 77u << 16);
}
#endif
