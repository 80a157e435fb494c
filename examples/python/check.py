#!/usr/bin/env python3
"""Builds the package as a user would, offline, and tests what was built.

    check.py [--quick] [--glibc 2.34] [--wheels FOLDER]

It makes a source distribution, and from that a wheel with the extension. The wheel must serve all
Pythons from 3.11 on, and need no glibc newer than --glibc. A second wheel is made without a
compiler, and a third for a free-threaded Python: both must be plain Python. The wheels are
installed into fresh virtual environments and tested there: the extension, the extension turned
off, the plain package, and all other Pythons from 3.8 on that are found. mypy and its stubtest
judge the types. The wheels for Windows are made by mingw-w64, and looked into. All work is done in
a temporary folder. --quick, or QUICK=1 in the environment, leaves out the other Pythons; --wheels
keeps what was built. The last line is the total.
"""

import argparse
import concurrent.futures
import glob
import os
import re
import shutil
import sys
import tarfile
import tempfile
import time
import zipfile

import windows
from packing import NATIVE, NEEDED, builders, pythons, run, source_distribution, wheel

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
COUNT = re.compile(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")
OLDEST = (3, 8)


class Total:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, what, good, detail=""):
        """Count and print a check of this script; returns whether it passed."""
        self.passed += bool(good)
        self.failed += not good
        print("{} {}{}".format("ok     " if good else "FAILED ", what, detail and ": " + detail),
              flush=True)
        return good

    def skip(self, what, why):
        self.skipped += 1
        print("skipped {}: {}".format(what, why), flush=True)


# ---- building ----

def unpacked_source(python, folder, total):
    """The folder of an unpacked source distribution, or None."""
    made, output = source_distribution(python, ROOT, folder)
    if not total.check("a source distribution is made", made, "" if made else output):
        return None
    with tarfile.open(made) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
        archive.extractall(os.path.join(folder, "source"))
    total.check("it carries the header, the tests and the types",
                {"native/confiture.h", "native/windows/pyconfig.h", "windows.py", "tests/run.py",
                 "tests/typing/user.py", "src/confiture_native/py.typed",
                 "src/confiture_native/_core.pyi"} <= set(names))
    return glob.glob(os.path.join(folder, "source", "*"))[0]


def check_native_wheel(path, folder, limit, total):
    name = os.path.basename(path)
    total.check("its tag is cp311-abi3", re.search(r"-cp311-abi3-\w+\.whl$", name), name)
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        archive.extractall(os.path.join(folder, "contents"))
        info = next(n for n in names if n.endswith(".dist-info/WHEEL"))
        text = archive.read(info).decode()
    total.check("its metadata say so, too",
                "Tag: cp311-abi3-" in text and "Root-Is-Purelib: false" in text)
    libraries = [n for n in names if n.endswith((".so", ".pyd"))]
    total.check("it holds one extension, of the stable ABI",
                libraries == ["confiture_native/_core.abi3.so"], " ".join(libraries))
    total.check("it holds the types", {"confiture_native/py.typed", "confiture_native/_core.pyi"}
                <= set(names))
    if libraries:
        check_symbols(os.path.join(folder, "contents", libraries[0]), limit, total)


# What sysconfig says on a free-threaded Python, of which none may be here.
FREE_THREADED = """
import sysconfig
original = sysconfig.get_config_var
sysconfig.get_config_var = lambda name: 1 if name == "Py_GIL_DISABLED" else original(name)
"""


def check_free_threaded(python, source, folder, total):
    site = os.path.join(folder, "free-threaded-site")
    os.mkdir(site)
    with open(os.path.join(site, "sitecustomize.py"), "w", encoding="ascii") as file:
        file.write(FREE_THREADED)
    made, output, _ = wheel(python, source, os.path.join(folder, "free-threaded"), PYTHONPATH=site)
    total.check("a free-threaded Python gets the plain package",
                made and made.endswith("-py3-none-any.whl"), output if not made else
                os.path.basename(made))
    _, output = run([python, "setup.py", "--version"], os.path.join(folder, "free-threaded-source"),
                    PYTHONPATH=site)
    total.check("and is told why", "needs the GIL" in output)


