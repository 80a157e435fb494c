/* ---- sha256/kernels.c: the table of kernels, and the choice ---- */

#define CFTI_SHA256_LANES 4

typedef struct cfti_sha256_kernel {
    const char *name;
    unsigned features; /* that the processor must have: CFTI_CPU_... */
    void (*blocks)(uint32_t state[8], const uint8_t *p, size_t nblocks);
    /* As many calls of `blocks`, for messages side by side; NULL: that would save no time. */
    void (*lanes)(uint32_t states[CFTI_SHA256_LANES][8], const uint8_t *const p[CFTI_SHA256_LANES],
                  size_t nblocks);
} cfti_sha256_kernel;

/* The fastest first. A new kernel is one file in sha256/, its line in the spine, and a row. */
static const cfti_sha256_kernel cfti_sha256_kernels[] = {
#if CFTI_SIMD_X86
    {"sha-ni", CFTI_CPU_SHANI, cfti_sha256_blocks_shani, cfti_sha256_blocks4_shani},
#endif
#if CFTI_SIMD_ARM
    {"armv8", CFTI_CPU_ARMV8, cfti_sha256_blocks_armv8, cfti_sha256_blocks4_armv8},
#endif
    {"portable", 0, cfti_sha256_blocks_portable, NULL},
};

/* Called for each run of blocks: most often the first row fits. A pointer kept in a global would
 * need a setup that is safe among threads. */
static const cfti_sha256_kernel *cfti_sha256_kernel_choose(void) {
    const cfti_sha256_kernel *kernel = cfti_sha256_kernels;
    unsigned features = cfti_cpu_features();
    while (CFTI_UNLIKELY((kernel->features & ~features) != 0)) kernel++;
    return kernel;
}

static void cfti_sha256_blocks(uint32_t state[8], const uint8_t *p, size_t nblocks) {
    cfti_sha256_kernel_choose()->blocks(state, p, nblocks);
}

CONFITURE_API const char *confiture_sha256_kernel(void) {
    return cfti_sha256_kernel_choose()->name;
}
