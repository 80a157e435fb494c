/* known_answers.c: SHA-256 for tests/known_answers/known_answers.py, with each set of features.
 *
 * A request is the operation's letter and a count, then what the operation wants; the whole of it
 * is read before the answer is written, so that neither end waits for the other. All numbers are
 * little-endian, 32 bits unless said otherwise. Every message is copied to where its job says,
 * between pages that must not be touched: a byte read or written before its beginning or behind
 * its end kills this process.
 *
 *   cc -std=c99 -I. -DCFT_HEADER='"confiture.h"' tests/known_answers/known_answers.c -pthread */

#define _DEFAULT_SOURCE      /* MAP_ANONYMOUS */
#define _FILE_OFFSET_BITS 64 /* a file above 4 GiB on a 32-bit system */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CONFITURE_IMPLEMENTATION
#include CFT_HEADER

static void die(const char *what) {
    fprintf(stderr, "known_answers: %s\n", what);
    exit(3);
}

/* ---- messages ----------------------------------------------------------- */

static void read_bytes(void *data, size_t size) {
    if (size > 0 && fread(data, 1, size, stdin) != size) die("the request ends early");
}

static void write_bytes(const void *data, size_t size) {
    if (fwrite(data, 1, size, stdout) != size) die("cannot answer");
}

static uint32_t read_number(void) {
    uint8_t b[4];
    read_bytes(b, 4);
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static uint64_t read_long(void) {
    uint64_t low = read_number();
    return low | (uint64_t)read_number() << 32;
}

static void write_number(uint64_t value, int bytes) {
    uint8_t b[8];
    int i;
    for (i = 0; i < bytes; i++) b[i] = (uint8_t)(value >> 8 * i);
    write_bytes(b, (size_t)bytes);
}

static void *need(size_t count, size_t size) {
    void *p = calloc(count + 1, size);
    if (p == NULL) die("no memory");
    return p;
}

/* ---- places ------------------------------------------------------------- */

/* Each room has a page before and one behind it that cannot be read; as many as the largest call
 * of cfti_sha256_many() has messages. */
enum { ROOMS = 160, ROOM = 8192, LARGEST = ROOM - 64 };
static uint8_t *rooms[ROOMS];
static size_t room_size;

static void make_rooms(void) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *map;
    size_t i;
    room_size = (ROOM + page - 1) / page * page;
    map = (uint8_t *)mmap(NULL, (room_size + page) * ROOMS + page, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == (uint8_t *)MAP_FAILED) die("no memory for the messages");
    for (i = 0; i < ROOMS; i++) {
        rooms[i] = map + page + (room_size + page) * i;
        if (mprotect(rooms[i], room_size, PROT_READ | PROT_WRITE) != 0) die("mprotect failed");
    }
}

/* A message: `size` bytes of the data from `offset` on, at `distance` bytes from the beginning or
 * from the end of a room; an update of the first `first` bytes, then of `step` bytes each (0: of
 * all the rest). */
typedef struct job {
    uint32_t offset, size, distance, first, step;
    bool at_end, last; /* last: of one call of cfti_sha256_many() */
} job;

static uint8_t *data;
static size_t data_size;

static job *read_jobs(uint32_t count) {
    job *jobs = (job *)need(count, sizeof(*jobs));
    uint32_t i;
    for (i = 0; i < count; i++) {
        uint32_t place;
        jobs[i].offset = read_number();
        jobs[i].size = read_number();
        place = read_number();
        jobs[i].distance = place & 63;
        jobs[i].at_end = (place & 64) != 0;
        jobs[i].last = (place & 128) != 0;
        jobs[i].first = read_number();
        jobs[i].step = read_number();
        if (jobs[i].size > LARGEST || jobs[i].first > jobs[i].size) die("a wrong job");
    }
    return jobs;
}

