#!/usr/bin/env python3
"""Do the tests notice if a part is wrong? Mutants of the parts in src/, and who kills them.

    tests/mutants/mutate.py [--count N] [--seed S] [--part NAME] [--units | --rest] [--jobs N] [--list]
                    [--slice A:B,N] [--seconds N] [--function NAME]

A mutant is the library with one small mistake: a comparison, a sign, a constant, a condition, a
truth value, or a statement less. N of them, always the same for a seed, are spread over the parts
in proportion to their lines. Each is put before the tests in rising cost, until one fails: the unit
tests, those of its part first; parity; the command's tests; the unit tests under the address
sanitizer. A hang kills, too. What does not compile is no mutant. A long run can be done in pieces:
slices, the unit tests before the rest, and the rest only for those that the unit tests let live;
the last lines say which. --function, which can be repeated, takes all mutants of these functions
instead of some of each part.

A survivor is shown with its change. One that no test can kill, since nothing that the library
promises differs, is named in mutants_explained.txt with the reason. The checks that count: a mutant
that was killed, or is explained, has passed; another survivor has failed.

A mutant may do anything: it runs as a user of its own (if this is the superuser's), in a folder of
its own, and with limits to its memory, files and time.
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
EXPLAINED = HERE / "mutants_explained.txt"
USER = 64321  # nobody's, so that there is nothing it may write to or send signals to
COMPILE = ["clang" if shutil.which("clang") else "gcc", "-w", "-pthread", "-O0"]
SANITIZE = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
SANITIZED = {"ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1:hard_rss_limit_mb=3000"}
# The suites of tests/unit by their cost.
CHEAP = ["memory", "block_cache", "ring", "path", "names", "rules", "face", "confine", "refused", "text", "walk", "output",
         "system", "sha256", "lexer", "limit", "sums", "diff", "explain", "verify", "map", "find", "build",
         "scan"]
# Those that are most likely to notice, where it is not the one of that name.
FIRST = {
    "base.h": ["rules", "text", "path", "names"], "cpu.c": ["sha256"], "sha256/portable.c": ["sha256"],
    "sha256/shani.c": ["sha256"], "sha256/kernels.c": ["sha256"],
    "sha256/many.c": ["sha256"], "text/lexer_copy.c": ["lexer"],
    "error.c": ["path", "system"], "list.c": ["names", "rules", "path", "memory", "walk", "find"],
    "path.c": ["path", "names"], "node.c": ["walk", "find", "confine"],
    "listing.c": ["walk", "find", "confine"], "walk.c": ["walk", "find", "confine"],
    "find.c": ["walk", "find", "confine"],
    "os/posix.c": ["system", "output", "confine"],
    "os/uring.c": ["ring", "system", "refused"], "read.c": ["system", "scan", "limit"],
    "scan/read_many.c": ["ring", "scan", "limit"],
    "beneath.c": ["confine"],
    "digest.c": ["system", "scan"], "check.c": ["output", "build"], "output.c": ["output", "build"],
    "build.c": ["output", "build"], "build_file.c": ["output", "build"],
    "map.c": ["map", "verify"], "map_file.c": ["map"],
    "statement.c": ["map"], "forms.c": ["diff"],
    "compare.c": ["verify"],
    "threads/pool.c": ["system", "find", "scan"], "threads/workers.c": ["system", "find", "scan"],
    "threads/ring_cache.c": ["block_cache", "system"], "scan.c": ["system", "scan"],
}


# ---- what can go wrong in a line ----

SWAPS = [
    ("compare", r"(?<![-<>=!])(<=|>=|==|!=|<|>)(?![<>=])",
     {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}),
    ("arithmetic", r"(?<= )([+\-*]|\+=|-=)(?= )",
     {"+": "-", "-": "+", "*": "+", "+=": "-=", "-=": "+="}),
    ("step", r"(\+\+|--)", {"++": "--", "--": "++"}),
    ("logic", r"(&&|\|\|)", {"&&": "||", "||": "&&"}),
    ("truth", r"\b(true|false)\b", {"true": "false", "false": "true"}),
]
NUMBER = re.compile(r"(?<![\w.])(0[xX][0-9a-fA-F]+|\d+)([uUlL]*)(?![\w.])")
CONDITION = re.compile(r"\b(if|while) \(")
STATEMENT = re.compile(r"^\s*(?:if \(.*\) |else )?[^\s#].*;\s*$")
DECLARATION = re.compile(r"^\s*(?:static |const |struct |unsigned |typedef )*"
                         r"(?:\w+ )+\**\w+(?:\[[^]]*\])*(?: = .*|, .*)?;$")


def blank(text):
    """The text with comments, strings and characters blanked out, of the same length."""
    def spaces(found):
        return re.sub(r"[^\n]", " ", found[0])
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', spaces, text,
                  flags=re.S)


def closing(code, start):
    """Behind the parenthesis that closes the one before start, or None."""
    depth = 1
    for i in range(start, len(code)):
        depth += {"(": 1, ")": -1}.get(code[i], 0)
        if depth == 0:
            return i
    return None


def changes_of(line, code):
    """[(kind, the line changed)]"""
    found = []

    def put(kind, start, end, new):
        found.append((kind, line[:start] + new + line[end:]))

    for kind, pattern, swap in SWAPS:
        for match in re.finditer(pattern, code):
            if match[1] == "*" and re.search(r"[\w)] $", code[:match.start()]) is None:
                continue  # a pointer
            put(kind, match.start(), match.end(), swap[match[1]])
    for match in NUMBER.finditer(code):
        value = int(match[1], 16 if match[1][:2] in ("0x", "0X") else 10)
        put("constant", match.start(), match.end(), f"{value + 1}{match[2]}")
    for match in CONDITION.finditer(code):
        end = closing(code, match.end())
        if end is not None:
            put("negate", match.end(), end, "!(" + line[match.end():end] + ")")
    if STATEMENT.match(code) and not DECLARATION.match(code) and balanced(code):
        indent = len(line) - len(line.lstrip())
        found.append(("drop", line[:indent] + ";"))
    return found


def balanced(code):
    return all(code.count(a) == code.count(b) for a, b in ("()", "{}", "[]"))


def compiled_lines():
    """{part: the numbers of the lines that this compiler sees}"""
    output = subprocess.run([COMPILE[0], "-E", *unit_arguments(ROOT)], cwd=ROOT, check=True,
                            stdout=subprocess.PIPE).stdout.decode("utf-8", "replace")
    seen = collections.defaultdict(set)
    part, number = None, 0
    for line in output.split("\n"):
        marker = re.match(r'# (\d+) "(.*?)"', line)
        if marker:
            part = re.sub(r".*\bsrc/(\w+/\w+\.[ch])$|.*", r"\1", marker[2])
            number = int(marker[1])
            continue
        if part and line.strip():
            seen[part].add(number)
        number += 1
    return seen


class Mutant:
    def __init__(self, part, number, kind, old, new):
        self.part, self.number, self.kind, self.old, self.new = part, number, kind, old, new

    def diff(self):
        return f"    -{self.old}\n    +{self.new}"

    def key(self):
        return self.part, self.old.strip(), self.new.strip()


def candidates(part, lines_seen):
    """[(kind, Mutant)] of a part."""
    text = (ROOT / "src" / part).read_text(encoding="utf-8")
    found = []
    previous = ""
    for number, (line, code) in enumerate(zip(text.split("\n"), blank(text).split("\n")), 1):
        continues, previous = previous.endswith("\\"), line
        # Prototypes and types, and what the preprocessor reads, say nothing that could be wrong
        # without a complaint; statements that go on are changed, but not dropped.
        if number not in lines_seen or code.startswith("#") or continues or not code[:1].isspace():
            continue
        found += [Mutant(part, number, kind, line, new) for kind, new in changes_of(line, code)]
    return found


def ordered(part, lines_seen, seed):
    """All mutants of a part in the order in which they are taken: a kind, then one of it."""
    rng = random.Random(f"{seed}:{part}")
    kinds = collections.defaultdict(list)
    for mutant in candidates(part, lines_seen):
        kinds[mutant.kind].append(mutant)
    for mutants in kinds.values():
        rng.shuffle(mutants)
    order = []
    while kinds:
        kind = rng.choice(sorted(kinds))
        order.append(kinds[kind].pop())
        if not kinds[kind]:
            del kinds[kind]
    return order


def lines_of(part, functions):
    """The numbers of the lines of these functions."""
    found, inside = set(), False
    for number, line in enumerate((ROOT / "src" / part).read_text(encoding="utf-8").split("\n"), 1):
        name = re.match(r"(?! |#|/\*)[^=]*?\b(\w+)\(", line)
        if name and not line.rstrip().endswith(";"):
            inside = name[1] in functions
        if inside:
            found.add(number)
    return found


def choose_functions(functions, seed):
    """As choose(), but every mutant of these functions."""
    seen = compiled_lines()
    places = []
    for part in sorted(seen):
        places += [[mutant] for mutant in
                   ordered(part, seen[part] & lines_of(part, functions), seed)]
    return places


def choose(count, seed, only):
    """[[mutants of one place]]: the first of each that compiles is taken. In proportion to the
    lines, and none without."""
    seen = compiled_lines()
    parts = [p for p in sorted(seen) if p not in ("public/api.h", "os/os.h", "public/config.h") and
             (not only or p in only)]
    total = sum(len(seen[p]) for p in parts)
    places = []
    for part in parts:
        wanted = max(1, round(count * len(seen[part]) / total))
        order = ordered(part, seen[part], seed)
        # Dealt like cards, so that no mutant is tried for two places.
        places += [order[i::wanted] for i in range(min(wanted, len(order)))]
    return places


# ---- running ----

def unit_arguments(folder):
    return ["tests/unit/main.c", f"-I{folder}", '-DCFT_HEADER="src/confiture-in.h"']


def limits(memory, file=1 << 30):
    def set_limits():
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (240, 240))
        # A test that wants a larger file is refused it, and does without; no signal.
        resource.setrlimit(resource.RLIMIT_FSIZE, (file, file))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_NPROC, (1000, 1000))
        if memory:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(USER)
            os.setuid(USER)
    return set_limits


class Failed(Exception):
    pass


class Place:
    """A folder for one mutant: its library, its programs, and its temporary files."""

    def __init__(self, base, mutant):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=base))
        os.chmod(self.folder, 0o755)
        shutil.copytree(ROOT / "src", self.folder / "src")
        (self.folder / "confiture.h").write_text('#include "src/confiture-in.h"\n')
        (self.folder / "tmp").mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(self.folder / "tmp", USER, USER)
        if mutant:
            path = self.folder / "src" / mutant.part
            lines = path.read_text(encoding="utf-8").split("\n")
            assert lines[mutant.number - 1] == mutant.old
            lines[mutant.number - 1] = mutant.new
            path.write_text("\n".join(lines), encoding="utf-8")

    def build(self, name, *arguments):
        output = self.folder / name
        done = subprocess.run([*COMPILE, *arguments, "-o", output], cwd=ROOT,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.returncode == 0

    def run(self, command, seconds, memory=4 << 30, file=1 << 30, **environment):
        """Raises Failed if it fails."""
        tmp = self.folder / "tmp"
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp), "TMPDIR": str(tmp),
               "PYTHONDONTWRITEBYTECODE": "1", **environment}
        process = subprocess.Popen([str(word) for word in command], cwd=ROOT, env=env,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, start_new_session=True,
                                   preexec_fn=limits(memory, file))
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise Failed("hangs")
        if process.returncode:
            text = output.decode("utf-8", "replace")
            lines = [line for line in text.split("\n") if re.search("FAIL|ERROR|rror:", line)]
            raise Failed((lines or [f"ends with {process.returncode}"])[0].strip()[:150])

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def python_for_mutants():
    """A Python that the mutants' user may run: the superuser's own may lie in a folder of his."""
    for python in (sys.executable, shutil.which("python3", path="/usr/local/bin:/usr/bin:/bin")):
        try:
            if python and subprocess.run([python, "-c", ""], check=False, cwd="/",
                                         preexec_fn=limits(0)).returncode == 0:
                return python
        except OSError:
            pass
    sys.exit("mutate.py: no Python that another user may run")


class Judge:
    """All the tests there are, in the order of their cost."""

    def __init__(self, base, options):
        self.base, self.patience, self.units = base, options.patience, options.units
        self.rest = options.rest
        self.ends = time.monotonic() + options.seconds if options.seconds else None
        self.python = python_for_mutants()

    def stages(self, part):
        name = part.rsplit(".", 1)[0]
        first = FIRST.get(part, [name] if name in CHEAP else [])
        if not self.rest:
            for suite in first + [s for s in CHEAP if s not in first]:
                yield "unit " + suite
        if self.units:
            return
        yield "parity"
        yield "command"
        yield "sanitizer"

    def stage(self, place, what):
        if what.startswith("unit "):
            # These two write nothing but make a terabyte of holes.
            place.run([place.folder / "unit", "-x", what[5:]], 30 * self.patience,
                      file=1 << (41 if what in ("unit scan", "unit limit") else 30))
        elif what == "sanitizer":
            if not place.build("sane", *SANITIZE, *unit_arguments(place.folder)):
                raise Failed("does not compile with the sanitizer")
            place.run([place.folder / "sane", "-x"], 150 * self.patience, 0, **SANITIZED)
        else:
            if not (place.folder / "confiture").exists() and not (
                    place.build("driver", "tests/parity/driver.c", f"-I{place.folder}",
                                '-DCFT_HEADER="src/confiture-in.h"') and
                    place.build("confiture", f"-I{place.folder}",
                                *sorted(map(str, (ROOT / "examples/confiture").glob("*.c"))))):
                raise Failed("the driver or the command does not compile")
            if what == "parity":
                place.run([self.python, "tests/parity/parity.py", place.folder / "driver", "--command",
                           place.folder / "confiture", "--trees", 60, "--seed", "1", "--jobs", 2],
                          90 * self.patience)
            else:
                place.run([self.python, "tests/command/command.py", place.folder / "confiture"],
                          90 * self.patience)

    def judge(self, mutants):
        """(mutant, who killed it or None, how); the first of these that compiles. (None, "later",
        None): there was no time left."""
        if self.ends and time.monotonic() > self.ends:
            return None, "later", None
        for mutant in mutants:
            place = Place(self.base, mutant)
            try:
                if not place.build("unit", *unit_arguments(place.folder)):
                    continue
                for what in self.stages(mutant.part):
                    try:
                        self.stage(place, what)
                    except Failed as reason:
                        return mutant, what, str(reason)
                return mutant, None, None
            finally:
                place.remove()
        return None, None, None

    def rehearse(self):
        """The library as it is must pass everything, or that a mutant fails says nothing."""
        place = Place(self.base, None)
        try:
            what = "unit"
            if not place.build("unit", *unit_arguments(place.folder)):
                raise Failed("does not compile")
            for what in self.stages(""):
                started = time.monotonic()
                self.stage(place, what)
                print(f"without a mistake: {what} passes, {time.monotonic() - started:.1f} s",
                      flush=True)
        except Failed as reason:
            sys.exit(f"mutate.py: without a mistake: {what}: {reason}")
        finally:
            place.remove()


def read_explained():
    """{(part, old, new): reason}"""
    known = {}
    for block in EXPLAINED.read_text(encoding="utf-8").split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith("#")]
        if not lines:
            continue
        if len(lines) < 4 or lines[1][:1] != "-" or lines[2][:1] != "+":
            sys.exit(f"{EXPLAINED.name}: not PART, -OLD, +NEW, REASON: {lines}")
        text = (ROOT / "src" / lines[0]).read_text(encoding="utf-8")
        if lines[1][1:].strip() not in map(str.strip, text.split("\n")):
            sys.exit(f"{EXPLAINED.name}: {lines[0]} has no line {lines[1][1:].strip()}")
        known[lines[0], lines[1][1:].strip(), lines[2][1:].strip()] = " ".join(lines[3:])
    return known


def sliced(places, slices):
    """[(number, mutants)] of those that are asked for."""
    numbered = list(enumerate(places))
    chosen = []
    for piece in slices.split(","):
        a, colon, b = piece.partition(":")
        chosen += numbered[int(a or 0):(int(b) if b else None) if colon else int(a) + 1]
    return chosen


def sweep_shared_memory():
    """What parity.py had in memory when it was ended; all of it is the mutants' user's."""
    if os.geteuid() == 0 and os.path.isdir("/dev/shm"):
        for entry in pathlib.Path("/dev/shm").glob("confiture-parity-*"):
            if entry.lstat().st_uid == USER:
                shutil.rmtree(entry, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description="Mutants of the parts: which tests notice?")
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--seed", default="1")
    tests = parser.add_mutually_exclusive_group()
    tests.add_argument("--units", action="store_true", help="only the unit tests")
    tests.add_argument("--rest", action="store_true", help="all but them")
    parser.add_argument("--slice", default=":", help="only these of the mutants: A:B, N, or more")
    parser.add_argument("--seconds", type=float, help="begin no mutant after so long")
    parser.add_argument("--part", action="append", help="of this part only; repeatable")
    parser.add_argument("--function", action="append", help="all of this function; repeatable")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--patience", type=float, default=4, help="limits of time, times this")
    parser.add_argument("--list", action="store_true", help="only say what would be done")
    parser.add_argument("--rehearse", action="store_true", help="only the library as it is")
    options = parser.parse_args()
    places = sliced(choose_functions(options.function, options.seed) if options.function else
                    choose(options.count, options.seed, options.part), options.slice)
    if options.list:
        for number, (mutant, *_) in places:
            print(f"{number:>3} {mutant.part}:{mutant.number} {mutant.kind}\n{mutant.diff()}")
        return 0
    explained = read_explained()
    base = pathlib.Path(tempfile.mkdtemp(prefix="confiture-mutants-")).resolve()
    os.chmod(base, 0o755)
    counts, kinds = collections.Counter(), collections.Counter()
    survivors, later = [], []
    judge = Judge(base, options)
    try:
        judge.rehearse()
        if options.rehearse:
            return 0
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            judged = pool.map(judge.judge, [mutants for _, mutants in places])
            for (number, _), (mutant, killer, how) in zip(places, judged):
                if mutant is None:
                    counts[killer or "none that compiles"] += 1
                    if killer:
                        later.append(number)
                    continue
                reason = explained.get(mutant.key())
                word = ("killed" if killer else "explained" if reason else "SURVIVED")
                counts[word] += 1
                if killer:
                    kinds[killer] += 1
                    counts["by hanging"] += how == "hangs"
                else:
                    survivors.append((number, mutant, reason))
                print(f"{word:<9} {number:>3} {mutant.part}:{mutant.number} {mutant.kind}: "
                      f"{mutant.new.strip()[:70]}" + (f"\n          {killer}: {how}" if killer
                                                      else ""), flush=True)
    finally:
        shutil.rmtree(base, ignore_errors=True)
        sweep_shared_memory()
    for number, mutant, reason in survivors:
        word = f"explained: {reason}" if reason else "SURVIVED"
        print(f"\n{number} {mutant.part}:{mutant.number}: {word}\n{mutant.diff()}")
    print("\nkilled by: " + ", ".join(f"{k} {n}" for k, n in kinds.most_common()))
    print(", ".join(f"{word}: {n}" for word, n in counts.items()))
    for what, numbers in ("not done", later), ("alive", [number for number, *_ in survivors]):
        if numbers:
            print(f"{what}: --slice {','.join(map(str, numbers))}")
    print(f"{counts['killed'] + counts['explained']} passed, {counts['SURVIVED']} failed")
    return 1 if counts["SURVIVED"] else 0


if __name__ == "__main__":
    sys.exit(main())
