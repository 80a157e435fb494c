/* ---- sha256/armv8.c: the SHA-256 compression function with ARMv8's instructions ---- */

#if CFTI_SIMD_ARM

#include <arm_neon.h>

/* Each compiler's name of the instruction set, unless it is on by default. */
#if defined(__ARM_FEATURE_SHA2)
#define CFTI_ARMV8_TARGET
#elif defined(__clang__)
#define CFTI_ARMV8_TARGET __attribute__((target("sha2")))
#else
#define CFTI_ARMV8_TARGET __attribute__((target("+crypto")))
#endif

/* Rounds i to i + 3, whose words are in m. */
#define CFTI_ARMV8_ROUNDS4(m, i)                                                                   \
    do {                                                                                           \
        wk = vaddq_u32(m, vld1q_u32(cfti_sha256_k + (i)));                                         \
        old = abcd;                                                                                \
        abcd = vsha256hq_u32(abcd, efgh, wk);                                                      \
        efgh = vsha256h2q_u32(efgh, old, wk);                                                      \
    } while (0)

/* The next four words of the message schedule replace m0, the oldest four of the last sixteen. */
#define CFTI_ARMV8_NEXT(m0, m1, m2, m3) (m0 = vsha256su1q_u32(vsha256su0q_u32(m0, m1), m2, m3))

#define CFTI_ARMV8_ROUNDS16(i)                                                                     \
    do {                                                                                           \
        CFTI_ARMV8_NEXT(m0, m1, m2, m3);                                                           \
        CFTI_ARMV8_ROUNDS4(m0, (i) + 0);                                                           \
        CFTI_ARMV8_NEXT(m1, m2, m3, m0);                                                           \
        CFTI_ARMV8_ROUNDS4(m1, (i) + 4);                                                           \
        CFTI_ARMV8_NEXT(m2, m3, m0, m1);                                                           \
        CFTI_ARMV8_ROUNDS4(m2, (i) + 8);                                                           \
        CFTI_ARMV8_NEXT(m3, m0, m1, m2);                                                           \
        CFTI_ARMV8_ROUNDS4(m3, (i) + 12);                                                          \
    } while (0)

/* Loaded as bytes, so that the caller's memory needs no alignment. */
#define CFTI_ARMV8_LOAD(p) vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(p)))

CFTI_ARMV8_TARGET static void cfti_sha256_blocks_armv8(uint32_t state[8], const uint8_t *p,
                                                       size_t nblocks) {
    uint32x4_t abcd = vld1q_u32(state), efgh = vld1q_u32(state + 4);
    uint32x4_t abcd_in, efgh_in, m0, m1, m2, m3, wk, old;

    for (; nblocks != 0; nblocks--, p += 64) {
        abcd_in = abcd;
        efgh_in = efgh;
        m0 = CFTI_ARMV8_LOAD(p);
        m1 = CFTI_ARMV8_LOAD(p + 16);
        m2 = CFTI_ARMV8_LOAD(p + 32);
        m3 = CFTI_ARMV8_LOAD(p + 48);
        CFTI_ARMV8_ROUNDS4(m0, 0);
        CFTI_ARMV8_ROUNDS4(m1, 4);
        CFTI_ARMV8_ROUNDS4(m2, 8);
        CFTI_ARMV8_ROUNDS4(m3, 12);
        CFTI_ARMV8_ROUNDS16(16);
        CFTI_ARMV8_ROUNDS16(32);
        CFTI_ARMV8_ROUNDS16(48);
        abcd = vaddq_u32(abcd, abcd_in);
        efgh = vaddq_u32(efgh, efgh_in);
    }
    vst1q_u32(state, abcd);
    vst1q_u32(state + 4, efgh);
}

/* ---- four messages at a time ---- */

/* The rounds of one message depend on each other; those of the four lanes, a to d, do not. */
#define CFTI_ARMV8_EACH(step, x, y, z, w)                                                          \
    step(a, 0, x, y, z, w);                                                                        \
    step(b, 1, x, y, z, w);                                                                        \
    step(c, 2, x, y, z, w);                                                                        \
    step(d, 3, x, y, z, w)

#define CFTI_ARMV8_LANE(l)                                                                         \
    uint32x4_t abcd##l, efgh##l, abcd_in##l, efgh_in##l, m0##l, m1##l, m2##l, m3##l, wk##l, old##l

