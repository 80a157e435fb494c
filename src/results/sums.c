/* ---- results/sums.c: names with SHA-256, in the format of sha256sum ---- */

typedef struct cfti_sum {
    const char *name; /* clean */
    size_t file;      /* its index in the list that the sums are of */
    uint8_t sha256[32];
} cfti_sum;

struct confiture_sums {
    confiture_allocator allocator;
    cfti_arena names; /* of sums that were read */
    cfti_sum *items;
    size_t count, capacity;
    const cfti_sum **by_name;     /* sorted by cfti_path_compare(); NULL: no sums */
    const confiture_files *files; /* whose sums they are; NULL: they were read */
};

CONFITURE_API void confiture_sums_free(confiture_sums *sums) {
    confiture_allocator allocator;
    if (sums == NULL) return;
    allocator = sums->allocator;
    cfti_arena_free(&sums->names);
    cfti_free(&allocator, (void *)sums->by_name, sums->count * sizeof(*sums->by_name));
    cfti_free(&allocator, sums->items, sums->capacity * sizeof(cfti_sum));
    cfti_free(&allocator, sums, sizeof(*sums));
}

CONFITURE_API size_t confiture_sums_count(const confiture_sums *sums) {
    return sums != NULL ? sums->count : 0;
}

CONFITURE_API const char *confiture_sums_name(const confiture_sums *sums, size_t index) {
    return index < confiture_sums_count(sums) ? sums->items[index].name : NULL;
}

CONFITURE_API const uint8_t *confiture_sums_sha256(const confiture_sums *sums, size_t index) {
    return index < confiture_sums_count(sums) ? sums->items[index].sha256 : NULL;
}

static int cfti_sums_order(const void *a, const void *b) {
    return cfti_path_compare((*(const cfti_sum *const *)a)->name,
                             (*(const cfti_sum *const *)b)->name);
}

/* Makes by_name. *twice: of two equal names the later one in the order of by_name, which keeps the
 * order of the items; NULL: there is none. False: no memory. */
static bool cfti_sums_sort(confiture_sums *sums, const cfti_sum **twice) {
    size_t i;
    *twice = NULL;
    if (sums->count == 0) return true;
    sums->by_name =
        (const cfti_sum **)cfti_alloc(&sums->allocator, sums->count * sizeof(*sums->by_name));
    if (sums->by_name == NULL) return false;
    for (i = 0; i < sums->count; i++) sums->by_name[i] = &sums->items[i];
    if (!cfti_sort(&sums->allocator, (void *)sums->by_name, sums->count, sizeof(*sums->by_name),
                   cfti_sums_order))
        return false;
    for (i = 1; i < sums->count && *twice == NULL; i++)
        if (cfti_sums_order(&sums->by_name[i - 1], &sums->by_name[i]) == 0)
            *twice = sums->by_name[i];
    return true;
}

static confiture_status cfti_sums_create(confiture_sums **out,
                                         const confiture_sums_options *options,
                                         confiture_error *error) {
    confiture_allocator allocator;
    confiture_sums *sums;
    if (!cfti_allocator_choose(&allocator, options != NULL ? options->run.allocator : NULL))
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT, cfti_no_allocator);
    sums = (confiture_sums *)cfti_alloc(&allocator, sizeof(*sums));
    if (sums == NULL) return cfti_report_plain(error, CONFITURE_E_MEMORY, NULL);
    memset(sums, 0, sizeof(*sums));
    sums->allocator = sums->names.allocator = allocator;
    sums->names.block_size = 16384;
    *out = sums;
    return CONFITURE_OK;
}

/* ---- of files ---- */

/* Drops the sums of files that are listed more than once, except the first of each. */
static void cfti_sums_drop_repeats(confiture_sums *sums) {
    size_t i, kept = 0;
    for (i = 1; i < sums->count; i++)
        if (cfti_sums_order(&sums->by_name[i - 1], &sums->by_name[i]) == 0)
            sums->items[sums->by_name[i] - sums->items].file = CONFITURE_NO_INDEX;
    cfti_free(&sums->allocator, (void *)sums->by_name, sums->count * sizeof(*sums->by_name));
    sums->by_name = NULL;
    for (i = 0; i < sums->count; i++)
        if (sums->items[i].file != CONFITURE_NO_INDEX) sums->items[kept++] = sums->items[i];
    sums->count = kept;
}

