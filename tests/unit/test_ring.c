/* A batch of files by one system call: os/uring.c. Where rings are not to be had there is
 * only that to be seen. */

#include "../chest/runs.h"
#include "../chest/tree.h"

SUITE(ring, tree_suite_begins, tree_suite_ends);

#if defined(__linux__)
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#endif

#if defined(__linux__) && defined(SYS_io_uring_setup) && !defined(CONFITURE_NO_URING) &&           \
    !defined(__TINYC__)

enum { RING_FILES = 6, RING_ROOM = 1000, RING_CLOSE = 19 }; /* the last is IORING_OP_CLOSE */

static void ring_prepare(cfti_os_fetch fetches[RING_FILES], char data[RING_FILES][RING_ROOM]) {
    static const char *const names[RING_FILES] = {"a.sql",       "empty.sql", "long.sql",
                                                  "missing.sql", "directory", "b.sql"};
    size_t i;
    memset(fetches, 0, RING_FILES * sizeof fetches[0]);
    memset(data, '?', RING_FILES * RING_ROOM);
    for (i = 0; i < RING_FILES; i++) {
        fetches[i].at = AT_FDCWD;
        fetches[i].path = names[i];
        fetches[i].data = data[i];
        fetches[i].capacity = RING_ROOM;
    }
}

/* Not every file system can read without waiting: tmpfs cannot, and says so. */
static bool ring_works(cfti_os_ring *ring, cfti_os_fetch *f, size_t count) {
    return cfti_os_ring_fetch(ring, f, count, 1) || f[0].refused;
}

static void ring_fetch(cfti_os_ring *ring) {
    cfti_os_fetch f[RING_FILES];
    char data[RING_FILES][RING_ROOM];
    ring_prepare(f, data);
    CHECK(ring_works(ring, f, RING_FILES));
    /* What was in the caches has been read; what was not may have been left. */
    CHECK(!f[0].done || (f[0].got == 9 && memcmp(data[0], "SELECT 1;?", 10) == 0));
    CHECK(!f[1].done || (f[1].got == 0 && data[1][0] == '?'));
    CHECK(!f[2].done || (f[2].got == RING_ROOM && data[2][RING_ROOM - 1] == 'x'));
    CHECK(!f[3].done && !f[4].done);
    CHECK(!f[0].done || (f[0].status.size == 9 && f[0].status.kind == CFTI_KIND_FILE));
    CHECK(!f[2].done || f[2].status.size == 5999);
    CHECK(!f[5].done || (f[5].got == 7 && memcmp(data[5], "-- last?", 8) == 0));
}

/* Ahead of the ring, too, a link is not followed where it must not be. */
TEST(ring, ahead) {
    cfti_os_fetch f[2];
    char data[2][RING_ROOM];
    size_t i;
    tree_text("real.sql", "SELECT 1;");
    tree_link("link.sql", "real.sql");
    memset(f, 0, sizeof f);
    for (i = 0; i < 2; i++) {
        f[i].at = AT_FDCWD;
        f[i].path = i == 0 ? "real.sql" : "link.sql";
        f[i].data = data[i];
        f[i].capacity = RING_ROOM;
        f[i].no_link = true;
    }
    cfti_fetch_ahead(f, 2);
    CHECK(f[0].done && f[0].got == 9 && !f[1].opened && !f[1].done);
}

/* A request has nothing of the one that stood in its place before. */
static void ring_clean_request(cfti_os_ring *ring) {
    const cfti_sqe *r;
    memset(ring->requests, 0xA5, (ring->request_mask + 1) * sizeof *ring->requests);
    r = cfti_ring_add(ring, RING_CLOSE, 7);
    --*ring->request_tail; /* it is not to be sent */
    CHECK(r->opcode == RING_CLOSE && (uint32_t)r->user_data == 7);
    CHECK(r->flags == 0 && r->priority == 0 && r->file == 0 && r->offset == 0);
    CHECK(r->address == 0 && r->size == 0 && r->call_flags == 0 && r->file_index == 0);
}

