/* What <mm_malloc.h> of clang uses of <malloc.h>. */
#include <stdlib.h>
#if defined(__cplusplus)
extern "C" {
#endif
void *_aligned_malloc(size_t size, size_t alignment);
void _aligned_free(void *block);
#if defined(__cplusplus)
}
#endif
