/* Why a file is in a list and where, or what has left it out: explain.c, and what the walk records
 * for it. tests/parity/ compares the reasons with the rules on random trees. */

#include "../chest/memory.h"
#include "../chest/runs.h"
#include "../chest/tree.h"

SUITE(explain, tree_suite_begins, tree_suite_ends);

typedef struct explain_text {
    char text[32768];
    size_t size, calls;
} explain_text;

/* "0+0 s/a.sql 0 *.sql": the index in the order of paths and in that of prefixes, the one in effect
 * with a "*"; then the include directory and the pattern, and the key. What is not in the list
 * begins with a word. */
static void explain_add(void *user, const confiture_explanation *e) {
    static const char *const words[] = {"", "repeated", "excluded", "excluded-dir", "case"};
    explain_text *out = (explain_text *)user;
    char *p = out->text + out->size;
    out->calls++;
    if (out->size > sizeof out->text - 600) return;
    if (out->size > 0) p += sprintf(p, "\n");
    if (e->outcome == CONFITURE_OUTCOME_LISTED) {
        CHECK_QUIET(e->index == (e->sort == CONFITURE_SORT_HEX ? e->hex_index : e->path_index));
        CHECK_QUIET(e->excluded_by == NULL && e->name != NULL && !e->is_directory);
        p += sprintf(p, "%d%s %d%s", (int)e->path_index, e->sort == CONFITURE_SORT_PATH ? "*" : "",
                     (int)e->hex_index, e->sort == CONFITURE_SORT_HEX ? "*" : "");
        p += sprintf(p, " %s %d %s [%s,%s]%s", e->path, (int)e->directory, e->pattern,
                     e->hex_value == NULL ? "" : e->hex_value, e->hex_rest,
                     e->lower_case_prefix ? " lower" : "");
    } else {
        CHECK_QUIET(e->index == CONFITURE_NO_INDEX && e->hex_rest == NULL);
        p += sprintf(p, "%s %s%s %d %s", words[e->outcome], e->path, e->is_directory ? "/" : "",
                     (int)e->directory, e->pattern == NULL ? "-" : e->pattern);
        if (e->excluded_by != NULL)
            p += sprintf(p, " by %s %d", e->excluded_by, (int)e->excluded_by_index);
        if (e->name == NULL) p += sprintf(p, " nameless");
    }
    out->size = (size_t)(p - out->text);
}

/* One search, in every way of running; each must explain it alike. */
static const char *explain_search(const char *paths, const char *include, const char *exclude,
                                  const char *exclude_dirs, confiture_find_options options) {
    static explain_text out[2];
    static confiture_error error;
    find_words words[4];
    confiture_directory directories[8];
    size_t i;
    memory m;
    memory_init(&m);
    find_split(&words[0], include);
    find_split(&words[1], exclude);
    find_split(&words[2], exclude_dirs);
    find_split(&words[3], paths);
    for (i = 0; i < words[3].count; i++) {
        directories[i] = find_directory(words[3].words[i]);
        directories[i].include = words[0].words;
        directories[i].include_count = words[0].count;
        directories[i].exclude = words[1].words;
        directories[i].exclude_count = words[1].count;
    }
    options.exclude_dirs = words[2].words;
    options.exclude_dir_count = words[2].count;
    options.explain = explain_add;
    for (i = 0; i < RUNS; i++) {
        explain_text *one = &out[i > 0];
        confiture_files *files = NULL;
        confiture_status status;
        memset(one, 0, sizeof *one);
        options.explain_user = one;
        options.run = runs_get(i);
        options.run.allocator = &m.allocator;
        status = confiture_find_all(&files, directories, words[3].count, &options, &error);
        options.run.pool = NULL;
        CHECK(status == CONFITURE_OK || status == CONFITURE_E_NO_FILES);
        confiture_files_free(files);
        CHECK(memory_is_clean(&m));
        if (i > 0) CHECK_STR(out[1].text, out[0].text);
    }
    return out[0].text;
}

static confiture_find_options explain_options(confiture_sort sort, bool unique) {
    confiture_find_options options;
    memset(&options, 0, sizeof options);
    options.sort = sort;
    options.unique = unique;
    return options;
}

