/* direct.h: the calls of os/posix.c and os/uring.c one by one, and what one call of the library
 * makes of what no system does when it is asked to: each is said by name here, since which of
 * them the Nth call meets changes with the code. */
#ifndef CONFITURE_FAULTS_DIRECT_H
#define CONFITURE_FAULTS_DIRECT_H

/* The next call of this kind fails, in its way number `variant`. */
static void direct_fail(fault_call call, size_t variant) {
    fault_reset();
    fault.only = FAULT_BIT(call);
    fault.fail_at = 1;
    fault.variant = variant;
    fault.armed = true;
}

/* ---- each call fails, and is interrupted ---- */

static int direct_opened(int error, const cfti_os_file *file) {
    if (error == 0) cfti_os_close(*file);
    return error;
}

static int direct_open(cfti_os_file file) {
    return direct_opened(cfti_os_open(AT_FDCWD, "s/01_a.sql", &file), &file);
}

static int direct_create(cfti_os_file file) {
    return direct_opened(cfti_os_create("o/direct", true, &file), &file);
}

static int direct_open_for_writing(cfti_os_file file) {
    return direct_opened(cfti_os_open_for_writing("o/old", -1, &file), &file);
}

static int direct_status_of(cfti_os_file file) {
    cfti_os_status status;
    return cfti_os_status_of(file, &status);
}

static int direct_status_at(cfti_os_file file) {
    cfti_os_status status;
    (void)file;
    return cfti_os_status_at(AT_FDCWD, "s/01_a.sql", true, &status);
}

static int direct_read_at(cfti_os_file file) {
    char byte;
    size_t got;
    return cfti_os_read_at(file, &byte, 1, 0, &got);
}

static int direct_entry(void *ctx, const char *name, cfti_kind kind) {
    (void)ctx;
    (void)name;
    (void)kind;
    return 0;
}

static int direct_list(cfti_os_file file) { return cfti_os_list(file, direct_entry, NULL); }
static int direct_write(cfti_os_file file) { return cfti_os_write(file, "x", 1); }
static int direct_write_at(cfti_os_file file) { return cfti_os_write_at(file, "x", 1, 0); }
static int direct_sync(cfti_os_file file) { return cfti_os_sync(file); }
static int direct_set_mode(cfti_os_file file) { return cfti_os_set_mode(file, 0600); }

static int direct_rename(cfti_os_file file) {
    (void)file;
    return cfti_os_rename("o/old", "o/direct");
}

static int direct_link(cfti_os_file file) {
    (void)file;
    return cfti_os_link("o/old", "o/direct");
}

static int direct_remove_acl(cfti_os_file file) { return cfti_os_remove_acl(file); }

static int direct_read_acl(cfti_os_file file) {
    uint8_t acl[64];
    size_t size;
    (void)file;
    return cfti_os_read_acl("o/old", acl, sizeof acl, &size);
}

static int direct_remove(cfti_os_file file) {
    (void)file;
    return cfti_os_remove("o/old");
}

static int direct_read_link(cfti_os_file file) {
    char target[100];
    (void)file;
    return cfti_os_read_link("o/link.sql", target, sizeof target);
}

enum { DIRECT_NONE, DIRECT_INPUT, DIRECT_DIRECTORY, DIRECT_OUTPUT };

