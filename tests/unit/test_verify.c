/* Verifications: whether a file is what a list builds, and if not, where they part and why. */

SUITE(verify, tree_suite_begins, tree_suite_ends_whole);

/* What a verification came to: "matches", the message, or the error. The same however it is run;
 * runs: how many of the ways. Nothing is written. */
static const char *verify_runs(const char *path, const confiture_files *files,
                               const confiture_build_options *given, size_t runs) {
    static char first[9000];
    static confiture_verification found;
    confiture_build_options options;
    confiture_error error;
    memory m;
    size_t r;
    memset(&options, 0, sizeof options);
    if (given != NULL) options = *given;
    if (given == NULL) options.check = CONFITURE_CHECK_QUOTES;
    for (r = 0; r < runs; r++) {
        confiture_status status;
        const char *outcome;
        memory_init(&m);
        options.run = runs_get(r);
        if (options.run.pool == NULL) options.run.allocator = &m.allocator;
        memset(&found, 0xA5, sizeof found);
        status = confiture_verify_file(&found, path, files, &options, &error);
        outcome = status != CONFITURE_OK ? runs_outcome(status, &error)
                  : found.matches        ? "matches"
                                         : found.message;
        CHECK_QUIET(memory_is_clean(&m));
        CHECK_QUIET(!found.matches || (found.message[0] == '\0' && found.line == 0 &&
                                       found.index == CONFITURE_NO_INDEX && found.total_bytes > 0));
        CHECK_QUIET((found.difference == CONFITURE_DIFFERENCE_NONE) ==
                    (found.matches || status != CONFITURE_OK));
        if (r == 0) strcpy(first, outcome);
        if (!CHECK_STR(outcome, first)) runs_note("run", (int)r, 0, 0);
    }
    CHECK_QUIET(tree_temporaries(".") == 0);
    return first;
}

static const char *verify(const char *path, const confiture_files *files,
                          const confiture_build_options *options) {
    return verify_runs(path, files, options, 3);
}

static confiture_files *verify_find(const char *directory) {
    confiture_files *files = NULL;
    if (confiture_find(&files, directory, NULL, NULL)) tree_die("find", directory);
    return files;
}

/* Builds the schema that is verified. */
static void verify_build(const char *path, const confiture_files *files,
                         const confiture_build_options *given) {
    confiture_build_options options;
    confiture_schema schema;
    confiture_error error;
    memset(&options, 0, sizeof options);
    memset(&schema, 0, sizeof schema);
    if (given != NULL) options = *given;
    if (given == NULL) options.check = CONFITURE_CHECK_QUOTES;
    CHECK_STR(runs_outcome(confiture_build_file(&schema, path, files, &options, &error), &error),
              "done");
    confiture_schema_free(&schema);
}

/* Searches, verifies, and compares the outcome. */
static bool verify_says(const char *expected, const confiture_build_options *options, int line) {
    confiture_files *files = verify_find("s");
    bool good = CHECK_STR(verify("out.sql", files, options), expected);
    if (!good) runs_note("line", line, 0, 0);
    confiture_files_free(files);
    return good;
}

TEST(verify, what_was_built_matches) {
    static const char *const make[] = {"s/a.sql",
                                       "SELECT 1;\r\nSELECT 2;\r",
                                       "s/b.sql",
                                       "",
                                       "s/b1.sql",
                                       "\xEF\xBB\xBFSELECT 3",
                                       "s/seeds/c.sql",
                                       "SELECT 4;\n\n",
                                       "s/z.sql",
                                       "SELECT 5;",
                                       NULL};
    confiture_build_options options;
    confiture_header header;
    confiture_files *files, *none;
    size_t i;
    memset(&header, 0, sizeof header);
    tree_make(make);
    tree_fill("s/l.sql", 2200000, 5);
    tree_append("s/l.sql", ";");
    files = verify_find("s");
    for (i = 0; i < 80; i++) {
        memset(&options, 0, sizeof options);
        options.check = CONFITURE_CHECK_NONE;
        options.separator = (confiture_separator)(i % 5);
        options.separator_template = "-- {{{file_path}}} {file_path}";
        header.timestamp = i % 4 < 2 ? "then" : NULL;
        if (i / 5 % 2 == 1) options.header = &header;
        options.schema_only = i / 10 % 2 == 1;
        options.no_digest = options.header == NULL && i % 3 == 0;
        options.keep_line_ends = i / 20 % 2 == 1;
        options.strip_bom = i / 40 == 1;
        options.terminate = i % 7 == 0;
        if (options.terminate) options.check = CONFITURE_CHECK_POSTGRES;
        if (options.terminate) options.strip_bom = true;
        if (options.terminate) options.keep_line_ends = false;
        if (options.terminate) tree_text("s/l.sql", "SELECT 6");
        verify_build("out.sql", files, &options);
        header.timestamp = "another, and longer";
        if (!CHECK_STR(verify_runs("out.sql", files, &options, i < 2 ? RUNS : 2), "matches"))
            runs_note("options", (int)i, 0, 0);
    }
    confiture_files_free(files);
    if (!CHECK(confiture_files_from_paths(&none, NULL, 0, NULL, NULL) == CONFITURE_OK)) abort();
    memset(&options, 0, sizeof options);
    options.header = &header;
    verify_build("out.sql", none, &options);
    CHECK_STR(verify("out.sql", none, &options), "matches");
    confiture_files_free(none);
    tree_clear();
}

