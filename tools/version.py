#!/usr/bin/env python3
"""The version of confiture.h, which is written in src/public/config.h, and its copies.

    tools/version.py             print it
    tools/version.py --check     exit 1 if a copy is another
    tools/version.py 1.2.3       write it in all places; "make amalgam" then renews confiture.h

The command, CMake, make, confiture.pc and the Debian package read it from confiture.h. The files
below belong to tools that cannot.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "public" / "config.h"
NUMBERS = [(name, re.compile(rf"(?<=#define CONFITURE_VERSION_{name} )\d+"))
           for name in ("MAJOR", "MINOR", "PATCH")]
STRING = re.compile(r'(?<=#define CONFITURE_VERSION ")[^"]+')
COPIES = {
    "meson.build": re.compile(r"(?<=project\('confiture', version: ')[^']+"),
    "packaging/conan/conanfile.py": re.compile(r'(?<=\n    version = ")[^"]+'),
    "packaging/vcpkg/confiture/vcpkg.json": re.compile(r'(?<=\n  "version": ")[^"]+'),
    "examples/python/pyproject.toml": re.compile(r'(?<=\nversion = ")[^"]+'),
    "examples/python/src/confiture_native/__init__.py":
        re.compile(r'(?<=\n__version__ = ")[^"]+'),
}


def found(path, pattern):
    match = pattern.findall((ROOT / path).read_text(encoding="utf-8"))
    return match[0] if len(match) == 1 else f"{len(match)} versions"


def differences(version):
    numbers = ".".join(found(SOURCE, pattern) for _, pattern in NUMBERS)
    if numbers != version:
        yield f"src/public/config.h: its numbers are {numbers}, its text is {version}"
    for path, pattern in COPIES.items():
        if found(path, pattern) != version:
            yield f"{path}: {found(path, pattern)}: expected {version}"


def write(version):
    for path, pattern in [(SOURCE, STRING), *((ROOT / path, p) for path, p in COPIES.items()),
                          *zip([SOURCE] * 3, (p for _, p in NUMBERS))]:
        number = dict(zip((p for _, p in NUMBERS), version.split("."))).get(pattern, version)
        text = path.read_text(encoding="utf-8")
        path.write_text(pattern.sub(number, text), encoding="utf-8")


def main():
    version = found(SOURCE, STRING)
    argument = sys.argv[1] if len(sys.argv) == 2 else None
    if len(sys.argv) == 1:
        print(version)
    elif argument == "--check":
        problems = list(differences(version))
        print("\n".join(problems) if problems else f"{version} in {len(COPIES) + 1} places")
        return 1 if problems else 0
    elif argument and re.fullmatch(r"\d+\.\d+\.\d+", argument):
        write(argument)
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
