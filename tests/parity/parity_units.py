"""Single functions of the library's inside, on the golden cases and on random strings."""

import fnmatch
import hashlib
import os
import sys

import confiture_reference as reference
import parity_golden
import selection
from confiture_reference import ConfitureError
from parity_golden import expect
from parity_trees import EXCLUDES, HEX_FILES, INCLUDES, OPEN_STATEMENTS, STATEMENTS


class Units:
    """Questions with their answers; asked together, since each alone would cost two switches."""

    def __init__(self, driver, report):
        self.driver = driver
        self.report = report
        self.questions = []
        self.size = 0

    def ask(self, what, name, args, wanted, chunk=0):
        wanted = wanted if isinstance(wanted, bytes) else str(wanted).encode()
        self.questions.append((what, name, args, wanted, chunk))
        self.size += 200 + len(wanted) + sum(len(a) for a in args)
        if self.size > 16000:
            self.flush()

    def flush(self):
        questions, self.questions, self.size = self.questions, [], 0
        if not questions:
            return
        answers = []

        def asked():
            answers.extend(self.driver.requests(
                [("unit", ("name", name), ("chunk", chunk)) + tuple(("arg", a) for a in args)
                 for _, name, args, _, chunk in questions]))
        if not self.report.check("units", asked):
            return
        self.report.passed -= 1
        for (what, name, args, wanted, chunk), answer in zip(questions, answers):
            self.report.check(what, expect, answer.fields[0], wanted,
                              "%s of %r in pieces of %d" % (name, args, chunk))


# ---- questions --------------------------------------------------------------------------------

def ask_text(units, what, data, chunk):
    try:
        wanted = b"=" + reference.read_text(data).encode()
    except ConfitureError as error:
        wanted = b"%d %d" % (error.offset, error.line)
    units.ask(what, "text", [data], wanted, chunk)


def ask_check(units, what, text, mode, chunk):
    finding = reference.check_text(text, mode)
    units.ask(what, "check_" + mode, [text.encode()],
              "%d %s" % (finding.line, finding.what) if finding else b"", chunk)


def ask_match(units, what, path, pattern):
    try:
        wanted = int(selection.match(path, pattern))
    except ConfitureError:
        wanted = -1
    units.ask(what, "match", [path, pattern], wanted)


def ask_fnmatch(units, what, name, pattern):
    wanted = selection.match_component(name, pattern)
    # In CPython a "!" that a backwards range leaves at a class's start negates it: an accident.
    if sys.version_info[:2] == (3, 11) and "!" not in pattern.replace("[!", "["):
        units.report.check("fnmatch of Python 3.11", expect, wanted,
                           fnmatch.fnmatchcase(name, pattern), "%r %r" % (name, pattern))
    units.ask(what, "fnmatch", [name, pattern], int(wanted))


def ask_hex(units, what, a, b):
    for name in (a, b):
        stem = reference.stem(name)
        size = -1
        if reference.hex_value(stem) is not None:
            size = len(os.fsencode(stem.partition("_")[0]))
        units.ask(what, "hex", [stem], size)
    key_a, key_b = reference.hex_key(a), reference.hex_key(b)
    if key_a != key_b:
        units.ask(what, "hex_compare", [a, b], 1 if key_a > key_b else -1)


def ask_order(units, what, a, b):
    key_a, key_b = (reference.path_key(reference.Path(p)) for p in (a, b))
    units.ask(what, "path_compare", [a, b], (key_a > key_b) - (key_a < key_b))


# ---- the golden cases -------------------------------------------------------------------------

def check_golden(driver, golden, rng, report):
    units = Units(driver, report)
    small = parity_golden.units(golden)
    for data, line in parity_golden.comment_cases(golden):
        text = reference.newlines(data.decode()).encode()
        units.ask("golden comment", "check_reference", [text],
                  "%d comment never closed" % line if line else b"", rng.randint(0, 5))
    for data, _, _ in parity_golden.text_cases(golden):
        ask_text(units, "golden text", data, rng.randint(0, 5))
    for row in small["hex"]["rows"]:
        size = -1 if row[1] is None else len(row[0].partition("_")[0].encode())
        units.ask("golden hex", "hex", [row[0]], size)
    for component, wanted in small["seed_component"]:
        units.ask("golden seed", "seed", [component], int(wanted))
    for path, pattern, wanted in small["match"]:
        units.ask("golden match", "match", [path, pattern],
                  int(wanted) if isinstance(wanted, bool) else -1)
    units.flush()


# ---- random strings ---------------------------------------------------------------------------

