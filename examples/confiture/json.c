/* json.c: one JSON document, printed when it is complete. */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct text json;
static bool json_first = true;

/* Names are UTF-8, but a user's paths need not be. A byte that is not UTF-8 becomes \udcNN, which
 * Python's "surrogateescape" turns back into the byte. */
static void json_add_string(const char *string) {
    const unsigned char *p = (const unsigned char *)string;
    char escape[16];
    text_add(&json, "\"", 1);
    while (*p) {
        size_t length = text_utf8_length(p);
        if (*p == '"' || *p == '\\') {
            text_add(&json, "\\", 1);
        } else if (*p < 0x20 || *p == 0x7F || length == 0) {
            snprintf(escape, sizeof escape, "\\u%04x", (length ? 0u : 0xDC00u) + *p);
            text_add_string(&json, escape);
            p++;
            continue;
        }
        text_add(&json, (const char *)p, length);
        p += length;
    }
    text_add(&json, "\"", 1);
}

static void json_begin_value(const char *key) {
    if (!json_first) text_add(&json, ",", 1);
    json_first = false;
    if (key) {
        json_add_string(key);
        text_add(&json, ":", 1);
    }
}

void json_open(const char *key, char bracket) {
    json_begin_value(key);
    text_add(&json, &bracket, 1);
    json_first = true;
}

void json_close(char bracket) {
    text_add(&json, &bracket, 1);
    json_first = false;
}

void json_text(const char *key, const char *value) {
    json_begin_value(key);
    json_add_string(value);
}

void json_number(const char *key, uint64_t value) {
    char digits[24];
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    json_begin_value(key);
    text_add_string(&json, digits);
}

void json_bool(const char *key, bool value) {
    json_begin_value(key);
    text_add_string(&json, value ? "true" : "false");
}

void json_discard(void) {
    free(json.data);
    memset(&json, 0, sizeof json);
    json_first = true;
}

void json_end(void) {
    text_add(&json, "\n", 1);
    put_bytes(json.data, json.size);
    json_discard();
}
