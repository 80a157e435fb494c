/* ---- scan/read.c: reading one file ---- */

/* THE RULE. A file can be read in several ways: by read(), through a mapping, by a ring, in
 * pieces. One rule decides for all of them whether the bytes are accepted. It uses only the
 * file's own status, taken after the read:
 *   - The file is a regular file.
 *   - The read reached its end: it brought as many bytes as the file's size, or a further read
 *     brought none. (Files of the kernel have size 0, or a size that is too large.)
 *   - All bytes are of one state. Linux stamps a file before it copies what is written, so times
 *     older than the start of the read prove that nobody has written since. The margin is
 *     CFTI_SETTLED, for file systems that count in steps of two seconds and for servers' clocks.
 *     Nearly all files pass here. The times count only if the file's size is what was read: a
 *     truncation sets the new size first, then removes the bytes, and sets the times last; and
 *     the kernel's files, whose size is wrong, do not keep such times.
 * Every other file, and every file on a system that sets the times late, is read a second time
 * between two equal statuses, and both reads must bring the same bytes. Before the first of the
 * two statuses the clock must have passed the file's times, or a write between the two could
 * leave the same times. A file in pieces is read once, between two such statuses. */

#define CFTI_SETTLED 3     /* seconds */
#define CFTI_MAX_ROUNDS 10 /* second reads of a file that is written to all the time */
#define CFTI_MAX_NAPS 25   /* of about 1 ms; a clock tick takes at most 10 ms */

#define CFTI_FIRST_READ ((size_t)64 << 10) /* the rest of a longer file is read by its size */
#define CFTI_WHOLE_LIMIT ((size_t)2 << 20) /* a longer file is read in pieces */
#define CFTI_PIECE ((size_t)256 << 10)

typedef enum cfti_read_state {
    CFTI_READ_PENDING = 0, /* not read yet */
    CFTI_READ_WHOLE,       /* all bytes are in memory */
    CFTI_READ_MAPPED,      /* read in pieces, all of which have been mapped */
    CFTI_READ_DEFERRED,    /* to be read when the file is folded */
    CFTI_READ_TOO_LONG     /* to be read in pieces when the file is folded */
} cfti_read_state;

/* A file of a batch: the chunk that its consumer sees, and how far it has been read. */
typedef struct cfti_read {
    cfti_chunk chunk;
    cfti_read_state state;
} cfti_read;

static bool cfti_read_is_done(const cfti_read *read) {
    return read->state == CFTI_READ_WHOLE || read->state == CFTI_READ_MAPPED;
}

/* What a worker keeps from file to file. */
typedef struct cfti_reader {
    const confiture_files *files;
    const confiture_run *run;
    confiture_allocator allocator;
    cfti_ring *ring;    /* NULL: files are read one by one */
    bool ring_is_known; /* it has been asked for */
    int ring_pause;     /* batches to be read without the ring: see cfti_read_many() */
    cfti_beneath beneath;
    cfti_os_time start;    /* before the first read: an earlier time is the safe side */
    char *directory_path;  /* of the open directory, with the slash */
    size_t directory_size; /* of that path; 0: no directory is open */
    cfti_os_file directory;
    uint8_t *piece;   /* CFTI_PIECE bytes, or NULL: see cfti_reader_has_piece() */
    cfti_arena bytes; /* bytes that are not needed after map */
    bool is_caller;   /* runs on the caller's thread, the only one that calls back */
    size_t threads;   /* how many read at the same time: see cfti_os_ring_fetch() */
} cfti_reader;

static void cfti_reader_init(cfti_reader *reader, const confiture_files *files,
                             const confiture_run *run, const confiture_allocator *allocator) {
    memset(reader, 0, sizeof(*reader));
    reader->files = files;
    reader->run = run;
    reader->allocator = reader->bytes.allocator = *allocator;
    reader->bytes.block_size = CFTI_FIRST_READ + CFTI_FIRST_READ / 2;
    reader->threads = 1;
    cfti_beneath_init(&reader->beneath, files, allocator);
    cfti_os_now(&reader->start);
}

