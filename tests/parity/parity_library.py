"""The library and the command against the golden trees and builds."""

import base64

import confiture_reference as reference
from confiture_reference import ConfitureError
from parity_driver import findings
from parity_golden import HEADER, digest, expect
from parity_session import THREADS, compare_error, run_command

def find_pairs(case):
    pairs = []
    for d in case.directories:
        pairs.append(("dir", d.path))
        pairs += [("include", p) for p in d.include] + [("exclude", p) for p in d.exclude]
        pairs += [] if d.recursive else [("not_recursive", "")]
        pairs += [("must_exist", "")] if d.must_exist else []
    return pairs + [("exclude_dir", d) for d in case.exclude_dirs] + [("sort", case.sort_mode)]


def succeed(driver, op, *pairs):
    answer = driver.request(op, *pairs)
    if answer.error:
        raise AssertionError("%s: %r" % (op, answer.error))
    return answer.fields


def check_tree(driver, case, threads):
    """All styles on one thread; on more, one of them: the trees are large."""
    entry = case.entry
    styles = list(entry["body"])
    if threads > 1:
        styles = [styles[threads % len(styles)]]
    fields = succeed(driver, "find", ("threads", threads), *find_pairs(case))
    expect(fields[0].decode(), case.rooted(entry["base_dir"]), "base")
    expect(b"".join(n + b"\0" for n in fields[2::3]), case.order, "order")
    run = ("threads", threads)
    unchecked = ("check", "none")  # what the original joins, whatever it is
    expect(succeed(driver, "hash", run)[0].decode(), entry["python_hash"], "stream digest")
    if entry["rust_body"] == entry["v020a_body"]:
        expect(succeed(driver, "hash", ("kind", "tree"), run)[0].decode(), entry["rust_hash"],
               "tree digest")
    try:
        wanted = reference.hash_text(case.find())
        expect(succeed(driver, "hash", ("kind", "text"), run)[0].decode(), wanted, "text digest")
    except ConfitureError as error:
        compare_error(driver.request("hash", ("kind", "text"), run).error, error, "text digest")
    for style in styles:
        if threads == 1:
            wanted = entry["body"][style]
            built = succeed(driver, "build", ("separator", style), unchecked, run)
            expect((digest(built[1]), len(built[1])), (wanted["sha256"], wanted["bytes"]), style)
            expect(built[4].decode(), entry["python_hash"], "digest of the build")
        wanted = entry["full"][style]
        built = succeed(driver, "build", ("separator", style), unchecked, run, ("header", ""),
                        ("sink", ""),
                        ("environment", HEADER[0]), ("timestamp", HEADER[1]))
        expect((digest(built[1]), len(built[1])), (wanted["sha256"], wanted["bytes"]),
               "full " + style)
    checked = driver.request("check", ("check", "reference"), ("all", ""), run)
    found = [(f[1], f[3]) for f in findings(checked.fields[0])]
    if entry["validation"] is None:
        expect(found, [], "reference check")
    else:
        message = case.rooted(entry["validation"])
        expect([m for m in message.split("\n  ")[1:] if any(
            m.startswith("%s:%d - " % f) for f in found)], message.split("\n  ")[1:],
            "reference check")
    checked = driver.request("check", ("check", "postgres"), ("all", ""), run)
    wanted = []
    try:
        reference.check(case.find(), "postgres", wanted.append)
    except ConfitureError:
        pass
    expect([(f[1], f[3], f[5]) for f in findings(checked.fields[0]) if f[0] != "ok"],
           [(f.path, f.line, f.what) for f in wanted], "postgres check")


def check_tree_command(command, case):
    """The command on a whole golden tree; its options must do for what the tree asks."""
    entry = case.entry
    first = case.directories[0]
    if any(d._replace(path=first.path) != first for d in case.directories):
        return
    args = ["--include=" + p for p in first.include] + ["--exclude=" + p for p in first.exclude]
    args += ["--sort=" + case.sort_mode, "--"] + [d.path for d in case.directories]
    run_command(command, ["list", "-0"] + args, case.order, None)
    run_command(command, ["hash"] + args, entry["python_hash"].encode() + b"  ", None)
    files = case.find()
    run_command(command, ["hash", "--digest=tree"] + args,
                reference.hash_tree(files).encode() + b"  ", None)
    run_command(command, ["build", "-o", "-", "--check=none"] + args,
                reference.build(files), None)
    run_command(command, ["build", "--separator", "mysql", "--header", "--environment", HEADER[0],
                          "--timestamp", HEADER[1]] + args,
                reference.build(files, "mysql", header=HEADER), None)


def check_build(driver, case, rng):
    """A small build of units.json. What must be an error names the first file in list order."""
    entry = case.entry
    answer = driver.request("find", ("threads", rng.choice(THREADS)), *find_pairs(case))
    if isinstance(entry["order"], dict):
        message = entry["order"]["SchemaError"]
        expect(answer.error and answer.error.kind,
               "no_files" if message.startswith("No SQL files") else "not_found", message)
        return
    expect(answer.error, None, "find")
    expect([n.decode() for n in answer.fields[2::3]], entry["order"], "order")
    expect([n.decode() for n, seed in zip(answer.fields[2::3], answer.fields[3::3])
            if seed == b"1"], entry["seeds"], "seeds")
    files = case.find()
    hashed = driver.request("hash", ("threads", rng.choice(THREADS)))
    if isinstance(entry["hash"], dict):
        expect(entry["hash"]["SchemaError"].replace("{ROOT}", case.root).startswith(
            "Error reading %s for hash" % (hashed.error and hashed.error.path)), True, "digest")
    else:
        expect(hashed.error or hashed.fields[0].decode(), entry["hash"], "digest")
    for key, wanted in entry["body"].items():
        style, _, unchecked = key.partition("/")
        check = "none" if unchecked else "reference"
        pairs = [("separator", style), ("check", check), ("threads", rng.choice(THREADS))]
        pairs += [("schema_only", "")] if entry["schema_only"] else []
        # Without a digest a seed file that cannot be read does not matter.
        built = driver.request("build", ("no_digest", ""), *pairs)
        try:
            reference.build(files, style, schema_only=entry["schema_only"], check=check,
                            digest=False)
            compare_error(built.error, None, key)
            expect(built.fields[1], base64.b64decode(wanted), key)
        except ConfitureError as error:
            expect(isinstance(wanted, dict), True, key)
            compare_error(built.error, error, key)
