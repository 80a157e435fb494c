/* The ordered scan: the same results and the same errors however it is run, and the same
 * again when memory runs out or the caller says stop: read.c, scan.c, digest.c, check.c,
 * threads/pool.c. */

#if defined(__linux__)
#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>
#endif
#include "../chest/memory.h"
#include "../chest/runs.h"
#include "../chest/tree.h"

SUITE(scan, tree_suite_begins, tree_suite_ends_whole);

/* What can be done with a list; each once. */
enum { SCAN_STREAM, SCAN_TREE, SCAN_MANIFEST, SCAN_TEXT, SCAN_CHECK, SCAN_BUILD, SCAN_WAYS };

/* Everything that the ways come to, for comparison. */
typedef struct scan_result {
    confiture_digest stream, tree, text;
    confiture_entry entries[128];
    uint8_t built[32]; /* the digest of the schema's bytes */
} scan_result;

static confiture_status scan_do(int way, const confiture_files *files, const confiture_run *run,
                                scan_result *result, confiture_error *error) {
    confiture_hash_options hash;
    confiture_manifest_options manifest;
    confiture_check_options check;
    confiture_build_options build;
    confiture_schema schema;
    confiture_status status;
    memset(&manifest, 0, sizeof manifest);
    memset(&hash, 0, sizeof hash);
    memset(&check, 0, sizeof check);
    memset(&build, 0, sizeof build);
    memset(&schema, 0, sizeof schema);
    hash.run = manifest.run = check.run = build.run = *run;
    check.mode = build.check = CONFITURE_CHECK_QUOTES; /* the files are words, not SQL */
    if (way == SCAN_MANIFEST) return confiture_manifest(result->entries, files, &manifest, error);
    hash.kind = way == SCAN_TREE   ? CONFITURE_DIGEST_TREE
                : way == SCAN_TEXT ? CONFITURE_DIGEST_TEXT
                                   : CONFITURE_DIGEST_STREAM;
    if (way == SCAN_CHECK) return confiture_check(files, &check, error);
    if (way != SCAN_BUILD)
        return confiture_hash(way == SCAN_TREE   ? &result->tree
                              : way == SCAN_TEXT ? &result->text
                                                 : &result->stream,
                              files, &hash, error);
    status = confiture_build(&schema, files, &build, error);
    if (status == CONFITURE_OK) confiture_sha256_once(schema.data, schema.size, result->built);
    else CHECK_QUIET(schema.size == 0 && (schema.data == NULL || schema.data[0] == '\0'));
    confiture_schema_free(&schema);
    return status;
}

/* One way of running one thing: how it ended. */
static const char *scan_outcome(int way, const confiture_files *files, confiture_run run,
                                scan_result *result) {
    static confiture_error error;
    confiture_status status;
    scan_result ignored;
    memory m;
    memory_init(&m);
    if (run.pool == NULL) run.allocator = &m.allocator; /* else: what the pool has kept */
    status = scan_do(way, files, &run, result != NULL ? result : &ignored, &error);
    CHECK_QUIET(memory_is_clean(&m));
    return runs_outcome(status, &error);
}

/* Every way, and every way of running it, ends like this; a step of 4 takes only some. */
static void scan_steps(const confiture_files *files, const char *expected, int first_way,
                       size_t step, int line) {
    size_t r;
    int way;
    for (r = 0; r < RUNS; r += step + MEMORY_STEP - 1)
        for (way = first_way; way < SCAN_WAYS; way++)
            if (!CHECK_STR(scan_outcome(way, files, runs_get(r), NULL), expected))
                runs_note("line, run, way", line, (int)r, way);
}

static void scan_all(const confiture_files *files, const char *expected, int first_way, int line) {
    scan_steps(files, expected, first_way, 1, line);
}

static confiture_files *scan_find(const char *directory) {
    confiture_files *files = NULL;
    confiture_find_options options;
    confiture_error error;
    memset(&options, 0, sizeof options);
    options.base = ".";
    if (!CHECK_STR(runs_outcome(confiture_find(&files, directory, &options, &error), &error),
                   "done"))
        abort();
    return files;
}

