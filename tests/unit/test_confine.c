/* A search, or a list, that is confined to its base: what links may do, and what not. */

#include "../chest/runs.h"
#include "../chest/tree.h"

SUITE(confine, tree_suite_begins, tree_suite_ends);

#define OUTSIDE ": leads out of the base directory by a symbolic link"

static void confine_tree(void) {
    tree_text("t/a.sql", "");
    tree_text("t/d/b.sql", "");
    tree_text("t/d/e/c.sql", "");
    tree_text("out/o.sql", "");
    tree_text("out/d/p.sql", "");
}

/* What a search finds, the names joined by spaces; or how it failed. */
static const char *confine_find(const char *dir, const char *base, const char *pattern,
                                bool recursive, bool confine, size_t threads) {
    static char words[2000];
    static confiture_error error;
    confiture_find_options options;
    confiture_directory directory;
    confiture_files *files = NULL;
    confiture_status status;
    size_t i;
    memset(&options, 0, sizeof options);
    memset(&directory, 0, sizeof directory);
    directory.path = dir;
    if (pattern != NULL) directory.include = &pattern, directory.include_count = 1;
    directory.not_recursive = !recursive;
    options.base = base;
    options.confine = confine;
    options.run.threads = threads;
    status = confiture_find_all(&files, &directory, 1, &options, &error);
    if (status != CONFITURE_OK) return runs_outcome(status, &error);
    words[0] = '\0';
    for (i = 0; i < confiture_files_count(files); i++) {
        if (i > 0) strcat(words, " ");
        strcat(words, confiture_files_name(files, i));
    }
    confiture_files_free(files);
    return words;
}

