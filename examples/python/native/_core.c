/* _core: confiture.h as a CPython extension, for the stable ABI of Python 3.11.
 *
 * Called with a list alone, build_schema() and hash_files() give the bytes of the Rust module that
 * they replace; with keywords, those of the Python tool. All that a module needs is in its state,
 * so that each interpreter has its own. Files are read without the GIL. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define CONFITURE_IMPLEMENTATION
#define CONFITURE_STATIC
#define CONFITURE_NO_MMAP
#include "confiture.h"

#include "arguments.h"
#include "reader.h"
#include "errors.h"
#include "running.h"
#include "library.h"

#include "docs.h"

/* ---- the Rust module's two functions ---- */

/* One call: which files are read, how, and into which memory. */
typedef struct core_call {
    core_state *state;
    const strings *paths;
    job job;
    running run;
    buffer own[WORKERS_MAX + 1]; /* if another call has claimed the state's */
} core_call;

#define CORE_KEPT ((size_t)8 << 20) /* bytes of memory kept for the next call */

/* Without the GIL. exact: see core_names(). False: no memory for the names. */
static bool core_pass(core_call *call, bool exact) {
    job *j = &call->job;
    bool named, matters;
    size_t i;
    for (i = 0; i < WORKERS_MAX; i++) j->buffers[i].size = 0;
    j->next = j->readers = 0;
    j->failed = j->count;
    j->failure = READ_OK;
    j->named = j->linked = j->stopping = false;
    workers_start(call->run.workers, call->run.helpers, job_run, j);
    named = core_names(j->files, j->count, exact, &matters);
    j->no_links = matters && !exact;
    if (!named) j->next = j->count;
    __atomic_store_n(&j->named, true, __ATOMIC_RELEASE);
    job_run(j);
    workers_join(call->run.workers, call->run.helpers, job_go_on, j);
    return named;
}

/* Reads the files, with the Rust module's names, and hashes them into digests, or joins them if
 * that is NULL. False: an exception. A file that cannot be read raises none here: the job has its
 * index, and all files before it have been read. */
static bool core_read(core_call *call, unsigned char *digests, size_t threads) {
    const strings *paths = call->paths;
    job *j = &call->job;
    bool named;
    size_t i;
    j->count = paths->count;
    j->digests = digests;
    j->files = PyMem_Calloc(paths->count, sizeof(core_file));
    if (j->files == NULL) {
        PyErr_NoMemory();
        return false;
    }
    for (i = 0; i < paths->count; i++) {
        core_file *file = &j->files[i];
        file->path = paths->items[i];
        file->size = file->leaf = paths->sizes[i];
        while (file->leaf > 0 && file->path[file->leaf - 1] != '/') file->leaf--;
    }
    if (!running_begin(&call->run, call->state, paths->count, threads)) return false;
    pthread_mutex_init(&j->mutex, NULL);
    j->caller = pthread_self();
    j->go_on = running_go_on;
    j->ctx = &call->run;
    j->buffers = call->run.claimed ? call->state->spare : call->own;
    named = core_pass(call, false);
    if (named && j->linked) named = core_pass(call, true);
    running_back(&call->run);
    pthread_mutex_destroy(&j->mutex);
    if (!named) PyErr_NoMemory();
    return named && !call->run.stopped;
}

static void core_end(core_call *call) {
    size_t i, kept = 0;
    for (i = 0; call->job.buffers != NULL && i <= WORKERS_MAX; i++) {
        buffer *b = &call->job.buffers[i];
        if (call->run.claimed && b->capacity <= CORE_KEPT - kept) {
            kept += b->capacity;
        } else {
            free(b->data);
            memset(b, 0, sizeof(*b));
        }
    }
    running_release(&call->run);
    PyMem_Free(call->job.files);
}

static void raise_failure(const core_call *call) {
    const job *j = &call->job;
    PyObject *path = PyList_GetItem(call->paths->texts, (Py_ssize_t)j->failed);
    switch (j->failure) {
    case READ_NOT_FILE: raise_not_file(path, call->paths->items[j->failed]); break;
    case READ_CHANGED: raise_kind(call->state, "changed", path, 0, ""); break;
    case -ENOMEM: PyErr_NoMemory(); break;
    default: raise_os(-j->failure, path); break;
    }
}

