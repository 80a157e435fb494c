/* suggest.c: the known word nearest to an unknown one. */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WORD = 32 };

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* The Damerau-Levenshtein distance: letters changed, added, removed or swapped with the next. */
static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size) {
    size_t rows[3][MAX_WORD + 1], i, k;
    for (k = 0; k <= b_size; k++) rows[0][k] = k;
    for (i = 1; i <= a_size; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        row[0] = i;
        for (k = 1; k <= b_size; k++) {
            size_t change = above[k - 1] + (a[i - 1] != b[k - 1]);
            row[k] = smaller(change, smaller(above[k], row[k - 1]) + 1);
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
                row[k] = smaller(row[k], before[k - 2] + 1);
        }
    }
    return rows[a_size % 3][b_size];
}

char *suggest(const char *words, const char *mistyped, const char *prefix) {
    size_t size = strlen(mistyped), best = size / 3 + 1, best_size = 0, length;
    const char *best_word = NULL, *word;
    char *text;
    for (word = words; *word && size <= MAX_WORD; word += length + (word[length] == ' ')) {
        size_t far;
        length = strcspn(word, " ");
        if (length > MAX_WORD) continue;
        far = distance(word, length, mistyped, size);
        /* A prefix is a match, too. */
        if (size >= 2 && size < length && memcmp(word, mistyped, size) == 0) far = 0;
        if (far > size / 3 || far >= best) continue;
        best = far;
        best_word = word;
        best_size = length;
    }
    length = strlen(prefix) + best_size + sizeof " (did you mean ?)";
    text = (char *)allocate(length);
    text[0] = '\0';
    if (best_word)
        snprintf(text, length, " (did you mean %s%.*s?)", prefix, (int)best_size, best_word);
    return text;
}
