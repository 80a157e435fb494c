/* How a file is replaced: the rights of the new one, what is not replaced but written to as it
 * stands, what is left alone, what is undone. */

SUITE(target, tree_suite_begins, tree_suite_ends_whole);

#include <grp.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#if defined(__linux__)
#include <sys/xattr.h>
#endif

/* One file that holds "SELECT 1;\n", built without separators. */
static const char target_new[] = "SELECT 1;\n";

static const char *target_build_with(const char *path, confiture_build_options options,
                                     bool *unchanged) {
    static confiture_error error;
    confiture_files *files = output_find("s");
    confiture_schema schema;
    confiture_status status;
    memset(&schema, 0, sizeof schema);
    status = confiture_build_file(&schema, path, files, &options, &error);
    if (unchanged != NULL) *unchanged = schema.unchanged;
    CHECK(tree_temporaries(".") == 0);
    confiture_files_free(files);
    return runs_outcome(status, &error);
}

static const char *target_build(const char *path) {
    confiture_build_options options;
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    options.separator = CONFITURE_SEPARATOR_NONE;
    return target_build_with(path, options, NULL);
}

static unsigned target_mode(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 ? (unsigned)(status.st_mode & 07777) : 0;
}

/* ==== Rights ============================================================= */

enum { TARGET_ROOT = 0, TARGET_OTHER = 65533, TARGET_USER = 65534 };

/* The process becomes user 65534, in the group 65534 and no other; or in that one, too. */
static void target_become_user(bool in_other_group) {
    gid_t other = TARGET_OTHER;
    if (setgroups(in_other_group ? 1 : 0, &other) != 0 || setegid(TARGET_USER) != 0 ||
        seteuid(TARGET_USER) != 0)
        tree_die("seteuid", "65534");
}

static void target_become_root(void) {
    if (seteuid(0) != 0 || setegid(0) != 0) tree_die("seteuid", "0");
}

/* The old file's owner, group and mode, who builds, and what the new one's mode is to be. */
TEST(target, rights) {
    static const struct {
        int owner, group;
        unsigned mode;
        bool as_user, in_group;
        unsigned expected;
    } cases[] = {
        /* setuid, setgid and sticky are never taken over, not even from oneself */
        {TARGET_ROOT, TARGET_ROOT, 04755, false, false, 0755},
        {TARGET_USER, TARGET_USER, 04755, false, false, 0755},
        {TARGET_USER, TARGET_USER, 06755, true, false, 0755},
        {TARGET_USER, TARGET_USER, 01644, true, false, 0644},
        /* root can give the group back */
        {TARGET_ROOT, TARGET_OTHER, 0640, false, false, 0640},
        {TARGET_USER, TARGET_OTHER, 0660, false, false, 0660},
        /* who belongs to the group can, too */
        {TARGET_ROOT, TARGET_OTHER, 0640, true, true, 0640},
        {TARGET_ROOT, TARGET_OTHER, 0664, true, true, 0664},
        /* who does not gives his own group no more than the others had, and those that were
         * in the old group, and had less than others, have no more either */
        {TARGET_ROOT, TARGET_OTHER, 0640, true, false, 0600},
        {TARGET_ROOT, TARGET_OTHER, 0664, true, false, 0644},
        {TARGET_ROOT, TARGET_OTHER, 0604, true, false, 0600},
        {TARGET_ROOT, TARGET_USER, 0604, true, false, 0604},
        /* the old owner is one of the others now */
        {TARGET_ROOT, TARGET_USER, 0466, true, false, 0444}};
    size_t i;
    if (!tree_is_root()) {
        printf("skipped: rights of other users' files: only root can make some\n");
        return;
    }
    tree_text("s/a.sql", target_new);
    tree_directory("open");
    tree_mode("open", 0777);
    for (i = 0; i < TREE_COUNT(cases); i++) {
        tree_text("open/x.sql", "old");
        if (chown("open/x.sql", (uid_t)cases[i].owner, (gid_t)cases[i].group) != 0)
            tree_die("chown", "open/x.sql");
        tree_mode("open/x.sql", cases[i].mode);
        if (cases[i].as_user) target_become_user(cases[i].in_group);
        CHECK_STR(target_build("open/x.sql"), "done");
        if (cases[i].as_user) target_become_root();
        if (!CHECK(target_mode("open/x.sql") == cases[i].expected))
            printf("    case %u: %04o\n", (unsigned)i, target_mode("open/x.sql"));
        CHECK(tree_holds("open/x.sql", target_new, 10));
        tree_remove("open/x.sql");
    }
    tree_clear();
}

