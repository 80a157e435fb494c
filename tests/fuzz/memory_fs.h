/* memory_fs.h: a file system in memory, in place of the system calls that the library makes. Input
 * after input gets another tree, and no disk is touched. Instead of fuzz.h, which it includes. */
#ifndef CONFITURE_FUZZ_MEMORY_FS_H
#define CONFITURE_FUZZ_MEMORY_FS_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <unistd.h>

/* None of this is what is to be watched. */
#if defined(__clang__)
#define FS_UNWATCHED                                                                               \
    _Pragma("clang attribute push(__attribute__((no_sanitize(\"coverage\"))),apply_to=function)")
#define FS_WATCHED _Pragma("clang attribute pop")
#else
#define FS_UNWATCHED
#define FS_WATCHED
#endif

#define FS_NODES 160
#define FS_FILES 64
#define FS_NAME 64
#define FS_ROOT 0
#define FS_HERE 1 /* /w */
#define SLOW_HERE "/w"

typedef enum fs_kind { FS_NONE, FS_FILE, FS_DIRECTORY, FS_LINK, FS_FIFO } fs_kind;

typedef struct fs_node {
    fs_kind kind; /* FS_NONE: removed */
    int parent;
    char name[FS_NAME];
    uint8_t *data; /* a link's is its target, a string */
    size_t size;
    bool secret; /* cannot be opened */
    unsigned mode;
} fs_node;

typedef struct fs_ring {
    uint8_t *rings, *requests;
    uint32_t head;
    int table[32]; /* its own open files, -1: none */
    bool late[32]; /* is opened, but after what the same call has for it to do */
    bool used;
} fs_ring;

static struct {
    fs_node nodes[FS_NODES];
    int count;
    struct {
        int node;
        size_t at;
        bool used;
    } files[FS_FILES];
    fs_ring rings[16];
    int open_count;     /* files, not rings, which a pool keeps */
    uint32_t random;    /* of the troubles below */
    bool interrupts;    /* EINTR now and then */
    bool short_reads;   /* which mean nothing */
    bool unknown_kinds; /* a listing does not say what its entries are */
    bool fresh;         /* nothing is known of the time: all is read twice */
    bool no_ring, late; /* io_uring is forbidden; or what it opens comes too late to be read */
    pthread_mutex_t lock;
} fs = {.lock = PTHREAD_MUTEX_INITIALIZER};

FS_UNWATCHED

/* ---- the tree ---- */

static void fs_clear(void) {
    int i;
    for (i = 0; i < fs.count; i++) free(fs.nodes[i].data);
    memset(fs.nodes, 0, sizeof fs.nodes[0] * (size_t)fs.count);
    fs.count = 2;
    fs.nodes[FS_ROOT].kind = fs.nodes[FS_HERE].kind = FS_DIRECTORY;
    strcpy(fs.nodes[FS_HERE].name, "w");
}

/* Not by strcmp(), which is watched at every call. */
static int fs_child(int directory, const char *name, size_t size) {
    int i;
    for (i = 1; i < fs.count; i++) {
        const fs_node *node = &fs.nodes[i];
        size_t n = 0;
        if (node->kind == FS_NONE || node->parent != directory) continue;
        while (n < size && n < FS_NAME && node->name[n] == name[n]) n++;
        if (n == size && node->name[n] == '\0') return i;
    }
    return -1;
}

/* -1: there is no room, or the name cannot be one. */
static int fs_add(int directory, const char *name, size_t size, fs_kind kind, const void *data,
                  size_t data_size) {
    fs_node *node = &fs.nodes[fs.count];
    if (fs.count == FS_NODES || size == 0 || size >= FS_NAME) return -1;
    if (name[0] == '.' && (size == 1 || (size == 2 && name[1] == '.'))) return -1;
    memset(node, 0, sizeof *node);
    node->kind = kind;
    node->parent = directory;
    memcpy(node->name, name, size);
    node->data = (uint8_t *)malloc(data_size + 1);
    if (node->data == NULL) abort();
    if (data_size > 0) memcpy(node->data, data, data_size);
    node->data[data_size] = 0;
    node->size = data_size;
    node->mode = 0644;
    return fs.count++;
}