/* Each kind of difference, in the words of a message, and the members that belong to it. */
TEST(verify, says_what_differs) {
    static const char *const make[] = {"s/a.sql",         "A1;\r\nA2;\r\n", "s/b.sql",
                                       "B1;\nB2;\nB3;\n", "s/c.sql",        "C1;\n",
                                       "s/d.sql",         "D1;\nD2;",       NULL};
    confiture_build_options options;
    confiture_verification found;
    confiture_files *files;
    char *built, *other;
    size_t size;
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    tree_make(make);
    verify_says("out.sql: out of date: missing", NULL, __LINE__);
    files = verify_find("s");
    verify_build("out.sql", files, NULL);
    confiture_files_free(files);
    built = tree_read("out.sql", &size);
    verify_says("matches", NULL, __LINE__);
    tree_text("s/a.sql", "A1;\nA2;\n"); /* which the schema does not show */
    verify_says("matches", NULL, __LINE__);
    /* The first line, the last, and one more or one fewer. */
    tree_text("s/a.sql", "X1;\nA2;\n");
    verify_says("out.sql:6: out of date: s/a.sql:1 differs", NULL, __LINE__);
    tree_text("s/a.sql", "A1;\r\nA3;\r\n");
    verify_says("out.sql:7: out of date: s/a.sql:2 differs", NULL, __LINE__);
    tree_text("s/a.sql", "A1;\nA2;\nA3;\n");
    verify_says("out.sql:8: out of date: s/a.sql:3 differs", NULL, __LINE__);
    tree_text("s/a.sql", "A1;\n");
    verify_says("out.sql:7: out of date: s/a.sql:1 is the file's last line, and here it goes on",
                NULL, __LINE__);
    tree_text("s/a.sql", "A1;\nA2;\n");
    tree_text("s/d.sql", "D1;\n");
    verify_says("out.sql:28: out of date: it has more than the list builds", NULL, __LINE__);
    tree_text("s/d.sql", "D1;\nD2;\nD3;\n");
    verify_says("out.sql:29: out of date: it ends early, before the end of s/d.sql:3", NULL,
                __LINE__);
    tree_text("s/d.sql", "D1;\nD2;");
    verify_says("matches", NULL, __LINE__);
    /* Files that are new and gone: first, between, and last. */
    tree_text("s/0.sql", "0;\n");
    verify_says("out.sql:3: out of date: s/0.sql is new", NULL, __LINE__);
    tree_remove("s/0.sql");
    tree_text("s/b0.sql", "0;\n");
    tree_text("s/b1.sql", "0;\n");
    verify_says("out.sql:18: out of date: s/b0.sql is new", NULL, __LINE__);
    tree_remove("s/b0.sql");
    tree_remove("s/b1.sql");
    tree_text("s/e.sql", "0;\n");
    verify_says("out.sql:29: out of date: s/e.sql is new", NULL, __LINE__);
    tree_remove("s/e.sql");
    tree_remove("s/a.sql");
    verify_says("out.sql:3: out of date: \"a.sql\" is no longer there", NULL, __LINE__);
    files = verify_find("s");
    CHECK(confiture_verify_file(&found, "out.sql", files, &options, NULL) == CONFITURE_OK);
    CHECK(!found.matches && found.difference == CONFITURE_DIFFERENCE_GONE && found.line == 3 &&
          found.index == CONFITURE_NO_INDEX && found.source_line == 0 && found.file_count == 3);
    CHECK_STR(found.name, "a.sql");
    confiture_files_free(files);
    tree_text("s/a.sql", "A1;\nA2;\n");
    tree_remove("s/d.sql");
    verify_says("out.sql:22: out of date: \"d.sql\" is no longer there", NULL, __LINE__);
    tree_text("s/d.sql", "D1;\nD2;");
    /* A renamed file is gone, and there is a new one, of which the first is said. */
    tree_remove("s/c.sql");
    tree_text("s/c_renamed.sql", "C1;\n");
    verify_says("out.sql:18: out of date: \"c.sql\" is no longer there", NULL, __LINE__);
    tree_remove("s/c_renamed.sql");
    tree_text("s/c.sql", "C1;\n");
    /* The same files in another order, and one of them twice. */
    {
        static const char *const other_order[] = {"s/a.sql", "s/c.sql", "s/b.sql", "s/d.sql"};
        static const char *const once[] = {"s/a.sql", "s/b.sql", "s/c.sql", "s/d.sql"};
        static const char *const twice[] = {"s/a.sql", "s/b.sql", "s/a.sql", "s/c.sql", "s/d.sql"};
        confiture_find_options find;
        memset(&find, 0, sizeof find);
        find.base = "s";
        CHECK(confiture_files_from_paths(&files, other_order, 4, &find, NULL) == CONFITURE_OK);
        CHECK_STR(verify("out.sql", files, NULL),
                  "out.sql:10: out of date: the order differs, expected s/c.sql here");
        confiture_files_free(files);
        CHECK(confiture_files_from_paths(&files, twice, 5, &find, NULL) == CONFITURE_OK);
        verify_build("twice.sql", files, NULL);
        confiture_files_free(files);
        CHECK(confiture_files_from_paths(&files, once, 4, &find, NULL) == CONFITURE_OK);
        CHECK_STR(verify("twice.sql", files, NULL),
                  "twice.sql:18: out of date: s/a.sql is here once more");
        confiture_files_free(files);
    }
    /* What somebody did to the schema itself. */
    tree_text("out.sql", "");
    verify_says("out.sql:1: out of date: it is empty", NULL, __LINE__);
    tree_write("out.sql", built, 60);
    verify_says("out.sql:3: out of date: it ends early, in the separator before s/a.sql", NULL,
                __LINE__);
    tree_write("out.sql", built, size - 1);
    verify_says("out.sql:28: out of date: it ends early, before the end of s/d.sql:2", NULL,
                __LINE__);
    tree_write("out.sql", built, size);
    tree_append("out.sql", "\n");
    verify_says("out.sql:29: out of date: it has more than the list builds", NULL, __LINE__);
    other = (char *)malloc(size);
    memcpy(other, built, size);
    memcpy(strstr(other, " * File: b"), " * Line: b", 10);
    tree_write("out.sql", other, size);
    verify_says("out.sql:10: out of date: the separator before s/b.sql differs", NULL, __LINE__);
    free(other);
    free(built);
    tree_clear();
}

