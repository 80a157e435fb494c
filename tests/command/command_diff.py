"""confiture diff, and the sums that it reads. Run by command.py."""

import hashlib
import json
import os
import random
import shutil
import subprocess
import unittest

from command_base import CommandTest, environment


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def sums(files):
    return "".join(f"{sha256(data)}  {name}\n" for name, data in files.items()).encode()


class Diff(CommandTest):
    def diff(self, code, *args, **more):
        result = self.run_command("diff", *args, **more)
        self.assertEqual((result.code, result.err), (code, b""), result)
        return result.out.decode()

    def trees(self, **files):
        """Files of o/ and n/: a pair of bytes each, None where there is none."""
        for name, pair in files.items():
            for side, data in zip("on", pair):
                if data is not None:
                    self.write(f"{side}/{name.replace('__', '/')}.sql", data)

    def test_each_kind_of_change(self):
        self.trees(same=("S;", "S;"), changed=("A;", "B;"), added=(None, "N;"),
                   deleted=("D;", None), x__moved=("M;", None), y__moved=(None, "M;"),
                   crlf=("a\nb\n", "a\r\nb\r\n"), newline=("a\n", "a"),
                   mark=("a\n", b"\xef\xbb\xbfa\n"), both=("a\nb", "a\r\nb\r\n"))
        lines = ["A\tadded.sql", "M\tboth.sql\tline endings and final newline only",
                 "M\tchanged.sql", "M\tcrlf.sql\tline endings only", "D\tdeleted.sql",
                 "M\tmark.sql\tbyte order mark only", "M\tnewline.sql\tfinal newline only",
                 "R\tx/moved.sql -> y/moved.sql"]
        # "both" is a final CRLF more, so line endings and newline: told from either side.
        self.assertEqual(self.diff(1, "o", "n").splitlines(), lines)
        self.write("o.sums", self.quiet("list", "o", "--digests"))
        self.write("n.sums", self.quiet("list", "n", "--digests"))
        for args in (["o.sums", "n"], ["o", "n.sums"], ["-", "n"], ["o", "n", "-j1"],
                     ["o", "n", "--io=mmap", "-j3"]):
            data = (self.dir / "o.sums").read_bytes() if "-" in args else None
            self.assertEqual(self.diff(1, *args, data=data).splitlines(), lines, args)
        plain = [line.split("\tline")[0].split("\tfinal")[0].split("\tbyte")[0] for line in lines]
        self.assertEqual(self.diff(1, "o.sums", "n.sums").splitlines(), plain)
        fields = ["\0".join(line.replace(" -> ", "\t").split("\t")) + "\0" for line in plain]
        for args in (["o", "n"], ["o.sums", "n.sums"]):
            self.assertEqual(self.diff(1, *args, "-z"), "".join(fields))
            self.assertEqual(self.diff(1, *args, "-q"), "")
        for args in (["o", "o"], ["o", "o.sums"], ["n.sums", "n"], ["n.sums", "n.sums"]):
            for option in ([], ["-q"], ["-z"], ["--color=always"]):
                self.assertEqual(self.diff(0, *args, *option), "")

    def test_json(self):
        files = {"a.sql": (b"a\n", b"a\r\n"), "b.sql": (b"b", None), "c.sql": (None, b"c"),
                 "d.sql": (b"d", None), "e.sql": (None, b"d")}
        self.trees(**{name[:-4]: pair for name, pair in files.items()})
        digests = {name: [data and sha256(data) for data in pair] for name, pair in files.items()}
        self.assertEqual(json.loads(self.diff(1, "o", "n", "--json")), {
            "command": "diff", "status": "failed", "warnings": [], "files": 3, "old_files": 3,
            "changes": [
                {"change": "modified", "name": "a.sql", "old_name": "a.sql",
                 "digest": digests["a.sql"][1], "old_digest": digests["a.sql"][0],
                 "reason": "line endings only"},
                {"change": "deleted", "old_name": "b.sql", "old_digest": digests["b.sql"][0]},
                {"change": "added", "name": "c.sql", "digest": digests["c.sql"][1]},
                {"change": "renamed", "name": "e.sql", "old_name": "d.sql",
                 "digest": digests["e.sql"][1], "old_digest": digests["d.sql"][0]}]})
        self.assertEqual(json.loads(self.diff(0, "o", "o", "--json")), {
            "command": "diff", "status": "done", "warnings": [], "files": 3, "old_files": 3,
            "changes": []})
        result = self.run_command("diff", "o", "nope", "--json")
        self.assertEqual((result.code, json.loads(result.out)["status"]), (2, "error"))

    def test_names_are_relative_to_the_directory_or_the_base(self):
        self.trees(s__a=("A;", "B;"))
        self.write("base", self.quiet("list", "o", "--base", ".", "--digests"))
        self.assertEqual(self.diff(0, "base", "o", "--base", "."), "")
        self.assertEqual(self.diff(1, "o/s", "n/s"), "M\ta.sql\n")
        result = self.run_command("diff", "base", "o")
        self.assertEqual((result.code, result.out), (1, b"R\to/s/a.sql -> s/a.sql\n"))
        self.assertOneLine(result, "warning: no name is in both: 'o/s/a.sql' in base, 's/a.sql' in "
                                   "o; names are relative to DIR or --base")

    def test_another_order_is_a_difference_that_is_said_once(self):
        for name in ("02_a", "c/01_b", "d/03_c"):
            self.write(f"t/{name}.sql", name)
        self.write("hex", self.quiet("list", "t", "--sort=hex", "--digests"))
        for args in (["hex", "t"], ["hex", "t", "--color=never"]):
            self.assertEqual(self.diff(1, *args),
                             "O\t02_a.sql\tthe order of the files differs from here on\n")
        self.assertEqual(self.diff(1, "hex", "t", "-z"), "O\x0002_a.sql\0")
        self.assertEqual(json.loads(self.diff(1, "hex", "t", "--json"))["moved"], "02_a.sql")
        self.assertEqual(self.diff(1, "hex", "t", "-q"), "")
        self.assertEqual(self.diff(0, "hex", "t", "--sort", "hex"), "")
        lines = (self.dir / "hex").read_text().splitlines(True)
        self.write("find", "".join(lines[i] for i in (2, 1, 0)))  # no order of ours
        self.assertEqual(self.diff(0, "find", "t"), "")

    def test_options_of_the_search_are_for_both(self):
        self.trees(a=("A;", "A;"), b=("B;", "C;"), d__x=("X;", "Y;"))
        self.write("n/a.psql", "P;")
        self.assertEqual(self.diff(0, "o", "n", "--include", "a.sql"), "")
        self.assertEqual(self.diff(1, "o", "n", "--exclude", "b.sql"), "M\td/x.sql\n")
        self.assertEqual(self.diff(1, "o", "n", "--no-recursive"), "M\tb.sql\n")
        self.assertEqual(self.diff(1, "o", "n", "--exclude-dir", "d"), "M\tb.sql\n")

    def test_directories_without_files(self):
        self.write("t/a.sql", "A;")
        (self.dir / "empty").mkdir()
        result = self.run_command("diff", "empty", "t")
        self.assertEqual((result.code, result.out), (1, b"A\ta.sql\n"))
        self.assertOneLine(result, "warning: empty: no SQL files found")
        result = self.run_command("diff", "t", "nope", "--allow-missing")
        self.assertEqual((result.code, result.out), (1, b"D\ta.sql\n"))
        self.assertOneLine(result, "warning: nope: no SQL files found: no such directory")
        self.bad(2, "nope: no such file or directory", "diff", "t", "nope")
        self.bad(2, "nope: no such file or directory", "diff", "nope", "t")
        self.bad(2, "no SQL files found in 'empty' and 'empty'", "diff", "empty", "empty")

    def test_colour_is_for_terminals(self):
        self.trees(a=("A;", "B;"), b=(None, "B;\n"), c=("C;", None), d=("D;", None), e=(None, "D;"))
        coloured = ("\33[33mM\ta.sql\33[m\n\33[32mA\tb.sql\33[m\n\33[31mD\tc.sql\33[m\n"
                    "\33[36mR\td.sql -> e.sql\33[m\n")
        self.assertEqual(self.diff(1, "o", "n", "--color=always"), coloured)
        self.assertNotIn("\33", self.diff(1, "o", "n"))
        for env, args, wanted in (({"TERM": "xterm"}, [], True), ({"TERM": "dumb"}, [], False),
                                  ({"TERM": "xterm", "NO_COLOR": "1"}, [], False),
                                  ({"TERM": "xterm", "NO_COLOR": ""}, [], True),
                                  ({"TERM": "xterm"}, ["--color=never"], False),
                                  ({"TERM": "xterm", "NO_COLOR": "1"}, ["--color=always"], True)):
            reader, terminal = os.openpty()
            try:
                result = self.run_command("diff", "o", "n", *args, stdout=terminal,
                                          env=environment(**env))
                self.assertEqual(result.code, 1)
                shown = os.read(reader, 4096).decode().replace("\r\n", "\n")
            finally:
                os.close(reader)
                os.close(terminal)
            self.assertEqual("\33[" in shown, wanted, (env, args))
            if wanted:
                self.assertEqual(shown, coloured)

    def test_names_that_could_be_mistaken_are_quoted(self):
        names = ["a -> b", "tab\there", "new\nline", "back\\slash", "quo\"te", "plain é",
                 "bell\7\33", "ctrl\u0085"]
        self.write("odd", b"".join(f"{sha256(name.encode())}  {name}\0".encode()
                                   for name in names) + b"0" * 64 + b"  \xff\0")
        self.write("none", b"1" * 64 + b"  z\n")
        result = self.run_command("diff", "none", "odd")
        self.assertEqual(result.code, 1)
        self.assertEqual(sorted(result.out.decode().splitlines()), sorted([
            'A\t"a -> b"', 'A\t"tab\\there"', 'A\t"new\\nline"', 'A\t"back\\\\slash"',
            'A\t"quo\\"te"', 'A\tplain é', 'A\t"bell\\a\\033"', 'A\t"ctrl\\302\\205"',
            'A\t"\\377"', 'D\tz']))
        names_z = self.run_command("diff", "none", "odd", "-z").out
        self.assertIn(b"A\0new\nline\0", names_z)
        self.assertIn(b"A\0\xff\0", names_z)


