/* ---- results/compare.c: an existing file beside the bytes that a build makes ---- */

/* What the bytes are that differ. */
typedef enum cfti_part {
    CFTI_PART_HEADER = 0,
    CFTI_PART_SEPARATOR, /* before the file at hand */
    CFTI_PART_TEXT,      /* of the file at hand, with the newline or semicolon that a build adds */
    CFTI_PART_END        /* the build is complete */
} cfti_part;

#define CFTI_HEADER_VALUE 96 /* bytes kept of a value: a digest and more, so that more differs */

/* A file that is read in step with a build, by pieces, up to the first byte that differs. */
typedef struct cfti_compare {
    const char *path; /* as given */
    cfti_os_file file;
    bool is_open; /* false: there is no such file */
    bool differs;
    bool ended;            /* it differs since the file has no more bytes */
    cfti_os_status before; /* the first read */
    uint8_t *piece;        /* CFTI_PIECE bytes */
    size_t size, at;       /* bytes at piece; those that have been compared */
    uint64_t offset;       /* of the piece in the file */
    uint64_t line;         /* of the next byte, from 1 */
    uint8_t wanted;        /* the byte that the build has where the file differs */
    /* What is being compared. */
    cfti_part part;
    size_t index;                      /* of the file at hand */
    size_t previous;                   /* the file before it in this output */
    size_t files;                      /* of this output so far, with the one at hand */
    uint64_t lines, previous_lines;    /* of these two files so far */
    uint64_t start;                    /* offset of the file's separator */
    char values[2][CFTI_HEADER_VALUE]; /* of the header: the digest and the number of files */
    size_t value_sizes[2];
} cfti_compare;

static uint64_t cfti_compare_position(const cfti_compare *compare) {
    return compare->offset + compare->at;
}

static confiture_status cfti_compare_fail(const cfti_compare *compare, int error, cfti_fail *fail) {
    return cfti_fail_system(fail, error, compare->path);
}

/* Opens the file of a target. What is no regular file is refused, most often unopened. */
static confiture_status cfti_compare_open(cfti_compare *compare, const cfti_target *target,
                                          const confiture_allocator *allocator, cfti_fail *fail) {
    confiture_status status;
    int error;
    compare->path = target->path;
    compare->line = 1;
    if (!target->exists) return CONFITURE_OK;
    if (target->old.kind != CFTI_KIND_FILE) {
        (void)cfti_fail_kind(fail, target->old.kind);
        fail->path = compare->path;
        return fail->status;
    }
    error = cfti_os_open(CFTI_OS_CWD, compare->path, &compare->file);
    if (error != 0) return cfti_compare_fail(compare, error, fail);
    compare->is_open = true;
    status = cfti_wait_status(compare->file, &compare->before, fail);
    if (status == CONFITURE_OK) {
        compare->piece = (uint8_t *)cfti_alloc(allocator, CFTI_PIECE);
        if (compare->piece == NULL) status = cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    }
    if (status != CONFITURE_OK) fail->path = compare->path;
    return status;
}

static void cfti_compare_close(cfti_compare *compare, const confiture_allocator *allocator) {
    if (compare->is_open) cfti_os_close(compare->file);
    cfti_free(allocator, compare->piece, CFTI_PIECE);
}

/* Reads the next piece when the one at hand has been compared. *ended: there is none. */
static confiture_status cfti_compare_fill(cfti_compare *compare, bool *ended, cfti_fail *fail) {
    int error;
    *ended = false;
    if (compare->at < compare->size) return CONFITURE_OK;
    compare->offset += compare->size;
    compare->at = compare->size = 0;
    error =
        cfti_os_read_at(compare->file, compare->piece, CFTI_PIECE, compare->offset, &compare->size);
    *ended = compare->size == 0;
    return error == 0 ? CONFITURE_OK : cfti_compare_fail(compare, error, fail);
}

static size_t cfti_equal_bytes(const uint8_t *a, const uint8_t *b, size_t size) {
    size_t i = 0;
    while (i < size && a[i] == b[i]) i++;
    return i;
}

/* Compares bytes of the build, which have so many ends of lines, with the next of the file. */
static confiture_status cfti_compare_bytes(cfti_compare *compare, const void *data, size_t size,
                                           uint64_t lines, cfti_fail *fail) {
    const uint8_t *p = (const uint8_t *)data;
    size_t done = 0;
    while (done < size && !compare->differs) {
        size_t step, same;
        if (cfti_compare_fill(compare, &compare->ended, fail) != CONFITURE_OK) return fail->status;
        step = cfti_min(size - done, compare->size - compare->at);
        same = step;
        if (compare->ended) same = 0;
        else if (memcmp(p + done, compare->piece + compare->at, step) != 0)
            same = cfti_equal_bytes(p + done, compare->piece + compare->at, step);
        compare->at += same;
        done += same;
        compare->differs = compare->ended || same < step;
    }
    if (!compare->differs) {
        compare->line += lines;
        return CONFITURE_OK;
    }
    compare->wanted = p[done];
    lines = cfti_count_byte(p, done, '\n');
    compare->line += lines;
    if (compare->part == CFTI_PART_TEXT) compare->lines += lines;
    return CONFITURE_OK;
}

/* The build is complete, and so must be the file. */
static confiture_status cfti_compare_end(cfti_compare *compare, cfti_fail *fail) {
    bool ended;
    if (cfti_compare_fill(compare, &ended, fail) != CONFITURE_OK) return fail->status;
    compare->part = CFTI_PART_END;
    compare->differs = !ended;
    return CONFITURE_OK;
}

/* ---- the header ---- */

/* The lines of a header whose values are not compared with it, counted from 0. */
enum { CFTI_LINE_GENERATED = 5, CFTI_LINE_DIGEST = 6, CFTI_LINE_COUNT = 7 };

