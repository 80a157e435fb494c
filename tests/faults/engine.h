/* engine.h: the counter that all calls pass, what is told to fail, and the accounts of what
 * is out: memory, descriptors, mappings, threads, locks. To be included after the library.
 *
 * `write` stays defined: it is also the name of a member of confiture_sink, and was renamed
 * with the function. */
#ifndef CONFITURE_FAULTS_ENGINE_H
#define CONFITURE_FAULTS_ENGINE_H

#undef openat
#undef open
#undef close
#undef fcntl
#undef fstat
#undef fstatat
#undef pread
#undef pwrite
#undef mmap
#undef munmap
#undef fsync
#undef fchmod
#undef fchown
#undef getxattr
#undef fsetxattr
#undef fremovexattr
#undef linkat
#undef rename
#undef unlink
#undef readlinkat
#undef getcwd
#undef sysconf
#undef syscall
#undef pthread_create
#undef pthread_join
#undef pthread_mutex_init
#undef pthread_mutex_destroy
#undef pthread_cond_init
#undef pthread_cond_destroy
#undef fdopendir
#undef readdir
#undef closedir

#include "../chest/memory.h"
#include "../chest/runs.h"

typedef enum fault_call {
    FAULT_ALLOC,
    FAULT_SHRINK, /* a block that is made smaller: it may stay as it was */
    FAULT_OPENAT,
    FAULT_OPEN,
    FAULT_UNNAMED, /* a file without a name, which is to be had or not */
    FAULT_CLOSE,
    FAULT_FSTAT,
    FAULT_FSTATAT,
    FAULT_READ,
    FAULT_WRITE,
    FAULT_PWRITE,
    FAULT_MMAP,
    FAULT_FSYNC,
    FAULT_FCHMOD,
    FAULT_FCHOWN,
    FAULT_GETXATTR,
    FAULT_FSETXATTR,
    FAULT_FREMOVEXATTR,
    FAULT_LINK,
    FAULT_RENAME,
    FAULT_UNLINK,
    FAULT_READLINK,
    FAULT_GETCWD,
    FAULT_LIST,
    FAULT_DUP,
    FAULT_FDOPENDIR,
    FAULT_HINT,
    FAULT_SYSCONF,
    FAULT_THREAD,
    FAULT_MUTEX,
    FAULT_CONDITION,
    FAULT_RING_SETUP,
    FAULT_RING_REGISTER,
    FAULT_RING_ENTER,
    FAULT_RING_REQUEST,
    FAULT_RING_RESULT,
    FAULT_CALLS
} fault_call;

/* What each may fail with; may_interrupt: EINTR is a reason to try again. */
static const struct {
    const char *name;
    int errors[4];
    bool may_interrupt;
} fault_calls[FAULT_CALLS] = {{"alloc", {ENOMEM}, false},
                              {"shrink", {ENOMEM}, false},
                              {"openat", {EMFILE, EIO, ENOMEM}, true},
                              {"open", {EMFILE, ENOSPC}, true},
                              {"open without a name", {EOPNOTSUPP, EISDIR}, true},
                              {"close", {EIO}, true},
                              {"fstat", {EIO, ENOMEM}, true},
                              {"fstatat", {EIO, ENOMEM}, true},
                              {"read", {EIO, ENOMEM}, true},
                              {"write", {ENOSPC, EIO}, true},
                              {"pwrite", {ENOSPC}, true},
                              {"mmap", {ENOMEM, ENODEV}, false},
                              {"fsync", {EIO, ENOSPC}, true},
                              {"fchmod", {EPERM}, true},
                              {"fchown", {EPERM}, true},
                              {"getxattr", {EIO, ENOMEM}, true},
                              {"fsetxattr", {EPERM}, true},
                              {"fremovexattr", {EIO}, true},
                              {"linkat", {EPERM, ENOSPC}, true},
                              {"rename", {EIO, EXDEV}, true},
                              {"unlink", {EIO}, true},
                              {"readlink", {EIO, ENOMEM}, true},
                              {"getcwd", {ENOENT, ENOMEM}, false},
                              {"list", {EIO, ENOMEM}, true},
                              {"dup", {EMFILE}, true},
                              {"fdopendir", {ENOMEM, EMFILE}, false},
                              {"hint", {EINVAL}, false},
                              {"sysconf", {EINVAL}, false},
                              {"pthread_create", {EAGAIN}, false},
                              {"pthread_mutex_init", {EAGAIN}, false},
                              {"pthread_cond_init", {EAGAIN}, false},
                              {"io_uring_setup", {EPERM, EMFILE}, false},
                              {"io_uring_register", {EINVAL}, false},
                              {"io_uring_enter", {EAGAIN, EBUSY, EBADF}, true},
                              {"request of a ring", {EINVAL}, false},
                              {"result of a ring", {EIO, EMFILE, ECANCELED}, true}};

