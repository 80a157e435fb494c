/* ---- results/diff.c: what has changed between two sums ---- */

typedef struct cfti_diff {
    const confiture_sums *sums[2]; /* the old and the new ones */
    size_t *match[2];              /* of each sum the index of its file in the other; NO_INDEX */
    bool *renamed[2];              /* the match has another name */
    const confiture_run *run;
    confiture_allocator allocator;
    confiture_changes *changes;
    cfti_fail fail;
} cfti_diff;

static bool cfti_diff_no_memory(cfti_diff *diff) {
    cfti_fail_with(&diff->fail, CONFITURE_E_MEMORY, NULL);
    return false;
}

static size_t cfti_sum_index(const confiture_sums *sums, const cfti_sum *sum) {
    return (size_t)(sum - sums->items);
}

/* ---- the same name ---- */

static void cfti_diff_pair(cfti_diff *diff, const cfti_sum *a, const cfti_sum *b) {
    size_t i = cfti_sum_index(diff->sums[0], a), k = cfti_sum_index(diff->sums[1], b);
    diff->match[0][i] = k;
    diff->match[1][k] = i;
}

static void cfti_diff_match_names(cfti_diff *diff) {
    const confiture_sums *a = diff->sums[0], *b = diff->sums[1];
    size_t i = 0, k = 0;
    while (i < a->count && k < b->count) {
        int order = cfti_path_compare(a->by_name[i]->name, b->by_name[k]->name);
        if (order == 0) cfti_diff_pair(diff, a->by_name[i++], b->by_name[k++]);
        else if (order < 0) i++;
        else k++;
    }
}

/* ---- the same bytes ---- */

static int cfti_diff_order_bytes(const void *a, const void *b) {
    return memcmp((*(const cfti_sum *const *)a)->sha256, (*(const cfti_sum *const *)b)->sha256, 32);
}

static int cfti_diff_order_leaves(const void *a, const void *b) {
    int order = cfti_diff_order_bytes(a, b);
    if (order != 0) return order;
    return strcmp(cfti_path_leaf((*(const cfti_sum *const *)a)->name),
                  cfti_path_leaf((*(const cfti_sum *const *)b)->name));
}

/* The sums without a match, by bytes, last component and name. */
typedef struct cfti_unmatched {
    const cfti_sum **items;
    size_t count, capacity;
} cfti_unmatched;

static bool cfti_diff_collect(cfti_diff *diff, int side, cfti_unmatched *out) {
    const confiture_sums *sums = diff->sums[side];
    size_t i;
    out->capacity = sums->count;
    if (sums->count == 0) return true;
    out->items = (const cfti_sum **)cfti_alloc(&diff->allocator, sums->count * sizeof(*out->items));
    if (out->items == NULL) return cfti_diff_no_memory(diff);
    for (i = 0; i < sums->count; i++) {
        const cfti_sum *sum = sums->by_name[i];
        if (diff->match[side][cfti_sum_index(sums, sum)] == CONFITURE_NO_INDEX)
            out->items[out->count++] = sum;
    }
    return cfti_sort(&diff->allocator, (void *)out->items, out->count, sizeof(*out->items),
                     cfti_diff_order_leaves) ||
           cfti_diff_no_memory(diff);
}

/* Pairs what `order` calls equal, first with first, and keeps the rest. */
static void cfti_diff_pair_equal(cfti_diff *diff, cfti_unmatched *a, cfti_unmatched *b,
                                 int (*order)(const void *, const void *)) {
    size_t i = 0, k = 0, a_kept = 0, b_kept = 0;
    while (i < a->count && k < b->count) {
        int which = order(&a->items[i], &b->items[k]);
        if (which < 0) {
            a->items[a_kept++] = a->items[i++];
        } else if (which > 0) {
            b->items[b_kept++] = b->items[k++];
        } else {
            const cfti_sum *x = a->items[i++], *y = b->items[k++];
            cfti_diff_pair(diff, x, y);
            diff->renamed[0][cfti_sum_index(diff->sums[0], x)] = true;
            diff->renamed[1][cfti_sum_index(diff->sums[1], y)] = true;
        }
    }
    while (i < a->count) a->items[a_kept++] = a->items[i++];
    while (k < b->count) b->items[b_kept++] = b->items[k++];
    a->count = a_kept;
    b->count = b_kept;
}

