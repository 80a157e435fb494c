/* progress.c: the progress line, and cancellation by a signal. */
#include "command.h"

#include <stdio.h>
#include <string.h>

static double started, last_shown;
static int shown_width; /* of the line on the terminal; 0: no line */
static bool wanted;

void progress_erase(void) {
    if (shown_width == 0) return;
    fprintf(stderr, "\r%*s\r", shown_width, "");
    fflush(stderr);
    shown_width = 0;
}

static int on_progress(void *user, const confiture_progress *progress) {
    (void)user;
    if (wanted) {
        double now = system_seconds();
        if (now - started >= 0.5 && now - last_shown >= 0.1) {
            char line[128];
            double megabytes = (double)progress->bytes / 1e6;
            int width;
            if (progress->total_files) {
                width = snprintf(line, sizeof line, "confiture: %llu of %llu files, %.1f MB",
                                 (unsigned long long)progress->files,
                                 (unsigned long long)progress->total_files, megabytes);
            } else {
                width = snprintf(line, sizeof line, "confiture: %llu files found",
                                 (unsigned long long)progress->files);
            }
            /* Spaces erase the end of a longer line. Unlike escape sequences, they work on
             * every terminal. */
            fprintf(stderr, "\r%-*s", shown_width, line);
            fflush(stderr);
            if (width > shown_width) shown_width = width;
            last_shown = now;
        }
    }
    return system_signal();
}

void progress_run(confiture_run *run, const struct options *options) {
    memset(run, 0, sizeof *run);
    run->threads = options->threads;
    run->io = (confiture_io)options->io;
    run->max_file_size = options->max_file_size;
    run->progress = on_progress;
    if (started == 0) {
        started = system_seconds();
        wanted = !options->quiet && system_stderr_is_terminal();
    }
}
