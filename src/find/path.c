/* ---- find/path.c: components, comparison, common prefix, glob, match ---- */

/* Paths here are clean, as pathlib makes them: no empty and no "." components, and "." for a path
 * without components. ".." stays, since symbolic links decide what it means. */

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

/* The clean form of a path, with a NUL after its size. */
static bool cfti_path_clean(cfti_buffer *out, const char *path, size_t size) {
    out->size = 0;
    if (!cfti_path_append(out, path, size)) return false;
    if (out->size == 0 && !cfti_buffer_append(out, ".", 1)) return false;
    return cfti_buffer_terminate(out);
}

static bool cfti_path_is_dot(const char *path) { return path[0] == '.' && path[1] == '\0'; }

static bool cfti_is_parent(const char *component, size_t size) {
    return size == 2 && component[0] == '.' && component[1] == '.';
}

static bool cfti_path_is_absolute(const char *path) { return cfti_os_root(path, strlen(path)) > 0; }

/* The last component of a path that need not be clean. */
static const char *cfti_path_leaf(const char *path) {
    const char *leaf = path;
    for (; *path != '\0'; path++)
        if (cfti_os_is_slash(*path)) leaf = path + 1;
    return leaf;
}

/* pathlib's order: component by component, each by its bytes, which for UTF-8 is the order of code
 * points. "/" ends a component, so it sorts before every other byte. The first "/" is the component
 * "/" itself. "." has no component. */
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

/* Whether a name stays the same file without `rest`: vfat drops dots and spaces at the end, and
 * bytes outside ASCII may be combining accents. */
static bool cfti_path_may_end(const char *rest) {
    for (; *rest != '\0'; rest++)
        if (*rest != '.' && *rest != ' ' && (*rest & 0x80) == 0) return false;
    return true;
}

/* Whether a file listed as `a` may be opened as `b`. Every system has directories that ignore case
 * or Unicode normalization, so only different ASCII characters prove different files. */
static bool cfti_path_may_be_same(const char *a, const char *b) {
    if (strchr(b, '~') != NULL) return true; /* SCHEMA~1.SQL */
    for (; *a != '\0' && *b != '\0'; a++, b++) {
        if (((*a | *b) & 0x80) != 0) return true;
        if (*a != *b && ((*a ^ *b) != 0x20 || (*a | 0x20) < 'a' || (*a | 0x20) > 'z'))
            return cfti_path_may_end(a) && cfti_path_may_end(b);
    }
    return cfti_path_may_end(a) && cfti_path_may_end(b);
}

/* The components of clean `path` after clean `prefix`: "" if they are equal, NULL if path is not
 * below prefix. */
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

/* The size of the component at the start of a path: 0 at a slash, and at the end. */
static size_t cfti_path_component_size(const char *path) {
    size_t n = 0;
    while (path[n] != '\0' && path[n] != '/') n++;
    return n;
}