#define FAULT_BIT(call) (1ul << (call))
enum { FAULT_PATH = 512, FAULT_LOG = 512, FAULT_FDS = 1024, FAULT_MAPS = 512, FAULT_RULES = 4 };

typedef struct fault_hit {
    fault_call call;
    int error;
    bool is_output, is_directory; /* what the call was about */
    char path[FAULT_PATH];        /* relative to the root; empty: about no path */
} fault_hit;

/* A call that always fails, by what it is about. */
typedef struct fault_rule {
    unsigned long calls; /* FAULT_BIT of each */
    const char *path;
    int error;
} fault_rule;

/* What fstat() says of a file from the nth time on and is not so. */
typedef struct fault_lie {
    const char *path; /* NULL: no lie */
    size_t from, asked;
    off_t longer; /* than it is */
    bool later;   /* it has been changed since it was asked the last time */
} fault_lie;

typedef struct fault_fd {
    bool is_open, is_output, is_directory, is_ring;
    char path[FAULT_PATH];
} fault_fd;

enum { FAULT_WHOLE = 0, FAULT_ONE_BYTE, FAULT_RANDOM, FAULT_PAGES };

static struct {
    pthread_mutex_t lock;
    /* The plan. */
    bool armed;
    size_t calls, fail_at; /* counted from 1; fail_at 0: none */
    bool fail_on;          /* and all after it */
    unsigned long only;    /* the calls that are counted; 0: all */
    size_t variant;        /* which of the call's errors */
    fault_rule rules[FAULT_RULES];
    fault_lie lie;
    bool storm;       /* every second call that may be interrupted is */
    int short_reads;  /* of input */
    bool no_size;     /* no file tells its size */
    bool fresh;       /* nothing is known of the time: no file is older than the read */
    bool short_write; /* a random part */
    bool no_unnamed;  /* the file system has no files without a name */
    size_t taken;     /* so many names are another's */
    bool folds;       /* names are the same whatever their case */
    bool no_write;    /* a write brings nothing to the file, and that is no error */
    size_t disk;      /* bytes that there is room for */
    bool few;         /* a ring takes and completes only some at a time */
    bool waits;       /* a ring's reads wait, also where the file system knows no other way */
    uint32_t lacks;   /* what a ring does not have, of its features */
    int hold;         /* 3: a ring's results are kept back, 2: it is refused, 1: they are there */
    unsigned random;
    /* What happened. */
    size_t hits;
    fault_hit log[FAULT_LOG];
    /* What is out. */
    fault_fd fds[FAULT_FDS];
    size_t fd_count;
    struct {
        void *data;
        size_t size;
    } maps[FAULT_MAPS];
    size_t map_count, threads, mutexes, conditions;
    bool wrong; /* something was given back twice, or not as it was taken */
} fault = {PTHREAD_MUTEX_INITIALIZER};

static memory fault_memory; /* the accounts of all memory */

