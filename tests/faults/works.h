/* works.h: a tree, and everything that the library does to one, each as one call whose answer
 * can be compared. */
#ifndef CONFITURE_FAULTS_WORKS_H
#define CONFITURE_FAULTS_WORKS_H

/* A file that a work writes. */
typedef struct work_output {
    const char *path; /* as it is given to the library */
    const char *real; /* where it is */
    const char *old;  /* what it holds before; NULL: it is not there; "": what it will hold */
} work_output;

enum { WORK_OUTPUTS = 3 };

typedef struct work {
    const char *name;
    confiture_status (*run)(const struct work *work, const confiture_run *run,
                            confiture_error *error, confiture_sha256 *answer);
    int kind;       /* for the function */
    bool is_search; /* the files themselves are not read: there is one way of reading */
    bool may_forgo; /* memory that is only a wish, or for what is not promised */
    bool is_large;  /* takes long */
    work_output outputs[WORK_OUTPUTS];
} work;

static struct {
    memory memory; /* the lists have accounts of their own */
    confiture_files *small, *own, *large, *within;
} lists;

/* ---- the tree ---- */

static const char work_old_text[] =
    "-- what was there before, and is to be there after a failure\n";

static void work_tree(void) {
    static const char *const make[] = {"s/01_a.sql",
                                       "SELECT 1;\r\n",
                                       "s/02_empty.sql",
                                       "",
                                       "s/seeds/x.sql",
                                       "SELECT 'seed';\n",
                                       "s/skip/y.sql",
                                       "SELECT 'skipped';\n",
                                       "s/sub/deep/1.sql",
                                       "SELECT 11;",
                                       "s/sub/deep/2.sql",
                                       "SELECT 12;\r",
                                       "s/sub/deep/3.sql",
                                       "-- thirteen\n",
                                       "s/zz/1.sql",
                                       "SELECT 21;",
                                       "s/zz/2.sql",
                                       "SELECT 22;",
                                       "t/a.sql",
                                       "SELECT 'a';\n",
                                       "t/sub/b.sql",
                                       "SELECT 'b';\n",
                                       "i/a.sql",
                                       "SELECT 31;\n",
                                       "i/out.sql",
                                       work_old_text,
                                       "i/z.sql",
                                       "SELECT 32;\n",
                                       "l/1.sql",
                                       "SELECT 41;\n",
                                       "l/2.sql",
                                       "SELECT 42;\n",
                                       "l/8.sql",
                                       "SELECT 48;\n",
                                       "l/9.sql",
                                       "SELECT 49;\n",
                                       NULL};
    char name[64];
    unsigned i;
    tree_make(make);
    tree_fill("s/03_long.sql", 70000, 1);
    tree_fill("s/sub/0_page.sql", 4096, 2); /* ends where a page does */
    for (i = 1; i <= 5; i++) {
        sprintf(name, "s/sub/%u.sql", i);
        tree_fill(name, i * 700, 10 + i);
    }
    tree_link("s/04_link.sql", "sub/1.sql");
    tree_link("t/ln", "../s/sub");
    tree_fill("l/3_large.sql", ((size_t)2 << 20) + 1000, 3);
    tree_fill("l/4_large.sql", ((size_t)2 << 20) + 1, 4);
    tree_directory("o/real");
    tree_text("v/old.sql", work_old_text);
    tree_link("o/link.sql", "real/target.sql");
}

static void work_lists(void) {
    static const char *const own[] = {"s/sub/1.sql", "./s/sub/2.sql", "s/sub/3.sql", "s/01_a.sql",
                                      "s/04_link.sql"};
    confiture_find_options options;
    memset(&options, 0, sizeof options);
    memory_init(&lists.memory);
    options.run.allocator = &lists.memory.allocator;
    options.run.threads = 1;
    options.base = ".";
    if (confiture_find(&lists.small, "s", &options, NULL) ||
        confiture_find(&lists.large, "l", &options, NULL) ||
        confiture_find(&lists.within, "i", &options, NULL) ||
        confiture_files_from_paths(&lists.own, own, TREE_COUNT(own), &options, NULL))
        tree_die("find", tree.root);
}

