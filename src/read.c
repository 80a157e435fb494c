/* ---- read.c: reading one file ---- */

#define CFTI_FIRST_READ ((size_t)64 << 10) /* longer files are asked for their size */
#define CFTI_WHOLE_LIMIT ((size_t)2 << 20) /* longer files are visited in pieces */
#define CFTI_PIECE ((size_t)256 << 10)

typedef enum cfti_visit_way {
    CFTI_VISIT_WHOLE = 0, /* all bytes at once */
    CFTI_VISIT_PIECES,    /* not read yet: in pieces, when its turn comes */
    CFTI_VISIT_MAPPED     /* all bytes at once, mapped: to be unmapped */
} cfti_visit_way;

/* One file, or one piece of it, as map and fold see it. */
typedef struct cfti_visit {
    const char *path;
    const char *name; /* NUL-terminated */
    size_t name_size;
    size_t index;         /* in the list that is scanned */
    size_t origin;        /* in the caller's, of which that may be a part */
    const uint8_t *bytes; /* as they are in the file */
    size_t size;
    const uint8_t *text; /* for a map that makes text of them, to pass on to its fold */
    size_t text_size;
    void *state;       /* the consumer's, one a file, zero before the first piece */
    uint64_t total;    /* bytes of the file visited so far, this piece included */
    uint64_t to_come;  /* bytes of the file after this piece, as far as is known */
    bool first, last;  /* piece of its file; a whole file is both */
    bool short_is_end; /* within a page: see cfti_os_short_read_is_end() */
    bool fetched;      /* its bytes are there already */
    bool finished;     /* map has seen all of it */
    size_t front;      /* bytes before its bytes, for its name and a NUL; a NUL is behind */
    bool framed;       /* and they are there */
    cfti_visit_way way;
    cfti_os_status status; /* when it was mapped */
} cfti_visit;

/* A failure that names nothing else is about the file that is being visited. */
static void cfti_fail_at(cfti_fail *fail, const cfti_visit *visit) {
    if (fail->path != NULL) return;
    fail->path = visit->path;
    fail->index = visit->origin;
}

/* What a worker keeps from file to file. */
typedef struct cfti_reader {
    const confiture_files *files;
    const confiture_run *run;
    confiture_allocator allocator;
    cfti_ring *ring; /* once needed; then NULL: files are read one by one */
    bool ring_is_known;
    char *directory_path;  /* of the directory that is open, its size with the slash */
    size_t directory_size; /* 0: none is open */
    cfti_os_file directory;
    bool short_is_end; /* for the regular files in it: see os.h */
    uint8_t *piece;    /* CFTI_PIECE bytes, once needed: see cfti_reader_has_piece() */
    bool is_caller;    /* the thread that made the call: the one callbacks come on */
} cfti_reader;

static void cfti_reader_init(cfti_reader *reader, const confiture_files *files,
                             const confiture_run *run, const confiture_allocator *allocator) {
    memset(reader, 0, sizeof(*reader));
    reader->files = files;
    reader->run = run;
    reader->allocator = *allocator;
}

static void cfti_reader_leave(cfti_reader *reader) {
    if (reader->directory_size == 0) return;
    cfti_os_close(reader->directory);
    cfti_free(&reader->allocator, reader->directory_path, reader->directory_size + 1);
    reader->directory_size = 0;
}

static void cfti_reader_close(cfti_reader *reader) {
    cfti_reader_leave(reader);
    cfti_free(&reader->allocator, reader->piece, CFTI_PIECE);
    if (reader->ring != NULL) cfti_ring_give(reader->run, reader->ring, false);
}

/* Room for a piece of a large file, or for a second look at small ones. False: no memory. */
static bool cfti_reader_has_piece(cfti_reader *reader) {
    if (reader->piece == NULL)
        reader->piece = (uint8_t *)cfti_alloc(&reader->allocator, CFTI_PIECE);
    return reader->piece != NULL;
}

static bool cfti_reader_has_ring(cfti_reader *reader) {
    if (!reader->ring_is_known) reader->ring = cfti_ring_take(reader->run, reader->files->count);
    reader->ring_is_known = true;
    return reader->ring != NULL;
}

