/* Diff: what is paired with what, why a file differs, the order. */

#include "../chest/exhaust.h"
#include "../chest/tree.h"

SUITE(diff, tree_suite_begins, tree_suite_ends);

/* Sums of files of which a name and a letter each are given: "b=1 a=2". Equal letters, equal
 * bytes. */
static confiture_sums *diff_sums(const char *words) {
    static char text[20000];
    char *p = text;
    confiture_sums *sums = NULL;
    confiture_error error;
    while (*words != '\0') {
        const char *equals = strchr(words, '=');
        int i;
        for (i = 0; i < 64; i++) *p++ = equals[1];
        p += sprintf(p, "  %.*s\n", (int)(equals - words), words);
        words = equals + 2 + (equals[2] == ' ');
    }
    if (!CHECK(!confiture_sums_read(&sums, text, (size_t)(p - text), NULL, &error)))
        printf("    %s\n", error.message);
    return sums;
}

/* The changes as words: "M a (line endings only), R a -> b, O c". */
static const char *diff_words(const confiture_changes *changes, const confiture_sums *news) {
    static const char letters[] = "MADR";
    static char words[20000];
    char *p = words;
    size_t i;
    *p = '\0';
    for (i = 0; i < changes->count; i++) {
        const confiture_change *c = &changes->items[i];
        CHECK_QUIET((c->old_name == NULL) == (c->old_index == CONFITURE_NO_INDEX));
        CHECK_QUIET((c->new_name == NULL) == (c->new_index == CONFITURE_NO_INDEX));
        CHECK_QUIET((c->reason == NULL) == (c->only == 0));
        p += sprintf(p, "%s%c ", i > 0 ? ", " : "", letters[c->kind]);
        if (c->kind == CONFITURE_CHANGE_RENAMED)
            p += sprintf(p, "%s -> %s", c->old_name, c->new_name);
        else p += sprintf(p, "%s", c->new_name != NULL ? c->new_name : c->old_name);
        if (c->reason != NULL) p += sprintf(p, " (%s)", c->reason);
    }
    if (changes->first_moved != CONFITURE_NO_INDEX)
        sprintf(p, "%sO %s", *words ? ", " : "", confiture_sums_name(news, changes->first_moved));
    return words;
}

static const char *diff_compare(const char *before, const char *after) {
    confiture_sums *olds = diff_sums(before), *news = diff_sums(after);
    confiture_changes changes;
    confiture_error error;
    const char *words = "failed";
    if (CHECK(confiture_diff(&changes, olds, news, NULL, &error) == CONFITURE_OK))
        words = diff_words(&changes, news);
    confiture_changes_free(&changes);
    confiture_sums_free(olds);
    confiture_sums_free(news);
    return words;
}

TEST(diff, names_are_compared) {
    CHECK_STR(diff_compare("a=1 b=2", "a=1 b=2"), "");
    CHECK_STR(diff_compare("a=1 b=2 c=3", "a=1 b=4 c=5"), "M b, M c");
    CHECK_STR(diff_compare("a=1", "a=1 b=2"), "A b");
    CHECK_STR(diff_compare("a=1 b=2", "a=1"), "D b");
    /* In the order of the new list; deletions where they would be by path. */
    CHECK_STR(diff_compare("a=1 b=2 d=3 z=4", "a=5 c=6 e=7"), "M a, D b, A c, D d, A e, D z");
    CHECK_STR(diff_compare("b=1 a=2", "z=3 c=4"), "D a, D b, A z, A c");
    /* By components: a/b comes before a-b. */
    CHECK_STR(diff_compare("a/b=1 a-b=2 a=3", "c=4"), "D a, D a/b, D a-b, A c");
}

TEST(diff, equal_bytes_are_renames) {
    CHECK_STR(diff_compare("a=1 b=2", "c=1 b=2"), "R a -> c");
    CHECK_STR(diff_compare("a=1", "a=2 b=1"), "M a, A b"); /* a is still there */
    CHECK_STR(diff_compare("a=1 b=2", "a=2 b=1"), "M a, M b");
    /* Of several files with the same bytes, those that keep their last component come first. */
    CHECK_STR(diff_compare("s/a=1 s/b=1 s/c=1", "t/c=1 t/a=1 t/b=1"),
              "R s/c -> t/c, R s/a -> t/a, R s/b -> t/b");
    CHECK_STR(diff_compare("s/a=1 s/b=1 s/c=1", "t/c=1 t/x=1"),
              "D s/b, R s/c -> t/c, R s/a -> t/x");
    CHECK_STR(diff_compare("s/a=1", "t/a=1 u/a=1"), "R s/a -> t/a, A u/a");
    CHECK_STR(diff_compare("s/a=1 t/a=1", "u/a=1"), "D t/a, R s/a -> u/a");
    CHECK_STR(diff_compare("a=1 b=1 c=2 d=3", "e=2 f=1 g=1 h=4"),
              "D d, R c -> e, R a -> f, R b -> g, A h");
}

