/* ---- output.c: where a schema goes: memory, a sink, a file ---- */

#define CFTI_OUTPUT_RUN ((size_t)256 << 10)

/* Collects bytes, and hands them on in large runs if there is somewhere to hand them. */
typedef struct cfti_output {
    cfti_buffer buffer;
    confiture_sink sink;  /* write NULL: all stays in the buffer */
    uint64_t total_bytes; /* put so far */
    const char *path;     /* for errors; "" for memory and sinks */
    bool sink_is_file;    /* then a refusal is the system's */
} cfti_output;

static confiture_status cfti_output_hand(cfti_output *output, const void *data, size_t size,
                                         cfti_fail *fail) {
    int error = (output->sink.write)(output->sink.user, data, size);
    if (error == 0) return CONFITURE_OK;
    if (output->sink_is_file) return cfti_fail_system(fail, error, output->path);
    cfti_fail_with(fail, CONFITURE_E_SINK, NULL);
    fail->os_error = error;
    fail->path = output->path;
    return fail->status;
}

static confiture_status cfti_output_flush(cfti_output *output, cfti_fail *fail) {
    size_t size = output->buffer.size;
    output->buffer.size = 0;
    return size == 0 ? CONFITURE_OK : cfti_output_hand(output, output->buffer.data, size, fail);
}

static confiture_status cfti_output_put(cfti_output *output, const void *data, size_t size,
                                        cfti_fail *fail) {
    output->total_bytes += size;
    if (output->sink.write != NULL && output->buffer.size + size > CFTI_OUTPUT_RUN) {
        confiture_status status = cfti_output_flush(output, fail);
        if (status != CONFITURE_OK) return status;
        if (size >= CFTI_OUTPUT_RUN / 4) return cfti_output_hand(output, data, size, fail);
    }
    if (cfti_buffer_append(&output->buffer, data, size)) return CONFITURE_OK;
    cfti_fail_with(fail,
                   size > SIZE_MAX / 2 - output->buffer.size ? CONFITURE_E_TOO_LARGE
                                                             : CONFITURE_E_MEMORY,
                   NULL);
    fail->path = output->path;
    return fail->status;
}

/* ---- files ---- */

/* A file that is being replaced: the new bytes are in `temporary` until the rename. */
typedef struct cfti_target {
    const char *path;      /* as given */
    cfti_buffer real;      /* where the file is, behind symbolic links */
    cfti_buffer temporary; /* beside it; empty: none has been created */
    cfti_os_file file;
    bool is_open;
    bool exists;
    bool direct; /* a device or FIFO: written to as it stands */
    cfti_os_status old;
} cfti_target;

static int cfti_target_write(void *user, const void *data, size_t size) {
    return cfti_os_write(((cfti_target *)user)->file, data, size);
}

/* A new file in the directory of the target: its own name, since the target's may
 * leave no room for more, and hidden and without .sql, so that no search takes it. */
static int cfti_target_create(cfti_target *target) {
    const char *real = (const char *)target->real.data;
    size_t directory = (size_t)(cfti_path_leaf(real) - real);
    unsigned attempt;
    int error = CFTI_OS_EXISTS;
    for (attempt = 0; error == CFTI_OS_EXISTS && attempt < 1000; attempt++) {
        char digits[20];
        cfti_buffer *name = &target->temporary;
        name->size = 0;
        if (!cfti_buffer_append(name, real, directory) ||
            !cfti_buffer_append(name, ".confiture-", 11) ||
            !cfti_buffer_append(name, digits, cfti_decimal(digits, cfti_os_process_id())) ||
            !cfti_buffer_append(name, "-", 1) ||
            !cfti_buffer_append(name, digits, cfti_decimal(digits, attempt)) ||
            !cfti_buffer_append(name, ".tmp", 5)) {
            name->size = 0;
            return CFTI_OS_NO_MEMORY;
        }
        /* The old file may be secret: the new one gets its mode when it is complete. */
        error = cfti_os_create((const char *)name->data, target->exists, &target->file);
    }
    if (error != 0) target->temporary.size = 0;
    return error;
}

/* Where the file to be replaced is; or that there is none, but something to write to
 * as it stands: a device, a FIFO, or a file without a name, as behind /dev/stdout. */
static int cfti_target_locate(cfti_target *target) {
    cfti_os_status found;
    int error;
    target->direct = target->exists && target->old.kind != CFTI_KIND_FILE;
    if (target->direct) return 0;
    error = cfti_os_status_at(CFTI_OS_NOWHERE, target->path, false, &found);
    if (error != 0 && !cfti_os_is_absent(error)) return error;
    if (error != 0 || found.kind != CFTI_KIND_LINK)
        return cfti_buffer_append(&target->real, target->path, strlen(target->path) + 1)
                   ? 0
                   : CFTI_OS_NO_MEMORY;
    error = cfti_path_resolve(&target->real, target->path);
    if (error == 0 && target->exists) {
        const char *real = (const char *)target->real.data;
        error = cfti_os_status_at(CFTI_OS_NOWHERE, real, true, &found);
        if (error == 0)
            target->direct = found.device != target->old.device || found.inode != target->old.inode;
        else if (cfti_is_answer(error)) target->direct = true, error = 0;
    }
    return error;
}

