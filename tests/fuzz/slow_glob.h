/* slow_glob.h: names, patterns and PurePath.match, the obvious way. */
#ifndef CONFITURE_FUZZ_SLOW_GLOB_H
#define CONFITURE_FUZZ_SLOW_GLOB_H

#include "slow_text.h"

#define SLOW_CHARS 512 /* of a name or a pattern; longer ones are not asked about */

typedef struct slow_chars {
    uint32_t at[SLOW_CHARS];
    size_t count;
} slow_chars;

/* A byte that is no UTF-8 is a character of its own, as Python's surrogateescape has it. */
FUZZ_SLOW static bool slow_chars_of(slow_chars *chars, const char *s, size_t n) {
    size_t i = 0;
    chars->count = 0;
    while (i < n) {
        uint32_t code;
        size_t length = slow_decode((const uint8_t *)s + i, n - i, &code);
        if (chars->count == SLOW_CHARS) return false;
        if (length == 0) code = 0xDC00u + (uint8_t)s[i], length = 1;
        chars->at[chars->count++] = code;
        i += length;
    }
    return true;
}

/* The index of the ] that ends the set at pattern[i] == '['; 0: there is none. */
FUZZ_SLOW static size_t slow_set_end(const slow_chars *pattern, size_t i) {
    size_t k;
    /* The first character behind [ or [! belongs to the set, whatever it is. */
    k = i + 1 < pattern->count && pattern->at[i + 1] == '!' ? i + 3 : i + 2;
    for (; k < pattern->count; k++)
        if (pattern->at[k] == ']') return k;
    return 0;
}

FUZZ_SLOW static bool slow_set_holds(const uint32_t *members, size_t n, uint32_t c) {
    size_t i = 0;
    bool negated = n > 0 && members[0] == '!', holds = false;
    if (negated) i++;
    while (i < n) {
        if (i + 2 < n && members[i + 1] == '-') {
            holds = holds || (members[i] <= c && c <= members[i + 2]);
            i += 3;
        } else {
            holds = holds || members[i] == c;
            i++;
        }
    }
    return holds != negated;
}

/* fnmatchcase, by a table of which ends of the pattern match which ends of the name. Unanswered
 * (false, and *asked is false) if one of them is too long. */
FUZZ_SLOW static bool slow_fnmatch(const char *name, size_t name_size, const char *pattern,
                                   size_t pattern_size, bool *asked) {
    static slow_chars n, p;
    static bool table[SLOW_CHARS + 1][SLOW_CHARS + 1];
    size_t i, k;
    *asked = slow_chars_of(&n, name, name_size) && slow_chars_of(&p, pattern, pattern_size);
    if (!*asked) return false;
    for (i = p.count + 1; i-- > 0;) {
        uint32_t c = i < p.count ? p.at[i] : 0;
        size_t end = c == '[' ? slow_set_end(&p, i) : 0;
        for (k = n.count + 1; k-- > 0;) {
            bool *matches = &table[i][k];
            if (i == p.count) *matches = k == n.count;
            else if (c == '*') *matches = table[i + 1][k] || (k < n.count && table[i][k + 1]);
            else if (k == n.count) *matches = false;
            else if (c == '?') *matches = table[i + 1][k + 1];
            else if (end > 0)
                *matches =
                    table[end + 1][k + 1] && slow_set_holds(&p.at[i + 1], end - i - 1, n.at[k]);
            else *matches = c == n.at[k] && table[i + 1][k + 1];
        }
    }
    return table[0][0];
}

/* ---- components ---- */

#define SLOW_PARTS 256

typedef struct slow_part {
    const char *text;
    size_t size;
} slow_part;

/* The components of a path, without empty ones and ".". */
FUZZ_SLOW static size_t slow_split(slow_part parts[SLOW_PARTS], const char *path, size_t n) {
    size_t i, start = 0, count = 0;
    for (i = 0; i <= n; i++) {
        if (i < n && path[i] != '/') continue;
        if (i > start && !(i == start + 1 && path[start] == '.') && count < SLOW_PARTS) {
            parts[count].text = path + start;
            parts[count++].size = i - start;
        }
        start = i + 1;
    }
    return count;
}

/* PurePath(path).match(pattern) of a relative path: -1 for a pattern that is empty. */
FUZZ_SLOW static int slow_match(const char *path, size_t path_size, const char *pattern,
                                size_t pattern_size) {
    static slow_part names[SLOW_PARTS], wanted[SLOW_PARTS];
    size_t n = slow_split(names, path, path_size), w = slow_split(wanted, pattern, pattern_size), i;
    if (pattern_size > 0 && pattern[0] == '/') return 0;
    if (w == 0) return -1;
    if (w > n) return 0;
    for (i = 1; i <= w; i++) {
        bool asked;
        if (!slow_fnmatch(names[n - i].text, names[n - i].size, wanted[w - i].text,
                          wanted[w - i].size, &asked))
            return 0;
    }
    return 1;
}

/* What kind of component of an include pattern it is: 'd' for any depth, 'w' with wildcards,
 * 'e' exact, '!' for one that is an error. */
FUZZ_SLOW static char slow_part_kind(const slow_part *part) {
    size_t i;
    bool stars = false, wild = false;
    for (i = 0; i < part->size; i++) {
        stars = stars || (i > 0 && part->text[i - 1] == '*' && part->text[i] == '*');
        wild = wild || strchr("*?[", part->text[i]) != NULL;
    }
    if (part->size == 2 && stars) return 'd';
    return stars ? '!' : wild ? 'w' : 'e';
}

#endif
