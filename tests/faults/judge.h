/* judge.h: one call while something fails, and all that must hold afterwards. */
#ifndef CONFITURE_FAULTS_JUDGE_H
#define CONFITURE_FAULTS_JUDGE_H

enum { POOL_NONE, POOL_NEW, POOL_WARM }; /* warm: it has been used, and holds memory and rings */

typedef struct config {
    const char *name;
    confiture_io io;
    size_t threads;
    int pool;
    bool given; /* an allocator of the caller's own; else what the macros name */
    bool quick; /* a part of the small share */
    bool fresh; /* its files are read twice */
} config;

static struct {
    char where[400]; /* what is being done, for a message when it hangs */
    uint8_t expected[WORKS][32];
    char *built[WORKS][WORK_OUTPUTS]; /* what the outputs hold after success */
    size_t shown;
    /* When it is not by our hand that calls fail: the errno, and what ends it. */
    int error;
    void (*undo)(void);
} judge;

/* ---- one call ---- */

static confiture_status judge_call(const work *w, const confiture_run *run, confiture_error *error,
                                   uint8_t answer[32]) {
    confiture_sha256 sha;
    confiture_status status;
    confiture_sha256_init(&sha);
    status = w->run(w, run, error, &sha);
    confiture_sha256_final(&sha, answer);
    return status;
}

static bool judge_is_temporary(const char *path) {
    const char *slash = strrchr(path, '/');
    return strncmp(slash == NULL ? path : slash + 1, ".confiture-", 11) == 0;
}

static const work_output *judge_output(const work *w, const char *path) {
    size_t i;
    for (i = 0; i < WORK_OUTPUTS && w->outputs[i].path != NULL; i++)
        if (strcmp(path, w->outputs[i].path) == 0 || strcmp(path, w->outputs[i].real) == 0)
            return &w->outputs[i];
    return NULL;
}

/* Whether the error is the one that the hit asks for: its status, its errno, and the name of
 * what the call was about. */
static bool judge_fits(const work *w, const fault_hit *hit, const confiture_error *error) {
    char named[FAULT_PATH];
    fault_path(named, NULL, error->path);
    if (hit->call == FAULT_ALLOC || hit->call == FAULT_MUTEX || hit->call == FAULT_CONDITION)
        return error->status == CONFITURE_E_MEMORY && error->os_error == 0;
    if (hit->error == ENOMEM) {
        if (error->status != CONFITURE_E_MEMORY || error->os_error != 0) return false;
    } else if (error->status != CONFITURE_E_SYSTEM || error->os_error != hit->error) {
        return false;
    }
    switch (hit->call) {
    case FAULT_GETCWD: return true;
    case FAULT_GETXATTR: return judge_output(w, named) != NULL;
    case FAULT_READLINK: return error->path[0] != '\0'; /* one of the directories above it, maybe */
    case FAULT_OPENAT:
    case FAULT_FSTAT:
    case FAULT_FSTATAT:
    case FAULT_READ:
    case FAULT_DUP:
    case FAULT_FDOPENDIR:
    case FAULT_LIST:
        if (strcmp(named, hit->path) == 0) return true;
        if (fault.fail_on && w->is_search && /* the name may need memory that is not there */
            strncmp(named, hit->path, strlen(named)) == 0 && hit->path[strlen(named)] == '/')
            return true;
        if (hit->call == FAULT_OPENAT && w->is_search && strcmp(hit->path, ".") == 0 &&
            strcmp(named, "missing") == 0) /* it was looked for there */
            return true;
        if (hit->is_directory && !w->is_search && /* it was opened for a file in it */
            strncmp(named, hit->path, strlen(hit->path)) == 0)
            return true;
        /* fall through */
    case FAULT_OPEN:
    case FAULT_CLOSE:
    case FAULT_WRITE:
    case FAULT_PWRITE:
    case FAULT_FSYNC:
    case FAULT_FCHMOD:
    case FAULT_FREMOVEXATTR:
    case FAULT_RENAME:
    case FAULT_UNLINK:
        return (judge_is_temporary(hit->path) || judge_output(w, hit->path) != NULL ||
                (hit->call == FAULT_FSYNC && hit->is_directory)) &&
               judge_output(w, named) != NULL;
    default: return false; /* a ring, a thread, a hint: never an error */
    }
}

/* Whether a work that met this may still have been done. What only helps may be missing; what
 * is needed may not, even if the answer happens to be right. */
