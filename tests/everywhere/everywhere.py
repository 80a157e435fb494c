#!/usr/bin/env python3
"""The tests on other processors and C libraries, by cross compilers and qemu-user.

    tests/everywhere/everywhere.py            unit tests, parity, command tests and what is special, everywhere
    tests/everywhere/everywhere.py --quick    fewer of each
    tests/everywhere/everywhere.py --only TEXT    targets with this in their name
    tests/everywhere/everywhere.py --list     their names only

Parity covers the digests and bodies of all golden trees where the golden data is (see
parity_golden.py), of random trees otherwise. A compiler or emulator that is missing, and what an
emulator cannot do, is skipped by name. The last line is "N passed, N failed, N skipped".
"""

import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parent
ROOT = TESTS.parent
sys.path[1:1] = [str(TESTS), str(TESTS / "reference")]

import confiture_reference as reference
import everywhere_facts
from everywhere_targets import targets
from run import LINE

EXAMPLE = ROOT / "examples" / "jamshop" / "db" / "schema"
NOBODY = 65534
PATIENCE = 1500  # seconds for one suite
# Failing each allocation in turn is most of the unit tests' time: only every so many-th here.
STEPS = {False: 5, True: 40}
TREES = {False: 300, True: 50}


class Failure(Exception):
    pass


