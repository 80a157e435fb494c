/* hooks.h: the library's system calls, each of them a step at which something may happen.
 * Included before confiture.h; plain.h behind it gives the tests the calls back. */
#ifndef CONFITURE_RACES_HOOKS_H
#define CONFITURE_RACES_HOOKS_H

/* First, so that the names below are not changed in them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(O_TMPFILE)
#define HOOKS_TMPFILE O_TMPFILE
#elif defined(__O_TMPFILE)
#define HOOKS_TMPFILE __O_TMPFILE
#else
#define HOOKS_TMPFILE -1
#endif

static struct {
    int step;       /* calls so far; atomic */
    int at;         /* the call before which act() is called; 0: none */
    bool recurring; /* act() before each read and in the middle of it: there and back again */
    bool halfway;   /* of a read or a write: in the middle of it instead */
    int again;      /* a second such call; 0: none */
    bool again_halfway;
    bool coarse; /* files and the clock count in steps of 10 ms, as on many systems */
    /* What was changed before that is ten seconds older than it is: it has settled. */
    struct timespec aged;
    bool sizeless; /* no file tells its size */
    size_t crowd;  /* rings look at files from so many threads on; 0: never. They pass by us */
    int long_ago;  /* so often the clock is first asked two seconds earlier */
    bool happened; /* act() has been called */
    void (*act)(void);
    char log[4096]; /* a letter a call, while is_logged */
    size_t logged;
    bool is_logged;
} hooks;

/* Whether the call is to be made in two halves, with act() between them. */
static bool hooks_step(char letter, bool has_halves) {
    int step = __atomic_add_fetch(&hooks.step, 1, __ATOMIC_RELAXED);
    if (hooks.is_logged && hooks.logged + 1 < sizeof hooks.log) hooks.log[hooks.logged++] = letter;
    if (hooks.at == 0 || (step != hooks.at && step != hooks.again)) return false;
    if (step == hooks.at ? hooks.halfway : hooks.again_halfway) return has_halves;
    hooks.happened = true;
    hooks.act();
    return false;
}

static void hooks_halfway(void) {
    hooks.happened = true;
    hooks.act();
}

/* Nothing is to happen, and the next call is the first. */
static void hooks_reset(void) { memset(&hooks, 0, sizeof hooks); }

/* A file that has no name yet is created as well. */
static int hooks_open(const char *path, int flags, ...) {
    bool creates = (flags & O_CREAT) != 0 || (flags & HOOKS_TMPFILE) == HOOKS_TMPFILE;
    va_list args;
    int mode;
    va_start(args, flags);
    mode = creates ? va_arg(args, int) : 0;
    va_end(args);
    (void)hooks_step(creates ? 'c' : 'o', false);
    return open(path, flags, mode);
}

static int hooks_openat(int at, const char *path, int flags, ...) {
    (void)hooks_step('o', false);
    return openat(at, path, flags);
}

static int hooks_close(int fd) {
    (void)hooks_step('.', false);
    return close(fd);
}

/* In two halves it is what the kernel's may be: while it copies page by page, another
 * process may write. */
static ssize_t hooks_pread(int fd, void *data, size_t size, off_t offset) {
    ssize_t n, m;
    struct stat status;
    size_t half;
    bool halves = hooks_step('r', true) || hooks.recurring;
    if (!halves || size < 2) return pread(fd, data, size, offset);
    if (hooks.recurring) hooks.act();
    half = size / 2;
    if (fstat(fd, &status) == 0 && status.st_size - offset > 1 &&
        (size_t)(status.st_size - offset) < size)
        half = (size_t)(status.st_size - offset) / 2;
    n = pread(fd, data, half, offset);
    hooks_halfway();
    if (n <= 0) return n;
    m = pread(fd, (char *)data + n, size - (size_t)n, offset + n);
    return m < 0 ? n : n + m;
}

static ssize_t hooks_write(int fd, const void *data, size_t size) {
    ssize_t n;
    if (!hooks_step('w', true)) return write(fd, data, size);
    n = write(fd, data, size / 2);
    hooks_halfway();
    return n;
}

