"""One random tree, asked of the reference and of the library: the same bytes must come back."""

import errno
import os
import pathlib
import subprocess
import sys
import unicodedata

import confiture_reference as reference
import explanation
import selection
from confiture_reference import ConfitureError
from parity_driver import findings, settle_user
from parity_trees import EXCLUDES, INCLUDES, BuildOptions, Question

THREADS = (1, 2, 3, 8, 64)


def fail(what, actual, wanted):
    raise AssertionError("%s\n    got    %s\n    wanted %s" % (
        what, shorten(actual), shorten(wanted)))


def shorten(value):
    text = repr(value)
    return text if len(text) < 1500 else text[:1000] + " ... " + text[-400:]


def attempt(action, *args, **options):
    """(result, None), or (None, the error)."""
    try:
        return action(*args, **options), None
    except ConfitureError as error:
        return None, error


def compare_error(actual, wanted, what):
    """The same kind of error, about the same file and place, in one printable line."""
    if (actual is None) != (wanted is None):
        fail(what, actual, wanted)
    if wanted is None:
        return
    same = actual.kind == wanted.kind
    if wanted.kind == "not_file" and actual.kind == "system":
        same = actual.os_error == errno.EACCES  # a directory that may not even be opened
    if wanted.kind not in ("argument", "no_files"):
        same = same and pathlib.PurePath(actual.path) == pathlib.PurePath(wanted.path)
    if wanted.kind == "system":
        same = same and actual.os_error == wanted.os_error
    if wanted.kind in ("encoding", "unclosed"):
        same = same and actual.line == wanted.line
    if wanted.kind == "encoding":
        same = same and actual.offset == wanted.offset
    if wanted.kind == "unclosed":
        same = same and wanted.what in actual.message
    if not same:
        fail(what, actual, (wanted.kind, wanted.path, wanted.line, wanted.offset, str(wanted)))
    if not actual.message or any(unicodedata.category(c) in ("Cc", "Cs") for c in actual.message):
        fail(what + ": message", actual.message, "one printable line")
    plain = actual.path.isascii() and actual.path.isprintable() and "\\" not in actual.path
    if plain and not actual.message.startswith(actual.path):
        fail(what + ": message", actual.message, "the path first")


def reasons(field):
    """What differs is easier to see in lists."""
    return [row.split(b"\0")[:-1] for row in field.split(b"\0\n\0")[:-1]]


