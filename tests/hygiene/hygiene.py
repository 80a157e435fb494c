#!/usr/bin/env python3
"""What confiture.h brings into a program and leaves there: symbols, macros, globals, stack.

    tests/hygiene/hygiene.py            a quick choice
    tests/hygiene/hygiene.py --all      every combination of switches, every compiler, the analyzers
    tests/hygiene/hygiene.py --list     the checks' names only

It asks what tests/compile/compile.py asks of an implementation again under every combination of
CONFITURE_NO_*, which libc functions each needs, how deep the stack gets (hygiene_stack.py) and
what clang-tidy, cppcheck and gcc -fanalyzer say (hygiene_lint.py).
"""

import argparse
import itertools
import os
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parent.parent / "compile"))

import compile as programs
import compile_ways as ways
import hygiene_lint
import hygiene_stack
from compile import Failure

SWITCHES = ("no-threads", "no-mmap", "no-uring", "no-simd", "no-alloc")
COMBINATIONS = [chosen for count in range(len(SWITCHES) + 1)
                for chosen in itertools.combinations(SWITCHES, count)]

# All of libc that an implementation may call, by the switches that take the need away. Nothing
# here depends on the locale, writes to a stream, ends the process, sends a signal or handles one;
# all are safe among threads.
NEEDS = {
    None: """__errno_location memchr memcmp memcpy memmove memset strchr strcmp strlen strncmp strrchr
        strstr close fchmod fchown fcntl fremovexattr fsetxattr fstat fstatat fsync getcwd getpid
        getxattr gettimeofday linkat poll pread open openat pwrite readlinkat rename syscall sysconf
        unlink write""",
    "no-mmap no-uring": "mmap munmap",
    "no-simd": "getauxval",
    "no-alloc": "malloc realloc free",
    "no-threads": """pthread_create pthread_join pthread_cond_broadcast pthread_cond_destroy
        pthread_cond_init pthread_cond_signal pthread_cond_wait pthread_mutex_destroy
        pthread_mutex_init pthread_mutex_lock pthread_mutex_unlock pthread_attr_init
        pthread_attr_getstacksize pthread_attr_setstacksize pthread_attr_destroy sigfillset
        pthread_sigmask pthread_setcancelstate""",
}
# What compilers and hardening options put in their place.
OTHER_NAMES = {"bcmp": "memcmp", "__memcpy_chk": "memcpy", "__pread_chk": "pread"}
BY_COMPILER = {"__stack_chk_fail", "_GLOBAL_OFFSET_TABLE_"}
MUTABLE = {"cfti_cpu_mask", "_ZL13cfti_cpu_mask"}


class Hygiene(programs.Matrix):
    def add_needs(self, compiler, chosen, optimize):
        """What the object needs of libc, and what of it changes or is seen from outside."""
        def check(folder):
            compiler.compile(folder, ways.text(" ".join([*chosen, "implement"])),
                             [*compiler.flags(optimize=optimize), "-fno-pic", "-fno-common"])
            found = [line.split()[-2:] for line in
                     programs.run(["nm", folder / "file.o"]).splitlines()]
            allowed = BY_COMPILER.union(*(names.split() for switches, names in NEEDS.items()
                                          if not switches or
                                          not set(switches.split()).issubset(chosen)))
            problems = {
                "calls": {name for kind, name in found if kind in "UwvV" and
                          OTHER_NAMES.get(name, name) not in allowed},
                "globals that change": {name for kind, name in found
                                        if kind in "dDbBCsSgG"} - MUTABLE,
                "exports": {name for kind, name in found if kind in "TDBRCVWuiGS" and
                            not name.startswith("confiture_")},
            }
            lines = [f"{what}: {sorted(names)}" for what, names in problems.items() if names]
            if lines:
                raise Failure("\n".join(lines))

        self.add(f"{compiler.command} {optimize} {' '.join(chosen) or 'all'}: libc's functions, "
                 "globals", check)

    def add_switched(self, compiler, chosen, way, pieces):
        def check(folder):
            flags = compiler.flags() + ([] if "no-threads" in chosen else ["-pthread"])
            texts = [ways.text(" ".join([*chosen, piece])) for piece in pieces]
            self.run_demo(compiler.build(folder, texts, flags), way)

        self.add(f"{compiler.command} {' '.join(chosen) or 'all'}: {way}", check)

    def add_stack(self, compiler, levels):
        def check(folder):
            text = ways.text("implement")
            graphs = {}
            for level in levels:
                compiler.compile(folder, text,
                                 [*compiler.flags(optimize=level), "-fcallgraph-info=su"])
                graphs[level] = (folder / "file.ci").read_text()
            compiler.compile(folder, text, [*compiler.flags(), "-fno-pic", "-S"], "file.s")
            try:
                told = hygiene_stack.check(graphs, (folder / "file.s").read_text())
            except hygiene_stack.Wrong as wrong:
                raise Failure(str(wrong)) from wrong
            print(f"{compiler.command}: {told}", flush=True)

        self.add(f"{compiler.command}: the stack", check)


