/* growth.c: how the work of a call grows with what it is given. Counted, not timed: the basic
 * blocks that run (-fsanitize-coverage=trace-pc), the bytes that go through libc's functions for
 * memory and strings, and the components of the paths that the kernel is asked to follow, all on
 * one thread. Twice as much to do may cost at most 2.3 times as much.
 *
 *   cc -c -DGROWTH_COUNTER tests/hostile/growth.c -o counter.o
 *   cc -O1 -fsanitize-coverage=trace-pc -I. tests/hostile/growth.c counter.o -o growth -pthread
 *
 * The last line is "N passed, N failed". --figures shows the counts. */

#define _GNU_SOURCE

extern unsigned long long growth_blocks;

#if defined(GROWTH_COUNTER)

unsigned long long growth_blocks;
void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void) { growth_blocks++; }

#else

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "../chest/test.h"
#include "../chest/tree.h"

static unsigned long long growth_bytes, growth_components;

static size_t growth_length(const char *s) {
    size_t n = strlen(s);
    growth_bytes += n;
    return n;
}

static void growth_path(const char *path) {
    for (growth_components++; *path != '\0'; path++) growth_components += *path == '/';
}

static int growth_openat(int at, const char *path, int flags, ...) {
    growth_path(path);
    return openat(at, path, flags, 0644);
}

static int growth_fstatat(int at, const char *path, struct stat *status, int flags) {
    growth_path(path);
    return fstatat(at, path, status, flags);
}

static ssize_t growth_readlinkat(int at, const char *path, char *buffer, size_t size) {
    growth_path(path);
    return readlinkat(at, path, buffer, size);
}

#define memcpy(to, from, n) (growth_bytes += (n), memcpy(to, from, n))
#define memmove(to, from, n) (growth_bytes += (n), memmove(to, from, n))
#define memset(to, byte, n) (growth_bytes += (n), memset(to, byte, n))
#define memcmp(a, b, n) (growth_bytes += (n), memcmp(a, b, n))
#define strlen(s) growth_length(s)
#define openat growth_openat
#define fstatat growth_fstatat
#define readlinkat growth_readlinkat

#define CONFITURE_IMPLEMENTATION
#include "confiture.h"

#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef openat
#undef fstatat
#undef readlinkat

static bool growth_figures;
static bool growth_make = true; /* the tree, and not the call */

/* A block runs in about a nanosecond, 32 bytes are copied in one, and the kernel finds a
 * component in some fifty. */
static unsigned long long growth_count(void) {
    return growth_blocks + growth_bytes / 32 + 50 * growth_components;
}

static confiture_find_options growth_options(void) {
    confiture_find_options options;
    memset(&options, 0, sizeof options);
    options.run.threads = 1;
    options.run.io = CONFITURE_IO_READ;
    return options;
}

static void growth_find(const confiture_directory *directories, size_t count,
                        const confiture_find_options *options, size_t wanted, bool hash) {
    confiture_files *files = NULL;
    confiture_error error;
    confiture_digest digest;
    confiture_hash_options how;
    if (confiture_find_all(&files, directories, count, options, &error) != CONFITURE_OK) {
        fprintf(stderr, "growth: %s\n", error.message);
        exit(2);
    }
    memset(&how, 0, sizeof how);
    how.run = options->run;
    CHECK(confiture_files_count(files) == wanted);
    if (hash) CHECK(confiture_hash(&digest, files, &how, NULL) == CONFITURE_OK);
    confiture_files_free(files);
}

static confiture_directory growth_directory(const char *path) {
    confiture_directory directory;
    memset(&directory, 0, sizeof directory);
    directory.path = path;
    return directory;
}

/* ---- what grows ---- */

/* One in the other, with names of one letter and of two hundred. */
static void growth_chain(size_t levels, size_t width, const char *exclude) {
    confiture_find_options options = growth_options();
    confiture_directory directory = growth_directory("t");
    if (growth_make) {
        char name[256];
        int at = (mkdir("t", 0755), open("t", O_RDONLY | O_DIRECTORY)), next;
        size_t i;
        memset(name, 'd', width);
        name[width] = '\0';
        for (i = 0; i < levels; i++) {
            if (mkdirat(at, name, 0755) != 0) tree_die("mkdirat", name);
            next = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
            (void)close(at);
            at = next;
        }
        (void)close(openat(at, "x.sql", O_WRONLY | O_CREAT | O_EXCL, 0644));
        (void)close(at);
        return;
    }
    if (exclude != NULL) directory.exclude = &exclude, directory.exclude_count = 1;
    if (exclude != NULL) options.exclude_dirs = &exclude, options.exclude_dir_count = 1;
    growth_find(&directory, 1, &options, 1, true);
}

