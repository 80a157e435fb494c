/* ---- find/find.c: the search: include directories and their patterns; a caller's own list ---- */

/* The state of a search, freed by cfti_search_close. */
typedef struct cfti_search {
    const confiture_find_options *options;
    confiture_allocator allocator;
    cfti_excluded *exclude_dirs;
    cfti_buffer path;      /* the clean path of the current include directory */
    cfti_buffer real_path; /* the same, resolved, if the search is confined */
    cfti_buffer real_base; /* the resolved base, if the search is confined */
    cfti_explain explain;  /* if options->explain is set */
    cfti_workers workers;
    bool workers_are_open;
    bool matches_only; /* excluded directories are searched too, for the flags alone */
    size_t walks;      /* each walk finds its files in order */
} cfti_search;

static confiture_status cfti_search_open(cfti_search *search, const confiture_find_options *options,
                                         const confiture_allocator *allocator, cfti_fail *fail) {
    size_t i, n = options->exclude_dir_count;
    memset(search, 0, sizeof(*search));
    search->options = options;
    search->allocator = *allocator;
    search->path.allocator = *allocator;
    search->real_path.allocator = search->real_base.allocator = *allocator;
    search->workers.run = &options->run;
    cfti_explain_open(&search->explain, options, allocator);
    if (n == 0) return CONFITURE_OK;
    if (n <= SIZE_MAX / sizeof(cfti_excluded))
        search->exclude_dirs = (cfti_excluded *)cfti_alloc(allocator, n * sizeof(cfti_excluded));
    if (search->exclude_dirs == NULL) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    memset(search->exclude_dirs, 0, n * sizeof(cfti_excluded));
    for (i = 0; i < n; i++) {
        cfti_excluded *excluded = &search->exclude_dirs[i];
        const char *slash;
        excluded->path.allocator = *allocator;
        if (!cfti_path_clean(&excluded->path, options->exclude_dirs[i],
                             strlen(options->exclude_dirs[i])))
            return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
        slash = strrchr((const char *)excluded->path.data, '/');
        if (slash == NULL) continue;
        excluded->leaf = (size_t)(slash - (const char *)excluded->path.data) + 1;
        excluded->parent_size =
            cfti_max(excluded->leaf - 1,
                     cfti_os_root((const char *)excluded->path.data, excluded->path.size));
    }
    return CONFITURE_OK;
}

static void cfti_search_close(cfti_search *search) {
    size_t i;
    cfti_explain_close(&search->explain);
    if (search->workers_are_open) cfti_workers_close(&search->workers);
    for (i = 0; search->exclude_dirs != NULL && i < search->options->exclude_dir_count; i++)
        cfti_buffer_free(&search->exclude_dirs[i].path);
    cfti_free(&search->allocator, search->exclude_dirs,
              search->options->exclude_dir_count * sizeof(cfti_excluded));
    cfti_buffer_free(&search->path);
    cfti_buffer_free(&search->real_path);
    cfti_buffer_free(&search->real_base);
}

/* NULL: the search is not explained, or this part of it is not. */
static cfti_explain *cfti_search_explain(cfti_search *search) {
    return search->options->explain == NULL || search->matches_only ? NULL : &search->explain;
}

