/* ---- results/check.c: bytes to text, and its checks ---- */

typedef struct cfti_text_rules {
    confiture_check_mode mode; /* never CONFITURE_CHECK_DEFAULT */
    bool strip_bom;
    bool keep_line_ends; /* the text is the bytes; the check reads LF for CRLF and CR */
    bool counts_lines;   /* for a map of the schema */
    bool refuse_nul;     /* whatever the mode */
} cfti_text_rules;

/* The state of a file's text between its pieces. */
typedef struct cfti_text_pieces {
    cfti_utf8 utf8;
    uint64_t lines;        /* line ends so far */
    bool after_cr;         /* the last piece ended in CR */
    const char *refused;   /* a byte that is refused beside what the lexer finds; NULL: none */
    uint64_t refused_line; /* of the first */
    cfti_lexer lexer;
} cfti_text_pieces;

/* What map leaves to fold. */
typedef struct cfti_text_state {
    cfti_fail finding;      /* without the path; status OK: none */
    uint64_t relative_line; /* of an \ir; 0: none */
    bool unended;           /* only a statement is open */
    const char *if_ended;   /* the finding if a semicolon is added: a COPY; NULL: none */
    bool variable;          /* the open statement is a psql variable: it may hold anything */
    const uint8_t *text;    /* of the chunk: its bytes, or a translation of them */
    size_t text_size;
    uint64_t lines; /* ends of lines in it, if the rules ask for them */
} cfti_text_state;

static const char cfti_lone_cr[] =
    "carriage return alone, where psql ends no line: use LF or CRLF, or let it become LF";

static const char cfti_nul_in_digest[] =
    "NUL byte, which would make a digest of texts ambiguous: remove it, or use the tree digest";

static void cfti_find_encoding(cfti_text_state *state, const cfti_text_pieces *pieces,
                               const cfti_chunk *chunk) {
    uint64_t before = chunk->total - chunk->size;
    size_t good = pieces->utf8.offset > before ? (size_t)(pieces->utf8.offset - before) : 0;
    bool after_cr = pieces->after_cr;
    cfti_fail_with(&state->finding, CONFITURE_E_ENCODING, NULL);
    state->finding.offset = pieces->utf8.offset;
    state->finding.line = 1 + pieces->lines + cfti_count_lines(chunk->bytes, good, &after_cr);
}

static bool cfti_knows_psql(confiture_check_mode mode) {
    return mode == CONFITURE_CHECK_POSTGRES || mode == CONFITURE_CHECK_QUOTES;
}

/* The line that ends in the first CR of the chunk without an LF; 0: none. */
static uint64_t cfti_find_lone_cr(const cfti_text_pieces *pieces, const cfti_chunk *chunk) {
    const uint8_t *p = chunk->bytes, *end = p + chunk->size;
    bool after_cr = pieces->after_cr;
    if (after_cr && (p < end ? *p != '\n' : chunk->last)) return pieces->lines;
    while (p < end && (p = (const uint8_t *)memchr(p, '\r', (size_t)(end - p))) != NULL) {
        if (++p < end ? *p != '\n' : chunk->last)
            return pieces->lines +
                   cfti_count_lines(chunk->bytes, (size_t)(p - chunk->bytes), &after_cr);
    }
    return 0;
}

/* The line of the first NUL of the chunk; 0: none. */
static uint64_t cfti_find_nul(const cfti_text_pieces *pieces, const cfti_chunk *chunk) {
    const uint8_t *p = chunk->bytes;
    bool after_cr = pieces->after_cr;
    if (chunk->size == 0 || (p = (const uint8_t *)memchr(p, '\0', chunk->size)) == NULL) return 0;
    return 1 + pieces->lines +
           cfti_count_lines(chunk->bytes, (size_t)(p - chunk->bytes), &after_cr);
}

