/* ---- public/api.h: public types and prototypes ---- */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ==== Errors ============================================================= */

/* What a call came to. Zero is success, so `if (confiture_x(...))` reads as
 * "if it failed". Pointers to options and to an error may be NULL; another that a call
 * needs and that is NULL is E_ARGUMENT, with a message that names it. */
typedef enum confiture_status {
    CONFITURE_OK = 0,
    CONFITURE_E_ARGUMENT,  /* a pointer that is NULL; an option, pattern, template or timestamp
                            * that cannot be used */
    CONFITURE_E_MEMORY,    /* the allocator returned NULL */
    CONFITURE_E_SYSTEM,    /* the operating system refused; os_error says why */
    CONFITURE_E_NOT_FOUND, /* an include directory that must exist does not */
    CONFITURE_E_NO_FILES,  /* the search left no file at all */
    CONFITURE_E_NOT_FILE,  /* found under a file's name, but a directory, FIFO, socket or device */
    CONFITURE_E_OUTSIDE,   /* a file that does not lie below the base directory */
    CONFITURE_E_CHANGED,   /* a file that changed while it was being read */
    CONFITURE_E_TOO_LARGE, /* more bytes than this machine's size_t can hold */
    CONFITURE_E_NAME,      /* a file name that is unsafe in SQL: a failed check */
    CONFITURE_E_ENCODING,  /* a file that is not valid UTF-8: a failed check */
    CONFITURE_E_UNCLOSED,  /* a file that would harm the next one, or lose bytes: a failed check */
    CONFITURE_E_CANCELLED, /* the caller's progress callback said stop */
    CONFITURE_E_SINK,      /* the caller's sink refused the bytes; os_error is what it returned */
    CONFITURE_E_LIMIT      /* a file that is larger than max_file_size */
} confiture_status;

#define CONFITURE_NO_INDEX SIZE_MAX

/* Filled by every call that fails, if the caller gives one; untouched on
 * success. It owns nothing and needs no freeing.
 *
 * message is one whole line for a person: it begins with the file's path
 * (and ":line" where there is one) and has no newline; bytes that would upset a
 * terminal are written \xNN. path holds the bytes as they are; of a path too
 * long for it the end is kept, after "...". */
typedef struct confiture_error {
    confiture_status status;
    int os_error;  /* errno (GetLastError() on Windows) of E_SYSTEM, else 0 */
    size_t index;  /* of the file in the list that the call was given; else CONFITURE_NO_INDEX */
    uint64_t line; /* from 1; 0 if the error has no line */
    uint64_t
        offset; /* of the byte in the file, from 0: E_ENCODING; E_LIMIT: of the first too many */
    char path[4096]; /* the file or directory; empty if the error has none */
    char message[4608];
} confiture_error;

/* A constant sentence for each status, never NULL. */
CONFITURE_API const char *confiture_status_text(confiture_status status);

/* CONFITURE_VERSION of the implementation that is linked. */
CONFITURE_API const char *confiture_version(void);

/* ==== How to run: memory, threads, progress ============================== */

/* All memory that the library takes comes from here. realloc and free are told
 * the size that the block had. Called from several threads at once. */
typedef struct confiture_allocator {
    void *(*alloc)(void *ctx, size_t size);
    void *(*realloc)(void *ctx, void *block, size_t old_size, size_t new_size);
    void (*free)(void *ctx, void *block, size_t size);
    void *ctx;
} confiture_allocator;

/* Threads kept parked between calls, and memory and rings kept for the next. One
 * pool serves one call at a time: a call that finds it busy works on the calling
 * thread alone. */
typedef struct confiture_pool confiture_pool;

/* Starts threads - 1 helpers (the caller is the remaining one), but no more than a
 * call can use: one thread per processor, which 0 asks for, and 256 in all. A thread
 * that cannot be started means a smaller pool, not an error. allocator may be NULL; it
 * must outlive the pool. */
