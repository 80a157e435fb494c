/* ---- scan/scan.c: the ordered scan, a batch at a time ---- */

/* The list is cut into batches as the scan goes on. A worker that is free claims the next batch,
 * and reads and maps it into a slot; the caller folds the slots in list order. The number of slots
 * bounds the memory. The caller folds up to the first failure, so the first failure in list order
 * is reported, whatever the workers did. */

/* A target for small files. With CFTI_FIRST_READ it stays below the size from which malloc() maps
 * fresh pages in each call. */
#define CFTI_BATCH_BYTES ((size_t)48 << 10)
#define CFTI_BATCH_LIMIT ((size_t)1 << 20) /* after so many bytes a batch defers its files */
#define CFTI_BATCH_SIDE ((size_t)4 << 20)  /* so many bytes at most go to map_many at once */
#define CFTI_SLOT_BLOCK (CFTI_BATCH_BYTES + CFTI_FIRST_READ)
#define CFTI_STATES_BLOCK ((size_t)4 << 10) /* for a slot that holds only states */

#if !defined(CFTI_FILES_PER_THREAD)
#define CFTI_FILES_PER_THREAD 128 /* read in the time that starting a thread takes */
#endif
#if !defined(CFTI_FILES_PER_HELPER)
#define CFTI_FILES_PER_HELPER 8 /* read in the time that waking a parked thread takes */
#endif
#define CFTI_BYTES_PER_THREAD ((uint64_t)1 << 20) /* the same for few, large files */
/* The memory of batches in flight is bounded for each thread, and in all. A few large files read
 * ahead keep all workers busy; more would only hold memory. */
#define CFTI_FLIGHT_PER_THREAD ((size_t)4 << 20)
#define CFTI_MAX_FLIGHT ((size_t)32 << 20)
#define CFTI_ROUND_BYTES ((size_t)1 << 20) /* for each thread of a parallel_for */

/* The memory of a batch, which one worker reads and maps, and the caller folds. */
typedef struct cfti_slot {
    size_t first, count; /* of the list */
    size_t capacity;     /* enough for most of its files */
    size_t expected;     /* bytes of the batch, by the average of the files before */
    size_t done;         /* files that are ready; fewer than count only after a failure */
    size_t bytes;
    size_t held;      /* the memory of its arena, as far as is known, or as expected */
    bool is_last_try; /* of one file, after a shortage */
    int ready;        /* atomic */
    cfti_fail fail;
    cfti_arena arena;
    cfti_read reads[CFTI_BATCH_FILES];
} cfti_slot;

typedef struct cfti_scan {
    const confiture_files *files;
    const confiture_run *run;
    const cfti_consumer *consumer;
    confiture_allocator allocator;
    size_t slot_count;
    cfti_slot **slots; /* batch b is in slots[b % slot_count]; made when first needed */
    cfti_slot **idle;  /* a stack: the slot used last is the next, since its memory is warm */
    cfti_slot *single[2];
    size_t idle_count;
    size_t slot_block;     /* the smallest memory of a slot */
    size_t held, max_held; /* the memory of all slots, and its limit */
    size_t threads;        /* the largest number */
    cfti_workers workers;
    bool workers_are_open;
    bool is_exhausted;               /* a shortage: no more batches are claimed */
    bool is_alone;                   /* after a shortage: the caller works alone */
    bool is_last_try;                /* the next batch is the file that failed */
    bool is_started;                 /* part of the current file has been folded */
    int stopping;                    /* atomic */
    int fold_count;                  /* atomic: changes with every folded batch */
    size_t claimed, folded;          /* batches, counted from the start */
    size_t next;                     /* the first file that no batch has claimed */
    uint64_t read_files, read_bytes; /* so far: their average sizes the next batch */
    uint64_t read_held;              /* memory that these files needed */
    confiture_progress progress;     /* of the caller's thread alone, as the next two */
    uint64_t reported_bytes;
    bool cancelled;
    uintptr_t caller; /* the thread of the call, with a parallel_for */
    /* Protects all members but the caller's own. A slot's contents belong to its worker. */
    cfti_mutex mutex;
    cfti_condition slot_free;  /* helpers wait for it */
    cfti_condition slot_ready; /* the caller waits for it */
} cfti_scan;

