/* ---- list.c: the list of files: paths, names, orders ---- */

typedef struct cfti_file {
    const char *path; /* as it is opened */
    const char *name; /* relative to the base; most often the end of path */
    uint32_t path_size;
    uint32_t name_size;
    uint32_t leaf;  /* where the last component of path begins */
    cfti_kind kind; /* as the listing said; UNKNOWN for a caller's own list */
} cfti_file;

struct confiture_files {
    confiture_allocator allocator;
    cfti_arena strings;
    cfti_file *items;
    size_t count, capacity;
    bool is_together;    /* items lie among the strings */
    bool is_by_path;     /* a search has put them in order, and by path */
    cfti_file *left_out; /* what a search took for no match by its case alone: paths only */
    size_t left_out_count, left_out_capacity;
    bool is_confined; /* what was no link when it was found must be none when it is read */
    char *base;       /* clean */
    bool base_is_seed;
    size_t *origins; /* of a part: where in the whole list each of its files is; see below */
};

/* Where a file of this list is in the caller's. */
static size_t cfti_files_origin(const confiture_files *files, size_t index) {
    return files->origins == NULL ? index : files->origins[index];
}

/* Whether two files of a list lie in the same directory. */
static bool cfti_same_directory(const cfti_file *a, const cfti_file *b) {
    return a->leaf == b->leaf && memcmp(a->path, b->path, a->leaf) == 0;
}

static confiture_status cfti_files_create(confiture_files **out, const confiture_allocator *given,
                                          confiture_error *error) {
    confiture_allocator chosen;
    confiture_files *files;
    if (!cfti_allocator_choose(&chosen, given))
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT, cfti_no_allocator);
    files = (confiture_files *)cfti_alloc(&chosen, sizeof(*files));
    if (files == NULL) return cfti_report_plain(error, CONFITURE_E_MEMORY, NULL);
    memset(files, 0, sizeof(*files));
    files->allocator = chosen;
    files->strings.allocator = chosen;
    files->strings.block_size = 16384;
    *out = files;
    return CONFITURE_OK;
}

CONFITURE_API void confiture_files_free(confiture_files *files) {
    confiture_allocator allocator;
    if (files == NULL) return;
    allocator = files->allocator;
    cfti_arena_free(&files->strings);
    if (!files->is_together)
        cfti_free(&allocator, files->items, files->capacity * sizeof(cfti_file));
    cfti_free(&allocator, files->left_out, files->left_out_capacity * sizeof(cfti_file));
    cfti_free(&allocator, files, sizeof(*files));
}

CONFITURE_API size_t confiture_files_count(const confiture_files *files) {
    return files != NULL ? files->count : 0;
}

CONFITURE_API const char *confiture_files_base(const confiture_files *files) {
    return files != NULL ? files->base : NULL;
}

CONFITURE_API const char *confiture_files_path(const confiture_files *files, size_t index) {
    return index < confiture_files_count(files) ? files->items[index].path : NULL;
}

CONFITURE_API const char *confiture_files_name(const confiture_files *files, size_t index) {
    return index < confiture_files_count(files) ? files->items[index].name : NULL;
}

/* A string of two parts, with a slash between them if asked for, and a NUL; it lives
 * as long as the list. Packed without padding, which for a million paths would be
 * tens of megabytes. */
static char *cfti_files_string(confiture_files *files, const char *head, size_t head_size,
                               bool slash, const char *tail, size_t tail_size) {
    size_t size;
    char *string, *end;
    if (head_size >= UINT32_MAX / 2 || tail_size >= UINT32_MAX / 2) return NULL;
    size = head_size + slash + tail_size + 1;
    string = (char *)cfti_arena_reserve(&files->strings, size);
    if (string == NULL) return NULL;
    memcpy(string, head, head_size);
    end = string + head_size;
    if (slash) *end++ = '/';
    memcpy(end, tail, tail_size);
    end[tail_size] = '\0';
    cfti_arena_commit_text(&files->strings, size);
    /* Larger lists, larger blocks. */
    if (files->strings.block_size < ((size_t)1 << 20) && files->count > 1000)
        files->strings.block_size = (size_t)1 << 20;
    return string;
}

