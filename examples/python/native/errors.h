/* errors.h: failures as the exceptions that a Python user expects.
 *
 * OSError has errno and filename. EncodingError, a UnicodeDecodeError, has its offsets within the
 * file, and the file in its attribute filename. All others are ConfitureError. The classes and
 * their wording are written in Python: the fallback raises the same. */

#ifndef CONFITURE_NATIVE_ERRORS_H
#define CONFITURE_NATIVE_ERRORS_H

#include "arguments.h"
#include "reader.h"

typedef struct core_state {
    /* Of confiture_native.types; and main_thread, threading's. */
    PyObject *directory, *entry, *finding, *schema; /* classes */
    PyObject *error, *encoding_error, *no_files;    /* what makes errors */
    PyObject *main_thread;
    /* For one call at a time; a call that finds them busy works without them. */
    bool busy;
    workers *workers;              /* NULL until needed */
    buffer spare[WORKERS_MAX + 1]; /* one per reader, and one to join in: fresh memory is slow */
} core_state;

static void raise_os(int error, PyObject *path) {
    errno = error;
    PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, path);
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
static void raise_not_file(PyObject *path, const char *bytes) {
    struct stat status;
    raise_os(stat(bytes, &status) == 0 && S_ISDIR(status.st_mode) ? EISDIR : EINVAL, path);
}

/* Puts an EncodingError, which names the file, in the place of the UnicodeDecodeError that is
 * set; leaves any other exception. */
static void name_decode_error(core_state *state, PyObject *path) {
    PyObject *type, *value, *traceback, *named;
    if (!PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) return;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    named = PyObject_CallFunctionObjArgs(state->encoding_error, value, path, NULL);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    if (named == NULL) return;
    PyErr_SetObject((PyObject *)Py_TYPE(named), named);
    Py_DECREF(named);
}

/* What the library found is not UTF-8: Python's own decoder says it in its own words,
 * of the whole file. */
static void raise_decode(core_state *state, PyObject *path, const char *bytes) {
    struct stat status;
    size_t got = 0, capacity;
    char *data = NULL;
    int fd = open_at(AT_FDCWD, bytes, 0), error = fd < 0 ? -errno : look_at(fd, &status);
    if (error == READ_OK) {
        capacity = (size_t)status.st_size + 1;
        data = malloc(capacity);
        while (data != NULL && got < capacity) {
            size_t more;
            error = read_at(fd, data + got, capacity - got, got, &more);
            if (error != READ_OK || more == 0) break;
            got += more;
        }
    }
    if (fd >= 0) close(fd);
    if (error == READ_NOT_FILE) {
        raise_not_file(path, bytes);
    } else if (error != READ_OK) {
        raise_os(-error, path);
    } else if (data == NULL) {
        PyErr_NoMemory();
    } else {
        PyObject *text = PyUnicode_DecodeUTF8(data, (Py_ssize_t)got, NULL);
        if (text == NULL) name_decode_error(state, path);
        else raise_kind(state, "changed", path, 0, "");
        Py_XDECREF(text);
    }
    free(data);
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
    case CONFITURE_E_SYSTEM: raise_os(error->os_error, path); break;
    case CONFITURE_E_NOT_FOUND: raise_os(ENOENT, path); break;
    case CONFITURE_E_NOT_FILE: raise_not_file(path, error->path); break;
    case CONFITURE_E_ENCODING: raise_decode(state, path, error->path); break;
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
