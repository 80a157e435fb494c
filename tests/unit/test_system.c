/* What the system says no to, and kernel files, whose size is not their size: os/posix.c,
 * read.c, the ring's edges in threads/ring_cache.c and os/uring.c, and the words for errors. */

#include "../chest/memory.h"
#include "../chest/runs.h"
#include "../chest/tree.h"

SUITE(system, tree_suite_begins, tree_suite_ends_whole);

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static int system_on_entry(void *ctx, const char *name, cfti_kind kind) {
    (void)ctx;
    (void)name;
    (void)kind;
    return 4711;
}

/* Every call that fails says why; none pretends. */
TEST(system, refusals) {
    const uint8_t *mapped = NULL;
    cfti_os_status status;
    cfti_os_file file, pipes[2];
    char small[8];
    size_t got = 1;
    tree_directory("d");
    tree_link("link", "eight678");
    CHECK(cfti_os_status_of(-1, &status) == EBADF);
    CHECK(cfti_os_status_at(AT_FDCWD, "missing", true, &status) == ENOENT);
    CHECK(cfti_target_read(-1, (uint8_t *)small, 1, 0, &got) == EBADF && got == 0);
    CHECK(cfti_os_list(-1, system_on_entry, NULL) == EBADF);
    CHECK(cfti_os_open_directory("d", &file) == 0);
    CHECK(cfti_os_list(file, system_on_entry, NULL) == 0); /* "." and ".." do not count */
    cfti_os_close(file);
    CHECK(cfti_os_open_directory(".", &file) == 0);
    CHECK(cfti_os_list(file, system_on_entry, NULL) == 4711);
    cfti_os_close(file);
    CHECK(cfti_os_map(-1, 0, 1, &mapped) == EBADF && mapped == NULL);
    CHECK(cfti_os_write(-1, "x", 1) == EBADF && cfti_os_write(-1, "x", 0) == 0);
    CHECK(cfti_os_write_at(-1, "x", 1, 0) == EBADF);
    CHECK(cfti_os_finish(-1) == EBADF && cfti_os_sync(-1) == EBADF);
    CHECK(cfti_os_set_mode(-1, 0644) == EBADF);
    CHECK(cfti_os_rename("missing", "d/x") == ENOENT && cfti_os_remove("missing") == ENOENT);
    CHECK(cfti_os_create("missing/x", false, &file) == ENOENT);
    CHECK(cfti_os_open_for_writing("missing", -1, &file) == ENOENT);
    CHECK(cfti_os_open_for_writing("missing", 250, &file) == EBADF);
    CHECK(cfti_os_read_link("d", small, sizeof small) == EINVAL);
    CHECK(cfti_os_read_link("link", small, sizeof small) == ENAMETOOLONG);
    {
        char enough[9];
        CHECK(cfti_os_read_link("link", enough, sizeof enough) == 0);
        CHECK_STR(enough, "eight678");
    }
    CHECK(cfti_os_current_directory(small, 2) == ERANGE);
    if (pipe(pipes) != 0) tree_die("pipe", ".");
    CHECK(cfti_os_read_at(pipes[0], small, 1, 0, &got) == ESPIPE && got == 0);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
    errno = 0;
    CHECK(cfti_os_errno() == EIO); /* a failure is one, whatever errno says */
    CHECK(cfti_os_processors() >= 1);
    tree_clear();
}

