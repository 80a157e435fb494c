/* ---- public/api.h: public types and prototypes ---- */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ==== Errors ============================================================= */

/* The result of a call. Zero is success, so `if (confiture_x(...))` reads as "if it failed".
 * Pointers to options and to an error may be NULL. Any other required pointer that is NULL is
 * E_ARGUMENT, with a message that names the parameter. */
typedef enum confiture_status {
    CONFITURE_OK = 0,
    CONFITURE_E_ARGUMENT,  /* a required pointer is NULL; an option, pattern, template or timestamp
                            * is invalid */
    CONFITURE_E_MEMORY,    /* the allocator returned NULL, or the system has no memory */
    CONFITURE_E_SYSTEM,    /* the operating system refused; os_error says why */
    CONFITURE_E_NOT_FOUND, /* a directory with must_exist is missing */
    CONFITURE_E_NO_FILES,  /* the search, or a directory of a split, has no file */
    CONFITURE_E_NOT_FILE,  /* a directory, FIFO, socket or device where a file was expected */
    CONFITURE_E_OUTSIDE,   /* a file or a directory is not below the base directory */
    CONFITURE_E_CHANGED,   /* a file changed while it was being read */
    CONFITURE_E_TOO_LARGE, /* more bytes than one block of memory can hold on this machine */
    CONFITURE_E_NAME,      /* failed check: a file name is unsafe in SQL */
    CONFITURE_E_ENCODING,  /* failed check: a file is not valid UTF-8 */
    CONFITURE_E_UNCLOSED,  /* failed check: a file would spoil the next one, or lose bytes */
    CONFITURE_E_CANCELLED, /* the progress callback returned non-zero */
    CONFITURE_E_SINK,      /* the sink returned non-zero, which is in os_error */
    CONFITURE_E_LIMIT,     /* a file is larger than max_file_size */
    CONFITURE_E_FORMAT     /* text to be read is not in its format, or torn */
} confiture_status;

#define CONFITURE_NO_INDEX SIZE_MAX

/* What went wrong. Every call that fails fills the error that the caller passes; a call that
 * succeeds leaves it untouched. The struct owns nothing and needs no freeing. */
typedef struct confiture_error {
    confiture_status status;
    int os_error;    /* E_SYSTEM: errno, or GetLastError() on Windows, or what the caller's
                      * parallel_for returned; E_SINK: what the sink returned; else 0 */
    size_t index;    /* of the file in the list that was passed; else CONFITURE_NO_INDEX */
    uint64_t line;   /* from 1; 0: the error has no line */
    uint64_t offset; /* in bytes from 0. E_ENCODING: the invalid byte; E_LIMIT: the first excess */
    char path[4096]; /* the file or directory, byte for byte; empty: none. Of a longer path the end
                      * is kept, after "..." */
    char message[4608]; /* one line without a newline, ready to print: the path, ":line" if there is
                         * one, and the reason. Control characters and what is not UTF-8 are
                         * written \xNN */
} confiture_error;

/* A constant sentence for each status, never NULL. */
CONFITURE_API const char *confiture_status_text(confiture_status status);

/* CONFITURE_VERSION of the linked implementation. */
CONFITURE_API const char *confiture_version(void);

/* ==== How to run: memory, threads, progress ============================== */

/* The source of all memory. Several threads call the functions at the same time. Blocks are
 * aligned for any type, as malloc's are; NULL means no memory. realloc and free also receive
 * the size of the block; a realloc that returns NULL leaves the block as it was. */
typedef struct confiture_allocator {
    void *(*alloc)(void *ctx, size_t size);
    void *(*realloc)(void *ctx, void *block, size_t old_size, size_t new_size);
    void (*free)(void *ctx, void *block, size_t size);
    void *ctx; /* the first argument of each function */
} confiture_allocator;

/* Threads that stay parked between calls; see THREADS in the manual. A pool serves one call at
 * a time: a call that finds the pool busy works on the calling thread alone. */
typedef struct confiture_pool confiture_pool;

/* Creates a pool for `threads` threads: the calling thread and threads - 1 helpers. 0 asks for
 * one thread per processor, which is also the maximum, as is 256. A helper that cannot be
 * started makes the pool smaller. The allocator (NULL: the default) is copied; its ctx must
 * outlive the pool. On success *pool is the caller's, to be freed with confiture_pool_free();
 * on failure (E_MEMORY, E_ARGUMENT) *pool is NULL. */
CONFITURE_API confiture_status confiture_pool_create(confiture_pool **pool, size_t threads,
                                                     const confiture_allocator *allocator,
                                                     confiture_error *error);
/* Joins the helpers and frees the pool, which no call may be using. NULL is allowed. */
CONFITURE_API void confiture_pool_free(confiture_pool *pool);