static const struct {
    int (*run)(cfti_os_file file);
    fault_call call;
    int needs; /* what is open */
} direct_calls[] = {{direct_open, FAULT_OPENAT, DIRECT_NONE},
                    {direct_create, FAULT_OPEN, DIRECT_NONE},
                    {direct_open_for_writing, FAULT_OPEN, DIRECT_NONE},
                    {direct_status_of, FAULT_FSTAT, DIRECT_INPUT},
                    {direct_status_at, FAULT_FSTATAT, DIRECT_NONE},
                    {direct_read_at, FAULT_READ, DIRECT_INPUT},
                    {direct_list, FAULT_LIST, DIRECT_DIRECTORY},
                    {direct_write, FAULT_WRITE, DIRECT_OUTPUT},
                    {direct_write_at, FAULT_PWRITE, DIRECT_OUTPUT},
                    {direct_sync, FAULT_FSYNC, DIRECT_OUTPUT},
                    {direct_set_mode, FAULT_FCHMOD, DIRECT_OUTPUT},
                    {direct_remove_acl, FAULT_FREMOVEXATTR, DIRECT_OUTPUT},
                    {direct_read_acl, FAULT_GETXATTR, DIRECT_NONE},
                    {direct_link, FAULT_LINK, DIRECT_NONE},
                    {direct_rename, FAULT_RENAME, DIRECT_NONE},
                    {direct_remove, FAULT_UNLINK, DIRECT_NONE},
                    {direct_read_link, FAULT_READLINK, DIRECT_NONE}};

/* What is open for a call; it leaves no file behind. */
static int direct_call(size_t i, size_t variant) {
    cfti_os_file file = AT_FDCWD;
    int needs = direct_calls[i].needs, error;
    fault_reset();
    tree_text("o/old", "old");
    error = needs == DIRECT_INPUT       ? cfti_os_open(AT_FDCWD, "s/01_a.sql", &file)
            : needs == DIRECT_DIRECTORY ? cfti_os_open_directory("s", &file)
            : needs == DIRECT_OUTPUT    ? cfti_os_open_for_writing("o/old", -1, &file)
                                        : 0;
    if (error != 0) tree_die("open", "o/old");
    direct_fail(direct_calls[i].call, variant);
    error = direct_calls[i].run(file);
    if (fault.hits != 1) error = -1;
    fault_reset();
    if (needs != DIRECT_NONE) cfti_os_close(file);
    (void)remove("o/old");
    (void)remove("o/direct");
    return error;
}

static void direct_all_calls(void) {
    size_t i, k;
    for (i = 0; i < TREE_COUNT(direct_calls); i++) {
        fault_call call = direct_calls[i].call;
        size_t n = fault_variants(call);
        for (k = 0; k < n; k++) CHECK(direct_call(i, k) == fault_calls[call].errors[k]);
        CHECK(direct_call(i, n) == 0); /* interrupted: it is made again */
    }
}

/* One that closes fails, but is not made again: the descriptor is gone all the same, and its
 * number may be another's. */
static void direct_finish(void) {
    size_t variant;
    for (variant = 0; variant < 2; variant++) {
        cfti_os_file file;
        fault_reset();
        CHECK(cfti_os_create("o/direct", false, &file) == 0);
        direct_fail(FAULT_CLOSE, variant);
        CHECK(cfti_os_finish(file) == (variant == 0 ? EIO : 0));
        CHECK(fault.calls == 1);
        fault_reset();
        tree_remove("o/direct");
    }
}

/* POSIX leaves it open what a write of nothing means. It must not be tried for ever. */
static void direct_no_write(void) {
    cfti_os_file file;
    fault_reset();
    CHECK(cfti_os_create("o/direct", false, &file) == 0);
    fault.no_write = true;
    CHECK(cfti_os_write(file, "x", 1) == EIO);
    CHECK(cfti_os_write_at(file, "x", 1, 0) == EIO);
    fault_reset();
    cfti_os_close(file);
    tree_remove("o/direct");
}

/* ---- the machine ---- */

static void direct_plan_one(const void *ctx) {
    (void)ctx;
    fault_processors = 1;
}

static void direct_undo_one(void) { fault_processors = 8; }

