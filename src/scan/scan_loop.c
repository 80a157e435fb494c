/* ---- scan/scan_loop.c: who reads which batch, and when ---- */

/* A slot that is free; NULL: no memory. With the lock held. */
static cfti_slot *cfti_scan_idle_slot(cfti_scan *scan) {
    cfti_slot *slot;
    if (scan->idle_count > 0) return scan->idle[--scan->idle_count];
    slot = (cfti_slot *)cfti_alloc(&scan->allocator, sizeof(cfti_slot));
    if (slot == NULL) return NULL;
    memset(slot, 0, offsetof(cfti_slot, reads));
    slot->arena.allocator = scan->allocator;
    slot->arena.block_size = scan->slot_block;
    scan->made_count++;
    return slot;
}

static void cfti_scan_free_slot(cfti_scan *scan, cfti_slot *slot) {
    scan->held -= slot->held;
    scan->made_count--;
    cfti_slot_reset(slot);
    cfti_arena_free(&slot->arena);
    cfti_free(&scan->allocator, slot, sizeof(cfti_slot));
}

/* What a slot counts for. With the lock held. */
static void cfti_scan_hold(cfti_scan *scan, cfti_slot *slot, size_t held) {
    scan->held += held - slot->held;
    slot->held = held;
}

/* How many files the next batch has, as many as make CFTI_BATCH_BYTES by what the files so far
 * were like; and a small part of what is left, so that nobody sits on the last large batch. */
static size_t cfti_scan_batch_files(const cfti_scan *scan, uint64_t average) {
    size_t left = scan->files->count - scan->next, n = 16;
    bool is_shared = scan->workers_are_open || scan->run->parallel_for != NULL;
    if (scan->is_last_try) return 1;
    if (average > 0) n = average >= CFTI_BATCH_BYTES ? 1 : CFTI_BATCH_BYTES / (size_t)average;
    else if (scan->run->parallel_for != NULL) n = 4; /* the caller is to be heard soon */
    if (is_shared && !scan->is_alone) n = cfti_min(n, left / (2 * scan->threads));
    if (scan->consumer->min_batch > 0 && average <= CFTI_BATCH_SIDE / scan->consumer->min_batch)
        n = cfti_max(n, scan->consumer->min_batch);
    return cfti_min(cfti_max(n, 1), cfti_min(left, CFTI_BATCH_FILES));
}

/* Whether one more batch of n files may be in flight. The oldest always may. With the lock
 * held. */
static bool cfti_scan_may_claim(const cfti_scan *scan, size_t n, size_t *need) {
    size_t held = scan->idle_count > 0 ? scan->idle[scan->idle_count - 1]->held : 0;
    uint64_t each = scan->read_files > 0 ? scan->read_held / scan->read_files : 0;
    *need = each > scan->max_held / n ? scan->max_held : n * (size_t)each;
    *need = cfti_max(cfti_max(*need, held), scan->slot_block);
    if (scan->folded == scan->taken) return true;
    if (scan->is_scarce || scan->is_alone || scan->taken - scan->folded == scan->slot_count)
        return false;
    return *need == held || scan->held - held + *need <= scan->max_held;
}

/* The next batch, in a slot of its own; NULL: none is left, or may be taken yet, or, if none is
 * in flight, there is no memory. With the lock held. */
static cfti_slot *cfti_scan_claim(cfti_scan *scan) {
    size_t n, need, capacity = CFTI_FIRST_READ / 4;
    uint64_t average = 0; /* not known yet */
    cfti_slot *slot;
    if (scan->next == scan->files->count) return NULL;
    if (scan->read_files > 0) {
        average = scan->read_bytes / scan->read_files + 1;
        capacity = 3 * (average < CFTI_FIRST_READ ? (size_t)average : CFTI_FIRST_READ) + 512;
    }
    n = cfti_scan_batch_files(scan, average);
    if (!cfti_scan_may_claim(scan, n, &need)) return NULL;
    slot = cfti_scan_idle_slot(scan);
    if (slot == NULL) {
        scan->is_scarce = true;
        return NULL;
    }
    cfti_scan_hold(scan, slot, need);
    scan->order[scan->taken++ % scan->slot_count] = slot;
    slot->first = scan->next;
    slot->count = n;
    slot->capacity = capacity;
    slot->expected = n * (average < CFTI_BATCH_SIDE / n ? (size_t)average : CFTI_BATCH_SIDE / n);
    slot->is_last = scan->is_last_try;
    scan->is_last_try = false;
    CFTI_ATOMIC_STORE(&slot->ready, 0);
    scan->next += n;
    return slot;
}