def check_windows(python, source, folder, total):
    """Make the wheels for Windows from the source distribution: no Windows is here to run them."""
    lacking = windows.missing()
    if lacking:
        total.skip("the wheels for Windows", "not found: " + ", ".join(lacking))
        return
    out = os.path.join(folder, "windows")
    status, output = run([python, os.path.join(source, "windows.py"), out])
    total.check("the wheels for Windows are made by mingw-w64", status == 0,
                output if status else "")
    for platform, target in windows.TARGETS.items():
        path = os.path.join(out, "confiture_native-{}-cp311-abi3-{}.whl".format(
            version_of(source), platform))
        if not total.check(platform + ": there is one, with its tag", os.path.exists(path)):
            continue
        with zipfile.ZipFile(path) as archive:
            place = archive.extract("confiture_native/_core.pyd", os.path.join(out, platform))
        _, output = run([target + "-objdump", "-p", place])
        libraries = sorted(name.lower() for name in re.findall(r"DLL Name: (\S+)", output))
        total.check(platform + ": the extension needs only what every Windows has, and python3.dll",
                    libraries == ["kernel32.dll", "msvcrt.dll", "python3.dll"],
                    " ".join(libraries))
        exported = re.findall(r"^\s+\[ *\d+\] (?:\+base\[ *\d+\] +[0-9a-f]+ )?([A-Za-z_]\w*)$",
                              output, re.M)
        total.check(platform + ": it exports its initialisation alone",
                    exported == ["PyInit__core"], " ".join(exported))


    wine = shutil.which("wine64") or shutil.which("/usr/lib/wine/wine64") or shutil.which("wine")
    if not wine:
        total.skip("win_amd64: the extension is loaded", "there is no wine")
        return
    status, output = run([python, os.path.join(source, "windows.py"), "--load", wine])
    total.check("win_amd64: wine loads it, with a stand-in for python3.dll",
                status == 0 and output.split() == LOADED, output)


LOADED = "_core: build_schema hash_files schema digest find_files check manifest".split()


def version_of(source):
    with open(os.path.join(source, "pyproject.toml"), encoding="utf-8") as file:
        return re.search(r'^version = "(.+)"$', file.read(), re.M).group(1)


def check_symbols(library, limit, total):
    if not sys.platform.startswith("linux") or not shutil.which("objdump"):
        total.skip("the symbols of the extension", "that needs Linux and objdump (binutils)")
        return
    status, output = run(["objdump", "-T", library])
    versions = {tuple(int(n) for n in v.split("."))
                for v in re.findall(r"GLIBC_([0-9.]+)", output)}
    exported = re.findall(r"^[0-9a-f]+ g +DF \.text\s+\S+\s+(?:\S+\s+)?(\S+)$", output, re.M)
    total.check("it exports its initialisation alone", status == 0 and exported == ["PyInit__core"],
                " ".join(exported))
    machine = os.uname().machine
    if not versions:
        total.check("it needs no glibc (musllinux)", "GLIBC" not in output)
        return
    newest = max(versions)
    tag = "manylinux_{}_{}_{}".format(newest[0], newest[1], machine)
    if newest <= (2, 17):
        tag = "manylinux2014_{} (manylinux_2_17)".format(machine)
    by = sorted({symbol for version, symbol in re.findall(r"\(?GLIBC_([0-9.]+)\)?\s+(\S+)", output)
                 if version == "{}.{}".format(*newest)})
    total.check("its glibc symbols are those of {}.{}, or older".format(*limit), newest <= limit,
                "fit for {}, for the sake of {}".format(tag, ", ".join(by)))


# ---- types ----

def check_types(inside, folder, total):
    """A strict type checker accepts a user's program, refuses a wrong one, and knows the stubs."""
    if not shutil.which("mypy"):
        total.skip("the types", "there is no mypy (Debian: mypy)")
        return
    programs = os.path.join(HERE, "tests", "typing")
    command = ["mypy", "--strict", "--python-executable", inside, "--cache-dir",
               os.path.join(folder, "mypy")]
    status, output = run(command + [os.path.join(programs, "user.py")], folder)
    total.check("mypy --strict accepts a user's program", status == 0, output if status else "")
    wrong = os.path.join(programs, "wrong.py")
    with open(wrong, encoding="utf-8") as file:
        expected = {n for n, line in enumerate(file, 1) if line.endswith("# wrong\n")}
    _, output = run(command + [wrong], folder)
    found = {int(n) for n in re.findall(r"wrong\.py:(\d+): error:", output)}
    total.check("and refuses each of {} mistakes".format(len(expected)),
                expected and found == expected, output if found != expected else "")
    check_stubs(folder, total)


def check_stubs(folder, total):
    """stubtest compares the stub with the extension. It does not understand the classes in plain
    Python, which need no stubs: what it says of them is left out."""
    contents = os.path.join(folder, "contents")
    if not shutil.which("stubtest"):
        total.skip("the stubs", "there is no stubtest (Debian: mypy)")
        return
    _, output = run(["stubtest", "confiture_native"], folder, PYTHONPATH=contents,
                    MYPYPATH=contents)
    about = [line for line in output.splitlines()
             if line.startswith("error: confiture_native._core")]
    ended = re.search(r"checked \d+ modules|no issues found in \d+ modules", output)
    total.check("stubtest finds the stub and the extension alike", ended and not about,
                "" if ended and not about else output)


# ---- testing ----

def install(python, path, folder, total, what):
    """The interpreter of a fresh virtual environment with the wheel, or None."""
    status, output = run([python, "-m", "venv", folder])
    inside = os.path.join(folder, "bin", "python")
    if status == 0:
        status, output = run([inside, "-m", "pip", "install", "--no-index", "--no-deps", path])
    good = total.check("{} installs it".format(what), status == 0, output if status else "")
    return inside if good else None


