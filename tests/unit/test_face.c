/* The public face: what every function does with what it cannot use, and what a caller has to
 * free, and what it learns. */

SUITE(face, tree_suite_begins, tree_suite_ends);

/* ==== Which file an error is about ======================================= */

typedef struct face_indices {
    size_t at[16];
    size_t count;
} face_indices;

static void face_on_finding(void *user, const confiture_finding *finding) {
    face_indices *told = (face_indices *)user;
    if (told->count < TREE_COUNT(told->at)) told->at[told->count++] = finding->index;
}

TEST(face, index_of_what_cannot_be_read) {
    confiture_manifest_options manifest;
    confiture_hash_options hash;
    confiture_build_options build;
    confiture_entry entries[40];
    confiture_schema schema;
    confiture_digest digest;
    confiture_files *files;
    confiture_error error;
    char path[32];
    size_t i, r;
    for (i = 0; i < 40; i++) {
        sprintf(path, "s/%02u.sql", (unsigned)i);
        tree_text(path, "SELECT 1;\n");
    }
    files = build_find("s");
    tree_remove("s/37.sql");
    for (r = 0; r < RUNS; r++) {
        memset(&manifest, 0, sizeof manifest);
        memset(&hash, 0, sizeof hash);
        memset(&build, 0, sizeof build);
        memset(&schema, 0, sizeof schema);
        manifest.run = hash.run = build.run = runs_get(r);
        error.index = 0;
        CHECK(confiture_manifest(entries, files, &manifest, &error) == CONFITURE_E_SYSTEM);
        CHECK(error.index == 37);
        error.index = 0;
        CHECK(confiture_hash(&digest, files, &hash, &error) == CONFITURE_E_SYSTEM);
        CHECK(error.index == 37);
        error.index = 0;
        CHECK(confiture_build(&schema, files, &build, &error) == CONFITURE_E_SYSTEM);
        CHECK(error.index == 37);
        confiture_schema_free(&schema);
    }
    confiture_files_free(files);
    tree_clear();
}

/* A build may work on a part of the list: without the output, without seeds. The caller knows
 * the whole. */
TEST(face, index_is_that_of_the_callers_list) {
    confiture_build_options options;
    confiture_schema schema;
    confiture_files *files;
    confiture_error error;
    face_indices told;
    memset(&options, 0, sizeof options);
    memset(&schema, 0, sizeof schema);
    tree_text("s/a.sql", "SELECT 1;\n");
    tree_text("s/b.sql", "old");
    tree_text("s/seed/c.sql", "SELECT 2;\n");
    tree_text("s/t.sql", "/*");
    tree_text("s/u.sql", "'");
    files = build_find("s");
    options.schema_only = options.no_digest = true;
    CHECK(confiture_build_file(&schema, "s/b.sql", files, &options, &error) ==
          CONFITURE_E_UNCLOSED);
    CHECK(error.index == 3);
    CHECK_STR(confiture_files_path(files, error.index), error.path);
    memset(&told, 0, sizeof told);
    options.on_finding = face_on_finding;
    options.finding_user = &told;
    CHECK(confiture_build_file(&schema, "s/b.sql", files, &options, &error) ==
          CONFITURE_E_UNCLOSED);
    CHECK(told.count == 2 && told.at[0] == 3 && told.at[1] == 4 && error.index == 3);
    confiture_files_free(files);
    tree_clear();
}

