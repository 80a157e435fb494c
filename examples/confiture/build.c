/* build.c: "confiture build". */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The time for the header without --timestamp. Reproducible builds set SOURCE_DATE_EPOCH
 * (https://reproducible-builds.org/specs/source-date-epoch/). */
static bool stamp_time(char stamp[32]) {
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    uint64_t seconds = 0;
    const char *p;
    if (!epoch) {
        if (system_time(stamp, NULL)) return true;
        (void)report_error(NULL, "the clock cannot be read; see --timestamp");
        return false;
    }
    for (p = epoch; *p >= '0' && *p <= '9' && seconds < UINT64_MAX / 100; p++) {
        seconds = seconds * 10 + (uint64_t)(*p - '0');
    }
    if (p != epoch && !*p && system_time(stamp, &seconds)) return true;
    (void)report_error(NULL,
                       "invalid value '%s' for SOURCE_DATE_EPOCH: expected seconds since 1970, "
                       "before the year 10000",
                       epoch);
    return false;
}

/* The findings of a build are printed at its end: a message may fail, and a terminal may stop the
 * command, but the output must not be half written then. */
static void keep_finding(void *user, const confiture_finding *finding) {
    findings_keep((struct findings *)user, finding);
}

static void say_findings(const struct findings *findings) {
    size_t i;
    for (i = 0; i < findings->count; i++) say("%s", findings->items[i].message);
}

static void report_findings(const struct options *options, const struct findings *findings) {
    size_t i;
    if (!options->json) return;
    report_begin();
    json_text("path", findings->items[0].path);
    if (findings->items[0].line) json_number("line", findings->items[0].line);
    json_text("message", findings->items[0].message);
    json_open("findings", '[');
    for (i = 0; i < findings->count; i++) report_finding(&findings->items[i]);
    json_close(']');
    report_end(EXIT_CHECK_FAILED);
}

static const char *const phase_names[3] = {"superuser_pre", "app", "superuser_post"};

/* DIRECTORY/schema_NAME_PHASE and the end */
static char *phase_path(const struct options *options, const char *directory, int phase,
                        const char *end) {
    const char *name = options->environment ? options->environment : "local";
    size_t size = strlen(directory) + strlen(name) + 40;
    char *path = (char *)allocate(size);
    bool slash = strchr(SYSTEM_SLASHES, directory[strlen(directory) - 1]) != NULL;
    snprintf(path, size, "%s%sschema_%s_%s%s", directory, slash ? "" : "/", name,
             phase_names[phase], end);
    return path;
}

char *build_phase_path(const struct options *options, int phase) {
    return phase_path(options, options->split, phase, ".sql");
}

static void report_built(const struct options *options, const char *path,
                         const confiture_schema *schema) {
    if (options->json) {
        json_text("path", path);
        json_number("files", schema->file_count);
        json_number("bytes", schema->total_bytes);
        json_bool("unchanged", schema->unchanged);
    } else if (!options->quiet) {
        say("%s: %s%zu file%s, %llu bytes, source digest %s", path,
            schema->unchanged ? "unchanged, " : "", schema->file_count,
            schema->file_count == 1 ? "" : "s", (unsigned long long)schema->total_bytes,
            schema->digest_hex);
    }
}

static int build_split(const struct options *options, const confiture_files *files,
                       confiture_build_options *build, confiture_error *error) {
    confiture_schema schemas[3];
    char *paths[3], *maps[3];
    const char *targets[3], *map_targets[3];
    confiture_status status;
    size_t made;
    int i;
    system_hold_signals();
    if (!system_make_directory(options->split, &made)) {
        say("%s: %s", options->split, strerror(errno));
        return EXIT_ERROR;
    }
    memset(schemas, 0, sizeof schemas);
    for (i = 0; i < 3; i++) {
        targets[i] = paths[i] = build_phase_path(options, i);
        map_targets[i] = maps[i] =
            options->map ? phase_path(options, options->map, i, ".map") : NULL;
    }
    if (options->map) build->map_paths = map_targets;
    status = confiture_build_split_files(schemas, targets, files, build, error);
    if (status) system_unmake_directory(options->split, made);
    if (!status) input_note_outputs(options, files, targets, 3, schemas[0].left_out > 0);
    if (!status && options->json) {
        report_begin();
        json_text("digest", schemas[0].digest_hex);
        json_text("kind", "stream");
        json_open("schemas", '[');
        for (i = 0; i < 3; i++) {
            json_open(NULL, '{');
            json_text("phase", phase_names[i]);
            report_built(options, paths[i], &schemas[i]);
            if (maps[i]) json_text("map", maps[i]);
            json_close('}');
        }
        json_close(']');
        report_end(EXIT_DONE);
    } else if (!status) {
        for (i = 0; i < 3; i++) report_built(options, paths[i], &schemas[i]);
    }
    for (i = 0; i < 3; i++) {
        confiture_schema_free(&schemas[i]);
        free(paths[i]);
        free(maps[i]);
    }
    return status ? -1 : EXIT_DONE;
}

static int build_one(const struct options *options, const confiture_files *files,
                     confiture_build_options *build, confiture_error *error) {
    confiture_schema schema;
    confiture_status status;
    memset(&schema, 0, sizeof schema);
    if (options->output && strcmp(options->output, "-") != 0) {
        /* A FIFO or a device is written in place: there is nothing to clean up, and a write to
         * it may block forever. */
        if (!system_is_special(options->output)) system_hold_signals();
        if (options->map) build->map_paths = &options->map;
        status = confiture_build_file(&schema, options->output, files, build, error);
        if (!status) input_note_outputs(options, files, &options->output, 1, schema.left_out > 0);
        if (!status && options->json) {
            report_begin();
            json_text("digest", schema.digest_hex);
            json_text("kind", "stream");
            report_built(options, options->output, &schema);
            if (options->map) json_text("map", options->map);
            report_end(EXIT_DONE);
        } else if (!status) {
            report_built(options, options->output, &schema);
        }
    } else {
        /* In memory first: a pipe gets nothing of a build that fails. Only a header contains the
         * digest. */
        confiture_build_options plain = *build;
        plain.no_digest = build->header == NULL;
        status = confiture_build(&schema, files, &plain, error);
        if (!status) put_bytes(schema.data, schema.size);
    }
    confiture_schema_free(&schema);
    return status ? -1 : EXIT_DONE;
}

/* ---- --verify ---- */

/* The names of confiture_difference in JSON. */
static const char *const difference_names[] = {
    "none",     "missing", "text",      "longer",     "line_ends", "new",    "gone",
    "left_out", "order",   "separator", "ends_early", "has_more",  "header", "digest"};

/* Reports what a verification found. Returns an exit code. */
static int report_verified(const struct options *options, const confiture_files *files,
                           const char *path, const confiture_verification *found) {
    const char *source = confiture_files_path(files, found->index);
    if (!options->json) {
        if (!found->matches) say("%s", found->message);
        else if (!options->quiet)
            say("%s: up to date, %zu file%s, %llu bytes", path, found->file_count,
                found->file_count == 1 ? "" : "s", (unsigned long long)found->total_bytes);
        return found->matches ? EXIT_DONE : EXIT_CHECK_FAILED;
    }
    json_text("path", path);
    json_number("files", found->file_count);
    json_bool("matches", found->matches);
    if (found->matches) return EXIT_DONE;
    say("%s", found->message);
    if (found->line) json_number("line", found->line);
    json_text("difference", difference_names[found->difference]);
    if (source) json_text("source", source);
    if (found->source_line) json_number("source_line", found->source_line);
    if (found->name[0]) json_text("name", found->name);
    json_text("message", found->message);
    return EXIT_CHECK_FAILED;
}

static int verify_one(const struct options *options, const confiture_files *files,
                      const confiture_build_options *build, confiture_error *error) {
    confiture_verification found;
    int code;
    if (confiture_verify_file(&found, options->output, files, build, error)) return -1;
    input_note_outputs(options, files, &options->output, 1, found.left_out > 0);
    if (options->json) report_begin();
    code = report_verified(options, files, options->output, &found);
    if (options->json) report_end(code);
    return code;
}

static int verify_split(const struct options *options, const confiture_files *files,
                        const confiture_build_options *build, confiture_error *error) {
    confiture_verification *found =
        (confiture_verification *)allocate(3 * sizeof(confiture_verification));
    char *paths[3];
    const char *targets[3];
    int code = -1, i;
    for (i = 0; i < 3; i++) targets[i] = paths[i] = build_phase_path(options, i);
    if (!confiture_verify_split_files(found, targets, files, build, error)) {
        code = EXIT_DONE;
        input_note_outputs(options, files, targets, 3, found[0].left_out > 0);
        if (options->json) report_begin();
        if (options->json) json_open("schemas", '[');
        for (i = 0; i < 3; i++) {
            if (options->json) json_open(NULL, '{');
            if (options->json) json_text("phase", phase_names[i]);
            if (report_verified(options, files, paths[i], &found[i])) code = EXIT_CHECK_FAILED;
            if (options->json) json_close('}');
        }
        if (options->json) json_close(']');
        if (options->json) report_end(code);
    }
    for (i = 0; i < 3; i++) free(paths[i]);
    free(found);
    return code;
}

/* Finds the directories of a split. A directory in both phases is an error. */
static int find_split_dirs(struct names *pre, struct names *post, const struct options *options) {
    int code = input_split_dirs(pre, options, "--pre", &options->pre);
    size_t i, k;
    if (!code) code = input_split_dirs(post, options, "--post", &options->post);
    for (i = 0; !code && i < pre->count; i++) {
        for (k = 0; k < post->count; k++) {
            if (strcmp(pre->items[i], post->items[k]) == 0)
                usage_error("--pre '%s' and --post '%s' exclude each other", pre->items[i],
                            post->items[k]);
        }
    }
    return code;
}

/* Standard output must not be an output of --json: the JSON would follow the schema, or would be in
 * the file that the schema replaces. */
static int check_json_output(const struct options *options) {
    int i, code = EXIT_DONE;
    for (i = 0; options->json && !code && i < (options->split ? 3 : 1); i++) {
        char *path = options->split ? build_phase_path(options, i) : NULL;
        const char *output = path ? path : options->output;
        if (system_is_stdout(output))
            code = report_error(output, "is standard output, where --json writes: expected "
                                        "another file");
        free(path);
    }
    if (options->json && !code && options->map && system_is_stdout(options->map))
        code = report_error(options->map, "is standard output, where --json writes: expected "
                                          "another file");
    return code;
}

void build_release(struct build_setup *setup) {
    names_free(&setup->pre);
    names_free(&setup->post);
}

int build_prepare(struct build_setup *setup, const struct options *options) {
    confiture_build_options *build = &setup->build;
    int code;
    memset(setup, 0, sizeof *setup);
    code = find_split_dirs(&setup->pre, &setup->post, options);
    if (code) return code;
    progress_run(&build->run, options);
    build->separator = (confiture_separator)options->separator;
    build->separator_template = options->template_text;
    if (options->header) {
        setup->header.environment = options->environment;
        setup->header.timestamp = options->timestamp;
        if (options->verify || (options->timestamp && strcmp(options->timestamp, "none") == 0)) {
            setup->header.timestamp = NULL; /* a verification does not compare it */
        } else if (!options->timestamp) {
            if (!stamp_time(setup->stamp)) return EXIT_ERROR;
            setup->header.timestamp = setup->stamp;
        }
        build->header = &setup->header;
    }
    build->schema_only = options->schema_only;
    build->check = (confiture_check_mode)options->check;
    build->terminate = options->terminate;
    build->strip_bom = options->strip_bom;
    build->keep_line_ends = options->keep_line_ends;
    build->pre_dirs = (const char *const *)setup->pre.items;
    build->pre_dir_count = setup->pre.count;
    build->post_dirs = (const char *const *)setup->post.items;
    build->post_dir_count = setup->post.count;
    build->split_dirs_must_match = true;
    build->keep_unchanged = options->if_changed;
    build->sync = options->sync;
    return EXIT_DONE;
}

int run_build(const struct options *options, const confiture_files *files) {
    struct build_setup setup;
    confiture_error error;
    struct findings findings = {NULL, 0};
    int code = check_json_output(options);
    if (!code) code = build_prepare(&setup, options);
    if (code) return code;
    setup.build.on_finding = keep_finding;
    setup.build.finding_user = &findings;
    if (options->verify) setup.build.no_digest = !options->header;
    if (options->verify)
        code = options->split ? verify_split(options, files, &setup.build, &error)
                              : verify_one(options, files, &setup.build, &error);
    else
        code = options->split ? build_split(options, files, &setup.build, &error)
                              : build_one(options, files, &setup.build, &error);
    if (code < 0) say_findings(&findings);
    /* The first finding is the error unless another failure ended the build. */
    if (code < 0 && !(findings.count && is_finding(error.status))) code = report_failed(&error);
    if (code < 0) {
        report_findings(options, &findings);
        code = EXIT_CHECK_FAILED;
    }
    findings_free(&findings);
    build_release(&setup);
    return code;
}