/* Searches one include directory, whose clean path is in search->path, for one pattern. */
static confiture_status cfti_search_pattern(cfti_search *search,
                                            const confiture_directory *directory,
                                            const cfti_pattern *pattern, bool *matched,
                                            confiture_files *files, cfti_fail *fail) {
    cfti_walk walk;
    cfti_arena arena;
    cfti_node *root;
    confiture_status status;
    size_t i;
    memset(&walk, 0, sizeof(walk));
    memset(&arena, 0, sizeof(arena));
    arena.allocator = walk.allocator = search->allocator;
    arena.block_size = 512;
    walk.pattern = pattern;
    walk.directory = directory;
    walk.options = search->options;
    walk.include_matched = matched;
    walk.matches_only = search->matches_only;
    walk.explain = cfti_search_explain(search);
    walk.found = files->count;
    walk.exclude_dirs = search->exclude_dirs;
    walk.workers = &search->workers;
    walk.workers_are_open = &search->workers_are_open;
    for (i = 0; i < directory->exclude_count; i++)
        walk.exclude_depth =
            cfti_max(walk.exclude_depth, cfti_match_components(directory->exclude[i]));
    root = cfti_node_create(&walk.allocator, &arena, NULL, (const char *)search->path.data,
                            search->path.size);
    if (root != NULL) {
        walk.root_size =
            cfti_node_is_dot(root) ? 0 : root->path_size + (root->name[root->path_size - 1] != '/');
        root->states = 1;
        if (search->options->confine) {
            walk.real_base = (const char *)search->real_base.data;
            root->real = (const char *)search->real_path.data;
            root->real_size = search->real_path.size;
        }
    }
    if (root == NULL || !cfti_walk_push(&walk, root)) {
        status = cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    } else {
        status = cfti_walk_levels(&walk, fail);
        if (status == CONFITURE_OK) status = cfti_walk_collect(&walk, root, files, fail);
    }
    if (status != CONFITURE_OK && fail->path != NULL) {
        /* The list outlives the walk, which has the path. */
        fail->path = cfti_files_string(files, fail->path, strlen(fail->path), false, "", 0);
    }
    cfti_walk_free(&walk, &arena);
    return status;
}

static const char *const cfti_default_include[] = {"**/"
                                                   "*.sql"};
static const char *const cfti_flat_include[] = {"*.sql"};

/* The include patterns of a directory, by the rules of the reference: not_recursive changes only
 * the default pattern. */
static size_t cfti_include_patterns(const confiture_directory *directory,
                                    const char *const **patterns) {
    *patterns = directory->include;
    if (directory->include_count == 0 ||
        (directory->include_count == 1 &&
         strcmp(directory->include[0], cfti_default_include[0]) == 0)) {
        *patterns = directory->not_recursive ? cfti_flat_include : cfti_default_include;
        return 1;
    }
    return directory->include_count;
}

static confiture_status cfti_fail_pattern(cfti_fail *fail, const char *pattern, const char *why) {
    cfti_fail_with(fail, CONFITURE_E_ARGUMENT, why);
    fail->path = pattern;
    return fail->status;
}

/* Rejects an invalid directory before the search begins. */
static confiture_status cfti_directory_check(const confiture_directory *directory,
                                             cfti_fail *fail) {
    const char *const *patterns;
    size_t n = cfti_include_patterns(directory, &patterns), i;
    cfti_pattern pattern;
    if (directory->path[0] == '\0')
        return cfti_fail_with(fail, CONFITURE_E_ARGUMENT, "an include directory has no path");
    for (i = 0; i < n; i++) {
        const char *why = cfti_pattern_compile(&pattern, patterns[i], !directory->not_recursive);
        if (why != NULL) return cfti_fail_pattern(fail, patterns[i], why);
    }
    for (i = 0; i < directory->exclude_count; i++)
        if (cfti_match_is_empty(directory->exclude[i], strlen(directory->exclude[i])) &&
            !cfti_path_is_absolute(directory->exclude[i]))
            return cfti_fail_pattern(fail, directory->exclude[i], "the exclude pattern is empty");
    return CONFITURE_OK;
}

/* Checks that the current include directory is below the base of a confined search. */
static confiture_status cfti_search_confine(cfti_search *search, cfti_fail *fail,
                                            const char *given) {
    int error = cfti_path_resolve(&search->real_path, (const char *)search->path.data);
    if (error != 0) return cfti_fail_system(fail, error, given);
    if (cfti_path_below((const char *)search->real_path.data,
                        (const char *)search->real_base.data) != NULL)
        return CONFITURE_OK;
    cfti_fail_with(fail, CONFITURE_E_OUTSIDE, "the directory is not below the base directory");
    fail->path = given;
    return fail->status;
}

