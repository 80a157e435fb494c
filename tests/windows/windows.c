/* windows.c: os/win32_path.c and os/win32.c from the inside; run by tests/windows/windows.py.
 *     x86_64-w64-mingw32-gcc -I. -DCFT_HEADER='"confiture.h"' tests/windows/windows.c -static */
#define CONFITURE_IMPLEMENTATION
#include CFT_HEADER

#include "../chest/tree.h"

enum { WIDE = 32768 }; /* CFTI_OS_WIDE */

/* ==== Paths ============================================================== */

static const char *clean(const char *path) {
    static char words[4096];
    confiture_allocator allocator;
    cfti_buffer out;
    memset(&out, 0, sizeof out);
    (void)cfti_allocator_choose(&allocator, NULL);
    out.allocator = allocator;
    CHECK(cfti_path_clean(&out, path, strlen(path)));
    sprintf(words, "%.4000s", (const char *)out.data);
    cfti_buffer_free(&out);
    return words;
}

static void test_clean(void) {
    static const char *const cases[][2] = {
        {"a\\b", "a/b"},
        {".\\a/.\\\\b\\", "a/b"},
        {"..\\a", "../a"},
        {"C:\\a\\.\\b", "C:/a/b"},
        {"c:/a", "C:/a"},
        {"C:\\", "C:/"},
        {"C:\\..\\a", "C:/../a"},
        {"C:a", "C:a"},
        {"\\\\srv\\share\\a\\b", "//srv/share/a/b"},
        {"//srv/share", "//srv/share/"},
        {"//srv//share//a", "//srv/share/a"},
        {"\\\\?\\C:\\a", "//?/C:/a"},
        {"\\\\?\\UNC\\srv\\share\\a", "//?/UNC/srv/share/a"},
        {"\\\\.\\pipe\\x", "//./pipe/x"},
        {"", "."},
        {"a\\", "a"},
        {"\xC3\xA9\\\xF0\x9F\x98\x80", "\xC3\xA9/\xF0\x9F\x98\x80"}};
    static const size_t roots[] = {0, 0, 0, 3, 3, 3, 3, 0, 12, 11, 14, 7, 18, 9, 0, 0, 0};
    char drive[4096];
    size_t i;
    for (i = 0; i < TREE_COUNT(cases); i++) {
        CHECK_STR(clean(cases[i][0]), cases[i][1]);
        CHECK_STR(clean(cases[i][1]), cases[i][1]); /* once is enough */
        CHECK(cfti_os_root(cases[i][0], strlen(cases[i][0])) == roots[i]);
    }
    CHECK(cfti_os_current_directory(drive, sizeof drive) == 0);
    strcpy(drive + 3, "x/y"); /* "\x" is on the drive of the current directory */
    CHECK_STR(clean("\\x\\y"), drive);
    CHECK_STR(clean("///x/y"), drive);
}

static void test_absolute(void) {
    confiture_files *files;
    confiture_find_options options;
    confiture_error error;
    const char *path = "d:\\base\\sub\\x.sql";
    memset(&options, 0, sizeof options);
    options.base = "D:/base";
    CHECK(confiture_files_from_paths(&files, &path, 1, &options, &error) == CONFITURE_OK);
    CHECK_STR(confiture_files_path(files, 0), "D:/base/sub/x.sql");
    CHECK_STR(confiture_files_name(files, 0), "sub/x.sql");
    confiture_files_free(files);
    options.base = "E:\\base"; /* nothing in common */
    CHECK(confiture_files_from_paths(&files, &path, 1, &options, &error) == CONFITURE_E_OUTSIDE);
    CHECK_STR(error.message, "D:/base/sub/x.sql: the file is not below the base directory");
    path = "\\\\srv\\share\\x.sql";
    options.base = "//srv/share";
    CHECK(confiture_files_from_paths(&files, &path, 1, &options, &error) == CONFITURE_OK);
    CHECK_STR(confiture_files_name(files, 0), "x.sql");
    confiture_files_free(files);
    CHECK(cfti_path_may_be_same("Schema.SQL", "schema.sql"));
    CHECK(cfti_path_may_be_same("schema_of_all.sql", "SCHEMA~1.SQL"));
    CHECK(cfti_path_may_be_same("x\xC3\xA9.sql", "xe\xCC\x81.sql"));
    CHECK(!cfti_path_may_be_same("a.sql", "b.sql") && !cfti_path_may_be_same("a.sql", "a.sq"));
    CHECK(!cfti_path_may_be_same("a.sql", "a\x0Esql") && !cfti_path_may_be_same("[", "{"));
    CHECK(cfti_match("a/b/c.sql", 9, "b\\*.sql", 7));
}

