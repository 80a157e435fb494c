#!/usr/bin/env python3
"""The library and the command against the Python reference, byte for byte.

    tests/parity/parity.py DRIVER [--command PATH] [--trees N] [--seed S] [--only N] [--keep] [--jobs N]

DRIVER is tests/parity/driver.c, compiled; without one, only the reference is tested. First the reference
itself is compared with the golden data (see parity_golden.py) and, under Python 3.11, with pathlib;
then the library with both, on the golden trees, on random strings and on random trees.
"""

import argparse
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[1:1] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "reference")]

import parity_golden
import parity_library
import parity_units
from parity_driver import Driver, DriverDied
from parity_session import Session
from parity_trees import generator, grow
from sandbox import Sandbox

REPOSITORY = os.path.dirname(os.path.dirname(HERE))
NOBODY = 65534
SHOWN = 12  # failures printed in full


class Report:
    """What one task came to; sent from the worker to the parent."""

    def __init__(self):
        self.passed = 0
        self.failures = []

    def check(self, what, action, *args):
        try:
            action(*args)
            self.passed += 1
            return True
        except Exception as error:
            detail = str(error)
            if not isinstance(error, (AssertionError, DriverDied)):
                detail = "".join(traceback.format_exception(type(error), error,
                                                            error.__traceback__))
            self.failures.append("%s: %s" % (what, detail))
            return False


def become_nobody():
    """The superuser can read every file, so what cannot be read is tested as somebody else."""
    if os.geteuid() == 0:
        os.setegid(NOBODY)
        os.seteuid(NOBODY)


class Worker:
    """What every task needs; made anew in each process."""

    def __init__(self, settings):
        become_nobody()
        self.settings = settings
        self.report = Report()
        self.sandbox = Sandbox()
        self.driver = None

    def start_driver(self):
        self.driver = Driver(self.settings.driver)
        return self.driver

    def run(self, name, args):
        try:
            getattr(self, name)(*args)
            if self.driver:
                self.driver.close()
        except Exception:
            self.report.failures.append("%s: %s" % (name, traceback.format_exc()))
        os.chdir("/")
        self.sandbox.close()
        return self.report

    # ---- the tasks

    def reference_tree(self, name):
        for case in parity_golden.trees(self.settings.golden):
            if case.name == name:
                self.report.check("reference, golden tree " + name, parity_golden.check_tree, case)

    def reference_units(self):
        parity_golden.check_units(self.settings.golden, self.sandbox, self.report)

    def golden_tree(self, name):
        driver = self.start_driver()
        for case in parity_golden.trees(self.settings.golden):
            if case.name == name:
                # The variants of a tree are for their orders; the tree itself is for the threads.
                for threads in (1, 3) if "@" in name else (1, 2, 3, 8, 64):
                    self.report.check("golden tree %s, %d threads" % (name, threads),
                                      parity_library.check_tree, driver, case, threads)
                if self.settings.command:
                    self.report.check("golden tree %s, command" % name,
                                      parity_library.check_tree_command, self.settings.command,
                                      case)

    def golden_units(self):
        driver = self.start_driver()
        rng = random.Random(self.settings.seed)
        parity_units.check_golden(driver, self.settings.golden, rng, self.report)
        for case in parity_golden.build_cases(self.settings.golden, self.sandbox):
            self.report.check("golden " + case.name, parity_library.check_build, driver, case, rng)

    def random_units(self, number, count):
        rng = random.Random("%s:units:%d" % (self.settings.seed, number))
        parity_units.check_random(self.start_driver(), rng, count, self.report)

    def random_trees(self, start, stop):
        driver = self.start_driver()
        for number in range(start, stop):
            rng = generator(self.settings.seed, number)
            root = self.sandbox.fresh()
            tree = grow(rng, self.sandbox, may_lock=True)
            session = Session(rng, self.sandbox, tree, driver, self.settings.command)
            what = "tree %d (again: %s --seed %s --only %d --keep)" % (
                number, self.settings.again, self.settings.seed, number)
            good = self.report.check(what, session.run)
            os.chdir("/")
            if self.settings.keep and (not good or self.settings.only is not None):
                print("kept: " + root, flush=True)
                self.sandbox.fresh(keep=True)


