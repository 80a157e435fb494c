/* Builds into files, builds in three phases, and builds that are stopped: a part of
 * test_build.c. */

/* How a build into a file ends; whatever happens, no temporary file is left. */
static const char *build_file(const char *path, const confiture_files *files,
                              const confiture_build_options *given, bool *unchanged) {
    static confiture_error error;
    confiture_build_options options;
    confiture_schema schema;
    confiture_status status;
    const char *outcome;
    memory m;
    memory_init(&m);
    memset(&schema, 0, sizeof schema);
    memset(&options, 0, sizeof options);
    if (given != NULL) options = *given;
    options.check = CONFITURE_CHECK_QUOTES; /* the files are words, not SQL */
    options.run.allocator = &m.allocator;
    status = confiture_build_file(&schema, path, files, &options, &error);
    outcome = runs_outcome(status, &error);
    CHECK_QUIET(schema.data == NULL && (status == CONFITURE_OK) == (schema.file_count != 0));
    if (unchanged != NULL) *unchanged = schema.unchanged;
    confiture_schema_free(&schema);
    CHECK_QUIET(memory_is_clean(&m));
    CHECK_QUIET(tree_temporaries(".") == 0 && tree_temporaries("s") == 0 &&
                tree_temporaries("d") == 0);
    return outcome;
}

static unsigned build_mode(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 ? (unsigned)(status.st_mode & 07777) : 0;
}

static bool build_is_link(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
}

TEST(build, files) {
    confiture_build_options options;
    confiture_files *files;
    char absolute[5000];
    mode_t mask = umask(027);
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    options.separator = CONFITURE_SEPARATOR_NONE;
    TREE_NEEDS("symbolic links");
    tree_text("s/a.sql", "SELECT 1;");
    tree_directory("d");
    files = build_find("s");
    CHECK_STR(build_file("new.sql", files, &options, NULL), "done");
    CHECK(tree_holds("new.sql", "SELECT 1;\n", 10) && build_mode("new.sql") == 0640);
    (void)umask(mask);
    tree_text("old.sql", "much longer than what comes now");
    tree_mode("old.sql", 0604);
    CHECK_STR(build_file("./old.sql", files, &options, NULL), "done");
    CHECK(tree_holds("old.sql", "SELECT 1;\n", 10) && build_mode("old.sql") == 0604);
    options.sync = true;
    CHECK_STR(build_file("d/sync.sql", files, &options, NULL), "done");
    CHECK_STR(build_file("sync.sql", files, &options, NULL), "done");
    CHECK(tree_holds("d/sync.sql", "SELECT 1;\n", 10) && tree_holds("sync.sql", "SELECT 1;\n", 10));
    /* Links stay, and what they point to is replaced, or made. */
    tree_text("d/target.sql", "old");
    tree_link("link.sql", "d/to.sql");
    tree_link("d/to.sql", "target.sql");
    CHECK_STR(build_file("link.sql", files, &options, NULL), "done");
    CHECK(build_is_link("link.sql") && build_is_link("d/to.sql") && !build_is_link("d/target.sql"));
    CHECK(tree_holds("d/target.sql", "SELECT 1;\n", 10));
    tree_link("dangling.sql", "d/fresh.sql");
    CHECK_STR(build_file("dangling.sql", files, &options, NULL), "done");
    CHECK(build_is_link("dangling.sql") && tree_holds("d/fresh.sql", "SELECT 1;\n", 10));
    sprintf(absolute, "%s//d/./absolute.sql", tree.root);
    CHECK_STR(build_file(absolute, files, &options, NULL), "done");
    CHECK(tree_holds("d/absolute.sql", "SELECT 1;\n", 10));
    /* A name that leaves no room for anything behind it. */
    memset(absolute, 'n', 255);
    absolute[255] = '\0';
    CHECK_STR(build_file(absolute, files, &options, NULL), "done");
    CHECK(tree_holds(absolute, "SELECT 1;\n", 10));
    confiture_files_free(files);
    tree_clear();
}