static confiture_files *scan_own(const char *a, const char *b) {
    const char *paths[2];
    confiture_files *files = NULL;
    paths[0] = a, paths[1] = b;
    if (!CHECK(confiture_files_from_paths(&files, paths, b == NULL ? 1 : 2, NULL, NULL) ==
               CONFITURE_OK))
        abort();
    return files;
}

/* ==== Results ============================================================ */

/* A file's text, a byte after the other, and the NUL after it. */
static void scan_oracle_text(confiture_sha256 *sha, const char *bytes, size_t size) {
    size_t i;
    char last = 0;
    for (i = 0; i < size; i++) {
        if (bytes[i] == '\n' && i > 0 && bytes[i - 1] == '\r') continue;
        last = bytes[i];
        if (last == '\r') last = '\n';
        confiture_sha256_update(sha, &last, 1);
    }
    confiture_sha256_update(sha, "\n", last != '\n');
    confiture_sha256_update(sha, "", 1);
}

/* The digests by their definition in confiture_digest_kind, with nothing but the hash itself. */
static void scan_oracle(const confiture_files *files, scan_result *result) {
    confiture_sha256 stream, root, text;
    size_t i;
    memset(result, 0, sizeof *result);
    confiture_sha256_init(&stream);
    confiture_sha256_init(&root);
    confiture_sha256_init(&text);
    for (i = 0; i < confiture_files_count(files); i++) {
        const char *name = confiture_files_name(files, i);
        size_t size = 0;
        char *bytes = tree_read(confiture_files_path(files, i), &size);
        confiture_sha256 leaf;
        uint8_t digest[32];
        confiture_sha256_update(&stream, name, strlen(name) + 1);
        confiture_sha256_update(&stream, bytes, size);
        confiture_sha256_update(&stream, "", 1);
        confiture_sha256_init(&leaf);
        confiture_sha256_update(&leaf, name, strlen(name) + 1);
        confiture_sha256_update(&leaf, bytes, size);
        confiture_sha256_update(&leaf, "", 1);
        confiture_sha256_final(&leaf, digest);
        confiture_sha256_update(&root, digest, 32);
        confiture_sha256_update(&text, name, strlen(name) + 1);
        scan_oracle_text(&text, bytes, size);
        result->entries[i].size = size;
        confiture_sha256_once(bytes, size, result->entries[i].sha256);
        result->stream.total_bytes += size;
        free(bytes);
    }
    result->stream.file_count = confiture_files_count(files);
    result->tree = result->text = result->stream;
    confiture_sha256_final(&stream, result->stream.bytes);
    confiture_sha256_hex(result->stream.bytes, result->stream.hex);
    confiture_sha256_final(&root, result->tree.bytes);
    confiture_sha256_hex(result->tree.bytes, result->tree.hex);
    confiture_sha256_final(&text, result->text.bytes);
    confiture_sha256_hex(result->text.bytes, result->text.hex);
}

static bool scan_same_digest(const confiture_digest *a, const confiture_digest *b) {
    return memcmp(a->bytes, b->bytes, 32) == 0 && strcmp(a->hex, b->hex) == 0 &&
           a->file_count == b->file_count && a->total_bytes == b->total_bytes;
}

/* step: 1 takes every way of running, 2 every other one, for what takes long. */
static void scan_results(const confiture_files *files, size_t step) {
    static scan_result expected, result;
    size_t r, i;
    int way;
    scan_oracle(files, &expected);
    for (r = 0; r < RUNS; r += step + MEMORY_STEP - 1) {
        memset(&result, 0xA5, sizeof result);
        for (way = 0; way < SCAN_WAYS; way++)
            CHECK_STR(scan_outcome(way, files, runs_get(r), &result), "done");
        CHECK(scan_same_digest(&result.stream, &expected.stream));
        CHECK(scan_same_digest(&result.tree, &expected.tree));
        CHECK(scan_same_digest(&result.text, &expected.text));
        for (i = 0; i < confiture_files_count(files); i++)
            CHECK(result.entries[i].size == expected.entries[i].size &&
                  memcmp(result.entries[i].sha256, expected.entries[i].sha256, 32) == 0);
        if (r == 0) memcpy(expected.built, result.built, 32);
        CHECK(memcmp(result.built, expected.built, 32) == 0);
    }
}

