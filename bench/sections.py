"""What run.py measures: each section asks peers, checks that they agree, and returns plain data."""

import json
import os

import peer_table
import rounds
import workloads
from building import Failed, run
from rounds import Cell, interleave, note, warm_up

# operation, title; peer_table.py says what the peers do of each
OPERATIONS = (
    ("find", "find"),
    ("hash_stream", "hash, stream"),
    ("hash_tree", "hash, tree"),
    ("manifest", "manifest"),
    ("check_reference", "check, as Python"),
    ("check", "check, PostgreSQL"),
    ("build", "build, reused memory"),
    ("build_fresh", "build, fresh memory"),
    ("build_digest", "build and digest"),
    ("file_new", "build to a new file"),
    ("file_over", "build over an old file"),
    ("whole", "whole build(), as Python"),
    ("whole_postgres", "whole build(), PostgreSQL"),
    ("whole_file", "the same to a new file"),
)
FLOORS = ("list", "opens", "files", "hash", "hash_openssl", "hash_many", "copy", "write_new",
          "write_over")

# Results that must be the same bytes. The first that is there is the yardstick.
AGREE = (
    ("find", (("python", "find"), ("ours", "find"), ("rust", "find"))),
    ("stream digest", (("python", "hash_stream"), ("ours", "hash_stream"))),
    ("tree digest", (("python", "hash_tree"), ("ours", "hash_tree"))),
    ("manifest", (("python", "manifest"), ("ours", "manifest"))),
    ("reference check", (("python", "check_reference"), ("ours", "check_reference"))),
    ("schema", (("python", "build"), ("ours", "build"), ("ours", "build_fresh"),
                ("ours", "build_digest"), ("python", "file_new"), ("python", "file_over"),
                ("ours", "file_new"), ("ours", "file_over"))),
    ("whole schema", (("python", "whole"), ("ours", "whole"))),
    ("whole schema, PostgreSQL's check", (("ours", "whole_postgres"), ("ours", "whole_file"))),
    ("the core's hash_files()", (("python", "core_hash"), ("rust", "hash_tree"))),
    ("the core's build_schema()", (("python", "core_build"), ("rust", "build"))),
)


class Peers:
    """Everybody who is there, each in a process of its own."""

    def __init__(self, programs, out):
        self.out = out
        out.mkdir(parents=True, exist_ok=True)
        self.ours = rounds.Peer("ours", [programs.ours])
        self.floors = rounds.Peer("floors", [programs.floors])
        commands = {entry.name: entry.command(programs) for entry in peer_table.PEERS}
        self.others = {name: rounds.Peer(name, command) for name, command in commands.items()
                       if command}

    def all(self):
        return [self.ours, self.floors, *self.others.values()]

    def entries(self):
        """(entry, peer) of those that are there."""
        return [(entry, self.others[entry.name]) for entry in peer_table.PEERS
                if entry.name in self.others]

    def cell(self, peer, operation, tree, label=None, minimum=3, **keys):
        return Cell(peer, operation, label, minimum, dir=tree,
                    out=self.out / (peer.name + ".sql"), **keys)

    def clear(self):
        for file in self.out.iterdir():
            file.unlink()
        for peer in (self.ours, self.floors):
            peer.ask("forget")

    def close(self):
        for peer in self.all():
            peer.close()


def agree(where, found):
    """found: (peer, operation) -> cell, all run once. What differs ends the run."""
    checked = []
    for what, members in AGREE:
        cells = [found[m] for m in members if m in found]
        good = [c for c in cells if not c.problem]
        if len(cells) > len(good) > 0:
            bad = next(c for c in cells if c.problem)
            raise Failed("{}, {}: {} fails where {} does not: {}".format(
                where, what, bad.label, good[0].label, bad.problem))
        for cell in good[1:]:
            if cell.digest != good[0].digest:
                raise Failed("{}, {}: {} {} gives {}, {} {} {}".format(
                    where, what, good[0].label, good[0].operation, good[0].digest,
                    cell.label, cell.operation, cell.digest))
        if len({c.label for c in good}) > 1:
            checked.append(what)
    # The reference's check raises false alarms; where it does not, the schema is the same.
    whole, postgres = found.get(("ours", "whole")), found.get(("ours", "whole_postgres"))
    if whole and postgres and not (whole.problem or postgres.problem):
        if whole.digest != postgres.digest:
            raise Failed("{}: the check changes the schema".format(where))
    # Rust's names are relative to what the files have in common; so are ours, if that is the tree.
    ours, rust = found.get(("ours", "hash_tree")), found.get(("rust", "hash_tree"))
    core = found.get(("python", "core_hash"))
    if ours and rust and not (ours.problem or rust.problem):
        same_base = core is None or core.digest == ours.digest
        if same_base and ours.digest != rust.digest:
            raise Failed("{}: the tree digests of ours and Rust differ".format(where))
        built, core_built = found.get(("rust", "build")), found.get(("ours", "build_core"))
        if same_base and built and core_built and built.digest != core_built.digest:
            raise Failed("{}: the schemas of ours and Rust differ".format(where))
        if same_base:
            checked.append("Rust's digest and schema, by confiture.h")
    files = found.get(("floors", "files"))
    if ours and files and not (ours.problem or files.problem):
        if (files.files, files.bytes) != (ours.files, ours.bytes):
            raise Failed("{}: the floor reads {} files, {} bytes; ours {}, {}".format(
                where, files.files, files.bytes, ours.files, ours.bytes))
    return checked