static void cfti_reader_leave(cfti_reader *reader) {
    if (reader->directory_size == 0) return;
    cfti_os_close(reader->directory);
    cfti_free(&reader->allocator, reader->directory_path, reader->directory_size + 1);
    reader->directory_size = 0;
}

static void cfti_reader_close(cfti_reader *reader) {
    cfti_reader_leave(reader);
    cfti_beneath_close(&reader->beneath);
    cfti_free(&reader->allocator, reader->piece, CFTI_PIECE);
    cfti_arena_free(&reader->bytes);
    if (reader->ring != NULL) cfti_ring_release(reader->run, reader->ring, false);
}

/* Makes the buffer for pieces of large files and of second reads. False: no memory. */
static bool cfti_reader_has_piece(cfti_reader *reader) {
    if (reader->piece == NULL)
        reader->piece = (uint8_t *)cfti_alloc(&reader->allocator, CFTI_PIECE);
    return reader->piece != NULL;
}

static bool cfti_reader_has_ring(cfti_reader *reader) {
    if (!reader->ring_is_known) reader->ring = cfti_ring_acquire(reader->run, reader->files->count);
    reader->ring_is_known = true;
    return reader->ring != NULL;
}

/* Whether the open directory is that of the file. */
static bool cfti_reader_is_in(const cfti_reader *reader, const cfti_file *file) {
    return reader->directory_size == file->leaf &&
           memcmp(reader->directory_path, file->path, file->leaf) == 0;
}

static int cfti_reader_enter(cfti_reader *reader, const cfti_file *file) {
    char *path;
    int error;
    if (cfti_reader_is_in(reader, file)) return 0;
    cfti_reader_leave(reader);
    path = (char *)cfti_alloc(&reader->allocator, (size_t)file->leaf + 1);
    if (path == NULL) return CFTI_OS_NO_MEMORY;
    memcpy(path, file->path, file->leaf);
    path[file->leaf] = '\0';
    error = cfti_beneath_open(&reader->beneath, file, true, &reader->directory);
    if (error == CFTI_OS_NO_BENEATH) error = cfti_os_open_place(path, &reader->directory);
    if (error != 0) {
        cfti_free(&reader->allocator, path, (size_t)file->leaf + 1);
        return error;
    }
    reader->directory_path = path;
    reader->directory_size = file->leaf;
    return 0;
}

/* In a confined list a file that was no symbolic link when it was found must not be one now. */
static bool cfti_reader_refuses_link(const cfti_reader *reader, const cfti_file *file) {
    return reader->files->is_confined && file->kind != CFTI_KIND_LINK;
}

/* Finds the directory in which a file is opened, and the path to use there. Neighbours in the
 * list share an open directory, since a long path costs the kernel more than a short one. Paths
 * too long for the kernel, and files of a confined list, are always opened in their directory. */
static int cfti_reader_locate(cfti_reader *reader, const cfti_file *file, cfti_os_file *at,
                              const char **path) {
    const confiture_files *files = reader->files;
    const cfti_file *end = files->items + files->count;
    bool must = file->path_size >= CFTI_OS_PATH_STEP || files->is_confined;
    int error = 0;
    *at = CFTI_OS_CWD;
    *path = file->path;
    if (file->leaf == 0 && reader->beneath.is_absent) return 0;
    if (!cfti_reader_is_in(reader, file)) {
        if (!must && (file + 1 == end || !cfti_same_directory(file, file + 1))) return 0;
        error = cfti_reader_enter(reader, file);
        /* A directory that may be searched but not read cannot be opened on every system; the
         * whole path can. After a shortage the path would get further than one thread does. */
        if (error != 0 && !must && !cfti_os_is_shortage(error)) return 0;
    }
    if (error != 0) return error;
    *at = reader->directory;
    *path = file->path + file->leaf;
    return 0;
}