static int widened(const char *at, const char *path, wchar_t *text, bool *device) {
    cfti_wide wide;
    cfti_os_file directory;
    int error;
    directory.handle = NULL;
    directory.path = at;
    text[0] = L'\0';
    error = cfti_wide_path(&wide, directory, path);
    if (error == 0 && CHECK(wide.size == wcslen(wide.text))) wcscpy(text, wide.text);
    *device = wide.is_device;
    cfti_wide_close(&wide);
    return error;
}

static void test_wide(void) {
    static const struct {
        const char *at, *path;
        const wchar_t *expected;
    } cases[] = {
        {NULL, "C:/a/b", L"\\\\?\\C:\\a\\b"},
        {NULL, "c:\\a\\.\\b\\", L"\\\\?\\C:\\a\\b"},
        {NULL, "C:/", L"\\\\?\\C:\\"},
        {NULL, "C:/a/../b", L"\\\\?\\C:\\b"},
        {NULL, "C:/../../b", L"\\\\?\\C:\\b"},
        {NULL, "//srv/share/a/../../b", L"\\\\?\\UNC\\srv\\share\\b"},
        {NULL, "//?/C:/a", L"\\\\?\\C:\\a"},
        {NULL, "//?/UNC/srv/share/../a", L"\\\\?\\UNC\\srv\\share\\a"},
        {NULL, "C:/aux.sql", L"\\\\?\\C:\\aux.sql"},
        {NULL, "C:/a. /NUL", L"\\\\?\\C:\\a. \\NUL"},
        {NULL, "C:/\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", L"\\\\?\\C:\\\x00E9\x20AC\xD83D\xDE00"},
        {NULL, "C:/\xED\xA0\x80", L"\\\\?\\C:\\\xD800"},
        {"C:/d", "x.sql", L"\\\\?\\C:\\d\\x.sql"},
        {"C:/d/", "..", L"\\\\?\\C:\\"}};
    static const struct {
        const char *path;
        DWORD error;
    } refused[] = {{"C:/a:b", ERROR_INVALID_NAME},
                   {"C:a", ERROR_INVALID_NAME},
                   {"x.sql:stream", ERROR_INVALID_NAME},
                   {"C:/\xFF.sql", ERROR_NO_UNICODE_TRANSLATION},
                   {"C:/\xC0\xAF", ERROR_NO_UNICODE_TRANSLATION},
                   {"C:/\xE2\x82", ERROR_NO_UNICODE_TRANSLATION},
                   {"C:/\xF4\x90\x80\x80", ERROR_NO_UNICODE_TRANSLATION}};
    static const char *const devices[] = {"NUL", "nul",     "CON",      "con",       "AUX",
                                          "PRN", "COM1",    "lpt9",     "CONIN$",    "conout$",
                                          "CoN", "//./NUL", "\\\\.\\x", "//./pipe/x"};
    static const char *const files[] = {"NULL", "NU",    "CON.sql", "aux.sql", "COM",
                                        "COM0", "COM10", "LPT",     "./NUL",   "a/NUL",
                                        "x",    "CONIN", "CON NUL", "COM1.",   "nul/"};
    static wchar_t text[WIDE], here[WIDE];
    static char path[70000];
    bool device;
    size_t i;
    for (i = 0; i < TREE_COUNT(cases); i++) {
        CHECK(widened(cases[i].at, cases[i].path, text, &device) == 0 && !device);
        if (!CHECK(wcscmp(text, cases[i].expected) == 0)) printf("    %s\n", cases[i].path);
    }
    for (i = 0; i < TREE_COUNT(refused); i++)
        if (!CHECK(widened(NULL, refused[i].path, text, &device) == (int)refused[i].error))
            printf("    %s\n", refused[i].path);
    for (i = 0; i < TREE_COUNT(devices); i++) {
        CHECK(widened(NULL, devices[i], text, &device) == 0);
        if (!CHECK(device && wcsncmp(text, L"\\\\.\\", 4) == 0)) printf("    %s\n", devices[i]);
    }
    for (i = 0; i < TREE_COUNT(files); i++) {
        CHECK(widened(NULL, files[i], text, &device) == 0);
        if (!CHECK(!device)) printf("    %s\n", files[i]);
    }
    /* Relative to the current directory, alone and behind a directory. */
    CHECK(GetCurrentDirectoryW(WIDE, here) > 0);
    CHECK(widened(NULL, "x\\y", text, &device) == 0 && wcsncmp(text, L"\\\\?\\", 4) == 0);
    CHECK(wcsncmp(text + 4, here, wcslen(here)) == 0);
    CHECK(wcscmp(text + 4 + wcslen(here), L"\\x\\y") == 0);
    CHECK(widened("d/e", "../f", text, &device) == 0);
    CHECK(wcscmp(text + 4 + wcslen(here), L"\\d\\f") == 0);
    CHECK(widened(NULL, ".", text, &device) == 0 && wcscmp(text + 4, here) == 0);
    /* As long as can be, and longer. */
    strcpy(path, "C:");
    for (i = 0; i < 310; i++) {
        strcat(path, "/");
        memset(path + strlen(path), 'x', 108);
    }
    path[32763] = '\0';
    CHECK(widened(NULL, path, text, &device) == 0 && wcslen(text) == 32767);
    path[32763] = 'x';
    path[32764] = '\0';
    CHECK(widened(NULL, path, text, &device) == (int)ERROR_FILENAME_EXCED_RANGE);
}