CONFITURE_API confiture_status confiture_pool_create(confiture_pool **pool, size_t threads,
                                                     const confiture_allocator *allocator,
                                                     confiture_error *error);
/* Joins the helpers. NULL is allowed. Not while a call is using the pool. */
CONFITURE_API void confiture_pool_free(confiture_pool *pool);

/* How files are read. READ: one after the other. RING: many small files with two
 * system calls, by Linux's io_uring; what that cannot do, or if it is not to be had, is
 * read as by READ. AUTO: RING from some hundred files on, and in a pool, which keeps
 * its rings, from sixteen; else READ. MMAP copies out of a mapping, was measured slower for
 * small files and hardly faster for large ones, and a mapped file that another process
 * truncates, or of which a page cannot be read, kills the host with SIGBUS: it is for those who
 * know that theirs do not shrink.
 * What is promised of the bytes is the same for all: the manual, READING AND MAPPING. */
typedef enum confiture_io {
    CONFITURE_IO_AUTO = 0,
    CONFITURE_IO_READ,
    CONFITURE_IO_MMAP,
    CONFITURE_IO_RING
} confiture_io;

/* How far a call has come. */
typedef struct confiture_progress {
    uint64_t files;       /* visited so far; while finding: found so far */
    uint64_t bytes;       /* read so far */
    uint64_t total_files; /* to visit; 0 while finding */
} confiture_progress;

/* How an operation runs; the first member of every options struct. None of it
 * changes a byte of any result, nor which error is reported; only max_file_size can
 * make an error of what would have been a result. */
typedef struct confiture_run {
    const confiture_allocator *allocator; /* NULL: CONFITURE_MALLOC and friends. Copied */
    size_t threads;       /* at most so many, the caller's included, and no more than there are
                           * processors for this process, nor than 256; 0: at most 16; 1: never
                           * start one. Small work takes fewer */
    confiture_pool *pool; /* NULL: threads live for the call */
    /* The caller's own threads, instead of the library's. Must do what
     *     for (size_t i = 0; i < n; i++) task(ctx, i);
     * does, in any order and on any threads, and return when all are done. A
     * non-zero result is reported as E_SYSTEM with that value as os_error. Like every
     * callback it must return: no exception, no longjmp(). */
    int (*parallel_for)(void *user, size_t n, void (*task)(void *ctx, size_t index), void *ctx);
    void *parallel_user;
    /* Called on the calling thread, after every few files and every piece of a large
     * one (with a parallel_for see THREADS in the manual); non-zero cancels: E_CANCELLED. */
    int (*progress)(void *user, const confiture_progress *progress);
    void *progress_user;
    confiture_io io;
    /* A file of more bytes is E_LIMIT, before it is read: at most the first 64 KiB of it
     * are, and of one that does not tell its size, or grows, no more than the limit and
     * a buffer. 0: no limit. Finding reads no file, and does not look at this. */
    uint64_t max_file_size;
} confiture_run;

/* ==== Finding files ====================================================== */

/* An ordered list of files. Immutable: any number of threads may use it. */
typedef struct confiture_files confiture_files;

typedef enum confiture_sort {
    CONFITURE_SORT_PATH = 0, /* by path components, each by code point */
    CONFITURE_SORT_HEX       /* by the hexadecimal prefix of the names, if any has one */
} confiture_sort;

/* One directory to search. Zero but for path: every *.sql below it. */
typedef struct confiture_directory {
    const char *path;
    const char *const *include; /* patterns; none: "**" "/" "*.sql" */
    size_t include_count;
    const char *const *exclude; /* patterns as of pathlib's PurePath.match() */
    size_t exclude_count;
    bool not_recursive; /* patterns apply in this directory itself. Zero, which is the default,
                         * is recursive: hence the "not" */
    bool must_exist;    /* missing: E_NOT_FOUND, rather than skipped. A link that leads nowhere is
                         * not missing: an error in any case */
    /* What matches nothing is most often mistyped. NULL, or one flag for each pattern, set
     * to true if it matches, never to false: directories with equal patterns may share
     * them. Matches count before anything is excluded, so a pattern whose files another
     * one excludes as well has matched. Set also by a call that fails, as far as it came. */
    bool *include_matched, *exclude_matched;
} confiture_directory;