/* One link at a time: what a search without and with confine makes of it. */
TEST(confine, links) {
    static const struct {
        const char *link, *target, *pattern, *free, *confined; /* confined NULL: the same */
    } cases[] = {
        {"t/z.sql", "a.sql", NULL, "a.sql d/b.sql d/e/c.sql z.sql", NULL},
        {"t/z.sql", "d/../a.sql", NULL, "a.sql d/b.sql d/e/c.sql z.sql", NULL},
        {"t/d/z.sql", "../a.sql", NULL, "a.sql d/b.sql d/e/c.sql d/z.sql", NULL},
        {"t/z.sql", "../t/a.sql", NULL, "a.sql d/b.sql d/e/c.sql z.sql", NULL},
        {"t/z.sql", "nowhere", NULL, "a.sql d/b.sql d/e/c.sql z.sql", NULL},
        {"t/z.sql", "../out/o.sql", NULL, "a.sql d/b.sql d/e/c.sql z.sql",
         "OUTSIDE t/z.sql" OUTSIDE},
        {"t/d/z.sql", "../../out/o.sql", NULL, "a.sql d/b.sql d/e/c.sql d/z.sql",
         "OUTSIDE t/d/z.sql" OUTSIDE},
        {"t/z.sql", "/etc/passwd", NULL, "a.sql d/b.sql d/e/c.sql z.sql",
         "OUTSIDE t/z.sql" OUTSIDE},
        {"t/z.sql", "../nowhere", NULL, "a.sql d/b.sql d/e/c.sql z.sql", "OUTSIDE t/z.sql" OUTSIDE},
        {"t/z.sql", "../t-2/a.sql", NULL, "a.sql d/b.sql d/e/c.sql z.sql",
         "OUTSIDE t/z.sql" OUTSIDE},
        {"t/z.sql", "d//e///c.sql", NULL, "a.sql d/b.sql d/e/c.sql z.sql", NULL},
        {"t/z.sql", "d//../../out//o.sql", NULL, "a.sql d/b.sql d/e/c.sql z.sql",
         "OUTSIDE t/z.sql" OUTSIDE},
        /* A directory is found under a file's name, and refused when it is read. */
        {"t/z.sql", "../out", NULL, "a.sql d/b.sql d/e/c.sql z.sql", "OUTSIDE t/z.sql" OUTSIDE},
        /* "**" enters no link: this one nobody would have followed. */
        {"t/z", "../out", NULL, "a.sql d/b.sql d/e/c.sql", NULL},
        /* A wildcard does, and a name. */
        {"t/z", "../out", "*/*.sql", "d/b.sql z/o.sql", "OUTSIDE t/z" OUTSIDE},
        {"t/z", "../out", "z/*.sql", "z/o.sql", "OUTSIDE t/z" OUTSIDE},
        {"t/z", "../out", "z/o.sql", "z/o.sql", "OUTSIDE t/z" OUTSIDE},
        {"t/z", "../out/o.sql", "*/*.sql", "d/b.sql", NULL}, /* no directory */
        {"t/z", "d", "*/*.sql", "d/b.sql z/b.sql", NULL},
        {"t/z", "d", "z/**/*.sql", "z/b.sql z/e/c.sql", NULL},
        {"t/d/e/z", "../..", "d/e/z/*.sql", "d/e/z/a.sql", NULL},
        /* ".." goes from where the link leads. */
        {"t/z", "d/e", "z/../*.sql", "z/../b.sql", NULL},
        {"t/z", ".", "z/../*/*.sql", "z/../out/o.sql z/../t/a.sql z/../t-2/a.sql",
         "OUTSIDE t/z/.." OUTSIDE},
        {"t/d/z", "../../out", "d/*/*.sql", "d/e/c.sql d/z/o.sql", "OUTSIDE t/d/z" OUTSIDE},
        {"t/d/z", "/", "d/z/etc/passwd", "d/z/etc/passwd", "OUTSIDE t/d/z" OUTSIDE},
        /* Below a link that is allowed one that is not. */
        {"t/z", "d", "z/*/*.sql", "z/e/c.sql", NULL},
    };
    size_t i, threads;
    for (i = 0; i < TREE_COUNT(cases); i++) {
        bool all = cases[i].pattern == NULL;
        confine_tree();
        tree_text("t-2/a.sql", "");
        tree_link(cases[i].link, cases[i].target);
        CHECK_STR(confine_find("t", NULL, cases[i].pattern, all, false, 1), cases[i].free);
        for (threads = 1; threads <= 8; threads += 7)
            if (!CHECK_STR(confine_find("t", NULL, cases[i].pattern, all, true, threads),
                           cases[i].confined != NULL ? cases[i].confined : cases[i].free))
                runs_note("case", (int)i, 0, 0);
        tree_clear();
    }
}

TEST(confine, bases) {
    char here[4200], found[4200];
    confine_tree();
    tree_link("to_t", "t");
    tree_link("t/to_out", "../out");
    tree_link("t/out.sql", "../out/o.sql");
    tree_link("t/d/up.sql", "../a.sql");
    /* The base decides, not the directory; and where it really is. */
    CHECK_STR(confine_find("t", ".", NULL, true, true, 1),
              "t/a.sql t/d/b.sql t/d/e/c.sql t/d/up.sql t/out.sql");
    CHECK_STR(confine_find("t/d", "t", NULL, true, true, 1), "d/b.sql d/e/c.sql d/up.sql");
    CHECK_STR(confine_find("t/d", NULL, NULL, true, true, 1), "OUTSIDE t/d/up.sql" OUTSIDE);
    CHECK_STR(confine_find("to_t/d", "to_t", NULL, true, true, 1), "d/b.sql d/e/c.sql d/up.sql");
    CHECK_STR(confine_find("to_t", NULL, NULL, true, true, 1), "OUTSIDE to_t/out.sql" OUTSIDE);
    CHECK_STR(confine_find("t/to_out", "t", NULL, true, true, 1),
              "OUTSIDE t/to_out: the directory is not below the base directory");
    CHECK_STR(confine_find("t/to_out", "t", NULL, true, false, 1), "to_out/d/p.sql to_out/o.sql");
    sprintf(here, "%s/t/d", tree.root);
    CHECK_STR(confine_find(here, tree.root, NULL, true, true, 1),
              "t/d/b.sql t/d/e/c.sql t/d/up.sql");
    /* Below the root nothing leads out. */
    sprintf(here, "%s/t/to_out/*.sql", tree.root + 1);
    sprintf(found, "%s/t/to_out/o.sql", tree.root + 1);
    CHECK_STR(confine_find("/", NULL, here, false, true, 1), found);
    tree_clear();
    /* Links in a circle lead nowhere. */
    confine_tree();
    tree_link("t/x.sql", "y.sql");
    tree_link("t/y.sql", "x.sql");
    CHECK_STR(confine_find("t", NULL, NULL, true, true, 1),
              "SYSTEM t/x.sql: too many levels of symbolic links");
    tree_clear();
}