/* Why a name on a path leads to no directory: 0 if the name is missing. `said` is the error that
 * opening the path had. last: the name is the path's last. */
static int cfti_missing_at(cfti_os_file parent, const char *leaf, bool last, int said) {
    cfti_os_status status;
    int error = cfti_os_status_at(parent, leaf, false, &status);
    if (error != 0) return cfti_is_missing(error) ? 0 : error;
    if (status.kind == CFTI_KIND_LINK) error = cfti_os_status_at(parent, leaf, true, &status);
    if (error != 0 || !last) return error;
    return status.kind == CFTI_KIND_DIRECTORY ? said : CFTI_OS_NOT_DIRECTORY;
}

/* Why a clean path leads to no directory: 0 if one of its names is missing, otherwise a system
 * error. `said` is the error that opening the path had. A link that leads nowhere or in a circle is
 * not missing. */
static int cfti_missing_why(const confiture_allocator *allocator, const char *path, int said) {
    cfti_buffer parent = cfti_buffer_empty(allocator), leaf = parent;
    size_t end = strlen(path), root = cfti_os_root(path, end);
    bool last = true, found = false;
    int error = 0;
    for (; end > root && !found && error == 0; last = false) {
        cfti_os_file at;
        size_t start = end;
        while (start > root && path[start - 1] != '/') start--;
        if (!cfti_path_clean(&parent, path, start) ||
            !cfti_path_clean(&leaf, path + start, end - start)) {
            error = CFTI_OS_NO_MEMORY;
            break;
        }
        error = cfti_os_open_place((const char *)parent.data, &at);
        if (error == 0) {
            found = true;
            error = cfti_missing_at(at, (const char *)leaf.data, last, said);
            cfti_os_close(at);
        } else if (cfti_is_missing(error)) {
            error = 0;
        }
        end = start > root ? start - 1 : root;
    }
    cfti_buffer_free(&parent);
    cfti_buffer_free(&leaf);
    return error;
}

/* Leaves out an include directory that is excluded. */
static confiture_status cfti_search_skip(cfti_search *search, const confiture_directory *directory,
                                         confiture_files *files, uint32_t cause, cfti_fail *fail) {
    cfti_explain *explain = cfti_search_explain(search);
    cfti_explain_walk(explain, directory, NULL);
    if (explain == NULL ||
        cfti_explain_excluded(explain, files, "", 0, (const char *)search->path.data,
                              search->path.size, cause, true))
        return CONFITURE_OK;
    return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
}

static confiture_status cfti_search_directory(cfti_search *search,
                                              const confiture_directory *directory,
                                              confiture_files *files, cfti_fail *fail) {
    const char *const *patterns;
    size_t n = cfti_include_patterns(directory, &patterns), i;
    cfti_os_file opened;
    cfti_pattern pattern;
    const char *path;
    bool missing;
    uint32_t excluded = 0;
    int error;
    if (!cfti_path_clean(&search->path, directory->path, strlen(directory->path)))
        return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    path = (const char *)search->path.data;
    error = cfti_os_open_directory(path, &opened);
    if (error == 0) cfti_os_close(opened);
    missing = cfti_is_missing(error);
    if (missing) error = cfti_missing_why(&search->allocator, path, error);
    if (missing && error == 0) {
        if (!directory->must_exist) return CONFITURE_OK;
        cfti_fail_with(fail, CONFITURE_E_NOT_FOUND, NULL);
        fail->path = directory->path;
        return fail->status;
    }
    /* Whether it is missing could not be found out: that it is excluded is no answer. */
    if (missing && cfti_os_is_shortage(error))
        return cfti_fail_system(fail, error, directory->path);
    for (i = 0; i < search->options->exclude_dir_count; i++)
        if (cfti_path_below(path, (const char *)search->exclude_dirs[i].path.data) != NULL) {
            cfti_mark(search->options->exclude_dir_matched, i);
            if (excluded == 0) excluded = cfti_cause_directory(i);
        }
    if (excluded != 0 && !search->matches_only) /* even if it is unreadable */
        return cfti_search_skip(search, directory, files, excluded, fail);
    if (error != 0) return cfti_fail_system(fail, error, directory->path);
    if (search->options->confine &&
        cfti_search_confine(search, fail, directory->path) != CONFITURE_OK)
        return fail->status;
    for (i = 0; i < n; i++) {
        bool *matched = directory->include_count > 0 && directory->include_matched != NULL
                            ? &directory->include_matched[i]
                            : NULL;
        confiture_status status;
        (void)cfti_pattern_compile(&pattern, patterns[i], !directory->not_recursive);
        cfti_explain_walk(cfti_search_explain(search), directory, patterns[i]);
        status = cfti_search_pattern(search, directory, &pattern, matched, files, fail);
        search->walks++;
        if (status == CONFITURE_OK && !cfti_explain_found(cfti_search_explain(search), files))
            status = cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
        if (status != CONFITURE_OK) return status;
    }
    return CONFITURE_OK;
}

