/* ---- results/build.c: one scan, the schema and its digest ---- */

#define CFTI_ROUTE_NONE 255 /* a seed file that is left out: hashed but not written */

struct cfti_build;

/* Takes a chunk of a file that goes to an output. */
typedef confiture_status cfti_build_writer(struct cfti_build *build, unsigned route,
                                           const cfti_chunk *chunk, cfti_fail *fail);

/* One build, from one scan into up to three outputs. */
typedef struct cfti_build {
    const confiture_build_options *options;
    const confiture_files *files;
    confiture_allocator allocator;
    confiture_files subset; /* files points to it if seed files are left out */
    size_t left_out;        /* number of files that are an output */
    cfti_buffer separator;  /* compiled */
    uint8_t *routes;        /* the output of each file; NULL: the first for all */
    size_t routes_size;
    size_t outputs_used; /* 1, or 3 for a split */
    cfti_output outputs[3];
    size_t counts[3];      /* files in each */
    uint64_t digest_at[3]; /* offset of the header's digest */
    bool has_header[3];
    cfti_stream stream;
    cfti_findings findings;
    cfti_text_rules rules;
    cfti_build_writer *write; /* writes to the outputs, or compares */
    confiture_map *maps;      /* the caller's, one for each output; or NULL */
    size_t mapped[3];         /* entries of each that have begun */
    uint64_t separator_lines;
    size_t ends[3];       /* the last file of each output */
    bool ends_in_newline; /* the text of the current file, so far */
    uint8_t digest[32];
    char digest_hex[65];
} cfti_build;

static unsigned cfti_build_route(const cfti_build *build, size_t index) {
    return build->routes == NULL ? 0u : build->routes[index];
}

/* ---- the consumer ---- */

/* Refuses a name that ends the comment around it, or opens one inside it: PostgreSQL's comments
 * nest. The reference check allows the second, as the reference does. */
static const char *cfti_block_name_check(const char *name, confiture_check_mode mode) {
    if (strstr(name, "*/") != NULL) return "the file name holds */, which ends a block comment";
    if ((mode == CONFITURE_CHECK_POSTGRES || mode == CONFITURE_CHECK_QUOTES) &&
        strstr(name, "/*") != NULL)
        return "the path holds /*, which opens a comment inside the block comment";
    return NULL;
}

static confiture_status cfti_build_map(void *ctx, cfti_chunk *chunk, cfti_arena *arena,
                                       cfti_fail *fail) {
    const cfti_build *build = (const cfti_build *)ctx;
    const confiture_build_options *options = build->options;
    if (cfti_build_route(build, chunk->index) == CFTI_ROUTE_NONE) return CONFITURE_OK;
    if (chunk->first && options->separator == CONFITURE_SEPARATOR_BLOCK_COMMENT) {
        const char *why = cfti_block_name_check(chunk->file->name, build->rules.mode);
        if (why != NULL) return cfti_fail_with(fail, CONFITURE_E_NAME, why);
    }
    return cfti_text_map((cfti_text_state *)chunk->state, chunk, &build->rules, arena, fail);
}

/* Allocates memory for the expected rest of the output at once, which saves moving a growing
 * buffer: the rest of a large file, or the other files by the average so far. At most eight times
 * what is needed now, since files may be sparse or differ. No memory is no failure. */
static void cfti_build_expect(cfti_output *output, const cfti_build *build, const cfti_chunk *chunk,
                              size_t text_size) {
    const cfti_buffer *buffer = &output->buffer;
    uint64_t needed = (uint64_t)buffer->size + text_size, expected;
    if (output->sink.write != NULL) return;
    if (text_size + 1024 <= buffer->capacity - buffer->size) return;
    if (!chunk->last) expected = needed + chunk->remaining;
    else if (chunk->index >= 8) expected = needed / (chunk->index + 1) * build->files->count;
    else return;
    expected += expected / 16;
    if (expected / 8 > needed) expected = 8 * needed;
    if (expected >= CFTI_LARGE_BLOCK && expected < SIZE_MAX / 2)
        (void)cfti_buffer_reserve(&output->buffer, (size_t)expected - buffer->size);
}

