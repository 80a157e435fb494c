/* ---- find/listing.c: what one directory holds for a pattern ---- */

/* A directory is searched with the set of those parts of the pattern that may match
 * there: a small automaton, so that each directory is listed once and no path is
 * found twice, however many "**" the pattern has. */

/* An excluded directory. */
typedef struct cfti_excluded {
    cfti_buffer path;   /* clean */
    size_t parent_size; /* of the directory that holds it; 0: the current one */
    size_t leaf;        /* where its last component begins */
} cfti_excluded;

typedef struct cfti_walk {
    const cfti_pattern *pattern;
    const confiture_directory *directory;
    const confiture_find_options *options;
    bool *include_matched;             /* the pattern's flag, or NULL */
    bool matches_only;                 /* look below excluded directories, too */
    const char *real_base;             /* NULL: the search is not confined */
    const cfti_excluded *exclude_dirs; /* as many as the options have */
    size_t exclude_parts;              /* components of the longest exclude pattern */
    confiture_allocator allocator;
    cfti_workers *workers;
    bool *workers_are_open;
    size_t root_size; /* of the include directory's path */
    cfti_node *all;
    cfti_node **level; /* the directories to be listed next */
    size_t level_count, level_capacity;
    uint64_t found, found_bytes; /* found_bytes: of the paths */
} cfti_walk;

/* "**" also stands for no directory at all. */
static uint64_t cfti_states_close(const cfti_pattern *pattern, uint64_t parts) {
    size_t i;
    for (i = 0; i + 1 < pattern->count; i++)
        if ((parts >> i & 1) != 0 && pattern->parts[i].kind == CFTI_COMPONENT_ANY_DEPTH)
            parts |= (uint64_t)1 << (i + 1);
    return parts;
}

/* A directory that is being listed: the context of the callback. */
typedef struct cfti_listing {
    cfti_walk *walk;
    cfti_node *node;
    cfti_os_file directory;
    bool holds_excluded; /* a directory that is excluded may be in it */
    bool is_file;        /* the entry at hand would be listed, if nothing excluded it */
    cfti_buffer path;    /* by which it was opened */
    cfti_buffer end;     /* the end of its path, as much as exclude patterns can see */
    size_t end_size;     /* with a slash; 0: they see nothing but the entry's name */
} cfti_listing;

static int cfti_listing_fail(cfti_listing *listing, int error, const char *name) {
    return cfti_node_fail(listing->node, error, name);
}

static bool cfti_excluded_is_in(const cfti_excluded *excluded, const cfti_node *node) {
    return excluded->parent_size == 0
               ? cfti_node_is_dot(node)
               : cfti_node_is(node, (const char *)excluded->path.data, excluded->parent_size);
}

/* What the directory means to all that is excluded: once, and not for each of its entries.
 * False: no memory. */
static bool cfti_listing_prepare(cfti_listing *listing) {
    const cfti_walk *walk = listing->walk;
    const cfti_node *node = listing->node, *up = node;
    size_t i, size = 0;
    for (i = 0; i < walk->options->exclude_dir_count && !listing->holds_excluded; i++)
        listing->holds_excluded = cfti_excluded_is_in(&walk->exclude_dirs[i], node);
    for (i = 1; i < walk->exclude_parts && up->parent != NULL; i++, up = up->parent)
        size = node->path_size - cfti_node_start(up);
    if (size == 0) return true;
    if (!cfti_buffer_reserve(&listing->end, size + 1)) return false;
    cfti_node_write(node, size, listing->end.data);
    listing->end.data[size] = '/';
    listing->end_size = size + 1;
    return true;
}

/* Whether an excluded directory or pattern covers the entry; *whole if also what is
 * below it is covered. Returns an error of the system's. */
