/* output.c: standard output, standard error, JSON. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *allocate(size_t size) { return reallocate(NULL, size); }

void *reallocate(void *block, size_t size) {
    block = realloc(block, size ? size : 1);
    if (!block) {
        progress_erase();
        fputs("confiture: out of memory\n", stderr);
        exit(EXIT_ERROR);
    }
    return block;
}

/* ---- text that grows ---- */

struct text {
    char *data;
    size_t size, capacity;
};

static void text_add(struct text *text, const char *data, size_t size) {
    if (text->capacity - text->size < size) {
        text->capacity = text->capacity * 2 + size + 256;
        text->data = (char *)reallocate(text->data, text->capacity);
    }
    if (size > 0) memcpy(text->data + text->size, data, size);
    text->size += size;
}

static void text_add_string(struct text *text, const char *string) {
    text_add(text, string, strlen(string));
}

/* Control characters as \xNN: C0, DEL, and C1 in UTF-8. */
static void text_add_escaped(struct text *text, const char *string) {
    const unsigned char *p = (const unsigned char *)string;
    char hex[8];
    for (; *p; p++) {
        bool c1 = p[0] == 0xC2 && p[1] >= 0x80 && p[1] < 0xA0;
        if (*p >= 0x20 && *p != 0x7F && !c1) {
            text_add(text, (const char *)p, 1);
            continue;
        }
        snprintf(hex, sizeof hex, "\\x%02X", (unsigned)*p);
        text_add_string(text, hex);
        if (c1) {
            snprintf(hex, sizeof hex, "\\x%02X", (unsigned)*++p);
            text_add_string(text, hex);
        }
    }
}

/* ---- standard error ---- */

char *format_text(const char *format, va_list args) {
    va_list again;
    char *text;
    int length;
    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0) length = 0;
    text = (char *)allocate((size_t)length + 1);
    text[0] = '\0';
    vsnprintf(text, (size_t)length + 1, format, args);
    return text;
}

void say(const char *format, ...) {
    struct text line = {0};
    char *plain;
    va_list args;
    va_start(args, format);
    plain = format_text(format, args);
    va_end(args);
    text_add_string(&line, "confiture: ");
    text_add_escaped(&line, plain);
    text_add(&line, "\n", 1);
    progress_erase();
    fwrite(line.data, 1, line.size, stderr); /* one write: lines of two processes do not mix */
    free(plain);
    free(line.data);
}

/* ---- standard output ---- */

static void put_failed(int error) {
    if (error == EPIPE) system_end_of_pipe();
    say("standard output: %s", error ? strerror(error) : "cannot be written");
    _Exit(EXIT_ERROR); /* not exit(), which would try to write the rest */
}

void put_bytes(const void *data, size_t size) {
    progress_erase();
    errno = 0;
    if (fwrite(data, 1, size, stdout) != size) put_failed(errno);
}

void put_text(const char *text) { put_bytes(text, strlen(text)); }

void put_escaped(const char *string) {
    struct text text = {0};
    text_add_escaped(&text, string);
    if (text.size) put_bytes(text.data, text.size);
    free(text.data);
}

void put_flush(void) {
    errno = 0;
    if (fflush(stdout) != 0) put_failed(errno);
}

/* ---- JSON ---- */

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

void json_end(void) {
    text_add(&json, "\n", 1);
    put_bytes(json.data, json.size);
    free(json.data);
    memset(&json, 0, sizeof json);
    json_first = true;
}
