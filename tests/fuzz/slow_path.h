/* slow_path.h: paths, the obvious way. Before it stand SLOW_HERE, the current directory, and
 * slow_target(), which has the target of a symbolic link, or NULL. */
#ifndef CONFITURE_FUZZ_SLOW_PATH_H
#define CONFITURE_FUZZ_SLOW_PATH_H

#include "slow_glob.h"
#include "slow_names.h"

typedef struct slow_path {
    bool absolute;
    slow_part parts[SLOW_PARTS];
    size_t count;
} slow_path;

FUZZ_SLOW static void slow_path_of(slow_path *path, const char *text) {
    path->absolute = text[0] == '/';
    path->count = slow_split(path->parts, text, strlen(text));
}

FUZZ_SLOW static char *slow_path_text(const slow_path *path) {
    size_t size = 2, i;
    char *text, *p;
    for (i = 0; i < path->count; i++) size += path->parts[i].size + 1;
    p = text = (char *)malloc(size + 1);
    if (text == NULL) abort();
    if (path->absolute) *p++ = '/';
    for (i = 0; i < path->count; i++) {
        if (i > 0) *p++ = '/';
        memcpy(p, path->parts[i].text, path->parts[i].size);
        p += path->parts[i].size;
    }
    if (p == text) *p++ = '.';
    *p = '\0';
    return text;
}

FUZZ_SLOW static int slow_part_order(const slow_part *a, const slow_part *b) {
    size_t i;
    for (i = 0; i < a->size && i < b->size; i++)
        if (a->text[i] != b->text[i]) return (uint8_t)a->text[i] < (uint8_t)b->text[i] ? -1 : 1;
    return a->size == b->size ? 0 : a->size < b->size ? -1 : 1;
}

/* "/" is the first component of an absolute path, as pathlib has it; "." is none. */
FUZZ_SLOW static int slow_path_order(const slow_path *a, const slow_path *b) {
    static const slow_part root = {"/", 1};
    size_t i, n = a->count + a->absolute, m = b->count + b->absolute;
    for (i = 0; i < n && i < m; i++) {
        const slow_part *x = !a->absolute ? &a->parts[i] : i == 0 ? &root : &a->parts[i - 1];
        const slow_part *y = !b->absolute ? &b->parts[i] : i == 0 ? &root : &b->parts[i - 1];
        int order = slow_part_order(x, y);
        if (order != 0) return order;
    }
    return n == m ? 0 : n < m ? -1 : 1;
}

/* How many components both begin with. */
FUZZ_SLOW static size_t slow_path_common(const slow_path *a, const slow_path *b) {
    size_t i = 0;
    if (a->absolute != b->absolute) return 0;
    while (i < a->count && i < b->count && slow_part_order(&a->parts[i], &b->parts[i]) == 0) i++;
    return i;
}

FUZZ_SLOW static bool slow_path_below(const slow_path *path, const slow_path *prefix) {
    return path->absolute == prefix->absolute && slow_path_common(path, prefix) == prefix->count;
}

FUZZ_SLOW static bool slow_is_parent(const slow_part *part) {
    return part->size == 2 && part->text[0] == '.' && part->text[1] == '.';
}

FUZZ_SLOW static bool slow_path_climbs(const slow_path *path, size_t from) {
    long depth = 0;
    for (; from < path->count; from++) {
        depth += slow_is_parent(&path->parts[from]) ? -1 : 1;
        if (depth < 0) return true;
    }
    return false;
}

/* The path behind the current directory, if it is relative. */
FUZZ_SLOW static void slow_path_absolute(slow_path *path) {
    slow_path whole;
    size_t i;
    if (path->absolute) return;
    slow_path_of(&whole, SLOW_HERE);
    for (i = 0; i < path->count && whole.count < SLOW_PARTS; i++)
        whole.parts[whole.count++] = path->parts[i];
    *path = whole;
}

/* Goes on from an absolute path without links to each component in turn. False: too many
 * links. */
FUZZ_SLOW static bool slow_path_walk(slow_path *out, const slow_path *todo, int *links) {
    size_t i;
    if (todo->absolute) out->count = 0;
    for (i = 0; i < todo->count; i++) {
        const char *target;
        char *text;
        if (slow_is_parent(&todo->parts[i])) {
            if (out->count > 0) out->count--;
            continue;
        }
        if (out->count == SLOW_PARTS) abort();
        out->parts[out->count++] = todo->parts[i];
        text = slow_path_text(out);
        target = slow_target(text);
        free(text);
        if (target != NULL) {
            slow_path next;
            if (++*links > 40) return false;
            out->count--;
            slow_path_of(&next, target);
            if (!slow_path_walk(out, &next, links)) return false;
        }
    }
    return true;
}

FUZZ_SLOW static bool slow_can_resolve(const char *path) {
    static slow_path todo, out;
    int links = 0;
    slow_path_of(&todo, path);
    slow_path_absolute(&todo);
    out.absolute = true;
    out.count = 0;
    return slow_path_walk(&out, &todo, &links);
}

/* The name of a path below the base, to be freed; NULL: it is outside. */
FUZZ_SLOW static char *slow_name(const char *path_text, const char *base_text) {
    slow_path path, base;
    size_t i;
    slow_path_of(&path, path_text);
    slow_path_of(&base, base_text);
    if (!slow_path_below(&path, &base)) {
        slow_path_absolute(&path);
        slow_path_absolute(&base);
        if (!slow_path_below(&path, &base)) return NULL;
    }
    if (slow_path_climbs(&path, base.count)) return NULL;
    path.absolute = false;
    path.count -= base.count;
    for (i = 0; i < path.count; i++) path.parts[i] = path.parts[base.count + i];
    return slow_path_text(&path);
}

#endif