/* Options that differ, as far as the first lines show it. */
TEST(verify, says_which_options_differ) {
    static const char *const make[] = {"s/a.sql", "A;\n", "s/seeds/b.sql", "B;\n", "s/z.sql",
                                       "Z;\n",    NULL};
    confiture_build_options built, options;
    confiture_header header, other;
    confiture_files *files;
    memset(&built, 0, sizeof built);
    memset(&header, 0, sizeof header);
    memset(&other, 0, sizeof other);
    built.check = CONFITURE_CHECK_QUOTES;
    options = built;
    tree_make(make);
    files = verify_find("s");
    options.separator = CONFITURE_SEPARATOR_LINE_COMMENT;
    verify_build("out.sql", files, &built);
    CHECK_STR(verify("out.sql", files, &options),
              "out.sql:2: out of date: its separators are of the style block_comment");
    options.separator = CONFITURE_SEPARATOR_NONE;
    CHECK_STR(verify("out.sql", files, &options),
              "out.sql:1: out of date: its separators are of the style block_comment");
    built.separator = CONFITURE_SEPARATOR_MYSQL;
    built.check = CONFITURE_CHECK_QUOTES;
    verify_build("out.sql", files, &built);
    options.separator = CONFITURE_SEPARATOR_CUSTOM;
    options.separator_template = "-- {file_path}";
    CHECK_STR(verify("out.sql", files, &options),
              "out.sql:2: out of date: its separators are of the style mysql");
    built = options;
    verify_build("out.sql", files, &built);
    options.separator_template = "-- {file_path} --";
    CHECK_STR(verify("out.sql", files, &options),
              "out.sql:2: out of date: the separator before s/a.sql differs");
    options.separator = built.separator = CONFITURE_SEPARATOR_BLOCK_COMMENT;
    options.header = &header;
    verify_build("out.sql", files, &built);
    CHECK_STR(verify("out.sql", files, &options), "out.sql:1: out of date: it has no header");
    verify_build("out.sql", files, &options);
    CHECK_STR(verify("out.sql", files, &built), "out.sql:1: out of date: it has a header");
    other.environment = "production";
    built.header = &other;
    CHECK_STR(verify("out.sql", files, &built),
              "out.sql:5: out of date: the environment in its header differs");
    options.schema_only = true;
    CHECK_STR(verify("out.sql", files, &options),
              "out.sql:23: out of date: s/seeds/b.sql is left out");
    options.schema_only = false;
    options.keep_line_ends = true;
    tree_text("s/a.sql", "A;\r\n");
    CHECK_STR(verify("out.sql", files, &options),
              "out.sql:20: out of date: s/a.sql:1 has CR or CRLF, the schema LF");
    confiture_files_free(files);
    tree_clear();
}

/* What the build has as well shows no option: the text of a file may begin like a separator or a
 * header, and a template like another style. */
