/* ---- results/statement.c: where a statement begins ---- */

typedef struct cfti_statement {
    uint64_t line;       /* of the file, from 1 */
    uint64_t first;      /* where the statement that is open before it begins; 0: none is */
    bool keep_line_ends; /* CR ends no line */
} cfti_statement;

/* The state between the pieces of a file. */
typedef struct cfti_statement_pieces {
    cfti_text_pieces text;
    uint64_t left; /* line ends before the line */
    bool in_line;  /* the text so far ends in no newline */
    bool unknown;  /* a CR alone ends a line here, but none in the schema */
} cfti_statement_pieces;

/* The part of the text that precedes the line. */
static size_t cfti_statement_before(uint64_t *left, const uint8_t *text, size_t size) {
    const uint8_t *p = text, *end = text + size;
    while (*left > 0 && p < end) {
        const uint8_t *newline = (const uint8_t *)memchr(p, '\n', (size_t)(end - p));
        if (newline == NULL) return size;
        p = newline + 1;
        --*left;
    }
    return (size_t)(p - text);
}

/* Feeds what precedes the line, and counts its line ends. */
static void cfti_statement_feed(cfti_statement_pieces *pieces, const uint8_t *text, size_t size,
                                bool first) {
    static const uint8_t mark[3] = {0xEF, 0xBB, 0xBF};
    cfti_lexer *lexer = &pieces->text.lexer;
    size_t skip = 0;
    if (size > 0) pieces->in_line = text[size - 1] != '\n';
    size = cfti_statement_before(&pieces->left, text, size);
    if (first && size >= sizeof mark && memcmp(text, mark, sizeof mark) == 0) skip = sizeof mark;
    cfti_lexer_feed(lexer, text + skip, size - skip);
    pieces->text.lines = lexer->line - 1;
}

static confiture_status cfti_statement_map(void *ctx, cfti_chunk *chunk, cfti_arena *arena,
                                           cfti_fail *fail) {
    cfti_statement *statement = (cfti_statement *)ctx;
    cfti_statement_pieces whole, *pieces = &whole;
    const cfti_lexer *lexer;
    if (chunk->piece_state != NULL) pieces = (cfti_statement_pieces *)chunk->piece_state;
    lexer = &pieces->text.lexer;
    if (chunk->first) {
        memset(pieces, 0, sizeof *pieces);
        cfti_lexer_init(&pieces->text.lexer, CONFITURE_CHECK_POSTGRES);
        pieces->left = statement->line - 1;
    }
    if (pieces->left == 0) return CONFITURE_OK;
    if (chunk->size > 0) {
        uint8_t *text = (uint8_t *)cfti_arena_alloc(arena, chunk->size);
        if (text == NULL) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
        if (statement->keep_line_ends && cfti_find_lone_cr(&pieces->text, chunk) != 0)
            pieces->unknown = true;
        cfti_statement_feed(pieces, text,
                            cfti_newlines(text, chunk->bytes, chunk->size, &pieces->text.after_cr),
                            chunk->first);
    }
    /* A schema has a newline after every file. */
    if (chunk->last && pieces->in_line && pieces->left == 1) pieces->left = 0;
    if (pieces->left == 0 && !pieces->unknown && lexer->found == NULL && lexer->data.pending == 0 &&
        lexer->query.content == CFTI_QUERY_TOKENS)
        statement->first = lexer->query.start.line;
    return CONFITURE_OK;
}

CONFITURE_API confiture_status confiture_statement_line(uint64_t *first,
                                                        const confiture_files *files, size_t index,
                                                        uint64_t line,
                                                        const confiture_statement_options *options,
                                                        confiture_error *error) {
    confiture_statement_options defaults;
    confiture_files one;
    cfti_consumer consumer;
    cfti_statement statement;
    cfti_fail fail;
    memset(&defaults, 0, sizeof(defaults));
    memset(&consumer, 0, sizeof(consumer));
    memset(&statement, 0, sizeof(statement));
    if (!cfti_require(first, "first", error)) return CONFITURE_E_ARGUMENT;
    *first = 0;
    if (!cfti_require(files, "files", error)) return CONFITURE_E_ARGUMENT;
    if (index >= files->count || line == 0)
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT, "no such file, or no such line");
    if (options == NULL) options = &defaults;
    one = *files;
    one.items = &files->items[index];
    one.origins = &index;
    one.count = 1;
    statement.line = line;
    statement.keep_line_ends = options->keep_line_ends;
    consumer.piece_state_size = sizeof(cfti_statement_pieces);
    consumer.state_only = true;
    consumer.map = cfti_statement_map;
    consumer.ctx = &statement;
    if (cfti_scan_run(&one, &options->run, &consumer, &fail) != CONFITURE_OK)
        return cfti_report(error, &fail);
    *first = statement.first != 0 ? statement.first : line;
    return CONFITURE_OK;
}
