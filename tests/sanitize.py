#!/usr/bin/env python3
"""Runs tests with a sanitizer or under valgrind, and skips what the compiler does not have.

    tests/sanitize.py address|thread|memory|valgrind [--cc CC]

address and thread run the unit, parity and command tests. The memory sanitizer runs the unit tests
that read files in every way: the others test with functions of libc that clang's own copies do not
know. The last line is "N passed, N failed[, N skipped]".
"""

import argparse
import os
import pathlib
import shlex
import shutil
import subprocess
import sys

import suites

FLAGS = "-g -O1 -fno-omit-frame-pointer -fsanitize={} -fno-sanitize-recover=all"
KINDS = {"address": FLAGS.format("address,undefined"), "thread": FLAGS.format("thread"),
         "memory": "-g -O1 -fno-omit-frame-pointer -fsanitize=memory", "valgrind": "-g -O1"}
# LeakSanitizer's look at a program's end fails now and then (its tracer, not the program) when
# thousands are started. Leaks are looked for in the unit tests, and by the driver itself.
OPTIONS = {"ASAN_OPTIONS": "allocator_may_return_null=1:detect_leaks=0",
           "TSAN_OPTIONS": "allocator_may_return_null=1",
           "UBSAN_OPTIONS": "print_stacktrace=1"}
LEAKS = "ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=1 "


def works(kind, compiler, folder):
    """Whether a program that is compiled for this kind runs here."""
    if kind == "valgrind":
        return shutil.which("valgrind") is not None
    source, program = folder / "probe.c", folder / "probe"
    source.write_text("int main(void) { return 0; }\n")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        return (subprocess.run([*shlex.split(compiler), *KINDS[kind].split(), source, "-o", program],
                               **quiet).returncode == 0 and
                subprocess.run([program], **quiet).returncode == 0)
    except OSError:
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--cc", default="cc", metavar="CC")
    options = parser.parse_args()
    kind, compiler = options.kind, options.cc
    name = os.path.basename(shlex.split(compiler)[0])
    folder = pathlib.Path(os.environ.get("BUILD", "build")) / f"{name}-{kind}"
    folder.mkdir(parents=True, exist_ok=True)
    if not works(kind, compiler, folder):
        what = "valgrind is not installed" if kind == "valgrind" else f"{name} has no -fsanitize={kind}"
        print(f"skipped: {what} here\n0 passed, 0 failed, 1 skipped")
        return 0
    unit = folder / "unit"
    variables = [f"BUILD={folder}", f"CC={compiler}", f"CFLAGS={KINDS[kind]}"]
    make = shlex.split(os.environ.get("MAKE_QUIET", suites.DEFAULTS["make_quiet"]))
    if kind in ("memory", "valgrind"):
        status = subprocess.run([*make, unit, *variables]).returncode
        if status:
            return status
        if kind == "memory":
            return subprocess.run([unit, "ring", "block_cache", "walk", "limit"]).returncode
        return subprocess.run(["valgrind", "-q", "--error-exitcode=9", "--leak-check=full", unit,
                               "ring", "block_cache"]).returncode
    programs = [folder / "confiture", unit, folder / "driver"]
    subprocess.run([*make, "-k", "-j4", *programs, *variables], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    environment = {**os.environ, **OPTIONS, "BUILD": str(folder), "CC": compiler,
                   "CFLAGS": KINDS[kind], "CONFITURE": str(folder / "confiture"), "TREES": "150",
                   "UNDER": LEAKS}
    return subprocess.run([sys.executable, os.path.join(os.path.dirname(__file__), "run.py"),
                           "CORE"], env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