/* Whether the directory of a file is the one that is open. */
static bool cfti_reader_is_in(const cfti_reader *reader, const cfti_file *file) {
    return reader->directory_size == file->leaf &&
           memcmp(reader->directory_path, file->path, file->leaf) == 0;
}

/* Opens the directory of a file, unless it is the one that is open already. */
static int cfti_reader_enter(cfti_reader *reader, const cfti_file *file) {
    char *path;
    int error;
    if (cfti_reader_is_in(reader, file)) return 0;
    cfti_reader_leave(reader);
    path = (char *)cfti_alloc(&reader->allocator, (size_t)file->leaf + 1);
    if (path == NULL) return CFTI_OS_NO_MEMORY;
    memcpy(path, file->path, file->leaf);
    path[file->leaf] = '\0';
    error = cfti_os_open_directory(path, &reader->directory);
    if (error != 0) {
        cfti_free(&reader->allocator, path, (size_t)file->leaf + 1);
        return error;
    }
    reader->directory_path = path;
    reader->directory_size = file->leaf;
    reader->short_is_end = cfti_os_short_read_is_end(reader->directory);
    return 0;
}

/* Whether a file must not be a symbolic link, since it was none when it was found. */
static bool cfti_reader_refuses_link(const cfti_reader *reader, const cfti_file *file) {
    return reader->files->is_confined && file->kind != CFTI_KIND_LINK;
}

static int cfti_reader_open_at(const cfti_reader *reader, cfti_os_file at, const char *path,
                               const cfti_file *file, cfti_os_file *opened) {
    return cfti_reader_refuses_link(reader, file) ? cfti_os_open_no_link(at, path, opened)
                                                  : cfti_os_open(at, path, opened);
}

/* Opens relative to the directory if the file before lay in the same one, or the
 * next one does: a long path costs the kernel more than a short one. A path too
 * long for the kernel has no other way. */
static int cfti_reader_open(cfti_reader *reader, size_t index, cfti_os_file *opened,
                            bool *short_is_end) {
    const confiture_files *files = reader->files;
    const cfti_file *file = &files->items[index];
    *short_is_end = false;
    if (file->leaf == 0)
        return cfti_reader_open_at(reader, CFTI_OS_NOWHERE, file->path, file, opened);
    if (!cfti_reader_is_in(reader, file)) {
        const cfti_file *next = index + 1 < files->count ? file + 1 : NULL;
        int error;
        if (file->path_size < CFTI_OS_PATH_STEP &&
            (next == NULL || !cfti_same_directory(file, next)))
            return cfti_reader_open_at(reader, CFTI_OS_NOWHERE, file->path, file, opened);
        error = cfti_reader_enter(reader, file);
        if (error != 0) {
            /* A directory may be entered but not read: then the whole path is the way. */
            if (file->path_size >= CFTI_OS_PATH_STEP || error == CFTI_OS_NO_MEMORY) return error;
            return cfti_reader_open_at(reader, CFTI_OS_NOWHERE, file->path, file, opened);
        }
    }
    *short_is_end = reader->short_is_end && file->kind == CFTI_KIND_FILE;
    return cfti_reader_open_at(reader, reader->directory, file->path + file->leaf, file, opened);
}

static confiture_status cfti_fail_kind(cfti_fail *fail, cfti_kind kind) {
    return cfti_fail_with(fail, CONFITURE_E_NOT_FILE,
                          kind == CFTI_KIND_DIRECTORY
                              ? "is a directory, not a file"
                              : "is a FIFO, socket or device, not a regular file");
}

/* Opens a file and makes sure that it is one. A listing's word is enough: a FIFO
 * that took the file's place since reads as empty, and empty files are looked at
 * again. */
static confiture_status cfti_reader_begin(cfti_reader *reader, cfti_visit *visit,
                                          cfti_os_file *opened, cfti_fail *fail) {
    cfti_kind kind = reader->files->items[visit->index].kind;
    int error;
    if (kind == CFTI_KIND_DIRECTORY || kind == CFTI_KIND_OTHER) return cfti_fail_kind(fail, kind);
    error = cfti_reader_open(reader, visit->index, opened, &visit->short_is_end);
    if (error == CFTI_OS_NO_DEVICE) return cfti_fail_kind(fail, CFTI_KIND_OTHER); /* a socket */
    if (error == CFTI_OS_LINK_LOOP &&
        cfti_reader_refuses_link(reader, &reader->files->items[visit->index]))
        return cfti_fail_with(fail, CONFITURE_E_CHANGED,
                              "has been replaced by a symbolic link since it was found");
    if (error != 0) return cfti_fail_system(fail, error, NULL);
    if (kind != CFTI_KIND_FILE) {
        cfti_os_status status;
        error = cfti_os_status_of(*opened, &status);
        if (error != 0 || status.kind != CFTI_KIND_FILE) {
            cfti_os_close(*opened);
            return error != 0 ? cfti_fail_system(fail, error, NULL)
                              : cfti_fail_kind(fail, status.kind);
        }
    }
    return CONFITURE_OK;
}