static void explain_tree(void) {
    static const char *const files[] = {
        "s/a.sql",       "x", "s/b.SQL", "x", "s/old/c.sql", "x", "s/t.txt", "x", "s/u/d.sql", "x",
        "s/u/old/e.sql", "x", "v/f.sql", "x", "v/old/g.sql", "x", NULL};
    tree_clear();
    tree_make(files);
}

TEST(explain, directory_and_pattern) {
    confiture_find_options by_path = explain_options(CONFITURE_SORT_PATH, false);
    explain_tree();
    CHECK_STR(explain_search("s v", "u/*.sql f.sql a.*", "", "", by_path),
              "0* 0 s/a.sql 0 a.* [,a]\n"
              "1* 1 s/u/d.sql 0 u/*.sql [,d]\n"
              "2* 2 v/f.sql 1 f.sql [,f]");
    CHECK_STR(explain_search("v", "", "", "", by_path), "0* 0 v/f.sql 0 **/"
                                                        "*.sql [,f]\n"
                                                        "1* 1 v/old/g.sql 0 **/"
                                                        "*.sql [,g]");
    /* A file that is found twice is there twice, each with what found it. */
    CHECK_STR(explain_search("v v/old", "g.sql *.sql", "f.sql", "", by_path),
              "0* 0 v/old/g.sql 0 g.sql [,g]\n"
              "1* 1 v/old/g.sql 0 *.sql [,g]\n"
              "2* 2 v/old/g.sql 1 g.sql [,g]\n"
              "3* 3 v/old/g.sql 1 *.sql [,g]\n"
              "excluded v/f.sql 0 *.sql by f.sql 0");
    by_path.unique = true;
    CHECK_STR(explain_search("v v/old", "g.sql *.sql", "f.sql", "", by_path),
              "0* 0 v/old/g.sql 0 g.sql [,g]\n"
              "excluded v/f.sql 0 *.sql by f.sql 0\n"
              "repeated v/old/g.sql 0 *.sql\n"
              "repeated v/old/g.sql 1 g.sql\n"
              "repeated v/old/g.sql 1 *.sql");
}

TEST(explain, what_excludes) {
    confiture_find_options by_path = explain_options(CONFITURE_SORT_PATH, false);
    explain_tree();
    /* A directory of the excludes is met and not entered; an exclude pattern meets files. The
     * first that matches counts, and b.SQL was never going to be found. */
    CHECK_STR(explain_search("s", "", "x old/* c.sql d.sql", "s/none s/u/old", by_path),
              "0* 0 s/a.sql 0 **/"
              "*.sql [,a]\n"
              "case s/b.SQL 0 **/"
              "*.sql\n"
              "excluded s/old/c.sql 0 **/"
              "*.sql by old/* 1\n"
              "excluded s/u/d.sql 0 **/"
              "*.sql by d.sql 3\n"
              "excluded-dir s/u/old/ 0 **/"
              "*.sql by s/u/old 1");
    /* A file by its path, before the pattern; a directory that no pattern searches is not met. */
    CHECK_STR(explain_search("s", "a.sql u/d.sql", "a.sql", "s/a.sql s/old", by_path),
              "0* 0 s/u/d.sql 0 u/d.sql [,d]\n"
              "excluded-dir s/a.sql 0 a.sql by s/a.sql 0\n"
              "excluded-dir s/old/ 0 a.sql by s/old 1");
    /* Two patterns of one directory are one exclusion; two directories are two. */
    CHECK_STR(explain_search("v v/old", "*.sql g.sql", "g.*", "", by_path),
              "0* 0 v/f.sql 0 *.sql [,f]\n"
              "excluded v/old/g.sql 0 *.sql by g.* 0\n"
              "excluded v/old/g.sql 1 *.sql by g.* 0");
    /* An include directory as a whole. */
    CHECK_STR(explain_search("v s/old", "", "", "s", by_path), "0* 0 v/f.sql 0 **/"
                                                               "*.sql [,f]\n"
                                                               "1* 1 v/old/g.sql 0 **/"
                                                               "*.sql [,g]\n"
                                                               "excluded-dir s/old/ 1 - by s 0");
    /* Directories that a pattern finds itself. */
    CHECK_STR(explain_search("v", "**", "old", "", by_path), "0* 0 v 0 ** [,v]\n"
                                                             "excluded v/old 0 ** by old 0");
}

