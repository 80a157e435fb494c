"""The functions of _core in plain Python: the same arguments, results and errors, but slower.

They work on one thread: the argument `threads` is checked and then ignored.
"""

import errno
import hashlib
import os
import re
import stat
import time
from typing import Any, NamedTuple

from . import _docs, _psql, _search
from ._names import check_names, core_names, is_one_line, is_seed, resolved
from .types import ConfitureError, Directory, Entry, Finding, Schema, encoding_error, no_files

BAR42 = "=" * 42
BAR44 = "=" * 44
SEPARATORS = {
    "block_comment": "\n/* {0}\n * File: {{file_path}}\n * {0} */\n".format(BAR42),
    "line_comment": "\n-- {0}\n-- File: {{file_path}}\n-- {0}\n".format(BAR42),
    "mysql": "\n# {0}\n# File: {{file_path}}\n# {0}\n".format(BAR42),
}
STYLES = ("block_comment", "line_comment", "mysql", "custom", "none")
CHECKS = ("postgres", "quotes", "reference", "none")
DIGESTS = ("stream", "tree", "text")
SORTS = ("path", "hex")


# ---- arguments ----

def path_of(item, what):
    if isinstance(item, (str, os.PathLike)):
        text = os.fspath(item)
        if isinstance(text, str):
            return text
    elif not isinstance(item, bytes):
        raise TypeError("{} must be str or os.PathLike, not {!r}".format(what, type(item)))
    raise TypeError("{} must be str or os.PathLike, not bytes: os.fsdecode() makes a str of"
                    " them".format(what))


def _checked(text, strict=False):
    text.encode("utf-8", "strict" if strict else "surrogateescape")
    if "\0" in text:
        raise ValueError("embedded null character in a path: {!r}".format(text))
    return text


def _list(value, what):
    """A copy of an iterable: of any whose order is not chance, and which is not itself a path."""
    iterable = hasattr(type(value), "__iter__") or hasattr(type(value), "__getitem__")
    if not iterable or isinstance(value, (str, bytes, bytearray, dict, set, frozenset)):
        raise TypeError("{} must be a list, or another iterable, of paths in order,"
                        " not {!r}".format(what, type(value)))
    return list(value)


def paths_of(value, what, strict=False):
    return [_checked(path_of(item, what), strict) for item in _list(value, what)]


def _threads(value):
    if value is None:
        return
    if not hasattr(type(value), "__index__"):
        raise TypeError("{!r} cannot be interpreted as an integer".format(type(value)))
    if value.__index__() < 0:
        raise ValueError("invalid threads {}: expected 0 or more".format(value.__index__()))


def word_of(what, value, words, default):
    if value is None:
        return default
    if not isinstance(value, str):
        raise TypeError("{} must be str, not {!r}".format(what, type(value)))
    if value not in words:
        raise ValueError("invalid {} {!r}: expected {} or {}".format(
            what, value, ", ".join(words[:-1]), words[-1]))
    return value


def _argument(detail):
    return ConfitureError("argument", None, 0, detail)


# ---- one file ----

def _status(file):
    status = os.fstat(file)
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _open(path):
    """Open without waiting, except up to a minute for another process's lease on the file."""
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
        raise encoding_error(error, path) from None


def decoded(path):
    """The text of a file. The extension calls it for the error of one that is not UTF-8."""
    return _decode(_read(path), path)


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


# ---- lists of files ----

def _named(paths, base_dir):
    """(the paths to open, their names, the base)"""
    if "" in paths:
        raise _argument("the list holds an empty path: number {}".format(paths.index("") + 1))
    base = "." if base_dir is None else _checked(path_of(base_dir, "base_dir"))
    paths = [str(_search.PurePath(path)) for path in paths]
    return paths, check_names(paths, base), base


def core_hash(paths):
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
    if base_dir is not None or digest is not None:
        return _digest(files, threads, base_dir, word_of("digest", digest, DIGESTS, "stream"))
    _threads(threads)
    return core_hash(paths_of(files, "files", strict=True))


def digest(files, *, kind="stream", base_dir=None, threads=0):
    return _digest(files, threads, base_dir, word_of("kind", kind, DIGESTS, "stream"))


def _digest(files, threads, base_dir, kind):
    _threads(threads)
    paths, names, _ = _named(paths_of(files, "files"), base_dir)
    sha = hashlib.sha256()
    for path, name in zip(paths, names):
        data = _text_of(path) if kind == "text" else _read(path)
        data = name.encode("utf-8") + b"\0" + data + b"\0"
        sha.update(hashlib.sha256(data).digest() if kind == "tree" else data)
    return sha.hexdigest()


def manifest(files, *, threads=0):
    _threads(threads)
    paths, _, _ = _named(paths_of(files, "files"), "/")
    result = []
    for path in paths:
        data = _read(path)
        result.append(Entry(len(data), hashlib.sha256(data).hexdigest()))
    return result


