/* ---- os/os.h: the interface to the operating system ---- */

/* Functions that return int return 0 or the system's error: errno, or GetLastError() on Windows.
 * Each system defines names for the errors that the library compares with or returns itself:
 * CFTI_OS_NO_MEMORY, CFTI_OS_EXISTS, CFTI_OS_NOT_DIRECTORY, CFTI_OS_IS_DIRECTORY,
 * CFTI_OS_LINK_LOOP, CFTI_OS_NO_ACCESS, CFTI_OS_NO_LINK (not a symbolic link),
 * CFTI_OS_NAME_TOO_LONG, CFTI_OS_NO_DEVICE (cannot be opened for reading), CFTI_OS_NO_BENEATH
 * (cfti_os_open_beneath() is unavailable) and CFTI_OS_LEAVES (cfti_os_open_beneath() refuses).
 * Outside os/ only base/cpu.c includes a system header. Paths are UTF-8 and end with a NUL. */

/* Whether an error means that nothing has this name. */
static bool cfti_os_is_absent(int error);
/* Whether an error means that nothing can have this name: CFTI_OS_NAME_TOO_LONG and others. */
static bool cfti_os_is_no_name(int error);
/* A text for each usual error, NULL for the others: strerror() depends on the locale and is not
 * thread-safe on every system. */
static const char *cfti_os_error_text(int os_error);

#if defined(_WIN32)
typedef struct cfti_os_file {
    void *handle;
    const char *path; /* of a directory opened by path, else NULL */
} cfti_os_file;
#else
typedef int cfti_os_file;
#endif

/* ---- the form of paths ---- */

/* Whether c separates components in a path of the caller's. The library's own paths use "/". */
static bool cfti_os_is_slash(char c);
/* The length of a path's root with its last slash: "/", and on Windows "C:/" or
 * "//server/share/". 0: the path is relative. */
static size_t cfti_os_root(const char *path, size_t size);
/* Writes the root in the library's form, with "/" at its end, and returns its size. text has
 * CFTI_OS_ROOT_CAPACITY bytes. */
static size_t cfti_os_root_text(const char *path, size_t root, char text[]);

/* ---- files and directories ---- */

typedef enum cfti_kind {
    CFTI_KIND_UNKNOWN = 0, /* the listing did not say: see cfti_os_status_at() */
    CFTI_KIND_FILE,
    CFTI_KIND_DIRECTORY,
    CFTI_KIND_LINK,
    CFTI_KIND_OTHER /* FIFO, socket, device */
} cfti_kind;

/* The state of a file. Two equal ones mean that the file was not written to between them, as far
 * as the file system shows. */
typedef struct cfti_os_status {
    uint64_t device, inode;
    uint64_t size;
    int64_t modified, changed; /* seconds */
    uint32_t modified_ns, changed_ns;
    uint32_t mode; /* permission bits */
    uint32_t owner, group;
    cfti_kind kind;
} cfti_os_status;

/* The time by the clock that stamps files: a file written to from now on gets this time or a later
 * one, if this machine's clock decides. All zero: unknown. */
typedef struct cfti_os_time {
    int64_t seconds;
    uint32_t ns;
} cfti_os_time;
static void cfti_os_now(cfti_os_time *now);
/* Sleeps for about a millisecond, in which that clock moves on in most systems. */
static void cfti_os_nap(void);
/* CFTI_OS_TIMES_ARE_PROMPT: a write changes the file's times at once, not when its writer closes
 * the file. */

/* Opens for reading whatever has the path, relative to directory `at` or to CFTI_OS_CWD. Does not
 * wait for the other end of a FIFO; waits a minute at most for another process's lease. */
static int cfti_os_open(cfti_os_file at, const char *path, cfti_os_file *file);
/* The same, but CFTI_OS_LINK_LOOP for a symbolic link, where the system shows it. */
static int cfti_os_open_no_link(cfti_os_file at, const char *path, cfti_os_file *file);
/* Opens a directory to list it or to open files relative to it: by a path of any length, which
 * must outlive the use of the directory, or by its name in another directory. */
