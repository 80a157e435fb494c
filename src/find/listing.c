/* ---- find/listing.c: the entries of one directory that a pattern matches ---- */

/* A pattern is an NFA: state i means that component i of the pattern is matched against the
 * entries of this directory. A directory is searched with the set of its states, one bit each. It
 * is therefore listed once, and no path is found twice, however many "**" the pattern has. */

/* An excluded directory. */
typedef struct cfti_excluded {
    cfti_buffer path;   /* clean */
    size_t parent_size; /* of its parent's path; 0: the current directory */
    size_t leaf;        /* the offset of its last component */
} cfti_excluded;

typedef struct cfti_walk {
    const cfti_pattern *pattern;
    const confiture_directory *directory;
    const confiture_find_options *options;
    bool *include_matched;             /* the pattern's flag, or NULL */
    bool matches_only;                 /* searches excluded directories, too */
    const char *real_base;             /* NULL: the search is not confined */
    const cfti_excluded *exclude_dirs; /* options->exclude_dir_count of them */
    size_t exclude_depth;              /* components of the longest exclude pattern */
    confiture_allocator allocator;
    cfti_explain *explain; /* NULL: not asked for */
    cfti_workers *workers;
    bool *workers_are_open;
    size_t root_size; /* of the include directory's path */
    cfti_node *all;
    cfti_node **level; /* the directories to list next */
    size_t level_count, level_capacity;
    uint64_t found, found_bytes; /* found_bytes: paths with their NULs */
} cfti_walk;

static bool cfti_states_have(uint64_t states, size_t i) { return (states >> i & 1) != 0; }

/* The epsilon closure: "**" also matches no directory at all. */
static uint64_t cfti_states_close(const cfti_pattern *pattern, uint64_t states) {
    size_t i;
    for (i = 0; i + 1 < pattern->count; i++)
        if (cfti_states_have(states, i) && pattern->components[i].kind == CFTI_COMPONENT_ANY_DEPTH)
            states |= (uint64_t)1 << (i + 1);
    return states;
}

/* The context of the callback that lists a directory. */
typedef struct cfti_listing {
    cfti_walk *walk;
    cfti_node *node;
    cfti_os_file directory;
    bool has_excluded; /* an excluded directory may be in it */
    bool is_found;     /* the pattern matches the current entry */
    uint32_t excluded; /* what excludes it; 0: nothing, or nobody asks */
    cfti_buffer path;  /* with which it was opened */
    cfti_buffer end;   /* the last components of its path, which exclude patterns compare */
    size_t end_size;   /* with a slash; 0: they compare only the entry's name */
} cfti_listing;

static int cfti_listing_fail(cfti_listing *listing, int error, const char *name) {
    return cfti_node_fail(listing->node, error, name);
}

static bool cfti_excluded_is_in(const cfti_excluded *excluded, const cfti_node *node) {
    return excluded->parent_size == 0
               ? cfti_node_is_dot(node)
               : cfti_node_is(node, (const char *)excluded->path.data, excluded->parent_size);
}

/* Compares the directory with all exclusions once, rather than for each entry. False: no memory. */
static bool cfti_listing_prepare(cfti_listing *listing) {
    const cfti_walk *walk = listing->walk;
    const cfti_node *node = listing->node, *up = node;
    size_t i, size = 0;
    for (i = 0; i < walk->options->exclude_dir_count && !listing->has_excluded; i++)
        listing->has_excluded = cfti_excluded_is_in(&walk->exclude_dirs[i], node);
    for (i = 1; i < walk->exclude_depth && up->parent != NULL; i++, up = up->parent)
        size = node->path_size - cfti_node_start(up);
    if (size == 0) return true;
    if (!cfti_buffer_reserve(&listing->end, size + 1)) return false;
    cfti_node_write(node, size, listing->end.data);
    listing->end.data[size] = '/';
    listing->end_size = size + 1;
    return true;
}

