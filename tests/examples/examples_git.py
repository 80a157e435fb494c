"""The hook and the CI jobs of examples/, in git repositories of their own, and the line for entr in the
README. Run by examples.py."""

import os
import re
import shutil
import subprocess
import time
import unittest

from examples_base import REPOSITORY, Project

# What a clone of confiture.h holds and its make does not need.
NOT_COPIED = shutil.ignore_patterns(".git", "build", "tests", "bench", "__pycache__")


class Repository(Project):
    def setUp(self):
        super().setUp()
        self.good("git", "init", "-q", ".")
        self.good("git", "config", "user.name", "A Tester")
        self.good("git", "config", "user.email", "tester@example.org")

    def build(self, *options):
        self.good(self.command, "build", "db/schema", "-o", "db/schema.sql", "-q", *options)


@unittest.skipUnless(shutil.which("git"), "git is not installed")
class Hook(Repository):
    def setUp(self):
        super().setUp()
        shutil.copy(REPOSITORY / "examples/hooks/pre-commit", self.root / ".git/hooks/pre-commit")
        os.chmod(self.root / ".git/hooks/pre-commit", 0o755)
        self.good("git", "config", "confiture.command", self.command)

    def head(self):
        done = self.run_in("git", "rev-parse", "-q", "--verify", "HEAD")
        return done.stdout if done.returncode == 0 else None

    def commit(self, *args):
        return self.run_in("git", "commit", "-q", "-m", "a change", *args)

    def passes(self, *args):
        before = self.head()
        done = self.commit(*args)
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertNotEqual(self.head(), before)

    def refuses(self, message, *args):
        before = self.head()
        done = self.commit(*args)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertIn(message, done.stdout)
        self.assertEqual(self.head(), before)

    def test_a_file_that_would_spoil_the_next_is_refused_with_its_line(self):
        self.write("db/schema/a.sql", "SELECT 1;\n\nSELECT 'quince;\n")
        self.write("db/schema/b c.sql")
        self.good("git", "add", ".")
        self.refuses("db/schema/a.sql:3: quote never closed")
        self.write("db/schema/a.sql")
        self.good("git", "add", ".")
        self.passes()

    def test_the_index_counts_and_not_the_working_tree(self):
        name = self.write("db/schema/a.sql")
        self.good("git", "add", ".")
        self.write(name, "/* later")
        self.write("db/schema/new.sql", "SELECT 'not added")
        self.passes()
        self.good("git", "add", name)
        self.write(name)  # mended here alone
        self.refuses("db/schema/a.sql:1: comment never closed")
        self.good("git", "add", name)
        self.write("db/schema/c.sql")
        self.good("git", "add", "db/schema/c.sql")
        self.passes()

    def test_what_only_the_commit_names_counts(self):
        """git commit -a and git commit FILE have an index of their own."""
        one, two = self.write("db/schema/a.sql"), self.write("db/schema/b.sql")
        self.good("git", "add", ".")
        self.passes()
        self.write(one, "SELECT 2;\n")
        self.write(two, "SELECT 'open")
        self.refuses("db/schema/b.sql:1: quote never closed", "-a")
        self.passes(one)
        self.refuses("db/schema/b.sql:1: quote never closed", two)

    def test_a_schema_that_is_out_of_date_is_refused(self):
        self.good("git", "config", "confiture.schema", "db/schema.sql")
        self.write("db/schema/a.sql")
        self.build()
        self.good("git", "add", ".")
        self.passes()
        self.write("db/schema/a.sql", "SELECT 2;\n")
        self.refuses("db/schema.sql", "-a")
        self.build()
        self.refuses("db/schema.sql", "db/schema/a.sql")  # built, but not in the commit
        self.passes("-a")
        self.write("db/schema.sql", "by hand\n")
        self.refuses("db/schema.sql", "-a")
        self.good("git", "checkout", "-q", ".")
        self.good("git", "rm", "-q", "db/schema.sql")
        self.refuses("db/schema.sql")

    def test_options_of_the_build(self):
        self.good("git", "config", "confiture.schema", "db/schema.sql")
        self.write("db/schema/a.sql")
        self.build("--header", "--separator", "line_comment")
        self.good("git", "add", ".")
        self.refuses("db/schema.sql")
        self.good("git", "config", "confiture.options", 
                  "--header --separator line_comment")
        self.passes()

    def test_other_files_are_not_its_business(self):
        self.write("db/schema/a.sql", "SELECT 'open")
        self.good("git", "add", ".")
        self.passes("--no-verify")
        self.write("README")
        self.good("git", "add", ".")
        self.good("git", "config", "confiture.command", "false")
        self.passes()
        self.good("git", "rm", "-q", "-r", "db")
        self.passes()

    def test_odd_names(self):
        self.good("git", "config", "confiture.tree", "sql files")
        self.write("sql files/it's \u00e9.sql")
        self.write("db/schema/ignored.sql", "SELECT '")
        self.good("git", "add", ".")
        self.passes()
        self.write("sql files/-x.sql", "SELECT '")
        self.good("git", "add", ".")
        self.refuses("sql files/-x.sql:1: quote never closed")

    def test_a_tree_without_a_file_in_git_refuses_the_commit(self):
        self.write("db/schema/a.sql", "SELECT '")
        self.good("git", "add", ".")
        self.good("git", "config", "confiture.tree", "db/shema")
        self.refuses("confiture.tree is 'db/shema', which has no file in git")

    def test_a_command_that_is_missing_refuses_the_commit(self):
        self.write("db/schema/a.sql")
        self.good("git", "add", ".")
        self.good("git", "config", "confiture.command", "./no/confiture")
        self.refuses("no/confiture")


