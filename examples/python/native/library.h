/* library.h: the functions that confiture.h carries out, with the Python tool's bytes, names and
 * errors. */

#ifndef CONFITURE_NATIVE_LIBRARY_H
#define CONFITURE_NATIVE_LIBRARY_H

#include "running.h"

/* ---- a list of files ---- */

/* The paths, named relative to base_dir, or to `base` if that is NULL. */
static confiture_files *list_from(core_state *state, const strings *paths, PyObject *base_dir,
                                  const char *base) {
    confiture_find_options options;
    confiture_files *files = NULL;
    confiture_status status;
    confiture_error error;
    PyObject *owner;
    memset(&options, 0, sizeof(options));
    options.base = base;
    if (!path_from(base_dir, "base_dir", &owner, &options.base)) return NULL;
    Py_BEGIN_ALLOW_THREADS;
    status = confiture_files_from_paths(&files, paths->items, paths->count, &options, &error);
    Py_END_ALLOW_THREADS;
    Py_XDECREF(owner);
    if (status != CONFITURE_OK) raise_library(state, status, &error);
    return files;
}

/* Ends a call that running_begin() began. False: an exception, of the call or of a signal. */
static bool run_is_good(running *run, confiture_status status, const confiture_error *error) {
    running_end(run);
    if (status == CONFITURE_OK && !run->stopped) return true;
    raise_library(run->state, status, error);
    return false;
}

/* ---- build and hash ---- */

static const char *const style_words[] = {"block_comment", "line_comment", "mysql",
                                          "custom",        "none",         NULL};
/* In the order of confiture_check_mode from CONFITURE_CHECK_POSTGRES on. */
static const char *const check_words[] = {"postgres", "quotes", "reference", "none", NULL};
static const char *const digest_words[] = {"stream", "tree", "text", NULL};
static const char *const sort_words[] = {"path", "hex", NULL};

static bool parse_check(const char *what, PyObject *value, confiture_check_mode *mode) {
    int word = (int)*mode - (int)CONFITURE_CHECK_POSTGRES;
    if (!parse_word(what, value, check_words, &word)) return false;
    *mode = (confiture_check_mode)(word + (int)CONFITURE_CHECK_POSTGRES);
    return true;
}

/* Fills header from (environment, timestamp); its strings live as long as the tuple. */
static bool header_from(PyObject *value, confiture_header *header) {
    if (!PyTuple_Check(value) || PyTuple_Size(value) != 2) {
        PyErr_SetString(PyExc_TypeError, "header must be a tuple (environment, timestamp)");
        return false;
    }
    return parse_text("the header's environment", PyTuple_GetItem(value, 0),
                      &header->environment) &&
           parse_text("the header's timestamp", PyTuple_GetItem(value, 1), &header->timestamp);
}

/* The keywords of a schema; NULL where none is given. */
typedef struct schema_keywords {
    PyObject *base_dir, *style, *template_text, *header, *schema_only, *check;
} schema_keywords;

/* Fills options, and header if there is one; both use the keywords' strings. */
static bool parse_schema(const schema_keywords *keywords, confiture_build_options *options,
                         confiture_header *header) {
    int style = CONFITURE_SEPARATOR_BLOCK_COMMENT;
    if (!parse_word("style", keywords->style, style_words, &style) ||
        !parse_bool(keywords->schema_only, &options->schema_only) ||
        !parse_check("check", keywords->check, &options->check) ||
        !parse_text("template", keywords->template_text, &options->separator_template))
        return false;
    options->separator = (confiture_separator)style;
    if (keywords->header == NULL) return true;
    options->header = header;
    return header_from(keywords->header, header);
}

/* A str; or a Schema, if the digest is wanted. */
static PyObject *schema_object(core_state *state, const confiture_schema *schema, bool digest) {
    PyObject *text = PyUnicode_DecodeUTF8(schema->data, (Py_ssize_t)schema->size, NULL), *result;
    if (text == NULL || !digest) return text;
    result = PyObject_CallFunction(state->schema, "Osn", text, schema->digest_hex,
                                   (Py_ssize_t)schema->file_count);
    Py_DECREF(text);
    return result;
}

static PyObject *library_build(core_state *state, const strings *paths, PyObject *base_dir,
                               confiture_build_options *options, size_t threads) {
    confiture_schema schema;
    confiture_status status;
    confiture_error error;
    PyObject *result = NULL;
    running run;
    confiture_files *files = list_from(state, paths, base_dir, ".");
    if (files == NULL) return NULL;
    memset(&schema, 0, sizeof(schema));
    if (running_begin(&run, state, paths->count, threads)) {
        options->run = running_options(&run);
        status = confiture_build(&schema, files, options, &error);
        if (run_is_good(&run, status, &error))
            result = schema_object(state, &schema, !options->no_digest);
    }
    confiture_schema_free(&schema);
    confiture_files_free(files);
    return result;
}

