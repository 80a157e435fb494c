#!/usr/bin/env python3
"""confiture.h on Windows: built by mingw-w64, run by wine.

    tests/windows/windows.py [--all] [--trees N] [--seed S]

The inside of os_win32 (windows.c), the unit tests that do without POSIX, the golden trees or else
the bundled example, random trees against tests/reference, and the command. --all adds the unit
tests that take long under wine, and more threads. Where mingw-w64 or wine is missing it is
skipped. WINEPREFIX, if set, is used; else one is made, which takes half a minute, and removed.
"""

import argparse
import concurrent.futures
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[1:1] = [str(ROOT / "tests"), str(ROOT / "tests" / "parity"),
                 str(ROOT / "tests" / "reference")]

import confiture_reference as reference
import parity_golden
import parity_library
import parity_units
from parity_driver import Driver
from sandbox import Sandbox

COMPILER = "x86_64-w64-mingw32-gcc"
EXAMPLE = ROOT / "examples" / "jamshop" / "db" / "schema"
PATIENCE = 240  # seconds for one program
QUICK_SUITES = ["sha256", "block_cache", "text", "lexer", "path", "names", "ring", "memory", "walk",
                "explain"]
SLOW_SUITES = ["find", "scan", "limit", "build"]
POSIX_SUITES = ["confine", "output", "system", "refused"]


def find_wine():
    for place in ("wine64", "/usr/lib/wine/wine64", "wine"):
        found = shutil.which(place)
        if found:
            return found
    return None


class Skipped(Exception):
    pass