/* False: no memory, nothing changed. */
static bool cfti_files_grow(confiture_files *files, size_t wanted) {
    cfti_file *items;
    if (wanted > SIZE_MAX / sizeof(cfti_file)) return false;
    items = (cfti_file *)cfti_alloc(&files->allocator, wanted * sizeof(cfti_file));
    if (items == NULL) return false;
    if (files->count > 0) memcpy(items, files->items, files->count * sizeof(cfti_file));
    if (!files->is_together)
        cfti_free(&files->allocator, files->items, files->capacity * sizeof(cfti_file));
    files->items = items;
    files->capacity = wanted;
    files->is_together = false;
    return true;
}

/* Room for so many more files, and bytes of their paths with a NUL each. A list that is
 * still empty gets one block of memory for all. False: no memory. */
static bool cfti_files_reserve(confiture_files *files, size_t more, size_t bytes) {
    size_t wanted = files->count + more;
    if (files->capacity == 0) {
        void *items;
        if (bytes > SIZE_MAX / 2 || more > (SIZE_MAX / 2 - bytes) / sizeof(cfti_file)) return false;
        cfti_arena_align(&files->strings);
        items = cfti_arena_reserve(&files->strings, more * sizeof(cfti_file) + bytes);
        if (items == NULL) return false;
        cfti_arena_commit(&files->strings, more * sizeof(cfti_file));
        files->items = (cfti_file *)items;
        files->capacity = more;
        files->is_together = true;
        return true;
    }
    if (bytes > 0 && cfti_arena_reserve(&files->strings, bytes) == NULL) return false;
    if (wanted <= files->capacity) return true;
    /* Many directories to search, each with a few files: not moved for each of them. */
    return cfti_files_grow(files, cfti_max(wanted, files->capacity + files->capacity / 2));
}

/* Appends the path of `tail` in directory `head`, both clean; either may be empty.
 * False: no memory. */
static bool cfti_files_add(confiture_files *files, const char *head, size_t head_size,
                           const char *tail, size_t tail_size, cfti_kind kind) {
    cfti_file *file;
    char *path;
    bool slash;
    if (tail_size > 0 && head_size == 1 && head[0] == '.') head_size = 0;
    slash = head_size > 0 && tail_size > 0 && head[head_size - 1] != '/';
    if (files->count == files->capacity &&
        !cfti_files_grow(files, files->capacity < 16 ? 16 : files->capacity + files->capacity / 2))
        return false;
    path = cfti_files_string(files, head, head_size, slash, tail, tail_size);
    if (path == NULL) return false;
    file = &files->items[files->count++];
    file->path = file->name = path;
    file->path_size = file->name_size = (uint32_t)(head_size + slash + tail_size);
    if (tail_size == 0)
        for (tail_size = 0; tail_size < head_size && path[head_size - 1 - tail_size] != '/';)
            tail_size++;
    file->leaf = file->path_size - (uint32_t)tail_size;
    file->kind = kind;
    return true;
}

/* Remembers what was left out. False: no memory. */
static bool cfti_files_leave_out(confiture_files *files, const char *head, size_t head_size,
                                 const char *leaf, size_t leaf_size) {
    void *items = files->left_out;
    char *path;
    bool slash;
    if (!cfti_grow(&files->allocator, &items, &files->left_out_capacity, files->left_out_count,
                   sizeof(cfti_file)))
        return false;
    files->left_out = (cfti_file *)items;
    if (head_size == 1 && head[0] == '.') head_size = 0;
    slash = head_size > 0 && head[head_size - 1] != '/';
    path = cfti_files_string(files, head, head_size, slash, leaf, leaf_size);
    if (path == NULL) return false;
    memset(&files->left_out[files->left_out_count], 0, sizeof(cfti_file));
    files->left_out[files->left_out_count++].path = path;
    return true;
}

/* ---- parts of a list ---- */

/* A list that is to get some files of another, whose strings it shares: empty, with room
 * for all. False: no memory. */