/* Whether so many bytes are more than a file may have. */
static bool cfti_is_over(const confiture_run *run, uint64_t size) {
    return run->max_file_size != 0 && size > run->max_file_size;
}

static confiture_status cfti_fail_limit(cfti_fail *fail, const confiture_run *run) {
    cfti_fail_with(fail, CONFITURE_E_LIMIT, NULL);
    fail->offset = run->max_file_size;
    return fail->status;
}

/* Room to read into: of a file that is over the limit no more is read than shows it. */
static size_t cfti_room_within(const confiture_run *run, size_t room) {
    return cfti_is_over(run, room) ? (size_t)run->max_file_size + 1 : room;
}

static bool cfti_same_status(const cfti_os_status *a, const cfti_os_status *b) {
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->modified == b->modified && a->modified_ns == b->modified_ns &&
           a->changed == b->changed && a->changed_ns == b->changed_ns;
}

/* What was read is `size` bytes at data + front; the name and the NULs go around it, so
 * that a digest over all three sees one run of bytes. */
static void cfti_visit_take(cfti_visit *visit, uint8_t *data, size_t size) {
    visit->bytes = data + visit->front;
    visit->size = size;
    if (visit->front == 0) return;
    memcpy(data, visit->name, visit->front);
    data[visit->front + size] = '\0';
    visit->framed = true;
}

/* From `offset` on until the end or until the room is full. */
static int cfti_read_full(cfti_os_file file, uint8_t *data, size_t room, uint64_t offset,
                          size_t *got) {
    *got = 0;
    while (*got < room) {
        size_t n;
        int error = cfti_os_read_at(file, data + *got, room - *got, offset + *got, &n);
        if (error != 0) return error;
        if (n == 0) break;
        *got += n;
    }
    return 0;
}

/* A file of some length, from the start, between two looks at its status: what is
 * read in several steps is only a file if it did not change between them. */
static confiture_status cfti_read_steady(cfti_reader *reader, cfti_visit *visit, cfti_arena *arena,
                                         cfti_os_file file, cfti_fail *fail) {
    cfti_os_status before, after;
    size_t room, got = 0;
    uint8_t *data;
    int error = cfti_os_status_of(file, &before);
    if (error == 0 && before.kind != CFTI_KIND_FILE) return cfti_fail_kind(fail, before.kind);
    if (error != 0) return cfti_fail_system(fail, error, NULL);
    if (cfti_is_over(reader->run, before.size)) return cfti_fail_limit(fail, reader->run);
    /* Some files of the kernel's have size 0 and bytes all the same. */
    room = before.size == 0 ? cfti_room_within(reader->run, CFTI_WHOLE_LIMIT + 1)
                            : (size_t)before.size + 1;
    if (before.size > CFTI_WHOLE_LIMIT) {
        visit->way = CFTI_VISIT_PIECES;
        return CONFITURE_OK;
    }
    data = cfti_arena_reserve(arena, visit->front + room + 1);
    if (data == NULL) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    error = cfti_read_full(file, data + visit->front, room, 0, &got);
    if (error == 0) error = cfti_os_status_of(file, &after);
    if (error != 0) return cfti_fail_system(fail, error, NULL);
    if (cfti_is_over(reader->run, got)) return cfti_fail_limit(fail, reader->run);
    if (before.size == 0 && got == room) {
        visit->way = CFTI_VISIT_PIECES;
        return CONFITURE_OK;
    }
    if (!cfti_same_status(&before, &after) || (before.size != 0 && got != before.size))
        return cfti_fail_with(fail, CONFITURE_E_CHANGED, NULL);
    cfti_arena_commit(arena, visit->front + got + 1);
    cfti_visit_take(visit, data, got);
    return CONFITURE_OK;
}

