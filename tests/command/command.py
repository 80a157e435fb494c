#!/usr/bin/env python3
"""Black-box tests of the confiture command.

    tests/command/command.py [COMMAND] [NAME...]    COMMAND: its path, ./confiture by default
                                            NAME: only tests whose id holds one of these

What is expected is written out here or computed with hashlib, never by the command itself. All
files are made below one temporary folder. The last line is "N passed, N failed, N skipped".
"""

import os
import pathlib
import sys
import tempfile
import unittest

import command_base
import command_bad_input
import command_diff
import command_explain
import command_hash
import command_input
import command_line
import command_locate
import command_process
import command_readme
import command_results
import command_verify

sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import unittest_total  # noqa: E402

MODULES = (command_line, command_results, command_hash, command_input, command_diff,
           command_bad_input, command_process, command_readme, command_explain, command_locate,
           command_verify)


def select_tests(suite, words):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from select_tests(test, words)
        elif not words or any(word in test.id() for word in words):
            yield test


def main():
    command = sys.argv[1] if len(sys.argv) > 1 else "./confiture"
    if not os.access(command, os.X_OK):
        sys.exit(f"{command}: no such command; build it first")
    loader = unittest.TestLoader()
    tests = [t for m in MODULES for t in select_tests(loader.loadTestsFromModule(m), sys.argv[2:])]
    if not tests:
        sys.exit("no test's id holds " + " or ".join(sys.argv[2:]))
    with tempfile.TemporaryDirectory(prefix="confiture-command-") as root:
        command_base.setup(command, pathlib.Path(root))
        return unittest_total.run_tests(tests)


if __name__ == "__main__":
    sys.exit(main())