static bool cfti_files_part(confiture_files *part, const confiture_files *whole,
                            const confiture_allocator *allocator) {
    size_t capacity = whole->count + 1;
    void *block = cfti_alloc(allocator, capacity * (sizeof(cfti_file) + sizeof(size_t)));
    if (block == NULL) return false;
    *part = *whole;
    part->allocator = *allocator;
    part->items = (cfti_file *)block;
    part->origins = (size_t *)(void *)(part->items + capacity);
    part->capacity = capacity;
    part->count = 0;
    return true;
}

static void cfti_files_part_add(confiture_files *part, const confiture_files *whole, size_t index) {
    part->items[part->count] = whole->items[index];
    part->origins[part->count++] = cfti_files_origin(whole, index);
}

static void cfti_files_part_free(confiture_files *part) {
    cfti_free(&part->allocator, part->items, part->capacity * (sizeof(cfti_file) + sizeof(size_t)));
    part->items = NULL;
}

/* ---- names ---- */

/* Where the base lies, in every form that a path may have to be compared with. */
typedef struct cfti_base {
    const char *given;  /* clean */
    cfti_buffer full;   /* the same, absolute */
    cfti_buffer here;   /* the current directory */
    bool here_is_known; /* both of them have been looked up */
} cfti_base;

/* The name of a path: a suffix of it, or a string of the list's own. NULL with a
 * failure: outside, or no memory. */
static const char *cfti_base_name_of(cfti_base *base, confiture_files *files, const char *path,
                                     cfti_fail *fail) {
    bool given_absolute = cfti_path_is_absolute(base->given);
    const char *name;
    if (cfti_path_is_absolute(path) == given_absolute) {
        name = cfti_path_below(path, base->given);
    } else {
        if (!base->here_is_known) {
            int error = cfti_path_absolute(&base->here, ".");
            if (error == 0) error = cfti_path_absolute(&base->full, base->given);
            if (error != 0) {
                cfti_fail_system(fail, error, path);
                return NULL;
            }
            base->here_is_known = true;
        }
        if (!given_absolute) {
            name = cfti_path_below(path, (const char *)base->full.data);
        } else {
            const char *here = (const char *)base->here.data;
            const char *up = cfti_path_below(base->given, here);
            const char *down = cfti_path_below(here, base->given);
            if (up != NULL) {
                name = *up == '\0' ? path : cfti_path_below(path, up);
            } else if (down != NULL) {
                const char *rest = cfti_path_is_dot(path) ? "" : path;
                name =
                    cfti_files_string(files, down, strlen(down), *rest != '\0', rest, strlen(rest));
                if (name == NULL) {
                    cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
                    return NULL;
                }
            } else {
                name = NULL;
            }
        }
    }
    if (name != NULL && *name == '\0') name = "."; /* the base itself */
    if (name == NULL || cfti_path_climbs(name)) {
        cfti_fail_with(fail, CONFITURE_E_OUTSIDE, NULL);
        fail->path = path;
        return NULL;
    }
    return name;
}

/* ---- confined lists ---- */

static const char cfti_leads_out[] = "leads out of the base directory by a symbolic link";

/* For a caller's own list that is confined to its base. */
typedef struct cfti_confine {
    cfti_buffer base;      /* where it really is */
    cfti_buffer directory; /* where the directory of the file at hand is */
    cfti_buffer place;     /* and the file itself */
    cfti_buffer todo;
} cfti_confine;

static void cfti_confine_free(cfti_confine *confine) {
    cfti_buffer_free(&confine->base);
    cfti_buffer_free(&confine->directory);
    cfti_buffer_free(&confine->place);
    cfti_buffer_free(&confine->todo);
}

/* Where the directory of a file really is. Returns an error of the system's. */
static int cfti_confine_enter(cfti_confine *confine, const cfti_file *file) {
    int error = 0;
    if (!cfti_path_clean(&confine->place, file->path, file->leaf)) error = CFTI_OS_NO_MEMORY;
    if (error == 0) error = cfti_path_absolute(&confine->todo, (const char *)confine->place.data);
    confine->directory.size = 0;
    if (error == 0) error = cfti_path_follow(&confine->directory, &confine->todo, true);
    return error;
}

