"""The command line of confiture: its help, its options, and the words for what is wrong with
it. Run by command.py."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import command_base
from command_base import EVERY_COMMAND, CommandTest, block


HERE = pathlib.Path(__file__).resolve().parent.parent.parent


class Readme(CommandTest):
    def test_each_command_runs_as_written(self):
        """In a copy of what a clone holds."""
        text = (HERE / "README.md").read_text().split("\n## The command\n")[1].split("\n## ")[0]
        lines = [line[4:] for line in text.splitlines() if line.startswith("    ")]
        lines = [line.replace("make && ", "") for line in lines if "/confiture " in line]
        self.assertGreater(len(lines), 8)
        shutil.copytree(HERE / "examples", self.dir / "examples")
        shutil.copy(command_base.COMMAND, self.dir / "confiture")
        for line in lines:
            with self.subTest(line=line):
                done = subprocess.run(["sh", "-ec", line], cwd=self.dir, check=False,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertNotIn(b"warning", done.stderr)


class Help(CommandTest):
    def test_fits_a_screen(self):
        for command in ("",) + EVERY_COMMAND:
            for letter in ("--help", "-h"):
                lines = self.quiet(*filter(None, [command]), letter).decode("ascii").splitlines()
                # locate has nearly all options of build, and its own.
                self.assertLessEqual(len(lines), 70 if command == "locate" else 60, command)
                self.assertLessEqual(max(map(len, lines)), 80, command)
        self.assertIn(b"confiture build db/schema -o schema.sql", self.quiet("build", "--help"))

    def test_version(self):
        for args in (["--version"], ["-V"], ["version"], ["build", "--version"],
                     ["list", "x", "--version"], ["hash", "-V"]):
            self.assertRegex(self.quiet(*args),
                             rb"^confiture \d+\.\d+\.\d+ \(sha256: (portable|sha-ni|armv8)\)\n$")

    def test_each_option_belongs_to_the_commands_whose_help_names_it(self):
        texts = {c: self.quiet(c, "--help").decode().split("\nExamples:")[0] for c in EVERY_COMMAND}
        line = re.compile(r"^ +(?:-\w, )?(--[a-z0-9-]+)", re.M)
        options = {c: set(line.findall(texts[c])) for c in EVERY_COMMAND}
        self.assertGreaterEqual(len(set.union(*options.values())), 34)
        for command in EVERY_COMMAND:
            for option in set.union(*options.values()) - set.intersection(*options.values()):
                result = self.run_command(command, option)
                if option in options[command]:
                    self.assertNotIn(b" is an option of ", result.err)
                else:
                    owners = ", ".join(c for c in EVERY_COMMAND if option in options[c])
                    self.assertEqual(result.code, 2)
                    self.assertOneLine(result, f"{option} is an option of {owners}, not of "
                                               f"{command}; see confiture {command} --help")

    def test_help_is_a_command(self):
        for command in EVERY_COMMAND:
            self.assertEqual(self.quiet("help", command), self.quiet(command, "--help"))
            self.assertEqual(self.quiet("--help", command), self.quiet(command, "--help"))
        self.assertEqual(self.quiet("help"), self.quiet("--help"))
        self.assertEqual(self.quiet("help", "help"), self.quiet("-h"))
        self.assertEqual(self.quiet("help", "version"), self.quiet("-h"))
        self.bad(2, "x is one word too many; see confiture --help", "help", "build", "x")
        self.bad(2, "t is one word too many", "version", "t")
        self.bad(2, "unknown command 'foo'", "help", "foo")

    def test_help_prints_a_manual_page_and_completions(self):
        """What they say is looked at by tests/packaging/."""
        for topic, begin in (("man", b".Dd "), ("zsh", b"#compdef confiture\n"),
                             ("bash", b"# completion of confiture "),
                             ("fish", b"# completion of confiture ")):
            text = self.quiet("help", topic)
            self.assertEqual(text[:len(begin)], begin)
            self.assertIn(b"separator", text)
            self.assertEqual(self.quiet("--help", topic), text)
            text.decode("ascii")
            self.bad(2, "x is one word too many", "help", topic, "x")
            self.bad(2, f"unknown command '{topic}'", topic)

    def test_help_of_json_names_each_key(self):
        """And no document has another."""
        self.tree(a="A;\n", seeds__b="/*", seeds__1_c=";")
        text = self.quiet("help", "json").decode("ascii")
        self.assertLessEqual(max(map(len, text.splitlines())), 80)
        (self.dir / "sums").write_bytes(self.quiet("hash", "t"))
        self.write("list", "1" * 64 + "  a.sql\n" + "2" * 64 + "  b.sql\n")
        self.write("t/c/01_c.sql", "C;")
        self.write("t/02_d.sql", "D;\n")
        self.write("hex", self.quiet("list", "t", "--digests"))
        self.write("t/c/01_c.sql", "C;\n")
        seen = set()

        def collect(value):
            for key in value if isinstance(value, dict) else ():
                seen.add(key)
            for below in value.values() if isinstance(value, dict) else value:
                if isinstance(below, (dict, list)):
                    collect(below)

        for args in (["build", "t", "-o", "x"], ["build", "t", "-o", "x", "--check=none"],
                     ["build", "t", "--split", ".", "--check=none"], ["hash", "t"],
                     ["hash", "-c", "sums"], ["list", "t", "--size", "--digests"], ["check", "t"],
                     ["list", "t", "t", "--explain", "--unique", "--exclude=a*", "--sort=hex"],
                     ["check", "nope"], ["diff", "t", "list"], ["diff", "hex", "t", "--sort=hex"]):
            collect(json.loads(self.run_command(*args, "--json").out))
        self.assertLessEqual({"moved", "reason", "old_digest"}, seen)
        for key in seen:
            self.assertRegex(text, rf"\b{key}\b")


class CommandLine(CommandTest):
    def test_errors(self):
        self.tree(a="A;")
        for parts, args in (
                ("no command: expected build, hash, list, check, diff, locate, help or version; "
                 "see confiture --help", []),
                ("unknown command 't': expected build, hash, list", ["t"]),
                ("no command before --base; see confiture --help", ["--base", "build", "t"]),
                ("unknown option --foo; see confiture build --help", ["build", "t", "--foo"]),
                ("unknown option --foo; see confiture list --help", ["list", "--foo=1", "t"]),
                ("unknown option --foo\\x0abar;", ["list", "--foo\nbar", "t"]),
                ("-z is an option of diff, not of hash; see confiture hash --help", ["hash", "-qz", "t"]),
                ("unknown option -y; see confiture hash --help", ["hash", "-qy", "t"]),
                ("build needs a directory or files: expected DIR... or FILE...; "
                 "see confiture build --help", ["build"]),
                ("hash needs a directory or files", ["hash", "-q"]),
                ("list needs a directory or files", ["list", "--"]),
                ("check needs a directory or files", ["check"]),
                ("--output needs a value: expected FILE", ["build", "t", "--output"]),
                ("-o needs a value: expected FILE", ["build", "t", "-o"]),
                ("-j needs a value: expected N", ["build", "t", "-qj"]),
                ("--sort needs a value: expected path or hex", ["build", "t", "--sort"]),
                ("-o needs a value: expected FILE, not the option --header",
                 ["build", "t", "-o", "--header"]),
                ("-o needs a value: expected FILE, not the option -q", ["build", "t", "-o", "-q"]),
                ("--base needs a value: expected D, not the option --sort=hex",
                 ["build", "t", "--base", "--sort=hex"]),
                ("invalid value '' for -o: expected FILE", ["build", "t", "-o", ""]),
                ("invalid value '' for --base: expected D", ["build", "t", "--base="]),
                ("the name of a DIR is empty", ["build", "t", ""]),
                ("--header takes no value: 'yes'", ["build", "t", "--header=yes"]),
                ("invalid value '-1' for --threads: expected 0 to 1024;",
                 ["build", "t", "--threads", "-1"]),
                ("invalid value '4x' for -j: expected 0 to 1024; see confiture build --help",
                 ["build", "t", "-j4x"]),
                ("invalid value ' 4' for -j", ["build", "t", "-j", " 4"]),
                ("invalid value '0x4' for -j", ["build", "t", "-j", "0x4"]),
                ("invalid value '99999999999999999999999' for -j", ["hash", "t", "-j", "9" * 23]),
                ("invalid value 'size' for --sort: expected path or hex;",
                 ["list", "t", "--sort=size"]),
                ("invalid value 'path hex' for --sort", ["list", "t", "--sort=path hex"]),
                ("invalid value 'md5' for --digest: expected stream, tree or text",
                 ["hash", "t", "--digest", "md5"]),
                ("invalid value 'mysql' for --check: expected auto, postgres, quotes, reference or none",
                 ["check", "t", "--check", "mysql"]),
                ("--template is an option of build, locate, not of hash", ["hash", "t", "--template", "x"]),
                ("-o is an option of build, locate, not of hash", ["hash", "t", "-o", "x"]),
                ("-0 is an option of list, not of build", ["build", "t", "-0"]),
                ("-c is an option of hash, not of check", ["check", "t", "-c", "x"]),
                ("--check is an option of build, hash, check, locate, not of list",
                 ["list", "t", "--check=none"]),
                ("-o is given twice: expected once", ["build", "t", "-o", "x", "-o", "y"]),
                ("--output is given twice", ["build", "t", "-ox", "--output=x"]),
                ("--base is given twice", ["list", "t", "--base=.", "--base", "t"]),
                ("-j is given twice", ["list", "t", "-j1", "-j1"]),
                ("--template needs --separator custom", ["build", "t", "--template", "x"]),
                ("--separator custom needs --template", ["build", "t", "--separator", "custom"]),
                ("--environment needs", ["build", "t", "--environment", "x"]),
                ("--timestamp needs --header", ["build", "t", "--timestamp", "x"]),
                ("--timestamp needs --header", ["build", "t", "--split", ".", "--timestamp", "x"]),
                ("--pre needs --split", ["build", "t", "--pre", "t"]),
                ("--post needs --split", ["build", "t", "--post", "t", "-o", "x"]),
                ("--output and --split exclude each other",
                 ["build", "t", "-o", "x", "--split", "."]),
                ("--if-changed needs", ["build", "t", "--if-changed"]),
                ("--sync needs", ["build", "t", "--sync", "-o", "-"]),
                ("invalid value 'a/b' for --environment",
                 ["build", "t", "--split", ".", "--environment", "a/b"]),
                ("--base and --common-base exclude each other",
                 ["list", "t/a.sql", "--base=.", "--common-base"]),
                ("--confine and --common-base exclude each other",
                 ["list", "t/a.sql", "--confine", "--common-base"]),
                ("--strict and --no-notes exclude each other",
                 ["check", "t", "--strict", "--no-notes"]),
                ("--check and --bare exclude each other", ["hash", "-c", "x", "--bare"]),
                ("DIR 't' and --files0-from exclude", ["list", "t", "--files0-from=-"]),
                ("--include and --files0-from exclude", ["list", "--include=x", "--files0-from=-"]),
                ("--exclude and --files0-from exclude", ["list", "--exclude=x", "--files0-from=-"]),
                ("--exclude-dir and --files0-from", ["hash", "--exclude-dir=x", "--files0-from=-"]),
                ("--no-recursive and --files0-from",
                 ["check", "--no-recursive", "--files0-from=-"]),
                ("--allow-missing and --files0-from",
                 ["build", "--allow-missing", "--files0-from=-"]),
                ("--unique and --files0-from", ["build", "--unique", "--files0-from=-"]),
                ("--sort and --files0-from", ["build", "--sort=path", "--files0-from=-"])):
            with self.subTest(args=args):
                self.bad(2, "confiture: " + parts, *args)
        for size in ("K", "x", "1x", "1KK", "-1", "1.5M", "99999999999999999999", "99999999999G"):
            self.bad(2, f"invalid value '{size}' for --max-file-size: expected a number of bytes, "
                        "or one of K, M or G;", "hash", "t", f"--max-file-size={size}")
        self.assertEqual(os.listdir(self.dir), ["t"])

    def test_what_was_meant(self):
        self.tree(a="A;")
        for meant, args in (("build", ["biuld", "t"]), ("hash", ["hahs", "t"]),
                            ("check", ["chek", "t"]), ("list", ["lst", "t"]),
                            ("version", ["versoin"]), ("build", ["help", "bulid"]),
                            ("--exclude", ["list", "t", "--exlude=x"]),
                            ("--exclude-dir", ["list", "t", "--excludedir", "x"]),
                            ("--files0-from", ["list", "--files-from=x"]),
                            ("--help", ["list", "--hel", "t"]),
                            ("--max-file-size", ["hash", "t", "--max", "9"]),
                            ("block_comment", ["build", "t", "--separator", "block-comment"]),
                            ("reference", ["check", "t", "--check=refrence"]),
                            ("read", ["list", "t", "--io", "rea"])):
            with self.subTest(args=args):
                result = self.run_command(*args)
                self.assertEqual((result.code, result.out), (2, b""), result)
                self.assertOneLine(result, f"(did you mean {meant}?)", "; see confiture")
        for args in (["frobnicate"], ["ls"], ["list", "t", "--frobnicate"], ["list", "t", "--sort=mtime"],
                     ["list", "t", "--" + "x" * 1000], ["x" * 1000, "t"]):
            result = self.run_command(*args)
            self.assertEqual((result.code, result.out), (2, b""), result)
            self.assertNotIn(b"did you mean", result.err)

    def test_errors_in_json(self):
        self.tree(a="A;")
        for args, keys in (
                (["build", "t", "--json"], {"command": "build"}),
                (["hash", "--json"], {"command": "hash"}),
                (["biuld", "t", "--json"], {}),
                (["--json", "build", "t"], {}),
                (["list", "t", "--json", "--foo"], {"command": "list"}),
                (["list", "t", "--json", "-0"], {"command": "list"}),
                (["hash", "t", "--json", "--bare"], {"command": "hash"}),
                (["hash", "nope", "--json"], {"command": "hash", "path": "nope"})):
            with self.subTest(args=args):
                result = self.run_command(*args)
                self.assertEqual(result.code, 2)
                self.assertOneLine(result)
                message = result.err.decode()[len("confiture: "):-1]
                self.assertEqual(json.loads(result.out), {
                    **keys, "status": "error", "warnings": [], "message": message})
        self.bad(2, "unknown option --foo", "list", "t", "--foo", "--", "--json")

    def test_ways_to_write_it(self):
        self.tree(a="A;\n")
        self.write("-d/b.sql")
        wanted = block("a.sql", "A;\n")
        self.assertEqual(self.quiet("build", "t"), wanted)
        self.assertEqual(self.quiet("build", "t", "-o", "-"), wanted)
        for args in (["-oout.sql", "t"], ["t", "-o", "out.sql"], ["--output=out.sql", "--", "t"],
                     ["--output", "out.sql", "t"], ["-qo", "out.sql", "t"],
                     ["-qj4", "t", "-oout.sql"], ["-qq", "t", "-q", "-o", "out.sql"]):
            with self.subTest(args=args):
                self.assertEqual(self.good("build", *args), b"")
                self.assertEqual((self.dir / "out.sql").read_bytes(), wanted)
                os.unlink(self.dir / "out.sql")
        self.assertEqual(sorted(os.listdir(self.dir)), ["-d", "t"])
        self.assertEqual(self.quiet("list", "--", "-d"), b"b.sql\n")
        self.good("build", "t", "-o", "./-")
        self.assertEqual((self.dir / "-").read_bytes(), wanted)
