/* fuzz.h: what every fuzz target needs. A target is one translation unit with the library, so
 * that it reaches the internal functions, and holds
 *     int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
 * and   static void fuzz_answer(const fuzz_row *row)
 * With -fsanitize=fuzzer libFuzzer or AFL++ calls the first. With -DFUZZ_MAIN, and any C
 * compiler, it becomes a program that replays inputs, and the answers of the reference:
 *     TARGET FILE-OR-FOLDER... [--answers FILE]
 */
#ifndef CONFITURE_FUZZ_H
#define CONFITURE_FUZZ_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Private: what a target does not call is not there, and costs no time to be watched. */
#define CONFITURE_STATIC
#define CONFITURE_IMPLEMENTATION
#if !defined(CFT_HEADER)
#define CFT_HEADER "confiture.h"
#endif
#include CFT_HEADER

/* The obvious implementations are slow as it is; of their own mistakes the answers tell. */
#if defined(__clang__)
#define FUZZ_SLOW __attribute__((no_sanitize("address", "undefined", "coverage"), unused))
#elif defined(__GNUC__)
#define FUZZ_SLOW __attribute__((unused))
#else
#define FUZZ_SLOW
#endif

/* A short quarantine and no stack traces of allocations: three times as many inputs a second. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "quarantine_size_mb=1:malloc_context_size=0:max_redzone=64:"
           "max_malloc_fill_size=64:allocator_may_return_null=1";
}
#endif
#endif

#define FUZZ_COUNT(array) (sizeof(array) / sizeof((array)[0]))

FUZZ_SLOW static void fuzz_fail(const char *file, int line, const char *what) {
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    fflush(stderr);
    abort();
}

#define FUZZ_CHECK(cond)                                                                           \
    do {                                                                                           \
        if (!(cond)) fuzz_fail(__FILE__, __LINE__, #cond);                                         \
    } while (0)

/* ---- taking an input apart ---- */

typedef struct fuzz_reader {
    const uint8_t *p;
    size_t left;
} fuzz_reader;

/* 0 when there is nothing left: an input never is too short. */
FUZZ_SLOW static uint8_t fuzz_byte(fuzz_reader *in) {
    if (in->left == 0) return 0;
    in->left--;
    return *in->p++;
}

/* A block of the heap that ends where the bytes end, so that a look beyond them shows. */
FUZZ_SLOW static uint8_t *fuzz_copy(const void *bytes, size_t size) {
    uint8_t *copy = (uint8_t *)malloc(size > 0 ? size : 1);
    if (copy == NULL) abort();
    if (size > 0) memcpy(copy, bytes, size);
    return copy;
}

/* strcmp() and its like are watched at every call, which is for the library's alone. */
FUZZ_SLOW static bool fuzz_same(const char *a, const char *b) {
    while (*a != '\0' && *a == *b) a++, b++;
    return *a == *b;
}

/* The bytes up to the next NUL, which is taken too, as a string of its own. */
FUZZ_SLOW static char *fuzz_string(fuzz_reader *in) {
    const uint8_t *nul = in->left > 0 ? (const uint8_t *)memchr(in->p, 0, in->left) : NULL;
    size_t size = nul == NULL ? in->left : (size_t)(nul - in->p);
    char *string = (char *)malloc(size + 1);
    if (string == NULL) abort();
    if (size > 0) memcpy(string, in->p, size);
    string[size] = '\0';
    in->p += size;
    in->left -= size;
    (void)fuzz_byte(in);
    return string;
}

/* How long the next piece of what is left is: mostly short, since borders are what it is for. */
FUZZ_SLOW static size_t fuzz_piece(uint32_t *state, size_t left) {
    size_t n;
    *state = *state * 1664525u + 1013904223u;
    n = (size_t)(*state >> 24);
    n = n < 128 ? 1 + n % 4 : n < 224 ? 1 + n % 32 : 1 + 3 * (n - 200);
    return n < left ? n : left;
}