TEST(build, file_errors) {
    static const struct {
        const char *path, *expected;
    } cases[] = {
        {"", "ARGUMENT the output has no path"},
        {"d", "SYSTEM d: is a directory"},
        {"d/", "SYSTEM d/: is a directory"},
        {".", "SYSTEM .: is a directory"},
        {"missing/out.sql",
         "SYSTEM missing/out.sql: its directory is missing: no such file or directory"},
        {"missing/", "SYSTEM missing/: its directory is missing: no such file or directory"},
        {"old.sql/out.sql", "SYSTEM old.sql/out.sql: not a directory"},
        {"old.sql/", "SYSTEM old.sql/: not a directory"},
        {"loop.sql", "SYSTEM loop.sql: too many levels of symbolic links"},
        {"lost.sql", "SYSTEM lost.sql: its directory is missing: no such file or directory"},
        {"/dev/full", "SYSTEM /dev/full: no space left on device"},
        {"socket", "SYSTEM socket: no such device or address"}};
    confiture_build_options options;
    confiture_header header;
    confiture_files *files;
    char *deep;
    size_t i;
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    memset(&header, 0, sizeof header);
    TREE_NEEDS("symbolic links");
    tree_text("s/a.sql", "SELECT 1;");
    tree_text("old.sql", "old");
    tree_directory("d");
    tree_link("loop.sql", "loop.sql");
    tree_link("lost.sql", "missing/out.sql");
    tree_socket("socket");
    files = build_find("s");
    for (i = 0; i < 2 * TREE_COUNT(cases); i++) {
        options.header = i % 2 == 0 ? NULL : &header;
        CHECK_STR(build_file(cases[i / 2].path, files, &options, NULL), cases[i / 2].expected);
    }
    tree_fifo("fifo");
    i = (size_t)open("fifo", O_RDWR); /* held open, so that nobody waits for a reader */
    CHECK_STR(build_file("fifo", files, &options, NULL), "done");
    (void)close((int)i);
    deep = tree_deep(25, "x.sql", "");
    CHECK(strstr(build_file(deep, files, &options, NULL), "/x.sql: file name too long") != NULL);
    free(deep);
    /* What is wrong with the input leaves the old output. */
    tree_text("s/a.sql", "'");
    CHECK_STR(build_file("old.sql", files, NULL, NULL), "UNCLOSED s/a.sql:1: quote never closed");
    tree_text("s/a.sql", "\xFF");
    CHECK_STR(build_file("new.sql", files, NULL, NULL),
              "ENCODING s/a.sql:1: not valid UTF-8, byte 0");
    tree_remove("s/a.sql");
    CHECK_STR(build_file("old.sql", files, NULL, NULL),
              "SYSTEM s/a.sql: no such file or directory");
    options.separator = CONFITURE_SEPARATOR_CUSTOM;
    CHECK_STR(build_file("old.sql", files, &options, NULL),
              "ARGUMENT the custom separator has no template");
    CHECK(tree_holds("old.sql", "old", 3) && access("new.sql", F_OK) != 0);
    confiture_files_free(files);
    tree_clear();
}

/* Directories that may not be written to, and old files that may not be read. */
TEST(build, rights) {
    confiture_build_options options;
    confiture_files *files;
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    TREE_NEEDS("modes");
    tree_text("s/a.sql", "SELECT 1;");
    tree_text("d/old.sql", "old");
    tree_directory("open");
    tree_mode("open", 0777);
    files = build_find("s");
    tree_mode("d", 0555);
    tree_drop_rights();
    CHECK_STR(build_file("d/old.sql", files, NULL, NULL), "SYSTEM d/old.sql: permission denied");
    CHECK_STR(build_file("d/new.sql", files, NULL, NULL), "SYSTEM d/new.sql: permission denied");
    options.keep_unchanged = true;
    CHECK_STR(build_file("open/x.sql", files, &options, NULL), "done");
    tree_mode("open/x.sql", 0);
    CHECK_STR(build_file("open/x.sql", files, &options, NULL),
              "done"); /* replaced: nobody can compare */
    CHECK(build_mode("open/x.sql") == 0);
    tree_regain_rights();
    CHECK(tree_holds("d/old.sql", "old", 3));
    confiture_files_free(files);
    tree_clear();
}

