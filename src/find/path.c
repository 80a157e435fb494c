/* ---- find/path.c: components, comparison, common prefix, glob, match ---- */

/* Paths here are clean: no empty and no "." components, "." for no component at
 * all, ".." kept as it is. That is what pathlib does to them, and no more: what
 * ".." means depends on symbolic links. */

/* Appends the components of `path` to a clean path. False: no memory. */
static bool cfti_path_append(cfti_buffer *out, const char *path, size_t size) {
    size_t i = cfti_os_root(path, size);
    if (i > 0 && out->size == 0) {
        char root[CFTI_OS_ROOT_CAPACITY];
        if (!cfti_buffer_append(out, root, cfti_os_root_text(path, i, root))) return false;
    }
    while (i < size) {
        size_t n = 0;
        while (i + n < size && !cfti_os_is_slash(path[i + n])) n++;
        if (n > 0 && !(n == 1 && path[i] == '.')) {
            if (out->size > 0 && out->data[out->size - 1] != '/' &&
                !cfti_buffer_append(out, "/", 1))
                return false;
            if (!cfti_buffer_append(out, path + i, n)) return false;
        }
        i += n + 1;
    }
    return true;
}

/* The clean form of a path, with a NUL that is not counted. */
static bool cfti_path_clean(cfti_buffer *out, const char *path, size_t size) {
    out->size = 0;
    if (!cfti_path_append(out, path, size)) return false;
    if (out->size == 0 && !cfti_buffer_append(out, ".", 1)) return false;
    if (!cfti_buffer_reserve(out, 1)) return false;
    out->data[out->size] = 0;
    return true;
}

static bool cfti_path_is_dot(const char *path) { return path[0] == '.' && path[1] == '\0'; }

static bool cfti_path_is_absolute(const char *path) { return cfti_os_root(path, strlen(path)) > 0; }

/* The last component of a path as it was given. */
static const char *cfti_path_leaf(const char *path) {
    const char *leaf = path;
    for (; *path != '\0'; path++)
        if (cfti_os_is_slash(*path)) leaf = path + 1;
    return leaf;
}

/* The order of pathlib: component by component, each by its bytes, which for UTF-8
 * is by code point. "/" ends a component and so comes before every other byte: but
 * at the very beginning, where it is the component "/" itself. "." has none. */
static int cfti_path_compare(const char *a, const char *b) {
    size_t i = 0;
    int x, y;
    if (a[0] == '.' && a[1] == '\0') a++;
    if (b[0] == '.' && b[1] == '\0') b++;
    while (a[i] == b[i] && a[i] != '\0') i++;
    x = (unsigned char)a[i];
    y = (unsigned char)b[i];
    if (i > 0) {
        if (x == '/') x = 1;
        else if (x != 0) x++;
        if (y == '/') y = 1;
        else if (y != 0) y++;
    }
    return x < y ? -1 : x > y;
}

/* What may be left of a name without making it another: dots and blanks, which vfat drops, and
 * what letters with accents consist of. */
static bool cfti_path_may_end(const char *rest) {
    for (; *rest != '\0'; rest++)
        if (*rest != '.' && *rest != ' ' && (*rest & 0x80) == 0) return false;
    return true;
}

/* Whether one file may have both names, the one that a listing gave and one by which it
 * may be opened. Directories in which case, or the form of letters, does not tell files apart
 * are to be found on every system: only plain letters can say that a name is another. */
static bool cfti_path_may_be_same(const char *a, const char *b) {
    if (strchr(b, '~') != NULL) return true; /* SCHEMA~1.SQL */
    for (; *a != '\0' && *b != '\0'; a++, b++) {
        if (((*a | *b) & 0x80) != 0) return true;
        if (*a != *b && ((*a ^ *b) != 0x20 || (*a | 0x20) < 'a' || (*a | 0x20) > 'z'))
            return cfti_path_may_end(a) && cfti_path_may_end(b);
    }
    return cfti_path_may_end(a) && cfti_path_may_end(b);
}

/* What is left of clean `path` behind clean `prefix`, in whole components ("" if
 * they are equal); NULL if path is not below prefix. */
