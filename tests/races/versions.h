/* versions.h: files that say of each of their lines which file, which version and which
 * line it is, so that bytes of two versions in one answer are seen. */
#ifndef CONFITURE_RACES_VERSIONS_H
#define CONFITURE_RACES_VERSIONS_H

enum { LINE = 64 }; /* bytes of every line, a comment: valid SQL wherever it is cut off */

/* Eight versions in a row are of one length: see change_place(). */
static size_t version_lines(unsigned file, unsigned version, size_t least, size_t most) {
    uint32_t x = (file * 2654435761u) ^ ((version / 8 + 1) * 2246822519u);
    x ^= x >> 15;
    x *= 2654435761u;
    x ^= x >> 13;
    return least + x % (most - least + 1);
}

static void version_digits(char *to, int width, size_t value) {
    while (width-- > 0) {
        to[width] = (char)('0' + (int)(value % 10));
        value /= 10;
    }
}

/* "-- fFFFF vVVVVVVVV lLLLLLLL of LLLLLLL ....\n" */
static void version_line(char line[LINE], unsigned file, unsigned version, size_t at,
                         size_t lines) {
    memset(line, '.', LINE);
    memcpy(line, "-- f---- v-------- l------- of ------- ", 39);
    version_digits(line + 4, 4, file);
    version_digits(line + 10, 8, version);
    version_digits(line + 20, 7, at);
    version_digits(line + 31, 7, lines);
    line[LINE - 1] = '\n';
}

/* The first `size` bytes of a version, to be freed. */
static char *version_text(unsigned file, unsigned version, size_t lines, size_t size) {
    size_t i, n = (size + LINE - 1) / LINE;
    char *text = (char *)malloc(n * LINE + 1);
    if (text == NULL) abort();
    for (i = 0; i < n; i++) version_line(text + i * LINE, file, version, i, lines);
    return text;
}

static unsigned version_number(const char *digits, int width) {
    unsigned value = 0;
    while (width-- > 0) value = value * 10 + (unsigned)(*digits++ - '0');
    return value;
}

/* Whether the bytes are the beginning of this version, or all of it. */
static bool version_is(const char *bytes, size_t size, unsigned file, unsigned version,
                       size_t lines, bool whole) {
    size_t i;
    if (size > lines * LINE || (whole && size != lines * LINE)) return false;
    for (i = 0; i * LINE < size; i++) {
        char line[LINE];
        size_t n = size - i * LINE < LINE ? size - i * LINE : LINE;
        version_line(line, file, version, i, lines);
        if (memcmp(bytes + i * LINE, line, n) != 0) return false;
    }
    return true;
}

/* Whether every line is of some version of this file: what is left if a file was read while
 * one call was writing over it. */
static bool version_is_torn(const char *bytes, size_t size, unsigned file) {
    size_t i;
    char line[LINE];
    for (i = 0; (i + 1) * LINE <= size; i++) {
        const char *at = bytes + i * LINE;
        version_line(line, file, version_number(at + 10, 8), i, version_number(at + 31, 7));
        /* The tear itself goes through the middle of a line, most often. */
        if (memcmp(at, line, 9) != 0 || at[LINE - 1] != '\n') return false;
    }
    return true;
}

#endif