/* Looks for a byte that the rules refuse, unless one was found in an earlier piece. */
static void cfti_text_refuse(cfti_text_pieces *pieces, const cfti_chunk *chunk,
                             const cfti_text_rules *rules) {
    if (pieces->refused != NULL) return;
    if (rules->keep_line_ends && cfti_knows_psql(rules->mode)) {
        pieces->refused_line = cfti_find_lone_cr(pieces, chunk);
        if (pieces->refused_line != 0) pieces->refused = cfti_lone_cr;
    } else if (rules->refuse_nul) {
        pieces->refused_line = cfti_find_nul(pieces, chunk);
        if (pieces->refused_line != 0) pieces->refused = cfti_nul_in_digest;
    }
}

static void cfti_text_check(cfti_text_state *state, cfti_lexer *lexer, const cfti_chunk *chunk) {
    static const uint8_t semicolon[2] = {';', '\n'};
    const char *what;
    if (!chunk->last) {
        cfti_lexer_feed(lexer, state->text, state->text_size);
        return;
    }
    what = cfti_lexer_finish(lexer, state->text, state->text_size, &state->finding.line);
    state->relative_line = lexer->relative_line;
    state->unended = what == cfti_statement_open;
    if (state->unended) {
        uint64_t line;
        cfti_lexer_feed(lexer, semicolon, sizeof semicolon);
        state->if_ended = cfti_lexer_end(lexer, &line);
    }
    state->variable = what == NULL && lexer->query.content == CFTI_QUERY_VARIABLE;
    if (what == NULL) return;
    state->finding.status = CONFITURE_E_UNCLOSED;
    state->finding.detail = what;
}

/* Counts lines. The lexer has counted them already, unless it has stopped. */
static void cfti_text_count(cfti_text_pieces *pieces, const cfti_text_state *state,
                            const cfti_text_rules *rules) {
    if (rules->mode != CONFITURE_CHECK_NONE && pieces->lexer.found == NULL)
        pieces->lines = pieces->lexer.line - 1;
    else pieces->lines += cfti_count_byte(state->text, state->text_size, '\n');
}

static confiture_status cfti_text_piece(cfti_text_state *state, cfti_text_pieces *pieces,
                                        const cfti_chunk *chunk, const cfti_text_rules *rules,
                                        cfti_arena *arena, cfti_fail *fail) {
    static const uint8_t mark[3] = {0xEF, 0xBB, 0xBF};
    size_t skip = 0;
    if (chunk->first) {
        cfti_utf8_init(&pieces->utf8);
        cfti_lexer_init(&pieces->lexer, rules->mode);
        pieces->lines = 0;
        pieces->after_cr = false;
        pieces->refused = NULL;
    }
    if (!cfti_utf8_feed(&pieces->utf8, chunk->bytes, chunk->size) ||
        (chunk->last && !cfti_utf8_end(&pieces->utf8))) {
        cfti_find_encoding(state, pieces, chunk);
        return CONFITURE_OK;
    }
    cfti_text_refuse(pieces, chunk, rules);
    if (chunk->size > 0 && (pieces->after_cr || memchr(chunk->bytes, '\r', chunk->size) != NULL)) {
        uint8_t *text = (uint8_t *)cfti_arena_alloc(arena, chunk->size);
        if (text == NULL) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
        state->text_size = cfti_newlines(text, chunk->bytes, chunk->size, &pieces->after_cr);
        state->text = text;
    }
    if (rules->strip_bom && chunk->first && state->text_size >= sizeof mark &&
        memcmp(state->text, mark, sizeof mark) == 0)
        skip = sizeof mark;
    state->text += skip;
    state->text_size -= skip;
    if (rules->mode != CONFITURE_CHECK_NONE) cfti_text_check(state, &pieces->lexer, chunk);
    if (!chunk->last) {
        cfti_text_count(pieces, state, rules);
    } else if (pieces->refused != NULL) {
        state->unended = false;
        state->if_ended = NULL;
        cfti_fail_with(&state->finding, CONFITURE_E_UNCLOSED, pieces->refused);
        state->finding.line = pieces->refused_line;
    }
    if (rules->keep_line_ends) {
        state->text = chunk->bytes + skip;
        state->text_size = chunk->size - skip;
    }
    if (rules->counts_lines) state->lines = cfti_count_byte(state->text, state->text_size, '\n');
    return CONFITURE_OK;
}