TEST(system, kinds) {
    static const struct {
        unsigned char type;
        cfti_kind kind;
    } types[] = {{0, CFTI_KIND_UNKNOWN}, {8, CFTI_KIND_FILE},   {4, CFTI_KIND_DIRECTORY},
                 {10, CFTI_KIND_LINK},   {1, CFTI_KIND_OTHER},  {2, CFTI_KIND_OTHER},
                 {6, CFTI_KIND_OTHER},   {12, CFTI_KIND_OTHER}, {14, CFTI_KIND_OTHER}};
    size_t i;
    for (i = 0; i < TREE_COUNT(types); i++)
        CHECK(cfti_os_kind_of_type(types[i].type) == types[i].kind);
    CHECK(cfti_os_kind_of_mode(S_IFREG) == CFTI_KIND_FILE);
    CHECK(cfti_os_kind_of_mode(S_IFDIR | 0755) == CFTI_KIND_DIRECTORY);
    CHECK(cfti_os_kind_of_mode(S_IFLNK | 0777) == CFTI_KIND_LINK);
    CHECK(cfti_os_kind_of_mode(S_IFIFO) == CFTI_KIND_OTHER);
    CHECK(cfti_os_kind_of_mode(S_IFCHR) == CFTI_KIND_OTHER);
    CHECK(cfti_os_is_dots(".") && cfti_os_is_dots("..") && !cfti_os_is_dots("..."));
    CHECK(!cfti_os_is_dots(".a") && !cfti_os_is_dots("a.") && !cfti_os_is_dots("..a"));
}

/* No component of a path is longer than one call takes, though the path may be. */
TEST(system, long) {
    size_t descriptors = tree_descriptors();
    char path[6000], *deep;
    const char *paths[1];
    confiture_find_options options;
    confiture_files *files = NULL;
    confiture_digest digest;
    confiture_error error;
    cfti_os_file file;
    tree_directory("s");
    memset(path, 'a', sizeof path);
    path[5000] = '\0';
    CHECK(cfti_os_open_directory(path, &file) == ENAMETOOLONG);
    memcpy(path, "s/", 2);
    CHECK(cfti_os_open_directory(path, &file) == ENAMETOOLONG);
    CHECK(tree_descriptors() == descriptors);
    /* A path beyond the kernel's limit whose directory is missing: named, and by its error. */
    deep = tree_deep(22, "a.sql", "SELECT 1;");
    deep[strlen(deep) - 7] = 'Z'; /* the last directory */
    paths[0] = deep;
    memset(&options, 0, sizeof options);
    CHECK(confiture_files_from_paths(&files, paths, 1, &options, &error) == CONFITURE_OK);
    CHECK(confiture_hash(&digest, files, NULL, &error) == CONFITURE_E_SYSTEM);
    CHECK(error.os_error == ENOENT && strstr(error.message, "a.sql: no such file") != NULL);
    confiture_files_free(files);
    free(deep);
    tree_clear();
    CHECK(tree_descriptors() == descriptors);
}

/* A directory that is gone from under the process: relative paths lead nowhere. */
TEST(system, gone) {
    confiture_find_options options;
    confiture_files *files = NULL;
    confiture_error error;
    cfti_buffer out;
    memory m;
    const char *const paths[] = {"a.sql"};
    memory_init(&m);
    memset(&out, 0, sizeof out);
    out.allocator = m.allocator;
    memset(&options, 0, sizeof options);
    options.base = tree.root;
    options.run.allocator = &m.allocator;
    tree_directory("gone");
    if (chdir("gone") != 0 || rmdir("../gone") != 0) tree_die("chdir", "gone");
    CHECK(cfti_path_absolute(&out, "a.sql") == ENOENT);
    CHECK(cfti_path_resolve(&out, "a.sql") == ENOENT);
    CHECK(cfti_path_absolute(&out, "/a.sql") == 0);
    CHECK_STR(runs_outcome(confiture_files_from_paths(&files, paths, 1, &options, &error), &error),
              "SYSTEM a.sql: no such file or directory");
    CHECK(files == NULL);
    if (chdir(tree.root) != 0) tree_die("chdir", tree.root);
    cfti_buffer_free(&out);
    CHECK(memory_is_clean(&m));
}