static int cfti_reader_open(cfti_reader *reader, const cfti_file *file, cfti_os_file at,
                            const char *path, cfti_os_file *opened) {
    int error = CFTI_OS_NO_BENEATH;
    if (cfti_reader_refuses_link(reader, file)) return cfti_os_open_no_link(at, path, opened);
    if (reader->files->is_confined)
        error = cfti_beneath_open(&reader->beneath, file, false, opened);
    return error == CFTI_OS_NO_BENEATH ? cfti_os_open(at, path, opened) : error;
}

static confiture_status cfti_fail_kind(cfti_fail *fail, cfti_kind kind) {
    return cfti_fail_with(fail, CONFITURE_E_NOT_FILE,
                          kind == CFTI_KIND_DIRECTORY
                              ? "is a directory, not a file"
                              : "is a FIFO, socket or device, not a regular file");
}

static confiture_status cfti_fail_open(const cfti_reader *reader, const cfti_file *file, int error,
                                       cfti_fail *fail) {
    if (error == CFTI_OS_NO_DEVICE) return cfti_fail_kind(fail, CFTI_KIND_OTHER); /* a socket */
    if (error == CFTI_LEADS_OUT) return cfti_fail_with(fail, CONFITURE_E_OUTSIDE, cfti_leads_out);
    if (error == CFTI_OS_LINK_LOOP && cfti_reader_refuses_link(reader, file))
        return cfti_fail_with(fail, CONFITURE_E_CHANGED,
                              "has been replaced by a symbolic link since it was found");
    return cfti_fail_system(fail, error, NULL);
}

/* Opens a file. Unless a listing has said that it is a regular file, its status is checked
 * first: opening a FIFO releases the process at its other end, and opening a device may start
 * it. Something else may have taken the place of a listed file; the open does not wait for it,
 * and the read refuses it. */
static confiture_status cfti_reader_open_file(cfti_reader *reader, const cfti_file *file,
                                              cfti_os_file *opened, cfti_fail *fail) {
    cfti_os_file at;
    const char *path;
    int error;
    if (file->kind == CFTI_KIND_DIRECTORY || file->kind == CFTI_KIND_OTHER)
        return cfti_fail_kind(fail, file->kind);
    error = cfti_reader_locate(reader, file, &at, &path);
    if (error == 0 && file->kind != CFTI_KIND_FILE) {
        cfti_os_status status;
        error = cfti_os_status_at(at, path, true, &status);
        if (error == 0 && status.kind != CFTI_KIND_FILE) return cfti_fail_kind(fail, status.kind);
    }
    if (error == 0) error = cfti_reader_open(reader, file, at, path, opened);
    return error == 0 ? CONFITURE_OK : cfti_fail_open(reader, file, error, fail);
}

/* Whether a file of this size is over the limit. */
static bool cfti_is_over(const confiture_run *run, uint64_t size) {
    return run->max_file_size != 0 && size > run->max_file_size;
}

static confiture_status cfti_fail_limit(cfti_fail *fail, const confiture_run *run) {
    cfti_fail_with(fail, CONFITURE_E_LIMIT, NULL);
    fail->offset = run->max_file_size;
    return fail->status;
}

/* Of a file over the limit one byte too many is read, which shows that, and no more. */
static size_t cfti_capacity_within(const confiture_run *run, size_t capacity) {
    return cfti_is_over(run, capacity) ? (size_t)run->max_file_size + 1 : capacity;
}

static bool cfti_same_status(const cfti_os_status *a, const cfti_os_status *b) {
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->modified == b->modified && a->modified_ns == b->modified_ns &&
           a->changed == b->changed && a->changed_ns == b->changed_ns;
}

static void cfti_read_finish(cfti_read *read, uint8_t *bytes, size_t size) {
    read->chunk.bytes = bytes;
    read->chunk.size = size;
    read->state = CFTI_READ_WHOLE;
}

/* ---- the rule ---- */

/* Whether seconds and ns are earlier than `time` by more than `margin` seconds. */
static bool cfti_is_before(int64_t seconds, uint32_t ns, const cfti_os_time *time, int margin) {
    int64_t last = time->seconds - margin;
    return seconds < last || (seconds == last && ns < time->ns);
}

