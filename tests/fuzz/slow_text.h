/* slow_text.h: characters, newlines and comments, the obvious way. */
#ifndef CONFITURE_FUZZ_SLOW_TEXT_H
#define CONFITURE_FUZZ_SLOW_TEXT_H

FUZZ_SLOW static size_t slow_encode(uint32_t code, uint8_t out[4]) {
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (uint8_t)(0xC0 | code >> 6);
        out[1] = (uint8_t)(0x80 | (code & 63));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (uint8_t)(0xE0 | code >> 12);
        out[1] = (uint8_t)(0x80 | (code >> 6 & 63));
        out[2] = (uint8_t)(0x80 | (code & 63));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | code >> 18);
    out[1] = (uint8_t)(0x80 | (code >> 12 & 63));
    out[2] = (uint8_t)(0x80 | (code >> 6 & 63));
    out[3] = (uint8_t)(0x80 | (code & 63));
    return 4;
}

/* The character whose encoding stands at p: the one that, encoded, gives these very bytes.
 * 0 bytes: there is none. */
FUZZ_SLOW static size_t slow_decode(const uint8_t *p, size_t n, uint32_t *code) {
    size_t length, i;
    for (length = 1; length <= 4 && length <= n; length++) {
        static const uint8_t mask[5] = {0, 0x7F, 0x1F, 0x0F, 0x07};
        uint8_t again[4];
        uint32_t c = p[0] & mask[length];
        for (i = 1; i < length; i++) c = c << 6 | (p[i] & 63u);
        if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) continue;
        if (slow_encode(c, again) != length || memcmp(p, again, length) != 0) continue;
        *code = c;
        return length;
    }
    return 0;
}

/* Where the first byte stands that is part of no character; n if there is none. */
FUZZ_SLOW static size_t slow_utf8(const uint8_t *p, size_t n) {
    size_t i = 0;
    while (i < n) {
        uint32_t code;
        size_t length = slow_decode(p + i, n - i, &code);
        if (length == 0) break;
        i += length;
    }
    return i;
}

/* CRLF and lone CR to LF; out has room for n bytes. */
FUZZ_SLOW static size_t slow_newlines(uint8_t *out, const uint8_t *p, size_t n) {
    size_t i, size = 0;
    for (i = 0; i < n; i++) {
        if (p[i] == '\r') out[size++] = '\n';
        else if (!(p[i] == '\n' && i > 0 && p[i - 1] == '\r')) out[size++] = p[i];
    }
    return size;
}

FUZZ_SLOW static uint64_t slow_count(const uint8_t *p, size_t n, uint8_t byte) {
    uint64_t count = 0;
    size_t i;
    for (i = 0; i < n; i++) count += p[i] == byte;
    return count;
}

/* The reference's check, section 9 of its rules: the line of the comment that is open at the
 * end of translated text, or 0. */
FUZZ_SLOW static uint64_t slow_comment(const uint8_t *p, size_t n) {
    uint64_t opened = 0, line = 1;
    uint8_t before = 0;
    size_t i;
    for (i = 0; i < n; i++) {
        if (p[i] == '*' && before == '/') {
            opened = line;
            before = 0;
        } else if (p[i] == '/' && before == '*' && opened != 0) {
            opened = 0;
            before = 0;
        } else {
            line += p[i] == '\n';
            before = p[i];
        }
    }
    return opened;
}

#endif