class Job(Repository):
    """Of each file the commands that it runs."""

    def setUp(self):
        super().setUp()
        clone = self.root / "third_party/confiture.h"
        shutil.copytree(REPOSITORY, clone, ignore=NOT_COPIED)
        shutil.copy(self.command, clone / "confiture")  # newer than all: make has nothing to do
        self.write("db/schema/b/c.sql")

    def record(self):
        self.build()
        self.write("db/schema.hash", self.good(self.command, "hash", "db/schema"))

    def steps(self, name):
        text = (REPOSITORY / "examples/ci" / name).read_text(encoding="utf-8")
        lines = (re.findall(r"^ +run: (.*)$", text, re.M) if name == "github.yml" else
                 re.findall(r"^    - (.*)$", text.partition("  script:\n")[2], re.M))
        self.assertEqual(len(lines), 4)
        for line in lines:  # a plain scalar of YAML, which is its own text
            self.assertIsNone(re.search(r"^[^\w]|: | #|:$", line), line)
        return lines

    def outcome(self, name):
        """The number of steps that succeed, and what the last one said."""
        for number, line in enumerate(self.steps(name)):
            done = self.run_in("bash", "-e", "-c", line)
            if done.returncode != 0:
                return number, done.stdout
        return number + 1, done.stdout

    def test_each_job_passes_and_fails_where_it_should(self):
        for name in ("github.yml", "gitlab.yml"):
            with self.subTest(name):
                self.write("db/schema/a.sql")
                self.record()
                self.assertEqual(self.outcome(name), (4, "db/schema: OK\n"))
                self.write("db/schema/a.sql", "SELECT 'open")
                number, said = self.outcome(name)
                self.assertEqual(number, 1)
                self.assertIn("db/schema/a.sql:1: quote never closed", said)
                self.write("db/schema/a.sql", "SELECT 2;\n")
                number, said = self.outcome(name)
                self.assertEqual(number, 2)
                self.assertIn("db/schema.sql", said)
                self.build()
                self.assertEqual(self.outcome(name)[0], 3)
                self.record()
                self.assertEqual(self.outcome(name)[0], 4)


class Watching(Repository):
    @unittest.skipUnless(shutil.which("entr"), "entr is not installed")
    def test_the_line_of_the_readme(self):
        """It builds at once, and again after a file has changed."""
        text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
        line = re.search(r"^    (.*\| entr .*)$", text, re.M)[1]
        self.write("db/schema/a.sql")
        shim = self.dir / "bin"
        shim.mkdir()
        shutil.copy(self.command, shim / "confiture")
        self.env["PATH"] = f"{shim}:{self.env['PATH']}"
        # entr wants a terminal for its keys; -n does without.
        process = subprocess.Popen(["sh", "-c", line.replace("entr ", "entr -n ", 1)],
                                   cwd=self.root, env=self.env, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   start_new_session=True)
        try:
            self.wait_for("SELECT 1;")
            # A change during the first build may be taken for a part of it.
            self.wait_for("SELECT 2;", lambda: self.write("db/schema/a.sql", "SELECT 2;\n"))
        finally:
            os.killpg(process.pid, 15)
            process.communicate()

    def wait_for(self, text, change=lambda: None):
        schema = self.root / "schema.sql"
        for turn in range(400):
            if turn % 20 == 0:
                change()
            if schema.exists() and text in schema.read_text(encoding="utf-8"):
                return
            time.sleep(0.05)
        self.fail(f"schema.sql does not hold {text!r} after twenty seconds")