/* ---- answers ---- */

/* One question with the reference's answer: tests/fuzz/answers.py writes them. */
typedef struct fuzz_row {
    const char *kind;
    const char *a, *b, *wanted; /* NUL-terminated, though they may hold NULs */
    size_t a_size, b_size, wanted_size;
} fuzz_row;

FUZZ_SLOW static bool fuzz_row_is(const fuzz_row *row, const char *kind) {
    return strcmp(row->kind, kind) == 0;
}

FUZZ_SLOW static bool fuzz_row_wants(const fuzz_row *row, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (strcmp(text, row->wanted) == 0) return true;
    fprintf(stderr, "%s of \"%s\" and \"%s\": %s, and not %s\n", row->kind, row->a, row->b, text,
            row->wanted);
    return false;
}

/* ---- the program that replays ---- */

#if defined(FUZZ_MAIN)
#include <dirent.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
static void fuzz_answer(const fuzz_row *row);

static unsigned long fuzz_done;

static uint8_t *fuzz_load(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    size_t capacity = 1 << 16, n;
    uint8_t *bytes = (uint8_t *)malloc(capacity);
    *size = 0;
    while (file != NULL && bytes != NULL &&
           (n = fread(bytes + *size, 1, capacity - *size, file)) > 0)
        if ((*size += n) == capacity) bytes = (uint8_t *)realloc(bytes, capacity *= 2);
    if (file == NULL || bytes == NULL) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(2);
    }
    (void)fclose(file);
    return bytes;
}

static void fuzz_replay_file(const char *path) {
    size_t size;
    uint8_t *loaded = fuzz_load(path, &size), *exact = fuzz_copy(loaded, size);
    free(loaded);
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    fuzz_done++;
}

static void fuzz_replay(const char *path) {
    DIR *dir = opendir(path);
    struct dirent *entry;
    if (dir == NULL) {
        fuzz_replay_file(path);
        return;
    }
    while ((entry = readdir(dir)) != NULL) {
        char whole[4096];
        if (entry->d_name[0] == '.') continue;
        (void)snprintf(whole, sizeof whole, "%s/%s", path, entry->d_name);
        fuzz_replay_file(whole);
    }
    (void)closedir(dir);
}

/* Rows of four strings, each behind its size in 4 bytes, the lowest first. */
static void fuzz_replay_answers(const char *path) {
    size_t size, at = 0, i;
    uint8_t *bytes = fuzz_load(path, &size);
    while (at < size) {
        char *strings[4];
        size_t sizes[4];
        fuzz_row row;
        for (i = 0; i < 4; i++) {
            FUZZ_CHECK(size - at >= 4);
            sizes[i] = (size_t)bytes[at] | (size_t)bytes[at + 1] << 8 |
                       (size_t)bytes[at + 2] << 16 | (size_t)bytes[at + 3] << 24;
            FUZZ_CHECK(sizes[i] <= size - at - 4);
            strings[i] = (char *)malloc(sizes[i] + 1);
            if (strings[i] == NULL) abort();
            memcpy(strings[i], bytes + at + 4, sizes[i]);
            strings[i][sizes[i]] = '\0';
            at += 4 + sizes[i];
        }
        row.kind = strings[0];
        row.a = strings[1], row.a_size = sizes[1];
        row.b = strings[2], row.b_size = sizes[2];
        row.wanted = strings[3], row.wanted_size = sizes[3];
        fuzz_answer(&row);
        for (i = 0; i < 4; i++) free(strings[i]);
        fuzz_done++;
    }
    free(bytes);
}

int main(int argc, char **argv) {
    int i;
    for (i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--answers") == 0 && i + 1 < argc) fuzz_replay_answers(argv[++i]);
        else fuzz_replay(argv[i]);
    }
    printf("%lu passed, 0 failed\n", fuzz_done);
    return 0;
}
#else
#define FUZZ_NO_ANSWERS 1
#endif

#endif
