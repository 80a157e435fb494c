"""The ways in which tests/compile/compile.py includes the header.

A way is the list of a program's files, a file the list of the pieces that it is made of.
"""

# Prints the number of files and the digest of the directory that is named. Good C99 and C++11.
DEMO = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(CONFITURE_NO_ALLOC)
static void *my_alloc(void *ctx, size_t size) { (void)ctx; return malloc(size); }
static void *my_realloc(void *ctx, void *block, size_t old_size, size_t size) {
    (void)ctx;
    (void)old_size;
    return realloc(block, size);
}
static void my_free(void *ctx, void *block, size_t size) { (void)ctx; (void)size; free(block); }
#endif
static int demo(const char *directory) {
    confiture_files *files = NULL;
    confiture_schema schema;
    confiture_error error;
    confiture_find_options find;
    confiture_build_options build;
#if defined(CONFITURE_NO_ALLOC)
    confiture_allocator mine = {my_alloc, my_realloc, my_free, NULL};
#endif
    memset(&schema, 0, sizeof schema);
    memset(&find, 0, sizeof find);
    memset(&build, 0, sizeof build);
#if defined(CONFITURE_NO_ALLOC)
    find.run.allocator = build.run.allocator = &mine;
#endif
    build.run.threads = 2;
    build.run.io = CONFITURE_IO_MMAP;
    if (confiture_find(&files, directory, &find, &error) ||
        confiture_build(&schema, files, &build, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    printf("%u %s\n", (unsigned)schema.file_count, schema.digest_hex);
    confiture_schema_free(&schema);
    confiture_files_free(files);
    return 0;
}
"""
C_HEADERS = """assert ctype errno fenv float inttypes limits locale math setjmp signal stdarg
    stdbool stddef stdint stdio stdlib string time wchar wctype"""
POSIX_HEADERS = """dirent dlfcn fcntl grp poll pthread pwd sched semaphore strings sys/mman
    sys/resource sys/select sys/stat sys/syscall sys/time sys/types sys/wait unistd"""


def includes(names):
    return "".join(f"#include <{name}.h>\n" for name in names.split())


PIECES = {
    "declare": "#include HEADER\n",
    "implement": "#define CONFITURE_IMPLEMENTATION\n#include HEADER\n",
    "stop": "#undef CONFITURE_IMPLEMENTATION\n",
    # After these no feature-test macro can change anything. In C++ the three in the middle are
    # something else or nothing at all, and tcc knows no complex numbers.
    "libc": "#if !defined(__cplusplus) && !defined(__TINYC__)\n"
    + includes("complex tgmath iso646")
    + "#endif\n"
    + includes(C_HEADERS)
    + "#if !defined(_WIN32)\n"
    + includes(POSIX_HEADERS)
    + "#endif\n",
    "stdio": "#include <stdio.h>\n",
    "main": DEMO + "int main(int c, char **v) { return c == 2 ? demo(v[1]) : 2; }\n",
    "early": "static const char *early(void) { return confiture_version(); }\n",
    "main-early": DEMO
    + "int main(int c, char **v) { return c == 2 && early()[0] != 0 ? demo(v[1]) : 2; }\n",
    "other": DEMO
    + "int other(const char *directory);\n"
    + "int other(const char *directory) { return demo(directory); }\n",
    "main-other": DEMO
    + "int other(const char *directory);\n"
    + "int main(int c, char **v) { return c == 2 ? demo(v[1]) + other(v[1]) : 2; }\n",
    "main-unused": '#include <stdio.h>\nint main(void) { puts("unused"); return 0; }\n',
    "static": "#define CONFITURE_STATIC\n",
    "no-threads": "#define CONFITURE_NO_THREADS\n",
    "no-mmap": "#define CONFITURE_NO_MMAP\n",
    "no-uring": "#define CONFITURE_NO_URING\n",
    "no-simd": "#define CONFITURE_NO_SIMD\n",
    "no-alloc": "#define CONFITURE_NO_ALLOC\n",
    "own-malloc": "#include <stdlib.h>\n#define CONFITURE_MALLOC(size) calloc(1, size)\n"
    "#define CONFITURE_REALLOC(block, size) realloc(block, size)\n"
    "#define CONFITURE_FREE(block) free(block)\n",
    # As of windows.h and many a project.
    "min-max": "#define min(a, b) ((a) < (b) ? (a) : (b))\n"
    "#define max(a, b) ((a) > (b) ? (a) : (b))\n",
    # What windows.h and its kin define as nothing, or as something else. Before windows.h an empty
    # CONST would take "const" from its own declarations.
    "bare-words": "".join(f"#define {word}\n" for word in "near far IN OUT OPTIONAL".split())
    + "#if !defined(_WIN32)\n#define CONST\n#endif\n"
    + "#define small char\n#define hyper long\n#define interface struct\n",
    # As an override header for an allocator does, and checked to be what the library calls.
    "allocator-macros": "#include <stdlib.h>\nstatic int counted;\n"
    "static void *my_malloc(size_t n) { counted++; return malloc(n); }\n"
    "static void *my_realloc(void *p, size_t n) { counted++; return realloc(p, n); }\n"
    "static void my_free(void *p) { free(p); }\n"
    "#define malloc(n) my_malloc(n)\n#define realloc(p, n) my_realloc(p, n)\n"
    "#define calloc(n, size) forbidden_calloc(n, size)\n#define free(p) my_free(p)\n",
    "main-counted": DEMO
    + "int main(int c, char **v) {\n"
    + "    int status = c == 2 ? demo(v[1]) : 2;\n"
    + "    return counted == 0 ? 3 : status;\n}\n",
    "windows": "#include <windows.h>\n",
    # Its own of these must be as the user has them; libstdc++ defines NOMINMAX for everybody.
    "windows-own": "#if defined(WIN32_LEAN_AND_MEAN) || "
    "(defined(NOMINMAX) && !defined(__cplusplus))\n"
    "#error left behind\n#endif\n",
    "lean": "#define WIN32_LEAN_AND_MEAN\n#define NOMINMAX\n",
    "lean-kept": "#if !defined(WIN32_LEAN_AND_MEAN) || !defined(NOMINMAX)\n"
    "#error taken away\n#endif\n",
    "winsock": "#include <winsock2.h>\n",
    "windows-8": "#define _WIN32_WINNT 0x0602\n",
    # Another POSIX system, as far as this one can be one.
    "no-linux": "#undef __linux__\n",
    "gnu": "#define _GNU_SOURCE 1\n",
    "posix": "#define _POSIX_C_SOURCE 200809L\n",
    "xopen": "#define _XOPEN_SOURCE 700\n",
    "large-files": "#define _FILE_OFFSET_BITS 64\n",
}
WAYS = {
    "first": ["implement main"],
    "after-stdio": ["stdio implement main"],
    "late": ["libc implement main"],
    "declare-then-implement": ["declare early implement main-early"],
    "declare-late-implement": ["declare libc early implement main-early"],
    "twice": ["declare declare implement declare stop declare implement main"],
    "two-files": ["declare main", "implement"],
    "static": ["static implement main"],
    "static-in-two": ["static implement other", "static implement main-other"],
    "static-unused": ["static implement main-unused"],
    "static-declare-then-implement": ["static declare early implement main-early"],
    "no-threads": ["no-threads implement main"],
    "no-mmap": ["no-mmap implement main"],
    "no-uring": ["no-uring implement main"],
    "no-simd": ["no-simd implement main"],
    "no-alloc": ["no-alloc implement main"],
    "no-anything": ["no-threads no-mmap no-uring no-simd no-alloc implement main"],
    "own-malloc": ["own-malloc implement main"],
    "min-max": ["min-max bare-words implement main"],
    "allocator-macros": ["allocator-macros implement main-counted"],
    "no-linux": ["gnu large-files no-linux libc implement main"],
    "_GNU_SOURCE": ["gnu libc implement main"],
    "_POSIX_C_SOURCE": ["posix libc implement main"],
    "_XOPEN_SOURCE": ["xopen implement main"],
    "_FILE_OFFSET_BITS": ["large-files implement main"],
    "windows-before": ["windows implement windows-own main"],
    "windows-after": ["implement windows-own windows winsock main"],
    "windows-lean": ["lean windows implement lean-kept main"],
    "windows-8": ["windows-8 implement main"],
}
# g++ and clang++ define _GNU_SOURCE themselves.
C_ONLY = {"no-linux", "_GNU_SOURCE", "_POSIX_C_SOURCE", "_XOPEN_SOURCE"}
WINDOWS_ONLY = {"windows-before", "windows-after", "windows-lean", "windows-8"}
# Without -pthread.
NO_THREADS = {"no-threads", "no-anything"}
# Even --all asks these alone of the standards between the oldest and the newest.
MIDDLE = {"first", "late", "declare-late-implement", "static-in-two"}
# In a quick run tcc, which takes no time, is asked all ways, and the others what they warn of:
# these, of which only those in QUICK_RUN are made programs of.
QUICK = {
    "gcc": {
        "declare-late-implement",
        "twice",
        "two-files",
        "static-unused",
        "allocator-macros",
        "min-max",
    },
    # Which sees unused functions without making a program.
    "clang": {"no-anything", "no-linux"},
    "clang++": {"declare-then-implement", "twice", "static-in-two", "no-anything"},
}
QUICK_RUN = {"two-files", "static-in-two", "static-unused"}


def text(pieces):
    return "".join(PIECES[piece] for piece in pieces.split())