TEST(explain, an_empty_list) {
    confiture_find_options by_path = explain_options(CONFITURE_SORT_PATH, false);
    explain_tree();
    CHECK_STR(explain_search("v", "*.sql *.SQL", "*", "v/old", by_path),
              "excluded v/f.sql 0 *.sql by * 0 nameless\n"
              "excluded-dir v/old/ 0 *.sql by v/old 0 nameless");
    CHECK_STR(explain_search("s", "*.sqL", "", "", by_path), "case s/a.sql 0 *.sqL nameless\n"
                                                             "case s/b.SQL 0 *.sqL nameless\n"
                                                             "case s/old/c.sql 0 *.sqL nameless\n"
                                                             "case s/u/d.sql 0 *.sqL nameless\n"
                                                             "case s/u/old/e.sql 0 *.sqL nameless");
    CHECK_STR(explain_search("nowhere", "", "", "", by_path), "");
}

TEST(explain, the_place) {
    static const char *const files[] = {"h/z/0A_users.sql",
                                        "x",
                                        "h/00a_low.sql",
                                        "x",
                                        "h/add_x.sql",
                                        "x",
                                        "h/00_zero.sql",
                                        "x",
                                        "h/010.sql",
                                        "x",
                                        "h/00FF_x.y.sql",
                                        "x",
                                        "h/0X1_a.sql",
                                        "x",
                                        "h/1F_.sql",
                                        "x",
                                        NULL};
    confiture_find_options by_path = explain_options(CONFITURE_SORT_PATH, false);
    confiture_find_options by_hex = explain_options(CONFITURE_SORT_HEX, false);
    tree_clear();
    tree_make(files);
    CHECK_STR(explain_search("h", "*.sql", "", "", by_hex),
              "1 0* h/00_zero.sql 0 *.sql [0,zero]\n"
              "4 1* h/0X1_a.sql 0 *.sql [1,a]\n"
              "7 2* h/z/0A_users.sql 0 *.sql [A,users]\n"
              "5 3* h/1F_.sql 0 *.sql [1F,]\n"
              "0 4* h/00FF_x.y.sql 0 *.sql [FF,x.y]\n"
              "2 5* h/00a_low.sql 0 *.sql [,00a_low] lower\n"
              "3 6* h/010.sql 0 *.sql [,010]\n"
              "6 7* h/add_x.sql 0 *.sql [,add_x]");
    CHECK_STR(explain_search("h", "*.sql", "00*", "", by_path),
              "0* 3 h/010.sql 0 *.sql [,010]\n"
              "1* 0 h/0X1_a.sql 0 *.sql [1,a]\n"
              "2* 2 h/1F_.sql 0 *.sql [1F,]\n"
              "3* 4 h/add_x.sql 0 *.sql [,add_x]\n"
              "4* 1 h/z/0A_users.sql 0 *.sql [A,users]\n"
              "excluded h/00FF_x.y.sql 0 *.sql by 00* 0\n"
              "excluded h/00_zero.sql 0 *.sql by 00* 0\n"
              "excluded h/00a_low.sql 0 *.sql by 00* 0");
    /* Asked for, but without a prefix it is the order of paths. */
    CHECK_STR(explain_search("h", "010.sql add_x.sql", "", "", by_hex),
              "0* 0 h/010.sql 0 010.sql [,010]\n"
              "1* 1 h/add_x.sql 0 add_x.sql [,add_x]");
    /* Equal paths stay as they were found. */
    CHECK_STR(explain_search("h/z h", "0A* *_users.sql", "", "", by_hex),
              "0 0* h/z/0A_users.sql 0 0A* [A,users]\n"
              "1 1* h/z/0A_users.sql 0 *_users.sql [A,users]\n"
              "2 2* h/z/0A_users.sql 1 0A* [A,users]\n"
              "3 3* h/z/0A_users.sql 1 *_users.sql [A,users]");
}

static void explain_name(void *user, const confiture_explanation *e) {
    char *out = (char *)user + strlen((char *)user);
    (void)sprintf(out, "%s ", e->name == NULL ? "-" : e->name);
}

