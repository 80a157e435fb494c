/* SHA-256, with every kernel that this machine has: cpu.c, sha256*.c. The constants are
 * those of FIPS 180-4 and of Python's hashlib. */

SUITE(sha256, NULL, NULL);

#include <stdlib.h>

#if !defined(_WIN32)
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

static uint64_t sha_random_state = 88172645463325252u;

static uint32_t sha_random(uint32_t below) {
    sha_random_state ^= sha_random_state << 13;
    sha_random_state ^= sha_random_state >> 7;
    sha_random_state ^= sha_random_state << 17;
    return (uint32_t)(sha_random_state >> 33) % below;
}

static void sha_fill(uint8_t *p, size_t n) {
    size_t i;
    for (i = 0; i < n; i++) p[i] = (uint8_t)sha_random(256);
}

static bool sha_is(const uint8_t digest[32], const char *expected) {
    char hex[65];
    confiture_sha256_hex(digest, hex);
    return CHECK_STR(hex, expected);
}

static bool sha_same(const uint8_t a[32], const uint8_t b[32]) { return memcmp(a, b, 32) == 0; }

/* ==== An oracle: the standard as it is written ============================ */

static uint32_t sha_ror(uint32_t x, int n) { return x >> n | x << (32 - n); }

/* The constants are computed, not copied: the first 32 bits of the fractional
 * parts of the cube roots of the first 64 primes, by integer arithmetic alone. */
static void sha_oracle_constants(uint32_t k[64]) {
    uint32_t prime = 2, divisor;
    int n = 0;
    for (; n < 64; prime++) {
        for (divisor = 2; divisor * divisor <= prime && prime % divisor != 0; divisor++) {}
        if (divisor * divisor <= prime) continue;
        {
            /* The largest r with r^3 <= prime * 2^96, bit by bit; r < 7 * 2^32. Compared in
             * 32-bit limbs, since r^3 has up to 105 bits. */
            uint64_t root = 0;
            int bit;
            for (bit = 34; bit >= 0; bit--) {
                uint64_t r = root | (uint64_t)1 << bit, lo = r & 0xffffffffu, hi = r >> 32;
                uint64_t s0 = lo * lo, s1 = 2 * lo * hi + (s0 >> 32), s2 = hi * hi + (s1 >> 32);
                uint64_t t0, t1, t2, t3;
                s0 &= 0xffffffffu;
                s1 &= 0xffffffffu;
                t0 = s0 * lo;
                t1 = s1 * lo + (t0 >> 32);
                t2 = s2 * lo + (t1 >> 32);
                t1 = (t1 & 0xffffffffu) + s0 * hi;
                t2 += s1 * hi + (t1 >> 32);
                t3 = s2 * hi + (t2 >> 32);
                if (t3 < prime) root = r;
            }
            k[n++] = (uint32_t)root;
        }
    }
}

static void sha_oracle_blocks(uint32_t state[8], const uint8_t *p, size_t nblocks) {
    static uint32_t k[64];
    uint32_t w[64], v[8], t1, t2;
    int t;
    if (k[0] == 0) sha_oracle_constants(k);
    for (; nblocks != 0; nblocks--, p += 64) {
        for (t = 0; t < 64; t++) {
            if (t < 16) {
                w[t] = (uint32_t)p[4 * t] << 24 | (uint32_t)p[4 * t + 1] << 16 |
                       (uint32_t)p[4 * t + 2] << 8 | (uint32_t)p[4 * t + 3];
            } else {
                t1 = sha_ror(w[t - 2], 17) ^ sha_ror(w[t - 2], 19) ^ w[t - 2] >> 10;
                t2 = sha_ror(w[t - 15], 7) ^ sha_ror(w[t - 15], 18) ^ w[t - 15] >> 3;
                w[t] = t1 + w[t - 7] + t2 + w[t - 16];
            }
        }
        memcpy(v, state, sizeof v);
        for (t = 0; t < 64; t++) {
            t1 = v[7] + (sha_ror(v[4], 6) ^ sha_ror(v[4], 11) ^ sha_ror(v[4], 25)) +
                 ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[t] + w[t];
            t2 = (sha_ror(v[0], 2) ^ sha_ror(v[0], 13) ^ sha_ror(v[0], 22)) +
                 ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
            memmove(v + 1, v, 7 * sizeof v[0]);
            v[4] += t1;
            v[0] = t1 + t2;
        }
        for (t = 0; t < 8; t++) state[t] += v[t];
    }
}