TEST(face, no_index_of_what_is_no_file) {
    static const char *const good[] = {"s/a.sql"};
    static const char *const outside[] = {"s/a.sql", "../x.sql"};
    confiture_find_options find;
    confiture_schema schema;
    confiture_files *files;
    confiture_error error;
    memset(&find, 0, sizeof find);
    memset(&schema, 0, sizeof schema);
    tree_text("s/a.sql", "SELECT 1;\n");
#if !defined(_WIN32) /* which has no such names */
    tree_text("s/\x01.sql", "SELECT 1;\n");
    error.index = 0;
    CHECK(confiture_find(&files, "s", NULL, &error) == CONFITURE_E_NAME);
    CHECK(error.index == CONFITURE_NO_INDEX);
#endif
    error.index = 0;
    CHECK(confiture_find(&files, "none", NULL, &error) == CONFITURE_E_NO_FILES);
    CHECK(error.index == CONFITURE_NO_INDEX);
    CHECK(confiture_files_from_paths(&files, outside, 2, NULL, &error) == CONFITURE_E_OUTSIDE);
    CHECK(error.index == 1);
    CHECK(confiture_files_from_list0(&files, "a\0b\0\0c", 6, NULL, &error) == CONFITURE_E_ARGUMENT);
    CHECK(error.index == 2);
    CHECK(confiture_files_from_paths(&files, good, 1, NULL, NULL) == CONFITURE_OK);
    error.index = 0;
    CHECK(confiture_build_file(&schema, "none/out.sql", files, NULL, &error) == CONFITURE_E_SYSTEM);
    CHECK(error.index == CONFITURE_NO_INDEX);
    confiture_files_free(files);
    tree_clear();
}

/* ==== The first of several errors ======================================== */

static void face_words(void *user, const confiture_finding *finding) {
    strcat((char *)user, finding->name);
    strcat((char *)user, " ");
}

/* A finding is no reason to stop where findings are asked for; what cannot be read is. */
TEST(face, findings_and_errors) {
    static const struct {
        const char *missing; /* of a to f, of which b and e have findings */
        const char *alone;   /* without on_finding */
        const char *told, *with;
    } cases[] = {{"s/d.sql", "UNCLOSED s/b.sql:1: comment never closed", "b.sql ",
                  "SYSTEM s/d.sql: no such file or directory"},
                 {"s/a.sql", "SYSTEM s/a.sql: no such file or directory", "",
                  "SYSTEM s/a.sql: no such file or directory"},
                 {"s/f.sql", "UNCLOSED s/b.sql:1: comment never closed", "b.sql e.sql ",
                  "SYSTEM s/f.sql: no such file or directory"},
                 {NULL, "UNCLOSED s/b.sql:1: comment never closed", "b.sql e.sql ",
                  "UNCLOSED s/b.sql:1: comment never closed"}};
    static const char *const good = "SELECT 1;\n";
    confiture_build_options build;
    confiture_check_options check;
    confiture_schema schema;
    confiture_files *files;
    confiture_error error;
    char words[80];
    size_t i, r;
    for (i = 0; i < TREE_COUNT(cases); i++) {
        const char *const pairs[] = {"s/a.sql", good,      "s/b.sql", "/*",      "s/c.sql",
                                     good,      "s/d.sql", good,      "s/e.sql", "'",
                                     "s/f.sql", good,      NULL};
        tree_make(pairs);
        files = build_find("s");
        if (cases[i].missing != NULL) tree_remove(cases[i].missing);
        for (r = 0; r < RUNS; r++) {
            memset(&build, 0, sizeof build);
            memset(&check, 0, sizeof check);
            memset(&schema, 0, sizeof schema);
            build.run = check.run = runs_get(r);
            CHECK_STR(runs_outcome(confiture_check(files, &check, &error), &error), cases[i].alone);
            CHECK_STR(runs_outcome(confiture_build(&schema, files, &build, &error), &error),
                      cases[i].alone);
            build.on_finding = check.on_finding = face_words;
            build.finding_user = check.finding_user = words;
            words[0] = '\0';
            CHECK_STR(runs_outcome(confiture_check(files, &check, &error), &error), cases[i].with);
            CHECK_STR(words, cases[i].told);
            words[0] = '\0';
            CHECK_STR(runs_outcome(confiture_build(&schema, files, &build, &error), &error),
                      cases[i].with);
            CHECK_STR(words, cases[i].told);
            CHECK(schema.data == NULL);
        }
        confiture_files_free(files);
        tree_clear();
    }
}

