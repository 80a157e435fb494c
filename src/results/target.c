/* ---- results/target.c: a file that is built: open, complete, commit, close ---- */

#define CFTI_TARGET_STEP ((size_t)8 << 10) /* bytes compared or copied at once */
#define CFTI_TARGET_NO_OFFSET (UINT64_MAX / 2)
#define CFTI_TARGET_NAME 32 /* ".confiture-", 16 digits, ".tmp" */

/* A file that is being replaced. The new bytes are in `file`, which gets a temporary name beside
 * the old file when it is complete, and then the old file's name. What cannot be replaced is
 * direct. */
typedef struct cfti_target {
    const char *path;      /* as given */
    cfti_buffer real;      /* path of the file, symbolic links resolved */
    cfti_buffer directory; /* path of its directory */
    cfti_buffer temporary; /* path of the new file, or empty */
    cfti_buffer backup;    /* second path of the old file, or empty */
    cfti_os_file file;
    cfti_os_file directory_file; /* to be synced */
    cfti_os_file old_file;       /* to compare the new bytes with */
    bool is_open, directory_is_open, is_comparing;
    bool exists;
    bool direct;               /* a device, a FIFO, an open file: it is written to in place */
    int descriptor;            /* the one of this process to which the path leads, or -1 */
    bool unchanged;            /* the old file holds the new bytes */
    bool replaced;             /* the new file has the old file's name */
    uint64_t size;             /* bytes written, or found to be the same */
    const uint64_t *digest_at; /* the 64 bytes of the digest are compared last */
    confiture_sha256 compared;
    cfti_os_status old, made;
} cfti_target;

/* ---- temporary names ---- */

/* A random name in the target's directory. It holds nothing of the target's name, which may have
 * the greatest possible length. It is hidden and does not end in .sql, so that a search for SQL
 * files ignores what a killed process leaves. */
static int cfti_target_choose(const cfti_target *target, cfti_buffer *name, unsigned attempt) {
    static const char hex[] = "0123456789abcdef";
    char leaf[CFTI_TARGET_NAME];
    const char *real = (const char *)target->real.data;
    uint64_t random = cfti_os_random() + (uint64_t)attempt * 0x9E3779B97F4A7C15u;
    size_t i;
    memcpy(leaf, ".confiture-", 11);
    for (i = 0; i < 16; i++) leaf[11 + i] = hex[random >> 4 * i & 15];
    memcpy(leaf + 27, ".tmp", 5);
    name->size = 0;
    return cfti_buffer_append(name, real, (size_t)(cfti_path_leaf(real) - real)) &&
                   cfti_buffer_append(name, leaf, sizeof(leaf))
               ? 0
               : CFTI_OS_NO_MEMORY;
}

typedef enum cfti_naming { CFTI_CREATE, CFTI_NAME, CFTI_BACK_UP } cfti_naming;

/* Creates a new file, names the open one, or gives the old one a second name. */
static int cfti_target_name(cfti_target *target, cfti_naming naming) {
    cfti_buffer *name = naming == CFTI_BACK_UP ? &target->backup : &target->temporary;
    const char *text;
    unsigned attempt;
    int error = CFTI_OS_EXISTS;
    for (attempt = 0; error == CFTI_OS_EXISTS && attempt < 100; attempt++) {
        error = cfti_target_choose(target, name, attempt);
        if (error != 0) break;
        text = (const char *)name->data;
        /* The old file may be secret: only the complete new file gets its rights. */
        if (naming == CFTI_CREATE) error = cfti_os_create(text, target->exists, &target->file);
        else if (naming == CFTI_NAME) error = cfti_os_name(target->file, text);
        else error = cfti_os_link((const char *)target->real.data, text);
    }
    if (error != 0) name->size = 0;
    return error;
}

static int cfti_target_create(cfti_target *target) {
    int error =
        cfti_os_create_unnamed((const char *)target->directory.data, target->exists, &target->file);
    if (error != 0) error = cfti_target_name(target, CFTI_CREATE);
    target->is_open = error == 0;
    return error;
}

/* ---- open ---- */

