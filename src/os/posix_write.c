/* ---- os/posix_write.c: the primitives of os/os.h that write, on POSIX systems ---- */

#if !defined(_WIN32)

#if defined(__linux__)
#include <sys/xattr.h>
#else
#include <signal.h>
#endif

#if defined(__linux__) && defined(O_TMPFILE)
#define CFTI_O_TMPFILE O_TMPFILE
#elif defined(__linux__) && defined(__O_TMPFILE)
#define CFTI_O_TMPFILE __O_TMPFILE
#endif

/* ---- new files ---- */

static int cfti_os_create_with(const char *path, int flags, bool is_private, cfti_os_file *file) {
    int fd;
    do {
        fd = open(path, O_RDWR | CFTI_O_CLOEXEC | flags, is_private ? 0600 : 0666);
    } while (fd < 0 && errno == EINTR);
    return cfti_os_adopt(fd, file);
}

static int cfti_os_create(const char *path, bool is_private, cfti_os_file *file) {
    return cfti_os_create_with(path, O_CREAT | O_EXCL, is_private, file);
}

#if defined(CFTI_O_TMPFILE)
/* "/proc/self/fd/N", the only path to a file without a name. */
static const char *cfti_os_fd_path(cfti_os_file file, char path[40]) {
    int rest;
    size_t size = 14;
    memcpy(path, "/proc/self/fd/", size);
    for (rest = file; rest >= 10; rest /= 10) size++;
    path[size + 1] = '\0';
    for (rest = file; size >= 14; rest /= 10) path[size--] = (char)('0' + rest % 10);
    return path;
}

/* Whether a new file without a name is usable. Naming it needs the /proc of this process; and Linux
 * before 5.19 ignores the umask on file systems without ACLs. */
static bool cfti_os_unnamed_is_good(cfti_os_file file, bool is_private) {
    cfti_os_status one, other;
    char path[40];
    return cfti_os_status_of(file, &one) == 0 &&
           cfti_os_status_at(CFTI_OS_CWD, cfti_os_fd_path(file, path), true, &other) == 0 &&
           one.device == other.device && one.inode == other.inode &&
           (is_private || (one.mode & 0666u) != 0666u);
}

static int cfti_os_create_unnamed(const char *directory, bool is_private, cfti_os_file *file) {
    int error = cfti_os_create_with(directory, CFTI_O_TMPFILE, is_private, file);
    if (error != 0 || cfti_os_unnamed_is_good(*file, is_private)) return error;
    cfti_os_close(*file);
    return CFTI_OS_NO_DEVICE;
}
#else
static int cfti_os_create_unnamed(const char *directory, bool is_private, cfti_os_file *file) {
    (void)directory;
    (void)is_private;
    (void)file;
    return CFTI_OS_NO_DEVICE;
}
#endif

static int cfti_os_link_with(const char *from, const char *to, int flags) {
    while (linkat(CFTI_AT_FDCWD, from, CFTI_AT_FDCWD, to, flags) != 0)
        if (errno != EINTR) return cfti_os_errno();
    return 0;
}

static int cfti_os_name(cfti_os_file file, const char *path) {
#if defined(CFTI_O_TMPFILE)
    char from[40];
    return cfti_os_link_with(cfti_os_fd_path(file, from), path, CFTI_AT_SYMLINK_FOLLOW);
#else
    (void)file;
    (void)path;
    return CFTI_OS_NO_DEVICE;
#endif
}

static int cfti_os_link(const char *from, const char *to) { return cfti_os_link_with(from, to, 0); }

static uint64_t cfti_os_random(void) {
    uint64_t value = 0;
    cfti_os_file file;
    size_t got = 0;
#if defined(__linux__) && defined(SYS_getrandom)
    if (syscall(SYS_getrandom, &value, sizeof(value), 1 /* GRND_NONBLOCK */) == (long)sizeof(value))
        return value;
#endif
    if (cfti_os_open(CFTI_OS_CWD, "/dev/urandom", &file) == 0) {
        (void)cfti_os_read_at(file, &value, sizeof(value), 0, &got);
        cfti_os_close(file);
    }
    /* Without randomness names repeat; the caller then tries the next one. */
    return got == sizeof(value) ? value : (uint64_t)getpid() << 32 ^ (uint64_t)(uintptr_t)&value;
}

