/* ---- os/os.h: what the library asks of the operating system ---- */

/* Each returns 0 or an error of the system's: errno, or GetLastError() on Windows. What the
 * library itself asks about, or says, has a name of ours: CFTI_OS_NO_MEMORY, CFTI_OS_EXISTS,
 * CFTI_OS_NOT_DIRECTORY, CFTI_OS_IS_DIRECTORY, CFTI_OS_LINK_LOOP, CFTI_OS_NO_ACCESS,
 * CFTI_OS_NO_LINK for what is no symbolic link, CFTI_OS_NAME_TOO_LONG, CFTI_OS_NO_DEVICE for
 * what cannot be opened to read from it, and CFTI_OS_NO_BENEATH where cfti_os_open_beneath() is
 * not to be had, and CFTI_OS_LEAVES for what that refuses. Nothing else in the library includes
 * a header of the system's. Paths are UTF-8 without NUL inside; a path relative to nothing is
 * relative to the current directory. */

/* Whether an error says that nothing has that name. */
static bool cfti_os_is_absent(int error);
/* Whether it says that no name is like that: CFTI_OS_NAME_TOO_LONG, and others. */
static bool cfti_os_is_no_name(int error);
/* Our own words for the usual errors: strerror() depends on the locale and is not
 * safe among threads everywhere. NULL for the others. */
static const char *cfti_os_error_text(int os_error);

#if defined(_WIN32)
typedef struct cfti_os_file {
    void *handle;
    const char *path; /* of a directory that was opened by it, else NULL */
} cfti_os_file;
#else
typedef int cfti_os_file;
#endif

/* ---- the form of paths ---- */

/* What ends a component in a path that is given. In those of the library it is "/". */
static bool cfti_os_is_slash(char c);
/* How much of a path says that it does not begin in the current directory, the slash
 * behind it included: "/", and on Windows "C:/" or "//server/share/". 0: it is relative. */
static size_t cfti_os_root(const char *path, size_t size);
/* Writes that root in the library's form, "/" last, and returns its size. */
static size_t cfti_os_root_text(const char *path, size_t root, char text[]);
/* Room for it: CFTI_OS_ROOT_CAPACITY. */

/* ---- files and directories ---- */

typedef enum cfti_kind {
    CFTI_KIND_UNKNOWN = 0, /* the listing did not say; ask */
    CFTI_KIND_FILE,
    CFTI_KIND_DIRECTORY,
    CFTI_KIND_LINK,
    CFTI_KIND_OTHER /* FIFO, socket, device */
} cfti_kind;

/* What identifies a state of a file. Two equal ones of one file mean that, as far
 * as the file system can tell, it was not written to between them. */
typedef struct cfti_os_status {
    uint64_t device, inode;
    uint64_t size;
    int64_t modified, changed; /* seconds */
    uint32_t modified_ns, changed_ns;
    uint32_t mode; /* permission bits */
    uint32_t owner, group;
    cfti_kind kind;
} cfti_os_status;

/* The moment, by the clock from which files get their times: what is written to from now on
 * gets no earlier one, as far as this machine's clock decides; all zero: not known. */
typedef struct cfti_os_time {
    int64_t seconds;
    uint32_t ns;
} cfti_os_time;
static void cfti_os_now(cfti_os_time *now);
/* Sleeps for about a millisecond, in which that clock moves on in most systems. */
static void cfti_os_nap(void);
/* Whether a write shows in a file's times at once, and not when its writer closes the file:
 * CFTI_OS_TIMES_ARE_PROMPT. */

/* A file to read from, whatever stands under the path: never waits for the other end of a
 * FIFO, but for a minute at most for another process's lease on a file. Relative to directory
 * `at`, or to nothing if at is CFTI_OS_CWD. */
static int cfti_os_open(cfti_os_file at, const char *path, cfti_os_file *file);
/* The same, but CFTI_OS_LINK_LOOP if it is a symbolic link, where the system can tell. */
static int cfti_os_open_no_link(cfti_os_file at, const char *path, cfti_os_file *file);
/* A directory, to list it or to open files relative to it: by a path of any length, which
 * must live as long as anything is opened relative to it, or by its name in another one. */
static int cfti_os_open_directory(const char *path, cfti_os_file *directory);
static int cfti_os_open_directory_at(cfti_os_file at, const char *name, cfti_os_file *directory);
/* From so many bytes of path on by its name, if that can be had: the kernel looks for each
 * component of a path in turn, so opening each directory of a deep chain by its whole path
 * would take time that grows with the square of the depth. CFTI_OS_LONG_PATH. */
/* A directory only to open what is in it, for which on Linux it need not be readable. */
static int cfti_os_open_place(const char *path, cfti_os_file *directory);
/* Opens what is reached from a directory without leaving it, be it by "..", by an absolute path
 * or by a symbolic link (CFTI_OS_LEAVES), whatever is renamed meanwhile; with no_links by no
 * link at all (CFTI_OS_LINK_LOOP). A directory is opened as by cfti_os_open_place(). Where
 * CFTI_OS_OPENS_BENEATH is 0 there is no such call: CFTI_OS_NO_BENEATH. */
static int cfti_os_open_beneath(cfti_os_file at, const char *path, bool directory, bool no_links,
                                cfti_os_file *file);
static void cfti_os_close(cfti_os_file file);
static int cfti_os_status_of(cfti_os_file file, cfti_os_status *status);
static int cfti_os_status_at(cfti_os_file at, const char *path, bool follow_link,
                             cfti_os_status *status);
