/* ---- results/map_file.c: a map as text ---- */

#define CFTI_MAP_MARK "confiture map "
#define CFTI_MAP_VERSION "1"
#define CFTI_MAP_SHORTEST 8 /* bytes of the shortest line of a file: "1 1 1 a" and LF */

/* ---- written ---- */

static confiture_status cfti_map_put_number(cfti_output *output, uint64_t value, const char *after,
                                            cfti_fail *fail) {
    char digits[24];
    size_t size = cfti_decimal(digits, value), n = strlen(after);
    memcpy(digits + size, after, n);
    return cfti_output_put(output, digits, size + n, fail);
}

/* A path may hold any byte: control characters, backslashes and what is not UTF-8 become \xNN. */
static confiture_status cfti_map_put_path(cfti_output *output, const char *path, cfti_fail *fail) {
    static const char hex[] = "0123456789ABCDEF";
    size_t n = strlen(path), i, length;
    confiture_status status = cfti_output_put(output, "\t", 1, fail);
    for (i = 0; i < n && status == CONFITURE_OK; i += length) {
        char escape[4] = {'\\', 'x', '0', '0'};
        if (cfti_needs_escape(path + i, n - i, &length) || path[i] == '\\') {
            escape[2] = hex[(uint8_t)path[i] >> 4];
            escape[3] = hex[(uint8_t)path[i] & 15];
            status = cfti_output_put(output, escape, 4, fail);
        } else {
            status = cfti_output_put(output, path + i, length, fail);
        }
    }
    return status;
}

static confiture_status cfti_map_put_entry(cfti_output *output, const confiture_map_entry *entry,
                                           cfti_fail *fail) {
    confiture_status status = cfti_map_put_number(output, entry->separator_line, " ", fail);
    if (status == CONFITURE_OK) status = cfti_map_put_number(output, entry->first_line, " ", fail);
    if (status == CONFITURE_OK) status = cfti_map_put_number(output, entry->line_count, " ", fail);
    if (status == CONFITURE_OK)
        status = cfti_output_put(output, entry->name, strlen(entry->name), fail);
    if (status == CONFITURE_OK && strcmp(entry->path, entry->name) != 0)
        status = cfti_map_put_path(output, entry->path, fail);
    return status == CONFITURE_OK ? cfti_output_put(output, "\n", 1, fail) : status;
}

static confiture_status cfti_map_put(cfti_output *output, const confiture_map *map,
                                     cfti_fail *fail) {
    static const char first[] = CFTI_MAP_MARK CFTI_MAP_VERSION "\nschema ";
    char hex[65];
    size_t i;
    confiture_status status = cfti_output_put(output, first, sizeof(first) - 1, fail);
    confiture_sha256_hex(map->sha256, hex);
    hex[64] = ' ';
    if (status == CONFITURE_OK) status = cfti_output_put(output, hex, 65, fail);
    if (status == CONFITURE_OK) status = cfti_map_put_number(output, map->line_count, " ", fail);
    if (status == CONFITURE_OK) status = cfti_map_put_number(output, map->count, "\n", fail);
    for (i = 0; i < map->count && status == CONFITURE_OK; i++)
        status = cfti_map_put_entry(output, &map->entries[i], fail);
    return status;
}

CONFITURE_API confiture_status confiture_map_write(const confiture_map *map,
                                                   const confiture_sink *sink,
                                                   const confiture_map_options *options,
                                                   confiture_error *error) {
    cfti_output output;
    cfti_fail fail;
    confiture_status status;
    memset(&output, 0, sizeof(output));
    if (!cfti_require(map, "map", error) || !cfti_require(sink, "sink", error) ||
        (sink->write == NULL && !cfti_require(NULL, "sink->write", error)))
        return CONFITURE_E_ARGUMENT;
    if (!cfti_allocator_choose(&output.buffer.allocator,
                               options != NULL ? options->run.allocator : NULL))
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT, cfti_no_allocator);
    output.sink = *sink;
    output.path = options != NULL && options->path != NULL ? options->path : "";
    status = cfti_map_put(&output, map, &fail);
    if (status == CONFITURE_OK) status = cfti_output_flush(&output, &fail);
    cfti_buffer_free(&output.buffer);
    return status == CONFITURE_OK ? status : cfti_report(error, &fail);
}

/* ---- read ---- */

typedef struct cfti_map_reader {
    const char *p, *end;
    uint64_t line;    /* at hand, from 1 */
    const char *what; /* is wrong; NULL: nothing so far */
    char words[160];  /* may hold what `what` says */
} cfti_map_reader;

/* Whether a text is next, which is skipped. */
static bool cfti_map_skip(cfti_map_reader *reader, const char *text) {
    size_t n = strlen(text);
    if ((size_t)(reader->end - reader->p) < n || memcmp(reader->p, text, n) != 0) return false;
    reader->p += n;
    return true;
}

