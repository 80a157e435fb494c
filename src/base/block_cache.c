/* ---- base/block_cache.c: memory kept from one call to the next ---- */

#if !defined(CONFITURE_NO_THREADS)

/* An allocator in front of another: blocks that are freed stay on a shelf, and serve
 * the next request of about their size. Fresh memory costs a page fault every 4 KiB,
 * which a program that calls often need not pay each time. Any number of threads. */

#define CFTI_SHELF_BLOCKS 64
#define CFTI_SHELF_BYTES ((size_t)32 << 20)
#define CFTI_SHELF_LEAST 2048 /* what is smaller comes from the allocator behind it */

/* What stands before the bytes of a block, and keeps them aligned. */
typedef struct cfti_shelved {
    size_t capacity; /* of the bytes */
    size_t padding[sizeof(size_t) < 8 ? 3 : 1];
} cfti_shelved;

typedef struct cfti_shelf {
    confiture_allocator allocator;
    cfti_mutex mutex;
    cfti_shelved *blocks[CFTI_SHELF_BLOCKS]; /* free ones, the longest there first */
    size_t count, bytes;
    bool is_open;
} cfti_shelf;

static void cfti_shelved_free(cfti_shelf *shelf, cfti_shelved *block) {
    cfti_free(&shelf->allocator, block, sizeof(cfti_shelved) + block->capacity);
}

/* Removes block i. With the lock held. */
static cfti_shelved *cfti_shelf_remove(cfti_shelf *shelf, size_t i) {
    cfti_shelved *block = shelf->blocks[i];
    shelf->bytes -= block->capacity;
    shelf->count--;
    memmove(&shelf->blocks[i], &shelf->blocks[i + 1],
            (shelf->count - i) * sizeof(shelf->blocks[0]));
    return block;
}

/* Gives back what lies there. */
static void cfti_shelf_drop(cfti_shelf *shelf) {
    cfti_mutex_lock(&shelf->mutex);
    while (shelf->count > 0) cfti_shelved_free(shelf, cfti_shelf_remove(shelf, 0));
    cfti_mutex_unlock(&shelf->mutex);
}

static void *cfti_shelf_alloc(void *ctx, size_t size) {
    cfti_shelf *shelf = (cfti_shelf *)ctx;
    cfti_shelved *block = NULL;
    size_t i, best;
    if (size < CFTI_SHELF_LEAST) return cfti_alloc(&shelf->allocator, size);
    cfti_mutex_lock(&shelf->mutex);
    best = shelf->count;
    for (i = shelf->count; i-- > 0;) { /* the last that was put there is the warmest */
        size_t capacity = shelf->blocks[i]->capacity;
        if (capacity < size || capacity / 2 > size) continue;
        if (best == shelf->count || capacity < shelf->blocks[best]->capacity) best = i;
    }
    if (best < shelf->count) block = cfti_shelf_remove(shelf, best);
    cfti_mutex_unlock(&shelf->mutex);
    if (block == NULL) {
        if (size > SIZE_MAX - sizeof(cfti_shelved)) return NULL;
        block = (cfti_shelved *)cfti_alloc(&shelf->allocator, sizeof(cfti_shelved) + size);
        if (block == NULL) { /* what lies here is of no use then */
            cfti_shelf_drop(shelf);
            block = (cfti_shelved *)cfti_alloc(&shelf->allocator, sizeof(cfti_shelved) + size);
        }
        if (block == NULL) return NULL;
        block->capacity = size;
    }
    return block + 1;
}

static void cfti_shelf_free(void *ctx, void *bytes, size_t size) {
    cfti_shelf *shelf = (cfti_shelf *)ctx;
    cfti_shelved *block = (cfti_shelved *)bytes - 1;
    if (size < CFTI_SHELF_LEAST) {
        cfti_free(&shelf->allocator, bytes, size);
        return;
    }
    if (block->capacity > CFTI_SHELF_BYTES / 4) {
        cfti_shelved_free(shelf, block);
        return;
    }
    cfti_mutex_lock(&shelf->mutex);
    while (shelf->count == CFTI_SHELF_BLOCKS || shelf->bytes + block->capacity > CFTI_SHELF_BYTES)
        cfti_shelved_free(shelf, cfti_shelf_remove(shelf, 0));
    shelf->blocks[shelf->count++] = block;
    shelf->bytes += block->capacity;
    cfti_mutex_unlock(&shelf->mutex);
}

static void *cfti_shelf_realloc(void *ctx, void *bytes, size_t old_size, size_t new_size) {
    void *moved;
    if (old_size >= CFTI_SHELF_LEAST && new_size >= CFTI_SHELF_LEAST &&
        new_size <= ((cfti_shelved *)bytes - 1)->capacity)
        return bytes;
    moved = cfti_shelf_alloc(ctx, new_size);
    if (moved == NULL) return NULL;
    memcpy(moved, bytes, cfti_min(old_size, new_size));
    cfti_shelf_free(ctx, bytes, old_size);
    return moved;
}

/* False: no mutex to be had. */
static bool cfti_shelf_open(cfti_shelf *shelf, const confiture_allocator *allocator) {
    memset(shelf, 0, sizeof(*shelf));
    shelf->allocator = *allocator;
    shelf->is_open = cfti_mutex_init(&shelf->mutex) == 0;
    return shelf->is_open;
}

static void cfti_shelf_close(cfti_shelf *shelf) {
    if (!shelf->is_open) return;
    cfti_shelf_drop(shelf);
    cfti_mutex_destroy(&shelf->mutex);
    shelf->is_open = false;
}

#endif
