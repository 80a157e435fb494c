/* reader.h: reads a list of files on several threads, to hash them or to join them.
 *
 * The library's scan could do it, with common_base and keep_line_ends, but more slowly. Measured
 * on 100 files of 500 bytes, medians: build_schema() would take about 20 % longer, hash_files()
 * about 15 %. A part of that is to look for links before the files are read, since links change
 * the names of the Rust module.
 *
 * The list is cut into batches, and any thread takes the next one. The failure that counts is
 * that of the first file in list order. */

#ifndef CONFITURE_NATIVE_READER_H
#define CONFITURE_NATIVE_READER_H

#include "names.h"
#include "workers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define READER_BATCH 8                     /* files: few, so that two threads end together */
#define READER_CAPACITY ((size_t)64 << 10) /* a file that fills it is long: read_long() */
#define READER_PIECE ((size_t)256 << 10)   /* fits into the second-level cache */
#define READER_TRANSFER ((size_t)1 << 30)  /* some systems refuse to read 2 GiB at once */

#if defined(O_PATH)
#define READER_DIRECTORY (O_PATH | O_DIRECTORY | O_CLOEXEC)
#else
#define READER_DIRECTORY (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#endif
#if defined(__APPLE__)
#define READER_MTIME st_mtimespec
#define READER_CTIME st_ctimespec
#else
#define READER_MTIME st_mtim
#define READER_CTIME st_ctim
#endif

/* The outcome of reading a file: one of these, or a negative errno. */
enum {
    READ_OK = 0,
    READ_NOT_FILE = -100001,
    READ_CHANGED = -100002,
    READ_LINK = -100003,
    READ_STOPPED = -100004
};

/* The letters of a text: ASCII; Latin-1, in well-formed UTF-8; or others, including all that is
 * not UTF-8. */
enum { LETTERS_ASCII, LETTERS_LATIN, LETTERS_OTHER };

#define CORE_BAR "-- ============================================\n"

static bool buffer_reserve(buffer *b, size_t more) {
    size_t capacity = b->capacity < READER_CAPACITY ? READER_CAPACITY : b->capacity;
    char *data;
    if (more <= b->capacity - b->size) return true;
    if (more > SIZE_MAX / 4 - b->size) return false;
    while (capacity < b->size + more) capacity *= 2;
    data = realloc(b->data, capacity);
    if (data == NULL) return false;
    b->data = data;
    b->capacity = capacity;
    return true;
}

