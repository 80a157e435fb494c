/* ---- scan.c: the ordered scan ---- */

/* Visits the files of a list in order, each read once. What is done to a file has
 * two halves: `map` on any thread, in any order, and `fold` on the calling thread,
 * strictly in list order. The list is cut into batches as it is worked off; whoever
 * has nothing to do takes the next batch, reads and maps it into a slot, and the
 * caller folds the slots in order. There are few slots, so memory is bounded; and
 * the caller folds up to the first failure and no further, so the failure reported
 * is the first in list order whatever the threads did. */

#define CFTI_BATCH_FILES 64
#define CFTI_BATCH_BYTES ((size_t)32 << 10) /* wished for: little memory, and always warm */
#define CFTI_BATCH_LIMIT ((size_t)1 << 20)  /* a batch that has grown to this reads no more */
#define CFTI_BATCH_SIDE ((size_t)4 << 20)   /* and of files that are mapped side by side */
#define CFTI_SLOT_BLOCK (CFTI_BATCH_BYTES + CFTI_FIRST_READ)

#if !defined(CFTI_FILES_PER_THREAD)
#define CFTI_FILES_PER_THREAD 128 /* reading so many takes as long as starting a thread */
#endif
#if !defined(CFTI_FILES_PER_HELPER)
#define CFTI_FILES_PER_HELPER 8 /* and waking a parked one */
#endif
#define CFTI_BYTES_PER_THREAD ((uint64_t)1 << 20) /* few files, but large ones */

typedef struct cfti_consumer {
    size_t state_size;
    bool by_state; /* fold needs only the state: bytes need not outlive map, and the
                    * pieces of a large file may be mapped by any worker */
    bool framed;   /* wishes for name, NUL, bytes, NUL in one run: see cfti_visit */
    /* Each may be NULL. map takes from the arena what must live until fold. A
     * failure without path is given that of the file. */
    confiture_status (*map)(void *ctx, cfti_visit *visit, cfti_arena *arena, cfti_fail *fail);
    confiture_status (*fold)(void *ctx, cfti_visit *visit, cfti_fail *fail);
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
    int ready; /* atomic */
    cfti_fail fail;
    cfti_arena arena;
    cfti_visit visits[CFTI_BATCH_FILES];
} cfti_slot;

typedef struct cfti_scan {
    const confiture_files *files;
    const confiture_run *run;
    const cfti_consumer *consumer;
    confiture_allocator allocator;
    cfti_slot *slots;
    size_t slot_count;
    cfti_slot **order;             /* batch b is in order[b % slot_count] */
    cfti_slot **idle;              /* the last to be used is the next: its memory is warm */
    size_t idle_count, used_slots; /* slots from used_slots on have not been needed yet */
    int free_count;                /* of both: atomic */
    size_t threads;                /* at most */
    cfti_crew crew;
    bool crew_is_open, stopping;
    size_t taken, folded;            /* batches, counted from the start */
    size_t next;                     /* file to be taken next */
    uint64_t read_files, read_bytes; /* for the size of the next batch */
    confiture_progress progress;     /* of this and the next two: the caller's thread alone */
    uint64_t told_bytes;
    bool cancelled;
#if !defined(CONFITURE_NO_THREADS)
    cfti_mutex mutex;          /* over taken, folded, next, stopping, ready, idle and read_ */
    cfti_condition slot_free;  /* helpers wait for it */
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
    if (run->progress != NULL) scan->cancelled = run->progress(run->progress_user, &progress) != 0;
    return scan->cancelled ? cfti_fail_cancelled(fail) : CONFITURE_OK;
}

#define CFTI_PIECES_PER_WAKE 16 /* 4 MiB: some milliseconds, and waking takes a tenth of one */

/* A large file may take longer than the caller's patience: the caller's own thread
 * asks it; a helper asks whether the scan still goes on, and wakes the caller, who may
 * have nothing to do but to wait for it, now and then to ask. */