/* The longest common prefix of the resolved include directories. */
static confiture_status cfti_common_base(cfti_buffer *base, const confiture_directory *directories,
                                         size_t count, cfti_fail *fail) {
    cfti_buffer one = cfti_buffer_empty(&base->allocator);
    size_t i;
    int error = 0;
    for (i = 0; i < count && error == 0; i++) {
        error = cfti_path_resolve(i == 0 ? base : &one, directories[i].path);
        if (error != 0) cfti_fail_system(fail, error, directories[i].path);
        else if (i > 0) cfti_path_common(base, (const char *)one.data);
    }
    cfti_buffer_free(&one);
    return error != 0 ? fail->status : CONFITURE_OK;
}

/* "no SQL files found in a, b": in *words, which must outlive the failure. */
static confiture_status cfti_fail_no_files(cfti_buffer *words, cfti_fail *fail,
                                           const confiture_directory *directories, size_t count) {
    size_t i;
    cfti_fail_with(fail, CONFITURE_E_NO_FILES, NULL);
    if (count == 1) {
        cfti_os_status status;
        fail->path = directories[0].path;
        if (cfti_is_missing(cfti_os_status_at(CFTI_OS_CWD, fail->path, false, &status)))
            fail->detail = "no SQL files found: the directory does not exist";
        return fail->status;
    }
    words->size = 0;
    if (!cfti_buffer_append(words, "no SQL files found in ", 22)) return fail->status;
    for (i = 0; i < count; i++) {
        if (i > 0 && !cfti_buffer_append(words, ", ", 2)) return fail->status;
        if (!cfti_buffer_append(words, directories[i].path, strlen(directories[i].path)))
            return fail->status;
    }
    if (cfti_buffer_append(words, "", 1)) fail->detail = (const char *)words->data;
    return fail->status;
}

static bool cfti_all_matched(const bool *matched, size_t count) {
    size_t i;
    for (i = 0; matched != NULL && i < count; i++)
        if (!matched[i]) return false;
    return true;
}

/* A pattern or an excluded directory may match only below other excluded directories. If one has
 * not matched yet, the search is repeated with the excluded directories, for the flags alone: an
 * unreadable directory among them is no failure. */
static confiture_status cfti_search_excluded(cfti_search *search,
                                             const confiture_directory *directories, size_t count,
                                             cfti_fail *fail) {
    const confiture_find_options *options = search->options;
    confiture_find_options all = *options;
    confiture_status status = CONFITURE_OK;
    size_t i;
    all.confine = false;
    search->options = &all;
    search->matches_only = true;
    for (i = 0; i < count && status == CONFITURE_OK; i++) {
        const confiture_directory *directory = &directories[i];
        confiture_files *unused = NULL;
        if (cfti_all_matched(directory->include_matched, directory->include_count) &&
            cfti_all_matched(directory->exclude_matched, directory->exclude_count) &&
            cfti_all_matched(options->exclude_dir_matched, options->exclude_dir_count))
            continue;
        status = cfti_files_create(&unused, options->run.allocator, NULL);
        if (status != CONFITURE_OK) cfti_fail_with(fail, status, NULL);
        else status = cfti_search_directory(search, directory, unused, fail);
        confiture_files_free(unused);
        if (status != CONFITURE_E_MEMORY && status != CONFITURE_E_CANCELLED) status = CONFITURE_OK;
    }
    search->options = options;
    search->matches_only = false;
    return status;
}