/* Whether a file really lies below the base, and whether it is a link. enter: it is in
 * another directory than the one before. */
static confiture_status cfti_confine_check(cfti_confine *confine, cfti_file *file, bool enter,
                                           cfti_fail *fail) {
    const char *base = (const char *)confine->base.data, *leaf = file->path + file->leaf;
    size_t size = file->path_size - file->leaf, at;
    int error = enter ? cfti_confine_enter(confine, file) : 0;
    if (error == 0) {
        at = confine->directory.size;
        confine->place.size = confine->todo.size = 0;
        if (!cfti_buffer_append(&confine->place, confine->directory.data, at) ||
            !cfti_path_append(&confine->todo, leaf, size))
            error = CFTI_OS_NO_MEMORY;
        else error = cfti_path_follow(&confine->place, &confine->todo, true);
    }
    if (error != 0) return cfti_fail_system(fail, error, file->path);
    if (cfti_path_below((const char *)confine->directory.data, base) == NULL ||
        cfti_path_below((const char *)confine->place.data, base) == NULL) {
        cfti_fail_with(fail, CONFITURE_E_OUTSIDE, cfti_leads_out);
        fail->path = file->path;
        return fail->status;
    }
    if (confine->place.size < size ||
        memcmp(confine->place.data + (confine->place.size - size), leaf, size) != 0 ||
        confine->place.size != at + size + (confine->directory.data[at - 1] != '/') ||
        memcmp(confine->place.data, confine->directory.data, at) != 0)
        file->kind = CFTI_KIND_LINK;
    return CONFITURE_OK;
}

/* ---- seeds ---- */

/* (?:^|[_-])seeds?(?:$|[_-]) on the lower-cased component, searched. */
static bool cfti_seed_component(const char *component, size_t size) {
    static const char word[] = "seed";
    size_t i, k;
    for (i = 0; i + 4 <= size; i++) {
        if (i > 0 && component[i - 1] != '_' && component[i - 1] != '-') continue;
        for (k = 0; k < 4; k++) {
            /* Only ASCII letters lower to these four. */
            if ((component[i + k] | 0x20) != word[k]) break;
        }
        if (k < 4) continue;
        k = i + 4;
        if (k < size && (component[k] | 0x20) == 's') k++;
        /* "$" also matches before a newline that ends the string. */
        if (k == size || (k + 1 == size && component[k] == '\n')) return true;
        if (component[k] == '_' || component[k] == '-') return true;
    }
    return false;
}

static bool cfti_seed_path(const char *path) {
    while (*path != '\0') {
        size_t n = 0;
        while (path[n] != '\0' && path[n] != '/') n++;
        if (cfti_seed_component(path, n)) return true;
        path += n;
        if (*path == '/') path++;
    }
    return false;
}

CONFITURE_API bool confiture_files_is_seed(const confiture_files *files, size_t index) {
    if (index >= confiture_files_count(files)) return false;
    return files->base_is_seed || cfti_seed_path(files->items[index].name);
}

/* ---- names of all ---- */

/* A name goes into comments and, in some styles, into lines of SQL: whatever could
 * end either is refused. */
static confiture_status cfti_name_check(const char *name, size_t size, const char *path,
                                        cfti_fail *fail) {
    const uint8_t *p = (const uint8_t *)name;
    size_t i = 0;
    while (i < size) {
        uint32_t code = p[i];
        size_t length = 1;
        if (CFTI_LIKELY(code >= 0x20 && code < 0x7F)) {
            i++;
            continue;
        }
        if (code >= 0x80) length = cfti_utf8_decode(p + i, size - i, &code);
        if (length == 0 || cfti_is_control(code)) {
            cfti_fail_with(fail, CONFITURE_E_NAME,
                           length == 0 ? "the file name is not valid UTF-8"
                                       : "the file name holds a control character");
            fail->path = path;
            return fail->status;
        }
        i += length;
    }
    return CONFITURE_OK;
}