static void fault_reset(void) {
    fault.armed = fault.fail_on = fault.storm = fault.short_write = fault.no_write = fault.few =
        false;
    fault.no_size = fault.fresh = false;
    fault.no_unnamed = fault.folds = false;
    fault.taken = 0;
    fault.waits = false;
    fault.lacks = 0;
    fault.hold = 0;
    fault.calls = fault.fail_at = fault.variant = fault.hits = 0;
    fault.only = 0;
    fault.short_reads = FAULT_WHOLE;
    fault.disk = SIZE_MAX;
    memset(fault.rules, 0, sizeof fault.rules);
    memset(&fault.lie, 0, sizeof fault.lie);
}

/* So many ways has a call to fail, the last of them EINTR, if it has that. */
static size_t fault_variants(fault_call call) {
    size_t n = 0;
    while (n < 4 && fault_calls[call].errors[n] != 0) n++;
    return n;
}

static unsigned fault_random(unsigned below) {
    fault.random = fault.random * 1664525u + 1013904223u;
    return (fault.random >> 8) % below;
}

/* A path as the library may name it: relative to the root, without what is superfluous. */
static void fault_path(char out[FAULT_PATH], const char *head, const char *path) {
    size_t root = strlen(tree.root), n = 0;
    if (head != NULL && *head != '\0' && strcmp(head, ".") != 0 && *path != '/') {
        n = (size_t)snprintf(out, FAULT_PATH, "%s/", head);
        if (n >= FAULT_PATH) n = FAULT_PATH - 1;
    } else if (strncmp(path, tree.root, root) == 0 && (path[root] == '/' || path[root] == '\0')) {
        path += root;
        while (*path == '/') path++;
    }
    while (path[0] == '.' && path[1] == '/') path += 2;
    (void)snprintf(out + n, FAULT_PATH - n, "%s", path);
    n = strlen(out);
    while (n > 1 && out[n - 1] == '/') out[--n] = '\0';
}

/* Names of temporary files are random: all in one directory are the same to a rule. */
static bool fault_is_about(const char *rule, const char *path) {
    const char *start = strstr(rule, ".confiture-");
    if (strcmp(rule, path) == 0) return true;
    return start != NULL && strncmp(rule, path, (size_t)(start - rule) + 11) == 0;
}

/* With the lock held: what the call is to fail with, or 0. */
static int fault_decide(fault_call call, const char *path, bool is_output, bool is_directory) {
    int error = 0;
    size_t i;
    for (i = 0; i < FAULT_RULES && error == 0; i++)
        if ((fault.rules[i].calls & FAULT_BIT(call)) != 0 &&
            fault_is_about(fault.rules[i].path, path))
            error = fault.rules[i].error;
    if (fault.armed && (fault.only == 0 || (fault.only & FAULT_BIT(call)) != 0)) {
        fault.calls++;
        if (fault.fail_at != 0 && error == 0 &&
            (fault.fail_on ? fault.calls >= fault.fail_at : fault.calls == fault.fail_at)) {
            size_t n = fault_variants(call);
            if (fault.variant < n) error = fault_calls[call].errors[fault.variant];
            else
                error = !fault.fail_on && fault_calls[call].may_interrupt
                            ? EINTR
                            : fault_calls[call].errors[n - 1];
        }
        if (fault.storm && fault_calls[call].may_interrupt && fault_random(2) == 0) error = EINTR;
    }
    if (error != 0) {
        fault_hit *hit = fault.hits > 0 ? &fault.log[(fault.hits - 1) % FAULT_LOG] : NULL;
        if (hit != NULL && hit->call == call && hit->error == error && strcmp(hit->path, path) == 0)
            return error; /* a thousand times the same is one line */
        hit = &fault.log[fault.hits++ % FAULT_LOG];
        hit->call = call;
        hit->error = error;
        hit->is_output = is_output;
        hit->is_directory = is_directory;
        (void)snprintf(hit->path, sizeof hit->path, "%s", path);
    }
    return error;
}

/* Whether the call fails; errno is then set. fd: what it is about, or -1; else path, which is
 * relative to fd `at`. */
