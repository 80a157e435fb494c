/* Rare ways through a search and its names, with the helpers of test_find.c: walk.c, find.c,
 * list.c, path.c. */

SUITE(walk, tree_suite_begins, tree_suite_ends_whole);

/* What the patterns (words) find below s. */
static const char *walk_found(const char *patterns, const char *excludes) {
    static find_words include, exclude;
    confiture_directory directory = find_directory("s");
    find_split(&include, patterns);
    find_split(&exclude, excludes);
    directory.include = include.words;
    directory.include_count = include.count;
    directory.exclude = exclude.words;
    directory.exclude_count = exclude.count;
    directory.not_recursive = true;
    return find_outcome(&directory, 1, NULL, false);
}

/* Names without wildcards are looked up and not listed: once, however often the pattern has
 * them, and as pathlib finds them. */
TEST(walk, exact) {
    static const char *const names[] = {
        "s/a/a/x.sql", "s/a/b/x.sql", "s/a/x.sql", "s/b/a/b/x.sql", "s/a/q/a/z/x.sql",
        "s/.a/x.sql",  "s/ab/x.sql",  "s/l/b/y",   "o/b/z",         "o/c/z"};
    static const struct {
        const char *pattern, *expected;
    } cases[] = {
        {"a/x.sql", "s/a/x.sql"},
        {".a/x.sql", "s/.a/x.sql"},
        {"ab/x.sql", "s/ab/x.sql"},
        {"**/a/**/a/x.sql", "s/a/a/x.sql"},
        {"**/a/**/a/**/x.sql", "s/a/a/x.sql s/a/q/a/z/x.sql"},
        {"**/a/**/b/x.sql", "s/a/b/x.sql s/b/a/b/x.sql"},
        {"**/b/**/ab/x.sql", "NO_FILES s: no SQL files found"},
        {"**/a/**/x.sql/**/x.sql", "NO_FILES s: no SQL files found"},
        {"a/../a/../a/x.sql", "s/a/../a/../a/x.sql"},
        {"a/b/../../b/a/b/x.sql", "s/a/b/../../b/a/b/x.sql"},
        {"a/*/x.sql", "s/a/a/x.sql s/a/b/x.sql"},
        {"*/a/b/*", "s/b/a/b/x.sql"},
        /* Through a link that two parts of the pattern have led to. */
        {"**/l/b/**/l/b", "s/l/b/l/b"},
        {"**/l/b/**/l/c", "s/l/b/l/c"},
        {"**/l/b/**/l/b/**", "s/l/b/l/b"},
    };
    size_t i;
    TREE_NEEDS("symbolic links");
    for (i = 0; i < TREE_COUNT(names); i++) tree_text(names[i], "");
    tree_link("s/l/b/l", "../../../o");
    for (i = 0; i < TREE_COUNT(cases); i++)
        CHECK_STR(walk_found(cases[i].pattern, ""), cases[i].expected);
    /* An exclude of nothing but slashes is absolute, and matches nothing relative. */
    CHECK_STR(walk_found("a/x.sql", "/ //"), "s/a/x.sql");
    CHECK_STR(walk_found("a/x.sql", "."), "ARGUMENT .: the exclude pattern is empty");
    CHECK_STR(walk_found("a/x.sql", "./"), "ARGUMENT ./: the exclude pattern is empty");
    CHECK(cfti_match("a.sql", 5, "", 0)); /* what nobody may ask for: nothing to differ */
    tree_clear();
}

/* A name that can neither be found nor be said to be missing is an error that names it. */
TEST(walk, refused) {
    static const char *const make[] = {"s/d/x.sql", "",  "s/locked/x/x.sql", "", "s/y.sql",
                                       "",          NULL};
    TREE_NEEDS("modes");
    tree_make(make);
    tree_link("s/link", "locked/x");
    tree_link("s/yes", "d");
    tree_mode("s/locked", 0);
    tree_mode("s/d", 0444); /* can be listed, but nothing in it can be reached */
    tree_drop_rights();
    CHECK_STR(walk_found("d/x.sql", ""), "SYSTEM s/d/x.sql: permission denied");
    CHECK_STR(walk_found("d/*.sql", ""), "s/d/x.sql");
    CHECK_STR(walk_found("l*k/*.sql", ""), "SYSTEM s/link: permission denied");
    CHECK_STR(walk_found("*k", ""), "s/link");
    CHECK_STR(walk_found("y*/x.sql", ""), "SYSTEM s/yes/x.sql: permission denied");
    tree_regain_rights();
    tree_clear();
}

