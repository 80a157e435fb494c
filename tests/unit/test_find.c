/* Discovery: patterns, excludes, links, names, orders and lists of one's own: walk.c,
 * find.c, list.c. What each pattern finds is what pathlib of Python 3.11 finds. */

#include "../chest/memory.h"
#include "../chest/runs.h"
#include "../chest/tree.h"

SUITE(find, tree_suite_begins, tree_suite_ends);

/* Words as an array, for options. */
typedef struct find_words {
    char text[400];
    const char *words[16];
    size_t count;
} find_words;

static void find_split(find_words *out, const char *text) {
    char *p;
    strcpy(out->text, text);
    out->count = 0;
    for (p = strtok(out->text, " "); p != NULL; p = strtok(NULL, " ")) out->words[out->count++] = p;
}

/* The paths, or the names, of a list with a space between them. */
static const char *find_listed(const confiture_files *files, bool names) {
    static char words[1 << 16];
    size_t i, n = 0;
    words[0] = '\0';
    for (i = 0; i < confiture_files_count(files); i++) {
        const char *one = names ? confiture_files_name(files, i) : confiture_files_path(files, i);
        if (n + strlen(one) + 2 > sizeof words) return "too many";
        if (n > 0) words[n++] = ' ';
        strcpy(words + n, one);
        n += strlen(one);
    }
    return words;
}

/* What a search comes to: its list, or its error. Every search is also one for leaks. */
static const char *find_outcome(const confiture_directory *directories, size_t count,
                                const confiture_find_options *given, bool names) {
    static confiture_error error;
    confiture_find_options options;
    confiture_files *files = NULL;
    confiture_status status;
    const char *outcome;
    memory m;
    memset(&options, 0, sizeof options);
    if (given != NULL) options = *given;
    memory_init(&m);
    options.run.allocator = &m.allocator;
    status = confiture_find_all(&files, directories, count, &options, &error);
    CHECK((files == NULL) == (status != CONFITURE_OK));
    outcome = status == CONFITURE_OK ? find_listed(files, names) : runs_outcome(status, &error);
    confiture_files_free(files);
    CHECK(memory_is_clean(&m));
    return outcome;
}

static confiture_directory find_directory(const char *path) {
    confiture_directory directory;
    memset(&directory, 0, sizeof directory);
    directory.path = path;
    return directory;
}

static const char *find_one(const char *path, const confiture_find_options *options) {
    confiture_directory directory = find_directory(path);
    return find_outcome(&directory, 1, options, false);
}

/* ==== Patterns =========================================================== */

static void find_make_tree(void) {
    static const char *const files[] = {"s/a.sql",
                                        "x",
                                        "s/b.SQL",
                                        "x",
                                        "s/.hidden.sql",
                                        "x",
                                        "s/.dir/h.sql",
                                        "x",
                                        "s/t/c.sql",
                                        "x",
                                        "s/t/u/d.sql",
                                        "x",
                                        "s/t/u/e.txt",
                                        "x",
                                        "s/x.sql/in.sql",
                                        "x",
                                        "other/o.sql",
                                        "x",
                                        "other/p/q.sql",
                                        "x",
                                        NULL};
    tree_make(files);
    tree_link("s/dangling.sql", "nowhere");
    tree_link("s/link.sql", "a.sql");
    tree_link("s/linkdir", "../other");
    tree_link("s/loop", ".");
}

