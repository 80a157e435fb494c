"""The golden data: what the original tool gave for real trees and small cases.

It is not part of the repository: ../shared/golden beside it, or the folder that the environment
variable CONFITURE_GOLDEN names.
"""

import base64
import hashlib
import json
import math
import os

import confiture_reference as reference
from confiture_reference import ConfitureError, Directory

HEADER = ("golden", "2026-01-01T00:00:00")


def folder(repository):
    """Where the golden data is, or None."""
    place = os.environ.get("CONFITURE_GOLDEN") or os.path.join(repository, "..", "shared", "golden")
    return os.path.realpath(place) if os.path.exists(os.path.join(place, "expected.json")) else None


def directory(root, entry):
    """One of the original's include_dirs: a string, or a dict with its own defaults."""
    if isinstance(entry, str):
        entry = {"path": entry}
    return Directory(os.path.normpath(os.path.join(root, entry["path"])),
                     entry.get("recursive", True), tuple(entry.get("include", ())),
                     tuple(entry.get("exclude", ())), not entry.get("auto_discover", True))


class Case:
    """One tree with its options, and what the original made of it."""

    def __init__(self, name, root, entry, sort_mode):
        # The original sorts include_dirs by "order"; all that can depend on it is nothing.
        self.name = name
        self.root = root
        self.entry = entry
        self.directories = [directory(root, d) for d in entry["include_dirs"]]
        self.exclude_dirs = [os.path.join(root, d) for d in entry["exclude_dirs"]]
        self.sort_mode = "hex" if sort_mode == "hex" else "path"

    def find(self):
        return reference.find(self.directories, self.exclude_dirs, self.sort_mode)

    def rooted(self, text):
        return text.replace("{ROOT}", self.root)


def trees(golden):
    """The real trees of expected.json, with their expected order."""
    with open(os.path.join(golden, "expected.json"), encoding="utf-8") as file:
        expected = json.load(file)
    for name, entry in expected.items():
        root = os.path.join(os.path.dirname(golden), "trees", entry["tree"])
        case = Case(name, root, entry, entry["build"].get("sort_mode"))
        with open(os.path.join(golden, "order", name + ".lst"), "rb") as file:
            case.order = file.read()
        yield case


def units(golden):
    with open(os.path.join(golden, "units.json"), encoding="utf-8") as file:
        return json.load(file)


def text_cases(golden):
    """(bytes, translated bytes or None, offset of the error)."""
    for data, text, message in units(golden)["text"]:
        offset = None
        if message:
            offset = int(message.split(" in position ")[1].split(":")[0].split("-")[0])
        yield base64.b64decode(data), None if text is None else base64.b64decode(text), offset


def comment_cases(golden):
    for data, line in units(golden)["comment"]:
        yield base64.b64decode(data), line


def build_cases(golden, sandbox):
    """The small whole builds; each is made in the sandbox before it is yielded."""
    for index, entry in enumerate(units(golden)["build"]):
        root = sandbox.fresh(seeds=False)  # as where the answers were made
        for path in entry["dirs"]:
            sandbox.directory(path)
        for path, data in entry["files"].items():
            sandbox.file(path, base64.b64decode(data))
        for path, target in entry["links"].items():
            sandbox.link(path, target)
        yield Case("build/%d" % index, root, entry, entry["sort_mode"])


# ---- the reference against the golden data ----------------------------------------------------

def digest(data):
    return hashlib.sha256(data).hexdigest()


def expect(actual, wanted, what):
    if actual != wanted:
        raise AssertionError("%s: got %.300r, wanted %.300r" % (what, actual, wanted))


def expect_error(action, message, what, order=()):
    """The original's message names what ours must name too.

    It reads all files before it looks for comments, where ours takes the first error in list order.
    """
    try:
        action()
    except ConfitureError as error:
        if error.kind == "no_files":
            expect(message.startswith("No SQL files found"), True, what)
        elif error.kind == "not_found":
            expect("does not exist: " + error.path, message.split("Include directory ")[1], what)
        elif error.kind == "unclosed" and message.startswith("Error reading "):
            later = order[order.index(error.path) + 1:]
            expect(any(message.startswith("Error reading %s: " % p) for p in later), True, what)
        elif error.kind == "unclosed":
            expect("%s:%d - Unclosed" % (error.path, error.line) in message, True, what)
        else:
            expect(message.startswith("Error reading %s" % error.path), True, what)
    else:
        raise AssertionError("%s: no error, wanted %.300r" % (what, message))


