/* ---- check.c: bytes to text, and the checks on the way ---- */

/* What is known of a file's text between its pieces. */
typedef struct cfti_text_state {
    cfti_utf8 utf8;
    cfti_lexer lexer;
    uint64_t lines;                     /* line ends in the pieces before */
    bool text_after_cr, lines_after_cr; /* the piece before ended in CR */
    cfti_fail finding;                  /* status OK: none; without the path */
} cfti_text_state;

static void cfti_find_encoding(cfti_text_state *state, const cfti_visit *visit) {
    uint64_t before = visit->total - visit->size; /* bytes of the pieces before */
    size_t good = state->utf8.offset > before ? (size_t)(state->utf8.offset - before) : 0;
    bool after_cr = state->lines_after_cr;
    cfti_fail_with(&state->finding, CONFITURE_E_ENCODING, NULL);
    state->finding.offset = state->utf8.offset;
    state->finding.line = 1 + state->lines + cfti_count_lines(visit->bytes, good, &after_cr);
}

/* The map of everything that reads text: strict UTF-8, newlines translated, and what
 * the file leaves open. What it finds is left to the fold, which knows the order. */
static confiture_status cfti_text_map(cfti_text_state *state, cfti_visit *visit,
                                      confiture_check_mode mode, cfti_arena *arena,
                                      cfti_fail *fail) {
    if (visit->first) {
        cfti_utf8_init(&state->utf8);
        cfti_lexer_init(&state->lexer, mode);
    }
    visit->text = visit->bytes;
    visit->text_size = visit->size;
    if (state->finding.status != CONFITURE_OK) return CONFITURE_OK; /* in a piece before */
    if (!cfti_utf8_feed(&state->utf8, visit->bytes, visit->size) ||
        (visit->last && !cfti_utf8_end(&state->utf8))) {
        cfti_find_encoding(state, visit);
        return CONFITURE_OK;
    }
    if (visit->size > 0 &&
        (state->text_after_cr || memchr(visit->bytes, '\r', visit->size) != NULL)) {
        uint8_t *text = (uint8_t *)cfti_arena_take(arena, visit->size);
        if (text == NULL) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
        visit->text_size = cfti_newlines(text, visit->bytes, visit->size, &state->text_after_cr);
        visit->text = text;
    }
    if (mode != CONFITURE_CHECK_NONE) {
        cfti_lexer_feed(&state->lexer, visit->text, visit->text_size);
        if (visit->last) {
            const char *what = cfti_lexer_end(&state->lexer, &state->finding.line);
            if (what != NULL) {
                state->finding.status = CONFITURE_E_UNCLOSED;
                state->finding.detail = what;
            }
        }
    }
    if (!visit->last)
        state->lines += cfti_count_lines(visit->bytes, visit->size, &state->lines_after_cr);
    return CONFITURE_OK;
}

/* Where findings go, and the first of them. */
typedef struct cfti_findings {
    confiture_finding_callback *callback;
    void *user;
    bool any;
    cfti_fail first;
} cfti_findings;

/* The fold of it: a finding is told to the callback, or is an error if there is none. */
static confiture_status cfti_findings_add(cfti_findings *findings, const cfti_visit *visit,
                                          cfti_fail *fail) {
    const cfti_text_state *state = (const cfti_text_state *)visit->state;
    confiture_finding finding;
    confiture_error words;
    if (state->finding.status == CONFITURE_OK) return CONFITURE_OK;
    *fail = state->finding;
    cfti_fail_at(fail, visit);
    if (!findings->any) findings->first = *fail;
    findings->any = true;
    if (findings->callback == NULL) return fail->status;
    if (!visit->last) return CONFITURE_OK; /* once a file */
    (void)cfti_report(&words, fail);
    finding.status = fail->status;
    finding.index = fail->index;
    finding.path = visit->path;
    finding.name = visit->name;
    finding.line = fail->line;
    finding.offset = fail->offset;
    finding.what = fail->detail != NULL ? fail->detail : confiture_status_text(fail->status);
    finding.message = words.message;
    findings->callback(findings->user, &finding);
    return CONFITURE_OK;
}

typedef struct cfti_check {
    confiture_check_mode mode;
    cfti_findings findings;
} cfti_check;

static confiture_status cfti_check_map(void *ctx, cfti_visit *visit, cfti_arena *arena,
                                       cfti_fail *fail) {
    return cfti_text_map((cfti_text_state *)visit->state, visit, ((cfti_check *)ctx)->mode, arena,
                         fail);
}

static confiture_status cfti_check_fold(void *ctx, cfti_visit *visit, cfti_fail *fail) {
    return cfti_findings_add(&((cfti_check *)ctx)->findings, visit, fail);
}

static bool cfti_check_mode_is_known(confiture_check_mode mode) {
    return mode == CONFITURE_CHECK_POSTGRES || mode == CONFITURE_CHECK_REFERENCE ||
           mode == CONFITURE_CHECK_NONE;
}

CONFITURE_API confiture_status confiture_check(const confiture_files *files,
                                               const confiture_check_options *options,
                                               confiture_error *error) {
    confiture_check_options defaults;
    cfti_consumer consumer;
    cfti_check check;
    cfti_fail fail;
    confiture_status status;
    memset(&defaults, 0, sizeof(defaults));
    memset(&consumer, 0, sizeof(consumer));
    memset(&check, 0, sizeof(check));
    if (!cfti_is_given(files, "files", error)) return CONFITURE_E_ARGUMENT;
    if (options == NULL) options = &defaults;
    if (!cfti_check_mode_is_known(options->mode))
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT, "unknown check mode");
    check.mode = options->mode;
    check.findings.callback = options->on_finding;
    check.findings.user = options->finding_user;
    consumer.state_size = sizeof(cfti_text_state);
    consumer.by_state = true;
    consumer.map = cfti_check_map;
    consumer.fold = cfti_check_fold;
    consumer.ctx = &check;
    status = cfti_scan_run(files, &options->run, &consumer, &fail);
    if (status == CONFITURE_OK && check.findings.any) {
        fail = check.findings.first;
        status = fail.status;
    }
    return status == CONFITURE_OK ? status : cfti_report(error, &fail);
}
