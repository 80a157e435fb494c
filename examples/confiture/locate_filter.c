/* locate_filter.c: "confiture locate" as a filter for what psql prints. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

/* A line begins "psql:NAME:LINE: ", with PG_COLOR after an escape sequence. What is longer than this
 * up to there is no such line. */
enum { MAX_START = 4224, MAX_NAMES = 256 };

/* A file that psql has named. */
struct named {
    char *name;
    int index; /* of the schema that has its bytes; -1: of none */
};

struct filter {
    struct located *located;
    const struct options *options;
    struct named names[MAX_NAMES];
    size_t name_count;
    bool any_known;      /* some file was a schema */
    const char *foreign; /* the first that was none, although it can be read */
    bool warned;
    bool passing; /* the rest of the line passes unchanged */
    size_t size;  /* of the start of a line that is held */
    char start[MAX_START];
};

/* ---- names ---- */

/* The schema that standard input, or a file, is. */
static int schema_of(struct filter *filter, const char *name) {
    const struct located *located = filter->located;
    int i;
    if (strcmp(name, "<stdin>") == 0) return located->count == 1 ? 0 : filter->options->phase - 1;
    for (i = 0; i < located->count; i++) {
        bool is_path = located->paths[i] && (strcmp(located->paths[i], name) == 0 ||
                                             system_is_same_file(located->paths[i], name));
        /* -o was compared before the first line. */
        if (filter->options->output) return is_path ? 0 : -1;
        if (locate_compare(located, i, name) == LOCATE_SAME) return i;
    }
    return -1;
}

/* The same, from memory. Beyond MAX_NAMES files nothing is known. */
static int recall(struct filter *filter, const char *name) {
    struct named *named;
    size_t i;
    for (i = 0; i < filter->name_count; i++)
        if (strcmp(filter->names[i].name, name) == 0) return filter->names[i].index;
    if (filter->name_count == MAX_NAMES) return -1;
    named = &filter->names[filter->name_count++];
    named->name = copy_text(name);
    named->index = schema_of(filter, name);
    if (named->index >= 0) filter->any_known = true;
    else if (!filter->foreign && !filter->options->output && system_kind(name) == SYSTEM_FILE &&
             !system_is_special(name))
        filter->foreign = named->name;
    return named->index;
}

/* ---- one line ---- */

enum verdict { NO, MAYBE, YES };

/* The parts of the start of a line. */
struct locus {
    size_t prefix;     /* up to the name */
    size_t name, line; /* sizes */
    uint64_t number;
};

/* Whether p begins with the text, as far as it goes. */
static enum verdict begins(const char *p, size_t size, const char *text) {
    size_t length = strlen(text);
    if (memcmp(p, text, size < length ? size : length) != 0) return NO;
    return size < length ? MAYBE : YES;
}

/* The size of ESC [ digits and semicolons m at p. */
static enum verdict read_colour(const char *p, size_t size, size_t *length) {
    size_t i = 2;
    *length = 0;
    if (size == 0 || p[0] != '\x1B') return YES;
    if (size > 1 && p[1] != '[') return NO;
    while (i < size && p[i] && strchr("0123456789;", p[i]) && i < 16) i++;
    if (i >= size) return MAYBE;
    *length = i + 1;
    return p[i] == 'm' ? YES : NO;
}

/* Finds the first ":LINE: " after the name. */
static enum verdict read_locus(const char *p, size_t size, struct locus *locus) {
    size_t colour, at, end;
    enum verdict verdict = read_colour(p, size, &colour);
    if (verdict != YES) return verdict;
    verdict = begins(p + colour, size - colour, "psql:");
    if (verdict != YES) return verdict;
    locus->prefix = colour + 5;
    for (at = locus->prefix; at < size; at++) {
        if (p[at] == '\0' || p[at] == '\n') return NO;
        if (p[at] != ':' || at == locus->prefix) continue;
        locus->number = 0;
        for (end = at + 1; end < size && end - at <= 18 && p[end] >= '0' && p[end] <= '9'; end++)
            locus->number = locus->number * 10 + (uint64_t)(p[end] - '0');
        if (end + 1 >= size) return MAYBE;
        if (end == at + 1 || p[end] != ':' || p[end + 1] != ' ') continue;
        locus->name = at - locus->prefix;
        locus->line = end - at;
        return YES;
    }
    return MAYBE;
}

