/* Paths, their order, and how an error is put into words: base.h, memory.c, error.c and the
 * first half of path.c. */

#include "../chest/memory.h"
#include "../chest/tree.h"

SUITE(path, tree_suite_begins, tree_suite_ends);

static void path_buffer_init(cfti_buffer *buffer) {
    memset(buffer, 0, sizeof *buffer);
    if (!cfti_allocator_choose(&buffer->allocator, NULL)) abort();
}

/* ==== Components ========================================================= */

TEST(path, clean) {
    static const char *const cases[][2] = {
        {"", "."},      {".", "."},           {"./", "."},       {"./.", "."},
        {"a", "a"},     {"a/", "a"},          {"a//b", "a/b"},   {"./a/./b/.", "a/b"},
        {"/", "/"},     {"//", "/"},          {"/.", "/"},       {"///a//", "/a"},
        {"..", ".."},   {"../a", "../a"},     {"a/..", "a/.."},  {"a/../b", "a/../b"},
        {"/..", "/.."}, {".a/..b", ".a/..b"}, {"...", "..."},    {"a./b.", "a./b."},
        {" / ", " / "}, {"a\n/b", "a\n/b"},   {"\xFF/.", "\xFF"}};
    cfti_buffer out;
    size_t i;
    TREE_NEEDS("absolute paths of the form /a");
    path_buffer_init(&out);
    for (i = 0; i < TREE_COUNT(cases); i++) {
        CHECK(cfti_path_clean(&out, cases[i][0], strlen(cases[i][0])));
        CHECK_STR((const char *)out.data, cases[i][1]);
        CHECK(out.size == strlen(cases[i][1]));
    }
    CHECK(cfti_path_clean(&out, "a/bcd", 3));
    CHECK_STR((const char *)out.data, "a/b");
    cfti_buffer_free(&out);
}

TEST(path, compare) {
    /* As sorted() puts them, of pathlib's paths. */
    static const char *const ordered[] = {".",
                                          "-x",
                                          "../a",
                                          ".x",
                                          "/",
                                          "/a",
                                          "/a/1",
                                          "/a-b",
                                          "/b",
                                          "A",
                                          "a",
                                          "a/.x",
                                          "a/1.sql",
                                          "a/1.sql/x",
                                          "a/2.sql",
                                          "a-b/1.sql",
                                          "a.sql",
                                          "aa",
                                          "b",
                                          "\xC3\xA9",
                                          "\xEF\xBF\xBD",
                                          "\xF0\x9F\x98\x80"};
    size_t i, k;
    for (i = 0; i < TREE_COUNT(ordered); i++)
        for (k = 0; k < TREE_COUNT(ordered); k++) {
            int expected = i < k ? -1 : i > k;
            CHECK(cfti_path_compare(ordered[i], ordered[k]) == expected);
        }
    /* A byte below "/" in a component, and the component that is over. */
    CHECK(cfti_path_compare("a/\x01", "a/.x") < 0);
    CHECK(cfti_path_compare("a\x01/b", "a/b") > 0);
    CHECK(cfti_path_compare("a\xFF", "a/b") > 0);
}

TEST(path, relations) {
    static const char *const below[][3] = {
        {"a/b", "a", "b"},       {"a", "a", ""},     {"ab", "a", NULL},     {"a-b/c", "a", NULL},
        {"a/b/c", "a/b", "c"},   {"a", "a/b", NULL}, {"a/b", ".", "a/b"},   {".", ".", ""},
        {".", "a", NULL},        {"/a", ".", NULL},  {"/a/b", "/a", "b"},   {"/a", "/", "a"},
        {"/", "/", ""},          {"a", "/", NULL},   {"/ab/c", "/a", NULL}, {"../a/b", "../a", "b"},
        {"a/../b", "a", "../b"}, {"A/b", "a", NULL}, {"..", ".", ".."},     {"/a/b", "a", NULL}};
    static const char *const common[][3] = {{"/a/b", "/a/b", "/a/b"},
                                            {"/a/b", "/a/bc", "/a"},
                                            {"/a/bc", "/a/b", "/a"},
                                            {"/a", "/b", "/"},
                                            {"/", "/a", "/"},
                                            {"/a", "/", "/"},
                                            {"/", "/", "/"},
                                            {"/a/b/c", "/a/b", "/a/b"},
                                            {"/a/b", "/a/b/c", "/a/b"},
                                            {"/a/b/c", "/a/x/c", "/a"},
                                            {"/ab", "/a", "/"},
                                            {"/a/b/c", "/a/b/d", "/a/b"}};
    static const char *const climbs[] = {"..", "../a", "a/../..", "a/../../b", "a/b/../../.."};
    static const char *const stays[] = {"a", "a/..", "a/../b", "...", "..a", "a/b/../..", "."};
    cfti_buffer prefix;
    size_t i;
    for (i = 0; i < TREE_COUNT(below); i++)
        CHECK_STR(cfti_path_below(below[i][0], below[i][1]), below[i][2]);
    TREE_NEEDS("absolute paths of the form /a");
    path_buffer_init(&prefix);
    for (i = 0; i < TREE_COUNT(common); i++) {
        CHECK(cfti_path_clean(&prefix, common[i][0], strlen(common[i][0])));
        cfti_path_common(&prefix, common[i][1]);
        CHECK_STR((const char *)prefix.data, common[i][2]);
        CHECK(prefix.size == strlen(common[i][2]));
    }
    cfti_buffer_free(&prefix);
    for (i = 0; i < TREE_COUNT(climbs); i++) CHECK(cfti_path_climbs(climbs[i]));
    for (i = 0; i < TREE_COUNT(stays); i++) CHECK(!cfti_path_climbs(stays[i]));
}

