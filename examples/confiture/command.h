/* What the parts of the confiture command share. The command is a program like
 * any other that uses confiture.h: it sees nothing but the public interface. */
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

/* How gcc is told of a function like printf(): mingw-w64 has two kinds. */
#if defined(__MINGW_PRINTF_FORMAT)
#define COMMAND_PRINTF __MINGW_PRINTF_FORMAT
#else
#define COMMAND_PRINTF printf
#endif

/* Exit codes. An interrupted command exits with 128 and the signal's number. */
enum { EXIT_DONE = 0, EXIT_CHECK_FAILED = 1, EXIT_ERROR = 2 };

/* ---- options_table.c: every option, for the parser and for --help ---- */

enum { COMMAND_BUILD = 1, COMMAND_HASH = 2, COMMAND_LIST = 4, COMMAND_CHECK = 8 };

struct strings {
    const char **items;
    size_t count;
};

struct options {
    unsigned command;        /* one COMMAND_* */
    struct strings operands; /* DIRs, or FILEs */
    /* which files */
    struct strings include, exclude, exclude_dirs;
    bool not_recursive, allow_missing, unique;
    int sort; /* confiture_sort */
    const char *base;
    bool confine;
    const char *files0_from;
    /* build */
    const char *output; /* NULL: standard output */
    bool if_changed, sync;
    const char *split;
    struct strings pre, post;
    int separator; /* confiture_separator */
    const char *template_text;
    bool header;
    const char *environment;
    const char *timestamp;
    bool schema_only;
    int check; /* confiture_check_mode; of check, too */
    bool terminate, strip_bom, strict, no_notes;
    /* hash, list */
    int digest; /* confiture_digest_kind */
    bool bare;
    const char *verify;
    bool null, sizes, digests;
    /* how */
    size_t threads;
    int io; /* confiture_io */
    uint64_t max_file_size;
    bool json, quiet;
    bool help, version;
};

enum option_kind { KIND_FLAG, KIND_TEXT, KIND_LIST, KIND_CHOICE, KIND_NUMBER, KIND_SIZE };

/* What else is to be known of an option; its commands are COMMAND_* in the same word. */
enum {
    OPTION_SEARCH = 256,  /* has no meaning for a list of files */
    OPTION_DIGEST = 512,  /* decides what hash prints: told with the digest */
    OPTION_GROUP = 0xF000 /* of --help: one of */
};
enum {
    GROUP_RESULT = 0x1000, /* first, and without a heading */
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
    size_t offset;       /* of a member of struct options, of the type that kind tells */
    const char *value;   /* what --help calls its value; of CHOICE: the names of 0, 1, ... */
    const char *meaning; /* in --help; a newline begins another line */
};

enum { MAX_OPTIONS = 64, MAX_THREADS = 1024 };

extern const struct option option_table[];
extern const size_t option_count; /* at most MAX_OPTIONS */

/* ---- options.c: the command line ---- */

/* Reads the whole command line, or says in one line what is wrong with it and
 * ends the program. The strings are those of argv. */
const struct options *options_parse(int argc, char **argv);
/* The DIRs and options of a line that options_words() made: for the same command, and with
 * all that is not told there as in `like`. */
void options_parse_words(struct options *options, const struct options *like, char *words);
/* Where such a line stands, for errors; NULL: on the command line. */
void options_place(const char *file, uint64_t line);
void options_free_words(struct options *options);
/* What decides the digest, quoted as a shell does: to be freed. */
char *options_words(const struct options *options);
/* The name of one command, or of none: NULL. */
const char *command_name(unsigned command);
/* "no such option" and the like: says what is wrong and where to read more, and ends the
 * program with EXIT_ERROR. */
#if defined(__GNUC__) || defined(__clang__)
__attribute__((noreturn, format(COMMAND_PRINTF, 1, 2)))
#endif
void usage_error(const char *format, ...);
/* Refuses options that have no meaning for files that need not be searched for; reason
 * is what excludes them. */
