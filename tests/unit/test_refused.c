/* Hosts that refuse single system calls, as containers do: each case in a child process with
 * a filter. What can be done without is done without; where filters are not to be had, there
 * is nothing to be seen. */

#include "../chest/memory.h"
#include "../chest/tree.h"

SUITE(refused, tree_suite_begins, tree_suite_ends);

#if defined(__linux__)
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#endif

#if defined(__linux__) && defined(SYS_io_uring_setup) && defined(SYS_sched_getaffinity) &&         \
    defined(SYS_mmap) && !defined(CONFITURE_NO_MMAP) && !defined(CONFITURE_NO_THREADS) &&          \
    !defined(__TINYC__)

enum { REFUSED_SKIP = 77 };

/* From now on the call fails with this error, if its argument is the one (-1: whatever it is). */
static bool refused_from_now(long call, int argument, unsigned value, int error) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                 (unsigned)offsetof(struct seccomp_data, args) + 8u * (unsigned)argument),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program;
    if (argument < 0) {
        filter[2].k = (unsigned)offsetof(struct seccomp_data, nr);
        filter[3].k = (unsigned)call;
    }
    program.len = sizeof filter / sizeof filter[0];
    program.filter = filter;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

/* A ring that cannot be set up says why, and leaves nothing open. */
static int refused_ring(long call, int argument, unsigned value, int error) {
    size_t descriptors = tree_descriptors();
    cfti_os_ring ring;
    int is = cfti_os_ring_open(&ring);
    if (is != 0) return REFUSED_SKIP; /* not even without a filter */
    cfti_os_ring_close(&ring);
    if (!refused_from_now(call, argument, value, error)) return REFUSED_SKIP;
    is = cfti_os_ring_open(&ring);
    if (is != error) return 1;
    return tree_descriptors() == descriptors ? 0 : 2;
}

/* A ring that nothing can be handed to any more: given up after a while, and the files are
 * read without it. */
static int refused_enter(int error) {
    confiture_hash_options options;
    confiture_files *files = NULL;
    confiture_digest expected, digest;
    cfti_os_ring ring;
    if (cfti_os_ring_open(&ring) != 0) return REFUSED_SKIP;
    cfti_os_ring_close(&ring);
    memset(&options, 0, sizeof options);
    options.run.threads = 1;
    if (confiture_find(&files, "s", NULL, NULL) != CONFITURE_OK ||
        confiture_hash(&expected, files, &options, NULL) != CONFITURE_OK)
        return 1;
    if (!refused_from_now(SYS_io_uring_enter, -1, 0, error)) return REFUSED_SKIP;
    options.run.io = CONFITURE_IO_RING;
    if (confiture_hash(&digest, files, &options, NULL) != CONFITURE_OK) return 2;
    confiture_files_free(files);
    return strcmp(digest.hex, expected.hex) == 0 ? 0 : 3;
}

static int refused_processors(void) {
    if (!refused_from_now(SYS_sched_getaffinity, -1, 0, ENOSYS)) return REFUSED_SKIP;
    return cfti_os_processors() >= 1 ? 0 : 1;
}

/* A thread that cannot be started means a smaller pool. */
static int refused_threads(void) {
    confiture_pool *pool = NULL;
    memory m;
    memory_init(&m);
    if (!refused_from_now(SYS_clone, -1, 0, EAGAIN)) return REFUSED_SKIP;
#if defined(SYS_clone3)
    if (!refused_from_now(SYS_clone3, -1, 0, EAGAIN)) return REFUSED_SKIP;
#endif
    if (confiture_pool_create(&pool, 4, &m.allocator, NULL) != CONFITURE_OK) return 1;
    if (pool->helpers != 0) return 2;
    confiture_pool_free(pool);
    return memory_is_clean(&m) ? 0 : 3;
}

/* Without openat2() a list that is confined is read all the same, through directories that may
 * be entered and not read, by paths of any length. */
static int refused_beneath(int error) {
    static const char *const paths[] = {"b/x/a.sql", "b/x/b.sql", "b/y/c.sql", "b/y/link.sql"};
    confiture_find_options options;
    confiture_hash_options hash;
    confiture_files *files = NULL;
    confiture_digest digest;
    memset(&options, 0, sizeof options);
    memset(&hash, 0, sizeof hash);
    options.base = "b";
    options.confine = true;
    hash.run.threads = 1;
    if (!refused_from_now(437, -1, 0, error)) return REFUSED_SKIP;
    tree_drop_rights();
    if (confiture_files_from_paths(&files, paths, 4, &options, NULL) != CONFITURE_OK) return 1;
    for (hash.run.io = CONFITURE_IO_READ; hash.run.io <= CONFITURE_IO_RING;
         hash.run.io = (confiture_io)(hash.run.io + 1))
        if (confiture_hash(&digest, files, &hash, NULL) != CONFITURE_OK) return 2;
    confiture_files_free(files);
    return digest.file_count == 4 ? 0 : 3;
}

static int refused_case(int i) {
    switch (i) {
    case 0: return refused_ring(SYS_io_uring_setup, -1, 0, EMFILE);
    case 1: return refused_ring(SYS_io_uring_register, -1, 0, EPERM);
    case 2: return refused_ring(SYS_mmap, 3, MAP_SHARED | MAP_POPULATE, ENOMEM);
    case 3: return refused_ring(SYS_mmap, 5, 0x10000000, ENOMEM); /* the second mapping */
    case 4: return refused_enter(EINTR);
    case 5: return refused_enter(EAGAIN);
    case 6: return refused_enter(EBUSY);
    case 7: return refused_enter(EBADF);
    case 8: return refused_processors();
    case 9: return refused_beneath(ENOSYS);
    case 10: return refused_beneath(EPERM); /* as filters answer */
    default: return refused_threads();
    }
}

TEST(refused, call_is_done_without) {
    int i, status;
    tree_text("s/a.sql", "SELECT 1;");
    tree_text("s/b.sql", "SELECT 2;");
    tree_text("b/x/a.sql", "SELECT 1;");
    tree_text("b/x/b.sql", "SELECT 2;");
    tree_text("b/y/c.sql", "SELECT 3;");
    tree_link("b/y/link.sql", "../x/a.sql");
    tree_mode("b", 0311);
    tree_mode("b/x", 0311);
    tree_mode("b/y", 0311);
    for (i = 0; i < 12; i++) {
        pid_t child;
        (void)fflush(stdout);
        child = fork();
        if (child == 0) _exit(refused_case(i));
        status = 0;
        CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
        if (!CHECK(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == REFUSED_SKIP))
            runs_note("case, exit status", i, WEXITSTATUS(status), 0);
    }
}

#endif
