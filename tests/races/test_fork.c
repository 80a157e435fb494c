/* fork() while other threads are at work: nothing of the library's that a child needs is
 * locked or half done in it, and the parent does not notice. */

#if defined(__SANITIZE_THREAD__)
#define FORK_THREADS 1 /* a child of the thread sanitizer's may not start threads */
#else
#define FORK_THREADS 3
#endif

enum { FORK_FILES = 200, FORK_WORKERS = 2 };

static struct {
    confiture_files *files;
    confiture_pool *pool;
    confiture_digest stream, tree;
    int stop, calls, wrong; /* atomic */
} forks;

/* One call of each kind, with the answers that are known. */
static bool fork_work(const char *out, size_t threads, confiture_io io, confiture_pool *pool) {
    confiture_hash_options hash;
    confiture_build_options build;
    confiture_find_options find;
    confiture_digest digest;
    confiture_schema schema;
    confiture_files *found = NULL;
    bool good;
    memset(&hash, 0, sizeof hash);
    memset(&build, 0, sizeof build);
    memset(&find, 0, sizeof find);
    memset(&schema, 0, sizeof schema);
    hash.run.threads = threads;
    hash.run.io = io;
    hash.run.pool = pool;
    build.run = find.run = hash.run;
    build.check = CONFITURE_CHECK_QUOTES; /* the files are words, and no SQL */
    good = confiture_hash(&digest, forks.files, &hash, NULL) == CONFITURE_OK &&
           strcmp(digest.hex, forks.stream.hex) == 0;
    hash.kind = CONFITURE_DIGEST_TREE;
    good = good && confiture_hash(&digest, forks.files, &hash, NULL) == CONFITURE_OK &&
           strcmp(digest.hex, forks.tree.hex) == 0;
    good = good && confiture_find(&found, "src", &find, NULL) == CONFITURE_OK &&
           confiture_files_count(found) == FORK_FILES;
    good = good && confiture_build(&schema, found, &build, NULL) == CONFITURE_OK &&
           strcmp(schema.digest_hex, forks.stream.hex) == 0;
    confiture_schema_free(&schema);
    good = good && confiture_build_file(&schema, out, forks.files, &build, NULL) == CONFITURE_OK &&
           strcmp(schema.digest_hex, forks.stream.hex) == 0;
    confiture_schema_free(&schema);
    confiture_files_free(found);
    return good;
}

static void *fork_worker(void *arg) {
    char out[32];
    int i;
    sprintf(out, "out/worker%d.sql", *(const int *)arg);
    for (i = *(const int *)arg; !__atomic_load_n(&forks.stop, __ATOMIC_SEQ_CST); i++) {
        /* One of them at a time has the pool, the other one works alone, or has threads that
         * start and end with the call. */
        bool good = fork_work(out, 4, i % 2 == 0 ? CONFITURE_IO_RING : CONFITURE_IO_READ,
                              i % 3 == 0 ? NULL : forks.pool);
        if (!good) (void)__atomic_add_fetch(&forks.wrong, 1, __ATOMIC_SEQ_CST);
        (void)__atomic_add_fetch(&forks.calls, 1, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

/* In the child: all anew, and nothing of the parent's pool. */
static int fork_child(int number) {
    confiture_pool *pool = NULL;
    char out[32];
    (void)alarm(100);
    sprintf(out, "out/child%d.sql", number % 4);
    if (!fork_work(out, 1, CONFITURE_IO_READ, NULL)) return 2;
    if (!fork_work(out, 1, CONFITURE_IO_RING, NULL)) return 3;
    if (FORK_THREADS == 1 || number % 2 == 0) return 0;
    if (confiture_pool_create(&pool, FORK_THREADS, NULL, NULL)) return 4;
    if (!fork_work(out, FORK_THREADS, CONFITURE_IO_AUTO, NULL)) return 5;
    if (!fork_work(out, FORK_THREADS, CONFITURE_IO_AUTO, pool)) return 6;
    confiture_pool_free(pool);
    return 0;
}

static void test_fork_with(int count) {
    pthread_t workers[FORK_WORKERS];
    int numbers[FORK_WORKERS], i;
    confiture_hash_options hash;
    tree_open();
    tree_directory("out");
    for (i = 0; i < FORK_FILES; i++) {
        char path[32];
        sprintf(path, "src/%d/f%03d.sql", i % 10, i);
        tree_fill(path, i == 50 ? 2200000 : i % 20 == 0 ? 70000 : (size_t)i * 13, (unsigned)i);
    }
    memset(&forks, 0, sizeof forks);
    memset(&hash, 0, sizeof hash);
    CHECK(confiture_find(&forks.files, "src", NULL, NULL) == CONFITURE_OK);
    CHECK(confiture_hash(&forks.stream, forks.files, &hash, NULL) == CONFITURE_OK);
    hash.kind = CONFITURE_DIGEST_TREE;
    CHECK(confiture_hash(&forks.tree, forks.files, &hash, NULL) == CONFITURE_OK);
    CHECK(confiture_pool_create(&forks.pool, 4, NULL, NULL) == CONFITURE_OK);
    (void)fflush(stdout);
    for (i = 0; i < FORK_WORKERS; i++) {
        numbers[i] = i;
        if (pthread_create(&workers[i], NULL, fork_worker, &numbers[i]) != 0) abort();
    }
    for (i = 0; i < count; i++) {
        int status = 0;
        pid_t child;
        watchdog("a child of fork()");
        (void)usleep(race_random(3000));
        child = fork();
        if (child == 0) _exit(fork_child(i));
        if (!CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
                   WEXITSTATUS(status) == 0))
            printf("    child %d: status %x\n", i, (unsigned)status);
    }
    __atomic_store_n(&forks.stop, 1, __ATOMIC_SEQ_CST);
    for (i = 0; i < FORK_WORKERS; i++) (void)pthread_join(workers[i], NULL);
    CHECK(forks.wrong == 0);
    CHECK(forks.calls >= FORK_WORKERS);
    CHECK(tree_temporaries("out") == 0);
    printf("fork: %d children, %d rounds of calls in the parent meanwhile\n", count, forks.calls);
    confiture_pool_free(forks.pool);
    confiture_files_free(forks.files);
    tree_close();
}
