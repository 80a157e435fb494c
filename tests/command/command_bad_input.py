"""The confiture command and bad input: one clear line that names the file, the right
exit code, nothing half done. Run by command.py."""

import os
import socket
import subprocess
import unittest

import command_base
from command_base import CommandTest, block


class Directories(CommandTest):
    def test_missing_directory(self):
        for command in ("build", "hash", "list", "check"):
            self.bad(2, "confiture: db/shcema: no such file or directory", command, "db/shcema")
        self.bad_build(2, "db/shcema", "db/shcema")

    def test_missing_among_others(self):
        self.tree(a="A;")
        self.bad_build(2, "nope: no such file or directory", "t", "nope")
        for quiet in ([], ["-q"]):
            self.bad(2, "nope: no such file or directory", "list", "t", "nope", *quiet)
            result = self.run_command("list", "t", "nope", "--allow-missing", *quiet)
            self.assertEqual((result.code, result.out), (0, b"t/a.sql\n"), result)
            self.assertOneLine(result, "warning: nope: no such directory, skipped")
        result = self.run_command("list", "nope", "nor", "--allow-missing")
        self.assertEqual((result.code, result.out), (2, b""))
        self.assertIn(b"no SQL files found in nope, nor", result.err)

    def test_link_that_leads_nowhere(self):
        self.tree(a="A;")
        os.symlink("nowhere", self.dir / "link")
        os.symlink("circle", self.dir / "circle")
        os.symlink("nowhere", self.dir / "t/link")
        for more in ([], ["--allow-missing"]):
            self.bad(2, "confiture: link: no such file or directory", "list", "t", "link", *more)
            self.bad(2, ["link/below", "no such file"], "list", "t", "link/below", *more)
            self.bad(2, ["circle", "symbolic links"], "list", "t", "circle", *more)
            self.bad(2, "confiture: t/link: no such file or directory",
                     "list", "t", "--include", "link/*.sql", *more)
        self.assertEqual(self.run_command("list", "t", "--include", "*/*.sql", "--include", "*.sql",
                                          "--allow-missing").out, b"a.sql\n")

    def test_path_through_a_file(self):
        self.write("x.sql")
        self.bad_build(2, ["x.sql/y", "not a directory"], "x.sql/y")
        self.bad_build(2, ["x.sql/", "not a directory"], "x.sql/")

    def test_no_files(self):
        (self.dir / "empty").mkdir()
        self.write("other/x.SQL")
        self.write("other/y.txt")
        for command in ("build", "hash", "list", "check"):
            self.bad(2, "empty", command, "empty")
        self.bad_build(2, ["empty", "other"], "empty", "other")

    def test_unreadable_directory(self):
        user = self.without_rights()
        self.tree(a="A;", closed__b="B;")
        os.chmod(self.dir / "t/closed", 0)
        for command in ("hash", "list", "check"):
            self.bad(2, ["t/closed", "permission denied"], command, "t", **user)
        self.bad_build(2, ["t/closed", "permission denied"], "t", **user)
        # It may be listed, but not entered.
        os.chmod(self.dir / "t/closed", 0o444)
        self.bad_build(2, ["t/closed", "permission denied"], "t", **user)

    def test_unreadable_base_directory(self):
        user = self.without_rights()
        self.tree(a="A;")
        os.chmod(self.dir / "t", 0)
        self.bad_build(2, ["confiture: t", "permission denied"], "t", **user)