/* What the verifications find to be what a build writes. */
static void work_built(void) {
    confiture_build_options options;
    confiture_schema schema;
    confiture_error error;
    memset(&options, 0, sizeof options);
    memset(&schema, 0, sizeof schema);
    options.check = CONFITURE_CHECK_QUOTES;
    if (confiture_build_file(&schema, "v/same.sql", lists.small, &options, &error) ||
        confiture_build_file(&schema, "v/large.sql", lists.large, &options, &error))
        tree_die("build", error.message);
}

static void work_lists_free(void) {
    confiture_files_free(lists.small);
    confiture_files_free(lists.large);
    confiture_files_free(lists.within);
    confiture_files_free(lists.own);
}

static char *work_same; /* what "build, unchanged" builds */

static const char *work_old(const work_output *o) {
    return o->old != NULL && *o->old == '\0' ? work_same : o->old;
}

/* Makes the outputs what they are to be before the work. */
static void work_reset(const work *w) {
    size_t i;
    for (i = 0; i < WORK_OUTPUTS && w->outputs[i].path != NULL; i++) {
        const work_output *o = &w->outputs[i];
        const char *old = work_old(o);
        tree_guard(o->real);
        if (old == NULL) {
            (void)remove(o->real);
        } else if (!tree_holds(o->real, old, strlen(old))) {
            tree_text(o->real, old);
            tree_mode(o->real, 0640);
        }
    }
}

/* Temporary files that could not be removed since removing was what failed. */
static void work_sweep(void) {
    static const char *const where[] = {"o", "o/real", "i"};
    size_t i;
    for (i = 0; i < TREE_COUNT(where); i++) {
        DIR *dir = opendir(where[i]);
        struct dirent *entry;
        char path[FAULT_PATH];
        while (dir != NULL && (entry = readdir(dir)) != NULL) {
            if (strncmp(entry->d_name, ".confiture-", 11) != 0) continue;
            (void)snprintf(path, sizeof path, "%s/%s", where[i], entry->d_name);
            tree_remove(path);
        }
        if (dir != NULL) (void)closedir(dir);
    }
}

/* ---- answers ---- */

static void answer_add(confiture_sha256 *answer, const void *data, size_t size) {
    uint64_t n = size;
    confiture_sha256_update(answer, &n, sizeof n);
    confiture_sha256_update(answer, data, size);
}

static void answer_add_files(confiture_sha256 *answer, const confiture_files *files) {
    size_t i;
    for (i = 0; i < confiture_files_count(files); i++) {
        const char *path = confiture_files_path(files, i), *name = confiture_files_name(files, i);
        answer_add(answer, path, strlen(path));
        answer_add(answer, name, strlen(name));
    }
}

static void answer_add_schema(confiture_sha256 *answer, const confiture_schema *schema) {
    answer_add(answer, &schema->total_bytes, sizeof schema->total_bytes);
    answer_add(answer, &schema->file_count, sizeof schema->file_count);
    answer_add(answer, schema->digest_hex, sizeof schema->digest_hex);
    answer_add(answer, schema->data, schema->size);
}

/* ---- works ---- */

enum { FIND_ONE, FIND_MANY, FIND_OWN, FIND_EXPLAINED };

static void answer_add_reason(void *user, const confiture_explanation *why) {
    confiture_sha256 *answer = (confiture_sha256 *)user;
    const char *by = why->excluded_by == NULL ? "" : why->excluded_by;
    answer_add(answer, why->path, strlen(why->path) + 1);
    answer_add(answer, by, strlen(by) + 1);
}