static confiture_status cfti_build_reserve(void *ctx, const cfti_chunk *chunk, cfti_fail *fail) {
    cfti_build *build = (cfti_build *)ctx;
    const cfti_text_state *state = (const cfti_text_state *)chunk->state;
    unsigned route = cfti_build_route(build, chunk->index);
    cfti_output *output;
    size_t size;
    if (route == CFTI_ROUTE_NONE || build->findings.any || state->finding.status != CONFITURE_OK)
        return CONFITURE_OK;
    output = &build->outputs[route];
    cfti_build_expect(output, build, chunk, state->text_size);
    size = chunk->first ? cfti_separator_size(&build->separator, chunk->file->name_size) : 0;
    if (state->text_size > SIZE_MAX / 2 - output->buffer.size) return CONFITURE_OK;
    size += state->text_size + 1;
    if (output->sink.write != NULL && output->buffer.size + size > CFTI_OUTPUT_RUN)
        size = CFTI_OUTPUT_RUN - output->buffer.size;
    if (cfti_buffer_reserve(&output->buffer, size)) return CONFITURE_OK;
    cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    fail->path = output->path;
    return fail->status;
}

/* Adds the lines that cfti_build_write() writes to the map. ends_line: the last chunk lacks a
 * newline; terminates: a semicolon follows. */
static void cfti_build_count(cfti_build *build, const cfti_chunk *chunk, bool ends_line,
                             bool terminates) {
    unsigned route = cfti_build_route(build, chunk->index);
    confiture_map *map;
    confiture_map_entry *entry;
    if (build->maps == NULL) return;
    map = &build->maps[route];
    if (chunk->first) build->mapped[route]++;
    entry = &map->entries[build->mapped[route] - 1];
    if (chunk->first) cfti_map_begin(map, entry, build->separator_lines);
    cfti_map_text(map, entry, ((const cfti_text_state *)chunk->state)->lines + (ends_line ? 1 : 0));
    if (terminates) map->line_count++;
}

/* Whether a semicolon follows this chunk, which build->findings.terminate adds. */
static bool cfti_build_terminates(const cfti_build *build, const cfti_chunk *chunk) {
    const cfti_text_state *text = (const cfti_text_state *)chunk->state;
    return chunk->last && build->findings.terminate &&
           ((text->unended && text->if_ended == NULL) || text->variable);
}

/* Writes the separator before a file's first chunk, the text, and what must end the last chunk. */
static confiture_status cfti_build_write(cfti_build *build, unsigned route, const cfti_chunk *chunk,
                                         cfti_fail *fail) {
    const cfti_text_state *text = (const cfti_text_state *)chunk->state;
    cfti_output *output = &build->outputs[route];
    confiture_status status = CONFITURE_OK;
    bool ends_line, terminates;
    if (chunk->first) {
        build->ends_in_newline = false;
        status = cfti_separator_put(output, &build->separator, chunk->file->name,
                                    chunk->file->name_size, fail);
    }
    if (status == CONFITURE_OK && text->text_size > 0) {
        build->ends_in_newline = text->text[text->text_size - 1] == '\n';
        status = cfti_output_put(output, text->text, text->text_size, fail);
    }
    ends_line = chunk->last && !build->ends_in_newline;
    terminates = cfti_build_terminates(build, chunk);
    if (status == CONFITURE_OK && ends_line) status = cfti_output_put(output, "\n", 1, fail);
    if (status == CONFITURE_OK && terminates) status = cfti_output_put(output, ";\n", 2, fail);
    if (status == CONFITURE_OK) cfti_build_count(build, chunk, ends_line, terminates);
    return status;
}