TEST(verify, takes_no_start_that_the_build_has_for_an_option) {
    static const char *const make[] = {"s/a.sql", "", "t/a.sql", "A;\n", "u/b.sql", "A;\n", NULL};
    static const confiture_separator styles[] = {CONFITURE_SEPARATOR_BLOCK_COMMENT,
                                                 CONFITURE_SEPARATOR_LINE_COMMENT,
                                                 CONFITURE_SEPARATOR_MYSQL};
    confiture_build_options options;
    confiture_header header;
    confiture_files *files, *others;
    size_t i;
    memset(&header, 0, sizeof header);
    tree_make(make);
    files = verify_find("t");
    others = verify_find("s");
    for (i = 0; i < 4; i++) {
        memset(&options, 0, sizeof options);
        options.check = CONFITURE_CHECK_QUOTES;
        if (i < 3) options.separator = styles[i];
        if (i == 3) options.header = &header;
        verify_build("s/a.sql", files, &options);
        tree_append("s/a.sql", "B;\n");
        options.header = NULL;
        options.separator = CONFITURE_SEPARATOR_NONE;
        verify_build("out.sql", others, &options);
        tree_append("s/a.sql", "C;\n");
        tree_append("out.sql", "D;\n");
        if (!CHECK(strstr(verify("out.sql", others, &options), " differs") != NULL))
            runs_note("style", (int)i, 0, 0);
    }
    confiture_files_free(others);
    others = verify_find("u");
    options.separator = CONFITURE_SEPARATOR_CUSTOM;
    options.separator_template = "/* ==========================================\n"
                                 " * File: {file_path}\n*/";
    verify_build("out.sql", files, &options);
    CHECK_STR(verify("out.sql", others, &options),
              "out.sql:3: out of date: \"a.sql\" is no longer there");
    confiture_files_free(others);
    confiture_files_free(files);
    tree_clear();
}

/* A checkout that has made CRLF of LF. */
TEST(verify, says_that_line_ends_differ) {
    static const char *const make[] = {"s/a.sql", "A;\nB;\n", NULL};
    confiture_build_options options;
    confiture_header header;
    confiture_files *files;
    memset(&options, 0, sizeof options);
    memset(&header, 0, sizeof header);
    options.check = CONFITURE_CHECK_QUOTES;
    tree_make(make);
    files = verify_find("s");
    tree_text("out.sql", "\r\n/* ==");
    CHECK_STR(verify("out.sql", files, &options),
              "out.sql:1: out of date: it has CR or CRLF where the build has LF");
    options.header = &header;
    tree_text("out.sql", "-- ============================================\r\n-- P");
    CHECK_STR(verify("out.sql", files, &options),
              "out.sql:1: out of date: it has CR or CRLF where the build has LF");
    options.header = NULL;
    options.separator = CONFITURE_SEPARATOR_NONE;
    tree_text("out.sql", "A;\nB;\r\n");
    CHECK_STR(verify("out.sql", files, &options),
              "out.sql:2: out of date: it has CR or CRLF where the build has LF, from s/a.sql:2");
    tree_text("s/a.sql", "A;\r\nB;\r\n");
    tree_text("out.sql", "A;\r\nB;\r\n");
    CHECK_STR(verify("out.sql", files, &options),
              "out.sql:1: out of date: it has CR or CRLF where the build has LF, from s/a.sql:1");
    confiture_files_free(files);
    tree_clear();
}