static confiture_status cfti_fail_cancelled(cfti_fail *fail) {
    cfti_fail_with(fail, CONFITURE_E_CANCELLED, NULL);
    fail->path = ""; /* of no file */
    return fail->status;
}

/* Reports progress to the caller: the folded files, and `more_bytes` of the current ones. */
static confiture_status cfti_scan_report(cfti_scan *scan, uint64_t more_bytes, cfti_fail *fail) {
    const confiture_run *run = scan->run;
    confiture_progress progress = scan->progress;
    /* A batch may begin before those ahead of it are folded: the count must not decrease. */
    progress.bytes = scan->reported_bytes = progress.bytes + more_bytes > scan->reported_bytes
                                                ? progress.bytes + more_bytes
                                                : scan->reported_bytes;
    if (run->progress != NULL && !scan->cancelled)
        scan->cancelled = run->progress(run->progress_user, &progress) != 0;
    if (!scan->cancelled) return CONFITURE_OK;
    CFTI_ATOMIC_STORE(&scan->stopping, 1);
    return cfti_fail_cancelled(fail);
}

static void cfti_scan_dismiss(cfti_scan *scan);

/* Folds a chunk. If reserve fails, the helpers are dismissed, whose memory may be enough. A file
 * of which nothing has been folded is not saved in this way: cfti_scan_retry() reads it anew. */
static confiture_status cfti_scan_fold(cfti_scan *scan, cfti_chunk *chunk, cfti_fail *fail) {
    const cfti_consumer *consumer = scan->consumer;
    confiture_status status = CONFITURE_OK;
    if (consumer->reserve != NULL) status = consumer->reserve(consumer->ctx, chunk, fail);
    if (status != CONFITURE_OK && scan->is_started && !scan->is_alone) {
        cfti_scan_dismiss(scan);
        status = consumer->reserve(consumer->ctx, chunk, fail);
    }
    if (status != CONFITURE_OK || consumer->fold == NULL) return status;
    scan->is_started = true;
    return consumer->fold(consumer->ctx, chunk, fail);
}

#define CFTI_PIECES_PER_WAKE 16 /* 4 MiB take some milliseconds, waking a thread 0.1 ms */

/* Progress within a large file. The caller's thread reports it. A helper checks whether the scan
 * is to stop, and now and then wakes the caller, which may be waiting, to report. */
static confiture_status cfti_scan_report_piece(cfti_scan *scan, const cfti_reader *reader,
                                               const cfti_chunk *chunk, cfti_fail *fail) {
    if (reader->is_caller) return cfti_scan_report(scan, chunk->total, fail);
    if (chunk->total / CFTI_PIECE % CFTI_PIECES_PER_WAKE == 0) {
        cfti_mutex_lock(&scan->mutex);
        cfti_condition_signal(&scan->slot_ready);
        cfti_mutex_unlock(&scan->mutex);
    }
    return CFTI_ATOMIC_LOAD(&scan->stopping) ? cfti_fail_cancelled(fail) : CONFITURE_OK;
}

/* Takes the status before the first piece, and does what may fail before anything is folded. */
static confiture_status cfti_scan_prepare_pieces(cfti_scan *scan, cfti_reader *reader,
                                                 cfti_os_file file, bool fold,
                                                 cfti_os_status *before, cfti_fail *fail) {
    if (cfti_wait_status(file, before, fail) != CONFITURE_OK) return fail->status;
    if (!cfti_reader_has_piece(reader)) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    if (cfti_is_over(scan->run, before->size)) return cfti_fail_limit(fail, scan->run);
    if (before->size == 0 && scan->run->max_file_size != 0 &&
        cfti_read_measure(reader, file, fail) != CONFITURE_OK)
        return fail->status;
    /* A folded piece cannot be taken back, so memory for the text of a piece comes first. */
    if (fold && scan->consumer->map != NULL &&
        cfti_arena_reserve(&reader->bytes, CFTI_PIECE) == NULL)
        return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    return CONFITURE_OK;
}

