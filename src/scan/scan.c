/* ---- scan/scan.c: the ordered scan ---- */

/* Visits the files of a list in order, each read once. What is done to a file has
 * two halves: `map` on any thread, in any order, and `fold` on the calling thread,
 * strictly in list order. The list is cut into batches as it is worked off; whoever
 * has nothing to do takes the next batch, reads and maps it into a slot, and the
 * caller folds the slots in order. There are few slots, so memory is bounded; and
 * the caller folds up to the first failure and no further, so the failure reported
 * is the first in list order whatever the threads did. */

#define CFTI_BATCH_FILES 64
/* Wished for: little memory, always warm, and with CFTI_FIRST_READ still less than what malloc()
 * maps anew, and touches anew, in each call. */
#define CFTI_BATCH_BYTES ((size_t)48 << 10)
#define CFTI_BATCH_LIMIT ((size_t)1 << 20) /* a batch that has grown to this reads no more */
#define CFTI_BATCH_SIDE ((size_t)4 << 20)  /* and of files that are mapped side by side */
#define CFTI_SLOT_BLOCK (CFTI_BATCH_BYTES + CFTI_FIRST_READ)
#define CFTI_STATES_BLOCK ((size_t)4 << 10) /* the same where files leave nothing but a state */

#if !defined(CFTI_FILES_PER_THREAD)
#define CFTI_FILES_PER_THREAD 128 /* reading so many takes as long as starting a thread */
#endif
#if !defined(CFTI_FILES_PER_HELPER)
#define CFTI_FILES_PER_HELPER 8 /* and waking a parked one */
#endif
#define CFTI_BYTES_PER_THREAD ((uint64_t)1 << 20) /* few files, but large ones */
/* Batches in flight may hold so much memory for each thread, and so much in all: a few large
 * files read ahead of their turn are enough, and more only hold memory. */
#define CFTI_FLIGHT_THREAD ((size_t)4 << 20)
#define CFTI_FLIGHT_MAX ((size_t)32 << 20)
#define CFTI_ROUND_BYTES ((size_t)1 << 20) /* for each thread of a parallel_for */

typedef struct cfti_consumer {
    size_t state_size;
    bool by_state; /* fold needs only the state: bytes need not outlive map, and the
                    * pieces of a large file may be mapped by any worker */
    bool framed;   /* wishes for name, NUL, bytes, NUL in one run: see cfti_visit */
    /* Each may be NULL. map takes from the arena what must live until fold. A
     * failure without path is given that of the file. */
    confiture_status (*map)(void *ctx, cfti_visit *visit, cfti_arena *arena, cfti_fail *fail);
    confiture_status (*fold)(void *ctx, cfti_visit *visit, cfti_fail *fail);
    /* Makes room for what fold will add, or fails with nothing changed: it may be asked again. */
    confiture_status (*reserve)(void *ctx, const cfti_visit *visit, cfti_fail *fail);
    /* With by_state: many whole files at once, instead of map; those that are finished
     * have been mapped in pieces. */
    void (*map_many)(void *ctx, cfti_visit *visits, size_t count);
    void *ctx;
    size_t piece_state_size; /* of what map needs between the pieces of a file */
} cfti_consumer;

/* A batch: read and mapped by one worker, folded by the caller. */
typedef struct cfti_slot {
    size_t first, count; /* of the list */
    size_t room;         /* enough for most of its files */
    size_t expected;     /* bytes of all of them, if they are like those so far */
    size_t done;         /* visits that are ready; fewer than count only after a failure */
    size_t bytes;
    size_t held;  /* memory that it counts for: what its arena has, or is expected to need */
    bool is_last; /* a file that failed for want of something, tried for the last time */
    int ready;    /* atomic */
    cfti_fail fail;
    cfti_arena arena;
    cfti_visit visits[CFTI_BATCH_FILES];
} cfti_slot;