/* A path resolved, without the root that it must lie in. */
static const char *path_resolved(const char *path) {
    static char words[4096];
    cfti_buffer out;
    int error;
    path_buffer_init(&out);
    error = cfti_path_resolve(&out, path);
    if (error != 0) {
        sprintf(words, "error %s", error == ELOOP ? "ELOOP" : "?");
    } else {
        const char *rest = cfti_path_below((const char *)out.data, tree.root);
        CHECK(out.size == strlen((const char *)out.data));
        strcpy(words, rest == NULL ? (const char *)out.data : rest);
    }
    cfti_buffer_free(&out);
    return words;
}

TEST(path, resolve) {
    static const char *const cases[][2] = {{".", ""},
                                           {"d", "d"},
                                           {"./d//e/.", "d/e"},
                                           {"d/..", ""},
                                           {"d/../d/e", "d/e"},
                                           {"to_d", "d"},
                                           {"to_d/e", "d/e"},
                                           {"to_d/..", ""},
                                           {"far/x", "d/e/x"},
                                           {"far/..", "d"},
                                           {"far/../f", "d/f"},
                                           {"chain", "d/e"},
                                           {"up/e", "d/e"},
                                           {"absolute/e", "d/e"},
                                           {"missing", "missing"},
                                           {"dangling/x", "nowhere/x"},
                                           {"missing/../d", "d"},
                                           {"missing/a/b", "missing/a/b"},
                                           {"d/e/missing", "d/e/missing"},
                                           {"f.sql/x", "f.sql/x"},
                                           {"loop", "error ELOOP"},
                                           {"ping/x", "error ELOOP"},
                                           {"/", "/"},
                                           {"/..", "/"},
                                           {"/../..", "/"}};
    char absolute[5000], name[64];
    size_t i;
    TREE_NEEDS("symbolic links");
    tree_directory("d/e");
    tree_text("f.sql", "");
    tree_link("to_d", "d");
    tree_link("far", "d/e");
    tree_link("chain", "to_d/../far");
    tree_link("d/e/back", "../..");
    tree_link("up", "d/e/back/d/../to_d");
    strcpy(absolute, tree.root);
    strcat(absolute, "//to_d/.");
    tree_link("absolute", absolute);
    tree_link("dangling", "nowhere");
    tree_link("loop", "loop");
    tree_link("ping", "pong");
    tree_link("pong", "ping");
    for (i = 0; i < TREE_COUNT(cases); i++) CHECK_STR(path_resolved(cases[i][0]), cases[i][1]);
    strcpy(absolute, tree.root);
    strcat(absolute, "/to_d/../far");
    CHECK_STR(path_resolved(absolute), "d/e");
    /* As many links as the kernel allows, and one more. */
    tree_link("l0", "d");
    for (i = 1; i <= 40; i++) {
        char to[64];
        sprintf(name, "l%u", (unsigned)i);
        sprintf(to, "l%u", (unsigned)i - 1);
        tree_link(name, to);
    }
    CHECK_STR(path_resolved("l39"), "d");
    CHECK_STR(path_resolved("l40"), "error ELOOP");
    tree_clear();
}

/* ==== Errors ============================================================= */

