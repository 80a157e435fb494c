/* ---- os/uring.c: many small files by two system calls, with Linux's io_uring ---- */

/* A system call may cost as much as its work for a small file, and each file needs several. A ring
 * takes requests from shared memory: two calls serve a batch of files. Some kernels lack io_uring
 * and some hosts forbid it, so the calls of os/posix.c do whatever a ring did not do. */

#if defined(__linux__) && CFTI_GNUC && !defined(CONFITURE_NO_URING) &&                             \
    defined(SYS_io_uring_setup) && defined(SYS_io_uring_enter) && defined(SYS_io_uring_register)
#define CFTI_RING 1
#else
#define CFTI_RING 0
#endif

#if CFTI_RING

#if !defined(CFTI_RING_CROWD)
#define CFTI_RING_CROWD 0 /* measured: see cfti_ring_learn() */
#endif

/* As in <linux/io_uring.h>, which may be older than the kernel or missing. */
typedef struct cfti_sqe {
    uint8_t opcode, flags;
    uint16_t priority;
    int32_t file;
    uint64_t offset, address;
    uint32_t size, call_flags; /* of the equivalent system call */
    uint64_t user_data;
    uint16_t buffer, personality;
    uint32_t file_index; /* from 1: in the ring's own table of open files */
    uint64_t unused[2];
} cfti_sqe;

typedef struct cfti_cqe {
    uint64_t user_data;
    int32_t result;
    uint32_t flags;
} cfti_cqe;

typedef struct cfti_ring_setup {
    uint32_t request_count, result_count, flags, cpu, idle, features, other_ring, unused[3];
    uint32_t request_head, request_tail, request_mask, request_entries, request_flags, dropped,
        request_array, unused_1, unused_2[2];
    uint32_t result_head, result_tail, result_mask, result_entries, overflow, results, result_flags,
        unused_3, unused_4[2];
} cfti_ring_setup;

#define CFTI_RING_OPEN 18 /* IORING_OP_OPENAT and so on */
#define CFTI_RING_CLOSE 19
#define CFTI_RING_STATUS 21 /* IORING_OP_STATX */
#define CFTI_RING_READ 22
#define CFTI_RING_FIXED_FILE 1 /* IOSQE_FIXED_FILE */
#define CFTI_RING_NO_WAIT 8    /* RWF_NOWAIT */
#define CFTI_RING_REQUESTS 128 /* four per file of a batch */
#if defined(MAP_POPULATE)
#define CFTI_RING_MAP (MAP_SHARED | MAP_POPULATE) /* the first batch uses all of it */
#else
#define CFTI_RING_MAP MAP_SHARED
#endif

/* Valgrind misses what the kernel writes for a ring. */
#if defined(__x86_64__) && !defined(__ILP32__)
/* Valgrind's client request to take these bytes for defined; the instructions have no effect on a
 * processor. */
static void cfti_ring_wrote(const void *data, size_t size) {
    volatile uint64_t request[6];
    uint64_t result = 0;
    request[0] = 0x4D430002; /* 'M', 'C': memcheck's, make defined */
    request[1] = (uint64_t)(uintptr_t)data;
    request[2] = size;
    request[3] = 0;
    request[4] = 0;
    request[5] = 0;
    __asm__ volatile("rolq $3, %%rdi\n\trolq $13, %%rdi\n\trolq $61, %%rdi\n\t"
                     "rolq $51, %%rdi\n\txchgq %%rbx, %%rbx"
                     : "+d"(result)
                     : "a"(&request[0])
                     : "cc", "memory");
}
#else
static void cfti_ring_wrote(const void *data, size_t size) {
    (void)data;
    (void)size;
}
#endif

/* struct statx, as in <linux/stat.h>. */
typedef struct cfti_ring_time {
    int64_t seconds;
    uint32_t ns;
    int32_t unused;
} cfti_ring_time;

