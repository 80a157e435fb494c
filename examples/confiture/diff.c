/* diff.c: "confiture diff". */
#include "command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* OLD or NEW. */
struct side {
    const char *given;
    bool is_directory;
    confiture_files *files; /* of a directory */
    confiture_sums *sums;
};

/* ---- OLD and NEW ---- */

static const char *shown_side(const struct side *side) {
    return strcmp(side->given, "-") == 0 ? "standard input" : side->given;
}

/* Whether a line is one of "confiture hash", which names DIRs and options where sums name a file. */
static bool is_line_of_hash(const char *name) {
    char *words = copy_text(name), *rest = words, *first, *second;
    bool bad, is;
    first = text_next_word(&rest, &bad);
    second = text_next_word(&rest, &bad); /* unlike the rest of a file's name after a space */
    is = first &&
         (system_kind(first) == SYSTEM_DIRECTORY || strncmp(first, "--files0-from", 13) == 0) &&
         (!second || *second == '-' || system_kind(second) == SYSTEM_DIRECTORY);
    free(words);
    return is;
}

/* Whether all lines are: one name may also be that of a file which is a directory here. */
static bool is_of_hash(const confiture_sums *sums) {
    size_t i = 0, count = confiture_sums_count(sums);
    while (i < count && is_line_of_hash(confiture_sums_name(sums, i))) i++;
    return i == count;
}

static int read_sums(struct side *side, const struct options *options) {
    confiture_sums_options read;
    confiture_error error;
    size_t size;
    char *text = input_read(side->given, &size);
    int code = EXIT_DONE;
    if (!text) return EXIT_ERROR;
    memset(&read, 0, sizeof read);
    progress_run(&read.run, options);
    read.source = shown_side(side);
    if (confiture_sums_read(&side->sums, text, size, &read, &error)) {
        code = report_failed(&error);
    } else if (is_of_hash(side->sums)) {
        code = report_error(shown_side(side),
                            "one digest of all files, as 'confiture hash' prints it: expected sums "
                            "of single files, as 'confiture list --digests' prints them");
    }
    free(text);
    return code;
}

static int classify_side(struct side *side, const struct options *options) {
    char why[ERROR_TEXT];
    if (strcmp(side->given, "-") == 0) return EXIT_DONE;
    switch (system_kind(side->given)) {
    case SYSTEM_FILE: return EXIT_DONE;
    case SYSTEM_MISSING:
        if (options->allow_missing) break;
        return report_error(side->given, "no such file or directory");
    case SYSTEM_UNKNOWN:
        if (errno == ENAMETOOLONG) break; /* the search can reach it */
        return report_error(side->given, "%s", error_text(why, errno));
    default: break;
    }
    side->is_directory = true;
    return EXIT_DONE;
}

static int find_side(struct side *side, const struct options *options) {
    return side->is_directory ? input_find_below(&side->files, options, side->given) : EXIT_DONE;
}

static int make_sums(struct side *side, const struct options *options) {
    confiture_sums_options of;
    confiture_error error;
    if (!side->is_directory) return read_sums(side, options);
    memset(&of, 0, sizeof of);
    progress_run(&of.run, options);
    return confiture_sums_of(&side->sums, side->files, &of, &error) ? report_failed(&error)
                                                                    : EXIT_DONE;
}

static int open_sides(struct side sides[2], const struct options *options) {
    int i, code = EXIT_DONE;
    for (i = 0; i < 2 && !code; i++) code = classify_side(&sides[i], options);
    if (!code && !sides[0].is_directory && !sides[1].is_directory) {
        options_refuse_search("two FILEs of sums");
        if (options->base) usage_error("--base needs a DIR");
    }
    for (i = 0; i < 2 && !code; i++) code = find_side(&sides[i], options);
    for (i = 0; i < 2 && !code; i++) code = make_sums(&sides[i], options);
    if (!code && !confiture_sums_count(sides[0].sums) && !confiture_sums_count(sides[1].sums))
        code = report_error(NULL, "no SQL files found in '%s' and '%s'", sides[0].given,
                            sides[1].given);
    return code;
}

static void close_sides(struct side sides[2]) {
    int i;
    for (i = 0; i < 2; i++) {
        confiture_sums_free(sides[i].sums);
        confiture_files_free(sides[i].files);
    }
}

/* Most likely the names of the two are relative to different directories. */
static void warn_nothing_in_common(const struct side sides[2], const confiture_changes *changes) {
    size_t olds = confiture_sums_count(sides[0].sums), news = confiture_sums_count(sides[1].sums);
    size_t i, added = 0;
    for (i = 0; i < changes->count; i++) {
        added += changes->items[i].kind == CONFITURE_CHANGE_ADDED ||
                 changes->items[i].kind == CONFITURE_CHANGE_RENAMED;
    }
    if (olds && news && added == news)
        report_warning("no name is in both: '%s' in %s, '%s' in %s; names are relative to DIR or "
                       "--base",
                       confiture_sums_name(sides[0].sums, 0), shown_side(&sides[0]),
                       confiture_sums_name(sides[1].sums, 0), shown_side(&sides[1]));
}

/* ---- output ---- */

static const struct {
    const char *letter, *word, *colour;
} kinds[] = {
    {"M", "modified", "\033[33m"},
    {"A", "added", "\033[32m"},
    {"D", "deleted", "\033[31m"},
    {"R", "renamed", "\033[36m"},
};