/* Whether the file still holds what was read of it, and *longer if more: see CFTI_OS_PAGE.
 * What a second read brings again was all there at the moment between both; two looks at
 * the file's times cost more, and these may stand still for 10 ms. */
static confiture_status cfti_read_again(cfti_reader *reader, const cfti_visit *visit,
                                        cfti_os_file file, const uint8_t *data, size_t size,
                                        bool *longer, cfti_fail *fail) {
    size_t got, more = 0;
    int error;
    if (!cfti_reader_has_piece(reader)) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    error = cfti_read_full(file, reader->piece, size, 0, &got);
    if (error == 0 && (!visit->short_is_end || got % CFTI_OS_PAGE == 0))
        error = cfti_os_read_at(file, reader->piece + got, 1, got, &more);
    if (error == CFTI_OS_NO_OFFSET)
        return cfti_fail_kind(fail, CFTI_KIND_OTHER); /* a FIFO by now */
    if (error != 0) return cfti_fail_system(fail, error, NULL);
    if (got != size || memcmp(reader->piece, data, got) != 0)
        return cfti_fail_with(fail, CONFITURE_E_CHANGED, NULL);
    *longer = more > 0;
    return CONFITURE_OK;
}

/* The whole file into the arena, if it is not too long for that. */
static confiture_status cfti_read_whole(cfti_reader *reader, cfti_visit *visit, cfti_arena *arena,
                                        cfti_os_file file, cfti_fail *fail) {
    size_t around = visit->front + 1, room = cfti_arena_room(arena), got;
    bool longer = false;
    uint8_t *data;
    int error;
    room = room < CFTI_FIRST_READ / 8 + around ? CFTI_FIRST_READ : room - around;
    room = cfti_room_within(reader->run, cfti_min(room, CFTI_FIRST_READ));
    data = cfti_arena_reserve(arena, around + room);
    if (data == NULL) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    error = cfti_os_read(file, data + visit->front, room, &got);
    if (error != 0) return cfti_fail_system(fail, error, NULL);
    if (got == 0) {
        cfti_os_status status;
        error = cfti_os_status_of(file, &status);
        if (error != 0) return cfti_fail_system(fail, error, NULL);
        if (status.kind != CFTI_KIND_FILE) return cfti_fail_kind(fail, status.kind);
    }
    if (got > 0 && got < room &&
        cfti_read_again(reader, visit, file, data + visit->front, got, &longer, fail) !=
            CONFITURE_OK)
        return fail->status;
    if (got == room || longer) return cfti_read_steady(reader, visit, arena, file, fail);
    cfti_arena_commit(arena, around + got);
    cfti_visit_take(visit, data, got);
    return CONFITURE_OK;
}

/* Reads those of `count` files, which follow each other in the list, that can be read
 * at once: `room` bytes are enough for most. The others are left for cfti_read_file(). */
static void cfti_read_many(cfti_reader *reader, cfti_visit *visits, size_t count, cfti_arena *arena,
                           size_t room) {
    cfti_os_fetch fetches[CFTI_RING_FILES];
    const cfti_file *files = &reader->files->items[visits[0].index];
    size_t first, last, i, size;
    uint8_t *data;
    room = cfti_room_within(reader->run, room);
    for (first = 0; first < count; first = last) {
        for (last = first; last < count && last - first < CFTI_RING_FILES; last++)
            if (files[last].kind != CFTI_KIND_FILE ||
                !cfti_same_directory(&files[last], &files[first]))
                break;
        if (last - first < 2 || files[first].leaf == 0) {
            last = cfti_max(last, first + 1);
            continue;
        }
        if (!cfti_reader_has_ring(reader) || !cfti_reader_has_piece(reader)) return;
        if (cfti_reader_enter(reader, &files[first]) != 0 || !reader->short_is_end) continue;
        for (size = 0, i = first; i < last; i++) size += visits[i].front + room + 1;
        data = (uint8_t *)cfti_arena_take(arena, size);
        if (data == NULL) return;
        for (i = first; i < last; i++) {
            cfti_os_fetch *fetch = &fetches[i - first];
            fetch->at = reader->directory;
            fetch->path = files[i].path + files[i].leaf;
            fetch->data = data + visits[i].front;
            fetch->room = room;
            fetch->no_link = cfti_reader_refuses_link(reader, &files[i]);
            data += visits[i].front + room + 1;
        }
        if (!cfti_os_ring_fetch(&reader->ring->os, fetches, last - first, reader->piece,
                                CFTI_PIECE)) {
            cfti_ring_give(reader->run, reader->ring, true);
            reader->ring = NULL;
        }
        for (i = first; i < last; i++) {
            const cfti_os_fetch *fetch = &fetches[i - first];
            /* Of an empty file it is still to be seen what it is, of a longer one the rest. */
            if (!fetch->done || fetch->got == 0 || fetch->got == room) continue;
            visits[i].fetched = true;
            cfti_visit_take(&visits[i], (uint8_t *)fetch->data - visits[i].front, fetch->got);
        }
    }
}

