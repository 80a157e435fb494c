/* names.c: what is read out of names and texts of the caller: hex prefixes and their order, seed
 * names, UTF-8 names, separator templates, headers, and error messages about all of them.
 * Input: a byte (how often a message repeats the first string), then two strings. */
#include "fuzz.h"

#include "slow_names.h"

static cfti_file names_file(const char *name) {
    cfti_file file;
    memset(&file, 0, sizeof file);
    file.path = file.name = name;
    file.path_size = file.name_size = (uint32_t)strlen(name);
    return file;
}

static void names_hex(const char *a, const char *b) {
    static slow_hex x, y;
    cfti_file fa = names_file(a), fb = names_file(b);
    size_t size, prefix = 0;
    const char *stem = cfti_stem(&fa, &size);
    int wanted, order = cfti_order_hex(&fa, &fb);
    slow_hex_key(&x, a);
    slow_hex_key(&y, b);
    FUZZ_CHECK(cfti_hex_prefix(stem, size, &prefix) == (x.prefix > 0));
    FUZZ_CHECK(prefix == x.prefix);
    wanted = slow_hex_order(&x, &y);
    if (wanted == 0) wanted = cfti_path_compare(a, b);
    FUZZ_CHECK((order > 0) - (order < 0) == wanted);
    order = cfti_order_hex(&fb, &fa);
    FUZZ_CHECK((order > 0) - (order < 0) == -wanted);
}

/* ---- templates and headers ---- */

static void names_template(const char *template_text, const char *name) {
    char *wanted = slow_template(template_text, name);
    cfti_buffer compiled;
    cfti_output output;
    cfti_fail fail;
    const char *why;
    memset(&compiled, 0, sizeof compiled);
    memset(&output, 0, sizeof output);
    FUZZ_CHECK(cfti_allocator_choose(&compiled.allocator, NULL));
    output.buffer.allocator = compiled.allocator;
    why = cfti_separator_compile(&compiled, CONFITURE_SEPARATOR_CUSTOM, template_text);
    FUZZ_CHECK((why == NULL) == (wanted != NULL));
    if (why == NULL) {
        FUZZ_CHECK(cfti_separator_put(&output, &compiled, name, strlen(name), &fail) ==
                   CONFITURE_OK);
        FUZZ_CHECK(output.buffer.size == strlen(wanted));
        FUZZ_CHECK(memcmp(output.buffer.data, wanted, strlen(wanted)) == 0);
    }
    cfti_buffer_free(&compiled);
    cfti_buffer_free(&output.buffer);
    free(wanted);
}

static void names_check(const char *name, const char *other) {
    cfti_fail fail;
    confiture_header header;
    bool good = slow_is_line(name, strlen(name));
    FUZZ_CHECK((cfti_name_check(name, strlen(name), name, &fail) == CONFITURE_OK) == good);
    FUZZ_CHECK(good || fail.status == CONFITURE_E_NAME);
    header.environment = name;
    header.timestamp = other;
    FUZZ_CHECK((cfti_header_check(&header) == NULL) ==
               (good && slow_is_line(other, strlen(other))));
}

/* ---- messages ---- */

/* One good line whatever it speaks of, and however long that is. */
static void names_message(const char *text, size_t times, const char *other) {
    size_t n = strlen(text), i;
    char *path = (char *)malloc(n * times + 1);
    confiture_error error;
    cfti_fail fail;
    if (path == NULL) abort();
    for (i = 0; i < times; i++) memcpy(path + i * n, text, n);
    path[n * times] = '\0';
    memset(&fail, 0, sizeof fail);
    for (i = 0; i < 4; i++) {
        fail.status = i == 0   ? CONFITURE_E_SYSTEM
                      : i == 1 ? CONFITURE_E_ENCODING
                               : CONFITURE_E_NAME;
        fail.os_error = i == 0 ? (int)n + 1 : 0; /* never 0 */
        fail.line = times;
        fail.offset = n;
        fail.path = i == 3 ? other : path;
        fail.detail = i == 2 ? other : i == 3 ? path : NULL;
        memset(&error, 0xA5, sizeof error);
        FUZZ_CHECK(cfti_report(&error, &fail) == fail.status);
        FUZZ_CHECK(memchr(error.message, 0, sizeof error.message) != NULL);
        FUZZ_CHECK(memchr(error.path, 0, sizeof error.path) != NULL);
        FUZZ_CHECK(slow_is_line(error.message, strlen(error.message)));
        if (i < 3 && n * times < sizeof error.path) FUZZ_CHECK(strcmp(error.path, path) == 0);
    }
    free(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_reader in;
    uint8_t times;
    char *a, *b;
    if (size > 400) return 0;
    in.p = data;
    in.left = size;
    times = fuzz_byte(&in);
    a = fuzz_string(&in);
    b = fuzz_string(&in);
    names_hex(a, b);
    FUZZ_CHECK(cfti_seed_component(a, strlen(a)) == slow_seed(a, strlen(a)));
    names_template(a, b);
    names_check(a, b);
    if ((times & 15) == 15) {
        bool longest = times == 255 && size % 16 == 0; /* few: they take a hundred times as long */
        names_message(a, longest ? 5000 / (strlen(a) + 1) : times >> 4, b);
    }
    free(a);
    free(b);
    return 0;
}

#if defined(FUZZ_MAIN)
static void fuzz_answer(const fuzz_row *row) {
    static slow_hex x, y;
    if (fuzz_row_is(row, "hex")) {
        slow_hex_key(&x, row->a);
        FUZZ_CHECK(fuzz_row_wants(row, "%d", x.prefix > 0 ? (int)x.prefix : -1));
        names_hex(row->a, "");
    } else if (fuzz_row_is(row, "hex_order")) {
        slow_hex_key(&x, row->a);
        slow_hex_key(&y, row->b);
        FUZZ_CHECK(fuzz_row_wants(row, "%d", slow_hex_order(&x, &y)));
        names_hex(row->a, row->b);
    } else if (fuzz_row_is(row, "seed")) {
        FUZZ_CHECK(fuzz_row_wants(row, "%d", slow_seed(row->a, row->a_size)));
        FUZZ_CHECK(cfti_seed_component(row->a, row->a_size) == slow_seed(row->a, row->a_size));
    } else if (fuzz_row_is(row, "template")) {
        char *text = slow_template(row->a, row->b);
        FUZZ_CHECK(fuzz_row_wants(row, "%s", text == NULL ? "!" : text));
        free(text);
        names_template(row->a, row->b);
    }
}
#endif