static void path_report(confiture_error *error, confiture_status status, const char *path,
                        uint64_t line, const char *detail, int os_error) {
    cfti_fail fail;
    cfti_fail_with(&fail, status, detail);
    fail.path = path;
    fail.line = line;
    fail.os_error = os_error;
    memset(error, 0xA5, sizeof *error);
    CHECK(cfti_report(error, &fail) == status);
    CHECK(error->status == status && error->line == line && error->os_error == os_error);
    CHECK(memchr(error->message, '\n', strlen(error->message)) == NULL);
}

TEST(path, errors) {
    static confiture_error error;
    static char path[6000];
    size_t size, length, k;
    bool good = true;
    const char *end;
    cfti_fail fail;
    int i;
    for (i = 0; i <= CONFITURE_E_FORMAT + 1; i++) {
        const char *text = confiture_status_text((confiture_status)i);
        CHECK(text != NULL && *text != '\0');
        CHECK((strcmp(text, "unknown status") == 0) == (i > CONFITURE_E_FORMAT));
    }
    CHECK_STR(confiture_version(), CONFITURE_VERSION);
    path_report(&error, CONFITURE_E_UNCLOSED, "a/b.sql", 12, "comment never closed", 0);
    CHECK_STR(error.message, "a/b.sql:12: comment never closed");
    CHECK_STR(error.path, "a/b.sql");
    path_report(&error, CONFITURE_E_SYSTEM, "a", 0, NULL, TREE_E_ACCESS);
    CHECK_STR(error.message, "a: permission denied");
    path_report(&error, CONFITURE_E_SYSTEM, "", 0, "the caller's parallel_for failed", 4711);
    CHECK_STR(error.message, "the caller's parallel_for failed: system error 4711");
    CHECK_STR(error.path, "");
    path_report(&error, CONFITURE_E_SINK, "", 0, NULL, TREE_E_FULL);
    CHECK_STR(error.message, "the sink refused the bytes: no space left on device");
    path_report(&error, CONFITURE_E_SYSTEM, NULL, 0, NULL, ENOENT);
    CHECK_STR(error.message, "no such file or directory");
    path_report(&error, CONFITURE_E_MEMORY, NULL, 0, NULL, 0);
    CHECK_STR(error.message, "out of memory");
    cfti_fail_with(&fail, CONFITURE_E_ENCODING, NULL);
    fail.path = "x.sql", fail.line = 3, fail.offset = UINT64_C(12345678901);
    CHECK(cfti_report(&error, &fail) == CONFITURE_E_ENCODING && error.offset == fail.offset);
    CHECK_STR(error.message, "x.sql:3: not valid UTF-8, byte 12345678901");
    CHECK(cfti_report(NULL, &fail) == CONFITURE_E_ENCODING);
    /* What would upset a terminal, or forge a second message: and é is a letter. */
    path_report(&error, CONFITURE_E_NAME, "a\nb\x1B[2J\x7F/\xC2\x9B\xC3\xA9\xFF\xE2\x82", 0, NULL,
                0);
    CHECK_STR(error.message, "a\\x0Ab\\x1B[2J\\x7F/\\xC2\\x9B\xC3\xA9\\xFF\\xE2\\x82: "
                             "the file name is not safe in SQL");
    CHECK_STR(error.path, "a\nb\x1B[2J\x7F/\xC2\x9B\xC3\xA9\xFF\xE2\x82");
    path_report(&error, CONFITURE_E_NO_FILES, NULL, 0, "none in a\nb", 0);
    CHECK_STR(error.message, "none in a\\x0Ab");
    /* Long paths are cut to their end; the longest that fits is not. */
    memset(path, 'p', sizeof path);
    strcpy(path + 4095 - 6, "/x.sql");
    path_report(&error, CONFITURE_E_NOT_FILE, path, 7, NULL, 0);
    CHECK_STR(error.path, path);
    CHECK(strlen(error.message) == 4095 + strlen(":7: not a regular file"));
    memset(path, 'p', sizeof path);
    strcpy(path + 4096 - 6, "/x.sql");
    path_report(&error, CONFITURE_E_NOT_FILE, path, UINT64_MAX, NULL, 0);
    CHECK(strlen(error.path) == 4095 && strncmp(error.path, "...pp", 5) == 0);
    CHECK_STR(error.path + 4095 - 6, "/x.sql");
    CHECK_STR(error.message + 4095, ":18446744073709551615: not a regular file");
    /* Written \x01, it is four times as long: the end still tells the file and the reason. */
    memset(path, 1, sizeof path);
    strcpy(path + 4000, "/x.sql");
    path_report(&error, CONFITURE_E_NOT_FILE, path, 0, NULL, 0);
    CHECK(strlen(error.message) < sizeof error.message);
    end = strstr(error.message, "/x.sql");
    CHECK_STR(end, "/x.sql: not a regular file");
    CHECK(strncmp(error.message, "...\\x01", 7) == 0 && strlen(error.message) > 4096);
    /* What is left out may be as it is written, and what follows not. */
    memset(path, 'p', 1000);
    memset(path + 1000, 1, 3000);
    path_report(&error, CONFITURE_E_NOT_FILE, path, 0, NULL, 0);
    CHECK_STR(strstr(error.message, "/x.sql"), "/x.sql: not a regular file");
    CHECK(strncmp(error.message, "...\\x01", 7) == 0 && strlen(error.message) < 4608);
    /* Details may be long, too: no half character, no half escape, and nothing behind it. */
    for (size = 4700; size < 4720; size++) {
        memset(path, 'p', 3000 + size % 4);
        for (k = 3000 + size % 4; k + 1 < size; k += 2)
            memcpy(path + k, size % 3 ? "\xC3\xA9" : "a\x01", 2);
        path[k] = '\0';
        path_report(&error, CONFITURE_E_ENCODING, "", 0, path, 0);
        length = strlen(error.message);
        good = good && length < sizeof error.message && length > sizeof error.message - 6;
        good = good && (size % 3 ? !memcmp(error.message + length - 2, "\xC3\xA9", 2)
                                 : error.message[length - 1] == 'a' ||
                                       !memcmp(error.message + length - 4, "\\x01", 4));
    }
    CHECK(good);
}

