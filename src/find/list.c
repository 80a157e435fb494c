/* ---- find/list.c: the list of files ---- */

typedef struct cfti_file {
    const char *path; /* with which it is opened */
    const char *name; /* relative to the base; usually the end of path */
    uint32_t path_size;
    uint32_t name_size;
    uint32_t leaf;  /* the offset of the last component of path */
    cfti_kind kind; /* from the listing; UNKNOWN in a caller's own list */
} cfti_file;

struct confiture_files {
    confiture_allocator allocator;
    cfti_arena strings;
    cfti_file *items;
    size_t count, capacity;
    bool is_together;    /* `items` is in the arena of the strings */
    bool is_by_path;     /* a search has sorted the list by path */
    cfti_file *left_out; /* files that only the case of their names excludes: paths only */
    size_t left_out_count, left_out_capacity;
    bool is_confined; /* a file that was not a link when found must not be one when read */
    char *base;       /* clean */
    bool base_is_seed;
    size_t *origins; /* of a subset: the index of each file in the whole list; or NULL */
};

/* The index of a file in the caller's list. */
static size_t cfti_files_origin(const confiture_files *files, size_t index) {
    return files->origins == NULL ? index : files->origins[index];
}

/* A failure that names nothing else is about this file. */
static void cfti_fail_at(cfti_fail *fail, const confiture_files *files, size_t index) {
    if (fail->path != NULL) return;
    fail->path = files->items[index].path;
    fail->index = cfti_files_origin(files, index);
}

/* Whether two files are in the same directory. */
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

/* Joins two strings, with a slash between them if `slash`. The result lives as long as the list.
 * Strings are packed: padding would take tens of megabytes for a million paths. */
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
    if (files->strings.block_size < ((size_t)1 << 20) && files->count > 1000)
        files->strings.block_size = (size_t)1 << 20;
    return string;
}

/* False: no memory; the list is unchanged. */
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

/* Reserves capacity for more files and for the bytes of their paths with NULs. An empty list gets
 * one block for all of it. False: no memory. */
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
    /* Geometric growth: a search of many directories must not move the list for each. */
    return cfti_files_grow(files, cfti_max(wanted, files->capacity + files->capacity / 2));
}

/* The path of `tail` in directory `head`, both clean; either may be empty. NULL: no memory. */
static char *cfti_files_join(confiture_files *files, const char *head, size_t head_size,
                             const char *tail, size_t tail_size, size_t *size) {
    bool slash;
    if (tail_size > 0 && head_size == 1 && head[0] == '.') head_size = 0;
    slash = head_size > 0 && tail_size > 0 && head[head_size - 1] != '/';
    *size = head_size + slash + tail_size;
    return cfti_files_string(files, head, head_size, slash, tail, tail_size);
}

/* Appends the path of `tail` in directory `head`. False: no memory. */
static bool cfti_files_add(confiture_files *files, const char *head, size_t head_size,
                           const char *tail, size_t tail_size, cfti_kind kind) {
    cfti_file *file;
    char *path;
    size_t size;
    if (files->count == files->capacity &&
        !cfti_files_grow(files, files->capacity < 16 ? 16 : files->capacity + files->capacity / 2))
        return false;
    path = cfti_files_join(files, head, head_size, tail, tail_size, &size);
    if (path == NULL) return false;
    file = &files->items[files->count++];
    file->path = file->name = path;
    file->path_size = file->name_size = (uint32_t)size;
    file->leaf = file->path_size - (uint32_t)tail_size;
    if (tail_size == 0)
        while (file->leaf > 0 && path[file->leaf - 1] != '/') file->leaf--;
    file->kind = kind;
    return true;
}

/* Records a file that was left out. False: no memory. */
static bool cfti_files_leave_out(confiture_files *files, const char *head, size_t head_size,
                                 const char *leaf, size_t leaf_size) {
    void *items = files->left_out;
    char *path;
    size_t size;
    if (!cfti_grow(&files->allocator, &items, &files->left_out_capacity, files->left_out_count,
                   sizeof(cfti_file)))
        return false;
    files->left_out = (cfti_file *)items;
    path = cfti_files_join(files, head, head_size, leaf, leaf_size, &size);
    if (path == NULL) return false;
    memset(&files->left_out[files->left_out_count], 0, sizeof(cfti_file));
    files->left_out[files->left_out_count++].path = path;
    return true;
}

/* ---- subsets of a list ---- */

/* Makes an empty subset of a list, with capacity for all its files. It shares the strings of the
 * whole list. False: no memory. */
static bool cfti_files_subset(confiture_files *subset, const confiture_files *whole,
                              const confiture_allocator *allocator) {
    size_t capacity = whole->count + 1;
    void *block = cfti_alloc(allocator, capacity * (sizeof(cfti_file) + sizeof(size_t)));
    if (block == NULL) return false;
    *subset = *whole;
    subset->allocator = *allocator;
    subset->items = (cfti_file *)block;
    subset->origins = (size_t *)(void *)(subset->items + capacity);
    subset->capacity = capacity;
    subset->count = 0;
    return true;
}

static void cfti_files_subset_add(confiture_files *subset, const confiture_files *whole,
                                  size_t index) {
    subset->items[subset->count] = whole->items[index];
    subset->origins[subset->count++] = cfti_files_origin(whole, index);
}

static void cfti_files_subset_free(confiture_files *subset) {
    cfti_free(&subset->allocator, subset->items,
              subset->capacity * (sizeof(cfti_file) + sizeof(size_t)));
    subset->items = NULL;
}