/* It means something where a search may have made it. */
TEST(diff, another_order_is_said_once) {
    CHECK_STR(diff_compare("a=1 b=2 c=3", "a=1 c=3 b=2"), ""); /* neither by path nor by hex */
    CHECK_STR(diff_compare("c=1 a=2 b=3", "a=2 b=3 c=1"), "");
    CHECK_STR(diff_compare("0A_x=1 0B_w=2 C/01_a=3", "C/01_a=3 0A_x=1 0B_w=2"), "O C/01_a");
    CHECK_STR(diff_compare("0A_x=1 0B_w=2 C/01_a=3", "C/01_a=3 0A_x=1 0B_w=4"), "M 0B_w, O C/01_a");
    /* What only one has, and what is renamed, is in no other order. */
    CHECK_STR(diff_compare("0A_x=1 0B_w=2 C/01_a=3", "C/01_a=3 D/02_x=2"),
              "D 0A_x, R 0B_w -> D/02_x");
    CHECK_STR(diff_compare("02_a=1 b/01_b=2 c/03_c=3", "b/01_b=2 02_a=1 c/03_c=3"), "O b/01_b");
    CHECK_STR(diff_compare("b/01_b=2 02_a=1 c/03_c=3", "02_a=1 b/01_b=2 c/03_c=3"), "O 02_a");
}

/* A list of one's own has the order that it has. */
TEST(diff, order_of_lists_counts) {
    static const char *const paths[] = {"s/b.sql", "s/c.sql", "s/a.sql"};
    static const char *const other[] = {"s/b.sql", "s/a.sql", "s/c.sql"};
    confiture_files *a, *b;
    confiture_sums *olds, *news;
    confiture_changes changes;
    tree_text("s/a.sql", "a");
    tree_text("s/b.sql", "b");
    tree_text("s/c.sql", "c");
    CHECK(!confiture_files_from_paths(&a, paths, 3, NULL, NULL));
    CHECK(!confiture_files_from_paths(&b, other, 3, NULL, NULL));
    CHECK(!confiture_sums_of(&olds, a, NULL, NULL) && !confiture_sums_of(&news, b, NULL, NULL));
    CHECK(!confiture_diff(&changes, olds, news, NULL, NULL));
    CHECK_STR(diff_words(&changes, news), "O s/a.sql");
    confiture_changes_free(&changes);
    confiture_sums_free(olds);
    confiture_sums_free(news);
    confiture_files_free(a);
    confiture_files_free(b);
    tree_clear();
}

/* ==== Reasons ============================================================ */

static confiture_sums *diff_of(const confiture_files *files, const confiture_run *run) {
    confiture_sums_options options;
    confiture_sums *sums = NULL;
    memset(&options, 0, sizeof options);
    options.run = *run;
    CHECK(!confiture_sums_of(&sums, files, &options, NULL));
    return sums;
}

/* The same sums, without their files. */
static confiture_sums *diff_forget(const confiture_sums *sums) {
    char text[20000], hex[65], *p = text;
    confiture_sums *read = NULL;
    size_t i;
    for (i = 0; i < confiture_sums_count(sums); i++) {
        confiture_sha256_hex(confiture_sums_sha256(sums, i), hex);
        p += sprintf(p, "%s  %s\n", hex, confiture_sums_name(sums, i));
    }
    CHECK(!confiture_sums_read(&read, text, (size_t)(p - text), NULL, NULL));
    return read;
}

/* What is said of a.sql below o and n with both at hand, the new one, the old one; NULL: not why. */
typedef struct diff_told {
    const char *both, *by_new, *by_old;
} diff_told;

