/* ---- results/verify.c: whether a file is what a list builds ---- */

/* A build that compares instead of writing. */
typedef struct cfti_verify {
    cfti_build build; /* first: what the scan passes on */
    const confiture_files *listed;
    cfti_compare compares[3];
    cfti_output separator; /* of the file at hand, in memory that was reserved */
    uint64_t separator_lines;
} cfti_verify;

/* Writes a file's separator into its buffer. */
static confiture_status cfti_verify_separator(cfti_verify *verify, size_t index, cfti_fail *fail) {
    const cfti_file *file = &verify->build.files->items[index];
    verify->separator.buffer.size = 0;
    return cfti_separator_put(&verify->separator, &verify->build.separator, file->name,
                              file->name_size, fail);
}

/* Reserves memory for the longest separator, so that no fold needs any. */
static confiture_status cfti_verify_reserve(cfti_verify *verify, cfti_fail *fail) {
    const cfti_build *build = &verify->build;
    size_t longest = 0, i;
    for (i = 0; i < build->files->count; i++)
        longest = cfti_max(longest, build->files->items[i].name_size);
    verify->separator_lines =
        cfti_count_byte(build->separator.data, build->separator.size, (uint8_t)'\n');
    if (cfti_buffer_reserve(&verify->separator.buffer,
                            cfti_separator_size(&build->separator, longest)))
        return CONFITURE_OK;
    return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
}

static void cfti_verify_begin_file(cfti_compare *compare, size_t index) {
    compare->previous = compare->index;
    compare->previous_lines = compare->lines;
    compare->index = index;
    compare->lines = 0;
    compare->files++;
    compare->start = cfti_compare_position(compare);
}

/* Does what cfti_build_write() does, with the bytes of the file. */
static confiture_status cfti_verify_write(cfti_build *build, unsigned route,
                                          const cfti_chunk *chunk, cfti_fail *fail) {
    cfti_verify *verify = (cfti_verify *)build; /* whose first member it is */
    cfti_compare *compare = &verify->compares[route];
    const cfti_text_state *text = (const cfti_text_state *)chunk->state;
    confiture_status status = CONFITURE_OK;
    if (!compare->is_open || compare->differs) return CONFITURE_OK;
    if (chunk->first) {
        cfti_verify_begin_file(compare, chunk->index);
        compare->part = CFTI_PART_SEPARATOR;
        build->ends_in_newline = false;
        status = cfti_verify_separator(verify, chunk->index, fail);
        if (status == CONFITURE_OK)
            status =
                cfti_compare_bytes(compare, verify->separator.buffer.data,
                                   verify->separator.buffer.size, verify->separator_lines, fail);
        if (status != CONFITURE_OK || compare->differs) return status;
        compare->part = CFTI_PART_TEXT;
    }
    status = cfti_compare_bytes(compare, text->text, text->text_size, text->lines, fail);
    if (status != CONFITURE_OK || compare->differs) return status;
    compare->lines += text->lines;
    if (text->text_size > 0) build->ends_in_newline = text->text[text->text_size - 1] == '\n';
    if (chunk->last && !build->ends_in_newline) {
        status = cfti_compare_bytes(compare, "\n", 1, 1, fail);
        if (status != CONFITURE_OK || compare->differs) return status;
        compare->lines++;
    }
    /* The semicolon belongs to the last line. */
    if (!cfti_build_terminates(build, chunk)) return CONFITURE_OK;
    status = cfti_compare_bytes(compare, ";\n", 2, 1, fail);
    if (compare->differs) compare->lines--;
    return status;
}

/* ---- what a difference means ---- */

/* Of a file that is compared: what differs, and how that is said. */
typedef struct cfti_answer {
    confiture_difference difference;
    size_t index;         /* in the list that is built */
    size_t listed;        /* in the list that was passed */
    uint64_t source_line; /* 0: none */
    const uint8_t *name;
    size_t name_size;
    const char *before, *after; /* the file's path, if there is one, is between them */
} cfti_answer;

static cfti_answer cfti_answer_of(confiture_difference difference, size_t index,
                                  uint64_t source_line, const char *before, const char *after) {
    cfti_answer answer;
    memset(&answer, 0, sizeof(answer));
    answer.difference = difference;
    answer.index = index;
    answer.listed = CONFITURE_NO_INDEX;
    answer.source_line = source_line;
    answer.before = before;
    answer.after = after;
    return answer;
}

static cfti_answer cfti_answer_plain(confiture_difference difference, const char *text) {
    return cfti_answer_of(difference, CONFITURE_NO_INDEX, 0, text, "");
}

