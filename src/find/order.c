/* ---- find/order.c: the orders of a list ---- */

/* The zero of each script's decimal digits in Unicode 14, except ASCII. The other nine digits
 * follow it, and Python's int() accepts all of them. */
static const uint32_t cfti_digit_zeros[] = {
    0x0660,  0x06F0,  0x07C0,  0x0966,  0x09E6,  0x0A66,  0x0AE6,  0x0B66,  0x0BE6,  0x0C66,
    0x0CE6,  0x0D66,  0x0DE6,  0x0E50,  0x0ED0,  0x0F20,  0x1040,  0x1090,  0x17E0,  0x1810,
    0x1946,  0x19D0,  0x1A80,  0x1A90,  0x1B50,  0x1BB0,  0x1C40,  0x1C50,  0xA620,  0xA8D0,
    0xA900,  0xA9D0,  0xA9F0,  0xAA50,  0xABF0,  0xFF10,  0x104A0, 0x10D30, 0x11066, 0x110F0,
    0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950,
    0x11C50, 0x11D50, 0x11DA0, 0x16A60, 0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC,
    0x1D7F6, 0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0};

/* The value of a hexadecimal digit by int(text, 16), without lower-case letters, or -1. *length is
 * the number of its bytes. */
static int cfti_hex_digit(const char *s, size_t n, size_t *length) {
    uint32_t code;
    size_t low = 0, high = CFTI_COUNT(cfti_digit_zeros);
    *length = cfti_char_at(s, n, &code);
    if (code >= '0' && code <= '9') return (int)(code - '0');
    if (code >= 'A' && code <= 'F') return (int)(code - 'A') + 10;
    if (code < 0x80) return -1;
    while (low < high) { /* the first zero above code */
        size_t middle = low + (high - low) / 2;
        if (cfti_digit_zeros[middle] <= code) low = middle + 1;
        else high = middle;
    }
    if (low == 0 || code - cfti_digit_zeros[low - 1] > 9) return -1;
    return (int)(code - cfti_digit_zeros[low - 1]);
}

/* The size of the "0X" that int() accepts at the start, or 0. */
static size_t cfti_hex_start(const char *stem, size_t prefix_size) {
    size_t length;
    if (cfti_hex_digit(stem, prefix_size, &length) == 0 && length < prefix_size &&
        stem[length] == 'X')
        return length + 1;
    return 0;
}

/* Whether a stem has a hexadecimal prefix before its first "_", and the size of the prefix. */
static bool cfti_hex_prefix(const char *stem, size_t size, size_t *prefix_size) {
    const char *bar = (const char *)memchr(stem, '_', size);
    size_t n, i, length;
    if (bar == NULL || bar == stem) return false;
    n = (size_t)(bar - stem);
    i = cfti_hex_start(stem, n);
    if (i == n) return false;
    for (; i < n; i += length)
        if (cfti_hex_digit(stem + i, n - i, &length) < 0) return false;
    *prefix_size = n;
    return true;
}

static int cfti_hex_compare(const char *a, size_t a_size, const char *b, size_t b_size) {
    size_t i = cfti_hex_start(a, a_size), j = cfti_hex_start(b, b_size), li, lj, a_digits = 0,
           b_digits = 0, k;
    int order = 0;
    while (i < a_size && cfti_hex_digit(a + i, a_size - i, &li) == 0) i += li;
    while (j < b_size && cfti_hex_digit(b + j, b_size - j, &lj) == 0) j += lj;
    for (k = i; k < a_size; k += li, a_digits++) (void)cfti_hex_digit(a + k, a_size - k, &li);
    for (k = j; k < b_size; k += lj, b_digits++) (void)cfti_hex_digit(b + k, b_size - k, &lj);
    if (a_digits != b_digits) return a_digits < b_digits ? -1 : 1;
    while (order == 0 && i < a_size) {
        order = cfti_hex_digit(a + i, a_size - i, &li) - cfti_hex_digit(b + j, b_size - j, &lj);
        i += li;
        j += lj;
    }
    return order;
}

