/* The allocator, buffers, arenas and lists at their limits: memory.c, and what list.c and
 * path.c make of a buffer that cannot grow. */

#include "../chest/memory.h"
#include "../chest/tree.h"

SUITE(memory, tree_suite_begins, tree_suite_ends);

#define MEMORY_LARGE ((size_t)2 << 20) /* a large page */

/* An allocator that lacks one of its functions cannot be used, whatever is called. */
static void memory_test_incomplete(int lacks) {
    static const char *const paths[] = {"a.sql", "b.sql", "c.sql"};
    confiture_find_options find;
    confiture_build_options build;
    confiture_hash_options hash;
    confiture_allocator allocator;
    confiture_schema schemas[3];
    confiture_files *files = NULL, *wrong = NULL;
    confiture_digest digest;
    confiture_pool *pool = NULL;
    confiture_sink sink;
    confiture_error error;
    memory m;
    memory_init(&m);
    memset(&find, 0, sizeof find);
    memset(&build, 0, sizeof build);
    memset(&hash, 0, sizeof hash);
    memset(schemas, 0, sizeof schemas);
    memset(&sink, 0, sizeof sink);
    allocator = m.allocator;
    if (lacks == 0) allocator.alloc = NULL;
    if (lacks == 1) allocator.realloc = NULL;
    if (lacks == 2) allocator.free = NULL;
    CHECK(confiture_files_from_paths(&files, NULL, 0, NULL, NULL) == CONFITURE_OK);
    find.run.allocator = build.run.allocator = hash.run.allocator = &allocator;
    CHECK(confiture_find(&wrong, ".", &find, &error) == CONFITURE_E_ARGUMENT && wrong == NULL);
    CHECK(confiture_files_from_paths(&wrong, paths, 1, &find, &error) == CONFITURE_E_ARGUMENT);
    CHECK(confiture_hash(&digest, files, &hash, &error) == CONFITURE_E_ARGUMENT);
    CHECK_STR(error.message, "an allocator must be given, with alloc, realloc and free");
    CHECK(confiture_build(schemas, files, &build, &error) == CONFITURE_E_ARGUMENT);
    CHECK_STR(error.message, "an allocator must be given, with alloc, realloc and free");
    CHECK(confiture_build_split(schemas, files, &build, NULL) == CONFITURE_E_ARGUMENT);
    CHECK(confiture_build_sink(schemas, &sink, files, &build, NULL) == CONFITURE_E_ARGUMENT);
    CHECK(confiture_build_file(schemas, "a.sql", files, &build, &error) == CONFITURE_E_ARGUMENT);
    CHECK_STR(error.message, "an allocator must be given, with alloc, realloc and free");
    CHECK(confiture_build_split_files(schemas, paths, files, &build, NULL) == CONFITURE_E_ARGUMENT);
    CHECK(confiture_pool_create(&pool, 2, &allocator, &error) == CONFITURE_E_ARGUMENT);
    CHECK_STR(error.message, "an allocator must be given, with alloc, realloc and free");
    CHECK(pool == NULL && m.calls == 0 && memory_is_clean(&m));
    build.run.io = CONFITURE_IO_RING;
    CHECK(cfti_ring_acquire(&build.run, 1000) == NULL);
    confiture_files_free(files);
}

TEST(memory, incomplete_allocator_is_refused) {
    int i;
    for (i = 0; i < 3; i++) memory_test_incomplete(i);
}

TEST(memory, default) {
    confiture_allocator allocator;
    volatile size_t too_much = SIZE_MAX / 2 + 1; /* volatile: compilers know that none has it */
    uint8_t *block;
    CHECK(cfti_allocator_choose(&allocator, NULL));
    CHECK(allocator.alloc(NULL, too_much) == NULL);
    block = (uint8_t *)allocator.alloc(NULL, 100);
    memset(block, 7, 100);
    CHECK(allocator.realloc(NULL, block, 100, too_much) == NULL);
    block = (uint8_t *)allocator.realloc(NULL, block, 100, 3 * MEMORY_LARGE);
    CHECK(block != NULL && block[0] == 7 && block[99] == 7);
    block[3 * MEMORY_LARGE - 1] = 1;
    allocator.free(NULL, block, 3 * MEMORY_LARGE);
    block = (uint8_t *)allocator.alloc(NULL, 5 * MEMORY_LARGE);
    if (CHECK(block != NULL)) {
        /* One page that starts where a large one would, but is none. */
        uint8_t *aligned = block + MEMORY_LARGE - (size_t)((uintptr_t)block % MEMORY_LARGE);
        cfti_os_advise_large(aligned, 100);
        aligned[0] = 1;
    }
    allocator.free(NULL, block, 5 * MEMORY_LARGE);
}