def become_nobody():
    """For good. glibc gives a change of user to each thread by a signal, and under qemu-i386
    seteuid() in a program with threads never returns: there the tests must not begin as root."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def run(command, timeout=PATIENCE, env=None, as_nobody=False):
    """(exit status, output), both kinds of output together; status None: not done in time."""
    try:
        done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
                              env=env, check=False,
                              preexec_fn=become_nobody if as_nobody else None)
    except subprocess.TimeoutExpired as late:
        return None, (late.stdout or b"").decode("utf-8", "replace")
    return done.returncode, done.stdout.decode("utf-8", "replace")


class Report:
    """What all targets came to; they run at the same time."""

    def __init__(self):
        self.lock = threading.Lock()
        self.counts = [0, 0, 0]

    def add(self, name, passed, failed, skipped=0, detail=""):
        with self.lock:
            self.counts = [a + b for a, b in zip(self.counts, (passed, failed, skipped))]
            if failed:
                print(f"FAILED {name}: {passed} passed, {failed} failed\n    " +
                      detail.strip().replace("\n", "\n    "), flush=True)
            elif skipped and not passed:
                print(f"skipped: {name}: {detail}", flush=True)
            else:
                more = f", {skipped} skipped" if skipped else ""
                print(f"{name}: {passed} passed{more}" + (f" ({detail})" if detail else ""),
                      flush=True)


class Session:
    """One target's programs, and what they are asked."""

    def __init__(self, target, folder, report, quick, jobs):
        self.target, self.folder, self.report = target, folder, report
        self.quick, self.jobs = quick, jobs
        self.source = HERE / "everywhere.c"

    def check(self, what, function, *arguments):
        """A check that counts as one; what it returns is told."""
        try:
            self.report.add(f"{self.target.name}: {what}", 1, 0, 0, function(*arguments) or "")
        except (Failure, everywhere_facts.Wrong, OSError) as failure:
            self.report.add(f"{self.target.name}: {what}", 0, 1, 0, str(failure))

    def skip(self, what, why):
        self.report.add(f"{self.target.name}: {what}", 0, 0, 1, why)

    def suite(self, what, command, env=None, as_nobody=False):
        """One that ends with its own count."""
        status, output = run(command, env=env, as_nobody=as_nobody)
        lines = [line for line in output.rstrip().split("\n") if line]
        found = LINE.match(lines[-1]) if lines else None
        passed, failed, skipped = (int(n or 0) for n in found.groups()) if found else (0, 0, 0)
        if status is None:
            lines.append(f"not done after {PATIENCE} s")
        if status != 0 and not failed or passed + failed == 0:
            failed += 1
            lines.append(f"exit status {status}")
        shown = [line for line in lines if line.startswith("skipped")]
        self.report.add(f"{self.target.name}: {what}", passed, failed, skipped,
                        "\n".join(lines[-25:]) if failed else "; ".join(shown))

    def build(self, name, sources, more=()):
        """Compiles a program; what it returns runs it here: a script, if an emulator is needed."""
        program = self.folder / "bin" / name
        status, output = run([self.target.compiler, *self.target.flags, "-I", ROOT, *more, *sources,
                              "-o", program, "-pthread", *self.target.libraries], timeout=300)
        if status != 0:
            raise Failure(f"{name} does not compile:\n{output[:3000]}")
        if not self.target.emulator:
            return program
        wrapper = self.folder / name
        words = " ".join(f"'{word}'" for word in [*self.target.emulator, program])
        wrapper.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        wrapper.chmod(0o755)
        return wrapper

    def example(self, command):
        """The bundled example: its digests and its body, as the reference has them."""
        files = reference.find([reference.Directory(str(EXAMPLE))])
        for arguments, wanted in (
                (["hash"], reference.hash_stream(files).encode() + b"  "),
                (["hash", "--digest=tree"], reference.hash_tree(files).encode() + b"  "),
                (["build"], reference.build(files))):
            done = subprocess.run([str(command), *arguments, str(EXAMPLE)], check=False,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=120)
            same = done.stdout.startswith(wanted) if arguments[0] == "hash" else \
                done.stdout == wanted
            if done.returncode != 0 or not same:
                raise Failure(f"{arguments}: {done.returncode} {done.stdout[:200]!r} "
                              f"{done.stderr[:500]!r}")
        return "digests and body"

    def run(self):
        (self.folder / "bin").mkdir(parents=True)
        for folder in (self.folder, self.folder / "bin"):
            folder.chmod(0o755)  # the tests go there as a user without rights, too
        header = '-DCFT_HEADER="confiture.h"'
        step = STEPS[self.quick]
        try:
            facts = self.build("facts", [self.source])
            if self.target.whole or self.target.units:
                unit = self.build("unit", [TESTS / "unit" / "main.c"],
                                  [header, f"-DMEMORY_STEP={step}"])
            if self.target.whole:
                driver = self.build("driver", [TESTS / "parity" / "driver.c"], [header])
                command = self.build("confiture",
                                     sorted((ROOT / "examples" / "confiture").glob("*.c")))
        except Failure as failure:
            self.report.add(self.target.name, 0, 1, 0, str(failure))
            return
        everywhere_facts.check(self, facts)
        if not (self.target.whole or self.target.units):
            return
        self.suite("unit" if self.target.whole else "unit " + " ".join(self.target.units),
                   [unit, *self.target.units],
                   as_nobody=bool(self.target.emulator) and os.geteuid() == 0)
        if not self.target.whole:
            return
        self.check("example", self.example, command)
        env = dict(os.environ, **({"CONFITURE_GOLDEN": "/none"} if self.quick else {}))
        self.suite("parity", [sys.executable, TESTS / "parity" / "parity.py", driver, "--command", command,
                              "--trees", TREES[self.quick], "--jobs", self.jobs], env)
        if not self.quick:
            self.suite("command", [sys.executable, TESTS / "command" / "command.py", command])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--list", action="store_true", help="print the targets' names, run none")
    parser.add_argument("--only", default="", metavar="TEXT")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1,
                        help="so many targets at once")
    options = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="confiture-everywhere-") as name:
        os.chmod(name, 0o755)
        chosen = [target for target in targets(pathlib.Path(name), options.quick)
                  if options.only in target.name]
        if options.list:
            print("\n".join(target.name for target in chosen))
            return 0
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as executor:
            waiting = []
            for number, target in enumerate(chosen):
                if target.missing:
                    report.add(target.name, 0, 0, 1, target.missing)
                    continue
                session = Session(target, pathlib.Path(name) / str(number), report, options.quick,
                                  max(1, options.jobs // len(chosen)))
                waiting.append(executor.submit(session.run))
            for future in waiting:
                future.result()
    print("{} passed, {} failed, {} skipped".format(*report.counts))
    return 1 if report.counts[1] or not report.counts[0] else 0


if __name__ == "__main__":
    sys.exit(main())
