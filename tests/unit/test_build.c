/* Building: every byte that stands around the files, where it goes, and what is left when
 * it fails: output.c, schema.c, build.c, and check.c on the way. */

#include "../chest/memory.h"
#include "../chest/runs.h"
#include "../chest/tree.h"

SUITE(build, tree_suite_begins, tree_suite_ends_whole);

#define BAR42 "=========================================="
#define BAR44 BAR42 "=="

/* A sink that keeps what it is given, and may refuse. */
typedef struct build_sink {
    char *data;
    size_t size, calls, refuse_at; /* refuse_at: the call, from 1; 0: none */
} build_sink;

static int build_sink_write(void *user, const void *data, size_t size) {
    build_sink *sink = (build_sink *)user;
    if (++sink->calls == sink->refuse_at) return 4711;
    sink->data = (char *)realloc(sink->data, sink->size + size + 1);
    if (sink->data == NULL) abort();
    memcpy(sink->data + sink->size, data, size);
    sink->size += size;
    sink->data[sink->size] = '\0';
    return 0;
}

static confiture_files *build_find(const char *directory) {
    confiture_files *files = NULL;
    confiture_error error;
    if (!CHECK_STR(runs_outcome(confiture_find(&files, directory, NULL, &error), &error), "done"))
        abort();
    return files;
}

static bool build_same(const confiture_schema *schema, const char *expected, size_t size) {
    return schema->size == size && schema->total_bytes == size &&
           memcmp(schema->data, expected, size) == 0 && schema->data[size] == '\0';
}

/* Builds to memory: the outcome, which is the schema if all went well. */
static const char *build_outcome(const confiture_files *files,
                                 const confiture_build_options *given) {
    static char *kept = NULL;
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
    options.run.allocator = &m.allocator;
    status = confiture_build(&schema, files, &options, &error);
    outcome = runs_outcome(status, &error);
    if (status == CONFITURE_OK) {
        free(kept);
        kept = (char *)malloc(schema.size + 1);
        if (kept == NULL) abort();
        memcpy(kept, schema.data, schema.size + 1);
        outcome = kept;
        CHECK(schema.size == schema.total_bytes && schema.data[schema.size] == '\0');
    } else {
        CHECK(schema.size == 0 && schema.file_count == 0 && schema.digest_hex[0] == '\0');
    }
    confiture_schema_free(&schema);
    CHECK(schema.data == NULL && schema.capacity == 0 && memory_is_clean(&m));
    return outcome;
}

/* To memory, to a sink and to a file, however it is run: the same bytes. */
static void build_everywhere(const confiture_files *files, const confiture_build_options *given,
                             const char *expected, size_t size, int line) {
    confiture_build_options options = *given;
    confiture_digest digest;
    confiture_error error;
    size_t r;
    CHECK(confiture_hash(&digest, files, NULL, NULL) == CONFITURE_OK);
    for (r = 0; r < RUNS; r++) {
        confiture_schema schema;
        confiture_sink sink;
        build_sink kept;
        bool good;
        options.run = runs_get(r);
        memset(&schema, 0, sizeof schema);
        memset(&kept, 0, sizeof kept);
        sink.write = build_sink_write;
        sink.user = &kept;
        good = CHECK_STR(runs_outcome(confiture_build(&schema, files, &options, &error), &error),
                         "done");
        good &= CHECK(build_same(&schema, expected, size));
        good &= CHECK_STR(schema.digest_hex, options.no_digest ? "" : digest.hex);
        good &=
            CHECK(confiture_build_sink(&schema, &sink, files, &options, &error) == CONFITURE_OK);
        good &= CHECK(schema.data == NULL && schema.total_bytes == size);
        good &= CHECK(kept.size == size && (size == 0 || memcmp(kept.data, expected, size) == 0));
        good &= CHECK(kept.calls <= 2 + size / 32768);
        free(kept.data);
        good &=
            CHECK(confiture_build_file(&schema, "out", files, &options, &error) == CONFITURE_OK);
        good &= CHECK(schema.data == NULL && schema.total_bytes == size && !schema.unchanged);
        good &= CHECK(tree_holds("out", expected, size) && tree_temporaries(".") == 0);
        confiture_schema_free(&schema);
        if (!good) runs_note("line, run", line, (int)r, 0);
    }
    tree_remove("out");
}

