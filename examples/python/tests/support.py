"""What the tests share: one temporary root, the implementations, and outcomes to compare."""

import contextlib
import os
import shutil
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = os.environ.get("CONFITURE_REPOSITORY") or os.path.dirname(
    os.path.dirname(os.path.dirname(HERE)))
sys.path.insert(0, os.path.join(REPOSITORY, "tests", "reference"))

import confiture_reference as reference  # noqa: E402

import confiture_native  # noqa: E402
from confiture_native import ConfitureError, _fallback  # noqa: E402

NATIVE = confiture_native._implementation if confiture_native.HAS_NATIVE else None
IMPLEMENTATIONS = [("fallback", _fallback)] + ([("native", NATIVE)] if NATIVE else [])
TREES = int(os.environ.get("TREES", "2000"))
SEED = os.environ.get("SEED") or str(int.from_bytes(os.urandom(4), "little"))

needs_native = unittest.skipUnless(NATIVE, "the extension is not installed, or is turned off")
needs_links = unittest.skipUnless(hasattr(os, "symlink") and os.name == "posix",
                                  "this system has no symbolic links for everybody")


class Root:
    """A temporary directory; nothing outside of it is ever written or removed."""

    def __init__(self):
        self.path = os.path.realpath(tempfile.mkdtemp(prefix="confiture-native-"))
        os.chmod(self.path, 0o755)
        self.mark = os.path.join(self.path, "root-of-a-test")
        with open(self.mark, "w", encoding="ascii"):
            pass
        self.count = 0

    def inside(self, path):
        """The path, made absolute, if its directory, links resolved, is in this root."""
        path = os.path.join(self.path, path)
        parent = os.path.realpath(os.path.dirname(path))
        if os.path.commonpath([parent, self.path]) != self.path or not os.path.exists(self.mark):
            raise AssertionError("{} is outside of {}".format(path, self.path))
        return path

    def directory(self, name=None):
        """A new directory, by default under a name of its own."""
        if name is None:
            self.count += 1
            name = "t{}".format(self.count)
        path = os.path.join(self.path, name)
        existing = path
        while not os.path.isdir(existing):
            existing = os.path.dirname(existing)
        self.inside(os.path.join(existing, "x"))
        os.makedirs(path, exist_ok=True)
        return path

    def file(self, path, data=b"SELECT 1;\n"):
        path = os.path.join(self.path, path)
        self.directory(os.path.dirname(path))
        with open(self.inside(path), "wb") as file:
            file.write(data)
        return path

    def link(self, path, target):
        path = os.path.join(self.path, path)
        self.directory(os.path.dirname(path))
        os.symlink(target, self.inside(path))
        return path

    def remove(self, path=None):
        path = self.path if path is None else self.inside(path)
        if os.path.exists(self.mark) and os.path.commonpath([path, self.path]) == self.path:
            shutil.rmtree(path)


class TestCase(unittest.TestCase):
    """With a root, and a current directory in it."""

    @classmethod
    def setUpClass(cls):
        cls.root = Root()
        cls.addClassCleanup(cls.root.remove)

    def setUp(self):
        self.dir = self.root.directory()
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.dir)

    def file(self, path, data=b"SELECT 1;\n"):
        return self.root.file(os.path.join(self.dir, path), data)

    def link(self, path, target):
        return self.root.link(os.path.join(self.dir, path), target)


def outcome(function, *args, **keys):
    """("value", it), or what can be compared of the error."""
    try:
        return "value", function(*args, **keys)
    except UnicodeDecodeError as e:
        return "decode", getattr(e, "filename", None), e.start, e.end, bytes(e.object), e.reason
    except OSError as e:
        return type(e).__name__, e.errno, e.filename
    except ConfitureError as e:
        return "confiture", e.kind, e.filename, e.line
    except (TypeError, ValueError, NotImplementedError, OverflowError) as e:
        return (type(e).__name__,)


def message(function, *args, **keys):
    """The text of the error, or None."""
    try:
        function(*args, **keys)
    except (OSError, TypeError, ValueError, NotImplementedError, OverflowError) as e:
        return str(e)
    return None


def reference_outcome(function, *args, **keys):
    """The same of the reference, whose errors have another form."""
    try:
        return "value", function(*args, **keys)
    except UnicodeDecodeError as e:
        return "decode", None, e.start, e.end, bytes(e.object), e.reason
    except OSError as e:
        return type(e).__name__, e.errno, e.filename
    except reference.ConfitureError as e:
        if e.kind == "system":
            return type(OSError(e.os_error, "")).__name__, e.os_error, e.path
        if e.kind == "not_found":
            return "FileNotFoundError", 2, e.path
        if e.kind == "not_file":
            code = 21 if os.path.isdir(e.path) else 22
            return type(OSError(code, "")).__name__, code, e.path
        if e.kind == "encoding":
            return "encoding", e.path, e.offset
        if e.kind in ("no_files", "argument"):
            return "confiture", e.kind, None, 0
        return "confiture", e.kind, e.path, e.line


def simplified(result):
    """An outcome as the reference has it: of a decoding error, the file and the offset."""
    return ("encoding", result[1], result[2]) if result[0] == "decode" else result


@contextlib.contextmanager
def unprivileged():
    """Root may read what has no permission: for a while it is somebody else."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@contextlib.contextmanager
def environment(**changes):
    before = {key: os.environ.get(key) for key in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value