def run_task(task):
    settings, name, args = task
    return Worker(settings).run(name, args)


def tasks_of(settings):
    """The long ones first."""
    golden = settings.golden and settings.only is None
    names = [case.name for case in parity_golden.trees(settings.golden)] if golden else []
    names.sort(key=lambda name: not name.startswith(("musicbrainz", "timescaledb")))
    for name in names:
        yield "reference_tree", (name,)
    if settings.driver:
        for name in names:
            yield "golden_tree", (name,)
        if golden:
            yield "golden_units", ()
        if settings.only is not None:
            yield "random_trees", (settings.only, settings.only + 1)
        else:
            for start in range(0, settings.trees, 50):
                yield "random_trees", (start, min(start + 50, settings.trees))
            for number in range(4):
                yield "random_units", (number, settings.trees // 4)
    if golden:
        yield "reference_units", ()


def reachable(path, folder):
    """A copy where nobody may run it, if this is the superuser's."""
    if path and os.geteuid() == 0:
        copy = os.path.join(folder, os.path.basename(path))
        shutil.copy(path, copy)
        os.chmod(copy, 0o755)
        return copy
    return os.path.realpath(path) if path else None


def find_command(driver):
    for place in (os.path.dirname(driver or ""), REPOSITORY):
        if os.access(os.path.join(place, "confiture"), os.X_OK):
            return os.path.join(place, "confiture")
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("driver", nargs="?", help="tests/parity/driver.c, compiled")
    parser.add_argument("--command", help="else the one beside the driver or at the root")
    parser.add_argument("--trees", type=int, default=2000)
    parser.add_argument("--seed", default=str(random.SystemRandom().randrange(10 ** 9)))
    parser.add_argument("--only", type=int, help="only this random tree")
    parser.add_argument("--keep", action="store_true", help="keep the trees of failures")
    parser.add_argument("--jobs", type=int, default=min(8, os.cpu_count() or 1))
    settings = parser.parse_args()
    settings.again = "tests/parity/parity.py " + (settings.driver or "")
    settings.golden = parity_golden.folder(REPOSITORY)
    started = time.monotonic()
    print("parity: seed %s, %d trees, Python %s" % (
        settings.seed, settings.trees, sys.version.split()[0]))
    command = settings.command or find_command(settings.driver)
    skipped = 0

    def skip(reason):
        nonlocal skipped
        skipped += 1
        print("skipped: " + reason)

    if not settings.golden:
        skip("the golden data: neither ../shared/golden nor CONFITURE_GOLDEN is there")
    if not settings.driver:
        skip("the library: no driver was given")
    if not command:
        skip("the command: ./confiture has not been built")
    if sys.version_info[:2] != (3, 11):
        skip("pathlib's own results: the yardstick is that of Python 3.11")
    folder = tempfile.mkdtemp(prefix="confiture-parity-bin-")
    os.chmod(folder, 0o755)
    try:
        settings.driver = reachable(settings.driver, folder)
        settings.command = reachable(command, folder) if settings.driver else None
        if settings.driver:
            subprocess.run([settings.driver], stdin=subprocess.DEVNULL, check=True)
        # A process a task: a task that changed its user cannot change back.
        context = multiprocessing.get_context("fork")
        passed, failures = 0, []
        with context.Pool(settings.jobs, maxtasksperchild=1) as pool:
            todo = [(settings, name, args) for name, args in tasks_of(settings)]
            for report in pool.imap_unordered(run_task, todo):
                passed += report.passed
                for failure in report.failures:
                    failures.append(failure)
                    if len(failures) <= SHOWN:
                        print("FAIL " + failure, flush=True)
    finally:
        shutil.rmtree(folder)
    if len(failures) > SHOWN:
        print("... and %d failures more" % (len(failures) - SHOWN))
    print("parity: seed %s, %.1f s" % (settings.seed, time.monotonic() - started))
    print("%d passed, %d failed" % (passed, len(failures)) +
          (", %d skipped" % skipped if skipped else ""))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
