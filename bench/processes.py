"""Whole processes, by hyperfine: the command beside the tools that one would reach for."""

import json
import shlex
import shutil
import subprocess
import time

from building import Failed
from rounds import note

# From so many seconds on, the run that is checked is the one that counts: a shell's milliseconds
# are nothing then, and the files are in the page cache, since they have just been hashed.
LONG = 2.0
FIND0 = "find {dir} -name '*.sql' -type f -print0 | LC_ALL=C sort -z | xargs -0 "
FIND = "find {dir} -name '*.sql' -type f | LC_ALL=C sort | "

# label, what it is compared with, the tools that it needs, the command line
COMMANDS = (
    ("confiture hash", None, (), "{confiture} hash -q {dir}"),
    ("confiture hash, tree", None, (), "{confiture} hash -q --digest tree {dir}"),
    ("find, sort, cat, sha256sum", "confiture hash", ("find", "sort", "xargs", "sha256sum"),
     FIND0 + "cat | sha256sum"),
    ("openssl dgst", "confiture hash", ("openssl", "xargs"), FIND0 + "openssl dgst -sha256 -r"),
    ("sha256sum", "confiture hash", ("sha256sum", "xargs"), FIND0 + "sha256sum"),
    ("git hash-object", "confiture hash", ("git",),
     FIND + "git hash-object --no-filters --stdin-paths"),
    ("b3sum", "confiture hash", ("b3sum", "xargs"), FIND0 + "b3sum"),
    ("confiture build", None, (), "{confiture} build -q {dir} -o {out}"),
    ("find, sort, cat > file", "confiture build", ("find", "sort", "xargs"),
     FIND0 + "cat > {out}"),
)


def shell(line):
    start = time.perf_counter()
    result = subprocess.run(["sh", "-c", line], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)
    if result.returncode != 0:
        raise Failed("{}\n{}".format(line, result.stderr.strip()))
    return result.stdout, time.perf_counter() - start


def words(text):
    return [line.split()[0].lstrip("\\") for line in text.splitlines() if line]


class Expected:
    """What the tools must print, so that they see the same bytes in the same order as ours."""

    def __init__(self, name, fields):
        self.name = name
        self.digests = words(shell("{confiture} list --digests {dir}".format(**fields))[0])
        self.joined = words(shell("{confiture} build -q --separator none --check none {dir} | "
                                  "sha256sum".format(**fields))[0])

    def check(self, label, output):
        found, expected = words(output), self.digests
        if label == "find, sort, cat, sha256sum":
            expected = self.joined
        elif label in ("git hash-object", "b3sum"):  # other hashes: as many of them
            found, expected = len(found), len(expected)
        elif label not in ("openssl dgst", "sha256sum"):
            return
        if found != expected:
            raise Failed("{}: {} does not see what confiture sees".format(self.name, label))


def process_table(programs, folder, name, tree, plan):
    if not shutil.which("hyperfine"):
        return {"name": name, "problem": "hyperfine is not installed"}
    fields = {"confiture": shlex.quote(str(programs.command)), "dir": shlex.quote(str(tree)),
              "out": shlex.quote(str(folder / "process.sql"))}
    note("{}: whole processes, checking".format(name))
    expected = Expected(name, fields)
    rows = []
    export = folder / "hyperfine.json"
    for label, beside, tools, line in COMMANDS:
        missing = [tool for tool in tools if shutil.which(tool) is None]
        if missing:
            rows.append({"label": label, "beside": beside,
                         "problem": "not installed: " + ", ".join(missing)})
            continue
        line = line.format(**fields)
        note("{}: {}".format(name, label))
        output, took = shell(line)
        expected.check(label, output)
        if took > LONG:
            rows.append({"label": label, "beside": beside, "min": took, "median": took, "runs": 1})
            continue
        if not line.endswith("> " + fields["out"]):
            line += " > /dev/null"
        runs = max(3, min(50, int(plan.process_seconds / took)))
        result = subprocess.run(["hyperfine", "--style", "none", "--runs", str(runs),
                                 "--export-json", str(export), line], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if result.returncode != 0:
            raise Failed("hyperfine: " + result.stderr.strip())
        found = json.loads(export.read_text())["results"][0]
        rows.append({"label": label, "beside": beside, "min": found["min"],
                     "median": found["median"], "runs": len(found["times"])})
    (folder / "process.sql").unlink(missing_ok=True)
    export.unlink(missing_ok=True)
    return {"name": name, "rows": rows}