/* ==== What stands between the files ====================================== */

/* All that must stay as it is. */
static const char build_bom[] = "\xEF\xBB\xBF-- \0 \f\v\xC2\x85\n\n";

static void build_make(void) {
    tree_text("s/a.sql", "SELECT 1;\r\nSELECT\r2;\r\n");
    tree_write("s/b/bom.sql", build_bom, sizeof build_bom - 1);
    tree_text("s/b/none.sql", "x\n\rno newline");
    tree_text("s/c.sql", "");
}

TEST(build, separators) {
    static const struct {
        confiture_separator style;
        const char *before, *behind, *template_text;
    } cases[] = {
        {CONFITURE_SEPARATOR_BLOCK_COMMENT, "\n/* " BAR42 "\n * File: ", "\n * " BAR42 " */\n\n",
         NULL},
        {CONFITURE_SEPARATOR_LINE_COMMENT, "\n-- " BAR42 "\n-- File: ", "\n-- " BAR42 "\n\n", NULL},
        {CONFITURE_SEPARATOR_MYSQL, "\n# " BAR42 "\n# File: ", "\n# " BAR42 "\n\n", NULL},
        {CONFITURE_SEPARATOR_CUSTOM, "\n-- <", "> --\n", "-- <{file_path}> --"},
        {CONFITURE_SEPARATOR_CUSTOM, "\n{}{x", "}\n\n", "{{}}{{x{file_path}}}\n"}};
    static const char *const names[] = {"a.sql", "b/bom.sql", "b/none.sql", "c.sql"};
    static const char *const texts[] = {"SELECT 1;\nSELECT\n2;\n", build_bom, "x\n\nno newline\n",
                                        "\n"};
    static const size_t sizes[] = {20, sizeof build_bom - 1, 14, 1};
    confiture_build_options options;
    confiture_files *files;
    char expected[2000];
    size_t i, k, n;
    build_make();
    files = build_find("s");
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES; /* for psql, the mark and the NUL are findings */
    for (i = 0; i < TREE_COUNT(cases); i++) {
        options.separator = cases[i].style;
        options.separator_template = cases[i].template_text;
        for (k = n = 0; k < 4; k++) {
            n +=
                (size_t)sprintf(expected + n, "%s%s%s", cases[i].before, names[k], cases[i].behind);
            memcpy(expected + n, texts[k], sizes[k]);
            n += sizes[k];
        }
        build_everywhere(files, &options, expected, n, __LINE__);
    }
    for (k = n = 0; k < 4; k++) {
        memcpy(expected + n, texts[k], sizes[k]);
        n += sizes[k];
    }
    options.separator = CONFITURE_SEPARATOR_NONE;
    build_everywhere(files, &options, expected, n, __LINE__);
    options.no_digest = true;
    build_everywhere(files, &options, expected, n, __LINE__);
    confiture_files_free(files);
    CHECK(confiture_files_from_paths(&files, NULL, 0, NULL, NULL) == CONFITURE_OK);
    build_everywhere(files, &options, "", 0, __LINE__);
    confiture_files_free(files);
    tree_clear();
}

#define LONE_CR                                                                                    \
    "carriage return alone, where psql ends no line: use LF or CRLF, or let it become LF"