/* Names a file, and checks the name. before: the one before it in the list, or NULL. */
static confiture_status cfti_file_name(cfti_base *base, confiture_files *files, cfti_file *file,
                                       const cfti_file *before, cfti_fail *fail) {
    size_t above = before == NULL ? 0 : before->path_size - before->name_size;
    const char *leaf = file->path + file->leaf;
    /* Most often the file before is in the same directory: then the base is as far
     * up, and of the name only the last component is new, if it is one ("/" has
     * none) and does not lead out. */
    if (before != NULL && before->name == before->path + above && above <= before->leaf &&
        cfti_same_directory(before, file) && *leaf != '\0' && strcmp(leaf, "..") != 0) {
        file->name = file->path + above;
        file->name_size = file->path_size - (uint32_t)above;
        return cfti_name_check(leaf, file->path_size - file->leaf, file->path, fail);
    }
    file->name = cfti_base_name_of(base, files, file->path, fail);
    if (file->name == NULL) return fail->status;
    file->name_size = (uint32_t)strlen(file->name);
    return cfti_name_check(file->name, file->name_size, file->path, fail);
}

/* Names every file of the list, relative to base (copied), and checks the names, and, if
 * confine, where the files really are; the first failure in list order is reported. */
static confiture_status cfti_files_name_all(confiture_files *files, const char *base_path,
                                            bool confine, cfti_fail *fail) {
    cfti_base base;
    cfti_confine confined;
    size_t i;
    int error;
    confiture_status status = CONFITURE_OK;
    memset(&base, 0, sizeof(base));
    memset(&confined, 0, sizeof(confined));
    base.full.allocator = base.here.allocator = files->allocator;
    confined.base.allocator = confined.directory.allocator = files->allocator;
    confined.place.allocator = confined.todo.allocator = files->allocator;
    files->base = cfti_files_string(files, base_path, strlen(base_path), false, "", 0);
    if (files->base == NULL) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    base.given = files->base;
    /* The base's own name is what it is called where it really lies, however it is written:
     * "." has none. */
    error = cfti_path_resolve(&confined.base, files->base);
    if (error != 0) status = cfti_fail_system(fail, error, files->base);
    else files->base_is_seed = cfti_seed_path(cfti_path_leaf((const char *)confined.base.data));
    for (i = 0; status == CONFITURE_OK && i < files->count; i++) {
        cfti_file *file = &files->items[i];
        const cfti_file *before = i > 0 ? file - 1 : NULL;
        status = cfti_file_name(&base, files, file, before, fail);
        if (status == CONFITURE_OK && confine)
            status = cfti_confine_check(&confined, file,
                                        before == NULL || !cfti_same_directory(before, file), fail);
        if (status != CONFITURE_OK) fail->index = i;
    }
    cfti_confine_free(&confined);
    cfti_buffer_free(&base.full);
    cfti_buffer_free(&base.here);
    return status;
}

/* ---- orders ---- */

/* The zeros of Unicode 14's decimal digits beyond ASCII, each followed by its other
 * nine: Python's int() takes them all. */
static const uint32_t cfti_digit_zeros[] = {
    0x0660,  0x06F0,  0x07C0,  0x0966,  0x09E6,  0x0A66,  0x0AE6,  0x0B66,  0x0BE6,  0x0C66,
    0x0CE6,  0x0D66,  0x0DE6,  0x0E50,  0x0ED0,  0x0F20,  0x1040,  0x1090,  0x17E0,  0x1810,
    0x1946,  0x19D0,  0x1A80,  0x1A90,  0x1B50,  0x1BB0,  0x1C40,  0x1C50,  0xA620,  0xA8D0,
    0xA900,  0xA9D0,  0xA9F0,  0xAA50,  0xABF0,  0xFF10,  0x104A0, 0x10D30, 0x11066, 0x110F0,
    0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950,
    0x11C50, 0x11D50, 0x11DA0, 0x16A60, 0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC,
    0x1D7F6, 0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0};

/* The value of a hexadecimal digit as int(text, 16) sees it among upper-case letters
 * and digits, or -1; *length is the bytes it takes. */
