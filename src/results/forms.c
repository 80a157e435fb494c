/* ---- results/forms.c: the digests of a text's other forms ---- */

/* Whether two files differ only in line endings, the final newline or a byte order mark, told from
 * digests. A text is taken apart as it is read: a mark, the body, and a final newline. Its forms
 * are the bodies with and without a mark and with each final newline. Two marks, or two newlines
 * at the end, are text: taking one away would leave the same kind of text. */

enum { CFTI_END_NONE = 0, CFTI_END_LF, CFTI_END_CRLF, CFTI_END_CR, CFTI_ENDS };
enum { CFTI_BODY_AS_IS = 0, CFTI_BODY_LF, CFTI_BODY_CRLF, CFTI_BODIES };

static const char *const cfti_end_texts[CFTI_ENDS] = {"", "\n", "\r\n", "\r"};
static const uint8_t cfti_byte_order_mark[3] = {0xEF, 0xBB, 0xBF};

typedef struct cfti_body {
    confiture_sha256 sha[2]; /* without and with a mark */
    size_t used;
    uint8_t buffer[512]; /* one update for many short lines */
} cfti_body;

/* All zero before the first chunk. */
typedef struct cfti_forms {
    cfti_body bodies[CFTI_BODIES];
    size_t start_size;
    uint8_t start[6]; /* enough to see one mark, and whether another follows */
    bool started;
    bool has_mark; /* one, which is not part of the bodies */
    bool fixed_mark;
    int end;            /* the newline that the text ends in so far; it is not in the bodies yet */
    bool after_newline; /* the bodies end in a newline */
} cfti_forms;

static void cfti_body_flush(cfti_body *body) {
    confiture_sha256_update(&body->sha[0], body->buffer, body->used);
    confiture_sha256_update(&body->sha[1], body->buffer, body->used);
    body->used = 0;
}

static void cfti_body_put(cfti_body *body, const uint8_t *p, size_t n) {
    if (n > sizeof(body->buffer) - body->used) cfti_body_flush(body);
    if (n > sizeof(body->buffer)) {
        confiture_sha256_update(&body->sha[0], p, n);
        confiture_sha256_update(&body->sha[1], p, n);
        return;
    }
    memcpy(body->buffer + body->used, p, n);
    body->used += n;
}

static void cfti_forms_put_end(cfti_forms *forms) {
    static const uint8_t crlf[2] = {'\r', '\n'};
    const char *end = cfti_end_texts[forms->end];
    if (forms->end == CFTI_END_NONE) return;
    cfti_body_put(&forms->bodies[CFTI_BODY_AS_IS], (const uint8_t *)end, strlen(end));
    cfti_body_put(&forms->bodies[CFTI_BODY_LF], crlf + 1, 1);
    cfti_body_put(&forms->bodies[CFTI_BODY_CRLF], crlf, 2);
    forms->end = CFTI_END_NONE;
    forms->after_newline = true;
}

static void cfti_forms_text(cfti_forms *forms, const uint8_t *p, size_t n) {
    const uint8_t *end = p + n;
    int i;
    while (p < end) {
        const uint8_t *stop = cfti_find2(p, end, '\r', '\n');
        if (stop > p) {
            cfti_forms_put_end(forms);
            for (i = 0; i < CFTI_BODIES; i++)
                cfti_body_put(&forms->bodies[i], p, (size_t)(stop - p));
            forms->after_newline = false;
        }
        if (stop == end) return;
        if (forms->end == CFTI_END_CR && *stop == '\n') {
            forms->end = CFTI_END_CRLF;
        } else {
            cfti_forms_put_end(forms);
            forms->end = *stop == '\n' ? CFTI_END_LF : CFTI_END_CR;
        }
        p = stop + 1;
    }
}

/* Begins the bodies, when the start of the text is known. */
static void cfti_forms_start(cfti_forms *forms) {
    bool one = forms->start_size >= 3 && memcmp(forms->start, cfti_byte_order_mark, 3) == 0;
    size_t skip;
    int i;
    forms->fixed_mark =
        one && forms->start_size == 6 && memcmp(forms->start + 3, cfti_byte_order_mark, 3) == 0;
    forms->has_mark = one && !forms->fixed_mark;
    for (i = 0; i < CFTI_BODIES; i++) {
        confiture_sha256_init(&forms->bodies[i].sha[0]);
        confiture_sha256_init(&forms->bodies[i].sha[1]);
        confiture_sha256_update(&forms->bodies[i].sha[1], cfti_byte_order_mark, 3);
    }
    forms->started = true;
    skip = forms->has_mark ? 3 : 0;
    cfti_forms_text(forms, forms->start + skip, forms->start_size - skip);
}