typedef struct cfti_ring_status {
    uint32_t mask, block_size;
    uint64_t attributes;
    uint32_t links, owner, group;
    uint16_t mode, unused_1;
    uint64_t inode, size, blocks, attributes_mask;
    cfti_ring_time accessed, born, changed, modified;
    uint32_t unused_2[2], device_major, device_minor;
    uint64_t unused_3[14];
} cfti_ring_status;

struct cfti_os_ring {
    int file;
    int cold; /* how many batches to read ahead instead: see cfti_os_ring_fetch() */
    uint8_t *memory;
    size_t memory_size;
    cfti_sqe *requests;
    const cfti_cqe *results;
    uint32_t *request_tail, *result_head;
    const uint32_t *result_tail;
    uint32_t request_mask, result_mask;
    size_t crowd; /* the ring takes the status too from so many threads on; 0: not measured yet */
    int tries;    /* measurements left */
    cfti_ring_status looks[CFTI_RING_FILES];
};

static int cfti_os_ring_open(cfti_os_ring *ring) {
    cfti_ring_setup setup;
    int32_t none[CFTI_RING_FILES];
    uint32_t i, *array;
    size_t size;
    void *p;
    int error;
    memset(ring, 0, offsetof(cfti_os_ring, looks));
    ring->crowd = CFTI_RING_CROWD;
    ring->tries = 8;
    memset(&setup, 0, sizeof(setup));
    error =
        cfti_os_adopt((int)syscall(SYS_io_uring_setup, CFTI_RING_REQUESTS, &setup), &ring->file);
    if (error != 0) return error;
    /* One mapping for both rings, and requests that use the files opened by earlier ones of the
     * same call (Linux 5.19). */
    if ((setup.features & 1) == 0 || (setup.features & (1u << 12)) == 0) {
        cfti_os_close(ring->file);
        return CFTI_OS_NO_DEVICE;
    }
    memset(none, 0xFF, sizeof(none)); /* -1: a free entry */
    if (syscall(SYS_io_uring_register, ring->file, 2, none, CFTI_RING_FILES) != 0) {
        error = cfti_os_errno();
        cfti_os_close(ring->file);
        return error;
    }
    size = setup.results + setup.result_count * sizeof(cfti_cqe);
    if (size < setup.request_array + setup.request_count * sizeof(uint32_t))
        size = setup.request_array + setup.request_count * sizeof(uint32_t);
    p = mmap(NULL, size, PROT_READ | PROT_WRITE, CFTI_RING_MAP, ring->file, 0);
    if (p != MAP_FAILED) {
        ring->memory = (uint8_t *)p;
        ring->memory_size = size;
        p = mmap(NULL, setup.request_count * sizeof(cfti_sqe), PROT_READ | PROT_WRITE,
                 CFTI_RING_MAP, ring->file, 0x10000000);
    }
    if (p == MAP_FAILED) {
        error = cfti_os_errno();
        if (ring->memory != NULL) (void)munmap(ring->memory, size);
        cfti_os_close(ring->file);
        return error;
    }
    ring->requests = (cfti_sqe *)p;
    ring->results = (const cfti_cqe *)(const void *)(ring->memory + setup.results);
    ring->request_tail = (uint32_t *)(void *)(ring->memory + setup.request_tail);
    ring->result_head = (uint32_t *)(void *)(ring->memory + setup.result_head);
    ring->result_tail = (const uint32_t *)(const void *)(ring->memory + setup.result_tail);
    ring->request_mask = setup.request_count - 1;
    ring->result_mask = setup.result_count - 1;
    array = (uint32_t *)(void *)(ring->memory + setup.request_array);
    for (i = 0; i < setup.request_count; i++) array[i] = i;
    return 0;
}

static void cfti_os_ring_close(cfti_os_ring *ring) {
    (void)munmap(ring->requests, (ring->request_mask + 1) * sizeof(cfti_sqe));
    (void)munmap(ring->memory, ring->memory_size);
    cfti_os_close(ring->file);
}