/* The node at a path, or an error below 0. */
static int fs_walk(int node, const char *path, bool follow, int *links) {
    if (path[0] == '\0') return -ENOENT;
    if (path[0] == '/') node = FS_ROOT;
    for (;;) {
        size_t n = 0;
        bool last;
        int next;
        while (*path == '/') path++;
        if (fs.nodes[node].kind != FS_DIRECTORY) return -ENOTDIR;
        if (*path == '\0') return node;
        while (path[n] != '\0' && path[n] != '/') n++;
        last = path[n] == '\0';
        if (n == 1 && path[0] == '.') next = node;
        else if (n == 2 && path[0] == '.' && path[1] == '.') next = fs.nodes[node].parent;
        else next = fs_child(node, path, n);
        if (next < 0) return -ENOENT;
        if (fs.nodes[next].kind == FS_LINK && (follow || !last)) {
            if (++*links > 40) return -ELOOP;
            next = fs_walk(node, (const char *)fs.nodes[next].data, true, links);
            if (next < 0) return next;
        }
        if (last) return next;
        node = next;
        path += n;
    }
}

static int fs_look(const char *path, bool follow) {
    int links = 0;
    return fs_walk(FS_HERE, path, follow, &links);
}

/* One entry of a tree, below /w, from a line: PATH=BYTES is a file, PATH>TARGET a link, PATH| a
 * FIFO, PATH or PATH/ a directory; !PATH cannot be opened. What cannot be is left out. */
static void fs_grow(const char *line, size_t size) {
    bool secret = size > 0 && line[0] == '!';
    size_t i = secret ? 1 : 0, end = i, n;
    fs_kind kind = FS_DIRECTORY;
    int node = FS_HERE, next;
    while (end < size && strchr("=>|", line[end]) == NULL) end++;
    if (end < size) kind = line[end] == '=' ? FS_FILE : line[end] == '>' ? FS_LINK : FS_FIFO;
    if (kind == FS_LINK && end + 1 == size) return;
    for (; i < end && node >= 0; i += n + 1) {
        bool last;
        for (n = 0; i + n < end && line[i + n] != '/';) n++;
        for (last = true, next = (int)(i + n); last && next < (int)end; next++)
            last = line[next] == '/';
        if (n == 0) continue;
        next = fs_child(node, line + i, n);
        if (last && next < 0) {
            size_t data = end < size ? size - end - 1 : 0;
            next = fs_add(node, line + i, n, kind, line + size - data, data);
            if (next >= 0) fs.nodes[next].secret = secret;
            return;
        }
        if (next < 0) next = fs_add(node, line + i, n, FS_DIRECTORY, "", 0);
        if (next >= 0 && fs.nodes[next].kind != FS_DIRECTORY) return;
        node = next;
    }
}

/* ---- the calls ---- */

static bool fs_chance(unsigned one_in) {
    fs.random = fs.random * 1664525u + 1013904223u;
    return (fs.random >> 16) % one_in == 0;
}

static long fs_fail(int error) {
    errno = error;
    return -1;
}

/* Each call is one at a time: the library's threads may make them together. */
#define FS_CALL(result)                                                                            \
    do {                                                                                           \
        int fs_error = 0;                                                                          \
        long fs_result;                                                                            \
        pthread_mutex_lock(&fs.lock);                                                              \
        fs_result = (result);                                                                      \
        fs_error = errno;                                                                          \
        pthread_mutex_unlock(&fs.lock);                                                            \
        errno = fs_error;                                                                          \
        return fs_result;                                                                          \
    } while (0)

#define FS_FIRST 100 /* descriptors are numbers from here on; rings, from FS_RINGS on */
#define FS_RINGS 1000

