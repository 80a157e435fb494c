/* named.h: failures with a name, of which more can be said than of the Nth call: what must be
 * lived without, what must be tried again, and which error it is. In all ways of running,
 * unless it is the small share, which takes each work in some of them. */
#ifndef CONFITURE_FAULTS_NAMED_H
#define CONFITURE_FAULTS_NAMED_H

static struct {
    const char *name;
    unsigned long runs, failed;
    bool good;
} named;

static void named_begin(const char *name) {
    named.name = name;
    named.runs = named.failed = 0;
    named.good = true;
}

static void named_end(void) {
    if (CHECK(named.good && named.runs > 0))
        printf("%-28s %lu calls, %lu of them failed, as they should\n", named.name, named.runs,
               named.failed);
    faults.calls += named.runs;
}

/* One work in one way. expected NULL: done, or an error that fits. */
static void named_run(const work *w, const config *c, void (*plan)(const void *), const void *ctx,
                      const char *expected) {
    const char *outcome;
    (void)snprintf(judge.where, sizeof judge.where, "%s: %s: %s", named.name, w->name, c->name);
    named.good &= judge_work(w, c, plan, ctx, &outcome);
    if (expected != NULL && !CHECK_QUIET(strcmp(outcome, expected) == 0)) {
        named.good = false;
        if (judge.shown++ < TEST_SHOWN_AT_MOST)
            printf("    %s\n    expected: %s\n    is:       %s\n", judge.where, expected, outcome);
    }
    named.runs++;
    named.failed += strcmp(outcome, "done") != 0;
}

/* Whether this way is one of those to be taken with this work. */
static bool named_wants(size_t k, size_t i) {
    if (!named.good || (works[k].is_search && configs[i].io != CONFITURE_IO_READ)) return false;
    return faults.quick ? (i + k) % 13 == 0 && !works[k].is_large
                        : !works[k].is_large || i % 4 == 0;
}

static void named_works(void (*plan)(const void *), const void *ctx, const char *expected) {
    size_t k, i;
    for (k = 0; k < WORKS; k++)
        for (i = 0; i < CONFIGS; i++)
            if (named_wants(k, i)) named_run(&works[k], &configs[i], plan, ctx, expected);
}

/* ---- less than was asked for, and interruptions: nothing of it may show ---- */

static void named_plan_short(const void *ctx) {
    fault.short_reads = *(const int *)ctx;
    fault.short_write = fault.few = true;
}

static void named_plan_no_size(const void *ctx) {
    named_plan_short(ctx);
    fault.no_size = true;
}

static void named_short(void) {
    static const int ways[] = {FAULT_RANDOM, FAULT_PAGES, FAULT_ONE_BYTE};
    size_t k, i;
    named_begin("reads of random lengths");
    named_works(named_plan_short, &ways[0], "done");
    named_end();
    named_begin("reads of files without size");
    named_works(named_plan_no_size, &ways[0], "done");
    named_end();
    named_begin("reads that end with a page");
    named_works(named_plan_short, &ways[1], "done");
    named_end();
    named_begin("reads of one byte");
    for (k = 0; k < WORKS; k++)
        for (i = 0; i < CONFIGS; i++)
            if (named_wants(k, i) && !works[k].is_large)
                named_run(&works[k], &configs[i], named_plan_short, &ways[2], "done");
    named_end();
}

static void named_plan_storm(const void *ctx) {
    (void)ctx;
    fault.armed = fault.storm = fault.few = true;
}

static void named_interrupted(void) {
    named_begin("EINTR, every second call");
    named_works(named_plan_storm, NULL, "done");
    named_end();
}

/* A page that cannot be read: what was read before it is not the file. */
static void named_plan_torn(const void *ctx) {
    fault.short_reads = FAULT_PAGES;
    faults_plan_nth(ctx);
}

