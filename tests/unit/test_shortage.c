/* Descriptors and memory that run out: many threads come to what one comes to, and name the file
 * that one would name: scan/schedule.c, find.c. And how much memory a call takes at the most. */

#include "../chest/memory.h"
#include "../chest/runs.h"
#include "../chest/tree.h"

SUITE(shortage, tree_suite_begins, tree_suite_ends);

#include <sys/resource.h>

enum {
    SHORTAGE_FIND,
    SHORTAGE_STREAM,
    SHORTAGE_TREE,
    SHORTAGE_TEXT,
    SHORTAGE_CHECK,
    SHORTAGE_BUILD,
    SHORTAGE_WAYS
};

static confiture_digest_kind shortage_kind(int way) {
    return way == SHORTAGE_TREE   ? CONFITURE_DIGEST_TREE
           : way == SHORTAGE_TEXT ? CONFITURE_DIGEST_TEXT
                                  : CONFITURE_DIGEST_STREAM;
}

/* What a call came to: "done" and a digest of what it made, or the error. */
static const char *shortage_outcome(int way, const confiture_files *files, confiture_run run) {
    static char words[5000];
    static confiture_error error;
    confiture_find_options find;
    confiture_hash_options hash;
    confiture_check_options check;
    confiture_build_options build;
    confiture_files *found = NULL;
    confiture_digest digest;
    confiture_schema schema;
    confiture_status status = CONFITURE_OK;
    char hex[65] = "";
    memset(&find, 0, sizeof find);
    memset(&hash, 0, sizeof hash);
    memset(&check, 0, sizeof check);
    memset(&build, 0, sizeof build);
    memset(&schema, 0, sizeof schema);
    find.run = hash.run = check.run = build.run = run;
    if (way == SHORTAGE_FIND) {
        status = confiture_find(&found, "s", &find, &error);
        if (status == CONFITURE_OK) sprintf(hex, "%u", (unsigned)confiture_files_count(found));
        confiture_files_free(found);
    } else if (way == SHORTAGE_CHECK) {
        status = confiture_check(files, &check, &error);
    } else if (way == SHORTAGE_BUILD) {
        status = confiture_build(&schema, files, &build, &error);
        if (status == CONFITURE_OK) {
            uint8_t bytes[32];
            confiture_sha256_once(schema.data, schema.size, bytes);
            confiture_sha256_hex(bytes, hex);
        }
        confiture_schema_free(&schema);
    } else {
        hash.kind = shortage_kind(way);
        status = confiture_hash(&digest, files, &hash, &error);
        if (status == CONFITURE_OK) strcpy(hex, digest.hex);
    }
    strcpy(words, runs_outcome(status, &error));
    strcat(words, hex);
    return words;
}

/* Of the ways to run a call: threads, a pool, the caller's own, rings. */
static const size_t shortage_runs[] = {1, 3, 4, 6, 11, 16};

/* Many small files and directories, some with CR, and some large ones of each kind. */
static confiture_files *shortage_tree(unsigned count) {
    static char text[2200000];
    static const size_t large[] = {70000, 500000, 2200000};
    confiture_files *files = NULL;
    char name[64];
    size_t i, k;
    for (i = 0; i < count; i++) {
        sprintf(name, "s/%02u/%03u.sql", (unsigned)(i % 23), (unsigned)i);
        tree_text(name, i % 5 == 0 ? "SELECT 1;\r\n" : "SELECT 2;\n");
    }
    for (i = 0; i < 2 * TREE_COUNT(large); i++) {
        size_t size = large[i / 2];
        memset(text, ' ', size);
        for (k = 80; k + 1 < size; k += 80) {
            text[k] = i % 2 == 0 ? ' ' : '\r';
            text[k + 1] = '\n';
        }
        sprintf(name, "s/%02u/x%02u.sql", (unsigned)(3 * i), (unsigned)i);
        tree_write(name, text, size);
    }
    if (confiture_find(&files, "s", NULL, NULL) != CONFITURE_OK) tree_die("find", "s");
    return files;
}