/* Whole large pages, less what malloc() puts before a block; small sizes are as they were. */
TEST(memory, large_sizes) {
    const size_t page = MEMORY_LARGE, least = 128 * 4096;
    size_t size;
    CHECK(cfti_large_size(0) == 0 && cfti_large_size(least - 1) == least - 1);
    CHECK(cfti_large_size(least) == page - 4096);
    CHECK(cfti_large_size(page - 4096) == page - 4096);
    CHECK(cfti_large_size(page - 4095) == 2 * page - 4096);
    for (size = least; size < 9 * page; size += 999) {
        size_t large = cfti_large_size(size);
        CHECK_QUIET(large >= size && large - size < page && (large + 4096) % page == 0);
    }
    CHECK(cfti_large_size(SIZE_MAX / 2 + 1) == SIZE_MAX / 2 + 1);
    CHECK(cfti_large_size(SIZE_MAX) == SIZE_MAX);
}

TEST(memory, grow) {
    void *items = NULL;
    size_t capacity = 0, count;
    memory m;
    memory_init(&m);
    for (count = 0; count < 300; count++) {
        size_t before = capacity;
        CHECK_QUIET(cfti_grow(&m.allocator, &items, &capacity, count, 8));
        CHECK_QUIET(capacity > count && (capacity == before || count == before));
        memset((char *)items + 8 * count, 'x', 8);
    }
    CHECK(capacity == 512 && m.calls == 4); /* 64, 128, 256, 512 */
    memory_arm(&m, 1, true);
    CHECK(!cfti_grow(&m.allocator, &items, &capacity, 512, 8) && capacity == 512);
    CHECK(((char *)items)[8 * 299] == 'x');
    cfti_free(&m.allocator, items, capacity * 8);
    /* Where the size itself would overflow, nobody is asked. */
    memory_arm(&m, 0, false);
    capacity = SIZE_MAX / 16 + 1;
    items = NULL;
    CHECK(!cfti_grow(&m.allocator, &items, &capacity, capacity, 8) && m.calls == 0);
    capacity = 31, count = 31;
    CHECK(cfti_grow(&m.allocator, &items, &capacity, count, 8) && capacity == 64);
    cfti_free(&m.allocator, items, capacity * 8);
    items = NULL, capacity = 32;
    CHECK(cfti_grow(&m.allocator, &items, &capacity, capacity, 8) && capacity == 64);
    cfti_free(&m.allocator, items, capacity * 8);
    CHECK(memory_is_clean(&m));
}

TEST(memory, buffer) {
    cfti_buffer buffer;
    memory m;
    memory_init(&m);
    memset(&buffer, 0, sizeof buffer);
    buffer.allocator = m.allocator;
    CHECK(cfti_buffer_reserve(&buffer, 0) && m.calls == 0);
    CHECK(cfti_buffer_append(&buffer, "", 0) && m.calls == 0 && buffer.data == NULL);
    CHECK(cfti_buffer_reserve(&buffer, 1) && buffer.capacity == 256 && buffer.size == 0);
    CHECK(cfti_buffer_reserve(&buffer, 256) && m.calls == 1);
    memset(buffer.data, 'a', 256);
    buffer.size = 256;
    CHECK(cfti_buffer_append(&buffer, "b", 1) && buffer.size == 257);
    CHECK(buffer.capacity == 384 && buffer.data[255] == 'a' && buffer.data[256] == 'b');
    CHECK(cfti_buffer_reserve(&buffer, 1000) && buffer.capacity == 1257); /* no less than asked */
    CHECK(!cfti_buffer_reserve(&buffer, SIZE_MAX - 256) && m.calls == 3);
    CHECK(!cfti_buffer_reserve(&buffer, SIZE_MAX - 257)); /* no memory has so much */
    CHECK(buffer.size == 257 && buffer.capacity == 1257 && buffer.data[256] == 'b');
    /* Large: into whole large pages, and what was there comes along. */
    CHECK(cfti_buffer_reserve(&buffer, (size_t)3 << 20));
    CHECK(buffer.capacity == 2 * MEMORY_LARGE - 4096 && buffer.data[256] == 'b');
    memory_arm(&m, 1, true);
    CHECK(!cfti_buffer_reserve(&buffer, (size_t)9 << 20) && buffer.data[255] == 'a');
    cfti_buffer_free(&buffer);
    CHECK(buffer.data == NULL && buffer.size == 0 && buffer.capacity == 0);
    memory_arm(&m, 0, false);
    CHECK(cfti_buffer_reserve(&buffer, (size_t)3 << 20) && buffer.size == 0);
    cfti_buffer_free(&buffer);
    CHECK(memory_is_clean(&m));
    /* A buffer of more than half of all there is does not ask for half as much again. */
    memory_arm(&m, 0, false);
    buffer.capacity = buffer.size = SIZE_MAX / 2 + 10;
    CHECK(!cfti_buffer_reserve(&buffer, 1) && m.calls == 1);
}

