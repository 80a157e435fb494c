/* ---- scan/read_many.c: many files at once, where the system can ---- */

/* How many files, from the first on, a ring can read together: they must lie in one directory,
 * and a listing must have said that they are regular files. */
static size_t cfti_read_together(const cfti_file *files, size_t count) {
    size_t n = 0;
    if (files[0].leaf == 0) return 0;
    while (n < count && n < CFTI_RING_FILES && files[n].kind == CFTI_KIND_FILE &&
           cfti_same_directory(&files[n], &files[0]))
        n++;
    return n;
}

/* Uses the ring. What a ring has read before it fails is used all the same. */
static void cfti_reader_fetch(cfti_reader *reader, cfti_os_fetch *fetches, size_t count) {
    if (cfti_os_ring_fetch(&reader->ring->os, fetches, count, reader->threads)) return;
    cfti_ring_release(reader->run, reader->ring, true);
    reader->ring = NULL;
}

/* Whether a ring read a file to its end, and within the limit. */
static bool cfti_is_whole(const cfti_reader *reader, const cfti_os_fetch *fetch) {
    return fetch->done && fetch->status.kind == CFTI_KIND_FILE &&
           fetch->status.size == fetch->got && !cfti_is_over(reader->run, fetch->got);
}

/* Reads files that were changed just now a second time, as many as the piece buffer holds, and
 * finishes those of which both reads and both statuses are the same. The status after the first
 * read is the one before the second: see cfti_read_careful(). */
static void cfti_read_confirm(cfti_reader *reader, cfti_read *reads, const cfti_os_fetch *fetches,
                              size_t count) {
    cfti_os_fetch second[CFTI_RING_FILES];
    uint8_t places[CFTI_RING_FILES];
    size_t n = 0, used = 0, i;
    for (i = 0; i < count; i++) {
        const cfti_os_fetch *fetch = &fetches[i];
        if (reads[i].state == CFTI_READ_WHOLE || !cfti_is_whole(reader, fetch) ||
            !cfti_is_older(&fetch->status, &reader->start, 0))
            continue;
        if (fetch->got + 1 > CFTI_PIECE - used || !cfti_reader_has_piece(reader)) break;
        second[n] = *fetch;
        second[n].data = reader->piece + used;
        second[n].capacity = fetch->got + 1;
        used += fetch->got + 1;
        places[n++] = (uint8_t)i;
    }
    if (n == 0 || reader->ring == NULL) return;
    cfti_reader_fetch(reader, second, n);
    for (i = 0; i < n; i++) {
        const cfti_os_fetch *fetch = &fetches[places[i]];
        if (second[i].done && second[i].status.kind == CFTI_KIND_FILE &&
            second[i].got == fetch->got && cfti_same_status(&second[i].status, &fetch->status) &&
            memcmp(second[i].data, fetch->data, fetch->got) == 0)
            cfti_read_finish(&reads[places[i]], (uint8_t *)fetch->data, fetch->got);
    }
}

/* Finishes the files that the rule accepts. The ring takes the status by name; a file that got
 * this name since the start shows that in its times. */
static void cfti_read_fetched(cfti_reader *reader, cfti_read *reads, const cfti_os_fetch *fetches,
                              size_t count) {
    size_t changing = 0, i;
    for (i = 0; i < count; i++) {
        const cfti_os_fetch *fetch = &fetches[i];
        if (cfti_is_whole(reader, fetch) &&
            cfti_is_settled(&fetch->status, fetch->got, &reader->start))
            cfti_read_finish(&reads[i], (uint8_t *)fetch->data, fetch->got);
    }
    cfti_read_confirm(reader, reads, fetches, count);
    for (i = 0; i < count; i++)
        changing += fetches[i].done && reads[i].state != CFTI_READ_WHOLE &&
                    !cfti_is_settled(&fetches[i].status, fetches[i].status.size, &reader->start);
    if (changing > count / 4) reader->ring_pause = 16;
}

/* Reads those of `count` neighbours in the list that a ring can read together. `capacity` bytes
 * are enough for most. cfti_read_file() reads the others. Where many files are being changed the
 * ring's work is wasted, so the next batches are read without it. */
static void cfti_read_many(cfti_reader *reader, cfti_read *reads, size_t count, cfti_arena *arena,
                           size_t capacity) {
    cfti_os_fetch fetches[CFTI_RING_FILES];
    const cfti_file *files = reads[0].chunk.file;
    size_t first, n, i, size;
    uint8_t *data;
    if (reader->ring_pause > 0 && reader->ring_pause-- > 0) return;
    capacity = cfti_capacity_within(reader->run, capacity);
    for (first = 0; first < count; first += cfti_max(n, 1)) {
        n = cfti_read_together(&files[first], count - first);
        if (n < 2) continue;
        if (!cfti_reader_has_ring(reader)) return;
        if (cfti_reader_enter(reader, &files[first]) != 0) continue;
        for (size = 0, i = first; i < first + n; i++)
            size += reads[i].chunk.headroom + capacity + 1;
        data = (uint8_t *)cfti_arena_alloc(arena, size);
        if (data == NULL) return;
        for (i = first; i < first + n; i++) {
            cfti_os_fetch *fetch = &fetches[i - first];
            fetch->at = reader->directory;
            fetch->path = files[i].path + files[i].leaf;
            fetch->data = data + reads[i].chunk.headroom;
            fetch->capacity = capacity;
            fetch->no_link = cfti_reader_refuses_link(reader, &files[i]);
            data += reads[i].chunk.headroom + capacity + 1;
        }
        cfti_reader_fetch(reader, fetches, n);
        cfti_read_fetched(reader, &reads[first], fetches, n);
    }
}
