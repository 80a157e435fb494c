/* _core: confiture.h as a CPython extension, for the stable ABI of Python 3.11.
 *
 * Called with a list alone, build_schema() and hash_files() give the bytes of the Rust module that
 * they replace. schema() and digest() give those of the Python tool, and so do the two others when
 * they are called with keywords. All that a module needs is in its state, so that each interpreter
 * has its own. Files are read without the GIL. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* The GIL alone guards the module's state: see workers.h. An interpreter without a GIL that can
 * load this extension switches its GIL on, since the module does not declare Py_mod_gil. */
#if defined(Py_GIL_DISABLED)
#error "confiture_native._core needs the GIL: on a free-threaded Python use the plain package"
#endif

#define CONFITURE_IMPLEMENTATION
#define CONFITURE_STATIC
#define CONFITURE_NO_MMAP
#include "confiture.h"

#include "arguments.h"
#include "errors.h"
#include "running.h"
#include "library.h"
#if defined(_WIN32)
#include "core_fallback.h"
#else
#include "core.h"
#endif
#include "docs.h"

/* ---- what Python calls ---- */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The bytes of the Python tool: a str, or a Schema if options->no_digest is not set. */
static PyObject *schema_of(PyObject *module, PyObject *list, const schema_keywords *keywords,
                           PyObject *threads_value, confiture_build_options *options) {
    confiture_header header;
    PyObject *result;
    strings paths;
    size_t threads;
    if (!parse_threads(threads_value, &threads) || !parse_schema(keywords, options, &header) ||
        !strings_from(&paths, list, "files", false))
        return NULL;
    result = library_build(PyModule_GetState(module), &paths, keywords->base_dir, options, threads);
    strings_free(&paths);
    return result;
}

static PyObject *build_schema(PyObject *module, PyObject *const *args, Py_ssize_t count,
                              PyObject *kwnames) {
    static const char *const names[] = {"files",  "threads",     "base_dir", "style", "template",
                                        "header", "schema_only", "check",    NULL};
    PyObject *values[COUNT(names) - 1] = {NULL}, *result;
    strings paths;
    size_t threads, i;
    bool core = true;
    if (!parse_call("build_schema", args, count, kwnames, names, values)) return NULL;
    for (i = 2; i < COUNT(values); i++) core = core && values[i] == NULL;
    if (!core) {
        schema_keywords keywords = {values[2], values[3], values[4],
                                    values[5], values[6], values[7]};
        confiture_build_options options;
        memset(&options, 0, sizeof(options));
        options.check = CONFITURE_CHECK_NONE;
        options.no_digest = keywords.header == NULL;
        return schema_of(module, values[0], &keywords, values[1], &options);
    }
    if (!parse_threads(values[1], &threads) || !strings_from(&paths, values[0], "files", true))
        return NULL;
    if (paths.count == 0) result = PyUnicode_FromStringAndSize("\n", 1);
    else result = core_build(PyModule_GetState(module), &paths, threads);
    strings_free(&paths);
    return result;
}

static PyObject *schema(PyObject *module, PyObject *const *args, Py_ssize_t count,
                        PyObject *kwnames) {
    static const char *const names[] = {"files",       "base_dir", "style",   "template", "header",
                                        "schema_only", "check",    "threads", NULL};
    PyObject *values[COUNT(names) - 1] = {NULL};
    if (!parse_call("schema", args, count, kwnames, names, values)) return NULL;
    {
        schema_keywords keywords = {values[1], values[2], values[3],
                                    values[4], values[5], values[6]};
        confiture_build_options options;
        memset(&options, 0, sizeof(options));
        return schema_of(module, values[0], &keywords, values[7], &options);
    }
}

/* what: the keyword that gives the kind. */
static PyObject *digest_of(PyObject *module, PyObject *list, PyObject *base_dir, const char *what,
                           PyObject *kind_value, PyObject *threads_value) {
    PyObject *result;
    strings paths;
    size_t threads;
    int kind = CONFITURE_DIGEST_STREAM;
    if (!parse_threads(threads_value, &threads) ||
        !parse_word(what, kind_value, digest_words, &kind) ||
        !strings_from(&paths, list, "files", false))
        return NULL;
    result = library_hash(PyModule_GetState(module), &paths, base_dir, (confiture_digest_kind)kind,
                          threads);
    strings_free(&paths);
    return result;
}