TEST(memory, arena) {
    cfti_arena arena;
    cfti_block *block;
    uint8_t *a, *b;
    size_t used;
    memory m;
    memory_init(&m);
    memset(&arena, 0, sizeof arena);
    arena.allocator = m.allocator;
    arena.block_size = 1000;
    cfti_arena_align(&arena);
    cfti_arena_reset(&arena);
    cfti_arena_rewind(&arena, NULL, 0);
    CHECK(arena.first == NULL && m.calls == 0 && cfti_arena_capacity(&arena) == 0);
    CHECK(cfti_arena_reserve(&arena, SIZE_MAX - 100) == NULL && m.calls == 0);
    a = (uint8_t *)cfti_arena_alloc(&arena, 1);
    b = (uint8_t *)cfti_arena_alloc(&arena, 17);
    CHECK(b == a + 16 && arena.first->used == 48 && m.blocks == 1);
    a = cfti_arena_reserve(&arena, 3);
    cfti_arena_commit_text(&arena, 3);
    CHECK(a == b + 32 && arena.first->used == 51);
    cfti_arena_align(&arena);
    CHECK(arena.first->used == 64);
    a = (uint8_t *)cfti_arena_alloc(&arena, 936); /* all that is left */
    CHECK(m.blocks == 1 && arena.first->used == 1000 && cfti_arena_capacity(&arena) == 0);
    memset(a, 'x', 936);
    block = arena.first;
    a = (uint8_t *)cfti_arena_alloc(&arena, 1);
    CHECK(m.blocks == 2 && arena.first != block && arena.first->next == block);
    used = arena.first->used;
    block = arena.first;
    (void)cfti_arena_alloc(&arena, 5000); /* larger than a block: with room to spare */
    CHECK(m.blocks == 3 && arena.first->capacity == 6000);
    (void)cfti_arena_alloc(&arena, 6000);
    CHECK(m.blocks == 4);
    cfti_arena_rewind(&arena, block, used); /* the newest stays */
    CHECK(m.blocks == 3 && arena.first->next == block && arena.first->used == 0);
    CHECK(arena.first->capacity == 7000);
    (void)cfti_arena_alloc(&arena, 50);
    cfti_arena_rewind(&arena, arena.first, 16);
    CHECK(m.blocks == 3 && arena.first->used == 16);
    cfti_arena_reset(&arena); /* the largest stays */
    CHECK(m.blocks == 1 && arena.first->capacity == 7000 && arena.first->used == 0);
    CHECK(arena.first->next == NULL);
    memory_arm(&m, 1, true);
    CHECK(cfti_arena_alloc(&arena, 7001) == NULL && m.blocks == 1);
    CHECK(cfti_arena_alloc(&arena, 7000) != NULL);
    cfti_arena_free(&arena);
    CHECK(arena.first == NULL && memory_is_clean(&m));
}

/* The last run of an arena may be rounded up no further than its end. */
TEST(memory, arena_end) {
    cfti_arena arena;
    memory m;
    memory_init(&m);
    memset(&arena, 0, sizeof arena);
    arena.allocator = m.allocator;
    arena.block_size = 30;
    (void)cfti_arena_alloc(&arena, 20);
    CHECK(arena.first->used == 30 && arena.first->capacity == 30);
    cfti_arena_free(&arena);
    (void)cfti_arena_reserve(&arena, 29);
    cfti_arena_commit_text(&arena, 29);
    cfti_arena_align(&arena);
    CHECK(arena.first->used == 30);
    cfti_arena_free(&arena);
    CHECK(memory_is_clean(&m));
}

