/* Maps as text: written, read, refused; and where a statement begins. A part of test_map.c. */

/* What a map is as text; the caller frees it. */
static char *map_text(const confiture_map *map, size_t *size) {
    confiture_sink sink;
    build_sink kept;
    memset(&kept, 0, sizeof kept);
    sink.write = build_sink_write;
    sink.user = &kept;
    CHECK(confiture_map_write(map, &sink, NULL, NULL) == CONFITURE_OK && kept.size > 0);
    *size = kept.size;
    return kept.data;
}

static bool map_same(const confiture_map *a, const confiture_map *b) {
    size_t i;
    if (a->count != b->count || a->line_count != b->line_count ||
        memcmp(a->sha256, b->sha256, 32) != 0)
        return false;
    for (i = 0; i < a->count; i++) {
        const confiture_map_entry *x = &a->entries[i], *y = &b->entries[i];
        if (strcmp(x->name, y->name) != 0 || strcmp(x->path, y->path) != 0 ||
            x->separator_line != y->separator_line || x->first_line != y->first_line ||
            x->line_count != y->line_count)
            return false;
    }
    return true;
}

#define MAP_SHA "00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210"
#define MAP_HEAD "confiture map 1\nschema " MAP_SHA " "

/* How the reading of a text ends: "done", or the message. */
static const char *map_outcome(const char *text, size_t size) {
    static confiture_error error;
    confiture_map_options options;
    confiture_map map, zero;
    confiture_status status;
    const char *outcome;
    char *exact = (char *)malloc(size + 1), *again;
    size_t again_size;
    memory m;
    if (exact == NULL) abort();
    memcpy(exact, text, size); /* no NUL follows */
    memory_init(&m);
    memset(&options, 0, sizeof options);
    memset(&zero, 0, sizeof zero);
    memset(&map, 0, sizeof map);
    options.run.allocator = &m.allocator;
    options.path = "m.map";
    status = confiture_map_read(&map, exact, size, &options, &error);
    outcome = runs_outcome(status, &error);
    if (status == CONFITURE_OK) {
        again = map_text(&map, &again_size);
        CHECK(again_size == size && memcmp(again, text, size) == 0);
        free(again);
    } else {
        CHECK(memcmp(&map, &zero, sizeof map) == 0 && status == CONFITURE_E_FORMAT);
    }
    confiture_map_free(&map);
    CHECK(memory_is_clean(&m));
    free(exact);
    return outcome;
}

