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

/* ---- options.c: the command line ---- */

enum { COMMAND_BUILD = 1, COMMAND_HASH = 2, COMMAND_LIST = 4, COMMAND_CHECK = 8 };

struct strings {
    const char **items;
    size_t count;
};

struct options {
    unsigned command; /* one COMMAND_* */
    struct strings directories;
    /* which files */
    struct strings include, exclude, exclude_dirs;
    bool not_recursive, must_exist, unique;
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
    /* hash, list */
    int digest; /* confiture_digest_kind */
    bool null, sizes, digests;
    /* how */
    size_t threads;
    int io; /* confiture_io */
    uint64_t max_file_size;
    bool json, quiet;
};

/* Reads the whole command line, or says in one line what is wrong with it and
 * ends the program. The strings are those of argv. */
const struct options *options_parse(int argc, char **argv);
/* The name of the command that is running, for hints; NULL before it is known. */
const char *options_command_name(void);

/* ---- help.c: the texts of --help ---- */

const char *help_text(unsigned command); /* 0: the overview */

/* ---- output.c: standard output, standard error, JSON ---- */

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

/* One JSON document, held back until json_end: nothing half made is printed.
 * key is NULL in a list, and for the outermost object. */
void json_open(const char *key, char bracket);
void json_close(char bracket);
void json_text(const char *key, const char *value);
void json_number(const char *key, uint64_t value);
void json_bool(const char *key, bool value);
void json_end(void);

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
/* The signal that was noted, or 0. */
int system_signal(void);
/* Ends the program as a write to a closed pipe does. */
void system_end_of_pipe(void);
/* Of a clock that only goes forward. */
double system_seconds(void);
bool system_stderr_is_terminal(void);
bool system_is_missing(const char *path);
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
