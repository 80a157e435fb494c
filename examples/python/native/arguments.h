/* arguments.h: arguments from Python, checked and held.
 *
 * Another thread may change a list while files are read. Each list is copied first, and the copy
 * owns the strings whose bytes are used. */

#ifndef CONFITURE_NATIVE_ARGUMENTS_H
#define CONFITURE_NATIVE_ARGUMENTS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <string.h>

/* ---- keywords ---- */

/* Sorts the arguments of a call into values[], which is all NULL at first. The first argument may
 * be positional; the others are keywords. References are borrowed. Py_LIMITED_API has no parser
 * for METH_FASTCALL. */
static bool parse_call(const char *function, PyObject *const *args, Py_ssize_t count,
                       PyObject *kwnames, const char *const *names, PyObject **values) {
    Py_ssize_t i, n = kwnames == NULL ? 0 : PyTuple_Size(kwnames);
    size_t k;
    if (count > 1) {
        PyErr_Format(PyExc_TypeError, "%s() takes 1 positional argument but %zd were given",
                     function, count);
        return false;
    }
    if (count == 1) values[0] = args[0];
    for (i = 0; i < n; i++) {
        PyObject *name = PyTuple_GetItem(kwnames, i);
        for (k = 0; names[k] != NULL; k++)
            if (PyUnicode_CompareWithASCIIString(name, names[k]) == 0) break;
        if (names[k] == NULL) {
            PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'", function,
                         name);
            return false;
        }
        if (values[k] != NULL) {
            PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%s'", function,
                         names[k]);
            return false;
        }
        values[k] = args[count + i];
    }
    if (values[0] == NULL) {
        PyErr_Format(PyExc_TypeError, "%s() missing 1 required positional argument: '%s'", function,
                     names[0]);
        return false;
    }
    for (k = 1; names[k] != NULL; k++)
        if (values[k] == Py_None) values[k] = NULL;
    return true;
}

static bool parse_bool(PyObject *value, bool *result) {
    int truth = value == NULL ? *result : PyObject_IsTrue(value);
    if (truth < 0) return false;
    *result = truth != 0;
    return true;
}

/* "a, b or c" of the words: a new reference. */
static PyObject *words_text(const char *const *words) {
    PyObject *text = PyUnicode_FromString(words[0]);
    int i;
    for (i = 1; text != NULL && words[i] != NULL; i++) {
        PyObject *longer =
            PyUnicode_FromFormat("%U%s%s", text, words[i + 1] == NULL ? " or " : ", ", words[i]);
        Py_DECREF(text);
        text = longer;
    }
    return text;
}

/* The index of one of the words, which end in NULL. Without a value *result stays. */
static bool parse_word(const char *what, PyObject *value, const char *const *words, int *result) {
    PyObject *expected;
    int i;
    if (value == NULL) return true;
    if (!PyUnicode_Check(value)) {
        PyErr_Format(PyExc_TypeError, "%s must be str, not %R", what, (PyObject *)Py_TYPE(value));
        return false;
    }
    for (i = 0; words[i] != NULL; i++) {
        if (PyUnicode_CompareWithASCIIString(value, words[i]) != 0) continue;
        *result = i;
        return true;
    }
    expected = words_text(words);
    if (expected == NULL) return false;
    PyErr_Format(PyExc_ValueError, "invalid %s %R: expected %U", what, value, expected);
    Py_DECREF(expected);
    return false;
}

static bool parse_threads(PyObject *value, size_t *threads) {
    Py_ssize_t number;
    *threads = 0;
    if (value == NULL) return true;
    number = PyNumber_AsSsize_t(value, PyExc_OverflowError);
    if (number == -1 && PyErr_Occurred()) return false;
    if (number < 0) {
        PyErr_Format(PyExc_ValueError, "invalid threads %zd: expected 0 or more", number);
        return false;
    }
    *threads = (size_t)number;
    return true;
}

/* ---- text ---- */

/* A str that becomes a C string, which lives as long as it; without a value *result stays. */
static bool parse_text(const char *what, PyObject *value, const char **result) {
    Py_ssize_t size;
    if (value == NULL) return true;
    if (!PyUnicode_Check(value)) {
        PyErr_Format(PyExc_TypeError, "%s must be str, not %R", what, (PyObject *)Py_TYPE(value));
        return false;
    }
    *result = PyUnicode_AsUTF8AndSize(value, &size);
    if (*result == NULL) return false;
    if (strlen(*result) == (size_t)size) return true;
    PyErr_Format(PyExc_ValueError, "embedded null character in %s", what);
    return false;
}

/* A str's bytes as in file names: UTF-8, and, unless strict, the bytes that surrogateescape
 * stands for. NULL: an exception. The bytes live as long as the str, or as *owner, a new
 * reference, if it is not NULL. */
