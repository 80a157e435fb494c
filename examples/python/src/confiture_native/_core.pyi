from os import PathLike
from typing import List, Literal, Optional, Sequence, Tuple, Union

from .types import Directory, Finding

_Path = Union[str, PathLike[str]]
_Check = Literal["postgres", "quotes", "reference", "none"]

version: str
sha256_kernel: str

def build_schema(
    files: Sequence[_Path],
    *,
    threads: int = 0,
    base_dir: Optional[_Path] = None,
    style: Optional[Literal["block_comment", "line_comment", "mysql", "custom", "none"]] = None,
    template: Optional[str] = None,
    header: Optional[Tuple[str, str]] = None,
    schema_only: Optional[bool] = None,
    check: Optional[_Check] = None,
) -> str: ...
def hash_files(
    files: Sequence[_Path],
    *,
    threads: int = 0,
    base_dir: Optional[_Path] = None,
    digest: Optional[Literal["stream", "tree", "text"]] = None,
) -> str: ...
def find_files(
    directories: Union[str, Sequence[Union[_Path, Directory]]],
    *,
    exclude_dirs: Optional[Sequence[_Path]] = None,
    sort: Optional[Literal["path", "hex"]] = None,
    unique: Optional[bool] = None,
) -> List[str]: ...
def check(
    files: Sequence[_Path], *, threads: int = 0, mode: Optional[_Check] = None
) -> List[Finding]: ...
def manifest(files: Sequence[_Path], *, threads: int = 0) -> List[Tuple[int, str]]: ...