class Windows:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.wine = find_wine()
        self.environment = dict(os.environ, WINEDEBUG="-all", SOURCE_DATE_EPOCH="1767225600")
        self.environment.setdefault("WINEPREFIX", str(folder / "prefix"))
        self.sandbox = Sandbox()
        self.passed = self.failed = self.skipped = 0

    # ---- counting

    def check(self, what, action, *arguments):
        try:
            action(*arguments)
            self.passed += 1
        except Skipped as reason:
            self.skip("%s: %s" % (what, reason))
        except Exception as error:
            self.failed += 1
            print("FAILED %s: %s" % (what, str(error)[:1500] or repr(error)), flush=True)

    def skip(self, reason):
        self.skipped += 1
        print("skipped: " + reason, flush=True)

    # ---- programs

    def start_wine(self):
        """The prefix first, by a program that only ends: two programs that find none make it at the
        same time, and one of them may fail. Then one program that waits, all the time: with it stay
        the services, which take long to start, and would keep the pipes of whoever starts them."""
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL,
                 "env": self.environment}
        for attempt in range(3):
            done = subprocess.run([self.wine, "cmd", "/c", "exit"], stdin=subprocess.DEVNULL,
                                  timeout=PATIENCE, **quiet)
            if done.returncode == 0:
                break
            print("wine: ended with status %d at its start %d" % (done.returncode, attempt + 1))
        else:
            raise AssertionError("wine does not start")
        self.keeper = subprocess.Popen([self.wine, "cmd"], stdin=subprocess.PIPE, **quiet)

    def end_wine(self):
        """What still runs in a prefix of our own is stopped, so that the prefix can be removed."""
        self.keeper.stdin.close()
        self.keeper.wait(PATIENCE)
        server = os.path.join(os.path.dirname(os.path.realpath(self.wine)), "wineserver64")
        if "WINEPREFIX" not in os.environ and os.path.exists(server):
            subprocess.run([server, "-k", "-w"], env=self.environment, timeout=PATIENCE)

    def compile(self, name, sources, compiler=COMPILER):
        program = self.folder / (name + ".exe")
        done = subprocess.run([compiler, "-O1", "-static", "-I.", '-DCFT_HEADER="confiture.h"',
                               *sources, "-o", program, "-pthread"], cwd=ROOT,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            raise AssertionError(done.stdout.decode(errors="replace"))
        return program

    def run(self, program, *arguments, cwd=None, stdin=b"", env=()):
        return subprocess.run([self.wine, program, *arguments], cwd=cwd, input=stdin,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE,
                              env=dict(self.environment, **dict(env)))

    def suites(self, program, *arguments):
        """A C program of tests: its last line is the total, and it says what it skips."""
        done = self.run(program, *arguments)
        output = done.stdout.decode(errors="replace").replace("\r", "")
        total = re.match(r"(\d+) passed, (\d+) failed$", (output.splitlines() or [""])[-1])
        for line in output.splitlines():
            if line.startswith("skipped: "):
                self.skip(line[len("skipped: "):])
        if not total or done.returncode:
            raise AssertionError("status %d: %s%s" % (done.returncode, output,
                                                      done.stderr.decode(errors="replace")))
        self.passed += int(total[1]) - 1  # check() counts one

    def build_all(self):
        units = "tests/unit/main.c"
        command = sorted(str(p.relative_to(ROOT)) for p in
                         (ROOT / "examples" / "confiture").glob("*.c"))
        plan = {"confiture": (command,), "driver": (["tests/parity/driver.c"],), "unit": ([units],)}
        for model in ("posix", "win32"):
            compiler = COMPILER + "-" + model
            if shutil.which(compiler):
                plan["windows-" + model] = (["tests/windows/windows.c"], compiler)
            else:
                self.skip("the thread model: %s is not installed" % compiler)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as executor:
            jobs = {name: executor.submit(self.compile, name, *how) for name, how in plan.items()}
        self.programs = {}
        for name, job in jobs.items():
            self.check("building %s.exe" % name,
                       lambda: self.programs.__setitem__(name, job.result()))

    def all(self):
        self.build_all()
        for name, program in sorted(self.programs.items()):
            if name.startswith("windows"):
                self.check(name + ".c", self.suites, program)
        if "unit" in self.programs:
            wanted = QUICK_SUITES + (SLOW_SUITES if self.options.all else [])
            if not self.options.all:
                self.skip("unit tests %s: slow under wine; --all runs them" % ", ".join(SLOW_SUITES))
            self.skip("unit tests %s: about links, modes and limits of POSIX, which wine does not "
                      "show or Windows does not have" % ", ".join(POSIX_SUITES))
            for suite in wanted:
                self.check("unit " + suite, self.suites, self.programs["unit"], suite)
        if "driver" in self.programs:
            driver = WineDriver(self)
            Library(self, driver).all()
            self.check("the driver's end", driver.close)
        if "confiture" in self.programs:
            Command(self).all()
        self.sandbox.close()


class WineDriver(Driver):
    """The library knows the root as drive Z:."""

    def __init__(self, windows):
        super().__init__(windows.programs["driver"])
        self.windows = windows

    def start(self):
        self.rest = b""
        self.process = subprocess.Popen([self.windows.wine, self.path], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/",
                                        env=self.windows.environment)

    def requests(self, several):
        answers = super().requests(several)
        for (op, *_), answer in zip(several, answers):
            if answer.error:
                answer.error.path = answer.error.path.replace("Z:/", "/")
                answer.error.message = answer.error.message.replace("Z:/", "/")
            if op in ("find", "list", "check"):
                answer.fields = [field.replace(b"Z:/", b"/") for field in answer.fields]
        return answers


WORDS = ["a", "b", "a-b", "a b", ".h", "10_x", "0A_y", "FF_seed", "seeds", "\u00e9", "\u65e5\u672c",
         "\U0001f600", "x.y", "aux", "con", "dot.", "\u00e4 \u00f6"]
TEXTS = [b"", b"SELECT 1;", b"SELECT 1;\n", b"a\r\nb\r\n", b"a\rb", b"\xef\xbb\xbfSELECT 'x';\r\n",
         "SELECT '\u00e9\u65e5';\n".encode(), b"/* c */\n" * 9000, b"x\r" * 40000]


class Library:
    """By tests/parity/driver.c, for what the parity test asks on POSIX systems."""

    def __init__(self, windows, driver):
        self.windows, self.driver = windows, driver
        self.check = windows.check

    def all(self):
        golden = parity_golden.folder(str(ROOT))
        rng = random.Random(self.windows.options.seed)
        if golden:
            for case in parity_golden.trees(golden):
                for threads in (1, 4) if self.windows.options.all else (1,):
                    self.check("golden tree %s, %d threads" % (case.name, threads),
                               parity_library.check_tree, self.driver, case, threads)
            parity_units.check_golden(self.driver, golden, rng, self.windows)
            linked = 0
            for case in parity_golden.build_cases(golden, self.windows.sandbox):
                if case.entry["links"]:
                    linked += 1
                else:
                    self.check("golden " + case.name, parity_library.check_build, self.driver, case,
                               rng)
            if linked:
                self.windows.skip("%d golden builds: wine shows links as what they lead to" % linked)
        else:
            self.windows.skip("the golden data: neither ../shared/golden nor CONFITURE_GOLDEN is "
                              "there")
        self.check("the example", self.compare, EXAMPLE, [])
        for number in range(self.windows.options.trees):
            self.check("random tree %d (--seed %s)" % (number, self.windows.options.seed),
                       self.random_tree, random.Random("%s:%d" % (self.windows.options.seed, number)))

    def random_tree(self, rng):
        sandbox = self.windows.sandbox
        root = sandbox.fresh()
        folders = [""]
        for _ in range(rng.randrange(1, 8)):
            folder = (rng.choice(folders) + rng.choice(WORDS) + "/").lstrip("/")
            if folder not in folders:
                sandbox.directory(folder[:-1])
                folders.append(folder)
        paths = set()
        for _ in range(rng.randrange(1, 30)):
            path = rng.choice(folders) + rng.choice(WORDS) + rng.choice([".sql", ".sql", ".txt"])
            if path not in paths:
                paths.add(path)
                sandbox.file(path, rng.choice(TEXTS))
        if not any(path.endswith(".sql") for path in paths):
            sandbox.file("one.sql", b"SELECT 1;\n")
        self.compare(pathlib.Path(root), [("sort", rng.choice(["path", "hex"])),
                                          ("threads", rng.choice([1, 2, 8])),
                                          ("io", rng.choice(["auto", "read", "mmap", "ring"]))])

    def compare(self, root, pairs):
        """The list, both digests, the manifest and every style."""
        expect, succeed = parity_golden.expect, parity_library.succeed
        hex_sort = ("sort", "hex") in pairs
        files = reference.find([reference.Directory(str(root))], [], "hex" if hex_sort else "path")
        found = succeed(self.driver, "find", ("dir", str(root)), *pairs)
        expect(found[0].decode(), str(root), "base")
        expect([n.decode() for n in found[2::3]], list(files.names), "names")
        run = [pair for pair in pairs if pair[0] != "sort"]
        expect(succeed(self.driver, "hash", *run)[0].decode(), reference.hash_stream(files), "stream")
        expect(succeed(self.driver, "hash", ("kind", "tree"), *run)[0].decode(),
               reference.hash_tree(files), "tree digest")
        expect(succeed(self.driver, "hash", ("kind", "text"), *run)[0].decode(),
               reference.hash_text(files), "text digest")
        expect([f.decode() for f in succeed(self.driver, "manifest", *run)],
               [str(part) for entry in reference.manifest(files) for part in entry], "manifest")
        for style in ("block_comment", "line_comment", "mysql", "none"):
            built = succeed(self.driver, "build", ("separator", style), ("check", "quotes"), *run)
            expect(built[1], reference.build(files, style, check="quotes"), style)


class Command:
    """What the command does, and how it says that it cannot."""

    def __init__(self, windows):
        self.windows, self.sandbox = windows, windows.sandbox
        self.program = windows.programs["confiture"]

    def run(self, *arguments, code=0, output=None, error=None, cwd=None, stdin=b"", env=()):
        done = self.windows.run(self.program, *arguments, cwd=cwd or self.sandbox.tree, stdin=stdin,
                                env=env)
        if b"\r" in done.stderr or done.returncode != code or \
                output is not None and done.stdout != output or \
                error is not None and done.stderr != error.encode():
            raise AssertionError("%r\n    status %d, %r, %r\n    wanted %r, %r, %r" % (
                arguments, done.returncode, done.stdout[:300], done.stderr[:300], code, output,
                error))
        return done.stdout

    def holds(self, path, data):
        with open(os.path.join(self.sandbox.tree, path), "rb") as file:
            if file.read() != data:
                raise AssertionError("%s holds something else" % path)

    def leaves(self, *names):
        """Exactly these are in the directory: no temporary file, for one."""
        here = sorted(os.listdir(self.sandbox.tree))
        if here != sorted(names):
            raise AssertionError("there are %r" % here)

    def all(self):
        for name in sorted(dir(self)):
            if name.startswith("check_"):
                self.sandbox.fresh()
                self.windows.check("command: " + name[6:].replace("_", " "), getattr(self, name))
        self.windows.skip("command, Ctrl-C: wine has no console without a display to send it from")

    def check_example(self):
        files = reference.find([reference.Directory(str(EXAMPLE))])
        body, digest = reference.build(files), reference.hash_stream(files)
        names = "".join(name + "\n" for name in files.names).encode()
        windows = "Z:" + str(EXAMPLE).replace("/", "\\")
        for path in (str(EXAMPLE), windows, "examples\\jamshop/db\\schema\\"):
            self.run("list", path, output=names, cwd=ROOT)
            if not self.run("hash", path, cwd=ROOT).startswith(digest.encode() + b"  "):
                raise AssertionError("another hash")
        self.run("build", windows, output=body, error="")
        self.run("build", windows, "--header", "--environment", "golden", "--timestamp", "2026",
                 output=reference.build(files, header=("golden", "2026")))
        self.run("build", windows, "--header", "--environment", "e", output=reference.build(
            files, header=("e", "2026-01-01T00:00:00")))  # SOURCE_DATE_EPOCH
        self.run("check", windows, output=b"", error="confiture: %d files checked, 0 findings, 0 notes\n" %
                 len(files.names))
        sums = b"".join(b"%s  %s\n" % (entry[1].encode(), name.encode())
                        for entry, name in zip(reference.manifest(files), files.names))
        self.run("list", windows, "--digests", output=sums)

    def check_newlines(self):
        self.sandbox.directory("s")
        self.sandbox.file("s/a.sql", b"SELECT 1;\r\nSELECT 2;\rSELECT 3;")
        body = b"SELECT 1;\nSELECT 2;\nSELECT 3;\n"
        self.run("build", "s", "--separator", "none", output=body)
        self.run("build", "s", "--separator=none", "-o", "out.sql")
        self.holds("out.sql", body)
        verify = ["build", "s", "--separator=none", "-o", "out.sql", "--verify"]
        self.run(*verify, "-q", output=b"", error="")
        os.unlink(self.sandbox.inside("s/a.sql"))
        self.sandbox.file("s/a.sql", b"SELECT 1;\r\nSELECT 3;\r\n")
        self.run(*verify, code=1, error="confiture: out.sql:2: out of date: s/a.sql:2 differs\n")
        self.run("build", "s", "-o", "none.sql", "--verify", code=1,
                 error="confiture: none.sql: out of date: missing\n")
        self.leaves("s", "out.sql")

    def check_unicode_names(self):
        folder = "\u00e9 \u65e5\u672c"
        self.sandbox.directory(folder)
        self.sandbox.file(folder + "/\U0001f600.sql", b"SELECT 1;\n")
        self.run("list", folder, output="\U0001f600.sql\n".encode())
        self.run("list", ".", output=(folder + "/\U0001f600.sql\n").encode())
        self.run("build", folder, "-q", "--separator", "none", "-o", folder + "\\\u00fc.sql",
                 output=b"")
        self.holds(folder + "/\u00fc.sql", b"SELECT 1;\n")
        self.sandbox.file("list", (folder + "/\U0001f600.sql\0").encode())
        self.run("list", "--files0-from", "list", output=(folder + "/\U0001f600.sql\n").encode())
        self.run("list", "--files0-from=-", stdin=(folder + "\\\U0001f600.sql\0").encode(),
                 output=(folder + "/\U0001f600.sql\n").encode())
        self.run("list", "\u00fc", code=2, error="confiture: \u00fc: no such file or directory\n")

    def check_long_paths(self):
        folder = "/".join(letter * 120 for letter in "abcdefgh")
        self.sandbox.directory(folder)
        self.sandbox.file(folder + "/x.sql", b"SELECT 1;\n")
        self.run("list", ".", output=(folder + "/x.sql\n").encode())
        self.run("list", folder, output=b"x.sql\n")
        self.run("build", ".", "-q", "--separator", "none", "-o", folder + "/out.sql")
        self.holds(folder + "/out.sql", b"SELECT 1;\n")
        self.sandbox.file("list", (folder + "/x.sql\0").encode())
        self.run("check", "-q", "--files0-from", "list", output=b"", error="")
        self.run("list", folder + "/missing", code=2)

    def check_replacing(self):
        self.sandbox.directory("s")
        self.sandbox.directory("d")
        self.sandbox.file("s/a.sql", b"SELECT 1;\n")
        self.sandbox.file("d/out.sql", b"something else, and longer")
        build = ["build", "s", "-q", "--separator", "none", "-o", "d/out.sql"]
        out = os.path.join(self.sandbox.tree, "d/out.sql")
        before = os.stat(out).st_ino
        self.run(*build, "--sync")
        self.holds("d/out.sql", b"SELECT 1;\n")
        if os.stat(out).st_ino == before:
            raise AssertionError("written in place")
        times = os.stat(out).st_mtime_ns, os.stat(out).st_ino
        self.run(*build, "--if-changed")
        if times != (os.stat(out).st_mtime_ns, os.stat(out).st_ino):
            raise AssertionError("not left alone")
        self.run("build", "s", "-q", "-o", "NUL", output=b"", error="")
        self.run("build", "s", "-q", "-o", "s/OUT.sql")
        self.run("list", "s", output=b"OUT.sql\na.sql\n")
        self.run("build", "s", "-q", "--separator", "none", "-o", "s\\out.SQL")  # the same file
        names = [name for name in os.listdir(os.path.join(self.sandbox.tree, "s"))]
        if len(names) != 2:
            raise AssertionError("there are %r" % names)
        self.holds("s/" + [n for n in names if n.lower() == "out.sql"][0], b"SELECT 1;\n")
        if os.listdir(os.path.join(self.sandbox.tree, "d")) != ["out.sql"]:
            raise AssertionError("something is left in d")
        self.leaves("s", "d")

    def check_errors(self):
        for path, data in (("bad/a.sql", b"ok\n\xff"), ("open/b.sql", b"\n'"),
                           ("good/c.sql", b"SELECT 1;\n")):
            self.sandbox.directory(path.split("/")[0])
            self.sandbox.file(path, data)
        self.sandbox.file("old.sql", b"old")
        for folder, code, error in (
                ("bad", 1, "bad/a.sql:2: not valid UTF-8, byte 3"),
                ("open", 1, "open/b.sql:2: quote never closed"),
                ("missing", 2, "missing: no such file or directory"),
                ("old.sql", 2, "old.sql: is one of the FILEs and the output: expected another "
                               "output")):
            self.run("build", folder, "-o", "old.sql", code=code, output=b"",
                     error="confiture: %s\n" % error)
        for output, error in (("good", "good: is a directory"),
                              ("missing/x.sql", "missing/x.sql: its directory is missing: no such "
                               "file or directory"),
                              ("x.sql:stream", "x.sql:stream: not a valid file name")):
            self.run("build", "good", "-o", output, code=2, output=b"",
                     error="confiture: %s\n" % error)
        self.run("check", "bad", "open", code=1, output=b"bad/a.sql:2: not valid UTF-8, byte 3\n"
                 b"open/b.sql:2: quote never closed\n")
        self.run("list", "--files0-from", "absent", code=2,
                 error="confiture: absent: no such file or directory\n")
        self.run("hash", "--files0-from=-", stdin=b"NUL\0", code=2, output=b"",
                 error="confiture: NUL: is a FIFO, socket or device, not a regular file\n")
        self.run("list", "--files0-from=-", stdin=b"\xff.sql\0", code=1, output=b"")
        self.run("build", "good", "--split", "x", "--environment", "a\\b", code=2, output=b"")
        self.holds("old.sql", b"old")
        self.leaves("bad", "open", "good", "old.sql")

    def check_patterns(self):
        """An argument with a star is a pattern of ours, and no list of files."""
        self.sandbox.directory("s/t")
        for name in ("x.sql", "s/a.sql", "s/t/b.sql", "s/t/c.txt"):
            self.sandbox.file(name, b"SELECT 1;\n")
        self.run("list", "s", "--include", "*.sql", output=b"a.sql\nt/b.sql\n")
        self.run("list", "s", "--include", "t\\*.sql", output=b"t/b.sql\n")
        self.run("list", "s", "--include", "*.SQL", code=2)
        self.run("list", "s", "--exclude", "t\\b*", output=b"a.sql\n")
        self.run("list", ".", "--exclude-dir", ".\\s\\t", output=b"s/a.sql\nx.sql\n")
        self.run("list", "s\\t", "--base", ".", output=b"s/t/b.sql\n")
        self.run("list", "s/t", "s", "--unique", output=b"a.sql\nt/b.sql\n")

    def check_limits(self):
        self.sandbox.directory("s/d")
        self.sandbox.directory("t")
        self.sandbox.file("s/d/a.sql", b"SELECT 1;\n")
        build = ["build", "s", "-q", "--separator", "none"]
        for base in ([], ["--base", "."], ["--base", ".\\s\\"]):
            self.run(*build, "--confine", *base, output=b"SELECT 1;\n")
        self.run(*build, "--confine", "--base", "t", code=2, output=b"",
                 error="confiture: s: the directory is not below the base directory\n")
        self.sandbox.file("list", b"s/d/a.sql\0s\\d\\..\\d\\a.sql\0")
        self.run("list", "--files0-from", "list", "--confine", "--base", "s",
                 output=b"d/a.sql\nd/../d/a.sql\n")
        self.run(*build, "--max-file-size", "10", output=b"SELECT 1;\n")
        self.run(*build, "--max-file-size", "9", code=2, output=b"",
                 error="confiture: s/d/a.sql: larger than the limit of 9 bytes\n")

    def check_split(self):
        self.sandbox.directory("db/0")
        self.sandbox.directory("out")
        self.sandbox.file("db/0/r.sql", b"R\r\n")
        self.sandbox.file("db/a.sql", b"A")
        self.run("build", "db", "-q", "--split", "out\\", "--pre", "db\\0", "--separator", "none")
        self.holds("out/schema_local_superuser_pre.sql", b"R\n")
        self.holds("out/schema_local_app.sql", b"A\n")
        self.holds("out/schema_local_superuser_post.sql", b"")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--all", action="store_true", help="what takes long under wine as well")
    parser.add_argument("--trees", type=int, default=30, help="random trees")
    parser.add_argument("--seed", default=str(random.SystemRandom().randrange(10 ** 9)))
    options = parser.parse_args()
    for what, there in ((COMPILER, shutil.which(COMPILER)), ("wine", find_wine())):
        if not there:
            print("skipped: %s is not installed\n0 passed, 0 failed, 1 skipped" % what)
            return 0
    folder = tempfile.mkdtemp(prefix="confiture-windows-")
    try:
        windows = Windows(options, pathlib.Path(folder))
        windows.check("wine starts", windows.start_wine)
        if not windows.failed:
            try:
                windows.all()
            finally:
                windows.check("wine ends", windows.end_wine)
    finally:
        # A service that ends late may still write into the prefix.
        shutil.rmtree(folder, ignore_errors=True)
    print("%d passed, %d failed, %d skipped" % (windows.passed, windows.failed, windows.skipped))
    return 1 if windows.failed or not windows.passed else 0


if __name__ == "__main__":
    sys.exit(main())
