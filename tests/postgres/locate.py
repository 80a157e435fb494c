#!/usr/bin/env python3
"""Compare the lines that `confiture locate` names with where errors of a real psql really are.

    tests/postgres/locate.py [COMMAND]           COMMAND: path of the confiture command, ./confiture

Each file of a tree has one statement that fails, and names itself in the message of the error. psql
runs the schema, with -f FILE and with -f -; its messages pass through the filter. The source
line that each of them then has must be the last line of the statement, found in the files' own
bytes. Without PostgreSQL it says so and skips. The last line is "N passed, N failed, N skipped".
"""

import re
import subprocess
import sys

from postgres_server import run_tests

BAR = "=" * 42

# name: text. "@" is the name of an error, "!" follows the statement that raises it: psql names its
# line, and the test removes it.
FILES = {
    "10_first.sql": "SELECT no_@();!\nSELECT 1;\n",
    "20_last.sql": "SELECT 1;\n\n\nSELECT\n  no_@();!\n",
    "21_no_newline.sql": "SELECT 1;\nSELECT no_@();!",
    "22_empty.sql": "",
    "30/10_body.sql": "CREATE FUNCTION f_@() RETURNS void LANGUAGE plpgsql AS $$\nBEGIN\n"
                      "  PERFORM 1;\n  this is no_@ statement;\nEND\n$$;!\nSELECT 1;\n",
    "30/20_called.sql": "CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $$\nBEGIN\n"
                        "  RAISE EXCEPTION 'no_@';\nEND $$;\n\nSELECT\n g()\n;!\nSELECT 2;\n",
    "30/30_sql_body.sql": "CREATE FUNCTION h() RETURNS int\nBEGIN ATOMIC\n  SELECT 1;\n"
                          "  SELECT no_@();\nEND;!\n",
    "40_crlf.sql": "SELECT 1;\r\nSELECT\r\n2;\r\nSELECT no_@();!\r\nSELECT 3;\r\n",
    "50_like_a_separator.sql": f"\n/* {BAR}\n * File: 10_first.sql\n * {BAR} */\n\n"
                               f"-- File: 10_first.sql\nSELECT no_@();!\n",
    "60_copy.sql": "CREATE TABLE t (n int);\nCOPY t FROM stdin;\n1\n2\n\\.\nSELECT no_@();!\n",
    "61_notice.sql": "DO $$ BEGIN\n  RAISE NOTICE 'no_@';\nEND $$;!\n",
    "70_two_on_a_line.sql": "SELECT 1; SELECT no_@();! SELECT 2;\n",
    "80_comment.sql": "/* a\n * b\n */ SELECT -- c;\n  no_@(); -- d!\nSELECT 1;\n",
    "90_unended.sql": "SELECT 1;\nSELECT\n no_@()!",
}


def make_tree(folder, files):
    """Writes the files; {error: (path, line)}."""
    expected = {}
    for number, (name, text) in enumerate(files.items()):
        error = f"e{number}x"
        before = text.partition("!")[0]
        path = folder / "db" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.replace("!", "").replace("@", error).encode())
        if "@" in text:
            expected[f"no_{error}"] = (f"db/{name}", before.count("\n") + 1)
    return expected


def run(command, folder, arguments, data=b""):
    return subprocess.run([command, *arguments], cwd=folder, input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120, check=False)


def psql(server, folder, script, as_input):
    """What psql prints of a script, which goes on after errors."""
    arguments = [server.psql, "-X", "-q", "-h", server.folder, "-U", "postgres", "-d", "postgres"]
    done = subprocess.run(arguments + ["-f", "-" if as_input else script], cwd=folder,
                          stdin=open(folder / script, "rb") if as_input else subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False,
                          env={**server.environment, "PGCLIENTENCODING": "UTF8"})
    server.sql("postgres", "DROP TABLE IF EXISTS t; DROP FUNCTION IF EXISTS g()")
    return done.stdout


def messages(text):
    """{error: (path, line)} of what psql prints: the first line of each message has the locus."""
    return {found[3]: (found[1], int(found[2])) for found in
            re.finditer(r"^psql:(.+?):(\d+): (?:ERROR|NOTICE): .*?(no_e\d+x)", text.decode(), re.M)}


def compare(counts, what, got, expected):
    counts.check(f"{what}: errors", sorted(got) == sorted(expected),
                 f"{sorted(got)}, expected {sorted(expected)}")
    for error in sorted(set(got) & set(expected)):
        counts.check(f"{what}: {error}", got[error] == expected[error],
                     f"{got[error]}, expected {expected[error]}")