TEST(memory, lists) {
    confiture_files *files;
    memory m;
    memory_init(&m);
    CHECK(cfti_files_create(&files, &m.allocator, NULL) == CONFITURE_OK);
    CHECK(!cfti_files_grow(files, SIZE_MAX / sizeof(cfti_file) + 1) && m.calls == 1);
    CHECK(!cfti_files_reserve(files, SIZE_MAX / 2 / sizeof(cfti_file) + 1, 0) && m.calls == 1);
    CHECK(!cfti_files_reserve(files, 1, SIZE_MAX / 2 - 1) && m.calls == 1);
    /* More bytes than half of all: with the items behind them the sum would come out small. */
    CHECK(!cfti_files_reserve(files, 100, SIZE_MAX - 50) && m.calls == 1);
    CHECK(cfti_files_string(files, "x", UINT32_MAX / 2, false, "", 0) == NULL);
    CHECK(cfti_files_string(files, "", 0, false, "x", UINT32_MAX / 2) == NULL && m.calls == 1);
    CHECK(cfti_files_reserve(files, 2, 10) && files->capacity == 2 && files->is_together);
    CHECK(cfti_files_add(files, "d", 1, "a", 1, CFTI_KIND_FILE));
    CHECK(cfti_files_add(files, ".", 1, "b", 1, CFTI_KIND_FILE));
    CHECK(m.calls == 2);
    memory_arm(&m, 1, true);
    CHECK(!cfti_files_reserve(files, 1, 100000)); /* bytes */
    CHECK(!cfti_files_reserve(files, 1, 0));      /* items */
    CHECK(!cfti_files_add(files, "/", 1, "c", 1, CFTI_KIND_FILE) && files->count == 2);
    memory_arm(&m, 0, false);
    CHECK(cfti_files_add(files, "/", 1, "c", 1, CFTI_KIND_FILE) && !files->is_together);
    CHECK(cfti_files_add(files, "d/e", 3, "", 0, CFTI_KIND_FILE) && files->count == 4);
    CHECK_STR(files->items[0].path, "d/a");
    CHECK_STR(files->items[1].path, "b");
    CHECK_STR(files->items[2].path, "/c");
    CHECK_STR(files->items[3].path, "d/e");
    CHECK(files->items[0].leaf == 2 && files->items[1].leaf == 0);
    CHECK(files->items[2].leaf == 1 && files->items[3].leaf == 2);
    CHECK(cfti_files_reserve(files, 12, 0) && files->capacity == 16);
    CHECK(cfti_files_reserve(files, 13, 0) && files->capacity == 24); /* half as many again */
    confiture_files_free(files);
    CHECK(memory_is_clean(&m));
}

/* Everything that puts a path, a template or a message together, with a buffer that needs
 * to grow at each of its bytes, and cannot. */
typedef bool memory_text_call(cfti_buffer *out, const char *text);

static bool memory_clean_path(cfti_buffer *out, const char *text) {
    return cfti_path_clean(out, text, strlen(text));
}
static bool memory_absolute_path(cfti_buffer *out, const char *text) {
    return cfti_path_absolute(out, text) == 0;
}
static bool memory_resolve_path(cfti_buffer *out, const char *text) {
    return cfti_path_resolve(out, text) == 0;
}
static bool memory_resolve_link(cfti_buffer *out, const char *text) {
    char path[1000];
    strcpy(path, "link/");
    strcat(path, text);
    return cfti_path_resolve(out, path) == 0;
}
static bool memory_template(cfti_buffer *out, const char *text) {
    const char *why = cfti_template_compile(out, text);
    CHECK_QUIET(why == NULL || why == cfti_no_memory);
    return why == NULL;
}
static bool memory_temporary(cfti_buffer *out, const char *text) {
    cfti_target target;
    int error;
    memset(&target, 0, sizeof target);
    target.temporary.allocator = target.directory.allocator = out->allocator;
    out->size = 0;
    if (!cfti_buffer_append(out, "t/", 2) || !cfti_buffer_append(out, text, strlen(text)) ||
        !cfti_buffer_append(out, "/out.sql", 9))
        return false;
    target.real = *out;
    error = cfti_target_prepare(&target, false, false);
    CHECK_QUIET(error == ENOMEM || error == ENOENT); /* there is no such directory */
    CHECK_QUIET(target.temporary.size == 0);
    cfti_buffer_free(&target.temporary);
    cfti_buffer_free(&target.directory);
    return error == ENOENT;
}