/* Every 16-bit unit, alone and in pairs of surrogates, survives the way there and back. */
static void test_utf16(void) {
    unsigned bad = 0, c;
    for (c = 1; c < 0x10000 + 0x400; c++) {
        wchar_t name[3];
        char narrow[16];
        size_t n = 0;
        cfti_wide wide;
        if (c == '/' || c == '\\') continue;
        if (c >= 0x10000) name[n++] = (wchar_t)(0xD800 + (c & 0x3FF));
        name[n++] = (wchar_t)(c < 0x10000 ? c : 0xDC00 + (c * 7 & 0x3FF));
        cfti_wide_init(&wide);
        if (cfti_os_narrow(name, n, narrow, sizeof narrow) != 0 ||
            cfti_wide_append(&wide, narrow, strlen(narrow)) != 0 || wide.size != n ||
            memcmp(wide.text, name, n * sizeof(wchar_t)) != 0)
            bad++;
        cfti_wide_close(&wide);
        {
            /* UTF-8 to everybody else, but for halves of pairs. */
            uint32_t code;
            bool half = n == 1 && c >= 0xD800 && c < 0xE000;
            size_t length = cfti_utf8_decode((const uint8_t *)narrow, strlen(narrow), &code);
            if (half ? length != 0 : length != strlen(narrow)) bad++;
        }
    }
    CHECK(bad == 0);
    {
        char small[5];
        CHECK(cfti_os_narrow(L"ab", 2, small, sizeof small) == (int)ERROR_FILENAME_EXCED_RANGE);
        CHECK(cfti_os_narrow(L"a", 1, small, sizeof small) == 0);
        CHECK_STR(small, "a");
    }
}

/* What FSCTL_GET_REPARSE_POINT gives, made by hand as REPARSE_DATA_BUFFER is documented:
 * wine has no links of its own. */