static void warn_line(struct filter *filter, const char *name, uint64_t line,
                      const confiture_map *map, const confiture_place *place) {
    const char *what = line == 0                             ? "no line, which is from 1"
                       : place->kind == CONFITURE_PLACE_NONE ? "beyond its end"
                                                             : "in its header";
    if (filter->warned) return;
    filter->warned = true;
    put_flush();
    if (place->kind == CONFITURE_PLACE_SEPARATOR)
        report_warning("%s:%llu: in the separator before %s: left as it is", name,
                       (unsigned long long)line, map->entries[place->entry].path);
    else report_warning("%s:%llu: %s: left as it is", name, (unsigned long long)line, what);
}

/* Writes the held start of a line, rewritten if it is one of the schema. */
static void put_start(struct filter *filter, const struct locus *locus) {
    char *name = (char *)allocate(locus->name + 1);
    const confiture_map *map;
    confiture_place place;
    size_t rest = locus->prefix + locus->name + locus->line;
    char digits[24];
    int index;
    memcpy(name, filter->start + locus->prefix, locus->name);
    name[locus->name] = '\0';
    index = recall(filter, name);
    if (index >= 0) {
        map = &filter->located->maps[index];
        place = confiture_map_find(map, locus->number);
        if (place.line > 0) {
            put_bytes(filter->start, locus->prefix);
            put_escaped(map->entries[place.entry].path);
            snprintf(digits, sizeof digits, ":%llu", (unsigned long long)place.line);
            put_text(digits);
            put_bytes(filter->start + rest, filter->size - rest);
            filter->size = 0;
        } else {
            warn_line(filter, name, locus->number, map, &place);
        }
    }
    free(name);
}

/* Ends the holding of the start of a line, as it is if nothing has rewritten it. */
static void release(struct filter *filter) {
    if (filter->size) put_bytes(filter->start, filter->size);
    filter->size = 0;
}

/* Adds bytes to the start of a line. Returns how many are used. */
static size_t hold(struct filter *filter, const char *p, size_t size) {
    struct locus locus;
    size_t i;
    for (i = 0; i < size; i++) {
        char c = p[i];
        enum verdict verdict;
        filter->start[filter->size++] = c;
        /* Only these bytes can decide: the search is not repeated for each byte of a name. */
        if (filter->size > 24 && c != '\n' && c != '\0' && filter->size < MAX_START &&
            (c != ' ' || filter->start[filter->size - 2] != ':'))
            continue;
        verdict = read_locus(filter->start, filter->size, &locus);
        if (verdict == YES) put_start(filter, &locus);
        if (verdict == MAYBE && c != '\n' && filter->size < MAX_START) continue;
        release(filter);
        filter->passing = c != '\n';
        return i + 1;
    }
    return size;
}

/* Passes bytes on to the end of the line. Returns how many are used. */
static size_t pass(struct filter *filter, const char *p, size_t size) {
    const char *end = (const char *)memchr(p, '\n', size);
    size_t used = end ? (size_t)(end - p) + 1 : size;
    put_bytes(p, used);
    if (end) filter->passing = false;
    return used;
}

/* ---- the stream ---- */

static int copy_stream(struct filter *filter, bool unchanged) {
    static char bytes[1 << 16];
    char why[ERROR_TEXT];
    size_t size, used;
    int error;
    /* An interrupt is for psql, whose last words are still to come; a second one ends both. */
    system_hold_signals();
    filter->passing = unchanged;
    while ((error = system_read_input(bytes, sizeof bytes, &size)) == 0 && size > 0) {
        if (unchanged) {
            put_bytes(bytes, size);
        } else {
            for (used = 0; used < size;)
                used += filter->passing ? pass(filter, bytes + used, size - used)
                                        : hold(filter, bytes + used, size - used);
        }
        put_flush();
    }
    release(filter);
    put_flush();
    return error ? report_error("standard input", "%s", error_text(why, error)) : EXIT_DONE;
}

int locate_filter(struct located *located, const struct options *options) {
    struct filter *filter = (struct filter *)allocate(sizeof *filter);
    int code = locate_open(located, options), copied;
    size_t i;
    memset(filter, 0, sizeof *filter);
    filter->located = located;
    filter->options = options;
    /* Without an answer the words of psql must not be lost. */
    copied = copy_stream(filter, code != EXIT_DONE);
    if (!code && !copied && filter->foreign && !filter->any_known)
        report_warning("%s: not what %s: its lines are left as they are", filter->foreign,
                       located->files ? "these files and options build" : "the map belongs to");
    for (i = 0; i < filter->name_count; i++) free(filter->names[i].name);
    free(filter);
    return code ? code : copied;
}
