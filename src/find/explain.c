/* ---- find/explain.c: why a file is in a list and where, and what left others out ---- */

/* All of this exists only during a search that is asked for it. The walk records what is excluded,
 * since nothing else knows of it later. The origin of a file is looked up by the address of its
 * path, which stays while lists are sorted: a file of the list needs no member for it. */

/* What one pattern has found, or misses by case alone. */
typedef struct cfti_origin {
    const char *path; /* its address is the key */
    size_t directory, walk;
    const char *pattern;
    bool missed; /* by case */
    bool kept;   /* in the list */
} cfti_origin;

/* What is not in the list. */
typedef struct cfti_absent {
    const char *path, *name, *pattern, *by;
    size_t directory, walk, by_index;
    confiture_outcome outcome;
    bool is_directory;
} cfti_absent;

/* A file of the list, to be sorted by the order that is not in effect. */
typedef struct cfti_ranked {
    cfti_file file; /* first: the orders compare files */
    size_t index;
} cfti_ranked;

typedef struct cfti_explain {
    const confiture_find_options *options;
    const confiture_directory *directories;
    confiture_allocator allocator;
    size_t directory, walk; /* current */
    const char *pattern;    /* current */
    cfti_origin *origins;
    size_t origin_count, origin_capacity;
    size_t seen, seen_missed; /* files that have an origin */
    cfti_absent *absent;
    size_t absent_count, absent_capacity;
    cfti_ranked *ranked;
    size_t *ranks, rank_count; /* the index of each file in the other order; NULL: the same */
    bool has_prefix;           /* some name of the list has a hexadecimal prefix */
    cfti_buffer value, rest;   /* of the current file */
} cfti_explain;

static void cfti_explain_open(cfti_explain *explain, const confiture_find_options *options,
                              const confiture_allocator *allocator) {
    memset(explain, 0, sizeof(*explain));
    explain->options = options;
    explain->allocator = *allocator;
    explain->value = explain->rest = cfti_buffer_empty(allocator);
}

static void cfti_explain_close(cfti_explain *explain) {
    const confiture_allocator *a = &explain->allocator;
    cfti_free(a, explain->origins, explain->origin_capacity * sizeof(cfti_origin));
    cfti_free(a, explain->absent, explain->absent_capacity * sizeof(cfti_absent));
    cfti_free(a, explain->ranked, explain->rank_count * sizeof(cfti_ranked));
    cfti_free(a, explain->ranks, explain->rank_count * sizeof(size_t));
    cfti_buffer_free(&explain->value);
    cfti_buffer_free(&explain->rest);
}

/* ---- during the search ---- */

/* What excludes an entry, in one number: an excluded directory or, after all of them, an exclude
 * pattern of the include directory. 0: nothing. */
static uint32_t cfti_cause_directory(size_t index) { return (uint32_t)(index + 1); }
static uint32_t cfti_cause_pattern(const confiture_find_options *options, size_t index) {
    return (uint32_t)(options->exclude_dir_count + index + 1);
}

/* Sets what the next walk searches. */
static void cfti_explain_walk(cfti_explain *explain, const confiture_directory *directory,
                              const char *pattern) {
    if (explain == NULL) return;
    explain->directory = (size_t)(directory - explain->directories);
    explain->pattern = pattern;
    explain->walk++;
}

static cfti_absent *cfti_explain_absent(cfti_explain *explain, const char *path) {
    void *items = explain->absent;
    cfti_absent *absent;
    if (!cfti_grow(&explain->allocator, &items, &explain->absent_capacity, explain->absent_count,
                   sizeof(cfti_absent)))
        return NULL;
    explain->absent = (cfti_absent *)items;
    absent = &explain->absent[explain->absent_count++];
    memset(absent, 0, sizeof(*absent));
    absent->path = path;
    absent->directory = explain->directory;
    absent->walk = explain->walk;
    absent->pattern = explain->pattern;
    return absent;
}

