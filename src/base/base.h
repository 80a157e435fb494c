/* ---- base/base.h: compiler and byte-order helpers; the implementation starts ---- */

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__) || defined(__clang__)
#define CFTI_LIKELY(x) __builtin_expect(!!(x), 1)
#define CFTI_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define CFTI_UNUSED __attribute__((unused))
#else
#define CFTI_LIKELY(x) (x)
#define CFTI_UNLIKELY(x) (x)
#define CFTI_UNUSED
#endif

/* tcc defines __GNUC__ on some systems but lacks the builtins and the target attribute. */
#if (defined(__GNUC__) || defined(__clang__)) && !defined(__TINYC__)
#define CFTI_GNUC 1
#else
#define CFTI_GNUC 0
#endif

/* Microsoft's compiler. Its warnings of level 4 that are off: a constant condition, an array with
 * computed values, a function without use, an assignment as a condition. end.h turns them on. */
#if defined(_MSC_VER) && !CFTI_GNUC
#define CFTI_MSVC 1
#include <intrin.h>
#pragma warning(push)
#pragma warning(disable : 4127 4204 4505 4706)
#else
#define CFTI_MSVC 0
#endif

/* Vectors for x86. Microsoft's compiler has what is needed of 64 bits only on x86-64. */
#if CFTI_MSVC && defined(_M_X64)
#define CFTI_MSVC_X64 1
#else
#define CFTI_MSVC_X64 0
#endif

/* The instructions that a function may use, so that no -m flag is needed. Microsoft's compiler
 * allows all. */
#if CFTI_GNUC
#define CFTI_TARGET(features) __attribute__((target(features)))
#else
#define CFTI_TARGET(features)
#endif

/* The number of the lowest bit that is set, which one must be; the number of bits that are set. */
#if CFTI_GNUC
#define CFTI_LOWEST_BIT(v) ((unsigned)__builtin_ctzll(v))
#define CFTI_COUNT_BITS(v) ((uint64_t)__builtin_popcountll(v))
#elif CFTI_MSVC_X64
static unsigned cfti_lowest_bit(uint64_t v) {
    unsigned long at;
    (void)_BitScanForward64(&at, v);
    return (unsigned)at;
}
#define CFTI_LOWEST_BIT(v) cfti_lowest_bit(v)
#define CFTI_COUNT_BITS(v) ((uint64_t)__popcnt64(v))
#endif

/* For values that other threads load and store at the same time. Without builtins, an aligned
 * volatile int, which processors load and store whole. */
#if CFTI_GNUC
#define CFTI_ATOMIC_LOAD(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define CFTI_ATOMIC_STORE(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define CFTI_ATOMIC_MARK(p)                                                                        \
    (__atomic_load_n(p, __ATOMIC_RELAXED) ? (void)0 : __atomic_store_n(p, true, __ATOMIC_RELAXED))
#elif CFTI_MSVC
#define CFTI_ATOMIC_LOAD(p) ((int)_InterlockedOr((volatile long *)(uintptr_t)(p), 0))
#define CFTI_ATOMIC_STORE(p, v) ((void)_InterlockedExchange((volatile long *)(p), (v)))
#define CFTI_ATOMIC_MARK(p) ((void)_InterlockedOr8((volatile char *)(p), 1))
#else
#define CFTI_ATOMIC_LOAD(p) (*(volatile int *)(p))
#define CFTI_ATOMIC_STORE(p, v) ((void)(*(volatile int *)(p) = (v)))
#define CFTI_ATOMIC_MARK(p) ((void)(*(volatile bool *)(p) = true))
#endif

/* Sets a flag of the caller's; other threads may set it at the same time. NULL: no flags. */
static void cfti_mark(bool *flags, size_t index) {
    if (flags != NULL) CFTI_ATOMIC_MARK(&flags[index]);
}

/* For a loop that waits for another thread: saves power, and speeds up the sibling thread. */
#if CFTI_GNUC && (defined(__x86_64__) || defined(__i386__))
#define CFTI_PAUSE() __builtin_ia32_pause()
#elif CFTI_GNUC && defined(__aarch64__)
#define CFTI_PAUSE() __asm__ volatile("yield")
#elif CFTI_MSVC && (defined(_M_X64) || defined(_M_IX86))
#define CFTI_PAUSE() _mm_pause()
#elif CFTI_MSVC && defined(_M_ARM64)
#define CFTI_PAUSE() __yield()
#else
#define CFTI_PAUSE() ((void)0)
#endif

#define CFTI_COUNT(array) (sizeof(array) / sizeof((array)[0]))

static size_t cfti_min(size_t a, size_t b) { return a < b ? a : b; }
static size_t cfti_max(size_t a, size_t b) { return a > b ? a : b; }

static uint8_t cfti_lower(uint8_t c) { return (uint8_t)(c >= 'A' && c <= 'Z' ? c + 32 : c); }

/* Big-endian words at any alignment. Compilers turn both into one or two instructions. */
static uint32_t cfti_load_be32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static void cfti_store_be32(uint8_t *p, uint32_t v) {
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

/* The length of the character at p, and its code point, by the strict rules of UTF-8; 0: the bytes
 * are not well-formed. n > 0. */
static size_t cfti_utf8_decode(const uint8_t *p, size_t n, uint32_t *code) {
    uint32_t c = p[0], low;
    size_t length, i;
    if (c < 0x80) {
        *code = c;
        return 1;
    }
    if (c >= 0xC2 && c <= 0xDF) {
        length = 2, low = 0x80, c &= 0x1F;
    } else if (c >= 0xE0 && c <= 0xEF) {
        length = 3, low = 0x800, c &= 0x0F;
    } else if (c >= 0xF0 && c <= 0xF4) {
        length = 4, low = 0x10000, c &= 0x07;
    } else {
        return 0;
    }
    if (length > n) return 0;
    for (i = 1; i < length; i++) {
        if ((p[i] & 0xC0) != 0x80) return 0;
        c = c << 6 | (uint32_t)(p[i] & 0x3F);
    }
    if (c < low || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return 0;
    *code = c;
    return length;
}
