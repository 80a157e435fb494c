"""Native = fallback = reference, over random trees."""

import os
import random
import unittest

from confiture_native import ConfitureError, Directory
from support import (IMPLEMENTATIONS, SEED, TREES, TestCase, needs_links, message, outcome,
                     reference, reference_outcome, simplified)
from trees import Tree

STYLES = ("block_comment", "line_comment", "mysql", "custom", "none")
PATTERNS = (("**/*.sql",), ("*.sql",), ("*",), ("**/a*", "*.sql"), ("d*/*.sql",), ("[!a]*.sql",),
            ("été/*.sql", "**/x.y.sql"), ("seeds/**/*.sql",))
EXCLUDES = ((), ("a*",), ("d/*",), (".*", "*[0-9]*"), ("seeds/*.sql",))


def reference_build(paths, base, **keys):
    return reference.build(reference.Files(paths, base), **keys).decode("utf-8")


def reference_hash(paths, base, kind):
    files = reference.Files(paths, base)
    return reference.HASHES[kind](files)


@needs_links
class Parity(TestCase):
    def trees(self, count):
        """Random trees, one after another, in each of which the test then works.

        SEED=... gives the same trees again; SEED/number in a message tells which it was.
        """
        for number in range(count):
            seed = "{}/{}".format(SEED, number)
            tree = Tree(self.root, random.Random(seed))
            self.seed = seed
            os.chdir(tree.path)
            yield tree
            os.chdir(self.dir)
            self.root.remove(tree.top)

    def same(self, expected, function, *args, **keys):
        """Every implementation gives what the reference does, and all of them the same."""
        got = [outcome(getattr(module, function), *args, **keys) for _, module in IMPLEMENTATIONS]
        what = "SEED={} {} {} {}".format(self.seed, function, args, keys)
        if got[0][0] != "value":
            texts = {message(getattr(m, function), *args, **keys) for _, m in IMPLEMENTATIONS}
            self.assertEqual(len(texts), 1, (what, texts))
        for (name, _), result in zip(IMPLEMENTATIONS, got):
            self.assertEqual(result, got[0], name + " " + what)
        if expected is not None:
            self.assertEqual(simplified(got[0]), expected, what)

    def test_trees(self):
        values = errors = 0
        for tree in self.trees(TREES):
            values, errors = self.core(tree, values, errors)
            self.keywords(tree)
            self.find(tree)
        # Neither may be all that was compared.
        self.assertGreater(values, TREES / 2)
        self.assertGreater(errors, TREES / 50)

    def core(self, tree, values, errors):
        """The Rust module's bytes."""
        threads = tree.random.choice((0, 1, 2))
        for clean in (True, False):
            paths = tree.list(clean)
            for function, expected in (("build_schema", reference.core_build_schema),
                                       ("hash_files", reference.core_hash_files)):
                result = reference_outcome(expected, paths)
                if result[0] == "decode":  # the reference does not say of which file
                    bad = next(p for p in paths if _is_not_utf8(p))
                    result = "encoding", bad, result[2]
                values += result[0] == "value"
                errors += result[0] != "value"
                # The reference cleans paths, the Rust module leaves what is within as it is.
                self.same(result if clean else None, function, paths, threads=threads)
        return values, errors

    def keywords(self, tree):
        """The Python tool's bytes."""
        r = tree.random
        paths = tree.list()
        base = r.choice((".", tree.path, tree.top, "d"))
        kind = r.choice(("stream", "tree", "text"))
        self.same(reference_outcome(reference_hash, paths, base, kind), "hash_files", paths,
                  base_dir=base, digest=kind, threads=r.choice((0, 1)))
        self.same(reference_outcome(reference_hash, paths, base, kind), "digest", paths,
                  base_dir=base, kind=kind)
        keys = {"style": r.choice(STYLES), "schema_only": r.random() < 0.3,
                "check": r.choice(("none", "reference", "quotes", "postgres")),
                "header": r.choice((None, ("env é", "2026-01-01T00:00:00")))}
        if keys["style"] == "custom" and r.random() < 0.9:
            keys["template"] = r.choice(("-- {file_path}", "{{{file_path}}}", "x", "{x}", "}"))
        # Without a header nobody needs the digest, nor what is left out.
        expected = reference_outcome(reference_build, paths, base,
                                     digest=keys["header"] is not None, **keys)
        self.same(expected, "build_schema", paths, base_dir=base, **keys)
        expected = reference_outcome(reference_build, paths, base, **keys)
        self.same(expected, "schema", paths, base_dir=base, **keys)
        if expected[0] == "value":
            for name, module in IMPLEMENTATIONS:
                schema = module.schema(paths, base_dir=base, **keys)
                self.assertEqual(schema.digest, module.digest(paths, base_dir=base), self.seed)
        regular = [path for path in paths if os.path.isfile(path)]
        whole = reference.Files(regular, "/")
        self.same(("value", reference.manifest(whole)), "manifest", regular)
        findings = [(f.path, f.line, f.offset, f.kind, f.what, f.index)
                    for f in reference.check_reference(whole)]
        self.same(("value", findings), "check", regular, mode="reference")
        for mode in ("postgres", "quotes"):
            findings = []
            reference_outcome(reference.check, whole, mode, findings.append)
            findings = [(f.path, f.line, f.offset, f.kind, f.what, f.index) for f in findings]
            self.same(("value", findings), "check", regular, mode=mode)

    def find(self, tree):
        r = tree.random
        places = [Directory(r.choice((tree.path, ".", "d", tree.top, "missing")),
                            r.random() < 0.8, r.choice(PATTERNS), r.choice(EXCLUDES),
                            r.random() < 0.1) for _ in range(r.choice((1, 1, 2)))]
        keys = {"exclude_dirs": r.choice(((), ("d",), (tree.path + "/seeds",))),
                "sort": r.choice(("path", "hex")), "unique": r.random() < 0.3}
        expected = reference_outcome(
            lambda: [str(path) for path in reference.find(
                [reference.Directory(*place) for place in places], keys["exclude_dirs"],
                keys["sort"], keys["unique"]).paths])
        self.same(expected, "find_files", places, **keys)


def _is_not_utf8(path):
    try:
        with open(path, encoding="utf-8") as file:
            file.read()
    except UnicodeDecodeError:
        return True
    return False


class Errors(unittest.TestCase):
    def test_text(self):
        self.assertEqual(str(ConfitureError("unclosed", "a.sql", 3)),
                         "a.sql:3: would harm the file after it")
        self.assertEqual(str(ConfitureError("argument", None, 0, "why")), "why")


if __name__ == "__main__":
    unittest.main()