static int fs_node_of(int file) {
    int i = file - FS_FIRST;
    return i >= 0 && i < FS_FILES && fs.files[i].used ? fs.files[i].node : -1;
}

/* A descriptor of this kind only names a place, and needs no right to read it. */
#if defined(O_PATH)
#define FS_O_PATH O_PATH
#elif defined(__O_PATH)
#define FS_O_PATH __O_PATH
#else
#define FS_O_PATH 0
#endif

static long fs_open(int at, const char *path, int flags) {
    int links = 0, node, i, from = at == AT_FDCWD ? FS_HERE : fs_node_of(at);
    if (fs.interrupts && fs_chance(8)) return fs_fail(EINTR);
    if (from < 0) return fs_fail(EBADF);
    node = fs_walk(from, path, !(flags & (O_EXCL | O_NOFOLLOW)), &links);
    if ((flags & O_CREAT) != 0) {
        const char *slash = strrchr(path, '/');
        char directory[4096] = ".";
        if (node >= 0) return fs_fail(EEXIST);
        if (slash != NULL)
            (void)snprintf(directory, sizeof directory, "%.*s/", (int)(slash - path), path);
        node = fs_walk(from, directory, true, &links);
        if (node < 0) return fs_fail(-node);
        if (fs.nodes[node].kind != FS_DIRECTORY) return fs_fail(ENOTDIR);
        slash = slash == NULL ? path : slash + 1;
        node = fs_add(node, slash, strlen(slash), FS_FILE, "", 0);
        if (node < 0) return fs_fail(ENOSPC);
    }
    if (node < 0) return fs_fail(-node);
    if (fs.nodes[node].kind == FS_LINK) return fs_fail(ELOOP);
    if (fs.nodes[node].secret && (flags & FS_O_PATH) == 0) return fs_fail(EACCES);
    if ((flags & O_DIRECTORY) != 0 && fs.nodes[node].kind != FS_DIRECTORY) return fs_fail(ENOTDIR);
    if ((flags & O_ACCMODE) != O_RDONLY && fs.nodes[node].kind == FS_DIRECTORY)
        return fs_fail(EISDIR);
    for (i = 0; i < FS_FILES; i++) {
        if (fs.files[i].used) continue;
        fs.files[i].used = true;
        fs.files[i].node = node;
        fs.files[i].at = 0;
        fs.open_count++;
        return FS_FIRST + i;
    }
    return fs_fail(EMFILE);
}

static long fs_close(int file) {
    if (file >= FS_RINGS) {
        fs_ring *ring = &fs.rings[file - FS_RINGS];
        int i;
        ring->used = false;
        for (i = 0; i < 32; i++)
            if (ring->table[i] >= 0) fs_close(ring->table[i]);
        return 0;
    }
    if (fs_node_of(file) < 0) abort(); /* closed twice, perhaps another's by now */
    fs.files[file - FS_FIRST].used = false;
    fs.open_count--;
    return 0;
}

static long fs_read_at(int file, void *data, size_t size, size_t at) {
    int node = fs_node_of(file);
    size_t left;
    if (node < 0) return fs_fail(EBADF);
    if (fs.interrupts && fs_chance(8)) return fs_fail(EINTR);
    if (fs.nodes[node].kind == FS_DIRECTORY) return fs_fail(EISDIR);
    left = at < fs.nodes[node].size ? fs.nodes[node].size - at : 0;
    if (size > left) size = left;
    if (fs.short_reads && size > 1) size = 1 + fs.random % size, (void)fs_chance(2);
    if (size > 0) memcpy(data, fs.nodes[node].data + at, size);
    return (long)size;
}

