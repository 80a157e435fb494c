/* system.c: the system calls of the command on POSIX. A port to another system needs a file such as
 * system_win32.c, and nothing else. */
#define _XOPEN_SOURCE 700 /* realpath() */
#include "command.h"

#if !defined(_WIN32)

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t signal_held, signal_seen;
static bool pipe_was_ignored;

/* While a temporary file exists, the first signal cancels the work. SA_RESETHAND restores the
 * default action, so a second one kills. */
static void on_signal(int number) {
    if (!signal_held) _exit(128 + number);
    signal_seen = number;
}

static void catch_signal(int number) {
    struct sigaction action, old;
    /* nohup and a shell's background jobs ignore signals on purpose. */
    if (sigaction(number, NULL, &old) != 0 || old.sa_handler == SIG_IGN) return;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = (int)SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

void system_start(int *argc, char ***argv) {
    struct sigaction action;
    int fd;
    (void)argc;
    (void)argv;
    /* If standard error is closed, the next file opened gets its number, and a message would be
     * written into a schema. So each closed standard descriptor gets a file, on which I/O fails as
     * on a closed one. */
    for (fd = 0; fd < 3; fd++) {
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF) {
            if (open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd) exit(EXIT_ERROR);
        }
    }
    /* A closed pipe ends the command, but only after it has cleaned up. */
    if (sigaction(SIGPIPE, NULL, &action) == 0) {
        pipe_was_ignored = action.sa_handler == SIG_IGN;
        signal(SIGPIPE, SIG_IGN);
    }
#if defined(SIGXFSZ)
    /* Exceeding the limit of a file's size becomes a write error. */
    signal(SIGXFSZ, SIG_IGN);
#endif
    catch_signal(SIGINT);
    catch_signal(SIGTERM);
    catch_signal(SIGHUP);
    catch_signal(SIGQUIT);
#if defined(SIGXCPU)
    catch_signal(SIGXCPU); /* ulimit -t */
#endif
}

FILE *system_open(const char *path) { return fopen(path, "rb"); }

int system_read_input(void *data, size_t capacity, size_t *size) {
    ssize_t n;
    do n = read(STDIN_FILENO, data, capacity);
    while (n < 0 && errno == EINTR);
    *size = n > 0 ? (size_t)n : 0;
    return n < 0 ? errno : 0;
}

void system_hold_signals(void) { signal_held = 1; }

/* The first `size` bytes of a path. The caller frees it. */
static char *path_start(const char *path, size_t size) {
    char *start = (char *)allocate(size + 1);
    memcpy(start, path, size);
    start[size] = '\0';
    return start;
}

bool system_make_directory(const char *path, size_t *made) {
    size_t i, length = strlen(path);
    *made = 0;
    for (i = 1; i <= length; i++) {
        char *start;
        int error;
        if (i < length && (path[i] != '/' || path[i - 1] == '/')) continue;
        start = path_start(path, i);
        error = mkdir(start, 0777) == 0 ? 0 : errno;
        free(start);
        if (error == 0 && *made == 0) *made = i;
        if (error == 0 || error == EEXIST) continue;
        system_unmake_directory(path, *made);
        errno = error;
        return false;
    }
    return true;
}

void system_unmake_directory(const char *path, size_t made) {
    size_t i;
    for (i = strlen(path); made > 0 && i >= made; i--) {
        char *start;
        if (path[i] != '\0' && path[i] != '/') continue;
        start = path_start(path, i);
        (void)rmdir(start);
        free(start);
    }
}

int system_signal(void) { return (int)signal_seen; }

void system_end_of_pipe(void) {
    if (!pipe_was_ignored) {
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
    }
    _Exit(128 + SIGPIPE);
}

double system_seconds(void) {
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) return 0;
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

bool system_stderr_is_terminal(void) { return isatty(STDERR_FILENO) != 0; }

bool system_stdout_has_colour(void) { return isatty(STDOUT_FILENO) != 0; }

enum system_kind system_kind(const char *path) {
    struct stat info;
    if (stat(path, &info) == 0) return S_ISDIR(info.st_mode) ? SYSTEM_DIRECTORY : SYSTEM_FILE;
    return errno == ENOENT ? SYSTEM_MISSING : SYSTEM_UNKNOWN;
}

char *system_resolve(const char *path) { return realpath(path, NULL); }

bool system_is_same_file(const char *a, const char *b) {
    struct stat one, other;
    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

bool system_is_special(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && !S_ISREG(info.st_mode);
}

bool system_stdout_is_file(void) {
    struct stat out;
    return fstat(STDOUT_FILENO, &out) == 0 && S_ISREG(out.st_mode);
}

bool system_is_stdout(const char *path) {
    struct stat out, info;
    return fstat(STDOUT_FILENO, &out) == 0 && stat(path, &info) == 0 && info.st_dev == out.st_dev &&
           info.st_ino == out.st_ino;
}

bool system_time(char text[32], const uint64_t *seconds) {
    struct timespec now;
    struct tm *parts;
    size_t length;
    memset(&now, 0, sizeof now);
    if (seconds) {
        now.tv_sec = (time_t)*seconds;
        if (now.tv_sec < 0 || (uint64_t)now.tv_sec != *seconds) return false;
        parts = gmtime(&now.tv_sec);
    } else {
        if (clock_gettime(CLOCK_REALTIME, &now) != 0) return false;
        parts = localtime(&now.tv_sec);
    }
    if (!parts || parts->tm_year > 9999 - 1900) return false;
    length = strftime(text, 32, "%Y-%m-%dT%H:%M:%S", parts);
    if (length == 0) return false;
    if (now.tv_nsec >= 1000) snprintf(text + length, 32 - length, ".%06ld", now.tv_nsec / 1000);
    return true;
}

#endif /* !_WIN32 */