class Session:
    """Asks about one tree. The current directory is the tree's root, here and in the driver."""

    def __init__(self, rng, sandbox, tree, driver, command=None):
        self.rng = rng
        self.sandbox = sandbox
        self.tree = tree
        self.driver = driver
        self.command = command
        os.chdir(sandbox.tree)
        driver.request("chdir", ("path", sandbox.tree))

    def run(self):
        for _ in range(self.rng.choice([1, 2, 2, 3])):
            self.ask(Question(self.rng, self.tree, self.sandbox.tree))
        self.compare_pathlib()
        if self.command and self.rng.random() < 0.12:
            self.ask_command(Question(self.rng, self.tree, self.sandbox.tree))

    # ---- the library

    def run_options(self):
        options = [("threads", self.rng.choice(THREADS))]
        options += [("io", self.rng.choice(["read", "mmap", "ring", "ring"]))] if self.rng.random() < 0.3 else []
        kind = self.rng.random()
        return options + ([("parallel_for", "")] if kind < 0.1 else
                          [("pool", "")] if kind < 0.2 else [])

    def call(self, op, pairs, wanted, wanted_error, what):
        """One request; of some, the same with every number of threads."""
        answer = self.driver.request(op, *(pairs + self.run_options()))
        compare_error(answer.error, wanted_error, what)
        if wanted_error is None and wanted is not None:
            actual = answer.fields
            if actual != wanted:
                fail(what, actual, wanted)
        if self.rng.random() < 0.08:
            for threads in THREADS:
                again = self.driver.request(op, *(pairs + [("threads", threads)]))
                if again.raw != answer.raw:
                    fail("%s with %d threads" % (what, threads), again.raw, answer.raw)
        return answer

    def ask(self, question):
        what = "find %r" % (question.driver(),)
        files, error = attempt(reference.find, **question.reference())
        wanted = None
        if files is not None:
            wanted = list_fields(files)
        self.call("find", question.driver(), wanted, error, what)
        if self.rng.random() < 0.5:
            self.explain(question, files, error, what)
        if files is None:
            return
        self.question = question
        for operation in self.rng.sample([self.hash, self.manifest, self.check, self.build,
                                          self.build, self.build_file, self.split, self.own_list],
                                         self.rng.choice([1, 2, 3])):
            operation(files, what)

    def explain(self, question, files, error, what):
        """The reasons, and the list beside them. They must not depend on the threads either."""
        what += ": explained"
        pairs = question.driver() + [("explain", "")]
        rows = []
        if error is None or error.kind == "no_files":
            asked = question.reference()
            rows, unsuited = attempt(explanation.rows, files=files, **asked)
            if unsuited:  # without its excludes the tree cannot be read
                return
        wanted = (list_fields(files) if files is not None else []) + [
            b"".join(os.fsencode(text) + b"\0" for row in rows for text in (*row, "\n"))]
        answers = [self.driver.request("find", *(pairs + self.run_options())),
                   self.driver.request("find", *(pairs + [("threads", self.rng.choice(THREADS))]))]
        for answer in answers:
            compare_error(answer.error, error, what)
            if answer.fields != wanted:
                fail(what, reasons(answer.fields[-1]), reasons(wanted[-1]))

    def own_list(self, files, what):
        """The caller's own list: the same files in another order, or ones that are not there."""
        paths = [str(p) for p in files.paths]
        self.rng.shuffle(paths)
        paths = paths[:self.rng.randint(0, len(paths))]
        if self.rng.random() < 0.1:
            paths.insert(self.rng.randint(0, len(paths)), "not/there.sql")
        base = self.rng.choice([None, str(files.base), self.sandbox.tree, "common"])
        pairs = [("base", base)] if base is not None else []
        listed = error = None
        if base == "common":
            base, pairs = None, [("common_base", "")]
            common, error = attempt(reference.common_base, paths)
            base = common if common is None else str(common)
        if error is None:
            listed, error = attempt(reference.Files, paths, "." if base is None else base)
        if self.rng.random() < 0.5:
            pairs += [("path", p) for p in paths]
        else:
            joined = b"".join(os.fsencode(p) + b"\0" for p in paths)
            pairs.append(("list0", joined[:-1] if self.rng.random() < 0.3 else joined))
        wanted = None
        if listed is not None:
            wanted = list_fields(listed)
        self.call("list", pairs, wanted, error, "list %r" % pairs)
        if listed is not None:
            self.hash(listed, "list %r" % pairs)
        # What follows asks about the list that was found.
        self.driver.request("find", *self.question.driver())

    def hash(self, files, what):
        for kind, function in reference.HASHES.items():
            digest, error = attempt(function, files)
            wanted = None
            if error is None:
                size = sum(os.stat(str(p)).st_size for p in files.paths)
                wanted = [digest.encode(), b"%d" % len(files), b"%d" % size]
            self.call("hash", [("kind", kind)], wanted, error, what + ": %s digest" % kind)

    def manifest(self, files, what):
        entries, error = attempt(reference.manifest, files)
        wanted = None
        if error is None:
            wanted = [f for size, sha in entries for f in (b"%d" % size, sha.encode())]
        self.call("manifest", [], wanted, error, what + ": manifest")

    def check(self, files, what):
        mode = self.rng.choice(["reference", "postgres"])
        self.findings("check", [("check", mode)], what + ": check " + mode, None,
                      reference.check, files, mode)

    def build(self, files, what):
        options = BuildOptions(self.rng)
        pairs = options.driver() + ([("sink", "")] if self.rng.random() < 0.4 else [])
        digest = bool(options.header) or self.rng.random() < 0.7
        pairs += [] if digest else [("no_digest", "")]

        def wanted(built):
            return self.wanted_schema(built, files, options, b"0", digest=digest)
        self.findings("build", pairs, what + ": build %r" % pairs, wanted, reference.build, files,
                      *options.reference(), digest=digest)

    def findings(self, op, pairs, what, wanted, function, *args, **more):
        """An operation that stops at the first finding, or tells them all and then fails."""
        found = []
        collect = found.append if self.rng.random() < 0.5 else None
        if collect:
            pairs = pairs + [("all", "")]
        result, error = attempt(function, *args, on_finding=collect, **more)
        wanted = wanted(result) if wanted and error is None else None
        answer = self.call(op, pairs, wanted, error, what)
        if findings(answer.fields[0]) != [f[:6] for f in found]:  # without the index
            fail(what + ": findings", findings(answer.fields[0]), found)

    def wanted_schema(self, built, files, options, unchanged, data=None, digest=True):
        kept = sum(1 for i in range(len(files)) if not (options.schema_only and files.is_seed(i)))
        return [b"", built if data is None else data, b"%d" % len(built), b"%d" % kept,
                reference.hash_stream(files).encode() if digest else b"", unchanged]

    def build_file(self, files, what):
        """To a file: written whole or not at all, and nothing left beside it."""
        options = BuildOptions(self.rng)
        inside = [str(p) for p in files.paths if os.path.isfile(p) and not os.path.islink(p) and
                  os.stat(p).st_mode & 0o400 and
                  os.path.realpath(str(p)).startswith(self.sandbox.tree + "/")]
        output = os.path.join(self.sandbox.tree, "out")
        if inside and self.rng.random() < 0.3:
            output = self.rng.choice(inside)
        relative = os.path.relpath(os.path.realpath(output), self.sandbox.tree)
        output = self.sandbox.inside(relative)
        fresh = not os.path.exists(output)
        if fresh and self.rng.random() < 0.5:
            self.sandbox.file(relative, b"old")
        kept = [p for p in files.paths if os.path.realpath(str(p)) != output]
        files = reference.Files(kept, files.base)
        before = self.snapshot(output)
        pairs = options.driver() + [("output", output)]
        what += ": build file %r" % pairs
        built, error = attempt(reference.build, files, *options.reference())
        if not kept:
            error = ConfitureError("no_files", output, "the output is the only file")
        wanted = None
        if error is None:
            wanted = self.wanted_schema(built, files, options, b"0", b"")
        answer = self.driver.request("build", *(pairs + self.run_options()))
        compare_error(answer.error, error, what)
        if error is not None:
            if self.snapshot(output) != before:
                fail(what + ": after an error", self.snapshot(output), before)
        else:
            if answer.fields != wanted:
                fail(what, answer.fields, wanted)
            names = sorted(set(before[0]) | {os.path.basename(output)})
            after = self.snapshot(output)
            if after[0] != names or after[1] != built:
                fail(what + ": the file", after, (names, built))
            again = self.driver.request("build", *(pairs + [("keep_unchanged", "")]))
            wanted[-1] = b"1"
            if again.fields != wanted or self.snapshot(output) != after:
                fail(what + ": again", (again.fields, self.snapshot(output)), (wanted, after))
        if fresh and os.path.exists(output):
            os.remove(output)

    def snapshot(self, output):
        folder = sorted(os.listdir(os.path.dirname(output)))
        if not os.path.exists(output):
            return folder, None, None
        with open(output, "rb") as file:
            return folder, file.read(), os.stat(output).st_mtime_ns

    def split(self, files, what):
        options = BuildOptions(self.rng)
        some = [str(p.parent) for p in files.paths] + ["nothere"]
        pre = [self.rng.choice(some) for _ in range(self.rng.choice([0, 1, 1, 2]))]
        post = [self.rng.choice(some) for _ in range(self.rng.choice([0, 1, 1, 2]))]
        pairs = options.driver() + [("pre", d) for d in pre] + [("post", d) for d in post]
        what += ": split %r" % pairs
        phases, error = attempt(reference.build_split, files, pre, post, *options.reference())
        outputs = []
        if self.rng.random() < 0.3:
            outputs = [self.sandbox.inside("out%d" % number) for number in range(3)]
            answer = self.driver.request("split", *(
                pairs + [("output", output) for output in outputs] + self.run_options()))
            compare_error(answer.error, error, what)
        else:
            answer = self.call("split", pairs, None, error, what)
        if error is not None:
            if any(os.path.exists(output) for output in outputs):
                fail(what, "a file in spite of the error", "none")
            return
        got = answer.fields[1::5]
        if outputs:
            got = [pathlib.Path(output).read_bytes() for output in outputs]
            for output in outputs:
                os.remove(output)
        if got != list(phases):
            fail(what, got, phases)
        digest = reference.hash_stream(files).encode()
        if answer.fields[4::5] != [digest] * 3:
            fail(what, answer.fields[4::5], digest)

    # ---- pathlib, which the reference's walk stands for

    def compare_pathlib(self):
        if sys.version_info[:2] != (3, 11) or self.tree.unreadable:
            return
        root = pathlib.Path(self.rng.choice(self.tree.directories + self.tree.links))
        if root.is_dir():
            pattern, recursive = self.rng.choice(INCLUDES), self.rng.random() < 0.7
            wanted = root.rglob(pattern) if recursive else root.glob(pattern)
            got, error = attempt(selection.Walk(str(root)).select,
                                 selection.split_pattern(pattern, recursive))
            # A name that leads nowhere is an error of ours; pathlib passes over it.
            if error is None and sorted(pathlib.Path(p) for p in got) != sorted(wanted):
                fail("%s of %r in %s" % ("rglob" if recursive else "glob", pattern, root), got,
                     sorted(wanted))
        for path in self.tree.files[:20]:
            pattern = self.rng.choice(EXCLUDES)
            wanted = pathlib.PurePath(path).match(pattern)
            if selection.match(path, pattern) != wanted:
                fail("match(%r, %r)" % (path, pattern), not wanted, wanted)

    # ---- the command

    def ask_command(self, question):
        args = question.command()
        if args is None:
            return
        files, error = attempt(reference.find, **question.reference())
        wanted = None
        if files is not None:
            wanted = b"".join(name.encode() + b"\0" for name in files.names)
        run_command(self.command, ["list", "-0"] + args, wanted, error)
        for kind, function in reference.HASHES.items():
            wanted, failure = (None, error) if error else attempt(function, files)
            run_command(self.command, ["hash", "--digest=" + kind] + args,
                        wanted and wanted.encode() + b"  ", failure)
        options = BuildOptions(self.rng)
        while options.template == "":  # the command refuses an empty value before it searches
            options = BuildOptions(self.rng)
        found = []
        wanted, failure = (None, error) if error else attempt(
            reference.build, files, *options.reference(), on_finding=found.append,
            digest=options.header is not None)
        run_command(self.command, ["build", "-o", "-"] + options.command() + args, wanted, failure,
                    found)