static bool judge_may_live(const work *w, const config *c, const fault_hit *hit) {
    bool alone = c->threads == 1 && c->pool == POOL_NONE && c->io != CONFITURE_IO_RING;
    bool compared = judge_is_temporary(hit->path) || judge_output(w, hit->path) != NULL;
    bool several = w->outputs[1].path != NULL;
    if (hit->error == EINTR) return true;
    /* What has run out while files are read is tried once more, by the caller alone. */
    if (cfti_os_is_shortage(hit->error) && !compared && (!w->is_search || !alone)) return true;
    if (strcmp(hit->path, "/dev/urandom") == 0) return true;
    if (strncmp(hit->path, "/proc/self/fd/", 14) == 0) return true; /* then it gets a name */
    switch (hit->call) {
    case FAULT_ALLOC: return !alone || w->may_forgo || !w->is_search;
    case FAULT_MUTEX:
    case FAULT_CONDITION: return !alone && w->run != work_pool;
    case FAULT_OPENAT: /* the directory of a file; a file that is compared, or read ahead */
        return (!w->is_search && hit->is_directory) || compared || c->io == CONFITURE_IO_RING;
    case FAULT_READ: return compared || c->io == CONFITURE_IO_RING;
    case FAULT_FSTAT: /* a file that cannot be mapped is read */
        return compared || c->io == CONFITURE_IO_RING || c->io == CONFITURE_IO_MMAP;
    case FAULT_CLOSE: return !hit->is_output;
    case FAULT_UNLINK: return several; /* the old file's second name */
    case FAULT_FSYNC:
    case FAULT_WRITE:
    case FAULT_PWRITE:
    case FAULT_OPEN:
    case FAULT_FCHMOD:
    case FAULT_GETXATTR:
    case FAULT_FREMOVEXATTR:
    case FAULT_RENAME:
    case FAULT_READLINK:
    case FAULT_GETCWD:
    case FAULT_DUP:
    case FAULT_FDOPENDIR:
    case FAULT_LIST: return false;
    case FAULT_FSTATAT: return c->io == CONFITURE_IO_RING && !w->is_search;
    default: return true;
    }
}

static bool judge_holds(const char *path, const char *text) {
    return text == NULL ? access(path, F_OK) != 0 : tree_holds(path, text, strlen(text));
}

/* Whether after an error an output may be the new one: if all was in place but for the disk;
 * of several, if what would have undone it failed, too. */
static bool judge_may_be_new(const work *w) {
    size_t i, n = fault.hits < FAULT_LOG ? fault.hits : FAULT_LOG;
    for (i = 0; i < n; i++)
        if (fault.log[i].call == FAULT_FSYNC && fault.log[i].is_directory) return true;
    return w->outputs[1].path != NULL && fault.hits > 1;
}

/* The outputs: new after success; after failure as they were, with few exceptions. */
static bool judge_outputs(const work *w, bool done) {
    bool may_be_new = !done && judge_may_be_new(w), good = true;
    size_t i;
    for (i = 0; i < WORK_OUTPUTS && w->outputs[i].path != NULL; i++) {
        const work_output *o = &w->outputs[i];
        bool is_new = judge_holds(o->real, judge.built[w - works][i]);
        good &= done ? is_new : judge_holds(o->real, work_old(o)) || (may_be_new && is_new);
        if (done && work_old(o) != NULL) {
            struct stat st;
            good &= stat(o->real, &st) == 0 && (st.st_mode & 07777) == 0640;
        }
    }
    return good;
}

static bool judge_no_temporaries(void) {
    static const char *const where[] = {"o", "o/real", "i", "s", "."};
    size_t i, n = 0;
    for (i = 0; i < TREE_COUNT(where); i++) n += tree_temporaries(where[i]);
    return n == 0;
}

/* ---- what went wrong ---- */

static void judge_show(confiture_status status, const confiture_error *error) {
    size_t i, first = fault.hits > FAULT_LOG ? fault.hits - FAULT_LOG : 0;
    if (judge.shown++ >= TEST_SHOWN_AT_MOST) return;
    printf("    %s\n    status %d%s%s\n", judge.where, (int)status,
           status != CONFITURE_OK ? ": " : "", status != CONFITURE_OK ? error->message : "");
    for (i = first; i < fault.hits && i < first + 4; i++) {
        const fault_hit *hit = &fault.log[i % FAULT_LOG];
        printf("    failed: %s %s: %s\n", fault_calls[hit->call].name, hit->path,
               strerror(hit->error));
    }
    if (!fault_is_clean())
        printf("    left: %zu blocks, %zu descriptors, %zu mappings, %zu threads, %zu mutexes, "
               "%zu conditions%s\n",
               fault_memory.blocks, fault.fd_count, fault.map_count, fault.threads, fault.mutexes,
               fault.conditions, fault.wrong || fault_memory.wrong ? ", given back wrongly" : "");
    (void)fflush(stdout);
}

