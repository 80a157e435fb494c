/* ---- threads/pool.c: the minimal thread pool ---- */

/* Fork and join, nothing more: the caller and some helpers run one function at a
 * time. A helper that is still on its way when the work is done is not waited for. */

#define CFTI_THREADS_AUTO 16 /* one reader feeds two hashers; beyond this nothing was gained */
#define CFTI_MAX_THREADS 256 /* each costs slots, and more have never been faster */

/* Tests say that there are more than there are. */
static size_t cfti_processors(void) {
    size_t count = cfti_os_processors();
#if defined(CFTI_PROCESSORS)
    count = CFTI_PROCESSORS;
#endif
    return count;
}

/* Setting up a ring takes as long as reading some ten or twenty small files: a pool keeps
 * them. */
typedef struct cfti_ring {
    struct cfti_ring *next;
    cfti_os_ring os;
} cfti_ring;

struct confiture_pool {
    confiture_allocator allocator;
    size_t helpers; /* threads that did start */
    size_t processors;
    cfti_block_cache cache;  /* this and the rings are of a caller's pool only */
    struct cfti_ring *rings; /* parked; the block cache's mutex guards them */
    bool no_rings;           /* this system has none, or allows none */
    cfti_thread *threads;
    size_t thread_capacity;
    cfti_mutex mutex;
    cfti_condition wake; /* a new round, or the end */
    cfti_condition done; /* the last helper has left the round */
    void (*task)(void *ctx, size_t worker);
    void *ctx;
    int round;            /* changes with each; atomic, and so is running */
    int running;          /* helpers that have begun this round and are not yet back */
    size_t wanted, taken; /* helpers of this round: invited, arrived */
    bool stopping, busy;
};

/* Gives another thread the time to change a value, before sleeping and being woken,
 * which takes longer and costs both of them: some 20 to 60 us, by the processor. Only
 * a hint: the caller looks again under its mutex. */
#define CFTI_SPINS 3000

static void cfti_spin_while(const int *value, int old) {
    int i;
    for (i = 0; i < CFTI_SPINS && CFTI_ATOMIC_LOAD(value) == old; i++) CFTI_PAUSE();
}

static void *cfti_pool_run(void *arg) {
    confiture_pool *pool = (confiture_pool *)arg;
    int seen = 0;
    (void)cfti_cancel_disable();
    cfti_mutex_lock(&pool->mutex);
    for (;;) {
        size_t worker;
        while (!pool->stopping && (pool->round == seen || pool->taken >= pool->wanted))
            cfti_condition_wait(&pool->wake, &pool->mutex);
        if (pool->stopping) break;
        seen = pool->round;
        worker = ++pool->taken;
        CFTI_ATOMIC_STORE(&pool->running, pool->running + 1);
        cfti_mutex_unlock(&pool->mutex);
        pool->task(pool->ctx, worker);
        cfti_mutex_lock(&pool->mutex);
        CFTI_ATOMIC_STORE(&pool->running, pool->running - 1);
        if (pool->running == 0) cfti_condition_signal(&pool->done);
        /* The next round often follows at once. */
        cfti_mutex_unlock(&pool->mutex);
        cfti_spin_while(&pool->round, seen);
        cfti_mutex_lock(&pool->mutex);
    }
    cfti_mutex_unlock(&pool->mutex);
    return NULL;
}

/* Everything but the threads. False: no memory, or no mutex to be had. */
static bool cfti_pool_init(confiture_pool *pool, size_t capacity) {
    pool->thread_capacity = capacity;
    pool->threads = NULL;
    if (capacity > SIZE_MAX / sizeof(cfti_thread)) return false;
    pool->threads = (cfti_thread *)cfti_alloc(&pool->allocator, capacity * sizeof(cfti_thread));
    if (pool->threads == NULL) return false;
    if (cfti_mutex_init(&pool->mutex) == 0) {
        if (cfti_condition_init(&pool->wake) == 0) {
            if (cfti_condition_init(&pool->done) == 0) {
                while (pool->helpers < capacity &&
                       cfti_thread_start(&pool->threads[pool->helpers], cfti_pool_run, pool) == 0)
                    pool->helpers++;
                return true;
            }
            cfti_condition_destroy(&pool->wake);
        }
        cfti_mutex_destroy(&pool->mutex);
    }
    cfti_free(&pool->allocator, pool->threads, capacity * sizeof(cfti_thread));
    pool->threads = NULL;
    return false;
}