/* Adds a request for fetch `i`; the kernel reads it at the next io_uring_enter(). */
static cfti_sqe *cfti_ring_add(cfti_os_ring *ring, uint8_t opcode, size_t i) {
    uint32_t tail = *ring->request_tail;
    cfti_sqe *sqe = &ring->requests[tail & ring->request_mask];
    memset(sqe, 0, sizeof(*sqe));
    sqe->opcode = opcode;
    sqe->user_data = (uint64_t)opcode << 32 | i;
    __atomic_store_n(ring->request_tail, tail + 1, __ATOMIC_RELEASE);
    return sqe;
}

static void cfti_ring_add_open(cfti_os_ring *ring, const cfti_os_fetch *fetch, size_t i) {
    cfti_sqe *sqe = cfti_ring_add(ring, CFTI_RING_OPEN, i);
    sqe->file = fetch->at;
    sqe->address = (uint64_t)(uintptr_t)fetch->path;
    sqe->call_flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
    if (fetch->no_link) sqe->call_flags |= CFTI_O_NOFOLLOW;
    sqe->file_index = (uint32_t)i + 1;
}

static void cfti_ring_add_read(cfti_os_ring *ring, const cfti_os_fetch *fetch, size_t i) {
    cfti_sqe *sqe = cfti_ring_add(ring, CFTI_RING_READ, i);
    sqe->file = (int32_t)i;
    sqe->address = (uint64_t)(uintptr_t)fetch->data;
    sqe->size = (uint32_t)fetch->capacity;
    sqe->flags = CFTI_RING_FIXED_FILE;
    sqe->call_flags = CFTI_RING_NO_WAIT;
}

static void cfti_ring_add_close(cfti_os_ring *ring, size_t i) {
    cfti_ring_add(ring, CFTI_RING_CLOSE, i)->file_index = (uint32_t)i + 1;
}

static void cfti_ring_add_look(cfti_os_ring *ring, const cfti_os_fetch *fetch, size_t i) {
    cfti_sqe *sqe = cfti_ring_add(ring, CFTI_RING_STATUS, i);
    sqe->file = fetch->at;
    sqe->address = (uint64_t)(uintptr_t)fetch->path;
    sqe->offset = (uint64_t)(uintptr_t)&ring->looks[i];
    sqe->size = 0x7FF; /* STATX_BASIC_STATS: what fstatat() asks for */
    sqe->call_flags = CFTI_AT_SYMLINK_NOFOLLOW;
}

static void cfti_ring_note(cfti_os_fetch *fetches, const cfti_cqe *cqe) {
    cfti_os_fetch *fetch = &fetches[cqe->user_data & 0xFFFFFFFFu];
    bool good = cqe->result >= 0;
    switch (cqe->user_data >> 32) {
    case CFTI_RING_OPEN: fetch->opened = good; break;
    case CFTI_RING_CLOSE: fetch->closed = good; break;
    case CFTI_RING_STATUS: fetch->looked = good; break;
    default:
        fetch->done = good;
        fetch->refused = cqe->result == -EOPNOTSUPP;
        if (!good) break;
        fetch->got = (size_t)cqe->result;
        CFTI_KERNEL_WROTE(fetch->data, fetch->got);
        cfti_ring_wrote(fetch->data, fetch->got);
    }
}

/* Submits `count` requests and waits until all are done: the kernel uses their memory until then,
 * whatever happens. The fetches record the results. False: the ring is unusable, and the kernel
 * holds no request of it. */
