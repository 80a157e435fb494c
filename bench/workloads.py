#!/usr/bin/env python3
"""The trees that are timed: made once, the same on every machine.

    bench/workloads.py [--million] [NAME...]     make them and print where they are

    W1  100 files of about 500 B in one directory (the original project's own benchmark)
    W2  1,000 x 2 KB in 20 directories       W3  10,000 x 4 KB in 200
    W4  100 x 1 MiB                          W5  one file of 1 GiB
    W6  100,000 x 1 KB in 1,000              W7  1,000,000 x 200 B in 10,000, if asked for

The text is SQL as schemas have it: tables, indexes, views, functions in dollar quotes, comments,
inserts. Sizes are spread by a quarter around the mean. Every sixteenth file has letters beyond
ASCII, as real trees do; W5, a dump, has none. Nothing in it is left open, and no string
holds what looks like a comment, so that every check passes and all peers do all their work.
"""

import argparse
import collections
import os
import pathlib
import random
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
VERSION = "3"  # of the text below: another one makes all trees anew
Workload = collections.namedtuple("Workload", "name files size directories what")

WORKLOADS = {w.name: w for w in (
    Workload("W1", 100, 500, 1, "100 x 500 B"),
    Workload("W2", 1000, 2 << 10, 20, "1,000 x 2 KB"),
    Workload("W3", 10000, 4 << 10, 200, "10,000 x 4 KB"),
    Workload("W4", 100, 1 << 20, 1, "100 x 1 MiB"),
    Workload("W5", 1, 1 << 30, 1, "1 x 1 GiB"),
    Workload("W6", 100000, 1 << 10, 1000, "100,000 x 1 KB"),
    Workload("W7", 1000000, 200, 10000, "1,000,000 x 200 B"),
)}

AREAS = ("tables", "views", "indexes", "functions", "triggers", "types", "grants", "data")
NOUNS = ("account", "address", "article", "batch", "booking", "carrier", "category", "contract",
         "country", "customer", "delivery", "device", "document", "employee", "event", "invoice",
         "item", "journal", "ledger", "location", "member", "message", "note", "order", "parcel",
         "payment", "permit", "person", "price", "product", "project", "quote", "receipt",
         "region", "request", "role", "season", "shipment", "stock", "supplier", "ticket", "unit")
TYPES = ("bigint NOT NULL", "text NOT NULL DEFAULT ''", "timestamptz NOT NULL DEFAULT now()",
         "numeric(12, 2) CHECK ({c} >= 0)", "boolean NOT NULL DEFAULT false", "uuid", "jsonb",
         "integer REFERENCES {n} (id) ON DELETE CASCADE", "date", "citext UNIQUE")
STATEMENTS = (
    "CREATE TABLE {s}.{a}_{n} (\n    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n"
    "    {b} {t},\n    {c} {u}\n);\n",
    "COMMENT ON TABLE {s}.{a}_{n} IS 'One row per {b}; it''s kept for {i} days.';\n",
    "CREATE INDEX {a}_{n}_{b}_idx ON {s}.{a}_{n} USING btree ({b}, {c}) WHERE {c} IS NOT NULL;\n",
    "-- The {b} of a {c} is looked up by its {n} more often than by anything else.\n",
    "/* {a} and {b}: rows are never deleted, only marked;\n   see {s}.{c}_{n}. */\n",
    "CREATE OR REPLACE VIEW {s}.{b}_{c}_{i} AS\nSELECT x.id, x.{b}, count(*) AS {c}s\n"
    "  FROM {s}.{a}_{n} AS x\n LEFT JOIN {s}.{c} AS y ON y.{a}_id = x.id\n"
    " WHERE x.{b} <> 'none' AND y.id > {i}\n GROUP BY x.id, x.{b};\n",
    "CREATE FUNCTION {s}.touch_{n}_{i}() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n"
    "    IF NEW.{b} IS DISTINCT FROM OLD.{b} THEN\n        NEW.changed := now();  -- only then\n"
    "    END IF;\n    RETURN NEW;\nEND;\n$$;\n",
    "CREATE TRIGGER {b}_touch BEFORE UPDATE ON {s}.{a}_{n}\n"
    "    FOR EACH ROW EXECUTE FUNCTION {s}.touch_{n}_{i}();\n",
    "INSERT INTO {s}.{a}_{n} ({b}, {c}) VALUES\n    ({i}, '{a} of {b}'),\n    ({j}, '{c}, {n}'),\n"
    "    ({k}, 'a {b} without \"{c}\"');\n",
    "ALTER TABLE {s}.{a}_{n} ADD CONSTRAINT {b}_positive CHECK ({b} > {i});\n",
    "GRANT SELECT, INSERT ON {s}.{a}_{n} TO {b}_reader;\n",
)
ACCENTED = "-- Größe, façade, naïve, señor: what people write into the {b} of a {c}.\n"


