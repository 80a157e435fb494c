/* build.c: builds, checks, digests and manifests of a tree in memory.
 * Input: four bytes of options; then strings that end in NUL: separator template, environment,
 * directories of the first and of the last phase, a list of paths (these three one a line); all
 * others are the lines of the tree (see fs_grow). */
#include "memory_fs.h"

#include "../chest/memory.h"
#include "slow_find.h"

#include "slow_build.h"

static memory fuzz_memory;

#define BUILD_LINES 6

static size_t build_findings;
static int build_countdown; /* to where the sink or the caller's patience ends; 0: never */
static bool build_refused;
static slow_bytes build_sunk;

static void build_on_finding(void *user, const confiture_finding *finding) {
    (void)user;
    if (finding->severity == CONFITURE_SEVERITY_NOTE) return;
    FUZZ_CHECK(finding->line > 0 && strstr(finding->message, finding->what) != NULL);
    build_findings++;
}

static bool build_refuse(void) {
    if (build_countdown == 0 || --build_countdown > 0) return false;
    build_refused = true;
    return true;
}

static int build_sink(void *user, const void *bytes, size_t size) {
    (void)user;
    if (build_refuse()) return 4711;
    slow_put(&build_sunk, bytes, size);
    return 0;
}

static int build_progress(void *user, const confiture_progress *progress) {
    (void)user;
    FUZZ_CHECK(progress->files <= progress->total_files);
    return build_refuse();
}

static int build_backwards(void *user, size_t n, void (*task)(void *, size_t), void *ctx) {
    (void)user;
    while (n-- > 0) task(ctx, n);
    return 0;
}

typedef struct build_plan {
    unsigned what; /* 0 memory, 1 sink, 2 file, 3 split, 4 split files, 5 check, 6 hash, 7 both */
    confiture_build_options options;
    const confiture_files *files;
    slow_result *wanted;
    confiture_schema schemas[3];
    const char *paths[3];
} build_plan;

/* ---- outputs in the tree ---- */

static slow_bytes build_before[3];
static bool build_was[3];

static void build_remember(const build_plan *plan) {
    size_t i;
    for (i = 0; i < 3; i++) {
        int node = fs_look(plan->paths[i], false);
        build_was[i] = node >= 0;
        build_before[i].size = 0;
        if (node >= 0) slow_put(&build_before[i], fs.nodes[node].data, fs.nodes[node].size);
    }
}

static void build_holds(const char *path, bool is_there, const slow_bytes *bytes) {
    int node = fs_look(path, false);
    FUZZ_CHECK((node >= 0) == is_there);
    if (!is_there) return;
    FUZZ_CHECK(fs.nodes[node].size == bytes->size);
    FUZZ_CHECK(memcmp(fs.nodes[node].data, bytes->at, bytes->size) == 0);
}

/* Files named as the library names its temporary ones: the tree may hold some, too. */
static int build_temporaries(void) {
    int i, count = 0;
    for (i = 1; i < fs.count; i++)
        count += fs.nodes[i].kind != FS_NONE && strncmp(fs.nodes[i].name, ".confiture-", 11) == 0;
    return count;
}

/* ---- one call, and what it must come to ---- */

static confiture_status build_call(build_plan *plan, confiture_error *error) {
    confiture_sink sink = {build_sink, NULL};
    confiture_check_options check;
    build_sunk.size = 0;
    build_findings = 0;
    build_refused = false;
    switch (plan->what) {
    case 0: return confiture_build(plan->schemas, plan->files, &plan->options, error);
    case 1: return confiture_build_sink(plan->schemas, &sink, plan->files, &plan->options, error);
    case 2:
        return confiture_build_file(plan->schemas, plan->paths[0], plan->files, &plan->options,
                                    error);
    case 3: return confiture_build_split(plan->schemas, plan->files, &plan->options, error);
    case 4:
        return confiture_build_split_files(plan->schemas, plan->paths, plan->files, &plan->options,
                                           error);
    default:
        memset(&check, 0, sizeof check);
        check.run = plan->options.run;
        check.mode = plan->options.check;
        check.strip_bom = plan->options.strip_bom;
        check.terminate = plan->options.terminate;
        check.on_finding = plan->options.on_finding;
        return confiture_check(plan->files, &check, error);
    }
}