static confiture_status work_find(const work *w, const confiture_run *run, confiture_error *error,
                                  confiture_sha256 *answer) {
    static const char *const exclude[] = {"y.sql", "nothing/of/it"};
    static const char *const include[] = {"**/*.sql", "ln/*.sql", "sub/../a.sql", "*/x*.sql",
                                          "none.sql"};
    static const char *const exclude_dirs[] = {"./s/skip", "elsewhere"};
    static const char *const own[] = {"s/01_a.sql", "s/../s/sub/1.sql"};
    confiture_directory d[3];
    confiture_find_options options;
    confiture_files *files = NULL;
    confiture_status status;
    memset(d, 0, sizeof d);
    memset(&options, 0, sizeof options);
    options.run = *run;
    if (w->kind == FIND_ONE) {
        status = confiture_find(&files, "s", &options, error);
    } else if (w->kind == FIND_OWN) {
        options.base = tree.root;
        status = confiture_files_from_paths(&files, own, 2, &options, error);
    } else {
        d[0].path = "./s", d[1].path = "t", d[2].path = "missing";
        d[0].exclude = exclude, d[0].exclude_count = TREE_COUNT(exclude);
        d[1].include = include, d[1].include_count = TREE_COUNT(include);
        d[1].must_exist = true, d[1].not_recursive = true;
        options.exclude_dirs = exclude_dirs, options.exclude_dir_count = TREE_COUNT(exclude_dirs);
        options.sort = CONFITURE_SORT_HEX;
        options.unique = true;
        options.explain = w->kind == FIND_EXPLAINED ? answer_add_reason : NULL;
        options.explain_user = answer;
        status = confiture_find_all(&files, d, 3, &options, error);
    }
    CHECK_QUIET((status == CONFITURE_OK) == (files != NULL));
    if (files != NULL) answer_add_files(answer, files);
    confiture_files_free(files);
    return status;
}

enum { HASH_STREAM, HASH_TREE, HASH_TEXT, HASH_OWN, HASH_LARGE, HASH_LARGE_TEXT };

static confiture_status work_hash(const work *w, const confiture_run *run, confiture_error *error,
                                  confiture_sha256 *answer) {
    confiture_hash_options options;
    confiture_digest digest;
    confiture_status status;
    memset(&options, 0, sizeof options);
    options.run = *run;
    options.kind = w->kind == HASH_TREE                                 ? CONFITURE_DIGEST_TREE
                   : w->kind == HASH_TEXT || w->kind == HASH_LARGE_TEXT ? CONFITURE_DIGEST_TEXT
                                                                        : CONFITURE_DIGEST_STREAM;
    status = confiture_hash(&digest,
                            w->kind == HASH_OWN ? lists.own
                            : w->is_large       ? lists.large
                                                : lists.small,
                            &options, error);
    if (status == CONFITURE_OK) answer_add(answer, &digest, sizeof digest);
    return status;
}

static confiture_status work_manifest(const work *w, const confiture_run *run,
                                      confiture_error *error, confiture_sha256 *answer) {
    const confiture_files *files = w->is_large ? lists.large : lists.small;
    confiture_manifest_options options;
    confiture_entry entries[64];
    confiture_status status;
    memset(&options, 0, sizeof options);
    options.run = *run;
    memset(entries, 0, sizeof entries);
    status = confiture_manifest(entries, files, &options, error);
    if (status == CONFITURE_OK)
        answer_add(answer, entries, confiture_files_count(files) * sizeof entries[0]);
    return status;
}