TEST(map, text_that_is_no_map_is_refused_with_its_line) {
    static const struct {
        const char *text, *outcome;
    } rows[] = {
        {"", "FORMAT m.map:1: not a map: expected the line \"confiture map 1\""},
        {"SELECT 1;\n", "FORMAT m.map:1: not a map: expected the line \"confiture map 1\""},
        {"confiture map", "FORMAT m.map:1: not a map: expected the line \"confiture map 1\""},
        {"confiture map 2\n", "FORMAT m.map:1: a map of version '2': expected 1"},
        {"confiture map 11\n", "FORMAT m.map:1: a map of version '11': expected 1"},
        {"confiture map 1\r\n", "FORMAT m.map:1: a map of version '1\\x0D': expected 1"},
        {"confiture map 1\n",
         "FORMAT m.map:2: expected \"schema\", a SHA-256, the number of lines and that of files"},
        {"confiture map 1\nschema 00 1 1\n",
         "FORMAT m.map:2: expected \"schema\", a SHA-256, the number of lines and that of files"},
        {MAP_HEAD "1 01\n",
         "FORMAT m.map:2: expected \"schema\", a SHA-256, the number of lines and that of files"},
        {MAP_HEAD "18446744073709551616 0\n",
         "FORMAT m.map:2: expected \"schema\", a SHA-256, the number of lines and that of files"},
        {MAP_HEAD "0 0\n", "done"},
        {MAP_HEAD "14 0\n", "done"}, /* a header alone */
        {MAP_HEAD "0 0\n\n", "FORMAT m.map:3: the map goes on after its last file"},
        {MAP_HEAD "7 1\n",
         "FORMAT m.map:2: the map has fewer files than this line says: it is torn"},
        {MAP_HEAD "7 18446744073709551615\n",
         "FORMAT m.map:2: the map has fewer files than this line says: it is torn"},
        {MAP_HEAD "7 1\n1 6 2 a.sql\n", "done"},
        {MAP_HEAD "7 1\n1 6 2 a.sql\ts/a.sql\n", "done"},
        {MAP_HEAD "8 1\n1 6 2 a.sql\ts/a\\x0A\\x5C\\xFF.sql\n", "done"}, /* a ";" was added */
        {MAP_HEAD "9 1\n1 6 2 a.sql\n", "FORMAT m.map:2: the schema has more lines than its files"},
        {MAP_HEAD "7 1\n1 6 2 a.sql", "FORMAT m.map:3: the map ends too early: it is torn"},
        {MAP_HEAD "7 1\n1 6 2 a.sql\ts/", "FORMAT m.map:3: the map ends too early: it is torn"},
        {MAP_HEAD "7 1\n1 6 \n",
         "FORMAT m.map:2: the map has fewer files than this line says: it is torn"},
        {MAP_HEAD "7 1\n1 6 2 \n        ",
         "FORMAT m.map:3: expected three numbers of lines, a name and, after a tab, a path"},
        {MAP_HEAD "7 1\n1 6 2 a.sql\t\n",
         "FORMAT m.map:3: expected three numbers of lines, a name and, after a tab, a path"},
        {MAP_HEAD "7 1\n1 6 2 a.sql\ts\\x4\n",
         "FORMAT m.map:3: expected three numbers of lines, a name and, after a tab, a path"},
        {MAP_HEAD "7 1\n1 6 2 a.sql\ts\\x00\n",
         "FORMAT m.map:3: expected three numbers of lines, a name and, after a tab, a path"},
        {MAP_HEAD "7 1\n1 6 2 a\x01.sql\n",
         "FORMAT m.map:3: expected three numbers of lines, a name and, after a tab, a path"},
        {MAP_HEAD "7 1\n1 6 2 a\xFF.sql\n",
         "FORMAT m.map:3: expected three numbers of lines, a name and, after a tab, a path"},
        {MAP_HEAD "7 1\n1 -6 2 a.sql\n",
         "FORMAT m.map:3: expected three numbers of lines, a name and, after a tab, a path"},
        {MAP_HEAD "7 2\n1 3 2 a.sql\n5 6 2 b.sql\n", "done"},
        {MAP_HEAD "9 2\n1 3 2 a.sql\n6 7 2 a.sql\n", "done"}, /* a file may be used twice */
        {MAP_HEAD "9 2\n1 3 2 a.sql\n4 6 2 b.sql\n",
         "FORMAT m.map:4: numbers out of order: expected lines that follow those before them"},
        {MAP_HEAD "9 2\n1 3 2 a.sql\n7 7 2 b.sql\n",
         "FORMAT m.map:4: numbers out of order: expected lines that follow those before them"},
        {MAP_HEAD "9 1\n5 4 6 a.sql\n",
         "FORMAT m.map:3: numbers out of order: expected lines that follow those before them"},
        {MAP_HEAD "9 1\n0 1 9 a.sql\n",
         "FORMAT m.map:3: numbers out of order: expected lines that follow those before them"},
        {MAP_HEAD "9 1\n1 1 0 a.sql\n",
         "FORMAT m.map:3: numbers out of order: expected lines that follow those before them"},
        {MAP_HEAD "9 1\n1 1 10 a.sql\n",
         "FORMAT m.map:3: numbers out of order: expected lines that follow those before them"},
        {MAP_HEAD "9 1\n1 18446744073709551615 18446744073709551615 a.sql\n",
         "FORMAT m.map:3: numbers out of order: expected lines that follow those before them"},
        {MAP_HEAD "9 2\n1 3 2 a.sql\n5 6 2 b.sql\n7 8 1 c.sql\n",
         "FORMAT m.map:5: the map goes on after its last file"},
    };
    size_t i;
    for (i = 0; i < TREE_COUNT(rows); i++)
        if (!CHECK_STR(map_outcome(rows[i].text, strlen(rows[i].text)), rows[i].outcome))
            runs_note("row", (int)i, 0, 0);
    CHECK_STR(map_outcome(MAP_HEAD "7 1\n1 6 2 a\0b.sql\n", sizeof MAP_HEAD - 1 + 18),
              "FORMAT m.map:3: expected three numbers of lines, a name and, after a tab, a path");
    CHECK_STR(map_outcome("confiture map \0001\n", 17),
              "FORMAT m.map:1: a map of version '': expected 1");
}

