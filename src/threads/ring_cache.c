/* ---- threads/ring_cache.c: the rings that a pool keeps between calls ---- */

/* Setting up a ring takes as long as reading ten to twenty small files. */

typedef struct cfti_ring {
    struct cfti_ring *next;
    cfti_os_ring os;
} cfti_ring;

typedef struct cfti_ring_cache {
    confiture_allocator allocator;
    cfti_mutex mutex;
    cfti_ring *first;
    bool is_unavailable; /* this system has no rings, or allows none */
    bool is_open;
} cfti_ring_cache;

/* NULL: *error says why. */
static cfti_ring *cfti_ring_create(const confiture_allocator *allocator, int *error) {
    cfti_ring *ring = (cfti_ring *)cfti_alloc(allocator, sizeof(*ring));
    *error = ring == NULL ? CFTI_OS_NO_MEMORY : cfti_os_ring_open(&ring->os);
    if (*error == 0) return ring;
    cfti_free(allocator, ring, sizeof(*ring));
    return NULL;
}

static void cfti_ring_free(const confiture_allocator *allocator, cfti_ring *ring) {
    cfti_os_ring_close(&ring->os);
    cfti_free(allocator, ring, sizeof(*ring));
}

/* NULL: no ring can be had, and reading goes on without. */
static cfti_ring *cfti_ring_cache_acquire(cfti_ring_cache *cache) {
    cfti_ring *ring;
    bool is_unavailable;
    int error;
    cfti_mutex_lock(&cache->mutex);
    ring = cache->first;
    if (ring != NULL) cache->first = ring->next;
    is_unavailable = cache->is_unavailable;
    cfti_mutex_unlock(&cache->mutex);
    if (ring != NULL || is_unavailable) return ring;
    ring = cfti_ring_create(&cache->allocator, &error);
    if (ring == NULL && !cfti_os_is_shortage(error)) { /* a shortage passes */
        cfti_mutex_lock(&cache->mutex);
        cache->is_unavailable = true;
        cfti_mutex_unlock(&cache->mutex);
    }
    return ring;
}

static void cfti_ring_cache_release(cfti_ring_cache *cache, cfti_ring *ring) {
    cfti_mutex_lock(&cache->mutex);
    ring->next = cache->first;
    cache->first = ring;
    cfti_mutex_unlock(&cache->mutex);
}

/* Frees the rings that are not in use. */
static void cfti_ring_cache_drop(cfti_ring_cache *cache) {
    cfti_ring *ring;
    cfti_mutex_lock(&cache->mutex);
    ring = cache->first;
    cache->first = NULL;
    cfti_mutex_unlock(&cache->mutex);
    while (ring != NULL) {
        cfti_ring *next = ring->next;
        cfti_ring_free(&cache->allocator, ring);
        ring = next;
    }
}

/* False: the system has no mutex left. */
static bool cfti_ring_cache_open(cfti_ring_cache *cache, const confiture_allocator *allocator) {
    memset(cache, 0, sizeof(*cache));
    cache->allocator = *allocator;
    cache->is_open = cfti_mutex_init(&cache->mutex) == 0;
    return cache->is_open;
}

static void cfti_ring_cache_close(cfti_ring_cache *cache) {
    if (!cache->is_open) return;
    cfti_ring_cache_drop(cache);
    cfti_mutex_destroy(&cache->mutex);
    cache->is_open = false;
}
