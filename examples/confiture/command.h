/* What the files of the confiture command share. The command uses only the public interface of
 * confiture.h, as every other program does. */
#ifndef CONFITURE_COMMAND_H
#define CONFITURE_COMMAND_H

/* A program may ask libc for POSIX; confiture.h itself never does. */
#if !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L
#endif
#if !defined(_FILE_OFFSET_BITS)
#define _FILE_OFFSET_BITS 64
#endif

#include "confiture.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The format attribute of functions like printf(): mingw-w64 has two kinds. */
#if defined(__MINGW_PRINTF_FORMAT)
#define COMMAND_PRINTF __MINGW_PRINTF_FORMAT
#else
#define COMMAND_PRINTF printf
#endif

/* Exit codes. An interrupted command exits with 128 plus the number of the signal. */
enum { EXIT_DONE = 0, EXIT_CHECK_FAILED = 1, EXIT_ERROR = 2 };

/* ---- options_table.c: every option, for the parser and for --help ---- */

enum {
    COMMAND_BUILD = 1,
    COMMAND_HASH = 2,
    COMMAND_LIST = 4,
    COMMAND_CHECK = 8,
    COMMAND_DIFF = 16,
    COMMAND_LOCATE = 32
};

enum { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct strings {
    const char **items;
    size_t count;
};

struct options {
    unsigned command;        /* a COMMAND_ */
    struct strings operands; /* DIRs, or FILEs */
    /* which files */
    struct strings include, exclude, exclude_dirs;
    bool not_recursive, allow_missing, unique;
    int sort; /* confiture_sort */
    const char *base;
    bool common_base, confine;
    const char *files0_from;
    /* build */
    const char *output; /* NULL: standard output */
    bool if_changed, sync, verify;
    const char *split;
    struct strings pre, post;
    int separator; /* confiture_separator */
    const char *template_text;
    bool header;
    const char *environment;
    const char *timestamp;
    bool schema_only;
    int check; /* confiture_check_mode; also of check */
    bool terminate, strip_bom, keep_line_ends, strict, no_notes;
    /* hash, list */
    int digest; /* confiture_digest_kind */
    bool bare;
    const char *hash_check; /* the FILE of hash -c */
    bool null, sizes, digests, explain;
    int color; /* a COLOR_; of diff */
    /* locate; map: also of build */
    const char *map;
    struct strings lines, back;
    int phase; /* 0: not given; of a split, from 1 */
    /* how */
    size_t threads;
    int io; /* confiture_io */
    uint64_t max_file_size;
    bool json, quiet;
    bool help, version;
};

enum option_kind { KIND_FLAG, KIND_TEXT, KIND_LIST, KIND_CHOICE, KIND_NUMBER, KIND_SIZE };

/* The flags of an option, beside the COMMAND_ bits of the commands that have it. */
enum {
    OPTION_SEARCH = 256,  /* meaningless for a list of files */
    OPTION_DIGEST = 512,  /* decides the digest: hash prints it after the digest */
    OPTION_GROUP = 0xF000 /* the group in --help: one of */
};
enum {
    GROUP_RESULT = 0x1000, /* the first group, without a heading */
    GROUP_OUTPUT = 0x2000,
    GROUP_CONTENT = 0x3000,
    GROUP_CHECK = 0x4000,
    GROUP_FILES = 0x5000,
    GROUP_RUN = 0x6000
};

struct option {
    const char *name;
    char letter; /* 0: none */
    enum option_kind kind;
    unsigned flags;
    size_t offset;       /* of the member of struct options, whose type is the kind's */
    const char *value;   /* its name in --help; KIND_CHOICE: the names of 0, 1, ... */
    const char *meaning; /* in --help; may have several lines */
};

enum { MAX_OPTIONS = 64, MAX_THREADS = 1024 };

extern const struct option option_table[];
extern const size_t option_count; /* at most MAX_OPTIONS */

/* ---- options.c: the command line ---- */

/* Reads the command line. An error prints one line and ends the program. The strings are argv's. */
const struct options *options_parse(int argc, char **argv);
/* Reads the DIRs and options of a line that options_words() made. All other options are those of
 * `like`. */
void options_parse_words(struct options *options, const struct options *like, char *words);
/* Sets the file and line of errors in such a line. NULL: errors are in the command line. */
void options_place(const char *file, uint64_t line);
void options_free_words(struct options *options);
/* The words that decide the digest, quoted for a shell. The caller frees them. */
char *options_words(const struct options *options);
/* The commands that have an option with such flags, as "build, check". */
const char *options_commands(unsigned flags);
/* The name of a command; NULL: no command. */
const char *command_name(unsigned command);
/* Prints an error and where to find help, and ends the program with EXIT_ERROR. */
#if defined(__GNUC__) || defined(__clang__)
__attribute__((noreturn, format(COMMAND_PRINTF, 1, 2)))
#endif
void usage_error(const char *format, ...);
/* Rejects options that are meaningless without a search. reason: what excludes them. */
void options_refuse_search(const char *reason);

/* ---- suggest.c ---- */

/* " (did you mean X?)", where X is `prefix` and the word nearest to a mistyped one, or "". Spaces
 * separate the words. The caller frees the result. */
char *suggest(const char *words, const char *mistyped, const char *prefix);

/* ---- help.c: the texts of --help ---- */

struct overview_text {
    const char *purpose, *usage, *examples, *exit_status;
};
extern const struct overview_text overview_text;

struct command_text {
    unsigned command; /* 0: it works on no files, and has no usage and no examples */
    const char *name;
    const char *summary;          /* in the overview; may have several lines */
    const char *usage, *examples; /* lines; in usage, those of "Usage:" precede a paragraph */
};
extern const struct command_text command_table[];
extern const size_t command_count;

struct group_text {
    unsigned group;      /* a GROUP_ */
    const char *heading; /* begins with a newline */
    bool shared;         /* the manual page describes its options once for all commands */
};
extern const struct group_text group_table[];
extern const size_t group_count;

/* The name of an option's value; NULL: it has none. */
const char *help_value(const struct option *option);
void help_print(unsigned command); /* 0: the overview */

extern const char help_json_keys[]; /* of what --json prints */

/* What "confiture help NAME" prints besides the help of commands. */
struct help_topic {
    const char *name;
    void (*print)(void);
};
extern const struct help_topic topic_table[];
extern const size_t topic_count;

/* ---- man.c, completion.c: what "make install" writes ---- */

void man_print(void); /* mdoc(7) */
void completion_print_bash(void);
void completion_print_zsh(void);
void completion_print_fish(void);

/* ---- input.c: the files that a command works on ---- */

/* Names that are freed with the list. */
struct names {
    char **items;
    size_t count;
};

void names_free(struct names *names);
/* Finds the files and prints an error. Returns an exit code. */
int input_find(confiture_files **files, const struct options *options);
/* Finds the files below one directory. Without a file the list is empty, and a warning says so. */
int input_find_below(confiture_files **files, const struct options *options, const char *directory);
/* Finds the directories of a split for the library. A missing one is an error. */
int input_split_dirs(struct names *found, const struct options *options, const char *option,
                     const struct strings *given);
/* Warns of outputs that are also inputs, and of what that means for other commands. The build
 * leaves them out. */
void input_note_outputs(const struct options *options, const confiture_files *files,
                        const char *const *paths, size_t count, bool left_out);
/* Leaves the files out of the list that a build with these outputs leaves out. Paths may be NULL. */
int input_leave_out(confiture_files **files, const struct options *options,
                    const char *const *paths, size_t count);
/* Reads a whole file, or standard input for "-". The caller frees it. NULL: an error is printed. */
char *input_read(const char *path, size_t *size);

/* ---- explain.c: list --explain ---- */

struct explain_source {
    const struct options *options;
    const size_t *given; /* the index of the option of each excluded directory */
};
/* A callback of the library; user: an explain_source. */
void explain_keep(void *user, const confiture_explanation *said);
void explain_print(const struct options *options, const confiture_files *files);
/* Parts of the document of list: first a key of the document, then those of each entry. */
void explain_json_begin(const struct options *options, const confiture_files *files);
void explain_json_entry(const struct options *options, size_t index);
void explain_json_absent(const struct options *options);
/* Prints what has been left out, and the error of a search that leaves no file. Returns an exit
 * code. */
int explain_no_files(const struct options *options, const confiture_error *error);
void explain_free(void);

/* ---- the commands; each returns an exit code ---- */

int run_build(const struct options *options, const confiture_files *files);
/* The path of one of the three schemas of a split. The caller frees it. */
char *build_phase_path(const struct options *options, int phase);
/* The options of a build for the library, and what they point to. */
struct build_setup {
    confiture_build_options build;
    confiture_header header;
    struct names pre, post;
    char stamp[32];
};
/* Sets them. Returns an exit code; after an error nothing is to be released. */
int build_prepare(struct build_setup *setup, const struct options *options);
void build_release(struct build_setup *setup);
int run_hash(const struct options *options, const confiture_files *files);
int run_hash_check(const struct options *options);
int run_list(const struct options *options, const confiture_files *files);
int run_check(const struct options *options, const confiture_files *files);
int run_diff(const struct options *options);
int run_locate(const struct options *options);

/* ---- locate.c, locate_filter.c ---- */

/* What "confiture locate" looks lines up in: one schema, or the three of a split. */
struct located {
    int count; /* 1 or 3 */
    confiture_map maps[3];
    char *paths[3];         /* of the schemas; NULL: unknown */
    confiture_files *files; /* NULL: the map is that of --map alone */
    bool any_time;          /* the map is that of a header without a time */
};

enum locate_match { LOCATE_SAME, LOCATE_DIFFERENT, LOCATE_UNREADABLE };

/* Makes or reads the maps and compares the schema of -o. Returns an exit code. */
int locate_open(struct located *located, const struct options *options);
void locate_free(struct located *located);
/* Compares a file with a schema by its bytes; UNREADABLE: errno is set, or the file not regular. */
enum locate_match locate_compare(const struct located *located, int index, const char *path);
/* The same for the path that is known; a difference is an error. */
int locate_verify(const struct located *located, int index);
/* Copies standard input to standard output with the lines of the schema replaced. */
int locate_filter(struct located *located, const struct options *options);

/* ---- report.c: errors, warnings and JSON documents ---- */

/* With --json, an error is also a document on standard output. */
void report_start(bool json, unsigned command);
bool report_is_json(void);
/* Prints an error of the library. Returns its exit code. */
int report_failed(const confiture_error *error);
/* Prints an error of the command: "path: text", or only the text. Returns EXIT_ERROR. */
#if defined(__GNUC__) || defined(__clang__)
__attribute__((format(COMMAND_PRINTF, 2, 3)))
#endif
int report_error(const char *path, const char *format, ...);
/* The same with a line, from 1; 0: without a line. */
#if defined(__GNUC__) || defined(__clang__)
__attribute__((format(COMMAND_PRINTF, 3, 4)))
#endif
int report_error_at(const char *path, uint64_t line, const char *format, ...);
/* Prints a warning: most likely a mistake, but not an error. -q does not silence it. */
#if defined(__GNUC__) || defined(__clang__)
__attribute__((format(COMMAND_PRINTF, 1, 2)))
#endif
void report_warning(const char *format, ...);
/* While held, an error is kept for the current document and makes none of its own. Each call frees
 * the kept error. */
void report_hold(bool hold);
struct held_error {
    char *path, *message; /* path: NULL if there is none */
    uint64_t line;        /* 0: there is none */
};
const struct held_error *report_held(void); /* NULL: no error */
bool is_finding(confiture_status status);
/* Prints a finding as an object of a list. */
void report_finding(const confiture_finding *finding);
/* Findings that are kept to be printed later. */
struct findings {
    confiture_finding *items;
    size_t count;
};
void findings_keep(struct findings *findings, const confiture_finding *finding);
void findings_free(struct findings *findings);
/* Begins and ends a JSON document. Its first key is the command; its last keys are status and
 * warnings. */
void report_begin(void);
void report_end(int code);

/* ---- output.c: memory, standard output, standard error ---- */

void *allocate(size_t size); /* never NULL */
void *reallocate(void *block, size_t size);
char *copy_text(const char *text);                   /* the caller frees it */
char *format_text(const char *format, va_list args); /* the caller frees it */

/* Prints one line on standard error: "confiture: " and the text with control characters escaped.
 * Erases the progress line first. */
#if defined(__GNUC__) || defined(__clang__)
__attribute__((format(COMMAND_PRINTF, 1, 2)))
#endif
void say(const char *format, ...);

/* Write to standard output. A failure ends the program with one line, or silently if it is a pipe
 * whose reader has exited. */
void put_bytes(const void *data, size_t size);
void put_text(const char *text);
void put_escaped(const char *string); /* control characters as \xNN */
void put_flush(void);

/* ---- text.c: text that grows ---- */

struct text {
    char *data; /* NUL-terminated after the first text_add */
    size_t size, capacity;
};

void text_add(struct text *text, const char *data, size_t size);
void text_add_string(struct text *text, const char *string);
void text_add_escaped(struct text *text, const char *string); /* control characters as \xNN */
size_t text_utf8_length(const unsigned char *p);              /* of the sequence at p; 0: invalid */
bool text_is_one_line(const char *string); /* valid UTF-8 without control characters */
/* The text of a system error, without a capital, as in the library's messages. */
enum { ERROR_TEXT = 128 };
const char *error_text(char text[ERROR_TEXT], int error);
/* Quotes a word for a shell. Control characters are written as bash's $'\xNN'. */
void text_add_quoted(struct text *text, const char *string);
/* The next word of a line of such words, unquoted in place; NULL: the line has ended. *bad: a quote
 * is not closed. */
char *text_next_word(char **line, bool *bad);

/* ---- json.c ---- */

/* One JSON document, which json_end prints as a whole. key is NULL in a list, and for the outermost
 * object. */
void json_open(const char *key, char bracket);
void json_close(char bracket);
void json_text(const char *key, const char *value);
void json_number(const char *key, uint64_t value);
void json_bool(const char *key, bool value);
void json_end(void);
void json_discard(void); /* drops the current document */

/* ---- system.c, system_win32.c: the operating system ---- */

/* The characters that separate the components of a path. */
#if defined(_WIN32)
#define SYSTEM_SLASHES "/\\"
#else
#define SYSTEM_SLASHES "/"
#endif

/* The first call of main(). Arguments and output are UTF-8 afterwards, and newlines stay as they
 * are. */
void system_start(int *argc, char ***argv);
/* Opens a file for reading. NULL: errno is set. */
FILE *system_open(const char *path);
/* Reads what standard input has now, at least one byte; 0 bytes: its end. Returns an errno or 0. */
int system_read_input(void *data, size_t capacity, size_t *size);
/* Signals end the command at once before this call. After it, they are recorded for
 * system_signal(). */
void system_hold_signals(void);
/* Makes a directory and its missing parents. *made is the size of the path of the first one made,
 * or 0. False: errno is set, and no directory is left behind. */
bool system_make_directory(const char *path, size_t *made);
/* Removes those directories if they are empty. */
void system_unmake_directory(const char *path, size_t made);
/* The recorded signal, or 0. */
int system_signal(void);
/* Ends the program as SIGPIPE does. */
void system_end_of_pipe(void);
/* The time of a monotonic clock. */
double system_seconds(void);
bool system_stderr_is_terminal(void);
/* Whether standard output is a terminal that obeys escape sequences. */
bool system_stdout_has_colour(void);
enum system_kind { SYSTEM_MISSING, SYSTEM_DIRECTORY, SYSTEM_FILE, SYSTEM_UNKNOWN };
/* The kind of a path, after links. Everything except a directory is a file. SYSTEM_UNKNOWN: errno
 * is set. */
enum system_kind system_kind(const char *path);
/* The absolute path without links, or NULL. The caller frees it. */
char *system_resolve(const char *path);
bool system_is_same_file(const char *a, const char *b);
/* Whether a path is a FIFO, a device, or another file that is not regular. */
bool system_is_special(const char *path);
bool system_stdout_is_file(void);
/* Whether standard output is this file. */
bool system_is_stdout(const char *path);
/* The local time, or the UTC time of `seconds` since 1970, in ISO 8601 without a zone, as Python's
 * datetime.now().isoformat(). False: no time, or a year beyond 9999. */
bool system_time(char text[32], const uint64_t *seconds);

/* ---- progress.c ---- */

/* Sets the run options of an operation: threads, reading, progress and cancellation. */
void progress_run(confiture_run *run, const struct options *options);
void progress_erase(void);

#endif
