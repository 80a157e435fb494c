/* ---- os/posix.c: the primitives of os/os.h on POSIX systems ---- */

#if !defined(_WIN32)

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h> /* rename() alone */
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif
#if !defined(CONFITURE_NO_MMAP) || !defined(CONFITURE_NO_URING)
#include <sys/mman.h>
#endif

/* Under -std=c99 glibc hides what came after ISO C, and the user may have included its headers
 * before this one, so that a feature-test macro has no effect any more. The functions exist all
 * the same and are declared here. (In C++ the headers of glibc and musl show everything.) */
#if CFTI_GNUC /* many macros decide which of them the headers show */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wredundant-decls"
#endif
#if defined(__linux__) && !defined(__cplusplus) && !defined(AT_SYMLINK_NOFOLLOW)
#if defined(__GLIBC__) && defined(__USE_FILE_OFFSET64) && CFTI_GNUC
/* With 64-bit offsets on a 32-bit system glibc gives these other symbols. */
#if defined(__USE_TIME_BITS64) && __TIMESIZE == 32
#define CFTI_FSTATAT "__fstatat64_time64"
#else
#define CFTI_FSTATAT "fstatat64"
#endif
int openat(int, const char *, int, ...) __asm__("openat64");
int fstatat(int, const char *, struct stat *, int) __asm__(CFTI_FSTATAT);
ssize_t pwrite(int, const void *, size_t, off_t) __asm__("pwrite64");
ssize_t pread(int, void *, size_t, off_t) __asm__("pread64");
#else
int openat(int, const char *, int, ...);
int fstatat(int, const char *, struct stat *, int);
ssize_t pwrite(int, const void *, size_t, off_t);
ssize_t pread(int, void *, size_t, off_t);
#endif
ssize_t readlinkat(int, const char *, char *, size_t);
int fsync(int);
int fchmod(int, mode_t);
int fchown(int, uid_t, gid_t);
int linkat(int, const char *, int, const char *, int);
long syscall(long, ...);
#define CFTI_AT_FDCWD (-100)
#define CFTI_AT_SYMLINK_NOFOLLOW 0x100
#define CFTI_AT_SYMLINK_FOLLOW 0x400
#else
#if defined(__linux__) && !defined(__cplusplus) && !defined(_DEFAULT_SOURCE) &&                    \
    !defined(_GNU_SOURCE) && !defined(_BSD_SOURCE)
long syscall(long, ...);
#endif
#define CFTI_AT_FDCWD AT_FDCWD
#define CFTI_AT_SYMLINK_NOFOLLOW AT_SYMLINK_NOFOLLOW
#define CFTI_AT_SYMLINK_FOLLOW AT_SYMLINK_FOLLOW
#endif
#if CFTI_GNUC
#pragma GCC diagnostic pop
#endif

#if defined(O_CLOEXEC)
#define CFTI_O_CLOEXEC O_CLOEXEC
#elif defined(__O_CLOEXEC)
#define CFTI_O_CLOEXEC __O_CLOEXEC
#else
#define CFTI_O_CLOEXEC 0
#endif
#if defined(O_DIRECTORY)
#define CFTI_O_DIRECTORY O_DIRECTORY
#elif defined(__O_DIRECTORY)
#define CFTI_O_DIRECTORY __O_DIRECTORY
#else
#define CFTI_O_DIRECTORY 0
#endif

#if defined(O_NOFOLLOW)
#define CFTI_O_NOFOLLOW O_NOFOLLOW
#elif defined(__O_NOFOLLOW)
#define CFTI_O_NOFOLLOW __O_NOFOLLOW
#else
#define CFTI_O_NOFOLLOW 0
#endif

#if defined(F_DUPFD_CLOEXEC)
#define CFTI_F_DUPFD_CLOEXEC F_DUPFD_CLOEXEC
#elif defined(__linux__)
#define CFTI_F_DUPFD_CLOEXEC 1030
#else
#define CFTI_F_DUPFD_CLOEXEC F_DUPFD
#endif

#define CFTI_OS_CWD CFTI_AT_FDCWD