static int cfti_listing_excluded(cfti_listing *listing, const char *name, size_t size, bool *file,
                                 bool *whole) {
    const cfti_walk *walk = listing->walk;
    const confiture_directory *directory = walk->directory;
    size_t i;
    *file = *whole = false;
    for (i = 0; listing->holds_excluded && i < walk->options->exclude_dir_count; i++) {
        const cfti_excluded *excluded = &walk->exclude_dirs[i];
        if (excluded->path.size - excluded->leaf == size &&
            memcmp(excluded->path.data + excluded->leaf, name, size) == 0 &&
            cfti_excluded_is_in(excluded, listing->node)) {
            *file = true;
            *whole = !walk->matches_only;
            cfti_mark(walk->options->exclude_dir_matched, i);
        }
    }
    if (directory->exclude_count == 0 || (*file && directory->exclude_matched == NULL)) return 0;
    listing->end.size = listing->end_size;
    if (!cfti_buffer_append(&listing->end, name, size)) return CFTI_OS_NO_MEMORY;
    for (i = 0; i < directory->exclude_count; i++) {
        if (!cfti_match((const char *)listing->end.data, listing->end.size, directory->exclude[i],
                        strlen(directory->exclude[i])))
            continue;
        *file = true;
        if (directory->exclude_matched == NULL) break;
        if (listing->is_file) cfti_mark(directory->exclude_matched, i);
    }
    return 0;
}

/* Whether a link, or "..", of a confined search leads out: then that, or why it cannot be
 * told, is left in the entry; else *real, in the node's memory, is where it leads. */
static int cfti_listing_confine(cfti_listing *listing, cfti_entry *entry, const char **real,
                                size_t *real_size) {
    cfti_buffer place, todo;
    int error = CFTI_OS_NO_MEMORY;
    memset(&place, 0, sizeof(place));
    place.allocator = listing->walk->allocator;
    todo = place;
    if (cfti_node_real(listing->node, &place) &&
        cfti_buffer_append(&todo, entry->name, entry->size))
        error = cfti_path_follow(&place, &todo, true);
    if (error == 0 && cfti_path_below((const char *)place.data, listing->walk->real_base) == NULL) {
        entry->error = CFTI_LEADS_OUT;
    } else if (error == 0) {
        char *copy = (char *)cfti_arena_alloc(&listing->node->arena, place.size + 1);
        if (copy == NULL) error = CFTI_OS_NO_MEMORY;
        else memcpy(copy, place.data, place.size + 1);
        *real = copy;
        *real_size = place.size;
    } else if (error != CFTI_OS_NO_MEMORY) {
        entry->error = (uint16_t)error;
        error = 0;
    }
    cfti_buffer_free(&place);
    cfti_buffer_free(&todo);
    return error;
}

static uint64_t cfti_name_key(const char *name, size_t size) {
    uint64_t key = 0;
    size_t i;
    for (i = 0; i < 8; i++) key = key << 8 | (i < size ? (uint8_t)name[i] : 0u);
    return key;
}

/* What the pattern's parts want of an entry. */
typedef struct cfti_entry_match {
    uint64_t real, any; /* parts below it: if it is a directory, or a link to one */
    bool found;
    bool found_is_named, below_is_named; /* by a part without wildcards */
    bool left_out; /* by the case of its name: to be told of, if it is a file */
} cfti_entry_match;

static cfti_entry_match cfti_listing_match(const cfti_listing *listing, const char *name,
                                           size_t size, cfti_kind kind) {
    const cfti_pattern *pattern = listing->walk->pattern;
    cfti_entry_match match;
    size_t i;
    memset(&match, 0, sizeof(match));
    for (i = 0; i < pattern->count; i++) {
        const cfti_component *part = &pattern->parts[i];
        if ((listing->node->parts >> i & 1) == 0) continue;
        /* No listing holds "..": only the part that names it may take it. */
        if (part->kind != CFTI_COMPONENT_EXACT && size == 2 && memcmp(name, "..", 2) == 0) continue;
        if (part->kind == CFTI_COMPONENT_ANY_DEPTH) {
            match.real |= (uint64_t)1 << i;
        } else if (cfti_component_matches(part, name, size)) {
            if (i + 1 < pattern->count) {
                match.any |= (uint64_t)1 << (i + 1);
                match.below_is_named |= part->kind == CFTI_COMPONENT_EXACT;
            } else {
                match.found = true;
                match.found_is_named = part->kind == CFTI_COMPONENT_EXACT;
            }
        } else if (i + 1 == pattern->count && kind == CFTI_KIND_FILE) {
            match.left_out |= cfti_component_misses_by_case(part, name, size);
        }
    }
    if (kind != CFTI_KIND_DIRECTORY) {
        match.real = 0;
        if (kind != CFTI_KIND_LINK) match.any = 0;
    }
    return match;
}

static bool cfti_entry_match_is_empty(const cfti_entry_match *match) {
    return !match->found && !match->left_out && (match->real | match->any) == 0;
}

/* What a link that leads nowhere, or in a circle, means: to a wildcard that it is no directory;
 * to a part that names it an error, unless it was removed since. Returns an error of the
 * system's. */
