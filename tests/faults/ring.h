/* ring.h: the system calls that have no function of their own, and a ring whose requests are
 * refused and whose results are spoilt on the way. */
#ifndef CONFITURE_FAULTS_RING_H
#define CONFITURE_FAULTS_RING_H

#if defined(SYS_io_uring_setup) && !defined(CONFITURE_NO_URING) && !defined(__TINYC__)

enum { FAULT_RING_OPEN = 18, FAULT_RING_READ = 22 }; /* IORING_OP_OPENAT and its like */

/* A ring as the kernel sees it. Its bytes are shared: what is changed in the requests before
 * the kernel looks, and in the results before the library does, is what they see. */
typedef struct fault_ring {
    cfti_ring_setup setup;
    uint8_t *memory;
    cfti_sqe *requests;
    uint32_t seen; /* results that have passed */
} fault_ring;

static fault_ring fault_rings[FAULT_FDS]; /* by descriptor */

static void fault_ring_mapped(int fd, void *data, off_t offset) {
    if (offset == 0) fault_rings[fd].memory = (uint8_t *)data;
    else fault_rings[fd].requests = (cfti_sqe *)data;
}

static long fault_ring_setup(unsigned count, cfti_ring_setup *setup) {
    long fd;
    if (fault_fails(FAULT_RING_SETUP, -1, -1, NULL, false)) return -1;
    fd = syscall(SYS_io_uring_setup, count, setup);
    if (fault_opened((int)fd, -1, "ring", false, false) < 0) return fd;
    (void)pthread_mutex_lock(&fault.lock);
    fault.fds[fd].is_ring = true;
    (void)pthread_mutex_unlock(&fault.lock);
    memset(&fault_rings[fd], 0, sizeof fault_rings[fd]);
    fault_rings[fd].setup = *setup;
    setup->features &= ~fault.lacks;
    return fd;
}

static uint32_t *fault_ring_word(const fault_ring *ring, uint32_t offset) {
    return (uint32_t *)(void *)(ring->memory + offset);
}

/* Requests that are about to be handed over: one with an operation that no kernel knows is
 * refused, and those behind it are left for the next call. A file with a rule of its own is
 * to fail whatever opens it. */
static void fault_ring_requests(const fault_ring *ring, unsigned count) {
    uint32_t head =
        __atomic_load_n(fault_ring_word(ring, ring->setup.request_head), __ATOMIC_ACQUIRE);
    const uint32_t *array = fault_ring_word(ring, ring->setup.request_array);
    unsigned i;
    for (i = 0; i < count; i++) {
        uint32_t mask = ring->setup.request_count - 1;
        cfti_sqe *request = &ring->requests[array[(head + i) & mask]];
        char path[FAULT_PATH] = "";
        size_t k;
        if (request->opcode == FAULT_RING_OPEN && request->file >= 0)
            fault_path(path, fault.fds[request->file].path,
                       (const char *)(uintptr_t)request->address);
        for (k = 0; k < FAULT_RULES; k++)
            if (fault.rules[k].calls != 0 && strcmp(fault.rules[k].path, path) == 0)
                request->address = 0;
        if (fault.waits && request->opcode == FAULT_RING_READ) request->call_flags = 0;
        if (fault_fails(FAULT_RING_REQUEST, -1, -1, path, false)) request->opcode = 255;
    }
}

static void fault_ring_results(fault_ring *ring) {
    uint32_t tail =
        __atomic_load_n(fault_ring_word(ring, ring->setup.result_tail), __ATOMIC_ACQUIRE);
    cfti_cqe *results = (cfti_cqe *)(void *)(ring->memory + ring->setup.results);
    for (; ring->seen != tail; ring->seen++)
        if (fault_fails(FAULT_RING_RESULT, -1, -1, NULL, false))
            results[ring->seen & (ring->setup.result_count - 1)].result = -errno;
}

/* The kernel has done everything, but it is not to be seen; then it refuses to be asked; and
 * then it shows. */
static long fault_ring_hold(const fault_ring *ring, long n) {
    static uint32_t kept;
    uint32_t *tail = fault_ring_word(ring, ring->setup.result_tail);
    int step = fault.hold--;
    if (step == 3) {
        kept = __atomic_load_n(tail, __ATOMIC_ACQUIRE);
        *tail = *fault_ring_word(ring, ring->setup.result_head);
        return n;
    }
    if (step == 1) __atomic_store_n(tail, kept, __ATOMIC_RELEASE);
    errno = EBADF;
    return step == 1 ? 0 : -1;
}

