/* What a host can rely on: its signals, its cancelled threads, and a pool no larger than can be
 * used: os/posix_threads.c, threads/pool.c, and the calls that hold a cancellation back. */

#include "../chest/memory.h"
#include "../chest/runs.h"
#include "../chest/tree.h"

SUITE(host, tree_suite_begins, tree_suite_ends);

#include <signal.h>
#include <sys/wait.h>

#if !defined(CONFITURE_NO_THREADS)
static confiture_files *host_files(unsigned count) {
    confiture_files *files = NULL;
    char name[32];
    unsigned i;
    for (i = 0; i < count; i++) {
        sprintf(name, "s/%03u.sql", i);
        tree_text(name, "SELECT 1;\n");
    }
    if (confiture_find(&files, "s", NULL, NULL) != CONFITURE_OK) tree_die("find", "s");
    return files;
}

/* In a process of its own, since what fails here kills it. */
static bool host_survives(int (*child)(void)) {
    int status = -1;
    pid_t pid = fork();
    if (pid < 0) tree_die("fork", ".");
    if (pid == 0) _exit(child());
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int host_block(int number) {
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, number);
    return pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* As for signalfd: blocked in all threads of the host, so no thread of the library may have it
 * open either, or the kernel takes that one and ends the process. */
static int host_waits_for_signal(void) {
    confiture_pool *pool;
    sigset_t set, mine;
    int number = 0;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGHUP);
    if (confiture_pool_create(&pool, 4, NULL, NULL) != CONFITURE_OK || pool->helpers != 3) return 1;
    if (pthread_sigmask(SIG_BLOCK, NULL, &mine) != 0 || sigismember(&mine, SIGHUP)) return 2;
    if (host_block(SIGHUP) != 0 || kill(getpid(), SIGHUP) != 0) return 3;
    if (sigwait(&set, &number) != 0 || number != SIGHUP) return 4;
    confiture_pool_free(pool);
    return 0;
}

static pthread_t host_main;
static volatile sig_atomic_t host_here, host_elsewhere;

static void host_on_signal(int number) {
    (void)number;
    if (pthread_equal(pthread_self(), host_main)) host_here++;
    else host_elsewhere++;
}

/* Threads of a call, too: while the caller has the signal blocked, nobody takes it. */
static int host_handles_signal(const confiture_progress *progress) {
    if (progress->files == 0 || host_block(SIGUSR1) != 0) return 0;
    return kill(getpid(), SIGUSR1);
}

static int host_on_progress(void *user, const confiture_progress *progress) {
    (void)user;
    return host_handles_signal(progress);
}

static int host_takes_signal_itself(void) {
    struct sigaction action;
    confiture_hash_options options;
    confiture_digest digest;
    confiture_files *files = host_files(600);
    sigset_t set;
    memset(&action, 0, sizeof action);
    memset(&options, 0, sizeof options);
    action.sa_handler = host_on_signal;
    host_main = pthread_self();
    if (sigaction(SIGUSR1, &action, NULL) != 0) return 1;
    options.run.threads = 4;
    options.run.progress = host_on_progress;
    if (confiture_hash(&digest, files, &options, NULL) != CONFITURE_OK) return 2;
    if (host_here + host_elsewhere != 0) return 3;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGUSR1);
    if (pthread_sigmask(SIG_UNBLOCK, &set, NULL) != 0 || host_here != 1) return 4;
    confiture_files_free(files);
    return 0;
}

TEST(host, signals) {
    sigset_t before, after;
    confiture_pool *pool;
    int i;
    CHECK(host_survives(host_waits_for_signal));
    CHECK(host_survives(host_takes_signal_itself));
    CHECK(pthread_sigmask(SIG_BLOCK, NULL, &before) == 0);
    CHECK(confiture_pool_create(&pool, 2, NULL, NULL) == CONFITURE_OK);
    CHECK(pthread_sigmask(SIG_BLOCK, NULL, &after) == 0);
    for (i = 1; i < 32; i++) CHECK(sigismember(&before, i) == sigismember(&after, i));
    confiture_pool_free(pool);
    tree_clear();
}

/* ==== Cancellation ======================================================= */