/* While the bytes are written the new file is for its owner alone, whatever comes later; and
 * a file that appears, or is closed to others, during the build is heeded. */
static int target_close_to_others(void *user, const confiture_progress *progress) {
    (void)progress;
    tree_text((const char *)user, "secret");
    tree_mode((const char *)user, 0600);
    return 0;
}

TEST(target, rights_that_change) {
    static char paths[2][8] = {"x.sql", "y.sql"};
    confiture_build_options options;
    size_t i;
    tree_text("s/a.sql", target_new);
    tree_text("x.sql", "old");
    tree_mode("x.sql", 0644);
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    options.run.progress = target_close_to_others;
    for (i = 0; i < 2; i++) {
        options.run.progress_user = paths[i];
        CHECK_STR(target_build_with(paths[i], options, NULL), "done");
        CHECK(target_mode(paths[i]) == 0600 && !tree_holds(paths[i], "secret", 6));
    }
    tree_clear();
}

#if defined(__linux__)
/* An ACL as the kernel takes it: a version, and entries of tag, rights and id. */
typedef struct target_acl {
    uint32_t version;
    struct {
        uint16_t tag, may;
        uint32_t id;
    } entries[6];
} target_acl;

#define TARGET_ACL "system.posix_acl_access"
enum { ACL_USER = 1, ACL_NAMED = 2, ACL_GROUP = 4, ACL_MASK = 16, ACL_OTHER = 32 };

/* user::rw- user:id:named group::group mask::mask other::other; the machine's bytes are
 * little-endian, or this is skipped. */
static bool target_set_acl(const char *path, const char *name, unsigned named, unsigned group,
                           unsigned mask, unsigned other) {
    const unsigned parts[5][3] = {{ACL_USER, 6, UINT32_MAX},
                                  {ACL_NAMED, named, TARGET_OTHER},
                                  {ACL_GROUP, group, UINT32_MAX},
                                  {ACL_MASK, mask, UINT32_MAX},
                                  {ACL_OTHER, other, UINT32_MAX}};
    const uint16_t one = 1;
    target_acl acl;
    size_t i;
    acl.version = 2;
    for (i = 0; i < 5; i++) {
        acl.entries[i].tag = (uint16_t)parts[i][0];
        acl.entries[i].may = (uint16_t)parts[i][1];
        acl.entries[i].id = parts[i][2];
    }
    return *(const uint8_t *)&one == 1 && setxattr(path, name, &acl, 4 + 5 * 8, 0) == 0;
}

/* What the ACL of a file lets an entry of this kind do; 9: it has none. */
static unsigned target_acl_may(const char *path, unsigned tag) {
    target_acl acl;
    ssize_t n = getxattr(path, TARGET_ACL, &acl, sizeof acl);
    size_t i;
    for (i = 0; n > 0 && i < ((size_t)n - 4) / 8; i++)
        if (acl.entries[i].tag == tag) return acl.entries[i].may;
    return 9;
}

/* An ACL is kept, its mask is not taken for the group's rights, and one that only the
 * directory would give is not taken over. */