void options_refuse_search(const char *reason);

/* ---- suggest.c ---- */

/* The word of a list, separated by spaces, that was most likely meant by one that is not in
 * it: " (did you mean X?)", to be freed; empty if none is near. prefix stands before X. */
char *suggest(const char *words, const char *mistyped, const char *prefix);

/* ---- help.c: the texts of --help ---- */

void help_print(unsigned command); /* 0: the overview */
void help_print_json(void);        /* the keys of what --json prints */

/* ---- input.c: the files that a command works on ---- */

/* Names of its own. */
struct names {
    char **items;
    size_t count;
};

void names_free(struct names *names);
/* Finds them, and says what is wrong. Returns an exit code. */
int input_find(confiture_files **files, const struct options *options);
/* The directories of a split as the library takes them; an error if there is none. */
int input_split_dirs(struct names *found, const struct options *options, const char *option,
                     const struct strings *given);
/* Says which outputs lie among the inputs, and what that means for other commands. Not an
 * error: they are left out. */
void input_note_outputs(const struct options *options, const confiture_files *files,
                        const char *const *paths, size_t count, bool left_out);
/* A whole file, or standard input for "-": to be freed. NULL after saying why not. */
char *input_read(const char *path, size_t *size);

/* ---- the commands; each returns an exit code ---- */

int run_build(const struct options *options, const confiture_files *files);
/* Of a split: where one of its three schemas goes; to be freed. */
char *build_phase_path(const struct options *options, int phase);
int run_hash(const struct options *options, const confiture_files *files);
int run_hash_check(const struct options *options);
int run_list(const struct options *options, const confiture_files *files);
int run_check(const struct options *options, const confiture_files *files);

/* ---- report.c: errors, warnings and JSON documents ---- */

/* With --json: what is said of an error is a document on standard output as well. */
void report_start(bool json, unsigned command);
bool report_is_json(void);
/* An error that is the library's. Returns its exit code. */
int report_failed(const confiture_error *error);
/* An error of the command's own: "path: text", or the text alone. Returns EXIT_ERROR. */
#if defined(__GNUC__) || defined(__clang__)
__attribute__((format(COMMAND_PRINTF, 2, 3)))
#endif
int report_error(const char *path, const char *format, ...);
/* The same of a line of a file, from 1; 0: of none. */
#if defined(__GNUC__) || defined(__clang__)
__attribute__((format(COMMAND_PRINTF, 3, 4)))
#endif
int report_error_at(const char *path, uint64_t line, const char *format, ...);
/* Something that fails nothing, but is most likely a mistake; -q does not silence it. */
#if defined(__GNUC__) || defined(__clang__)
__attribute__((format(COMMAND_PRINTF, 1, 2)))
#endif
void report_warning(const char *format, ...);
/* While held, an error is no document: it is kept for the one that is being made. Frees
 * what was kept. */
void report_hold(bool hold);
struct held_error {
    char *path, *message; /* path: NULL if there is none */
    uint64_t line;        /* 0: there is none */
};
const struct held_error *report_held(void); /* NULL: there was no error */
bool is_finding(confiture_status status);
/* One finding as an object of a list. */
void report_finding(const confiture_finding *finding);
/* A JSON document: its first key is the command, its last are status and warnings. */
void report_begin(void);
void report_end(int code);

/* ---- output.c: memory, standard output, standard error ---- */

void *allocate(size_t size); /* never NULL */
void *reallocate(void *block, size_t size);
char *format_text(const char *format, va_list args); /* to be freed */

/* One line on standard error: "confiture: ", then the text with control
 * characters escaped. Takes a progress line away first. */
#if defined(__GNUC__) || defined(__clang__)
__attribute__((format(COMMAND_PRINTF, 1, 2)))
#endif
void say(const char *format, ...);

