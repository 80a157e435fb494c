"""Why a file is in the list, and what left others out: list --explain, list --schema-only. Run by
command.py; tests/parity compares the reasons themselves with the rules, on random trees."""

import hashlib
import json

from command_base import CommandTest


class Explain(CommandTest):
    def lines(self, *args):
        result = self.run_command("list", *args, "--explain")
        self.assertEqual((result.code, result.err), (0, b""), result)
        return result.out.decode().splitlines()

    def test_directory_pattern_and_place(self):
        self.tree(a="", b__c="", seeds__d="")
        self.write("u/e.txt")
        self.assertEqual(self.lines("t"), [
            "a.sql: found in t by '**/*.sql'; placed by path",
            "b/c.sql: found in t by '**/*.sql'; placed by path",
            "seeds/d.sql: found in t by '**/*.sql'; placed by path; seed"])
        self.assertEqual(self.lines("t", "u", "--include", "b/*", "--include=*.txt"), [
            "t/b/c.sql: found in t by 'b/*'; placed by path",
            "u/e.txt: found in u by '*.txt'; placed by path"])

    def test_what_left_a_file_out(self):
        self.tree(a="", old__b="", old__c="", z__old__d="", test_e="")
        self.write("t/F.SQL")
        self.write("t/g.txt")
        self.assertEqual(self.lines("t", "--exclude", "old/b.sql", "--exclude=test_*",
                                    "--exclude-dir", "z/old"), [
            "a.sql: found in t by '**/*.sql'; placed by path",
            "old/c.sql: found in t by '**/*.sql'; placed by path",
            "F.SQL: left out: only the case of its letters differs from '**/*.sql'",
            "old/b.sql: left out by --exclude old/b.sql",
            "test_e.sql: left out by --exclude 'test_*'",
            "z/old/: left out with all below it by --exclude-dir z/old"])
        # As it was given, not as it was understood; a single file; an excluded DIR.
        self.assertEqual(self.lines("t", "t/old", "--exclude-dir=./t/old", "--exclude-dir",
                                    str(self.dir / "t/a.sql"), "--include=*.sql"), [
            "test_e.sql: found in t by '*.sql'; placed by path",
            "z/old/d.sql: found in t by '*.sql'; placed by path",
            "F.SQL: left out: only the case of its letters differs from '*.sql'; met in t",
            f"a.sql: left out by --exclude-dir {self.dir / 't/a.sql'}; met in t",
            "old/: left out with all below it by --exclude-dir ./t/old; met in t",
            "old/: left out with all below it by --exclude-dir ./t/old; met in t/old"])

    def test_repeats(self):
        self.tree(a="", b__c="")
        self.assertEqual(self.lines("t", "t/b", "--unique"), [
            "a.sql: found in t by '**/*.sql'; placed by path",
            "b/c.sql: found in t by '**/*.sql'; placed by path",
            "b/c.sql: left out by --unique: it is in the list, and found again in t/b by "
            "'**/*.sql'"])
        result = self.run_command("list", "t", "t/b", "--explain")
        self.assertIn(b"warning: t/b/c.sql: listed twice", result.err)
        self.assertEqual(result.out.decode().splitlines()[1:], [
            "b/c.sql: found in t by '**/*.sql'; placed by path",
            "b/c.sql: found in t/b by '**/*.sql'; placed by path"])

    def test_prefixes(self):
        for name in ("z/09_z.sql", "0A_users.sql", "0b_low.sql", "add_x.sql", "10_b.sql"):
            self.write("t/" + name)
        found = ": found in t by '**/*.sql'; placed "
        self.assertEqual(self.lines("t", "--sort", "hex"), [
            f"z/09_z.sql{found}by prefix 9, then z; number 1, by path 5",
            f"0A_users.sql{found}by prefix A, then users; number 2, by path 1",
            f"10_b.sql{found}by prefix 10, then b",
            f"0b_low.sql{found}after all prefixes, by 0b_low; number 4, by path 2; no prefix, "
            "since 0b_ is not in upper case",
            f"add_x.sql{found}after all prefixes, by add_x; number 5, by path 4"])
        lines = self.lines("t")
        self.assertEqual(lines[0], f"0A_users.sql{found}by path")
        self.assertEqual(lines[-1], "note: --sort hex would place 4 of 5 files elsewhere")
        # Nothing has a prefix: in lower case it is none.
        self.assertEqual(self.lines("t", "--sort=hex", "--include=0b*"), [
            "0b_low.sql: found in t by '0b*'; placed by path; no prefix, since 0b_ is not in upper "
            "case",
            "note: no file has a hexadecimal prefix, so --sort hex is the order of paths"])

    def test_a_list_without_files_is_explained_and_an_error(self):
        self.tree(a="", b__c="")
        result = self.run_command("list", "t", "--explain", "--exclude=*", "--exclude-dir=t/b")
        self.assertEqual((result.code, result.out.decode().splitlines()), (2, [
            "t/a.sql: left out by --exclude '*'",
            "t/b/: left out with all below it by --exclude-dir t/b"]))
        self.assertEqual(result.err, b"confiture: t: no SQL files found\n")
        result = self.run_command("list", "t", "--explain", "--exclude=*", "--json")
        said = json.loads(result.out)
        self.assertEqual((result.code, said["status"], said["message"], said["path"]),
                         (2, "error", "t: no SQL files found", "t"))
        self.assertEqual([f["path"] for f in said["left_out"]], ["t/a.sql", "t/b/c.sql"])
        self.assertEqual(self.run_command("list", "none", "--explain").out, b"")

    def test_names_stay_on_their_line(self):
        self.tree(a="")
        self.write("t/x\n\x1b.sql")
        self.assertEqual(self.lines("t", "--exclude=x*")[1:],
                         ["x\\x0A\\x1B.sql: left out by --exclude 'x*'"])

    def test_json(self):
        files = self.tree(**{"0A_a": "A;\n", "9_b": "", "seeds__c": "", "old__d": ""})
        args = ["list", "t", "--json", "--explain", "--sort=hex", "--size", "--digests"]
        said = json.loads(self.run_command(*args, "--exclude=old/*", "--schema-only").out)
        common = {"directory": "t", "pattern": "**/*.sql", "seed": False}

        def entry(name, **more):
            return {"name": name, "path": "t/" + name, "bytes": len(files[name]),
                    "digest": hashlib.sha256(files[name]).hexdigest(),
                    "lower_case_prefix": False, **common, **more}
        self.assertEqual((said["sort"], said["files"]), ("hex", 2))
        self.assertEqual(said["entries"], [
            entry("9_b.sql", by_path=2, by_hex=1, prefix="9", rest="b"),
            entry("0A_a.sql", by_path=1, by_hex=2, prefix="A", rest="a")])
        del common["seed"]
        self.assertEqual(said["left_out"], [
            {"name": "seeds/c.sql", "path": "t/seeds/c.sql", "whole_directory": False,
             "reason": "schema-only", **common},
            {"name": "old/d.sql", "path": "t/old/d.sql", "whole_directory": False,
             "reason": "exclude", "by": "old/*", **common}])

    def test_combinations(self):
        self.tree(a="")
        self.bad(2, "--explain and --null exclude each other", "list", "t", "--explain", "-0")
        self.bad(2, "--explain with --size needs --json", "list", "t", "--explain", "--size")
        self.bad(2, "--explain with --digests needs --json", "list", "t", "--explain", "--digests")
        self.bad(2, "--explain and FILE exclude each other", "list", "t/a.sql", "--explain")
        self.bad(2, "--explain and --files0-from exclude each other", "list", "--explain",
                 "--files0-from=-")


