/* ---- base/sort.c: comparing bytes, and a stable sort ---- */

static int cfti_bytes_compare(const char *a, size_t a_size, const char *b, size_t b_size) {
    int order = memcmp(a, b, cfti_min(a_size, b_size));
    if (order != 0) return order;
    return a_size < b_size ? -1 : a_size > b_size;
}

/* A stable merge sort: qsort() is not stable, and may allocate by malloc(). Sorted items cost one
 * pass. False: no memory. */
static bool cfti_sort(const confiture_allocator *allocator, void *items, size_t n, size_t size,
                      int (*order)(const void *a, const void *b)) {
    char *from = (char *)items, *to, *scratch;
    size_t i, width;
    for (i = 1; i < n; i++)
        if (order(from + (i - 1) * size, from + i * size) > 0) break;
    if (i >= n) return true;
    scratch = to = (char *)cfti_alloc(allocator, n * size);
    if (scratch == NULL) return false;
    for (width = 1; width < n; width *= 2) {
        char *swap;
        for (i = 0; i < n; i += 2 * width) {
            size_t a = i, b = cfti_min(i + width, n), k = i;
            size_t a_end = b, b_end = cfti_min(b + width, n);
            while (k < b_end) {
                bool first =
                    b >= b_end || (a < a_end && order(from + a * size, from + b * size) <= 0);
                memcpy(to + k++ * size, from + (first ? a++ : b++) * size, size);
            }
        }
        swap = from, from = to, to = swap;
    }
    if (from != (char *)items) memcpy(items, from, n * size);
    cfti_free(allocator, scratch, n * size);
    return true;
}
