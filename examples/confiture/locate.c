/* locate.c: "confiture locate": from a line of the schema to its source, and back. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void locate_free(struct located *located) {
    int i;
    for (i = 0; i < 3; i++) {
        confiture_map_free(&located->maps[i]);
        free(located->paths[i]);
    }
    confiture_files_free(located->files);
}

/* ---- the maps ---- */

static int discard(void *user, const void *data, size_t size) {
    (void)user;
    (void)data;
    (void)size;
    return 0;
}

/* Builds into nothing, for the map alone. Of a split there is no such build. */
static int scan(struct located *located, const struct options *options) {
    struct build_setup setup;
    confiture_schema schemas[3];
    confiture_error error;
    confiture_status status;
    confiture_sink sink;
    int i, code = build_prepare(&setup, options);
    if (code) return code;
    memset(schemas, 0, sizeof schemas);
    sink.write = discard;
    sink.user = NULL;
    setup.build.map = located->maps;
    setup.build.no_digest = setup.build.header == NULL;
    /* Without --timestamp the schema's own is left out when bytes are compared. */
    located->any_time = setup.build.header && !options->timestamp;
    if (located->any_time) setup.header.timestamp = NULL;
    status = located->count == 3
                 ? confiture_build_split(schemas, located->files, &setup.build, &error)
                 : confiture_build_sink(schemas, &sink, located->files, &setup.build, &error);
    for (i = 0; i < 3; i++) confiture_schema_free(&schemas[i]);
    build_release(&setup);
    return status ? report_failed(&error) : EXIT_DONE;
}

/* Reads the map of --map. */
static int read_map(confiture_map *map, const struct options *options) {
    confiture_map_options reading;
    confiture_error error;
    size_t size;
    char *text = input_read(options->map, &size);
    confiture_status status;
    if (!text) return EXIT_ERROR;
    memset(&reading, 0, sizeof reading);
    reading.path = strcmp(options->map, "-") == 0 ? "standard input" : options->map;
    status = confiture_map_read(map, text, size, &reading, &error);
    free(text);
    return status ? report_failed(&error) : EXIT_DONE;
}

/* Compares the map of --map with that of the tree. */
static int compare_map(const struct located *located, const confiture_map *map,
                       const struct options *options) {
    const confiture_map *tree = located->maps;
    size_t i;
    if (memcmp(tree->sha256, map->sha256, 32) == 0) return EXIT_DONE;
    for (i = 0; i < tree->count && i < map->count; i++) {
        const confiture_map_entry *is = &tree->entries[i], *was = &map->entries[i];
        if (strcmp(is->name, was->name) != 0)
            return report_error(options->map,
                                "not a map of these files: it has %s where they have %s", was->name,
                                is->name);
        if (is->line_count != was->line_count)
            return report_error(
                options->map, "not a map of these files: it has %llu lines of %s, which has %llu",
                (unsigned long long)was->line_count, was->name, (unsigned long long)is->line_count);
    }
    if (tree->count != map->count)
        return report_error(options->map, "not a map of these files: it has %zu, and there are %zu",
                            map->count, tree->count);
    /* A header shows the time of its build. */
    if (located->any_time && tree->line_count == map->line_count) return EXIT_DONE;
    return report_error(options->map,
                        "not a map of these files: they, or the options, make other bytes now");
}

int locate_open(struct located *located, const struct options *options) {
    confiture_map map;
    int i, code = EXIT_DONE;
    bool tree = options->operands.count > 0 || options->files0_from;
    memset(&map, 0, sizeof map);
    located->count = options->split || options->pre.count || options->post.count ? 3 : 1;
    for (i = 0; options->split && i < 3; i++) located->paths[i] = build_phase_path(options, i);
    if (options->output) located->paths[0] = copy_text(options->output);
    if (options->map) code = read_map(&map, options);
    if (!code && tree) code = input_find(&located->files, options);
    if (!code && tree)
        code = input_leave_out(&located->files, options, (const char *const *)located->paths,
                               (size_t)located->count);
    if (!code && tree) code = scan(located, options);
    if (!code && tree && options->map) code = compare_map(located, &map, options);
    if (!tree) {
        located->maps[0] = map;
    } else {
        confiture_map_free(&map);
    }
    if (options->output && !code) code = locate_verify(located, 0);
    return code;
}