static confiture_status cfti_build_fold(void *ctx, cfti_chunk *chunk, cfti_fail *fail) {
    cfti_build *build = (cfti_build *)ctx;
    unsigned route = cfti_build_route(build, chunk->index);
    confiture_status status = CONFITURE_OK;
    if (route != CFTI_ROUTE_NONE) {
        bool ends_output = chunk->index == build->ends[route];
        status = cfti_findings_add(&build->findings, chunk, ends_output, fail);
        if (status == CONFITURE_OK && !build->findings.any)
            status = build->write(build, route, chunk, fail);
    }
    if (!build->options->no_digest) cfti_stream_add(&build->stream, chunk);
    return status;
}

/* ---- before and after ---- */

/* A directory of a split, in the two forms in which a file may lie below it. */
typedef struct cfti_split_dir {
    cfti_buffer clean, resolved;
    const char *given;
    uint8_t route;
    bool matched;
} cfti_split_dir;

static confiture_status cfti_split_dir_init(cfti_split_dir *dir, const char *path, uint8_t route,
                                            const confiture_allocator *allocator, cfti_fail *fail) {
    int error;
    dir->clean.allocator = dir->resolved.allocator = *allocator;
    dir->route = route;
    dir->given = path;
    error = cfti_path_clean(&dir->clean, path, strlen(path)) ? 0 : CFTI_OS_NO_MEMORY;
    if (error == 0) error = cfti_path_resolve(&dir->resolved, path);
    return error == 0 ? CONFITURE_OK : cfti_fail_system(fail, error, path);
}

/* Sets the routes by directory. In dirs post comes before pre, and so wins. */
static confiture_status cfti_split_routes(cfti_build *build, cfti_split_dir *dirs, size_t dir_count,
                                          cfti_fail *fail) {
    cfti_buffer here, full;
    size_t i, k;
    int error;
    memset(&here, 0, sizeof(here));
    here.allocator = build->allocator;
    full = here;
    error = cfti_path_absolute(&here, ".");
    for (i = 0; i < build->files->count && error == 0; i++) {
        const cfti_file *file = &build->files->items[i];
        bool routed = build->routes[i] == CFTI_ROUTE_NONE;
        if (!routed) build->routes[i] = CONFITURE_SPLIT_APP;
        if (routed && !build->options->split_dirs_must_match) continue;
        full.size = 0;
        if ((!cfti_path_is_absolute(file->path) &&
             !cfti_buffer_append(&full, here.data, here.size)) ||
            !cfti_path_append(&full, file->path, file->path_size) ||
            !cfti_buffer_append(&full, "", 1))
            error = CFTI_OS_NO_MEMORY;
        for (k = 0; k < dir_count && error == 0; k++) {
            if (cfti_path_below(file->path, (const char *)dirs[k].clean.data) == NULL &&
                cfti_path_below((const char *)full.data, (const char *)dirs[k].resolved.data) ==
                    NULL)
                continue;
            dirs[k].matched = true;
            if (!routed) build->routes[i] = dirs[k].route;
            routed = true;
            if (!build->options->split_dirs_must_match) break;
        }
    }
    cfti_buffer_free(&full);
    cfti_buffer_free(&here);
    return error == 0 ? CONFITURE_OK : cfti_fail_system(fail, error, "");
}

static confiture_status cfti_build_split(cfti_build *build, cfti_fail *fail) {
    const confiture_build_options *options = build->options;
    size_t n = options->pre_dir_count + options->post_dir_count, i;
    cfti_split_dir *dirs =
        (cfti_split_dir *)cfti_alloc(&build->allocator, (n + 1) * sizeof(cfti_split_dir));
    confiture_status status = CONFITURE_OK;
    if (dirs == NULL) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    memset(dirs, 0, (n + 1) * sizeof(cfti_split_dir));
    for (i = 0; i < n && status == CONFITURE_OK; i++) {
        bool post = i < options->post_dir_count;
        status = cfti_split_dir_init(
            &dirs[i], post ? options->post_dirs[i] : options->pre_dirs[i - options->post_dir_count],
            (uint8_t)(post ? CONFITURE_SPLIT_POST : CONFITURE_SPLIT_PRE), &build->allocator, fail);
    }
    if (status == CONFITURE_OK) status = cfti_split_routes(build, dirs, n, fail);
    for (i = n; i > 0 && status == CONFITURE_OK && options->split_dirs_must_match; i--) {
        if (dirs[i - 1].matched) continue;
        status = cfti_fail_with(fail, CONFITURE_E_NO_FILES,
                                "no file of the list lies below this directory of the split");
        fail->path = dirs[i - 1].given;
    }
    for (i = 0; i < n; i++) {
        cfti_buffer_free(&dirs[i].clean);
        cfti_buffer_free(&dirs[i].resolved);
    }
    cfti_free(&build->allocator, dirs, (n + 1) * sizeof(cfti_split_dir));
    return status;
}

