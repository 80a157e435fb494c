"""Makes the source distribution and the wheels, offline: for check.py, and for "make dist"."""

import glob
import os
import re
import shutil
import subprocess
import sys
import time

NATIVE = (3, 11)
NEEDED = ("pip, setuptools 61, wheel and Python's headers (Debian: python3-pip python3-venv"
          " python3-setuptools python3-wheel python3-dev)")


def run(command, folder=None, **environment):
    """(status, output) of a command, run in the folder if one is given."""
    keys = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", PIP_DISABLE_PIP_VERSION_CHECK="1",
                PIP_NO_INPUT="1", **environment)
    result = subprocess.run([str(part) for part in command], cwd=folder, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=keys,
                            universal_newlines=True, errors="replace")
    return result.returncode, result.stdout


# ---- the Pythons of this machine ----

PROBE = """
import os, sys, sysconfig
def has(name, least):
    try:
        from importlib.metadata import version
        return tuple(int(n) for n in version(name).split(".")[:2]) >= least
    except Exception:
        return False
builds = has("pip", (1, 0)) and (
    has("setuptools", (70, 1)) or has("setuptools", (61, 0)) and has("wheel", (0, 0)))
header = os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h"))
print(sys.version_info[0], sys.version_info[1], int(builds), int(header),
      int(sys.implementation.name == "cpython"), os.path.realpath(sys.executable))
"""


def probe(place):
    """(version, whether it can build a wheel, its real path) of a CPython, or None."""
    try:
        status, output = run([place, "-c", PROBE])
    except OSError:
        return None
    fields = output.split()
    if status or len(fields) != 6 or fields[4] != "1":
        return None
    return (int(fields[0]), int(fields[1])), fields[2] == fields[3] == "1", fields[5]


def pythons():
    """{(major, minor): (executable, can build a wheel)}, one of each version that is found."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    places = [sys.executable]
    for folder in folders:
        places += sorted(glob.glob(os.path.join(glob.escape(folder), "python3*")))
    pyenv = os.environ.get("PYENV_ROOT") or os.path.join(os.path.expanduser("~"), ".pyenv")
    places += sorted(glob.glob(os.path.join(pyenv, "versions", "*", "bin", "python3")))
    found, seen = {}, set()
    for place in places:
        if not re.fullmatch(r"python(3(\.\d+)?)?", os.path.basename(place)) or \
                not os.access(place, os.X_OK):
            continue
        probed = probe(place)
        if not probed or probed[2] in seen:
            continue
        version, builds, real = probed
        seen.add(real)
        # Of one version, a Python that can build is preferred.
        if version not in found or (builds and not found[version][1]):
            found[version] = place, builds
    return found


def builders(found):
    """The versions of those that can build the extension and all else."""
    return [version for version in sorted(found) if version >= NATIVE and found[version][1]]


def builder():
    """The executable of a Python that can build all: this one if it can; or None."""
    this = probe(sys.executable)
    if this and this[1] and this[0] >= NATIVE:
        return sys.executable
    found = pythons()
    return next((found[version][0] for version in builders(found)), None)


# ---- building ----

def source_distribution(python, root, folder):
    """(path or None, output): made of a copy, to keep the repository at `root` clean."""
    copy = os.path.join(folder, "copy", "examples", "python")
    shutil.copytree(os.path.join(root, "examples", "python"), copy, ignore=shutil.ignore_patterns(
        "__pycache__", "build", "dist", "*.egg-info", "*.so"))
    shutil.copy(os.path.join(root, "confiture.h"), os.path.join(folder, "copy"))
    status, output = run([python, "setup.py", "-q", "sdist", "-d", os.path.join(folder, "sdist")],
                         copy)
    shutil.rmtree(os.path.join(folder, "copy"))
    made = glob.glob(os.path.join(folder, "sdist", "*.tar.gz"))
    return (made[0] if status == 0 and len(made) == 1 else None), output


def wheel(python, source, out, **environment):
    """(path or None, output, seconds): pip's wheel of a source folder, without a network."""
    work = out + "-source"
    shutil.copytree(source, work)
    start = time.monotonic()
    status, output = run([python, "-m", "pip", "wheel", work, "--no-build-isolation", "--no-deps",
                          "--no-index", "--no-cache-dir", "-w", out], **environment)
    taken = time.monotonic() - start
    made = glob.glob(os.path.join(out, "*.whl"))
    return (made[0] if status == 0 and len(made) == 1 else None), output, taken
