"""The programs of examples/ that need only a compiler, compiled and run by the line of their first
comment. tests/postgres has the one that needs a server. Run by examples.py."""

import os
import re
import shutil
import unittest

from examples_base import REPOSITORY, Project


class Program(Project):
    """A folder that has what the line needs of a clone."""

    def setUp(self):
        super().setUp()
        (self.root / "examples").mkdir()
        shutil.copy(REPOSITORY / "confiture.h", self.root)
        shutil.copytree(REPOSITORY / "examples/jamshop/db", self.root / "db")

    def run_line(self, name):
        """Runs the line, which compiles the program and runs it; what that printed."""
        source = REPOSITORY / "examples" / name
        shutil.copy(source, self.root / "examples")
        line = re.search(r"^(?: \*|//) +((?:cc|c\+\+) .*)$", source.read_text(encoding="utf-8"),
                         re.M)[1]
        if not shutil.which(line.split()[0]):
            self.skipTest(f"no {line.split()[0]} here")
        return self.good("sh", "-c", line.removesuffix(" */"))

    def digest(self):
        return self.good(self.command, "hash", "db/schema", "--bare").strip()

    def check_full_disk(self, program):
        """Output that cannot be written is an error."""
        if os.path.exists("/dev/full"):
            done = self.run_in("sh", "-c", f"./{program} db/schema >/dev/full")
            self.assertEqual(done.returncode, 1, done.stdout)

    def spoil(self):
        """Other trees in the place of db/schema, and what an error of each must name."""
        shutil.rmtree(self.root / "db/schema")
        yield "db/schema"
        self.write("db/schema/a.sql")
        self.write("db/schema/b.sql", "SELECT 1;\n\nSELECT 'open;\n")
        yield "db/schema/b.sql:3: quote never closed"
        (self.root / "db/schema/b.sql").unlink()
        (self.root / "db/schema/b.sql").symlink_to("nowhere")
        yield "db/schema/b.sql"


class Host(Program):
    FIGURES = re.compile(r"^(\d+) allocations, at most (\d+) bytes, (\d+) left; "
                         r"(\d+) tasks, (\d+) on helpers$", re.M)

    def figures(self, said):
        """allocations, peak, bytes left, tasks, those of them on helpers"""
        self.assertEqual(len(self.FIGURES.findall(said)), 1, said)
        return [int(number) for number in self.FIGURES.search(said).groups()]

    def test_the_line_compiles_it_and_it_builds_the_schema(self):
        said = self.run_line("host.c")
        self.assertEqual((self.root / "schema.sql").read_text(encoding="utf-8"), self.schema())
        self.assertIn(f" files, {self.digest()}\n", said)
        self.check_full_disk("host")
        self.many_files()
        self.errors()

    def many_files(self):
        """So many that the loop is parallel: the same bytes, and all memory is given back."""
        for number in range(600):
            self.write(f"db/schema/many/{number}.sql", f"SELECT {number};\n" * 100)
        for _ in range(50):  # the calling thread may be faster than any helper
            said = self.good("sh", "-c", "./host > schema.sql")
            schema = (self.root / "schema.sql").read_text(encoding="utf-8")
            self.assertEqual(schema, self.schema())
            allocations, peak, left, tasks, helped = self.figures(said)
            self.assertGreater(allocations, 0)
            self.assertTrue(len(schema) < peak < 100 * len(schema), said)
            self.assertEqual(left, 0)
            self.assertGreater(tasks, 1)
            if helped > 0:
                return
        self.fail("no helper had a task in 50 runs")

    def errors(self):
        for place in self.spoil():
            with self.subTest(place):
                done = self.run_in("./host")
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertTrue(done.stdout.startswith(place) or place == "db/schema", done.stdout)
                self.assertIn(place, done.stdout)
                allocations, _, left, _, _ = self.figures(done.stdout)
                self.assertGreater(allocations, 0)
                self.assertEqual(left, 0, done.stdout)

    def test_the_thread_sanitizer_finds_nothing(self):
        built = self.run_in("cc", "-I.", REPOSITORY / "examples/host.c", "-o", "host", "-pthread",
                            "-g", "-fsanitize=thread")
        if built.returncode != 0 or self.run_in("./host").returncode != 0:
            self.skipTest("a program with -fsanitize=thread does not link, or does not run")
        self.many_files()

    @unittest.skipUnless(shutil.which("cc") and shutil.which("nm"), "no cc or no nm")
    def test_under_its_switches_the_library_itself_allocates_nothing_and_starts_no_thread(self):
        source = (REPOSITORY / "examples/host.c").read_text(encoding="utf-8")
        include = '#include "confiture.h"\n'
        switches = re.findall(r"^#define CONFITURE_NO_\w+\n", source, re.M)
        implementation = "#define CONFITURE_IMPLEMENTATION\n" + include
        calls = re.compile(r" U (malloc|calloc|realloc|free|pthread_create)\b")
        self.assertEqual(calls.findall(self.symbols("".join(switches) + implementation)), [])
        self.assertEqual(set(calls.findall(self.symbols(implementation))),
                         {"malloc", "realloc", "free", "pthread_create"})

    def symbols(self, text):
        self.write("library.c", text)
        self.good("cc", "-c", "library.c", "-o", "library.o")
        return self.good("nm", "library.o")


class Minimal(Program):
    def test_the_line_compiles_it_and_it_builds_the_schema(self):
        self.run_line("minimal.c")
        self.assertEqual((self.root / "schema.sql").read_text(encoding="utf-8"), self.schema())
        self.check_full_disk("minimal")


class Hash(Program):
    def test_the_line_compiles_it_and_it_prints_the_digest(self):
        self.assertEqual(self.run_line("hash.cpp"), self.good(self.command, "hash", "db/schema"))
        self.check_full_disk("hash")
        trees = self.spoil()
        for place in trees:
            if "quote" in place:
                continue  # a digest needs no closed quotes
            with self.subTest(place):
                done = self.run_in("./hash", "db/schema")
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn(place, done.stdout)
                self.assertEqual(done.stdout.count("\n"), 1, done.stdout)


class Readme(unittest.TestCase):
    def test_it_names_each_program(self):
        text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
        table = text.partition("\n## Examples\n")[2].partition("\n## ")[0]
        named = set(re.findall(r"\(examples/([\w.]+\.\w+)\)", table))
        self.assertEqual(named, {path.name for path in (REPOSITORY / "examples").iterdir()
                                 if path.suffix in (".c", ".cpp")})