/* Without a digest, files that are left out need not be read. */
static confiture_status cfti_build_drop(cfti_build *build, cfti_fail *fail) {
    const confiture_files *files = build->files;
    size_t i, kept = 0;
    if (!cfti_files_subset(&build->subset, files, &build->allocator))
        return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    for (i = 0; i < files->count; i++) {
        if (build->routes[i] == CFTI_ROUTE_NONE) continue;
        cfti_files_subset_add(&build->subset, files, i);
        build->routes[kept++] = build->routes[i];
    }
    build->files = &build->subset;
    return CONFITURE_OK;
}

/* Decides to which output each file goes, and counts. */
static confiture_status cfti_build_plan(cfti_build *build, cfti_fail *fail) {
    const confiture_build_options *options = build->options;
    confiture_status status = CONFITURE_OK;
    size_t n = build->files->count, i;
    build->counts[0] = n;
    build->ends[0] = n - 1;
    if (!options->schema_only && build->outputs_used == 1) return CONFITURE_OK;
    build->routes_size = n + 1;
    build->routes = (uint8_t *)cfti_alloc(&build->allocator, build->routes_size);
    if (build->routes == NULL) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    for (i = 0; i < n; i++)
        build->routes[i] =
            options->schema_only && confiture_files_is_seed(build->files, i) ? CFTI_ROUTE_NONE : 0;
    if (build->outputs_used == 3) status = cfti_build_split(build, fail);
    if (status != CONFITURE_OK) return status;
    build->counts[0] = 0; /* now by route */
    for (i = 0; i < n; i++)
        if (build->routes[i] != CFTI_ROUTE_NONE) build->counts[build->routes[i]]++;
    if (options->schema_only && options->no_digest) status = cfti_build_drop(build, fail);
    for (i = 0; i < build->files->count; i++)
        if (build->routes[i] != CFTI_ROUTE_NONE) build->ends[build->routes[i]] = i;
    return status;
}

/* Allocates the maps whole, so that no fold needs memory for them. */
static confiture_status cfti_build_plan_maps(cfti_build *build, cfti_fail *fail) {
    size_t strings[3] = {0, 0, 0}, i;
    char *at[3];
    if (build->maps == NULL) return CONFITURE_OK;
    build->separator_lines = cfti_count_byte(build->separator.data, build->separator.size, '\n');
    for (i = 0; i < build->files->count; i++)
        if (cfti_build_route(build, i) != CFTI_ROUTE_NONE)
            strings[cfti_build_route(build, i)] += cfti_map_strings(&build->files->items[i]);
    for (i = 0; i < build->outputs_used; i++) {
        if (!cfti_map_allocate(&build->maps[i], build->counts[i], strings[i], &build->allocator))
            return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
        at[i] = cfti_map_strings_of(&build->maps[i], build->counts[i]);
    }
    for (i = 0; i < build->files->count; i++) {
        unsigned route = cfti_build_route(build, i);
        if (route == CFTI_ROUTE_NONE) continue;
        cfti_map_add(&build->maps[route], &build->files->items[i],
                     cfti_files_origin(build->files, i), &at[route]);
    }
    return CONFITURE_OK;
}