static const char *cfti_path_below(const char *path, const char *prefix) {
    size_t n = strlen(prefix);
    if (cfti_path_is_dot(prefix)) {
        if (cfti_path_is_absolute(path)) return NULL;
        return cfti_path_is_dot(path) ? "" : path;
    }
    if (strncmp(path, prefix, n) != 0) return NULL;
    if (path[n] == '\0') return path + n;
    if (prefix[n - 1] == '/') return path + n; /* a root */
    return path[n] == '/' ? path + n + 1 : NULL;
}

/* Whether ".." components lead out of where a relative path starts. */
static bool cfti_path_climbs(const char *path) {
    size_t i = 0, depth = 0;
    while (path[i] != '\0') {
        size_t n = 0;
        while (path[i + n] != '\0' && path[i + n] != '/') n++;
        if (n == 2 && path[i] == '.' && path[i + 1] == '.') {
            if (depth == 0) return true;
            depth--;
        } else {
            depth++;
        }
        i += n;
        if (path[i] == '/') i++;
    }
    return false;
}

/* Takes away the last component of an absolute path, but nothing of its root. */
static void cfti_path_pop(cfti_buffer *path) {
    size_t root = cfti_os_root((const char *)path->data, path->size);
    while (path->size > root && path->data[path->size - 1] != '/') path->size--;
    if (path->size > root) path->size--;
}

/* A relative path behind the current directory; an absolute one as it is. Returns an
 * error of the system's. */
static int cfti_path_absolute(cfti_buffer *out, const char *path) {
    out->size = 0;
    if (!cfti_path_is_absolute(path)) {
        char here[4096];
        int error = cfti_os_current_directory(here, sizeof(here));
        if (error != 0) return error;
        if (!cfti_path_append(out, here, strlen(here))) return CFTI_OS_NO_MEMORY;
    }
    if (!cfti_path_append(out, path, strlen(path)) || !cfti_buffer_reserve(out, 1))
        return CFTI_OS_NO_MEMORY;
    out->data[out->size] = 0;
    return 0;
}

static bool cfti_is_missing(int error) {
    return cfti_os_is_absent(error) || error == CFTI_OS_NOT_DIRECTORY || error == CFTI_OS_LINK_LOOP;
}

/* Whether an error says what stands under a path: nothing, or nothing for us. Any other is
 * no answer, and what was asked must not be taken for a no. */
static bool cfti_is_answer(int error) {
    return cfti_is_missing(error) || error == CFTI_OS_NO_ACCESS || cfti_os_is_no_name(error);
}

#define CFTI_LINKS_MAX 40 /* symbolic links on one path, as the kernel allows */

/* The target of a link whose path may be longer than one call takes. */
static int cfti_path_read_link(cfti_buffer *path, char *target, size_t capacity) {
    char *text = (char *)path->data, *leaf;
    cfti_os_file directory;
    int error;
    if (path->size < CFTI_OS_PATH_STEP) return cfti_os_read_link(text, target, capacity);
    leaf = strrchr(text, '/');
    if (leaf == NULL || leaf == text) return CFTI_OS_NAME_TOO_LONG;
    *leaf = '\0';
    error = cfti_os_open_place(text, &directory);
    *leaf = '/';
    if (error != 0) return error;
    error = cfti_os_read_link_at(directory, leaf + 1, target, capacity);
    cfti_os_close(directory);
    return error;
}

/* Whether a path that could not be read as a link may still lead somewhere else: not if
 * it is none, or not there. */
static bool cfti_may_be_link(int error) {
    return error != CFTI_OS_NO_LINK && !cfti_os_is_absent(error) && error != CFTI_OS_NOT_DIRECTORY;
}

/* Where the components of `todo` begin; behind a root, `out` becomes it. Returns an error of
 * the system's. */
static int cfti_path_start(cfti_buffer *out, const cfti_buffer *todo, size_t *at) {
    *at = cfti_os_root((const char *)todo->data, todo->size);
    if (*at > 0) out->size = 0;
    return out->size > 0 || cfti_buffer_append(out, todo->data, *at) ? 0 : CFTI_OS_NO_MEMORY;
}

