"""What cannot be done: the exception that a Python user expects, alike on both paths."""

import collections
import errno
import os
import pathlib
import pickle
import re
import socket
import subprocess
import sys
import unittest

from confiture_native import ConfitureError, Directory, EncodingError, Entry, Finding
from support import (IMPLEMENTATIONS, NATIVE, TestCase, needs_links, needs_native, outcome,
                     unprivileged)

FUNCTIONS = ("build_schema", "hash_files", "schema", "digest", "manifest", "check")
CORE = ("build_schema", "hash_files")
# Gives its lease back some time after it was told to.
HOLDER = """
import fcntl, os, signal, sys, time
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGIO])
file = os.open(sys.argv[1], os.O_RDONLY)
try:
    fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
except OSError:
    sys.exit(1)
os.write(1, b"y")
os.close(1)
signal.sigwait([signal.SIGIO])
time.sleep(0.03)
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
"""


class Case(TestCase):
    def raises(self, expected, function, *args, **keys):
        """On each implementation, with one text; returns the last one's exception."""
        texts = set()
        for name, module in IMPLEMENTATIONS:
            with self.subTest(implementation=name, function=function, args=args, keys=keys):
                with self.assertRaises(expected) as caught:
                    getattr(module, function)(*args, **keys)
                # TypeError and ValueError have subclasses that would mean something else.
                self.assertIs(type(caught.exception), expected)
            texts.add(str(caught.exception))
        self.assertEqual(len(texts), 1, texts)
        return caught.exception


