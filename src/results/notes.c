/* ---- results/notes.c: notes on the names of a list ---- */

/* The letters from U+00C0 to U+017F (Latin-1, Latin Extended-A) that Unicode decomposes into a
 * letter and a combining mark: the letters, and a character of cfti_marks for each mark. */
static const char cfti_letters[] =
    "AAAAAA CEEEEIIII NOOOOO  UUUUY  aaaaaa ceeeeiiii nooooo  uuuuy y"
    "AaAaAaCcCcCcCcDd  EeEeEeEeEeGgGgGgGgHh  IiIiIiIiI   JjKk LlLlLl "
    "   NnNnNn   OoOoOo  RrRrRrSsSsSsSsTtTt  UuUuUuUuUuUuWwYyYZzZzZz ";
static const char cfti_letter_marks[] =
    "`'^~:o ,`'^:`'^: ~`'^~:  `'^:'  `'^~:o ,`'^:`'^: ~`'^~:  `'^:' :"
    "--uu;;''^^..vvvv  --uu..;;vv^^uu..,,^^  ~~--uu;;.   ^^,, '',,vv "
    "   '',,vv   --uu\"\"  '',,vv''^^,,vv,,vv  ~~--uuoo\"\";;^^^^:''..vv ";
static const char cfti_marks[] = "`'^~-u.:o\"v,;";
static const uint16_t cfti_mark_codes[] = {0x300, 0x301, 0x302, 0x303, 0x304, 0x306, 0x307,
                                           0x308, 0x30A, 0x30B, 0x30C, 0x327, 0x328};

/* Reads a name as it is compared: decomposed, and, if lower, in lower case. */
typedef struct cfti_folding {
    const uint8_t *at, *end;
    uint32_t mark; /* of the letter before, which comes next; 0: none */
    bool lower;
} cfti_folding;

static void cfti_folding_init(cfti_folding *folding, const cfti_file *file, bool lower) {
    folding->at = (const uint8_t *)file->name;
    folding->end = folding->at + file->name_size;
    folding->mark = 0;
    folding->lower = lower;
}

/* The lower case of a letter without a mark, up to U+017F. */
static uint32_t cfti_lower_letter(uint32_t code) {
    static const uint16_t pairs[] = {0x110, 0x126, 0x132, 0x13F, 0x141, 0x14A, 0x152, 0x166};
    size_t i;
    if (code < 0x80) return cfti_lower((uint8_t)code);
    if (code == 0xC6 || code == 0xD0 || code == 0xD8 || code == 0xDE) return code + 0x20;
    for (i = 0; i < CFTI_COUNT(pairs); i++)
        if (pairs[i] == code) return code + 1;
    return code;
}

/* The next code point; 0: the end. */
static uint32_t cfti_folding_next(cfti_folding *folding) {
    uint32_t code = folding->mark;
    size_t length;
    folding->mark = 0;
    if (code != 0 || folding->at == folding->end) return code;
    length = cfti_utf8_decode(folding->at, (size_t)(folding->end - folding->at), &code);
    folding->at += length;
    if (code >= 0xC0 && code < 0x180 && cfti_letters[code - 0xC0] != ' ') {
        const char *mark = strchr(cfti_marks, cfti_letter_marks[code - 0xC0]);
        folding->mark = cfti_mark_codes[mark - cfti_marks];
        code = (uint8_t)cfti_letters[code - 0xC0];
    }
    return folding->lower ? cfti_lower_letter(code) : code;
}

static bool cfti_folds_alike(const cfti_file *a, const cfti_file *b, bool lower) {
    cfti_folding x, y;
    uint32_t code;
    cfti_folding_init(&x, a, lower);
    cfti_folding_init(&y, b, lower);
    do {
        code = cfti_folding_next(&x);
        if (code != cfti_folding_next(&y)) return false;
    } while (code != 0);
    return true;
}

/* FNV-1a of a folded name. */
static uint64_t cfti_folded_hash(const cfti_file *file) {
    cfti_folding folding;
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    uint32_t code;
    cfti_folding_init(&folding, file, true);
    while ((code = cfti_folding_next(&folding)) != 0)
        hash = (hash ^ code) * UINT64_C(0x100000001B3);
    return hash;
}

typedef struct cfti_notes {
    const confiture_files *files;
    confiture_allocator allocator;
    cfti_buffer words;
    void (*report)(void *ctx, const cfti_fail *fail, const char *name);
    void *ctx;
} cfti_notes;

static size_t cfti_component_size(const char *component) {
    size_t n = 0;
    while (component[n] != '\0' && component[n] != '/') n++;
    return n;
}

static bool cfti_notes_append(cfti_notes *notes, const char *text, size_t size) {
    return cfti_buffer_append(&notes->words, text, size);
}

/* Reports a note on a file: a component of its name or "", what is wrong with it, another name, and
 * advice. False: no memory. */
static bool cfti_notes_report(cfti_notes *notes, const cfti_file *file, const char *component,
                              const char *what, const char *other, size_t other_size,
                              const char *advice) {
    cfti_fail fail;
    notes->words.size = 0;
    if (!cfti_notes_append(notes, "note: ", 6) ||
        !cfti_notes_append(notes, component, cfti_component_size(component)) ||
        !cfti_notes_append(notes, what, strlen(what)) ||
        !cfti_notes_append(notes, other, other_size) ||
        !cfti_notes_append(notes, advice, strlen(advice) + 1))
        return false;
    cfti_fail_with(&fail, CONFITURE_OK, (const char *)notes->words.data);
    fail.path = file->path;
    fail.index = (size_t)(file - notes->files->items);
    notes->report(notes->ctx, &fail, file->name);
    return true;
}

