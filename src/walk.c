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
} cfti_entry;

/* One directory of the walk. */
typedef struct cfti_node {
    struct cfti_node *parent;
    struct cfti_node *all; /* every node of the walk, for freeing */
    const char *path;      /* clean */
    size_t path_size;
    uint64_t parts;      /* bit i: part i of the pattern may match an entry here */
    bool found;          /* "**" stands last: the directory itself is a result */
    bool entered;        /* by cfti_walk_collect */
    cfti_entry *entries; /* in order, once it has been listed */
    size_t count, capacity;
    size_t found_count, found_bytes; /* found_bytes: of their names, with a NUL each */
    size_t cursor;
    cfti_arena arena;
    cfti_fail fail;
} cfti_node;

typedef struct cfti_walk {
    const cfti_pattern *pattern;
    const confiture_directory *directory;
    const confiture_find_options *options;
    const cfti_buffer *exclude_dirs; /* clean, as many as the options have */
    confiture_allocator allocator;
    cfti_crew *crew;
    bool *crew_is_open;
    size_t root_size; /* of the include directory's path */
    cfti_node *all;
    cfti_node **level; /* the directories to be listed next */
    size_t level_count, level_capacity;
    uint64_t found, found_bytes; /* found_bytes: of the paths */
} cfti_walk;

/* The node of a directory, in its parent's memory. */
static cfti_node *cfti_node_create(cfti_walk *walk, cfti_arena *arena, const char *head,
                                   size_t head_size, const char *name, size_t name_size) {
    cfti_node *node;
    char *path;
    bool slash = head_size > 0 && head[head_size - 1] != '/';
    cfti_arena_align(arena); /* behind names, which are packed */
    node = (cfti_node *)cfti_arena_take(arena, sizeof(cfti_node));
    if (node == NULL) return NULL;
    memset(node, 0, sizeof(*node));
    if (head_size == 1 && head[0] == '.' && name_size > 0) head_size = 0, slash = false;
    if (name_size == 0) slash = false;
    path = (char *)cfti_arena_take(arena, head_size + name_size + 2);
    if (path == NULL) return NULL;
    memcpy(path, head, head_size);
    node->path_size = head_size;
    if (slash) path[node->path_size++] = '/';
    memcpy(path + node->path_size, name, name_size);
    node->path_size += name_size;
    path[node->path_size] = '\0';
    node->path = path;
    node->arena.allocator = walk->allocator;
    node->arena.block_size = 4000;
    return node;
}

/* "**" also stands for no directory at all. */
static uint64_t cfti_parts_close(const cfti_pattern *pattern, uint64_t parts) {
    size_t i;
    for (i = 0; i + 1 < pattern->count; i++)
        if ((parts >> i & 1) != 0 && pattern->parts[i].kind == CFTI_PART_ANY_DEPTH)
            parts |= (uint64_t)1 << (i + 1);
    return parts;
}

/* A directory that is being listed: the context of the callback. */
typedef struct cfti_listing {
    cfti_walk *walk;
    cfti_node *node;
    cfti_os_file directory;
    cfti_buffer path; /* of the entry, when somebody needs it whole */
} cfti_listing;

static int cfti_listing_fail(cfti_listing *listing, int error, const char *name) {
    cfti_node *node = listing->node;
    cfti_node *at = cfti_node_create(listing->walk, &node->arena, node->path, node->path_size, name,
                                     strlen(name));
    cfti_fail_system(&node->fail, error, at == NULL ? node->path : at->path);
    return error;
}

