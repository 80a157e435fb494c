/* ---- base/memory.c: the allocator, a growable buffer, an arena ---- */

/* From this size on a block is worth large pages: with malloc()'s header it fills one. */
#define CFTI_LARGE_BLOCK (CFTI_OS_LARGE_PAGE - 4096)
#define CFTI_LARGE_FROM (128 * (size_t)4096) /* 128 small pages cost more than a large one */

#if !defined(CONFITURE_NO_ALLOC)
#if !defined(CONFITURE_MALLOC)
#define CONFITURE_MALLOC(size) malloc(size)
#define CONFITURE_REALLOC(block, size) realloc(block, size)
#define CONFITURE_FREE(block) free(block)
#endif

static void *cfti_default_alloc(void *ctx, size_t size) {
    void *block = CONFITURE_MALLOC(size);
    (void)ctx;
    if (size >= CFTI_LARGE_BLOCK && block != NULL) cfti_os_advise_large(block, size);
    return block;
}

static void *cfti_default_realloc(void *ctx, void *block, size_t old_size, size_t new_size) {
    void *moved = CONFITURE_REALLOC(block, new_size);
    (void)ctx;
    (void)old_size;
    if (new_size >= CFTI_LARGE_BLOCK && moved != NULL) cfti_os_advise_large(moved, new_size);
    return moved;
}

static void cfti_default_free(void *ctx, void *block, size_t size) {
    (void)ctx;
    (void)size;
    CONFITURE_FREE(block);
}
#endif

/* The size to allocate for a block that will be filled from one end to the other. */
static size_t cfti_large_size(size_t size) {
    if (size < CFTI_LARGE_FROM || size > SIZE_MAX / 2) return size;
    return (size + 4096 + CFTI_OS_LARGE_PAGE - 1) / CFTI_OS_LARGE_PAGE * CFTI_OS_LARGE_PAGE - 4096;
}

/* The caller's allocator, or the default. False: it is incomplete, or missing under
 * CONFITURE_NO_ALLOC. */
static bool cfti_allocator_choose(confiture_allocator *out, const confiture_allocator *given) {
    if (given != NULL) {
        *out = *given;
        return given->alloc != NULL && given->realloc != NULL && given->free != NULL;
    }
    memset(out, 0, sizeof(*out));
#if defined(CONFITURE_NO_ALLOC)
    return false;
#else
    out->alloc = cfti_default_alloc;
    out->realloc = cfti_default_realloc;
    out->free = cfti_default_free;
    return true;
#endif
}

static const char cfti_no_allocator[] = "an allocator must be given, with alloc, realloc and free";

/* In parentheses, since free and realloc may be function-like macros of the host. */
static void *cfti_alloc(const confiture_allocator *a, size_t size) {
    return (a->alloc)(a->ctx, size);
}

static void *cfti_realloc(const confiture_allocator *a, void *block, size_t old_size,
                          size_t new_size) {
    return (a->realloc)(a->ctx, block, old_size, new_size);
}

static void cfti_free(const confiture_allocator *a, void *block, size_t size) {
    if (block != NULL) (a->free)(a->ctx, block, size);
}

static bool cfti_allocator_is(const confiture_allocator *a, const confiture_allocator *b) {
    return a->alloc == b->alloc && a->realloc == b->realloc && a->free == b->free &&
           a->ctx == b->ctx;
}

/* Makes sure that an array of `count` items has capacity for one more. False: no memory, and the
 * array is as it was. Starts with 64 items, which is enough for most arrays, and doubles. */
static bool cfti_grow(const confiture_allocator *a, void **items, size_t *capacity, size_t count,
                      size_t item_size) {
    size_t wanted;
    void *grown;
    if (CFTI_LIKELY(count < *capacity)) return true;
    if (*capacity > SIZE_MAX / 2 / item_size) return false;
    wanted = *capacity < 32 ? 64 : 2 * *capacity;
    grown = *items == NULL ? cfti_alloc(a, wanted * item_size)
                           : cfti_realloc(a, *items, *capacity * item_size, wanted * item_size);
    if (grown == NULL) return false;
    *items = grown;
    *capacity = wanted;
    return true;
}

/* Bytes that grow. All zero except the allocator is empty. */
typedef struct cfti_buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
    confiture_allocator allocator;
} cfti_buffer;

/* Makes sure that `extra` more bytes fit. False: no memory, nothing changed. */
static bool cfti_buffer_reserve(cfti_buffer *buffer, size_t extra) {
    size_t wanted;
    void *grown;
    if (CFTI_LIKELY(extra <= buffer->capacity - buffer->size)) return true;
    if (extra > SIZE_MAX - buffer->size) return false;
    wanted = buffer->size + extra;
    /* Growing by half moves a gigabyte of output a few times instead of a million times. */
    if (buffer->capacity <= SIZE_MAX / 2 && wanted < buffer->capacity + buffer->capacity / 2)
        wanted = buffer->capacity + buffer->capacity / 2;
    if (wanted < 256) wanted = 256;
    if (wanted >= CFTI_LARGE_BLOCK && wanted < SIZE_MAX / 2) {
        /* realloc() would split the large pages when it moves them. */
        wanted = cfti_large_size(wanted);
        grown = cfti_alloc(&buffer->allocator, wanted);
        if (grown == NULL) return false;
        if (buffer->size > 0) memcpy(grown, buffer->data, buffer->size);
        cfti_free(&buffer->allocator, buffer->data, buffer->capacity);
    } else {
        grown = buffer->data == NULL
                    ? cfti_alloc(&buffer->allocator, wanted)
                    : cfti_realloc(&buffer->allocator, buffer->data, buffer->capacity, wanted);
        if (grown == NULL) return false;
    }
    buffer->data = (uint8_t *)grown;
    buffer->capacity = wanted;
    return true;
}

