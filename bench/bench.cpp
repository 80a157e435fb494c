// bench.cpp: confiture.h under Google Benchmark.
//     c++ -O2 -I. bench/bench.cpp -o build/bench/gbench -lbenchmark -pthread
//         [-DBENCH_OPENSSL -lcrypto] [-DBENCH_MANY]
//     build/bench/gbench --tree=NAME=DIR... --out=FILE [Google Benchmark's own options]
//
// sha256/KERNEL/one/SIZE    one message at a time, for each kernel that this processor has
// sha256/KERNEL/many/SIZE   64 messages in one call, where confiture.h can do that
// evp/one/SIZE              the same by OpenSSL
// sha256/KERNEL/update/SIZE and evp/update/SIZE   a long stream, in pieces of SIZE
// memcpy/SIZE
// OPERATION/NAME/THREADS    as in operations.h: threads 1, 2, and 2p for a parked pool;
//                           with /mmap where the files are mapped
#include "operations.h"

#include "many.h"

#include <benchmark/benchmark.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#if defined(BENCH_OPENSSL)
#include <openssl/evp.h>
#endif

namespace {

const size_t sizes[] = {64, 400, 1024, 4096, 65536, 1 << 20};
#if defined(BENCH_MANY)
const size_t many = 64;
#endif

// A kernel is one state of the feature mask: what the processor has, and what is left
// when features are taken away one after the other, the newest first.
struct Kernel {
    std::string name;
    int mask;
};

std::vector<Kernel> kernels() {
    std::vector<Kernel> found;
    const unsigned features = cfti_cpu_features(), detected = cfti_cpu_detect();
    const unsigned known = features & ~detected;
    unsigned left = detected;
    for (;;) {
        std::string name;
        cfti_cpu_mask = static_cast<int>(known | left);
        name = confiture_sha256_kernel();
        // What confiture_sha256_kernel() does not tell apart still has a name of its own.
        for (const Kernel &other : found) {
            if (other.name == name) {
                name += "-features-" + std::to_string(left);
                break;
            }
        }
        found.push_back({name, cfti_cpu_mask});
        if (left == 0) break;
        unsigned newest = 1u << 31;
        while ((left & newest) == 0) newest >>= 1;
        left &= ~newest;
    }
    cfti_cpu_mask = static_cast<int>(features);
    return found;
}

void set_rate(benchmark::State &state, size_t bytes) {
    state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(bytes));
}

void sha256_one(benchmark::State &state, int mask, size_t size) {
    std::vector<uint8_t> message(size, 'x');
    uint8_t digest[32];
    const int saved = cfti_cpu_mask;
    cfti_cpu_mask = mask;
    for (auto _ : state) {
        confiture_sha256_once(message.data(), size, digest);
        benchmark::DoNotOptimize(digest);
    }
    cfti_cpu_mask = saved;
    set_rate(state, size);
}

void sha256_update(benchmark::State &state, int mask, size_t size) {
    std::vector<uint8_t> message(size, 'x');
    confiture_sha256 sha;
    const int saved = cfti_cpu_mask;
    cfti_cpu_mask = mask;
    confiture_sha256_init(&sha);
    for (auto _ : state) {
        confiture_sha256_update(&sha, message.data(), size);
        benchmark::DoNotOptimize(sha);
    }
    cfti_cpu_mask = saved;
    set_rate(state, size);
}

#if defined(BENCH_MANY)
void sha256_many(benchmark::State &state, int mask, size_t size) {
    std::vector<uint8_t> bytes(size * many, 'x');
    std::vector<const uint8_t *> messages(many);
    std::vector<size_t> lengths(many, size);
    static uint8_t digests[many][32];
    for (size_t i = 0; i < many; i++) messages[i] = bytes.data() + i * size;
    const int saved = cfti_cpu_mask;
    cfti_cpu_mask = mask;
    for (auto _ : state) {
        bench_many(messages.data(), lengths.data(), many, digests);
        benchmark::DoNotOptimize(digests);
    }
    cfti_cpu_mask = saved;
    set_rate(state, size * many);
}
#endif

#if defined(BENCH_OPENSSL)
// With a context that is reused, which is as fast as it gets.
void evp_one(benchmark::State &state, size_t size) {
    std::vector<uint8_t> message(size, 'x');
    uint8_t digest[32];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    for (auto _ : state) {
        EVP_DigestInit_ex(context, EVP_sha256(), nullptr);
        EVP_DigestUpdate(context, message.data(), size);
        EVP_DigestFinal_ex(context, digest, nullptr);
        benchmark::DoNotOptimize(digest);
    }
    EVP_MD_CTX_free(context);
    set_rate(state, size);
}

void evp_update(benchmark::State &state, size_t size) {
    std::vector<uint8_t> message(size, 'x');
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_DigestInit_ex(context, EVP_sha256(), nullptr);
    for (auto _ : state) EVP_DigestUpdate(context, message.data(), size);
    EVP_MD_CTX_free(context);
    set_rate(state, size);
}
#endif

void copy(benchmark::State &state, size_t size) {
    std::vector<uint8_t> from(size, 'x'), to(size);
    for (auto _ : state) {
        memcpy(to.data(), from.data(), size);
        benchmark::DoNotOptimize(to.data());
        benchmark::ClobberMemory();
    }
    set_rate(state, size);
}