/* How files are read. The results are the same; see READING in the manual. */
typedef enum confiture_io {
    CONFITURE_IO_AUTO = 0, /* RING from 96 files on, or from 16 with a pool; else READ */
    CONFITURE_IO_READ,     /* one file after another */
    CONFITURE_IO_MMAP,     /* copies out of a mapping: slower, and SIGBUS if a file shrinks */
    CONFITURE_IO_RING      /* small files in batches, by io_uring; READ where that is unavailable */
} confiture_io;

/* How far a call has come. */
typedef struct confiture_progress {
    uint64_t files;       /* processed so far; while finding: found so far */
    uint64_t bytes;       /* read so far */
    uint64_t total_files; /* files of the list; 0 while finding */
} confiture_progress;

/* How a call runs; the first member of every options struct. Neither the bytes of a result nor
 * the choice of the reported error depends on it, except that max_file_size can make an error
 * of what would have been a result. */
typedef struct confiture_run {
    const confiture_allocator *allocator; /* NULL: CONFITURE_MALLOC and friends. Copied */
    size_t threads;       /* the maximum, with the calling thread; 0: up to 16; 1: start none. More
                           * than 256, or than this process has processors, are not used (a
                           * parallel_for may have more than those). Small work uses fewer */
    confiture_pool *pool; /* NULL: threads live for the call */
    /* The caller's own threads, instead of the library's. Does what
     *     for (size_t i = 0; i < n; i++) task(ctx, i);
     * does, in any order and on any threads, and returns when all tasks are done. A non-zero
     * result is reported as E_SYSTEM with that value as os_error (ENOMEM is E_MEMORY). Work left
     * undone is E_ARGUMENT. Like every callback it must return: no exception, no longjmp(). */
    int (*parallel_for)(void *user, size_t n, void (*task)(void *ctx, size_t index), void *ctx);
    void *parallel_user; /* passed on as user */
    /* Called on the calling thread now and then: PROGRESS in the manual. Non-zero cancels. */
    int (*progress)(void *user, const confiture_progress *progress);
    void *progress_user; /* passed on as user */
    confiture_io io;
    /* In bytes; 0: no limit. A larger file is E_LIMIT before it is read: at most its first 64 KiB
     * have been read by then. Of a file that reports no size, or that grows, no more than the
     * limit and one buffer are read. Finding reads no file and ignores the limit. */
    uint64_t max_file_size;
} confiture_run;

/* ==== Finding files ====================================================== */

/* An ordered list of files. Immutable: any number of threads may use it. */
typedef struct confiture_files confiture_files;

typedef enum confiture_sort {
    CONFITURE_SORT_PATH = 0, /* by path components, each by code point */
    CONFITURE_SORT_HEX       /* by the hexadecimal prefix of the names, if any name has one */
} confiture_sort;

/* One directory to search. All zero except path: every *.sql file below it. */
typedef struct confiture_directory {
    const char *path;
    const char *const *include; /* patterns; count 0: "**" "/" "*.sql" */
    size_t include_count;
    const char *const *exclude; /* patterns as in pathlib's PurePath.match() */
    size_t exclude_count;
    bool not_recursive; /* patterns apply from this directory on, not at any depth */
    bool must_exist;    /* a missing directory is E_NOT_FOUND; by default it is skipped */
    /* NULL, or one flag per pattern. A pattern that matches sets its flag to true, also where
     * another pattern excludes the file. The library never sets false: directories with equal
     * patterns may share flags. A call that fails has set the flags as far as it came. */
    bool *include_matched, *exclude_matched;
} confiture_directory;

/* What became of a file or a directory that a search met. */
typedef enum confiture_outcome {
    CONFITURE_OUTCOME_LISTED = 0,   /* the file is in the list */
    CONFITURE_OUTCOME_REPEATED,     /* unique: its path is in the list already */
    CONFITURE_OUTCOME_EXCLUDED,     /* an exclude pattern matches it */
    CONFITURE_OUTCOME_EXCLUDED_DIR, /* it is one of exclude_dirs, or an include directory below */
    CONFITURE_OUTCOME_LETTER_CASE /* only the case of its letters differs from a pattern whose last
                                     * component is "*" and text, such as *.sql; no link */
} confiture_outcome;

/* Why a file is in the list and where, or why it is not. Pointers live until the callback
 * returns. Patterns and excludes are the caller's own strings, or the default pattern. */
typedef struct confiture_explanation {
    confiture_outcome outcome;
    bool is_directory; /* an excluded directory, or a link to one: what is below it was not looked
                        * at */
    size_t index;      /* in the list; CONFITURE_NO_INDEX if it is not LISTED */
    const char *path;
    const char *name; /* relative to the base; NULL: it is not below the base, or the search has
                          * found nothing and has no base */
    size_t directory; /* the index of the include directory that met it; of LETTER_CASE the first */
    const char *pattern;     /* which found it; of what is excluded the first there that matches, or
                               * would be searched below it; NULL: the include directory itself is
                               * excluded */
    const char *excluded_by; /* EXCLUDED: the pattern; EXCLUDED_DIR: the directory; else NULL. The
                               * first that matches; directories come before patterns */
    size_t excluded_by_index; /* its index in exclude or in exclude_dirs */
    /* Of a LISTED file: its place. */
    confiture_sort sort;    /* in effect: PATH also if HEX is asked for and no name has a prefix */
    size_t path_index;      /* its index in the order of paths */
    size_t hex_index;       /* its index in the hexadecimal order; index is one of the two */
    const char *hex_value;  /* the prefix: upper-case digits without leading zeros; NULL: none */
    const char *hex_rest;   /* what is compared after it: the name after the "_" without its last
                             * suffix; without a prefix the name without its last suffix. A "." at
                             * the start or at the end begins none: .sql and a. are whole */
    bool lower_case_prefix; /* no prefix, since only upper case counts: 0a_users.sql. A word
                             * without a decimal digit, as in add_users.sql, is not meant */
} confiture_explanation;