/* ==== Descriptors ======================================================== */

/* With every number of descriptors from none on. */
TEST(shortage, descriptors) {
    confiture_files *files = shortage_tree(150);
    struct rlimit before, few;
    size_t used = tree_descriptors(), free_ones, r, same = 0;
    int way;
    if (getrlimit(RLIMIT_NOFILE, &before) != 0) tree_die("getrlimit", ".");
    (void)runs_get(6); /* makes the pool */
    for (free_ones = 0; free_ones < 7; free_ones++)
        for (way = 0; way < SHORTAGE_WAYS; way++) {
            static char expected[5000];
            confiture_run run = runs_get(0);
            few = before;
            few.rlim_cur = (rlim_t)(used + free_ones);
            run.io = CONFITURE_IO_READ;
            if (setrlimit(RLIMIT_NOFILE, &few) != 0) tree_die("setrlimit", ".");
            strcpy(expected, shortage_outcome(way, files, run));
            same += strncmp(expected, "done", 4) == 0;
            for (r = 0; r < TREE_COUNT(shortage_runs); r += MEMORY_STEP) {
                run = runs_get(shortage_runs[r]);
                if (!CHECK_STR(shortage_outcome(way, files, run), expected))
                    runs_note("descriptors, run, way", (int)free_ones, (int)r, way);
            }
            if (setrlimit(RLIMIT_NOFILE, &before) != 0) tree_die("setrlimit", ".");
        }
    CHECK(same > SHORTAGE_WAYS); /* and for many of them one thread has enough */
    CHECK(tree_descriptors() == used || used == 0);
    confiture_files_free(files);
    runs_close();
    tree_clear();
}

/* ==== Memory ============================================================= */

static const char *shortage_with(int way, const confiture_files *files, confiture_run run,
                                 size_t budget) {
    memory m;
    const char *outcome;
    memory_init(&m);
    m.budget = budget;
    run.allocator = &m.allocator;
    outcome = shortage_outcome(way, files, run);
    CHECK_QUIET(memory_is_clean(&m));
    return outcome;
}

/* The least that one thread needs, but for some bytes more. */
static size_t shortage_least(int way, const confiture_files *files, confiture_run run) {
    size_t low = 0, high = (size_t)64 << 20;
    while (high - low > 64) {
        size_t middle = low + (high - low) / 2;
        if (strncmp(shortage_with(way, files, run, middle), "done", 4) == 0) high = middle;
        else low = middle;
    }
    return high;
}

/* Every budget with which one thread has enough is enough for all: of a build, with 30 KB more,
 * since how far its output has grown when memory runs out depends on the threads. */
static void shortage_budgets(const confiture_files *files) {
    static const size_t more[] = {0, 30000, 5000000};
    static char expected[5000];
    size_t r, i;
    int way;
    for (way = 0; way < SHORTAGE_WAYS; way += MEMORY_STEP) {
        confiture_run run = runs_get(0);
        size_t least;
        run.io = CONFITURE_IO_READ;
        strcpy(expected, shortage_outcome(way, files, run));
        CHECK(strncmp(expected, "done", 4) == 0);
        least = shortage_least(way, files, run);
        for (r = 0; r < TREE_COUNT(shortage_runs); r += MEMORY_STEP)
            for (i = way == SHORTAGE_BUILD ? 1 : 0; i < TREE_COUNT(more); i++) {
                run = runs_get(shortage_runs[r]);
                run.pool = NULL; /* its threads have memory of their own */
                if (!CHECK_STR(shortage_with(way, files, run, least + more[i]), expected))
                    runs_note("way, run, more", way, (int)r, (int)more[i]);
            }
    }
}

TEST(shortage, budgets) {
    confiture_files *files = shortage_tree(100);
    shortage_budgets(files);
    confiture_files_free(files);
    tree_clear();
}

