#!/usr/bin/env python3
"""The examples of examples/, as their users run them.

    tests/examples/examples.py [COMMAND] [NAME...]    COMMAND: its path, ./confiture by default
                                        NAME: only tests whose id holds one of these

Each test has a project of its own below one temporary folder. The steps of a CI job and the lines
that compile a program are taken out of their files and run as they stand. The last line is "N
passed, N failed, N skipped".
"""

import os
import sys
import tempfile
import unittest

import examples_base
import examples_git
import examples_programs
import examples_rules

sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import unittest_total  # noqa: E402

MODULES = (examples_git, examples_programs, examples_rules)


def main():
    command = os.path.realpath(sys.argv[1] if len(sys.argv) > 1 else "confiture")
    if not os.access(command, os.X_OK):
        sys.exit(f"{command}: no such command; build it first")
    loader = unittest.defaultTestLoader
    loader.testNamePatterns = [f"*{word}*" for word in sys.argv[2:]] or None
    tests = unittest.TestSuite(map(loader.loadTestsFromModule, MODULES))
    if not tests.countTestCases():
        sys.exit("no test's id holds " + " or ".join(sys.argv[2:]))
    with tempfile.TemporaryDirectory(prefix="confiture-examples-") as where:
        examples_base.setup(command, where)
        return unittest_total.run_tests(tests)


if __name__ == "__main__":
    sys.exit(main())