static bool cfti_sums_fill(confiture_sums *sums, const confiture_files *files,
                           const confiture_entry *entries) {
    const cfti_sum *twice;
    size_t i;
    sums->items = (cfti_sum *)cfti_alloc(&sums->allocator, files->count * sizeof(cfti_sum));
    if (sums->items == NULL) return false;
    sums->count = sums->capacity = files->count;
    for (i = 0; i < files->count; i++) {
        sums->items[i].name = files->items[i].name;
        sums->items[i].file = i;
        memcpy(sums->items[i].sha256, entries[i].sha256, 32);
    }
    if (!cfti_sums_sort(sums, &twice)) return false;
    if (twice == NULL) return true;
    cfti_sums_drop_repeats(sums);
    return cfti_sums_sort(sums, &twice);
}

static confiture_status cfti_sums_hash(confiture_sums *sums, const confiture_files *files,
                                       const confiture_run *run, confiture_error *error) {
    confiture_manifest_options manifest;
    confiture_entry *entries;
    confiture_status status;
    size_t size = files->count * sizeof(*entries);
    memset(&manifest, 0, sizeof(manifest));
    manifest.run = *run;
    sums->files = files;
    if (size == 0) return CONFITURE_OK;
    entries = (confiture_entry *)cfti_alloc(&sums->allocator, size);
    if (entries == NULL) return cfti_report_plain(error, CONFITURE_E_MEMORY, NULL);
    status = confiture_manifest(entries, files, &manifest, error);
    if (status == CONFITURE_OK && !cfti_sums_fill(sums, files, entries))
        status = cfti_report_plain(error, CONFITURE_E_MEMORY, NULL);
    cfti_free(&sums->allocator, entries, size);
    return status;
}

CONFITURE_API confiture_status confiture_sums_of(confiture_sums **sums,
                                                 const confiture_files *files,
                                                 const confiture_sums_options *options,
                                                 confiture_error *error) {
    confiture_sums_options defaults;
    confiture_sums *made = NULL;
    confiture_status status;
    memset(&defaults, 0, sizeof(defaults));
    if (!cfti_require(sums, "sums", error)) return CONFITURE_E_ARGUMENT;
    *sums = NULL;
    if (!cfti_require(files, "files", error)) return CONFITURE_E_ARGUMENT;
    if (options == NULL) options = &defaults;
    status = cfti_sums_create(&made, options, error);
    if (status == CONFITURE_OK) status = cfti_sums_hash(made, files, &options->run, error);
    if (status == CONFITURE_OK) *sums = made;
    else confiture_sums_free(made);
    return status;
}

/* ---- reading ---- */

enum { CFTI_SUMS_LINE_UNKNOWN = 0, CFTI_SUMS_TWO_SPACES, CFTI_SUMS_ONE_SPACE };

typedef struct cfti_sums_reader {
    confiture_sums *sums;
    const char *at, *end; /* of the text: the next line, and the end */
    uint64_t line;
    char ends;  /* '\n', or NUL as `sha256sum -z` ends lines: then nothing is escaped */
    int spaces; /* as the first line has it, since a name may begin with a space */
    cfti_buffer name;
    cfti_writer words; /* the detail of an error */
    char detail[192];
    cfti_fail fail;
} cfti_sums_reader;

static bool cfti_sums_refuse(cfti_sums_reader *r, const char *detail) {
    cfti_fail_with(&r->fail, CONFITURE_E_FORMAT, detail);
    r->fail.line = r->line;
    return false;
}

static bool cfti_sums_no_memory(cfti_sums_reader *r) {
    cfti_fail_with(&r->fail, CONFITURE_E_MEMORY, NULL);
    return false;
}

/* The names of digests by their lengths in hexadecimal. */
static const char *cfti_sums_algorithm(size_t digits) {
    switch (digits) {
    case 32: return "MD5";
    case 40: return "SHA-1";
    case 56: return "SHA-224";
    case 96: return "SHA-384";
    case 128: return "SHA-512";
    default: return NULL;
    }
}

