/* text.c: UTF-8, newlines and the reference's comment check, whole and in pieces.
 * Input: two bytes that say how it is cut, then the text. */
#include "fuzz.h"

#include "slow_text.h"

/* A file's bytes through the map that every reader of text uses, in the given pieces; the
 * translated text goes to `out`. */
static void text_map(const uint8_t *p, size_t n, uint32_t cut, confiture_check_mode mode,
                     cfti_text_state *state, uint8_t *out, size_t *out_size) {
    cfti_chunk chunk;
    cfti_text_pieces pieces;
    cfti_text_rules rules;
    bool whole = cut == 0;
    memset(&chunk, 0, sizeof chunk);
    memset(&rules, 0, sizeof rules);
    rules.mode = mode;
    memset(state, 0, sizeof *state);
    chunk.first = true;
    if (!whole) chunk.piece_state = &pieces;
    *out_size = 0;
    do { /* as cfti_scan_pieces() does it: the last piece is empty */
        cfti_arena arena;
        cfti_fail fail;
        size_t size = whole ? n : n == 0 ? 0 : fuzz_piece(&cut, n);
        uint8_t *piece = fuzz_copy(p, size);
        memset(&arena, 0, sizeof arena);
        FUZZ_CHECK(cfti_allocator_choose(&arena.allocator, NULL));
        arena.block_size = 64;
        chunk.bytes = piece;
        chunk.size = size;
        chunk.total += size;
        chunk.last = whole || size == 0;
        FUZZ_CHECK(cfti_text_map(state, &chunk, &rules, &arena, &fail) == CONFITURE_OK);
        FUZZ_CHECK(state->text_size <= size);
        if (state->finding.status != CONFITURE_E_ENCODING && state->text_size > 0) {
            memcpy(out + *out_size, state->text, state->text_size);
            *out_size += state->text_size;
        }
        cfti_arena_free(&arena);
        free(piece);
        p += size;
        n -= size;
        chunk.first = false;
    } while (!chunk.last);
}

static void text_check(const uint8_t *p, size_t n, uint32_t cut) {
    uint8_t *wanted = (uint8_t *)malloc(n + 1), *out = (uint8_t *)malloc(n + 1);
    size_t good = slow_utf8(p, n), wanted_size, out_size;
    cfti_text_state state;
    if (wanted == NULL || out == NULL) abort();
    text_map(p, n, cut, CONFITURE_CHECK_REFERENCE, &state, out, &out_size);
    wanted_size = slow_newlines(wanted, p, good);
    if (good < n) {
        FUZZ_CHECK(state.finding.status == CONFITURE_E_ENCODING);
        FUZZ_CHECK(state.finding.offset == good);
        FUZZ_CHECK(state.finding.line == 1 + slow_count(wanted, wanted_size, '\n'));
    } else {
        uint64_t line = slow_comment(wanted, wanted_size);
        FUZZ_CHECK(out_size == wanted_size && memcmp(out, wanted, out_size) == 0);
        FUZZ_CHECK(state.finding.status == (line != 0 ? CONFITURE_E_UNCLOSED : CONFITURE_OK));
        FUZZ_CHECK(line == 0 || state.finding.line == line);
    }
    free(wanted);
    free(out);
}

/* The small functions below it, which see other alignments and no valid text. */
static void text_helpers(const uint8_t *p, size_t n, uint8_t a, uint8_t b, size_t from) {
    const uint8_t *start = p + (from < n ? from : n), *end = p + n, *q = start;
    bool after_cr = false, cr_before = false;
    uint64_t lines = 0;
    size_t i;
    while (q < end && *q != a && *q != b) q++;
    FUZZ_CHECK(cfti_find2(start, end, a, b) == q);
    FUZZ_CHECK(cfti_count_byte(start, (size_t)(end - start), a) ==
               slow_count(start, (size_t)(end - start), a));
    for (q = start; q < end && *q < 0x80;) q++;
    FUZZ_CHECK(cfti_skip_ascii(start, end) == q);
    for (i = 0; i < n; i++) {
        lines += p[i] == '\r' || (p[i] == '\n' && !cr_before);
        cr_before = p[i] == '\r';
    }
    i = (size_t)(start - p);
    FUZZ_CHECK(cfti_count_lines(p, i, &after_cr) + cfti_count_lines(start, n - i, &after_cr) ==
               lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint32_t cut;
    uint8_t *text;
    if (size < 2 || size > 1 << 16) return 0;
    cut = (uint32_t)data[0] << 8 | data[1];
    text = fuzz_copy(data + 2, size - 2);
    text_check(text, size - 2, 0);
    text_check(text, size - 2, cut | 1u << 16);
    text_helpers(text, size - 2, data[0], data[1], data[0] & 31u);
    free(text);
    return 0;
}

#if defined(FUZZ_MAIN)
static void fuzz_answer(const fuzz_row *row) {
    const uint8_t *p = (const uint8_t *)row->a;
    if (fuzz_row_is(row, "utf8")) {
        FUZZ_CHECK(fuzz_row_wants(row, "%lu", (unsigned long)slow_utf8(p, row->a_size)));
    } else if (fuzz_row_is(row, "newlines")) {
        uint8_t *out = (uint8_t *)malloc(row->a_size + 1);
        if (out == NULL) abort();
        FUZZ_CHECK(slow_newlines(out, p, row->a_size) == row->wanted_size);
        FUZZ_CHECK(memcmp(out, row->wanted, row->wanted_size) == 0);
        free(out);
    } else if (fuzz_row_is(row, "comment")) {
        FUZZ_CHECK(fuzz_row_wants(row, "%lu", (unsigned long)slow_comment(p, row->a_size)));
    } else {
        return;
    }
    text_check(p, row->a_size, 0);
    text_check(p, row->a_size, 1u << 16);
}
#endif