/* Records what is excluded: `leaf` in directory `head`. False: no memory. */
static bool cfti_explain_excluded(cfti_explain *explain, confiture_files *files, const char *head,
                                  size_t head_size, const char *leaf, size_t leaf_size,
                                  uint32_t cause, bool is_directory) {
    const confiture_find_options *options = explain->options;
    cfti_absent *absent;
    size_t size, index = (size_t)cause - 1;
    const char *path = cfti_files_join(files, head, head_size, leaf, leaf_size, &size);
    if (path == NULL || (absent = cfti_explain_absent(explain, path)) == NULL) return false;
    if (index < options->exclude_dir_count) {
        absent->outcome = CONFITURE_OUTCOME_EXCLUDED_DIR;
        absent->by = options->exclude_dirs[index];
        absent->is_directory = is_directory; /* a pattern lets its directory be entered */
    } else {
        index -= options->exclude_dir_count;
        absent->outcome = CONFITURE_OUTCOME_EXCLUDED;
        absent->by = explain->directories[explain->directory].exclude[index];
    }
    absent->by_index = index;
    return true;
}

static bool cfti_explain_origin(cfti_explain *explain, const char *path, bool missed) {
    void *items = explain->origins;
    cfti_origin *origin;
    if (!cfti_grow(&explain->allocator, &items, &explain->origin_capacity, explain->origin_count,
                   sizeof(cfti_origin)))
        return false;
    explain->origins = (cfti_origin *)items;
    origin = &explain->origins[explain->origin_count++];
    memset(origin, 0, sizeof(*origin));
    origin->path = path;
    origin->directory = explain->directory;
    origin->walk = explain->walk;
    origin->pattern = explain->pattern;
    origin->missed = missed;
    return true;
}

/* Records the origin of what the last walk has added to the list. False: no memory. */
static bool cfti_explain_found(cfti_explain *explain, const confiture_files *files) {
    if (explain == NULL) return true;
    for (; explain->seen < files->count; explain->seen++)
        if (!cfti_explain_origin(explain, files->items[explain->seen].path, false)) return false;
    for (; explain->seen_missed < files->left_out_count; explain->seen_missed++)
        if (!cfti_explain_origin(explain, files->left_out[explain->seen_missed].path, true))
            return false;
    return true;
}

/* ---- after it ---- */

static int cfti_order_origin(const void *a, const void *b) {
    uintptr_t x = (uintptr_t)((const cfti_origin *)a)->path;
    uintptr_t y = (uintptr_t)((const cfti_origin *)b)->path;
    return x < y ? -1 : x > y;
}

/* The origin of a file, by the address of its path. */
static cfti_origin *cfti_origin_of(const cfti_explain *explain, const char *path) {
    size_t low = 0, high = explain->origin_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if ((uintptr_t)explain->origins[middle].path <= (uintptr_t)path) low = middle;
        else high = middle;
    }
    return &explain->origins[low];
}

static bool cfti_explain_add(cfti_explain *explain, const cfti_origin *origin,
                             confiture_outcome outcome) {
    cfti_absent *absent = cfti_explain_absent(explain, origin->path);
    if (absent == NULL) return false;
    absent->outcome = outcome;
    absent->directory = origin->directory;
    absent->walk = origin->walk;
    absent->pattern = origin->pattern;
    return true;
}

/* By path, and of one path as it was found: by directory, then by pattern. */
static int cfti_order_absent(const void *a, const void *b) {
    const cfti_absent *x = (const cfti_absent *)a, *y = (const cfti_absent *)b;
    int order = cfti_path_compare(x->path, y->path);
    if (order != 0) return order;
    return x->walk < y->walk ? -1 : x->walk > y->walk;
}

/* Completes and sorts what is not in the list. What several patterns of one directory meet is said
 * once, except repeats, each of which would have been in the list. What is missed by case is said
 * once. False: no memory. */