#if !defined(_WIN32)
static void face_shut(const char *directory) {
    tree_directory(directory);
    tree_mode(directory, 0);
}

/* In a search: arguments, directories, patterns, paths, names; each is mended in turn. */
TEST(face, first_error_of_a_search) {
    static const char *const first[] = {"*.sql", "*/y/*.sql", "x/*.sql"};
    static const char *const second[] = {"z/*.sql"};
    static const char *const bad[] = {"**b"};
    static const char *const expected[] = {
        "ARGUMENT **b: \"**\" must stand alone between slashes",
        "SYSTEM a/1/y: permission denied",
        "SYSTEM a/2/y: permission denied",
        "SYSTEM a/x: permission denied",
        "NOT_FOUND b: the directory does not exist",
        "SYSTEM b/z: permission denied",
        "SYSTEM c: not a directory",
        "NAME a/0\\x01.sql: the file name holds a control character",
        "NAME b/q\\x02.sql: the file name holds a control character",
        "done"};
    confiture_directory directories[3];
    confiture_find_options options;
    confiture_files *files;
    confiture_error error;
    size_t step, r;
    tree_text("a/0\x01.sql", "");
    face_shut("a/1/y");
    face_shut("a/2/y");
    face_shut("a/x");
    tree_text("c", "");
    for (step = 0; step < TREE_COUNT(expected); step++) {
        directories[0] = find_directory("a");
        directories[0].include = first;
        directories[0].include_count = 3;
        directories[0].not_recursive = true;
        directories[1] = find_directory("b");
        directories[1].must_exist = true;
        directories[1].include = step < 8 ? second : first;
        directories[1].include_count = 1;
        directories[1].not_recursive = true;
        directories[2] = find_directory("c");
        directories[2].include = bad;
        directories[2].include_count = step == 0;
        if (step == 2) tree_mode("a/1/y", 0755);
        if (step == 3) tree_mode("a/2/y", 0755);
        if (step == 4) tree_mode("a/x", 0755);
        if (step == 5) face_shut("b/z");
        if (step == 5) tree_text("b/q\x02.sql", "");
        if (step == 6) tree_mode("b/z", 0755);
        if (step == 7) tree_remove("c");
        if (step == 8) tree_remove("a/0\x01.sql");
        if (step == 9) tree_remove("b/q\x02.sql");
        if (step == 9) tree_text("b/q.sql", "");
        for (r = 0; r < RUNS; r++) {
            memset(&options, 0, sizeof options);
            options.run = runs_get(r);
            files = NULL;
            tree_drop_rights();
            CHECK_STR(
                runs_outcome(confiture_find_all(&files, directories, 3, &options, &error), &error),
                expected[step]);
            tree_regain_rights();
            confiture_files_free(files);
        }
    }
    tree_clear();
}
#endif

TEST(face, version) {
    char text[40];
    sprintf(text, "%d.%d.%d", CONFITURE_VERSION_NUMBER / 10000,
            CONFITURE_VERSION_NUMBER / 100 % 100, CONFITURE_VERSION_NUMBER % 100);
    CHECK_STR(text, CONFITURE_VERSION);
#if CONFITURE_VERSION_NUMBER < 100 /* it is for #if, too */
#error "the version is a number"
#endif
}

/* ==== What is not given ================================================== */

#define FACE_NULL(call, argument)                                                                  \
    do {                                                                                           \
        memset(&error, 0, sizeof error);                                                           \
        CHECK_STR(runs_outcome(call, &error), "ARGUMENT " argument " must not be NULL");           \
        CHECK(error.path[0] == '\0' && error.index == CONFITURE_NO_INDEX);                         \
    } while (0)

/* Something that a failing call must take away. */
#define FACE_ANY ((confiture_files *)(void *)&error)