/* Of several the first in the order of paths, whatever order the system lists them in. */
TEST(confine, first) {
    char name[40];
    int i;
    for (i = 0; i < 50; i++) {
        sprintf(name, "t/%02d/x.sql", i);
        if (i % 10 != 9) tree_text(name, "");
        else tree_link(name, "/etc/passwd");
    }
    tree_link("t/a.sql", "/etc/passwd");
    for (i = 1; i < 9; i += 7)
        CHECK_STR(confine_find("t", NULL, NULL, true, true, (size_t)i),
                  "OUTSIDE t/09/x.sql" OUTSIDE);
    tree_clear();
}

TEST(confine, lists) {
    static const struct {
        const char *path, *expected;
    } cases[] = {{"t/a.sql", "done"},
                 {"t/in.sql", "done"},
                 {"t/to_d/b.sql", "done"},
                 {"t/gone.sql", "done"}, /* and an error when it is read */
                 {"t/gone/x.sql", "done"},
                 {"t/out.sql", "OUTSIDE t/out.sql" OUTSIDE},
                 {"t/to_out/o.sql", "OUTSIDE t/to_out/o.sql" OUTSIDE},
                 {"t/to_out/back.sql", "OUTSIDE t/to_out/back.sql" OUTSIDE},
                 {"t/to_d/../a.sql", "done"},
                 {"t/to_e/../../../out/o.sql",
                  "OUTSIDE t/to_e/../../../out/o.sql: the file is not below the base directory"},
                 {"t/d/../../out/o.sql",
                  "OUTSIDE t/d/../../out/o.sql: the file is not below the base directory"},
                 {"t/d/to_t/../a.sql", "OUTSIDE t/d/to_t/../a.sql" OUTSIDE},
                 {"t/a.sql/x.sql", "done"}, /* nothing can be below a file */
                 {"t/loop.sql", "SYSTEM t/loop.sql: too many levels of symbolic links"}};
    static confiture_error error;
    confiture_find_options options;
    confiture_files *files;
    const char *paths[3];
    size_t i;
    confine_tree();
    tree_text("a.sql", "");
    tree_link("t/in.sql", "a.sql");
    tree_link("t/to_d", "d");
    tree_link("t/to_e", "d/e");
    tree_link("t/out.sql", "../out/o.sql");
    tree_link("t/to_out", "../out");
    tree_link("out/back.sql", "../t/a.sql");
    tree_link("t/d/to_t", "..");
    tree_link("t/loop.sql", "loop.sql");
    memset(&options, 0, sizeof options);
    options.base = "t";
    options.confine = true;
    paths[0] = "t/d/b.sql";
    paths[2] = "t/out.sql"; /* never the first */
    for (i = 0; i < TREE_COUNT(cases); i++) {
        confiture_status status;
        char list[200];
        size_t size = (size_t)sprintf(list, "t/d/b.sql%c%s", 0, cases[i].path);
        paths[1] = cases[i].path;
        status = confiture_files_from_paths(&files, paths, 2, &options, &error);
        if (!CHECK_STR(runs_outcome(status, &error), cases[i].expected))
            runs_note("case", (int)i, 0, 0);
        confiture_files_free(files);
        status = confiture_files_from_list0(&files, list, size, &options, &error);
        CHECK_STR(runs_outcome(status, &error), cases[i].expected);
        confiture_files_free(files);
        if (strcmp(cases[i].expected, "done") == 0) continue;
        CHECK(confiture_files_from_paths(&files, paths, 3, &options, &error) != CONFITURE_OK);
        CHECK_STR(runs_outcome(error.status, &error), cases[i].expected);
    }
    tree_clear();
}