def known(names, folder, here):
    for name in names:
        compiler = programs.Compiler(name, ["c++11" if "++" in name else "c99"], cxx="++" in name,
                                     gnu=name != "tcc")
        compiler.probe(folder)
        here[name] = compiler
    return [here[name] for name in names if not here[name].missing]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--list", action="store_true", help="print the checks' names, run none")
    parser.add_argument("--only", default="", metavar="TEXT", help="checks with this in their name")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    skipped = 0

    def skip(what, why):
        nonlocal skipped
        if options.only in what:
            print(f"skipped: {what}: {why}")
            skipped += 1

    with tempfile.TemporaryDirectory(prefix="confiture-hygiene-") as name:
        folder = pathlib.Path(name)
        matrix, here = Hygiene(options.all, folder), {}
        names = ["gcc", "clang", "g++", "clang++"] if options.all else ["gcc"]
        combinations = COMBINATIONS if options.all else [(), SWITCHES]
        for compiler in known(names, folder, here) if shutil.which("nm") else []:
            for chosen in combinations:
                for level in ("-O0", "-O2") if options.all and not compiler.cxx else ("-O0",):
                    matrix.add_needs(compiler, chosen, level)
        if not shutil.which("nm"):
            skip("symbols", "nm is not installed")
        levels = ["-O0", "-O1", "-O2", "-O3", "-Os"] if options.all else ["-O0", "-O2"]
        crossed = [f"{machine}-gcc" for machine in (
            "i686-linux-gnu", "aarch64-linux-gnu", "arm-linux-gnueabihf", "s390x-linux-gnu",
            "riscv64-linux-gnu")] if options.all else []
        crossed.append("x86_64-w64-mingw32-gcc")
        for compiler in known(["gcc", *crossed], folder, here):
            matrix.add_stack(compiler, levels if compiler.command == "gcc" else ["-O0", "-O2"])
        if options.all:
            for compiler in known(["tcc", "gcc", "musl-gcc", "clang", "g++", "clang++"], folder,
                                  here):
                for chosen in COMBINATIONS:
                    for way, pieces in (("late", ["libc implement main"]),
                                        ("static-in-two", ["static implement other",
                                                           "static implement main-other"])):
                        matrix.add_switched(compiler, chosen, way, pieces)
            for tool in hygiene_lint.TOOLS:
                missing = hygiene_lint.missing(tool)
                if missing:
                    skip(tool, missing)
                else:
                    matrix.add(tool, hygiene_lint.check, tool)
        for compiler in here.values():
            if compiler.missing:
                skip(compiler.command, compiler.missing)
        matrix.checks = [check for check in matrix.checks if options.only in check[0]]
        if options.list:
            print("\n".join(check[0] for check in matrix.checks))
            return 0
        passed, failed = matrix.run(options.jobs)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