/* Each prefix of a map is torn, and says so. */
TEST(map, a_torn_map_is_none) {
    static const char whole[] = MAP_HEAD "8 2\n1 3 2 a.sql\ts/a.sql\n5 6 2 b.sql\ts/\\xFFb.sql\n";
    size_t n;
    CHECK_STR(map_outcome(whole, sizeof whole - 1), "done");
    for (n = 0; n < sizeof whole - 1; n++) CHECK(strcmp(map_outcome(whole, n), "done") != 0);
}

TEST(map, what_is_written_is_read) {
    static const char *const pre[] = {"s/b"};
    confiture_build_options options;
    confiture_schema schemas[3];
    confiture_files *files;
    confiture_map maps[3], again;
    size_t i, size;
    memset(&options, 0, sizeof options);
    memset(schemas, 0, sizeof schemas);
    memset(maps, 0, sizeof maps);
    memset(&again, 0, sizeof again);
    map_make();
#if !defined(_WIN32)
    tree_text("s/back\\slash\xE2\x82\xAC.sql", "SELECT 1;");
#endif
    files = build_find("s");
    options.check = CONFITURE_CHECK_NONE;
    options.pre_dirs = pre;
    options.pre_dir_count = 1;
    options.map = maps;
    CHECK(confiture_build_split(schemas, files, &options, NULL) == CONFITURE_OK);
    for (i = 0; i < 3; i++) { /* the last has no file */
        char *text = map_text(&maps[i], &size);
        CHECK(confiture_map_read(&again, text, size, NULL, NULL) == CONFITURE_OK);
        CHECK(map_same(&maps[i], &again));
        CHECK(again.count == 0 || again.entries[0].index == CONFITURE_NO_INDEX);
        free(text);
        confiture_schema_free(&schemas[i]);
        confiture_map_free(&maps[i]);
    }
    confiture_map_free(&again);
    confiture_files_free(files);
    tree_clear();
}

/* A path above the base may hold any byte, of which a name holds few. */
TEST(map, paths_of_any_bytes) {
    confiture_build_options options;
    confiture_schema schema;
    confiture_files *files;
    confiture_map map, again;
    char *text;
    size_t size;
    memset(&options, 0, sizeof options);
    memset(&schema, 0, sizeof schema);
    memset(&map, 0, sizeof map);
    memset(&again, 0, sizeof again);
    TREE_NEEDS("symbolic links");
    tree_text("a\n\xFF\t\\x41/s/a.sql", "SELECT 1;\n");
    files = build_find("a\n\xFF\t\\x41/s");
    options.map = &map;
    CHECK(confiture_build(&schema, files, &options, NULL) == CONFITURE_OK);
    text = map_text(&map, &size);
    CHECK(strstr(text, " a.sql\ta\\x0A\\xFF\\x09\\x5Cx41/s/a.sql\n") != NULL);
    CHECK(confiture_map_read(&again, text, size, NULL, NULL) == CONFITURE_OK);
    CHECK(map_same(&map, &again));
    free(text);
    confiture_map_free(&map);
    confiture_map_free(&again);
    confiture_schema_free(&schema);
    confiture_files_free(files);
    tree_clear();
}

static confiture_status map_exhaust_text(void *ctx, const confiture_run *run,
                                         confiture_error *error) {
    static const char whole[] = MAP_HEAD "8 2\n1 3 2 a.sql\ts/a.sql\n5 6 2 b.sql\ts/b.sql\n";
    confiture_map_options options;
    confiture_map map;
    confiture_status status;
    build_sink kept;
    confiture_sink sink;
    (void)ctx;
    memset(&options, 0, sizeof options);
    memset(&map, 0, sizeof map);
    memset(&kept, 0, sizeof kept);
    sink.write = build_sink_write;
    sink.user = &kept;
    options.run = *run;
    status = confiture_map_read(&map, whole, sizeof whole - 1, &options, error);
    CHECK_QUIET(status == CONFITURE_OK || map.entries == NULL);
    if (status == CONFITURE_OK) status = confiture_map_write(&map, &sink, &options, error);
    confiture_map_free(&map);
    free(kept.data);
    return status;
}

TEST(map, memory_runs_out_while_reading_and_writing) {
    memory_exhaust(map_exhaust_text, NULL, 1, false, NULL);
    memory_exhaust(map_exhaust_text, NULL, 1, true, NULL);
}

TEST(map, a_sink_that_refuses_ends_the_writing) {
    confiture_error error;
    confiture_map map;
    confiture_sink sink;
    build_sink kept;
    memset(&map, 0, sizeof map);
    memset(&kept, 0, sizeof kept);
    sink.write = build_sink_write;
    sink.user = &kept;
    kept.refuse_at = 1;
    CHECK(confiture_map_write(&map, &sink, NULL, &error) == CONFITURE_E_SINK);
    CHECK(error.os_error == 4711);
    free(kept.data);
}

