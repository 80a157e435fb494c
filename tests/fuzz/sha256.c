/* sha256.c: every kernel, split updates, and many messages at once.
 * Input: four bytes (how it is cut, how many messages, how far from alignment), the message. */
#include "fuzz.h"

#include "slow_sha256.h"

static void sha_split(const uint8_t *p, size_t n, uint32_t cut, const uint8_t wanted[32]) {
    confiture_sha256 sha;
    uint8_t digest[32];
    confiture_sha256_init(&sha);
    while (n > 0) {
        size_t size = fuzz_piece(&cut, n);
        confiture_sha256_update(&sha, p, size);
        p += size;
        n -= size;
    }
    confiture_sha256_final(&sha, digest);
    FUZZ_CHECK(memcmp(digest, wanted, 32) == 0);
}

#define SHA_MESSAGES 12

/* Messages that are parts of the input, so that their lengths differ. */
static void sha_many(const uint8_t *p, size_t n, size_t count, uint32_t cut) {
    const uint8_t *messages[SHA_MESSAGES];
    size_t sizes[SHA_MESSAGES], i;
    uint8_t digests[SHA_MESSAGES][32], wanted[32];
    for (i = 0; i < count; i++) {
        size_t skip = n == 0 ? 0 : fuzz_piece(&cut, n) - 1;
        messages[i] = p + skip;
        sizes[i] = n == 0 ? 0 : n - skip < 200 ? n - skip : fuzz_piece(&cut, n - skip);
    }
    cfti_sha256_many(messages, sizes, count, digests);
    for (i = 0; i < count; i++) {
        slow_sha256(messages[i], sizes[i], wanted);
        FUZZ_CHECK(memcmp(digests[i], wanted, 32) == 0);
    }
}

static void sha_check(const uint8_t *p, size_t n, uint32_t cut, size_t count) {
    static int detected;
    uint8_t wanted[32], digest[32];
    int kernel, portable;
    if (detected == 0) detected = (int)cfti_cpu_features();
    portable = detected & ~0xFF; /* the features are the low bits */
    slow_sha256(p, n, wanted);
    for (kernel = 0; kernel < 2; kernel++) {
        if (kernel == 1 && detected == portable) break;
        cfti_cpu_mask = kernel == 0 ? portable : detected;
        confiture_sha256_once(p, n, digest);
        FUZZ_CHECK(memcmp(digest, wanted, 32) == 0);
        sha_split(p, n, cut, wanted);
        /* Without lanes it is a loop around the first. */
        if (kernel == 1 || (cut & 15) == 0) sha_many(p, n, count, cut);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *copy;
    size_t off;
    if (size < 4 || size > 1 << 14) return 0;
    off = data[3] & 15u;
    copy = (uint8_t *)malloc(off + size - 4 + 1);
    if (copy == NULL) abort();
    memcpy(copy + off + 1, data + 4, size - 4); /* to the end of the block, at any alignment */
    sha_check(copy + off + 1, size - 4, (uint32_t)data[0] << 8 | data[1],
              data[2] % (SHA_MESSAGES + 1u));
    free(copy);
    return 0;
}

#if defined(FUZZ_MAIN)
static void fuzz_answer(const fuzz_row *row) {
    uint8_t digest[32];
    char hex[65];
    if (!fuzz_row_is(row, "sha256")) return;
    slow_sha256((const uint8_t *)row->a, row->a_size, digest);
    confiture_sha256_hex(digest, hex);
    FUZZ_CHECK(fuzz_row_wants(row, "%s", hex));
    sha_check((const uint8_t *)row->a, row->a_size, (uint32_t)row->a_size * 7, 9);
}
#endif