static PyObject *library_hash(core_state *state, const strings *paths, PyObject *base_dir,
                              confiture_digest_kind kind, size_t threads) {
    confiture_hash_options options;
    confiture_digest digest;
    confiture_status status;
    confiture_error error;
    PyObject *result = NULL;
    running run;
    confiture_files *files = list_from(state, paths, base_dir, ".");
    if (files == NULL) return NULL;
    memset(&options, 0, sizeof(options));
    options.kind = kind;
    if (running_begin(&run, state, paths->count, threads)) {
        options.run = running_options(&run);
        status = confiture_hash(&digest, files, &options, &error);
        if (run_is_good(&run, status, &error)) result = PyUnicode_FromStringAndSize(digest.hex, 64);
    }
    confiture_files_free(files);
    return result;
}

/* ---- manifest ---- */

/* A list of Entry(size, sha256). */
static PyObject *manifest_list(core_state *state, const confiture_entry *entries, size_t count) {
    PyObject *result = PyList_New((Py_ssize_t)count);
    size_t i;
    for (i = 0; result != NULL && i < count; i++) {
        char hex[65];
        PyObject *entry;
        confiture_sha256_hex(entries[i].sha256, hex);
        entry = PyObject_CallFunction(state->entry, "Ks", (unsigned long long)entries[i].size, hex);
        if (entry == NULL) Py_CLEAR(result);
        else PyList_SetItem(result, (Py_ssize_t)i, entry);
    }
    return result;
}

static PyObject *library_manifest(core_state *state, const strings *paths, size_t threads) {
    confiture_entry *entries;
    confiture_manifest_options options;
    confiture_status status;
    confiture_error error;
    PyObject *result = NULL;
    running run;
    confiture_files *files = list_from(state, paths, NULL, "/");
    if (files == NULL) return NULL;
    memset(&options, 0, sizeof(options));
    entries = PyMem_New(confiture_entry, paths->count + 1);
    if (entries == NULL) {
        PyErr_NoMemory();
    } else if (running_begin(&run, state, paths->count, threads)) {
        options.run = running_options(&run);
        status = confiture_manifest(entries, files, &options, &error);
        if (run_is_good(&run, status, &error)) result = manifest_list(state, entries, paths->count);
    }
    PyMem_Free(entries);
    confiture_files_free(files);
    return result;
}

/* ---- check ---- */

/* Copies of findings, which are reported without the GIL. Notes are left out. */
typedef struct findings {
    confiture_finding *items;
    size_t count, capacity;
    bool no_memory;
} findings;

static char *findings_copy(const char *text) {
    char *copy = malloc(strlen(text) + 1);
    if (copy != NULL) strcpy(copy, text);
    return copy;
}

static void findings_add(void *user, const confiture_finding *finding) {
    findings *t = user;
    if (finding->severity == CONFITURE_SEVERITY_NOTE) return;
    if (t->count == t->capacity) {
        size_t capacity = t->capacity == 0 ? 16 : t->capacity * 2;
        confiture_finding *items = realloc(t->items, capacity * sizeof(*items));
        if (items == NULL) {
            t->no_memory = true;
            return;
        }
        t->items = items;
        t->capacity = capacity;
    }
    t->items[t->count] = *finding;
    t->items[t->count].path = findings_copy(finding->path);
    t->items[t->count].what = findings_copy(finding->what);
    if (t->items[t->count].path == NULL || t->items[t->count].what == NULL) t->no_memory = true;
    t->count++;
}

static void findings_free(findings *t) {
    size_t i;
    for (i = 0; i < t->count; i++) {
        free((char *)(uintptr_t)t->items[i].path);
        free((char *)(uintptr_t)t->items[i].what);
    }
    free(t->items);
}

/* A list of Finding(filename, line, offset, kind, what, index). */
static PyObject *findings_list(core_state *state, const findings *t) {
    PyObject *result = PyList_New(0);
    size_t i;
    for (i = 0; result != NULL && i < t->count; i++) {
        const confiture_finding *f = &t->items[i];
        PyObject *finding = NULL, *path = file_name_text(f->path);
        int failed = -1;
        if (path != NULL)
            finding =
                PyObject_CallFunction(state->finding, "OKKssn", path, (unsigned long long)f->line,
                                      (unsigned long long)f->offset,
                                      f->status == CONFITURE_E_ENCODING ? "encoding" : "unclosed",
                                      f->what, (Py_ssize_t)f->index);
        if (finding != NULL) failed = PyList_Append(result, finding);
        Py_XDECREF(finding);
        Py_XDECREF(path);
        if (failed) Py_CLEAR(result);
    }
    return result;
}

