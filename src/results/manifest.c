/* ---- results/manifest.c: one digest for each file ---- */

static confiture_status cfti_manifest_map(void *ctx, cfti_chunk *chunk, cfti_arena *arena,
                                          cfti_fail *fail) {
    confiture_sha256 *sha = (confiture_sha256 *)chunk->state;
    confiture_entry *entries = (confiture_entry *)ctx;
    (void)arena;
    (void)fail;
    if (chunk->first) confiture_sha256_init(sha);
    confiture_sha256_update(sha, chunk->bytes, chunk->size);
    if (chunk->last) { /* each entry is written by the one worker that has its file */
        confiture_sha256_final(sha, entries[chunk->index].sha256);
        entries[chunk->index].size = chunk->total;
    }
    return CONFITURE_OK;
}

static void cfti_manifest_map_many(void *ctx, cfti_chunk *const *chunks, size_t count) {
    confiture_entry *entries = (confiture_entry *)ctx;
    const uint8_t *messages[CFTI_BATCH_FILES];
    size_t sizes[CFTI_BATCH_FILES], i;
    uint8_t digests[CFTI_BATCH_FILES][32];
    messages[0] = NULL, sizes[0] = 0; /* count > 0, which gcc does not see: it warns at -O2 */
    for (i = 0; i < count; i++) {
        messages[i] = chunks[i]->bytes;
        sizes[i] = chunks[i]->size;
    }
    cfti_sha256_many(messages, sizes, count, digests);
    for (i = 0; i < count; i++) {
        confiture_entry *entry = &entries[chunks[i]->index];
        memcpy(entry->sha256, digests[i], 32);
        entry->size = chunks[i]->total;
    }
}

CONFITURE_API confiture_status confiture_manifest(confiture_entry *entries,
                                                  const confiture_files *files,
                                                  const confiture_manifest_options *options,
                                                  confiture_error *error) {
    confiture_manifest_options defaults;
    cfti_consumer consumer;
    cfti_fail fail;
    memset(&defaults, 0, sizeof(defaults));
    memset(&consumer, 0, sizeof(consumer));
    if (!cfti_require(files, "files", error) ||
        (files->count > 0 && !cfti_require(entries, "entries", error)))
        return CONFITURE_E_ARGUMENT;
    if (options == NULL) options = &defaults;
    consumer.state_size = sizeof(confiture_sha256);
    consumer.state_only = true;
    consumer.min_batch = CFTI_SHA256_LANES;
    consumer.map = cfti_manifest_map;
    consumer.map_many = cfti_manifest_map_many;
    consumer.ctx = entries;
    if (cfti_scan_run(files, &options->run, &consumer, &fail) != CONFITURE_OK)
        return cfti_report(error, &fail);
    return CONFITURE_OK;
}
