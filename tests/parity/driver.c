/* driver.c: serves the library to tests/parity/parity.py, thousands of cases in one process.
 *
 * A message is a count of fields and then each field's size and bytes, all numbers
 * 32-bit little-endian; before an answer stands its size. The first field of a
 * request names the operation; the rest are pairs of a key and a value. An answer
 * begins with the six fields of the error: status, os_error, line, offset, path,
 * message; what follows depends on the operation. The list of the last "find" or
 * "list" stays for the operations on it.
 *
 * It also watches what every user is promised: the sizes given to free and realloc,
 * no block left behind, an error untouched on success and filled on failure.
 *
 *   cc -std=c99 -I. -DCFT_HEADER='"confiture.h"' tests/parity/driver.c -pthread */

#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if defined(_WIN32)
#include <fcntl.h>
#include <io.h>
#endif

#define CONFITURE_IMPLEMENTATION
#define CFTI_PROCESSORS 64 /* what threads can do wrong shows with many */
#include CFT_HEADER

static void die(const char *what) {
    fprintf(stderr, "driver: %s\n", what);
    exit(3);
}

#include "driver_hooks.h"
#include "driver_unit.h"

/* ---- messages ----------------------------------------------------------- */

typedef struct field {
    char *data; /* with a NUL behind */
    size_t size;
} field;

static field *fields;
static size_t field_count;

/* Lists made of the request's strings; they live as long as it does. */
static const char **lists[8];
static size_t list_count;

static bool read_exactly(void *data, size_t size) { return fread(data, 1, size, stdin) == size; }