/* The first file with this name from `from` on; the count if there is none. */
static size_t cfti_files_named(const confiture_files *files, size_t from, const uint8_t *name,
                               size_t name_size) {
    size_t i;
    for (i = from; i < files->count; i++)
        if (files->items[i].name_size == name_size &&
            memcmp(files->items[i].name, name, name_size) == 0)
            return i;
    return files->count;
}

/* Whether an output of the build has a file with this name. */
static bool cfti_build_has(const cfti_build *build, const uint8_t *name, size_t name_size) {
    const confiture_files *files = build->files;
    size_t i = cfti_files_named(files, 0, name, name_size);
    while (i < files->count && cfti_build_route(build, i) == CFTI_ROUTE_NONE)
        i = cfti_files_named(files, i + 1, name, name_size);
    return i < files->count;
}

/* The file has the separator of a file of this name where the build has `index`, or has ended. */
static confiture_status cfti_verify_named(cfti_verify *verify, unsigned route, const uint8_t *name,
                                          size_t name_size, cfti_answer *answer, cfti_fail *fail) {
    const cfti_build *build = &verify->build;
    cfti_compare *compare = &verify->compares[route];
    const confiture_files *files = build->files;
    bool at_end = compare->part == CFTI_PART_END, later = false;
    size_t after, index = compare->index;
    for (after = at_end ? files->count : index + 1; after < files->count; after++) {
        after = cfti_files_named(files, after, name, name_size);
        if (after < files->count && cfti_build_route(build, after) == route) break;
    }
    if (after < files->count) {
        uint64_t from = cfti_compare_position(compare);
        if (cfti_verify_separator(verify, index, fail) != CONFITURE_OK) return fail->status;
        if (cfti_compare_find(compare, from, verify->separator.buffer.data,
                              verify->separator.buffer.size, &later, fail) != CONFITURE_OK)
            return fail->status;
        *answer = later ? cfti_answer_of(CONFITURE_DIFFERENCE_ORDER, index, 0,
                                         "the order differs, expected ", " here")
                        : cfti_answer_of(CONFITURE_DIFFERENCE_NEW, index, 0, "", " is new");
        return CONFITURE_OK;
    }
    for (after = 0; after < files->count; after++) {
        after = cfti_files_named(files, after, name, name_size);
        if (after < files->count && cfti_build_route(build, after) == route) break;
    }
    if (after < files->count) { /* and it was here before */
        *answer = cfti_answer_of(CONFITURE_DIFFERENCE_ORDER, after, 0, "", " is here once more");
        return CONFITURE_OK;
    }
    *answer = cfti_answer_plain(CONFITURE_DIFFERENCE_GONE, "");
    answer->listed = cfti_files_named(verify->listed, 0, name, name_size);
    if (answer->listed < verify->listed->count) {
        answer->difference = CONFITURE_DIFFERENCE_LEFT_OUT;
        answer->after =
            cfti_build_has(build, name, name_size) ? " belongs to another phase" : " is left out";
        return CONFITURE_OK;
    }
    answer->listed = CONFITURE_NO_INDEX;
    answer->name = name;
    answer->name_size = name_size;
    answer->after = " is no longer there";
    return CONFITURE_OK;
}

static bool cfti_starts_with(const uint8_t *bytes, size_t size, const char *start, size_t n) {
    return size >= n && memcmp(bytes, start, n) == 0;
}

/* What the file's first separator, or what it has in its place, shows of the options with which it
 * was built. False: nothing. The first `equal` bytes are those of the build, too: what has ended by
 * then is no difference, as in a file whose text begins with a separator. */
static bool cfti_verify_options(const cfti_verify *verify, const uint8_t *bytes, size_t size,
                                uint64_t equal, cfti_answer *answer) {
    static const char header[] =
        "-- " CFTI_BAR_44 "\n-- PostgreSQL Schema for Confiture\n-- " CFTI_BAR_44 "\n";
    static const struct {
        const char *start, *text;
    } styles[] = {{cfti_separator_block, "its separators are of the style block_comment"},
                  {cfti_separator_line, "its separators are of the style line_comment"},
                  {cfti_separator_mysql, "its separators are of the style mysql"}};
    const confiture_build_options *options = verify->build.options;
    size_t i;
    if (options->header == NULL && equal < sizeof(header) - 1 &&
        cfti_starts_with(bytes, size, header, sizeof(header) - 1)) {
        *answer = cfti_answer_plain(CONFITURE_DIFFERENCE_HEADER, "it has a header");
        return true;
    }
    for (i = 0; i < CFTI_COUNT(styles); i++) {
        size_t n = strlen(styles[i].start); /* up to the name */
        if ((size_t)options->separator == i || equal >= n ||
            !cfti_starts_with(bytes, size, styles[i].start, n))
            continue;
        *answer = cfti_answer_plain(CONFITURE_DIFFERENCE_SEPARATOR, styles[i].text);
        return true;
    }
    return false;
}

