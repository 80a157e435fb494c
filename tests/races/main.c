/* races: the library while others change its files, kill its process, or fork it.
 *     races [--rounds N] [--seed N] [--stride N] [SUITE...]
 * Rounds are of the storm; of the steps one in `stride` is taken. All suites, or those that
 * are named. One translation unit with the library, whose system calls are ours: hooks.h. */
#include "hooks.h"

/* Few files are to be enough for many threads. */
#define CFTI_PROCESSORS 8
#define CFTI_RING_CROWD (hooks.crowd == 0 ? SIZE_MAX : hooks.crowd)
#define CFTI_FILES_PER_THREAD 2
#define CFTI_FILES_PER_HELPER 2
#define CFTI_DIRECTORIES_PER_THREAD 1
#define CONFITURE_IMPLEMENTATION
#include CFT_HEADER

#include "plain.h"

#include "../chest/test.h"
#include "../chest/tree.h"

#include "versions.h"
#include "changes.h"
#include "verify.h"

/* How operations ended: consistent, changed, gone, torn. */
static unsigned long race_tallies[OPS][4];

static void race_tally(race_op op, confiture_status status, race_verdict verdict) {
    if (verdict == VERDICT_BAD) return;
    race_tallies[op][status == CONFITURE_E_CHANGED ? 1
                     : status != CONFITURE_OK      ? 2
                     : verdict == VERDICT_TORN     ? 3
                                                   : 0]++;
}

static unsigned long race_tallies_of(int column) {
    unsigned long sum = 0;
    int op;
    for (op = 0; op < OPS; op++) sum += race_tallies[op][column];
    return sum;
}

static void race_tell(const char *what) {
    int op;
    printf("%-16s %10s %10s %10s %10s\n", what, "consistent", "changed", "gone", "torn");
    for (op = 0; op < OPS; op++)
        printf("  %-14s %10lu %10lu %10lu %10lu\n", op_names[op], race_tallies[op][0],
               race_tallies[op][1], race_tallies[op][2], race_tallies[op][3]);
    printf("  %-14s %10lu %10lu %10lu %10lu\n", "all", race_tallies_of(0), race_tallies_of(1),
           race_tallies_of(2), race_tallies_of(3));
    (void)fflush(stdout);
    memset(race_tallies, 0, sizeof race_tallies);
}

static int rounds = 300, stride = 11;
static uint32_t seed;

#include "test_steps.c"
#include "test_storm.c"
#include "test_states.c"
#include "test_unstamped.c"
#include "test_killed.c"
#include "test_fork.c"

SUITE(steps, NULL, NULL);
SUITE(states, NULL, NULL);
SUITE(unstamped, NULL, NULL);
SUITE(storm, NULL, NULL);
SUITE(killed, NULL, NULL);
SUITE(fork, NULL, NULL);

TEST(steps, change_at_every_call_is_seen) {
    watchdog("steps");
    (void)alarm(0);
    test_steps_with(stride);
}

TEST(states, two_changes_are_seen) {
    watchdog("states");
    (void)alarm(0);
    test_states_with(stride);
}

TEST(storm, results_are_consistent_while_writers_write) { test_storm_with(rounds, seed); }

TEST(fork, children_work) { test_fork_with(rounds / 50 + 4); }

int main(int argc, char **argv) {
    int a;
    seed = (uint32_t)time(NULL) & 0xFFFFFF;
    for (a = 1; a + 1 < argc && strncmp(argv[a], "--", 2) == 0; a += 2) {
        if (strcmp(argv[a], "--rounds") == 0) rounds = atoi(argv[a + 1]);
        else if (strcmp(argv[a], "--seed") == 0) seed = (uint32_t)atoi(argv[a + 1]);
        else if (strcmp(argv[a], "--stride") == 0) stride = atoi(argv[a + 1]);
        else return 2;
    }
    return test_main_from("races", a, argc, argv);
}