static confiture_status cfti_scan_each_piece(cfti_scan *scan, cfti_reader *reader,
                                             cfti_chunk *chunk, cfti_os_file file, bool fold,
                                             cfti_fail *fail) {
    const cfti_consumer *consumer = scan->consumer;
    cfti_os_status before;
    confiture_status status = cfti_scan_prepare_pieces(scan, reader, file, fold, &before, fail);
    cfti_block *block = reader->bytes.first;
    size_t used = block == NULL ? 0 : block->used;
    if (status != CONFITURE_OK) return status;
    chunk->total = 0;
    chunk->first = true;
    chunk->bytes = reader->piece;
    chunk->headroom = 0;
    do { /* the last piece is empty: only an empty read proves the end */
        status = cfti_read_some(reader, file, reader->piece, CFTI_PIECE, chunk->total, &chunk->size,
                                fail);
        if (status != CONFITURE_OK) return status;
        chunk->total += chunk->size;
        if (cfti_is_over(scan->run, chunk->total)) return cfti_fail_limit(fail, scan->run);
        chunk->last = chunk->size == 0;
        chunk->remaining = chunk->total < before.size ? before.size - chunk->total : 0;
        if (consumer->map != NULL)
            status = consumer->map(consumer->ctx, chunk, &reader->bytes, fail);
        if (status == CONFITURE_OK && fold) status = cfti_scan_fold(scan, chunk, fail);
        cfti_arena_rewind(&reader->bytes, block, used);
        if (status == CONFITURE_OK) status = cfti_scan_report_piece(scan, reader, chunk, fail);
        chunk->first = false;
    } while (status == CONFITURE_OK && !chunk->last);
    return status == CONFITURE_OK ? cfti_read_unchanged(file, &before, fail) : status;
}

/* Reads a file in pieces. Each is mapped and, if `fold`, folded at once. */
static confiture_status cfti_scan_pieces(cfti_scan *scan, cfti_reader *reader, cfti_chunk *chunk,
                                         cfti_os_file file, bool fold, cfti_fail *fail) {
    size_t size = scan->consumer->piece_state_size;
    confiture_status status;
    if (size > 0) {
        chunk->piece_state = cfti_alloc(&scan->allocator, size);
        if (chunk->piece_state == NULL) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
        memset(chunk->piece_state, 0, size);
    }
    status = cfti_scan_each_piece(scan, reader, chunk, file, fold, fail);
    cfti_free(&scan->allocator, chunk->piece_state, size);
    chunk->piece_state = NULL;
    return status;
}

/* ---- batches ---- */

/* Bytes that fold needs go to the slot. Bytes that only map needs go to the worker's arena, where
 * the next files are read over them, cache-warm. */
static cfti_arena *cfti_slot_arena(const cfti_scan *scan, cfti_reader *reader, cfti_slot *slot) {
    return scan->consumer->state_only ? &reader->bytes : &slot->arena;
}

/* Maps a file that has been read whole. */
static confiture_status cfti_slot_map(cfti_scan *scan, cfti_slot *slot, cfti_chunk *chunk,
                                      cfti_arena *arena, cfti_fail *fail) {
    slot->bytes += chunk->size;
    chunk->total = chunk->size;
    chunk->first = chunk->last = true;
    if (scan->consumer->map_many != NULL || scan->consumer->map == NULL) return CONFITURE_OK;
    return scan->consumer->map(scan->consumer->ctx, chunk, arena, fail);
}

/* With a parallel_for a helper cannot wake the caller to report progress within a large file: the
 * caller reads large files itself. */
static bool cfti_scan_keeps_large(const cfti_scan *scan) {
    return scan->run->parallel_for != NULL && scan->run->progress != NULL;
}