static confiture_status cfti_target_open(cfti_target *target, const char *path,
                                         const confiture_allocator *allocator, cfti_fail *fail) {
    int error;
    memset(target, 0, sizeof(*target));
    target->path = path;
    target->real.allocator = target->temporary.allocator = *allocator;
    if (path == NULL || path[0] == '\0')
        return cfti_fail_with(fail, CONFITURE_E_ARGUMENT, "the output has no path");
    error = cfti_os_status_at(CFTI_OS_NOWHERE, path, true, &target->old);
    target->exists = error == 0;
    if (error != 0 && !cfti_os_is_absent(error)) return cfti_fail_system(fail, error, target->path);
    if (target->exists && target->old.kind == CFTI_KIND_DIRECTORY)
        return cfti_fail_system(fail, CFTI_OS_IS_DIRECTORY, target->path);
    error = cfti_target_locate(target);
    if (error == 0)
        error = target->direct ? cfti_os_open_for_writing(path, &target->file)
                               : cfti_target_create(target);
    if (error != 0) return cfti_fail_system(fail, error, target->path);
    target->is_open = true;
    return CONFITURE_OK;
}

/* The identity of the directory of a target, which may have many paths. */
static int cfti_target_directory(const cfti_target *target, cfti_os_status *status) {
    char *real = (char *)target->real.data; /* is cut behind its last slash for a moment */
    char *leaf = real + (cfti_path_leaf(real) - real), kept = *leaf;
    int error;
    if (leaf == real) return cfti_os_status_at(CFTI_OS_NOWHERE, ".", true, status);
    *leaf = '\0';
    error = cfti_os_status_at(CFTI_OS_NOWHERE, real, true, status);
    *leaf = kept;
    return error;
}

/* Whether two targets are the same file, though it may not exist yet. */
static bool cfti_target_is(const cfti_target *a, const cfti_target *b) {
    cfti_os_status x, y;
    if (a->direct || b->direct || a->exists != b->exists) return false;
    if (a->exists) return a->old.device == b->old.device && a->old.inode == b->old.inode;
    return strcmp(cfti_path_leaf((const char *)a->real.data),
                  cfti_path_leaf((const char *)b->real.data)) == 0 &&
           cfti_target_directory(a, &x) == 0 && cfti_target_directory(b, &y) == 0 &&
           x.device == y.device && x.inode == y.inode;
}

/* Whether a path at which there is nothing yet leads to where the target will be. Returns
 * an error of the system's. */
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

/* Whether two files hold the same bytes. A file that cannot be read is different. */
static bool cfti_same_bytes(const char *a, const char *b) {
    cfti_os_file x, y;
    cfti_os_status of_x, of_y;
    uint64_t at = 0;
    bool same = false;
    if (cfti_os_open(CFTI_OS_NOWHERE, a, &x) != 0) return false;
    if (cfti_os_open(CFTI_OS_NOWHERE, b, &y) == 0) {
        same = cfti_os_status_of(x, &of_x) == 0 && cfti_os_status_of(y, &of_y) == 0 &&
               of_x.size == of_y.size;
        while (same) {
            uint8_t p[4096], q[4096];
            size_t n, m;
            same = cfti_read_full(x, p, sizeof(p), at, &n) == 0 &&
                   cfti_read_full(y, q, sizeof(q), at, &m) == 0 && n == m && memcmp(p, q, n) == 0;
            if (n < sizeof(p)) break;
            at += n;
        }
        cfti_os_close(y);
    }
    cfti_os_close(x);
    return same;
}

/* All bytes have been handed over: makes the new file complete, but does not put it
 * in its place yet. */
static confiture_status cfti_target_complete(cfti_target *target, bool sync, cfti_fail *fail) {
    int error = 0;
    if (!target->direct && target->exists) error = cfti_os_set_mode(target->file, target->old.mode);
    if (error == 0 && sync && !target->direct) error = cfti_os_sync(target->file);
    target->is_open = false;
    if (error != 0) cfti_os_close(target->file);
    else error = cfti_os_finish(target->file);
    return error != 0 ? cfti_fail_system(fail, error, target->path) : CONFITURE_OK;
}

/* The moment at which the old file becomes the new one. */
static confiture_status cfti_target_commit(cfti_target *target, bool keep_unchanged, bool sync,
                                           bool *unchanged, cfti_fail *fail) {
    const char *real = (const char *)target->real.data;
    const char *temporary = (const char *)target->temporary.data;
    int error;
    *unchanged = false;
    if (target->direct) return CONFITURE_OK;
    if (keep_unchanged && target->exists && cfti_same_bytes(real, temporary)) {
        *unchanged = true;
        error = cfti_os_remove(temporary);
    } else {
        error = cfti_os_rename(temporary, real);
    }
    if (error != 0) return cfti_fail_system(fail, error, target->path);
    target->temporary.size = 0;
    if (sync && !*unchanged) {
        /* The rename itself is only on the disk when the directory is. */
        cfti_os_file directory;
        bool is_here = cfti_path_leaf(real) == real;
        target->real.size = (size_t)(cfti_path_leaf(real) - real);
        if (cfti_buffer_append(&target->real, is_here ? "." : "", is_here ? 2 : 1) &&
            cfti_os_open_directory((const char *)target->real.data, &directory) == 0) {
            (void)cfti_os_sync(directory); /* not every file system can */
            cfti_os_close(directory);
        }
    }
    return CONFITURE_OK;
}

/* After success or failure: whatever is left of the attempt goes. */
static void cfti_target_close(cfti_target *target) {
    if (target->is_open) cfti_os_close(target->file);
    if (target->temporary.size > 0) (void)cfti_os_remove((const char *)target->temporary.data);
    cfti_buffer_free(&target->temporary);
    cfti_buffer_free(&target->real);
}