/* ==== Beside a schema ==================================================== */

/* Whether a file holds this map. */
static bool map_file_holds(const char *path, const confiture_map *map) {
    confiture_map again;
    size_t size;
    char *text = map_read(path, &size);
    bool good;
    memset(&again, 0, sizeof again);
    good = CHECK(confiture_map_read(&again, text, size, NULL, NULL) == CONFITURE_OK) &&
           map_same(map, &again);
    confiture_map_free(&again);
    free(text);
    return good;
}

TEST(map, a_file_of_it_is_put_in_place_with_the_schema) {
    static const char *const pre[] = {"s/b"}, *const one[] = {"out.map"};
    static const char *const paths[3] = {"pre.sql", "app.sql", "post.sql"};
    static const char *const three[3] = {"pre.map", "app.map", "post.map"};
    confiture_build_options options;
    confiture_schema schemas[3];
    confiture_files *files;
    confiture_map maps[3];
    confiture_error error;
    size_t i;
    memset(&options, 0, sizeof options);
    memset(schemas, 0, sizeof schemas);
    memset(maps, 0, sizeof maps);
    tree_text("s/a.sql", "SELECT 1;");
    tree_text("s/b/x.sql", "SELECT 2;\n");
    files = build_find("s");
    options.map_paths = one;
    options.keep_unchanged = true;
    CHECK(confiture_build_file(schemas, "out.sql", files, &options, NULL) == CONFITURE_OK);
    options.map = maps;
    for (i = 0; i < 2; i++) { /* over the same, and unchanged */
        CHECK(confiture_build_file(schemas, "out.sql", files, &options, NULL) == CONFITURE_OK);
        CHECK(schemas->unchanged && maps->count == 2 && map_file_holds("out.map", maps));
    }
    options.pre_dirs = pre;
    options.pre_dir_count = 1;
    options.map_paths = three;
    CHECK(confiture_build_split_files(schemas, paths, files, &options, NULL) == CONFITURE_OK);
    for (i = 0; i < 3; i++) CHECK(map_file_holds(three[i], &maps[i]));
    CHECK(maps[0].count == 1 && maps[1].count == 1 && maps[2].count == 0);
    /* A build that fails, in whatever it writes, changes none of them. */
    tree_text("pre.sql", "old");
    tree_text("post.map", "old");
    tree_text("s/b/y.sql", "'");
    confiture_files_free(files);
    files = build_find("s");
    CHECK(confiture_build_split_files(schemas, paths, files, &options, NULL) ==
          CONFITURE_E_UNCLOSED);
    CHECK(tree_holds("pre.sql", "old", 3) && tree_holds("post.map", "old", 3));
    CHECK(maps[0].entries == NULL && maps[1].entries == NULL);
    tree_remove("s/b/y.sql");
    confiture_files_free(files);
    files = build_find("s");
    tree_remove("post.map");
    tree_directory("post.map");
    CHECK(confiture_build_split_files(schemas, paths, files, &options, &error) ==
          CONFITURE_E_SYSTEM);
    CHECK_STR(error.path, "post.map");
    CHECK(tree_holds("pre.sql", "old", 3) && tree_temporaries(".") == 0);
    for (i = 0; i < 3; i++) {
        confiture_map_free(&maps[i]);
        confiture_schema_free(&schemas[i]);
    }
    confiture_files_free(files);
    tree_clear();
}

TEST(map, a_file_of_it_is_no_output_and_no_input) {
    static const char *const same[] = {"./out.sql"}, *const input[] = {"s/b.sql"};
    static const char *const none[] = {NULL};
    confiture_build_options options;
    confiture_schema schema;
    confiture_files *files;
    confiture_error error;
    memset(&options, 0, sizeof options);
    memset(&schema, 0, sizeof schema);
    tree_text("s/a.sql", "SELECT 1;");
    tree_text("s/b.sql", "SELECT 2;");
    files = build_find("s");
    options.map_paths = same;
    CHECK(confiture_build_file(&schema, "out.sql", files, &options, &error) ==
          CONFITURE_E_ARGUMENT);
    CHECK_STR(error.message, "./out.sql: two outputs are the same file");
    options.map_paths = input;
    CHECK(confiture_build_file(&schema, "out.sql", files, &options, &error) ==
          CONFITURE_E_ARGUMENT);
    CHECK_STR(error.message, "s/b.sql: is an input: a map needs another file");
    CHECK(tree_holds("s/b.sql", "SELECT 2;", 9));
    options.map_paths = none;
    CHECK(confiture_build_file(&schema, "out.sql", files, &options, &error) ==
          CONFITURE_E_ARGUMENT);
    CHECK_STR(error.message, "options->map_paths[0] must not be NULL");
    confiture_files_free(files);
    tree_clear();
}

