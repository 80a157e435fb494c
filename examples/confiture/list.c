/* list.c: "confiture list". */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether a file is printed: --schema-only leaves out what a build with it does. */
static bool is_kept(const struct options *options, const confiture_files *files, size_t index) {
    return !options->schema_only || !confiture_files_is_seed(files, index);
}

static void list_json(const struct options *options, const confiture_files *files,
                      const confiture_entry *entries) {
    size_t i, count = confiture_files_count(files), kept = 0;
    char hex[65];
    for (i = 0; i < count; i++) kept += is_kept(options, files, i);
    report_begin();
    json_text("base", confiture_files_base(files));
    json_number("files", kept);
    if (options->explain) explain_json_begin(options, files);
    json_open("entries", '[');
    for (i = 0; i < count; i++) {
        if (!is_kept(options, files, i)) continue;
        json_open(NULL, '{');
        json_text("name", confiture_files_name(files, i));
        json_text("path", confiture_files_path(files, i));
        json_bool("seed", confiture_files_is_seed(files, i));
        if (entries && options->sizes) json_number("bytes", entries[i].size);
        if (entries && options->digests) {
            confiture_sha256_hex(entries[i].sha256, hex);
            json_text("digest", hex);
        }
        if (options->explain) explain_json_entry(options, i);
        json_close('}');
    }
    json_close(']');
    if (options->explain) explain_json_absent(options);
    report_end(EXIT_DONE);
}

static int decimal(char digits[24], uint64_t value) {
    return snprintf(digits, 24, "%llu", (unsigned long long)value);
}

/* A name as sha256sum writes it; if escaped, a backslash precedes the digest. A name holds no other
 * character that sha256sum escapes. "-" alone would be standard input for it. */
static void put_sum_name(const char *name, bool escaped) {
    if (strcmp(name, "-") == 0) put_text("./");
    while (escaped && strchr(name, '\\')) {
        size_t plain = strcspn(name, "\\") + 1;
        put_bytes(name, plain);
        put_text("\\");
        name += plain;
    }
    put_text(name);
}

static void list_lines(const struct options *options, const confiture_files *files,
                       const confiture_entry *entries) {
    size_t i, count = confiture_files_count(files);
    char hex[65], digits[24];
    bool as_sums = options->digests && !options->sizes; /* which are no part of that format */
    int width = 0;
    for (i = 0; entries && options->sizes && i < count; i++) {
        int length = decimal(digits, entries[i].size);
        if (length > width && is_kept(options, files, i)) width = length;
    }
    for (i = 0; i < count; i++) {
        const char *name = confiture_files_name(files, i);
        bool escaped = as_sums && !options->null && strchr(name, '\\');
        if (!is_kept(options, files, i)) continue;
        if (entries && options->digests) {
            if (escaped) put_text("\\");
            confiture_sha256_hex(entries[i].sha256, hex);
            put_text(hex);
            put_text("  ");
        }
        if (entries && options->sizes) {
            int length = decimal(digits, entries[i].size);
            while (length++ < width) put_text(" ");
            put_text(digits);
            put_text("  ");
        }
        if (as_sums) put_sum_name(name, escaped);
        else put_text(name);
        put_bytes(options->null ? "" : "\n", 1);
    }
}

/* Checks a caller's list, which may name unreadable files. A search has seen its files. */
static int check_listed(const confiture_files *files) {
    char why[ERROR_TEXT];
    size_t i;
    for (i = 0; i < confiture_files_count(files); i++) {
        const char *path = confiture_files_path(files, i);
        switch (system_kind(path)) {
        case SYSTEM_FILE: break;
        case SYSTEM_DIRECTORY: return report_error(path, "is a directory, not a file");
        case SYSTEM_MISSING: return report_error(path, "no such file or directory");
        default: return report_error(path, "%s", error_text(why, errno));
        }
    }
    return EXIT_DONE;
}

int run_list(const struct options *options, const confiture_files *files) {
    size_t count = confiture_files_count(files);
    confiture_entry *entries = NULL;
    confiture_manifest_options manifest;
    confiture_error error;
    memset(&manifest, 0, sizeof manifest);
    if (options->sizes || options->digests) {
        entries = (confiture_entry *)allocate(count * sizeof *entries);
        progress_run(&manifest.run, options);
        if (confiture_manifest(entries, files, &manifest, &error)) {
            free(entries);
            return report_failed(&error);
        }
    } else if (options->files0_from && check_listed(files)) {
        return EXIT_ERROR;
    }
    if (options->json) list_json(options, files, entries);
    else if (options->explain) explain_print(options, files);
    else list_lines(options, files, entries);
    free(entries);
    return EXIT_DONE;
}
