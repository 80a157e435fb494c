/* Where a schema goes, at its edges: output.c, build.c. What a test of building in general
 * has no reason to do: outputs that are one file, a file that is in the way, no name left. */

#include "../chest/memory.h"
#include "../chest/runs.h"
#include "../chest/tree.h"

SUITE(output, tree_suite_begins, tree_suite_ends_whole);

static confiture_files *output_find(const char *directory) {
    confiture_files *files = NULL;
    if (!CHECK(confiture_find(&files, directory, NULL, NULL) == CONFITURE_OK)) abort();
    return files;
}

/* How a split into these three ends. */
static const char *output_split(const char *pre, const char *app, const char *post) {
    static const char *const pre_dirs[] = {"s/0"}, *const post_dirs[] = {"s/2"};
    static confiture_error error;
    confiture_build_options options;
    confiture_files *files = output_find("s");
    confiture_schema schemas[3];
    const char *paths[3], *outcome;
    memory m;
    memory_init(&m);
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    memset(schemas, 0, sizeof schemas);
    options.run.allocator = &m.allocator;
    options.separator = CONFITURE_SEPARATOR_NONE;
    options.pre_dirs = pre_dirs;
    options.post_dirs = post_dirs;
    options.pre_dir_count = options.post_dir_count = 1;
    paths[CONFITURE_SPLIT_PRE] = pre;
    paths[CONFITURE_SPLIT_APP] = app;
    paths[CONFITURE_SPLIT_POST] = post;
    outcome =
        runs_outcome(confiture_build_split_files(schemas, paths, files, &options, &error), &error);
    CHECK(memory_is_clean(&m) && tree_temporaries(".") == 0 && tree_temporaries("s/1") == 0);
    confiture_files_free(files);
    return outcome;
}

static void output_make(void) {
    static const char *const make[] = {"s/0/a.sql", "A\n",       "s/1/b.sql", "B\n", "s/1/c.sql",
                                       "C\n",       "s/2/d.sql", "D\n",       NULL};
    tree_make(make);
}

#define SAME(path) "ARGUMENT " path ": two outputs are the same file"

/* Of two outputs that are one file the last would win: refused before anything is written. */
TEST(output, collisions) {
    int held;
    output_make();
    CHECK_STR(output_split("0.sql", "1.sql", "2.sql"), "done");
    CHECK(tree_holds("0.sql", "A\n", 2) && tree_holds("1.sql", "B\nC\n", 4));
    CHECK(tree_holds("2.sql", "D\n", 2));
    tree_text("0.sql", "old");
    CHECK_STR(output_split("0.sql", "0.sql", "2.sql"), SAME("0.sql"));
    CHECK_STR(output_split("1.sql", "0.sql", "0.sql"), SAME("0.sql"));
    CHECK_STR(output_split("0.sql", "1.sql", "0.sql"), SAME("0.sql"));
    CHECK_STR(output_split("new.sql", "./new.sql", "2.sql"), SAME("./new.sql"));
    CHECK_STR(output_split("new.sql", "s//../new.sql", "2.sql"), SAME("s//../new.sql"));
    tree_link("link", "s/1");
    CHECK_STR(output_split("s/1/new.out", "2.sql", "link/new.out"), SAME("link/new.out"));
    CHECK_STR(output_split("new.sql", "s/0/new.sql", "2.sql"), "done");
    CHECK(tree_holds("new.sql", "A\n", 2) && tree_holds("s/0/new.sql", "B\nC\n", 4));
    tree_remove("new.sql");
    tree_remove("s/0/new.sql");
    if (link("0.sql", "hard.sql") != 0) tree_die("link", "hard.sql");
    tree_link("soft.sql", "0.sql");
    CHECK_STR(output_split("0.sql", "hard.sql", "2.sql"), SAME("hard.sql"));
    CHECK_STR(output_split("0.sql", "1.sql", "soft.sql"), SAME("soft.sql"));
    CHECK(tree_holds("0.sql", "old", 3) && tree_holds("2.sql", "D\n", 2));
    /* What cannot be replaced takes what it is given, from each. (No device of the machine's:
     * a library that is wrong here would replace it.) */
    tree_fifo("fifo");
    held = open("fifo", O_RDWR);
    CHECK_STR(output_split("fifo", "fifo", "0.sql"), "done");
    CHECK_STR(output_split("0.sql", "fifo", "fifo"), "done");
    (void)close(held);
    CHECK(tree_holds("0.sql", "A\n", 2));
    tree_clear();
}

