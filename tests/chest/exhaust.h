/* exhaust.h: a call without memory, at each of its allocations. */
#ifndef CONFITURE_CHEST_EXHAUST_H
#define CONFITURE_CHEST_EXHAUST_H

#include "memory.h"
#include "test.h"

/* Under the thread sanitizer, which is ten times slower and looks for races and not for leaks,
 * long series of much the same take only every third. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MEMORY_STEP 3
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define MEMORY_STEP 3
#elif !defined(MEMORY_STEP)
#define MEMORY_STEP 1
#endif

typedef confiture_status memory_call(void *ctx, const confiture_run *run, confiture_error *error);

/* Makes a call again and again, and each time one allocation later fails, until none does.
 * A failure must come out as E_MEMORY, and leave nothing behind; threads that cannot be
 * started, a ring that cannot be set up, and memory that was only a wish (more than was
 * needed, once: with fail_on what is needed fails too) are no failure. `after` looks at
 * what else must not have changed. */
static void memory_exhaust_io(memory_call *call, void *ctx, size_t threads, bool fail_on,
                              bool (*after)(void *ctx), confiture_io io) {
    confiture_error error;
    confiture_run run;
    confiture_status status;
    memory m;
    size_t n;
    memset(&run, 0, sizeof run);
    memory_init(&m);
    run.allocator = &m.allocator;
    run.threads = threads;
    run.io = io;
    for (n = 1; n < 100000; n += MEMORY_STEP) {
        bool good;
        memory_arm(&m, n, fail_on);
        status = call(ctx, &run, &error);
        good = CHECK_QUIET(memory_is_clean(&m));
        good &= CHECK_QUIET(status == CONFITURE_OK || status == CONFITURE_E_MEMORY);
        good &= CHECK_QUIET(threads != 1 || io != CONFITURE_IO_READ || !fail_on ||
                            (status != CONFITURE_OK) == m.failed);
        good &= CHECK_QUIET(after == NULL || status == CONFITURE_OK || after(ctx));
        if (!good) runs_note("allocation, threads, status", (int)n, (int)threads, (int)status);
        if (!m.failed) break;
    }
    CHECK(n > 1 && status == CONFITURE_OK);
}

static void memory_exhaust(memory_call *call, void *ctx, size_t threads, bool fail_on,
                           bool (*after)(void *ctx)) {
    memory_exhaust_io(call, ctx, threads, fail_on, after, CONFITURE_IO_READ);
    memory_exhaust_io(call, ctx, threads, fail_on, after, CONFITURE_IO_RING);
}

#endif
