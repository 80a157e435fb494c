#!/usr/bin/env python3
"""What does the library call that could fail and that the fault tests do not know of?

    tests/faults/symbols.py [HEADER]        CC and CFLAGS from the environment

Compiles the library alone and compares the functions it needs with those that tests/faults/calls.h
replaces and with those below, which cannot fail or whose failure is none of ours. One that is in
neither list is a failure, and so is one that is replaced there and not called any more.
"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MEMORY = {"malloc", "realloc", "free"}  # by CONFITURE_MALLOC and its like
HARMLESS = {
    "getpid",
    "poll",  # to sleep
    # With locks and conditions that were made, by the rules, these have nothing to fail with.
    "pthread_cond_broadcast", "pthread_cond_signal", "pthread_cond_wait", "pthread_mutex_lock",
    "pthread_mutex_unlock",
    # Nor have these, with arguments that are right. A stack that is too small is made larger.
    "pthread_attr_init", "pthread_attr_getstacksize", "pthread_attr_setstacksize",
    "pthread_attr_destroy", "pthread_setcancelstate", "pthread_sigmask", "sigfillset"}
# Of memory and strings, and what compilers put in, sanitizers and position-independent code.
COMPILER = re.compile(r"mem(chr|cmp|cpy|move|set)|bcmp|str(r?chr|n?cmp|len|str)|__errno_location|"
                      r"_GLOBAL_OFFSET_TABLE_|__stack_chk_\w+|__[a-z]+san_\w+|__cpu_\w+")
# Only where there is no getdents64.
ELSEWHERE = {"fdopendir", "readdir", "closedir"}


def main():
    header = sys.argv[1] if len(sys.argv) > 1 else "confiture.h"
    compiler = shlex.split(os.environ.get("CC", "cc"))
    if not shutil.which("nm"):
        print("skipped: no nm here\n0 passed, 0 failed, 1 skipped")
        return 0
    text = (ROOT / "tests/faults/calls.h").read_text()
    wrapped = set(re.findall(r"^#define (\w+) fault_\1$", text, re.M)) | MEMORY
    if len(wrapped) < 20:
        sys.exit("symbols.py: calls.h is not as it is expected to be")
    with tempfile.TemporaryDirectory(prefix="confiture-symbols-") as folder:
        thing = os.path.join(folder, "library.o")
        subprocess.run([*compiler, "-O1", "-I", str(ROOT), "-x", "c", "-c", "-", "-o", thing],
                       input=f'#define _GNU_SOURCE\n#define CONFITURE_IMPLEMENTATION\n'
                             f'#include "{header}"\n', text=True, check=True)
        output = subprocess.run(["nm", "-u", thing], capture_output=True, text=True,
                                check=True).stdout
    called = {line.split()[-1].split("@")[0] for line in output.splitlines()}
    problems = {
        "called, but neither wrapped in calls.h nor harmless":
            {name for name in called - wrapped - HARMLESS if not COMPILER.fullmatch(name)},
        "wrapped, but not called any more": wrapped - called - ELSEWHERE}
    for what, names in problems.items():
        if names:
            print(f"FAILED {what}: {', '.join(sorted(names))}")
    failed = sum(map(bool, problems.values()))
    print(f"{len(problems) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
