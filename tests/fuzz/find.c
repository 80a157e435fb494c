/* find.c: searches of a tree in memory.
 * Input: three bytes (options, options, the allocation that fails), then strings that end in NUL:
 * directories, include patterns, exclude patterns, excluded directories (each of these four one a
 * line), the base; all others are the lines of the tree (see fs_grow). */
#include "memory_fs.h"

#include "../chest/memory.h"
#include "slow_find.h"

static memory fuzz_memory;

#define FIND_LINES 6

/* Cuts a text at its newlines. */
static size_t find_lines(char *text, const char *lines[FIND_LINES]) {
    size_t count = 0;
    while (*text != '\0' && count < FIND_LINES) {
        char *end = strchr(text, '\n');
        lines[count++] = text;
        if (end == NULL) break;
        *end = '\0';
        text = end + 1;
    }
    return count;
}

/* Says what was found, and stops. */
static void find_differs(confiture_status status, const confiture_files *files,
                         const confiture_error *error, confiture_status wanted,
                         const slow_list *found) {
    size_t i;
    fprintf(stderr, "status %d %s\n", (int)status, status != CONFITURE_OK ? error->message : "");
    for (i = 0; files != NULL && i < confiture_files_count(files); i++)
        fprintf(stderr, "    %s (%s)\n", confiture_files_path(files, i),
                confiture_files_name(files, i));
    fprintf(stderr, "and not status %d\n", (int)wanted);
    for (i = 0; i < found->count; i++) fprintf(stderr, "    %s\n", found->items[i]);
    abort();
}

static void find_compare(confiture_status status, const confiture_files *files,
                         const confiture_error *error, confiture_status wanted,
                         const slow_list *found, const char *base, const char *error_path) {
    size_t i;
    bool same = status == wanted && (files != NULL) == (status == CONFITURE_OK);
    if (same && error_path != NULL) same = strcmp(error->path, error_path) == 0;
    if (same && files != NULL)
        same = strcmp(confiture_files_base(files), base) == 0 &&
               confiture_files_count(files) == found->count;
    for (i = 0; same && files != NULL && i < found->count; i++) {
        char *name = slow_name(found->items[i], base);
        same = strcmp(confiture_files_path(files, i), found->items[i]) == 0 &&
               strcmp(confiture_files_name(files, i), name) == 0;
        free(name);
    }
    if (!same) find_differs(status, files, error, wanted, found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static slow_list found;
    static confiture_pool *pool;
    static confiture_error error;
    fuzz_reader in;
    confiture_directory directories[FIND_LINES];
    confiture_find_options options;
    confiture_files *files = NULL;
    confiture_status status, wanted;
    const char *lines[4][FIND_LINES];
    char *texts[5], *base, *error_path = NULL;
    size_t counts[4], i;
    uint8_t flags, more;
    int fail_at;
    if (size < 8 || size > 1024) return 0;
    memory_init(&fuzz_memory);
    in.p = data;
    in.left = size;
    flags = fuzz_byte(&in);
    more = fuzz_byte(&in);
    fail_at = fuzz_byte(&in);
    for (i = 0; i < 5; i++) texts[i] = fuzz_string(&in);
    for (i = 0; i < 4; i++) counts[i] = find_lines(texts[i], lines[i]);
    if (counts[0] == 0) lines[0][counts[0]++] = "s";
    fs_clear();
    while (in.left > 0) {
        char *line = fuzz_string(&in);
        fs_grow(line, strlen(line));
        free(line);
    }
    memset(directories, 0, sizeof directories);
    memset(&options, 0, sizeof options);
    for (i = 0; i < counts[0]; i++) {
        directories[i].path = lines[0][i];
        directories[i].include = lines[1];
        directories[i].include_count = counts[1];
        directories[i].exclude = lines[2];
        directories[i].exclude_count = counts[2];
        directories[i].not_recursive = (flags & 1) != 0;
        directories[i].must_exist = (flags & 2) != 0;
    }
    options.exclude_dirs = lines[3];
    options.exclude_dir_count = counts[3];
    options.unique = (flags & 4) != 0;
    options.sort = (flags & 8) != 0 ? CONFITURE_SORT_HEX : CONFITURE_SORT_PATH;
    if (texts[4][0] != '\0') options.base = texts[4];
    fs.unknown_kinds = (flags & 16) != 0;
    fs.interrupts = (flags & 32) != 0;
    fs.random = more;
    /* A helper that has to be woken takes longer than all the rest: not always. */
    options.run.threads = (flags & 64) != 0 && more % 8 == 7 ? 2 : 1;
    options.run.allocator = &fuzz_memory.allocator;
    if (options.run.threads == 2 && more != 255) { /* starting threads takes longer still */
        if (pool == NULL) FUZZ_CHECK(confiture_pool_create(&pool, 2, NULL, NULL) == CONFITURE_OK);
        options.run.pool = pool;
    }

    wanted = slow_find(&found, &base, &error_path, directories, counts[0], &options);
    if (!found.full) {
        memory_arm(&fuzz_memory, 0, false);
        status = confiture_find_all(&files, directories, counts[0], &options, &error);
        find_compare(status, files, &error, wanted, &found, base, error_path);
        confiture_files_free(files);
        memory_arm(&fuzz_memory, (size_t)fail_at, false);
        status = confiture_find_all(&files, directories, counts[0], &options, &error);
        if (status != CONFITURE_E_MEMORY || !fuzz_memory.failed)
            find_compare(status, files, &error, wanted, &found, base, error_path);
        confiture_files_free(files);
    }
    FUZZ_CHECK(memory_is_clean(&fuzz_memory));
    FUZZ_CHECK(fs.open_count == 0);
    slow_list_clear(&found);
    free(base);
    free(error_path);
    for (i = 0; i < 5; i++) free(texts[i]);
    return 0;
}

#if defined(FUZZ_MAIN)
static void fuzz_answer(const fuzz_row *row) { (void)row; }
#endif
