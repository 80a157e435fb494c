/* The public face: what every function does with what it cannot use, and what a caller has to
 * free, and what it learns. */

/* ==== Which file an error is about ======================================= */

typedef struct face_indices {
    size_t at[16];
    size_t count;
} face_indices;

static void face_on_finding(void *user, const confiture_finding *finding) {
    face_indices *told = (face_indices *)user;
    if (told->count < TREE_COUNT(told->at)) told->at[told->count++] = finding->index;
}

static void test_face_index_of_what_cannot_be_read(void) {
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
static void test_face_index_is_that_of_the_callers_list(void) {
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

static void test_face_no_index_of_what_is_no_file(void) {
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

static void test_face_version(void) {
    char text[40];
    sprintf(text, "%d.%d.%d", CONFITURE_VERSION_NUMBER / 10000,
            CONFITURE_VERSION_NUMBER / 100 % 100, CONFITURE_VERSION_NUMBER % 100);
    CHECK_STR(text, CONFITURE_VERSION);
#if CONFITURE_VERSION_NUMBER < 100 /* it is for #if, too */
#error "the version is a number"
#endif
}

static void test_face(void) {
    tree_open();
    test_face_index_of_what_cannot_be_read();
    test_face_index_is_that_of_the_callers_list();
    test_face_no_index_of_what_is_no_file();
    test_face_version();
    tree_close();
}