static void buffer_add(buffer *b, const char *data, size_t size) {
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

typedef struct job {
    core_file *files;
    size_t count;
    unsigned char *digests; /* 32 bytes per file; NULL: join the files */
    bool no_links;          /* a file that is a symbolic link sets `linked` */
    /* Called now and then on the calling thread; false means stop. */
    pthread_t caller;
    bool (*go_on)(void *ctx);
    void *ctx;
    /* Shared by the threads and changed by atomic operations alone. */
    bool named;     /* the files have their names, so reading may begin */
    size_t next;    /* the next file to claim */
    size_t readers; /* readers that have begun */
    size_t failed;  /* the first file that failed, or count */
    bool linked;    /* READ_LINK: the result is of no use */
    bool stopping;
    /* Written under the mutex by the reader of the file `failed`. */
    pthread_mutex_t mutex;
    int failure;
    buffer *buffers; /* one a reader */
} job;

/* One thread's share. */
typedef struct reader {
    job *job;
    bool caller;
    const core_file *opened; /* a file whose directory is open, or NULL */
    int directory;
    struct timespec start; /* of the batch: what is changed from then on is seen */
    char *second;          /* memory for a second read, once needed */
    buffer *out;
} reader;

/* On the calling thread alone. */
static bool job_go_on(void *argument) {
    job *j = argument;
    if (!j->go_on(j->ctx)) __atomic_store_n(&j->stopping, true, __ATOMIC_RELAXED);
    return true;
}

static bool reader_stops(reader *r) {
    if (r->caller) (void)job_go_on(r->job);
    return __atomic_load_n(&r->job->stopping, __ATOMIC_RELAXED);
}

/* ---- one file ---- */

/* Whether to try again to open a file, for a minute in all: another process holds a lease on the
 * file (fcntl(), F_SETLEASE), and the kernel has asked that process to release it. */
static bool awaits_lease(int directory, const char *path, int *waits) {
    struct timespec moment = {0, *waits < 20 ? 1000000 : 20000000};
    struct stat status;
    if (errno != EAGAIN || ++*waits > 3000) return false;
    if (fstatat(directory, path, &status, 0) != 0 || !S_ISREG(status.st_mode)) {
        errno = EAGAIN;
        return false;
    }
    nanosleep(&moment, NULL);
    errno = EAGAIN;
    return true;
}

static int open_at(int directory, const char *path, int flags) {
    int fd, waits = 0;
    do fd = openat(directory, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags);
    while (fd < 0 && (errno == EINTR || awaits_lease(directory, path, &waits)));
    return fd;
}

/* Opens the directory of a file, for the files that follow. False: it is not open. */
static bool reader_enter(reader *r, const core_file *file) {
    char path[4096];
    size_t size = file->leaf == 0 ? 1 : file->leaf;
    if (size >= sizeof(path)) return false;
    if (r->opened != NULL) close(r->directory);
    r->opened = NULL;
    memcpy(path, file->leaf == 0 ? "." : file->path, size);
    path[size] = '\0';
    r->directory = open(path, READER_DIRECTORY);
    if (r->directory < 0) return false;
    r->opened = file;
    return true;
}

/* Looks at a path before it is opened: to open a FIFO wakes the process at its other end. */
static int reader_look(const reader *r, int directory, const char *path, bool *is_link) {
    struct stat status;
    if (fstatat(directory, path, &status, AT_SYMLINK_NOFOLLOW) != 0) return -errno;
    *is_link = S_ISLNK(status.st_mode);
    if (*is_link && r->job->no_links) return READ_LINK;
    if (*is_link && fstatat(directory, path, &status, 0) != 0) return -errno;
    return S_ISREG(status.st_mode) ? READ_OK : READ_NOT_FILE;
}

/* Opens a file; its directory too, if the next file lies in the same one, since the kernel then
 * resolves shorter paths. Returns a descriptor or a negative errno. */
static int reader_open(reader *r, const core_file *file, const core_file *next) {
    const char *path = file->path;
    int directory = AT_FDCWD, fd, error;
    bool is_link;
    if (file->size == 0) return -ENOENT; /* as the system says of an empty path */
    if ((r->opened != NULL && same_directory(r->opened, file)) ||
        (next != NULL && same_directory(file, next) && reader_enter(r, file))) {
        directory = r->directory;
        /* "dir/" is the directory itself, and has no last component. */
        path = file->leaf < file->size ? file->path + file->leaf : ".";
    }
    error = reader_look(r, directory, path, &is_link);
    if (error != READ_OK) return error;
    fd = open_at(directory, path, is_link ? 0 : O_NOFOLLOW);
    if (fd >= 0) return fd;
    if (errno == ENXIO) return READ_NOT_FILE; /* it has become a socket */
    /* The errors of O_NOFOLLOW: the file has become a link. */
    return !is_link && (errno == ELOOP || errno == EMLINK) ? READ_CHANGED : -errno;
}

/* pread(), not read(): a FIFO, socket or terminal refuses it and loses no bytes. */
static int read_at(int fd, char *data, size_t size, size_t offset, size_t *got) {
    ssize_t n;
    do n = pread(fd, data, size < READER_TRANSFER ? size : READER_TRANSFER, (off_t)offset);
    while (n < 0 && errno == EINTR);
    *got = n < 0 ? 0 : (size_t)n;
    if (n >= 0) return READ_OK;
    return errno == ESPIPE || errno == EISDIR || errno == ENXIO ? READ_NOT_FILE : -errno;
}

static int look_at(int fd, struct stat *status) {
    if (fstat(fd, status) != 0) return -errno;
    return S_ISREG(status->st_mode) ? READ_OK : READ_NOT_FILE;
}

static bool same_status(const struct stat *a, const struct stat *b) {
    return a->st_size == b->st_size && a->READER_MTIME.tv_sec == b->READER_MTIME.tv_sec &&
           a->READER_MTIME.tv_nsec == b->READER_MTIME.tv_nsec &&
           a->READER_CTIME.tv_sec == b->READER_CTIME.tv_sec &&
           a->READER_CTIME.tv_nsec == b->READER_CTIME.tv_nsec;
}

/* ---- the library's rule for reading: src/scan/read.c ---- */

/* The clock that stamps files. On systems other than Linux the stamps may lag behind. */
static struct timespec clock_of_files(void) {
    struct timespec now;
#if defined(CLOCK_REALTIME_COARSE)
    if (clock_gettime(CLOCK_REALTIME_COARSE, &now) != 0) memset(&now, 0, sizeof(now));
#else
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) memset(&now, 0, sizeof(now));
    now.tv_sec -= now.tv_nsec < 20000000;
    now.tv_nsec = (now.tv_nsec + 980000000) % 1000000000;
#endif
    return now;
}