static void build_outputs_are(const build_plan *plan) {
    const slow_result *wanted = plan->wanted;
    size_t i, outputs = plan->what >= 3 ? 3 : 1;
    char hex[65];
    slow_hex_of(hex, wanted->stream);
    for (i = 0; i < outputs; i++) {
        const confiture_schema *schema = &plan->schemas[i];
        const slow_bytes *out = &wanted->out[i];
        FUZZ_CHECK(schema->total_bytes == out->size);
        FUZZ_CHECK(schema->file_count == wanted->counts[i]);
        FUZZ_CHECK(strcmp(schema->digest_hex, plan->options.no_digest ? "" : hex) == 0);
        if (plan->what == 0 || plan->what == 3) {
            FUZZ_CHECK(schema->size == out->size);
            FUZZ_CHECK(memcmp(schema->data, out->at, out->size) == 0);
            FUZZ_CHECK(schema->data[schema->size] == '\0');
        } else if (plan->what == 1) {
            FUZZ_CHECK(build_sunk.size == out->size);
            FUZZ_CHECK(memcmp(build_sunk.at, out->at, out->size) == 0);
        } else {
            build_holds(plan->paths[i], true, out);
            FUZZ_CHECK(!schema->unchanged || (build_was[i] && build_before[i].size == out->size &&
                                              memcmp(build_before[i].at, out->at, out->size) == 0));
        }
    }
}

static void build_compare(const build_plan *plan, confiture_status status,
                          const confiture_error *error) {
    const slow_outcome *is = &plan->wanted->is;
    if (status != is->status)
        fprintf(stderr, "status %d %s, and not %d %s\n", (int)status,
                status != CONFITURE_OK ? error->message : "", (int)is->status,
                is->path != NULL ? is->path : "");
    FUZZ_CHECK(status == is->status);
    FUZZ_CHECK(plan->options.on_finding == NULL || build_findings == is->findings);
    if (status != CONFITURE_OK) {
        if (is->path != NULL) FUZZ_CHECK(strcmp(error->path, is->path) == 0);
        FUZZ_CHECK(error->line == is->line && error->offset == is->offset);
    } else if (plan->what < 5) {
        build_outputs_are(plan);
    }
}

/* Before a build to a file: whether the file is what the model builds, and where not. */
static void build_verify(build_plan *plan) {
    static confiture_verification found;
    static confiture_error error;
    const slow_bytes *out = &plan->wanted->out[0], *is = &build_before[0];
    uint64_t line = 1;
    size_t i = 0;
    confiture_status status =
        confiture_verify_file(&found, plan->paths[0], plan->files, &plan->options, &error);
    FUZZ_CHECK(fs.open_count == 0);
    FUZZ_CHECK(status == plan->wanted->is.status || plan->wanted->is.status == CONFITURE_OK);
    if (status != CONFITURE_OK || plan->options.header != NULL) return;
    for (; i < is->size && i < out->size && is->at[i] == out->at[i]; i++) line += is->at[i] == '\n';
    FUZZ_CHECK(found.matches == (build_was[0] && is->size == out->size && i == out->size));
    if (!found.matches) FUZZ_CHECK(found.line == (build_was[0] ? line : 0));
}

