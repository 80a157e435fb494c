#!/usr/bin/env python3
"""Compile confiture.h in every way in which a project might, without a warning, and run it.

    tests/compile/compile.py            a quick choice of the combinations
    tests/compile/compile.py --all      all of them
    tests/compile/compile.py --list     their names only

Each combination of compiler, language standard, header (confiture.h or the spine) and way of
including it is one check. Where there is a program, it builds the bundled example and must
print the digest that Python computes. A compiler that is missing is skipped and named.
"""

import argparse
import concurrent.futures
import hashlib
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading

import compile_snippets as snippets
import compile_ways as ways

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "examples" / "jamshop"
HEADER, SPINE = "confiture.h", "src/confiture-in.h"
WARNINGS = ("-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef "
            "-Wcast-qual -Wredundant-decls -Werror").split()
C_WARNINGS = ["-Wstrict-prototypes", "-Wdeclaration-after-statement"]
FORBIDDEN_CALLS = re.compile(
    r"(v?[fsd]?n?printf|f?puts|fopen|fwrite|fread|perror|_?exit|_Exit|abort|signal|sigaction|raise|"
    r"setlocale|getenv|setenv|time|gettimeofday|rand|strtok|strerror)(_chk|64)?$")


class Failure(Exception):
    pass


def run(command, cwd=None):
    command = [str(word) for word in command]
    done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300)
    output = done.stdout.decode("utf-8", "replace")
    if done.returncode:
        beginning = "\n".join(output.rstrip().split("\n")[:30])
        raise Failure(f"{' '.join(command)}\nexit status {done.returncode}\n{beginning}")
    return output


class Compiler:
    """gnu: it takes gcc's options. emulator: what runs its programs here; without one those for
    Windows are not run."""

    def __init__(self, command, standards, cxx=False, gnu=True, extra=(), emulator=None):
        self.windows = "mingw32" in command
        self.command, self.cxx, self.gnu = command, cxx, gnu
        self.extra, self.emulator = list(extra), emulator
        self.wanted, self.standards, self.missing = standards, [], None

    def probe(self, folder):
        """Finds out which of the standards it knows, or why it cannot be used."""
        for program in filter(None, (self.command, self.emulator)):
            if not shutil.which(program):
                self.missing = f"{program} is not installed"
                return
        source = self.source(folder, 0, ways.text("main-unused"))
        for names in self.wanted:
            for name in names.split("|"):
                try:
                    run([self.command, *self.extra, f"-std={name}", source, "-o", folder / "probe"])
                    self.standards.append(name)
                    break
                except Failure as failure:
                    self.missing = "; ".join(str(failure).split("\n")[1:3])
        if self.standards:
            self.missing = None

    @property
    def iso(self):
        return [name for name in self.standards if not name.startswith("gnu")]

    def flags(self, standard=None, header=HEADER, optimize="-O0"):
        flags = [f"-std={standard or self.standards[0]}", f'-DHEADER="{header}"', "-I", ROOT]
        if not self.gnu:
            return [*flags, "-Wall", "-Werror"]
        return [*flags, optimize, *WARNINGS, *([] if self.cxx else C_WARNINGS)]

    def source(self, folder, number, text):
        path = folder / f"file{number}.{'cpp' if self.cxx else 'c'}"
        path.write_text(text)
        return path

    def compile(self, folder, text, flags, output="file.o"):
        """One file to an object, or with output=None only looked at. What was printed."""
        source = self.source(folder, 0, text)
        to = ["-c", "-o", folder / output] if output else []
        return run([self.command, *self.extra, *flags, source, *to])

    def build(self, folder, texts, flags):
        """The command that runs the program."""
        sources = [self.source(folder, number, text) for number, text in enumerate(texts)]
        program = folder / ("program.exe" if self.windows else "program")
        run([self.command, *self.extra, *sources, *flags, "-o", program])
        if self.windows and not self.emulator:
            return None
        return [self.emulator, program] if self.emulator else [program]


def compilers(everything):
    c = ["c99", "c11", "c17", "c23|c2x"]
    cxx = ["c++11", "c++14", "c++17", "c++20", "c++23|c++2b"]
    if everything:
        c += ["gnu99", "gnu11", "gnu17", "gnu23|gnu2x"]
        cxx += ["gnu++17"]
    result = [
        Compiler("gcc", c),
        Compiler("clang", c),
        Compiler("g++", cxx, cxx=True),
        Compiler("clang++", cxx, cxx=True),
        Compiler("tcc", ["c99", "c11"], gnu=False),
        Compiler("musl-gcc", ["c99", "c17"]),
    ]
    if everything:
        # Another word size, and the other kernels.
        for machine, emulator in (("i686", "i386"), ("aarch64", "aarch64")):
            result.append(Compiler(f"{machine}-linux-gnu-gcc", ["c99", "c17"], extra=["-static"],
                                   emulator=f"qemu-{emulator}"))
        # Their programs are not run here: wine takes its time, and tests/windows/windows.py.
        result.append(Compiler("x86_64-w64-mingw32-gcc", ["c99"], extra=["-static"]))
        result.append(Compiler("x86_64-w64-mingw32-g++", ["c++11"], cxx=True, extra=["-static"]))
    return result