static bool fault_fails(fault_call call, int fd, int at, const char *path, bool is_directory) {
    char where[FAULT_PATH] = "";
    bool is_output = false;
    int error;
    (void)pthread_mutex_lock(&fault.lock);
    if (fd >= 0 && fd < FAULT_FDS) {
        if (!fault.fds[fd].is_open) fault.wrong = true;
        is_output = fault.fds[fd].is_output;
        is_directory = fault.fds[fd].is_directory;
        memcpy(where, fault.fds[fd].path, FAULT_PATH);
    } else if (path != NULL) {
        fault_path(where, at >= 0 && at < FAULT_FDS ? fault.fds[at].path : NULL, path);
    }
    error = fault_decide(call, where, is_output, is_directory);
    (void)pthread_mutex_unlock(&fault.lock);
    if (error != 0) errno = error;
    return error != 0;
}

/* A descriptor that has been opened. */
static int fault_opened(int fd, int at, const char *path, bool is_output, bool is_directory) {
    if (fd < 0) return fd;
    if (fd >= FAULT_FDS) tree_die("too many descriptors", path);
    (void)pthread_mutex_lock(&fault.lock);
    memset(&fault.fds[fd], 0, offsetof(fault_fd, path));
    fault.fds[fd].is_open = true;
    fault.fds[fd].is_output = is_output;
    fault.fds[fd].is_directory = is_directory;
    fault_path(fault.fds[fd].path, at >= 0 ? fault.fds[at].path : NULL, path);
    fault.fd_count++;
    (void)pthread_mutex_unlock(&fault.lock);
    return fd;
}

static void fault_count(size_t *count, bool more) {
    (void)pthread_mutex_lock(&fault.lock);
    if (!more && *count == 0) fault.wrong = true;
    if (more) ++*count;
    else if (*count > 0) --*count;
    (void)pthread_mutex_unlock(&fault.lock);
}

/* One that is about to be closed. */
static void fault_closed(int fd) {
    (void)pthread_mutex_lock(&fault.lock);
    if (fd < 0 || fd >= FAULT_FDS || !fault.fds[fd].is_open) fault.wrong = true;
    else fault.fds[fd].is_open = false, fault.fd_count--;
    (void)pthread_mutex_unlock(&fault.lock);
}

/* ---- memory ---- */

static void *fault_malloc(size_t size) {
    if (fault_fails(FAULT_ALLOC, -1, -1, NULL, false)) return NULL;
    return memory_alloc(&fault_memory, size);
}

static void *fault_remalloc(void *block, size_t size) {
    size_t old_size = memory_head_of(block)->of.size;
    if (fault_fails(size < old_size ? FAULT_SHRINK : FAULT_ALLOC, -1, -1, NULL, false)) return NULL;
    return memory_realloc(&fault_memory, block, old_size, size);
}

static void fault_release(void *block) {
    memory_free(&fault_memory, block, memory_head_of(block)->of.size);
}

/* The same for allocators that are given: they are told sizes, which must be right. */
static void *fault_given_alloc(void *ctx, size_t size) {
    (void)ctx;
    return fault_malloc(size);
}

static void *fault_given_realloc(void *ctx, void *block, size_t old_size, size_t new_size) {
    fault_call call = new_size < old_size ? FAULT_SHRINK : FAULT_ALLOC;
    (void)ctx;
    if (fault_fails(call, -1, -1, NULL, false)) return NULL;
    return memory_realloc(&fault_memory, block, old_size, new_size);
}

static void fault_given_free(void *ctx, void *block, size_t size) {
    (void)ctx;
    memory_free(&fault_memory, block, size);
}

static const confiture_allocator fault_allocator = {fault_given_alloc, fault_given_realloc,
                                                    fault_given_free, NULL};

/* ---- files ---- */

static int fault_openat(int at, const char *path, int flags, ...) {
    bool is_directory = (flags & O_DIRECTORY) != 0;
    if (fault_fails(FAULT_OPENAT, -1, at, path, is_directory)) return -1;
    return fault_opened(openat(at, path, flags), at, path, false, is_directory);
}

static bool fault_is_taken(void) {
    if (fault.taken == 0) return false;
    fault.taken--;
    errno = EEXIST;
    return true;
}