/* ---- whether a file is the schema ---- */

/* Feeds a file to a SHA-256, but not what its header has as the time, if any_time. A header begins
 * with few lines: what the first read brings is enough. errno is set on failure. */
static bool hash_file(FILE *file, bool any_time, confiture_sha256 *sha) {
    static const char generated[] = "-- Generated: ";
    static char bytes[1 << 16];
    size_t n, at, size = 0;
    int line = 0;
    errno = 0;
    while (size < sizeof bytes && (n = fread(bytes + size, 1, sizeof bytes - size, file)) > 0)
        size += n;
    for (at = 0; any_time && at < size && line < 5; at++) line += bytes[at] == '\n';
    if (line == 5 && size - at > sizeof generated && memcmp(bytes + at, generated, 14) == 0) {
        const char *end = (const char *)memchr(bytes + at, '\n', size - at);
        confiture_sha256_update(sha, bytes, at + 14);
        at = end ? (size_t)(end - bytes) : at + 14;
        confiture_sha256_update(sha, bytes + at, size - at);
    } else {
        confiture_sha256_update(sha, bytes, size);
    }
    while ((n = fread(bytes, 1, sizeof bytes, file)) > 0) confiture_sha256_update(sha, bytes, n);
    return !ferror(file);
}

enum locate_match locate_compare(const struct located *located, int index, const char *path) {
    confiture_sha256 sha;
    uint8_t digest[32];
    FILE *file;
    bool good;
    errno = 0;
    if (system_kind(path) != SYSTEM_FILE || system_is_special(path)) return LOCATE_UNREADABLE;
    file = system_open(path);
    if (!file) return LOCATE_UNREADABLE;
    confiture_sha256_init(&sha);
    good = hash_file(file, located->any_time, &sha);
    fclose(file);
    if (!good) return LOCATE_UNREADABLE;
    confiture_sha256_final(&sha, digest);
    return memcmp(digest, located->maps[index].sha256, 32) == 0 ? LOCATE_SAME : LOCATE_DIFFERENT;
}

int locate_verify(const struct located *located, int index) {
    const char *path = located->paths[index];
    char why[ERROR_TEXT];
    enum system_kind kind = system_kind(path);
    if (kind == SYSTEM_MISSING) return report_error(path, "no such file: expected the schema");
    if (kind == SYSTEM_DIRECTORY) return report_error(path, "is a directory: expected the schema");
    switch (locate_compare(located, index, path)) {
    case LOCATE_SAME: return EXIT_DONE;
    case LOCATE_DIFFERENT:
        return report_error(path, located->files
                                      ? "not what these files and options build: its lines may be "
                                        "others; build it again"
                                      : "not the schema of this map: its lines may be others");
    default: return report_error(path, "%s", errno ? error_text(why, errno) : "not a regular file");
    }
}

/* ---- lines of the schema ---- */

static const char *entry_path(const struct located *located, int index, size_t entry) {
    return located->maps[index].entries[entry].path;
}

/* The line in which the statement began that is open at a place; 0: no other line. */
static int statement_line(const struct located *located, const struct options *options, int index,
                          const confiture_place *place, uint64_t *first) {
    confiture_statement_options statement;
    confiture_error error;
    uint64_t line = place->line + (place->kind == CONFITURE_PLACE_ADDED ? 1 : 0);
    *first = 0;
    if (!located->files || options->quiet) return EXIT_DONE;
    memset(&statement, 0, sizeof statement);
    progress_run(&statement.run, options);
    statement.keep_line_ends = options->keep_line_ends;
    if (confiture_statement_line(first, located->files,
                                 located->maps[index].entries[place->entry].index, line, &statement,
                                 &error))
        return report_failed(&error);
    if (*first == line) *first = 0;
    return EXIT_DONE;
}