static long fs_write(int file, const void *data, size_t size, size_t at) {
    int node = fs_node_of(file);
    fs_node *n;
    if (node < 0) return fs_fail(EBADF);
    if (fs.interrupts && fs_chance(8)) return fs_fail(EINTR);
    if (fs.interrupts && size > 1) size = 1 + fs.random % size;
    n = &fs.nodes[node];
    if (at + size > n->size) {
        n->data = (uint8_t *)realloc(n->data, at + size + 1);
        if (n->data == NULL) abort();
        memset(n->data + n->size, 0, at + size + 1 - n->size);
        n->size = at + size;
    }
    memcpy(n->data + at, data, size);
    return (long)size;
}

static long fs_write_on(int file, const void *data, size_t size) {
    long n;
    if (fs_node_of(file) < 0) return fs_fail(EBADF);
    n = fs_write(file, data, size, fs.files[file - FS_FIRST].at);
    if (n > 0) fs.files[file - FS_FIRST].at += (size_t)n;
    return n;
}

static long fs_stat(int node, struct stat *st) {
    static const mode_t kinds[] = {0, S_IFREG, S_IFDIR, S_IFLNK, S_IFIFO};
    if (node < 0) return fs_fail(node == -1 ? EBADF : -node);
    memset(st, 0, sizeof *st);
    st->st_mode = kinds[fs.nodes[node].kind] | fs.nodes[node].mode;
    st->st_ino = (ino_t)node + 1;
    st->st_size = (off_t)fs.nodes[node].size;
    return 0;
}

static long fs_stat_at(int at, const char *path, struct stat *st, bool follow) {
    int links = 0, from = at == AT_FDCWD ? FS_HERE : fs_node_of(at), node;
    if (from < 0) return fs_fail(EBADF);
    node = fs_walk(from, path, follow, &links);
    return node < 0 ? fs_fail(-node) : fs_stat(node, st);
}

static long fs_rename(const char *from, const char *to) {
    int node = fs_look(from, false), old = fs_look(to, false);
    const char *slash = strrchr(to, '/');
    char directory[4096] = ".";
    int into;
    if (node < 0) return fs_fail(-node);
    if (slash != NULL) (void)snprintf(directory, sizeof directory, "%.*s/", (int)(slash - to), to);
    into = fs_look(directory, true);
    if (into < 0) return fs_fail(-into);
    if (old >= 0 && fs.nodes[old].kind == FS_DIRECTORY) return fs_fail(EISDIR);
    if (old >= 0) fs.nodes[old].kind = FS_NONE;
    slash = slash == NULL ? to : slash + 1;
    if (strlen(slash) >= FS_NAME) return fs_fail(ENAMETOOLONG);
    strcpy(fs.nodes[node].name, slash);
    fs.nodes[node].parent = into;
    return 0;
}

/* A second name is a copy here: nobody writes to it. */
static long fs_link(const char *from, const char *to) {
    int node = fs_look(from, false), old = fs_look(to, false), into;
    const char *slash = strrchr(to, '/');
    char directory[4096] = ".";
    if (node < 0) return fs_fail(-node);
    if (old >= 0) return fs_fail(EEXIST);
    if (slash != NULL) (void)snprintf(directory, sizeof directory, "%.*s/", (int)(slash - to), to);
    into = fs_look(directory, true);
    if (into < 0) return fs_fail(-into);
    slash = slash == NULL ? to : slash + 1;
    old = fs_add(into, slash, strlen(slash), FS_FILE, fs.nodes[node].data, fs.nodes[node].size);
    if (old < 0) return fs_fail(ENOSPC);
    fs.nodes[old].mode = fs.nodes[node].mode;
    return 0;
}

static long fs_unlink(const char *path) {
    int node = fs_look(path, false);
    if (node < 0) return fs_fail(-node);
    fs.nodes[node].kind = FS_NONE;
    return 0;
}

