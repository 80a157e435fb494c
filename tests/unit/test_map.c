/* Maps: for every line of a schema the line of the file that it comes from, and back. */

SUITE(map, tree_suite_begins, tree_suite_ends_whole);

/* A file's line, read as the manual says, one byte after the other. */
typedef struct map_line {
    const char *at;
    size_t size;
} map_line;

/* The line that begins at *p, which moves to the next. */
static map_line map_next(const char **p, const char *end, bool only_lf) {
    map_line line;
    line.at = *p;
    while (*p < end && **p != '\n' && (only_lf || **p != '\r')) ++*p;
    line.size = (size_t)(*p - line.at);
    if (*p < end && *(*p)++ == '\r' && *p < end && **p == '\n') ++*p;
    return line;
}

/* Reads a whole file; the caller frees it. */
static char *map_read(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    char *data = (char *)malloc((size_t)8 << 20);
    if (file == NULL || data == NULL) abort();
    *size = fread(data, 1, (size_t)8 << 20, file);
    (void)fclose(file);
    return data;
}

/* Compares a map with the schema and the files, line by line. */
static bool map_holds(const confiture_map *map, const char *schema, size_t size,
                      const confiture_files *files, const confiture_build_options *options,
                      size_t file_count) {
    const char *p = schema, *end = schema + size, *from = NULL, *from_end = NULL;
    char *source = NULL;
    uint64_t number = 0, line = 0;
    size_t entry = 0, source_size; /* entry: the number of those that have begun */
    uint8_t digest[32];
    bool good = CHECK_QUIET(map->count == file_count);
    confiture_sha256_once(schema, size, digest);
    good &= CHECK_QUIET(memcmp(digest, map->sha256, 32) == 0);
    while (good && p < end) {
        map_line is = map_next(&p, end, true), was;
        confiture_place place = confiture_map_find(map, ++number);
        good &= CHECK_QUIET(p[-1] == '\n');
        if (place.kind == CONFITURE_PLACE_HEADER) {
            good &= CHECK_QUIET(options->header != NULL && entry == 0 && place.line == 0 &&
                                place.entry == CONFITURE_NO_INDEX);
            continue;
        }
        if (!(good &= CHECK_QUIET(place.entry < map->count))) break;
        if (place.entry == entry) {
            const confiture_map_entry *it = &map->entries[entry++];
            good &= CHECK_QUIET(from == from_end && it->separator_line == number);
            good &= CHECK_QUIET(it->index < confiture_files_count(files));
            good &= CHECK_STR(it->path, confiture_files_path(files, it->index));
            good &= CHECK_STR(it->name, confiture_files_name(files, it->index));
            free(source);
            source = map_read(it->path, &source_size);
            from = source;
            from_end = source + source_size;
            if (options->strip_bom && source_size >= 3 && memcmp(source, "\xEF\xBB\xBF", 3) == 0)
                from += 3;
            line = 0;
        }
        good &= CHECK_QUIET(place.entry + 1 == entry);
        if (place.kind == CONFITURE_PLACE_SEPARATOR) {
            good &= CHECK_QUIET(line == 0 && place.line == 0 &&
                                options->separator != CONFITURE_SEPARATOR_NONE);
        } else if (place.kind == CONFITURE_PLACE_ADDED) {
            good &= CHECK_QUIET(options->terminate && from == from_end && place.line == line &&
                                is.size == 1 && *is.at == ';');
        } else {
            good &= CHECK_QUIET(place.kind == CONFITURE_PLACE_TEXT && place.line == ++line);
            good &= CHECK_QUIET(from < from_end || line == 1);
            was = map_next(&from, from_end, options->keep_line_ends);
            good &= CHECK_QUIET(was.size == is.size && memcmp(was.at, is.at, is.size) == 0);
            good &= CHECK_QUIET(confiture_map_line(map, place.entry, line) == number);
        }
    }
    free(source);
    good &= CHECK_QUIET(from == from_end && entry == map->count && map->line_count == number);
    good &= CHECK_QUIET(confiture_map_find(map, number + 1).kind == CONFITURE_PLACE_NONE);
    return good;
}