#undef SAME

/* The outputs lie in the tree: none of them is read, and if nothing else is there, nothing
 * is done. */
static confiture_status output_in_tree(void *ctx, const confiture_run *run,
                                       confiture_error *error) {
    static const char *const paths[3] = {"t/0.sql", "t/1.sql", "t/2.sql"};
    confiture_build_options options;
    confiture_schema schemas[3];
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    memset(schemas, 0, sizeof schemas);
    options.run = *run;
    return confiture_build_split_files(schemas, paths, (const confiture_files *)ctx, &options,
                                       error);
}

TEST(output, in_tree) {
    static const char *const make[] = {"t/0.sql", "0", "t/1.sql", "1", "t/2.sql", "2", NULL};
    static const char all[] = "NO_FILES t/0.sql: the output is the only file of the list";
    confiture_run run;
    confiture_error error;
    confiture_files *files;
    char *data;
    size_t size;
    memset(&run, 0, sizeof run);
    tree_make(make);
    files = output_find("t");
    CHECK_STR(runs_outcome(output_in_tree(files, &run, &error), &error), all);
    CHECK(tree_holds("t/0.sql", "0", 1) && tree_holds("t/2.sql", "2", 1));
    confiture_files_free(files);
    tree_text("t/a/0.sql", "X"); /* of the same name as an output */
    tree_text("t/z.sql", "Z");
    files = output_find("t");
    CHECK_STR(runs_outcome(output_in_tree(files, &run, &error), &error), "done");
    data = tree_read("t/0.sql", &size);
    CHECK(size == 0);
    free(data);
    data = tree_read("t/1.sql", &size);
    if (CHECK(data != NULL)) CHECK(strstr(data, "X\n") != NULL && strstr(data, "Z\n") != NULL);
    CHECK(data != NULL && strchr(data, '0') != NULL && strstr(data, "File: 0.sql") == NULL);
    free(data);
    memory_exhaust_io(output_in_tree, files, 1, true, NULL, CONFITURE_IO_READ);
    confiture_files_free(files);
    tree_clear();
}

static int output_make_directory(void *user, const confiture_progress *progress) {
    (void)progress;
    if (mkdir((const char *)user, 0755) != 0 && errno != EEXIST) tree_die("mkdir", "out.sql");
    return 0;
}

/* Something that takes the file's place at the last moment. */
TEST(output, in_the_way) {
    confiture_build_options options;
    confiture_files *files;
    confiture_schema schema;
    confiture_error error;
    output_make();
    files = output_find("s");
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    memset(&schema, 0, sizeof schema);
    options.run.progress = output_make_directory;
    options.run.progress_user = (void *)(uintptr_t) "out.sql";
    CHECK_STR(
        runs_outcome(confiture_build_file(&schema, "out.sql", files, &options, &error), &error),
        "SYSTEM out.sql: is a directory");
    CHECK(tree_temporaries(".") == 0 && schema.file_count == 0);
    confiture_files_free(files);
    tree_clear();
}

/* Unchanged and to be on the disk: there is no rename whose directory had to be synced.
 * One that cannot be opened for that is an error before anything is written. */