/* include, exclude, not recursive; and the list. */
static const struct {
    const char *include, *exclude;
    bool flat;
    const char *expected;
} find_cases[] = {
    {"", "", false,
     "s/.dir/h.sql s/.hidden.sql s/a.sql s/dangling.sql s/link.sql s/t/c.sql s/t/u/d.sql s/x.sql "
     "s/x.sql/in.sql"},
    {"", "", true, "s/.hidden.sql s/a.sql s/dangling.sql s/link.sql s/x.sql"},
    {"**/*.sql", "", true, "s/.hidden.sql s/a.sql s/dangling.sql s/link.sql s/x.sql"},
    {"**/*.sql *.txt", "", true,
     "s/.dir/h.sql s/.hidden.sql s/a.sql s/dangling.sql s/link.sql s/t/c.sql s/t/u/d.sql s/x.sql "
     "s/x.sql/in.sql"},
    {"*.sql *.sql", "", true,
     "s/.hidden.sql s/.hidden.sql s/a.sql s/a.sql s/dangling.sql s/dangling.sql s/link.sql "
     "s/link.sql s/x.sql s/x.sql"},
    {"t/*.sql", "", false, "s/t/c.sql"},
    {"*/*.sql", "", true,
     "s/.dir/h.sql s/linkdir/o.sql s/loop/.hidden.sql s/loop/a.sql s/loop/dangling.sql "
     "s/loop/link.sql s/loop/x.sql s/t/c.sql s/x.sql/in.sql"},
    {"*/*.sql", "", false,
     "s/.dir/h.sql s/linkdir/o.sql s/loop/.hidden.sql s/loop/a.sql s/loop/dangling.sql "
     "s/loop/link.sql s/loop/x.sql s/t/c.sql s/t/u/d.sql s/x.sql/in.sql"},
    {"linkdir/*.sql", "", false, "s/linkdir/o.sql"},
    {"linkdir/**/*.sql", "", true, "s/linkdir/o.sql s/linkdir/p/q.sql"},
    {"*/p/*", "", true, "s/linkdir/p/q.sql"},
    {"loop/loop/a.sql", "", true, "s/loop/loop/a.sql"},
    {"a.sql", "", false, "s/a.sql"},
    /* A name that is there and leads nowhere is not absent; a wildcard names nothing. */
    {"dangling.sql", "", true, "SYSTEM s/dangling.sql: no such file or directory"},
    {"dangling.sql", "", false, "SYSTEM s/dangling.sql: no such file or directory"},
    {"*/dangling.sql", "", true, "SYSTEM s/loop/dangling.sql: no such file or directory"},
    {"dangling.sql a.sql", "d*", true, "s/a.sql"},
    {"dangling.sql/*.sql", "", true, "SYSTEM s/dangling.sql: no such file or directory"},
    {"dangling.sql/*.sql", "", false, "SYSTEM s/dangling.sql: no such file or directory"},
    {"dangling.sql/*.sql", "d*", true, "SYSTEM s/dangling.sql: no such file or directory"},
    {"*/dangling.sql/*.sql", "", true, "SYSTEM s/loop/dangling.sql: no such file or directory"},
    {"dangling.s*/*.sql", "", true, "NO_FILES s: no SQL files found"},
    {"link.sql/*.sql", "", true, "NO_FILES s: no SQL files found"},
    {"dangling.sq[l]", "", false, "s/dangling.sql"},
    {"link.sql", "", true, "s/link.sql"},
    {"?.sql", "", false, "s/.dir/h.sql s/a.sql s/t/c.sql s/t/u/d.sql s/x.sql"},
    {"[a-c].*", "", false, "s/a.sql s/b.SQL s/t/c.sql"},
    {"[!a-l]*.sql", "", false, "s/.hidden.sql s/x.sql"},
    {"*.SQL", "", false, "s/b.SQL"},
    {"*.SQL a.sql", "", true, "s/a.sql s/b.SQL"},
    {"t/../a.sql", "", true, "s/t/../a.sql"},
    {"t/../a.sql", "", false, "s/t/../a.sql"},
    {"../other/*.sql", "", true, "s/../other/o.sql"},
    {"../other/*.sql", "", false, "s/../other/o.sql"},
    {"**/..", "", true, "s/.. s/.dir/.. s/t/.. s/t/u/.. s/x.sql/.."},
    {"*/..", "", true, "s/.dir/.. s/linkdir/.. s/loop/.. s/t/.. s/x.sql/.."},
    {"**", "", false, "s s/.dir s/t s/t/u s/x.sql"},
    {"**", "", true, "s s/.dir s/t s/t/u s/x.sql"},
    {"t/**", "", true, "s/t s/t/u"},
    {"t", "", false, "s/t"},
    {"t/", "", true, "s/t"},
    {"./t/./c.sql", "", true, "s/t/c.sql"},
    {"**/u/**/*", "", true, "s/t/u/d.sql s/t/u/e.txt"},
    {"t/**/**/*.sql", "", true, "s/t/c.sql s/t/u/d.sql"},
    {"x.sql", "", true, "s/x.sql"},
    {"x.sql/*", "", true, "s/x.sql/in.sql"},
    {"a.sql/*", "", true, "NO_FILES s: no SQL files found"},
    {"nothing*", "", false, "NO_FILES s: no SQL files found"},
    {"*.sql", "a.sql", false,
     "s/.dir/h.sql s/.hidden.sql s/dangling.sql s/link.sql s/t/c.sql s/t/u/d.sql s/x.sql "
     "s/x.sql/in.sql"},
    {"*.sql", "*/c.sql", false,
     "s/.dir/h.sql s/.hidden.sql s/a.sql s/dangling.sql s/link.sql s/t/u/d.sql s/x.sql "
     "s/x.sql/in.sql"},
    {"*.sql", "t/*", false,
     "s/.dir/h.sql s/.hidden.sql s/a.sql s/dangling.sql s/link.sql s/t/u/d.sql s/x.sql "
     "s/x.sql/in.sql"},
    {"*.sql", "t/*/*", false,
     "s/.dir/h.sql s/.hidden.sql s/a.sql s/dangling.sql s/link.sql s/t/c.sql s/x.sql "
     "s/x.sql/in.sql"},
    {"*.sql", "t/**", false,
     "s/.dir/h.sql s/.hidden.sql s/a.sql s/dangling.sql s/link.sql s/t/u/d.sql s/x.sql "
     "s/x.sql/in.sql"},
    {"*.sql", ".*", false,
     "s/.dir/h.sql s/a.sql s/dangling.sql s/link.sql s/t/c.sql s/t/u/d.sql s/x.sql s/x.sql/in.sql"},
    {"*.sql", ".*/*", false,
     "s/.hidden.sql s/a.sql s/dangling.sql s/link.sql s/t/c.sql s/t/u/d.sql s/x.sql "
     "s/x.sql/in.sql"},
    {"*.sql", "[!t]*", false, "NO_FILES s: no SQL files found"},
    {"*.sql", "x.sql s/a.sql /a.sql t/u/d.sql", false,
     "s/.dir/h.sql s/.hidden.sql s/a.sql s/dangling.sql s/link.sql s/t/c.sql s/x.sql/in.sql"},
    {"*.sql", "*", false, "NO_FILES s: no SQL files found"},
    {"**", "t", false, "s s/.dir s/t/u s/x.sql"},
    {"**", "**", false, "s"},
    {"**/*.sql", "?.sql *link*", true, "s/.hidden.sql s/dangling.sql"},
};