/* Any of these says that a file is not the one that it was. */
TEST(system, same) {
    cfti_os_status a, b;
    int i;
    memset(&a, 0, sizeof a);
    for (i = 0; i < 8; i++) {
        b = a;
        CHECK(cfti_same_status(&a, &b));
        if (i == 0) b.device++;
        if (i == 1) b.inode++;
        if (i == 2) b.size++;
        if (i == 3) b.modified++;
        if (i == 4) b.modified_ns++;
        if (i == 5) b.changed++;
        if (i == 6) b.changed_ns++;
        if (i == 7) b.mode++; /* but this comes with a change of the status' time */
        CHECK(cfti_same_status(&a, &b) == (i == 7));
    }
}

/* A reader with nothing but defaults. */
static void system_reader(cfti_reader *reader) {
    static confiture_run run;
    static confiture_files none;
    confiture_allocator allocator;
    CHECK(cfti_allocator_choose(&allocator, NULL));
    cfti_reader_init(reader, &none, &run, &allocator);
}

/* Files of the kernel's say that they are empty, and are not, or say 4096 and are shorter. */
static void system_kernel_file(const char *path) {
    static const confiture_io ios[] = {CONFITURE_IO_READ, CONFITURE_IO_MMAP, CONFITURE_IO_RING};
    confiture_find_options find;
    confiture_hash_options options;
    confiture_files *files = NULL;
    confiture_digest digest;
    confiture_sha256 sha;
    uint8_t expected[32];
    size_t size = 0, i;
    char *data = tree_read(path, &size);
    if (data == NULL) return; /* there is none here */
    confiture_sha256_init(&sha);
    confiture_sha256_update(&sha, path + 1, strlen(path)); /* the NUL, but not the slash */
    confiture_sha256_update(&sha, data, size);
    confiture_sha256_update(&sha, "", 1);
    confiture_sha256_final(&sha, expected);
    free(data);
    memset(&find, 0, sizeof find);
    memset(&options, 0, sizeof options);
    find.base = "/";
    CHECK(confiture_files_from_paths(&files, &path, 1, &find, NULL) == CONFITURE_OK);
    for (i = 0; i < TREE_COUNT(ios); i++) {
        options.run.io = ios[i];
        CHECK(confiture_hash(&digest, files, &options, NULL) == CONFITURE_OK);
        CHECK(digest.total_bytes == size && memcmp(digest.bytes, expected, 32) == 0);
    }
    confiture_files_free(files);
}

TEST(system, kernel) {
    static const char known_size[] = "/sys/kernel/mm/transparent_hugepage/enabled";
    confiture_directory directory;
    confiture_hash_options options;
    confiture_files *files = NULL;
    confiture_digest one, other;
    cfti_os_file file;
    system_kernel_file("/proc/version");
    system_kernel_file("/proc/filesystems");
    system_kernel_file("/proc/crypto");   /* some pages long */
    system_kernel_file("/proc/kallsyms"); /* some megabytes: in pieces */
    system_kernel_file(known_size);
    if (cfti_os_open(AT_FDCWD, known_size, &file) == 0) {
        cfti_reader reader;
        cfti_arena arena;
        cfti_copy copy;
        cfti_fail fail;
        memory m;
        memory_init(&m);
        memset(&copy, 0, sizeof copy);
        memset(&arena, 0, sizeof arena);
        arena.allocator = m.allocator;
        /* Shorter than its size: a read of nothing is what proves its end. */
        system_reader(&reader);
        CHECK(cfti_read_once(&reader, &arena, file, &copy, &fail) == CONFITURE_OK);
        CHECK(copy.size > 0 && copy.size < copy.status.size && !copy.is_too_long);
        cfti_os_close(file);
        cfti_arena_free(&arena);
        CHECK(memory_is_clean(&m));
    }
    /* Side by side, where no short read says that it was the last. */
    memset(&directory, 0, sizeof directory);
    memset(&options, 0, sizeof options);
    directory.path = "/proc/sys/fs/inotify";
    directory.include_count = 1;
    {
        static const char *const all[] = {"*"};
        directory.include = all;
        directory.not_recursive = true;
        if (confiture_find_all(&files, &directory, 1, NULL, NULL) != CONFITURE_OK) return;
    }
    options.run.io = CONFITURE_IO_READ;
    CHECK(confiture_hash(&one, files, &options, NULL) == CONFITURE_OK && one.total_bytes > 0);
    options.run.io = CONFITURE_IO_RING;
    CHECK(confiture_hash(&other, files, &options, NULL) == CONFITURE_OK);
    CHECK_STR(other.hex, one.hex);
    confiture_files_free(files);
}