/* A file without a name is known by one that is like that of a temporary. */
static int fault_open_unnamed(const char *directory, int flags, mode_t mode) {
    char path[FAULT_PATH];
    size_t size = strlen(directory);
    if (size > 1 && directory[size - 1] == '/') size--;
    (void)snprintf(path, sizeof path, "%.*s/.confiture-.tmp", (int)size, directory);
    if (fault.no_unnamed) {
        errno = EOPNOTSUPP;
        return -1;
    }
    if (fault_fails(FAULT_UNNAMED, -1, -1, path, false)) return -1;
    return fault_opened(open(directory, flags, mode), -1, path, true, false);
}

static int fault_open(const char *path, int flags, ...) {
    mode_t mode = 0;
    bool is_unnamed = (flags & O_TMPFILE) == O_TMPFILE;
    if ((flags & O_CREAT) != 0 || is_unnamed) {
        va_list list;
        va_start(list, flags);
        mode = (mode_t)va_arg(list, unsigned);
        va_end(list);
    }
    if (is_unnamed) return fault_open_unnamed(path, flags, mode);
    if (fault_fails(FAULT_OPEN, -1, -1, path, false)) return -1;
    if ((flags & O_CREAT) != 0 && fault_is_taken()) return -1;
    return fault_opened(open(path, flags, mode), -1, path, true, false);
}

/* The descriptor is gone even if it is said to have failed: so Linux does it. */
static int fault_close(int fd) {
    bool fails = fault_fails(FAULT_CLOSE, fd, -1, NULL, false);
    int error = errno;
    fault_closed(fd);
    (void)close(fd);
    errno = error;
    return fails ? -1 : 0;
}

/* Another descriptor of the same, or how it was opened: one of the host's, maybe. */
static int fault_fcntl(int fd, int what, ...) {
    bool is_output = fault.fds[fd].is_output, is_directory = fault.fds[fd].is_directory;
    char path[FAULT_PATH];
    memcpy(path, fault.fds[fd].path, sizeof path);
    if (what == F_GETFL) return fcntl(fd, what);
    if (what != F_DUPFD_CLOEXEC) abort();
    if (fault_fails(FAULT_DUP, fault.fds[fd].is_open ? fd : -1, -1, NULL, false)) return -1;
    return fault_opened(fcntl(fd, what, 3), -1, path, is_output, is_directory);
}

static int fault_fstat(int fd, struct stat *st) {
    fault_lie *lie = &fault.lie;
    int result = fault_fails(FAULT_FSTAT, fd, -1, NULL, false) ? -1 : fstat(fd, st);
    (void)pthread_mutex_lock(&fault.lock);
    if (result == 0 && lie->path != NULL && strcmp(lie->path, fault.fds[fd].path) == 0 &&
        ++lie->asked >= lie->from) {
        st->st_size += lie->longer;
        if (lie->later) st->st_mtime += 7200 + (time_t)lie->asked;
    }
    if (result == 0 && fault.no_size && S_ISREG(st->st_mode)) st->st_size = 0;
    (void)pthread_mutex_unlock(&fault.lock);
    return result;
}

/* In a directory where case does not matter: the name that an entry has there already. */
static const char *fault_fold(char folded[FAULT_PATH], const char *path) {
    const char *leaf = strrchr(path, '/');
    struct dirent *entry;
    DIR *dir;
    if (!fault.folds || leaf == NULL) return path;
    (void)snprintf(folded, FAULT_PATH, "%.*s", (int)(++leaf - path), path);
    dir = opendir(folded);
    while (dir != NULL && (entry = readdir(dir)) != NULL)
        if (strcasecmp(entry->d_name, leaf) == 0)
            (void)snprintf(folded + (leaf - path), FAULT_PATH - (size_t)(leaf - path), "%.255s",
                           entry->d_name);
    if (dir != NULL) (void)closedir(dir);
    return folded[leaf - path] == '\0' ? path : folded;
}

