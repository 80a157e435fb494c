"""Builds the extension if it can, and the plain Python package if it cannot.

The header is the one at the repository's root; a source distribution carries a copy. A wheel with
the extension serves Python 3.11 and all later ones, a wheel without it every Python 3.
"""

import os
import shutil
import sys
import sysconfig

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:
    try:
        from wheel.bdist_wheel import bdist_wheel
    except ImportError:  # no wheel can be made, but "setup.py build_ext" needs none
        bdist_wheel = None

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
CARRIED = os.path.join(HERE, "native", "confiture.h")  # in a source distribution only
HEADER = CARRIED if os.path.exists(CARRIED) else os.path.join(ROOT, "confiture.h")
NATIVE = sorted(os.path.join("native", name) for name in os.listdir(os.path.join(HERE, "native"))
                if name.endswith(".h") and name != "confiture.h")

# The extension guards its state by the GIL alone, and a free-threaded Python before 3.15 has no
# stable ABI.
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
# windows.py compiles the extension for Windows itself, and gives its path.
PREBUILT = os.environ.get("CONFITURE_EXTENSION")
# Otherwise the threads are POSIX's. The stable ABI that is used begins with 3.11.
POSSIBLE = bool(PREBUILT) or (
    sys.version_info >= (3, 11) and sys.implementation.name == "cpython" and os.name == "posix"
    and not FREE_THREADED and not os.environ.get("CONFITURE_NO_EXTENSION"))
if FREE_THREADED:
    print("confiture_native: the extension needs the GIL, which this Python does without; the plain"
          " package is built", file=sys.stderr)

EXTENSION = Extension(
    "confiture_native._core",
    ["native/_core.c"],
    depends=NATIVE + [HEADER],
    include_dirs=["native", os.path.dirname(HEADER)],
    define_macros=[("Py_LIMITED_API", "0x030B0000")],
    # What the interpreter itself was built with comes first. Measured: -O2 takes a second more
    # to compile, and nothing that is timed is faster; debugging symbols only make the wheel large.
    extra_compile_args=["-std=c99", "-O1", "-g0", "-fvisibility=hidden", "-pthread"],
    extra_link_args=["-pthread"],
    py_limited_api=True,
)


class OptionalExtension(build_ext):
    """Without a compiler, and without Python's headers, the package works as well."""

    def run(self):
        if PREBUILT:
            place = os.path.join(self.build_lib, "confiture_native")
            os.makedirs(place, exist_ok=True)
            shutil.copy(PREBUILT, place)
            return
        try:
            super().run()
        except Exception as error:  # distutils has many ways to say that there is no compiler
            self.warn("the extension could not be built, plain Python does its work: "
                      "{}".format(error))
            # All later steps then make a pure package.
            self.distribution.ext_modules = []
            self.extensions = []


class Wheel(bdist_wheel or object):
    """The name of a wheel depends on whether there is an extension: that is built first."""

    def run(self):
        if self.distribution.ext_modules:
            self.run_command("build_ext")
        if self.distribution.ext_modules:
            self.py_limited_api = "cp311"
        else:
            self.root_is_pure = True
        super().run()


class SourceDistribution(sdist):
    """Carries a copy of the header, from which the extension is built."""

    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, files)
        shutil.copyfile(HEADER, os.path.join(base_dir, "native", "confiture.h"))


COMMANDS = {"build_ext": OptionalExtension, "sdist": SourceDistribution}
if bdist_wheel:
    COMMANDS["bdist_wheel"] = Wheel

setup(ext_modules=[EXTENSION] if POSSIBLE else [], cmdclass=COMMANDS)
