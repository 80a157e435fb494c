/* What a caller who does not trust a tree asks for: max_file_size, by every way of reading. */

#include "../chest/runs.h"
#include "../chest/tree.h"

SUITE(limit, tree_suite_begins, tree_suite_ends);

/* Every run and every operation ends like this. */
static void limit_steps(const confiture_files *files, uint64_t limit, const char *expected,
                        size_t step, int line) {
    size_t r;
    int way;
    for (r = 0; r < RUNS; r += step + MEMORY_STEP - 1) {
        confiture_run run = runs_get(r);
        run.max_file_size = limit;
        for (way = 0; way < SCAN_WAYS; way++)
            if (!CHECK_STR(scan_outcome(way, files, run, NULL), expected))
                runs_note("line, run, way", line, (int)r, way);
    }
}

static void limit_all(const confiture_files *files, uint64_t limit, const char *expected,
                      int line) {
    limit_steps(files, limit, expected, 1, line);
}

/* Around each size at which reading goes another way. */
TEST(limit, sizes) {
    static const size_t sizes[] = {1, 3000, 65535, 65536, 70000, 2097152, 2097153, 2500000};
    char expected[200], name[40];
    size_t i;
    for (i = 0; i < TREE_COUNT(sizes); i++) {
        confiture_files *files;
        sprintf(name, "s/%u.sql", (unsigned)i);
        tree_fill(name, sizes[i], (unsigned)i);
        tree_fill("s/z.sql", sizes[i] + 100, 1); /* never the first */
        files = scan_find("s");
        if (sizes[i] > 1) {
            sprintf(expected, "LIMIT %s: larger than the limit of %lu bytes", name,
                    (unsigned long)sizes[i] - 1);
            limit_steps(files, sizes[i] - 1, expected, i < 5 ? 1 : 3, __LINE__);
        }
        sprintf(expected, "LIMIT s/z.sql: larger than the limit of %lu byte%s",
                (unsigned long)sizes[i], sizes[i] == 1 ? "" : "s");
        limit_steps(files, sizes[i], expected, i < 5 ? 1 : 3, __LINE__);
        confiture_files_free(files);
    }
    tree_clear();
}

/* Of many small files one that is too large, in a batch and at its ends; one before it that
 * cannot be read comes first, one behind it does not. */
TEST(limit, first) {
    static const int places[] = {0, 1, 63, 64, 100, 119};
    char name[40], expected[100];
    confiture_files *files;
    size_t p;
    int i;
    for (i = 0; i < 120; i++) {
        sprintf(name, "s/%03d.sql", i);
        tree_fill(name, 50, (unsigned)i);
    }
    files = scan_find("s");
    limit_all(files, 50, "done", __LINE__);
    for (p = 0; p < TREE_COUNT(places); p++) {
        sprintf(name, "s/%03d.sql", places[p]);
        tree_fill(name, 51, 1);
        sprintf(expected, "LIMIT %s: larger than the limit of 50 bytes", name);
        limit_all(files, 50, expected, __LINE__);
        tree_fill(name, 50, 1);
    }
    tree_fill("s/085.sql", 51, 1);
    tree_remove("s/095.sql");
    limit_all(files, 50, "LIMIT s/085.sql: larger than the limit of 50 bytes", __LINE__);
    tree_remove("s/080.sql");
    limit_all(files, 50, "SYSTEM s/080.sql: no such file or directory", __LINE__);
    confiture_files_free(files);
    tree_clear();
}

/* A terabyte that nobody wrote, and would take an hour to read. */
TEST(limit, sparse) {
    confiture_files *files;
    tree_text("s/a.sql", "SELECT 1;\n");
    tree_text("s/b.sql", "SELECT 2;\n");
    if (truncate("s/b.sql", (off_t)1 << (sizeof(off_t) > 4 ? 40 : 30)) != 0) {
        tree_clear();
        return;
    }
    files = scan_find("s");
    limit_all(files, 1 << 20, "LIMIT s/b.sql: larger than the limit of 1048576 bytes", __LINE__);
    limit_all(files, 10, "LIMIT s/b.sql: larger than the limit of 10 bytes", __LINE__);
    confiture_files_free(files);
    tree_clear();
}