/* The batch whose turn it is to be folded. With the lock held. */
static cfti_slot *cfti_scan_oldest(const cfti_scan *scan) {
    return scan->folded < scan->taken ? scan->order[scan->folded % scan->slot_count] : NULL;
}

/* With the lock held. */
static void cfti_scan_retire_slot(cfti_scan *scan, cfti_slot *slot) {
    scan->folded++;
    scan->idle[scan->idle_count++] = slot;
    cfti_scan_hold(scan, slot, cfti_arena_held(&slot->arena));
    CFTI_ATOMIC_STORE(&scan->turns, (int)(((unsigned)scan->turns + 1) & 0x7FFFFFFF));
}

/* With the lock held. */
static void cfti_scan_finish_slot(cfti_scan *scan, cfti_slot *slot) {
    size_t i;
    CFTI_ATOMIC_STORE(&slot->ready, 1);
    cfti_scan_hold(scan, slot, cfti_arena_held(&slot->arena));
    for (i = 0; i < slot->done; i++) /* those that were put off have told nothing yet */
        scan->read_files += cfti_read_is_done(&slot->reads[i]);
    scan->read_bytes += slot->bytes;
    scan->read_held += slot->held;
    if (slot->done < slot->count && cfti_fail_is_shortage(&slot->fail)) scan->is_scarce = true;
}

static void cfti_scan_free_places(cfti_scan *scan) {
    if (scan->order != scan->only)
        cfti_free(&scan->allocator, scan->order, 2 * scan->slot_count * sizeof(cfti_slot *));
}

/* ---- what has run out ---- */

/* Something has run out: whatever the helpers, the batches after the one at hand, and a pool
 * hold is given back, and the caller goes on alone. */
static void cfti_scan_dismiss(cfti_scan *scan) {
    scan->is_alone = true;
    if (scan->workers_are_open) {
        cfti_mutex_lock(&scan->mutex);
        CFTI_ATOMIC_STORE(&scan->stopping, 1);
        cfti_condition_broadcast(&scan->slot_free);
        cfti_mutex_unlock(&scan->mutex);
        cfti_workers_join(&scan->workers);
        cfti_workers_close(&scan->workers);
        if (!scan->cancelled) CFTI_ATOMIC_STORE(&scan->stopping, 0);
    }
    if (scan->run->pool != NULL) cfti_pool_drop(scan->run->pool);
    while (scan->taken > scan->folded + 1) {
        cfti_slot *slot = scan->order[--scan->taken % scan->slot_count];
        scan->next = slot->first;
        cfti_scan_free_slot(scan, slot);
    }
    while (scan->idle_count > 0) cfti_scan_free_slot(scan, scan->idle[--scan->idle_count]);
    if (scan->order == scan->only) return;
    scan->only[0] = scan->order[scan->folded % scan->slot_count];
    cfti_scan_free_places(scan);
    scan->order = scan->only;
    scan->idle = scan->only + 1;
    scan->slot_count = 1;
}

/* After that, and without anything that is only there for speed, the file that failed, which
 * is the first that has not been folded, is tried once more: by itself, as one thread would
 * that has nothing else. */
static void cfti_scan_retry(cfti_scan *scan, cfti_reader *reader) {
    cfti_scan_dismiss(scan);
    if (scan->taken > scan->folded)
        cfti_scan_free_slot(scan, scan->order[--scan->taken % scan->slot_count]);
    cfti_reader_close(reader);
    cfti_reader_init(reader, scan->files, scan->run, &scan->allocator);
    reader->is_caller = true;
    reader->ring_is_known = true; /* none */
    scan->next = (size_t)scan->progress.files;
    scan->is_last_try = true;
    scan->is_scarce = false;
}