/* What stands in a file's place when its turn comes may be anything. */
TEST(system, not_files) {
    cfti_os_file directory;
    cfti_reader reader;
    cfti_arena arena;
    cfti_copy copy;
    cfti_os_status status;
    cfti_fail fail;
    int ends[2];
    memset(&copy, 0, sizeof copy);
    memset(&arena, 0, sizeof arena);
    CHECK(cfti_os_open_directory(".", &directory) == 0);
    system_reader(&reader);
    CHECK(cfti_allocator_choose(&arena.allocator, NULL));
    CHECK(cfti_read_once(&reader, &arena, directory, &copy, &fail) == CONFITURE_E_NOT_FILE);
    CHECK_STR(fail.detail, "is a directory, not a file");
    CHECK(cfti_wait_status(directory, &status, &fail) == CONFITURE_E_NOT_FILE);
    if (pipe(ends) != 0) tree_die("pipe", ".");
    CHECK(cfti_read_once(&reader, &arena, ends[0], &copy, &fail) == CONFITURE_E_NOT_FILE);
    CHECK_STR(fail.detail, "is a FIFO, socket or device, not a regular file");
    (void)close(ends[0]);
    (void)close(ends[1]);
    CHECK(cfti_read_once(&reader, &arena, -1, &copy, &fail) == CONFITURE_E_SYSTEM);
    CHECK(fail.os_error == EBADF);
    CHECK(cfti_wait_status(-1, &status, &fail) == CONFITURE_E_SYSTEM && fail.os_error == EBADF);
    cfti_os_close(directory);
    cfti_arena_free(&arena);
}

#if defined(SYS_io_uring_setup) && !defined(CONFITURE_NO_URING) && !defined(__TINYC__)
/* A ring that has broken while it was parked: read one by one, and not parked again. */
static void system_broken_ring(const confiture_pool *pool, const confiture_files *files,
                               const confiture_hash_options *options, const char *expected) {
    confiture_digest digest;
    cfti_ring *ring = cfti_ring_acquire(&options->run, 200);
    int nothing;
    if (ring == NULL) return;
    nothing = open("/dev/null", O_RDWR);
    if (nothing < 0 || dup2(nothing, ring->os.file) < 0) tree_die("dup2", "/dev/null");
    (void)close(nothing);
    cfti_ring_release(&options->run, ring, false);
    CHECK(confiture_hash(&digest, files, options, NULL) == CONFITURE_OK);
    CHECK_STR(digest.hex, expected);
    CHECK(pool->rings.first == NULL);
}
#endif

/* More files in one directory than a ring takes at once, and rings that are not to be had
 * or of no use: the same digest. */
