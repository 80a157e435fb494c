/* What a caller named and nothing matched is reported to one who asks: find.c, listing.c,
 * walk.c, and the directories of a split in build.c. */

#include "../chest/memory.h"
#include "../chest/runs.h"
#include "../chest/tree.h"

SUITE(matched, tree_suite_begins, tree_suite_ends);

enum { MATCHED_MOST = 8 };

/* The flags of one search as digits: include, exclude, excluded directories. */
static const char *matched_search(const char *const *paths, const char *include,
                                  const char *exclude, const char *exclude_dirs, bool flat) {
    static char digits[3 * (MATCHED_MOST + 1) + 1];
    static confiture_error error;
    find_words words[3];
    bool flags[3][MATCHED_MOST];
    confiture_directory directories[MATCHED_MOST];
    confiture_find_options options;
    size_t i, k, count = 0;
    char *p = digits;
    memory m;
    memory_init(&m);
    memset(flags, 0, sizeof flags);
    memset(&options, 0, sizeof options);
    find_split(&words[0], include);
    find_split(&words[1], exclude);
    find_split(&words[2], exclude_dirs);
    for (; paths[count] != NULL; count++) {
        directories[count] = find_directory(paths[count]);
        directories[count].include = words[0].words;
        directories[count].include_count = words[0].count;
        directories[count].include_matched = flags[0];
        directories[count].exclude = words[1].words;
        directories[count].exclude_count = words[1].count;
        directories[count].exclude_matched = flags[1];
        directories[count].not_recursive = flat;
    }
    options.exclude_dirs = words[2].words;
    options.exclude_dir_count = words[2].count;
    options.exclude_dir_matched = flags[2];
    for (i = 0; i < RUNS; i++) {
        confiture_files *files = NULL;
        confiture_status status;
        options.run = runs_get(i);
        options.run.allocator = &m.allocator;
        memset(flags, 0, sizeof flags);
        status = confiture_find_all(&files, directories, count, &options, &error);
        CHECK(status == CONFITURE_OK || status == CONFITURE_E_NO_FILES);
        confiture_files_free(files);
        CHECK(memory_is_clean(&m));
        for (k = 0, p = digits; k < 3; k++) {
            size_t j;
            if (k > 0) *p++ = ' ';
            for (j = 0; j < words[k].count; j++) *p++ = flags[k][j] ? '1' : '0';
        }
        *p = '\0';
        options.run.pool = NULL;
    }
    return digits;
}

TEST(matched, patterns) {
    static const char *const tree[] = {"s/a.sql", "x", "s/old/b.sql", "x", "s/old/c.txt", "x",
                                       "u/d.sql", "x", "s/sub/e.sql", "x", NULL};
    static const char *const s[] = {"s", NULL}, *const both[] = {"s", "u", NULL};
    tree_clear();
    tree_make(tree);
    CHECK_STR(matched_search(s, "*.sql *.SQL", "", "", false), "10  ");
    CHECK_STR(matched_search(s, "", "b.sql old/* odl/* *.txt old", "", false), " 11000 ");
    CHECK_STR(matched_search(s, "old/*.txt", "c.*", "", false), "1 1 ");
    /* Redundant, and matched all the same. */
    CHECK_STR(matched_search(s, "a.sql *.sql", "*.sql a.sql s/a.sql", "", false), "11 110 ");
    /* A pattern that matches in one directory of several. */
    CHECK_STR(matched_search(both, "d.sql x.sql", "", "", false), "10  ");
    CHECK_STR(matched_search(both, "", "d.sql x.sql", "", false), " 10 ");
    /* Nothing is left, but that is no reason to call a pattern mistyped. */
    CHECK_STR(matched_search(s, "*.sq", "*", "", false), "0 0 ");
    CHECK_STR(matched_search(s, "*", "*", "", false), "1 1 ");
    CHECK_STR(matched_search(s, "**", "old nothing", "", false), "1 10 ");
    CHECK_STR(matched_search(s, "", "b.sql", "", true), " 0 ");
}

