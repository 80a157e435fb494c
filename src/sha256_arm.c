/* ---- sha256_arm.c: the SHA-256 compression function with ARMv8's instructions ---- */

#if CFTI_SIMD_ARM

#include <arm_neon.h>

/* The instruction set by the name that each compiler knows, unless it was told. */
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

/* The next four words of the message schedule take the place of m0, the oldest
 * four of the last sixteen. */
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

/* Loaded as bytes, so that no alignment is asked of the caller's memory. */
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

#endif
