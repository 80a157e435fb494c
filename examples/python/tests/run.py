#!/usr/bin/env python3
"""Runs all tests against the installed package: the last line is the total.

    tests/run.py [-v] [PATTERN]

TREES is how many random trees are made (2,000), SEED which ones, CALLS how often each call is
repeated in the search for leaks (10,000), CONFITURE_PURE_PYTHON=1 tests the fallback alone.
"""

import collections
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


class Result(unittest.TextTestResult):
    """That counts what went well, too."""

    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1


def main():
    arguments = [a for a in sys.argv[1:] if a != "-v"]
    loader = unittest.TestLoader()
    if arguments:
        loader.testNamePatterns = ["*{}*".format(a) for a in arguments]
    suite = loader.discover(os.path.dirname(os.path.abspath(__file__)))
    import support
    import confiture_native
    print("Python {}, {}, seed {}, {} trees, from {}".format(
        ".".join(map(str, sys.version_info[:3])), "native" if support.NATIVE else "fallback",
        support.SEED, support.TREES, os.path.dirname(confiture_native.__file__)), flush=True)
    runner = unittest.TextTestRunner(stream=sys.stdout, verbosity=2 if "-v" in sys.argv else 1,
                                     resultclass=Result)
    result = runner.run(suite)
    reasons = collections.Counter(reason for _, reason in result.skipped)
    for reason, count in reasons.items():
        print("skipped {}: {}".format(count, reason))
    failed = len({str(getattr(test, "test_case", test)) for test, _ in
                  result.failures + result.errors}) + len(result.unexpectedSuccesses)
    if not result.testsRun:
        failed += 1
        print("no test was found")
    line = "{} passed, {} failed".format(result.passed, failed)
    print(line + (", {} skipped".format(len(result.skipped)) if result.skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