/* ==== Known answers ====================================================== */

static void sha_test_standard(void) {
    static const struct {
        const char *message, *digest;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
         "lmnopqrsmnopqrstnopqrstu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    };
    static uint8_t a[1000];
    confiture_sha256 sha;
    uint8_t digest[32];
    size_t i;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        confiture_sha256_once(cases[i].message, strlen(cases[i].message), digest);
        sha_is(digest, cases[i].digest);
    }
    memset(a, 'a', sizeof a);
    confiture_sha256_init(&sha);
    for (i = 0; i < 1000; i++) confiture_sha256_update(&sha, a, sizeof a);
    confiture_sha256_final(&sha, digest);
    sha_is(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* Byte i of the message of length n is i * 7 + n * 13 + (i * i >> 3). */
static void sha_test_lengths(void) {
    static const struct {
        size_t size;
        const char *digest;
    } cases[] = {
        {1, "9d1e0e2d9459d06523ad13e28a4093c2316baafe7aec5b25f30eba2e113599c4"},
        {55, "d979838e3c0568f922e4e17de02bbb293bc8400afcd0bcc6c672940685323689"},
        {56, "eccfc742ae032cd1b36cd8ce7a4cf469240ac9043ba33744990489becb0f255b"},
        {63, "5043e8d6e34d927f216d449cc0cb39776d531f5dc4cae74f80c0f4d6dcfdf160"},
        {64, "30e88ac7ef3a357283a7783423576bd128a75f3ea56aa10f8d6b6011df995651"},
        {65, "8840773773d55fa0701938c399299b4439247fa80f4e06ee72bbcf403056f12b"},
        {119, "9fd0d292de1afef1e71b47069379db8847f8baf01dd57f72324a0a13402272b0"},
        {120, "4be8b8a87f2f2809eb9dd502714a2cd39349e19411568452041645314cf348ea"},
        {128, "3e3e8a7fd5ce10acfd5eb68efd3aee1f40e2a39e9af0ebea6fff272682e95d93"},
        {300, "d329c697564764b8a0633d9483ea38778a77b6fe8b78db649238ded5f3c6768e"},
    };
    uint8_t message[300], digest[32];
    confiture_sha256 all;
    size_t n, i;

    confiture_sha256_init(&all);
    for (n = 0; n <= sizeof message; n++) {
        for (i = 0; i < n; i++) message[i] = (uint8_t)(i * 7 + n * 13 + (i * i >> 3));
        confiture_sha256_once(message, n, digest);
        confiture_sha256_update(&all, digest, sizeof digest);
        for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            if (cases[i].size == n) sha_is(digest, cases[i].digest);
        }
    }
    confiture_sha256_final(&all, digest);
    sha_is(digest, "ff25d93aafe049c826138836767a03754091bb17c4f598fc4f689ee02c16a97d");
}

/* ==== Pieces and places ================================================== */

static void sha_test_splits(void) {
    uint8_t message[200], whole[32], split[32], bytes[32];
    confiture_sha256 sha;
    size_t n, at;

    sha_fill(message, sizeof message);
    for (n = 0; n <= sizeof message; n++) {
        bool good = true;
        confiture_sha256_once(message, n, whole);
        for (at = 0; at <= n; at++) {
            confiture_sha256_init(&sha);
            confiture_sha256_update(&sha, message, at);
            confiture_sha256_update(&sha, NULL, 0);
            confiture_sha256_update(&sha, message + at, n - at);
            confiture_sha256_final(&sha, split);
            good &= sha_same(whole, split);
        }
        CHECK(good);
        confiture_sha256_init(&sha);
        for (at = 0; at < n; at++) confiture_sha256_update(&sha, message + at, 1);
        CHECK(sha.size == n);
        confiture_sha256_final(&sha, bytes);
        CHECK(sha_same(whole, bytes));
    }
    confiture_sha256_once(NULL, 0, whole);
    confiture_sha256_once("", 0, split);
    CHECK(sha_same(whole, split));
}

static void sha_test_alignments(void) {
    static uint8_t memory[64 + 333];
    uint8_t message[333], expected[32], digest[32];
    confiture_sha256 sha;
    size_t offset;

    sha_fill(message, sizeof message);
    confiture_sha256_once(message, sizeof message, expected);
    for (offset = 0; offset < 64; offset++) {
        memset(memory, 0xa5, sizeof memory);
        memcpy(memory + offset, message, sizeof message);
        confiture_sha256_once(memory + offset, sizeof message, digest);
        CHECK(sha_same(expected, digest));
        confiture_sha256_init(&sha);
        confiture_sha256_update(&sha, memory + offset, offset);
        confiture_sha256_update(&sha, memory + 2 * offset, sizeof message - offset);
        /* The digest may be written anywhere, the hashed memory included. */
        confiture_sha256_final(&sha, memory + offset);
        CHECK(sha_same(expected, memory + offset));
    }
}

/* Three hashes whose updates take turns, and a copy taken on the way. */
static void sha_test_isolation(void) {
    static uint8_t message[3][1000];
    uint8_t expected[3][32], digest[32];
    confiture_sha256 sha[3], copy;
    size_t done = 0, i;

    for (i = 0; i < 3; i++) {
        sha_fill(message[i], sizeof message[i]);
        confiture_sha256_once(message[i], sizeof message[i], expected[i]);
        memset(&sha[i], 0xee, sizeof sha[i]);
        confiture_sha256_init(&sha[i]);
    }
    while (done < sizeof message[0]) {
        size_t size = 1 + sha_random(150);
        if (size > sizeof message[0] - done) size = sizeof message[0] - done;
        for (i = 0; i < 3; i++) confiture_sha256_update(&sha[i], message[i] + done, size);
        copy = sha[1];
        confiture_sha256_update(&copy, message[1] + done + size, sizeof message[1] - done - size);
        confiture_sha256_final(&copy, digest);
        CHECK(sha_same(expected[1], digest));
        done += size;
    }
    for (i = 0; i < 3; i++) {
        confiture_sha256_final(&sha[i], digest);
        CHECK(sha_same(expected[i], digest));
    }
}

#if !defined(_WIN32)

/* Memory of `size` bytes from the system, zeroed. MAP_ANONYMOUS is not declared under
 * -std=c99, /dev/zero is always there. */
static uint8_t *sha_map(size_t size) {
    void *p;
#if defined(MAP_ANONYMOUS)
    p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
#else
    int fd = open("/dev/zero", O_RDWR);
    if (fd < 0) return NULL;
    p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    close(fd);
#endif
    return p == MAP_FAILED ? NULL : (uint8_t *)p;
}

/* Two pages between two that must not be touched: not a byte is read before the
 * beginning of the message or behind its end. */
static void sha_test_guards(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), n;
    uint8_t *map = sha_map(4 * page), *first, *end;
    uint8_t message[300], expected[32], digest[32];
    confiture_sha256 sha;

    if (!CHECK(map != NULL)) return;
    first = map + page;
    end = map + 3 * page;
    CHECK(mprotect(map, page, PROT_NONE) == 0);
    CHECK(mprotect(end, page, PROT_NONE) == 0);
    sha_fill(message, sizeof message);
    for (n = 0; n <= sizeof message; n++) {
        confiture_sha256_once(message, n, expected);
        memcpy(first, message, n);
        confiture_sha256_once(first, n, digest);
        CHECK(sha_same(expected, digest));
        memcpy(end - n, message, n);
        confiture_sha256_once(end - n, n, digest);
        CHECK(sha_same(expected, digest));
        confiture_sha256_init(&sha);
        confiture_sha256_update(&sha, end - n, n / 3);
        confiture_sha256_update(&sha, end - n + n / 3, n - n / 3);
        confiture_sha256_final(&sha, end - 32);
        CHECK(sha_same(expected, end - 32));
    }
    sha_fill(first, 2 * page);
    confiture_sha256_once(first, 2 * page, expected);
    confiture_sha256_init(&sha);
    confiture_sha256_update(&sha, first, page + 1);
    confiture_sha256_update(&sha, first + page + 1, page - 1);
    confiture_sha256_final(&sha, digest);
    CHECK(sha_same(expected, digest));
    CHECK(munmap(map, 4 * page) == 0);
}