/* The bytes up to and with the second end of a line: those of a longer file may begin so, too. */
static size_t cfti_two_lines(const cfti_buffer *separator) {
    size_t i, lines = 0;
    for (i = 0; i < separator->size && lines < 2; i++) lines += separator->data[i] == '\n';
    return i;
}

/* Whether the file differs by a CR before or instead of an LF. */
static bool cfti_verify_line_ends(const cfti_compare *compare, const uint8_t *bytes, size_t size) {
    return size > 0 && ((compare->wanted == '\n' && bytes[0] == '\r') ||
                        (compare->wanted == '\r' && bytes[0] == '\n'));
}

static const char cfti_it_has_crlf[] = "it has CR or CRLF where the build has LF";

/* Says it of a line of a file, which may have CRLF of its own that the build makes LF. */
static void cfti_answer_line_ends(const cfti_compare *compare, cfti_answer *answer) {
    answer->difference = CONFITURE_DIFFERENCE_LINE_ENDS;
    if (compare->wanted == '\n') {
        answer->before = "it has CR or CRLF where the build has LF, from ";
        answer->after = "";
    } else {
        answer->after = " has CR or CRLF, the schema LF";
    }
}

/* The difference is in a separator, or, without separators, in the first text. */
static confiture_status cfti_verify_explain_separator(cfti_verify *verify, unsigned route,
                                                      cfti_answer *answer, cfti_fail *fail) {
    cfti_compare *compare = &verify->compares[route];
    const cfti_buffer *separator = &verify->build.separator;
    uint64_t from = compare->start, equal = cfti_compare_position(compare) - from;
    size_t size, into = (size_t)equal, name_size;
    const uint8_t *name;
    if (cfti_compare_look(compare, from, &size, fail) != CONFITURE_OK) return fail->status;
    if (compare->files == 1 && cfti_verify_options(verify, compare->piece, size, equal, answer))
        return CONFITURE_OK;
    if (compare->part != CFTI_PART_SEPARATOR) return CONFITURE_OK;
    name = cfti_separator_read(separator, compare->piece, size, &name_size);
    if (name != NULL) return cfti_verify_named(verify, route, name, name_size, answer, fail);
    if (into <= size && cfti_verify_line_ends(compare, compare->piece + into, size - into))
        *answer = cfti_answer_plain(CONFITURE_DIFFERENCE_LINE_ENDS, cfti_it_has_crlf);
    else if (compare->files > 1 && into < cfti_two_lines(separator))
        *answer =
            cfti_answer_of(CONFITURE_DIFFERENCE_LONGER, compare->previous, compare->previous_lines,
                           "", " is the file's last line, and here it goes on");
    else
        *answer = cfti_answer_of(CONFITURE_DIFFERENCE_SEPARATOR, compare->index, 0,
                                 "the separator before ", " differs");
    return CONFITURE_OK;
}

static confiture_status cfti_verify_explain_text(cfti_verify *verify, unsigned route,
                                                 cfti_answer *answer, cfti_fail *fail) {
    cfti_compare *compare = &verify->compares[route];
    size_t size;
    *answer = cfti_answer_of(CONFITURE_DIFFERENCE_TEXT, compare->index, compare->lines + 1, "",
                             " differs");
    if (cfti_compare_look(compare, cfti_compare_position(compare), &size, fail) != CONFITURE_OK)
        return fail->status;
    if (cfti_verify_line_ends(compare, compare->piece, size)) {
        cfti_answer_line_ends(compare, answer);
    } else if (compare->files == 1 && verify->build.separator.size == 0) {
        return cfti_verify_explain_separator(verify, route, answer, fail);
    }
    return CONFITURE_OK;
}