/* Called on the calling thread at the end of a search: in list order for each file of the list,
 * then in the order of paths for what is not in it. A search that fails calls it only for the
 * latter, and only before E_NO_FILES. What no pattern matches is not mentioned. */
typedef void confiture_explain_callback(void *user, const confiture_explanation *explanation);

typedef struct confiture_find_options {
    confiture_run run;
    const char *base;                /* names are relative to it; NULL: NAMES in the manual */
    const char *const *exclude_dirs; /* leaves out all below these, compared by whole components */
    size_t exclude_dir_count;
    bool *exclude_dir_matched; /* as in confiture_directory: one flag each, or NULL */
    confiture_sort sort;
    bool unique;  /* a path that is found more than once is kept once */
    bool confine; /* a symbolic link that leads out of the base is E_OUTSIDE: CONFINING in the
                   * manual */
    bool
        common_base; /* of a caller's own list: the base is the longest prefix, in whole components,
                       * that the absolute paths of the files' directories share, or the current
                       * directory for an empty list. Links are not resolved. A relative path that
                       * leads above the current directory is E_OUTSIDE. E_ARGUMENT together with
                       * base or confine; a search ignores it */
    confiture_explain_callback *explain; /* NULL: nothing is explained, at no cost */
    void *explain_user;                  /* passed on as user */
} confiture_find_options;

/* Finds the .sql files below one directory. On success *files is the caller's, to be freed with
 * confiture_files_free(); on failure *files is NULL. */
CONFITURE_API confiture_status confiture_find(confiture_files **files, const char *directory,
                                              const confiture_find_options *options,
                                              confiture_error *error);

/* The same for several directories, each with its own patterns. Of several errors the first is
 * reported, in this order: options and patterns, directory by directory; the base of a confined
 * search; for each directory in the order given, for each of its patterns in the order given,
 * what is met in the order of paths; that there is no file; the base; the names in list order. */
CONFITURE_API confiture_status confiture_find_all(confiture_files **files,
                                                  const confiture_directory *directories,
                                                  size_t directory_count,
                                                  const confiture_find_options *options,
                                                  confiture_error *error);

/* Makes a list of the caller's own paths, in their order. The list may be empty. The strings are
 * copied. sort, unique, explain and the excludes are ignored. *files as for confiture_find(). */
CONFITURE_API confiture_status confiture_files_from_paths(confiture_files **files,
                                                          const char *const *paths,
                                                          size_t path_count,
                                                          const confiture_find_options *options,
                                                          confiture_error *error);

/* The same from list_size bytes of paths that each end in NUL, as `find -print0` writes them.
 * The last NUL may be missing. */
CONFITURE_API confiture_status confiture_files_from_list0(confiture_files **files, const char *list,
                                                          size_t list_size,
                                                          const confiture_find_options *options,
                                                          confiture_error *error);

/* The number of files; 0 for NULL. */
CONFITURE_API size_t confiture_files_count(const confiture_files *files);
/* The directory that names are relative to; NULL for NULL. Lives as long as the list. */
CONFITURE_API const char *confiture_files_base(const confiture_files *files);
/* The path that opens file `index`, and its name: the path relative to the base, with "/"
 * between components. Both live as long as the list; NULL if index is not below the count. */
CONFITURE_API const char *confiture_files_path(const confiture_files *files, size_t index);
CONFITURE_API const char *confiture_files_name(const confiture_files *files, size_t index);
/* Whether the name marks file `index` as seed data: some component has the word "seed" or
 * "seeds", as in seeds/users.sql or 30_seed_backend/x.sql. The base's own name, with links
 * resolved, counts as well: below db/seeds everything is seed data, and so it is below "."
 * there. Directories above the base do not count. */
CONFITURE_API bool confiture_files_is_seed(const confiture_files *files, size_t index);
/* NULL is allowed. */
CONFITURE_API void confiture_files_free(confiture_files *files);

/* ==== Checking =========================================================== */