static bool cfti_ring_run(cfti_os_ring *ring, cfti_os_fetch *fetches, uint32_t count) {
    uint32_t given = 0, done = 0;
    int patience = 1000; /* while the kernel is out of memory */
    while (done < count) {
        uint32_t head = *ring->result_head;
        long n = syscall(SYS_io_uring_enter, ring->file, count - given, count - done,
                         1 /* IORING_ENTER_GETEVENTS */, NULL, 0);
        bool later = n < 0 && (errno == EINTR || errno == EAGAIN || errno == EBUSY);
        if (n > 0) given += (uint32_t)n;
        for (; head != __atomic_load_n(ring->result_tail, __ATOMIC_ACQUIRE); head++, done++)
            cfti_ring_note(fetches, &ring->results[head & ring->result_mask]);
        __atomic_store_n(ring->result_head, head, __ATOMIC_RELEASE);
        if (n < 0 && given == done && (!later || --patience == 0)) return false;
    }
    return true;
}

/* Opens all files and announces their reads before the first read waits for the disk, which then
 * has many requests at once. */
static void cfti_fetch_ahead(cfti_os_fetch *fetches, size_t count) {
    cfti_os_file files[CFTI_RING_FILES];
    size_t i;
    for (i = 0; i < count; i++) {
        cfti_os_fetch *fetch = &fetches[i];
        fetch->opened = (fetch->no_link ? cfti_os_open_no_link(fetch->at, fetch->path, &files[i])
                                        : cfti_os_open(fetch->at, fetch->path, &files[i])) == 0;
#if defined(SYS_fadvise64) && UINTPTR_MAX > 0xFFFFFFFFu
        /* 32-bit systems pass the sizes in other ways, and lose only the advice. */
        if (fetch->opened)
            (void)syscall(SYS_fadvise64, files[i], 0L, (long)fetch->capacity, 3 /* WILLNEED */);
#endif
    }
    for (i = 0; i < count; i++) {
        cfti_os_fetch *fetch = &fetches[i];
        if (!fetch->opened) continue;
        fetch->done =
            cfti_os_read_at(files[i], fetch->data, fetch->capacity, 0, &fetch->got) == 0 &&
            cfti_os_status_of(files[i], &fetch->status) == 0;
        cfti_os_close(files[i]);
    }
}

/* In nanoseconds; by a system call, since the cost of one is measured. */
static uint64_t cfti_ring_clock(void) {
#if defined(SYS_clock_gettime) && UINTPTR_MAX > 0xFFFFFFFFu
    long time[2];
    if (syscall(SYS_clock_gettime, 1 /* CLOCK_MONOTONIC */, time) == 0) {
        CFTI_KERNEL_WROTE(time, sizeof(time));
        return (uint64_t)time[0] * 1000000000u + (uint64_t)time[1];
    }
#endif
    return 0;
}

/* Decides who takes the files' status, the ring or a call for each. For a ring, threads of the
 * kernel do it one file after another, and switching to them costs about as much as a status call
 * where calls are cheap. Where calls are dear, as in many virtual machines, those threads need half
 * the time, unless a processor is idle: they run there, and each status wakes one thread and then
 * the other. So the ring does it where the call itself is more than a third of a status call and
 * every processor has a thread of ours. `looks` status calls were made since `start`; interruptions
 * lengthen them, so the ring measures a few times. */
static void cfti_ring_learn(cfti_os_ring *ring, uint64_t start, size_t looks) {
    uint64_t last = cfti_ring_clock(), time = last - start, least = time;
    int i;
    for (i = 0; i < 4; i++) {
        uint64_t now = cfti_ring_clock();
        if (now - last < least) least = now - last;
        last = now;
    }
    if (3 * least * looks > time) ring->crowd = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
    else if (--ring->tries == 0) ring->crowd = SIZE_MAX; /* as an error of sysconf() is */
}

/* Fills in the status of the files that were read, or of those that have taken their names since:
 * from the ring, or by a call for each. */
