"""confiture hash, and hash -c, which computes again what hash printed. Run by command.py."""

import hashlib
import json
import os

from command_base import CommandTest, stream_digest, text_digest, tree_digest


class Hash(CommandTest):
    def test_digests(self):
        files = self.tree(a="A;\r\n", b__c=b"\xff\0")
        stream, tree = stream_digest(files), tree_digest(files)
        for args, digest, told in (([], stream, "t"), (["--digest=stream"], stream, "t"),
                                   (["--digest", "tree"], tree, "t --digest tree")):
            for more in ([], ["-j1"], ["-j8", "--io=mmap"], ["--quiet"]):
                self.assertEqual(self.quiet("hash", "t", *args, *more).decode(),
                                 f"{digest}  {told}\n")
            self.assertEqual(self.quiet("hash", "t", *args, "--bare").decode(), digest + "\n")
        self.assertEqual(self.run_command("hash", "t/b", "t").out.decode().split("  ")[1],
                         "t/b t\n")
        self.write("names", b"t/a.sql")
        digest = stream_digest({"t/a.sql": b"A;\r\n"})
        for name, data in (("names", None), ("-", b"t/a.sql")):
            told = name if name == "names" else "="
            self.assertRegex(self.quiet("hash", "--files0-from", name, data=data).decode(),
                             f"^{digest}  --files0-from[ =]{name}\n$")

    def test_the_text_digest_is_that_of_a_checkout_with_other_line_ends(self):
        files = self.tree(a="A;\r\nB;\r\n", b__c="\u00e9;\r", c="", d="D;")
        line = self.quiet("hash", "t", "--digest", "text")
        self.assertEqual(line.decode(), text_digest(files) + "  t --digest text\n")
        self.tree(a="A;\nB;\n", b__c="\u00e9;\n", c="\n", d="D;\r\n")
        for args in ([], ["-j1"], ["-j8", "--io=mmap"]):
            self.assertEqual(self.quiet("hash", "t", "--digest=text", *args), line)
        self.write("sums", line + self.quiet("hash", "t"))
        self.assertEqual(self.quiet("hash", "-c", "sums"), b"t --digest text: OK\nt: OK\n")
        self.tree(a="A;\r\nB;\n")
        result = self.run_command("hash", "-c", "sums")
        self.assertEqual((result.code, result.out), (1, b"t --digest text: OK\nt: FAILED\n"))
        said = json.loads(self.quiet("hash", "t", "--digest=text", "--json"))
        self.assertEqual((said["kind"], said["bytes"]), ("text", 7 + 4 + 1 + 4))
        self.tree(a="A;\n B;\n")
        result = self.run_command("hash", "-c", "sums")
        self.assertEqual((result.code, result.out), (1, b"t --digest text: FAILED\nt: FAILED\n"))

    def test_the_text_digest_refuses_what_is_no_text(self):
        files = self.tree(a="A;\n", b=b"B;\r\n\0;")
        self.bad(1, "t/b.sql:2: nul byte", "hash", "t", "--digest", "text")
        self.assertEqual(self.quiet("hash", "t", "--digest=tree", "--bare").decode(),
                         tree_digest(files) + "\n")
        self.tree(b=b"B;\r\n\0;\r\xff")
        self.bad(1, "t/b.sql:3: not valid utf-8, byte 7", "hash", "t", "--digest", "text")
        result = self.run_command("hash", "-c", "-", data=b"0" * 64 + b"  t --digest text\n")
        self.assertEqual((result.code, result.out), (1, b"t --digest text: FAILED\n"))
        self.assertIn(b"t/b.sql:3: not valid UTF-8, byte 7", result.err)

    def test_what_decides_the_digest_is_told(self):
        self.tree(a="A;", b="B;", x__c="C;")
        self.write("u v/it's.sql")
        self.write("-d/e.sql")
        for args, told in (
                (["t", "--exclude", "a.sql", "-j1", "--exclude", "x/*"],
                 "t --exclude a.sql --exclude 'x/*'"),
                (["--exclude-dir=t/x", "t", "--base", "."], "t --exclude-dir t/x --base ."),
                (["t", "u v", "--unique"], "t 'u v' --unique"),
                (["u v/it's.sql", "t/a.sql"], "'u v/it'\\''s.sql' t/a.sql"),
                (["t", "--sort=hex", "--no-recursive", "--confine"], "t --no-recursive --sort hex"),
                (["t", "--allow-missing", "nope"], "t nope --allow-missing"),
                (["--", "-d"], "./-d")):
            with self.subTest(args=args):
                line = self.good("hash", *args).decode()
                self.assertEqual(line[64:], f"  {told}\n")
                self.write("sums", line)
                result = self.run_command("hash", "-c", "sums")
                self.assertEqual((result.code, result.out), (0, f"{told}: OK\n".encode()), result)

    def test_odd_names_come_back(self):
        for number, name in enumerate(("a b", "it's", "$HOME", "back\\slash", "new\nline", "é",
                                       "q\"uote", "esc\x1b[0m", "u\u0085v", "*", "$'x'", "~",
                                       "c\\'\n")):
            self.write(f"{name}/{number}.sql")
            line = self.quiet("hash", name)
            self.assertEqual(line.count(b"\n"), 1)
            self.assertNotIn(b"\x1b", line)
            self.write("sums", line)
            self.assertTrue(self.quiet("hash", "-c", "sums").endswith(b": OK\n"), name)