static PyObject *core_hash(core_state *state, const strings *paths, size_t threads) {
    unsigned char digest[32], *digests = PyMem_Malloc(32 * paths->count + 1);
    PyObject *result = NULL;
    core_call call;
    if (digests == NULL) return PyErr_NoMemory();
    memset(&call, 0, sizeof(call));
    call.state = state;
    call.paths = paths;
    if (paths->count == 0 || core_read(&call, digests, threads)) {
        if (call.job.failure != READ_OK) {
            raise_failure(&call);
        } else {
            char hex[65];
            confiture_sha256_once(digests, 32 * paths->count, digest);
            confiture_sha256_hex(digest, hex);
            result = PyUnicode_FromStringAndSize(hex, 64);
        }
    }
    core_end(&call);
    PyMem_Free(digests);
    return result;
}

/* Raises the UnicodeDecodeError of the first of `count` files that is not UTF-8. */
static bool core_decodes(const core_call *call, size_t count) {
    size_t i;
    for (i = 0; i < count; i++) {
        const core_file *file = &call->job.files[i];
        const char *text = call->job.buffers[file->reader].data + file->text;
        PyObject *decoded = PyUnicode_DecodeUTF8(text, (Py_ssize_t)file->text_size, NULL);
        if (decoded == NULL) {
            name_decode_error(PyList_GetItem(call->paths->texts, (Py_ssize_t)i));
            return false;
        }
        Py_DECREF(decoded);
    }
    return true;
}

/* The widest letters of all files. */
static int core_letters(const core_call *call) {
    int letters = LETTERS_ASCII;
    size_t i;
    for (i = 0; i < call->job.count; i++)
        if (call->job.files[i].letters > letters) letters = call->job.files[i].letters;
    return letters;
}

/* Joins the files in list order. Each reader's buffer holds some batches; the buffer of a single
 * reader holds all files in order. latin: one byte per letter. NULL: no memory. */
static const buffer *core_join(const core_call *call, bool latin) {
    const job *j = &call->job;
    buffer *joined = &j->buffers[WORKERS_MAX];
    size_t i, size = 0;
    if (j->readers == 1 && !latin) return &j->buffers[0];
    for (i = 0; i < j->readers; i++) size += j->buffers[i].size;
    joined->size = 0;
    if (!buffer_reserve(joined, size)) return NULL;
    for (i = 0; i < j->count; i++) {
        const core_file *file = &j->files[i];
        const char *text = j->buffers[file->reader].data + file->start;
        if (latin && file->letters == LETTERS_LATIN)
            buffer_add_latin(joined, text, file->end - file->start);
        else buffer_add(joined, text, file->end - file->start);
    }
    return joined;
}

/* Python's UTF-8 decoder starts again, in fresh memory, at the first letter that is not ASCII,
 * and fresh memory takes longer than reading all files. Its Latin-1 decoder copies. */
static PyObject *core_text(const core_call *call) {
    int letters = core_letters(call);
    PyObject *result;
    const buffer *joined = core_join(call, letters == LETTERS_LATIN);
    if (joined == NULL) return PyErr_NoMemory();
    if (letters == LETTERS_LATIN)
        return PyUnicode_DecodeLatin1(joined->data, (Py_ssize_t)joined->size, NULL);
    result = PyUnicode_DecodeUTF8(joined->data, (Py_ssize_t)joined->size, NULL);
    if (result == NULL && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) {
        /* Its offsets are those of the whole schema: decode the files one by one. */
        PyErr_Clear();
        (void)core_decodes(call, call->job.count);
    }
    return result;
}

static PyObject *core_build(core_state *state, const strings *paths, size_t threads) {
    PyObject *result = NULL;
    core_call call;
    memset(&call, 0, sizeof(call));
    call.state = state;
    call.paths = paths;
    if (core_read(&call, NULL, threads)) {
        if (call.job.failure == READ_OK) result = core_text(&call);
        else if (core_decodes(&call, call.job.failed)) raise_failure(&call);
    }
    core_end(&call);
    return result;
}