static bool is_before(const struct timespec *time, const struct timespec *now, int margin) {
    time_t last = now->tv_sec - margin;
    return time->tv_sec < last || (time->tv_sec == last && time->tv_nsec < now->tv_nsec);
}

/* Whether the stamps prove that nobody has written to the file since. On Linux a write stamps the
 * file before it copies. Other systems do not promise it: there every file is read twice. */
#if defined(__linux__)
#define READER_TIMES_ARE_PROMPT true
#else
#define READER_TIMES_ARE_PROMPT false
#endif

static bool is_settled(const struct stat *status, const struct timespec *start) {
    return READER_TIMES_ARE_PROMPT && is_before(&status->READER_MTIME, start, 3) &&
           is_before(&status->READER_CTIME, start, 3);
}

/* Whether the clock has passed the stamp, or will not while we wait. */
static bool is_past(const struct timespec *time, const struct timespec *now) {
    return time->tv_nsec == 0 || is_before(time, now, 0) || !is_before(time, now, -1);
}

/* Looks at a file and waits until any later write will get a later stamp. */
static int look_before(int fd, struct stat *status) {
    static const struct timespec moment = {0, 1000000};
    int waits;
    for (waits = 0;; waits++) {
        struct timespec now = clock_of_files();
        int error = look_at(fd, status);
        if (error != READ_OK || waits == 25 ||
            (is_past(&status->READER_MTIME, &now) && is_past(&status->READER_CTIME, &now)))
            return error;
        nanosleep(&moment, NULL);
    }
}

/* Reads from the start up to the file's stated size, its real end or the capacity. */
static int read_start(int fd, char *data, size_t capacity, off_t size, size_t *got) {
    size_t more;
    int error;
    *got = 0;
    do {
        error = read_at(fd, data + *got, capacity - *got, *got, &more);
        if (error != READ_OK) return error;
        *got += more;
    } while (more > 0 && *got < capacity && (uintmax_t)*got != (uintmax_t)size);
    return READ_OK;
}

/* Reads a file that changed just now, until two reads agree and the looks before and after the
 * second one do too. */
static int read_careful(reader *r, int fd, char *data, size_t capacity, size_t *got) {
    struct stat before, after;
    int rounds, error = READ_OK;
    if (r->second == NULL) r->second = malloc(READER_CAPACITY);
    if (r->second == NULL) return -ENOMEM;
    for (rounds = 0; rounds < 10; rounds++) {
        size_t n;
        bool same;
        error = look_before(fd, &before);
        if (error == READ_OK) error = read_start(fd, r->second, capacity, before.st_size, &n);
        if (error == READ_OK) error = look_at(fd, &after);
        if (error != READ_OK) return error;
        same = n == *got && memcmp(data, r->second, n) == 0;
        memcpy(data, r->second, n);
        *got = n;
        if (n == capacity || (same && same_status(&before, &after))) return READ_OK;
    }
    return READ_CHANGED;
}