/* Of "." nothing is taken off before what it holds is matched against an exclude. */
TEST(walk, here) {
    static const char *const include[] = {"**", "*/x.sql"}, *const exclude[] = {"b"};
    confiture_directory directory = find_directory(".");
    tree_text("ab/x.sql", "");
    tree_text("b/x.sql", "");
    directory.include = include;
    directory.include_count = 2;
    directory.exclude = exclude;
    directory.exclude_count = 1;
    directory.not_recursive = true;
    CHECK_STR(find_outcome(&directory, 1, NULL, false), ". ab ab/x.sql b/x.sql");
    tree_clear();
}

/* The first directory that cannot be used, though others follow; the first failure. */
TEST(walk, several) {
    static const char *const bad[] = {"a**"};
    const char *excluded;
    confiture_directory directories[3];
    confiture_find_options options;
    TREE_NEEDS("symbolic links");
    memset(&options, 0, sizeof options);
    tree_text("s/a.sql", "");
    tree_link("loop", "loop");
    directories[0] = find_directory("s");
    directories[1] = find_directory("missing");
    directories[1].must_exist = true;
    directories[2] = find_directory("");
    CHECK_STR(find_outcome(directories, 3, NULL, true),
              "ARGUMENT an include directory has no path");
    directories[0].include = bad;
    directories[0].include_count = 1;
    CHECK_STR(find_outcome(directories, 3, NULL, true),
              "ARGUMENT a**: \"**\" must stand alone between slashes");
    directories[0].include_count = 0;
    CHECK_STR(find_outcome(directories, 2, NULL, true),
              "NOT_FOUND missing: the directory does not exist");
    /* A circle of links is there. */
    directories[1] = find_directory("loop");
    CHECK_STR(find_outcome(directories, 2, NULL, true),
              "SYSTEM loop: too many levels of symbolic links");
    options.base = "s";
    CHECK_STR(find_outcome(directories, 2, &options, true),
              "SYSTEM loop: too many levels of symbolic links");
    directories[1] = find_directory("loop/below/./it");
    CHECK_STR(find_outcome(directories, 2, &options, true),
              "SYSTEM loop/below/./it: too many levels of symbolic links");
    /* So is a link to something below a file; a link to a file is a file. */
    tree_link("odd", "s/a.sql/below");
    tree_link("file", "s/a.sql");
    directories[1] = find_directory("odd");
    CHECK_STR(find_outcome(directories, 2, &options, true), "SYSTEM odd: not a directory");
    directories[1].must_exist = true;
    CHECK_STR(find_outcome(directories, 2, &options, true), "SYSTEM odd: not a directory");
    directories[1] = find_directory("file/below");
    CHECK_STR(find_outcome(directories, 2, &options, true), "a.sql");
    directories[1] = find_directory("s/../missing/../below");
    CHECK_STR(find_outcome(directories, 2, &options, true), "a.sql");
    excluded = "loop";
    options.exclude_dirs = &excluded;
    options.exclude_dir_count = 1;
    directories[1] = find_directory("loop");
    CHECK_STR(find_outcome(directories, 2, &options, true), "a.sql");
    options.exclude_dir_count = 0;
    directories[1] = find_directory("file");
    CHECK_STR(find_outcome(directories, 2, &options, true), "SYSTEM file: not a directory");
    directories[1] = find_directory("loop");
    directories[0].path = "nothing";
    CHECK_STR(find_outcome(directories, 2, &options, true),
              "SYSTEM loop: too many levels of symbolic links");
    tree_clear();
}