/* What a check looks for: LEVELS in the manual. */
typedef enum confiture_check_mode {
    CONFITURE_CHECK_DEFAULT = 0, /* POSTGRES; NONE for a build with the mysql separator */
    CONFITURE_CHECK_POSTGRES,    /* what swallows, cuts or spoils the next file in psql */
    CONFITURE_CHECK_QUOTES,      /* of that only open comments, quotes and COPY data */
    CONFITURE_CHECK_REFERENCE,   /* the Python tool's check, which knows comments, but no strings */
    CONFITURE_CHECK_NONE         /* UTF-8 alone */
} confiture_check_mode;

typedef enum confiture_severity {
    CONFITURE_SEVERITY_ERROR = 0, /* fails the check or the build */
    CONFITURE_SEVERITY_NOTE       /* fails nothing; only confiture_check() reports notes */
} confiture_severity;

/* What is wrong with a file, or worth a note. Pointers live until the callback returns. */
typedef struct confiture_finding {
    confiture_status status; /* E_ENCODING or E_UNCLOSED; OK for a note */
    confiture_severity severity;
    size_t index; /* of the file in the list; CONFITURE_NO_INDEX: a note on a file outside it */
    const char *path;
    const char *name;    /* the path, if the file is not in the list */
    uint64_t line;       /* where it begins, from 1; 0: a note on a name */
    uint64_t offset;     /* E_ENCODING: of the invalid byte, from 0 */
    const char *what;    /* "comment never closed", "not valid UTF-8", ... */
    const char *message; /* path:line: what, ready to print */
} confiture_finding;

/* Called on the calling thread, in list order, at most once per file. Notes on a file come
 * in between. Notes on names come after all files, kind by kind, each kind in list order. */
typedef void confiture_finding_callback(void *user, const confiture_finding *finding);

typedef struct confiture_check_options {
    confiture_run run;
    confiture_check_mode mode;
    bool terminate; /* check for a build with the same two options: REMEDIES in the manual */
    bool strip_bom;
    bool no_notes;
    confiture_finding_callback *on_finding; /* NULL: stop at the first finding, without notes */
    void *finding_user;                     /* passed on as user */
} confiture_check_options;

/* Reads every file and checks that it is UTF-8 and harms no other file. The list counts as one
 * script: a statement that the last file leaves unended is no finding.
 * Without on_finding the call ends with the first failure in list order, a finding or another.
 * With on_finding the call goes on after findings and returns the status of the first, which
 * error then describes. Any other failure, such as a file that cannot be read, ends the call at
 * once with a status of its own; the files after that one are unchecked. */
CONFITURE_API confiture_status confiture_check(const confiture_files *files,
                                               const confiture_check_options *options,
                                               confiture_error *error);

/* ==== Hashing ============================================================ */

typedef enum confiture_digest_kind {
    CONFITURE_DIGEST_STREAM = 0, /* one SHA-256 over name NUL bytes NUL of every file, in order */
    CONFITURE_DIGEST_TREE,       /* SHA-256 over the SHA-256 of name NUL bytes NUL of every file */
    CONFITURE_DIGEST_TEXT        /* one SHA-256 over name NUL text NUL of every file, in order: the
                                  * text that a build has by default, with LF for CRLF and CR and
                                  * an LF at its end. A file that is not UTF-8 is E_ENCODING, and
                                  * one that holds NUL is E_UNCLOSED, both with their line */
} confiture_digest_kind;

typedef struct confiture_hash_options {
    confiture_run run;
    confiture_digest_kind kind;
} confiture_hash_options;

typedef struct confiture_digest {
    uint8_t bytes[32];
    char hex[65]; /* lower case, NUL-terminated */
    size_t file_count;
    uint64_t total_bytes; /* of the files as they are, whatever the kind */
} confiture_digest;

/* Hashes the names and raw bytes, or the texts, of the files. On failure *digest is all zero. */
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

/* Hashes each file on its own. entries is an array of confiture_files_count(files) items, which
 * the call fills in list order. */
CONFITURE_API confiture_status confiture_manifest(confiture_entry *entries,
                                                  const confiture_files *files,
                                                  const confiture_manifest_options *options,
                                                  confiture_error *error);

/* ==== Building =========================================================== */

/* The text that precedes each file; P is the file's name, BAR is 42 "=". */
typedef enum confiture_separator {
    CONFITURE_SEPARATOR_BLOCK_COMMENT = 0, /* a C comment of three lines */
    CONFITURE_SEPARATOR_LINE_COMMENT,      /* "-- BAR", "-- File: P", "-- BAR" */
    CONFITURE_SEPARATOR_MYSQL,             /* the same with "#" */
    CONFITURE_SEPARATOR_CUSTOM,            /* from separator_template */
    CONFITURE_SEPARATOR_NONE
} confiture_separator;

typedef struct confiture_header {
    const char *environment; /* one line of UTF-8; NULL: "local" */
    const char *timestamp;   /* ISO 8601; NULL: left empty. The library never asks the clock */
} confiture_header;

