/* Memory that runs out, is mapped, or is bounded: a part of test_scan.c. */

typedef struct scan_exhausted {
    const confiture_files *files; /* NULL: a search */
    int way;
    confiture_sort sort;
    confiture_io io;
} scan_exhausted;

static confiture_status scan_exhaust(void *ctx, const confiture_run *run, confiture_error *error) {
    static const char *const exclude[] = {"nothing", "more/of/it"};
    static const char *const own[] = {"s/a.sql", "s/../s/b.sql"};
    const scan_exhausted *e = (const scan_exhausted *)ctx;
    confiture_directory d[2];
    confiture_find_options options;
    confiture_files *files;
    confiture_status status;
    scan_result result;
    if (e->files != NULL) {
        confiture_run mapped = *run;
        if (e->io != CONFITURE_IO_AUTO) mapped.io = e->io;
        return scan_do(e->way, e->files, &mapped, &result, error);
    }
    memset(d, 0, sizeof d);
    memset(&options, 0, sizeof options);
    d[0].path = "s", d[1].path = "link/../t";
    d[0].exclude = options.exclude_dirs = exclude;
    d[0].exclude_count = options.exclude_dir_count = 2;
    options.run = *run;
    options.sort = e->sort;
    options.unique = true;
    options.base = e->way == 1 ? tree.root : NULL;
    status = e->way == 2 ? confiture_files_from_paths(&files, own, 2, &options, error)
                         : confiture_find_all(&files, d, 2, &options, error);
    CHECK_QUIET((files == NULL) == (status != CONFITURE_OK));
    confiture_files_free(files);
    return status;
}

TEST(scan, exhausted) {
    static char cr[600001];
    scan_exhausted e;
    char name[64];
    size_t i;
    memset(&e, 0, sizeof e);
    TREE_NEEDS("symbolic links");
    tree_directory("t");
    tree_link("link", "s");
    for (i = 0; i < 24; i++) {
        sprintf(name, "s/%u/%u/%u_x.sql", (unsigned)(9 - i / 6), (unsigned)(i % 6), (unsigned)i);
        tree_text(name, "SELECT 1;\r\n");
    }
    tree_text("t/9_y.sql", "x");
    for (e.way = 0; e.way < 3; e.way++) { /* base: in common, given, none */
        e.sort = e.way == 0 ? CONFITURE_SORT_HEX : CONFITURE_SORT_PATH;
        memory_exhaust(scan_exhaust, &e, 1, false, NULL);
        memory_exhaust(scan_exhaust, &e, 1, true, NULL);
        memory_exhaust(scan_exhaust, &e, 4, false, NULL);
        memory_exhaust(scan_exhaust, &e, 4, true, NULL);
    }
    for (i = 0; i < 2; i++) {
        confiture_files *files;
        if (i == 1) { /* a batch that grows too large, and a file that is */
            memset(cr, '\r', sizeof cr);
            tree_write("big/a.sql", cr, sizeof cr);
            tree_write("big/b.sql", cr, sizeof cr);
            tree_write("big/c.sql", cr, 1000);
            tree_fill("big/d.sql", 2100000, 1);
        }
        files = scan_find(i == 0 ? "s" : "big");
        e.files = files;
        for (e.way = 0; e.way < SCAN_WAYS; e.way++) {
            if (i == 1 && (e.way == SCAN_MANIFEST || e.way == SCAN_CHECK)) continue;
            memory_exhaust(scan_exhaust, &e, 1, false, NULL);
            memory_exhaust(scan_exhaust, &e, 4, e.way % 2 != 0, NULL);
            if (i == 0) memory_exhaust(scan_exhaust, &e, 1, true, NULL);
        }
        confiture_files_free(files);
    }
    tree_clear();
}

static bool scan_is_mapped(void) {
    size_t size;
    char *maps = tree_read("/proc/self/maps", &size);
    bool found = maps != NULL && strstr(maps, tree.root) != NULL;
    free(maps);
    return found;
}

/* No mapping may be left behind, whatever became of its file. */
TEST(scan, mappings) {
    static char cr[300000];
    confiture_files *files;
    confiture_run run;
    scan_exhausted e;
    int way;
    tree_text("a.sql", "SELECT 1;\n");
    tree_text("b.sql", "\xFF");
    files = scan_own("a.sql", "b.sql");
    memset(&run, 0, sizeof run);
    run.io = CONFITURE_IO_MMAP;
    for (way = 0; way < SCAN_WAYS; way++)
        CHECK_STR(scan_outcome(way, files, run, NULL),
                  way < SCAN_TEXT ? "done" : "ENCODING b.sql:1: not valid UTF-8, byte 0");
    confiture_files_free(files);
    memset(cr, '\r', sizeof cr); /* needs memory of its own for its text */
    tree_write("b.sql", cr, sizeof cr);
    files = scan_own("b.sql", "a.sql");
    memset(&e, 0, sizeof e);
    e.files = files;
    e.io = CONFITURE_IO_MMAP;
    for (e.way = 0; e.way < SCAN_WAYS; e.way++) memory_exhaust(scan_exhaust, &e, 1, false, NULL);
    CHECK(!scan_is_mapped());
    confiture_files_free(files);
    tree_clear();
}

