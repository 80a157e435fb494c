/* ---- scan/schedule.c: who reads which batch, and when ---- */

/* An idle or a new slot. NULL: no memory. With the lock held. */
static cfti_slot *cfti_scan_idle_slot(cfti_scan *scan) {
    cfti_slot *slot;
    if (scan->idle_count > 0) return scan->idle[--scan->idle_count];
    slot = (cfti_slot *)cfti_alloc(&scan->allocator, sizeof(cfti_slot));
    if (slot == NULL) return NULL;
    memset(slot, 0, offsetof(cfti_slot, reads));
    slot->arena.allocator = scan->allocator;
    slot->arena.block_size = scan->slot_block;
    return slot;
}

static void cfti_scan_free_slot(cfti_scan *scan, cfti_slot *slot) {
    scan->held -= slot->held;
    cfti_slot_reset(slot);
    cfti_arena_free(&slot->arena);
    cfti_free(&scan->allocator, slot, sizeof(cfti_slot));
}

/* Sets the memory that a slot holds. With the lock held. */
static void cfti_scan_hold(cfti_scan *scan, cfti_slot *slot, size_t held) {
    scan->held += held - slot->held;
    slot->held = held;
}

/* The number of files of the next batch: CFTI_BATCH_BYTES by the average so far, but a small
 * share of the remaining files, so that the last batches end together. */
static size_t cfti_scan_batch_files(const cfti_scan *scan, uint64_t average) {
    size_t left = scan->files->count - scan->next, n = 16;
    bool is_shared = scan->workers_are_open || scan->run->parallel_for != NULL;
    if (scan->is_last_try) return 1;
    if (average > 0) n = average >= CFTI_BATCH_BYTES ? 1 : CFTI_BATCH_BYTES / (size_t)average;
    else if (scan->run->parallel_for != NULL) n = 4; /* the first report comes soon */
    if (is_shared && !scan->is_alone) n = cfti_min(n, left / (2 * scan->threads));
    if (scan->consumer->min_batch > 0 && average <= CFTI_BATCH_SIDE / scan->consumer->min_batch)
        n = cfti_max(n, scan->consumer->min_batch);
    return cfti_min(cfti_max(n, 1), cfti_min(left, CFTI_BATCH_FILES));
}

/* Whether one more batch of n files may be in flight. The oldest always may; the others must fit
 * into max_held. With the lock held. */
static bool cfti_scan_may_claim(const cfti_scan *scan, size_t n, size_t *need) {
    size_t held = scan->idle_count > 0 ? scan->idle[scan->idle_count - 1]->held : 0;
    uint64_t each = scan->read_files > 0 ? scan->read_held / scan->read_files : 0;
    *need = each > scan->max_held / n ? scan->max_held : n * (size_t)each;
    *need = cfti_max(cfti_max(*need, held), scan->slot_block);
    if (scan->folded == scan->claimed) return true;
    if (scan->is_exhausted || scan->is_alone || scan->claimed - scan->folded == scan->slot_count)
        return false;
    return *need == held || scan->held - held + *need <= scan->max_held;
}

/* Claims the next batch. NULL: none is left, or none may be claimed yet, or, if none is in
 * flight, there is no memory. With the lock held. */
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
        scan->is_exhausted = true;
        return NULL;
    }
    cfti_scan_hold(scan, slot, need);
    scan->slots[scan->claimed++ % scan->slot_count] = slot;
    slot->first = scan->next;
    slot->count = n;
    slot->capacity = capacity;
    slot->expected = n * (average < CFTI_BATCH_SIDE / n ? (size_t)average : CFTI_BATCH_SIDE / n);
    slot->is_last_try = scan->is_last_try;
    scan->is_last_try = false;
    CFTI_ATOMIC_STORE(&slot->ready, 0);
    scan->next += n;
    return slot;
}

/* The batch to be folded next. With the lock held. */
static cfti_slot *cfti_scan_oldest(const cfti_scan *scan) {
    return scan->folded < scan->claimed ? scan->slots[scan->folded % scan->slot_count] : NULL;
}

/* With the lock held. */
static void cfti_scan_retire_slot(cfti_scan *scan, cfti_slot *slot) {
    scan->folded++;
    scan->idle[scan->idle_count++] = slot;
    cfti_scan_hold(scan, slot, cfti_arena_held(&slot->arena));
    CFTI_ATOMIC_STORE(&scan->fold_count, (int)(((unsigned)scan->fold_count + 1) & 0x7FFFFFFF));
}

/* With the lock held. */
static void cfti_scan_finish_slot(cfti_scan *scan, cfti_slot *slot) {
    size_t i;
    CFTI_ATOMIC_STORE(&slot->ready, 1);
    cfti_scan_hold(scan, slot, cfti_arena_held(&slot->arena));
    for (i = 0; i < slot->done; i++) /* deferred files have no known size yet */
        scan->read_files += cfti_read_is_done(&slot->reads[i]);
    scan->read_bytes += slot->bytes;
    scan->read_held += slot->held;
    if (slot->done < slot->count && cfti_fail_is_shortage(&slot->fail)) scan->is_exhausted = true;
}

