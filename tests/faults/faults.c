/* Every call that may fail does: the Nth, for every N until the work succeeds, once and from
 * then on, with each error that fits it, whatever is done and however it is run; and then
 * what can be said better by name.
 *     faults [--quick | --alone] [WORK...]     all works, or these; "named": what has a name
 * --quick: a share of the calls. --alone: all of them, by one thread: the same each time. */
#include "calls.h"

#define CONFITURE_IMPLEMENTATION
#include CFT_HEADER

#include "engine.h"
#include "ring.h"
#include "works.h"
#include "judge.h"

static const config configs[] = {
    {"read, alone", CONFITURE_IO_READ, 1, POOL_NONE, true, true, false},
    {"read, threads", CONFITURE_IO_READ, 4, POOL_NONE, true, false, false},
    {"read, pool", CONFITURE_IO_READ, 0, POOL_NEW, false, false, false},
    {"read, warm pool", CONFITURE_IO_READ, 3, POOL_WARM, false, false, false},
    {"read, pool, allocator", CONFITURE_IO_READ, 3, POOL_WARM, true, false, false},
    {"mmap, alone", CONFITURE_IO_MMAP, 1, POOL_NONE, true, true, false},
    {"mmap, threads", CONFITURE_IO_MMAP, 4, POOL_NONE, false, false, false},
    {"mmap, pool", CONFITURE_IO_MMAP, 0, POOL_NEW, false, false, false},
    {"ring, alone", CONFITURE_IO_RING, 1, POOL_NONE, true, true, false},
    {"ring, threads", CONFITURE_IO_RING, 4, POOL_NONE, false, false, false},
    {"ring, pool", CONFITURE_IO_RING, 0, POOL_NEW, false, false, false},
    {"ring, warm pool", CONFITURE_IO_RING, 3, POOL_WARM, false, true, false},
    {"ring, pool, alone", CONFITURE_IO_RING, 1, POOL_WARM, false, false, false},
    {"auto, pool", CONFITURE_IO_AUTO, 0, POOL_WARM, false, false, false},
    {"read, alone, fresh", CONFITURE_IO_READ, 1, POOL_NONE, true, true, true},
    {"mmap, threads, fresh", CONFITURE_IO_MMAP, 4, POOL_NONE, true, false, true},
    {"ring, pool, fresh", CONFITURE_IO_RING, 0, POOL_NEW, false, false, true}};

enum { CONFIGS = sizeof configs / sizeof configs[0] };

static struct {
    bool quick, alone;
    unsigned long calls; /* that were made while something failed */
} faults;

static void faults_hang(int number) {
    static const char words[] = "\nFAILED: a hang: ";
    (void)number;
    (void)real_write(1, words, sizeof words - 1);
    (void)real_write(1, judge.where, strlen(judge.where));
    (void)real_write(1, "\n0 passed, 1 failed\n", 20);
    _exit(1);
}

/* ---- the Nth call ---- */

typedef struct faults_nth {
    size_t n, variant;
    bool on;
    unsigned long only; /* 0: all calls count */
    bool few;
} faults_nth;

static void faults_plan_nth(const void *ctx) {
    const faults_nth *nth = (const faults_nth *)ctx;
    fault.fail_at = nth->n;
    fault.fail_on = nth->on;
    fault.variant = nth->variant;
    fault.only = nth->only;
    fault.few = nth->few;
    fault.armed = true;
}

/* Every step-th N, and all errors. */
static bool faults_series(const work *w, const config *c, bool on, size_t step) {
    faults_nth nth;
    const char *outcome;
    bool good = true, hit = true;
    memset(&nth, 0, sizeof nth);
    nth.on = on;
    for (nth.n = 1; hit && good; nth.n += step) {
        size_t variants = 1;
        for (nth.variant = 0; nth.variant < variants && good; nth.variant++) {
            (void)snprintf(judge.where, sizeof judge.where, "%s: %s: call %zu%s, error %zu",
                           w->name, c->name, nth.n, on ? " and all after it" : "", nth.variant);
            good = judge_work(w, c, faults_plan_nth, &nth, &outcome);
            hit = fault.hits != 0;
            faults.calls += hit;
            if (hit && nth.variant == 0) {
                fault_call call = fault.log[0].call;
                variants = fault_variants(call) + (!on && fault_calls[call].may_interrupt);
                if ((faults.quick || faults.alone) && variants > 2) variants = 2;
            }
        }
    }
    CHECK(nth.n > 2); /* there was something to fail */
    return good;
}

