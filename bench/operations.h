/* operations.h: what is timed of confiture.h, written once for ours.c and bench.cpp.
 *
 * An operation is what a user of the library would call, searching included, since
 * that is what its peers do too. `prepare` puts things back as they were and is not
 * timed; neither is taking the digest of what came out. Valid as C and as C++. */

#define CONFITURE_IMPLEMENTATION
#define CONFITURE_STATIC
#include "confiture.h"

#include <stdio.h>
#include <unistd.h>

typedef struct bench_work {
    const char *dir; /* the tree */
    const char *out; /* the file that builds to a file write */
    confiture_run run;
    confiture_files *files; /* what `find` found */
    /* Apart, so that none takes away the memory that another one is to reuse. */
    confiture_schema reused, fresh, filed;
    const confiture_schema *schema; /* the one that was built last */
    confiture_digest digest;
    confiture_entry *entries;
    size_t entry_room;
    /* The result. */
    size_t file_count;
    uint64_t bytes; /* read by a hash, written by a build */
    confiture_error error;
} bench_work;

/* What an operation leaves behind. */
typedef enum bench_kind {
    BENCH_NAMES,
    BENCH_DIGEST,
    BENCH_ENTRIES,
    BENCH_SCHEMA,
    BENCH_FILE,
    BENCH_COUNT
} bench_kind;

typedef struct bench_operation {
    const char *name;
    void (*prepare)(bench_work *work);
    confiture_status (*run)(bench_work *work);
    bench_kind result;
} bench_operation;

static confiture_header bench_header(void) {
    confiture_header header;
    header.environment = "local";
    header.timestamp = "2026-01-01T00:00:00";
    return header;
}

/* What the Rust module puts before each file: a bar of 44, not of 42. */
#define BENCH_CORE_BAR "-- ============================================\n"
#define BENCH_CORE_SEPARATOR BENCH_CORE_BAR "-- File: {file_path}\n" BENCH_CORE_BAR

/* ---- preparing ---- */

static void bench_prepare_nothing(bench_work *work) {
    confiture_files_free(work->files);
    work->files = NULL;
}

static void bench_prepare_fresh(bench_work *work) { confiture_schema_free(&work->fresh); }

static void bench_prepare_new(bench_work *work) { (void)unlink(work->out); }

/* ---- the operations ---- */

static confiture_status bench_search(bench_work *work, confiture_files **files) {
    confiture_find_options options;
    confiture_status status;
    memset(&options, 0, sizeof(options));
    options.run = work->run;
    status = confiture_find(files, work->dir, &options, &work->error);
    if (status == CONFITURE_OK) work->file_count = confiture_files_count(*files);
    return status;
}

static confiture_status bench_find(bench_work *work) {
    work->bytes = 0;
    return bench_search(work, &work->files);
}

static confiture_status bench_hash(bench_work *work, confiture_digest_kind kind) {
    confiture_hash_options options;
    confiture_files *files;
    confiture_status status = bench_search(work, &files);
    if (status != CONFITURE_OK) return status;
    memset(&options, 0, sizeof(options));
    options.run = work->run;
    options.kind = kind;
    status = confiture_hash(&work->digest, files, &options, &work->error);
    confiture_files_free(files);
    work->bytes = work->digest.total_bytes;
    return status;
}

static confiture_status bench_hash_stream(bench_work *work) {
    return bench_hash(work, CONFITURE_DIGEST_STREAM);
}

static confiture_status bench_hash_tree(bench_work *work) {
    return bench_hash(work, CONFITURE_DIGEST_TREE);
}

static confiture_status bench_manifest(bench_work *work) {
    confiture_manifest_options options;
    confiture_files *files;
    size_t i;
    confiture_status status = bench_search(work, &files);
    if (status != CONFITURE_OK) return status;
    memset(&options, 0, sizeof(options));
    options.run = work->run;
    if (work->entry_room < work->file_count) {
        free(work->entries);
        work->entries = (confiture_entry *)malloc(work->file_count * sizeof(confiture_entry));
        work->entry_room = work->entries != NULL ? work->file_count : 0;
        if (work->entries == NULL) abort();
    }
    status = confiture_manifest(work->entries, files, &options, &work->error);
    confiture_files_free(files);
    work->bytes = 0;
    for (i = 0; i < work->file_count; i++) work->bytes += work->entries[i].size;
    return status;
}

static confiture_status bench_check_as(bench_work *work, confiture_check_mode mode) {
    confiture_check_options options;
    confiture_files *files;
    confiture_status status = bench_search(work, &files);
    if (status != CONFITURE_OK) return status;
    memset(&options, 0, sizeof(options));
    options.run = work->run;
    options.mode = mode;
    status = confiture_check(files, &options, &work->error);
    confiture_files_free(files);
    work->bytes = 0;
    return status;
}

static confiture_status bench_check(bench_work *work) {
    return bench_check_as(work, CONFITURE_CHECK_POSTGRES);
}