TEST(path, numbers) {
    static const struct {
        uint64_t value;
        const char *text;
    } cases[] = {{0, "0"},
                 {7, "7"},
                 {10, "10"},
                 {4294967296u, "4294967296"},
                 {UINT64_MAX, "18446744073709551615"}};
    static const struct {
        const char *bytes;
        size_t length;
        uint32_t code;
    } chars[] = {{"a", 1, 'a'},
                 {"\x7F", 1, 0x7F},
                 {"\xC2\x80", 2, 0x80},
                 {"\xDF\xBF", 2, 0x7FF},
                 {"\xE0\xA0\x80", 3, 0x800},
                 {"\xED\x9F\xBF", 3, 0xD7FF},
                 {"\xEE\x80\x80", 3, 0xE000},
                 {"\xF0\x90\x80\x80", 4, 0x10000},
                 {"\xF4\x8F\xBF\xBF", 4, 0x10FFFF},
                 {"\xC1\xBF", 0, 0},
                 {"\xE0\x9F\xBF", 0, 0},
                 {"\xED\xA0\x80", 0, 0},
                 {"\xF0\x8F\xBF\xBF", 0, 0},
                 {"\xF4\x90\x80\x80", 0, 0},
                 {"\xF5\x80\x80\x80", 0, 0},
                 {"\x80", 0, 0},
                 {"\xC2", 0, 0},
                 {"\xE2\x82", 0, 0},
                 {"\xC2\x41", 0, 0},
                 {"\xFF", 0, 0}};
    size_t i;
    for (i = 0; i < TREE_COUNT(cases); i++) {
        char digits[21];
        digits[cfti_decimal(digits, cases[i].value)] = '\0';
        CHECK_STR(digits, cases[i].text);
    }
    for (i = 0; i < TREE_COUNT(chars); i++) {
        uint32_t code = 0;
        size_t n = strlen(chars[i].bytes);
        CHECK(cfti_utf8_decode((const uint8_t *)chars[i].bytes, n, &code) == chars[i].length);
        CHECK(chars[i].length == 0 || code == chars[i].code);
    }
}

/* ==== Memory ============================================================= */