static bool cfti_diff_match_bytes(cfti_diff *diff) {
    cfti_unmatched a, b;
    bool good;
    memset(&a, 0, sizeof(a));
    memset(&b, 0, sizeof(b));
    good = cfti_diff_collect(diff, 0, &a) && cfti_diff_collect(diff, 1, &b);
    if (good) {
        cfti_diff_pair_equal(diff, &a, &b, cfti_diff_order_leaves);
        cfti_diff_pair_equal(diff, &a, &b, cfti_diff_order_bytes);
    }
    cfti_free(&diff->allocator, (void *)a.items, a.capacity * sizeof(*a.items));
    cfti_free(&diff->allocator, (void *)b.items, b.capacity * sizeof(*b.items));
    return good;
}

/* ---- the order ---- */

static cfti_file cfti_sum_as_file(const cfti_sum *sum) {
    cfti_file file;
    memset(&file, 0, sizeof(file));
    file.path = sum->name;
    file.leaf = (uint32_t)(cfti_path_leaf(sum->name) - sum->name);
    return file;
}

static bool cfti_sums_are_in(const confiture_sums *sums,
                             int (*order)(const void *a, const void *b)) {
    size_t i;
    for (i = 1; i < sums->count; i++) {
        cfti_file a = cfti_sum_as_file(&sums->items[i - 1]), b = cfti_sum_as_file(&sums->items[i]);
        if (order(&a, &b) > 0) return false;
    }
    return true;
}

/* Whether the order of sums means anything: it is that of a list, or one that a search makes. */
static bool cfti_sums_have_order(const confiture_sums *sums) {
    return sums->files != NULL || cfti_sums_are_in(sums, cfti_order_path) ||
           cfti_sums_are_in(sums, cfti_order_hex);
}

/* The next sum from `index` on whose file has the same name in both. */
static size_t cfti_diff_next_common(const cfti_diff *diff, int side, size_t index) {
    while (index < diff->sums[side]->count &&
           (diff->match[side][index] == CONFITURE_NO_INDEX || diff->renamed[side][index]))
        index++;
    return index;
}

static size_t cfti_diff_find_moved(const cfti_diff *diff) {
    size_t i = cfti_diff_next_common(diff, 0, 0), k = cfti_diff_next_common(diff, 1, 0);
    while (k < diff->sums[1]->count && diff->match[1][k] == i) {
        i = cfti_diff_next_common(diff, 0, i + 1);
        k = cfti_diff_next_common(diff, 1, k + 1);
    }
    if (k == diff->sums[1]->count || !cfti_sums_have_order(diff->sums[0]) ||
        !cfti_sums_have_order(diff->sums[1]))
        return CONFITURE_NO_INDEX;
    return k;
}

/* ---- the list of changes ---- */

/* Whether a sum of the new ones is a change, which is then filled in. */
static bool cfti_diff_change(const cfti_diff *diff, size_t new_index, confiture_change *change) {
    const cfti_sum *sum = &diff->sums[1]->items[new_index], *old;
    memset(change, 0, sizeof(*change));
    change->new_index = new_index;
    change->new_name = sum->name;
    change->old_index = diff->match[1][new_index];
    change->kind = CONFITURE_CHANGE_ADDED;
    if (change->old_index == CONFITURE_NO_INDEX) return true;
    old = &diff->sums[0]->items[change->old_index];
    change->old_name = old->name;
    change->kind =
        diff->renamed[1][new_index] ? CONFITURE_CHANGE_RENAMED : CONFITURE_CHANGE_MODIFIED;
    return diff->renamed[1][new_index] || memcmp(sum->sha256, old->sha256, 32) != 0;
}

/* Calls with items NULL only count. In the order of the new sums; deletions, by name, where they
 * would be in a list that is sorted by path. */
static size_t cfti_diff_list(const cfti_diff *diff, confiture_change *items) {
    const confiture_sums *a = diff->sums[0], *b = diff->sums[1];
    size_t i = 0, k, count = 0;
    confiture_change change;
    for (k = 0; k <= b->count; k++) {
        for (; i < a->count; i++) {
            const cfti_sum *old = a->by_name[i];
            if (k < b->count && cfti_path_compare(old->name, b->items[k].name) > 0) break;
            if (diff->match[0][cfti_sum_index(a, old)] != CONFITURE_NO_INDEX) continue;
            if (items != NULL) {
                memset(&change, 0, sizeof(change));
                change.kind = CONFITURE_CHANGE_DELETED;
                change.old_index = cfti_sum_index(a, old);
                change.new_index = CONFITURE_NO_INDEX;
                change.old_name = old->name;
                items[count] = change;
            }
            count++;
        }
        if (k == b->count || !cfti_diff_change(diff, k, &change)) continue;
        if (items != NULL) items[count] = change;
        count++;
    }
    return count;
}