/* Goes from `out`, absolute and without symbolic links, along the components of `todo`,
 * which it uses up; an absolute todo starts anew. strict: a link that cannot be read is
 * an error, and not taken for no link. Returns an error of the system's. */
static int cfti_path_follow(cfti_buffer *out, cfti_buffer *todo, bool strict) {
    size_t at;
    int links = 0, error = cfti_path_start(out, todo, &at);
    while (error == 0 && at < todo->size) {
        const char *part = (const char *)todo->data + at;
        size_t before = out->size, n = 0;
        char target[4096];
        int no_link;
        while (at + n < todo->size && part[n] != '/') n++;
        at += n + 1;
        if (n == 0) continue;
        if (n == 2 && part[0] == '.' && part[1] == '.') {
            cfti_path_pop(out);
            continue;
        }
        if (!cfti_path_append(out, part, n) || !cfti_buffer_reserve(out, 1)) {
            error = CFTI_OS_NO_MEMORY;
            break;
        }
        out->data[out->size] = 0;
        no_link = cfti_path_read_link(out, target, sizeof(target));
        if (no_link == 0) {
            /* The target and then the rest of the path are what is still to do. */
            cfti_buffer next;
            memset(&next, 0, sizeof(next));
            next.allocator = out->allocator;
            if (++links > CFTI_LINKS_MAX) {
                error = CFTI_OS_LINK_LOOP;
            } else if (!cfti_path_append(&next, target, strlen(target)) ||
                       (at < todo->size &&
                        !cfti_path_append(&next, (const char *)todo->data + at, todo->size - at))) {
                error = CFTI_OS_NO_MEMORY;
            }
            out->size = before;
            cfti_buffer_free(todo);
            *todo = next;
            if (error == 0) error = cfti_path_start(out, todo, &at);
        } else if ((no_link != CFTI_OS_NO_LINK && !cfti_is_answer(no_link)) ||
                   (strict && cfti_may_be_link(no_link))) {
            error = no_link;
        }
    }
    if (error == 0 && !cfti_buffer_reserve(out, 1)) error = CFTI_OS_NO_MEMORY;
    if (error == 0) out->data[out->size] = 0;
    return error;
}

/* Absolute and without symbolic links or "..", as pathlib's resolve() does it:
 * what does not exist is kept as it is. Returns an error of the system's. */
static int cfti_path_resolve(cfti_buffer *out, const char *path) {
    cfti_buffer todo;
    int error;
    memset(&todo, 0, sizeof(todo));
    todo.allocator = out->allocator;
    out->size = 0;
    error = cfti_path_absolute(&todo, path);
    if (error == 0) error = cfti_path_follow(out, &todo, false);
    cfti_buffer_free(&todo);
    return error;
}

/* Cuts clean absolute `prefix` down to the components it has in common with `path`. */
static void cfti_path_common(cfti_buffer *prefix, const char *path) {
    const char *p = (const char *)prefix->data;
    size_t i = 0, end = 0, root = cfti_os_root(p, prefix->size);
    while (i < prefix->size && path[i] != '\0' && p[i] == path[i]) {
        if (p[i] == '/') end = i;
        i++;
    }
    if ((i == prefix->size || p[i] == '/') && (path[i] == '\0' || path[i] == '/')) end = i;
    prefix->size = cfti_max(end, root);
    prefix->data[prefix->size] = 0;
}

/* One character of a name as fnmatch sees it. A byte that is no UTF-8 is a
 * character of its own, numbered as Python's surrogateescape does. */
static size_t cfti_char_at(const char *s, size_t n, uint32_t *code) {
    size_t length = cfti_utf8_decode((const uint8_t *)s, n, code);
    if (length == 0) {
        *code = 0xDC00u + (uint8_t)s[0];
        length = 1;
    }
    return length;
}

/* The end of the [set] that begins at pattern[0], or 0 if it has no closing "]":
 * then "[" stands for itself. */
static size_t cfti_set_size(const char *pattern, size_t size) {
    size_t i = 1;
    if (i < size && pattern[i] == '!') i++;
    if (i < size && pattern[i] == ']') i++;
    while (i < size && pattern[i] != ']') i++;
    return i < size ? i + 1 : 0;
}