def check(files, *, threads=0, mode="postgres"):
    _threads(threads)
    mode = word_of("mode", mode, CHECKS, "postgres")
    paths, _, _ = _named(paths_of(files, "files"), "/")
    found = [_find_wrong(_read(path), path, mode, index + 1 == len(paths), index)[1]
             for index, path in enumerate(paths)]
    return [finding for finding in found if finding]


def find_files(directories, *, exclude_dirs=(), sort="path", unique=False):
    sort = word_of("sort", sort, SORTS, "path")
    unique = bool(unique)
    given = _listed(directories)
    excluded = [] if exclude_dirs is None else paths_of(exclude_dirs, "exclude_dirs")
    found = _search.find([directory_of(d) for d in given], excluded, sort, unique)
    if not found:
        raise no_files(given)
    return found


def _listed(value):
    """One directory, or an iterable of several, as a list."""
    if isinstance(value, (str, os.PathLike, Directory)):
        return [value]
    return _list(value, "directories")


def directories_of(value):
    """A list of Directory."""
    return [directory_of(item) for item in _listed(value)]


def directory_of(item):
    if not isinstance(item, tuple):
        return Directory(_checked(path_of(item, "a directory")))
    if len(item) != 5:
        raise TypeError("a directory must be a path or a Directory")
    path, recursive, include, exclude, must_exist = item
    return Directory(_checked(path_of(path, "a directory")), bool(recursive),
                     paths_of(include, "include"), paths_of(exclude, "exclude"), bool(must_exist))


# ---- schemas ----

def core_build(paths):
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
            raise _argument("the custom separator has no template")
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
    for what, text in zip(("environment", "timestamp"), header):
        _check_text(text, "the header's " + what)


def _check_lines(header):
    for what, text in zip(("environment", "timestamp"), header):
        if not is_one_line(text):
            raise _argument("the header's {} must be one line of UTF-8".format(what))


def _check_text(text, what):
    if not isinstance(text, str):
        raise TypeError("{} must be str, not {!r}".format(what, type(text)))
    text.encode("utf-8")
    if "\0" in text:
        raise ValueError("embedded null character in " + what)


def build_schema(files, *, threads=0, base_dir=None, style=None, template=None, header=None,
                 schema_only=None, check=None):
    keywords = (base_dir, style, template, header, schema_only, check)
    if any(value is not None for value in keywords):
        mode = "none" if check is None else check
        how = _how(threads, style, template, header, schema_only, mode)
        return _schema(files, base_dir, how, header is not None)[0]
    _threads(threads)
    return core_build(paths_of(files, "files", strict=True))


def schema(files, *, base_dir=None, style="block_comment", template=None, header=None,
           schema_only=False, check=None, threads=0):
    how = _how(threads, style, template, header, schema_only, check)
    return Schema(*_schema(files, base_dir, how, True))


class _How(NamedTuple):
    """The checked keywords of a schema."""

    style: str
    template: Any
    header: Any
    schema_only: bool
    mode: str


def _how(threads, style, template, header, schema_only, check):
    _threads(threads)
    style = word_of("style", style, STYLES, "block_comment")
    schema_only = bool(schema_only)
    mode = word_of("check", check, CHECKS, "none" if style == "mysql" else "postgres")
    if template is not None:
        _check_text(template, "template")
    if header is not None:
        _check_header(header)
    return _How(style, template, header, schema_only, mode)


def _schema(files, base_dir, how, hashed):
    """(text, digest, number of files). Without a digest nobody reads the files left out."""
    paths, names, base = _named(paths_of(files, "files"), base_dir)
    if how.header is not None:
        _check_lines(how.header)
    separator = _separator(how.style, how.template)
    sha, parts, count = hashlib.sha256(), [], 0
    base_name = os.path.basename(resolved(base))
    kept = [name for name in names if not how.schema_only or not is_seed(name, base_name)]
    for path, name in zip(paths, names):
        left_out = how.schema_only and is_seed(name, base_name)
        if left_out and not hashed:
            continue
        data = _read(path)
        if hashed:
            sha.update(name.encode("utf-8") + b"\0" + data + b"\0")
        if left_out:
            continue
        if how.style == "block_comment" and "*/" in name:
            raise ConfitureError("name", path)
        count += 1
        text, finding = _find_wrong(data, path, how.mode, count == len(kept))
        if finding and finding.kind == "encoding":
            _decode(data, path)
        if finding:
            raise ConfitureError("unclosed", path, finding.line, finding.what)
        parts += [separator(name), text, "" if text.endswith("\n") else "\n"]
    digest = sha.hexdigest()
    top = "" if how.header is None else _header(how.header, digest, count)
    return top + "".join(parts), digest, count


for _function in (build_schema, hash_files, schema, digest, find_files, check, manifest):
    _function.__doc__ = getattr(_docs, _function.__name__)
