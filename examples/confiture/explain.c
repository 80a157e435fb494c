/* explain.c: "confiture list --explain": why a file is in the list and where, or why it is not. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

/* What the library has said, kept until the list is printed. */
struct reason {
    confiture_explanation said; /* its strings are those below, or of the command line */
    char *path, *name, *value, *rest;
    const char *by; /* what left it out, as it was given; NULL: in the list */
    bool kept;      /* in the list, and printed */
};

static struct {
    struct reason *items;
    size_t count, listed; /* listed: those of the list, which come first */
    size_t capacity;
} reasons;

static char *copy_or_null(const char *text) { return text ? copy_text(text) : NULL; }

void explain_keep(void *user, const confiture_explanation *said) {
    const struct explain_source *source = (const struct explain_source *)user;
    struct reason *reason;
    if (reasons.count == reasons.capacity) {
        reasons.capacity = 2 * reasons.capacity + 64;
        reasons.items =
            (struct reason *)reallocate(reasons.items, reasons.capacity * sizeof *reasons.items);
    }
    reason = &reasons.items[reasons.count++];
    reason->said = *said;
    reason->said.path = reason->path = copy_text(said->path);
    reason->said.name = reason->name = copy_or_null(said->name);
    reason->said.hex_value = reason->value = copy_or_null(said->hex_value);
    reason->said.hex_rest = reason->rest = copy_or_null(said->hex_rest);
    reason->by = said->excluded_by;
    if (said->outcome == CONFITURE_OUTCOME_EXCLUDED_DIR)
        reason->by = source->options->exclude_dirs.items[source->given[said->excluded_by_index]];
    reason->kept = said->outcome == CONFITURE_OUTCOME_LISTED;
    if (reason->kept) reasons.listed++;
}

void explain_free(void) {
    size_t i;
    for (i = 0; i < reasons.count; i++) {
        free(reasons.items[i].path);
        free(reasons.items[i].name);
        free(reasons.items[i].value);
        free(reasons.items[i].rest);
    }
    free(reasons.items);
    memset(&reasons, 0, sizeof reasons);
}

/* ---- places ---- */

/* Turns indices into places, from 1, in the list as it is printed: without what schema_only leaves
 * out. */
static void renumber(size_t *(*index_of)(struct reason *reason)) {
    size_t i, place = 0, *at = (size_t *)allocate((reasons.listed + 1) * sizeof *at);
    for (i = 0; i < reasons.listed; i++) at[*index_of(&reasons.items[i])] = i;
    for (i = 0; i < reasons.listed; i++) {
        struct reason *reason = &reasons.items[at[i]];
        *index_of(reason) = reason->kept ? ++place : 0;
    }
    free(at);
}

static size_t *path_index(struct reason *reason) { return &reason->said.path_index; }
static size_t *hex_index(struct reason *reason) { return &reason->said.hex_index; }

static void explain_begin(const struct options *options, const confiture_files *files) {
    size_t i;
    for (i = 0; i < reasons.listed; i++)
        reasons.items[i].kept = !options->schema_only || !confiture_files_is_seed(files, i);
    renumber(path_index);
    renumber(hex_index);
}

/* ---- lines ---- */

static void add_number(struct text *text, size_t number) {
    char digits[24];
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    text_add_string(text, digits);
}

static void add_two(struct text *text, const char *words, const char *quoted) {
    text_add_string(text, words);
    text_add_quoted(text, quoted);
}

static void add_key(struct text *text, const struct options *options, const struct reason *reason) {
    const confiture_explanation *said = &reason->said;
    if (said->sort == CONFITURE_SORT_PATH) {
        text_add_string(text, "; placed by path");
    } else if (said->hex_value) {
        add_two(text, "; placed by prefix ", said->hex_value);
        add_two(text, ", then ", said->hex_rest);
    } else {
        add_two(text, "; placed after all prefixes, by ", said->hex_rest);
    }
    if (said->sort == CONFITURE_SORT_HEX && said->path_index != said->hex_index) {
        text_add_string(text, "; number ");
        add_number(text, said->hex_index);
        text_add_string(text, ", by path ");
        add_number(text, said->path_index);
    }
    if (said->lower_case_prefix && options->sort == CONFITURE_SORT_HEX) {
        text_add_string(text, "; no prefix, since ");
        text_add(text, said->hex_rest, strcspn(said->hex_rest, "_") + 1);
        text_add_string(text, " is not in upper case");
    }
}

static void add_absence(struct text *text, const struct options *options,
                        const struct reason *reason) {
    const confiture_explanation *said = &reason->said;
    switch (said->outcome) {
    case CONFITURE_OUTCOME_LISTED:
        text_add_string(text, "left out by --schema-only: it is a seed file");
        break;
    case CONFITURE_OUTCOME_EXCLUDED: add_two(text, "left out by --exclude ", reason->by); break;
    case CONFITURE_OUTCOME_EXCLUDED_DIR:
        text_add_string(text, said->is_directory ? "left out with all below it" : "left out");
        add_two(text, " by --exclude-dir ", reason->by);
        break;
    case CONFITURE_OUTCOME_REPEATED:
        text_add_string(text, "left out by --unique: it is in the list, and found again");
        add_two(text, " in ", options->operands.items[said->directory]);
        add_two(text, " by ", said->pattern);
        break;
    case CONFITURE_OUTCOME_LETTER_CASE:
        add_two(text, "left out: only the case of its letters differs from ", said->pattern);
        break;
    }
}