static void cfti_scan_free_slot_array(cfti_scan *scan) {
    if (scan->slots != scan->single)
        cfti_free(&scan->allocator, scan->slots, 2 * scan->slot_count * sizeof(cfti_slot *));
}

/* ---- shortage ---- */

/* Frees what the helpers, the later batches and the pool hold. The caller goes on alone. */
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
    while (scan->claimed > scan->folded + 1) {
        cfti_slot *slot = scan->slots[--scan->claimed % scan->slot_count];
        scan->next = slot->first;
        cfti_scan_free_slot(scan, slot);
    }
    while (scan->idle_count > 0) cfti_scan_free_slot(scan, scan->idle[--scan->idle_count]);
    if (scan->slots == scan->single) return;
    scan->single[0] = scan->slots[scan->folded % scan->slot_count];
    cfti_scan_free_slot_array(scan);
    scan->slots = scan->single;
    scan->idle = scan->single + 1;
    scan->slot_count = 1;
}

/* Tries the file that failed once more: alone, with nothing that is there only for speed. It is
 * the first file that has not been folded. */
static void cfti_scan_retry(cfti_scan *scan, cfti_reader *reader) {
    cfti_scan_dismiss(scan);
    if (scan->claimed > scan->folded)
        cfti_scan_free_slot(scan, scan->slots[--scan->claimed % scan->slot_count]);
    cfti_reader_close(reader);
    cfti_reader_init(reader, scan->files, scan->run, &scan->allocator);
    reader->is_caller = true;
    reader->ring_is_known = true; /* no ring */
    scan->next = (size_t)scan->progress.files;
    scan->is_last_try = true;
    scan->is_exhausted = false;
}

/* Whether the file that failed is tried again. */
static bool cfti_scan_is_retried(const cfti_scan *scan, const cfti_slot *slot,
                                 const cfti_fail *fail) {
    return cfti_fail_is_shortage(fail) && !scan->is_started && !slot->is_last_try &&
           !scan->cancelled;
}

/* ---- the loop ---- */

/* Waits until *value is no longer `old`, or the condition is signalled. With the lock held. */
static void cfti_scan_wait(cfti_scan *scan, cfti_condition *condition, const int *value, int old) {
    cfti_mutex_unlock(&scan->mutex);
    cfti_spin_while(value, old);
    cfti_mutex_lock(&scan->mutex);
    if (CFTI_ATOMIC_LOAD(value) == old && !CFTI_ATOMIC_LOAD(&scan->stopping))
        cfti_condition_wait(condition, &scan->mutex);
}

/* A helper claims and reads batches until none is left, or something has run out. */
static void cfti_scan_helper_loop(void *ctx, size_t worker) {
    cfti_scan *scan = (cfti_scan *)ctx;
    cfti_reader reader;
    (void)worker;
    cfti_reader_init(&reader, scan->files, scan->run, &scan->allocator);
    reader.threads = scan->workers.helpers + 1;
    cfti_mutex_lock(&scan->mutex);
    while (!CFTI_ATOMIC_LOAD(&scan->stopping) && !scan->is_exhausted &&
           scan->next < scan->files->count) {
        cfti_slot *slot = cfti_scan_claim(scan);
        if (slot == NULL) {
            if (!scan->is_exhausted)
                cfti_scan_wait(scan, &scan->slot_free, &scan->fold_count, scan->fold_count);
            continue;
        }
        cfti_mutex_unlock(&scan->mutex);
        cfti_slot_read(scan, &reader, slot);
        cfti_mutex_lock(&scan->mutex);
        cfti_scan_finish_slot(scan, slot);
        cfti_condition_signal(&scan->slot_ready);
    }
    cfti_mutex_unlock(&scan->mutex);
    cfti_reader_close(&reader);
}

/* Starts the helpers once there is enough work for them. */
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
    /* A ring may make the kernel start threads, which end with the thread that used the ring.
     * Helpers and a pool's threads may have some; the caller's thread is left as it was. */
    if (scan->run->pool != NULL) reader->threads = scan->workers.helpers + 1;
}

/* Folds the oldest batch, which is ready, or goes back to the file that failed. */
static confiture_status cfti_scan_fold_batch(cfti_scan *scan, cfti_reader *reader, cfti_slot *slot,
                                             cfti_fail *fail) {
    confiture_status status = cfti_slot_fold(scan, reader, slot, fail);
    if (status != CONFITURE_OK && cfti_scan_is_retried(scan, slot, fail)) {
        cfti_scan_retry(scan, reader);
        return CONFITURE_OK;
    }
    cfti_slot_reset(slot);
    cfti_mutex_lock(&scan->mutex);
    cfti_scan_retire_slot(scan, slot);
    /* Waking a thread can take longer than reading a batch: a helper that sleeps because all
     * slots were full is woken when half of them are free. */
    if (scan->workers_are_open && 2 * (scan->claimed - scan->folded) <= scan->slot_count)
        cfti_condition_signal(&scan->slot_free);
    cfti_mutex_unlock(&scan->mutex);
    return status;
}