/* Reads a file that does not tell its size once through, if there is a limit to it: what
 * is wrong with its beginning must not be told of a file that is too large, and a sink
 * must not see it. Into the reader's piece. */
static confiture_status cfti_read_measure(cfti_reader *reader, cfti_os_file file, cfti_fail *fail) {
    uint64_t total = 0;
    size_t got;
    int error;
    do {
        error = cfti_os_read_at(file, reader->piece, CFTI_PIECE, total, &got);
        total += got;
        if (cfti_is_over(reader->run, total)) return cfti_fail_limit(fail, reader->run);
    } while (error == 0 && got > 0);
    return error == 0 ? CONFITURE_OK : cfti_fail_system(fail, error, NULL);
}

#if !defined(CONFITURE_NO_MMAP)
/* Maps the file; what cannot be mapped (not every file system can) is read. */
static confiture_status cfti_read_mapped(cfti_reader *reader, cfti_visit *visit, cfti_arena *arena,
                                         cfti_os_file file, cfti_fail *fail) {
    int error = cfti_os_status_of(file, &visit->status);
    if (error != 0) return cfti_fail_system(fail, error, NULL);
    /* Afterwards it is looked at again by its path, which must fit into one call. */
    if (strlen(visit->path) >= CFTI_OS_PATH_STEP)
        return cfti_read_whole(reader, visit, arena, file, fail);
    if (visit->status.kind != CFTI_KIND_FILE) return cfti_fail_kind(fail, visit->status.kind);
    if (cfti_is_over(reader->run, visit->status.size)) return cfti_fail_limit(fail, reader->run);
    if (visit->status.size == 0 || visit->status.size > SIZE_MAX / 2 ||
        cfti_os_map(file, (size_t)visit->status.size, &visit->bytes) != 0)
        return cfti_read_whole(reader, visit, arena, file, fail);
    visit->size = (size_t)visit->status.size;
    visit->way = CFTI_VISIT_MAPPED;
    return CONFITURE_OK;
}
#endif

/* Reads, or maps, a file that is open: its bytes, or the word that it is too long. */
static confiture_status cfti_read_file(cfti_reader *reader, cfti_visit *visit, cfti_arena *arena,
                                       cfti_os_file file, cfti_fail *fail) {
#if !defined(CONFITURE_NO_MMAP)
    if (reader->run->io == CONFITURE_IO_MMAP)
        return cfti_read_mapped(reader, visit, arena, file, fail);
#endif
    return cfti_read_whole(reader, visit, arena, file, fail);
}

/* Unmaps a visit, and asks whether its file is still the one that was mapped. */
static confiture_status cfti_visit_release(cfti_visit *visit, cfti_fail *fail) {
#if !defined(CONFITURE_NO_MMAP)
    if (visit->way == CFTI_VISIT_MAPPED) {
        cfti_os_status now;
        int error;
        cfti_os_unmap(visit->bytes, visit->size);
        visit->way = CFTI_VISIT_WHOLE;
        error = cfti_os_status_at(CFTI_OS_NOWHERE, visit->path, true, &now);
        if (error != 0 && !cfti_is_answer(error)) return cfti_fail_system(fail, error, NULL);
        if (error != 0 || !cfti_same_status(&visit->status, &now))
            return cfti_fail_with(fail, CONFITURE_E_CHANGED, NULL);
    }
#else
    (void)visit;
    (void)fail;
#endif
    return CONFITURE_OK;
}
