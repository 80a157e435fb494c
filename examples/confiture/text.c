/* text.c: growing text, and words quoted for a shell. */
#include "command.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_add(struct text *text, const char *data, size_t size) {
    if (text->capacity - text->size <= size) {
        text->capacity = text->capacity * 2 + size + 256;
        text->data = (char *)reallocate(text->data, text->capacity);
    }
    if (size > 0) memcpy(text->data + text->size, data, size);
    text->size += size;
    text->data[text->size] = '\0';
}

void text_add_string(struct text *text, const char *string) {
    text_add(text, string, strlen(string));
}

size_t text_utf8_length(const unsigned char *p) {
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

/* The size of the control character at p: C0, DEL, or C1 in UTF-8. 0: another character. */
static size_t control_size(const unsigned char *p) {
    if (*p < 0x20 || *p == 0x7F) return 1;
    return p[0] == 0xC2 && p[1] >= 0x80 && p[1] < 0xA0 ? 2 : 0;
}

bool text_is_one_line(const char *string) {
    const unsigned char *p = (const unsigned char *)string;
    for (; *p; p += text_utf8_length(p)) {
        if (text_utf8_length(p) == 0 || control_size(p) > 0) return false;
    }
    return true;
}

void text_add_escaped(struct text *text, const char *string) {
    const unsigned char *p = (const unsigned char *)string;
    char hex[8];
    for (; *p; p++) {
        size_t size = control_size(p);
        if (size == 0) text_add(text, (const char *)p, 1);
        for (; size > 0; size--) {
            snprintf(hex, sizeof hex, "\\x%02X", (unsigned)*p);
            text_add_string(text, hex);
            if (size > 1) p++;
        }
    }
}

const char *error_text(char text[ERROR_TEXT], int error) {
    snprintf(text, ERROR_TEXT, "%s", strerror(error));
    if (islower((unsigned char)text[1])) text[0] = (char)tolower((unsigned char)text[0]);
    return text;
}

static const char safe[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./,:=@%+";

void text_add_quoted(struct text *text, const char *string) {
    const unsigned char *p = (const unsigned char *)string;
    bool plain = *p != '\0', controls = false;
    for (; *p; p++) {
        if (control_size(p) > 0) controls = true;
        if (*p < 0x80 && !strchr(safe, *p)) plain = false;
    }
    if (plain && !controls) {
        text_add_string(text, string);
        return;
    }
    text_add_string(text, controls ? "$'" : "'");
    for (p = (const unsigned char *)string; *p; p++) {
        char one[3] = {(char)p[0], '\0', '\0'};
        size_t size = control_size(p);
        if (controls && (*p == '\\' || *p == '\'')) text_add_string(text, "\\");
        else if (*p == '\'') text_add_string(text, "'\\'");
        if (size == 2) one[1] = (char)*++p;
        text_add_escaped(text, one);
    }
    text_add_string(text, "'");
}

static int hex_digit(char c) {
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *found = c ? strchr(digits, c) : NULL;
    return found ? (int)(found - digits) % 16 : -1;
}

/* The length of an escape sequence inside $''. *byte is its value. */
static size_t read_escape(const char *p, char *byte) {
    *byte = p[1];
    if (p[1] != 'x' || hex_digit(p[2]) < 0 || hex_digit(p[3]) < 0) return p[1] ? 2 : 1;
    *byte = (char)(hex_digit(p[2]) * 16 + hex_digit(p[3]));
    return 4;
}

char *text_next_word(char **line, bool *bad) {
    char *p = *line, *word, *out;
    enum { PLAIN, QUOTED, ESCAPED } state = PLAIN;
    *bad = false;
    while (*p == ' ') p++;
    if (!*p) return NULL;
    word = out = p;
    for (; *p && (state != PLAIN || *p != ' '); p++) {
        if (state != PLAIN && *p == '\'') {
            state = PLAIN;
        } else if (state == ESCAPED && *p == '\\') {
            p += read_escape(p, out++) - 1;
        } else if (state == PLAIN && *p == '\'') {
            state = QUOTED;
        } else if (state == PLAIN && p[0] == '$' && p[1] == '\'') {
            state = ESCAPED;
            p++;
        } else if (state == PLAIN && *p == '\\' && !p[1]) {
            *bad = true;
        } else {
            if (state == PLAIN && *p == '\\') p++;
            *out++ = *p;
        }
    }
    *bad = *bad || state != PLAIN;
    *line = *p ? p + 1 : p;
    *out = '\0';
    return word;
}
