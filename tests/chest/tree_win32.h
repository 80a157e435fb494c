/* tree_win32.h: what tree.h has, for Windows. There are no FIFOs, sockets and modes, and
 * a process may need a privilege to make a link: tests that want one say so at their
 * beginning, by TREE_NEEDS, and are skipped. */
#ifndef CONFITURE_TEST_TREE_WIN32_H
#define CONFITURE_TEST_TREE_WIN32_H

#include <direct.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

#define TREE_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TREE_NEEDS(what)                                                                           \
    do {                                                                                           \
        printf("skipped: %s: no %s here\n", __func__, what);                                       \
        return;                                                                                    \
    } while (0)

#define TREE_ROOT "C:/"
#define TREE_NOWHERE cfti_os_cwd
#define TREE_E_ACCESS ERROR_ACCESS_DENIED
#define TREE_E_FULL ERROR_DISK_FULL

/* For what is compiled and never reached. */
#define alarm(seconds) 0
#define lstat stat
#define S_ISLNK(mode) 0
#define O_NONBLOCK 0

static struct {
    char root[4096]; /* as the library writes it; empty: none is open */
    char before[4096];
} tree;

static void tree_die(const char *what, const char *path) {
    fprintf(stderr, "unit: %s: %s: %s\n", path, what, strerror(errno));
    exit(2);
}

/* Every path that is made or removed passes here: it is relative and has no "..", and the
 * current directory is the root. Nothing here makes links, so that is enough. */
static void tree_guard(const char *path) {
    char here[4096];
    const char *p;
    bool inside = tree.root[0] != '\0' && *path != '\0' && strchr("/\\", *path) == NULL &&
                  strchr(path, ':') == NULL && _getcwd(here, sizeof here) != NULL;
    for (p = here; inside && *p != '\0'; p++)
        if (*p == '\\') here[p - here] = '/';
    inside = inside && strcmp(here, tree.root) == 0;
    for (p = path; inside && (p = strstr(p, "..")) != NULL; p += 2)
        if ((p == path || strchr("/\\", p[-1]) != NULL) && strchr("/\\", p[2]) != NULL)
            inside = false;
    if (!inside) {
        fprintf(stderr, "unit: %s is not below the temporary directory\n", path);
        abort();
    }
}

static void tree_open(void) {
    const char *where = getenv("TMP");
    char name[1024];
    char *p;
    unsigned attempt = 0;
    if (where == NULL || strlen(where) > 900) tree_die("no temporary directory", "TMP");
    if (_getcwd(tree.before, sizeof tree.before) == NULL) tree_die("getcwd", ".");
    do {
        sprintf(name, "%s/confiture-unit-%u", where, attempt);
    } while (_mkdir(name) != 0 && errno == EEXIST && ++attempt < 1000);
    if (_chdir(name) != 0 || _getcwd(tree.root, sizeof tree.root) == NULL)
        tree_die("cannot make the temporary directory", name);
    for (p = tree.root; *p != '\0'; p++)
        if (*p == '\\') *p = '/';
}

static void tree_parents(const char *path) {
    char part[4096];
    const char *slash;
    for (slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        memcpy(part, path, (size_t)(slash - path));
        part[slash - path] = '\0';
        tree_guard(part);
        if (_mkdir(part) != 0 && errno != EEXIST) tree_die("mkdir", part);
    }
}

static void tree_directory(const char *path) {
    tree_parents(path);
    tree_guard(path);
    if (_mkdir(path) != 0 && errno != EEXIST) tree_die("mkdir", path);
}

static void tree_link(const char *path, const char *target) {
    (void)target;
    tree_die("no links", path);
}
static void tree_fifo(const char *path) { tree_die("no FIFOs", path); }
static void tree_socket(const char *path) { tree_die("no sockets", path); }
static void tree_mode(const char *path, unsigned mode) {
    (void)mode;
    tree_die("no modes", path);
}
static char *tree_deep(size_t levels, const char *name, const char *text) {
    (void)levels;
    (void)text;
    tree_die("no such paths", name);
    return NULL;
}
static void tree_drop_rights(void) {}
static void tree_regain_rights(void) {}

static void tree_remove(const char *path) {
    struct stat status;
    tree_guard(path);
    if (stat(path, &status) != 0) tree_die("stat", path);
    if (S_ISDIR(status.st_mode)) {
        DIR *dir = opendir(path);
        struct dirent *entry;
        char below[4096];
        while (dir != NULL && (entry = readdir(dir)) != NULL) {
            if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
            sprintf(below, "%s/%s", path, entry->d_name);
            tree_remove(below);
        }
        if (dir != NULL) (void)closedir(dir);
        if (_rmdir(path) != 0) tree_die("rmdir", path);
    } else if (remove(path) != 0) {
        tree_die("remove", path);
    }
}

/* How many entries of the current directory begin so; *path is the last of them. */
static size_t tree_entries(const char *directory, const char *prefix, char path[300]) {
    DIR *dir = opendir(directory);
    struct dirent *entry;
    size_t count = 0;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0) continue;
        count++;
        if (path != NULL) sprintf(path, "%.290s", entry->d_name);
    }
    if (dir != NULL) (void)closedir(dir);
    return count;
}

static void tree_clear(void) {
    char path[300];
    while (tree_entries(".", "", path) > 0) tree_remove(path);
}

static void tree_close(void) {
    tree_clear();
    if (_chdir(tree.before) != 0 || _rmdir(tree.root) != 0) tree_die("cannot leave", tree.root);
    tree.root[0] = '\0';
}

static size_t tree_temporaries(const char *directory) {
    return tree_entries(directory, ".confiture-", NULL);
}

/* Handles that are open: none may be left behind. */
static size_t tree_descriptors(void) {
    DWORD count = 0;
    return GetProcessHandleCount(GetCurrentProcess(), &count) ? count : 0;
}

#endif