/* Which times say that nobody has written since. */
TEST(scan, settled) {
    static const struct {
        int64_t seconds;
        uint32_t ns;
        bool settled, past;
    } cases[] = {{0, 0, true, true},
                 {96, 999999999, true, true},
                 {97, 499999999, true, true},
                 {97, 500000000, false, true},
                 {99, 1, false, true},
                 {100, 499999999, false, true},
                 {100, 500000000, false, false},
                 {100, 0, false, true},
                 {101, 1, false, false},
                 {101, 499999999, false, false},
                 {101, 500000000, false, true},
                 {4000, 1, false, true}};
    cfti_os_time now;
    cfti_os_status status;
    size_t i;
#if defined(__linux__)
    bool is_prompt = true;
#else
    bool is_prompt = false; /* a write may show later */
#endif
    now.seconds = 100;
    now.ns = 500000000;
    for (i = 0; i < TREE_COUNT(cases); i++) {
        memset(&status, 0, sizeof status);
        status.modified = cases[i].seconds;
        status.modified_ns = cases[i].ns;
        CHECK(cfti_is_settled(&status, status.size, &now) == (is_prompt && cases[i].settled));
        CHECK(!cfti_is_settled(&status, status.size + 1, &now)); /* it is being cut, maybe */
        memset(&status, 0, sizeof status);
        status.changed = cases[i].seconds;
        status.changed_ns = cases[i].ns;
        CHECK(cfti_is_settled(&status, status.size, &now) == (is_prompt && cases[i].settled));
        if (!CHECK(cfti_is_past(cases[i].seconds, cases[i].ns, &now) == cases[i].past))
            runs_note("case", (int)i, 0, 0);
    }
    cfti_os_now(&now);
    tree_text("new.sql", "");
    CHECK(cfti_os_status_at(TREE_NOWHERE, "new.sql", true, &status) == 0);
    CHECK(!cfti_is_settled(&status, status.size, &now)); /* nor is a clock that stands still */
    memset(&now, 0, sizeof now);
    CHECK(!cfti_is_settled(&status, status.size, &now));
    tree_clear();
}

/* A second read tells what is not the same, and brings it; and what has no room. */
TEST(scan, read_again) {
    static uint8_t piece[256 << 10], data[6000];
    static confiture_files none;
    confiture_run run;
    confiture_allocator allocator;
    cfti_reader reader;
    cfti_copy copy;
    cfti_fail fail;
    cfti_os_file file;
    size_t got;
    bool same = false;
    tree_fill("a.sql", 5000, 1);
    memset(&run, 0, sizeof run);
    memset(&copy, 0, sizeof copy);
    CHECK(cfti_allocator_choose(&allocator, NULL));
    cfti_reader_init(&reader, &none, &run, &allocator);
    reader.piece = piece;
    if (!CHECK(cfti_os_open(TREE_NOWHERE, "a.sql", &file) == 0)) return;
    CHECK(cfti_os_read_at(file, data, sizeof data, 0, &got) == 0 && got == 5000);
    copy.data = data;
    copy.size = 5000;
    copy.capacity = 5003;
    CHECK(cfti_read_second(&reader, file, 5000, &copy, &same, &fail) == CONFITURE_OK);
    CHECK(same && copy.size == 5000);
    /* Its size is not known, or not true. */
    CHECK(cfti_read_second(&reader, file, 0, &copy, &same, &fail) == CONFITURE_OK && same);
    CHECK(cfti_read_second(&reader, file, 9999, &copy, &same, &fail) == CONFITURE_OK);
    CHECK(same);
    data[4999] ^= 1;
    CHECK(cfti_read_second(&reader, file, 5000, &copy, &same, &fail) == CONFITURE_OK);
    CHECK(!same && copy.size == 5000 && memcmp(data, piece, 5000) == 0);
    tree_append("a.sql", "abc");
    CHECK(cfti_read_second(&reader, file, 5003, &copy, &same, &fail) == CONFITURE_OK);
    CHECK(!same && copy.size == 5003 && memcmp(data + 5000, "abc", 3) == 0);
    CHECK(cfti_read_second(&reader, file, 5003, &copy, &same, &fail) == CONFITURE_OK);
    CHECK(same);
    tree_fill("a.sql", 4000, 1);
    CHECK(cfti_read_second(&reader, file, 4000, &copy, &same, &fail) == CONFITURE_OK);
    CHECK(!same && copy.size == 4000);
    tree_fill("a.sql", 5004, 1);
    CHECK(cfti_read_second(&reader, file, 5004, &copy, &same, &fail) == CONFITURE_OK);
    CHECK(!same && copy.capacity == 0);
    run.max_file_size = 5003;
    copy.capacity = 5004;
    CHECK(cfti_read_second(&reader, file, 5004, &copy, &same, &fail) == CONFITURE_E_LIMIT);
    cfti_os_close(file);
    tree_clear();
}