static void put_line(const struct options *options, const confiture_files *files, size_t index) {
    const struct reason *reason = &reasons.items[index];
    struct text text = {NULL, 0, 0};
    text_add_escaped(&text, reason->said.name ? reason->said.name : reason->said.path);
    text_add_string(&text, reason->said.is_directory ? "/: " : ": ");
    if (reason->kept) {
        add_two(&text, "found in ", options->operands.items[reason->said.directory]);
        add_two(&text, " by ", reason->said.pattern);
        add_key(&text, options, reason);
        if (confiture_files_is_seed(files, index)) text_add_string(&text, "; seed");
    } else {
        add_absence(&text, options, reason);
        if (options->operands.count > 1 && reason->said.outcome != CONFITURE_OUTCOME_REPEATED)
            add_two(&text, "; met in ", options->operands.items[reason->said.directory]);
    }
    text_add_string(&text, "\n");
    put_bytes(text.data, text.size);
    free(text.data);
}

static void put_absent(const struct options *options, const confiture_files *files) {
    size_t i;
    for (i = 0; i < reasons.count; i++)
        if (!reasons.items[i].kept) put_line(options, files, i);
}

/* What the lines cannot say: how the order compares with the other as a whole. */
static void put_notes(const struct options *options) {
    size_t i, moved = 0, kept = 0;
    char line[120];
    for (i = 0; i < reasons.listed; i++) {
        kept += reasons.items[i].kept;
        moved += reasons.items[i].said.path_index != reasons.items[i].said.hex_index;
    }
    if (reasons.listed == 0 || reasons.items[0].said.sort == CONFITURE_SORT_HEX) return;
    if (options->sort == CONFITURE_SORT_HEX) {
        put_text("note: no file has a hexadecimal prefix, so --sort hex is the order of paths\n");
    } else if (moved) {
        snprintf(line, sizeof line, "note: --sort hex would place %llu of %llu files elsewhere\n",
                 (unsigned long long)moved, (unsigned long long)kept);
        put_text(line);
    }
}

void explain_print(const struct options *options, const confiture_files *files) {
    size_t i;
    explain_begin(options, files);
    for (i = 0; i < reasons.listed; i++)
        if (reasons.items[i].kept) put_line(options, files, i);
    put_absent(options, files);
    put_notes(options);
}

/* ---- JSON ---- */

static void json_origin(const struct options *options, const confiture_explanation *said) {
    json_text("directory", options->operands.items[said->directory]);
    if (said->pattern) json_text("pattern", said->pattern);
}

void explain_json_begin(const struct options *options, const confiture_files *files) {
    bool hex = reasons.listed > 0 && reasons.items[0].said.sort == CONFITURE_SORT_HEX;
    explain_begin(options, files);
    json_text("sort", hex ? "hex" : "path");
}

void explain_json_entry(const struct options *options, size_t index) {
    const confiture_explanation *said = &reasons.items[index].said;
    json_origin(options, said);
    json_number("by_path", said->path_index);
    json_number("by_hex", said->hex_index);
    if (said->hex_value) json_text("prefix", said->hex_value);
    json_text("rest", said->hex_rest);
    json_bool("lower_case_prefix", said->lower_case_prefix);
}

static const char *reason_name(confiture_outcome outcome) {
    switch (outcome) {
    case CONFITURE_OUTCOME_EXCLUDED: return "exclude";
    case CONFITURE_OUTCOME_EXCLUDED_DIR: return "exclude-dir";
    case CONFITURE_OUTCOME_REPEATED: return "unique";
    case CONFITURE_OUTCOME_LETTER_CASE: return "case";
    default: return "schema-only";
    }
}

void explain_json_absent(const struct options *options) {
    size_t i;
    json_open("left_out", '[');
    for (i = 0; i < reasons.count; i++) {
        const confiture_explanation *said = &reasons.items[i].said;
        if (reasons.items[i].kept) continue;
        json_open(NULL, '{');
        if (said->name) json_text("name", said->name);
        json_text("path", said->path);
        json_bool("whole_directory", said->is_directory);
        json_origin(options, said);
        json_text("reason", reason_name(said->outcome));
        if (reasons.items[i].by) json_text("by", reasons.items[i].by);
        json_close('}');
    }
    json_close(']');
}

/* ---- a list without files ---- */

int explain_no_files(const struct options *options, const confiture_error *error) {
    const struct held_error *held;
    int code;
    if (!options->json) {
        put_absent(options, NULL);
        return report_failed(error);
    }
    report_hold(true);
    code = report_failed(error);
    held = report_held();
    report_begin();
    if (held && held->path) json_text("path", held->path);
    if (held) json_text("message", held->message);
    explain_json_absent(options);
    report_end(code);
    report_hold(false);
    return code;
}
