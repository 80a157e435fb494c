#!/usr/bin/env python3
"""Which lines and branches of the parts in src/ the tests run, and which they do not.

    tests/coverage/coverage.py [--trees N] [--only SUITE]...

What is measured is clang's source-based coverage, built without optimisation from the spine, so
that each line is told by its part. A branch is one way out of one condition of the source: `a && b`
has four. (gcc's arcs would count what the compiler made of it, and cleanups that nobody wrote.)
Code that is not compiled here, as that for other processors and systems, does not count.

The goal: every line and at least BRANCHES percent of the branches; and every gap, lines and
branches alike, is named in coverage_gaps.txt with a reason, so that a new one fails. The counts of
all suites are added up. Each part is one check, each suite another; the last line is
"N passed, N failed".
"""

import argparse
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
GAPS = HERE / "coverage_gaps.txt"
BRANCHES = 98.0
SPINE = ["-I.", '-DCFT_HEADER="src/confiture-in.h"']
COMMAND = sorted(str(path) for path in (ROOT / "examples" / "confiture").glob("*.c"))
SECONDS = 1200  # for one suite

# Each suite: its name, the programs that are built for it ({name: clang's arguments}), and the
# command that runs it. {NAME} is the path of that program, {stand_in} a folder whose confiture.h
# is the spine, {trees} the number of random trees. A further test program is one more entry.
SUITES = [
    ("unit", {"unit": ["tests/unit/main.c", *SPINE]}, ["{unit}"]),
    ("parity",
     {"driver": ["tests/parity/driver.c", *SPINE],
      "confiture": ["-I{stand_in}", *COMMAND]},
     [sys.executable, "tests/parity/parity.py", "{driver}", "--command", "{confiture}",
      "--trees", "{trees}", "--seed", "1"]),
    ("command", {}, [sys.executable, "tests/command/command.py", "{confiture}"]),
    ("faults", {"faults": ["tests/faults/faults.c", *SPINE]}, ["{faults}", "--quick"]),
    # Threads meet a failure in another call each time, and of a share of the calls the code
    # decides which they are: this is the same each time.
    ("faults, one thread", {}, ["{faults}", "--alone"]),
]


class Part:
    def __init__(self, path):
        self.name = path.relative_to(ROOT / "src").as_posix()
        self.text = path.read_text(encoding="utf-8").split("\n")
        self.lines = {}  # number: how often
        self.branches = collections.defaultdict(lambda: [0, 0])  # (line, ...): [true, false]

    def is_macro(self, line):
        """Branches of a macro count where it is used."""
        while line > 1 and self.text[line - 2].endswith("\\"):
            line -= 1
        return self.text[line - 1].startswith("#define")

    def gaps(self):
        """[(line, what)], in order. A brace alone is named with what stands before it."""
        found = [(line, "not run") for line, count in self.lines.items()
                 if count == 0 and self.text[line - 1].strip() != "}"]
        for key, (true, false) in self.branches.items():
            line = key[0]
            if self.lines.get(line) == 0:
                continue  # said already
            condition = self.condition(key)
            found += [(line, condition + " is never " + word)
                      for word, count in (("true", true), ("false", false)) if count == 0]
        return sorted(found)

    def condition(self, key):
        line, column, last, end = key[:4]
        text = self.text[line - 1]
        return text[column - 1:end - 1 if last == line else None].strip()

    def branch_counts(self):
        ways = [count for pair in self.branches.values() for count in pair]
        return sum(count > 0 for count in ways), len(ways)

    def line_counts(self):
        return sum(count > 0 for count in self.lines.values()), len(self.lines)


def run(command, **more):
    return subprocess.run([str(word) for word in command], cwd=ROOT, check=True, **more)


def build(name, arguments, folder, places):
    """The counts of each process go to a file of its own: many are started as another user, and
    without an environment. It is mapped (%c), so that what ends without a word counts, too; but the
    command's is written at its end: of a command whose standard output is closed, the file would
    take its place. Threads count in one place, and what is never false is a difference of two
    counts: a step that were lost would be a branch that nobody took."""
    output = folder / "bin" / name
    mapped = "" if name == "confiture" else "%c"
    run(["clang", "-O0", "-g", "-pthread", "-fcoverage-mapping",
         f"-fprofile-instr-generate={folder}/counts/{name}-%p{mapped}.profraw",
         "-mllvm", "-runtime-counter-relocation", "-fprofile-update=atomic",
         *[argument.format(**places) for argument in arguments], "-o", output])
    places[name] = str(output)


def run_suite(command, places):
    """How many checks passed and failed, and what is wrong with it beyond that."""
    command = [word.format(**places) for word in command]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding="utf-8", errors="replace") as process:
        try:
            output, _ = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            output = process.communicate()[0] + f"\nnot done after {SECONDS} s"
    last = output.rstrip().split("\n")[-1]
    good = process.returncode == 0 and re.match(r"\d+ passed, 0 failed", last)
    return good, last if good else output[-4000:]


def export(folder, programs, *options):
    objects = [word for program in programs for word in ("-object", program)][1:]
    done = run(["llvm-cov", "export", *objects, "-instr-profile", folder / "all.profdata",
                *options, ROOT / "src"], stdout=subprocess.PIPE)
    return done.stdout.decode("utf-8")