static bool cfti_explain_sort_absent(cfti_explain *explain, confiture_files *files) {
    size_t i, kept = 0;
    /* Ordering the list has removed those that are said twice, but no file, no order. */
    if (files->count == 0 && !cfti_files_order_left_out(files)) return false;
    if (!cfti_sort(&explain->allocator, explain->origins, explain->origin_count,
                   sizeof(cfti_origin), cfti_order_origin))
        return false;
    for (i = 0; i < files->count; i++) cfti_origin_of(explain, files->items[i].path)->kept = true;
    for (i = 0; i < explain->origin_count; i++) {
        const cfti_origin *origin = &explain->origins[i];
        if (!origin->kept && !origin->missed &&
            !cfti_explain_add(explain, origin, CONFITURE_OUTCOME_REPEATED))
            return false;
    }
    for (i = 0; i < files->left_out_count; i++)
        if (!cfti_explain_add(explain, cfti_origin_of(explain, files->left_out[i].path),
                              CONFITURE_OUTCOME_LETTER_CASE))
            return false;
    if (!cfti_sort(&explain->allocator, explain->absent, explain->absent_count, sizeof(cfti_absent),
                   cfti_order_absent))
        return false;
    for (i = 0; i < explain->absent_count; i++) {
        const cfti_absent *absent = &explain->absent[i];
        const cfti_absent *last = &explain->absent[kept - (kept > 0)];
        if (kept > 0 && absent->outcome != CONFITURE_OUTCOME_REPEATED &&
            last->outcome == absent->outcome && last->directory == absent->directory &&
            strcmp(last->path, absent->path) == 0)
            continue;
        explain->absent[kept++] = *absent;
    }
    explain->absent_count = kept;
    return true;
}

/* Names what is not in the list, where it has a name. */
static confiture_status cfti_explain_names(cfti_explain *explain, confiture_files *files,
                                           cfti_fail *fail) {
    cfti_base base;
    confiture_status status = CONFITURE_OK;
    size_t i;
    memset(&base, 0, sizeof(base));
    base.full.allocator = base.here.allocator = explain->allocator;
    base.given = files->base;
    for (i = 0; i < explain->absent_count && status == CONFITURE_OK; i++) {
        cfti_absent *absent = &explain->absent[i];
        absent->name = cfti_base_name_of(&base, files, absent->path, fail);
        if (absent->name == NULL && fail->status != CONFITURE_E_OUTSIDE) status = fail->status;
    }
    cfti_buffer_free(&base.full);
    cfti_buffer_free(&base.here);
    return status;
}

/* Sorts a copy of the list by the order that is not in effect. False: no memory. */
static bool cfti_explain_rank(cfti_explain *explain, const confiture_files *files) {
    size_t i, n = files->count, size;
    bool by_hex = explain->options->sort == CONFITURE_SORT_HEX;
    for (i = 0; i < n && !explain->has_prefix; i++) {
        const char *stem = cfti_stem(&files->items[i], &size);
        explain->has_prefix = cfti_hex_prefix(stem, size, &size);
    }
    if (!explain->has_prefix) return true; /* the two orders are the same */
    if (n > SIZE_MAX / sizeof(cfti_ranked)) return false;
    explain->rank_count = n;
    explain->ranked = (cfti_ranked *)cfti_alloc(&explain->allocator, n * sizeof(cfti_ranked));
    explain->ranks = (size_t *)cfti_alloc(&explain->allocator, n * sizeof(size_t));
    if (explain->ranked == NULL || explain->ranks == NULL) return false;
    for (i = 0; i < n; i++) {
        explain->ranked[i].file = files->items[i];
        explain->ranked[i].index = i;
    }
    if (!cfti_sort(&explain->allocator, explain->ranked, n, sizeof(cfti_ranked),
                   by_hex ? cfti_order_path : cfti_order_hex))
        return false;
    for (i = 0; i < n; i++) explain->ranks[explain->ranked[i].index] = i;
    return true;
}

/* Allocates all that the callbacks need: none is called before a failure. named: the list has a
 * base. */
static confiture_status cfti_explain_prepare(cfti_explain *explain, confiture_files *files,
                                             bool named, cfti_fail *fail) {
    size_t i, longest = 0;
    for (i = 0; i < files->count; i++)
        longest = cfti_max(longest, files->items[i].path_size - files->items[i].leaf);
    if (!cfti_explain_sort_absent(explain, files) || !cfti_explain_rank(explain, files) ||
        !cfti_buffer_reserve(&explain->value, longest + 2) ||
        !cfti_buffer_reserve(&explain->rest, longest + 1))
        return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    return named ? cfti_explain_names(explain, files, fail) : CONFITURE_OK;
}

