/* SIGKILL before every system call of a build to a file, from the first on that writes, and
 * in the middle of every write: what is there afterwards is the old file or the new one, with
 * the old one's mode; what is left over has the documented name, is no SQL file, and is in
 * nobody's way. */

typedef struct killed_case {
    const char *name;
    int old; /* 0: none, 1: another, 2: the same bytes */
    bool split, link, header, keep, sync;
    size_t threads;
} killed_case;

static const killed_case killed_cases[] = {
    {"new", 0, false, false, false, false, false, 1},
    {"over another", 1, false, false, false, false, false, 1},
    {"with a header", 1, false, false, true, false, false, 1},
    {"through a link", 1, false, true, false, false, false, 1},
    {"sync", 1, false, false, true, false, true, 1},
    {"keep, another", 1, false, false, false, true, false, 1},
    {"keep, the same", 2, false, false, false, true, false, 1},
    {"keep, the same, sync, through a link", 2, false, true, true, true, true, 1},
    {"threads", 1, false, false, true, false, false, 4},
    {"split, new", 0, true, false, true, false, false, 1},
    {"split", 1, true, false, true, false, true, 1},
    {"split, keep, the same", 2, true, false, true, true, false, 1},
    {"split, threads", 1, true, false, false, false, false, 4},
};

static const char killed_old[] = "-- the old one\n";
static const char *const killed_pre[] = {"src/roles"}, *const killed_post[] = {"src/grants"};
/* Within the tree that is read. Those of a case with a link are links to ../real/. */
static const char *const killed_paths[3] = {"src/out/a.sql", "src/out/b.sql", "src/out/c.sql"};
static const char *const killed_real[3] = {"src/real/a.sql", "src/real/b.sql", "src/real/c.sql"};

static struct {
    const killed_case *now;
    const char *const *files; /* where the outputs really are */
    const char *directory;
    size_t outputs;
    bool has_unnamed;
    char *expected[3];
    size_t sizes[3];
    ino_t inodes[3];
} killed;

static void killed_act(void) { (void)kill(getpid(), SIGKILL); }

static confiture_status killed_build(bool in_memory, confiture_schema schemas[3]) {
    static const confiture_header header = {"killed", "2026-01-01T00:00:00"};
    const killed_case *now = killed.now;
    confiture_build_options options;
    confiture_files *files;
    confiture_directory directory;
    const char *exclude[] = {"out/*", "real/*"};
    confiture_status status;
    memset(&options, 0, sizeof options);
    memset(&directory, 0, sizeof directory);
    memset(schemas, 0, 3 * sizeof schemas[0]);
    directory.path = "src";
    directory.exclude = exclude;
    directory.exclude_count = in_memory || now->link ? 2 : 0;
    options.run.threads = now->threads;
    options.check = CONFITURE_CHECK_QUOTES; /* the files are words, and no SQL */
    options.header = now->header ? &header : NULL;
    options.keep_unchanged = now->keep;
    options.sync = now->sync;
    options.pre_dirs = killed_pre;
    options.post_dirs = killed_post;
    options.pre_dir_count = options.post_dir_count = 1;
    if (confiture_find_all(&files, &directory, 1, NULL, NULL)) return CONFITURE_E_ARGUMENT;
    if (now->split)
        status = in_memory
                     ? confiture_build_split(schemas, files, &options, NULL)
                     : confiture_build_split_files(schemas, killed_paths, files, &options, NULL);
    else
        status = in_memory ? confiture_build(schemas, files, &options, NULL)
                           : confiture_build_file(schemas, killed_paths[0], files, &options, NULL);
    confiture_files_free(files);
    return status;
}

static void killed_expect(void) {
    confiture_schema schemas[3];
    size_t i;
    if (killed_build(true, schemas) != CONFITURE_OK) abort();
    for (i = 0; i < killed.outputs; i++) {
        killed.sizes[i] = schemas[i].size;
        killed.expected[i] = (char *)malloc(schemas[i].size + 1);
        memcpy(killed.expected[i], schemas[i].data, schemas[i].size + 1);
        confiture_schema_free(&schemas[i]);
    }
}