TEST(explain, names) {
    static const char *const exclude[] = {"*.sql"};
    confiture_directory directories[2];
    confiture_find_options options;
    confiture_error error;
    confiture_files *files = NULL;
    char names[200] = "";
    explain_tree();
    memset(&options, 0, sizeof options);
    options.explain = explain_name;
    options.explain_user = names;
    directories[0] = find_directory("s/u");
    directories[1] = find_directory("v");
    directories[1].exclude = exclude;
    directories[1].exclude_count = 1;
    CHECK(confiture_find_all(&files, directories, 2, &options, &error) == CONFITURE_OK);
    CHECK_STR(names, "s/u/d.sql s/u/old/e.sql v/f.sql v/old/g.sql ");
    confiture_files_free(files);
    /* What is excluded may lie outside of the base. */
    names[0] = '\0';
    options.base = "s";
    CHECK(confiture_find_all(&files, directories, 2, &options, &error) == CONFITURE_OK);
    CHECK_STR(names, "u/d.sql u/old/e.sql - - ");
    confiture_files_free(files);
}

#if !defined(_WIN32)
/* An excluded link may lead out of the base, or nowhere, as in a search that nobody explains. */
TEST(explain, excluded_links) {
    confiture_find_options options = explain_options(CONFITURE_SORT_PATH, false);
    explain_tree();
    tree_link("s/l.sql", "../v/f.sql");
    tree_link("s/n.sql", "nowhere");
    tree_link("s/w", "../v");
    options.confine = true;
    CHECK_STR(explain_search("s", "*.sql */*.sql", "l.sql n.sql", "s/w s/old s/u", options),
              "0* 0 s/a.sql 0 *.sql [,a]\n"
              "case s/b.SQL 0 *.sql\n"
              "excluded s/l.sql 0 *.sql by l.sql 0\n"
              "excluded s/n.sql 0 *.sql by n.sql 1\n"
              "excluded-dir s/old/ 0 *.sql by s/old 1\n"
              "excluded-dir s/u/ 0 *.sql by s/u 2\n"
              "excluded-dir s/w/ 0 */*.sql by s/w 0");
}

/* Without the exclusion, nothing below a link to a file or to nowhere would be looked for, unless
 * the pattern names it: then it would be an error. */
TEST(explain, excluded_links_that_are_no_directories) {
    confiture_find_options options = explain_options(CONFITURE_SORT_PATH, false);
    explain_tree();
    tree_link("v/l", "f.sql");
    tree_link("v/n", "nowhere");
    tree_link("v/w", "old");
    CHECK_STR(explain_search("v", "*/*.sql", "", "v/l v/n v/w", options),
              "0* 0 v/old/g.sql 0 */*.sql [,g]\n"
              "excluded-dir v/w/ 0 */*.sql by v/w 2");
    CHECK_STR(explain_search("v", "f.sql l/g.sql n/g.sql", "", "v/l v/n v/w", options),
              "0* 0 v/f.sql 0 f.sql [,f]\n"
              "excluded-dir v/n 0 n/g.sql by v/n 1");
    CHECK_STR(explain_search("v", "?", "", "v/l v/n v/w", options),
              "excluded-dir v/l 0 ? by v/l 0 nameless\n"
              "excluded-dir v/n 0 ? by v/n 1 nameless\n"
              "excluded-dir v/w 0 ? by v/w 2 nameless");
}
#endif

/* ==== Costs and failures ================================================= */

typedef struct explain_call {
    const char *exclude;
    explain_text text, before;
    bool asks, compares;
} explain_call;

