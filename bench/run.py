#!/usr/bin/env python3
"""Times confiture.h beside its peers and beside what the machine allows.

    bench/run.py [--quick] [--record] [--only W1,W2] [--sections main,threads]

Builds what it needs, makes the trees of workloads.py, checks that everybody computes the same
bytes, and prints tables; bench/README.md says what they mean. --record writes
bench/RESULTS.md and the pictures of the README. All figures are kept in build/bench/results.json.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import time

import building
import goals
import pictures
import processes
import report
import rounds
import sections
import workloads

ROOT = building.ROOT
MARK = "<!-- written by hand from here on -->"
SECTIONS = ("main", "threads", "primitive", "processes", "memory", "cold", "real")


class Plan:
    """How much time goes where. A full run takes ten minutes, a quick one a minute or two."""

    def __init__(self, quick):
        self.names = ["W1", "W2", "W3"] if quick else ["W1", "W2", "W3", "W4", "W5", "W6"]
        self.rounds = 1 if quick else 3
        self.patience = 8 if quick else 60  # for the rounds of one table
        self.limit = 45 if quick else 540  # nothing more is begun after so many seconds
        self.seconds = 2.5 if quick else 8.0  # for each workload
        self.thread_seconds = 0.6 if quick else 3.0
        self.thread_rounds = 1 if quick else 2
        self.skip_threads = ("4", "16", "auto") if quick else ()
        self.whole = ("W1", "W2") if quick else ("W1", "W2", "W3")
        # Where Python's rules for Rust are checked too, which takes as long as anything timed.
        self.core = self.whole if quick else ("W1", "W2", "W3", "W4")
        self.gbench_time = 0.005 if quick else 0.03
        self.gbench_filter = "^(sha256|evp|memcpy)/.*/?(400|4096|65536)$" if quick else \
            "^(sha256|evp|memcpy)/"
        self.process_names = ["W2"] if quick else self.names
        self.process_seconds = 0.15 if quick else 0.6
        self.cold_names = [] if quick else ["W2", "W3"]
        self.cold_rounds = 3
        self.memory_names = ["W2"] if quick else self.names
        self.gbench_trees = [] if quick else ["W2"]


def arguments():
    parser = argparse.ArgumentParser(description="Time confiture.h beside its peers.")
    parser.add_argument("--quick", action="store_true",
                        help="a minute or two: W1 to W3, few rounds")
    parser.add_argument("--record", action="store_true",
                        help="write bench/RESULTS.md and the pictures")
    parser.add_argument("--million", action="store_true", help="W7 too: a million files")
    parser.add_argument("--only", metavar="W1,W2", help="these workloads")
    parser.add_argument("--sections", metavar="A,B",
                        help="of " + ", ".join(SECTIONS) + "; default: all, in a quick run "
                        "not the last")
    parser.add_argument("--threads", type=int, default=2, help="of ours and Rust; default: 2")
    parser.add_argument("--goals", action="store_true", help="say which goals were met")
    parser.add_argument("--folder", default=str(ROOT / "build" / "bench"))
    options = parser.parse_args()
    if options.sections is None:
        options.sections = ",".join(SECTIONS[:-1] if options.quick else SECTIONS)
    options.sections = options.sections.split(",")
    for name in options.sections:
        if name not in SECTIONS:
            parser.error("no section '{}'".format(name))
    return options


def make_trees(plan, folder, results):
    trees = {}
    for name in plan.names:
        why_not = workloads.room_for(name, folder / "work")
        if why_not:
            results["missing"].append("{}: {}".format(name, why_not))
            continue
        rounds.note("making {}".format(name))
        trees[name] = workloads.prepare(name, folder / "work")
    return trees


def limit(plan, names):
    plan.names = names
    plan.process_names = [n for n in plan.process_names if n in names] or names[:1]
    plan.cold_names = [n for n in plan.cold_names if n in names]
    plan.memory_names = [n for n in plan.memory_names if n in names]


class Clock:
    """Says how far the run is, and when it is too late to begin something more."""

    def __init__(self, start, limit, missing):
        self.start = start
        self.limit = limit
        self.missing = missing

    def done(self, what):
        if sys.stderr.isatty():
            rounds.note("")
        print("  {:6.1f} s  {}".format(time.time() - self.start, what), flush=True)

    def each(self, what, names, function):
        """[function(name)], as far as time allows."""
        found = []
        for name in names:
            if self.limit and time.time() - self.start > self.limit:
                self.missing.append("{}, {}: no time was left".format(what, name))
                continue
            found.append(function(name))
            self.done("{}, {}".format(what, name))
        return found


def measure(options, plan, programs, folder, results):
    trees = make_trees(plan, folder, results)
    real = workloads.real_trees() if "real" in options.sections else {}
    wanted = options.sections
    threads = options.threads
    clock = Clock(time.time(), plan.limit, results["missing"])
    peers = sections.Peers(programs, folder / "out")
    results["kernel"] = peers.ours.ask("kernel")[1]

    def those(names):
        return [name for name in names if name in trees]

    def main_table(name):
        return sections.main_table(peers, name, trees.get(name) or real[name], threads, plan)

    def thread_table(name):
        return sections.thread_table(peers, name, trees[name], plan)

    def primitive_table(_):
        with_trees = {name: trees[name] for name in those(plan.gbench_trees)}
        return sections.primitive_table(programs, folder, with_trees, plan)

    def process_table(name):
        return processes.process_table(programs, folder, name, trees[name], plan)

    def memory_row(name):
        return sections.memory_row(programs, folder, name, trees[name])

    def cold_table(name):
        return sections.cold_table(peers, name, trees[name], threads, plan)

    def add(section, found):
        results[section] = results.get(section, []) + found

    def mains(names):
        if "main" in wanted:
            add("main", clock.each("main", names, main_table))

    def others(names):
        if "memory" in wanted:
            at_hand = [name for name in those(plan.memory_names) if name in names]
            memory.extend(clock.each("memory", at_hand, memory_row))
        if "threads" in wanted:
            add("threads", clock.each("threads", [n for n in names if n != "W7"], thread_table))
        if "processes" in wanted:
            at_hand = [name for name in those(plan.process_names) if name in names]
            add("processes", clock.each("processes", at_hand, process_table))
        if plan.cold_names and "cold" in wanted and sections.may_drop_caches():
            at_hand = [name for name in those(plan.cold_names) if name in names]
            add("cold", clock.each("cold", at_hand, cold_table))

    # The slowest last, and of them the peers, so that those are what there may be no time for.
    late = [name for name in ("W6", "W5", "W7") if name in trees]
    early = [name for name in trees if name not in late]
    memory = []
    others(early)
    mains(early)
    if "primitive" in wanted:
        found = clock.each("primitive", ["SHA-256"], primitive_table)
        results["primitive"] = found[0] if found else {}
    seconds, plan.seconds = plan.seconds, plan.seconds / 5
    whole, core, plan.whole, plan.core = plan.whole, plan.core, tuple(real), tuple(real)
    real_tables = clock.each("real", real, main_table)
    plan.seconds, plan.whole, plan.core = seconds, whole, core
    others(late)
    mains(late)
    if plan.cold_names and "cold" in wanted and not sections.may_drop_caches():
        results["missing"].append("a cold cache: dropping it is not permitted")
    if "memory" in wanted:
        memory.sort(key=lambda row: list(trees).index(row["name"]))
        results["memory"] = {"rows": memory}
    for section in ("main", "threads", "processes"):
        results.get(section, []).sort(key=lambda table: list(trees).index(table["name"]))
    results["main"] = results.get("main", []) + real_tables
    peers.close()


def record(text, path):
    """Replaces what a run has written. What follows the mark was written by hand, and stays."""
    kept = path.read_text(encoding="utf-8").partition(MARK)[2] if path.exists() else ""
    path.write_text(text + "\n" + MARK + (kept or "\n"), encoding="utf-8")


def main():
    options = arguments()
    folder = pathlib.Path(options.folder).resolve()
    plan = Plan(options.quick)
    if options.only:
        names = options.only.split(",")
        if any(name not in workloads.WORKLOADS for name in names):
            sys.exit("bench/run.py: the workloads are " + ", ".join(workloads.WORKLOADS))
        limit(plan, names)
    if options.million and "W7" not in plan.names:
        plan.names = plan.names + ["W7"]
        plan.memory_names = plan.memory_names + ["W7"]
        plan.limit = None
    header = (ROOT / "confiture.h").read_text(encoding="utf-8")
    results = {"time": time.time(), "quick": options.quick, "missing": [],
               "version": re.search(r'CONFITURE_VERSION "([^"]*)"', header).group(1)}
    try:
        programs = building.Programs(folder)
        results["machine"] = building.machine(programs, folder)
        results["missing"] += [why.splitlines()[0] for why in programs.why.values()]
        load = os.getloadavg()[0]
        if load > 0.7:
            print("  note: others use this machine (load {:.1f}); trust no figure".format(load))
        measure(options, plan, programs, folder, results)
    except building.Failed as error:
        print("\nbench/run.py: {}".format(error), file=sys.stderr)
        return 1
    (folder / "results.json").write_text(json.dumps(results, indent=1))
    print()
    print(report.text(results))
    for why in results["missing"]:
        print("Not there: {}.".format(why))
    if options.goals:
        print("\n".join(goals.lines(results)))
    if options.record:
        record(report.markdown(results), ROOT / "bench" / "RESULTS.md")
        print("bench/RESULTS.md written")
        pictures.write_svg(results, ROOT / "bench")
    print("{:.0f} seconds".format(time.time() - results["time"]))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (KeyboardInterrupt, subprocess.SubprocessError) as error:
        sys.exit("bench/run.py: {}".format(error or "interrupted"))
