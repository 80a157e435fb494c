/* Sums: every form that sha256sum and its like print, what is refused, and what is written. */

#include "../chest/exhaust.h"
#include "../chest/tree.h"

SUITE(sums, tree_suite_begins, tree_suite_ends);

#define SUMS_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SUMS_B "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SUMS_UPPER "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF"

typedef struct sums_text {
    char data[2000];
    size_t size;
} sums_text;

static int sums_collect(void *user, const void *data, size_t size) {
    sums_text *text = (sums_text *)user;
    if (size >= sizeof text->data - text->size) return 77;
    memcpy(text->data + text->size, data, size);
    text->size += size;
    text->data[text->size] = '\0';
    return 0;
}

static const char *sums_written(const confiture_sums *sums, bool null_ends) {
    static sums_text text;
    confiture_sink sink;
    confiture_sums_options options;
    static confiture_error error;
    sink.write = sums_collect;
    sink.user = &text;
    memset(&options, 0, sizeof options);
    options.null_ends = null_ends;
    text.size = 0;
    text.data[0] = '\0';
    if (!CHECK(confiture_sums_write(sums, &sink, &options, &error) == CONFITURE_OK))
        return error.message;
    return text.data;
}

/* What a text is written as when it has been read, or its error. Nothing may leak. */
static const char *sums_outcome_of(const char *text, size_t size) {
    static char words[5000];
    confiture_sums_options options;
    confiture_sums *sums = NULL;
    confiture_error error;
    confiture_status status;
    memory m;
    char *copy = (char *)malloc(size + 1); /* without a NUL after the text */
    if (copy == NULL) abort();
    memcpy(copy, text, size);
    memory_init(&m);
    memset(&options, 0, sizeof options);
    options.run.allocator = &m.allocator;
    options.source = "f.sums";
    status = confiture_sums_read(&sums, copy, size, &options, &error);
    memset(copy, '?', size);
    free(copy);
    if (status == CONFITURE_OK) strcpy(words, sums_written(sums, false));
    else strcpy(words, runs_outcome(status, &error));
    CHECK((sums == NULL) == (status != CONFITURE_OK));
    confiture_sums_free(sums);
    CHECK(memory_is_clean(&m));
    return words;
}

#define SUMS_OUTCOME(text) sums_outcome_of(text, sizeof(text) - 1)

TEST(sums, lines_of_sha256sum_are_read) {
    static const char two[] = SUMS_A "  a.sql\n" SUMS_B "  s/b.sql\n";
    CHECK_STR(SUMS_OUTCOME(SUMS_A "  a.sql\n" SUMS_B "  s/b.sql\n"), two);
    CHECK_STR(SUMS_OUTCOME(SUMS_A " *a.sql\n" SUMS_UPPER " *s/b.sql\n"), two);
    CHECK_STR(SUMS_OUTCOME(SUMS_A "  a.sql\r\n" SUMS_UPPER "  s/b.sql\r\n"), two);
    CHECK_STR(SUMS_OUTCOME(SUMS_A "  a.sql\0" SUMS_B "  s/b.sql\0"), two);
    CHECK_STR(SUMS_OUTCOME("SHA256 (a.sql) = " SUMS_A "\nSHA256 (s/b.sql) = " SUMS_B "\n"), two);
    CHECK_STR(SUMS_OUTCOME("SHA256 (a.sql) = " SUMS_A "\0SHA256 (s/b.sql) = " SUMS_B "\0"), two);
    CHECK_STR(SUMS_OUTCOME("SHA256(a.sql)= " SUMS_A "\nSHA2-256(s/b.sql)=" SUMS_B "\n"), two);
    CHECK_STR(SUMS_OUTCOME(SUMS_A " a.sql\n" SUMS_B " s/b.sql\n"), two);
    CHECK_STR(SUMS_OUTCOME("# c\n\n" SUMS_A "  a.sql\r\n\r\n" SUMS_B "  s/b.sql\n#\n"), two);
    CHECK_STR(SUMS_OUTCOME("\xEF\xBB\xBF \t" SUMS_A "  a.sql\n " SUMS_B "  s/b.sql\n"), two);
}