def check_tree(case):
    """Everything that expected.json says about one tree."""
    entry, files = case.entry, case.find()
    expect(str(files.base), case.rooted(entry["base_dir"]), "base")
    expect(b"".join(n.encode() + b"\0" for n in files.names), case.order, "order")
    expect(reference.hash_stream(files), entry["python_hash"], "stream digest")
    top = reference.header_text(*HEADER, entry["python_hash"], len(files)).encode()
    for style, wanted in entry["body"].items():
        body = reference.build(files, style)
        expect(digest(body), wanted["sha256"], style)
        expect(digest(top + body), entry["full"][style]["sha256"], "full " + style)
    full = reference.build(files, "mysql", header=HEADER)
    expect(digest(full), entry["full"]["mysql"]["sha256"], "full mysql")
    paths = [str(p) for p in files.paths]
    expect(reference.core_hash_files(paths), entry["rust_hash"], "core digest")
    expect(digest(reference.core_build_schema(paths).encode()), entry["rust_body"]["sha256"],
           "core body")
    if entry["rust_body"] == entry["v020a_body"]:  # the files' common parent is the base
        expect(reference.hash_tree(files), entry["rust_hash"], "tree digest")
    found = reference.check_reference(files)
    if entry["validation"] is None:
        expect(found, [], "comment check")
    else:
        for f in found:
            expect("%s:%d - Unclosed" % (f.path, f.line) in case.rooted(entry["validation"]), True,
                   "comment check")
        expect(len(found), entry["validation"].count(" - Unclosed"), "comment check")


def check_build(case):
    """Everything that units.json says about one small build."""
    entry = case.entry
    if isinstance(entry["order"], dict):
        expect_error(case.find, case.rooted(entry["order"]["SchemaError"]), "order")
        return
    files = case.find()
    expect(str(files.base), case.rooted(entry["base_dir"]), "base")
    expect(files.names, entry["order"], "order")
    expect([n for i, n in enumerate(files.names) if files.is_seed(i)], entry["seeds"], "seeds")
    if isinstance(entry["hash"], dict):
        expect_error(lambda: reference.hash_stream(files),
                     case.rooted(entry["hash"]["SchemaError"]), "digest")
    else:
        expect(reference.hash_stream(files), entry["hash"], "digest")
    for key, wanted in entry["body"].items():
        style, _, unchecked = key.partition("/")
        check = "none" if unchecked else "reference"

        def action():
            return reference.build(files, style, schema_only=entry["schema_only"], check=check,
                                   digest=False)
        if isinstance(wanted, dict):
            expect_error(action, case.rooted(wanted["SchemaError"]), key,
                         [str(p) for p in files.paths])
        else:
            expect(action(), base64.b64decode(wanted), key)


def check_text(data, text, offset):
    try:
        actual = (reference.read_text(data).encode(), None)
    except ConfitureError as error:
        actual = (None, error.offset)
    expect(actual, (text, offset), repr(data))


def check_hex(row):
    name_stem, value, file_stem, key_value, key_rest = row
    actual = reference.hex_value(name_stem)
    expect(None if actual is None else str(actual), value, name_stem)
    expect(reference.stem(name_stem + ".sql"), file_stem, name_stem)
    if name_stem:  # of "" the data has the key of a file without a name
        key = reference.hex_key(name_stem + ".sql")
        expect((None if key[0] == math.inf else str(key[0]), key[1].decode()),
               (key_value, key_rest), name_stem)


def check_match(path, pattern, wanted):
    try:
        actual = reference.match(path, pattern)
    except ConfitureError as error:
        actual = "ValueError: " + error.what
    expect(actual, wanted, "%r %r" % (path, pattern))


def check_units(golden, sandbox, report):
    """units.json; the yardstick itself must hold before anything is measured with it."""
    small = units(golden)
    for data, line in comment_cases(golden):
        report.check("reference, golden comment",
                     lambda: expect(reference.comment_left_open(reference.newlines(data.decode())),
                                    line, repr(data)))
    for row in text_cases(golden):
        report.check("reference, golden text", check_text, *row)
    for row in small["hex"]["rows"]:
        report.check("reference, golden hex", check_hex, row)
    for component, wanted in small["seed_component"]:
        report.check("reference, golden seed",
                     lambda: expect(reference.is_seed_component(component), wanted, component))
    for row in small["match"]:
        report.check("reference, golden match", check_match, *row)
    for case in build_cases(golden, sandbox):
        report.check("reference, golden " + case.name, check_build, case)
