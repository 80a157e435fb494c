/* hash.c: "confiture hash" and "confiture hash -c". */
#include "command.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static confiture_status compute(confiture_digest *digest, const confiture_files *files,
                                const struct options *options, confiture_error *error) {
    confiture_hash_options hash;
    memset(&hash, 0, sizeof hash);
    progress_run(&hash.run, options);
    hash.kind = (confiture_digest_kind)options->digest;
    return confiture_hash(digest, files, &hash, error);
}

static const char *kind_of(const struct options *options) {
    static const char *const kinds[] = {"stream", "tree", "text"}; /* by confiture_digest_kind */
    return kinds[options->digest];
}

int run_hash(const struct options *options, const confiture_files *files) {
    confiture_digest digest;
    confiture_error error;
    char *words = options_words(options);
    bool failed = compute(&digest, files, options, &error) != CONFITURE_OK;
    if (!failed && options->json) {
        report_begin();
        json_text("digest", digest.hex);
        json_text("kind", kind_of(options));
        json_number("files", digest.file_count);
        json_number("bytes", digest.total_bytes);
        json_text("base", confiture_files_base(files));
        json_text("arguments", words);
        report_end(EXIT_DONE);
    } else if (!failed) {
        put_text(digest.hex);
        if (!options->bare) put_text("  ");
        if (!options->bare) put_text(words);
        put_text("\n");
    }
    free(words);
    return failed ? report_failed(&error) : EXIT_DONE;
}

/* ---- -c ---- */

enum { HEX = 64 };

struct tally {
    const char *file; /* the file of digests */
    uint64_t line;    /* from 1 */
    size_t count, different;
    int code;
};

/* Whether a digest is the SHA-256 of the bytes of the only file. */
static bool is_of_bytes(const char *digest, const confiture_files *files,
                        const struct options *options) {
    confiture_manifest_options manifest;
    confiture_entry entry;
    char hex[HEX + 1];
    memset(&manifest, 0, sizeof manifest);
    progress_run(&manifest.run, options);
    if (confiture_files_count(files) != 1 || confiture_manifest(&entry, files, &manifest, NULL))
        return false;
    confiture_sha256_hex(entry.sha256, hex);
    return strcmp(hex, digest) == 0;
}

static const char of_bytes[] = "the SHA-256 of a file's bytes alone, as sha256sum and 'confiture "
                               "list --digests' print it: check it with 'sha256sum -c'";

/* Prints one check as an object of a list. Its path and line show where to look. */
static void put_check(const struct tally *tally, const char *words, const char *expected,
                      const char *digest, int code) {
    const struct held_error *error = report_held();
    bool elsewhere = error && error->path;
    uint64_t line = elsewhere ? error->line : tally->line;
    json_open(NULL, '{');
    json_text("path", elsewhere ? error->path : tally->file);
    if (line) json_number("line", line);
    json_text("arguments", words);
    json_text("expected", expected);
    if (error) json_text("message", error->message);
    else json_text("digest", digest);
    json_text("status", code == EXIT_DONE           ? "done"
                        : code == EXIT_CHECK_FAILED ? "failed"
                                                    : "error");
    json_close('}');
}

/* Computes one digest again and compares it with the expected one. */
static void check_one(struct tally *tally, const struct options *options, const char *expected) {
    confiture_files *files = NULL;
    confiture_digest digest;
    confiture_error error;
    char *words = options_words(options);
    int code = input_find(&files, options);
    if (!code && compute(&digest, files, options, &error)) code = report_failed(&error);
    if (!code && strcmp(digest.hex, expected) != 0)
        code = is_of_bytes(expected, files, options)
                   ? report_error_at(tally->file, tally->line, "%s", of_bytes)
                   : EXIT_CHECK_FAILED;
    confiture_files_free(files);
    tally->count++;
    tally->different += code == EXIT_CHECK_FAILED;
    if (code > tally->code) tally->code = code;
    if (options->json) {
        put_check(tally, words, expected, digest.hex, code);
    } else if (code <= EXIT_CHECK_FAILED && !(code == EXIT_DONE && options->quiet)) {
        put_text(words);
        put_text(code == EXIT_DONE ? ": OK\n" : ": FAILED\n");
        put_flush();
    }
    free(words);
}

/* Whether a line begins with a digest, which is copied in lower case. */
static bool read_digest(const char *line, char digest[HEX + 1]) {
    size_t i;
    for (i = 0; i < HEX && isxdigit((unsigned char)line[i]); i++)
        digest[i] = (char)tolower((unsigned char)line[i]);
    digest[i] = '\0';
    return i == HEX && (!line[i] || line[i] == ' ');
}

/* Whether the text after a digest is from sha256sum and not from hash. */
static bool is_of_sha256sum(const char *rest) {
    return strncmp(rest, " *", 2) == 0 || strcmp(rest, "  -") == 0;
}

/* Checks one line of hash's output, without its newline. */
static void check_line(struct tally *tally, const struct options *options, char *line) {
    bool given = options->operands.count || options->files0_from;
    struct options recorded;
    char digest[HEX + 1];
    line[strcspn(line, "\r")] = '\0';
    if (!read_digest(line, digest)) {
        bool escaped = line[0] == '\\' && read_digest(line + 1, digest);
        if (escaped) usage_error("%s", of_bytes);
        usage_error("invalid line '%.40s': expected what 'confiture hash' prints", line);
    }
    line += HEX;
    if (is_of_sha256sum(line)) usage_error("%s", of_bytes);
    while (*line == ' ') line++;
    report_hold(options->json);
    if (given) {
        if (tally->count > 0) usage_error("a second line: expected one for the DIRs given");
        options_place(NULL, 0); /* errors are on the command line */
        check_one(tally, options, digest);
    } else if (!*line) {
        usage_error("a digest alone: expected a DIR or FILE on the command line");
    } else {
        options_parse_words(&recorded, options, line);
        check_one(tally, &recorded, digest);
        options_free_words(&recorded);
    }
    report_hold(false);
}

int run_hash_check(const struct options *options) {
    struct tally tally = {options->hash_check, 0, 0, 0, EXIT_DONE};
    size_t size;
    char *data = input_read(options->hash_check, &size), *line = data;
    if (!data) return EXIT_ERROR;
    if (strcmp(options->hash_check, "-") == 0) tally.file = "standard input";
    if (options->json) {
        report_begin();
        json_open("checks", '[');
    }
    while (line < data + size) {
        char *end = line + strcspn(line, "\n");
        *end = '\0';
        options_place(tally.file, ++tally.line);
        check_line(&tally, options, line);
        line = end + 1;
    }
    options_place(NULL, 0);
    free(data);
    if (tally.count == 0)
        return report_error(tally.file, "empty: expected what 'confiture hash' prints");
    if (options->json) {
        json_close(']');
        report_end(tally.code);
    } else if (tally.different && !options->quiet) {
        say("%zu of %zu digest%s differ%s", tally.different, tally.count,
            tally.count == 1 ? "" : "s", tally.different == 1 ? "s" : "");
    }
    return tally.code;
}