/* Where nothing is known of the processors there is one; and with one all is done by one. */
static void direct_processors(void) {
    static const config alone = {
        "as many as processors", CONFITURE_IO_READ, 0, POOL_NONE, true, false, false};
    size_t k;
    fault_reset();
    fault.only = FAULT_BIT(FAULT_HINT) | FAULT_BIT(FAULT_SYSCONF);
    fault.fail_at = 1;
    fault.fail_on = fault.armed = true;
    CHECK(cfti_os_processors() == 1);
    fault_reset();
    named_begin("one processor");
    judge.undo = direct_undo_one;
    for (k = 0; k < WORKS; k++)
        if (!works[k].is_large) named_run(&works[k], &alone, direct_plan_one, NULL, "done");
    judge.undo = NULL;
    named_end();
}

#if !defined(CONFITURE_NO_ALLOC)
/* Pages of a size that is not known are wished for by nobody. */
static void direct_advice(void) {
    static char block[1];
    direct_fail(FAULT_SYSCONF, 0);
    fault.only |= FAULT_BIT(FAULT_HINT);
    cfti_os_advise_large(block, sizeof block);
    CHECK(fault.calls == 1);
    fault_reset();
}
#endif

/* ---- rings ---- */

#if defined(SYS_io_uring_setup) && !defined(CONFITURE_NO_URING) && !defined(__TINYC__)

static uint8_t direct_data[4][8192];

/* The fetches of four files, of which the last is a page to the byte. */
static void direct_fetches(cfti_os_fetch fetches[4]) {
    static const char *const paths[] = {"s/sub/1.sql", "s/sub/2.sql", "s/sub/3.sql",
                                        "s/sub/0_page.sql"};
    size_t i;
    memset(fetches, 0, 4 * sizeof fetches[0]);
    for (i = 0; i < 4; i++) {
        fetches[i].at = AT_FDCWD;
        fetches[i].path = paths[i];
        fetches[i].data = direct_data[i];
        fetches[i].capacity = sizeof direct_data[i];
    }
}

/* A kernel before 5.19, or before 5.4: nothing of the ring stays. */
static void direct_old_kernels(void) {
    static const uint32_t lacks[] = {1, 1u << 12};
    cfti_os_ring ring;
    size_t i;
    for (i = 0; i < 2; i++) {
        fault.lacks = lacks[i];
        CHECK(cfti_os_ring_open(&ring) == ENXIO && fault_is_clean());
    }
    fault_reset();
}

/* What it has been given is the kernel's until it says that it is done, however it answers. */
static void direct_held(cfti_os_ring *ring) {
    cfti_os_fetch f[4];
    size_t i;
    direct_fetches(f);
    fault.hold = 3;
    (void)cfti_os_ring_fetch(ring, f, 4, 1);
    CHECK(fault.hold == 0);
    for (i = 0; i < 4; i++) CHECK(f[i].opened && f[i].closed);
    fault_reset();
}

/* A file that is done comes with its status. Where an open has to wait its read comes too early:
 * then all are asked for again. */
static void direct_page(cfti_os_ring *ring) {
    cfti_os_fetch f[4];
    int tries = 0;
    do {
        direct_fetches(f);
        fault.waits = true;
        ring->cold = 0;
        CHECK_QUIET(cfti_os_ring_fetch(ring, f, 4, 1));
    } while (!f[3].done && ++tries < 1000);
    CHECK(f[3].done && f[3].got == 4096 && f[3].status.size == 4096);
    CHECK(f[3].status.kind == CFTI_KIND_FILE);
    CHECK(tree_holds(f[3].path, (const char *)direct_data[3], 4096));
    fault_reset();
}

/* Files that are opened and not read, as those are that have to be waited for. */
static void direct_late(cfti_os_ring *ring) {
    cfti_os_fetch f[4];
    size_t i;
    direct_fetches(f);
    direct_fail(FAULT_RING_REQUEST, 0);
    fault.fail_at = 5; /* behind all that open */
    fault.fail_on = true;
    CHECK(!cfti_os_ring_fetch(ring, f, 4, 1));
    for (i = 0; i < 4; i++) CHECK(f[i].opened && !f[i].done);
    CHECK(ring->cold > 0);
    fault_reset();
}