/* The address sanitizer takes the stack of a cancelled thread for one in use. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOST_NO_CANCEL
#endif
#endif
#if defined(PTHREAD_CANCEL_DISABLE) && !defined(__SANITIZE_ADDRESS__) && !defined(HOST_NO_CANCEL)
typedef struct host_cancelled {
    confiture_pool *pool;
    memory m;
    int call;
    bool returned;
    confiture_status status;
} host_cancelled;

static int host_cancel_me(void *user, const confiture_progress *progress) {
    (void)user;
    (void)progress;
    (void)pthread_cancel(pthread_self());
    return 0;
}

enum { HOST_FIND, HOST_HASH, HOST_CHECK, HOST_BUILD, HOST_FILE, HOST_POOL, HOST_CALLS };

static confiture_status host_call(host_cancelled *c, const confiture_run *run) {
    confiture_find_options find;
    confiture_hash_options hash;
    confiture_check_options check;
    confiture_build_options build;
    confiture_files *files = NULL;
    confiture_digest digest;
    confiture_schema schema;
    confiture_status status;
    memset(&find, 0, sizeof find);
    memset(&hash, 0, sizeof hash);
    memset(&check, 0, sizeof check);
    memset(&build, 0, sizeof build);
    memset(&schema, 0, sizeof schema);
    find.run.allocator = &c->m.allocator;
    hash.run = check.run = build.run = *run;
    if (c->call == HOST_FIND) find.run = *run;
    status = confiture_find(&files, "s", &find, NULL);
    if (status == CONFITURE_OK && c->call == HOST_HASH)
        status = confiture_hash(&digest, files, &hash, NULL);
    if (status == CONFITURE_OK && c->call == HOST_CHECK)
        status = confiture_check(files, &check, NULL);
    if (status == CONFITURE_OK && c->call == HOST_BUILD)
        status = confiture_build(&schema, files, &build, NULL);
    if (status == CONFITURE_OK && c->call == HOST_FILE)
        status = confiture_build_file(&schema, "out.sql", files, &build, NULL);
    confiture_schema_free(&schema);
    confiture_files_free(files);
    return status;
}

static void *host_call_cancelled(void *arg) {
    host_cancelled *c = (host_cancelled *)arg;
    confiture_run run;
    memset(&run, 0, sizeof run);
    run.allocator = &c->m.allocator;
    run.pool = c->pool;
    run.threads = 4;
    run.progress = host_cancel_me;
    if (c->call == HOST_POOL) {
        confiture_pool *own;
        c->status = confiture_pool_create(&own, 3, &c->m.allocator, NULL);
        (void)pthread_cancel(pthread_self());
        confiture_pool_free(own); /* which joins: a place where threads end */
    } else {
        c->status = host_call(c, &run);
    }
    c->returned = true;
    pthread_testcancel();
    return NULL;
}