static int cfti_listing_follow(const cfti_listing *listing, const char *name,
                               cfti_entry_match *match) {
    cfti_os_status status;
    int error = cfti_os_status_at(listing->directory, name, true, &status);
    if (error == 0 && status.kind == CFTI_KIND_DIRECTORY) return 0;
    match->any = 0;
    if (error == 0) return 0;
    if (!cfti_is_missing(error)) return error;
    if (!match->found_is_named && !match->below_is_named) return 0;
    match->found = false;
    return cfti_os_is_absent(cfti_os_status_at(listing->directory, name, false, &status)) ? 0
                                                                                          : error;
}

/* One entry of a directory: keeps it if a part of the pattern wants it. Non-zero
 * ends the listing; the failure is then in the node. */
static int cfti_listing_entry(void *ctx, const char *name, cfti_kind kind) {
    cfti_listing *listing = (cfti_listing *)ctx;
    cfti_node *node = listing->node;
    size_t size = strlen(name);
    cfti_entry_match match;
    bool skip_file, skip_all;
    cfti_entry *entry;
    void *entries = node->entries;
    const char *real_place = NULL;
    size_t real_size = 0;
    char *copy;
    int error;
    if (kind == CFTI_KIND_UNKNOWN) {
        cfti_os_status status;
        error = cfti_os_status_at(listing->directory, name, false, &status);
        if (cfti_os_is_absent(error)) return 0; /* removed since it was listed */
        if (error != 0) return cfti_listing_fail(listing, error, name);
        kind = status.kind;
    }
    match = cfti_listing_match(listing, name, size, kind);
    if (cfti_entry_match_is_empty(&match)) return 0;
    listing->is_file = match.found;
    if (match.found) cfti_mark(listing->walk->include_matched, 0);
    error = cfti_listing_excluded(listing, name, size, &skip_file, &skip_all);
    if (error != 0) return cfti_listing_fail(listing, error, name);
    if (skip_file) match.found = match.found_is_named = match.left_out = false;
    if (skip_all) {
        match.real = match.any = 0;
        match.below_is_named = false;
    }
    if (kind == CFTI_KIND_LINK && (match.any != 0 || match.found_is_named))
        error = cfti_listing_follow(listing, name, &match);
    if (error == 0 && cfti_entry_match_is_empty(&match)) return 0;
    if (node->count > 0) node->arena.block_size = 4000;
    copy = (char *)cfti_arena_reserve(&node->arena, size + 1);
    if (copy == NULL || !cfti_grow(&listing->walk->allocator, &entries, &node->capacity,
                                   node->count, sizeof(cfti_entry)))
        return cfti_listing_fail(listing, CFTI_OS_NO_MEMORY, name);
    node->entries = (cfti_entry *)entries;
    memcpy(copy, name, size + 1);
    cfti_arena_commit_text(&node->arena, size + 1);
    entry = &node->entries[node->count++];
    memset(entry, 0, sizeof(*entry));
    entry->key = cfti_name_key(name, size);
    entry->name = copy;
    entry->size = (uint32_t)size; /* of one component: no system allows 4 GiB */
    entry->kind = (uint8_t)kind;
    entry->error = (uint16_t)error;
    if (error != 0) return 0;
    entry->found = match.found;
    entry->left_out = match.left_out && !match.found;
    if (listing->walk->real_base != NULL &&
        (kind == CFTI_KIND_LINK || (size == 2 && memcmp(name, "..", 2) == 0))) {
        error = cfti_listing_confine(listing, entry, &real_place, &real_size);
        if (error != 0) return cfti_listing_fail(listing, error, name);
        if (entry->error != 0) return 0;
    }
    if (match.found) {
        node->found_count++;
        node->found_bytes += size + 1;
    }
    if ((match.real | match.any) == 0) return 0;
    entry->child = cfti_node_create(&listing->walk->allocator, &node->arena, node, copy, size);
    if (entry->child == NULL) return cfti_listing_fail(listing, CFTI_OS_NO_MEMORY, name);
    entry->child->parts = match.real | match.any;
    entry->child->real = real_place;
    entry->child->real_size = real_size;
    node->has_children = true;
    return 0;
}