/* Every byte but what strip_bom leaves out; the check and its lines are those of a build with LF. */
TEST(build, keeps_line_ends) {
    static const char all[] = "SELECT 1;\r\n\r\rSELECT 2;\r\nSELECT 3;\n\n\rSELECT 4;\r\n";
    confiture_build_options options;
    confiture_files *files;
    memset(&options, 0, sizeof options);
    options.separator = CONFITURE_SEPARATOR_NONE;
    options.keep_line_ends = true;
    tree_text("s/a.sql", "SELECT 1;\r\n\r\rSELECT 2;\r");
    tree_text("s/b.sql", "\xEF\xBB\xBFSELECT 3;\n\n\rSELECT 4;\r\n");
    files = build_find("s");
    options.strip_bom = true;
    options.check = CONFITURE_CHECK_REFERENCE;
    build_everywhere(files, &options, all, sizeof all - 1, __LINE__);
    options.check = CONFITURE_CHECK_NONE;
    build_everywhere(files, &options, all, sizeof all - 1, __LINE__);
    options.check = CONFITURE_CHECK_REFERENCE;
    tree_text("s/a.sql", "SELECT 1;\r\n\r/*\rSELECT 2;\r");
    CHECK_STR(build_outcome(files, &options), "UNCLOSED s/a.sql:3: comment never closed");
    options.check = CONFITURE_CHECK_QUOTES;
    CHECK_STR(build_outcome(files, &options), "UNCLOSED s/a.sql:2: " LONE_CR);
    options.check = CONFITURE_CHECK_DEFAULT;
    CHECK_STR(build_outcome(files, &options), "UNCLOSED s/a.sql:2: " LONE_CR);
    tree_text("s/a.sql", "\r");
    CHECK_STR(build_outcome(files, &options), "UNCLOSED s/a.sql:1: " LONE_CR);
    tree_text("s/a.sql", "SELECT 1;\r\n/*\r\nSELECT 2;\r\n");
    CHECK_STR(build_outcome(files, &options), "UNCLOSED s/a.sql:2: comment never closed");
    tree_text("s/a.sql", "SELECT 1;\r\n\r\xFF");
    CHECK_STR(build_outcome(files, &options), "ENCODING s/a.sql:3: not valid UTF-8, byte 12");
    options.terminate = true;
    tree_text("s/a.sql", "SELECT 1\r\n");
    tree_text("s/b.sql", "");
    CHECK_STR(build_outcome(files, &options), "SELECT 1\r\n;\n\n");
    tree_text("s/a.sql", "SELECT 1\r");
    CHECK_STR(build_outcome(files, &options), "UNCLOSED s/a.sql:1: " LONE_CR);
    tree_text("s/a.sql", "SELECT 1;\r\nSELECT 2;\rCOPY t FROM stdin");
    CHECK_STR(build_outcome(files, &options), "UNCLOSED s/a.sql:2: " LONE_CR);
    confiture_files_free(files);
    tree_clear();
}

TEST(build, templates) {
    static const char needs_postgres[] =
        "ARGUMENT terminate needs the check POSTGRES, which alone sees unended statements";
    static const char braces[] =
        "ARGUMENT the separator template may hold {file_path}, {{ and }} and no other braces";
    static const char *const cases[][2] = {
        {"x", "\nx\n\n"},
        {"{file_path}{file_path}", "\na.sqla.sql\n\n"},
        {"{{file_path}}", "\n{file_path}\n\n"},
        {"{{{file_path}}}", "\n{a.sql}\n\n"},
        {"\xC3\xA9", "\n\xC3\xA9\n\n"},
        {"", "ARGUMENT the custom separator has no template"},
        {NULL, "ARGUMENT the custom separator has no template"},
        {"{", braces},
        {"}", braces},
        {"{}", braces},
        {"{file_path", braces},
        {"{file}", braces},
        {"{file_path }", braces},
        {"{file_path!r}", braces},
        {"{{}", braces},
        {"}}}", braces},
        {"{{{{{file_path}}}}", braces},
        {"\xFF", "ARGUMENT the separator template is not valid UTF-8"},
        {"a\xC3", "ARGUMENT the separator template is not valid UTF-8"}};
    confiture_build_options options;
    confiture_files *files;
    size_t i;
    tree_text("s/a.sql", "");
    files = build_find("s");
    memset(&options, 0, sizeof options);
    options.separator = CONFITURE_SEPARATOR_CUSTOM;
    for (i = 0; i < TREE_COUNT(cases); i++) {
        options.separator_template = cases[i][0];
        CHECK_STR(build_outcome(files, &options), cases[i][1]);
    }
    options.separator = (confiture_separator)5;
    CHECK_STR(build_outcome(files, &options), "ARGUMENT unknown separator style");
    options.separator = CONFITURE_SEPARATOR_NONE;
    options.check = (confiture_check_mode)5;
    CHECK_STR(build_outcome(files, &options), "ARGUMENT unknown check mode");
    options.terminate = true;
    for (i = 0; i < 5; i++) {
        options.check = (confiture_check_mode)i;
        CHECK_STR(build_outcome(files, &options), i <= 1 ? "\n" : needs_postgres);
    }
    options.check = CONFITURE_CHECK_DEFAULT;
    options.separator = CONFITURE_SEPARATOR_MYSQL;
    CHECK_STR(build_outcome(files, &options), needs_postgres);
    confiture_files_free(files);
    tree_clear();
}

