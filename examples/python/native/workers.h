/* workers.h: threads that stay parked between calls and run one function together.
 *
 * Each module, that is each interpreter, makes its workers when it first needs them. The GIL
 * guards who may use them, so no other lock is needed. */

#ifndef CONFITURE_NATIVE_WORKERS_H
#define CONFITURE_NATIVE_WORKERS_H

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <sched.h>
#endif

/* One reader feeds two processors that hash. More threads than this only wait for the same
 * directory's lock in the kernel. */
#define WORKERS_MAX 16
/* Files for each helper: fewer are read before it wakes up. */
#define WORKERS_FILES 8
/* How often a thread looks at a value that another is about to change. Sleeping and being woken
 * takes both threads longer. */
#define WORKERS_SPINS 1500
/* How long the caller hears no signal while others work for it. */
#define WORKERS_WAIT_NS 50000000

/* Memory of a thread, which grows and keeps its contents: see reader.h. */
typedef struct buffer {
    char *data;
    size_t size, capacity;
} buffer;

typedef struct workers {
    pthread_mutex_t mutex;
    pthread_cond_t wake, idle;
    pthread_t threads[WORKERS_MAX - 1];
    size_t helpers; /* threads that have started */
    pid_t owner;    /* a forked child has the memory, but not the threads */
    void (*run)(void *ctx);
    void *ctx;
    unsigned round; /* changes with each call; read without the mutex, so atomic */
    size_t wanted;  /* helpers that may still join this round */
    size_t running; /* helpers in it; read without the mutex, so atomic */
    bool stopping;
} workers;

static void workers_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

static void *workers_thread(void *argument) {
    workers *w = argument;
    unsigned seen = 0;
    pthread_mutex_lock(&w->mutex);
    for (;;) {
        int spin;
        while (!w->stopping && (w->round == seen || w->wanted == 0))
            pthread_cond_wait(&w->wake, &w->mutex);
        if (w->stopping) break;
        seen = w->round;
        w->wanted--;
        __atomic_store_n(&w->running, w->running + 1, __ATOMIC_RELAXED);
        pthread_mutex_unlock(&w->mutex);
        w->run(w->ctx);
        pthread_mutex_lock(&w->mutex);
        __atomic_store_n(&w->running, w->running - 1, __ATOMIC_RELEASE);
        if (w->running == 0) pthread_cond_signal(&w->idle);
        pthread_mutex_unlock(&w->mutex);
        for (spin = 0; spin < WORKERS_SPINS; spin++) {
            if (__atomic_load_n(&w->round, __ATOMIC_RELAXED) != seen) break;
            workers_pause();
        }
        pthread_mutex_lock(&w->mutex);
    }
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

static size_t workers_processors(void) {
    long count = 1;
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) == 0) count = CPU_COUNT(&set);
    else
#endif
        count = sysconf(_SC_NPROCESSORS_ONLN);
    if (count < 1) return 1;
    return count < WORKERS_MAX ? (size_t)count : WORKERS_MAX;
}

/* NULL: no memory. If a thread cannot be started, there is one fewer. */
static workers *workers_create(void) {
    size_t wanted = workers_processors() - 1;
    sigset_t all, before;
    workers *w = calloc(1, sizeof(*w));
    if (w == NULL) return NULL;
    w->owner = getpid();
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->wake, NULL);
    pthread_cond_init(&w->idle, NULL);
    /* Signals are for the interpreter, which does not know these threads. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (w->helpers < wanted &&
           pthread_create(&w->threads[w->helpers], NULL, workers_thread, w) == 0)
        w->helpers++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return w;
}

/* In a forked child the threads are gone, and one of them may hold the mutex for ever: the
 * memory is abandoned there, not freed. */