static void cfti_fetch_look(cfti_os_ring *ring, cfti_os_fetch *fetches, size_t count,
                            size_t threads) {
    uint64_t start = ring->crowd == 0 && threads > 1 ? cfti_ring_clock() : 0;
    size_t i, looks = 0;
    for (i = 0; i < count; i++) {
        cfti_os_fetch *fetch = &fetches[i];
        const cfti_ring_status *look = &ring->looks[i];
        if (!fetch->done) continue;
        if (!fetch->looked) {
            looks++;
            fetch->done = cfti_os_status_at(fetch->at, fetch->path, false, &fetch->status) == 0;
            continue;
        }
        CFTI_KERNEL_WROTE(look, sizeof(*look));
        cfti_ring_wrote(look, sizeof(*look));
        memset(&fetch->status, 0, sizeof(fetch->status));
        fetch->status.kind = cfti_os_kind_of_mode((mode_t)look->mode);
        fetch->status.device = (uint64_t)look->device_major << 32 | look->device_minor;
        fetch->status.inode = look->inode;
        fetch->status.size = look->size;
        fetch->status.modified = look->modified.seconds;
        fetch->status.modified_ns = look->modified.ns;
        fetch->status.changed = look->changed.seconds;
        fetch->status.changed_ns = look->changed.ns;
    }
    if (start != 0 && looks >= 8) cfti_ring_learn(ring, start, looks);
}

/* One call opens, reads and closes all files: the kernel does what it has cached at once and in
 * that order. A status by name follows, since a ring has no fstat(). The call does not wait for a
 * file: one that is not cached is opened too late for its read and close, or its read gives up (a
 * FIFO in its place might never end), and the ordinary calls read it. If many files are late, the
 * cache is cold, and the next batches are read ahead. On a file system that cannot read without
 * waiting a ring is of no use. */
static bool cfti_os_ring_fetch(cfti_os_ring *ring, cfti_os_fetch *fetches, size_t count,
                               size_t threads) {
    size_t i, late = 0, refused = 0;
    uint32_t each = 3, open = 0;
    bool good;
    for (i = 0; i < count; i++) {
        cfti_os_fetch *fetch = &fetches[i];
        fetch->opened = fetch->done = fetch->closed = fetch->looked = fetch->refused = false;
    }
    if (ring->cold > 0) {
        ring->cold--;
        cfti_fetch_ahead(fetches, count);
        return true;
    }
    for (i = 0; i < count; i++) cfti_ring_add_open(ring, &fetches[i], i);
    for (i = 0; i < count; i++) cfti_ring_add_read(ring, &fetches[i], i);
    for (i = 0; i < count; i++) cfti_ring_add_close(ring, i);
    if (threads > 1 && ring->crowd != 0 && threads >= ring->crowd) {
        for (i = 0; i < count; i++) cfti_ring_add_look(ring, &fetches[i], i);
        each = 4;
    }
    good = cfti_ring_run(ring, fetches, each * (uint32_t)count);
    for (i = 0; i < count; i++) {
        late += fetches[i].opened && !fetches[i].done;
        refused += fetches[i].refused;
        if (good && fetches[i].opened && !fetches[i].closed) cfti_ring_add_close(ring, i), open++;
    }
    cfti_fetch_look(ring, fetches, count, threads);
    if (late > count / 4) ring->cold = 16;
    good = good && (open == 0 || cfti_ring_run(ring, fetches, open));
    for (i = 0; i < count && good; i++) good = fetches[i].closed || !fetches[i].opened;
    return good && refused < count;
}

#else

struct cfti_os_ring {
    int unused;
};

static int cfti_os_ring_open(cfti_os_ring *ring) {
    (void)ring;
    return CFTI_OS_NO_DEVICE;
}

static void cfti_os_ring_close(cfti_os_ring *ring) { (void)ring; }

static bool cfti_os_ring_fetch(cfti_os_ring *ring, cfti_os_fetch *fetches, size_t count,
                               size_t threads) {
    (void)ring;
    (void)fetches;
    (void)count;
    (void)threads;
    return false;
}

#endif