static bool cfti_buffer_append(cfti_buffer *buffer, const void *data, size_t size) {
    if (!cfti_buffer_reserve(buffer, size)) return false;
    if (size > 0) memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    return true;
}

/* Puts a NUL after the bytes. False: no memory. */
static bool cfti_buffer_terminate(cfti_buffer *buffer) {
    if (!cfti_buffer_reserve(buffer, 1)) return false;
    buffer->data[buffer->size] = 0;
    return true;
}

static cfti_buffer cfti_buffer_empty(const confiture_allocator *allocator) {
    cfti_buffer buffer;
    memset(&buffer, 0, sizeof(buffer));
    buffer.allocator = *allocator;
    return buffer;
}

static void cfti_buffer_free(cfti_buffer *buffer) {
    cfti_free(&buffer->allocator, buffer->data, buffer->capacity);
    buffer->data = NULL;
    buffer->size = buffer->capacity = 0;
}

/* Pieces of memory that never move and are freed, or reused, all at once. */
typedef struct cfti_block {
    struct cfti_block *next;
    size_t capacity; /* of the bytes after this struct */
    size_t used;
    size_t padding; /* aligns those bytes to 16, on 32-bit systems too */
} cfti_block;

typedef struct cfti_arena {
    cfti_block *first; /* the one in use */
    size_t block_size; /* of a new block; larger requests get a block of their own */
    confiture_allocator allocator;
} cfti_arena;

static uint8_t *cfti_block_bytes(cfti_block *block) { return (uint8_t *)(block + 1); }

static size_t cfti_arena_capacity(const cfti_arena *arena) {
    return arena->first == NULL ? 0 : arena->first->capacity - arena->first->used;
}

/* At least `size` contiguous bytes, which cfti_arena_commit() claims; NULL: no memory. */
static uint8_t *cfti_arena_reserve(cfti_arena *arena, size_t size) {
    if (arena->first == NULL || cfti_arena_capacity(arena) < size) {
        size_t capacity = arena->block_size;
        cfti_block *block;
        /* A large block gets some bytes more: it is reused, perhaps for a file of the same size
         * with something before it. */
        if (size > SIZE_MAX - sizeof(cfti_block) - 2 * capacity) return NULL;
        if (size > capacity) capacity += size;
        if (sizeof(cfti_block) + capacity < CFTI_LARGE_BLOCK) /* more would be lost than gained */
            capacity = cfti_large_size(sizeof(cfti_block) + capacity) - sizeof(cfti_block);
        block = (cfti_block *)cfti_alloc(&arena->allocator, sizeof(cfti_block) + capacity);
        if (block == NULL) return NULL;
        block->next = arena->first;
        block->capacity = capacity;
        block->used = 0;
        arena->first = block;
    }
    return cfti_block_bytes(arena->first) + arena->first->used;
}

/* Claims reserved bytes, rounded up so that the next are aligned for any type. */
static void cfti_arena_commit(cfti_arena *arena, size_t size) {
    arena->first->used += cfti_min((size + 15) & ~(size_t)15, cfti_arena_capacity(arena));
}

/* Claims reserved bytes of text without rounding, which would cost 8 bytes each on average. Call
 * cfti_arena_align() before reserving anything that needs alignment. */
static void cfti_arena_commit_text(cfti_arena *arena, size_t size) { arena->first->used += size; }

static void cfti_arena_align(cfti_arena *arena) {
    if (arena->first == NULL) return;
    arena->first->used = cfti_min((arena->first->used + 15) & ~(size_t)15, arena->first->capacity);
}

/* The bytes that the arena has allocated. */
static size_t cfti_arena_held(const cfti_arena *arena) {
    const cfti_block *block;
    size_t held = 0;
    for (block = arena->first; block != NULL; block = block->next)
        held += sizeof(cfti_block) + block->capacity;
    return held;
}

static void *cfti_arena_alloc(cfti_arena *arena, size_t size) {
    uint8_t *bytes = cfti_arena_reserve(arena, size);
    if (bytes != NULL) cfti_arena_commit(arena, size);
    return bytes;
}

static void cfti_arena_free(cfti_arena *arena) {
    while (arena->first != NULL) {
        cfti_block *next = arena->first->next;
        cfti_free(&arena->allocator, arena->first, sizeof(cfti_block) + arena->first->capacity);
        arena->first = next;
    }
}

/* Empties the arena except for its largest block, which is reused: fresh memory costs a page fault
 * every 4 KiB, which is more than reading into it. */
static void cfti_arena_reset(cfti_arena *arena) {
    cfti_block *kept = arena->first, *block;
    if (kept == NULL) return;
    for (block = kept->next; block != NULL; block = block->next)
        if (block->capacity > kept->capacity) kept = block;
    while (arena->first != NULL) {
        block = arena->first;
        arena->first = block->next;
        if (block != kept)
            cfti_free(&arena->allocator, block, sizeof(cfti_block) + block->capacity);
    }
    kept->next = NULL;
    kept->used = 0;
    arena->first = kept;
}

/* Releases what was claimed since the arena's first block was `block` with `used` bytes in use; of
 * the newer blocks the newest is kept for the next use. */
static void cfti_arena_rewind(cfti_arena *arena, cfti_block *block, size_t used) {
    if (arena->first == block) {
        if (block != NULL) block->used = used;
        return;
    }
    while (arena->first->next != block) {
        cfti_block *older = arena->first->next;
        arena->first->next = older->next;
        cfti_free(&arena->allocator, older, sizeof(cfti_block) + older->capacity);
    }
    arena->first->used = 0;
}
