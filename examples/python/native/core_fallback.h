/* core_fallback.h: the Rust module's two functions where the reader's system calls are not: on
 * Windows, by the functions in Python. */

#ifndef CONFITURE_NATIVE_CORE_FALLBACK_H
#define CONFITURE_NATIVE_CORE_FALLBACK_H

#include "errors.h"

static PyObject *core_hash(core_state *state, const strings *paths, size_t threads) {
    (void)threads;
    return PyObject_CallFunctionObjArgs(state->core_hash, paths->texts, NULL);
}

static PyObject *core_build(core_state *state, const strings *paths, size_t threads) {
    (void)threads;
    return PyObject_CallFunctionObjArgs(state->core_build, paths->texts, NULL);
}

#endif