def measure(folder, programs):
    """{path: Part}"""
    names = folder / "names"
    names.write_text("".join(f"{path}\n" for path in sorted((folder / "counts").iterdir())))
    # What was killed while it wrote has left a piece of a file.
    run(["llvm-profdata", "merge", "-sparse", "-failure-mode=all", "-f", names,
         "-o", folder / "all.profdata"])
    parts = {str(path): Part(path) for path in sorted((ROOT / "src").rglob("*"))
             if path.is_file()}
    part = None
    for line in export(folder, programs, "-format=lcov").split("\n"):
        kind, _, rest = line.partition(":")
        if kind == "SF":
            part = parts[rest]
        elif kind == "DA":
            number, count = rest.split(",")[:2]
            part.lines[int(number)] = part.lines.get(int(number), 0) + int(count)
    for entry in json.loads(export(folder, programs, "-skip-functions"))["data"][0]["files"]:
        part = parts[entry["filename"]]
        for branch in entry["branches"]:
            if not part.is_macro(branch[0]):
                add(part.branches[tuple(branch[:4])], branch)
        for expansion in entry["expansions"]:
            # All arguments of a macro have the same place: told apart by their order.
            for index, branch in enumerate(expansion["branches"]):
                add(part.branches[tuple(expansion["source_region"][:4]) + (index,)], branch)
    return parts


def add(counts, branch):
    counts[0] += branch[4]
    counts[1] += branch[5]


def read_gaps():
    """{(part, text of the line): (how many gaps, reason)}; see the head of the file."""
    known = {}
    for number, line in enumerate(GAPS.read_text(encoding="utf-8").split("\n"), 1):
        if not line or line.startswith("#"):
            continue
        words = [word.strip() for word in line.split(" :: ")]
        if len(words) != 4 or not words[1].isdigit() or (words[0], words[2]) in known:
            sys.exit(f"{GAPS.name}:{number}: not PART :: COUNT :: LINE :: REASON, or said twice")
        known[words[0], words[2]] = (int(words[1]), words[3])
    return known


def report(parts, known):
    """Prints everything; returns how many parts are good, and what is not."""
    good, problems, used = 0, [], set()
    for part in parts:
        by_text = collections.defaultdict(list)
        for line, what in part.gaps():
            by_text[part.text[line - 1].strip()].append((line, what))
        unnamed = 0
        for text, gaps in by_text.items():
            count, reason = known.get((part.name, text), (0, "NOT NAMED"))
            used.add((part.name, text))
            if len(gaps) > count:
                unnamed += len(gaps) - count
                if count:
                    reason = f"{len(gaps)} GAPS, {count} ARE NAMED: {reason}"
            print(f"\n{part.name}:{gaps[0][0]}: {text}\n    because: {reason}")
            for line, what in gaps:
                print(f"    {line}: {what}")
        if unnamed:
            problems.append(f"FAILED {part.name}: {unnamed} gaps that are not named")
        else:
            good += 1
    for name, text in sorted(set(known) - used):
        print(f"\nnamed, but no gap any more (or not in this run): {name}: {text}")
    return good, problems


def percent(covered, all_of_them):
    return 100.0 * covered / all_of_them if all_of_them else 100.0


def table(parts):
    print(f"\n{'part':<20} {'lines':>13} {'':>7} {'branches':>13}")
    total = [0, 0, 0, 0]
    for part in parts:
        counts = [*part.line_counts(), *part.branch_counts()]
        total = [a + b for a, b in zip(total, counts)]
        print_row(part.name, counts)
    print_row("all", total)
    return percent(*total[2:])


def print_row(name, counts):
    print(f"{name:<20} {counts[0]:>6}/{counts[1]:<6} {percent(*counts[:2]):>6.2f}% "
          f"{counts[2]:>6}/{counts[3]:<6} {percent(*counts[2:]):>6.2f}%")


def main():
    parser = argparse.ArgumentParser(description="Coverage of the parts by all suites together.")
    parser.add_argument("--trees", type=int, default=200, help="random trees for parity")
    parser.add_argument("--only", action="append", help="this suite only; repeatable")
    options = parser.parse_args()
    missing = [tool for tool in ("clang", "llvm-cov", "llvm-profdata") if not shutil.which(tool)]
    if missing:
        print(f"skipped: no {', '.join(missing)} here\n0 passed, 0 failed, 1 skipped")
        return 0
    folder = pathlib.Path(tempfile.mkdtemp(prefix="confiture-coverage-")).resolve()
    good, problems, skipped = 0, [], 0
    try:
        for name in ("bin", "counts", "stand_in"):
            (folder / name).mkdir()
        os.chmod(folder, 0o755)
        os.chmod(folder / "counts", 0o777)
        (folder / "stand_in" / "confiture.h").write_text(
            f'#include "{ROOT}/src/confiture-in.h"\n')
        places = {"stand_in": folder / "stand_in", "trees": options.trees}
        for name, programs, command in SUITES:
            if options.only and name not in options.only:
                continue
            if not all((ROOT / word).exists() for words in programs.values() for word in words
                       if word.endswith(".c")):
                print(f"skipped: {name} is not there")
                skipped += 1
                continue
            for program, arguments in programs.items():
                build(program, arguments, folder, places)
            passed, words = run_suite(command, places)
            print(f"{name}: {words}", flush=True)
            if passed:
                good += 1
            else:
                problems.append(f"FAILED the suite {name}")
        parts = measure(folder, sorted((folder / "bin").iterdir()))
    finally:
        shutil.rmtree(folder)
    built = [part for part in parts.values() if part.lines]
    more, ungood = report(built, read_gaps())
    good, problems = good + more, problems + ungood
    branches = table(built)
    print("no code that is built here: " +
          ", ".join(part.name for part in parts.values() if not part.lines))
    if branches >= BRANCHES:
        good += 1
    else:
        problems.append(f"FAILED branches: {branches:.2f} %, and the goal is {BRANCHES} %")
    print("\n".join(problems))
    print(f"{good} passed, {len(problems)} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