static void test_face_null_in_finding(void) {
    static const char *const strings[] = {"a", "b", NULL};
    confiture_find_options options;
    confiture_directory directories[2];
    confiture_files *files;
    confiture_error error;
    size_t i;
    memset(&options, 0, sizeof options);
    FACE_NULL(confiture_find(NULL, "s", NULL, &error), "files");
    files = FACE_ANY;
    FACE_NULL(confiture_find(&files, NULL, NULL, &error), "directory");
    CHECK(files == NULL);
    FACE_NULL(confiture_find_all(NULL, directories, 0, NULL, &error), "files");
    files = FACE_ANY;
    FACE_NULL(confiture_find_all(&files, NULL, 2, NULL, &error), "directories");
    CHECK(files == NULL);
    for (i = 0; i < 6; i++) {
        confiture_directory *second = &directories[1];
        directories[0] = find_directory("s");
        *second = find_directory("s");
        if (i == 1 || i == 2) second->include = i == 1 ? NULL : strings;
        if (i == 3 || i == 4) second->exclude = i == 3 ? NULL : strings;
        if (i == 5) second->path = NULL;
        second->include_count = i == 1 || i == 2 ? 3 : 0;
        second->exclude_count = i == 3 || i == 4 ? 3 : 0;
        files = FACE_ANY;
        if (i == 1)
            FACE_NULL(confiture_find_all(&files, directories, 2, NULL, &error),
                      "directories[1].include");
        if (i == 2)
            FACE_NULL(confiture_find_all(&files, directories, 2, NULL, &error),
                      "directories[1].include[2]");
        if (i == 3)
            FACE_NULL(confiture_find_all(&files, directories, 2, NULL, &error),
                      "directories[1].exclude");
        if (i == 4)
            FACE_NULL(confiture_find_all(&files, directories, 2, NULL, &error),
                      "directories[1].exclude[2]");
        if (i == 5)
            FACE_NULL(confiture_find_all(&files, directories, 2, NULL, &error),
                      "directories[1].path");
        CHECK(i == 0 || files == NULL);
    }
    options.exclude_dir_count = 3;
    FACE_NULL(confiture_find(&files, "s", &options, &error), "options->exclude_dirs");
    options.exclude_dirs = strings;
    FACE_NULL(confiture_find(&files, "s", &options, &error), "options->exclude_dirs[2]");
    FACE_NULL(confiture_files_from_paths(NULL, strings, 2, NULL, &error), "files");
    files = FACE_ANY;
    FACE_NULL(confiture_files_from_paths(&files, NULL, 1, NULL, &error), "paths");
    CHECK(files == NULL);
    files = FACE_ANY;
    FACE_NULL(confiture_files_from_paths(&files, strings, 3, NULL, &error), "paths[2]");
    CHECK(files == NULL);
    FACE_NULL(confiture_files_from_list0(NULL, "a", 2, NULL, &error), "files");
    files = FACE_ANY;
    FACE_NULL(confiture_files_from_list0(&files, NULL, 1, NULL, &error), "list");
    CHECK(files == NULL);
    FACE_NULL(confiture_pool_create(NULL, 1, NULL, &error), "pool");
    /* Nothing of nothing is a list. */
    CHECK(confiture_files_from_paths(&files, NULL, 0, NULL, NULL) == CONFITURE_OK);
    confiture_files_free(files);
    CHECK(confiture_files_from_list0(&files, NULL, 0, NULL, NULL) == CONFITURE_OK);
    confiture_files_free(files);
}