static void faults_work(const work *w) {
    size_t k;
    bool good = true;
    for (k = 0; k < CONFIGS && good; k++) {
        const config *c = &configs[k];
        /* Threads come in any order: half of the calls stand for the other half. */
        size_t step = c->threads != 1 || (w->is_large && !faults.alone) ? 2 : 1;
        if (w->is_search && c->io != CONFITURE_IO_READ) continue;
        if (w->is_large && k % 4 > 1) continue;
        if (faults.alone && (c->threads != 1 || c->pool != POOL_NONE)) continue;
        if (faults.quick && w->run != work_pool) {
            if (!c->quick || (w->is_large && k != 0)) continue;
            step = c->threads != 1 || w->is_large ? 17 : 7;
        }
        good = faults_series(w, c, false, step);
        if (good) good = faults_series(w, c, true, step);
        CHECK(good);
    }
}

#include "named.h"
#include "direct.h"

/* What the works come to when nothing fails. */
static void faults_expect(void) {
    static const config plain = {"plain", CONFITURE_IO_READ, 1, POOL_NONE, true, false, false};
    size_t i, k, size;
    work_same = strdup(work_old_text);
    for (k = 0; k < WORKS; k++) {
        const work *w = &works[k];
        confiture_run run = judge_run(&plain, NULL);
        confiture_error error;
        size_t rounds = 2; /* what is unchanged is so the second time */
        fault_reset();
        while (rounds-- > 0) {
            work_reset(w);
            if (judge_call(w, &run, &error, judge.expected[k]) != CONFITURE_OK) {
                printf("%s: %s\n", w->name, error.message);
                exit(2);
            }
            for (i = 0; i < WORK_OUTPUTS && w->outputs[i].path != NULL; i++) {
                free(judge.built[k][i]);
                judge.built[k][i] = tree_read(w->outputs[i].real, &size);
                if (w->outputs[i].old == NULL || *w->outputs[i].old != '\0') continue;
                free(work_same);
                work_same = strdup(judge.built[k][i]);
            }
        }
    }
}

int main(int argc, char **argv) {
    size_t k, chosen = 0, before;
    bool by_name = false;
    int a;
    test_counts.suite = "faults";
    setvbuf(stdout, NULL, _IOLBF, 0);
    (void)signal(SIGALRM, faults_hang);
    if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK | X_OK) == 0)
        (void)setenv("TMPDIR", "/dev/shm", 1); /* a disk takes its time to sync */
    for (a = 1; a < argc; a++) {
        if (strcmp(argv[a], "--quick") == 0) faults.quick = true;
        else if (strcmp(argv[a], "--alone") == 0) faults.alone = true;
        else chosen++;
        by_name |= strcmp(argv[a], "named") == 0;
    }
    tree_open();
    before = tree_descriptors();
    work_tree();
    memory_init(&fault_memory);
    work_lists();
    fault_reset(); /* the disk is not full */
    work_built();
    faults_expect();
    for (k = 0; k < WORKS; k++) {
        bool wanted = chosen == 0;
        const work *w = &works[k];
        unsigned long calls = faults.calls;
        for (a = 1; a < argc; a++) wanted |= strcmp(argv[a], w->name) == 0;
        if (!wanted) continue;
        faults_work(w);
        printf("%-24s %lu calls\n", w->name, faults.calls - calls);
    }
    if ((chosen == 0 && !faults.alone) || by_name) {
        named_all();
        direct_all();
    }
    (void)alarm(0);
    CHECK(tree_descriptors() == before);
    work_lists_free();
    CHECK(memory_is_clean(&lists.memory));
    tree_close();
    printf("%lu calls while something failed\n", faults.calls);
    printf("%lu passed, %lu failed\n", test_counts.suite_passed, test_counts.suite_failed);
    return test_counts.suite_failed ? 1 : 0;
}
