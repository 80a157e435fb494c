"""The names of files in plain Python: those of the Python tool and those of the Rust module."""

import errno
import os
import re
import unicodedata
from pathlib import PurePosixPath

from .types import ConfitureError

# ---- the Python tool's: relative to a base ----


def _absolute(path):
    """The path joined to the current directory; `..` is kept."""
    return PurePosixPath(os.path.join(os.getcwd(), str(path)))


def name_of(path, base):
    path, base = PurePosixPath(path), PurePosixPath(base)
    try:
        relative = path.relative_to(base)
    except ValueError:
        try:
            relative = _absolute(path).relative_to(_absolute(base))
        except ValueError:
            raise ConfitureError("outside", str(path)) from None
    depth = 0
    for part in relative.parts:
        depth += -1 if part == ".." else 1
        if depth < 0:
            raise ConfitureError("outside", str(path))
    name = str(relative)
    if not is_one_line(name):
        raise ConfitureError("name", str(path))
    return name


def resolved(path):
    """The path without links; a missing part is kept."""
    try:
        os.stat(path)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise
    return os.path.realpath(path)


def check_names(paths, base):
    """The name of each file; raises for the first file that cannot have one."""
    resolved(base)
    return [name_of(path, base) for path in paths]


def is_one_line(text):
    """Whether the text is UTF-8 without control characters, and so fits in a comment line."""
    return not any("\ud800" <= c <= "\udfff" or unicodedata.category(c) == "Cc" for c in text)


SEED = re.compile(r"(?:^|[_-])seeds?(?:$|[_-])")


def is_seed(name, base_name):
    """The resolved base's own name counts, however it is written; directories above do not."""
    parts = [base_name] + name.split("/")
    return any(SEED.search(part.lower()) for part in parts)


# ---- the Rust module's: relative to what the files have in common ----

COMPONENT = re.compile(r"[^/]+")


def _components(path):
    """(text, end) of each component but "."."""
    return [(m.group(), m.end()) for m in COMPONENT.finditer(path) if m.group() != "."]


def _canonical(path, directories):
    """The path with links resolved, or as given if it cannot be resolved."""
    directory, _, leaf = path.rpartition("/")
    if path.startswith("/") and not directory:
        directory = "/"
    if os.path.islink(path) or leaf in ("", ".", ".."):
        return os.path.realpath(path) if os.path.exists(path) else path
    if directory not in directories:
        directories[directory] = (os.path.realpath(directory or ".")
                                  if os.path.exists(directory or ".") else None)
    real = directories[directory]
    return path if real is None else real.rstrip("/") + "/" + leaf


def _common(paths):
    """The components that all paths share, or None if they do not share the root."""
    directories = {}
    shared = None
    for path in paths:
        canonical = _canonical(path, directories)
        if not canonical.startswith("/"):
            return None
        parts = [part for part, _ in _components(canonical)]
        if shared is None:
            shared = parts
        elif shared != parts[:len(shared)]:
            same = 0
            while same < min(len(shared), len(parts)) and shared[same] == parts[same]:
                same += 1
            shared = shared[:same]
    return shared


def _below(path, base):
    """The rest of an absolute path after the components of base, or the whole path."""
    parts = _components(path)
    if [part for part, _ in parts[:len(base)]] != base:
        return path
    if len(parts) == len(base):
        return ""
    text, end = parts[len(base)]
    return path[end - len(text):]


def core_names(paths):
    """The names: each is the end of its path, without the common base."""
    if len(paths) == 1:
        return [paths[0].rpartition("/")[2]]
    if not any(path.startswith("/") for path in paths):
        return list(paths)  # the base is absolute, so none begins with it
    base = _common(paths)
    return [path if base is None or not path.startswith("/") else _below(path, base)
            for path in paths]