static const char *link_target(DWORD tag, const wchar_t *name, const char *path) {
    static char target[4096];
    uint8_t data[1024];
    size_t names = tag == IO_REPARSE_TAG_SYMLINK ? 20 : 16;
    uint16_t offset = 6, length = (uint16_t)(wcslen(name) * 2);
    memset(data, 0, sizeof data);
    memcpy(data, &tag, 4);
    memcpy(data + 8, &offset, 2);
    memcpy(data + 10, &length, 2);
    memcpy(data + names + offset, name, length);
    if (cfti_os_link_target(data, names + offset + length, path, target, sizeof target) != 0)
        return NULL;
    CHECK(cfti_os_link_target(data, names + offset + length - 1, path, target, sizeof target) != 0);
    CHECK(cfti_os_link_target(data, names + offset + length, path, target, sizeof target) == 0);
    return target;
}

static void test_links(void) {
    const DWORD link = IO_REPARSE_TAG_SYMLINK, junction = IO_REPARSE_TAG_MOUNT_POINT;
    uint8_t nothing[1] = {0};
    char small[4];
    CHECK_STR(link_target(link, L"..\\x y\\\x00E9.sql", "C:/a/l"), "../x y/\xC3\xA9.sql");
    CHECK_STR(link_target(link, L"\\??\\D:\\d\\f", "C:/a/l"), "D:/d/f");
    CHECK_STR(link_target(link, L"\\f", "D:/a/l"), "D:/f");
    CHECK_STR(link_target(link, L"\\??\\UNC\\srv\\share\\f", "C:/l"), "//?/UNC/srv/share/f");
    CHECK_STR(link_target(junction, L"\\??\\C:\\d", "C:/l"), "C:/d");
    CHECK_STR(link_target(junction, L"\\??\\Volume{1-2}\\", "C:/l"), "//?/Volume{1-2}/");
    CHECK(link_target(IO_REPARSE_TAG_DEDUP, L"x", "C:/l") == NULL);
    CHECK(cfti_os_link_target(nothing, 0, "C:/l", small, sizeof small) != 0);
}

/* ==== Files ============================================================== */

static void test_errors(void) {
    static const DWORD absent[] = {ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND};
    static const DWORD there[] = {0,
                                  ERROR_ACCESS_DENIED,
                                  ERROR_SHARING_VIOLATION,
                                  ERROR_BAD_NETPATH,
                                  ERROR_BAD_NET_NAME,
                                  ERROR_INVALID_NAME,
                                  ERROR_NOT_READY};
    cfti_os_file file;
    cfti_os_status status;
    size_t i;
    for (i = 0; i < TREE_COUNT(absent); i++) CHECK(cfti_os_is_absent((int)absent[i]));
    for (i = 0; i < TREE_COUNT(there); i++) CHECK(!cfti_os_is_absent((int)there[i]));
    SetLastError(0);
    CHECK(cfti_os_last_error() != 0);
    SetLastError(ERROR_OUTOFMEMORY);
    CHECK(cfti_os_last_error() == (int)ERROR_NOT_ENOUGH_MEMORY);
    CHECK(cfti_os_error_text(4711) == NULL);
    tree_text("f", "x");
    CHECK(cfti_os_is_absent(cfti_os_open(cfti_os_cwd, "missing", &file)));
    CHECK(cfti_os_is_absent(cfti_os_open(cfti_os_cwd, "missing/x", &file)));
    CHECK(cfti_os_is_absent(cfti_os_open(cfti_os_cwd, "f/x", &file)));
    CHECK(cfti_os_open_directory("f", &file) == (int)ERROR_DIRECTORY);
    CHECK(cfti_os_open_directory("NUL", &file) == (int)ERROR_DIRECTORY);
    CHECK(cfti_os_is_absent(cfti_os_open_directory("missing", &file)));
    CHECK(cfti_os_create("f", false, &file) == (int)ERROR_FILE_EXISTS);
    CHECK(cfti_os_open(cfti_os_cwd, "CON", &file) == (int)ERROR_CANT_ACCESS_FILE);
    CHECK(cfti_os_status_at(cfti_os_cwd, "NUL", true, &status) == 0);
    CHECK(status.kind == CFTI_KIND_OTHER);
    CHECK(cfti_os_open_for_writing("NUL", -1, &file) == 0);
    CHECK(cfti_os_write(file, "x", 1) == 0 && cfti_os_finish(file) == 0);
    tree_clear();
}

