/* input.c: the files that a command works on. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- --files0-from ---- */

static const char *shown_input(const char *path) {
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

char *input_read(const char *path, size_t *size) {
    bool standard = strcmp(path, "-") == 0;
    size_t capacity = 65536;
    char *data = (char *)allocate(capacity);
    char why[ERROR_TEXT];
    FILE *file;
    errno = 0;
    file = standard ? stdin : system_open(path);
    *size = 0;
    while (file) {
        size_t n = fread(data + *size, 1, capacity - *size - 1, file);
        *size += n;
        if (ferror(file)) break;
        if (n == 0) {
            if (!standard) fclose(file);
            data[*size] = '\0';
            return data;
        }
        if (*size == capacity - 1) data = (char *)reallocate(data, capacity *= 2);
    }
    (void)report_error(shown_input(path), "%s", error_text(why, errno));
    if (file && !standard) fclose(file);
    free(data);
    return NULL;
}

/* Checks a list as a whole. An empty list is an error: a producer that fails makes one, and it must
 * not empty a schema. */
static int check_list(const char *path, const char *list, size_t size) {
    size_t start, count = 0;
    if (size == 0)
        return report_error(path, "the list is empty: expected paths, each ended by NUL");
    if (!memchr(list, '\0', size) && memchr(list, '\n', size)) {
        return report_error(path, "the list holds newlines and no NUL: expected each path to end "
                                  "with NUL; use -z of git, -print0 of find, or printf '%%s\\0'");
    }
    for (start = 0; start < size; count++) {
        const char *end = (const char *)memchr(list + start, '\0', size - start);
        size_t length = end ? (size_t)(end - (list + start)) : size - start;
        if (length == 0) return report_error(path, "name %zu is empty", count + 1);
        start += length + 1;
    }
    return EXIT_DONE;
}

static int find_listed(confiture_files **files, const struct options *options,
                       const confiture_find_options *find) {
    confiture_error error;
    size_t size;
    char *list = input_read(options->files0_from, &size);
    int code = EXIT_ERROR;
    if (list) code = check_list(shown_input(options->files0_from), list, size);
    if (!code && confiture_files_from_list0(files, list, size, find, &error))
        code = report_failed(&error);
    free(list);
    return code;
}

/* ---- FILEs ---- */

static int find_given(confiture_files **files, const struct options *options,
                      const confiture_find_options *find) {
    confiture_error error;
    size_t i;
    for (i = 0; options->output && i < options->operands.count; i++) {
        const char *path = options->operands.items[i];
        if (strcmp(options->output, "-") == 0 || !system_is_same_file(path, options->output))
            continue;
        return report_error(path, "is one of the FILEs and the output: expected another output");
    }
    if (!confiture_files_from_paths(files, options->operands.items, options->operands.count, find,
                                    &error))
        return EXIT_DONE;
    if (error.status == CONFITURE_E_OUTSIDE && !options->base && !options->common_base &&
        !options->confine) {
        return report_error(error.path, "not below the current directory, which names are "
                                        "relative to; see --base");
    }
    return report_failed(&error);
}

/* ---- names of directories ---- */

static char *join(const char *directory, const char *rest) {
    size_t size = strlen(directory);
    struct text path = {NULL, 0, 0};
    text_add(&path, directory, size);
    if (!strchr(SYSTEM_SLASHES, directory[size - 1])) text_add_string(&path, "/");
    text_add_string(&path, rest);
    return path.data;
}

/* The rest of a path after a directory, both resolved: "" for the directory, NULL if outside. */
static const char *below(const char *path, const char *directory) {
    size_t size = strlen(directory);
    if (strncmp(path, directory, size) != 0) return NULL;
    path += size;
    if (!*path || strchr(SYSTEM_SLASHES, directory[size - 1])) return path;
    return strchr(SYSTEM_SLASHES, *path) ? path + 1 : NULL;
}

static void add_name(struct names *names, char *name) {
    names->items =
        (char **)reallocate((void *)names->items, (names->count + 1) * sizeof *names->items);
    names->items[names->count++] = name;
}

void names_free(struct names *names) {
    size_t i;
    for (i = 0; i < names->count; i++) free(names->items[i]);
    free((void *)names->items);
    memset(names, 0, sizeof *names);
}

/* Adds the name by which the search finds a directory below a DIR, or each DIR below it. */
static void add_resolved(struct names *names, const char *given, const struct strings *dirs) {
    char *path = system_resolve(given);
    size_t i;
    for (i = 0; path && i < dirs->count; i++) {
        char *directory = system_resolve(dirs->items[i]);
        const char *rest = directory ? below(path, directory) : NULL;
        if (rest) add_name(names, *rest ? join(dirs->items[i], rest) : copy_text(dirs->items[i]));
        else if (directory && below(directory, path)) add_name(names, copy_text(dirs->items[i]));
        free(directory);
    }
    free(path);
}

/* Adds every directory that a name may mean: by its path from here, absolute or through links; and
 * inside each DIR, if that path is not below a DIR. */
static void add_meanings(struct names *names, const char *given, const struct strings *dirs) {
    size_t i, before = names->count;
    bool known;
    add_resolved(names, given, dirs);
    known = names->count > before || strchr(SYSTEM_SLASHES, given[0]);
    for (i = 0; !known && i < dirs->count; i++) {
        char *inside = join(dirs->items[i], given);
        if (system_kind(inside) == SYSTEM_MISSING) free(inside);
        else add_name(names, inside);
    }
    add_name(names, copy_text(given)); /* the search may find it through a link */
}

int input_split_dirs(struct names *found, const struct options *options, const char *option,
                     const struct strings *given) {
    size_t i, k;
    for (i = 0; i < given->count; i++) {
        struct names inside = {NULL, 0};
        const char *name = given->items[i];
        add_resolved(&inside, name, &options->operands);
        for (k = 0; inside.count == 0 && k < options->operands.count; k++) {
            char *path = join(options->operands.items[k], name);
            if (system_kind(path) == SYSTEM_DIRECTORY) add_name(found, path), name = NULL;
            else free(path);
        }
        names_free(&inside);
        if (!name) continue;
        if (system_kind(name) == SYSTEM_MISSING)
            return report_error(name, "no such directory: expected one for %s", option);
        add_name(found, copy_text(name)); /* the library resolves it */
    }
    return EXIT_DONE;
}

/* ---- DIRs ---- */

static const char *leaf_of(const char *path) {
    const char *leaf = path;
    for (; *path; path++) {
        if (strchr(SYSTEM_SLASHES, *path)) leaf = path + 1;
    }
    return leaf;
}

/* Whether a pattern excludes the output, which does not exist before the first build. */
static bool is_output(const struct options *options, const char *pattern) {
    bool is = false;
    int i;
    if (options->output)
        return strcmp(pattern, options->output) == 0 ||
               strcmp(pattern, leaf_of(options->output)) == 0;
    for (i = 0; options->split && i < 3; i++) {
        char *path = build_phase_path(options, i);
        is = is || strcmp(pattern, path) == 0 || strcmp(pattern, leaf_of(path)) == 0;
        free(path);
    }
    return is;
}

static void warn_unmatched(const struct options *options, const char *option,
                           const struct strings *patterns, const bool *matched) {
    size_t i;
    for (i = 0; i < patterns->count; i++) {
        if (!matched[i] && !is_output(options, patterns->items[i]))
            report_warning("%s '%s' matched nothing", option, patterns->items[i]);
    }
}

/* An array of `count` false. */
static bool *flags(size_t count) { return (bool *)memset(allocate(count + 1), 0, count + 1); }

/* The excluded directories, under all names by which the search may find them. */
struct excluded {
    struct names names;
    size_t *given; /* the index of the option, by name */
    bool *matched;
};

static void excluded_open(struct excluded *excluded, const struct options *options) {
    size_t i, k = 0;
    memset(excluded, 0, sizeof *excluded);
    for (i = 0; i < options->exclude_dirs.count; i++) {
        add_meanings(&excluded->names, options->exclude_dirs.items[i], &options->operands);
        excluded->given =
            (size_t *)reallocate(excluded->given, excluded->names.count * sizeof(size_t));
        for (; k < excluded->names.count; k++) excluded->given[k] = i;
    }
    excluded->matched = flags(excluded->names.count);
}

static void excluded_warn(const struct excluded *excluded, const struct options *options) {
    bool *matched = flags(options->exclude_dirs.count);
    size_t k;
    for (k = 0; k < excluded->names.count; k++)
        matched[excluded->given[k]] = matched[excluded->given[k]] || excluded->matched[k];
    warn_unmatched(options, "--exclude-dir", &options->exclude_dirs, matched);
    free(matched);
}

static void excluded_close(struct excluded *excluded) {
    names_free(&excluded->names);
    free(excluded->given);
    free(excluded->matched);
}

static confiture_status search(confiture_files **files, const struct options *options,
                               confiture_find_options *find, bool quiet, confiture_error *error) {
    size_t i, count = options->operands.count;
    confiture_directory *list = (confiture_directory *)allocate(count * sizeof *list);
    bool *included = flags(options->include.count), *excluded = flags(options->exclude.count);
    struct excluded dirs;
    struct explain_source source;
    confiture_status status;
    excluded_open(&dirs, options);
    find->exclude_dirs = (const char *const *)dirs.names.items;
    find->exclude_dir_count = dirs.names.count;
    find->exclude_dir_matched = dirs.matched;
    source.options = options;
    source.given = dirs.given;
    if (options->explain) find->explain = explain_keep, find->explain_user = &source;
    memset(list, 0, count * sizeof *list);
    for (i = 0; i < count; i++) {
        list[i].path = options->operands.items[i];
        list[i].include = options->include.items;
        list[i].include_count = options->include.count;
        list[i].include_matched = included;
        list[i].exclude = options->exclude.items;
        list[i].exclude_count = options->exclude.count;
        list[i].exclude_matched = excluded;
        list[i].not_recursive = options->not_recursive;
        list[i].must_exist = !options->allow_missing;
    }
    status = confiture_find_all(files, list, count, find, error);
    if (!quiet && (status == CONFITURE_OK || status == CONFITURE_E_NO_FILES)) {
        warn_unmatched(options, "--include", &options->include, included);
        warn_unmatched(options, "--exclude", &options->exclude, excluded);
        excluded_warn(&dirs, options);
    }
    excluded_close(&dirs);
    free(included);
    free(excluded);
    free(list);
    return status;
}

static int find_below(confiture_files **files, const struct options *options,
                      confiture_find_options *find) {
    confiture_error error;
    confiture_status status = search(files, options, find, false, &error);
    size_t i;
    if (status != CONFITURE_OK && status != CONFITURE_E_NO_FILES) return report_failed(&error);
    for (i = 0; i < options->operands.count; i++) {
        const char *path = options->operands.items[i];
        if (system_kind(path) == SYSTEM_MISSING) /* a dangling link is an error of the search */
            report_warning("%s: no such directory, skipped", path);
    }
    if (status == CONFITURE_OK) return EXIT_DONE;
    return options->explain ? explain_no_files(options, &error) : report_failed(&error);
}

/* ---- DIRs or FILEs ---- */

/* Whether the operands are FILEs. Returns an exit code. */
static int classify(const struct options *options, bool *are_files) {
    const char *file = NULL, *directory = NULL, *unknown = NULL;
    char text[ERROR_TEXT];
    int why = 0;
    size_t i;
    for (i = 0; i < options->operands.count; i++) {
        const char *path = options->operands.items[i];
        enum system_kind kind = system_kind(path);
        if (kind == SYSTEM_MISSING && !options->allow_missing)
            return report_error(path, "no such file or directory");
        if (kind == SYSTEM_UNKNOWN) unknown = path, why = errno;
        if (kind == SYSTEM_FILE) file = path;
        else directory = path;
    }
    /* The search can reach directories whose paths are too long for the system. */
    if (unknown && (file || (why == ENOTDIR && !options->allow_missing)))
        return report_error(unknown, "%s", error_text(text, why));
    *are_files = file != NULL;
    if (!file) return EXIT_DONE;
    if (directory) {
        usage_error("'%s' is a file and '%s' a directory: expected one or the other", file,
                    directory);
    }
    options_refuse_search("FILE");
    return EXIT_DONE;
}

static void find_options(confiture_find_options *find, const struct options *options) {
    memset(find, 0, sizeof *find);
    progress_run(&find->run, options);
    find->base = options->base;
    find->common_base = options->common_base;
    find->sort = (confiture_sort)options->sort;
    find->unique = options->unique;
    find->confine = options->confine;
}

/* Without this check, a mistyped base would be an error of the first file. */
static int check_base(const char *base) {
    enum system_kind kind = base ? system_kind(base) : SYSTEM_DIRECTORY;
    if (kind == SYSTEM_MISSING)
        return report_error(base, "no such directory: expected one for --base");
    if (kind == SYSTEM_FILE) return report_error(base, "not a directory: expected one for --base");
    return EXIT_DONE;
}

static int order_texts(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Warns of files that overlapping operands or patterns list repeatedly: most likely a mistake. A
 * list from a program gets no warning. sorted: the paths of a search. */
static void warn_repeated(const confiture_files *files, bool sorted) {
    size_t count = confiture_files_count(files), repeated = 0, i;
    const char **paths = (const char **)allocate((count + 1) * sizeof *paths), *first = NULL;
    for (i = 0; i < count; i++) paths[i] = confiture_files_path(files, i);
    if (!sorted) qsort((void *)paths, count, sizeof *paths, order_texts);
    for (i = 1; i < count; i++) {
        if (strcmp(paths[i - 1], paths[i]) != 0) continue;
        if (repeated++ == 0) first = paths[i];
    }
    /* --unique is for a search. */
    if (repeated == 1)
        report_warning("%s: listed twice, so it is used twice%s", first,
                       sorted ? "; see --unique" : "");
    else if (repeated > 1)
        report_warning("%s: listed twice, so it is used twice, and %zu more like it%s", first,
                       repeated - 1, sorted ? "; see --unique" : "");
    free((void *)paths);
}

/* "confiture build db > db/all.sql": the shell has emptied the file, and the next build would
 * include it. */
static int check_stdout(const confiture_files *files, const struct options *options) {
    size_t i;
    for (i = 0; system_stdout_is_file() && i < confiture_files_count(files); i++) {
        const char *path = confiture_files_path(files, i);
        if (!path || !system_is_stdout(path)) continue;
        return report_error(path, "standard output is one of the input files%s",
                            options->command == COMMAND_BUILD ? "; use -o, which leaves it out"
                                                              : "");
    }
    return EXIT_DONE;
}

int input_find_below(confiture_files **files, const struct options *options,
                     const char *directory) {
    struct options one = *options;
    confiture_find_options find;
    confiture_error error;
    confiture_status status;
    int code = check_base(options->base);
    if (code) return code;
    find_options(&find, options);
    one.operands.items = &directory;
    one.operands.count = 1;
    status = search(files, &one, &find, false, &error);
    if (status == CONFITURE_E_NO_FILES) {
        report_warning("%s: no SQL files found%s", directory,
                       system_kind(directory) == SYSTEM_MISSING ? ": no such directory" : "");
        status = confiture_files_from_paths(files, NULL, 0, NULL, &error);
    }
    return status ? report_failed(&error) : check_stdout(*files, options);
}

int input_find(confiture_files **files, const struct options *options) {
    confiture_find_options find;
    bool are_files = false;
    int code = check_base(options->base);
    find_options(&find, options);
    if (!code && !options->files0_from) code = classify(options, &are_files);
    if (code) return code;
    if (options->common_base && !options->files0_from && !are_files) {
        usage_error("--common-base needs FILEs or --files0-from; DIRs have their own");
    }
    if (options->files0_from) code = find_listed(files, options, &find);
    else if (are_files) code = find_given(files, options, &find);
    else code = find_below(files, options, &find);
    if (!code) code = check_stdout(*files, options);
    /* "confiture check" has a note for this. */
    if (!code && !options->unique && options->command != COMMAND_CHECK &&
        (options->operands.count > 1 || options->include.count > 1))
        warn_repeated(*files, !are_files);
    return code;
}

/* ---- outputs among the inputs ---- */

/* The option by which other commands leave a file out: its name if it is unique and no pattern,
 * otherwise its path. */
static char *exclusion_of(const confiture_files *files, size_t index) {
    const char *path = confiture_files_path(files, index), *leaf = leaf_of(path);
    struct text text = {NULL, 0, 0};
    bool unique = strpbrk(leaf, "*?[") == NULL;
    size_t i;
    for (i = 0; i < confiture_files_count(files); i++) {
        if (i != index && strcmp(leaf_of(confiture_files_path(files, i)), leaf) == 0)
            unique = false;
    }
    text_add_string(&text, unique ? "--exclude " : "--exclude-dir ");
    text_add_quoted(&text, unique ? leaf : path);
    return text.data;
}

static void note_output(const struct options *options, const confiture_files *files,
                        const char *output) {
    size_t i;
    char *exclusion;
    for (i = 0; i < confiture_files_count(files); i++) {
        if (system_is_same_file(confiture_files_path(files, i), output)) break;
    }
    if (i == confiture_files_count(files)) return;
    if (options->files0_from) {
        report_warning("%s: is in the list and is the output, so it is left out; hash, list and "
                       "check read it unless the list leaves it out, too",
                       output);
        return;
    }
    exclusion = exclusion_of(files, i);
    report_warning("%s: is an input and the output, so it is left out; hash, list and "
                   "check do the same with %s",
                   output, exclusion);
    free(exclusion);
}

/* Whether a search of the DIRs may find a file. */
static bool may_be_found(const struct options *options, const char *path) {
    struct names names = {NULL, 0};
    bool may;
    add_resolved(&names, path, &options->operands);
    may = names.count > 0;
    names_free(&names);
    return may;
}

int input_leave_out(confiture_files **files, const struct options *options,
                    const char *const *paths, size_t count) {
    confiture_find_options find;
    confiture_error error;
    confiture_files *kept = NULL;
    const char **left;
    size_t total = confiture_files_count(*files), i, k, n = 0;
    bool inside = false;
    confiture_status status;
    for (k = 0; k < count; k++)
        inside = inside || (paths[k] && (options->files0_from || may_be_found(options, paths[k])));
    if (!inside) return EXIT_DONE;
    left = (const char **)allocate((total + 1) * sizeof *left);
    for (i = 0; i < total; i++) {
        const char *path = confiture_files_path(*files, i);
        for (k = 0; k < count; k++)
            if (paths[k] && system_is_same_file(path, paths[k])) break;
        if (k == count) left[n++] = path;
    }
    find_options(&find, options);
    find.base = confiture_files_base(*files);
    find.common_base = find.unique = false;
    status = n == total ? CONFITURE_OK : confiture_files_from_paths(&kept, left, n, &find, &error);
    if (kept) {
        confiture_files_free(*files);
        *files = kept;
    }
    free((void *)left);
    return status ? report_failed(&error) : EXIT_DONE;
}

void input_note_outputs(const struct options *options, const confiture_files *files,
                        const char *const *paths, size_t count, bool left_out) {
    confiture_files *again = NULL;
    confiture_find_options find;
    confiture_error error;
    bool inside = false;
    size_t i;
    /* A new output is not in the list, but the next search finds it. */
    for (i = 0; i < count && !left_out && !options->files0_from; i++)
        inside = inside || may_be_found(options, paths[i]);
    if (!left_out && !inside) return;
    if (inside) {
        find_options(&find, options);
        if (search(&again, options, &find, true, &error)) return;
        files = again;
    }
    for (i = 0; i < count; i++) note_output(options, files, paths[i]);
    confiture_files_free(again);
}