/* A decimal number without leading zeros, and the character after it. */
static bool cfti_map_number(cfti_map_reader *reader, uint64_t *value, char after) {
    const char *start = reader->p;
    *value = 0;
    for (; reader->p < reader->end && *reader->p >= '0' && *reader->p <= '9'; reader->p++) {
        unsigned digit = (unsigned)(*reader->p - '0');
        if (*value > (UINT64_MAX - digit) / 10) return false;
        *value = 10 * *value + digit;
    }
    if (reader->p == start || (*start == '0' && reader->p - start > 1)) return false;
    return reader->p < reader->end && *reader->p++ == after;
}

static int cfti_map_hex(char c, const char *digits) {
    const char *found = c == '\0' ? NULL : strchr(digits, c);
    return found == NULL ? -1 : (int)(found - digits);
}

static bool cfti_map_digest(cfti_map_reader *reader, uint8_t digest[32]) {
    size_t i;
    if (reader->end - reader->p < 64) return false;
    for (i = 0; i < 32; i++, reader->p += 2) {
        int high = cfti_map_hex(reader->p[0], "0123456789abcdef");
        int low = cfti_map_hex(reader->p[1], "0123456789abcdef");
        if (high < 0 || low < 0) return false;
        digest[i] = (uint8_t)(high << 4 | low);
    }
    return cfti_map_skip(reader, " ");
}

/* What the first line says instead of the mark and the version. */
static void cfti_map_refuse(cfti_map_reader *reader) {
    const char *end;
    cfti_writer w;
    if (!cfti_map_skip(reader, CFTI_MAP_MARK)) {
        reader->what = "not a map: expected the line \"" CFTI_MAP_MARK CFTI_MAP_VERSION "\"";
        return;
    }
    end = reader->p;
    while (end < reader->end && *end != '\n' && *end != '\0' && end - reader->p < 20) end++;
    cfti_writer_init(&w, reader->words, sizeof(reader->words));
    cfti_write_string(&w, "a map of version '");
    cfti_write_bytes(&w, reader->p, (size_t)(end - reader->p));
    cfti_write_string(&w, "': expected " CFTI_MAP_VERSION);
    reader->what = reader->words;
}

/* The two lines before the entries. */
static bool cfti_map_head(cfti_map_reader *reader, confiture_map *map, uint64_t *count) {
    if (!cfti_map_skip(reader, CFTI_MAP_MARK CFTI_MAP_VERSION "\n")) {
        cfti_map_refuse(reader);
        return false;
    }
    reader->line++;
    if (cfti_map_skip(reader, "schema ") && cfti_map_digest(reader, map->sha256) &&
        cfti_map_number(reader, &map->line_count, ' ') && cfti_map_number(reader, count, '\n'))
        return true;
    reader->what = "expected \"schema\", a SHA-256, the number of lines and that of files";
    return false;
}

/* The unescaped path at *at, up to `end`. False: an escape that none writes. */
static bool cfti_map_path(const char *p, const char *end, char **at) {
    static const char digits[] = "0123456789ABCDEF";
    while (p < end) {
        int high, low;
        if (*p == '\0') return false;
        if (*p != '\\') {
            *(*at)++ = *p++;
            continue;
        }
        if (end - p < 4 || p[1] != 'x') return false;
        high = cfti_map_hex(p[2], digits);
        low = cfti_map_hex(p[3], digits);
        if (high < 0 || low < 0 || (high == 0 && low == 0)) return false;
        *(*at)++ = (char)(high << 4 | low);
        p += 4;
    }
    *(*at)++ = '\0';
    return true;
}

/* The name and the path of a line, which end with it. */
static bool cfti_map_names(cfti_map_reader *reader, confiture_map_entry *entry, char **at) {
    size_t left = (size_t)(reader->end - reader->p), size;
    const char *end = (const char *)memchr(reader->p, '\n', left), *tab;
    if (end == NULL) return false; /* torn */
    tab = (const char *)memchr(reader->p, '\t', (size_t)(end - reader->p));
    size = (size_t)((tab != NULL ? tab : end) - reader->p);
    if (size == 0 || cfti_line_check(reader->p, size) != CFTI_LINE_GOOD) return false;
    entry->name = entry->path = *at;
    memcpy(*at, reader->p, size);
    *at += size;
    *(*at)++ = '\0';
    if (tab != NULL) {
        entry->path = *at;
        if (end - tab < 2 || !cfti_map_path(tab + 1, end, at)) return false;
    }
    reader->p = end + 1;
    return true;
}

/* Whether the lines of an entry follow those before it, with at most one that was added. */
static bool cfti_map_follows(const confiture_map *map, const confiture_map_entry *entry) {
    uint64_t from = 1;
    if (map->count > 0) {
        const confiture_map_entry *before = &map->entries[map->count - 1];
        from = before->first_line + before->line_count;
        if (entry->separator_line < from || entry->separator_line - from > 1) return false;
    }
    return entry->separator_line >= from && entry->first_line >= entry->separator_line &&
           entry->line_count > 0 && entry->first_line <= map->line_count &&
           entry->line_count <= map->line_count - entry->first_line + 1;
}