static confiture_status map_exhaust_files(void *ctx, const confiture_run *run,
                                          confiture_error *error) {
    static const char *const one[] = {"out.map"};
    confiture_build_options options;
    confiture_schema schema;
    confiture_status status;
    memset(&options, 0, sizeof options);
    memset(&schema, 0, sizeof schema);
    options.run = *run;
    options.map_paths = one;
    status =
        confiture_build_file(&schema, "out.sql", (const confiture_files *)ctx, &options, error);
    CHECK_QUIET(tree_temporaries(".") == 0);
    confiture_schema_free(&schema);
    return status;
}

TEST(map, memory_runs_out_with_a_file_of_it) {
    confiture_files *files;
    tree_text("s/a.sql", "SELECT 1;");
    tree_text("s/b.sql", "SELECT 2;");
    files = build_find("s");
    memory_exhaust(map_exhaust_files, files, 1, false, NULL);
    memory_exhaust(map_exhaust_files, files, 1, true, NULL);
    confiture_files_free(files);
    tree_clear();
}

/* ==== Statements ========================================================= */

TEST(map, where_a_statement_begins) {
    static const struct {
        const char *text;
        uint64_t line, first;
    } rows[] = {
        {"SELECT 1;\n", 1, 1},
        {"SELECT\n1\n;\nSELECT\n2;\n", 1, 1},
        {"SELECT\n1\n;\nSELECT\n2;\n", 2, 1},
        {"SELECT\n1\n;\nSELECT\n2;\n", 3, 1},
        {"SELECT\n1\n;\nSELECT\n2;\n", 4, 4},
        {"SELECT\n1\n;\nSELECT\n2;\n", 5, 4},
        {"SELECT\n1\n;\nSELECT\n2;\n", 6, 6},  /* no such line, and nothing open */
        {"SELECT\n1\n;\nSELECT\n2\n", 99, 99}, /* no such line */
        {"-- a;\n/* b\n*/ SELECT\n1;\n", 4, 3},
        {"-- a\n/* b\n\n*/\n", 3, 3}, /* a comment is no statement */
        {"CREATE FUNCTION f() AS $$\n;\n;\n$$\nLANGUAGE sql;\n", 5, 1},
        {"CREATE FUNCTION f() AS $$\n;\n;\n$$\nLANGUAGE sql;\n", 3, 1},
        {"SELECT '\n;\n'; SELECT\n2;\n", 4, 3},
        {"SELECT\r\n1\r\n;\r\nSELECT\r\r2;", 6, 4},
        {"\xEF\xBB\xBFSELECT\n1;\n", 2, 1},
        {"COPY t FROM stdin;\n1\n\\.\nSELECT\n1;\n", 2, 2},
        {"COPY t FROM stdin;\n1\n\\.\nSELECT\n1;\n", 5, 4},
        {"\\q\nSELECT\n1;\n", 3, 3}, /* is not followed */
        {"", 1, 1},
        {"SELECT 1;\nSELECT\n2", 4, 2}, /* after the end, where a ";" may be added */
        {"SELECT 1;\nSELECT\n2", 5, 5},
    };
    confiture_files *files;
    size_t i;
    uint64_t first;
    for (i = 0; i < TREE_COUNT(rows); i++) {
        tree_text("s/a.sql", "SELECT\n");
        tree_text("s/b.sql", rows[i].text);
        files = build_find("s");
        CHECK(confiture_statement_line(&first, files, 1, rows[i].line, NULL, NULL) == CONFITURE_OK);
        if (!CHECK(first == rows[i].first)) runs_note("row, first", (int)i, (int)first, 0);
        confiture_files_free(files);
    }
    tree_clear();
}