typedef struct cfti_scan {
    const confiture_files *files;
    const confiture_run *run;
    const cfti_consumer *consumer;
    confiture_allocator allocator;
    size_t slot_count;
    cfti_slot **order; /* batch b is in order[b % slot_count] */
    cfti_slot **idle;  /* the last to be used is the next: its memory is warm */
    cfti_slot *only[2];
    size_t idle_count, made_count; /* slots are made as they are needed */
    size_t slot_block;             /* the least memory of a slot */
    size_t held, held_most;        /* that of all, and what it may grow to */
    size_t threads;                /* at most */
    cfti_crew crew;
    bool crew_is_open;
    bool is_scarce;                  /* something has run out: no more batches are taken, */
    bool is_alone;                   /* and from then on the caller works alone; */
    bool is_last_try;                /* the next batch is the file that failed */
    bool is_begun;                   /* something of the file at hand has been folded */
    int stopping;                    /* atomic */
    int turns;                       /* atomic: changes with every batch that is folded */
    size_t taken, folded;            /* batches, counted from the start */
    size_t next;                     /* file to be taken next */
    uint64_t read_files, read_bytes; /* for the size of the next batch */
    uint64_t read_held;              /* and the memory that it will need */
    confiture_progress progress;     /* of this and the next two: the caller's thread alone */
    uint64_t told_bytes;
    bool cancelled;
    uintptr_t caller; /* with a parallel_for: who made the call */
#if !defined(CONFITURE_NO_THREADS)
    cfti_mutex mutex;         /* over all but what is the caller's alone, and the slots' contents */
    cfti_condition slot_free; /* helpers wait for it */
    cfti_condition slot_ready; /* the caller does */
#endif
} cfti_scan;

static void cfti_scan_lock(cfti_scan *scan) {
#if !defined(CONFITURE_NO_THREADS)
    cfti_mutex_lock(&scan->mutex);
#else
    (void)scan;
#endif
}

static void cfti_scan_unlock(cfti_scan *scan) {
#if !defined(CONFITURE_NO_THREADS)
    cfti_mutex_unlock(&scan->mutex);
#else
    (void)scan;
#endif
}

static confiture_status cfti_fail_cancelled(cfti_fail *fail) {
    cfti_fail_with(fail, CONFITURE_E_CANCELLED, NULL);
    fail->path = ""; /* it has nothing to do with the file at hand */
    return fail->status;
}

/* Tells the caller how far it has come: the files behind, and some bytes of this one. */
static confiture_status cfti_scan_tell(cfti_scan *scan, uint64_t more_bytes, cfti_fail *fail) {
    const confiture_run *run = scan->run;
    confiture_progress progress = scan->progress;
    /* The files behind may not have been folded yet when this one was begun. */
    progress.bytes = scan->told_bytes = progress.bytes + more_bytes > scan->told_bytes
                                            ? progress.bytes + more_bytes
                                            : scan->told_bytes;
    if (run->progress != NULL && !scan->cancelled)
        scan->cancelled = run->progress(run->progress_user, &progress) != 0;
    if (!scan->cancelled) return CONFITURE_OK;
    CFTI_ATOMIC_STORE(&scan->stopping, 1);
    return cfti_fail_cancelled(fail);
}

static void cfti_scan_dismiss(cfti_scan *scan);

/* Folds a file, or a piece of one. If there is no room for it the helpers leave, and what
 * they held may be enough; but a file of which nothing has been folded is rather begun anew. */
static confiture_status cfti_scan_fold(cfti_scan *scan, cfti_visit *visit, cfti_fail *fail) {
    const cfti_consumer *consumer = scan->consumer;
    confiture_status status = CONFITURE_OK;
    if (consumer->reserve != NULL) status = consumer->reserve(consumer->ctx, visit, fail);
    if (status != CONFITURE_OK && scan->is_begun && !scan->is_alone) {
        cfti_scan_dismiss(scan);
        status = consumer->reserve(consumer->ctx, visit, fail);
    }
    if (status != CONFITURE_OK || consumer->fold == NULL) return status;
    scan->is_begun = true;
    return consumer->fold(consumer->ctx, visit, fail);
}

#define CFTI_PIECES_PER_WAKE 16 /* 4 MiB: some milliseconds, and waking takes a tenth of one */

/* A large file may take longer than the caller's patience: the caller's own thread
 * asks it; a helper asks whether the scan still goes on, and wakes the caller, who may
 * have nothing to do but to wait for it, now and then to ask. */
static confiture_status cfti_scan_tell_piece(cfti_scan *scan, const cfti_reader *reader,
                                             const cfti_visit *visit, cfti_fail *fail) {
    if (reader->is_caller) return cfti_scan_tell(scan, visit->total, fail);
#if !defined(CONFITURE_NO_THREADS)
    if (visit->total / CFTI_PIECE % CFTI_PIECES_PER_WAKE == 0) {
        cfti_mutex_lock(&scan->mutex);
        cfti_condition_signal(&scan->slot_ready);
        cfti_mutex_unlock(&scan->mutex);
    }
#endif
    return CFTI_ATOMIC_LOAD(&scan->stopping) ? cfti_fail_cancelled(fail) : CONFITURE_OK;
}

