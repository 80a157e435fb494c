/* fuzz_memory.h: an allocator that keeps accounts, and fails once when it is told to. */
#ifndef CONFITURE_FUZZ_FUZZ_MEMORY_H
#define CONFITURE_FUZZ_FUZZ_MEMORY_H

static struct {
    int blocks; /* that are out; atomic, as are the others */
    int calls, fail_at;
    int failed;
} fuzz_memory;

static void *fuzz_alloc(void *ctx, size_t size) {
    size_t *block;
    (void)ctx;
    FUZZ_CHECK(size > 0);
    if (__atomic_add_fetch(&fuzz_memory.calls, 1, __ATOMIC_SEQ_CST) == fuzz_memory.fail_at) {
        __atomic_store_n(&fuzz_memory.failed, 1, __ATOMIC_SEQ_CST);
        return NULL;
    }
    block = (size_t *)malloc(size + 16);
    if (block == NULL) return NULL;
    __atomic_add_fetch(&fuzz_memory.blocks, 1, __ATOMIC_SEQ_CST);
    block[0] = size;
    return block + 2;
}

static void fuzz_free(void *ctx, void *bytes, size_t size) {
    size_t *block = (size_t *)bytes - 2;
    (void)ctx;
    FUZZ_CHECK(block[0] == size);
    __atomic_sub_fetch(&fuzz_memory.blocks, 1, __ATOMIC_SEQ_CST);
    free(block);
}

static void *fuzz_realloc(void *ctx, void *bytes, size_t old_size, size_t new_size) {
    void *moved = fuzz_alloc(ctx, new_size);
    if (moved == NULL) return NULL;
    memcpy(moved, bytes, old_size < new_size ? old_size : new_size);
    fuzz_free(ctx, bytes, old_size);
    return moved;
}

static const confiture_allocator fuzz_allocator = {fuzz_alloc, fuzz_realloc, fuzz_free, NULL};

/* fail_at: the call that gets nothing, from 1; 0: none. */
static void fuzz_memory_arm(int fail_at) {
    fuzz_memory.calls = 0;
    fuzz_memory.failed = 0;
    fuzz_memory.fail_at = fail_at;
}

#endif