TEST(find, patterns) {
    confiture_find_options options;
    size_t i, r;
    TREE_NEEDS("symbolic links");
    find_make_tree();
    for (i = 0; i < TREE_COUNT(find_cases); i++)
        for (r = 0; r < RUNS; r++) {
            confiture_directory directory = find_directory("s");
            find_words include, exclude;
            find_split(&include, find_cases[i].include);
            find_split(&exclude, find_cases[i].exclude);
            directory.include = include.words;
            directory.include_count = include.count;
            directory.exclude = exclude.words;
            directory.exclude_count = exclude.count;
            directory.not_recursive = find_cases[i].flat;
            memset(&options, 0, sizeof options);
            options.run = runs_get(r);
            options.base = ".";
            if (!CHECK_STR(find_outcome(&directory, 1, &options, true), find_cases[i].expected))
                runs_note("case, run, -", (int)i, (int)r, 0);
        }
    tree_clear();
}

TEST(find, bad_patterns) {
    static const struct {
        const char *include, *exclude, *expected;
    } cases[] = {{"", NULL, "ARGUMENT the pattern is empty"},
                 {"./", NULL, "ARGUMENT ./: the pattern is empty"},
                 {"/a", NULL, "ARGUMENT /a: a pattern must be relative to its directory"},
                 {"a**", NULL, "ARGUMENT a**: \"**\" must stand alone between slashes"},
                 {"a", "", "ARGUMENT the exclude pattern is empty"},
                 {"a", ".", "ARGUMENT .: the exclude pattern is empty"},
                 {"a\n**", NULL, "ARGUMENT a\\x0A**: \"**\" must stand alone between slashes"}};
    confiture_directory directories[2];
    confiture_find_options options;
    confiture_files *files = NULL;
    confiture_error error;
    confiture_allocator bad;
    size_t i;
    TREE_NEEDS("symbolic links");
    find_make_tree();
    directories[0] = find_directory("s"); /* which is good, and not searched all the same */
    for (i = 0; i < TREE_COUNT(cases); i++) {
        directories[1] = find_directory("missing");
        directories[1].include = &cases[i].include;
        directories[1].include_count = 1;
        directories[1].exclude = &cases[i].exclude;
        directories[1].exclude_count = cases[i].exclude != NULL;
        CHECK_STR(find_outcome(directories, 2, NULL, false), cases[i].expected);
    }
    CHECK_STR(find_one("", NULL), "ARGUMENT an include directory has no path");
    CHECK_STR(find_outcome(directories, 0, NULL, false), "ARGUMENT no include directory is given");
    memset(&options, 0, sizeof options);
    memset(&bad, 0, sizeof bad);
    options.run.allocator = &bad;
    CHECK(confiture_find(&files, "s", &options, &error) == CONFITURE_E_ARGUMENT && files == NULL);
    CHECK(confiture_find(&files, "missing", NULL, NULL) == CONFITURE_E_NO_FILES && files == NULL);
    tree_clear();
}

/* ==== Directories ======================================================== */

TEST(find, directories) {
    static const char *const make[] = {"s/a.sql",    "x", "s/x/b.sql", "x", "s/x/y/c.sql", "x",
                                       "s/xy/d.sql", "x", "t/e.sql",   "x", NULL};
    static const char *const excludes[][2] = {
        {"s/x", "s/a.sql s/xy/d.sql t/e.sql"},
        {"./s//x/.", "s/a.sql s/xy/d.sql t/e.sql"},
        {"s/x/y", "s/a.sql s/x/b.sql s/xy/d.sql t/e.sql"},
        {"s", "t/e.sql"},
        {"s t", "NO_FILES no SQL files found in s, t"},
        {".", "NO_FILES no SQL files found in s, t"},
        {"s/a.sql", "s/x/b.sql s/x/y/c.sql s/xy/d.sql t/e.sql"},
        {"x /s/x S s/x/", "s/a.sql s/xy/d.sql t/e.sql"},
        {"missing t/e", "s/a.sql s/x/b.sql s/x/y/c.sql s/xy/d.sql t/e.sql"}};
    confiture_directory d[4];
    confiture_find_options options;
    find_words words;
    char first[4096];
    const char *top[1], *tail[1], *slash;
    size_t i;
    TREE_NEEDS("symbolic links");
    tree_make(make);
    tree_link("to_nowhere", "nowhere");
    memset(&options, 0, sizeof options);
    d[0] = find_directory("s");
    d[1] = find_directory("t");
    for (i = 0; i < TREE_COUNT(excludes); i++) {
        find_split(&words, excludes[i][0]);
        options.exclude_dirs = words.words;
        options.exclude_dir_count = words.count;
        CHECK_STR(find_outcome(d, 2, &options, false), excludes[i][1]);
    }
    memset(&options, 0, sizeof options);
    /* Overlap: twice, or once. */
    d[1] = find_directory("./s//x/");
    CHECK_STR(find_outcome(d, 2, NULL, false),
              "s/a.sql s/x/b.sql s/x/b.sql s/x/y/c.sql s/x/y/c.sql s/xy/d.sql");
    options.unique = true;
    CHECK_STR(find_outcome(d, 2, &options, false), "s/a.sql s/x/b.sql s/x/y/c.sql s/xy/d.sql");
    options.sort = CONFITURE_SORT_HEX;
    CHECK_STR(find_outcome(d, 2, &options, false), "s/a.sql s/x/b.sql s/x/y/c.sql s/xy/d.sql");
    /* Missing ones. */
    d[1] = find_directory("missing");
    CHECK_STR(find_outcome(d, 2, NULL, false), "s/a.sql s/x/b.sql s/x/y/c.sql s/xy/d.sql");
    d[1].must_exist = true;
    CHECK_STR(find_outcome(d, 2, NULL, false), "NOT_FOUND missing: the directory does not exist");
    d[1].path = "t/e.sql/below";
    CHECK_STR(find_outcome(d, 2, NULL, false),
              "NOT_FOUND t/e.sql/below: the directory does not exist");
    CHECK_STR(find_one("missing", NULL),
              "NO_FILES missing: no SQL files found: the directory does not exist");
    CHECK_STR(find_one("to_nowhere", NULL), "SYSTEM to_nowhere: no such file or directory");
    CHECK_STR(find_one("t/e.sql", NULL), "SYSTEM t/e.sql: not a directory");
    tree_directory("empty/below");
    CHECK_STR(find_one("empty", NULL), "NO_FILES empty: no SQL files found");
    d[0] = find_directory("empty\nx");
    d[1] = find_directory("missing");
    CHECK_STR(find_outcome(d, 2, NULL, false),
              "NO_FILES no SQL files found in empty\\x0Ax, missing");
    /* "/": an exclude pattern sees the whole name. */
    slash = strchr(tree.root + 1, '/');
    memcpy(first, tree.root, (size_t)(slash - tree.root));
    first[slash - tree.root] = '\0';
    d[0] = find_directory("/");
    d[0].not_recursive = true;
    top[0] = first + 1;
    tail[0] = first + 2;
    d[0].include = top;
    d[0].exclude = tail;
    d[0].include_count = d[0].exclude_count = 1;
    CHECK_STR(find_outcome(d, 1, NULL, false), first);
    d[0].exclude = top;
    CHECK_STR(find_outcome(d, 1, NULL, false), "NO_FILES /: no SQL files found");
    tree_clear();
}