def body_messages(text, expected):
    """Messages in whose first line the error is not named: 'syntax error at or near "this"'."""
    lines = text.decode().split("\n")
    for number, line in enumerate(lines):
        found = re.match(r'psql:(.+?):(\d+): ERROR:  syntax error at or near "this"', line)
        if found:
            context = "\n".join(lines[number + 1:number + 3])
            error = re.search(r"no_e\d+x", context)
            yield (error[0] if error else None), (found[1], int(found[2]))


def one_schema(server, counts, command, folder, what, how, expected):
    """A build, psql on it by name and from standard input, and the filter after each."""
    built = run(command, folder, ["build", "db", "-o", "schema.sql", "--map", "schema.map", *how])
    counts.check(f"{what}: build", built.returncode == 0, built.stdout)
    for as_input in (False, True):
        raw = psql(server, folder, "schema.sql", as_input)
        place = "<stdin>" if as_input else "schema.sql"
        counts.check(f"{what}: psql names {place}", f"psql:{place}:".encode() in raw, raw)
        for mapped in (["db", *how], ["db", "-o", "schema.sql", *how], ["--map", "schema.map"]):
            done = run(command, folder, ["locate", *mapped], data=raw)
            name = f"{what}, {place}, {mapped}"
            counts.check(f"{name}: status", done.returncode == 0, done.stdout)
            got = messages(done.stdout)
            got.update(body_messages(done.stdout, expected))
            compare(counts, name, got, expected)
            rest = re.compile(rb"^psql:.+?:\d+: ", re.M)
            counts.check(f"{name}: nothing else changes",
                         rest.sub(b"", done.stdout) == rest.sub(b"", raw), done.stdout)
    got = messages(raw)
    for error, (_, line) in got.items():  # the same line by line
        done = run(command, folder, ["locate", "db", "-q", "-n", str(line), *how])
        counts.check(f"{what}: -n {line}",
                     done.stdout.decode() == "{}:{}\n".format(*expected[error]), done.stdout)


def statements(counts, command, folder, expected):
    """-n also says where the statement began that fails."""
    for error, begins in (("no_e1x", 4), ("no_e4x", 1), ("no_e5x", 6), ("no_e6x", 1)):
        path, line = expected[error]
        back = run(command, folder, ["locate", "db", "--terminate", "--back", f"{path}:{line}"])
        done = run(command, folder, ["locate", "db", "--terminate", "-n", back.stdout.decode().strip()])
        counts.check(f"statement of {error}", done.stdout.decode() ==
                     f"{path}:{line} (statement begins at line {begins})\n", done.stdout)


def split(server, counts, command, folder, expected):
    how = ["db", "--split", "out", "--pre", "db/30", "--terminate", "--header"]
    built = run(command, folder, ["build", *how])
    counts.check("split: build", built.returncode == 0, built.stdout)
    got = {}
    for phase in ("superuser_pre", "app"):
        raw = psql(server, folder, f"out/schema_local_{phase}.sql", False)
        done = run(command, folder, ["locate", *how], data=raw)
        got.update(messages(done.stdout))
        got.update(body_messages(done.stdout, expected))
    compare(counts, "split", got, expected)


def one_file(server, counts, command, folder):
    """An error in the first line of all, and a schema that psql reads beside another script."""
    expected = make_tree(folder, {"a.sql": "SELECT no_@();!"})
    one_schema(server, counts, command, folder, "one file, no separator",
               ["--separator", "none"], expected)
    (folder / "other.sql").write_text("SELECT no_other();\n\\i schema.sql\n")
    raw = psql(server, folder, "other.sql", False)
    done = run(command, folder, ["locate", "db", "--separator", "none"], data=raw)
    counts.check("a line of another file is none of the schema",
                 b"psql:other.sql:1: ERROR" in done.stdout and b"psql:db/a.sql:1: ERROR" in
                 done.stdout and b"psql:schema.sql:" not in done.stdout, done.stdout)


def tests(server, counts, command, folder):
    tree = folder / "whole"
    tree.mkdir()
    expected = make_tree(tree, FILES)
    for what, how in (("block_comment", []), ("none", ["--separator", "none"]),
                      ("line_comment, header", ["--separator", "line_comment", "--header"]),
                      ("custom", ["--separator", "custom", "--template", "--\n--\n-- {file_path}"]),
                      ("line ends kept", ["--keep-line-ends"])):
        one_schema(server, counts, command, tree, what, ["--terminate", *how], expected)
    statements(counts, command, tree, expected)
    split(server, counts, command, tree, expected)
    single = folder / "single"
    single.mkdir()
    one_file(server, counts, command, single)


if __name__ == "__main__":
    sys.exit(run_tests(tests))