static const char cfti_header_labels[3][20] = {
    "-- Generated: ", "-- Schema Hash: ", "-- Files Included: "};

/* Reads the rest of a line of the file, and keeps its start in `value` if that is not NULL. */
static confiture_status cfti_compare_value(cfti_compare *compare, char *value, size_t *value_size,
                                           cfti_fail *fail) {
    bool is_line = false;
    while (!is_line && !compare->differs) {
        const uint8_t *bytes, *end;
        size_t size;
        if (cfti_compare_fill(compare, &compare->ended, fail) != CONFITURE_OK) return fail->status;
        compare->differs = compare->ended;
        compare->wanted = '\n';
        if (compare->ended) break;
        bytes = compare->piece + compare->at;
        end = (const uint8_t *)memchr(bytes, '\n', compare->size - compare->at);
        size = end == NULL ? compare->size - compare->at : (size_t)(end - bytes);
        is_line = end != NULL;
        compare->at += size + (is_line ? 1 : 0);
        if (value == NULL) continue;
        size = cfti_min(size, CFTI_HEADER_VALUE - *value_size);
        memcpy(value + *value_size, bytes, size);
        *value_size += size;
    }
    if (is_line) compare->line++;
    return CONFITURE_OK;
}

/* Compares the header, except the value of "Generated". The digest and the number of files are
 * known only later, or say less than the file that made the difference: they are kept. */
static confiture_status cfti_compare_header(cfti_compare *compare, const char *header, size_t size,
                                            cfti_fail *fail) {
    confiture_status status = CONFITURE_OK;
    const char *end = size > 0 ? header + size : header; /* without a header both are NULL */
    size_t n;
    compare->part = CFTI_PART_HEADER;
    for (n = 0; header < end && status == CONFITURE_OK && !compare->differs; n++) {
        size_t line = (size_t)((const char *)memchr(header, '\n', (size_t)(end - header)) - header);
        bool has_value = n >= CFTI_LINE_GENERATED && n <= CFTI_LINE_COUNT;
        if (has_value) {
            const char *label = cfti_header_labels[n - CFTI_LINE_GENERATED];
            size_t kept = n == CFTI_LINE_COUNT ? 1 : 0;
            status = cfti_compare_bytes(compare, label, strlen(label), 0, fail);
            if (status == CONFITURE_OK && !compare->differs)
                status = cfti_compare_value(compare,
                                            n == CFTI_LINE_GENERATED ? NULL : compare->values[kept],
                                            &compare->value_sizes[kept], fail);
        } else {
            status = cfti_compare_bytes(compare, header, line + 1, 1, fail);
        }
        header += line + 1;
    }
    return status;
}

static bool cfti_compare_has_value(const cfti_compare *compare, size_t kept, const char *value,
                                   size_t size) {
    return compare->value_sizes[kept] == size && memcmp(compare->values[kept], value, size) == 0;
}

/* ---- what the file has instead ---- */

/* Reads up to CFTI_PIECE bytes of the file, from `from` on, over the piece at hand. */
static confiture_status cfti_compare_look(cfti_compare *compare, uint64_t from, size_t *size,
                                          cfti_fail *fail) {
    int error = cfti_target_read(compare->file, compare->piece, CFTI_PIECE, from, size);
    return error == 0 ? CONFITURE_OK : cfti_compare_fail(compare, error, fail);
}

/* Whether these bytes occur in the file, from `from` on. What fills a piece is not looked for. */
static confiture_status cfti_compare_find(cfti_compare *compare, uint64_t from,
                                          const uint8_t *bytes, size_t size, bool *found,
                                          cfti_fail *fail) {
    size_t got;
    *found = false;
    while (size > 0 && size < CFTI_PIECE) {
        const uint8_t *p = compare->piece, *end;
        if (cfti_compare_look(compare, from, &got, fail) != CONFITURE_OK) return fail->status;
        if (got < size) break;
        end = p + (got - size) + 1;
        while (p < end && (p = (const uint8_t *)memchr(p, bytes[0], (size_t)(end - p))) != NULL) {
            *found = memcmp(p, bytes, size) == 0;
            if (*found) return CONFITURE_OK;
            p++;
        }
        from += got - size + 1;
    }
    return CONFITURE_OK;
}

/* Whether the bytes begin with a compiled separator in which this name stands. */
static bool cfti_separator_is(const cfti_buffer *separator, const uint8_t *name, size_t name_size,
                              const uint8_t *bytes, size_t size) {
    size_t i, at = 0;
    for (i = 0; i < separator->size; i++) {
        if (separator->data[i] != '\0') {
            if (at == size || bytes[at++] != separator->data[i]) return false;
        } else {
            if (size - at < name_size) return false;
            if (bytes + at != name && memcmp(bytes + at, name, name_size) != 0) return false;
            at += name_size;
        }
    }
    return true;
}

/* The name in the separator that the bytes begin with, which is NULL if they begin with none. */
static const uint8_t *cfti_separator_read(const cfti_buffer *separator, const uint8_t *bytes,
                                          size_t size, size_t *name_size) {
    const uint8_t *mark = NULL, *name;
    size_t before, n = 0;
    if (separator->size > 0) mark = (const uint8_t *)memchr(separator->data, '\0', separator->size);
    if (mark == NULL) return NULL;
    before = (size_t)(mark - separator->data);
    if (before > size || memcmp(bytes, separator->data, before) != 0) return NULL;
    name = bytes + before;
    for (n = 1; n <= size - before && name[n - 1] >= 0x20; n++) {
        if (!cfti_separator_is(separator, name, n, bytes, size)) continue;
        *name_size = n;
        return name;
    }
    return NULL;
}