/* The map of check, build and text digest: strict UTF-8, newline translation, and what the file
 * leaves open. Findings are left to fold. */
static confiture_status cfti_text_map(cfti_text_state *state, const cfti_chunk *chunk,
                                      const cfti_text_rules *rules, cfti_arena *arena,
                                      cfti_fail *fail) {
    cfti_text_pieces whole;
    state->text = chunk->bytes;
    state->text_size = chunk->size;
    if (state->finding.status != CONFITURE_OK) return CONFITURE_OK; /* in an earlier piece */
    return cfti_text_piece(
        state, chunk->piece_state != NULL ? (cfti_text_pieces *)chunk->piece_state : &whole, chunk,
        rules, arena, fail);
}

/* Where findings are reported. */
typedef struct cfti_findings {
    const confiture_files *files;
    confiture_finding_callback *callback;
    void *user;
    bool notes;     /* are reported too */
    bool terminate; /* the build adds a missing semicolon */
    bool any;
    cfti_fail first; /* of the findings */
} cfti_findings;

static const size_t cfti_note_size = sizeof("note: ") - 1;

/* Reports a failure to the callback, or, if `what` is not NULL, a note. */
static void cfti_findings_report(const cfti_findings *findings, const cfti_fail *fail,
                                 const char *name, const char *what) {
    confiture_finding finding;
    confiture_error words;
    (void)cfti_report(&words, fail);
    finding.status = fail->status;
    finding.severity = what == NULL ? CONFITURE_SEVERITY_ERROR : CONFITURE_SEVERITY_NOTE;
    finding.index = fail->index;
    finding.path = fail->path;
    finding.name = name;
    finding.line = fail->line;
    finding.offset = fail->offset;
    finding.what = what != NULL           ? what
                   : fail->detail != NULL ? fail->detail
                                          : confiture_status_text(fail->status);
    finding.message = words.message;
    findings->callback(findings->user, &finding);
}

/* Reports a note on a line of a file. detail begins with "note: ". */
static void cfti_findings_note_file(const cfti_findings *findings, const cfti_chunk *chunk,
                                    uint64_t line, const char *detail) {
    cfti_fail fail;
    cfti_fail_with(&fail, CONFITURE_OK, detail);
    cfti_fail_at(&fail, findings->files, chunk->index);
    fail.line = line;
    cfti_findings_report(findings, &fail, chunk->file->name, detail + cfti_note_size);
}

/* The fold of check and build: reports a finding to the callback, or fails without one. In the last
 * file of an output a statement may end without a semicolon. */
static confiture_status cfti_findings_add(cfti_findings *findings, const cfti_chunk *chunk,
                                          bool ends_output, cfti_fail *fail) {
    const cfti_text_state *state = (const cfti_text_state *)chunk->state;
    if (findings->notes && chunk->last && state->relative_line != 0)
        cfti_findings_note_file(findings, chunk, state->relative_line,
                                "note: \\ir looks beside the built schema, not beside this file");
    if (state->finding.status == CONFITURE_OK) return CONFITURE_OK;
    if (state->unended && (ends_output || (findings->terminate && state->if_ended == NULL)))
        return CONFITURE_OK;
    *fail = state->finding;
    if (findings->terminate && state->if_ended != NULL) fail->detail = state->if_ended;
    cfti_fail_at(fail, findings->files, chunk->index);
    if (!findings->any) findings->first = *fail;
    findings->any = true;
    if (findings->callback == NULL) return fail->status;
    if (chunk->last) cfti_findings_report(findings, fail, chunk->file->name, NULL);
    return CONFITURE_OK;
}

/* Reports a note on a name. */
static void cfti_findings_note_name(void *ctx, const cfti_fail *fail, const char *name) {
    cfti_findings_report((const cfti_findings *)ctx, fail, name, fail->detail + cfti_note_size);
}

