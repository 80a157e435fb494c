/* core.h: the Rust module's two functions, on the reader. */

#ifndef CONFITURE_NATIVE_CORE_H
#define CONFITURE_NATIVE_CORE_H

#include "reader.h"
#include "running.h"

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
    case READ_NOT_FILE: raise_not_file(call->state, path); break;
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
            name_decode_error(call->state, PyList_GetItem(call->paths->texts, (Py_ssize_t)i));
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

#endif
