/* ---- os/win32_path.c: errors and paths on Windows ---- */

#if defined(_WIN32)

#if !defined(WIN32_LEAN_AND_MEAN)
#define WIN32_LEAN_AND_MEAN /* else the user's winsock2.h, if included later, fails to compile */
#define CFTI_LEAN
#endif
#if !defined(NOMINMAX)
#define NOMINMAX
#define CFTI_NOMINMAX
#endif
#include <windows.h>
#if defined(CFTI_LEAN)
#undef WIN32_LEAN_AND_MEAN
#endif
#if defined(CFTI_NOMINMAX)
#undef NOMINMAX
#endif

#if _WIN32_WINNT < 0x0602
#error "confiture.h needs Windows 8 or later: define _WIN32_WINNT as 0x0602 or more"
#endif

static const cfti_os_file cfti_os_cwd = {NULL, NULL};
#define CFTI_OS_CWD cfti_os_cwd

/* ---- errors ---- */

#define CFTI_OS_NO_MEMORY ((int)ERROR_NOT_ENOUGH_MEMORY)
#define CFTI_OS_EXISTS ((int)ERROR_FILE_EXISTS)
#define CFTI_OS_NOT_DIRECTORY ((int)ERROR_DIRECTORY)
#define CFTI_OS_IS_DIRECTORY 336 /* ERROR_DIRECTORY_NOT_SUPPORTED, which mingw-w64 lacks */
#define CFTI_OS_LINK_LOOP ((int)ERROR_CANT_RESOLVE_FILENAME)
#define CFTI_OS_NO_ACCESS ((int)ERROR_ACCESS_DENIED)
#define CFTI_OS_NO_LINK ((int)ERROR_NOT_A_REPARSE_POINT)
#define CFTI_OS_NO_DEVICE ((int)ERROR_CANT_ACCESS_FILE) /* as of a socket */
#define CFTI_OS_NO_BENEATH ((int)ERROR_CALL_NOT_IMPLEMENTED)
#define CFTI_OS_LEAVES ((int)ERROR_NOT_SAME_DEVICE)
#define CFTI_OS_NAME_TOO_LONG ((int)ERROR_FILENAME_EXCED_RANGE)

/* An unreachable server or share is not among them: it may exist. */
static bool cfti_os_is_absent(int error) {
    return error == (int)ERROR_FILE_NOT_FOUND || error == (int)ERROR_PATH_NOT_FOUND;
}

/* No file has a name that Windows refuses. */
static bool cfti_os_is_no_name(int error) {
    return error == CFTI_OS_NAME_TOO_LONG || error == (int)ERROR_INVALID_NAME ||
           error == (int)ERROR_BAD_PATHNAME || error == (int)ERROR_NO_UNICODE_TRANSLATION;
}

/* Why the last call failed: never 0, which would mean success. */
static int cfti_os_last_error(void) {
    DWORD error = GetLastError();
    if (error == ERROR_OUTOFMEMORY) return CFTI_OS_NO_MEMORY;
    return error != 0 ? (int)error : (int)ERROR_GEN_FAILURE;
}

static const char *cfti_os_error_text(int os_error) {
    switch ((DWORD)os_error) {
    case ERROR_ACCESS_DENIED: return "permission denied";
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND: return "no such file or directory";
    case ERROR_BAD_NETPATH:
    case ERROR_BAD_NET_NAME: return "no such server or share";
    case ERROR_DIRECTORY: return "not a directory";
    case (DWORD)CFTI_OS_IS_DIRECTORY: return "is a directory";
    case ERROR_FILE_EXISTS:
    case ERROR_ALREADY_EXISTS: return "already exists";
    case ERROR_FILENAME_EXCED_RANGE: return "file name too long";
    case ERROR_INVALID_NAME:
    case ERROR_BAD_PATHNAME: return "not a valid file name";
    case ERROR_NO_UNICODE_TRANSLATION: return "the file name is not valid UTF-8";
    case ERROR_CANT_RESOLVE_FILENAME: return "too many levels of symbolic links";
    case ERROR_SHARING_VIOLATION: return "in use by another process";
    case ERROR_LOCK_VIOLATION: return "locked by another process";
    case ERROR_USER_MAPPED_FILE: return "mapped by another process";
    case ERROR_TOO_MANY_OPEN_FILES: return "too many open files in this process";
    case ERROR_DISK_FULL:
    case ERROR_HANDLE_DISK_FULL: return "no space left on device";
    case 1295: /* ERROR_DISK_QUOTA_EXCEEDED, the same */ return "disk quota exceeded";
    case ERROR_FILE_TOO_LARGE: return "file too large";
    case ERROR_WRITE_PROTECT: return "read-only file system";
    case ERROR_IO_DEVICE:
    case ERROR_CRC:
    case ERROR_READ_FAULT:
    case ERROR_WRITE_FAULT: return "input/output error";
    case ERROR_BROKEN_PIPE:
    case ERROR_NO_DATA: return "broken pipe";
    case ERROR_NOT_ENOUGH_MEMORY: return "out of memory";
    case ERROR_BUSY: return "device or resource busy";
    case ERROR_NOT_READY: return "device not ready";
    case ERROR_NOT_SAME_DEVICE: return "on another file system";
    case ERROR_CANT_ACCESS_FILE: return "no such device or address";
    case ERROR_NOT_SUPPORTED:
    case ERROR_INVALID_FUNCTION: return "not supported";
    case ERROR_INVALID_PARAMETER: return "invalid argument";
    case ERROR_INVALID_HANDLE: return "bad file handle";
    default: return NULL;
    }
}