/* Whether a failure is one after which the file may be tried again. */
static bool cfti_scan_is_retried(const cfti_scan *scan, const cfti_slot *slot,
                                 const cfti_fail *fail) {
    return cfti_fail_is_shortage(fail) && !scan->is_started && !slot->is_last && !scan->cancelled;
}

/* ---- the loop ---- */

/* Waits until *value is no longer what it was, or the condition is signalled. With the lock
 * held. */
static void cfti_scan_wait(cfti_scan *scan, cfti_condition *condition, const int *value, int old) {
    cfti_mutex_unlock(&scan->mutex);
    cfti_spin_while(value, old);
    cfti_mutex_lock(&scan->mutex);
    if (CFTI_ATOMIC_LOAD(value) == old && !CFTI_ATOMIC_LOAD(&scan->stopping))
        cfti_condition_wait(condition, &scan->mutex);
}

/* A helper's life: take, fill, until there is nothing left, or something has run out. */
static void cfti_scan_helper_loop(void *ctx, size_t worker) {
    cfti_scan *scan = (cfti_scan *)ctx;
    cfti_reader reader;
    (void)worker;
    cfti_reader_init(&reader, scan->files, scan->run, &scan->allocator);
    reader.threads = scan->workers.helpers + 1;
    cfti_scan_lock(scan);
    while (!CFTI_ATOMIC_LOAD(&scan->stopping) && !scan->is_scarce &&
           scan->next < scan->files->count) {
        cfti_slot *slot = cfti_scan_claim(scan);
        if (slot == NULL) {
            if (!scan->is_scarce) cfti_scan_wait(scan, &scan->slot_free, &scan->turns, scan->turns);
            continue;
        }
        cfti_scan_unlock(scan);
        cfti_slot_read(scan, &reader, slot);
        cfti_scan_lock(scan);
        cfti_scan_finish_slot(scan, slot);
        cfti_condition_signal(&scan->slot_ready);
    }
    cfti_scan_unlock(scan);
    cfti_reader_close(&reader);
}

/* Calls in the helpers once there is work for them. */
static void cfti_scan_start(cfti_scan *scan, cfti_reader *reader) {
    size_t count = scan->files->count, useful;
    size_t each = scan->run->pool != NULL ? CFTI_FILES_PER_HELPER : CFTI_FILES_PER_THREAD;
    if (scan->workers_are_open || scan->threads < 2 || scan->is_alone) return;
    useful = count / each;
    if (useful < 2 && scan->read_bytes >= CFTI_BYTES_PER_THREAD) useful = count - scan->next + 1;
    if (useful < 2) return;
    scan->workers_are_open = true;
    cfti_workers_open(&scan->workers, scan->run, &scan->allocator, cfti_min(useful, scan->threads));
    cfti_workers_start(&scan->workers, cfti_scan_helper_loop, scan);
    /* What the kernel does on behalf of a thread ends with it: a helper is the library's own,
     * and so is what a pool has. The caller's thread is to be left as it was. */
    if (scan->run->pool != NULL) reader->threads = scan->workers.helpers + 1;
}

/* Folds the oldest batch, which is ready, or turns back to the file that failed. */
static confiture_status cfti_scan_fold_batch(cfti_scan *scan, cfti_reader *reader, cfti_slot *slot,
                                             cfti_fail *fail) {
    confiture_status status = cfti_slot_fold(scan, reader, slot, fail);
    if (status != CONFITURE_OK && cfti_scan_is_retried(scan, slot, fail)) {
        cfti_scan_retry(scan, reader);
        return CONFITURE_OK;
    }
    cfti_slot_reset(slot);
    cfti_scan_lock(scan);
    cfti_scan_retire_slot(scan, slot);
    /* Waking a thread can take longer than it takes to read a batch: one that
     * sleeps since all slots were full is woken when half of them are free. */
    if (scan->workers_are_open && 2 * (scan->taken - scan->folded) <= scan->slot_count)
        cfti_condition_signal(&scan->slot_free);
    cfti_scan_unlock(scan);
    return status;
}