/* Whether ".." components lead above the start of a relative path. */
static bool cfti_path_climbs(const char *path) {
    size_t i = 0, depth = 0;
    while (path[i] != '\0') {
        size_t n = cfti_path_component_size(path + i);
        if (cfti_is_parent(path + i, n)) {
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

/* Removes the last component of an absolute path; the root stays. */
static void cfti_path_pop(cfti_buffer *path) {
    size_t root = cfti_os_root((const char *)path->data, path->size);
    while (path->size > root && path->data[path->size - 1] != '/') path->size--;
    if (path->size > root) path->size--;
}

/* Makes a path absolute by the current directory. Returns a system error. */
static int cfti_path_absolute(cfti_buffer *out, const char *path) {
    out->size = 0;
    if (!cfti_path_is_absolute(path)) {
        char here[4096];
        int error = cfti_os_current_directory(here, sizeof(here));
        if (error != 0) return error;
        if (!cfti_path_append(out, here, strlen(here))) return CFTI_OS_NO_MEMORY;
    }
    return cfti_path_append(out, path, strlen(path)) && cfti_buffer_terminate(out)
               ? 0
               : CFTI_OS_NO_MEMORY;
}

static bool cfti_is_missing(int error) {
    return cfti_os_is_absent(error) || error == CFTI_OS_NOT_DIRECTORY || error == CFTI_OS_LINK_LOOP;
}

/* Whether an error proves that a path leads to nothing usable. Every other error leaves the
 * question open. */
static bool cfti_is_answer(int error) {
    return cfti_is_missing(error) || error == CFTI_OS_NO_ACCESS || cfti_os_is_no_name(error);
}

#define CFTI_LINKS_MAX 40 /* symbolic links on one path, as the kernel allows */

/* The target of a link. Its path may be longer than one system call accepts. */
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

/* Whether a path that could not be read as a link may still be one. */
static bool cfti_may_be_link(int error) {
    return error != CFTI_OS_NO_LINK && !cfti_os_is_absent(error) && error != CFTI_OS_NOT_DIRECTORY;
}

/* Sets *at to the first component of `todo`. The root of an absolute todo replaces `out`. Returns
 * a system error. */
static int cfti_path_start(cfti_buffer *out, const cfti_buffer *todo, size_t *at) {
    *at = cfti_os_root((const char *)todo->data, todo->size);
    if (*at > 0) out->size = 0;
    return out->size > 0 || cfti_buffer_append(out, todo->data, *at) ? 0 : CFTI_OS_NO_MEMORY;
}

/* Follows the components of `todo`, which it consumes, from `out`: an absolute path without
 * symbolic links. An absolute todo starts at its root. strict: a component that cannot be read as
 * a link is an error. Returns a system error. */
static int cfti_path_follow(cfti_buffer *out, cfti_buffer *todo, bool strict) {
    size_t at;
    int links = 0, error = cfti_path_start(out, todo, &at);
    while (error == 0 && at < todo->size) {
        const char *component = (const char *)todo->data + at;
        size_t before = out->size, n = 0;
        char target[4096];
        int no_link;
        while (at + n < todo->size && component[n] != '/') n++;
        at += n + 1;
        if (n == 0) continue;
        if (cfti_is_parent(component, n)) {
            cfti_path_pop(out);
            continue;
        }
        if (!cfti_path_append(out, component, n) || !cfti_buffer_terminate(out)) {
            error = CFTI_OS_NO_MEMORY;
            break;
        }
        no_link = cfti_path_read_link(out, target, sizeof(target));
        if (no_link == 0) {
            /* The target and the rest of the path become the new todo. */
            cfti_buffer next = cfti_buffer_empty(&out->allocator);
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
    return error == 0 && !cfti_buffer_terminate(out) ? CFTI_OS_NO_MEMORY : error;
}

/* The absolute path without symbolic links and "..", as pathlib's resolve() makes it: components
 * that do not exist stay. Returns a system error. */
static int cfti_path_resolve(cfti_buffer *out, const char *path) {
    cfti_buffer todo = cfti_buffer_empty(&out->allocator);
    int error = cfti_path_absolute(&todo, path);
    out->size = 0;
    if (error == 0) error = cfti_path_follow(out, &todo, false);
    cfti_buffer_free(&todo);
    return error;
}

/* Cuts clean absolute `prefix` to the components that it shares with `path`. */
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

/* One character of a name for fnmatch. A byte that is not UTF-8 is a character with the code of
 * Python's surrogateescape. */
static size_t cfti_char_at(const char *s, size_t n, uint32_t *code) {
    size_t length = cfti_utf8_decode((const uint8_t *)s, n, code);
    if (length == 0) {
        *code = 0xDC00u + (uint8_t)s[0];
        length = 1;
    }
    return length;
}

/* The size of the [set] at the start of the pattern. 0: it has no "]", so "[" matches itself. */
static size_t cfti_set_size(const char *pattern, size_t size) {
    size_t i = 1;
    if (i < size && pattern[i] == '!') i++;
    if (i < size && pattern[i] == ']') i++;
    while (i < size && pattern[i] != ']') i++;
    return i < size ? i + 1 : 0;
}

/* Whether [set], given with its brackets, contains the character. "-" between two characters is a
 * range, which is empty if the first is greater. */
static bool cfti_set_contains(const char *set, size_t size, uint32_t wanted) {
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

/* Python's fnmatchcase for one component. After a mismatch only the last "*" matches one more
 * character, so the time is at most the product of the two sizes. */
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
                /* No "]" follows, so no later "[" begins a set. */
                if (set == 0) sets_end = p;
            }
            if (pattern[p] == '?') {
                n += length, p++;
                continue;
            }
            if (set != 0) {
                if (cfti_set_contains(pattern + p, set, c)) {
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

/* The last component before *end, without "/" and "." components. False: there is none. */
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

/* PurePath(rel).match(pattern) of Python 3.11 for a relative path: components are compared from the
 * right, and "**" matches one component, as "*" does. */
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

/* Whether match() rejects the pattern: it has only "/" and ".". */
static bool cfti_match_is_empty(const char *pattern, size_t size) {
    size_t start, end = size;
    return !cfti_component_before(pattern, &start, &end);
}

/* The number of components in a match() pattern. */
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
    bool is_suffix; /* "*" and text without wildcards, as *.sql: compared from the end */
} cfti_component;

typedef struct cfti_pattern {
    cfti_component components[CFTI_MAX_COMPONENTS];
    size_t count;
} cfti_pattern;

static bool cfti_has_wildcard(const char *text, size_t size) {
    size_t i;
    for (i = 0; i < size; i++)
        if (text[i] == '*' || text[i] == '?' || text[i] == '[') return true;
    return false;
}

/* NULL, or the reason why the pattern is invalid. */
static const char *cfti_pattern_compile(cfti_pattern *pattern, const char *text, bool recursive) {
    const char *p = text;
    bool empty = true;
    memset(pattern, 0, sizeof(*pattern));
    if (cfti_path_is_absolute(text)) return "a pattern must be relative to its directory";
    if (recursive) pattern->components[pattern->count++].kind = CFTI_COMPONENT_ANY_DEPTH;
    while (*p != '\0') {
        cfti_component next;
        memset(&next, 0, sizeof(next));
        next.text = p;
        while (*p != '\0' && !cfti_os_is_slash(*p)) p++;
        next.size = (size_t)(p - next.text);
        if (*p != '\0') p++;
        if (next.size == 0 || (next.size == 1 && next.text[0] == '.')) continue;
        empty = false;
        next.kind = CFTI_COMPONENT_EXACT;
        if (next.size == 2 && memcmp(next.text, "**", 2) == 0) {
            next.kind = CFTI_COMPONENT_ANY_DEPTH;
            /* "**" twice in a row matches what one does. */
            if (pattern->count > 0 &&
                pattern->components[pattern->count - 1].kind == CFTI_COMPONENT_ANY_DEPTH)
                continue;
        } else if (cfti_has_wildcard(next.text, next.size)) {
            size_t i;
            for (i = 1; i < next.size; i++)
                if (next.text[i - 1] == '*' && next.text[i] == '*')
                    return "\"**\" must stand alone between slashes";
            next.kind = CFTI_COMPONENT_WILD;
            /* Text that begins inside a character could match the end of another one. */
            next.is_suffix = next.text[0] == '*' &&
                             !cfti_has_wildcard(next.text + 1, next.size - 1) &&
                             (next.size == 1 || ((uint8_t)next.text[1] & 0xC0) != 0x80);
        }
        if (pattern->count == CFTI_MAX_COMPONENTS) return "the pattern has more than 63 parts";
        pattern->components[pattern->count++] = next;
    }
    return empty ? "the pattern is empty" : NULL;
}

/* Whether only the case of its letters keeps a name from matching a suffix such as *.sql. */
static bool cfti_component_misses_by_case(const cfti_component *component, const char *name,
                                          size_t size) {
    size_t n = component->size - 1, i;
    if (!component->is_suffix || size < n) return false;
    for (i = 0; i < n; i++)
        if (cfti_lower((uint8_t)name[size - n + i]) != cfti_lower((uint8_t)component->text[1 + i]))
            return false;
    return memcmp(name + size - n, component->text + 1, n) != 0;
}

static bool cfti_component_matches(const cfti_component *component, const char *name, size_t size) {
    if (component->is_suffix)
        return size >= component->size - 1 && memcmp(name + size - (component->size - 1),
                                                     component->text + 1, component->size - 1) == 0;
    if (component->kind == CFTI_COMPONENT_EXACT)
        return size == component->size && memcmp(name, component->text, size) == 0;
    return cfti_fnmatch(name, size, component->text, component->size);
}
