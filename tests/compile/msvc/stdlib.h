#ifndef STUB_STDLIB_H
#define STUB_STDLIB_H
#include <stddef.h>
#if defined(__cplusplus)
extern "C" {
#endif
void *malloc(size_t size);
void *realloc(void *block, size_t size);
void free(void *block);
#if defined(__cplusplus)
}
#endif
#endif