static bool cfti_map_entry_read(cfti_map_reader *reader, confiture_map *map, char **at) {
    confiture_map_entry *entry = &map->entries[map->count];
    reader->line++;
    memset(entry, 0, sizeof(*entry));
    entry->index = CONFITURE_NO_INDEX;
    if (!memchr(reader->p, '\n', (size_t)(reader->end - reader->p))) {
        reader->what = "the map ends too early: it is torn";
    } else if (!cfti_map_number(reader, &entry->separator_line, ' ') ||
               !cfti_map_number(reader, &entry->first_line, ' ') ||
               !cfti_map_number(reader, &entry->line_count, ' ') ||
               !cfti_map_names(reader, entry, at)) {
        reader->what = "expected three numbers of lines, a name and, after a tab, a path";
    } else if (!cfti_map_follows(map, entry)) {
        reader->what = "numbers out of order: expected lines that follow those before them";
    }
    if (reader->what == NULL) map->count++;
    return reader->what == NULL;
}

/* Reads a map; reader->what: why it is none. */
static confiture_status cfti_map_parse(cfti_map_reader *reader, confiture_map *map,
                                       const confiture_allocator *allocator, cfti_fail *fail) {
    uint64_t count, i;
    size_t size;
    char *at;
    if (!cfti_map_head(reader, map, &count)) return CONFITURE_OK;
    size = (size_t)(reader->end - reader->p);
    if (count > size / CFTI_MAP_SHORTEST) {
        reader->what = "the map has fewer files than this line says: it is torn";
        return CONFITURE_OK;
    }
    /* The text of a line is longer than its strings. */
    if (!cfti_map_allocate(map, (size_t)count, size, allocator))
        return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    at = cfti_map_strings_of(map, (size_t)count);
    for (i = 0; i < count; i++)
        if (!cfti_map_entry_read(reader, map, &at)) return CONFITURE_OK;
    reader->line++;
    if (reader->p < reader->end) {
        reader->what = "the map goes on after its last file";
    } else if (count > 0) {
        const confiture_map_entry *last = &map->entries[map->count - 1];
        if (map->line_count - (last->first_line + last->line_count - 1) > 1)
            reader->line = 2, reader->what = "the schema has more lines than its files";
    }
    return CONFITURE_OK;
}

CONFITURE_API confiture_status confiture_map_read(confiture_map *map, const void *data, size_t size,
                                                  const confiture_map_options *options,
                                                  confiture_error *error) {
    confiture_allocator allocator;
    cfti_map_reader reader;
    cfti_fail fail;
    confiture_status status;
    if (!cfti_require(map, "map", error)) return CONFITURE_E_ARGUMENT;
    confiture_map_free(map);
    if (size > 0 && !cfti_require(data, "data", error)) return CONFITURE_E_ARGUMENT;
    if (!cfti_allocator_choose(&allocator, options != NULL ? options->run.allocator : NULL))
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT, cfti_no_allocator);
    memset(&reader, 0, sizeof(reader));
    reader.p = size > 0 ? (const char *)data : "";
    reader.end = reader.p + size;
    reader.line = 1;
    status = cfti_map_parse(&reader, map, &allocator, &fail);
    if (status == CONFITURE_OK && reader.what != NULL) {
        status = cfti_fail_with(&fail, CONFITURE_E_FORMAT, reader.what);
        fail.line = reader.line;
    }
    if (status == CONFITURE_OK) return status;
    fail.path = options != NULL && options->path != NULL ? options->path : "";
    confiture_map_free(map);
    return cfti_report(error, &fail);
}

/* ---- beside a schema ---- */

/* Writes the map into its file, and completes that. */
static confiture_status cfti_map_finish(const confiture_map *map, cfti_target *target, bool sync,
                                        const confiture_allocator *allocator, cfti_fail *fail) {
    static const uint64_t no_offset = CFTI_TARGET_NO_OFFSET;
    cfti_output output;
    confiture_status status;
    int error;
    memset(&output, 0, sizeof(output));
    output.buffer.allocator = *allocator;
    output.sink.write = cfti_target_write;
    output.sink.user = target;
    output.sink_is_file = true;
    output.path = target->path;
    target->digest_at = &no_offset;
    status = cfti_map_put(&output, map, fail);
    if (status == CONFITURE_OK) status = cfti_output_flush(&output, fail);
    cfti_buffer_free(&output.buffer);
    if (status != CONFITURE_OK) return status;
    error = cfti_target_complete(target, sync);
    return error != 0 ? cfti_output_fail(fail, error, target->path) : CONFITURE_OK;
}