/* Adds bytes of the text. */
static void cfti_forms_feed(cfti_forms *forms, const uint8_t *p, size_t n) {
    if (!forms->started) {
        size_t taken = cfti_min(sizeof(forms->start) - forms->start_size, n);
        if (taken > 0) memcpy(forms->start + forms->start_size, p, taken);
        forms->start_size += taken;
        if (forms->start_size < sizeof(forms->start)) return;
        cfti_forms_start(forms);
        p += taken;
        n -= taken;
    }
    if (n > 0) cfti_forms_text(forms, p, n);
}

static void cfti_forms_finish(cfti_forms *forms) {
    int i;
    if (!forms->started) cfti_forms_start(forms);
    if (forms->after_newline) cfti_forms_put_end(forms);
    for (i = 0; i < CFTI_BODIES; i++) cfti_body_flush(&forms->bodies[i]);
}

static void cfti_forms_digest(const cfti_forms *forms, int body, bool mark, int end,
                              uint8_t sha256[32]) {
    confiture_sha256 sha = forms->bodies[body].sha[mark];
    confiture_sha256_update(&sha, cfti_end_texts[end], strlen(cfti_end_texts[end]));
    confiture_sha256_final(&sha, sha256);
}

/* Whether the text, as it is, has this digest. */
static bool cfti_forms_are_of(const cfti_forms *forms, const uint8_t sha256[32]) {
    uint8_t own[32];
    cfti_forms_digest(forms, CFTI_BODY_AS_IS, forms->has_mark, forms->end, own);
    return memcmp(own, sha256, 32) == 0;
}

/* What differs between two texts: bits of CONFITURE_ONLY_. */
static unsigned cfti_forms_only(bool marks_differ, bool bodies_differ, int end, int other_end) {
    unsigned only = 0;
    if (marks_differ) only |= CONFITURE_ONLY_MARK;
    if ((end == CFTI_END_NONE) != (other_end == CFTI_END_NONE))
        only |= CONFITURE_ONLY_FINAL_NEWLINE;
    else if (end != other_end) only |= CONFITURE_ONLY_LINE_ENDINGS;
    return bodies_differ ? only | CONFITURE_ONLY_LINE_ENDINGS : only;
}

/* What differs between the text and another one, of which only the digest is known; 0: it is no
 * form of this text. Without CR the first two bodies are equal, and the first match counts. */
static unsigned cfti_forms_match(const cfti_forms *forms, const uint8_t sha256[32]) {
    /* After a body that ends in a newline, a further one would be text. */
    int body, mark, end, ends = forms->after_newline ? 1 : CFTI_ENDS;
    uint8_t digest[32];
    for (body = 0; body < CFTI_BODIES; body++) {
        for (mark = 0; mark < (forms->fixed_mark ? 1 : 2); mark++) {
            for (end = 0; end < ends; end++) {
                cfti_forms_digest(forms, body, mark != 0, end, digest);
                if (memcmp(digest, sha256, 32) == 0)
                    return cfti_forms_only((mark != 0) != forms->has_mark, body != CFTI_BODY_AS_IS,
                                           forms->end, end);
            }
        }
    }
    return 0;
}

/* What has to be known of each of two texts that are both at hand. */
typedef struct cfti_form {
    uint8_t normal[32]; /* LF, no mark, no final newline */
    uint8_t body[32];   /* as it is, no mark, no final newline */
    bool has_mark;
    int end;
} cfti_form;

static void cfti_forms_sum_up(const cfti_forms *forms, cfti_form *form) {
    cfti_forms_digest(forms, CFTI_BODY_LF, false, CFTI_END_NONE, form->normal);
    cfti_forms_digest(forms, CFTI_BODY_AS_IS, false, CFTI_END_NONE, form->body);
    form->has_mark = forms->has_mark;
    form->end = forms->end;
}

static unsigned cfti_form_compare(const cfti_form *a, const cfti_form *b) {
    if (memcmp(a->normal, b->normal, 32) != 0) return 0;
    return cfti_forms_only(a->has_mark != b->has_mark, memcmp(a->body, b->body, 32) != 0, a->end,
                           b->end);
}