TEST(system, rings) {
    confiture_hash_options options;
    confiture_files *files = NULL;
    confiture_digest expected, digest;
    confiture_pool *pool;
    struct rlimit before, none;
    cfti_ring *ring;
    bool has_ring;
    char name[32];
    size_t i;
    for (i = 0; i < 200; i++) {
        sprintf(name, "s/%03u.sql", (unsigned)i);
        tree_text(name, name);
    }
    memset(&options, 0, sizeof options);
    options.run.threads = 1;
    options.run.io = CONFITURE_IO_READ;
    CHECK(confiture_find(&files, "s", NULL, NULL) == CONFITURE_OK);
    CHECK(confiture_hash(&expected, files, &options, NULL) == CONFITURE_OK);
    options.run.io = CONFITURE_IO_RING;
    CHECK(confiture_hash(&digest, files, &options, NULL) == CONFITURE_OK);
    CHECK_STR(digest.hex, expected.hex);
    CHECK(confiture_pool_create(&pool, 2, NULL, NULL) == CONFITURE_OK);
    options.run.pool = pool;
    ring = cfti_ring_acquire(&options.run, 200);
    has_ring = ring != NULL; /* else this system has none, and is not asked twice */
    if (has_ring) cfti_ring_release(&options.run, ring, false);
    CHECK(pool->rings.is_unavailable == !has_ring);
#if defined(SYS_io_uring_setup) && !defined(CONFITURE_NO_URING) && !defined(__TINYC__)
    system_broken_ring(pool, files, &options, expected.hex);
#endif
    /* Where there are no descriptors left there is no ring; but one day there may be. */
    if (getrlimit(RLIMIT_NOFILE, &before) != 0) tree_die("getrlimit", ".");
    none = before;
    none.rlim_cur = 3;
    if (setrlimit(RLIMIT_NOFILE, &none) != 0) tree_die("setrlimit", ".");
    while ((ring = cfti_ring_acquire(&options.run, 200)) != NULL) /* parked before */
        cfti_ring_release(&options.run, ring, true);
    if (has_ring) CHECK(!pool->rings.is_unavailable);
    if (setrlimit(RLIMIT_NOFILE, &before) != 0) tree_die("setrlimit", ".");
    ring = cfti_ring_acquire(&options.run, 200);
    CHECK((ring != NULL) == has_ring && pool->rings.is_unavailable == !has_ring);
    if (ring != NULL) cfti_ring_release(&options.run, ring, false);
    CHECK(confiture_hash(&digest, files, &options, NULL) == CONFITURE_OK);
    CHECK_STR(digest.hex, expected.hex);
    confiture_pool_free(pool);
    confiture_files_free(files);
    tree_clear();
}

static confiture_status system_hash_tree(void *ctx, const confiture_run *run,
                                         confiture_error *error) {
    confiture_hash_options options;
    confiture_digest digest;
    confiture_status status;
    memset(&options, 0, sizeof options);
    options.run = *run;
    options.kind = CONFITURE_DIGEST_TREE;
    status = confiture_hash(&digest, (const confiture_files *)ctx, &options, error);
    if (status == CONFITURE_OK) CHECK_QUIET(digest.total_bytes >= 600000);
    return status;
}

/* Files that are hashed side by side get their memory at once, if there is any; the largest that
 * are read whole, one at a time. */
TEST(system, side_by_side) {
    confiture_files *files = NULL;
    confiture_digest digest, serial;
    confiture_hash_options options;
    confiture_sha256 sha;
    uint8_t *bytes;
    char name[32];
    unsigned i;
    for (i = 0; i < 30; i++) {
        sprintf(name, "s/%02u.sql", i);
        tree_fill(name, 60000, i); /* two of them are more than a block */
    }
    CHECK(confiture_find(&files, "s", NULL, NULL) == CONFITURE_OK);
    memory_exhaust_io(system_hash_tree, files, 1, true, NULL, CONFITURE_IO_READ);
    confiture_files_free(files);
    tree_clear();
    confiture_sha256_init(&sha);
    for (i = 0; i < 20; i++) {
        uint8_t one[32];
        confiture_sha256 leaf;
        sprintf(name, "s/%02u.sql", i);
        tree_fill(name, 2 << 20, i);
        bytes = tree_bytes(2 << 20, i);
        confiture_sha256_init(&leaf);
        confiture_sha256_update(&leaf, name + 2, strlen(name) - 1);
        confiture_sha256_update(&leaf, bytes, (2 << 20) + 1); /* with the NUL */
        confiture_sha256_final(&leaf, one);
        confiture_sha256_update(&sha, one, 32);
        free(bytes);
    }
    confiture_sha256_final(&sha, serial.bytes);
    memset(&options, 0, sizeof options);
    options.kind = CONFITURE_DIGEST_TREE;
    CHECK(confiture_find(&files, "s", NULL, NULL) == CONFITURE_OK);
    for (i = 1; i < 4; i += 2) {
        options.run.threads = i;
        CHECK(confiture_hash(&digest, files, &options, NULL) == CONFITURE_OK);
        CHECK(memcmp(digest.bytes, serial.bytes, 32) == 0 && digest.total_bytes == (uint64_t)20
                                                                                       << 21);
    }
    confiture_files_free(files);
    tree_clear();
}

