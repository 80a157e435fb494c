/* runs.h: the ways in which a call may be run, none of which may change its result. */
#ifndef CONFITURE_CHEST_RUNS_H
#define CONFITURE_CHEST_RUNS_H

#include <pthread.h>

#include "test.h"

typedef int runs_loop(void *user, size_t n, void (*task)(void *ctx, size_t index), void *ctx);

static int runs_forwards(void *user, size_t n, void (*task)(void *, size_t), void *ctx) {
    size_t i;
    (void)user;
    for (i = 0; i < n; i++) task(ctx, i);
    return 0;
}

static int runs_backwards(void *user, size_t n, void (*task)(void *, size_t), void *ctx) {
    (void)user;
    while (n-- > 0) task(ctx, n);
    return 0;
}

typedef struct runs_share {
    pthread_t thread;
    size_t first, n;
    void (*task)(void *ctx, size_t index);
    void *ctx;
} runs_share;

enum { RUNS_SHARES = 3 };

static void *runs_share_run(void *arg) {
    const runs_share *share = (const runs_share *)arg;
    size_t i;
    for (i = share->first; i < share->n; i += RUNS_SHARES) share->task(share->ctx, i);
    return NULL;
}

static int runs_threads(void *user, size_t n, void (*task)(void *, size_t), void *ctx) {
    runs_share shares[RUNS_SHARES];
    size_t i;
    (void)user;
    for (i = 0; i < RUNS_SHARES; i++) {
        shares[i].first = i;
        shares[i].n = n;
        shares[i].task = task;
        shares[i].ctx = ctx;
        if (pthread_create(&shares[i].thread, NULL, runs_share_run, &shares[i]) != 0) abort();
    }
    for (i = 0; i < RUNS_SHARES; i++) (void)pthread_join(shares[i].thread, NULL);
    return 0;
}

/* Does all of it and then says that it has failed. */
static int runs_refuses(void *user, size_t n, void (*task)(void *, size_t), void *ctx) {
    (void)runs_forwards(user, n, task, ctx);
    return 77;
}

/* Leaves out the last. */
static int runs_lazy(void *user, size_t n, void (*task)(void *, size_t), void *ctx) {
    return runs_forwards(user, n - 1, task, ctx);
}

static const struct {
    size_t threads, pool; /* pool: its size; 0: none */
    runs_loop *loop;
    confiture_io io;
} runs[] = {{1, 0, NULL, CONFITURE_IO_AUTO},           {2, 0, NULL, CONFITURE_IO_AUTO},
            {3, 0, NULL, CONFITURE_IO_READ},           {8, 0, NULL, CONFITURE_IO_AUTO},
            {64, 0, NULL, CONFITURE_IO_AUTO},          {0, 0, NULL, CONFITURE_IO_AUTO},
            {0, 4, NULL, CONFITURE_IO_AUTO},           {2, 4, NULL, CONFITURE_IO_AUTO},
            {0, 1, NULL, CONFITURE_IO_AUTO},           {1, 0, runs_forwards, CONFITURE_IO_AUTO},
            {4, 0, runs_backwards, CONFITURE_IO_AUTO}, {4, 0, runs_threads, CONFITURE_IO_AUTO},
            {1, 0, NULL, CONFITURE_IO_MMAP},           {4, 0, NULL, CONFITURE_IO_MMAP},
            {4, 0, runs_backwards, CONFITURE_IO_MMAP}, {1, 0, NULL, CONFITURE_IO_RING},
            {3, 0, NULL, CONFITURE_IO_RING},           {2, 4, NULL, CONFITURE_IO_RING},
            {0, 4, NULL, CONFITURE_IO_READ},           {4, 0, runs_threads, CONFITURE_IO_RING}};

enum { RUNS = sizeof runs / sizeof runs[0] };

static confiture_pool *runs_pools[5]; /* by size; made once, so used over many calls */

static confiture_run runs_get(size_t i) {
    confiture_run run;
    memset(&run, 0, sizeof run);
    run.threads = runs[i].threads;
    run.parallel_for = runs[i].loop;
    run.io = runs[i].io;
    if (runs[i].pool != 0) {
        confiture_pool **pool = &runs_pools[runs[i].pool];
        if (*pool == NULL && confiture_pool_create(pool, runs[i].pool, NULL, NULL)) abort();
        run.pool = *pool;
    }
    return run;
}

static void runs_close(void) {
    size_t i;
    for (i = 0; i < sizeof runs_pools / sizeof runs_pools[0]; i++) {
        confiture_pool_free(runs_pools[i]);
        runs_pools[i] = NULL;
    }
}

/* What a call came to, as one string: "done", or the status and the message. */
static const char *runs_outcome(confiture_status status, const confiture_error *error) {
    static const char *const names[] = {
        "done",     "ARGUMENT",  "MEMORY",  "SYSTEM",    "NOT_FOUND", "NO_FILES",
        "NOT_FILE", "OUTSIDE",   "CHANGED", "TOO_LARGE", "NAME",      "ENCODING",
        "UNCLOSED", "CANCELLED", "SINK",    "LIMIT",     "FORMAT"};
    static char words[5000];
    if (status == CONFITURE_OK) return names[0];
    if ((size_t)status >= sizeof names / sizeof names[0]) return "no such status";
    if (error->status != status) return "error.status is not what was returned";
    strcpy(words, names[status]);
    strcat(words, " ");
    strcat(words, error->message);
    return words;
}

#endif