TEST(matched, directories) {
    static const char *const tree[] = {
        "s/a.sql", "x", "s/old/x/b.sql", "x", "u/d.sql", "x", "s/sub/e.sql", "x", NULL};
    static const char *const s[] = {"s", NULL}, *const both[] = {"s", "u", NULL};
    tree_clear();
    tree_make(tree);
    CHECK_STR(matched_search(s, "", "", "s/old s/odl old s/a.sql", false), "  1001");
    CHECK_STR(matched_search(both, "", "", "u s/sub", false), "  11");
    CHECK_STR(matched_search(s, "", "", "t s", false), "  01");
    CHECK_STR(matched_search(s, "", "", ".", false), "  1");
    CHECK_STR(matched_search(s, "", "", "s/sub", true), "  0");
    CHECK_STR(matched_search(s, "", "", "s/old s/old/x s/old/y", false), "  110");
    CHECK_STR(matched_search(both, "", "", "s s/old/x s/odl", false), "  110");
    /* What only an excluded directory holds has matched: redundant is not mistyped. */
    CHECK_STR(matched_search(s, "a.sql b.sql z.sql", "x/b.sql x/c.sql", "s/old", false),
              "110 10 1");
    CHECK_STR(matched_search(both, "", "d.sql e.sql", "u s/sub", false), " 11 11");
#if !defined(_WIN32)
    tree_mode("s/old", 0);
    tree_drop_rights();
    CHECK_STR(matched_search(s, "", "b.sql e.sql", "s/old", false),
              tree_is_root() ? " 11 1" : " 01 1");
    tree_regain_rights();
    tree_mode("s/old", 0755);
#endif
}

/* Asked or not, the list is the same. */
TEST(matched, is_only_told) {
    static const char *const tree[] = {"s/a.sql", "x", "s/b.sql", "x", "s/x/c.sql", "x", NULL};
    confiture_directory directory = find_directory("s");
    confiture_find_options options;
    static const char *const exclude[] = {"b.sql", "nothing"}, *const dirs[] = {"s/x"};
    bool flags[2] = {false, false};
    tree_clear();
    tree_make(tree);
    memset(&options, 0, sizeof options);
    directory.exclude = exclude;
    directory.exclude_count = 2;
    options.exclude_dirs = dirs;
    options.exclude_dir_count = 1;
    CHECK_STR(find_outcome(&directory, 1, &options, false), "s/a.sql");
    directory.exclude_matched = flags;
    CHECK_STR(find_outcome(&directory, 1, &options, false), "s/a.sql");
    CHECK(flags[0] && !flags[1]);
}

static int matched_stop(void *user, const confiture_progress *progress) {
    (void)progress;
    return --*(int *)user < 0;
}

/* The search that only looks for matches can be stopped, too. */
TEST(matched, cancelled) {
    static const char *const tree[] = {"s/a.sql", "x", "s/x/y/c.sql", "x", NULL};
    confiture_directory directory = find_directory("s");
    confiture_find_options options;
    static const char *const exclude[] = {"nothing"}, *const dirs[] = {"s/x"};
    bool flag = false;
    int left, calls = -1;
    tree_clear();
    tree_make(tree);
    memset(&options, 0, sizeof options);
    directory.exclude = exclude;
    directory.exclude_count = 1;
    directory.exclude_matched = &flag;
    options.exclude_dirs = dirs;
    options.exclude_dir_count = 1;
    options.run.progress = matched_stop;
    options.run.progress_user = &left;
    do {
        left = ++calls;
        if (left > 100) break;
    } while (strncmp(find_outcome(&directory, 1, &options, false), "CANCELLED", 9) == 0);
    /* One level without s/x; three of s, s/x and s/x/y. */
    CHECK(calls == 4);
}

/* ==== Of a build ========================================================= */