static void test_status(void) {
    cfti_os_status a, b;
    cfti_os_file file, directory;
    const uint8_t *data;
    char bytes[8];
    size_t got;
    FILETIME time = {0xD53E8000u, 0x019DB1DEu}; /* 1970-01-01 00:00:00 */
    tree_text("d/a", "abc");
    tree_text("d/b", "abc");
    CHECK(cfti_os_status_at(cfti_os_cwd, "d", true, &a) == 0);
    CHECK(a.kind == CFTI_KIND_DIRECTORY);
    CHECK(cfti_os_open_directory("d", &directory) == 0);
    CHECK(cfti_os_open(directory, "a", &file) == 0);
    CHECK(cfti_os_status_of(file, &a) == 0 && a.kind == CFTI_KIND_FILE && a.size == 3);
    CHECK(cfti_os_status_at(directory, "a", false, &b) == 0);
    CHECK(a.device == b.device && a.inode == b.inode && a.modified == b.modified &&
          a.modified_ns == b.modified_ns);
    CHECK(cfti_os_status_at(directory, "b", false, &b) == 0);
    CHECK(a.device == b.device && a.inode != b.inode);
    CHECK(cfti_os_read_at(file, bytes, 2, 0, &got) == 0 && got == 2 && memcmp(bytes, "ab", 2) == 0);
    CHECK(cfti_os_read_at(file, bytes, 8, 2, &got) == 0 && got == 1 && bytes[0] == 'c');
    CHECK(cfti_os_read_at(file, bytes, 8, 3, &got) == 0 && got == 0);
    CHECK(cfti_os_read_at(file, bytes, 8, 1, &got) == 0 && got == 2 && bytes[0] == 'b');
    CHECK(cfti_os_read_at(file, bytes, 8, 3, &got) == 0 && got == 0);
    CHECK(cfti_os_read_at(file, bytes, 8, (uint64_t)5 << 32, &got) == 0 && got == 0);
    CHECK(cfti_os_read_at(file, bytes, 8, 0, &got) == 0 && got == 3);
    CHECK(cfti_os_map(file, 0, 3, &data) == 0 && memcmp(data, "abc", 3) == 0);
    cfti_os_unmap(data, 3);
    cfti_os_close(file);
    cfti_os_close(directory);
    file.handle = CreateFileW(L"d\\a", FILE_WRITE_ATTRIBUTES, 7, NULL, OPEN_EXISTING, 0, NULL);
    time.dwLowDateTime += 12345679u; /* 1.2345679 s later */
    CHECK(SetFileTime(file.handle, NULL, NULL, &time));
    cfti_os_close(file);
    CHECK(cfti_os_status_at(cfti_os_cwd, "d/a", true, &b) == 0);
    CHECK(b.modified == 1 && b.modified_ns == 234567900);
    CHECK(cfti_os_open(cfti_os_cwd, "d", &file) == 0); /* a directory can be told from a file */
    CHECK(cfti_os_status_of(file, &a) == 0 && a.kind == CFTI_KIND_DIRECTORY);
    cfti_os_close(file);
    tree_clear();
}

static int list_entry(void *ctx, const char *name, cfti_kind kind) {
    unsigned *seen = (unsigned *)ctx, i;
    if (kind == CFTI_KIND_DIRECTORY) return strcmp(name, "sub") == 0 ? (*seen += 1000, 0) : 99;
    if (kind != CFTI_KIND_FILE || sscanf(name, "file %u of some length.sql", &i) != 1) return 98;
    return ++*seen == 700 ? 77 : 0;
}