/* The same for both times of a file. */
static bool cfti_is_older(const cfti_os_status *status, const cfti_os_time *time, int margin) {
    return cfti_is_before(status->modified, status->modified_ns, time, margin) &&
           cfti_is_before(status->changed, status->changed_ns, time, margin);
}

/* Whether the status proves that nobody has written to the file since `start`, after a read that
 * brought `size` bytes: see THE RULE. */
static bool cfti_is_settled(const cfti_os_status *status, uint64_t size,
                            const cfti_os_time *start) {
    return CFTI_OS_TIMES_ARE_PROMPT && status->size == size &&
           cfti_is_older(status, start, CFTI_SETTLED);
}

/* Whether waiting for the clock to pass this time is over, or is of no use: the time is a second
 * or more ahead of the clock, or in whole seconds, as some file systems count. */
static bool cfti_is_past(int64_t seconds, uint32_t ns, const cfti_os_time *now) {
    return ns == 0 || cfti_is_before(seconds, ns, now, 0) || !cfti_is_before(seconds, ns, now, -1);
}

static bool cfti_times_are_past(const cfti_os_status *status, const cfti_os_time *now) {
    return cfti_is_past(status->modified, status->modified_ns, now) &&
           cfti_is_past(status->changed, status->changed_ns, now);
}

/* Gets a file's status once the clock has passed the file's times: what is written from then on
 * gets other times. One wait mostly serves all files that were changed together. */
static confiture_status cfti_wait_status(cfti_os_file file, cfti_os_status *status,
                                         cfti_fail *fail) {
    int naps;
    for (naps = 0;; naps++) {
        cfti_os_time now;
        int error;
        cfti_os_now(&now);
        error = cfti_os_status_of(file, status);
        if (error != 0) return cfti_fail_system(fail, error, NULL);
        if (status->kind != CFTI_KIND_FILE) return cfti_fail_kind(fail, status->kind);
        if (naps == CFTI_MAX_NAPS || cfti_times_are_past(status, &now)) return CONFITURE_OK;
        cfti_os_nap();
    }
}

/* ---- files that are read whole ---- */

#if !defined(CONFITURE_NO_MMAP)
/* Copies bytes out of a mapping: others may change a mapping while it is hashed. False: this file
 * cannot be mapped, as on some file systems. */
static bool cfti_copy_mapped(cfti_os_file file, uint8_t *data, size_t size, uint64_t offset,
                             size_t *got) {
    cfti_os_status status;
    const uint8_t *bytes = NULL;
    if (offset % CFTI_OS_MAP_STEP != 0 || cfti_os_status_of(file, &status) != 0 ||
        status.kind != CFTI_KIND_FILE || status.size <= offset)
        return false;
    if (size > status.size - offset) size = (size_t)(status.size - offset);
    if (cfti_os_map(file, offset, size, &bytes) != 0) return false;
    memcpy(data, bytes, size);
    cfti_os_unmap(bytes, size);
    *got = size;
    return true;
}
#endif

/* Reads up to `size` bytes from `offset` on. *got is 0 only at the end of the file. */
static confiture_status cfti_read_some(const cfti_reader *reader, cfti_os_file file, uint8_t *data,
                                       size_t size, uint64_t offset, size_t *got, cfti_fail *fail) {
    cfti_os_status status;
    int error;
#if !defined(CONFITURE_NO_MMAP)
    if (reader->run->io == CONFITURE_IO_MMAP && cfti_copy_mapped(file, data, size, offset, got))
        return CONFITURE_OK;
#else
    (void)reader;
#endif
    error = cfti_os_read_at(file, data, size, offset, got);
    if (error == 0) return CONFITURE_OK;
    if (cfti_os_status_of(file, &status) == 0 && status.kind != CFTI_KIND_FILE)
        return cfti_fail_kind(fail, status.kind);
    return cfti_fail_system(fail, error, NULL);
}