/* Of the header, the time is not compared, and what a file explains comes last. */
TEST(verify, compares_the_header_last) {
    static const char *const make[] = {"s/a.sql", "A;\n", "s/seeds/b.sql", "B;\n", NULL};
    static const struct {
        const char *from, *to, *expected;
    } cases[] = {
        {"Generated: then\n", "Generated: \n", "matches"},
        {"Generated: then\n", "Generated: then, and then \xFF\r\n", "matches"},
        {"Generated: then\n", "Generated: then\n\n", "out.sql:7: out of date: its header differs"},
        {"Generated: then\n", "Generated\n", "out.sql:6: out of date: its header differs"},
        {"Files Included: 2\n", "Files Included: 20\n",
         "out.sql:8: out of date: the number of files in its header differs"},
        {"Files Included: 2\n", "Files Included: \n",
         "out.sql:8: out of date: the number of files in its header differs"},
        {"Schema Hash: ", "Schema Hash: 0",
         "out.sql:7: out of date: only the digest of the sources differs: a change that the schema "
         "does not show, as of line ends"},
        {"-- DO NOT", "-- DO", "out.sql:11: out of date: its header differs"},
        {"local", "locals", "out.sql:5: out of date: the environment in its header differs"},
        {"Schema for", "Schema of", "out.sql:2: out of date: its header differs"},
        {"A;", "X;", "out.sql:20: out of date: s/a.sql:1 differs"}};
    confiture_build_options options;
    confiture_header header;
    confiture_files *files;
    char *built, *at;
    size_t size, i;
    memset(&options, 0, sizeof options);
    memset(&header, 0, sizeof header);
    options.check = CONFITURE_CHECK_QUOTES;
    options.header = &header;
    header.timestamp = "then";
    tree_make(make);
    files = verify_find("s");
    verify_build("out.sql", files, &options);
    built = tree_read("out.sql", &size);
    for (i = 0; i < TREE_COUNT(cases); i++) {
        char *other = (char *)calloc(1, size + 100);
        at = strstr(built, cases[i].from);
        memcpy(other, built, (size_t)(at - built));
        strcat(other, cases[i].to);
        strcat(other, at + strlen(cases[i].from));
        tree_text("out.sql", other);
        if (!CHECK_STR(verify("out.sql", files, &options), cases[i].expected))
            runs_note("case", (int)i, 0, 0);
        free(other);
    }
    for (i = 0; i < (size_t)(strstr(built, "\n\n/*") - built); i++) {
        tree_write("out.sql", built, i);
        CHECK(strstr(verify_runs("out.sql", files, &options, 1),
                     i == 0 ? "it is empty" : "it ends inside its header") != NULL);
    }
    tree_write("out.sql", built, size);
    tree_text("s/a.sql", "A;\r\n");
    CHECK_STR(verify("out.sql", files, &options), cases[6].expected);
    tree_text("s/a.sql", "A;\nA2;\n");
    CHECK_STR(verify("out.sql", files, &options), "out.sql:21: out of date: s/a.sql:2 differs");
    tree_text("s/a.sql", "A;\n");
    options.schema_only = true;
    verify_build("out.sql", files, &options);
    tree_text("s/seeds/b.sql", "B2;\n");
    CHECK(strstr(verify("out.sql", files, &options), "or of a file that is left out") != NULL);
    free(built);
    confiture_files_free(files);
    tree_clear();
}

/* The first line in which two texts differ, counted byte by byte. */
static uint64_t verify_line(const char *a, size_t a_size, const char *b, size_t b_size) {
    uint64_t line = 1;
    size_t i;
    for (i = 0; i < a_size && i < b_size && a[i] == b[i]; i++) line += a[i] == '\n';
    return i == a_size && i == b_size ? 0 : line;
}

/* A byte that differs around each end of a piece, of the schema and of a file. */
TEST(verify, finds_a_byte_at_the_end_of_a_piece) {
    static const size_t at[] = {262143,  262144,  262145,  524287, 524288,
                                2199990, 2200100, 2200101, 2200102};
    confiture_build_options options;
    confiture_verification found;
    confiture_files *files;
    char *built;
    size_t size, i, k, r;
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_NONE;
    options.separator = CONFITURE_SEPARATOR_NONE;
    tree_fill("s/a.sql", 100, 1);
    tree_fill("s/b.sql", 2200000, 2);
    tree_fill("s/c.sql", 300000, 3);
    files = verify_find("s");
    verify_build("out.sql", files, &options);
    built = tree_read("out.sql", &size);
    for (i = 0; i < TREE_COUNT(at); i++)
        for (r = 0; r < 6; r++) {
            char *other = tree_read("out.sql", &size);
            bool cut = r % 2 == 1;
            uint64_t line, in_file = 1;
            other[at[i]] = '\x01';
            tree_write("other.sql", other, cut ? at[i] : size);
            line = verify_line(built, size, other, cut ? at[i] : size);
            options.run = runs_get(r * 3);
            CHECK(confiture_verify_file(&found, "other.sql", files, &options, NULL) ==
                  CONFITURE_OK);
            /* b.sql begins after a.sql and the newline that it lacks. */
            for (k = at[i] < 2200101 ? 101 : 2200101; k < at[i]; k++) in_file += built[k] == '\n';
            CHECK(!found.matches && found.line == line);
            if (cut && at[i] == 2200101) in_file = 0; /* c.sql is new to a schema that ends here */
            if (!CHECK(found.index == (at[i] < 2200101 ? 1u : 2u) && found.source_line == in_file))
                runs_note("at, index, line", (int)at[i], (int)found.index, (int)found.source_line);
            free(other);
        }
    free(built);
    confiture_files_free(files);
    tree_clear();
}

/* Schemas and trees that are changed at random: the line is that of a comparison byte by byte, and
 * what is said of a file is so. */