/* Fills a batch on the calling thread; if none may be taken, waits for the oldest. */
static confiture_status cfti_scan_read_or_wait(cfti_scan *scan, cfti_reader *reader,
                                               cfti_fail *fail) {
    confiture_status status = CONFITURE_OK;
    cfti_slot *slot;
    bool is_last;
    cfti_scan_start(scan, reader);
    cfti_scan_lock(scan);
    is_last = scan->is_last_try;
    slot = cfti_scan_claim(scan);
    if (slot != NULL) {
        cfti_scan_unlock(scan);
        cfti_slot_read(scan, reader, slot);
        if (scan->cancelled) status = cfti_fail_cancelled(fail);
        cfti_scan_lock(scan);
        cfti_scan_finish_slot(scan, slot);
        cfti_scan_unlock(scan);
        return status;
    }
    slot = cfti_scan_oldest(scan);
    if (slot != NULL && !slot->ready) {
        cfti_scan_wait(scan, &scan->slot_ready, &slot->ready, 0);
        cfti_scan_unlock(scan);
        return cfti_scan_report(scan, 0, fail);
    }
    cfti_scan_unlock(scan);
    if (slot != NULL) return CONFITURE_OK;
    if (is_last) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    cfti_scan_retry(scan, reader);
    return CONFITURE_OK;
}

/* The caller's part: fold the next batch if it is ready, else fill one, else wait. */
static confiture_status cfti_scan_caller_loop(cfti_scan *scan, cfti_reader *reader,
                                              cfti_fail *fail) {
    confiture_status status = CONFITURE_OK;
    while (status == CONFITURE_OK) {
        cfti_slot *slot;
        bool is_over;
        cfti_scan_lock(scan);
        slot = cfti_scan_oldest(scan);
        is_over = slot == NULL && scan->next == scan->files->count;
        if (slot != NULL && !CFTI_ATOMIC_LOAD(&slot->ready)) slot = NULL;
        cfti_scan_unlock(scan);
        if (is_over) break;
        status = slot != NULL ? cfti_scan_fold_batch(scan, reader, slot, fail)
                              : cfti_scan_read_or_wait(scan, reader, fail);
    }
    cfti_mutex_lock(&scan->mutex);
    CFTI_ATOMIC_STORE(&scan->stopping, 1);
    cfti_condition_broadcast(&scan->slot_free);
    cfti_mutex_unlock(&scan->mutex);
    return status;
}

static void cfti_scan_read_index(void *ctx, size_t index) {
    cfti_scan *scan = (cfti_scan *)ctx;
    cfti_slot *slot = scan->order[(scan->folded + index) % scan->slot_count];
    cfti_reader reader;
    if (CFTI_ATOMIC_LOAD(&scan->stopping)) {
        cfti_fail_cancelled(&slot->fail);
        return;
    }
    cfti_reader_init(&reader, scan->files, scan->run, &scan->allocator);
    reader.is_caller = cfti_os_thread_id() == scan->caller;
    cfti_slot_read(scan, &reader, slot);
    cfti_reader_close(&reader);
    if (reader.is_caller && !scan->cancelled) {
        cfti_fail ignored; /* a stop is seen after the round */
        (void)cfti_scan_report(scan, slot->bytes, &ignored);
    }
}

/* Takes the batches of a round: a few for each thread, but no more bytes than a moment's
 * work, since between the rounds alone it is sure that the caller is heard. */
static size_t cfti_scan_claim_round(cfti_scan *scan) {
    size_t bytes = 0, most = scan->threads * CFTI_ROUND_BYTES;
    while (bytes < most) {
        cfti_slot *slot = cfti_scan_claim(scan);
        if (slot == NULL) break;
        bytes += scan->read_files > 0 ? slot->expected : CFTI_ROUND_BYTES;
        cfti_fail_with(&slot->fail, CONFITURE_E_ARGUMENT, CFTI_UNDONE);
    }
    return scan->taken - scan->folded;
}

/* The same with the caller's own parallel_for: it may do its work in any order, even
 * one after the other, so a round of batches is filled and then folded. */
