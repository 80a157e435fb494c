/* sums.c: sums are read from any text, and what is written of them is read to the same sums; the
 * same text, in pieces and at once, has the same other forms, which agree with an obvious way to
 * take a text apart.
 * Input: a byte for the pieces, one for the allocation that fails (0: none), then the text. */
#include "fuzz.h"

#include "../chest/memory.h"

static memory fuzz_memory;

typedef struct sums_bytes {
    char *data;
    size_t size;
} sums_bytes;

static int sums_collect(void *user, const void *data, size_t size) {
    sums_bytes *out = (sums_bytes *)user;
    out->data = (char *)realloc(out->data, out->size + size + 1);
    if (out->data == NULL) abort();
    if (size > 0) memcpy(out->data + out->size, data, size);
    out->size += size;
    return 0;
}

FUZZ_SLOW static void sums_check_error(confiture_status status, const confiture_error *error) {
    FUZZ_CHECK(status == CONFITURE_E_MEMORY || status == CONFITURE_E_FORMAT);
    FUZZ_CHECK(error->status == status && strchr(error->message, '\n') == NULL);
    if (status == CONFITURE_E_FORMAT) FUZZ_CHECK(strncmp(error->message, "sums:", 5) == 0);
}

FUZZ_SLOW static void sums_check_same(const confiture_sums *a, const confiture_sums *b) {
    size_t i;
    FUZZ_CHECK(confiture_sums_count(a) == confiture_sums_count(b));
    for (i = 0; i < confiture_sums_count(a); i++) {
        FUZZ_CHECK(strcmp(confiture_sums_name(a, i), confiture_sums_name(b, i)) == 0);
        FUZZ_CHECK(memcmp(confiture_sums_sha256(a, i), confiture_sums_sha256(b, i), 32) == 0);
    }
}

/* Names are clean, and each is there once. */
FUZZ_SLOW static void sums_check_names(const confiture_sums *sums) {
    size_t i, k, count = confiture_sums_count(sums);
    FUZZ_CHECK(count > 0);
    for (i = 0; i < count; i++) {
        const char *name = confiture_sums_name(sums, i);
        FUZZ_CHECK(*name != '\0' && strcmp(name, ".") != 0 && strncmp(name, "./", 2) != 0);
        FUZZ_CHECK(strstr(name, "/./") == NULL && strstr(name + 1, "//") == NULL);
        for (k = 0; k < i; k++) FUZZ_CHECK(strcmp(name, confiture_sums_name(sums, k)) != 0);
    }
}

static void sums_write_and_read(const confiture_sums *sums, bool null_ends) {
    confiture_sums_options options;
    confiture_sums *again = NULL;
    confiture_changes changes;
    confiture_error error;
    confiture_sink sink;
    sums_bytes out = {NULL, 0};
    char *exact;
    memset(&options, 0, sizeof options);
    options.null_ends = null_ends;
    sink.write = sums_collect;
    sink.user = &out;
    FUZZ_CHECK(confiture_sums_write(sums, &sink, &options, &error) == CONFITURE_OK);
    exact = (char *)fuzz_copy(out.data, out.size);
    free(out.data);
    FUZZ_CHECK(confiture_sums_read(&again, exact, out.size, &options, &error) == CONFITURE_OK);
    sums_check_same(sums, again);
    FUZZ_CHECK(confiture_diff(&changes, sums, again, NULL, &error) == CONFITURE_OK);
    FUZZ_CHECK(changes.count == 0 && changes.first_moved == CONFITURE_NO_INDEX);
    confiture_changes_free(&changes);
    confiture_sums_free(again);
    free(exact);
}