/* The outputs as they are before a build. */
static void killed_prepare(void) {
    struct stat status;
    size_t i;
    if (race_is_there("src/out")) tree_remove("src/out");
    if (race_is_there("src/real")) tree_remove("src/real");
    tree_directory("src/out");
    tree_directory("src/real");
    for (i = 0; i < killed.outputs; i++) {
        if (killed.now->old == 1) tree_text(killed.files[i], killed_old);
        if (killed.now->old == 2) tree_write(killed.files[i], killed.expected[i], killed.sizes[i]);
        if (killed.now->old != 0) tree_mode(killed.files[i], 0640);
        if (killed.now->old != 0 && lstat(killed.files[i], &status) == 0)
            killed.inodes[i] = status.st_ino;
        if (killed.now->link) {
            char target[64];
            sprintf(target, "../real/%s", strrchr(killed.files[i], '/') + 1);
            tree_link(killed_paths[i], target);
        }
    }
}

/* Whether output i is the new one; it must be that or the old one. */
static bool killed_is_new(size_t i) {
    const char *path = killed.files[i];
    bool there = race_is_there(path), is_new;
    struct stat status;
    if (!there) {
        CHECK(killed.now->old == 0);
        return false;
    }
    is_new = tree_holds(path, killed.expected[i], killed.sizes[i]);
    CHECK(is_new || (killed.now->old == 1 && tree_holds(path, killed_old, sizeof killed_old - 1)));
    if (lstat(path, &status) != 0) tree_die("lstat", path);
    CHECK(S_ISREG(status.st_mode));
    CHECK(killed.now->old == 0 || (status.st_mode & 07777) == 0640);
    if (killed.now->keep && killed.now->old == 2) CHECK(status.st_ino == killed.inodes[i]);
    if (killed.now->link) CHECK(lstat(killed_paths[i], &status) == 0 && S_ISLNK(status.st_mode));
    return is_new;
}

/* How many of the files in the outputs' directory are left over; *whole has a bit for each
 * output whose new bytes one of them holds. All others must be outputs. */
static size_t killed_left(unsigned *whole) {
    DIR *dir = opendir(killed.directory);
    struct dirent *entry;
    char path[512];
    size_t count = 0, i;
    *whole = 0;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        const char *name = entry->d_name;
        bool is_output = false;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) continue;
        for (i = 0; i < killed.outputs; i++)
            is_output = is_output || strcmp(name, strrchr(killed.files[i], '/') + 1) == 0;
        if (is_output) continue;
        count++;
        if (!CHECK(strncmp(name, ".confiture-", 11) == 0 &&
                   strspn(name + 11, "0123456789abcdef") == 16 && strcmp(name + 27, ".tmp") == 0))
            printf("    %s\n", name);
        sprintf(path, "%s/%.255s", killed.directory, name);
        for (i = 0; i < killed.outputs; i++)
            if (tree_holds(path, killed.expected[i], killed.sizes[i])) *whole |= 1u << i;
    }
    if (dir != NULL) (void)closedir(dir);
    return count;
}

/* What a process that was killed has left, and the next build. */
static bool killed_look(void) {
    confiture_schema schemas[3];
    unsigned whole, whole_after, news = 0;
    size_t left = killed_left(&whole), i;
    /* Of several the old ones may have second names. */
    CHECK(left <= (killed.outputs == 1 ? 1u : 2 * killed.outputs));
    for (i = 0; i < killed.outputs; i++)
        if (killed_is_new(i)) news |= 1u << i;
    /* None is renamed before all are written. */
    if (killed.now->old != 2 && news != 0) CHECK((news | whole) == (1u << killed.outputs) - 1);
    CHECK(killed_build(false, schemas) == CONFITURE_OK);
    for (i = 0; i < killed.outputs; i++) CHECK(killed_is_new(i));
    /* It leaves alone what is another process's, and leaves nothing itself. */
    CHECK(killed_left(&whole_after) == left && whole_after == whole);
    return left > 0;
}

/* The build in a process of its own, which act() ends before call `at`. Its exit status, or
 * -1: killed. */
