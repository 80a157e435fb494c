"""The commands of the README, word for word. Run by command.py."""

import os
import re
import shutil
import subprocess
import unittest

import command_base
from command_base import CommandTest

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Readme(CommandTest):
    def setUp(self):
        """What the commands need of a clone."""
        super().setUp()
        shutil.copytree(os.path.join(REPOSITORY, "examples", "jamshop"),
                        self.dir / "examples" / "jamshop")
        os.symlink(command_base.COMMAND, self.dir / "confiture")
        for name in (".gitignore", "confiture.h", "examples/minimal.c"):
            shutil.copy(os.path.join(REPOSITORY, name), self.dir / name)

    def shell(self, line):
        return subprocess.run(["/bin/sh", "-c", line], cwd=self.dir, env=command_base.environment(),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=300, check=False)

    def text(self):
        with open(os.path.join(REPOSITORY, "README.md"), encoding="utf-8") as file:
            return file.read()

    def commands(self):
        """The lines of code that begin with what a clone has, the building of it taken off."""
        text = self.text().partition("\n## The command\n")[2].partition("\n## ")[0]
        lines = [line[4:].removeprefix("make && ") for line in text.splitlines()
                 if line.startswith("    ")]
        return [line for line in lines if not re.match("confiture ", line)]

    def test_each_command_works_and_leaves_nothing_that_git_would_see(self):
        lines = self.commands()
        self.assertGreater(len(lines), 10)
        if shutil.which("git"):
            self.assertEqual(self.shell("git init -q . && git add -A").returncode, 0)
        for line in lines:
            with self.subTest(line=line):
                done = self.shell(line)
                self.assertEqual(done.returncode, 0, done.stdout)
                quiet = "sha256sum -c --quiet" in line or "confiture diff" in line
                self.assertNotEqual(quiet, bool(done.stdout), done.stdout)
        self.assertIn("schema.sql", os.listdir(self.dir))
        if shutil.which("git"):
            self.assertEqual(self.shell("git ls-files --others --exclude-standard").stdout, b"")

    def test_what_it_shows_is_what_the_commands_print(self):
        shown = "".join(re.findall(r"^```console\n(.*?)^```", self.text(), re.M | re.S))
        parts = re.split(r"^\$ (.*)\n", shown, flags=re.M)[1:]
        self.assertGreater(len(parts), 24)
        for line, output in zip(parts[::2], parts[1::2]):
            with self.subTest(line=line):
                self.assertEqual(self.shell(line).stdout.decode(), output)

    @unittest.skipUnless(shutil.which("cc"), "no cc")
    def test_the_compile_line_makes_a_program(self):
        line, = re.findall(r"^    (.*\bcc .*minimal.*)$", self.text(), re.M)
        done = self.shell(line)
        self.assertEqual((done.returncode, done.stdout), (0, b""))
        done = self.shell("build/minimal examples/jamshop/db/schema")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn(b"51 files, ", done.stdout)
