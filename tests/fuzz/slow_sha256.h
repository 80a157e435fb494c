/* slow_sha256.h: SHA-256 as the standard has it. */
#ifndef CONFITURE_FUZZ_SLOW_SHA256_H
#define CONFITURE_FUZZ_SLOW_SHA256_H

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

#endif
