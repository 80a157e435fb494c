/* slow_find.h: which files a search finds, as tests/reference/selection.py has it: patterns are
 * followed from directory to directory, each path by itself, with no set of states and no order;
 * order and duplicates come last. On the file system of memory_fs.h. */
#ifndef CONFITURE_FUZZ_SLOW_FIND_H
#define CONFITURE_FUZZ_SLOW_FIND_H

#define SLOW_FOUND 150

typedef struct slow_list {
    char *items[SLOW_FOUND];
    size_t count;
    bool full; /* there are more: nothing is said about such inputs */
} slow_list;

FUZZ_SLOW static void slow_list_add(slow_list *list, const char *text, bool unique) {
    size_t i;
    if (unique)
        for (i = 0; i < list->count; i++)
            if (fuzz_same(list->items[i], text)) return;
    list->full = list->full || list->count == SLOW_FOUND;
    if (list->full) return;
    list->items[list->count++] = strcpy((char *)malloc(strlen(text) + 1), text);
}

FUZZ_SLOW static void slow_list_clear(slow_list *list) {
    while (list->count > 0) free(list->items[--list->count]);
    list->full = false;
}

typedef struct slow_search {
    const confiture_directory *directory;
    const confiture_find_options *options;
    slow_list *found, *selected; /* selected: by one pattern, each once */
    const char *root;            /* clean */
    char *error_path;            /* of all that cannot be read, the first in the order of paths */
    size_t steps;
} slow_search;

/* A lexical prefix test. */
FUZZ_SLOW static bool slow_excluded_dir(const slow_search *s, const char *path) {
    static slow_path x, y;
    size_t i;
    slow_path_of(&x, path);
    for (i = 0; i < s->options->exclude_dir_count; i++) {
        slow_path_of(&y, s->options->exclude_dirs[i]);
        if (slow_path_below(&x, &y) && (y.count > 0 || y.absolute || !x.absolute)) return true;
    }
    return false;
}

FUZZ_SLOW static char *slow_join(const char *directory, const char *name, size_t size) {
    size_t n = fuzz_same(directory, ".") ? 0 : strlen(directory);
    char *path = (char *)malloc(n + size + 2);
    if (path == NULL) abort();
    memcpy(path, directory, n);
    if (n > 0 && directory[n - 1] != '/') path[n++] = '/';
    memcpy(path + n, name, size);
    path[n + size] = '\0';
    return path;
}

FUZZ_SLOW static void slow_error_at(slow_search *s, const char *path) {
    static slow_path x, y;
    slow_path_of(&x, path);
    if (s->error_path != NULL) slow_path_of(&y, s->error_path);
    if (s->error_path == NULL || slow_path_order(&x, &y) < 0) {
        free(s->error_path);
        s->error_path = strcpy((char *)malloc(strlen(path) + 1), path);
    }
}

/* False, and an error, if the directory cannot be listed. */
FUZZ_SLOW static bool slow_can_list(slow_search *s, const char *path) {
    int node = fs_look(path, true);
    if (node >= 0 && !fs.nodes[node].secret) return true;
    slow_error_at(s, path);
    return false;
}

/* Whether a path ends in a link that leads nowhere, or leads through one. */
FUZZ_SLOW static bool slow_leads_nowhere(const char *path) {
    char *text = strcpy((char *)malloc(strlen(path) + 1), path), *slash = text;
    bool cwd = false;
    while (slash != NULL) {
        int node = fs_look(text, false);
        if (node >= 0) {
            cwd = fs.nodes[node].kind == FS_LINK && fs_look(text, true) < 0;
            break;
        }
        slash = strrchr(text, '/');
        if (slash != NULL) *slash = '\0';
    }
    free(text);
    return cwd;
}

FUZZ_SLOW static bool slow_excluded_name(const slow_search *s, const char *path) {
    const char *below = fuzz_same(s->root, ".") ? path : path + strlen(s->root);
    size_t e;
    while (*below == '/') below++;
    if (fuzz_same(path, s->root)) below = "";
    for (e = 0; e < s->directory->exclude_count; e++)
        if (slow_match(below, strlen(below), s->directory->exclude[e],
                       strlen(s->directory->exclude[e])) == 1)
            return true;
    return false;
}

FUZZ_SLOW static bool slow_is_directory(const char *path) {
    int node = fs_look(path, true);
    return node >= 0 && fs.nodes[node].kind == FS_DIRECTORY;
}