static const char *matched_split(const char *pre, const char *post, bool schema_only) {
    static const char *const paths[] = {"pre.out", "app.out", "post.out"};
    static confiture_error error;
    find_words words[2];
    confiture_build_options options;
    confiture_schema schemas[3];
    confiture_files *files = NULL;
    confiture_status status;
    size_t i;
    memset(&options, 0, sizeof options);
    memset(schemas, 0, sizeof schemas);
    find_split(&words[0], pre);
    find_split(&words[1], post);
    options.pre_dirs = words[0].words;
    options.pre_dir_count = words[0].count;
    options.post_dirs = words[1].words;
    options.post_dir_count = words[1].count;
    options.schema_only = schema_only;
    options.no_digest = schema_only;
    if (!CHECK(confiture_find(&files, "s", NULL, &error) == CONFITURE_OK)) return "";
    CHECK(confiture_build_split_files(schemas, paths, files, &options, &error) == CONFITURE_OK);
    for (i = 0; i < 3; i++) CHECK(remove(paths[i]) == 0);
    options.split_dirs_must_match = true;
    status = confiture_build_split_files(schemas, paths, files, &options, &error);
    for (i = 0; i < 3; i++) {
        CHECK((remove(paths[i]) == 0) == (status == CONFITURE_OK));
        confiture_schema_free(&schemas[i]);
    }
    confiture_files_free(files);
    return runs_outcome(status, &error);
}

TEST(matched, split) {
    static const char *const tree[] = {"s/a.sql",
                                       "x;",
                                       "s/roles/r.sql",
                                       "x;",
                                       "s/seeds/one.sql",
                                       "x;",
                                       "s/late/p.sql",
                                       "x;",
                                       "s/no/x.txt",
                                       "x",
                                       NULL};
#define MATCHED_WHY ": no file of the list lies below this directory of the split"
    tree_clear();
    tree_make(tree);
    CHECK_STR(matched_split("s/roles", "s/late", false), "done");
    CHECK_STR(matched_split("s/rolez", "s/late", false), "NO_FILES s/rolez" MATCHED_WHY);
    CHECK_STR(matched_split("s/roles", "s/laet s/late", false), "NO_FILES s/laet" MATCHED_WHY);
    CHECK_STR(matched_split("s/no", "s/nope", false), "NO_FILES s/no" MATCHED_WHY);
    /* Below two of them, or left out as seed data: matched. */
    CHECK_STR(matched_split("s/roles s", "s/roles", false), "done");
    CHECK_STR(matched_split("s/seeds", "s", true), "done");
}

/* How many files of the list were the output. */
TEST(matched, left_out) {
    static const char *const tree[] = {"s/a.sql", "x;", "s/out.sql", "old", NULL};
    confiture_error error;
    confiture_schema schema, schemas[3];
    confiture_files *files = NULL;
    const char *const paths[] = {"s/out.sql", "s/a.sql", "new.sql"};
    tree_clear();
    tree_make(tree);
    memset(&schema, 0, sizeof schema);
    memset(schemas, 0, sizeof schemas);
    if (!CHECK(confiture_find(&files, "s", NULL, &error) == CONFITURE_OK)) return;
    CHECK(confiture_build_file(&schema, "new.sql", files, NULL, &error) != CONFITURE_E_ARGUMENT);
    CHECK(schema.left_out == 0);
    CHECK(confiture_build_file(&schema, "s/out.sql", files, NULL, &error) == CONFITURE_OK);
    CHECK(schema.left_out == 1 && schema.file_count == 1);
    confiture_schema_free(&schema);
    confiture_files_free(files);
    tree_text("s/b.sql", "y;");
    if (!CHECK(confiture_find(&files, "s", NULL, &error) == CONFITURE_OK)) return;
    CHECK(confiture_build_split_files(schemas, paths, files, NULL, &error) == CONFITURE_OK);
    CHECK(schemas[0].left_out == 2 && schemas[2].left_out == 2 && schemas[1].file_count == 1);
    confiture_files_free(files);
}