TEST(sums, names_are_made_clean) {
    CHECK_STR(SUMS_OUTCOME(SUMS_A "  ./a.sql\n" SUMS_B "  .//s/./b.sql\n"),
              SUMS_A "  a.sql\n" SUMS_B "  s/b.sql\n");
    CHECK_STR(SUMS_OUTCOME(SUMS_A "  ../a.sql\n" SUMS_B "  /s/b.sql\n"),
              SUMS_A "  ../a.sql\n" SUMS_B "  /s/b.sql\n");
}

/* A name may begin with what separates it from the digest, and hold what ends it. */
TEST(sums, odd_names_stay_as_they_are) {
    CHECK_STR(SUMS_OUTCOME(SUMS_A "   x\n" SUMS_B "  *y \n"), SUMS_A "   x\n" SUMS_B "  *y \n");
    CHECK_STR(SUMS_OUTCOME("SHA256 (a) b.sql) = " SUMS_A "\n"), SUMS_A "  a) b.sql\n");
    CHECK_STR(SUMS_OUTCOME("SHA256 ( a) = (b) = " SUMS_A "\n"), SUMS_A "   a) = (b\n");
    CHECK_STR(SUMS_OUTCOME(SUMS_A " (a) b\n" SUMS_B " (y)\n"), SUMS_A "  (a) b\n" SUMS_B "  (y)\n");
    CHECK_STR(SUMS_OUTCOME(SUMS_A " a\n" SUMS_B "  *y\n"), SUMS_A "  a\n" SUMS_B "   *y\n");
    CHECK_STR(SUMS_OUTCOME(SUMS_A "  #a\n" SUMS_B "  SHA256 (b) = c\n"),
              SUMS_A "  #a\n" SUMS_B "  SHA256 (b) = c\n");
    CHECK_STR(SUMS_OUTCOME(SUMS_A "  ./-\n"), SUMS_A "  ./-\n");
    CHECK_STR(SUMS_OUTCOME(SUMS_A "  \xff\x1b\t\n"), SUMS_A "  \xff\x1b\t\n");
}

TEST(sums, escapes_are_read_and_written) {
    static const char line[] = "\\" SUMS_A "  a\\\\b\\nc\\rd\n";
    CHECK_STR(SUMS_OUTCOME("\\" SUMS_A "  a\\\\b\\nc\\rd\n"), line);
    CHECK_STR(SUMS_OUTCOME("\\" SUMS_A " *a\\\\b\\nc\\rd\r\n"), line);
    CHECK_STR(SUMS_OUTCOME("\\SHA256 (a\\\\b\\nc\\rd) = " SUMS_A "\n"), line);
    CHECK_STR(SUMS_OUTCOME(SUMS_A "  a\\b\nc\rd\0"), "\\" SUMS_A "  a\\\\b\\nc\\rd\n");
    /* Without the backslash at the start of the line there is no escape. */
    CHECK_STR(SUMS_OUTCOME(SUMS_A "  a\\nb\n"), "\\" SUMS_A "  a\\\\nb\n");
    CHECK_STR(SUMS_OUTCOME("\\" SUMS_A "  plain\n"), SUMS_A "  plain\n");
}

TEST(sums, null_ends_escape_nothing) {
    static const char text[] = SUMS_A "  a\\b\nc\r\0" SUMS_B "  d\0";
    confiture_sums *sums;
    confiture_error error;
    CHECK(confiture_sums_read(&sums, text, sizeof text - 1, NULL, &error) == CONFITURE_OK);
    CHECK(memcmp(sums_written(sums, true), text, sizeof text - 1) == 0);
    confiture_sums_free(sums);
}

