#!/usr/bin/env python3
"""Fuzz targets: builds them, runs them, replays what they found.

    tests/fuzz/run.py fuzz --seconds N     libFuzzer, N seconds shared among the targets
    tests/fuzz/run.py fuzz --fixed         as many executions of each as take half a minute in all,
                                           the same on every machine
    tests/fuzz/run.py afl --seconds N      the same with AFL++
    tests/fuzz/run.py replay               the kept inputs, and the answers of the reference, with
                                           any C compiler (CC, CFLAGS): a few seconds
    tests/fuzz/run.py merge                a few inputs that reach all that was reached, into
                                           tests/fuzz/corpus

What was found while fuzzing lies in BUILD/work, what failed in BUILD/found (BUILD: --build, or
build/fuzz). A failing input that has been mended belongs into tests/fuzz/corpus/TARGET. The last
line is "N passed, N failed[, N skipped]": one for each target, or for each input and answer.
"""

import argparse
import concurrent.futures
import os
import re
import shlex
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

# The longest input that is tried, the share of the time, and the executions of --fixed.
TARGETS = {
    "text": (160, 2, 500_000),
    "lexer": (160, 3, 700_000),
    "glob": (64, 3, 1_000_000),
    "sha256": (600, 1, 130_000),
    "names": (96, 1, 40_000),
    "paths": (128, 2, 250_000),
    "map": (160, 1, 250_000),
    "find": (256, 2, 30_000),
    "build": (512, 2, 3_500),
    "sums": (400, 1, 10_000),
}
WARNINGS = ["-Wall", "-Wextra"]
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]


class Skip(Exception):
    pass


def source(target):
    return os.path.join(HERE, target + ".c")


def dictionary(target):
    path = os.path.join(HERE, "dict", target + ".dict")
    return path if os.path.exists(path) else None


def compile_target(compiler, flags, target, output, root=ROOT, env=None):
    """None, or what the compiler said."""
    command = [*compiler, *flags, *WARNINGS, "-I" + root,
               os.path.join(root, "tests", "fuzz", target + ".c"), "-o", output, "-pthread"]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, env={**os.environ, **(env or {})})
    return result.stdout.decode("utf-8", "replace") if result.returncode else None