/* Names that lead nowhere, several in one directory: the first in the order of paths. */
TEST(walk, dangling) {
    static const char *const include[] = {"**/y/x/*.sql"};
    static const char *const circle[] = {"c/*.sql"};
    confiture_directory directory = find_directory("s");
    size_t i;
    TREE_NEEDS("symbolic links");
    tree_text("s/y/a.sql", "");
    tree_link("s/y/y", "nowhere");
    tree_link("s/y/x", "x");
    directory.not_recursive = true;
    directory.include = include;
    directory.include_count = 1;
    for (i = 0; i < 2; i++) {
        directory.must_exist = i != 0;
        CHECK_STR(find_outcome(&directory, 1, NULL, true),
                  "SYSTEM s/y/x: too many levels of symbolic links");
    }
    tree_remove("s/y/x");
    CHECK_STR(find_outcome(&directory, 1, NULL, true), "SYSTEM s/y/y: no such file or directory");
    tree_link("s/c", "c");
    directory.include = circle;
    CHECK_STR(find_outcome(&directory, 1, NULL, true),
              "SYSTEM s/c: too many levels of symbolic links");
    tree_clear();
}

/* Some file systems do not say in a listing what an entry is: then it is asked. */
TEST(walk, unknown_kind) {
    cfti_pattern pattern;
    cfti_walk walk;
    cfti_arena arena;
    cfti_listing listing;
    confiture_directory directory = find_directory("s");
    confiture_find_options options;
    cfti_node *node;
    char name[301];
    memory m;
    TREE_NEEDS("symbolic links");
    memory_init(&m);
    memset(&options, 0, sizeof options);
    memset(&walk, 0, sizeof walk);
    memset(&arena, 0, sizeof arena);
    memset(&listing, 0, sizeof listing);
    tree_text("s/a.sql", "");
    tree_directory("s/d");
    tree_link("s/l.sql", "a.sql");
    CHECK(cfti_pattern_compile(&pattern, "**/*.sql", false) == NULL);
    walk.pattern = &pattern;
    walk.directory = &directory;
    walk.options = &options;
    arena.allocator = walk.allocator = listing.path.allocator = m.allocator;
    arena.block_size = 512;
    node = cfti_node_create(&walk.allocator, &arena, NULL, "s", 1);
    if (!CHECK(node != NULL)) return;
    node->states = 3;
    listing.walk = &walk;
    listing.node = node;
    CHECK(cfti_os_open_directory("s", &listing.directory) == 0);
    CHECK(cfti_listing_entry(&listing, "gone.sql", CFTI_KIND_UNKNOWN) == 0 && node->count == 0);
    CHECK(cfti_listing_entry(&listing, "a.sql", CFTI_KIND_UNKNOWN) == 0 && node->count == 1);
    CHECK(node->entries[0].kind == CFTI_KIND_FILE && node->entries[0].child == NULL);
    CHECK(cfti_listing_entry(&listing, "d", CFTI_KIND_UNKNOWN) == 0 && node->count == 2);
    CHECK(node->entries[1].kind == CFTI_KIND_DIRECTORY && node->entries[1].child != NULL);
    CHECK(cfti_listing_entry(&listing, "l.sql", CFTI_KIND_UNKNOWN) == 0 && node->count == 3);
    CHECK(node->entries[2].kind == CFTI_KIND_LINK && node->found_count == 2);
    memset(name, 'n', 300);
    name[300] = '\0';
    CHECK(cfti_listing_entry(&listing, name, CFTI_KIND_UNKNOWN) == ENAMETOOLONG);
    CHECK(node->fail.status == CONFITURE_E_SYSTEM && node->fail.os_error == ENAMETOOLONG);
    CHECK(strncmp(node->fail.path, "s/nnn", 5) == 0 && strlen(node->fail.path) == 302);
    cfti_os_close(listing.directory);
    CHECK(cfti_walk_push(&walk, node));
    cfti_walk_free(&walk, &arena);
    CHECK(memory_is_clean(&m));
    tree_clear();
}

