/* ---- results/output.c: where a schema goes: memory, a sink, a file ---- */

#define CFTI_OUTPUT_RUN ((size_t)256 << 10)

/* Returned by a file's sink beside system errors: the old file changed while it was compared. */
#define CFTI_OUTPUT_CHANGED (-1)

/* Collects bytes. With a sink they are passed on in large runs. */
typedef struct cfti_output {
    cfti_buffer buffer;
    confiture_sink sink;  /* write NULL: all bytes stay in the buffer */
    uint64_t total_bytes; /* so far */
    const char *path;     /* for errors; "" for memory and sinks */
    bool sink_is_file;    /* its errors are system errors */
    bool hashes;          /* what the sink gets, for a map */
    confiture_sha256 sha;
} cfti_output;

static confiture_status cfti_output_fail(cfti_fail *fail, int error, const char *path) {
    if (error != CFTI_OUTPUT_CHANGED) return cfti_fail_system(fail, error, path);
    cfti_fail_with(fail, CONFITURE_E_CHANGED, "the file changed while it was being compared");
    fail->path = path;
    return fail->status;
}

static confiture_status cfti_output_send(cfti_output *output, const void *data, size_t size,
                                         cfti_fail *fail) {
    int error = (output->sink.write)(output->sink.user, data, size);
    if (output->hashes) confiture_sha256_update(&output->sha, data, size);
    if (error == 0) return CONFITURE_OK;
    if (output->sink_is_file) return cfti_output_fail(fail, error, output->path);
    cfti_fail_with(fail, CONFITURE_E_SINK, NULL);
    fail->os_error = error;
    fail->path = output->path;
    return fail->status;
}

static confiture_status cfti_output_flush(cfti_output *output, cfti_fail *fail) {
    size_t size = output->buffer.size;
    output->buffer.size = 0;
    return size == 0 ? CONFITURE_OK : cfti_output_send(output, output->buffer.data, size, fail);
}

static confiture_status cfti_output_put(cfti_output *output, const void *data, size_t size,
                                        cfti_fail *fail) {
    output->total_bytes += size;
    if (output->sink.write != NULL && output->buffer.size + size > CFTI_OUTPUT_RUN) {
        confiture_status status = cfti_output_flush(output, fail);
        if (status != CONFITURE_OK) return status;
        if (size >= CFTI_OUTPUT_RUN / 4) return cfti_output_send(output, data, size, fail);
    }
    if (cfti_buffer_append(&output->buffer, data, size)) return CONFITURE_OK;
    cfti_fail_with(fail,
                   size > SIZE_MAX / 2 - output->buffer.size ? CONFITURE_E_TOO_LARGE
                                                             : CONFITURE_E_MEMORY,
                   NULL);
    fail->path = output->path;
    return fail->status;
}
