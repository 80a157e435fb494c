/* The unit tests: one translation unit with the library, so that they reach its internal functions.
 * CFT_HEADER is confiture.h or the spine, src/confiture-in.h.
 *     unit [-x] [SUITE...]  runs all suites, or those that are named; -x: ends at the first
 *                           check that fails */
#define CONFITURE_IMPLEMENTATION
#define CFTI_PROCESSORS 64 /* what threads can do wrong shows with many */
#include CFT_HEADER

#include "../chest/exhaust.h"
#include "../chest/test.h"

#include "suites.h"

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
#include "test_explain.c"
#include "test_notes.c"
#include "test_scan.c"
#include "test_limit.c"
#include "test_ring.c"
#include "test_build.c"
#include "test_map.c"
#include "test_sums.c"
#include "test_diff.c"
#include "test_verify.c"
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

int main(int argc, char **argv) { return test_main("unit", argc, argv); }
