/* UTF-8, newlines and the search for bytes: text.c. */

SUITE(text, NULL, NULL);

static uint64_t text_random_state = 88172645463325252u;

static uint32_t text_random(uint32_t below) {
    text_random_state ^= text_random_state << 13;
    text_random_state ^= text_random_state >> 7;
    text_random_state ^= text_random_state << 17;
    return (uint32_t)(text_random_state >> 33) % below;
}

/* ==== UTF-8 ============================================================== */

/* Decodes to a code point and judges that: where does the first bad sequence begin?
 * n if nowhere. */
static size_t text_utf8_oracle(const uint8_t *p, size_t n) {
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t i = 0, k, size;
    while (i < n) {
        uint32_t code = p[i];
        size = code < 0x80    ? 1
               : code >= 0xF8 ? 0
               : code >= 0xF0 ? 4
               : code >= 0xE0 ? 3
               : code >= 0xC0 ? 2
                              : 0;
        if (size == 0 || size > n - i) return i;
        if (size > 1) code &= 0x7Fu >> size;
        for (k = 1; k < size; k++) {
            if (p[i + k] >> 6 != 2) return i;
            code = code << 6 | (p[i + k] & 0x3Fu);
        }
        if (code < least[size] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return i;
        i += size;
    }
    return n;
}

/* The same from cfti_utf8, in pieces that end at a, at b and at n. */
static size_t text_utf8(const uint8_t *p, size_t n, size_t a, size_t b) {
    cfti_utf8 utf8;
    cfti_utf8_init(&utf8);
    if (!cfti_utf8_feed(&utf8, p, a) || !cfti_utf8_feed(&utf8, p + a, b - a) ||
        !cfti_utf8_feed(&utf8, p + b, n - b) || !cfti_utf8_end(&utf8))
        return (size_t)utf8.offset;
    return n;
}

static bool text_utf8_agrees(const uint8_t *p, size_t n) {
    size_t expected = text_utf8_oracle(p, n), a, b;
    bool agrees = true;
    for (a = 0; a <= n; a++)
        for (b = a; b <= n; b++) agrees = agrees && text_utf8(p, n, a, b) == expected;
    return agrees;
}

TEST(text, utf8) {
    /* Table 3-7 of the Unicode standard, one row each: first and last sequence. */
    static const char *const good[] = {"\x01",
                                       "\x7F",
                                       "\xC2\x80",
                                       "\xDF\xBF",
                                       "\xE0\xA0\x80",
                                       "\xE0\xBF\xBF",
                                       "\xE1\x80\x80",
                                       "\xEC\xBF\xBF",
                                       "\xED\x80\x80",
                                       "\xED\x9F\xBF",
                                       "\xEE\x80\x80",
                                       "\xEF\xBF\xBF",
                                       "\xF0\x90\x80\x80",
                                       "\xF0\xBF\xBF\xBF",
                                       "\xF1\x80\x80\x80",
                                       "\xF3\xBF\xBF\xBF",
                                       "\xF4\x80\x80\x80",
                                       "\xF4\x8F\xBF\xBF"};
    static const char *const bad[] = {"\x80",
                                      "\xBF",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xE0\x80\x80",
                                      "\xE0\x9F\xBF",
                                      "\xED\xA0\x80",
                                      "\xED\xBF\xBF",
                                      "\xF0\x80\x80\x80",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xF8\x88\x80\x80\x80",
                                      "\xFC\x84\x80\x80\x80\x80",
                                      "\xFE",
                                      "\xFF",
                                      "\xC2\x41",
                                      "\xE1\x80\x41",
                                      "\xF1\x80\x80\x41",
                                      "\xC2\xC2\x80",
                                      "\xE1\x80\xC2\x80"};
    static const uint8_t edge[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF};
    static uint8_t text[200];
    size_t i, j, k, n, pad;
    unsigned lead;
    bool agrees = true;

    CHECK(text_utf8(text, 0, 0, 0) == 0);
    for (i = 0; i < (sizeof(good) / sizeof(good)[0]); i++) {
        n = strlen(good[i]);
        for (pad = 0; pad < 80; pad += pad < 20 ? 1 : 13) {
            memset(text, 'a', sizeof text);
            memcpy(text + pad, good[i], n);
            CHECK(text_utf8(text, pad + n, pad / 2, pad) == pad + n);
            CHECK(text_utf8(text, pad + n + 70, pad, pad + 1) == pad + n + 70);
            for (k = 1; k < n; k++) { /* cut off by the end, and by an ASCII letter */
                CHECK(text_utf8(text, pad + k, pad / 2, pad) == pad);
                text[pad + k] = 'a';
                CHECK(text_utf8(text, pad + n + 30, pad, pad + k) == pad);
                text[pad + k] = (uint8_t)good[i][k];
            }
        }
        CHECK(text_utf8_agrees((const uint8_t *)good[i], n));
    }
    for (i = 0; i < (sizeof(bad) / sizeof(bad)[0]); i++) {
        n = strlen(bad[i]);
        CHECK(text_utf8_oracle((const uint8_t *)bad[i], n) == 0);
        for (pad = 0; pad < 80; pad += pad < 20 ? 1 : 13) {
            memset(text, 'a', sizeof text);
            memcpy(text + pad, bad[i], n);
            CHECK(text_utf8(text, pad + n, pad / 2, pad) == pad);
            CHECK(text_utf8(text, pad + n + 70, pad, pad + 1) == pad);
        }
    }
    for (lead = 0; lead < 256; lead++)
        for (i = 0; i < sizeof edge; i++)
            for (j = 0; j < sizeof edge; j++)
                for (k = 0; k < sizeof edge; k++) {
                    text[0] = (uint8_t)lead;
                    text[1] = edge[i];
                    text[2] = edge[j];
                    text[3] = edge[k];
                    agrees = agrees &&
                             text_utf8(text, 4, 1, 2 + (i + k) % 3) == text_utf8_oracle(text, 4);
                }
    CHECK(agrees);
    for (i = 0; i < 2000; i++) { /* good text, in half of the rounds with one byte changed */
        for (n = 0; n < 40;) {
            uint32_t count = (uint32_t)(sizeof(good) / sizeof(good)[0]);
            const char *one = good[text_random(3) ? text_random(count) : 1];
            memcpy(text + n, one, strlen(one));
            n += strlen(one);
        }
        if (i % 2) text[text_random((uint32_t)n)] = (uint8_t)text_random(256);
        agrees = agrees && text_utf8_agrees(text, n);
    }
    CHECK(agrees);
}

/* ==== Newlines =========================================================== */

TEST(text, newlines) {
    static const char *const cases[][2] = {{"", ""},
                                           {"a", "a"},
                                           {"\n", "\n"},
                                           {"\r", "\n"},
                                           {"\r\n", "\n"},
                                           {"\n\r", "\n\n"},
                                           {"\r\r", "\n\n"},
                                           {"\r\r\n", "\n\n"},
                                           {"\r\n\n", "\n\n"},
                                           {"\r\n\r\n", "\n\n"},
                                           {"\n\n", "\n\n"},
                                           {"a\rb", "a\nb"},
                                           {"a\r\nb", "a\nb"},
                                           {"a\r\nb\rc\nd\r", "a\nb\nc\nd\n"},
                                           {"\r\r\r\n\n\n", "\n\n\n\n\n"},
                                           {"a\v\f\x1c\xc2\x85z", "a\v\f\x1c\xc2\x85z"},
                                           {"sixteen bytes are\r\nnot too few\rfor one\nvector",
                                            "sixteen bytes are\nnot too few\n"
                                            "for one\nvector"}};
    uint8_t out[100];
    size_t i, a, b, n, size;
    uint64_t lines;
    bool after_cr, after_cr_count;

    for (i = 0; i < (sizeof(cases) / sizeof(cases)[0]); i++) {
        const uint8_t *in = (const uint8_t *)cases[i][0];
        n = strlen(cases[i][0]);
        for (a = 0; a <= n; a++)
            for (b = a; b <= n; b++) {
                after_cr = after_cr_count = false;
                size = cfti_newlines(out, in, a, &after_cr);
                size += cfti_newlines(out + size, in + a, b - a, &after_cr);
                memcpy(out + size, in + b, n - b);
                size += cfti_newlines(out + size, out + size, n - b, &after_cr);
                CHECK(size == strlen(cases[i][1]) && !memcmp(out, cases[i][1], size));
                lines = cfti_count_lines(in, a, &after_cr_count);
                lines += cfti_count_lines(in + a, b - a, &after_cr_count);
                lines += cfti_count_lines(in + b, n - b, &after_cr_count);
                CHECK(lines == cfti_count_byte(out, size, '\n'));
            }
    }
}

TEST(text, search) {
    static uint8_t text[5000];
    size_t i, n, from, expected;
    uint64_t count;

    for (i = 0; i < sizeof text; i++) /* neighbours in value upset a careless zero-byte test */
        text[i] = (uint8_t)("\n\x0B\x09\x8A\n\n"[text_random(6)]);
    for (i = 0; i < 300; i++) {
        from = text_random(40);
        n = i < 290 ? text_random(300) : sizeof text - from;
        for (count = expected = 0; expected < n; expected++) count += text[from + expected] == '\n';
        CHECK(cfti_count_byte(text + from, n, '\n') == count);
        for (expected = from; expected < from + n && text[expected] != 0x8A; expected++)
            if (text[expected] == 0x09 && i % 2) break;
        CHECK(cfti_find2(text + from, text + from + n, 0x8A, i % 2 ? 0x09 : 0x8A) ==
              text + expected);
    }
    memset(text, '\n', sizeof text);
    CHECK(cfti_count_byte(text, sizeof text, '\n') == sizeof text);
}
