#!/usr/bin/env python3
"""Tests of what a package of confiture.h holds, as strangers use it.

    tests/packaging/packaging.py [COMMAND] [NAME...]    COMMAND: ./confiture by default
                                        NAME: only tests whose id holds one of these

All is installed, configured and built below one temporary folder, whose name has a space. The last
line is "N passed, N failed, N skipped".
"""

import os
import pathlib
import sys
import tempfile
import unittest

import packaging_base
import packaging_build
import packaging_completion
import packaging_dist
import packaging_files
import packaging_install
import packaging_manual

sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import unittest_total  # noqa: E402

MODULES = (packaging_files, packaging_manual, packaging_completion, packaging_install,
           packaging_build, packaging_dist)


def select_tests(suite, words):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from select_tests(test, words)
        elif not words or any(word in test.id() for word in words):
            yield test


def main():
    command = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "confiture")
    if not os.access(command, os.X_OK):
        sys.exit(f"{command}: no such command; build it first")
    loader = unittest.TestLoader()
    tests = [t for m in MODULES for t in select_tests(loader.loadTestsFromModule(m), sys.argv[2:])]
    if not tests:
        sys.exit("no test's id holds " + " or ".join(sys.argv[2:]))
    with tempfile.TemporaryDirectory(prefix="confiture packaging ") as root:
        packaging_base.setup(command, pathlib.Path(root).resolve())
        return unittest_total.run_tests(tests)


if __name__ == "__main__":
    sys.exit(main())
