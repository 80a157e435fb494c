/* floors.c: what the machine charges for the parts of the work, measured beside it.
 *     cc -O2 -I. bench/floors.c -o build/bench/floors -pthread [-DBENCH_OPENSSL -lcrypto]
 *
 * One thread, nothing that is not needed, knowing beforehand what will be found:
 *     list        open and list every directory
 *     files       the same, and open, read and close every file in list order, relative to its
 *                 directory, into one buffer
 *     hash        the bytes of the stream digest through the faster of confiture.h's kernel and
 *                 OpenSSL's, from a buffer that is in the cache
 *     hash_many   a message a file, of its size, by what confiture.h has for many at once
 *     copy        as many bytes as the files have, into memory that has been touched
 *     write_new   the same written to a new file; write_over: and renamed over an old one
 * run.py makes floors of these; bench/README.md says how. */

#define _GNU_SOURCE

#define CONFITURE_IMPLEMENTATION
#define CONFITURE_STATIC
#include "confiture.h"

#include "many.h"
#include "protocol.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif
#if defined(BENCH_OPENSSL)
#include <openssl/evp.h>
#endif

#define PIECE                                                                                      \
    ((size_t)64 << 10) /* stays in the first-level caches; reading more at once gains nothing */
#define MESSAGES 1024  /* hashed in one call of hash_many */

/* ---- the tree, known before anything is timed ---- */

typedef struct node {
    char *name;
    uint64_t size;
    int is_directory;
    struct node *children;
    size_t count, room;
} node;

typedef struct tree {
    char dir[4096];
    node root;
    size_t files, directories;
    uint64_t bytes;  /* of the files */
    uint64_t stream; /* that the stream digest covers */
} tree;

static void *must(void *p) {
    if (p == NULL) {
        answer("error", "no memory");
        exit(1);
    }
    return p;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const node *)a)->name, ((const node *)b)->name);
}

static node *add(node *parent, const char *name) {
    node *child;
    if (parent->count == parent->room) {
        parent->room = parent->room ? 2 * parent->room : 16;
        parent->children = (node *)must(realloc(parent->children, parent->room * sizeof(node)));
    }
    child = &parent->children[parent->count++];
    memset(child, 0, sizeof(*child));
    child->name = (char *)must(strdup(name));
    return child;
}

static int ends_in_sql(const char *name) {
    size_t size = strlen(name);
    return size >= 4 && strcmp(name + size - 4, ".sql") == 0;
}