static void cfti_verify_explain_ended(const cfti_compare *compare, cfti_answer *answer) {
    uint64_t position = cfti_compare_position(compare);
    if (position == 0) {
        *answer = cfti_answer_plain(CONFITURE_DIFFERENCE_ENDS_EARLY, "it is empty");
    } else if (compare->part == CFTI_PART_HEADER) {
        *answer = cfti_answer_plain(CONFITURE_DIFFERENCE_ENDS_EARLY, "it ends inside its header");
    } else if (position == compare->start) {
        *answer = cfti_answer_of(CONFITURE_DIFFERENCE_NEW, compare->index, 0, "", " is new");
    } else {
        bool text = compare->part == CFTI_PART_TEXT;
        *answer = cfti_answer_of(
            CONFITURE_DIFFERENCE_ENDS_EARLY, compare->index, text ? compare->lines + 1 : 0,
            text ? "it ends early, before the end of " : "it ends early, in the separator before ",
            "");
    }
}

static confiture_status cfti_verify_explain_end(cfti_verify *verify, unsigned route,
                                                cfti_answer *answer, cfti_fail *fail) {
    cfti_compare *compare = &verify->compares[route];
    size_t size, name_size;
    const uint8_t *name;
    *answer = cfti_answer_plain(CONFITURE_DIFFERENCE_HAS_MORE, "it has more than the list builds");
    if (cfti_compare_look(compare, cfti_compare_position(compare), &size, fail) != CONFITURE_OK)
        return fail->status;
    name = cfti_separator_read(&verify->build.separator, compare->piece, size, &name_size);
    return name == NULL ? CONFITURE_OK
                        : cfti_verify_named(verify, route, name, name_size, answer, fail);
}

static confiture_status cfti_verify_explain_header(cfti_compare *compare, cfti_answer *answer,
                                                   cfti_fail *fail) {
    uint64_t position = cfti_compare_position(compare);
    size_t size;
    if (cfti_compare_look(compare, position, &size, fail) != CONFITURE_OK) return fail->status;
    *answer = cfti_answer_plain(CONFITURE_DIFFERENCE_HEADER,
                                compare->line == 1   ? "it has no header"
                                : compare->line == 5 ? "the environment in its header differs"
                                                     : "its header differs");
    if (cfti_verify_line_ends(compare, compare->piece, size))
        *answer = cfti_answer_plain(CONFITURE_DIFFERENCE_LINE_ENDS, cfti_it_has_crlf);
    return CONFITURE_OK;
}

/* All bytes are the same: what is left are the two values of the header that were put off. */
static void cfti_verify_explain_values(cfti_verify *verify, unsigned route, cfti_answer *answer) {
    static const char *const texts[] = {
        "only the digest of the sources differs: a change that the schema does not show, as of "
        "line ends",
        "only the digest of the sources differs: a change that the schema does not show, as of "
        "line ends or of a file that is left out",
        "only the digest of the sources differs: a change that this schema does not show, as of "
        "line ends or of another phase"};
    const cfti_build *build = &verify->build;
    cfti_compare *compare = &verify->compares[route];
    char count[20];
    size_t count_size = cfti_decimal(count, build->counts[route]);
    *answer = cfti_answer_plain(CONFITURE_DIFFERENCE_NONE, "");
    if (!build->has_header[route]) return;
    if (!cfti_compare_has_value(compare, 1, count, count_size)) {
        *answer = cfti_answer_plain(CONFITURE_DIFFERENCE_HEADER,
                                    "the number of files in its header differs");
        compare->line = CFTI_LINE_COUNT + 1;
    } else if (!cfti_compare_has_value(compare, 0, build->digest_hex, 64)) {
        *answer = cfti_answer_plain(CONFITURE_DIFFERENCE_DIGEST,
                                    texts[build->outputs_used == 3      ? 2
                                          : build->options->schema_only ? 1
                                                                        : 0]);
        compare->line = CFTI_LINE_DIGEST + 1;
    }
}

static confiture_status cfti_verify_explain(cfti_verify *verify, unsigned route,
                                            cfti_answer *answer, cfti_fail *fail) {
    cfti_compare *compare = &verify->compares[route];
    if (!compare->is_open) {
        *answer = cfti_answer_plain(CONFITURE_DIFFERENCE_ABSENT, "missing");
        return CONFITURE_OK;
    }
    if (!compare->differs) {
        cfti_verify_explain_values(verify, route, answer);
        return CONFITURE_OK;
    }
    if (compare->ended) {
        cfti_verify_explain_ended(compare, answer);
        return CONFITURE_OK;
    }
    switch (compare->part) {
    case CFTI_PART_HEADER: return cfti_verify_explain_header(compare, answer, fail);
    case CFTI_PART_TEXT: return cfti_verify_explain_text(verify, route, answer, fail);
    case CFTI_PART_END: return cfti_verify_explain_end(verify, route, answer, fail);
    default: return cfti_verify_explain_separator(verify, route, answer, fail);
    }
}