TEST(scan, known) {
    static const char nothing[] =
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    static const char *const make[] = {
        "a.sql", "SELECT 1;\n", "b/c.sql", "SELECT '\xC3\xA9';\r\n", "b/empty.sql", "", NULL};
    scan_result result;
    confiture_files *files;
    char hex[65];
    tree_make(make);
    files = scan_find(".");
    scan_results(files, 1);
    scan_oracle(files, &result);
    /* Python's hashlib. */
    CHECK_STR(result.stream.hex,
              "c52ffb4c6d767a107c0823b3d028d93f22419d4fa845470448d142a62a0d0968");
    CHECK_STR(result.tree.hex, "26c6f65f5be79038e91138bd45d67bfaa1c165f74e209601845eedee5f303917");
    CHECK_STR(result.text.hex, "dbd441e74fb657a493b5bd39b14e02820e9373f644f7b365e50e422f97f10f5e");
    confiture_sha256_hex(result.entries[1].sha256, hex);
    CHECK_STR(hex, "d313abde0eba07cf36ab17bcbda11fbe1693292738383cb17bbb796776be7f49");
    confiture_files_free(files);
    CHECK(confiture_files_from_paths(&files, NULL, 0, NULL, NULL) == CONFITURE_OK);
    scan_results(files, 1);
    CHECK(confiture_hash(&result.stream, files, NULL, NULL) == CONFITURE_OK);
    CHECK_STR(result.stream.hex, nothing);
    CHECK(confiture_manifest(result.entries, files, NULL, NULL) == CONFITURE_OK);
    CHECK(confiture_check(files, NULL, NULL) == CONFITURE_OK);
    confiture_files_free(files);
    tree_clear();
}

/* Around every limit, and so many in one batch that the last are put off. */
TEST(scan, sizes) {
    static const size_t kib = 1024, mib = 1048576;
    const size_t sizes[] = {0,         1,       64 * kib - 1, 64 * kib, 64 * kib + 1,
                            160 * kib, 2 * mib, 2 * mib + 1,  5 * mib,  0};
    char name[64];
    confiture_files *files;
    size_t i;
    for (i = 0; i < TREE_COUNT(sizes); i++) {
        sprintf(name, "sizes/%02u.sql", (unsigned)i);
        tree_fill(name, sizes[i], (unsigned)i);
    }
    for (i = 0; i < 24; i++) {
        sprintf(name, "batch/%02u.sql", (unsigned)i);
        tree_fill(name, i % 10 == 9 ? 0 : 150 * kib + i, (unsigned)(100 + i));
    }
    for (i = 0; i < 100; i++) {
        sprintf(name, "small/%u/%02u.sql", (unsigned)(i / 20), (unsigned)i);
        tree_fill(name, i * 7, (unsigned)(200 + i));
    }
    files = scan_find("sizes");
    scan_results(files, 3);
    confiture_files_free(files);
    files = scan_find("batch");
    scan_results(files, 2);
    confiture_files_free(files);
    files = scan_find("small");
    scan_results(files, 1);
    confiture_files_free(files);
    tree_clear();
}

/* One tree, written with each line end, and with and without the last one: one text digest. The
 * large file is in pieces, and its line ends come to lie across the ends of pieces. */
TEST(scan, text_digest_is_the_same_for_every_line_end) {
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    confiture_hash_options options;
    confiture_digest digest, first;
    confiture_files *files;
    char *bytes = (char *)malloc(3200000);
    size_t e, i, r, size;
    memset(&options, 0, sizeof options);
    memset(&first, 0, sizeof first);
    options.kind = CONFITURE_DIGEST_TEXT;
    for (e = 0; e < 2 * TREE_COUNT(ends); e++) {
        const char *end = ends[e % 3];
        for (size = i = 0; i < 290000; i++) {
            memcpy(bytes + size, "SELECT 1;", 9 - i % 3);
            size += 9 - i % 3;
            memcpy(bytes + size, end, strlen(end));
            if (i < 289999 || e < 3) size += strlen(end);
        }
        tree_write("s/large.sql", bytes, size);
        tree_text("s/empty.sql", e < 3 ? end : "");
        bytes[0] = '\xC3', bytes[1] = '\xA9';
        memcpy(bytes + 2, end, strlen(end));
        tree_write("s/other.sql", bytes, 2 + (e < 3 ? strlen(end) : 0));
        files = scan_find("s");
        for (r = 0; r < RUNS; r += 5 * MEMORY_STEP) {
            options.run = runs_get(r);
            CHECK(confiture_hash(&digest, files, &options, NULL) == CONFITURE_OK);
            if (e == 0 && r == 0) first = digest;
            CHECK_STR(digest.hex, first.hex);
        }
        confiture_files_free(files);
    }
    tree_text("s/other.sql", "e\n");
    files = scan_find("s");
    CHECK(confiture_hash(&digest, files, &options, NULL) == CONFITURE_OK);
    CHECK(strcmp(digest.hex, first.hex) != 0);
    confiture_files_free(files);
    free(bytes);
    tree_clear();
}