static uint8_t *put_message(const job *j, const uint8_t *message, size_t room) {
    const size_t at = j->at_end ? room_size - j->distance - j->size : j->distance;
    if (j->size > 0) memcpy(rooms[room] + at, message, j->size);
    return rooms[room] + at;
}

static const uint8_t *job_message(const job *j) {
    if (j->offset > data_size || j->size > data_size - j->offset) die("a job outside of the data");
    return data + j->offset;
}

static void hash_message(const job *j, const uint8_t *message, uint8_t digest[32]) {
    const uint8_t *p = put_message(j, message, 0);
    confiture_sha256 sha;
    size_t done, n = j->first;
    confiture_sha256_init(&sha);
    confiture_sha256_update(&sha, p, n);
    for (done = n; done < j->size; done += n) {
        n = j->size - done;
        if (j->step != 0 && j->step < n) n = j->step;
        confiture_sha256_update(&sha, p + done, n);
    }
    confiture_sha256_final(&sha, digest);
}

/* ---- operations --------------------------------------------------------- */

static unsigned found, known; /* the features of this processor; the mark of a mask in use */

/* K: the features that may be used from now on. Answers with those there are, the bytes of a
 * pointer, whether the first byte of a number is its highest, and the kernel's name. */
static void op_kernel(uint32_t features) {
    const uint16_t one = 1;
    char name[16] = "";
    if ((features & ~found) != 0) die("this processor lacks a feature");
    cfti_cpu_mask = (int)(known | features);
    strncpy(name, confiture_sha256_kernel(), sizeof(name) - 1);
    write_number(found, 4);
    write_number(sizeof(void *), 4);
    write_number(*(const uint8_t *)&one == 0, 4);
    write_bytes(name, sizeof(name));
}

/* D: the data of all jobs to come. */
static void op_data(uint32_t size) {
    free(data);
    data = (uint8_t *)need(size, 1);
    data_size = size;
    read_bytes(data, size);
}

/* H: the digest of each job. */
static void op_hash(uint32_t count) {
    job *jobs = read_jobs(count);
    uint8_t digest[32];
    uint32_t i;
    for (i = 0; i < count; i++) {
        hash_message(&jobs[i], job_message(&jobs[i]), digest);
        write_bytes(digest, 32);
    }
    free(jobs);
}

static void hash_many(const job *jobs, size_t count) {
    static uint8_t digests[ROOMS + 1][32];
    const uint8_t *messages[ROOMS];
    size_t sizes[ROOMS], i;
    if (count > ROOMS) die("too many messages for one call");
    for (i = 0; i < count; i++) {
        messages[i] = put_message(&jobs[i], job_message(&jobs[i]), i);
        sizes[i] = jobs[i].size;
    }
    memset(digests, 0xEE, sizeof(digests));
    cfti_sha256_many(messages, sizes, count, digests);
    for (i = 0; i < 32; i++) {
        if (digests[count][i] != 0xEE) die("more digests were written than there are messages");
    }
    write_bytes(digests, 32 * count);
}

/* M: the same by cfti_sha256_many(): one call for all jobs up to each that is marked as the last
 * of its call. */
static void op_many(uint32_t count) {
    job *jobs = read_jobs(count);
    uint32_t i, begin = 0;
    for (i = 0; i < count; i++) {
        if (!jobs[i].last) continue;
        hash_many(jobs + begin, i + 1 - begin);
        begin = i + 1;
    }
    hash_many(jobs + begin, count - begin);
    free(jobs);
}

/* C: the 100 checkpoints of the Monte Carlo test of NIST's SHAVS, from the seed that is each job's
 * message; the messages, of 96 bytes, are hashed as the job says. */
