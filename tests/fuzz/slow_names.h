/* slow_names.h: what names and templates mean, the obvious way. */
#ifndef CONFITURE_FUZZ_SLOW_NAMES_H
#define CONFITURE_FUZZ_SLOW_NAMES_H

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
    if (strcmp(name, ".") == 0) size = 0; /* pathlib's path of no components */
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

/* ---- templates and lines ---- */

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

#endif
