"""What the tests of examples/ share: a project of a user's, in a temporary folder of its own."""

import os
import pathlib
import subprocess
import tempfile
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
COMMAND = None  # the absolute path of the command
WHERE = None  # everything that the tests write lies below it


def setup(command, where):
    global COMMAND, WHERE
    COMMAND, WHERE = command, where


class Project(unittest.TestCase):
    def setUp(self):
        self.command = COMMAND
        self.dir = pathlib.Path(tempfile.mkdtemp(dir=WHERE))
        (self.dir / "tmp").mkdir()
        self.root = self.dir / "project"
        self.root.mkdir()
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.dir), "LC_ALL": "C",
                    "TMPDIR": str(self.dir / "tmp"), "GIT_CONFIG_NOSYSTEM": "1"}

    def tearDown(self):
        self.assertEqual(os.listdir(self.dir / "tmp"), [], "a temporary file was left behind")

    def run_in(self, *args, cwd=None):
        return subprocess.run(args, cwd=cwd or self.root, env=self.env, check=False, timeout=120,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, encoding="utf-8")

    def good(self, *args):
        done = self.run_in(*args)
        self.assertEqual(done.returncode, 0, f"{args}: {done.stdout}")
        return done.stdout

    def write(self, name, text="SELECT 1;\n"):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        return name

    def schema(self):
        """What the tree builds."""
        return self.good(self.command, "build", "db/schema", "-q")
