#!/usr/bin/env python3
"""Run examples/libpq.c against a real PostgreSQL: what it loads, and where it says that errors are.

    tests/postgres/libpq.py [COMMAND]           COMMAND: path of the confiture command, ./confiture

The line of its first comment compiles it. A tree of each case is loaded into an emptied database.
Without PostgreSQL, a C compiler, pkg-config or libpq's headers it says so and skips. The last line
is "N passed, N failed, N skipped".
"""

import re
import shutil
import subprocess
import sys

from postgres import EMPTY, EXAMPLE, STRUCTURE, ask
from postgres_server import ROOT, run_tests

SOURCE = ROOT / "examples" / "libpq.c"
# Before an error: characters of two, three and four bytes, more than the lines after it have, so
# that a position that is taken for a number of bytes is another line.
WIDE = "-- " + 40 * "é東😀" + "\n"
BAR = 42 * "="
KEPT = {"10_first.sql": "CREATE TABLE first (id int PRIMARY KEY);\n"}

# what it shows: (files beside 10_first.sql, where the error is, words that it has)
ERRORS = {
    "a syntax error": (
        {"20.sql": WIDE + "SELECT 1;\nSELECT 2;\nSELEKT 3;\nSELECT 4;\n"},
        "db/20.sql:4", 'ERROR: syntax error at or near "SELEKT"'),
    "a function that is missing, in a file without a final newline": (
        {"20.sql": "", "30.sql": WIDE + "\n\nSELECT 1; SELECT\n  missing();", "40.sql": ""},
        "db/30.sql:5", "missing() does not exist\nHINT: "),
    "the first line": ({"20.sql": "missing;\n"}, "db/20.sql:1", 'near "missing"'),
    "CRLF": ({"20.sql": WIDE + "SELECT 1;\r\n\r\nSELECT missing();\r\n"}, "db/20.sql:4", "missing"),
    "a function's body": (
        {"20.sql": WIDE + "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$\nBEGIN\n"
                          "  PERFORM 1;\n  nonsense here;\nEND $$;\n"},
        "db/20.sql:5", 'near "nonsense"'),
    "the end of the input": ({"20.sql": WIDE + "SELECT 1;\nSELECT 1 +\n\n"}, "db/20.sql:4",
                             "at end of input"),
    "a file that sets another encoding": (
        {"20.sql": "SET client_encoding = 'LATIN1';\n",
         "30.sql": "-- " + "\u00e9" * 40 + "\n\n\nmissing;\n"}, "db/30.sql:4", 'near "missing"'),
    "text that looks like a separator": (
        {"20.sql": f"/* {BAR}\n * File: 10_first.sql\n * {BAR} */\n\nmissing;\n"},
        "db/20.sql:5", 'near "missing"'),
    "a backslash command": (
        {"20.sql": "SELECT 1;\n\\set a 1\nSELECT 1;\n"}, "db/20.sql:2", "ERROR: syntax error"),
    "data of COPY": (
        {"20.sql": "SELECT 1;\nCOPY first FROM stdin;\n1\n2\n\\.\n"}, "db/20.sql:3", 'near "1"'),
    # No position: the file alone.
    "a duplicate key": (
        {"20.sql": "SELECT 1;\nINSERT INTO first VALUES (7), (7);\n"}, "db/20.sql",
        "violates unique constraint \"first_pkey\"\nDETAIL: Key (id)=(7) already exists."),
    "an exception in a function": (
        {"20.sql": "DO $$ BEGIN\n  RAISE EXCEPTION 'quince';\nEND $$;\n"}, "db/20.sql",
        "ERROR: quince\nCONTEXT: PL/pgSQL function inline_code_block line 2 at RAISE"),
    "VACUUM": ({"20.sql": "VACUUM first;\n"}, "db/20.sql", "cannot run inside a transaction block"),
    "COPY to the client": ({"20.sql": "COPY first TO stdout;\n"}, "db/20.sql", "PGRES_COPY_OUT"),
    "a constraint that COMMIT checks": (
        {"20.sql": "CREATE TABLE r (id int REFERENCES first DEFERRABLE INITIALLY DEFERRED);\n"
                   "INSERT INTO r VALUES (1);\n"}, "COMMIT", "violates foreign key constraint"),
    "a server that goes away": (
        {"20.sql": "SELECT pg_terminate_backend(pg_backend_pid());\n"}, "db/20.sql",
        "terminating connection"),
}
NESTED = "db/20.sql: WARNING: there is already a transaction in progress\n"
ENDS = "db/20.sql: ends the transaction: expected neither COMMIT nor ROLLBACK\n"
# what it shows: (files beside 10_first.sql, exit status, what is said, tables that then exist)
TRANSACTIONS = {
    "BEGIN and COMMIT of a file's own": (
        {"20.sql": "BEGIN;\nCREATE TABLE second ();\nCOMMIT;\n", "30.sql": "SELECT missing();\n"},
        1, NESTED + ENDS, "first,second"),
    "COMMIT before an error": (
        {"20.sql": "COMMIT;\nCREATE TABLE second ();\nSELECT 1/0;\n"}, 1,
        "db/20.sql: ERROR: division by zero\n" + ENDS, "first"),
    "ROLLBACK": ({"20.sql": "ROLLBACK;\n", "30.sql": "CREATE TABLE third ();\n"}, 1, ENDS, ""),
    "COMMIT AND CHAIN": ({"20.sql": "COMMIT AND CHAIN;\n"}, 1, ENDS, "first"),
    "ROLLBACK, and another transaction": (
        {"20.sql": "ROLLBACK;\nBEGIN;\n", "30.sql": "CREATE TABLE third ();\n"}, 1, ENDS, ""),
    "a savepoint": (
        {"20.sql": "SAVEPOINT s;\nCREATE TABLE second ();\nROLLBACK TO s;\n"}, 0, "", "first"),
    "BEGIN without COMMIT": (
        {"20.sql": "BEGIN;\nCREATE TABLE second ();\n"}, 0,
        NESTED, "first,second"),
    "a file of comments, and an empty one": ({"20.sql": "-- none\n", "30.sql": ""}, 0, "", "first"),
    "a notice": ({"20.sql": "CREATE TABLE IF NOT EXISTS first ();\n"}, 0,
                 'db/20.sql: NOTICE: relation "first" already exists, skipping\n', "first"),
}


