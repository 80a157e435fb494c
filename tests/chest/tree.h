/* tree.h: trees of files to test on, all of them below one temporary directory, which is
 * the current directory while there is one. Paths are relative to it. */
#ifndef CONFITURE_CHEST_TREE_H
#define CONFITURE_CHEST_TREE_H

#if defined(_WIN32)
#include "tree_win32.h"
#else

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define TREE_COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct {
    char root[4096]; /* resolved; empty: none is open */
    char before[4096];
} tree;

/* A test that cannot make its files proves nothing. */
static void tree_die(const char *what, const char *path) {
    fprintf(stderr, "unit: %s: %s: %s\n", path, what, strerror(errno));
    exit(2);
}

/* Every path that is made or removed passes here: it is relative, has no "..", and the
 * directory that holds it is, with links resolved, the root or below it. */
static void tree_guard(const char *path) {
    char here[4096], parent[4096], real[4096];
    const char *slash = strrchr(path, '/'), *p;
    size_t n = slash == NULL ? 0 : (size_t)(slash - path), root = strlen(tree.root);
    bool inside = root > 1 && *path != '\0' && *path != '/' && n < sizeof parent &&
                  getcwd(here, sizeof here) != NULL && strcmp(here, tree.root) == 0;
    for (p = path; inside && (p = strstr(p, "..")) != NULL; p += 2)
        if ((p == path || p[-1] == '/') && (p[2] == '/' || p[2] == '\0')) inside = false;
    if (inside) {
        memcpy(parent, path, n);
        parent[n] = '\0';
        inside = realpath(n == 0 ? "." : parent, real) != NULL &&
                 strncmp(real, tree.root, root) == 0 && (real[root] == '\0' || real[root] == '/');
    }
    if (!inside) {
        fprintf(stderr, "unit: %s is not below the temporary directory\n", path);
        abort();
    }
}

static void tree_open(void) {
    const char *where = getenv("TMPDIR");
    char name[1024];
    if (where == NULL || *where != '/' || strlen(where) > 1000) where = "/tmp";
    strcpy(name, where);
    strcat(name, "/confiture-unit-XXXXXX");
    if (getcwd(tree.before, sizeof tree.before) == NULL) tree_die("getcwd", ".");
    if (mkdtemp(name) == NULL || realpath(name, tree.root) == NULL || chdir(tree.root) != 0 ||
        chmod(tree.root, 0755) != 0)
        tree_die("cannot make the temporary directory", name);
}

/* The directories above path. */
static void tree_parents(const char *path) {
    char part[4096];
    const char *slash;
    for (slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        memcpy(part, path, (size_t)(slash - path));
        part[slash - path] = '\0';
        tree_guard(part);
        if (mkdir(part, 0755) != 0 && errno != EEXIST) tree_die("mkdir", part);
    }
}

static void tree_directory(const char *path) {
    tree_parents(path);
    tree_guard(path);
    if (mkdir(path, 0755) != 0 && errno != EEXIST) tree_die("mkdir", path);
}

static void tree_link(const char *path, const char *target) {
    tree_parents(path);
    tree_guard(path);
    if (symlink(target, path) != 0) tree_die("symlink", path);
}

static void tree_fifo(const char *path) {
    tree_parents(path);
    tree_guard(path);
    if (mkfifo(path, 0644) != 0) tree_die("mkfifo", path);
}

static void tree_socket(const char *path) {
    struct sockaddr_un address;
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    tree_parents(path);
    tree_guard(path);
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    if (s < 0 || bind(s, (const struct sockaddr *)&address, sizeof address) != 0)
        tree_die("bind", path);
    (void)close(s);
}

static void tree_mode(const char *path, unsigned mode) {
    tree_guard(path);
    if (chmod(path, (mode_t)mode) != 0) tree_die("chmod", path);
}

/* Entry by entry, through descriptors and never through a link: what is removed lies
 * below the directory `at`, and paths may be of any length. */
static void tree_remove_at(int at, const char *name) {
    struct stat status;
    if (fstatat(at, name, &status, AT_SYMLINK_NOFOLLOW) != 0) tree_die("lstat", name);
    if (S_ISDIR(status.st_mode)) {
        int fd;
        DIR *dir = NULL;
        struct dirent *entry;
        if ((status.st_mode & 0700) != 0700 && fchmodat(at, name, 0755, 0) != 0)
            tree_die("chmod", name); /* the tests take rights away */
        fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (fd < 0 || (dir = fdopendir(fd)) == NULL) tree_die("opendir", name);
        while ((entry = readdir(dir)) != NULL)
            if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                tree_remove_at(fd, entry->d_name);
        (void)closedir(dir);
    }
    if (unlinkat(at, name, S_ISDIR(status.st_mode) ? AT_REMOVEDIR : 0) != 0)
        tree_die("unlink", name);
}

static void tree_remove(const char *path) {
    tree_guard(path);
    tree_remove_at(AT_FDCWD, path);
}

