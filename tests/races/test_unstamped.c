/* Times that say nothing of a change: who cuts a file gives it its new size first and stamps it
 * last, and the kernel's own files tell no size and stamp nothing. One change at every step, which
 * the file's times do not show: what comes is what was there before or what is there after it. */

static struct {
    const char *path;
    const char *texts[2]; /* before and after */
    size_t sizes[2];
} unstamped;

static void unstamped_write(int which) {
    int fd = open(unstamped.path, O_WRONLY | O_CREAT, 0644);
    if (fd < 0 || ftruncate(fd, (off_t)unstamped.sizes[which]) != 0 ||
        pwrite(fd, unstamped.texts[which], unstamped.sizes[which], 0) !=
            (ssize_t)unstamped.sizes[which])
        tree_die("write", unstamped.path);
    (void)close(fd);
}

static void unstamped_act(void) { unstamped_write(1); }

static bool unstamped_is(const confiture_schema *schema, int which) {
    return schema->size == unstamped.sizes[which] &&
           memcmp(schema->data, unstamped.texts[which], schema->size) == 0;
}

static void unstamped_at(const confiture_files *files, const confiture_build_options *options,
                         int at, bool halfway, bool sizeless) {
    confiture_schema schema;
    confiture_status status;
    memset(&schema, 0, sizeof schema);
    hooks_reset();
    unstamped_write(0);
    hooks.aged.tv_sec = time(NULL) + 1000;
    hooks.sizeless = sizeless;
    hooks.act = unstamped_act;
    hooks.at = at;
    hooks.halfway = halfway;
    status = confiture_build(&schema, files, options, NULL);
    if (!CHECK(status == CONFITURE_E_CHANGED ||
               (status == CONFITURE_OK && (unstamped_is(&schema, 0) || unstamped_is(&schema, 1)))))
        printf("    io %d, %s call %d, %zu bytes become %zu: status %d, %zu bytes\n",
               (int)options->run.io, halfway ? "in the middle of" : "before", at,
               unstamped.sizes[0], unstamped.sizes[1], (int)status, schema.size);
    confiture_schema_free(&schema);
}

static void unstamped_every(const confiture_files *files, bool sizeless) {
    static const confiture_io ways[] = {CONFITURE_IO_READ, CONFITURE_IO_RING};
    confiture_build_options options;
    size_t way;
    int at, halfway;
    memset(&options, 0, sizeof options);
    options.separator = CONFITURE_SEPARATOR_NONE;
    for (way = 0; way < TREE_COUNT(ways); way++) {
        options.run.io = ways[way];
        for (at = 1; at <= 24; at++)
            for (halfway = 0; halfway < 2; halfway++)
                unstamped_at(files, &options, at, halfway != 0, sizeless);
    }
}

static void unstamped_turn(void) {
    static bool is_back;
    unstamped_write(is_back = !is_back);
}

/* Each read brings the same mixture: only the clock, once it has left the times of the file
 * behind, shows that it was written to between the looks, also late in a long scan. */
static void unstamped_recurring(const confiture_files *files) {
    confiture_build_options options;
    int long_ago;
    memset(&options, 0, sizeof options);
    options.run.io = CONFITURE_IO_READ;
    for (long_ago = 0; long_ago < 2; long_ago++) {
        confiture_schema schema;
        memset(&schema, 0, sizeof schema);
        hooks_reset();
        unstamped_write(0);
        hooks.coarse = hooks.recurring = true;
        hooks.long_ago = long_ago;
        hooks.act = unstamped_turn;
        CHECK(confiture_build(&schema, files, &options, NULL) == CONFITURE_E_CHANGED);
        confiture_schema_free(&schema);
    }
}

TEST(unstamped, change_within_one_time_stamp_is_seen) {
    static const size_t cuts[] = {64, 4096, 65536, 100032};
    const size_t size = 300032;
    char *before = (char *)malloc(size), *after = (char *)malloc(size);
    confiture_files *files;
    size_t i;
    tree_open();
    tree_directory("d");
    memset(before, '-', size);
    memset(after, '-', size);
    for (i = 63; i < size; i += 64) before[i] = after[i] = '\n', after[i - 1] = '+';
    unstamped.path = "d/b.sql";
    unstamped.texts[0] = before;
    unstamped.sizes[0] = size;
    unstamped_write(0);
    if (CHECK(confiture_find(&files, "d", NULL, NULL) == CONFITURE_OK)) {
        unstamped.texts[1] = before;
        for (i = 0; i < TREE_COUNT(cuts); i++) {
            unstamped.sizes[1] = cuts[i];
            unstamped_every(files, false);
        }
        unstamped.texts[1] = after;
        unstamped.sizes[1] = size;
        unstamped_every(files, true);
        for (i = 4096; i <= size; i += 32768) {
            unstamped.sizes[0] = unstamped.sizes[1] = i;
            unstamped_recurring(files);
        }
        confiture_files_free(files);
    }
    hooks_reset();
    tree_close();
    free(before);
    free(after);
}