/* What has been read of a file, and its status after that. */
typedef struct cfti_copy {
    uint8_t *data; /* headroom, bytes, and one byte more */
    size_t headroom, size, capacity;
    bool is_too_long; /* to be held in memory */
    cfti_os_status status;
} cfti_copy;

/* Grows a copy, and keeps what has been read. */
static confiture_status cfti_copy_reserve(cfti_copy *copy, cfti_arena *arena, size_t capacity,
                                          cfti_fail *fail) {
    uint8_t *data = cfti_arena_reserve(arena, copy->headroom + capacity + 1);
    if (data == NULL) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    if (data != copy->data && copy->size > 0)
        memcpy(data + copy->headroom, copy->data + copy->headroom, copy->size);
    copy->data = data;
    copy->capacity = capacity;
    return CONFITURE_OK;
}

/* Takes the status after a read, and checks kind and limit. */
static confiture_status cfti_copy_check(cfti_copy *copy, const cfti_reader *reader,
                                        cfti_os_file file, cfti_fail *fail) {
    int error = cfti_os_status_of(file, &copy->status);
    if (error != 0) return cfti_fail_system(fail, error, NULL);
    if (copy->status.kind != CFTI_KIND_FILE) return cfti_fail_kind(fail, copy->status.kind);
    if (cfti_is_over(reader->run, copy->size) || cfti_is_over(reader->run, copy->status.size))
        return cfti_fail_limit(fail, reader->run);
    return CONFITURE_OK;
}

/* Reads a file from its start to a proved end: see THE RULE. A file that is too long for memory
 * is left to be read in pieces. */
static confiture_status cfti_read_once(const cfti_reader *reader, cfti_arena *arena,
                                       cfti_os_file file, cfti_copy *copy, cfti_fail *fail) {
    size_t capacity = cfti_arena_capacity(arena), around = copy->headroom + 1, got;
    uint64_t wanted = 0; /* as far as is known */
    capacity = capacity < CFTI_FIRST_READ / 8 + around ? CFTI_FIRST_READ : capacity - around;
    capacity = cfti_capacity_within(reader->run, cfti_min(capacity, CFTI_FIRST_READ));
    copy->data = NULL;
    copy->size = copy->capacity = 0;
    for (;;) {
        if (copy->size == copy->capacity &&
            cfti_copy_reserve(copy, arena, capacity, fail) != CONFITURE_OK)
            return fail->status;
        if (cfti_read_some(reader, file, copy->data + copy->headroom + copy->size,
                           copy->capacity - copy->size, copy->size, &got, fail) != CONFITURE_OK)
            return fail->status;
        copy->size += got;
        if (got > 0 && copy->size < wanted && copy->size < copy->capacity) continue;
        if (cfti_copy_check(copy, reader, file, fail) != CONFITURE_OK) return fail->status;
        wanted = copy->status.size;
        if (got == 0 || copy->size == wanted) return CONFITURE_OK;
        if (wanted > CFTI_WHOLE_LIMIT || copy->size > CFTI_WHOLE_LIMIT) {
            copy->is_too_long = true;
            return CONFITURE_OK;
        }
        capacity = wanted > copy->size ? (size_t)wanted : CFTI_WHOLE_LIMIT + 1;
        capacity = cfti_capacity_within(reader->run, capacity);
    }
}

/* Reads a file a second time, compares, and keeps what the second read brought. *same: both reads
 * brought the same. copy->capacity 0: the file has grown beyond the copy. */
static confiture_status cfti_read_second(const cfti_reader *reader, cfti_os_file file,
                                         uint64_t wanted, cfti_copy *copy, bool *same,
                                         cfti_fail *fail) {
    uint8_t *data = copy->data + copy->headroom;
    size_t size = 0, got;
    *same = true;
    do {
        if (cfti_read_some(reader, file, reader->piece, CFTI_PIECE, size, &got, fail) !=
            CONFITURE_OK)
            return fail->status;
        if (size + got > copy->size || memcmp(data + size, reader->piece, got) != 0) *same = false;
        if (cfti_is_over(reader->run, size + got)) return cfti_fail_limit(fail, reader->run);
        if (got > copy->capacity - size) {
            copy->capacity = 0;
            return CONFITURE_OK;
        }
        if (!*same) memcpy(data + size, reader->piece, got);
        size += got;
    } while (got > 0 && size != wanted);
    *same = *same && size == copy->size;
    copy->size = size;
    return CONFITURE_OK;
}