#define SUMS_REFUSED(text, expected) CHECK_STR(SUMS_OUTCOME(text), "FORMAT f.sums" expected)

TEST(sums, torn_text_is_refused) {
    SUMS_REFUSED(SUMS_A "  a.sql\n" SUMS_B "  s/b",
                 ":2: torn: the last line does not end in a newline");
    SUMS_REFUSED(SUMS_A "  a.sql\0" SUMS_B "  s/b.sql",
                 ":2: torn: the last line does not end in NUL, as others do");
    SUMS_REFUSED(SUMS_A "  a.sql\n" SUMS_B "  s/b.sql\n\0 ", ":3: torn: NUL where no name ends");
    SUMS_REFUSED(SUMS_A "  a.sql\n0123\n", ":2: 4 hexadecimal digits: expected the 64 of SHA-256");
    SUMS_REFUSED(SUMS_A "\n", ":1: a digest alone: expected two spaces and a name after it");
    SUMS_REFUSED(SUMS_A " \n", ":1: the name is empty");
    SUMS_REFUSED(SUMS_A "  \n", ":1: the name is empty");
    SUMS_REFUSED(SUMS_A "  ./\n", ":1: the name is empty");
    SUMS_REFUSED("SHA256 () = " SUMS_A "\n", ":1: the name is empty");
    SUMS_REFUSED("SHA256 (a.sql\n", ":1: expected SHA256 (NAME) = and a SHA-256");
    SUMS_REFUSED("SHA256 (a.sql) " SUMS_A "\n", ":1: expected SHA256 (NAME) = and a SHA-256");
    SUMS_REFUSED("SHA256 (a.sql) = \n", ":1: expected the SHA-256 of a file in hexadecimal, two "
                                        "spaces and its name, as sha256sum prints them");
    SUMS_REFUSED("SHA256 (a.sql) = " SUMS_A " \n", ":1: expected nothing after the SHA-256");
    SUMS_REFUSED("", ": empty: expected lines as sha256sum prints them");
    SUMS_REFUSED("\xEF\xBB\xBF", ": empty: expected lines as sha256sum prints them");
    SUMS_REFUSED("# nothing\n\n", ": empty: expected lines as sha256sum prints them");
}

/* What a crash leaves of a text whose size, but not its last bytes, had been written. */
TEST(sums, text_that_ends_in_zeros_is_refused) {
    SUMS_REFUSED(SUMS_A "  a.sql\n" SUMS_B "  s/b.sql\n\0\0\0\0",
                 ":3: torn: NUL where no name ends");
    SUMS_REFUSED(SUMS_A "  a.sql\n" SUMS_B "  s/b\0\0\0", ":2: torn: NUL where no name ends");
    SUMS_REFUSED(SUMS_A "  a.sql\n" SUMS_B "  s/b.sql\n\0", ":3: torn: NUL where no name ends");
    SUMS_REFUSED("#\n\\" SUMS_A "  a.sql\n\\" SUMS_B "  s\0", ":3: torn: NUL where no name ends");
    SUMS_REFUSED(SUMS_A "  a.sql\n\0\0", ":2: torn: NUL where no name ends");
    SUMS_REFUSED(SUMS_A "  a.sql\0" SUMS_B "  s/b.sql\0\0\0", ":3: torn: NUL where no name ends");
    SUMS_REFUSED("SHA256 (a) = " SUMS_A "\nSHA256 (b) = " SUMS_B "\n\0",
                 ":3: torn: NUL where no name ends");
    SUMS_REFUSED("\0\0\0\0", ":1: torn: NUL where no name ends");
}