def list_fields(files):
    """What the driver answers of a list."""
    fields = [os.fsencode(str(files.base))]
    for index, (path, name) in enumerate(files):
        fields += [os.fsencode(str(path)), os.fsencode(name),
                   b"1" if files.is_seed(index) else b"0"]
    return fields


def run_command(command, args, wanted, error, found=()):
    """Output and exit status; a line for each finding, and one that names the error."""
    done = subprocess.run([command] + args, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, preexec_fn=settle_user)
    what = "command %r" % (args,)
    if error is None:
        same = done.stdout.startswith(wanted) if args[0] == "hash" else done.stdout == wanted
        if done.returncode != 0 or not same:
            fail(what, (done.returncode, done.stdout, done.stderr), wanted)
        return
    wanted = [(f.path, f.line) for f in found]
    if not found or error.kind not in ("encoding", "unclosed"):
        wanted.append(("" if error.kind in ("argument", "no_files") else error.path, error.line))
    code = 1 if error.kind in ("name", "encoding", "unclosed") else 2
    lines = [line for line in done.stderr.decode("utf-8", "surrogateescape").split("\n")
             if not line.startswith("confiture: warning: ")]
    if done.returncode != code or len(lines) != len(wanted) + 1 or lines[-1] != "":
        fail(what, (done.returncode, lines), (code, wanted))
    for line, (path, number) in zip(lines, wanted):
        if not path.isascii() or not path.isprintable() or "\\" in path:
            continue
        # An operand is named as it was given.
        names = [path] + [a for a in args if path and pathlib.PurePath(a) == pathlib.PurePath(path)]
        places = ["confiture: %s:%d: " % (n, number) if number else "confiture: " + n for n in names]
        if not line.startswith(tuple(places)):
            fail(what, line, places)