static void named_torn(void) {
    faults_nth second;
    size_t i, k;
    memset(&second, 0, sizeof second);
    second.n = 2; /* the first file is one read and needs no more; the page is that of 03 */
    second.on = true;
    second.only = FAULT_BIT(FAULT_READ) | FAULT_BIT(FAULT_MMAP);
    named_begin("a page that cannot be read");
    for (k = 0; k < WORKS; k++)
        for (i = 0; i < CONFIGS; i++)
            if (named_wants(k, i) && !works[k].is_search && configs[i].io == CONFITURE_IO_READ)
                named_run(&works[k], &configs[i], named_plan_torn, &second, NULL);
    named_end();
}

/* ---- what only helps ---- */

static void named_series(const char *name, unsigned long only, bool few, confiture_io io) {
    size_t k, i;
    int on;
    named_begin(name);
    for (k = 0; k < WORKS; k++)
        for (i = 0; i < CONFIGS; i++)
            for (on = 0; on < 2; on++) {
                faults_nth nth;
                memset(&nth, 0, sizeof nth);
                nth.on = on != 0;
                nth.only = only;
                nth.few = few;
                if (!named_wants(k, i) || (io != 0 && configs[i].io != io)) continue;
                for (nth.n = 1; named.good && nth.n < 10000;
                     nth.n += faults.quick && nth.n > 8 ? 9 : 1) {
                    nth.variant = nth.n % 4;
                    named_run(&works[k], &configs[i], faults_plan_nth, &nth, "done");
                    if (fault.hits == 0) break;
                }
            }
    named_end();
}

static void named_helps(void) {
    const unsigned long ring = FAULT_BIT(FAULT_RING_SETUP) | FAULT_BIT(FAULT_RING_REGISTER) |
                               FAULT_BIT(FAULT_RING_ENTER) | FAULT_BIT(FAULT_MMAP);
    named_series("threads, mapping, hints",
                 FAULT_BIT(FAULT_THREAD) | FAULT_BIT(FAULT_MMAP) | FAULT_BIT(FAULT_HINT) |
                     FAULT_BIT(FAULT_SYSCONF),
                 false, CONFITURE_IO_AUTO);
    named_series("rings that are refused", ring, true, CONFITURE_IO_RING);
    named_series("requests that are refused", FAULT_BIT(FAULT_RING_REQUEST), true,
                 CONFITURE_IO_RING);
    named_series("results that are errors", FAULT_BIT(FAULT_RING_RESULT), true, CONFITURE_IO_RING);
}

/* ---- one file, or directory, that is always bad ---- */

static void named_plan_rules(const void *ctx) {
    memcpy(fault.rules, ctx, sizeof fault.rules);
    fault.few = true; /* a directory is listed in several steps */
}

/* The same error, word for word, however it is run. */
static void named_files(void) {
    static const struct {
        unsigned long calls;
        int error;
        const char *words;
    } kinds[] = {{FAULT_BIT(FAULT_OPENAT), EIO, "input/output error"},
                 {FAULT_BIT(FAULT_OPENAT), EMFILE, "too many open files in this process"},
                 {FAULT_BIT(FAULT_READ) | FAULT_BIT(FAULT_MMAP), EIO, "input/output error"}};
    fault_rule rules[FAULT_RULES];
    char expected[FAULT_PATH + 100];
    size_t k, i, f, kind, n = confiture_files_count(lists.small);
    named_begin("a file that is bad");
    for (f = 0; f < n; f++)
        for (kind = 0; kind < TREE_COUNT(kinds); kind++) {
            memset(rules, 0, sizeof rules);
            rules[0].calls = rules[1].calls = kinds[kind].calls;
            rules[0].error = rules[1].error = kinds[kind].error;
            rules[0].path = confiture_files_path(lists.small, f);
            rules[1].path = confiture_files_path(lists.small, n - 1); /* a later one is not told */
            (void)snprintf(expected, sizeof expected, "SYSTEM %s: %s", rules[0].path,
                           kinds[kind].words);
            for (k = 0; k < WORKS; k++) {
                const work *w = &works[k];
                if (w->is_search || w->is_large || (w->kind & (BUILD_WITHIN | BUILD_SCHEMA_ONLY)) ||
                    (w->run == work_hash && w->kind == HASH_OWN))
                    continue;
                for (i = (f + k) % 3; i < CONFIGS; i += 3)
                    if (named.good && (!faults.quick || (f + k + i) % 37 == 0))
                        named_run(w, &configs[i], named_plan_rules, rules, expected);
            }
        }
    named_end();
}

