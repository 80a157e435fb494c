/* States that come back: while a file is read another version is written over it, and then the
 * first one again. Two reads may then bring the same mixture, and two looks the same status if
 * the clock of the files stands still between them, whenever the scan began. Every pair of steps,
 * before a call or in the middle of it, with a clock that moves every 10 ms: what comes is one
 * version or the other, and a digest that of the text; or it is E_CHANGED. */

static struct {
    race_file *file;
    unsigned version;
    size_t acts;
} states;

static void states_write(unsigned version) {
    size_t lines = race_lines(states.file, version), size = lines * LINE;
    char *text = version_text(states.file->id, version, lines, size);
    int fd = open(states.file->path, O_WRONLY);
    if (fd < 0 || pwrite(fd, text, size, 0) != (ssize_t)size) tree_die("write", states.file->path);
    (void)close(fd);
    free(text);
}

static void states_act(void) {
    __atomic_store_n(&states.file->version, states.version + 1, __ATOMIC_SEQ_CST);
    states_write(states.version + (states.acts++ % 2 == 0));
}

/* The file as the test needs it: old, if the rule is to be content with one read. */
static void states_prepare(bool aged) {
    struct timespec tick = {0, 12000000};
    do change_settle(states.file);
    while (race_version(states.file) % 8 == 7);
    states.version = race_version(states.file);
    states.acts = 0;
    hooks_reset();
    (void)nanosleep(&tick, NULL);
    hooks.coarse = true;
    hooks.act = states_act;
    if (aged) (void)clock_gettime(CLOCK_REALTIME_COARSE, &hooks.aged);
}

static race_verdict states_operate(race_op op, const char *list, const confiture_files *files,
                                   const confiture_run *run, confiture_status *status) {
    race_view view;
    view_begin(&view);
    view.strict = true;
    return race_operate(op, list, files, run, &view, 1u << CHANGE_PLACE, states.file, status);
}

static void states_of(race_op op, const char *list, const confiture_files *files,
                      const confiture_run *run, int stride) {
    char letters[sizeof hooks.log];
    confiture_status status;
    int count, first, second, pair = 0, wanted = (int)race_random((uint32_t)stride);
    states_prepare(true);
    hooks.is_logged = true;
    if (!CHECK(states_operate(op, list, files, run, &status) == VERDICT_GOOD &&
               status == CONFITURE_OK))
        return;
    memcpy(letters, hooks.log, sizeof letters);
    count = (int)hooks.logged;
    for (first = 1; first <= 2 * count; first++) {
        for (second = first + 1; second <= 2 * count + 16; second++) {
            race_verdict verdict;
            int at = (first + 1) / 2, then = (second + 1) / 2;
            char halves = letters[at - 1];
            if (at == then || (first % 2 == 0 && halves != 'r' && halves != 'M')) continue;
            if (pair++ % stride != wanted) continue;
            states_prepare(pair / stride % 2 == 0);
            hooks.long_ago = pair / stride % 4 == 1; /* a scan that began long before */
            hooks.at = at;
            hooks.halfway = first % 2 == 0;
            hooks.again = then;
            hooks.again_halfway = second % 2 == 0; /* of what cannot be halved: not at all */
            verdict = states_operate(op, list, files, run, &status);
            if (!CHECK(verdict == VERDICT_GOOD) && test_counts.suite_failed <= TEST_SHOWN_AT_MOST)
                printf("    %s of %s, io %d, there%s at call %d, back%s at %d, of %s: %s\n",
                       op_names[op], list, (int)run->io, first % 2 == 0 ? " in the middle" : "", at,
                       second % 2 == 0 ? " in the middle" : "", then, letters, verify_why);
            race_tally(op, status, verdict);
        }
    }
}

static void test_states_with(int stride) {
    static const struct {
        const char *list;
        size_t before, least, most; /* lines of the file before it, and of it */
    } sizes[] = {{"small", 3, 100, 600},
                 {"long", 3, 1100, 3500},
                 {"late", 17000, 100, 600}, /* behind a file that fills a batch */
                 {"large", 3, 33000, 36000}};
    static const confiture_io ways[] = {CONFITURE_IO_READ, CONFITURE_IO_RING, CONFITURE_IO_MMAP};
    static const race_op ops[] = {OP_BUILD, OP_STREAM, OP_MANIFEST};
    confiture_files *files;
    confiture_run run;
    size_t i, way, op;
    race_open();
    memset(&run, 0, sizeof run);
    run.threads = 1;
    for (i = 0; i < TREE_COUNT(sizes); i++) {
        char dir[32];
        sprintf(dir, "%s/d", sizes[i].list);
        race_add(dir, sizes[i].before, sizes[i].before);
        states.file = &race_files[race_file_count];
        race_add(dir, sizes[i].least, sizes[i].most);
        if (!CHECK(confiture_find(&files, sizes[i].list, NULL, NULL) == CONFITURE_OK)) return;
        for (way = 0; way < TREE_COUNT(ways); way++) {
            run.io = ways[way];
            for (op = 0; op < TREE_COUNT(ops); op++)
                states_of(ops[op], sizes[i].list, files, &run,
                          sizes[i].least > 10000 ? 8 * stride : 2 * stride);
        }
        confiture_files_free(files);
    }
    hooks_reset();
    race_close();
    race_tell("states");
}