/* Lists of one's own, by absolute and relative paths and bases. */
TEST(walk, bases) {
    char above[5000], beside[5000], file[5000];
    struct {
        const char *path, *base, *expected;
    } cases[10];
    confiture_find_options options;
    confiture_files *files;
    confiture_error error;
    const char *leaf = strrchr(tree.root, '/') + 1;
    size_t i, n = 0;
    strcpy(above, tree.root);
    above[leaf - 1 - tree.root] = '\0';
    sprintf(beside, "%s-beside", tree.root);
    sprintf(file, "%s/a.sql", leaf);
    cases[n].path = "a.sql", cases[n].base = above, cases[n++].expected = file;
    cases[n].path = ".", cases[n].base = above, cases[n++].expected = leaf;
    cases[n].path = "a.sql", cases[n].base = tree.root, cases[n++].expected = "a.sql";
    cases[n].path = ".", cases[n].base = tree.root, cases[n++].expected = ".";
    cases[n].path = "a.sql", cases[n].base = "a.sql", cases[n++].expected = ".";
    cases[n].path = "d/a.sql", cases[n].base = "d", cases[n++].expected = "a.sql";
    cases[n].path = "a.sql", cases[n].base = beside;
    cases[n++].expected = "OUTSIDE a.sql: the file is not below the base directory";
    cases[n].path = "a.sql", cases[n].base = "/nowhere/else";
    cases[n++].expected = "OUTSIDE a.sql: the file is not below the base directory";
    cases[n].path = "da/a.sql", cases[n].base = "d";
    cases[n++].expected = "OUTSIDE da/a.sql: the file is not below the base directory";
    for (i = 0; i < n; i++) {
        memset(&options, 0, sizeof options);
        options.base = cases[i].base;
        files = NULL;
        if (confiture_files_from_paths(&files, &cases[i].path, 1, &options, &error))
            CHECK_STR(runs_outcome(error.status, &error), cases[i].expected);
        else CHECK_STR(confiture_files_name(files, 0), cases[i].expected);
        confiture_files_free(files);
    }
}

static confiture_status walk_name_below(void *ctx, const confiture_run *run,
                                        confiture_error *error) {
    confiture_find_options options;
    confiture_files *files = NULL;
    const char *path = (const char *)ctx;
    confiture_status status;
    memset(&options, 0, sizeof options);
    options.run = *run;
    options.base = "/";
    status = confiture_files_from_paths(&files, &path, 1, &options, error);
    if (status == CONFITURE_OK)
        CHECK_QUIET(strlen(confiture_files_name(files, 0)) ==
                    strlen(tree.root) + 1 + strlen(path) - strlen(TREE_ROOT));
    confiture_files_free(files);
    return status;
}

static confiture_status walk_base_below(void *ctx, const confiture_run *run,
                                        confiture_error *error) {
    confiture_find_options options;
    confiture_files *files = NULL;
    const char *path = (const char *)ctx;
    char base[20000];
    confiture_status status;
    memset(&options, 0, sizeof options);
    options.run = *run;
    strcpy(base, path);
    *strrchr(base, '/') = '\0';
    options.base = base;
    status = confiture_files_from_paths(&files, &path, 1, &options, error);
    if (status == CONFITURE_OK) CHECK_QUIET(strcmp(confiture_files_name(files, 0), "a.sql") == 0);
    confiture_files_free(files);
    return status;
}

/* A name that is longer than the path, and than what is left of the list's first block. */
TEST(walk, long_names) {
    char path[16001];
    size_t size;
    for (size = 8100; size < 16000; size += 3900) {
        memset(path, 'a', size);
        path[size] = '\0';
        memory_exhaust_io(walk_name_below, path, 1, true, NULL, CONFITURE_IO_READ);
        strcpy(path + size - 6, "/a.sql");
        memory_exhaust_io(walk_base_below, path, 1, true, NULL, CONFITURE_IO_READ);
    }
}

typedef struct walk_case {
    const char *pattern; /* NULL: none */
    size_t count;
} walk_case;

static confiture_status walk_search(void *ctx, const confiture_run *run, confiture_error *error) {
    static const char *const exclude[] = {"*.no"};
    const walk_case *c = (const walk_case *)ctx;
    confiture_directory directory = find_directory("s");
    confiture_find_options options;
    confiture_files *files = NULL;
    confiture_status status;
    memset(&options, 0, sizeof options);
    options.run = *run;
    directory.include = &c->pattern;
    directory.include_count = c->pattern != NULL;
    directory.exclude = exclude;
    directory.exclude_count = 1;
    directory.not_recursive = c->pattern != NULL;
    status = confiture_find_all(&files, &directory, 1, &options, error);
    if (status == CONFITURE_OK) CHECK_QUIET(confiture_files_count(files) == c->count);
    confiture_files_free(files);
    return status;
}

