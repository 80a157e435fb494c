/* What a name may be: strict UTF-8 without control characters, by whatever way it comes, and in
 * every style of separator. Names are decoded by cfti_utf8_decode(), text is checked by
 * cfti_utf8_feed(), which knows no characters; both are asked about the same. */

SUITE(rules, tree_suite_begins, tree_suite_ends);

/* ==== Every sequence ===================================================== */

/* The one right form of a code point, by the table of RFC 3629; its size, or 0 if it has none. */
static size_t rules_encode(uint32_t code, uint8_t out[4]) {
    if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return 0;
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (uint8_t)(192 + code / 64);
        out[1] = (uint8_t)(128 + code % 64);
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (uint8_t)(224 + code / 4096);
        out[1] = (uint8_t)(128 + code / 64 % 64);
        out[2] = (uint8_t)(128 + code % 64);
        return 3;
    }
    out[0] = (uint8_t)(240 + code / 262144);
    out[1] = (uint8_t)(128 + code / 4096 % 64);
    out[2] = (uint8_t)(128 + code / 64 % 64);
    out[3] = (uint8_t)(128 + code % 64);
    return 4;
}

static bool rules_text_takes(const uint8_t *p, size_t n) {
    cfti_utf8 utf8;
    cfti_utf8_init(&utf8);
    return cfti_utf8_feed(&utf8, p, n) && cfti_utf8_end(&utf8);
}

TEST(rules, every_code_point_has_one_form) {
    uint32_t code, is;
    bool good = true;
    for (code = 0; code < 0x110000; code++) {
        uint8_t bytes[5] = {0};
        size_t size = rules_encode(code, bytes), n;
        if (size == 0) continue;
        bytes[size] = '.';
        is = code + 1;
        good = good && cfti_utf8_decode(bytes, size + 1, &is) == size && is == code;
        good = good && rules_text_takes(bytes, size);
        for (n = 1; n < size; n++)
            good = good && cfti_utf8_decode(bytes, n, &is) == 0 && !rules_text_takes(bytes, n);
    }
    CHECK(good);
}

/* All beginnings, with what is on either side of each limit after them: nothing but the one right
 * form of a code point is taken, and of what follows a form nothing. */
TEST(rules, nothing_else_is_a_form) {
    static const uint8_t edges[] = {0x00, 'a',  0x7F, 0x80, 0x8F, 0x90,
                                    0x9F, 0xA0, 0xBF, 0xC0, 0xFF};
    const size_t n = TREE_COUNT(edges);
    size_t lead, i, size;
    bool good = true, seen[5] = {false, false, false, false, false};
    for (lead = 0; lead < 256; lead++) {
        for (i = 0; i < n * n * n; i++) {
            uint8_t bytes[4], form[4];
            uint32_t code = 0;
            size_t length;
            bytes[0] = (uint8_t)lead;
            bytes[1] = edges[i % n];
            bytes[2] = edges[i / n % n];
            bytes[3] = edges[i / n / n];
            length = cfti_utf8_decode(bytes, 4, &code);
            seen[length] = true;
            if (length != 0)
                good =
                    good && rules_encode(code, form) == length && memcmp(bytes, form, length) == 0;
            for (size = 1; size <= 4; size++) { /* text is the same, character by character */
                size_t at = 0;
                while (at < size && (length = cfti_utf8_decode(bytes + at, size - at, &code)) != 0)
                    at += length;
                good = good && rules_text_takes(bytes, size) == (at == size);
            }
        }
    }
    CHECK(good && seen[0] && seen[1] && seen[2] && seen[3] && seen[4]);
}

/* ==== Names, by every way ================================================ */

static const char rules_utf8[] = "the file name is not valid UTF-8";
static const char rules_control[] = "the file name holds a control character";