TEST(output, sync) {
    confiture_build_options options;
    confiture_files *files;
    confiture_schema schema;
    confiture_error error;
    output_make();
    files = output_find("s");
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    memset(&schema, 0, sizeof schema);
    options.sync = options.keep_unchanged = true;
    CHECK(confiture_build_file(&schema, "o.sql", files, &options, NULL) == CONFITURE_OK);
    CHECK(!schema.unchanged);
    CHECK(confiture_build_file(&schema, "o.sql", files, &options, NULL) == CONFITURE_OK);
    CHECK(schema.unchanged);
    tree_directory("d");
    if (chown("d", 65534, 65534) == 0 || !tree_is_root()) {
        tree_mode("d", 0300);
        tree_drop_rights();
        CHECK_STR(
            runs_outcome(confiture_build_file(&schema, "d/o.sql", files, &options, &error), &error),
            "SYSTEM d/o.sql: permission denied");
        tree_regain_rights();
        CHECK(access("d/o.sql", F_OK) != 0);
    }
    confiture_files_free(files);
    tree_clear();
}

static confiture_status output_empty(void *ctx, const confiture_run *run, confiture_error *error) {
    confiture_build_options options;
    confiture_schema schema;
    confiture_status status;
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    memset(&schema, 0, sizeof schema);
    options.run = *run;
    options.separator = CONFITURE_SEPARATOR_NONE;
    status = confiture_build(&schema, (const confiture_files *)ctx, &options, error);
    if (status == CONFITURE_OK) CHECK_QUIET(schema.size == 0 && schema.data[0] == '\0');
    confiture_schema_free(&schema);
    return status;
}

static int output_never(void *user, const void *data, size_t size) {
    (void)user;
    (void)data;
    (void)size;
    CHECK(!"called for nothing");
    return 0;
}

