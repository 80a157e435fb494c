#!/usr/bin/env python3
"""Make confiture.h from its parts, or check that it is what they make.

    tools/amalgamate.py             write confiture.h
    tools/amalgamate.py --check     compare only; exit 1 and show the first difference

The spine, src/confiture-in.h, is copied with every #include "part" replaced by
that part, and the line UNDEFINE by an #undef of each macro that the parts define:
no macro of the parts stays in the host's file. The result depends on the files in src/ and nothing else: no date, no
path, no version of any tool. A part that would spoil it is an error, all of
them are reported at once, and nothing is written.
"""

import argparse
import os
import pathlib
import re
import sys

SPINE = "confiture-in.h"
MAX_COLUMNS = 100
NOTICE = "/* confiture.h: generated from src/ by tools/amalgamate.py; edit the parts, not this. */"
FORMATTER = ("/* clang-format off */", "/* clang-format on */")
UNDEFINE = "/* tools/amalgamate.py writes an #undef of each macro of the parts here. */"
MACRO = re.compile(r"\s*#\s*(define|undef)\s+(\w+)")
INCLUDE = re.compile(r'\s*#\s*include\s*"([^"]*)"')
BANNER = re.compile(r"/\* ---- (\S+): .+ ---- \*/$")


class Amalgam:
    def __init__(self, src):
        self.src = src
        self.problems = []
        self.used = []
        self.macros = set()

    def problem(self, name, line, text):
        self.problems.append(f"src/{name}:{line}: {text}" if line else f"src/{name}: {text}")

    def read(self, name):
        """The lines of a part, checked byte by byte: what is wrong here would be
        wrong in every project that copies the header."""
        data = (self.src / name).read_bytes()
        if not data.endswith(b"\n"):
            self.problem(name, data.count(b"\n") + 1, "no newline at the end")
        for number, line in enumerate(data.split(b"\n"), 1):
            if b"\r" in line:
                self.problem(name, number, "carriage return")
            elif line.endswith((b" ", b"\t")):
                self.problem(name, number, "trailing white space")
            if len(line) > MAX_COLUMNS:
                self.problem(name, number, f"longer than {MAX_COLUMNS} columns")
            if b"\t" in line.rstrip():
                self.problem(name, number, "tab")
            if any(byte > 126 or byte < 32 and byte not in b"\r\t" for byte in line):
                self.problem(name, number, "not printable ASCII")
        lines = data.decode("ascii", "replace").split("\n")
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def part(self, name):
        lines = self.read(name)
        banner = BANNER.match(lines[0]) if lines else None
        if not banner or banner[1] != name:
            self.problem(name, 1, f"must begin with /* ---- {name}: its job ---- */")
        for number, line in enumerate(lines, 1):
            if INCLUDE.match(line):
                self.problem(name, number, "a part includes no other part: the spine does")
        self.find_macros(name, lines)
        return lines

    def find_macros(self, name, lines):
        """CONFITURE_ macros are the interface; those of other names must end in their part."""
        others = {}
        for number, line in enumerate(lines, 1):
            macro = MACRO.match(line)
            if macro and macro[1] == "undef":
                others.pop(macro[2], None)
            elif macro and macro[2].startswith("CFTI_"):
                self.macros.add(macro[2])
            elif macro and not macro[2].startswith("CONFITURE_"):
                others[macro[2]] = number
        for macro, number in others.items():
            self.problem(name, number, f"{macro} begins with neither CFTI_ nor CONFITURE_")

    def undefine(self, lines):
        if UNDEFINE not in lines:
            self.problem(SPINE, 0, f"no part has the line {UNDEFINE}")
            return lines
        at = lines.index(UNDEFINE)
        return [*lines[:at], *(f"#undef {name}" for name in sorted(self.macros)), *lines[at + 1:]]

    def build(self):
        out = [NOTICE]
        lines = self.read(SPINE)
        # The spine's first comment is about the spine.
        first = next((i for i, line in enumerate(lines) if line.endswith("*/")), -1) + 1
        for number, line in enumerate(lines[first:], first + 1):
            found = INCLUDE.match(line)
            if not found:
                out.append(line)
                continue
            name = found[1]
            if name in self.used:
                self.problem(SPINE, number, f"{name} is included twice")
                continue
            self.used.append(name)
            if not (self.src / name).is_file():
                self.problem(SPINE, number, f"{name} does not exist")
                continue
            if out[-1]:
                out.append("")
            # What is for the formatter of the parts is not for the reader of the whole.
            out += [line for line in self.part(name) if line.strip() not in FORMATTER]
        for path in sorted(self.src.rglob("*")):
            name = path.relative_to(self.src).as_posix()
            if path.is_file() and name != SPINE and name not in self.used and path.name[0] != ".":
                self.problem(name, 0, f"not included by src/{SPINE}")
        text = "\n".join(self.undefine(out)) + "\n"
        # Parts are separated by one empty line, whatever stood around them.
        return re.sub(r"\n{3,}", "\n\n", text).encode("ascii", "replace")


def first_difference(path, old, new):
    old_lines, new_lines = old.split(b"\n"), new.split(b"\n")
    for number in range(max(len(old_lines), len(new_lines))):
        before = old_lines[number] if number < len(old_lines) else None
        after = new_lines[number] if number < len(new_lines) else None
        if before != after:
            show = lambda line: "end of file" if line is None else line.decode("utf-8", "replace")
            return (f"{path}:{number + 1}: not what src/ makes: run 'make amalgam'\n"
                    f"  is:        {show(before)}\n  should be: {show(after)}")
    return f"{path}: not what src/ makes: run 'make amalgam'"


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description="Make confiture.h from src/confiture-in.h.")
    parser.add_argument("--check", action="store_true", help="compare only")
    parser.add_argument("--src", type=pathlib.Path, default=root / "src", help="the parts' folder")
    parser.add_argument("--output", type=pathlib.Path, default=root / "confiture.h")
    options = parser.parse_args()

    amalgam = Amalgam(options.src)
    new = amalgam.build()
    if amalgam.problems:
        print("\n".join(amalgam.problems), file=sys.stderr)
        return 1
    old = options.output.read_bytes() if options.output.is_file() else None
    if options.check:
        if old == new:
            print(f"{options.output.name} is what src/ makes: {len(amalgam.used)} parts")
            return 0
        print(f"{options.output.name} does not exist: run 'make amalgam'" if old is None else
              first_difference(options.output.name, old, new), file=sys.stderr)
        return 1
    if old != new:
        temporary = options.output.with_name(options.output.name + ".new")
        temporary.write_bytes(new)
        os.replace(temporary, options.output)
    size = f"{len(amalgam.used)} parts, {new.count(10)} lines, {len(new)} bytes"
    print(f"{options.output.name}: {size}" + (" (unchanged)" if old == new else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