/* Both sides of every limit. */
static const struct {
    const char *bytes;
    const char *why; /* NULL: it may be in a name */
} rules[] = {
    {"\x01", rules_control},
    {"\x09", rules_control},
    {"\x0A", rules_control},
    {"\x0D", rules_control},
    {"\x1B", rules_control},
    {"\x1F", rules_control},
    {" ", NULL},
    {"~", NULL},
    {"\x7F", rules_control},
    {"\xC2\x80", rules_control},
    {"\xC2\x85", rules_control},
    {"\xC2\x9F", rules_control},
    {"\xC2\xA0", NULL},
    {"\xC2\xBF", NULL},
    {"\xC3\x80", NULL},
    {"\xDF\xBF", NULL},
    {"\xE0\xA0\x80", NULL},
    {"\xE0\xBF\xBF", NULL},
    {"\xE1\x80\x80", NULL},
    {"\xE2\x80\xA8", NULL}, /* U+2028 ends a line for some, but no comment of SQL's */
    {"\xE2\x80\xAE", NULL},
    {"\xEC\xBF\xBF", NULL},
    {"\xED\x80\x80", NULL},
    {"\xED\x9F\xBF", NULL}, /* U+D7FF */
    {"\xEE\x80\x80", NULL}, /* U+E000 */
    {"\xEF\xBB\xBF", NULL},
    {"\xEF\xBF\xBE", NULL},
    {"\xEF\xBF\xBF", NULL},
    {"\xF0\x90\x80\x80", NULL},
    {"\xF0\xBF\xBF\xBF", NULL},
    {"\xF1\x80\x80\x80", NULL},
    {"\xF3\xBF\xBF\xBF", NULL},
    {"\xF4\x80\x80\x80", NULL},
    {"\xF4\x8F\xBF\xBF", NULL}, /* U+10FFFF */
    /* stray continuations */
    {"\x80", rules_utf8},
    {"\x9F", rules_utf8},
    {"\xA0", rules_utf8},
    {"\xBF", rules_utf8},
    {"\xC2\xA0\x80", rules_utf8},
    {"\xE2\x80\xA8\xBF", rules_utf8},
    {"\xF0\x90\x80\x80\x80", rules_utf8},
    /* longer forms than need be: of "/", of U+7F, U+7FF and U+FFFF */
    {"\xC0\xAF", rules_utf8},
    {"\xC1\xBF", rules_utf8},
    {"\xE0\x80\xAF", rules_utf8},
    {"\xE0\x9F\xBF", rules_utf8},
    {"\xF0\x80\x80\xAF", rules_utf8},
    {"\xF0\x8F\xBF\xBF", rules_utf8},
    /* halves of surrogate pairs, and whole pairs */
    {"\xED\xA0\x80", rules_utf8}, /* U+D800 */
    {"\xED\xAF\xBF", rules_utf8}, /* U+DBFF */
    {"\xED\xB0\x80", rules_utf8}, /* U+DC00 */
    {"\xED\xBF\xBF", rules_utf8}, /* U+DFFF */
    {"\xED\xA0\x80\xED\xB0\x80", rules_utf8},
    /* above U+10FFFF, and what never begins anything */
    {"\xF4\x90\x80\x80", rules_utf8},
    {"\xF5\x80\x80\x80", rules_utf8},
    {"\xF7\xBF\xBF\xBF", rules_utf8},
    {"\xF8\x88\x80\x80\x80", rules_utf8},
    {"\xFC\x84\x80\x80\x80\x80", rules_utf8},
    {"\xFE", rules_utf8},
    {"\xFF", rules_utf8},
    /* cut off, at every length */
    {"\xC2", rules_utf8},
    {"\xDF", rules_utf8},
    {"\xE0", rules_utf8},
    {"\xE0\xA0", rules_utf8},
    {"\xED\x9F", rules_utf8},
    {"\xEF\xBF", rules_utf8},
    {"\xF0", rules_utf8},
    {"\xF0\x90", rules_utf8},
    {"\xF0\x90\x80", rules_utf8},
    {"\xF4\x8F\xBF", rules_utf8},
    /* and something else where the rest should be */
    {"\xC2"
     "a",
     rules_utf8},
    {"\xE0\xA0"
     "a",
     rules_utf8},
    {"\xE0"
     "a\x80",
     rules_utf8},
    {"\xF0\x90\x80"
     "a",
     rules_utf8},
    {"\xF0\x90"
     "a\x80",
     rules_utf8},
    {"\xC2\xC2\xA0", rules_utf8},
    {"\xE0\xA0\xC0", rules_utf8},
    {"\xF0\x90\x80\x7F", rules_utf8},
};

/* Where in a name: alone, first, in the middle, last, at the end of a directory, and in the second
 * file of a directory, where only the last component is looked at. */
static const char *const rules_places[] = {"%s",        "%s.sql",     "a%sb.sql", "a.sql%s",
                                           "d%s/a.sql", "d/%s/a.sql", "d/e%s.sql"};