static void test_list(void) {
    cfti_os_file directory;
    unsigned seen = 0, i;
    char name[64];
    for (i = 0; i < 600; i++) { /* more than a buffer */
        sprintf(name, "d/file %u of some length.sql", i);
        tree_text(name, "");
    }
    tree_directory("d/sub");
    tree_directory("empty");
    CHECK(cfti_os_open_directory("d", &directory) == 0);
    CHECK(cfti_os_list(directory, list_entry, &seen) == 0 && seen == 1600);
    seen = 0; /* the listing begins anew */
    CHECK(cfti_os_list(directory, list_entry, &seen) == 0 && seen == 1600);
    seen = 100000;
    CHECK(cfti_os_list(directory, list_entry, &seen) == 0 && seen == 101600);
    seen = (unsigned)-1000 + 1400; /* 77 ends it */
    CHECK(cfti_os_list(directory, list_entry, &seen) == 77);
    cfti_os_close(directory);
    CHECK(cfti_os_open_directory("empty", &directory) == 0);
    seen = 0;
    CHECK(cfti_os_list(directory, list_entry, &seen) == 0 && seen == 0);
    cfti_os_close(directory);
    tree_clear();
}

static void test_writing(void) {
    cfti_os_file file, reader;
    cfti_os_status old, made;
    char bytes[8];
    size_t got;
    int error;
    CHECK(cfti_os_create("new", true, &file) == 0);
    CHECK(cfti_os_write(file, "a\nb\r\n......", 11) == 0);
    CHECK(cfti_os_write_at(file, "XY", 2, 5) == 0);
    CHECK(cfti_os_status_of(file, &old) == 0);
    CHECK(cfti_os_keep_rights(file, "new", &old, &made) == 0);
    CHECK(cfti_os_sync(file) == 0 && cfti_os_finish(file) == 0);
    CHECK(tree_holds("new", "a\nb\r\nXY....", 11));
    tree_text("old", "old");
    CHECK(cfti_os_rename("new", "old") == 0 && tree_holds("old", "a\nb\r\nXY....", 11));
    CHECK(cfti_os_is_absent(cfti_os_rename("new", "old")));
    /* Over a file that somebody reads: Windows 10 can, older ones and wine refuse; then
     * both files are as they were. */
    tree_text("new", "new");
    CHECK(cfti_os_open(cfti_os_cwd, "old", &reader) == 0);
    error = cfti_os_rename("new", "old");
    printf("over an open file: %s\n", error == 0 ? "replaced" : cfti_os_error_text(error));
    CHECK(error == 0 ? tree_holds("old", "new", 3)
                     : tree_holds("old", "a\nb\r\nXY....", 11) && tree_holds("new", "new", 3));
    CHECK(cfti_os_read_at(reader, bytes, 1, 0, &got) == 0 && got == 1 && bytes[0] == 'a');
    cfti_os_close(reader);
    if (error != 0) CHECK(cfti_os_rename("new", "old") == 0);
    /* What is read-only stays, but under wine. */
    tree_text("new", "new");
    CHECK(SetFileAttributesW(L"old", FILE_ATTRIBUTE_READONLY));
    error = cfti_os_rename("new", "old");
    printf("over a read-only file: %s\n", error == 0 ? "replaced" : cfti_os_error_text(error));
    CHECK(error == 0 || (error == (int)ERROR_ACCESS_DENIED && tree_holds("new", "new", 3)));
    CHECK(SetFileAttributesW(L"old", FILE_ATTRIBUTE_NORMAL));
    CHECK((error == 0 || cfti_os_remove("new") == 0) && cfti_os_remove("old") == 0);
    CHECK(cfti_os_is_absent(cfti_os_remove("old")));
    CHECK(tree_entries(".", "", NULL) == 0);
}

/* A path far longer than 260 characters, and names that are devices or end in dots to
 * those who do not say \\?\, all the way through the library. */