/* Sums of the list, beside a text that has one file with LF, one of other bytes, one renamed. */
static confiture_status work_diff(const work *w, const confiture_run *run, confiture_error *error,
                                  confiture_sha256 *answer) {
    static const char *const names[] = {"s/01_a.sql", "l/3_large.sql", "s/gone.sql"};
    static const char *const texts[] = {"SELECT 1;\n", "", "SELECT 'seed';\n"};
    const confiture_files *files = w->is_large ? lists.large : lists.small;
    confiture_sums *olds = NULL, *news = NULL;
    confiture_sums_options options;
    confiture_diff_options diff;
    confiture_changes changes;
    confiture_status status;
    char text[400], *p = text;
    uint8_t sha256[32];
    size_t i;
    for (i = 0; i < TREE_COUNT(names); i++) {
        confiture_sha256_once(texts[i], strlen(texts[i]), sha256);
        confiture_sha256_hex(sha256, p);
        p += 64;
        p += sprintf(p, "  %s\n", names[i]);
    }
    memset(&options, 0, sizeof options);
    memset(&diff, 0, sizeof diff);
    memset(&changes, 0, sizeof changes);
    options.run = diff.run = *run;
    status = confiture_sums_read(&olds, text, (size_t)(p - text), &options, error);
    if (status == CONFITURE_OK) status = confiture_sums_of(&news, files, &options, error);
    if (status == CONFITURE_OK) status = confiture_diff(&changes, olds, news, &diff, error);
    for (i = 0; i < changes.count; i++) {
        const confiture_change *c = &changes.items[i];
        answer_add(answer, &c->kind, sizeof c->kind);
        answer_add(answer, &c->only, sizeof c->only);
        answer_add(answer, &c->old_index, sizeof c->old_index);
        answer_add(answer, &c->new_index, sizeof c->new_index);
    }
    confiture_changes_free(&changes);
    confiture_sums_free(olds);
    confiture_sums_free(news);
    return status;
}

static confiture_status work_check(const work *w, const confiture_run *run, confiture_error *error,
                                   confiture_sha256 *answer) {
    confiture_check_options options;
    confiture_status status;
    memset(&options, 0, sizeof options);
    options.run = *run;
    options.mode = CONFITURE_CHECK_QUOTES; /* the files are words, and no SQL */
    status = confiture_check(w->is_large ? lists.large : lists.small, &options, error);
    answer_add(answer, "checked", 7);
    return status;
}

static int work_sink(void *user, const void *data, size_t size) {
    confiture_sha256_update((confiture_sha256 *)user, data, size);
    return 0;
}

enum {
    BUILD_MEMORY = 0,
    BUILD_SPLIT,
    BUILD_SINK,
    BUILD_FILE,
    BUILD_FILES,
    BUILD_TO = 7, /* which of them */
    BUILD_HEADER = 8,
    BUILD_SYNC = 16,
    BUILD_KEEP = 32,
    BUILD_SCHEMA_ONLY = 64,
    BUILD_WITHIN = 128,
    BUILD_MAP = 256 /* to the second output */
};