/* Finds the file to be replaced, or that the target is direct. */
static int cfti_target_locate(cfti_target *target) {
    cfti_os_status found;
    int error = cfti_os_find_open_file(target->path, &target->direct, &target->descriptor);
    if (target->exists && target->old.kind != CFTI_KIND_FILE) target->direct = true;
    if (error != 0 || target->direct) return error;
    error = cfti_os_status_at(CFTI_OS_CWD, target->path, false, &found);
    if (error != 0 && !cfti_os_is_absent(error)) return error;
    if (error != 0 || found.kind != CFTI_KIND_LINK)
        return cfti_buffer_append(&target->real, target->path, strlen(target->path) + 1)
                   ? 0
                   : CFTI_OS_NO_MEMORY;
    error = cfti_path_resolve(&target->real, target->path);
    if (error == 0 && target->exists) {
        const char *real = (const char *)target->real.data;
        error = cfti_os_status_at(CFTI_OS_CWD, real, true, &found);
        if (error == 0)
            target->direct = found.device != target->old.device || found.inode != target->old.inode;
        else if (cfti_is_answer(error)) target->direct = true, error = 0;
    }
    return error;
}

static int cfti_target_find_directory(cfti_target *target) {
    const char *real = (const char *)target->real.data;
    size_t size = (size_t)(cfti_path_leaf(real) - real);
    if (!cfti_buffer_append(&target->directory, size == 0 ? "." : real, size == 0 ? 1 : size) ||
        !cfti_buffer_append(&target->directory, "", 1))
        return CFTI_OS_NO_MEMORY;
    return 0;
}

/* Compares from now on, if the old file can be read and still is the file that was found. */
static void cfti_target_open_old(cfti_target *target) {
    cfti_os_status status;
    if (cfti_os_open(CFTI_OS_CWD, (const char *)target->real.data, &target->old_file) != 0) return;
    target->is_comparing = cfti_os_status_of(target->old_file, &status) == 0 &&
                           status.kind == CFTI_KIND_FILE && status.device == target->old.device &&
                           status.inode == target->old.inode;
    if (!target->is_comparing) cfti_os_close(target->old_file);
    confiture_sha256_init(&target->compared);
}

/* Prepares to write. With keep_unchanged the new file is created when the first byte differs. */
static int cfti_target_prepare(cfti_target *target, bool keep_unchanged, bool sync) {
    int error = cfti_target_find_directory(target);
    if (error == 0 && sync) {
        error =
            cfti_os_open_directory((const char *)target->directory.data, &target->directory_file);
        target->directory_is_open = error == 0;
    }
    if (error == 0 && keep_unchanged && target->exists) cfti_target_open_old(target);
    if (error == 0 && !target->is_comparing) error = cfti_target_create(target);
    return error;
}

/* Says why a target cannot be opened: its directory may be missing. */
static confiture_status cfti_target_refuse(const cfti_target *target, int error, cfti_fail *fail) {
    cfti_os_status status;
    cfti_fail_system(fail, error, target->path);
    if (cfti_os_is_absent(error) && target->directory.size > 0) {
        error = cfti_os_status_at(CFTI_OS_CWD, (const char *)target->directory.data, true, &status);
        if (error != 0 && cfti_os_is_absent(error)) fail->detail = "its directory is missing";
    }
    return fail->status;
}

/* Finds what has the path now, and opens nothing. */
static confiture_status cfti_target_find(cfti_target *target, const char *path,
                                         const confiture_allocator *allocator, cfti_fail *fail) {
    int error;
    memset(target, 0, sizeof(*target));
    target->path = path;
    target->real.allocator = target->directory.allocator = *allocator;
    target->temporary.allocator = target->backup.allocator = *allocator;
    if (path[0] == '\0')
        return cfti_fail_with(fail, CONFITURE_E_ARGUMENT, "the output has no path");
    error = cfti_os_status_at(CFTI_OS_CWD, path, true, &target->old);
    target->exists = error == 0;
    if (error != 0 && !cfti_os_is_absent(error)) return cfti_fail_system(fail, error, target->path);
    if (target->exists && target->old.kind == CFTI_KIND_DIRECTORY)
        return cfti_fail_system(fail, CFTI_OS_IS_DIRECTORY, target->path);
    error = cfti_target_locate(target);
    return error != 0 ? cfti_target_refuse(target, error, fail) : CONFITURE_OK;
}

static confiture_status cfti_target_open(cfti_target *target, const char *path,
                                         const confiture_build_options *options,
                                         const confiture_allocator *allocator, cfti_fail *fail) {
    confiture_status status = cfti_target_find(target, path, allocator, fail);
    int error = 0;
    if (status != CONFITURE_OK) return status;
    if (!target->direct) {
        error = cfti_target_prepare(target, options->keep_unchanged, options->sync);
    } else {
        error = cfti_os_open_for_writing(path, target->descriptor, &target->file);
        target->is_open = error == 0;
    }
    return error != 0 ? cfti_target_refuse(target, error, fail) : CONFITURE_OK;
}