TEST(build, header) {
    static const char form[] =
        "-- " BAR44 "\n-- PostgreSQL Schema for Confiture\n-- " BAR44 "\n--\n"
        "-- Environment: %s\n-- Generated: %s\n-- Schema Hash: %s\n"
        "-- Files Included: 4\n--\n"
        "-- This file was generated by Confiture (confiture build)\n"
        "-- DO NOT EDIT MANUALLY - Edit source files in db/schema/\n--\n"
        "-- " BAR44 "\n\nSELECT 1;\nSELECT\n2;\n";
    static const char rest[] = "\xEF\xBB\xBF-- \0 \f\v\xC2\x85\n\nx\n\nno newline\n\n";
    static const char *const bad[] = {"a\nb", "\r", "\xFF", "\x1B", "\xC2\x85"};
    confiture_build_options options;
    confiture_header header;
    confiture_files *files;
    confiture_digest digest;
    char expected[2000];
    size_t i, n;
    build_make();
    files = build_find("s");
    CHECK(confiture_hash(&digest, files, NULL, NULL) == CONFITURE_OK);
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    memset(&header, 0, sizeof header);
    options.separator = CONFITURE_SEPARATOR_NONE;
    options.header = &header;
    for (i = 0; i < 3; i++) {
        if (i == 1) header.environment = "golden", header.timestamp = "2026-01-01T00:00:00";
        if (i == 2) header.environment = "", header.timestamp = "\xC3\xA9 -- */ '";
        n = (size_t)sprintf(expected, form, i == 0 ? "local" : header.environment,
                            i == 0 ? "" : header.timestamp, digest.hex);
        memcpy(expected + n, rest, sizeof rest);
        build_everywhere(files, &options, expected, n + sizeof rest - 1, __LINE__);
    }
    for (i = 0; i < TREE_COUNT(bad); i++) {
        header.environment = bad[i], header.timestamp = NULL;
        CHECK_STR(build_outcome(files, &options),
                  "ARGUMENT the header's environment must be one line of UTF-8");
        header.environment = NULL, header.timestamp = bad[i];
        CHECK_STR(build_outcome(files, &options),
                  "ARGUMENT the header's timestamp must be one line of UTF-8");
    }
    header.timestamp = NULL;
    options.no_digest = true;
    CHECK_STR(build_outcome(files, &options), "ARGUMENT a header needs the digest");
    confiture_files_free(files);
    tree_clear();
}

/* ==== Text =============================================================== */

/* A file that is visited in pieces of 256 KiB, of lines that are 64 bytes long. */
enum { BUILD_LARGE = 2200000, BUILD_PIECE = 262144 };

