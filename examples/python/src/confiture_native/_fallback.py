"""The functions of _core in plain Python: the same arguments, results and errors, but slower.

There are no threads: the argument `threads` is checked and ignored.
"""

import errno
import hashlib
import os
import re
import stat
import time

from . import _psql, _search
from ._names import check_names, core_names, is_one_line, is_seed, resolved
from .types import ConfitureError, Directory, Finding

BAR42 = "=" * 42
BAR44 = "=" * 44
SEPARATORS = {
    "block_comment": "\n/* {0}\n * File: {{file_path}}\n * {0} */\n".format(BAR42),
    "line_comment": "\n-- {0}\n-- File: {{file_path}}\n-- {0}\n".format(BAR42),
    "mysql": "\n# {0}\n# File: {{file_path}}\n# {0}\n".format(BAR42),
}


# ---- arguments ----

def _path(item, what):
    if isinstance(item, bytes) or not hasattr(type(item), "__fspath__") and \
            not isinstance(item, str):
        raise TypeError("{} must be str or os.PathLike, not {!r}".format(what, type(item)))
    text = os.fspath(item)
    if not isinstance(text, str):
        raise TypeError("{} must be paths of str, not of bytes".format(what))
    return text


def _checked(text, strict=False):
    text.encode("utf-8", "strict" if strict else "surrogateescape")
    if "\0" in text:
        raise ValueError("embedded null character in a path")
    return text


def _sequence(value, what):
    if isinstance(value, (str, bytes, bytearray, dict)) or not hasattr(type(value), "__getitem__"):
        raise TypeError("{} must be a list of paths, not {!r}".format(what, type(value)))
    return list(value)


def _paths(value, what, strict=False):
    return [_checked(_path(item, what), strict) for item in _sequence(value, what)]


def _threads(value):
    if value is None:
        return
    if not hasattr(type(value), "__index__"):
        raise TypeError("{!r} cannot be interpreted as an integer".format(type(value)))
    if value.__index__() < 0:
        raise ValueError("threads must not be negative")


def _word(what, value, words, default):
    if value is None:
        return default
    if not isinstance(value, str):
        raise TypeError("{} must be str, not {!r}".format(what, type(value)))
    if value not in words:
        raise ValueError("unknown {}: {!r}".format(what, value))
    return value


def _argument(detail):
    return ConfitureError("argument", None, 0, detail)


# ---- one file ----

def _status(file):
    status = os.fstat(file)
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _open(path):
    """Open without waiting, but at most a minute for another process's lease on the file."""
    flags = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    for naps in range(3000):
        try:
            return os.open(path, flags)
        except BlockingIOError:
            if not stat.S_ISREG(os.stat(path).st_mode):
                raise
            time.sleep(0.001 if naps < 20 else 0.02)
    return os.open(path, flags)


def _read(path):
    """The bytes of a regular file. A FIFO or a device is refused: it would hang or never end."""
    try:
        file = _open(path)
    except OSError as error:
        if error.errno != errno.ENXIO:  # a socket
            raise
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path) from None
    try:
        mode = os.fstat(file).st_mode
        if not stat.S_ISREG(mode):
            code = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
            raise OSError(code, os.strerror(code), path)
        before = _status(file)
        with open(file, "rb", closefd=False) as stream:
            data = stream.read()
        # A short file is read at once, and whole.
        if len(data) >= 65536 and _status(file) != before:
            raise ConfitureError("changed", path)
        return data
    finally:
        os.close(file)


def _decode(data, path):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        error.filename = path
        raise


def _newlines(text):
    return text.replace("\r\n", "\n").replace("\r", "\n")


OPENING = re.compile(r"/\*")
EITHER = re.compile(r"/\*|\*/")


def _left_open(text):
    """The line of the comment that is open at the end, or 0. Strings and nesting are ignored."""
    at, opened = 0, None
    while True:
        found = (OPENING if opened is None else EITHER).search(text, at)
        if found is None:
            return 0 if opened is None else text.count("\n", 0, opened) + 1
        opened = found.start() if found.group() == "/*" else None
        at = found.end()


