/* running.h: a call without the GIL: which threads it uses, and how Ctrl-C ends it. */

#ifndef CONFITURE_NATIVE_RUNNING_H
#define CONFITURE_NATIVE_RUNNING_H

#include "errors.h"

#include <time.h>

/* To take the GIL back may take 5 ms while another thread computes: seldom, therefore. */
#define RUNNING_ASK_NS 50000000

typedef struct running {
    core_state *state;
    PyThreadState *thread;
    bool is_main; /* Python runs signal handlers on the main thread alone */
    bool stopped; /* an exception is set */
    int64_t asked;
#if defined(_WIN32)
    size_t threads; /* of the library */
#else
    bool claimed;     /* the state's memory and workers are this call's */
    workers *workers; /* NULL: the calling thread alone */
    size_t helpers;
    workers_loop loop;
#endif
} running;

/* Nanoseconds of a clock that only runs forward. */
static int64_t running_clock(void) {
#if defined(_WIN32)
    return (int64_t)GetTickCount64() * 1000000;
#else
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
#endif
}

/* False: an exception, perhaps that of a signal's handler. */
static bool ask_main_thread(core_state *state, bool *is_main) {
    unsigned long ident = 0;
    PyObject *number = NULL, *thread = PyObject_CallNoArgs(state->main_thread);
    if (thread != NULL) number = PyObject_GetAttrString(thread, "ident");
    if (number != NULL) ident = PyLong_AsUnsignedLong(number);
    Py_XDECREF(number);
    Py_XDECREF(thread);
    *is_main = ident == PyThread_get_thread_ident();
    return !PyErr_Occurred();
}

#if defined(_WIN32)
static void running_claim(running *run, size_t count, size_t threads) {
    (void)count;
    run->threads = threads;
}

static void running_release(running *run) { (void)run; }

static void running_share(running *run, confiture_run *options) { options->threads = run->threads; }

static void state_free(core_state *state) { (void)state; }
#else
/* Claims what one call at a time may use; the workers only if there are files enough. */
static void running_claim(running *run, size_t count, size_t threads) {
    core_state *state = run->state;
    size_t helpers = count / WORKERS_FILES;
    if (state->workers != NULL && state->workers->owner != getpid()) {
        state->workers = NULL; /* the parent's: see workers_free() */
        state->busy = false;
    }
    if (state->busy) return;
    run->claimed = state->busy = true;
    if (threads != 0 && helpers > threads - 1) helpers = threads - 1;
    if (helpers == 0) return;
    if (state->workers == NULL) state->workers = workers_create();
    if (state->workers == NULL) return; /* no memory: the calling thread works alone */
    run->helpers = helpers < state->workers->helpers ? helpers : state->workers->helpers;
    run->workers = state->workers;
}

static void running_release(running *run) {
    if (run->claimed) run->state->busy = false;
    run->claimed = false;
}

static bool running_go_on(void *ctx);

/* Lets the library use the workers that were claimed. */
static void running_share(running *run, confiture_run *options) {
    options->threads = 1;
    if (run->helpers == 0) return;
    run->loop.workers = run->workers;
    run->loop.helpers = run->helpers;
    run->loop.caller = pthread_self();
    run->loop.go_on = running_go_on;
    run->loop.go_on_ctx = run;
    options->threads = run->helpers + 1;
    options->parallel_for = workers_parallel_for;
    options->parallel_user = &run->loop;
}

/* A thread that outlives its interpreter may still be in a call: then nothing is freed. */
static void state_free(core_state *state) {
    size_t i;
    if (state->busy) return;
    workers_free(state->workers);
    for (i = 0; i <= WORKERS_MAX; i++) free(state->spare[i].data);
}
#endif

/* Releases the GIL. threads: the maximum; 0: as many as are useful. False: an exception, and the
 * GIL is still held. */
static bool running_begin(running *run, core_state *state, size_t count, size_t threads) {
    memset(run, 0, sizeof(*run));
    run->state = state;
    if (!ask_main_thread(state, &run->is_main)) return false;
    running_claim(run, count, threads);
    run->asked = running_clock();
    run->thread = PyEval_SaveThread();
    return true;
}

/* Takes the GIL back; what was claimed stays claimed. */
static void running_back(running *run) { PyEval_RestoreThread(run->thread); }

static void running_end(running *run) {
    running_back(run);
    running_release(run);
}

/* Called without the GIL on the thread that made the call. False: an exception. */
static bool running_go_on(void *ctx) {
    running *run = ctx;
    if (!run->is_main || run->stopped) return !run->stopped;
    if (running_clock() - run->asked < RUNNING_ASK_NS) return true;
    PyEval_RestoreThread(run->thread);
    run->stopped = PyErr_CheckSignals() != 0;
    run->thread = PyEval_SaveThread();
    run->asked = running_clock();
    return !run->stopped;
}

static int running_progress(void *user, const confiture_progress *progress) {
    (void)progress;
    return !running_go_on(user);
}

/* Options for the library's calls between running_begin() and running_end(). */
static confiture_run running_options(running *run) {
    confiture_run options;
    memset(&options, 0, sizeof(options));
    running_share(run, &options);
    options.progress = running_progress;
    options.progress_user = run;
    return options;
}

#endif