TEST(build, unchanged) {
    confiture_build_options options;
    confiture_header header;
    confiture_files *files;
    struct stat before, after;
    bool unchanged;
    size_t i;
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    memset(&header, 0, sizeof header);
    TREE_NEEDS("symbolic links");
    tree_fill("s/a.sql", 10000, 1);
    tree_fill("s/b.sql", 300000, 2);
    files = build_find("s");
    for (i = 0; i < 4; i++) {
        const char *path = i < 2 ? "out.sql" : "link.sql";
        options.header = i % 2 == 0 ? NULL : &header;
        options.keep_unchanged = false;
        if (i == 2) tree_link("link.sql", "out.sql");
        CHECK_STR(build_file(path, files, &options, &unchanged), "done");
        CHECK(!unchanged && stat(path, &before) == 0);
        options.keep_unchanged = true;
        CHECK_STR(build_file(path, files, &options, &unchanged), "done");
        CHECK(unchanged && stat(path, &after) == 0 && before.st_ino == after.st_ino);
        CHECK(before.st_mtime == after.st_mtime && before.st_ctime == after.st_ctime);
        options.keep_unchanged = false;
        CHECK_STR(build_file(path, files, &options, &unchanged), "done");
        CHECK(!unchanged && stat(path, &after) == 0 && before.st_ino != after.st_ino);
        options.keep_unchanged = true;
        tree_append("out.sql", "x"); /* longer, and then of the same length */
        CHECK_STR(build_file(path, files, &options, &unchanged), "done");
        CHECK(!unchanged && stat(path, &after) == 0 && before.st_size == after.st_size);
        tree_fill("out.sql", (size_t)before.st_size, 9);
        CHECK_STR(build_file(path, files, &options, &unchanged), "done");
        CHECK(!unchanged);
    }
    confiture_files_free(files);
    tree_clear();
}

/* The output is never its own input, by whatever name it is found. */
TEST(build, in_tree) {
    static const char *const own[] = {"s/a.sql", "s/other.sql", "s/out.sql"};
    confiture_build_options options;
    confiture_header header;
    confiture_files *files;
    confiture_error error;
    confiture_schema schema;
    char *first;
    size_t size, i;
    memset(&schema, 0, sizeof schema);
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    memset(&header, 0, sizeof header);
    options.header = &header;
    TREE_NEEDS("symbolic links");
    tree_text("s/a.sql", "SELECT 1;\n");
    tree_text("s/z/out.sql", "SELECT 'the same leaf';\n");
    files = build_find("s");
    CHECK_STR(build_file("s/out.sql", files, &options, NULL), "done");
    confiture_files_free(files);
    first = tree_read("s/out.sql", &size);
    tree_link("s/linked.sql", "out.sql");
    tree_link("s/z/dir", "..");
    for (i = 0; i < 3; i++) {
        files = build_find("s");
        CHECK(confiture_files_count(files) == 4);
        CHECK(confiture_build_file(&schema,
                                   i == 2   ? "s/linked.sql"
                                   : i == 1 ? "s/z/dir/out.sql"
                                            : "s/out.sql",
                                   files, &options, &error) == CONFITURE_OK);
        CHECK(schema.file_count == 2 && tree_holds("s/out.sql", first, size));
        confiture_files_free(files);
    }
    CHECK(build_is_link("s/linked.sql"));
    /* The same from a list of one's own, where a link is not known to be one. */
    tree_link("s/other.sql", "out.sql");
    options.header = NULL;
    options.separator = CONFITURE_SEPARATOR_NONE;
    CHECK(confiture_files_from_paths(&files, own, 3, NULL, NULL) == CONFITURE_OK);
    CHECK(confiture_build_file(&schema, "s/out.sql", files, &options, &error) == CONFITURE_OK);
    CHECK(schema.file_count == 1 && tree_holds("s/out.sql", "SELECT 1;\n", 10));
    confiture_files_free(files);
    CHECK(confiture_files_from_paths(&files, own + 1, 2, NULL, NULL) == CONFITURE_OK);
    CHECK_STR(build_file("s/out.sql", files, &options, NULL),
              "NO_FILES s/out.sql: the output is the only file of the list");
    CHECK(tree_holds("s/out.sql", "SELECT 1;\n", 10));
    confiture_files_free(files);
    free(first);
    tree_clear();
}