static confiture_status explain_run(void *ctx, const confiture_run *run, confiture_error *error) {
    explain_call *call = (explain_call *)ctx;
    static const char *const include[] = {"*.sql", "?.*"}, *const dirs[] = {"s/u/old"};
    const char *exclude[1];
    confiture_directory directories[4];
    confiture_find_options options = explain_options(CONFITURE_SORT_HEX, true);
    confiture_files *files = NULL;
    confiture_status status;
    exclude[0] = call->exclude;
    directories[0] = find_directory("s");
    directories[0].include = include;
    directories[0].include_count = 2;
    directories[0].exclude = exclude;
    directories[0].exclude_count = 1;
    directories[1] = directories[0];
    directories[1].path = "v";
    directories[2] = directories[3] = find_directory("w");
    memset(&call->text, 0, sizeof call->text);
    options.run = *run;
    options.exclude_dirs = dirs;
    options.exclude_dir_count = 1;
    if (call->asks) options.explain = explain_add;
    options.explain_user = &call->text;
    status = confiture_find_all(&files, directories, 4, &options, error);
    /* All of it or nothing, and never twice. */
    CHECK_QUIET(!call->compares ||
                (status == CONFITURE_E_MEMORY ? call->text.calls == 0
                                              : strcmp(call->text.text, call->before.text) == 0));
    confiture_files_free(files);
    return status == CONFITURE_E_NO_FILES ? CONFITURE_OK : status;
}

TEST(explain, without_memory) {
    static explain_call call;
    static const char *const excludes[] = {"d*", "*", "d*", "y*", "z*"};
    static confiture_error error;
    confiture_run run;
    size_t i, k, threads;
    char path[40];
    explain_tree();
    tree_text("v/0A_x.sql", "x");
    for (i = 0; i < TREE_COUNT(excludes); i++) {
        /* At last more of each kind than an array holds that has not grown: listed, repeated,
         * excluded and missed by case. */
        for (k = 0; i >= 2 && k < 70; k++) {
            static const char *const forms[] = {"w/%02d.sql", "v/y%02d.sql", "v/z%02d.SQL"};
            (void)sprintf(path, forms[i - 2], (int)k);
            tree_text(path, "x");
        }
        memset(&run, 0, sizeof run);
        memset(&call, 0, sizeof call);
        call.asks = true;
        call.exclude = excludes[i];
        (void)explain_run(&call, &run, &error);
        call.before = call.text;
        call.compares = true;
        CHECK(call.before.calls > 4);
        for (threads = 1; threads <= 2; threads++) {
            memory_exhaust(explain_run, &call, threads, true, NULL);
            memory_exhaust(explain_run, &call, threads, false, NULL);
        }
    }
}

/* The most memory that a search needs whose excludes leave one file of many. */
static size_t explain_peak(size_t excluded, bool asks) {
    static explain_call call;
    static confiture_error error;
    confiture_run run;
    memory m;
    char path[40];
    size_t i;
    tree_clear();
    for (i = 0; i < excluded; i++) {
        (void)sprintf(path, "s/d/x%d.sql", (int)i);
        tree_text(path, "x");
    }
    tree_text("v/a.sql", "x");
    memset(&run, 0, sizeof run);
    memset(&call, 0, sizeof call);
    memory_init(&m);
    run.allocator = &m.allocator;
    run.threads = 1;
    call.exclude = "x*";
    call.asks = asks;
    CHECK(explain_run(&call, &run, &error) == CONFITURE_OK);
    /* One is listed, and another pattern finds it again. */
    CHECK(call.text.calls == (asks ? excluded + 2 : 0));
    CHECK(memory_is_clean(&m));
    return m.peak;
}

/* What is excluded is recorded for those who ask, and for nobody else. */
TEST(explain, costs_those_who_ask) {
    CHECK(explain_peak(300, false) == explain_peak(1, false));
    CHECK(explain_peak(300, true) > explain_peak(1, true) + 300 * 80);
}

/* A list of the caller's own explains nothing. */
TEST(explain, only_searches) {
    static explain_text text;
    static const char *const paths[] = {"s/a.sql"};
    confiture_find_options options = explain_options(CONFITURE_SORT_HEX, false);
    confiture_files *files = NULL;
    confiture_error error;
    explain_tree();
    memset(&text, 0, sizeof text);
    options.explain = explain_add;
    options.explain_user = &text;
    CHECK(confiture_files_from_paths(&files, paths, 1, &options, &error) == CONFITURE_OK);
    confiture_files_free(files);
    CHECK(text.calls == 0);
    /* Nor does a search that fails. */
    options.base = "v";
    CHECK(confiture_find(&files, "s", &options, &error) == CONFITURE_E_OUTSIDE);
    CHECK(text.calls == 0);
}
