"""The builder, and which of the two implementations does its work."""

import copy
import hashlib
import inspect
import os
import pathlib
import pickle
import shutil
import stat
import subprocess
import sys
import unittest

import confiture_native
from confiture_native import ConfitureError, Directory, Schema, SchemaBuilder, _fallback
from support import NATIVE, TestCase, needs_links, needs_native, outcome, reference

STAMP = "2026-01-01T00:00:00"


class Builder(TestCase):
    def setUp(self):
        super().setUp()
        self.file("db/10_tables/a.sql", b"CREATE TABLE a ();\r\n")
        self.file("db/10_tables/b.sql", "-- é\n".encode())
        self.file("db/20_seed_x/c.sql", b"INSERT INTO a DEFAULT VALUES;")
        self.expected = reference.build(reference.find(["db"]), header=("local", STAMP),
                                        check="reference").decode()

    def test_build_and_hash(self):
        builder = SchemaBuilder("db")
        schema = builder.build(timestamp=STAMP)
        self.assertEqual(schema, self.expected)
        self.assertEqual(schema.digest, builder.compute_hash())
        self.assertEqual(schema.file_count, 3)
        self.assertIn("-- Schema Hash: " + schema.digest + "\n", schema)
        self.assertEqual(builder.compute_hash(), reference.compute_hash(reference.find(["db"])))
        self.assertEqual(builder.find_sql_files(),
                         ["db/10_tables/a.sql", "db/10_tables/b.sql", "db/20_seed_x/c.sql"])

    def test_both_ways(self):
        """The same builder, with the functions of the one and of the other."""
        results = []
        for module in filter(None, (_fallback, NATIVE)):
            saved = {name: getattr(confiture_native, name)
                     for name in ("schema", "digest", "find_files")}
            try:
                for name in saved:
                    setattr(confiture_native, name, getattr(module, name))
                builder = SchemaBuilder(["db", Directory("db", include=["*/a.sql"])], unique=True,
                                        style="line_comment")
                results.append((builder.build(timestamp=STAMP), builder.build(header=False),
                                builder.build(schema_only=True, timestamp=STAMP),
                                builder.compute_hash(),
                                outcome(SchemaBuilder("none").build)))
            finally:
                for name, function in saved.items():
                    setattr(confiture_native, name, function)
        self.assertEqual(results[0], results[-1])
        self.assertEqual(results[0][4], ("confiture", "no_files", None, 0))

    def test_a_schema_is_a_str_that_tells_its_digest(self):
        builder = SchemaBuilder("db")
        for keys in ({}, {"header": False}, {"header": False, "schema_only": True}):
            schema = builder.build(timestamp=STAMP, **keys)
            self.assertIsInstance(schema, str)
            self.assertIsInstance(schema, Schema)
            # The files left out are in the digest, not in the count.
            self.assertEqual(schema.digest, builder.compute_hash())
            self.assertEqual(schema.file_count, 2 if "schema_only" in keys else 3)
            for again in (pickle.loads(pickle.dumps(schema)), copy.copy(schema),
                          copy.deepcopy(schema)):
                self.assertEqual((type(again), again, again.digest, again.file_count),
                                 (Schema, schema, schema.digest, schema.file_count))
            self.assertEqual(repr(schema), repr(str(schema)))
        self.assertIs(type(confiture_native.build_schema(["db/10_tables/a.sql"])), str)

    def test_names_of_their_own_are_the_keywords_of_the_others(self):
        """What hash_files() and build_schema() give with keywords, digest() and schema() do."""
        files = SchemaBuilder("db").find_sql_files()
        for module in filter(None, (_fallback, NATIVE)):
            for base in (None, ".", "db", pathlib.Path("db")):
                for kind in ("stream", "tree", "text"):
                    self.assertEqual(module.digest(files, kind=kind, base_dir=base),
                                     module.hash_files(files, digest=kind, base_dir=base))
                for keys in ({"style": "mysql"}, {"header": ("a", "b"), "style": "none"},
                             {"schema_only": True}, {"style": "custom", "template": "{file_path}"},
                             {"check": "quotes"}):
                    self.assertEqual(module.schema(files, base_dir=base, **keys),
                                     module.build_schema(files, base_dir=base, **keys))
            self.assertEqual(module.digest(files), module.hash_files(files, digest="stream"))
            self.assertNotEqual(module.digest(files), module.hash_files(files))

    def test_a_wrong_argument_fails_at_construction(self):
        for keys, text in (({"style": "x"}, "invalid style 'x'"), ({"sort": "x"}, "invalid sort"),
                           ({"check": "x"}, "invalid check 'x'"),
                           ({"style": "custom"}, "has no template"),
                           ({"style": "custom", "template": "{x}"}, "no other braces"),
                           ({"environment": "a\nb"}, "environment must be one line"),
                           ({"threads": -1}, "invalid threads -1")):
            with self.assertRaisesRegex(ValueError, text):
                SchemaBuilder("db", **keys)
        for patterns in ({"include": ["/a"]}, {"include": [""]}, {"exclude": [""]}):
            with self.assertRaises(ConfitureError):
                SchemaBuilder(Directory("db", **patterns))
        for keys in ({"style": 5}, {"base_dir": b"db"}, {"environment": None}, {"threads": "2"},
                     {"exclude_dirs": "db"}, {"template": b"x"}):
            with self.assertRaises(TypeError):
                SchemaBuilder("db", **keys)
        for directories in (5, b"db", [b"db"], {"db"}, Directory("db", include="*.sql")):
            with self.assertRaises(TypeError):
                SchemaBuilder(directories)
        with self.assertRaisesRegex(ConfitureError, "no include directory"):
            SchemaBuilder([])
        with self.assertRaisesRegex(TypeError, "output_path must be str or os.PathLike"):
            SchemaBuilder("db").build(b"out.sql")
        SchemaBuilder("not there yet")

    def test_paths_and_iterables(self):
        expected = SchemaBuilder("db").build(header=False)
        path = pathlib.Path("db")
        for directories in (path, Directory(path), iter(["db"]), (d for d in [path])):
            builder = SchemaBuilder(directories, base_dir=path, exclude_dirs=iter(["none"]))
            self.assertEqual(builder.build(pathlib.Path("out.sql"), header=False), expected)
            self.assertEqual(builder.build(header=False), expected)
            self.assertEqual(pathlib.Path("out.sql").read_text(encoding="utf-8"), expected)
        place = Directory(path, include=iter(["**/*.sql"]))
        builder = SchemaBuilder(place)
        self.assertEqual(builder.build(header=False), builder.build(header=False))

    def test_repr(self):
        """It makes the same builder again."""
        for text in ("SchemaBuilder(['db'])",
                     "SchemaBuilder(['db', 'a'], base_dir='b', exclude_dirs=['c'], sort='hex', "
                     "unique=True, style='custom', template='t', check='none', environment='e', "
                     "threads=2)",
                     "SchemaBuilder([Directory(path='db', recursive=True, include=['**/*.sql'], "
                     "exclude=['x'], must_exist=False)])"):
            self.assertEqual(repr(eval(text)), text)
        self.assertEqual(repr(SchemaBuilder(pathlib.Path("db"))), "SchemaBuilder(['db'])")

    def test_the_check_is_that_of_psql(self):
        """Unless another database is meant, or another check is asked for."""
        self.file("db/10_tables/b.sql", b"SELECT '/* a';\nSELECT 2")
        with self.assertRaises(ConfitureError) as caught:
            SchemaBuilder("db").build()
        self.assertEqual(str(caught.exception),
                         "db/10_tables/b.sql:2: statement never ended: add ';'")
        self.assertIn("SELECT 2\n", SchemaBuilder("db", check="quotes").build())
        self.assertIn("SELECT 2\n", SchemaBuilder("db", style="mysql").build())
        with self.assertRaises(ConfitureError):
            SchemaBuilder("db", style="mysql", check="postgres").build()
        with self.assertRaises(ConfitureError):
            SchemaBuilder("db", check="reference").build()

    def test_the_last_file_may_leave_its_statement_open(self):
        """The last of the schema, whichever that is."""
        self.file("db/10_tables/b.sql", b"SELECT 2")
        self.assertIn("SELECT 2\n", SchemaBuilder("db").build(schema_only=True))
        with self.assertRaises(ConfitureError):
            SchemaBuilder("db").build()

    def test_schema_only(self):
        schema = SchemaBuilder("db").build(schema_only=True, timestamp=STAMP)
        self.assertNotIn("INSERT", schema)
        self.assertIn("-- Files Included: 2\n", schema)

    def test_the_time_is_stamped(self):
        schema = SchemaBuilder("db").build()
        self.assertRegex(schema, r"\n-- Generated: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\n")

    def test_output(self):
        with open("db/10_tables/b.sql", "rb") as file:
            before = file.read()
        SchemaBuilder("db").build("out.sql", timestamp=STAMP)
        with open("out.sql", "rb") as file:
            self.assertEqual(file.read(), self.expected.encode())
        os.chmod("out.sql", 0o640)
        SchemaBuilder("db").build("out.sql", header=False)
        self.assertEqual(stat.S_IMODE(os.stat("out.sql").st_mode), 0o640)
        with open("db/10_tables/b.sql", "rb") as file:
            self.assertEqual(file.read(), before)

    def test_an_output_among_the_inputs_is_none(self):
        first = SchemaBuilder("db").build("db/schema.sql", timestamp=STAMP)
        second = SchemaBuilder("db").build("db/schema.sql", timestamp=STAMP)
        self.assertEqual(first, self.expected)
        self.assertEqual(second, self.expected)

    def test_an_error_leaves_the_output_alone(self):
        self.file("out.sql", b"old")
        self.file("db/bad.sql", b"/* open")
        with self.assertRaises(ConfitureError):
            SchemaBuilder("db").build("out.sql")
        with open("out.sql", "rb") as file:
            self.assertEqual(file.read(), b"old")
        self.assertEqual(sorted(os.listdir(".")), ["db", "out.sql"])
        with self.assertRaises(FileNotFoundError):
            SchemaBuilder("db", check="none").build("no/where.sql")

    @needs_links
    def test_a_linked_output_stays_a_link(self):
        self.file("real.sql", b"old")
        self.link("out.sql", "real.sql")
        SchemaBuilder("db").build("out.sql", timestamp=STAMP)
        self.assertTrue(os.path.islink("out.sql"))
        with open("real.sql", "rb") as file:
            self.assertEqual(file.read(), self.expected.encode())

    def test_base(self):
        builder = SchemaBuilder("db/10_tables", base_dir=".")
        self.assertIn(" * File: db/10_tables/a.sql\n", builder.build(header=False))