class Sums(CommandTest):
    def good_sums(self, data, *args):
        result = self.run_command("diff", "-", "t", *args, data=data)
        self.assertEqual((result.code, result.out, result.err), (0, b"", b""), result)

    @unittest.skipUnless(shutil.which("sha256sum"), "no sha256sum")
    def test_what_sha256sum_prints_is_read(self):
        names = ["a.sql", "s/b c.sql", "s/back\\slash.sql", "s/ lead.sql", "s/*star.sql",
                 "s/(p) = q).sql", "s/é.sql", "s/#c.sql"]
        for name in names:
            self.write("t/" + name, name)
        version = subprocess.run(["sha256sum", "--help"], stdout=subprocess.PIPE,
                                 check=True).stdout
        for options in ([], ["-b"], ["-t"], ["--tag"], ["-z"], ["-z", "-b"], ["-z", "--tag"]):
            if "-z" in options and b"--zero" not in version:
                continue
            for prefix in ("", "./"):
                done = subprocess.run(["sha256sum", *options, *(prefix + n for n in names)],
                                      cwd=self.dir / "t", stdout=subprocess.PIPE, check=True)
                self.good_sums(done.stdout)
        shuffled = subprocess.run("find . -type f -exec sha256sum {} +", shell=True, check=True,
                                  cwd=self.dir / "t", stdout=subprocess.PIPE).stdout
        self.good_sums(shuffled.replace(b"\n", b"\r\n"))

    @unittest.skipUnless(shutil.which("sha256sum"), "no sha256sum")
    def test_what_list_prints_is_read_by_sha256sum(self):
        names = ["a.sql", "s/back\\slash.sql", "s/\\n.sql", "s/ lead.sql", "\\.sql", "-"]
        for name in names:
            self.write("t/" + name, name)
        include = ["--include=**/*.sql", "--include=-"]
        args = ["list", "t", "--digests", *include]
        listed = self.quiet(*args)
        self.write("sums", listed)
        done = subprocess.run(["sha256sum", "--strict", "-c", "../sums"], cwd=self.dir / "t",
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        self.assertEqual((done.returncode, done.stdout.count(b": OK\n")), (0, len(names)),
                         done.stdout)
        direct = subprocess.run(["sha256sum", "a.sql", "s/back\\slash.sql"], cwd=self.dir / "t",
                                stdout=subprocess.PIPE, check=True).stdout
        for line in direct.splitlines(True):
            self.assertIn(line, listed)
        for more in ([], ["-0"]):
            self.good_sums(self.quiet(*args, *more), *include)

    def test_what_is_no_list_of_sums_is_refused(self):
        self.write("t/a.sql", "A;")
        good = self.quiet("list", "t", "--digests").decode()
        md5 = hashlib.md5(b"A;").hexdigest()
        for parts, text in (
                ("torn: the last line does not end in a newline", good[:-1]),
                ("s:2: torn", good + good[:30]),
                ("s:2: 30 hexadecimal digits: expected the 64 of SHA-256", good + good[:30] + "\n"),
                ("s:2: the name is the same as in line 1", good + good),
                ("s:1: 32 hexadecimal digits, as of MD5", md5 + "  a.sql\n"),
                ("s:1: 128 hexadecimal digits, as of SHA-512", 2 * good[:64] + "  a.sql\n"),
                ("s:1: a sum of MD5: expected SHA256", f"MD5 (a.sql) = {md5}\n"),
                ("s:1: the name is empty", good[:64] + "  \n"),
                ("s:1: the name '-' is standard input", good[:64] + "  -\n"),
                ("s: empty: expected lines as sha256sum prints them", ""),
                ("s:1: a digest alone", self.quiet("hash", "t", "--bare")),
                ("s: one digest of all files, as 'confiture hash' prints it",
                 self.quiet("hash", "t")),
                ("s: one digest of all files, as 'confiture hash' prints it",
                 self.quiet("hash", "--files0-from=-", data=b"t/a.sql\0")),
                ("s:1: expected the SHA-256 of a file", "SELECT 1;\n")):
            with self.subTest(parts=parts):
                self.write("s", text)
                for args in (["s", "t"], ["t", "s"], ["s", "s"]):
                    self.bad(2, parts, "diff", *args)
                result = self.run_command("diff", "-", "t", "--json",
                                          data=(self.dir / "s").read_bytes())
                document = json.loads(result.out)
                self.assertEqual((result.code, document["status"], document["path"]),
                                 (2, "error", "standard input"))
        self.bad(2, "t/a.sql:1: torn", "diff", "t/a.sql", "t")

    def test_what_hash_prints_of_several_directories_is_recognised(self):
        self.write("a b/x.sql")
        self.write("t/x.sql")
        self.write("t u/x.sql")
        for args in (["a b"], ["a b", "t"], ["t", "--sort=hex"], ["t", "--no-recursive"]):
            self.write("s", self.quiet("hash", *args))
            self.bad(2, "s: one digest of all files", "diff", "s", "t")
        self.write("s", self.quiet("list", "t u", "--base=.", "--digests"))
        self.good("diff", "s", "t u", "--base=.")  # "t" is a directory, too
        # What was a file is a directory now.
        self.write("s", f"{64 * '0'}  t\n{sha256(b'SELECT 1;')}  u.sql\n")
        self.write("v/t/u.sql", b"SELECT 1;")
        result = self.run_command("diff", "s", "v")
        self.assertEqual((result.code, result.out), (1, b"D\tt\nR\tu.sql -> t/u.sql\n"), result)

    def test_command_lines_that_mean_nothing(self):
        self.write("t/a.sql", "A;")
        self.write("s", self.quiet("list", "t", "--digests"))
        for parts, args in (
                ("diff needs two operands, not 0: expected OLD and NEW", []),
                ("diff needs two operands, not 1", ["t"]),
                ("diff needs two operands, not 3", ["t", "t", "t"]),
                ("OLD and NEW are both standard input: expected '-' once", ["-", "-"]),
                ("--base needs a DIR", ["s", "s", "--base=."]),
                ("--exclude and two FILEs of sums exclude each other", ["s", "s", "--exclude=x"]),
                ("--unique is an option of build, hash, list, ", ["t", "t", "--unique"]),
                ("invalid value 'red' for --color: expected auto, always or never",
                 ["t", "t", "--color=red"]),
                ("nope: no such directory: expected one for --base", ["t", "s", "--base=nope"])):
            self.bad(2, parts, "diff", *args)
        for option in ("null", "quiet"):
            result = self.run_command("diff", "t", "t", "--json", f"--{option}")
            self.assertEqual(result.code, 2)
            self.assertOneLine(result, f"--json and --{option} exclude each other")

    def test_no_error_looks_like_a_difference(self):
        self.write("t/a\nb.sql", "A;")
        self.write("u/a.sql", "A;")
        self.bad(2, "control character", "diff", "u", "t")


MARK = b"\xef\xbb\xbf"


def form(data):
    """A text without what does not count, and its mark, final newline and raw body."""
    mark = data.startswith(MARK) and not data.startswith(2 * MARK)
    body = data[3:] if mark else data
    lines = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    end = b""
    if lines.endswith(b"\n") and not lines.endswith(b"\n\n"):
        end = b"\r\n" if body.endswith(b"\r\n") else body[-1:]
        body = body[:len(body) - len(end)]
        lines = lines[:-1]
    return lines, mark, end, body


def reason(old, new):
    """Why two texts differ, from both."""
    (a, a_mark, a_end, a_body), (b, b_mark, b_end, b_body) = form(old), form(new)
    if a != b:
        return ""
    parts = []
    if a_body != b_body or (a_end and b_end and a_end != b_end):
        parts.append("line endings")
    if bool(a_end) != bool(b_end):
        parts.append("final newline")
    if a_mark != b_mark:
        parts.append("byte order mark")
    return ", ".join(parts[:-1]) + (" and " if parts[1:] else "") + parts[-1] + " only"


class RandomTrees(CommandTest):
    def text(self, rng):
        ends = rng.choice([[b"\n"], [b"\r\n"], [b"\n", b"\r\n"], [b"\n", b"\r\n", b"\r"]])
        data = b"".join(rng.choice([b"a", b"b", b"", b"-- x"]) + rng.choice(ends)
                        for _ in range(rng.randrange(4)))
        return rng.choice([b"", b"", MARK]) + data + rng.choice([b"", b"z"])

    def mutated(self, rng, data):
        return rng.choice([
            lambda: data, lambda: data, lambda: data + b"\n", lambda: data + b"\r\n",
            lambda: data[:-1], lambda: MARK + data, lambda: data.replace(b"\n", b"\r\n"),
            lambda: data.replace(b"\r\n", b"\n"), lambda: data.replace(b"\r", b""),
            lambda: data.replace(b"a", b"c"), lambda: self.text(rng)])()

    def model(self, old, new):
        """The lines of diff, as a set, and reasons; without the choice among equal renames."""
        lines = set()
        gone, come = {}, {}
        for name in old.keys() - new.keys():
            gone.setdefault(old[name], []).append(name)
        for name in new.keys() - old.keys():
            come.setdefault(new[name], []).append(name)
        for name in old.keys() & new.keys():
            if old[name] != new[name]:
                why = reason(old[name], new[name])
                lines.add(f"M\t{name}" + (f"\t{why}" if why else ""))
        counts = {}
        for data in gone.keys() | come.keys():
            a, b = len(gone.get(data, ())), len(come.get(data, ()))
            counts[data] = (min(a, b), a - min(a, b), b - min(a, b))
        return lines, counts

    def check(self, out, old, new):
        lines, counts = self.model(old, new)
        seen, told = {}, set()
        for line in out.splitlines():
            letter, rest = line.split("\t", 1)
            if letter == "M":
                told.add(line)
                continue
            before, _, after = rest.partition(" -> ")
            data = new[rest] if letter == "A" else old[before]
            if letter == "R":
                self.assertEqual(old[before], new[after])
            position = "RDA".index(letter)
            seen.setdefault(data, [0, 0, 0])[position] += 1
        self.assertEqual(told, lines)
        self.assertEqual({d: tuple(c) for d, c in seen.items()},
                         {d: c for d, c in counts.items() if any(c)})

    def test_agree_with_a_model(self):
        rng = random.Random(13)
        for round_number in range(60):
            shutil.rmtree(self.dir / "o", ignore_errors=True)
            shutil.rmtree(self.dir / "n", ignore_errors=True)
            names = [f"{d}{i}.sql" for d in ("", "s/", "s/t/", "u-v/") for i in range(6)]
            old = {name: self.text(rng) for name in names if rng.random() < 0.6}
            new = {name: self.mutated(rng, data) for name, data in old.items()
                   if rng.random() < 0.8}
            for name in names:
                if rng.random() < 0.1:
                    new[name] = rng.choice(list(old.values()) or [b"x"])
            old, new = old or {"a.sql": b"a"}, new or {"a.sql": b"b"}
            for side, files in (("o", old), ("n", new)):
                for name, data in files.items():
                    self.write(f"{side}/{name}", data)
            out = self.run_command("diff", "o", "n").out.decode()
            with self.subTest(round=round_number):
                self.check(out, old, new)
            # With one side at hand, what is told is the same or nothing.
            self.write("sums", sums(old))
            one = self.run_command("diff", "sums", "n").out.decode().splitlines()
            for line in one:
                self.assertTrue(line in out.splitlines() or
                                line.startswith("M\t") and line.count("\t") == 1 and
                                any(whole.startswith(line + "\t") for whole in out.splitlines()),
                                line)
            self.compare_with_git(out, old, new)

    def compare_with_git(self, out, old, new):
        """Names that are added, deleted or modified, as git sees them without renames."""
        if not shutil.which("git"):
            return
        done = subprocess.run(["git", "diff", "--no-index", "--name-status", "--no-renames", "-z",
                               "o", "n"], cwd=self.dir, stdout=subprocess.PIPE, check=False,
                              env=environment(HOME=str(self.dir), GIT_CONFIG_NOSYSTEM="1"))
        fields = done.stdout.decode().split("\0")[:-1]
        theirs = {(fields[i], fields[i + 1][2:]) for i in range(0, len(fields), 2)}
        ours = set()
        for line in out.splitlines():
            letter, name = line.split("\t")[:2]
            before, _, after = name.partition(" -> ")
            ours |= {("D", before), ("A", after)} if letter == "R" else {(letter, name)}
        self.assertEqual(ours, theirs)
        self.assertEqual(done.returncode, 1 if out else 0)