/* Removes everything, and the root stays. */
static void tree_clear(void) {
    DIR *dir;
    struct dirent *entry;
    tree_guard("x");
    dir = opendir(".");
    if (dir == NULL) tree_die("opendir", ".");
    while ((entry = readdir(dir)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            tree_remove(entry->d_name);
    (void)closedir(dir);
}

static void tree_close(void) {
    tree_clear();
    if (chdir(tree.before) != 0 || rmdir(tree.root) != 0) tree_die("cannot leave", tree.root);
    tree.root[0] = '\0';
}

/* How many temporary files of the library there are in the directory. */
static size_t tree_temporaries(const char *directory) {
    DIR *dir = opendir(directory);
    struct dirent *entry;
    size_t count = 0;
    while (dir != NULL && (entry = readdir(dir)) != NULL)
        count += strncmp(entry->d_name, ".confiture-", 11) == 0;
    if (dir != NULL) (void)closedir(dir);
    return count;
}

/* Descriptors that are open: none may be left behind. */
static size_t tree_descriptors(void) {
    size_t count = 0;
    int fd;
    for (fd = 0; fd < 256; fd++) count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* A directory of so many levels, each with a name of 200 letters, and a file at the bottom:
 * longer than any path that the kernel takes. Made and entered level by level; the path is
 * returned, to be freed. */
static char *tree_deep(size_t levels, const char *name, const char *text) {
    char component[201], *path = (char *)calloc(1, levels * 201 + strlen(name) + 1);
    int at = open(".", O_RDONLY | O_DIRECTORY), next;
    size_t i, n = 0;
    tree_guard("x");
    if (path == NULL || at < 0) tree_die("open", ".");
    for (i = 0; i < levels; i++) {
        memset(component, 'a' + (int)(i % 26), 200);
        component[200] = '\0';
        if (mkdirat(at, component, 0755) != 0) tree_die("mkdirat", component);
        next = openat(at, component, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (next < 0) tree_die("openat", component);
        (void)close(at);
        at = next;
        n += (size_t)sprintf(path + n, "%s/", component);
    }
    next = openat(at, name, O_WRONLY | O_CREAT | O_EXCL, 0644);
    if (next < 0 || write(next, text, strlen(text)) != (ssize_t)strlen(text))
        tree_die("write", name);
    (void)close(next);
    (void)close(at);
    strcpy(path + n, name);
    return path;
}

/* Root may read everything; as somebody else it may not. */
static bool tree_is_root(void) { return geteuid() == 0; }
static void tree_drop_rights(void) {
    if (tree_is_root() && seteuid(65534) != 0) tree_die("seteuid", "65534");
}
static void tree_regain_rights(void) {
    if (getuid() == 0 && seteuid(0) != 0) tree_die("seteuid", "0");
}

/* What a test cannot do without: on POSIX systems there is everything. */
#define TREE_NEEDS(what) ((void)0)
#define TREE_ROOT "/"
#define TREE_NOWHERE AT_FDCWD
#define TREE_E_ACCESS EACCES
#define TREE_E_FULL ENOSPC

#endif /* !_WIN32 */

static void tree_write(const char *path, const void *data, size_t size) {
    FILE *file;
    tree_parents(path);
    tree_guard(path);
    file = fopen(path, "wb");
    if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0)
        tree_die("write", path);
}

static void tree_text(const char *path, const char *text) { tree_write(path, text, strlen(text)); }

static void tree_append(const char *path, const char *text) {
    FILE *file;
    tree_guard(path);
    file = fopen(path, "ab");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0) tree_die("append", path);
}

/* Files of a path and a text each, NULL at the end. */
static void tree_make(const char *const *pairs) {
    for (; *pairs != NULL; pairs += 2) tree_text(pairs[0], pairs[1]);
}

/* Bytes of printable text, each line of it 64 bytes long; other seeds, other bytes. */
static uint8_t *tree_bytes(size_t size, unsigned seed) {
    uint8_t *bytes = (uint8_t *)malloc(size + 1);
    uint32_t state = seed * 2654435761u + 1;
    size_t i;
    if (bytes == NULL) tree_die("malloc", "bytes");
    for (i = 0; i < size; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(i % 64 == 63 ? '\n' : 'a' + (int)(state >> 24) % 26);
    }
    bytes[size] = 0;
    return bytes;
}

static void tree_fill(const char *path, size_t size, unsigned seed) {
    uint8_t *bytes = tree_bytes(size, seed);
    tree_write(path, bytes, size);
    free(bytes);
}

/* A file's bytes and a NUL behind them, to be freed; NULL if it cannot be read. */
static char *tree_read(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    size_t capacity = 4096, n = 0, got;
    char *data = (char *)malloc(capacity + 1);
    while (file != NULL && data != NULL && (got = fread(data + n, 1, capacity - n, file)) > 0)
        if ((n += got) == capacity) data = (char *)realloc(data, (capacity *= 2) + 1);
    if (data == NULL) tree_die("malloc", path);
    if (file == NULL) {
        free(data);
        return NULL;
    }
    (void)fclose(file);
    data[n] = '\0';
    *size = n;
    return data;
}

static bool tree_holds(const char *path, const char *expected, size_t expected_size) {
    size_t size = 0;
    char *data = tree_read(path, &size);
    bool same = data != NULL && size == expected_size && memcmp(data, expected, size) == 0;
    free(data);
    return same;
}

#endif