/* A directory that cannot be read is an error, and the first in order. */
TEST(find, unreadable) {
    static const char *const make[] = {"s/a.sql", "x",         "s/p/b.sql", "x", "s/q/r/c.sql",
                                       "x",       "s/z/d.sql", "x",         NULL};
    static const char *const hidden[] = {"s/p", "s/q"};
    confiture_find_options options;
    size_t r;
    TREE_NEEDS("modes");
    tree_make(make);
    tree_mode("s/p", 0311); /* names below it can be opened, but not listed */
    tree_mode("s/q/r", 0);
    tree_mode("s/z", 0);
    memset(&options, 0, sizeof options);
    tree_drop_rights();
    for (r = 0; r < RUNS; r++) {
        options.run = runs_get(r);
        options.exclude_dirs = hidden;
        options.exclude_dir_count = 0;
        CHECK_STR(find_one("s", &options), "SYSTEM s/p: permission denied");
        CHECK_STR(find_one("s/p", &options), "SYSTEM s/p: permission denied");
        options.exclude_dir_count = 1;
        CHECK_STR(find_one("s", &options), "SYSTEM s/q/r: permission denied");
        options.exclude_dir_count = 2;
        CHECK_STR(find_one("s", &options), "SYSTEM s/z: permission denied");
    }
    tree_regain_rights();
    tree_clear();
}

/* ==== Names and bases ==================================================== */

TEST(find, names) {
    static const char *const make[] = {"p/q/s/a.sql", "x", "p/q/t/b.sql", "x",
                                       "p/r/c.sql",   "x", NULL};
    static const struct {
        const char *directories, *base, *names;
        const char *shown; /* the base: "/" for the root, or as it is */
    } cases[] = {
        {"p/q/s", NULL, "a.sql", "p/q/s"},
        {"./p//q/s/", NULL, "a.sql", "p/q/s"},
        {".", NULL, "p/q/s/a.sql p/q/t/b.sql p/r/c.sql", "."},
        {"p/q/s p/q/t", NULL, "s/a.sql t/b.sql", "/p/q"},
        {"p/q/s p/r p/q/t", NULL, "q/s/a.sql q/t/b.sql r/c.sql", "/p"},
        {"p/q/s p/zzz", NULL, "q/s/a.sql", "/p"},
        {"p/q/s p/q", NULL, "s/a.sql s/a.sql t/b.sql", "/p/q"},
        {"p/q/s p/q/s", NULL, "a.sql a.sql", "/p/q/s"},
        {"/p/q/s p/q/t", NULL, "s/a.sql t/b.sql", "/p/q"},
        {"/p/q/s /p/q/t", NULL, "s/a.sql t/b.sql", "/p/q"},
        {"link", NULL, "a.sql", "link"},
        {"link p/q/t", NULL, "OUTSIDE link/a.sql: the file is not below the base directory", ""},
        {"p/q/s", ".", "p/q/s/a.sql", "."},
        {"p/q/s", "./p/", "q/s/a.sql", "p"},
        {"p/q/s", "/", "p/q/s/a.sql", "/"},
        {"p/q/s", "/p", "q/s/a.sql", "/p"},
        {"/p/q/s", "p/q", "s/a.sql", "p/q"},
        {"/p/q/s", ".", "p/q/s/a.sql", "."},
        {"/p/q/s", "/p/q/s", "a.sql", "/p/q/s"},
        {"p/q/s", "p/r", "OUTSIDE p/q/s/a.sql: the file is not below the base directory", ""},
        {"p/q/s", "p/q/s/x", "OUTSIDE p/q/s/a.sql: the file is not below the base directory", ""},
        {"p/q/s", "/p/r", "OUTSIDE p/q/s/a.sql: the file is not below the base directory", ""},
        {"p/q/s", "p/q/s/../s", "OUTSIDE p/q/s/a.sql: the file is not below the base directory",
         ""},
        {"p/q/../q/s", "p", "q/../q/s/a.sql", "p"}};
    confiture_find_options options;
    confiture_files *files;
    confiture_error error;
    char paths[4][5000], base[sizeof tree.root + 5000];
    size_t i, k;
    TREE_NEEDS("symbolic links");
    tree_make(make);
    tree_link("link", "p/q/s");
    for (i = 0; i < TREE_COUNT(cases); i++) {
        confiture_directory d[4];
        find_words words;
        find_split(&words, cases[i].directories);
        for (k = 0; k < words.count; k++) { /* "/" stands for the root */
            strcpy(paths[k], words.words[k][0] == '/' ? tree.root : "");
            strcat(paths[k], words.words[k]);
            d[k] = find_directory(paths[k]);
        }
        memset(&options, 0, sizeof options);
        if (cases[i].base != NULL) {
            strcpy(base, cases[i].base[0] == '/' ? tree.root : "");
            strcat(base, cases[i].base);
            options.base = base;
        }
        CHECK_STR(find_outcome(d, words.count, &options, true), cases[i].names);
        if (confiture_find_all(&files, d, words.count, &options, &error)) continue;
        strcpy(base, cases[i].shown[0] == '/' ? tree.root : "");
        if (strcmp(cases[i].shown, "/") != 0) strcat(base, cases[i].shown);
        CHECK_STR(confiture_files_base(files), base);
        confiture_files_free(files);
    }
    /* A base above the current directory. */
    memset(&options, 0, sizeof options);
    options.base = "/";
    CHECK(confiture_find(&files, "p/r", &options, &error) == CONFITURE_OK);
    sprintf(base, "%s/p/r/c.sql", tree.root + 1);
    CHECK_STR(find_listed(files, true), base);
    confiture_files_free(files);
    tree_clear();
}

