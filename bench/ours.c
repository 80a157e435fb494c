/* ours.c: confiture.h behind the line protocol of run.py.
 *     cc -O2 -I. bench/ours.c -o build/bench/ours -pthread
 * Keys of a request: dir, out, threads (0: as the library chooses), pool=1 (keep the
 * threads parked between calls), io=read or mmap, verify=1. */

#include "operations.h"
#include "protocol.h"

/* ---- what came out, as a digest: two that did the same have the same ---- */

static void bench_hash_schema_file(confiture_sha256 *sha, const char *path) {
    static uint8_t buffer[1 << 16];
    FILE *file = fopen(path, "rb");
    size_t got;
    if (file == NULL) return;
    while ((got = fread(buffer, 1, sizeof(buffer), file)) > 0)
        confiture_sha256_update(sha, buffer, got);
    fclose(file);
}

static void bench_result(bench_work *work, const bench_operation *operation, char hex[65]) {
    confiture_sha256 sha;
    uint8_t digest[32];
    char line[96];
    size_t i;
    if (operation->result == BENCH_DIGEST) {
        memcpy(hex, work->digest.hex, 65);
        return;
    }
    confiture_sha256_init(&sha);
    switch (operation->result) {
    case BENCH_NAMES:
        for (i = 0; i < confiture_files_count(work->files); i++) {
            const char *name = confiture_files_name(work->files, i);
            confiture_sha256_update(&sha, name, strlen(name) + 1);
        }
        break;
    case BENCH_ENTRIES:
        for (i = 0; i < work->file_count; i++) {
            confiture_sha256_hex(work->entries[i].sha256, line);
            confiture_sha256_update(&sha, line, 64);
            snprintf(line, sizeof(line), " %llu\n", (unsigned long long)work->entries[i].size);
            confiture_sha256_update(&sha, line, strlen(line));
        }
        break;
    case BENCH_SCHEMA: confiture_sha256_update(&sha, work->schema->data, work->schema->size); break;
    case BENCH_FILE: bench_hash_schema_file(&sha, work->out); break;
    case BENCH_DIGEST:
    case BENCH_COUNT:
        snprintf(line, sizeof(line), "%llu files", (unsigned long long)work->file_count);
        confiture_sha256_update(&sha, line, strlen(line));
        break;
    }
    confiture_sha256_final(&sha, digest);
    confiture_sha256_hex(digest, hex);
}

static const bench_operation *bench_find_operation(const char *name) {
    size_t i;
    for (i = 0; i < BENCH_OPERATION_COUNT; i++) {
        if (strcmp(bench_operations[i].name, name) == 0) return &bench_operations[i];
    }
    return NULL;
}

/* ---- the loop ---- */

#define POOLS_MAX 8

/* Parked pools, one for each number of threads that was asked for. */
static confiture_pool *pool_of(size_t threads) {
    static struct {
        size_t threads;
        confiture_pool *pool;
    } pools[POOLS_MAX];
    size_t i;
    for (i = 0; i < POOLS_MAX; i++) {
        if (pools[i].pool != NULL && pools[i].threads == threads) return pools[i].pool;
        if (pools[i].pool == NULL) {
            pools[i].threads = threads;
            if (confiture_pool_create(&pools[i].pool, threads, NULL, NULL) != CONFITURE_OK) abort();
            return pools[i].pool;
        }
    }
    return NULL;
}

static unsigned long request_number(const request *r, const char *key, unsigned long otherwise) {
    const char *value = request_get(r, key, NULL);
    return value != NULL ? strtoul(value, NULL, 10) : otherwise;
}

static void serve(const request *r, bench_work *work) {
    const bench_operation *operation = bench_find_operation(r->operation);
    unsigned long long *times = times_room(r->repetitions);
    const char *io = request_get(r, "io", "auto");
    char hex[65] = "-";
    unsigned long i;
    if (operation == NULL) {
        answer("no", "no such operation");
        return;
    }
    work->dir = request_get(r, "dir", ".");
    work->out = request_get(r, "out", "");
    memset(&work->run, 0, sizeof(work->run));
    work->run.threads = request_number(r, "threads", 0);
    if (request_number(r, "pool", 0) != 0 && work->run.threads != 1)
        work->run.pool = pool_of(work->run.threads);
    work->run.io = strcmp(io, "mmap") == 0   ? CONFITURE_IO_MMAP
                   : strcmp(io, "ring") == 0 ? CONFITURE_IO_RING
                   : strcmp(io, "read") == 0 ? CONFITURE_IO_READ
                                             : CONFITURE_IO_AUTO;
    for (i = 0; i < r->repetitions; i++) {
        unsigned long long start;
        confiture_status status;
        operation->prepare(work);
        start = nanoseconds();
        status = operation->run(work);
        times[i] = nanoseconds() - start;
        if (status != CONFITURE_OK) {
            answer("error", work->error.message);
            return;
        }
    }
    if (operation->result == BENCH_DIGEST || request_number(r, "verify", 0) != 0)
        bench_result(work, operation, hex);
    answer_ok(hex, work->file_count, work->bytes, times, r->repetitions);
}

int main(void) {
    static request r;
    static bench_work work;
    while (request_read(&r)) {
        if (strcmp(r.operation, "kernel") == 0) {
            answer("ok", confiture_sha256_kernel());
        } else if (strcmp(r.operation, "forget") == 0) {
            /* A schema of a gigabyte would be in the way of everybody else. */
            bench_forget(&work);
            answer("ok", "-");
        } else {
            serve(&r, &work);
        }
    }
    return 0;
}
