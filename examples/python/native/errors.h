/* errors.h: failures as the exceptions that a Python user expects.
 *
 * OSError has errno and filename. EncodingError, a UnicodeDecodeError, has its offsets within the
 * file, and the file in its attribute filename. All others are ConfitureError. The classes and
 * their wording are written in Python: the fallback raises the same. */

#ifndef CONFITURE_NATIVE_ERRORS_H
#define CONFITURE_NATIVE_ERRORS_H

#include "arguments.h"
#if !defined(_WIN32)
#include "workers.h"
#endif

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct core_state {
    /* Of confiture_native.types. */
    PyObject *directory, *entry, *finding, *schema; /* classes */
    PyObject *error, *encoding_error, *no_files;    /* what makes errors */
    PyObject *main_thread, *is_directory;           /* threading.main_thread, os.path.isdir */
    /* Of confiture_native._fallback. */
    PyObject *decoded, *core_build, *core_hash;
#if !defined(_WIN32)
    /* For one call at a time; a call that finds them busy works without them. */
    bool busy;
    workers *workers;              /* NULL until needed */
    buffer spare[WORKERS_MAX + 1]; /* one per reader, and one to join in: fresh memory is slow */
#endif
} core_state;

/* error: an errno. On Windows Python has a C library, and so an errno, of its own. */
static void raise_os(int error, PyObject *path) {
#if defined(_WIN32)
    PyObject *made = PyObject_CallFunction(PyExc_OSError, "isO", error, strerror(error), path);
    if (made == NULL) return;
    PyErr_SetObject((PyObject *)Py_TYPE(made), made);
    Py_DECREF(made);
#else
    errno = error;
    PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, path);
#endif
}

/* error: what the library has from the system. */
static void raise_system(int error, PyObject *path) {
#if defined(_WIN32)
    PyErr_SetExcFromWindowsErrWithFilenameObject(PyExc_OSError, error, path);
#else
    raise_os(error, path);
#endif
}

/* Raises ConfitureError(kind, filename, line, detail). */
static void raise_kind(core_state *state, const char *kind, PyObject *path, uint64_t line,
                       const char *detail) {
    PyObject *error =
        PyObject_CallFunction(state->error, "sOKs", kind, path == NULL ? Py_None : path,
                              (unsigned long long)line, detail);
    if (error == NULL) return;
    PyErr_SetObject(state->error, error);
    Py_DECREF(error);
}

/* Raises OSError for a directory, FIFO, socket or device under a file's name. */
static void raise_not_file(core_state *state, PyObject *path) {
    PyObject *answer = PyObject_CallFunctionObjArgs(state->is_directory, path, NULL);
    if (answer == NULL) return;
    raise_os(answer == Py_True ? EISDIR : EINVAL, path);
    Py_DECREF(answer);
}

/* Raises the error of what the library found is not UTF-8: Python decodes the whole file again,
 * and says it in its own words. */
static void raise_decode(core_state *state, PyObject *path) {
    PyObject *text = PyObject_CallFunctionObjArgs(state->decoded, path, NULL);
    if (text == NULL) return;
    Py_DECREF(text);
    raise_kind(state, "changed", path, 0, "");
}

/* The finding: the message without "path:line: ". The path may hold such text as well; the
 * finding does not. */
static const char *found_text(const confiture_error *error) {
    char place[32];
    const char *text = error->message, *next;
    snprintf(place, sizeof(place), ":%llu: ", (unsigned long long)error->line);
    for (; (next = strstr(text, place)) != NULL; text = next) next += strlen(place);
    return text;
}

/* Raises what a search that found nothing raises: it names the directories, a list. */
static void raise_no_files(core_state *state, PyObject *directories) {
    PyObject *error = PyObject_CallFunctionObjArgs(state->no_files, directories, NULL);
    if (error == NULL) return;
    PyErr_SetObject(state->error, error);
    Py_DECREF(error);
}

/* Raises the failure of a library call, unless an exception is set already: Ctrl-C. */
static void raise_library(core_state *state, confiture_status status,
                          const confiture_error *error) {
    PyObject *path;
    if (PyErr_Occurred()) return;
    path = file_name_text(error->path);
    if (path == NULL) return;
    switch (status) {
    case CONFITURE_E_MEMORY: PyErr_NoMemory(); break;
    case CONFITURE_E_SYSTEM: raise_system(error->os_error, path); break;
    case CONFITURE_E_NOT_FOUND: raise_os(ENOENT, path); break;
    case CONFITURE_E_NOT_FILE: raise_not_file(state, path); break;
    case CONFITURE_E_ENCODING: raise_decode(state, path); break;
    case CONFITURE_E_TOO_LARGE: PyErr_SetString(PyExc_OverflowError, error->message); break;
    case CONFITURE_E_UNCLOSED:
        raise_kind(state, "unclosed", path, error->line, found_text(error));
        break;
    case CONFITURE_E_OUTSIDE: raise_kind(state, "outside", path, 0, ""); break;
    case CONFITURE_E_CHANGED: raise_kind(state, "changed", path, 0, ""); break;
    case CONFITURE_E_NAME: raise_kind(state, "name", path, 0, ""); break;
    default: raise_kind(state, "argument", NULL, 0, error->message); break;
    }
    Py_DECREF(path);
}

#endif
