#!/usr/bin/env python3
"""Two versions of confiture.h in one process, called in turn: what the postgres check costs.

    bench/versus.py REVISION [TREE...]          each tree as it is
    bench/versus.py REVISION --join 100 TREE    its .sql files, joined to one file of 100 MB

REVISION is one of git's, or a path of another confiture.h; beside it stands the one that is here.
TREE is W1 to W6 or a directory; without one W2 and W3 are taken. Processor time, in ms, minimum and
median; ratios are medians of those of each round, which is why others may be busy meanwhile.
"""

import argparse
import ctypes
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import workloads

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "bench"


def header_of(revision, folder):
    if pathlib.Path(revision).is_file():
        return pathlib.Path(revision).resolve()
    header = folder / "old.h"
    header.write_bytes(subprocess.run(["git", "-C", str(ROOT), "show", revision + ":confiture.h"],
                                      check=True, stdout=subprocess.PIPE).stdout)
    return header


def load(header, folder, name):
    library = folder / (name + ".so")
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", '-DVERSUS_HEADER="%s"' % header,
                    str(ROOT / "bench" / "versus.c"), "-o", str(library), "-pthread"], check=True)
    return ctypes.CDLL(str(library))


def join(tree, size, folder):
    """A directory that holds one file: all of the tree, as often as it takes."""
    texts = [path.read_bytes() for path in sorted(tree.rglob("*.sql"))]
    text = b"".join(t if t.endswith(b"\n") else t + b"\n" for t in texts)
    (folder / "joined").mkdir()
    with open(folder / "joined" / "all.sql", "wb") as file:
        for _ in range(-(-size // len(text))):
            file.write(text)
    return folder / "joined"


def measure(calls, rounds):
    times = {name: [] for name in calls}
    for turn in range(rounds + 1):
        for name in sorted(calls, reverse=turn % 2 == 1):
            start = time.process_time_ns()
            if not calls[name]():
                sys.exit("versus: %s failed" % name)
            if turn:  # the first is for the caches
                times[name].append((time.process_time_ns() - start) / 1e6)
    return times


def ratio(times, name, other):
    return statistics.median(a / b for a, b in zip(times[name], times[other]))


def compare(versions, tree, rounds):
    calls = {}
    for name, library in versions.items():
        library.versus_open(str(tree).encode())
        calls[name, "check"] = library.versus_check
        for digest in (0, 1):
            for checked in (0, 1):
                calls[name, digest, checked] = (
                    lambda b=library.versus_build, c=checked, d=digest: b(c, d))
    times = {}
    for kind in ("check", 0, 1):
        times.update(measure({key: call for key, call in calls.items() if key[1] == kind}, rounds))
    for name in versions:
        print("  check, %s: %8.2f / %8.2f" % (name, min(times[name, "check"]),
                                              statistics.median(times[name, "check"])))
    print("  check, new / old: %.2f" % ratio(times, ("new", "check"), ("old", "check")))
    for digest, what in enumerate(("text alone", "with the digest")):
        print("  build, %s, checked / unchecked: old %.3f, new %.3f" % (
            what, *(ratio(times, (n, digest, 1), (n, digest, 0)) for n in ("old", "new"))))


def main():
    parser = argparse.ArgumentParser(description="Two versions of confiture.h, in turn.")
    parser.add_argument("revision")
    parser.add_argument("trees", nargs="*", metavar="TREE")
    parser.add_argument("--join", type=int, metavar="MB")
    parser.add_argument("--rounds", type=int, default=21)
    options = parser.parse_intermixed_args()
    WORK.mkdir(parents=True, exist_ok=True)
    for name in options.trees or ["W2", "W3"]:
        tree = (workloads.prepare(name, WORK / "work") if name in workloads.WORKLOADS
                else pathlib.Path(name))
        with tempfile.TemporaryDirectory(dir=WORK) as folder:
            folder = pathlib.Path(folder)
            versions = {"old": load(header_of(options.revision, folder), folder, "old"),
                        "new": load(ROOT / "confiture.h", folder, "new")}
            if options.join:
                tree = join(tree, options.join * 1000000, folder)
            print("%s%s, %d rounds" % (name, ", joined" if options.join else "", options.rounds))
            compare(versions, tree, options.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
