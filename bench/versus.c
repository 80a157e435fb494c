/* versus.c: what versus.py calls of one version of confiture.h, as a shared object.
 *     cc -O2 -shared -fPIC -DVERSUS_HEADER='"confiture.h"' bench/versus.c -o build/bench/new.so
 * One thread, files read one by one, the list found before. */

#define CONFITURE_IMPLEMENTATION
#define CONFITURE_STATIC
#include VERSUS_HEADER

#include <stdio.h>

static confiture_files *versus_files;
static confiture_schema versus_schema;

static int versus_say(confiture_status status, const confiture_error *error) {
    if (status != CONFITURE_OK) fprintf(stderr, "%s\n", error->message);
    return status == CONFITURE_OK;
}

static confiture_run versus_run(void) {
    confiture_run run;
    memset(&run, 0, sizeof(run));
    run.threads = 1;
    run.io = CONFITURE_IO_READ;
    return run;
}

int versus_open(const char *dir);
int versus_open(const char *dir) {
    confiture_error error;
    confiture_files_free(versus_files);
    return versus_say(confiture_find(&versus_files, dir, NULL, &error), &error);
}

int versus_check(void);
int versus_check(void) {
    confiture_check_options options;
    confiture_error error;
    memset(&options, 0, sizeof(options));
    options.run = versus_run();
    options.mode = CONFITURE_CHECK_POSTGRES;
    return versus_say(confiture_check(versus_files, &options, &error), &error);
}

int versus_build(int checked, int digest);
int versus_build(int checked, int digest) {
    confiture_build_options options;
    confiture_error error;
    memset(&options, 0, sizeof(options));
    options.run = versus_run();
    options.check = checked ? CONFITURE_CHECK_POSTGRES : CONFITURE_CHECK_NONE;
    options.no_digest = !digest;
    return versus_say(confiture_build(&versus_schema, versus_files, &options, &error), &error);
}