static confiture_status cfti_scan_tell_piece(cfti_scan *scan, const cfti_reader *reader,
                                             const cfti_visit *visit, cfti_fail *fail) {
    bool stopping;
    if (reader->is_caller) return cfti_scan_tell(scan, visit->total, fail);
    cfti_scan_lock(scan);
    stopping = scan->stopping;
#if !defined(CONFITURE_NO_THREADS)
    if (visit->total / CFTI_PIECE % CFTI_PIECES_PER_WAKE == 0)
        cfti_condition_signal(&scan->slot_ready);
#endif
    cfti_scan_unlock(scan);
    return stopping ? cfti_fail_cancelled(fail) : CONFITURE_OK;
}

/* Its pieces, one after another. */
static confiture_status cfti_visit_each_piece(cfti_scan *scan, cfti_reader *reader,
                                              cfti_visit *visit, cfti_os_file file, bool fold,
                                              cfti_fail *fail) {
    const cfti_consumer *consumer = scan->consumer;
    cfti_os_status before, after;
    confiture_status status = cfti_look(file, &before, fail);
    int error;
    if (status != CONFITURE_OK) return status;
    if (!cfti_reader_has_piece(reader)) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    if (cfti_is_over(scan->run, before.size)) return cfti_fail_limit(fail, scan->run);
    if (before.size == 0 && scan->run->max_file_size != 0)
        status = cfti_read_measure(reader, file, fail);
    if (status != CONFITURE_OK) return status;
    visit->total = 0;
    visit->first = true;
    visit->bytes = reader->piece;
    do { /* the last piece is empty: only then it is known that there is no more */
        cfti_arena scratch;
        status = cfti_read_some(reader, file, reader->piece, CFTI_PIECE, visit->total, &visit->size,
                                fail);
        if (status != CONFITURE_OK) return status;
        visit->total += visit->size;
        if (cfti_is_over(scan->run, visit->total)) return cfti_fail_limit(fail, scan->run);
        visit->last = visit->size == 0;
        visit->to_come = visit->total < before.size ? before.size - visit->total : 0;
        memset(&scratch, 0, sizeof(scratch));
        scratch.allocator = scan->allocator;
        scratch.block_size = CFTI_PIECE;
        if (consumer->map != NULL) status = consumer->map(consumer->ctx, visit, &scratch, fail);
        if (status == CONFITURE_OK && fold && consumer->fold != NULL)
            status = consumer->fold(consumer->ctx, visit, fail);
        cfti_arena_free(&scratch);
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

/* Maps a file that has been read whole. */
static confiture_status cfti_slot_map(cfti_scan *scan, cfti_slot *slot, cfti_visit *visit,
                                      cfti_fail *fail) {
    slot->bytes += visit->size;
    visit->total = visit->size;
    visit->first = visit->last = true;
    if (scan->consumer->map_many != NULL || scan->consumer->map == NULL) return CONFITURE_OK;
    return scan->consumer->map(scan->consumer->ctx, visit, &slot->arena, fail);
}

/* Reads and maps one file into its slot. */
static confiture_status cfti_slot_visit(cfti_scan *scan, cfti_reader *reader, cfti_slot *slot,
                                        cfti_visit *visit, cfti_fail *fail) {
    const cfti_consumer *consumer = scan->consumer;
    cfti_os_file file;
    confiture_status status;
    if (visit->fetched) return cfti_slot_map(scan, slot, visit, fail);
    if (slot->bytes > CFTI_BATCH_LIMIT && !consumer->by_state) {
        visit->way = CFTI_VISIT_LATER;
        return CONFITURE_OK;
    }
    status = cfti_reader_begin(reader, visit, &file, fail);
    if (status != CONFITURE_OK) return status;
    status = cfti_read_file(reader, visit, &slot->arena, file, fail);
    if (status == CONFITURE_OK && visit->way != CFTI_VISIT_PIECES) {
        status = cfti_slot_map(scan, slot, visit, fail);
    } else if (status == CONFITURE_OK && consumer->by_state) {
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
    const cfti_consumer *consumer = scan->consumer;
    cfti_block *block = slot->arena.first;
    size_t used = block == NULL ? 0 : block->used;
    cfti_os_file file;
    confiture_status status;
    status = cfti_reader_begin(reader, visit, &file, fail);
    if (status != CONFITURE_OK) return status;
    if (visit->way == CFTI_VISIT_LATER) {
        visit->way = CFTI_VISIT_WHOLE;
        status = cfti_read_file(reader, visit, &slot->arena, file, fail);
    }
    if (status == CONFITURE_OK && visit->way == CFTI_VISIT_PIECES) {
        status = cfti_visit_pieces(scan, reader, visit, file, true, fail);
    } else if (status == CONFITURE_OK) {
        status = cfti_slot_map(scan, slot, visit, fail);
        if (status == CONFITURE_OK && consumer->fold != NULL)
            status = consumer->fold(consumer->ctx, visit, fail);
    }
    cfti_os_close(file);
    cfti_arena_rewind(&slot->arena, block, used);
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
static bool cfti_slot_begin(cfti_scan *scan, cfti_slot *slot) {
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
           cfti_arena_reserve(&slot->arena, slot->expected + slot->expected / 8) != NULL;
}

/* Reads and maps a batch: on any worker. */
static void cfti_slot_fill(cfti_scan *scan, cfti_reader *reader, cfti_slot *slot) {
    const cfti_consumer *consumer = scan->consumer;
    confiture_status status = CONFITURE_OK;
    cfti_block *block;
    size_t used, kept = 0, let_go = 0; /* visits before it have let go of their bytes */
    memset(&slot->fail, 0, sizeof(slot->fail));
    slot->bytes = slot->done = 0;
    if (!cfti_slot_begin(scan, slot)) {
        cfti_fail_with(&slot->fail, CONFITURE_E_MEMORY, NULL);
        slot->fail.path = scan->files->items[slot->first].path;
        slot->fail.index = cfti_files_origin(scan->files, slot->first);
        return;
    }
    if (slot->room <= CFTI_FIRST_READ)
        cfti_read_many(reader, slot->visits, slot->count, &slot->arena, slot->room);
    block = slot->arena.first;
    used = block == NULL ? 0 : block->used;
    while (slot->done < slot->count && status == CONFITURE_OK) {
        cfti_visit *visit = &slot->visits[slot->done];
        status = cfti_slot_visit(scan, reader, slot, visit, &slot->fail);
        if (status == CONFITURE_OK) slot->done++;
        else cfti_fail_at(&slot->fail, visit);
        if (!consumer->by_state) continue;
        /* Once the bytes have served, the next files are read over them, cache-warm. */
        if (consumer->map_many != NULL && status == CONFITURE_OK && slot->done < slot->count &&
            slot->bytes - kept < CFTI_BATCH_SIDE)
            continue;
        cfti_slot_let_go(scan, slot, let_go, slot->done);
        let_go = slot->done;
        kept = slot->bytes;
        cfti_arena_rewind(&slot->arena, block, used);
    }
}

/* Folds a batch: on the calling thread. */
static confiture_status cfti_slot_fold(cfti_scan *scan, cfti_reader *reader, cfti_slot *slot,
                                       cfti_fail *fail) {
    const cfti_consumer *consumer = scan->consumer;
    confiture_status status = CONFITURE_OK;
    size_t i;
    for (i = 0; i < slot->done && status == CONFITURE_OK; i++) {
        cfti_visit *visit = &slot->visits[i];
        if (visit->way != CFTI_VISIT_WHOLE)
            status = cfti_slot_visit_late(scan, reader, slot, visit, fail);
        else if (consumer->fold != NULL) status = consumer->fold(consumer->ctx, visit, fail);
        scan->progress.bytes += visit->total;
        scan->progress.files++;
        if (status != CONFITURE_OK) cfti_fail_at(fail, visit);
    }
    if (status == CONFITURE_OK && slot->done < slot->count) {
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

/* ---- the loop ---- */

/* A slot that is free, if there is one. With the lock held. */
static cfti_slot *cfti_scan_idle_slot(cfti_scan *scan) {
    cfti_slot *slot;
    CFTI_ATOMIC_STORE(&scan->free_count, scan->free_count - 1);
    if (scan->idle_count > 0) return scan->idle[--scan->idle_count];
    slot = &scan->slots[scan->used_slots++];
    memset(slot, 0, offsetof(cfti_slot, visits));
    slot->arena.allocator = scan->allocator;
    slot->arena.block_size = CFTI_SLOT_BLOCK;
    return slot;
}

/* The next batch, into the slot that is its own, if that is free: with the lock
 * held. About CFTI_BATCH_BYTES by what the files so far were like, and a small part
 * of what is left, so that nobody sits on the last large batch. */
static cfti_slot *cfti_scan_take(cfti_scan *scan) {
    size_t left = scan->files->count - scan->next, n = 16, room = CFTI_FIRST_READ / 4;
    uint64_t average = 0; /* not known yet */
    cfti_slot *slot;
    if (left == 0 || scan->free_count == 0) return NULL;
    if (scan->read_files > 0) {
        average = scan->read_bytes / scan->read_files + 1;
        n = average >= CFTI_BATCH_BYTES ? 1 : CFTI_BATCH_BYTES / (size_t)average;
        room = 3 * (average < CFTI_FIRST_READ ? (size_t)average : CFTI_FIRST_READ) + 512;
    }
    if (scan->crew_is_open || scan->run->parallel_for != NULL)
        n = cfti_min(n, left / (2 * scan->threads));
    if (scan->consumer->map_many != NULL && average <= CFTI_BATCH_SIDE / CFTI_SHA256_LANES)
        n = cfti_max(n, CFTI_SHA256_LANES);
    n = cfti_min(cfti_max(n, 1), cfti_min(left, CFTI_BATCH_FILES));
    slot = cfti_scan_idle_slot(scan);
    scan->order[scan->taken++ % scan->slot_count] = slot;
    slot->first = scan->next;
    slot->count = n;
    slot->room = room;
    slot->expected = n * (average < CFTI_BATCH_SIDE / n ? (size_t)average : CFTI_BATCH_SIDE / n);
    CFTI_ATOMIC_STORE(&slot->ready, 0);
    scan->next += n;
    return slot;
}

/* The batch whose turn it is to be folded. With the lock held. */
static cfti_slot *cfti_scan_oldest(const cfti_scan *scan) {
    return scan->folded < scan->taken ? scan->order[scan->folded % scan->slot_count] : NULL;
}

/* With the lock held. */
static void cfti_scan_folded(cfti_scan *scan, cfti_slot *slot) {
    scan->folded++;
    scan->idle[scan->idle_count++] = slot;
    CFTI_ATOMIC_STORE(&scan->free_count, scan->free_count + 1);
}

/* With the lock held. */
static void cfti_scan_filled(cfti_scan *scan, cfti_slot *slot) {
    CFTI_ATOMIC_STORE(&slot->ready, 1);
    scan->read_files += slot->done;
    scan->read_bytes += slot->bytes;
}

#if !defined(CONFITURE_NO_THREADS)
/* Waits until *value is no longer 0, or the condition is signalled. With the lock held. */
static void cfti_scan_wait(cfti_scan *scan, cfti_condition *condition, const int *value) {
    cfti_mutex_unlock(&scan->mutex);
    cfti_spin_while(value, 0);
    cfti_mutex_lock(&scan->mutex);
    if (CFTI_ATOMIC_LOAD(value) == 0 && !scan->stopping)
        cfti_condition_wait(condition, &scan->mutex);
}

/* A helper's life: take, fill, until there is nothing left. */
static void cfti_scan_help(void *ctx, size_t worker) {
    cfti_scan *scan = (cfti_scan *)ctx;
    cfti_reader reader;
    (void)worker;
    cfti_reader_init(&reader, scan->files, scan->run, &scan->allocator);
    cfti_scan_lock(scan);
    while (!scan->stopping && scan->next < scan->files->count) {
        cfti_slot *slot = cfti_scan_take(scan);
        if (slot == NULL) {
            cfti_scan_wait(scan, &scan->slot_free, &scan->free_count);
            continue;
        }
        cfti_scan_unlock(scan);
        cfti_slot_fill(scan, &reader, slot);
        cfti_scan_lock(scan);
        cfti_scan_filled(scan, slot);
        cfti_condition_signal(&scan->slot_ready);
    }
    cfti_scan_unlock(scan);
    cfti_reader_close(&reader);
}
#endif

/* Calls in the helpers once there is work for them. */
static void cfti_scan_start(cfti_scan *scan) {
#if !defined(CONFITURE_NO_THREADS)
    size_t count = scan->files->count, useful;
    size_t each = scan->run->pool != NULL ? CFTI_FILES_PER_HELPER : CFTI_FILES_PER_THREAD;
    if (scan->crew_is_open || scan->threads < 2) return;
    useful = count / each;
    if (useful < 2 && scan->read_bytes >= CFTI_BYTES_PER_THREAD) useful = count - scan->next + 1;
    if (useful < 2) return;
    scan->crew_is_open = true;
    cfti_crew_open(&scan->crew, scan->run, &scan->allocator, cfti_min(useful, scan->threads));
    cfti_crew_start(&scan->crew, cfti_scan_help, scan);
#else
    (void)scan;
#endif
}

/* The caller's part: fold the next batch if it is ready, else fill one, else wait. */
static confiture_status cfti_scan_lead(cfti_scan *scan, cfti_reader *reader, cfti_fail *fail) {
    confiture_status status = CONFITURE_OK;
    cfti_scan_lock(scan);
    while (status == CONFITURE_OK &&
           (scan->next < scan->files->count || scan->folded < scan->taken)) {
        cfti_slot *slot = cfti_scan_oldest(scan);
        if (slot != NULL && slot->ready) {
            cfti_scan_unlock(scan);
            status = cfti_slot_fold(scan, reader, slot, fail);
            cfti_slot_empty(slot);
            cfti_scan_lock(scan);
            cfti_scan_folded(scan, slot);
#if !defined(CONFITURE_NO_THREADS)
            /* Waking a thread can take longer than it takes to read a batch: one that
             * sleeps since all slots were full is woken when half of them are free. */
            if (scan->crew_is_open && 2 * (size_t)scan->free_count >= scan->slot_count)
                cfti_condition_signal(&scan->slot_free);
#endif
            continue;
        }
        cfti_scan_unlock(scan);
        cfti_scan_start(scan);
        cfti_scan_lock(scan);
        slot = cfti_scan_take(scan);
        if (slot != NULL) {
            cfti_scan_unlock(scan);
            cfti_slot_fill(scan, reader, slot);
            if (scan->cancelled) status = cfti_fail_cancelled(fail);
            cfti_scan_lock(scan);
            cfti_scan_filled(scan, slot);
        } else {
#if !defined(CONFITURE_NO_THREADS)
            slot = cfti_scan_oldest(scan);
            if (slot != NULL && !slot->ready) {
                cfti_scan_wait(scan, &scan->slot_ready, &slot->ready);
                cfti_scan_unlock(scan);
                status = cfti_scan_tell(scan, 0, fail);
                cfti_scan_lock(scan);
            }
#endif
        }
    }
    scan->stopping = true;
#if !defined(CONFITURE_NO_THREADS)
    cfti_condition_broadcast(&scan->slot_free);
#endif
    cfti_scan_unlock(scan);
    return status;
}

static void cfti_scan_fill_index(void *ctx, size_t index) {
    cfti_scan *scan = (cfti_scan *)ctx;
    cfti_reader reader;
    cfti_reader_init(&reader, scan->files, scan->run, &scan->allocator);
    cfti_slot_fill(scan, &reader, scan->order[(scan->folded + index) % scan->slot_count]);
    cfti_reader_close(&reader);
}

/* The same with the caller's own parallel_for: it may do its work in any order, even
 * one after the other, so a round of batches is filled and then folded. */
static confiture_status cfti_scan_rounds(cfti_scan *scan, cfti_reader *reader, cfti_fail *fail) {
    confiture_status status = CONFITURE_OK;
    while (status == CONFITURE_OK && scan->next < scan->files->count) {
        size_t n, i;
        int error;
        while (cfti_scan_take(scan) != NULL) continue;
        n = scan->taken - scan->folded;
        for (i = 0; i < n; i++)
            cfti_fail_with(&scan->order[(scan->folded + i) % scan->slot_count]->fail,
                           CONFITURE_E_ARGUMENT, CFTI_UNDONE);
        error = scan->run->parallel_for(scan->run->parallel_user, n, cfti_scan_fill_index, scan);
        if (error != 0) status = cfti_fail_parallel(fail, error);
        for (i = 0; i < n; i++) {
            cfti_slot *slot = scan->order[(scan->folded + i) % scan->slot_count];
            cfti_scan_filled(scan, slot);
            if (status == CONFITURE_OK) status = cfti_slot_fold(scan, reader, slot, fail);
        }
        for (i = 0; i < n; i++) {
            cfti_slot *slot = cfti_scan_oldest(scan);
            cfti_slot_empty(slot);
            cfti_scan_folded(scan, slot);
        }
    }
    return status;
}

static bool cfti_scan_init_locks(cfti_scan *scan) {
#if !defined(CONFITURE_NO_THREADS)
    if (cfti_mutex_init(&scan->mutex) != 0) return false;
    if (cfti_condition_init(&scan->slot_free) == 0) {
        if (cfti_condition_init(&scan->slot_ready) == 0) return true;
        cfti_condition_destroy(&scan->slot_free);
    }
    cfti_mutex_destroy(&scan->mutex);
    return false;
#else
    (void)scan;
    return true;
#endif
}

static size_t cfti_scan_slots_size(const cfti_scan *scan) {
    return scan->slot_count * (sizeof(cfti_slot) + 2 * sizeof(cfti_slot *));
}

/* Memory for slots, which is not touched before they are needed. False: no memory. */
static bool cfti_scan_init_slots(cfti_scan *scan) {
    scan->slot_count = scan->threads > 1 ? 4 * scan->threads + 4 : 1;
    scan->order = (cfti_slot **)cfti_alloc(&scan->allocator, cfti_scan_slots_size(scan));
    if (scan->order == NULL) return false;
    scan->idle = scan->order + scan->slot_count;
    scan->slots = (cfti_slot *)(void *)(scan->idle + scan->slot_count);
    scan->free_count = (int)scan->slot_count;
    return true;
}

static void cfti_scan_free_slots(cfti_scan *scan) {
    size_t i;
    for (i = 0; i < scan->used_slots; i++) {
        cfti_slot_empty(&scan->slots[i]);
        cfti_arena_free(&scan->slots[i].arena);
    }
    cfti_free(&scan->allocator, scan->order, cfti_scan_slots_size(scan));
}

/* Visits every file of the list. A failure without a path has that of its file. */
static confiture_status cfti_scan_run(const confiture_files *files, const confiture_run *run,
                                      const cfti_consumer *consumer, cfti_fail *fail) {
    cfti_scan scan;
    cfti_reader reader;
    confiture_status status;
    int cancel;
    memset(&scan, 0, sizeof(scan));
    scan.files = files;
    scan.run = run;
    scan.consumer = consumer;
    scan.progress.total_files = files->count;
    if (!cfti_scratch_allocator(&scan.allocator, run))
        return cfti_fail_with(fail, CONFITURE_E_ARGUMENT, cfti_no_allocator);
    scan.threads =
        cfti_min(cfti_min(cfti_crew_limit(run), CFTI_THREADS_MOST), cfti_max(files->count, 1));
    if (!cfti_scan_init_slots(&scan)) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    cfti_reader_init(&reader, files, run, &scan.allocator);
    reader.is_caller = true;
    if (!cfti_scan_init_locks(&scan)) {
        cfti_scan_free_slots(&scan);
        return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    }
    cancel = cfti_cancel_disable();
    status = run->parallel_for != NULL ? cfti_scan_rounds(&scan, &reader, fail)
                                       : cfti_scan_lead(&scan, &reader, fail);
    if (scan.crew_is_open) {
        cfti_crew_join(&scan.crew);
        cfti_crew_close(&scan.crew);
    }
#if !defined(CONFITURE_NO_THREADS)
    cfti_condition_destroy(&scan.slot_ready);
    cfti_condition_destroy(&scan.slot_free);
    cfti_mutex_destroy(&scan.mutex);
#endif
    cfti_reader_close(&reader);
    cfti_cancel_restore(cancel);
    cfti_scan_free_slots(&scan);
    return status;
}
