/* calls.h: every call of the library that may fail, or whose pair may be forgotten, goes to
 * a function of ours. To be included before the library; nothing in the library knows of it.
 * tests/faults/symbols.py makes sure that none is missing here. */
#ifndef CONFITURE_FAULTS_CALLS_H
#define CONFITURE_FAULTS_CALLS_H

#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../chest/test.h"
#include "../chest/tree.h" /* what makes and looks at files has the real calls */

static ssize_t real_write(int fd, const void *data, size_t size) { return write(fd, data, size); }

static void *fault_malloc(size_t size);
static void *fault_remalloc(void *block, size_t size);
static void fault_release(void *block);
#define CONFITURE_MALLOC(size) fault_malloc(size)
#define CONFITURE_REALLOC(block, size) fault_remalloc(block, size)
#define CONFITURE_FREE(block) fault_release(block)

static int fault_openat(int at, const char *path, int flags, ...);
static int fault_open(const char *path, int flags, ...);
static int fault_close(int fd);
static int fault_fcntl(int fd, int what, ...);
static int fault_fstat(int fd, struct stat *st);
static int fault_fstatat(int at, const char *path, struct stat *st, int flags);
static ssize_t fault_pread(int fd, void *data, size_t size, off_t offset);
static ssize_t fault_write(int fd, const void *data, size_t size);
static ssize_t fault_pwrite(int fd, const void *data, size_t size, off_t offset);
static void *fault_mmap(void *where, size_t size, int rights, int flags, int fd, off_t offset);
static int fault_munmap(void *data, size_t size);
static int fault_fsync(int fd);
static int fault_fchmod(int fd, mode_t mode);
static int fault_fchown(int fd, uid_t owner, gid_t group);
static ssize_t fault_getxattr(const char *path, const char *name, void *value, size_t size);
static int fault_fsetxattr(int fd, const char *name, const void *value, size_t size, int flags);
static int fault_fremovexattr(int fd, const char *name);
static int fault_linkat(int from_at, const char *from, int to_at, const char *to, int flags);
static int fault_rename(const char *from, const char *to);
static int fault_unlink(const char *path);
static ssize_t fault_readlinkat(int at, const char *path, char *target, size_t size);
static char *fault_getcwd(char *path, size_t size);
static long fault_sysconf(int name);
static long fault_syscall(long number, ...);
static int fault_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                                void *(*run)(void *), void *ctx);
static int fault_pthread_join(pthread_t thread, void **result);
static int fault_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);
static int fault_pthread_mutex_destroy(pthread_mutex_t *mutex);
static int fault_pthread_cond_init(pthread_cond_t *c, const pthread_condattr_t *attributes);
static int fault_pthread_cond_destroy(pthread_cond_t *c);

#define openat fault_openat
#define open fault_open
#define close fault_close
#define fcntl fault_fcntl
#define fstat fault_fstat
#define fstatat fault_fstatat
#define pread fault_pread
#define write fault_write
#define pwrite fault_pwrite
#define mmap fault_mmap
#define munmap fault_munmap
#define fsync fault_fsync
#define fchmod fault_fchmod
#define fchown fault_fchown
#define getxattr fault_getxattr
#define fsetxattr fault_fsetxattr
#define fremovexattr fault_fremovexattr
#define linkat fault_linkat
#define rename fault_rename
#define unlink fault_unlink
#define readlinkat fault_readlinkat
#define getcwd fault_getcwd
#define sysconf fault_sysconf
#define syscall fault_syscall
#define pthread_create fault_pthread_create
#define pthread_join fault_pthread_join
#define pthread_mutex_init fault_pthread_mutex_init
#define pthread_mutex_destroy fault_pthread_mutex_destroy
#define pthread_cond_init fault_pthread_cond_init
#define pthread_cond_destroy fault_pthread_cond_destroy

#if defined(FAULTS_READDIR)
/* What os/posix.c does where there is no getdents64. */
#undef SYS_getdents64
static DIR *fault_fdopendir(int fd);
static struct dirent *fault_readdir(DIR *dir);
static int fault_closedir(DIR *dir);
#define fdopendir fault_fdopendir
#define readdir fault_readdir
#define closedir fault_closedir
#endif

/* A small tree is enough for rings, batches and helpers to start. */
static size_t fault_processors = 8;
#define CFTI_PROCESSORS fault_processors
#define CFTI_RING_CROWD 3 /* always the same calls: see cfti_ring_learn() */
#define CFTI_FILES_PER_RING 4
#define CFTI_FILES_PER_PARKED_RING 2
#define CFTI_FILES_PER_THREAD 4
#define CFTI_FILES_PER_HELPER 2
#define CFTI_DIRECTORIES_PER_THREAD 1

#endif
