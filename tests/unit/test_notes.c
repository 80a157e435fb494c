/* What check notes of names, beside the files' texts: notes.c. */

#include "../chest/memory.h"
#include "../chest/tree.h"

SUITE(notes, NULL, NULL);

/* What was told, one message a line. */
static struct {
    char text[4096];
    size_t last_index;
    bool status_good;
} notes_told;

static void notes_clear(void) {
    memset(&notes_told, 0, sizeof notes_told);
    notes_told.status_good = true;
}

static void notes_report(void *ctx, const cfti_fail *fail, const char *name) {
    confiture_error words;
    (void)ctx;
    (void)name;
    (void)cfti_report(&words, fail);
    if (strlen(notes_told.text) + strlen(words.message) + 2 > sizeof notes_told.text) return;
    strcat(notes_told.text, words.message);
    strcat(notes_told.text, "\n");
}

static bool notes_run(confiture_files *files, const confiture_allocator *allocator) {
    cfti_notes notes;
    memset(&notes, 0, sizeof notes);
    notes.files = files;
    notes.report = notes_report;
    notes.words.allocator = notes.allocator = *allocator;
    notes_clear();
    return cfti_notes_report_all(&notes);
}

/* The notes on a list of paths. by_path: as if a search had put them in this order. */
static const char *notes_of(const char *const *paths, size_t count, bool by_path) {
    confiture_files *files = NULL;
    memory m;
    memory_init(&m);
    if (!CHECK(confiture_files_from_paths(&files, paths, count, NULL, NULL) == CONFITURE_OK))
        return "";
    files->is_by_path = by_path;
    CHECK(notes_run(files, &m.allocator));
    CHECK(memory_is_clean(&m));
    confiture_files_free(files);
    return notes_told.text;
}

#define NOTES_OF(paths, by_path) notes_of(paths, TREE_COUNT(paths), by_path)

TEST(notes, numbers) {
    static const char *const one[] = {"d/10_a.sql", "d/1_b.sql", "d/2_c.sql", "d/x.sql"};
    static const char *const below[] = {"10_a/1_x.sql",    "10_a/10_y/1.sql", "10_a/10_y/10.sql",
                                        "10_a/10_y/9.sql", "10_a/2_z.sql",    "2_b/x.sql",
                                        "20_c/x.sql",      "3_d/10.sql",      "3_d/9.sql"};
    static const char *const fine[] = {"01_a.sql", "02_b.sql", "10_c.sql",  "1x/9.sql", "a/1.sql",
                                       "a9.sql",   "a/08.sql", "b/007.sql", "b/7.sql",  "c1.sql"};
    CHECK_STR(NOTES_OF(one, true),
              "d/1_b.sql: note: 1_b.sql comes after 10_a.sql: write numbers with as many digits "
              "each\n");
    CHECK_STR(NOTES_OF(one, false), ""); /* the caller's own order */
    CHECK_STR(
        NOTES_OF(below, true),
        "10_a/10_y/9.sql: note: 9.sql comes after 10.sql: write numbers with as many digits "
        "each\n"
        "10_a/2_z.sql: note: 2_z.sql comes after 10_y: write numbers with as many digits "
        "each\n"
        "2_b/x.sql: note: 2_b comes after 10_a: write numbers with as many digits each\n"
        "3_d/9.sql: note: 9.sql comes after 10.sql: write numbers with as many digits each\n");
    /* 10_c before 1x: that one is told of */
    CHECK_STR(NOTES_OF(fine, true),
              "1x/9.sql: note: 1x comes after 10_c.sql: write numbers with as many digits each\n");
}

TEST(notes, alike) {
    static const char *const cases[] = {"A/x.sql",        "a/X.sql",        "b/\xC3\x84.sql",
                                        "b/\xC3\xA4.sql", "c/\xC5\x81.sql", "c/\xC5\x82.sql",
                                        "c/\xC3\x98.sql", "c/\xC3\xB8.sql", "d/\xC5\xB8.sql",
                                        "d/\xC3\xBF.sql", "e/\xC3\x97.sql", "e/\xC3\xB7.sql"};
    static const char *const forms[] = {"\xC3\xA9.sql",  "e\xCC\x81.sql", "E\xCC\x81.sql",
                                        "o\xCC\x8B.sql", "\xC5\x91.sql",  "o\xCC\x88.sql"};
    static const char *const twice[] = {"b.sql", "a.sql", "./b.sql", "b.sql", "B.sql"};
    CHECK_STR(NOTES_OF(cases, false),
              "a/X.sql: note: differs only in case from A/x.sql: rename one\n"
              "b/\xC3\xA4.sql: note: differs only in case from b/\xC3\x84.sql: rename one\n"
              "c/\xC5\x82.sql: note: differs only in case from c/\xC5\x81.sql: rename one\n"
              "c/\xC3\xB8.sql: note: differs only in case from c/\xC3\x98.sql: rename one\n"
              "d/\xC3\xBF.sql: note: differs only in case from d/\xC5\xB8.sql: rename one\n");
    CHECK_STR(
        NOTES_OF(forms, false),
        "e\xCC\x81.sql: note: differs only in Unicode normalisation from \xC3\xA9.sql: rename "
        "one\n"
        "E\xCC\x81.sql: note: differs only in case from e\xCC\x81.sql: rename one\n"
        "\xC5\x91.sql: note: differs only in Unicode normalisation from o\xCC\x8B.sql: rename "
        "one\n");
    CHECK_STR(NOTES_OF(twice, false),
              "b.sql: note: listed twice, so the schema contains it twice: leave one out\n"
              "b.sql: note: listed twice, so the schema contains it twice: leave one out\n"
              "B.sql: note: differs only in case from b.sql: rename one\n");
}