/* Which files of a list are links, or reached by one, however alike the names are: they are
 * opened in another way. */
TEST(confine, kinds) {
    static const struct {
        const char *path;
        bool is_link;
    } cases[] = {{"a.sql", false},  {"d/b.sql", false}, {"b.sql", true},
                 {"d/q.sql", true}, {"d/z.sql", true},  {"to_d/b.sql", false}};
    confiture_find_options options;
    confiture_files *files;
    char name[220];
    const char *path;
    size_t i;
    memset(&options, 0, sizeof options);
    options.base = ".";
    options.confine = true;
    tree_text("a.sql", "");
    tree_text("d/b.sql", "");
    tree_text("d/zz.sql", "");
    tree_text("e/q.sql", "");
    tree_link("b.sql", "d/b.sql");
    tree_link("d/q.sql", "../e/q.sql"); /* in a directory whose name is as long */
    tree_link("d/z.sql", "zz.sql");
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    tree_link(name, "a.sql"); /* the name alone is longer than the target's path */
    tree_link("to_d", "d");   /* which the list leads through; the file itself is none */
    for (i = 0; i <= TREE_COUNT(cases); i++) {
        bool is_link = i == TREE_COUNT(cases) || cases[i].is_link;
        path = i == TREE_COUNT(cases) ? name : cases[i].path;
        files = NULL;
        CHECK(confiture_files_from_paths(&files, &path, 1, &options, NULL) == 0);
        if (!CHECK((files->items[0].kind == CFTI_KIND_LINK) == is_link))
            runs_note("case", (int)i, 0, 0);
        confiture_files_free(files);
    }
    tree_clear();
}

/* What may not be looked at cannot be said to stay within. */
TEST(confine, rights) {
    static const char *const paths[] = {"t/d/e/c.sql"};
    static confiture_error error;
    confiture_find_options options;
    confiture_files *files;
    memset(&options, 0, sizeof options);
    options.base = "t";
    options.confine = true;
    confine_tree();
    tree_mode("t/d", 0);
    tree_drop_rights();
    CHECK(confiture_files_from_paths(&files, paths, 1, &options, &error) == CONFITURE_E_SYSTEM);
    CHECK_STR(runs_outcome(error.status, &error), "SYSTEM t/d/e/c.sql: permission denied");
    tree_regain_rights();
    tree_clear();
}

/* Several directories without a base: that is where all of them are. */
TEST(confine, several) {
    static const char *const bad = "a**";
    confiture_directory directories[2];
    confiture_find_options options;
    memset(&options, 0, sizeof options);
    options.confine = true;
    confine_tree();
    directories[0] = find_directory("t/d");
    directories[1] = find_directory("t");
    CHECK_STR(find_outcome(directories, 2, &options, true),
              "a.sql d/b.sql d/b.sql d/e/c.sql d/e/c.sql");
    tree_link("t/z.sql", "../out/o.sql");
    CHECK_STR(find_outcome(directories, 2, &options, true), "OUTSIDE t/z.sql" OUTSIDE);
    directories[1] = find_directory("out");
    tree_link("t/d/z.sql", "../../out/o.sql");
    CHECK_STR(find_outcome(directories, 2, &options, true),
              "out/d/p.sql out/o.sql t/d/b.sql t/d/e/c.sql t/d/z.sql");
    directories[0].include = &bad;
    directories[0].include_count = 1;
    CHECK_STR(find_outcome(directories, 2, &options, true),
              "ARGUMENT a**: \"**\" must stand alone between slashes");
    tree_clear();
}

