#!/usr/bin/env python3
"""Run test suites and add up what they say.

    tests/run.py [--jobs N] [--total FILE] [--timeout SECONDS] [NAME=COMMAND | NAME:=COMMAND]...

NAME=COMMAND is a suite that counts for itself: its last line is "N passed, N failed"
(", N skipped" may follow). One that ends without that line, or exits with an
error but counts no failure, has crashed: one failure more.
NAME:=COMMAND is a check that counts as one: it has passed if it exits with 0.

One suite runs after another, and output is shown as it comes. With --jobs N so many run side by
side, and the output of each is shown as a whole when it ends. A suite that takes longer than
--timeout SECONDS is ended, with all that it started. At the end stand the failures again, with the
first of the lines "FAILED ..." that each suite wrote of its own. The last line is the total of all
suites.
"""

import argparse
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import threading
import time

NAMED = 20  # failures of one suite that are named again at the end
LINE = re.compile(r"(?:\w+: ?)?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")


def end_group(process, kind):
    try:
        os.killpg(process.pid, kind)
    except ProcessLookupError:
        pass


class Suite:
    """A suite that runs or has run."""

    def __init__(self, argument, timeout, show):
        found = re.match(r"([^=]*?)(:?)=(.*)$", argument, re.S)
        if not found:
            sys.exit(f"run.py: '{argument}' is no NAME=COMMAND")
        self.name, self.command, self.counts_itself = found[1], found[3], not found[2]
        self.timeout, self.show = timeout, show
        self.process, self.stopped = None, threading.Event()
        self.named = []  # its own lines FAILED

    def end(self):
        self.stopped.set()
        if self.process and self.process.poll() is None:
            end_group(self.process, signal.SIGTERM)

    def run(self):
        """(passed, failed, skipped, problem)"""
        self.show(f"==== {self.name}\n")
        start = time.monotonic()
        self.process = subprocess.Popen(self.command, shell=True, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        start_new_session=True)
        # First politely: a suite that runs others ends those.
        timers = [threading.Timer(self.timeout, end_group, [self.process, signal.SIGTERM]),
                  threading.Timer(self.timeout + 10, end_group, [self.process, signal.SIGKILL])]
        for timer in timers:
            timer.start()
        if self.stopped.is_set():
            self.end()
        try:
            last = self.read()
            status = self.process.wait()
        finally:
            self.end()
            for timer in timers:
                timer.cancel()
        taken = time.monotonic() - start
        self.show(f"---- {self.name}: {taken:.1f} s\n")
        if taken >= self.timeout:
            return 0, 1, 0, f"not done after {self.timeout:.0f} s"
        return self.judge(status, last)

    def read(self):
        """Shows what it writes, and returns the last line."""
        last = ""
        for raw in self.process.stdout:
            line = raw.decode("utf-8", "replace")
            self.show(line)
            # What make says about the exit status comes after the count.
            if line.strip() and not re.match(r"make(\[\d+\])?: ", line):
                last = line.strip()
            # A suite that runs others names theirs twice.
            if re.match(r"\s*FAILED ", line) and len(self.named) < NAMED and last not in self.named:
                self.named.append(last)
        return last

    def judge(self, status, last):
        if not self.counts_itself:
            return (1, 0, 0, None) if status == 0 else (0, 1, 0, f"exit status {status}")
        found = LINE.match(last)
        if not found:
            return 0, 1, 0, f"exit status {status}, and no count in its last line"
        passed, failed, skipped = (int(n or 0) for n in found.groups())
        if status and not failed:
            return passed, 1, skipped, f"exit status {status}, though it counted no failure"
        return passed, failed, skipped, f"{failed} failed" if failed else None


def write(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def run_all(arguments, jobs, timeout):
    """The results of all suites, in their order."""
    if jobs <= 1:
        for argument in arguments:
            suite = Suite(argument, timeout, write)
            yield suite, suite.run()
        return
    lock = threading.Lock()

    def one(suite):
        output = []
        if suite.stopped.is_set():
            return 0, 0, 0, None
        suite.show = output.append
        result = suite.run()
        with lock:
            write("".join(output))
        return result

    suites = [Suite(argument, timeout, None) for argument in arguments]
    executor = concurrent.futures.ThreadPoolExecutor(jobs)
    try:
        yield from zip(suites, executor.map(one, suites))
    finally:
        for suite in suites:
            suite.end()


def main():
    parser = argparse.ArgumentParser(description="Run test suites and add up their counts.")
    parser.add_argument("--total", help="write the last line to this file, too")
    parser.add_argument("--jobs", type=int, default=1, help="suites that run side by side")
    parser.add_argument("--timeout", type=float, default=1800, help="seconds for one suite")
    parser.add_argument("suites", nargs="+", metavar="NAME=COMMAND")
    options = parser.parse_args()
    # As on Ctrl-C: the suite that runs is ended, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    total = [0, 0, 0]
    problems = []
    for suite, (*counts, problem) in run_all(options.suites, options.jobs, options.timeout):
        total = [a + b for a, b in zip(total, counts)]
        if problem:
            problems += [f"FAILED {suite.name}: {problem}",
                         *("    " + line for line in suite.named if suite.counts_itself)]
    line = "{} passed, {} failed, {} skipped".format(*total)
    print("\n".join(["====", *problems, line]), flush=True)
    if options.total:
        with open(options.total, "w", encoding="ascii") as file:
            file.write(line + "\n")
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main())
