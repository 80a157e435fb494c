/* ---- os/win32.c: the primitives of os/os.h on Windows ---- */

#if defined(_WIN32)

/* ---- files ---- */

#define CFTI_OS_SHARE (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

static int cfti_os_open_wide(const wchar_t *path, DWORD access, DWORD disposition, DWORD flags,
                             cfti_os_file *file) {
    file->path = NULL;
    file->handle = CreateFileW(path, access, CFTI_OS_SHARE, NULL, disposition, flags, NULL);
    return file->handle == INVALID_HANDLE_VALUE ? cfti_os_last_error() : 0;
}

static int cfti_os_open(cfti_os_file at, const char *path, cfti_os_file *file) {
    cfti_wide wide;
    int error = cfti_wide_path(&wide, at, path);
    /* Reading from CON would wait for a key. */
    if (error == 0 && wide.is_device) error = CFTI_OS_NO_DEVICE;
    /* With backup semantics a directory opens too; its status shows what it is. */
    if (error == 0)
        error = cfti_os_open_wide(wide.text, GENERIC_READ, OPEN_EXISTING,
                                  FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_SEQUENTIAL_SCAN, file);
    cfti_wide_close(&wide);
    return error;
}

/* The bit of a tag that distinguishes a link from other reparse points (files in a cloud,
 * compressed files): "represents another named entity". */
#define CFTI_OS_TAG_IS_LINK 0x20000000u

static int cfti_os_open_no_link(cfti_os_file at, const char *path, cfti_os_file *file) {
    cfti_wide wide;
    FILE_ATTRIBUTE_TAG_INFO tag;
    int error = cfti_wide_path(&wide, at, path);
    if (error == 0 && wide.is_device) error = CFTI_OS_NO_DEVICE;
    if (error == 0)
        error = cfti_os_open_wide(wide.text, GENERIC_READ, OPEN_EXISTING,
                                  FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT |
                                      FILE_FLAG_SEQUENTIAL_SCAN,
                                  file);
    cfti_wide_close(&wide);
    if (error != 0) return error;
    if (!GetFileInformationByHandleEx(file->handle, FileAttributeTagInfo, &tag, sizeof(tag)))
        error = cfti_os_last_error();
    else if ((tag.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) == 0) return 0;
    else if ((tag.ReparseTag & CFTI_OS_TAG_IS_LINK) != 0) error = CFTI_OS_LINK_LOOP;
    cfti_os_close(*file);
    /* A compressed file, or one in a cloud: opening without the flag gives its bytes. */
    return error != 0 ? error : cfti_os_open(at, path, file);
}

static void cfti_os_close(cfti_os_file file) { (void)CloseHandle(file.handle); }