/* ---- names: UTF-8 in the library, UTF-16 in the system ---- */

/* Windows allows any 16-bit units in a name. An unpaired surrogate becomes the three bytes that
 * UTF-8 would have for it but forbids. So the library lists, matches and opens such a name like any
 * other, and refuses it as invalid UTF-8 only as part of a schema. */
static bool cfti_os_is_half(const uint8_t *p, size_t n) {
    return n >= 3 && p[0] == 0xED && p[1] >= 0xA0 && p[1] <= 0xBF && (p[2] & 0xC0) == 0x80;
}

/* Turns UTF-16 into UTF-8 with a NUL, and "\" into "/". */
static int cfti_os_narrow(const wchar_t *text, size_t size, char *out, size_t capacity) {
    size_t i, n = 0;
    for (i = 0; i < size; i++) {
        uint32_t c = (uint16_t)text[i];
        if (c >= 0xD800 && c < 0xDC00 && i + 1 < size && (uint16_t)text[i + 1] >= 0xDC00 &&
            (uint16_t)text[i + 1] < 0xE000) {
            c = 0x10000 + ((c - 0xD800) << 10) + ((uint32_t)(uint16_t)text[i + 1] - 0xDC00);
            i++;
        }
        if (c == '\\') c = '/';
        if (n + 5 > capacity) return (int)ERROR_FILENAME_EXCED_RANGE;
        if (c < 0x80) {
            out[n++] = (char)c;
            continue;
        }
        if (c < 0x800) {
            out[n++] = (char)(0xC0 | c >> 6);
        } else {
            if (c < 0x10000) {
                out[n++] = (char)(0xE0 | c >> 12);
            } else {
                out[n++] = (char)(0xF0 | c >> 18);
                out[n++] = (char)(0x80 | (c >> 12 & 0x3F));
            }
            out[n++] = (char)(0x80 | (c >> 6 & 0x3F));
        }
        out[n++] = (char)(0x80 | (c & 0x3F));
    }
    out[n] = '\0';
    return 0;
}

#define CFTI_OS_WIDE 32768      /* 16-bit units of the longest path, with its NUL */
#define CFTI_OS_PATH_STEP 32767 /* bytes: one call takes a path of any length */

/* A path for the system: \\?\, a root, and literal components. Without that prefix Windows
 * limits a path to 260 characters, drops dots and spaces at a name's end, and opens a device
 * instead of the file aux.sql. */
typedef struct cfti_wide {
    wchar_t *text;
    size_t size, capacity;
    size_t root;        /* length of the part that ".." cannot remove */
    bool is_device;     /* the path names a device */
    wchar_t usual[512]; /* a longer path is on the heap: 64 KiB are too much for a stack */
} cfti_wide;

static void cfti_wide_init(cfti_wide *wide) {
    wide->text = wide->usual;
    wide->size = wide->root = 0;
    wide->capacity = CFTI_COUNT(wide->usual);
    wide->is_device = false;
}

static void cfti_wide_close(cfti_wide *wide) {
    if (wide->text != wide->usual) (void)HeapFree(GetProcessHeap(), 0, wide->text);
}

/* Makes the capacity that of the longest path. */
static int cfti_wide_grow(cfti_wide *wide) {
    wchar_t *text;
    if (wide->capacity == CFTI_OS_WIDE) return CFTI_OS_NAME_TOO_LONG;
    text = (wchar_t *)HeapAlloc(GetProcessHeap(), 0, CFTI_OS_WIDE * sizeof(wchar_t));
    if (text == NULL) return CFTI_OS_NO_MEMORY;
    memcpy(text, wide->usual, sizeof(wide->usual));
    wide->text = text;
    wide->capacity = CFTI_OS_WIDE;
    return 0;
}