TEST(memory, texts) {
    static memory_text_call *const calls[] = {memory_clean_path,   memory_absolute_path,
                                              memory_resolve_path, memory_resolve_link,
                                              memory_template,     memory_temporary};
    char text[300];
    size_t i, length, n;
    memory m;
    TREE_NEEDS("symbolic links");
    memory_init(&m);
    tree_link("link", "d");
    for (i = 0; i < TREE_COUNT(calls); i++) {
        for (length = 180; length < 262; length++) {
            memset(text, 'a', length);
            text[100] = '/';
            text[length - 2] = '/';
            text[length] = '\0';
            for (n = 1; n < 20; n++) {
                cfti_buffer out;
                bool good;
                memset(&out, 0, sizeof out);
                out.allocator = m.allocator;
                memory_arm(&m, n, true);
                good = calls[i](&out, text);
                cfti_buffer_free(&out);
                if (!CHECK_QUIET(good != m.failed && memory_is_clean(&m)))
                    runs_note("call, length, allocation", (int)i, (int)length, (int)n);
                if (!m.failed) break;
            }
            CHECK_QUIET(n > 1 && n < 20);
        }
    }
    tree_remove("link");
}

TEST(memory, block_cache) {
#if !defined(CONFITURE_NO_THREADS)
    cfti_block_cache cache;
    memory m;
    char *a, *b, *c, *d;
    memory_init(&m);
    memset(&cache, 0, sizeof cache);
    cfti_block_cache_close(&cache); /* one that was never opened */
    CHECK(cfti_block_cache_open(&cache, &m.allocator));
    a = (char *)cfti_block_cache_alloc(&cache, 2047);
    memset(a, 'x', 2047);
    a = (char *)cfti_block_cache_realloc(&cache, a, 2047,
                                         2048); /* from the one kind to the other */
    CHECK(a[0] == 'x' && a[2046] == 'x' && m.blocks == 1);
    a[2047] = 'y';
    a = (char *)cfti_block_cache_realloc(&cache, a, 2048, 2047);
    CHECK(a[0] == 'x' && a[2046] == 'x' && cache.count == 1 && m.blocks == 2);
    a = (char *)cfti_block_cache_realloc(&cache, a, 2047, 10);
    CHECK(a[0] == 'x' && a[9] == 'x');
    cfti_block_cache_free(&cache, a, 10);
    /* One that is more than twice as large is left alone; of the others the smallest goes. */
    a = (char *)cfti_block_cache_alloc(&cache, 4098);
    b = (char *)cfti_block_cache_alloc(&cache, 3000);
    cfti_block_cache_free(&cache, cfti_block_cache_alloc(&cache, 2048), 2048); /* kept above */
    cfti_block_cache_free(&cache, b, 3000);
    cfti_block_cache_free(&cache, a, 4098);
    CHECK(cache.count == 3 && cache.bytes == 2048 + 3000 + 4098);
    CHECK(cfti_block_cache_alloc(&cache, 2900) == b && cache.bytes == 2048 + 4098);
    c = (char *)cfti_block_cache_alloc(&cache, 2048);
    CHECK(c != a && cache.count == 1);
    d = (char *)cfti_block_cache_alloc(&cache, 2048);
    CHECK(d != a && cache.count == 1);
    CHECK(cfti_block_cache_alloc(&cache, 2049) == a && cache.count == 0 && cache.bytes == 0);
    CHECK(cfti_block_cache_realloc(&cache, a, 2049, 4098) == a);
    cfti_block_cache_free(&cache, a, 4098);
    cfti_block_cache_free(&cache, b, 2900);
    cfti_block_cache_free(&cache, c, 2048);
    cfti_block_cache_free(&cache, d, 2048);
    cfti_block_cache_close(&cache);
    CHECK(memory_is_clean(&m));
#endif
}