/* All ways to build, however they are run, give the same map. */
static void map_everywhere(const confiture_files *files, const confiture_build_options *given,
                           size_t runs, int line) {
    static const char *const paths[3] = {"pre.sql", "app.sql", "post.sql"};
    confiture_build_options options = *given;
    confiture_schema schemas[3];
    confiture_map maps[3], sunk;
    confiture_error error;
    confiture_sink sink;
    build_sink kept;
    size_t r, i, way;
    memset(maps, 0, sizeof maps);
    memset(&sunk, 0, sizeof sunk);
    for (r = 0; r < runs; r++) {
        bool good = true;
        options.run = runs_get(r);
        memset(schemas, 0, sizeof schemas);
        memset(&kept, 0, sizeof kept);
        sink.write = build_sink_write;
        sink.user = &kept;
        options.map = maps;
        good &= CHECK_STR(runs_outcome(confiture_build(schemas, files, &options, &error), &error),
                          "done");
        if (!good) break;
        good &= map_holds(maps, schemas->data, schemas->size, files, &options, schemas->file_count);
        options.map = &sunk;
        good &=
            CHECK(confiture_build_sink(schemas, &sink, files, &options, &error) == CONFITURE_OK);
        good &= map_holds(&sunk, kept.data, kept.size, files, &options, schemas->file_count);
        options.map = maps;             /* and frees what it holds */
        for (way = 0; way < 3; way++) { /* anew, over a file, and unchanged */
            options.keep_unchanged = way == 2;
            good &= CHECK(confiture_build_file(schemas, "out.sql", files, &options, &error) ==
                          CONFITURE_OK);
            good &= CHECK(schemas->unchanged == (way == 2));
            good &= map_holds(maps, kept.data, kept.size, files, &options, schemas->file_count);
        }
        free(kept.data);
        good &= CHECK(confiture_build_split(schemas, files, &options, &error) == CONFITURE_OK);
        for (i = 0; i < 3; i++)
            good &= map_holds(&maps[i], schemas[i].data, schemas[i].size, files, &options,
                              schemas[i].file_count);
        good &= CHECK(confiture_build_split_files(schemas, paths, files, &options, &error) ==
                      CONFITURE_OK);
        for (i = 0; i < 3; i++) {
            size_t size;
            char *data = map_read(paths[i], &size);
            good &= map_holds(&maps[i], data, size, files, &options, schemas[i].file_count);
            free(data);
            confiture_schema_free(&schemas[i]);
        }
        if (!good) runs_note("line, run", line, (int)r, 0);
    }
    confiture_map_free(&sunk);
    for (i = 0; i < 3; i++) {
        confiture_map_free(&maps[i]);
        CHECK(maps[i].entries == NULL && maps[i].count == 0 && maps[i].line_count == 0);
        tree_remove(paths[i]);
    }
    tree_remove("out.sql");
}

/* A tree in which each way in which lines can end, or be added, is there. */
static void map_make(void) {
    tree_text("s/a.sql", "SELECT 1;\r\nSELECT\r2;\r\n");
    tree_text("s/b/bom.sql", "\xEF\xBB\xBFSELECT 3;\n");
    tree_text("s/b/only_bom.sql", "\xEF\xBB\xBF");
    tree_text("s/c/empty.sql", "");
    tree_text("s/c/newline.sql", "\n");
    tree_text("s/c/no_end.sql", "SELECT 4;\n\nSELECT 5");
    tree_text("s/d/cr.sql", "SELECT 6;\r\rSELECT 7;\r");
    tree_text("s/d/like.sql", "\n-- " BAR42 "\n-- File: a.sql\n-- " BAR42 "\n\nSELECT 8;\n");
    tree_text("s/seeds/x.sql", "SELECT 9;");
    tree_text("s/z.sql", "SELECT\n10");
}

TEST(map, each_line_is_that_of_its_file) {
    static const char *const pre[] = {"s/b"}, *const post[] = {"s/d"};
    confiture_build_options options;
    confiture_header header;
    confiture_files *files;
    unsigned i;
    memset(&header, 0, sizeof header);
    header.timestamp = "2024-01-01T00:00:00";
    map_make();
    files = build_find("s");
    for (i = 0; i < 5 * 16; i++) {
        memset(&options, 0, sizeof options);
        options.separator = (confiture_separator)(i % 5);
        if (options.separator == CONFITURE_SEPARATOR_CUSTOM)
            options.separator_template = "--\n-- {file_path}\n";
        options.terminate = true;
        options.strip_bom = (i / 5 & 1) != 0;
        options.keep_line_ends = (i / 5 & 2) != 0;
        options.schema_only = (i / 5 & 4) != 0;
        options.header = (i / 5 & 8) != 0 ? &header : NULL;
        options.check = CONFITURE_CHECK_POSTGRES;
        if (options.keep_line_ends || !options.strip_bom) { /* which that check refuses */
            options.terminate = false;
            options.check = CONFITURE_CHECK_NONE;
        }
        options.pre_dirs = pre;
        options.pre_dir_count = 1;
        options.post_dirs = post;
        options.post_dir_count = 1;
        map_everywhere(files, &options, i % 39 == 0 ? RUNS : 1, (int)i);
    }
    confiture_files_free(files);
    tree_clear();
}