TEST(sums, sums_of_another_kind_are_refused) {
    SUMS_REFUSED("d41d8cd98f00b204e9800998ecf8427e  a.sql\n",
                 ":1: 32 hexadecimal digits, as of MD5: expected the 64 of SHA-256");
    SUMS_REFUSED("#\nda39a3ee5e6b4b0d3255bfef95601890afd80709  a.sql\n",
                 ":2: 40 hexadecimal digits, as of SHA-1: expected the 64 of SHA-256");
    SUMS_REFUSED("0123456701234567012345670123456701234567012345670123456a  a.sql\n",
                 ":1: 56 hexadecimal digits, as of SHA-224: expected the 64 of SHA-256");
    SUMS_REFUSED(SUMS_A "0123456789abcdef0123456789abcdef  a.sql\n",
                 ":1: 96 hexadecimal digits, as of SHA-384: expected the 64 of SHA-256");
    SUMS_REFUSED(SUMS_A SUMS_B "  a.sql\n",
                 ":1: 128 hexadecimal digits, as of SHA-512: expected the 64 of SHA-256");
    SUMS_REFUSED("MD5 (a.sql) = d41d8cd98f00b204e9800998ecf8427e\n",
                 ":1: a sum of MD5: expected SHA256");
    SUMS_REFUSED("BLAKE2b-256 (a.sql) = " SUMS_A "\n", ":1: a sum of BLAKE2b-256: expected SHA256");
    SUMS_REFUSED("f  a.sql\n", ":1: 1 hexadecimal digit: expected the 64 of SHA-256");
    SUMS_REFUSED("create table t ();\n", ":1: 1 hexadecimal digit: expected the 64 of SHA-256");
    SUMS_REFUSED("select 1;\n", ":1: expected the SHA-256 of a file in hexadecimal, two spaces "
                                "and its name, as sha256sum prints them");
    SUMS_REFUSED("\xFF\xFE"
                 "a\0",
                 ":1: UTF-16, as PowerShell's > writes it: expected UTF-8");
    SUMS_REFUSED("\xFE\xFF\0"
                 "a",
                 ":1: UTF-16, as PowerShell's > writes it: expected UTF-8");
    SUMS_REFUSED(SUMS_A "  -\n", ":1: the name '-' is standard input: expected the name of a file");
    SUMS_REFUSED(SUMS_A "  a\n" SUMS_B " b\n",
                 ":2: expected two spaces, or a space and '*', after the SHA-256");
    SUMS_REFUSED(SUMS_A "\ta\n", ":1: expected two spaces, or a space and '*', after the SHA-256");
    SUMS_REFUSED("\\" SUMS_A "  a\\tb\n",
                 ":1: unknown escape in the name: expected \\\\, \\n or \\r");
    SUMS_REFUSED("\\" SUMS_A "  a\\\n",
                 ":1: unknown escape in the name: expected \\\\, \\n or \\r");
    /* With NUL at the ends a backslash is no escape, and no digest. */
    SUMS_REFUSED("\\" SUMS_A "  a\0", ":1: expected the SHA-256 of a file in hexadecimal, two "
                                      "spaces and its name, as sha256sum prints them");
}

TEST(sums, a_name_twice_is_refused) {
    SUMS_REFUSED(SUMS_A "  b\n" SUMS_A "  a\n\n" SUMS_B "  ./b\n" SUMS_B "  a\n",
                 ":4: the name is the same as in line 1");
    SUMS_REFUSED(SUMS_A "  b\n" SUMS_A "  z\n" SUMS_B "  b\n" SUMS_B "  b\n",
                 ":3: the name is the same as in line 1");
}

