/* changes.h: the files that the races are about, and all that is done to them. */
#ifndef CONFITURE_RACES_CHANGES_H
#define CONFITURE_RACES_CHANGES_H

/* What a writer may do. Those up to CHANGE_RENAME never shorten a file, and leave whole
 * versions alone; the next never shorten one either. */
typedef enum change_kind {
    CHANGE_REPLACE = 0, /* a new version, by rename */
    CHANGE_REMOVE,      /* and made again, by rename */
    CHANGE_RENAME,      /* away and back */
    CHANGE_DIR_RENAME,  /* the same with the directory */
    CHANGE_DIR_SWAP,    /* another directory with new versions takes its place */
    CHANGE_DIR_REMOVE,  /* with all that is in it; and made again */
    CHANGE_GROW,        /* half a version by rename, then more and more of it appended */
    CHANGE_PLACE,       /* a version of the same size written over it */
    CHANGE_REWRITE,     /* emptied by open(), and written */
    CHANGE_SHRINK,      /* cut */
    CHANGES
} change_kind;

static const char *const change_names[CHANGES] = {"replace",  "remove",     "rename", "dir rename",
                                                  "dir swap", "dir remove", "grow",   "in place",
                                                  "rewrite",  "shrink"};

static bool change_is_whole(change_kind kind) { return kind <= CHANGE_DIR_REMOVE; }
static bool change_is_gone(change_kind kind) {
    return kind == CHANGE_REMOVE || kind == CHANGE_RENAME ||
           (kind >= CHANGE_DIR_RENAME && kind <= CHANGE_DIR_REMOVE);
}
static bool change_is_of_dir(change_kind kind) {
    return kind >= CHANGE_DIR_RENAME && kind <= CHANGE_DIR_REMOVE;
}
static bool change_shortens(change_kind kind) {
    return kind == CHANGE_REWRITE || kind == CHANGE_SHRINK;
}

typedef struct race_file {
    unsigned id;
    char path[64]; /* of the directory and a name */
    char dir[48];
    char away[64], dir_away[64]; /* where they are renamed to */
    size_t least, most;          /* lines */
    unsigned version_away;       /* the writer's own */
    /* The last that has been begun. Written before any of its bytes are. */
    unsigned version;
} race_file;

enum { RACE_FILES_MOST = 64 };

static race_file *race_files; /* shared with the writer */
static size_t race_file_count;

static uint32_t race_state = 1; /* each process its own */

static uint32_t race_random(uint32_t below) {
    race_state ^= race_state << 13;
    race_state ^= race_state >> 17;
    race_state ^= race_state << 5;
    return race_state % below;
}

static unsigned race_version(const race_file *file) {
    return __atomic_load_n(&file->version, __ATOMIC_SEQ_CST);
}

static size_t race_lines(const race_file *file, unsigned version) {
    return version_lines(file->id, version, file->least, file->most);
}

/* Where a version may be cut: never before the last byte of a line, which would leave a file
 * that with the LF that a build adds looks like one that was cut behind it. */
static size_t race_cut(size_t size) { return size % LINE == LINE - 1 ? size - 1 : size; }

static void race_write_all(int fd, const char *bytes, size_t size, const char *path) {
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n <= 0) tree_die("write", path);
        bytes += n;
        size -= (size_t)n;
    }
}

static bool race_is_there(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0;
}

static void race_rename(const char *from, const char *to) {
    tree_guard(from);
    tree_guard(to);
    if (rename(from, to) != 0) tree_die("rename", to);
}

/* The next version, or the first part of it, at `path`, which is not there yet. */
static void race_create(race_file *file, const char *path, bool whole) {
    unsigned version = race_version(file) + 1;
    size_t lines = race_lines(file, version), size = lines * LINE;
    char *text = version_text(file->id, version, lines, size);
    int fd;
    __atomic_store_n(&file->version, version, __ATOMIC_SEQ_CST);
    if (!whole) size = race_cut(size / 4 + race_random((uint32_t)size / 2 + 1));
    tree_guard(path);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0) tree_die("open", path);
    race_write_all(fd, text, size, path);
    (void)close(fd);
    free(text);
}

static void change_replace(race_file *file, bool whole) {
    race_create(file, "tmp/new", whole);
    race_rename("tmp/new", file->path);
}

/* The directory anew, with new versions of its files; if there is one, in its place. What
 * was renamed away before is not to come back. */
static void change_dir_create(const race_file *file) {
    const char *dir = file->dir;
    size_t i;
    if (race_is_there(file->dir_away)) tree_remove(file->dir_away);
    tree_directory("tmp/dir");
    for (i = 0; i < race_file_count; i++) {
        char path[128];
        if (strcmp(race_files[i].dir, dir) != 0) continue;
        sprintf(path, "tmp/dir/%s", strrchr(race_files[i].path, '/') + 1);
        race_create(&race_files[i], path, true);
    }
    if (race_is_there(dir)) race_rename(dir, "tmp/old");
    race_rename("tmp/dir", dir);
    if (race_is_there("tmp/old")) tree_remove("tmp/old");
}

static void change_place(race_file *file) {
    unsigned version = race_version(file);
    size_t lines = race_lines(file, version), size = lines * LINE;
    struct stat status;
    char *text;
    int fd;
    if ((version + 1) / 8 != version / 8 || lstat(file->path, &status) != 0 ||
        (size_t)status.st_size != size) {
        change_replace(file, true);
        return;
    }
    text = version_text(file->id, version + 1, lines, size);
    __atomic_store_n(&file->version, version + 1, __ATOMIC_SEQ_CST);
    fd = open(file->path, O_WRONLY);
    if (fd < 0) tree_die("open", file->path);
    race_write_all(fd, text, size, file->path);
    (void)close(fd);
    free(text);
}