def fields(source):
    nouns = source.sample(NOUNS, 4)
    found = {"a": nouns[0], "b": nouns[1], "c": nouns[2], "n": nouns[3],
             "s": source.choice(("app", "core", "billing", "audit")),
             "i": source.randrange(1000), "j": source.randrange(10000),
             "k": source.randrange(100000)}
    found["t"] = source.choice(TYPES).format(**found)
    found["u"] = source.choice(TYPES).format(**found)
    return found


def make_pool(source):
    """Statements to choose from: making each one anew would take minutes for W6."""
    return [source.choice(STATEMENTS).format(**fields(source)) for _ in range(4096)]


def make_text(source, pool, size, accents):
    """SQL of exactly `size` bytes, the last of them comment."""
    parts = []
    length = 0
    if accents:
        parts.append(ACCENTED.format(**fields(source)).encode())
        length = len(parts[0])
    while length < size:
        statement = pool[int(source.random() * len(pool))].encode()
        if length + len(statement) > size:
            break
        parts.append(statement)
        length += len(statement)
    rest = size - length
    if rest:
        parts.append(b"-" * (rest - 1) + b"\n" if rest > 2 else b"\n" * rest)
    return b"".join(parts)


def file_parts(source, pool, workload, number):
    """The bytes of one file, in pieces."""
    if workload.files == 1:  # blocks, numbered, so that no two are alike
        block = make_text(source, pool, (1 << 20) - 32, False) + b"\n" * 3
        for part in range(workload.size >> 20):
            yield b"-- part %08d of the dump\n" % part + block
    else:
        size = int(workload.size * source.uniform(0.75, 1.25))
        yield make_text(source, pool, size, number % 16 == 7)


def write_tree(workload, folder):
    source = random.Random("confiture " + workload.name)
    pool = make_pool(source)
    each = workload.files // workload.directories
    for d in range(workload.directories):
        place = folder
        if workload.directories > 1:
            place = folder / "{:0{w}d}_{}".format(
                d, AREAS[d % len(AREAS)], w=len(str(workload.directories - 1)))
            place.mkdir()
        for f in range(each):
            number = d * each + f
            name = "{:0{w}d}_{}.sql".format(f, NOUNS[number % len(NOUNS)], w=len(str(each - 1)))
            with open(place / name, "wb", buffering=0) as file:
                for part in file_parts(source, pool, workload, number):
                    file.write(part)


def describe(workload):
    return "{} {} {} {} {}\n".format(VERSION, workload.name, workload.files, workload.size,
                                     workload.directories)


def prepare(name, folder):
    """The directory of one workload, made if it is not there as it should be."""
    workload = WORKLOADS[name]
    folder = pathlib.Path(folder).resolve()
    tree, stamp = folder / name, folder / (name + ".stamp")
    if stamp.is_file() and stamp.read_text() == describe(workload) and tree.is_dir():
        return tree
    stamp.unlink(missing_ok=True)
    if tree.exists():
        shutil.rmtree(tree)
    tree.mkdir(parents=True)
    write_tree(workload, tree)
    # What is still to be written to the disk would be written while others are timed.
    os.sync()
    stamp.write_text(describe(workload))
    return tree


def room_for(name, folder):
    """None, or why the machine is too small: the Python peer holds a file three times."""
    workload = WORKLOADS[name]
    if workload.size < 1 << 30:
        return None
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < 6 << 30:
        return "less than 6 GiB of disk are free"
    try:
        text = pathlib.Path("/proc/meminfo").read_text()
        available = int(text.split("MemAvailable:")[1].split()[0]) << 10
    except (OSError, IndexError, ValueError):
        return None
    return "less than 7 GiB of memory are free" if available < 7 << 30 else None


def real_trees():
    """name: directory of public schemas, where somebody has put them beside the repository."""
    place = pathlib.Path(os.environ.get("CONFITURE_TREES") or ROOT.parent / "shared" / "trees")
    if not place.is_dir():
        return {}
    return {tree.name: tree.resolve() for tree in sorted(place.iterdir())
            if tree.is_dir() and next(tree.rglob("*.sql"), None)}


def main():
    parser = argparse.ArgumentParser(description="Make the trees that are timed.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="W1 to W7; default: W1 to W6")
    parser.add_argument("--million", action="store_true", help="W7 too")
    parser.add_argument("--folder", default=str(ROOT / "build" / "bench" / "work"))
    options = parser.parse_args()
    names = options.names or [n for n in WORKLOADS if n != "W7"]
    if options.million and "W7" not in names:
        names.append("W7")
    for name in names:
        if name not in WORKLOADS:
            parser.error("no workload '{}'".format(name))
        why_not = room_for(name, options.folder)
        made = "left out: " + why_not if why_not else prepare(name, options.folder)
        print(name, made, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