/* Reads a short file. *got < capacity: all of it is at data; *got == capacity: there may be more.
 * The size after the read, or a read of nothing, proves the end. */
static int read_short(reader *r, int fd, char *data, size_t capacity, size_t *got) {
    struct stat status;
    size_t more = 1;
    int error = read_at(fd, data, capacity, 0, got);
    if (error == READ_OK) error = look_at(fd, &status);
    while (error == READ_OK && more > 0 && *got < capacity &&
           (uintmax_t)*got != (uintmax_t)status.st_size) {
        error = read_at(fd, data + *got, capacity - *got, *got, &more);
        *got += more;
        if (error == READ_OK) error = look_at(fd, &status);
    }
    if (error != READ_OK || *got == capacity || is_settled(&status, &r->start)) return error;
    return read_careful(r, fd, data, capacity, got);
}

/* Reads a long file in pieces. The looks before and after prove that it did not change
 * meanwhile. Each piece goes after the contents of `b`: to sha from there, or, if that is NULL, to
 * stay. */
static int read_long(reader *r, int fd, buffer *b, confiture_sha256 *sha) {
    struct stat before, after;
    size_t offset = 0, got;
    int error = look_before(fd, &before);
    if (error != READ_OK) return error;
    if (sha == NULL && before.st_size > 0 && (uintmax_t)before.st_size < SIZE_MAX / 4 &&
        !buffer_reserve(b, (size_t)before.st_size + 1))
        return -ENOMEM;
    do {
        if (reader_stops(r)) return READ_STOPPED;
        if (!buffer_reserve(b, READER_PIECE)) return -ENOMEM;
        error = read_at(fd, b->data + b->size, READER_PIECE, offset, &got);
        if (error != READ_OK) return error;
        offset += got;
        if (sha != NULL) confiture_sha256_update(sha, b->data + b->size, got);
        else b->size += got;
    } while (got > 0);
    error = look_at(fd, &after);
    if (error == READ_OK && !same_status(&before, &after)) error = READ_CHANGED;
    return error;
}

static int letters_of(const char *data, size_t size) {
    const unsigned char *p = (const unsigned char *)data, *end = p + size;
    int letters = LETTERS_ASCII;
    while (p < end) {
        uint64_t eight;
        while (end - p >= 8 && (memcpy(&eight, p, 8), (eight & 0x8080808080808080u) == 0)) p += 8;
        while (p < end && *p < 0x80) p++;
        if (p == end) break;
        if ((*p & 0xFE) != 0xC2 || p + 1 == end || (p[1] & 0xC0) != 0x80) return LETTERS_OTHER;
        letters = LETTERS_LATIN;
        p += 2;
    }
    return letters;
}

/* Appends Latin-1 text, one byte per letter; the capacity suffices. */
static void buffer_add_latin(buffer *b, const char *data, size_t size) {
    size_t i;
    for (i = 0; i < size; i++) {
        unsigned char c = (unsigned char)data[i];
        if (c >= 0x80) c = (unsigned char)((c & 3u) << 6 | ((unsigned char)data[++i] & 0x3Fu));
        b->data[b->size++] = (char)c;
    }
}

/* SHA-256 of name, NUL, bytes, NUL. */
static int hash_file(reader *r, core_file *file, int fd, unsigned char digest[32]) {
    size_t name_size = file->size - file->name + 1, got;
    buffer *b = r->out;
    int error;
    b->size = 0;
    if (!buffer_reserve(b, name_size + READER_CAPACITY + 1)) return -ENOMEM;
    buffer_add(b, file->path + file->name, name_size);
    error = read_short(r, fd, b->data + name_size, READER_CAPACITY, &got);
    if (error != READ_OK) return error;
    if (got < READER_CAPACITY) {
        b->data[name_size + got] = '\0';
        confiture_sha256_once(b->data, name_size + got + 1, digest);
    } else {
        confiture_sha256 sha;
        confiture_sha256_init(&sha);
        confiture_sha256_update(&sha, b->data, name_size);
        error = read_long(r, fd, b, &sha);
        confiture_sha256_update(&sha, "", 1);
        confiture_sha256_final(&sha, digest);
    }
    return error;
}