/* Explains a finished search to a caller who asks; named: the list has a base. */
static confiture_status cfti_search_explained(cfti_search *search, confiture_files *files,
                                              bool named, cfti_fail *fail) {
    cfti_explain *explain = cfti_search_explain(search);
    if (explain == NULL) return CONFITURE_OK;
    if (cfti_explain_prepare(explain, files, named, fail) != CONFITURE_OK) return fail->status;
    cfti_explain_report(explain, files);
    return CONFITURE_OK;
}

static confiture_status cfti_search_all(cfti_search *search, confiture_files *files,
                                        const confiture_directory *directories, size_t count,
                                        cfti_fail *fail) {
    const confiture_find_options *options = search->options;
    confiture_status status = CONFITURE_OK;
    size_t i, walks;
    search->explain.directories = directories;
    for (i = 0; i < count && status == CONFITURE_OK; i++)
        status = cfti_directory_check(&directories[i], fail);
    if (options->confine && status == CONFITURE_OK) {
        const char *base = options->base != NULL ? options->base : directories[0].path;
        if (options->base == NULL && count > 1) {
            status = cfti_common_base(&search->real_base, directories, count, fail);
        } else {
            int error = cfti_path_resolve(&search->real_base, base);
            if (error != 0) status = cfti_fail_system(fail, error, base);
        }
        files->is_confined = true;
    }
    for (i = 0; i < count && status == CONFITURE_OK; i++)
        status = cfti_search_directory(search, &directories[i], files, fail);
    walks = search->walks;
    if (status == CONFITURE_OK && options->exclude_dir_count > 0)
        status = cfti_search_excluded(search, directories, count, fail);
    if (status != CONFITURE_OK) return status;
    if (files->count == 0) {
        status = cfti_search_explained(search, files, false, fail);
        if (status != CONFITURE_OK) return status;
        return cfti_fail_no_files(&search->path, fail, directories, count);
    }
    if (!cfti_files_order(files, walks < 2, options->sort, options->unique))
        return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    if (options->base == NULL && count > 1) {
        status = cfti_common_base(&search->path, directories, count, fail);
    } else {
        const char *base = options->base != NULL ? options->base : directories[0].path;
        if (!cfti_path_clean(&search->path, base, strlen(base)))
            status = cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    }
    if (status != CONFITURE_OK) return status;
    status = cfti_files_name_all(files, (const char *)search->path.data, false, fail);
    if (status == CONFITURE_OK) status = cfti_search_explained(search, files, true, fail);
    if (status != CONFITURE_OK) fail->index = CONFITURE_NO_INDEX; /* the caller gets no list */
    return status;
}

/* Ends every call that makes a list: on failure, reports it and frees the list. */
static confiture_status cfti_files_finish(confiture_files **files, confiture_status status,
                                          const cfti_fail *fail, confiture_error *error) {
    if (status == CONFITURE_OK) return status;
    status = cfti_report(error, fail);
    confiture_files_free(*files);
    *files = NULL;
    return status;
}

static bool cfti_find_options_check(const confiture_find_options *options, confiture_error *error) {
    const char *why = NULL;
    if (options->sort != CONFITURE_SORT_PATH && options->sort != CONFITURE_SORT_HEX)
        why = "unknown order of files";
    else if (!cfti_io_is_known(options->run.io)) why = cfti_unknown_io;
    if (why != NULL) (void)cfti_report_plain(error, CONFITURE_E_ARGUMENT, why);
    return why == NULL;
}