/* ---- identity ---- */

static bool cfti_same_file(const cfti_os_status *a, const cfti_os_status *b) {
    return a->device == b->device && a->inode == b->inode;
}

/* Whether two targets are the same file, which need not exist yet. */
static bool cfti_target_is(const cfti_target *a, const cfti_target *b) {
    cfti_os_status x, y;
    if ((a->direct && b->direct) || a->exists != b->exists) return false;
    if (a->exists) return cfti_same_file(&a->old, &b->old);
    return strcmp(cfti_path_leaf((const char *)a->real.data),
                  cfti_path_leaf((const char *)b->real.data)) == 0 &&
           cfti_os_status_at(CFTI_OS_CWD, (const char *)a->directory.data, true, &x) == 0 &&
           cfti_os_status_at(CFTI_OS_CWD, (const char *)b->directory.data, true, &y) == 0 &&
           cfti_same_file(&x, &y);
}

/* The first target that is the same file as one before it, and would replace it; or NULL. */
static const cfti_target *cfti_targets_collide(const cfti_target *targets, size_t count) {
    size_t i, k;
    for (i = 0; i < count; i++)
        for (k = 0; k < i; k++)
            if (cfti_target_is(&targets[i], &targets[k])) return &targets[i];
    return NULL;
}

static confiture_status cfti_fail_collision(cfti_fail *fail, const cfti_target *target) {
    cfti_fail_with(fail, CONFITURE_E_ARGUMENT, "two outputs are the same file");
    fail->path = target->path;
    return fail->status;
}

/* Whether a path without a file leads to where the target will be. Returns a system error. */
static int cfti_target_awaits(const cfti_target *target, const char *path, bool *awaits) {
    cfti_buffer x, y;
    int error;
    memset(&x, 0, sizeof(x));
    x.allocator = target->real.allocator;
    y = x;
    error = cfti_path_resolve(&x, path);
    if (error == 0) error = cfti_path_resolve(&y, (const char *)target->real.data);
    *awaits = error == 0 && strcmp((const char *)x.data, (const char *)y.data) == 0;
    cfti_buffer_free(&x);
    cfti_buffer_free(&y);
    return error;
}

/* ---- bytes ---- */

/* Reads `size` bytes, or fewer at the end of the file. */
static int cfti_target_read(cfti_os_file file, uint8_t *data, size_t size, uint64_t offset,
                            size_t *got) {
    *got = 0;
    while (*got < size) {
        size_t n;
        int error = cfti_os_read_at(file, data + *got, size - *got, offset + *got, &n);
        if (error != 0) return error;
        if (n == 0) break;
        *got += n;
    }
    return 0;
}

/* Copies the first `size` bytes of a file, and hashes them. */
static int cfti_target_copy(cfti_os_file from, cfti_os_file to, uint64_t size,
                            confiture_sha256 *sha) {
    uint8_t bytes[CFTI_TARGET_STEP];
    uint64_t at;
    size_t step, got;
    for (at = 0; at < size; at += step) {
        int error;
        step = size - at < sizeof(bytes) ? (size_t)(size - at) : sizeof(bytes);
        error = cfti_target_read(from, bytes, step, at, &got);
        if (error == 0 && got < step) error = CFTI_OUTPUT_CHANGED;
        if (error == 0) error = cfti_os_write(to, bytes, step);
        if (error != 0) return error;
        confiture_sha256_update(sha, bytes, step);
    }
    return 0;
}

/* Whether the old file continues with these bytes, except where the digest will be. */
static bool cfti_target_matches(cfti_target *target, const uint8_t *data, size_t size) {
    uint8_t bytes[CFTI_TARGET_STEP];
    confiture_sha256 sha = target->compared;
    uint64_t at = target->size, gap = *target->digest_at;
    size_t step, got;
    for (; size > 0; data += step, size -= step, at += step) {
        step = cfti_min(size, sizeof(bytes));
        if (at < gap && gap - at < step) step = (size_t)(gap - at);
        else if (at >= gap && at - gap < 64) step = cfti_min(step, (size_t)(gap + 64 - at));
        if (cfti_target_read(target->old_file, bytes, step, at, &got) != 0 || got < step)
            return false;
        if ((at < gap || at - gap >= 64) && memcmp(bytes, data, step) != 0) return false;
        confiture_sha256_update(&sha, bytes, step);
    }
    target->compared = sha;
    target->size = at;
    return true;
}

