/* ---- text/text.c: UTF-8, newlines, and searches for bytes ---- */

/* Vectors of 16 bytes where every processor of the architecture has them, so that no detection is
 * needed: SSE2 is part of x86-64, and NEON of AArch64. Elsewhere the same loops use words of
 * eight bytes. */
#if !defined(CONFITURE_NO_SIMD) && ((CFTI_GNUC && defined(__SSE2__)) || CFTI_MSVC_X64)
#define CFTI_V16 1
#include <emmintrin.h>
typedef __m128i cfti_v16;

static cfti_v16 cfti_v16_load(const uint8_t *p) {
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}
static cfti_v16 cfti_v16_fill(uint8_t value) { return _mm_set1_epi8((char)value); }
static cfti_v16 cfti_v16_equal(cfti_v16 a, cfti_v16 b) { return _mm_cmpeq_epi8(a, b); }
static cfti_v16 cfti_v16_or(cfti_v16 a, cfti_v16 b) { return _mm_or_si128(a, b); }
static cfti_v16 cfti_v16_sub(cfti_v16 a, cfti_v16 b) { return _mm_sub_epi8(a, b); }

/* The first byte whose top bit is set; 16 if there is none. */
static unsigned cfti_v16_first(cfti_v16 v) {
    return CFTI_LOWEST_BIT((unsigned)_mm_movemask_epi8(v) | 0x10000u);
}

/* One bit for each byte whose top bit is set. CFTI_V16_AT is the index of the first such byte. */
static uint64_t cfti_v16_mask(cfti_v16 v) { return (unsigned)_mm_movemask_epi8(v); }
#define CFTI_V16_AT(mask) CFTI_LOWEST_BIT(mask)

static uint64_t cfti_v16_sum(cfti_v16 v) {
    __m128i sums = _mm_sad_epu8(v, _mm_setzero_si128());
    return (uint64_t)_mm_cvtsi128_si32(sums) +
           (uint64_t)_mm_cvtsi128_si32(_mm_unpackhi_epi64(sums, sums));
}

#elif CFTI_GNUC && !defined(CONFITURE_NO_SIMD) && defined(__aarch64__) && defined(__ARM_NEON)
#define CFTI_V16 1
#include <arm_neon.h>
typedef uint8x16_t cfti_v16;

static cfti_v16 cfti_v16_load(const uint8_t *p) { return vld1q_u8(p); }
static cfti_v16 cfti_v16_fill(uint8_t value) { return vdupq_n_u8(value); }
static cfti_v16 cfti_v16_equal(cfti_v16 a, cfti_v16 b) { return vceqq_u8(a, b); }
static cfti_v16 cfti_v16_or(cfti_v16 a, cfti_v16 b) { return vorrq_u8(a, b); }
static cfti_v16 cfti_v16_sub(cfti_v16 a, cfti_v16 b) { return vsubq_u8(a, b); }

/* NEON has no movemask: the top bits are spread over the bytes and then narrowed to four bits each.
 * vget_lane makes them a number; a store would depend on the byte order. */
static uint64_t cfti_v16_mask(cfti_v16 v) {
    uint8x16_t all = vreinterpretq_u8_s8(vshrq_n_s8(vreinterpretq_s8_u8(v), 7));
    uint8x8_t nibbles = vshrn_n_u16(vreinterpretq_u16_u8(all), 4);
    return vget_lane_u64(vreinterpret_u64_u8(nibbles), 0) & UINT64_C(0x8888888888888888);
}
#define CFTI_V16_AT(mask) (CFTI_LOWEST_BIT(mask) / 4)

static unsigned cfti_v16_first(cfti_v16 v) {
    uint64_t mask = cfti_v16_mask(v);
    return mask ? CFTI_V16_AT(mask) : 16;
}

static uint64_t cfti_v16_sum(cfti_v16 v) { return vaddlvq_u8(v); }

#else
#define CFTI_V16 0
#endif

#define CFTI_ONES UINT64_C(0x0101010101010101)
#define CFTI_TOPS UINT64_C(0x8080808080808080)