TEST(target, acl) {
    tree_text("s/a.sql", target_new);
    tree_text("x.sql", "old");
    if (!target_set_acl("x.sql", TARGET_ACL, 6, 0, 6, 0)) {
        printf("skipped: access control lists: this file system has none\n");
        tree_clear();
        return;
    }
    CHECK_STR(target_build("x.sql"), "done");
    CHECK(tree_holds("x.sql", target_new, 10));
    CHECK(target_acl_may("x.sql", ACL_NAMED) == 6 && target_acl_may("x.sql", ACL_GROUP) == 0);
    CHECK(target_acl_may("x.sql", ACL_MASK) == 6 && target_acl_may("x.sql", ACL_OTHER) == 0);
    /* A file without one, in a directory that gives one to what is made in it. */
    tree_directory("d");
    tree_text("d/old.sql", "old");
    tree_mode("d/old.sql", 0640);
    CHECK(target_set_acl("d", "system.posix_acl_default", 7, 7, 7, 7));
    CHECK_STR(target_build("d/old.sql"), "done");
    CHECK(target_acl_may("d/old.sql", ACL_NAMED) == 9 && target_mode("d/old.sql") == 0640);
    CHECK_STR(target_build("d/new.sql"), "done");
    CHECK(target_acl_may("d/new.sql", ACL_NAMED) == 7 && target_mode("d/new.sql") == 0666);
    tree_clear();
}

/* Where the new file cannot have the old one's group. */
TEST(target, acl_of_others) {
    if (!tree_is_root()) return;
    tree_text("s/a.sql", target_new);
    tree_directory("open");
    tree_mode("open", 0777);
    tree_text("open/x.sql", "old");
    if (chown("open/x.sql", TARGET_ROOT, TARGET_OTHER) == 0 &&
        target_set_acl("open/x.sql", TARGET_ACL, 6, 6, 4, 0)) {
        target_become_user(false);
        CHECK_STR(target_build("open/x.sql"), "done");
        target_become_root();
        CHECK(target_acl_may("open/x.sql", ACL_NAMED) == 6);
        CHECK(target_acl_may("open/x.sql", ACL_GROUP) == 0);
        CHECK(target_acl_may("open/x.sql", ACL_OTHER) == 0);
    }
    tree_clear();
}
#endif

/* ==== What is written to as it stands ==================================== */

#if defined(__linux__)
/* What is open in this process is no file to be replaced, though it leads to one: between what
 * others write to it, and nothing of that is lost. */
TEST(target, open_file) {
    static const char *const links[] = {"/proc/self/fd/%d", "/dev/fd/%d", "/proc/thread-self/fd/%d",
                                        "link"};
    struct stat before, after;
    char path[64], target[64];
    size_t i;
    tree_text("s/a.sql", target_new);
    for (i = 0; i < TREE_COUNT(links); i++) {
        int fd;
        tree_text("f", "0123456789");
        fd = open("f", O_RDWR);
        CHECK(write(fd, "a\n", 2) == 2 && fstat(fd, &before) == 0);
        sprintf(path, links[i], fd);
        sprintf(target, links[0], fd);
        if (i == 3) tree_link("link", target);
        if (access(path, F_OK) != 0) {
            printf("skipped: %s: it is not there\n", path);
            (void)close(fd);
            continue;
        }
        CHECK_STR(target_build(path), "done");
        CHECK(write(fd, "b\n", 2) == 2 && stat("f", &after) == 0);
        CHECK(before.st_ino == after.st_ino);
        CHECK(tree_holds("f", "a\nSELECT 1;\nb\n", 14));
        (void)close(fd);
        tree_remove("f");
    }
    tree_clear();
}