def need(compiler, flags, what, build):
    """Whether the compiler can build a target at all."""
    if not shutil.which(compiler[0]):
        raise Skip(f"no {compiler[0]} here ({what} needs it)")
    probe = os.path.join(build, "probe.c")
    with open(probe, "w", encoding="ascii") as file:
        file.write("#include <stddef.h>\n#include <stdint.h>\n"
                   "int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) "
                   "{ return p == NULL && n > 0; }\n")
    result = subprocess.run([*compiler, *flags, probe, "-o", probe + ".out"],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if result.returncode:
        raise Skip(f"{compiler[0]} has no -fsanitize=fuzzer, or not with the sanitizers, here ({what} "
                   "needs it: Debian's clang with libclang-rt-VERSION-dev has it)")


def folders(build, target):
    """(the kept inputs, those found since, where failures go), the last two made."""
    kept = os.path.join(HERE, "corpus", target)
    work = os.path.join(build, "work", target)
    found = os.path.join(build, "found")
    os.makedirs(work, exist_ok=True)
    os.makedirs(found, exist_ok=True)
    return kept, work, found


def chosen(options):
    names = options.target or [t for t in TARGETS if os.path.exists(source(t))]
    for name in names:
        if name not in TARGETS:
            sys.exit(f"run.py: no target '{name}'; there are " + ", ".join(TARGETS))
    return names


def shares(names, seconds):
    whole = sum(TARGETS[name][1] for name in names)
    return {name: max(1, round(seconds * TARGETS[name][1] / whole)) for name in names}


class Report:
    def __init__(self):
        self.passed = self.failed = self.executions = 0
        self.rows = []

    def fail(self, name, output):
        self.failed += 1
        print(f"FAILED {name}\n{output}", flush=True)

    def row(self, name, executions, seconds, coverage, inputs, note=""):
        self.executions += executions
        rate = executions / seconds if seconds else 0
        row = (f"{name:10} {executions:12,} executions {seconds:7.1f} s {rate:10,.0f}/s"
               f"  {coverage}, {inputs} inputs{note}")
        self.rows.append(row)
        print(row, flush=True)

    def finish(self):
        if self.rows:
            print(f"{'all':10} {self.executions:12,} executions")
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed else 0


# ---- libFuzzer --------------------------------------------------------------------------------

# Without a look at every comparison, and below without entropic scheduling: half as many inputs
# again in the same time. Dictionaries know the words that comparisons would have told.
LIBFUZZER = ["-g", "-O2", "-fsanitize=fuzzer", "-fno-sanitize-coverage=trace-cmp,stack-depth", *SANITIZE]

# The targets keep accounts of what they allocate themselves; LeakSanitizer's own look at the end
# of a program fails now and then where processes may not be traced.
NO_LEAKS = {"ASAN_OPTIONS": "detect_leaks=0"}


def libfuzzer_arguments(target, build, limit, seed):
    kept, work, found = folders(build, target)
    arguments = [limit, f"-max_len={TARGETS[target][0]}", "-timeout=60", "-print_final_stats=1",
                 "-entropic=0", f"-seed={seed}", f"-artifact_prefix={found}/{target}-"]
    if dictionary(target):
        arguments.append("-dict=" + dictionary(target))
    arguments.append(work)
    if os.path.isdir(kept):
        arguments.append(kept)
    return arguments


def libfuzzer_figures(output):
    """(executions, coverage, inputs) of what libFuzzer printed."""
    status = re.findall(r"^#(\d+)\s.*cov: (\d+) ft: (\d+) corp: (\d+)/", output, re.M)
    total = re.search(r"number_of_executed_units: (\d+)", output)
    executions = int(total[1]) if total else int(status[-1][0]) if status else 0
    edges = re.search(r"\((\d+) inline 8-bit counters\)", output)
    if not status:
        return executions, "no coverage", 0
    _, coverage, features, inputs = status[-1]
    return (executions, f"{coverage} of {edges[1] if edges else '?'} edges, {features} features",
            int(inputs))


def run_libfuzzer(binary, target, build, limit, seed):
    """(exit status, output, seconds)"""
    start = time.monotonic()
    process = subprocess.run([binary, *libfuzzer_arguments(target, build, limit, seed)],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT,
                             env={**os.environ, **NO_LEAKS})
    return (process.returncode, process.stdout.decode("utf-8", "replace"),
            time.monotonic() - start)


def interesting(output):
    """The lines that tell what failed, without those that tell how it went."""
    lines = [line for line in output.splitlines()
             if not re.match(r"#\d+\s|INFO|\s+#(?:[6-9]|\d\d) ", line)]
    return "\n".join(lines[-40:])


def fuzz(options, report):
    compiler = shlex.split(options.cc or "clang")
    need(compiler, LIBFUZZER, "fuzzing", options.build)
    names = chosen(options)
    for name, seconds in shares(names, options.seconds).items():
        binary = os.path.join(options.build, "libfuzzer-" + name)
        problem = compile_target(compiler, LIBFUZZER, name, binary)
        if problem:
            report.fail(name + ": does not compile", problem)
            continue
        limit = f"-max_total_time={seconds}"
        if options.fixed:
            limit = f"-runs={TARGETS[name][2]}"
            shutil.rmtree(folders(options.build, name)[1])
        status, output, taken = run_libfuzzer(binary, name, options.build, limit, options.seed)
        report.row(name, libfuzzer_figures(output)[0], taken, *libfuzzer_figures(output)[1:])
        if status:
            report.fail(name, interesting(output))
        else:
            report.passed += 1


def merge(options, report):
    compiler = shlex.split(options.cc or "clang")
    need(compiler, LIBFUZZER, "merging", options.build)
    for name in chosen(options):
        kept, work, _ = folders(options.build, name)
        binary = os.path.join(options.build, "libfuzzer-" + name)
        problem = compile_target(compiler, LIBFUZZER, name, binary)
        if problem:
            report.fail(name + ": does not compile", problem)
            continue
        os.makedirs(kept, exist_ok=True)
        before = {entry for entry in os.listdir(kept)}
        # By edges alone: hundreds of inputs that differ in how often one is taken are not kept.
        result = subprocess.run([binary, "-set_cover_merge=1", "-use_counters=0",
                                 f"-max_len={TARGETS[name][0]}", kept, work],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)
        if result.returncode:
            report.fail(name, interesting(result.stdout.decode("utf-8", "replace")))
            continue
        after = os.listdir(kept)
        size = sum(os.path.getsize(os.path.join(kept, entry)) for entry in after)
        print(f"{name:10} {len(before)} inputs before, {len(after)} now, {size:,} bytes")
        report.passed += 1


# ---- AFL++ ------------------------------------------------------------------------------------

AFL = {"AFL_USE_ASAN": "1", "AFL_USE_UBSAN": "1", "AFL_QUIET": "1", "AFL_NO_UI": "1",
       "AFL_SKIP_CPUFREQ": "1", "AFL_NO_AFFINITY": "1", "AFL_NO_STARTUP_CALIBRATION": "1",
       "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1"}


def afl(options, report):
    compiler = shlex.split(options.cc or "afl-clang-fast")
    need(compiler, ["-fsanitize=fuzzer"], "AFL++", options.build)
    if not shutil.which("afl-fuzz"):
        raise Skip("no afl-fuzz here")
    for name, seconds in shares(chosen(options), options.seconds).items():
        kept, work, _ = folders(options.build, name)
        binary = os.path.join(options.build, "afl-" + name)
        problem = compile_target(compiler, ["-g", "-O2", "-fsanitize=fuzzer"], name, binary,
                                 env=AFL)
        if problem:
            report.fail(name + ": does not compile", problem)
            continue
        seeds = kept if os.path.isdir(kept) and os.listdir(kept) else work
        output = os.path.join(options.build, "afl", name)
        shutil.rmtree(output, ignore_errors=True)
        os.makedirs(os.path.dirname(output), exist_ok=True)
        command = ["afl-fuzz", "-i", seeds, "-o", output, "-V", str(seconds), "-t", "2000", "-G",
                   str(TARGETS[name][0])]
        if dictionary(name):
            command += ["-x", dictionary(name)]
        result = subprocess.run(command + ["--", binary], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                env={**os.environ, **AFL})
        try:
            with open(os.path.join(output, "default", "fuzzer_stats"), encoding="utf-8") as file:
                stats = dict(re.split(r"\s*: ", line.strip(), maxsplit=1) for line in file)
        except OSError:
            report.fail(name, result.stdout.decode("utf-8", "replace")[-3000:])
            continue
        bad = int(stats["saved_crashes"]) + int(stats["saved_hangs"])
        report.row(name, int(stats["execs_done"]), float(stats["run_time"]),
                   f"{stats['edges_found']} of {stats['total_edges']} edges", stats["corpus_count"])
        if bad:
            report.fail(name, f"{bad} crashes and hangs in {output}/default")
        else:
            report.passed += 1


# ---- replay -----------------------------------------------------------------------------------

def replay_one(binary, arguments):
    """(how many, None) or (0, what went wrong)"""
    result = subprocess.run([binary, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)
    output = result.stdout.decode("utf-8", "replace")
    found = re.search(r"(\d+) passed, 0 failed\n\Z", output)
    if result.returncode == 0 and found:
        return int(found[1]), None
    return 0, f"exit status {result.returncode}\n{interesting(output)}"


def prepare(name, options):
    """Builds a target that replays, and asks the reference: None, or what went wrong."""
    compiler = shlex.split(options.cc or os.environ.get("CC") or "cc")
    flags = shlex.split(os.environ.get("CFLAGS", "-O0"))
    problem = compile_target(compiler, [*flags, "-DFUZZ_MAIN"], name,
                             os.path.join(options.build, "replay-" + name))
    if problem:
        return "does not compile\n" + problem
    with open(os.path.join(options.build, name + ".answers"), "wb") as file:
        command = [sys.executable, os.path.join(HERE, "answers.py"), name,
                   "--seed", str(options.seed)]
        command += ["--golden", options.golden] if options.golden else []
        result = subprocess.run(command, stdout=file, stderr=subprocess.PIPE)
    return result.stderr.decode("utf-8", "replace") if result.returncode else None


def replay(options, report):
    names = chosen(options)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        prepared = list(pool.map(lambda name: prepare(name, options), names))
    for name, problem in zip(names, prepared):
        if problem:
            report.fail(name, problem)
            continue
        binary = os.path.join(options.build, "replay-" + name)
        kept, _, _ = folders(options.build, name)
        inputs = [os.path.join(kept, entry) for entry in sorted(os.listdir(kept))] \
            if os.path.isdir(kept) else []
        answers = ["--answers", os.path.join(options.build, name + ".answers")]
        for arguments, each in ([kept] if inputs else [], inputs), (answers, []):
            if not arguments:
                continue
            count, problem = replay_one(binary, arguments)
            report.passed += count
            if not problem:
                continue
            # Which of them it is.
            failures = [(one, why) for one in each for _, why in [replay_one(binary, [one])] if why]
            report.passed += len(each) - len(failures) if failures else 0
            for one, why in failures or [(name + " " + " ".join(arguments), problem)]:
                report.fail(os.path.relpath(one, ROOT) if os.path.exists(one) else one, why)


def main():
    parser = argparse.ArgumentParser(description="Fuzz targets of confiture.h.")
    parser.add_argument("what", choices=["fuzz", "afl", "replay", "merge"])
    parser.add_argument("--seconds", type=float, default=60, help="in all")
    parser.add_argument("--fixed", action="store_true", help="the same executions each time")
    parser.add_argument("--target", action="append", help="only this one (may be repeated)")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "fuzz"))
    parser.add_argument("--cc", help="the compiler")
    parser.add_argument("--seed", type=int, default=1, help="of the random choices; 0: another")
    parser.add_argument("--golden", help="replay: a folder of golden cases, to be asked as well")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    os.makedirs(options.build, exist_ok=True)
    report = Report()
    try:
        {"fuzz": fuzz, "afl": afl, "replay": replay, "merge": merge}[options.what](options, report)
    except Skip as why:
        print(f"skipped: {why}\n0 passed, 0 failed, 1 skipped")
        return 0
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
