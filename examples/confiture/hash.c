/* hash.c: "confiture hash", and what checks its output. */
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
    return options->digest == CONFITURE_DIGEST_TREE ? "tree" : "stream";
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
    size_t count, different;
    int code;
};

/* Computes one digest again, and says whether it is what was expected. */
static void check_one(struct tally *tally, const struct options *options, const char *expected) {
    confiture_files *files = NULL;
    confiture_digest digest;
    confiture_error error;
    char *words = options_words(options);
    int code = input_find(&files, options);
    if (!code && compute(&digest, files, options, &error)) code = report_failed(&error);
    if (!code && strcmp(digest.hex, expected) != 0) code = EXIT_CHECK_FAILED;
    confiture_files_free(files);
    tally->count++;
    tally->different += code == EXIT_CHECK_FAILED;
    if (code > tally->code) tally->code = code;
    if (options->json) {
        json_open(NULL, '{');
        json_text("arguments", words);
        json_text("expected", expected);
        if (code <= EXIT_CHECK_FAILED && !report_held()) json_text("digest", digest.hex);
        if (report_held()) json_text("message", report_held());
        json_text("status", code == EXIT_DONE           ? "done"
                            : code == EXIT_CHECK_FAILED ? "failed"
                                                        : "error");
        json_close('}');
    } else if (code <= EXIT_CHECK_FAILED && !(code == EXIT_DONE && options->quiet)) {
        put_text(words);
        put_text(code == EXIT_DONE ? ": OK\n" : ": FAILED\n");
        put_flush();
    }
    free(words);
}

/* Whether a line begins with a digest; it is made lower case. */
static bool read_digest(const char *line, char digest[HEX + 1]) {
    size_t i;
    for (i = 0; i < HEX && isxdigit((unsigned char)line[i]); i++)
        digest[i] = (char)tolower((unsigned char)line[i]);
    digest[i] = '\0';
    return i == HEX && (!line[i] || line[i] == ' ' || line[i] == '\r');
}

/* One line of what hash printed, the newline taken off. */
static void check_line(struct tally *tally, const struct options *options, char *line,
                       const char *where) {
    bool given = options->operands.count || options->files0_from;
    struct options told;
    char digest[HEX + 1];
    if (!read_digest(line, digest)) {
        usage_error("%s: invalid line '%.40s': expected what 'confiture hash' prints", where, line);
    }
    line += HEX;
    line[strcspn(line, "\r")] = '\0';
    while (*line == ' ') line++;
    report_hold(options->json);
    if (given) {
        if (tally->count > 0)
            usage_error("%s: a second line: expected one for the DIRs given", where);
        check_one(tally, options, digest);
    } else if (!*line) {
        usage_error("%s: a digest alone: expected a DIR or FILE on the command line", where);
    } else {
        options_parse_words(&told, options, line, where);
        check_one(tally, &told, digest);
        options_free_words(&told);
    }
    report_hold(false);
}

int run_hash_check(const struct options *options) {
    const char *shown = strcmp(options->verify, "-") == 0 ? "standard input" : options->verify;
    struct tally tally = {0, 0, EXIT_DONE};
    size_t size, number = 0;
    char *data = input_read(options->verify, &size), *line = data;
    if (!data) return EXIT_ERROR;
    if (options->json) {
        report_begin();
        json_open("checks", '[');
    }
    while (line < data + size) {
        char *end = line + strcspn(line, "\n");
        struct text where = {NULL, 0, 0};
        char digits[24];
        *end = '\0';
        snprintf(digits, sizeof digits, ":%zu", ++number);
        text_add_string(&where, shown);
        text_add_string(&where, digits);
        check_line(&tally, options, line, where.data);
        free(where.data);
        line = end + 1;
    }
    free(data);
    if (tally.count == 0)
        return report_error(shown, "empty: expected what 'confiture hash' prints");
    if (options->json) {
        json_close(']');
        report_end(tally.code);
    } else if (tally.different && !options->quiet) {
        say("%zu of %zu digest%s differ%s", tally.different, tally.count,
            tally.count == 1 ? "" : "s", tally.different == 1 ? "s" : "");
    }
    return tally.code;
}