static long fs_readlink(int at, const char *path, char *buffer, size_t size) {
    int links = 0, from = at == AT_FDCWD ? FS_HERE : fs_node_of(at), node;
    if (from < 0) return fs_fail(EBADF);
    node = fs_walk(from, path, false, &links);
    if (node < 0) return fs_fail(-node);
    if (fs.nodes[node].kind != FS_LINK) return fs_fail(EINVAL);
    if (size > fs.nodes[node].size) size = fs.nodes[node].size;
    memcpy(buffer, fs.nodes[node].data, size);
    return (long)size;
}

/* A few entries at a time, the last first. */
static long fs_list(int file, uint8_t *out) {
    static const unsigned char kinds[] = {0, 8, 4, 10, 1};
    int node = fs_node_of(file), i, given = 0;
    size_t used = 0, *at;
    if (node < 0) return fs_fail(EBADF);
    if (fs.interrupts && fs_chance(8)) return fs_fail(EINTR);
    if (fs.nodes[node].kind != FS_DIRECTORY) return fs_fail(ENOTDIR);
    at = &fs.files[file - FS_FIRST].at;
    for (; *at < (size_t)fs.count + 2 && given < 5; ++*at) {
        const char *name = *at == 0 ? "." : "..";
        unsigned short length;
        i = fs.count + 1 - (int)*at;
        if (*at >= 2) {
            if (i == 0 || fs.nodes[i].kind == FS_NONE || fs.nodes[i].parent != node) continue;
            name = fs.nodes[i].name;
        }
        length = (unsigned short)((19 + strlen(name) + 1 + 7) & ~(size_t)7);
        memset(out + used, 0, length);
        memcpy(out + used + 16, &length, 2);
        out[used + 18] = *at < 2 ? 4 : fs.unknown_kinds ? 0 : kinds[fs.nodes[i].kind];
        strcpy((char *)out + used + 19, name);
        used += length;
        given++;
    }
    return (long)used;
}

static int fuzz_openat(int at, const char *path, int flags, ...) {
    FS_CALL(fs_open(at, path, flags));
}
static int fuzz_open(const char *path, int flags, ...) { FS_CALL(fs_open(AT_FDCWD, path, flags)); }
static int fuzz_close(int file) { FS_CALL(fs_close(file)); }
static ssize_t fuzz_pread(int file, void *p, size_t n, off_t at) {
    FS_CALL(fs_read_at(file, p, n, (size_t)at));
}
static ssize_t fuzz_write(int file, const void *p, size_t n) { FS_CALL(fs_write_on(file, p, n)); }
static ssize_t fuzz_pwrite(int file, const void *p, size_t n, off_t at) {
    FS_CALL(fs_write(file, p, n, (size_t)at));
}
static int fuzz_fstat(int file, struct stat *st) { FS_CALL(fs_stat(fs_node_of(file), st)); }
static int fuzz_fstatat(int at, const char *path, struct stat *st, int flags) {
    FS_CALL(fs_stat_at(at, path, st, (flags & AT_SYMLINK_NOFOLLOW) == 0));
}
static int fuzz_rename(const char *from, const char *to) { FS_CALL(fs_rename(from, to)); }
static int fuzz_linkat(int from_at, const char *from, int to_at, const char *to, int flags) {
    (void)from_at, (void)to_at, (void)flags;
    FS_CALL(fs_link(from, to));
}
static int fuzz_fchown(int file, uid_t owner, gid_t group) {
    (void)owner, (void)group;
    FS_CALL(fs_node_of(file) < 0 ? fs_fail(EBADF) : 0);
}
/* There are no lists of rights. */
static ssize_t fuzz_getxattr(const char *path, const char *name, void *value, size_t size) {
    (void)path, (void)name, (void)value, (void)size;
    FS_CALL(fs_fail(ENOTSUP));
}
static int fuzz_fsetxattr(int file, const char *name, const void *value, size_t size, int flags) {
    (void)file, (void)name, (void)value, (void)size, (void)flags;
    FS_CALL(fs_fail(ENOTSUP));
}
static int fuzz_fremovexattr(int file, const char *name) {
    (void)file, (void)name;
    FS_CALL(fs_fail(ENOTSUP));
}
static int fuzz_unlink(const char *path) { FS_CALL(fs_unlink(path)); }
static ssize_t fuzz_readlinkat(int at, const char *path, char *buffer, size_t size) {
    FS_CALL(fs_readlink(at, path, buffer, size));
}
static int fuzz_fsync(int file) { FS_CALL(fs_node_of(file) < 0 ? fs_fail(EBADF) : 0); }
static int fuzz_fchmod(int file, mode_t mode) {
    FS_CALL(fs_node_of(file) < 0 ? fs_fail(EBADF)
                                 : (fs.nodes[fs_node_of(file)].mode = (unsigned)mode & 07777, 0));
}
static char *fuzz_getcwd(char *buffer, size_t size) {
    return size > sizeof SLOW_HERE ? strcpy(buffer, SLOW_HERE) : NULL;
}
static void *fuzz_mmap(void *at, size_t size, int protection, int flags, int file, off_t offset);
static int fuzz_munmap(void *at, size_t size) {
    (void)size;
    free(at);
    return 0;
}
static long fuzz_syscall(long number, ...);