/* Appends UTF-8 of one component, or of a root. */
static int cfti_wide_append(cfti_wide *wide, const char *text, size_t size) {
    size_t i = 0;
    while (i < size) {
        const uint8_t *p = (const uint8_t *)text + i;
        uint32_t code;
        size_t length = cfti_utf8_decode(p, size - i, &code);
        if (length == 0) {
            if (!cfti_os_is_half(p, size - i)) return (int)ERROR_NO_UNICODE_TRANSLATION;
            length = 3;
            code = 0xD000u | (uint32_t)(p[1] & 0x3F) << 6 | (uint32_t)(p[2] & 0x3F);
        }
        if (wide->size + (code >= 0x10000) + 2 > wide->capacity) {
            int error = cfti_wide_grow(wide);
            if (error != 0) return error;
        }
        if (code >= 0x10000) {
            code -= 0x10000;
            wide->text[wide->size++] = (wchar_t)(0xD800 + (code >> 10));
            code = 0xDC00 + (code & 0x3FF);
        }
        wide->text[wide->size++] = code == '/' ? L'\\' : (wchar_t)code;
        i += length;
    }
    wide->text[wide->size] = L'\0';
    return 0;
}

/* Appends the components of a path. ".." removes one, a link or not, as everywhere on Windows. */
static int cfti_wide_join(cfti_wide *wide, const char *path) {
    while (*path != '\0') {
        size_t n = 0;
        int error = 0;
        while (path[n] != '\0' && !cfti_os_is_slash(path[n])) n++;
        if (n == 2 && path[0] == '.' && path[1] == '.') {
            while (wide->size > wide->root && wide->text[wide->size - 1] != L'\\') wide->size--;
            if (wide->size > wide->root) wide->size--;
            wide->text[wide->size] = L'\0';
        } else if (n > 0 && !(n == 1 && path[0] == '.')) {
            /* A colon would name a stream of the file, or a drive. */
            if (memchr(path, ':', n) != NULL) return (int)ERROR_INVALID_NAME;
            if (wide->text[wide->size - 1] != L'\\') error = cfti_wide_append(wide, "/", 1);
            if (error == 0) error = cfti_wide_append(wide, path, n);
        }
        if (error != 0) return error;
        path += n;
        if (*path != '\0') path++;
    }
    return 0;
}

static bool cfti_os_is_slash(char c) { return c == '/' || c == '\\'; }

static bool cfti_os_is_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

#define CFTI_OS_ROOT_CAPACITY 1024
#define CFTI_OS_LONG_PATH SIZE_MAX /* every call takes a path, of at most CFTI_OS_WIDE */

static size_t cfti_os_root(const char *path, size_t size) {
    size_t i = 2, parts = 2;
    if (size >= 3 && cfti_os_is_letter(path[0]) && path[1] == ':' && cfti_os_is_slash(path[2]))
        return 3;
    if (size == 0 || !cfti_os_is_slash(path[0])) return 0;
    if (size < 3 || !cfti_os_is_slash(path[1]) || cfti_os_is_slash(path[2])) return 1;
    /* //server/share, //?/C: and //?/UNC/server/share */
    if (size >= 7 && path[2] == '?' && cfti_os_is_slash(path[3]) && (path[4] | 0x20) == 'u' &&
        (path[5] | 0x20) == 'n' && (path[6] | 0x20) == 'c' &&
        (size == 7 || cfti_os_is_slash(path[7])))
        parts = 4;
    for (; parts > 0 && i < size; parts--) {
        while (i < size && !cfti_os_is_slash(path[i])) i++;
        while (i < size && cfti_os_is_slash(path[i])) i++;
    }
    return i < CFTI_OS_ROOT_CAPACITY - 1 ? i : 0;
}

static int cfti_os_current_directory(char *buffer, size_t capacity) {
    cfti_wide wide;
    DWORD size;
    int error = 0;
    cfti_wide_init(&wide);
    for (;;) {
        size = GetCurrentDirectoryW((DWORD)wide.capacity, wide.text);
        if (size == 0) error = cfti_os_last_error();
        if (size < wide.capacity) break;
        error = cfti_wide_grow(&wide);
        if (error != 0) break;
    }
    if (error == 0) error = cfti_os_narrow(wide.text, size, buffer, capacity);
    cfti_wide_close(&wide);
    return error;
}

