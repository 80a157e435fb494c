/* What confiture.h uses of Microsoft's <intrin.h>, of which clang has the vectors. */
#ifndef STUB_INTRIN_H
#define STUB_INTRIN_H

#if defined(_M_X64) || defined(_M_IX86)
#include <immintrin.h>
#endif
#if defined(__cplusplus)
extern "C" {
#endif
#if defined(_M_X64) || defined(_M_IX86)
void __cpuidex(int info[4], int leaf, int subleaf);
#endif
#if defined(_M_X64)
unsigned char _BitScanForward64(unsigned long *index, unsigned __int64 mask);
unsigned __int64 __popcnt64(unsigned __int64 value);
#endif
#if defined(_M_ARM64)
void __yield(void);
#endif
long _InterlockedOr(long volatile *destination, long value);
char _InterlockedOr8(char volatile *destination, char value);
long _InterlockedExchange(long volatile *destination, long value);

#if defined(__cplusplus)
}
#endif
#endif
