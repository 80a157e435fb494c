from typing import Iterable, List, Optional, Tuple, Union

from .types import (
    Check, Digest, Directory, Entry, Finding, Schema, Sort, StrPath, Style,
)

version: str
sha256_kernel: str

def build_schema(
    files: Iterable[StrPath],
    *,
    threads: Optional[int] = 0,
    base_dir: Optional[StrPath] = None,
    style: Optional[Style] = None,
    template: Optional[str] = None,
    header: Optional[Tuple[str, str]] = None,
    schema_only: Optional[bool] = None,
    check: Optional[Check] = None,
) -> str: ...
def hash_files(
    files: Iterable[StrPath],
    *,
    threads: Optional[int] = 0,
    base_dir: Optional[StrPath] = None,
    digest: Optional[Digest] = None,
) -> str: ...
def schema(
    files: Iterable[StrPath],
    *,
    base_dir: Optional[StrPath] = None,
    style: Optional[Style] = "block_comment",
    template: Optional[str] = None,
    header: Optional[Tuple[str, str]] = None,
    schema_only: Optional[bool] = False,
    check: Optional[Check] = None,
    threads: Optional[int] = 0,
) -> Schema: ...
def digest(
    files: Iterable[StrPath],
    *,
    kind: Optional[Digest] = "stream",
    base_dir: Optional[StrPath] = None,
    threads: Optional[int] = 0,
) -> str: ...
def find_files(
    directories: Union[StrPath, Directory, Iterable[Union[StrPath, Directory]]],
    *,
    exclude_dirs: Optional[Iterable[StrPath]] = (),
    sort: Optional[Sort] = "path",
    unique: Optional[bool] = False,
) -> List[str]: ...
def check(
    files: Iterable[StrPath],
    *,
    threads: Optional[int] = 0,
    mode: Optional[Check] = "postgres",
) -> List[Finding]: ...
def manifest(files: Iterable[StrPath], *, threads: Optional[int] = 0) -> List[Entry]: ...