static void test_face_null_in_scanning(const confiture_files *files) {
    confiture_digest digest, zero;
    confiture_entry entries[1];
    confiture_error error;
    FACE_NULL(confiture_check(NULL, NULL, &error), "files");
    FACE_NULL(confiture_hash(NULL, files, NULL, &error), "digest");
    memset(&digest, 1, sizeof digest);
    memset(&zero, 0, sizeof zero);
    FACE_NULL(confiture_hash(&digest, NULL, NULL, &error), "files");
    CHECK(memcmp(&digest, &zero, sizeof digest) == 0);
    FACE_NULL(confiture_manifest(entries, NULL, NULL, &error), "files");
    FACE_NULL(confiture_manifest(NULL, files, NULL, &error), "entries");
}

static int face_write(void *user, const void *data, size_t size) {
    (void)data;
    *(size_t *)user += size;
    return 0;
}

static void test_face_null_in_building(const confiture_files *files) {
    static const char *const paths[3] = {"pre.sql", "app.sql", NULL};
    static const char *const good[3] = {"pre.sql", "app.sql", "post.sql"};
    static confiture_verification verified[3];
    confiture_schema schema, three[3];
    confiture_build_options options;
    confiture_error error;
    confiture_sink sink;
    size_t written = 0;
    memset(&schema, 0, sizeof schema);
    memset(three, 0, sizeof three);
    memset(&options, 0, sizeof options);
    sink.write = NULL;
    sink.user = &written;
    FACE_NULL(confiture_build(NULL, files, NULL, &error), "schema");
    FACE_NULL(confiture_build(&schema, NULL, NULL, &error), "files");
    FACE_NULL(confiture_build_sink(NULL, &sink, files, NULL, &error), "schema");
    FACE_NULL(confiture_build_sink(&schema, NULL, files, NULL, &error), "sink");
    FACE_NULL(confiture_build_sink(&schema, &sink, files, NULL, &error), "sink->write");
    sink.write = face_write;
    FACE_NULL(confiture_build_sink(&schema, &sink, NULL, NULL, &error), "files");
    FACE_NULL(confiture_build_file(NULL, "o.sql", files, NULL, &error), "schema");
    FACE_NULL(confiture_build_file(&schema, NULL, files, NULL, &error), "path");
    FACE_NULL(confiture_build_file(&schema, "o.sql", NULL, NULL, &error), "files");
    FACE_NULL(confiture_build_split(NULL, files, NULL, &error), "schemas");
    FACE_NULL(confiture_build_split(three, NULL, NULL, &error), "files");
    FACE_NULL(confiture_build_split_files(NULL, good, files, NULL, &error), "schemas");
    FACE_NULL(confiture_build_split_files(three, paths, files, NULL, &error), "paths[2]");
    FACE_NULL(confiture_build_split_files(three, good, NULL, NULL, &error), "files");
    FACE_NULL(confiture_build_split_files(three, NULL, files, NULL, &error), "paths");
    FACE_NULL(confiture_verify_file(NULL, "o.sql", files, NULL, &error), "result");
    FACE_NULL(confiture_verify_file(&verified[0], NULL, files, NULL, &error), "path");
    FACE_NULL(confiture_verify_file(&verified[0], "o.sql", NULL, NULL, &error), "files");
    FACE_NULL(confiture_verify_split_files(NULL, good, files, NULL, &error), "results");
    FACE_NULL(confiture_verify_split_files(verified, paths, files, NULL, &error), "paths[2]");
    FACE_NULL(confiture_verify_split_files(verified, NULL, files, NULL, &error), "paths");
    FACE_NULL(confiture_verify_split_files(verified, good, NULL, NULL, &error), "files");
    options.pre_dir_count = 1;
    FACE_NULL(confiture_build_split(three, files, &options, &error), "options->pre_dirs");
    FACE_NULL(confiture_verify_split_files(verified, good, files, &options, &error),
              "options->pre_dirs");
    options.pre_dirs = &paths[2];
    FACE_NULL(confiture_build_split(three, files, &options, &error), "options->pre_dirs[0]");
    CHECK(confiture_build(&schema, files, &options, NULL) == CONFITURE_OK); /* not looked at */
    options.pre_dir_count = 0;
    options.post_dir_count = 3;
    FACE_NULL(confiture_build_split(three, files, &options, &error), "options->post_dirs");
    options.post_dirs = paths;
    FACE_NULL(confiture_build_split(three, files, &options, &error), "options->post_dirs[2]");
    CHECK(written == 0 && schema.size > 0);
    /* A call that is refused empties the schema like one that fails. */
    FACE_NULL(confiture_build(&schema, NULL, NULL, &error), "files");
    CHECK(schema.size == 0 && schema.data != NULL && schema.data[0] == '\0');
    FACE_NULL(confiture_build_file(&schema, "o.sql", NULL, NULL, &error), "files");
    CHECK(schema.data == NULL);
}