#define CFTI_OS_NO_MEMORY ENOMEM
#define CFTI_OS_EXISTS EEXIST
#define CFTI_OS_NOT_DIRECTORY ENOTDIR
#define CFTI_OS_IS_DIRECTORY EISDIR
#define CFTI_OS_LINK_LOOP ELOOP
#define CFTI_OS_NO_ACCESS EACCES
#define CFTI_OS_NO_LINK EINVAL
#define CFTI_OS_NO_DEVICE ENXIO /* a socket */
#define CFTI_OS_NO_BENEATH ENOSYS
#define CFTI_OS_LEAVES EXDEV
#define CFTI_OS_NAME_TOO_LONG ENAMETOOLONG

static bool cfti_os_is_absent(int error) { return error == ENOENT; }

static bool cfti_os_is_no_name(int error) { return error == ENAMETOOLONG; }

#define CFTI_OS_ROOT_CAPACITY 2
#define CFTI_OS_LONG_PATH 1000

static bool cfti_os_is_slash(char c) { return c == '/'; }

static size_t cfti_os_root(const char *path, size_t size) { return size > 0 && path[0] == '/'; }

static size_t cfti_os_root_text(const char *path, size_t root, char text[]) {
    (void)path;
    text[0] = '/';
    return root;
}

/* Why the last call failed: never 0, which would mean success. */
static int cfti_os_errno(void) { return errno != 0 ? errno : EIO; }

static const char *cfti_os_error_text(int os_error) {
    switch (os_error) {
    case EACCES: return "permission denied";
    case EPERM: return "operation not permitted";
    case ENOENT: return "no such file or directory";
    case ENOTDIR: return "not a directory";
    case EISDIR: return "is a directory";
    case EEXIST: return "already exists";
    case ENAMETOOLONG: return "file name too long";
    case ELOOP: return "too many levels of symbolic links";
    case EMFILE: return "too many open files in this process";
    case ENFILE: return "too many open files in this system";
    case ENOSPC: return "no space left on device";
    case EDQUOT: return "disk quota exceeded";
    case EFBIG: return "file too large";
    case EOVERFLOW: return "size or time too large for how this program was compiled";
    case EROFS: return "read-only file system";
    case EIO: return "input/output error";
    case EPIPE: return "broken pipe";
    case ENOMEM: return "out of memory";
    case EBUSY: return "device or resource busy";
    case ETXTBSY: return "text file busy";
    case EXDEV: return "on another file system";
    case ENXIO: return "no such device or address";
    case ENODEV: return "no such device";
    case EAGAIN: return "resource temporarily unavailable";
    case EINVAL: return "invalid argument";
    case EBADF: return "bad file descriptor";
    case ESTALE: return "stale file handle";
    default: return NULL;
    }
}

/* Takes over a descriptor that was just opened. The library's is never 0, 1 or 2: a host that has
 * closed its standard error and writes to it would write into the file. It is closed in the
 * programs that the host starts. */
static int cfti_os_adopt(int fd, cfti_os_file *file) {
    int error = 0;
    *file = fd;
    if (fd < 0) return cfti_os_errno();
    if (fd < 3) {
        *file = fcntl(fd, CFTI_F_DUPFD_CLOEXEC, 3);
        if (*file < 0) error = cfti_os_errno();
        (void)close(fd);
    }
    if (error == 0 && CFTI_O_CLOEXEC == 0) (void)fcntl(*file, F_SETFD, FD_CLOEXEC);
    return error;
}

/* MemorySanitizer misses what the kernel writes for syscall(), and in some versions for
 * fstatat(). */
#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#ifdef __cplusplus
extern "C" void __msan_unpoison(const volatile void *, size_t);
#else
void __msan_unpoison(const volatile void *, size_t);
#endif
#define CFTI_KERNEL_WROTE(data, size) __msan_unpoison(data, size)
#endif
#endif
#if !defined(CFTI_KERNEL_WROTE)
#define CFTI_KERNEL_WROTE(data, size) ((void)0)
#endif

/* Every call is repeated after EINTR, also where POSIX does not name it: FUSE answers any call
 * with EINTR when a signal comes. */

