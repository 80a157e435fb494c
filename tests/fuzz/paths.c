/* paths.c: clean paths, their order, prefixes, resolving; and the lists of a caller's own.
 * Input: two paths, a base, a list (paths that each end in a newline), and pairs of a path and
 * the target of the symbolic link there; each string ends in a NUL. */
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

static ssize_t fuzz_readlinkat(int at, const char *path, char *buffer, size_t size);
static char *fuzz_getcwd(char *buffer, size_t size);
#define readlinkat fuzz_readlinkat
#define getcwd fuzz_getcwd
#define SLOW_HERE "/w/d"
#include "fuzz.h"

static const char *slow_target(const char *path);
#include "slow_path.h"

#define PATHS_LINKS 4

static struct { char *from, *to; } paths_links[PATHS_LINKS];
static size_t paths_link_count;

static const char *slow_target(const char *path) {
    size_t i;
    for (i = 0; i < paths_link_count; i++)
        if (strcmp(paths_links[i].from, path) == 0) return paths_links[i].to;
    return NULL;
}

static ssize_t fuzz_readlinkat(int at, const char *path, char *buffer, size_t size) {
    const char *target = slow_target(path);
    (void)at; /* whole paths alone are asked about */
    if (target == NULL) {
        errno = EINVAL;
        return -1;
    }
    if (size > strlen(target)) size = strlen(target);
    memcpy(buffer, target, size);
    return (ssize_t)size;
}

static char *fuzz_getcwd(char *buffer, size_t size) {
    FUZZ_CHECK(size > sizeof SLOW_HERE);
    return strcpy(buffer, SLOW_HERE);
}

/* ---- one path, and two ---- */

static cfti_buffer paths_buffer(void) {
    cfti_buffer buffer;
    memset(&buffer, 0, sizeof buffer);
    FUZZ_CHECK(cfti_allocator_choose(&buffer.allocator, NULL));
    return buffer;
}

static void paths_resolve(const char *text) {
    cfti_buffer resolved = paths_buffer();
    slow_path todo, out;
    int links = 0, error = cfti_path_resolve(&resolved, text);
    slow_path_of(&todo, text);
    slow_path_absolute(&todo);
    out.absolute = true;
    out.count = 0;
    if (slow_path_walk(&out, &todo, &links)) {
        char *wanted = slow_path_text(&out);
        FUZZ_CHECK(error == 0);
        FUZZ_CHECK(strcmp((const char *)resolved.data, wanted) == 0);
        free(wanted);
    } else {
        FUZZ_CHECK(error == ELOOP);
    }
    cfti_buffer_free(&resolved);
}

static void paths_pair(const char *a, const char *b) {
    slow_path x, y;
    char *x_text, *y_text;
    const char *rest;
    cfti_buffer clean = paths_buffer();
    bool below;
    slow_path_of(&x, a);
    slow_path_of(&y, b);
    x_text = slow_path_text(&x);
    y_text = slow_path_text(&y);
    FUZZ_CHECK(cfti_path_clean(&clean, a, strlen(a)));
    FUZZ_CHECK(strcmp((const char *)clean.data, x_text) == 0);
    FUZZ_CHECK(clean.size == strlen(x_text));
    FUZZ_CHECK(cfti_path_compare(x_text, y_text) == slow_path_order(&x, &y));
    FUZZ_CHECK(cfti_path_climbs(x_text) == slow_path_climbs(&x, 0) || x.count + x.absolute == 0 ||
               x.absolute);
    rest = cfti_path_below(x_text, y_text);
    below = slow_path_below(&x, &y);
    FUZZ_CHECK((rest != NULL) == below);
    if (below) {
        slow_path left = x;
        size_t i;
        left.absolute = false;
        left.count -= y.count;
        for (i = 0; i < left.count; i++) left.parts[i] = x.parts[y.count + i];
        if (left.count == 0) {
            FUZZ_CHECK(*rest == '\0');
        } else {
            char *wanted = slow_path_text(&left);
            FUZZ_CHECK(strcmp(rest, wanted) == 0);
            free(wanted);
        }
    }
    if (x.absolute && y.absolute) {
        slow_path common = x;
        char *wanted;
        common.count = slow_path_common(&x, &y);
        wanted = slow_path_text(&common);
        cfti_path_common(&clean, y_text);
        FUZZ_CHECK(strcmp((const char *)clean.data, wanted) == 0);
        free(wanted);
    }
    cfti_buffer_free(&clean);
    free(x_text);
    free(y_text);
}

/* ---- lists ---- */