/* ---- files that are open already ---- */

/* The directories of this process's descriptors. */
#if defined(__linux__)
static const char *const cfti_os_descriptors[] = {"/proc/self/fd", "/proc/thread-self/fd"};
#else
static const char *const cfti_os_descriptors[] = {"/dev/fd"};
#endif

/* Whether the links in `directory` lead to open files of a process, as all links in /proc do, and
 * whether this is that process. */
static bool cfti_os_holds_open_files(cfti_os_file directory, bool *is_own) {
    cfti_os_status where, own;
    bool holds = false;
    size_t i;
    *is_own = false;
    if (cfti_os_status_of(directory, &where) != 0) return false;
    for (i = 0; i < CFTI_COUNT(cfti_os_descriptors) && !*is_own; i++) {
        cfti_os_file file; /* kept open: /proc gives an inode a new number for each lookup */
        if (cfti_os_open_directory_at(CFTI_OS_CWD, cfti_os_descriptors[i], &file) != 0) continue;
        if (cfti_os_status_of(file, &own) == 0 && own.device == where.device) {
            *is_own = own.inode == where.inode;
#if defined(__linux__)
            holds = true;
#endif
        }
        cfti_os_close(file);
    }
    return holds || *is_own;
}

static int cfti_os_descriptor_number(const char *name) {
    int number = 0;
    if (*name == '\0') return -1;
    for (; *name != '\0'; name++) {
        if (*name < '0' || *name > '9' || number > 100000000) return -1;
        number = number * 10 + (*name - '0');
    }
    return number;
}

/* Whether an error means that the path does not lead to an open file. */
static bool cfti_os_is_no_open_file(int error) {
    return error == EINVAL || error == ENOENT || error == ENOTDIR || error == EACCES ||
           error == ELOOP || error == ENAMETOOLONG;
}

/* Whether the directory of `path` holds open files, and which one the path is. */
static int cfti_os_look_beside(char *path, bool *is_open_file, int *descriptor) {
    char *slash = strrchr(path, '/'), *leaf = slash == NULL ? path : slash + 1, first = *leaf;
    cfti_os_file directory;
    bool is_own;
    int error;
    *leaf = '\0';
    error = cfti_os_open_directory_at(CFTI_OS_CWD, slash == NULL ? "." : path, &directory);
    *leaf = first;
    if (error != 0) return cfti_os_is_no_open_file(error) ? 0 : error;
    *is_open_file = cfti_os_holds_open_files(directory, &is_own);
    if (is_own) *descriptor = cfti_os_descriptor_number(leaf);
    cfti_os_close(directory);
    return 0;
}

static int cfti_os_find_open_file(const char *path, bool *is_open_file, int *descriptor) {
    char at[4096], target[4096];
    size_t size = strlen(path), links;
    *is_open_file = false;
    *descriptor = -1;
    if (size >= sizeof(at)) return 0;
    memcpy(at, path, size + 1);
    for (links = 0; links < 40; links++) {
        char *slash = strrchr(at, '/'), *end = slash == NULL ? at : slash + 1;
        int no_link = cfti_os_read_link(at, target, sizeof(target)), error = 0;
        if (no_link != 0 && !cfti_os_is_no_open_file(no_link)) return no_link;
#if defined(__linux__)
        if (no_link != 0) return 0; /* Linux shows open files as links */
#endif
        error = cfti_os_look_beside(at, is_open_file, descriptor);
        if (error != 0 || *is_open_file || no_link != 0) return error;
        if (target[0] == '/') end = at;
        size = strlen(target);
        if (size >= sizeof(at) - (size_t)(end - at)) return 0;
        memcpy(end, target, size + 1);
    }
    return 0;
}