#if !defined(CONFITURE_NO_MMAP)
static int system_empty_b(void *user, const void *data, size_t size) {
    (void)data;
    (void)size;
    if (*(int *)user != 0) tree_text("s/b.sql", "");
    *(int *)user = 0;
    return 0;
}

/* What was mapped is not looked at any more when its turn comes: in a mapping of a file that
 * has been emptied there is nothing to look at but SIGBUS. */
TEST(system, mapped) {
    confiture_build_options options;
    confiture_files *files = NULL;
    confiture_schema schema;
    confiture_sink sink;
    confiture_error error;
    int once = 1;
    tree_fill("s/a.sql", 300000, 1);
    tree_fill("s/b.sql", 5000, 2);
    tree_fill("s/c.sql", 5000, 3);
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    memset(&schema, 0, sizeof schema);
    options.run.threads = 1;
    options.run.io = CONFITURE_IO_MMAP;
    sink.write = system_empty_b;
    sink.user = &once;
    CHECK(confiture_find(&files, "s", NULL, NULL) == CONFITURE_OK);
    CHECK_STR(runs_outcome(confiture_build_sink(&schema, &sink, files, &options, &error), &error),
              "done");
    CHECK(schema.file_count == 3 && schema.total_bytes > 310000);
    confiture_files_free(files);
    tree_clear();
}
#endif

TEST(system, pools) {
    confiture_pool *pool = NULL;
    confiture_error error;
    confiture_run run;
    cfti_workers workers;
    memory m;
    memory_init(&m);
    memory_arm(&m, 1, true);
    CHECK(confiture_pool_create(&pool, 2, &m.allocator, &error) == CONFITURE_E_MEMORY);
    CHECK(pool == NULL && memory_is_clean(&m));
    memory_arm(&m, 0, false);
    memset(&run, 0, sizeof run);
    cfti_workers_open(&workers, &run, &m.allocator, 1); /* one is the caller */
    CHECK(workers.pool == NULL && workers.helpers == 0);
    cfti_workers_close(&workers);
    CHECK(memory_is_clean(&m) && m.calls == 0);
}

/* What passes is asked for again; what stays is remembered. */
TEST(system, shortages) {
    static const int passing[] = {EMFILE, ENFILE, ENOMEM, EAGAIN, ENOBUFS};
    static const int lasting[] = {0, ENOSYS, EPERM, EACCES, EINVAL, ENOENT, EIO, ENOSPC, ENXIO};
    size_t i;
    for (i = 0; i < TREE_COUNT(passing); i++) CHECK(cfti_os_is_shortage(passing[i]));
    for (i = 0; i < TREE_COUNT(lasting); i++) CHECK(!cfti_os_is_shortage(lasting[i]));
}

