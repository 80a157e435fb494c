/* ---- base/cpu.c: what this processor can do beyond plain C ---- */

#define CFTI_CPU_SHANI 1u          /* x86: SHA extensions, SSSE3 and SSE4.1 */
#define CFTI_CPU_ARMV8 2u          /* ARM: SHA-256 instructions */
#define CFTI_CPU_SSSE3 4u          /* x86: SSSE3 and POPCNT */
#define CFTI_CPU_KNOWN 0x40000000u /* the mask has been found */

/* Which kernels are compiled. __GNUC__ of clang is always 4. */
#if !defined(CONFITURE_NO_SIMD) && ((CFTI_GNUC && (defined(__clang__) || __GNUC__ >= 5) &&         \
                                     (defined(__x86_64__) || defined(__i386__))) ||                \
                                    CFTI_MSVC_X64)
#define CFTI_SIMD_X86 1
#else
#define CFTI_SIMD_X86 0
#endif

/* arm_neon.h of clang before 16 declares the instructions only if they are enabled for the whole
 * file, as on macOS. */
#if !defined(CONFITURE_NO_SIMD) && CFTI_GNUC && defined(__aarch64__) && !defined(__AARCH64EB__) && \
    (defined(__ARM_FEATURE_SHA2) || defined(__APPLE__) ||                                          \
     (defined(__linux__) &&                                                                        \
      ((defined(__clang__) && __clang_major__ >= 16) || (!defined(__clang__) && __GNUC__ >= 6))))
#define CFTI_SIMD_ARM 1
#else
#define CFTI_SIMD_ARM 0
#endif

#if CFTI_SIMD_X86

/* <cpuid.h> is no help: before gcc 11 it had no include guard, so that a host that includes it too
 * would not compile, and its __cpuid macro breaks that function in mingw's windows.h. */
static void cfti_cpuid(unsigned leaf, unsigned regs[4]) {
#if CFTI_MSVC
    __cpuidex((int *)regs, (int)leaf, 0);
#else
    __asm__ volatile("cpuid"
                     : "=a"(regs[0]), "=b"(regs[1]), "=c"(regs[2]), "=d"(regs[3])
                     : "0"(leaf), "2"(0));
#endif
}

/* The SHA extensions use SSE registers, which every system saves; only AVX needs a check of
 * OSXSAVE. */
static unsigned cfti_cpu_detect(void) {
    const unsigned ssse3 = 1u << 9, sse41 = 1u << 19, popcnt = 1u << 23;
    unsigned regs[4], last, have, found = 0;
    cfti_cpuid(0, regs);
    last = regs[0];
    cfti_cpuid(1, regs);
    have = regs[2];
    if ((have & ssse3) != 0 && (have & popcnt) != 0) found |= CFTI_CPU_SSSE3;
    if (last < 7) return found;
    cfti_cpuid(7, regs);
    if ((have & ssse3) != 0 && (have & sse41) != 0 && (regs[1] >> 29 & 1) != 0)
        found |= CFTI_CPU_SHANI;
    return found;
}

#elif CFTI_SIMD_ARM

#if !defined(__ARM_FEATURE_SHA2) && !defined(__APPLE__)
#include <sys/auxv.h>
#endif

static unsigned cfti_cpu_detect(void) {
#if defined(__ARM_FEATURE_SHA2) || defined(__APPLE__)
    return CFTI_CPU_ARMV8;
#else
    /* Bit 6 is HWCAP_SHA2, which the headers of libc define only in some modes. */
    return (getauxval(AT_HWCAP) >> 6 & 1) != 0 ? CFTI_CPU_ARMV8 : 0;
#endif
}

#else

static unsigned cfti_cpu_detect(void) { return 0; }

#endif

/* The only mutable global: 0 until the first detection, then a constant, so that threads which
 * detect at the same time store the same value. Tests assign it to switch features off. */
static int cfti_cpu_mask;

static unsigned cfti_cpu_features(void) {
    int mask = CFTI_ATOMIC_LOAD(&cfti_cpu_mask);
    if (CFTI_UNLIKELY(mask == 0)) {
        mask = (int)(cfti_cpu_detect() | CFTI_CPU_KNOWN);
        CFTI_ATOMIC_STORE(&cfti_cpu_mask, mask);
    }
    return (unsigned)mask;
}