class Arguments(Case):
    def test_no_list(self):
        for function in FUNCTIONS:
            for value in ("a.sql", b"a.sql", bytearray(b"a"), None, 5, {"a.sql"}, {"a.sql": 1},
                          frozenset(), pathlib.Path("a.sql")):
                error = self.raises(TypeError, function, value)
                self.assertEqual(str(error), "files must be a list, or another iterable, of paths"
                                 " in order, not {!r}".format(type(value)))
            # What Python itself says of these differs from version to version.
            for _, module in IMPLEMENTATIONS:
                for args, keys in (((), {}), (([], []), {}), (([],), {"unknown": 1}),
                                   (([],), {"files": []})):
                    self.assertRaises(TypeError, getattr(module, function), *args, **keys)

    def test_iterables(self):
        """Anything that gives paths in an order."""
        self.file("a.sql")
        self.file("b.sql", b"SELECT 2;\n")
        files = ["b.sql", "a.sql"]
        for _, module in IMPLEMENTATIONS:
            for function in FUNCTIONS:
                call = getattr(module, function)
                expected = call(files)
                for make in (tuple, iter, collections.deque, lambda f: (x for x in f),
                             lambda f: map(pathlib.Path, f), lambda f: dict.fromkeys(f).keys(),
                             lambda f: [pathlib.PurePath(x) for x in f]):
                    self.assertEqual(call(make(files)), expected)
            found = module.find_files(["."])
            for one in (".", pathlib.Path("."), Directory("."), Directory(pathlib.Path(".")),
                        iter(["."]), (Directory(x) for x in ".")):
                self.assertEqual(module.find_files(one), found)
            for none in (iter(["a.sql"]), [pathlib.Path("a.sql")], (x for x in ["a.sql"])):
                self.assertEqual(module.find_files(".", exclude_dirs=none), ["b.sql"])
            place = Directory(".", include=iter(["a.sql"]), exclude=(x for x in ["b*"]))
            self.assertEqual(module.find_files([place]), ["a.sql"])

    def test_an_iterable_that_fails(self):
        def fails():
            yield "a.sql"
            raise KeyError("x")

        for _, module in IMPLEMENTATIONS:
            for function in FUNCTIONS + ("find_files",):
                self.assertRaises(KeyError, getattr(module, function), fails())

    def test_files_by_name(self):
        for _, module in IMPLEMENTATIONS:
            self.assertEqual(module.build_schema(files=[]), "\n")

    def test_no_paths(self):
        self.file("a.sql")

        class Bytes:
            def __fspath__(self):
                return b"a.sql"

        class Fails:
            def __fspath__(self):
                raise KeyError("x")

        for function in FUNCTIONS:
            for item in (None, 5, ["a.sql"]):
                self.raises(TypeError, function, ["a.sql", item])
            # A path is text here: names in the schema and in the digest are.
            for item in (b"a.sql", Bytes()):
                error = self.raises(TypeError, function, ["a.sql", item])
                self.assertEqual(str(error), "files must be str or os.PathLike, not bytes:"
                                 " os.fsdecode() makes a str of them")
            self.raises(KeyError, function, [Fails()])

    def test_a_list_that_fails_or_lies(self):
        class Fails(list):
            def __iter__(self):
                raise KeyError("x")

        class Endless:
            def __getitem__(self, index):
                if index > 3:
                    raise ZeroDivisionError
                return "a.sql"

            def __len__(self):
                return 2

        for function in FUNCTIONS:
            self.raises(KeyError, function, Fails(["a.sql"]))
            self.raises(ZeroDivisionError, function, Endless())

    def test_a_path_that_changes_the_list(self):
        self.file("a.sql")
        files = []

        class Clears:
            def __fspath__(self):
                files.clear()
                return "a.sql"

        for _, module in IMPLEMENTATIONS:
            files[:] = [Clears(), "a.sql", Clears()]
            self.assertEqual(module.manifest(files), module.manifest(["a.sql"] * 3))

    def test_subclass_of_str(self):
        class Path(str):
            pass

        self.file("a.sql")
        for _, module in IMPLEMENTATIONS:
            self.assertEqual(module.build_schema([Path("a.sql")]), module.build_schema(["a.sql"]))

    def test_nul(self):
        self.file("a")
        for function in FUNCTIONS:
            error = self.raises(ValueError, function, ["a\0.sql"])
            self.assertEqual(str(error), "embedded null character in a path: 'a\\x00.sql'")
        self.raises(ValueError, "build_schema", [], base_dir="a\0")
        self.raises(ValueError, "build_schema", [], style="custom", template="a\0")
        self.raises(ValueError, "build_schema", [], header=("a\0", ""))
        self.raises(ValueError, "find_files", ["a\0"])
        self.raises(ValueError, "find_files", [Directory("a", True, ["*\0"])])

    def test_surrogates(self):
        for function in FUNCTIONS:
            self.raises(UnicodeEncodeError, function, ["a\ud800.sql"])
        # What was escaped is no text, and the Rust module has no other names.
        self.raises(UnicodeEncodeError, "build_schema", ["a\udcff.sql"])
        self.raises(UnicodeEncodeError, "hash_files", ["a\udcff.sql"])
        self.raises(UnicodeEncodeError, "build_schema", [], style="custom", template="\ud800")
        self.raises(UnicodeEncodeError, "build_schema", [], header=("\ud800", ""))
        self.raises(UnicodeEncodeError, "schema", [], header=("", "\ud800"))

    def test_threads(self):
        self.file("a.sql")
        for function in FUNCTIONS:
            error = self.raises(ValueError, function, ["a.sql"], threads=-1)
            self.assertEqual(str(error), "invalid threads -1: expected 0 or more")
            for value in ("2", 1.5, [2]):
                for _, module in IMPLEMENTATIONS:
                    self.assertRaises(TypeError, getattr(module, function), ["a.sql"],
                                      threads=value)
        for name, module in IMPLEMENTATIONS:
            with self.subTest(implementation=name):
                expected = module.hash_files(["a.sql"])
                for value in (True, 10**6, None):
                    self.assertEqual(module.hash_files(["a.sql"], threads=value), expected)

    def test_words(self):
        for function, key in (("build_schema", "style"), ("build_schema", "check"),
                              ("schema", "style"), ("schema", "check"), ("digest", "kind"),
                              ("hash_files", "digest"), ("check", "mode"), ("find_files", "sort")):
            error = self.raises(ValueError, function, [], **{key: "no such"})
            self.assertRegex(str(error), "^invalid {} 'no such': expected .* or .*$".format(key))
            for word in re.sub(" or |, ", " ", str(error).partition(": expected ")[2]).split():
                if word != "custom" and function != "find_files":
                    for _, module in IMPLEMENTATIONS:
                        getattr(module, function)([], **{key: word})
            self.raises(TypeError, function, [], **{key: 1})
            self.raises(TypeError, function, [], **{key: b"none"})

    def test_header_and_template(self):
        for value in ("ab", ["a", "b"], ("a",), ("a", "b", "c"), (1, 2), ("a", None)):
            self.raises(TypeError, "build_schema", [], header=value)
            self.raises(TypeError, "schema", [], header=value)
        self.raises(TypeError, "build_schema", [], template=b"x", style="custom")
        for value in (("a\nb", ""), ("a", "b\r"), ("a\x85", "")):
            error = self.raises(ConfitureError, "build_schema", [], header=value)
            self.assertEqual(error.kind, "argument")
        for value in (None, "", "{", "}", "{x}", "{{}", "{file_path"):
            error = self.raises(ConfitureError, "build_schema", [], style="custom", template=value)
            self.assertEqual(error.kind, "argument")

    def test_truth_that_fails(self):
        class Fails:
            def __bool__(self):
                raise KeyError("x")

        self.raises(KeyError, "build_schema", [], schema_only=Fails())
        self.raises(KeyError, "schema", [], schema_only=Fails())
        self.raises(KeyError, "find_files", ["."], unique=Fails())

    def test_directories(self):
        for value in (5, None, b"a", {"a"}, [5], [b"a"], [("a", True)], [("a", True, 5, (), False)],
                      [("a", True, "*.sql", (), False)], [(5, True, (), (), False)]):
            self.raises(TypeError, "find_files", value)
        self.raises(TypeError, "find_files", ["."], exclude_dirs="a")

    def test_patterns(self):
        self.file("a.sql")
        for pattern in ("", "/a", "a**", "."):
            error = self.raises(ConfitureError, "find_files", [Directory(".", True, [pattern])])
            self.assertEqual(error.kind, "argument")
        error = self.raises(ConfitureError, "find_files", [Directory(".", exclude=[""])])
        self.assertEqual(error.kind, "argument")
        self.assertEqual(self.raises(ConfitureError, "find_files", []).kind, "argument")
        self.assertEqual(self.raises(ConfitureError, "find_files", [""]).kind, "argument")

    def test_empty_path(self):
        """To the Rust module a path like any other, of a file that is not there."""
        path = self.file("a.sql")
        for files in ([""], ["a.sql", ""], ["", "a.sql"], [path, ""], ["a.sql"] * 20 + [""]):
            for function in CORE:
                error = self.raises(FileNotFoundError, function, files)
                self.assertEqual((error.errno, error.filename), (errno.ENOENT, ""))
            for function, keys in (("schema", {}), ("digest", {}), ("manifest", {}), ("check", {}),
                                   ("build_schema", {"style": "none"}),
                                   ("hash_files", {"digest": "tree"})):
                error = self.raises(ConfitureError, function, files, **keys)
                self.assertEqual(str(error), "the list holds an empty path: number {}".format(
                    files.index("") + 1))

    def test_check_of_all_that_harms_the_next_file(self):
        self.file("a.sql", b"SELECT $$ open\n")
        self.file("b.sql", b"\nSELECT 1\n")
        self.file("c.sql", b"\\echo ok\n\n\\q\n")
        self.file("d.sql", b"SELECT 'a\0b';\n")
        self.file("last.sql", b"SELECT 1")
        files = ["a.sql", "b.sql", "c.sql", "d.sql", "last.sql"]
        everything = [("a.sql", 1, 0, "unclosed", "dollar quote never closed", 0),
                      ("b.sql", 2, 0, "unclosed", "statement never ended: add ';'", 1),
                      ("c.sql", 3, 0, "unclosed", "\\q ends the script: remove it", 2),
                      ("d.sql", 1, 0, "unclosed",
                       "NUL byte, where psql drops the rest of the line: remove it", 3)]
        for _, module in IMPLEMENTATIONS:
            self.assertEqual([tuple(f) for f in module.check(files)], everything)
            self.assertEqual(module.check(files), module.check(files, mode="postgres"))
            self.assertEqual([tuple(f) for f in module.check(files, mode="quotes")],
                             everything[:1])
            self.assertEqual(module.check(files, mode="reference"), [])
            self.assertEqual(module.check(files, mode="none"), [])
            self.assertEqual([f.filename for f in module.check(["a.sql", "b.sql"])], ["a.sql"])
            self.assertEqual([f.index for f in module.check(["last.sql", "a.sql", "a.sql"])],
                             [0, 1, 2])

    def test_an_error_says_what_was_found(self):
        self.file("x/:2: a.sql", b"\nSELECT 'a\n")
        self.file("b.sql", b"SELECT 1\n")
        for path, line, what in (("x/:2: a.sql", 2, "quote never closed"),
                                 ("b.sql", 1, "statement never ended: add ';'")):
            error = self.raises(ConfitureError, "build_schema", [path, "b.sql"], check="postgres")
            self.assertEqual((error.kind, error.filename, error.line, error.detail),
                             ("unclosed", path, line, what))
            self.assertEqual(str(error), "{}:{}: {}".format(path, line, what))