/* Whether opening without waiting failed for another process's lease (fcntl(), F_SETLEASE) and is
 * worth another try, for a minute in all: the holder has been notified, and the kernel takes the
 * lease from it after 45 seconds by default. Only a lease makes EAGAIN of a regular file. */
#define CFTI_OS_LEASE_NAPS 3000
static bool cfti_os_awaits_lease(cfti_os_file at, const char *path, int *naps) {
    cfti_os_status status;
    if (errno != EAGAIN || ++*naps > CFTI_OS_LEASE_NAPS) return false;
    if (cfti_os_status_at(at, path, true, &status) != 0 || status.kind != CFTI_KIND_FILE) {
        errno = EAGAIN;
        return false;
    }
    (void)poll(NULL, 0, *naps < 20 ? 1 : 20);
    errno = EAGAIN;
    return true;
}

static int cfti_os_open_with(cfti_os_file at, const char *path, int flags, cfti_os_file *file) {
    int fd, naps = 0;
    do {
        fd = openat(at, path, O_RDONLY | CFTI_O_CLOEXEC | flags);
    } while (fd < 0 && (errno == EINTR || cfti_os_awaits_lease(at, path, &naps)));
    return cfti_os_adopt(fd, file);
}

static int cfti_os_open(cfti_os_file at, const char *path, cfti_os_file *file) {
    return cfti_os_open_with(at, path, O_NONBLOCK | O_NOCTTY, file);
}

static int cfti_os_open_no_link(cfti_os_file at, const char *path, cfti_os_file *file) {
    return cfti_os_open_with(at, path, O_NONBLOCK | O_NOCTTY | CFTI_O_NOFOLLOW, file);
}

static void cfti_os_close(cfti_os_file file) { (void)close(file); }

/* The kernel accepts paths below 4096 bytes. A longer path is opened in steps, each relative to the
 * directory before. */
#define CFTI_OS_PATH_STEP 4000

static int cfti_os_open_directory_at(cfti_os_file at, const char *name, cfti_os_file *directory) {
    return cfti_os_open_with(at, name, CFTI_O_DIRECTORY, directory);
}

#if defined(__linux__) && defined(O_PATH)
#define CFTI_O_PATH O_PATH
#elif defined(__linux__) && defined(__O_PATH)
#define CFTI_O_PATH __O_PATH
#else
#define CFTI_O_PATH 0
#endif

/* The directories on the way need to be searchable, not readable. */
static int cfti_os_open_steps(const char *path, int flags, cfti_os_file *directory) {
    cfti_os_file at = CFTI_OS_CWD;
    size_t size = strlen(path);
    for (;;) {
        char step[CFTI_OS_PATH_STEP + 1];
        const char *part = path;
        size_t n = size;
        cfti_os_file next;
        int error;
        if (size > CFTI_OS_PATH_STEP) {
            n = CFTI_OS_PATH_STEP;
            while (n > 0 && path[n] != '/') n--;
            if (n == 0) {
                error = ENAMETOOLONG;
                if (at != CFTI_OS_CWD) cfti_os_close(at);
                return error;
            }
            memcpy(step, path, n);
            step[n] = '\0';
            part = step;
        }
        error =
            cfti_os_open_with(at, part, CFTI_O_DIRECTORY | (n < size ? CFTI_O_PATH : flags), &next);
        if (at != CFTI_OS_CWD) cfti_os_close(at);
        if (error != 0) return error;
        at = next;
        if (n == size) break;
        while (path[n] == '/') n++;
        path += n;
        size -= n;
    }
    *directory = at;
    return 0;
}

static int cfti_os_open_directory(const char *path, cfti_os_file *directory) {
    return cfti_os_open_steps(path, 0, directory);
}

static int cfti_os_open_place(const char *path, cfti_os_file *directory) {
    return cfti_os_open_steps(path, CFTI_O_PATH, directory);
}

#if defined(__linux__) && !defined(__alpha__)
#define CFTI_OS_OPENS_BENEATH 1

