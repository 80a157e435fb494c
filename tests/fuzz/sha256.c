/* sha256.c: every kernel, split updates, and many messages at once.
 * Input: four bytes (how it is cut, how many messages, how far from alignment), the message. */
#include "fuzz.h"

/* FIPS 180-4, section 6.2, line by line. */
FUZZ_SLOW static uint32_t slow_ror(uint32_t x, unsigned n) { return x >> n | x << (32 - n); }

FUZZ_SLOW static void slow_sha256(const uint8_t *p, size_t size, uint8_t digest[32]) {
    static const uint32_t k[64] = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
        0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
        0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
        0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
        0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
        0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
        0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
        0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
        0xc67178f2};
    uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    size_t blocks = (size + 9 + 63) / 64, b, i;
    for (b = 0; b < blocks; b++) {
        uint32_t w[64], v[8];
        for (i = 0; i < 64; i++) {
            size_t at = 64 * b + i;
            uint8_t byte = 0;
            if (at < size) byte = p[at];
            else if (at == size) byte = 0x80;
            else if (b + 1 == blocks && i >= 56)
                byte = (uint8_t)((uint64_t)size * 8 >> 8 * (63 - i));
            if (i % 4 == 0) w[i / 4] = 0;
            w[i / 4] = w[i / 4] << 8 | byte;
        }
        for (i = 16; i < 64; i++) {
            uint32_t x = w[i - 15], y = w[i - 2];
            w[i] = w[i - 16] + (slow_ror(x, 7) ^ slow_ror(x, 18) ^ x >> 3) + w[i - 7] +
                   (slow_ror(y, 17) ^ slow_ror(y, 19) ^ y >> 10);
        }
        memcpy(v, h, sizeof v);
        for (i = 0; i < 64; i++) {
            uint32_t a = v[0], e = v[4];
            uint32_t t1 = v[7] + (slow_ror(e, 6) ^ slow_ror(e, 11) ^ slow_ror(e, 25)) +
                          ((e & v[5]) ^ (~e & v[6])) + k[i] + w[i];
            uint32_t t2 = (slow_ror(a, 2) ^ slow_ror(a, 13) ^ slow_ror(a, 22)) +
                          ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
            memmove(v + 1, v, 7 * sizeof v[0]);
            v[4] += t1;
            v[0] = t1 + t2;
        }
        for (i = 0; i < 8; i++) h[i] += v[i];
    }
    for (i = 0; i < 32; i++) digest[i] = (uint8_t)(h[i / 4] >> 8 * (3 - i % 4));
}

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