/* ---- alike ---- */

typedef struct cfti_alike {
    uint64_t hash;
    const cfti_file *file, *other; /* other: the file before it that is alike */
} cfti_alike;

static int cfti_order_alike(const void *a, const void *b) {
    const cfti_alike *x = (const cfti_alike *)a, *y = (const cfti_alike *)b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return strcmp(x->file->name, y->file->name);
}

static int cfti_order_file(const void *a, const void *b) {
    const cfti_file *x = ((const cfti_alike *)a)->file, *y = ((const cfti_alike *)b)->file;
    return x < y ? -1 : x > y;
}

static bool cfti_notes_report_alike(cfti_notes *notes, const cfti_alike *alike) {
    const cfti_file *file = alike->file, *other = alike->other;
    if (strcmp(file->name, other->name) == 0)
        return cfti_notes_report(notes, file, "", "listed twice, so the schema contains it twice",
                                 "", 0, ": leave one out");
    if (cfti_folds_alike(file, other, false))
        return cfti_notes_report(notes, file, "", "differs only in Unicode normalisation from ",
                                 other->name, other->name_size, ": rename one");
    return cfti_notes_report(notes, file, "", "differs only in case from ", other->name,
                             other->name_size, ": rename one");
}

/* Reports names that are the same, or the same to some file systems. Sorted by hash, so that only
 * names of equal hashes are compared. */
static bool cfti_notes_alike(cfti_notes *notes) {
    size_t n = notes->files->count, i, kept = 0;
    cfti_alike *items;
    bool good;
    if (n > SIZE_MAX / sizeof(*items)) return false;
    items = (cfti_alike *)cfti_alloc(&notes->allocator, n * sizeof(*items));
    if (items == NULL) return false;
    for (i = 0; i < n; i++) {
        items[i].file = &notes->files->items[i];
        items[i].hash = cfti_folded_hash(items[i].file);
    }
    good = cfti_sort(&notes->allocator, items, n, sizeof(*items), cfti_order_alike);
    for (i = 1; good && i < n; i++) {
        const cfti_file *a = items[i - 1].file, *b = items[i].file;
        items[kept].hash = items[i - 1].hash;
        if (items[i].hash != items[i - 1].hash || !cfti_folds_alike(a, b, true)) continue;
        items[kept].file = a < b ? b : a;
        items[kept++].other = a < b ? a : b;
    }
    good = good && cfti_sort(&notes->allocator, items, kept, sizeof(*items), cfti_order_file);
    for (i = 0; good && i < kept; i++) good = cfti_notes_report_alike(notes, &items[i]);
    cfti_free(&notes->allocator, items, n * sizeof(*items));
    return good;
}

/* ---- numbers ---- */

/* The number that a component begins with, without leading zeros. */
static const char *cfti_number_of(const char *name, size_t *digits) {
    size_t n = 0;
    while (*name == '0' && name[1] >= '0' && name[1] <= '9') name++;
    while (name[n] >= '0' && name[n] <= '9') n++;
    *digits = n;
    return name;
}

static bool cfti_number_is_above(const char *a, const char *b) {
    size_t m, n;
    a = cfti_number_of(a, &m);
    b = cfti_number_of(b, &n);
    if (m == 0 || n == 0) return false;
    return m != n ? m > n : memcmp(a, b, n) > 0;
}

/* The offset of the first component in which two paths differ. */
static size_t cfti_first_difference(const char *a, const char *b) {
    size_t i, start = 0;
    for (i = 0; a[i] == b[i] && a[i] != '\0'; i++)
        if (a[i] == '/') start = i + 1;
    return start;
}

/* Reports numbers that sort otherwise than they count, as 10 before 9, once for each directory. The
 * list is in path order, so a directory's files are neighbours, and `reported` holds only the
 * directories above the current file. */
static bool cfti_notes_numbers(cfti_notes *notes) {
    size_t *reported = NULL, depth = 0, capacity = 0, i;
    bool good = true;
    for (i = 1; good && notes->files->is_by_path && i < notes->files->count; i++) {
        const char *a = notes->files->items[i - 1].path, *b = notes->files->items[i].path;
        size_t start = cfti_first_difference(a, b);
        void *grown = reported;
        while (depth > 0 && reported[depth - 1] > start) depth--;
        if (!cfti_number_is_above(a + start, b + start)) continue;
        if (depth > 0 && reported[depth - 1] == start) continue;
        good = cfti_grow(&notes->allocator, &grown, &capacity, depth, sizeof(*reported));
        reported = (size_t *)grown;
        if (!good) break;
        reported[depth++] = start;
        good = cfti_notes_report(notes, &notes->files->items[i], b + start, " comes after ",
                                 a + start, cfti_component_size(a + start),
                                 ": write numbers with as many digits each");
    }
    cfti_free(&notes->allocator, reported, capacity * sizeof(*reported));
    return good;
}

/* ---- left out ---- */

static void cfti_notes_left_out(cfti_notes *notes) {
    size_t i;
    for (i = 0; i < notes->files->left_out_count; i++) {
        const char *path = notes->files->left_out[i].path;
        cfti_fail fail;
        cfti_fail_with(&fail, CONFITURE_OK,
                       "note: left out, since patterns tell upper case from lower: rename it, or "
                       "add a pattern");
        fail.path = path;
        notes->report(notes->ctx, &fail, path);
    }
}

/* Reports all notes. False: no memory. */
static bool cfti_notes_report_all(cfti_notes *notes) {
    bool good = cfti_notes_numbers(notes) && (notes->files->count < 2 || cfti_notes_alike(notes));
    if (good) cfti_notes_left_out(notes);
    cfti_buffer_free(&notes->words);
    return good;
}