class Files(CommandTest):
    def test_unreadable_file(self):
        user = self.without_rights()
        self.tree(a="A;", b="B;")
        os.chmod(self.dir / "t/b.sql", 0)
        for args in (["hash", "t"], ["check", "t"], ["list", "t", "--digests"]):
            self.bad(2, ["t/b.sql", "permission denied"], *args, **user)
        self.bad_build(2, ["t/b.sql", "permission denied"], "t", **user)

    def test_vanished_file(self):
        self.tree(a="A;")
        names = b"t/a.sql\0t/gone.sql\0"
        for args in (["hash"], ["check"], ["list", "--size"], ["list"], ["list", "--json"]):
            result = self.run_command(*args, "--files0-from=-", data=names)
            self.assertEqual(result.code, 2, result)
            self.assertOneLine(result, "t/gone.sql: no such file or directory")
            self.assertNotIn(b'"done"', result.out)
        self.bad_build(2, ["t/gone.sql", "no such file"], "--files0-from=-", data=names)

    def test_dangling_link(self):
        self.tree(a="A;")
        os.symlink("nowhere", self.dir / "t/link.sql")
        self.bad(2, ["t/link.sql", "no such file"], "hash", "t")
        self.bad_build(2, ["t/link.sql", "no such file"], "t")

    def test_link_to_itself(self):
        self.tree(a="A;")
        os.symlink("loop.sql", self.dir / "t/loop.sql")
        self.bad_build(2, ["t/loop.sql", "symbolic links"], "t")

    def test_directory_with_a_files_name(self):
        self.tree(a="A;", x="")
        os.unlink(self.dir / "t/x.sql")
        (self.dir / "t/x.sql").mkdir()
        self.bad(2, "t/x.sql: is a directory", "hash", "t")
        self.bad_build(2, "t/x.sql: is a directory", "t")

    def test_fifo_does_not_hang(self):
        self.tree(a="A;")
        os.mkfifo(self.dir / "t/x.sql")
        for args in (["hash", "t"], ["check", "t"], ["list", "t", "--size"]):
            self.bad(2, "t/x.sql: is a fifo", *args, timeout=20)
        self.bad_build(2, "t/x.sql: is a fifo", "t", timeout=20)
        self.bad(2, "t/x.sql", "hash", "--files0-from=-", data=b"t/x.sql", timeout=20)

    def test_socket_and_device(self):
        self.tree(a="A;")
        with socket.socket(socket.AF_UNIX) as server:
            here = os.getcwd()
            os.chdir(self.dir)  # the address of a socket is short
            try:
                server.bind("t/x.sql")
            finally:
                os.chdir(here)
            self.bad_build(2, "t/x.sql", "t", timeout=20)
        os.unlink(self.dir / "t/x.sql")
        os.symlink("/dev/zero", self.dir / "t/zero.sql")
        self.bad_build(2, "t/zero.sql", "t", timeout=20)

    def test_names(self):
        self.tree(a="A;")
        for name, shown in ((b"b\n;DROP.sql", "b\\x0A;DROP.sql"), (b"c\xff.sql", "c\\xFF.sql"),
                            (b"d\x1b[31m.sql", "d\\x1B[31m.sql"), (b"e\x7f.sql", "e\\x7F.sql"),
                            ("f\u0085.sql".encode(), "f\\xC2\\x85.sql")):
            path = os.fsencode(self.dir / "t") + b"/" + name
            try:
                with open(path, "wb"):
                    pass
            except OSError:
                continue  # a file system that takes only UTF-8
            self.bad(1, shown, "hash", "t")
            self.bad_build(1, shown, "t")
            os.unlink(path)

    def test_name_that_ends_the_comment(self):
        self.write("t/x*/b.sql")
        self.bad_build(1, "t/x*/b.sql", "t")
        self.quiet("build", "t", "--separator", "line_comment")
        self.quiet("hash", "t")

    def test_outside_of_base(self):
        self.tree(a="A;")
        (self.dir / "b").mkdir()
        self.bad_build(2, "t/a.sql", "t", "--base", "b")
        self.bad_build(2, "../a.sql", "--files0-from=-", data=b"../a.sql\0")

    def test_path_longer_than_the_system_takes(self):
        """5,000 bytes of directories: such a tree can be made and searched step by step, and is."""
        at = os.open(self.dir, os.O_RDONLY)
        part = "d" * 200
        names = ["t"] + [part] * 25
        for name in names:
            os.mkdir(name, dir_fd=at)
            below = os.open(name, os.O_RDONLY, dir_fd=at)
            os.close(at)
            at = below

        def write(data):
            with open(os.open("x.sql", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=at), "wb") as file:
                file.write(data)

        write(b"X;\n")
        folder = "/".join(names[1:])
        self.assertEqual(self.quiet("build", "t"), block(folder + "/x.sql", "X;\n"))
        # Of a path that is longer than an error can hold, the end is kept.
        write(b"/*\n")
        result = self.run_command("build", "t")
        self.assertEqual((result.code, result.out), (1, b""), result)
        self.assertOneLine(result, "confiture: ...", f"{folder[-3000:]}/x.sql:1: comment never")
        os.close(at)
        # A single name, or an output, that nobody can make.
        self.tree(a="A;")
        subprocess.run(["rm", "-rf", "t/" + part], cwd=self.dir, check=True)
        self.bad(2, "file name too long", "build", "t", "-o", "n" * 300 + ".sql")
        self.bad(2, "file name too long", "build", "t", "-o", "/n" * 2500 + ".sql")
        self.bad_build(2, "file name too long", "--files0-from=-", data=b"n" * 300 + b".sql\0")