/* openat2() of Linux 5.6, as in <linux/openat2.h>, which may be older or missing. */
#define CFTI_OS_OPENAT2 437
typedef struct cfti_os_how {
    uint64_t flags, mode, resolve;
} cfti_os_how;
#define CFTI_OS_NO_MAGIC_LINKS 2 /* RESOLVE_NO_MAGICLINKS and so on */
#define CFTI_OS_NO_LINKS 4
#define CFTI_OS_BENEATH 8

static int cfti_os_open_beneath(cfti_os_file at, const char *path, bool directory, bool no_links,
                                cfti_os_file *file) {
    cfti_os_how how;
    int fd, naps = 0, patience = 100; /* EAGAIN: something was renamed on the way */
    memset(&how, 0, sizeof(how));
    how.flags = (uint64_t)(O_RDONLY | CFTI_O_CLOEXEC |
                           (directory ? CFTI_O_PATH | CFTI_O_DIRECTORY : O_NONBLOCK | O_NOCTTY));
    how.resolve = CFTI_OS_BENEATH | CFTI_OS_NO_MAGIC_LINKS | (no_links ? CFTI_OS_NO_LINKS : 0u);
    do {
        fd = (int)syscall(CFTI_OS_OPENAT2, at, path, &how, sizeof(how));
    } while (fd < 0 && (errno == EINTR || (errno == EAGAIN && --patience > 0) ||
                        cfti_os_awaits_lease(at, path, &naps)));
    /* Filters of system calls answer EPERM, which opening in these ways never does. */
    if (fd < 0 && (errno == EPERM || errno == E2BIG || errno == EINVAL)) return CFTI_OS_NO_BENEATH;
    return cfti_os_adopt(fd, file);
}

#else
#define CFTI_OS_OPENS_BENEATH 0
#endif

/* ---- the clock ---- */

/* Linux stamps a write before it copies the bytes. macOS and the BSDs document no order: there
 * every file is read a second time. */
#if defined(__linux__)
#define CFTI_OS_TIMES_ARE_PROMPT true
#else
#define CFTI_OS_TIMES_ARE_PROMPT false
#endif

static void cfti_os_now(cfti_os_time *now) {
#if defined(__linux__) && defined(SYS_clock_gettime) && UINTPTR_MAX > 0xFFFFFFFFu
    /* The clock that file systems use, in steps of 1 to 10 ms. (A 32-bit system's call may end in
     * 2038.) */
    long time[2];
    if (syscall(SYS_clock_gettime, 5 /* CLOCK_REALTIME_COARSE */, time) != 0)
        memset(time, 0, sizeof(time));
    CFTI_KERNEL_WROTE(time, sizeof(time));
    now->seconds = time[0];
    now->ns = (uint32_t)time[1];
#else
    struct timeval time;
    memset(now, 0, sizeof(*now));
    if (gettimeofday(&time, NULL) != 0) return;
    /* Less 20 ms, by which the clock of a file system may lag. */
    now->seconds = (int64_t)time.tv_sec - (time.tv_usec < 20000);
    now->ns = (uint32_t)((time.tv_usec + 980000) % 1000000) * 1000u;
#endif
}

static void cfti_os_nap(void) { (void)poll(NULL, 0, 1); }

/* ---- the status of files ---- */

static cfti_kind cfti_os_kind_of_mode(mode_t mode) {
    /* -std=c99 hides S_ISLNK; the values are the same on every system. */
    switch ((unsigned)mode & 0170000u) {
    case 0100000u: return CFTI_KIND_FILE;
    case 0040000u: return CFTI_KIND_DIRECTORY;
    case 0120000u: return CFTI_KIND_LINK;
    default: return CFTI_KIND_OTHER;
    }
}