static void named_directories(void) {
    static const char *const paths[] = {"s", "s/sub", "s/sub/deep", "s/zz"};
    static const unsigned long calls[] = {FAULT_BIT(FAULT_OPENAT), FAULT_BIT(FAULT_LIST)};
    fault_rule rules[FAULT_RULES];
    char expected[FAULT_PATH + 100];
    size_t i, d, c;
    named_begin("a directory that is bad");
    for (d = 0; d < TREE_COUNT(paths); d++)
        for (c = 0; c < TREE_COUNT(calls); c++)
            for (i = 0; i < CONFIGS; i++) {
                memset(rules, 0, sizeof rules);
                rules[0].calls = calls[c];
                rules[0].error = EIO;
                rules[0].path = paths[d];
                (void)snprintf(expected, sizeof expected, "SYSTEM %s: input/output error",
                               paths[d]);
                if (configs[i].io == CONFITURE_IO_READ)
                    named_run(&works[0], &configs[i], named_plan_rules, rules, expected);
            }
    named_end();
    /* After some entries: what has been listed is not all. */
    named_begin("a listing that fails midway");
    for (i = 0; i < CONFIGS; i++) {
        faults_nth nth;
        memset(&nth, 0, sizeof nth);
        nth.only = FAULT_BIT(FAULT_LIST);
        nth.few = true;
        if (configs[i].io != CONFITURE_IO_READ) continue;
        for (nth.n = 1; named.good && nth.n < 1000; nth.n++) {
            named_run(&works[0], &configs[i], faults_plan_nth, &nth, NULL);
            if (fault.hits == 0) break;
        }
    }
    CHECK(named.failed > 20);
    named_end();
}

/* ---- the output ---- */

static void named_output(void) {
    static const struct {
        fault_call call;
        int error;
        bool temporary; /* the call is about the file that is being written */
        const char *words;
    } kinds[] = {{FAULT_CLOSE, EIO, true, "input/output error"},
                 {FAULT_CLOSE, ENOSPC, true, "no space left on device"},
                 {FAULT_WRITE, EDQUOT, true, "disk quota exceeded"},
                 {FAULT_PWRITE, ENOSPC, true, "no space left on device"},
                 {FAULT_FSYNC, EIO, true, "input/output error"},
                 {FAULT_FCHMOD, EPERM, true, "operation not permitted"},
                 {FAULT_FREMOVEXATTR, EIO, true, "input/output error"},
                 {FAULT_GETXATTR, EIO, false, "input/output error"},
                 {FAULT_OPEN, EROFS, true, "read-only file system"},
                 {FAULT_RENAME, EXDEV, false, "on another file system"},
                 {FAULT_RENAME, EBUSY, false, "device or resource busy"}};
    fault_rule rules[FAULT_RULES];
    char temporary[FAULT_PATH], expected[FAULT_PATH + 100];
    size_t k, i, n;
    named_begin("an output that fails");
    for (k = 0; k < WORKS; k++)
        for (n = 0; n < TREE_COUNT(kinds); n++)
            for (i = k % 2; i < CONFIGS; i += 2) {
                const work *w = &works[k];
                const work_output *o = &w->outputs[0];
                const char *slash = o->real != NULL ? strrchr(o->real, '/') : NULL;
                bool header = (w->kind & BUILD_HEADER) != 0, sync = (w->kind & BUILD_SYNC) != 0;
                if (slash == NULL || !named_wants(k, i)) continue;
                if ((kinds[n].call == FAULT_PWRITE && !header) ||
                    (kinds[n].call == FAULT_FSYNC && !sync) ||
                    ((kinds[n].call == FAULT_FCHMOD || kinds[n].call == FAULT_GETXATTR ||
                      kinds[n].call == FAULT_FREMOVEXATTR) &&
                     o->old == NULL) ||
                    work_old(o) == work_same) /* nothing is written */
                    continue;
                memset(rules, 0, sizeof rules);
                rules[1].calls = FAULT_BIT(FAULT_UNNAMED);
                rules[1].error = EOPNOTSUPP;
                (void)snprintf(temporary, sizeof temporary, "%.*s/.confiture-.tmp",
                               (int)(slash - o->real), o->real);
                rules[0].calls = FAULT_BIT(kinds[n].call);
                rules[0].error = kinds[n].error;
                rules[0].path = kinds[n].temporary ? temporary : o->real;
                rules[1].path = kinds[n].call == FAULT_OPEN ? temporary : "";
                (void)snprintf(expected, sizeof expected, "SYSTEM %s: %s", o->path, kinds[n].words);
                named_run(w, &configs[i], named_plan_rules, rules, expected);
            }
    named_end();
}