static void diff_reasons(diff_told told, int line, size_t step) {
    const char *const expected[5] = {told.both, told.by_new, told.by_old, NULL, NULL};
    confiture_files *of = NULL, *nf = NULL;
    size_t r;
    int way;
    CHECK(!confiture_find(&of, "o", NULL, NULL) && !confiture_find(&nf, "n", NULL, NULL));
    for (r = 0; r < RUNS; r += step) {
        confiture_run run = runs_get(r);
        confiture_sums *olds = diff_of(of, &run), *news = diff_of(nf, &run);
        confiture_sums *old_text = diff_forget(olds), *new_text = diff_forget(news);
        for (way = 0; way < 5; way++) {
            confiture_diff_options options;
            confiture_changes changes;
            confiture_error error;
            char words[200];
            sprintf(words, expected[way] != NULL ? "M a.sql (%s)" : "M a.sql%s",
                    expected[way] != NULL ? expected[way] : "");
            memset(&options, 0, sizeof options);
            options.run = run;
            options.no_reasons = way == 4;
            if (!CHECK(!confiture_diff(&changes, way == 1 || way == 3 ? old_text : olds,
                                       way == 2 || way == 3 ? new_text : news, &options, &error)))
                printf("    %s\n", error.message);
            else if (!CHECK_STR(diff_words(&changes, news), words))
                runs_note("line, run, way", line, (int)r, way);
            confiture_changes_free(&changes);
        }
        confiture_sums_free(olds);
        confiture_sums_free(news);
        confiture_sums_free(old_text);
        confiture_sums_free(new_text);
    }
    confiture_files_free(of);
    confiture_files_free(nf);
}

#define DIFF_MARK "\xEF\xBB\xBF"

/* In both directions. */
static void diff_texts(const char *before, const char *after, diff_told told, int line) {
    diff_told turned = {told.both, told.by_old, told.by_new};
    tree_text("o/a.sql", before);
    tree_text("n/a.sql", after);
    diff_reasons(told, line, 5);
    tree_text("o/a.sql", after);
    tree_text("n/a.sql", before);
    diff_reasons(turned, line, 7);
}

static void diff_same(const char *before, const char *after, const char *reason, int line) {
    diff_told told = {reason, reason, reason};
    diff_texts(before, after, told, line);
}

#define DIFF_SAME(before, after, reason) diff_same(before, after, reason, __LINE__)

TEST(diff, reasons_are_told) {
    DIFF_SAME("a\nb\n", "a\r\nb\r\n", "line endings only");
    DIFF_SAME("a\nb\n", "a\nb", "final newline only");
    DIFF_SAME("a\nb\n", DIFF_MARK "a\nb\n", "byte order mark only");
    DIFF_SAME("a\nb\n", "a\r\nb", "line endings and final newline only");
    DIFF_SAME("a\nb\n", DIFF_MARK "a\r\nb\r\n", "line endings and byte order mark only");
    DIFF_SAME("a\nb\n", DIFF_MARK "a\nb", "final newline and byte order mark only");
    DIFF_SAME("a\nb\n", DIFF_MARK "a\r\nb", "line endings, final newline and byte order mark only");
    DIFF_SAME("a\n", "a\r\n", "line endings only");
    DIFF_SAME("a", "a\r\n", "final newline only");
    DIFF_SAME("", "\n", "final newline only");
    DIFF_SAME("", DIFF_MARK, "byte order mark only");
    DIFF_SAME("", DIFF_MARK "\r\n", "final newline and byte order mark only");
    DIFF_SAME("a\nb\n", "a\nc\n", NULL);
    DIFF_SAME("a\nb\n", "a\n b\n", NULL);
    DIFF_SAME("a\n", "a\n\n", NULL); /* an empty line more */
    DIFF_SAME("a\r\n", "a\r\n\n", NULL);
    DIFF_SAME("", "\n\n", NULL);
    DIFF_SAME("a\n\n", "a\r\n\r\n", "line endings only");
    DIFF_SAME("\r\n\r\n", "\n\n", "line endings only");
    DIFF_SAME(DIFF_MARK "a", DIFF_MARK DIFF_MARK "a", NULL);
    DIFF_SAME(DIFF_MARK DIFF_MARK "a\n", DIFF_MARK DIFF_MARK "a\r\n", "line endings only");
    DIFF_SAME("\xEF\xBB", DIFF_MARK, NULL);
}