typedef struct confine_case {
    const char *dir, *base, *pattern; /* pattern NULL: dir is a file of a list */
    confiture_status status;          /* if there is memory */
} confine_case;

static confiture_status confine_call(void *ctx, const confiture_run *run, confiture_error *error) {
    const confine_case *c = (const confine_case *)ctx;
    confiture_find_options options;
    confiture_directory directory = find_directory(c->dir);
    confiture_files *files = NULL;
    confiture_status status;
    memset(&options, 0, sizeof options);
    options.run = *run;
    options.base = c->base;
    options.confine = true;
    directory.include = &c->pattern;
    directory.include_count = 1;
    directory.not_recursive = true;
    status = c->pattern == NULL ? confiture_files_from_paths(&files, &c->dir, 1, &options, error)
                                : confiture_find_all(&files, &directory, 1, &options, error);
    confiture_files_free(files);
    /* With the memory there it ends as it should, which memory_exhaust calls good. */
    return status == c->status ? CONFITURE_OK : status;
}

/* Memory that runs out anywhere, the byte at which a path's buffer must grow included: each
 * length of a name moves that. */
TEST(confine, memory) {
    static char name[300], file[600], list[310], rest[310], here[8000], target[8000];
    confine_case cases[8];
    size_t size, i;
    for (size = 1; size < 250; size += size < 130 ? 7 : 3) {
        memset(name, 0, sizeof name);
        strcpy(name, "t/");
        memset(name + 2, 'n', size);
        sprintf(here, "%s/%s", tree.root, name);
        memset(file, 'q', sizeof file);
        memcpy(file, "t/", 2);
        file[242] = '/';
        file[483] = '\0'; /* where links lead: more than a block of a node's memory */
        sprintf(target, "%s/%s", tree.root, file);
        strcpy(file + 483, "/d/x.sql");
        tree_text(file, "");
        strcpy(file + 483, "/x.sql");
        tree_text(file, "");
        sprintf(list, "%s/x.sql", name);
        tree_text(list, "");
        sprintf(list, "%s/z", name);
        tree_link(list, target);
        tree_link("t/l", target);
        sprintf(list, "%s/k/x.sql", name);
        tree_text(list, "");
        sprintf(list, "%s/k/y", name);
        tree_link(list, target);
        sprintf(list, "%s/z/x.sql", name);
        sprintf(target, "%s/t", tree.root);
        tree_link("t/t", target);
        sprintf(rest, "t/%s/x.sql", name);
        tree_link("t/o", "../..");
        memset(cases, 0, sizeof cases);
        cases[0].dir = "t", cases[0].pattern = "*/*/*.sql";
        cases[1].dir = "t", cases[1].base = ".", cases[1].pattern = "*/../*/x.sql";
        cases[2].dir = "t", cases[2].pattern = "*/*";
        cases[3].dir = name, cases[3].base = "t", cases[3].pattern = "z/d/*.sql";
        cases[4].dir = here, cases[4].base = tree.root, cases[4].pattern = "**/*";
        cases[5].dir = list, cases[5].base = "t";
        cases[6].dir = "t/l/x.sql", cases[6].base = "t";
        cases[7].dir = rest, cases[7].base = "t";
        for (i = 0; i < 8; i++) {
            cases[i].status = i < 3 ? CONFITURE_E_OUTSIDE : CONFITURE_OK; /* by t/o */
            memory_exhaust_io(confine_call, &cases[i], 1, true, NULL, CONFITURE_IO_READ);
        }
        tree_clear();
    }
}

/* A name in a caller's own list may be longer than any that a file can have. */
TEST(confine, long_name) {
    static char path[400];
    confine_case c;
    memset(&c, 0, sizeof c);
    tree_directory("t");
    memset(path, 'n', sizeof path - 1);
    memcpy(path, "t/", 2);
    c.dir = path;
    c.base = "t";
    c.status = CONFITURE_E_SYSTEM; /* the system does not know what it is */
    memory_exhaust_io(confine_call, &c, 1, true, NULL, CONFITURE_IO_READ);
    tree_clear();
}