#else

static void sha_test_guards(void) {}

#endif

/* ==== Kernels against the oracle ========================================= */

static void sha_test_kernel(void) {
    static uint8_t memory[64 + 64 * 20];
    uint32_t expected[8], state[8], before[8];
    size_t round, nblocks, offset, i;

    for (round = 0; round < 300; round++) {
        nblocks = round < 21 ? round : sha_random(21);
        offset = sha_random(64);
        sha_fill(memory, sizeof memory);
        if (round % 8 == 1) memset(memory, 0xff, sizeof memory);
        for (i = 0; i < 8; i++) before[i] = round % 8 == 2 ? 0xffffffffu : sha_random(0xffffffffu);
        memcpy(expected, before, sizeof before);
        memcpy(state, before, sizeof before);
        sha_oracle_blocks(expected, memory + offset, nblocks);
        cfti_sha256_blocks(state, memory + offset, nblocks);
        CHECK(memcmp(expected, state, sizeof state) == 0);
        memcpy(state, before, sizeof before);
        cfti_sha256_blocks_portable(state, memory + offset, nblocks);
        CHECK(memcmp(expected, state, sizeof state) == 0);
    }
    memcpy(before, state, sizeof state);
    cfti_sha256_blocks(state, NULL, 0);
    CHECK(memcmp(before, state, sizeof state) == 0);
}

