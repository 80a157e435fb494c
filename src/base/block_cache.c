/* ---- base/block_cache.c: memory kept from one call to the next ---- */

/* An allocator on top of another one: it keeps freed blocks for the next requests of about their
 * size, since fresh memory costs a page fault every 4 KiB. Any number of threads. */

#define CFTI_MAX_CACHED_BLOCKS 64
#define CFTI_MAX_CACHED_BYTES ((size_t)32 << 20)
#define CFTI_MIN_CACHED_BLOCK 2048 /* smaller blocks are the underlying allocator's */

/* Precedes the bytes of a block and keeps them aligned. */
typedef struct cfti_cached_block {
    size_t capacity; /* of the bytes */
    size_t padding[sizeof(size_t) < 8 ? 3 : 1];
} cfti_cached_block;

typedef struct cfti_block_cache {
    confiture_allocator allocator;
    cfti_mutex mutex;
    cfti_cached_block *blocks[CFTI_MAX_CACHED_BLOCKS]; /* free ones, the oldest first */
    size_t count, bytes;
    bool is_open;
} cfti_block_cache;

static void cfti_cached_block_free(cfti_block_cache *cache, cfti_cached_block *block) {
    cfti_free(&cache->allocator, block, sizeof(cfti_cached_block) + block->capacity);
}

/* Removes block i. With the lock held. */
static cfti_cached_block *cfti_block_cache_remove(cfti_block_cache *cache, size_t i) {
    cfti_cached_block *block = cache->blocks[i];
    cache->bytes -= block->capacity;
    cache->count--;
    memmove(&cache->blocks[i], &cache->blocks[i + 1],
            (cache->count - i) * sizeof(cache->blocks[0]));
    return block;
}

/* Frees the cached blocks. */
static void cfti_block_cache_drop(cfti_block_cache *cache) {
    cfti_mutex_lock(&cache->mutex);
    while (cache->count > 0) cfti_cached_block_free(cache, cfti_block_cache_remove(cache, 0));
    cfti_mutex_unlock(&cache->mutex);
}

static void *cfti_block_cache_alloc(void *ctx, size_t size) {
    cfti_block_cache *cache = (cfti_block_cache *)ctx;
    cfti_cached_block *block = NULL;
    size_t i, best;
    if (size < CFTI_MIN_CACHED_BLOCK) return cfti_alloc(&cache->allocator, size);
    cfti_mutex_lock(&cache->mutex);
    best = cache->count;
    for (i = cache->count; i-- > 0;) { /* the newest is the warmest */
        size_t capacity = cache->blocks[i]->capacity;
        if (capacity < size || capacity / 2 > size) continue;
        if (best == cache->count || capacity < cache->blocks[best]->capacity) best = i;
    }
    if (best < cache->count) block = cfti_block_cache_remove(cache, best);
    cfti_mutex_unlock(&cache->mutex);
    if (block == NULL) {
        if (size > SIZE_MAX - sizeof(cfti_cached_block)) return NULL;
        block =
            (cfti_cached_block *)cfti_alloc(&cache->allocator, sizeof(cfti_cached_block) + size);
        if (block == NULL) { /* the cached blocks may make up for it */
            cfti_block_cache_drop(cache);
            block = (cfti_cached_block *)cfti_alloc(&cache->allocator,
                                                    sizeof(cfti_cached_block) + size);
        }
        if (block == NULL) return NULL;
        block->capacity = size;
    }
    return block + 1;
}

static void cfti_block_cache_free(void *ctx, void *bytes, size_t size) {
    cfti_block_cache *cache = (cfti_block_cache *)ctx;
    cfti_cached_block *block = (cfti_cached_block *)bytes - 1;
    if (size < CFTI_MIN_CACHED_BLOCK) {
        cfti_free(&cache->allocator, bytes, size);
        return;
    }
    if (block->capacity > CFTI_MAX_CACHED_BYTES / 4) {
        cfti_cached_block_free(cache, block);
        return;
    }
    cfti_mutex_lock(&cache->mutex);
    while (cache->count == CFTI_MAX_CACHED_BLOCKS ||
           cache->bytes + block->capacity > CFTI_MAX_CACHED_BYTES)
        cfti_cached_block_free(cache, cfti_block_cache_remove(cache, 0));
    cache->blocks[cache->count++] = block;
    cache->bytes += block->capacity;
    cfti_mutex_unlock(&cache->mutex);
}

static void *cfti_block_cache_realloc(void *ctx, void *bytes, size_t old_size, size_t new_size) {
    void *moved;
    if (old_size >= CFTI_MIN_CACHED_BLOCK && new_size >= CFTI_MIN_CACHED_BLOCK &&
        new_size <= ((cfti_cached_block *)bytes - 1)->capacity)
        return bytes;
    moved = cfti_block_cache_alloc(ctx, new_size);
    if (moved == NULL) return NULL;
    memcpy(moved, bytes, cfti_min(old_size, new_size));
    cfti_block_cache_free(ctx, bytes, old_size);
    return moved;
}

/* False: the system has no mutex left. */
static bool cfti_block_cache_open(cfti_block_cache *cache, const confiture_allocator *allocator) {
    memset(cache, 0, sizeof(*cache));
    cache->allocator = *allocator;
    cache->is_open = cfti_mutex_init(&cache->mutex) == 0;
    return cache->is_open;
}

static void cfti_block_cache_close(cfti_block_cache *cache) {
    if (!cache->is_open) return;
    cfti_block_cache_drop(cache);
    cfti_mutex_destroy(&cache->mutex);
    cache->is_open = false;
}
