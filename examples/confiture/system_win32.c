/* system_win32.c: the system calls of the command on Windows. */
#include "command.h"

#if defined(_WIN32)

#include <windows.h>

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <limits.h>
#include <shellapi.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static volatile LONG signal_held, signal_seen;
static UINT code_page; /* of the console before system_start() set UTF-8 */

static void restore_code_page(void) { (void)SetConsoleOutputCP(code_page); }

/* Runs on its own thread. While a temporary file exists, the first signal cancels the work; the
 * next one kills. */
static BOOL WINAPI on_signal(DWORD event) {
    int number = event == CTRL_C_EVENT ? SIGINT : event == CTRL_BREAK_EVENT ? SIGBREAK : SIGTERM;
    if (!signal_held || InterlockedExchange(&signal_seen, number) != 0) {
        if (code_page != 0) restore_code_page();
        ExitProcess((UINT)(128 + number));
    }
    /* After the window is closed, the process ends when this function returns. */
    if (number == SIGTERM) Sleep(5000);
    return TRUE;
}

/* UTF-16 to UTF-8. The caller frees it. */
static char *narrow(const wchar_t *wide) {
    int size = WideCharToMultiByte(CP_UTF8, 0, wide, -1, NULL, 0, NULL, NULL);
    char *text = (char *)allocate(size > 0 ? (size_t)size : 1);
    text[0] = '\0';
    (void)WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, size, NULL, NULL);
    return text;
}

/* A path of any length for the system. The caller frees it. NULL: it is not UTF-8. */
static wchar_t *widen(const char *path) {
    int size = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, NULL, 0);
    wchar_t *given, *whole;
    size_t at = 4;
    DWORD length;
    if (size <= 0) return NULL;
    given = (wchar_t *)allocate((size_t)size * sizeof(wchar_t));
    (void)MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, given, size);
    length = GetFullPathNameW(given, 0, NULL, NULL);
    whole = (wchar_t *)allocate((length + 9) * sizeof(wchar_t));
    length = GetFullPathNameW(given, length + 1, whole + at, NULL);
    free(given);
    if (length < 2 || (whole[at] == L'\\' && whole[at + 1] == L'\\')) {
        /* The path of a device or a server stays as it is. */
        memmove(whole, whole + at, (length + 1) * sizeof(wchar_t));
    } else {
        memcpy(whole, L"\\\\?\\", 4 * sizeof(wchar_t));
    }
    return whole;
}

void system_start(int *argc, char ***argv) {
    DWORD mode;
    int i, count = 0;
    /* The argv of main() is in a code page, and mingw-w64 may have expanded its patterns. */
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &count);
    if (wide != NULL) {
        char **list = (char **)allocate(((size_t)count + 1) * sizeof(char *));
        for (i = 0; i < count; i++) list[i] = narrow(wide[i]);
        list[count] = NULL;
        *argc = count;
        *argv = list;
        LocalFree(wide);
    }
    (void)_setmode(_fileno(stdin), _O_BINARY);
    (void)_setmode(_fileno(stdout), _O_BINARY);
    (void)_setmode(_fileno(stderr), _O_BINARY);
    if (GetConsoleMode(GetStdHandle(STD_OUTPUT_HANDLE), &mode) ||
        GetConsoleMode(GetStdHandle(STD_ERROR_HANDLE), &mode)) {
        code_page = GetConsoleOutputCP();
        if (code_page != 0 && SetConsoleOutputCP(CP_UTF8)) (void)atexit(restore_code_page);
    }
    (void)SetConsoleCtrlHandler(on_signal, TRUE);
}

FILE *system_open(const char *path) {
    wchar_t *wide = widen(path);
    FILE *file;
    if (wide == NULL) {
        errno = EINVAL;
        return NULL;
    }
    file = _wfopen(wide, L"rb");
    free(wide);
    return file;
}

int system_read_input(void *data, size_t capacity, size_t *size) {
    int n = _read(_fileno(stdin), data, (unsigned)(capacity < INT_MAX ? capacity : INT_MAX));
    *size = n > 0 ? (size_t)n : 0;
    return n < 0 ? errno : 0;
}

void system_hold_signals(void) { signal_held = 1; }

static bool is_slash(char c) { return c == '/' || c == '\\'; }

/* The first `size` bytes of a path, for the system. */
static wchar_t *widen_start(const char *path, size_t size) {
    char *start = (char *)allocate(size + 1);
    wchar_t *wide;
    memcpy(start, path, size);
    start[size] = '\0';
    wide = widen(start);
    free(start);
    return wide;
}

bool system_make_directory(const char *path, size_t *made) {
    size_t i, length = strlen(path);
    *made = 0;
    for (i = 1; i <= length; i++) {
        wchar_t *wide;
        DWORD error;
        if (i < length && (!is_slash(path[i]) || is_slash(path[i - 1]) || path[i - 1] == ':'))
            continue;
        wide = widen_start(path, i);
        if (wide == NULL) error = ERROR_INVALID_NAME;
        else error = CreateDirectoryW(wide, NULL) ? 0 : GetLastError();
        if (error != 0 && wide != NULL && GetFileAttributesW(wide) != INVALID_FILE_ATTRIBUTES)
            error = ERROR_ALREADY_EXISTS; /* a drive, a share */
        free(wide);
        if (error == 0 && *made == 0) *made = i;
        if (error == 0 || error == ERROR_ALREADY_EXISTS) continue;
        system_unmake_directory(path, *made);
        errno = error == ERROR_ACCESS_DENIED ? EACCES : ENOENT;
        return false;
    }
    return true;
}