/* ---- the result ---- */

static void cfti_verify_say(confiture_verification *result, const cfti_compare *compare,
                            const confiture_files *listed, const cfti_answer *answer) {
    cfti_writer w;
    cfti_writer_init(&w, result->message, sizeof(result->message));
    cfti_write_path(&w, compare->path);
    if (result->line != 0) {
        cfti_write_string(&w, ":");
        cfti_write_number(&w, result->line);
    }
    cfti_write_string(&w, ": out of date: ");
    cfti_write_string(&w, answer->before);
    if (answer->name != NULL) {
        cfti_write_string(&w, "\"");
        cfti_write_path(&w, result->name);
        cfti_write_string(&w, "\"");
    } else if (result->index != CONFITURE_NO_INDEX) {
        cfti_write_path(&w, listed->items[result->index].path);
        if (answer->source_line != 0) {
            cfti_write_string(&w, ":");
            cfti_write_number(&w, answer->source_line);
        }
    }
    cfti_write_string(&w, answer->after);
}

static void cfti_verify_describe(const cfti_verify *verify, unsigned route,
                                 const cfti_answer *answer, confiture_verification *result) {
    const cfti_build *build = &verify->build;
    const cfti_compare *compare = &verify->compares[route];
    result->difference = answer->difference;
    result->matches = answer->difference == CONFITURE_DIFFERENCE_NONE;
    result->index = answer->index == CONFITURE_NO_INDEX
                        ? answer->listed
                        : cfti_files_origin(build->files, answer->index);
    result->file_count = build->counts[route];
    result->left_out = build->left_out;
    memcpy(result->digest, build->digest, sizeof(result->digest));
    memcpy(result->digest_hex, build->digest_hex, sizeof(result->digest_hex));
    if (result->matches) {
        result->total_bytes = cfti_compare_position(compare);
        return;
    }
    result->line = compare->is_open ? compare->line : 0;
    result->source_line = answer->source_line;
    if (answer->name != NULL) {
        size_t size = cfti_min(answer->name_size, sizeof(result->name) - 1);
        memcpy(result->name, answer->name + (answer->name_size - size), size);
    }
    cfti_verify_say(result, compare, verify->listed, answer);
}

/* ---- one verification ---- */

static confiture_status cfti_verify_scan(cfti_verify *verify, cfti_fail *fail) {
    cfti_build *build = &verify->build;
    confiture_status status = cfti_build_begin(build, fail);
    size_t i;
    if (status == CONFITURE_OK) status = cfti_verify_reserve(verify, fail);
    for (i = 0; i < build->outputs_used && status == CONFITURE_OK; i++) {
        const cfti_buffer *header = &build->outputs[i].buffer;
        if (verify->compares[i].is_open)
            status = cfti_compare_header(&verify->compares[i], (const char *)header->data,
                                         header->size, fail);
    }
    if (status == CONFITURE_OK) status = cfti_build_scan(build, fail);
    for (i = 0; i < build->outputs_used && status == CONFITURE_OK; i++)
        if (verify->compares[i].is_open && !verify->compares[i].differs)
            status = cfti_compare_end(&verify->compares[i], fail);
    return status;
}

/* Says what differs, if the files stayed as they were all the while. */
static confiture_status cfti_verify_finish(cfti_verify *verify, confiture_verification *results,
                                           cfti_fail *fail) {
    confiture_status status = CONFITURE_OK;
    unsigned i;
    for (i = 0; i < verify->build.outputs_used && status == CONFITURE_OK; i++) {
        cfti_compare *compare = &verify->compares[i];
        cfti_answer answer;
        status = cfti_verify_explain(verify, i, &answer, fail);
        if (status != CONFITURE_OK) break;
        cfti_verify_describe(verify, i, &answer, &results[i]);
        if (!compare->is_open) continue;
        status = cfti_read_unchanged(compare->file, &compare->before, fail);
        if (status != CONFITURE_OK) fail->path = compare->path;
    }
    return status;
}