/* The lines of a schema that one file gave it. */
typedef struct confiture_map_entry {
    size_t index;     /* of the file in the list that was passed */
    const char *name; /* as in the separator; lives as long as the map */
    const char *path; /* with which the build opened it; lives as long as the map */
    /* Lines of the schema, from 1. psql ends a line at LF, and so does the map. */
    uint64_t separator_line; /* the first of the separator; without one it is first_line */
    uint64_t first_line;     /* of the text */
    uint64_t line_count;     /* of the text, at least 1; a ";" that terminate added comes after */
} confiture_map_entry;

/* Which lines of a schema come from which file. All zero before its first use. */
typedef struct confiture_map {
    confiture_map_entry *entries; /* one for each file of the schema, in its order */
    size_t count;
    uint64_t line_count;           /* of the schema, a header included */
    uint8_t sha256[32];            /* of the schema's bytes */
    size_t capacity;               /* bytes at entries */
    confiture_allocator allocator; /* the source of entries */
} confiture_map;

typedef struct confiture_build_options {
    confiture_run run;
    confiture_separator separator;
    const char *separator_template; /* CUSTOM: {file_path} becomes P; {{ and }} become braces */
    const confiture_header *header; /* NULL: none */
    bool schema_only;               /* leave seed files out of the output, but not of the digest */
    bool no_digest; /* hash nothing, and do not read what schema_only leaves out: digest_hex is
                     * empty. E_ARGUMENT with a header, which shows the digest */
    confiture_check_mode check;
    bool terminate; /* end the statements that files leave unended: REMEDIES in the manual */
    bool strip_bom; /* leave out the byte order mark at a file's start */
    confiture_finding_callback *on_finding; /* NULL: stop at the first finding; else report all and
                                             * write nothing, as in confiture_check() */
    void *finding_user;                     /* passed on as user */
    /* For split builds: files below these directories go to the first and the last of the three
     * schemas. A file below both kinds goes to the last. */
    const char *const *pre_dirs;
    size_t pre_dir_count;
    const char *const *post_dirs;
    size_t post_dir_count;
    /* A directory of these without a file of the list is E_NO_FILES, with its path. Such a name is
     * most often mistyped, and its files would run with other rights. */
    bool split_dirs_must_match;
    /* For builds to a file. */
    bool keep_unchanged; /* leave a file that already holds these bytes, and its time, alone */
    bool sync;           /* wait until the bytes, and then the rename, are on the disk */
    bool keep_line_ends; /* leave CRLF and CR as they are. A CR without LF ends no line for psql, so
                          * the checks postgres and quotes refuse it. A file that does not end in LF
                          * gets one */
    /* NULL: none. One map, or for a split an array of three, by phase. The build frees what they
     * hold and fills them; the caller frees them with confiture_map_free(). A build that fails
     * leaves them all zero. */
    confiture_map *map;
    /* For builds to a file: NULL, or the path of a file for the map; of three, by phase, for a
     * split. It is written as a schema is, and put in place together with it. E_ARGUMENT if it is
     * an output or a file of the list. options.map may be NULL. */
    const char *const *map_paths;
} confiture_build_options;

/* What was built. All zero before its first use. */
typedef struct confiture_schema {
    char *data;           /* the schema, NUL-terminated; NULL after a build to a sink or a file */
    size_t size;          /* bytes at data, without the NUL */
    uint64_t total_bytes; /* bytes of the schema, wherever they went */
    size_t file_count;    /* files in this schema */
    size_t left_out;      /* files of the list that are an output, and so no input; each schema of a
                           * split has the number for all three */
    uint8_t digest[32];   /* the stream digest of the list's files, except those left out */
    char digest_hex[65];
    bool unchanged;                /* keep_unchanged found the bytes in the file */
    size_t capacity;               /* of data */
    confiture_allocator allocator; /* the source of data */
} confiture_schema;

/* Builds into memory: schema->data is the caller's, to be freed with confiture_schema_free().
 * The memory of an earlier build is reused if it has the same allocator, and freed if not. On
 * failure data is NULL, or an empty string in the memory of the earlier build. */
CONFITURE_API confiture_status confiture_build(confiture_schema *schema,
                                               const confiture_files *files,
                                               const confiture_build_options *options,
                                               confiture_error *error);

/* A destination for bytes. write is called on the calling thread, in order, with few and large
 * runs. It returns 0, or a value like errno that ends the build as E_SINK. */
typedef struct confiture_sink {
    int (*write)(void *user, const void *data, size_t size);
    void *user; /* the first argument of write */
} confiture_sink;

/* Builds into a sink, in bounded memory. What schema held before is freed. After a failure the
 * sink may have received a part. With a header the whole schema is held in memory first, since
 * the header shows the digest of files that are read after it. */
CONFITURE_API confiture_status confiture_build_sink(confiture_schema *schema,
                                                    const confiture_sink *sink,
                                                    const confiture_files *files,
                                                    const confiture_build_options *options,
                                                    confiture_error *error);

/* Builds into the file `path`, in bounded memory, and replaces that file as a whole: WRITING in
 * the manual. What schema held before is freed. On failure `path` is as it was, with one exception:
 * if only the directory cannot be synced (options.sync), the new file is in place, and the message
 * says so. */