PIECES = ["'", '"', "$", "$$", "$a$", "$b$", "E'", "e'", "a", "e", "1", "$1", "_", "\u00e9", "/*",
          "*/", "*", "/", "-", "--", "\n", "\n", " ", ";", "\\", "\\.", "\n\\.\n", "COPY", "copy ",
          " FROM ", "stdin", " stdin;", "(", ")", ",", "\\;", "\\:", "\\copy ", "\\g", "\\gx\n",
          "\\echo ", "U&'", "\\'", "''", "\t", "\f", "\ufeff", "COPY t FROM stdin;\n", "\\\\",
          "create function f()", " begin ", " end;", " case ", "end", ":x", "::", ";", ";\n", "\n",
          "\\if true\n", "\\if false\n", "\\else\n", "\\elif 1\n", "\\endif\n", "\\q", "\\r\n",
          "\\restrict k\n", "\\unrestrict k\n", "\\copy t from stdin\n", "\\g |", "`", "\\! ", "\0"]
BYTES = [b"\r", b"\n", b"\r\n", b"a", b"\xc3\xa9", b"\xe2\x82\xac", b"\xf0\x9d\x84\x9e",
         b"\xff", b"\xc0", b"\xed\xa0\x80", b"\xed\x9f\xbf", b"\xe0\x80", b"\xe0\xa0\x80",
         b"\xf4\x8f\xbf\xbf", b"\xf4\x90", b"\xf0\x80", b"\0", b"\xef\xbb\xbf", b"\x80"]


def random_sql(rng):
    if rng.random() < 0.2:
        lines = [rng.choice(STATEMENTS + OPEN_STATEMENTS) for _ in range(rng.randint(1, 6))]
        return "\n".join(lines)
    text = "".join(rng.choice(PIECES) for _ in range(rng.randint(1, rng.choice([4, 12, 40]))))
    if rng.random() < 0.1:
        at = rng.randint(0, len(text))
        text = text[:at] + rng.choice(" x\n'/*") * rng.randint(1, 70) + text[at:]
    return text


def random_bytes(rng):
    some = rng.sample(BYTES, 6) if rng.random() < 0.5 else BYTES[:7]
    data = b"".join(rng.choice(some) for _ in range(rng.randint(0, 12)))
    if rng.random() < 0.3:
        data = b"x" * rng.randint(0, 80) + data + b"y" * rng.randint(0, 80)
    return data


def random_name(rng, letters):
    return "".join(rng.choice(letters) for _ in range(rng.randint(0, 7)))


def random_path(rng, letters, most):
    return "/".join(random_name(rng, letters) for _ in range(rng.randint(1, most)))


def check_random(driver, rng, count, report):
    """Each a random string or pair of strings; all are short, so that a failure can be read."""
    units = Units(driver, report)
    for _ in range(count):
        chunk = rng.choice([0, 1, 2, 3, 5, 16, 17])
        ask_text(units, "random text", random_bytes(rng), chunk)
        sql = random_sql(rng)
        ask_check(units, "random reference check", sql, "reference", chunk)
        ask_check(units, "random postgres check", sql, "postgres", chunk)
        ask_fnmatch(units, "random fnmatch", random_name(rng, "ab.*-[]!\u00e9\udcff\n"),
                    random_name(rng, "ab.**?-[]!\u00e9\udcff^"))
        ask_match(units, "random match", random_path(rng, "ab.", 4),
                  rng.choice([random_path(rng, "ab*?.", 3), rng.choice(INCLUDES + EXCLUDES)]))
        component = "".join(rng.choice(["seed", "SEEDS", "s", "-", "_", ".", "a", "\u017f"])
                            for _ in range(rng.randint(1, 4)))
        units.ask("random seed", "seed", [component], int(reference.is_seed_component(component)))
        names = [random_name(rng, "0123456789ABCDEFXfxG_.\u0660\u0661\uff21") +
                 rng.choice(["_a.sql", "_b.sql", ".sql"]) for _ in range(2)]
        ask_hex(units, "random hex", *(names if rng.random() < 0.7 else rng.sample(HEX_FILES, 2)))
        ask_order(units, "random order", *(rng.choice(["", "/"]) + "/".join(
            random_name(rng, "a-./\u00e9\U0001d538").replace("/", "").strip(".") or "b"
            for _ in range(rng.randint(1, 3))) for _ in range(2)))
        data = bytes(rng.getrandbits(8) for _ in range(rng.randint(0, 200)))
        units.ask("random sha256", "sha256", [data], hashlib.sha256(data).hexdigest(),
                  rng.choice([0, 1, 7, 63, 64, 65]))
    units.flush()