/* path_size: of the name below the root, with its "/". */
static void learn(tree *t, node *parent, int fd, size_t path_size) {
    DIR *directory = fdopendir(fd);
    struct dirent *entry;
    size_t i;
    if (directory == NULL) return;
    t->directories++;
    while ((entry = readdir(directory)) != NULL) {
        struct stat status;
        node *child;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
        if (!S_ISDIR(status.st_mode) && !(S_ISREG(status.st_mode) && ends_in_sql(entry->d_name)))
            continue;
        child = add(parent, entry->d_name);
        child->is_directory = S_ISDIR(status.st_mode);
        child->size = (uint64_t)status.st_size;
        if (child->is_directory) continue;
        t->files++;
        t->bytes += child->size;
        t->stream += child->size + path_size + strlen(child->name) + 2;
    }
    if (parent->count > 0) qsort(parent->children, parent->count, sizeof(node), by_name);
    for (i = 0; i < parent->count; i++) {
        node *child = &parent->children[i];
        if (child->is_directory)
            learn(t, child, openat(fd, child->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                  path_size + strlen(child->name) + 1);
    }
    closedir(directory);
}

static void forget(node *parent) {
    size_t i;
    for (i = 0; i < parent->count; i++) forget(&parent->children[i]);
    free(parent->children);
    free(parent->name);
    memset(parent, 0, sizeof(*parent));
}

static tree *tree_of(const char *dir) {
    static tree t;
    if (strcmp(t.dir, dir) == 0) return &t;
    forget(&t.root);
    memset(&t, 0, sizeof(t));
    snprintf(t.dir, sizeof(t.dir), "%s", dir);
    learn(&t, &t.root, open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
    return &t;
}

/* ---- listing and reading ---- */

static uint8_t buffer[(size_t)256 << 10];

static void list_entries(int fd) {
#if defined(__linux__)
    while (syscall(SYS_getdents64, fd, buffer, (size_t)32 << 10) > 0) {}
#else
    DIR *directory = fdopendir(dup(fd));
    if (directory == NULL) return;
    while (readdir(directory) != NULL) {}
    closedir(directory);
#endif
}

typedef enum depth { LIST, OPEN, READ } depth;

static uint64_t visit_file(int at, const node *file, depth depth) {
    int fd = openat(at, file->name, O_RDONLY | O_CLOEXEC);
    uint64_t total = 0;
    ssize_t got;
    if (fd < 0) return 0;
    if (depth == OPEN) {
        close(fd);
        return 0;
    }
    /* A short read is the end: the size of these files is known. */
    do {
        got = read(fd, buffer, file->size < sizeof(buffer) ? sizeof(buffer) : PIECE);
        if (got > 0) total += (uint64_t)got;
    } while (total < file->size && got > 0);
    close(fd);
    return total;
}

static uint64_t visit(const node *parent, int fd, depth depth) {
    uint64_t total = 0;
    size_t i;
    list_entries(fd);
    for (i = 0; i < parent->count; i++) {
        const node *child = &parent->children[i];
        if (child->is_directory) {
            int below = openat(fd, child->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            total += visit(child, below, depth);
        } else if (depth != LIST) {
            total += visit_file(fd, child, depth);
        }
    }
    close(fd);
    return total;
}

static uint64_t run_list(tree *t, const char *out) {
    (void)out;
    visit(&t->root, open(t->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), LIST);
    return 0;
}

static uint64_t run_opens(tree *t, const char *out) {
    (void)out;
    visit(&t->root, open(t->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), OPEN);
    return 0;
}

static uint64_t run_files(tree *t, const char *out) {
    (void)out;
    return visit(&t->root, open(t->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), READ);
}

/* Memory that the kernel has already given, kept until "forget". */
static uint8_t *block;
static size_t block_room;

static uint8_t *touched(size_t size) {
    if (block_room < size) {
        free(block);
        block = (uint8_t *)must(malloc(size));
        memset(block, 'x', size);
        block_room = size;
    }
    return block;
}

/* ---- hashing ---- */

static uint8_t digest_sink[MESSAGES][32];

static uint64_t run_hash_ours(tree *t, const char *out) {
    confiture_sha256 sha;
    uint64_t left = t->stream;
    (void)out;
    confiture_sha256_init(&sha);
    while (left > 0) {
        size_t size = left < PIECE ? (size_t)left : PIECE;
        confiture_sha256_update(&sha, buffer, size);
        left -= size;
    }
    confiture_sha256_final(&sha, digest_sink[0]);
    return t->stream;
}

#if defined(BENCH_OPENSSL)
static uint64_t run_hash_openssl(tree *t, const char *out) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint64_t left = t->stream;
    (void)out;
    EVP_DigestInit_ex(context, EVP_sha256(), NULL);
    while (left > 0) {
        size_t size = left < PIECE ? (size_t)left : PIECE;
        EVP_DigestUpdate(context, buffer, size);
        left -= size;
    }
    EVP_DigestFinal_ex(context, digest_sink[0], NULL);
    EVP_MD_CTX_free(context);
    return t->stream;
}
#endif

typedef struct lot {
    const uint8_t *messages[MESSAGES];
    size_t sizes[MESSAGES];
    size_t count;
    const uint8_t *bytes; /* as many as the largest file has */
} lot;

static void lot_flush(lot *l) {
    if (l->count > 0) bench_many(l->messages, l->sizes, l->count, digest_sink);
    l->count = 0;
}

static void lot_add(lot *l, const node *parent) {
    size_t i;
    for (i = 0; i < parent->count; i++) {
        const node *child = &parent->children[i];
        if (child->is_directory) {
            lot_add(l, child);
            continue;
        }
        l->messages[l->count] = l->bytes;
        l->sizes[l->count++] = (size_t)child->size + strlen(child->name) + 2;
        if (l->count == MESSAGES) lot_flush(l);
    }
}

static uint64_t largest(const node *parent) {
    uint64_t size = parent->size;
    size_t i;
    for (i = 0; i < parent->count; i++) {
        uint64_t below = largest(&parent->children[i]);
        if (below > size) size = below;
    }
    return size;
}

static uint64_t run_hash_many(tree *t, const char *out) {
    static lot l;
    (void)out;
    l.bytes = touched((size_t)largest(&t->root) + 8192);
    lot_add(&l, &t->root);
    lot_flush(&l);
    return t->bytes;
}

/* ---- copying and writing ---- */

static uint64_t run_copy(tree *t, const char *out) {
    uint8_t *to = touched((size_t)t->bytes + 1);
    uint64_t done = 0;
    (void)out;
    while (done < t->bytes) {
        size_t size = t->bytes - done < PIECE ? (size_t)(t->bytes - done) : PIECE;
        memcpy(to + done, buffer, size);
        __asm__ volatile("" : : "r"(to + done) : "memory");
        done += size;
    }
    return done;
}

static uint64_t write_to(const tree *t, const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    uint64_t done = 0;
    if (fd < 0) return 0;
    while (done < t->bytes) {
        uint64_t left = t->bytes - done;
        ssize_t put = write(fd, buffer, left < sizeof(buffer) ? (size_t)left : sizeof(buffer));
        if (put <= 0) break;
        done += (uint64_t)put;
    }
    close(fd);
    return done;
}

static uint64_t run_write_new(tree *t, const char *out) { return write_to(t, out); }

static uint64_t run_write_over(tree *t, const char *out) {
    char path[4200];
    uint64_t done;
    snprintf(path, sizeof(path), "%s.new", out);
    (void)unlink(path);
    done = write_to(t, path);
    return rename(path, out) == 0 ? done : 0;
}

/* ---- the loop ---- */

static const struct {
    const char *name;
    uint64_t (*run)(tree *t, const char *out);
} parts[] = {
    {"list", run_list},
    {"opens", run_opens},
    {"files", run_files},
    {"hash", run_hash_ours},
#if defined(BENCH_OPENSSL)
    {"hash_openssl", run_hash_openssl},
#endif
    {"hash_many", run_hash_many},
    {"copy", run_copy},
    {"write_new", run_write_new},
    {"write_over", run_write_over},
};

static void serve(const request *r) {
    unsigned long long *times = times_room(r->repetitions);
    const char *out = request_get(r, "out", "");
    tree *t = tree_of(request_get(r, "dir", "."));
    uint64_t done = 0;
    size_t p;
    unsigned long i;
    for (p = 0; p < sizeof(parts) / sizeof(parts[0]); p++) {
        if (strcmp(parts[p].name, r->operation) == 0) break;
    }
    if (p == sizeof(parts) / sizeof(parts[0])) {
        answer("no", "no such operation");
        return;
    }
    if (parts[p].run == run_copy || parts[p].run == run_hash_many)
        (void)parts[p].run(t, out); /* takes the memory that it works on */
    for (i = 0; i < r->repetitions; i++) {
        unsigned long long start;
        if (parts[p].run == run_write_new) (void)unlink(out);
        start = nanoseconds();
        done = parts[p].run(t, out);
        times[i] = nanoseconds() - start;
    }
    answer_ok("-", t->files, done, times, r->repetitions);
}

int main(void) {
    static request r;
    memset(buffer, 'x', sizeof(buffer));
    while (request_read(&r)) {
        if (strcmp(r.operation, "shape") == 0) {
            tree *t = tree_of(request_get(&r, "dir", "."));
            char line[64];
            snprintf(line, sizeof(line), "%lu\t%lu", (unsigned long)t->directories,
                     (unsigned long)t->files);
            answer("ok", line);
        } else if (strcmp(r.operation, "forget") == 0) {
            free(block);
            block = NULL;
            block_room = 0;
            answer("ok", "-");
        } else {
            serve(&r);
        }
    }
    return 0;
}