typedef struct confiture_find_options {
    confiture_run run;
    const char *base;                /* names are relative to it; NULL: see confiture_find_all */
    const char *const *exclude_dirs; /* nothing below these, compared by whole components */
    size_t exclude_dir_count;
    bool *exclude_dir_matched; /* as confiture_directory's: one flag for each, or NULL */
    confiture_sort sort;
    bool unique; /* a path found more than once is kept once */
    /* Nothing is taken that really lies outside of the base: a symbolic link out of it, to
     * a file or a directory or on the way to one, is E_OUTSIDE instead of being followed. A
     * file that was no link must be none when it is read; and where the system has openat2()
     * (Linux 5.6) everything is opened from the base on without leaving it, whatever has been
     * replaced since. Elsewhere a directory that is replaced by a link, or a link that is
     * turned elsewhere, after it was looked at is not seen. Nowhere: hard links; mounts. */
    bool confine;
} confiture_find_options;

/* Finds the .sql files below one directory.
 * On success *files owns the list: free it with confiture_files_free. On
 * failure *files is NULL. */
CONFITURE_API confiture_status confiture_find(confiture_files **files, const char *directory,
                                              const confiture_find_options *options,
                                              confiture_error *error);

/* The same for several directories, each with its own patterns. Without
 * options->base, names are relative to the one directory, or to the longest
 * common prefix, in whole components, of all of them resolved.
 * Of several errors the first is reported, in this order: options and patterns, directory by
 * directory; the base, if the search is confined to it; the directories in the order given,
 * of each its patterns in the order given, for each what is met in the order of paths; that
 * there is no file; the base; the names in the order of the list. */
CONFITURE_API confiture_status confiture_find_all(confiture_files **files,
                                                  const confiture_directory *directories,
                                                  size_t directory_count,
                                                  const confiture_find_options *options,
                                                  confiture_error *error);

/* A list of the caller's own, kept in its order; an empty list is allowed. The
 * strings are copied. Names are relative to options->base (NULL: the current
 * directory); sort, unique and the excludes are not looked at. */
CONFITURE_API confiture_status confiture_files_from_paths(confiture_files **files,
                                                          const char *const *paths,
                                                          size_t path_count,
                                                          const confiture_find_options *options,
                                                          confiture_error *error);

/* The same from paths that each end in NUL, as `find -print0` writes them; the
 * last NUL may be missing. */
CONFITURE_API confiture_status confiture_files_from_list0(confiture_files **files, const char *list,
                                                          size_t list_size,
                                                          const confiture_find_options *options,
                                                          confiture_error *error);

/* A list that is NULL has no files: its count is 0, its base NULL. */
CONFITURE_API size_t confiture_files_count(const confiture_files *files);
/* The directory that names are relative to. */
CONFITURE_API const char *confiture_files_base(const confiture_files *files);
/* The path by which file `index` is opened, and its name: the path relative to
 * the base, "/" between components. Both live as long as the list; NULL if
 * index is not below the count. */
CONFITURE_API const char *confiture_files_path(const confiture_files *files, size_t index);
CONFITURE_API const char *confiture_files_name(const confiture_files *files, size_t index);
/* Whether the name marks file `index` as seed data: "seed" or "seeds" as a word of its own
 * in some component, as in seeds/users.sql or 30_seed_backend/x.sql. The base's own name
 * counts as well, with links resolved: db/seeds, and "." inside it, hold nothing else. What
 * is above the base does not count. */
CONFITURE_API bool confiture_files_is_seed(const confiture_files *files, size_t index);
/* NULL is allowed. */
CONFITURE_API void confiture_files_free(confiture_files *files);