static uint32_t read_number(void) {
    unsigned char b[4];
    if (!read_exactly(b, 4)) die("the request ends early");
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static bool read_request(void) {
    size_t i;
    int first = getchar();
    for (i = 0; i < field_count; i++) free(fields[i].data);
    free(fields);
    while (list_count > 0) free(lists[--list_count]);
    fields = NULL;
    field_count = 0;
    if (first == EOF) return false;
    ungetc(first, stdin);
    field_count = read_number();
    fields = (field *)calloc(field_count + 1, sizeof(field));
    if (fields == NULL) die("no memory");
    for (i = 0; i < field_count; i++) {
        fields[i].size = read_number();
        fields[i].data = (char *)malloc(fields[i].size + 1);
        if (fields[i].data == NULL) die("no memory");
        if (!read_exactly(fields[i].data, fields[i].size)) die("the request ends early");
        fields[i].data[fields[i].size] = '\0';
    }
    return field_count > 0;
}

/* The value of the n-th pair with this key, or NULL. */
static const field *get_nth(const char *key, size_t n) {
    size_t i;
    for (i = 1; i + 1 < field_count; i += 2) {
        if (strcmp(fields[i].data, key) == 0 && n-- == 0) return &fields[i + 1];
    }
    return NULL;
}

static const char *get(const char *key, const char *otherwise) {
    const field *found = get_nth(key, 0);
    return found != NULL ? found->data : otherwise;
}

static bool has(const char *key) { return get_nth(key, 0) != NULL; }

static bool is(const char *key, const char *value) { return strcmp(get(key, ""), value) == 0; }

/* All values of a key; the list belongs to the request. */
static const char **get_all(const char *key, size_t *count) {
    const char **all = (const char **)calloc(field_count + 1, sizeof(*all));
    const field *value;
    if (all == NULL) die("no memory");
    *count = 0;
    while ((value = get_nth(key, *count)) != NULL) all[(*count)++] = value->data;
    if (list_count == sizeof(lists) / sizeof(lists[0])) die("too many lists");
    lists[list_count++] = all;
    return all;
}

/* Bytes that grow. */
typedef struct bytes {
    char *data;
    size_t size, room;
} bytes;

static void bytes_add(bytes *to, const void *data, size_t size) {
    if (to->room - to->size < size) {
        to->room = (to->size + size) * 2;
        to->data = (char *)realloc(to->data, to->room);
        if (to->data == NULL) die("no memory");
    }
    if (size > 0) memcpy(to->data + to->size, data, size);
    to->size += size;
}

static bytes answer;
static uint32_t answer_fields;

static void put_raw(const void *data, size_t size) { bytes_add(&answer, data, size); }

static void put_uint32(uint32_t value) {
    unsigned char b[4];
    b[0] = (unsigned char)value;
    b[1] = (unsigned char)(value >> 8);
    b[2] = (unsigned char)(value >> 16);
    b[3] = (unsigned char)(value >> 24);
    put_raw(b, 4);
}

static void put(const void *data, size_t size) {
    put_uint32((uint32_t)size);
    put_raw(data, size);
    answer_fields++;
}

static void put_string(const char *string) { put(string, strlen(string)); }

static void put_number(uint64_t value) {
    char text[32];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    put_string(text);
}

static void put_signed(long long value) {
    char text[32];
    snprintf(text, sizeof(text), "%lld", value);
    put_string(text);
}

static void begin_answer(void) {
    answer.size = 0;
    answer_fields = 0;
    put_uint32(0);
    put_uint32(0);
}

static void send_answer(void) {
    const uint32_t size = (uint32_t)(answer.size - 4);
    unsigned i;
    for (i = 0; i < 4; i++) {
        answer.data[i] = (char)(size >> (8 * i));
        answer.data[4 + i] = (char)(answer_fields >> (8 * i));
    }
    if (fwrite(answer.data, 1, answer.size, stdout) != answer.size || fflush(stdout) != 0)
        die("cannot write the answer");
}

/* ---- run options -------------------------------------------------------- */

static confiture_pool *pool;

static void get_run(confiture_run *run) {
    memset(run, 0, sizeof(*run));
    run->allocator = &driver_memory.allocator;
    run->threads = (size_t)strtoul(get("threads", "0"), NULL, 10);
    if (is("io", "read")) run->io = CONFITURE_IO_READ;
    if (is("io", "mmap")) run->io = CONFITURE_IO_MMAP;
    if (is("io", "ring")) run->io = CONFITURE_IO_RING;
    if (has("parallel_for")) run->parallel_for = own_parallel_for;
    if (has("pool")) {
        if (pool == NULL && confiture_pool_create(&pool, 3, NULL, NULL) != CONFITURE_OK)
            die("no pool");
        run->pool = pool;
    }
}

/* ---- errors ------------------------------------------------------------- */

static confiture_error error;

static void expect_error(void) { memset(&error, 0x5A, sizeof(error)); }

/* The six fields that every answer begins with. */
static void put_status(confiture_status status) {
    if (status == CONFITURE_OK) {
        const unsigned char *byte = (const unsigned char *)&error;
        size_t i;
        for (i = 0; i < sizeof(error); i++) {
            if (byte[i] != 0x5A) die("the error was touched on success");
        }
        memset(&error, 0, sizeof(error));
    } else if (error.status != status) {
        die("the error holds another status than was returned");
    }
    put_number((uint64_t)status);
    put_signed(error.os_error);
    put_number(error.line);
    put_number(error.offset);
    put_string(error.path);
    put_string(error.message);
}

/* ---- finding ------------------------------------------------------------ */

static confiture_files *files;

static void drop_files(void) {
    confiture_files_free(files);
    files = NULL;
    if (driver_memory.blocks != 0) die("blocks were left behind");
}

static void put_files(confiture_status status) {
    size_t i, n;
    put_status(status);
    if (status != CONFITURE_OK) {
        if (files != NULL) die("a list in spite of the error");
        return;
    }
    put_string(confiture_files_base(files));
    n = confiture_files_count(files);
    for (i = 0; i < n; i++) {
        put_string(confiture_files_path(files, i));
        put_string(confiture_files_name(files, i));
        put_string(confiture_files_is_seed(files, i) ? "1" : "0");
    }
    if (confiture_files_path(files, n) != NULL) die("a path beyond the end");
}

static void get_find_options(confiture_find_options *options) {
    memset(options, 0, sizeof(*options));
    get_run(&options->run);
    options->base = get("base", NULL);
    options->exclude_dirs = get_all("exclude_dir", &options->exclude_dir_count);
    if (is("sort", "hex")) options->sort = CONFITURE_SORT_HEX;
    options->unique = has("unique");
    options->common_base = has("common_base");
}

/* Reasons are held back until the list is written: texts that end in NUL, and a newline. */
static bytes reasons;

static void keep_reason(const char *text) { bytes_add(&reasons, text, strlen(text) + 1); }

static void keep_index(size_t index) {
    char text[32];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)index);
    keep_reason(index == CONFITURE_NO_INDEX ? "" : text);
}