/* Whether [set], brackets included, holds the character. A "-" between two
 * characters is a range, an empty one if they are the wrong way round. */
static bool cfti_set_holds(const char *set, size_t size, uint32_t wanted) {
    size_t i = 1, end = size - 1;
    bool negated = false, found = false;
    if (set[i] == '!') {
        negated = true;
        i++;
    }
    while (i < end) {
        uint32_t low, high;
        i += cfti_char_at(set + i, end - i, &low);
        high = low;
        if (i + 1 < end && set[i] == '-') i += 1 + cfti_char_at(set + i + 1, end - i - 1, &high);
        if (low <= wanted && wanted <= high) found = true;
    }
    return found != negated;
}

/* Python's fnmatchcase for one component. Linear but for the last star: on a
 * mismatch only the latest "*" takes one more character. */
static bool cfti_fnmatch(const char *name, size_t name_size, const char *pattern,
                         size_t pattern_size) {
    size_t n = 0, p = 0, star_p = SIZE_MAX, star_n = 0, sets_end = pattern_size;
    for (;;) {
        if (p < pattern_size && pattern[p] == '*') {
            star_p = ++p;
            star_n = n;
            continue;
        }
        if (n == name_size && p == pattern_size) return true;
        if (n < name_size && p < pattern_size) {
            uint32_t c, wanted;
            size_t length = cfti_char_at(name + n, name_size - n, &c);
            size_t set = 0;
            if (p < sets_end && pattern[p] == '[') {
                set = cfti_set_size(pattern + p, pattern_size - p);
                /* No "]" behind this one, so none behind those that follow. */
                if (set == 0) sets_end = p;
            }
            if (pattern[p] == '?') {
                n += length, p++;
                continue;
            }
            if (set != 0) {
                if (cfti_set_holds(pattern + p, set, c)) {
                    n += length, p += set;
                    continue;
                }
            } else {
                size_t width = cfti_char_at(pattern + p, pattern_size - p, &wanted);
                if (wanted == c) {
                    n += length, p += width;
                    continue;
                }
            }
        }
        if (star_p == SIZE_MAX || star_n >= name_size) return false;
        {
            uint32_t skipped;
            star_n += cfti_char_at(name + star_n, name_size - star_n, &skipped);
        }
        n = star_n;
        p = star_p;
    }
}

/* The component that ends at `end`, going backwards: its start, past "/" and ".".
 * False if there is none. */
static bool cfti_component_before(const char *path, size_t *start, size_t *end) {
    for (;;) {
        size_t stop = *end, from;
        while (stop > 0 && cfti_os_is_slash(path[stop - 1])) stop--;
        if (stop == 0) return false;
        from = stop;
        while (from > 0 && !cfti_os_is_slash(path[from - 1])) from--;
        *end = stop;
        *start = from;
        if (!(stop - from == 1 && path[from] == '.')) return true;
        *end = from;
    }
}

/* PurePath(rel).match(pattern) of Python 3.11, for a relative path: from the right,
 * component by component; "**" is two stars, so one component. */
static bool cfti_match(const char *rel, size_t rel_size, const char *pattern, size_t pattern_size) {
    size_t r_end = rel_size, p_end = pattern_size, r = 0, p = 0;
    if (cfti_os_root(pattern, pattern_size) > 0) return false;
    while (cfti_component_before(pattern, &p, &p_end)) {
        if (!cfti_component_before(rel, &r, &r_end)) return false;
        if (!cfti_fnmatch(rel + r, r_end - r, pattern + p, p_end - p)) return false;
        r_end = r;
        p_end = p;
    }
    return true;
}

/* A pattern that match() refuses: nothing but "/" and ".". */
static bool cfti_match_is_empty(const char *pattern, size_t size) {
    size_t start, end = size;
    return !cfti_component_before(pattern, &start, &end);
}

/* How many components of a path a pattern looks at. */
static size_t cfti_match_components(const char *pattern) {
    size_t start, end = strlen(pattern), count = 0;
    for (; cfti_component_before(pattern, &start, &end); end = start) count++;
    return count;
}