TEST(verify, agrees_with_a_plain_comparison) {
    unsigned seed = 20240607, round;
    confiture_build_options options;
    confiture_verification found;
    confiture_schema schema;
    memset(&options, 0, sizeof options);
    memset(&schema, 0, sizeof schema);
    for (round = 0; round < 400; round++) {
        confiture_files *files;
        char name[32], *data;
        size_t size, i, count;
        uint64_t line;
        bool matches;
#define VERIFY_RANDOM(n) (seed = seed * 1103515245u + 12345u, (seed >> 16) % (n))
        options.check = CONFITURE_CHECK_NONE;
        options.separator = (confiture_separator)VERIFY_RANDOM(5);
        options.separator_template = "-- {file_path}";
        count = 1 + VERIFY_RANDOM(5);
        for (i = 0; i < count; i++) {
            sprintf(name, "s/%u.sql", (unsigned)VERIFY_RANDOM(9));
            tree_fill(name, VERIFY_RANDOM(20) == 0 ? 70000 : VERIFY_RANDOM(200), round);
        }
        files = verify_find("s");
        verify_build("out.sql", files, &options);
        confiture_files_free(files);
        switch (VERIFY_RANDOM(5)) { /* the tree, or the schema */
        case 0:
            sprintf(name, "s/%u.sql", (unsigned)VERIFY_RANDOM(9));
            tree_fill(name, VERIFY_RANDOM(200), round + 1);
            break;
        case 1:
            sprintf(name, "s/%u.sql", (unsigned)VERIFY_RANDOM(9));
            if (access(name, F_OK) == 0) tree_remove(name);
            tree_text("s/9.sql", "");
            break;
        case 2:
            data = tree_read("out.sql", &size);
            tree_write("out.sql", data, size == 0 ? 0 : VERIFY_RANDOM((unsigned)size));
            free(data);
            break;
        case 3:
            data = tree_read("out.sql", &size);
            if (size > 0) data[VERIFY_RANDOM((unsigned)size)] = "\n\rx*"[VERIFY_RANDOM(4)];
            tree_write("out.sql", data, size);
            free(data);
            break;
        default: tree_append("out.sql", "\nmore");
        }
        files = verify_find("s");
        options.run = runs_get(round % RUNS);
        CHECK_QUIET(confiture_verify_file(&found, "out.sql", files, &options, NULL) ==
                    CONFITURE_OK);
        CHECK_QUIET(confiture_build(&schema, files, &options, NULL) == CONFITURE_OK);
        data = tree_read("out.sql", &size);
        matches = size == schema.size && memcmp(data, schema.data, size) == 0;
        line = verify_line(data, size, schema.data, schema.size);
        if (!CHECK(found.matches == matches && found.line == line))
            runs_note("round, line, found", (int)round, (int)line, (int)found.line);
        if (found.index != CONFITURE_NO_INDEX && found.source_line != 0) {
            confiture_map map;
            confiture_place place;
            memset(&map, 0, sizeof map);
            options.map = &map;
            CHECK_QUIET(confiture_build(&schema, files, &options, NULL) == CONFITURE_OK);
            options.map = NULL;
            place = confiture_map_find(
                &map, found.difference == CONFITURE_DIFFERENCE_LONGER
                          ? confiture_map_line(&map, found.index, found.source_line)
                          : line);
            CHECK_QUIET(place.kind == CONFITURE_PLACE_TEXT && place.entry == found.index &&
                        place.line == found.source_line);
            confiture_map_free(&map);
        }
        free(data);
        confiture_files_free(files);
        tree_remove("s");
    }
    confiture_schema_free(&schema);
    tree_clear();
}

TEST(verify, compares_each_schema_of_a_split) {
    static const char *const make[] = {"s/app/a.sql", "A;\n", "s/post/b.sql", "B;\n", "s/pre/c.sql",
                                       "C;\n",        NULL};
    static const char *const paths[3] = {"1.sql", "2.sql", "3.sql"};
    static const char *const pre[] = {"s/pre"}, *const post[] = {"s/post"};
    confiture_build_options options;
    confiture_verification *found =
        (confiture_verification *)malloc(3 * sizeof(confiture_verification));
    confiture_schema schemas[3];
    confiture_header header;
    confiture_files *files;
    confiture_error error;
    const char *same[3] = {"1.sql", "2.sql", "./1.sql"};
    memset(&options, 0, sizeof options);
    memset(&header, 0, sizeof header);
    memset(schemas, 0, sizeof schemas);
    options.pre_dirs = pre, options.pre_dir_count = 1;
    options.post_dirs = post, options.post_dir_count = 1;
    options.check = CONFITURE_CHECK_QUOTES;
    options.header = &header;
    tree_make(make);
    files = verify_find("s");
    CHECK(confiture_build_split_files(schemas, paths, files, &options, NULL) == CONFITURE_OK);
    CHECK(confiture_verify_split_files(found, paths, files, &options, NULL) == CONFITURE_OK);
    CHECK(found[0].matches && found[1].matches && found[2].matches);
    CHECK(found[0].file_count == 1 && found[2].total_bytes == schemas[2].total_bytes);
    tree_text("s/app/a.sql", "A2;\n");
    tree_remove("3.sql");
    CHECK(confiture_verify_split_files(found, paths, files, &options, NULL) == CONFITURE_OK);
    CHECK(found[0].difference == CONFITURE_DIFFERENCE_DIGEST && found[0].line == 7);
    CHECK_STR(found[1].message, "2.sql:20: out of date: s/app/a.sql:1 differs");
    CHECK_STR(found[2].message, "3.sql: out of date: missing");
    options.header = NULL;
    CHECK(confiture_verify_split_files(found, paths, files, &options, NULL) == CONFITURE_OK);
    CHECK_STR(found[0].message, "1.sql:1: out of date: it has a header");
    options.pre_dirs = post;
    CHECK(confiture_build_split_files(schemas, paths, files, &options, NULL) == CONFITURE_OK);
    options.pre_dirs = pre;
    CHECK(confiture_verify_split_files(found, paths, files, &options, NULL) == CONFITURE_OK);
    CHECK_STR(found[1].message, "2.sql:7: out of date: s/pre/c.sql belongs to another phase");
    CHECK_STR(
        runs_outcome(confiture_verify_split_files(found, same, files, &options, &error), &error),
        "ARGUMENT ./1.sql: two outputs are the same file");
    confiture_schema_free(&schemas[0]);
    confiture_files_free(files);
    free(found);
    tree_clear();
}

