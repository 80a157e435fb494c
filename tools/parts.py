#!/usr/bin/env python3
"""Which room of src/ uses which: compute it from the code, and keep the picture in CONTRIBUTING.md.

    tools/parts.py             print the picture
    tools/parts.py --why       and for each mark the names that are used
    tools/parts.py --write     put the picture into CONTRIBUTING.md
    tools/parts.py --check     exit 1 if CONTRIBUTING.md has another picture

The order is that of the spine, src/confiture-in.h. A part uses a name (cfti_*, CFTI_*, confiture_*,
CONFITURE_*) that another part defines. C itself forbids the use of a later type or macro, but a
prototype allows a call of a later function: such a call is an arrow upwards, which is an error
outside of one room. A room whose parts are not consecutive in the spine has several rows.
"""

import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "CONTRIBUTING.md"
PICTURE = re.compile(r"(<!-- made by tools/parts.py --write -->\n```text\n).*?(```\n)", re.S)
INCLUDE = re.compile(r'^#include "(.+)"', re.M)
NOT_CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
TOKEN = re.compile(r"^\}|[A-Za-z_]\w*|[(){};]", re.M)
OURS = re.compile(r"(?:cfti|CFTI|confiture|CONFITURE)_\w+")
COLUMNS = 100


def blank(match):
    """What takes the place of text that is no code: line numbers stay as they are."""
    return re.sub(r"[^\n]+", " ", match[0])


class Part:
    """What one part defines and what it mentions; lines are those of the first mention."""

    def __init__(self, src, path):
        self.path, self.room = path, path.split("/")[0]
        self.functions, self.macros, self.mentions = set(), set(), {}
        text = NOT_CODE.sub(blank, (src / path).read_text())
        for found in DIRECTIVE.finditer(text):
            self.read_directive(found[0], text.count("\n", 0, found.start()) + 1)
        self.types = {}  # what is no function and no macro: the first part that has it defines it
        self.read_code(DIRECTIVE.sub(blank, text))

    def mention(self, name, line):
        self.mentions.setdefault(name, line)

    def read_directive(self, text, line):
        words = re.match(r"\s*#\s*(\w+)\s*(\w*)(.*)", text, re.S)
        if not words or words[1] != "define":  # #if asks the host's switches too; #undef uses nothing
            return
        self.macros.add(words[2])
        for name in OURS.findall(words[3]):
            self.mention(name, line)

    def read_code(self, text):
        tokens = [(found[0], found.start()) for found in TOKEN.finditer(text)]
        depth, line, last = 0, 1, 0
        for number, (token, start) in enumerate(tokens):
            line, last = line + text.count("\n", last, start), start
            if token == "{":
                depth += 1
            elif token == "}":
                # At the left margin it ends a definition, whatever the branches of an #if opened.
                depth = 0 if text[start - 1:start] == "\n" else max(0, depth - 1)
            elif OURS.fullmatch(token):
                after = self.after_parentheses(tokens, number + 1) if depth == 0 else None
                if after == "{":
                    self.functions.add(token)
                elif after is None:
                    self.mention(token, line)
                    self.types.setdefault(token, line)

    @staticmethod
    def after_parentheses(tokens, number):
        """What follows "(...)", which begins at this token; None if it does not begin here."""
        depth = 0
        for token, _ in tokens[number:]:
            depth += (token == "(") - (token == ")")
            if depth == 0 and token != ")":
                return token if token in "{;" and tokens[number][0] == "(" else None
        return None


class Parts:
    def __init__(self, src):
        self.parts = [Part(src, path) for path in INCLUDE.findall((src / "confiture-in.h").read_text())]
        self.rows = []  # (room, its parts), in the order of the spine
        self.row_of = {}
        for part in self.parts:
            if not self.rows or self.rows[-1][0] != part.room:
                self.rows.append((part.room, []))
            self.rows[-1][1].append(part.path)
            self.row_of[part.path] = len(self.rows) - 1
        self.definitions = {}  # of each name the rows that define it
        for part in self.parts:
            for name in part.functions | part.macros:
                self.definitions.setdefault(name, set()).add(self.row_of[part.path])
        for part in self.parts:
            for name in part.types:
                self.definitions.setdefault(name, {self.row_of[part.path]})
        self.uses = {}  # (row, row that it uses): names
        self.upwards = []
        for part in self.parts:
            self.look_at(part)

    def look_at(self, part):
        own = self.row_of[part.path]
        for name, line in part.mentions.items():
            rows = self.definitions[name]
            if own in rows:
                continue
            above = [row for row in rows if row < own]
            if above:
                self.uses.setdefault((own, max(above)), set()).add(name)
            elif self.rows[min(rows)][0] != part.room:
                self.upwards.append(f"src/{part.path}:{line}: {name} is defined below, in "
                                    f"{self.rows[min(rows)][0]}/")

    def picture(self):
        """A staircase: a row for each room, a column below the name of each."""
        lines = []
        used = {number for pair in self.uses for number in pair}
        for row, (room, _) in enumerate(self.rows):
            if row not in used:  # base/end.h: the licence
                continue
            marks = ["x" if (row, column) in self.uses else "." for column in range(row)]
            lines.append("   ".join([*marks, room]))
        lines.append("")
        width = max(len(room) for room, _ in self.rows) + 2
        for room, paths in self.rows:
            line = room.ljust(width)
            for name in (path.split("/")[1] for path in paths):
                if len(line) + len(name) > COLUMNS:
                    lines.append(line.rstrip())
                    line = " " * width
                line += name + " "
            lines.append(line.rstrip())
        return "\n".join(lines) + "\n"

    def why(self):
        for (row, column), names in sorted(self.uses.items()):
            yield f"{self.rows[row][0]} uses of {self.rows[column][0]}: {', '.join(sorted(names))}"


def main():
    parser = argparse.ArgumentParser(description="Show which room of src/ uses which.")
    parser.add_argument("--why", action="store_true", help="print the names that are used")
    parser.add_argument("--write", action="store_true", help="put it into CONTRIBUTING.md")
    parser.add_argument("--check", action="store_true", help="compare with CONTRIBUTING.md")
    parser.add_argument("--src", type=pathlib.Path, default=ROOT / "src", help="the parts' folder")
    options = parser.parse_args()

    parts = Parts(options.src)
    if parts.upwards:
        print("\n".join(parts.upwards), file=sys.stderr)
        return 1
    picture = parts.picture()
    if not options.check and not options.write:
        print(picture, end="")
        if options.why:
            print("", *parts.why(), sep="\n")
        return 0
    old = DOCUMENT.read_text()
    new = PICTURE.sub(lambda found: found[1] + picture + found[2], old)
    if picture not in new:
        print(f"{DOCUMENT.name}: no place for the picture of the parts", file=sys.stderr)
        return 1
    if options.check and old != new:
        print(f"{DOCUMENT.name}: not the picture of the parts: run 'tools/parts.py --write'",
              file=sys.stderr)
        return 1
    if options.write and old != new:
        DOCUMENT.write_text(new)
    print(f"{DOCUMENT.name} has the picture of {len(parts.rows)} rows of rooms; no call goes upwards")
    return 0


if __name__ == "__main__":
    sys.exit(main())