static void build_twice(build_plan *plan, int trouble) {
    static confiture_error error;
    int temporaries = build_temporaries();
    size_t i, round;
    for (round = 0; round < 2; round++) {
        confiture_status status;
        build_countdown = 0;
        memory_arm(&fuzz_memory, 0, false);
        if (round == 1 && trouble < 150) memory_arm(&fuzz_memory, (size_t)trouble, false);
        if (round == 1 && trouble >= 150) build_countdown = trouble - 149;
        plan->options.run.progress = trouble >= 200 ? build_progress : NULL;
        build_remember(plan);
        if (plan->what == 2 && round == 0) build_verify(plan);
        status = build_call(plan, &error);
        if (build_refused) {
            FUZZ_CHECK(status == (trouble >= 200 && plan->what != 1 ? CONFITURE_E_CANCELLED
                                                                    : CONFITURE_E_SINK) ||
                       (plan->what == 1 && status == CONFITURE_E_CANCELLED));
        } else if (status != CONFITURE_E_MEMORY || !fuzz_memory.failed) {
            build_compare(plan, status, &error);
        }
        FUZZ_CHECK(build_temporaries() == temporaries);
        if (plan->what == 2 && status != CONFITURE_OK)
            build_holds(plan->paths[0], build_was[0], &build_before[0]);
        FUZZ_CHECK(fs.open_count == 0);
    }
    for (i = 0; i < 3; i++) confiture_schema_free(&plan->schemas[i]);
}

static void build_hash(const build_plan *plan) {
    static slow_result wanted;
    static confiture_error error;
    confiture_manifest_options manifest;
    confiture_hash_options options;
    confiture_digest digest;
    confiture_entry entries[SLOW_FILES];
    confiture_status status;
    size_t i, kind;
    slow_hash(&wanted, plan->files);
    memory_arm(&fuzz_memory, 0, false);
    memset(&manifest, 0, sizeof manifest);
    memset(&options, 0, sizeof options);
    options.run = plan->options.run;
    for (kind = 0; kind < 2; kind++) {
        options.kind = kind == 0 ? CONFITURE_DIGEST_STREAM : CONFITURE_DIGEST_TREE;
        status = confiture_hash(&digest, plan->files, &options, &error);
        FUZZ_CHECK(status == wanted.is.status);
        if (status == CONFITURE_OK)
            FUZZ_CHECK(memcmp(digest.bytes, kind == 0 ? wanted.stream : wanted.tree, 32) == 0);
        else FUZZ_CHECK(strcmp(error.path, wanted.is.path) == 0);
    }
    manifest.run = plan->options.run;
    status = confiture_manifest(entries, plan->files, &manifest, &error);
    FUZZ_CHECK(status == wanted.is.status);
    for (i = 0; status == CONFITURE_OK && i < confiture_files_count(plan->files); i++) {
        FUZZ_CHECK(entries[i].size == wanted.sizes[i]);
        FUZZ_CHECK(memcmp(entries[i].sha256, wanted.manifest[i], 32) == 0);
    }
    FUZZ_CHECK(fs.open_count == 0);
    slow_hash_text(&wanted, plan->files);
    options.kind = CONFITURE_DIGEST_TEXT;
    status = confiture_hash(&digest, plan->files, &options, &error);
    FUZZ_CHECK(status == wanted.is.status);
    if (status == CONFITURE_OK) FUZZ_CHECK(memcmp(digest.bytes, wanted.text, 32) == 0);
    else
        FUZZ_CHECK(strcmp(error.path, wanted.is.path) == 0 && error.line == wanted.is.line &&
                   error.offset == wanted.is.offset);
    FUZZ_CHECK(fs.open_count == 0);
}

/* ---- the input ---- */

static size_t build_lines(char *text, const char *lines[BUILD_LINES]) {
    size_t count = 0;
    while (*text != '\0' && count < BUILD_LINES) {
        char *end = strchr(text, '\n');
        lines[count++] = text;
        if (end == NULL) break;
        *end = '\0';
        text = end + 1;
    }
    return count;
}

