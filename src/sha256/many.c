/* ---- sha256/many.c: many messages at once ---- */

/* A message in progress: its whole blocks, then the rest with the padding. */
typedef struct cfti_sha256_lane {
    size_t message;
    size_t blocks;      /* still to be hashed, from the lane's pointer on */
    size_t tail_blocks; /* 1 or 2; 0 once the lane has reached them */
    uint8_t tail[128];
} cfti_sha256_lane;

/* Starts a message in a lane. */
static void cfti_sha256_lane_begin(cfti_sha256_lane *lane, uint32_t state[8], const uint8_t **p,
                                   size_t message, const uint8_t *data, size_t size) {
    confiture_sha256 start;
    size_t rest = size & 63;
    uint64_t bits = (uint64_t)size << 3;
    confiture_sha256_init(&start);
    memcpy(state, start.state, sizeof(start.state));
    lane->message = message;
    lane->blocks = size / 64;
    lane->tail_blocks = rest < 56 ? 1 : 2;
    memset(lane->tail, 0, 64 * lane->tail_blocks);
    if (rest > 0) memcpy(lane->tail, data + (size - rest), rest);
    lane->tail[rest] = 0x80;
    cfti_store_be32(lane->tail + 64 * lane->tail_blocks - 8, (uint32_t)(bits >> 32));
    cfti_store_be32(lane->tail + 64 * lane->tail_blocks - 4, (uint32_t)bits);
    *p = data;
    if (lane->blocks == 0) {
        *p = lane->tail;
        lane->blocks = lane->tail_blocks;
        lane->tail_blocks = 0;
    }
}

/* Moves on by n hashed blocks. False: the message is complete. */
static bool cfti_sha256_lane_advance(cfti_sha256_lane *lane, const uint8_t **p, size_t n) {
    lane->blocks -= n;
    *p += 64 * n;
    if (lane->blocks > 0) return true;
    if (lane->tail_blocks == 0) return false;
    *p = lane->tail;
    lane->blocks = lane->tail_blocks;
    lane->tail_blocks = 0;
    return true;
}

/* The same as: for each i, confiture_sha256_once(messages[i], sizes[i], digests[i]). */
static void cfti_sha256_many(const uint8_t *const *messages, const size_t *sizes, size_t count,
                             uint8_t (*digests)[32]) {
    cfti_sha256_lane lanes[CFTI_SHA256_LANES];
    uint32_t states[CFTI_SHA256_LANES][8];
    const uint8_t *p[CFTI_SHA256_LANES];
    size_t next = 0, i, n;
    const cfti_sha256_kernel *kernel = cfti_sha256_kernel_choose();
    bool full = count >= CFTI_SHA256_LANES && kernel->lanes != NULL;
    if (!full) {
        for (; next < count; next++)
            confiture_sha256_once(messages[next], sizes[next], digests[next]);
        return;
    }
    for (i = 0; i < CFTI_SHA256_LANES; i++, next++)
        cfti_sha256_lane_begin(&lanes[i], states[i], &p[i], next, messages[next], sizes[next]);
    while (full) {
        n = lanes[0].blocks;
        for (i = 1; i < CFTI_SHA256_LANES; i++) n = cfti_min(n, lanes[i].blocks);
        kernel->lanes(states, p, n);
        for (i = 0; i < CFTI_SHA256_LANES; i++) {
            if (cfti_sha256_lane_advance(&lanes[i], &p[i], n)) continue;
            cfti_sha256_store(digests[lanes[i].message], states[i]);
            if (next == count) {
                full = false; /* the others go on alone */
                continue;
            }
            cfti_sha256_lane_begin(&lanes[i], states[i], &p[i], next, messages[next], sizes[next]);
            next++;
        }
    }
    for (i = 0; i < CFTI_SHA256_LANES; i++) {
        while (lanes[i].blocks > 0) {
            n = lanes[i].blocks;
            kernel->blocks(states[i], p[i], n);
            if (!cfti_sha256_lane_advance(&lanes[i], &p[i], n))
                cfti_sha256_store(digests[lanes[i].message], states[i]);
        }
    }
}
