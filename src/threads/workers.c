/* ---- threads/workers.c: the workers of one call, and the loop that they share ---- */

/* The calling thread and its helpers: of the caller's pool, or started for this call, or none. */
typedef struct cfti_workers {
    const confiture_run *run;
    confiture_pool *pool; /* NULL: the calling thread alone */
    size_t helpers;       /* how many of the pool to use */
    confiture_pool own;
} cfti_workers;

/* How many threads a call may use, whatever its work. More than there are processors have only been
 * slower; with a parallel_for of its own the caller knows best. */
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
    size_t threads = 1;
    memset(workers, 0, sizeof(*workers));
    workers->run = run;
    if (run->parallel_for == NULL && useful > 1)
        threads = cfti_min(cfti_workers_limit(run), useful);
    if (!CFTI_OS_HAS_THREADS || threads < 2) return;
    if (run->pool != NULL) {
        if (!cfti_pool_claim(run->pool)) return;
        workers->pool = run->pool;
        workers->helpers = threads - 1;
    } else {
        workers->own.allocator = *allocator;
        if (!cfti_pool_open(&workers->own, threads - 1)) return;
        workers->pool = &workers->own;
        workers->helpers = workers->own.helpers;
    }
}

/* NULL: the calling thread works alone. */
static confiture_pool *cfti_workers_pool(const cfti_workers *workers) {
    return CFTI_OS_HAS_THREADS ? workers->pool : NULL;
}

static void cfti_workers_close(cfti_workers *workers) {
    confiture_pool *pool = cfti_workers_pool(workers);
    workers->pool = NULL;
    if (pool == &workers->own) cfti_pool_close(pool);
    else if (pool != NULL) cfti_pool_release(pool);
}

/* Lets the helpers run task(ctx, 1), task(ctx, 2), ... while the caller, worker 0, does something
 * else. */
static void cfti_workers_start(cfti_workers *workers, void (*task)(void *ctx, size_t worker),
                               void *ctx) {
    confiture_pool *pool = cfti_workers_pool(workers);
    if (pool != NULL) cfti_pool_begin(pool, workers->helpers, task, ctx);
}

static void cfti_workers_join(cfti_workers *workers) {
    confiture_pool *pool = cfti_workers_pool(workers);
    if (pool != NULL) cfti_pool_join(pool);
}

/* Only a parallel_for of the caller's own can cause these two failures. */
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
    size_t n, next; /* next: with the lock of the pool */
} cfti_loop;

static void cfti_loop_run(void *arg, size_t worker) {
    cfti_loop *loop = (cfti_loop *)arg;
    confiture_pool *pool = cfti_workers_pool(loop->workers);
    (void)worker;
    for (;;) {
        size_t i;
        if (pool != NULL) cfti_mutex_lock(&pool->mutex);
        i = loop->next;
        if (i < loop->n) loop->next++;
        if (pool != NULL) cfti_mutex_unlock(&pool->mutex);
        if (i >= loop->n) return;
        loop->task(loop->ctx, i);
    }
}

/* The same as: for (size_t i = 0; i < n; i++) task(ctx, i); return 0;
 * Non-zero is what the caller's own parallel_for returned. */
static int cfti_workers_each(cfti_workers *workers, size_t n, void (*task)(void *ctx, size_t index),
                             void *ctx) {
    cfti_loop loop;
    if (workers->run->parallel_for != NULL)
        return workers->run->parallel_for(workers->run->parallel_user, n, task, ctx);
    loop.workers = workers;
    loop.task = task;
    loop.ctx = ctx;
    loop.n = n;
    loop.next = 0;
    cfti_workers_start(workers, cfti_loop_run, &loop);
    cfti_loop_run(&loop, 0);
    cfti_workers_join(workers);
    return 0;
}
