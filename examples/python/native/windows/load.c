/* load.c: loads _core.pyd as Python would, and prints the names of its module and functions. */

#include <Python.h>

#include <stdio.h>
#include <windows.h>

typedef PyModuleDef *(*init_function)(void);

int main(void) {
    HMODULE library = LoadLibraryA("_core.pyd");
    FARPROC found = library == NULL ? NULL : GetProcAddress(library, "PyInit__core");
    const PyModuleDef *module;
    const PyMethodDef *method;
    if (found == NULL) {
        fprintf(stderr, "error %lu\n", (unsigned long)GetLastError());
        return 1;
    }
    module = ((init_function)(void (*)(void))found)();
    printf("%s:", module->m_name);
    for (method = module->m_methods; method->ml_name != NULL; method++)
        printf(" %s", method->ml_name);
    return 0;
}