def floor(operation, parts, threads, shape):
    """The least time in which `threads` could do it, if all was divided without loss."""
    directories, files = shape
    hashing = min(parts[p] for p in ("hash", "hash_openssl") if p in parts)
    many, reading, copying = parts["hash_many"], parts["files"], parts["copy"]

    def shared(*times):
        return sum(times) / threads

    if operation == "find":
        return parts["list"] / min(threads, directories)
    if operation == "hash_stream":
        return max(hashing, shared(reading, hashing))
    if operation in ("hash_tree", "manifest"):
        return max(many / min(threads, files), shared(reading, many))
    if operation in ("check", "check_reference"):
        return shared(reading)
    if operation in ("build", "build_fresh"):
        return shared(reading, copying)
    if operation in ("file_new", "file_over"):
        writing = parts["write_" + operation[5:]]
        return max(writing, shared(reading, writing))
    if operation == "whole_file":
        writing = parts["write_new"]
        return max(hashing, writing, shared(reading, hashing, writing))
    return max(hashing, shared(reading, hashing, copying))


def main_cells(peers, name, tree, threads, plan):
    slowest = name in ("W5", "W6", "W7")  # minutes for the peers, even if they do it once
    ours = dict(threads=threads, pool=1)
    cells = []
    for operation, _ in OPERATIONS:
        cells.append(peers.cell(peers.ours, operation, tree, minimum=plan.rounds, **ours))
    for entry, peer in peers.entries() if name != "W7" else ():
        for operation in dict.fromkeys(entry.operations.values()):
            # Character by character: minutes for what is large.
            if operation in ("whole", "check_reference") and name not in plan.whole or \
                    name in entry.skips.get(operation, ()):
                continue
            few = 1 if slowest else 2 if name in entry.two_rounds else plan.rounds
            keys = dict(threads=threads) if entry.threaded else {}
            cells.append(peers.cell(peer, operation, tree, minimum=few, **keys))
            cells[-1].keep_first = entry.keep_first or slowest
    for part in FLOORS:
        cells.append(peers.cell(peers.floors, part, tree, minimum=plan.rounds))
    return cells


def check_cells(peers, name, tree, plan):
    """Run once, never timed: what the Rust peer must give."""
    cells = [peers.cell(peers.ours, "build_core", tree)]
    if name in plan.core and "python" in peers.others:
        cells += [peers.cell(peers.others["python"], o, tree) for o in ("core_hash", "core_build")]
    return cells if "rust" in peers.others else []


def main_table(peers, name, tree, threads, plan):
    """One workload: every operation of everybody, in one interleaved run."""
    note("{}: checking that the results are equal".format(name))
    cells = main_cells(peers, name, tree, threads, plan)
    extra = check_cells(peers, name, tree, plan)
    peers.floors.ask("files", dir=tree)  # into the page cache
    warm_up(cells)
    for cell in extra:
        cell.ask(1, verify=True)
    for cell in cells:
        if cell.problem and cell.peer is peers.ours and name in workloads.WORKLOADS:
            raise Failed("{} {}: {}".format(name, cell.operation, cell.problem))
    checked = agree(name, {(c.peer.name, c.operation): c for c in cells + extra})
    note("{}: timing".format(name))
    interleave(cells, plan.seconds, plan.patience)
    _, directories, files = peers.floors.ask("shape", dir=tree)
    shape = (int(directories), int(files))
    parts = {c.operation: c.least for c in cells if c.peer is peers.floors and not c.problem}
    by = {(c.peer.name, c.operation): c for c in cells}
    rows = []
    for operation, title in OPERATIONS:
        ours = by[("ours", operation)].record()
        if ours["problem"]:  # without the place where the trees are on this machine
            ours["problem"] = ours["problem"].replace(str(tree) + "/", "")
        row = {"operation": operation, "title": title, "ours": ours,
               "floor": floor(operation, parts, threads, shape)}
        for entry in peer_table.PEERS:
            other = by.get((entry.name, entry.operations.get(operation)))
            if other and not other.problem:
                row[entry.name] = other.record()
        rows.append(row)
    peers.clear()
    size = by[("ours", "hash_tree")].bytes
    return {"name": name, "files": shape[1], "directories": shape[0], "bytes": size,
            "threads": threads, "parts": parts, "rows": rows, "equal": checked}


def thread_settings():
    """label, keys: as many threads as there are processors, and what asking for more does."""
    found = [("1", dict(threads=1)), ("2", dict(threads=2)),
             ("2 parked", dict(threads=2, pool=1))]
    found += [(str(n), dict(threads=n)) for n in (4, 16) if n <= (os.cpu_count() or 1)]
    return found + [("64", dict(threads=64)), ("auto", dict(threads=0))]


READING = tuple((io, dict(threads=2, pool=1, io=io)) for io in ("read", "ring", "mmap"))