static bool cfti_diff_make_list(cfti_diff *diff) {
    confiture_changes *changes = diff->changes;
    changes->count = cfti_diff_list(diff, NULL);
    if (changes->count == 0) return true;
    changes->items =
        (confiture_change *)cfti_alloc(&diff->allocator, changes->count * sizeof(confiture_change));
    if (changes->items == NULL) {
        changes->count = 0;
        return cfti_diff_no_memory(diff);
    }
    (void)cfti_diff_list(diff, changes->items);
    return true;
}

/* ---- why ---- */

/* What is learned of a changed file when it is read again. */
typedef struct cfti_reread {
    const uint8_t *own;   /* its sum */
    const uint8_t *other; /* the sum of its other state, if that is not at hand */
    unsigned only;
    cfti_form form; /* if both are at hand */
} cfti_reread;

static confiture_status cfti_reread_map(void *ctx, cfti_chunk *chunk, cfti_arena *arena,
                                        cfti_fail *fail) {
    cfti_reread *item = &((cfti_reread *)ctx)[chunk->index];
    cfti_forms whole, *forms = (cfti_forms *)chunk->piece_state;
    (void)arena;
    if (forms == NULL) {
        memset(&whole, 0, sizeof(whole));
        forms = &whole;
    }
    cfti_forms_feed(forms, chunk->bytes, chunk->size);
    if (!chunk->last) return CONFITURE_OK;
    cfti_forms_finish(forms);
    if (!cfti_forms_are_of(forms, item->own))
        return cfti_fail_with(fail, CONFITURE_E_CHANGED,
                              "the file changed between the two times that it was read");
    if (item->other != NULL) item->only = cfti_forms_match(forms, item->other);
    else cfti_forms_sum_up(forms, &item->form);
    return CONFITURE_OK;
}

/* Reads the modified files of one side again. items: one for each, in the order of the changes. */
static bool cfti_diff_reread(cfti_diff *diff, int side, cfti_reread *items, bool both) {
    const confiture_sums *sums = diff->sums[side], *others = diff->sums[!side];
    confiture_files subset;
    cfti_consumer consumer;
    cfti_fail fail;
    confiture_status status;
    size_t i;
    memset(&consumer, 0, sizeof(consumer));
    if (!cfti_files_subset(&subset, sums->files, &diff->allocator))
        return cfti_diff_no_memory(diff);
    for (i = 0; i < diff->changes->count; i++) {
        const confiture_change *change = &diff->changes->items[i];
        cfti_reread *item = &items[subset.count];
        size_t own = side == 0 ? change->old_index : change->new_index;
        if (change->kind != CONFITURE_CHANGE_MODIFIED) continue;
        memset(item, 0, sizeof(*item));
        item->own = sums->items[own].sha256;
        if (!both) item->other = others->items[diff->match[side][own]].sha256;
        cfti_files_subset_add(&subset, sums->files, sums->items[own].file);
    }
    consumer.piece_state_size = sizeof(cfti_forms);
    consumer.state_only = true;
    consumer.map = cfti_reread_map;
    consumer.ctx = items;
    status = cfti_scan_run(&subset, diff->run, &consumer, &fail);
    if (status != CONFITURE_OK) diff->fail = fail;
    cfti_files_subset_free(&subset);
    return status == CONFITURE_OK;
}

static const char *const cfti_only_texts[8] = {
    NULL,
    "line endings only",
    "final newline only",
    "line endings and final newline only",
    "byte order mark only",
    "line endings and byte order mark only",
    "final newline and byte order mark only",
    "line endings, final newline and byte order mark only"};

static bool cfti_diff_reread_all(cfti_diff *diff, cfti_reread *items, size_t count) {
    bool old_side = diff->sums[0]->files != NULL, new_side = diff->sums[1]->files != NULL;
    size_t i, k = 0;
    if (old_side && !cfti_diff_reread(diff, 0, items, new_side)) return false;
    if (new_side && !cfti_diff_reread(diff, 1, items + (old_side ? count : 0), old_side))
        return false;
    for (i = 0; i < diff->changes->count; i++) {
        confiture_change *change = &diff->changes->items[i];
        if (change->kind != CONFITURE_CHANGE_MODIFIED) continue;
        change->only = old_side && new_side
                           ? cfti_form_compare(&items[k].form, &items[count + k].form)
                           : items[k].only;
        change->reason = cfti_only_texts[change->only];
        k++;
    }
    return true;
}

