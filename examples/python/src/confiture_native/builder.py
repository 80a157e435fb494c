"""SchemaBuilder: the Python tool's builder, on the extension or the fallback."""

import datetime
import os
import secrets
import shutil
from typing import Iterable, List, Optional, Tuple, Union

import confiture_native as _native

from . import _fallback
from ._search import base_of, check_directories
from .types import Check, Directory, Schema, Sort, StrPath, Style


class SchemaBuilder:
    """The schema of the SQL files below some directories.

    directories: a path or Directory, or an iterable of them. Names are relative to base_dir;
    without it, to the one directory, or to what several, with links resolved, have in common.
    exclude_dirs, sort, unique: as in find_files().
    style, template, check, threads: as in schema().
    environment: str for the header.

    An argument that no build could use is an error here, and not only in build().
    """

    def __init__(self, directories: Union[StrPath, Directory, Iterable[Union[StrPath, Directory]]],
                 *, base_dir: Optional[StrPath] = None, exclude_dirs: Iterable[StrPath] = (),
                 sort: Sort = "path", unique: bool = False, style: Style = "block_comment",
                 template: Optional[str] = None, check: Optional[Check] = None,
                 environment: str = "local", threads: int = 0) -> None:
        self.directories: List[Directory] = _fallback.directories_of(directories)
        self.base_dir = None if base_dir is None else _fallback.path_of(base_dir, "base_dir")
        self.exclude_dirs: List[str] = _fallback.paths_of(exclude_dirs, "exclude_dirs")
        self.sort = sort
        self.unique = unique
        self.style = style
        self.template = template
        self.check = check
        self.environment = environment
        self.threads = threads
        check_directories(self.directories)
        _fallback.word_of("sort", sort, _fallback.SORTS, "path")
        self._schema([], ".", "")  # which checks the other arguments

    def __repr__(self) -> str:
        shown = [repr([d.path if d == _fallback.directory_of(d.path) else d
                       for d in self.directories])]
        for name, default in self._DEFAULTS:
            value = getattr(self, name)
            if value != default:
                shown.append("{}={!r}".format(name, value))
        return "SchemaBuilder({})".format(", ".join(shown))

    _DEFAULTS: Tuple[Tuple[str, object], ...] = (
        ("base_dir", None), ("exclude_dirs", []), ("sort", "path"), ("unique", False),
        ("style", "block_comment"), ("template", None), ("check", None), ("environment", "local"),
        ("threads", 0))

    def find_sql_files(self) -> List[str]:
        """The paths of the files, in the order of the build."""
        return _native.find_files(self.directories, exclude_dirs=self.exclude_dirs,
                                  sort=self.sort, unique=self.unique)

    def _base(self) -> StrPath:
        return base_of(self.directories) if self.base_dir is None else self.base_dir

    def compute_hash(self) -> str:
        """The stream digest of the files: the SHA-256 of all names and bytes, in hexadecimal."""
        return _native.digest(self.find_sql_files(), base_dir=self._base(), threads=self.threads)

    def build(self, output_path: Optional[StrPath] = None, *, header: bool = True,
              timestamp: Optional[str] = None, schema_only: bool = False) -> Schema:
        """The schema, a str with the attributes digest and file_count.

        output_path: a file to which the schema is also written, whole or not at all.
        header: whether it begins with the header.
        timestamp: str for the header; None: the local time now, as the Python tool writes it.
        schema_only: leave seed files out; the digest still covers them.
        """
        if timestamp is None:
            timestamp = datetime.datetime.now().isoformat()
        output = None if output_path is None else _fallback.path_of(output_path, "output_path")
        schema = self._schema(self._inputs(output), self._base(), timestamp if header else None,
                              schema_only)
        if output is not None:
            _replace(output, schema.encode("utf-8"))
        return schema

    def _schema(self, files: List[str], base: StrPath, timestamp: Optional[str],
                schema_only: bool = False) -> Schema:
        return _native.schema(
            files, base_dir=base, style=self.style,
            template=self.template, schema_only=schema_only,
            header=None if timestamp is None else (self.environment, timestamp),
            check=self.check, threads=self.threads)

    def _inputs(self, output: Optional[str]) -> List[str]:
        """The files of the build: an output that lies among the inputs is left out."""
        files = self.find_sql_files()
        if output is None or not os.path.exists(output):
            return files
        return [path for path in files
                if not (os.path.exists(path) and os.path.samefile(path, output))]


def _replace(path: str, data: bytes) -> None:
    """Write a file beside the old one and rename it. On any error the old file is unchanged."""
    target = os.path.realpath(path)
    temporary = os.path.join(os.path.dirname(target),
                             ".confiture-{}-{}.tmp".format(os.getpid(), secrets.token_hex(8)))
    try:
        with open(temporary, "xb") as stream:
            stream.write(data)
        if os.path.exists(target):
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
