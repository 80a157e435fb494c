#!/usr/bin/env python3
"""Makes the wheels for Windows, win_amd64 and win32, by mingw-w64, on a system of another kind.

    windows.py FOLDER
    windows.py --load WINE

It needs a Python of 3.11 or later with its headers, setuptools and wheel, and of mingw-w64 the
compilers x86_64-w64-mingw32-gcc and i686-w64-mingw32-gcc. No Python for Windows is needed: the
stable ABI is declared by the headers, and the import library is made of the names that are used.
The wheels are put into FOLDER. Their extension needs python3.dll, KERNEL32.dll and msvcrt.dll.

Nobody has run these wheels where this was written: no Python for Windows was there. check.py looks
at what they export and import, and lets wine load the extension for 64 bits, with a stand-in for
python3.dll; .github/workflows/wheels.yml installs and uses the wheels on Windows.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
NATIVE = os.path.join(HERE, "native")
CARRIED = os.path.join(NATIVE, "confiture.h")  # in a source distribution only
HEADER = CARRIED if os.path.exists(CARRIED) else os.path.join(HERE, "..", "..", "confiture.h")
TARGETS = {"win_amd64": "x86_64-w64-mingw32", "win32": "i686-w64-mingw32"}
FLAGS = ["-std=c99", "-O1", "-g0", "-Werror=implicit-function-declaration",
         "-DPy_LIMITED_API=0x030B0000"]


def run(*command, **keys):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, universal_newlines=True, **keys)
    if done.returncode:
        sys.exit("{}\n{}".format(" ".join(map(str, command)), done.stdout))
    return done.stdout


def missing():
    """The compilers that are not there."""
    return [name + "-gcc" for name in TARGETS.values() if not shutil.which(name + "-gcc")]


def headers(folder):
    """A folder with this Python's headers, but for pyconfig.h, which is that of Windows."""
    include = os.path.join(folder, "include")
    shutil.copytree(sysconfig.get_path("include"), include)
    shutil.copy(os.path.join(NATIVE, "windows", "pyconfig.h"), include)
    return include


def extension(target, include, folder):
    """The path of _core.pyd."""
    code, library = os.path.join(folder, "_core.o"), os.path.join(folder, "libpython3.a")
    definition, made = os.path.join(folder, "python3.def"), os.path.join(folder, "_core.pyd")
    run(target + "-gcc", *FLAGS, "-I", include, "-I", NATIVE, "-I", os.path.dirname(HEADER),
        "-c", os.path.join(NATIVE, "_core.c"), "-o", code)
    # A name of 32 bits has an underscore before it, which dlltool adds.
    names = re.findall(r" U __imp_{}(_?Py\w+)$".format("_" if target.startswith("i") else ""),
                       run(target + "-nm", "-u", code), re.M)
    with open(definition, "w", encoding="ascii") as file:
        file.write("LIBRARY python3.dll\nEXPORTS\n" + "".join("    {}\n".format(n) for n in names))
    run(target + "-dlltool", "-d", definition, "-l", library)
    run(target + "-gcc", "-shared", "-static-libgcc", "-s", code, library, "-o", made)
    return made


def stand_in(names):
    """C code for a python3.dll that has the names, and does nothing but hand back a module."""
    code = ["#define EXPORT __declspec(dllexport)",
            "EXPORT void *PyModuleDef_Init(void *definition) { return definition; }",
            "EXPORT const unsigned long Py_Version = 0x030B00F0;"]
    for name in names:
        if re.match(r"PyExc_|_Py_NoneStruct|Py\w+_Type$", name):
            code.append("EXPORT char {}[512];".format(name))
        elif name not in ("PyModuleDef_Init", "Py_Version"):
            code.append("EXPORT void *{}(void) {{ return 0; }}".format(name))
    return "\n".join(code) + "\n"


def loaded(wine, folder):
    """What load.c prints of the extension for 64 bits, run by wine."""
    target, include = TARGETS["win_amd64"], headers(folder)
    extension(target, include, folder)
    with open(os.path.join(folder, "python3.def"), encoding="ascii") as file:
        names = file.read().split()[3:]
    with open(os.path.join(folder, "python3.c"), "w", encoding="ascii") as file:
        file.write(stand_in(names))
    run(target + "-gcc", "-shared", "python3.c", "-o", "python3.dll", cwd=folder)
    run(target + "-gcc", *FLAGS, "-I", include, os.path.join(NATIVE, "windows", "load.c"),
        "libpython3.a", "-o", "load.exe", cwd=folder)
    keys = dict(os.environ, WINEDEBUG="-all", WINEPREFIX=os.path.join(folder, "prefix"))
    try:
        output = run(wine, "load.exe", cwd=folder, env=keys)
    finally:  # what still runs in the prefix ends, so that it can be removed
        server = os.path.join(os.path.dirname(os.path.realpath(wine)), "wineserver64")
        if os.path.exists(server):
            subprocess.run([server, "-k", "-w"], env=keys)
    return output.strip().rpartition("\n")[2]


def wheel(platform, made, folder, out):
    """setup.py packs what is there already."""
    source = os.path.join(folder, "source")
    shutil.copytree(HERE, source, ignore=shutil.ignore_patterns("build", "dist", "*.egg-info",
                                                                "__pycache__"))
    shutil.copy(HEADER, os.path.join(source, "native"))
    run(sys.executable, "setup.py", "-q", "bdist_wheel", "--plat-name", platform, "-d", out,
        cwd=source, env=dict(os.environ, CONFITURE_EXTENSION=made))


def main():
    load = sys.argv[1:2] == ["--load"]
    if len(sys.argv) != 2 + load or not load and sys.argv[1].startswith("-"):
        sys.exit(__doc__.split("\n\n")[1])
    if sys.version_info < (3, 11):
        sys.exit("windows.py: Python {}.{}: expected 3.11 or later".format(*sys.version_info))
    if missing():
        sys.exit("windows.py: not found: " + ", ".join(missing()))
    out = os.path.abspath(sys.argv[1])
    if load:
        with tempfile.TemporaryDirectory(prefix="confiture-windows-") as folder:
            print(loaded(sys.argv[2], folder))
        return 0
    with tempfile.TemporaryDirectory(prefix="confiture-windows-") as folder:
        include = headers(folder)
        for platform, target in TARGETS.items():
            place = os.path.join(folder, platform)
            os.mkdir(place)
            wheel(platform, extension(target, include, place), place, out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
