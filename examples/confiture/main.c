/* confiture: one schema and one fingerprint from a tree of SQL files.
 *     cc -O2 -I. examples/confiture/[a-z]*.c -o confiture -pthread
 * This file holds the commands; it also implements confiture.h for the others. */
#define CONFITURE_IMPLEMENTATION
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int exit_code(confiture_status status) {
    switch (status) {
    case CONFITURE_OK: return EXIT_DONE;
    case CONFITURE_E_NAME:
    case CONFITURE_E_ENCODING:
    case CONFITURE_E_UNCLOSED: return EXIT_CHECK_FAILED;
    default: return EXIT_ERROR;
    }
}

/* Whether a status is one that the library tells as a finding, besides. */
static bool is_finding(confiture_status status) {
    return status == CONFITURE_E_ENCODING || status == CONFITURE_E_UNCLOSED;
}

/* Says what went wrong, and gives the exit code for it. */
static int failed(const confiture_error *error) {
    int number = system_signal();
    if (error->status == CONFITURE_E_CANCELLED && number) {
        progress_erase();
        return 128 + number;
    }
    say("%s", error->message);
    return exit_code(error->status);
}

/* ---- the files ---- */

/* The whole of a file, or of standard input for "-": binary, of any size. NULL after
 * saying why not. */
static char *read_list(const char *path, size_t *size) {
    bool standard = strcmp(path, "-") == 0;
    const char *shown = standard ? "standard input" : path;
    size_t capacity = 65536;
    char *data = (char *)allocate(capacity);
    FILE *file;
    errno = 0;
    file = standard ? stdin : system_open(path);
    *size = 0;
    while (file) {
        size_t part = fread(data + *size, 1, capacity - *size, file);
        *size += part;
        if (ferror(file)) break;
        if (part == 0) {
            if (!standard) fclose(file);
            return data;
        }
        if (*size == capacity) data = (char *)reallocate(data, capacity *= 2);
    }
    say("%s: %s", shown, strerror(errno));
    if (file && !standard) fclose(file);
    free(data);
    return NULL;
}

static int find_listed(confiture_files **files, const struct options *options,
                       const confiture_find_options *find) {
    confiture_error error;
    confiture_status status;
    size_t size, start, count = 0;
    char *list = read_list(options->files0_from, &size);
    if (!list) return EXIT_ERROR;
    for (start = 0; start < size; count++) {
        const char *end = (const char *)memchr(list + start, '\0', size - start);
        size_t length = end ? (size_t)(end - (list + start)) : size - start;
        if (length == 0) {
            say("%s: name %zu is empty",
                strcmp(options->files0_from, "-") ? options->files0_from : "standard input",
                count + 1);
            free(list);
            return EXIT_ERROR;
        }
        start += length + 1;
    }
    status = confiture_files_from_list0(files, list, size, find, &error);
    free(list);
    return status ? failed(&error) : EXIT_DONE;
}

/* A directory that is missing is skipped, as the Python tool does; but whoever
 * mistyped a name is to learn it. */
static void note_missing(const struct options *options, const struct strings *directories) {
    size_t i;
    for (i = 0; i < directories->count && !options->quiet; i++) {
        if (!system_is_missing(directories->items[i])) continue;
        say("%s: no such directory, skipped", directories->items[i]);
    }
}

static int find_below(confiture_files **files, const struct options *options,
                      const confiture_find_options *find) {
    confiture_error error;
    confiture_status status;
    size_t i, count = options->directories.count;
    confiture_directory *list = (confiture_directory *)allocate(count * sizeof *list);
    memset(list, 0, count * sizeof *list);
    for (i = 0; i < count; i++) {
        list[i].path = options->directories.items[i];
        list[i].include = options->include.items;
        list[i].include_count = options->include.count;
        list[i].exclude = options->exclude.items;
        list[i].exclude_count = options->exclude.count;
        list[i].not_recursive = options->not_recursive;
        list[i].must_exist = options->must_exist;
    }
    status = confiture_find_all(files, list, count, find, &error);
    free(list);
    if (!status) note_missing(options, &options->directories);
    for (i = 0; i < count && status == CONFITURE_E_NO_FILES; i++) {
        const char *path = options->directories.items[i];
        if (!system_is_missing(path)) continue;
        say("%s: no such directory", path);
        return EXIT_ERROR;
    }
    return status ? failed(&error) : EXIT_DONE;
}