/* More directories than there is room for at first, with names that fill their memory. */
TEST(walk, wide) {
    char path[400];
    walk_case cases[3];
    size_t i;
    TREE_NEEDS("paths of 300 bytes");
    for (i = 0; i < 70; i++) {
        memset(path, 'a', sizeof path);
        sprintf(path, "s/%02u", (unsigned)i);
        path[4] = '-';
        strcpy(path + 100 + i, "/x.sql");
        tree_text(path, "");
    }
    memset(path, 'b', sizeof path);
    memcpy(path, "s/", 2);
    strcpy(path + 256, "/x.sql"); /* the directory alone fills a buffer */
    tree_text(path, "");
    cases[0].pattern = NULL, cases[0].count = 71;
    cases[1].pattern = "**", cases[1].count = 72;
    cases[2].pattern = path + 2, cases[2].count = 1;
    for (i = 0; i < TREE_COUNT(cases); i++)
        memory_exhaust_io(walk_search, &cases[i], 1, true, NULL, CONFITURE_IO_READ);
    tree_clear();
}

static confiture_status walk_search_below(void *ctx, const confiture_run *run,
                                          confiture_error *error) {
    confiture_find_options options;
    confiture_files *files = NULL;
    confiture_status status;
    memset(&options, 0, sizeof options);
    options.run = *run;
    options.base = (const char *)ctx;
    status = confiture_find(&files, "s", &options, error);
    if (status == CONFITURE_OK) CHECK_QUIET(strcmp(confiture_files_name(files, 0), "s/a.sql") == 0);
    confiture_files_free(files);
    return status;
}

static confiture_status walk_list_below(void *ctx, const confiture_run *run,
                                        confiture_error *error) {
    static const char *const paths[] = {"s/a.sql"};
    confiture_find_options options;
    confiture_files *files = NULL;
    confiture_status status;
    memset(&options, 0, sizeof options);
    options.run = *run;
    options.base = (const char *)ctx;
    status = confiture_files_from_paths(&files, paths, 1, &options, error);
    if (status == CONFITURE_OK) CHECK_QUIET(strcmp(confiture_files_name(files, 0), "s/a.sql") == 0);
    confiture_files_free(files);
    return status;
}

/* The base is longer than anything before it: below a directory that lies deep. */
TEST(walk, deep_base) {
    char path[512], base[5000];
    size_t i;
    TREE_NEEDS("current directory of 400 bytes");
    memset(path, 'c', sizeof path);
    path[200] = '/';
    strcpy(path + 401, "/s/a.sql");
    tree_text(path, "");
    path[401] = '\0';
    if (chdir(path) != 0 || getcwd(base, sizeof base) == NULL) tree_die("chdir", path);
    for (i = 0; i < 2; i++)
        memory_exhaust_io(i == 0 ? walk_search_below : walk_list_below, base, 1, true, NULL,
                          CONFITURE_IO_READ);
    if (chdir(tree.root) != 0) tree_die("chdir", tree.root);
    tree_clear();
}

/* Messages that are put together, and a search that is told of more than there can be. */
TEST(walk, words) {
    confiture_directory directories[2];
    confiture_find_options options;
    confiture_files *files;
    cfti_search search;
    cfti_buffer words;
    cfti_fail fail;
    char name[300];
    size_t length, n;
    memory m;
    memory_init(&m);
    for (length = 100; length < 260; length++) {
        memset(name, 'n', length);
        name[length] = '\0';
        directories[0] = find_directory(name);
        directories[1] = find_directory(name);
        for (n = 1; n < 10; n++) {
            memset(&words, 0, sizeof words);
            words.allocator = m.allocator;
            memory_arm(&m, n, true);
            CHECK_QUIET(cfti_fail_no_files(&words, &fail, directories, 2) == CONFITURE_E_NO_FILES);
            CHECK_QUIET((fail.detail == NULL) == m.failed); /* then the plain words do */
            cfti_buffer_free(&words);
            if (!m.failed) break;
        }
    }
    memory_arm(&m, 0, false);
    CHECK(cfti_files_create(&files, &m.allocator, NULL) == CONFITURE_OK);
    memset(&words, 0, sizeof words);
    words.allocator = m.allocator;
    memory_arm(&m, 1, true);
    CHECK(cfti_files_adopt(files, &words, "", 0, &fail) == CONFITURE_E_ARGUMENT);
    CHECK_STR(fail.detail, "the list holds an empty path");
    memory_arm(&m, 0, false);
    CHECK(cfti_files_adopt(files, &words, "", 0, &fail) == CONFITURE_E_ARGUMENT);
    CHECK_STR(fail.detail, "the list holds an empty path: number 1");
    cfti_buffer_free(&words);
    confiture_files_free(files);
    memset(&options, 0, sizeof options);
    options.exclude_dir_count = SIZE_MAX / 2;
    CHECK(cfti_search_open(&search, &options, &m.allocator, &fail) == CONFITURE_E_MEMORY);
    cfti_search_close(&search);
    CHECK(memory_is_clean(&m));
}

