#!/usr/bin/env python3
"""What the reference answers to random questions, as rows for a fuzz target that replays.

    tests/fuzz/answers.py TARGET [--seed N] [--count N] [--golden FOLDER] > FILE

A row is four strings: what is asked, its one or two arguments, and the answer; before each stands
its size in four bytes. The targets ask their own obvious implementation, which judges the library
while fuzzing, and the library. --golden: the single cases of the original tool, too.
"""

import argparse
import fnmatch
import hashlib
import os
import random
import re
import sys
import unicodedata
from pathlib import PurePosixPath

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [os.path.join(TESTS, "parity"), os.path.join(TESTS, "reference")]

import confiture_reference as reference  # noqa: E402
import parity_golden  # noqa: E402
import parity_units as units  # noqa: E402
import selection  # noqa: E402
from confiture_reference import ConfitureError  # noqa: E402
from parity_trees import EXCLUDES, HEX_FILES, INCLUDES  # noqa: E402

AS_PATHLIB = sys.version_info[:2] == (3, 11)


def row(kind, a, b="", answer=""):
    out = sys.stdout.buffer
    for field in (kind, a, b, answer):
        data = field if isinstance(field, bytes) else os.fsencode(str(field))
        out.write(len(data).to_bytes(4, "little") + data)


def wants(ours, theirs, what):
    if ours != theirs:
        raise AssertionError("the reference says %r of %r, Python says %r" % (ours, what, theirs))


# ---- text, lexer, sha256 ----------------------------------------------------------------------

def ask_text(data):
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        row("utf8", data, "", error.start)
        return
    row("utf8", data, "", len(data))
    row("newlines", data, "", reference.newlines(text).encode())
    text = reference.newlines(text)
    row("comment", text.encode(), "", reference.comment_left_open(text))


def ask_postgres(text):
    finding = reference.check_text(text, "postgres")
    row("postgres", text.encode(), "",
        "%d %s" % (finding.line, finding.what) if finding else "0 ")


def text_rows(rng, count, golden):
    for _ in range(count):
        ask_text(units.random_bytes(rng))
        ask_text(units.random_sql(rng).encode())
    if golden:
        for data, _, _ in parity_golden.text_cases(golden):
            ask_text(data)
        for data, line in parity_golden.comment_cases(golden):
            text = reference.newlines(data.decode())
            wants(reference.comment_left_open(text), line or 0, data)
            ask_text(data)


def lexer_rows(rng, count, golden):
    for _ in range(2 * count):
        ask_postgres(units.random_sql(rng))
    if golden:
        for data, _ in parity_golden.comment_cases(golden):
            ask_postgres(reference.newlines(data.decode()))