/* Its pieces, one after another. */
static confiture_status cfti_visit_each_piece(cfti_scan *scan, cfti_reader *reader,
                                              cfti_visit *visit, cfti_os_file file, bool fold,
                                              cfti_fail *fail) {
    const cfti_consumer *consumer = scan->consumer;
    cfti_os_status before, after;
    confiture_status status = cfti_look(file, &before, fail);
    cfti_block *block;
    size_t used;
    int error;
    if (status != CONFITURE_OK) return status;
    if (!cfti_reader_has_piece(reader)) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    if (cfti_is_over(scan->run, before.size)) return cfti_fail_limit(fail, scan->run);
    if (before.size == 0 && scan->run->max_file_size != 0)
        status = cfti_read_measure(reader, file, fail);
    if (status != CONFITURE_OK) return status;
    /* What has been folded cannot be taken back: memory for its text must not fail later. */
    if (fold && consumer->map != NULL && cfti_arena_reserve(&reader->bytes, CFTI_PIECE) == NULL)
        return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    block = reader->bytes.first;
    used = block == NULL ? 0 : block->used;
    visit->total = 0;
    visit->first = true;
    visit->bytes = reader->piece;
    do { /* the last piece is empty: only then it is known that there is no more */
        status = cfti_read_some(reader, file, reader->piece, CFTI_PIECE, visit->total, &visit->size,
                                fail);
        if (status != CONFITURE_OK) return status;
        visit->total += visit->size;
        if (cfti_is_over(scan->run, visit->total)) return cfti_fail_limit(fail, scan->run);
        visit->last = visit->size == 0;
        visit->to_come = visit->total < before.size ? before.size - visit->total : 0;
        if (consumer->map != NULL)
            status = consumer->map(consumer->ctx, visit, &reader->bytes, fail);
        if (status == CONFITURE_OK && fold) status = cfti_scan_fold(scan, visit, fail);
        cfti_arena_rewind(&reader->bytes, block, used);
        if (status == CONFITURE_OK) status = cfti_scan_tell_piece(scan, reader, visit, fail);
        visit->first = false;
    } while (status == CONFITURE_OK && !visit->last);
    if (status != CONFITURE_OK) return status;
    error = cfti_os_status_of(file, &after);
    if (error != 0) return cfti_fail_system(fail, error, NULL);
    if (!cfti_same_status(&before, &after)) return cfti_fail_with(fail, CONFITURE_E_CHANGED, NULL);
    return CONFITURE_OK;
}

/* A file in pieces, each mapped and, if `fold`, folded at once. */
static confiture_status cfti_visit_pieces(cfti_scan *scan, cfti_reader *reader, cfti_visit *visit,
                                          cfti_os_file file, bool fold, cfti_fail *fail) {
    size_t size = scan->consumer->piece_state_size;
    confiture_status status;
    if (size > 0) {
        visit->piece_state = cfti_alloc(&scan->allocator, size);
        if (visit->piece_state == NULL) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
        memset(visit->piece_state, 0, size);
    }
    status = cfti_visit_each_piece(scan, reader, visit, file, fold, fail);
    cfti_free(&scan->allocator, visit->piece_state, size);
    visit->piece_state = NULL;
    return status;
}

/* ---- batches ---- */

/* Where the bytes of files go: to the batch, which keeps them until it is folded, or, if they
 * need not live so long, to the worker, who reads the next ones over them. */
static cfti_arena *cfti_slot_arena(const cfti_scan *scan, cfti_reader *reader, cfti_slot *slot) {
    return scan->consumer->by_state ? &reader->bytes : &slot->arena;
}

/* Maps a file that has been read whole. */
static confiture_status cfti_slot_map(cfti_scan *scan, cfti_slot *slot, cfti_visit *visit,
                                      cfti_arena *arena, cfti_fail *fail) {
    slot->bytes += visit->size;
    visit->total = visit->size;
    visit->first = visit->last = true;
    if (scan->consumer->map_many != NULL || scan->consumer->map == NULL) return CONFITURE_OK;
    return scan->consumer->map(scan->consumer->ctx, visit, arena, fail);
}