/* The call comes to its end as if nothing had been asked, and then the thread to its own. */
TEST(host, cancelled) {
    size_t descriptors = tree_descriptors();
    confiture_files *files = host_files(600);
    confiture_pool *pool;
    host_cancelled c;
    confiture_files_free(files);
    CHECK(confiture_pool_create(&pool, 4, NULL, NULL) == CONFITURE_OK);
    for (c.call = 0; c.call < HOST_CALLS; c.call++) {
        pthread_t thread;
        void *result = NULL;
        memory_init(&c.m);
        c.pool = pool;
        c.returned = false;
        if (pthread_create(&thread, NULL, host_call_cancelled, &c) != 0) tree_die("thread", ".");
        CHECK(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
        CHECK(c.returned && c.status == CONFITURE_OK);
        CHECK(memory_is_clean(&c.m));
        CHECK(!pool->busy);
    }
    confiture_pool_free(pool);
    CHECK(access("out.sql", R_OK) == 0);
    CHECK(tree_descriptors() == descriptors);
    tree_clear();
}
#endif

/* ==== Pools ============================================================== */

/* No more threads than a call can use: each of the others would be a stack for nothing. */
TEST(host, pools) {
    static const size_t wanted[] = {0, 1, 2, 400, SIZE_MAX};
    size_t i;
    for (i = 0; i < TREE_COUNT(wanted); i++) {
        size_t most = cfti_min(cfti_processors(), 256);
        size_t threads = wanted[i] == 0 || wanted[i] > most ? most : wanted[i];
        confiture_pool *pool;
        memory m;
        memory_init(&m);
        CHECK(confiture_pool_create(&pool, wanted[i], &m.allocator, NULL) == CONFITURE_OK);
        CHECK(pool != NULL && pool->helpers == threads - 1);
        confiture_pool_free(pool);
        CHECK(memory_is_clean(&m));
    }
}

/* ==== The caller's own parallel_for ====================================== */

typedef struct host_told {
    pthread_t caller;
    uint64_t bytes, most; /* the longest way from one call to the next */
    size_t calls, stop_at;
    bool elsewhere;
} host_told;

static int host_on_told(void *user, const confiture_progress *now) {
    host_told *told = (host_told *)user;
    if (!pthread_equal(pthread_self(), told->caller)) told->elsewhere = true;
    if (now->bytes - told->bytes > told->most) told->most = now->bytes - told->bytes;
    told->bytes = now->bytes;
    return ++told->calls == told->stop_at;
}

typedef struct host_task {
    void (*task)(void *ctx, size_t index);
    void *ctx;
    size_t index;
} host_task;

static void *host_task_run(void *arg) {
    const host_task *t = (const host_task *)arg;
    t->task(t->ctx, t->index);
    return NULL;
}

/* Every task on a thread of its own, so none on the caller's. */
static int host_loop_elsewhere(void *user, size_t n, void (*task)(void *, size_t), void *ctx) {
    host_task t;
    (void)user;
    t.task = task;
    t.ctx = ctx;
    for (t.index = 0; t.index < n; t.index++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, host_task_run, &t) != 0) return 1;
        (void)pthread_join(thread, NULL);
    }
    return 0;
}

static int host_loop_here(void *user, size_t n, void (*task)(void *, size_t), void *ctx) {
    return runs_forwards(user, n, task, ctx);
}

/* A round is a few MiB at the most, and of a large file every piece is told. */
TEST(host, told) {
    static const size_t sizes[] = {1000, 1048576, 300000, 9000000, 2000000};
    runs_loop *const loops[] = {host_loop_here, host_loop_elsewhere, runs_threads};
    confiture_files *files = NULL;
    confiture_error error;
    confiture_check_options check;
    confiture_hash_options hash;
    confiture_digest digest;
    host_told told;
    char name[32];
    unsigned i, way, stop;
    uint64_t total = 0;
    for (i = 0; i < 40; i++) {
        size_t size = i % 13 == 3 ? sizes[3] : sizes[i % 5 == 3 ? 4 : i % 5];
        sprintf(name, "s/%02u.sql", i);
        tree_fill(name, size, i);
        total += size;
    }
    CHECK(confiture_find(&files, "s", NULL, NULL) == CONFITURE_OK);
    memset(&check, 0, sizeof check);
    memset(&hash, 0, sizeof hash);
    hash.run.threads = 4;
    hash.run.progress = host_on_told;
    hash.run.progress_user = &told;
    for (i = 0; i < TREE_COUNT(loops); i++)
        for (way = 0; way < 3; way++)
            for (stop = 0; stop < 2; stop++) {
                confiture_status status;
                memset(&told, 0, sizeof told);
                told.caller = pthread_self();
                told.stop_at = stop == 0 ? 0 : 5;
                hash.run.parallel_for = loops[i];
                hash.kind = way == 0 ? CONFITURE_DIGEST_STREAM : CONFITURE_DIGEST_TREE;
                check.run = hash.run;
                check.mode = CONFITURE_CHECK_NONE;
                status = way == 2 ? confiture_check(files, &check, &error)
                                  : confiture_hash(&digest, files, &hash, &error);
                CHECK(status == (stop == 0 ? CONFITURE_OK : CONFITURE_E_CANCELLED));
                CHECK(!told.elsewhere && (stop == 0 || told.calls == 5));
                CHECK(stop != 0 || told.bytes == total);
                if (!CHECK(told.most <= 8 * 1048576))
                    runs_note("loop, way, bytes", (int)i, (int)way, (int)told.most);
            }
    confiture_files_free(files);
    tree_clear();
}
#endif