static void growth_narrow_chain(size_t n) { growth_chain(2 * n, 1, NULL); }
static void growth_wide_chain(size_t n) { growth_chain(n / 2, 200, NULL); }
static void growth_excluding_chain(size_t n) { growth_chain(n, 20, "a/*/b*"); }

static void growth_files_in(const char *directory, size_t n) {
    char name[100];
    size_t i;
    for (i = 0; i < n; i++) {
        sprintf(name, "%s/%06lu.sql", directory, (unsigned long)(i * 7919 % n));
        tree_text(name, i % 2 ? "A;\n" : "");
    }
}

static void growth_one_directory(size_t n) {
    confiture_find_options options = growth_options();
    confiture_directory directory = growth_directory("t");
    if (growth_make) growth_files_in("t", n);
    else growth_find(&directory, 1, &options, n, true);
}

static void growth_twice(size_t n) {
    confiture_find_options options = growth_options();
    confiture_directory directories[2];
    if (growth_make) {
        growth_files_in("t", n);
        return;
    }
    directories[0] = directories[1] = growth_directory("t");
    options.unique = true;
    options.sort = CONFITURE_SORT_HEX;
    growth_find(directories, 2, &options, n, false);
}

/* Many include directories of a few files. */
static void growth_directories(size_t n) {
    confiture_find_options options = growth_options();
    confiture_directory *directories =
        (confiture_directory *)calloc(n, sizeof(confiture_directory));
    char(*names)[20] = (char(*)[20])calloc(n, 20);
    char path[40];
    size_t i, k;
    for (i = 0; i < n; i++) {
        sprintf(names[i], "t/%05lu", (unsigned long)i);
        directories[i] = growth_directory(names[i]);
        for (k = 0; k < 3 && growth_make; k++) {
            sprintf(path, "%s/%lu.sql", names[i], (unsigned long)k);
            tree_text(path, "");
        }
    }
    if (!growth_make) growth_find(directories, n, &options, 3 * n, true);
    free(names);
    free(directories);
}

/* Twice the files, and twice as many directories that are excluded. */
static void growth_excluded(size_t n) {
    confiture_find_options options = growth_options();
    confiture_directory directory = growth_directory("t");
    char(*names)[40] = (char(*)[40])calloc(n, 40);
    const char **list = (const char **)calloc(n, sizeof(char *));
    size_t i;
    for (i = 0; i < n; i++) {
        sprintf(names[i], "t/%lu/other/%06lu", (unsigned long)(i % 10), (unsigned long)i);
        list[i] = names[i];
        if (!growth_make) continue;
        sprintf(names[i], "t/%lu/%06lu.sql", (unsigned long)(i % 10), (unsigned long)i);
        tree_text(names[i], "");
    }
    options.exclude_dirs = list;
    options.exclude_dir_count = n;
    if (!growth_make) growth_find(&directory, 1, &options, n, true);
    free(names);
    free((void *)list);
}

/* Links, each to be asked where it leads. */
static void growth_links(size_t n) {
    confiture_find_options options = growth_options();
    confiture_directory directory = growth_directory("t");
    char name[40];
    size_t i;
    options.confine = true;
    for (i = 0; i < n && growth_make; i++) {
        sprintf(name, "t/%06lu.sql", (unsigned long)i);
        if (i == 0) tree_text(name, "");
        else tree_link(name, "000000.sql");
    }
    if (!growth_make) growth_find(&directory, 1, &options, n, true);
}