/* The output among the inputs is left out, as in a build. */
TEST(verify, leaves_the_output_out) {
    static const char *const make[] = {"s/a.sql", "A;\n", "s/b.sql", "B;\n", NULL};
    confiture_build_options options;
    confiture_verification found;
    confiture_files *files;
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    tree_make(make);
    files = verify_find("s");
    verify_build("s/a1.sql", files, &options);
    confiture_files_free(files);
    tree_text("s/b.sql", "B2;\n");
    files = verify_find("s");
    CHECK(confiture_verify_file(&found, "./s/a1.sql", files, &options, NULL) == CONFITURE_OK);
    CHECK_STR(found.message, "./s/a1.sql:12: out of date: s/b.sql:1 differs");
    CHECK(found.index == 2 && found.left_out == 1 && found.file_count == 2);
    confiture_files_free(files);
    tree_remove("s/a.sql");
    tree_remove("s/b.sql");
    files = verify_find("s");
    CHECK_STR(verify("s/a1.sql", files, &options),
              "NO_FILES s/a1.sql: the output is the only file of the list");
    confiture_files_free(files);
    tree_clear();
}

/* What fails a build fails a verification, and a difference comes after it. */
TEST(verify, fails_as_a_build_does) {
    static const char *const make[] = {"s/a.sql", "A;\n", "s/b.sql", "'", "out.sql", "old", NULL};
    confiture_build_options options;
    confiture_map map;
    confiture_files *files;
    memset(&options, 0, sizeof options);
    memset(&map, 0, sizeof map);
    tree_make(make);
    files = verify_find("s");
    CHECK_STR(verify("out.sql", files, NULL), "UNCLOSED s/b.sql:1: quote never closed");
    CHECK_STR(verify("none.sql", files, NULL), "UNCLOSED s/b.sql:1: quote never closed");
    tree_text("s/b.sql", "\xFF");
    CHECK_STR(verify("out.sql", files, NULL), "ENCODING s/b.sql:1: not valid UTF-8, byte 0");
    tree_remove("s/b.sql");
    CHECK_STR(verify("out.sql", files, NULL), "SYSTEM s/b.sql: no such file or directory");
    tree_directory("d");
    CHECK_STR(verify("d", files, NULL), "SYSTEM d: is a directory");
    CHECK_STR(verify("", files, NULL), "ARGUMENT the output has no path");
    options.separator = CONFITURE_SEPARATOR_CUSTOM;
    CHECK_STR(verify("out.sql", files, &options), "ARGUMENT the custom separator has no template");
    options.separator = CONFITURE_SEPARATOR_NONE;
    options.map = &map;
    CHECK_STR(verify("out.sql", files, &options), "ARGUMENT a verification makes no map");
    confiture_files_free(files);
    tree_clear();
}

#if !defined(_WIN32)
TEST(verify, refuses_what_is_no_file) {
    confiture_files *files;
    struct stat before, after;
    TREE_NEEDS("FIFOs and modes");
    tree_text("s/a.sql", "A;\n");
    files = verify_find("s");
    verify_build("out.sql", files, NULL);
    tree_fifo("fifo");
    tree_link("link.sql", "out.sql");
    tree_link("dangling.sql", "nowhere/x.sql");
    CHECK_STR(verify("fifo", files, NULL),
              "NOT_FILE fifo: is a FIFO, socket or device, not a regular file");
    CHECK_STR(verify("/dev/null", files, NULL),
              "NOT_FILE /dev/null: is a FIFO, socket or device, not a regular file");
    CHECK_STR(verify("link.sql", files, NULL), "matches");
    CHECK_STR(verify("dangling.sql", files, NULL), "dangling.sql: out of date: missing");
    CHECK_STR(verify("out.sql/x.sql", files, NULL), "SYSTEM out.sql/x.sql: not a directory");
    /* A directory and a file that may only be read. */
    tree_directory("d");
    verify_build("d/out.sql", files, NULL);
    tree_mode("d/out.sql", 0444);
    tree_mode("d", 0555);
    CHECK(stat("d/out.sql", &before) == 0);
    tree_drop_rights();
    CHECK_STR(verify("d/out.sql", files, NULL), "matches");
    CHECK_STR(verify("d/none.sql", files, NULL), "d/none.sql: out of date: missing");
    tree_regain_rights();
    CHECK(stat("d/out.sql", &after) == 0 && before.st_mtime == after.st_mtime &&
          before.st_ctime == after.st_ctime && before.st_ino == after.st_ino);
    tree_mode("out.sql", 0);
    tree_drop_rights();
    CHECK_STR(verify("out.sql", files, NULL), "SYSTEM out.sql: permission denied");
    tree_regain_rights();
    confiture_files_free(files);
    tree_clear();
}