TEST(ring, files) {
    static char text[6000];
    size_t before, i;
    cfti_os_ring ring;
    cfti_os_fetch f[RING_FILES];
    char data[RING_FILES][RING_ROOM];
    tree_text("a.sql", "SELECT 1;");
    tree_text("empty.sql", "");
    memset(text, 'x', sizeof text - 1);
    tree_text("long.sql", text);
    tree_directory("directory");
    tree_text("b.sql", "-- last");
    before = tree_descriptors();
    if (cfti_os_ring_open(&ring) != 0) return;
    ring_clean_request(&ring);
    ring_fetch(&ring);
    ring_fetch(&ring);
    ring.cold = 3;
    ring_fetch(&ring);
    ring_fetch(&ring);
    CHECK(tree_descriptors() == before + 1);
    cfti_os_ring_close(&ring);
    CHECK(tree_descriptors() == before);
    /* A host may close what it does not know: then the ring says so, and does nothing. */
    if (cfti_os_ring_open(&ring) != 0) return;
    ring_prepare(f, data);
    (void)close(ring.file);
    CHECK(!cfti_os_ring_fetch(&ring, f, RING_FILES, 1));
    for (i = 0; i < RING_FILES; i++) CHECK(!f[i].done && data[i][0] == '?');
    cfti_os_ring_close(&ring);
}

/* What the ring says of a file is what a call says of it. */
static void ring_same_look(const cfti_os_fetch *f) {
    cfti_os_status status;
    if (!f->done) return;
    CHECK(cfti_os_status_at(f->at, f->path, false, &status) == 0);
    CHECK(f->status.kind == status.kind && f->status.size == status.size);
    CHECK(f->status.modified == status.modified && f->status.modified_ns == status.modified_ns);
    CHECK(f->status.changed == status.changed && f->status.changed_ns == status.changed_ns);
}

/* Where a crowd is at work the ring looks at the files, too; else, and where it cannot, calls
 * do. It looks at a link, not at what that leads to. */
TEST(ring, looks) {
    cfti_os_ring ring;
    cfti_os_fetch f[RING_FILES];
    char data[RING_FILES][RING_ROOM];
    size_t threads, i;
    bool works;
    tree_remove("b.sql");
    tree_link("b.sql", "long.sql");
    if (cfti_os_ring_open(&ring) != 0) return;
    ring.crowd = 3;
    for (threads = 2; threads < 5; threads++) {
        ring_prepare(f, data);
        ring.cold = 0;
        works = cfti_os_ring_fetch(&ring, f, RING_FILES, threads);
        CHECK(works || f[0].refused);
        for (i = 0; i < RING_FILES; i++) ring_same_look(&f[i]);
        CHECK(f[0].looked == (threads >= 3) && f[1].looked == (threads >= 3));
        CHECK(!f[3].looked && !f[3].done && !f[4].done);
        CHECK(!f[5].done || f[5].status.kind == CFTI_KIND_LINK);
    }
    cfti_os_ring_close(&ring);
    tree_remove("b.sql");
    tree_text("b.sql", "-- last");
}

/* Calls are dear if a great many looks take no longer than a few of them, and cheap if a few
 * looks take a second: but only the eighth time, since something may have come in between. */
TEST(ring, learns) {
    cfti_os_ring ring;
    int i;
    if (cfti_ring_clock() == 0) return; /* it cannot be asked here */
    memset(&ring, 0, sizeof ring);
    ring.tries = 8;
    for (i = 0; i < 8; i++) {
        CHECK(ring.crowd == 0);
        cfti_ring_learn(&ring, cfti_ring_clock() - 1000000000u, 8);
    }
    CHECK(ring.crowd == SIZE_MAX);
    ring.crowd = 0;
    cfti_ring_learn(&ring, cfti_ring_clock(), (size_t)1 << 30);
    CHECK(ring.crowd == (size_t)sysconf(_SC_NPROCESSORS_ONLN));
}

enum { RECENT_FILES = 5 };

/* The status of the newest file, once the clock has left it behind. */
static void recent_wait(void) {
    cfti_os_status status;
    cfti_os_time now;
    CHECK(cfti_os_status_at(AT_FDCWD, "r/4.sql", false, &status) == 0);
    for (;;) {
        cfti_os_now(&now);
        if (cfti_is_older(&status, &now, 0)) return;
        cfti_os_nap();
    }
}

/* What a second reading is to find changed since the first: bytes, a time, the length, another
 * file; and one that is as it was. */
static void recent_doctor(cfti_os_fetch *f) {
    CHECK(f[0].done && f[1].done && f[2].done && f[3].done && f[4].done);
    ((char *)f[0].data)[0] = 'X';
    f[1].status.changed_ns ^= 1;
    tree_text("r/2.sql", "SELECT 2; -- and more");
    f[3].status.inode ^= 1;
}