static int fault_fstatat(int at, const char *path, struct stat *st, int flags) {
    char folded[FAULT_PATH];
    if (fault_fails(FAULT_FSTATAT, -1, at, path, false) ||
        fstatat(at, fault_fold(folded, path), st, flags) != 0)
        return -1;
    if (fault.no_size && S_ISREG(st->st_mode)) st->st_size = 0;
    return 0;
}

/* How many bytes a read of `size` brings at most. */
static size_t fault_short(size_t size) {
    (void)pthread_mutex_lock(&fault.lock);
    if (fault.short_reads == FAULT_ONE_BYTE) size = 1;
    if (fault.short_reads == FAULT_RANDOM && size > 1) size = 1 + fault_random((unsigned)size);
    if (fault.short_reads == FAULT_PAGES && size > 4096) size = 4096;
    (void)pthread_mutex_unlock(&fault.lock);
    return size;
}

static ssize_t fault_pread(int fd, void *data, size_t size, off_t offset) {
    if (fault_fails(FAULT_READ, fd, -1, NULL, false)) return -1;
    return pread(fd, data, fault_short(size), offset);
}

/* How much of a write there is room for; 0: none, and errno is set. */
static size_t fault_room(size_t size) {
    (void)pthread_mutex_lock(&fault.lock);
    if (fault.short_write && size > 1) size = 1 + fault_random((unsigned)size);
    if (size > fault.disk) size = fault.disk;
    if (fault.disk != SIZE_MAX) fault.disk -= size;
    (void)pthread_mutex_unlock(&fault.lock);
    if (size == 0) errno = ENOSPC;
    return size;
}

static ssize_t fault_write(int fd, const void *data, size_t size) {
    if (fault_fails(FAULT_WRITE, fd, -1, NULL, false)) return -1;
    if (fault.no_write) return 0;
    if (size > 0 && (size = fault_room(size)) == 0) return -1;
    return real_write(fd, data, size);
}

static ssize_t fault_pwrite(int fd, const void *data, size_t size, off_t offset) {
    if (fault_fails(FAULT_PWRITE, fd, -1, NULL, false)) return -1;
    if (fault.no_write) return 0;
    if (fault.short_write && size > 1) size = 1 + size / 3;
    return pwrite(fd, data, size, offset);
}

static void fault_ring_mapped(int fd, void *data, off_t offset);

static void *fault_mmap(void *where, size_t size, int rights, int flags, int fd, off_t offset) {
    void *data;
    bool is_ring;
    if (fault_fails(FAULT_MMAP, fd, -1, NULL, false)) return MAP_FAILED;
    data = mmap(where, size, rights, flags, fd, offset);
    if (data == MAP_FAILED) return data;
    (void)pthread_mutex_lock(&fault.lock);
    if (fault.map_count == FAULT_MAPS) abort();
    fault.maps[fault.map_count].data = data;
    fault.maps[fault.map_count++].size = size;
    is_ring = fault.fds[fd].is_ring;
    (void)pthread_mutex_unlock(&fault.lock);
    if (is_ring) fault_ring_mapped(fd, data, offset);
    return data;
}

static int fault_munmap(void *data, size_t size) {
    size_t i;
    (void)pthread_mutex_lock(&fault.lock);
    for (i = 0; i < fault.map_count && fault.maps[i].data != data; i++) {}
    if (i == fault.map_count || fault.maps[i].size != size) fault.wrong = true;
    else fault.maps[i] = fault.maps[--fault.map_count];
    (void)pthread_mutex_unlock(&fault.lock);
    return munmap(data, size);
}

static int fault_fsync(int fd) {
    return fault_fails(FAULT_FSYNC, fd, -1, NULL, false) ? -1 : fsync(fd);
}

static int fault_fchmod(int fd, mode_t mode) {
    return fault_fails(FAULT_FCHMOD, fd, -1, NULL, false) ? -1 : fchmod(fd, mode);
}

static int fault_fchown(int fd, uid_t owner, gid_t group) {
    return fault_fails(FAULT_FCHOWN, fd, -1, NULL, false) ? -1 : fchown(fd, owner, group);
}

