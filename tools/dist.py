#!/usr/bin/env python3
"""Makes the files of a release: "make dist" calls it.

    tools/dist.py FOLDER

FOLDER is replaced as a whole, or left as it was on an error. What is there must be empty or an
earlier release. It then holds

    confiture-VERSION.tar.gz      the files of the commit, and MANIFEST, the sums of all of them
    confiture.h                   the single header
    confiture?native-*.tar.gz     the Python package's source distribution
    confiture_native-*.whl        its wheels: plain Python; and the extension, if it can be compiled
    SHA256SUMS                    for sha256sum -c

The Python package is built from the tarball, and its wheels from the source distribution. All times
are SOURCE_DATE_EPOCH, or that of the commit. The folder, the umask, the time zone and the locale
have no part in the bytes; the versions of zlib, setuptools, wheel and the compiler do.

A change that is not committed is an error. Untracked files are left out, and named. In an unpacked
tarball, which has no .git, MANIFEST says what git says in a clone.
"""

import gzip
import hashlib
import io
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile

import version

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "examples" / "python"))
import packing  # noqa: E402

# What would change the bytes of the extension.
COMPILING = ("CFLAGS", "CPPFLAGS", "LDFLAGS", "CONFITURE_NO_EXTENSION")
HEADING = "# confiture {}, SOURCE_DATE_EPOCH {}\n"


def fail(message):
    sys.exit(f"dist: {message}")


def sums(files):
    """What sha256sum prints of {name: bytes}."""
    return "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n"
                   for name, data in sorted(files.items()))


# ---- what is packed: {name: (bytes, may be run)}, and the time ----

def git(*words):
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=True)
    except FileNotFoundError:
        fail("neither git nor a file MANIFEST is here: expected one, to know what a release holds")
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode().strip().splitlines() or [f"exit status {error.returncode}"]
        fail(f"git: {said[0]}: expected a clone, or an unpacked release with its MANIFEST")
    return done.stdout


def committed_files():
    top = git("rev-parse", "--show-toplevel").decode().rstrip("\n")
    if pathlib.Path(top).resolve() != ROOT:
        fail(f"{ROOT} is a folder of the repository {top}: expected a clone of its own")
    for line in git("status", "--porcelain").decode().splitlines():
        if not line.startswith("??"):
            fail(f"{line[3:]} has changes: expected all to be committed")
        print(f"dist: left out, as git does not track it: {line[3:]}", file=sys.stderr)
    with tarfile.open(fileobj=io.BytesIO(git("archive", "--format=tar", "HEAD"))) as archive:
        files = files_of(archive)
    return files, int(git("log", "-1", "--format=%ct"))


def files_of(archive):
    files = {}
    for member in archive:
        if member.isfile():
            files[member.name] = archive.extractfile(member).read(), bool(member.mode & 0o100)
        elif not member.isdir():
            fail(f"{member.name} is neither a file nor a folder: a release has no other")
    return files


def listed_files(manifest):
    text = manifest.read_text(encoding="utf-8", errors="replace") or "nothing"
    heading, *lines = text.splitlines(keepends=True)
    time = re.fullmatch(HEADING.format(re.escape(version.current()), r"([0-9]+)"), heading)
    if not time:
        fail(f"MANIFEST begins with {heading.strip()!r}: expected one of version "
             f"{version.current()}")
    files = {}
    for line in lines:
        name = line[66:-1]
        path = ROOT / name
        data = path.read_bytes() if path.is_file() else None
        if data is None or sums({name: data}) != line:
            fail(f"{name} is not the one in MANIFEST: expected all as they were unpacked")
        files[name] = data, bool(path.stat().st_mode & 0o100)
    return files, int(time[1])


def time_of_release(default):
    text = os.environ.get("SOURCE_DATE_EPOCH") or str(default)
    if not re.fullmatch(r"[0-9]{1,10}", text) or int(text) >= 1 << 32:
        fail(f"SOURCE_DATE_EPOCH is {text!r}: expected seconds since 1970, below 2^32")
    return int(text)


