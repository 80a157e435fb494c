"""confiture build --verify: is the committed schema what the tree builds? Run by command.py."""

import json
import os
import pathlib

from command_base import CommandTest


class Verify(CommandTest):
    def built(self, *args, **files):
        self.tree(**files)
        self.good("build", "t", "-o", "out.sql", "-q", *args)

    def verify(self, *args, **more):
        return self.run_command("build", "t", "-o", "out.sql", "--verify", *args, **more)

    def says(self, text, *args, code=1, **more):
        result = self.verify(*args, **more)
        self.assertEqual((result.code, result.out, result.err.decode()),
                         (code, b"", f"confiture: {text}\n"), result)

    def test_up_to_date_and_not(self):
        self.built(a="A;\nB;\n", b="C;\n")
        before = (self.dir / "out.sql").stat()
        size = before.st_size
        self.says(f"out.sql: up to date, 2 files, {size} bytes", code=0)
        self.assertEqual(self.verify("-q").err, b"")
        self.tree(a="A;\nX;\n")
        self.says("out.sql:7: out of date: t/a.sql:2 differs")
        self.says("out.sql:7: out of date: t/a.sql:2 differs", "-q", "-j4")
        self.tree(a="A;\r\nB;\r\n")
        self.assertEqual(self.verify().code, 0)
        self.tree(a__0="new;\n")
        self.says("out.sql:3: out of date: t/a/0.sql is new")
        os.unlink(self.dir / "t/a/0.sql")
        os.unlink(self.dir / "t/a.sql")
        self.says('out.sql:3: out of date: "a.sql" is no longer there')
        os.unlink(self.dir / "out.sql")
        self.says("out.sql: out of date: missing")
        self.assertEqual(sorted(os.listdir(self.dir)), ["t"])

    def test_nothing_is_written(self):
        self.built(a="A;\n")
        os.utime(self.dir / "out.sql", ns=(10**18, 10**18))
        os.chmod(self.dir / "out.sql", 0o444)
        os.chmod(self.dir, 0o555)
        rights = self.without_rights()
        self.assertEqual(self.verify(**rights).code, 0)
        self.write("t/a.sql", "B;\n")
        self.says("out.sql:6: out of date: t/a.sql:1 differs", **rights)
        result = self.run_command("build", "t", "--split", "no/such", "--verify", **rights)
        self.assertEqual(result.code, 1, result)
        self.assertEqual(sorted(os.listdir(self.dir)), ["out.sql", "t"])
        self.assertEqual((self.dir / "out.sql").stat().st_mtime_ns, 10**18)
        os.chmod(self.dir, 0o755)

    def test_the_time_in_a_header_does_not_count(self):
        self.built("--header", "--timestamp", "2020-01-01T00:00:00", a="A;\n")
        for args in ((), ("--timestamp", "none"), ("--timestamp", "x" * 500)):
            self.assertEqual(self.verify("--header", *args).code, 0)
        self.says("out.sql:1: out of date: it has a header")
        self.says("out.sql:5: out of date: the environment in its header differs", "--header",
                  "--environment", "prod")
        self.tree(a="A;\r\n")
        self.says("out.sql:7: out of date: only the digest of the sources differs: a change that "
                  "the schema does not show, as of line ends", "--header")
        self.tree(a="B;\n")
        self.says("out.sql:20: out of date: t/a.sql:1 differs", "--header")

    def test_other_options(self):
        self.built(a="A;\n", seeds__b="B;\n")
        self.says("out.sql:2: out of date: its separators are of the style block_comment",
                  "--separator", "line_comment")
        self.says("out.sql:7: out of date: t/seeds/b.sql is left out", "--schema-only")
        self.tree(a="A")
        self.says("out.sql:6: out of date: t/a.sql:1 differs", "--check=quotes")

    def test_a_failed_check_and_an_error_are_those_of_a_build(self):
        self.built(a="A;\n")
        self.tree(b="'")
        self.says("t/b.sql:1: quote never closed")
        os.unlink(self.dir / "t/b.sql")
        os.symlink("nowhere", self.dir / "t/b.sql")
        self.says("t/b.sql: no such file or directory", code=2)
        os.unlink(self.dir / "t/b.sql")
        os.unlink(self.dir / "out.sql")
        os.mkdir(self.dir / "out.sql")
        self.says("out.sql: is a directory", code=2)

    def test_usage(self):
        self.tree(a="A;\n")
        for args, words in ((["--verify"], "--verify needs --output FILE or --split"),
                            (["--verify", "-o", "-"], "--verify needs --output FILE or --split"),
                            (["--verify", "-o", "x", "--sync"], "--verify and --sync exclude"),
                            (["--verify", "-o", "x", "--if-changed"],
                             "--verify and --if-changed exclude"),
                            (["--verify", "-o", "x", "--map", "y"], "--verify and --map exclude")):
            self.bad(2, words, "build", "t", *args)
        self.bad(2, "--verify is an option of build", "hash", "t", "--verify")
        self.assertEqual(os.listdir(self.dir), ["t"])

    def test_an_output_inside_the_tree_is_left_out(self):
        self.tree(a="A;\n")
        self.good("build", "t", "-o", "t/out.sql")
        result = self.run_command("build", "t", "-o", "t/out.sql", "--verify", "-q")
        self.assertEqual(result.code, 0, result)
        self.assertOneLine(result, "warning: t/out.sql: is an input and the output")

    def test_split(self):
        self.tree(a="A;\n", pre__b="B;\n")
        args = ["t", "--split", "o", "--pre", "t/pre"]
        self.good("build", *args)
        self.assertEqual(self.run_command("build", *args, "--verify").code, 0)
        self.assertEqual(self.quiet("build", *args, "--verify", "-q"), b"")
        self.tree(a="A2;\n", pre__b="B2;\n")
        os.unlink(self.dir / "o/schema_local_superuser_post.sql")
        result = self.run_command("build", *args, "--verify")
        self.assertEqual((result.code, result.err.decode().splitlines()), (1, [
            "confiture: o/schema_local_superuser_pre.sql:6: out of date: t/pre/b.sql:1 differs",
            "confiture: o/schema_local_app.sql:6: out of date: t/a.sql:1 differs",
            "confiture: o/schema_local_superuser_post.sql: out of date: missing"]))
        said = json.loads(self.run_command("build", *args, "--verify", "--json").out)
        self.assertEqual(said["status"], "failed")
        self.assertEqual([(s["phase"], s["matches"], s["difference"]) for s in said["schemas"]],
                         [("superuser_pre", False, "text"), ("app", False, "text"),
                          ("superuser_post", False, "missing")])

    def test_json(self):
        self.built(a="A;\n", b="B;\n")
        self.assertEqual(json.loads(self.quiet("build", "t", "-o", "out.sql", "--verify",
                                               "--json")), {
            "command": "build", "path": "out.sql", "files": 2, "matches": True, "status": "done",
            "warnings": []})
        self.tree(a="X;\n")
        result = self.verify("--json")
        self.assertEqual((result.code, json.loads(result.out)), (1, {
            "command": "build", "path": "out.sql", "files": 2, "matches": False, "line": 6,
            "difference": "text", "source": "t/a.sql", "source_line": 1, "status": "failed",
            "message": "out.sql:6: out of date: t/a.sql:1 differs", "warnings": []}))
        os.unlink(self.dir / "t/a.sql")
        said = json.loads(self.verify("--json").out)
        self.assertEqual((said["difference"], said["name"]), ("gone", "a.sql"))
        self.assertNotIn("source", said)

    def test_a_schema_cannot_forge_a_line(self):
        """What a message shows of the file is escaped."""
        self.built(a="A;\n")
        path = pathlib.Path(self.dir / "out.sql")
        path.write_bytes(path.read_bytes().replace(b"a.sql", b"a\xff\xc2\x9b31m.sql"))
        result = self.verify()
        self.assertEqual(result.code, 1)
        self.assertOneLine(result)
        self.assertNotIn(b"\x9b", result.err)