/* ==== Checking =========================================================== */

typedef enum confiture_check_mode {
    CONFITURE_CHECK_DEFAULT = 0, /* POSTGRES; NONE for a build with the mysql separator */
    CONFITURE_CHECK_POSTGRES,    /* what swallows, cuts or spoils the next file in psql */
    CONFITURE_CHECK_QUOTES,      /* of that only what a file leaves open: comments, quotes, COPY */
    CONFITURE_CHECK_REFERENCE,   /* what the Python tool does: comments only, strings not known */
    CONFITURE_CHECK_NONE
} confiture_check_mode;

typedef enum confiture_severity {
    CONFITURE_SEVERITY_ERROR = 0, /* fails the check or the build */
    CONFITURE_SEVERITY_NOTE       /* fails nothing, and only confiture_check tells it */
} confiture_severity;

/* What is wrong with a file's text: not UTF-8, or it would do something to the file after
 * it, or lose something of itself. Pointers live for the call of the callback. */
typedef struct confiture_finding {
    confiture_status status; /* E_ENCODING or E_UNCLOSED; of a note OK */
    confiture_severity severity;
    size_t index; /* of the file in the list; CONFITURE_NO_INDEX: a note on what is not in it */
    const char *path;
    const char *name;    /* of what is not in the list its path */
    uint64_t line;       /* of the byte, or where it began, from 1; 0: of a name */
    uint64_t offset;     /* of the byte, from 0; E_ENCODING only */
    const char *what;    /* "comment never closed", "not valid UTF-8", ... */
    const char *message; /* path:line: what, ready to print */
} confiture_finding;

/* Called on the calling thread, in list order, at most once a file; for notes, which come
 * among the others, once more. Those on names come after all files, kind by kind, each kind
 * in list order. */
typedef void confiture_finding_callback(void *user, const confiture_finding *finding);

typedef struct confiture_check_options {
    confiture_run run;
    confiture_check_mode mode;
    bool terminate; /* check for a build with the same options; not with another mode than
                     * POSTGRES */
    bool strip_bom;
    bool no_notes;
    confiture_finding_callback *on_finding; /* NULL: stop at the first, without notes */
    void *finding_user;
} confiture_check_options;

/* Reads every file and checks that it is UTF-8 and harms no other. The list is taken for
 * one script: a statement that the last file does not end is no finding. Without on_finding
 * the call ends with the first finding, or whatever else is the first to fail in list order.
 * With it the call goes on after findings, and ends, if it comes to the end of the list, with
 * the status of the first one, which error holds. What is no finding, such as a file that
 * cannot be read, ends it at once: that is the status then, and what comes after that file in
 * the list has not been checked. */
CONFITURE_API confiture_status confiture_check(const confiture_files *files,
                                               const confiture_check_options *options,
                                               confiture_error *error);

/* ==== Hashing ============================================================ */

typedef enum confiture_digest_kind {
    CONFITURE_DIGEST_STREAM = 0, /* one SHA-256 over name NUL bytes NUL of every file, in order */
    CONFITURE_DIGEST_TREE        /* SHA-256 over the SHA-256 of name NUL bytes NUL of every file */
} confiture_digest_kind;

typedef struct confiture_hash_options {
    confiture_run run;
    confiture_digest_kind kind;
} confiture_hash_options;

typedef struct confiture_digest {
    uint8_t bytes[32];
    char hex[65]; /* lower case, NUL-terminated */
    size_t file_count;
    uint64_t total_bytes; /* of the files' contents */
} confiture_digest;

/* The digest of the files: of their names and raw bytes. On failure *digest is all zero. */
CONFITURE_API confiture_status confiture_hash(confiture_digest *digest,
                                              const confiture_files *files,
                                              const confiture_hash_options *options,
                                              confiture_error *error);

/* One file in a manifest. */
typedef struct confiture_entry {
    uint64_t size;      /* bytes */
    uint8_t sha256[32]; /* of the raw bytes alone: what sha256sum prints */
} confiture_entry;