/* Every error has words, and one that has none its number; the numbers differ by system. */
TEST(system, words) {
    static const struct {
        int error;
        const char *text;
    } words[] = {{EACCES, "permission denied"},
                 {EPERM, "operation not permitted"},
                 {ENOENT, "no such file or directory"},
                 {ENOTDIR, "not a directory"},
                 {EISDIR, "is a directory"},
                 {EEXIST, "already exists"},
                 {ENAMETOOLONG, "file name too long"},
                 {ELOOP, "too many levels of symbolic links"},
                 {EMFILE, "too many open files in this process"},
                 {ENFILE, "too many open files in this system"},
                 {ENOSPC, "no space left on device"},
                 {EDQUOT, "disk quota exceeded"},
                 {EFBIG, "file too large"},
                 {EROFS, "read-only file system"},
                 {EIO, "input/output error"},
                 {EPIPE, "broken pipe"},
                 {EOVERFLOW, "size or time too large for how this program was compiled"},
                 {EBUSY, "device or resource busy"},
                 {ETXTBSY, "text file busy"},
                 {EXDEV, "on another file system"},
                 {ENXIO, "no such device or address"},
                 {ENODEV, "no such device"},
                 {EAGAIN, "resource temporarily unavailable"},
                 {EINVAL, "invalid argument"},
                 {EBADF, "bad file descriptor"},
                 {ESTALE, "stale file handle"}};
    char expected[100];
    confiture_error error;
    cfti_fail fail;
    size_t i;
    for (i = 0; i < TREE_COUNT(words); i++) {
        CHECK(cfti_fail_system(&fail, words[i].error, "a.sql") == CONFITURE_E_SYSTEM);
        CHECK(cfti_report(&error, &fail) == CONFITURE_E_SYSTEM);
        CHECK(error.os_error == words[i].error);
        sprintf(expected, "a.sql: %s", words[i].text);
        CHECK_STR(error.message, expected);
    }
    CHECK(cfti_fail_system(&fail, ENOMEM, "a.sql") == CONFITURE_E_MEMORY);
    CHECK(cfti_report(&error, &fail) == CONFITURE_E_MEMORY && error.os_error == 0);
    CHECK_STR(error.message, "a.sql: out of memory");
    fail.os_error = ENOMEM;
    (void)cfti_report(&error, &fail);
    CHECK_STR(error.message, "a.sql: out of memory: out of memory");
    CHECK(cfti_fail_system(&fail, 99999, "") == CONFITURE_E_SYSTEM);
    (void)cfti_report(&error, &fail);
    CHECK_STR(error.message, "system error 99999");
    CHECK_STR(error.path, "");
}

/* Not with 32 bits: there an emulator may stand between, whose processor is another. */
#if defined(__linux__) && defined(__x86_64__) && !defined(CONFITURE_NO_SIMD) &&                    \
    defined(__GNUC__) && !defined(__TINYC__)
static bool system_has_word(const char *line, const char *word) {
    size_t n = strlen(word);
    const char *p, *end = strchr(line, '\n');
    for (p = line; (p = strstr(p, word)) != NULL && p < end; p += n)
        if (p[-1] == ' ' && (p[n] == ' ' || p[n] == '\n')) return true;
    return false;
}

/* The processor has what the kernel says that it has. */
TEST(system, processor) {
    size_t size;
    char *text = tree_read("/proc/cpuinfo", &size);
    const char *flags = text == NULL ? NULL : strstr(text, "\nflags\t");
    if (flags != NULL) {
        bool ssse3 = system_has_word(flags + 1, "ssse3");
        bool sha =
            ssse3 && system_has_word(flags + 1, "sse4_1") && system_has_word(flags + 1, "sha_ni");
        const unsigned sha_bit = 1, ssse3_bit = 4; /* CFTI_CPU_SHANI, CFTI_CPU_SSSE3 */
        unsigned detected = cfti_cpu_detect();
        const int saved = cfti_cpu_mask;
        cfti_cpu_mask = 0;
        CHECK(((detected & sha_bit) != 0) == sha);
        CHECK(((detected & ssse3_bit) != 0) == (ssse3 && system_has_word(flags + 1, "popcnt")));
        CHECK_STR(confiture_sha256_kernel(), sha ? "sha-ni" : "portable");
        cfti_cpu_mask = saved;
    }
    free(text);
}
#endif