static confiture_status cfti_build_check_options(cfti_build *build, cfti_fail *fail) {
    const confiture_build_options *options = build->options;
    const char *why = cfti_text_rules_refuse(&build->rules, options->terminate);
    if (!cfti_io_is_known(options->run.io)) why = cfti_unknown_io; /* before a byte is written */
    else if (why != NULL) return cfti_fail_with(fail, CONFITURE_E_ARGUMENT, why);
    else if (options->header != NULL && options->no_digest) why = "a header needs the digest";
    else if (options->header != NULL) why = cfti_header_check(options->header);
    if (why == NULL)
        why = cfti_separator_compile(&build->separator, options->separator,
                                     options->separator_template);
    if (why == NULL) return CONFITURE_OK;
    if (why == cfti_no_memory) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    return cfti_fail_with(fail, CONFITURE_E_ARGUMENT, why);
}

/* Builds up to the headers. */
static confiture_status cfti_build_begin(cfti_build *build, cfti_fail *fail) {
    const confiture_build_options *options = build->options;
    confiture_status status = cfti_build_check_options(build, fail);
    size_t i;
    if (status == CONFITURE_OK) status = cfti_build_plan(build, fail);
    if (status == CONFITURE_OK) status = cfti_build_plan_maps(build, fail);
    for (i = 0; i < build->outputs_used && status == CONFITURE_OK; i++) {
        if (options->header == NULL) continue;
        if (build->outputs_used == 3 && build->counts[i] == 0 && i != CONFITURE_SPLIT_APP) continue;
        build->has_header[i] = true;
        if (build->maps != NULL) build->maps[i].line_count = CFTI_HEADER_LINES;
        status = cfti_header_put(&build->outputs[i], options->header, build->counts[i],
                                 &build->digest_at[i], fail);
    }
    return status;
}

/* Builds the rest, and puts the digest into headers that are still in memory. */
static confiture_status cfti_build_scan(cfti_build *build, cfti_fail *fail) {
    const confiture_build_options *options = build->options;
    cfti_consumer consumer;
    confiture_status status;
    size_t i;
    confiture_sha256_init(&build->stream.sha);
    build->findings.files = build->files;
    build->findings.callback = options->on_finding;
    build->findings.user = options->finding_user;
    build->findings.terminate = options->terminate;
    memset(&consumer, 0, sizeof(consumer));
    consumer.state_size = sizeof(cfti_text_state);
    consumer.piece_state_size = sizeof(cfti_text_pieces);
    consumer.map = cfti_build_map;
    consumer.fold = cfti_build_fold;
    if (build->write == cfti_build_write) consumer.reserve = cfti_build_reserve;
    consumer.ctx = build;
    status = cfti_scan_run(build->files, &options->run, &consumer, fail);
    if (status == CONFITURE_OK && build->findings.any) {
        *fail = build->findings.first;
        status = fail->status;
    }
    if (status == CONFITURE_OK && !options->no_digest) {
        confiture_sha256_final(&build->stream.sha, build->digest);
        confiture_sha256_hex(build->digest, build->digest_hex);
        for (i = 0; i < build->outputs_used; i++)
            if (build->has_header[i] && build->outputs[i].sink.write == NULL)
                memcpy(build->outputs[i].buffer.data + build->digest_at[i], build->digest_hex, 64);
    }
    return status;
}

static confiture_status cfti_build_run(cfti_build *build, cfti_fail *fail) {
    confiture_status status = cfti_build_begin(build, fail);
    return status == CONFITURE_OK ? cfti_build_scan(build, fail) : status;
}

static confiture_status cfti_build_init(cfti_build *build, const confiture_files *files,
                                        const confiture_build_options *options, size_t outputs,
                                        cfti_fail *fail) {
    size_t i;
    memset(build, 0, sizeof(*build));
    build->options = options;
    build->files = files;
    build->write = cfti_build_write;
    build->rules.strip_bom = options->strip_bom;
    build->rules.keep_line_ends = options->keep_line_ends;
    build->rules.counts_lines = options->map != NULL;
    build->maps = options->map;
    build->rules.mode = options->check;
    if (options->check == CONFITURE_CHECK_DEFAULT)
        build->rules.mode = options->separator == CONFITURE_SEPARATOR_MYSQL
                                ? CONFITURE_CHECK_NONE
                                : CONFITURE_CHECK_POSTGRES;
    build->outputs_used = outputs;
    if (!cfti_allocator_choose(&build->allocator, options->run.allocator))
        return cfti_fail_with(fail, CONFITURE_E_ARGUMENT, cfti_no_allocator);
    build->separator.allocator = build->allocator;
    for (i = 0; i < 3; i++) {
        build->outputs[i].buffer.allocator = build->allocator;
        build->outputs[i].path = "";
        build->outputs[i].hashes = options->map != NULL;
        confiture_sha256_init(&build->outputs[i].sha);
    }
    return CONFITURE_OK;
}