/* A path longer than the kernel takes, and links at its end. */
TEST(confine, deep) {
    char *path = tree_deep(25, "x.sql", "SELECT 1;\n"), *link;
    size_t n = strlen(path) - 5;
    confiture_find_options options;
    confiture_files *files;
    confiture_error error;
    const char *paths[1];
    int at;
    link = (char *)malloc(n + 40);
    memcpy(link, path, n);
    strcpy(link + n, "y.sql");
    memset(&options, 0, sizeof options);
    options.confine = true;
    link[n - 1] = '\0';
    if (!CHECK(cfti_os_open_directory(link, &at) == 0)) return;
    link[n - 1] = '/';
    CHECK(symlinkat("x.sql", at, "y.sql") == 0);
    CHECK(confiture_find(&files, ".", &options, &error) == CONFITURE_OK);
    CHECK(confiture_files_count(files) == 2);
    confiture_files_free(files);
    paths[0] = link;
    CHECK(confiture_files_from_paths(&files, paths, 1, &options, &error) == CONFITURE_OK);
    confiture_files_free(files);
    CHECK(unlinkat(at, "y.sql", 0) == 0 && symlinkat("/etc/passwd", at, "y.sql") == 0);
    CHECK(confiture_find(&files, ".", &options, &error) == CONFITURE_E_OUTSIDE);
    CHECK(confiture_files_from_paths(&files, paths, 1, &options, &error) == CONFITURE_E_OUTSIDE);
    (void)close(at);
    free(link);
    free(path);
    tree_clear();
}

/* A file that has become a link by the time it is read; without confine it is followed. */
TEST(confine, swapped) {
    static const char *const paths[] = {"s/a.sql", "s/b.sql", "s/c.sql"};
    confiture_find_options options;
    confiture_files *files[3];
    size_t i;
    memset(&options, 0, sizeof options);
    tree_text("s/a.sql", "SELECT 1;\n");
    tree_text("s/b.sql", "SELECT 2;\n");
    tree_link("s/c.sql", "a.sql");
    tree_text("secret", "SELECT 3;\n");
    options.base = ".";
    CHECK(confiture_find(&files[0], "s", &options, NULL) == CONFITURE_OK);
    options.confine = true;
    CHECK(confiture_find(&files[1], "s", &options, NULL) == CONFITURE_OK);
    CHECK(confiture_files_from_paths(&files[2], paths, 3, &options, NULL) == CONFITURE_OK);
    for (i = 0; i < 3; i++) scan_all(files[i], "done", 0, __LINE__);
    tree_remove("s/b.sql");
    tree_link("s/b.sql", "../secret");
    scan_all(files[0], "done", 0, __LINE__);
    for (i = 1; i < 3; i++)
        scan_all(files[i],
                 "CHANGED s/b.sql: has been replaced by a symbolic link since it was found", 0,
                 __LINE__);
    for (i = 0; i < 3; i++) confiture_files_free(files[i]);
    tree_clear();
}

static bool confine_has_openat2(const char *what) {
    cfti_os_file file;
    if (cfti_os_open_beneath(TREE_NOWHERE, ".", true, false, &file) != 0) {
        printf("skipped: %s: this system has no openat2()\n", what);
        return false;
    }
    cfti_os_close(file);
    return true;
}

/* What the list leads through is another thing when it is read: without confine it is followed,
 * and with it nothing from outside is taken, whatever it was when it was found. */
