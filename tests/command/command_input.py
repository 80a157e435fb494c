"""Which files the confiture command works on, as a person types them, and what is most likely a
mistake: it is said, or an error. Run by command.py."""

import json
import os

from command_base import COMMANDS, CommandTest, block, stream_digest


class Unmatched(CommandTest):
    def warned(self, *args, command="list", code=0):
        """The warnings of a command, without what they all begin with."""
        result = self.run_command(command, "t", *args)
        self.assertEqual(result.code, code, result)
        start = "confiture: warning: "
        return [line[len(start):] for line in result.err.decode().splitlines()
                if line.startswith(start)]

    def test_one_line_for_each(self):
        self.tree(a="", x__b="")
        for command in COMMANDS:
            for quiet in ([], ["-q"]):
                self.assertEqual(
                    self.warned("--include=*.sql", "--include=*.SQL", "--exclude=zz", "--exclude",
                                "odl/*", "--exclude-dir", "t/y", *quiet, command=command),
                    ["--include '*.SQL' matched nothing", "--exclude 'zz' matched nothing",
                     "--exclude 'odl/*' matched nothing", "--exclude-dir 't/y' matched nothing"])
        self.assertEqual(self.warned("--include", "*.sq", code=2),
                         ["--include '*.sq' matched nothing"])

    def test_redundant_is_not_mistyped(self):
        self.tree(a="", x__b="", x__y__c="")
        for args in (["--exclude=b.sql", "--exclude=x/*", "--exclude=x/b.sql"],
                     ["--exclude-dir=t/x", "--exclude-dir=t/x/y", "--exclude=c.sql"],
                     ["--exclude-dir=t/x", "--include=*.sql", "--include=b.sql"]):
            self.assertEqual(self.warned(*args), [])

    def test_with_several_directories(self):
        self.tree(a="", x__b="")
        self.write("u/c.sql")
        self.quiet("list", "t", "u", "--exclude", "c.sql")
        self.quiet("list", "t", "u", "--exclude-dir", "t/x")
        result = self.run_command("list", "t", "u", "--exclude", "d.sql")
        self.assertOneLine(result, "warning: --exclude 'd.sql' matched nothing")


class ExcludedDirectories(CommandTest):
    def test_as_a_person_types_them(self):
        self.tree(a="", x__b="", x__y__c="")
        self.write("other/x/d.sql")
        os.symlink("t", self.dir / "link")
        here = str(self.dir)
        for dirs in (["t"], ["./t"], ["t/"], [here + "/t"], ["link"], ["t/../t"]):
            for name in ("t/x", "t/x/", "./t/x", "t//x", here + "/t/x", "x", "./x", "link/x",
                         "other/../t/x", "x/../x"):
                if name == "x/../x":  # nothing of that name
                    continue
                with self.subTest(dirs=dirs, name=name):
                    self.assertEqual(self.quiet("list", *dirs, "--exclude-dir", name), b"a.sql\n")
        self.assertEqual(self.quiet("list", "t", "--exclude-dir=x/y"), b"a.sql\nx/b.sql\n")
        self.assertEqual(self.quiet("list", "t", "other", "--exclude-dir=x"), b"t/a.sql\n")
        self.assertEqual(self.quiet("list", "t", "other", "--exclude-dir=t/x"),
                         b"other/x/d.sql\nt/a.sql\n")
        self.assertEqual(self.quiet("list", "t", "other", "--exclude-dir=t"), b"other/x/d.sql\n")
        self.assertEqual(self.quiet("list", ".", "--exclude-dir=other"),
                         b"t/a.sql\nt/x/b.sql\nt/x/y/c.sql\n")

    def test_what_is_here_goes_before_what_is_inside(self):
        self.tree(a="", t__b="")
        self.assertEqual(self.quiet("list", "t", "--exclude-dir", "t/t"), b"a.sql\n")
        self.bad(2, "no SQL files", "list", "t", "--exclude-dir", "t")
        # Not below a DIR from here, so it is one inside.
        (self.dir / "sub").mkdir()
        self.write("t/sub/c.sql")
        self.assertEqual(self.quiet("list", "t", "--exclude-dir", "sub"), b"a.sql\nt/b.sql\n")

    def test_a_link_in_the_tree(self):
        self.tree(a="")
        self.write("u/b.sql")
        os.symlink("../u", self.dir / "t/x")
        args = ["list", "t", "--include", "x/*.sql", "--include=*.sql"]
        self.assertEqual(self.quiet(*args), b"a.sql\nx/b.sql\n")
        for name in ("t/x", "x"):
            self.assertEqual(self.quiet(*args, "--exclude-dir", name), b"a.sql\n")


