"""Ten thousand calls of everything that can go right or wrong: nothing stays behind."""

import gc
import os
import sys
import unittest

from confiture_native import ConfitureError, Directory
from support import NATIVE, TestCase, needs_native

CALLS = int(os.environ.get("CALLS", "10000"))


def resident():
    """Bytes of memory that are in use."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@needs_native
@unittest.skipUnless(os.path.exists("/proc/self/statm"), "this system has no /proc/self/statm")
class Leaks(TestCase):
    def setUp(self):
        super().setUp()
        self.small = [self.file("s/{}.sql".format(i)) for i in range(3)]
        self.many = [self.file("m/{:02}.sql".format(i), b"x" * 300) for i in range(20)]
        self.linked = self.small + [self.link("s/l.sql", self.many[0])]
        self.wrong = self.small + [self.file("wrong.sql", b"x\xff")]
        self.open = [self.file("open.sql", b"/*")]
        self.missing = self.small + [self.dir + "/missing.sql"]

    def steady(self, function, error=None, calls=CALLS):
        """What function() takes, it gives back: memory, objects and descriptors."""
        def run(count):
            for _ in range(count):
                try:
                    function()
                except Exception as e:  # told apart from what is expected below
                    if error is None or not isinstance(e, error):
                        raise
                else:
                    if error is not None:
                        raise AssertionError("no error")

        run(calls // 10)
        # Caches fill and the heap changes its shape, but a leak goes on: it is one in each round.
        for _ in range(4):
            gc.collect()
            before = sys.getallocatedblocks(), resident(), len(os.listdir("/proc/self/fd"))
            run(calls)
            gc.collect()
            after = sys.getallocatedblocks(), resident(), len(os.listdir("/proc/self/fd"))
            blocks, memory, descriptors = (y - x for x, y in zip(before, after))
            # One object a call would be thousands of blocks, one string half a megabyte.
            if blocks < calls // 50 and memory < calls * 16 and descriptors == 0:
                return
        self.fail("{} blocks, {} bytes, {} descriptors in {} calls".format(
            blocks, memory, descriptors, calls))

    def test_build(self):
        self.steady(lambda: NATIVE.build_schema(self.small))
        self.steady(lambda: NATIVE.build_schema(self.many), calls=CALLS // 2)

    def test_hash(self):
        self.steady(lambda: NATIVE.hash_files(self.small))
        self.steady(lambda: NATIVE.hash_files(self.many), calls=CALLS // 2)

    def test_links(self):
        self.steady(lambda: NATIVE.hash_files(self.linked))
        self.steady(lambda: NATIVE.build_schema(self.linked))

    def test_keywords(self):
        header = ("e" * 50, "t" * 50)
        self.steady(lambda: NATIVE.build_schema(self.small, base_dir=self.dir, header=header,
                                                style="custom", template="x {file_path}"))
        self.steady(lambda: NATIVE.hash_files(self.small, base_dir=self.dir, digest="tree"))
        self.steady(lambda: NATIVE.schema(iter(self.small), header=header))
        self.steady(lambda: NATIVE.digest(tuple(self.small), kind="tree"))
        self.steady(lambda: NATIVE.manifest(self.small))
        self.steady(lambda: NATIVE.check(self.open + self.wrong))

    def test_find(self):
        places = [Directory("s", True, ["**/*.sql"], ["x*"], False), "m"]
        self.steady(lambda: NATIVE.find_files(places, exclude_dirs=["none"], unique=True),
                    calls=CALLS // 2)

    def test_errors_of_files(self):
        self.steady(lambda: NATIVE.build_schema(self.missing), FileNotFoundError)
        self.steady(lambda: NATIVE.hash_files(self.missing), FileNotFoundError)
        self.steady(lambda: NATIVE.hash_files(["s"]), IsADirectoryError)
        self.steady(lambda: NATIVE.build_schema(self.wrong), UnicodeDecodeError)
        self.steady(lambda: NATIVE.build_schema(self.wrong, base_dir="."), UnicodeDecodeError)
        self.steady(lambda: NATIVE.build_schema(self.open, check="reference", base_dir=self.dir),
                    ConfitureError)
        self.steady(lambda: NATIVE.find_files(["none"]), ConfitureError)

    def test_errors_of_arguments(self):
        many = ["x" * 200 + str(i) for i in range(10)]
        for bad, error in ((many + [5], TypeError), (many + ["\ud800"], UnicodeEncodeError),
                           (many + ["\0"], ValueError), (5, TypeError)):
            self.steady(lambda: NATIVE.build_schema(bad), error)
            self.steady(lambda: NATIVE.digest(bad, kind="tree"), error)
        self.steady(lambda: NATIVE.build_schema(many, header=("a", 5)), TypeError)
        self.steady(lambda: NATIVE.build_schema(many, style="custom", template="{"), ConfitureError)
        self.steady(lambda: NATIVE.hash_files(many, nothing=1), TypeError)
        self.steady(lambda: NATIVE.digest(many, kind="no such"), ValueError)
        self.steady(lambda: NATIVE.find_files([Directory("a", True, ["\udcff", "\ud800"])]),
                    UnicodeEncodeError)
        self.steady(lambda: NATIVE.build_schema(["\udcff/x"], base_dir="\udcff"), FileNotFoundError)

    def test_reference_counts(self):
        """Of all that is handed over, whatever becomes of the call."""
        paths = [str(path) for path in self.missing]
        base = self.dir + "/."
        header = ("x" * 30, "y" * 30)
        objects = paths + [paths, base, header, header[0], None, ConfitureError, OSError]

        def call():
            with self.assertRaises(UnicodeDecodeError):
                NATIVE.schema(self.wrong, header=header)
            NATIVE.schema(paths[:-1], header=header, base_dir=base, check="none")
            for keys in ({}, {"base_dir": base}, {"header": header, "style": "none"}):
                with self.assertRaises((OSError, ConfitureError)):
                    NATIVE.build_schema(paths, **keys)
                NATIVE.build_schema(paths[:-1], **dict(keys, base_dir=base))
            NATIVE.manifest(paths[:-1])

        call()
        gc.collect()
        before = [sys.getrefcount(o) for o in objects]
        for _ in range(200):
            call()
        gc.collect()
        after = [sys.getrefcount(o) for o in objects]
        for o, x, y in zip(objects, before, after):
            self.assertLess(abs(y - x), 100, repr(o))


if __name__ == "__main__":
    unittest.main()
