#!/usr/bin/env python3
"""What the original project promised of its native module, replayed with examples/python.

    bench/python_promises.py [--seconds 5] [--installed]

Its performance checks: 100 files of about 500 bytes built and hashed, again and again without
getting slower, how building compares with hashing, and that the extension is there at all; the
same with 1,000 files. Timed are build_schema(files) and hash_files(files) of the extension, of its
fallback in plain Python, and of the Rust peer, in turn, on the list that is found beforehand; all
results must be equal first. The Rust peer always searches for the files: its search, timed in
the same rounds, is taken off. Unlike the others it does not have to make a str of its schema.

The package is built for this run, unless it is to be the one that is installed.
"""

import argparse
import glob
import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import time

import building
import rounds
import workloads

ROOT = building.ROOT
FOLDER = ROOT / "build" / "bench"
TREES = ("W1", "P2", "W2")
workloads.WORKLOADS["P2"] = workloads.Workload("P2", 1000, 500, 10, "1,000 x 500 B")
# What the project set out to reach: times the Rust peer's speed, on small files.
WANTED = {"hash": 5.0, "build": 4.5}


def build_package():
    """Seconds that it took; afterwards the package can be imported."""
    place = FOLDER / "python"
    shutil.rmtree(place, ignore_errors=True)
    start = time.perf_counter()
    result = subprocess.run([sys.executable, "setup.py", "-q", "build", "-b", str(place)],
                            cwd=str(ROOT / "examples" / "python"), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    taken = time.perf_counter() - start
    made = glob.glob(str(place / "lib*"))
    if result.returncode or not made:
        raise building.Failed("examples/python does not build:\n" + result.stdout.strip())
    sys.path.insert(0, made[0])
    return taken


class Contestant:
    """One of those who do one thing, and the times that it took, in microseconds."""

    def __init__(self, name, run):
        self.name = name
        self.run = run  # run(repetitions): a list of nanoseconds
        self.times = []
        self.expected = min(run(2))

    def turn(self):
        # Several in a row where one is short: caches are those of the work.
        times = self.run(max(1, min(50, int(5e6 / max(self.expected, 1)))))
        self.times += [t / 1000 for t in times]

    least = property(lambda self: min(self.times))
    median = property(lambda self: statistics.median(self.times))


def timed(function):
    def run(repetitions):
        times = []
        for _ in range(repetitions):
            start = time.perf_counter_ns()
            function()
            times.append(time.perf_counter_ns() - start)
        return times
    return run


def asked(peer, operation, tree):
    def run(repetitions):
        kind, *rest = peer.ask(operation, repetitions, dir=tree, threads=0)
        if kind != "ok":
            raise building.Failed("the Rust peer: " + (rest[0] if rest else kind))
        return [int(ns) for ns in rest[3].split(",")]
    return run


def check_equal(tree, files, modules, rust):
    """Everybody makes the same, or nothing is timed."""
    digests = {name: module.hash_files(files) for name, module in modules.items()}
    schemas = {name: hashlib.sha256(module.build_schema(files).encode()).hexdigest()
               for name, module in modules.items()}
    if rust:
        digests["Rust"] = rust.ask("hash_tree", dir=tree, verify=1)[1]
        schemas["Rust"] = rust.ask("build", dir=tree, verify=1)[1]
    for found in (digests, schemas):
        if len(set(found.values())) != 1:
            raise building.Failed("the results differ: {}".format(found))


def contestants(tree, files, modules, rust):
    native, fallback = modules["native"], modules["fallback"]
    found = {}
    for what, function in (("hash", "hash_files"), ("build", "build_schema")):
        call = getattr(native, function)
        found[what, "native"] = timed(lambda call=call: call(files))
        found[what, "one thread"] = timed(lambda call=call: call(files, threads=1))
        found[what, "fallback"] = timed(lambda f=getattr(fallback, function): f(files))
    found["find and hash", "native"] = timed(
        lambda: native.hash_files(native.find_files(tree)))
    if rust:
        found["find", "Rust"] = asked(rust, "find", tree)
        found["find and hash", "Rust"] = asked(rust, "hash_tree", tree)
        found["find and build", "Rust"] = asked(rust, "build", tree)
    return {key: Contestant(key, run) for key, run in found.items()}


def race(everybody, seconds):
    working, turn = list(everybody.values()), 0
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or turn < 5:
        turn += 1
        shift = turn % len(working)
        for contestant in working[shift:] + working[:shift]:
            contestant.turn()


def rust_times(everybody, what):
    """(least, median) without the search."""
    whole, search = everybody["find and " + what, "Rust"], everybody["find", "Rust"]
    return whole.least - search.least, whole.median - search.median


def goal(what, value, wanted, unit="", at_least=True):
    met = value >= wanted if at_least else value <= wanted
    print("{}  {:52} {:8.2f}{} of {} {:g}{}".format(
        "met   " if met else "missed", what, value, unit, "at least" if at_least else "at most",
        wanted, unit))


def report(label, everybody, rust):
    print("\n{}, microseconds, least (median)\n".format(label))
    print("| | native | one thread | fallback | Rust | fallback / native | Rust / native |")
    print("|---|---|---|---|---|---|---|")
    goals = []
    for what in ("hash", "build"):
        ours, single, slow = (everybody[what, name] for name in ("native", "one thread",
                                                                 "fallback"))
        cells = ["{:.0f} ({:.0f})".format(c.least, c.median) for c in (ours, single, slow)]
        ratios = ["{:.1f} ({:.1f})".format(slow.least / ours.least, slow.median / ours.median)]
        if rust:
            least, median = rust_times(everybody, what)
            cells.append("{:.0f} ({:.0f})".format(least, median))
            ratios.append("{:.2f} ({:.2f})".format(least / ours.least, median / ours.median))
            goals.append(("{}: {}, Rust".format(label, what), least / ours.least, WANTED[what]))
        else:
            cells.append("-")
            ratios.append("-")
        print("| {} | {} |".format(what, " | ".join(cells + ratios)))
    print()
    if rust:
        ours, theirs = everybody["find and hash", "native"], everybody["find and hash", "Rust"]
        print("find and hash: native {:.0f} ({:.0f}), Rust {:.0f} ({:.0f}): {:.2f} ({:.2f})".format(
            ours.least, ours.median, theirs.least, theirs.median, theirs.least / ours.least,
            theirs.median / ours.median))
    print("build / hash, native: {:.2f}".format(
        everybody["build", "native"].least / everybody["hash", "native"].least))
    for entry in goals:
        goal(*entry)
    for what in ("hash", "build"):
        times = everybody[what, "native"].times
        tenth = max(1, len(times) // 5)
        goal("{}: {}, {:,} times: end / beginning".format(label, what, len(times)),
             statistics.median(times[-tenth:]) / statistics.median(times[:tenth]), 1.5, "", False)


def overhead(native):
    print("\nA call with an empty list, least of 50 rounds of 10,000\n")
    empty = []
    for name in ("hash_files", "build_schema"):
        function, best = getattr(native, name), float("inf")
        for _ in range(50):
            start = time.perf_counter_ns()
            for _ in range(10000):
                function(empty)
            best = min(best, (time.perf_counter_ns() - start) / 10000)
        goal(name + "([])", best, 1000, " ns", False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=5, help="for each tree")
    parser.add_argument("--installed", action="store_true", help="the package that is installed")
    options = parser.parse_args()
    os.environ.pop("CONFITURE_PURE_PYTHON", None)
    taken = None if options.installed else build_package()
    import confiture_native
    from confiture_native import _fallback
    if not confiture_native.HAS_NATIVE:
        raise building.Failed("the extension is not available")
    from confiture_native import _core
    programs = building.Programs(FOLDER, quiet=True)
    machine = building.machine(programs, FOLDER)
    print("\n".join("{}: {}".format(key, machine[key]) for key in
                    ("processor", "cores", "system", "file system", "compiler", "python", "rust",
                     "load before")))
    print("the extension is available: met\n")
    if taken is not None:
        goal("building the package", taken, 3, " s", False)
    rust = rounds.Peer("rust", [programs.rust]) if programs.rust else None
    if rust is None:
        print("no Rust peer: " + programs.why["rust"])
    modules = {"native": _core, "fallback": _fallback}
    for name in TREES:
        tree = str(workloads.prepare(name, FOLDER / "work"))
        files = _core.find_files(tree)
        check_equal(tree, files, modules, rust)
        everybody = contestants(tree, files, modules, rust)
        race(everybody, options.seconds)
        report(workloads.WORKLOADS[name].what, everybody, rust)
    overhead(_core)
    if rust:
        rust.close()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except building.Failed as failure:
        sys.exit("python_promises.py: {}".format(failure))