TEST(find, bad_names) {
    static const char *const names[][2] = {
        {"s/a\nb.sql", "NAME s/a\\x0Ab.sql: the file name holds a control character"},
        {"s/d\x7F/x.sql", "NAME s/d\\x7F/x.sql: the file name holds a control character"},
        {"s/\xC2\x85.sql", "NAME s/\\xC2\\x85.sql: the file name holds a control character"},
        {"s/\xFF.sql", "NAME s/\\xFF.sql: the file name is not valid UTF-8"},
        {"s/\xED\xA0\x80.sql", "NAME s/\\xED\\xA0\\x80.sql: the file name is not valid UTF-8"}};
    confiture_find_options options;
    size_t i;
    TREE_NEEDS("such file names");
    memset(&options, 0, sizeof options);
    for (i = 0; i < TREE_COUNT(names); i++) {
        tree_text("t/a\r.sql", "x"); /* the first in order counts */
        tree_text(names[i][0], "x");
        CHECK_STR(find_one(".", NULL), names[i][1]);
        tree_clear();
    }
    tree_text("d\n/s/\xC3\xA9 \xE2\x80\xA8'\";--.sql", "x"); /* fine, if not pretty */
    CHECK_STR(find_one("d\n/s", NULL), "d\n/s/\xC3\xA9 \xE2\x80\xA8'\";--.sql");
    options.base = "d\n"; /* the name alone matters, not what is above it */
    CHECK_STR(find_one("d\n/s", &options), "d\n/s/\xC3\xA9 \xE2\x80\xA8'\";--.sql");
    options.base = ".";
    CHECK_STR(find_one("d\n/s", &options), "NAME d\\x0A/s/\xC3\xA9 \xE2\x80\xA8'\";--.sql: "
                                           "the file name holds a control character");
    tree_clear();
}

/* ==== Lists of one's own ================================================= */

/* list0 if paths is NULL. */
static const char *find_own(const char *const *paths, size_t count, const char *list0, size_t size,
                            const char *base, bool names) {
    static confiture_error error;
    confiture_find_options options;
    confiture_files *files = NULL;
    confiture_status status;
    const char *outcome;
    memory m;
    memory_init(&m);
    memset(&options, 0, sizeof options);
    options.run.allocator = &m.allocator;
    options.base = base;
    options.sort = CONFITURE_SORT_HEX; /* neither is looked at */
    options.unique = true;
    status = paths != NULL ? confiture_files_from_paths(&files, paths, count, &options, &error)
                           : confiture_files_from_list0(&files, list0, size, &options, &error);
    CHECK((files == NULL) == (status != CONFITURE_OK));
    outcome = status == CONFITURE_OK ? find_listed(files, names) : runs_outcome(status, &error);
    confiture_files_free(files);
    CHECK(memory_is_clean(&m));
    return outcome;
}