/* Reads a file that was changed just now, until two reads bring the same bytes and the statuses
 * around the second are equal. */
static confiture_status cfti_read_careful(cfti_reader *reader, cfti_arena *arena, cfti_os_file file,
                                          cfti_copy *copy, cfti_fail *fail) {
    int rounds;
    if (!cfti_reader_has_piece(reader)) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    for (rounds = 0; rounds < CFTI_MAX_ROUNDS; rounds++) {
        cfti_os_status before;
        bool same;
        if (copy->capacity == 0) { /* it has grown */
            if (cfti_read_once(reader, arena, file, copy, fail) != CONFITURE_OK)
                return fail->status;
            if (copy->is_too_long) return CONFITURE_OK;
        }
        /* The status after the first read serves if its times had passed when the scan began, as
         * for all files changed before it. cfti_times_are_past() would not do: it accepts times
         * ahead of the start, and a file that is being written now has such times. */
        before = copy->status;
        if ((rounds > 0 || !cfti_is_older(&before, &reader->start, 0)) &&
            cfti_wait_status(file, &before, fail) != CONFITURE_OK)
            return fail->status;
        if (cfti_read_second(reader, file, before.size, copy, &same, fail) != CONFITURE_OK ||
            cfti_copy_check(copy, reader, file, fail) != CONFITURE_OK)
            return fail->status;
        if (same && cfti_same_status(&before, &copy->status)) return CONFITURE_OK;
    }
    return cfti_fail_with(fail, CONFITURE_E_CHANGED, NULL);
}

/* Reads an open file into the arena, or finds that it is too long for that. */
static confiture_status cfti_read_file(cfti_reader *reader, cfti_read *read, cfti_arena *arena,
                                       cfti_os_file file, cfti_fail *fail) {
    cfti_copy copy;
    confiture_status status;
    memset(&copy, 0, sizeof(copy));
    copy.headroom = read->chunk.headroom;
    status = cfti_read_once(reader, arena, file, &copy, fail);
    if (status == CONFITURE_OK && !copy.is_too_long &&
        !cfti_is_settled(&copy.status, copy.size, &reader->start))
        status = cfti_read_careful(reader, arena, file, &copy, fail);
    if (status != CONFITURE_OK) return status;
    if (copy.is_too_long) {
        read->state = CFTI_READ_TOO_LONG;
        return CONFITURE_OK;
    }
    cfti_arena_commit(arena, copy.headroom + copy.size + 1);
    cfti_read_finish(read, copy.data + copy.headroom, copy.size);
    return CONFITURE_OK;
}

/* Measures a file without a size, by reading it once, so that a limit applies before anything of
 * the file is reported or written. */
static confiture_status cfti_read_measure(const cfti_reader *reader, cfti_os_file file,
                                          cfti_fail *fail) {
    uint64_t total = 0;
    size_t got;
    do {
        if (cfti_read_some(reader, file, reader->piece, CFTI_PIECE, total, &got, fail) !=
            CONFITURE_OK)
            return fail->status;
        total += got;
        if (cfti_is_over(reader->run, total)) return cfti_fail_limit(fail, reader->run);
    } while (got > 0);
    return CONFITURE_OK;
}

/* After the last piece of a file: its status must be that from before the first. */
static confiture_status cfti_read_unchanged(cfti_os_file file, const cfti_os_status *before,
                                            cfti_fail *fail) {
    cfti_os_status after;
    int error = cfti_os_status_of(file, &after);
    if (error != 0) return cfti_fail_system(fail, error, NULL);
    return cfti_same_status(before, &after) ? CONFITURE_OK
                                            : cfti_fail_with(fail, CONFITURE_E_CHANGED, NULL);
}