TEST(face, null_is_an_error) {
    confiture_files *files;
    tree_text("s/a.sql", "SELECT 1;\n");
    files = build_find("s");
    test_face_null_in_finding();
    test_face_null_in_scanning(files);
    test_face_null_in_building(files);
    /* Nor does it take an error to put it into. */
    CHECK(confiture_find(NULL, NULL, NULL, NULL) == CONFITURE_E_ARGUMENT);
    CHECK(confiture_build(NULL, NULL, NULL, NULL) == CONFITURE_E_ARGUMENT);
    CHECK(confiture_pool_create(NULL, 0, NULL, NULL) == CONFITURE_E_ARGUMENT);
    confiture_files_free(files);
    tree_clear();
}

#define FACE_UNKNOWN(call, what)                                                                   \
    do {                                                                                           \
        memset(&error, 0, sizeof error);                                                           \
        CHECK_STR(runs_outcome(call, &error), "ARGUMENT unknown " what);                           \
        CHECK(error.path[0] == '\0' && error.index == CONFITURE_NO_INDEX);                         \
    } while (0)

static void test_face_unknown_in_finding(void) {
    static const char *const paths[1] = {"a.sql"};
    confiture_find_options options;
    confiture_files *files = NULL;
    confiture_error error;
    size_t i;
    for (i = 0; i < 2; i++) {
        static const char *const what[2] = {"ARGUMENT unknown order of files",
                                            "ARGUMENT unknown way of reading"};
        memset(&options, 0, sizeof options);
        if (i == 0) options.sort = (confiture_sort)(CONFITURE_SORT_HEX + 1);
        else options.run.io = (confiture_io)(CONFITURE_IO_RING + 1);
        CHECK_STR(runs_outcome(confiture_find(&files, ".", &options, &error), &error), what[i]);
        CHECK(files == NULL && error.index == CONFITURE_NO_INDEX);
        CHECK_STR(
            runs_outcome(confiture_files_from_paths(&files, paths, 1, &options, &error), &error),
            what[i]);
        CHECK(files == NULL);
        CHECK_STR(
            runs_outcome(confiture_files_from_list0(&files, "a.sql", 5, &options, &error), &error),
            what[i]);
        CHECK(files == NULL);
    }
}

static void test_face_unknown_in_building(const confiture_files *files) {
    confiture_build_options options;
    confiture_schema schema;
    confiture_error error;
    confiture_sink sink;
    size_t written = 0;
    memset(&options, 0, sizeof options);
    memset(&schema, 0, sizeof schema);
    sink.write = face_write;
    sink.user = &written;
    options.run.io = (confiture_io)99;
    FACE_UNKNOWN(confiture_build(&schema, files, &options, &error), "way of reading");
    FACE_UNKNOWN(confiture_build_sink(&schema, &sink, files, &options, &error), "way of reading");
    FACE_UNKNOWN(confiture_build_file(&schema, "o.sql", files, &options, &error), "way of reading");
    options.run.io = CONFITURE_IO_AUTO;
    options.check = (confiture_check_mode)(CONFITURE_CHECK_NONE + 1);
    FACE_UNKNOWN(confiture_build_sink(&schema, &sink, files, &options, &error), "check mode");
    options.check = CONFITURE_CHECK_DEFAULT;
    options.separator = (confiture_separator)(CONFITURE_SEPARATOR_NONE + 1);
    FACE_UNKNOWN(confiture_build_sink(&schema, &sink, files, &options, &error), "separator style");
    CHECK(written == 0 && schema.data == NULL);
}