def _lexical(text, mode):
    """(line, what) of the finding in a text, or None."""
    if mode == "none":
        return None
    if mode == "reference":
        line = _left_open(text)
        return (line, "comment never closed") if line else None
    return _psql.left_open(text, mode)


def _find_wrong(data, path, mode, last=True, index=0):
    """(text, None), or (None, the Finding), of the file `index` of a list.

    The last file may leave its statement open: no file follows."""
    try:
        text = _newlines(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        before = _newlines(data[:error.start].decode("utf-8"))
        return None, Finding(path, before.count("\n") + 1, error.start, "encoding",
                             "not valid UTF-8", index)
    found = _lexical(text, mode)
    if found and not (last and found[1] == _psql.STATEMENT):
        return None, Finding(path, found[0], 0, "unclosed", found[1], index)
    return text, None


def _mode(what, value, default):
    return _word(what, value, ("postgres", "quotes", "reference", "none"), default)


# ---- lists of files ----

def _named(paths, base_dir):
    """(the paths to open, their names, the base)"""
    if "" in paths:
        raise _argument("the list holds an empty path: number {}".format(paths.index("") + 1))
    base = "." if base_dir is None else _checked(_path(base_dir, "base_dir"))
    paths = [str(_search.PurePath(path)) for path in paths]
    return paths, check_names(paths, base), base


def _core_hash(paths):
    outer = hashlib.sha256()
    for path, name in zip(paths, core_names(paths)):
        outer.update(hashlib.sha256(name.encode("utf-8") + b"\0" + _read(path) + b"\0").digest())
    return outer.hexdigest()


def _text_of(path):
    """What a text digest covers of a file: its text, as a schema has it."""
    text = _newlines(_decode(_read(path), path))
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ConfitureError("unclosed", path, line,
                             "NUL byte, which would make a digest of texts ambiguous: remove it,"
                             " or use the tree digest")
    return (text if text.endswith("\n") else text + "\n").encode("utf-8")


def hash_files(files, *, threads=0, base_dir=None, digest=None):
    _threads(threads)
    digest = _word("digest", digest, ("stream", "tree", "text"), None)
    if base_dir is None and digest is None:
        return _core_hash(_paths(files, "files", strict=True))
    paths, names, _ = _named(_paths(files, "files"), base_dir)
    sha = hashlib.sha256()
    for path, name in zip(paths, names):
        data = _text_of(path) if digest == "text" else _read(path)
        data = name.encode("utf-8") + b"\0" + data + b"\0"
        sha.update(hashlib.sha256(data).digest() if digest == "tree" else data)
    return sha.hexdigest()


def manifest(files, *, threads=0):
    _threads(threads)
    paths, _, _ = _named(_paths(files, "files"), "/")
    result = []
    for path in paths:
        data = _read(path)
        result.append((len(data), hashlib.sha256(data).hexdigest()))
    return result


def check(files, *, threads=0, mode=None):
    _threads(threads)
    mode = _mode("mode", mode, "postgres")
    paths, _, _ = _named(_paths(files, "files"), "/")
    found = [_find_wrong(_read(path), path, mode, index + 1 == len(paths), index)[1]
             for index, path in enumerate(paths)]
    return [finding for finding in found if finding]


def find_files(directories, *, exclude_dirs=None, sort=None, unique=None):
    sort = _word("sort", sort, ("path", "hex"), "path")
    if isinstance(directories, str):
        directories = [directories]
    unique = bool(unique)
    directories = _sequence(directories, "directories")
    excluded = [] if exclude_dirs is None else _paths(exclude_dirs, "exclude_dirs")
    return _search.find([_directory(d) for d in directories], excluded, sort, unique)


def _directory(item):
    if not isinstance(item, tuple):
        return Directory(_checked(_path(item, "a directory")))
    if len(item) != 5:
        raise TypeError("a directory must be a path or a Directory")
    path, recursive, include, exclude, must_exist = item
    return Directory(_checked(_path(path, "a directory")), bool(recursive),
                     _paths(include, "include"), _paths(exclude, "exclude"), bool(must_exist))


# ---- schemas ----

def _core_build(paths):
    parts = []
    for path, name in zip(paths, core_names(paths)):
        content = _decode(_read(path), path)
        parts.append("\n-- {0}\n-- File: {1}\n-- {0}\n\n".format(BAR44, name))
        parts.append(content)
        if not content.endswith("\n"):
            parts.append("\n")
    return "".join(parts) or "\n"


def _separator(style, template):
    """A function from a name to its separator."""
    if style == "none":
        return lambda name: ""
    if style == "custom":
        if not template:
            raise _argument("the custom style needs a template")
        template.encode("utf-8")
    text = "\n" + template + "\n" if style == "custom" else SEPARATORS[style] + "\n"
    pieces = re.split(r"(\{file_path\}|\{\{|\}\}|[{}])", text)
    if "{" in pieces or "}" in pieces:
        raise _argument("the separator template may hold {file_path}, {{ and }} and no other"
                        " braces")
    pieces = [{"{{": "{", "}}": "}"}.get(piece, piece) for piece in pieces]
    return lambda name: "".join(name if piece == "{file_path}" else piece for piece in pieces)


def _header(header, digest, count):
    return "\n".join([
        "-- " + BAR44, "-- PostgreSQL Schema for Confiture", "-- " + BAR44, "--",
        "-- Environment: " + header[0], "-- Generated: " + header[1],
        "-- Schema Hash: " + digest, "-- Files Included: {}".format(count), "--",
        "-- This file was generated by Confiture (confiture build)",
        "-- DO NOT EDIT MANUALLY - Edit source files in db/schema/", "--", "-- " + BAR44, "", ""])


def _check_header(header):
    if not isinstance(header, tuple) or len(header) != 2:
        raise TypeError("header must be a tuple (environment, timestamp)")
    if not all(isinstance(text, str) for text in header):
        raise TypeError("environment and timestamp must be str")
    for text in header:
        text.encode("utf-8")
        if "\0" in text:
            raise ValueError("embedded null character in header")
    for what, text in zip(("environment", "timestamp"), header):
        if not is_one_line(text):
            raise _argument("the header's {} must be one line of UTF-8".format(what))


def build_schema(files, *, threads=0, base_dir=None, style=None, template=None, header=None,
                 schema_only=None, check=None):
    keywords = (base_dir, style, template, header, schema_only, check)
    _threads(threads)
    schema_only = bool(schema_only)
    style = _word("style", style, ("block_comment", "line_comment", "mysql", "custom", "none"),
                  "block_comment")
    mode = _mode("check", check, "none")
    if template is not None:
        if not isinstance(template, str):
            raise TypeError("template must be str")
        template.encode("utf-8")
        if "\0" in template:
            raise ValueError("embedded null character in template")
    if all(value is None for value in keywords):
        return _core_build(_paths(files, "files", strict=True))
    paths = _paths(files, "files")
    if header is not None:
        _check_header(header)
    paths, names, base = _named(paths, base_dir)
    separator = _separator(style, template)
    sha, parts, count = hashlib.sha256(), [], 0
    base_name = os.path.basename(resolved(base))
    kept = [name for name in names if not schema_only or not is_seed(name, base_name)]
    for path, name in zip(paths, names):
        left_out = schema_only and is_seed(name, base_name)
        if left_out and header is None:
            continue
        data = _read(path)
        if header is not None:
            sha.update(name.encode("utf-8") + b"\0" + data + b"\0")
        if left_out:
            continue
        if style == "block_comment" and "*/" in name:
            raise ConfitureError("name", path)
        count += 1
        text, finding = _find_wrong(data, path, mode, count == len(kept))
        if finding and finding.kind == "encoding":
            _decode(data, path)
        if finding:
            raise ConfitureError("unclosed", path, finding.line, finding.what)
        parts += [separator(name), text, "" if text.endswith("\n") else "\n"]
    top = _header(header, sha.hexdigest(), count) if header is not None else ""
    return top + "".join(parts)
