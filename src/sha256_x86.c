/* ---- sha256_x86.c: the SHA-256 compression function with x86's SHA extensions ---- */

#if CFTI_SIMD_X86

#include <immintrin.h>

#define CFTI_SHANI_LOAD(p) _mm_loadu_si128((const __m128i *)(const void *)(p))
#define CFTI_SHANI_STORE(p, v) _mm_storeu_si128((__m128i *)(void *)(p), v)

/* Rounds i to i + 3, whose words are in m. Each sha256rnds2 does two of them and
 * waits for the one before: 32 times 4 cycles are the floor for a block, and
 * everything else fits in their shadow. */
#define CFTI_SHANI_ROUNDS4(m, i)                                                                   \
    do {                                                                                           \
        wk = _mm_add_epi32(m, CFTI_SHANI_LOAD(cfti_sha256_k + (i)));                               \
        cdgh = _mm_sha256rnds2_epu32(cdgh, abef, wk);                                              \
        abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(wk, 0x0e));                     \
    } while (0)

/* The next four words of the message schedule take the place of m0, the oldest
 * four of the last sixteen. */
#define CFTI_SHANI_NEXT(m0, m1, m2, m3)                                                            \
    (m0 = _mm_sha256msg2_epu32(                                                                    \
         _mm_add_epi32(_mm_sha256msg1_epu32(m0, m1), _mm_alignr_epi8(m3, m2, 4)), m3))

#define CFTI_SHANI_ROUNDS16(i)                                                                     \
    do {                                                                                           \
        CFTI_SHANI_NEXT(m0, m1, m2, m3);                                                           \
        CFTI_SHANI_ROUNDS4(m0, (i) + 0);                                                           \
        CFTI_SHANI_NEXT(m1, m2, m3, m0);                                                           \
        CFTI_SHANI_ROUNDS4(m1, (i) + 4);                                                           \
        CFTI_SHANI_NEXT(m2, m3, m0, m1);                                                           \
        CFTI_SHANI_ROUNDS4(m2, (i) + 8);                                                           \
        CFTI_SHANI_NEXT(m3, m0, m1, m2);                                                           \
        CFTI_SHANI_ROUNDS4(m3, (i) + 12);                                                          \
    } while (0)

__attribute__((target("sha,sse4.1,ssse3"))) static void
cfti_sha256_blocks_shani(uint32_t state[8], const uint8_t *p, size_t nblocks) {
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    __m128i abef, cdgh, abef_in, cdgh_in, m0, m1, m2, m3, wk;

    /* The instructions want the state as ABEF and CDGH, A in the highest lane. */
    m0 = _mm_shuffle_epi32(CFTI_SHANI_LOAD(state), 0xb1);     /* CDAB */
    m1 = _mm_shuffle_epi32(CFTI_SHANI_LOAD(state + 4), 0x1b); /* EFGH */
    abef = _mm_alignr_epi8(m0, m1, 8);
    cdgh = _mm_blend_epi16(m1, m0, 0xf0);

    for (; nblocks != 0; nblocks--, p += 64) {
        abef_in = abef;
        cdgh_in = cdgh;
        m0 = _mm_shuffle_epi8(CFTI_SHANI_LOAD(p), swap);
        CFTI_SHANI_ROUNDS4(m0, 0);
        m1 = _mm_shuffle_epi8(CFTI_SHANI_LOAD(p + 16), swap);
        CFTI_SHANI_ROUNDS4(m1, 4);
        m2 = _mm_shuffle_epi8(CFTI_SHANI_LOAD(p + 32), swap);
        CFTI_SHANI_ROUNDS4(m2, 8);
        m3 = _mm_shuffle_epi8(CFTI_SHANI_LOAD(p + 48), swap);
        CFTI_SHANI_ROUNDS4(m3, 12);
        CFTI_SHANI_ROUNDS16(16);
        CFTI_SHANI_ROUNDS16(32);
        CFTI_SHANI_ROUNDS16(48);
        abef = _mm_add_epi32(abef, abef_in);
        cdgh = _mm_add_epi32(cdgh, cdgh_in);
    }

    m0 = _mm_shuffle_epi32(abef, 0x1b); /* FEBA */
    m1 = _mm_shuffle_epi32(cdgh, 0xb1); /* DCHG */
    CFTI_SHANI_STORE(state, _mm_blend_epi16(m0, m1, 0xf0));
    CFTI_SHANI_STORE(state + 4, _mm_alignr_epi8(m1, m0, 8));
}

#endif