/* One that is open for reading only, one that is gone, and one whose name is another's now. */
TEST(target, open_file_errors) {
    char path[64], expected[128], text[32];
    int fd;
    tree_text("s/a.sql", target_new);
    tree_text("f", "old");
    fd = open("f", O_RDONLY);
    sprintf(path, "/proc/self/fd/%d", fd);
    sprintf(expected, "SYSTEM %s: bad file descriptor", path);
    CHECK_STR(target_build(path), expected);
    (void)close(fd);
    CHECK(strstr(target_build(path), "no such file or directory") != NULL);
    CHECK(tree_holds("f", "old", 3));
    fd = open("f", O_RDWR);
    sprintf(path, "/proc/self/fd/%d", fd);
    tree_remove("f");
    tree_text("f (deleted)", "another");
    CHECK_STR(target_build(path), "done");
    CHECK(pread(fd, text, sizeof text, 0) == 10 && memcmp(text, target_new, 10) == 0);
    CHECK(tree_holds("f (deleted)", "another", 7));
    (void)close(fd);
    tree_clear();
}

/* Another process's: written to at its end. */
TEST(target, foreign_file) {
    char path[64];
    int pipes[2], fd;
    pid_t child;
    tree_text("s/a.sql", target_new);
    tree_text("f", "theirs\n");
    if (pipe(pipes) != 0) tree_die("pipe", ".");
    fd = open("f", O_RDWR);
    (void)fflush(stdout);
    child = fork();
    if (child == 0) {
        char end;
        (void)close(pipes[1]);
        _exit((int)read(pipes[0], &end, 1));
    }
    (void)close(pipes[0]);
    sprintf(path, "/proc/%ld/fd/%d", (long)child, fd);
    (void)close(fd);
    CHECK_STR(target_build(path), "done");
    CHECK(tree_holds("f", "theirs\nSELECT 1;\n", 17));
    (void)close(pipes[1]);
    CHECK(waitpid(child, NULL, 0) == child);
    tree_clear();
}

/* An open file that the list holds, too, is not read while it is written to. */
TEST(target, open_input) {
    char path[64];
    int fd;
    tree_text("s/a.sql", target_new);
    tree_text("s/b.sql", "-- theirs\n");
    fd = open("s/b.sql", O_WRONLY | O_APPEND);
    sprintf(path, "/proc/self/fd/%d", fd);
    CHECK_STR(target_build(path), "done");
    CHECK(tree_holds("s/b.sql", "-- theirs\nSELECT 1;\n", 20));
    (void)close(fd);
    tree_clear();
}
#endif

/* A FIFO sees all of a schema, or nothing of one that fails, however long it is. */
TEST(target, fifo_is_whole) {
    char byte;
    int fd;
    tree_fill("s/a.sql", 2000000, 1);
    tree_fill("s/b.sql", 800000, 2);
    tree_text("s/z.sql", "'");
    tree_fifo("pipe");
    fd = open("pipe", O_RDONLY | O_NONBLOCK);
    CHECK_STR(target_build("pipe"), "UNCLOSED s/z.sql:1: quote never closed");
    CHECK(read(fd, &byte, 1) == 0);
    (void)close(fd);
    tree_clear();
}

static volatile sig_atomic_t target_signals;
static void target_on_signal(int number) { target_signals += number == SIGPIPE; }

/* Leaves as soon as it has read something; before a writer has come there is nothing, at once. */
static void *target_leave(void *fd) {
    char byte;
    int from = *(int *)fd;
    while (read(from, &byte, 1) == 0) (void)usleep(1000);
    (void)close(from);
    return NULL;
}

static bool target_is_held(void) {
    sigset_t mask;
    return pthread_sigmask(SIG_BLOCK, NULL, &mask) == 0 && sigismember(&mask, SIGPIPE) == 1;
}