/* Random messages in random pieces. The padding is made here once more. */
static void sha_test_random(void) {
    static uint8_t message[5000 + 128];
    uint32_t state[8];
    uint8_t digest[32], expected[32];
    confiture_sha256 sha, start;
    size_t round, size, padded, done, piece, i;

    confiture_sha256_init(&start);
    for (round = 0; round < 300; round++) {
        size = sha_random(round % 4 == 0 ? 5000 : 300);
        sha_fill(message, size);
        confiture_sha256_init(&sha);
        for (done = 0; done < size; done += piece) {
            piece = sha_random(round % 2 == 0 ? 30 : 700);
            piece = piece > size - done ? size - done : piece;
            confiture_sha256_update(&sha, message + done, piece);
        }
        confiture_sha256_final(&sha, digest);

        memset(message + size, 0, 128);
        message[size] = 0x80;
        padded = (size + 9 + 63) / 64 * 64;
        for (i = 0; i < 4; i++) message[padded - 1 - i] = (uint8_t)(size * 8 >> 8 * i);
        memcpy(state, start.state, sizeof state);
        sha_oracle_blocks(state, message, padded / 64);
        for (i = 0; i < 32; i++) expected[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i & 3)));
        CHECK(sha_same(expected, digest));
    }
}

/* ==== More than 2^32 bits ================================================ */

/* 2^29 + 77 zero bytes: the bit length does not fit in 32 bits. The fastest kernel hashes
 * them all, unless that is the portable one: it would take seconds, so it starts from the
 * state after 2^29. The last piece is hashed by every kernel. */
static void sha_test_large(const int *masks, size_t mask_count) {
    static const uint32_t state[8] = {0xc1945316, 0x0ed03e10, 0x4e1064e9, 0x2f8b0652,
                                      0xe52774ad, 0x065ea229, 0xc9c3c246, 0x0e0cc072};
    const size_t chunk = 1 << 20;
    uint8_t *zeros = (uint8_t *)calloc(1, chunk), digest[32];
    confiture_sha256 sha, copy;
    size_t i;

    if (!CHECK(zeros != NULL)) return;
    confiture_sha256_init(&sha);
    if (mask_count > 1) {
        for (i = 0; i < 512; i++) confiture_sha256_update(&sha, zeros, chunk);
        CHECK(memcmp(sha.state, state, sizeof state) == 0);
    } else {
        memcpy(sha.state, state, sizeof state);
        sha.size = (uint64_t)1 << 29;
    }
    for (i = 0; i < mask_count; i++) {
        cfti_cpu_mask = masks[i];
        copy = sha;
        confiture_sha256_update(&copy, zeros, 77);
        CHECK(copy.size == ((uint64_t)1 << 29) + 77);
        confiture_sha256_final(&copy, digest);
        sha_is(digest, "19095b118d22e183ccbd606d4b02a447ea6cc9a522821c421adb5b5e16a471ed");
    }
    free(zeros);
}

