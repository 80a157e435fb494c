/* protocol.h: how run.py talks to a process whose work it times.
 *
 * A request is a line of fields, separated by tabs: the operation, how often, and
 * key=value pairs. The answer is a line too:
 *     ok  DIGEST  FILES  BYTES  NS,NS,...      a time for each repetition
 *     no  WHY                                  it does not do that
 *     error  WHAT                              it failed
 * DIGEST is of the result, or "-" unless the request has verify=1. A process stays
 * until its input ends, so that everybody is timed in the middle of life. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REQUEST_FIELDS 16

typedef struct request {
    char line[16384];
    const char *fields[REQUEST_FIELDS];
    size_t count;
    const char *operation;
    unsigned long repetitions;
} request;

static const char *request_get(const request *r, const char *key, const char *otherwise) {
    size_t i, size = strlen(key);
    for (i = 2; i < r->count; i++) {
        if (strncmp(r->fields[i], key, size) == 0 && r->fields[i][size] == '=')
            return r->fields[i] + size + 1;
    }
    return otherwise;
}

/* 0 at the end of the input. */
static int request_read(request *r) {
    char *p;
    if (fgets(r->line, sizeof(r->line), stdin) == NULL) return 0;
    r->line[strcspn(r->line, "\n")] = '\0';
    r->count = 0;
    for (p = r->line; p != NULL && r->count < REQUEST_FIELDS;) {
        r->fields[r->count++] = p;
        p = strchr(p, '\t');
        if (p != NULL) *p++ = '\0';
    }
    r->operation = r->fields[0];
    r->repetitions = r->count > 1 ? strtoul(r->fields[1], NULL, 10) : 1;
    if (r->repetitions == 0) r->repetitions = 1;
    return 1;
}

static unsigned long long nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned long long)now.tv_sec * 1000000000u + (unsigned long long)now.tv_nsec;
}

/* The times of one request, kept until they are printed. */
static unsigned long long *times_room(unsigned long count) {
    static unsigned long long *times;
    static unsigned long room;
    if (room < count) {
        free(times);
        times = (unsigned long long *)malloc(count * sizeof(*times));
        if (times == NULL) abort();
        room = count;
    }
    return times;
}

static void answer_ok(const char *digest, unsigned long long files, unsigned long long bytes,
                      const unsigned long long *times, unsigned long count) {
    unsigned long i;
    printf("ok\t%s\t%llu\t%llu\t", digest, files, bytes);
    for (i = 0; i < count; i++) printf("%s%llu", i > 0 ? "," : "", times[i]);
    putchar('\n');
    fflush(stdout);
}

static void answer(const char *kind, const char *what) {
    printf("%s\t%s\n", kind, what);
    fflush(stdout);
}
