/* driver_hooks.h: an allocator that remembers, and threads of the caller's own. */

static pthread_mutex_t block_lock = PTHREAD_MUTEX_INITIALIZER;
static size_t blocks_alive;

typedef union block {
    size_t size;
    char align[64];
} block;

static void count_blocks(int change) {
    pthread_mutex_lock(&block_lock);
    blocks_alive += (size_t)change;
    pthread_mutex_unlock(&block_lock);
}

static void *test_alloc(void *ctx, size_t size) {
    block *b = (block *)malloc(sizeof(block) + size);
    (void)ctx;
    if (b == NULL) return NULL;
    b->size = size;
    memset(b + 1, 0xA5, size < 4096 ? size : 4096); /* nobody may rely on zeros */
    count_blocks(1);
    return b + 1;
}

static void test_free(void *ctx, void *data, size_t size) {
    (void)ctx;
    if (data == NULL) return;
    if (((block *)data)[-1].size != size) die("free was told a wrong size");
    count_blocks(-1);
    free((block *)data - 1);
}

static void *test_realloc(void *ctx, void *data, size_t old_size, size_t new_size) {
    block *b;
    if (data == NULL) return test_alloc(ctx, new_size);
    if (((block *)data)[-1].size != old_size) die("realloc was told a wrong size");
    b = (block *)realloc((block *)data - 1, sizeof(block) + new_size);
    if (b == NULL) return NULL;
    b->size = new_size;
    return b + 1;
}

static const confiture_allocator test_allocator = {test_alloc, test_realloc, test_free, NULL};

#define OWN_THREADS 4

typedef struct own_share {
    size_t n, first;
    void (*task)(void *ctx, size_t index);
    void *ctx;
} own_share;

/* Backwards, since nobody promised an order. */
static void *own_thread(void *arg) {
    own_share *share = (own_share *)arg;
    size_t i;
    for (i = share->n; i-- > 0;) {
        if (i % OWN_THREADS == share->first) share->task(share->ctx, i);
    }
    return NULL;
}

static int own_parallel_for(void *user, size_t n, void (*task)(void *ctx, size_t index),
                            void *ctx) {
    pthread_t threads[OWN_THREADS];
    own_share shares[OWN_THREADS];
    size_t i;
    (void)user;
    for (i = 0; i < OWN_THREADS; i++) {
        shares[i].n = n;
        shares[i].first = i;
        shares[i].task = task;
        shares[i].ctx = ctx;
        if (pthread_create(&threads[i], NULL, own_thread, &shares[i]) != 0) die("no thread");
    }
    for (i = 0; i < OWN_THREADS; i++) pthread_join(threads[i], NULL);
    return 0;
}