/* Checks that no required pointer is NULL. */
static bool cfti_search_require(const confiture_directory *directories, size_t count,
                                const confiture_find_options *options, confiture_error *error) {
    char name[64];
    size_t i;
    if (count == 0) {
        (void)cfti_report_plain(error, CONFITURE_E_ARGUMENT, "no include directory is given");
        return false;
    }
    if (!cfti_require(directories, "directories", error)) return false;
    for (i = 0; i < count; i++) {
        const confiture_directory *directory = &directories[i];
        if (!cfti_require(directory->path, cfti_name_item(name, "directories", i, ".path"),
                          error) ||
            !cfti_require_all(directory->include, directory->include_count,
                              cfti_name_item(name, "directories", i, ".include"), error) ||
            !cfti_require_all(directory->exclude, directory->exclude_count,
                              cfti_name_item(name, "directories", i, ".exclude"), error))
            return false;
    }
    return cfti_require_all(options->exclude_dirs, options->exclude_dir_count,
                            "options->exclude_dirs", error);
}

/* Searches once. *shortage, unless NULL, is set if memory or descriptors ran out; that failure is
 * not reported yet. */
static confiture_status cfti_find_once(confiture_files **files,
                                       const confiture_directory *directories,
                                       size_t directory_count,
                                       const confiture_find_options *options, bool *shortage,
                                       confiture_error *error) {
    confiture_allocator scratch;
    cfti_search search;
    cfti_fail fail;
    confiture_status status = cfti_files_create(files, options->run.allocator, error);
    if (status != CONFITURE_OK) return status;
    /* This succeeds: cfti_files_create() has chosen by the same rules. */
    (void)cfti_scratch_allocator(&scratch, &options->run);
    status = cfti_search_open(&search, options, &scratch, &fail);
    if (status == CONFITURE_OK)
        status = cfti_search_all(&search, *files, directories, directory_count, &fail);
    if (shortage != NULL) *shortage = status != CONFITURE_OK && cfti_fail_is_shortage(&fail);
    status = cfti_files_finish(files, status, &fail, shortage != NULL && *shortage ? NULL : error);
    cfti_search_close(&search);
    return status;
}

CONFITURE_API confiture_status confiture_find_all(confiture_files **files,
                                                  const confiture_directory *directories,
                                                  size_t directory_count,
                                                  const confiture_find_options *options,
                                                  confiture_error *error) {
    confiture_find_options defaults, alone;
    confiture_status status;
    bool shared, shortage = false;
    int cancel;
    memset(&defaults, 0, sizeof(defaults));
    if (options == NULL) options = &defaults;
    if (!cfti_require(files, "files", error)) return CONFITURE_E_ARGUMENT;
    *files = NULL;
    if (!cfti_search_require(directories, directory_count, options, error) ||
        !cfti_find_options_check(options, error))
        return CONFITURE_E_ARGUMENT;
    cancel = cfti_cancel_disable();
    shared = options->run.pool != NULL || cfti_workers_limit(&options->run) > 1;
    status = cfti_find_once(files, directories, directory_count, options, shared ? &shortage : NULL,
                            error);
    if (shortage) { /* one thread, without what the others and the pool held, may have enough */
        alone = *options;
        alone.run.threads = 1;
        alone.run.parallel_for = NULL;
        if (alone.run.pool != NULL) cfti_pool_drop(alone.run.pool);
        status = cfti_find_once(files, directories, directory_count, &alone, NULL, error);
    }
    cfti_cancel_restore(cancel);
    return status;
}

CONFITURE_API confiture_status confiture_find(confiture_files **files, const char *directory,
                                              const confiture_find_options *options,
                                              confiture_error *error) {
    confiture_directory one;
    if (!cfti_require(files, "files", error)) return CONFITURE_E_ARGUMENT;
    *files = NULL;
    if (!cfti_require(directory, "directory", error)) return CONFITURE_E_ARGUMENT;
    memset(&one, 0, sizeof(one));
    one.path = directory;
    return confiture_find_all(files, &one, 1, options, error);
}

