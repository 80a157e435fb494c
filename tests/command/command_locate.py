"""confiture locate, and the maps that build --map writes. Run by command.py."""

import hashlib
import json
import os
import random
import re
import subprocess
import time

import command_base
from command_base import CommandTest, environment

A = b"SELECT 1;\nSELECT\n2;\n"  # lines 6 to 8 of the schema
B = b"SELECT 3;\r\nSELECT 4;"  # lines 14 and 15
MESSAGE = "psql:{}:{}: ERROR:  no\n"


def source_lines(data, keep=False):
    """The lines of a source, as the manual counts them."""
    text = data if keep else data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return (text[:-1] if text.endswith(b"\n") else text).split(b"\n")


class Locate(CommandTest):
    def small(self):
        self.tree(a=A, x__b=B)

    def test_a_line_has_its_source(self):
        self.small()
        self.assertEqual(self.quiet("locate", "t", "-n", "6"), b"t/a.sql:1\n")
        self.assertEqual(self.quiet("locate", "t", "-n", "7", "--line=15"),
                         b"t/a.sql:2\nt/x/b.sql:2\n")
        self.assertEqual(self.quiet("locate", "t", "-n", "8"),
                         b"t/a.sql:3 (statement begins at line 2)\n")
        self.assertEqual(self.quiet("locate", "t", "-n8", "-q"), b"t/a.sql:3\n")
        self.assertEqual(self.quiet("locate", "t", "-n", "1", "--separator", "none"),
                         b"t/a.sql:1\n")
        self.assertEqual(self.quiet("locate", "t/x/b.sql", "t/a.sql", "-n", "6"), b"t/x/b.sql:1\n")

    def test_a_line_of_no_source_is_told_as_such(self):
        self.small()
        for line in ("1", "5", "9", "13"):
            name = "t/a.sql" if int(line) < 6 else "t/x/b.sql"
            self.bad(1, f"line {line} is in the separator before {name}", "locate", "t", "-n", line)
        self.bad(1, "line 14 is in the header", "locate", "t", "--header", "-n", "14")
        self.assertEqual(self.quiet("locate", "t", "--header", "-n", "20"), b"t/a.sql:1\n")
        self.bad(2, "no line 16: the schema has 15", "locate", "t", "-n", "16")
        result = self.run_command("locate", "t", "-n", "1", "-n", "6")
        self.assertEqual((result.code, result.out), (1, b"t/a.sql:1\n"))

    def test_what_terminate_adds_is_of_the_file(self):
        self.tree(a=b"SELECT\n1", b=b"SELECT 2\n")
        self.assertEqual(self.quiet("locate", "t", "--terminate", "-n", "8"),
                         b"t/a.sql:2 (the ';' that --terminate adds after it)"
                         b" (statement begins at line 1)\n")
        self.assertEqual(self.quiet("locate", "t", "--terminate", "-n", "14"), b"t/b.sql:1\n")

    def test_and_back(self):
        self.small()
        for name in ("a.sql", "t/a.sql", "./t/a.sql", "t/x/../a.sql", str(self.dir / "t/a.sql")):
            self.assertEqual(self.quiet("locate", "t", "--back", name + ":3"), b"8\n")
        for name in ("x/b.sql", "b.sql", "t/x/b.sql"):
            self.assertEqual(self.quiet("locate", "t", "--back", name + ":2"), b"15\n")
        self.good("build", "t", "-o", "schema.sql")
        self.assertEqual(self.quiet("locate", "t", "-o", "schema.sql", "--back", "a.sql:1",
                                    "--back=b.sql:1"), b"schema.sql:6\nschema.sql:14\n")
        self.bad(2, ["t/a.sql: no line 4", "has 3"], "locate", "t", "--back", "a.sql:4")
        self.bad(2, "c.sql: no file of the schema", "locate", "t", "--back", "c.sql:1")
        self.bad(2, "q.sql: no file of the schema", "locate", "t", "--back", "q.sql:1")
        self.write("t/y/b.sql")
        self.bad(2, ["b.sql: 2 files", "expected more of the path"], "locate", "t", "--back",
                 "b.sql:1")
        for value in ("a.sql", "a.sql:0", "a.sql:x", ":1", "a.sql:"):
            self.bad(2, ["--back", "expected FILE:LINE"], "locate", "t", "--back", value)

    def test_a_file_that_is_listed_twice_is_found_twice(self):
        self.small()
        args = ["t/a.sql", "t/a.sql", "-q"]
        self.assertEqual(self.good("locate", *args, "--back", "t/a.sql:1"), b"6\n14\n")
        self.assertEqual(self.good("locate", *args, "-n", "14"), b"t/a.sql:1\n")

    def test_text_like_a_separator_changes_nothing(self):
        self.tree(a="", b=command_base.block("z.sql", "SELECT 1;\n"), c=b"SELECT 2;\n")
        schema = self.good("build", "t").split(b"\n")
        for number, line in enumerate(schema, 1):
            if line == b"SELECT 1;":
                self.assertEqual(self.quiet("locate", "t", "-n", str(number)), b"t/b.sql:6\n")
            if line == b"SELECT 2;":
                self.assertEqual(self.quiet("locate", "t", "-n", str(number)), b"t/c.sql:1\n")

    def test_an_output_inside_the_tree_is_left_out_as_by_the_build(self):
        self.small()
        self.good("build", "t", "-o", "t/all.sql")
        self.good("build", "t", "-o", "t/all.sql")
        self.assertEqual(self.quiet("locate", "t", "-o", "t/all.sql", "-n", "14"), b"t/x/b.sql:1\n")

    def test_a_schema_that_differs_is_told(self):
        self.small()
        self.bad(2, "no.sql: no such file", "locate", "t", "-o", "no.sql", "-n", "6")
        self.bad(2, "t: is a directory", "locate", "t", "-o", "t", "-n", "6")
        for how in ([], ["--header"], ["--header", "--timestamp", "none"],
                    ["--separator", "line_comment"]):
            self.good("build", "t", "-o", "s.sql", *how)
            self.good("locate", "t", "-o", "s.sql", "--back", "a.sql:1", *how)
        self.bad(2, "s.sql: not what these files and options build", "locate", "t", "-o", "s.sql",
                 "-n", "6")
        self.good("build", "t", "-o", "s.sql", "--header")
        data = (self.dir / "s.sql").read_bytes()
        for old, new in ((b"Environment: local", b"Environment: prod"), (b"SELECT 1", b"SELECT 7"),
                         (b"-- Files", b"--Files"), (b"3;", b"3; ")):
            self.assertIn(old, data)
            self.write("s.sql", data.replace(old, new))
            self.bad(2, "s.sql: not what", "locate", "t", "-o", "s.sql", "-n", "20", "--header")
        self.write("s.sql", re.sub(rb"Generated: .*", b"Generated: another, and longer", data))
        self.good("locate", "t", "-o", "s.sql", "-n", "20", "--header")
        self.bad(2, "s.sql: not what", "locate", "t", "-o", "s.sql", "-n", "20", "--header",
                 "--timestamp", "none")
        self.tree(a=b"changed;\n")
        self.bad(2, "s.sql: not what", "locate", "t", "-o", "s.sql", "-n", "20", "--header")

    def test_a_tree_that_cannot_be_built_gives_no_answer(self):
        self.tree(a=b"SELECT '")
        self.bad(1, "t/a.sql:1: quote never closed", "locate", "t", "-n", "6")
        self.assertEqual(self.quiet("locate", "t", "--check", "none", "-n", "6"), b"t/a.sql:1\n")
        self.bad(2, "nope", "locate", "nope", "-n", "6")

    def test_a_split_has_three_schemas(self):
        self.tree(pre__a=b"SELECT 1;\n", b=b"SELECT 2;\n", post__c=b"SELECT 3;\n")
        how = ["t", "--split", "out", "--pre", "pre", "--post", "post"]
        self.good("build", *how, "--map", "out")
        for phase, name in (("superuser_pre", "pre/a"), ("app", "b"), ("superuser_post", "post/c")):
            answer = f"t/{name}.sql:1\n".encode()
            self.assertEqual(self.quiet("locate", *how, "-n", "6", "--phase", phase), answer)
            self.assertEqual(self.quiet("locate", *how, "--back", name + ".sql:1"),
                             f"out/schema_local_{phase}.sql:6\n".encode())
            map_path = f"out/schema_local_{phase}.map"
            self.assertEqual(self.quiet("locate", "--map", map_path, "-n", "6"), answer)
            text = MESSAGE.format(f"out/schema_local_{phase}.sql", 6)
            self.assertEqual(self.quiet("locate", *how, data=text.encode()),
                             MESSAGE.format(f"t/{name}.sql", 1).encode())
            text = MESSAGE.format("<stdin>", 6).encode()
            self.assertEqual(self.quiet("locate", *how, data=text), text)
            self.assertEqual(self.quiet("locate", *how, "--phase", phase, data=text),
                             MESSAGE.format(f"t/{name}.sql", 1).encode())
        self.bad(2, "--line needs --phase", "locate", *how, "-n", "6")

    def test_json(self):
        self.small()
        answer = json.loads(self.quiet("locate", "t", "--json", "-n", "8", "-n", "14"))
        self.assertEqual(answer, {
            "command": "locate", "status": "done", "warnings": [], "places": [
                {"schema_line": 8, "place": "text", "path": "t/a.sql", "name": "a.sql", "line": 3,
                 "statement": 2},
                {"schema_line": 14, "place": "text", "path": "t/x/b.sql", "name": "x/b.sql",
                 "line": 1}]})
        result = self.run_command("locate", "t", "--json", "-n", "9", "--header", "-n", "25")
        answer = json.loads(result.out)
        self.assertEqual((result.code, answer["status"], answer["places"]), (1, "failed", [
            {"schema_line": 9, "place": "header"},
            {"schema_line": 25, "place": "separator", "path": "t/x/b.sql", "name": "x/b.sql"}]))
        answer = json.loads(self.quiet("locate", "t", "--json", "--back", "a.sql:2"))
        self.assertEqual(answer["places"], [{"schema_line": 7, "place": "text", "path": "t/a.sql",
                                             "name": "a.sql", "line": 2}])
        result = self.run_command("locate", "t", "--json", "-n", "6", "-n", "99")
        answer = json.loads(result.out)
        self.assertEqual((result.code, answer["status"]), (2, "error"))
        self.assertIn("the schema has 15", answer["message"])

    def test_options_that_have_no_meaning_together_are_refused(self):
        self.small()
        for parts, args in (
                (["invalid value '0' for -n"], ["t", "-n", "0"]),
                (["invalid value 'x' for -n"], ["t", "-n", "6", "-n", "x"]),
                (["invalid value '-1' for --line"], ["t", "--line=-1"]),
                (["--line and --back"], ["t", "-n", "1", "--back", "a.sql:1"]),
                (["--phase needs --split"], ["t", "--phase", "app", "-n", "1"]),
                (["--pre needs --split"], ["t", "--pre", "x", "-n", "1"]),
                (["--map and --split"], ["t", "--map", "m", "--split", "o", "-n", "1"]),
                (["--output and --split"], ["t", "-o", "m", "--split", "o", "-n", "1"]),
                (["--separator needs a directory"], ["--map", "m", "--separator", "none", "-n1"]),
                (["--base needs a directory"], ["--map", "m", "--base", ".", "-n1"]),
                (["needs a directory or files"], ["-n", "1"]),
                (["for --output"], ["t", "-o", "-", "-n", "1"]),
                (["--files0-from", "--line or --back"], ["--files0-from", "-"]),
                (["--map", "--line or --back"], ["--map", "-"]),
                (["--if-changed is an option of build"], ["t", "--if-changed", "-n", "1"])):
            with self.subTest(args=args):
                if "for -n" in parts[0] or "for --line" in parts[0]:
                    parts = [parts[0].split(" for ")[0], "expected a line, from 1"]
                self.bad(2, parts, "locate", *args)
        result = self.run_command("locate", "t", "--json")
        self.assertEqual(result.code, 2)
        self.assertOneLine(result, "--json needs --line or --back")

    def test_every_line_of_a_random_tree(self):
        """For each line of the schema the source line has the same text, and back."""
        rng = random.Random(7)
        words = [b"SELECT 1;", b"\n", b"\r\n", b"\r", b"-- File: a.sql", b";", "é".encode(), b" ",
                 command_base.block("0/x.sql", "").replace(b"/*", b"--").replace(b" *", b"--")]
        for round_number in range(12):
            tree = {}
            for number in range(rng.randrange(1, 8)):
                name = f"{rng.randrange(3)}/{number}.sql"
                tree[name] = b"".join(rng.choice(words) for _ in range(rng.randrange(12)))
                self.write(f"r{round_number}/{name}", tree[name])
            how = [f"r{round_number}", "--check", "none", "--separator",
                   rng.choice(("none", "line_comment", "block_comment"))]
            keep = rng.random() < 0.5
            how += ["--keep-line-ends"] if keep else []
            schema = self.good("build", *how)
            lines = schema.split(b"\n")[:-1]
            numbers = [str(number) for number in range(1, len(lines) + 1)]
            result = self.run_command("locate", *how, "--json", "-q",
                                      *(word for number in numbers for word in ("-n", number)))
            places = json.loads(result.out)["places"]
            self.assertEqual([place["schema_line"] for place in places], list(map(int, numbers)))
            seen = {name: 0 for name in tree}
            for place, line in zip(places, lines):
                if place["place"] != "text":
                    self.assertEqual(place["place"], "separator")
                    continue
                name = place["name"]
                seen[name] += 1
                self.assertEqual(place["line"], seen[name])
                source = source_lines(tree[name], keep)[place["line"] - 1]
                self.assertEqual(source, line)
            for name, data in tree.items():
                self.assertEqual(seen[name], len(source_lines(data, keep)), name)
            backs = [(p["path"] + f":{p['line']}", p["schema_line"]) for p in places
                     if p["place"] == "text"]
            answers = self.good("locate", *how, *(f"--back={back}" for back, _ in backs))
            self.assertEqual(answers.split(), [str(line).encode() for _, line in backs])