TEST(find, own_lists) {
    static const char *const paths[] = {"z/b.sql", "./a//1_x.sql", "z/b.sql", "a/0_x.txt"};
    static const char *const bad[] = {"a.sql", "../b.sql", ""};
    static const char *const beside[] = {"a.sql", "..", "/a.sql", "/"};
    static const char *const tangled[] = {"a/../b.sql", "a/../../b.sql"};
    static const char *const seeds[] = {"x/seeds/a.sql", "x/b.sql", "x/1_seed_2.sql"};
    const char *absolute[1];
    char path[5000];
    confiture_files *files;
    confiture_find_options options;
    CHECK_STR(find_own(paths, 4, NULL, 0, NULL, false), "z/b.sql a/1_x.sql z/b.sql a/0_x.txt");
    CHECK_STR(find_own(paths, 0, NULL, 0, NULL, false), "");
    CHECK_STR(find_own(paths, 1, NULL, 0, "z", true), "b.sql");
    CHECK_STR(find_own(paths, 2, NULL, 0, "z", true),
              "OUTSIDE a/1_x.sql: the file is not below the base directory");
    CHECK_STR(find_own(bad, 2, NULL, 0, NULL, false),
              "OUTSIDE ../b.sql: the file is not below the base directory");
    CHECK_STR(find_own(bad, 3, NULL, 0, NULL, false),
              "ARGUMENT the list holds an empty path: number 3");
    CHECK_STR(find_own(tangled, 1, NULL, 0, NULL, true), "a/../b.sql");
    CHECK_STR(find_own(tangled, 2, NULL, 0, NULL, true),
              "OUTSIDE a/../../b.sql: the file is not below the base directory");
    CHECK_STR(find_own(beside, 2, NULL, 0, NULL, true),
              "OUTSIDE ..: the file is not below the base directory");
    CHECK_STR(find_own(beside + 2, 2, NULL, 0, "/", true), "a.sql .");
    sprintf(path, "%s//p/./x.sql", tree.root);
    absolute[0] = path;
    CHECK_STR(find_own(absolute, 1, NULL, 0, NULL, true), "p/x.sql");
    CHECK_STR(find_own(absolute, 1, NULL, 0, "p", true), "x.sql");
    absolute[0] = TREE_ROOT "nowhere/x.sql";
    CHECK_STR(find_own(absolute, 1, NULL, 0, NULL, true),
              "OUTSIDE " TREE_ROOT "nowhere/x.sql: the file is not below the base directory");
    CHECK_STR(find_own(NULL, 0, "b.sql\0a.sql\0", 12, NULL, false), "b.sql a.sql");
    CHECK_STR(find_own(NULL, 0, "b.sql\0a.sqlX", 11, NULL, false), "b.sql a.sql");
    CHECK_STR(find_own(NULL, 0, "b.sql\0a.sql\0", 6, NULL, false), "b.sql");
    CHECK_STR(find_own(NULL, 0, "b.sql\0\0a.sql\0", 13, NULL, false),
              "ARGUMENT the list holds an empty path: number 2");
    CHECK_STR(find_own(NULL, 0, "", 1, NULL, false),
              "ARGUMENT the list holds an empty path: number 1");
    CHECK_STR(find_own(NULL, 0, NULL, 0, NULL, false), "");
    CHECK_STR(find_own(NULL, 0, "a\tb.sql", 7, NULL, false),
              "NAME a\\x09b.sql: the file name holds a control character");
    CHECK(confiture_files_from_paths(&files, seeds, 3, NULL, NULL) == CONFITURE_OK);
    CHECK(confiture_files_is_seed(files, 0) && !confiture_files_is_seed(files, 1));
    CHECK(confiture_files_is_seed(files, 2) && !confiture_files_is_seed(files, 3));
    CHECK_STR(confiture_files_path(files, 1), "x/b.sql");
    CHECK(confiture_files_path(files, 3) == NULL && confiture_files_name(files, SIZE_MAX) == NULL);
    CHECK(confiture_files_count(files) == 3);
    confiture_files_free(files);
    confiture_files_free(NULL);
    /* The base's own name counts for seeds, what is above it does not. */
    memset(&options, 0, sizeof options);
    options.base = "x/seeds";
    CHECK(confiture_files_from_paths(&files, seeds, 1, &options, NULL) == CONFITURE_OK);
    CHECK(confiture_files_is_seed(files, 0));
    confiture_files_free(files);
    sprintf(path, "%s/1_seeds/x", tree.root);
    options.base = path;
    sprintf(path + 4500, "%.400s/a.sql", path);
    absolute[0] = path + 4500;
    CHECK(confiture_files_from_paths(&files, absolute, 1, &options, NULL) == CONFITURE_OK);
    CHECK(!confiture_files_is_seed(files, 0));
    confiture_files_free(files);
}

