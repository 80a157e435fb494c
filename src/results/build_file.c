/* ---- results/build_file.c: a build to a file, or to the three of a split ---- */

/* Whether a file of the list is the target, which need not exist yet. Only files of the same name,
 * links, and files of a caller's own list, which may be links, are asked for their identity:
 * asking all would cost half as much as reading them. Returns a system error. */
static int cfti_target_is_file(const cfti_target *target, const cfti_file *file, bool *is_target) {
    cfti_os_status status;
    bool may_lead = file->kind == CFTI_KIND_LINK || file->kind == CFTI_KIND_UNKNOWN ||
                    target->direct; /* a direct target has no name of its own */
    int error;
    *is_target = false;
    if (target->direct && target->old.kind != CFTI_KIND_FILE) return 0;
    /* A listed file that is no link cannot be a target that does not exist. */
    if (!may_lead && (!target->exists ||
                      !cfti_path_may_be_same(file->path + file->leaf,
                                             cfti_path_leaf((const char *)target->real.data))))
        return 0;
    error = cfti_os_status_at(CFTI_OS_CWD, file->path, true, &status);
    if (error == 0) *is_target = target->exists && cfti_same_file(&status, &target->old);
    else if (!target->exists && cfti_os_is_absent(error))
        error = cfti_target_awaits(target, file->path, is_target);
    return error != 0 && !cfti_is_answer(error) ? error : 0;
}

/* The list without the outputs, made only if one of them is in it. */
static confiture_status cfti_files_without(const confiture_files *files, const cfti_target *targets,
                                           size_t target_count,
                                           const confiture_allocator *allocator,
                                           confiture_files *without, bool *made, cfti_fail *fail) {
    size_t i, k, kept;
    *made = false;
    for (i = 0; i < files->count; i++) {
        const cfti_file *file = &files->items[i];
        bool is_output = false;
        for (k = 0; k < target_count && !is_output; k++) {
            int error = cfti_target_is_file(&targets[k], file, &is_output);
            if (error == 0) continue;
            if (*made) cfti_files_subset_free(without);
            return cfti_fail_system(fail, error, file->path);
        }
        if (is_output && !*made) {
            if (!cfti_files_subset(without, files, allocator))
                return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
            *made = true;
            for (kept = 0; kept < i; kept++) cfti_files_subset_add(without, files, kept);
        } else if (!is_output && *made) {
            cfti_files_subset_add(without, files, i);
        }
    }
    return CONFITURE_OK;
}

/* A map must not replace what the schema is made from. */
static confiture_status cfti_maps_refuse_inputs(const confiture_files *files,
                                                const cfti_target *maps, size_t count,
                                                cfti_fail *fail) {
    size_t i, k;
    for (k = 0; k < count; k++) {
        for (i = 0; i < files->count; i++) {
            bool is_input;
            int error = cfti_target_is_file(&maps[k], &files->items[i], &is_input);
            if (error != 0) return cfti_fail_system(fail, error, files->items[i].path);
            if (!is_input) continue;
            cfti_fail_with(fail, CONFITURE_E_ARGUMENT, "is an input: a map needs another file");
            fail->path = maps[k].path;
            return fail->status;
        }
    }
    return CONFITURE_OK;
}

/* Writes the rest and the digest, and completes the file. */
static confiture_status cfti_build_finish_file(cfti_build *build, size_t i, cfti_target *target,
                                               const confiture_sink *sink, cfti_fail *fail) {
    cfti_output *output = &build->outputs[i];
    confiture_status status;
    int error = 0;
    output->sink = *sink;
    status = cfti_output_flush(output, fail);
    if (status != CONFITURE_OK) return status;
    if (build->has_header[i] && !target->direct) {
        error = cfti_target_put_digest(target, build->digest_hex);
        /* The digest precedes what was hashed: only now the file has all bytes to hash. */
        confiture_sha256_init(&output->sha);
        if (error == 0 && build->maps != NULL) error = cfti_target_hash(target, &output->sha);
    }
    if (build->maps != NULL) confiture_sha256_final(&output->sha, build->maps[i].sha256);
    if (error == 0) error = cfti_target_complete(target, build->options->sync);
    return error != 0 ? cfti_output_fail(fail, error, target->path) : CONFITURE_OK;
}

/* Direct outputs come last: what is written to them cannot be undone. */
static confiture_status cfti_build_finish_files(cfti_build *build, cfti_target *targets,
                                                const confiture_sink *sinks, cfti_fail *fail) {
    confiture_status status = CONFITURE_OK;
    size_t i, last;
    for (last = 0; last < 2; last++)
        for (i = 0; i < build->outputs_used && status == CONFITURE_OK; i++)
            if (targets[i].direct == (last == 1))
                status = cfti_build_finish_file(build, i, &targets[i], &sinks[i], fail);
    return status;
}