static confiture_status work_build(const work *w, const confiture_run *run, confiture_error *error,
                                   confiture_sha256 *answer) {
    static const char *const pre[] = {"s/zz"}, *const post[] = {"t/ln/deep", "s/nothing"};
    const confiture_files *files = w->is_large                     ? lists.large
                                   : (w->kind & BUILD_WITHIN) != 0 ? lists.within
                                                                   : lists.small;
    const char *paths[WORK_OUTPUTS];
    confiture_build_options options;
    confiture_header header;
    confiture_schema schemas[WORK_OUTPUTS];
    confiture_map map;
    confiture_sink sink;
    confiture_status status;
    size_t i, count = 1;
    memset(&options, 0, sizeof options);
    memset(&header, 0, sizeof header);
    memset(schemas, 0, sizeof schemas);
    memset(&map, 0, sizeof map);
    memset(&sink, 0, sizeof sink);
    header.timestamp = "2026-01-01T00:00:00";
    options.run = *run;
    options.check = CONFITURE_CHECK_QUOTES;
    options.header = (w->kind & BUILD_HEADER) != 0 ? &header : NULL;
    options.sync = (w->kind & BUILD_SYNC) != 0;
    options.keep_unchanged = (w->kind & BUILD_KEEP) != 0;
    options.schema_only = (w->kind & BUILD_SCHEMA_ONLY) != 0;
    options.no_digest = options.schema_only && options.header == NULL;
    options.pre_dirs = pre, options.pre_dir_count = TREE_COUNT(pre);
    options.post_dirs = post, options.post_dir_count = TREE_COUNT(post);
    for (i = 0; i < WORK_OUTPUTS; i++) paths[i] = w->outputs[i].path;
    if ((w->kind & BUILD_MAP) != 0) options.map = &map, options.map_paths = &paths[1];
    switch (w->kind & BUILD_TO) {
    case BUILD_MEMORY: status = confiture_build(schemas, files, &options, error); break;
    case BUILD_SINK:
        sink.write = work_sink;
        sink.user = answer;
        status = confiture_build_sink(schemas, &sink, files, &options, error);
        break;
    case BUILD_FILE:
        status = confiture_build_file(schemas, paths[0], files, &options, error);
        break;
    case BUILD_SPLIT:
        count = 3;
        status = confiture_build_split(schemas, files, &options, error);
        break;
    default:
        count = 3;
        status = confiture_build_split_files(schemas, paths, files, &options, error);
    }
    /* What cannot be compared is different, and written again: the same bytes. */
    if (status == CONFITURE_OK && fault.armed && fault.hits == 0)
        CHECK_QUIET(schemas[0].unchanged == (work_old(&w->outputs[0]) == work_same));
    CHECK_QUIET(status == CONFITURE_OK || map.entries == NULL);
    answer_add(answer, map.sha256, sizeof map.sha256);
    confiture_map_free(&map);
    for (i = 0; i < count; i++) {
        if (status == CONFITURE_OK) answer_add_schema(answer, &schemas[i]);
        else CHECK_QUIET(schemas[i].size == 0 && (schemas[i].data == NULL || !*schemas[i].data));
        confiture_schema_free(&schemas[i]);
    }
    return status;
}

enum { VERIFY_SAME, VERIFY_OLD, VERIFY_SPLIT, VERIFY_LARGE };

static confiture_status work_verify(const work *w, const confiture_run *run, confiture_error *error,
                                    confiture_sha256 *answer) {
    static const char *const paths[3] = {"v/none.sql", "v/old.sql", "v/same.sql"};
    static confiture_verification found[3];
    const confiture_files *files = w->is_large ? lists.large : lists.small;
    confiture_build_options options;
    confiture_header header;
    confiture_status status;
    size_t i;
    memset(&options, 0, sizeof options);
    memset(&header, 0, sizeof header);
    options.run = *run;
    options.check = CONFITURE_CHECK_QUOTES;
    if (w->kind == VERIFY_SPLIT) {
        options.header = &header;
        status = confiture_verify_split_files(found, paths, files, &options, error);
    } else {
        status = confiture_verify_file(found,
                                       w->is_large              ? "v/large.sql"
                                       : w->kind == VERIFY_SAME ? "v/same.sql"
                                                                : "v/old.sql",
                                       files, &options, error);
    }
    for (i = 0; i < (w->kind == VERIFY_SPLIT ? 3u : 1u); i++) {
        CHECK_QUIET(status == CONFITURE_OK || (!found[i].matches && found[i].message[0] == '\0'));
        CHECK_QUIET(status != CONFITURE_OK ||
                    found[i].matches == (w->kind == VERIFY_SAME || w->kind == VERIFY_LARGE));
        if (status == CONFITURE_OK) answer_add(answer, found[i].message, strlen(found[i].message));
    }
    return status;
}

static confiture_status work_pool(const work *w, const confiture_run *run, confiture_error *error,
                                  confiture_sha256 *answer) {
    confiture_pool *pool = NULL;
    confiture_status status = confiture_pool_create(&pool, run->threads, run->allocator, error);
    (void)w;
    CHECK_QUIET((status == CONFITURE_OK) == (pool != NULL));
    confiture_pool_free(pool);
    answer_add(answer, "pool", 4);
    return status;
}