static int cfti_os_open_directory(const char *path, cfti_os_file *directory);
static int cfti_os_open_directory_at(cfti_os_file at, const char *name, cfti_os_file *directory);
/* CFTI_OS_LONG_PATH: the length from which on a directory is better opened by its name. The kernel
 * looks up each component, so opening every directory of a deep chain by its whole path takes time
 * that grows with the square of the depth. */
/* Opens a directory only to open what is in it; on Linux it need not be readable. */
static int cfti_os_open_place(const char *path, cfti_os_file *directory);
/* Opens a path that stays inside the directory, whatever is renamed meanwhile. CFTI_OS_LEAVES: it
 * leaves by "..", an absolute path or a symbolic link. no_links: CFTI_OS_LINK_LOOP for any link.
 * A directory is opened as by cfti_os_open_place(). Where CFTI_OS_OPENS_BENEATH is 0 the
 * system has no such call. */
static int cfti_os_open_beneath(cfti_os_file at, const char *path, bool directory, bool no_links,
                                cfti_os_file *file);
static void cfti_os_close(cfti_os_file file);
static int cfti_os_status_of(cfti_os_file file, cfti_os_status *status);
static int cfti_os_status_at(cfti_os_file at, const char *path, bool follow_link,
                             cfti_os_status *status);
/* Reads up to `size` bytes at `offset`. *got is 0 only at the end of the file; a smaller *got than
 * `size` does not show the end: a network file system, a signal, or an unreadable page (Linux
 * reports it to the next read) shortens a read as well. */
static int cfti_os_read_at(cfti_os_file file, void *data, size_t size, uint64_t offset,
                           size_t *got);
/* Calls `each` for every entry except . and .. until it returns non-zero, which is the result. */
static int cfti_os_list(cfti_os_file directory,
                        int (*each)(void *ctx, const char *name, cfti_kind kind), void *ctx);
#if !defined(CONFITURE_NO_MMAP)
/* size > 0; offset is a multiple of CFTI_OS_MAP_STEP. If the file shrinks, reading beyond its new
 * end kills the process. */
#define CFTI_OS_MAP_STEP ((size_t)64 << 10)
static int cfti_os_map(cfti_os_file file, uint64_t offset, size_t size, const uint8_t **data);
static void cfti_os_unmap(const uint8_t *data, size_t size);
#endif

/* Creates a file that must not exist yet, for reading and writing; is_private: for its owner
 * alone. */
static int cfti_os_create(const char *path, bool is_private, cfti_os_file *file);
/* The same without a name: until cfti_os_name() names the file, nothing is left of it when the
 * process ends. Any error means that the directory allows no such file. */
static int cfti_os_create_unnamed(const char *directory, bool is_private, cfti_os_file *file);
static int cfti_os_name(cfti_os_file file, const char *path);
/* Gives the file a second name; `to` must not exist. */
static int cfti_os_link(const char *from, const char *to);
/* For unique names of temporary files. */
static uint64_t cfti_os_random(void);
/* Whether a path leads to an open file of a process, as /dev/stdout does, instead of to a name.
 * *descriptor is its number in this process, or -1. */
static int cfti_os_find_open_file(const char *path, bool *is_open_file, int *descriptor);
/* Opens what cannot be replaced: a device, a FIFO, or such an open file. Writing overwrites
 * nothing: it goes on at the descriptor's offset, or at the end. */
static int cfti_os_open_for_writing(const char *path, int descriptor, cfti_os_file *file);
static int cfti_os_write(cfti_os_file file, const void *data, size_t size);
static int cfti_os_write_at(cfti_os_file file, const void *data, size_t size, uint64_t offset);
/* Writes to what may be a pipe: one without a reader is an error and raises no signal. */
static int cfti_os_write_stream(cfti_os_file file, const void *data, size_t size);
/* Closes a written file: some file systems report only then that it did not fit. */
static int cfti_os_finish(cfti_os_file file);
static int cfti_os_sync(cfti_os_file file);
/* Whether an error of cfti_os_sync() means that the file needs no sync. */
static bool cfti_os_is_not_synced(int error);
/* Gives a new file, whose status is *made, the rights of the old file that it will replace, or
 * fewer where group, owner or ACL cannot be the same. Nobody has more rights at any moment. */