static void on_reason(void *user, const confiture_explanation *said) {
    static const char *const outcomes[] = {"listed", "repeated", "excluded", "excluded_dir",
                                           "case"};
    (void)user;
    keep_reason(outcomes[said->outcome]);
    keep_reason(said->path);
    keep_reason(said->name != NULL ? said->name : "(none)");
    keep_index(said->directory);
    keep_reason(said->pattern != NULL ? said->pattern : "(none)");
    if (said->outcome == CONFITURE_OUTCOME_LISTED) {
        keep_index(said->path_index);
        keep_index(said->hex_index);
        keep_index(said->index);
        keep_reason(said->hex_value != NULL ? said->hex_value : "(none)");
        keep_reason(said->hex_rest);
        keep_reason(said->lower_case_prefix ? "lower" : "");
        keep_reason(said->sort == CONFITURE_SORT_HEX ? "hex" : "path");
    } else {
        keep_reason(said->is_directory ? "whole" : "");
        keep_reason(said->excluded_by != NULL ? said->excluded_by : "(none)");
        keep_index(said->excluded_by_index);
    }
    keep_reason("\n");
}

static void op_find(void) {
    confiture_find_options options;
    confiture_directory *dirs =
        (confiture_directory *)calloc(field_count + 1, sizeof(confiture_directory));
    const char **patterns = (const char **)calloc(field_count + 1, sizeof(*patterns));
    size_t i, count = 0, used = 0;
    if (dirs == NULL || patterns == NULL) die("no memory");
    get_find_options(&options);
    reasons.size = 0;
    if (has("explain")) options.explain = on_reason;
    drop_files();
    for (i = 1; i + 1 < field_count; i += 2) {
        const char *key = fields[i].data;
        confiture_directory *dir = count > 0 ? &dirs[count - 1] : NULL;
        if (strcmp(key, "dir") == 0) {
            dirs[count++].path = fields[i + 1].data;
        } else if (strcmp(key, "include") == 0 && dir != NULL) {
            if (dir->include_count++ == 0) dir->include = patterns + used;
            patterns[used++] = fields[i + 1].data;
        } else if (strcmp(key, "exclude") == 0 && dir != NULL) {
            if (dir->exclude_count++ == 0) dir->exclude = patterns + used;
            patterns[used++] = fields[i + 1].data;
        } else if (strcmp(key, "not_recursive") == 0 && dir != NULL) {
            dir->not_recursive = true;
        } else if (strcmp(key, "must_exist") == 0 && dir != NULL) {
            dir->must_exist = true;
        }
    }
    expect_error();
    put_files(has("simple") ? confiture_find(&files, dirs[0].path, &options, &error)
                            : confiture_find_all(&files, dirs, count, &options, &error));
    if (has("explain")) put(reasons.data, reasons.size);
    free(dirs);
    free(patterns);
}

static void op_list(void) {
    confiture_find_options options;
    const field *list0 = get_nth("list0", 0);
    get_find_options(&options);
    drop_files();
    expect_error();
    if (list0 != NULL) {
        put_files(confiture_files_from_list0(&files, list0->data, list0->size, &options, &error));
    } else {
        size_t count;
        const char **paths = get_all("path", &count);
        put_files(confiture_files_from_paths(&files, paths, count, &options, &error));
    }
}

/* ---- operations on the list --------------------------------------------- */

/* Findings are held back until the fields before them are written. */
static bytes findings;

static void begin_findings(void) { findings.size = 0; }

static void keep_string(const char *string) { bytes_add(&findings, string, strlen(string) + 1); }

static void keep_number(uint64_t number) {
    char text[32];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    keep_string(text);
}

static void on_finding(void *user, const confiture_finding *finding) {
    (void)user;
    if (finding->severity == CONFITURE_SEVERITY_NOTE) return; /* the reference has none */
    keep_number((uint64_t)finding->status);
    keep_string(finding->path);
    keep_string(finding->name);
    keep_number(finding->line);
    keep_number(finding->offset);
    keep_string(finding->what);
    keep_string(finding->message);
}

/* As one field: strings that each end in NUL, seven a finding. */
static void put_findings(void) { put(findings.data, findings.size); }