static void cfti_os_status_fill(cfti_os_status *status, const struct stat *st) {
    memset(status, 0, sizeof(*status));
    status->device = (uint64_t)st->st_dev;
    status->inode = (uint64_t)st->st_ino;
    status->size = (uint64_t)st->st_size;
    status->modified = (int64_t)st->st_mtime;
    status->changed = (int64_t)st->st_ctime;
#if defined(__APPLE__)
    status->modified_ns = (uint32_t)st->st_mtimespec.tv_nsec;
    status->changed_ns = (uint32_t)st->st_ctimespec.tv_nsec;
#elif defined(st_mtime)
    status->modified_ns = (uint32_t)st->st_mtim.tv_nsec;
    status->changed_ns = (uint32_t)st->st_ctim.tv_nsec;
#elif defined(__linux__)
    status->modified_ns = (uint32_t)st->st_mtimensec;
    status->changed_ns = (uint32_t)st->st_ctimensec;
#endif
    status->mode = (uint32_t)st->st_mode & 07777u;
    status->owner = (uint32_t)st->st_uid;
    status->group = (uint32_t)st->st_gid;
    status->kind = cfti_os_kind_of_mode(st->st_mode);
}

static int cfti_os_status_of(cfti_os_file file, cfti_os_status *status) {
    struct stat st;
    while (fstat(file, &st) != 0)
        if (errno != EINTR) return cfti_os_errno();
    CFTI_KERNEL_WROTE(&st, sizeof(st));
    cfti_os_status_fill(status, &st);
    return 0;
}

static int cfti_os_status_at(cfti_os_file at, const char *path, bool follow_link,
                             cfti_os_status *status) {
    struct stat st;
    while (fstatat(at, path, &st, follow_link ? 0 : CFTI_AT_SYMLINK_NOFOLLOW) != 0)
        if (errno != EINTR) return cfti_os_errno();
    CFTI_KERNEL_WROTE(&st, sizeof(st));
    cfti_os_status_fill(status, &st);
    return 0;
}

/* Some systems refuse or cut a transfer of 2 GiB or more. */
#define CFTI_OS_TRANSFER ((size_t)1 << 30)

static int cfti_os_read_at(cfti_os_file file, void *data, size_t size, uint64_t offset,
                           size_t *got) {
    ssize_t n;
    do {
        n = pread(file, data, cfti_min(size, CFTI_OS_TRANSFER), (off_t)offset);
    } while (n < 0 && errno == EINTR);
    *got = n < 0 ? 0 : (size_t)n;
    return n < 0 ? cfti_os_errno() : 0;
}

static cfti_kind cfti_os_kind_of_type(unsigned char type) {
    switch (type) { /* DT_REG and so on, which -std=c99 hides */
    case 0: return CFTI_KIND_UNKNOWN;
    case 8: return CFTI_KIND_FILE;
    case 4: return CFTI_KIND_DIRECTORY;
    case 10: return CFTI_KIND_LINK;
    default: return CFTI_KIND_OTHER;
    }
}

static bool cfti_os_is_dots(const char *name) {
    return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

#if defined(__linux__) && defined(SYS_getdents64)
/* The system call itself: readdir() allocates without the caller's allocator and costs two more
 * calls per directory. A record has inode (8 bytes), offset (8), its own length (2), type (1) and
 * name. */
static int cfti_os_list(cfti_os_file directory,
                        int (*each)(void *ctx, const char *name, cfti_kind kind), void *ctx) {
    char buffer[32768];
    for (;;) {
        long n = syscall(SYS_getdents64, directory, buffer, sizeof(buffer)), at = 0;
        if (n > 0) CFTI_KERNEL_WROTE(buffer, (size_t)n);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return cfti_os_errno();
        if (n == 0) return 0;
        while (at < n) {
            const char *record = buffer + at;
            const char *name = record + 19;
            unsigned short length;
            memcpy(&length, record + 16, sizeof(length));
            at += length;
            if (!cfti_os_is_dots(name)) {
                int stop = each(ctx, name, cfti_os_kind_of_type((unsigned char)record[18]));
                if (stop != 0) return stop;
            }
        }
    }
}
#else
static int cfti_os_list(cfti_os_file directory,
                        int (*each)(void *ctx, const char *name, cfti_kind kind), void *ctx) {
    int error = 0;
    int copy = fcntl(directory, CFTI_F_DUPFD_CLOEXEC, 3); /* closedir() closes its descriptor */
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    if (dir == NULL) {
        error = cfti_os_errno();
        if (copy >= 0) (void)close(copy);
        return error;
    }
    for (;;) {
        struct dirent *entry;
        errno = 0;
        entry = readdir(dir);
        if (entry == NULL) {
            if (errno == EINTR) continue;
            error = errno;
            break;
        }
        if (cfti_os_is_dots(entry->d_name)) continue;
#if defined(_DIRENT_HAVE_D_TYPE) || defined(__APPLE__) || defined(__FreeBSD__)
        error = each(ctx, entry->d_name, cfti_os_kind_of_type(entry->d_type));
#else
        error = each(ctx, entry->d_name, CFTI_KIND_UNKNOWN);
#endif
        if (error != 0) break;
    }
    (void)closedir(dir);
    return error;
}
#endif

#if !defined(CONFITURE_NO_MMAP)
static int cfti_os_map(cfti_os_file file, uint64_t offset, size_t size, const uint8_t **data) {
    void *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, (off_t)offset);
    if (p == MAP_FAILED) return cfti_os_errno();
    *data = (const uint8_t *)p;
    return 0;
}