static const char *const place_names[] = {"none", "text", "separator", "header", "added"};

static void print_place(const struct located *located, const struct options *options, int index,
                        uint64_t line, const confiture_place *place, uint64_t first) {
    const confiture_map *map = &located->maps[index];
    bool in_file = place->line > 0;
    char text[96];
    if (options->json) {
        json_open(NULL, '{');
        json_number("schema_line", line);
        json_text("place", place_names[place->kind]);
        if (place->entry != CONFITURE_NO_INDEX) {
            json_text("path", map->entries[place->entry].path);
            json_text("name", map->entries[place->entry].name);
        }
        if (in_file) json_number("line", place->line);
        if (first) json_number("statement", first);
        json_close('}');
    } else if (in_file) {
        put_escaped(entry_path(located, index, place->entry));
        snprintf(text, sizeof text, ":%llu", (unsigned long long)place->line);
        put_text(text);
        if (place->kind == CONFITURE_PLACE_ADDED && !options->quiet)
            put_text(" (the ';' that --terminate adds after it)");
        if (first) {
            snprintf(text, sizeof text, " (statement begins at line %llu)",
                     (unsigned long long)first);
            put_text(text);
        }
        put_text("\n");
    } else if (place->kind == CONFITURE_PLACE_HEADER) {
        put_flush();
        say("line %llu is in the header", (unsigned long long)line);
    } else {
        put_flush();
        say("line %llu is in the separator before %s", (unsigned long long)line,
            entry_path(located, index, place->entry));
    }
}

/* A line from 1; 0: no such number. */
static uint64_t read_line(const char *text) {
    uint64_t line = 0;
    for (; *text >= '0' && *text <= '9' && line < UINT64_MAX / 100; text++)
        line = line * 10 + (uint64_t)(*text - '0');
    return *text ? 0 : line;
}

static int find_lines(const struct located *located, const struct options *options) {
    int index = located->count == 3 ? options->phase - 1 : 0, code = EXIT_DONE, failed;
    const confiture_map *map = &located->maps[index];
    size_t i;
    for (i = 0; i < options->lines.count; i++) {
        uint64_t line = read_line(options->lines.items[i]), first = 0;
        confiture_place place = confiture_map_find(map, line);
        if (place.kind == CONFITURE_PLACE_NONE)
            return report_error(located->paths[index], "no line %s: the schema has %llu",
                                options->lines.items[i], (unsigned long long)map->line_count);
        failed = place.line ? statement_line(located, options, index, &place, &first)
                            : EXIT_CHECK_FAILED;
        if (failed == EXIT_ERROR) return failed;
        if (failed) code = failed;
        print_place(located, options, index, line, &place, first);
    }
    return code;
}

/* ---- back ---- */

/* How well a text names an entry: 3 its path or name, 1 the end of its path. */
static int names_entry(const confiture_map_entry *entry, const char *text, size_t size) {
    size_t length = strlen(entry->path);
    if (strcmp(entry->name, text) == 0 || strcmp(entry->path, text) == 0) return 3;
    if (length > size && strcmp(entry->path + length - size, text) == 0 &&
        strchr(SYSTEM_SLASHES, entry->path[length - size - 1]))
        return 1;
    return 0;
}

/* How well a text names the best of all entries, and how many it names so well. */
static int best_names(const struct located *located, const char *name, size_t *count) {
    int index, best = 0;
    size_t i, size = strlen(name);
    *count = 0;
    for (index = 0; index < located->count; index++) {
        for (i = 0; i < located->maps[index].count; i++) {
            int rank = names_entry(&located->maps[index].entries[i], name, size);
            if (rank > best) best = rank, *count = 0;
            if (rank > 0 && rank == best) ++*count;
        }
    }
    return best;
}

