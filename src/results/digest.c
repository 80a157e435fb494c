/* ---- results/digest.c: the digests and the manifest ---- */

/* The stream digest: one SHA-256 over everything, so all of it in order. */
typedef struct cfti_stream {
    confiture_sha256 sha;
    uint64_t total_bytes;
} cfti_stream;

static void cfti_stream_add(cfti_stream *stream, const cfti_chunk *chunk) {
    if (chunk->has_prefix) { /* name, NUL, bytes, NUL: the very stream */
        confiture_sha256_update(&stream->sha, chunk->bytes - chunk->headroom,
                                chunk->headroom + chunk->size + 1);
        stream->total_bytes += chunk->size;
        return;
    }
    if (chunk->first) /* the name's NUL is part of the stream */
        confiture_sha256_update(&stream->sha, chunk->name, chunk->name_size + 1);
    confiture_sha256_update(&stream->sha, chunk->bytes, chunk->size);
    if (chunk->last) {
        confiture_sha256_update(&stream->sha, "", 1);
        stream->total_bytes += chunk->total;
    }
}

static confiture_status cfti_stream_fold(void *ctx, cfti_chunk *chunk, cfti_fail *fail) {
    (void)fail;
    cfti_stream_add((cfti_stream *)ctx, chunk);
    return CONFITURE_OK;
}

/* The tree digest: one of each file, on any thread, and one over those. */
typedef struct cfti_leaf {
    confiture_sha256 sha;
    uint8_t digest[32];
} cfti_leaf;

static confiture_status cfti_tree_map(void *ctx, cfti_chunk *chunk, cfti_arena *arena,
                                      cfti_fail *fail) {
    cfti_leaf *leaf = (cfti_leaf *)chunk->state;
    (void)ctx;
    (void)arena;
    (void)fail;
    if (chunk->first) {
        confiture_sha256_init(&leaf->sha);
        confiture_sha256_update(&leaf->sha, chunk->name, chunk->name_size + 1);
    }
    confiture_sha256_update(&leaf->sha, chunk->bytes, chunk->size);
    if (chunk->last) {
        confiture_sha256_update(&leaf->sha, "", 1);
        confiture_sha256_final(&leaf->sha, leaf->digest);
    }
    return CONFITURE_OK;
}

/* The messages of whole files, hashed side by side. */
typedef struct cfti_messages {
    const uint8_t *data[CFTI_BATCH_FILES];
    size_t sizes[CFTI_BATCH_FILES];
    uint8_t digests[CFTI_BATCH_FILES][32];
    cfti_chunk *chunks[CFTI_BATCH_FILES];
    size_t count;
} cfti_messages;

/* Adds the bytes of a visit, with `before` and `after` more around them. */
static void cfti_messages_add(cfti_messages *messages, cfti_chunk *chunk, size_t before,
                              size_t after) {
    messages->data[messages->count] = chunk->bytes - before;
    messages->sizes[messages->count] = before + chunk->size + after;
    messages->chunks[messages->count++] = chunk;
}

static void cfti_messages_hash(cfti_messages *messages) {
    cfti_sha256_many(messages->data, messages->sizes, messages->count, messages->digests);
}

static void cfti_tree_map_many(void *ctx, cfti_chunk *chunks, size_t count) {
    cfti_messages messages;
    size_t i;
    messages.count = 0;
    for (i = 0; i < count; i++) {
        cfti_fail ignored; /* hashing does not fail */
        if (!cfti_chunk_is_in_memory(&chunks[i])) continue;
        if (chunks[i].has_prefix) cfti_messages_add(&messages, &chunks[i], chunks[i].headroom, 1);
        else (void)cfti_tree_map(ctx, &chunks[i], NULL, &ignored);
    }
    cfti_messages_hash(&messages);
    for (i = 0; i < messages.count; i++)
        memcpy(((cfti_leaf *)messages.chunks[i]->state)->digest, messages.digests[i], 32);
}

static confiture_status cfti_tree_fold(void *ctx, cfti_chunk *chunk, cfti_fail *fail) {
    cfti_stream *root = (cfti_stream *)ctx;
    (void)fail;
    confiture_sha256_update(&root->sha, ((cfti_leaf *)chunk->state)->digest, 32);
    root->total_bytes += chunk->total;
    return CONFITURE_OK;
}

CONFITURE_API confiture_status confiture_hash(confiture_digest *digest,
                                              const confiture_files *files,
                                              const confiture_hash_options *options,
                                              confiture_error *error) {
    confiture_hash_options defaults;
    cfti_consumer consumer;
    cfti_stream stream;
    cfti_fail fail;
    memset(&defaults, 0, sizeof(defaults));
    memset(&consumer, 0, sizeof(consumer));
    memset(&stream, 0, sizeof(stream));
    if (!cfti_require(digest, "digest", error)) return CONFITURE_E_ARGUMENT;
    memset(digest, 0, sizeof(*digest));
    if (!cfti_require(files, "files", error)) return CONFITURE_E_ARGUMENT;
    if (options == NULL) options = &defaults;
    if (options->kind == CONFITURE_DIGEST_STREAM) {
        consumer.wants_prefix = true;
        consumer.fold = cfti_stream_fold;
    } else if (options->kind == CONFITURE_DIGEST_TREE) {
        consumer.state_size = sizeof(cfti_leaf);
        consumer.by_state = true;
        consumer.wants_prefix = true;
        consumer.map = cfti_tree_map;
        consumer.map_many = cfti_tree_map_many;
        consumer.fold = cfti_tree_fold;
    } else {
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT, "unknown kind of digest");
    }
    consumer.ctx = &stream;
    confiture_sha256_init(&stream.sha);
    if (cfti_scan_run(files, &options->run, &consumer, &fail) != CONFITURE_OK)
        return cfti_report(error, &fail);
    confiture_sha256_final(&stream.sha, digest->bytes);
    confiture_sha256_hex(digest->bytes, digest->hex);
    digest->file_count = files->count;
    digest->total_bytes = stream.total_bytes;
    return CONFITURE_OK;
}
