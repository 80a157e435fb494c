/* suites.h: what surrounds the tests of a suite that makes files. */
#ifndef CONFITURE_UNIT_SUITES_H
#define CONFITURE_UNIT_SUITES_H

#include "../chest/runs.h"
#include "../chest/test.h"
#include "../chest/tree.h"

static size_t tree_suite_descriptors;

static void tree_suite_begins(void) {
    tree_suite_descriptors = tree_descriptors();
    tree_open();
    (void)alarm(600); /* what hangs is to fail */
}

static void tree_suite_ends(void) {
    (void)alarm(0);
    tree_close();
    runs_close();
}

/* The suite leaves no descriptor open. */
static void tree_suite_ends_whole(void) {
    tree_suite_ends();
    CHECK(tree_descriptors() == tree_suite_descriptors);
}

#endif