static void recent_read(cfti_reader *reader, cfti_read *reads, cfti_arena *arena) {
    cfti_os_fetch f[RECENT_FILES];
    char data[RECENT_FILES][RING_ROOM];
    const cfti_file *files = reader->files->items;
    size_t i;
    cfti_read_many(reader, reads, RECENT_FILES, arena, RING_ROOM);
    if (reader->ring == NULL) return; /* there is none, or it is of no use here */
    for (i = 0; i < RECENT_FILES; i++) {
        CHECK(reads[i].state == CFTI_READ_WHOLE && reads[i].chunk.size == 9);
        reads[i].state = CFTI_READ_PENDING;
        memset(&f[i], 0, sizeof f[i]);
        f[i].at = reader->directory;
        f[i].path = files[i].path + files[i].leaf;
        f[i].data = data[i];
        f[i].capacity = RING_ROOM;
    }
    CHECK(reader->ring_pause == 0);
    cfti_reader_fetch(reader, f, RECENT_FILES);
    recent_doctor(f);
    cfti_read_fetched(reader, reads, f, RECENT_FILES);
    for (i = 0; i < RECENT_FILES; i++) CHECK((reads[i].state == CFTI_READ_WHOLE) == (i == 4));
    CHECK(reader->ring_pause > 0);
}

/* Files that were changed just before the scan are read twice, by the ring as well. */
TEST(ring, recent) {
    confiture_files *files = NULL;
    confiture_allocator allocator;
    confiture_run run;
    cfti_reader reader;
    cfti_read reads[RECENT_FILES];
    cfti_arena arena;
    char name[] = "r/0.sql", text[] = "SELECT 0;";
    size_t i;
    for (i = 0; i < RECENT_FILES; i++, name[2]++, text[7]++) tree_text(name, text);
    recent_wait();
    if (!CHECK(confiture_find(&files, "r", NULL, NULL) == CONFITURE_OK)) return;
    memset(&run, 0, sizeof run);
    run.io = CONFITURE_IO_RING;
    CHECK(cfti_allocator_choose(&allocator, NULL));
    cfti_reader_init(&reader, files, &run, &allocator);
    memset(&arena, 0, sizeof arena);
    arena.allocator = allocator;
    arena.block_size = 4096;
    memset(reads, 0, sizeof reads);
    for (i = 0; i < RECENT_FILES; i++) reads[i].chunk.file = &files->items[i];
    recent_read(&reader, reads, &arena);
    cfti_arena_free(&arena);
    cfti_reader_close(&reader);
    confiture_files_free(files);
}

/* A FIFO that somebody has open to write, and does not write to, is not waited for. */
TEST(ring, silent) {
    cfti_os_ring ring;
    cfti_os_fetch f[RING_FILES];
    char data[RING_FILES][RING_ROOM];
    int writer, round;
    tree_remove("b.sql");
    tree_fifo("b.sql");
    writer = open("b.sql", O_RDWR);
    if (CHECK(writer >= 0) && cfti_os_ring_open(&ring) == 0) {
        for (round = 0; round < 2; round++) {
            ring_prepare(f, data);
            CHECK(ring_works(&ring, f, RING_FILES));
            CHECK(!f[5].done && (!f[0].done || f[0].got == 9));
        }
        cfti_os_ring_close(&ring);
    }
    (void)close(writer);
}

/* In a process that may not have a ring, as in many containers. */
static int ring_refused(const char *expected) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program;
    confiture_hash_options options;
    confiture_files *files = NULL;
    confiture_digest digest;
    cfti_os_ring ring;
    program.len = 4;
    program.filter = filter;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0)
        return 77; /* a filter is not to be had either */
    if (cfti_os_ring_open(&ring) != EPERM) return 1;
    memset(&options, 0, sizeof options);
    options.run.io = CONFITURE_IO_RING;
    if (confiture_find(&files, "s", NULL, NULL) != CONFITURE_OK) return 2;
    if (confiture_hash(&digest, files, &options, NULL) != CONFITURE_OK) return 3;
    confiture_files_free(files);
    return strcmp(digest.hex, expected) == 0 ? 0 : 4;
}

TEST(ring, refused) {
    confiture_files *files = NULL;
    confiture_digest digest;
    int status = 0;
    pid_t child;
    tree_text("s/a.sql", "SELECT 1;");
    tree_text("s/b.sql", "SELECT 2;");
    if (!CHECK(confiture_find(&files, "s", NULL, NULL) == CONFITURE_OK)) return;
    CHECK(confiture_hash(&digest, files, NULL, NULL) == CONFITURE_OK);
    confiture_files_free(files);
    (void)fflush(stdout);
    child = fork();
    if (child == 0) _exit(ring_refused(digest.hex));
    CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
    if (!CHECK(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77))
        runs_note("exit status", WEXITSTATUS(status), 0, 0);
}

#endif