static int find_files(confiture_files **files, const struct options *options) {
    confiture_find_options find;
    bool stdout_is_file = system_stdout_is_file();
    size_t i;
    int code;
    memset(&find, 0, sizeof find);
    progress_run(&find.run, options);
    find.base = options->base;
    find.exclude_dirs = options->exclude_dirs.items;
    find.exclude_dir_count = options->exclude_dirs.count;
    find.sort = (confiture_sort)options->sort;
    find.unique = options->unique;
    find.confine = options->confine;
    code = options->files0_from ? find_listed(files, options, &find)
                                : find_below(files, options, &find);
    /* "confiture build db > db/all.sql": the shell has emptied it already, and
     * the next build would take this one in. */
    for (i = 0; !code && stdout_is_file && i < confiture_files_count(*files); i++) {
        const char *path = confiture_files_path(*files, i);
        if (!path || !system_is_stdout(path)) continue;
        say("%s: standard output goes to a file that is read as well%s", path,
            options->command == COMMAND_BUILD ? "; use -o, which leaves it out" : "");
        code = EXIT_ERROR;
    }
    return code;
}

/* ---- build ---- */

/* The time for the header, unless the user gave one: reproducible builds set
 * SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/). */
static bool stamp_time(char stamp[32]) {
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    uint64_t seconds = 0;
    const char *p;
    if (!epoch) {
        if (system_time(stamp, NULL)) return true;
        say("the clock cannot be read; see --timestamp");
        return false;
    }
    for (p = epoch; *p >= '0' && *p <= '9' && seconds < UINT64_MAX / 100; p++) {
        seconds = seconds * 10 + (uint64_t)(*p - '0');
    }
    if (p != epoch && !*p && system_time(stamp, &seconds)) return true;
    say("SOURCE_DATE_EPOCH '%s' is not a number of seconds before the year 10000", epoch);
    return false;
}

/* What is found during a build is said at its end: a message may fail, and a
 * terminal may stop us, but not while the output is half written. */
struct findings {
    char **messages;
    size_t count;
};

static void keep_finding(void *user, const confiture_finding *finding) {
    struct findings *findings = (struct findings *)user;
    size_t size = strlen(finding->message) + 1;
    /* Twice as many whenever they are as many as a power of two. */
    if ((findings->count & (findings->count - 1)) == 0)
        findings->messages = (char **)reallocate((void *)findings->messages,
                                                 (2 * findings->count + 1) * sizeof(char *));
    findings->messages[findings->count] = (char *)allocate(size);
    memcpy(findings->messages[findings->count++], finding->message, size);
}

static const char *const phase_names[3] = {"superuser_pre", "app", "superuser_post"};

/* OUTDIR/schema_NAME_PHASE.sql */
static char *phase_path(const struct options *options, int phase) {
    const char *name = options->environment ? options->environment : "local";
    size_t size = strlen(options->split) + strlen(name) + 40;
    char *path = (char *)allocate(size);
    bool slash = strchr(SYSTEM_SLASHES, options->split[strlen(options->split) - 1]) != NULL;
    snprintf(path, size, "%s%sschema_%s_%s.sql", options->split, slash ? "" : "/", name,
             phase_names[phase]);
    return path;
}

static void tell_built(const struct options *options, const char *path,
                       const confiture_schema *schema) {
    if (options->json) {
        json_text("output", path);
        json_number("files", schema->file_count);
        json_number("bytes", schema->total_bytes);
        json_bool("unchanged", schema->unchanged);
    } else if (!options->quiet) {
        say("%s: %s%zu file%s, %llu bytes, hash %s", path, schema->unchanged ? "unchanged, " : "",
            schema->file_count, schema->file_count == 1 ? "" : "s",
            (unsigned long long)schema->total_bytes, schema->digest_hex);
    }
}