// Both must compute the same, or there is nothing to compare.
bool same_digests() {
    std::vector<uint8_t> bytes(5000);
    for (size_t i = 0; i < bytes.size(); i++) bytes[i] = static_cast<uint8_t>(i * 7);
    const int saved = cfti_cpu_mask;
    bool same = true;
    for (size_t size = 0; size < bytes.size(); size = size * 3 / 2 + 1) {
        uint8_t first[32], digest[32];
        cfti_cpu_mask = saved;
        confiture_sha256_once(bytes.data(), size, first);
#if defined(BENCH_OPENSSL)
        EVP_Digest(bytes.data(), size, digest, nullptr, EVP_sha256(), nullptr);
        same = same && memcmp(first, digest, 32) == 0;
#endif
        for (const Kernel &kernel : kernels()) {
            const uint8_t *messages[5] = {bytes.data(), bytes.data(), bytes.data(), bytes.data(),
                                          bytes.data()};
            const size_t lengths[5] = {size, size / 2, size, 0, size};
            uint8_t digests[5][32];
            cfti_cpu_mask = kernel.mask;
            confiture_sha256_once(bytes.data(), size, digest);
            bench_many(messages, lengths, 5, digests);
            same = same && memcmp(first, digest, 32) == 0 && memcmp(first, digests[4], 32) == 0;
        }
    }
    cfti_cpu_mask = saved;
    return same;
}

struct Setting {
    const char *name;
    size_t threads;
    bool parked;
    confiture_io io;
};

const Setting settings[] = {
    {"1", 1, false, CONFITURE_IO_AUTO},
    {"2", 2, false, CONFITURE_IO_AUTO},
    {"2p", 2, true, CONFITURE_IO_AUTO},
    {"2p/mmap", 2, true, CONFITURE_IO_MMAP},
};

void operate(benchmark::State &state, const bench_operation *operation, const Setting &setting,
             const std::string &dir, const std::string &out) {
    bench_work *work = static_cast<bench_work *>(calloc(1, sizeof(bench_work)));
    confiture_pool *pool = nullptr;
    if (work == nullptr) abort();
    work->dir = dir.c_str();
    work->out = out.c_str();
    work->run.threads = setting.threads;
    work->run.io = setting.io;
    if (setting.parked && confiture_pool_create(&pool, setting.threads, nullptr, nullptr)) abort();
    work->run.pool = pool;
    for (auto _ : state) {
        operation->prepare(work);
        const auto start = std::chrono::steady_clock::now();
        const confiture_status status = operation->run(work);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        state.SetIterationTime(took.count());
        if (status != CONFITURE_OK) {
            state.SkipWithError(work->error.message);
            break;
        }
    }
    state.counters["files"] = static_cast<double>(work->file_count);
    if (work->bytes > 0) set_rate(state, static_cast<size_t>(work->bytes));
    bench_forget(work);
    confiture_pool_free(pool);
    free(work);
}

void register_hashes() {
    for (size_t size : sizes) {
        const std::string of = "/" + std::to_string(size);
        for (const Kernel &kernel : kernels()) {
            const int mask = kernel.mask;
            const std::string name = "sha256/" + kernel.name;
            benchmark::RegisterBenchmark(
                (name + "/one" + of).c_str(),
                [mask, size](benchmark::State &state) { sha256_one(state, mask, size); });
            benchmark::RegisterBenchmark(
                (name + "/update" + of).c_str(),
                [mask, size](benchmark::State &state) { sha256_update(state, mask, size); });
#if defined(BENCH_MANY)
            benchmark::RegisterBenchmark(
                (name + "/many" + of).c_str(),
                [mask, size](benchmark::State &state) { sha256_many(state, mask, size); });
#endif
        }
#if defined(BENCH_OPENSSL)
        benchmark::RegisterBenchmark(("evp/one" + of).c_str(),
                                     [size](benchmark::State &state) { evp_one(state, size); });
        benchmark::RegisterBenchmark(("evp/update" + of).c_str(),
                                     [size](benchmark::State &state) { evp_update(state, size); });
#endif
        benchmark::RegisterBenchmark(("memcpy" + of).c_str(),
                                     [size](benchmark::State &state) { copy(state, size); });
    }
}

void register_operations(const std::string &tree, const std::string &dir, const std::string &out) {
    for (const bench_operation &operation : bench_operations) {
        if (strcmp(operation.name, "build_core") == 0) continue; // only there to be compared
        for (const Setting &setting : settings) {
            const std::string name = std::string(operation.name) + "/" + tree + "/" + setting.name;
            const bench_operation *what = &operation;
            benchmark::RegisterBenchmark(name.c_str(),
                                         [what, setting, dir, out](benchmark::State &state) {
                                             operate(state, what, setting, dir, out);
                                         })
                ->UseManualTime()
                ->Unit(benchmark::kMicrosecond);
        }
    }
}

} // namespace

int main(int argc, char **argv) {
    std::vector<std::pair<std::string, std::string>> trees;
    std::vector<char *> others;
    std::string out = "gbench-out.sql";
    for (int i = 0; i < argc; i++) {
        const std::string argument = argv[i];
        const size_t equals = argument.find('=', 7);
        if (argument.compare(0, 7, "--tree=") == 0 && equals != std::string::npos)
            trees.emplace_back(argument.substr(7, equals - 7), argument.substr(equals + 1));
        else if (argument.compare(0, 6, "--out=") == 0) out = argument.substr(6);
        else others.push_back(argv[i]);
    }
    if (!same_digests()) {
        fprintf(stderr, "bench.cpp: the digests differ, so there is nothing to compare\n");
        return 1;
    }
    register_hashes();
    for (const auto &tree : trees) register_operations(tree.first, tree.second, out);
    int count = static_cast<int>(others.size());
    benchmark::Initialize(&count, others.data());
    if (benchmark::ReportUnrecognizedArguments(count, others.data())) return 1;
    benchmark::RunSpecifiedBenchmarks();
    (void)unlink(out.c_str());
    return 0;
}
