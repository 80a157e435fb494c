"""The builder, and which of the two implementations does its work."""

import hashlib
import os
import stat
import subprocess
import sys
import unittest

import confiture_native
from confiture_native import ConfitureError, Directory, SchemaBuilder, _fallback
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
        self.assertIn("-- Schema Hash: " + builder.compute_hash() + "\n", schema)
        self.assertEqual(builder.compute_hash(), reference.compute_hash(reference.find(["db"])))
        self.assertEqual(builder.find_sql_files(),
                         ["db/10_tables/a.sql", "db/10_tables/b.sql", "db/20_seed_x/c.sql"])

    def test_both_ways(self):
        """The same builder, with the functions of the one and of the other."""
        results = []
        for module in filter(None, (_fallback, NATIVE)):
            saved = {name: getattr(confiture_native, name)
                     for name in ("build_schema", "hash_files", "find_files")}
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
        for name in ("build_schema", "hash_files", "find_files", "check", "manifest"):
            function = getattr(NATIVE, name)
            self.assertIn("Raises OSError", function.__doc__)
            self.assertTrue(function.__text_signature__.startswith("($module, "))
        self.assertRegex(NATIVE.version, r"^\d+\.\d+\.\d+$")

    def test_signatures(self):
        """The fallback takes what the extension says it takes."""
        import inspect
        for name in ("build_schema", "hash_files", "find_files", "check", "manifest"):
            parameters = list(inspect.signature(getattr(_fallback, name)).parameters)
            if NATIVE:
                native = inspect.signature(getattr(NATIVE, name))
                self.assertEqual(list(native.parameters), parameters)
            self.assertEqual(parameters[0], "directories" if name == "find_files" else "files")

    def test_empty_digest(self):
        self.assertEqual(confiture_native.hash_files([]), hashlib.sha256(b"").hexdigest())


if __name__ == "__main__":
    unittest.main()