/* The bytes before and after the end of a piece: what is refused has its line. */
TEST(scan, text_digest_refuses_nul) {
    static const size_t at[] = {0, 1, 262143, 262144, 262145, 2199999};
    confiture_files *files;
    char expected[200];
    size_t i;
    tree_write("s/a.sql", "a\r\n\r\0b\r\0", 8);
    tree_write("s/b.sql", "\0", 1);
    files = scan_find("s");
    for (i = 0; i < RUNS; i += MEMORY_STEP)
        CHECK_STR(scan_outcome(SCAN_TEXT, files, runs_get(i), NULL),
                  "UNCLOSED s/a.sql:3: NUL byte, which would make a digest of texts ambiguous: "
                  "remove it, or use the tree digest");
    tree_write("s/a.sql", "a\0\n\xFF", 4);
    CHECK_STR(scan_outcome(SCAN_TEXT, files, runs_get(0), NULL),
              "ENCODING s/a.sql:2: not valid UTF-8, byte 3");
    tree_text("s/a.sql", "");
    tree_remove("s/b.sql");
    confiture_files_free(files);
    for (i = 0; i < TREE_COUNT(at); i++) {
        uint8_t *bytes = tree_bytes(2200000, 1);
        size_t k, line = 1;
        if (at[i] > 1) bytes[at[i] - 2] = '\r', bytes[at[i] - 1] = '\n';
        bytes[at[i]] = '\0';
        for (k = 0; k < at[i]; k++) line += bytes[k] == '\n';
        tree_write("s/b.sql", bytes, 2200000);
        files = scan_find("s");
        sprintf(expected, "UNCLOSED s/b.sql:%u: NUL byte", (unsigned)line);
        if (!CHECK(strncmp(scan_outcome(SCAN_TEXT, files, runs_get(i), NULL), expected,
                           strlen(expected)) == 0))
            runs_note("offset", (int)at[i], 0, 0);
        bytes[2199999] = 0xC3; /* whatever comes first */
        tree_write("s/b.sql", bytes, 2200000);
        CHECK_STR(scan_outcome(SCAN_TEXT, files, runs_get(i), NULL),
                  scan_outcome(SCAN_CHECK, files, runs_get(0), NULL));
        confiture_files_free(files);
        free(bytes);
    }
    tree_clear();
}

TEST(scan, deep) {
    char *path;
    confiture_files *files;
    scan_result result;
    confiture_entry entry;
    TREE_NEEDS("paths of 5,000 bytes");
    path = tree_deep(25, "x.sql", "SELECT 1;\n");
    files = scan_find(".");
    CHECK(strlen(path) > 5000 && confiture_files_count(files) == 1);
    CHECK_STR(confiture_files_path(files, 0), path);
    confiture_sha256_once("SELECT 1;\n", 10, entry.sha256);
    CHECK(confiture_manifest(result.entries, files, NULL, NULL) == CONFITURE_OK);
    CHECK(result.entries[0].size == 10 && memcmp(result.entries[0].sha256, entry.sha256, 32) == 0);
    scan_all(files, "done", 0, __LINE__);
    confiture_files_free(files);
    free(path);
    tree_clear();
}

/* ==== Errors ============================================================= */