class SplitDirectories(CommandTest):
    def build(self, *args, **more):
        return self.run_command("build", "t", "--split", "out", "--separator=none", *args, **more)

    def test_mistakes_are_errors_and_write_nothing(self):
        self.tree(a="A;", roles__b="B;")
        (self.dir / "t/empty").mkdir()
        (self.dir / "out").mkdir()
        for option in ("--pre", "--post"):
            for name, why in (("t/rolez", "no such directory"), ("rolez", "no such directory"),
                              ("t/empty", "no file of the list"), ("out", "no file of the list"),
                              ("empty", "no file of the list")):
                for more in ([], ["-q"], ["--allow-missing"], ["--json"]):
                    result = self.build(option, name, *more)
                    self.assertEqual(result.code, 2, result)
                    self.assertOneLine(result, name, why)
                    if more == ["--json"]:
                        self.assertEqual(json.loads(result.out)["status"], "error")
        result = self.build("--pre", "t/roles", "--post", "roles")
        self.assertEqual(result.code, 2)
        self.assertOneLine(result, "--pre 't/roles' and --post 't/roles' exclude each other")
        self.assertEqual(os.listdir(self.dir / "out"), [])

    def test_as_a_person_types_them(self):
        self.tree(a="A;", roles__b="B;", grants__c="C;")
        (self.dir / "out").mkdir()
        os.symlink("t", self.dir / "link")
        for pre in ("t/roles", "./t/roles/", "roles", str(self.dir / "t/roles"), "link/roles"):
            result = self.build("--pre", pre, "--post=grants")
            self.assertEqual(result.code, 0, result)
            texts = [(self.dir / f"out/schema_local_{p}.sql").read_bytes()
                     for p in ("superuser_pre", "app", "superuser_post")]
            self.assertEqual(texts, [b"B;\n", b"A;\n", b"C;\n"])

    def test_of_a_list(self):
        self.tree(a="A;", roles__b="B;")
        (self.dir / "out").mkdir()
        args = ("build", "--files0-from=-", "--split=out", "-q", "--pre")
        self.quiet(*args, "t/roles", data=b"t/a.sql\0t/roles/b.sql\0")
        self.bad(2, "t/roles: no file of the list", *args, "t/roles", data=b"t/a.sql\0")