/* Reads and maps one file of a batch. */
static confiture_status cfti_slot_read_file(cfti_scan *scan, cfti_reader *reader, cfti_slot *slot,
                                            cfti_read *read, cfti_fail *fail) {
    const cfti_consumer *consumer = scan->consumer;
    cfti_arena *arena = cfti_slot_arena(scan, reader, slot);
    cfti_os_file file;
    confiture_status status;
    if (read->state == CFTI_READ_WHOLE) /* by cfti_read_many() */
        return cfti_slot_map(scan, slot, &read->chunk, arena, fail);
    if (slot->bytes > CFTI_BATCH_LIMIT && !consumer->state_only) {
        read->state = CFTI_READ_DEFERRED;
        return CONFITURE_OK;
    }
    status = cfti_reader_open_file(reader, read->chunk.file, &file, fail);
    if (status != CONFITURE_OK) return status;
    status = cfti_read_file(reader, read, arena, file, fail);
    if (status == CONFITURE_OK && read->state == CFTI_READ_WHOLE) {
        status = cfti_slot_map(scan, slot, &read->chunk, arena, fail);
    } else if (status == CONFITURE_OK && consumer->state_only && !cfti_scan_keeps_large(scan)) {
        status = cfti_scan_pieces(scan, reader, &read->chunk, file, false, fail);
        read->state = CFTI_READ_MAPPED;
    }
    cfti_os_close(file);
    return status;
}

/* Reads, maps and folds a file that was deferred. */
static confiture_status cfti_slot_read_late(cfti_scan *scan, cfti_reader *reader, cfti_slot *slot,
                                            cfti_read *read, cfti_fail *fail) {
    bool state_only = scan->consumer->state_only;
    cfti_chunk *chunk = &read->chunk;
    cfti_os_file file;
    confiture_status status;
    status = cfti_reader_open_file(reader, chunk->file, &file, fail);
    if (status != CONFITURE_OK) return status;
    if (read->state == CFTI_READ_DEFERRED)
        status = cfti_read_file(reader, read, &reader->bytes, file, fail);
    if (status == CONFITURE_OK && read->state == CFTI_READ_TOO_LONG) {
        status = cfti_scan_pieces(scan, reader, chunk, file, !state_only, fail);
        if (status == CONFITURE_OK && state_only) status = cfti_scan_fold(scan, chunk, fail);
    } else if (status == CONFITURE_OK) {
        status = cfti_slot_map(scan, slot, chunk, &reader->bytes, fail);
        if (status == CONFITURE_OK) status = cfti_scan_fold(scan, chunk, fail);
    }
    cfti_os_close(file);
    cfti_arena_reset(&reader->bytes);
    return status;
}

/* Hands the whole files of [first, end) to map_many. Their bytes are not needed after that. */
static void cfti_slot_release(cfti_scan *scan, cfti_slot *slot, size_t first, size_t end) {
    cfti_chunk *chunks[CFTI_BATCH_FILES];
    size_t count = 0, i;
    for (i = first; i < end; i++)
        if (slot->reads[i].state == CFTI_READ_WHOLE) chunks[count++] = &slot->reads[i].chunk;
    if (scan->consumer->map_many != NULL && count > 0)
        scan->consumer->map_many(scan->consumer->ctx, chunks, count);
    for (i = 0; i < count; i++) chunks[i]->bytes = NULL;
}

/* Sets up the chunks of a batch, with states and memory. False: no memory. */
static bool cfti_slot_prepare(cfti_scan *scan, cfti_reader *reader, cfti_slot *slot) {
    const cfti_consumer *consumer = scan->consumer;
    size_t state_size = (consumer->state_size + 15) & ~(size_t)15, i;
    uint8_t *states = NULL;
    if (state_size > 0) {
        states = (uint8_t *)cfti_arena_alloc(&slot->arena, slot->count * state_size);
        if (states == NULL) return false;
        memset(states, 0, slot->count * state_size);
    }
    for (i = 0; i < slot->count; i++) {
        cfti_chunk *chunk = &slot->reads[i].chunk;
        memset(&slot->reads[i], 0, sizeof(slot->reads[i]));
        chunk->index = slot->first + i;
        chunk->file = &scan->files->items[chunk->index];
        if (consumer->wants_headroom) chunk->headroom = (size_t)chunk->file->name_size + 1;
        if (states != NULL) chunk->state = states + i * state_size;
    }
    /* Large files of one batch share one block of memory, which the arena keeps for the next. */
    return slot->count == 1 || slot->expected < CFTI_SLOT_BLOCK ||
           cfti_arena_reserve(cfti_slot_arena(scan, reader, slot),
                              slot->expected + slot->expected / 8) != NULL;
}