/* Values that no enumeration has: of a later version, or memory that nobody cleared. */
TEST(face, unknown_is_an_error) {
    confiture_files *files;
    confiture_check_options check;
    confiture_manifest_options manifest;
    confiture_hash_options hash;
    confiture_entry entries[1];
    confiture_digest digest;
    confiture_error error;
    tree_text("s/a.sql", "SELECT 1;\n");
    files = build_find("s");
    memset(&check, 0, sizeof check);
    memset(&manifest, 0, sizeof manifest);
    memset(&hash, 0, sizeof hash);
    test_face_unknown_in_finding();
    test_face_unknown_in_building(files);
    check.run.io = manifest.run.io = hash.run.io = (confiture_io)(CONFITURE_IO_RING + 1);
    FACE_UNKNOWN(confiture_check(files, &check, &error), "way of reading");
    FACE_UNKNOWN(confiture_manifest(entries, files, &manifest, &error), "way of reading");
    FACE_UNKNOWN(confiture_hash(&digest, files, &hash, &error), "way of reading");
    check.run.io = hash.run.io = CONFITURE_IO_AUTO;
    check.mode = (confiture_check_mode)(CONFITURE_CHECK_NONE + 1);
    hash.kind = (confiture_digest_kind)99;
    FACE_UNKNOWN(confiture_check(files, &check, &error), "check mode");
    FACE_UNKNOWN(confiture_hash(&digest, files, &hash, &error), "kind of digest");
    confiture_files_free(files);
    tree_clear();
}

TEST(face, null_where_there_is_no_status) {
    static const uint8_t zero[32] = {0};
    confiture_sha256 sha;
    uint8_t digest[32], expected[32];
    char hex[65];
    CHECK(confiture_files_count(NULL) == 0 && confiture_files_base(NULL) == NULL);
    CHECK(confiture_files_path(NULL, 0) == NULL && confiture_files_name(NULL, 0) == NULL);
    CHECK(!confiture_files_is_seed(NULL, 0));
    confiture_files_free(NULL);
    confiture_schema_free(NULL);
    confiture_pool_free(NULL);
    confiture_sha256_init(NULL);
    confiture_sha256_update(NULL, "a", 1);
    confiture_sha256_final(NULL, digest);
    confiture_sha256_hex(NULL, hex);
    confiture_sha256_init(&sha);
    confiture_sha256_final(&sha, NULL);
    confiture_sha256_hex(digest, NULL);
    confiture_sha256_once("a", 1, NULL);
    /* No bytes of nothing are nothing; some are no message, whatever comes before and after. */
    confiture_sha256_once("", 0, expected);
    confiture_sha256_once(NULL, 0, digest);
    CHECK(memcmp(digest, expected, 32) == 0);
    confiture_sha256_once(NULL, 1, digest);
    CHECK(memcmp(digest, zero, 32) == 0);
    confiture_sha256_init(&sha);
    confiture_sha256_update(&sha, "a", 1);
    confiture_sha256_update(&sha, NULL, 7);
    confiture_sha256_update(&sha, "b", 1);
    confiture_sha256_final(&sha, digest);
    CHECK(memcmp(digest, zero, 32) == 0);
}

/* ==== What is left to free =============================================== */