TEST(path, memory) {
    memory m;
    cfti_buffer buffer;
    cfti_arena arena;
    cfti_block *first;
    size_t i;
    memory_init(&m);
    memset(&buffer, 0, sizeof buffer);
    memset(&arena, 0, sizeof arena);
    buffer.allocator = arena.allocator = m.allocator;
    arena.block_size = 100;
    CHECK(cfti_buffer_append(&buffer, "", 0) && m.blocks == 0);
    for (i = 0; i < 3000; i++) CHECK(cfti_buffer_append(&buffer, "0123456789", i % 11));
    CHECK(m.calls < 20 && buffer.data[buffer.size - 1] == '0' + (2999 % 11 - 1));
    CHECK(!cfti_buffer_reserve(&buffer, SIZE_MAX) && !cfti_buffer_reserve(&buffer, SIZE_MAX / 2));
    memory_arm(&m, 1, true);
    i = buffer.size;
    CHECK(!cfti_buffer_reserve(&buffer, 100000) && buffer.size == i && buffer.data[0] == '0');
    CHECK(cfti_arena_alloc(&arena, 1) == NULL);
    memory_arm(&m, 0, false);
    cfti_buffer_free(&buffer);
    CHECK(memory_is_clean(&m));
    for (i = 1; i <= 40; i++) {
        uint8_t *bytes = (uint8_t *)cfti_arena_alloc(&arena, i * 7);
        CHECK(bytes != NULL && (uintptr_t)bytes % MEMORY_ALIGNMENT == 0);
        memset(bytes, (int)i, i * 7);
    }
    cfti_arena_reset(&arena);
    CHECK(m.blocks == 1 && arena.first->used == 0);
    cfti_arena_free(&arena);
    CHECK(memory_is_clean(&m));
    CHECK(cfti_arena_alloc(&arena, 50) != NULL);
    first = arena.first;
    i = first->used;
    CHECK(cfti_arena_alloc(&arena, 30) != NULL && arena.first == first);
    cfti_arena_rewind(&arena, first, i);
    CHECK(first->used == i);
    CHECK(cfti_arena_alloc(&arena, 80) != NULL && cfti_arena_alloc(&arena, 500) != NULL &&
          m.blocks == 3);
    cfti_arena_rewind(&arena, first, i);
    CHECK(m.blocks == 2 && arena.first->used == 0 && arena.first->next == first &&
          first->used == i);
    CHECK(cfti_arena_alloc(&arena, SIZE_MAX - 8) == NULL);
    cfti_arena_free(&arena);
    CHECK(memory_is_clean(&m));
}

#if !defined(_WIN32) /* there a path of any length is read in one call */
/* Links whose paths one call does not take: 4,000 bytes and more. */
TEST(path, long_link) {
    static const struct {
        const char *head;
        int expected;
    } cases[] = {{"", ENAMETOOLONG},  /* one component, of the current directory, */
                 {"/", ENAMETOOLONG}, /* of the root, */
                 {"gone/", ENOENT},   /* and of a directory that is not there */
                 {"file/", ENOTDIR},
                 {"./", ENAMETOOLONG}};
    cfti_buffer path;
    char target[100];
    size_t i;
    memory m;
    memory_init(&m);
    memset(&path, 0, sizeof path);
    path.allocator = m.allocator;
    tree_text("file", "");
    for (i = 0; i < TREE_COUNT(cases); i++) {
        path.size = 0;
        CHECK(cfti_buffer_append(&path, cases[i].head, strlen(cases[i].head)));
        while (path.size < 4100) CHECK_QUIET(cfti_buffer_append(&path, "a", 1));
        CHECK_QUIET(cfti_buffer_append(&path, "", 1));
        path.size--;
        if (!CHECK(cfti_path_read_link(&path, target, sizeof target) == cases[i].expected))
            runs_note("case", (int)i, 0, 0);
        CHECK(strlen((const char *)path.data) == 4100); /* as it was */
    }
    cfti_buffer_free(&path);
    CHECK(memory_is_clean(&m));
    tree_clear();
}

/* What is still to do may be nothing, or have components of no name; and what has been gone
 * may fill its buffer to the byte, so that the end of it needs memory. */
TEST(path, follow) {
    cfti_buffer out, todo;
    memory m;
    memory_init(&m);
    memset(&out, 0, sizeof out);
    out.allocator = m.allocator;
    todo = out;
    CHECK(cfti_buffer_append(&todo, "/a//b/", 6) && cfti_path_follow(&out, &todo, false) == 0);
    CHECK_STR((const char *)out.data, "/a/b");
    todo.size = 0;
    while (out.size < out.capacity) CHECK_QUIET(cfti_buffer_append(&out, "c", 1));
    memory_arm(&m, 1, true);
    CHECK(cfti_path_follow(&out, &todo, false) == ENOMEM && m.failed);
    memory_arm(&m, 0, false);
    CHECK(cfti_path_follow(&out, &todo, false) == 0 && out.data[out.size] == 0);
    cfti_buffer_free(&out);
    cfti_buffer_free(&todo);
    CHECK(memory_is_clean(&m));
}
#endif
