"""What the packaging tests share: the sources as they are packed, and ways to run programs."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
CONSUMER = REPOSITORY / "tests" / "packaging" / "consumer"
TREE = REPOSITORY / "examples" / "jamshop" / "db" / "schema"
COMMAND = None  # the absolute path of the command
ROOT = None  # everything that the tests write lies below it

# What every way of installing copies, below the prefix, and whether it can be run.
INSTALLED = {
    "bin/confiture": True,
    "include/confiture.h": False,
    "share/bash-completion/completions/confiture": False,
    "share/cmake/confiture/confitureConfig.cmake": False,
    "share/cmake/confiture/confitureConfigVersion.cmake": False,
    "share/doc/confiture/LICENSE": False,
    "share/fish/vendor_completions.d/confiture.fish": False,
    "share/man/man1/confiture.1": False,
    "share/pkgconfig/confiture.pc": False,
    "share/zsh/site-functions/_confiture": False,
}
# The folders and files of the repository that building and installing need.
SOURCES = ("CMakeLists.txt", "LICENSE", "Makefile", "confiture.h", "examples/confiture",
           "meson.build", "packaging", "src")


def setup(command, root):
    global COMMAND, ROOT
    COMMAND, ROOT = command, root


def version():
    text = (REPOSITORY / "src" / "public" / "config.h").read_text()
    return re.search(r'#define CONFITURE_VERSION "(.*)"', text)[1]


def readme_install():
    """The lines of README's chapter on installing."""
    text = (REPOSITORY / "README.md").read_text().partition("\n## Install\n")[2]
    return text.partition("\n## ")[0].splitlines(keepends=True)


def readme_blocks(language):
    """The blocks of code in that chapter."""
    return re.findall(rf"^```{language}\n(.*?)^```", "".join(readme_install()), re.M | re.S)


def files_below(folder):
    """The relative path of each file, and whether it can be run."""
    return {str(path.relative_to(folder)): bool(path.stat().st_mode & 0o111)
            for path in sorted(folder.rglob("*")) if not path.is_dir()}


def environment(**variables):
    """That of this process, without what the calling make has put into it."""
    kept = {key: value for key, value in os.environ.items() if key not in (
        "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKE_QUIET", "BUILD", "SOURCE_DATE_EPOCH")}
    return {**kept, **{key: str(value) for key, value in variables.items()}}


class PackagingTest(unittest.TestCase):
    """Each test works in a fresh folder of its own, self.dir."""

    maxDiff = 4000

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="a test ", dir=ROOT))

    def tearDown(self):
        shutil.rmtree(self.dir)

    def need(self, *programs):
        for program in programs:
            if not shutil.which(program):
                self.skipTest(f"no {program} here")

    def attempt(self, *command, cwd=None, timeout=300, **variables):
        """Runs a program."""
        return subprocess.run([str(word) for word in command], cwd=cwd or self.dir,
                              env=environment(**variables), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
                              check=False)

    def run_program(self, *command, **more):
        """Runs a program that must succeed. Returns what it printed."""
        done = self.attempt(*command, **more)
        text = done.stdout.decode("utf-8", "replace")
        self.assertEqual(done.returncode, 0, f"{command}\n{text[-3000:]}")
        return text

    def sources(self, name="confiture source"):
        """A copy of the sources, as of an unpacked release."""
        copy = self.dir / name
        copy.mkdir()
        for name in SOURCES:
            target = copy / name
            target.parent.mkdir(exist_ok=True)
            if (REPOSITORY / name).is_dir():
                shutil.copytree(REPOSITORY / name, target)
            else:
                shutil.copy2(REPOSITORY / name, target)
        return copy

    def make(self, *words, **more):
        """Runs make in a copy of the sources that holds the command under test as already built."""
        if not hasattr(self, "made"):
            self.made = self.sources("a build place")
            shutil.copy(COMMAND, self.made / "confiture")
        return self.attempt("make", *words, cwd=self.made, **more)

    def install(self, *words, **more):
        done = self.make("install", *words, **more)
        self.assertEqual(done.returncode, 0, done.stdout.decode())

    def check_consumer(self, *programs):
        """Each program builds the example as the command does."""
        wanted = self.run_program(COMMAND, "hash", TREE, "--bare").strip()
        size = len(subprocess.run([COMMAND, "build", TREE], stdout=subprocess.PIPE,
                                  check=True).stdout)
        for program in programs:
            self.assertEqual(self.run_program(program, TREE), f"{version()} {size} {wanted}\n")

    def check_same_as_make(self, prefix):
        self.install(f"PREFIX={self.dir}/b prefix")
        other = self.dir / "b prefix"
        self.assertEqual(files_below(prefix), INSTALLED)
        for name in INSTALLED:
            if name != "bin/confiture":
                self.assertEqual((prefix / name).read_text().replace(str(prefix), str(other)),
                                 (other / name).read_text(), name)
        self.assertEqual(self.run_program(prefix / "bin/confiture", "help"),
                         self.run_program(COMMAND, "help"))