/* With a parallel_for the caller is heard between its rounds only: then large files are left to
 * the caller itself, who tells of each piece. */
static bool cfti_scan_keeps_large(const cfti_scan *scan) {
    return scan->run->parallel_for != NULL && scan->run->progress != NULL;
}

/* Reads and maps one file into its slot. */
static confiture_status cfti_slot_visit(cfti_scan *scan, cfti_reader *reader, cfti_slot *slot,
                                        cfti_visit *visit, cfti_fail *fail) {
    const cfti_consumer *consumer = scan->consumer;
    cfti_arena *arena = cfti_slot_arena(scan, reader, slot);
    cfti_os_file file;
    confiture_status status;
    if (visit->fetched) return cfti_slot_map(scan, slot, visit, arena, fail);
    if (slot->bytes > CFTI_BATCH_LIMIT && !consumer->by_state) {
        visit->way = CFTI_VISIT_LATER;
        return CONFITURE_OK;
    }
    status = cfti_reader_begin(reader, visit, &file, fail);
    if (status != CONFITURE_OK) return status;
    status = cfti_read_file(reader, visit, arena, file, fail);
    if (status == CONFITURE_OK && visit->way != CFTI_VISIT_PIECES) {
        status = cfti_slot_map(scan, slot, visit, arena, fail);
    } else if (status == CONFITURE_OK && consumer->by_state && !cfti_scan_keeps_large(scan)) {
        status = cfti_visit_pieces(scan, reader, visit, file, false, fail);
        visit->way = CFTI_VISIT_WHOLE;
        visit->finished = true;
    }
    cfti_os_close(file);
    return status;
}

/* Reads, maps and folds a file that had to wait for its turn. */
static confiture_status cfti_slot_visit_late(cfti_scan *scan, cfti_reader *reader, cfti_slot *slot,
                                             cfti_visit *visit, cfti_fail *fail) {
    bool by_state = scan->consumer->by_state;
    cfti_os_file file;
    confiture_status status;
    status = cfti_reader_begin(reader, visit, &file, fail);
    if (status != CONFITURE_OK) return status;
    if (visit->way == CFTI_VISIT_LATER) {
        visit->way = CFTI_VISIT_WHOLE;
        status = cfti_read_file(reader, visit, &reader->bytes, file, fail);
    }
    if (status == CONFITURE_OK && visit->way == CFTI_VISIT_PIECES) {
        status = cfti_visit_pieces(scan, reader, visit, file, !by_state, fail);
        visit->finished = true;
        if (status == CONFITURE_OK && by_state) status = cfti_scan_fold(scan, visit, fail);
    } else if (status == CONFITURE_OK) {
        status = cfti_slot_map(scan, slot, visit, &reader->bytes, fail);
        if (status == CONFITURE_OK) status = cfti_scan_fold(scan, visit, fail);
    }
    cfti_os_close(file);
    cfti_arena_reset(&reader->bytes);
    return status;
}

/* Nobody needs the bytes of visits [first, end) any more. */
static void cfti_slot_let_go(cfti_scan *scan, cfti_slot *slot, size_t first, size_t end) {
    size_t i;
    if (scan->consumer->map_many != NULL && first < end)
        scan->consumer->map_many(scan->consumer->ctx, &slot->visits[first], end - first);
    for (i = first; i < end; i++) slot->visits[i].bytes = NULL;
}

/* Names the visits of a batch, and gives them states and memory. False: no memory. */
static bool cfti_slot_begin(cfti_scan *scan, cfti_reader *reader, cfti_slot *slot) {
    const cfti_consumer *consumer = scan->consumer;
    size_t state_size = (consumer->state_size + 15) & ~(size_t)15, i;
    uint8_t *states = NULL;
    if (state_size > 0) {
        states = (uint8_t *)cfti_arena_take(&slot->arena, slot->count * state_size);
        if (states == NULL) return false;
        memset(states, 0, slot->count * state_size);
    }
    for (i = 0; i < slot->count; i++) {
        cfti_visit *visit = &slot->visits[i];
        const cfti_file *file = &scan->files->items[slot->first + i];
        memset(visit, 0, sizeof(*visit));
        visit->index = slot->first + i;
        visit->origin = cfti_files_origin(scan->files, visit->index);
        visit->path = file->path;
        visit->name = file->name;
        visit->name_size = file->name_size;
        if (consumer->framed) visit->front = (size_t)file->name_size + 1;
        if (states != NULL) visit->state = states + i * state_size;
    }
    /* Large files side by side: in one block of memory, which is kept, and not in several
     * that come and go. */
    return slot->count == 1 || slot->expected < CFTI_SLOT_BLOCK ||
           cfti_arena_reserve(cfti_slot_arena(scan, reader, slot),
                              slot->expected + slot->expected / 8) != NULL;
}