/* Standard output. A write that fails ends the program with one line, or with
 * none if it was a pipe whose reader has gone. */
void put_bytes(const void *data, size_t size);
void put_text(const char *text);
void put_escaped(const char *string); /* control characters as \xNN */
void put_flush(void);

/* ---- text.c: text that grows ---- */

struct text {
    char *data; /* NUL-terminated once something was added */
    size_t size, capacity;
};

void text_add(struct text *text, const char *data, size_t size);
void text_add_string(struct text *text, const char *string);
void text_add_escaped(struct text *text, const char *string); /* control characters as \xNN */
size_t text_utf8_length(const unsigned char *p); /* of the sequence at p, or 0: there is none */
bool text_is_one_line(const char *string);       /* of UTF-8, without control characters */
/* Why a call of the system failed, spelled as the library does: without a capital. */
enum { ERROR_TEXT = 128 };
const char *error_text(char text[ERROR_TEXT], int error);
/* As a shell takes it for one word again; a control character as $'\xNN' of bash. */
void text_add_quoted(struct text *text, const char *string);
/* The next word of a line that holds such words: its text, in place. NULL: there is none;
 * *bad if a quote is not closed. */
char *text_next_word(char **line, bool *bad);

/* ---- json.c ---- */

/* One JSON document, held back until json_end: nothing half made is printed.
 * key is NULL in a list, and for the outermost object. */
void json_open(const char *key, char bracket);
void json_close(char bracket);
void json_text(const char *key, const char *value);
void json_number(const char *key, uint64_t value);
void json_bool(const char *key, bool value);
void json_end(void);
void json_discard(void); /* what has been held back */

/* ---- system.c, system_win32.c: all that is asked of the operating system ---- */

/* What ends a component of a path. */
#if defined(_WIN32)
#define SYSTEM_SLASHES "/\\"
#else
#define SYSTEM_SLASHES "/"
#endif

/* Before anything else. Arguments, and all that is written, are UTF-8 and nothing is
 * done to newlines. */
void system_start(int *argc, char ***argv);
/* A file to read from, or NULL with errno. */
FILE *system_open(const char *path);
/* A signal ends the command at once, until system_hold_signals: from then on it
 * is only noted, and the work has to ask for it. */
void system_hold_signals(void);
/* Makes a directory, and those above it that are missing. *made: so much of the path is the
 * first that was made; 0: it was there. False, with errno: what was made is gone again. */
bool system_make_directory(const char *path, size_t *made);
/* Removes those again, where nothing is in them. */
void system_unmake_directory(const char *path, size_t made);
/* The signal that was noted, or 0. */
int system_signal(void);
/* Ends the program as a write to a closed pipe does. */
void system_end_of_pipe(void);
/* Of a clock that only goes forward. */
double system_seconds(void);
bool system_stderr_is_terminal(void);
enum system_kind { SYSTEM_MISSING, SYSTEM_DIRECTORY, SYSTEM_FILE, SYSTEM_UNKNOWN };
/* What a path is, links followed; everything but a directory is a file. UNKNOWN: errno says
 * why it cannot be told. */
enum system_kind system_kind(const char *path);
/* The absolute path of what exists, without links: to be freed; or NULL. */
char *system_resolve(const char *path);
bool system_is_same_file(const char *a, const char *b);
/* A FIFO, a device: anything but a regular file. */
bool system_is_special(const char *path);
bool system_stdout_is_file(void);
/* Whether it is the very file that standard output goes to. */
bool system_is_stdout(const char *path);
/* Local time, or UTC of the given seconds since 1970, as ISO 8601 without zone:
 * what the Python tool's datetime.now().isoformat() gives. False if the year
 * has not four digits. */
bool system_time(char text[32], const uint64_t *seconds);

/* ---- progress.c ---- */

/* The run options of every operation: threads, reading, progress, interruption. */
void progress_run(confiture_run *run, const struct options *options);
void progress_erase(void);

#endif
