/* Builds a schema with the allocator and the threads of the program that calls the library.
 *     cc -I. examples/host.c -o host -pthread && ./host db/schema > schema.sql
 * Under the first two switches the library itself calls neither malloc() nor pthread_create(): all
 * memory comes from struct memory and all threads from struct pool. */
#define CONFITURE_NO_ALLOC
#define CONFITURE_NO_THREADS
#define CONFITURE_IMPLEMENTATION
#include "confiture.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HELPERS = 3 };

/* ---- an allocator that counts; several threads call it at the same time ---- */

struct memory {
    pthread_mutex_t lock;
    size_t used, peak, calls;
};

static void count(struct memory *memory, size_t freed, size_t allocated) {
    pthread_mutex_lock(&memory->lock);
    memory->used = memory->used - freed + allocated;
    if (memory->used > memory->peak) memory->peak = memory->used;
    if (allocated != 0) memory->calls++;
    pthread_mutex_unlock(&memory->lock);
}

static void *host_realloc(void *memory, void *block, size_t old_size, size_t new_size) {
    void *moved = realloc(block, new_size);
    if (moved != NULL) count((struct memory *)memory, old_size, new_size);
    return moved;
}

static void *host_alloc(void *memory, size_t size) { return host_realloc(memory, NULL, 0, size); }

static void host_free(void *memory, void *block, size_t size) {
    count((struct memory *)memory, size, 0);
    free(block);
}

/* ---- a pool of threads that run the iterations of one loop at a time; others wait ---- */

struct pool {
    pthread_mutex_t caller; /* held for a whole loop: a task must not begin another one */
    pthread_mutex_t lock;   /* for all that follows */
    pthread_cond_t begun, done;
    void (*task)(void *ctx, size_t index); /* this and ctx change only between loops */
    void *ctx;
    size_t next, end; /* the iterations that nobody has begun */
    size_t running;
    size_t total, helped; /* of all loops; those on a helper */
    bool stopped;
};

/* The lock is held. */
static void run_tasks(struct pool *pool, bool is_helper) {
    while (pool->next < pool->end) {
        size_t index = pool->next++;
        pool->running++;
        pool->total++;
        pool->helped += is_helper;
        pthread_mutex_unlock(&pool->lock);
        pool->task(pool->ctx, index);
        pthread_mutex_lock(&pool->lock);
        if (--pool->running == 0) pthread_cond_signal(&pool->done);
    }
}

static void *help(void *user) {
    struct pool *pool = (struct pool *)user;
    pthread_mutex_lock(&pool->lock);
    while (!pool->stopped) {
        run_tasks(pool, true);
        if (!pool->stopped) pthread_cond_wait(&pool->begun, &pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* The parallel_for of the library: returns when all tasks are done. */
static int host_for(void *user, size_t n, void (*task)(void *ctx, size_t index), void *ctx) {
    struct pool *pool = (struct pool *)user;
    pthread_mutex_lock(&pool->caller);
    pthread_mutex_lock(&pool->lock);
    pool->task = task;
    pool->ctx = ctx;
    pool->next = 0;
    pool->end = n;
    pthread_cond_broadcast(&pool->begun);
    run_tasks(pool, false);
    while (pool->running > 0) pthread_cond_wait(&pool->done, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
    pthread_mutex_unlock(&pool->caller);
    return 0;
}

static void stop(struct pool *pool, const pthread_t *threads, size_t thread_count) {
    pthread_mutex_lock(&pool->lock);
    pool->stopped = true;
    pthread_cond_broadcast(&pool->begun);
    pthread_mutex_unlock(&pool->lock);
    while (thread_count > 0) pthread_join(threads[--thread_count], NULL);
}

/* ---- the library, given both ---- */

int main(int argc, char **argv) {
    struct memory memory = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct pool pool = {.caller = PTHREAD_MUTEX_INITIALIZER,
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .begun = PTHREAD_COND_INITIALIZER,
                        .done = PTHREAD_COND_INITIALIZER};
    confiture_allocator allocator = {host_alloc, host_realloc, host_free, &memory};
    pthread_t threads[HELPERS];
    size_t helpers = 0;
    confiture_files *files = NULL;
    confiture_find_options find;
    confiture_build_options build;
    confiture_schema schema;
    confiture_error error;
    int failed;

    while (helpers < HELPERS && pthread_create(&threads[helpers], NULL, help, &pool) == 0)
        helpers++;
    memset(&find, 0, sizeof find);
    memset(&build, 0, sizeof build);
    memset(&schema, 0, sizeof schema);
    find.run.allocator = &allocator;
    find.run.threads = helpers + 1;
    find.run.parallel_for = host_for;
    find.run.parallel_user = &pool;
    find.run.io = CONFITURE_IO_READ; /* a ring may bring threads of the kernel */
    build.run = find.run;
    failed = confiture_find(&files, argc > 1 ? argv[1] : "db/schema", &find, &error) ||
             confiture_build(&schema, files, &build, &error);
    if (failed) {
        fprintf(stderr, "%s\n", error.message);
    } else {
        fwrite(schema.data, 1, schema.size, stdout);
        fprintf(stderr, "%zu files, %s\n", schema.file_count, schema.digest_hex);
    }
    confiture_schema_free(&schema);
    confiture_files_free(files);
    stop(&pool, threads, helpers);
    fprintf(stderr, "%zu allocations, at most %zu bytes, %zu left; %zu tasks, %zu on helpers\n",
            memory.calls, memory.peak, memory.used, pool.total, pool.helped);
    return failed || memory.used != 0 || fflush(stdout) != 0 || ferror(stdout) != 0;
}