static bool target_is_pending(void) {
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

/* A reader that leaves is an error, and no signal; what the host does with SIGPIPE stays. */
TEST(target, reader_leaves) {
    int i;
    tree_fill("s/a.sql", 2000000, 1);
    tree_fifo("pipe");
    for (i = 0; i < 4; i++) {
        struct sigaction action, before, now;
        sigset_t one, old;
        pthread_t reader;
        int fd;
        memset(&action, 0, sizeof action);
        action.sa_handler = i == 0 ? SIG_DFL : target_on_signal;
        (void)sigemptyset(&one);
        (void)sigaddset(&one, SIGPIPE);
        (void)sigaction(SIGPIPE, &action, &before);
        (void)pthread_sigmask(i >= 2 ? SIG_BLOCK : SIG_UNBLOCK, &one, &old);
        if (i == 3) (void)raise(SIGPIPE); /* it waits for the host already */
        fd = open("pipe", O_RDONLY | O_NONBLOCK);
        (void)fcntl(fd, F_SETFL, 0);
        if (pthread_create(&reader, NULL, target_leave, &fd) != 0) tree_die("thread", ".");
        CHECK_STR(target_build("pipe"), "SYSTEM pipe: broken pipe");
        (void)pthread_join(reader, NULL);
        (void)sigaction(SIGPIPE, NULL, &now);
        CHECK(now.sa_handler == action.sa_handler && target_signals == 0);
        CHECK(target_is_held() == (i >= 2) && target_is_pending() == (i == 3));
        if (i == 3) (void)sigwait(&one, &fd);
        (void)sigaction(SIGPIPE, &before, NULL);
        (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    }
    tree_clear();
}

/* ==== What is left alone ================================================= */

/* What is written while the build is under way: nothing if all is the same. */
static int target_count_directory(void *user, const confiture_progress *progress) {
    struct stat status;
    (void)progress;
    if (stat("out", &status) == 0) *(struct timespec *)user = status.st_mtim;
    return 0;
}

/* The same bytes: no file is made, in the middle either; other ones, wherever they begin and
 * however long the file is. */
TEST(target, unchanged) {
    confiture_build_options options;
    confiture_header header;
    struct timespec during;
    struct stat before, after;
    bool unchanged;
    char *text;
    size_t i, size;
    tree_text("s/a.sql", "SELECT 1;\n");
    tree_fill("s/b.sql", 700000, 1);
    tree_directory("out");
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    memset(&header, 0, sizeof header);
    memset(&during, 0, sizeof during);
    options.header = &header;
    options.keep_unchanged = true;
    CHECK_STR(target_build_with("out/x.sql", options, &unchanged), "done");
    CHECK(!unchanged && stat("out", &before) == 0);
    text = tree_read("out/x.sql", &size);
    options.run.progress = target_count_directory;
    options.run.progress_user = &during;
    for (i = 0; i < 4; i++) {
        options.run.threads = i % 2 == 0 ? 1 : 4;
        options.sync = i >= 2;
        CHECK_STR(target_build_with("out/x.sql", options, &unchanged), "done");
        CHECK(unchanged && stat("out", &after) == 0);
        CHECK(memcmp(&after.st_mtim, &before.st_mtim, sizeof after.st_mtim) == 0);
        CHECK(memcmp(&during, &before.st_mtim, sizeof during) == 0);
    }
    for (i = 0; i < 7; i++) {
        const size_t places[] = {0, 100, 400, 300000, 700000, size - 1, 0};
        char kept = text[places[i]];
        text[places[i]] = '#';
        if (i < 6) tree_write("out/x.sql", text, size);
        text[places[i]] = kept;
        if (i == 6) tree_append("out/x.sql", "more");
        CHECK_STR(target_build_with("out/x.sql", options, &unchanged), "done");
        CHECK(!unchanged && tree_holds("out/x.sql", text, size));
        tree_write("out/x.sql", text, places[i]); /* too short */
        CHECK_STR(target_build_with("out/x.sql", options, &unchanged), "done");
        CHECK(!unchanged && tree_holds("out/x.sql", text, size));
    }
    free(text);
    tree_clear();
}

/* The digest alone may be another: of seed files that are left out. */
TEST(target, digest_alone) {
    confiture_build_options options;
    confiture_header header;
    bool unchanged;
    char *old, *text;
    size_t size;
    tree_fill("s/b.sql", 700000, 1);
    tree_text("s/seeds/x.sql", "1");
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    memset(&header, 0, sizeof header);
    options.header = &header;
    options.keep_unchanged = options.schema_only = true;
    CHECK_STR(target_build_with("x.sql", options, NULL), "done");
    old = tree_read("x.sql", &size);
    tree_text("s/seeds/x.sql", "2");
    CHECK_STR(target_build_with("x.sql", options, &unchanged), "done");
    text = tree_read("x.sql", &size);
    CHECK(!unchanged && memcmp(text, old, size) != 0 &&
          strcmp(text + size - 600000, old + size - 600000) == 0);
    CHECK_STR(target_build_with("x.sql", options, &unchanged), "done");
    CHECK(unchanged);
    free(text);
    free(old);
    tree_clear();
}

/* The old file is written to between the look at its first part and the copy of that. */
static int target_spoil(void *user, const confiture_progress *progress) {
    if (progress->files == 0 && progress->bytes > 1000000) {
        int fd = open("x.sql", O_WRONLY);
        if (pwrite(fd, "spoilt", 6, 1000) != 6) tree_die("pwrite", "x.sql");
        (void)close(fd);
        ++*(int *)user;
    }
    return 0;
}

TEST(target, compared_and_changed) {
    confiture_build_options options;
    int spoilt = 0;
    char *text;
    size_t size;
    tree_fill("s/a.sql", 9000000, 1); /* comes in pieces */
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    options.separator = CONFITURE_SEPARATOR_NONE;
    CHECK_STR(target_build_with("x.sql", options, NULL), "done");
    text = tree_read("x.sql", &size);
    text[size - 1] = '#';
    tree_write("x.sql", text, size);
    options.keep_unchanged = true;
    options.run.threads = 1;
    options.run.progress = target_spoil;
    options.run.progress_user = &spoilt;
    CHECK_STR(target_build_with("x.sql", options, NULL),
              "CHANGED x.sql: the file changed while it was being compared");
    memcpy(text + 1000, "spoilt", 6);
    CHECK(spoilt > 0 && tree_holds("x.sql", text, size));
    free(text);
    tree_clear();
}

#if defined(__linux__)
/* A file system that nothing can be written to, with nothing to be written. */
TEST(target, read_only) {
    confiture_build_options options;
    bool unchanged = false;
    tree_text("s/a.sql", target_new);
    tree_text("d/x.sql", target_new);
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    options.separator = CONFITURE_SEPARATOR_NONE;
    options.keep_unchanged = options.sync = true;
    if (mount("d", "d", NULL, MS_BIND, NULL) != 0) {
        printf("skipped: a read-only file system: nothing can be mounted here\n");
        tree_clear();
        return;
    }
    if (mount("d", "d", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) == 0) {
        CHECK_STR(target_build_with("d/x.sql", options, &unchanged), "done");
        CHECK(unchanged);
        options.keep_unchanged = false;
        CHECK_STR(target_build_with("d/x.sql", options, &unchanged),
                  "SYSTEM d/x.sql: read-only file system");
    }
    if (umount("d") != 0) tree_die("umount", "d");
    tree_clear();
}
#endif

/* ==== What is undone, and what has no name =============================== */

static int target_occupy(void *user, const confiture_progress *progress) {
    (void)progress;
    if (mkdir((const char *)user, 0755) != 0 && errno != EEXIST) tree_die("mkdir", "2.sql");
    return 0;
}

/* The last of three cannot be renamed: the first two are what they were. */
TEST(target, undone) {
    static const char *const paths[] = {"0.sql", "1.sql", "2.sql"};
    static const char *const pre[] = {"s/0"}, *const post[] = {"s/2"};
    confiture_build_options options;
    confiture_files *files;
    confiture_schema schemas[3];
    confiture_error error;
    output_make();
    files = output_find("s");
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    memset(schemas, 0, sizeof schemas);
    options.pre_dirs = pre;
    options.post_dirs = post;
    options.pre_dir_count = options.post_dir_count = 1;
    options.run.progress = target_occupy;
    options.run.progress_user = (void *)(uintptr_t) "2.sql";
    tree_text("0.sql", "old");
    CHECK_STR(
        runs_outcome(confiture_build_split_files(schemas, paths, files, &options, &error), &error),
        "SYSTEM 2.sql: is a directory");
    CHECK(tree_holds("0.sql", "old", 3) && access("1.sql", F_OK) != 0);
    CHECK(tree_temporaries(".") == 0);
    confiture_files_free(files);
    tree_clear();
}

#if defined(__linux__)
/* What the directory holds while a file is being written: nothing new, where the file system
 * has files without names. */
static int target_look(void *user, const confiture_progress *progress) {
    (void)progress;
    *(size_t *)user += tree_temporaries(".");
    return 0;
}

TEST(target, nameless) {
    confiture_build_options options;
    size_t seen = 0;
    int fd;
    if (cfti_os_create_unnamed(".", true, &fd) != 0) {
        printf("skipped: files without names: this file system has none\n");
        return;
    }
    (void)close(fd);
    tree_text("s/a.sql", target_new);
    tree_fill("s/b.sql", 700000, 1);
    memset(&options, 0, sizeof options);
    options.check = CONFITURE_CHECK_QUOTES;
    options.run.progress = target_look;
    options.run.progress_user = &seen;
    CHECK_STR(target_build_with("x.sql", options, NULL), "done");
    CHECK_STR(target_build_with("x.sql", options, NULL), "done");
    CHECK(seen == 0);
    tree_clear();
}
#endif

/* A name that somebody else has is passed over, and what it stands for stays. */
TEST(target, names) {
    cfti_target target;
    cfti_buffer name;
    size_t i, k;
    char seen[8][64];
    memset(&target, 0, sizeof target);
    memset(&name, 0, sizeof name);
    CHECK(cfti_allocator_choose(&target.real.allocator, NULL));
    name.allocator = target.real.allocator;
    CHECK(cfti_buffer_append(&target.real, "d/x.sql", 8));
    for (i = 0; i < 8; i++) {
        CHECK(cfti_target_choose(&target, &name, 0) == 0 && name.size == 34);
        memcpy(seen[i], name.data, name.size);
        CHECK(strncmp(seen[i], "d/.confiture-", 13) == 0 && strcmp(seen[i] + 29, ".tmp") == 0);
        CHECK(strspn(seen[i] + 13, "0123456789abcdef") == 16);
        for (k = 0; k < i; k++) CHECK(strcmp(seen[i], seen[k]) != 0);
    }
    cfti_buffer_free(&target.real);
    cfti_buffer_free(&name);
}

/* Names that one file may have in a directory where case does not matter, by what can be
 * there: Linux's folded ext4, vfat, macOS, Windows. */
TEST(target, folded_names) {
    CHECK(cfti_path_may_be_same("schema.sql", "Schema.SQL"));
    CHECK(cfti_path_may_be_same("schema.sql", "schema.sql"));
    CHECK(!cfti_path_may_be_same("schema.sql", "schemb.sql"));
    CHECK(!cfti_path_may_be_same("schema.sql", "schema.sq"));
    CHECK(!cfti_path_may_be_same("a@", "a`") && !cfti_path_may_be_same("a[", "a{"));
    CHECK(cfti_path_may_be_same("schema.sql", "schema.sql. "));
    CHECK(cfti_path_may_be_same("schema.sql", "SCHEMA~1.SQL"));
    CHECK(cfti_path_may_be_same("\xC3\xA4.sql", "a\xCC\x88.sql"));
    CHECK(cfti_path_may_be_same("k.sql", "\xE2\x84\xAA.sql"));
    CHECK(cfti_path_may_be_same("a.sql", "a.sql\xE2\x80\x8D"));
}