static void cfti_pool_close(confiture_pool *pool) {
    size_t i;
    if (!CFTI_OS_HAS_THREADS || pool->threads == NULL) return;
    cfti_mutex_lock(&pool->mutex);
    pool->stopping = true;
    cfti_condition_broadcast(&pool->wake);
    cfti_mutex_unlock(&pool->mutex);
    for (i = 0; i < pool->helpers; i++) cfti_thread_join(&pool->threads[i]);
    cfti_condition_destroy(&pool->done);
    cfti_condition_destroy(&pool->wake);
    cfti_mutex_destroy(&pool->mutex);
    cfti_free(&pool->allocator, pool->threads, pool->thread_capacity * sizeof(cfti_thread));
    pool->threads = NULL;
}

/* Gives back all that a pool has kept of the calls before. */
static void cfti_pool_drop(confiture_pool *pool) {
    cfti_ring *ring;
    if (!CFTI_OS_HAS_THREADS || !pool->cache.is_open) return;
    cfti_block_cache_drop(&pool->cache);
    cfti_mutex_lock(&pool->cache.mutex);
    ring = pool->rings;
    pool->rings = NULL;
    cfti_mutex_unlock(&pool->cache.mutex);
    while (ring != NULL) {
        cfti_ring *next = ring->next;
        cfti_os_ring_close(&ring->os);
        cfti_free(&pool->allocator, ring, sizeof(*ring));
        ring = next;
    }
}

CONFITURE_API confiture_status confiture_pool_create(confiture_pool **pool, size_t threads,
                                                     const confiture_allocator *allocator,
                                                     confiture_error *error) {
    confiture_allocator chosen;
    if (!cfti_require(pool, "pool", error)) return CONFITURE_E_ARGUMENT;
    *pool = NULL;
    if (!cfti_allocator_choose(&chosen, allocator))
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT, cfti_no_allocator);
    *pool = (confiture_pool *)cfti_alloc(&chosen, sizeof(confiture_pool));
    if (*pool == NULL) return cfti_report_plain(error, CONFITURE_E_MEMORY, NULL);
    memset(*pool, 0, sizeof(confiture_pool));
    (*pool)->allocator = chosen;
    if (!CFTI_OS_HAS_THREADS) return CONFITURE_OK;
    (*pool)->processors = cfti_processors();
    if (threads == 0 || threads > (*pool)->processors) threads = (*pool)->processors;
    threads = cfti_min(threads, CFTI_MAX_THREADS);
    if (!cfti_block_cache_open(&(*pool)->cache, &chosen) ||
        (threads > 1 && !cfti_pool_init(*pool, threads - 1))) {
        confiture_pool_free(*pool);
        *pool = NULL;
        return cfti_report_plain(error, CONFITURE_E_MEMORY, NULL);
    }
    return CONFITURE_OK;
}

CONFITURE_API void confiture_pool_free(confiture_pool *pool) {
    confiture_allocator allocator;
    int cancel;
    if (pool == NULL) return;
    cancel = cfti_cancel_disable();
    cfti_pool_close(pool);
    cfti_pool_drop(pool);
    cfti_block_cache_close(&pool->cache);
    cfti_cancel_restore(cancel);
    allocator = pool->allocator;
    cfti_free(&allocator, pool, sizeof(*pool));
}

/* Whether there is a pool and it keeps memory and rings: its locks are empty without threads, and
 * the host may have some. */
static bool cfti_pool_keeps(const confiture_pool *pool) {
    return CFTI_OS_HAS_THREADS && pool != NULL;
}

/* For memory that does not outlive the call: the caller's allocator, or what its pool
 * has kept of the calls before, or the default. False as cfti_allocator_choose(). */
static bool cfti_scratch_allocator(confiture_allocator *out, const confiture_run *run) {
    if (run->allocator == NULL && cfti_pool_keeps(run->pool)) {
        out->alloc = cfti_block_cache_alloc;
        out->realloc = cfti_block_cache_realloc;
        out->free = cfti_block_cache_free;
        out->ctx = &run->pool->cache;
        return true;
    }
    return cfti_allocator_choose(out, run->allocator);
}

#if !defined(CFTI_FILES_PER_RING)
#define CFTI_FILES_PER_RING 96 /* a few per cent of the time that it takes to read them */
#endif
#if !defined(CFTI_FILES_PER_PARKED_RING)
#define CFTI_FILES_PER_PARKED_RING 16
#endif