static void op_monte_carlo(uint32_t count) {
    job *jobs = read_jobs(count);
    uint32_t i;
    for (i = 0; i < count; i++) {
        uint8_t seed[32], message[96], digest[32];
        int checkpoint, round;
        jobs[i].size = 32;
        memcpy(seed, job_message(&jobs[i]), 32);
        jobs[i].size = 96;
        for (checkpoint = 0; checkpoint < 100; checkpoint++) {
            memcpy(message, seed, 32);
            memcpy(message + 32, seed, 32);
            memcpy(message + 64, seed, 32);
            for (round = 0; round < 1000; round++) {
                hash_message(&jobs[i], message, digest);
                memmove(message, message + 32, 64);
                memcpy(message + 64, digest, 32);
            }
            memcpy(seed, digest, 32);
            write_bytes(digest, 32);
        }
    }
    free(jobs);
}

/* Z: the digests of so many zeros (64 bits each), each in one update; M all the same by one call
 * of cfti_sha256_many(). The zeros are the system's: they take no memory. */
static void op_zeros(uint32_t count, bool many) {
    uint8_t(*digests)[32] = (uint8_t(*)[32])need(count, 32);
    const uint8_t **messages = (const uint8_t **)need(count, sizeof(*messages));
    size_t *sizes = (size_t *)need(count, sizeof(*sizes)), most = 1;
    uint8_t *zeros;
    uint32_t i;
    for (i = 0; i < count; i++) {
        const uint64_t size = read_long();
        if (size > SIZE_MAX) die("too many zeros");
        sizes[i] = (size_t)size;
        if (sizes[i] > most) most = sizes[i];
    }
    zeros =
        (uint8_t *)mmap(NULL, most, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (zeros == (uint8_t *)MAP_FAILED) die("no memory for the zeros");
#if defined(MADV_HUGEPAGE)
    madvise(zeros, most, MADV_HUGEPAGE); /* or there is a page fault for each 4 KiB */
#endif
    for (i = 0; i < count; i++) {
        messages[i] = zeros;
        if (!many) confiture_sha256_once(zeros, sizes[i], digests[i]);
    }
    if (many) cfti_sha256_many(messages, sizes, count, digests);
    write_bytes(digests, 32 * (size_t)count);
    munmap(zeros, most);
    free(digests);
    free(messages);
    free(sizes);
}

/* P: the manifest of a directory's one file: how it is read, how many threads, the size of the
 * directory's path, the path. Answers with the status, the file's size (64 bits) and digest. */
static void op_manifest(uint32_t io) {
    confiture_entry entry;
    confiture_files *files = NULL;
    confiture_manifest_options manifest;
    confiture_error error;
    confiture_status status;
    char *path;
    size_t size;
    memset(&manifest, 0, sizeof(manifest));
    memset(&entry, 0, sizeof(entry));
    manifest.run.io = (confiture_io)io;
    manifest.run.threads = read_number();
    size = read_number();
    path = (char *)need(size, 1);
    read_bytes(path, size);
    status = confiture_find(&files, path, NULL, &error);
    if (status == CONFITURE_OK && confiture_files_count(files) != 1) die("not one file");
    if (status == CONFITURE_OK) status = confiture_manifest(&entry, files, &manifest, &error);
    if (status != CONFITURE_OK) fprintf(stderr, "known_answers: %s\n", error.message);
    write_number((uint64_t)status, 4);
    write_number(entry.size, 8);
    write_bytes(entry.sha256, 32);
    confiture_files_free(files);
    free(path);
}

int main(void) {
    int op;
    found = cfti_cpu_detect();
    known = cfti_cpu_features() & ~found;
    make_rooms();
    while ((op = getchar()) != EOF) {
        const uint32_t count = read_number();
        switch (op) {
        case 'K': op_kernel(count); break;
        case 'D': op_data(count); break;
        case 'H': op_hash(count); break;
        case 'M': op_many(count); break;
        case 'C': op_monte_carlo(count); break;
        case 'Z': op_zeros(count, false); break;
        case 'z': op_zeros(count, true); break;
        case 'P': op_manifest(count); break;
        default: die("no such operation");
        }
        if (fflush(stdout) != 0) die("cannot answer");
    }
    free(data);
    return 0;
}