static void test_whole(void) {
    char path[4096], name[4096];
    cfti_os_file file;
    confiture_files *files;
    confiture_schema schema;
    confiture_error error;
    static wchar_t text[WIDE];
    size_t i, n = 0;
    bool device;
    for (i = 0; i < 8; i++) {
        memset(path + n, 'a' + (int)i, 100);
        n += 100;
        path[n] = '\0';
        CHECK(widened(NULL, path, text, &device) == 0);
        CHECK(CreateDirectoryW(text, NULL));
        path[n++] = '/';
    }
    strcpy(path + n, "aux.sql");
    CHECK(cfti_os_create(path, false, &file) == 0 && cfti_os_write(file, "SELECT 1;\r\n", 11) == 0);
    CHECK(cfti_os_finish(file) == 0);
    strcpy(path + n, "dot. .sql");
    CHECK(cfti_os_create(path, false, &file) == 0 && cfti_os_finish(file) == 0);
    memset(&schema, 0, sizeof schema);
    if (CHECK(confiture_find(&files, ".", NULL, &error) == CONFITURE_OK)) {
        CHECK(confiture_files_count(files) == 2);
        strcpy(path + n, "out.sql");
        for (i = 0; i < 2; i++) { /* new, and over the old one */
            confiture_build_options options;
            memset(&options, 0, sizeof options);
            options.separator = CONFITURE_SEPARATOR_NONE;
            options.run.io = i == 0 ? CONFITURE_IO_MMAP : CONFITURE_IO_RING;
            CHECK_STR(confiture_build_file(&schema, path, files, &options, &error) != CONFITURE_OK
                          ? error.message
                          : "done",
                      "done");
        }
        CHECK(schema.file_count == 2 && schema.total_bytes == 11);
        confiture_files_free(files);
    } else {
        printf("    %s\n", error.message);
    }
    confiture_schema_free(&schema);
    for (i = 0; i < 3; i++) {
        static const char *const names[] = {"aux.sql", "dot. .sql", "out.sql"};
        strcpy(path + n, names[i]);
        CHECK(cfti_os_remove(path) == 0);
    }
    for (i = 8; i > 0; i--) { /* and nothing else is in them */
        path[i * 101 - 1] = '\0';
        sprintf(name, "%s", path);
        CHECK(widened(NULL, name, text, &device) == 0 && RemoveDirectoryW(text));
    }
}

/* ==== Threads ============================================================ */

enum { THREADS = 8, TURNS = 2000 };

static cfti_mutex mutex;
static cfti_condition turn;
static unsigned counter, waiting;

static void *count(void *ctx) {
    unsigned i;
    cfti_mutex_lock(&mutex);
    if (++waiting == THREADS) cfti_condition_signal(&turn);
    cfti_mutex_unlock(&mutex);
    for (i = 0; i < TURNS; i++) {
        cfti_mutex_lock(&mutex);
        counter++;
        cfti_mutex_unlock(&mutex);
    }
    return ctx;
}

static void test_threads(void) {
    cfti_thread threads[THREADS];
    size_t i;
    CHECK(cfti_mutex_init(&mutex) == 0 && cfti_condition_init(&turn) == 0);
    cfti_mutex_lock(&mutex);
    for (i = 0; i < THREADS; i++) CHECK(cfti_thread_start(&threads[i], count, NULL) == 0);
    while (waiting < THREADS) cfti_condition_wait(&turn, &mutex);
    cfti_mutex_unlock(&mutex);
    for (i = 0; i < THREADS; i++) cfti_thread_join(&threads[i]);
    CHECK(counter == THREADS * TURNS);
    cfti_condition_destroy(&turn);
    cfti_mutex_destroy(&mutex);
    CHECK(cfti_os_processors() >= 1);
}

SUITE(windows, NULL, NULL);

TEST(windows, system_calls_and_paths) {
    size_t handles = tree_descriptors();
    tree_open();
    test_clean();
    test_absolute();
    test_wide();
    test_utf16();
    test_links();
    test_errors();
    test_status();
    test_list();
    test_writing();
    test_whole();
    test_threads();
    tree_close();
    CHECK(tree_descriptors() <= handles + 2); /* the system's own for the first of something */
}

int main(int argc, char **argv) { return test_main("windows", argc, argv); }