TEST(sums, each_sum_is_told) {
    confiture_sums *sums;
    const uint8_t *sha256;
    CHECK(confiture_sums_read(&sums, SUMS_A "  z\n" SUMS_B "  a\n", 136, NULL, NULL) ==
          CONFITURE_OK);
    CHECK(confiture_sums_count(sums) == 2);
    CHECK_STR(confiture_sums_name(sums, 0), "z");
    CHECK_STR(confiture_sums_name(sums, 1), "a");
    sha256 = confiture_sums_sha256(sums, 1);
    CHECK(sha256 != NULL && sha256[0] == 0x01 && sha256[31] == 0xef);
    CHECK(confiture_sums_name(sums, 2) == NULL && confiture_sums_sha256(sums, 2) == NULL);
    CHECK(confiture_sums_name(sums, CONFITURE_NO_INDEX) == NULL);
    confiture_sums_free(sums);
    confiture_sums_free(NULL);
    CHECK(confiture_sums_count(NULL) == 0 && confiture_sums_name(NULL, 0) == NULL);
}

TEST(sums, of_files_are_those_of_the_manifest) {
    static const char *const paths[] = {"s/z.sql", "s/a.sql", "./s/z.sql", "s/a.sql"};
    confiture_sums *sums;
    confiture_files *files;
    confiture_entry entries[4];
    confiture_error error;
    size_t r;
    tree_text("s/z.sql", "z");
    tree_text("s/a.sql", "");
    CHECK(!confiture_files_from_paths(&files, paths, 4, NULL, &error));
    CHECK(!confiture_manifest(entries, files, NULL, &error));
    for (r = 0; r < RUNS; r++) {
        confiture_sums_options options;
        memset(&options, 0, sizeof options);
        options.run = runs_get(r);
        CHECK(confiture_sums_of(&sums, files, &options, &error) == CONFITURE_OK);
        CHECK(confiture_sums_count(sums) == 2); /* each once, in the order of the list */
        CHECK_STR(confiture_sums_name(sums, 0), "s/z.sql");
        CHECK_STR(confiture_sums_name(sums, 1), "s/a.sql");
        CHECK(memcmp(confiture_sums_sha256(sums, 0), entries[0].sha256, 32) == 0);
        CHECK(memcmp(confiture_sums_sha256(sums, 1), entries[1].sha256, 32) == 0);
        confiture_sums_free(sums);
    }
    tree_remove("s/a.sql");
    CHECK(confiture_sums_of(&sums, files, NULL, &error) == CONFITURE_E_SYSTEM && sums == NULL);
    CHECK(error.index == 1);
    confiture_files_free(files);
    CHECK(!confiture_files_from_paths(&files, paths, 0, NULL, &error));
    CHECK(confiture_sums_of(&sums, files, NULL, &error) == CONFITURE_OK);
    CHECK(confiture_sums_count(sums) == 0);
    CHECK_STR(sums_written(sums, false), "");
    confiture_sums_free(sums);
    confiture_files_free(files);
    tree_clear();
}

static int sums_sink_fails(void *user, const void *data, size_t size) {
    (void)data;
    (void)size;
    return *(int *)user;
}

TEST(sums, arguments_and_sinks_that_fail_are_said) {
    confiture_sums *sums = NULL;
    confiture_sink sink = {NULL, NULL};
    confiture_allocator incomplete;
    confiture_sums_options options;
    confiture_error error;
    int result = 5;
    memset(&incomplete, 0, sizeof incomplete);
    memset(&options, 0, sizeof options);
    options.run.allocator = &incomplete;
    CHECK_STR(runs_outcome(confiture_sums_read(&sums, "", 0, &options, &error), &error),
              "ARGUMENT an allocator must be given, with alloc, realloc and free");
    CHECK_STR(runs_outcome(confiture_sums_read(NULL, "", 0, NULL, &error), &error),
              "ARGUMENT sums must not be NULL");
    CHECK_STR(runs_outcome(confiture_sums_read(&sums, NULL, 0, NULL, &error), &error),
              "ARGUMENT text must not be NULL");
    CHECK_STR(runs_outcome(confiture_sums_read(&sums, "", 0, NULL, &error), &error),
              "FORMAT sums: empty: expected lines as sha256sum prints them");
    CHECK_STR(runs_outcome(confiture_sums_of(NULL, NULL, NULL, &error), &error),
              "ARGUMENT sums must not be NULL");
    CHECK_STR(runs_outcome(confiture_sums_of(&sums, NULL, NULL, &error), &error),
              "ARGUMENT files must not be NULL");
    CHECK(confiture_sums_read(&sums, SUMS_A "  z\n", 68, NULL, NULL) == CONFITURE_OK);
    CHECK_STR(runs_outcome(confiture_sums_write(NULL, &sink, NULL, &error), &error),
              "ARGUMENT sums must not be NULL");
    CHECK_STR(runs_outcome(confiture_sums_write(sums, NULL, NULL, &error), &error),
              "ARGUMENT sink must not be NULL");
    CHECK_STR(runs_outcome(confiture_sums_write(sums, &sink, NULL, &error), &error),
              "ARGUMENT sink->write must not be NULL");
    sink.write = sums_sink_fails;
    sink.user = &result;
    CHECK(confiture_sums_write(sums, &sink, &options, &error) == CONFITURE_E_ARGUMENT);
    CHECK(confiture_sums_write(sums, &sink, NULL, &error) == CONFITURE_E_SINK);
    CHECK(error.os_error == 5);
    confiture_sums_free(sums);
}