FS_WATCHED

#define openat fuzz_openat
#define open fuzz_open
#define close fuzz_close
#define pread fuzz_pread
#define write fuzz_write
#define pwrite fuzz_pwrite
#define fstat fuzz_fstat
#define fstatat fuzz_fstatat
#define fchown fuzz_fchown
#define getxattr fuzz_getxattr
#define fsetxattr fuzz_fsetxattr
#define fremovexattr fuzz_fremovexattr
#define linkat fuzz_linkat
#define rename fuzz_rename
#define unlink fuzz_unlink
#define readlinkat fuzz_readlinkat
#define fsync fuzz_fsync
#define fchmod fuzz_fchmod
#define getcwd fuzz_getcwd
#define mmap fuzz_mmap
#define munmap fuzz_munmap
#define syscall fuzz_syscall

/* Threads and rings for a handful of files. */
#define CFTI_PROCESSORS 3
#define CFTI_RING_CROWD SIZE_MAX /* its rings cannot look at files */
#define CFTI_FILES_PER_THREAD 2
#define CFTI_FILES_PER_HELPER 1
#define CFTI_DIRECTORIES_PER_THREAD 1
#define CFTI_FILES_PER_RING 3
#define CFTI_FILES_PER_PARKED_RING 2
#include "fuzz.h"

#undef mmap
#undef syscall

FS_UNWATCHED

/* ---- io_uring: as much of it as os/uring.c uses ---- */

static long fs_ring_setup(cfti_ring_setup *setup) {
    int i, k;
    if (fs.no_ring) return fs_fail(EPERM);
    for (i = 0; i < (int)FUZZ_COUNT(fs.rings) && fs.rings[i].used;) i++;
    if (i == (int)FUZZ_COUNT(fs.rings)) return fs_fail(EMFILE);
    memset(&fs.rings[i], 0, sizeof fs.rings[i]);
    fs.rings[i].used = true;
    for (k = 0; k < 32; k++) fs.rings[i].table[k] = -1;
    setup->features = 1 | 1u << 12;
    setup->request_count = 128;
    setup->result_count = 256;
    setup->request_head = 0;
    setup->request_tail = 4;
    setup->result_head = 8;
    setup->result_tail = 12;
    setup->request_array = 64;
    setup->results = 64 + 128 * 4;
    return FS_RINGS + i;
}

