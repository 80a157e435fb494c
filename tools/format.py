#!/usr/bin/env python3
"""Let clang-format rewrite the C files, or with --check say which it would change.

    tools/format.py [--check]

With --check the last line is "N passed, N failed[, N skipped]".
"""

import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ["src/**", "examples", "examples/confiture", "examples/rules",
           "examples/python/native/**", "tests/**"]


def main():
    check = sys.argv[1:] == ["--check"]
    if not shutil.which("clang-format"):
        print("skipped: no clang-format here\n0 passed, 0 failed, 1 skipped")
        return 0 if check else 1
    files = sorted({path for folder in FOLDERS for path in ROOT.glob(folder + "/*.[ch]")})
    if not check:
        return subprocess.run(["clang-format", "-i", *files]).returncode
    failed = 0
    for path in files:
        formatted = subprocess.run(["clang-format", path], stdout=subprocess.PIPE).stdout
        if formatted != path.read_bytes():
            failed += 1
            print(f"FAILED {path.relative_to(ROOT)}: run 'make format'")
    print(f"{len(files) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
