"""A tree of SQL files into one schema and one digest, natively or in plain Python.

HAS_NATIVE is True if the extension does the work. Results and errors are the same either way. The
environment variable CONFITURE_PURE_PYTHON, set to anything but "" and "0" before the first import,
turns the extension off.
"""

import os as _os
import sys as _sys
from typing import TYPE_CHECKING as _TYPE_CHECKING, Any as _Any

from . import _fallback
from .types import ConfitureError, Directory, EncodingError, Entry, Finding, Schema


def _native() -> _Any:
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
HAS_NATIVE: bool = _implementation is not None
if _implementation is None:
    _implementation = _fallback

if _TYPE_CHECKING:
    from ._core import build_schema, check, digest, find_files, hash_files, manifest, schema
else:
    build_schema = _implementation.build_schema
    check = _implementation.check
    digest = _implementation.digest
    find_files = _implementation.find_files
    hash_files = _implementation.hash_files
    manifest = _implementation.manifest
    schema = _implementation.schema

from .builder import SchemaBuilder  # noqa: E402  (needs the names above)

__all__ = ["HAS_NATIVE", "ConfitureError", "Directory", "EncodingError", "Entry", "Finding",
           "Schema", "SchemaBuilder", "build_schema", "check", "digest", "find_files",
           "hash_files", "manifest", "schema"]
__version__ = "0.2.0"
