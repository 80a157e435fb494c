"""What the tests of the confiture command share: a place for files, and ways to run it."""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

COMMAND = None  # the absolute path of the command
ROOT = None  # everything that the tests write lies below it

BAR = "=" * 42
COMMANDS = ("build", "hash", "list", "check")
# With diff, of two operands, and locate, for which standard input is what psql prints.
EVERY_COMMAND = (*COMMANDS, "diff", "locate")


def setup(command, root):
    """Uses a copy of the command, which a user without rights can reach, too."""
    global COMMAND, ROOT
    ROOT = pathlib.Path(root).resolve()
    os.chmod(ROOT, 0o755)
    COMMAND = str(ROOT / "confiture")
    shutil.copy(command, COMMAND)
    os.chmod(COMMAND, 0o755)


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return f"exit {self.code}, stdout {self.out[:300]!r}, stderr {self.err[:600]!r}"


def environment(**changes):
    """A small environment, the same on every machine; the sanitizers' settings stay."""
    env = {k: v for k, v in os.environ.items() if k == "PATH" or k.endswith("SAN_OPTIONS")}
    env.update({"LC_ALL": "C", "TZ": "UTC"})
    env.update({k: v for k, v in changes.items() if v is not None})
    return env


def block(name, text):
    """One file as it stands in a schema, in the default style."""
    return f"\n/* {BAR}\n * File: {name}\n * {BAR} */\n\n{text}".encode()


def stream_digest(files):
    """The fingerprint of {name: bytes}, in that order."""
    sha = hashlib.sha256()
    for name, data in files.items():
        sha.update(name.encode() + b"\0" + data + b"\0")
    return sha.hexdigest()


def tree_digest(files):
    return hashlib.sha256(b"".join(hashlib.sha256(name.encode() + b"\0" + data + b"\0").digest()
                                   for name, data in files.items())).hexdigest()


def text_digest(files):
    """Of files that are UTF-8 and hold no NUL."""
    texts = {name: data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
             for name, data in files.items()}
    return stream_digest({name: text if text.endswith(b"\n") else text + b"\n"
                          for name, text in texts.items()})


class CommandTest(unittest.TestCase):
    """Each test works in a fresh folder of its own, self.dir."""

    maxDiff = 4000

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(dir=ROOT))
        assert ROOT in self.dir.parents
        os.chmod(self.dir, 0o755)

    def tearDown(self):
        # Directories may have lost the right to be listed, or lie too deep for a path.
        subprocess.run(["chmod", "-R", "u+rwX", self.dir.name], cwd=ROOT, check=False,
                       stderr=subprocess.DEVNULL)
        subprocess.run(["rm", "-rf", self.dir.name], cwd=ROOT, check=True)

    def write(self, name, data=b"SELECT 1;\n"):
        path = self.dir / name
        assert ROOT in pathlib.Path(os.path.abspath(path)).parents
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    def tree(self, **files):
        """Some files below t/; "__" in a keyword is "/", ".sql" is added."""
        return {name: self.write("t/" + name, data).read_bytes()
                for name, data in ((k.replace("__", "/") + ".sql", v) for k, v in files.items())}

    def run_command(self, *args, data=None, timeout=30, stdout=subprocess.PIPE, env=None, **more):
        more.setdefault("cwd", self.dir)
        if data is None:
            more.setdefault("stdin", subprocess.DEVNULL)
        done = subprocess.run([COMMAND, *args], input=data, stdout=stdout, stderr=subprocess.PIPE,
                              timeout=timeout, env=environment() if env is None else env,
                              check=False, **more)
        return Result(done.returncode, done.stdout, done.stderr)

    def good(self, *args, **more):
        """Runs it, expects success, gives what it printed."""
        result = self.run_command(*args, **more)
        self.assertEqual(result.code, 0, result)
        return result.out

    def quiet(self, *args, **more):
        """The same, and nothing may stand on standard error."""
        result = self.run_command(*args, **more)
        self.assertEqual((result.code, result.err), (0, b""), result)
        return result.out

    def assertOneLine(self, result, *parts):
        """Exactly one line on standard error, of the right form, with these parts."""
        self.assertTrue(result.err.startswith(b"confiture: "), result)
        self.assertTrue(result.err.endswith(b"\n"), result)
        self.assertEqual(result.err.count(b"\n"), 1, result)
        for byte in result.err[:-1]:
            self.assertGreaterEqual(byte, 0x20, result)
        for part in parts:
            part = part.encode() if isinstance(part, str) else part
            self.assertIn(part.lower(), result.err.lower(), result)

    def bad(self, code, parts, *args, **more):
        """Runs it; expects this exit code, one line with these parts, and no output. Warnings may
        stand before that line."""
        parts = [parts] if isinstance(parts, (str, bytes)) else parts
        result = self.run_command(*args, **more)
        while result.err.startswith(b"confiture: warning: "):
            result.err = result.err.split(b"\n", 1)[1]
        self.assertEqual(result.code, code, result)
        self.assertOneLine(result, *parts)
        if result.out is not None:
            self.assertEqual(result.out, b"", result)
        return result

    def bad_build(self, code, parts, *args, **more):
        """A build that must fail, to standard output and to a file: nothing is written,
        an old output is as it was, and no temporary file is left."""
        self.bad(code, parts, "build", *args, **more)
        out = self.dir / "out"
        out.mkdir(exist_ok=True)
        if "user" in more:
            os.chmod(out, 0o777)
        old = out / "schema.sql"
        old.write_bytes(b"-- the old one\n")
        os.utime(old, ns=(10**18, 10**18))
        self.bad(code, parts, "build", *args, "-o", "out/schema.sql", **more)
        self.assertEqual(os.listdir(out), ["schema.sql"])
        self.assertEqual(old.read_bytes(), b"-- the old one\n")
        self.assertEqual(old.stat().st_mtime_ns, 10**18)
        old.unlink()
        self.bad(code, parts, "build", *args, "-o", "out/schema.sql", **more)
        self.assertEqual(os.listdir(out), [])

    def without_rights(self):
        """How to run a child that permission bits hold back; root passes them all."""
        if os.geteuid() != 0:
            return {}
        if sys.version_info < (3, 9):
            self.skipTest("root, and a Python that cannot start a child as another user")
        probe = subprocess.run(["true"], check=False, user=65534, group=65534, extra_groups=[])
        if probe.returncode != 0:
            self.skipTest("root, and no way to give up its rights")
        return {"user": 65534, "group": 65534, "extra_groups": []}