/* The first byte differs: creates the new file, and copies the equal bytes from the old file, if
 * they are still what was compared. */
static int cfti_target_differ(cfti_target *target) {
    confiture_sha256 sha;
    uint8_t before[32], after[32];
    int error = cfti_target_create(target);
    confiture_sha256_init(&sha);
    if (error == 0) error = cfti_target_copy(target->old_file, target->file, target->size, &sha);
    confiture_sha256_final(&target->compared, before);
    confiture_sha256_final(&sha, after);
    if (error == 0 && memcmp(before, after, sizeof(before)) != 0) error = CFTI_OUTPUT_CHANGED;
    cfti_os_close(target->old_file);
    target->is_comparing = false;
    return error;
}

static int cfti_target_write(void *user, const void *data, size_t size) {
    cfti_target *target = (cfti_target *)user;
    int error = 0;
    if (target->direct) return cfti_os_write_stream(target->file, data, size);
    if (target->is_comparing) {
        if (cfti_target_matches(target, (const uint8_t *)data, size)) return 0;
        error = cfti_target_differ(target);
    }
    if (error == 0) error = cfti_os_write(target->file, data, size);
    target->size += size;
    return error;
}

/* Writes the digest over the zeros that hold its place. */
static int cfti_target_put_digest(cfti_target *target, const char hex[64]) {
    uint8_t bytes[64];
    size_t got;
    int error = 0;
    if (target->is_comparing) {
        if (cfti_target_read(target->old_file, bytes, 64, *target->digest_at, &got) == 0 &&
            got == 64 && memcmp(bytes, hex, 64) == 0)
            return 0;
        error = cfti_target_differ(target);
    }
    return error != 0 ? error : cfti_os_write_at(target->file, hex, 64, *target->digest_at);
}

/* Hashes the bytes of the file, whose digest is in place. */
static int cfti_target_hash(const cfti_target *target, confiture_sha256 *sha) {
    cfti_os_file file = target->is_comparing ? target->old_file : target->file;
    uint8_t bytes[CFTI_TARGET_STEP];
    uint64_t at;
    size_t step, got;
    for (at = 0; at < target->size; at += step) {
        int error;
        step = target->size - at < sizeof(bytes) ? (size_t)(target->size - at) : sizeof(bytes);
        error = cfti_target_read(file, bytes, step, at, &got);
        if (error != 0) return error;
        if (got < step) return CFTI_OUTPUT_CHANGED;
        confiture_sha256_update(sha, bytes, step);
    }
    return 0;
}

/* ---- complete ---- */

/* Takes the status of the old file again: another file may have taken its place, or none. */
static int cfti_target_recheck(cfti_target *target) {
    cfti_os_status now;
    int error = cfti_os_status_at(CFTI_OS_CWD, (const char *)target->real.data, true, &now);
    if (error != 0) return cfti_os_is_absent(error) ? 0 : error;
    if (now.kind != CFTI_KIND_FILE) return 0; /* the rename reports it */
    target->old = now;
    target->exists = true;
    return 0;
}

/* Gives the new file the old one's rights, and syncs it. */
static int cfti_target_seal(cfti_target *target, bool sync) {
    int error = cfti_os_status_of(target->file, &target->made);
    if (error == 0) error = cfti_target_recheck(target);
    if (error == 0 && target->exists)
        error = cfti_os_keep_rights(target->file, (const char *)target->real.data, &target->old,
                                    &target->made);
    if (error == 0 && sync) error = cfti_os_sync(target->file);
    return error;
}

/* Where the system cannot name an unnamed file: copies its bytes into a file that has a name. */
static int cfti_target_use_named(cfti_target *target, bool sync) {
    cfti_os_file unnamed = target->file;
    confiture_sha256 sha;
    int error = cfti_target_name(target, CFTI_CREATE);
    confiture_sha256_init(&sha);
    if (error != 0) {
        target->file = unnamed;
        return error;
    }
    error = cfti_target_copy(unnamed, target->file, target->size, &sha);
    cfti_os_close(unnamed);
    return error != 0 ? error : cfti_target_seal(target, sync);
}

/* Whether the old file has no more bytes than the new one. */
static bool cfti_target_is_same(const cfti_target *target) {
    uint8_t beyond;
    size_t got;
    return cfti_target_read(target->old_file, &beyond, 1, target->size, &got) == 0 && got == 0;
}

