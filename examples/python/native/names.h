/* names.h: the names that the Rust module gives to files.
 *
 * The base is the longest prefix, in whole components, of all paths with links resolved. The
 * name of a file is its path as given without that base, or the whole path if it does not begin
 * with the base: a name is always the end of a path. The library's common_base differs: it looks
 * at directories, resolves no links, cleans the paths, and refuses some names.
 *
 * The Rust module resolves every path. Here each directory is resolved once. A relative path is
 * never resolved: the base is absolute, so no relative path begins with it. */

#ifndef CONFITURE_NATIVE_NAMES_H
#define CONFITURE_NATIVE_NAMES_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct core_file {
    const char *path; /* UTF-8, NUL-terminated, owned by the caller's str */
    size_t size;
    size_t leaf; /* the offset of the last component */
    size_t name; /* the offset of the name */
    /* The file in a schema: all of its bytes in the buffer of its reader, from start to end; the
     * file's own begin at text. */
    size_t reader, start, end, text, text_size;
    int letters; /* LETTERS_..., from start to end */
} core_file;

/* ---- directories, each resolved once ---- */

typedef struct resolved {
    const char *given; /* a part of some file's path */
    size_t size;
    char *real; /* NULL: cannot be resolved */
} resolved;

typedef struct resolver {
    resolved *slots; /* open addressing; a slot without `given` is free */
    size_t capacity, used;
    bool no_memory;
} resolver;

static size_t resolver_slot(const resolver *r, const char *given, size_t size) {
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    size_t i;
    for (i = 0; i < size; i++) hash = (hash ^ (unsigned char)given[i]) * 1099511628211u;
    i = (size_t)(hash ^ (hash >> 32)) & (r->capacity - 1);
    while (r->slots[i].given != NULL &&
           (r->slots[i].size != size || memcmp(r->slots[i].given, given, size) != 0))
        i = (i + 1) & (r->capacity - 1);
    return i;
}

static bool resolver_grow(resolver *r) {
    resolver larger = *r;
    size_t i;
    if (r->capacity != 0 && r->used < r->capacity / 2) return true;
    larger.capacity = r->capacity == 0 ? 64 : r->capacity * 2;
    larger.slots = calloc(larger.capacity, sizeof(resolved));
    if (larger.slots == NULL) return false;
    for (i = 0; i < r->capacity; i++) {
        const resolved *slot = &r->slots[i];
        if (slot->given != NULL)
            larger.slots[resolver_slot(&larger, slot->given, slot->size)] = *slot;
    }
    free(r->slots);
    *r = larger;
    return true;
}

static void resolver_free(resolver *r) {
    size_t i;
    for (i = 0; i < r->capacity; i++) free(r->slots[i].real);
    free(r->slots);
}

static bool is_link(const char *path) {
    char byte;
    return readlink(path, &byte, 1) >= 0 || errno != EINVAL;
}

static const char *resolver_directory(resolver *r, const char *given, size_t size);

/* A directory that is no link lies in its resolved parent: one system call, where resolving the
 * whole path takes one for each component. NULL: the whole path must be resolved. */
static char *resolver_below_parent(resolver *r, const char *copy, const char *given, size_t size) {
    size_t last = size, parent, length;
    const char *above;
    char *real;
    while (last > 0 && given[last - 1] != '/') last--;
    length = size - last;
    if (length == 0 || given[last] == '.' || is_link(copy)) return NULL;
    for (parent = last; parent > 1 && given[parent - 1] == '/';) parent--;
    above = resolver_directory(r, given, parent);
    if (above == NULL) return NULL;
    parent = strlen(above);
    if (parent == 1) parent = 0; /* the root's slash is the one that follows */
    real = malloc(parent + length + 2);
    if (real == NULL) return NULL;
    memcpy(real, above, parent);
    real[parent] = '/';
    memcpy(real + parent + 1, given + last, length);
    real[parent + 1 + length] = '\0';
    return real;
}

/* Resolves the directory given[0..size), which ends in a slash only if it is the root; an empty
 * one is the current directory. NULL: it cannot be resolved. */
static const char *resolver_directory(resolver *r, const char *given, size_t size) {
    char *copy, *real;
    size_t slot;
    if (r->capacity != 0) {
        slot = resolver_slot(r, given, size);
        if (r->slots[slot].given != NULL) return r->slots[slot].real;
    }
    copy = malloc(size + 2);
    if (copy == NULL) {
        r->no_memory = true;
        return NULL;
    }
    memcpy(copy, size == 0 ? "." : given, size == 0 ? 1 : size);
    copy[size == 0 ? 1 : size] = '\0';
    real = resolver_below_parent(r, copy, given, size);
    if (real == NULL) real = realpath(copy, NULL);
    free(copy);
    /* Resolving has added the parents: the slots may have moved. */
    if (!resolver_grow(r)) {
        free(real);
        r->no_memory = true;
        return NULL;
    }
    slot = resolver_slot(r, given, size);
    r->slots[slot].given = given;
    r->slots[slot].size = size;
    r->slots[slot].real = real;
    r->used++;
    return real;
}