static confiture_check_mode get_check(void) {
    return is("check", "none")        ? CONFITURE_CHECK_NONE
           : is("check", "reference") ? CONFITURE_CHECK_REFERENCE
           : is("check", "quotes")    ? CONFITURE_CHECK_QUOTES
                                      : CONFITURE_CHECK_POSTGRES;
}

static void op_check(void) {
    confiture_check_options options;
    memset(&options, 0, sizeof(options));
    get_run(&options.run);
    options.mode = get_check();
    begin_findings();
    if (has("all")) options.on_finding = on_finding;
    expect_error();
    put_status(confiture_check(files, &options, &error));
    put_findings();
}

static void op_hash(void) {
    confiture_hash_options options;
    confiture_digest digest;
    confiture_status status;
    char hex[65];
    memset(&options, 0, sizeof(options));
    get_run(&options.run);
    if (is("kind", "tree")) options.kind = CONFITURE_DIGEST_TREE;
    if (is("kind", "text")) options.kind = CONFITURE_DIGEST_TEXT;
    expect_error();
    status = confiture_hash(&digest, files, &options, &error);
    put_status(status);
    if (status != CONFITURE_OK) return;
    confiture_sha256_hex(digest.bytes, hex);
    if (strcmp(hex, digest.hex) != 0) die("digest.hex is not digest.bytes");
    put_string(digest.hex);
    put_number(digest.file_count);
    put_number(digest.total_bytes);
}

static void op_manifest(void) {
    confiture_manifest_options options;
    size_t i, n = confiture_files_count(files);
    confiture_entry *entries = (confiture_entry *)calloc(n + 1, sizeof(*entries));
    confiture_status status;
    char hex[65];
    if (entries == NULL) die("no memory");
    memset(&options, 0, sizeof(options));
    get_run(&options.run);
    expect_error();
    status = confiture_manifest(entries, files, &options, &error);
    put_status(status);
    for (i = 0; i < n && status == CONFITURE_OK; i++) {
        confiture_sha256_hex(entries[i].sha256, hex);
        put_number(entries[i].size);
        put_string(hex);
    }
    free(entries);
}

static int sink_write(void *user, const void *data, size_t size) {
    bytes_add((bytes *)user, data, size);
    return 0;
}

static void get_build_options(confiture_build_options *options, confiture_header *header) {
    memset(options, 0, sizeof(*options));
    get_run(&options->run);
    options->separator = is("separator", "line_comment") ? CONFITURE_SEPARATOR_LINE_COMMENT
                         : is("separator", "mysql")      ? CONFITURE_SEPARATOR_MYSQL
                         : is("separator", "custom")     ? CONFITURE_SEPARATOR_CUSTOM
                         : is("separator", "none")       ? CONFITURE_SEPARATOR_NONE
                                                         : CONFITURE_SEPARATOR_BLOCK_COMMENT;
    options->separator_template = get("template", NULL);
    header->environment = get("environment", NULL);
    header->timestamp = get("timestamp", NULL);
    if (has("header")) options->header = header;
    options->schema_only = has("schema_only");
    options->no_digest = has("no_digest");
    options->keep_line_ends = has("keep_line_ends");
    options->check = get_check();
    if (has("all")) options->on_finding = on_finding;
    options->pre_dirs = get_all("pre", &options->pre_dir_count);
    options->post_dirs = get_all("post", &options->post_dir_count);
    options->keep_unchanged = has("keep_unchanged");
    options->sync = has("sync");
}

static void put_schema(const confiture_schema *schema, const char *data, size_t size) {
    put(data, size);
    put_number(schema->total_bytes);
    put_number(schema->file_count);
    put_string(schema->digest_hex);
    put_string(schema->unchanged ? "1" : "0");
}

/* What has just been built is what a verification expects, and nothing else is. */
static void verify_built(const char *output, confiture_build_options *options) {
    static confiture_verification found;
    if (confiture_verify_file(&found, output, files, options, NULL) != CONFITURE_OK)
        die("what was built cannot be verified");
    if (!found.matches) die(found.message);
    options->schema_only = !options->schema_only; /* the same, or other files and another count */
    if (confiture_verify_file(&found, output, files, options, NULL) == CONFITURE_OK &&
        found.matches == (found.message[0] != '\0'))
        die("a verification says both");
    options->schema_only = !options->schema_only;
}