CONFITURE_API confiture_status confiture_build_file(confiture_schema *schema, const char *path,
                                                    const confiture_files *files,
                                                    const confiture_build_options *options,
                                                    confiture_error *error);

/* The three phases of a split build, in the order in which they run. */
enum { CONFITURE_SPLIT_PRE = 0, CONFITURE_SPLIT_APP = 1, CONFITURE_SPLIT_POST = 2 };

/* Builds three schemas from one list, by pre_dirs and post_dirs. A phase without files is empty;
 * the app phase has its header in any case. Memory as for confiture_build(). */
CONFITURE_API confiture_status confiture_build_split(confiture_schema schemas[3],
                                                     const confiture_files *files,
                                                     const confiture_build_options *options,
                                                     confiture_error *error);

/* The same into three different files, of which none is renamed before all are complete. */
CONFITURE_API confiture_status confiture_build_split_files(confiture_schema schemas[3],
                                                           const char *const paths[3],
                                                           const confiture_files *files,
                                                           const confiture_build_options *options,
                                                           confiture_error *error);

/* Frees data and sets the struct to zero. NULL and a struct of zeros are allowed. */
CONFITURE_API void confiture_schema_free(confiture_schema *schema);

/* ==== Verifying ========================================================== */

/* How a file differs from the schema of a list, at the first byte that differs. "index" and
 * "source_line" mean that the members of these names are set. */
typedef enum confiture_difference {
    CONFITURE_DIFFERENCE_NONE = 0,   /* the file is what the list builds */
    CONFITURE_DIFFERENCE_ABSENT,     /* there is no such file */
    CONFITURE_DIFFERENCE_TEXT,       /* a line of a file of the list: index, source_line */
    CONFITURE_DIFFERENCE_LONGER,     /* it goes on after the last line of a file: index,
                                      * source_line, that last line */
    CONFITURE_DIFFERENCE_LINE_ENDS,  /* one has LF where the other has CR or CRLF; in the text of a
                                      * file: index, source_line */
    CONFITURE_DIFFERENCE_NEW,        /* it lacks a file of the list: index */
    CONFITURE_DIFFERENCE_GONE,       /* it has a file that is not in the list: name */
    CONFITURE_DIFFERENCE_LEFT_OUT,   /* it has a file of the list that does not belong to this
                                      * schema: a seed file with schema_only, one of another phase,
                                      * or an output: index */
    CONFITURE_DIFFERENCE_ORDER,      /* it has this file at another place, or once more: index */
    CONFITURE_DIFFERENCE_SEPARATOR,  /* the separator before a file: index; or the style of all */
    CONFITURE_DIFFERENCE_ENDS_EARLY, /* before the end of a file, or of its separator: index; in the
                                      * text also source_line; or inside the header; or empty */
    CONFITURE_DIFFERENCE_HAS_MORE,   /* after the end of what the list builds */
    CONFITURE_DIFFERENCE_HEADER,     /* a line of the header; or one of the two has no header */
    CONFITURE_DIFFERENCE_DIGEST      /* the digest in the header alone */
} confiture_difference;

/* What a verification found. It owns nothing. */
typedef struct confiture_verification {
    bool matches; /* the file is what the list builds */
    confiture_difference difference;
    uint64_t line;        /* of the file, from 1, with the first byte that differs; the line after
                           * its last if it ends too early; 0: it matches or is absent */
    size_t index;         /* of a file in the list that was passed; else CONFITURE_NO_INDEX */
    uint64_t source_line; /* of that file, from 1; 0: none. As in confiture_place */
    char name[4096];      /* GONE: the name in the separator; of a longer one the end; else empty */
    char message[8704];   /* one line, ready to print: path, ":line", ": out of date: ", and the
                           * difference; empty if the file matches */
    uint64_t total_bytes; /* of the file if it matches; else 0 */
    size_t file_count;    /* files in the schema of the list */
    size_t left_out;      /* as in confiture_schema */
    uint8_t digest[32];   /* the stream digest of the list's files, except those left out */
    char digest_hex[65];
} confiture_verification;

/* Says whether the file `path` holds what confiture_build_file() would write there with the same
 * list and options: VERIFYING in the manual. Writes and creates nothing. That the file differs, or
 * that it is missing, is a result and no failure: the status is OK and result->matches is false.
 * What fails a build fails this call in the same way, before a difference is reported. The file
 * must be a regular file (E_NOT_FILE; a directory: E_SYSTEM); one that changes meanwhile is
 * E_CHANGED. keep_unchanged, sync and the header's timestamp are ignored, and max_file_size does
 * not apply to the file; map and map_paths are E_ARGUMENT. After a failure *result is all zero. */
CONFITURE_API confiture_status confiture_verify_file(confiture_verification *result,
                                                     const char *path, const confiture_files *files,
                                                     const confiture_build_options *options,
                                                     confiture_error *error);

