#!/usr/bin/env python3
"""The Python tool's way of doing it, behind the line protocol of run.py (see protocol.h).

What is timed is what the original does: pathlib's rglob, sorted Paths, read_bytes and read_text,
hashlib, a list of parts that is joined; and its whole build(), which finds the files twice and
reads each of them three times. The functions of tests/reference/ that it is made of are the
ones by which the tests judge confiture.h. Only the keys dir and out of a request are looked at.
"""

import hashlib
import pathlib
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "reference"))

import confiture_reference as reference  # noqa: E402

HEADER = ("local", "2026-01-01T00:00:00")


def original(directory):
    return reference.build_like_original(directory, HEADER)


def names(directory, files):
    return [path.relative_to(directory).as_posix() for path in files]


class Work:
    """One operation a method: each returns what it made, of which result() takes the digest."""

    def __init__(self, fields):
        self.dir = fields.get("dir", ".")
        self.out = fields.get("out", "")

    def find(self):
        return original(self.dir).find()

    def hash_stream(self):
        return original(self.dir).compute_hash()

    def hash_tree(self):
        outer = hashlib.sha256()
        builder = original(self.dir)
        for path in builder.find():
            name = str(path.relative_to(builder.directory)).encode("utf-8")
            outer.update(hashlib.sha256(name + b"\0" + path.read_bytes() + b"\0").digest())
        return outer.hexdigest()

    def manifest(self):
        entries = []
        for path in original(self.dir).find():
            data = path.read_bytes()
            entries.append((len(data), hashlib.sha256(data).hexdigest()))
        return entries

    def check_reference(self):
        builder = original(self.dir)
        files = builder.find()
        builder.validate(files)
        return len(files)

    def build(self):
        builder = original(self.dir)
        parts = []
        for path in builder.find():
            text = path.read_text(encoding="utf-8")
            parts.append(reference.separator(str(path.relative_to(builder.directory))))
            parts.append(text if text.endswith("\n") else text + "\n")
        return "".join(parts)

    def write(self):
        pathlib.Path(self.out).write_text(self.build(), encoding="utf-8", newline="")
        return pathlib.Path(self.out)

    def file_new(self):
        return self.write()

    def file_over(self):
        return self.write()

    def whole(self):
        return original(self.dir).build()

    # What the Rust peer must give; it is not timed.

    def core_hash(self):
        return reference.core_hash_files([str(path) for path in self.find()])

    def core_build(self):
        return reference.core_build_schema([str(path) for path in self.find()])

    def prepare(self, operation):
        if operation == "file_new":
            pathlib.Path(self.out).unlink(missing_ok=True)

    def result(self, operation, made):
        """(digest, files or None, bytes or None)"""
        sha = hashlib.sha256()
        if operation in ("hash_stream", "hash_tree", "core_hash"):
            return made, None, None
        if operation == "find":
            for name in names(self.dir, made):
                sha.update(name.encode("utf-8") + b"\0")
            return sha.hexdigest(), len(made), None
        if operation == "manifest":
            for size, digest in made:
                sha.update("{} {}\n".format(digest, size).encode())
            return sha.hexdigest(), len(made), sum(size for size, _ in made)
        if operation == "check_reference":
            sha.update("{} files".format(made).encode())
            return sha.hexdigest(), made, None
        size = 0
        if isinstance(made, pathlib.Path):
            with open(made, "rb") as file:
                for chunk in iter(lambda: file.read(1 << 20), b""):
                    sha.update(chunk)
                    size += len(chunk)
            return sha.hexdigest(), None, size
        for start in range(0, len(made), 1 << 20):
            chunk = made[start:start + (1 << 20)].encode("utf-8")
            sha.update(chunk)
            size += len(chunk)
        return sha.hexdigest(), None, size


def serve(operation, repetitions, fields):
    work = Work(fields)
    run = getattr(work, operation, None)
    if run is None or operation in ("prepare", "result", "write"):
        return "no\tno such operation"
    times = []
    made = None
    for _ in range(repetitions):
        made = None
        work.prepare(operation)
        start = time.perf_counter_ns()
        made = run()
        times.append(time.perf_counter_ns() - start)
    digest, files, size = "-", None, None
    if fields.get("verify") == "1":
        digest, files, size = work.result(operation, made)
    return "ok\t{}\t{}\t{}\t{}".format(digest, files or 0, size or 0, ",".join(map(str, times)))


def main():
    for line in sys.stdin:
        operation, *rest = line.rstrip("\n").split("\t")
        repetitions = int(rest[0]) if rest else 1
        fields = dict(field.split("=", 1) for field in rest[1:])
        try:
            reply = serve(operation, max(repetitions, 1), fields)
        except (reference.ConfitureError, OSError, UnicodeError) as error:
            reply = "error\t" + str(error).replace("\n", " ").replace("\t", " ")
        print(reply, flush=True)


if __name__ == "__main__":
    main()
