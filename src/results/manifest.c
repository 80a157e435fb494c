/* ---- results/manifest.c: one digest for each file ---- */

static confiture_status cfti_manifest_map(void *ctx, cfti_visit *visit, cfti_arena *arena,
                                          cfti_fail *fail) {
    confiture_sha256 *sha = (confiture_sha256 *)visit->state;
    confiture_entry *entries = (confiture_entry *)ctx;
    (void)arena;
    (void)fail;
    if (visit->first) confiture_sha256_init(sha);
    confiture_sha256_update(sha, visit->bytes, visit->size);
    if (visit->last) { /* each entry is written by the one worker that has its file */
        confiture_sha256_final(sha, entries[visit->index].sha256);
        entries[visit->index].size = visit->total;
    }
    return CONFITURE_OK;
}

static void cfti_manifest_map_many(void *ctx, cfti_visit *visits, size_t count) {
    confiture_entry *entries = (confiture_entry *)ctx;
    cfti_messages messages;
    size_t i;
    messages.count = 0;
    for (i = 0; i < count; i++)
        if (cfti_visit_is_in_memory(&visits[i])) cfti_messages_add(&messages, &visits[i], 0, 0);
    cfti_messages_hash(&messages);
    for (i = 0; i < messages.count; i++) {
        confiture_entry *entry = &entries[messages.visits[i]->index];
        memcpy(entry->sha256, messages.digests[i], 32);
        entry->size = messages.visits[i]->total;
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
    if (!cfti_is_given(files, "files", error) ||
        (files->count > 0 && !cfti_is_given(entries, "entries", error)))
        return CONFITURE_E_ARGUMENT;
    if (options == NULL) options = &defaults;
    consumer.state_size = sizeof(confiture_sha256);
    consumer.by_state = true;
    consumer.map = cfti_manifest_map;
    consumer.map_many = cfti_manifest_map_many;
    consumer.ctx = entries;
    if (cfti_scan_run(files, &options->run, &consumer, &fail) != CONFITURE_OK)
        return cfti_report(error, &fail);
    return CONFITURE_OK;
}