void system_unmake_directory(const char *path, size_t made) {
    size_t i;
    for (i = strlen(path); made > 0 && i >= made; i--) {
        wchar_t *wide;
        if (path[i] != '\0' && !is_slash(path[i])) continue;
        wide = widen_start(path, i);
        if (wide != NULL) (void)RemoveDirectoryW(wide);
        free(wide);
    }
}

int system_signal(void) { return (int)signal_seen; }

void system_end_of_pipe(void) { _Exit(EXIT_ERROR); }

double system_seconds(void) { return (double)GetTickCount64() / 1e3; }

bool system_stderr_is_terminal(void) { return _isatty(_fileno(stderr)) != 0; }

bool system_stdout_has_colour(void) {
    HANDLE console = GetStdHandle(STD_OUTPUT_HANDLE);
    DWORD mode;
    return GetConsoleMode(console, &mode) &&
           SetConsoleMode(console, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
}

enum system_kind system_kind(const char *path) {
    wchar_t *wide = widen(path);
    DWORD attributes = wide != NULL ? GetFileAttributesW(wide) : INVALID_FILE_ATTRIBUTES;
    DWORD error = GetLastError();
    free(wide);
    if (attributes != INVALID_FILE_ATTRIBUTES)
        return attributes & FILE_ATTRIBUTE_DIRECTORY ? SYSTEM_DIRECTORY : SYSTEM_FILE;
    errno = error == ERROR_ACCESS_DENIED ? EACCES : EINVAL;
    return error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND ? SYSTEM_MISSING
                                                                          : SYSTEM_UNKNOWN;
}

/* The identity of a file. */
static bool identify(const char *path, BY_HANDLE_FILE_INFORMATION *info) {
    wchar_t *wide = widen(path);
    HANDLE file = INVALID_HANDLE_VALUE;
    bool known;
    if (wide != NULL)
        file = CreateFileW(wide, FILE_READ_ATTRIBUTES,
                           FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                           OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    free(wide);
    if (file == INVALID_HANDLE_VALUE) return false;
    known = GetFileInformationByHandle(file, info) != 0;
    (void)CloseHandle(file);
    return known;
}

static bool is_same(const BY_HANDLE_FILE_INFORMATION *a, const BY_HANDLE_FILE_INFORMATION *b) {
    return a->dwVolumeSerialNumber == b->dwVolumeSerialNumber &&
           a->nFileIndexHigh == b->nFileIndexHigh && a->nFileIndexLow == b->nFileIndexLow;
}

/* Unlike on POSIX, links are not resolved. */
char *system_resolve(const char *path) {
    wchar_t *wide = widen(path);
    char *text = NULL;
    if (wide != NULL && GetFileAttributesW(wide) != INVALID_FILE_ATTRIBUTES) text = narrow(wide);
    free(wide);
    return text;
}

bool system_is_same_file(const char *a, const char *b) {
    BY_HANDLE_FILE_INFORMATION one, other;
    return identify(a, &one) && identify(b, &other) && is_same(&one, &other);
}

/* NUL, CON or a pipe: the system gives these a device path. */
bool system_is_special(const char *path) {
    wchar_t *wide = widen(path);
    bool special = wide != NULL && wcsncmp(wide, L"\\\\.\\", 4) == 0;
    free(wide);
    return special;
}

bool system_stdout_is_file(void) {
    return GetFileType(GetStdHandle(STD_OUTPUT_HANDLE)) == FILE_TYPE_DISK;
}

bool system_is_stdout(const char *path) {
    BY_HANDLE_FILE_INFORMATION out, info;
    return identify(path, &info) &&
           GetFileInformationByHandle(GetStdHandle(STD_OUTPUT_HANDLE), &out) &&
           is_same(&out, &info);
}

bool system_time(char text[32], const uint64_t *seconds) {
    FILETIME time;
    SYSTEMTIME utc, shown;
    ULARGE_INTEGER ticks; /* of 100 ns since 1601 */
    unsigned micros = 0;
    int length;
    if (seconds != NULL) {
        if (*seconds > 253402300799u) return false; /* the last of the year 9999 */
        ticks.QuadPart = (*seconds + 11644473600u) * 10000000u;
    } else {
        GetSystemTimePreciseAsFileTime(&time);
        ticks.LowPart = time.dwLowDateTime;
        ticks.HighPart = time.dwHighDateTime;
        micros = (unsigned)(ticks.QuadPart % 10000000u / 10u);
    }
    time.dwLowDateTime = ticks.LowPart;
    time.dwHighDateTime = ticks.HighPart;
    if (!FileTimeToSystemTime(&time, &utc)) return false;
    shown = utc;
    if (seconds == NULL && !SystemTimeToTzSpecificLocalTime(NULL, &utc, &shown)) return false;
    if (shown.wYear > 9999) return false;
    length = snprintf(text, 32, "%04u-%02u-%02uT%02u:%02u:%02u", shown.wYear % 10000u,
                      shown.wMonth % 100u, shown.wDay % 100u, shown.wHour % 100u,
                      shown.wMinute % 100u, shown.wSecond % 100u);
    if (micros != 0 && length > 0)
        snprintf(text + length, 32 - (size_t)length, ".%06u", micros % 1000000u);
    return true;
}

#endif /* _WIN32 */
