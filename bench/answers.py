#!/usr/bin/env python3
"""What diff, build --verify and locate cost, beside a build, manifests and the usual tools.

    bench/answers.py [--rounds N] [--command PATH] [TREE...]     TREE: W1 to W6; default W2 W3 W6

Whole processes, warm, one after another and in another order each round, so that a slow moment is
slow for everybody. ms, medians: on the clock, and of processor time, all threads together, which
others disturb less. A ratio is the median of those of each round, without what a shell takes that
does nothing; above 1 ours is slower. A build to memory is one to /dev/null, which the command makes
in memory first. Each exit status is checked.
"""

import argparse
import os
import pathlib
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import time

import workloads

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "bench"

# name, command line of a shell, its exit status; {x} is filled in by fields().
NOTHING = "a shell that does nothing"
LINES = (
    (NOTHING, ":", 0),
    ("list --digests, twice", "{confiture} list --digests {a} >{out}.1 && "
                              "{confiture} list --digests {b} >{out}.2", 0),
    ("diff A B", "{confiture} diff {a} {b} >/dev/null", 0),
    ("diff -r A B", "diff -r {a} {b} >/dev/null", 0),
    ("diff A C, 1 in 100 changed", "{confiture} diff {a} {c} >/dev/null", 1),
    ("diff -rq A C", "diff -rq {a} {c} >/dev/null", 1),
    ("diff SUMS A", "{confiture} diff {sums} {a} >/dev/null", 0),
    ("sha256sum -c SUMS", "cd {a} && sha256sum -c --quiet {sums}", 0),
    ("build to memory", "{confiture} build -q {a} -o /dev/null", 0),
    ("build --verify", "{confiture} build -q {a} -o {schema} --verify", 0),
    ("build to a file, cmp", "{confiture} build -q {a} -o {out} && cmp {out} {schema}", 0),
    ("locate -n", "{confiture} locate {a} -n {line} >/dev/null", 0),
)

# ours, what it is compared with
RATIOS = (
    ("diff A B", "list --digests, twice"),
    ("diff A B", "diff -r A B"),
    ("diff A C, 1 in 100 changed", "diff A B"),
    ("diff A C, 1 in 100 changed", "diff -rq A C"),
    ("diff SUMS A", "sha256sum -c SUMS"),
    ("build --verify", "build to memory"),
    ("build --verify", "build to a file, cmp"),
    ("locate -n", "build to memory"),
)


def copy(tree, name, change):
    """A copy beside the tree, of which every hundredth file is changed if so asked."""
    target = tree.parent / (tree.name + name)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(tree, target)
    if change:
        for path in sorted(target.rglob("*.sql"))[::100]:
            path.write_bytes(path.read_bytes() + b"-- changed\n")
    os.sync()
    return target


def fields(command, tree, folder):
    found = {"confiture": command, "a": tree, "b": copy(tree, ".same", False),
             "c": copy(tree, ".changed", True), "sums": folder / "sums", "out": folder / "out",
             "schema": folder / "schema.sql"}
    found["sums"].write_bytes(subprocess.run([command, "list", "--digests", tree], check=True,
                                             stdout=subprocess.PIPE).stdout)
    subprocess.run([command, "build", "-q", tree, "-o", found["schema"]], check=True)
    found["line"] = found["schema"].read_bytes().count(b"\n") * 3 // 4
    return found


def processor_time():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(line, status):
    """Milliseconds on the clock, and of the processors."""
    start, used = time.perf_counter(), processor_time()
    done = subprocess.run(["sh", "-c", line], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    took = ((time.perf_counter() - start) * 1000, (processor_time() - used) * 1000)
    if done.returncode != status:
        sys.exit("answers: %s: exit status %d, expected %d\n%s" % (
            line, done.returncode, status, done.stderr.decode(errors="replace")))
    return took


def measure(lines, rounds):
    times = {name: [] for name, _, _ in lines}
    for name, line, status in lines:  # for the caches, and to see that all is right
        run(line, status)
    for turn in range(rounds):
        start = turn % len(lines)
        for name, line, status in lines[start:] + lines[:start]:
            times[name].append(run(line, status))
    return times


def table(title, times):
    def medians(name):
        middle = [statistics.median(side) for side in zip(*times[name])]
        return ["%.3g" % value if value < 1000 else "%.0f" % value for value in middle]

    def ratios(ours, other):
        least = [min(side) for side in zip(*times[NOTHING])]
        return ["%.2f" % statistics.median((a[side] - least[side]) /
                                           max(b[side] - least[side], 0.001)
                                           for a, b in zip(times[ours], times[other]))
                for side in (0, 1)]

    rows = [(title, "clock", "processors")]
    rows += [(name, *medians(name)) for name, _, _ in LINES]
    rows += [("%s / %s" % pair, *ratios(*pair)) for pair in RATIOS]
    width = max(len(row[0]) for row in rows)
    for number, row in enumerate(rows):
        print("| %-*s | %7s | %10s |" % (width, *row))
        if number == 0:
            print("|-%s-|--------:|-----------:|" % ("-" * width))
    print(flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("trees", nargs="*", metavar="TREE")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--command", default=str(ROOT / "confiture"))
    options = parser.parse_intermixed_args()
    command = pathlib.Path(options.command).resolve()
    folder = WORK / "answers"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for name in options.trees or ["W2", "W3", "W6"]:
            tree = workloads.prepare(name, WORK / "work")
            filled = fields(command, tree, folder)
            try:
                quoted = {key: shlex.quote(str(value)) for key, value in filled.items()}
                lines = [(n, line.format(**quoted), status) for n, line, status in LINES]
                table("%s, %d rounds, ms" % (name, options.rounds), measure(lines, options.rounds))
            finally:
                shutil.rmtree(filled["b"])
                shutil.rmtree(filled["c"])
    finally:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