class Tests:
    """Runs the tests side by side, since they often wait for the clock of the file system. When the
    context ends, all runs have ended, and are reported in order."""

    def __init__(self, total):
        self.total = total
        self.executor = concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1)
        self.runs = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with self.executor:
            for what, future in self.runs:
                report(self.total, what, *future.result())

    def add(self, python, what, **environment):
        environment.setdefault("CONFITURE_PURE_PYTHON", "0")
        self.runs.append((what, self.executor.submit(run_tests, python, environment)))


def run_tests(python, environment):
    start = time.monotonic()
    status, output = run([python, os.path.join(HERE, "tests", "run.py")],
                         CONFITURE_REPOSITORY=ROOT, **environment)
    return status, output, time.monotonic() - start


def report(total, what, status, output, taken):
    print("==== " + what, flush=True)
    print(output.rstrip(), flush=True)
    print("---- {}: {:.1f} s".format(what, taken), flush=True)
    found = COUNT.match(output.rstrip().rpartition("\n")[2])
    if not found or (status and found.group(2) == "0"):
        total.check(what + " runs to its end", False, "exit status {}".format(status))
        return
    total.passed += int(found.group(1))
    total.failed += int(found.group(2))
    total.skipped += int(found.group(3) or 0)


def everything(folder, options, total, tests):
    found = pythons()
    print("found: " + ", ".join("{}.{} ({})".format(v[0], v[1], found[v][0])
                                for v in sorted(found)), flush=True)
    able = builders(found)
    if not total.check("a Python of 3.11 or later that can build a wheel is there", able,
                       "" if able else "it needs " + NEEDED):
        return
    python = found[able[0]][0]
    source = unpacked_source(python, folder, total)
    if source is None:
        return
    native, output, taken = wheel(python, source, os.path.join(folder, "native"))
    if total.check("a wheel is built from it", native, output if not native else
                   "in {:.1f} s, with all that pip does".format(taken)):
        check_native_wheel(native, folder, options.glibc, total)
    pure, output, _ = wheel(python, source, os.path.join(folder, "pure"), CC="/bin/false")
    if total.check("without a compiler a wheel is built as well", pure, output if not pure else ""):
        total.check("which is for every Python", pure.endswith("-py3-none-any.whl"),
                    os.path.basename(pure))
    check_free_threaded(python, source, folder, total)
    check_windows(python, source, folder, total)
    if options.wheels:
        os.makedirs(options.wheels, exist_ok=True)
        for made in [native, pure] + glob.glob(os.path.join(folder, "sdist", "*")):
            if made:
                shutil.copy(made, options.wheels)
    version = "Python {}.{}".format(*able[0])
    if native:
        inside = install(python, native, os.path.join(folder, "venv-native"), total, version)
        if inside:
            _, output = run([inside, "-c",
                             "import confiture_native as c; print(c.HAS_NATIVE)"])
            total.check("and has the extension", output == "True\n", output.strip())
            check_types(inside, folder, total)
            tests.add(inside, version + ", native")
            tests.add(inside, version + ", turned off", CONFITURE_PURE_PYTHON="1")
    if pure:
        inside = install(python, pure, os.path.join(folder, "venv-pure"), total, version)
        if inside:
            # The same code as with the extension turned off: a share of the tests is enough.
            tests.add(inside, version + ", installed without a compiler", TREES="200", CALLS="2000")
    if not options.quick:
        others(found, able[0], native, pure, folder, total, tests)


def others(found, done, native, pure, folder, total, tests):
    for version in sorted(found):
        if version == done:
            continue
        what = "Python {}.{}".format(*version)
        path = native if version >= NATIVE else pure
        if version < OLDEST:
            total.skip(what, "older than {}.{}".format(*OLDEST))
        elif path is None:
            total.skip(what, "there is no wheel for it")
        else:
            inside = install(found[version][0], path,
                             os.path.join(folder, "venv-{}.{}".format(*version)), total, what)
            if inside:
                tests.add(inside, what, TREES="200", CALLS="2000")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", default=os.environ.get("QUICK") == "1",
                        help="one Python, not all that are found")
    parser.add_argument("--glibc", default="2.34", help="the newest that the wheel may need")
    parser.add_argument("--wheels", help="copy the wheels and the source distribution there")
    options = parser.parse_args()
    options.glibc = tuple(int(n) for n in options.glibc.split("."))
    total = Total()
    folder = tempfile.mkdtemp(prefix="confiture-python-")
    try:
        with Tests(total) as tests:
            everything(folder, options, total, tests)
    finally:
        shutil.rmtree(folder)
    print("{} passed, {} failed, {} skipped".format(total.passed, total.failed, total.skipped))
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