/* Parts that are no wildcards need no listing, and ".." is in none. */
static int cfti_listing_lookup(cfti_listing *listing, bool only_parent) {
    const cfti_pattern *pattern = listing->walk->pattern;
    size_t i, k;
    for (i = 0; i < pattern->count; i++) {
        const cfti_component *part = &pattern->parts[i];
        bool is_parent = part->size == 2 && part->text[0] == '.' && part->text[1] == '.';
        cfti_os_status status;
        cfti_buffer name;
        int error = 0;
        if ((listing->node->parts >> i & 1) == 0 || part->kind != CFTI_COMPONENT_EXACT) continue;
        if (only_parent && !is_parent) continue;
        for (k = 0; k < i; k++) /* an equal part has been looked up already */
            if ((listing->node->parts >> k & 1) != 0 &&
                pattern->parts[k].kind == CFTI_COMPONENT_EXACT &&
                pattern->parts[k].size == part->size &&
                memcmp(pattern->parts[k].text, part->text, part->size) == 0)
                break;
        if (k < i) continue;
        memset(&name, 0, sizeof(name));
        name.allocator = listing->walk->allocator;
        if (!cfti_path_clean(&name, part->text, part->size)) {
            error = cfti_listing_fail(listing, CFTI_OS_NO_MEMORY, "");
        } else {
            error = cfti_os_status_at(listing->directory, (const char *)name.data, false, &status);
            if (error == 0)
                error = cfti_listing_entry(listing, (const char *)name.data, status.kind);
            else if (cfti_is_missing(error)) error = 0;
            else (void)cfti_listing_fail(listing, error, (const char *)name.data);
        }
        cfti_buffer_free(&name);
        if (error != 0) return error;
    }
    return 0;
}

static int cfti_entry_order(const void *a, const void *b) {
    const cfti_entry *x = (const cfti_entry *)a, *y = (const cfti_entry *)b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return cfti_bytes_compare(x->name, x->size, y->name, y->size);
}

/* Opens the directory that is to be listed: from the one above, if that is open still. */
static int cfti_listing_open(cfti_listing *listing) {
    const cfti_node *node = listing->node;
    if (node->parent != NULL && node->parent->is_open)
        return cfti_os_open_directory_at(node->parent->directory, node->name, &listing->directory);
    if (!cfti_node_path(node, &listing->path)) return CFTI_OS_NO_MEMORY;
    return cfti_os_open_directory((const char *)listing->path.data, &listing->directory);
}

/* Lists one directory of the level; on any worker. */
static void cfti_node_list(void *ctx, size_t index) {
    cfti_walk *walk = (cfti_walk *)ctx;
    cfti_node *node = walk->level[index];
    cfti_listing listing;
    bool wants_listing = false;
    size_t i;
    int error;
    memset(&node->fail, 0, sizeof(node->fail));
    node->parts = cfti_states_close(walk->pattern, node->parts);
    for (i = 0; i < walk->pattern->count; i++)
        if ((node->parts >> i & 1) != 0 && walk->pattern->parts[i].kind != CFTI_COMPONENT_EXACT)
            wants_listing = true;
    i = walk->pattern->count - 1;
    node->found =
        (node->parts >> i & 1) != 0 && walk->pattern->parts[i].kind == CFTI_COMPONENT_ANY_DEPTH;
    memset(&listing, 0, sizeof(listing));
    listing.walk = walk;
    listing.node = node;
    listing.path.allocator = listing.end.allocator = walk->allocator;
    error = cfti_listing_open(&listing);
    if (error != 0) {
        (void)cfti_listing_fail(&listing, error, "");
        cfti_buffer_free(&listing.path);
        return;
    }
    error = cfti_listing_prepare(&listing) ? 0 : CFTI_OS_NO_MEMORY;
    if (error == 0) error = cfti_listing_lookup(&listing, wants_listing);
    if (error == 0 && wants_listing)
        error = cfti_os_list(listing.directory, cfti_listing_entry, &listing);
    if (error != 0 && node->fail.status == CONFITURE_OK)
        (void)cfti_listing_fail(&listing, error, "");
    node->is_open = node->stays_open && node->has_children;
    if (node->is_open) node->directory = listing.directory;
    else cfti_os_close(listing.directory);
    cfti_buffer_free(&listing.path);
    cfti_buffer_free(&listing.end);
    if (!cfti_sort(&walk->allocator, node->entries, node->count, sizeof(cfti_entry),
                   cfti_entry_order))
        cfti_fail_with(&node->fail, CONFITURE_E_MEMORY, NULL);
    cfti_node_shrink(&walk->allocator, node);
}
