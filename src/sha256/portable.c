/* ---- sha256/portable.c: the SHA-256 compression function in plain C ---- */

static const uint32_t cfti_sha256_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

#define CFTI_SHA256_ROR(x, n) ((x) >> (n) | (x) << (32 - (n)))

/* One round. The caller renames the eight working variables instead of moving them: only d and h
 * change. Maj(a, b, c) is b ^ ((a ^ b) & (b ^ c)), and its b ^ c is the a ^ b of the round before,
 * passed in `bc`. */
#define CFTI_SHA256_ROUND(a, b, c, d, e, f, g, h, ab, bc, k, w)                                    \
    do {                                                                                           \
        h += (k) + (w);                                                                            \
        h += g ^ (e & (f ^ g));                                                                    \
        h += CFTI_SHA256_ROR(e, 6) ^ CFTI_SHA256_ROR(e, 11) ^ CFTI_SHA256_ROR(e, 25);              \
        d += h;                                                                                    \
        ab = a ^ b;                                                                                \
        h += CFTI_SHA256_ROR(a, 2) ^ CFTI_SHA256_ROR(a, 13) ^ CFTI_SHA256_ROR(a, 22);              \
        h += b ^ (ab & bc);                                                                        \
    } while (0)

/* Word i of the message schedule takes the place of word i - 16. */
#define CFTI_SHA256_LOAD(i) (w[i] = cfti_load_be32(p + 4 * (i)))
#define CFTI_SHA256_NEXT(i)                                                                        \
    (w[i] += w[((i) + 9) & 15] +                                                                   \
             (CFTI_SHA256_ROR(w[((i) + 1) & 15], 7) ^ CFTI_SHA256_ROR(w[((i) + 1) & 15], 18) ^     \
              w[((i) + 1) & 15] >> 3) +                                                            \
             (CFTI_SHA256_ROR(w[((i) + 14) & 15], 17) ^ CFTI_SHA256_ROR(w[((i) + 14) & 15], 19) ^  \
              w[((i) + 14) & 15] >> 10))

#define CFTI_SHA256_ROUNDS8(word, i)                                                               \
    do {                                                                                           \
        CFTI_SHA256_ROUND(a, b, c, d, e, f, g, h, x, y, k[(i) + 0], word((i) + 0));                \
        CFTI_SHA256_ROUND(h, a, b, c, d, e, f, g, y, x, k[(i) + 1], word((i) + 1));                \
        CFTI_SHA256_ROUND(g, h, a, b, c, d, e, f, x, y, k[(i) + 2], word((i) + 2));                \
        CFTI_SHA256_ROUND(f, g, h, a, b, c, d, e, y, x, k[(i) + 3], word((i) + 3));                \
        CFTI_SHA256_ROUND(e, f, g, h, a, b, c, d, x, y, k[(i) + 4], word((i) + 4));                \
        CFTI_SHA256_ROUND(d, e, f, g, h, a, b, c, y, x, k[(i) + 5], word((i) + 5));                \
        CFTI_SHA256_ROUND(c, d, e, f, g, h, a, b, x, y, k[(i) + 6], word((i) + 6));                \
        CFTI_SHA256_ROUND(b, c, d, e, f, g, h, a, y, x, k[(i) + 7], word((i) + 7));                \
    } while (0)

static void cfti_sha256_blocks_portable(uint32_t state[8], const uint8_t *p, size_t nblocks) {
    for (; nblocks != 0; nblocks--, p += 64) {
        uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
        uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
        uint32_t x, y = b ^ c;
        uint32_t w[16];
        const uint32_t *k = cfti_sha256_k;

        CFTI_SHA256_ROUNDS8(CFTI_SHA256_LOAD, 0);
        CFTI_SHA256_ROUNDS8(CFTI_SHA256_LOAD, 8);
        for (k += 16; k != cfti_sha256_k + 64; k += 16) {
            CFTI_SHA256_ROUNDS8(CFTI_SHA256_NEXT, 0);
            CFTI_SHA256_ROUNDS8(CFTI_SHA256_NEXT, 8);
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }
}
