/* driver_hooks.h: what the driver gives to the library: an allocator with accounts, and threads. */

#include "../chest/memory.h"

static memory driver_memory;

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