class Maps(CommandTest):
    def test_a_map_names_the_bytes_of_its_schema(self):
        files = self.tree(a=A, x__b=B)
        for how in ([], ["--header"], ["--if-changed", "--header", "--timestamp", "none"],
                    ["--if-changed", "--header", "--timestamp", "none"]):
            self.good("build", "t", "-o", "s.sql", "--map", "s.map", *how)
            schema = (self.dir / "s.sql").read_bytes()
            first = 14 if how else 0
            self.assertEqual(
                (self.dir / "s.map").read_text(),
                f"confiture map 1\nschema {hashlib.sha256(schema).hexdigest()} "
                f"{schema.count(10)} 2\n"
                f"{first + 1} {first + 6} 3 a.sql\tt/a.sql\n"
                f"{first + 9} {first + 14} 2 x/b.sql\tt/x/b.sql\n")
        self.assertEqual(len(files), 2)
        self.assertEqual(sorted(os.listdir(self.dir)), ["s.map", "s.sql", "t"])

    def test_whole_or_not_at_all(self):
        self.tree(a=A, b=b"'")
        self.write("s.map", b"old")
        self.write("s.sql", b"old")
        self.bad(1, "quote never closed", "build", "t", "-o", "s.sql", "--map", "s.map")
        (self.dir / "t/b.sql").unlink()
        self.bad(2, ["no/s.map", "directory is missing"], "build", "t", "-o", "s.sql", "--map",
                 "no/s.map")
        self.bad(2, "t: is a directory", "build", "t", "-o", "s.sql", "--map", "t")
        self.bad(2, "s.sql: two outputs are the same", "build", "t", "-o", "s.sql", "--map",
                 "./s.sql")
        self.bad(2, "t/a.sql: is an input", "build", "t", "-o", "s.sql", "--map", "t/a.sql")
        for name in ("s.map", "s.sql"):
            self.assertEqual((self.dir / name).read_bytes(), b"old")
        self.assertEqual((self.dir / "t/a.sql").read_bytes(), A)
        self.bad(2, "--map needs --output", "build", "t", "--map", "s.map")
        self.bad(2, "--map", "build", "t", "-o", "s.sql", "--map", "-")
        result = self.run_command("build", "t", "-o", "s.sql", "--json", "--map", "/dev/stdout")
        self.assertEqual((result.code, json.loads(result.out)["path"]), (2, "/dev/stdout"))
        answer = json.loads(self.good("build", "t", "-o", "s.sql", "--json", "--map", "s.map"))
        self.assertEqual(answer["map"], "s.map")

    def test_a_map_alone_is_enough(self):
        self.tree(a=A, x__b=B)
        self.good("build", "t", "-o", "s.sql", "--map", "s.map")
        for how in ([], ["-o", "s.sql"], ["t"], ["t", "-o", "s.sql"]):
            self.assertEqual(self.quiet("locate", "--map", "s.map", *how, "-n", "15"),
                             b"t/x/b.sql:2\n")
        data = (self.dir / "s.map").read_bytes()
        self.assertEqual(self.quiet("locate", "--map", "-", "-n", "15", data=data),
                         b"t/x/b.sql:2\n")
        text = MESSAGE.format("s.sql", 15).encode()
        wanted = MESSAGE.format("t/x/b.sql", 2).encode()
        self.assertEqual(self.quiet("locate", "--map", "s.map", data=text), wanted)
        self.write("s.sql", b"changed")
        self.bad(2, "s.sql: not the schema of this map", "locate", "--map", "s.map", "-o", "s.sql",
                 "-n", "15")
        result = self.run_command("locate", "--map", "s.map", data=text)
        self.assertEqual((result.code, result.out), (0, text))
        self.assertOneLine(result, "warning: s.sql: not what the map belongs to")

    def test_a_map_of_another_tree_is_told(self):
        self.tree(a=A, x__b=B)
        self.good("build", "t", "-o", "s.sql", "--map", "s.map")
        self.tree(a=A + b"\n")
        self.bad(2, ["s.map: not a map of these files", "3 lines of a.sql", "has 4"], "locate",
                 "t", "--map", "s.map", "-n", "6")
        self.tree(a=A.replace(b"1", b"5"))
        self.bad(2, "s.map: not a map of these files", "locate", "t", "--map", "s.map", "-n", "6")
        self.tree(a=A, aa=A)
        self.bad(2, "it has x/b.sql where they have aa.sql", "locate", "t", "--map", "s.map", "-n",
                 "6")
        (self.dir / "t/aa.sql").unlink()
        self.write("t/y.sql")
        self.bad(2, "it has 2, and there are 3", "locate", "t", "--map", "s.map", "-n", "6")

    def test_bad_maps_are_refused_in_one_line(self):
        self.tree(a=A)
        self.good("build", "t", "-o", "s.sql", "--map", "s.map")
        data = (self.dir / "s.map").read_bytes()
        for new, parts in (
                (b"", ["bad.map:1: not a map"]),
                (b"SELECT 1;\n", ["bad.map:1: not a map"]),
                (data.replace(b"map 1", b"map 2"), ["bad.map:1: a map of version '2': expected 1"]),
                (data[:-5], ["bad.map:3:", "torn"]),
                (data.replace(b"1 6 3", b"6 1 3"), ["bad.map:3: numbers out of order"]),
                (data + b"\n", ["bad.map:4: the map goes on"])):
            self.write("bad.map", new)
            self.bad(2, parts, "locate", "--map", "bad.map", "-n", "6")
        self.bad(2, "t: is a directory", "locate", "--map", "t", "-n", "6")
        self.bad(2, "no.map: no such file", "locate", "--map", "no.map", "-n", "6")