/* The value of a prefix: upper-case digits without leading zeros, "0" for zero. */
static const char *cfti_hex_value(cfti_buffer *out, const char *prefix, size_t size) {
    size_t i = cfti_hex_start(prefix, size), length;
    out->size = 0;
    for (; i < size; i += length) {
        int digit = cfti_hex_digit(prefix + i, size - i, &length);
        if (digit > 0 || out->size > 0)
            out->data[out->size++] = (uint8_t) "0123456789ABCDEF"[digit];
    }
    if (out->size == 0) out->data[out->size++] = '0';
    out->data[out->size] = 0;
    return (const char *)out->data;
}

/* Whether a stem would have a prefix in upper case. One without a decimal digit, such as "add_", is
 * a word. `upper` is scratch. */
static bool cfti_hex_misses_by_case(cfti_buffer *upper, const char *stem, size_t size) {
    bool digit = false;
    size_t i, prefix_size;
    for (i = 0; i < size && stem[i] != '_'; i++) digit |= stem[i] >= '0' && stem[i] <= '9';
    if (!digit || i == size) return false;
    for (i = 0; i < size; i++)
        upper->data[i] = (uint8_t)(stem[i] >= 'a' && stem[i] <= 'z' ? stem[i] - 32 : stem[i]);
    return cfti_hex_prefix((const char *)upper->data, size, &prefix_size);
}

static void cfti_explain_key(cfti_explain *explain, const cfti_file *file,
                             confiture_explanation *explanation) {
    size_t size, prefix_size;
    const char *stem = cfti_stem(file, &size);
    if (cfti_hex_prefix(stem, size, &prefix_size)) {
        explanation->hex_value = cfti_hex_value(&explain->value, stem, prefix_size);
        stem += prefix_size + 1, size -= prefix_size + 1;
    } else {
        explanation->lower_case_prefix = cfti_hex_misses_by_case(&explain->value, stem, size);
    }
    memcpy(explain->rest.data, stem, size);
    explain->rest.data[size] = 0;
    explanation->hex_rest = (const char *)explain->rest.data;
}

static void cfti_explain_listed(cfti_explain *explain, const confiture_files *files, size_t index) {
    const cfti_file *file = &files->items[index];
    const cfti_origin *origin = cfti_origin_of(explain, file->path);
    size_t other = explain->ranks != NULL ? explain->ranks[index] : index;
    confiture_explanation explanation;
    memset(&explanation, 0, sizeof(explanation));
    explanation.index = explanation.path_index = explanation.hex_index = index;
    explanation.path = file->path;
    explanation.name = file->name;
    explanation.directory = origin->directory;
    explanation.pattern = origin->pattern;
    if (explain->options->sort == CONFITURE_SORT_HEX && explain->has_prefix)
        explanation.sort = CONFITURE_SORT_HEX;
    if (explanation.sort == CONFITURE_SORT_HEX) explanation.path_index = other;
    else explanation.hex_index = other;
    cfti_explain_key(explain, file, &explanation);
    explain->options->explain(explain->options->explain_user, &explanation);
}

static void cfti_explain_report(cfti_explain *explain, const confiture_files *files) {
    confiture_explanation explanation;
    size_t i;
    for (i = 0; i < files->count; i++) cfti_explain_listed(explain, files, i);
    for (i = 0; i < explain->absent_count; i++) {
        const cfti_absent *absent = &explain->absent[i];
        memset(&explanation, 0, sizeof(explanation));
        explanation.outcome = absent->outcome;
        explanation.is_directory = absent->is_directory;
        explanation.index = explanation.path_index = explanation.hex_index = CONFITURE_NO_INDEX;
        explanation.path = absent->path;
        explanation.name = absent->name;
        explanation.directory = absent->directory;
        explanation.pattern = absent->pattern;
        explanation.excluded_by = absent->by;
        explanation.excluded_by_index = absent->by_index;
        explain->options->explain(explain->options->explain_user, &explanation);
    }
}
