"""SchemaBuilder: what the Python tool's builder does, whoever does the work."""

import datetime
import os
import secrets
import shutil

import confiture_native as _native

from ._search import base_of
from .types import Directory


class SchemaBuilder:
    """The schema of the SQL files below some directories.

    directories: a path, or a list of paths and Directory; names are relative to the one
    directory, or to what several, with links resolved, have in common, or to base_dir.
    style, template: as in build_schema().
    check: as in build_schema(); by default "postgres", and "none" for the style "mysql", which
    makes a schema of another database.
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
        """SHA-256 over all names and bytes, in hexadecimal: it changes when anything does."""
        return _native.hash_files(self.find_sql_files(), base_dir=self._base(), digest="stream",
                                  threads=self.threads)

    def build(self, output_path=None, *, header=True, timestamp=None, schema_only=False):
        """The schema; written to output_path as well, whole or not at all.

        timestamp: str for the header's line; None: now, local time, as the tool writes it.
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
        """An output that lies among the inputs is none of them."""
        files = self.find_sql_files()
        if output_path is None or not os.path.exists(output_path):
            return files
        return [path for path in files
                if not (os.path.exists(path) and os.path.samefile(path, output_path))]


def _replace(path, data):
    """Beside the old file, then in its place: on any error that is as it was."""
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