/* A FIFO is written to as it stands, the header in its place all the same. */
TEST(build, pipes) {
    confiture_build_options options;
    confiture_header header;
    confiture_files *files;
    confiture_digest digest;
    char got[4096];
    size_t i;
    ssize_t n;
    int fd;
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    memset(&header, 0, sizeof header);
    options.separator = CONFITURE_SEPARATOR_NONE;
    options.keep_unchanged = options.sync = true;
    TREE_NEEDS("FIFOs");
    tree_text("s/a.sql", "SELECT 1;\n");
    tree_fifo("pipe");
    tree_link("to_pipe", "pipe");
    files = build_find("s");
    CHECK(confiture_hash(&digest, files, NULL, NULL) == CONFITURE_OK);
    fd = open("pipe", O_RDONLY | O_NONBLOCK);
    for (i = 0; i < 4; i++) {
        options.header = i % 2 == 0 ? NULL : &header;
        CHECK_STR(build_file(i < 2 ? "pipe" : "to_pipe", files, &options, NULL), "done");
        n = read(fd, got, sizeof got - 1);
        got[n < 0 ? 0 : n] = '\0';
        if (i % 2 == 0) CHECK_STR(got, "SELECT 1;\n");
        else
            CHECK(n > 400 && strstr(got, digest.hex) != NULL &&
                  strcmp(got + n - 10, "SELECT 1;\n") == 0);
    }
    (void)close(fd);
    confiture_files_free(files);
    tree_clear();
}

/* ==== Seeds and phases =================================================== */

TEST(build, seeds) {
    static const char *const make[] = {"db/a.sql",
                                       "A\n",
                                       "db/seeds/b.sql",
                                       "'open",
                                       "db/20_seed_c.sql",
                                       "\xFF",
                                       "db/seeds.sql",
                                       "D\n",
                                       "db/x/e.sql",
                                       "E\n",
                                       NULL};
    confiture_build_options options;
    confiture_files *files;
    confiture_error error;
    confiture_schema schema;
    confiture_digest digest;
    size_t r;
    tree_make(make);
    files = build_find("db");
    CHECK(confiture_hash(&digest, files, NULL, NULL) == CONFITURE_OK);
    memset(&schema, 0, sizeof schema);
    for (r = 0; r < RUNS; r++) {
        memset(&options, 0, sizeof options);
        options.check = CONFITURE_CHECK_QUOTES;
        options.separator = CONFITURE_SEPARATOR_NONE;
        options.schema_only = true;
        options.run = runs_get(r);
        CHECK(confiture_build(&schema, files, &options, &error) == CONFITURE_OK);
        CHECK_STR(schema.data, "A\nD\nE\n");
        CHECK(schema.file_count == 3);
        CHECK_STR(schema.digest_hex, digest.hex);
        options.no_digest = true;
        CHECK(confiture_build(&schema, files, &options, &error) == CONFITURE_OK);
        CHECK_STR(schema.data, "A\nD\nE\n");
        CHECK(schema.file_count == 3 && schema.digest_hex[0] == '\0');
    }
    /* What is left out must be readable for the digest, and only for it. */
    tree_remove("db/seeds/b.sql");
    CHECK_STR(build_outcome(files, &options), "A\nD\nE\n");
    options.no_digest = false;
    CHECK_STR(build_outcome(files, &options), "SYSTEM db/seeds/b.sql: no such file or directory");
    confiture_files_free(files);
    /* All of it seeds: nothing is left, which is no error. */
    tree_make(make);
    files = build_find("db/seeds");
    CHECK_STR(build_outcome(files, &options), "");
    confiture_files_free(files);
    confiture_schema_free(&schema);
    tree_clear();
}