static void sums_read(const char *text, size_t size, size_t fail_at) {
    confiture_sums_options options;
    confiture_sums *sums = NULL;
    confiture_error error;
    confiture_status status;
    memset(&options, 0, sizeof options);
    memory_arm(&fuzz_memory, fail_at, false);
    options.run.allocator = &fuzz_memory.allocator;
    status = confiture_sums_read(&sums, text, size, &options, &error);
    FUZZ_CHECK((status == CONFITURE_OK) == (sums != NULL));
    if (status != CONFITURE_OK) sums_check_error(status, &error);
    if (fuzz_memory.failed) FUZZ_CHECK(status != CONFITURE_OK);
    if (sums != NULL) {
        sums_check_names(sums);
        sums_write_and_read(sums, false);
        sums_write_and_read(sums, true);
    }
    confiture_sums_free(sums);
    FUZZ_CHECK(memory_is_clean(&fuzz_memory));
}

/* ---- other forms ---- */

/* The text without a mark and a final newline, all line ends LF. */
FUZZ_SLOW static size_t sums_normal(uint8_t *out, const uint8_t *p, size_t size) {
    size_t i = 0, n = 0;
    if (size >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0 &&
        !(size >= 6 && memcmp(p + 3, "\xEF\xBB\xBF", 3) == 0))
        i = 3;
    for (; i < size; i++) {
        if (p[i] == '\r' && i + 1 < size && p[i + 1] == '\n') continue;
        out[n++] = p[i] == '\r' ? '\n' : p[i];
    }
    if (n > 0 && out[n - 1] == '\n' && !(n > 1 && out[n - 2] == '\n')) n--;
    return n;
}

static void sums_feed(cfti_forms *forms, const uint8_t *text, size_t size, uint32_t *state) {
    size_t at = 0;
    memset(forms, 0, sizeof *forms);
    while (at < size) {
        size_t n = state == NULL ? size : fuzz_piece(state, size - at);
        cfti_forms_feed(forms, text + at, n);
        at += n;
    }
    cfti_forms_finish(forms);
}

static void sums_forms(const uint8_t *text, size_t size, uint32_t state) {
    static cfti_forms whole, pieces, other;
    uint8_t *normal = (uint8_t *)malloc(size + 1), sha256[32], again[32];
    cfti_form a, b;
    size_t n = sums_normal(normal, text, size);
    unsigned only;
    confiture_sha256_once(text, size, sha256);
    sums_feed(&whole, text, size, NULL);
    sums_feed(&pieces, text, size, &state);
    FUZZ_CHECK(cfti_forms_are_of(&whole, sha256) && cfti_forms_are_of(&pieces, sha256));
    cfti_forms_sum_up(&whole, &a);
    cfti_forms_sum_up(&pieces, &b);
    FUZZ_CHECK(cfti_form_compare(&a, &b) == 0 && memcmp(a.normal, b.normal, 32) == 0);
    /* The plainest of its forms is found from this text, and has the same plainest form. */
    confiture_sha256_once(normal, n, sha256);
    FUZZ_CHECK(memcmp(a.normal, sha256, 32) == 0);
    only = cfti_forms_match(&pieces, sha256);
    sums_feed(&other, normal, n, NULL);
    cfti_forms_sum_up(&other, &b);
    confiture_sha256_once(text, size, again);
    if (memcmp(sha256, again, 32) == 0) FUZZ_CHECK(only == 0);
    else FUZZ_CHECK(only != 0 && only == cfti_form_compare(&a, &b));
    free(normal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_reader in;
    uint32_t state;
    size_t fail_at;
    uint8_t *text;
    in.p = data;
    in.left = size;
    state = fuzz_byte(&in);
    fail_at = fuzz_byte(&in);
    memory_init(&fuzz_memory);
    text = fuzz_copy(in.p, in.left);
    sums_read((const char *)text, in.left, 0);
    if (fail_at != 0) sums_read((const char *)text, in.left, fail_at % 16);
    sums_forms(text, in.left, state);
    free(text);
    return 0;
}

#if defined(FUZZ_MAIN)
static void fuzz_answer(const fuzz_row *row) { (void)row; }
#endif