#define CFTI_ARMV8_LANE_IN(l, lane, x, y, z, w)                                                    \
    abcd##l = vld1q_u32(states[lane]), efgh##l = vld1q_u32(states[lane] + 4)
#define CFTI_ARMV8_LANE_OUT(l, lane, x, y, z, w)                                                   \
    vst1q_u32(states[lane], abcd##l), vst1q_u32(states[lane] + 4, efgh##l)
#define CFTI_ARMV8_LANE_KEEP(l, lane, x, y, z, w) abcd_in##l = abcd##l, efgh_in##l = efgh##l
#define CFTI_ARMV8_LANE_ADD(l, lane, x, y, z, w)                                                   \
    abcd##l = vaddq_u32(abcd##l, abcd_in##l), efgh##l = vaddq_u32(efgh##l, efgh_in##l)

#define CFTI_ARMV8_LANE_ROUNDS4(l, lane, x, y, z, w)                                               \
    wk##l = vaddq_u32(m##x##l, k);                                                                 \
    old##l = abcd##l;                                                                              \
    abcd##l = vsha256hq_u32(abcd##l, efgh##l, wk##l);                                              \
    efgh##l = vsha256h2q_u32(efgh##l, old##l, wk##l)
#define CFTI_ARMV8_LANE_FIRST(l, lane, x, y, z, w)                                                 \
    m##x##l = CFTI_ARMV8_LOAD(p[lane] + at + 16 * (x))
#define CFTI_ARMV8_LANE_LATER(l, lane, x, y, z, w)                                                 \
    CFTI_ARMV8_NEXT(m##x##l, m##y##l, m##z##l, m##w##l)

/* Rounds i to i + 3 of all four. */
#define CFTI_ARMV8_X4(step, x, y, z, w, i)                                                         \
    do {                                                                                           \
        const uint32x4_t k = vld1q_u32(cfti_sha256_k + (i));                                       \
        CFTI_ARMV8_EACH(step, x, y, z, w);                                                         \
        CFTI_ARMV8_EACH(CFTI_ARMV8_LANE_ROUNDS4, x, y, z, w);                                      \
    } while (0)

#define CFTI_ARMV8_X4_ROUNDS16(step, i)                                                            \
    do {                                                                                           \
        CFTI_ARMV8_X4(step, 0, 1, 2, 3, (i) + 0);                                                  \
        CFTI_ARMV8_X4(step, 1, 2, 3, 0, (i) + 4);                                                  \
        CFTI_ARMV8_X4(step, 2, 3, 0, 1, (i) + 8);                                                  \
        CFTI_ARMV8_X4(step, 3, 0, 1, 2, (i) + 12);                                                 \
    } while (0)

/* The same as four calls of cfti_sha256_blocks_armv8() with nblocks each. */
CFTI_ARMV8_TARGET static void cfti_sha256_blocks4_armv8(uint32_t states[4][8],
                                                        const uint8_t *const p[4], size_t nblocks) {
    CFTI_ARMV8_LANE(a);
    CFTI_ARMV8_LANE(b);
    CFTI_ARMV8_LANE(c);
    CFTI_ARMV8_LANE(d);
    size_t at;

    CFTI_ARMV8_EACH(CFTI_ARMV8_LANE_IN, 0, 0, 0, 0);
    for (at = 0; at < 64 * nblocks; at += 64) {
        CFTI_ARMV8_EACH(CFTI_ARMV8_LANE_KEEP, 0, 0, 0, 0);
        CFTI_ARMV8_X4_ROUNDS16(CFTI_ARMV8_LANE_FIRST, 0);
        CFTI_ARMV8_X4_ROUNDS16(CFTI_ARMV8_LANE_LATER, 16);
        CFTI_ARMV8_X4_ROUNDS16(CFTI_ARMV8_LANE_LATER, 32);
        CFTI_ARMV8_X4_ROUNDS16(CFTI_ARMV8_LANE_LATER, 48);
        CFTI_ARMV8_EACH(CFTI_ARMV8_LANE_ADD, 0, 0, 0, 0);
    }
    CFTI_ARMV8_EACH(CFTI_ARMV8_LANE_OUT, 0, 0, 0, 0);
}

#endif