static size_t cfti_os_root_text(const char *path, size_t root, char text[]) {
    size_t i, n = 0;
    char here[4096];
    if (root == 1 && cfti_os_current_directory(here, sizeof(here)) == 0) {
        path = here; /* "/x" is on the current drive */
        root = cfti_os_root(path, strlen(path));
    }
    for (i = 0; i < root; i++) {
        char c = path[i];
        if (!cfti_os_is_slash(c)) text[n++] = c;
        else if (n < 2 || text[n - 1] != '/') text[n++] = '/';
    }
    if (n > 1 && text[1] == ':' && text[0] >= 'a')
        text[0] = (char)(text[0] - 0x20); /* c:/ and C:/ are one drive */
    if (n > 0 && text[n - 1] != '/') text[n++] = '/';
    return n;
}

/* NUL, CON and so on, which Windows takes for devices in every directory: here only a name alone,
 * or after //./ */
static bool cfti_os_is_device(const char *path) {
    static const char names[] = "CON PRN AUX NUL CONIN$ CONOUT$ COM LPT ";
    const char *name;
    if (cfti_os_is_slash(path[0]) && cfti_os_is_slash(path[1]) && path[2] == '.' &&
        cfti_os_is_slash(path[3]))
        return true;
    for (name = names; *name != '\0'; name++) {
        size_t n = 0;
        while (name[n] != ' ' && (name[n] == path[n] || (name[n] | 0x20) == path[n])) n++;
        if (name[n] == ' ') {
            if (name[0] != 'L' && strncmp(name, "COM", 3) != 0) {
                if (path[n] == '\0') return true;
            } else if (path[n] >= '1' && path[n] <= '9' && path[n + 1] == '\0') {
                return true;
            }
        }
        while (*name != ' ') name++;
    }
    return false;
}

/* The path of a directory that was opened by its name in another one, from the system. */
static int cfti_wide_of_handle(cfti_wide *wide, HANDLE handle) {
    char head[CFTI_OS_ROOT_CAPACITY];
    DWORD size;
    int error = 0;
    for (;;) {
        size = GetFinalPathNameByHandleW(handle, wide->text, (DWORD)wide->capacity,
                                         FILE_NAME_NORMALIZED);
        if (size == 0) return cfti_os_last_error();
        if (size < wide->capacity) break;
        error = cfti_wide_grow(wide);
        if (error != 0) return error;
    }
    wide->size = size;
    error = cfti_os_narrow(wide->text, cfti_min(size, CFTI_OS_ROOT_CAPACITY / 3 - 2), head,
                           sizeof(head));
    wide->root = error != 0 ? 0 : cfti_min(size, cfti_os_root(head, strlen(head)));
    return error;
}

/* The whole path of `path` below directory `at`. After an error, too, cfti_wide_close() must be
 * called. */
static int cfti_wide_path(cfti_wide *wide, cfti_os_file at, const char *path) {
    const char *first = at.path != NULL ? at.path : path;
    size_t size = strlen(first), root = cfti_os_root(first, size), n;
    char here[4096], head[CFTI_OS_ROOT_CAPACITY];
    int error = 0;
    here[0] = '\0';
    cfti_wide_init(wide);
    wide->is_device = at.handle == NULL && cfti_os_is_device(path);
    if (at.handle != NULL && at.path == NULL) {
        error = cfti_wide_of_handle(wide, at.handle);
        return error != 0 ? error : cfti_wide_join(wide, path);
    }
    if (wide->is_device) {
        if (root == 0) error = cfti_wide_append(wide, "//./", 4);
        return error != 0 ? error : cfti_wide_append(wide, path, size);
    }
    if (root == 0) {
        error = cfti_os_current_directory(here, sizeof(here));
        if (error != 0) return error;
        root = cfti_os_root(here, strlen(here));
        n = cfti_os_root_text(here, root, head);
        memmove(here, here + root, strlen(here + root) + 1);
        root = 0;
    } else {
        n = cfti_os_root_text(first, root, head);
    }
    if (n < 3) return (int)ERROR_INVALID_NAME; /* no root could be found */
    if (head[0] != '/') {
        error = cfti_wide_append(wide, "//?/", 4);
    } else if (head[2] != '?') {
        error = cfti_wide_append(wide, "//?/UNC", 7);
    }
    if (error == 0) {
        size_t skip = head[0] == '/' && head[2] != '?'; /* one of the two slashes */
        error = cfti_wide_append(wide, head + skip, n - skip);
    }
    wide->root = wide->size;
    if (error == 0) error = cfti_wide_join(wide, here);
    if (error == 0) error = cfti_wide_join(wide, first + root);
    if (error == 0 && at.path != NULL) error = cfti_wide_join(wide, path);
    return error;
}

#endif /* _WIN32 */