static int cfti_os_keep_rights(cfti_os_file file, const char *old_path, const cfti_os_status *old,
                               cfti_os_status *made);
static int cfti_os_rename(const char *from, const char *to);
static int cfti_os_remove(const char *path);
/* The target of a symbolic link, with a NUL; CFTI_OS_NO_LINK if the file is no link. */
static int cfti_os_read_link(const char *path, char *buffer, size_t capacity);
static int cfti_os_read_link_at(cfti_os_file at, const char *name, char *buffer, size_t capacity);
static int cfti_os_current_directory(char *buffer, size_t capacity);
/* How many processors this process may use. */
static size_t cfti_os_processors(void);
#define CFTI_OS_LARGE_PAGE ((size_t)2 << 20) /* the usual size */
#if !defined(CONFITURE_NO_ALLOC)
/* Requests large pages for a block of the heap: the first touch of a small page may cost more than
 * filling it. Only a hint. */
static void cfti_os_advise_large(void *block, size_t size);
#endif

/* A file to open, read once from its start, and close. */
typedef struct cfti_os_fetch {
    cfti_os_file at;
    const char *path; /* relative to it */
    void *data;
    size_t capacity;       /* at data, at most 64 KiB */
    size_t got;            /* bytes read, if done */
    bool no_link;          /* a symbolic link is not followed, and so not done */
    bool done;             /* false: reading by the ordinary calls finds the reason */
    cfti_os_status status; /* of what had the name after the read */
    bool opened, closed, looked, refused; /* for the ring alone */
} cfti_os_fetch;

/* Fetches many files with one system call, where the system can. One thread at a time. */
typedef struct cfti_os_ring cfti_os_ring;
#define CFTI_RING_FILES 32 /* per batch: more gains nothing, and takes longer to set up */
static int cfti_os_ring_open(cfti_os_ring *ring);
static void cfti_os_ring_close(cfti_os_ring *ring);
/* False: the ring is of no further use. threads: how many of ours are at work; 1 also keeps the
 * kernel from starting threads on behalf of the calling one. */
static bool cfti_os_ring_fetch(cfti_os_ring *ring, cfti_os_fetch *fetches, size_t count,
                               size_t threads);

/* Whether an error means that descriptors or memory have run out: the same call may succeed when
 * others have released some. */
static bool cfti_os_is_shortage(int error);
/* A number that no other running thread has. */
static uintptr_t cfti_os_thread_id(void);

/* ---- threads ---- */

/* Under CONFITURE_NO_THREADS the types are empty, the functions do nothing and no thread starts.
 * CFTI_OS_HAS_THREADS is false then, so that the compiler drops what only helpers run. */
typedef struct cfti_mutex cfti_mutex;
static int cfti_mutex_init(cfti_mutex *mutex);
static void cfti_mutex_destroy(cfti_mutex *mutex);
static void cfti_mutex_lock(cfti_mutex *mutex);
static void cfti_mutex_unlock(cfti_mutex *mutex);

typedef struct cfti_condition cfti_condition;
static int cfti_condition_init(cfti_condition *condition);
static void cfti_condition_destroy(cfti_condition *condition);
static void cfti_condition_wait(cfti_condition *condition, cfti_mutex *mutex);
static void cfti_condition_signal(cfti_condition *condition);
static void cfti_condition_broadcast(cfti_condition *condition);

typedef struct cfti_thread cfti_thread; /* must not move until it is joined */
static int cfti_thread_start(cfti_thread *thread, void *(*run)(void *), void *ctx);
static void cfti_thread_join(cfti_thread *thread);

/* A thread that is cancelled inside a call would leave locks, memory and helpers behind. */
static int cfti_cancel_disable(void);
static void cfti_cancel_restore(int before);