static int cfti_os_open_directory_at(cfti_os_file at, const char *path, cfti_os_file *directory) {
    cfti_wide wide;
    FILE_BASIC_INFO basic;
    int error = cfti_wide_path(&wide, at, path);
    if (error == 0 && wide.is_device) error = CFTI_OS_NOT_DIRECTORY;
    if (error == 0)
        error = cfti_os_open_wide(wide.text, FILE_LIST_DIRECTORY, OPEN_EXISTING,
                                  FILE_FLAG_BACKUP_SEMANTICS, directory);
    cfti_wide_close(&wide);
    if (error != 0) return error;
    if (!GetFileInformationByHandleEx(directory->handle, FileBasicInfo, &basic, sizeof(basic)))
        error = cfti_os_last_error();
    else if ((basic.FileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0) error = CFTI_OS_NOT_DIRECTORY;
    if (error != 0) cfti_os_close(*directory);
    return error;
}

static int cfti_os_open_directory(const char *path, cfti_os_file *directory) {
    int error = cfti_os_open_directory_at(CFTI_OS_CWD, path, directory);
    directory->path = path;
    return error;
}

static int cfti_os_open_place(const char *path, cfti_os_file *directory) {
    return cfti_os_open_directory(path, directory);
}

#define CFTI_OS_OPENS_BENEATH 0

/* From units of 100 ns since 1601 to seconds since 1970. */
static int64_t cfti_os_seconds(LARGE_INTEGER time, uint32_t *ns) {
    *ns = (uint32_t)(time.QuadPart % 10000000) * 100;
    return (int64_t)(time.QuadPart / 10000000) - 11644473600;
}

/* The time of the last write is certain only after the writer has closed the file. */
#define CFTI_OS_TIMES_ARE_PROMPT false

static void cfti_os_now(cfti_os_time *now) {
    FILETIME time;
    LARGE_INTEGER number;
    GetSystemTimeAsFileTime(&time); /* NTFS uses it as well */
    number.QuadPart = (LONGLONG)((uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime);
    now->seconds = cfti_os_seconds(number, &now->ns);
}

static void cfti_os_nap(void) { Sleep(1); }

static cfti_kind cfti_os_kind_of(HANDLE handle, DWORD attributes) {
    FILE_ATTRIBUTE_TAG_INFO tag;
    if ((attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0 &&
        GetFileInformationByHandleEx(handle, FileAttributeTagInfo, &tag, sizeof(tag)) &&
        (tag.ReparseTag & CFTI_OS_TAG_IS_LINK) != 0)
        return CFTI_KIND_LINK;
    return (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0 ? CFTI_KIND_DIRECTORY : CFTI_KIND_FILE;
}

static int cfti_os_status_of(cfti_os_file file, cfti_os_status *status) {
    FILE_BASIC_INFO basic;
    FILE_STANDARD_INFO standard;
    FILE_ID_INFO id;
    memset(status, 0, sizeof(*status));
    status->kind = CFTI_KIND_OTHER;
    if (GetFileType(file.handle) != FILE_TYPE_DISK) return 0; /* a pipe, a console */
    if (!GetFileInformationByHandleEx(file.handle, FileBasicInfo, &basic, sizeof(basic)) ||
        !GetFileInformationByHandleEx(file.handle, FileStandardInfo, &standard, sizeof(standard)))
        return cfti_os_last_error();
    if (GetFileInformationByHandleEx(file.handle, FileIdInfo, &id, sizeof(id))) {
        /* 128 bits: NTFS uses half of them, ReFS all. */
        uint64_t half[2];
        memcpy(half, &id.FileId, sizeof(half));
        status->device = (uint64_t)id.VolumeSerialNumber ^ half[1];
        status->inode = half[0];
    } else {
        BY_HANDLE_FILE_INFORMATION info;
        if (!GetFileInformationByHandle(file.handle, &info)) return cfti_os_last_error();
        status->device = info.dwVolumeSerialNumber;
        status->inode = (uint64_t)info.nFileIndexHigh << 32 | info.nFileIndexLow;
    }
    status->size = (uint64_t)standard.EndOfFile.QuadPart;
    status->modified = cfti_os_seconds(basic.LastWriteTime, &status->modified_ns);
    status->changed = cfti_os_seconds(basic.ChangeTime, &status->changed_ns);
    status->kind = cfti_os_kind_of(file.handle, basic.FileAttributes);
    return 0;
}

static int cfti_os_status_at(cfti_os_file at, const char *path, bool follow_link,
                             cfti_os_status *status) {
    cfti_wide wide;
    cfti_os_file file = CFTI_OS_CWD;
    int error = cfti_wide_path(&wide, at, path);
    if (error == 0 && !wide.is_device)
        error = cfti_os_open_wide(
            wide.text, FILE_READ_ATTRIBUTES, OPEN_EXISTING,
            FILE_FLAG_BACKUP_SEMANTICS | (follow_link ? 0 : FILE_FLAG_OPEN_REPARSE_POINT), &file);
    cfti_wide_close(&wide);
    if (error == 0 && wide.is_device) {
        memset(status, 0, sizeof(*status));
        status->kind = CFTI_KIND_OTHER;
        return 0;
    }
    if (error != 0) return error;
    error = cfti_os_status_of(file, status);
    cfti_os_close(file);
    return error;
}

#define CFTI_OS_TRANSFER ((size_t)1 << 30) /* a call takes 32 bits */

/* For a call that reads or writes at an offset. */
static OVERLAPPED cfti_os_place(uint64_t offset) {
    OVERLAPPED place;
    memset(&place, 0, sizeof(place));
    place.Offset = (DWORD)(offset & 0xFFFFFFFFu);
    place.OffsetHigh = (DWORD)(offset >> 32);
    return place;
}

static int cfti_os_read_at(cfti_os_file file, void *data, size_t size, uint64_t offset,
                           size_t *got) {
    OVERLAPPED place = cfti_os_place(offset);
    DWORD n = 0;
    BOOL good = ReadFile(file.handle, data, (DWORD)cfti_min(size, CFTI_OS_TRANSFER), &n, &place);
    *got = n;
    if (good || GetLastError() == ERROR_HANDLE_EOF) return 0;
    return cfti_os_last_error();
}

static int cfti_os_list(cfti_os_file directory,
                        int (*each)(void *ctx, const char *name, cfti_kind kind), void *ctx) {
    union {
        FILE_FULL_DIR_INFO info;
        char bytes[16384];
    } buffer;
    char name[1024]; /* of up to 255 units */
    FILE_INFO_BY_HANDLE_CLASS next = FileFullDirectoryRestartInfo;
    for (;; next = FileFullDirectoryInfo) {
        const char *at = buffer.bytes;
        if (!GetFileInformationByHandleEx(directory.handle, next, &buffer, sizeof(buffer))) {
            DWORD error = GetLastError();
            /* The root of a drive has no "." and may be empty. */
            return error == ERROR_NO_MORE_FILES || error == ERROR_FILE_NOT_FOUND
                       ? 0
                       : cfti_os_last_error();
        }
        for (;;) {
            const FILE_FULL_DIR_INFO *info = (const FILE_FULL_DIR_INFO *)(const void *)at;
            /* A reparse point may be a link: its status will show it. */
            cfti_kind kind =
                (info->FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0 ? CFTI_KIND_UNKNOWN
                : (info->FileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0   ? CFTI_KIND_DIRECTORY
                                                                           : CFTI_KIND_FILE;
            int stop = cfti_os_narrow(info->FileName, info->FileNameLength / sizeof(wchar_t), name,
                                      sizeof(name));
            bool dots = name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
            if (stop == 0 && !dots) stop = each(ctx, name, kind);
            if (stop != 0) return stop;
            if (info->NextEntryOffset == 0) break;
            at += info->NextEntryOffset;
        }
    }
}

#if !defined(CONFITURE_NO_MMAP)
static int cfti_os_map(cfti_os_file file, uint64_t offset, size_t size, const uint8_t **data) {
    HANDLE mapping = CreateFileMappingW(file.handle, NULL, PAGE_READONLY, 0, 0, NULL);
    int error = 0;
    if (mapping == NULL) return cfti_os_last_error();
    *data = (const uint8_t *)MapViewOfFile(mapping, FILE_MAP_READ, (DWORD)(offset >> 32),
                                           (DWORD)(offset & 0xFFFFFFFFu), size);
    if (*data == NULL) error = cfti_os_last_error();
    (void)CloseHandle(mapping); /* the view keeps the mapping */
    return error;
}

static void cfti_os_unmap(const uint8_t *data, size_t size) {
    (void)size;
    (void)UnmapViewOfFile(data);
}
#endif

/* ---- writing ---- */

/* is_private has no effect on Windows, where the directory decides who may read a new file. */
static int cfti_os_create(const char *path, bool is_private, cfti_os_file *file) {
    cfti_wide wide;
    int error = cfti_wide_path(&wide, CFTI_OS_CWD, path);
    (void)is_private;
    if (error == 0)
        error = cfti_os_open_wide(wide.text, GENERIC_READ | GENERIC_WRITE, CREATE_NEW,
                                  FILE_ATTRIBUTE_NORMAL, file);
    cfti_wide_close(&wide);
    return error;
}

static int cfti_os_create_unnamed(const char *directory, bool is_private, cfti_os_file *file) {
    (void)directory;
    (void)is_private;
    (void)file;
    return CFTI_OS_NO_DEVICE; /* on Windows every file has a name */
}

static int cfti_os_name(cfti_os_file file, const char *path) {
    (void)file;
    (void)path;
    return CFTI_OS_NO_DEVICE;
}

static int cfti_os_link(const char *from, const char *to) {
    cfti_wide old, wide;
    int error = cfti_wide_path(&old, CFTI_OS_CWD, from);
    if (error == 0) {
        error = cfti_wide_path(&wide, CFTI_OS_CWD, to);
        if (error == 0 && !CreateHardLinkW(wide.text, old.text, NULL)) error = cfti_os_last_error();
        cfti_wide_close(&wide);
    }
    cfti_wide_close(&old);
    return error;
}

/* The system's random numbers need another library to link. Names that exist are skipped, so that
 * rare repetition is good enough. */
static uint64_t cfti_os_random(void) {
    LARGE_INTEGER ticks;
    uint64_t value = (uint64_t)GetCurrentProcessId() << 32 | GetCurrentThreadId();
    if (!QueryPerformanceCounter(&ticks)) ticks.QuadPart = 0;
    value ^= (uint64_t)ticks.QuadPart * 0x9E3779B97F4A7C15u;
    value ^= (uint64_t)(uintptr_t)&ticks * 0xC2B2AE3D27D4EB4Fu;
    return value ^ value >> 29;
}

static int cfti_os_find_open_file(const char *path, bool *is_open_file, int *descriptor) {
    (void)path;
    *is_open_file = false;
    *descriptor = -1;
    return 0;
}

static int cfti_os_open_for_writing(const char *path, int descriptor, cfti_os_file *file) {
    cfti_wide wide;
    int error = cfti_wide_path(&wide, CFTI_OS_CWD, path);
    (void)descriptor;
    if (error == 0) error = cfti_os_open_wide(wide.text, GENERIC_WRITE, OPEN_EXISTING, 0, file);
    cfti_wide_close(&wide);
    return error;
}

/* At *offset unless NULL; Windows moves the file position in both cases. */
static int cfti_os_write_all(cfti_os_file file, const void *data, size_t size,
                             const uint64_t *offset) {
    const char *p = (const char *)data;
    uint64_t at = offset != NULL ? *offset : 0;
    while (size > 0) {
        DWORD n = 0;
        OVERLAPPED place = cfti_os_place(at);
        if (!WriteFile(file.handle, p, (DWORD)cfti_min(size, CFTI_OS_TRANSFER), &n,
                       offset != NULL ? &place : NULL))
            return cfti_os_last_error();
        if (n == 0) return (int)ERROR_WRITE_FAULT;
        p += n;
        size -= n;
        at += n;
    }
    return 0;
}

static int cfti_os_write(cfti_os_file file, const void *data, size_t size) {
    return cfti_os_write_all(file, data, size, NULL);
}

static int cfti_os_write_at(cfti_os_file file, const void *data, size_t size, uint64_t offset) {
    return cfti_os_write_all(file, data, size, &offset);
}

static int cfti_os_write_stream(cfti_os_file file, const void *data, size_t size) {
    return cfti_os_write(file, data, size);
}

static int cfti_os_finish(cfti_os_file file) {
    return CloseHandle(file.handle) ? 0 : cfti_os_last_error();
}

/* A directory needs no sync: no documented call does it. */
static int cfti_os_sync(cfti_os_file file) {
    return file.path != NULL || FlushFileBuffers(file.handle) ? 0 : cfti_os_last_error();
}

static bool cfti_os_is_not_synced(int error) {
    return error == (int)ERROR_ACCESS_DENIED; /* the file is open for reading only */
}

/* Windows has no mode bits, and does not replace a read-only file. */
static int cfti_os_keep_rights(cfti_os_file file, const char *old_path, const cfti_os_status *old,
                               cfti_os_status *made) {
    (void)file;
    (void)old_path;
    (void)old;
    (void)made;
    return 0;
}

/* Virus scanners and indexers open a file that was just written for some milliseconds, in which it
 * cannot be moved or removed. False: another try is useless. */
static bool cfti_os_may_retry(int error, unsigned *attempt) {
    static const DWORD waits[] = {1, 10, 20, 40};
    if (error != (int)ERROR_ACCESS_DENIED && error != (int)ERROR_SHARING_VIOLATION) return false;
    if (*attempt == CFTI_COUNT(waits)) return false;
    Sleep(waits[(*attempt)++]);
    return true;
}

/* FILE_RENAME_INFO, and FileRenameInfoEx with two of its flags, which older headers lack. */
typedef struct cfti_renaming {
    DWORD flags;
    HANDLE root;
    DWORD size;
    wchar_t name[1]; /* and more */
} cfti_renaming;
#define CFTI_OS_RENAME_EX ((FILE_INFO_BY_HANDLE_CLASS)22)
#define CFTI_OS_RENAME_OVER 3u /* REPLACE_IF_EXISTS, POSIX_SEMANTICS */

/* Windows 10 can replace a file that others have open, like POSIX; not in every version and on
 * every file system. */
static bool cfti_os_rename_posix(const wchar_t *from, cfti_renaming *to, size_t size) {
    cfti_os_file file;
    BOOL good;
    if (cfti_os_open_wide(from, DELETE, OPEN_EXISTING,
                          FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, &file) != 0)
        return false;
    good = SetFileInformationByHandle(file.handle, CFTI_OS_RENAME_EX, to, (DWORD)size);
    (void)CloseHandle(file.handle);
    return good != 0;
}

static int cfti_os_rename_wide(const cfti_wide *from, const cfti_wide *to) {
    size_t size = sizeof(cfti_renaming) + to->size * sizeof(wchar_t);
    cfti_renaming *renaming = (cfti_renaming *)HeapAlloc(GetProcessHeap(), 0, size);
    unsigned attempt = 0;
    int error;
    if (renaming == NULL) return CFTI_OS_NO_MEMORY;
    renaming->flags = CFTI_OS_RENAME_OVER;
    renaming->root = NULL;
    renaming->size = (DWORD)(to->size * sizeof(wchar_t));
    memcpy((uint8_t *)renaming + offsetof(cfti_renaming, name), to->text,
           (to->size + 1) * sizeof(wchar_t));
    do {
        error = 0;
        if (cfti_os_rename_posix(from->text, renaming, size)) break;
        if (MoveFileExW(from->text, to->text, MOVEFILE_REPLACE_EXISTING)) break;
        error = cfti_os_last_error();
    } while (cfti_os_may_retry(error, &attempt));
    (void)HeapFree(GetProcessHeap(), 0, renaming);
    return error;
}

static int cfti_os_rename(const char *from, const char *to) {
    cfti_wide old, wide;
    int error = cfti_wide_path(&old, CFTI_OS_CWD, from);
    if (error == 0) {
        error = cfti_wide_path(&wide, CFTI_OS_CWD, to);
        if (error == 0) error = cfti_os_rename_wide(&old, &wide);
        cfti_wide_close(&wide);
    }
    cfti_wide_close(&old);
    return error;
}

static int cfti_os_remove(const char *path) {
    cfti_wide wide;
    unsigned attempt = 0;
    int error = cfti_wide_path(&wide, CFTI_OS_CWD, path);
    if (error == 0) {
        do {
            error = DeleteFileW(wide.text) ? 0 : cfti_os_last_error();
        } while (error != 0 && cfti_os_may_retry(error, &attempt));
    }
    cfti_wide_close(&wide);
    return error;
}

/* ---- links ---- */

/* The target in a reparse point's data (REPARSE_DATA_BUFFER), for a link on the drive of `path`. */
static int cfti_os_link_target(uint8_t *data, size_t size, const char *path, char *buffer,
                               size_t capacity) {
    uint32_t tag;
    uint16_t offset, length;
    wchar_t *text;
    size_t names, n, skip = 0, root = 0;
    if (size < 20) return CFTI_OS_NO_LINK;
    memcpy(&tag, data, 4);
    memcpy(&offset, data + 8, 2);
    memcpy(&length, data + 10, 2);
    if (tag == IO_REPARSE_TAG_SYMLINK) names = 20;
    else if (tag == IO_REPARSE_TAG_MOUNT_POINT) names = 16;
    else return CFTI_OS_NO_LINK;
    n = length / sizeof(wchar_t);
    if (names + offset + length > size || offset % sizeof(wchar_t) != 0)
        return (int)ERROR_INVALID_PARAMETER;
    text = (wchar_t *)(void *)(data + names + offset);
    if (n >= 4 && text[0] == L'\\' && text[1] == L'?' && text[2] == L'?' && text[3] == L'\\') {
        if (n >= 6 && text[5] == L':') skip = 4; /* \??\C:\dir */
        else text[1] = L'\\';                    /* \\?\UNC\server\share, \\?\Volume{...} */
    } else if (n >= 1 && text[0] == L'\\' && !(n >= 2 && text[1] == L'\\')) {
        root = cfti_os_root(path, strlen(path));
        if (root > 0) root--; /* the target begins with its slash */
        if (root >= capacity) return (int)ERROR_FILENAME_EXCED_RANGE;
        memcpy(buffer, path, root);
    }
    return cfti_os_narrow(text + skip, n - skip, buffer + root, capacity - root);
}

static int cfti_os_read_link_at(cfti_os_file at, const char *path, char *buffer, size_t capacity) {
    uint64_t data[2048]; /* MAXIMUM_REPARSE_DATA_BUFFER_SIZE */
    cfti_wide wide;
    cfti_os_file file;
    DWORD size = 0;
    int error = cfti_wide_path(&wide, at, path);
    if (error == 0 && wide.is_device) error = CFTI_OS_NO_LINK;
    if (error == 0)
        error = cfti_os_open_wide(wide.text, FILE_READ_ATTRIBUTES, OPEN_EXISTING,
                                  FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, &file);
    cfti_wide_close(&wide);
    if (error != 0) return error;
    if (!DeviceIoControl(file.handle, 0x000900A8 /* FSCTL_GET_REPARSE_POINT */, NULL, 0, data,
                         sizeof(data), &size, NULL))
        error = cfti_os_last_error();
    cfti_os_close(file);
    /* The answers of file systems without links. */
    if (error == (int)ERROR_INVALID_FUNCTION || error == (int)ERROR_NOT_SUPPORTED)
        error = CFTI_OS_NO_LINK;
    return error != 0 ? error
                      : cfti_os_link_target((uint8_t *)data, size, at.path != NULL ? at.path : path,
                                            buffer, capacity);
}

static int cfti_os_read_link(const char *path, char *buffer, size_t capacity) {
    return cfti_os_read_link_at(CFTI_OS_CWD, path, buffer, capacity);
}

/* ---- the process ---- */

static bool cfti_os_is_shortage(int error) {
    return error == (int)ERROR_TOO_MANY_OPEN_FILES || error == (int)ERROR_NO_SYSTEM_RESOURCES ||
           error == (int)ERROR_NOT_ENOUGH_MEMORY || error == (int)ERROR_COMMITMENT_LIMIT;
}

static uintptr_t cfti_os_thread_id(void) { return GetCurrentThreadId(); }

static size_t cfti_os_processors(void) {
    DWORD_PTR mine = 0, all = 0;
    size_t count = 0;
    if (GetProcessAffinityMask(GetCurrentProcess(), &mine, &all))
        for (; mine != 0; mine &= mine - 1) count++;
    if (count == 0) count = GetActiveProcessorCount(ALL_PROCESSOR_GROUPS); /* several groups */
    return count < 1 ? 1 : count;
}

#if !defined(CONFITURE_NO_ALLOC)
static void cfti_os_advise_large(void *block, size_t size) {
    (void)block; /* on Windows large pages need a privilege */
    (void)size;
}
#endif

#endif /* _WIN32 */
