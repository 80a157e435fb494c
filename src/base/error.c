/* ---- base/error.c: status texts, filling an error ---- */

/* A failure, before cfti_report() puts it into words. Small, since workers keep one per file; path
 * and detail must live until then. */
typedef struct cfti_fail {
    confiture_status status;
    int os_error;
    size_t index; /* as in confiture_error */
    uint64_t line;
    uint64_t offset;
    const char *path;   /* NULL: the file at hand, if any; "": none */
    const char *detail; /* NULL: the status text alone */
} cfti_fail;

static confiture_status cfti_fail_with(cfti_fail *fail, confiture_status status,
                                       const char *detail) {
    memset(fail, 0, sizeof(*fail));
    fail->index = CONFITURE_NO_INDEX;
    fail->status = status;
    fail->detail = detail;
    return status;
}

static confiture_status cfti_fail_system(cfti_fail *fail, int os_error, const char *path) {
    memset(fail, 0, sizeof(*fail));
    fail->index = CONFITURE_NO_INDEX;
    fail->path = path;
    if (os_error == CFTI_OS_NO_MEMORY) { /* most often from the allocator */
        fail->status = CONFITURE_E_MEMORY;
    } else {
        fail->status = CONFITURE_E_SYSTEM;
        fail->os_error = os_error;
    }
    return fail->status;
}

/* Whether a resource has run out that others may hold. */
static bool cfti_fail_is_shortage(const cfti_fail *fail) {
    return fail->status == CONFITURE_E_MEMORY ||
           (fail->status == CONFITURE_E_SYSTEM && cfti_os_is_shortage(fail->os_error));
}

CONFITURE_API const char *confiture_version(void) { return CONFITURE_VERSION; }

CONFITURE_API const char *confiture_status_text(confiture_status status) {
    switch (status) {
    case CONFITURE_OK: return "done";
    case CONFITURE_E_ARGUMENT: return "an option cannot be used";
    case CONFITURE_E_MEMORY: return "out of memory";
    case CONFITURE_E_SYSTEM: return "the system refused";
    case CONFITURE_E_NOT_FOUND: return "the directory does not exist";
    case CONFITURE_E_NO_FILES: return "no SQL files found";
    case CONFITURE_E_NOT_FILE: return "not a regular file";
    case CONFITURE_E_OUTSIDE: return "the file is not below the base directory";
    case CONFITURE_E_CHANGED: return "the file changed while it was being read";
    case CONFITURE_E_TOO_LARGE: return "too large for this machine's memory";
    case CONFITURE_E_NAME: return "the file name is not safe in SQL";
    case CONFITURE_E_ENCODING: return "not valid UTF-8";
    case CONFITURE_E_UNCLOSED: return "something is still open at the end of the file";
    case CONFITURE_E_CANCELLED: return "cancelled";
    case CONFITURE_E_SINK: return "the sink refused the bytes";
    case CONFITURE_E_LIMIT: return "larger than the limit";
    case CONFITURE_E_FORMAT: return "not in the format that is expected";
    }
    return "unknown status";
}

/* Writes into a fixed array, always with a NUL, and cuts what does not fit. */
typedef struct cfti_writer {
    char *data;
    size_t size;
    size_t capacity;
} cfti_writer;

static void cfti_writer_init(cfti_writer *w, char *data, size_t capacity) {
    w->data = data;
    w->data[0] = '\0';
    w->size = 0;
    w->capacity = capacity;
}

static void cfti_write_bytes(cfti_writer *w, const char *bytes, size_t size) {
    size_t capacity = w->capacity - 1 - w->size;
    size = cfti_min(size, capacity);
    memcpy(w->data + w->size, bytes, size);
    w->size += size;
    w->data[w->size] = '\0';
}

static void cfti_write_string(cfti_writer *w, const char *string) {
    cfti_write_bytes(w, string, strlen(string));
}

static size_t cfti_decimal(char out[20], uint64_t value) {
    char digits[20];
    size_t n = 0, i;
    do {
        digits[n++] = (char)('0' + (int)(value % 10));
        value /= 10;
    } while (value != 0);
    for (i = 0; i < n; i++) out[i] = digits[n - 1 - i];
    return n;
}

static void cfti_write_number(cfti_writer *w, uint64_t value) {
    char digits[20];
    cfti_write_bytes(w, digits, cfti_decimal(digits, value));
}

/* Unicode's category Cc: a terminal, or a line of SQL, may take such a character for a command. */
static bool cfti_is_control(uint32_t code) { return code < 0x20 || (code >= 0x7F && code < 0xA0); }

/* Whether the byte at p must be written \xNN, being part of no character or of a control character,
 * so that a hostile file name cannot forge a second message. *length is the size of the character,
 * or 1. */
static bool cfti_needs_escape(const char *p, size_t n, size_t *length) {
    uint32_t code;
    *length = cfti_utf8_decode((const uint8_t *)p, n, &code);
    if (*length != 0 && !cfti_is_control(code)) return false;
    *length = 1;
    return true;
}

static size_t cfti_escaped_size(const char *text) {
    size_t n = strlen(text), i, size = 0, length;
    for (i = 0; i < n; i += length)
        size += cfti_needs_escape(text + i, n - i, &length) ? 4 : length;
    return size;
}

