/* A process that changes files and directories as fast as it can, and operations of every
 * kind over them meanwhile. */

/* What the writer is told; with a new number in `round` it settles what it has done, repeats
 * the number in `ack`, and begins when it is in `go` as well. */
typedef struct storm_order {
    int round, ack, go; /* atomic */
    unsigned kinds;
    int file; /* -1: all of the list */
    char list[16];
    unsigned pause; /* microseconds between two changes, at most */
    bool stop;
    unsigned long changes;
} storm_order;

static storm_order *storm;
static pid_t storm_writer;

static const char *storm_what = ""; /* for the watchdog */
static int storm_round;
static uint32_t storm_seed;

static void storm_put(const char *text) { (void)!write(2, text, strlen(text)); }

static void storm_hangs(int number) {
    char digits[12];
    (void)number;
    if (storm_writer > 0) (void)kill(storm_writer, SIGKILL);
    storm_put("races: hangs in ");
    storm_put(storm_what);
    storm_put(", round ");
    version_digits(digits, 10, (size_t)storm_round);
    digits[10] = '\0';
    storm_put(digits);
    storm_put(", seed ");
    version_digits(digits, 10, storm_seed);
    storm_put(digits);
    storm_put("\n");
    _exit(3);
}

/* Everything that is not done within two minutes hangs. */
static void watchdog(const char *what) {
    storm_what = what;
    (void)signal(SIGALRM, storm_hangs);
    (void)alarm(120);
}

static race_file *storm_pick(const storm_order *order) {
    race_file *file;
    if (order->file >= 0) return &race_files[order->file];
    do file = &race_files[race_random((uint32_t)race_file_count)];
    while (!race_is_below(file, order->list));
    return file;
}

static void storm_settle(const storm_order *order) {
    size_t i;
    if (order->list[0] == '\0') return;
    for (i = 0; i < race_file_count; i++)
        if (order->file < 0 ? race_is_below(&race_files[i], order->list) : order->file == (int)i)
            change_settle(&race_files[i]);
}

static void storm_write(pid_t parent, uint32_t seed) {
    storm_order now;
    memset(&now, 0, sizeof now);
    race_state = seed;
    while (getppid() == parent) {
        if (__atomic_load_n(&storm->round, __ATOMIC_SEQ_CST) != now.round) {
            storm_settle(&now);
            now = *storm;
            __atomic_store_n(&storm->ack, now.round, __ATOMIC_SEQ_CST);
            if (now.stop) _exit(0);
        }
        if (now.kinds != 0 && __atomic_load_n(&storm->go, __ATOMIC_SEQ_CST) == now.round) {
            change_kind kind;
            do kind = (change_kind)race_random(CHANGES);
            while ((now.kinds >> kind & 1) == 0);
            change_do(kind, storm_pick(&now));
            storm->changes++;
        }
        if (now.pause > 0) (void)usleep(race_random(now.pause));
        else (void)sched_yield();
    }
    _exit(1);
}

static void storm_order_next(void) {
    int round = storm->round + 1;
    __atomic_store_n(&storm->round, round, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&storm->ack, __ATOMIC_SEQ_CST) != round) {
        int status;
        if (waitpid(storm_writer, &status, WNOHANG) != 0) tree_die("the writer has gone", "");
        (void)usleep(20);
    }
}