static confiture_status cfti_verify_targets(cfti_verify *verify, confiture_verification *results,
                                            const cfti_target *targets, size_t count,
                                            const confiture_build_options *options,
                                            const confiture_allocator *allocator, cfti_fail *fail) {
    const confiture_files *files = verify->listed;
    confiture_files without;
    bool made = false;
    size_t i;
    confiture_status status =
        cfti_files_without(files, targets, count, allocator, &without, &made, fail);
    if (status != CONFITURE_OK) return status;
    if (made && without.count == 0) {
        status =
            cfti_fail_with(fail, CONFITURE_E_NO_FILES, "the output is the only file of the list");
        fail->path = targets[0].path;
    }
    if (status == CONFITURE_OK)
        status = cfti_build_init(&verify->build, made ? &without : files, options, count, fail);
    if (status == CONFITURE_OK) {
        if (made) verify->build.left_out = files->count - without.count;
        verify->build.rules.counts_lines = true;
        verify->build.write = cfti_verify_write;
        verify->separator.path = "";
        verify->separator.buffer.allocator = *allocator;
        for (i = 0; i < count && status == CONFITURE_OK; i++)
            status = cfti_compare_open(&verify->compares[i], &targets[i], allocator, fail);
        if (status == CONFITURE_OK) status = cfti_verify_scan(verify, fail);
        if (status == CONFITURE_OK) status = cfti_verify_finish(verify, results, fail);
        for (i = 0; i < count; i++) cfti_compare_close(&verify->compares[i], allocator);
        cfti_buffer_free(&verify->separator.buffer);
        cfti_build_close(&verify->build, status);
    }
    if (made) cfti_files_subset_free(&without);
    return status;
}

/* Finds the files, which a build would replace. */
static confiture_status cfti_verify_locate(cfti_target *targets, const char *const *paths,
                                           size_t count, const confiture_allocator *allocator,
                                           size_t *found, cfti_fail *fail) {
    confiture_status status = CONFITURE_OK;
    const cfti_target *twin;
    while (*found < count && status == CONFITURE_OK) {
        cfti_target *target = &targets[(*found)++];
        status = cfti_target_find(target, paths[*found - 1], allocator, fail);
        if (status != CONFITURE_OK || target->direct) continue;
        if (cfti_target_find_directory(target) != 0)
            status = cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    }
    if (status != CONFITURE_OK) return status;
    twin = cfti_targets_collide(targets, count);
    return twin == NULL ? CONFITURE_OK : cfti_fail_collision(fail, twin);
}

static confiture_status cfti_verify_files(confiture_verification *results, const char *const *paths,
                                          size_t count, const confiture_files *files,
                                          const confiture_build_options *options,
                                          confiture_error *error) {
    confiture_build_options defaults;
    confiture_allocator allocator;
    cfti_target targets[3];
    cfti_verify verify;
    cfti_fail fail;
    confiture_status status = CONFITURE_OK;
    size_t i, found = 0;
    int cancel;
    memset(&defaults, 0, sizeof(defaults));
    memset(&verify, 0, sizeof(verify));
    if (options == NULL) options = &defaults;
    memset(results, 0, count * sizeof(*results));
    if (!cfti_build_require(files, options, count, error)) return CONFITURE_E_ARGUMENT;
    if (options->map != NULL || options->map_paths != NULL)
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT, "a verification makes no map");
    if (!cfti_allocator_choose(&allocator, options->run.allocator))
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT, cfti_no_allocator);
    cancel = cfti_cancel_disable();
    verify.listed = files;
    status = cfti_verify_locate(targets, paths, count, &allocator, &found, &fail);
    if (status == CONFITURE_OK)
        status = cfti_verify_targets(&verify, results, targets, count, options, &allocator, &fail);
    for (i = 0; i < found; i++) cfti_target_close(&targets[i]);
    cfti_cancel_restore(cancel);
    if (status == CONFITURE_OK) return status;
    memset(results, 0, count * sizeof(*results));
    return cfti_report(error, &fail);
}

CONFITURE_API confiture_status confiture_verify_file(confiture_verification *result,
                                                     const char *path, const confiture_files *files,
                                                     const confiture_build_options *options,
                                                     confiture_error *error) {
    if (!cfti_require(result, "result", error) || !cfti_require(path, "path", error))
        return CONFITURE_E_ARGUMENT;
    return cfti_verify_files(result, &path, 1, files, options, error);
}

CONFITURE_API confiture_status confiture_verify_split_files(confiture_verification results[3],
                                                            const char *const paths[3],
                                                            const confiture_files *files,
                                                            const confiture_build_options *options,
                                                            confiture_error *error) {
    if (!cfti_require(results, "results", error) || !cfti_require_all(paths, 3, "paths", error))
        return CONFITURE_E_ARGUMENT;
    return cfti_verify_files(results, paths, 3, files, options, error);
}
