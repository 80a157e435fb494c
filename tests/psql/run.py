#!/usr/bin/env python3
"""The check "postgres" against psql: written cases, random tokens, and real files cut short.

    tests/psql/run.py [--command CONFITURE] [--generated N] [--cut N] [--seed N] [--no-server]

Each text is given to the lexer in Python and, with --command, to the one in C; both must say the
same. With a PostgreSQL at hand it is given to psql as well, with another file after it: there must
be a finding exactly when psql does not see what follows for what it is. Without PostgreSQL that
part says so and is skipped. The last line is the count.
"""

import argparse
import collections
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "parity"),
                str(HERE.parent / "postgres"), str(HERE.parent / "reference")]

import generate  # noqa: E402
import parity_golden  # noqa: E402
from oracle import Oracle, ask_all  # noqa: E402
from psql_check import Scanner, left_open  # noqa: E402
from postgres_server import Server, find_programs  # noqa: E402

WORDS = {
    "comment": "comment never closed",
    "quote": "quote never closed",
    "identifier": "quoted identifier never closed",
    "dollar": "dollar quote never closed",
    "tag": "dollar-quote tag longer than 255 bytes",
    "copy": "COPY data never ended: no line \\. follows",
    "if": "\\if never ended: add \\endif",
    "parenthesis": "parenthesis never closed: add ')'",
    "atomic": "BEGIN ATOMIC never ended: add END",
    "statement": "statement never ended: add ';'",
    "restrict": "\\restrict never ended: add \\unrestrict",
    "q": "\\q ends the script: remove it",
    "elif": "\\elif without \\if",
    "else": "\\else without \\if",
    "endif": "\\endif without \\if",
    "nul": "NUL byte, where psql drops the rest of the line: remove it",
    "mark": "byte order mark: remove it, or use strip_bom",
}
SIGNS = {"⏎": "\n", "␀": "\0", "␉": "\t", "␋": "\v", "␌": "\f", "␍": "\r", "␣": " ",
         "⊳": "\ufeff"}
REPEATED = re.compile(r"«(.*?)×(\d+)»")
PSQL = re.compile(r"psql(<\d+)? (passes|stops): .")

Case = collections.namedtuple("Case", "number text expected exception")
Exception_ = collections.namedtuple("Exception_", "below harms")


def parse_case(number, line):
    parts = [part.strip(" ") for part in line.split("║")]
    text = REPEATED.sub(lambda m: m.group(1) * int(m.group(2)), parts[0])
    text = "".join(SIGNS.get(c, c) for c in text)
    expected = None
    if parts[1] != "ok":
        at, word = parts[1].split()
        expected = int(at), WORDS[word]
    exception = None
    if len(parts) > 2:
        below, verb = PSQL.match(parts[2]).groups()
        exception = Exception_(int(below[1:]) if below else None, verb == "stops")
    return Case(number, text, expected, exception)


def cases():
    lines = (HERE / "cases.txt").read_text(encoding="utf-8").split("\n")
    return [parse_case(number, line) for number, line in enumerate(lines, 1)
            if "║" in line and not line.startswith("#")]


class Counts:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, good, what, *details):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print("FAILED", what, *("\n    " + detail for detail in details), flush=True)

    def skip(self, why):
        self.skipped += 1
        print("skipped:", why)

    def line(self):
        tail = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{tail}"


def translated(text):
    return text.replace("\r\n", "\n").replace("\r", "\n")


def in_python(text, level="postgres"):
    return left_open(translated(text), level)


