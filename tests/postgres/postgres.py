#!/usr/bin/env python3
"""Load the bundled example schema into a real PostgreSQL.

    tests/postgres/postgres.py [COMMAND]         COMMAND: path of the confiture command, ./confiture

Starts a PostgreSQL of its own in a temporary folder, as a user without rights,
reachable through a socket in that folder and nowhere else; loads what the command
builds with psql -v ON_ERROR_STOP=1; asks for some facts; stops it and removes
the folder. Without PostgreSQL it says so and skips.
"""

import os
import subprocess
import sys

from postgres_server import ROOT, run_tests

EXAMPLE = ROOT / "examples" / "jamshop"

# (what it shows, the question, the answer)
STRUCTURE = [
    ("tables", "SELECT count(*) FROM pg_tables WHERE schemaname IN ('kitchen', 'shop', 'audit')",
     "16"),
    ("views", "SELECT count(*) FROM pg_views WHERE schemaname IN ('kitchen', 'shop')", "4"),
    ("materialized view", "SELECT count(*) FROM pg_matviews WHERE schemaname = 'shop'", "1"),
    ("functions", "SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
                  " WHERE n.nspname IN ('kitchen', 'shop', 'audit')", "12"),
    ("triggers", "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgparentid = 0", "8"),
    ("policies", "SELECT count(*) FROM pg_policies", "2"),
    ("roles", "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'jamshop%'", "3"),
    ("grants", "SELECT has_table_privilege('jamshop_clerk', 'shop.orders', 'UPDATE')"
               " AND NOT has_table_privilege('jamshop_reader', 'shop.orders', 'SELECT')", "t"),
    ("a domain refuses", "SELECT 'apr-250'::shop.sku", "ERROR"),
    ("a function in SQL", "SELECT shop.euros(123456)", "EUR 1,234.56"),
    ("a function without dollar quotes", "SELECT kitchen.slug('Reine-Claude & Vanille')",
     "reine-claude-vanille"),
    ("comment marks in a function's strings",
     "SELECT kitchen.strip_remarks('Boil /* not too /* long */ and stir. /* or')",
     "Boil and stir."),
    ("quotes inside dollar quotes inside dollar quotes", "SELECT audit.make_partition(2027)",
     "changes_2027"),
    ("its partition", "SELECT count(*) FROM pg_tables WHERE tablename = 'changes_2027'", "1"),
    ("bookings do not overlap",
     "INSERT INTO kitchen.kettles VALUES (9, 'Test', 1000);"
     " INSERT INTO kitchen.kettle_bookings VALUES"
     " (9, '[2026-01-01 08:00, 2026-01-01 10:00)', 'a'),"
     " (9, '[2026-01-01 09:00, 2026-01-01 11:00)', 'b')",
     "ERROR"),
]
CONTENTS = [
    ("seeds", "SELECT count(*) FROM shop.customers", "3"),
    ("seeds in UTF-8",
     "SELECT (address).city FROM shop.customers WHERE email = 'TANAKA@example.org'",
     "東京都世田谷区"),
    ("COPY from the script", "SELECT kitchen.strip_remarks(method) FROM kitchen.recipes"
                             " WHERE slug = 'quince-jelly'",
     "Do not peel: the pectin is in the skin."),
    ("COPY knows \\n", "SELECT position(E'\\n' IN method) > 0 FROM kitchen.recipes"
                       " WHERE slug = 'mirabelle'", "t"),
    ("an E string", "SELECT description FROM shop.products WHERE sku = 'STR-250'",
     "Sweet ↔ sour"),
    ("stock", "SELECT jars FROM shop.stock WHERE sku = 'MIR-250'", "34"),
    ("an order's total", "SELECT total FROM shop.order_totals WHERE status = 'placed'", "4580"),
    ("the last file, without a newline", 'SELECT "Turnover, in cents" FROM shop.monthly_sales'
                                         " WHERE sku = 'STR-250'", "1040"),
    ("provenance", 'SELECT "from" FROM kitchen.provenance WHERE title LIKE \'Confiture%\'',
     "Verger Œillet – Saint-Nabor-lès-Prés"),
    ("search", "SELECT sku FROM shop.search('strawbery')", "STR-250"),
    ("a trigger: what is not there is not sold",
     "UPDATE shop.order_lines SET jars = 99 WHERE sku = 'MIR-500';"
     " SELECT shop.place_order(order_id) FROM shop.orders WHERE status = 'basket'", "ERROR"),
    ("a function that places an order",
     "SELECT shop.place_order(order_id) FROM shop.orders WHERE status = 'basket'", "11880"),
    ("and takes the stock", "SELECT jars FROM shop.stock WHERE sku = 'MIR-500'", "0"),
    ("a trigger: updated_at", "UPDATE shop.products SET price = 600 WHERE sku = 'MIR-250'"
                              " RETURNING updated_at > now() - interval '1 minute'", "t"),
    ("a trigger: the audit log", "SELECT before->>'price', after->>'price' FROM audit.changes"
                                 " WHERE table_name = 'shop.products' AND action = 'update'",
     "590|600"),
    ("passwords", "SELECT shop.set_password('zoe@example.org', 'brambles');"
                  " SELECT shop.password_is('Zoe@Example.org', 'brambles'),"
                  " shop.password_is('zoe@example.org', 'nettles')", "t|f"),
    ("row security: clerks see no baskets",
     "INSERT INTO shop.orders (customer_id) SELECT customer_id FROM shop.customers LIMIT 1;"
     " SET ROLE jamshop_clerk; SELECT count(*) FROM shop.orders WHERE status = 'basket'", "0"),
]
EMPTY = [
    ("no seeds",
     "SELECT (SELECT count(*) FROM shop.customers) + (SELECT count(*) FROM kitchen.recipes)",
     "0"),
]


def ask(server, counts, name, questions):
    for what, question, expected in questions:
        answer, message = server.sql(name, question)
        counts.check(f"{name}: {what}", answer.split("\n")[-1] == expected,
                     f"{question}\n    expected {expected!r}, got {answer!r} {message}")


def load_and_ask(server, counts, command, folder, name, options, questions):
    output = os.path.join(folder, name + ".sql")
    built = subprocess.run([command, "build", "db/schema", "-o", output, *options], cwd=EXAMPLE,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT)
    counts.check(f"{name}: build", built.returncode == 0, built.stdout.decode(errors="replace"))
    if built.returncode:
        return
    server.sql("postgres", f"CREATE DATABASE {name}")
    status, _, message = server.client(name, ["-f", output])
    counts.check(f"{name}: load", status == 0, message)
    if status == 0:
        ask(server, counts, name, questions)
    dropped = server.sql("postgres", f"DROP DATABASE {name}")
    counts.check(f"{name}: drop", dropped[0] != "ERROR", dropped[1])


def tests(server, counts, command, folder):
    for name, options, questions in [
            ("whole", [], STRUCTURE + CONTENTS),
            ("schema_only", ["--schema-only"], EMPTY + STRUCTURE),
            ("line_comment", ["--separator", "line_comment", "--header"], STRUCTURE + CONTENTS)]:
        load_and_ask(server, counts, command, folder, name, options, questions)


if __name__ == "__main__":
    sys.exit(run_tests(tests))
