/* verify.h: the operations that race, and what their answers may be. */
#ifndef CONFITURE_RACES_VERIFY_H
#define CONFITURE_RACES_VERIFY_H

typedef enum race_op {
    OP_BUILD = 0,
    OP_BUILD_FILE,
    OP_STREAM,
    OP_TREE,
    OP_MANIFEST,
    OP_FIND,
    OPS
} race_op;

static const char *const op_names[OPS] = {"build",      "build to file", "hash",
                                          "hash, tree", "manifest",      "find"};

/* What is known of the files while an operation runs. */
typedef struct race_view {
    unsigned first[RACE_FILES_MOST], last[RACE_FILES_MOST]; /* versions there may be */
    bool varies[RACE_FILES_MOST];                           /* it may have changed */
    bool whole;    /* all that there may be are whole versions */
    bool gone;     /* what varies may not be there */
    bool dir_gone; /* nor its directory */
    bool torn;     /* a version is written over another by one call */
    bool strict;   /* but never while a file is being read */
} race_view;

/* GOOD: an answer that was true at one moment. TORN: of versions of which one is written
 * over the other. */
typedef enum race_verdict { VERDICT_BAD = 0, VERDICT_GOOD, VERDICT_TORN } race_verdict;

static char verify_why[256]; /* what is wrong with a bad one */

static race_verdict verify_bad(const char *why, const char *name) {
    sprintf(verify_why, "%s: %.100s", why, name);
    return VERDICT_BAD;
}

static void view_begin(race_view *view) {
    size_t i;
    memset(view, 0, sizeof *view);
    for (i = 0; i < race_file_count; i++) view->first[i] = race_version(&race_files[i]);
}

static bool race_is_below(const race_file *file, const char *list) {
    size_t n = strlen(list);
    return strncmp(file->path, list, n) == 0 && file->path[n] == '/';
}

/* What these changes do to the file and, if they are of that kind, to all of its
 * directory; file NULL: to every file of the list. */
static void view_allow(race_view *view, unsigned kinds, const char *list, const race_file *file) {
    size_t i;
    unsigned kind;
    view->whole = true;
    for (kind = 0; kind < CHANGES; kind++) {
        if ((kinds >> kind & 1) == 0) continue;
        view->whole = view->whole && change_is_whole((change_kind)kind);
        view->gone = view->gone || change_is_gone((change_kind)kind);
        view->dir_gone = view->dir_gone || change_is_of_dir((change_kind)kind);
        view->torn = view->torn || (kind == CHANGE_PLACE && !view->strict);
    }
    for (i = 0; i < race_file_count; i++)
        view->varies[i] = file == NULL     ? race_is_below(&race_files[i], list)
                          : view->dir_gone ? strcmp(race_files[i].dir, file->dir) == 0
                                           : file == &race_files[i];
}

static void view_end(race_view *view) {
    size_t i;
    for (i = 0; i < race_file_count; i++) view->last[i] = race_version(&race_files[i]);
}

/* ---- answers ---- */

static const race_file *verify_file(const confiture_files *files, size_t i) {
    const char *path = confiture_files_path(files, i);
    return race_find_name(path, strlen(path));
}

static race_verdict verify_bytes(const race_view *view, const race_file *file, const char *bytes,
                                 size_t size) {
    unsigned version = size >= LINE ? version_number(bytes + 10, 8) : view->first[file->id], last;
    bool whole = view->whole || !view->varies[file->id];
    for (last = size >= LINE ? version : view->last[file->id]; version <= last; version++)
        if (version >= view->first[file->id] && version <= view->last[file->id] &&
            version_is(bytes, size, file->id, version, race_lines(file, version), whole))
            return VERDICT_GOOD;
    if (view->torn && view->varies[file->id] && version_is_torn(bytes, size, file->id))
        return VERDICT_TORN;
    return verify_bad("no version that there was", file->path);
}

static race_verdict verify_worse(race_verdict a, race_verdict b) {
    if (a == VERDICT_BAD || b == VERDICT_BAD) return VERDICT_BAD;
    return a == VERDICT_TORN || b == VERDICT_TORN ? VERDICT_TORN : VERDICT_GOOD;
}

static void verify_stream_add(confiture_sha256 *sha, const char *name, const char *bytes,
                              size_t size) {
    confiture_sha256_update(sha, name, strlen(name) + 1);
    confiture_sha256_update(sha, bytes, size);
    confiture_sha256_update(sha, "", 1);
}

