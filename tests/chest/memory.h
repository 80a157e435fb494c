/* memory.h: an allocator that keeps accounts, and fails on request. */
#ifndef CONFITURE_CHEST_MEMORY_H
#define CONFITURE_CHEST_MEMORY_H

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct memory {
    pthread_mutex_t lock;
    confiture_allocator allocator;
    size_t blocks, bytes; /* that are out */
    size_t peak;          /* the most bytes that were */
    size_t calls;         /* to alloc and realloc */
    size_t fail_at;       /* the call that gets NULL, from 1; 0: none */
    bool fail_on;         /* and all calls after it */
    size_t budget;        /* bytes that may be out at a time; 0: any number */
    bool failed;
    bool wrong; /* a size was not the block's, or a block not ours */
} memory;

/* In front of every block, as large as the strictest alignment. */
typedef union memory_head {
    struct {
        size_t size;
        const memory *owner;
    } of;
    char alignment[32];
} memory_head;

/* What malloc() aligns its blocks to, at least: 8 bytes on some 32-bit systems, 16 elsewhere. */
typedef struct memory_strictest {
    char before;
    union {
        long double number;
        long long integer;
        void *pointer;
    } strictest;
} memory_strictest;
#define MEMORY_ALIGNMENT offsetof(memory_strictest, strictest)

/* The beginning is enough to show a mistake, and filling megabytes takes its time. */
static size_t memory_shown(size_t size) { return size < 4096 ? size : 4096; }

static memory_head *memory_head_of(void *block) { return (memory_head *)block - 1; }

static void *memory_alloc(void *ctx, size_t size) {
    memory *m = (memory *)ctx;
    memory_head *head = NULL;
    bool fails;
    (void)pthread_mutex_lock(&m->lock);
    m->calls++;
    fails = m->fail_at != 0 && (m->fail_on ? m->calls >= m->fail_at : m->calls == m->fail_at);
    fails |= m->budget != 0 && (size > m->budget || m->bytes > m->budget - size);
    if (fails) m->failed = true;
    if (size == 0) m->wrong = true; /* malloc(0) may return NULL, which is no failure */
    if (!fails && size < SIZE_MAX / 16) head = (memory_head *)malloc(sizeof *head + size);
    if (head != NULL) {
        m->blocks++;
        m->bytes += size;
        if (m->bytes > m->peak) m->peak = m->bytes;
    }
    (void)pthread_mutex_unlock(&m->lock);
    if (head == NULL) return NULL;
    head->of.size = size;
    head->of.owner = m;
    memset(head + 1, 0xA5, memory_shown(size)); /* nobody may think that it is zero */
    return head + 1;
}

static void memory_free(void *ctx, void *block, size_t size) {
    memory *m = (memory *)ctx;
    memory_head *head = memory_head_of(block);
    (void)pthread_mutex_lock(&m->lock);
    if (head->of.size != size || head->of.owner != m) m->wrong = true;
    m->blocks--;
    m->bytes -= head->of.size;
    (void)pthread_mutex_unlock(&m->lock);
    memset(head + 1, 0x5A, memory_shown(size));
    free(head);
}

/* Always moves: a pointer that was kept shows. */
static void *memory_realloc(void *ctx, void *block, size_t old_size, size_t new_size) {
    void *moved = memory_alloc(ctx, new_size);
    if (moved == NULL) return NULL;
    memcpy(moved, block, old_size < new_size ? old_size : new_size);
    memory_free(ctx, block, old_size);
    return moved;
}

static void memory_init(memory *m) {
    memset(m, 0, sizeof *m);
    (void)pthread_mutex_init(&m->lock, NULL);
    m->allocator.alloc = memory_alloc;
    m->allocator.realloc = memory_realloc;
    m->allocator.free = memory_free;
    m->allocator.ctx = m;
}

/* From now on, the call number fail_at fails. */
static void memory_arm(memory *m, size_t fail_at, bool fail_on) {
    m->calls = 0;
    m->peak = m->bytes;
    m->fail_at = fail_at;
    m->fail_on = fail_on;
    m->failed = false;
}

/* Nothing is out, and nothing was done wrong. */
static bool memory_is_clean(const memory *m) {
    return m->blocks == 0 && m->bytes == 0 && !m->wrong;
}

#endif