/* With line ends kept a CR alone ends no line, and its line numbers are not known here. */
TEST(map, where_a_statement_begins_with_line_ends_kept) {
    confiture_statement_options options;
    confiture_files *files;
    uint64_t first;
    memset(&options, 0, sizeof options);
    options.keep_line_ends = true;
    tree_text("s/a.sql", "SELECT\r\n1\r\n;SELECT\r2\n;\n");
    tree_text("s/b.sql", "SELECT\r\n1\r\n;SELECT\r\n2\n;\n");
    files = build_find("s");
    CHECK(confiture_statement_line(&first, files, 0, 4, &options, NULL) == CONFITURE_OK);
    CHECK(first == 4);
    CHECK(confiture_statement_line(&first, files, 1, 5, &options, NULL) == CONFITURE_OK);
    CHECK(first == 3);
    confiture_files_free(files);
    tree_clear();
}

TEST(map, where_a_statement_begins_across_pieces) {
    enum { LINES = 500000 };
    char *text = (char *)malloc(LINES * 16 + 64);
    confiture_files *files;
    size_t n, i;
    uint64_t first;
    if (text == NULL) abort();
    n = (size_t)sprintf(text, "SELECT 0;\r\nSELECT\r\n");
    for (i = 0; i < LINES; i++) n += (size_t)sprintf(text + n, "%06u,\r\n", (unsigned)i);
    n += (size_t)sprintf(text + n, "1;\r\nSELECT\r\n2;\r\n");
    tree_write("s/a.sql", text, n);
    files = build_find("s");
    CHECK(confiture_statement_line(&first, files, 0, LINES + 3, NULL, NULL) == CONFITURE_OK);
    CHECK(first == 2);
    CHECK(confiture_statement_line(&first, files, 0, LINES + 5, NULL, NULL) == CONFITURE_OK);
    CHECK(first == LINES + 4);
    confiture_files_free(files);
    free(text);
    tree_clear();
}

static confiture_status map_exhaust_statement(void *ctx, const confiture_run *run,
                                              confiture_error *error) {
    confiture_statement_options options;
    uint64_t first = 7;
    confiture_status status;
    memset(&options, 0, sizeof options);
    options.run = *run;
    status = confiture_statement_line(&first, (const confiture_files *)ctx, 0, 2, &options, error);
    CHECK_QUIET(first == (status == CONFITURE_OK ? 1u : 0u));
    return status;
}

TEST(map, where_a_statement_begins_fails_whole) {
    confiture_files *files;
    confiture_error error;
    uint64_t first = 7;
    tree_text("s/a.sql", "SELECT\n1;");
    files = build_find("s");
    memory_exhaust(map_exhaust_statement, files, 1, false, NULL);
    CHECK(confiture_statement_line(NULL, files, 0, 1, NULL, &error) == CONFITURE_E_ARGUMENT);
    CHECK_STR(error.message, "first must not be NULL");
    CHECK(confiture_statement_line(&first, NULL, 0, 1, NULL, &error) == CONFITURE_E_ARGUMENT);
    CHECK(confiture_statement_line(&first, files, 1, 1, NULL, &error) == CONFITURE_E_ARGUMENT);
    CHECK(confiture_statement_line(&first, files, 0, 0, NULL, &error) == CONFITURE_E_ARGUMENT);
    tree_remove("s/a.sql");
    CHECK(confiture_statement_line(&first, files, 0, 1, NULL, &error) == CONFITURE_E_SYSTEM);
    CHECK(first == 0 && error.index == 0);
    CHECK_STR(error.path, "s/a.sql");
    confiture_files_free(files);
    tree_clear();
}

/* ==== Required arguments ================================================= */

TEST(map, null_is_an_error) {
    confiture_error error;
    confiture_map map;
    confiture_sink sink;
    memset(&map, 0, sizeof map);
    memset(&sink, 0, sizeof sink);
    CHECK(confiture_map_read(NULL, "", 0, NULL, &error) == CONFITURE_E_ARGUMENT);
    CHECK_STR(error.message, "map must not be NULL");
    CHECK(confiture_map_read(&map, NULL, 1, NULL, &error) == CONFITURE_E_ARGUMENT);
    CHECK_STR(error.message, "data must not be NULL");
    CHECK(confiture_map_read(&map, NULL, 0, NULL, &error) == CONFITURE_E_FORMAT);
    CHECK(confiture_map_write(NULL, &sink, NULL, &error) == CONFITURE_E_ARGUMENT);
    CHECK_STR(error.message, "map must not be NULL");
    CHECK(confiture_map_write(&map, NULL, NULL, &error) == CONFITURE_E_ARGUMENT);
    CHECK_STR(error.message, "sink must not be NULL");
    CHECK(confiture_map_write(&map, &sink, NULL, &error) == CONFITURE_E_ARGUMENT);
    CHECK_STR(error.message, "sink->write must not be NULL");
}