/* ---- the common base ---- */

/* The longest common prefix, in whole components, of the paths added so far. */
typedef struct common {
    char *path; /* absolute, clean, not NUL-terminated; NULL before the first */
    size_t size, capacity;
    char *next; /* the path that is being added */
    size_t next_capacity;
    bool nothing; /* not even the root is shared */
} common;

/* Moves to the next component that is neither "." nor empty. Returns its size; 0 at the end. */
static size_t next_component(const char **path) {
    for (;;) {
        size_t size;
        while (**path == '/') ++*path;
        size = strcspn(*path, "/");
        if (size != 1 || **path != '.') return size;
        ++*path;
    }
}

/* Adds directory/leaf, or the directory alone if leaf is NULL. False: no memory. */
static bool common_add(common *c, const char *directory, const char *leaf) {
    size_t size = 0, same = 0, capacity = strlen(directory) + (leaf ? strlen(leaf) : 0) + 3;
    const char *parts[2];
    int i;
    if (capacity > c->next_capacity) {
        char *larger = realloc(c->next, capacity);
        if (larger == NULL) return false;
        c->next = larger;
        c->next_capacity = capacity;
    }
    if (directory[0] != '/') c->nothing = true;
    parts[0] = directory;
    parts[1] = leaf;
    for (i = 0; i < 2 && parts[i] != NULL; i++) {
        const char *at = parts[i];
        size_t length;
        while ((length = next_component(&at)) > 0) {
            c->next[size++] = '/';
            memcpy(c->next + size, at, length);
            size += length;
            at += length;
        }
    }
    if (c->path == NULL) {
        c->path = c->next;
        c->size = size;
        c->next = NULL;
        c->next_capacity = 0;
        return true;
    }
    while (same < size && same < c->size && c->path[same] == c->next[same]) same++;
    /* Both paths must end a component there. */
    if ((same < size && c->next[same] != '/') || (same < c->size && c->path[same] != '/'))
        while (same > 0 && c->path[--same] != '/') {}
    c->size = same;
    return true;
}

/* The offset of the name in an absolute path. */
static size_t name_below(const common *base, const char *path) {
    const char *at = path;
    size_t done = 0;
    while (done < base->size) {
        size_t length = next_component(&at);
        done++; /* the slash */
        if (length == 0 || length > base->size - done ||
            memcmp(at, base->path + done, length) != 0 ||
            (done + length < base->size && base->path[done + length] != '/'))
            return 0;
        at += length;
        done += length;
    }
    (void)next_component(&at);
    return (size_t)(at - path);
}

static size_t directory_size(const core_file *file) {
    size_t size = file->leaf;
    while (size > 1 && file->path[size - 1] == '/') size--;
    return size;
}

static bool common_add_file(common *base, resolver *r, const core_file *file, bool exact) {
    const char *real = resolver_directory(r, file->path, directory_size(file));
    if (exact && is_link(file->path)) {
        char *target = realpath(file->path, NULL);
        bool good = common_add(base, target != NULL ? target : file->path, NULL);
        free(target);
        return good;
    }
    if (real == NULL) return !r->no_memory && common_add(base, file->path, NULL);
    return common_add(base, real, file->path + file->leaf);
}

static bool same_directory(const core_file *a, const core_file *b) {
    return a->leaf == b->leaf && memcmp(a->path, b->path, a->leaf) == 0;
}

/* Names all files. Unless exact, no file counts as a symbolic link: the reader, which looks at
 * every file anyway, finds out, and the names are then made again. *matters: whether a link
 * would change a name. False: no memory. */
static bool core_names(core_file *files, size_t count, bool exact, bool *matters) {
    resolver r = {NULL, 0, 0, false};
    common base = {NULL, 0, 0, NULL, 0, false};
    bool good = true;
    size_t i, inside = 0;
    *matters = false;
    for (i = 0; i < count; i++) {
        files[i].name = 0;
        if (files[i].path[0] == '/') *matters = true;
    }
    if (count == 1) {
        files[0].name = files[0].leaf;
        *matters = false;
    }
    if (!*matters) return true;
    for (i = 0; good && i < count; i++) {
        /* A second file of the same directory cannot shorten a base that is no longer than it. */
        if (!exact && i > 0 && base.size <= inside && same_directory(&files[i - 1], &files[i]))
            continue;
        if (!exact && i > 0 && base.size == 0) break;
        good = common_add_file(&base, &r, &files[i], exact);
        if (good) {
            const char *real = resolver_directory(&r, files[i].path, directory_size(&files[i]));
            inside = real != NULL ? strlen(real) : 0;
        }
    }
    if (good && !base.nothing)
        for (i = 0; i < count; i++)
            if (files[i].path[0] == '/') files[i].name = name_below(&base, files[i].path);
    resolver_free(&r);
    free(base.path);
    free(base.next);
    return good;
}

#endif