static int cfti_hex_digit(const char *s, size_t n, size_t *length) {
    uint32_t code;
    size_t low = 0, high = CFTI_COUNT(cfti_digit_zeros);
    *length = cfti_char_at(s, n, &code);
    if (code >= '0' && code <= '9') return (int)(code - '0');
    if (code >= 'A' && code <= 'F') return (int)(code - 'A') + 10;
    if (code < 0x80) return -1;
    while (low < high) { /* the last zero not above code */
        size_t middle = low + (high - low) / 2;
        if (cfti_digit_zeros[middle] <= code) low = middle + 1;
        else high = middle;
    }
    if (low == 0 || code - cfti_digit_zeros[low - 1] > 9) return -1;
    return (int)(code - cfti_digit_zeros[low - 1]);
}

/* Behind the "0X" that int() allows, if the prefix has one. */
static size_t cfti_hex_start(const char *stem, size_t prefix_size) {
    size_t length;
    if (cfti_hex_digit(stem, prefix_size, &length) == 0 && length < prefix_size &&
        stem[length] == 'X')
        return length + 1;
    return 0;
}

/* Whether a stem has a hexadecimal prefix before its first "_", and how long it is. */
static bool cfti_hex_prefix(const char *stem, size_t size, size_t *prefix_size) {
    const char *bar = (const char *)memchr(stem, '_', size);
    size_t n, i, length;
    if (bar == NULL || bar == stem) return false;
    n = (size_t)(bar - stem);
    i = cfti_hex_start(stem, n);
    if (i == n) return false;
    for (; i < n; i += length)
        if (cfti_hex_digit(stem + i, n - i, &length) < 0) return false;
    *prefix_size = n;
    return true;
}

static int cfti_hex_compare(const char *a, size_t a_size, const char *b, size_t b_size) {
    size_t i = cfti_hex_start(a, a_size), j = cfti_hex_start(b, b_size), li, lj, a_digits = 0,
           b_digits = 0, k;
    int order = 0;
    while (i < a_size && cfti_hex_digit(a + i, a_size - i, &li) == 0) i += li;
    while (j < b_size && cfti_hex_digit(b + j, b_size - j, &lj) == 0) j += lj;
    for (k = i; k < a_size; k += li, a_digits++) (void)cfti_hex_digit(a + k, a_size - k, &li);
    for (k = j; k < b_size; k += lj, b_digits++) (void)cfti_hex_digit(b + k, b_size - k, &lj);
    if (a_digits != b_digits) return a_digits < b_digits ? -1 : 1;
    while (order == 0 && i < a_size) {
        order = cfti_hex_digit(a + i, a_size - i, &li) - cfti_hex_digit(b + j, b_size - j, &lj);
        i += li;
        j += lj;
    }
    return order;
}

/* The name in its directory without its last suffix; "." has none. */
static const char *cfti_stem(const cfti_file *file, size_t *size) {
    const char *name = file->path + file->leaf;
    const char *dot = strrchr(name, '.');
    *size = strlen(name);
    if (dot == name && *size == 1) *size = 0;
    if (dot != NULL && dot != name && dot[1] != '\0') *size = (size_t)(dot - name);
    return name;
}

static int cfti_bytes_compare(const char *a, size_t a_size, const char *b, size_t b_size) {
    int order = memcmp(a, b, cfti_min(a_size, b_size));
    if (order != 0) return order;
    return a_size < b_size ? -1 : a_size > b_size;
}

static int cfti_order_path(const void *a, const void *b) {
    return cfti_path_compare(((const cfti_file *)a)->path, ((const cfti_file *)b)->path);
}

/* (value, rest) for those with a prefix, then (stem) for the others; ties by path,
 * so that the result does not hang on the file system. */