static int32_t fs_ring_do(fs_ring *ring, const cfti_sqe *request) {
    void *p;
    int *place, file;
    memcpy(&p, &request->address, sizeof p);
    if (request->opcode == 22) { /* read */
        if (request->file < 0 || request->file >= 32) abort();
        file = ring->table[request->file];
        if (file < 0 || ring->late[request->file]) return -EBADF;
        file = (int)fs_read_at(file, p, request->size, (size_t)request->offset);
        return file < 0 ? -errno : file;
    }
    if (request->file_index < 1 || request->file_index > 32) abort();
    place = &ring->table[request->file_index - 1];
    if (request->opcode == 18) { /* open */
        file = (int)fs_open(request->file, (const char *)p, (int)request->call_flags);
        if (file < 0) return -errno;
        if (*place >= 0) abort();
        *place = file;
        ring->late[request->file_index - 1] = fs.late && fs_chance(2);
        return 0;
    }
    if (request->opcode != 19) abort();
    if (*place < 0 || ring->late[request->file_index - 1]) { /* close */
        ring->late[request->file_index - 1] = false;         /* by the next time it is there */
        return -EBADF;
    }
    fs_close(*place);
    *place = -1;
    return 0;
}

static long fs_ring_enter(fs_ring *ring, unsigned count) {
    unsigned done;
    if (fs.interrupts && fs_chance(4)) return fs_fail(fs_chance(2) ? EINTR : EAGAIN);
    if (fs.interrupts && count > 1) count = 1 + fs.random % count;
    for (done = 0; done < count; done++, ring->head++) {
        const cfti_sqe *request = (const cfti_sqe *)(void *)ring->requests + (ring->head & 127);
        uint32_t *tail = (uint32_t *)(void *)(ring->rings + 12);
        cfti_cqe *result = (cfti_cqe *)(void *)(ring->rings + 64 + 128 * 4) + (*tail & 255);
        result->user_data = request->user_data;
        result->result = fs_ring_do(ring, request);
        ++*tail;
    }
    return (long)done;
}

static void *fuzz_mmap(void *at, size_t size, int protection, int flags, int file, off_t offset) {
    uint8_t *p = (uint8_t *)calloc(1, size);
    (void)at;
    (void)protection;
    (void)flags;
    if (p == NULL) abort();
    pthread_mutex_lock(&fs.lock);
    if (file >= FS_RINGS) {
        if (offset == 0) fs.rings[file - FS_RINGS].rings = p;
        else fs.rings[file - FS_RINGS].requests = p;
    } else {
        const fs_node *node = &fs.nodes[fs_node_of(file)];
        size_t left = (size_t)offset < node->size ? node->size - (size_t)offset : 0;
        memcpy(p, node->data + offset, size < left ? size : left);
    }
    pthread_mutex_unlock(&fs.lock);
    return p;
}

static long fs_call(long number, va_list args) {
    if (number == SYS_getdents64) {
        int file = va_arg(args, int);
        return fs_list(file, (uint8_t *)va_arg(args, void *));
    }
    if (number == SYS_io_uring_setup) {
        (void)va_arg(args, int);
        return fs_ring_setup((cfti_ring_setup *)va_arg(args, void *));
    }
    if (number == SYS_io_uring_enter) {
        int file = va_arg(args, int);
        return fs_ring_enter(&fs.rings[file - FS_RINGS], va_arg(args, unsigned));
    }
    if (number == SYS_clock_gettime && !fs.fresh) {
        (void)va_arg(args, int);
        *va_arg(args, long *) = 1000; /* and every file is as old as time itself */
        return 0;
    }
    return number == SYS_io_uring_register || number == SYS_fadvise64 ? 0 : fs_fail(ENOSYS);
}

static long fuzz_syscall(long number, ...) {
    va_list args;
    long result;
    int error;
    pthread_mutex_lock(&fs.lock);
    va_start(args, number);
    result = fs_call(number, args);
    va_end(args);
    error = errno;
    pthread_mutex_unlock(&fs.lock);
    errno = error;
    return result;
}

/* ---- for the obvious implementations ---- */

/* Of a link: the target; else NULL. */
static const char *slow_target(const char *path) {
    int node = fs_look(path, false);
    return node >= 0 && fs.nodes[node].kind == FS_LINK ? (const char *)fs.nodes[node].data : NULL;
}

FS_WATCHED

#include "slow_path.h"

#endif