def sha256_rows(rng, count, golden):
    for size in list(range(300)) + [rng.randint(300, 5000) for _ in range(count // 20)]:
        data = bytes(rng.getrandbits(8) for _ in range(size))
        row("sha256", data, "", hashlib.sha256(data).hexdigest())


# ---- glob -------------------------------------------------------------------------------------

def ask_match(path, pattern):
    path = path.lstrip("/")  # relative to its include directory
    try:
        wanted = int(selection.match(path, pattern))
    except ConfitureError:
        wanted = -1
    if AS_PATHLIB:
        try:
            theirs = int(PurePosixPath(path).match(pattern))
        except ValueError:
            theirs = -1
        if "!" not in pattern.replace("[!", "["):
            wants(wanted, theirs, (path, pattern))
    row("match", path, pattern, wanted)


def ask_fnmatch(name, pattern):
    wanted = selection.match_component(name, pattern)
    # In CPython a "!" that a backwards range leaves at a class's start negates it: an accident.
    if AS_PATHLIB and "!" not in pattern.replace("[!", "["):
        wants(wanted, fnmatch.fnmatchcase(name, pattern), (name, pattern))
    row("fnmatch", name, pattern, int(wanted))


def glob_rows(rng, count, golden):
    for _ in range(2 * count):
        ask_fnmatch(units.random_name(rng, "ab.*-[]!\u00e9\udcff\n"),
                    units.random_name(rng, "ab.**?-[]!\u00e9\udcff^"))
        ask_match(units.random_path(rng, "ab.", 4),
                  rng.choice([units.random_path(rng, "ab*?.[]", 3), rng.choice(INCLUDES + EXCLUDES)]))
    if golden:
        for path, pattern, wanted in parity_golden.units(golden)["match"]:
            row("match", path, pattern, int(wanted) if isinstance(wanted, bool) else -1)


# ---- names ------------------------------------------------------------------------------------

def ask_hex(name):
    stem = reference.stem(name)
    size = -1
    if reference.hex_value(stem) is not None:
        size = len(os.fsencode(stem.partition("_")[0]))
    row("hex", name, "", size)


def ask_hex_order(a, b):
    x, y = reference.hex_key(a), reference.hex_key(b)
    if x != y:
        row("hex_order", a, b, 1 if x > y else -1)


def ask_seed(component):
    row("seed", component, "", int(reference.is_seed_component(component)))


def ask_template(template, name):
    try:
        row("template", template, name, reference.separator(name, "custom", template))
    except ConfitureError:
        row("template", template, name, "!")


def names_rows(rng, count, golden):
    for code in range(0x110000):  # every digit that int() takes, and its neighbours
        if unicodedata.category(chr(code)) == "Nd" and (code > 0x7F or chr(code) in "09"):
            if AS_PATHLIB:  # others know another Unicode
                for near in (code - 1, code, code + 1):
                    ask_hex(chr(near) + "A_x.sql")
    for _ in range(count):
        names = [units.random_name(rng, "0123456789ABCDEFXfxG_.\u0660\u0661\uff21") +
                 rng.choice(["_a.sql", "_b.sql", ".sql"]) for _ in range(2)]
        if rng.random() < 0.3:
            names = rng.sample(HEX_FILES, 2)
        for name in names:
            ask_hex(name)
        ask_hex_order(*names)
        ask_seed("".join(rng.choice(["seed", "SEEDS", "s", "-", "_", ".", "a", "\u017f", "\n"])
                         for _ in range(rng.randint(1, 4))))
        ask_template("".join(rng.choice(["{file_path}", "{{", "}}", "{", "}", "a", "-- ", "\u00e9"])
                             for _ in range(rng.randint(0, 5))), "d/\u00e9.sql")
    if golden:
        small = parity_golden.units(golden)
        for values in small["hex"]["rows"]:
            ask_hex(values[0] + ".sql")
        for component, wanted in small["seed_component"]:
            wants(reference.is_seed_component(component), wanted, component)
            ask_seed(component)


# ---- paths ------------------------------------------------------------------------------------

def random_path(rng):
    parts = ["".join(rng.choice("ab-.\u00e9") for _ in range(rng.randint(0, 3)))
             for _ in range(rng.randint(1, 4))]
    return rng.choice(["", "", "/"]) + "/".join(parts)


def ask_path(a, b):
    x, y = PurePosixPath(a), PurePosixPath(b)
    if str(x).startswith("//") or str(y).startswith("//"):
        return  # pathlib keeps exactly two slashes: POSIX leaves open what they mean
    row("clean", a, "", str(x))
    row("order", a, b, (reference.path_key(x) > reference.path_key(y)) -
        (reference.path_key(x) < reference.path_key(y)))
    row("below", a, b, int(reference.below(x, y)))
    if a.startswith("/") and b.startswith("/"):
        row("common", a, b, os.path.commonpath([str(x), str(y)]))


def paths_rows(rng, count, golden):
    for _ in range(2 * count):
        a = random_path(rng)
        ask_path(a, random_path(rng))
        ask_path(a, re.sub("[^/]*$", "", a))
    del golden


ROWS = {"text": text_rows, "lexer": lexer_rows, "sha256": sha256_rows, "glob": glob_rows,
        "names": names_rows, "paths": paths_rows}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--golden")
    options = parser.parse_args()
    if options.target in ROWS:
        ROWS[options.target](random.Random(options.seed), options.count, options.golden)


if __name__ == "__main__":
    main()