class Choice(TestCase):
    def python(self, script, **environment):
        return subprocess.run([sys.executable, "-c", "import confiture_native as c\n" + script],
                              env=dict(os.environ, **environment), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, universal_newlines=True)

    def test_the_variable_forces_the_fallback(self):
        script = "print(c.HAS_NATIVE, c.build_schema.__module__)"
        for value in ("1", "yes"):
            result = self.python(script, CONFITURE_PURE_PYTHON=value)
            self.assertEqual(result.stdout.split(), ["False", "confiture_native._fallback"])

    @needs_native
    def test_the_variable_is_off(self):
        for value in ("0", ""):
            result = self.python("print(c.HAS_NATIVE)", CONFITURE_PURE_PYTHON=value)
            self.assertEqual(result.stdout, "True\n")

    @needs_native
    def test_an_extension_that_does_not_load(self):
        script = "import sys\nsys.modules['confiture_native._core'] = None\n"
        result = subprocess.run(
            [sys.executable, "-c", script + "import confiture_native as c; print(c.HAS_NATIVE)"],
            env=dict(os.environ, CONFITURE_PURE_PYTHON="0"), stdout=subprocess.PIPE)
        self.assertEqual(result.stdout, b"False\n")

    @needs_native
    def test_docstrings_and_version(self):
        for name in ("build_schema", "hash_files", "schema", "digest", "find_files", "check",
                     "manifest"):
            function = getattr(_fallback, name)
            signature = inspect.signature(function)
            self.assertIn("Raises OSError", function.__doc__)
            self.assertEqual(list(signature.parameters)[0],
                             "directories" if name == "find_files" else "files")
            if NATIVE:
                self.assertEqual(inspect.signature(getattr(NATIVE, name)), signature)
                self.assertEqual(getattr(NATIVE, name).__doc__, function.__doc__)

    def test_what_is_public(self):
        for name in confiture_native.__all__:
            self.assertTrue(hasattr(confiture_native, name), name)
        public = {name for name in vars(confiture_native) if not name.startswith("_")}
        self.assertEqual(public - {"builder", "types"}, set(confiture_native.__all__))

    def test_a_typed_program_runs(self):
        """The one that check.py shows to mypy."""
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "typing", "user.py")
        result = subprocess.run([sys.executable, program], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, universal_newlines=True)
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_empty_digest(self):
        self.assertEqual(confiture_native.hash_files([]), hashlib.sha256(b"").hexdigest())


class Swap(TestCase):
    """README: Replacing the Rust module. The package `tool` is in the place of the Python tool."""

    ASK = "from tool import _core; print(_core.hash_files.__module__, _core.__file__)"

    def setUp(self):
        super().setUp()
        self.file("tool/__init__.py", b"")
        self.file("tool/_core.py", b"from confiture_native import build_schema, hash_files\n")

    def ask(self):
        result = subprocess.run([sys.executable, "-c", self.ASK], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, universal_newlines=True)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout.split()

    def test_the_functions_say_whose_they_are(self):
        module, path = self.ask()
        self.assertEqual(module, confiture_native.hash_files.__module__)
        self.assertTrue(module.startswith("confiture_native."), module)
        self.assertEqual(os.path.basename(path), "_core.py")

    @needs_native
    def test_an_extension_wins_over_the_file(self):
        shutil.copy(NATIVE.__file__, "tool/_core.abi3.so")
        module, path = self.ask()
        self.assertEqual((module, os.path.basename(path)), ("tool._core", "_core.abi3.so"))
        os.unlink("tool/_core.abi3.so")
        self.assertTrue(self.ask()[0].startswith("confiture_native."))


if __name__ == "__main__":
    unittest.main()