/* After a file of a batch: the caller's thread reports now and then, and all learn of a stop. */
static confiture_status cfti_scan_report_file(cfti_scan *scan, const cfti_reader *reader,
                                              const cfti_slot *slot, size_t *reported,
                                              cfti_fail *fail) {
    if (reader->is_caller && slot->bytes - *reported >= CFTI_PIECE) {
        *reported = slot->bytes;
        return cfti_scan_report(scan, slot->bytes, fail);
    }
    return CFTI_ATOMIC_LOAD(&scan->stopping) ? cfti_fail_cancelled(fail) : CONFITURE_OK;
}

/* Reads and maps a batch, on any worker. */
static void cfti_slot_read(cfti_scan *scan, cfti_reader *reader, cfti_slot *slot) {
    const cfti_consumer *consumer = scan->consumer;
    cfti_arena *arena = cfti_slot_arena(scan, reader, slot);
    confiture_status status = CONFITURE_OK;
    cfti_block *block;
    size_t used, reported = 0;
    size_t released = 0, released_bytes = 0; /* files whose bytes have been released, and those */
    memset(&slot->fail, 0, sizeof(slot->fail));
    slot->bytes = slot->done = 0;
    if (consumer->state_only) cfti_arena_reset(arena);
    if (!cfti_slot_prepare(scan, reader, slot)) {
        cfti_fail_with(&slot->fail, CONFITURE_E_MEMORY, NULL);
        cfti_fail_at(&slot->fail, scan->files, slot->first);
        return;
    }
    if (slot->capacity <= CFTI_FIRST_READ)
        cfti_read_many(reader, slot->reads, slot->count, arena, slot->capacity);
    block = arena->first;
    used = block == NULL ? 0 : block->used;
    while (slot->done < slot->count && status == CONFITURE_OK) {
        status = cfti_slot_read_file(scan, reader, slot, &slot->reads[slot->done], &slot->fail);
        if (status == CONFITURE_OK) slot->done++;
        else cfti_fail_at(&slot->fail, scan->files, slot->first + slot->done);
        if (status == CONFITURE_OK && slot->done < slot->count)
            status = cfti_scan_report_file(scan, reader, slot, &reported, &slot->fail);
        if (!consumer->state_only) continue;
        if (consumer->map_many != NULL && status == CONFITURE_OK && slot->done < slot->count &&
            slot->bytes - released_bytes < CFTI_BATCH_SIDE)
            continue;
        cfti_slot_release(scan, slot, released, slot->done);
        released = slot->done;
        released_bytes = slot->bytes;
        cfti_arena_rewind(arena, block, used);
    }
}

/* Folds a batch, on the calling thread. */
static confiture_status cfti_slot_fold(cfti_scan *scan, cfti_reader *reader, cfti_slot *slot,
                                       cfti_fail *fail) {
    confiture_status status = CONFITURE_OK;
    size_t i;
    for (i = 0; i < slot->done && status == CONFITURE_OK; i++) {
        cfti_read *read = &slot->reads[i];
        scan->is_started = false;
        status = cfti_read_is_done(read) ? cfti_scan_fold(scan, &read->chunk, fail)
                                         : cfti_slot_read_late(scan, reader, slot, read, fail);
        if (status == CONFITURE_OK) {
            scan->progress.bytes += read->chunk.total;
            scan->progress.files++;
        }
        if (status != CONFITURE_OK) cfti_fail_at(fail, scan->files, slot->first + i);
    }
    if (status == CONFITURE_OK && slot->done < slot->count) {
        scan->is_started = false;
        *fail = slot->fail;
        status = fail->status;
    }
    if (status == CONFITURE_OK) status = cfti_scan_report(scan, 0, fail);
    return status;
}

/* Prepares a slot for its next batch. */
static void cfti_slot_reset(cfti_slot *slot) {
    slot->done = 0;
    cfti_arena_reset(&slot->arena);
}