/* A build that fails has no map. */
static void cfti_build_close(cfti_build *build, confiture_status status) {
    size_t i;
    if (status != CONFITURE_OK) cfti_maps_free(build->maps, build->outputs_used);
    cfti_buffer_free(&build->separator);
    cfti_files_subset_free(&build->subset);
    cfti_free(&build->allocator, build->routes, build->routes_size);
    for (i = 0; i < 3; i++) cfti_buffer_free(&build->outputs[i].buffer);
}

static void cfti_build_describe(const cfti_build *build, size_t i, confiture_schema *schema) {
    schema->total_bytes = build->outputs[i].total_bytes;
    schema->file_count = build->counts[i];
    schema->left_out = build->left_out;
    memcpy(schema->digest, build->digest, sizeof(schema->digest));
    memcpy(schema->digest_hex, build->digest_hex, sizeof(schema->digest_hex));
}

/* Empties a schema but keeps its memory. */
static void cfti_schema_reset(confiture_schema *schema) {
    char *data = schema->data;
    size_t capacity = schema->capacity;
    confiture_allocator allocator = schema->allocator;
    memset(schema, 0, sizeof(*schema));
    if (data == NULL) return;
    schema->data = data;
    schema->capacity = capacity;
    schema->allocator = allocator;
    data[0] = '\0';
}

CONFITURE_API void confiture_schema_free(confiture_schema *schema) {
    if (schema == NULL) return;
    if (schema->data != NULL) cfti_free(&schema->allocator, schema->data, schema->capacity);
    memset(schema, 0, sizeof(*schema));
}

/* The options; the maps of an earlier build are freed. */
static const confiture_build_options *cfti_build_options_or(const confiture_build_options *given,
                                                            confiture_build_options *defaults,
                                                            size_t outputs) {
    memset(defaults, 0, sizeof(*defaults));
    if (given != NULL) cfti_maps_free(given->map, outputs);
    return given != NULL ? given : defaults;
}

/* Whether all required arguments are there. */
static bool cfti_build_require(const confiture_files *files, const confiture_build_options *options,
                               size_t outputs, confiture_error *error) {
    return cfti_require(files, "files", error) &&
           (outputs == 1 || (cfti_require_all(options->pre_dirs, options->pre_dir_count,
                                              "options->pre_dirs", error) &&
                             cfti_require_all(options->post_dirs, options->post_dir_count,
                                              "options->post_dirs", error)));
}

/* ---- to memory ---- */

/* A build reuses the memory of an earlier one, unless another allocator owns it. */
static void cfti_schema_lend(confiture_schema *schema, cfti_buffer *buffer) {
    if (schema->data == NULL) return;
    if (!cfti_allocator_is(&schema->allocator, &buffer->allocator)) {
        confiture_schema_free(schema);
        return;
    }
    buffer->data = (uint8_t *)schema->data;
    buffer->capacity = schema->capacity;
}

/* Gives the text, with a NUL at its end, to the caller. After a failure the caller has what it had
 * before: an empty string in its own memory, or nothing. */
static void cfti_schema_adopt(confiture_schema *schema, cfti_buffer *buffer, bool good) {
    if (!good && schema->data == NULL) return;
    schema->data = (char *)buffer->data;
    schema->capacity = buffer->capacity;
    schema->allocator = buffer->allocator;
    buffer->data = NULL;
    if (good) schema->size = buffer->size - 1;
    else cfti_schema_reset(schema);
}