/* Whether what leaves statements unended is seen, if it is to be ended. */
static bool build_may_terminate(const confiture_build_options *o, confiture_separator separator) {
    if (!o->terminate || o->check == CONFITURE_CHECK_POSTGRES) return true;
    return o->check == CONFITURE_CHECK_DEFAULT && separator != CONFITURE_SEPARATOR_MYSQL;
}

/* Whether the options cannot be used, so that nothing is read. */
static confiture_status build_refusal(const confiture_build_options *o, bool split) {
    static slow_path todo, out;
    size_t i;
    if (!build_may_terminate(o, o->separator)) return CONFITURE_E_ARGUMENT;
    if (o->header != NULL && o->no_digest) return CONFITURE_E_ARGUMENT;
    if (o->header != NULL && !slow_is_line(o->header->environment, strlen(o->header->environment)))
        return CONFITURE_E_ARGUMENT;
    if (o->separator == CONFITURE_SEPARATOR_CUSTOM) {
        char *text = slow_template(o->separator_template, "");
        bool bad = text == NULL;
        free(text);
        if (bad) return CONFITURE_E_ARGUMENT;
    }
    for (i = 0; split && i < o->pre_dir_count + o->post_dir_count; i++) {
        int links = 0;
        slow_path_of(&todo,
                     i < o->pre_dir_count ? o->pre_dirs[i] : o->post_dirs[i - o->pre_dir_count]);
        slow_path_absolute(&todo);
        out.absolute = true;
        out.count = 0;
        if (!slow_path_walk(&out, &todo, &links)) return CONFITURE_E_SYSTEM;
    }
    return CONFITURE_OK;
}

/* Whether an output is one of the inputs, or no plain file: that is for the unit tests. */
static bool build_is_tangled(const build_plan *plan) {
    size_t i, k;
    for (i = 0; i < 3; i++) {
        int node = fs_look(plan->paths[i], false);
        if (node < 0) continue;
        if (fs.nodes[node].kind != FS_FILE) return true;
        for (k = 0; k < confiture_files_count(plan->files); k++)
            if (fs_look(confiture_files_path(plan->files, k), true) == node) return true;
    }
    return false;
}

static void build_run(build_plan *plan, int trouble) {
    bool split = plan->what == 3 || plan->what == 4;
    if (plan->what >= 6) {
        build_hash(plan);
    } else if (plan->what == 5) {
        slow_rules rules;
        rules.mode = plan->options.check;
        if (rules.mode == CONFITURE_CHECK_DEFAULT) rules.mode = CONFITURE_CHECK_POSTGRES;
        rules.strip_bom = plan->options.strip_bom;
        rules.terminate = plan->options.terminate;
        if (build_may_terminate(&plan->options, CONFITURE_SEPARATOR_NONE)) {
            slow_check(plan->wanted, plan->files, &rules, plan->options.on_finding != NULL);
        } else {
            memset(&plan->wanted->is, 0, sizeof plan->wanted->is);
            plan->wanted->is.status = CONFITURE_E_ARGUMENT;
        }
        build_twice(plan, trouble);
    } else {
        confiture_status refusal = build_refusal(&plan->options, split);
        if (refusal != CONFITURE_OK) {
            memset(&plan->wanted->is, 0, sizeof plan->wanted->is);
            plan->wanted->is.status = refusal;
        } else {
            slow_build(plan->wanted, plan->files, &plan->options, split);
        }
        build_twice(plan, trouble);
    }
}