/* Reads a batch on the calling thread, or waits for the oldest if none may be claimed. */
static confiture_status cfti_scan_read_or_wait(cfti_scan *scan, cfti_reader *reader,
                                               cfti_fail *fail) {
    confiture_status status = CONFITURE_OK;
    cfti_slot *slot;
    bool is_last;
    cfti_scan_start(scan, reader);
    cfti_mutex_lock(&scan->mutex);
    is_last = scan->is_last_try;
    slot = cfti_scan_claim(scan);
    if (slot != NULL) {
        cfti_mutex_unlock(&scan->mutex);
        cfti_slot_read(scan, reader, slot);
        if (scan->cancelled) status = cfti_fail_cancelled(fail);
        cfti_mutex_lock(&scan->mutex);
        cfti_scan_finish_slot(scan, slot);
        cfti_mutex_unlock(&scan->mutex);
        return status;
    }
    slot = cfti_scan_oldest(scan);
    if (slot != NULL && !slot->ready) {
        cfti_scan_wait(scan, &scan->slot_ready, &slot->ready, 0);
        cfti_mutex_unlock(&scan->mutex);
        return cfti_scan_report(scan, 0, fail);
    }
    cfti_mutex_unlock(&scan->mutex);
    if (slot != NULL) return CONFITURE_OK;
    if (is_last) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    cfti_scan_retry(scan, reader);
    return CONFITURE_OK;
}

/* The caller folds the next batch if it is ready, else reads one, else waits. */
static confiture_status cfti_scan_caller_loop(cfti_scan *scan, cfti_reader *reader,
                                              cfti_fail *fail) {
    confiture_status status = CONFITURE_OK;
    while (status == CONFITURE_OK) {
        cfti_slot *slot;
        bool is_over;
        cfti_mutex_lock(&scan->mutex);
        slot = cfti_scan_oldest(scan);
        is_over = slot == NULL && scan->next == scan->files->count;
        if (slot != NULL && !CFTI_ATOMIC_LOAD(&slot->ready)) slot = NULL;
        cfti_mutex_unlock(&scan->mutex);
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
    cfti_slot *slot = scan->slots[(scan->folded + index) % scan->slot_count];
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
        cfti_fail ignored; /* a stop takes effect after the round */
        (void)cfti_scan_report(scan, slot->bytes, &ignored);
    }
}

/* Claims the batches of a round: a few for each thread, but few bytes, since only between the
 * rounds a report to the caller is certain. */
static size_t cfti_scan_claim_round(cfti_scan *scan) {
    size_t bytes = 0, limit = scan->threads * CFTI_ROUND_BYTES;
    while (bytes < limit) {
        cfti_slot *slot = cfti_scan_claim(scan);
        if (slot == NULL) break;
        bytes += scan->read_files > 0 ? slot->expected : CFTI_ROUND_BYTES;
        cfti_fail_with(&slot->fail, CONFITURE_E_ARGUMENT, CFTI_UNDONE);
    }
    return scan->claimed - scan->folded;
}

/* The loop with the caller's own parallel_for, which may run its work in any order, even one
 * after the other: a round of batches is read, then folded. */
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
            cfti_scan_finish_slot(scan, scan->slots[(scan->folded + i) % scan->slot_count]);
        while (status == CONFITURE_OK && scan->folded < scan->claimed)
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

/* Makes the slot array. One thread needs one slot; so do several if there is no memory. */
static void cfti_scan_init_slots(cfti_scan *scan) {
    scan->slots = NULL;
    scan->slot_count = 4 * scan->threads + 4;
    if (scan->threads > 1)
        scan->slots =
            (cfti_slot **)cfti_alloc(&scan->allocator, 2 * scan->slot_count * sizeof(cfti_slot *));
    if (scan->slots == NULL) {
        scan->threads = scan->slot_count = 1;
        scan->slots = scan->single;
    }
    scan->idle = scan->slots + scan->slot_count;
    scan->slot_block = scan->consumer->state_only ? CFTI_STATES_BLOCK : CFTI_SLOT_BLOCK;
    scan->max_held = cfti_min(scan->threads * CFTI_FLIGHT_PER_THREAD, CFTI_MAX_FLIGHT);
}

static void cfti_scan_free_slots(cfti_scan *scan) {
    while (scan->claimed > scan->folded)
        cfti_scan_free_slot(scan, scan->slots[--scan->claimed % scan->slot_count]);
    while (scan->idle_count > 0) cfti_scan_free_slot(scan, scan->idle[--scan->idle_count]);
    cfti_scan_free_slot_array(scan);
}

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