static bool cfti_diff_find_reasons(cfti_diff *diff) {
    size_t i, count = 0, sides;
    cfti_reread *items;
    bool good;
    sides = (size_t)(diff->sums[0]->files != NULL) + (size_t)(diff->sums[1]->files != NULL);
    for (i = 0; i < diff->changes->count; i++)
        count += diff->changes->items[i].kind == CONFITURE_CHANGE_MODIFIED;
    if (count == 0 || sides == 0) return true;
    items = (cfti_reread *)cfti_alloc(&diff->allocator, sides * count * sizeof(*items));
    if (items == NULL) return cfti_diff_no_memory(diff);
    good = cfti_diff_reread_all(diff, items, count);
    cfti_free(&diff->allocator, items, sides * count * sizeof(*items));
    return good;
}

/* ---- the whole ---- */

static bool cfti_diff_run(cfti_diff *diff, bool no_reasons) {
    cfti_diff_match_names(diff);
    if (!cfti_diff_match_bytes(diff) || !cfti_diff_make_list(diff)) return false;
    diff->changes->first_moved = cfti_diff_find_moved(diff);
    return no_reasons || cfti_diff_find_reasons(diff);
}

/* All that is needed for both sides, in one block. */
static bool cfti_diff_prepare(cfti_diff *diff, void **block, size_t *size) {
    size_t a = diff->sums[0]->count, b = diff->sums[1]->count, i;
    if (b > SIZE_MAX / 16 - a) return cfti_diff_no_memory(diff);
    *size = (a + b) * (sizeof(size_t) + sizeof(bool)) + 1;
    *block = cfti_alloc(&diff->allocator, *size);
    if (*block == NULL) return cfti_diff_no_memory(diff);
    diff->match[0] = (size_t *)*block;
    diff->match[1] = diff->match[0] + a;
    diff->renamed[0] = (bool *)(void *)(diff->match[1] + b);
    diff->renamed[1] = diff->renamed[0] + a;
    for (i = 0; i < a + b; i++) {
        diff->match[0][i] = CONFITURE_NO_INDEX;
        diff->renamed[0][i] = false;
    }
    return true;
}

CONFITURE_API confiture_status confiture_diff(confiture_changes *changes,
                                              const confiture_sums *old_sums,
                                              const confiture_sums *new_sums,
                                              const confiture_diff_options *options,
                                              confiture_error *error) {
    confiture_diff_options defaults;
    cfti_diff diff;
    void *block = NULL;
    size_t size = 0;
    int cancel;
    memset(&defaults, 0, sizeof(defaults));
    memset(&diff, 0, sizeof(diff));
    if (!cfti_require(changes, "changes", error)) return CONFITURE_E_ARGUMENT;
    memset(changes, 0, sizeof(*changes));
    changes->first_moved = CONFITURE_NO_INDEX;
    if (!cfti_require(old_sums, "old_sums", error) || !cfti_require(new_sums, "new_sums", error))
        return CONFITURE_E_ARGUMENT;
    if (options == NULL) options = &defaults;
    if (!cfti_allocator_choose(&diff.allocator, options->run.allocator))
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT, cfti_no_allocator);
    diff.sums[0] = old_sums;
    diff.sums[1] = new_sums;
    diff.run = &options->run;
    diff.changes = changes;
    changes->allocator = diff.allocator;
    cancel = cfti_cancel_disable();
    if (!cfti_diff_prepare(&diff, &block, &size) || !cfti_diff_run(&diff, options->no_reasons))
        confiture_changes_free(changes);
    cfti_free(&diff.allocator, block, size);
    cfti_cancel_restore(cancel);
    return diff.fail.status == CONFITURE_OK ? CONFITURE_OK : cfti_report(error, &diff.fail);
}

CONFITURE_API void confiture_changes_free(confiture_changes *changes) {
    if (changes == NULL) return;
    cfti_free(&changes->allocator, changes->items, changes->count * sizeof(confiture_change));
    memset(changes, 0, sizeof(*changes));
    changes->first_moved = CONFITURE_NO_INDEX;
}