/* A name as git writes it: in quotes, with escapes, if it could be mistaken for something else. */
static void add_name(struct text *text, const char *name) {
    static const char letters[] = "abtnvfr"; /* of the characters from 7 on */
    const unsigned char *p = (const unsigned char *)name;
    char octal[8];
    if (text_is_one_line(name) && !strpbrk(name, "\"\\") && !strstr(name, " -> ")) {
        text_add_string(text, name);
        return;
    }
    text_add_string(text, "\"");
    while (*p) {
        size_t length = text_utf8_length(p);
        if (*p == '"' || *p == '\\') {
            text_add_string(text, "\\");
            text_add(text, (const char *)p, 1);
        } else if (*p >= 7 && *p <= 13) {
            text_add_string(text, "\\");
            text_add(text, &letters[*p - 7], 1);
        } else if (length == 0 || *p < 32 || *p == 127 || (*p == 0xC2 && p[1] < 0xA0)) {
            snprintf(octal, sizeof octal, "\\%03o", (unsigned)*p);
            text_add_string(text, octal);
            length = 1;
        } else {
            text_add(text, (const char *)p, length);
        }
        p += length;
    }
    text_add_string(text, "\"");
}

static bool wants_colour(const struct options *options) {
    const char *none = getenv("NO_COLOR"), *term = getenv("TERM");
    if (options->color != COLOR_AUTO) return options->color == COLOR_ALWAYS;
    return !(none && *none) && !(term && strcmp(term, "dumb") == 0) && system_stdout_has_colour();
}

static void put_line(const char *colour, const char *letter, const char *old_name, const char *name,
                     const char *reason) {
    struct text line = {NULL, 0, 0};
    text_add_string(&line, colour);
    text_add_string(&line, letter);
    text_add_string(&line, "\t");
    if (old_name) {
        add_name(&line, old_name);
        text_add_string(&line, " -> ");
    }
    add_name(&line, name);
    if (*colour) text_add_string(&line, "\033[m");
    if (reason) {
        text_add_string(&line, "\t");
        text_add_string(&line, reason);
    }
    text_add_string(&line, "\n");
    put_bytes(line.data, line.size);
    free(line.data);
}

static void put_fields(const char *letter, const char *old_name, const char *name) {
    put_bytes(letter, strlen(letter) + 1);
    if (old_name) put_bytes(old_name, strlen(old_name) + 1);
    put_bytes(name, strlen(name) + 1);
}

static void put_changes(const struct options *options, const struct side sides[2],
                        const confiture_changes *changes) {
    bool colour = wants_colour(options);
    const char *moved = confiture_sums_name(sides[1].sums, changes->first_moved);
    size_t i;
    for (i = 0; i < changes->count; i++) {
        const confiture_change *change = &changes->items[i];
        bool deleted = change->kind == CONFITURE_CHANGE_DELETED;
        const char *name = deleted ? change->old_name : change->new_name;
        const char *old = change->kind == CONFITURE_CHANGE_RENAMED ? change->old_name : NULL;
        if (options->null) put_fields(kinds[change->kind].letter, old, name);
        else
            put_line(colour ? kinds[change->kind].colour : "", kinds[change->kind].letter, old,
                     name, change->reason);
    }
    if (moved && options->null) put_fields("O", NULL, moved);
    else if (moved)
        put_line(colour ? "\033[35m" : "", "O", NULL, moved,
                 "the order of the files differs from here on");
}

static void put_digest(const char *key, const confiture_sums *sums, size_t index) {
    char hex[65];
    if (index == CONFITURE_NO_INDEX) return;
    confiture_sha256_hex(confiture_sums_sha256(sums, index), hex);
    json_text(key, hex);
}

static void put_json(const struct side sides[2], const confiture_changes *changes, int code) {
    const char *moved = confiture_sums_name(sides[1].sums, changes->first_moved);
    size_t i;
    report_begin();
    json_number("files", confiture_sums_count(sides[1].sums));
    json_number("old_files", confiture_sums_count(sides[0].sums));
    json_open("changes", '[');
    for (i = 0; i < changes->count; i++) {
        const confiture_change *change = &changes->items[i];
        json_open(NULL, '{');
        json_text("change", kinds[change->kind].word);
        if (change->new_name) json_text("name", change->new_name);
        if (change->old_name) json_text("old_name", change->old_name);
        put_digest("digest", sides[1].sums, change->new_index);
        put_digest("old_digest", sides[0].sums, change->old_index);
        if (change->reason) json_text("reason", change->reason);
        json_close('}');
    }
    json_close(']');
    if (moved) json_text("moved", moved);
    report_end(code);
}

int run_diff(const struct options *options) {
    struct side sides[2];
    confiture_diff_options diff;
    confiture_changes changes;
    confiture_error error;
    int code;
    memset(sides, 0, sizeof sides);
    memset(&diff, 0, sizeof diff);
    sides[0].given = options->operands.items[0];
    sides[1].given = options->operands.items[1];
    code = open_sides(sides, options);
    progress_run(&diff.run, options);
    diff.no_reasons = options->quiet || (options->null && !options->json);
    if (!code && confiture_diff(&changes, sides[0].sums, sides[1].sums, &diff, &error)) {
        code = report_failed(&error);
    } else if (!code) {
        warn_nothing_in_common(sides, &changes);
        if (changes.count || changes.first_moved != CONFITURE_NO_INDEX) code = EXIT_CHECK_FAILED;
        if (options->json) put_json(sides, &changes, code);
        else if (!options->quiet) put_changes(options, sides, &changes);
        confiture_changes_free(&changes);
    }
    close_sides(sides);
    return code;
}
