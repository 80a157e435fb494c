/* ---- walk.c: one pattern in one directory tree ---- */

/* A directory is searched with the set of those parts of the pattern that may match
 * there: a small automaton, so that each directory is listed once and no path is
 * found twice, however many "**" the pattern has. */

/* What a directory holds that matters: a file to be listed, a directory to go into,
 * or both in one. */
typedef struct cfti_entry {
    uint64_t key; /* the first bytes of the name as a number, which decides most comparisons */
    const char *name;
    struct cfti_node *child; /* the directory, if it is to be searched */
    uint32_t size;           /* of name */
    uint8_t kind;
    bool found;
    uint16_t error; /* what to say instead of taking it: the system's, or CFTI_LEADS_OUT */
} cfti_entry;

#define CFTI_LEADS_OUT UINT16_MAX

/* One directory of the walk. Of its path it has only its own component: whole paths of a
 * chain of ten thousand directories would take gigabytes. */
typedef struct cfti_node {
    struct cfti_node *parent;
    struct cfti_node *all; /* every node of the walk, for freeing */
    const char *name;      /* NUL-terminated; of the first, its whole path, clean */
    size_t name_size, path_size;
    const char *real; /* of a confined search: where it is, if not in its parent by its name */
    size_t real_size;
    uint64_t parts;         /* bit i: part i of the pattern may match an entry here */
    bool found;             /* "**" stands last: the directory itself is a result */
    bool entered;           /* by cfti_walk_collect */
    bool has_children;      /* directories below it are to be searched, */
    bool stays_open;        /* and shall be opened relative to it */
    bool is_open;           /* it has been listed and is still open */
    cfti_os_file directory; /* then */
    cfti_entry *entries;    /* in order, once it has been listed */
    size_t count, capacity;
    size_t found_count, found_bytes; /* found_bytes: of their names, with a NUL each */
    size_t cursor;
    cfti_arena arena;
    cfti_fail fail;
} cfti_node;

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
    const char *real_base;             /* NULL: the search is not confined */
    const cfti_excluded *exclude_dirs; /* as many as the options have */
    size_t exclude_parts;              /* components of the longest exclude pattern */
    confiture_allocator allocator;
    cfti_crew *crew;
    bool *crew_is_open;
    size_t root_size; /* of the include directory's path */
    cfti_node *all;
    cfti_node **level; /* the directories to be listed next */
    size_t level_count, level_capacity;
    uint64_t found, found_bytes; /* found_bytes: of the paths */
} cfti_walk;

static bool cfti_node_is_dot(const cfti_node *node) {
    return node->path_size == 1 && node->name[0] == '.';
}

/* Puts a node below its parent; the name must live as long. */
static void cfti_node_init(cfti_node *node, cfti_node *parent, const char *name, size_t name_size) {
    memset(node, 0, sizeof(*node));
    node->parent = parent;
    node->name = name;
    node->name_size = node->path_size = name_size;
    if (parent != NULL && !cfti_node_is_dot(parent))
        node->path_size += parent->path_size + (parent->name[parent->name_size - 1] != '/');
}

/* The node of a directory, in its parent's memory. */
static cfti_node *cfti_node_create(cfti_walk *walk, cfti_arena *arena, cfti_node *parent,
                                   const char *name, size_t name_size) {
    cfti_node *node;
    cfti_arena_align(arena); /* behind names, which are packed */
    node = (cfti_node *)cfti_arena_take(arena, sizeof(cfti_node));
    if (node == NULL) return NULL;
    cfti_node_init(node, parent, name, name_size);
    node->arena.allocator = walk->allocator;
    node->arena.block_size = 500; /* most directories of a large tree hold little */
    return node;
}

/* Where in the path of a node its own name begins. */
static size_t cfti_node_start(const cfti_node *node) { return node->path_size - node->name_size; }