/* Read ahead: the file, and its status. Whichever fails, it is not done. */
static void direct_ahead(cfti_os_ring *ring) {
    size_t n;
    for (n = 1; n <= 3; n++) {
        cfti_os_fetch f[4];
        direct_fetches(f);
        direct_fail(FAULT_READ, 0);
        fault.only |= FAULT_BIT(FAULT_FSTAT);
        fault.fail_at = n;
        ring->cold = 1;
        CHECK(cfti_os_ring_fetch(ring, &f[3], 1, 1));
        CHECK(ring->cold == 0 && f[3].opened && f[3].done == (n == 3));
        CHECK(fault.calls == (n == 1 ? 1 : 2));
    }
    fault_reset();
}

static void direct_ring(void) {
    cfti_os_ring ring;
    fault_reset();
    if (cfti_os_ring_open(&ring) != 0) {
        printf("skipped: rings by themselves: there are none here\n");
        return;
    }
    direct_held(&ring);
    direct_ahead(&ring);
    direct_page(&ring);
    direct_late(&ring); /* the last: it is of no use any more */
    cfti_os_ring_close(&ring);
    direct_old_kernels();
    CHECK(fault_is_clean());
}

#else
static void direct_ring(void) {}
#endif

/* ---- one call of the library ---- */

/* Locks that cannot be made: the first, the second, and so on. */
static void direct_locks(void) {
    static const config threads = {"threads", CONFITURE_IO_READ, 4, POOL_NONE, true, false, false};
    size_t k;
    named_begin("locks that cannot be made");
    for (k = 0; k < WORKS; k++) {
        faults_nth nth;
        memset(&nth, 0, sizeof nth);
        nth.only = FAULT_BIT(FAULT_MUTEX) | FAULT_BIT(FAULT_CONDITION);
        for (nth.n = 1; named.good && !works[k].is_large && nth.n < 100; nth.n++) {
            named_run(&works[k], &threads, faults_plan_nth, &nth, NULL);
            if (fault.hits == 0) break;
        }
    }
    CHECK(named.failed >= 6); /* three of a pool, three of a scan */
    named_end();
}

/* A directory that is none when it is opened, and cannot be asked what it is then. */
static void direct_directory(void) {
    fault_rule rules[FAULT_RULES];
    memset(rules, 0, sizeof rules);
    rules[0].calls = FAULT_BIT(FAULT_OPENAT);
    rules[1].calls = FAULT_BIT(FAULT_FSTATAT);
    rules[0].path = rules[1].path = "s";
    rules[0].error = ENOTDIR;
    rules[1].error = EIO;
    named_begin("a directory that is unclear");
    named_run(&works[0], &configs[0], named_plan_rules, rules, "SYSTEM s: input/output error");
    named_end();
}

/* A directory in which case does not tell names apart: what is listed as out.sql is the output
 * OUT.SQL, and two new outputs may be one. */
static void direct_folds(void) {
    static const char *const paths[] = {"o/n.sql", "o/N.SQL", "o/other.sql"};
    static const char *const none[] = {"i"};
    confiture_build_options options;
    confiture_schema schemas[3];
    confiture_error error;
    fault_reset();
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES; /* the files are words, and no SQL */
    memset(schemas, 0, sizeof schemas);
    options.run.threads = 1;
    options.run.allocator = &fault_allocator;
    tree_text("i/out.sql", work_old_text);
    fault.folds = true;
    CHECK(confiture_build_file(schemas, "i/OUT.SQL", lists.within, &options, NULL) == CONFITURE_OK);
    CHECK(schemas[0].file_count == 2 && access("i/OUT.SQL", F_OK) != 0);
    confiture_schema_free(schemas);
    options.post_dirs = none;
    options.post_dir_count = 1;
    CHECK(confiture_build_split_files(schemas, paths, lists.small, &options, &error) ==
          CONFITURE_E_ARGUMENT);
    CHECK_STR(error.message, "o/N.SQL: two outputs are the same file");
    CHECK(access("o/n.sql", F_OK) != 0 && access("o/other.sql", F_OK) != 0);
    fault_reset();
    tree_text("i/out.sql", work_old_text);
    CHECK(fault_is_clean() && judge_no_temporaries());
}

