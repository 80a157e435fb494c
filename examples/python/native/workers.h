/* workers.h: threads that stay parked between calls and run one function together.
 *
 * There is one crew per module, that is per interpreter, made when it is first
 * needed. Who may use it is decided while the GIL is held, so it needs no lock. */

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

/* One reader keeps two processors' worth of hashing fed; more than this many threads
 * only wait for the same directory's lock in the kernel. */
#define WORKERS_MOST 16
/* Between two looks at what another thread is about to change; sleeping and being
 * woken takes both of them longer than this. */
#define WORKERS_SPINS 1500
/* How long a caller may be deaf while others work for it. */
#define WORKERS_NAP_NS 50000000

typedef struct workers {
    pthread_mutex_t mutex;
    pthread_cond_t wake, idle;
    pthread_t threads[WORKERS_MOST - 1];
    size_t helpers; /* threads that did start */
    pid_t owner;    /* a forked child has the memory but not the threads */
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
    workers *crew = argument;
    unsigned seen = 0;
    pthread_mutex_lock(&crew->mutex);
    for (;;) {
        int spin;
        while (!crew->stopping && (crew->round == seen || crew->wanted == 0))
            pthread_cond_wait(&crew->wake, &crew->mutex);
        if (crew->stopping) break;
        seen = crew->round;
        crew->wanted--;
        __atomic_store_n(&crew->running, crew->running + 1, __ATOMIC_RELAXED);
        pthread_mutex_unlock(&crew->mutex);
        crew->run(crew->ctx);
        pthread_mutex_lock(&crew->mutex);
        __atomic_store_n(&crew->running, crew->running - 1, __ATOMIC_RELEASE);
        if (crew->running == 0) pthread_cond_signal(&crew->idle);
        pthread_mutex_unlock(&crew->mutex);
        for (spin = 0; spin < WORKERS_SPINS; spin++) {
            if (__atomic_load_n(&crew->round, __ATOMIC_RELAXED) != seen) break;
            workers_pause();
        }
        pthread_mutex_lock(&crew->mutex);
    }
    pthread_mutex_unlock(&crew->mutex);
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
    return count < WORKERS_MOST ? (size_t)count : WORKERS_MOST;
}

/* NULL: no memory. A thread that cannot be started makes the crew smaller. */
static workers *workers_create(void) {
    size_t wanted = workers_processors() - 1;
    sigset_t all, before;
    workers *crew = calloc(1, sizeof(*crew));
    if (crew == NULL) return NULL;
    crew->owner = getpid();
    pthread_mutex_init(&crew->mutex, NULL);
    pthread_cond_init(&crew->wake, NULL);
    pthread_cond_init(&crew->idle, NULL);
    /* Signals are the interpreter's business, not that of threads it knows nothing of. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (crew->helpers < wanted &&
           pthread_create(&crew->threads[crew->helpers], NULL, workers_thread, crew) == 0)
        crew->helpers++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return crew;
}

/* In a forked child the threads are gone and the mutex may be held by one of them
 * for ever: what is left is given up, not freed. */
static void workers_free(workers *crew) {
    size_t i;
    if (crew == NULL || crew->owner != getpid()) return;
    pthread_mutex_lock(&crew->mutex);
    crew->stopping = true;
    pthread_cond_broadcast(&crew->wake);
    pthread_mutex_unlock(&crew->mutex);
    for (i = 0; i < crew->helpers; i++) pthread_join(crew->threads[i], NULL);
    pthread_cond_destroy(&crew->wake);
    pthread_cond_destroy(&crew->idle);
    pthread_mutex_destroy(&crew->mutex);
    free(crew);
}

/* Lets up to `helpers` threads run run(ctx), while this one goes on. */
static void workers_start(workers *crew, size_t helpers, void (*run)(void *ctx), void *ctx) {
    if (helpers == 0) return;
    pthread_mutex_lock(&crew->mutex);
    crew->run = run;
    crew->ctx = ctx;
    crew->wanted = helpers;
    __atomic_store_n(&crew->round, crew->round + 1, __ATOMIC_RELAXED);
    pthread_cond_broadcast(&crew->wake);
    pthread_mutex_unlock(&crew->mutex);
}

/* Sleeps until `idle` is signalled, but not for long. */
static void workers_nap(workers *crew) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += WORKERS_NAP_NS;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_cond_timedwait(&crew->idle, &crew->mutex, &until);
}

/* Returns when all that had begun are done; meanwhile asks go_on(ctx) now and then,
 * which may tell them to stop. A helper that is still on its way does not begin any
 * more: run() must share its work out by itself. */
static void workers_join(workers *crew, size_t helpers, bool (*go_on)(void *ctx), void *ctx) {
    int spin;
    if (helpers == 0) return;
    pthread_mutex_lock(&crew->mutex);
    crew->wanted = 0;
    pthread_mutex_unlock(&crew->mutex);
    for (spin = 0; spin < WORKERS_SPINS; spin++) {
        if (__atomic_load_n(&crew->running, __ATOMIC_ACQUIRE) == 0) break;
        workers_pause();
    }
    pthread_mutex_lock(&crew->mutex);
    while (crew->running > 0) {
        workers_nap(crew);
        if (crew->running == 0) break;
        pthread_mutex_unlock(&crew->mutex);
        (void)go_on(ctx);
        pthread_mutex_lock(&crew->mutex);
    }
    pthread_mutex_unlock(&crew->mutex);
}

/* A loop over indices, handed out one by one: what confiture_run.parallel_for is to be. */
typedef struct workers_loop {
    workers *crew;
    size_t helpers;
    pthread_t caller;
    bool (*go_on)(void *ctx); /* asked on the calling thread */
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

/* user: a workers_loop of which all is set but what a call of this sets. */
static int workers_parallel_for(void *user, size_t n, void (*task)(void *ctx, size_t index),
                                void *ctx) {
    workers_loop loop = *(const workers_loop *)user;
    loop.n = n;
    loop.next = 0;
    loop.stopping = false;
    loop.task = task;
    loop.ctx = ctx;
    if (n < 2) loop.helpers = 0;
    workers_start(loop.crew, loop.helpers, workers_loop_run, &loop);
    workers_loop_run(&loop);
    workers_join(loop.crew, loop.helpers, workers_loop_go_on, &loop);
    return loop.stopping ? EINTR : 0;
}

#endif