static ssize_t fault_getxattr(const char *path, const char *name, void *value, size_t size) {
    char folded[FAULT_PATH];
    if (fault_fails(FAULT_GETXATTR, -1, -1, path, false)) return -1;
    return getxattr(fault_fold(folded, path), name, value, size);
}

static int fault_fsetxattr(int fd, const char *name, const void *value, size_t size, int flags) {
    if (fault_fails(FAULT_FSETXATTR, fd, -1, NULL, false)) return -1;
    return fsetxattr(fd, name, value, size, flags);
}

static int fault_fremovexattr(int fd, const char *name) {
    return fault_fails(FAULT_FREMOVEXATTR, fd, -1, NULL, false) ? -1 : fremovexattr(fd, name);
}

static int fault_linkat(int from_at, const char *from, int to_at, const char *to, int flags) {
    if (fault_fails(FAULT_LINK, -1, -1, to, false) || fault_is_taken()) return -1;
    return linkat(from_at, from, to_at, to, flags);
}

static int fault_rename(const char *from, const char *to) {
    char folded[FAULT_PATH];
    if (fault_fails(FAULT_RENAME, -1, -1, to, false)) return -1;
    return rename(from, fault_fold(folded, to));
}

static int fault_unlink(const char *path) {
    return fault_fails(FAULT_UNLINK, -1, -1, path, false) ? -1 : unlink(path);
}

static ssize_t fault_readlinkat(int at, const char *path, char *target, size_t size) {
    return fault_fails(FAULT_READLINK, -1, at, path, false) ? -1
                                                            : readlinkat(at, path, target, size);
}

static char *fault_getcwd(char *path, size_t size) {
    return fault_fails(FAULT_GETCWD, -1, -1, NULL, false) ? NULL : getcwd(path, size);
}

static long fault_sysconf(int name) {
    return fault_fails(FAULT_SYSCONF, -1, -1, NULL, false) ? -1 : sysconf(name);
}

#if defined(FAULTS_READDIR)
static DIR *fault_fdopendir(int fd) {
    return fault_fails(FAULT_FDOPENDIR, fd, -1, NULL, false) ? NULL : fdopendir(fd);
}

static struct dirent *fault_readdir(DIR *dir) {
    return fault_fails(FAULT_LIST, dirfd(dir), -1, NULL, false) ? NULL : readdir(dir);
}

static int fault_closedir(DIR *dir) {
    fault_closed(dirfd(dir));
    return closedir(dir);
}
#endif

/* ---- threads ---- */

static int fault_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                                void *(*run)(void *), void *ctx) {
    int error;
    if (fault_fails(FAULT_THREAD, -1, -1, NULL, false)) return errno;
    error = pthread_create(thread, attributes, run, ctx);
    if (error == 0) fault_count(&fault.threads, true);
    return error;
}

static int fault_pthread_join(pthread_t thread, void **result) {
    fault_count(&fault.threads, false);
    return pthread_join(thread, result);
}

static int fault_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes) {
    if (fault_fails(FAULT_MUTEX, -1, -1, NULL, false)) return errno;
    fault_count(&fault.mutexes, true);
    return pthread_mutex_init(mutex, attributes);
}

static int fault_pthread_mutex_destroy(pthread_mutex_t *mutex) {
    fault_count(&fault.mutexes, false);
    return pthread_mutex_destroy(mutex);
}

static int fault_pthread_cond_init(pthread_cond_t *c, const pthread_condattr_t *attributes) {
    if (fault_fails(FAULT_CONDITION, -1, -1, NULL, false)) return errno;
    fault_count(&fault.conditions, true);
    return pthread_cond_init(c, attributes);
}

static int fault_pthread_cond_destroy(pthread_cond_t *c) {
    fault_count(&fault.conditions, false);
    return pthread_cond_destroy(c);
}

/* Everything that was taken has been given back. */
static bool fault_is_clean(void) {
    return memory_is_clean(&fault_memory) && fault.fd_count == 0 && fault.map_count == 0 &&
           fault.threads == 0 && fault.mutexes == 0 && fault.conditions == 0 && !fault.wrong;
}

#endif