/* Files that are read in pieces, so that a line end falls on each side of a piece's end. */
TEST(map, lines_across_pieces) {
    static const char *const units[] = {"x\r\n", "\r", "ab\rcd\n", "\r\n",
                                        "long line without end "};
    enum { SIZE = (2 << 20) + (600 << 10) }; /* ten pieces and a part */
    confiture_build_options options;
    confiture_header header;
    confiture_files *files;
    char *text = (char *)malloc(SIZE + 64);
    size_t i, n, shift;
    memset(&header, 0, sizeof header);
    if (text == NULL) abort();
    for (i = 0; i < TREE_COUNT(units); i++) {
        shift = i % 2;
        memset(text, 'y', shift);
        for (n = shift; n < SIZE - 7 * i; n += strlen(units[i])) strcpy(text + n, units[i]);
        tree_write("s/large.sql", text, n);
        tree_text("s/z.sql", "after");
        files = build_find("s");
        memset(&options, 0, sizeof options);
        options.check = CONFITURE_CHECK_NONE;
        map_everywhere(files, &options, 2, (int)i);
        options.keep_line_ends = true;
        options.header = &header;
        map_everywhere(files, &options, 1, (int)i);
        confiture_files_free(files);
        tree_clear();
    }
    free(text);
}

/* Entries name files of the caller's list, of which the output is left out. */
TEST(map, index_is_that_of_the_callers_list) {
    confiture_build_options options;
    confiture_schema schema;
    confiture_files *files;
    confiture_map map;
    memset(&options, 0, sizeof options);
    memset(&schema, 0, sizeof schema);
    memset(&map, 0, sizeof map);
    tree_text("s/a.sql", "SELECT 1;\n");
    tree_text("s/b.sql", "old");
    tree_text("s/seed/c.sql", "SELECT 2;\n");
    tree_text("s/t.sql", "SELECT 3;\n");
    files = build_find("s");
    options.schema_only = options.no_digest = true;
    options.map = &map;
    CHECK(confiture_build_file(&schema, "s/b.sql", files, &options, NULL) == CONFITURE_OK);
    CHECK(map.count == 2 && map.entries[0].index == 0 && map.entries[1].index == 3);
    CHECK_STR(map.entries[1].name, "t.sql");
    CHECK_STR(map.entries[1].path, "s/t.sql");
    confiture_map_free(&map);
    confiture_files_free(files);
    tree_clear();
}

TEST(map, no_such_line) {
    confiture_map map;
    confiture_place place;
    memset(&map, 0, sizeof map);
    place = confiture_map_find(NULL, 1);
    CHECK(place.kind == CONFITURE_PLACE_NONE && place.entry == CONFITURE_NO_INDEX);
    CHECK(confiture_map_find(&map, 0).kind == CONFITURE_PLACE_NONE);
    CHECK(confiture_map_find(&map, 1).kind == CONFITURE_PLACE_NONE);
    CHECK(confiture_map_line(NULL, 0, 1) == 0 && confiture_map_line(&map, 0, 1) == 0);
    confiture_map_free(NULL);
    confiture_map_free(&map);
}

/* A build that fails leaves no map, whatever it has come to, and frees that of an earlier one. */
TEST(map, a_failed_build_leaves_none) {
    confiture_build_options options;
    confiture_schema schema;
    confiture_files *good, *bad;
    confiture_map map, zero;
    confiture_sink sink;
    build_sink kept;
    size_t way;
    memset(&options, 0, sizeof options);
    memset(&schema, 0, sizeof schema);
    memset(&map, 0, sizeof map);
    memset(&zero, 0, sizeof zero);
    memset(&kept, 0, sizeof kept);
    options.map = &map;
    tree_text("g/a.sql", "SELECT 1;\n");
    tree_text("s/a.sql", "SELECT 1;\n");
    tree_text("s/b.sql", "'");
    tree_text("s/c.sql", "SELECT 1;\n");
    good = build_find("g");
    bad = build_find("s");
    for (way = 0; way < 6; way++) {
        confiture_status status = CONFITURE_OK;
        CHECK(confiture_build(&schema, good, &options, NULL) == CONFITURE_OK && map.count == 1);
        memset(&kept, 0, sizeof kept);
        sink.write = build_sink_write;
        sink.user = &kept;
        kept.refuse_at = 1;
        if (way == 0) status = confiture_build(&schema, bad, &options, NULL);
        if (way == 1) status = confiture_build_file(&schema, "o", bad, &options, NULL);
        if (way == 2) status = confiture_build_file(&schema, "none/o", good, &options, NULL);
        if (way == 3) status = confiture_build_sink(&schema, &sink, good, &options, NULL);
        if (way == 4) status = confiture_build(&schema, NULL, &options, NULL);
        if (way == 5) status = confiture_build(NULL, good, &options, NULL);
        CHECK(status != CONFITURE_OK && memcmp(&map, &zero, sizeof map) == 0);
        free(kept.data);
    }
    confiture_schema_free(&schema);
    confiture_files_free(good);
    confiture_files_free(bad);
    tree_clear();
}