typedef struct build_phases {
    const char *pre[3], *post[3];
    const char *expected[3]; /* pre, app, post */
} build_phases;

TEST(build, split) {
    static const char *const make[] = {"db/0/roles.sql",
                                       "R\n",
                                       "db/1/app.sql",
                                       "A\n",
                                       "db/1/seeds/s.sql",
                                       "S\n",
                                       "db/9/grants.sql",
                                       "G\n",
                                       "db/9/late/l.sql",
                                       "L\n",
                                       NULL};
    static const char *const paths[3] = {"pre.sql", "app.sql", "post.sql"};
    static const build_phases cases[] = {
        {{NULL}, {NULL}, {"", "R\nA\nS\nG\nL\n", ""}},
        {{"db/0"}, {"db/9"}, {"R\n", "A\nS\n", "G\nL\n"}},
        {{"./db//0/", "db/9"}, {"db/9/late"}, {"R\nG\n", "A\nS\n", "L\n"}},
        {{"db"}, {"db/9", "db/1"}, {"R\n", "", "A\nS\nG\nL\n"}},
        {{"db"}, {"db"}, {"", "", "R\nA\nS\nG\nL\n"}},
        {{"db/0/roles.sql"}, {"missing", "db/90"}, {"R\n", "A\nS\nG\nL\n", ""}},
        {{"link"}, {"db/0/../9"}, {"R\n", "A\nS\n", "G\nL\n"}}};
    confiture_build_options options;
    confiture_header header;
    confiture_schema schemas[3];
    confiture_digest digest;
    confiture_files *files;
    confiture_error error;
    memory m;
    char words[200];
    size_t i, k, r;
    TREE_NEEDS("symbolic links");
    tree_make(make);
    tree_link("link", "db/0");
    files = build_find("db");
    CHECK(confiture_hash(&digest, files, NULL, NULL) == CONFITURE_OK);
    memory_init(&m);
    memset(schemas, 0, sizeof schemas);
    memset(&header, 0, sizeof header);
    for (i = 0; i < TREE_COUNT(cases); i++)
        for (r = 0; r < RUNS; r++) {
            memset(&options, 0, sizeof options);
            options.check = CONFITURE_CHECK_QUOTES;
            options.run = runs_get(r);
            options.run.allocator = &m.allocator;
            options.separator = CONFITURE_SEPARATOR_NONE;
            options.pre_dirs = cases[i].pre;
            options.post_dirs = cases[i].post;
            while (cases[i].pre[options.pre_dir_count] != NULL) options.pre_dir_count++;
            while (cases[i].post[options.post_dir_count] != NULL) options.post_dir_count++;
            CHECK(confiture_build_split(schemas, files, &options, &error) == CONFITURE_OK);
            for (k = 0; k < 3; k++) {
                CHECK_STR(schemas[k].data, cases[i].expected[k]);
                CHECK(schemas[k].file_count == strlen(cases[i].expected[k]) / 2);
                CHECK_STR(schemas[k].digest_hex, digest.hex);
            }
            CHECK(confiture_build_split_files(schemas, paths, files, &options, &error) ==
                  CONFITURE_OK);
            for (k = 0; k < 3; k++)
                CHECK(schemas[k].data == NULL &&
                      tree_holds(paths[k], cases[i].expected[k], strlen(cases[i].expected[k])));
            options.header = &header; /* empty phases have none, but for the app */
            CHECK(confiture_build_split(schemas, files, &options, &error) == CONFITURE_OK);
            for (k = 0; k < 3; k++) {
                size_t count = strlen(cases[i].expected[k]) / 2;
                sprintf(words, "-- Schema Hash: %s\n-- Files Included: %u\n", digest.hex,
                        (unsigned)count);
                CHECK(count == 0 && k != CONFITURE_SPLIT_APP
                          ? schemas[k].size == 0
                          : strstr(schemas[k].data, words) != NULL);
                if (k == CONFITURE_SPLIT_APP || count != 0)
                    CHECK_STR(schemas[k].data + schemas[k].size - 2 * count, cases[i].expected[k]);
            }
            for (k = 0; k < 3; k++) confiture_schema_free(&schemas[k]);
            CHECK(memory_is_clean(&m) && tree_temporaries(".") == 0);
        }
    options.header = NULL;
    options.schema_only = true;
    CHECK(confiture_build_split(schemas, files, &options, &error) == CONFITURE_OK);
    CHECK_STR(schemas[CONFITURE_SPLIT_APP].data, "A\n");
    /* One bad file, and none of the three outputs is touched. */
    for (k = 0; k < 3; k++) tree_text(paths[k], "old");
    tree_text("db/9/late/l.sql", "'");
    CHECK_STR(
        runs_outcome(confiture_build_split_files(schemas, paths, files, &options, &error), &error),
        "UNCLOSED db/9/late/l.sql:1: quote never closed");
    for (k = 0; k < 3; k++) CHECK(tree_holds(paths[k], "old", 3) && schemas[k].data == NULL);
    CHECK(tree_temporaries(".") == 0 && memory_is_clean(&m));
    confiture_files_free(files);
    tree_clear();
}