/* A list of the caller's own, in directories of its own. */
static void growth_list(size_t n) {
    confiture_find_options options = growth_options();
    confiture_files *files;
    char *list = (char *)malloc(n * 40), name[40];
    size_t i, size = 0;
    options.confine = true;
    for (i = 0; i < n; i++) {
        int length = sprintf(name, "t/%lu/%06lu.sql", (unsigned long)(i / 8), (unsigned long)i);
        memcpy(list + size, name, (size_t)length + 1);
        size += (size_t)length + 1;
        if (growth_make) tree_text(name, "");
    }
    if (!growth_make) {
        CHECK(confiture_files_from_list0(&files, list, size, &options, NULL) == CONFITURE_OK);
        CHECK(confiture_files_count(files) == n);
        confiture_files_free(files);
    }
    free(list);
}

/* Patterns of many stars, none of which matches; of brackets that are never closed. */
static void growth_match(size_t n, const char *part, const char *letter) {
    char name[256], *pattern = (char *)calloc(1, n * 4 + 2);
    size_t i;
    if (!growth_make) {
        for (i = 0; i < 250; i++) name[i] = *letter;
        name[250] = '\0';
        for (i = 0; i < n; i++) strcat(pattern, part);
        strcat(pattern, "b");
        CHECK(!cfti_match(name, 250, pattern, strlen(pattern)));
    }
    free(pattern);
}

static void growth_stars(size_t n) { growth_match(n / 10, "*a", "a"); }
static void growth_question_stars(size_t n) { growth_match(n / 10, "*?a", "a"); }
static void growth_sets(size_t n) { growth_match(n / 10, "*[a]", "a"); }
static void growth_brackets(size_t n) { growth_match(n, "[", "["); }

static void growth_findings_told(void *user, const confiture_finding *finding) {
    (void)finding;
    ++*(size_t *)user;
}

static void growth_findings(size_t n) {
    confiture_find_options options = growth_options();
    confiture_check_options check;
    confiture_files *files = NULL;
    char name[40];
    size_t i, told = 0;
    for (i = 0; i < n && growth_make; i++) {
        sprintf(name, "t/%06lu.sql", (unsigned long)i);
        tree_text(name, "/*");
    }
    if (growth_make) return;
    memset(&check, 0, sizeof check);
    check.run = options.run;
    check.on_finding = growth_findings_told;
    check.finding_user = &told;
    CHECK(confiture_find(&files, "t", &options, NULL) == CONFITURE_OK);
    CHECK(confiture_check(files, &check, NULL) == CONFITURE_E_UNCLOSED && told == n);
    confiture_files_free(files);
}

static const struct {
    const char *what;
    void (*run)(size_t n);
} growth_cases[] = {{"a chain of short names", growth_narrow_chain},
                    {"a chain of long names", growth_wide_chain},
                    {"a chain, with excludes", growth_excluding_chain},
                    {"files in one directory", growth_one_directory},
                    {"files found twice, by hex", growth_twice},
                    {"include directories", growth_directories},
                    {"files and excluded directories", growth_excluded},
                    {"links, confined", growth_links},
                    {"a list, confined", growth_list},
                    {"stars in a pattern", growth_stars},
                    {"stars and question marks", growth_question_stars},
                    {"stars and sets", growth_sets},
                    {"brackets never closed", growth_brackets},
                    {"findings", growth_findings}};

SUITE(growth, tree_open, tree_close);

TEST(growth, twice_as_much_costs_at_most_2_3_times_as_much) {
    size_t i, k, n = 500;
    for (i = 0; i < sizeof growth_cases / sizeof growth_cases[0]; i++) {
        unsigned long long counts[2];
        for (k = 0; k < 2; k++) {
            unsigned long long before;
            growth_make = true;
            growth_cases[i].run(n << k);
            growth_make = false;
            before = growth_count();
            growth_cases[i].run(n << k);
            counts[k] = growth_count() - before;
            tree_clear();
        }
        if (growth_figures)
            printf("%-32s %10llu %10llu  %.2f\n", growth_cases[i].what, counts[0], counts[1],
                   (double)counts[1] / (double)counts[0]);
        if (!CHECK(counts[0] > 0 && counts[1] * 10 <= counts[0] * 23))
            printf("    %s: %llu, and for twice as much %llu\n", growth_cases[i].what, counts[0],
                   counts[1]);
    }
}

int main(int argc, char **argv) {
    growth_figures = argc > 1 && strcmp(argv[1], "--figures") == 0;
    return test_main_from("growth", growth_figures ? 2 : 1, argc, argv);
}

#endif