static confiture_status cfti_findings_note_names(cfti_findings *findings, const confiture_run *run,
                                                 cfti_fail *fail) {
    cfti_notes notes;
    int cancel = cfti_cancel_disable();
    bool good;
    memset(&notes, 0, sizeof(notes));
    notes.files = findings->files;
    notes.report = cfti_findings_note_name;
    notes.ctx = findings;
    (void)cfti_scratch_allocator(&notes.allocator, run); /* the scan had one too */
    notes.words.allocator = notes.allocator;
    good = cfti_notes_report_all(&notes);
    cfti_cancel_restore(cancel);
    return good ? CONFITURE_OK : cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
}

typedef struct cfti_check {
    cfti_text_rules rules;
    cfti_findings findings;
} cfti_check;

static confiture_status cfti_check_map(void *ctx, cfti_chunk *chunk, cfti_arena *arena,
                                       cfti_fail *fail) {
    return cfti_text_map((cfti_text_state *)chunk->state, chunk, &((cfti_check *)ctx)->rules, arena,
                         fail);
}

static confiture_status cfti_check_fold(void *ctx, cfti_chunk *chunk, cfti_fail *fail) {
    cfti_check *check = (cfti_check *)ctx;
    bool ends_output = chunk->index + 1 == check->findings.files->count;
    return cfti_findings_add(&check->findings, chunk, ends_output, fail);
}

/* Why these rules cannot be used, or NULL. */
static const char *cfti_text_rules_refuse(const cfti_text_rules *rules, bool terminate) {
    if (rules->mode == CONFITURE_CHECK_POSTGRES) return NULL;
    if (rules->mode != CONFITURE_CHECK_QUOTES && rules->mode != CONFITURE_CHECK_REFERENCE &&
        rules->mode != CONFITURE_CHECK_NONE)
        return "unknown check mode";
    return terminate ? "terminate needs the check POSTGRES, which alone sees unended statements"
                     : NULL;
}

CONFITURE_API confiture_status confiture_check(const confiture_files *files,
                                               const confiture_check_options *options,
                                               confiture_error *error) {
    confiture_check_options defaults;
    cfti_consumer consumer;
    cfti_check check;
    cfti_fail fail;
    const char *why;
    confiture_status status;
    memset(&defaults, 0, sizeof(defaults));
    memset(&consumer, 0, sizeof(consumer));
    memset(&check, 0, sizeof(check));
    if (!cfti_require(files, "files", error)) return CONFITURE_E_ARGUMENT;
    if (options == NULL) options = &defaults;
    check.rules.mode = options->mode;
    if (options->mode == CONFITURE_CHECK_DEFAULT) check.rules.mode = CONFITURE_CHECK_POSTGRES;
    why = cfti_text_rules_refuse(&check.rules, options->terminate);
    if (why != NULL) return cfti_report_plain(error, CONFITURE_E_ARGUMENT, why);
    check.rules.strip_bom = options->strip_bom;
    check.findings.terminate = options->terminate;
    check.findings.notes = options->on_finding != NULL && !options->no_notes;
    check.findings.files = files;
    check.findings.callback = options->on_finding;
    check.findings.user = options->finding_user;
    consumer.state_size = sizeof(cfti_text_state);
    consumer.piece_state_size = sizeof(cfti_text_pieces);
    consumer.state_only = true;
    consumer.map = cfti_check_map;
    consumer.fold = cfti_check_fold;
    consumer.ctx = &check;
    status = cfti_scan_run(files, &options->run, &consumer, &fail);
    if (status == CONFITURE_OK && check.findings.notes)
        status = cfti_findings_note_names(&check.findings, &options->run, &fail);
    if (status == CONFITURE_OK && check.findings.any) {
        fail = check.findings.first;
        status = fail.status;
    }
    return status == CONFITURE_OK ? status : cfti_report(error, &fail);
}