/* A file that cannot be asked whether it is the output, behind one that was. */
static void direct_without(void) {
    static const char *const paths[] = {"i/out.sql", "i/z.sql"};
    confiture_find_options find;
    confiture_build_options options;
    confiture_files *files = NULL;
    confiture_schema schema;
    confiture_error error;
    fault_reset();
    tree_text("i/out.sql", work_old_text);
    memset(&find, 0, sizeof find);
    memset(&options, 0, sizeof options);
    memset(&schema, 0, sizeof schema);
    find.run.allocator = &lists.memory.allocator;
    options.run.threads = 1;
    CHECK(confiture_files_from_paths(&files, paths, 2, &find, NULL) == CONFITURE_OK);
    fault.rules[0].calls = FAULT_BIT(FAULT_FSTATAT);
    fault.rules[0].path = paths[1];
    fault.rules[0].error = EIO;
    CHECK(confiture_build_file(&schema, paths[0], files, &options, &error) == CONFITURE_E_SYSTEM);
    CHECK_STR(error.message, "i/z.sql: input/output error");
    fault_reset();
    confiture_files_free(files);
    CHECK(fault_is_clean() && judge_no_temporaries());
    CHECK(tree_holds("i/out.sql", work_old_text, strlen(work_old_text)));
}

/* What is said of a file between the reads of it is not what was said before: that is a change,
 * if it does not end. A size that is not what the reads bring is none: some file systems have
 * no other, and a read of nothing is the end. (A long file is looked at once before it is known
 * to be one.) */
static void direct_lies(void) {
    static const struct {
        fault_lie lie;
        const char *expected;
    } lies[] = {{{"s/sub/1.sql", 1, 0, 0, true}, "CHANGED s/sub/1.sql: "},
                {{"s/sub/1.sql", 2, 0, 0, true}, "done"}, /* it is not asked again */
                {{"s/sub/1.sql", 1, 0, 1, false}, "done"},
                {{"l/3_large.sql", 3, 0, 0, true}, "CHANGED l/3_large.sql: "},
                {{"l/3_large.sql", 3, 0, 1, false}, "CHANGED l/3_large.sql: "},
                {{"l/3_large.sql", 1, 0, 1, false}, "done"}};
    size_t i;
    for (i = 0; i < TREE_COUNT(lies); i++) {
        confiture_hash_options options;
        confiture_digest digest;
        confiture_error error;
        confiture_status status;
        const char *outcome;
        fault_reset();
        memset(&options, 0, sizeof options);
        options.run.threads = 1;
        options.run.io = CONFITURE_IO_READ;
        fault.lie = lies[i].lie;
        status = confiture_hash(&digest, lies[i].lie.path[0] == 'l' ? lists.large : lists.small,
                                &options, &error);
        outcome = runs_outcome(status, &error);
        if (!CHECK(strncmp(outcome, lies[i].expected, strlen(lies[i].expected)) == 0 &&
                   fault.lie.asked > 0))
            printf("    lie %zu: %s, asked %zu\n", i, outcome, fault.lie.asked);
        fault_reset();
        CHECK(fault_is_clean());
    }
}

static void direct_all(void) {
    direct_all_calls();
    direct_finish();
    direct_no_write();
    direct_processors();
#if !defined(CONFITURE_NO_ALLOC)
    direct_advice();
#endif
    direct_ring();
    direct_locks();
    direct_directory();
    direct_folds();
    direct_without();
    direct_lies();
    CHECK(fault_is_clean());
}

#endif