/* After a file of a batch: the caller's thread tells of it now and then, and all hear of a
 * stop. */
static confiture_status cfti_scan_tell_file(cfti_scan *scan, const cfti_reader *reader,
                                            const cfti_slot *slot, size_t *told, cfti_fail *fail) {
    if (reader->is_caller && slot->bytes - *told >= CFTI_PIECE) {
        *told = slot->bytes;
        return cfti_scan_tell(scan, slot->bytes, fail);
    }
    return CFTI_ATOMIC_LOAD(&scan->stopping) ? cfti_fail_cancelled(fail) : CONFITURE_OK;
}

/* Reads and maps a batch: on any worker. */
static void cfti_slot_fill(cfti_scan *scan, cfti_reader *reader, cfti_slot *slot) {
    const cfti_consumer *consumer = scan->consumer;
    cfti_arena *arena = cfti_slot_arena(scan, reader, slot);
    confiture_status status = CONFITURE_OK;
    cfti_block *block;
    size_t used, told = 0, kept = 0, let_go = 0; /* visits before it have let go of their bytes */
    memset(&slot->fail, 0, sizeof(slot->fail));
    slot->bytes = slot->done = 0;
    if (consumer->by_state) cfti_arena_reset(arena);
    if (!cfti_slot_begin(scan, reader, slot)) {
        cfti_fail_with(&slot->fail, CONFITURE_E_MEMORY, NULL);
        slot->fail.path = scan->files->items[slot->first].path;
        slot->fail.index = cfti_files_origin(scan->files, slot->first);
        return;
    }
    if (slot->room <= CFTI_FIRST_READ)
        cfti_read_many(reader, slot->visits, slot->count, arena, slot->room);
    block = arena->first;
    used = block == NULL ? 0 : block->used;
    while (slot->done < slot->count && status == CONFITURE_OK) {
        cfti_visit *visit = &slot->visits[slot->done];
        status = cfti_slot_visit(scan, reader, slot, visit, &slot->fail);
        if (status == CONFITURE_OK) slot->done++;
        else cfti_fail_at(&slot->fail, visit);
        if (status == CONFITURE_OK && slot->done < slot->count)
            status = cfti_scan_tell_file(scan, reader, slot, &told, &slot->fail);
        if (!consumer->by_state) continue;
        /* Once the bytes have served, the next files are read over them, cache-warm. */
        if (consumer->map_many != NULL && status == CONFITURE_OK && slot->done < slot->count &&
            slot->bytes - kept < CFTI_BATCH_SIDE)
            continue;
        cfti_slot_let_go(scan, slot, let_go, slot->done);
        let_go = slot->done;
        kept = slot->bytes;
        cfti_arena_rewind(arena, block, used);
    }
}

/* Folds a batch: on the calling thread. */
static confiture_status cfti_slot_fold(cfti_scan *scan, cfti_reader *reader, cfti_slot *slot,
                                       cfti_fail *fail) {
    confiture_status status = CONFITURE_OK;
    size_t i;
    for (i = 0; i < slot->done && status == CONFITURE_OK; i++) {
        cfti_visit *visit = &slot->visits[i];
        scan->is_begun = false;
        status = visit->way == CFTI_VISIT_WHOLE
                     ? cfti_scan_fold(scan, visit, fail)
                     : cfti_slot_visit_late(scan, reader, slot, visit, fail);
        if (status == CONFITURE_OK) {
            scan->progress.bytes += visit->total;
            scan->progress.files++;
        }
        if (status != CONFITURE_OK) cfti_fail_at(fail, visit);
    }
    if (status == CONFITURE_OK && slot->done < slot->count) {
        scan->is_begun = false;
        *fail = slot->fail;
        status = fail->status;
    }
    if (status == CONFITURE_OK) status = cfti_scan_tell(scan, 0, fail);
    return status;
}

/* Makes a slot ready for its next batch, folded or not. */
static void cfti_slot_empty(cfti_slot *slot) {
    slot->done = 0;
    cfti_arena_reset(&slot->arena);
}