static PyObject *library_check(core_state *state, const strings *paths, confiture_check_mode mode,
                               size_t threads) {
    confiture_check_options options;
    confiture_status status;
    confiture_error error;
    PyObject *result = NULL;
    findings t;
    running run;
    confiture_files *files = list_from(state, paths, NULL, "/");
    if (files == NULL) return NULL;
    memset(&t, 0, sizeof(t));
    memset(&options, 0, sizeof(options));
    options.mode = mode;
    options.on_finding = findings_add;
    options.finding_user = &t;
    if (running_begin(&run, state, paths->count, threads)) {
        options.run = running_options(&run);
        status = confiture_check(files, &options, &error);
        /* Findings are results here, not failures. */
        if (t.count > 0 && (status == CONFITURE_E_ENCODING || status == CONFITURE_E_UNCLOSED))
            status = CONFITURE_OK;
        if (run_is_good(&run, status, &error)) {
            if (t.no_memory) PyErr_NoMemory();
            else result = findings_list(state, &t);
        }
    }
    confiture_files_free(files);
    findings_free(&t);
    return result;
}

/* ---- find ---- */

/* The owners of a Directory's strings. */
typedef struct place {
    PyObject *owner;
    strings include, exclude;
} place;

/* A path, or a tuple (path, recursive, include, exclude, must_exist). */
static bool place_from(place *p, confiture_directory *directory, PyObject *item) {
    bool recursive = true;
    if (!PyTuple_Check(item)) return path_from(item, "a directory", &p->owner, &directory->path);
    if (PyTuple_Size(item) != 5) {
        PyErr_SetString(PyExc_TypeError, "a directory must be a path or a Directory");
        return false;
    }
    if (!path_from(PyTuple_GetItem(item, 0), "a directory", &p->owner, &directory->path) ||
        !parse_bool(PyTuple_GetItem(item, 1), &recursive) ||
        !strings_from(&p->include, PyTuple_GetItem(item, 2), "include", false) ||
        !strings_from(&p->exclude, PyTuple_GetItem(item, 3), "exclude", false) ||
        !parse_bool(PyTuple_GetItem(item, 4), &directory->must_exist))
        return false;
    directory->not_recursive = !recursive;
    directory->include = p->include.items;
    directory->include_count = p->include.count;
    directory->exclude = p->exclude.items;
    directory->exclude_count = p->exclude.count;
    return true;
}

static PyObject *paths_list(const confiture_files *files) {
    size_t i, count = confiture_files_count(files);
    PyObject *result = PyList_New((Py_ssize_t)count);
    for (i = 0; result != NULL && i < count; i++) {
        PyObject *path = file_name_text(confiture_files_path(files, i));
        if (path == NULL) Py_CLEAR(result);
        else PyList_SetItem(result, (Py_ssize_t)i, path);
    }
    return result;
}

static PyObject *library_find(core_state *state, const confiture_directory *directories,
                              PyObject *given, confiture_find_options *options) {
    size_t count = (size_t)PyList_Size(given);
    confiture_files *files = NULL;
    confiture_status status;
    confiture_error error;
    PyObject *result = NULL;
    running run;
    if (running_begin(&run, state, count, 1)) {
        options->run = running_options(&run);
        status = confiture_find_all(&files, directories, count, options, &error);
        if (status == CONFITURE_E_NO_FILES) {
            running_end(&run);
            if (!run.stopped) raise_no_files(state, given);
        } else if (run_is_good(&run, status, &error)) {
            result = paths_list(files);
        }
    }
    confiture_files_free(files);
    return result;
}

static PyObject *library_find_in(core_state *state, PyObject *sequence,
                                 confiture_find_options *options) {
    size_t i, count = (size_t)PyList_Size(sequence);
    PyObject *result = NULL;
    place *places = PyMem_Calloc(count + 1, sizeof(place));
    confiture_directory *directories = PyMem_Calloc(count + 1, sizeof(confiture_directory));
    bool good = places != NULL && directories != NULL;
    if (!good) PyErr_NoMemory();
    for (i = 0; good && i < count; i++)
        good = place_from(&places[i], &directories[i], PyList_GetItem(sequence, (Py_ssize_t)i));
    if (good) result = library_find(state, directories, sequence, options);
    for (i = 0; places != NULL && i < count; i++) {
        Py_XDECREF(places[i].owner);
        strings_free(&places[i].include);
        strings_free(&places[i].exclude);
    }
    PyMem_Free(places);
    PyMem_Free(directories);
    return result;
}

#endif