class Contents(CommandTest):
    def test_invalid_utf8(self):
        self.tree(a="A;")
        self.write("t/b.sql", b"one\ntwo\r\nth\xc3\xa9 \xffree\n")
        self.bad(1, ["t/b.sql:3: not valid utf-8", "byte 14"], "build", "t")
        self.bad_build(1, ["t/b.sql:3: not valid utf-8", "byte 14"], "t")
        self.bad_build(1, "t/b.sql:3", "t", "--check", "none")
        self.quiet("hash", "t")
        for data, offset in ((b"\xc0\x80", 0), (b"a\xed\xa0\x80", 1), (b"ab\xf4\x90\x80\x80", 2),
                             (b"abc\xe2\x82", 3), (b"\x80", 0)):
            self.write("t/b.sql", data)
            self.bad_build(1, ["t/b.sql:1", f"byte {offset}"], "t")

    def test_unclosed(self):
        self.tree(a="A;")
        for data, line, what in (("x\n/* open", 2, "comment"), ("/* /* */\n", 1, "comment"),
                                 ("\n\nSELECT 'open", 3, "quote"), ("SELECT \"open", 1, "quote"),
                                 ("DO $x$ $$ \n", 1, "dollar quote"),
                                 ("SELECT E'\\';\n", 1, "quote"),
                                 ("COPY t FROM stdin;\n1\n", 1, "COPY data")):
            self.write("t/b.sql", data)
            self.bad_build(1, [f"t/b.sql:{line}: ", what, " never "], "t")
            result = self.run_command("check", "t")
            self.assertEqual(result.code, 1, result)
            self.assertEqual(result.out.count(b"\n"), 1, result)
            self.assertTrue(result.out.startswith(b"t/b.sql:%d: " % line), result)
            self.quiet("build", "t", "--check", "none")

    def test_unclosed_in_the_words_of_the_reference(self):
        self.tree(a="SELECT '/*';\n")
        self.quiet("build", "t")
        self.bad_build(1, "t/a.sql:1: comment", "t", "--check", "reference")
        self.tree(a="SELECT 'open\n")
        self.quiet("build", "t", "--check=reference")

    def test_all_findings(self):
        self.tree(a="/*", b="'", c="fine;", d="$$")
        for args in (["build", "t"], ["build", "t", "-o", "new.sql"]):
            result = self.run_command(*args)
            self.assertEqual((result.code, result.out), (1, b""), result)
            self.assertEqual([line.split(b": ")[:2] for line in result.err.splitlines()],
                             [[b"confiture", b"t/a.sql:1"], [b"confiture", b"t/b.sql:1"],
                              [b"confiture", b"t/d.sql:1"]])
        self.assertEqual(sorted(os.listdir(self.dir)), ["t"])
        result = self.run_command("check", "t")
        self.assertEqual([line.split(b":")[0] for line in result.out.splitlines()],
                         [b"t/a.sql", b"t/b.sql", b"t/d.sql"])
        self.assertOneLine(result, "4 files checked, 3 findings, 0 notes")


    def test_findings_before_an_error(self):
        """What was found before something else ended the build is told all the same."""
        self.tree(a="SELECT 1;\n/*")
        os.mkfifo(self.dir / "t/b.sql")
        done = self.run_command("build", "t", "-o", "-")
        self.assertEqual(done.code, 2)
        lines = done.err.decode().split("\n")
        self.assertTrue(lines[0].startswith("confiture: t/a.sql:2: comment"), lines)
        self.assertTrue(lines[1].startswith("confiture: t/b.sql: is a FIFO"), lines)

    def test_statement_left_unended(self):
        """A finding in every file but the last of its output, unless --terminate ends it."""
        self.tree(a="select 1 -- one", b="select 2;", c="select 3")
        for command in ("build", "check"):
            result = self.run_command(command, "t", "--separator=none") if command == "build" \
                else self.run_command(command, "t")
            self.assertEqual(result.code, 1, result)
            self.assertIn(b"t/a.sql:1: statement never ended: add ';'", result.out + result.err)
        self.quiet("check", "t", "--terminate", "-q")
        self.assertEqual(self.quiet("build", "t", "--separator=none", "--terminate"),
                         b"select 1 -- one\n;\nselect 2;\nselect 3\n;\n")
        self.assertEqual(self.quiet("build", "t", "--separator=none", "--check=quotes"),
                         b"select 1 -- one\nselect 2;\nselect 3\n")
        self.tree(a="select (1", b="select 2;")
        self.bad_build(1, "t/a.sql:1: parenthesis", "t", "--terminate")
        self.tree(a="\\restrict k\nselect 1", b="select 2;")
        self.bad_build(1, "t/a.sql:1: \\restrict never ended", "t", "--terminate")
        for mode in ("--check=quotes", "--check=none", "--check=reference", "--separator=mysql"):
            words = "--terminate needs --check postgres, which alone sees unended statements"
            self.bad_build(2, words, "t", "--terminate", mode)
            if mode.startswith("--check"):
                self.bad(2, words, "check", "t", "--terminate", mode)

    def test_terminate_starts_no_copy(self):
        """With a semicolon COPY would take the next file for its data."""
        self.tree(a="select 1;\ncopy t from stdin", b="select 2;")
        words = "t/a.sql:2: COPY data never ended"
        self.bad_build(1, "t/a.sql:2: statement never ended", "t")
        self.bad_build(1, words, "t", "--terminate")
        self.assertIn(words.encode(), self.run_command("check", "t", "--terminate").out)
        self.tree(a="copy t from stdin \\; select 1", b="select 2;")
        self.bad_build(1, "t/a.sql:1: COPY data never ended", "t", "--terminate")
        self.tree(a="select 1;", b="copy t from stdin")
        self.assertEqual(self.quiet("build", "t", "--separator=none", "--terminate"),
                         b"select 1;\ncopy t from stdin\n")
        self.tree(a="copy t to stdout", b="copy t from 'x'")
        self.assertEqual(self.quiet("build", "t", "--separator=none", "--terminate"),
                         b"copy t to stdout\n;\ncopy t from 'x'\n;\n")

    def test_last_of_its_output(self):
        """Of a split each schema ends with a file of its own, and without seeds another."""
        self.tree(a="select 1;", b="select 2", c="select 3;")
        self.bad_build(1, "t/b.sql:1: statement", "t")
        os.mkdir(os.path.join(self.dir, "t", "post"))
        os.rename(os.path.join(self.dir, "t", "c.sql"), os.path.join(self.dir, "t", "post", "c.sql"))
        self.bad_build(1, "t/b.sql:1: statement", "t")
        self.quiet("build", "t", "--split", ".", "--post", "t/post", "-q")
        self.tree(a="select 1;", b="select 2")
        os.rename(os.path.join(self.dir, "t", "post"), os.path.join(self.dir, "t", "seeds"))
        self.quiet("build", "t", "--schema-only")

    def test_byte_order_mark(self):
        self.tree(a="\ufeffselect 1;", b="select '\ufeff';")
        self.bad_build(1, "t/a.sql:1: byte order mark: remove it, or use strip_bom", "t")
        self.assertEqual(self.run_command("check", "t", "-q").code, 1)
        self.quiet("check", "t", "--strip-bom", "-q")
        self.assertEqual(self.quiet("build", "t", "--separator=none", "--strip-bom"),
                         "select 1;\nselect '\ufeff';\n".encode())
        self.quiet("build", "t", "-o", "new.sql", "--header", "--strip-bom", "-q")
        digest = self.quiet("hash", "t", "--bare").strip()
        with open(os.path.join(self.dir, "new.sql"), "rb") as schema:
            self.assertIn(b"-- Schema Hash: " + digest + b"\n", schema.read())

    def test_rules_of_another_database(self):
        """MySQL's text is not judged by PostgreSQL's rules, unless one asks for them."""
        self.tree(a="select 'it\\'s'", b="select 1;")
        self.bad_build(1, "t/a.sql:1: quote never closed", "t")
        self.quiet("build", "t", "--separator=mysql")
        self.bad_build(1, "t/a.sql:1: quote never closed", "t", "--separator=mysql", "--check=postgres")