static int build_split(const struct options *options, const confiture_files *files,
                       const confiture_build_options *build, confiture_error *error) {
    confiture_schema schemas[3];
    char *paths[3];
    const char *targets[3];
    confiture_status status;
    int i;
    memset(schemas, 0, sizeof schemas);
    for (i = 0; i < 3; i++) targets[i] = paths[i] = phase_path(options, i);
    note_missing(options, &options->pre);
    note_missing(options, &options->post);
    system_hold_signals();
    status = confiture_build_split_files(schemas, targets, files, build, error);
    if (!status && options->json) {
        json_open(NULL, '{');
        json_open("schemas", '[');
        for (i = 0; i < 3; i++) {
            json_open(NULL, '{');
            json_text("phase", phase_names[i]);
            tell_built(options, paths[i], &schemas[i]);
            json_close('}');
        }
        json_close(']');
        json_text("digest", schemas[0].digest_hex);
        json_close('}');
        json_end();
    } else if (!status) {
        for (i = 0; i < 3; i++) tell_built(options, paths[i], &schemas[i]);
    }
    for (i = 0; i < 3; i++) {
        confiture_schema_free(&schemas[i]);
        free(paths[i]);
    }
    return status ? -1 : EXIT_DONE;
}

static int build_one(const struct options *options, const confiture_files *files,
                     const confiture_build_options *build, confiture_error *error) {
    confiture_schema schema;
    confiture_status status;
    memset(&schema, 0, sizeof schema);
    if (options->output && strcmp(options->output, "-") != 0) {
        /* What is written to as it stands, a FIFO or a device, leaves nothing to tidy up, and
         * may never be read. */
        if (!system_is_special(options->output)) system_hold_signals();
        status = confiture_build_file(&schema, options->output, files, build, error);
        if (!status && options->json) {
            json_open(NULL, '{');
            tell_built(options, options->output, &schema);
            json_text("digest", schema.digest_hex);
            json_close('}');
            json_end();
        } else if (!status) {
            tell_built(options, options->output, &schema);
        }
    } else {
        /* In memory first: a pipe never sees the beginning of a schema that fails. The
         * digest is shown nowhere but in a header. */
        confiture_build_options plain = *build;
        plain.no_digest = build->header == NULL;
        status = confiture_build(&schema, files, &plain, error);
        if (!status) put_bytes(schema.data, schema.size);
    }
    confiture_schema_free(&schema);
    return status ? -1 : EXIT_DONE;
}

static int run_build(const struct options *options, const confiture_files *files) {
    confiture_build_options build;
    confiture_header header;
    confiture_error error;
    struct findings findings = {NULL, 0};
    char stamp[32];
    int code;
    size_t i;
    memset(&build, 0, sizeof build);
    progress_run(&build.run, options);
    build.separator = (confiture_separator)options->separator;
    build.separator_template = options->template_text;
    if (options->header) {
        header.environment = options->environment;
        header.timestamp = options->timestamp;
        if (!header.timestamp) {
            if (!stamp_time(stamp)) return EXIT_ERROR;
            header.timestamp = stamp;
        } else if (strcmp(header.timestamp, "none") == 0) {
            header.timestamp = NULL;
        }
        build.header = &header;
    }
    build.schema_only = options->schema_only;
    build.check = (confiture_check_mode)options->check;
    build.on_finding = keep_finding;
    build.finding_user = &findings;
    build.pre_dirs = options->pre.items;
    build.pre_dir_count = options->pre.count;
    build.post_dirs = options->post.items;
    build.post_dir_count = options->post.count;
    build.keep_unchanged = options->if_changed;
    build.sync = options->sync;
    code = options->split ? build_split(options, files, &build, &error)
                          : build_one(options, files, &build, &error);
    for (i = 0; i < findings.count; i++) {
        say("%s", findings.messages[i]);
        free(findings.messages[i]);
    }
    free((void *)findings.messages);
    if (code >= 0) return code;
    /* The first finding is the error, and has been said. */
    if (findings.count && is_finding(error.status)) return EXIT_CHECK_FAILED;
    return failed(&error);
}

/* ---- hash ---- */

static int run_hash(const struct options *options, const confiture_files *files) {
    confiture_hash_options hash;
    confiture_digest digest;
    confiture_error error;
    size_t i;
    memset(&hash, 0, sizeof hash);
    progress_run(&hash.run, options);
    hash.kind = (confiture_digest_kind)options->digest;
    if (confiture_hash(&digest, files, &hash, &error)) return failed(&error);
    if (options->json) {
        json_open(NULL, '{');
        json_text("kind", options->digest == CONFITURE_DIGEST_TREE ? "tree" : "stream");
        json_text("digest", digest.hex);
        json_number("files", digest.file_count);
        json_number("bytes", digest.total_bytes);
        json_text("base", confiture_files_base(files));
        json_close('}');
        json_end();
        return EXIT_DONE;
    }
    put_text(digest.hex);
    put_text(" ");
    for (i = 0; i < options->directories.count; i++) {
        put_text(" ");
        put_escaped(options->directories.items[i]);
    }
    if (options->files0_from) {
        put_text(" ");
        put_escaped(options->files0_from);
    }
    put_text("\n");
    return EXIT_DONE;
}