class SchemaOnly(CommandTest):
    def test_lists_what_a_build_with_it_takes(self):
        self.tree(a="A;\n", seeds__b="x" * 1000 + ";\n", x_seed__c=";\n", d="D;\n")
        listed = self.quiet("list", "t", "--schema-only").decode().splitlines()
        self.assertEqual(listed, ["a.sql", "d.sql"])
        built = self.quiet("build", "t", "--schema-only").decode()
        self.assertEqual([line[9:] for line in built.splitlines() if line.startswith(" * File: ")],
                         listed)
        self.assertEqual(self.quiet("list", "t", "--schema-only", "-0", "--size"),
                         b"3  a.sql\x003  d.sql\0")
        files = self.quiet("list", "t/a.sql", "t/seeds/b.sql", "--schema-only", "--base=t")
        self.assertEqual(files, b"a.sql\n")

    def test_explained(self):
        self.tree(**{"2_a": "", "seeds__1_b": "", "3_c": "", "z__0_d": ""})
        lines = self.quiet("list", "t", "--schema-only", "--explain", "--sort=hex").decode()
        # Places are those of the list without seeds.
        self.assertEqual(lines.splitlines(), [
            "z/0_d.sql: found in t by '**/*.sql'; placed by prefix 0, then d; number 1, by path 3",
            "2_a.sql: found in t by '**/*.sql'; placed by prefix 2, then a; number 2, by path 1",
            "3_c.sql: found in t by '**/*.sql'; placed by prefix 3, then c; number 3, by path 2",
            "seeds/1_b.sql: left out by --schema-only: it is a seed file"])