class Files(CommandTest):
    def test_in_the_order_given(self):
        files = self.tree(a="A;\n", b__c="C;\n")
        names = ["t/b/c.sql", "t/a.sql"]
        self.assertEqual(self.quiet("list", *names), b"t/b/c.sql\nt/a.sql\n")
        self.assertEqual(self.quiet("build", *names), block(names[0], "C;\n")
                         + block(names[1], "A;\n"))
        digest = stream_digest({n: files[n[2:]] for n in names})
        self.assertEqual(self.quiet("hash", *names).decode(), f"{digest}  {' '.join(names)}\n")
        self.assertOneLine(self.run_command("check", *names), "2 files checked, 0 findings, 0 notes")
        self.assertEqual(self.quiet("list", *names, "--base", "t"), b"b/c.sql\na.sql\n")
        self.assertEqual(self.quiet("list", "./t/a.sql", str(self.dir / "t/b/c.sql")),
                         b"t/a.sql\nt/b/c.sql\n")
        self.assertEqual(self.quiet("list", "../t/a.sql", "--base", "..", cwd=self.dir / "t"),
                         b"t/a.sql\n")

    def test_as_a_hook_or_an_editor_gives_them(self):
        self.tree(a="A;", b="'")
        result = self.run_command("check", "t/a.sql", "t/b.sql")
        self.assertEqual(result.code, 1)
        self.assertTrue(result.out.startswith(b"t/b.sql:1: "), result)
        path = str(self.dir / "t/b.sql")
        result = self.run_command("check", path)
        self.assertTrue(result.out.startswith(os.fsencode(path) + b":1: "), result)

    def test_mistakes(self):
        self.tree(a="A;", b="B;")
        for command in COMMANDS:
            self.bad(2, "t/nope.sql: no such file or directory", command, "t/a.sql", "t/nope.sql")
            self.bad(2, "'t/a.sql' is a file and 't' a directory: expected one or the other; "
                        f"see confiture {command} --help", command, "t", "t/a.sql")
            self.bad(2, "t/a.sql/x: not a directory", command, "t/a.sql/x", "t/b.sql")
        self.bad(2, "../t/a.sql: not below the current directory", "list", "../t/a.sql",
                 cwd=self.dir / "t")
        self.bad(2, "--include and FILE exclude each other", "list", "t/a.sql", "--include=x")
        self.bad(2, "--common-base needs FILEs or --files0-from; DIRs have their own", "list", "t",
                 "--common-base")
        self.bad(2, "--sort and FILE exclude each other", "list", "t/a.sql", "--sort=hex")
        self.bad(2, "--allow-missing and FILE", "list", "t/a.sql", "--allow-missing")
        os.mkfifo(self.dir / "t/x.sql")
        self.bad(2, "t/x.sql: is a fifo", "hash", "t/x.sql", timeout=20)

    def test_the_output_is_not_one_of_them(self):
        """cat refuses it, too: the file would lose what it held."""
        self.tree(a="A;\n", b="B;\n")
        os.link(self.dir / "t/a.sql", self.dir / "same.sql")
        for output in ("t/a.sql", "./t/../t/a.sql", "same.sql"):
            self.bad(2, "t/a.sql: is one of the FILEs and the output", "build", "t/a.sql",
                     "t/b.sql", "-o", output)
        self.assertEqual((self.dir / "t/a.sql").read_bytes(), b"A;\n")


class Lists(CommandTest):
    def test_empty_list_empties_no_schema(self):
        self.tree(a="A;")
        for command in COMMANDS:
            self.bad(2, "standard input: the list is empty: expected paths", command,
                     "--files0-from=-", data=b"")
            self.bad(2, "/dev/null: the list is empty", command, "--files0-from=/dev/null")
        self.write("empty", b"")
        self.bad_build(2, "empty: the list is empty", "--files0-from", "empty")
        self.bad_build(2, "empty: the list is empty", "--files0-from", "empty", "-q")

    def test_a_base_that_is_no_directory(self):
        """It is at fault, not the first file."""
        self.tree(a="A;")
        for command in COMMANDS:
            for what, data in ((["t"], None), (["t/a.sql"], None), (["--files0-from=-"],
                                                                    b"t/a.sql")):
                self.bad(2, "confiture: no: no such directory: expected one for --base", command,
                         *what, "--base", "no", data=data)
                self.bad(2, "t/a.sql: not a directory: expected one for --base", command, *what,
                         "--base", "t/a.sql", data=data)

    def test_what_is_no_file(self):
        """Every command says the same of it, list as well, which opens nothing."""
        self.tree(a="A;", sub__b="B;")
        for name, why in (("t/sub", "is a directory, not a file"),
                          ("t/no.sql", "no such file or directory"),
                          ("t/a.sql/x.sql", "not a directory")):
            for command in COMMANDS:
                self.bad(2, f"{name}: {why}", command, "--files0-from=-",
                         data=f"t/a.sql\0{name}\0".encode())

    def test_one_spelling(self):
        """What the system says of an error begins as all messages do, whoever was told it."""
        self.tree(a="A;")
        for args, why in ((["list", "--files0-from=no"], b"no such file or directory"),
                          (["hash", "-c", "no"], b"no such file or directory"),
                          (["hash", "no"], b"no such file or directory"),
                          (["list", "--files0-from=t"], b"is a directory"),
                          (["hash", "-c", "t"], b"is a directory"),
                          (["list", "t/a.sql/x", "t/a.sql"], b"not a directory"),
                          (["hash", "t/a.sql/x"], b"not a directory")):
            result = self.run_command(*args)
            self.assertEqual(result.code, 2, result)
            self.assertTrue(result.err.endswith(b": " + why + b"\n"), result)

    def test_newlines_instead_of_nul(self):
        self.tree(a="A;", b="B;")
        for data in (b"t/a.sql\n", b"t/a.sql\nt/b.sql\n", b"\n", b"t/a.sql\r\nt/b.sql"):
            for command in COMMANDS:
                self.bad(2, ["standard input: the list holds newlines and no NUL", "-z of git",
                             "-print0 of find"], command, "--files0-from=-", data=data)
        # With NULs a newline is part of a name, and refused as such.
        self.bad(1, "t/a.sql\\x0At/b.sql", "list", "--files0-from=-", data=b"t/a.sql\nt/b.sql\0")