/* Relative and absolute paths, and ".." in them, have a parent in common. */
TEST(find, common_base_holds_every_file) {
    static const struct {
        const char *paths[3]; /* relative to the tree; '@': the absolute form of what follows */
        const char *base, *names;
    } cases[] = {{{"a/x.sql", NULL, NULL}, "/a", "x.sql"},
                 {{"x.sql", NULL, NULL}, "", "x.sql"},
                 {{"a/b/x.sql", "a/bb/y.sql", "./a//z.sql"}, "/a", "b/x.sql bb/y.sql z.sql"},
                 {{"a/b/x.sql", "@a/b/y.sql", NULL}, "/a/b", "x.sql y.sql"},
                 {{"@a/x.sql", "@a/x.sql", NULL}, "/a", "x.sql x.sql"},
                 {{"a/x.sql", "x.sql", "a/b/x.sql"}, "", "a/x.sql x.sql a/b/x.sql"},
                 {{"a/b/../x.sql", "a/b/y.sql", NULL}, "/a", "b/../x.sql b/y.sql"},
                 {{"a/b/y.sql", "a/b/../x.sql", NULL}, "/a", "b/y.sql b/../x.sql"},
                 {{"a/b/../../x.sql", "a/b/y.sql", NULL}, "", "a/b/../../x.sql a/b/y.sql"},
                 {{"a/..b/x.sql", "a/..b/y.sql", NULL}, "/a/..b", "x.sql y.sql"},
                 {{"a/b/..", "a/b/x.sql", NULL}, "/a", "b/.. b/x.sql"},
                 {{"a/b/x.sql", "a/b/..", NULL}, "/a", "b/x.sql b/.."}};
    static const char *const above[2][2] = {{"../x.sql", "../y.sql"}, {"x.sql", "a/../../y.sql"}};
    confiture_find_options options;
    confiture_error error;
    confiture_files *files;
    size_t i, k, n;
    memset(&options, 0, sizeof options);
    options.common_base = true;
    for (i = 0; i < TREE_COUNT(cases); i++) {
        char room[3][5000], base[5000], list[16000];
        const char *paths[3];
        size_t size = 0;
        for (n = 0; n < 3 && cases[i].paths[n] != NULL; n++) {
            bool absolute = cases[i].paths[n][0] == '@';
            sprintf(room[n], "%s%s%s", absolute ? tree.root : "", absolute ? "/" : "",
                    cases[i].paths[n] + absolute);
            paths[n] = room[n];
            strcpy(list + size, room[n]);
            size += strlen(room[n]) + 1;
        }
        sprintf(base, "%s%s", tree.root, cases[i].base);
        for (k = 0; k < 2; k++) {
            confiture_status status =
                k == 0 ? confiture_files_from_paths(&files, paths, n, &options, &error)
                       : confiture_files_from_list0(&files, list, size, &options, &error);
            if (!CHECK(status == CONFITURE_OK)) continue;
            CHECK_STR(confiture_files_base(files), base);
            CHECK_STR(find_listed(files, true), cases[i].names);
            confiture_files_free(files);
        }
    }
    CHECK(confiture_files_from_paths(&files, NULL, 0, &options, &error) == CONFITURE_OK);
    CHECK_STR(confiture_files_base(files), tree.root);
    confiture_files_free(files);
    for (i = 0; i < TREE_COUNT(above); i++)
        CHECK_STR(
            runs_outcome(confiture_files_from_paths(&files, above[i], 2, &options, &error), &error),
            i == 0
                ? "OUTSIDE ../x.sql: leads above the current directory: give a base instead"
                : "OUTSIDE a/../../y.sql: leads above the current directory: give a base instead");
    options.confine = true;
    CHECK_STR(runs_outcome(confiture_files_from_paths(&files, NULL, 0, &options, &error), &error),
              "ARGUMENT confine needs a base that the list cannot move");
    options.confine = false;
    options.base = ".";
    CHECK_STR(runs_outcome(confiture_files_from_paths(&files, NULL, 0, &options, &error), &error),
              "ARGUMENT common_base and base exclude each other");
    CHECK(files == NULL);
}

/* Seeds are what lies in db/seeds, and not what is called so. */
TEST(find, base_is_seed_however_it_is_written) {
    static const struct {
        const char *here, *base;
        bool is_seed;
    } cases[] = {
        {".", "db/seeds", true},
        {"db/seeds", ".", true},
        {"db/seeds", "", true},
        {"db/seeds/sub", "..", true},
        {"db", "seeds", true},
        {"db", "seeds/../seeds/.", true},
        {"db", "./seeds/sub/..", true},
        {".", "db", false},
        {"db", ".", false},
        {"db/seeds/sub", ".", false},
        {"db/seeds", "sub", false},
        {"db/seeds", "..", false},
        {"db/seeds", "../../db", false},
        {".", "missing/seeds", true},
        {".", "missing", false},
#if !defined(_WIN32)
        {".", "data", true}, /* a link to db/seeds */
        {"db", "../data", true},
        {".", "30_seed", false}, /* a link to db */
#endif
    };
    confiture_find_options options;
    confiture_files *files;
    char path[5000];
    size_t i, absolute;
    tree_text("db/seeds/a.sql", "SELECT 1;\n");
    tree_text("db/seeds/sub/a.sql", "SELECT 1;\n");
    tree_text("db/a.sql", "SELECT 1;\n");
#if !defined(_WIN32)
    tree_link("data", "db/seeds");
    tree_link("30_seed", "db");
#endif
    memset(&options, 0, sizeof options);
    for (i = 0; i < TREE_COUNT(cases); i++) {
        for (absolute = 0; absolute < 2; absolute++) {
            const char *base = cases[i].base, *first = path;
            if (absolute != 0) {
                sprintf(path, "%s/%s/%s", tree.root, cases[i].here, base);
                base = path;
            }
            if (chdir(cases[i].here) != 0) tree_die("chdir", cases[i].here);
            if (confiture_find(&files, base, NULL, NULL) == CONFITURE_OK) {
                CHECK(confiture_files_is_seed(files, 0) == cases[i].is_seed);
                confiture_files_free(files);
            }
            options.base = base;
            sprintf(path + 4000, "%.900s/a.sql", *base != '\0' ? base : ".");
            first += 4000;
            CHECK(confiture_files_from_paths(&files, &first, 1, &options, NULL) == CONFITURE_OK);
            CHECK(confiture_files_is_seed(files, 0) == cases[i].is_seed);
            confiture_files_free(files);
            if (chdir(tree.root) != 0) tree_die("chdir", tree.root);
        }
    }
    tree_clear();
}

/* ==== Orders ============================================================= */

