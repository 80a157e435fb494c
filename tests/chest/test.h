/* test.h: tests that register themselves, and one count of what they check.
 *
 *     SUITE(find, tree_suite_begins, tree_suite_ends);    what runs before and after its tests
 *     TEST(find, links_are_followed) { CHECK(...); }      runs with the suite, in this order
 *     int main(int argc, char **argv) { return test_main("unit", argc, argv); }
 *
 * The compiler has constructors: gcc, clang, mingw-w64. */
#ifndef CONFITURE_CHEST_TEST_H
#define CONFITURE_CHEST_TEST_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A loop over a million cases that all fail is to show what is wrong, not to fill a disk. */
enum { TEST_SHOWN_AT_MOST = 10 };

static struct {
    const char *suite;
    unsigned long passed, failed;             /* all suites */
    unsigned long suite_passed, suite_failed; /* the suite that runs */
    bool ends_early;                          /* at the first failure, as mutate.py asks */
} test_counts;

static bool test_check(bool good, const char *file, int line, const char *what) {
    if (good) {
        test_counts.suite_passed++;
        return true;
    }
    if (test_counts.suite_failed++ < TEST_SHOWN_AT_MOST) {
        printf("%s:%d: %s: FAILED: %s\n", file, line, test_counts.suite, what);
        fflush(stdout);
    }
    if (test_counts.ends_early) exit(1);
    return false;
}

static inline bool test_check_string(const char *is, const char *expected, const char *file,
                                     int line, const char *what) {
    bool good = is && expected ? strcmp(is, expected) == 0 : is == expected;
    if (!test_check(good, file, line, what) && test_counts.suite_failed <= TEST_SHOWN_AT_MOST) {
        printf("    expected: %s\n    is:       %s\n", expected ? expected : "NULL",
               is ? is : "NULL");
    }
    return good;
}

/* Both go on after a failure, and return whether it was good. For the main thread only. */
#define CHECK(cond) test_check(!!(cond), __FILE__, __LINE__, #cond)
#define CHECK_STR(is, expected)                                                                    \
    test_check_string(is, expected, __FILE__, __LINE__, #is " is " #expected)

/* CHECK for what is asked a varying number of times, as threads have it: only failures are
 * counted, so that the total of a run is always the same. */
#define CHECK_QUIET(cond) ((cond) ? true : test_check(false, __FILE__, __LINE__, #cond))

/* The place, in the loops around it, of the check that has just failed. */
static inline void runs_note(const char *what, int a, int b, int c) {
    if (test_counts.suite_failed <= TEST_SHOWN_AT_MOST)
        printf("    %s: %d, %d, %d\n", what, a, b, c);
}

/* ---- suites and tests --------------------------------------------------- */

typedef struct test_entry {
    const char *suite, *name; /* name: NULL for the suite itself */
    int order;                /* of the source: constructors may run in any */
    void (*run)(void), (*after)(void);
    struct test_entry *next;
} test_entry;

static test_entry *test_entries;

static inline void test_register(test_entry *entry) {
    test_entry **at = &test_entries;
    while (*at != NULL && (*at)->order < entry->order) at = &(*at)->next;
    entry->next = *at;
    *at = entry;
}

#define TEST_ENTRY(id, suite, name, order, run, after)                                             \
    __attribute__((constructor)) static void id##_registers(void) {                                \
        static test_entry entry = {suite, name, order, run, after, NULL};                          \
        test_register(&entry);                                                                     \
    }                                                                                              \
    static void id##_registers(void)

#define SUITE(suite, before, after)                                                                \
    TEST_ENTRY(suite_##suite, #suite, NULL, __COUNTER__, before, after)

#define TEST(suite, promise)                                                                       \
    static void test_##suite##_##promise(void);                                                    \
    TEST_ENTRY(test_##suite##_##promise, #suite, #promise, __COUNTER__, test_##suite##_##promise,  \
               NULL);                                                                              \
    static void test_##suite##_##promise(void)

static inline void test_run(const test_entry *suite) {
    const test_entry *test;
    test_counts.suite = suite->suite;
    test_counts.suite_passed = test_counts.suite_failed = 0;
    if (suite->run != NULL) suite->run();
    for (test = test_entries; test != NULL; test = test->next)
        if (test->name != NULL && strcmp(test->suite, suite->suite) == 0) test->run();
    if (suite->after != NULL) suite->after();
    printf("%-8s %lu passed, %lu failed\n", suite->suite, test_counts.suite_passed,
           test_counts.suite_failed);
    fflush(stdout);
    test_counts.passed += test_counts.suite_passed;
    test_counts.failed += test_counts.suite_failed;
}

static inline bool test_is_suite(const char *name) {
    const test_entry *suite;
    for (suite = test_entries; suite != NULL; suite = suite->next)
        if (suite->name == NULL && strcmp(suite->suite, name) == 0) return true;
    return false;
}

/* All suites, or those that argv names from `first` on. The exit status of the program. */
static inline int test_main_from(const char *program, int first, int argc, char **argv) {
    const test_entry *suite;
    int a;
    for (suite = test_entries; suite != NULL; suite = suite->next) {
        if (test_is_suite(suite->suite)) continue;
        fprintf(stderr, "%s: test '%s' has no SUITE(%s, ...)\n", program, suite->name,
                suite->suite);
        return 2;
    }
    for (a = first; a < argc; a++) {
        if (test_is_suite(argv[a])) continue;
        fprintf(stderr, "%s: unknown suite '%s': expected", program, argv[a]);
        for (suite = test_entries; suite != NULL; suite = suite->next)
            if (suite->name == NULL) fprintf(stderr, " %s", suite->suite);
        fprintf(stderr, "\n");
        return 2;
    }
    for (suite = test_entries; suite != NULL; suite = suite->next) {
        bool wanted = first == argc && suite->name == NULL;
        for (a = first; a < argc; a++)
            wanted |= suite->name == NULL && strcmp(argv[a], suite->suite) == 0;
        if (wanted) test_run(suite);
    }
    printf("%lu passed, %lu failed\n", test_counts.passed, test_counts.failed);
    return test_counts.failed ? 1 : 0;
}

/* [-x] [SUITE...]; -x ends at the first check that fails. */
static inline int test_main(const char *program, int argc, char **argv) {
    test_counts.ends_early = argc > 1 && strcmp(argv[1], "-x") == 0;
    return test_main_from(program, test_counts.ends_early ? 2 : 1, argc, argv);
}

#endif