FUZZ_SLOW static void slow_select(slow_search *s, const char *path, const slow_part *parts,
                                  size_t count);

/* This directory and all below it; links are not followed. */
FUZZ_SLOW static void slow_select_depth(slow_search *s, const char *path, const slow_part *rest,
                                        size_t count) {
    int node = fs_look(path, true), i;
    slow_select(s, path, rest, count);
    if (!slow_can_list(s, path)) return;
    for (i = 1; i < fs.count; i++) {
        char *below;
        if (fs.nodes[i].kind != FS_DIRECTORY || fs.nodes[i].parent != node) continue;
        below = slow_join(path, fs.nodes[i].name, strlen(fs.nodes[i].name));
        if (!slow_excluded_dir(s, below)) slow_select_depth(s, below, rest, count);
        free(below);
    }
}

FUZZ_SLOW static void slow_select(slow_search *s, const char *path, const slow_part *parts,
                                  size_t count) {
    int node, i;
    char kind;
    if (++s->steps > 800 || strlen(path) > 200) s->selected->full = true;
    if (s->selected->full) return;
    if (count == 0) {
        slow_list_add(s->selected, path, true);
        return;
    }
    node = fs_look(path, true);
    kind = slow_part_kind(&parts[0]);
    if (kind == 'd') {
        slow_select_depth(s, path, parts + 1, count - 1);
        return;
    }
    if (!slow_can_list(s, path) && kind == 'w') return;
    if (kind == 'e') {
        char *below = slow_join(path, parts[0].text, parts[0].size);
        if (slow_excluded_dir(s, below) || (count == 1 && slow_excluded_name(s, below))) {
            free(below);
            return;
        }
        if (slow_leads_nowhere(below)) slow_error_at(s, below);
        else if (count > 1 ? slow_is_directory(below) : fs_look(below, true) >= 0)
            slow_select(s, below, parts + 1, count - 1);
        free(below);
        return;
    }
    for (i = 1; i < fs.count; i++) {
        const fs_node *entry = &fs.nodes[i];
        bool asked;
        char *below;
        if (entry->kind == FS_NONE || entry->parent != node) continue;
        if (!slow_fnmatch(entry->name, strlen(entry->name), parts[0].text, parts[0].size, &asked))
            continue;
        below = slow_join(path, entry->name, strlen(entry->name));
        if (!slow_excluded_dir(s, below) && (count == 1 || slow_is_directory(below)))
            slow_select(s, below, parts + 1, count - 1);
        free(below);
    }
}

/* Whether one of the patterns, or of the excludes, cannot be used. */
FUZZ_SLOW static bool slow_bad_patterns(const confiture_directory *d) {
    static slow_part parts[SLOW_PARTS];
    size_t i, k, n;
    for (i = 0; i < d->include_count; i++) {
        n = slow_split(parts, d->include[i], strlen(d->include[i]));
        if (n == 0 || d->include[i][0] == '/') return true;
        for (k = 0; k < n; k++)
            if (slow_part_kind(&parts[k]) == '!') return true;
    }
    for (i = 0; i < d->exclude_count; i++)
        if (slow_match("x", 1, d->exclude[i], strlen(d->exclude[i])) < 0) return true;
    return d->path[0] == '\0';
}

/* One include directory. */
FUZZ_SLOW static confiture_status slow_search_directory(slow_search *s) {
    static const char *const all[] = {"**/*.sql"}, *const flat[] = {"*.sql"};
    static slow_part parts[SLOW_PARTS + 1];
    const confiture_directory *d = s->directory;
    const char *const *include = d->include_count > 0 ? d->include : all;
    size_t count = d->include_count > 0 ? d->include_count : 1, i, k, n;
    int node = fs_look(s->root, true);
    if (count == 1 && strcmp(include[0], all[0]) == 0 && d->not_recursive) include = flat;
    if (node < 0 && !slow_leads_nowhere(s->root))
        return d->must_exist ? CONFITURE_E_NOT_FOUND : CONFITURE_OK;
    if (slow_excluded_dir(s, s->root)) return CONFITURE_OK;
    if (node < 0 || fs.nodes[node].kind != FS_DIRECTORY) return CONFITURE_E_SYSTEM;
    if (fs.nodes[node].secret) { /* named as it was given */
        s->error_path = strcpy((char *)malloc(strlen(d->path) + 1), d->path);
        return CONFITURE_E_SYSTEM;
    }
    for (i = 0; i < count; i++) {
        slow_list_clear(s->selected);
        n = slow_split(parts + 1, include[i], strlen(include[i]));
        parts[0].text = "**", parts[0].size = 2;
        if (d->not_recursive) slow_select(s, s->root, parts + 1, n);
        else slow_select(s, s->root, parts, n + 1);
        if (s->error_path != NULL) return CONFITURE_E_SYSTEM;
        for (k = 0; k < s->selected->count; k++) {
            const char *path = s->selected->items[k];
            if (!slow_excluded_dir(s, path) && !slow_excluded_name(s, path))
                slow_list_add(s->found, path, s->options->unique);
        }
        s->found->full = s->found->full || s->selected->full;
    }
    return CONFITURE_OK;
}