static bool cfti_sums_refuse_digits(cfti_sums_reader *r, size_t digits) {
    const char *algorithm = cfti_sums_algorithm(digits);
    if (digits == 0)
        return cfti_sums_refuse(r, "expected the SHA-256 of a file in hexadecimal, two spaces and "
                                   "its name, as sha256sum prints them");
    cfti_writer_init(&r->words, r->detail, sizeof(r->detail));
    cfti_write_number(&r->words, digits);
    cfti_write_string(&r->words, digits == 1 ? " hexadecimal digit" : " hexadecimal digits");
    if (algorithm != NULL) {
        cfti_write_string(&r->words, ", as of ");
        cfti_write_string(&r->words, algorithm);
    }
    cfti_write_string(&r->words, ": expected the 64 of SHA-256");
    return cfti_sums_refuse(r, r->detail);
}

static int cfti_hex_nibble(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c = (char)cfti_lower((uint8_t)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads a digest at the start of a text. Returns the number of its digits, which may be wrong. */
static size_t cfti_sums_digest(uint8_t sha256[32], const char *p, const char *end) {
    size_t n = 0;
    memset(sha256, 0, 32);
    for (; p < end && cfti_hex_nibble(*p) >= 0; p++, n++)
        if (n < 64) sha256[n / 2] = (uint8_t)(sha256[n / 2] << 4 | cfti_hex_nibble(*p));
    return n;
}

/* The next line without its end; false: the text has ended, or was torn. */
static bool cfti_sums_line(cfti_sums_reader *r, const char **line, const char **end) {
    const char *stop;
    if (r->at == r->end) return false;
    r->line++;
    *line = r->at;
    stop = (const char *)memchr(r->at, r->ends, (size_t)(r->end - r->at));
    if (stop == NULL)
        return cfti_sums_refuse(r, r->ends == '\n'
                                       ? "torn: the last line does not end in a newline"
                                       : "torn: the last line does not end in NUL, as others do");
    r->at = stop + 1;
    *end = stop;
    if (r->ends == '\n' && stop > *line && stop[-1] == '\r') --*end; /* written on Windows */
    return true;
}

/* Puts a name into r->name, clean. Escaped: as sha256sum writes a name with "\", LF or CR. */
static bool cfti_sums_take_name(cfti_sums_reader *r, const char *p, const char *end, bool escaped) {
    cfti_buffer raw = cfti_buffer_empty(&r->sums->allocator);
    bool good = true, fits = true;
    if (end - p == 1 && *p == '-')
        return cfti_sums_refuse(r, "the name '-' is standard input: expected the name of a file");
    for (; escaped && p < end && good && fits; p++) {
        char c = *p;
        if (c == '\\') {
            c = '\0';
            if (++p < end) c = *p;
            good = c == '\\' || c == 'n' || c == 'r';
            if (c == 'n') c = '\n';
            else if (c == 'r') c = '\r';
        }
        fits = cfti_buffer_append(&raw, &c, 1);
    }
    if (escaped && good && fits) fits = cfti_path_clean(&r->name, (const char *)raw.data, raw.size);
    else if (fits && good) fits = cfti_path_clean(&r->name, p, (size_t)(end - p));
    cfti_buffer_free(&raw);
    if (!fits) return cfti_sums_no_memory(r);
    if (!good) return cfti_sums_refuse(r, "unknown escape in the name: expected \\\\, \\n or \\r");
    if (cfti_path_is_dot((const char *)r->name.data))
        return cfti_sums_refuse(r, "the name is empty");
    return true;
}

/* Appends the sum of r->name. */
static bool cfti_sums_add(cfti_sums_reader *r, const uint8_t sha256[32]) {
    confiture_sums *sums = r->sums;
    void *items = sums->items;
    size_t size = r->name.size + 1;
    char *name;
    if (!cfti_grow(&sums->allocator, &items, &sums->capacity, sums->count, sizeof(cfti_sum)))
        return cfti_sums_no_memory(r);
    sums->items = (cfti_sum *)items;
    name = (char *)cfti_arena_reserve(&sums->names, size);
    if (name == NULL) return cfti_sums_no_memory(r);
    memcpy(name, r->name.data, size);
    cfti_arena_commit_text(&sums->names, size);
    if (sums->count > 1000) sums->names.block_size = (size_t)1 << 20;
    sums->items[sums->count].name = name;
    sums->items[sums->count].file = (size_t)r->line;
    memcpy(sums->items[sums->count].sha256, sha256, 32);
    sums->count++;
    return true;
}

/* The algorithm of a line "ALGORITHM (NAME) = HEX": its size; 0: another kind of line. */
static size_t cfti_sums_tag(const char *p, const char *end) {
    size_t n = 0, size = (size_t)(end - p);
    while (n < size && ((p[n] >= '0' && p[n] <= '9') || (p[n] >= 'A' && p[n] <= 'Z') ||
                        p[n] == '-' || p[n] == '/' || (p[n] >= 'a' && p[n] <= 'z')))
        n++;
    if (n < size && p[n] == '(') return n;
    return size - n >= 2 && p[n] == ' ' && p[n + 1] == '(' ? n : 0;
}

static bool cfti_sums_refuse_tag(cfti_sums_reader *r, const char *tag, size_t size) {
    cfti_writer_init(&r->words, r->detail, sizeof(r->detail));
    cfti_write_string(&r->words, "a sum of ");
    cfti_write_bytes(&r->words, tag, cfti_min(size, 40));
    cfti_write_string(&r->words, ": expected SHA256");
    return cfti_sums_refuse(r, r->detail);
}

/* "SHA256 (NAME) = HEX", where NAME may hold ")". OpenSSL writes "SHA256(NAME)= HEX". */
static bool cfti_sums_read_tag(cfti_sums_reader *r, const char *p, const char *end, size_t size,
                               bool escaped) {
    uint8_t sha256[32];
    const char *name = p + size + (p[size] == ' ') + 1, *close = end, *hex;
    size_t digits;
    if (!(size == 6 && memcmp(p, "SHA256", 6) == 0) &&
        !(size == 8 && memcmp(p, "SHA2-256", 8) == 0))
        return cfti_sums_refuse_tag(r, p, size);
    while (close > name && close[-1] != ')') close--;
    if (close == name) return cfti_sums_refuse(r, "expected SHA256 (NAME) = and a SHA-256");
    for (hex = close; hex < end && *hex == ' '; hex++) continue;
    if (hex == end || *hex != '=')
        return cfti_sums_refuse(r, "expected SHA256 (NAME) = and a SHA-256");
    for (hex++; hex < end && *hex == ' '; hex++) continue;
    digits = cfti_sums_digest(sha256, hex, end);
    if (digits != 64) return cfti_sums_refuse_digits(r, digits);
    if (hex + 64 != end) return cfti_sums_refuse(r, "expected nothing after the SHA-256");
    return cfti_sums_take_name(r, name, close - 1, escaped) && cfti_sums_add(r, sha256);
}

/* "HEX  NAME" and "HEX *NAME". Throughout a text whose first line has it, also "HEX NAME", as BSD's
 * sha256 -r writes it. */
static bool cfti_sums_read_plain(cfti_sums_reader *r, const char *p, const char *end,
                                 bool escaped) {
    uint8_t sha256[32];
    size_t digits = cfti_sums_digest(sha256, p, end);
    bool two;
    if (digits != 64) return cfti_sums_refuse_digits(r, digits);
    p += 64;
    if (p == end)
        return cfti_sums_refuse(r, "a digest alone: expected two spaces and a name after it");
    two = *p == ' ' && end - p > 1 && (p[1] == ' ' || p[1] == '*');
    if (r->spaces == CFTI_SUMS_LINE_UNKNOWN)
        r->spaces = two ? CFTI_SUMS_TWO_SPACES : CFTI_SUMS_ONE_SPACE;
    if (*p != ' ' || (r->spaces == CFTI_SUMS_TWO_SPACES && !two))
        return cfti_sums_refuse(r, "expected two spaces, or a space and '*', after the SHA-256");
    return cfti_sums_take_name(r, p + (r->spaces == CFTI_SUMS_TWO_SPACES ? 2 : 1), end, escaped) &&
           cfti_sums_add(r, sha256);
}

/* Whether a line that NUL ends is nothing, or has a sum after LF. `sha256sum -z` writes neither; a
 * text whose lines end in LF has both, when a crash has left zeros in it. */
static bool cfti_sums_is_damaged(const char *p, const char *end) {
    static const char tag[] = "SHA256 (";
    uint8_t ignored[32];
    if (p == end) return true;
    while ((p = (const char *)memchr(p, '\n', (size_t)(end - p))) != NULL) {
        p++;
        if (p < end && *p == '\\') p++;
        if (cfti_sums_digest(ignored, p, end) == 64) return true;
        if ((size_t)(end - p) >= sizeof(tag) - 1 && memcmp(p, tag, sizeof(tag) - 1) == 0)
            return true;
    }
    return false;
}

static bool cfti_sums_read_line(cfti_sums_reader *r, const char *p, const char *end) {
    uint8_t ignored[32];
    bool escaped = false;
    size_t tag;
    if (r->ends == '\0' && cfti_sums_is_damaged(p, end)) {
        r->line += cfti_count_byte((const uint8_t *)p, (size_t)(end - p), '\n');
        return cfti_sums_refuse(r, "torn: NUL where no name ends");
    }
    if (p == end || *p == '#') return true;
    while (p < end && (*p == ' ' || *p == '\t')) p++;
    if (r->ends == '\n' && p < end && *p == '\\') {
        escaped = true;
        p++;
    }
    tag = cfti_sums_tag(p, end);
    if (cfti_sums_digest(ignored, p, end) == 64) tag = 0; /* and a name that begins with "(" */
    return tag > 0 ? cfti_sums_read_tag(r, p, end, tag, escaped)
                   : cfti_sums_read_plain(r, p, end, escaped);
}

/* Until here a sum's `file` is its line. */
static bool cfti_sums_refuse_repeats(cfti_sums_reader *r) {
    const cfti_sum *twice;
    size_t i, first;
    if (!cfti_sums_sort(r->sums, &twice)) return cfti_sums_no_memory(r);
    if (twice == NULL) return true;
    for (i = 1; i < r->sums->count; i++) { /* the one that comes first in the text */
        const cfti_sum *sum = r->sums->by_name[i];
        if (cfti_sums_order(&r->sums->by_name[i - 1], &r->sums->by_name[i]) == 0 && sum < twice)
            twice = sum;
    }
    for (first = 0; cfti_sums_order(&r->sums->by_name[first], &twice) != 0; first++) continue;
    cfti_writer_init(&r->words, r->detail, sizeof(r->detail));
    cfti_write_string(&r->words, "the name is the same as in line ");
    cfti_write_number(&r->words, r->sums->by_name[first]->file);
    r->line = twice->file;
    return cfti_sums_refuse(r, r->detail);
}

static bool cfti_sums_read_all(cfti_sums_reader *r) {
    static const uint8_t utf8_mark[3] = {0xEF, 0xBB, 0xBF};
    size_t size = (size_t)(r->end - r->at), i;
    const char *line = NULL, *end = NULL; /* gcc does not see that they are set */
    if (size >= 2 && ((uint8_t)r->at[0] ^ (uint8_t)r->at[1]) == 1 && (uint8_t)r->at[0] >= 0xFE) {
        r->line = 1;
        return cfti_sums_refuse(r, "UTF-16, as PowerShell's > writes it: expected UTF-8");
    }
    if (size >= 3 && memcmp(r->at, utf8_mark, 3) == 0) r->at += 3;
    r->ends = (char)(size > 0 && memchr(r->at, '\0', (size_t)(r->end - r->at)) ? '\0' : '\n');
    while (cfti_sums_line(r, &line, &end))
        if (!cfti_sums_read_line(r, line, end)) return false;
    if (r->fail.status != CONFITURE_OK) return false;
    if (r->sums->count == 0) {
        r->line = 0;
        return cfti_sums_refuse(r, "empty: expected lines as sha256sum prints them");
    }
    if (!cfti_sums_refuse_repeats(r)) return false;
    for (i = 0; i < r->sums->count; i++) r->sums->items[i].file = CONFITURE_NO_INDEX;
    return true;
}

CONFITURE_API confiture_status confiture_sums_read(confiture_sums **sums, const char *text,
                                                   size_t size,
                                                   const confiture_sums_options *options,
                                                   confiture_error *error) {
    cfti_sums_reader reader;
    confiture_status status;
    memset(&reader, 0, sizeof(reader));
    if (!cfti_require(sums, "sums", error)) return CONFITURE_E_ARGUMENT;
    *sums = NULL;
    if (!cfti_require(text, "text", error)) return CONFITURE_E_ARGUMENT;
    status = cfti_sums_create(&reader.sums, options, error);
    if (status != CONFITURE_OK) return status;
    reader.at = text;
    reader.end = text + size;
    reader.name = cfti_buffer_empty(&reader.sums->allocator);
    if (cfti_sums_read_all(&reader)) {
        *sums = reader.sums;
    } else {
        if (reader.fail.status == CONFITURE_E_FORMAT)
            reader.fail.path =
                options != NULL && options->source != NULL ? options->source : "sums";
        status = cfti_report(error, &reader.fail);
    }
    cfti_buffer_free(&reader.name);
    if (status != CONFITURE_OK) confiture_sums_free(reader.sums);
    return status;
}

/* ---- writing ---- */

/* The size of a name up to the first character that is escaped. */
static size_t cfti_sums_plain(const char *name) {
    size_t n = 0;
    while (name[n] != '\0' && name[n] != '\\' && name[n] != '\n' && name[n] != '\r') n++;
    return n;
}

static confiture_status cfti_sums_put_name(cfti_output *output, const char *name, bool escaped,
                                           cfti_fail *fail) {
    confiture_status status = CONFITURE_OK;
    /* sha256sum -c would read standard input. */
    if (strcmp(name, "-") == 0) return cfti_output_put(output, "./-", 3, fail);
    while (escaped && *name != '\0' && status == CONFITURE_OK) {
        size_t plain = cfti_sums_plain(name);
        if (plain > 0) status = cfti_output_put(output, name, plain, fail);
        name += plain;
        if (*name == '\0' || status != CONFITURE_OK) break;
        status = cfti_output_put(output,
                                 *name == '\n'   ? "\\n"
                                 : *name == '\r' ? "\\r"
                                                 : "\\\\",
                                 2, fail);
        name++;
    }
    if (status == CONFITURE_OK && *name != '\0')
        status = cfti_output_put(output, name, strlen(name), fail);
    return status;
}

static confiture_status cfti_sums_put(cfti_output *output, const cfti_sum *sum, bool null_ends,
                                      cfti_fail *fail) {
    bool escaped = !null_ends && sum->name[cfti_sums_plain(sum->name)] != '\0';
    char hex[65];
    confiture_status status = CONFITURE_OK;
    confiture_sha256_hex(sum->sha256, hex);
    if (escaped) status = cfti_output_put(output, "\\", 1, fail);
    if (status == CONFITURE_OK) status = cfti_output_put(output, hex, 64, fail);
    if (status == CONFITURE_OK) status = cfti_output_put(output, "  ", 2, fail);
    if (status == CONFITURE_OK) status = cfti_sums_put_name(output, sum->name, escaped, fail);
    if (status == CONFITURE_OK) status = cfti_output_put(output, null_ends ? "" : "\n", 1, fail);
    return status;
}

CONFITURE_API confiture_status confiture_sums_write(const confiture_sums *sums,
                                                    const confiture_sink *sink,
                                                    const confiture_sums_options *options,
                                                    confiture_error *error) {
    confiture_allocator allocator;
    cfti_output output;
    cfti_fail fail;
    confiture_status status = CONFITURE_OK;
    size_t i;
    int cancel;
    memset(&output, 0, sizeof(output));
    if (!cfti_require(sums, "sums", error) || !cfti_require(sink, "sink", error) ||
        (sink->write == NULL && !cfti_require(NULL, "sink->write", error)))
        return CONFITURE_E_ARGUMENT;
    if (!cfti_allocator_choose(&allocator, options != NULL ? options->run.allocator : NULL))
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT, cfti_no_allocator);
    output.buffer = cfti_buffer_empty(&allocator);
    output.sink = *sink;
    output.path = "";
    cancel = cfti_cancel_disable();
    for (i = 0; i < sums->count && status == CONFITURE_OK; i++)
        status =
            cfti_sums_put(&output, &sums->items[i], options != NULL && options->null_ends, &fail);
    if (status == CONFITURE_OK) status = cfti_output_flush(&output, &fail);
    cfti_buffer_free(&output.buffer);
    cfti_cancel_restore(cancel);
    return status == CONFITURE_OK ? status : cfti_report(error, &fail);
}