typedef struct confiture_manifest_options {
    confiture_run run;
} confiture_manifest_options;

/* Each file's size and SHA-256. entries has room for confiture_files_count(files),
 * and is filled in list order. */
CONFITURE_API confiture_status confiture_manifest(confiture_entry *entries,
                                                  const confiture_files *files,
                                                  const confiture_manifest_options *options,
                                                  confiture_error *error);

/* ==== Building =========================================================== */

/* What stands before each file; P is its name, a BAR is 42 "=". */
typedef enum confiture_separator {
    CONFITURE_SEPARATOR_BLOCK_COMMENT = 0, /* a C comment of three lines */
    CONFITURE_SEPARATOR_LINE_COMMENT,      /* "-- BAR", "-- File: P", "-- BAR" */
    CONFITURE_SEPARATOR_MYSQL,             /* the same with "#" */
    CONFITURE_SEPARATOR_CUSTOM,            /* from separator_template */
    CONFITURE_SEPARATOR_NONE
} confiture_separator;

typedef struct confiture_header {
    const char *environment; /* NULL: "local". One line of UTF-8 */
    const char *timestamp;   /* ISO 8601; the library never asks the clock. NULL: left empty */
} confiture_header;

typedef struct confiture_build_options {
    confiture_run run;
    confiture_separator separator;
    const char *separator_template; /* CUSTOM: {file_path} stands for P, {{ and }} for braces */
    const confiture_header *header; /* NULL: none */
    bool schema_only;               /* leave seed files out of the output, not of the digest */
    bool no_digest;                 /* do not hash, and do not read what schema_only leaves out:
                                     * digest_hex is empty. Not together with a header. Zero,
                                     * which is the default, is with a digest: hence the "no" */
    confiture_check_mode check;
    bool terminate; /* add ";" and a newline where a file leaves a statement unended. Only the check
                     * POSTGRES sees that: with another one it is E_ARGUMENT */
    bool strip_bom; /* leave out the byte order mark at a file's start; the digest covers it */
    /* NULL: stop at the first. Else go on and write nothing: see confiture_check */
    confiture_finding_callback *on_finding;
    void *finding_user;
    /* For the split builds: files below these directories go to the first and the
     * last of the three schemas; post wins over pre. */
    const char *const *pre_dirs;
    size_t pre_dir_count;
    const char *const *post_dirs;
    size_t post_dir_count;
    /* One of them that no file of the list lies below is E_NO_FILES, with its path: it is
     * most often mistyped, and its files would run with other rights. */
    bool split_dirs_must_match;
    /* For builds to a file. */
    bool keep_unchanged; /* if the file already holds these bytes, leave it and its time alone */
    bool sync;           /* wait until the bytes, and then the rename, are on the disk */
} confiture_build_options;

/* What was built. All zero before its first use; confiture_build reuses the memory that an
 * earlier one left in it, if that came from the same allocator, and frees it if not. */
typedef struct confiture_schema {
    char *data;           /* the schema, NUL-terminated; NULL from a sink or a file build */
    size_t size;          /* bytes at data, without the NUL */
    uint64_t total_bytes; /* bytes of the schema, wherever they went */
    size_t file_count;    /* files in this schema */
    size_t left_out;      /* files of the list not taken since they are the output itself; of a
                           * split in all three, the number for all */
    uint8_t digest[32];   /* the stream digest of all files of the list */
    char digest_hex[65];
    bool unchanged;                /* keep_unchanged, and it was */
    size_t capacity;               /* of data */
    confiture_allocator allocator; /* what data came from */
} confiture_schema;

/* Builds into memory: schema->data, owned by the caller, to be freed with
 * confiture_schema_free. On failure there is no schema, and nothing to free that was not
 * there before: data is NULL, or, if an earlier build with the same allocator left one, it
 * stays allocated and holds an empty string. */