/* ==== Stopped, and out of memory ========================================= */

typedef struct build_stop {
    size_t calls, stop_at;
} build_stop;

static int build_on_progress(void *user, const confiture_progress *progress) {
    build_stop *stop = (build_stop *)user;
    (void)progress;
    return ++stop->calls == stop->stop_at;
}

TEST(build, stopped) {
    confiture_build_options options;
    confiture_files *files;
    build_stop stop;
    size_t calls, i, threads;
    char name[32];
    for (i = 0; i < 20; i++) {
        sprintf(name, "s/%02u.sql", (unsigned)i);
        tree_fill(name, i == 9 ? 2200000 : 30000, (unsigned)i);
    }
    tree_text("out.sql", "old");
    files = build_find("s");
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    options.run.progress = build_on_progress;
    options.run.progress_user = &stop;
    for (threads = 1; threads <= 4; threads += 3) {
        options.run.threads = threads;
        memset(&stop, 0, sizeof stop);
        CHECK_STR(build_file("calls.sql", files, &options, NULL), "done");
        for (calls = stop.calls, i = 1; i < calls; i += MEMORY_STEP) {
            memset(&stop, 0, sizeof stop);
            stop.stop_at = i;
            if (strcmp(build_file("out.sql", files, &options, NULL), "done") != 0) {
                CHECK_QUIET(stop.calls == i && tree_holds("out.sql", "old", 3));
            } else { /* with threads there may be fewer calls this time */
                CHECK_QUIET(threads > 1 && stop.calls < i);
                tree_text("out.sql", "old");
            }
        }
    }
    confiture_files_free(files);
    tree_clear();
}

enum { BUILD_MEMORY, BUILD_SINK, BUILD_FILE, BUILD_SPLIT, BUILD_SPLIT_FILES, BUILD_WAYS };

typedef struct build_exhausted {
    const confiture_files *files;
    int way;
    bool with_header;
} build_exhausted;

static const char *const build_exhausted_paths[3] = {"pre.sql", "link.sql", "post.sql"};