static int killed_child(int at, bool halfway, pid_t *process) {
    int status = 0;
    (void)fflush(stdout);
    *process = fork();
    if (*process == 0) {
        confiture_schema schemas[3];
        (void)alarm(60);
        hooks_reset();
        hooks.at = at;
        hooks.halfway = halfway;
        hooks.act = killed_act;
        _exit(killed_build(false, schemas) == CONFITURE_OK ? 0 : 1);
    }
    if (*process < 0 || waitpid(*process, &status, 0) != *process) tree_die("fork", "");
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

/* With `sync` all bytes are on the disk before the first rename, and the renames themselves
 * afterwards; what is unchanged, and where it is, as well. Without it nobody waits. */
static void killed_order(const char *log) {
    const char *first = strchr(log, 'R'), *last = strrchr(log, 'R'), *sync, *p;
    size_t before = 0, after = 0, outputs = killed.now->sync ? killed.outputs : 0;
    for (sync = log; (sync = strchr(sync, 'S')) != NULL; sync++) {
        before += first == NULL || sync < first;
        after += last != NULL && sync > last;
    }
    CHECK(before == (last == NULL ? 2 * outputs : outputs));
    CHECK(after == (last == NULL ? 0 : outputs));
    for (p = log; before > 0 && *p != '\0'; p++)
        if (*p == 'w' || *p == 'W') CHECK(strchr(p, 'S') != NULL);
}

static void killed_at_every_step(void) {
    confiture_schema schemas[3];
    char log[sizeof hooks.log];
    int at, half, first, calls, killed_times = 0, left_times = 0;
    killed_prepare();
    hooks_reset();
    hooks.is_logged = true;
    CHECK(killed_build(false, schemas) == CONFITURE_OK);
    memcpy(log, hooks.log, sizeof log);
    calls = (int)hooks.logged;
    hooks_reset();
    killed_order(log);
    first = (int)strcspn(log, "c"); /* nothing is written before */
    first = first < calls ? first + 1 : 1;
    for (half = 0; half < 2; half++) {
        for (at = first; at <= calls; at++) {
            pid_t process;
            int result;
            if (half && log[at - 1] != 'w' && log[at - 1] != 'W') continue;
            if (log[at - 1] == 'r' && log[at] == 'r' && at % 16 != 0) continue;
            killed_prepare();
            result = killed_child(at, half != 0, &process);
            /* Files that are new, or not in memory, take other calls: not always as many. */
            CHECK(result == -1 || result == 0);
            killed_times += result == -1;
            left_times += killed_look();
        }
    }
    CHECK(killed_times > 20);
    /* Where files without names are to be had one has a name from the link to the rename. */
    if (killed.has_unnamed && killed.outputs == 1) CHECK(left_times <= 2);
    printf("  %s: %d times, at %.60s\n", killed.now->name, killed_times, log + first - 1);
}

TEST(killed, output_is_old_or_new_after_sigkill) {
    cfti_os_file unnamed;
    size_t i, k;
    tree_open();
    tree_directory("src/out");
    tree_directory("src/real");
    killed.has_unnamed = cfti_os_create_unnamed("src", true, &unnamed) == 0;
    if (killed.has_unnamed) cfti_os_close(unnamed);
    tree_text("src/a.sql", "SELECT 1;\n");
    tree_text("src/b.sql", "SELECT 2;\n");
    tree_fill("src/long.sql", 300000, 1);
    tree_text("src/roles/r.sql", "CREATE ROLE r;\n");
    tree_fill("src/grants/g.sql", 300000, 2);
    for (i = 0; i < TREE_COUNT(killed_cases); i++) {
        watchdog(killed_cases[i].name);
        killed.now = &killed_cases[i];
        killed.files = killed.now->link ? killed_real : killed_paths;
        killed.directory = killed.now->link ? "src/real" : "src/out";
        killed.outputs = killed.now->split ? 3 : 1;
        killed_expect();
        killed_at_every_step();
        for (k = 0; k < killed.outputs; k++) free(killed.expected[k]);
    }
    tree_close();
}