TEST(scan, not_files) {
    static const struct {
        const char *path, *expected;
    } cases[] = {
        {"d/x.sql", "NOT_FILE d/x.sql: is a directory, not a file"},
        {"fifo.sql", "NOT_FILE fifo.sql: is a FIFO, socket or device, not a regular file"},
        {"to_fifo.sql", "NOT_FILE to_fifo.sql: is a FIFO, socket or device, not a regular file"},
        {"socket.sql", "NOT_FILE socket.sql: is a FIFO, socket or device, not a regular file"},
        {"to_dir.sql", "NOT_FILE to_dir.sql: is a directory, not a file"},
        {"zero.sql", "NOT_FILE zero.sql: is a FIFO, socket or device, not a regular file"},
        {"dangling.sql", "SYSTEM dangling.sql: no such file or directory"},
        {"loop.sql", "SYSTEM loop.sql: too many levels of symbolic links"},
        {"gone/x.sql", "SYSTEM gone/x.sql: no such file or directory"},
        {"good.sql/x.sql", "SYSTEM good.sql/x.sql: not a directory"}};
    confiture_directory directory;
    confiture_find_options options;
    confiture_files *files;
    confiture_error error;
    const char *name;
    size_t i;
    TREE_NEEDS("FIFOs and sockets");
    tree_directory("d/x.sql");
    tree_fifo("fifo.sql");
    tree_link("to_fifo.sql", "fifo.sql");
    tree_socket("socket.sql");
    tree_link("to_dir.sql", "d/x.sql");
    tree_link("zero.sql", "/dev/zero");
    tree_link("dangling.sql", "nowhere");
    tree_link("loop.sql", "loop.sql");
    tree_text("good.sql", "SELECT 1;\n");
    for (i = 0; i < TREE_COUNT(cases); i++) {
        files = scan_own("good.sql", cases[i].path);
        scan_all(files, cases[i].expected, 0, __LINE__);
        confiture_files_free(files);
        files = scan_own(cases[i].path, "good.sql"); /* opened another way: the next is beside it */
        scan_steps(files, cases[i].expected, 0, 4, __LINE__);
        confiture_files_free(files);
        name =
            strrchr(cases[i].path, '/') != NULL ? strrchr(cases[i].path, '/') + 1 : cases[i].path;
        memset(&directory, 0, sizeof directory);
        memset(&options, 0, sizeof options);
        directory.path = ".";
        directory.include = &name;
        directory.include_count = 1;
        if (i >= 6) continue; /* a component without wildcards must exist */
        CHECK(confiture_find_all(&files, &directory, 1, NULL, &error) == CONFITURE_OK);
        scan_steps(files, cases[i].expected, 0, 4, __LINE__);
        confiture_files_free(files);
    }
    tree_clear();
}

#if defined(__linux__)
/* A FIFO, behind a link or in a list, is refused without being opened: whoever waits for a
 * reader of it goes on waiting. */
TEST(scan, fifo_untouched) {
    confiture_files *files[2];
    char events[4096];
    int watcher = inotify_init1(IN_NONBLOCK);
    int i;
    tree_fifo("fifo.sql");
    tree_link("s/a.sql", "../fifo.sql");
    if (watcher < 0 || inotify_add_watch(watcher, "fifo.sql", IN_OPEN) < 0) {
        printf("skipped: a FIFO that is not opened: there is no inotify here\n");
        return;
    }
    files[0] = scan_find("s");
    files[1] = scan_own("fifo.sql", NULL);
    for (i = 0; i < 2; i++) {
        scan_steps(files[i],
                   i == 0 ? "NOT_FILE s/a.sql: is a FIFO, socket or device, not a regular file"
                          : "NOT_FILE fifo.sql: is a FIFO, socket or device, not a regular file",
                   0, 4, __LINE__);
        confiture_files_free(files[i]);
    }
    CHECK(read(watcher, events, sizeof events) < 0 && errno == EAGAIN);
    i = open("fifo.sql", O_RDONLY | O_NONBLOCK); /* and that would have been seen */
    CHECK(i >= 0 && read(watcher, events, sizeof events) > 0);
    (void)close(i);
    (void)close(watcher);
    tree_clear();
}
#endif