static bool cfti_is_missing(int error) {
    return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

/* Whether an excluded directory or pattern covers the entry; *whole if also what is
 * below it is covered. Returns an errno. */
static int cfti_listing_excluded(cfti_listing *listing, const char *name, bool *file, bool *whole) {
    const confiture_directory *directory = listing->walk->directory;
    const cfti_node *node = listing->node;
    size_t i, root = listing->walk->root_size;
    const char *path;
    *file = *whole = false;
    if (listing->walk->options->exclude_dir_count == 0 && directory->exclude_count == 0) return 0;
    listing->path.size = 0;
    if (!(node->path_size == 1 && node->path[0] == '.')) {
        if (!cfti_buffer_append(&listing->path, node->path, node->path_size)) return ENOMEM;
        if (node->path[node->path_size - 1] != '/' && !cfti_buffer_append(&listing->path, "/", 1))
            return ENOMEM;
    }
    if (!cfti_buffer_append(&listing->path, name, strlen(name) + 1)) return ENOMEM;
    path = (const char *)listing->path.data;
    for (i = 0; i < listing->walk->options->exclude_dir_count; i++)
        if (strcmp(path, (const char *)listing->walk->exclude_dirs[i].data) == 0)
            *file = *whole = true;
    for (i = 0; i < directory->exclude_count && !*file; i++)
        *file = cfti_match(path + root, strlen(path + root), directory->exclude[i],
                           strlen(directory->exclude[i]));
    return 0;
}

static uint64_t cfti_name_key(const char *name, size_t size) {
    uint64_t key = 0;
    size_t i;
    for (i = 0; i < 8; i++) key = key << 8 | (i < size ? (uint8_t)name[i] : 0u);
    return key;
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
    char *copy;
    int error;
    if (kind == CFTI_KIND_UNKNOWN) {
        cfti_os_status status;
        error = cfti_os_status_at(listing->directory, name, false, &status);
        if (error == ENOENT) return 0; /* removed since it was listed */
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
    error = cfti_listing_excluded(listing, name, &skip_file, &skip_all);
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
    copy = (char *)cfti_arena_reserve(&node->arena, size + 1);
    if (copy == NULL || !cfti_grow(&listing->walk->allocator, &entries, &node->capacity,
                                   node->count, sizeof(cfti_entry)))
        return cfti_listing_fail(listing, ENOMEM, name);
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
    if (found) {
        node->found_count++;
        node->found_bytes += size + 1;
    }
    if ((real | any) == 0) return 0;
    entry->child =
        cfti_node_create(listing->walk, &node->arena, node->path, node->path_size, copy, size);
    if (entry->child == NULL) return cfti_listing_fail(listing, ENOMEM, name);
    entry->child->parent = node;
    entry->child->parts = real | any;
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
            error = cfti_listing_fail(listing, ENOMEM, "");
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
    listing.path.allocator = walk->allocator;
    error = cfti_os_open_directory(node->path, &listing.directory);
    if (error != 0) {
        cfti_fail_system(&node->fail, error, node->path);
        return;
    }
    error = cfti_listing_lookup(&listing, wants_listing);
    if (error == 0 && wants_listing)
        error = cfti_os_list(listing.directory, cfti_listing_entry, &listing);
    if (error != 0 && node->fail.status == CONFITURE_OK)
        cfti_fail_system(&node->fail, error, node->path);
    cfti_os_close(listing.directory);
    cfti_buffer_free(&listing.path);
    if (!cfti_sort(&walk->allocator, node->entries, node->count, sizeof(cfti_entry),
                   cfti_entry_order))
        cfti_fail_with(&node->fail, CONFITURE_E_MEMORY, NULL);
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
        if (!*walk->crew_is_open && n >= 2 * CFTI_DIRECTORIES_PER_THREAD) {
            cfti_crew_open(walk->crew, run, &walk->allocator, n / CFTI_DIRECTORIES_PER_THREAD);
            *walk->crew_is_open = true;
        }
        memmove(walk->level, walk->level + first, n * sizeof(cfti_node *));
        walk->level_count = n;
        for (i = 0; i < n; i++)
            cfti_fail_with(&walk->level[i]->fail, CONFITURE_E_ARGUMENT, CFTI_UNDONE);
        error = cfti_crew_each(walk->crew, n, cfti_node_list, walk);
        if (error != 0) return cfti_fail_parallel(fail, error);
        for (i = 0; i < n; i++) {
            cfti_node *node = walk->level[i];
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
static bool cfti_node_excluded(const cfti_walk *walk, const cfti_node *node) {
    const char *rel = node->path + cfti_min(walk->root_size, node->path_size);
    size_t i;
    for (i = 0; i < walk->directory->exclude_count; i++)
        if (cfti_match(rel, strlen(rel), walk->directory->exclude[i],
                       strlen(walk->directory->exclude[i])))
            return true;
    return false;
}

/* Goes through the listed directories depth first, which is the order of paths, and
 * appends what was found; the first failure on that way is the one to report. */
static confiture_status cfti_walk_collect(cfti_walk *walk, cfti_node *root, confiture_files *files,
                                          cfti_fail *fail) {
    cfti_node *node = root;
    if (!cfti_files_reserve(files, (size_t)walk->found - files->count, (size_t)walk->found_bytes))
        return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    while (node != NULL) {
        bool room = true;
        if (node->fail.status != CONFITURE_OK) {
            *fail = node->fail;
            return fail->status;
        }
        if (!node->entered) {
            node->entered = true;
            if (node->found && !cfti_node_excluded(walk, node))
                room =
                    cfti_files_add(files, node->path, node->path_size, "", 0, CFTI_KIND_DIRECTORY);
        } else if (node->cursor < node->count) {
            const cfti_entry *entry = &node->entries[node->cursor++];
            if (entry->found)
                room = cfti_files_add(files, node->path, node->path_size, entry->name, entry->size,
                                      (cfti_kind)entry->kind);
            if (entry->child != NULL) node = entry->child;
        } else {
            node = node->parent;
        }
        if (!room) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    }
    return CONFITURE_OK;
}

static void cfti_walk_free(cfti_walk *walk, cfti_arena *root_arena) {
    while (walk->all != NULL) {
        /* A node lies in its parent's arena, and parents come after their children. */
        cfti_node *node = walk->all;
        walk->all = node->all;
        cfti_free(&walk->allocator, node->entries, node->capacity * sizeof(cfti_entry));
        cfti_arena_free(&node->arena);
    }
    cfti_arena_free(root_arena);
    cfti_free(&walk->allocator, walk->level, walk->level_capacity * sizeof(cfti_node *));
}