/* The schema is cut at its separators; the digest must be that of the very bytes in it. */
static race_verdict verify_schema(const race_view *view, const confiture_files *files,
                                  const char *data, size_t size, const uint8_t digest[32]) {
    static const char bar[] = "==========================================";
    race_verdict verdict = VERDICT_GOOD;
    confiture_sha256 sha;
    uint8_t is[32];
    size_t i, at = 0;
    confiture_sha256_init(&sha);
    for (i = 0; i < confiture_files_count(files); i++) {
        const race_file *file = verify_file(files, i);
        const char *name = confiture_files_name(files, i), *next;
        char separator[256];
        size_t n = (size_t)sprintf(separator, "\n/* %s\n * File: %s\n * %s */\n\n", bar, name, bar);
        if (size - at < n || memcmp(data + at, separator, n) != 0)
            return verify_bad("no separator", name);
        at += n;
        next = strstr(data + at, "\n/* =");
        n = next != NULL ? (size_t)(next - (data + at)) : size - at;
        if (n == 0 || data[at + n - 1] != '\n') return verify_bad("no newline at the end", name);
        if (n % LINE != 0) n--; /* the one that the build has added: see race_cut() */
        verdict = verify_worse(verdict, verify_bytes(view, file, data + at, n));
        if (verdict == VERDICT_BAD) return verdict;
        verify_stream_add(&sha, name, data + at, n);
        at += n % LINE != 0 || n == 0 ? n + 1 : n;
    }
    confiture_sha256_final(&sha, is);
    if (at != size) return verify_bad("more bytes than files", "schema");
    if (memcmp(is, digest, 32) != 0) return verify_bad("not the digest of these bytes", "schema");
    return verdict;
}

/* Whether the SHA-256 is that of the first `size` bytes of some version. */
static bool verify_sha(const race_view *view, const race_file *file, uint64_t size,
                       const uint8_t sha256[32]) {
    unsigned version;
    bool good = false;
    for (version = view->first[file->id]; version <= view->last[file->id] && !good; version++) {
        size_t lines = race_lines(file, version);
        uint8_t is[32];
        char *text;
        if (view->whole || !view->varies[file->id] ? size != lines * LINE : size > lines * LINE)
            continue;
        text = version_text(file->id, version, lines, (size_t)size);
        confiture_sha256_once(text, (size_t)size, is);
        free(text);
        good = memcmp(is, sha256, 32) == 0;
    }
    return good;
}

static race_verdict verify_manifest(const race_view *view, const confiture_files *files,
                                    const confiture_entry *entries) {
    race_verdict verdict = VERDICT_GOOD;
    size_t i;
    for (i = 0; i < confiture_files_count(files); i++) {
        const race_file *file = verify_file(files, i);
        if (verify_sha(view, file, entries[i].size, entries[i].sha256)) continue;
        if (!view->torn || !view->varies[file->id])
            return verify_bad("not the digest of a version that there was", file->path);
        verdict = VERDICT_TORN;
    }
    return verdict;
}

/* The digest that the list has with these versions. */
static void verify_hash_of(const confiture_files *files, const unsigned *versions,
                           const size_t *sizes, bool tree, uint8_t digest[32]) {
    confiture_sha256 all, one;
    size_t i;
    confiture_sha256_init(&all);
    for (i = 0; i < confiture_files_count(files); i++) {
        const race_file *file = verify_file(files, i);
        const char *name = confiture_files_name(files, i);
        char *text = version_text(file->id, versions[i], race_lines(file, versions[i]), sizes[i]);
        if (tree) {
            uint8_t leaf[32];
            confiture_sha256_init(&one);
            verify_stream_add(&one, name, text, sizes[i]);
            confiture_sha256_final(&one, leaf);
            confiture_sha256_update(&all, leaf, 32);
        } else {
            verify_stream_add(&all, name, text, sizes[i]);
        }
        free(text);
    }
    confiture_sha256_final(&all, digest);
}

/* Of a digest over a list it can only be asked whether it is one of those that there may
 * be: with one file that varies, and its size from the total. With more that vary there are
 * too many, and nothing is asked; manifests and schemas show those. */
static race_verdict verify_hash(const race_view *view, const confiture_files *files,
                                const confiture_digest *digest, bool tree) {
    unsigned versions[RACE_FILES_MOST], version;
    size_t sizes[RACE_FILES_MOST], count = confiture_files_count(files), i, varies = count;
    uint64_t others = 0, size;
    const race_file *file;
    uint8_t is[32];
    for (i = 0; i < count; i++) {
        file = verify_file(files, i);
        versions[i] = view->first[file->id];
        sizes[i] = race_lines(file, versions[i]) * LINE;
        if (view->first[file->id] != view->last[file->id] ||
            (view->varies[file->id] && !view->whole)) {
            if (varies < count) return VERDICT_GOOD;
            varies = i;
        } else {
            others += sizes[i];
        }
    }
    if (varies == count) {
        verify_hash_of(files, versions, sizes, tree, is);
        return memcmp(is, digest->bytes, 32) == 0 ? VERDICT_GOOD
                                                  : verify_bad("not the digest", "of the list");
    }
    file = verify_file(files, varies);
    size = digest->total_bytes - others;
    sizes[varies] = (size_t)size;
    for (version = view->first[file->id]; version <= view->last[file->id]; version++) {
        size_t whole = race_lines(file, version) * LINE;
        if (digest->total_bytes < others || (view->whole ? size != whole : size > whole)) continue;
        versions[varies] = version;
        verify_hash_of(files, versions, sizes, tree, is);
        if (memcmp(is, digest->bytes, 32) == 0) return VERDICT_GOOD;
    }
    return view->torn ? VERDICT_TORN : verify_bad("not a digest that there was", file->path);
}