static confiture_status build_exhaust(void *ctx, const confiture_run *run, confiture_error *error) {
    static const char *const pre[] = {"s/0"}, *const post[] = {"link_s/../s/1", "s/2"};
    const build_exhausted *e = (const build_exhausted *)ctx;
    confiture_build_options options;
    confiture_header header;
    confiture_schema schemas[3];
    confiture_status status = CONFITURE_OK;
    confiture_sink sink;
    build_sink kept;
    size_t i;
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    memset(&header, 0, sizeof header);
    memset(schemas, 0, sizeof schemas);
    memset(&kept, 0, sizeof kept);
    sink.write = build_sink_write;
    sink.user = &kept;
    for (i = 0; i < 3; i++)
        if (!tree_holds(build_exhausted_paths[i], "old", 3)) /* a link's target, not the link */
            tree_text(i == 1 ? "app.sql" : build_exhausted_paths[i], "old");
    options.run = *run;
    options.header = e->with_header ? &header : NULL;
    options.separator = CONFITURE_SEPARATOR_CUSTOM;
    options.separator_template = "-- {file_path}, which is long enough that it must be moved: "
                                 "----------------------------------------------------------------"
                                 "----------------------------------------------------------------"
                                 "----------------------------------------------------------------";
    options.schema_only = options.keep_unchanged = true;
    options.no_digest = !e->with_header;
    options.pre_dirs = pre;
    options.post_dirs = post;
    options.pre_dir_count = 1;
    options.post_dir_count = 2;
    switch (e->way) {
    case BUILD_MEMORY: status = confiture_build(schemas, e->files, &options, error); break;
    case BUILD_SINK:
        status = confiture_build_sink(schemas, &sink, e->files, &options, error);
        break;
    case BUILD_FILE:
        status = confiture_build_file(schemas, build_exhausted_paths[1], e->files, &options, error);
        break;
    case BUILD_SPLIT: status = confiture_build_split(schemas, e->files, &options, error); break;
    default:
        status =
            confiture_build_split_files(schemas, build_exhausted_paths, e->files, &options, error);
    }
    for (i = 0; i < 3; i++) {
        if (status != CONFITURE_OK) CHECK_QUIET(schemas[i].size == 0 && schemas[i].file_count == 0);
        confiture_schema_free(&schemas[i]);
    }
    free(kept.data);
    return status;
}

static bool build_untouched(void *ctx) {
    bool good = tree_temporaries(".") == 0 && build_is_link("link.sql");
    size_t i;
    (void)ctx;
    for (i = 0; i < 3; i++) good &= tree_holds(build_exhausted_paths[i], "old", 3);
    return good;
}

TEST(build, exhausted) {
    build_exhausted e;
    confiture_files *files;
    char name[32];
    size_t i;
    for (i = 0; i < 24; i++) {
        sprintf(name, "s/%u/%s%02u.sql", (unsigned)(i % 4), i % 7 == 0 ? "seed_" : "", (unsigned)i);
        tree_text(name, "SELECT 1;\r\n");
    }
    TREE_NEEDS("symbolic links");
    tree_fill("s/2/large.sql", 2200000, 1);
    tree_link("link_s", "s");
    tree_link("link.sql", "app.sql");
    files = build_find("s");
    e.files = files;
    for (e.way = 0; e.way < BUILD_WAYS; e.way++)
        for (i = 0; i < 3; i++) {
            e.with_header = i % 2 != 0;
            memory_exhaust(build_exhaust, &e, i < 2 ? 1 : 4, i == 1, build_untouched);
        }
    confiture_files_free(files);
    tree_clear();
}

/* Memory that runs out when a split makes a file's path absolute, its NUL included: the names
 * are of all lengths about that at which the buffer must grow. */
TEST(build, split_paths) {
    const size_t here = strlen(tree.root), capacity = 256;
    build_exhausted e;
    confiture_files *files;
    char path[400], *name;
    const char *paths[1];
    size_t size;
    if (here > 180) return; /* they would be longer than a name can be */
    memset(&e, 0, sizeof e);
    e.way = BUILD_SPLIT;
    for (size = capacity - 3; size < capacity + 4; size++) {
        memset(path, 0, sizeof path);
        strcpy(path, "s/");
        name = path + 2;
        memset(name, 'n', size - here - 3);
        tree_text(path, "SELECT 1;\n");
        paths[0] = path;
        if (!CHECK(confiture_files_from_paths(&files, paths, 1, NULL, NULL) == CONFITURE_OK))
            return;
        e.files = files;
        memory_exhaust_io(build_exhaust, &e, 1, true, NULL, CONFITURE_IO_READ);
        confiture_files_free(files);
        tree_clear();
    }
}