static long fault_ring_enter(int fd, unsigned count, unsigned least, unsigned flags) {
    fault_ring *ring = &fault_rings[fd];
    long n;
    int error;
    if (fault_fails(FAULT_RING_ENTER, fd, -1, NULL, false)) {
        error = errno;
        (void)sched_yield(); /* what the kernel owes it pays on the way out of a call */
        errno = error;
        return -1;
    }
    if (fault.few) {
        (void)pthread_mutex_lock(&fault.lock);
        if (count > 0) count = 1 + fault_random(count);
        least = least > 0 ? fault_random(2) : 0;
        (void)pthread_mutex_unlock(&fault.lock);
    }
    if (fault.hold == 1 || fault.hold == 2) return fault_ring_hold(ring, 0);
    fault_ring_requests(ring, count);
    n = syscall(SYS_io_uring_enter, fd, count, least, flags, NULL, 0);
    error = errno;
    fault_ring_results(ring);
    if (fault.hold == 3) n = fault_ring_hold(ring, n);
    errno = error;
    return n;
}

static long fault_ring_call(long number, va_list list) {
    if (number == SYS_io_uring_setup) {
        unsigned count = (unsigned)va_arg(list, int);
        return fault_ring_setup(count, va_arg(list, cfti_ring_setup *));
    }
    if (number == SYS_io_uring_register) {
        int fd = va_arg(list, int), what = va_arg(list, int);
        void *data = va_arg(list, void *);
        if (fault_fails(FAULT_RING_REGISTER, fd, -1, NULL, false)) return -1;
        return syscall(number, fd, what, data, va_arg(list, int));
    }
    if (number == SYS_io_uring_enter) {
        int fd = va_arg(list, int);
        unsigned count = va_arg(list, unsigned), least = va_arg(list, unsigned);
        return fault_ring_enter(fd, count, least, (unsigned)va_arg(list, int));
    }
    fprintf(stderr, "faults: system call %ld is not known here\n", number);
    abort();
}

#else
static void fault_ring_mapped(int fd, void *data, off_t offset) {
    (void)fd;
    (void)data;
    (void)offset;
}

static long fault_ring_call(long number, va_list list) {
    (void)list;
    fprintf(stderr, "faults: system call %ld is not known here\n", number);
    abort();
}
#endif

static long fault_syscall(long number, ...) {
    long result = -1;
    va_list list;
    va_start(list, number);
#if defined(SYS_getdents64)
    if (number == SYS_getdents64) {
        int fd = va_arg(list, int);
        void *data = va_arg(list, void *);
        size_t size = va_arg(list, size_t);
        if (!fault_fails(FAULT_LIST, fd, -1, NULL, false))
            result = syscall(number, fd, data, fault.few ? size / 512 : size);
        va_end(list);
        return result;
    }
#endif
    if (number == SYS_sched_getaffinity) {
        int pid = va_arg(list, int);
        size_t size = va_arg(list, size_t);
        void *mask = va_arg(list, void *);
        if (!fault_fails(FAULT_HINT, -1, -1, NULL, false))
            result = syscall(number, pid, size, mask);
    } else if (number == SYS_clock_gettime) { /* an hour ahead: whatever is there is old */
        int clock = va_arg(list, int);
        long *time = va_arg(list, long *);
        if (!fault_fails(FAULT_HINT, -1, -1, NULL, false) && !fault.fresh)
            result = syscall(number, clock, time);
        if (result == 0) time[0] += 3600;
    } else if (number == 437) { /* openat2() */
        int at = va_arg(list, int);
        const char *path = va_arg(list, const char *);
        const cfti_os_how *how = va_arg(list, const cfti_os_how *);
        bool is_directory = (how->flags & O_DIRECTORY) != 0;
        if (!fault_fails(FAULT_OPENAT, -1, at, path, is_directory)) {
            result = syscall(number, at, path, how, sizeof *how);
            result = fault_opened((int)result, at, path, false, is_directory);
        }
    } else if (number == SYS_madvise) {
        uintptr_t data = va_arg(list, uintptr_t), size = va_arg(list, uintptr_t);
        int what = va_arg(list, int);
        if (!fault_fails(FAULT_HINT, -1, -1, NULL, false))
            result = syscall(number, data, size, what);
    } else if (number == SYS_getrandom) {
        void *data = va_arg(list, void *);
        size_t size = va_arg(list, size_t);
        unsigned flags = va_arg(list, unsigned);
        if (!fault_fails(FAULT_HINT, -1, -1, NULL, false))
            result = syscall(number, data, size, flags);
    } else if (number == SYS_fadvise64) {
        int fd = va_arg(list, int);
        long from = va_arg(list, long), size = va_arg(list, long);
        if (!fault_fails(FAULT_HINT, fd, -1, NULL, false))
            result = syscall(number, fd, from, size, va_arg(list, int));
    } else {
        result = fault_ring_call(number, list);
    }
    va_end(list);
    return result;
}

#endif