static void workers_free(workers *w) {
    size_t i;
    if (w == NULL || w->owner != getpid()) return;
    pthread_mutex_lock(&w->mutex);
    w->stopping = true;
    pthread_cond_broadcast(&w->wake);
    pthread_mutex_unlock(&w->mutex);
    for (i = 0; i < w->helpers; i++) pthread_join(w->threads[i], NULL);
    pthread_cond_destroy(&w->wake);
    pthread_cond_destroy(&w->idle);
    pthread_mutex_destroy(&w->mutex);
    free(w);
}

/* Lets up to `helpers` threads run run(ctx) while the calling thread continues. */
static void workers_start(workers *w, size_t helpers, void (*run)(void *ctx), void *ctx) {
    if (helpers == 0) return;
    pthread_mutex_lock(&w->mutex);
    w->run = run;
    w->ctx = ctx;
    w->wanted = helpers;
    __atomic_store_n(&w->round, w->round + 1, __ATOMIC_RELAXED);
    pthread_cond_broadcast(&w->wake);
    pthread_mutex_unlock(&w->mutex);
}

/* Sleeps until `idle` is signalled, or WORKERS_WAIT_NS have passed. */
static void workers_wait(workers *w) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += WORKERS_WAIT_NS;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_cond_timedwait(&w->idle, &w->mutex, &until);
}

/* Returns when all helpers that had begun are done, and meanwhile calls go_on(ctx) now and then,
 * which may stop them. A helper that has not begun by then stays out: run() itself shares out
 * its work. */
static void workers_join(workers *w, size_t helpers, bool (*go_on)(void *ctx), void *ctx) {
    int spin;
    if (helpers == 0) return;
    pthread_mutex_lock(&w->mutex);
    w->wanted = 0;
    pthread_mutex_unlock(&w->mutex);
    for (spin = 0; spin < WORKERS_SPINS; spin++) {
        if (__atomic_load_n(&w->running, __ATOMIC_ACQUIRE) == 0) break;
        workers_pause();
    }
    pthread_mutex_lock(&w->mutex);
    while (w->running > 0) {
        workers_wait(w);
        if (w->running == 0) break;
        pthread_mutex_unlock(&w->mutex);
        (void)go_on(ctx);
        pthread_mutex_lock(&w->mutex);
    }
    pthread_mutex_unlock(&w->mutex);
}

/* A loop that hands out its indices one by one, for confiture_run.parallel_for. */
typedef struct workers_loop {
    workers *workers;
    size_t helpers;
    pthread_t caller;
    bool (*go_on)(void *ctx); /* called on the calling thread */
    void *go_on_ctx;
    size_t n, next; /* next and stopping change by atomic operations alone */
    bool stopping;
    void (*task)(void *ctx, size_t index);
    void *ctx;
} workers_loop;

static bool workers_loop_go_on(void *argument) {
    workers_loop *loop = argument;
    if (!loop->go_on(loop->go_on_ctx)) __atomic_store_n(&loop->stopping, true, __ATOMIC_RELAXED);
    return true;
}

static void workers_loop_run(void *argument) {
    workers_loop *loop = argument;
    bool caller = pthread_equal(pthread_self(), loop->caller) != 0;
    for (;;) {
        size_t i;
        if (caller) (void)workers_loop_go_on(loop);
        if (__atomic_load_n(&loop->stopping, __ATOMIC_RELAXED)) return;
        i = __atomic_fetch_add(&loop->next, 1, __ATOMIC_RELAXED);
        if (i >= loop->n) return;
        loop->task(loop->ctx, i);
    }
}

/* user: a workers_loop; the members from n on are set here. */
static int workers_parallel_for(void *user, size_t n, void (*task)(void *ctx, size_t index),
                                void *ctx) {
    workers_loop loop = *(const workers_loop *)user;
    loop.n = n;
    loop.next = 0;
    loop.stopping = false;
    loop.task = task;
    loop.ctx = ctx;
    if (n < 2) loop.helpers = 0;
    workers_start(loop.workers, loop.helpers, workers_loop_run, &loop);
    workers_loop_run(&loop);
    workers_join(loop.workers, loop.helpers, workers_loop_go_on, &loop);
    return loop.stopping ? EINTR : 0;
}

#endif
