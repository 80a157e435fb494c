/* What a pool keeps from call to call: base/block_cache.c. */

#include "../chest/memory.h"

SUITE(block_cache, NULL, NULL);

#if !defined(CONFITURE_NO_THREADS)

TEST(block_cache, reuse) {
    cfti_block_cache cache;
    memory m;
    void *a, *b, *c;
    memory_init(&m);
    CHECK(cfti_block_cache_open(&cache, &m.allocator));
    a = cfti_block_cache_alloc(&cache, 100000);
    b = cfti_block_cache_alloc(&cache, 100000);
    CHECK(a != NULL && b != NULL && a != b && (uintptr_t)a % MEMORY_ALIGNMENT == 0);
    cfti_block_cache_free(&cache, a, 100000);
    cfti_block_cache_free(&cache, b, 100000);
    CHECK(m.blocks == 2);
    c = cfti_block_cache_alloc(&cache, 60000); /* the last to be put there is the first to go */
    CHECK(c == b);
    CHECK(cfti_block_cache_realloc(&cache, c, 60000, 90000) == c); /* it has that room */
    c = cfti_block_cache_realloc(&cache, c, 90000, 200000);
    CHECK(c != NULL && c != a && c != b && m.blocks == 3);
    cfti_block_cache_free(&cache, c, 200000);
    c = cfti_block_cache_alloc(&cache, 10000); /* a tenth of a block is no use for it */
    CHECK(c != a && c != b);
    cfti_block_cache_free(&cache, c, 10000);
    c = cfti_block_cache_alloc(&cache, 100); /* small ones are not kept */
    CHECK(c != NULL && m.blocks == 5);
    cfti_block_cache_free(&cache, c, 100);
    CHECK(m.blocks == 4);
    cfti_block_cache_close(&cache);
    CHECK(memory_is_clean(&m));
}

/* Over what it may keep, the longest there goes; what is very large is not kept at all. */
TEST(block_cache, bounds) {
    static void *blocks[200];
    cfti_block_cache cache;
    memory m;
    size_t i;
    memory_init(&m);
    CHECK(cfti_block_cache_open(&cache, &m.allocator));
    for (i = 0; i < 200; i++) blocks[i] = cfti_block_cache_alloc(&cache, 3000 + i);
    for (i = 0; i < 200; i++) cfti_block_cache_free(&cache, blocks[i], 3000 + i);
    CHECK(m.blocks == 64);
    CHECK(cfti_block_cache_alloc(&cache, 3000) == blocks[136]);
    cfti_block_cache_free(&cache, blocks[136], 3000);
    for (i = 0; i < 12; i++) blocks[i] = cfti_block_cache_alloc(&cache, (size_t)7 << 20);
    for (i = 0; i < 12; i++) cfti_block_cache_free(&cache, blocks[i], (size_t)7 << 20);
    CHECK(m.bytes <= ((size_t)32 << 20) + 64 * 64 && m.bytes > (size_t)27 << 20);
    blocks[0] = cfti_block_cache_alloc(&cache, (size_t)9 << 20);
    i = m.blocks;
    cfti_block_cache_free(&cache, blocks[0], (size_t)9 << 20);
    CHECK(m.blocks == i - 1);
    cfti_block_cache_close(&cache);
    CHECK(memory_is_clean(&m));
}

TEST(block_cache, no_memory) {
    cfti_block_cache cache;
    memory m;
    void *a;
    memory_init(&m);
    CHECK(cfti_block_cache_open(&cache, &m.allocator));
    a = cfti_block_cache_alloc(&cache, 5000);
    memset(a, 'x', 5000);
    memory_arm(&m, 1, true);
    CHECK(cfti_block_cache_alloc(&cache, 5000) == NULL);
    CHECK(cfti_block_cache_alloc(&cache, 5) == NULL);
    CHECK(cfti_block_cache_alloc(&cache, SIZE_MAX - 3) == NULL);
    CHECK(cfti_block_cache_realloc(&cache, a, 5000, 50000) == NULL);
    CHECK(((char *)a)[4999] == 'x'); /* still there */
    cfti_block_cache_free(&cache, a, 5000);
    CHECK(cfti_block_cache_alloc(&cache, 5000) == a); /* no need of more memory */
    cfti_block_cache_free(&cache, a, 5000);
    cfti_block_cache_close(&cache);
    CHECK(memory_is_clean(&m));
}

/* A pool gives back everything, whatever calls have left in it. */
TEST(block_cache, pool) {
    confiture_pool *pool;
    memory m;
    memory_init(&m);
    CHECK(confiture_pool_create(&pool, 2, &m.allocator, NULL) == CONFITURE_OK);
    if (pool != NULL) {
        confiture_run run;
        confiture_allocator scratch;
        void *a;
        memset(&run, 0, sizeof run);
        run.pool = pool;
        CHECK(cfti_scratch_allocator(&scratch, &run));
        a = scratch.alloc(scratch.ctx, 70000);
        scratch.free(scratch.ctx, a, 70000);
        CHECK(scratch.alloc(scratch.ctx, 70000) == a);
        scratch.free(scratch.ctx, a, 70000);
        run.io = CONFITURE_IO_RING;
        {
            cfti_ring *ring = cfti_ring_acquire(&run, 1);
            if (ring != NULL) {
                cfti_ring_release(&run, ring, false);
                CHECK_QUIET(cfti_ring_acquire(&run, 1) == ring);
                cfti_ring_release(&run, ring, false);
            }
        }
    }
    confiture_pool_free(pool);
    CHECK(memory_is_clean(&m));
}

#endif