static void cfti_listing_cause(cfti_listing *listing, uint32_t cause) {
    if (listing->walk->explain != NULL && listing->excluded == 0) listing->excluded = cause;
}

/* Sets *file if the entry is excluded, and *whole if everything below it is, too. Returns a system
 * error. */
static int cfti_listing_excluded(cfti_listing *listing, const char *name, size_t size, bool *file,
                                 bool *whole) {
    const cfti_walk *walk = listing->walk;
    const confiture_directory *directory = walk->directory;
    size_t i;
    *file = *whole = false;
    listing->excluded = 0;
    for (i = 0; listing->has_excluded && i < walk->options->exclude_dir_count; i++) {
        const cfti_excluded *excluded = &walk->exclude_dirs[i];
        if (excluded->path.size - excluded->leaf == size &&
            memcmp(excluded->path.data + excluded->leaf, name, size) == 0 &&
            cfti_excluded_is_in(excluded, listing->node)) {
            *file = true;
            *whole = !walk->matches_only;
            cfti_mark(walk->options->exclude_dir_matched, i);
            cfti_listing_cause(listing, cfti_cause_directory(i));
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
        cfti_listing_cause(listing, cfti_cause_pattern(walk->options, i));
        if (directory->exclude_matched == NULL) break;
        if (listing->is_found) cfti_mark(directory->exclude_matched, i);
    }
    return 0;
}

/* Resolves a link or ".." in a confined search. *real, in the node's arena, is where it leads. An
 * entry that leads out, or that cannot be resolved, has entry->error set instead. */
static int cfti_listing_confine(cfti_listing *listing, cfti_entry *entry, const char **real,
                                size_t *real_size) {
    cfti_buffer place = cfti_buffer_empty(&listing->walk->allocator), todo = place;
    int error = CFTI_OS_NO_MEMORY;
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

/* What an entry means to the pattern: "**" enters real directories only; every other component
 * enters links to directories, too. */
typedef struct cfti_entry_match {
    uint64_t real_states; /* of the child, if the entry is a directory */
    uint64_t states;      /* of the child, if the entry is a directory or a link to one */
    bool found;
    bool found_is_named, below_is_named; /* by a component without wildcards */
    bool left_out;                       /* only the case of its name differs */
} cfti_entry_match;

static cfti_entry_match cfti_listing_match(const cfti_listing *listing, const char *name,
                                           size_t size, cfti_kind kind) {
    const cfti_pattern *pattern = listing->walk->pattern;
    cfti_entry_match match;
    size_t i;
    memset(&match, 0, sizeof(match));
    for (i = 0; i < pattern->count; i++) {
        const cfti_component *component = &pattern->components[i];
        if (!cfti_states_have(listing->node->states, i)) continue;
        /* No listing contains "..": only a component that names it matches it. */
        if (component->kind != CFTI_COMPONENT_EXACT && cfti_is_parent(name, size)) continue;
        if (component->kind == CFTI_COMPONENT_ANY_DEPTH) {
            match.real_states |= (uint64_t)1 << i;
        } else if (cfti_component_matches(component, name, size)) {
            if (i + 1 < pattern->count) {
                match.states |= (uint64_t)1 << (i + 1);
                match.below_is_named |= component->kind == CFTI_COMPONENT_EXACT;
            } else {
                match.found = true;
                match.found_is_named = component->kind == CFTI_COMPONENT_EXACT;
            }
        } else if (i + 1 == pattern->count && kind == CFTI_KIND_FILE) {
            match.left_out |= cfti_component_misses_by_case(component, name, size);
        }
    }
    if (kind != CFTI_KIND_DIRECTORY) {
        match.real_states = 0;
        if (kind != CFTI_KIND_LINK) match.states = 0;
    }
    return match;
}

static bool cfti_entry_match_is_empty(const cfti_entry_match *match) {
    return !match->found && !match->left_out && (match->real_states | match->states) == 0;
}

/* A link that leads nowhere or in a circle is not a directory for a wildcard. It is an error for a
 * component that names it, unless it was removed since. Returns a system error. */
static int cfti_listing_follow(const cfti_listing *listing, const char *name,
                               cfti_entry_match *match) {
    cfti_os_status status;
    int error = cfti_os_status_at(listing->directory, name, true, &status);
    if (error == 0 && status.kind == CFTI_KIND_DIRECTORY) return 0;
    match->states = 0;
    if (error == 0) return 0;
    if (!cfti_is_missing(error)) return error;
    if (!match->found_is_named && !match->below_is_named) return 0;
    match->found = false;
    return cfti_os_is_absent(cfti_os_status_at(listing->directory, name, false, &status)) ? 0
                                                                                          : error;
}

/* What explains an excluded link that is not found itself. To a search without the exclusion it is
 * a directory, an error, or nothing. */
static void cfti_listing_excluded_link(cfti_listing *listing, const char *name,
                                       cfti_entry_match without, cfti_kind *kind) {
    if (cfti_listing_follow(listing, name, &without) != 0) return;
    if (without.states != 0) *kind = CFTI_KIND_DIRECTORY;
    else listing->excluded = 0;
}

/* Keeps an entry in the node, and a child if the entry is a directory to search. */
static int cfti_listing_keep(cfti_listing *listing, const char *name, size_t size, cfti_kind kind,
                             const cfti_entry_match *match, int error) {
    cfti_node *node = listing->node;
    const confiture_allocator *allocator = &listing->walk->allocator;
    void *entries = node->entries;
    const char *real = NULL;
    size_t real_size = 0;
    cfti_entry *entry;
    char *copy;
    if (node->count > 0) node->arena.block_size = 4000;
    copy = (char *)cfti_arena_reserve(&node->arena, size + 1);
    if (copy == NULL ||
        !cfti_grow(allocator, &entries, &node->capacity, node->count, sizeof(cfti_entry)))
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
    entry->excluded = listing->excluded;
    if (cfti_entry_match_is_empty(match)) return 0;
    entry->found = match->found;
    entry->left_out = match->left_out && !match->found;
    if (listing->walk->real_base != NULL &&
        (kind == CFTI_KIND_LINK || cfti_is_parent(name, size))) {
        error = cfti_listing_confine(listing, entry, &real, &real_size);
        if (error != 0) return cfti_listing_fail(listing, error, name);
        if (entry->error != 0) return 0;
    }
    if (match->found) {
        node->found_count++;
        node->found_bytes += size + 1;
    }
    if ((match->real_states | match->states) == 0) return 0;
    entry->child = cfti_node_create(allocator, &node->arena, node, copy, size);
    if (entry->child == NULL) return cfti_listing_fail(listing, CFTI_OS_NO_MEMORY, name);
    entry->child->states = match->real_states | match->states;
    entry->child->real = real;
    entry->child->real_size = real_size;
    node->has_children = true;
    return 0;
}

/* Matches one entry of the directory. A result other than 0 ends the listing; the failure is then
 * in the node. */
static int cfti_listing_entry(void *ctx, const char *name, cfti_kind kind) {
    cfti_listing *listing = (cfti_listing *)ctx;
    size_t size = strlen(name);
    cfti_entry_match match;
    bool skip_file, skip_all;
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
    listing->is_found = match.found;
    if (match.found) cfti_mark(listing->walk->include_matched, 0);
    error = cfti_listing_excluded(listing, name, size, &skip_file, &skip_all);
    if (error != 0) return cfti_listing_fail(listing, error, name);
    if (!match.found && !(skip_all && (match.real_states | match.states) != 0))
        listing->excluded = 0; /* it would not be in the list anyway */
    if (listing->excluded != 0 && !match.found && kind == CFTI_KIND_LINK)
        cfti_listing_excluded_link(listing, name, match, &kind);
    if (skip_file) match.found = match.found_is_named = match.left_out = false;
    if (skip_all) {
        match.real_states = match.states = 0;
        match.below_is_named = false;
    }
    if (kind == CFTI_KIND_LINK && (match.states != 0 || match.found_is_named))
        error = cfti_listing_follow(listing, name, &match);
    if (error == 0 && cfti_entry_match_is_empty(&match) && listing->excluded == 0) return 0;
    return cfti_listing_keep(listing, name, size, kind, &match, error);
}

/* Looks up a component without wildcards. */
static int cfti_listing_lookup_one(cfti_listing *listing, const cfti_component *component) {
    cfti_os_status status;
    cfti_buffer name = cfti_buffer_empty(&listing->walk->allocator);
    int error;
    if (!cfti_path_clean(&name, component->text, component->size)) {
        error = cfti_listing_fail(listing, CFTI_OS_NO_MEMORY, "");
    } else {
        const char *text = (const char *)name.data;
        error = cfti_os_status_at(listing->directory, text, false, &status);
        if (error == 0) error = cfti_listing_entry(listing, text, status.kind);
        else if (cfti_is_missing(error)) error = 0;
        else (void)cfti_listing_fail(listing, error, text);
    }
    cfti_buffer_free(&name);
    return error;
}

/* Looks up all components without wildcards, which need no listing; only_parent: "..", which no
 * listing contains. */
static int cfti_listing_lookup(cfti_listing *listing, bool only_parent) {
    const cfti_component *components = listing->walk->pattern->components;
    size_t i, k;
    int error = 0;
    for (i = 0; i < listing->walk->pattern->count && error == 0; i++) {
        const char *text = components[i].text;
        size_t size = components[i].size;
        if (!cfti_states_have(listing->node->states, i) ||
            components[i].kind != CFTI_COMPONENT_EXACT ||
            (only_parent && !cfti_is_parent(text, size)))
            continue;
        for (k = 0; k < i; k++) /* an equal component was looked up before */
            if (cfti_states_have(listing->node->states, k) &&
                components[k].kind == CFTI_COMPONENT_EXACT &&
                cfti_component_matches(&components[k], text, size))
                break;
        if (k == i) error = cfti_listing_lookup_one(listing, &components[i]);
    }
    return error;
}

static int cfti_entry_order(const void *a, const void *b) {
    const cfti_entry *x = (const cfti_entry *)a, *y = (const cfti_entry *)b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return cfti_bytes_compare(x->name, x->size, y->name, y->size);
}

/* Opens the directory, relative to its parent if that is open. */
static int cfti_listing_open(cfti_listing *listing) {
    const cfti_node *node = listing->node;
    if (node->parent != NULL && node->parent->is_open)
        return cfti_os_open_directory_at(node->parent->directory, node->name, &listing->directory);
    if (!cfti_node_path(node, &listing->path)) return CFTI_OS_NO_MEMORY;
    return cfti_os_open_directory((const char *)listing->path.data, &listing->directory);
}

/* Lists one directory of the level, on any worker. */
static void cfti_node_list(void *ctx, size_t index) {
    cfti_walk *walk = (cfti_walk *)ctx;
    cfti_node *node = walk->level[index];
    cfti_listing listing;
    bool wants_listing = false;
    size_t i;
    int error;
    memset(&node->fail, 0, sizeof(node->fail));
    node->states = cfti_states_close(walk->pattern, node->states);
    for (i = 0; i < walk->pattern->count; i++)
        if (cfti_states_have(node->states, i) &&
            walk->pattern->components[i].kind != CFTI_COMPONENT_EXACT)
            wants_listing = true;
    i = walk->pattern->count - 1;
    node->found = cfti_states_have(node->states, i) &&
                  walk->pattern->components[i].kind == CFTI_COMPONENT_ANY_DEPTH;
    memset(&listing, 0, sizeof(listing));
    listing.walk = walk;
    listing.node = node;
    listing.path = listing.end = cfti_buffer_empty(&walk->allocator);
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