/* What happens between the search and the scan. */
TEST(scan, changes) {
    confiture_files *files;
    TREE_NEEDS("FIFOs and sockets");
    tree_text("s/a.sql", "SELECT 1;\n");
    tree_text("s/b.sql", "SELECT 2;\n");
    tree_text("s/c.sql", "SELECT 3;\n");
    files = scan_find("s");
    scan_all(files, "done", 0, __LINE__);
    tree_text("s/b.sql", "SELECT 'more than before';\n");
    scan_all(files, "done", 0, __LINE__);
    tree_remove("s/b.sql");
    scan_all(files, "SYSTEM s/b.sql: no such file or directory", 0, __LINE__);
    tree_fifo("s/b.sql");
    scan_all(files, "NOT_FILE s/b.sql: is a FIFO, socket or device, not a regular file", 0,
             __LINE__);
    tree_remove("s/b.sql");
    tree_socket("s/b.sql");
    scan_all(files, "NOT_FILE s/b.sql: is a FIFO, socket or device, not a regular file", 0,
             __LINE__);
    tree_remove("s");
    scan_all(files, "SYSTEM s/a.sql: no such file or directory", 0, __LINE__);
    confiture_files_free(files);
    tree_clear();
}

static const char scan_changed[] = "CHANGED b.sql: the file changed while it was being read";

static int scan_append_to_b(void *user, const confiture_progress *progress) {
    (void)progress;
    if (*(int *)user != 0)
        tree_append("b.sql", "more"); /* not truncate: that would kill a mapping */
    *(int *)user = 0;
    return 0;
}

/* And what happens during it. */
TEST(scan, changed) {
    confiture_files *files = scan_own("a.sql", "b.sql");
    confiture_run run;
    int once, way;
    tree_fill("a.sql", 100000, 1); /* too short to be told of by itself */
    for (way = 0; way < SCAN_WAYS; way++) {
        tree_fill("b.sql", 3000000, 2);
        memset(&run, 0, sizeof run);
        run.threads = 1;
        run.progress = scan_append_to_b;
        run.progress_user = &once;
        once = 1;
        CHECK_STR(scan_outcome(way, files, run, NULL), scan_changed);
    }
    confiture_files_free(files);
    tree_clear();
}

TEST(scan, unreadable) {
    confiture_files *files;
    TREE_NEEDS("modes");
    tree_text("s/a.sql", "SELECT 1;\n");
    tree_text("s/b.sql", "SELECT 2;\n");
    tree_text("s/c.sql", "SELECT 3;\n");
    files = scan_find("s");
    tree_mode("s/b.sql", 0);
    tree_drop_rights();
    scan_all(files, "SYSTEM s/b.sql: permission denied", 0, __LINE__);
    tree_regain_rights();
    tree_mode("s/b.sql", 0644);
    tree_mode("s", 0311); /* files in it can be read by those who know their names */
    tree_drop_rights();
    scan_all(files, "done", 0, __LINE__);
    tree_regain_rights();
    tree_mode("s", 0);
    tree_drop_rights();
    scan_all(files, "SYSTEM s/a.sql: permission denied", 0, __LINE__);
    tree_regain_rights();
    confiture_files_free(files);
    tree_clear();
}

/* Of several bad files the first in the list is told, whoever meets which one first. */
TEST(scan, first_error) {
    confiture_files *files;
    char name[64];
    uint8_t *bytes;
    size_t i;
    TREE_NEEDS("symbolic links");
    for (i = 0; i < 60; i++) {
        sprintf(name, "s/%02u.sql", (unsigned)i);
        if (i == 47) tree_link(name, "nowhere");
        else if (i == 50) tree_fifo(name);
        else tree_fill(name, i % 3 == 0 ? 40000 : 10 * i, (unsigned)i);
    }
    files = scan_find("s");
    scan_all(files, "SYSTEM s/47.sql: no such file or directory", 0, __LINE__);
    tree_write("s/33.sql", "ok\n\xFF", 4);
    tree_write("s/34.sql", "/* open", 7);
    scan_all(files, "ENCODING s/33.sql:2: not valid UTF-8, byte 3", SCAN_TEXT, __LINE__);
    tree_write("s/31.sql", "\n\n'", 3);
    scan_all(files, "UNCLOSED s/31.sql:3: quote never closed", SCAN_CHECK, __LINE__);
    /* A large file, which is visited late, comes before the small ones behind it. */
    bytes = tree_bytes(2200000, 1);
    bytes[2199999] = 0xC3;
    tree_write("s/17.sql", bytes, 2200000);
    free(bytes);
    scan_all(files, "ENCODING s/17.sql:34375: not valid UTF-8, byte 2199999", SCAN_TEXT, __LINE__);
    confiture_files_free(files);
    tree_clear();
}