/* ==== Many messages at once ============================================== */

/* The same as one after the other, however many there are and however their lengths differ:
 * of all residues, none at all, and of one block beside of a hundred. */
static void sha_test_many(void) {
    enum { MOST = 70, ROOM = 8192 };
    static uint8_t data[ROOM + MOST], digests[MOST + 1][32];
    const uint8_t *messages[MOST];
    size_t sizes[MOST], round, i, count;
    uint8_t digest[32];
    sha_fill(data, sizeof data);
    for (round = 0; round < 300; round++) {
        bool same = true;
        count = round < MOST ? round : sha_random(MOST + 1);
        for (i = 0; i < count; i++) {
            sizes[i] = round % 3 == 0 ? round : sha_random(round % 3 == 1 ? 200 : ROOM);
            messages[i] = sizes[i] == 0 && i % 2 == 0 ? NULL : data + sha_random(MOST);
        }
        memset(digests, 0xEE, sizeof digests);
        cfti_sha256_many(messages, sizes, count, digests);
        for (i = 0; i < count; i++) {
            confiture_sha256_once(messages[i], sizes[i], digest);
            same &= sha_same(digest, digests[i]);
        }
        for (i = 0; i < 32; i++) same &= digests[count][i] == 0xEE;
        CHECK(same);
    }
}

/* ==== All of it, with every kernel ======================================= */

static void sha_test_hex(void) {
    uint8_t digest[32];
    char hex[65];
    size_t i;
    for (i = 0; i < 32; i++) digest[i] = (uint8_t)(i < 16 ? i * 0x11 : 0x100 - i);
    memset(hex, 'x', sizeof hex);
    confiture_sha256_hex(digest, hex);
    CHECK_STR(hex, "00112233445566778899aabbccddeeff"
                   "f0efeeedecebeae9e8e7e6e5e4e3e2e1");
}

TEST(sha256, every_kernel_is_the_standard) {
    /* The mask as found, as it would be with each feature alone, and with none. The
     * macros of the bits are gone by now: what detection does not set is the
     * mark of a mask that is known. */
    const unsigned features = cfti_cpu_features(), found = cfti_cpu_detect();
    const unsigned known = features & ~found;
    const int saved = cfti_cpu_mask;
    int masks[34];
    const char *fastest = confiture_sha256_kernel();
    size_t mask_count = 0, i;
    unsigned bit;

    CHECK((features & found) == found && known != 0 && (unsigned)saved == features);
    cfti_cpu_mask = 0;
    CHECK(cfti_cpu_features() == features && cfti_cpu_mask == saved);

    masks[mask_count++] = saved;
    for (bit = 1; bit != 0; bit <<= 1) {
        if ((found & bit) != 0 && found != bit) masks[mask_count++] = (int)(known | bit);
    }
    if (found != 0) masks[mask_count++] = (int)known;

    sha_test_hex();
    for (i = 0; i < mask_count; i++) {
        cfti_cpu_mask = masks[i];
        CHECK(i > 0 || strcmp(confiture_sha256_kernel(), fastest) == 0);
        CHECK((unsigned)masks[i] != known || strcmp(confiture_sha256_kernel(), "portable") == 0);
        sha_test_standard();
        sha_test_lengths();
        sha_test_splits();
        sha_test_alignments();
        sha_test_isolation();
        sha_test_guards();
        sha_test_kernel();
        sha_test_random();
        sha_test_many();
    }
    cfti_cpu_mask = saved;
    sha_test_large(masks, mask_count);
    cfti_cpu_mask = saved;
}