/* The status that a list of these paths must give. */
FUZZ_SLOW static confiture_status slow_list(const char *const *paths, size_t count,
                                            const char *base) {
    size_t i;
    for (i = 0; i < count; i++)
        if (paths[i][0] == '\0') return CONFITURE_E_ARGUMENT;
    if (!slow_can_resolve(base)) return CONFITURE_E_SYSTEM;
    for (i = 0; i < count; i++) {
        char *name = slow_name(paths[i], base);
        bool good = name != NULL && slow_is_line(name, strlen(name));
        bool outside = name == NULL;
        free(name);
        if (outside) return CONFITURE_E_OUTSIDE;
        if (!good) return CONFITURE_E_NAME;
    }
    return CONFITURE_OK;
}

static void paths_list_is(const confiture_files *files, const char *const *paths, size_t count,
                          const char *base) {
    size_t i;
    FUZZ_CHECK(confiture_files_count(files) == count);
    for (i = 0; i < count; i++) {
        slow_path path;
        char *name = slow_name(paths[i], base), *clean;
        slow_path_of(&path, paths[i]);
        clean = slow_path_text(&path);
        FUZZ_CHECK(strcmp(confiture_files_path(files, i), clean) == 0);
        FUZZ_CHECK(strcmp(confiture_files_name(files, i), name) == 0);
        free(clean);
        free(name);
    }
}

static void paths_list(char *list, size_t size, const char *base) {
    const char *paths[64];
    size_t count = 0, i, start = 0;
    confiture_find_options options;
    confiture_files *files;
    confiture_error error;
    confiture_status wanted;
    for (i = 0; i < size; i++)
        if (list[i] == '\n') list[i] = '\0';
    for (i = 0; i <= size && count < 64; i++) {
        if (i < size && list[i] != '\0') continue;
        if (i < size || i > start) paths[count++] = list + start; /* the last NUL may be missing */
        start = i + 1;
    }
    if (start < size) return; /* there are more */
    memset(&options, 0, sizeof options);
    if (base[0] != '\0') options.base = base;
    else base = ".";
    wanted = slow_list(paths, count, base);
    FUZZ_CHECK(confiture_files_from_list0(&files, list, size, &options, &error) == wanted);
    FUZZ_CHECK((files != NULL) == (wanted == CONFITURE_OK));
    if (files != NULL) paths_list_is(files, paths, count, base);
    confiture_files_free(files);
    FUZZ_CHECK(confiture_files_from_paths(&files, paths, count, &options, &error) == wanted);
    if (files != NULL) paths_list_is(files, paths, count, base);
    confiture_files_free(files);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_reader in;
    char *a, *b, *base, *list;
    size_t i;
    if (size > 400) return 0;
    in.p = data;
    in.left = size;
    a = fuzz_string(&in);
    b = fuzz_string(&in);
    base = fuzz_string(&in);
    list = fuzz_string(&in);
    for (paths_link_count = 0; paths_link_count < PATHS_LINKS && in.left > 0; paths_link_count++) {
        paths_links[paths_link_count].from = fuzz_string(&in);
        paths_links[paths_link_count].to = fuzz_string(&in);
    }
    paths_pair(a, b);
    paths_pair(b, a);
    paths_resolve(a);
    paths_list(list, strlen(list), base);
    for (i = 0; i < paths_link_count; i++) {
        free(paths_links[i].from);
        free(paths_links[i].to);
    }
    paths_link_count = 0;
    free(a);
    free(b);
    free(base);
    free(list);
    return 0;
}

#if defined(FUZZ_MAIN)
static void fuzz_answer(const fuzz_row *row) {
    slow_path x, y;
    char *text;
    slow_path_of(&x, row->a);
    slow_path_of(&y, row->b);
    if (fuzz_row_is(row, "clean")) {
        text = slow_path_text(&x);
        FUZZ_CHECK(fuzz_row_wants(row, "%s", text));
        free(text);
    } else if (fuzz_row_is(row, "order")) {
        FUZZ_CHECK(fuzz_row_wants(row, "%d", slow_path_order(&x, &y)));
    } else if (fuzz_row_is(row, "below")) {
        FUZZ_CHECK(fuzz_row_wants(row, "%d", slow_path_below(&x, &y)));
    } else if (fuzz_row_is(row, "common")) {
        slow_path common = x;
        common.count = slow_path_common(&x, &y);
        text = slow_path_text(&common);
        FUZZ_CHECK(fuzz_row_wants(row, "%s", text));
        free(text);
    }
    paths_pair(row->a, row->b);
}
#endif
