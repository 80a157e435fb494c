/* many.h: the header's internal function for many messages at once, if it has one.
 *
 * BENCH_MANY comes from build.py, which looks for the function in confiture.h. This is
 * the only place that knows how it is called. */

#if defined(BENCH_MANY)
static void bench_many(const uint8_t *const *messages, const size_t *sizes, size_t count,
                       uint8_t (*digests)[32]) {
    cfti_sha256_many(messages, sizes, count, digests);
}
#else
static void bench_many(const uint8_t *const *messages, const size_t *sizes, size_t count,
                       uint8_t (*digests)[32]) {
    size_t i;
    for (i = 0; i < count; i++) confiture_sha256_once(messages[i], sizes[i], digests[i]);
}
#endif