static void named_plan_disk(const void *ctx) { fault.disk = *(const size_t *)ctx; }

/* Room for so many bytes, the last write being a short one. */
static void named_full(void) {
    static const size_t capacities[] = {0, 1, 100, 4096, 50000, 80000, 262144, 262145, 2000000};
    size_t k, i, n;
    judge.error = ENOSPC;
    named_begin("a disk that fills up, ENOSPC");
    for (k = 0; k < WORKS; k++)
        for (i = 0; i < CONFIGS; i++)
            for (n = 0; n < TREE_COUNT(capacities); n++)
                if (works[k].outputs[0].path != NULL && named_wants(k, i))
                    named_run(&works[k], &configs[i], named_plan_disk, &capacities[n], NULL);
    CHECK(named.failed > 3);
    named_end();
    judge.error = 0;
}

static void named_plan_taken(const void *ctx) { fault.taken = *(const size_t *)ctx; }

/* The names for the temporary file are others': the next one is taken. There is an end to it. */
static void named_taken(void) {
    static const size_t counts[] = {1, 2, 50, 99};
    size_t k, i, n;
    named_begin("temporaries of others'");
    for (k = 0; k < WORKS; k++)
        for (i = 0; i < CONFIGS; i++)
            for (n = 0; n < TREE_COUNT(counts); n++)
                if (works[k].outputs[0].path != NULL && named_wants(k, i))
                    named_run(&works[k], &configs[i], named_plan_taken, &counts[n], "done");
    named_end();
}

/* ---- descriptors ---- */

static struct rlimit named_limit;

static void named_plan_few_files(const void *ctx) {
    struct rlimit limit = named_limit;
    limit.rlim_cur = *(const size_t *)ctx;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) tree_die("setrlimit", ".");
}

static void named_undo_few_files(void) {
    if (setrlimit(RLIMIT_NOFILE, &named_limit) != 0) tree_die("setrlimit", ".");
}

/* The system's own EMFILE: so many descriptors and no more. */
static void named_descriptors(void) {
    size_t k, i, most, next;
    int fd = open("/dev/null", O_RDONLY); /* the next to be had */
    if (fd < 0 || getrlimit(RLIMIT_NOFILE, &named_limit) != 0) tree_die("getrlimit", ".");
    (void)close(fd);
    next = (size_t)fd;
    judge.error = EMFILE;
    judge.undo = named_undo_few_files;
    named_begin("few descriptors, EMFILE");
    for (k = 0; k < WORKS; k++)
        for (i = 0; i < CONFIGS; i++)
            for (most = next; most < next + 12; most += faults.quick ? 4 : 1)
                if (named_wants(k, i))
                    named_run(&works[k], &configs[i], named_plan_few_files, &most, NULL);
    CHECK(named.failed > 3);
    named_end();
    judge.error = 0;
    judge.undo = NULL;
}

static void named_all(void) {
    named_short();
    named_interrupted();
    named_torn();
    named_helps();
    named_files();
    named_directories();
    named_output();
    named_full();
    named_taken();
    named_descriptors();
}

#endif