/* Reads up to `size` bytes from `offset` on; *got is 0 only at the end. Fewer than asked for
 * mean nothing: a network's file system, a signal, or a page that cannot be read (Linux gives
 * the error to the next read only) ends a read as well. */
static int cfti_os_read_at(cfti_os_file file, void *data, size_t size, uint64_t offset,
                           size_t *got);
/* Calls `each` for every entry but . and .. until it returns non-zero, which is
 * then the result. */
static int cfti_os_list(cfti_os_file directory,
                        int (*each)(void *ctx, const char *name, cfti_kind kind), void *ctx);
#if !defined(CONFITURE_NO_MMAP)
/* size > 0, offset a multiple of CFTI_OS_MAP_STEP. Reading beyond the end of a file that has
 * shrunk since kills the process. */
#define CFTI_OS_MAP_STEP ((size_t)64 << 10)
static int cfti_os_map(cfti_os_file file, uint64_t offset, size_t size, const uint8_t **data);
static void cfti_os_unmap(const uint8_t *data, size_t size);
#endif

/* Creates a file that must not exist yet, to read and write; is_private: for its owner alone. */
static int cfti_os_create(const char *path, bool is_private, cfti_os_file *file);
/* The same without a name, which cfti_os_name() gives it: until then nothing is left of it when
 * the process ends. Any error: it cannot be had there. */
static int cfti_os_create_unnamed(const char *directory, bool is_private, cfti_os_file *file);
static int cfti_os_name(cfti_os_file file, const char *path);
/* Another name for the same file, of which `to` must not be one yet. */
static int cfti_os_link(const char *from, const char *to);
/* For names that nobody else has chosen. */
static uint64_t cfti_os_random(void);
/* Whether a path leads to what is open in some process, as /dev/stdout does, and not to what
 * has that name: *descriptor is the number if that process is this one, else -1. */
static int cfti_os_find_open_file(const char *path, bool *is_open_file, int *descriptor);
/* What cannot be replaced: a device, a FIFO, or such an open file. Nothing of it is lost: it is
 * written to where the descriptor stands, or at its end. */
static int cfti_os_open_for_writing(const char *path, int descriptor, cfti_os_file *file);
static int cfti_os_write(cfti_os_file file, const void *data, size_t size);
static int cfti_os_write_at(cfti_os_file file, const void *data, size_t size, uint64_t offset);
/* To a pipe, maybe: one that nobody reads any more is an error, and no signal. */
static int cfti_os_write_stream(cfti_os_file file, const void *data, size_t size);
/* Closes what was written: some file systems only then say that it did not fit. */
static int cfti_os_finish(cfti_os_file file);
static int cfti_os_sync(cfti_os_file file);
/* Whether an error of cfti_os_sync() says that there is nothing to wait for. */
static bool cfti_os_is_not_synced(int error);
/* Gives a new file, of which *made is known, the rights of the old one that it will replace,
 * or fewer where its group, owner or ACL cannot be the same. Nobody has more at any moment. */
static int cfti_os_keep_rights(cfti_os_file file, const char *old_path, const cfti_os_status *old,
                               cfti_os_status *made);
static int cfti_os_rename(const char *from, const char *to);
static int cfti_os_remove(const char *path);
/* The target of a symbolic link into buffer, NUL-terminated; CFTI_OS_NO_LINK if it is none. */
static int cfti_os_read_link(const char *path, char *buffer, size_t capacity);
static int cfti_os_read_link_at(cfti_os_file at, const char *name, char *buffer, size_t capacity);
static int cfti_os_current_directory(char *buffer, size_t capacity);
/* How many processors this process may use. */
static size_t cfti_os_processors(void);
#define CFTI_OS_LARGE_PAGE ((size_t)2 << 20) /* where there are any, most often */
#if !defined(CONFITURE_NO_ALLOC)
/* Wishes for large pages in a block of the heap: the first touch of a small one may
 * cost more than filling it. Only a hint. */
static void cfti_os_advise_large(void *block, size_t size);
#endif

/* A file that is to be opened, read once from its start, and closed. */
typedef struct cfti_os_fetch {
    cfti_os_file at;
    const char *path; /* relative to it */
    void *data;
    size_t capacity;       /* at data, at most 64 KiB */
    size_t got;            /* bytes that the read brought, if done */
    bool no_link;          /* a symbolic link is not followed, and so not done */
    bool done;             /* else it has to be read in the ordinary way, which says why */
    cfti_os_status status; /* after the read; of what had its name then */
    bool opened, closed, looked, refused; /* the ring's own notes */
} cfti_os_fetch;

/* Does that for many files with one system call, where the system has such a thing.
 * One thread at a time. */
typedef struct cfti_os_ring cfti_os_ring;
#define CFTI_RING_FILES 32 /* at once: more gains nothing, and takes longer to set up */
static int cfti_os_ring_open(cfti_os_ring *ring);
static void cfti_os_ring_close(cfti_os_ring *ring);
/* False: the ring is of no use any more. `threads` of ours are at work; 1 also where the kernel
 * is to start none of its own on behalf of this one. */
static bool cfti_os_ring_fetch(cfti_os_ring *ring, cfti_os_fetch *fetches, size_t count,
                               size_t threads);

/* Whether an error says that something has run out which others may give back: descriptors,
 * memory. The same call may work when they have. */
static bool cfti_os_is_shortage(int error);
/* Tells the threads that are running from each other. */
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