static void build_large(const char *at, size_t where, size_t size) {
    uint8_t *bytes = tree_bytes(BUILD_LARGE, 3);
    memcpy(bytes + where, at, size);
    tree_write("s/b.sql", bytes, BUILD_LARGE);
    free(bytes);
}

TEST(build, pieces) {
    static const struct {
        const char *bytes; /* that begin one byte before the second piece */
        const char *text;  /* what becomes of them; NULL: not valid, at +bad */
        size_t bad;
    } cases[] = {{"\r\n", "\n", 0},
                 {"\r\r\n", "\n\n", 0},
                 {"\r", "\n", 0},
                 {"\n\r\n", "\n\n", 0},
                 {"\xC3\xA9", "\xC3\xA9", 0},
                 {"\xE2\x82\xAC", "\xE2\x82\xAC", 0},
                 {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80", 0},
                 {"\xC3", NULL, 0},
                 {"\xE2\x82", NULL, 0},
                 {"\xF0\x9F\x98", NULL, 0},
                 {"x\xFF", NULL, 1},
                 {"\r\xFF", NULL, 1},
                 {"\r\n\x80", NULL, 2},
                 {"\xED\xA0\x80", NULL, 0},
                 {"/*x", "/*x", 0},
                 {"*/", "*/", 0}};
    confiture_build_options options;
    confiture_files *files;
    uint8_t *bytes = tree_bytes(BUILD_LARGE, 3);
    char *expected = (char *)malloc(BUILD_LARGE + 100), words[200];
    size_t i, k, n;
    memset(&options, 0, sizeof options);
    options.separator = CONFITURE_SEPARATOR_NONE;
    options.check = CONFITURE_CHECK_NONE;
    if (expected == NULL) abort();
    tree_text("s/a.sql", "a"); /* what is known of one file must not leak into the next */
    tree_text("s/c.sql", "\nc");
    build_large("", 0, 0);
    files = build_find("s");
    for (i = 0; i < TREE_COUNT(cases); i++) {
        size_t size = strlen(cases[i].bytes),
               text = cases[i].text == NULL ? 0 : strlen(cases[i].text);
        const size_t where = BUILD_PIECE - 1;
        build_large(cases[i].bytes, where, size);
        options.run.threads = i % 2 == 0 ? 1 : 4;
        n = (size_t)sprintf(expected, "a\n");
        memcpy(expected + n, bytes, where);
        n += where;
        memcpy(expected + n, cases[i].text == NULL ? "" : cases[i].text, text);
        n += text;
        memcpy(expected + n, bytes + where + size, BUILD_LARGE - where - size);
        n += BUILD_LARGE - where - size;
        strcpy(expected + n, "\nc\n");
        if (cases[i].text != NULL) {
            CHECK(strcmp(build_outcome(files, &options), expected) == 0);
            options.run.io = CONFITURE_IO_MMAP;
            CHECK(strcmp(build_outcome(files, &options), expected) == 0);
            options.keep_line_ends = true; /* the bytes between "a" and "c" as they are */
            memcpy(expected + 2 + where, cases[i].bytes, size);
            memcpy(expected + 2 + where + size, bytes + where + size, BUILD_LARGE - where - size);
            strcpy(expected + 2 + BUILD_LARGE, "\nc\n");
            CHECK(strcmp(build_outcome(files, &options), expected) == 0);
            options.keep_line_ends = false;
        } else {
            unsigned line = BUILD_PIECE / 64; /* whose newline is overwritten */
            for (k = 0; k < cases[i].bad; k++)
                line += cases[i].bytes[k] == '\r' ||
                        (cases[i].bytes[k] == '\n' && cases[i].bytes[k - 1] != '\r');
            sprintf(words, "ENCODING s/b.sql:%u: not valid UTF-8, byte %u", line,
                    (unsigned)(where + cases[i].bad));
            CHECK_STR(build_outcome(files, &options), words);
            options.run.io = CONFITURE_IO_MMAP;
            CHECK_STR(build_outcome(files, &options), words);
        }
        options.run.io = CONFITURE_IO_AUTO;
    }
    /* A finding that begins in one piece and is known in the last. */
    options.check = CONFITURE_CHECK_QUOTES;
    build_large("/*", BUILD_PIECE - 1, 2);
    sprintf(words, "UNCLOSED s/b.sql:%u: comment never closed", BUILD_PIECE / 64);
    CHECK_STR(build_outcome(files, &options), words);
    build_large("\xC3", BUILD_LARGE - 1, 1); /* cut off by the end of the file */
    CHECK_STR(build_outcome(files, &options),
              "ENCODING s/b.sql:34375: not valid UTF-8, byte 2199999");
    free(expected);
    free(bytes);
    confiture_files_free(files);
    tree_clear();
}

TEST(build, encoding) {
    static const struct {
        const char *text;
        unsigned line, byte;
    } cases[] = {{"\xFF", 1, 0},           {"a\nb\xC0\x80", 2, 3}, {"a\r\nb\r\xED\xA0\x80\n", 3, 5},
                 {"\n\n\n\xE2\x82", 4, 3}, {"\xC3\xA9\xF5", 1, 2}, {"/* \xFE */", 1, 3}};
    confiture_build_options options;
    confiture_files *files;
    char words[100];
    size_t i;
    tree_text("s/a.sql", "fine;\n");
    tree_text("s/b.sql", "");
    tree_text("s/c.sql", "\xFF");
    files = build_find("s");
    memset(&options, 0, sizeof options);
    for (i = 0; i < TREE_COUNT(cases); i++) {
        tree_text("s/b.sql", cases[i].text);
        sprintf(words, "ENCODING s/b.sql:%u: not valid UTF-8, byte %u", cases[i].line,
                cases[i].byte);
        for (options.check = CONFITURE_CHECK_POSTGRES; options.check <= CONFITURE_CHECK_NONE;
             options.check = (confiture_check_mode)(options.check + 1))
            CHECK_STR(build_outcome(files, &options), words);
        options.check = CONFITURE_CHECK_POSTGRES;
    }
    confiture_files_free(files);
    tree_clear();
}

/* ==== Checks ============================================================= */

static void build_on_finding(void *user, const confiture_finding *finding) {
    char *words = (char *)user;
    CHECK(strstr(finding->message, finding->what) != NULL);
    CHECK(finding->status == CONFITURE_E_UNCLOSED || finding->status == CONFITURE_E_ENCODING);
    sprintf(words + strlen(words), "%s|%s\n", finding->name, finding->message);
}

TEST(build, findings) {
    static const char all[] = "b.sql|s/b.sql:2: comment never closed\n"
                              "c.sql|s/c.sql:1: not valid UTF-8, byte 1\n"
                              "e.sql|s/e.sql:1: quote never closed\n";
    confiture_build_options options;
    confiture_check_options check;
    confiture_files *files;
    confiture_error error;
    confiture_schema schema;
    char words[400];
    size_t r;
    tree_text("s/a.sql", "SELECT '/*';\n");
    tree_text("s/b.sql", "-- /*\n/* /* */");
    tree_text("s/c.sql", "x\xFF");
    tree_text("s/d.sql", "SELECT 1;");
    tree_text("s/e.sql", "'");
    tree_text("out.sql", "old");
    files = build_find("s");
    for (r = 0; r < RUNS; r++) {
        memset(&options, 0, sizeof options);
        memset(&check, 0, sizeof check);
        memset(&schema, 0, sizeof schema);
        options.run = check.run = runs_get(r);
        CHECK_STR(build_outcome(files, &options), "UNCLOSED s/b.sql:2: comment never closed");
        CHECK_STR(runs_outcome(confiture_check(files, &check, &error), &error),
                  "UNCLOSED s/b.sql:2: comment never closed");
        options.on_finding = check.on_finding = build_on_finding;
        options.finding_user = check.finding_user = words;
        words[0] = '\0';
        CHECK_STR(build_outcome(files, &options), "UNCLOSED s/b.sql:2: comment never closed");
        CHECK_STR(words, all);
        words[0] = '\0';
        CHECK_STR(runs_outcome(confiture_check(files, &check, &error), &error),
                  "UNCLOSED s/b.sql:2: comment never closed");
        CHECK_STR(words, all);
        CHECK(error.line == 2 && strcmp(error.path, "s/b.sql") == 0);
        words[0] = '\0';
        CHECK(confiture_build_file(&schema, "out.sql", files, &options, &error) ==
              CONFITURE_E_UNCLOSED);
        CHECK_STR(words, all);
        CHECK(tree_holds("out.sql", "old", 3) && tree_temporaries(".") == 0);
        /* The reference takes the string for a comment, and no comment for nested. */
        words[0] = '\0';
        options.check = check.mode = CONFITURE_CHECK_REFERENCE;
        CHECK(confiture_check(files, &check, &error) == CONFITURE_E_UNCLOSED);
        CHECK_STR(
            words,
            "a.sql|s/a.sql:1: comment never closed\nc.sql|s/c.sql:1: not valid UTF-8, byte 1\n");
        words[0] = '\0';
        options.check = check.mode = CONFITURE_CHECK_NONE;
        CHECK(confiture_check(files, &check, &error) == CONFITURE_E_ENCODING);
        CHECK_STR(words, "c.sql|s/c.sql:1: not valid UTF-8, byte 1\n");
    }
    confiture_files_free(files);
    tree_clear();
}

TEST(build, names) {
    static const char ends[] =
        "NAME s/a*/b.sql: the file name holds */, which ends a block comment";
    static const char opens[] =
        "NAME s/c/*b.sql: the path holds /*, which opens a comment inside the "
        "block comment";
    confiture_build_options options;
    confiture_files *files;
    TREE_NEEDS("names with a star");
    memset(&options, 0, sizeof options);
    tree_text("s/c/*b.sql", "x");
    files = build_find("s");
    CHECK_STR(build_outcome(files, &options), opens);
    options.separator = CONFITURE_SEPARATOR_LINE_COMMENT;
    CHECK_STR(build_outcome(files, &options),
              "\n-- " BAR42 "\n-- File: c/*b.sql\n-- " BAR42 "\n\nx\n");
    options.separator = CONFITURE_SEPARATOR_BLOCK_COMMENT;
    options.check = CONFITURE_CHECK_REFERENCE;
    CHECK_STR(build_outcome(files, &options),
              "\n/* " BAR42 "\n * File: c/*b.sql\n * " BAR42 " */\n\nx\n");
    confiture_files_free(files);
    tree_text("s/a*/b.sql", "x;");
    files = build_find("s");
    CHECK_STR(build_outcome(files, &options), ends);
    options.check = CONFITURE_CHECK_POSTGRES;
    CHECK_STR(build_outcome(files, &options), ends);
    options.separator = CONFITURE_SEPARATOR_MYSQL;
    CHECK(strstr(build_outcome(files, &options), "# File: a*/b.sql\n") != NULL);
    confiture_files_free(files);
    tree_clear();
}

/* ==== Memory and sinks =================================================== */

TEST(build, reuse) {
    confiture_build_options options;
    confiture_schema schema;
    confiture_files *files, *bad;
    confiture_error error;
    memory m, other;
    char *data;
    const char *path = "s/missing.sql";
    size_t capacity;
    memory_init(&m);
    memory_init(&other);
    memset(&schema, 0, sizeof schema);
    memset(&options, 0, sizeof options);
    tree_fill("s/a.sql", 5000, 1);
    files = build_find("s");
    CHECK(confiture_files_from_paths(&bad, &path, 1, NULL, NULL) == CONFITURE_OK);
    options.run.allocator = &m.allocator;
    CHECK(confiture_build(&schema, files, &options, &error) == CONFITURE_OK);
    data = schema.data;
    capacity = schema.capacity;
    CHECK(m.blocks == 1 && schema.file_count == 1 && schema.size > 5000);
    CHECK(confiture_build(&schema, files, &options, &error) == CONFITURE_OK);
    CHECK(schema.data == data && schema.capacity == capacity && m.blocks == 1);
    /* Another allocator: the memory goes back to the first, and is the other's from then on. */
    options.run.allocator = &other.allocator;
    CHECK(confiture_build(&schema, files, &options, &error) == CONFITURE_OK);
    CHECK(m.blocks == 0 && other.blocks == 1 && schema.size > 5000);
    data = schema.data;
    capacity = schema.capacity;
    CHECK_STR(runs_outcome(confiture_build(&schema, bad, &options, &error), &error),
              "SYSTEM s/missing.sql: no such file or directory");
    CHECK(schema.data == data && schema.capacity == capacity && schema.size == 0 &&
          data[0] == '\0');
    CHECK(schema.total_bytes == 0 && schema.file_count == 0 && schema.digest_hex[0] == '\0');
    options.separator = CONFITURE_SEPARATOR_CUSTOM; /* without a template */
    CHECK(confiture_build(&schema, files, &options, &error) == CONFITURE_E_ARGUMENT);
    CHECK(schema.data == data && schema.size == 0 && data[0] == '\0');
    options.separator = CONFITURE_SEPARATOR_NONE;
    CHECK(confiture_build(&schema, files, &options, &error) == CONFITURE_OK);
    CHECK(schema.data == data && schema.size == 5000 + (5000 % 64 != 0));
    /* What is kept in memory goes when the next build goes elsewhere. */
    CHECK(confiture_build_file(&schema, "out", files, &options, &error) == CONFITURE_OK);
    CHECK(schema.data == NULL && memory_is_clean(&m) && memory_is_clean(&other));
    confiture_schema_free(&schema);
    confiture_schema_free(NULL);
    confiture_files_free(files);
    confiture_files_free(bad);
    tree_clear();
}

TEST(build, sinks) {
    confiture_build_options options;
    confiture_header header;
    confiture_schema schema;
    confiture_files *files;
    confiture_error error;
    confiture_sink sink;
    build_sink kept;
    char *whole;
    size_t calls, i, way;
    char name[32];
    for (i = 0; i < 30; i++) {
        sprintf(name, "s/%02u.sql", (unsigned)i);
        tree_fill(name, i == 11 ? 2200000 : i == 5 ? 100000 : 40000, (unsigned)i);
    }
    files = build_find("s");
    memset(&header, 0, sizeof header);
    memset(&schema, 0, sizeof schema);
    sink.write = build_sink_write;
    sink.user = &kept;
    for (way = 0; way < 4; way++) {
        memset(&options, 0, sizeof options);
        options.check = CONFITURE_CHECK_QUOTES;
        options.run.threads = way < 2 ? 1 : 4;
        if (way % 2 != 0) options.header = &header;
        memset(&kept, 0, sizeof kept);
        CHECK(confiture_build_sink(&schema, &sink, files, &options, &error) == CONFITURE_OK);
        whole = kept.data;
        calls = kept.calls;
        CHECK(way % 2 == 0 ? calls > 3 && calls < 40 : calls == 1);
        for (i = 1; i <= calls; i += way < 2 ? MEMORY_STEP : 3) {
            memset(&kept, 0, sizeof kept);
            kept.refuse_at = i;
            CHECK_STR(
                runs_outcome(confiture_build_sink(&schema, &sink, files, &options, &error), &error),
                "SINK the sink refused the bytes: system error 4711");
            CHECK(error.os_error == 4711 && error.path[0] == '\0' && schema.total_bytes == 0);
            CHECK(kept.calls == i && (kept.size == 0 || memcmp(kept.data, whole, kept.size) == 0));
            free(kept.data);
        }
        free(whole);
    }
    confiture_files_free(files);
    tree_clear();
}

#include "test_build_file.c"