/* Adds one path of a caller's own list. `clean` is scratch. */
static confiture_status cfti_files_adopt(confiture_files *files, cfti_buffer *clean,
                                         const char *path, size_t size, cfti_fail *fail) {
    if (size == 0) {
        char number[20];
        size_t n = cfti_decimal(number, (uint64_t)files->count + 1);
        clean->size = 0;
        cfti_fail_with(fail, CONFITURE_E_ARGUMENT, "the list holds an empty path");
        if (cfti_buffer_append(clean, "the list holds an empty path: number ", 37) &&
            cfti_buffer_append(clean, number, n) && cfti_buffer_append(clean, "", 1))
            fail->detail = (const char *)clean->data;
        fail->index = files->count;
        return fail->status;
    }
    if (!cfti_path_clean(clean, path, size) ||
        !cfti_files_add(files, (const char *)clean->data, clean->size, "", 0, CFTI_KIND_UNKNOWN))
        return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    return CONFITURE_OK;
}

/* Makes a caller's own list from an array or from a NUL-separated list. */
static confiture_status cfti_files_from(confiture_files **files, const char *const *paths,
                                        size_t path_count, const char *list, size_t list_size,
                                        const confiture_find_options *options,
                                        confiture_error *error) {
    cfti_buffer clean;
    cfti_fail fail;
    size_t i;
    int cancel;
    const char *base = options != NULL && options->base != NULL ? options->base : ".";
    bool common = options != NULL && options->common_base;
    confiture_status status;
    if (!cfti_require(files, "files", error)) return CONFITURE_E_ARGUMENT;
    *files = NULL;
    if (!cfti_require_all(paths, path_count, "paths", error) ||
        (list_size > 0 && !cfti_require(list, "list", error)) ||
        (options != NULL && !cfti_find_options_check(options, error)))
        return CONFITURE_E_ARGUMENT;
    if (common && (options->base != NULL || options->confine))
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT,
                                 options->base != NULL
                                     ? "common_base and base exclude each other"
                                     : "confine needs a base that the list cannot move");
    status = cfti_files_create(files, options != NULL ? options->run.allocator : NULL, error);
    if (status != CONFITURE_OK) return status;
    cancel = cfti_cancel_disable();
    memset(&clean, 0, sizeof(clean));
    clean.allocator = (*files)->allocator;
    (*files)->is_confined = options != NULL && options->confine;
    for (i = 0; i < path_count && status == CONFITURE_OK; i++)
        status = cfti_files_adopt(*files, &clean, paths[i], strlen(paths[i]), &fail);
    while (list_size > 0 && status == CONFITURE_OK) {
        const char *end = (const char *)memchr(list, '\0', list_size);
        size_t size = end != NULL ? (size_t)(end - list) : list_size;
        status = cfti_files_adopt(*files, &clean, list, size, &fail);
        size += end != NULL;
        list += size;
        list_size -= size;
    }
    if (status == CONFITURE_OK) {
        if (common) status = cfti_files_common_base(&clean, *files, &fail);
        else if (!cfti_path_clean(&clean, base, strlen(base)))
            status = cfti_fail_with(&fail, CONFITURE_E_MEMORY, NULL);
    }
    if (status == CONFITURE_OK) {
        status =
            cfti_files_name_all(*files, (const char *)clean.data, (*files)->is_confined, &fail);
    }
    status = cfti_files_finish(files, status, &fail, error);
    cfti_buffer_free(&clean);
    cfti_cancel_restore(cancel);
    return status;
}

CONFITURE_API confiture_status confiture_files_from_paths(confiture_files **files,
                                                          const char *const *paths,
                                                          size_t path_count,
                                                          const confiture_find_options *options,
                                                          confiture_error *error) {
    return cfti_files_from(files, paths, path_count, NULL, 0, options, error);
}

CONFITURE_API confiture_status confiture_files_from_list0(confiture_files **files, const char *list,
                                                          size_t list_size,
                                                          const confiture_find_options *options,
                                                          confiture_error *error) {
    return cfti_files_from(files, NULL, 0, list, list_size, options, error);
}