static void change_rewrite(race_file *file) {
    unsigned version = race_version(file) + 1;
    size_t lines = race_lines(file, version), size = lines * LINE, done = 0, n;
    char *text = version_text(file->id, version, lines, size);
    int fd;
    __atomic_store_n(&file->version, version, __ATOMIC_SEQ_CST);
    fd = open(file->path, O_WRONLY | O_TRUNC | O_CREAT, 0644);
    if (fd < 0) tree_die("open", file->path);
    for (; done < size; done += n) {
        n = race_random(3) == 0 ? size - done : race_cut(done + (size - done + 1) / 2) - done;
        if (n == 0) n = size - done;
        race_write_all(fd, text + done, n, file->path);
    }
    (void)close(fd);
    free(text);
}

static void change_grow(race_file *file) {
    unsigned version = race_version(file);
    size_t lines = race_lines(file, version), size = lines * LINE, there, n;
    struct stat status;
    char *text;
    int fd;
    if (lstat(file->path, &status) != 0 || (size_t)status.st_size >= size) {
        change_replace(file, false);
        return;
    }
    there = (size_t)status.st_size;
    text = version_text(file->id, version, lines, size);
    n = race_random(2) == 0 ? size : race_cut(there + race_random((uint32_t)(size - there)) + 1);
    fd = open(file->path, O_WRONLY | O_APPEND);
    if (fd < 0) tree_die("open", file->path);
    if (n > there) race_write_all(fd, text + there, n - there, file->path);
    (void)close(fd);
    free(text);
}

static void change_shrink(race_file *file) {
    struct stat status;
    size_t size;
    size = lstat(file->path, &status) == 0 ? (size_t)status.st_size : 0;
    if (size < 4) change_replace(file, true);
    else if (truncate(file->path, (off_t)race_cut(race_random((uint32_t)size))) != 0)
        tree_die("truncate", file->path);
}

/* The directory is there again. */
static void change_dir_back(const race_file *file) {
    if (race_is_there(file->dir)) return;
    if (race_is_there(file->dir_away)) race_rename(file->dir_away, file->dir);
    else change_dir_create(file);
}

/* Away, and back; but not back over what has been made since. */
static void change_rename(race_file *file) {
    if (race_is_there(file->path)) {
        file->version_away = race_version(file);
        race_rename(file->path, file->away);
    } else if (race_is_there(file->away) && file->version_away == race_version(file)) {
        race_rename(file->away, file->path);
    } else {
        change_replace(file, true);
    }
}

static void change_dir_rename(const race_file *file) {
    if (!race_is_there(file->dir)) {
        change_dir_back(file);
        return;
    }
    if (race_is_there(file->dir_away)) tree_remove(file->dir_away);
    race_rename(file->dir, file->dir_away);
}

/* One change, at the file or at its directory; every second one of some kinds takes the
 * one before it back. */
static void change_do(change_kind kind, race_file *file) {
    tree_guard("tmp");
    if (kind != CHANGE_DIR_RENAME && kind != CHANGE_DIR_REMOVE) change_dir_back(file);
    switch (kind) {
    case CHANGE_REPLACE: change_replace(file, true); break;
    case CHANGE_REMOVE:
        if (race_is_there(file->path)) tree_remove(file->path);
        else change_replace(file, true);
        break;
    case CHANGE_RENAME: change_rename(file); break;
    case CHANGE_DIR_RENAME: change_dir_rename(file); break;
    case CHANGE_DIR_SWAP: change_dir_create(file); break;
    case CHANGE_DIR_REMOVE:
        if (race_is_there(file->dir)) tree_remove(file->dir);
        else change_dir_create(file);
        break;
    case CHANGE_GROW: change_grow(file); break;
    case CHANGE_PLACE: change_place(file); break;
    case CHANGE_REWRITE: change_rewrite(file); break;
    default: change_shrink(file);
    }
}

/* The file and its directory are there, the file whole and in a version of its own. */
static void change_settle(race_file *file) {
    change_dir_back(file);
    if (race_is_there(file->dir_away)) tree_remove(file->dir_away);
    if (race_is_there(file->away)) tree_remove(file->away);
    change_replace(file, true);
}

/* A file of least to most lines. */
static void race_add(const char *dir, size_t least, size_t most) {
    race_file *file = &race_files[race_file_count];
    if (race_file_count == RACE_FILES_MOST) abort();
    file->id = (unsigned)race_file_count++;
    file->version = 0;
    file->least = least;
    file->most = most;
    strcpy(file->dir, dir);
    sprintf(file->path, "%s/f%04u.sql", dir, file->id);
    sprintf(file->away, "tmp/f%04u.away", file->id);
    sprintf(file->dir_away, "tmp/%.*s-%s", (int)(strchr(dir, '/') - dir), dir,
            strchr(dir, '/') + 1);
    tree_directory(dir);
    change_replace(file, true);
}

static void race_open(void) {
    tree_open();
    tree_directory("tmp");
    race_file_count = 0;
    race_files = (race_file *)mmap(NULL, RACE_FILES_MOST * sizeof(race_file),
                                   PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (race_files == MAP_FAILED) tree_die("mmap", "files");
}

static void race_close(void) {
    (void)munmap(race_files, RACE_FILES_MOST * sizeof(race_file));
    race_files = NULL;
    tree_close();
}

static race_file *race_find_name(const char *name, size_t size) {
    size_t i;
    for (i = 0; i < race_file_count; i++)
        if (strlen(race_files[i].path) == size && memcmp(race_files[i].path, name, size) == 0)
            return &race_files[i];
    return NULL;
}

#endif