# ---- packing ----

def pack(path, files, time):
    """A tar.gz of which nothing but names, bytes, the right to run, and the time is seen."""
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, time) as packed, \
            tarfile.open(fileobj=packed, mode="w") as archive:
        for name, (data, runs) in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = len(data), time, 0o755 if runs else 0o644
            archive.addfile(member, io.BytesIO(data))


def pack_sources(made, files, time):
    """The tarball."""
    top = f"confiture-{version.current()}"
    text = HEADING.format(version.current(), time) + sums({n: d for n, (d, _) in files.items()})
    files = {**files, "MANIFEST": (text.encode(), False)}
    path = made / f"{top}.tar.gz"
    pack(path, {f"{top}/{name}": file for name, file in files.items()}, time)
    return path


def unpack(path, folder):
    shutil.unpack_archive(path, folder)
    return next(folder.iterdir())


def pack_python(python, root, made, work, time):
    """The source distribution from the unpacked tarball, and the wheels from that."""
    source, output = packing.source_distribution(python, root, work)
    if not source:
        fail(f"the Python package gives no source distribution:\n{output}")
    path = made / os.path.basename(source)
    with tarfile.open(source) as archive:
        pack(path, files_of(archive), time)
    unpacked = unpack(path, work / "source")
    names = []
    for kind, variables in (("plain", {"CONFITURE_NO_EXTENSION": "1"}), ("native", {})):
        wheel, output, _ = packing.wheel(python, unpacked, str(work / kind), **variables)
        if not wheel:
            fail(f"the Python package gives no {kind} wheel:\n{output}")
        names.append(shutil.copy(wheel, made))
    if names[0] == names[1]:
        print("dist: no wheel with the extension, which could not be compiled", file=sys.stderr)


def check_copies():
    """The version is one, and confiture.h is made of its parts."""
    problems = list(version.differences(version.current()))
    done = subprocess.run([sys.executable, ROOT / "tools" / "amalgamate.py", "--check"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        problems.append(done.stdout.strip())
    if problems:
        fail("\n".join(problems))


def make(made, work):
    manifest = ROOT / "MANIFEST"
    unpacked = manifest.exists() and not (ROOT / ".git").exists()
    files, time = listed_files(manifest) if unpacked else committed_files()
    time = time_of_release(time)
    check_copies()
    python = packing.builder()
    if not python:
        fail(f"no Python of 3.11 or later can build a wheel: it needs {packing.NEEDED}")
    for name in COMPILING:
        os.environ.pop(name, None)
    os.environ.update(SOURCE_DATE_EPOCH=str(time), TZ="UTC", LC_ALL="C", PYTHONHASHSEED="0")
    root = unpack(pack_sources(made, files, time), work / "sources")
    shutil.copy(root / "confiture.h", made)
    pack_python(python, root, made, work, time)
    text = sums({path.name: path.read_bytes() for path in made.iterdir()})
    (made / "SHA256SUMS").write_text(text, encoding="ascii")
    return text


def is_replaceable(folder):
    return not folder.exists() or folder.is_dir() and (
        (folder / "SHA256SUMS").is_file() or not any(folder.iterdir()))


def replace(folder):
    if not is_replaceable(folder):
        fail(f"{folder} is not an earlier release: expected one, or an empty folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="dist-", dir=folder.parent) as work:
        work = pathlib.Path(work)
        made = work / "made"
        made.mkdir()
        text = make(made, work)
        if folder.exists():
            folder.rename(work / "old")
        made.rename(folder)
    print(text, end="")


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__.split("\n\n")[1])
    for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(kind, lambda number, _: fail(signal.Signals(number).name))
    os.umask(0o022)
    try:
        replace(pathlib.Path(sys.argv[1]).absolute())
    except OSError as error:
        fail(error)


if __name__ == "__main__":
    main()
