/* Every change at every step: an operation is run with a change before its first system call,
 * then with the change before its second, and so on; and in the middle of every read, as when
 * the kernel copies some pages, lets a writer in, and copies the others. Nothing is by chance
 * here, so that nothing is excused: an answer is that before the change, that after it, or an
 * error that names the file. */

static struct {
    change_kind kind;
    race_file *file;
} steps;

static void steps_act(void) { change_do(steps.kind, steps.file); }

/* Whether the file system's clock may stand still between two changes: then a file of the
 * same size is only known to be another one when the clock has moved on. */
static bool steps_is_coarse(void) {
    struct stat before, after;
    int i, fd = open("tmp/clock", O_RDWR | O_CREAT, 0644);
    bool coarse = false;
    for (i = 0; i < 200; i++) {
        if (pwrite(fd, "x", 1, 0) != 1 || fstat(fd, &before) != 0 || pwrite(fd, "y", 1, 0) != 1 ||
            fstat(fd, &after) != 0)
            tree_die("clock", "tmp/clock");
        coarse = coarse || (before.st_ctim.tv_sec == after.st_ctim.tv_sec &&
                            before.st_ctim.tv_nsec == after.st_ctim.tv_nsec);
    }
    (void)close(fd);
    return coarse;
}

/* The file as the change needs it. */
static void steps_prepare(bool coarse) {
    struct timespec tick = {0, 20000000};
    do change_settle(steps.file);
    while (race_version(steps.file) % 8 == 7); /* the next one could not be put in its place */
    if (steps.kind == CHANGE_GROW) change_do(CHANGE_GROW, steps.file);
    if (steps.kind == CHANGE_PLACE && coarse) (void)nanosleep(&tick, NULL);
}

static void steps_of(race_op op, const char *list, const confiture_files *files,
                     const confiture_run *run, bool coarse, int stride) {
    char letters[sizeof hooks.log];
    size_t count;
    int at, half, first = 1 + (int)race_random((uint32_t)stride);
    confiture_status status;
    race_view view;
    steps_prepare(coarse);
    hooks_reset();
    hooks.is_logged = true;
    view_begin(&view);
    view.strict = true;
    if (!CHECK(race_operate(op, list, files, run, &view, 1u << steps.kind, steps.file, &status) ==
                   VERDICT_GOOD &&
               status == CONFITURE_OK))
        return;
    memcpy(letters, hooks.log, sizeof letters);
    count = hooks.logged;
    for (half = 0; half < 2; half++) {
        for (at = first; at <= (int)count; at += stride) {
            race_verdict verdict;
            if (half && letters[at - 1] != 'r' && letters[at - 1] != 'M') continue;
            steps_prepare(coarse);
            hooks_reset();
            hooks.at = at;
            hooks.halfway = half != 0;
            hooks.act = steps_act;
            view_begin(&view);
            view.strict = true;
            verdict =
                race_operate(op, list, files, run, &view, 1u << steps.kind, steps.file, &status);
            if (!CHECK(verdict == VERDICT_GOOD) && test_counts.suite_failed <= TEST_SHOWN_AT_MOST)
                printf("    %s of %s, io %d, %s %s call %d of %s: %s\n", op_names[op], list,
                       (int)run->io, change_names[steps.kind], half ? "in the middle of" : "before",
                       at, letters, verify_why);
            race_tally(op, status, verdict);
        }
    }
}

/* stride: only one in so many steps. */
static void test_steps_with(int stride) {
    static const struct {
        const char *list;
        size_t least, most; /* lines of the file in the middle */
    } sizes[] = {
        {"small", 1, 60}, {"medium", 200, 900}, {"long", 1100, 3500}, {"large", 33000, 36000}};
    static const confiture_io ways[] = {CONFITURE_IO_READ, CONFITURE_IO_RING, CONFITURE_IO_MMAP};
    confiture_files *files;
    confiture_run run;
    size_t i, way, kind;
    bool coarse;
    int op;
    race_open();
    tree_directory("out");
    tree_text("out/schema.sql", "-- nothing yet\n");
    coarse = steps_is_coarse();
    memset(&run, 0, sizeof run);
    run.threads = 1;
    for (i = 0; i < TREE_COUNT(sizes); i++) {
        char dir[32];
        sprintf(dir, "%s/d", sizes[i].list);
        race_add(dir, 3, 5);
        steps.file = &race_files[race_file_count];
        race_add(dir, sizes[i].least, sizes[i].most);
        race_add(dir, 3, 5);
        if (!CHECK(confiture_find(&files, sizes[i].list, NULL, NULL) == CONFITURE_OK)) return;
        for (way = 0; way < TREE_COUNT(ways); way++) {
            run.io = ways[way];
            for (kind = 0; kind < CHANGES; kind++) {
                steps.kind = (change_kind)kind;
                if (run.io == CONFITURE_IO_MMAP && change_shortens(steps.kind)) continue;
                for (op = 0; op < OPS; op++)
                    if (op != OP_FIND || (i == 0 && way == 0))
                        steps_of((race_op)op, sizes[i].list, files, &run, coarse, stride);
            }
        }
        confiture_files_free(files);
    }
    hooks_reset();
    race_close();
    race_tell("steps");
}