typedef struct map_exhausted {
    const confiture_files *files;
    int way;
} map_exhausted;

static confiture_status map_exhaust(void *ctx, const confiture_run *run, confiture_error *error) {
    static const char *const paths[3] = {"pre.sql", "app.sql", "post.sql"};
    static const char *const pre[] = {"s/b"};
    const map_exhausted *e = (const map_exhausted *)ctx;
    confiture_build_options options;
    confiture_schema schemas[3];
    confiture_map maps[3];
    confiture_header header;
    confiture_status status;
    size_t i;
    memset(&options, 0, sizeof options);
    memset(&header, 0, sizeof header);
    memset(schemas, 0, sizeof schemas);
    memset(maps, 0, sizeof maps);
    options.run = *run;
    options.check = CONFITURE_CHECK_NONE;
    options.map = maps;
    options.pre_dirs = pre;
    options.pre_dir_count = 1;
    if (e->way >= 2) options.header = &header;
    if (e->way == 0) status = confiture_build(schemas, e->files, &options, error);
    else if (e->way == 1) status = confiture_build_split(schemas, e->files, &options, error);
    else status = confiture_build_split_files(schemas, paths, e->files, &options, error);
    for (i = 0; i < 3; i++) {
        CHECK_QUIET(status == CONFITURE_OK || (maps[i].entries == NULL && maps[i].count == 0));
        confiture_schema_free(&schemas[i]);
        confiture_map_free(&maps[i]);
    }
    return status;
}

TEST(map, memory_runs_out) {
    map_exhausted e;
    confiture_files *files;
    map_make();
    files = build_find("s");
    e.files = files;
    for (e.way = 0; e.way < 3; e.way++) {
        memory_exhaust(map_exhaust, &e, 1, false, NULL);
        memory_exhaust(map_exhaust, &e, 1, true, NULL);
        memory_exhaust(map_exhaust, &e, 3, false, NULL);
    }
    confiture_files_free(files);
    tree_clear();
}

/* ==== Random trees ======================================================= */

static uint32_t map_random_state = 2024;

static uint32_t map_random(uint32_t below) {
    map_random_state = map_random_state * 1664525u + 1013904223u;
    return (map_random_state >> 8) % below;
}

TEST(map, random_trees) {
    static const char *const words[] = {
        "SELECT 1;",          "\n", "\r",          "\r\n", ";", "-- x", "\xC3\xA9",
        "\n-- File: 1.sql\n", " ",  "\xEF\xBB\xBF"};
    static const char *const pre[] = {"s/d0"}, *const post[] = {"s/d2"};
    confiture_build_options options;
    confiture_header header;
    confiture_files *files;
    unsigned round, i, k, n;
    char path[64], text[1024];
    memset(&header, 0, sizeof header);
    for (round = 0; round < 100; round++) {
        n = 1 + map_random(12);
        for (i = 0; i < n; i++) {
            sprintf(path, "s/d%u/%u.sql", (unsigned)map_random(3), i);
            text[0] = '\0';
            for (k = map_random(20); k > 0; k--) strcat(text, words[map_random(10)]);
            tree_text(path, text);
        }
        files = build_find("s");
        memset(&options, 0, sizeof options);
        options.separator = (confiture_separator)map_random(3);
        if (map_random(4) == 0) options.separator = CONFITURE_SEPARATOR_NONE;
        options.check = CONFITURE_CHECK_NONE;
        options.strip_bom = map_random(2) != 0;
        options.keep_line_ends = map_random(2) != 0;
        options.header = map_random(2) != 0 ? &header : NULL;
        options.pre_dirs = pre;
        options.pre_dir_count = 1;
        options.post_dirs = post;
        options.post_dir_count = 1;
        map_everywhere(files, &options, 1, (int)round);
        confiture_files_free(files);
        tree_clear();
    }
}

#include "test_map_file.c"