/* The same for three files, beside confiture_build_split_files(): a result for each. */
CONFITURE_API confiture_status confiture_verify_split_files(confiture_verification results[3],
                                                            const char *const paths[3],
                                                            const confiture_files *files,
                                                            const confiture_build_options *options,
                                                            confiture_error *error);

/* ==== Lines ============================================================== */

typedef enum confiture_place_kind {
    CONFITURE_PLACE_NONE = 0,  /* the schema has no such line */
    CONFITURE_PLACE_TEXT,      /* a line of a file */
    CONFITURE_PLACE_SEPARATOR, /* of the separator before a file */
    CONFITURE_PLACE_HEADER,    /* of the schema's header */
    CONFITURE_PLACE_ADDED      /* the ";" that options.terminate added after a file */
} confiture_place_kind;

/* Where a line of a schema comes from. */
typedef struct confiture_place {
    confiture_place_kind kind;
    size_t entry;  /* of the map; NONE and HEADER: CONFITURE_NO_INDEX */
    uint64_t line; /* TEXT: in the file, from 1; ADDED: the last line of the file; else 0 */
} confiture_place;

/* The place of line `line`, from 1, of the schema; by binary search. Lines of the file end at LF,
 * CRLF or CR; with keep_line_ends, as in the schema, at LF alone. NULL is an empty map. */
CONFITURE_API confiture_place confiture_map_find(const confiture_map *map, uint64_t line);

/* The other way: the line of the schema that has line `line`, from 1, of the file of an entry. 0:
 * the map has no such entry, or the file no such line. */
CONFITURE_API uint64_t confiture_map_line(const confiture_map *map, size_t entry, uint64_t line);

/* Frees the entries and sets the struct to zero. NULL and a struct of zeros are allowed. */
CONFITURE_API void confiture_map_free(confiture_map *map);

typedef struct confiture_map_options {
    confiture_run run; /* only its allocator is used */
    const char *path;  /* of the map, for messages; NULL: they begin with the reason */
} confiture_map_options;

/* Writes a map as text, in the format that LINES in the manual describes. After a failure (E_SINK,
 * E_MEMORY) the sink may have received a part. */
CONFITURE_API confiture_status confiture_map_write(const confiture_map *map,
                                                   const confiture_sink *sink,
                                                   const confiture_map_options *options,
                                                   confiture_error *error);

/* Reads a map from the `size` bytes of such a text. *map is all zero, or a map, which is freed; on
 * success it is the caller's, to be freed with confiture_map_free(); on failure it is all zero.
 * Text that is no map, torn, or of another version is E_FORMAT, with its line. index of each entry
 * is CONFITURE_NO_INDEX. Whether the map belongs to a schema shows map->sha256 alone. */
CONFITURE_API confiture_status confiture_map_read(confiture_map *map, const void *data, size_t size,
                                                  const confiture_map_options *options,
                                                  confiture_error *error);

typedef struct confiture_statement_options {
    confiture_run run;
    bool keep_line_ends; /* as in the build: a CR alone ends no line */
} confiture_statement_options;

/* psql names the line in which a statement was sent, most often its last. Reads file `index` of the
 * list up to line `line`, from 1, and sets *first to the line in which the statement began that is
 * open where that line begins; the line after the last is what follows the file. If none is open,
 * or the file cannot be followed to there (the check POSTGRES has a finding before it, or there is
 * no such line), *first is `line`. On failure *first is 0. */
CONFITURE_API confiture_status confiture_statement_line(uint64_t *first,
                                                        const confiture_files *files, size_t index,
                                                        uint64_t line,
                                                        const confiture_statement_options *options,
                                                        confiture_error *error);

/* ==== Comparing ========================================================== */

/* Names with the SHA-256 of each, in order: COMPARING in the manual. Immutable: any number of
 * threads may use it. */
typedef struct confiture_sums confiture_sums;

typedef struct confiture_sums_options {
    confiture_run run;  /* reading and writing sums use its allocator alone */
    const char *source; /* confiture_sums_read(): what errors call the text; NULL: "sums" */
    bool null_ends;     /* confiture_sums_write(): NUL after each name, which is not escaped */
} confiture_sums_options;

/* Reads `size` bytes of text, as sha256sum (also with -b, -z or --tag), the command's `list
 * --digests`, or BSD's sha256 (also with -r) print it. Names are made clean: "./a.sql" is "a.sql".
 * A text that is something else, is torn, has no sums, or names a file twice is E_FORMAT; error has
 * the source as path, and the line. The text is copied. On success *sums is the caller's, to be
 * freed with confiture_sums_free(); on failure *sums is NULL. */
CONFITURE_API confiture_status confiture_sums_read(confiture_sums **sums, const char *text,
                                                   size_t size,
                                                   const confiture_sums_options *options,
                                                   confiture_error *error);

/* Hashes each file on its own, as confiture_manifest() does. A name that is listed twice has one
 * sum. The list must live as long as the sums, since confiture_diff() reads changed files again.
 * *sums as above. */