static ssize_t hooks_pwrite(int fd, const void *data, size_t size, off_t offset) {
    ssize_t n;
    if (!hooks_step('W', true)) return pwrite(fd, data, size, offset);
    n = pwrite(fd, data, size / 2, offset);
    hooks_halfway();
    return n;
}

static void hooks_time(struct timespec *time) {
    if (time->tv_sec < hooks.aged.tv_sec ||
        (time->tv_sec == hooks.aged.tv_sec && time->tv_nsec < hooks.aged.tv_nsec))
        time->tv_sec -= 10;
    /* Never 0, which would say that it counts in seconds. */
    if (hooks.coarse) time->tv_nsec -= time->tv_nsec % 10000000 - 1;
}

static int hooks_times(struct stat *status, int result) {
    if (result != 0) return result;
    hooks_time(&status->st_mtim);
    hooks_time(&status->st_ctim);
    if (hooks.sizeless) status->st_size = 0;
    return 0;
}

static int hooks_fstat(int fd, struct stat *status) {
    (void)hooks_step('s', false);
    return hooks_times(status, fstat(fd, status));
}

static int hooks_fstatat(int at, const char *path, struct stat *status, int flags) {
    (void)hooks_step('a', false);
    return hooks_times(status, fstatat(at, path, status, flags));
}

static int hooks_fsync(int fd) {
    (void)hooks_step('S', false);
    return fsync(fd);
}

static int hooks_fchmod(int fd, mode_t mode) {
    (void)hooks_step('m', false);
    return fchmod(fd, mode);
}

static int hooks_linkat(int from_at, const char *from, int to_at, const char *to, int flags) {
    (void)hooks_step('l', false);
    return linkat(from_at, from, to_at, to, flags);
}

static int hooks_rename(const char *from, const char *to) {
    (void)hooks_step('R', false);
    return rename(from, to);
}

static int hooks_unlink(const char *path) {
    (void)hooks_step('U', false);
    return unlink(path);
}

static ssize_t hooks_readlinkat(int at, const char *path, char *buffer, size_t size) {
    (void)hooks_step('L', false);
    return readlinkat(at, path, buffer, size);
}

/* In two halves it is what is seen by one who looks at its first half before a change, and at
 * the second after it. */
static void *hooks_mmap(void *at, size_t size, int access, int flags, int fd, off_t offset) {
    bool is_file = (flags & MAP_PRIVATE) != 0;
    uint8_t *data;
    ssize_t n;
    if (!hooks_step('M', is_file) || !is_file) return mmap(at, size, access, flags, fd, offset);
    data = (uint8_t *)mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) return data;
    n = pread(fd, data, size / 2, offset);
    hooks_halfway();
    if (n > 0) n = pread(fd, data + n, size - (size_t)n, offset + n);
    return data;
}

static int hooks_munmap(void *at, size_t size) {
    (void)hooks_step('u', false);
    return munmap(at, size);
}

static long hooks_syscall(long number, ...) {
    long a[6];
    int i;
    va_list args;
    va_start(args, number);
    for (i = 0; i < 6; i++) a[i] = va_arg(args, long); /* as libc's own does */
    va_end(args);
#if defined(SYS_clock_gettime)
    if (number == SYS_clock_gettime) { /* no step: nothing is asked of a file */
        long *time = (long *)(uintptr_t)a[1];
        if (syscall(number, a[0], a[1]) != 0) return -1;
        if (hooks.coarse) time[1] -= time[1] % 10000000 - 1;
        if (hooks.long_ago > 0) hooks.long_ago--, time[0] -= 2;
        return 0;
    }
#endif
    (void)hooks_step('y', false);
    return syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

#define open hooks_open
#define openat hooks_openat
#define close hooks_close
#define pread hooks_pread
#define write hooks_write
#define pwrite hooks_pwrite
#define fstat hooks_fstat
#define fstatat hooks_fstatat
#define fsync hooks_fsync
#define fchmod hooks_fchmod
#define linkat hooks_linkat
#define rename hooks_rename
#define unlink hooks_unlink
#define readlinkat hooks_readlinkat
#define mmap hooks_mmap
#define munmap hooks_munmap
#define syscall hooks_syscall

#endif
