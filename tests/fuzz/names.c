/* names.c: what is read out of names and texts of the caller: hex prefixes and their order, seed
 * names, UTF-8 names, separator templates, headers, and error messages about all of them.
 * Input: a byte (how often a message repeats the first string), then two strings. */
#include "fuzz.h"

#include "slow_text.h"

/* ---- hex prefixes ---- */

/* The value of a digit of int(text, 16), or -1. The library's table of zeros is asked about
 * itself, all of it: the answers of the reference hold every digit. */
FUZZ_SLOW static int slow_digit(uint32_t c) {
    size_t i;
    if (c >= '0' && c <= '9') return (int)(c - '0');
    if (c >= 'A' && c <= 'F') return (int)(c - 'A') + 10;
    for (i = 0; i < FUZZ_COUNT(cfti_digit_zeros); i++)
        if (c >= cfti_digit_zeros[i] && c - cfti_digit_zeros[i] < 10)
            return (int)(c - cfti_digit_zeros[i]);
    return -1;
}

typedef struct slow_hex {
    size_t prefix; /* bytes before the "_"; 0: there is no value */
    int digits[512];
    size_t count; /* of digits, without zeros in front */
    const char *rest;
    size_t rest_size;
} slow_hex;

/* The key of a file name in the hex order. */
FUZZ_SLOW static void slow_hex_key(slow_hex *key, const char *name) {
    size_t size = strlen(name), i = 0, bar;
    const char *dot = strrchr(name, '.');
    bool any = false, good = true;
    memset(key, 0, sizeof *key);
    if (dot != NULL && dot > name && dot[1] != '\0') size = (size_t)(dot - name);
    for (bar = 0; bar < size && name[bar] != '_';) bar++;
    key->rest = name;
    key->rest_size = size;
    if (bar == size || bar == 0) return;
    while (i < bar && good) {
        uint32_t c = 0;
        size_t length = slow_decode((const uint8_t *)name + i, bar - i, &c);
        int digit = length == 0 ? -1 : slow_digit(c);
        if (c == 'X' && i > 0 && key->count == 0 && !any) {
            any = true; /* an X is allowed once, behind a first 0 */
            good = slow_decode((const uint8_t *)name, bar, &c) == i && slow_digit(c) == 0 &&
                   i + 1 < bar;
        } else if (digit < 0) {
            good = false;
        } else if (digit > 0 || key->count > 0) {
            if (key->count == FUZZ_COUNT(key->digits)) abort();
            key->digits[key->count++] = digit;
        }
        i += length == 0 ? 1 : length;
    }
    if (!good) return;
    key->prefix = bar;
    key->rest = name + bar + 1;
    key->rest_size = size - bar - 1;
}

FUZZ_SLOW static int slow_hex_order(const slow_hex *a, const slow_hex *b) {
    size_t i;
    if ((a->prefix > 0) != (b->prefix > 0)) return a->prefix > 0 ? -1 : 1;
    if (a->prefix > 0) {
        if (a->count != b->count) return a->count < b->count ? -1 : 1;
        for (i = 0; i < a->count; i++)
            if (a->digits[i] != b->digits[i]) return a->digits[i] < b->digits[i] ? -1 : 1;
    }
    for (i = 0; i < a->rest_size && i < b->rest_size; i++)
        if (a->rest[i] != b->rest[i]) return (uint8_t)a->rest[i] < (uint8_t)b->rest[i] ? -1 : 1;
    return a->rest_size == b->rest_size ? 0 : a->rest_size < b->rest_size ? -1 : 1;
}

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

/* ---- seeds ---- */

/* Whether one of the words between "_" and "-" is seed or seeds. */
FUZZ_SLOW static bool slow_seed_word(const char *s, size_t n) {
    size_t i, k;
    for (i = 0; i < n; i++) {
        char word[6] = {0};
        if (i > 0 && s[i - 1] != '_' && s[i - 1] != '-') continue;
        for (k = i; k < n && s[k] != '_' && s[k] != '-' && k - i < 6; k++)
            if (k - i < 5) word[k - i] = (char)(s[k] >= 'A' && s[k] <= 'Z' ? s[k] + 32 : s[k]);
        if (k - i < 6 && (strcmp(word, "seed") == 0 || strcmp(word, "seeds") == 0)) return true;
    }
    return false;
}

/* "$" also stands before a newline that ends the string. */
FUZZ_SLOW static bool slow_seed(const char *s, size_t n) {
    return slow_seed_word(s, n) || (n > 0 && s[n - 1] == '\n' && slow_seed_word(s, n - 1));
}

/* ---- templates and headers ---- */

/* "\n" + template + "\n" for a name, to be freed; NULL: the template cannot be used. */
FUZZ_SLOW static char *slow_template(const char *template_text, const char *name) {
    size_t n = strlen(template_text), i = 0, size = 0;
    char *out = (char *)malloc(n * (strlen(name) + 1) + 3);
    bool good = n > 0 && slow_utf8((const uint8_t *)template_text, n) == n;
    if (out == NULL) abort();
    out[size++] = '\n';
    while (i < n && good) {
        if (strncmp(template_text + i, "{file_path}", 11) == 0) {
            memcpy(out + size, name, strlen(name));
            size += strlen(name);
            i += 11;
        } else if (strncmp(template_text + i, "{{", 2) == 0 ||
                   strncmp(template_text + i, "}}", 2) == 0) {
            out[size++] = template_text[i];
            i += 2;
        } else {
            good = template_text[i] != '{' && template_text[i] != '}';
            out[size++] = template_text[i++];
        }
    }
    out[size++] = '\n';
    out[size] = '\0';
    if (good) return out;
    free(out);
    return NULL;
}

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

/* Whether it is UTF-8 without control characters, Unicode's Cc. */
FUZZ_SLOW static bool slow_is_line(const char *s, size_t n) {
    size_t i = 0;
    while (i < n) {
        uint32_t c;
        size_t length = slow_decode((const uint8_t *)s + i, n - i, &c);
        if (length == 0 || c < 0x20 || (c >= 0x7F && c < 0xA0)) return false;
        i += length;
    }
    return true;
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
