/* ---- find/walk.c: one pattern in one directory tree ---- */

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

/* A directory with a long path is opened relative to its parent. For that, up to this many parents
 * of each level stay open while the next level is listed. */
#define CFTI_MAX_OPEN 16

static void cfti_level_choose_open(cfti_node *const *level, size_t n) {
    size_t i, chosen = 0;
    for (i = 0; i < n && chosen < CFTI_MAX_OPEN; i++) {
        level[i]->stays_open = level[i]->path_size >= CFTI_OS_LONG_PATH;
        chosen += level[i]->stays_open;
    }
}

#if !defined(CFTI_DIRECTORIES_PER_THREAD)
#define CFTI_DIRECTORIES_PER_THREAD 4 /* listing four takes as long as starting a thread */
#endif

/* Lists all directories level by level. Each level is one parallel loop. */
static confiture_status cfti_walk_levels(cfti_walk *walk, cfti_fail *fail) {
    const confiture_run *run = &walk->options->run;
    size_t first = 0; /* the level is walk->level[first] to [level_count - 1] */
    while (first < walk->level_count) {
        size_t n = walk->level_count - first, i, k;
        int error;
        if (!*walk->workers_are_open && n / CFTI_DIRECTORIES_PER_THREAD >= 2) {
            cfti_workers_open(walk->workers, run, &walk->allocator,
                              n / CFTI_DIRECTORIES_PER_THREAD);
            *walk->workers_are_open = true;
        }
        memmove(walk->level, walk->level + first, n * sizeof(cfti_node *));
        walk->level_count = n;
        for (i = 0; i < n; i++)
            cfti_fail_with(&walk->level[i]->fail, CONFITURE_E_ARGUMENT, CFTI_UNDONE);
        cfti_level_choose_open(walk->level, n);
        error = cfti_workers_each(walk->workers, n, cfti_node_list, walk);
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

/* What excludes a directory that "**" found, as in find/explain.c; 0: nothing. */
static uint32_t cfti_node_excluded(const cfti_walk *walk, const cfti_buffer *path) {
    size_t root = cfti_min(walk->root_size, path->size), i;
    uint32_t excluded = 0;
    for (i = 0; i < walk->directory->exclude_count; i++) {
        if (!cfti_match((const char *)path->data + root, path->size - root,
                        walk->directory->exclude[i], strlen(walk->directory->exclude[i])))
            continue;
        cfti_mark(walk->directory->exclude_matched, i);
        if (excluded == 0) excluded = cfti_cause_pattern(walk->options, i);
    }
    return excluded;
}

/* Adds a directory that "**" found to the list, unless it is excluded. False: no memory. */
static bool cfti_walk_add_node(cfti_walk *walk, const cfti_buffer *path, confiture_files *files) {
    uint32_t excluded = cfti_node_excluded(walk, path);
    const char *text = (const char *)path->data;
    cfti_mark(walk->include_matched, 0);
    if (excluded == 0) return cfti_files_add(files, text, path->size, "", 0, CFTI_KIND_DIRECTORY);
    return walk->explain == NULL ||
           cfti_explain_excluded(walk->explain, files, text, path->size, "", 0, excluded, false);
}

/* The failure of an entry that has an error. */
static void cfti_entry_fail(cfti_node *node, const cfti_entry *entry, cfti_fail *fail) {
    (void)cfti_node_fail(node, entry->error, entry->name);
    *fail = node->fail;
    if (entry->error == CFTI_LEADS_OUT && fail->status == CONFITURE_E_SYSTEM) {
        fail->status = CONFITURE_E_OUTSIDE;
        fail->os_error = 0;
        fail->detail = cfti_leads_out;
    }
}

/* Visits the listed directories depth first, which is the order of paths, and appends the results.
 * The first failure in this order is reported. */
static confiture_status cfti_walk_collect(cfti_walk *walk, cfti_node *root, confiture_files *files,
                                          cfti_fail *fail) {
    cfti_node *node = root;
    cfti_buffer path = cfti_buffer_empty(&walk->allocator);
    /* The paths of a deep tree may exceed a size_t of 32 bits. */
    bool capacity =
        walk->found_bytes <= SIZE_MAX / 2 &&
        cfti_files_reserve(files, (size_t)walk->found - files->count, (size_t)walk->found_bytes);
    fail->status = CONFITURE_OK;
    capacity = capacity && cfti_node_enter(&path, root);
    while (node != NULL && capacity && fail->status == CONFITURE_OK) {
        if (node->fail.status != CONFITURE_OK) {
            *fail = node->fail;
        } else if (!node->entered) {
            node->entered = true;
            if (node->found) capacity = cfti_walk_add_node(walk, &path, files);
        } else if (node->cursor < node->count) {
            const cfti_entry *entry = &node->entries[node->cursor++];
            if (entry->error != 0) {
                cfti_entry_fail(node, entry, fail);
                break;
            }
            if (entry->found)
                capacity = cfti_files_add(files, (const char *)path.data, path.size, entry->name,
                                          entry->size, (cfti_kind)entry->kind);
            if (entry->left_out)
                capacity = cfti_files_leave_out(files, (const char *)path.data, path.size,
                                                entry->name, entry->size);
            if (entry->excluded != 0 && capacity)
                capacity = cfti_explain_excluded(
                    walk->explain, files, (const char *)path.data, path.size, entry->name,
                    entry->size, entry->excluded, entry->kind == CFTI_KIND_DIRECTORY);
            if (entry->child != NULL && capacity) {
                node = entry->child;
                capacity = cfti_node_enter(&path, node);
            }
        } else {
            node = node->parent;
            cfti_node_leave(&path, node);
        }
    }
    cfti_buffer_free(&path);
    return capacity ? fail->status : cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
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