/* ---- glob patterns ---- */

#define CFTI_MAX_COMPONENTS 63

typedef enum cfti_component_kind {
    CFTI_COMPONENT_ANY_DEPTH, /* ** */
    CFTI_COMPONENT_WILD,      /* matched against the listing */
    CFTI_COMPONENT_EXACT      /* no wildcard: looked up */
} cfti_component_kind;

typedef struct cfti_component {
    cfti_component_kind kind;
    const char *text;
    size_t size;
    bool is_suffix; /* "*" and then no wildcard, as *.sql: compared from the end */
} cfti_component;

typedef struct cfti_pattern {
    cfti_component parts[CFTI_MAX_COMPONENTS];
    size_t count;
} cfti_pattern;

static bool cfti_has_wildcard(const char *text, size_t size) {
    size_t i;
    for (i = 0; i < size; i++)
        if (text[i] == '*' || text[i] == '?' || text[i] == '[') return true;
    return false;
}

/* NULL, or what is wrong with the pattern. */
static const char *cfti_pattern_compile(cfti_pattern *pattern, const char *text, bool recursive) {
    const char *p = text;
    bool empty = true;
    memset(pattern, 0, sizeof(*pattern));
    if (cfti_path_is_absolute(text)) return "a pattern must be relative to its directory";
    if (recursive) pattern->parts[pattern->count++].kind = CFTI_COMPONENT_ANY_DEPTH;
    while (*p != '\0') {
        cfti_component part;
        memset(&part, 0, sizeof(part));
        part.text = p;
        while (*p != '\0' && !cfti_os_is_slash(*p)) p++;
        part.size = (size_t)(p - part.text);
        if (*p != '\0') p++;
        if (part.size == 0 || (part.size == 1 && part.text[0] == '.')) continue;
        empty = false;
        part.kind = CFTI_COMPONENT_EXACT;
        if (part.size == 2 && memcmp(part.text, "**", 2) == 0) {
            part.kind = CFTI_COMPONENT_ANY_DEPTH;
            /* Two in a row say no more than one. */
            if (pattern->count > 0 &&
                pattern->parts[pattern->count - 1].kind == CFTI_COMPONENT_ANY_DEPTH)
                continue;
        } else if (cfti_has_wildcard(part.text, part.size)) {
            size_t i;
            for (i = 1; i < part.size; i++)
                if (part.text[i - 1] == '*' && part.text[i] == '*')
                    return "\"**\" must stand alone between slashes";
            part.kind = CFTI_COMPONENT_WILD;
            /* Not if it begins inside a character: those bytes end other characters, too. */
            part.is_suffix = part.text[0] == '*' &&
                             !cfti_has_wildcard(part.text + 1, part.size - 1) &&
                             (part.size == 1 || ((uint8_t)part.text[1] & 0xC0) != 0x80);
        }
        if (pattern->count == CFTI_MAX_COMPONENTS) return "the pattern has more than 63 parts";
        pattern->parts[pattern->count++] = part;
    }
    return empty ? "the pattern is empty" : NULL;
}

/* Whether a name that does not match a part would, if case did not matter: of parts like
 * *.sql alone. */
static bool cfti_component_misses_by_case(const cfti_component *part, const char *name,
                                          size_t size) {
    size_t n = part->size - 1, i;
    if (!part->is_suffix || size < n) return false;
    for (i = 0; i < n; i++)
        if (cfti_lower((uint8_t)name[size - n + i]) != cfti_lower((uint8_t)part->text[1 + i]))
            return false;
    return memcmp(name + size - n, part->text + 1, n) != 0;
}

static bool cfti_component_matches(const cfti_component *part, const char *name, size_t size) {
    if (part->is_suffix)
        return size >= part->size - 1 &&
               memcmp(name + size - (part->size - 1), part->text + 1, part->size - 1) == 0;
    if (part->kind == CFTI_COMPONENT_EXACT)
        return size == part->size && memcmp(name, part->text, size) == 0;
    return cfti_fnmatch(name, size, part->text, part->size);
}