/* ==== Progress and stopping ============================================== */

typedef struct scan_progress {
    size_t calls, stop_at; /* stop_at: the call that says stop; 0: none */
    confiture_progress last;
    uint64_t total; /* files */
    bool wrong;
} scan_progress;

static int scan_on_progress(void *user, const confiture_progress *now) {
    scan_progress *p = (scan_progress *)user;
    if (now->files < p->last.files || now->bytes < p->last.bytes || now->total_files != p->total)
        p->wrong = true;
    p->last = *now;
    return ++p->calls == p->stop_at;
}

/* Large files of very different sizes: whoever has nothing to write yet reads on, and is
 * told about, but what is told must not go back, nor go on after a stop. */
TEST(scan, uneven) {
    confiture_files *files;
    confiture_run run;
    scan_progress progress;
    const char *outcome;
    char name[64];
    size_t i, calls, round;
    int way;
    for (i = 0; i < 9; i++) {
        sprintf(name, "s/%u.sql", (unsigned)i);
        tree_fill(name, i % 3 == 2 ? 6000000 : 2200000, (unsigned)i);
    }
    files = scan_find("s");
    for (round = 0; round < 4; round++)
        for (way = SCAN_TREE; way <= SCAN_CHECK; way++) {
            memset(&run, 0, sizeof run);
            memset(&progress, 0, sizeof progress);
            progress.total = 9;
            run.threads = 2 + round % 2;
            run.progress = scan_on_progress;
            run.progress_user = &progress;
            CHECK_STR(scan_outcome(way, files, run, NULL), "done");
            CHECK(!progress.wrong && progress.last.files == 9 && progress.last.bytes == 31200000);
            calls = progress.calls;
            memset(&progress, 0, sizeof progress);
            progress.total = 9;
            progress.stop_at = 1 + calls * (round + 1) / 6;
            outcome = scan_outcome(way, files, run, NULL);
            CHECK(strcmp(outcome, "done") == 0 || progress.calls == progress.stop_at);
            CHECK(!progress.wrong);
        }
    confiture_files_free(files);
    tree_clear();
}

TEST(scan, progress) {
    confiture_files *files;
    confiture_run run;
    scan_progress progress;
    const char *outcome;
    char name[64];
    size_t i, r, calls;
    int way;
    for (i = 0; i < 23; i++) {
        sprintf(name, "s/%02u.sql", (unsigned)i);
        tree_fill(name, i == 7 ? 2200000 : 10000, (unsigned)i);
    }
    files = scan_find("s");
    for (r = 0; r < RUNS; r++)
        for (way = 0; way < SCAN_WAYS; way++) {
            run = runs_get(r);
            run.progress = scan_on_progress;
            run.progress_user = &progress;
            memset(&progress, 0, sizeof progress);
            progress.total = 23;
            CHECK_STR(scan_outcome(way, files, run, NULL), "done");
            CHECK(progress.calls > 0 && !progress.wrong);
            CHECK(progress.last.files == 23 && progress.last.bytes == 2200000 + 22 * 10000);
            for (calls = progress.calls, i = 1; i <= calls && r % 6 == 0 && way != SCAN_MANIFEST;
                 i += MEMORY_STEP) {
                memset(&progress, 0, sizeof progress);
                progress.total = 23;
                progress.stop_at = i;
                outcome = scan_outcome(way, files, run, NULL);
                /* With threads there may be fewer calls this time. */
                CHECK_QUIET(progress.calls < i ? runs[r].threads != 1 && runs[r].loop == NULL
                                               : progress.calls == i &&
                                                     strcmp(outcome, "CANCELLED cancelled") == 0);
            }
        }
    confiture_files_free(files);
    tree_clear();
}

/* ==== Threads ============================================================ */

typedef struct scan_rival {
    pthread_t thread;
    const confiture_files *files;
    confiture_pool *pool;
    char hex[65];
    bool good;
} scan_rival;

static void *scan_rival_run(void *arg) {
    scan_rival *rival = (scan_rival *)arg;
    confiture_hash_options options;
    confiture_digest digest;
    int i;
    memset(&options, 0, sizeof options);
    options.run.pool = rival->pool;
    rival->good = true;
    for (i = 0; i < 40; i++) {
        options.kind = i % 2 == 0 ? CONFITURE_DIGEST_STREAM : CONFITURE_DIGEST_TREE;
        if (confiture_hash(&digest, rival->files, &options, NULL)) rival->good = false;
        if (i == 0) memcpy(rival->hex, digest.hex, 65);
        if (i % 2 == 0 && strcmp(rival->hex, digest.hex) != 0) rival->good = false;
    }
    return NULL;
}