/* Is good only if all is; the first condition that is not is printed. */
#define JUDGE(cond)                                                                                \
    do {                                                                                           \
        if (!CHECK_QUIET(cond)) good = false;                                                      \
    } while (0)

/* ---- the whole ---- */

static bool judge_untouched(const confiture_error *error) {
    const unsigned char *p = (const unsigned char *)error;
    return p[0] == 0x5C && memcmp(p, p + 1, sizeof *error - 1) == 0;
}

static confiture_pool *judge_pool(const config *c) {
    confiture_pool *pool = NULL;
    if (c->pool != POOL_NONE &&
        confiture_pool_create(&pool, 3, c->given ? &fault_allocator : NULL, NULL))
        tree_die("pool", ".");
    return pool;
}

static confiture_run judge_run(const config *c, confiture_pool *pool) {
    confiture_run run;
    memset(&run, 0, sizeof run);
    run.io = c->io;
    run.threads = c->threads;
    run.pool = pool;
    run.allocator = c->given ? &fault_allocator : NULL;
    return run;
}

/* After a call with the faults that are set: whatever failed, this must hold. */
static bool judge_after(const work *w, const config *c, confiture_status status,
                        const confiture_error *error, const uint8_t answer[32]) {
    bool good = true, removed = true;
    size_t i, n = fault.hits < FAULT_LOG ? fault.hits : FAULT_LOG;
    for (i = 0; i < n; i++) removed &= fault.log[i].call != FAULT_UNLINK;
    JUDGE(judge_outputs(w, status == CONFITURE_OK));
    if (removed) JUDGE(judge_no_temporaries());
    if (status == CONFITURE_OK) {
        bool may_live = true;
        for (i = 0; i < n; i++) may_live &= judge_may_live(w, c, &fault.log[i]);
        JUDGE(may_live);
        JUDGE(judge_untouched(error));
        JUDGE(memcmp(answer, judge.expected[w - works], 32) == 0);
    } else {
        bool fits = false;
        for (i = 0; i < n; i++) fits |= judge_fits(w, &fault.log[i], error);
        if (judge.error != 0)
            fits = error->status == CONFITURE_E_SYSTEM && error->os_error == judge.error &&
                   error->path[0] != '\0';
        JUDGE(fits);
        JUDGE(error->status == status && error->message[0] != '\0');
    }
    return good;
}

/* Calls with the plan that `plan` sets, and then again without: true if all was well. */
static bool judge_work(const work *w, const config *c, void (*plan)(const void *), const void *ctx,
                       const char **outcome) {
    static confiture_error error;
    confiture_status status;
    confiture_pool *pool;
    confiture_run run;
    uint8_t answer[32];
    bool good = true;
    fault_reset();
    (void)alarm(60);
    work_reset(w);
    pool = judge_pool(c);
    run = judge_run(c, pool);
    if (c->pool == POOL_WARM) {
        JUDGE(judge_call(w, &run, &error, answer) == CONFITURE_OK);
        work_reset(w);
    }
    memset(&error, 0x5C, sizeof error);
    fault.no_unnamed = c->io == CONFITURE_IO_MMAP;
    plan(ctx);
    fault.fresh = c->fresh;
    status = judge_call(w, &run, &error, answer);
    fault.armed = false;
    memset(fault.rules, 0, sizeof fault.rules);
    if (judge.undo != NULL) judge.undo();
    if (!judge_after(w, c, status, &error, answer)) good = false;
    if (!judge_no_temporaries()) work_sweep();
    if (pool != NULL) { /* it is as good as new */
        size_t hits = fault.hits;
        confiture_error second;
        fault_reset();
        work_reset(w);
        JUDGE(judge_call(w, &run, &second, answer) == CONFITURE_OK);
        JUDGE(memcmp(answer, judge.expected[w - works], 32) == 0);
        confiture_pool_free(pool);
        fault.hits = hits;
    }
    JUDGE(fault_is_clean());
    if (!good) judge_show(status, &error);
    *outcome = runs_outcome(status, &error);
    return good;
}

#endif
