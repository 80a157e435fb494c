/* everywhere.c: what tests/everywhere/everywhere.py asks of a target.
 *     everywhere facts        one line of what is so there
 *     everywhere portable     the same, with the processor's extensions switched off
 *     everywhere hash DIR     the digest of a directory, or the error
 * With -DLATE as if all of libc had been included before, under -std=c99. */
#if defined(LATE)
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>
#endif
#define CONFITURE_IMPLEMENTATION
#include "confiture.h"
#include <stdio.h>
#include <sys/types.h>
#include <time.h>

#if defined(HIDE_SHA2)
unsigned long __real_getauxval(unsigned long type);
unsigned long __wrap_getauxval(unsigned long type);
unsigned long __wrap_getauxval(unsigned long type) {
    return __real_getauxval(type) & ~(type == 16 ? 1ul << 6 : 0);
}
#endif

static int facts(void) {
    const unsigned one = 1;
    cfti_os_ring ring;
    unsigned char digest[32];
    char hex[65];
    bool has_ring = cfti_os_ring_open(&ring) == 0;
    if (has_ring) cfti_os_ring_close(&ring);
    confiture_sha256_once("abc", 3, digest);
    confiture_sha256_hex(digest, hex);
    printf("kernel=%s order=%s pointer=%u offset=%u time=%u char=%s ring=%s abc=%s\n",
           confiture_sha256_kernel(), *(const unsigned char *)&one == 1 ? "little" : "big",
           (unsigned)sizeof(void *), (unsigned)sizeof(off_t), (unsigned)sizeof(time_t),
           (char)-1 < 0 ? "signed" : "unsigned", has_ring ? "yes" : "no", hex);
    return 0;
}

static int hash(const char *directory) {
    confiture_files *files = NULL;
    confiture_digest digest;
    confiture_error error;
    if (confiture_find(&files, directory, NULL, &error) ||
        confiture_hash(&digest, files, NULL, &error)) {
        printf("%d %s\n", (int)error.status, error.message);
        confiture_files_free(files);
        return 1;
    }
    puts(digest.hex);
    confiture_files_free(files);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "hash") == 0) return hash(argv[2]);
    if (argc != 2) return 2;
    if (strcmp(argv[1], "portable") == 0) cfti_cpu_mask = 0x40000000;
    return facts();
}