def thread_table(peers, name, tree, plan):
    """The same work with more and fewer threads, and read one by one, by rings, or mapped."""
    note("{}: threads".format(name))
    table = {"name": name, "threads": {}, "io": {}}
    cells = []
    for operation in ("find", "hash_stream", "hash_tree", "build"):
        for kind, settings in (("threads", thread_settings()), ("io", READING)):
            if kind == "io" and operation == "find":
                continue
            for label, keys in settings:
                # Mapping many small files takes seconds, and W3 has shown it.
                if label in plan.skip_threads or (label == "mmap" and name == "W6"):
                    continue
                cell = peers.cell(peers.ours, operation, tree, label=label,
                                  minimum=1 if name == "W5" else plan.thread_rounds, **keys)
                cell.kind = kind
                cell.keep_first = name == "W5"
                cells.append(cell)
    warm_up(cells)
    for operation in ("find", "hash_stream", "hash_tree", "build"):
        digests = {c.digest for c in cells if c.operation == operation and not c.problem}
        if len(digests) > 1:
            raise Failed("{} {}: the result depends on the threads".format(name, operation))
    interleave(cells, plan.thread_seconds, plan.patience)
    for cell in cells:
        table[cell.kind].setdefault(cell.operation, {})[cell.label] = cell.record()
    peers.clear()
    return table


# ---- a cold cache ----

DROP = "/proc/sys/vm/drop_caches"


def may_drop_caches():
    return os.access(DROP, os.W_OK)


def drop_caches(_cell):
    os.sync()
    with open(DROP, "w") as file:
        file.write("3\n")


def cold_table(peers, name, tree, threads, plan):
    note("{}: cold".format(name))
    ours = dict(threads=threads, pool=1)
    cells = [peers.cell(peers.ours, "hash_stream", tree, **ours),
             peers.cell(peers.ours, "hash_tree", tree, **ours),
             peers.cell(peers.ours, "build", tree, **ours)]
    for entry, peer in peers.entries():
        keys = dict(threads=threads) if entry.threaded else {}
        cells += [peers.cell(peer, operation, tree, **keys) for operation in entry.cold]
    for cell in cells:
        cell.single = True  # the second would be warm
        cell.minimum = plan.cold_rounds
    warm_up(cells)
    try:
        interleave(cells, 0.0, plan.patience, drop_caches)
    except OSError as error:
        return {"name": name, "problem": "not permitted: {}".format(error.strerror)}
    return {"name": name, "rows": [c.record() | {"peer": c.peer.name} for c in cells]}


# ---- Google Benchmark ----

def primitive_table(programs, folder, trees, plan):
    """Rates of SHA-256 by kernel, way and size: the best of three interleaved runs."""
    if not programs.gbench:
        return {"problem": programs.why["gbench"]}
    note("Google Benchmark: SHA-256")
    command = [programs.gbench, "--benchmark_format=json", "--benchmark_repetitions=3",
               "--benchmark_enable_random_interleaving=true",
               "--benchmark_min_time={}".format(plan.gbench_time)]
    result = run(command + ["--benchmark_filter=" + plan.gbench_filter])
    if result.returncode != 0:
        raise Failed("gbench: " + (result.stderr.strip() or "failed"))
    rates = {}
    for entry in json.loads(result.stdout)["benchmarks"]:
        if entry.get("run_type") == "aggregate" or "bytes_per_second" not in entry:
            continue
        what, _, size = entry["run_name"].rpartition("/")
        rate = entry["bytes_per_second"]
        sizes = rates.setdefault(what, {})
        sizes[size] = max(sizes.get(size, 0.0), rate)
    table = {"rates": rates}
    if trees:
        note("Google Benchmark: operations")
        file = folder / "gbench.json"
        command = [programs.gbench, "--benchmark_min_time=0.05",
                   "--benchmark_filter=^(find|hash|manifest|check|build|file|whole)",
                   "--benchmark_out=" + str(file), "--benchmark_out_format=json",
                   "--out=" + str(folder / "gbench.sql")]
        command += ["--tree={}={}".format(name, tree) for name, tree in trees.items()]
        result = run(command)
        if result.returncode != 0:
            raise Failed("gbench: " + (result.stderr.strip() or "failed"))
        table["operations"] = file.name
    return table


# ---- memory ----

def peak_memory(programs, *command):
    """KiB at the most, as the kernel counts them."""
    result = run([programs.peak, *command])
    if result.returncode != 0:
        raise Failed("{}: {}".format(" ".join(map(str, command)), result.stderr.strip()))
    return int(result.stdout)


def memory_row(programs, folder, name, tree):
    note("{}: memory".format(name))
    out = folder / "memory.sql"
    row = {"name": name,
           "list": peak_memory(programs, programs.command, "list", tree),
           "hash": peak_memory(programs, programs.command, "hash", tree),
           "hash, tree": peak_memory(programs, programs.command, "hash", "--digest", "tree", tree),
           "build to a file": peak_memory(programs, programs.command, "build", tree, "-q", "-o",
                                         out)}
    out.unlink(missing_ok=True)
    return row