static void build_options(build_plan *plan, uint8_t how, uint8_t run, uint8_t what,
                          uint8_t trouble) {
    static confiture_pool *pool;
    confiture_build_options *o = &plan->options;
    o->separator = (confiture_separator)((how & 7) % 5);
    o->schema_only = (how & 8) != 0;
    o->no_digest = (how & 16) != 0;
    o->on_finding = (how & 64) != 0 ? build_on_finding : NULL;
    o->check = (confiture_check_mode)((run & 3) + ((run & 3) == 3 && trouble % 2 == 1));
    o->strip_bom = trouble % 3 == 1;
    /* Where it is refused, only now and then. */
    o->terminate = trouble % 5 < 2 && (o->check <= CONFITURE_CHECK_POSTGRES || trouble % 7 == 0);
    o->run.io = (confiture_io)(run >> 2 & 3);
    o->run.allocator = &fuzz_memory.allocator;
    o->run.threads = (run & 16) != 0 ? 2 : 1;
    fs.interrupts = (run & 32) != 0;
    fs.short_reads = (run & 64) != 0;
    fs.unknown_kinds = (run & 128) != 0;
    fs.random = trouble;
    plan->what = what & 7u;
    o->keep_unchanged = (what & 16) != 0;
    o->sync = (what & 32) != 0;
    fs.no_ring = (what & 64) != 0;
    fs.late = (what & 128) != 0;
    fs.fresh = (what & 8) != 0;
    if (o->run.threads == 1) return;
    /* A helper that has to be woken takes longer than all the rest, and one that has to be
     * started longer still: not always. */
    if (trouble % 8 == 7) {
        if (pool == NULL) FUZZ_CHECK(confiture_pool_create(&pool, 2, NULL, NULL) == CONFITURE_OK);
        o->run.pool = pool;
    } else if (trouble != 1 || what < 192) {
        o->run.parallel_for = build_backwards;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static slow_result wanted;
    fuzz_reader in;
    build_plan plan;
    confiture_header header;
    confiture_find_options find;
    confiture_files *files = NULL;
    const char *lines[3][BUILD_LINES];
    size_t counts[3], i;
    char *texts[5];
    uint8_t how, run, what, trouble;
    if (size < 8 || size > 2048) return 0;
    memory_init(&fuzz_memory);
    in.p = data;
    in.left = size;
    how = fuzz_byte(&in);
    run = fuzz_byte(&in);
    what = fuzz_byte(&in);
    trouble = fuzz_byte(&in);
    for (i = 0; i < 5; i++) texts[i] = fuzz_string(&in);
    for (i = 0; i < 3; i++) counts[i] = build_lines(texts[2 + i], lines[i]);
    fs_clear();
    while (in.left > 0) {
        char *line = fuzz_string(&in);
        if (fs.count < FS_NODES - 10) fs_grow(line, strlen(line));
        free(line);
    }
    memset(&plan, 0, sizeof plan);
    memset(&find, 0, sizeof find);
    memset(&header, 0, sizeof header);
    build_options(&plan, how, run, what, trouble);
    header.environment = texts[1];
    header.timestamp = "2026-01-01T00:00:00";
    if ((how & 32) != 0) plan.options.header = &header;
    plan.options.separator_template = texts[0];
    plan.options.pre_dirs = lines[0];
    plan.options.pre_dir_count = counts[0];
    plan.options.post_dirs = lines[1];
    plan.options.post_dir_count = counts[1];
    plan.wanted = &wanted;
    plan.paths[0] = "o0.sql";
    plan.paths[1] = "./o1.sql";
    plan.paths[2] = "o2.sql";
    memory_arm(&fuzz_memory, 0, false);
    find.run.allocator = &fuzz_memory.allocator;
    if (((how & 128) != 0 ? confiture_files_from_paths(&files, lines[2], counts[2], &find, NULL)
                          : confiture_find(&files, "s", &find, NULL)) == CONFITURE_OK) {
        plan.files = files;
        if (confiture_files_count(files) <= SLOW_FILES && !build_is_tangled(&plan))
            build_run(&plan, trouble);
    }
    confiture_files_free(files);
    FUZZ_CHECK(memory_is_clean(&fuzz_memory));
    for (i = 0; i < 5; i++) free(texts[i]);
    return 0;
}

#if defined(FUZZ_MAIN)
static void fuzz_answer(const fuzz_row *row) { (void)row; }
#endif