/* The separator, the bytes, and a line end unless the bytes end in one. */
static int join_file(reader *r, core_file *file, int fd) {
    static const char head[] = "\n" CORE_BAR "-- File: ", tail[] = "\n" CORE_BAR "\n";
    buffer *b = r->out;
    size_t name_size = file->size - file->name, got;
    int error;
    file->start = b->size;
    if (!buffer_reserve(b, sizeof(head) + name_size + sizeof(tail) + READER_CAPACITY))
        return -ENOMEM;
    buffer_add(b, head, sizeof(head) - 1);
    buffer_add(b, file->path + file->name, name_size);
    buffer_add(b, tail, sizeof(tail) - 1);
    file->text = b->size;
    error = read_short(r, fd, b->data + b->size, READER_CAPACITY, &got);
    if (error == READ_OK && got == READER_CAPACITY) error = read_long(r, fd, b, NULL);
    else if (error == READ_OK) b->size += got;
    if (error != READ_OK) return error;
    file->text_size = b->size - file->text;
    if (!buffer_reserve(b, 1)) return -ENOMEM;
    if (file->text_size == 0 || b->data[b->size - 1] != '\n') buffer_add(b, "\n", 1);
    file->end = b->size;
    file->letters = letters_of(b->data + file->start, file->end - file->start);
    return READ_OK;
}

static int read_file(reader *r, size_t index, size_t end) {
    job *j = r->job;
    core_file *file = &j->files[index];
    int error, fd = reader_open(r, file, index + 1 < end ? file + 1 : NULL);
    if (fd < 0) return fd;
    if (j->digests != NULL) error = hash_file(r, file, fd, j->digests + 32 * index);
    else error = join_file(r, file, fd);
    close(fd);
    return error;
}

/* ---- all files ---- */

static void job_fail(job *j, size_t index, int error) {
    if (error == READ_LINK) {
        /* The names change, and with them all that was read. */
        __atomic_store_n(&j->linked, true, __ATOMIC_RELAXED);
        __atomic_store_n(&j->stopping, true, __ATOMIC_RELAXED);
        return;
    }
    pthread_mutex_lock(&j->mutex);
    if (index < j->failed) {
        __atomic_store_n(&j->failed, index, __ATOMIC_RELAXED);
        j->failure = error;
    }
    pthread_mutex_unlock(&j->mutex);
}

/* A helper takes as long to wake up as some hundred names take to find. It is woken first, and
 * then seldom has to wait here. */
static void job_wait(job *j) {
    static const struct timespec moment = {0, 50000};
    int spins = 0;
    while (!__atomic_load_n(&j->named, __ATOMIC_ACQUIRE)) {
        if (spins++ < WORKERS_SPINS) workers_pause();
        else nanosleep(&moment, NULL);
    }
}

static void job_run(void *argument) {
    job *j = argument;
    reader r = {j, false, NULL, -1, {0, 0}, NULL, NULL};
    size_t number = __atomic_fetch_add(&j->readers, 1, __ATOMIC_RELAXED);
    r.caller = pthread_equal(pthread_self(), j->caller) != 0;
    r.out = &j->buffers[number];
    job_wait(j);
    for (;;) {
        size_t i = __atomic_fetch_add(&j->next, READER_BATCH, __ATOMIC_RELAXED), end;
        /* Batches are claimed in order: every file before a failure has been claimed. */
        if (i >= __atomic_load_n(&j->failed, __ATOMIC_RELAXED) || reader_stops(&r)) break;
        end = j->count - i > READER_BATCH ? i + READER_BATCH : j->count;
        r.start = clock_of_files();
        for (; i < end; i++) {
            int error;
            j->files[i].reader = number;
            error = read_file(&r, i, end);
            if (error == READ_OK) continue;
            job_fail(j, i, error);
            break;
        }
    }
    if (r.opened != NULL) close(r.directory);
    free(r.second);
}

#endif