static void cfti_os_unmap(const uint8_t *data, size_t size) {
    void *p;
    memcpy(&p, &data, sizeof(p)); /* a cast would drop the const, and warn */
    (void)munmap(p, size);
}
#endif

static int cfti_os_read_link_at(cfti_os_file at, const char *name, char *buffer, size_t capacity) {
    ssize_t n;
    do {
        n = readlinkat(at, name, buffer, capacity);
    } while (n < 0 && errno == EINTR);
    if (n < 0) return cfti_os_errno();
    if ((size_t)n >= capacity) return ENAMETOOLONG;
    buffer[n] = '\0';
    return 0;
}

static int cfti_os_read_link(const char *path, char *buffer, size_t capacity) {
    return cfti_os_read_link_at(CFTI_OS_CWD, path, buffer, capacity);
}

static int cfti_os_current_directory(char *buffer, size_t capacity) {
    return getcwd(buffer, capacity) == NULL ? cfti_os_errno() : 0;
}

static bool cfti_os_is_shortage(int error) {
    return error == EMFILE || error == ENFILE || error == ENOMEM || error == EAGAIN ||
           error == ENOBUFS;
}

static uintptr_t cfti_os_thread_id(void) { return (uintptr_t)&errno; } /* each thread has its own */

static size_t cfti_os_processors(void) {
#if defined(__linux__) && defined(SYS_sched_getaffinity)
    /* One call, where sysconf() opens and reads a file; and it leaves out the processors that this
     * process may not use. */
    unsigned char mask[1024];
    long size = syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask), i;
    size_t count = 0;
    if (size > 0) CFTI_KERNEL_WROTE(mask, (size_t)size);
    for (i = 0; i < size; i++) {
        unsigned bits;
        for (bits = mask[i]; bits != 0; bits &= bits - 1) count++;
    }
    if (count > 0) return count;
#endif
    {
        long n = sysconf(_SC_NPROCESSORS_ONLN);
        return n < 1 ? 1 : (size_t)n;
    }
}

#if !defined(CONFITURE_NO_ALLOC)
static void cfti_os_advise_large(void *block, size_t size) {
#if defined(__linux__) && defined(SYS_madvise)
    /* Outwards to whole pages, so that malloc()'s mapping of the block stays one mapping: only then
     * can realloc() move it without copying. */
    long page = sysconf(_SC_PAGESIZE);
    uintptr_t first = (uintptr_t)block, last = first + size;
    if (page <= 0) return;
    first -= first % (uintptr_t)page;
    last += (uintptr_t)page - 1;
    last -= last % (uintptr_t)page;
    (void)syscall(SYS_madvise, first, last - first, 14 /* MADV_HUGEPAGE */);
    /* malloc() has touched the first small page by its header before the block, and the kernel
     * puts no large page where a small one is unless asked to. */
    if (first % CFTI_OS_LARGE_PAGE == 0 && last - first >= CFTI_OS_LARGE_PAGE)
        (void)syscall(SYS_madvise, first, CFTI_OS_LARGE_PAGE, 25 /* MADV_COLLAPSE */);
#else
    (void)block;
    (void)size;
#endif
}
#endif

#endif /* !_WIN32 */