static const work works[] = {
    {"find", work_find, FIND_ONE, true, false, false, {{NULL}}},
    {"find, many", work_find, FIND_MANY, true, false, false, {{NULL}}},
    {"find, explained", work_find, FIND_EXPLAINED, true, false, false, {{NULL}}},
    {"list", work_find, FIND_OWN, true, false, false, {{NULL}}},
    {"pool", work_pool, 0, true, false, false, {{NULL}}},
    {"hash", work_hash, HASH_STREAM, false, false, false, {{NULL}}},
    {"hash, tree", work_hash, HASH_TREE, false, false, false, {{NULL}}},
    {"hash, text", work_hash, HASH_TEXT, false, false, false, {{NULL}}},
    {"hash, own", work_hash, HASH_OWN, false, false, false, {{NULL}}},
    {"manifest", work_manifest, 0, false, false, false, {{NULL}}},
    {"diff", work_diff, 0, false, false, false, {{NULL}}},
    {"check", work_check, 0, false, false, false, {{NULL}}},
    {"build", work_build, BUILD_MEMORY | BUILD_HEADER, false, true, false, {{NULL}}},
    {"build, split", work_build, BUILD_SPLIT | BUILD_SCHEMA_ONLY, false, true, false, {{NULL}}},
    {"build, sink", work_build, BUILD_SINK, false, true, false, {{NULL}}},
    {"build, new file",
     work_build,
     BUILD_FILE,
     false,
     false,
     false,
     {{"o/new.sql", "o/new.sql", NULL}}},
    {"build, old file, sync",
     work_build,
     BUILD_FILE | BUILD_HEADER | BUILD_SYNC,
     false,
     true,
     false,
     {{"o/old.sql", "o/old.sql", work_old_text}}},
    {"build, link",
     work_build,
     BUILD_FILE | BUILD_KEEP,
     false,
     false,
     false,
     {{"o/link.sql", "o/real/target.sql", work_old_text}}},
    {"build, in the tree",
     work_build,
     BUILD_FILE | BUILD_WITHIN,
     false,
     false,
     false,
     {{"i/out.sql", "i/out.sql", work_old_text}}},
    {"build, unchanged",
     work_build,
     BUILD_FILE | BUILD_KEEP | BUILD_SCHEMA_ONLY,
     false,
     false,
     false,
     {{"o/same.sql", "o/same.sql", ""}}}, /* "": what it will hold */
    {"build, map",
     work_build,
     BUILD_FILE | BUILD_HEADER | BUILD_MAP,
     false,
     false,
     false,
     {{"o/mapped.sql", "o/mapped.sql", work_old_text}, {"o/mapped.map", "o/mapped.map", NULL}}},
    {"build, three files",
     work_build,
     BUILD_FILES | BUILD_HEADER,
     false,
     true,
     false,
     {{"o/1.sql", "o/1.sql", work_old_text},
      {"o/2.sql", "o/2.sql", NULL},
      {"o/3.sql", "o/3.sql", work_old_text}}},
    {"verify", work_verify, VERIFY_SAME, false, false, false, {{NULL}}},
    {"verify, differs", work_verify, VERIFY_OLD, false, false, false, {{NULL}}},
    {"verify, three files", work_verify, VERIFY_SPLIT, false, false, false, {{NULL}}},
    {"verify, large", work_verify, VERIFY_LARGE, false, false, true, {{NULL}}},
    {"hash, large", work_hash, HASH_LARGE, false, false, true, {{NULL}}},
    {"hash, large text", work_hash, HASH_LARGE_TEXT, false, false, true, {{NULL}}},
    {"manifest, large", work_manifest, 0, false, false, true, {{NULL}}},
    {"diff, large", work_diff, 0, false, false, true, {{NULL}}},
    {"build, large", work_build, BUILD_MEMORY, false, true, true, {{NULL}}},
    {"build, large file",
     work_build,
     BUILD_FILE,
     false,
     false,
     true,
     {{"o/large.sql", "o/large.sql", work_old_text}}}};

enum { WORKS = sizeof works / sizeof works[0] };

#endif