class Files(Case):
    def os_error(self, code, path, paths, functions=FUNCTIONS, **keys):
        for function in functions:
            error = self.raises(type(OSError(code, "")), function, paths, **keys)
            self.assertEqual((error.errno, error.filename), (code, path))
            self.assertEqual(error.strerror, os.strerror(code))

    def test_missing(self):
        self.file("a.sql")
        self.os_error(errno.ENOENT, "b.sql", ["a.sql", "b.sql"])
        self.os_error(errno.ENOENT, self.dir + "/b.sql", [self.dir + "/b.sql"])
        self.os_error(errno.ENOTDIR, "a.sql/b.sql", ["a.sql/b.sql"])
        self.os_error(errno.ENAMETOOLONG, "x" * 300, ["x" * 300])

    def test_the_first_of_many(self):
        paths = [self.file("{:03}.sql".format(i)) for i in range(200)]
        for missing in (199, 150, 64, 17, 0):
            os.unlink(paths[missing])
            self.os_error(errno.ENOENT, paths[missing], paths)

    def test_directory(self):
        self.file("d.sql/x")
        self.os_error(errno.EISDIR, "d.sql", ["d.sql"])
        self.os_error(errno.EISDIR, "d.sql/", ["d.sql/"], CORE)

    def test_no_regular_file(self):
        """None of these hangs, and a FIFO loses nothing."""
        os.mkfifo("fifo")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("socket")
            self.os_error(errno.EINVAL, "fifo", ["fifo"])
            self.os_error(errno.EINVAL, "socket", ["socket"])
        for device in ("/dev/null", "/dev/zero"):
            self.os_error(errno.EINVAL, device, [device], CORE + ("manifest", "check"))
            self.os_error(errno.EINVAL, device, [device], ("schema", "digest"), base_dir="/")
        reader = os.open("fifo", os.O_RDONLY | os.O_NONBLOCK)
        writer = os.open("fifo", os.O_WRONLY)
        try:
            os.write(writer, b"kept")
            self.os_error(errno.EINVAL, "fifo", ["fifo"], CORE)
            self.assertEqual(os.read(reader, 10), b"kept")
        finally:
            os.close(reader)
            os.close(writer)

    @unittest.skipUnless(sys.platform.startswith("linux"), "leases are Linux's")
    def test_lease(self):
        """A file on which another process holds a lease is waited for."""
        self.file("a.sql")
        holder = [sys.executable, "-c", HOLDER, "a.sql"]
        for name, module in IMPLEMENTATIONS:
            for function in FUNCTIONS:
                with subprocess.Popen(holder, stdout=subprocess.PIPE) as process:
                    if process.stdout.read(1) != b"y":
                        self.skipTest("leases are not to be had here")
                    with self.subTest(implementation=name, function=function):
                        getattr(module, function)(["a.sql"])
                self.assertEqual(process.returncode, 0)

    @needs_links
    def test_links(self):
        self.link("dangling", "nowhere")
        self.link("circle", "circle")
        self.file("a.sql")
        for first in ("", self.dir + "/"):
            for others in ([], [first + "a.sql"]):
                self.os_error(errno.ENOENT, first + "dangling", others + [first + "dangling"])
                self.os_error(errno.ELOOP, first + "circle", others + [first + "circle"])

    def test_no_permission(self):
        os.chmod(self.file("a.sql"), 0)
        self.root.directory(self.dir + "/closed")
        os.chmod("closed", 0)
        with unprivileged():
            self.os_error(errno.EACCES, "a.sql", ["a.sql"])
            error = self.raises(PermissionError, "find_files", ["."])
            self.assertEqual((error.errno, error.filename), (errno.EACCES, "closed"))
            self.os_error(errno.EACCES, "closed/b.sql", ["closed/b.sql"])
        os.chmod("closed", 0o700)

    def test_a_directory_that_may_be_entered_and_not_listed(self):
        paths = [self.file("d/{}.sql".format(i)) for i in range(3)]
        expected = [m.build_schema(paths) for _, m in IMPLEMENTATIONS]
        os.chmod("d", 0o711)
        with unprivileged():
            self.assertEqual([m.build_schema(paths) for _, m in IMPLEMENTATIONS], expected)

    def test_not_utf8(self):
        data = b"-- \xc3\xa9\r\n\r\n\xff rest\n"
        self.file("a.sql")
        self.file("b.sql", data)
        self.file("c.sql", b"\xfe")
        files = ["a.sql", "b.sql", "c.sql"]
        for function, keys in (("build_schema", {}), ("build_schema", {"base_dir": "."}),
                               ("build_schema", {"threads": 1}), ("schema", {})):
            error = self.raises(EncodingError, function, files, **keys)
            self.assertIsInstance(error, UnicodeDecodeError)
            self.assertEqual((error.encoding, error.start, error.end, error.object),
                             ("utf-8", 9, 10, data))
            self.assertEqual((error.filename, error.line), ("b.sql", 3))
            self.assertEqual(str(error), "b.sql:3: 'utf-8' codec can't decode byte 0xff in"
                             " position 9: invalid start byte")

    def test_cut_off_before_the_next_file(self):
        """What is no character in one file must not become one with what follows."""
        self.file("a.sql", b"x\xe2\x82")
        self.file("b.sql", b"\xac\n")
        results = {outcome(m.build_schema, ["a.sql", "b.sql"]) for _, m in IMPLEMENTATIONS}
        self.assertEqual(results, {("decode", "a.sql", 1, 3, b"x\xe2\x82",
                                    "unexpected end of data")})

    def test_the_first_error_whatever_its_kind(self):
        good = [self.file("{:02}.sql".format(i)) for i in range(40)]
        bad = self.file("bad.sql", b"\xff")
        missing = self.dir + "/missing.sql"
        for paths, kind in ((good[:20] + [bad] + good[20:] + [missing], EncodingError),
                            (good[:20] + [missing] + good[20:] + [bad], FileNotFoundError)):
            for keys in ({}, {"base_dir": self.dir}):
                self.raises(kind, "build_schema", paths, **keys)

    def test_names(self):
        path = self.file("a\n.sql")
        outside = self.file("o.sql")
        self.file("d/x.sql")
        for function in CORE + ("schema", "digest"):
            error = self.raises(ConfitureError, function, [path], base_dir=self.dir)
            self.assertEqual((error.kind, error.filename), ("name", path))
            error = self.raises(ConfitureError, function, ["d/x.sql", outside], base_dir="d")
            self.assertEqual((error.kind, error.filename), ("outside", outside))
        error = self.raises(ConfitureError, "find_files", ["."])
        self.assertEqual((error.kind, error.filename), ("name", "a\n.sql"))

    def test_a_name_that_ends_a_comment(self):
        self.file("x*/y.sql")
        error = self.raises(ConfitureError, "build_schema", ["x*/y.sql"], base_dir=".")
        self.assertEqual(error.kind, "name")
        for _, module in IMPLEMENTATIONS:
            self.assertIn("x*/y.sql", module.build_schema(["x*/y.sql"], style="line_comment"))

    def test_names_that_are_no_text(self):
        name = os.fsdecode(b"\xff")
        if sys.getfilesystemencoding().lower() != "utf-8":
            self.skipTest("file names are not UTF-8 here")
        try:
            path = self.file(name + "/a.sql")
        except OSError:
            self.skipTest("this file system has no such names")
        base = os.path.dirname(path)
        for label, module in IMPLEMENTATIONS:
            with self.subTest(implementation=label):
                self.assertIn("\n * File: a.sql\n", module.build_schema([path], base_dir=base))
                self.assertEqual(module.find_files([base]), [path])
        for function, keys in (("build_schema", {"base_dir": self.dir}), ("manifest", {}),
                               ("check", {})):
            error = self.raises(ConfitureError, function, [path], **keys)
            self.assertEqual((error.kind, error.filename), ("name", path))

    def test_open_comment(self):
        self.file("a.sql", b"\n/* a\n\n/* b")
        error = self.raises(ConfitureError, "build_schema", ["a.sql"], check="reference")
        self.assertEqual((error.kind, error.filename, error.line), ("unclosed", "a.sql", 4))

    def test_no_files_and_no_directory(self):
        self.file("d/a.txt")
        for directories, text in ((["d", "none"], "d, none (missing: none)"), (["d"], "d"),
                                  (pathlib.Path("none"), "none (missing: none)"),
                                  ([Directory("d", False), pathlib.Path("d")], "d, d")):
            error = self.raises(ConfitureError, "find_files", directories)
            self.assertEqual((error.kind, error.filename), ("no_files", None))
            self.assertEqual(str(error), "no SQL files found in " + text)
        error = self.raises(FileNotFoundError, "find_files", [Directory("none", must_exist=True)])
        self.assertEqual((error.errno, error.filename), (errno.ENOENT, "none"))
        error = self.raises(NotADirectoryError, "find_files", ["d/a.txt"])
        self.assertEqual((error.errno, error.filename), (errno.ENOTDIR, "d/a.txt"))

    def test_pickle(self):
        error = ConfitureError("unclosed", "a.sql", 3, "what")
        again = pickle.loads(pickle.dumps(error))
        self.assertEqual((again.kind, again.filename, again.line, str(again)),
                         ("unclosed", "a.sql", 3, "a.sql:3: what"))
        error = EncodingError("utf-8", b"a\r\nb\r\xff", 5, 6, "reason", "a.sql")
        again = pickle.loads(pickle.dumps(error))
        self.assertEqual((again.args, again.filename, again.line, str(again)),
                         (error.args, "a.sql", 3, str(error)))

    def test_repr(self):
        """It makes the same object again."""
        for error in (ConfitureError("unclosed", "a.sql", 3, "what"), ConfitureError("no_files")):
            again = eval(repr(error))
            self.assertEqual((again.args, str(again)), (error.args, str(error)))
        for value in (Directory("a", exclude=["b"]), Entry(1, "0" * 64),
                      Finding("a.sql", 1, 0, "unclosed", "what", 0)):
            self.assertEqual(eval(repr(value)), value)
            self.assertTrue(repr(value).startswith(type(value).__name__ + "("))

    def test_every_error_of_a_file_names_it(self):
        self.file("bad.sql", b"\xff")
        self.file("open.sql", b"SELECT '")
        self.file("d.sql/x")
        self.file("line\n.sql")
        for path in ("bad.sql", "open.sql", "d.sql", "none.sql", "line\n.sql", "../out.sql"):
            error = self.raises(type(self.error_of(path)), "schema", [path])
            self.assertEqual(error.filename, path)
            self.assertIn(repr(path).strip("'") if isinstance(error, OSError) else path, str(error))

    def error_of(self, path):
        try:
            IMPLEMENTATIONS[0][1].schema([path])
        except (OSError, ValueError) as error:
            return error
        raise AssertionError("no error")


if __name__ == "__main__":
    unittest.main()
