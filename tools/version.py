#!/usr/bin/env python3
"""The version of confiture.h, which is written in src/public/config.h, and its copies.

    tools/version.py             print it
    tools/version.py --check     exit 1 if a copy is another
    tools/version.py --notes     print what CHANGELOG.md says of it
    tools/version.py 1.2.3       write it in all places; "make amalgam" then renews confiture.h

The command, CMake, make, confiture.pc and the Debian package read it from confiture.h. The files
below belong to tools that cannot. The day of a version is that of its heading in CHANGELOG.md,
which is written first; the manual page has a copy.
"""

import datetime
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
MANUAL = "examples/confiture/man.c"
DAY = re.compile(r'(?<=page_date\[\] = ")[^"]+')


def found(path, pattern):
    match = pattern.findall((ROOT / path).read_text(encoding="utf-8"))
    return match[0] if len(match) == 1 else f"{len(match)} versions"


def current():
    return found(SOURCE, STRING)


def changes(version):
    """The day of a version, as the manual page writes it, and the text of its section."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    section = re.search(rf"^## \[{re.escape(version)}\] - (\d{{4}}-\d\d-\d\d)\n(.*?)(?=^## |\Z)",
                        text, re.M | re.S)
    if not section:
        sys.exit(f"CHANGELOG.md: expected a heading '## [{version}] - YYYY-MM-DD'")
    if not section[2].strip():
        sys.exit(f"CHANGELOG.md: nothing below '## [{version}]': expected what has changed")
    try:
        day = datetime.date.fromisoformat(section[1])
    except ValueError as error:
        sys.exit(f"CHANGELOG.md: {section[1]}: {error}")
    return f"{day:%B} {day.day}, {day.year}", section[2].strip()


def differences(version):
    numbers = ".".join(found(SOURCE, pattern) for _, pattern in NUMBERS)
    if numbers != version:
        yield f"src/public/config.h: its numbers are {numbers}, its text is {version}"
    copies = [*((path, pattern, version) for path, pattern in COPIES.items()),
              (MANUAL, DAY, changes(version)[0])]
    for path, pattern, expected in copies:
        if found(path, pattern) != expected:
            yield f"{path}: {found(path, pattern)}: expected {expected}"


def write(version):
    day = changes(version)[0]
    places = [(SOURCE, STRING, version), (ROOT / MANUAL, DAY, day),
              *((ROOT / path, pattern, version) for path, pattern in COPIES.items()),
              *((SOURCE, pattern, number)
                for (_, pattern), number in zip(NUMBERS, version.split(".")))]
    for path, pattern, value in places:
        text = path.read_text(encoding="utf-8")
        path.write_text(pattern.sub(value, text), encoding="utf-8")


def main():
    argument = sys.argv[1] if len(sys.argv) == 2 else None
    if len(sys.argv) == 1:
        print(current())
    elif argument == "--check":
        problems = list(differences(current()))
        print("\n".join(problems) if problems else f"{current()} in {len(COPIES) + 2} places")
        return 1 if problems else 0
    elif argument == "--notes":
        print(changes(current())[1])
    elif argument and re.fullmatch(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}", argument):
        write(argument)
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