/* Files of the kernel's say that they have no byte. */
TEST(limit, unknown) {
    confiture_files *files;
    size_t size = 0, large = 0;
    char *limits, *symbols;
    TREE_NEEDS("files of the kernel's");
    limits = tree_read("/proc/self/limits", &size);
    free(limits);
    if (size < 100) return;
    tree_link("s/a.sql", "/proc/self/limits");
    files = scan_find("s");
    limit_all(files, 100, "LIMIT s/a.sql: larger than the limit of 100 bytes", __LINE__);
    limit_all(files, size, "done", __LINE__);
    confiture_files_free(files);
    symbols = tree_read("/proc/kallsyms", &large);
    free(symbols);
    if (large > 2500000) { /* more than is read at once; and behind what fills a batch */
        tree_fill("s/0.sql", 1200000, 1);
        tree_link("s/b.sql", "/proc/kallsyms");
        files = scan_find("s");
        limit_steps(files, 1200000, "LIMIT s/b.sql: larger than the limit of 1200000 bytes", 3,
                    __LINE__);
        limit_steps(files, 2400000, "LIMIT s/b.sql: larger than the limit of 2400000 bytes", 3,
                    __LINE__);
        confiture_files_free(files);
    }
    tree_clear();
}

#if !defined(_WIN32)
/* What can no longer be read when it is measured, or read again, is said to be so. */
TEST(limit, unreadable) {
    static uint8_t piece[16], data[16];
    cfti_reader reader;
    confiture_run run;
    cfti_fail fail;
    cfti_copy copy;
    bool same;
    int ends[2], directory;
    memset(&reader, 0, sizeof reader);
    memset(&run, 0, sizeof run);
    run.max_file_size = 100;
    reader.run = &run;
    reader.piece = piece;
    tree_directory("d");
    directory = open("d", O_RDONLY);
    if (!CHECK(directory >= 0 && pipe(ends) == 0)) return;
    CHECK(cfti_read_measure(&reader, directory, &fail) == CONFITURE_E_NOT_FILE);
    CHECK(cfti_read_measure(&reader, -1, &fail) == CONFITURE_E_SYSTEM);
    CHECK(fail.os_error == EBADF);
    memset(&copy, 0, sizeof copy);
    copy.data = data;
    copy.size = 5;
    copy.capacity = sizeof data;
    CHECK(cfti_read_second(&reader, directory, 5, &copy, &same, &fail) == CONFITURE_E_NOT_FILE);
    CHECK(cfti_read_second(&reader, ends[0], 5, &copy, &same, &fail) ==
          CONFITURE_E_NOT_FILE); /* a FIFO by now */
    (void)close(directory);
    (void)close(ends[0]);
    (void)close(ends[1]);
    tree_clear();
}
#endif

/* A file that was small enough when it was begun. */
TEST(limit, grows) {
    confiture_files *files = scan_own("a.sql", "b.sql");
    confiture_run run;
    int once, way;
    tree_fill("a.sql", 300000, 1);
    for (way = 0; way < SCAN_WAYS; way++) {
        tree_fill("b.sql", 3000000, 2);
        memset(&run, 0, sizeof run);
        run.threads = 1;
        run.max_file_size = 3000000;
        run.progress = scan_append_to_b;
        run.progress_user = &once;
        once = 1;
        CHECK_STR(scan_outcome(way, files, run, NULL),
                  "LIMIT b.sql: larger than the limit of 3000000 bytes");
    }
    confiture_files_free(files);
    tree_clear();
}

/* No more memory than for a file that is allowed. */
TEST(limit, memory) {
    confiture_files *files;
    size_t r;
    int way;
    tree_text("s/b.sql", "");
    if (truncate("s/b.sql", (off_t)1 << 30) != 0) {
        tree_clear();
        return;
    }
    files = scan_find("s");
    for (r = 0; r < RUNS; r++)
        for (way = 0; way < SCAN_WAYS; way++) {
            static confiture_error error;
            confiture_run run = runs_get(r);
            scan_result ignored;
            memory m;
            if (run.pool != NULL) continue;
            memory_init(&m);
            run.allocator = &m.allocator;
            run.max_file_size = 4 << 20;
            CHECK(scan_do(way, files, &run, &ignored, &error) == CONFITURE_E_LIMIT);
            CHECK(error.offset == 4 << 20 && strcmp(error.path, "s/b.sql") == 0);
            if (!CHECK(m.peak < 8 << 20)) runs_note("peak, run", (int)m.peak, (int)r, way);
        }
    confiture_files_free(files);
    tree_clear();
}