/* The same by the file itself, for other ways to write its path. */
static const char *same_file(const struct located *located, const char *name) {
    int index;
    size_t i;
    if (system_kind(name) != SYSTEM_FILE) return NULL;
    for (index = 0; index < located->count; index++) {
        for (i = 0; i < located->maps[index].count; i++) {
            if (system_is_same_file(entry_path(located, index, i), name))
                return entry_path(located, index, i);
        }
    }
    return NULL;
}

static void print_back(const struct located *located, const struct options *options, int index,
                       const confiture_map_entry *entry, uint64_t line, uint64_t schema_line) {
    const char *path = located->paths[index];
    char digits[24];
    if (options->json) {
        json_open(NULL, '{');
        json_number("schema_line", schema_line);
        json_text("place", place_names[CONFITURE_PLACE_TEXT]);
        if (path) json_text("schema", path);
        json_text("path", entry->path);
        json_text("name", entry->name);
        json_number("line", line);
        json_close('}');
        return;
    }
    if (path) put_escaped(path);
    snprintf(digits, sizeof digits, "%s%llu\n", path ? ":" : "", (unsigned long long)schema_line);
    put_text(digits);
}

/* Prints where one FILE:LINE is, in each place in which the schema has the file. */
static int find_back(const struct located *located, const struct options *options,
                     const char *given) {
    char *name = copy_text(given), *colon = strrchr(name, ':');
    uint64_t line = colon ? read_line(colon + 1) : 0;
    const char *found = name, *same;
    int index, best, code = EXIT_DONE;
    size_t i, count;
    if (!line || colon == name)
        usage_error("invalid value '%s' for --back: expected FILE:LINE, with a line from 1", given);
    *colon = '\0';
    best = best_names(located, name, &count);
    if (best < 3 && (same = same_file(located, name)) != NULL) {
        found = same;
        best = best_names(located, found, &count);
    }
    if (best == 0) code = report_error(name, "no file of the schema has this name or path");
    if (best == 1 && count > 1)
        code =
            report_error(name, "%zu files of the schema end so: expected more of the path", count);
    for (index = 0; !code && index < located->count; index++) {
        for (i = 0; !code && i < located->maps[index].count; i++) {
            const confiture_map_entry *entry = &located->maps[index].entries[i];
            if (names_entry(entry, found, strlen(found)) != best) continue;
            if (line > entry->line_count)
                code =
                    report_error(entry->path, "no line %llu: the file has %llu",
                                 (unsigned long long)line, (unsigned long long)entry->line_count);
            else
                print_back(located, options, index, entry, line,
                           confiture_map_line(&located->maps[index], i, line));
        }
    }
    free(name);
    return code;
}

/* ---- the command ---- */

static int locate(struct located *located, const struct options *options) {
    size_t i;
    int code = locate_open(located, options);
    if (code) return code;
    if (options->json) {
        report_begin();
        json_open("places", '[');
    }
    if (options->lines.count) code = find_lines(located, options);
    for (i = 0; !code && i < options->back.count; i++)
        code = find_back(located, options, options->back.items[i]);
    if (options->json && code != EXIT_ERROR) {
        json_close(']');
        report_end(code);
    }
    return code;
}

int run_locate(const struct options *options) {
    struct located located;
    size_t i;
    int code;
    for (i = 0; i < options->lines.count; i++) {
        if (!read_line(options->lines.items[i]))
            usage_error("invalid value '%s' for -n: expected a line, from 1",
                        options->lines.items[i]);
    }
    memset(&located, 0, sizeof located);
    if (options->lines.count || options->back.count) code = locate(&located, options);
    else code = locate_filter(&located, options);
    locate_free(&located);
    return code;
}