/* Nothing at all is a string, too, and needs a byte of memory; NULL options are the default. */
TEST(output, nothing) {
    confiture_files *files = NULL;
    confiture_schema schema;
    confiture_sink sink;
    memset(&schema, 0, sizeof schema);
    sink.write = output_never;
    sink.user = NULL;
    CHECK(confiture_files_from_paths(&files, NULL, 0, NULL, NULL) == CONFITURE_OK);
    memory_exhaust_io(output_empty, files, 1, true, NULL, CONFITURE_IO_READ);
    CHECK(confiture_build(&schema, files, NULL, NULL) == CONFITURE_OK && schema.size == 0);
    CHECK_STR(schema.digest_hex,
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(confiture_build_sink(&schema, &sink, files, NULL, NULL) == CONFITURE_OK);
    CHECK(schema.data == NULL && schema.file_count == 0);
    CHECK(confiture_build_file(&schema, "o.sql", files, NULL, NULL) == CONFITURE_OK);
    CHECK(tree_holds("o.sql", "", 0));
    confiture_files_free(files);
    tree_clear();
}

/* Sizes that no machine has: an error, no wish at all, or one for less. */
TEST(output, too_large) {
    cfti_output output;
    cfti_build build;
    cfti_chunk chunk;
    cfti_fail fail;
    size_t text_size = 1 << 20;
    memory m;
    memory_init(&m);
    memset(&output, 0, sizeof output);
    memset(&build, 0, sizeof build);
    memset(&chunk, 0, sizeof chunk);
    output.buffer.allocator = m.allocator;
    output.path = "";
    CHECK(cfti_output_put(&output, "", SIZE_MAX / 2 + 1, &fail) == CONFITURE_E_TOO_LARGE);
    CHECK(cfti_output_put(&output, "", SIZE_MAX / 2, &fail) == CONFITURE_E_MEMORY);
    CHECK(memory_is_clean(&m));
    memory_arm(&m, 0, false);
    output.buffer.size = output.buffer.capacity = SIZE_MAX / 8;
    chunk.remaining = UINT64_MAX / 2;
    cfti_build_expect(&output, &build, &chunk, 0);
    CHECK(m.calls == 0);
    /* Of a size that a machine has: eight times what is needed, once, and no more. */
    output.buffer.size = output.buffer.capacity = 0;
    cfti_build_expect(&output, &build, &chunk, text_size);
    CHECK(m.calls == 1 && output.buffer.capacity >= 8 * text_size);
    CHECK(output.buffer.capacity < 8 * text_size + (4 << 20));
    cfti_buffer_free(&output.buffer);
    CHECK(memory_is_clean(&m));
}

static void output_on_finding(void *user, const confiture_finding *finding) {
    *(size_t *)user += finding->status == CONFITURE_E_ENCODING ? 1 : 1000;
}

/* A large file comes in pieces; what was found in the first is told once, at its end. */
TEST(output, found_early) {
    confiture_check_options check;
    confiture_build_options build;
    confiture_files *files;
    confiture_schema schema;
    confiture_error error;
    size_t found = 0;
    char *bytes = (char *)tree_bytes(3000000, 1);
    bytes[64] = (char)0xFF;
    tree_write("s/a.sql", bytes, 3000000);
    free(bytes);
    files = output_find("s");
    memset(&check, 0, sizeof check);
    memset(&build, 0, sizeof build);
    memset(&schema, 0, sizeof schema);
    check.on_finding = build.on_finding = output_on_finding;
    check.finding_user = build.finding_user = &found;
    CHECK(confiture_check(files, &check, &error) == CONFITURE_E_ENCODING);
    CHECK(found == 1 && error.line == 2 && error.offset == 64);
    CHECK(confiture_build(&schema, files, &build, &error) == CONFITURE_E_ENCODING);
    CHECK(found == 2 && error.line == 2 && error.offset == 64);
    confiture_files_free(files);
    tree_clear();
}

/* An output that does not exist yet is left out as the next build will leave it out: a
 * link that waits for it, and its path in a list of one's own. */
TEST(output, awaited) {
    static const char *const own[] = {"s/../s/out.sql", "s/a.sql", "s/linked.sql"};
    static const char *const lost[] = {"s/a.sql", "s/lost.sql", "s/linked.sql"};
    static const char *const outputs[] = {"s/linked.sql", "s/out.sql", "s/dir/out.sql"};
    confiture_build_options options;
    confiture_files *files;
    size_t i, k;
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    options.separator = CONFITURE_SEPARATOR_NONE;
    tree_text("s/a.sql", "SELECT 1;\n");
    tree_link("s/linked.sql", "out.sql");
    tree_link("s/dir", ".");
    for (i = 0; i < TREE_COUNT(outputs); i++) {
        for (k = 0; k < 2; k++) { /* the first build, and the next */
            files = output_find("s");
            CHECK_STR(build_file(outputs[i], files, &options, NULL), "done");
            CHECK(build_is_link("s/linked.sql") && tree_holds("s/out.sql", "SELECT 1;\n", 10));
            confiture_files_free(files);
        }
        tree_remove("s/out.sql");
        CHECK(confiture_files_from_paths(&files, own, 3, NULL, NULL) == CONFITURE_OK);
        CHECK_STR(build_file(outputs[i], files, &options, NULL), "done");
        CHECK(build_is_link("s/linked.sql") && tree_holds("s/out.sql", "SELECT 1;\n", 10));
        confiture_files_free(files);
        tree_remove("s/out.sql");
    }
    CHECK(confiture_files_from_paths(&files, own + 2, 1, NULL, NULL) == CONFITURE_OK);
    CHECK_STR(build_file("s/out.sql", files, &options, NULL),
              "NO_FILES s/out.sql: the output is the only file of the list");
    confiture_files_free(files);
    /* What leads elsewhere is missed as ever. */
    CHECK(confiture_files_from_paths(&files, lost, 3, NULL, NULL) == CONFITURE_OK);
    CHECK_STR(build_file("s/out.sql", files, &options, NULL),
              "SYSTEM s/lost.sql: no such file or directory");
    confiture_files_free(files);
    files = output_find("s");
    CHECK_STR(build_file("s/x.sql", files, &options, NULL),
              "SYSTEM s/linked.sql: no such file or directory");
    confiture_files_free(files);
    CHECK(tree_temporaries("s") == 0);
    tree_clear();
}

/* Whether two targets are one file, and whether a path still leads to what was found, where
 * they lie on different file systems: of what is made here, all is on one. */
TEST(output, devices) {
    cfti_target a, b;
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    CHECK(cfti_allocator_choose(&a.real.allocator, NULL));
    b.real.allocator = a.directory.allocator = b.directory.allocator = a.real.allocator;
    a.exists = b.exists = true;
    CHECK(cfti_target_is(&a, &b));
    b.old.device = 1; /* the same inode */
    CHECK(!cfti_target_is(&a, &b));
    a.exists = b.exists = false;
    CHECK(cfti_buffer_append(&a.real, "x.sql", 6) && cfti_buffer_append(&b.real, "./x.sql", 8));
    CHECK(cfti_target_find_directory(&a) == 0 && cfti_target_find_directory(&b) == 0);
    CHECK(cfti_target_is(&a, &b));
    b.real.size = b.directory.size = 0;
    CHECK(cfti_buffer_append(&b.real, "missing/x.sql", 14) && cfti_target_find_directory(&b) == 0);
    CHECK(!cfti_target_is(&a, &b) && !cfti_target_is(&b, &a));
#if defined(__linux__)
    b.real.size = b.directory.size = 0;
    CHECK(cfti_buffer_append(&b.real, "/proc/x.sql", 12) &&
          cfti_target_find_directory(&b) == 0); /* is asked about, and no more */
    CHECK(!cfti_target_is(&a, &b));
#endif
    tree_text("x.sql", "x");
    tree_link("l.sql", "x.sql");
    a.path = "l.sql";
    a.exists = true;
    CHECK(cfti_os_status_at(AT_FDCWD, a.path, true, &a.old) == 0);
    a.real.size = 0;
    CHECK(cfti_target_locate(&a) == 0 && !a.direct);
    a.old.device++;
    CHECK(cfti_target_locate(&a) == 0 && a.direct);
    cfti_buffer_free(&a.real);
    cfti_buffer_free(&b.real);
    cfti_buffer_free(&a.directory);
    cfti_buffer_free(&b.directory);
    tree_clear();
}

#if !defined(_WIN32)
/* The host says something while files are read and written. */
static int output_host_line(void *user, const confiture_progress *progress) {
    int fd;
    (void)progress;
    for (fd = 0; fd < 3; fd++)
        if (write(fd, "a line of the host's\n", 21) >= 0) ++*(int *)user;
    return 0;
}

/* Builds where the first three descriptors are closed: a count of what went wrong. */
static int output_build_closed(const confiture_files *expected_of) {
    static const confiture_io ways[] = {CONFITURE_IO_READ, CONFITURE_IO_MMAP, CONFITURE_IO_RING};
    int wrong = 0, fd, written = 0;
    size_t i;
    for (fd = 0; fd < 3; fd++) (void)close(fd);
    for (i = 0; i < 2 * TREE_COUNT(ways); i++) {
        confiture_build_options options;
        confiture_files *files = NULL;
        confiture_schema file, memory;
        memset(&options, 0, sizeof options);
        options.check = CONFITURE_CHECK_QUOTES;
        memset(&file, 0, sizeof file);
        memset(&memory, 0, sizeof memory);
        wrong += confiture_build(&memory, expected_of, &options, NULL) != CONFITURE_OK;
        options.run.io = ways[i / 2];
        options.run.threads = i % 2 == 0 ? 1 : 4;
        options.run.progress = output_host_line;
        options.run.progress_user = &written;
        options.sync = true;
        wrong += confiture_find(&files, "s", NULL, NULL) != CONFITURE_OK;
        wrong += confiture_build_file(&file, "out.sql", files, &options, NULL) != CONFITURE_OK;
        wrong += memory.data == NULL || !tree_holds("out.sql", memory.data, memory.size);
        confiture_schema_free(&memory);
        confiture_files_free(files);
    }
    for (fd = 0; fd < 3; fd++) wrong += fcntl(fd, F_GETFD) >= 0;
    return wrong + written;
}

/* What a host with a closed standard error writes there is lost, and not in the schema. */
TEST(output, closed_descriptors) {
    confiture_files *files;
    int status = -1;
    pid_t child;
    output_make();
    tree_fill("s/long.sql", 300000, 1);
    files = output_find("s");
    (void)fflush(stdout);
    child = fork();
    if (child == 0) _exit(output_build_closed(files));
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    confiture_files_free(files);
    tree_clear();
}
#endif