TEST(face, first_build_that_fails_leaves_nothing) {
    static const char *const bad[] = {"s/open.sql", "s/text.sql", "s/none.sql"};
    static const char *const words[] = {"/* ", "\xFF", ""};
    confiture_build_options options;
    confiture_schema schema, three[3], zero;
    confiture_files *files;
    char *large;
    size_t i, way, r;
    memory m;
    memory_init(&m);
    memset(&zero, 0, sizeof zero);
    large = (char *)malloc(3000001);
    if (large == NULL) abort();
    memset(large, ' ', 3000000);
    large[3000000] = '\0';
    for (i = 0; i < TREE_COUNT(bad); i++) {
        tree_text("s/a.sql", large); /* so that much is there before it fails */
        tree_text("s/b.sql", "SELECT 1;\n");
        tree_text(bad[i], words[i]);
        files = build_find("s");
        if (*words[i] == '\0') tree_remove(bad[i]);
        for (r = 0; r < RUNS; r += 3) {
            for (way = 0; way < 3; way++) {
                memset(&options, 0, sizeof options);
                memset(&schema, 0, sizeof schema);
                memset(three, 0, sizeof three);
                options.run = runs_get(r);
                options.run.allocator = &m.allocator;
                options.schema_only = way == 1;
                if (way < 2) {
                    CHECK(confiture_build(&schema, files, &options, NULL) != CONFITURE_OK);
                    CHECK(memcmp(&schema, &zero, sizeof schema) == 0);
                } else {
                    CHECK(confiture_build_split(three, files, &options, NULL) != CONFITURE_OK);
                    CHECK(memcmp(&three[0], &zero, sizeof zero) == 0);
                    CHECK(memcmp(&three[1], &zero, sizeof zero) == 0);
                    CHECK(memcmp(&three[2], &zero, sizeof zero) == 0);
                }
                CHECK(memory_is_clean(&m));
            }
        }
        confiture_files_free(files);
        tree_clear();
    }
    free(large);
}

TEST(face, schema_goes_back_to_its_own_allocator) {
    confiture_build_options options;
    confiture_schema schema;
    confiture_files *files, *bad;
    const char *path = "s/missing.sql";
    memory a, b;
    memory_init(&a);
    memory_init(&b);
    memset(&options, 0, sizeof options);
    memset(&schema, 0, sizeof schema);
    tree_text("s/a.sql", "SELECT 1;\n");
    files = build_find("s");
    CHECK(confiture_files_from_paths(&bad, &path, 1, NULL, NULL) == CONFITURE_OK);
    options.run.allocator = &a.allocator;
    CHECK(confiture_build(&schema, files, &options, NULL) == CONFITURE_OK);
    CHECK(a.blocks == 1 && schema.allocator.ctx == a.allocator.ctx);
    options.run.allocator = NULL; /* malloc() is another, too */
    CHECK(confiture_build(&schema, files, &options, NULL) == CONFITURE_OK);
    CHECK(memory_is_clean(&a) && schema.allocator.ctx != a.allocator.ctx);
    options.run.allocator = &b.allocator;
    CHECK(confiture_build(&schema, files, &options, NULL) == CONFITURE_OK && b.blocks == 1);
    /* A failure with another allocator frees as well, and leaves nothing. */
    options.run.allocator = &a.allocator;
    CHECK(confiture_build(&schema, bad, &options, NULL) == CONFITURE_E_SYSTEM);
    CHECK(schema.data == NULL && memory_is_clean(&a) && memory_is_clean(&b));
    /* What cannot be an allocator is not asked to free anything. */
    options.run.allocator = &b.allocator;
    CHECK(confiture_build(&schema, files, &options, NULL) == CONFITURE_OK && b.blocks == 1);
    memset(&a.allocator, 0, sizeof a.allocator);
    options.run.allocator = &a.allocator;
    CHECK(confiture_build(&schema, files, &options, NULL) == CONFITURE_E_ARGUMENT);
    CHECK(b.blocks == 1 && schema.data != NULL && schema.data[0] == '\0' && schema.size == 0);
    confiture_schema_free(&schema);
    CHECK(memory_is_clean(&b));
    confiture_files_free(files);
    confiture_files_free(bad);
    tree_clear();
}
