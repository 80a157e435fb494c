/* ---- results/digest.c: the digests of a list ---- */

/* A file's message is its name, NUL, its bytes, NUL. For a whole file, which has headroom, it is
 * one run of bytes, as cfti_sha256_many() needs it. */
static const uint8_t *cfti_message_of(cfti_chunk *chunk, size_t *size) {
    uint8_t *message = chunk->bytes - chunk->headroom;
    memcpy(message, chunk->file->name, chunk->headroom); /* the name's NUL included */
    chunk->bytes[chunk->size] = '\0';
    *size = chunk->headroom + chunk->size + 1;
    return message;
}

/* The same in pieces. */
static void cfti_message_update(confiture_sha256 *sha, const cfti_chunk *chunk) {
    if (chunk->first)
        confiture_sha256_update(sha, chunk->file->name, (size_t)chunk->file->name_size + 1);
    confiture_sha256_update(sha, chunk->bytes, chunk->size);
    if (chunk->last) confiture_sha256_update(sha, "", 1);
}

/* The stream digest: one SHA-256 over the messages of all files, in order. */
typedef struct cfti_stream {
    confiture_sha256 sha;
    uint64_t total_bytes;
} cfti_stream;

static void cfti_stream_add(cfti_stream *stream, cfti_chunk *chunk) {
    if (chunk->headroom > 0) {
        size_t size;
        const uint8_t *message = cfti_message_of(chunk, &size);
        confiture_sha256_update(&stream->sha, message, size);
    } else {
        cfti_message_update(&stream->sha, chunk);
    }
    if (chunk->last) stream->total_bytes += chunk->total;
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
    if (chunk->first) confiture_sha256_init(&leaf->sha);
    cfti_message_update(&leaf->sha, chunk);
    if (chunk->last) confiture_sha256_final(&leaf->sha, leaf->digest);
    return CONFITURE_OK;
}

static void cfti_tree_map_many(void *ctx, cfti_chunk *const *chunks, size_t count) {
    const uint8_t *messages[CFTI_BATCH_FILES];
    size_t sizes[CFTI_BATCH_FILES], i;
    uint8_t digests[CFTI_BATCH_FILES][32];
    (void)ctx;
    messages[0] = NULL, sizes[0] = 0; /* count > 0, which gcc does not see: it warns at -O2 */
    for (i = 0; i < count; i++) messages[i] = cfti_message_of(chunks[i], &sizes[i]);
    cfti_sha256_many(messages, sizes, count, digests);
    for (i = 0; i < count; i++) memcpy(((cfti_leaf *)chunks[i]->state)->digest, digests[i], 32);
}

static confiture_status cfti_tree_fold(void *ctx, cfti_chunk *chunk, cfti_fail *fail) {
    cfti_stream *root = (cfti_stream *)ctx;
    (void)fail;
    confiture_sha256_update(&root->sha, ((cfti_leaf *)chunk->state)->digest, 32);
    root->total_bytes += chunk->total;
    return CONFITURE_OK;
}

/* The text digest: one of the names and texts of all files. */
typedef struct cfti_text_stream {
    cfti_stream stream; /* first: what the other kinds have alone */
    cfti_text_rules rules;
    bool ends_in_newline; /* the text of the current file, so far */
} cfti_text_stream;

static confiture_status cfti_text_stream_map(void *ctx, cfti_chunk *chunk, cfti_arena *arena,
                                             cfti_fail *fail) {
    return cfti_text_map((cfti_text_state *)chunk->state, chunk, &((cfti_text_stream *)ctx)->rules,
                         arena, fail);
}

static confiture_status cfti_text_stream_fold(void *ctx, cfti_chunk *chunk, cfti_fail *fail) {
    cfti_text_stream *text = (cfti_text_stream *)ctx;
    const cfti_text_state *state = (const cfti_text_state *)chunk->state;
    confiture_sha256 *sha = &text->stream.sha;
    if (state->finding.status != CONFITURE_OK) {
        *fail = state->finding;
        return fail->status;
    }
    if (chunk->first) {
        confiture_sha256_update(sha, chunk->file->name, (size_t)chunk->file->name_size + 1);
        text->ends_in_newline = false;
    }
    confiture_sha256_update(sha, state->text, state->text_size);
    if (state->text_size > 0) text->ends_in_newline = state->text[state->text_size - 1] == '\n';
    if (!chunk->last) return CONFITURE_OK;
    confiture_sha256_update(sha, "\n", text->ends_in_newline ? 0 : 1);
    confiture_sha256_update(sha, "", 1);
    text->stream.total_bytes += chunk->total;
    return CONFITURE_OK;
}

/* Sets the functions of a kind of digest. False: there is no such kind. */
static bool cfti_hash_consumer(cfti_consumer *consumer, confiture_digest_kind kind) {
    memset(consumer, 0, sizeof(*consumer));
    switch (kind) {
    case CONFITURE_DIGEST_STREAM:
        consumer->wants_headroom = true;
        consumer->fold = cfti_stream_fold;
        return true;
    case CONFITURE_DIGEST_TREE:
        consumer->state_size = sizeof(cfti_leaf);
        consumer->state_only = true;
        consumer->wants_headroom = true;
        consumer->min_batch = CFTI_SHA256_LANES;
        consumer->map = cfti_tree_map;
        consumer->map_many = cfti_tree_map_many;
        consumer->fold = cfti_tree_fold;
        return true;
    case CONFITURE_DIGEST_TEXT:
        consumer->state_size = sizeof(cfti_text_state);
        consumer->piece_state_size = sizeof(cfti_text_pieces);
        consumer->map = cfti_text_stream_map;
        consumer->fold = cfti_text_stream_fold;
        return true;
    }
    return false;
}

CONFITURE_API confiture_status confiture_hash(confiture_digest *digest,
                                              const confiture_files *files,
                                              const confiture_hash_options *options,
                                              confiture_error *error) {
    confiture_hash_options defaults;
    cfti_consumer consumer;
    cfti_text_stream text;
    cfti_stream *stream = &text.stream;
    cfti_fail fail;
    memset(&defaults, 0, sizeof(defaults));
    memset(&text, 0, sizeof(text));
    if (!cfti_require(digest, "digest", error)) return CONFITURE_E_ARGUMENT;
    memset(digest, 0, sizeof(*digest));
    if (!cfti_require(files, "files", error)) return CONFITURE_E_ARGUMENT;
    if (options == NULL) options = &defaults;
    if (!cfti_hash_consumer(&consumer, options->kind))
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT, "unknown kind of digest");
    text.rules.mode = CONFITURE_CHECK_NONE;
    text.rules.refuse_nul = true;
    consumer.ctx = &text;
    confiture_sha256_init(&stream->sha);
    if (cfti_scan_run(files, &options->run, &consumer, &fail) != CONFITURE_OK)
        return cfti_report(error, &fail);
    confiture_sha256_final(&stream->sha, digest->bytes);
    confiture_sha256_hex(digest->bytes, digest->hex);
    digest->file_count = files->count;
    digest->total_bytes = stream->total_bytes;
    return CONFITURE_OK;
}