/* Every file that is always there is found, once and in order; of the others at most each. */
static race_verdict verify_found(const race_view *view, const char *list,
                                 const confiture_files *files) {
    size_t i, at = 0, count = confiture_files_count(files);
    for (i = 0; i < race_file_count; i++) {
        const race_file *file = &race_files[i];
        if (!race_is_below(file, list)) continue;
        if (at < count && strcmp(confiture_files_path(files, at), file->path) == 0) at++;
        else if (!view->gone || !view->varies[i]) return verify_bad("not found", file->path);
    }
    return at == count ? VERDICT_GOOD : verify_bad("found", confiture_files_path(files, at));
}

/* ---- errors ---- */

/* Changed, or not there; and it names what is: the file, or of a search the directory. */
static race_verdict verify_error(const race_view *view, race_op op, const char *list,
                                 confiture_status status, const confiture_error *error) {
    size_t i, n = strlen(error->path);
    bool named = false, all = view->gone;
    if (error->status != status || strncmp(error->message, error->path, n) != 0 ||
        error->message[n] != ':')
        return verify_bad("not an error that names its file", error->message);
    for (i = 0; i < race_file_count; i++)
        all = all && (view->varies[i] || !race_is_below(&race_files[i], list));
    if (op == OP_FIND && all && status == CONFITURE_E_NO_FILES && strcmp(error->path, list) == 0)
        return VERDICT_GOOD;
    for (i = 0; i < race_file_count; i++)
        if (view->varies[i] &&
            strcmp(op == OP_FIND ? race_files[i].dir : race_files[i].path, error->path) == 0)
            named = true;
    if (!named) return verify_bad("an error of a file that has not changed", error->message);
    if (op != OP_FIND && status == CONFITURE_E_CHANGED) return VERDICT_GOOD;
    if ((op == OP_FIND ? view->dir_gone : view->gone) && status == CONFITURE_E_SYSTEM &&
        error->os_error == ENOENT)
        return VERDICT_GOOD;
    return verify_bad("an error that nothing here gives", error->message);
}

/* ---- operations ---- */

/* One operation over a list; what its answer is worth. `kinds` is what may happen to `file`
 * meanwhile, or to all if it is NULL. */
static race_verdict race_operate(race_op op, const char *list, const confiture_files *files,
                                 const confiture_run *run, race_view *view, unsigned kinds,
                                 const race_file *file, confiture_status *status) {
    static const char out[] = "out/schema.sql";
    confiture_entry entries[RACE_FILES_MOST];
    confiture_hash_options hash;
    confiture_manifest_options manifest;
    confiture_build_options build;
    confiture_find_options find;
    confiture_schema schema;
    confiture_digest digest;
    confiture_files *found = NULL;
    confiture_error error;
    race_verdict verdict = VERDICT_GOOD;
    char *old = NULL, *data = NULL;
    size_t old_size = 0, size = 0;
    memset(&hash, 0, sizeof hash);
    memset(&manifest, 0, sizeof manifest);
    memset(&build, 0, sizeof build);
    memset(&find, 0, sizeof find);
    memset(&schema, 0, sizeof schema);
    hash.run = manifest.run = build.run = find.run = *run;
    build.check = CONFITURE_CHECK_QUOTES; /* the files are words, and no SQL */
    hash.kind = op == OP_TREE ? CONFITURE_DIGEST_TREE : CONFITURE_DIGEST_STREAM;
    if (op == OP_BUILD_FILE) old = tree_read(out, &old_size);
    view_allow(view, kinds, list, file);
    switch (op) {
    case OP_BUILD: *status = confiture_build(&schema, files, &build, &error); break;
    case OP_BUILD_FILE: *status = confiture_build_file(&schema, out, files, &build, &error); break;
    case OP_MANIFEST: *status = confiture_manifest(entries, files, &manifest, &error); break;
    case OP_FIND: *status = confiture_find(&found, list, &find, &error); break;
    default: *status = confiture_hash(&digest, files, &hash, &error);
    }
    hooks.at = 0;
    view_end(view);
    if (*status != CONFITURE_OK) verdict = verify_error(view, op, list, *status, &error);
    else if (op == OP_BUILD)
        verdict = verify_schema(view, files, schema.data, schema.size, schema.digest);
    else if (op == OP_MANIFEST) verdict = verify_manifest(view, files, entries);
    else if (op == OP_FIND) verdict = verify_found(view, list, found);
    else if (op != OP_BUILD_FILE) verdict = verify_hash(view, files, &digest, op == OP_TREE);
    if (op == OP_BUILD_FILE) {
        data = tree_read(out, &size);
        if (data == NULL) verdict = verify_bad("no output", out);
        else if (*status == CONFITURE_OK)
            verdict = verify_schema(view, files, data, size, schema.digest);
        else if (old == NULL || size != old_size || memcmp(data, old, size) != 0)
            verdict = verify_bad("an output that was changed by a failure", out);
        if (tree_temporaries("out") != 0) verdict = verify_bad("a temporary file", out);
    }
    free(data);
    free(old);
    confiture_files_free(found);
    confiture_schema_free(&schema);
    return verdict;
}

#endif