def by_command(command, texts, level="postgres"):
    """What the command finds in each: one process, since the texts are files of one list."""
    folder = tempfile.mkdtemp(prefix="confiture-psql-")
    try:
        for number, text in enumerate(texts):
            pathlib.Path(folder, "%06d.sql" % number).write_bytes(text.encode("utf-8"))
        # The last file of a list may leave its statement open.
        pathlib.Path(folder, "last.sql").write_bytes(b"select 1;\n")
        done = subprocess.run([command, "check", folder, "--check", level, "--no-notes"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        found = [None] * len(texts)
        for line in done.stdout.decode("utf-8").split("\n"):
            match = re.match(r"(?:.*/)?(\d{6})\.sql:(\d+): (.*)$", line)
            if match:
                found[int(match.group(1))] = int(match.group(2)), match.group(3)
        return found
    finally:
        shutil.rmtree(folder)


class Watched(Scanner):
    """Remembers what no lexer can know of the text."""

    unknown = joined = False
    sent_at = 0

    def send(self, position, reads_data=True):
        sent, self.sent_at = self.text[self.sent_at:position], position
        copies = self.buffer.copies or self.buffer.copy is not None
        self.joined = self.joined or bool(copies) and "\\;" in sent
        super().send(position, reads_data)

    def decide(self, branch, arguments):
        super().decide(branch, arguments)
        self.unknown = self.unknown or branch.unknown


def is_variable(text, finding, watched):
    return finding is None and watched.buffer.first is not None and watched.buffer.variables


def is_parted(text, finding, watched):
    return finding and finding[1] == WORDS["quote"] and left_open(text, "quotes") != finding


def is_refused(text, finding, watched):
    return finding and finding[1] == WORDS["copy"] and re.search(REST_OF_COPY, text, re.I | re.M)


# Of \copy, what is no COPY: the server refuses the line as a whole. The lexers do not parse SQL.
REST_OF_COPY = r"\\copy[^\n;]*\bstd(?:in|out)\b[^\n;]*;(?!\s*(?:$|--|/\*))[^\n]*$"
# (the reason why psql need not agree, the version of psql that does, whether it is one)
EXCEPTED = [
    ("a statement that is one variable, which may hold its end", None, is_variable),
    ("the server's lexer holds the string open, and psql sends it", None, is_parted),
    ("a \\copy that the server refuses, for what follows its ;", None, is_refused),
    ("a condition that only psql can know: all its branches are read", None,
     lambda text, finding, watched: watched.unknown),
    ("a COPY sent together with other statements, by \\;, that the server refuses", None,
     lambda text, finding, watched: watched.joined),
    ("the file of a \\i is not there: psql drops the rest of the line", None,
     lambda text, finding, watched: re.search(r"\\i\s+[^\s\\][^\n\\]*\\", text)),
    ("an editor that fails leaves the text, which is emptied from 18 on", 18,
     lambda text, finding, watched: re.search(r"\\e\b", text)),
    ("psql closes its own output at \\g ''", 16,
     lambda text, finding, watched: re.search(r"\\gx?[ \t\f]*''", text)),
]


def excepted(text, finding, version):
    """Why psql, whose variables are not set here, need not agree; or None."""
    watched = Watched(text)
    try:
        watched.scan()
    except Exception:
        pass
    for why, below, is_one in EXCEPTED:
        if (below is None or version < below * 100) and is_one(text, finding, watched):
            return why
    return None


class Suite:
    def __init__(self, options):
        self.options = options
        self.counts = Counts()
        self.oracle = None
        self.excepted = collections.Counter()

    def written(self):
        table = cases()
        texts = [case.text for case in table]
        places = [f"cases.txt:{case.number}: {case.text!r}" for case in table]
        for case, place in zip(table, places):
            found = in_python(case.text)
            self.counts.check(found == case.expected, place + " in Python",
                              f"expected {case.expected}", f"found {found}")
        if self.options.command:
            self.compare_lexers("written cases", texts, "quotes")
            found = by_command(self.options.command, texts)
            for case, place, finding in zip(table, places, found):
                self.counts.check(finding == case.expected, place + " in C",
                                  f"expected {case.expected}", f"found {finding}")
        if self.oracle:
            # Translated, as in a schema: to psql itself a lone CR is white space.
            harms = ask_all(self.oracle, [translated(text) for text in texts])
            for case, place, harm in zip(table, places, harms):
                expected = case.expected is not None
                exception = case.exception
                if exception and (exception.below is None or
                                  self.oracle.version < exception.below * 100):
                    expected = exception.harms
                self.counts.check(bool(harm) == expected, place + " by psql",
                                  f"expected {'harm' if expected else 'none'}",
                                  f"psql: {harm or 'no harm'}")
        print(f"{len(table)} written cases")

    def compare_lexers(self, kind, texts, level):
        for text, finding in zip(texts, by_command(self.options.command, texts, level)):
            expected = in_python(text, level)
            self.counts.check(finding == expected, f"{kind}, {level}: {text!r}",
                              f"Python: {expected}", f"C: {finding}")

    def compare(self, kind, texts):
        if not texts:
            return
        found = [in_python(text) for text in texts]
        if self.options.command:
            self.compare_lexers(kind, texts, "postgres")
            self.compare_lexers(kind, texts, "quotes")
        if self.oracle:
            harms = ask_all(self.oracle, [translated(text) for text in texts])
            for text, finding, harm in zip(texts, found, harms):
                good = bool(harm) == bool(finding)
                if not good:
                    why = excepted(translated(text), finding, self.oracle.version)
                    self.excepted[why] += 1 if why else 0
                    good = why is not None
                self.counts.check(good, f"{kind}: {text!r}", f"found {finding}",
                                  f"psql: {harm or 'no harm'}")
        print(f"{len(texts)} {kind}, {sum(1 for finding in found if finding)} with a finding")

    def run(self):
        self.written()
        options = self.options
        self.compare("random tokens", generate.tokens(options.generated, options.seed))
        self.compare("real files cut short",
                     generate.cut(real_files(), options.cut, options.seed))
        for why, count in self.excepted.items():
            if count:
                print(f"{count} excepted: {why}")


def real_files():
    """The golden data's trees where they are, else the example."""
    golden = parity_golden.folder(str(ROOT))
    place = pathlib.Path(golden).parent / "trees" if golden else ROOT / "examples"
    texts = []
    for path in sorted(place.rglob("*.sql")):
        if path.is_file():
            texts.append(translated(path.read_bytes().decode("utf-8", "replace")))
    return texts


def with_server(suite):
    programs, missing = find_programs()
    if suite.options.no_server or missing:
        suite.counts.skip("psql: " + (", ".join(missing) + " not in /usr/lib/postgresql or PATH"
                                      if missing else "--no-server"))
        suite.run()
        return
    folder = tempfile.mkdtemp(prefix="confiture-pg-", dir="/tmp")
    server = Server(folder, **programs)
    try:
        server.start("fsync=off", "synchronous_commit=off", "max_connections=60",
                     "jit=off", "autovacuum=off")
        suite.oracle = Oracle(server)
        print("psql", suite.oracle.version // 100, suite.oracle.version % 100)
        suite.run()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--command", type=os.path.abspath, help="the confiture command")
    parser.add_argument("--generated", type=int, default=2000, help="texts of random tokens")
    parser.add_argument("--cut", type=int, default=200, help="real files cut short")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-server", action="store_true", help="the lexers alone")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    suite = Suite(options)
    try:
        with_server(suite)
    except (RuntimeError, OSError, subprocess.SubprocessError) as problem:
        suite.counts.check(False, "PostgreSQL", str(problem))
    print(suite.counts.line())
    return 1 if suite.counts.failed else 0


if __name__ == "__main__":
    sys.exit(main())