/* targets: those of the schemas, then those of their maps, if there are any. */
static confiture_status cfti_build_into_targets(confiture_schema *schemas, cfti_target *targets,
                                                size_t count, const confiture_files *files,
                                                const confiture_build_options *options,
                                                const confiture_allocator *allocator,
                                                cfti_fail *fail) {
    confiture_files without;
    cfti_build build;
    confiture_sink sinks[3];
    bool made = false;
    size_t i, map_count = options->map_paths != NULL ? count : 0;
    confiture_status status = cfti_maps_refuse_inputs(files, targets + count, map_count, fail);
    if (status == CONFITURE_OK)
        status = cfti_files_without(files, targets, count, allocator, &without, &made, fail);
    if (status != CONFITURE_OK) return status;
    if (made && without.count == 0) {
        cfti_fail_with(fail, CONFITURE_E_NO_FILES, "the output is the only file of the list");
        fail->path = targets[0].path;
        cfti_files_subset_free(&without);
        return fail->status;
    }
    status = cfti_build_init(&build, made ? &without : files, options, count, fail);
    if (made) build.left_out = files->count - without.count;
    for (i = 0; i < count && status == CONFITURE_OK; i++) {
        cfti_output *output = &build.outputs[i];
        sinks[i].write = cfti_target_write;
        sinks[i].user = &targets[i];
        output->path = targets[i].path;
        output->sink_is_file = true;
        /* A direct output gets all or nothing: its bytes stay in memory until then. */
        if (!targets[i].direct) output->sink = sinks[i];
        if (!targets[i].direct && options->header != NULL) output->hashes = false;
        build.digest_at[i] = CFTI_TARGET_NO_OFFSET;
        targets[i].digest_at = &build.digest_at[i];
    }
    if (status == CONFITURE_OK) status = cfti_build_run(&build, fail);
    if (status == CONFITURE_OK) status = cfti_build_finish_files(&build, targets, sinks, fail);
    for (i = 0; i < map_count && status == CONFITURE_OK; i++)
        status =
            cfti_map_finish(&build.maps[i], &targets[count + i], options->sync, allocator, fail);
    if (status == CONFITURE_OK) status = cfti_targets_commit(targets, count + map_count, fail);
    for (i = 0; i < count && status == CONFITURE_OK; i++) {
        schemas[i].unchanged = targets[i].unchanged;
        cfti_build_describe(&build, i, &schemas[i]);
    }
    cfti_build_close(&build, status);
    if (made) cfti_files_subset_free(&without);
    return status;
}

static confiture_status cfti_build_files(confiture_schema *schemas, const char *const *paths,
                                         size_t count, const confiture_files *files,
                                         const confiture_build_options *options,
                                         confiture_error *error) {
    confiture_build_options defaults;
    confiture_allocator allocator;
    confiture_map maps[3];
    cfti_target *targets; /* too large for the stack */
    const cfti_target *twice;
    cfti_fail fail;
    confiture_status status = CONFITURE_OK;
    size_t i, opened = 0, total = count;
    int cancel;
    options = cfti_build_options_or(options, &defaults, count);
    if (!cfti_require(schemas, count == 1 ? "schema" : "schemas", error))
        return CONFITURE_E_ARGUMENT;
    for (i = 0; i < count; i++) confiture_schema_free(&schemas[i]);
    if (!(count == 1 ? cfti_require(paths[0], "path", error)
                     : cfti_require_all(paths, count, "paths", error)) ||
        !cfti_build_require(files, options, count, error) ||
        (options->map_paths != NULL &&
         !cfti_require_all(options->map_paths, count, "options->map_paths", error)))
        return CONFITURE_E_ARGUMENT;
    memset(maps, 0, sizeof(maps));
    if (options->map_paths != NULL) {
        total = 2 * count;
        defaults = *options;
        if (defaults.map == NULL) defaults.map = maps;
        options = &defaults;
    }
    if (!cfti_allocator_choose(&allocator, options->run.allocator))
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT, cfti_no_allocator);
    cancel = cfti_cancel_disable();
    targets = (cfti_target *)cfti_alloc(&allocator, total * sizeof(*targets));
    if (targets == NULL) {
        cfti_cancel_restore(cancel);
        return cfti_report_plain(error, CONFITURE_E_MEMORY, NULL);
    }
    memset(targets, 0, total * sizeof(*targets));
    for (i = 0; i < total && status == CONFITURE_OK; i++, opened++)
        status = cfti_target_open(&targets[i], i < count ? paths[i] : options->map_paths[i - count],
                                  options, &allocator, &fail);
    twice = status == CONFITURE_OK ? cfti_targets_collide(targets, total) : NULL;
    if (twice != NULL) status = cfti_fail_collision(&fail, twice);
    if (status == CONFITURE_OK)
        status =
            cfti_build_into_targets(schemas, targets, count, files, options, &allocator, &fail);
    if (status != CONFITURE_OK) status = cfti_report(error, &fail);
    for (i = 0; i < opened; i++) cfti_target_close(&targets[i]);
    cfti_free(&allocator, targets, total * sizeof(*targets));
    cfti_maps_free(maps, count);
    cfti_cancel_restore(cancel);
    return status;
}

CONFITURE_API confiture_status confiture_build_file(confiture_schema *schema, const char *path,
                                                    const confiture_files *files,
                                                    const confiture_build_options *options,
                                                    confiture_error *error) {
    return cfti_build_files(schema, &path, 1, files, options, error);
}

CONFITURE_API confiture_status confiture_build_split_files(confiture_schema schemas[3],
                                                           const char *const paths[3],
                                                           const confiture_files *files,
                                                           const confiture_build_options *options,
                                                           confiture_error *error) {
    return cfti_build_files(schemas, paths, 3, files, options, error);
}
