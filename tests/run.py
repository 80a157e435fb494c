#!/usr/bin/env python3
"""Run test suites and add up their counts.

    tests/run.py [--jobs N] [--total FILE] [--timeout SECONDS] NAME...
    tests/run.py --list

NAME is a suite or a group of tests/suites.py. QUICK=1 in the environment chooses the quick forms,
and "NAME VARIABLE=VALUE" sets another environment variable for this suite.

A suite ends with the line "N passed, N failed" (", N skipped" may follow). One that ends without
that line, or exits with an error but counts no failure, has crashed: one failure more.

One suite runs after another, and output is shown as it comes. With --jobs N, N suites run side by
side, and the output of each is shown as a whole when it ends. A suite that takes longer than
--timeout SECONDS is ended, with all that it started. The failures are listed again at the end, each
suite with the first of its own lines "FAILED ...". The last line is the total of all suites.
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

import suites

DAY = 24 * 3600
NAMED = 20  # failures of one suite that are named again at the end
LINE = re.compile(r"(?:\w+: ?)?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")


def end_group(process, kind):
    try:
        os.killpg(process.pid, kind)
    except ProcessLookupError:
        pass


class Suite:
    """A suite that runs or has run."""

    def __init__(self, part, timeout, show):
        self.name, self.command, self.environment = part
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
                                        env=self.environment, start_new_session=True)
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


def parts_of(argument):
    """(name, command, environment) of each part of a suite, or of a group's suites."""
    if argument in suites.GROUPS:
        return [part for name in suites.GROUPS[argument] for part in parts_of(name)]
    name, *settings = argument.split()
    if name not in suites.SUITES:
        sys.exit(f"run.py: unknown suite '{name}': expected one of "
                 f"{', '.join([*suites.SUITES, *suites.GROUPS])}")
    environment = {**os.environ, **dict(setting.split("=", 1) for setting in settings)}
    values = {key: environment.get(key.upper(), value) for key, value in suites.DEFAULTS.items()}
    suite = suites.SUITES[name]
    is_quick = environment.get("QUICK", "0") not in ("", "0")
    commands = suite.quick if is_quick and suite.quick else suite.whole
    if isinstance(commands, str):
        commands = {"": commands}
    return [(f"{argument}: {part}" if part not in ("", name) else argument,
             command.format(**values), environment) for part, command in commands.items()]


def run_all(parts, jobs, timeout):
    """The results of all suites, in their order."""
    if jobs <= 1:
        for part in parts:
            suite = Suite(part, timeout, write)
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

    running = [Suite(part, timeout, None) for part in parts]
    executor = concurrent.futures.ThreadPoolExecutor(jobs)
    try:
        yield from zip(running, executor.map(one, running))
    finally:
        for suite in running:
            suite.end()


def list_suites():
    for name, suite in suites.SUITES.items():
        print(f"  make check-{name:<16}{suite.promise}" + (" [quick]" if suite.quick else "") +
              (f" (needs {suite.needs})" if suite.needs else ""))


def main():
    parser = argparse.ArgumentParser(description="Run test suites and add up their counts.")
    parser.add_argument("--total", help="write the last line to this file, too")
    parser.add_argument("--jobs", type=int, default=1, help="suites that run side by side")
    parser.add_argument("--timeout", type=float, default=DAY, help="seconds for one suite")
    parser.add_argument("--list", action="store_true", help="print what there is, run nothing")
    parser.add_argument("suites", nargs="*", metavar="NAME")
    options = parser.parse_args()
    if options.list:
        list_suites()
        return 0
    parts = [part for name in options.suites for part in parts_of(name)]
    # As on Ctrl-C: the suite that runs is ended, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    total = [0, 0, 0]
    problems = []
    for suite, (*counts, problem) in run_all(parts, options.jobs, options.timeout):
        total = [a + b for a, b in zip(total, counts)]
        if problem:
            problems += [f"FAILED {suite.name}: {problem}",
                         *("    " + line for line in suite.named)]
    line = "{} passed, {} failed, {} skipped".format(*total)
    print("\n".join(["====", *problems, line]), flush=True)
    if options.total:
        with open(options.total, "w", encoding="ascii") as file:
            file.write(line + "\n")
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main())
