"""The classes that both implementations take, return and raise."""

from typing import Any, NamedTuple, Optional, Sequence


class Directory(NamedTuple):
    """A directory to search, with patterns of its own."""

    path: Any
    recursive: bool = True
    include: Sequence[str] = ("**/*.sql",)
    exclude: Sequence[str] = ()
    must_exist: bool = False


class Finding(NamedTuple):
    """What is wrong with a file's text."""

    filename: str
    line: int  # of the byte, or where the finding begins, from 1
    offset: int  # of the byte, from 0; kind "encoding" only
    kind: str  # "encoding" or "unclosed"
    what: str
    index: int  # of the file in the list, from 0


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
    filename: the file or directory, or None
    line: where the finding begins, from 1, or 0
    detail: the finding, or the argument that is wrong; or ""
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
