"""What a strict type checker refuses: each line that ends in "# wrong", and no other."""

from confiture_native import (ConfitureError, Directory, EncodingError, Finding, Schema,
                              SchemaBuilder, build_schema, check, digest, find_files, hash_files,
                              manifest, schema)

build_schema([b"a.sql"])  # wrong
build_schema(5)  # wrong
build_schema(["a.sql"], style="no such")  # wrong
hash_files(["a.sql"], digest="no such")  # wrong
hash_files(["a.sql"], kind="tree")  # wrong
hash_files(["a.sql"]).digest  # wrong
schema(["a.sql"], digest="tree")  # wrong
schema(["a.sql"], header="local")  # wrong
schema(["a.sql"]).no_such  # wrong
digest(["a.sql"], kind="no such")  # wrong
digest(["a.sql"]) + 1  # wrong
find_files(["db"], sort="no such")  # wrong
find_files([b"db"])  # wrong
find_files(["db"])[0].size  # wrong
check(["a.sql"], mode="no such")  # wrong
check(["a.sql"])[0].no_such  # wrong
manifest(["a.sql"])[0].size.no_such  # wrong
SchemaBuilder(5)  # wrong
SchemaBuilder("db", style="no such")  # wrong
SchemaBuilder("db").build(5)  # wrong
SchemaBuilder("db").build().digest + 1  # wrong
Directory("db", include=5)  # wrong
Finding("a.sql")  # wrong
Schema("text")  # wrong
ConfitureError("kind").filename + "x"  # wrong
EncodingError("utf-8", b"", 0, 1, "reason").line + "x"  # wrong