/* ==== A lack of memory =================================================== */

static const char sums_long[] =
    SUMS_A "  b\n\\" SUMS_B "  a\\nb\nSHA256 (c) = " SUMS_A "\n" SUMS_A "  d\n";

static confiture_status sums_read_call(void *ctx, const confiture_run *run,
                                       confiture_error *error) {
    confiture_sums_options options;
    confiture_sums *sums;
    confiture_status status;
    sums_text text;
    confiture_sink sink;
    (void)ctx;
    memset(&options, 0, sizeof options);
    options.run = *run;
    status = confiture_sums_read(&sums, sums_long, sizeof sums_long - 1, &options, error);
    if (status != CONFITURE_OK) return status;
    text.size = 0;
    sink.write = sums_collect;
    sink.user = &text;
    status = confiture_sums_write(sums, &sink, &options, error);
    confiture_sums_free(sums);
    return status;
}

static confiture_status sums_of_call(void *ctx, const confiture_run *run, confiture_error *error) {
    confiture_sums_options options;
    confiture_sums *sums;
    confiture_status status;
    memset(&options, 0, sizeof options);
    options.run = *run;
    status = confiture_sums_of(&sums, (const confiture_files *)ctx, &options, error);
    confiture_sums_free(sums);
    return status;
}

TEST(sums, a_lack_of_memory_leaves_nothing) {
    static const char *const paths[] = {"s/z.sql", "s/a.sql", "s/z.sql"};
    confiture_files *files;
    memory_exhaust_io(sums_read_call, NULL, 1, true, NULL, CONFITURE_IO_READ);
    memory_exhaust_io(sums_read_call, NULL, 1, false, NULL, CONFITURE_IO_READ);
    tree_text("s/z.sql", "z");
    tree_text("s/a.sql", "");
    CHECK(!confiture_files_from_paths(&files, paths, 3, NULL, NULL));
    memory_exhaust(sums_of_call, files, 1, true, NULL);
    memory_exhaust(sums_of_call, files, 3, false, NULL);
    confiture_files_free(files);
    tree_clear();
}

/* The text, sorted backwards, of many names with much in common. */
TEST(sums, many_names_take_linear_time) {
    enum { MANY = 200000 };
    char *text = (char *)malloc(MANY * 90), *p = text;
    confiture_sums *sums;
    int i;
    for (i = MANY; i > 0; i--) p += sprintf(p, SUMS_A "  db/schema/%07d.sql\n", i);
    CHECK(confiture_sums_read(&sums, text, (size_t)(p - text), NULL, NULL) == CONFITURE_OK);
    CHECK(confiture_sums_count(sums) == MANY);
    confiture_sums_free(sums);
    free(text);
}