static confiture_status cfti_build_memory(confiture_schema *schemas, size_t count,
                                          const confiture_files *files,
                                          const confiture_build_options *options,
                                          confiture_error *error) {
    confiture_build_options defaults;
    cfti_build build;
    cfti_fail fail;
    confiture_status status;
    size_t i;
    int cancel;
    options = cfti_build_options_or(options, &defaults, count);
    if (!cfti_require(schemas, count == 1 ? "schema" : "schemas", error))
        return CONFITURE_E_ARGUMENT;
    for (i = 0; i < count; i++) cfti_schema_reset(&schemas[i]);
    if (!cfti_build_require(files, options, count, error)) return CONFITURE_E_ARGUMENT;
    status = cfti_build_init(&build, files, options, count, &fail);
    if (status != CONFITURE_OK) return cfti_report(error, &fail);
    cancel = cfti_cancel_disable();
    for (i = 0; i < count; i++) cfti_schema_lend(&schemas[i], &build.outputs[i].buffer);
    status = cfti_build_run(&build, &fail);
    for (i = 0; i < count && status == CONFITURE_OK; i++) {
        const cfti_buffer *buffer = &build.outputs[i].buffer;
        if (build.maps != NULL)
            confiture_sha256_once(buffer->data, buffer->size, build.maps[i].sha256);
        if (cfti_buffer_append(&build.outputs[i].buffer, "", 1)) continue;
        status = cfti_fail_with(&fail, CONFITURE_E_MEMORY, NULL);
        fail.path = "";
    }
    for (i = 0; i < count; i++) {
        cfti_schema_adopt(&schemas[i], &build.outputs[i].buffer, status == CONFITURE_OK);
        if (status == CONFITURE_OK) cfti_build_describe(&build, i, &schemas[i]);
    }
    cfti_build_close(&build, status);
    cfti_cancel_restore(cancel);
    return status == CONFITURE_OK ? status : cfti_report(error, &fail);
}

CONFITURE_API confiture_status confiture_build(confiture_schema *schema,
                                               const confiture_files *files,
                                               const confiture_build_options *options,
                                               confiture_error *error) {
    return cfti_build_memory(schema, 1, files, options, error);
}

CONFITURE_API confiture_status confiture_build_split(confiture_schema schemas[3],
                                                     const confiture_files *files,
                                                     const confiture_build_options *options,
                                                     confiture_error *error) {
    return cfti_build_memory(schemas, 3, files, options, error);
}

/* ---- to a sink ---- */

CONFITURE_API confiture_status confiture_build_sink(confiture_schema *schema,
                                                    const confiture_sink *sink,
                                                    const confiture_files *files,
                                                    const confiture_build_options *options,
                                                    confiture_error *error) {
    confiture_build_options defaults;
    cfti_build build;
    cfti_fail fail;
    confiture_status status;
    int cancel;
    options = cfti_build_options_or(options, &defaults, 1);
    if (!cfti_require(schema, "schema", error)) return CONFITURE_E_ARGUMENT;
    confiture_schema_free(schema);
    if (!cfti_require(sink, "sink", error) ||
        (sink->write == NULL && !cfti_require(NULL, "sink->write", error)) ||
        !cfti_build_require(files, options, 1, error))
        return CONFITURE_E_ARGUMENT;
    cancel = cfti_cancel_disable();
    status = cfti_build_init(&build, files, options, 1, &fail);
    if (status == CONFITURE_OK) {
        cfti_output *output = &build.outputs[0];
        if (options->header == NULL) output->sink = *sink;
        status = cfti_build_run(&build, &fail);
        output->sink = *sink;
        if (status == CONFITURE_OK) status = cfti_output_flush(output, &fail);
        if (build.maps != NULL) confiture_sha256_final(&output->sha, build.maps[0].sha256);
    }
    if (status == CONFITURE_OK) cfti_build_describe(&build, 0, schema);
    cfti_build_close(&build, status);
    cfti_cancel_restore(cancel);
    return status == CONFITURE_OK ? status : cfti_report(error, &fail);
}