static confiture_status cfti_scan_rounds(cfti_scan *scan, cfti_reader *reader, cfti_fail *fail) {
    confiture_status status = CONFITURE_OK;
    scan->caller = cfti_os_thread_id();
    while (status == CONFITURE_OK && scan->next < scan->files->count && !scan->is_alone) {
        size_t n = cfti_scan_claim_round(scan), i;
        int error;
        if (n == 0) break;
        error = scan->run->parallel_for(scan->run->parallel_user, n, cfti_scan_read_index, scan);
        if (error != 0) status = cfti_fail_parallel(fail, error);
        else if (scan->cancelled) status = cfti_fail_cancelled(fail);
        for (i = 0; i < n; i++)
            cfti_scan_finish_slot(scan, scan->order[(scan->folded + i) % scan->slot_count]);
        while (status == CONFITURE_OK && scan->folded < scan->taken)
            status = cfti_scan_fold_batch(scan, reader, cfti_scan_oldest(scan), fail);
    }
    return status != CONFITURE_OK ? status : cfti_scan_caller_loop(scan, reader, fail);
}

static bool cfti_scan_init_locks(cfti_scan *scan) {
    if (cfti_mutex_init(&scan->mutex) != 0) return false;
    if (cfti_condition_init(&scan->slot_free) == 0) {
        if (cfti_condition_init(&scan->slot_ready) == 0) return true;
        cfti_condition_destroy(&scan->slot_free);
    }
    cfti_mutex_destroy(&scan->mutex);
    return false;
}

/* Places for slots. One thread needs a single one; so do several if there is no memory. */
static void cfti_scan_init_slots(cfti_scan *scan) {
    scan->order = NULL;
    scan->slot_count = 4 * scan->threads + 4;
    if (scan->threads > 1)
        scan->order =
            (cfti_slot **)cfti_alloc(&scan->allocator, 2 * scan->slot_count * sizeof(cfti_slot *));
    if (scan->order == NULL) {
        scan->threads = scan->slot_count = 1;
        scan->order = scan->only;
    }
    scan->idle = scan->order + scan->slot_count;
    scan->slot_block = scan->consumer->state_only ? CFTI_STATES_BLOCK : CFTI_SLOT_BLOCK;
    scan->max_held = cfti_min(scan->threads * CFTI_FLIGHT_THREAD, CFTI_FLIGHT_MAX);
}

static void cfti_scan_free_slots(cfti_scan *scan) {
    while (scan->taken > scan->folded)
        cfti_scan_free_slot(scan, scan->order[--scan->taken % scan->slot_count]);
    while (scan->idle_count > 0) cfti_scan_free_slot(scan, scan->idle[--scan->idle_count]);
    cfti_scan_free_places(scan);
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
    if (!cfti_io_is_known(run->io))
        return cfti_fail_with(fail, CONFITURE_E_ARGUMENT, cfti_unknown_io);
    if (!cfti_scratch_allocator(&scan.allocator, run))
        return cfti_fail_with(fail, CONFITURE_E_ARGUMENT, cfti_no_allocator);
    if (!cfti_scan_init_locks(&scan)) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    cancel = cfti_cancel_disable();
    scan.threads =
        cfti_min(cfti_min(cfti_workers_limit(run), CFTI_MAX_THREADS), cfti_max(files->count, 1));
    cfti_scan_init_slots(&scan);
    cfti_reader_init(&reader, files, run, &scan.allocator);
    reader.is_caller = true;
    status = run->parallel_for != NULL ? cfti_scan_rounds(&scan, &reader, fail)
                                       : cfti_scan_caller_loop(&scan, &reader, fail);
    if (scan.workers_are_open) {
        cfti_workers_join(&scan.workers);
        cfti_workers_close(&scan.workers);
    }
    cfti_condition_destroy(&scan.slot_ready);
    cfti_condition_destroy(&scan.slot_free);
    cfti_mutex_destroy(&scan.mutex);
    cfti_reader_close(&reader);
    cfti_scan_free_slots(&scan);
    cfti_cancel_restore(cancel);
    return status;
}