static PyObject *hash_files(PyObject *module, PyObject *const *args, Py_ssize_t count,
                            PyObject *kwnames) {
    static const char *const names[] = {"files", "threads", "base_dir", "digest", NULL};
    PyObject *values[COUNT(names) - 1] = {NULL}, *result;
    strings paths;
    size_t threads;
    if (!parse_call("hash_files", args, count, kwnames, names, values)) return NULL;
    if (values[2] != NULL || values[3] != NULL)
        return digest_of(module, values[0], values[2], "digest", values[3], values[1]);
    if (!parse_threads(values[1], &threads) || !strings_from(&paths, values[0], "files", true))
        return NULL;
    result = core_hash(PyModule_GetState(module), &paths, threads);
    strings_free(&paths);
    return result;
}

static PyObject *digest(PyObject *module, PyObject *const *args, Py_ssize_t count,
                        PyObject *kwnames) {
    static const char *const names[] = {"files", "kind", "base_dir", "threads", NULL};
    PyObject *values[COUNT(names) - 1] = {NULL};
    if (!parse_call("digest", args, count, kwnames, names, values)) return NULL;
    return digest_of(module, values[0], values[2], "kind", values[1], values[3]);
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

/* One directory, or an iterable of several: a new list. */
static PyObject *directories_from(core_state *state, PyObject *value) {
    PyObject *list;
    int single = PyUnicode_Check(value) || is_path_like(value);
    if (!single) single = PyObject_IsInstance(value, state->directory);
    if (single < 0) return NULL;
    if (!single) return copy_iterable(value, "directories");
    list = PyList_New(1);
    if (list != NULL) PyList_SetItem(list, 0, Py_NewRef(value));
    return list;
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
    sequence = directories_from(PyModule_GetState(module), values[0]);
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
    {"schema", FAST(schema), schema_doc},
    {"digest", FAST(digest), digest_doc},
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

/* What the state holds, and where it comes from. */
static const struct {
    const char *module, *name;
    size_t offset;
} core_imports[] = {
    {"confiture_native.types", "Directory", offsetof(core_state, directory)},
    {"confiture_native.types", "Entry", offsetof(core_state, entry)},
    {"confiture_native.types", "Finding", offsetof(core_state, finding)},
    {"confiture_native.types", "Schema", offsetof(core_state, schema)},
    {"confiture_native.types", "ConfitureError", offsetof(core_state, error)},
    {"confiture_native.types", "encoding_error", offsetof(core_state, encoding_error)},
    {"confiture_native.types", "no_files", offsetof(core_state, no_files)},
    {"confiture_native._fallback", "decoded", offsetof(core_state, decoded)},
    {"confiture_native._fallback", "core_build", offsetof(core_state, core_build)},
    {"confiture_native._fallback", "core_hash", offsetof(core_state, core_hash)},
    {"threading", "main_thread", offsetof(core_state, main_thread)},
    {"os.path", "isdir", offsetof(core_state, is_directory)},
};

static PyObject **core_import(core_state *state, size_t i) {
    return (PyObject **)(void *)((char *)state + core_imports[i].offset);
}

static int core_exec(PyObject *module) {
    core_state *state = PyModule_GetState(module);
    size_t i;
    for (i = 0; i < COUNT(core_imports); i++) {
        PyObject *object = import_name(core_imports[i].module, core_imports[i].name);
        if (object == NULL) return -1;
        *core_import(state, i) = object;
    }
    if (PyModule_AddStringConstant(module, "version", confiture_version()) != 0 ||
        PyModule_AddStringConstant(module, "sha256_kernel", confiture_sha256_kernel()) != 0)
        return -1;
    return 0;
}

static int core_traverse(PyObject *module, visitproc visit, void *arg) {
    core_state *state = PyModule_GetState(module);
    size_t i;
    for (i = 0; i < COUNT(core_imports); i++) Py_VISIT(*core_import(state, i));
    return 0;
}

static int core_clear(PyObject *module) {
    core_state *state = PyModule_GetState(module);
    size_t i;
    for (i = 0; i < COUNT(core_imports); i++) Py_CLEAR(*core_import(state, i));
    return 0;
}

static void core_free(void *module) {
    core_state *state = PyModule_GetState(module);
    (void)core_clear(module);
    state_free(state);
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