/* A file that takes an hour: the caller is asked all the while, whichever thread reads it,
 * and a stop is a stop. If not, SIGALRM ends the tests. */
TEST(scan, endless) {
    confiture_pool *pool = NULL;
    confiture_files *files;
    confiture_run run;
    scan_progress progress;
    char name[64];
    int round, way;
    for (round = 0; round < 40; round++) {
        sprintf(name, "s/%02d.sql", round);
        tree_text(name, "SELECT 1;\n");
    }
    if (sizeof(off_t) < 8 || truncate("s/39.sql", (off_t)1 << 40) != 0) {
        tree_clear();
        return;
    }
    files = scan_find("s");
    CHECK(confiture_pool_create(&pool, 2, NULL, NULL) == CONFITURE_OK);
    (void)alarm(600); /* an emulated processor hashes all of this in minutes */
    for (round = 0; round < 5; round++)
        for (way = SCAN_TREE; way <= SCAN_MANIFEST; way++) {
            memset(&run, 0, sizeof run);
            memset(&progress, 0, sizeof progress);
            progress.total = 40;
            progress.stop_at = 60; /* more than there are batches */
            run.pool = pool;
            run.progress = scan_on_progress;
            run.progress_user = &progress;
            CHECK_STR(scan_outcome(way, files, run, NULL), "CANCELLED cancelled");
            CHECK(!progress.wrong && progress.calls == 60);
        }
    confiture_pool_free(pool);
    confiture_files_free(files);
    tree_clear();
}

/* What is in flight is bounded: the manual promises twelve megabytes a thread at the most. */
TEST(scan, bounded) {
    static const size_t threads[] = {1, 4};
    confiture_files *files;
    confiture_run run;
    confiture_error error;
    scan_result result;
    memory m;
    char name[64];
    size_t i;
    int way;
    for (i = 0; i < 24; i++) { /* each longer than the one before, and a short one in between */
        sprintf(name, "s/%02u.sql", (unsigned)i);
        tree_fill(name, i % 3 == 0 ? 1000 : 1100000 + i * 40000, (unsigned)i);
    }
    files = scan_find("s");
    memory_init(&m);
    memset(&run, 0, sizeof run);
    run.allocator = &m.allocator;
    for (i = 0; i < TREE_COUNT(threads); i++)
        for (way = 0; way < SCAN_BUILD; way++) {
            run.threads = threads[i];
            memory_arm(&m, 0, false);
            CHECK(scan_do(way, files, &run, &result, &error) == CONFITURE_OK);
            if (!CHECK(m.peak <= threads[i] * 12 * 1048576))
                runs_note("way, threads, bytes", way, (int)threads[i], (int)m.peak);
        }
    confiture_files_free(files);
    tree_clear();
}

#if !defined(CONFITURE_NO_THREADS)
/* A helper that is about to sleep when all is over has missed the signal that wakes it, and
 * must not: threads come to that in one order of theirs alone. */
TEST(scan, wait) {
    cfti_scan scan;
    int value = 0;
    memset(&scan, 0, sizeof scan);
    CHECK(cfti_scan_init_locks(&scan));
    scan.stopping = 1;
    cfti_mutex_lock(&scan.mutex);
    cfti_scan_wait(&scan, &scan.slot_free, &value, 0);
    cfti_mutex_unlock(&scan.mutex); /* it has come here, and hangs above if it sleeps */
    CHECK(value == 0);
    cfti_condition_destroy(&scan.slot_ready);
    cfti_condition_destroy(&scan.slot_free);
    cfti_mutex_destroy(&scan.mutex);
}
#endif

/* How many bytes a batch may be expected to have, whatever the files so far were like. */
TEST(scan, expected) {
    static const uint64_t averages[] = {1, (size_t)1 << 20, (size_t)4 << 20, UINT64_MAX / 2};
    confiture_files files;
    confiture_run run;
    cfti_consumer consumer;
    size_t i;
    memset(&files, 0, sizeof files);
    memset(&run, 0, sizeof run);
    memset(&consumer, 0, sizeof consumer);
    files.count = 1000;
    for (i = 0; i < TREE_COUNT(averages); i++) {
        cfti_slot *slot;
        cfti_scan scan;
        memset(&scan, 0, sizeof scan);
        scan.files = &files;
        scan.run = &run;
        scan.consumer = &consumer;
        scan.threads = 1;
        if (!CHECK(cfti_allocator_choose(&scan.allocator, NULL))) return;
        cfti_scan_init_slots(&scan);
        scan.read_files = 1;
        scan.read_bytes = averages[i] - 1;
        slot = cfti_scan_claim(&scan);
        CHECK(slot != NULL && slot->count >= 1);
        CHECK(slot->expected == cfti_min(averages[i] > SIZE_MAX ? SIZE_MAX : (size_t)averages[i],
                                         ((size_t)4 << 20) / slot->count) *
                                    slot->count);
        CHECK(cfti_scan_claim(&scan) == NULL); /* the only slot is taken */
        cfti_scan_free_slots(&scan);
    }
}
