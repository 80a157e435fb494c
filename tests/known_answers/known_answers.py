#!/usr/bin/env python3
"""SHA-256 against what others say it is, with every kernel that the processor has.

    tests/known_answers/known_answers.py [DRIVER] [--all] [--seed N] [--cc CC] [--run COMMAND]
                           [--fastest KERNEL] [--wycheproof FILE]

Known answers: NIST's CAVP vectors (65 short, 64 long, 100 Monte Carlo checkpoints) and those of
RFC 4231, from Debian's python3-cryptography-vectors; Wycheproof's, if their file is given. Then
against hashlib, which is OpenSSL's: every length to 4,096, random messages in random pieces, many
at once, more than 2^32 bits and bytes, and a sparse file. All of it is done with every subset of
the processor's features, at every alignment, between pages that cannot be read.

--all takes minutes; without it, each of these has a short form. DRIVER is tests/known_answers/known_answers.c,
compiled; without one, CC does that. COMMAND runs it:
    --cc "aarch64-linux-gnu-gcc -O2" --run "qemu-aarch64 -L /usr/aarch64-linux-gnu" --fastest armv8
"""

import argparse
import hashlib
import hmac
import importlib.util
import itertools
import json
import os
import random
import shlex
import signal
import sys

sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.realpath(__file__))))

from known_answers_driver import (AT_END, LAST, PLACES, ROOMS, Driver, DriverDied, build, placed)
from sandbox import Sandbox

VECTORS = "/usr/lib/python3/dist-packages/cryptography_vectors"
SHOWN = 12  # failures printed in full
BLOCK = 64
IOS = ("auto", "read", "mmap", "ring")  # as confiture_io counts them


def sha256(data):
    return hashlib.sha256(data).digest()


class Counts:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, good, what, *args):
        if good:
            self.passed += 1
            return
        self.failed += 1
        if self.failed <= SHOWN:
            print("FAILED " + what % args, flush=True)

    def skip(self, why):
        self.skipped += 1
        print("skipped: " + why, flush=True)

    def answers(self, driver, title, op, jobs, labels, expected):
        """Jobs with the same label are one check."""
        wrong = {}
        try:
            for at, end, answer in driver.jobs(op, jobs):
                if answer == b"".join(expected[at:end]):
                    continue
                for i in range(at, end):
                    digest = answer[32 * (i - at):32 * (i - at + 1)]
                    if digest != expected[i]:
                        wrong.setdefault(labels[i], (jobs[i], digest, expected[i]))
        except DriverDied as error:
            self.check(False, "%s: %s", title, error)
            return
        for label in dict.fromkeys(labels):
            if label not in wrong:
                self.passed += 1
                continue
            (_, size, place, first, step), digest, right = wrong[label]
            self.check(False, "%s, %s, %s: %d bytes, %d %s, the first update %d bytes, then %s\n"
                       "    is        %s\n    should be %s", driver.name, title, label, size,
                       place % AT_END, "before the end" if place & AT_END else "from the beginning",
                       first, step or "the rest", digest.hex(), right.hex())


# ---- the files of vectors


def vectors_folder():
    spec = importlib.util.find_spec("cryptography_vectors")
    folders = list(spec.submodule_search_locations) if spec else []
    for folder in [*folders, VECTORS]:
        if os.path.isdir(os.path.join(folder, "hashes", "SHA2")):
            return folder
    return None


def read_vectors(path):
    """A dictionary for each case: a case ends with its MD."""
    cases, case = [], {}
    with open(path, encoding="ascii") as file:
        for line in file:
            if line.startswith("#") or " = " not in line or line.startswith("["):
                continue
            key, value = line.strip().split(" = ")
            if key in ("Len", "COUNT"):
                case[key] = int(value)
            else:
                case[key] = bytes.fromhex(value)
            if key == "MD":
                cases.append(case)
                case = {}
    return cases


# ---- messages and their answers


def laid_out(messages):
    """The data that holds them one after the other, and each one's offset."""
    offsets, data = [], bytearray()
    for message in messages:
        offsets.append(len(data))
        data += message
    return bytes(data), offsets