/* Completes the new file, under its temporary name. */
static int cfti_target_complete(cfti_target *target, bool sync) {
    int error = 0;
    if (target->is_comparing) {
        target->unchanged = cfti_target_is_same(target);
        if (target->unchanged) {
            if (sync) error = cfti_os_sync(target->old_file);
            return cfti_os_is_not_synced(error) ? 0 : error;
        }
        error = cfti_target_differ(target);
    }
    if (error == 0 && !target->direct) {
        error = cfti_target_seal(target, sync);
        if (error == 0 && target->temporary.size == 0) {
            error = cfti_target_name(target, CFTI_NAME);
            if (error != 0 && error != CFTI_OS_NO_MEMORY)
                error = cfti_target_use_named(target, sync);
        }
    }
    if (error != 0) return error; /* closed with the rest */
    target->is_open = false;
    return cfti_os_finish(target->file);
}

/* ---- commit ---- */

/* Replaces the old file. With keep_old the old file keeps a second name, where the system allows
 * that, so that cfti_target_restore() can undo it. */
static int cfti_target_replace(cfti_target *target, bool keep_old) {
    int error = 0;
    if (target->direct || target->unchanged) return 0;
    if (keep_old && target->exists) error = cfti_target_name(target, CFTI_BACK_UP);
    if (error == CFTI_OS_NO_MEMORY) return error;
    error = cfti_os_rename((const char *)target->temporary.data, (const char *)target->real.data);
    if (error != 0) return error;
    target->temporary.size = 0;
    target->replaced = true;
    return 0;
}

static void cfti_target_restore(cfti_target *target) {
    const char *real = (const char *)target->real.data;
    if (!target->replaced) return;
    if (target->backup.size > 0) {
        if (cfti_os_rename((const char *)target->backup.data, real) == 0) target->backup.size = 0;
    } else if (!target->exists) {
        (void)cfti_os_remove(real);
    }
}

/* Whether a target that did not exist is one of those before it. In a directory that ignores case
 * only the status after the rename shows that. Returns a system error. */
static int cfti_target_is_duplicate(const cfti_target *targets, size_t index, bool *is_duplicate) {
    const cfti_target *target = &targets[index];
    cfti_os_status now;
    size_t i;
    int error;
    *is_duplicate = false;
    if (index == 0 || target->direct || target->exists) return 0;
    error = cfti_os_status_at(CFTI_OS_CWD, (const char *)target->real.data, false, &now);
    if (error != 0) return cfti_os_is_absent(error) ? 0 : error;
    for (i = 0; i < index; i++)
        if (targets[i].replaced && cfti_same_file(&now, &targets[i].made)) *is_duplicate = true;
    return 0;
}

/* Puts all complete files in place, or none where that can be undone. */
static confiture_status cfti_targets_commit(cfti_target *targets, size_t count, cfti_fail *fail) {
    confiture_status status = CONFITURE_OK;
    size_t i;
    int error;
    for (i = 0; i < count && status == CONFITURE_OK; i++) {
        bool is_duplicate;
        error = cfti_target_is_duplicate(targets, i, &is_duplicate);
        if (error == 0 && !is_duplicate) error = cfti_target_replace(&targets[i], count > 1);
        if (error != 0) status = cfti_fail_system(fail, error, targets[i].path);
        else if (is_duplicate) status = cfti_fail_collision(fail, &targets[i]);
    }
    if (status != CONFITURE_OK) {
        while (i-- > 0) cfti_target_restore(&targets[i]);
        return status;
    }
    for (i = 0; i < count && status == CONFITURE_OK; i++) {
        /* A rename is on the disk when the directory is. */
        error = targets[i].directory_is_open ? cfti_os_sync(targets[i].directory_file) : 0;
        if (error == 0 || cfti_os_is_not_synced(error)) continue;
        status = cfti_fail_system(fail, error, targets[i].path);
        fail->detail = "the file is in place, but its directory cannot be synced";
    }
    return status;
}

/* Removes what is left, after success and after failure. */
static void cfti_target_close(cfti_target *target) {
    if (target->is_open) cfti_os_close(target->file);
    if (target->is_comparing) cfti_os_close(target->old_file);
    if (target->directory_is_open) cfti_os_close(target->directory_file);
    if (target->temporary.size > 0) (void)cfti_os_remove((const char *)target->temporary.data);
    if (target->backup.size > 0) (void)cfti_os_remove((const char *)target->backup.data);
    cfti_buffer_free(&target->temporary);
    cfti_buffer_free(&target->backup);
    cfti_buffer_free(&target->directory);
    cfti_buffer_free(&target->real);
}
