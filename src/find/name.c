/* ---- find/name.c: names relative to the base ---- */

/* The base directory in each form that a path is compared with. */
typedef struct cfti_base {
    const char *given;  /* clean */
    cfti_buffer full;   /* `given`, made absolute */
    cfti_buffer here;   /* the current directory */
    bool here_is_known; /* `full` and `here` are set */
} cfti_base;

/* The name of a path: a suffix of the path, or a string of the list. NULL: a failure is set. */
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

/* Where "/.." begins in a clean absolute path, as a component of its own; NULL: nowhere. */
static char *cfti_path_up(char *path) {
    char *up = path;
    while ((up = strstr(up, "/..")) != NULL && up[3] != '/' && up[3] != '\0') up += 3;
    return up;
}

/* The absolute directory of a file, or the part of it that no ".." leads out of again: of
 * /a/b/../c.sql that is /a. `here` is the current directory. False: no memory. */
static bool cfti_file_directory(cfti_buffer *out, const cfti_buffer *here, const cfti_file *file) {
    bool whole = strcmp(file->path + file->leaf, "..") == 0; /* which is a directory itself */
    char *text, *up;
    size_t size;
    out->size = 0;
    if ((!cfti_path_is_absolute(file->path) && !cfti_buffer_append(out, here->data, here->size)) ||
        !cfti_path_append(out, file->path, whole ? file->path_size : file->leaf) ||
        !cfti_buffer_reserve(out, 1))
        return false;
    text = (char *)out->data;
    text[out->size] = '\0';
    up = cfti_path_up(text);
    if (up == NULL) return true;
    out->size = cfti_max((size_t)(up - text), cfti_os_root(text, out->size));
    do {
        size = out->size;
        if (!cfti_path_climbs(text + size + (text[size] == '/'))) break;
        cfti_path_pop(out);
    } while (out->size < size); /* else it is the root: to name the file is what fails */
    text[out->size] = '\0';
    return true;
}

/* The base of options.common_base. */
static confiture_status cfti_files_common_base(cfti_buffer *base, const confiture_files *files,
                                               cfti_fail *fail) {
    cfti_buffer here = cfti_buffer_empty(&base->allocator), directory = here;
    size_t i;
    int error = 0;
    if (files->count == 0) error = cfti_path_absolute(base, ".");
    for (i = 0; error == 0 && i < files->count; i++) {
        const cfti_file *file = &files->items[i];
        bool is_relative = !cfti_path_is_absolute(file->path);
        if (is_relative && cfti_path_climbs(file->path)) {
            /* Names would hold what the current directory is called. */
            cfti_fail_with(fail, CONFITURE_E_OUTSIDE,
                           "leads above the current directory: give a base instead");
            fail->path = file->path;
            break;
        }
        if (is_relative && here.size == 0 && (error = cfti_path_absolute(&here, ".")) != 0) break;
        if (i > 0 && cfti_same_directory(file - 1, file) &&
            strcmp(file->path + file->leaf, "..") != 0)
            continue;
        if (!cfti_file_directory(&directory, &here, file) ||
            (i == 0 && !cfti_path_clean(base, (const char *)directory.data, directory.size)))
            error = CFTI_OS_NO_MEMORY;
        else cfti_path_common(base, (const char *)directory.data);
    }
    cfti_buffer_free(&directory);
    cfti_buffer_free(&here);
    if (error != 0) return cfti_fail_system(fail, error, ".");
    return i < files->count ? fail->status : CONFITURE_OK;
}

/* ---- confined lists ---- */

static const char cfti_leads_out[] = "leads out of the base directory by a symbolic link";

/* The resolved paths that confine a caller's own list to its base. */
typedef struct cfti_confine {
    cfti_buffer base;
    cfti_buffer directory; /* of the current file */
    cfti_buffer place;     /* the current file */
    cfti_buffer todo;      /* scratch of cfti_path_follow */
} cfti_confine;

static void cfti_confine_free(cfti_confine *confine) {
    cfti_buffer_free(&confine->base);
    cfti_buffer_free(&confine->directory);
    cfti_buffer_free(&confine->place);
    cfti_buffer_free(&confine->todo);
}

/* Resolves the directory of a file. Returns a system error. */
static int cfti_confine_enter(cfti_confine *confine, const cfti_file *file) {
    int error = 0;
    if (!cfti_path_clean(&confine->place, file->path, file->leaf)) error = CFTI_OS_NO_MEMORY;
    if (error == 0) error = cfti_path_absolute(&confine->todo, (const char *)confine->place.data);
    confine->directory.size = 0;
    if (error == 0) error = cfti_path_follow(&confine->directory, &confine->todo, true);
    return error;
}

/* Checks that the resolved file is below the resolved base, and whether it is a link. enter: its
 * directory differs from that of the file before. */
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

/* Searches the component for (?:^|[_-])seeds?(?:$|[_-]), ignoring case. */
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
        size_t n = cfti_path_component_size(path);
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

/* ---- naming the files ---- */

/* A name is written into comments and, in some styles, into lines of SQL. A control character, such
 * as a newline, could end either. */
static confiture_status cfti_name_check(const char *name, size_t size, const char *path,
                                        cfti_fail *fail) {
    cfti_line_fault fault = cfti_line_check(name, size);
    if (fault == CFTI_LINE_GOOD) return CONFITURE_OK;
    cfti_fail_with(fail, CONFITURE_E_NAME,
                   fault == CFTI_LINE_NOT_UTF8 ? "the file name is not valid UTF-8"
                                               : "the file name holds a control character");
    fail->path = path;
    return fail->status;
}

/* Names a file and checks the name. before: the file before it in the list, or NULL. */
static confiture_status cfti_file_name(cfti_base *base, confiture_files *files, cfti_file *file,
                                       const cfti_file *before, cfti_fail *fail) {
    size_t above = before == NULL ? 0 : before->path_size - before->name_size;
    const char *leaf = file->path + file->leaf;
    /* Most files are in the directory of the file before. Then the base is as many bytes into
     * the path, and only the last component of the name is new, unless the path is "/" or ends
     * with "..". */
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

/* Names every file of the list relative to the base, which is copied, and checks the names;
 * confine: and the resolved paths. The first failure in list order is reported. */
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
    /* The resolved path has the base's own name, which the path as written, such as ".", may
     * lack. */
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