TEST(confine, retargeted) {
    static const char *const paths[] = {"b/s/abs.sql", "b/s/d/x.sql", "b/s/link.sql"};
    char inside[4200], outside[4200];
    confiture_find_options options;
    confiture_files *files[3];
    size_t i;
    if (!confine_has_openat2("links that are retargeted")) return;
    memset(&options, 0, sizeof options);
    tree_text("b/s/d/x.sql", "SELECT 1;\n");
    tree_text("b/s/d/y.sql", "SELECT 2;\n");
    tree_text("out/x.sql", "SELECT 'secret';\n");
    tree_text("out/y.sql", "SELECT 'secret';\n");
    sprintf(inside, "%s/b/s/d/y.sql", tree.root);
    sprintf(outside, "%s/out", tree.root);
    tree_link("b/s/abs.sql", inside); /* absolute, and leads inside */
    tree_link("b/s/link.sql", "d/x.sql");
    options.base = "b";
    CHECK(confiture_find(&files[0], "b/s", &options, NULL) == CONFITURE_OK);
    options.confine = true;
    CHECK(confiture_find(&files[1], "b/s", &options, NULL) == CONFITURE_OK);
    CHECK(confiture_files_from_paths(&files[2], paths, 3, &options, NULL) == CONFITURE_OK);
    for (i = 0; i < 3; i++) scan_all(files[i], "done", 0, __LINE__);
    for (i = 0; i < 2; i++) { /* a link */
        tree_remove("b/s/link.sql");
        strcpy(outside + strlen(outside), i == 0 ? "/x.sql" : "");
        tree_link("b/s/link.sql", i == 0 ? outside : "../../out/x.sql");
        outside[strlen(outside) - (i == 0 ? 6 : 0)] = '\0';
        scan_all(files[0], "done", 0, __LINE__);
        scan_all(files[1], "OUTSIDE b/s/link.sql" OUTSIDE, 0, __LINE__);
        scan_all(files[2], "OUTSIDE b/s/link.sql" OUTSIDE, 0, __LINE__);
    }
    tree_remove("b/s/link.sql");
    tree_link("b/s/link.sql", "d/y.sql"); /* another one, but inside */
    for (i = 0; i < 3; i++) scan_all(files[i], "done", 0, __LINE__);
    CHECK(rename("b/s/d", "b/s/was") == 0); /* and a directory */
    tree_link("b/s/d", "was");
    for (i = 0; i < 3; i++) scan_all(files[i], "done", 0, __LINE__);
    for (i = 0; i < 2; i++) {
        tree_remove("b/s/d");
        tree_link("b/s/d", i == 0 ? outside : "../../out");
        scan_all(files[0], "done", 0, __LINE__);
        scan_all(files[1], "OUTSIDE b/s/abs.sql" OUTSIDE, 0, __LINE__);
        scan_all(files[2], "OUTSIDE b/s/abs.sql" OUTSIDE, 0, __LINE__);
    }
    tree_remove("b/s/abs.sql");
    tree_link("b/s/abs.sql", "was/y.sql");
    scan_all(files[1], "OUTSIDE b/s/d/x.sql" OUTSIDE, 0, __LINE__);
    scan_all(files[2], "OUTSIDE b/s/d/x.sql" OUTSIDE, 0, __LINE__);
    for (i = 0; i < 3; i++) confiture_files_free(files[i]);
    tree_clear();
}

/* Where paths are longer than a call takes, and where only a user's own may be entered. */
TEST(confine, opened) {
    confiture_find_options options;
    confiture_files *files = NULL;
    char *path = tree_deep(30, "x.sql", "SELECT 1;\n");
    memset(&options, 0, sizeof options);
    options.confine = true;
    CHECK(confiture_find(&files, ".", &options, NULL) == CONFITURE_OK);
    scan_steps(files, "done", 0, 4, __LINE__);
    confiture_files_free(files);
    free(path);
    tree_clear();
    if (!confine_has_openat2("directories that may be entered, and not read")) return;
    tree_text("b/s/a.sql", "SELECT 1;\n");
    tree_text("b/s/c.sql", "SELECT 2;\n");
    options.base = "b";
    CHECK(confiture_find(&files, "b/s", &options, NULL) == CONFITURE_OK);
    tree_mode("b", 0311);
    tree_mode("b/s", 0311);
    tree_drop_rights();
    scan_steps(files, "done", 0, 4, __LINE__);
    tree_regain_rights();
    confiture_files_free(files);
    tree_clear();
}