static void op_build(void) {
    confiture_build_options options;
    confiture_header header;
    confiture_schema schema;
    confiture_status status;
    const char *output = get("output", NULL);
    get_build_options(&options, &header);
    memset(&schema, 0, sizeof(schema));
    begin_findings();
    expect_error();
    if (has("sink")) {
        bytes sunk = {NULL, 0, 0};
        confiture_sink sink;
        sink.write = sink_write;
        sink.user = &sunk;
        status = confiture_build_sink(&schema, &sink, files, &options, &error);
        put_status(status);
        put_findings();
        if (status == CONFITURE_OK) put_schema(&schema, sunk.data, sunk.size);
        free(sunk.data);
    } else {
        status = output != NULL ? confiture_build_file(&schema, output, files, &options, &error)
                                : confiture_build(&schema, files, &options, &error);
        put_status(status);
        put_findings();
        if (status == CONFITURE_OK) put_schema(&schema, schema.data, schema.size);
        if (status == CONFITURE_OK && output != NULL) verify_built(output, &options);
    }
    confiture_schema_free(&schema);
}

static void op_split(void) {
    confiture_build_options options;
    confiture_header header;
    confiture_schema schemas[3];
    confiture_status status;
    size_t i, output_count;
    const char **outputs = get_all("output", &output_count);
    get_build_options(&options, &header);
    memset(schemas, 0, sizeof(schemas));
    begin_findings();
    expect_error();
    if (output_count == 3) {
        const char *paths[3];
        for (i = 0; i < 3; i++) paths[i] = outputs[i];
        status = confiture_build_split_files(schemas, paths, files, &options, &error);
        if (status == CONFITURE_OK) {
            static confiture_verification found[3];
            if (confiture_verify_split_files(found, paths, files, &options, NULL) != CONFITURE_OK ||
                !found[0].matches || !found[1].matches || !found[2].matches)
                die("a split that was built does not match");
        }
    } else {
        status = confiture_build_split(schemas, files, &options, &error);
    }
    put_status(status);
    put_findings();
    for (i = 0; i < 3; i++) {
        if (status == CONFITURE_OK) put_schema(&schemas[i], schemas[i].data, schemas[i].size);
        confiture_schema_free(&schemas[i]);
    }
}

static void op_chdir(void) {
    expect_error();
    if (chdir(get("path", ".")) != 0) die("cannot change the directory");
    put_status(CONFITURE_OK);
}

static void op_version(void) {
    expect_error();
    put_status(CONFITURE_OK);
    put_string(confiture_version());
    put_string(confiture_sha256_kernel());
}

/* One function of the inside: "name", then its arguments, all called "arg". */
static void op_unit(void) {
    const field *arg[4];
    size_t i, size = 0;
    char *data;
    for (i = 0; i < 4; i++) {
        static const field empty = {NULL, 0};
        arg[i] = get_nth("arg", i);
        if (arg[i] == NULL) arg[i] = &empty;
    }
    expect_error();
    put_status(CONFITURE_OK);
    data = driver_unit(get("name", ""), arg[0]->data, arg[0]->size, arg[1]->data, arg[1]->size,
                       (size_t)strtoul(get("chunk", "0"), NULL, 10), &size);
    if (data == NULL) die("no such unit");
    put(data, size);
    free(data);
}

int main(void) {
    static const struct {
        const char *name;
        void (*run)(void);
    } ops[] = {{"find", op_find},   {"list", op_list},         {"hash", op_hash},
               {"build", op_build}, {"manifest", op_manifest}, {"check", op_check},
               {"split", op_split}, {"chdir", op_chdir},       {"version", op_version},
               {"unit", op_unit}};
    const size_t op_count = sizeof(ops) / sizeof(ops[0]);
#if defined(_WIN32)
    (void)_setmode(0, _O_BINARY);
    (void)_setmode(1, _O_BINARY);
#endif
    memory_init(&driver_memory);
    while (read_request()) {
        size_t i = 0, alive;
        while (i < op_count && strcmp(ops[i].name, fields[0].data) != 0) i++;
        if (i == op_count) die("no such operation");
        alive = driver_memory.blocks;
        begin_answer();
        ops[i].run();
        if (i > 1 && driver_memory.blocks != alive) die("blocks were left behind");
        if (driver_memory.wrong) die("free or realloc received a wrong size");
        send_answer();
    }
    drop_files();
    confiture_pool_free(pool);
    free(answer.data);
    free(findings.data);
    return 0;
}