def find_missing():
    missing = [f"no {program}" for program in ("cc", "pkg-config") if not shutil.which(program)]
    if not missing and subprocess.call(["pkg-config", "--exists", "libpq"]):
        missing.append("pkg-config finds no libpq (Debian has it in libpq-dev)")
    return missing


class Loader:
    """The program, in a folder that has what its compile line needs of a clone."""

    def __init__(self, server, folder):
        self.server, self.folder = server, folder
        (folder / "examples").mkdir()
        shutil.copy(SOURCE, folder / "examples")
        shutil.copy(ROOT / "confiture.h", folder)
        line = re.search(r"^ \*     (cc .*)$", SOURCE.read_text(encoding="utf-8"), re.M)[1]
        self.compiled = subprocess.run(["sh", "-c", line], cwd=folder, check=False,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def load(self, tree, database, *conninfo, **environment):
        """(exit status, standard output, standard error)"""
        variables = {**self.server.environment, "PGHOST": self.server.folder, "PGUSER": "postgres",
                     "PGDATABASE": database, "PGCLIENTENCODING": "LATIN1", **environment}
        done = subprocess.run([self.folder / "load", tree, *conninfo], cwd=self.folder,
                              env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, encoding="utf-8", timeout=120, check=False)
        return done.returncode, done.stdout, done.stderr

    def load_files(self, files, database):
        """The same for files below db, after the tables of the database are gone."""
        shutil.rmtree(self.folder / "db", ignore_errors=True)
        (self.folder / "db").mkdir()
        for name, text in {**KEPT, **files}.items():
            (self.folder / "db" / name).write_bytes(text.encode())
        self.server.sql(database, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        return self.load("db", database)

    def tables(self, database):
        return self.server.sql(database, "SELECT string_agg(relname, ',' ORDER BY relname) FROM "
                                         "pg_class WHERE relkind = 'r' AND "
                                         "relnamespace = 'public'::regnamespace")[0]


def errors(loader, counts, database):
    for what, (files, place, words) in ERRORS.items():
        what = f"{database}: {what}"
        status, output, said = loader.load_files(files, database)
        counts.check(f"{what}: status", (status, output) == (1, ""), (status, output, said))
        counts.check(f"{what}: place", re.match(f"{place}: (ERROR|FATAL): ", said), said)
        counts.check(f"{what}: words", words in said, said)
        counts.check(f"{what}: nothing stays", loader.tables(database) == "",
                     loader.tables(database))


def transactions(loader, counts, database):
    for what, (files, status, said, tables) in TRANSACTIONS.items():
        got = loader.load_files(files, database)
        counts.check(f"{what}: status", (got[0], bool(got[1])) == (status, status == 0), got)
        counts.check(f"{what}: message", got[2] == said, got[2])
        counts.check(f"{what}: tables", loader.tables(database) == tables, loader.tables(database))


def jamshop(loader, counts, command, server):
    """The example, whose seeds have the data of a COPY, as a whole and without them."""
    name = "90_seeds/020_recipes.sql"
    lines = (EXAMPLE / "db/schema" / name).read_text(encoding="utf-8").split("\n")
    copy = next(number for number, line in enumerate(lines) if re.match("COPY .* FROM stdin", line))
    tree = loader.folder / "whole"
    shutil.copytree(EXAMPLE / "db" / "schema", tree)
    server.sql("postgres", "CREATE DATABASE jamshop")
    status, _, said = loader.load("whole", "jamshop")
    counts.check("jamshop: the data of COPY is refused with its line",
                 status == 1 and f"whole/{name}:{copy + 2}: ERROR: syntax error" in said, said)
    ask(server, counts, "jamshop",
        [("nothing stays", "SELECT count(*) FROM pg_namespace WHERE nspname = 'shop'", "0")])
    shutil.rmtree(tree / "90_seeds")
    digest = subprocess.run([command, "hash", "--bare", tree], stdout=subprocess.PIPE, check=True,
                            encoding="utf-8").stdout
    got = loader.load("whole", "jamshop")
    counts.check("jamshop: load", got[0] == 0 and got[1].endswith(f" files, {digest}"), got)
    ask(server, counts, "jamshop", EMPTY + STRUCTURE)


def connections(loader, counts, database):
    here = f"host={loader.server.folder} user=postgres dbname={database}"
    loader.load_files({}, database)
    loader.server.sql(database, "DROP TABLE first")
    got = loader.load("db", "nowhere", here, PGHOST="/nowhere")
    counts.check("conninfo comes before PGHOST", got[0] == 0 and loader.tables(database) == "first",
                 got)
    got = loader.load("db", database, PGHOST="/nowhere")
    counts.check("no server", got[:2] == (1, "") and "/nowhere" in got[2], got)
    got = loader.load("db", database, "no conninfo")
    counts.check("no conninfo", got[:2] == (1, "") and 'missing "="' in got[2], got)
    (loader.folder / "db" / "20.sql").write_text("SELECT 1;\nSELECT 'open;\n")
    got = loader.load("db", database, PGHOST="/nowhere")
    counts.check("the tree comes first", got == (1, "", "db/20.sql:2: quote never closed\n"), got)


def tests(server, counts, command, folder):
    loader = Loader(server, folder)
    compiled = loader.compiled
    counts.check("compile", (compiled.returncode, compiled.stdout) == (0, b""),
                 compiled.stdout.decode(errors="replace"))
    if compiled.returncode:
        return
    # Positions count what the server has: characters, or the bytes of SQL_ASCII.
    for database, encoding in (("characters", "UTF8"), ("bytes", "SQL_ASCII")):
        server.sql("postgres",
                   f"CREATE DATABASE {database} TEMPLATE template0 ENCODING '{encoding}'")
        errors(loader, counts, database)
    transactions(loader, counts, "characters")
    connections(loader, counts, "characters")
    jamshop(loader, counts, command, server)


if __name__ == "__main__":
    sys.exit(run_tests(tests, find_missing()))