#if defined(__linux__)
enum { SYSTEM_SETLEASE = 1024 }; /* F_SETLEASE, which the headers hide */

/* A process that holds a lease on a file, and gives it back some time after it is told to. 0:
 * leases are not to be had here. */
static pid_t system_lease(const char *path) {
    int pipes[2];
    char byte = 'n';
    pid_t child;
    if (pipe(pipes) != 0) tree_die("pipe", path);
    (void)fflush(stdout);
    child = fork();
    if (child < 0) tree_die("fork", path);
    if (child == 0) {
        sigset_t set;
        int fd, got;
        (void)sigemptyset(&set);
        (void)sigaddset(&set, SIGIO);
        (void)sigprocmask(SIG_BLOCK, &set, NULL);
        fd = open(path, O_RDONLY);
        if (fd >= 0 && fcntl(fd, SYSTEM_SETLEASE, F_WRLCK) == 0) byte = 'y';
        if (write(pipes[1], &byte, 1) != 1 || byte == 'n') _exit(1);
        (void)alarm(60);
        (void)sigwait(&set, &got);
        (void)poll(NULL, 0, 30);
        _exit(fcntl(fd, SYSTEM_SETLEASE, F_UNLCK) != 0);
    }
    if (read(pipes[0], &byte, 1) != 1) tree_die("read", path);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
    if (byte == 'n') (void)waitpid(child, NULL, 0);
    return byte == 'y' ? child : 0;
}

/* A file on which another process holds a lease is waited for, by each way to it. */
TEST(system, leases) {
    static const confiture_io ways[] = {CONFITURE_IO_READ, CONFITURE_IO_MMAP, CONFITURE_IO_RING};
    confiture_find_options find;
    confiture_hash_options hash;
    confiture_files *files[2];
    confiture_digest digest;
    confiture_error error;
    size_t i;
    memset(&find, 0, sizeof find);
    memset(&hash, 0, sizeof hash);
    tree_text("s/a.sql", "SELECT 1;\n");
    tree_text("s/b.sql", "SELECT 2;\n");
    tree_link("s/c.sql", "b.sql");
    CHECK(confiture_find(&files[0], "s", &find, NULL) == CONFITURE_OK);
    find.confine = true;
    CHECK(confiture_find(&files[1], "s", &find, NULL) == CONFITURE_OK);
    for (i = 0; i < 6; i++) {
        pid_t child = system_lease("s/b.sql");
        int status = 1;
        if (child == 0) {
            printf("skipped: leases are not to be had here\n");
            break;
        }
        hash.run.io = ways[i / 2];
        CHECK_STR(runs_outcome(confiture_hash(&digest, files[i % 2], &hash, &error), &error),
                  "done");
        CHECK(waitpid(child, &status, 0) == child && status == 0);
    }
    confiture_files_free(files[0]);
    confiture_files_free(files[1]);
    tree_clear();
}
#endif

/* Nothing else is waited for, and a lease not for ever. */
TEST(system, no_leases) {
    static const struct {
        const char *path;
        int error, naps;
        bool waits;
    } cases[] = {{"a.sql", EAGAIN, 0, true},     {"a.sql", EAGAIN, 2999, true},
                 {"a.sql", EAGAIN, 3000, false}, {"a.sql", EACCES, 0, false},
                 {"d", EAGAIN, 0, false},        {"fifo", EAGAIN, 0, false},
                 {"missing", EAGAIN, 0, false}};
    size_t i;
    tree_text("a.sql", "");
    tree_directory("d");
    if (mkfifo("fifo", 0600) != 0) tree_die("mkfifo", "fifo");
    for (i = 0; i < TREE_COUNT(cases); i++) {
        int naps = cases[i].naps;
        errno = cases[i].error;
        CHECK(cfti_os_awaits_lease(AT_FDCWD, cases[i].path, &naps) == cases[i].waits);
        CHECK(errno == cases[i].error);
    }
    tree_clear();
}