/* The last `size` bytes of the path of a node, from the start of some component on. */
static void cfti_node_write(const cfti_node *node, size_t size, void *out) {
    char *end = (char *)out + size;
    size_t first = node->path_size - size;
    for (;;) {
        size_t at = cfti_node_start(node);
        end -= node->name_size;
        memcpy(end, node->name, node->name_size);
        if (at == first) return;
        node = node->parent;
        if (at > node->path_size) *--end = '/';
    }
}

/* The path of a node, with a NUL that is not counted. False: no memory. */
static bool cfti_node_path(const cfti_node *node, cfti_buffer *out) {
    out->size = 0;
    if (!cfti_buffer_reserve(out, node->path_size + 1)) return false;
    cfti_node_write(node, node->path_size, out->data);
    out->size = node->path_size;
    out->data[out->size] = 0;
    return true;
}

/* Whether this is the path of a node. */
static bool cfti_node_is(const cfti_node *node, const char *path, size_t size) {
    if (node->path_size != size) return false;
    for (;;) {
        size_t at = cfti_node_start(node);
        if (memcmp(path + at, node->name, node->name_size) != 0) return false;
        if (at == 0) return true;
        node = node->parent;
        if (at > node->path_size && path[at - 1] != '/') return false;
    }
}

/* "**" also stands for no directory at all. */
static uint64_t cfti_parts_close(const cfti_pattern *pattern, uint64_t parts) {
    size_t i;
    for (i = 0; i + 1 < pattern->count; i++)
        if ((parts >> i & 1) != 0 && pattern->parts[i].kind == CFTI_PART_ANY_DEPTH)
            parts |= (uint64_t)1 << (i + 1);
    return parts;
}

/* Where a directory of a confined search really is. False: no memory. */
static bool cfti_node_real(const cfti_node *node, cfti_buffer *out) {
    const cfti_node *up = node;
    size_t size = 0;
    for (; up->real == NULL; up = up->parent) size = node->path_size - cfti_node_start(up);
    out->size = 0;
    if (!cfti_buffer_append(out, up->real, up->real_size)) return false;
    if (size == 0) return true;
    if (up->real[up->real_size - 1] != '/' && !cfti_buffer_append(out, "/", 1)) return false;
    if (!cfti_buffer_reserve(out, size)) return false;
    cfti_node_write(node, size, out->data + out->size);
    out->size += size;
    return true;
}

/* The failure of an entry, or of the directory itself if the name is empty. */
static int cfti_node_fail(cfti_node *node, int error, const char *name) {
    cfti_node entry = *node;
    char *path;
    if (*name != '\0') cfti_node_init(&entry, node, name, strlen(name));
    path = (char *)cfti_arena_take(&node->arena, entry.path_size + 1);
    if (path == NULL) {
        cfti_fail_with(&node->fail, CONFITURE_E_MEMORY, NULL);
        return CFTI_OS_NO_MEMORY;
    }
    cfti_node_write(&entry, entry.path_size, path);
    path[entry.path_size] = '\0';
    cfti_fail_system(&node->fail, error, path);
    return error;
}

/* A directory that is being listed: the context of the callback. */
typedef struct cfti_listing {
    cfti_walk *walk;
    cfti_node *node;
    cfti_os_file directory;
    bool holds_excluded; /* a directory that is excluded may be in it */
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
            cfti_excluded_is_in(excluded, listing->node))
            *file = *whole = true;
    }
    if (directory->exclude_count == 0 || *file) return 0;
    listing->end.size = listing->end_size;
    if (!cfti_buffer_append(&listing->end, name, size)) return CFTI_OS_NO_MEMORY;
    for (i = 0; i < directory->exclude_count && !*file; i++)
        *file = cfti_match((const char *)listing->end.data, listing->end.size,
                           directory->exclude[i], strlen(directory->exclude[i]));
    return 0;
}