def expected_output():
    """The number of the example's files, and their stream digest."""
    base = EXAMPLE / "db" / "schema"
    files = sorted(base.rglob("*.sql"))
    stream = hashlib.sha256()
    for path in files:
        stream.update(path.relative_to(base).as_posix().encode() + b"\0")
        stream.update(path.read_bytes() + b"\0")
    return f"{len(files)} {stream.hexdigest()}\n"


def example_programs(everything):
    """The programs that a user is shown first, as (name, text): one, or all of them."""
    names = ["minimal", "host"] if everything else ["minimal"]
    programs = [(f"examples/{name}.c", (ROOT / "examples" / f"{name}.c").read_text())
                for name in names]
    if everything:
        programs += [("README.md", text) for _, text in snippets.readme_snippets()
                     if snippets.is_program(text)]
        programs.append(("the manual's shortest use", snippets.shortest_use()[1]))
    return programs


class Matrix:
    def __init__(self, everything, folder):
        self.everything = everything
        self.folder = folder
        self.expected = expected_output()
        self.checks = []  # (name, function of a folder of its own)

    def add(self, name, function, *arguments):
        self.checks.append((name, lambda folder: function(folder, *arguments)))

    def run_demo(self, command, way="first"):
        if command is None:
            return
        output = run([*command, EXAMPLE / "db" / "schema"]).replace("\r\n", "\n")  # Windows' stdio
        expected = "unused\n" if way == "static-unused" else self.expected
        if output != (expected * 2 if way == "static-in-two" else expected):
            raise Failure(f"printed {output!r}, not {expected!r}")

    # ---- programs ----

    def add_program(self, compiler, standard, header, way, optimize="-O0"):
        def check(folder):
            flags = compiler.flags(standard, header, optimize)
            flags += [] if way in ways.NO_THREADS else ["-pthread"]
            texts = [ways.text(pieces) for pieces in ways.WAYS[way]]
            self.run_demo(compiler.build(folder, texts, flags), way)

        level = [optimize] if compiler.gnu else []
        self.add(" ".join([compiler.command, f"-std={standard}", *level, header, way]), check)

    def add_look(self, compiler, standard, way):
        """Its warnings alone: no program is made."""
        def check(folder):
            for pieces in ways.WAYS[way]:
                compiler.compile(folder, ways.text(pieces),
                                 [*compiler.flags(standard), "-fsyntax-only"], output=None)

        self.add(f"{compiler.command} -std={standard} -fsyntax-only {way}", check)

    def add_programs(self, compiler):
        for standard in compiler.standards:
            for way in ways.WAYS:
                if not self.is_wanted(compiler, standard, way):
                    continue
                if self.is_run(compiler, standard, way):
                    self.add_program(compiler, standard, HEADER, way)
                else:
                    self.add_look(compiler, standard, way)
            if self.everything:
                self.add_program(compiler, standard, SPINE, "first")
        # Some warnings need the optimizer's eyes.
        levels = ["-O2"] if compiler.gnu and self.everything else []
        if self.everything and compiler.command in ("gcc", "clang"):
            levels = ["-O1", "-O2", "-O3", "-Os"]
        for level in levels:
            self.add_program(compiler, compiler.standards[0], SPINE, "late", level)

    def is_wanted(self, compiler, standard, way):
        oldest, newest = compiler.iso[0], compiler.iso[-1]
        if compiler.cxx and way in ways.C_ONLY or not compiler.windows and way in ways.WINDOWS_ONLY:
            return False
        if self.everything:
            # musl-gcc and the cross compilers are gcc: its newest standard is looked at there.
            is_gcc = compiler.emulator or compiler.command == "musl-gcc"
            return (standard == oldest or way in ways.MIDDLE
                    or standard == newest and not is_gcc)
        if standard == oldest:
            quick = ways.WAYS if compiler.command == "tcc" else ways.QUICK.get(compiler.command, ())
            return way == "late" or way in quick
        return way == "first" and standard == newest

    def is_run(self, compiler, standard, way):
        """Whether a program is made, or only the warnings are looked at, which takes half the
        time. With --all each way is run under the oldest standard, and under the others those that
        depend on it. tcc runs them all."""
        if not compiler.gnu:
            return True
        if self.everything:
            return way in ways.MIDDLE or standard == compiler.iso[0] and not compiler.windows
        return way in ways.QUICK_RUN or way == "first" and standard == compiler.iso[-1]

    def add_mixed(self, c, cxx):
        """The header in one language, its implementation in the other."""
        def check(folder, implementing, using):
            implementing.compile(folder, ways.text("implement"), implementing.flags(), "a.o")
            using.compile(folder, ways.text("declare main"), using.flags(), "b.o")
            run([cxx.command, folder / "a.o", folder / "b.o", "-o", folder / "program", "-pthread"])
            self.run_demo([folder / "program"])

        self.add(f"{cxx.command} program, {c.command} implementation", check, c, cxx)
        self.add(f"{c.command} program, {cxx.command} implementation", check, cxx, c)

    def add_dialects(self, compiler):
        """Options that change what C means, or what the optimizer sees."""
        def check(folder, options):
            flags = [*compiler.flags(optimize="-O2"), *options, "-pthread"]
            self.run_demo(compiler.build(folder, [ways.text("implement main")], flags))

        choices = ["-funsigned-char", "-fshort-enums", "-flto", "-march=native", "-fno-builtin"]
        if compiler.cxx:
            choices = ["-fno-exceptions -fno-rtti"]
        for options in choices:
            self.add(f"{compiler.command} {options}", check, options.split())

    def add_msvc(self):
        """clang with the rules and predefined macros of Microsoft's compiler, and without its own, so
        that it reads the code for that compiler. The system's headers are those of msvc/, which hold
        what the library uses of them. Microsoft's compiler itself is not run."""
        machines = {"x86_64": ["-msha", "-msse4.1", "-mssse3", "-mpopcnt"], "i686": ["-msse2"],
                    "aarch64": []}
        switches = ["", "-DCONFITURE_STATIC", "-DCONFITURE_NO_SIMD -DCONFITURE_NO_THREADS"]

        def check(folder, machine, language, switch):
            source = folder / f"file.{language}"
            source.write_text(ways.text("implement main-unused").replace("#include <stdio.h>\n",
                                                                         "int puts(const char *);\n"))
            run(["clang", f"--target={machine}-pc-windows-msvc", "-U__clang__", "-fms-extensions",
                 "-fms-compatibility-version=19.39", "-nostdlibinc", "-isystem",
                 ROOT / "tests" / "compile" / "msvc", "-I", ROOT, f'-DHEADER="{HEADER}"',
                 *WARNINGS, "-Wno-unused-function", *machines[machine], *switch.split(),
                 "-fsyntax-only", source])

        for machine in machines:
            for language in ("c", "cpp"):
                for switch in switches:
                    name = " ".join(filter(None, ["clang as MSVC", machine, language, switch]))
                    if self.everything or (machine, language, switch) == ("x86_64", "c", ""):
                        self.add(name, check, machine, language, switch)

    # ---- what it leaves behind ----

    def add_symbols(self, compiler):
        optimize = "-O1" if self.everything else "-O0"
        prototype = r"^CONFITURE_API [^;(]*?\b(confiture_\w+)\("
        declared = set(re.findall(prototype, (ROOT / "src" / "public" / "api.h").read_text(), re.M))

        def symbols(folder, pieces):
            # Not as for a shared library: tables of pointers would count as data that changes.
            compiler.compile(folder, ways.text(pieces),
                             [*compiler.flags(optimize=optimize), "-fno-pic"])
            return [line.split()[-2:] for line in run(["nm", folder / "file.o"]).splitlines()]

        def implementation(folder):
            found = symbols(folder, "implement")
            exported = {name for kind, name in found if kind in "TDBRCVWu"}
            problems = {
                "declared in api.h but not defined": sorted(declared - exported),
                "exported but not declared in api.h": sorted(exported - declared),
                "mutable globals besides the feature mask":
                    [name for kind, name in found if kind in "dDbBC" and "cpu" not in name],
                "calls of stdio, exit, signal, locale, clock or environment":
                    [name for kind, name in found if kind == "U" and FORBIDDEN_CALLS.match(name)],
            }
            lines = [f"{what}: {names}" for what, names in problems.items() if names]
            if lines:
                raise Failure("\n".join(lines))

        def private(folder):
            found = symbols(folder, "static implement")
            exported = [name for kind, name in found if kind in "TDBRCVWu"]
            if exported:
                raise Failure(f"CONFITURE_STATIC exports {exported}")

        self.add(f"{compiler.command}: the symbols of an implementation", implementation)
        self.add(f"{compiler.command}: CONFITURE_STATIC exports nothing", private)

    def add_macros(self, compiler, header):
        """-dD shows each #define and #undef where it happens: ours must be undone, except
        CONFITURE_, and nobody else's. amalgamate.py undoes those of the spine."""
        undone = set(re.findall(r"^#undef (CFTI_\w+)$", (ROOT / HEADER).read_text(), re.M))
        ours = re.compile(r"confiture[^/]*\.h$|/src/[^/]+(/[^/]+)?$")

        def check(folder, pieces):
            flags = [flag for flag in compiler.flags(header=header) if flag != "-Werror"]
            output = compiler.compile(folder, ways.text(pieces), [*flags, "-E", "-dD"], output=None)
            here, defined, taken = False, set(), set()
            for line in output.splitlines():
                mark = re.match(r'# \d+ "(.*)"', line)
                macro = re.match(r"#(define|undef) (\w+)", line)
                if mark:
                    here = bool(ours.search(mark[1]))
                elif macro and here and macro[1] == "define":
                    defined.add(macro[2])
                elif macro and here:
                    if not macro[2].startswith(("CFTI_", "CONFITURE_")) and macro[2] not in defined:
                        taken.add(macro[2])
                    defined.discard(macro[2])
            if header == SPINE:
                defined -= undone
            left = sorted(name for name in defined if not name.startswith("CONFITURE_"))
            if left or taken or "CONFITURE_H" not in defined:
                raise Failure(f"left behind: {left}; taken away: {sorted(taken)}")

        for pieces in ("declare", "implement"):
            self.add(f"{compiler.command} {header}: the macros left by '{pieces}'", check, pieces)

    # ---- the examples and the README ----

    def check_example(self, output):
        count, digest = self.expected.split()
        for part in ("CREATE TABLE shop.orders", f"{count} files", digest):
            if part not in output:
                raise Failure(f"'{part}' is not in what it printed:\n{output[:500]}")

    def add_examples(self, compiler):
        def check(folder, text):
            command = compiler.build(folder, [text], [*compiler.flags(), "-pthread"])
            self.check_example(run(command, cwd=EXAMPLE))

        for name, text in example_programs(self.everything):
            self.add(f"{compiler.command}: {name}", check, text)

    def add_snippets(self, compiler):
        """The snippets of the README and the manual with the warnings that most projects ask for. A
        program is linked with one implementation that all share (CONFITURE_IMPLEMENTED makes its own
        an empty one), since the programs themselves are what is looked at, and must succeed."""
        standard = "c++17" if compiler.cxx else "c99"
        flags = [f"-std={standard}", "-Wall", "-Wextra", "-Werror", '-DHEADER="confiture.h"',
                 "-I", ROOT]
        place = self.folder / f"snippets-{compiler.command}"
        lock = threading.Lock()

        def implementation():
            with lock:
                if not (place / "file.o").exists():
                    place.mkdir()
                    compiler.compile(place, ways.text("implement"), flags)
                return place / "file.o"

        def check(folder, text):
            if not snippets.is_program(text):
                compiler.compile(folder, snippets.in_function(text), flags)
                return
            shutil.copytree(EXAMPLE / "db", folder / "db")
            linked = [*flags, "-DCONFITURE_IMPLEMENTED", implementation(), "-pthread"]
            run(compiler.build(folder, [text], linked), cwd=folder)

        examples = [("examples/hash.cpp", (ROOT / "examples" / "hash.cpp").read_text())]
        for name, text in [*snippets.snippets(), *(examples if compiler.cxx else [])]:
            self.add(f"{compiler.command} -std={standard}: {name}", check, text)

    def add_leaks(self, compiler):
        """The same programs when they succeed, find nothing, and find what is wrong: all that
        they were given is given back. None: LeakSanitizer does not work here."""
        flags = [*compiler.flags(), "-pthread", "-g", "-fsanitize=address"]
        environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=1:exitcode=99"}
        leak = ("#include <stdlib.h>\nstatic void *volatile lost;\n"
                "int main(void) { lost = malloc(9); lost = 0; return 0; }\n")

        def status(command, cwd):
            done = subprocess.run(command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
            return done.returncode, done.stdout.decode("utf-8", "replace")

        def check(folder, text):
            command = compiler.build(folder, [text], flags)
            for name, sql in (("nothing", None), ("open", b"/* "), ("text", b"\xff")):
                schema = folder / name / "db" / "schema"
                schema.mkdir(parents=True)
                if sql is not None:
                    (schema / "a.sql").write_text("SELECT 1;\n" * 10000)
                    (schema / "b.sql").write_bytes(sql)
            for where, expected in ((EXAMPLE, 0), (folder / "nothing", 1), (folder / "open", 1),
                                    (folder / "text", 1)):
                code, output = status(command, where)
                if code != expected:
                    raise Failure(f"{where.name}: exit status {code}, not {expected}\n{output[-2000:]}")
                if where == EXAMPLE:
                    self.check_example(output)

        probe = self.folder / "leak"
        probe.mkdir()
        try:
            if status(compiler.build(probe, [leak], flags), probe)[0] != 99:
                raise Failure("a leak is not seen")
        except (Failure, OSError, subprocess.TimeoutExpired) as failure:
            return f"leaks of the examples: {str(failure).splitlines()[0]}"
        for name, text in example_programs(self.everything):
            self.add(f"{compiler.command}: {name} leaks nothing", check, text)
        return None

    # ---- all of it ----

    def run(self, jobs):
        def one(numbered):
            number, (name, function) = numbered
            folder = self.folder / str(number)
            folder.mkdir()
            try:
                function(folder)
                return name, None
            except (Failure, OSError, subprocess.TimeoutExpired) as failure:
                return name, str(failure)
            finally:
                shutil.rmtree(folder, ignore_errors=True)

        failed = 0
        with concurrent.futures.ThreadPoolExecutor(jobs) as executor:
            for name, failure in executor.map(one, enumerate(self.checks)):
                if failure is not None:
                    failed += 1
                    if failed <= 20:
                        print(f"FAILED {name}\n    " + failure.replace("\n", "\n    "), flush=True)
        return len(self.checks) - failed, failed


def tell_compile_time(known, folder):
    """For information: the processor time of a file that implements the header."""
    def used():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    times = []
    for compiler in known:
        before = used()
        compiler.compile(folder, ways.text("implement"), compiler.flags(optimize="-O2"))
        times.append(f"{compiler.command} {used() - before:.1f} s")
    if times:
        print("processor time of a file that implements confiture.h, at -O2: " + ", ".join(times))


def main():
    parser = argparse.ArgumentParser(description="Compile confiture.h in many ways.")
    parser.add_argument("--all", action="store_true", help="every combination")
    parser.add_argument("--list", action="store_true", help="print the checks' names, run none")
    parser.add_argument("--only", default="", metavar="TEXT", help="checks with this in their name")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="confiture-compile-") as name:
        folder = pathlib.Path(name)
        matrix = Matrix(options.all, folder)
        known = compilers(options.all)
        for compiler in known:
            compiler.probe(folder)
        here = {compiler.command: compiler for compiler in known if not compiler.missing}
        for compiler in here.values():
            matrix.add_programs(compiler)
        for c, cxx in (("gcc", "g++"), ("clang", "clang++")):
            if c in here and cxx in here and (options.all or c == "gcc"):
                matrix.add_mixed(here[c], here[cxx])
        for command in ("gcc", "clang++", "clang", "g++") if options.all else ("gcc", "clang++"):
            if command in here:
                if shutil.which("nm") and (options.all or command == "gcc"):
                    matrix.add_symbols(here[command])
                matrix.add_macros(here[command], HEADER)
                matrix.add_macros(here[command], SPINE)
                if options.all:
                    matrix.add_dialects(here[command])
        if "clang" in here:
            matrix.add_msvc()
        common = [here[command] for command in ("gcc", "clang") if command in here]
        no_leaks = matrix.add_leaks(common[0]) if common else "leaks: neither gcc nor clang is here"
        # A program that is looked at for leaks must print the same.
        for compiler in common if options.all else common[:bool(no_leaks)]:
            matrix.add_examples(compiler)
        for command in ("gcc", "g++", "clang", "clang++") if options.all else ("gcc", "g++"):
            if command in here:
                matrix.add_snippets(here[command])

        matrix.checks = [check for check in matrix.checks if options.only in check[0]]
        if options.list:
            print("\n".join(check[0] for check in matrix.checks))
            return 0
        passed, failed = matrix.run(options.jobs)
        skipped = [compiler for compiler in known if compiler.missing]
        for compiler in skipped:
            print(f"skipped: {compiler.command}: {compiler.missing}")
        if no_leaks:
            print(f"skipped: {no_leaks}")
        if options.all and not options.only:
            tell_compile_time(common, folder)
    print(f"{passed} passed, {failed} failed, {len(skipped) + bool(no_leaks)} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
