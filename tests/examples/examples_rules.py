"""The rules of examples/rules, in a project of a user's: what is built again, and when. Run by
examples.py."""

import os
import shutil
import unittest

from examples_base import REPOSITORY, Project


class Rules:
    """prepare() configures; build() is the build under test, whose outputs are below `out`."""

    TREE = "db/schema"
    FLAGS = "-std=c99 -Wall -Wextra -Wpedantic -Werror"
    needs = ()

    def setUp(self):
        super().setUp()
        missing = [name for name in ("cc", *self.needs) if not shutil.which(name)]
        if missing:
            self.skipTest(f"no {' and no '.join(missing)} here")
        for path in (REPOSITORY / "examples/rules").iterdir():
            shutil.copy(path, self.root)
        self.env["CFLAGS"] = self.FLAGS
        self.before = {}

    def states(self):
        """Which file each output is: another one, or one that was written to, has another state."""
        return {name: ((self.out / name).stat().st_ino, (self.out / name).stat().st_mtime_ns)
                for name in ("schema.sql", "program") if (self.out / name).exists()}

    def wait_for_the_clock(self):
        """Until a file that is written is newer than all outputs: times of files come in steps."""
        newest = max((time for _, time in self.states().values()), default=0)
        clock = self.dir / "clock"
        while not clock.exists() or clock.stat().st_mtime_ns <= newest:
            clock.write_text("tick")

    def builds(self, *names):
        """The build succeeds, makes these outputs anew and no other, and its program is current."""
        self.wait_for_the_clock()
        done = self.build()
        self.assertEqual(done.returncode, 0, done.stdout)
        after = self.states()
        self.assertEqual({name for name in after if after[name] != self.before.get(name)},
                         set(names), done.stdout)
        self.before = after
        self.assertEqual(self.good(str(self.out / "program")), self.schema())

    def fails(self, words):
        """The build fails with these words, and leaves the outputs as they are."""
        self.wait_for_the_clock()
        done = self.build()
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertIn(words, done.stdout)
        self.assertEqual(self.states(), self.before)

    def test_what_is_built_again_and_when(self):
        both = ("schema.sql", "program")
        first = self.write("db/schema/10 a's \u00e9.sql", "SELECT 'a';\n")
        second = self.write("db/schema/sub dir/20 b.sql", "SELECT 'b';\n")
        self.prepare()
        self.builds(*both)
        self.builds()

        self.write(first, "SELECT 'changed';\n")
        self.builds(*both)
        self.write("db/schema/$HOME %.sql")
        self.builds(*both)
        os.rename(self.root / "db/schema/$HOME %.sql", self.root / "db/schema/30.sql")
        self.builds(*both)
        (self.root / "db/schema/30.sql").unlink()
        self.builds(*both)
        self.builds()

        self.wait_for_the_clock()
        os.utime(self.root / first)
        self.write("db/schema/no.txt")
        self.builds()
        old = (self.root / second).stat()
        self.write(second, "SELECT 'B';\n")
        os.utime(self.root / second, ns=(old.st_atime_ns, 10**18))
        self.builds(*both)

        self.write(second, "SELECT 1;\n\nSELECT 'open;\n")
        self.fails("db/schema/sub dir/20 b.sql:3: quote never closed")
        self.write(second, "SELECT 'B';\n")
        self.builds()
        self.wait_for_the_clock()
        os.utime(self.root / "main.c")
        self.builds("program")
        (self.out / "schema.sql").unlink()
        self.before.pop("schema.sql")
        self.builds(*both)
        os.rename(self.root / "db", self.root / "other")
        self.fails("db/schema")
        os.rename(self.root / "other", self.root / "db")
        self.builds()


class Make(Rules, Project):
    needs = ("make",)

    def prepare(self):
        self.out = self.root

    def build(self):
        return self.run_in("make", f"CONFITURE={self.command}")

    def test_a_tree_whose_own_name_has_a_space(self):
        self.prepare()
        self.write("sql files/a.sql")
        self.good("make", f"CONFITURE={self.command}", "TREE=sql files")
        self.assertEqual(self.good("./program"),
                         self.good(self.command, "build", "sql files", "-q"))

    def test_without_the_command_the_build_fails(self):
        self.prepare()
        self.write("db/schema/a.sql")
        done = self.run_in("make", "CONFITURE=./no/confiture")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no/confiture", done.stdout)
        self.assertEqual(self.states(), {})


class CMake(Rules):
    needs = ("cmake",)

    def prepare(self):
        self.out = self.root / "a build"
        self.good("cmake", "-G", self.generator, "-S", ".", "-B", str(self.out),
                  f"-DCONFITURE={self.command}")

    def build(self):
        return self.run_in("cmake", "--build", str(self.out))


class CMakeWithMakefiles(CMake, Project):
    needs = ("cmake", "make")
    generator = "Unix Makefiles"


class CMakeWithNinja(CMake, Project):
    needs = ("cmake", "ninja")
    generator = "Ninja"