static void rules_expect(confiture_status status, const confiture_error *error, const char *path,
                         size_t rule, const char *name, const char *is) {
    bool good = rules[rule].why == NULL
                    ? status == CONFITURE_OK && is != NULL && strcmp(is, name) == 0
                    : status == CONFITURE_E_NAME && strcmp(error->path, path) == 0 &&
                          strstr(error->message, rules[rule].why) != NULL;
    if (!CHECK(good)) runs_note("rule, status", (int)rule, (int)status, 0);
}

TEST(rules, of_names_found) {
    static const char *const plain[] = {"*"};
    confiture_directory directory;
    confiture_error error;
    size_t i, p;
    memset(&directory, 0, sizeof directory);
    directory.path = "s";
    directory.include = plain;
    directory.include_count = 1;
    for (i = 0; i < TREE_COUNT(rules); i++) {
        for (p = 0; p < TREE_COUNT(rules_places); p++) {
            confiture_files *files = NULL;
            char name[64], path[80];
            confiture_status status;
            size_t count;
            sprintf(name, rules_places[p], rules[i].bytes);
            sprintf(path, "s/%s", name);
            tree_text("s/d/a.sql", "SELECT 1;\n"); /* a good one in the same directory, before it */
            tree_text(path, "SELECT 2;\n");
            directory.include_count = p < 2 || p == 3;
            if (p == 5) tree_remove("s/d/a.sql");
            status = confiture_find_all(&files, &directory, 1, NULL, &error);
            for (count = 0; count < confiture_files_count(files); count++)
                if (strcmp(confiture_files_name(files, count), name) == 0) break;
            rules_expect(status, &error, path, i, name, confiture_files_name(files, count));
            confiture_files_free(files);
            tree_clear();
        }
    }
}

TEST(rules, of_names_listed) {
    confiture_error error;
    size_t i, p, way;
    for (i = 0; i < TREE_COUNT(rules); i++) {
        for (p = 0; p < TREE_COUNT(rules_places); p++) {
            for (way = 0; way < 4; way++) {
                confiture_files *files = NULL;
                char name[64], list[160];
                const char *paths[2];
                confiture_status status;
                size_t at = way % 2; /* first, or after one of the same directory */
                sprintf(name, rules_places[p], rules[i].bytes);
                paths[0] = at == 0 ? name : p < 4 ? "0.sql" : "d/0.sql";
                paths[at] = name;
                sprintf(list, "%s|%s", paths[0], name);
                strchr(list, '|')[0] = '\0';
                status = way < 2 ? confiture_files_from_paths(&files, paths, at + 1, NULL, &error)
                                 : confiture_files_from_list0(
                                       &files, list, strlen(paths[0]) + (at ? strlen(name) + 1 : 0),
                                       NULL, &error);
                rules_expect(status, &error, name, i, name, confiture_files_name(files, at));
                if (status != CONFITURE_OK) CHECK(error.index == at);
                confiture_files_free(files);
            }
        }
    }
}

/* A base hides what is above it: only names go into a schema. */
TEST(rules, do_not_look_above_the_base) {
    confiture_find_options options;
    confiture_files *files;
    confiture_error error;
    const char *path = "\xFF\x01/a.sql";
    memset(&options, 0, sizeof options);
    tree_text(path, "SELECT 1;\n");
    CHECK(confiture_find(&files, "\xFF\x01", NULL, &error) == CONFITURE_OK);
    CHECK_STR(confiture_files_name(files, 0), "a.sql");
    confiture_files_free(files);
    options.base = "\xFF\x01";
    CHECK(confiture_files_from_paths(&files, &path, 1, &options, &error) == CONFITURE_OK);
    confiture_files_free(files);
    CHECK(confiture_files_from_paths(&files, &path, 1, NULL, &error) == CONFITURE_E_NAME);
    CHECK_STR(error.message, "\\xFF\\x01/a.sql: the file name is not valid UTF-8");
    tree_clear();
}

/* ==== In the schema ====================================================== */