static uint64_t cfti_name_key(const char *name, size_t size) {
    uint64_t key = 0;
    size_t i;
    for (i = 0; i < 8; i++) key = key << 8 | (i < size ? (uint8_t)name[i] : 0u);
    return key;
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
        char *copy = (char *)cfti_arena_take(&listing->node->arena, place.size + 1);
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

/* One entry of a directory: keeps it if a part of the pattern wants it. Non-zero
 * ends the listing; the failure is then in the node. */
static int cfti_listing_entry(void *ctx, const char *name, cfti_kind kind) {
    cfti_listing *listing = (cfti_listing *)ctx;
    cfti_node *node = listing->node;
    const cfti_pattern *pattern = listing->walk->pattern;
    size_t size = strlen(name), i;
    uint64_t real = 0, any = 0; /* parts below it: if it is a directory, or a link to one */
    bool found = false, must_exist = false, skip_file, skip_all;
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
    for (i = 0; i < pattern->count; i++) {
        const cfti_part *part = &pattern->parts[i];
        if ((node->parts >> i & 1) == 0) continue;
        /* No listing holds "..": only the part that names it may take it. */
        if (part->kind != CFTI_PART_EXACT && size == 2 && memcmp(name, "..", 2) == 0) continue;
        if (part->kind == CFTI_PART_ANY_DEPTH) {
            real |= (uint64_t)1 << i;
        } else if (cfti_part_matches(part, name, size)) {
            if (i + 1 < pattern->count) {
                any |= (uint64_t)1 << (i + 1);
            } else {
                found = true;
                must_exist |= part->kind == CFTI_PART_EXACT;
            }
        }
    }
    if (kind != CFTI_KIND_DIRECTORY) {
        real = 0;
        if (kind != CFTI_KIND_LINK) any = 0;
    }
    if (!found && (real | any) == 0) return 0;
    error = cfti_listing_excluded(listing, name, size, &skip_file, &skip_all);
    if (error != 0) return cfti_listing_fail(listing, error, name);
    if (skip_file) found = false;
    if (skip_all) real = any = 0;
    if (kind == CFTI_KIND_LINK && (any != 0 || (found && must_exist))) {
        cfti_os_status status;
        error = cfti_os_status_at(listing->directory, name, true, &status);
        if (cfti_is_missing(error)) {
            any = 0;
            if (must_exist) found = false;
        } else if (error != 0) {
            return cfti_listing_fail(listing, error, name);
        } else if (status.kind != CFTI_KIND_DIRECTORY) {
            any = 0;
        }
    }
    if (!found && (real | any) == 0) return 0;
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
    entry->found = found;
    if (listing->walk->real_base != NULL &&
        (kind == CFTI_KIND_LINK || (size == 2 && memcmp(name, "..", 2) == 0))) {
        error = cfti_listing_confine(listing, entry, &real_place, &real_size);
        if (error != 0) return cfti_listing_fail(listing, error, name);
        if (entry->error != 0) return 0;
    }
    if (found) {
        node->found_count++;
        node->found_bytes += size + 1;
    }
    if ((real | any) == 0) return 0;
    entry->child = cfti_node_create(listing->walk, &node->arena, node, copy, size);
    if (entry->child == NULL) return cfti_listing_fail(listing, CFTI_OS_NO_MEMORY, name);
    entry->child->parts = real | any;
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
        const cfti_part *part = &pattern->parts[i];
        bool is_parent = part->size == 2 && part->text[0] == '.' && part->text[1] == '.';
        cfti_os_status status;
        cfti_buffer name;
        int error = 0;
        if ((listing->node->parts >> i & 1) == 0 || part->kind != CFTI_PART_EXACT) continue;
        if (only_parent && !is_parent) continue;
        for (k = 0; k < i; k++) /* an equal part has been looked up already */
            if ((listing->node->parts >> k & 1) != 0 && pattern->parts[k].kind == CFTI_PART_EXACT &&
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

/* Gives back what the entries do not fill: a tree may have a million directories. */
static void cfti_node_shrink(cfti_walk *walk, cfti_node *node) {
    const confiture_allocator *a = &walk->allocator;
    void *entries;
    if (node->entries == NULL || node->count > node->capacity / 2) return;
    entries = a->realloc(a->ctx, node->entries, node->capacity * sizeof(cfti_entry),
                         cfti_max(node->count, 1) * sizeof(cfti_entry));
    if (entries == NULL) return;
    node->entries = (cfti_entry *)entries;
    node->capacity = cfti_max(node->count, 1);
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
    node->parts = cfti_parts_close(walk->pattern, node->parts);
    for (i = 0; i < walk->pattern->count; i++)
        if ((node->parts >> i & 1) != 0 && walk->pattern->parts[i].kind != CFTI_PART_EXACT)
            wants_listing = true;
    i = walk->pattern->count - 1;
    node->found =
        (node->parts >> i & 1) != 0 && walk->pattern->parts[i].kind == CFTI_PART_ANY_DEPTH;
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
    cfti_node_shrink(walk, node);
}

/* Adds a node to the next level. False: no memory. */
static bool cfti_walk_push(cfti_walk *walk, cfti_node *node) {
    void *level = walk->level;
    if (!cfti_grow(&walk->allocator, &level, &walk->level_capacity, walk->level_count,
                   sizeof(cfti_node *)))
        return false;
    walk->level = (cfti_node **)level;
    walk->level[walk->level_count++] = node;
    node->all = walk->all;
    walk->all = node;
    return true;
}

static void cfti_node_close(cfti_node *node) {
    if (node->is_open) cfti_os_close(node->directory);
    node->is_open = false;
}

/* The kernel looks for each component of a path in turn, so opening each directory of a
 * deep chain by its whole path would take time that grows with the square of the depth.
 * Below CFTI_OPEN_FROM bytes of path a directory is opened relative to the one above, for
 * which a few of each level stay open while the next one is listed. */
#if !defined(_WIN32)
#define CFTI_OPEN_FROM 1000
#else /* it takes only paths, and none of more than 32,767 characters */
#define CFTI_OPEN_FROM SIZE_MAX
#endif
#define CFTI_OPEN_MOST 16

static void cfti_level_choose_open(cfti_node *const *level, size_t n) {
    size_t i, chosen = 0;
    for (i = 0; i < n && chosen < CFTI_OPEN_MOST; i++) {
        level[i]->stays_open = level[i]->path_size >= CFTI_OPEN_FROM;
        chosen += level[i]->stays_open;
    }
}

#if !defined(CFTI_DIRECTORIES_PER_THREAD)
#define CFTI_DIRECTORIES_PER_THREAD 4 /* listing so many takes as long as starting a thread */
#endif

/* Lists all directories, level by level: each level is one parallel loop. */
static confiture_status cfti_walk_levels(cfti_walk *walk, cfti_fail *fail) {
    const confiture_run *run = &walk->options->run;
    size_t first = 0; /* walk->level[first, level_count) is the level */
    while (first < walk->level_count) {
        size_t n = walk->level_count - first, i, k;
        int error;
        if (!*walk->crew_is_open && n / CFTI_DIRECTORIES_PER_THREAD >= 2) {
            cfti_crew_open(walk->crew, run, &walk->allocator, n / CFTI_DIRECTORIES_PER_THREAD);
            *walk->crew_is_open = true;
        }
        memmove(walk->level, walk->level + first, n * sizeof(cfti_node *));
        walk->level_count = n;
        for (i = 0; i < n; i++)
            cfti_fail_with(&walk->level[i]->fail, CONFITURE_E_ARGUMENT, CFTI_UNDONE);
        cfti_level_choose_open(walk->level, n);
        error = cfti_crew_each(walk->crew, n, cfti_node_list, walk);
        if (error != 0) return cfti_fail_parallel(fail, error);
        for (i = 0; i < n; i++) {
            cfti_node *node = walk->level[i];
            if (node->parent != NULL) cfti_node_close(node->parent);
            walk->found += node->found_count;
            walk->found_bytes += node->found_bytes + node->found_count * (node->path_size + 1);
            for (k = 0; k < node->count; k++) {
                if (node->entries[k].child != NULL && !cfti_walk_push(walk, node->entries[k].child))
                    return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
            }
        }
        first = n;
        if (run->progress != NULL) {
            confiture_progress progress;
            memset(&progress, 0, sizeof(progress));
            progress.files = walk->found;
            if (run->progress(run->progress_user, &progress) != 0)
                return cfti_fail_with(fail, CONFITURE_E_CANCELLED, NULL);
        }
    }
    return CONFITURE_OK;
}

/* Whether the directory itself, when "**" found it, is excluded. */
static bool cfti_node_excluded(const cfti_walk *walk, const cfti_buffer *path) {
    size_t root = cfti_min(walk->root_size, path->size), i;
    for (i = 0; i < walk->directory->exclude_count; i++)
        if (cfti_match((const char *)path->data + root, path->size - root,
                       walk->directory->exclude[i], strlen(walk->directory->exclude[i])))
            return true;
    return false;
}

/* Makes the path of a node from that of its parent. False: no memory. */
static bool cfti_path_enter(cfti_buffer *path, const cfti_node *node) {
    size_t start = cfti_node_start(node);
    if (start < path->size) path->size = start; /* "." */
    if (start > path->size && !cfti_buffer_append(path, "/", 1)) return false;
    return cfti_buffer_append(path, node->name, node->name_size);
}

/* And that of its parent, which may be NULL, from its own. */
static void cfti_path_leave(cfti_buffer *path, const cfti_node *parent) {
    if (parent == NULL) return;
    path->size = parent->path_size;
    if (cfti_node_is_dot(parent)) path->data[0] = '.';
}

/* Goes through the listed directories depth first, which is the order of paths, and
 * appends what was found; the first failure on that way is the one to report. */
static confiture_status cfti_walk_collect(cfti_walk *walk, cfti_node *root, confiture_files *files,
                                          cfti_fail *fail) {
    cfti_node *node = root;
    cfti_buffer path;
    bool room =
        cfti_files_reserve(files, (size_t)walk->found - files->count, (size_t)walk->found_bytes);
    memset(&path, 0, sizeof(path));
    path.allocator = walk->allocator;
    fail->status = CONFITURE_OK;
    room = room && cfti_path_enter(&path, root);
    while (node != NULL && room && fail->status == CONFITURE_OK) {
        if (node->fail.status != CONFITURE_OK) {
            *fail = node->fail;
        } else if (!node->entered) {
            node->entered = true;
            if (node->found && !cfti_node_excluded(walk, &path))
                room = cfti_files_add(files, (const char *)path.data, path.size, "", 0,
                                      CFTI_KIND_DIRECTORY);
        } else if (node->cursor < node->count) {
            const cfti_entry *entry = &node->entries[node->cursor++];
            if (entry->error != 0) {
                (void)cfti_node_fail(node, entry->error, entry->name);
                *fail = node->fail;
                if (entry->error == CFTI_LEADS_OUT && fail->status == CONFITURE_E_SYSTEM) {
                    fail->status = CONFITURE_E_OUTSIDE;
                    fail->os_error = 0;
                    fail->detail = cfti_leads_out;
                }
                break;
            }
            if (entry->found)
                room = cfti_files_add(files, (const char *)path.data, path.size, entry->name,
                                      entry->size, (cfti_kind)entry->kind);
            if (entry->child != NULL && room) {
                node = entry->child;
                room = cfti_path_enter(&path, node);
            }
        } else {
            node = node->parent;
            cfti_path_leave(&path, node);
        }
    }
    cfti_buffer_free(&path);
    return room ? fail->status : cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
}

static void cfti_walk_free(cfti_walk *walk, cfti_arena *root_arena) {
    while (walk->all != NULL) {
        /* A node lies in its parent's arena, and parents come after their children. */
        cfti_node *node = walk->all;
        walk->all = node->all;
        cfti_node_close(node);
        cfti_free(&walk->allocator, node->entries, node->capacity * sizeof(cfti_entry));
        cfti_arena_free(&node->arena);
    }
    cfti_arena_free(root_arena);
    cfti_free(&walk->allocator, walk->level, walk->level_capacity * sizeof(cfti_node *));
}