/* ---- what Python calls ---- */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static PyObject *build_schema(PyObject *module, PyObject *const *args, Py_ssize_t count,
                              PyObject *kwnames) {
    static const char *const names[] = {"files",  "threads",     "base_dir", "style", "template",
                                        "header", "schema_only", "check",    NULL};
    PyObject *values[COUNT(names) - 1] = {NULL}, *result = NULL;
    core_state *state = PyModule_GetState(module);
    confiture_build_options options;
    confiture_header header;
    strings paths;
    size_t threads, i;
    int style = CONFITURE_SEPARATOR_BLOCK_COMMENT;
    bool core = true;
    if (!parse_call("build_schema", args, count, kwnames, names, values)) return NULL;
    for (i = 2; i < COUNT(values); i++) core = core && values[i] == NULL;
    memset(&options, 0, sizeof(options));
    options.check = CONFITURE_CHECK_NONE;
    if (!parse_threads(values[1], &threads) ||
        !parse_word("style", values[3], style_words, &style) ||
        !parse_bool(values[6], &options.schema_only) ||
        !parse_check("check", values[7], &options.check))
        return NULL;
    if (values[4] != NULL) {
        Py_ssize_t size;
        if (!PyUnicode_Check(values[4])) {
            PyErr_SetString(PyExc_TypeError, "template must be str");
            return NULL;
        }
        options.separator_template = PyUnicode_AsUTF8AndSize(values[4], &size);
        if (options.separator_template == NULL) return NULL;
        if (strlen(options.separator_template) != (size_t)size) {
            PyErr_SetString(PyExc_ValueError, "embedded null character in template");
            return NULL;
        }
    }
    if (values[5] != NULL) {
        if (!header_from(values[5], &header)) return NULL;
        options.header = &header;
    }
    options.separator = (confiture_separator)style;
    if (!strings_from(&paths, values[0], "files", core)) return NULL;
    if (!core) result = library_build(state, &paths, values[2], &options, threads);
    else if (paths.count == 0) result = PyUnicode_FromStringAndSize("\n", 1);
    else result = core_build(state, &paths, threads);
    strings_free(&paths);
    return result;
}

static PyObject *hash_files(PyObject *module, PyObject *const *args, Py_ssize_t count,
                            PyObject *kwnames) {
    static const char *const names[] = {"files", "threads", "base_dir", "digest", NULL};
    PyObject *values[COUNT(names) - 1] = {NULL}, *result = NULL;
    core_state *state = PyModule_GetState(module);
    strings paths;
    size_t threads;
    int kind = CONFITURE_DIGEST_STREAM;
    bool core;
    if (!parse_call("hash_files", args, count, kwnames, names, values) ||
        !parse_threads(values[1], &threads) ||
        !parse_word("digest", values[3], digest_words, &kind))
        return NULL;
    core = values[2] == NULL && values[3] == NULL;
    if (!strings_from(&paths, values[0], "files", core)) return NULL;
    if (!core)
        result = library_hash(state, &paths, values[2], (confiture_digest_kind)kind, threads);
    else result = core_hash(state, &paths, threads);
    strings_free(&paths);
    return result;
}

static PyObject *manifest(PyObject *module, PyObject *const *args, Py_ssize_t count,
                          PyObject *kwnames) {
    static const char *const names[] = {"files", "threads", NULL};
    PyObject *values[COUNT(names) - 1] = {NULL}, *result;
    strings paths;
    size_t threads;
    if (!parse_call("manifest", args, count, kwnames, names, values) ||
        !parse_threads(values[1], &threads) || !strings_from(&paths, values[0], "files", false))
        return NULL;
    result = library_manifest(PyModule_GetState(module), &paths, threads);
    strings_free(&paths);
    return result;
}

static PyObject *check(PyObject *module, PyObject *const *args, Py_ssize_t count,
                       PyObject *kwnames) {
    static const char *const names[] = {"files", "threads", "mode", NULL};
    PyObject *values[COUNT(names) - 1] = {NULL}, *result;
    strings paths;
    size_t threads;
    confiture_check_mode mode = CONFITURE_CHECK_POSTGRES;
    if (!parse_call("check", args, count, kwnames, names, values) ||
        !parse_threads(values[1], &threads) || !parse_check("mode", values[2], &mode) ||
        !strings_from(&paths, values[0], "files", false))
        return NULL;
    result = library_check(PyModule_GetState(module), &paths, mode, threads);
    strings_free(&paths);
    return result;
}