/* ---- order ---- */

FUZZ_SLOW static const char *slow_leaf(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

FUZZ_SLOW static int slow_file_order(const char *a, const char *b, bool hex) {
    static slow_path x, y;
    static slow_hex p, q;
    int order = 0;
    if (hex) {
        slow_hex_key(&p, slow_leaf(a));
        slow_hex_key(&q, slow_leaf(b));
        order = slow_hex_order(&p, &q);
    }
    if (order != 0) return order;
    slow_path_of(&x, a);
    slow_path_of(&y, b);
    return slow_path_order(&x, &y);
}

FUZZ_SLOW static void slow_sort(slow_list *list, confiture_sort sort) {
    static slow_hex key;
    bool hex = false;
    size_t i, k;
    for (i = 0; i < list->count && sort == CONFITURE_SORT_HEX; i++) {
        slow_hex_key(&key, slow_leaf(list->items[i]));
        hex = hex || key.prefix > 0;
    }
    for (i = 1; i < list->count; i++) /* insertion sort, which is stable */
        for (k = i; k > 0 && slow_file_order(list->items[k - 1], list->items[k], hex) > 0; k--) {
            char *swap = list->items[k];
            list->items[k] = list->items[k - 1];
            list->items[k - 1] = swap;
        }
}

/* The base, to be freed; NULL: it cannot be resolved. */
FUZZ_SLOW static char *slow_base(const confiture_directory *directories, size_t count,
                                 const char *given) {
    static slow_path common, one, todo;
    size_t i;
    if (given == NULL && count == 1) given = directories[0].path;
    if (given != NULL) {
        slow_path_of(&common, given);
        return slow_path_text(&common);
    }
    for (i = 0; i < count; i++) {
        int links = 0;
        slow_path *out = i == 0 ? &common : &one;
        slow_path_of(&todo, directories[i].path);
        slow_path_absolute(&todo);
        out->absolute = true;
        out->count = 0;
        if (!slow_path_walk(out, &todo, &links)) return NULL;
        if (i > 0) common.count = slow_path_common(&common, &one);
    }
    return slow_path_text(&common);
}

/* Everything: the status, the list, the base (to be freed) and where it failed. */
FUZZ_SLOW static confiture_status slow_find(slow_list *found, char **base, char **error_path,
                                            const confiture_directory *directories, size_t count,
                                            const confiture_find_options *options) {
    static slow_list selected;
    static slow_path root;
    slow_search s;
    confiture_status status = CONFITURE_OK;
    size_t i;
    memset(&s, 0, sizeof s);
    s.options = options;
    s.found = found;
    s.selected = &selected;
    *base = NULL;
    for (i = 0; i < count; i++)
        if (slow_bad_patterns(&directories[i])) return CONFITURE_E_ARGUMENT;
    for (i = 0; i < count && status == CONFITURE_OK; i++) {
        char *text;
        slow_path_of(&root, directories[i].path);
        s.root = text = slow_path_text(&root);
        s.directory = &directories[i];
        status = slow_search_directory(&s);
        free(text);
    }
    slow_list_clear(&selected);
    *error_path = s.error_path;
    if (status != CONFITURE_OK) return status;
    if (found->count == 0) return CONFITURE_E_NO_FILES;
    slow_sort(found, options->sort);
    *base = slow_base(directories, count, options->base);
    if (*base == NULL || !slow_can_resolve(*base)) return CONFITURE_E_SYSTEM;
    for (i = 0; i < found->count; i++) {
        char *name = slow_name(found->items[i], *base);
        bool good = name != NULL && slow_is_line(name, strlen(name));
        bool outside = name == NULL;
        free(name);
        if (!good) return outside ? CONFITURE_E_OUTSIDE : CONFITURE_E_NAME;
    }
    return CONFITURE_OK;
}

#endif
