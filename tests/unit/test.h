/* test.h: all that the unit tests need to count and to complain. */
#ifndef CONFITURE_TEST_H
#define CONFITURE_TEST_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A loop over a million cases that all fail is to show what is wrong, not to fill a disk. */
enum { TEST_SHOWN_AT_MOST = 10 };

static struct {
    const char *suite;
    unsigned long passed, failed;             /* all suites */
    unsigned long suite_passed, suite_failed; /* the one that runs */
    bool ends_early;                          /* with the first failure: one is all that is asked */
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

static bool test_check_string(const char *is, const char *expected, const char *file, int line,
                              const char *what) {
    bool good = is && expected ? strcmp(is, expected) == 0 : is == expected;
    if (!test_check(good, file, line, what) && test_counts.suite_failed <= TEST_SHOWN_AT_MOST) {
        printf("    expected: %s\n    is:       %s\n", expected ? expected : "NULL",
               is ? is : "NULL");
    }
    return good;
}

/* Both go on after a failure, and return whether it was good. Not for use in
 * other threads than the main one. */
#define CHECK(cond) test_check(!!(cond), __FILE__, __LINE__, #cond)
#define CHECK_STR(is, expected)                                                                    \
    test_check_string(is, expected, __FILE__, __LINE__, #is " is " #expected)

static void test_run(const char *name, void (*suite)(void)) {
    test_counts.suite = name;
    test_counts.suite_passed = test_counts.suite_failed = 0;
    suite();
    printf("%-8s %lu passed, %lu failed\n", name, test_counts.suite_passed,
           test_counts.suite_failed);
    fflush(stdout);
    test_counts.passed += test_counts.suite_passed;
    test_counts.failed += test_counts.suite_failed;
}

#endif