static const char *walk_stem(const char *path) {
    static char stem[64];
    const char *leaf = strrchr(path, '/');
    cfti_file file;
    size_t size;
    memset(&file, 0, sizeof file);
    file.path = path;
    file.leaf = leaf == NULL ? 0 : (uint32_t)(leaf + 1 - path);
    path = cfti_stem(&file, &size);
    memcpy(stem, path, size);
    stem[size] = '\0';
    return stem;
}

/* As pathlib's stem: a dot that begins or ends a name begins no suffix. */
TEST(walk, stems) {
    CHECK_STR(walk_stem("d.e/a.b.sql"), "a.b");
    CHECK_STR(walk_stem("a.sql"), "a");
    CHECK_STR(walk_stem("d/.sql"), ".sql");
    CHECK_STR(walk_stem("d/a."), "a.");
    CHECK_STR(walk_stem("d/a..sql"), "a.");
    CHECK_STR(walk_stem("d/none"), "none");
    CHECK_STR(walk_stem("d/.a.sql"), ".a");
}

TEST(walk, paths) {
    cfti_buffer out;
    memory m;
    memory_init(&m);
    memset(&out, 0, sizeof out);
    out.allocator = m.allocator;
    CHECK(cfti_path_append(&out, "a/", 2) && cfti_path_append(&out, "/b", 2));
    CHECK(out.size == 3 && memcmp(out.data, "a/b", 3) == 0); /* absolute or not: behind it */
    cfti_buffer_free(&out);
    memory_arm(&m, 1, true);
    CHECK(!cfti_path_clean(&out, "", 0) && !cfti_path_clean(&out, "/", 1));
    cfti_buffer_free(&out);
    CHECK(memory_is_clean(&m));
}

#if !defined(_WIN32) /* there no directory is opened relative to another */
/* Few directories of a level stay open, and only those whose paths are long: CFTI_MAX_OPEN
 * and CFTI_OS_LONG_PATH. */
TEST(walk, open) {
    static cfti_node nodes[40];
    cfti_node *level[40];
    size_t i, open = 0;
    memset(nodes, 0, sizeof nodes);
    for (i = 0; i < 40; i++) {
        level[i] = &nodes[i];
        nodes[i].path_size = i % 2 == 0 ? 1000 : 999;
    }
    cfti_level_choose_open(level, 40);
    for (i = 0; i < 40; i++) {
        open += nodes[i].stays_open;
        CHECK(nodes[i].stays_open == (i % 2 == 0 && i < 32));
    }
    CHECK(open == 16);
}
#endif

/* Excluded directories whose paths are nearly those of others, and below the root. */
TEST(walk, nearly_excluded) {
    const char *word = "s/a-b/x";
    confiture_directory directory = find_directory("s");
    confiture_find_options options;
#if !defined(_WIN32)
    char pattern[5000], excluded[5000], found[5000];
    const char *include = pattern;
#endif
    memset(&options, 0, sizeof options);
    options.exclude_dirs = &word;
    options.exclude_dir_count = 1;
    tree_text("s/a/b/x/f.sql", "");
    tree_text("s/a-b/x/f.sql", "");
    CHECK_STR(find_outcome(&directory, 1, &options, false), "s/a/b/x/f.sql");
#if !defined(_WIN32)
    sprintf(pattern, "%s/s/a/*/x/f.sql", tree.root + 1);
    sprintf(excluded, "%s/s/a/b/x", tree.root);
    sprintf(found, "%s/s/a/b/x/f.sql", tree.root);
    word = excluded;
    directory = find_directory("/");
    directory.include = &include;
    directory.include_count = 1;
    directory.not_recursive = true;
    CHECK_STR(find_outcome(&directory, 1, NULL, false), found);
    CHECK_STR(find_outcome(&directory, 1, &options, false), "NO_FILES /: no SQL files found");
#endif
    tree_clear();
}