/* A path as one line of text. */
static void cfti_write_path(cfti_writer *w, const char *path) {
    static const char hex[] = "0123456789ABCDEF";
    size_t n = strlen(path), i, length;
    for (i = 0; i < n; i += length) {
        bool escaped = cfti_needs_escape(path + i, n - i, &length);
        if (w->capacity - 1 - w->size < (escaped ? 4 : length)) {
            w->capacity = w->size + 1; /* no half character, and nothing after the cut */
            return;
        }
        if (escaped) {
            uint8_t value = (uint8_t)path[i];
            char escape[4];
            escape[0] = '\\';
            escape[1] = 'x';
            escape[2] = hex[value >> 4];
            escape[3] = hex[value & 15];
            cfti_write_bytes(w, escape, 4);
        } else {
            cfti_write_bytes(w, path + i, length);
        }
    }
}

/* Keeps the end of a path that is too long: it names the file. */
static void cfti_copy_path(char *out, size_t capacity, const char *path) {
    size_t n = strlen(path);
    if (n < capacity) {
        memcpy(out, path, n + 1);
    } else {
        memcpy(out, "...", 3);
        memcpy(out + 3, path + n - (capacity - 4), capacity - 3);
    }
}

#define CFTI_MESSAGE_CAPACITY 512 /* reserved for the text after the path */

/* Puts a failure into the caller's error, which may be NULL. */
static confiture_status cfti_report(confiture_error *error, const cfti_fail *fail) {
    cfti_writer w;
    if (error == NULL) return fail->status;
    error->status = fail->status;
    error->os_error = fail->os_error;
    error->index = fail->index;
    error->line = fail->line;
    error->offset = fail->offset;
    error->path[0] = '\0';
    cfti_writer_init(&w, error->message, sizeof(error->message));
    if (fail->path != NULL && fail->path[0] != '\0') {
        const char *shown = error->path;
        size_t size, length;
        cfti_copy_path(error->path, sizeof(error->path), fail->path);
        size = cfti_escaped_size(shown);
        while (size > sizeof(error->message) - CFTI_MESSAGE_CAPACITY) {
            size -= cfti_needs_escape(shown, strlen(shown), &length) ? 4 : length;
            shown += length;
        }
        if (shown != error->path) cfti_write_string(&w, "...");
        cfti_write_path(&w, shown);
        if (fail->line != 0) {
            cfti_write_string(&w, ":");
            cfti_write_number(&w, fail->line);
        }
        cfti_write_string(&w, ": ");
    }
    if (fail->detail != NULL) {
        cfti_write_path(&w, fail->detail); /* it may quote the user's input */
    } else if (fail->status != CONFITURE_E_SYSTEM) {
        cfti_write_string(&w, confiture_status_text(fail->status));
    }
    if (fail->status == CONFITURE_E_ENCODING) {
        cfti_write_string(&w, ", byte ");
        cfti_write_number(&w, fail->offset);
    }
    if (fail->status == CONFITURE_E_LIMIT) {
        cfti_write_string(&w, " of ");
        cfti_write_number(&w, fail->offset);
        cfti_write_string(&w, fail->offset == 1 ? " byte" : " bytes");
    }
    if (fail->os_error != 0) {
        const char *text = cfti_os_error_text(fail->os_error);
        if (fail->detail != NULL || fail->status != CONFITURE_E_SYSTEM) cfti_write_string(&w, ": ");
        if (text != NULL) {
            cfti_write_string(&w, text);
        } else {
            cfti_write_string(&w, "system error ");
            cfti_write_number(&w, (uint64_t)(uint32_t)fail->os_error);
        }
    }
    return fail->status;
}

/* Reports a failure that belongs to no file. */
static confiture_status cfti_report_plain(confiture_error *error, confiture_status status,
                                          const char *detail) {
    cfti_fail fail;
    cfti_fail_with(&fail, status, detail);
    return cfti_report(error, &fail);
}

/* ---- required arguments ---- */

/* False: the pointer is NULL, and the error names `argument`. */
static bool cfti_require(const void *pointer, const char *argument, confiture_error *error) {
    char words[128];
    cfti_writer w;
    if (pointer != NULL) return true;
    cfti_writer_init(&w, words, sizeof(words));
    cfti_write_string(&w, argument);
    cfti_write_string(&w, " must not be NULL");
    (void)cfti_report_plain(error, CONFITURE_E_ARGUMENT, words);
    return false;
}

/* "array[index]member" */
static const char *cfti_name_item(char name[64], const char *array, size_t index,
                                  const char *member) {
    cfti_writer w;
    cfti_writer_init(&w, name, 64);
    cfti_write_string(&w, array);
    cfti_write_string(&w, "[");
    cfti_write_number(&w, index);
    cfti_write_string(&w, "]");
    cfti_write_string(&w, member);
    return name;
}

static bool cfti_require_all(const char *const *strings, size_t count, const char *array,
                             confiture_error *error) {
    char name[64];
    size_t i;
    if (count > 0 && !cfti_require(strings, array, error)) return false;
    for (i = 0; i < count; i++)
        if (strings[i] == NULL)
            return cfti_require(NULL, cfti_name_item(name, array, i, ""), error);
    return true;
}
