/* json.c: one JSON document, held back until it is whole. */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct text json;
static bool json_first = true;

/* The length of the UTF-8 sequence at p, or 0 if there is none. */
static size_t utf8_length(const unsigned char *p) {
    unsigned char low = 0x80, high = 0xBF;
    size_t length, i;
    if (p[0] < 0x80) return 1;
    if (p[0] >= 0xC2 && p[0] < 0xE0) length = 2;
    else if (p[0] >= 0xE0 && p[0] < 0xF0) length = 3;
    else if (p[0] >= 0xF0 && p[0] < 0xF5) length = 4;
    else return 0;
    if (p[0] == 0xE0) low = 0xA0;
    if (p[0] == 0xED) high = 0x9F;
    if (p[0] == 0xF0) low = 0x90;
    if (p[0] == 0xF4) high = 0x8F;
    if (p[1] < low || p[1] > high) return 0;
    for (i = 2; i < length; i++) {
        if (p[i] < 0x80 || p[i] > 0xBF) return 0;
    }
    return length;
}

/* Names are UTF-8, but the paths that a user gives need not be. A byte that is
 * no UTF-8 becomes \udcNN, from which Python's "surrogateescape" makes it again. */
static void json_add_string(const char *string) {
    const unsigned char *p = (const unsigned char *)string;
    char escape[16];
    text_add(&json, "\"", 1);
    while (*p) {
        size_t length = utf8_length(p);
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
