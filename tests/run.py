#!/usr/bin/env python3
"""Run test suites one after another and add up what they say.

    tests/run.py [--total FILE] [--timeout SECONDS] [NAME=COMMAND | NAME:=COMMAND]...

NAME=COMMAND is a suite that counts for itself: its last line is "N passed, N failed"
(", N skipped" may follow). One that ends without that line, or exits with an
error but counts no failure, has crashed: one failure more.
NAME:=COMMAND is a check that counts as one: it has passed if it exits with 0.

Output is shown as it comes. A suite that takes longer than --timeout SECONDS is ended, with all
that it started. At the end stand the failures again, with the first of the lines "FAILED ..." that
each suite wrote of its own. The last line is the total of all suites.
"""

import argparse
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


def run(name, command, counts_itself, timeout):
    """(passed, failed, skipped, problem, its own lines FAILED)"""
    print(f"==== {name}", flush=True)
    start = time.monotonic()
    process = subprocess.Popen(command, shell=True, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               start_new_session=True)
    # First politely: a suite that runs others ends those.
    timers = [threading.Timer(timeout, end_group, [process, signal.SIGTERM]),
              threading.Timer(timeout + 10, end_group, [process, signal.SIGKILL])]
    for timer in timers:
        timer.start()
    last = ""
    named = []
    try:
        for raw in process.stdout:
            line = raw.decode("utf-8", "replace")
            sys.stdout.write(line)
            sys.stdout.flush()
            # What make says about the exit status comes after the count.
            if line.strip() and not re.match(r"make(\[\d+\])?: ", line):
                last = line.strip()
            # A suite that runs others names theirs twice.
            if re.match(r"\s*FAILED ", line) and len(named) < NAMED and last not in named:
                named.append(last)
        status = process.wait()
    except BaseException:
        end_group(process, signal.SIGTERM)
        raise
    finally:
        for timer in timers:
            timer.cancel()
    taken = time.monotonic() - start
    print(f"---- {name}: {taken:.1f} s", flush=True)
    if taken >= timeout:
        return 0, 1, 0, f"not done after {timeout:.0f} s", named
    if not counts_itself:
        return (1, 0, 0, None, []) if status == 0 else (0, 1, 0, f"exit status {status}", named)
    found = LINE.match(last)
    if not found:
        return 0, 1, 0, f"exit status {status}, and no count in its last line", named
    passed, failed, skipped = (int(n or 0) for n in found.groups())
    if status and not failed:
        return passed, 1, skipped, f"exit status {status}, though it counted no failure", named
    return passed, failed, skipped, f"{failed} failed" if failed else None, named


def main():
    parser = argparse.ArgumentParser(description="Run test suites and add up their counts.")
    parser.add_argument("--total", help="write the last line to this file, too")
    parser.add_argument("--timeout", type=float, default=1800, help="seconds for one suite")
    parser.add_argument("suites", nargs="+", metavar="NAME=COMMAND")
    options = parser.parse_args()
    # As on Ctrl-C: the suite that runs is ended, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    total = [0, 0, 0]
    problems = []
    for argument in options.suites:
        found = re.match(r"([^=]*?)(:?)=(.*)$", argument, re.S)
        if not found:
            sys.exit(f"run.py: '{argument}' is no NAME=COMMAND")
        *counts, problem, named = run(found[1], found[3], not found[2], options.timeout)
        total = [a + b for a, b in zip(total, counts)]
        if problem:
            problems += [f"FAILED {found[1]}: {problem}", *("    " + line for line in named)]
    line = "{} passed, {} failed, {} skipped".format(*total)
    print("\n".join(["====", *problems, line]), flush=True)
    if options.total:
        with open(options.total, "w", encoding="ascii") as file:
            file.write(line + "\n")
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main())