#if !CFTI_V16
static uint64_t cfti_load_word(const uint8_t *p) {
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

/* The top bit of every byte that is zero. The shorter (w - ONES) & ~w & TOPS also marks a 0x01
 * above a zero, so it cannot count. */
static uint64_t cfti_zero_bytes(uint64_t word) {
    return ~(((word & ~CFTI_TOPS) + ~CFTI_TOPS) | word) & CFTI_TOPS;
}
#endif

/* The first byte that is a or b; end if there is none. For the few bytes of a short string it is
 * faster than memchr. */
static const uint8_t *cfti_find2(const uint8_t *p, const uint8_t *end, uint8_t a, uint8_t b) {
#if CFTI_V16
    cfti_v16 as = cfti_v16_fill(a), bs = cfti_v16_fill(b);
    for (; end - p >= 16; p += 16) {
        cfti_v16 v = cfti_v16_load(p);
        unsigned at = cfti_v16_first(cfti_v16_or(cfti_v16_equal(v, as), cfti_v16_equal(v, bs)));
        if (at < 16) return p + at;
    }
#else
    for (; end - p >= 8; p += 8) {
        uint64_t word = cfti_load_word(p);
        if (cfti_zero_bytes(word ^ CFTI_ONES * a) | cfti_zero_bytes(word ^ CFTI_ONES * b)) break;
    }
#endif
    while (p < end && *p != a && *p != b) p++;
    return p;
}

/* The number of bytes that are `value`. */
static uint64_t cfti_count_byte(const uint8_t *p, size_t n, uint8_t value) {
    uint64_t count = 0;
#if CFTI_V16
    cfti_v16 wanted = cfti_v16_fill(value);
    while (n >= 16) {
        /* A lane counts to 255. */
        size_t blocks = cfti_min(n / 16, 255);
        cfti_v16 lanes = cfti_v16_fill(0);
        n -= 16 * blocks;
        for (; blocks > 0; blocks--, p += 16)
            lanes = cfti_v16_sub(lanes, cfti_v16_equal(cfti_v16_load(p), wanted));
        count += cfti_v16_sum(lanes);
    }
#else
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t found = cfti_zero_bytes(cfti_load_word(p) ^ CFTI_ONES * value);
        count += ((found >> 7) * CFTI_ONES) >> 56;
    }
#endif
    for (; n > 0; n--, p++) count += *p == value;
    return count;
}

static const uint8_t *cfti_skip_ascii(const uint8_t *p, const uint8_t *end) {
#if CFTI_V16
    for (; end - p >= 64; p += 64) {
        cfti_v16 low = cfti_v16_or(cfti_v16_load(p), cfti_v16_load(p + 16));
        cfti_v16 high = cfti_v16_or(cfti_v16_load(p + 32), cfti_v16_load(p + 48));
        if (cfti_v16_first(cfti_v16_or(low, high)) < 16) break;
    }
    for (; end - p >= 16; p += 16) {
        unsigned at = cfti_v16_first(cfti_v16_load(p));
        if (at < 16) return p + at;
    }
#else
    while (end - p >= 16 && !((cfti_load_word(p) | cfti_load_word(p + 8)) & CFTI_TOPS)) p += 16;
#endif
    while (p < end && *p < 0x80) p++;
    return p;
}

/* ==== UTF-8 ============================================================== */

/* Strict UTF-8 (no surrogates, no overlong forms, nothing above U+10FFFF), fed in pieces of any
 * size. */
typedef struct cfti_utf8 {
    uint64_t offset;   /* of the incomplete sequence, or of the end of the text */
    uint8_t seen;      /* bytes of the incomplete sequence */
    uint8_t wanted;    /* its missing bytes */
    uint8_t low, high; /* the range of its next byte */
} cfti_utf8;

static void cfti_utf8_init(cfti_utf8 *utf8) { memset(utf8, 0, sizeof *utf8); }

/* Table 3-7 of the Unicode standard: the lead bytes and the range of the second byte after each.
 * False: not a lead byte. */
static bool cfti_utf8_lead(cfti_utf8 *utf8, uint8_t lead) {
    if (lead < 0xC2 || lead > 0xF4) return false;
    utf8->seen = 1;
    utf8->wanted = (uint8_t)(lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3);
    utf8->low = (uint8_t)(lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80);
    utf8->high = (uint8_t)(lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF);
    return true;
}