static const char cfti_unknown_io[] = "unknown way of reading";

static bool cfti_io_is_known(confiture_io io) {
    return io == CONFITURE_IO_AUTO || io == CONFITURE_IO_READ || io == CONFITURE_IO_MMAP ||
           io == CONFITURE_IO_RING;
}

/* A ring for one worker of a call that reads `files` files; NULL: none, which does not
 * matter. It goes back to cfti_ring_release(). */
static cfti_ring *cfti_ring_acquire(const confiture_run *run, size_t files) {
    confiture_pool *pool = run->pool;
    confiture_allocator allocator;
    cfti_ring *ring = NULL;
    size_t least = CFTI_FILES_PER_RING;
    int error;
    if (run->io != CONFITURE_IO_AUTO && run->io != CONFITURE_IO_RING) return NULL;
    if (cfti_pool_keeps(pool)) least = CFTI_FILES_PER_PARKED_RING;
    if (files < least && run->io == CONFITURE_IO_AUTO) return NULL;
    if (!cfti_allocator_choose(&allocator, pool != NULL ? &pool->allocator : run->allocator))
        return NULL;
    if (cfti_pool_keeps(pool)) {
        bool none;
        cfti_mutex_lock(&pool->cache.mutex);
        ring = pool->rings;
        if (ring != NULL) pool->rings = ring->next;
        none = pool->no_rings;
        cfti_mutex_unlock(&pool->cache.mutex);
        if (ring != NULL || none) return ring;
    }
    ring = (cfti_ring *)cfti_alloc(&allocator, sizeof(*ring));
    if (ring == NULL) return NULL;
    error = cfti_os_ring_open(&ring->os);
    if (error == 0) return ring;
    cfti_free(&allocator, ring, sizeof(*ring));
    if (cfti_pool_keeps(pool) && !cfti_os_is_shortage(error)) { /* a shortage passes */
        cfti_mutex_lock(&pool->cache.mutex);
        pool->no_rings = true;
        cfti_mutex_unlock(&pool->cache.mutex);
    }
    return NULL;
}

/* is_broken: it is of no further use. */
static void cfti_ring_release(const confiture_run *run, cfti_ring *ring, bool is_broken) {
    confiture_pool *pool = run->pool;
    confiture_allocator allocator;
    if (cfti_pool_keeps(pool) && !is_broken) {
        cfti_mutex_lock(&pool->cache.mutex);
        ring->next = pool->rings;
        pool->rings = ring;
        cfti_mutex_unlock(&pool->cache.mutex);
        return;
    }
    cfti_os_ring_close(&ring->os);
    (void)cfti_allocator_choose(&allocator, pool != NULL ? &pool->allocator : run->allocator);
    cfti_free(&allocator, ring, sizeof(*ring)); /* to the one that it came from */
}

/* The helpers of one call: the caller's pool, or threads started for it, or none. */
typedef struct cfti_workers {
    const confiture_run *run;
    confiture_pool *pool; /* NULL: the calling thread alone */
    size_t helpers;       /* how many of the pool to use */
    confiture_pool own;
} cfti_workers;

/* How many threads a call could get, without asking how much work there is. More than
 * there are processors have only been slower; with its own parallel_for the caller knows
 * best. */
static size_t cfti_workers_limit(const confiture_run *run) {
    size_t limit = run->threads != 0 ? run->threads : CFTI_THREADS_AUTO;
    if (limit == 1) return 1;
    if (run->parallel_for != NULL)
        return run->threads != 0 ? limit : cfti_min(limit, cfti_processors());
    if (!CFTI_OS_HAS_THREADS) return 1;
    if (run->pool != NULL)
        return cfti_min(limit, cfti_min(run->pool->helpers + 1, run->pool->processors));
    return cfti_min(limit, cfti_processors());
}