/* Around the size of what is hashed at a time. */
TEST(diff, reasons_of_long_lines_are_told) {
    char before[3000], after[3000];
    size_t n;
    for (n = 505; n < 520; n++) {
        memset(before, 'x', sizeof before);
        memcpy(before + n, "\n\n", 2);
        strcpy(before + n + 600, "\n");
        memset(after, 'x', sizeof after);
        memcpy(after + n, "\r\n\r\n", 4);
        strcpy(after + n + 602, "\r\n");
        DIFF_SAME(before, after, "line endings only");
        after[n + 10] = 'y';
        DIFF_SAME(before, after, NULL);
    }
}

/* A mixture, like a CR alone, can be told from the file that has it, and if both are at hand. */
TEST(diff, mixtures_are_told_from_the_file_that_has_them) {
    static const diff_told told = {"line endings only", "line endings only", NULL};
    diff_texts("a\nb\nc\n", "a\r\nb\nc\r\n", told, __LINE__);
    diff_texts("a\r\nb\r\nc\r\n", "a\r\nb\nc\r\n", told, __LINE__);
    diff_texts("a\nb\n", "a\rb\r", told, __LINE__);
}

TEST(diff, two_mixtures_are_told_from_both) {
    static const diff_told told = {"line endings only", NULL, NULL};
    diff_texts("a\nb\r\nc\n", "a\r\nb\nc\r\n", told, __LINE__);
    diff_texts("a\rb\nc\n", "a\nb\rc\n", told, __LINE__);
}

/* Sizes at which reading goes another way, and pieces that end between CR and LF. */
TEST(diff, reasons_of_large_files_are_told) {
    static const diff_told same = {"line endings only", "line endings only", "line endings only"};
    static const diff_told other = {NULL, NULL, NULL};
    static const size_t sizes[] = {511, 512, 513, 70000, 262143, 262144, 2097152, 2500000};
    size_t i, k, n;
    for (i = 0; i < TREE_COUNT(sizes); i++) {
        uint8_t *bytes = tree_bytes(sizes[i], (unsigned)i);
        uint8_t *crlf = (uint8_t *)malloc(2 * sizes[i] + 4);
        for (k = 0, n = 0; k < sizes[i]; k++) {
            if (bytes[k] == '\n') crlf[n++] = '\r';
            crlf[n++] = bytes[k];
        }
        tree_write("o/a.sql", bytes, sizes[i]);
        tree_write("n/a.sql", crlf, n);
        diff_reasons(same, __LINE__, 6);
        bytes[sizes[i] / 2] ^= 1;
        tree_write("o/a.sql", bytes, sizes[i]);
        diff_reasons(other, __LINE__, 9);
        free(bytes);
        free(crlf);
    }
    tree_clear();
}

/* ==== What changes meanwhile ============================================= */

TEST(diff, a_file_that_has_changed_since_is_said) {
    confiture_files *of, *nf;
    confiture_sums *olds, *news;
    confiture_changes changes;
    confiture_error error;
    memset(&error, 0, sizeof error);
    tree_text("o/a.sql", "a\n");
    tree_text("o/b.sql", "b\n");
    tree_text("n/a.sql", "a\n");
    tree_text("n/b.sql", "b\r\n");
    CHECK(!confiture_find(&of, "o", NULL, NULL) && !confiture_find(&nf, "n", NULL, NULL));
    CHECK(!confiture_sums_of(&olds, of, NULL, NULL) && !confiture_sums_of(&news, nf, NULL, NULL));
    tree_text("n/b.sql", "b\n");
    CHECK_STR(runs_outcome(confiture_diff(&changes, olds, news, NULL, &error), &error),
              "CHANGED n/b.sql: the file changed between the two times that it was read");
    CHECK(error.index == 1 && changes.items == NULL && changes.count == 0);
    tree_remove("n/b.sql");
    CHECK(confiture_diff(&changes, olds, news, NULL, &error) == CONFITURE_E_SYSTEM);
    CHECK_STR(error.path, "n/b.sql");
    tree_text("o/b.sql", "");
    CHECK_STR(runs_outcome(confiture_diff(&changes, olds, news, NULL, &error), &error),
              "CHANGED o/b.sql: the file changed between the two times that it was read");
    confiture_sums_free(olds);
    confiture_sums_free(news);
    confiture_files_free(of);
    confiture_files_free(nf);
    tree_clear();
}

