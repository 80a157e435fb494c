"""The Rust module's bytes, case by case: what a name is, and what stands around a file."""

import hashlib
import os
import pathlib
import re
import unittest

from support import IMPLEMENTATIONS, TestCase, needs_links

BAR = "-- " + "=" * 44


def names(module, paths):
    return re.findall(r"^-- File: (.*)$", module.build_schema(paths), re.M)


def tree_hash(*files):
    """Of (name, bytes) pairs."""
    outer = hashlib.sha256()
    for name, data in files:
        outer.update(hashlib.sha256(name.encode() + b"\0" + data + b"\0").digest())
    return outer.hexdigest()


class Names(TestCase):
    def expect(self, paths, expected):
        for name, module in IMPLEMENTATIONS:
            with self.subTest(implementation=name):
                self.assertEqual(names(module, paths), expected)
                pairs = []
                for path, known in zip(paths, expected):
                    pairs.append((known, pathlib.Path(path).read_bytes()))
                self.assertEqual(module.hash_files(paths), tree_hash(*pairs))

    def test_one_file_is_named_by_its_last_component(self):
        path = self.file("a/b/x.sql")
        self.expect([path], ["x.sql"])
        self.expect(["a/b/x.sql"], ["x.sql"])
        os.chdir("a/b")
        self.expect(["x.sql"], ["x.sql"])
        self.expect(["./x.sql"], ["x.sql"])

    def test_absolute_paths_lose_what_they_have_in_common(self):
        paths = [self.file("a/b/x.sql"), self.file("a/bb/y.sql"), self.file("a/z.sql")]
        self.expect(paths, ["b/x.sql", "bb/y.sql", "z.sql"])
        self.expect(paths[:2], ["b/x.sql", "bb/y.sql"])

    def test_relative_paths_stay_as_they_are(self):
        self.file("a/x.sql")
        self.file("a/y.sql")
        self.expect(["a/x.sql", "./a/y.sql"], ["a/x.sql", "./a/y.sql"])

    def test_relative_ones_among_absolute_ones_shorten_the_base(self):
        first, second = self.file("a/x.sql"), self.file("a/y.sql")
        self.file("z.sql")
        self.expect([first, second, "z.sql"], ["a/x.sql", "a/y.sql", "z.sql"])
        self.expect([first, "a/y.sql"], ["x.sql", "a/y.sql"])

    def test_the_same_file_twice_has_no_name(self):
        path = self.file("a/x.sql")
        self.expect([path, path], ["", ""])
        self.file("a/x.sql")
        self.expect(["a/x.sql", "a/x.sql"], ["a/x.sql", "a/x.sql"])

    def test_twice_among_others(self):
        path, other = self.file("a/x.sql"), self.file("a/y.sql")
        self.expect([path, other, path], ["x.sql", "y.sql", "x.sql"])

    def test_what_is_within_a_path_stays(self):
        self.file("a/b/x.sql")
        other = self.file("c.sql")
        self.expect([self.dir + "//a/./b//x.sql", other], ["a/./b//x.sql", "c.sql"])
        self.expect([self.dir + "/a/../a/b/x.sql", other], ["a/../a/b/x.sql", "c.sql"])

    @needs_links
    def test_a_link_that_leaves_the_tree(self):
        outside = self.file("beside/o.sql")
        paths = [self.file("t/a/x.sql"), self.link("t/a/l.sql", outside)]
        self.expect(paths, ["t/a/x.sql", "t/a/l.sql"])
        self.expect(list(reversed(paths)), ["t/a/l.sql", "t/a/x.sql"])

    @needs_links
    def test_a_link_within_the_tree(self):
        x, y = self.file("t/a/x.sql"), self.file("t/b/y.sql")
        self.expect([x, self.link("t/a/l.sql", y)], ["a/x.sql", "a/l.sql"])
        # One file under two names: the base is that file, and the second does not begin with it.
        self.expect([x, self.link("t/a/m.sql", "x.sql")], ["", self.dir + "/t/a/m.sql"])

    @needs_links
    def test_many_files_and_one_link(self):
        outside = self.file("beside/o.sql")
        paths = [self.file("t/{:03}.sql".format(i)) for i in range(100)]
        paths.append(self.link("t/l.sql", outside))
        self.expect(paths, ["t/{:03}.sql".format(i) for i in range(100)] + ["t/l.sql"])

    @needs_links
    def test_below_a_linked_directory_the_base_cannot_be_taken_off(self):
        self.file("real/x.sql")
        self.file("real/y.sql")
        self.link("linked", "real")
        paths = [self.dir + "/linked/x.sql", self.dir + "/linked/y.sql"]
        self.expect(paths, paths)
        # But where the link lies below what is common, it can.
        other = self.file("z.sql")
        self.expect(paths + [other], ["linked/x.sql", "linked/y.sql", "z.sql"])

    def test_directories_that_share_letters(self):
        paths = [self.file("abc/x.sql"), self.file("abd/x.sql"), self.file("ab/x.sql")]
        self.expect(paths, ["abc/x.sql", "abd/x.sql", "ab/x.sql"])

    def test_a_control_character_is_nothing_to_the_rust_module(self):
        paths = [self.file("a\x01.sql"), self.file("b.sql")]
        self.expect(paths, ["a\x01.sql", "b.sql"])

    def test_pathlib(self):
        path = pathlib.Path(self.file("a.sql"))
        for _, module in IMPLEMENTATIONS:
            self.assertEqual(names(module, [path]), ["a.sql"])
            self.assertEqual(names(module, (path, path.parent / "a.sql")), ["", ""])


