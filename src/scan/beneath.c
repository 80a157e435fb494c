/* ---- scan/beneath.c: opening the files of a confined list ---- */

#if !CFTI_OS_OPENS_BENEATH
static int cfti_os_open_beneath(cfti_os_file at, const char *path, bool directory, bool no_links,
                                cfti_os_file *file) {
    (void)at;
    (void)path;
    (void)directory;
    (void)no_links;
    (void)file;
    return CFTI_OS_NO_BENEATH;
}
#endif

/* A symbolic link may lead elsewhere by the time it is followed. So every file of a confined list
 * is opened relative to the base, by a call of the system that does not leave it. On a system
 * without such a call only the checks made when the list was built protect the base. */
typedef struct cfti_beneath {
    const confiture_files *files;
    confiture_allocator allocator;
    cfti_os_file base;
    bool is_open;   /* the base is open */
    bool is_absent; /* the list is not confined, or the system has no such call */
} cfti_beneath;

static void cfti_beneath_init(cfti_beneath *beneath, const confiture_files *files,
                              const confiture_allocator *allocator) {
    memset(beneath, 0, sizeof(*beneath));
    beneath->files = files;
    beneath->allocator = *allocator;
    beneath->is_absent = !files->is_confined;
}

static void cfti_beneath_close(cfti_beneath *beneath) {
    if (beneath->is_open) cfti_os_close(beneath->base);
    beneath->is_open = false;
}

/* Opens the base, and tries the call. CFTI_OS_NO_BENEATH: the call is absent. */
static int cfti_beneath_prepare(cfti_beneath *beneath) {
    cfti_os_file file;
    int error;
    if (beneath->is_absent) return CFTI_OS_NO_BENEATH;
    if (beneath->is_open) return 0;
    error = cfti_os_open_place(beneath->files->base, &beneath->base);
    if (error != 0) return error;
    error = cfti_os_open_beneath(beneath->base, ".", true, false, &file);
    if (error != 0) {
        cfti_os_close(beneath->base);
        beneath->is_absent = error == CFTI_OS_NO_BENEATH;
        return error;
    }
    cfti_os_close(file);
    beneath->is_open = true;
    return 0;
}

/* Opens a path of any length, without links, step by step. */
static int cfti_beneath_walk(const cfti_beneath *beneath, char *path, bool directory,
                             cfti_os_file *file) {
    cfti_os_file at = beneath->base;
    size_t left = strlen(path);
    bool is_base = true;
    for (;; is_base = false) {
        size_t n = left;
        cfti_os_file next;
        int error;
        if (left >= CFTI_OS_PATH_STEP)
            for (n = CFTI_OS_PATH_STEP - 1; n > 0 && path[n] != '/';) n--;
        if (n == 0) n = left; /* the system refuses it as too long */
        if (n < left) path[n] = '\0';
        error = cfti_os_open_beneath(at, path, directory || n < left, true, &next);
        if (!is_base) cfti_os_close(at);
        if (error == 0 && n == left) *file = next;
        if (error != 0 || n == left) return error;
        at = next;
        path += n + 1;
        left -= n + 1;
    }
}

/* Opens a path that the call refuses: an absolute link may lead back inside, and a path may be
 * too long for one call. The path is resolved here, and then opened without links. */
static int cfti_beneath_resolve(const cfti_beneath *beneath, const char *path, bool directory,
                                cfti_os_file *file) {
    cfti_buffer base, place, todo;
    const char *rest = NULL;
    int error;
    memset(&base, 0, sizeof(base));
    base.allocator = beneath->allocator;
    todo = place = base;
    error = cfti_path_resolve(&base, beneath->files->base);
    if (error == 0) error = cfti_path_absolute(&todo, path);
    if (error == 0) error = cfti_path_follow(&place, &todo, true);
    if (error == 0) rest = cfti_path_below((const char *)place.data, (const char *)base.data);
    if (error == 0 && rest == NULL) error = CFTI_LEADS_OUT;
    if (error == 0) {
        char *text = (char *)place.data + (rest - (const char *)place.data);
        char here[] = ".";
        error = cfti_beneath_walk(beneath, *text == '\0' ? here : text, directory, file);
        if (error == CFTI_OS_LEAVES) error = CFTI_OS_LINK_LOOP; /* changed since */
    }
    cfti_buffer_free(&base);
    cfti_buffer_free(&place);
    cfti_buffer_free(&todo);
    return error;
}

/* Opens a file by its name, or its directory. CFTI_LEADS_OUT: it is not below the base;
 * CFTI_OS_NO_BENEATH: this system cannot say. */
static int cfti_beneath_open(cfti_beneath *beneath, const cfti_file *file, bool directory,
                             cfti_os_file *opened) {
    char *copy;
    size_t size = file->name_size, path_size = directory ? file->leaf : file->path_size;
    int error = cfti_beneath_prepare(beneath);
    if (error != 0) return error;
    if (directory)
        while (size > 0 && file->name[size - 1] != '/') size--;
    copy = (char *)cfti_alloc(&beneath->allocator, size + path_size + 4);
    if (copy == NULL) return CFTI_OS_NO_MEMORY;
    memcpy(copy, file->name, size);
    memcpy(copy + size, size == 0 ? "." : "", size == 0 ? 2 : 1);
    error = size >= CFTI_OS_PATH_STEP
                ? CFTI_OS_LEAVES
                : cfti_os_open_beneath(beneath->base, copy, directory, false, opened);
    if (error == CFTI_OS_LEAVES) {
        memcpy(copy, file->path, path_size);
        memcpy(copy + path_size, path_size == 0 ? "." : "", path_size == 0 ? 2 : 1);
        error = cfti_beneath_resolve(beneath, copy, directory, opened);
    }
    cfti_free(&beneath->allocator, copy, size + path_size + 4);
    return error;
}