class HashCheck(CommandTest):
    def test_same_and_different(self):
        self.tree(a="A;")
        self.write("u/b.sql")
        lines = self.quiet("hash", "t") + self.quiet("hash", "u", "--digest", "tree")
        self.write("sums", lines)
        self.assertEqual(self.quiet("hash", "-c", "sums"), b"t: OK\nu --digest tree: OK\n")
        self.assertEqual(self.quiet("hash", "--check=sums", "-q"), b"")
        self.assertEqual(self.quiet("hash", "-c", "-", data=lines.replace(b"\n", b"\r\n")),
                         b"t: OK\nu --digest tree: OK\n")
        self.assertEqual(self.quiet("hash", "-c", "-", data=lines[:64].upper() + lines[64:-1]),
                         b"t: OK\nu --digest tree: OK\n")
        self.write("t/c.sql")
        result = self.run_command("hash", "-c", "sums")
        self.assertEqual((result.code, result.out), (1, b"t: FAILED\nu --digest tree: OK\n"))
        self.assertOneLine(result, "1 of 2 digests differs")
        result = self.run_command("hash", "-c", "sums", "-q")
        self.assertEqual((result.code, result.out, result.err), (1, b"t: FAILED\n", b""))

    def test_what_cannot_be_computed(self):
        """The other lines are computed all the same, and the exit status says both."""
        self.tree(a="A;")
        self.write("u/b.sql")
        lines = self.quiet("hash", "t") + self.quiet("hash", "u")
        os.rename(self.dir / "t", self.dir / "gone")
        self.write("u/c.sql")
        result = self.run_command("hash", "-c", "-", data=lines)
        self.assertEqual((result.code, result.out), (2, b"u: FAILED\n"), result)
        self.assertEqual(result.err, b"confiture: t: no such file or directory\n"
                                     b"confiture: 1 of 2 digests differs\n")
        result = self.run_command("hash", "-c", "-", "--json", data=lines)
        said = json.loads(result.out)
        self.assertEqual((result.code, said["status"]), (2, "error"))
        self.assertEqual([c["status"] for c in said["checks"]], ["error", "failed"])
        self.assertEqual(said["checks"][0]["message"], "t: no such file or directory")

    def test_with_directories_of_ones_own(self):
        files = self.tree(a="A;", b="B;")
        digest = stream_digest(files)
        for line in (f"{digest}\n", digest, f"{digest}  elsewhere\n"):
            self.assertEqual(self.quiet("hash", "t", "-c", "-", data=line.encode()), b"t: OK\n")
        result = self.run_command("hash", "t", "--exclude=b.sql", "-c", "-", data=digest.encode())
        self.assertEqual((result.code, result.out), (1, b"t --exclude b.sql: FAILED\n"))
        self.bad(2, "standard input:2: a second line", "hash", "t", "-c", "-", "-q",
                 data=f"{digest}\n{digest}\n".encode())

    def test_json(self):
        files = self.tree(a="A;")
        self.write("sums", self.quiet("hash", "t"))
        self.assertEqual(json.loads(self.quiet("hash", "-c", "sums", "--json")), {
            "command": "hash", "status": "done", "warnings": [], "checks": [
                {"path": "sums", "line": 1, "arguments": "t", "expected": stream_digest(files),
                 "status": "done", "digest": stream_digest(files)}]})
        self.tree(a="B;")
        result = self.run_command("hash", "-c", "sums", "--json")
        said = json.loads(result.out)
        self.assertEqual((result.code, result.err, said["status"]), (1, b"", "failed"))
        self.assertNotEqual(said["checks"][0]["digest"], said["checks"][0]["expected"])

    def test_json_of_errors(self):
        """Path and line say where to look: at what could not be read, or at the line."""
        self.tree(a="A;")
        good = self.quiet("hash", "t")
        for line, path, number, words in (
                ("0" * 64 + "  gone\n", "gone", None, "gone: no such file"),
                ("hello\n", "standard input", 2, "standard input:2: invalid line 'hello'"),
                ("0" * 64 + "  t --foo\n", "standard input", 2, "standard input:2: unknown option"),
                (hashlib.sha256(b"A;").hexdigest() + "  t/a.sql\n", "standard input", 2,
                 "standard input:2: the SHA-256 of a file's bytes alone")):
            with self.subTest(line=line):
                result = self.run_command("hash", "-c", "-", "--json", data=good + line.encode())
                said = json.loads(result.out)
                self.assertEqual((result.code, said["status"]), (2, "error"))
                where = said["checks"][1] if "checks" in said else said
                self.assertEqual((where["path"], where.get("line")), (path, number))
                self.assertTrue(where["message"].startswith(words), where)
                self.assertNotIn("digest", where)

    def test_lines_of_sha256sum(self):
        """They look like those of hash, and are digests of something else."""
        self.tree(a="A;")
        one = hashlib.sha256(b"A;").hexdigest()
        hint = "the SHA-256 of a file's bytes alone, as sha256sum and 'confiture list --digests' " \
            "print it: check it with 'sha256sum -c'"
        for line in (f"{one}  t/a.sql", f"{one} *t/a.sql", f"{one}  -", f"\\{one}  t/a\\\\.sql",
                     f"{one}  t"):
            with self.subTest(line=line):
                result = self.run_command("hash", "-c", "-", data=line.encode())
                self.assertEqual((result.code, result.out), (2, b""), result)
                self.assertIn(f"confiture: standard input:1: {hint}", result.err.decode())
        # The others are computed all the same.
        result = self.run_command("hash", "-c", "-",
                                  data=f"{one}  t/a.sql\n".encode() + self.quiet("hash", "t"))
        self.assertEqual((result.code, result.out), (2, b"t: OK\n"))
        # What is neither is only not the same.
        result = self.run_command("hash", "-c", "-", data=b"0" * 64 + b"  t/a.sql")
        self.assertEqual((result.code, result.out), (1, b"t/a.sql: FAILED\n"))

    def test_mistakes(self):
        self.tree(a="A;")
        digest = "0" * 64
        self.bad(2, "nope: no such file", "hash", "-c", "nope")
        for parts, data in (
                ("standard input: empty: expected what 'confiture hash' prints", ""),
                ("standard input:1: invalid line 'hello': expected what", "hello\n"),
                ("standard input:1: invalid line ''", "\n"),
                ("standard input:1: invalid line", digest[1:] + "  t\n"),
                ("standard input:1: invalid line", digest + "0  t\n"),
                ("standard input:1: invalid line '{\"command\"", '{"command":"hash"}\n'),
                ("standard input:1: a digest alone: expected a DIR or FILE", digest + "\n"),
                ("standard input:1: a quote is not closed", digest + "  't\n"),
                ("standard input:1: a quote is not closed", digest + "  t\\\n"),
                ("standard input:1: unknown option --foo", digest + "  t --foo\n"),
                ("standard input:1: --json does not decide a digest", digest + "  t --json\n"),
                ("standard input:1: --help does not decide", digest + "  t --help\n"),
                ("standard input:1: --check does not decide", digest + "  t --check x\n"),
                ("standard input:1: -o is an option of build", digest + "  t -o x\n"),
                ("standard input:1: hash needs a directory", digest + "  --unique\n"),
                ("standard input:1: --sort is given twice",
                 digest + "  t --sort hex --sort hex\n")):
            with self.subTest(data=data):
                self.bad(2, "confiture: " + parts, "hash", "-c", "-", data=data.encode())
        self.write("sums", self.quiet("hash", "t") + b"hello\n")
        self.bad(2, "confiture: sums:2: invalid line 'hello'", "hash", "-q", "-c", "sums")
        self.bad(2, "--exclude needs a directory", "hash", "-c", "-", "--exclude", "x", data=b"")
