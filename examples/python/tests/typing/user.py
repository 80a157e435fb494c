"""A user's program with all public names: a strict type checker accepts it, and it runs.

It works in the current directory. mypy reads it; run.py's test runs it as well.
"""

import pathlib
from typing import Iterator, List, Tuple, Union

import confiture_native
from confiture_native import (HAS_NATIVE, ConfitureError, Directory, EncodingError, Entry, Finding,
                              Schema, SchemaBuilder, build_schema, check, digest, find_files,
                              hash_files, manifest, schema)


def paths(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    for path in sorted(folder.glob("*.sql")):
        yield path


def text_of(error: Union[OSError, EncodingError, ConfitureError]) -> str:
    if isinstance(error, ConfitureError):
        kind: str = error.kind
        return "{} {} {}".format(kind, error.filename or "-", error.line) + error.detail
    if isinstance(error, EncodingError):
        return "{}:{}".format(error.filename, error.line + error.start)
    return str(error.filename)


def main() -> None:
    folder = pathlib.Path("db")
    folder.mkdir(exist_ok=True)
    (folder / "a.sql").write_text("SELECT 1;\n", encoding="utf-8")
    (folder / "b.sql").write_text("SELECT 2;\n", encoding="utf-8")

    found: List[str] = find_files(folder)
    found = find_files([folder, "db", Directory(folder, exclude=["a.sql"])], unique=True,
                       sort="hex", exclude_dirs={"none": 1}.keys())
    core: str = build_schema(found) + hash_files(paths(folder)) + hash_files(found, threads=1)
    core += build_schema(found, base_dir=folder, style="none") + hash_files(found, digest="tree")

    built: Schema = schema(paths(folder), base_dir=folder, style="custom", template="{file_path}",
                           header=("local", "2026-01-01T00:00:00"), schema_only=True,
                           check="quotes", threads=2)
    count: int = built.file_count
    same: bool = built.digest == digest(found, base_dir=folder, kind="stream")

    findings: List[Finding] = check(paths(folder), mode="postgres")
    lines: List[Tuple[str, int, str]] = [(f.filename, f.line, f.what) for f in findings]
    entries: List[Entry] = manifest(found)
    total: int = sum(entry.size for entry in entries) + len({entry.sha256 for entry in entries})

    builder = SchemaBuilder(folder, base_dir=".", style="line_comment")
    again: Schema = builder.build(pathlib.Path("schema.sql"), header=False)
    upper: str = again.upper() + builder.compute_hash() + repr(builder)
    several = SchemaBuilder([Directory("db"), folder, "db"])
    names: List[str] = several.find_sql_files()

    try:
        schema(["none.sql"])
    except (OSError, EncodingError, ConfitureError) as error:
        print(text_of(error))
    native: bool = HAS_NATIVE
    version: str = confiture_native.__version__
    assert count == 2 and same and names and not lines and total and core and upper
    print(native, version)


if __name__ == "__main__":
    main()