static int verify_meddle(void *user, const confiture_progress *progress) {
    if (progress->files > 0 && !*(bool *)user) {
        *(bool *)user = true;
        tree_append("out.sql", "x");
    }
    return 0;
}

TEST(verify, notices_that_the_file_changes) {
    confiture_build_options options;
    confiture_verification found;
    confiture_files *files;
    confiture_error error;
    bool done = false;
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    tree_text("s/a.sql", "A;\n");
    files = verify_find("s");
    verify_build("out.sql", files, NULL);
    options.run.progress = verify_meddle;
    options.run.progress_user = &done;
    CHECK_STR(
        runs_outcome(confiture_verify_file(&found, "out.sql", files, &options, &error), &error),
        "CHANGED out.sql: the file changed while it was being read");
    CHECK(done && !found.matches && found.message[0] == '\0');
    confiture_files_free(files);
    tree_clear();
}
#endif

/* The memory in flight, the piece of the file, and no more, whatever the size of the schema. */
TEST(verify, takes_bounded_memory) {
    confiture_build_options options;
    confiture_verification found;
    confiture_files *files;
    char name[32];
    memory m;
    unsigned i;
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_NONE;
    for (i = 0; i < 20; i++) {
        sprintf(name, "s/%02u.sql", i);
        tree_fill(name, 1000000, i);
    }
    files = verify_find("s");
    verify_build("out.sql", files, &options);
    memory_init(&m);
    options.run.allocator = &m.allocator;
    options.run.threads = 1;
    CHECK(confiture_verify_file(&found, "out.sql", files, &options, NULL) == CONFITURE_OK);
    CHECK(found.matches && found.total_bytes > 20000000 && m.peak < 9000000);
    tree_text("s/00.sql", "X");
    CHECK(confiture_verify_file(&found, "out.sql", files, &options, NULL) == CONFITURE_OK);
    CHECK(!found.matches && found.line == 6 && m.peak < 9000000);
    confiture_files_free(files);
    tree_clear();
}

typedef struct verify_exhausted {
    const confiture_files *files;
    confiture_build_options options;
    bool split;
    bool matches[3];
} verify_exhausted;

static confiture_status verify_exhaust(void *ctx, const confiture_run *run,
                                       confiture_error *error) {
    static const char *const paths[3] = {"1.sql", "2.sql", "out.sql"};
    static confiture_verification found[3];
    verify_exhausted *e = (verify_exhausted *)ctx;
    confiture_build_options options = e->options;
    confiture_status status;
    options.run = *run;
    memset(found, 0xA5, sizeof found);
    status = e->split ? confiture_verify_split_files(found, paths, e->files, &options, error)
                      : confiture_verify_file(found, "out.sql", e->files, &options, error);
    CHECK_QUIET(status == CONFITURE_OK || (!found[0].matches && found[0].message[0] == '\0' &&
                                           found[0].difference == CONFITURE_DIFFERENCE_NONE));
    if (status == CONFITURE_OK) CHECK_QUIET(found[0].matches == e->matches[0]);
    return status;
}

TEST(verify, without_memory) {
    verify_exhausted e;
    confiture_header header;
    confiture_files *files;
    size_t i;
    char name[32];
    memset(&e, 0, sizeof e);
    memset(&header, 0, sizeof header);
    for (i = 0; i < 12; i++) {
        sprintf(name, "s/%02u.sql", (unsigned)i);
        tree_fill(name, i * 100, (unsigned)i);
    }
    tree_fill("s/12.sql", 2200000, 12);
    e.options.check = CONFITURE_CHECK_NONE;
    e.options.header = &header;
    e.files = files = verify_find("s");
    verify_build("out.sql", files, &e.options);
    e.matches[0] = true;
    memory_exhaust(verify_exhaust, &e, 1, false, NULL);
    memory_exhaust(verify_exhaust, &e, 1, true, NULL);
    memory_exhaust(verify_exhaust, &e, 3, false, NULL);
    e.matches[0] = false;
    tree_text("s/03.sql", "X");
    memory_exhaust(verify_exhaust, &e, 1, true, NULL);
    e.split = true;
    memory_exhaust(verify_exhaust, &e, 1, true, NULL);
    confiture_files_free(files);
    tree_clear();
}