class Text(TestCase):
    def expect(self, contents, expected):
        paths = [self.file("{}.sql".format(i), data) for i, data in enumerate(contents)]
        for name, module in IMPLEMENTATIONS:
            with self.subTest(implementation=name):
                self.assertEqual(module.build_schema(paths), expected)

    def separator(self, number):
        return "\n{0}\n-- File: {1}.sql\n{0}\n\n".format(BAR, number)

    def test_no_file(self):
        for name, module in IMPLEMENTATIONS:
            with self.subTest(implementation=name):
                self.assertEqual(module.build_schema([]), "\n")
                self.assertEqual(module.hash_files([]), hashlib.sha256().hexdigest())
                self.assertEqual(module.build_schema(()), "\n")

    def test_line_ends_stay(self):
        self.expect([b"a\r\nb\r\n", b"c\rd\r"],
                    self.separator(0) + "a\r\nb\r\n" + self.separator(1) + "c\rd\r\n")

    def test_an_empty_file_is_a_line(self):
        self.expect([b"", b"\n"], self.separator(0) + "\n" + self.separator(1) + "\n")

    def test_a_byte_order_mark_and_nul_stay(self):
        self.expect([b"\xef\xbb\xbfa\0b"], self.separator(0) + "\ufeffa\0b\n")

    def test_sizes_around_the_buffers(self):
        """Where a file just fits into one read, and where it does not."""
        for size in (65534, 65535, 65536, 65537, 262144, 300000, 1 << 20):
            for last in (b"\n", b"x"):
                data = b"y" * (size - 1) + last
                end = "\n" if last == b"x" else ""
                self.expect([data], self.separator(0) + data.decode() + end)
                for _, module in IMPLEMENTATIONS:
                    self.assertEqual(module.hash_files(["0.sql"]), tree_hash(("0.sql", data)))

    def test_many_sizes_on_many_threads(self):
        contents = [bytes([97 + i % 26]) * (i * i * 37 % 200000) for i in range(64)]
        expected = "".join(
            self.separator(i) + data.decode() + "\n" for i, data in enumerate(contents))
        self.expect(contents, expected)
        paths = ["{}.sql".format(i) for i in range(64)]
        pairs = [("{}.sql".format(i), data) for i, data in enumerate(contents)]
        for _, module in IMPLEMENTATIONS:
            for threads in (0, 1, 2, 64):
                self.assertEqual(module.hash_files(paths, threads=threads), tree_hash(*pairs))

    def test_proc(self):
        """A file that says it is empty, and is not."""
        path = "/proc/self/status"
        if not os.path.exists(path):
            self.skipTest("this system has no /proc")
        for name, module in IMPLEMENTATIONS:
            with self.subTest(implementation=name):
                self.assertIn("\nPid:\t{}\n".format(os.getpid()), module.build_schema([path]))


if __name__ == "__main__":
    unittest.main()