/* useful: more threads than this would find nothing to do. */
static void cfti_workers_open(cfti_workers *workers, const confiture_run *run,
                              const confiture_allocator *allocator, size_t useful) {
    memset(workers, 0, sizeof(*workers));
    workers->run = run;
    if (CFTI_OS_HAS_THREADS && run->parallel_for == NULL && useful > 1 && run->threads != 1) {
        size_t threads = cfti_min(cfti_workers_limit(run), useful);
        if (run->pool != NULL) {
            if (threads < 2) return;
            cfti_mutex_lock(&run->pool->mutex);
            if (!run->pool->busy) {
                run->pool->busy = true;
                workers->pool = run->pool;
                workers->helpers = threads - 1;
            }
            cfti_mutex_unlock(&run->pool->mutex);
        } else if (threads > 1) {
            workers->own.allocator = *allocator;
            if (cfti_pool_init(&workers->own, threads - 1)) {
                workers->pool = &workers->own;
                workers->helpers = workers->own.helpers;
            }
        }
    }
}

/* NULL: the calling thread works alone. */
static confiture_pool *cfti_workers_pool(const cfti_workers *workers) {
    return CFTI_OS_HAS_THREADS ? workers->pool : NULL;
}

static void cfti_workers_close(cfti_workers *workers) {
    confiture_pool *pool = cfti_workers_pool(workers);
    workers->pool = NULL;
    if (pool == NULL) return;
    if (pool == &workers->own) {
        cfti_pool_close(pool);
    } else {
        cfti_mutex_lock(&pool->mutex);
        pool->busy = false;
        cfti_mutex_unlock(&pool->mutex);
    }
}

/* Lets the helpers run task(ctx, 1), task(ctx, 2), ... while the caller does
 * something else; worker 0 is the caller. */
static void cfti_workers_start(cfti_workers *workers, void (*task)(void *ctx, size_t worker),
                               void *ctx) {
    confiture_pool *pool = cfti_workers_pool(workers);
    if (pool == NULL) return;
    cfti_mutex_lock(&pool->mutex);
    pool->task = task;
    pool->ctx = ctx;
    CFTI_ATOMIC_STORE(&pool->round, (int)(((unsigned)pool->round + 1) & 0x7FFFFFFF));
    pool->taken = 0;
    pool->wanted = workers->helpers;
    cfti_condition_broadcast(&pool->wake);
    cfti_mutex_unlock(&pool->mutex);
}

/* Returns when every helper that had begun is back; the others will not begin. */
static void cfti_workers_join(cfti_workers *workers) {
    confiture_pool *pool = cfti_workers_pool(workers);
    if (pool == NULL) return;
    cfti_mutex_lock(&pool->mutex);
    pool->wanted = 0;
    if (pool->running > 0) {
        int running = pool->running;
        cfti_mutex_unlock(&pool->mutex);
        cfti_spin_while(&pool->running, running);
        cfti_mutex_lock(&pool->mutex);
    }
    while (pool->running > 0) cfti_condition_wait(&pool->done, &pool->mutex);
    cfti_mutex_unlock(&pool->mutex);
}

/* Both can only happen with the caller's own parallel_for. */
#define CFTI_UNDONE "the caller's parallel_for left work undone"

static confiture_status cfti_fail_parallel(cfti_fail *fail, int error) {
    cfti_fail_system(fail, error, "");
    fail->detail = "the caller's parallel_for failed";
    return fail->status;
}

typedef struct cfti_loop {
    cfti_workers *workers;
    void (*task)(void *ctx, size_t index);
    void *ctx;
    size_t n, next;
} cfti_loop;

static void cfti_loop_run(void *arg, size_t worker) {
    cfti_loop *each = (cfti_loop *)arg;
    confiture_pool *pool = cfti_workers_pool(each->workers);
    (void)worker;
    for (;;) {
        size_t i;
        if (pool != NULL) cfti_mutex_lock(&pool->mutex);
        i = each->next;
        if (i < each->n) each->next++;
        if (pool != NULL) cfti_mutex_unlock(&pool->mutex);
        if (i >= each->n) return;
        each->task(each->ctx, i);
    }
}

/* The same as: for (size_t i = 0; i < n; i++) task(ctx, i); return 0;
 * Non-zero is what the caller's own parallel_for returned. */
static int cfti_workers_each(cfti_workers *workers, size_t n, void (*task)(void *ctx, size_t index),
                             void *ctx) {
    cfti_loop each;
    if (workers->run->parallel_for != NULL)
        return workers->run->parallel_for(workers->run->parallel_user, n, task, ctx);
    each.workers = workers;
    each.task = task;
    each.ctx = ctx;
    each.n = n;
    each.next = 0;
    cfti_workers_start(workers, cfti_loop_run, &each);
    cfti_loop_run(&each, 0);
    cfti_workers_join(workers);
    return 0;
}