class Arguments(CommandTest):
    def test_bad_pattern(self):
        self.tree(a="A;")
        for pattern in ("/abs/*.sql", "a**", "x/**y/*.sql"):
            self.bad_build(2, pattern, "t", "--include", pattern)
        for option in ("--include", "--exclude"):
            self.bad(2, option, "list", "t", option, "")

    def test_bad_style_and_template(self):
        self.tree(a="A;")
        self.bad_build(2, "invalid value 'plain' for --separator", "t", "--separator", "plain")
        for template in ("", "{", "}", "{file}", "{file_path", "{}", "\udcff"):
            self.bad_build(2, "template", "t", "--separator=custom", "--template", template)

    def test_bad_header(self):
        self.tree(a="A;")
        for option in ("environment", "timestamp"):
            for value, shown in (("a\nb", "a\\x0Ab"), ("\x85", "\\xC2\\x85"), ("\udcff", "\udcff")):
                words = f"invalid value '{shown}' for --{option}: expected one line of UTF-8"
                self.bad_build(2, os.fsencode(words), "t", "--header", f"--{option}", value)

    def test_bad_time(self):
        self.tree(a="A;")
        for value in ("", "x", "1x", " 1", "-1", "1.5", "9" * 30, "253402300800"):
            self.bad_build(2, "SOURCE_DATE_EPOCH", "t", "--header",
                           env=command_base.environment(SOURCE_DATE_EPOCH=value))

    def test_bad_list(self):
        self.tree(a="A;")
        self.bad_build(2, ["nope", "no such file"], "--files0-from", "nope")
        self.bad_build(2, ["confiture: t: ", "directory"], "--files0-from", "t")
        self.bad_build(2, "standard input: name 2 is empty", "--files0-from=-", data=b"t/a.sql\0\0")
        self.write("list", b"\0")
        self.bad_build(2, "list: name 1 is empty", "--files0-from=list")