/* A pool that is busy: the other call does its work alone. */
TEST(scan, pool) {
    scan_rival rivals[3];
    confiture_pool *pool;
    confiture_files *files;
    confiture_error error;
    memory m;
    char name[64];
    size_t i;
    memory_init(&m);
    for (i = 0; i < 100; i++) {
        sprintf(name, "s/%02u.sql", (unsigned)i);
        tree_fill(name, 20 * i, (unsigned)i);
    }
    files = scan_find("s");
    CHECK(confiture_pool_create(&pool, 4, &m.allocator, &error) == CONFITURE_OK && m.blocks > 0);
    for (i = 0; i < 3; i++) {
        rivals[i].files = files;
        rivals[i].pool = pool;
        if (pthread_create(&rivals[i].thread, NULL, scan_rival_run, &rivals[i]) != 0) abort();
    }
    for (i = 0; i < 3; i++) {
        (void)pthread_join(rivals[i].thread, NULL);
        CHECK(rivals[i].good);
        CHECK_STR(rivals[i].hex, rivals[0].hex);
    }
    confiture_pool_free(pool);
    CHECK(memory_is_clean(&m));
    confiture_pool_free(NULL);
    for (i = 1; i <= 3; i++) { /* pools that are never used, or cannot be made */
        memory_arm(&m, i, false);
        if (confiture_pool_create(&pool, i == 3 ? 0 : 3, &m.allocator, &error) == CONFITURE_OK)
            confiture_pool_free(pool);
        else CHECK(error.status == CONFITURE_E_MEMORY && pool == NULL && m.failed);
        CHECK(memory_is_clean(&m));
    }
    confiture_files_free(files);
    tree_clear();
}

TEST(scan, arguments) {
    confiture_files *files;
    confiture_hash_options hash;
    confiture_check_options check;
    confiture_digest digest;
    confiture_allocator bad;
    confiture_pool *pool;
    confiture_error error;
    confiture_run run;
    size_t i;
    tree_text("a.sql", "x");
    tree_text("b.sql", "x");
    files = scan_own("a.sql", "b.sql");
    memset(&hash, 0, sizeof hash);
    memset(&check, 0, sizeof check);
    memset(&bad, 0, sizeof bad);
    memset(&run, 0, sizeof run);
    hash.kind = (confiture_digest_kind)3;
    check.mode = (confiture_check_mode)5;
    CHECK_STR(runs_outcome(confiture_hash(&digest, files, &hash, &error), &error),
              "ARGUMENT unknown kind of digest");
    CHECK_STR(runs_outcome(confiture_check(files, &check, &error), &error),
              "ARGUMENT unknown check mode");
    check.terminate = true;
    for (i = 0; i < 5; i++) {
        check.mode = (confiture_check_mode)i;
        CHECK_STR(runs_outcome(confiture_check(files, &check, &error), &error),
                  i <= 1 ? "done"
                         : "ARGUMENT terminate needs the check POSTGRES, which alone sees unended "
                           "statements");
    }
    hash.kind = CONFITURE_DIGEST_STREAM;
    hash.run.allocator = &bad;
    CHECK_STR(runs_outcome(confiture_hash(&digest, files, &hash, &error), &error),
              "ARGUMENT an allocator must be given, with alloc, realloc and free");
    CHECK_STR(runs_outcome(confiture_pool_create(&pool, 1, &bad, &error), &error),
              "ARGUMENT an allocator must be given, with alloc, realloc and free");
    run.parallel_for = runs_refuses;
    CHECK_STR(scan_outcome(SCAN_TREE, files, run, NULL),
              "SYSTEM the caller's parallel_for failed: system error 77");
    run.parallel_for = runs_lazy;
    CHECK_STR(scan_outcome(SCAN_TREE, files, run, NULL),
              "ARGUMENT the caller's parallel_for left work undone");
    confiture_files_free(files);
    tree_clear();
}

#include "test_scan_memory.c"