TEST(diff, arguments_are_checked) {
    confiture_sums *sums = diff_sums("a=1");
    confiture_allocator incomplete;
    confiture_diff_options options;
    confiture_changes changes;
    confiture_error error;
    memset(&incomplete, 0, sizeof incomplete);
    memset(&options, 0, sizeof options);
    options.run.allocator = &incomplete;
    CHECK_STR(runs_outcome(confiture_diff(&changes, sums, sums, &options, &error), &error),
              "ARGUMENT an allocator must be given, with alloc, realloc and free");
    CHECK_STR(runs_outcome(confiture_diff(NULL, sums, sums, NULL, &error), &error),
              "ARGUMENT changes must not be NULL");
    CHECK_STR(runs_outcome(confiture_diff(&changes, NULL, sums, NULL, &error), &error),
              "ARGUMENT old_sums must not be NULL");
    CHECK_STR(runs_outcome(confiture_diff(&changes, sums, NULL, NULL, &error), &error),
              "ARGUMENT new_sums must not be NULL");
    CHECK(changes.items == NULL && changes.first_moved == CONFITURE_NO_INDEX);
    CHECK(confiture_diff(&changes, sums, sums, NULL, &error) == CONFITURE_OK);
    CHECK(changes.count == 0 && changes.first_moved == CONFITURE_NO_INDEX);
    confiture_changes_free(&changes);
    confiture_changes_free(&changes);
    confiture_changes_free(NULL);
    confiture_sums_free(sums);
}

/* ==== Without memory ===================================================== */

typedef struct diff_pair {
    confiture_sums *olds, *news;
} diff_pair;

static confiture_status diff_call(void *ctx, const confiture_run *run, confiture_error *error) {
    const diff_pair *pair = (const diff_pair *)ctx;
    confiture_diff_options options;
    confiture_changes changes;
    confiture_status status;
    memset(&options, 0, sizeof options);
    options.run = *run;
    status = confiture_diff(&changes, pair->olds, pair->news, &options, error);
    confiture_changes_free(&changes);
    return status;
}

TEST(diff, a_lack_of_memory_leaves_nothing) {
    confiture_files *of, *nf;
    diff_pair pair;
    tree_text("o/a.sql", "a\n");
    tree_text("o/b.sql", "b\n");
    tree_text("o/c.sql", "c\n");
    tree_text("o/d.sql", "d\n");
    tree_text("n/b.sql", "b\r\n");
    tree_text("n/c.sql", "d\n");
    tree_text("n/e.sql", "e\n");
    tree_text("n/0.sql", "a\n");
    tree_text("n/1.sql", "d\n");
    CHECK(!confiture_find(&of, "o", NULL, NULL) && !confiture_find(&nf, "n", NULL, NULL));
    CHECK(!confiture_sums_of(&pair.olds, of, NULL, NULL));
    CHECK(!confiture_sums_of(&pair.news, nf, NULL, NULL));
    memory_exhaust(diff_call, &pair, 1, true, NULL);
    memory_exhaust(diff_call, &pair, 1, false, NULL);
    memory_exhaust(diff_call, &pair, 4, false, NULL);
    confiture_sums_free(pair.olds);
    confiture_sums_free(pair.news);
    confiture_files_free(of);
    confiture_files_free(nf);
    tree_clear();
}

/* Names without order, and thousands of files with the same bytes that are all renamed. */
TEST(diff, many_renames_take_linear_time) {
    enum { MANY = 50000 };
    char *text = (char *)malloc(MANY * 100), *p = text;
    confiture_sums *olds, *news;
    confiture_changes changes;
    unsigned i;
    for (i = 0; i < MANY; i++)
        p += sprintf(p, "%064u  a/%u.sql\n", i % 2, i * 2654435761u % MANY * 10 + i % 10);
    CHECK(!confiture_sums_read(&olds, text, (size_t)(p - text), NULL, NULL));
    p = text;
    for (i = 0; i < MANY; i++) p += sprintf(p, "%064u  b/%u.sql\n", i % 2, i);
    CHECK(!confiture_sums_read(&news, text, (size_t)(p - text), NULL, NULL));
    CHECK(!confiture_diff(&changes, olds, news, NULL, NULL));
    CHECK(changes.count == MANY && changes.items[0].kind == CONFITURE_CHANGE_RENAMED);
    confiture_changes_free(&changes);
    confiture_sums_free(olds);
    confiture_sums_free(news);
    free(text);
}