CONFITURE_API confiture_status confiture_sums_of(confiture_sums **sums,
                                                 const confiture_files *files,
                                                 const confiture_sums_options *options,
                                                 confiture_error *error);

/* Writes one line for each name, as sha256sum does: `sha256sum -c` and confiture_sums_read() read
 * it. What the sink returns is treated as in confiture_build_sink(). */
CONFITURE_API confiture_status confiture_sums_write(const confiture_sums *sums,
                                                    const confiture_sink *sink,
                                                    const confiture_sums_options *options,
                                                    confiture_error *error);

/* The number of names; 0 for NULL. */
CONFITURE_API size_t confiture_sums_count(const confiture_sums *sums);
/* Name `index`, and the 32 bytes of its SHA-256. Both live as long as the sums; NULL if index is
 * not below the count. */
CONFITURE_API const char *confiture_sums_name(const confiture_sums *sums, size_t index);
CONFITURE_API const uint8_t *confiture_sums_sha256(const confiture_sums *sums, size_t index);
/* NULL is allowed. */
CONFITURE_API void confiture_sums_free(confiture_sums *sums);

typedef enum confiture_change_kind {
    CONFITURE_CHANGE_MODIFIED = 0, /* other bytes under the same name */
    CONFITURE_CHANGE_ADDED,
    CONFITURE_CHANGE_DELETED,
    CONFITURE_CHANGE_RENAMED /* the same bytes under another name */
} confiture_change_kind;

/* The bits of confiture_change.only. */
enum {
    CONFITURE_ONLY_LINE_ENDINGS = 1, /* CRLF, LF */
    CONFITURE_ONLY_FINAL_NEWLINE = 2,
    CONFITURE_ONLY_MARK = 4 /* a byte order mark at the start */
};

typedef struct confiture_change {
    confiture_change_kind kind;
    unsigned only;      /* MODIFIED: all that differs; 0: something else, or it cannot be told */
    const char *reason; /* the same in words, as "line endings only"; NULL for 0. Constant */
    size_t old_index, new_index;     /* in the sums; CONFITURE_NO_INDEX where there is none */
    const char *old_name, *new_name; /* live as long as the sums; NULL where there is none */
} confiture_change;

typedef struct confiture_diff_options {
    confiture_run run;
    bool no_reasons; /* do not read changed files again: `only` is 0 */
} confiture_diff_options;

/* What has changed. */
typedef struct confiture_changes {
    confiture_change *items; /* in the order of the new sums; deletions, by name, are placed as in a
                              * list that is sorted by path */
    size_t count;
    /* The index, in the new sums, of the first file that comes in another place among the files
     * that both have; CONFITURE_NO_INDEX: the order is the same, or means nothing. It means
     * something in sums of files, and in sums that were read if they are in an order that a
     * search makes: by path or by hex prefix. */
    size_t first_moved;
    confiture_allocator allocator; /* the source of items */
} confiture_changes;

/* Compares two sums. Of the modified files whose bytes are at hand (confiture_sums_of()) it then
 * reads each once more, to say why. A file that has changed since its sum was made is E_CHANGED. On
 * success changes->items is the caller's, to be freed with confiture_changes_free(); on failure
 * there is nothing to free. What *changes held before is not freed. */
CONFITURE_API confiture_status confiture_diff(confiture_changes *changes,
                                              const confiture_sums *old_sums,
                                              const confiture_sums *new_sums,
                                              const confiture_diff_options *options,
                                              confiture_error *error);
/* Frees the items. NULL and a struct of zeros are allowed. */
CONFITURE_API void confiture_changes_free(confiture_changes *changes);

/* ==== SHA-256 ============================================================ */

/* A SHA-256 (FIPS 180-4) in progress, on the stack; it needs no freeing. */
typedef struct confiture_sha256 {
    uint32_t state[8];
    uint64_t size; /* bytes hashed so far */
    uint8_t block[64];
} confiture_sha256;

/* These functions do nothing if sha, digest or hex is NULL. */
CONFITURE_API void confiture_sha256_init(confiture_sha256 *sha);
/* data needs no alignment, and may be NULL if size is 0. NULL with another size spoils the
 * stream: its digest is 32 zero bytes, rather than that of other bytes. */
CONFITURE_API void confiture_sha256_update(confiture_sha256 *sha, const void *data, size_t size);
/* Writes 32 bytes. sha must be initialised again before its next use. */
CONFITURE_API void confiture_sha256_final(confiture_sha256 *sha, uint8_t digest[32]);
/* All three at once. */
CONFITURE_API void confiture_sha256_once(const void *data, size_t size, uint8_t digest[32]);
/* Writes 64 lower-case hexadecimal digits and a NUL. */
CONFITURE_API void confiture_sha256_hex(const uint8_t digest[32], char hex[65]);
/* The kernel that this processor runs: "portable", "sha-ni" or "armv8". */
CONFITURE_API const char *confiture_sha256_kernel(void);

#ifdef __cplusplus
}
#endif
