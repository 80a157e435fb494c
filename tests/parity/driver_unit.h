/* driver_unit.h: single functions of the inside, for the driver's "unit" operation.
 * Each takes up to two strings of bytes and gives bytes back, to be freed. */

static char *unit_answer(const void *data, size_t size, size_t *out) {
    char *copy = (char *)malloc(size + 1);
    if (copy == NULL) abort();
    if (size > 0) memcpy(copy, data, size);
    *out = size;
    return copy;
}

static char *unit_number(long long number, size_t *out) {
    char text[32];
    int size = snprintf(text, sizeof(text), "%lld", number);
    return unit_answer(text, (size_t)size, out);
}

static size_t unit_piece(size_t left, size_t chunk) {
    return chunk > 0 && chunk < left ? chunk : left;
}

/* "offset line" of the error, or "=" and the translated text, without a newline
 * that was not there. */
static char *unit_text(const char *data, size_t size, size_t chunk, size_t *out) {
    cfti_utf8 utf8;
    char *text = (char *)malloc(size + 1);
    size_t at = 0, n, text_size = 1;
    bool after_cr = false, good = true;
    if (text == NULL) abort();
    text[0] = '=';
    cfti_utf8_init(&utf8);
    for (; good && at < size; at += n) {
        n = unit_piece(size - at, chunk);
        good = cfti_utf8_feed(&utf8, (const uint8_t *)data + at, n);
        if (good)
            text_size += cfti_newlines((uint8_t *)text + text_size, (const uint8_t *)data + at, n,
                                       &after_cr);
    }
    good = good && cfti_utf8_end(&utf8);
    if (!good) {
        char message[64];
        after_cr = false;
        n = (size_t)snprintf(message, sizeof(message), "%llu %llu", (unsigned long long)utf8.offset,
                             (unsigned long long)cfti_count_lines((const uint8_t *)data,
                                                                  (size_t)utf8.offset, &after_cr) +
                                 1);
        free(text);
        return unit_answer(message, n, out);
    }
    *out = text_size;
    return text;
}

/* "line what" of what is left open in translated text, or nothing. */
static char *unit_lexer(const char *data, size_t size, confiture_check_mode mode, size_t chunk,
                        size_t *out) {
    cfti_lexer lexer;
    char message[128];
    const char *what;
    uint64_t line = 0;
    size_t at = 0, n;
    cfti_lexer_init(&lexer, mode);
    for (; at < size; at += n) {
        n = unit_piece(size - at, chunk);
        cfti_lexer_feed(&lexer, (const uint8_t *)data + at, n);
    }
    what = cfti_lexer_end(&lexer, &line);
    if (what == NULL) return unit_answer("", 0, out);
    n = (size_t)snprintf(message, sizeof(message), "%llu %s", (unsigned long long)line, what);
    return unit_answer(message, n, out);
}

static char *unit_sha256(const char *data, size_t size, size_t chunk, size_t *out) {
    confiture_sha256 sha;
    uint8_t digest[32];
    char hex[65];
    size_t at = 0, n;
    if (chunk == 0) {
        confiture_sha256_once(data, size, digest);
    } else {
        confiture_sha256_init(&sha);
        for (; at < size; at += n) {
            n = unit_piece(size - at, chunk);
            confiture_sha256_update(&sha, data + at, n);
        }
        confiture_sha256_final(&sha, digest);
    }
    confiture_sha256_hex(digest, hex);
    return unit_answer(hex, 64, out);
}

/* The order of two file names by hex key; paths do not count. */
static long long unit_hex_compare(const char *a, const char *b) {
    cfti_file x, y;
    int order;
    memset(&x, 0, sizeof(x));
    memset(&y, 0, sizeof(y));
    x.path = a;
    y.path = b;
    x.path_size = (uint32_t)strlen(a);
    y.path_size = (uint32_t)strlen(b);
    order = cfti_order_hex(&x, &y);
    return order < 0 ? -1 : order > 0;
}

static char *driver_unit(const char *name, const char *a, size_t a_size, const char *b,
                         size_t b_size, size_t chunk, size_t *out) {
    if (strcmp(name, "match") == 0) {
        if (cfti_match_is_empty(b, b_size) && (b_size == 0 || b[0] != '/'))
            return unit_number(-1, out);
        return unit_number(cfti_match(a, a_size, b, b_size), out);
    }
    if (strcmp(name, "fnmatch") == 0) return unit_number(cfti_fnmatch(a, a_size, b, b_size), out);
    if (strcmp(name, "seed") == 0) return unit_number(cfti_seed_component(a, a_size), out);
    if (strcmp(name, "hex") == 0) {
        size_t prefix = 0;
        return unit_number(cfti_hex_prefix(a, a_size, &prefix) ? (long long)prefix : -1, out);
    }
    if (strcmp(name, "hex_compare") == 0) return unit_number(unit_hex_compare(a, b), out);
    if (strcmp(name, "path_compare") == 0) return unit_number(cfti_path_compare(a, b), out);
    if (strcmp(name, "text") == 0) return unit_text(a, a_size, chunk, out);
    if (strcmp(name, "check_reference") == 0)
        return unit_lexer(a, a_size, CONFITURE_CHECK_REFERENCE, chunk, out);
    if (strcmp(name, "check_postgres") == 0)
        return unit_lexer(a, a_size, CONFITURE_CHECK_POSTGRES, chunk, out);
    if (strcmp(name, "sha256") == 0) return unit_sha256(a, a_size, chunk, out);
    return NULL;
}