/* ==== The most that is taken ============================================= */

enum { SHORTAGE_SMALL, SHORTAGE_LARGE, SHORTAGE_CR, SHORTAGE_TREES };

static confiture_files *shortage_many(int kind) {
    static char text[2097152];
    confiture_files *files = NULL;
    size_t count = kind == SHORTAGE_SMALL ? 400 : 20, size, i;
    char name[64];
    size = kind == SHORTAGE_SMALL ? 2000 : sizeof text;
    memset(text, ' ', sizeof text);
    for (i = 80; i + 1 < size; i += 80) {
        text[i] = kind == SHORTAGE_CR ? '\r' : ' ';
        text[i + 1] = '\n';
    }
    for (i = 0; i < count; i++) {
        sprintf(name, "s/%03u.sql", (unsigned)i);
        tree_write(name, text, size);
    }
    if (confiture_find(&files, "s", NULL, NULL) != CONFITURE_OK) tree_die("find", "s");
    return files;
}

static int shortage_sink(void *user, const void *data, size_t size) {
    (void)data;
    *(size_t *)user += size;
    return 0;
}

/* The most memory that one call had at a time. */
static size_t shortage_peak(int way, const confiture_files *files, size_t threads,
                            runs_loop *loop) {
    confiture_hash_options hash;
    confiture_check_options check;
    confiture_build_options build;
    confiture_digest digest;
    confiture_schema schema;
    confiture_sink sink;
    confiture_status status;
    size_t written = 0;
    memory m;
    memory_init(&m);
    memset(&hash, 0, sizeof hash);
    memset(&check, 0, sizeof check);
    memset(&build, 0, sizeof build);
    memset(&schema, 0, sizeof schema);
    hash.run.allocator = &m.allocator;
    hash.run.threads = threads;
    hash.run.parallel_for = loop;
    check.run = build.run = hash.run;
    sink.write = shortage_sink;
    sink.user = &written;
    hash.kind = shortage_kind(way);
    if (way == SHORTAGE_CHECK) status = confiture_check(files, &check, NULL);
    else if (way == SHORTAGE_BUILD)
        status = confiture_build_sink(&schema, &sink, files, &build, NULL);
    else status = confiture_hash(&digest, files, &hash, NULL);
    CHECK_QUIET(status == CONFITURE_OK && memory_is_clean(&m));
    return m.peak;
}

/* As the manual has it. */
static size_t shortage_promise(int kind, size_t threads) {
    static const size_t mib = 1048576;
    size_t flight = 4 * threads < 32 ? 4 * threads : 32;
    if (kind == SHORTAGE_SMALL) return (2 + 2 * threads) * mib;
    return (flight + (kind == SHORTAGE_CR ? 8 : 4) * threads) * mib;
}

TEST(shortage, peaks) {
    static const size_t threads[] = {1, 2, 16};
    size_t i;
    int kind, way;
    for (kind = 0; kind < SHORTAGE_TREES; kind++) {
        confiture_files *files = shortage_many(kind);
        for (way = SHORTAGE_STREAM; way < SHORTAGE_WAYS; way += MEMORY_STEP)
            for (i = 0; i < TREE_COUNT(threads); i++) {
                size_t most = shortage_promise(kind, threads[i]);
                size_t peak = shortage_peak(way, files, threads[i], NULL);
                size_t looped = shortage_peak(way, files, threads[i], runs_threads);
                if (getenv("CFT_FIGURES") != NULL)
                    printf("    kind %d, way %d, %u threads: %.2f MiB, by loops %.2f, of %u\n",
                           kind, way, (unsigned)threads[i], (double)peak / 1048576.0,
                           (double)looped / 1048576.0, (unsigned)(most >> 20));
                if (!CHECK(peak <= most && looped <= most))
                    runs_note("kind, way, threads", kind, way, (int)threads[i]);
            }
        confiture_files_free(files);
        tree_clear();
    }
}
