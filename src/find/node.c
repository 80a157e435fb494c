/* ---- find/node.c: a directory of a search, and what it holds ---- */

/* What a directory holds that matters: a file to be listed, a directory to go into,
 * or both in one. */
typedef struct cfti_entry {
    uint64_t key; /* the first bytes of the name as a number, which decides most comparisons */
    const char *name;
    struct cfti_node *child; /* the directory, if it is to be searched */
    uint32_t size;           /* of name */
    uint8_t kind;
    bool found;
    bool left_out;  /* nothing but its name's case kept it from being found */
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
static cfti_node *cfti_node_create(const confiture_allocator *allocator, cfti_arena *arena,
                                   cfti_node *parent, const char *name, size_t name_size) {
    cfti_node *node;
    cfti_arena_align(arena); /* behind names, which are packed */
    node = (cfti_node *)cfti_arena_alloc(arena, sizeof(cfti_node));
    if (node == NULL) return NULL;
    cfti_node_init(node, parent, name, name_size);
    node->arena.allocator = *allocator;
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

/* Makes the path of a node from that of its parent. False: no memory. */
static bool cfti_node_enter(cfti_buffer *path, const cfti_node *node) {
    size_t start = cfti_node_start(node);
    if (start < path->size) path->size = start; /* "." */
    if (start > path->size && !cfti_buffer_append(path, "/", 1)) return false;
    return cfti_buffer_append(path, node->name, node->name_size);
}

/* And that of its parent, which may be NULL, from its own. */
static void cfti_node_leave(cfti_buffer *path, const cfti_node *parent) {
    if (parent == NULL) return;
    path->size = parent->path_size;
    if (cfti_node_is_dot(parent)) path->data[0] = '.';
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

/* Gives back what the entries do not fill: a tree may have a million directories. */
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