static int cfti_order_hex(const void *a, const void *b) {
    size_t a_size, b_size, a_prefix = 0, b_prefix = 0;
    const char *x = cfti_stem((const cfti_file *)a, &a_size);
    const char *y = cfti_stem((const cfti_file *)b, &b_size);
    bool a_hex = cfti_hex_prefix(x, a_size, &a_prefix);
    bool b_hex = cfti_hex_prefix(y, b_size, &b_prefix);
    int order = 0;
    if (a_hex != b_hex) return a_hex ? -1 : 1;
    if (a_hex) {
        order = cfti_hex_compare(x, a_prefix, y, b_prefix);
        x += a_prefix + 1, a_size -= a_prefix + 1;
        y += b_prefix + 1, b_size -= b_prefix + 1;
    }
    if (order == 0) order = cfti_bytes_compare(x, a_size, y, b_size);
    return order != 0 ? order : cfti_order_path(a, b);
}

/* A stable merge sort: qsort() is neither stable nor free of hidden allocations. What
 * is already in order costs one pass. False: no memory. */
static bool cfti_sort(const confiture_allocator *allocator, void *items, size_t n, size_t size,
                      int (*order)(const void *a, const void *b)) {
    char *from = (char *)items, *to, *spare;
    size_t i, width;
    for (i = 1; i < n; i++)
        if (order(from + (i - 1) * size, from + i * size) > 0) break;
    if (i >= n) return true;
    spare = to = (char *)cfti_alloc(allocator, n * size);
    if (spare == NULL) return false;
    for (width = 1; width < n; width *= 2) {
        char *swap;
        for (i = 0; i < n; i += 2 * width) {
            size_t a = i, b = cfti_min(i + width, n), k = i;
            size_t a_end = b, b_end = cfti_min(b + width, n);
            while (k < b_end) {
                bool first =
                    b >= b_end || (a < a_end && order(from + a * size, from + b * size) <= 0);
                memcpy(to + k++ * size, from + (first ? a++ : b++) * size, size);
            }
        }
        swap = from, from = to, to = swap;
    }
    if (from != (char *)items) memcpy(items, from, n * size);
    cfti_free(allocator, spare, n * size);
    return true;
}

static bool cfti_files_sort(confiture_files *files, int (*order)(const void *a, const void *b)) {
    return cfti_sort(&files->allocator, files->items, files->count, sizeof(cfti_file), order);
}

/* Whether a list in the order of paths holds one. */
static bool cfti_files_hold(const confiture_files *files, const char *path) {
    size_t low = 0, high = files->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = cfti_path_compare(files->items[middle].path, path);
        if (order == 0) return true;
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return false;
}

/* Of what was left out only that is kept which no other walk has found, and once. */
static bool cfti_files_order_left_out(confiture_files *files) {
    size_t i, kept = 0;
    if (!cfti_sort(&files->allocator, files->left_out, files->left_out_count, sizeof(cfti_file),
                   cfti_order_path))
        return false;
    for (i = 0; i < files->left_out_count; i++) {
        const char *path = files->left_out[i].path;
        if (kept > 0 && strcmp(files->left_out[kept - 1].path, path) == 0) continue;
        if (!cfti_files_hold(files, path)) files->left_out[kept++] = files->left_out[i];
    }
    files->left_out_count = kept;
    return true;
}

/* Puts the list in order. in_order: it is by path already. unique: of equal paths the
 * first is kept. */
static bool cfti_files_order(confiture_files *files, bool in_order, confiture_sort sort,
                             bool unique) {
    size_t i, kept = 0, stem_size, prefix_size;
    if (!in_order && !cfti_files_sort(files, cfti_order_path)) return false;
    if (!cfti_files_order_left_out(files)) return false;
    files->is_by_path = sort != CONFITURE_SORT_HEX;
    if (unique) {
        for (i = 0; i < files->count; i++) {
            if (kept > 0 && strcmp(files->items[kept - 1].path, files->items[i].path) == 0)
                continue;
            files->items[kept++] = files->items[i];
        }
        files->count = kept;
    }
    if (sort == CONFITURE_SORT_HEX) {
        for (i = 0; i < files->count; i++) {
            const char *stem = cfti_stem(&files->items[i], &stem_size);
            if (cfti_hex_prefix(stem, stem_size, &prefix_size))
                return cfti_files_sort(files, cfti_order_hex);
        }
    }
    return true;
}
