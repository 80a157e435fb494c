/* ---- threads/pool.c: the minimal thread pool, and what it keeps between calls ---- */

/* Fork and join, nothing more: the caller and some helpers run one function per round. The end of
 * a round waits only for the helpers that have begun it. */

#define CFTI_THREADS_AUTO 16 /* one reader feeds two hashers; more threads gained nothing */
#define CFTI_MAX_THREADS 256 /* each costs slots, and more have never been faster */

/* Tests simulate more processors than the machine has. */
static size_t cfti_processors(void) {
#if defined(CFTI_PROCESSORS)
    return CFTI_PROCESSORS;
#else
    return cfti_os_processors();
#endif
}

struct confiture_pool {
    confiture_allocator allocator;
    size_t helpers; /* threads that did start */
    size_t processors;
    cfti_block_cache blocks; /* a pool for one call has neither cache */
    cfti_ring_cache rings;
    cfti_thread *threads;
    size_t thread_capacity;
    cfti_mutex mutex;    /* over all that follows */
    cfti_condition wake; /* a new round, or the end */
    cfti_condition done; /* the last helper has left the round */
    void (*task)(void *ctx, size_t worker);
    void *ctx;
    int round;            /* changes with each; atomic, and so is running */
    int running;          /* helpers that have begun this round and not yet left it */
    size_t wanted, taken; /* helpers of this round: invited, arrived */
    bool stopping, busy;
};

/* ---- helpers and rounds ---- */

/* Sleeping and being woken costs both threads more than waiting for some 20 to 60 us, as long as
 * this takes on the processors measured. Only a hint: the caller looks again under its mutex. */
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

/* Starts up to `capacity` helpers. False: no memory, or no mutex is left. */
static bool cfti_pool_open(confiture_pool *pool, size_t capacity) {
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

/* Reserves a caller's pool for one call. False: another call has it. */
static bool cfti_pool_claim(confiture_pool *pool) {
    bool was_busy;
    cfti_mutex_lock(&pool->mutex);
    was_busy = pool->busy;
    pool->busy = true;
    cfti_mutex_unlock(&pool->mutex);
    return !was_busy;
}

static void cfti_pool_release(confiture_pool *pool) {
    cfti_mutex_lock(&pool->mutex);
    pool->busy = false;
    cfti_mutex_unlock(&pool->mutex);
}

/* Begins a round: the helpers run task(ctx, 1), task(ctx, 2), ... to task(ctx, helpers). */
static void cfti_pool_begin(confiture_pool *pool, size_t helpers,
                            void (*task)(void *ctx, size_t worker), void *ctx) {
    cfti_mutex_lock(&pool->mutex);
    pool->task = task;
    pool->ctx = ctx;
    CFTI_ATOMIC_STORE(&pool->round, (int)(((unsigned)pool->round + 1) & 0x7FFFFFFF));
    pool->taken = 0;
    pool->wanted = helpers;
    cfti_condition_broadcast(&pool->wake);
    cfti_mutex_unlock(&pool->mutex);
}

/* Returns when every helper that has begun the round has left it; the others will not begin. */
static void cfti_pool_join(confiture_pool *pool) {
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

/* ---- a caller's pool ---- */

/* Frees all that the pool has kept of earlier calls. */
static void cfti_pool_drop(confiture_pool *pool) {
    if (!CFTI_OS_HAS_THREADS) return;
    cfti_block_cache_drop(&pool->blocks);
    cfti_ring_cache_drop(&pool->rings);
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
    if (!cfti_block_cache_open(&(*pool)->blocks, &chosen) ||
        !cfti_ring_cache_open(&(*pool)->rings, &chosen) ||
        (threads > 1 && !cfti_pool_open(*pool, threads - 1))) {
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
    cfti_ring_cache_close(&pool->rings);
    cfti_block_cache_close(&pool->blocks);
    cfti_cancel_restore(cancel);
    allocator = pool->allocator;
    cfti_free(&allocator, pool, sizeof(*pool));
}

/* ---- what a call gets from its pool ---- */

/* Without threads of its own the library has no locks, but the host may have threads: a pool then
 * keeps nothing. */
static bool cfti_pool_keeps(const confiture_pool *pool) {
    return CFTI_OS_HAS_THREADS && pool != NULL;
}

/* For memory that does not outlive the call: the caller's allocator, or the blocks of its pool, or
 * the default. False as cfti_allocator_choose(). */
static bool cfti_scratch_allocator(confiture_allocator *out, const confiture_run *run) {
    if (run->allocator == NULL && cfti_pool_keeps(run->pool)) {
        out->alloc = cfti_block_cache_alloc;
        out->realloc = cfti_block_cache_realloc;
        out->free = cfti_block_cache_free;
        out->ctx = &run->pool->blocks;
        return true;
    }
    return cfti_allocator_choose(out, run->allocator);
}

#if !defined(CFTI_FILES_PER_RING)
#define CFTI_FILES_PER_RING 96 /* setting it up takes a few per cent of the time to read them */
#endif
#if !defined(CFTI_FILES_PER_PARKED_RING)
#define CFTI_FILES_PER_PARKED_RING 16
#endif

static const char cfti_unknown_io[] = "unknown way of reading";

static bool cfti_io_is_known(confiture_io io) {
    return io == CONFITURE_IO_AUTO || io == CONFITURE_IO_READ || io == CONFITURE_IO_MMAP ||
           io == CONFITURE_IO_RING;
}

/* The allocator of the rings that no pool keeps. */
static bool cfti_ring_allocator(confiture_allocator *out, const confiture_run *run) {
    return cfti_allocator_choose(out, run->pool != NULL ? &run->pool->allocator : run->allocator);
}

/* A ring for one worker of a call that reads `files` files, to be released with
 * cfti_ring_release(). NULL: none is available, and the worker reads without. */
static cfti_ring *cfti_ring_acquire(const confiture_run *run, size_t files) {
    bool is_kept = cfti_pool_keeps(run->pool);
    confiture_allocator allocator;
    int error;
    if (run->io != CONFITURE_IO_RING &&
        (run->io != CONFITURE_IO_AUTO ||
         files < (is_kept ? CFTI_FILES_PER_PARKED_RING : CFTI_FILES_PER_RING)))
        return NULL;
    if (is_kept) return cfti_ring_cache_acquire(&run->pool->rings);
    return cfti_ring_allocator(&allocator, run) ? cfti_ring_create(&allocator, &error) : NULL;
}

/* is_broken: the ring is of no further use. */
static void cfti_ring_release(const confiture_run *run, cfti_ring *ring, bool is_broken) {
    confiture_allocator allocator;
    if (cfti_pool_keeps(run->pool) && !is_broken) {
        cfti_ring_cache_release(&run->pool->rings, ring);
    } else {
        (void)cfti_ring_allocator(&allocator, run);
        cfti_ring_free(&allocator, ring);
    }
}
