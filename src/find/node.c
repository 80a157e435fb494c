/* ---- find/node.c: a directory of a search and its entries ---- */

/* An entry that matters: a result, a directory to search, or both. */
typedef struct cfti_entry {
    uint64_t key; /* the first bytes of the name as a number, which decides most comparisons */
    const char *name;
    struct cfti_node *child; /* the directory to search, or NULL */
    uint32_t size;           /* of name */
    uint8_t kind;
    bool found;
    bool left_out;     /* only the case of its name keeps it from being found */
    uint16_t error;    /* a system error, CFTI_LEADS_OUT, or 0 */
    uint32_t excluded; /* in a search that is explained: the cause, as in find/explain.c, or 0 */
} cfti_entry;

#define CFTI_LEADS_OUT UINT16_MAX

/* A directory of the walk. It has only the last component of its path: the whole paths of a chain
 * of ten thousand directories would take gigabytes. */
typedef struct cfti_node {
    struct cfti_node *parent;
    struct cfti_node *all; /* every node of the walk, for freeing */
    const char *name;      /* NUL-terminated; the root's name is its whole clean path */
    size_t name_size, path_size;
    const char
        *real; /* in a confined search, its resolved path, unless its parent's and `name` are */
    size_t real_size;
    uint64_t states;   /* of the pattern, see find/listing.c */
    bool found;        /* the pattern ends with "**": the directory itself is a result */
    bool entered;      /* by cfti_walk_collect */
    bool has_children; /* an entry has a child */
    bool stays_open;   /* its children are opened relative to it */
    bool is_open;      /* `directory` is open after the listing */
    cfti_os_file directory;
    cfti_entry *entries; /* sorted after the listing */
    size_t count, capacity;
    size_t found_count, found_bytes; /* found_bytes: names with their NULs */
    size_t cursor;
    cfti_arena arena;
    cfti_fail fail;
} cfti_node;

static bool cfti_node_is_dot(const cfti_node *node) {
    return node->path_size == 1 && node->name[0] == '.';
}

/* Puts a node below its parent. The name must live as long as the node. */
static void cfti_node_init(cfti_node *node, cfti_node *parent, const char *name, size_t name_size) {
    memset(node, 0, sizeof(*node));
    node->parent = parent;
    node->name = name;
    node->name_size = node->path_size = name_size;
    if (parent != NULL && !cfti_node_is_dot(parent))
        node->path_size += parent->path_size + (parent->name[parent->name_size - 1] != '/');
}

/* The node of a directory, in its parent's memory. */
static cfti_node *cfti_node_create(const confiture_allocator *allocator, cfti_arena *arena,
                                   cfti_node *parent, const char *name, size_t name_size) {
    cfti_node *node;
    cfti_arena_align(arena); /* names are packed */
    node = (cfti_node *)cfti_arena_alloc(arena, sizeof(cfti_node));
    if (node == NULL) return NULL;
    cfti_node_init(node, parent, name, name_size);
    node->arena.allocator = *allocator;
    node->arena.block_size = 500; /* most directories of a large tree have few entries */
    return node;
}

/* The offset of a node's name in its path. */
static size_t cfti_node_start(const cfti_node *node) { return node->path_size - node->name_size; }

/* Writes the last `size` bytes of a node's path, which begin at a component. */
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

/* The path of a node, with a NUL after its size. False: no memory. */
static bool cfti_node_path(const cfti_node *node, cfti_buffer *out) {
    out->size = 0;
    if (!cfti_buffer_reserve(out, node->path_size + 1)) return false;
    cfti_node_write(node, node->path_size, out->data);
    out->size = node->path_size;
    out->data[out->size] = 0;
    return true;
}

/* Whether a node has this path. */
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

/* Extends the parent's path to the node's. False: no memory. */
static bool cfti_node_enter(cfti_buffer *path, const cfti_node *node) {
    size_t start = cfti_node_start(node);
    if (start < path->size) path->size = start; /* "." */
    if (start > path->size && !cfti_buffer_append(path, "/", 1)) return false;
    return cfti_buffer_append(path, node->name, node->name_size);
}

/* Cuts the node's path to its parent's; parent may be NULL. */
static void cfti_node_leave(cfti_buffer *path, const cfti_node *parent) {
    if (parent == NULL) return;
    path->size = parent->path_size;
    if (cfti_node_is_dot(parent)) path->data[0] = '.';
}

/* The resolved path of a directory in a confined search. False: no memory. */
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

/* Sets the failure of an entry, or of the directory itself if the name is empty. */
static int cfti_node_fail(cfti_node *node, int error, const char *name) {
    cfti_node entry = *node;
    char *path;
    if (*name != '\0') cfti_node_init(&entry, node, name, strlen(name));
    path = (char *)cfti_arena_alloc(&node->arena, entry.path_size + 1);
    if (path == NULL) {
        cfti_fail_with(&node->fail, CONFITURE_E_MEMORY, NULL);
        return CFTI_OS_NO_MEMORY;
    }
    cfti_node_write(&entry, entry.path_size, path);
    path[entry.path_size] = '\0';
    cfti_fail_system(&node->fail, error, path);
    return error;
}

/* Releases unused capacity: a tree may have a million directories. */
static void cfti_node_shrink(const confiture_allocator *a, cfti_node *node) {
    void *entries;
    if (node->entries == NULL || node->count > node->capacity / 2) return;
    entries = cfti_realloc(a, node->entries, node->capacity * sizeof(cfti_entry),
                           cfti_max(node->count, 1) * sizeof(cfti_entry));
    if (entries == NULL) return;
    node->entries = (cfti_entry *)entries;
    node->capacity = cfti_max(node->count, 1);
}

static void cfti_node_close(cfti_node *node) {
    if (node->is_open) cfti_os_close(node->directory);
    node->is_open = false;
}