/* The name, as it is, in each style. */
TEST(rules, good_names_in_every_style) {
    static const char *const around[][2] = {
        {"\n/* ==========================================\n * File: ",
         "\n * ========================================== */\n\nSELECT 1;\n"},
        {"\n-- ==========================================\n-- File: ",
         "\n-- ==========================================\n\nSELECT 1;\n"},
        {"\n# ==========================================\n# File: ",
         "\n# ==========================================\n\nSELECT 1;\n"},
        {"\n<", ">\nSELECT 1;\n"}};
    confiture_build_options options;
    char name[64], path[80], expected[400];
    size_t i, style;
    for (i = 0; i < TREE_COUNT(rules); i++) {
        confiture_files *files;
        if (rules[i].why != NULL) continue;
        sprintf(name, "a%s/%sb.sql", rules[i].bytes, rules[i].bytes);
        sprintf(path, "s/%s", name);
        tree_text(path, "SELECT 1;\n");
        files = build_find("s");
        for (style = 0; style < TREE_COUNT(around); style++) {
            memset(&options, 0, sizeof options);
            options.separator = (confiture_separator)style;
            options.separator_template = "<{file_path}>";
            sprintf(expected, "%s%s%s", around[style][0], name, around[style][1]);
            CHECK_STR(build_outcome(files, &options), expected);
        }
        confiture_files_free(files);
        tree_clear();
    }
}

/* What opens or ends the comment around it is an error where there is one. */
TEST(rules, comments_in_names) {
    static const struct {
        const char *path;
        bool ends, opens;
    } cases[] = {
        {"a*/b.sql", true, false},  {"*/b.sql", true, false},  {"a/b*/c.sql", true, false},
        {"a/*b.sql", false, true},  {"a/*/b.sql", true, true}, {"a/**.sql", false, true},
        {"a/b*.sql", false, false}, {"*a.sql", false, false},  {"a*b/-c.sql", false, false},
        {"--a.sql", false, false},  {"a#b.sql", false, false}, {"a'b\"$$.sql", false, false}};
    static const char ends[] = "NAME %s: the file name holds */, which ends a block comment";
    static const char opens[] =
        "NAME %s: the path holds /*, which opens a comment inside the block comment";
    confiture_build_options options;
    char expected[200];
    size_t i, style, mode;
    for (i = 0; i < TREE_COUNT(cases); i++) {
        confiture_files *files;
        const char *path = cases[i].path;
        tree_text(path, "SELECT 1;\n");
        CHECK(confiture_files_from_paths(&files, &path, 1, NULL, NULL) == CONFITURE_OK);
        for (style = 0; style < 5; style++) {
            for (mode = 0; mode < 3; mode++) {
                bool block = style == CONFITURE_SEPARATOR_BLOCK_COMMENT;
                const char *is;
                memset(&options, 0, sizeof options);
                options.separator = (confiture_separator)style;
                options.separator_template = "/* {file_path} */"; /* whose author answers for it */
                options.check = (confiture_check_mode)mode;
                is = build_outcome(files, &options);
                sprintf(expected, cases[i].ends ? ends : opens, path);
                if (block &&
                    (cases[i].ends || (cases[i].opens && mode == CONFITURE_CHECK_POSTGRES)))
                    CHECK_STR(is, expected);
                else CHECK((strstr(is, path) != NULL) == (style != CONFITURE_SEPARATOR_NONE));
                CHECK(strstr(is, "SELECT 1;\n") != NULL || strcmp(is, expected) == 0);
            }
        }
        confiture_files_free(files);
        tree_clear();
    }
}

/* What goes into the header's lines obeys the same rules, templates those of UTF-8. */
TEST(rules, of_headers_and_templates) {
    confiture_build_options options;
    confiture_header header;
    confiture_files *files;
    char text[40];
    size_t i;
    tree_text("s/a.sql", "SELECT 1;\n");
    files = build_find("s");
    for (i = 0; i < TREE_COUNT(rules); i++) {
        const char *is;
        sprintf(text, "a%sb", rules[i].bytes);
        memset(&options, 0, sizeof options);
        memset(&header, 0, sizeof header);
        options.header = &header;
        header.environment = text;
        is = build_outcome(files, &options);
        if (rules[i].why == NULL) CHECK(strstr(is, text) != NULL);
        else CHECK_STR(is, "ARGUMENT the header's environment must be one line of UTF-8");
        header.environment = NULL;
        header.timestamp = text;
        is = build_outcome(files, &options);
        if (rules[i].why == NULL) CHECK(strstr(is, text) != NULL);
        else CHECK_STR(is, "ARGUMENT the header's timestamp must be one line of UTF-8");
        options.header = NULL;
        options.separator = CONFITURE_SEPARATOR_CUSTOM;
        options.separator_template = text;
        is = build_outcome(files, &options);
        if (rules[i].why != rules_utf8) CHECK(strstr(is, text) != NULL);
        else CHECK_STR(is, "ARGUMENT the separator template is not valid UTF-8");
    }
    confiture_files_free(files);
    tree_clear();
}