class OutputAmongInputs(CommandTest):
    NOTE = "is an input and the output, so it is left out"

    def told(self, *args, directory="t", **more):
        """The exclusion that build names, or None."""
        result = self.run_command("build", directory, *args, **more)
        self.assertEqual(result.code, 0, result)
        lines = [line for line in result.err.decode().splitlines() if self.NOTE in line]
        self.assertLessEqual(len(lines), 1)
        if not lines:
            return None
        self.assertTrue(lines[0].startswith("confiture: warning: "))
        return lines[0].split("the same with ")[1].split(" ", 1)

    def digests_agree(self, *args, directory="t"):
        said = json.loads(self.good("build", directory, *args, "--json"))
        option, value = self.told(*args, directory=directory)
        self.assertEqual(self.quiet("hash", directory, option, value, "--bare").decode().strip(),
                         said["digest"])
        self.assertEqual(json.loads(self.quiet("list", directory, option, value, "--json"))["files"],
                         said["files"])
        self.quiet("check", directory, option, value, "-q")
        # Who does so in a build is told nothing.
        self.assertIsNone(self.told(*args, option, value, directory=directory))

    def test_it_says_so_and_how_the_digests_agree(self):
        self.tree(a="A;", x__b="B;")
        for quiet in ([], ["-q"]):
            for more in ([], ["--json"]):
                self.assertEqual(self.told("-o", "t/schema.sql", *quiet, *more),
                                 ["--exclude", "schema.sql"])
        self.digests_agree("-o", "t/schema.sql")
        self.digests_agree("-o", "t/x/../x/out.sql")
        self.digests_agree("-o", str(self.dir / "t/abs.sql"))

    def test_the_first_time_too(self):
        self.tree(a="A;")
        self.assertEqual(self.told("-o", "t/new.sql"), ["--exclude", "new.sql"])
        self.assertIsNone(self.told("-o", "t/new.txt"))
        self.assertIsNone(self.told("-o", "t/new.sql", "--exclude=new.sql"))
        # Excluded before it is there: that is no pattern that matches nothing.
        for args in (["-o", "t/n.sql", "--exclude=n.sql"], ["-o", "t/m.sql", "--exclude-dir=t/m.sql"],
                     ["--split", "t", "--exclude=schema_local_app.sql",
                      "--exclude=schema_local_superuser_pre.sql",
                      "--exclude-dir=t/schema_local_superuser_post.sql"]):
            self.quiet("build", "t", "-q", *args)
        (self.dir / "t/sub").mkdir()
        self.assertIsNone(self.told("-o", "t/sub/new.sql", "--no-recursive", "--exclude=new.sql"))
        self.assertIsNone(self.told("-o", "outside.sql", "--exclude=new.sql"))

    def test_a_name_that_is_not_the_only_one(self):
        self.tree(a="A;", x__schema="S;")
        self.assertEqual(self.told("-o", "t/schema.sql"), ["--exclude-dir", "t/schema.sql"])
        self.digests_agree("-o", "t/schema.sql")
        self.assertEqual(self.told("-o", "t/*.sql"), ["--exclude-dir", "'t/*.sql'"])

    def test_of_a_list(self):
        self.tree(a="A;", out="old")
        result = self.run_command("build", "--files0-from=-", "-o", "t/out.sql", "-q",
                                  data=b"t/a.sql\0t/out.sql\0")
        self.assertEqual(result.code, 0, result)
        self.assertOneLine(result, "warning: t/out.sql: is in the list and is the output")

    def test_of_a_split(self):
        self.tree(a="A;")
        for _ in range(2):
            result = self.run_command("build", "t", "--split", "t", "-q")
            self.assertEqual(result.code, 0, result)
            self.assertEqual(result.err.count(b"\n"), 3)
            self.assertIn(b"--exclude schema_local_app.sql\n", result.err)
