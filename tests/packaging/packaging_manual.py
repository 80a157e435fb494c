"""The manual page confiture(1). Run by packaging.py."""

import re
import shutil
import subprocess

from packaging_base import REPOSITORY, PackagingTest, version
import packaging_base

WIDE = 1000  # columns: no line is broken


def words(text):
    return " ".join(text.split())


class ManualPage(PackagingTest):
    def page(self):
        return self.run_program(packaging_base.COMMAND, "help", "man")

    def rendered(self):
        self.need("mandoc")
        done = subprocess.run(["mandoc", "-T", "ascii", "-O", f"width={WIDE}"],
                              input=self.page().encode(), stdout=subprocess.PIPE, check=True)
        return re.sub(".\x08", "", done.stdout.decode())

    def sections(self):
        """The rendered text of each section and subsection, by its heading."""
        parts = re.split(r"^ ?(?:   )?(\S.*)\n", self.rendered(), flags=re.M)
        return {heading: words(text) for heading, text in zip(parts[1::2], parts[2::2])}

    def help_of(self, *command):
        return self.run_program(packaging_base.COMMAND, *command, "--help")

    def commands(self):
        """{name: summary} of the overview."""
        text = self.help_of().partition("\nCommands:\n")[2].partition("\n\n")[0]
        found = re.findall(r"^  (\w+) +(\S.*(?:\n {10}.*)*)", text, re.M)
        self.assertGreaterEqual(len(found), 6)
        return {name: words(summary) for name, summary in found}

    def test_lint_finds_nothing(self):
        self.need("mandoc")
        (self.dir / "confiture.1").write_text(self.page())
        done = self.attempt("mandoc", "-T", "lint", "-W", "style", "confiture.1")
        # Whether this machine has a database of manual pages says nothing of this page.
        lines = [line for line in done.stdout.decode().splitlines()
                 if "mandoc.db" not in line and "referenced manual not found" not in line]
        self.assertEqual(lines, [])

    def test_lint_would_find_something(self):
        self.need("mandoc")
        (self.dir / "confiture.1").write_text(self.page().replace("\n.El\n", "\n", 1))
        done = self.attempt("mandoc", "-T", "lint", "-W", "style", "confiture.1")
        self.assertIn(b"inserting missing end of block", done.stdout)

    def test_groff_reads_it_without_a_warning(self):
        self.need("groff")
        (self.dir / "confiture.1").write_text(self.page())
        done = self.attempt("groff", "-mandoc", "-ww", "-T", "ascii", "-z", "confiture.1")
        self.assertEqual((done.returncode, done.stdout), (0, b""))

    def test_its_sections_are_those_of_a_manual_page(self):
        headings = re.findall(r"^\.Sh (.*)$", self.page(), re.M)
        wanted = ["NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "ENVIRONMENT", "EXIT STATUS",
                  "EXAMPLES", "SEE ALSO"]
        self.assertEqual([h for h in headings if h in wanted], wanted)

    def test_each_command_is_there_as_help_describes_it(self):
        sections = self.sections()
        for name, summary in self.commands().items():
            self.assertIn(f"{name} {summary}", sections["DESCRIPTION"])
            if name in ("help", "version"):
                continue
            text = self.help_of(name)
            usage, _, rest = text.partition("\n\n")
            for line in re.findall(r"^(?:Usage:|      ) (.*confiture .*)", usage, re.M):
                self.assertIn(words(line), sections[name])
            prose = usage[re.match(r"(?:(?:Usage:|      ) .*\n)+", usage).end():]
            self.assertIn(words(prose), sections[name])
            self.assertIn(words(rest.partition("Examples:\n")[2]), sections[name])

    def test_no_option_of_help_is_missing_or_says_something_else(self):
        sections = self.sections()
        shared = sections["Files"] + " " + sections["Operation"]
        count = 0
        for name in self.commands():
            if name in ("help", "version"):
                continue
            options = re.findall(r"^ (?:(-\w),|   ) (--\S+(?: [A-Z:]+)?)  +(\S.*(?:\n {22}.*)*)",
                                 self.help_of(name), re.M)
            self.assertGreater(len(options), 10)
            for letter, option, meaning in options:
                count += 1
                shown = f"{letter}, {option}" if letter else option
                self.assertIn(f"{shown} {words(meaning)}", sections[name] + " " + shared)
            # And the pattern has read each line of an option.
            self.assertEqual(len(options), len(re.findall(r"^ (?:-\w,|   ) --", self.help_of(name),
                                                          re.M)))
        self.assertGreater(count, 60)

    def test_the_environment_is_what_the_command_reads(self):
        read = set()
        for path in (REPOSITORY / "examples" / "confiture").glob("*.c"):
            read |= set(re.findall(r'getenv\("(\w+)"\)', path.read_text()))
        self.assertIn("SOURCE_DATE_EPOCH", read)
        for name in read | {"NO_COLOR"}:
            self.assertIn(name, self.sections()["ENVIRONMENT"])

    def test_the_rest_is_that_of_help(self):
        sections, overview = self.sections(), self.help_of()
        status = re.search(r"^Exit status: (.*(?:\n.+)*)", overview, re.M)[1]
        self.assertIn(words(status), sections["EXIT STATUS"])
        examples = overview.partition("\nExamples:\n")[2].partition("\n\n")[0]
        self.assertEqual(words(examples), sections["EXAMPLES"])
        keys = self.run_program(packaging_base.COMMAND, "help", "json")
        self.assertEqual(words(keys), sections["JSON"])
        self.assertIn(f"version {version()}.", sections["DESCRIPTION"])

    def test_its_day_is_that_of_the_last_release(self):
        text = (REPOSITORY / "CHANGELOG.md").read_text()
        year, month, day = re.search(r"^## \[\d.*\] - (\d+)-(\d+)-(\d+)$", text, re.M).groups()
        months = ("January February March April May June July August September October November "
                  "December").split()
        self.assertIn(f".Dd {months[int(month) - 1]} {int(day)}, {year}\n", self.page())

    def test_man_shows_it_where_it_is_installed(self):
        self.need("make", "man")
        if not shutil.which("mandb"):
            self.skipTest("another man than Debian's")
        self.install(f"PREFIX={self.dir}/p")
        text = self.run_program("man", "-M", self.dir / "p" / "share" / "man", "-P", "cat",
                                "confiture", LC_ALL="C", MANWIDTH="80")
        self.assertIn("--separator", re.sub(".\x08", "", text))