CONFITURE_API confiture_status confiture_build(confiture_schema *schema,
                                               const confiture_files *files,
                                               const confiture_build_options *options,
                                               confiture_error *error);

/* Where bytes go: called on the calling thread, in order, in few and large runs.
 * Returns 0, or an errno-like value that ends the build: E_SINK. */
typedef struct confiture_sink {
    int (*write)(void *user, const void *data, size_t size);
    void *user;
} confiture_sink;

/* Builds into a sink, in bounded memory; what the schema held before is freed. On failure
 * the sink has seen the part before. With a header the whole schema is held in memory
 * first, since the header shows the digest of files that are read after it. */
CONFITURE_API confiture_status confiture_build_sink(confiture_schema *schema,
                                                    const confiture_sink *sink,
                                                    const confiture_files *files,
                                                    const confiture_build_options *options,
                                                    confiture_error *error);

/* Builds into a file, in bounded memory and atomically: a new file beside `path`, written
 * whole, then renamed. On failure `path` is as it was and no temporary is left; but if with
 * options.sync only the directory cannot be synced, the new file is in place, and the message says
 * so. A file of the list that is `path` itself is not taken as input. Nobody has more rights than
 * on an existing file; a symbolic link is followed. A device, a FIFO, and what is open already
 * (/dev/stdout) is written to as it stands, from memory, when the build has succeeded. */
CONFITURE_API confiture_status confiture_build_file(confiture_schema *schema, const char *path,
                                                    const confiture_files *files,
                                                    const confiture_build_options *options,
                                                    confiture_error *error);

/* The three phases of a split build, in the order in which they are run. */
enum { CONFITURE_SPLIT_PRE = 0, CONFITURE_SPLIT_APP = 1, CONFITURE_SPLIT_POST = 2 };

/* One list, three schemas, by directory. A phase without files is empty, but for
 * the header of the app phase. */
CONFITURE_API confiture_status confiture_build_split(confiture_schema schemas[3],
                                                     const confiture_files *files,
                                                     const confiture_build_options *options,
                                                     confiture_error *error);

/* The same into three files. None is renamed before all are written; if one cannot be, those
 * before it are put back, where the system allows it. */
CONFITURE_API confiture_status confiture_build_split_files(confiture_schema schemas[3],
                                                           const char *const paths[3],
                                                           const confiture_files *files,
                                                           const confiture_build_options *options,
                                                           confiture_error *error);

/* Frees data and zeroes the struct. NULL and all zero are allowed. */
CONFITURE_API void confiture_schema_free(confiture_schema *schema);

/* ==== SHA-256 ============================================================ */

/* A SHA-256 in progress, on the stack; no freeing. FIPS 180-4. */
typedef struct confiture_sha256 {
    uint32_t state[8];
    uint64_t size; /* bytes hashed so far */
    uint8_t block[64];
} confiture_sha256;

/* With NULL for sha, digest or hex these do nothing. */
CONFITURE_API void confiture_sha256_init(confiture_sha256 *sha);
/* data need not be aligned, and may be NULL if size is 0. NULL with a size spoils the
 * stream: its digest is 32 zero bytes, since none of other bytes would be right. */
CONFITURE_API void confiture_sha256_update(confiture_sha256 *sha, const void *data, size_t size);
/* Writes 32 bytes. sha must be initialised again before its next use. */
CONFITURE_API void confiture_sha256_final(confiture_sha256 *sha, uint8_t digest[32]);
/* All three at once. */
CONFITURE_API void confiture_sha256_once(const void *data, size_t size, uint8_t digest[32]);
/* 64 lower-case hexadecimal digits and a NUL. */
CONFITURE_API void confiture_sha256_hex(const uint8_t digest[32], char hex[65]);
/* The kernel that this processor runs: "portable", "sha-ni" or "armv8". */
CONFITURE_API const char *confiture_sha256_kernel(void);

#ifdef __cplusplus
}
#endif
