/* ---- sha256/sha256.c: SHA-256 (FIPS 180-4) of one message, as it comes ---- */

/* The size of a stream that received NULL for bytes: it has no digest. */
#define CFTI_SHA256_SPOILED UINT64_MAX

static void cfti_sha256_store(uint8_t digest[32], const uint32_t state[8]) {
    size_t i;
    for (i = 0; i < 8; i++) cfti_store_be32(digest + 4 * i, state[i]);
}

CONFITURE_API void confiture_sha256_init(confiture_sha256 *sha) {
    if (sha == NULL) return;
    sha->state[0] = 0x6a09e667;
    sha->state[1] = 0xbb67ae85;
    sha->state[2] = 0x3c6ef372;
    sha->state[3] = 0xa54ff53a;
    sha->state[4] = 0x510e527f;
    sha->state[5] = 0x9b05688c;
    sha->state[6] = 0x1f83d9ab;
    sha->state[7] = 0x5be0cd19;
    sha->size = 0;
}

CONFITURE_API void confiture_sha256_update(confiture_sha256 *sha, const void *data, size_t size) {
    const uint8_t *p = (const uint8_t *)data;
    size_t used;

    if (size == 0 || sha == NULL) return; /* memcpy() of a NULL is undefined for 0 bytes as well */
    if (CFTI_UNLIKELY(p == NULL || sha->size == CFTI_SHA256_SPOILED)) {
        sha->size = CFTI_SHA256_SPOILED;
        return;
    }
    used = (size_t)(sha->size & 63);
    sha->size += size;
    if (used != 0) {
        size_t capacity = 64 - used;
        if (size < capacity) {
            memcpy(sha->block + used, p, size);
            return;
        }
        memcpy(sha->block + used, p, capacity);
        cfti_sha256_blocks(sha->state, sha->block, 1);
        p += capacity;
        size -= capacity;
    }
    if (size >= 64) {
        cfti_sha256_blocks(sha->state, p, size / 64);
        p += size & ~(size_t)63;
        size &= 63;
    }
    if (size != 0) memcpy(sha->block, p, size);
}

CONFITURE_API void confiture_sha256_final(confiture_sha256 *sha, uint8_t digest[32]) {
    uint8_t tail[128];
    size_t used, size;
    uint64_t bits;

    if (digest == NULL || sha == NULL) return;
    if (sha->size == CFTI_SHA256_SPOILED) {
        memset(digest, 0, 32);
        return;
    }
    used = (size_t)(sha->size & 63);
    size = used < 56 ? 64 : 128;
    bits = sha->size << 3;
    memset(tail, 0, sizeof tail);
    memcpy(tail, sha->block, used);
    tail[used] = 0x80;
    cfti_store_be32(tail + size - 8, (uint32_t)(bits >> 32));
    cfti_store_be32(tail + size - 4, (uint32_t)bits);
    cfti_sha256_blocks(sha->state, tail, size / 64);
    cfti_sha256_store(digest, sha->state);
}

CONFITURE_API void confiture_sha256_once(const void *data, size_t size, uint8_t digest[32]) {
    confiture_sha256 sha;
    confiture_sha256_init(&sha);
    confiture_sha256_update(&sha, data, size);
    confiture_sha256_final(&sha, digest);
}

CONFITURE_API void confiture_sha256_hex(const uint8_t digest[32], char hex[65]) {
    static const char digits[] = "0123456789abcdef";
    size_t i;
    if (digest == NULL || hex == NULL) return;
    for (i = 0; i < 32; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[64] = '\0';
}