TEST(find, orders) {
    static const char *const make[] = {"s/10_b.sql",
                                       "x",
                                       "s/0F_z.sql",
                                       "x",
                                       "s/a/0F_a.sql",
                                       "x",
                                       "s/b/0F_a.sql",
                                       "x",
                                       "s/plain.sql",
                                       "x",
                                       "s/a/plain.sql",
                                       "x",
                                       "s/00F_a.sql",
                                       "x",
                                       "s/0x10_c.sql",
                                       "x",
                                       "s/FFFFFFFFFFFFFFFFF_x.sql",
                                       "x",
                                       "s/C/9_q.b.sql",
                                       "x",
                                       "s/9_q.sql",
                                       "x",
                                       "s/_x.sql",
                                       "x",
                                       NULL};
    static const char *const plain[] = {"p/b/1.sql",  "x", "p/b-c/1.sql", "x", "p/b.sql", "x",
                                        "p/0a_x.sql", "x", "p/10.sql",    "x", "p/9.sql", "x",
                                        NULL};
    confiture_find_options options;
    size_t r;
    tree_make(make);
    tree_make(plain);
    memset(&options, 0, sizeof options);
    for (r = 0; r < RUNS; r++) {
        options.run = runs_get(r);
        options.sort = CONFITURE_SORT_HEX;
        CHECK_STR(
            find_one("s", &options),
            "s/9_q.sql s/C/9_q.b.sql s/00F_a.sql s/a/0F_a.sql s/b/0F_a.sql s/0F_z.sql s/10_b.sql "
            "s/FFFFFFFFFFFFFFFFF_x.sql s/0x10_c.sql s/_x.sql s/a/plain.sql s/plain.sql");
        /* No name has a prefix: as if by path. */
        CHECK_STR(find_one("p", &options),
                  "p/0a_x.sql p/10.sql p/9.sql p/b/1.sql p/b-c/1.sql p/b.sql");
        options.sort = CONFITURE_SORT_PATH;
        CHECK_STR(find_one("s", &options),
                  "s/00F_a.sql s/0F_z.sql s/0x10_c.sql s/10_b.sql s/9_q.sql s/C/9_q.b.sql "
                  "s/FFFFFFFFFFFFFFFFF_x.sql s/_x.sql s/a/0F_a.sql s/a/plain.sql s/b/0F_a.sql "
                  "s/plain.sql");
    }
    tree_clear();
}

/* "." has no components, and so stands before every other path and, by its empty stem, name. */
TEST(find, dot_order) {
    static const char *const make[] = {"-d/-.sql", "x", NULL};
    static const char *const all[] = {"**", "*.sql"};
    confiture_directory directories[2] = {find_directory("-d"), find_directory(".")};
    confiture_find_options options;
    tree_make(make);
    memset(&options, 0, sizeof options);
    directories[0].include = directories[1].include = all;
    directories[0].include_count = directories[1].include_count = 2;
    CHECK_STR(find_outcome(directories, 2, &options, false), ". -d -d -d/-.sql -d/-.sql");
    tree_text("1_-.sql", "x");
    options.sort = CONFITURE_SORT_HEX;
    options.unique = true;
    CHECK_STR(find_outcome(directories, 2, &options, false), "1_-.sql . -d/-.sql -d");
    tree_clear();
}

/* ==== Many directories, progress, and stopping =========================== */

typedef struct find_progress {
    size_t calls, stop_at; /* stop_at: the call that says stop; 0: none */
    confiture_progress last;
    bool wrong;
} find_progress;

static int find_on_progress(void *user, const confiture_progress *progress) {
    find_progress *p = (find_progress *)user;
    if (progress->files < p->last.files || progress->bytes < p->last.bytes) p->wrong = true;
    p->last = *progress;
    return ++p->calls == p->stop_at;
}

TEST(find, many) {
    static char expected[1 << 16];
    char name[64];
    confiture_directory d[2];
    confiture_find_options options;
    find_progress progress;
    size_t i, r, calls;
    expected[0] = '\0';
    for (i = 0; i < 1000; i++) {
        sprintf(name, "s/%02u/%02u/%c.sql", (unsigned)(i / 30), (unsigned)(i % 30),
                'a' + (int)(i % 26));
        tree_text(name, "");
        sprintf(expected + strlen(expected), "%s%s", i > 0 ? " " : "", name);
    }
    tree_text("t/u/x.sql", "");
    strcat(expected, " t/u/x.sql");
    d[0] = find_directory("s");
    d[1] = find_directory("t");
    for (r = 0; r < RUNS; r++) {
        memset(&options, 0, sizeof options);
        memset(&progress, 0, sizeof progress);
        options.run = runs_get(r);
        options.run.progress = find_on_progress;
        options.run.progress_user = &progress;
        CHECK_STR(find_outcome(d, 2, &options, false), expected);
        CHECK(progress.calls > 0 && !progress.wrong && progress.last.files == 1001);
        CHECK(progress.last.total_files == 0 && progress.last.bytes == 0);
        for (calls = progress.calls, i = 1; i <= calls && r % 6 == 0; i++) {
            memset(&progress, 0, sizeof progress);
            progress.stop_at = i;
            CHECK_STR(find_outcome(d, 2, &options, false), "CANCELLED cancelled");
            CHECK(progress.calls == i);
        }
    }
    memset(&options, 0, sizeof options);
    options.run.parallel_for = runs_refuses;
    CHECK_STR(find_outcome(d, 2, &options, false),
              "SYSTEM the caller's parallel_for failed: system error 77");
    options.run.parallel_for = runs_lazy;
    CHECK_STR(find_outcome(d, 2, &options, false),
              "ARGUMENT the caller's parallel_for left work undone");
    tree_clear();
}