def cuts(size, everything):
    """Where a message is cut in two: everywhere, or near the ends and the blocks' borders."""
    if everything or size <= 2 * BLOCK:
        return range(size + 1)
    near = {0, 1, 55, 56, size // 2, size // BLOCK * BLOCK, size - BLOCK, size - 1}
    return sorted(near | {BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK - 1, 2 * BLOCK})


def ways(offset, size, everything):
    """The jobs that hash one message: at every place, cut in two, and in pieces of one size."""
    for place in PLACES:
        yield offset, size, place, size, 0
    for number, cut in enumerate(cuts(size, everything)):
        yield offset, size, placed(number), cut, 0
    for piece in range(1, 131) if everything else (1, 3, 63, 64, 65, 100):
        if piece < size:
            yield offset, size, placed(piece), piece, piece


def check_messages(counts, driver, title, labels, messages, digests, everything):
    data, offsets = laid_out(messages)
    jobs, names, expected = [], [], []
    for label, message, offset, digest in zip(labels, messages, offsets, digests):
        own = list(ways(offset, len(message), everything))
        jobs += own
        names += [label] * len(own)
        expected += [digest] * len(own)
    driver.load(data)
    counts.answers(driver, title, b"H", jobs, names, expected)
    # Side by side, each message in each lane and beside others than before.
    jobs, names, expected = [], [], []
    for stride in (1, 2, 3, 5, 64):
        for i in range(len(messages)):
            for lane in range(4):
                j = (i + lane * stride) % len(messages)
                jobs.append((offsets[j], len(messages[j]),
                             placed(i + lane) | (LAST if lane == 3 else 0), 0, 0))
                names.append(labels[j])
                expected.append(digests[j])
    for i, j in enumerate([*range(len(messages)), *reversed(range(len(messages)))]):
        jobs.append((offsets[j], len(messages[j]),
                     placed(i) | (LAST if (i + 1) % len(messages) == 0 else 0), 0, 0))
        names.append(labels[j])
        expected.append(digests[j])
    counts.answers(driver, title + " side by side", b"M", jobs, names, expected)


def check_nist(counts, driver, folder, everything):
    for kind, count in (("Short", 65), ("Long", 64)):
        cases = read_vectors(os.path.join(folder, "hashes", "SHA2", "SHA256%sMsg.rsp" % kind))
        counts.check(len(cases) == count, "NIST %s: %d cases", kind, len(cases))
        messages = [case["Msg"][:case["Len"] // 8] for case in cases]
        check_messages(counts, driver, "NIST " + kind, ["Len = %d" % c["Len"] for c in cases],
                       messages, [case["MD"] for case in cases], everything)


def check_monte_carlo(counts, driver, folder, everything):
    cases = read_vectors(os.path.join(folder, "hashes", "SHA2", "SHA256Monte.rsp"))
    counts.check(len(cases) == 100, "NIST Monte: %d checkpoints", len(cases))
    whole = [(0, 32, place, 32, 0) for place in (PLACES if everything else (0, 1, 64, 65))]
    steps = range(1, 33) if everything else (1, 29)
    split = [(0, 32, placed(step), step, step) for step in steps]
    driver.load(cases[0]["Seed"])
    expected = b"".join(case["MD"] for case in cases)
    try:
        answers = [answer[i:i + 3200] for _, _, answer in driver.jobs(b"C", whole + split, 3200)
                   for i in range(0, len(answer), 3200)]
    except DriverDied as error:
        counts.check(False, "NIST Monte: %s", error)
        return
    for n, case in enumerate(cases):
        bad = [job for job, answer in zip(whole + split, answers)
               if answer[32 * n:32 * n + 32] != expected[32 * n:32 * n + 32]]
        counts.check(not bad, "%s, NIST Monte, COUNT = %d, %d ways, first %r", driver.name,
                     case["COUNT"], len(bad), bad[:1])


# ---- HMAC, made of hashes


def hmacs(driver, pairs, by):
    """By the driver's SHA-256, one update a block or other pieces."""

    def hashes(messages):
        data, offsets = laid_out(messages)
        driver.load(data)
        digests = driver.hash([(offset, len(message), placed(i), min(len(message), by), by)
                               for i, (offset, message) in enumerate(zip(offsets, messages))])
        return [digests[i:i + 32] for i in range(0, len(digests), 32)]

    def padded(key, byte):
        return bytes(b ^ byte for b in key.ljust(BLOCK, b"\0"))

    short = [hashed if len(key) > BLOCK else key
             for (key, _), hashed in zip(pairs, hashes([key for key, _ in pairs]))]
    inner = hashes([padded(key, 0x36) + message for key, (_, message) in zip(short, pairs)])
    return hashes([padded(key, 0x5C) + digest for key, digest in zip(short, inner)])


def check_hmac(counts, driver, title, cases):
    """Cases are (name, key, message, tag, whether it is right); a tag may be a beginning."""
    for by in (BLOCK, 0, 7):
        try:
            answers = hmacs(driver, [(key, message) for _, key, message, _, _ in cases], by)
        except DriverDied as error:
            counts.check(False, "%s: %s", title, error)
            return
        for (name, _, _, tag, right), answer in zip(cases, answers):
            counts.check((answer[:len(tag)] == tag) == right, "%s, %s, %s: %s for %s", driver.name,
                         title, name, answer.hex(), tag.hex())


def rfc_4231(folder):
    cases = read_vectors(os.path.join(folder, "HMAC", "rfc-4231-sha256.txt"))
    return [("case %d" % n, case["Key"], case["Msg"], case["MD"], True)
            for n, case in enumerate(cases, 1)]


def wycheproof(path):
    with open(path, encoding="utf-8") as file:
        groups = json.load(file)["testGroups"]
    return [("tcId %d" % test["tcId"], bytes.fromhex(test["key"]), bytes.fromhex(test["msg"]),
             bytes.fromhex(test["tag"]), test["result"] == "valid")
            for group in groups for test in group["tests"]]


def own_hmacs(rng):
    """In Wycheproof's manner: keys and messages of every size near a block's, and tags with one
    bit that is wrong. The answers are OpenSSL's."""
    cases = []
    for n in range(0, 200):
        key, message = (rng.getrandbits(8 * 200).to_bytes(200, "big")[:size]
                        for size in (n, n * 67 % 199))
        tag = hmac.new(key, message, "sha256").digest()
        flipped = bytearray(tag)
        flipped[n % 32] ^= 1 << n % 8
        cases += [("key of %d" % n, key, message, tag, True),
                  ("key of %d, cut" % n, key, message, tag[:16], True),
                  ("key of %d, bit %d" % (n, n % 8), key, message, bytes(flipped), False)]
    return cases


# ---- against hashlib


def check_lengths(counts, driver, pool, digests, everything):
    """The pool's beginning, of every length."""
    jobs, labels, expected = [], [], []
    for size, digest in enumerate(digests):
        places = PLACES if everything else (size % 64, AT_END | size % 64, AT_END)
        jobs += [(0, size, place, size, 0) for place in places]
        labels += ["length"] * len(places) if size > 4096 else [size] * len(places)
        expected += [digest] * len(places)
    driver.load(pool)
    counts.answers(driver, "every length", b"H", jobs, labels, expected)


def check_random(counts, driver, rng, pool, count):
    """Random messages in random pieces, each with every kernel; 10,000 are one check."""
    driver.load(pool)
    view = memoryview(pool)
    for begin in range(0, count, 10000):
        jobs = []
        for n in range(min(10000, count - begin)):
            bits = rng.getrandbits(80)
            size = (bits & 0xFFFF) % (4097 if n % 16 == 0 else 321)
            bits >>= 16
            offset = (bits & 0xFFFFFF) % (len(pool) - size)
            bits >>= 24
            first = (bits & 0xFFFF) % (size + 1)
            bits >>= 16
            step = 0 if bits & 1 else (bits >> 1 & 0xFF) + 1
            jobs.append((offset, size, bits >> 9 & 127, first, step))
        expected = [sha256(view[job[0]:job[0] + job[1]]) for job in jobs]
        for subset in driver.subsets():
            driver.use(subset)
            counts.answers(driver, "random pieces", b"H", jobs, [begin] * len(jobs), expected)


def check_many(counts, driver, rng, pool, everything):
    """cfti_sha256_many() with every number of messages and every mix of lengths, also as it is
    called by the map of a batch: 64 files."""
    mixes = {
        "none": lambda i, n: 0, "equal": lambda i, n: n, "growing": lambda i, n: i * 9,
        "shrinking": lambda i, n: (n - i) * 9, "few blocks": lambda i, n: rng.randrange(200),
        "any": lambda i, n: rng.randrange(4097), "one is long": lambda i, n: 4096 if i == n // 2
        else rng.randrange(70), "one is short": lambda i, n: 3 if i == n // 2 else 2048,
    }
    rounds = 6 if everything else 1
    jobs, labels = [], []
    for name, mix in mixes.items():
        for count in [n for n in range(1, ROOMS if everything else 70) for _ in range(rounds)]:
            for i in range(count):
                size = mix(i, count)
                jobs.append((rng.randrange(len(pool) - size), size,
                             rng.randrange(128) | (LAST if i == count - 1 else 0), 0, 0))
                labels.append("%d messages, %s" % (count, name))
    # One to five at once, of all lengths near a border.
    edges = (0, 1, 55, 56, 63, 64, 119, 120, 128, 300) if everything else (0, 55, 56, 64, 300)
    for lanes, choice in ((4, edges), (5, edges[:6])):
        for number, sizes in enumerate(itertools.product(choice, repeat=lanes)):
            for i, size in enumerate(sizes):
                jobs.append((rng.randrange(len(pool) - size), size,
                             placed(number + i) | (LAST if i == lanes - 1 else 0), 0, 0))
                labels.append("lengths %d, %d, ..." % sizes[:2])
    view = memoryview(pool)
    expected = [sha256(view[offset:offset + size]) for offset, size, _, _, _ in jobs]
    driver.load(pool)
    for subset in driver.subsets():
        driver.use(subset)
        counts.answers(driver, "many", b"M", jobs, labels, expected)


# ---- more than 2^32


def zeros_expected(sizes):
    """One pass for all."""
    chunk, sha, done, digests = bytes(1 << 20), hashlib.sha256(), 0, {}
    for size in sorted(set(sizes)):
        while done < size:
            step = min(len(chunk), size - done)
            sha.update(memoryview(chunk)[:step])
            done += step
        digests[size] = sha.digest()
    return b"".join(digests[size] for size in sizes)


def check_zeros(counts, driver, sizes, many):
    title = "%s: %s zeros, %s" % (driver.name, ", ".join(map(str, sizes)),
                                  "side by side" if many else "in one update each")
    try:
        answer = driver.zeros(sizes, many)
    except DriverDied as error:
        counts.check(False, "%s: %s", title, error)
        return
    counts.check(answer == zeros_expected(sizes), "%s", title)


def check_large(counts, driver, everything):
    """Where the number of bits needs more than 32 bits; then, with 64-bit pointers, that of
    bytes. The unit tests do the first in many updates."""
    bits = 1 << 29
    for subset in driver.subsets():
        driver.use(subset)
        if subset:  # without lanes it is one after the other, and would take seconds
            check_zeros(counts, driver, [bits + 77, 5, 77, 0], True)
        if subset and everything:
            check_zeros(counts, driver, [bits - 1, bits, bits + 77, 77, bits + 3], True)
        if everything:
            check_zeros(counts, driver, [bits + 77], False)
    if not everything:
        return
    if driver.bits < 64:
        counts.skip("a message above 4 GiB has no room with pointers of %d bits" % driver.bits)
        return
    driver.use(driver.found)
    check_zeros(counts, driver, [(1 << 32) + 77], False)


def check_sparse_file(counts, driver, sandbox):
    """The manifest's entry of a file above 4 GiB that holds hardly anything; a 32-bit counter of
    bytes or an offset loses what stands at the 4 GiB."""
    marks = {0: b"begin", (1 << 31) - 2: b"half", (1 << 32) - 3: b"border",
             (1 << 32) + 777777: b"end"}
    size = max(marks) + len(b"end")
    sandbox.file("large.sql", b"")
    path = sandbox.inside("large.sql")
    try:
        with open(path, "r+b") as file:
            for offset, mark in marks.items():
                file.seek(offset)
                file.write(mark)
        if os.stat(path).st_blocks * 512 > 64 << 20:
            raise OSError("the file system knows no holes")
    except OSError as error:
        counts.skip("no sparse file above 4 GiB: %s" % error)
        return
    sha = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            sha.update(chunk)
    driver.use(driver.found)
    for io in ("auto", "ring", "mmap") if driver.bits == 64 else ("auto", "ring"):
        try:
            answer = driver.manifest(sandbox.tree, IOS.index(io), 0)
        except DriverDied as error:
            counts.check(False, "sparse file, %s: %s", io, error)
            continue
        counts.check(answer == (0, size, sha.digest()),
                     "%s: a sparse file of %d bytes, %s: status %d, size %d", driver.name, size, io,
                     *answer[:2])


# ---- all of it


def run(counts, driver, sandbox, options):
    names = []
    for subset in driver.subsets():
        driver.use(subset)
        names.append(driver.name)
    print("driver: %d bits, %s-endian, kernels: %s" % (
        driver.bits, "big" if driver.big_endian else "little", ", ".join(names)), flush=True)
    counts.check(names[-1] == "portable", "without features the kernel is %s", names[-1])
    counts.check(options.fastest in (None, names[0]), "the fastest kernel is %s, not %s", names[0],
                 options.fastest)
    folder = vectors_folder()
    if folder is None:
        counts.skip("NIST's and RFC 4231's vectors: no python3-cryptography-vectors here")
    if options.wycheproof is None:
        counts.skip("Wycheproof's HMAC-SHA-256: give its hmac_sha256_test.json by --wycheproof "
                    "(no package of Debian has it)")
    rng = random.Random(options.seed)
    pool = rng.getrandbits(8 << 20).to_bytes(1 << 20, "big")
    lengths = [sha256(pool[:size]) for size in range(4097)]
    tags = own_hmacs(rng)
    for subset in driver.subsets():
        failed = counts.failed
        driver.use(subset)
        if folder is not None:
            check_nist(counts, driver, folder, options.all)
            check_monte_carlo(counts, driver, folder, options.all)
            check_hmac(counts, driver, "RFC 4231", rfc_4231(folder))
        if options.wycheproof is not None:
            check_hmac(counts, driver, "Wycheproof", wycheproof(options.wycheproof))
        check_hmac(counts, driver, "HMAC", tags)
        check_lengths(counts, driver, pool, lengths, options.all)
        print("%s: known answers and lengths done, %d failed" % (
            driver.name, counts.failed - failed), flush=True)
    check_random(counts, driver, rng, pool, 1000000 if options.all else 20000)
    check_many(counts, driver, rng, pool, options.all)
    if options.run:
        counts.skip("what is larger than 2^29 bytes: it would take an emulator minutes")
        return
    check_large(counts, driver, options.all)
    if options.all:
        check_sparse_file(counts, driver, sandbox)


def main():
    parser = argparse.ArgumentParser(description="SHA-256 against vectors and hashlib.")
    parser.add_argument("driver", nargs="?", help="tests/known_answers/known_answers.c, compiled")
    parser.add_argument("--all", action="store_true", help="the whole form; minutes")
    parser.add_argument("--seed", type=int, help="of all that is random")
    parser.add_argument("--cc", default="cc -O2", help="what builds the driver, with its flags")
    parser.add_argument("--header", default="confiture.h", help="or src/confiture-in.h")
    parser.add_argument("--run", default="", help="what runs the driver, such as an emulator")
    parser.add_argument("--fastest", help="fail if this is not the fastest kernel")
    parser.add_argument("--wycheproof", help="Wycheproof's hmac_sha256_test.json")
    options = parser.parse_args()
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 32)
    print("seed %d, hashlib's sha256 is %s" % (
        options.seed, getattr(hashlib.sha256, "__name__", "?")), flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the sandbox is closed
    counts, sandbox = Counts(), Sandbox(on_disk=True)
    try:
        program = os.path.join(sandbox.fresh(), "known_answers")
        if options.driver is not None:
            program = os.path.abspath(options.driver)
        else:
            build(shlex.split(options.cc), options.header, program)
        driver = Driver([*shlex.split(options.run), program])
        run(counts, driver, sandbox, options)
        counts.check(driver.stop(), "the driver did not end well")
    except (DriverDied, OSError, RuntimeError) as error:
        counts.check(False, "%s", error)
    finally:
        sandbox.close()
    print("%d passed, %d failed, %d skipped" % (counts.passed, counts.failed, counts.skipped))
    return 1 if counts.failed else 0


if __name__ == "__main__":
    sys.exit(main())
