/* docs.h: the docstrings. */

#ifndef CONFITURE_NATIVE_DOCS_H
#define CONFITURE_NATIVE_DOCS_H

#include <Python.h>

#define DOC_ERRORS                                                                                 \
    "Raises OSError with errno and filename for a file that cannot be read; UnicodeDecodeError,\n" \
    "with the attribute filename and offsets in that file, for a file that is not UTF-8; and\n"    \
    "ConfitureError otherwise. Of several errors the first file's is raised.\n"

PyDoc_STRVAR(core_doc, "confiture.h as an extension: a stand-in for the Rust module of this name.");

PyDoc_STRVAR(
    build_schema_doc,
    "build_schema($module, files, *, threads=0, base_dir=None, style=None,\n"
    "             template=None, header=None, schema_only=None, check=None)\n--\n\n"
    "Join the files, in the order given, into one schema.\n\n"
    "files: a sequence of str or os.PathLike. Alone, or with threads: the Rust module's bytes,\n"
    "line ends as they are. With any other keyword: the Python tool's bytes, line ends as LF,\n"
    "names relative to base_dir (default: the current directory).\n\n"
    "threads: int, the maximum; 0: as many as are useful.\n"
    "style: 'block_comment' (default), 'line_comment', 'mysql', 'custom' or 'none'.\n"
    "template: str for 'custom'; {file_path} becomes the name.\n"
    "header: a tuple of str, (environment, timestamp); None: no header.\n"
    "schema_only: bool, leave seed files out; a header's digest still covers them.\n"
    "check: 'none' (default), 'postgres', 'quotes' or 'reference', as in check(); the first\n"
    "finding is an error.\n\n" DOC_ERRORS);

PyDoc_STRVAR(
    hash_files_doc,
    "hash_files($module, files, *, threads=0, base_dir=None, digest=None)\n--\n\n"
    "Return the SHA-256 over the names and bytes of the files, as 64 lower-case hex digits.\n\n"
    "files: a sequence of str or os.PathLike. Alone, or with threads: the Rust module's digest.\n"
    "With base_dir or digest: names relative to base_dir (default: the current directory), and\n"
    "digest 'stream' (default: the Python tool's), 'tree', or 'text', to which CRLF is LF.\n"
    "threads: int, the maximum; 0: as many as are useful.\n\n" DOC_ERRORS);

PyDoc_STRVAR(
    find_files_doc,
    "find_files($module, directories, *, exclude_dirs=(), sort='path', unique=False)\n--\n\n"
    "Return the SQL files below the directories, as a list of str in build order.\n\n"
    "directories: a str, or a sequence of str, os.PathLike or Directory.\n"
    "exclude_dirs: a sequence of paths; nothing below them is found.\n"
    "sort: 'path', or 'hex' for the order of hexadecimal prefixes.\n"
    "unique: bool, keep a path that is found twice once.\n\n"
    "Raises OSError with errno and filename for a directory that cannot be read, or is missing\n"
    "and must exist; ConfitureError if no file is found or a pattern is invalid.\n");

PyDoc_STRVAR(
    check_doc,
    "check($module, files, *, threads=0, mode='postgres')\n--\n\n"
    "Return what is wrong with the files, as a list of Finding, at most one per file.\n\n"
    "mode: 'postgres' reads as PostgreSQL and psql do, and finds what swallows, cuts or spoils\n"
    "the next file in psql; 'quotes' finds only open comments, quotes and COPY data;\n"
    "'reference' knows comments only, as the Python tool does; 'none' checks the encoding\n"
    "alone. The last file may end without a semicolon.\n\n"
    "Raises OSError with errno and filename for a file that cannot be read.\n");

PyDoc_STRVAR(manifest_doc,
             "manifest($module, files, *, threads=0)\n--\n\n"
             "Return each file's size in bytes and SHA-256, as a list of tuples (int, str).\n\n"
             "Raises OSError with errno and filename for a file that cannot be read.\n");

#endif
