/* ---- results/separator.c: the text before each file ---- */

#define CFTI_BAR_42 "=========================================="

/* Returned by a compile function when memory runs out. */
static const char cfti_no_memory[] = "out of memory";

/* In a compiled separator NUL stands for the name of the file. */
static const char cfti_separator_block[] =
    "\n/* " CFTI_BAR_42 "\n * File: \0\n * " CFTI_BAR_42 " */\n\n";
static const char cfti_separator_line[] =
    "\n-- " CFTI_BAR_42 "\n-- File: \0\n-- " CFTI_BAR_42 "\n\n";
static const char cfti_separator_mysql[] = "\n# " CFTI_BAR_42 "\n# File: \0\n# " CFTI_BAR_42 "\n\n";

/* Compiles a caller's template. Returns NULL, or what is wrong. */
static const char *cfti_template_compile(cfti_buffer *out, const char *template_text) {
    static const char field[] = "{file_path}";
    const char *p = template_text;
    size_t i = 0, n;
    if (p == NULL || *p == '\0') return "the custom separator has no template";
    n = strlen(p);
    while (i < n) {
        uint32_t code;
        size_t length = cfti_utf8_decode((const uint8_t *)p + i, n - i, &code);
        if (length == 0) return "the separator template is not valid UTF-8";
        i += length;
    }
    if (!cfti_buffer_append(out, "\n", 1)) return cfti_no_memory;
    while (*p != '\0') {
        bool good;
        if (p[0] == '{' && p[1] == '{') {
            good = cfti_buffer_append(out, "{", 1), p += 2;
        } else if (p[0] == '}' && p[1] == '}') {
            good = cfti_buffer_append(out, "}", 1), p += 2;
        } else if (strncmp(p, field, sizeof(field) - 1) == 0) {
            good = cfti_buffer_append(out, "", 1), p += sizeof(field) - 1;
        } else if (*p == '{' || *p == '}') {
            return "the separator template may hold {file_path}, {{ and }} and no other braces";
        } else {
            good = cfti_buffer_append(out, p, 1), p++;
        }
        if (!good) return cfti_no_memory;
    }
    return cfti_buffer_append(out, "\n", 1) ? NULL : cfti_no_memory;
}

/* Compiles the separator of a build. Returns NULL, or what is wrong. */
static const char *cfti_separator_compile(cfti_buffer *out, confiture_separator style,
                                          const char *template_text) {
    const char *text = "";
    size_t size = 0;
    switch (style) {
    case CONFITURE_SEPARATOR_BLOCK_COMMENT:
        text = cfti_separator_block, size = sizeof(cfti_separator_block) - 1;
        break;
    case CONFITURE_SEPARATOR_LINE_COMMENT:
        text = cfti_separator_line, size = sizeof(cfti_separator_line) - 1;
        break;
    case CONFITURE_SEPARATOR_MYSQL:
        text = cfti_separator_mysql, size = sizeof(cfti_separator_mysql) - 1;
        break;
    case CONFITURE_SEPARATOR_CUSTOM: return cfti_template_compile(out, template_text);
    case CONFITURE_SEPARATOR_NONE: break;
    default: return "unknown separator style";
    }
    return cfti_buffer_append(out, text, size) ? NULL : cfti_no_memory;
}

/* The size of a separator with the name in it. */
static size_t cfti_separator_size(const cfti_buffer *separator, size_t name_size) {
    size_t names = (size_t)cfti_count_byte(separator->data, separator->size, 0);
    return separator->size + names * name_size;
}

static confiture_status cfti_separator_put(cfti_output *output, const cfti_buffer *separator,
                                           const char *name, size_t name_size, cfti_fail *fail) {
    const char *p = (const char *)separator->data;
    size_t left = separator->size;
    while (left > 0) {
        const char *mark = (const char *)memchr(p, '\0', left);
        size_t n = mark == NULL ? left : (size_t)(mark - p);
        confiture_status status = cfti_output_put(output, p, n, fail);
        if (status == CONFITURE_OK && mark != NULL) {
            status = cfti_output_put(output, name, name_size, fail);
            n++;
        }
        if (status != CONFITURE_OK) return status;
        p += n;
        left -= n;
    }
    return CONFITURE_OK;
}