/* Reads the rest of the current sequence, as far as p has it. False: ill-formed. */
static bool cfti_utf8_rest(cfti_utf8 *utf8, const uint8_t **p, const uint8_t *end) {
    for (; utf8->wanted > 0 && *p < end; ++*p) {
        if (**p < utf8->low || **p > utf8->high) return false;
        utf8->low = 0x80;
        utf8->high = 0xBF;
        utf8->seen++;
        utf8->wanted--;
    }
    if (utf8->wanted == 0) {
        utf8->offset += utf8->seen;
        utf8->seen = 0;
    }
    return true;
}

/* False: utf8->offset, from the start of the first piece, is the start of the ill-formed sequence,
 * as in Python's UnicodeDecodeError.start. */
static bool cfti_utf8_feed(cfti_utf8 *utf8, const uint8_t *p, size_t n) {
    const uint8_t *end, *start;

    if (n == 0) return true;
    end = p + n;
    if (!cfti_utf8_rest(utf8, &p, end)) return false;
    while (p < end) {
        start = p;
        p = cfti_skip_ascii(p, end);
        /* Letters outside ASCII come in runs. Most have two or three bytes and a lead byte other
         * than E0 and ED, which restrict the second byte. */
        while (end - p >= 3 && p[0] >= 0xC2) {
            if (p[0] < 0xE0 && (p[1] & 0xC0) == 0x80) p += 2;
            else if (p[0] > 0xE0 && p[0] < 0xF0 && p[0] != 0xED && (p[1] & 0xC0) == 0x80 &&
                     (p[2] & 0xC0) == 0x80)
                p += 3;
            else break;
        }
        utf8->offset += (uint64_t)(p - start);
        if (p < end && *p >= 0x80) {
            if (!cfti_utf8_lead(utf8, *p++) || !cfti_utf8_rest(utf8, &p, end)) return false;
        }
    }
    return true;
}

/* False: the last sequence is incomplete, and utf8->offset is its start. */
static bool cfti_utf8_end(cfti_utf8 *utf8) { return utf8->wanted == 0; }

/* What keeps a text from being one line of UTF-8 without control characters. */
typedef enum cfti_line_fault {
    CFTI_LINE_GOOD = 0,
    CFTI_LINE_NOT_UTF8,
    CFTI_LINE_CONTROL
} cfti_line_fault;

static cfti_line_fault cfti_line_check(const char *text, size_t size) {
    const uint8_t *p = (const uint8_t *)text;
    size_t i = 0;
    while (i < size) {
        uint32_t code = p[i];
        size_t length = 1;
        if (CFTI_LIKELY(code >= 0x20 && code < 0x7F)) {
            i++;
            continue;
        }
        if (code >= 0x80) length = cfti_utf8_decode(p + i, size - i, &code);
        if (length == 0) return CFTI_LINE_NOT_UTF8;
        if (cfti_is_control(code)) return CFTI_LINE_CONTROL;
        i += length;
    }
    return CFTI_LINE_GOOD;
}

/* ==== Newlines =========================================================== */

/* CRLF and lone CR to LF. `out` has a capacity of n bytes and may be p. *after_cr is false before
 * the first piece and is kept between pieces. Returns the size written. */
static size_t cfti_newlines(uint8_t *out, const uint8_t *p, size_t n, bool *after_cr) {
    const uint8_t *end;
    uint8_t *to = out;

    if (n == 0) return 0;
    end = p + n;
    if (*after_cr && *p == '\n') p++;
    *after_cr = false;
    while (p < end) {
        /* memchr and memmove rather than cfti_find2: most files have no CR. */
        const uint8_t *cr = (const uint8_t *)memchr(p, '\r', (size_t)(end - p));
        size_t size = (size_t)((cr ? cr : end) - p);
        if (to != p) memmove(to, p, size);
        to += size;
        if (!cr) break;
        *to++ = '\n';
        p = cr + 1;
        if (p == end) *after_cr = true;
        else if (*p == '\n') p++;
    }
    return (size_t)(to - out);
}

/* Counts the line ends (CRLF, CR or LF) in untranslated bytes, for errors only. */
static uint64_t cfti_count_lines(const uint8_t *p, size_t n, bool *after_cr) {
    uint64_t count = 0;
    size_t i;

    for (i = 0; i < n; i++) {
        count += p[i] == '\r' || (p[i] == '\n' && !*after_cr);
        *after_cr = p[i] == '\r';
    }
    return count;
}
