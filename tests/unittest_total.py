"""How a suite of unittest's tests ends: what was skipped and why, and the total."""

import sys
import unittest


def run_tests(tests):
    """Runs the tests. The last line is "N passed, N failed, N skipped"; returns the exit status."""
    result = unittest.TextTestRunner(stream=sys.stdout).run(unittest.TestSuite(tests))
    for test, reason in result.skipped:
        print(f"skipped {test.id()}: {reason}")
    # Subtests that differ in parameters, which follow " (", are one test.
    failed = len({t.id().split(" (")[0] for t, _ in result.failures + result.errors})
    passed = max(0, result.testsRun - failed - len(result.skipped))
    print(f"{passed} passed, {failed} failed, {len(result.skipped)} skipped")
    return 1 if failed else 0