static int cfti_os_open_for_writing(const char *path, int descriptor, cfti_os_file *file) {
    int fd;
    if (descriptor >= 0) {
        int flags = fcntl(descriptor, F_GETFL);
        if (flags < 0) return cfti_os_errno();
        if ((flags & O_ACCMODE) == O_RDONLY) return EBADF;
        return cfti_os_adopt(fcntl(descriptor, CFTI_F_DUPFD_CLOEXEC, 3), file);
    }
    do {
        fd = open(path, O_WRONLY | O_APPEND | O_NOCTTY | CFTI_O_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    return cfti_os_adopt(fd, file);
}

/* ---- bytes ---- */

static int cfti_os_write(cfti_os_file file, const void *data, size_t size) {
    const char *p = (const char *)data;
    while (size > 0) {
        ssize_t n = write(file, p, cfti_min(size, CFTI_OS_TRANSFER));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return cfti_os_errno();
        if (n == 0) return EIO; /* POSIX leaves this case open; repeating it might never end */
        p += n;
        size -= (size_t)n;
    }
    return 0;
}

static int cfti_os_write_at(cfti_os_file file, const void *data, size_t size, uint64_t offset) {
    const char *p = (const char *)data;
    while (size > 0) {
        ssize_t n = pwrite(file, p, size, (off_t)offset);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return cfti_os_errno();
        if (n == 0) return EIO;
        p += n;
        size -= (size_t)n;
        offset += (uint64_t)n;
    }
    return 0;
}

/* A write to a pipe without a reader raises SIGPIPE in the calling thread, where it is blocked and
 * consumed. On Linux by system calls, since -std=c99 hides sigset_t. */
#if defined(__linux__)
typedef struct cfti_pipe_signals {
    unsigned long words[4];
} cfti_pipe_signals;
#if defined(__mips__)
#define CFTI_SIGNALS_SIZE 16
#else
#define CFTI_SIGNALS_SIZE 8
#endif
#if defined(__mips__) || defined(__alpha__) || defined(__sparc__)
#define CFTI_PIPE_BLOCK 1
#else
#define CFTI_PIPE_BLOCK 0
#endif
#if defined(__sparc__)
#define CFTI_PIPE_SETMASK 4
#else
#define CFTI_PIPE_SETMASK (CFTI_PIPE_BLOCK + 2)
#endif
#define CFTI_SIGPIPE_BIT (1ul << (13 - 1))

static bool cfti_os_pipe_signal_is_pending(void) {
    cfti_pipe_signals pending;
    memset(&pending, 0, sizeof(pending));
    return syscall(SYS_rt_sigpending, &pending, CFTI_SIGNALS_SIZE) == 0 &&
           (pending.words[0] & CFTI_SIGPIPE_BIT) != 0;
}

static bool cfti_os_hold_pipe_signal(cfti_pipe_signals *before) {
    cfti_pipe_signals held;
    memset(&held, 0, sizeof(held));
    memset(before, 0, sizeof(*before));
    held.words[0] = CFTI_SIGPIPE_BIT;
    return syscall(SYS_rt_sigprocmask, CFTI_PIPE_BLOCK, &held, before, CFTI_SIGNALS_SIZE) == 0;
}

static void cfti_os_release_pipe_signal(const cfti_pipe_signals *before) {
    (void)syscall(SYS_rt_sigprocmask, CFTI_PIPE_SETMASK, before, NULL, CFTI_SIGNALS_SIZE);
}

static void cfti_os_consume_pipe_signal(void) {
    cfti_pipe_signals one;
    memset(&one, 0, sizeof(one));
    one.words[0] = CFTI_SIGPIPE_BIT;
#if defined(SYS_rt_sigtimedwait)
    (void)syscall(SYS_rt_sigtimedwait, &one, NULL, NULL, CFTI_SIGNALS_SIZE);
#else
    (void)syscall(SYS_rt_sigtimedwait_time64, &one, NULL, NULL, CFTI_SIGNALS_SIZE);
#endif
}
#else
typedef sigset_t cfti_pipe_signals;
#if defined(CONFITURE_NO_THREADS)
#define CFTI_SIGNAL_MASK sigprocmask
#else
#define CFTI_SIGNAL_MASK pthread_sigmask
#endif

static bool cfti_os_pipe_signal_is_pending(void) {
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

static bool cfti_os_hold_pipe_signal(cfti_pipe_signals *before) {
    sigset_t held;
    (void)sigemptyset(&held);
    (void)sigaddset(&held, SIGPIPE);
    return CFTI_SIGNAL_MASK(SIG_BLOCK, &held, before) == 0;
}

static void cfti_os_release_pipe_signal(const cfti_pipe_signals *before) {
    (void)CFTI_SIGNAL_MASK(SIG_SETMASK, before, NULL);
}

static void cfti_os_consume_pipe_signal(void) {
    sigset_t one;
    int number;
    (void)sigemptyset(&one);
    (void)sigaddset(&one, SIGPIPE);
    (void)sigwait(&one, &number);
}
#endif

static int cfti_os_write_stream(cfti_os_file file, const void *data, size_t size) {
    bool pending = cfti_os_pipe_signal_is_pending(), held;
    cfti_pipe_signals before;
    int error;
    held = cfti_os_hold_pipe_signal(&before);
    error = cfti_os_write(file, data, size);
    if (held) {
        if (error == EPIPE && !pending && cfti_os_pipe_signal_is_pending())
            cfti_os_consume_pipe_signal();
        cfti_os_release_pipe_signal(&before);
    }
    return error;
}

static int cfti_os_finish(cfti_os_file file) {
    /* After EINTR Linux has closed the descriptor; closing again could hit another thread's. */
    return close(file) != 0 && errno != EINTR ? cfti_os_errno() : 0;
}

static int cfti_os_sync(cfti_os_file file) {
    while (fsync(file) != 0)
        if (errno != EINTR) return cfti_os_errno();
    return 0;
}

static bool cfti_os_is_not_synced(int error) {
    return error == EINVAL || error == ENOTSUP || error == EOPNOTSUPP || error == ENOSYS ||
           error == EBADF || error == EROFS;
}

/* ---- rights ---- */

static int cfti_os_set_mode(cfti_os_file file, uint32_t mode) {
    while (fchmod(file, (mode_t)mode) != 0)
        if (errno != EINTR) return cfti_os_errno();
    return 0;
}

/* Three bits each. With an ACL, group is the group's own entry: the mode shows the mask there. */
typedef struct cfti_rights {
    uint32_t user, group, other;
    uint32_t named; /* what every user and group named in the ACL may do */
} cfti_rights;

/* Those whom the old file's group or owner entry covered may be covered by another entry now. */
static void cfti_rights_narrow(cfti_rights *rights, const cfti_os_status *old,
                               const cfti_os_status *made) {
    if (made->group != old->group) rights->group = rights->other = rights->group & rights->other;
    if (made->owner != old->owner) {
        rights->group &= rights->user;
        rights->other &= rights->user;
    }
}

#if defined(__linux__)
#define CFTI_ACL "system.posix_acl_access"
#define CFTI_ACL_HEAD 4  /* a version */
#define CFTI_ACL_ENTRY 8 /* tag, rights, and a user or group, little-endian */
enum { CFTI_ACL_GROUP_OBJ = 0x04, CFTI_ACL_MASK = 0x10, CFTI_ACL_OTHER = 0x20 };

static bool cfti_os_has_no_acl(int error) {
    return error == ENODATA || error == ENOTSUP || error == EOPNOTSUPP || error == ENOSYS;
}

/* The ACL of a file; *size 0: none. ERANGE: larger than the capacity. */
static int cfti_os_read_acl(const char *path, uint8_t *acl, size_t capacity, size_t *size) {
    ssize_t n;
    *size = 0;
    do {
        n = getxattr(path, CFTI_ACL, acl, capacity);
    } while (n < 0 && errno == EINTR);
    if (n < 0) return cfti_os_has_no_acl(errno) ? 0 : cfti_os_errno();
    *size = (size_t)n;
    return 0;
}

static int cfti_os_remove_acl(cfti_os_file file) {
    while (fremovexattr(file, CFTI_ACL) != 0)
        if (errno != EINTR) return cfti_os_has_no_acl(errno) ? 0 : cfti_os_errno();
    return 0;
}

static void cfti_rights_of_acl(cfti_rights *rights, const uint8_t *acl, size_t size) {
    size_t at;
    uint32_t mask = 7;
    for (at = CFTI_ACL_HEAD; at + CFTI_ACL_ENTRY <= size; at += CFTI_ACL_ENTRY) {
        uint32_t may = acl[at + 2] & 7u;
        switch (acl[at]) {
        case 0x02: /* a user, a group */
        case 0x08: rights->named &= may; break;
        case CFTI_ACL_GROUP_OBJ: rights->group = may; break;
        case CFTI_ACL_MASK: mask = may; break;
        default: break;
        }
    }
    rights->group &= mask;
    rights->named &= mask;
}

/* False: the file does not accept the ACL. */
static bool cfti_os_write_acl(cfti_os_file file, uint8_t *acl, size_t size,
                              const cfti_rights *rights) {
    size_t at;
    for (at = CFTI_ACL_HEAD; at + CFTI_ACL_ENTRY <= size; at += CFTI_ACL_ENTRY) {
        if (acl[at] == CFTI_ACL_GROUP_OBJ) acl[at + 2] = (uint8_t)rights->group;
        if (acl[at] == CFTI_ACL_OTHER) acl[at + 2] = (uint8_t)rights->other;
    }
    while (fsetxattr(file, CFTI_ACL, acl, size, 0) != 0)
        if (errno != EINTR) return false;
    return true;
}
#endif

/* Sets the old file's group, which the process may belong to; it stays as it is if not. */
static int cfti_os_set_group(cfti_os_file file, uint32_t group, cfti_os_status *made) {
    while (fchown(file, (uid_t)-1, (gid_t)group) != 0)
        if (errno != EINTR) return 0;
    return cfti_os_status_of(file, made);
}

static int cfti_os_keep_rights(cfti_os_file file, const char *old_path, const cfti_os_status *old,
                               cfti_os_status *made) {
    cfti_rights rights;
    int error = 0;
    rights.user = old->mode >> 6 & 7u;
    rights.group = old->mode >> 3 & 7u;
    rights.other = old->mode & 7u;
    rights.named = 7;
    /* From the owner's alone to the final rights, and never more in between. */
    if ((made->mode & 077u) != 0) error = cfti_os_set_mode(file, 0600);
    if (error == 0 && made->group != old->group) error = cfti_os_set_group(file, old->group, made);
#if defined(__linux__)
    {
        uint8_t acl[4096];
        size_t size = 0;
        if (error == 0) error = cfti_os_remove_acl(file); /* the directory's default */
        if (error == 0) error = cfti_os_read_acl(old_path, acl, sizeof(acl), &size);
        if (error == ERANGE || error == E2BIG) error = 0, rights.group = rights.other = 0;
        if (error != 0) return error;
        if (size > 0) {
            cfti_rights_of_acl(&rights, acl, size);
            cfti_rights_narrow(&rights, old, made);
            if (cfti_os_write_acl(file, acl, size, &rights)) return 0;
            rights.group &= rights.named; /* the named ones count as group or others now */
            rights.other &= rights.named;
        }
    }
#else
    (void)old_path;
#endif
    cfti_rights_narrow(&rights, old, made);
    if (error == 0)
        error = cfti_os_set_mode(file, rights.user << 6 | rights.group << 3 | rights.other);
    return error;
}

/* ---- names ---- */

static int cfti_os_rename(const char *from, const char *to) {
    while (rename(from, to) != 0)
        if (errno != EINTR) return cfti_os_errno();
    return 0;
}

static int cfti_os_remove(const char *path) {
    while (unlink(path) != 0)
        if (errno != EINTR) return cfti_os_errno();
    return 0;
}

#endif /* !_WIN32 */