class Filter(CommandTest):
    def small(self):
        self.tree(a=A, x__b=B)
        self.good("build", "t", "-o", "schema.sql")

    def filtered(self, text, *how, warning=None, code=0):
        text = text if isinstance(text, bytes) else text.encode()
        result = self.run_command("locate", "t", *how, data=text)
        self.assertEqual(result.code, code, result)
        if warning:
            self.assertOneLine(result, warning)
        else:
            self.assertEqual(result.err, b"")
        return result.out

    def test_only_lines_of_the_schema_are_rewritten(self):
        self.small()
        self.write("other.sql", b"SELECT 1;\n" * 20)
        self.write("copy/renamed.sql", (self.dir / "schema.sql").read_bytes())
        message = MESSAGE.format
        for how in ([], ["-o", "schema.sql"]):
            self.assertEqual(self.filtered(
                message("schema.sql", 8) + message("<stdin>", 15) + message("./schema.sql", 6) +
                message("other.sql", 8) + message("missing.sql", 8), *how).decode(),
                message("t/a.sql", 3) + message("t/x/b.sql", 2) + message("t/a.sql", 1) +
                message("other.sql", 8) + message("missing.sql", 8))
        # Without -o a schema is one by its bytes, whatever its name is.
        text = message("copy/renamed.sql", 8)
        self.assertEqual(self.filtered(text).decode(), message("t/a.sql", 3))
        self.assertEqual(self.filtered(text, "-o", "schema.sql").decode(), text)

    def test_every_other_byte_is_left_alone(self):
        self.small()
        for text in (b"", b"\n", b"\0\xff\r\n", b"psql:", b"psql:schema.sql:8", b"psql:schema.sql:",
                     b"psql:schema.sql:8:ERROR\n", b"psql:schema.sql:8x: E\n", b"psql:: \n",
                     b" psql:schema.sql:8: E\n", b"xpsql:schema.sql:8: E\n",
                     b"PSQL:schema.sql:8: E\n", b"psql:schema.sql\0:8: E\n", b"psql:schema.sql\n:8: E",
                     b"\x1b[psql:schema.sql:8: E\n", b"\x1b[1psql:schema.sql:8: E",
                     b"\x1bpsql:schema.sql:8: E", b"psql:schema.sql:-8: E\n", b"psql:x psql:schema.sql:8: E",
                     b"psql:schema.sql:99999999999999999999: E\n", b"psql:" + b"y" * 9000 + b":8: E\n",
                     b"LINE 1: SELECT \r\r\n  ^\n", b"psql:" + b":1" * 5000, b"psql:" + b": " * 5000,
                     b"z" * 300000):
            with self.subTest(text=text[:50]):
                self.assertEqual(self.filtered(text), text)
                self.assertEqual(self.filtered(b"a\r\n" + text), b"a\r\n" + text)
        line = b"psql:schema.sql:8: ERROR:  \0 psql:schema.sql:8: " + b"w" * 200000
        wanted = line.replace(b"schema.sql:8", b"t/a.sql:3", 1)
        self.assertEqual(self.filtered(line), wanted)
        self.assertEqual(self.filtered(line + b"\r\n" + line), wanted + b"\r\n" + wanted)

    def test_in_pieces_of_any_size(self):
        self.small()
        text = (b"\x1b[01mpsql:schema.sql:8: \x1b[0mERROR\nNOTICE\npsql:<stdin>:14: x\r\n"
                b"psql:other.sql:1: y\npsql:schema.sql:6: the end")
        wanted = text.replace(b"schema.sql:8", b"t/a.sql:3").replace(
            b"<stdin>:14", b"t/x/b.sql:1").replace(b"schema.sql:6", b"t/a.sql:1")
        self.assertEqual(self.filtered(text), wanted)
        process = self.start("t")
        for byte in text:
            process.stdin.write(bytes([byte]))
            process.stdin.flush()
        out, err = process.communicate(timeout=30)
        self.assertEqual((out, err, process.returncode), (wanted, b"", 0))

    def start(self, *args):
        return subprocess.Popen([command_base.COMMAND, "locate", *args], cwd=self.dir,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=environment())

    def test_a_line_is_printed_when_it_is_complete(self):
        self.small()
        process = self.start("t")
        try:
            for number, wanted in ((6, b"t/a.sql:1"), (14, b"t/x/b.sql:1")):
                process.stdin.write(MESSAGE.format("schema.sql", number).encode())
                process.stdin.flush()
                start = time.monotonic()
                self.assertEqual(process.stdout.readline(),
                                 b"psql:" + wanted + b": ERROR:  no\n")
                self.assertLess(time.monotonic() - start, 10)
        finally:
            process.communicate(timeout=30)

    def test_lines_without_a_source_are_left_alone_with_one_warning(self):
        self.small()
        text = "".join(MESSAGE.format("schema.sql", line) for line in (9, 10, 999))
        self.assertEqual(self.filtered(
            text, warning="warning: schema.sql:9: in the separator before t/x/b.sql: left as it is"
        ).decode(), text)
        text = MESSAGE.format("<stdin>", 999)
        self.assertEqual(self.filtered(text, warning="<stdin>:999: beyond its end").decode(), text)
        text = "psql:<stdin>:0: NOTICE:  x\n"
        self.assertEqual(self.filtered(text, warning="<stdin>:0: no line, which").decode(), text)
        text = MESSAGE.format("<stdin>", 9)
        self.assertEqual(self.filtered(text, "--header", warning="<stdin>:9: in its header"
                                       ).decode(), text)

    def test_a_schema_that_is_not_that_of_the_tree_is_told(self):
        self.small()
        self.tree(a=b"SELECT 0;\n" + A)
        text = MESSAGE.format("schema.sql", 8)
        self.assertEqual(self.filtered(text, warning="warning: schema.sql: not what these files and"
                                       " options build: its lines are left as they are").decode(),
                         text)
        for how, what in ((["-o", "schema.sql"], "schema.sql: not what these files"),
                          (["-o", "no.sql"], "no.sql: no such file")):
            self.assertEqual(self.filtered(text, *how, warning=what, code=2).decode(), text)

    def test_without_an_answer_nothing_is_lost(self):
        text = (MESSAGE.format("schema.sql", 8) * 1000).encode()
        self.tree(a=b"SELECT '")
        self.assertEqual(self.filtered(text, warning="quote never closed", code=1), text)
        result = self.run_command("locate", "nope", data=text)
        self.assertEqual((result.code, result.out), (2, text))

    def test_a_fifo_that_is_named_is_not_opened(self):
        self.small()
        os.mkfifo(self.dir / "fifo")
        text = MESSAGE.format("fifo", 8) + MESSAGE.format("/dev/stdin", 8)
        self.assertEqual(self.filtered(text).decode(), text)

    def test_names_are_escaped(self):
        self.write("u\nv/a.sql")
        text = MESSAGE.format("<stdin>", 6).encode()
        self.assertEqual(self.good("locate", "u\nv", data=text),
                         b"psql:u\\x0Av/a.sql:1: ERROR:  no\n")

    def test_memory_is_bounded(self):
        self.small()
        script = ('head -c 300000000 /dev/zero | tr "\\0" x | (ulimit -v 400000; exec "$0" locate'
                  ' t) | wc -c')
        if any(key.endswith("SAN_OPTIONS") for key in os.environ):
            self.skipTest("sanitizers need much address space")
        done = subprocess.run(["sh", "-c", script, command_base.COMMAND], cwd=self.dir,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
                              timeout=60, check=False)
        self.assertEqual((done.stdout.split(), done.stderr), ([b"300000000"], b""))