/* ---- list ---- */

static void list_json(const struct options *options, const confiture_files *files,
                      const confiture_entry *entries) {
    size_t i, count = confiture_files_count(files);
    char hex[65];
    json_open(NULL, '{');
    json_text("base", confiture_files_base(files));
    json_open("files", '[');
    for (i = 0; i < count; i++) {
        json_open(NULL, '{');
        json_text("name", confiture_files_name(files, i));
        json_text("path", confiture_files_path(files, i));
        json_bool("seed", confiture_files_is_seed(files, i));
        if (options->sizes) json_number("size", entries[i].size);
        if (options->digests) {
            confiture_sha256_hex(entries[i].sha256, hex);
            json_text("sha256", hex);
        }
        json_close('}');
    }
    json_close(']');
    json_close('}');
    json_end();
}

static int decimal(char digits[24], uint64_t value) {
    return snprintf(digits, 24, "%llu", (unsigned long long)value);
}

static void list_lines(const struct options *options, const confiture_files *files,
                       const confiture_entry *entries) {
    size_t i, count = confiture_files_count(files);
    char hex[65], digits[24];
    int width = 0;
    for (i = 0; options->sizes && i < count; i++) {
        int length = decimal(digits, entries[i].size);
        if (length > width) width = length;
    }
    for (i = 0; i < count; i++) {
        if (options->digests) {
            confiture_sha256_hex(entries[i].sha256, hex);
            put_text(hex);
            put_text("  ");
        }
        if (options->sizes) {
            int length = decimal(digits, entries[i].size);
            while (length++ < width) put_text(" ");
            put_text(digits);
            put_text("  ");
        }
        put_text(confiture_files_name(files, i));
        put_bytes(options->null ? "" : "\n", 1);
    }
}

static int run_list(const struct options *options, const confiture_files *files) {
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
            return failed(&error);
        }
    }
    if (options->json) list_json(options, files, entries);
    else list_lines(options, files, entries);
    free(entries);
    return EXIT_DONE;
}

/* ---- check ---- */

struct check_output {
    bool json;
    size_t count;
};

static void tell_finding(void *user, const confiture_finding *finding) {
    struct check_output *output = (struct check_output *)user;
    output->count++;
    if (output->json) {
        json_open(NULL, '{');
        json_text("path", finding->path);
        json_text("name", finding->name);
        json_number("line", finding->line);
        json_text("what", finding->what);
        json_text("message", finding->message);
        json_close('}');
    } else {
        put_text(finding->message);
        put_text("\n");
    }
}

static int run_check(const struct options *options, const confiture_files *files) {
    confiture_check_options check;
    confiture_status status;
    confiture_error error;
    struct check_output output = {options->json, 0};
    size_t files_count = confiture_files_count(files);
    memset(&check, 0, sizeof check);
    progress_run(&check.run, options);
    check.mode = (confiture_check_mode)options->check;
    check.on_finding = tell_finding;
    check.finding_user = &output;
    if (options->json) {
        json_open(NULL, '{');
        json_open("findings", '[');
    }
    status = confiture_check(files, &check, &error);
    if (status && !(output.count && is_finding(status))) return failed(&error);
    if (options->json) {
        json_close(']');
        json_number("files", files_count);
        json_close('}');
        json_end();
    } else if (!options->quiet) {
        put_flush();
        say("%zu file%s checked, %zu finding%s", files_count, files_count == 1 ? "" : "s",
            output.count, output.count == 1 ? "" : "s");
    }
    return status ? EXIT_CHECK_FAILED : EXIT_DONE;
}

int main(int argc, char **argv) {
    const struct options *options;
    confiture_files *files = NULL;
    int code;
    system_start(&argc, &argv);
    options = options_parse(argc, argv);
    code = find_files(&files, options);
    if (!code) {
        switch (options->command) {
        case COMMAND_BUILD: code = run_build(options, files); break;
        case COMMAND_HASH: code = run_hash(options, files); break;
        case COMMAND_LIST: code = run_list(options, files); break;
        default: code = run_check(options, files); break;
        }
    }
    confiture_files_free(files);
    progress_erase();
    put_flush();
    return code;
}