class Output(CommandTest):
    def test_folder_is_missing(self):
        self.tree(a="A;")
        self.bad(2, ["no/where/out.sql", "its directory is missing"], "build", "t", "-o",
                 "no/where/out.sql")
        self.assertEqual(os.listdir(self.dir), ["t"])

    def test_folder_of_a_split_is_made(self):
        """As the Python tool makes it; and one that was made for a build that fails goes again."""
        self.tree(a="A;")
        self.assertEqual(self.run_command("build", "t", "--split", "no/where/").code, 0)
        self.assertEqual(len(os.listdir(self.dir / "no/where")), 3)
        self.assertEqual(self.run_command("build", "t", "--split", "no/where").code, 0)
        self.tree(b="'")
        os.mkdir(self.dir / "some")
        for name in ("some/x/y/z", "some/x", "new", "new/"):
            self.bad(1, ["quote"], "build", "t", "--split", name)
        self.bad(2, ["t/a.sql/x", "ot a directory"], "build", "t", "--split", "t/a.sql/x")
        self.assertEqual(sorted(os.listdir(self.dir)), ["no", "some", "t"])
        self.assertEqual(os.listdir(self.dir / "some"), [])

    def test_output_is_an_open_file(self):
        """What others write to it before and after stays, and nothing of a build that fails comes
        between."""
        self.tree(a="A;\n")
        script = "{ echo a; %s build t -o %s --separator=none -q; echo b; } > f"
        for name in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"):
            if not os.path.exists(name):
                self.skipTest(f"{name}: it is not there")
            subprocess.run(["sh", "-c", script % (command_base.COMMAND, name)], cwd=self.dir,
                           check=False)
            self.assertEqual((self.dir / "f").read_bytes(), b"a\nA;\nb\n")
        self.write("t/b.sql", "'")
        subprocess.run(["sh", "-c", script % (command_base.COMMAND, "/dev/stdout")], cwd=self.dir,
                       stderr=subprocess.DEVNULL, check=False)
        self.assertEqual((self.dir / "f").read_bytes(), b"a\nb\n")

    def test_folder_is_a_file(self):
        self.tree(a="A;")
        self.bad(2, ["out.sql", "not a directory"], "build", "t", "-o", "t/a.sql/out.sql")

    def test_output_is_a_folder(self):
        self.tree(a="A;")
        (self.dir / "out").mkdir()
        self.bad(2, ["out", "directory"], "build", "t", "-o", "out")
        self.bad(2, ["out", "directory"], "build", "t", "-o", "out/")
        self.assertEqual(os.listdir(self.dir / "out"), [])

    def test_folder_is_not_writable(self):
        user = self.without_rights()
        self.tree(a="A;")
        folder = self.dir / "out"
        folder.mkdir()
        (folder / "old.sql").write_bytes(b"old")
        os.chmod(folder, 0o555)
        for name in ("out/new.sql", "out/old.sql"):
            self.bad(2, [name, "permission denied"], "build", "t", "-o", name, **user)
        self.bad(2, ["out", "permission denied"], "build", "t", "--split", "out", **user)
        self.assertEqual(os.listdir(folder), ["old.sql"])
        self.assertEqual((folder / "old.sql").read_bytes(), b"old")

    def test_inside_the_tree(self):
        self.tree(b="B;\n")
        self.assertEqual(self.good("build", "t", "-o", "t/a.sql"), b"")
        first = (self.dir / "t/a.sql").read_bytes()
        self.assertEqual(first, block("b.sql", "B;\n"))
        self.good("build", "t", "-o", "t/a.sql")
        self.assertEqual((self.dir / "t/a.sql").read_bytes(), first)
        self.good("build", "t", "-o", str(self.dir / "t/../t/a.sql"))
        self.assertEqual((self.dir / "t/a.sql").read_bytes(), first)

    def test_redirected_into_the_tree(self):
        self.tree(b="B;\n")
        for mode in ("wb", "ab"):
            with open(self.dir / "t/a.sql", mode) as out:
                self.bad(2, ["t/a.sql", "-o"], "build", "t", stdout=out)
                self.bad(2, "t/a.sql", "hash", "t", stdout=out)
            self.assertEqual((self.dir / "t/a.sql").read_bytes(), b"")
        os.unlink(self.dir / "t/a.sql")
        with open(self.dir / "out.sql", "wb") as out:
            self.quiet("build", "t", stdout=out)
        self.assertEqual((self.dir / "out.sql").read_bytes(), block("b.sql", "B;\n"))

    def test_full_device(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full here")
        self.tree(a="A;")
        with open("/dev/full", "wb") as full:
            for args in (["build", "t"], ["hash", "t"], ["list", "t"], ["list", "t", "--json"],
                         ["--help"], ["build", "--help"], ["--version"]):
                self.bad(2, "confiture: standard output: no space left", *args, stdout=full)
        self.bad(2, ["/dev/full", "no space left"], "build", "t", "-o", "/dev/full")
        self.assertTrue(os.path.exists("/dev/full"))

    def test_full_disk(self):
        folder = self.dir / "tiny"
        folder.mkdir()
        try:
            mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "none", str(folder)],
                                   check=False, stderr=subprocess.PIPE)
        except OSError as error:
            self.skipTest(f"mount: {error}")
        if mount.returncode != 0:
            self.skipTest("cannot mount a tiny file system: "
                          + mount.stderr.decode().strip().split("\n")[0])
        try:
            self.tree(a="A;\n" * 100000)
            full = "no space left on device"
            self.bad(2, ["tiny/out.sql", full], "build", "t", "-o", "tiny/out.sql")
            self.assertEqual(os.listdir(folder), [])
            (folder / "out.sql").write_bytes(b"old")
            self.bad(2, ["tiny/out.sql", full], "build", "t", "-o", "tiny/out.sql", "--sync")
            self.bad(2, ["tiny/", full], "build", "t", "--split", "tiny")
            self.assertEqual(os.listdir(folder), ["out.sql"])
            self.assertEqual((folder / "out.sql").read_bytes(), b"old")
            with open(folder / "pipe.sql", "wb") as out:
                self.bad(2, ["standard output", full], "build", "t", stdout=out)
        finally:
            subprocess.run(["umount", str(folder)], check=True)

    def test_closed_standard_output(self):
        self.tree(a="A;")
        for args in ("build t", "hash t", "list t", "check t --json", "--help"):
            done = subprocess.run(["sh", "-c", f'"$0" {args} >&-', command_base.COMMAND],
                                  check=False, cwd=self.dir, env=command_base.environment(),
                                  stderr=subprocess.PIPE)
            result = command_base.Result(done.returncode, b"", done.stderr)
            self.assertEqual(result.code, 2, result)
            self.assertOneLine(result, "standard output: bad file descriptor")

    def test_closed_descriptors_do_not_mix(self):
        """With standard error closed, no message may end up in the schema."""
        self.tree(a="A;\n")
        subprocess.run(["sh", "-c", '"$0" build t -o new.sql <&- >&- 2>&-', command_base.COMMAND],
                       check=True, cwd=self.dir, env=command_base.environment())
        self.assertEqual((self.dir / "new.sql").read_bytes(), block("a.sql", "A;\n"))


if __name__ == "__main__":
    unittest.main()