/* Every letter of the table, beside itself in two parts, in both cases. */
TEST(notes, letters) {
    uint32_t code;
    size_t pairs = 0;
    for (code = 0xC0; code < 0x180; code++) {
        char whole[3], parts[4];
        const char *paths[2];
        const char *mark = strchr(cfti_marks, cfti_letter_marks[code - 0xC0]);
        if (cfti_letters[code - 0xC0] == ' ') continue;
        if (!CHECK(mark != NULL)) continue;
        whole[0] = (char)(0xC0 | code >> 6);
        whole[1] = (char)(0x80 | (code & 0x3F));
        parts[0] = cfti_letters[code - 0xC0];
        parts[1] = (char)0xCC;
        parts[2] = (char)(0x80 | (cfti_mark_codes[mark - cfti_marks] & 0x3F));
        whole[2] = parts[3] = '\0';
        paths[0] = whole;
        paths[1] = parts;
        CHECK(strstr(notes_of(paths, 2, false), "only in Unicode normalisation") != NULL);
        pairs++;
    }
    CHECK(pairs == 161); /* as many as Unicode has there with a mark */
}

static void notes_finding(void *user, const confiture_finding *finding) {
    (void)user;
    notes_told.status_good &= finding->severity == CONFITURE_SEVERITY_NOTE &&
                              finding->status == CONFITURE_OK && finding->line == 0;
    notes_told.last_index = finding->index;
    strcat(notes_told.text, finding->message);
    strcat(notes_told.text, "\n");
}

/* What a search left out, told by a check; and that a check without notes has none. */
static void notes_check_left_out(const confiture_directory *directory, const char *expected) {
    confiture_check_options check;
    confiture_files *files = NULL;
    confiture_error error;
    memset(&check, 0, sizeof check);
    check.on_finding = notes_finding;
    notes_clear();
    CHECK(confiture_find_all(&files, directory, 1, NULL, &error) == CONFITURE_OK);
    CHECK(confiture_check(files, &check, &error) == CONFITURE_OK);
    CHECK_STR(notes_told.text, expected);
    CHECK(notes_told.status_good);
    if (*expected != '\0') CHECK(notes_told.last_index == CONFITURE_NO_INDEX);
    check.no_notes = true;
    notes_clear();
    CHECK(confiture_check(files, &check, &error) == CONFITURE_OK);
    CHECK_STR(notes_told.text, "");
    confiture_files_free(files);
}

TEST(notes, left_out) {
    static const char *const both[] = {"**/*.sql", "**/*.SQL",
                                       "d/"
                                       "*.sql"};
    static const char *const exclude[] = {"w.*"};
    static const char w[] = "t/d/w.Sql: note: left out, since patterns tell upper case from lower: "
                            "rename it, or add a pattern\n";
    static const char u[] = "t/u.SQL: note: left out, since patterns tell upper case from lower: "
                            "rename it, or add a pattern\n";
    char all[512];
    confiture_directory directory;
    memset(&directory, 0, sizeof directory);
    directory.path = "t";
    tree_open();
    tree_text("t/a.sql", "");
    tree_text("t/u.SQL", "");
    tree_text("t/x.sqlite", "");
    tree_text("t/d/w.Sql", "");
    tree_text("t/e.Sql/b.sql", "");
    sprintf(all, "%s%s", w, u);
    notes_check_left_out(&directory, all);
    directory.include = both;
    directory.include_count = 3;
    notes_check_left_out(&directory, w); /* once, and u.SQL is found */
    directory.include_count = 0;
    directory.exclude = exclude;
    directory.exclude_count = 1;
    notes_check_left_out(&directory, u);
    directory.not_recursive = true;
    notes_check_left_out(&directory, u);
    tree_close();
}

static confiture_status notes_call(void *ctx, const confiture_run *run, confiture_error *error) {
    confiture_check_options check;
    confiture_files *files = NULL;
    confiture_find_options find;
    confiture_status status;
    (void)ctx;
    memset(&check, 0, sizeof check);
    memset(&find, 0, sizeof find);
    check.run = find.run = *run;
    check.on_finding = notes_finding;
    notes_clear();
    status = confiture_find(&files, "t", &find, error);
    if (status == CONFITURE_OK) status = confiture_check(files, &check, error);
    confiture_files_free(files);
    return status;
}

TEST(notes, no_memory) {
    tree_open();
    tree_text("t/10_a.sql", "");
    tree_text("t/2_\xC3\xA4.sql", "");
    tree_text("t/2_a\xCC\x88.sql", "");
    tree_text("t/u.SQL", "");
    memory_exhaust_io(notes_call, NULL, 1, true, NULL, CONFITURE_IO_READ);
    memory_exhaust_io(notes_call, NULL, 1, false, NULL, CONFITURE_IO_READ);
    tree_close();
}
