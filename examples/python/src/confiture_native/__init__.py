"""A tree of SQL files into one schema and one digest, natively or in plain Python.

HAS_NATIVE is True if the extension does the work. Results and errors are the same either way. The
environment variable CONFITURE_PURE_PYTHON, set to anything but "" and "0" before the first import,
turns the extension off.
"""

import os as _os
import sys as _sys

from . import _fallback
from .types import ConfitureError, Directory, Finding


def _native():
    """The extension, or None."""
    if _os.environ.get("CONFITURE_PURE_PYTHON", "0") not in ("", "0"):
        return None
    # The library's paths are UTF-8; in another encoding only Python can convert the names.
    if _sys.getfilesystemencoding().lower() != "utf-8":
        return None
    try:
        from . import _core
    except ImportError:
        return None
    return _core


_implementation = _native()
HAS_NATIVE = _implementation is not None
if _implementation is None:
    _implementation = _fallback

build_schema = _implementation.build_schema
hash_files = _implementation.hash_files
find_files = _implementation.find_files
check = _implementation.check
manifest = _implementation.manifest

from .builder import SchemaBuilder  # noqa: E402  (needs the names above)

__all__ = ["HAS_NATIVE", "ConfitureError", "Directory", "Finding", "SchemaBuilder", "build_schema",
           "check", "find_files", "hash_files", "manifest"]
__version__ = "0.1.0"
