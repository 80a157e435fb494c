"""SchemaBuilder: the Python tool's builder, on the extension or the fallback."""

import datetime
import os
import secrets
import shutil

import confiture_native as _native

from ._search import base_of
from .types import Directory


class SchemaBuilder:
    """The schema of the SQL files below some directories.

    directories: a path, or a list of paths and Directory. Names are relative to base_dir; without
    it, to the one directory, or to what several, with links resolved, have in common.
    style, template: as in build_schema().
    check: as in build_schema(). The default is "postgres", and "none" for the style "mysql", whose
    schema is for another database.
    """

    def __init__(self, directories, *, base_dir=None, exclude_dirs=(), sort="path", unique=False,
                 style="block_comment", template=None, check=None, environment="local",
                 threads=0):
        if isinstance(directories, (str, os.PathLike)):
            directories = [directories]
        self.directories = [d if isinstance(d, Directory) else Directory(d) for d in directories]
        self.base_dir = base_dir
        self.exclude_dirs = list(exclude_dirs)
        self.sort = sort
        self.unique = unique
        self.style = style
        self.template = template
        self.check = check or ("none" if style == "mysql" else "postgres")
        self.environment = environment
        self.threads = threads

    def find_sql_files(self):
        """The paths of the files, in the order of the build."""
        return _native.find_files(self.directories, exclude_dirs=self.exclude_dirs, sort=self.sort,
                                  unique=self.unique)

    def _base(self):
        return base_of(self.directories) if self.base_dir is None else self.base_dir

    def compute_hash(self):
        """SHA-256 over all names and bytes, in hexadecimal: any change of either changes it."""
        return _native.hash_files(self.find_sql_files(), base_dir=self._base(), digest="stream",
                                  threads=self.threads)

    def build(self, output_path=None, *, header=True, timestamp=None, schema_only=False):
        """The schema. It is also written to output_path, if given, whole or not at all.

        timestamp: str for the header; None: the local time now, as the Python tool writes it.
        """
        if header and timestamp is None:
            timestamp = datetime.datetime.now().isoformat()
        schema = _native.build_schema(
            self._inputs(output_path), base_dir=self._base(), style=self.style,
            template=self.template, header=(self.environment, timestamp) if header else None,
            schema_only=schema_only, check=self.check, threads=self.threads)
        if output_path is not None:
            _replace(output_path, schema.encode("utf-8"))
        return schema

    def _inputs(self, output_path):
        """The files of the build: an output that lies among the inputs is left out."""
        files = self.find_sql_files()
        if output_path is None or not os.path.exists(output_path):
            return files
        return [path for path in files
                if not (os.path.exists(path) and os.path.samefile(path, output_path))]


def _replace(path, data):
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
