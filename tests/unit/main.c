/* The unit tests: one translation unit with the library, so that they reach its
 * internal functions. Built once with CFT_HEADER as the spine and once as
 * confiture.h.
 *     unit [-x] [SUITE...]  runs all suites, or those that are named; -x: ends with the first
 *                          check that fails */
#define CONFITURE_IMPLEMENTATION
#define CFTI_PROCESSORS 64 /* what threads can do wrong shows with many */
#include CFT_HEADER

#include "test.h"

#include "test_sha256.c"
#include "test_memory.c"
#include "test_block_cache.c"
#include "test_text.c"
#include "test_lexer.c"
#include "test_path.c"
#include "test_names.c"
#include "test_find.c"
#include "test_walk.c"
#include "test_matched.c"
#include "test_notes.c"
#include "test_scan.c"
#include "test_limit.c"
#include "test_ring.c"
#include "test_build.c"
#include "test_face.c"
/* These are about POSIX through and through: links, modes, limits, refused calls. */
#if !defined(_WIN32)
#include "test_rules.c"
#include "test_confine.c"
#include "test_output.c"
#include "test_target.c"
#include "test_system.c"
#include "test_refused.c"
#include "test_host.c"
#include "test_shortage.c"
#endif

static const struct {
    const char *name;
    void (*run)(void);
} suites[] = {
    {"sha256", test_sha256},   {"block_cache", test_block_cache},
    {"text", test_text},       {"lexer", test_lexer},
    {"path", test_path},       {"names", test_names},
    {"find", test_find},       {"scan", test_scan},
    {"limit", test_limit},     {"ring", test_ring},
    {"build", test_build},     {"memory", test_memory},
    {"walk", test_walk},       {"face", test_face},
    {"matched", test_matched}, {"notes", test_notes},
#if !defined(_WIN32)
    {"rules", test_rules},     {"confine", test_confine},
    {"output", test_output},   {"system", test_system},
    {"refused", test_refused}, {"host", test_host},
    {"target", test_target},   {"shortage", test_shortage},
#endif
};

int main(int argc, char **argv) {
    const size_t count = sizeof suites / sizeof suites[0];
    size_t i;
    int a, first = 1;
    if (argc > 1 && strcmp(argv[1], "-x") == 0) {
        test_counts.ends_early = true;
        first = 2;
    }
    for (a = first; a < argc; a++) {
        for (i = 0; i < count && strcmp(argv[a], suites[i].name) != 0; i++) {}
        if (i == count) {
            fprintf(stderr, "unit: no suite '%s'\n", argv[a]);
            return 2;
        }
    }
    for (i = 0; i < count; i++) {
        bool wanted = argc == first;
        for (a = first; a < argc; a++) wanted |= strcmp(argv[a], suites[i].name) == 0;
        if (wanted) test_run(suites[i].name, suites[i].run);
    }
    printf("%lu passed, %lu failed\n", test_counts.passed, test_counts.failed);
    return test_counts.failed ? 1 : 0;
}
