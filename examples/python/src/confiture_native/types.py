"""The classes that both implementations take, return and raise."""

import os
from typing import (Any, Iterable, List, Literal, NamedTuple, Optional, Sequence, Tuple, Type,
                    Union)

# Names within quotes are not evaluated: Python 3.8 has no os.PathLike[str].
StrPath = Union[str, "os.PathLike[str]"]
Check = Literal["postgres", "quotes", "reference", "none"]
Digest = Literal["stream", "tree", "text"]
Sort = Literal["path", "hex"]
Style = Literal["block_comment", "line_comment", "mysql", "custom", "none"]


class Directory(NamedTuple):
    """A directory to search, with patterns of its own."""

    path: StrPath
    recursive: bool = True
    include: Iterable[str] = ("**/*.sql",)
    exclude: Iterable[str] = ()
    must_exist: bool = False


class Entry(NamedTuple):
    """What manifest() tells of a file."""

    size: int  # in bytes
    sha256: str  # of the bytes, 64 lower-case hex digits


class Finding(NamedTuple):
    """What is wrong with a file's text."""

    filename: str
    line: int  # of the byte, or where the finding begins, from 1
    offset: int  # of the byte, from 0; kind "encoding" only
    kind: str  # "encoding" or "unclosed"
    what: str
    index: int  # type: ignore[assignment]  # of the file in the list, from 0


class Schema(str):
    """A schema's text, with the digest of the files that it was made of.

    digest: the stream digest, as digest() computes it: of all files, also of seed files that
    were left out
    file_count: how many files the text holds
    """

    digest: str
    file_count: int

    def __new__(cls: "Type[Schema]", text: str, digest: str, file_count: int) -> "Schema":
        self = super().__new__(cls, text)
        self.digest = digest
        self.file_count = file_count
        return self

    def __getnewargs__(self) -> Tuple[str, str, int]:  # type: ignore[override]
        return str.__str__(self), self.digest, self.file_count


class EncodingError(UnicodeDecodeError):
    """A file is not UTF-8. Offsets are those within the file; its text names the file.

    filename: the file
    line: of the first byte that is wrong, from 1
    """

    def __init__(self, encoding: str, object: bytes, start: int, end: int, reason: str,
                 filename: str = "") -> None:
        super().__init__(encoding, object, start, end, reason)
        self.filename = filename

    @property
    def line(self) -> int:
        before = self.object[:self.start].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return before.count(b"\n") + 1

    def __str__(self) -> str:
        return "{}:{}: {}".format(self.filename, self.line, super().__str__())


def encoding_error(error: UnicodeDecodeError, filename: str) -> EncodingError:
    """The error of a decoder, with the file that it speaks of."""
    return EncodingError(error.encoding, error.object, error.start, error.end, error.reason,
                         filename)


_TEXTS = {
    "unclosed": "would harm the file after it",
    "no_files": "no SQL files found",
    "outside": "outside of the base directory",
    "changed": "changed while it was read",
    "name": "the name is unsafe in SQL",
}


class ConfitureError(ValueError):
    """An error that is neither the operating system's nor one of encoding.

    kind: "argument", "no_files", "outside", "name", "unclosed" or "changed"
    filename: the file, or None
    line: where the finding begins, from 1, or 0
    detail: the finding, or what is wrong with an argument; or ""
    """

    def __init__(self, kind: str, filename: Optional[str] = None, line: int = 0,
                 detail: str = "") -> None:
        super().__init__(kind, filename, line, detail)
        self.kind = kind
        self.filename = filename
        self.line = line
        self.detail = detail

    def __str__(self) -> str:
        what = self.detail or _TEXTS.get(self.kind, self.kind)
        if self.filename is None:
            return what
        place = "{}:{}".format(self.filename, self.line) if self.line else self.filename
        return "{}: {}".format(place, what)


def no_files(directories: Sequence[Any]) -> ConfitureError:
    """The error of a search that found nothing: it names each directory, and which are missing."""
    paths: List[str] = [os.fspath(d[0] if isinstance(d, tuple) else d) for d in directories]
    missing = [path for path in paths if not os.path.lexists(path)]
    detail = "no SQL files found in " + ", ".join(paths)
    if missing:
        detail += " (missing: {})".format(", ".join(missing))
    return ConfitureError("no_files", None, 0, detail)