static const char *file_name_bytes(PyObject *text, bool strict, PyObject **owner,
                                   Py_ssize_t *size) {
    const char *bytes = PyUnicode_AsUTF8AndSize(text, size);
    *owner = NULL;
    if (bytes == NULL && !strict && PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) {
        PyErr_Clear();
        *owner = PyUnicode_AsEncodedString(text, "utf-8", "surrogateescape");
        if (*owner == NULL) return NULL;
        *size = PyBytes_Size(*owner);
        bytes = PyBytes_AsString(*owner);
    }
    if (bytes != NULL && strlen(bytes) != (size_t)*size) {
        PyErr_Format(PyExc_ValueError, "embedded null character in a path: %R", text);
        bytes = NULL;
    }
    if (bytes == NULL) Py_CLEAR(*owner);
    return bytes;
}

static PyObject *file_name_text(const char *bytes) {
    return PyUnicode_DecodeUTF8(bytes, (Py_ssize_t)strlen(bytes), "surrogateescape");
}

static bool is_path_like(PyObject *item) {
    return PyObject_HasAttrString((PyObject *)Py_TYPE(item), "__fspath__") != 0;
}

/* A str, or the str that os.fspath() returns: a new reference. */
static PyObject *path_text(PyObject *item, const char *what) {
    PyObject *text;
    if (PyUnicode_Check(item)) return Py_NewRef(item);
    if (!PyBytes_Check(item) && !is_path_like(item)) {
        PyErr_Format(PyExc_TypeError, "%s must be str or os.PathLike, not %R", what,
                     (PyObject *)Py_TYPE(item));
        return NULL;
    }
    text = PyOS_FSPath(item);
    if (text == NULL || PyUnicode_Check(text)) return text;
    PyErr_Format(PyExc_TypeError,
                 "%s must be str or os.PathLike, not bytes: os.fsdecode() makes a str of them",
                 what);
    Py_DECREF(text);
    return NULL;
}

/* ---- strings and lists of them ---- */

/* C strings, with the objects that own their bytes. */
typedef struct strings {
    PyObject *texts;  /* list of str, not shared */
    PyObject *owners; /* list of bytes, for texts that are not UTF-8; or NULL */
    const char **items;
    size_t *sizes;
    size_t count;
} strings;

static void strings_free(strings *s) {
    Py_CLEAR(s->texts);
    Py_CLEAR(s->owners);
    PyMem_Free(s->items);
    PyMem_Free(s->sizes);
    s->items = NULL;
    s->sizes = NULL;
    s->count = 0;
}

/* A copy of an iterable, as a list: of any whose order is not chance, and which is not itself a
 * path. */
static PyObject *copy_iterable(PyObject *value, const char *what) {
    PyObject *type = (PyObject *)Py_TYPE(value);
    bool iterable = PyObject_HasAttrString(type, "__iter__") || PySequence_Check(value);
    if (!iterable || PyUnicode_Check(value) || PyBytes_Check(value) || PyByteArray_Check(value) ||
        PyDict_Check(value) || PyAnySet_Check(value)) {
        PyErr_Format(PyExc_TypeError,
                     "%s must be a list, or another iterable, of paths in order, not %R", what,
                     type);
        return NULL;
    }
    return PySequence_List(value);
}

static bool strings_set(strings *s, size_t i, const char *what, bool strict) {
    PyObject *item = PyList_GetItem(s->texts, (Py_ssize_t)i), *owner;
    Py_ssize_t size;
    if (item == NULL) return false;
    if (!PyUnicode_Check(item)) {
        item = path_text(item, what);
        if (item == NULL || PyList_SetItem(s->texts, (Py_ssize_t)i, item) != 0) return false;
    }
    s->items[i] = file_name_bytes(item, strict, &owner, &size);
    if (s->items[i] == NULL) return false;
    s->sizes[i] = (size_t)size;
    if (owner != NULL) {
        int failed = -1;
        if (s->owners == NULL) s->owners = PyList_New(0);
        if (s->owners != NULL) failed = PyList_Append(s->owners, owner);
        Py_DECREF(owner);
        if (failed) return false;
    }
    return true;
}

/* strict: refuses text that is not UTF-8. Without a value the list is empty. On failure there is
 * an exception, and nothing to free. */
static bool strings_from(strings *s, PyObject *value, const char *what, bool strict) {
    size_t i;
    memset(s, 0, sizeof(*s));
    if (value == NULL) return true;
    s->texts = copy_iterable(value, what);
    if (s->texts == NULL) return false;
    s->count = (size_t)PyList_Size(s->texts);
    s->items = PyMem_New(const char *, s->count + 1);
    s->sizes = PyMem_New(size_t, s->count + 1);
    if (s->items == NULL || s->sizes == NULL) {
        PyErr_NoMemory();
        strings_free(s);
        return false;
    }
    for (i = 0; i < s->count; i++) {
        if (strings_set(s, i, what, strict)) continue;
        strings_free(s);
        return false;
    }
    return true;
}

/* One path. Without a value *bytes stays as it was. */
static bool path_from(PyObject *value, const char *what, PyObject **owner, const char **bytes) {
    Py_ssize_t size;
    PyObject *text;
    const char *found;
    *owner = NULL;
    if (value == NULL) return true;
    text = path_text(value, what);
    if (text == NULL) return false;
    found = file_name_bytes(text, false, owner, &size);
    if (found == NULL || *owner != NULL) Py_DECREF(text);
    else *owner = text;
    if (found != NULL) *bytes = found;
    return found != NULL;
}

#endif
