"""Real trees, with what the original tool and its Rust module made of them.

They are not part of the repository: the folder beside it, or the one that the environment variable
CONFITURE_GOLDEN names.
"""

import hashlib
import os
import sys
import unittest

from confiture_native import ConfitureError, Directory, SchemaBuilder
from support import IMPLEMENTATIONS, REPOSITORY

sys.path[:0] = [os.path.join(REPOSITORY, "tests"), os.path.join(REPOSITORY, "tests", "parity")]

import parity_golden  # noqa: E402

GOLDEN = parity_golden.folder(REPOSITORY)
STYLES = ("block_comment", "line_comment", "mysql")


def sha256(text):
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


@unittest.skipUnless(GOLDEN, "the golden data is not there")
class Golden(unittest.TestCase):
    def cases(self):
        for case in parity_golden.trees(GOLDEN):
            directories = [Directory(*d) for d in case.directories]
            for name, module in IMPLEMENTATIONS:
                with self.subTest(tree=case.name, implementation=name):
                    files = module.find_files(directories, exclude_dirs=case.exclude_dirs,
                                              sort=case.sort_mode)
                    self.one(case, module, files)

    def one(self, case, module, files):
        raise NotImplementedError

    def test_order(self):
        def one(case, module, files):
            base = case.rooted(case.entry["base_dir"])
            order = "".join(os.path.relpath(path, base) + "\0" for path in files)
            self.assertEqual(order.encode("utf-8"), case.order)

        self.one = one
        self.cases()

    def test_digests(self):
        def one(case, module, files):
            base = case.rooted(case.entry["base_dir"])
            self.assertEqual(module.hash_files(files, base_dir=base), case.entry["python_hash"])
            self.assertEqual(module.digest(files, base_dir=base), case.entry["python_hash"])
            self.assertEqual(module.digest(files, base_dir=base, kind="tree"),
                             module.hash_files(files, base_dir=base, digest="tree"))
            self.assertEqual(module.hash_files(files), case.entry["rust_hash"])

        self.one = one
        self.cases()

    def test_rust_body(self):
        def one(case, module, files):
            self.assertEqual(sha256(module.build_schema(files)), case.entry["rust_body"]["sha256"])

        self.one = one
        self.cases()

    def test_schemas(self):
        def one(case, module, files):
            base = case.rooted(case.entry["base_dir"])
            header = ("golden", "2026-01-01T00:00:00")
            for style in STYLES:
                body = module.build_schema(files, base_dir=base, style=style)
                self.assertEqual(sha256(body), case.entry["body"][style]["sha256"])
                full = module.build_schema(files, base_dir=base, style=style, header=header)
                self.assertEqual(sha256(full), case.entry["full"][style]["sha256"])
                again = module.schema(files, base_dir=base, style=style, header=header,
                                      check="none")
                self.assertEqual((again, again.digest), (full, case.entry["python_hash"]))

        self.one = one
        self.cases()

    def test_builder(self):
        for case in parity_golden.trees(GOLDEN):
            with self.subTest(tree=case.name):
                builder = SchemaBuilder([Directory(*d) for d in case.directories],
                                        exclude_dirs=case.exclude_dirs, sort=case.sort_mode,
                                        environment="golden", check="reference")
                self.assertEqual(builder.compute_hash(), case.entry["python_hash"])
                if case.entry["validation"]:
                    with self.assertRaises(ConfitureError) as caught:
                        builder.build()
                    place = "{}:{} -".format(caught.exception.filename, caught.exception.line)
                    self.assertIn(place, case.rooted(case.entry["validation"]))
                    builder.check = "none"
                schema = builder.build(timestamp="2026-01-01T00:00:00")
                self.assertEqual(sha256(schema), case.entry["full"]["block_comment"]["sha256"])


if __name__ == "__main__":
    unittest.main()