static void storm_one(const char *list, const confiture_files *files, confiture_pool *pool) {
    static const confiture_io ways[] = {CONFITURE_IO_AUTO, CONFITURE_IO_READ, CONFITURE_IO_RING,
                                        CONFITURE_IO_RING, CONFITURE_IO_MMAP};
    static const unsigned pauses[] = {0, 0, 100, 1000};
    confiture_run run;
    confiture_status status;
    race_view view;
    race_verdict verdict;
    race_op op = (race_op)race_random(OPS);
    unsigned kind;
    memset(&run, 0, sizeof run);
    run.io = ways[race_random((uint32_t)TREE_COUNT(ways))];
    run.threads = race_random(2) == 0 ? 1 : 2 + race_random(6);
    if (race_random(2) == 0) run.pool = pool;
    storm->kinds = race_random(2) == 0 ? 1u << race_random(CHANGES) : race_random(1u << CHANGES);
    for (kind = 0; kind < CHANGES; kind++) /* see the manual: mapping */
        if (run.io == CONFITURE_IO_MMAP && change_shortens((change_kind)kind))
            storm->kinds &= ~(1u << kind);
    storm->file = -1;
    strcpy(storm->list, list);
    if (race_random(5) != 0) storm->file = (int)(storm_pick(storm) - race_files);
    storm->pause = pauses[race_random((uint32_t)TREE_COUNT(pauses))];
    storm_order_next();
    view_begin(&view);
    __atomic_store_n(&storm->go, storm->round, __ATOMIC_SEQ_CST);
    if (race_random(2) == 0) (void)usleep(race_random(300));
    verdict = race_operate(op, list, files, &run, &view, storm->kinds,
                           storm->file < 0 ? NULL : &race_files[storm->file], &status);
    if (!CHECK(verdict != VERDICT_BAD) && test_counts.suite_failed <= TEST_SHOWN_AT_MOST)
        printf("    round %d, seed %u: %s of %s, io %d, threads %d%s, changes %x of %d: %s\n",
               storm_round, (unsigned)storm_seed, op_names[op], list, (int)run.io, (int)run.threads,
               run.pool != NULL ? ", pool" : "", storm->kinds, storm->file, verify_why);
    race_tally(op, status, verdict);
}

static void storm_add_files(void) {
    size_t i;
    for (i = 0; i < 14; i++) race_add(i < 5 ? "small/a" : i < 10 ? "small/b" : "small/c", 1, 60);
    for (i = 0; i < 6; i++) race_add(i < 4 ? "medium/a" : "medium/b", 200, 900);
    for (i = 0; i < 3; i++) race_add("long/a", 1100, 3500);
    for (i = 0; i < 2; i++) race_add("long/b", 1, 60);
    for (i = 0; i < 2; i++) race_add("large/a", 33000, 36000);
    for (i = 0; i < 2; i++) race_add("large/b", 1, 60);
}

static void test_storm_with(int rounds, uint32_t seed) {
    static const char *const lists[] = {"small", "medium", "long", "large"};
    static const int weights[] = {50, 70, 92, 100};
    confiture_files *files[4];
    confiture_pool *pool = NULL;
    pid_t parent = getpid();
    size_t i, descriptors;
    race_open();
    tree_directory("out");
    tree_text("out/schema.sql", "-- nothing yet\n");
    storm_add_files();
    storm = (storm_order *)mmap(NULL, sizeof *storm, PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (storm == MAP_FAILED) tree_die("mmap", "storm");
    memset(storm, 0, sizeof *storm);
    (void)fflush(stdout);
    storm_seed = seed;
    storm_writer = fork();
    if (storm_writer == 0) storm_write(parent, seed * 2 + 1);
    race_state = seed * 2 + 3;
    for (i = 0; i < 4; i++)
        if (confiture_find(&files[i], lists[i], NULL, NULL)) tree_die("find", lists[i]);
    descriptors = tree_descriptors();
    if (confiture_pool_create(&pool, 4, NULL, NULL)) abort();
    hooks.crowd = 3;
    for (storm_round = 1; storm_round <= rounds; storm_round++) {
        int at = (int)race_random(100);
        watchdog("a storm");
        for (i = 0; at >= weights[i]; i++) continue;
        storm_one(lists[i], files[i], pool);
    }
    storm->stop = true;
    storm_order_next();
    CHECK(waitpid(storm_writer, NULL, 0) == storm_writer);
    storm_writer = 0;
    confiture_pool_free(pool);
    hooks.crowd = 0;
    CHECK(tree_descriptors() == descriptors);
    for (i = 0; i < 4; i++) confiture_files_free(files[i]);
    printf("storm: %d rounds, seed %u, %lu changes\n", rounds, (unsigned)seed, storm->changes);
    /* A storm in which nothing was met has shown nothing. */
    CHECK(rounds < 1000 ||
          (race_tallies_of(0) > 0 && race_tallies_of(1) > 0 && race_tallies_of(2) > 0));
    race_tell("storm");
    (void)munmap(storm, sizeof *storm);
    race_close();
}