/* The last component of the path without its last suffix; "." has an empty stem. */
static const char *cfti_stem(const cfti_file *file, size_t *size) {
    const char *name = file->path + file->leaf;
    const char *dot = strrchr(name, '.');
    *size = strlen(name);
    if (dot == name && *size == 1) *size = 0;
    if (dot != NULL && dot != name && dot[1] != '\0') *size = (size_t)(dot - name);
    return name;
}

static int cfti_order_path(const void *a, const void *b) {
    return cfti_path_compare(((const cfti_file *)a)->path, ((const cfti_file *)b)->path);
}

/* Files with a prefix by (value, rest), then the others by stem. The path breaks ties, so that the
 * order does not depend on the file system. */
static int cfti_order_hex(const void *a, const void *b) {
    size_t a_size, b_size, a_prefix = 0, b_prefix = 0;
    const char *x = cfti_stem((const cfti_file *)a, &a_size);
    const char *y = cfti_stem((const cfti_file *)b, &b_size);
    bool a_hex = cfti_hex_prefix(x, a_size, &a_prefix);
    bool b_hex = cfti_hex_prefix(y, b_size, &b_prefix);
    int order = 0;
    if (a_hex != b_hex) return a_hex ? -1 : 1;
    if (a_hex) {
        order = cfti_hex_compare(x, a_prefix, y, b_prefix);
        x += a_prefix + 1, a_size -= a_prefix + 1;
        y += b_prefix + 1, b_size -= b_prefix + 1;
    }
    if (order == 0) order = cfti_bytes_compare(x, a_size, y, b_size);
    return order != 0 ? order : cfti_order_path(a, b);
}

static bool cfti_files_sort(confiture_files *files, int (*order)(const void *a, const void *b)) {
    return cfti_sort(&files->allocator, files->items, files->count, sizeof(cfti_file), order);
}

/* Whether a list that is sorted by path contains a path. */
static bool cfti_files_contain(const confiture_files *files, const char *path) {
    size_t low = 0, high = files->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = cfti_path_compare(files->items[middle].path, path);
        if (order == 0) return true;
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return false;
}

/* Removes repeats from the files left out, and those that another walk has found. */
static bool cfti_files_order_left_out(confiture_files *files) {
    size_t i, kept = 0;
    if (!cfti_sort(&files->allocator, files->left_out, files->left_out_count, sizeof(cfti_file),
                   cfti_order_path))
        return false;
    for (i = 0; i < files->left_out_count; i++) {
        const char *path = files->left_out[i].path;
        if (kept > 0 && strcmp(files->left_out[kept - 1].path, path) == 0) continue;
        if (!cfti_files_contain(files, path)) files->left_out[kept++] = files->left_out[i];
    }
    files->left_out_count = kept;
    return true;
}

/* Sorts the list. in_order: it is already sorted by path. unique: only the first of equal paths
 * stays. */
static bool cfti_files_order(confiture_files *files, bool in_order, confiture_sort sort,
                             bool unique) {
    size_t i, kept = 0, stem_size, prefix_size;
    if (!in_order && !cfti_files_sort(files, cfti_order_path)) return false;
    if (!cfti_files_order_left_out(files)) return false;
    files->is_by_path = sort != CONFITURE_SORT_HEX;
    if (unique) {
        for (i = 0; i < files->count; i++) {
            if (kept > 0 && strcmp(files->items[kept - 1].path, files->items[i].path) == 0)
                continue;
            files->items[kept++] = files->items[i];
        }
        files->count = kept;
    }
    if (sort == CONFITURE_SORT_HEX) {
        for (i = 0; i < files->count; i++) {
            const char *stem = cfti_stem(&files->items[i], &stem_size);
            if (cfti_hex_prefix(stem, stem_size, &prefix_size))
                return cfti_files_sort(files, cfti_order_hex);
        }
    }
    return true;
}