static confiture_status bench_check_reference(bench_work *work) {
    return bench_check_as(work, CONFITURE_CHECK_REFERENCE);
}

/* A schema of work->filed goes to the file. */
static confiture_status bench_build_as(bench_work *work, confiture_build_options *options,
                                       confiture_schema *schema) {
    confiture_files *files;
    confiture_status status = bench_search(work, &files);
    if (status != CONFITURE_OK) return status;
    options->run = work->run;
    if (schema == &work->filed)
        status = confiture_build_file(schema, work->out, files, options, &work->error);
    else status = confiture_build(schema, files, options, &work->error);
    confiture_files_free(files);
    work->schema = schema;
    work->file_count = schema->file_count;
    work->bytes = schema->total_bytes;
    return status;
}

/* The text alone, strict UTF-8 as ever, without hash and lexical check. */
static confiture_status bench_text_as(bench_work *work, confiture_schema *schema) {
    confiture_build_options options;
    memset(&options, 0, sizeof(options));
    options.no_digest = true;
    options.check = CONFITURE_CHECK_NONE;
    return bench_build_as(work, &options, schema);
}

static confiture_status bench_build(bench_work *work) { return bench_text_as(work, &work->reused); }

static confiture_status bench_build_fresh(bench_work *work) {
    return bench_text_as(work, &work->fresh);
}

static confiture_status bench_build_file(bench_work *work) {
    return bench_text_as(work, &work->filed);
}

static confiture_status bench_build_digest(bench_work *work) {
    confiture_build_options options;
    memset(&options, 0, sizeof(options));
    options.check = CONFITURE_CHECK_NONE;
    return bench_build_as(work, &options, &work->reused);
}

static confiture_status bench_build_core(bench_work *work) {
    confiture_build_options options;
    memset(&options, 0, sizeof(options));
    options.separator = CONFITURE_SEPARATOR_CUSTOM;
    options.separator_template = BENCH_CORE_SEPARATOR;
    options.no_digest = true;
    options.check = CONFITURE_CHECK_NONE;
    return bench_build_as(work, &options, &work->reused);
}

/* All that the original's build() does, in one pass: check, hash, header, text. */
static confiture_status bench_whole_as(bench_work *work, confiture_check_mode mode,
                                       confiture_schema *schema) {
    confiture_build_options options;
    confiture_header header = bench_header();
    memset(&options, 0, sizeof(options));
    options.header = &header;
    options.check = mode;
    return bench_build_as(work, &options, schema);
}

static confiture_status bench_whole(bench_work *work) {
    return bench_whole_as(work, CONFITURE_CHECK_REFERENCE, &work->reused);
}

static confiture_status bench_whole_postgres(bench_work *work) {
    return bench_whole_as(work, CONFITURE_CHECK_POSTGRES, &work->reused);
}

static confiture_status bench_whole_file(bench_work *work) {
    return bench_whole_as(work, CONFITURE_CHECK_POSTGRES, &work->filed);
}

static void bench_forget(bench_work *work) {
    confiture_files_free(work->files);
    work->files = NULL;
    confiture_schema_free(&work->reused);
    confiture_schema_free(&work->fresh);
    confiture_schema_free(&work->filed);
    free(work->entries);
    work->entries = NULL;
    work->entry_room = 0;
}

static const bench_operation bench_operations[] = {
    {"find", bench_prepare_nothing, bench_find, BENCH_NAMES},
    {"hash_stream", bench_prepare_nothing, bench_hash_stream, BENCH_DIGEST},
    {"hash_tree", bench_prepare_nothing, bench_hash_tree, BENCH_DIGEST},
    {"manifest", bench_prepare_nothing, bench_manifest, BENCH_ENTRIES},
    {"check", bench_prepare_nothing, bench_check, BENCH_COUNT},
    {"check_reference", bench_prepare_nothing, bench_check_reference, BENCH_COUNT},
    {"build", bench_prepare_nothing, bench_build, BENCH_SCHEMA},
    {"build_fresh", bench_prepare_fresh, bench_build_fresh, BENCH_SCHEMA},
    {"build_digest", bench_prepare_nothing, bench_build_digest, BENCH_SCHEMA},
    {"build_core", bench_prepare_nothing, bench_build_core, BENCH_SCHEMA},
    {"file_new", bench_prepare_new, bench_build_file, BENCH_FILE},
    {"file_over", bench_prepare_nothing, bench_build_file, BENCH_FILE},
    {"whole", bench_prepare_nothing, bench_whole, BENCH_SCHEMA},
    {"whole_postgres", bench_prepare_nothing, bench_whole_postgres, BENCH_SCHEMA},
    {"whole_file", bench_prepare_new, bench_whole_file, BENCH_FILE},
};

#define BENCH_OPERATION_COUNT (sizeof(bench_operations) / sizeof(bench_operations[0]))