static PyObject *find_files(PyObject *module, PyObject *const *args, Py_ssize_t count,
                            PyObject *kwnames) {
    static const char *const names[] = {"directories", "exclude_dirs", "sort", "unique", NULL};
    PyObject *values[COUNT(names) - 1] = {NULL}, *result = NULL, *sequence;
    confiture_find_options options;
    strings excluded;
    int sort = CONFITURE_SORT_PATH;
    memset(&options, 0, sizeof(options));
    if (!parse_call("find_files", args, count, kwnames, names, values) ||
        !parse_word("sort", values[2], sort_words, &sort) ||
        !parse_bool(values[3], &options.unique))
        return NULL;
    options.sort = (confiture_sort)sort;
    if (PyUnicode_Check(values[0])) {
        sequence = PyList_New(0);
        if (sequence != NULL && PyList_Append(sequence, values[0]) != 0) Py_CLEAR(sequence);
    } else {
        sequence = copy_sequence(values[0], "directories");
    }
    if (sequence == NULL) return NULL;
    if (strings_from(&excluded, values[1], "exclude_dirs", false)) {
        options.exclude_dirs = excluded.items;
        options.exclude_dir_count = excluded.count;
        result = library_find_in(PyModule_GetState(module), sequence, &options);
        strings_free(&excluded);
    }
    Py_DECREF(sequence);
    return result;
}

/* ---- the module ---- */

#define FAST(function) (PyCFunction)(void (*)(void))(function), METH_FASTCALL | METH_KEYWORDS

static PyMethodDef core_methods[] = {
    {"build_schema", FAST(build_schema), build_schema_doc},
    {"hash_files", FAST(hash_files), hash_files_doc},
    {"find_files", FAST(find_files), find_files_doc},
    {"check", FAST(check), check_doc},
    {"manifest", FAST(manifest), manifest_doc},
    {NULL, NULL, 0, NULL},
};

static PyObject *import_name(const char *from, const char *name) {
    PyObject *result = NULL, *module = PyImport_ImportModule(from);
    if (module != NULL) result = PyObject_GetAttrString(module, name);
    Py_XDECREF(module);
    return result;
}

static int core_exec(PyObject *module) {
    core_state *state = PyModule_GetState(module);
    if ((state->error = import_name("confiture_native.types", "ConfitureError")) == NULL ||
        (state->finding = import_name("confiture_native.types", "Finding")) == NULL ||
        (state->main_thread = import_name("threading", "main_thread")) == NULL)
        return -1;
    if (PyModule_AddStringConstant(module, "version", confiture_version()) != 0 ||
        PyModule_AddStringConstant(module, "sha256_kernel", confiture_sha256_kernel()) != 0)
        return -1;
    return 0;
}

static int core_traverse(PyObject *module, visitproc visit, void *arg) {
    core_state *state = PyModule_GetState(module);
    Py_VISIT(state->error);
    Py_VISIT(state->finding);
    Py_VISIT(state->main_thread);
    return 0;
}

static int core_clear(PyObject *module) {
    core_state *state = PyModule_GetState(module);
    Py_CLEAR(state->error);
    Py_CLEAR(state->finding);
    Py_CLEAR(state->main_thread);
    return 0;
}

static void core_free(void *module) {
    core_state *state = PyModule_GetState(module);
    (void)core_clear(module);
    /* A thread that outlives its interpreter may still be in a call. */
    if (!state->busy) {
        size_t i;
        workers_free(state->workers);
        for (i = 0; i <= WORKERS_MAX; i++) free(state->spare[i].data);
    }
}

static PyModuleDef_Slot core_slots[] = {
    {Py_mod_exec, (void *)(uintptr_t)core_exec},
    {0, NULL},
};

/* From 3.12 on a module may declare that it supports interpreters with a GIL of their own. 3.11
 * refuses the unknown slot. The number and value are those of Py_mod_multiple_interpreters and
 * Py_MOD_PER_INTERPRETER_GIL_SUPPORTED. */
static PyModuleDef_Slot core_slots_3_12[] = {
    {Py_mod_exec, (void *)(uintptr_t)core_exec},
    {3, (void *)(uintptr_t)2},
    {0, NULL},
};

#define CORE_MODULE(slots)                                                                         \
    {                                                                                              \
        PyModuleDef_HEAD_INIT, "_core", core_doc, sizeof(core_state), core_methods, slots,         \
            core_traverse, core_clear, core_free                                                   \
    }

static struct PyModuleDef core_module = CORE_MODULE(core_slots);
static struct PyModuleDef core_module_3_12 = CORE_MODULE(core_slots_3_12);

PyMODINIT_FUNC PyInit__core(void) {
    return PyModuleDef_Init(Py_Version >= 0x030C0000 ? &core_module_3_12 : &core_module);
}
