/* docs.h: the docstrings. */

#ifndef CONFITURE_NATIVE_DOCS_H
#define CONFITURE_NATIVE_DOCS_H

#include <Python.h>

#define DOC_ERRORS                                                                                 \
    "Raises OSError with errno and filename for what cannot be read, UnicodeDecodeError\n"         \
    "(its attribute filename says of which file, start and end are bytes therein) for what\n"      \
    "is not UTF-8, ConfitureError for the rest. Of several errors, that of the first file.\n"

PyDoc_STRVAR(core_doc, "confiture.h as an extension: a stand-in for the Rust module of this name.");

PyDoc_STRVAR(
    build_schema_doc,
    "build_schema($module, files, *, threads=0, base_dir=None, style=None,\n"
    "             template=None, header=None, schema_only=None, check=None)\n--\n\n"
    "The files joined into one schema, in the order given.\n\n"
    "files: a sequence of str or os.PathLike. With it alone (threads may be there, too): the\n"
    "bytes of the Rust module, line ends as they are. With any other keyword: those of the\n"
    "Python tool, line ends as LF, names relative to base_dir (default: the current directory).\n\n"
    "threads: int, at most so many; 0: as many as are useful.\n"
    "style: 'block_comment' (default), 'line_comment', 'mysql', 'custom' or 'none'.\n"
    "template: str for 'custom', in which {file_path} stands for the name.\n"
    "header: a tuple of str, (environment, timestamp); None: no header.\n"
    "schema_only: bool, leave seed files out; a header's digest covers them all the same.\n"
    "check: 'none' (default), 'postgres', 'quotes' or 'reference', as in check(): refuse the\n"
    "first finding.\n\n" DOC_ERRORS);

PyDoc_STRVAR(
    hash_files_doc,
    "hash_files($module, files, *, threads=0, base_dir=None, digest=None)\n--\n\n"
    "SHA-256 over the names and bytes of the files, as 64 lower-case hexadecimal digits.\n\n"
    "files: a sequence of str or os.PathLike. With it alone (threads may be there, too): the\n"
    "digest of the Rust module. With base_dir or digest: names relative to base_dir (default:\n"
    "the current directory), and digest 'stream' (default: the Python tool's) or 'tree'.\n"
    "threads: int, at most so many; 0: as many as are useful.\n\n" DOC_ERRORS);

PyDoc_STRVAR(
    find_files_doc,
    "find_files($module, directories, *, exclude_dirs=(), sort='path', unique=False)\n--\n\n"
    "The SQL files below the directories, as a list of str in the order of a build.\n\n"
    "directories: a str, or a sequence of str, os.PathLike or Directory.\n"
    "exclude_dirs: a sequence of paths; nothing below them is found.\n"
    "sort: 'path', or 'hex' for the order of hexadecimal prefixes.\n"
    "unique: bool, a path that is found twice is kept once.\n\n"
    "Raises OSError with errno and filename for a directory that cannot be read, or that is\n"
    "missing and must exist; ConfitureError if no file is found or a pattern is none.\n");

PyDoc_STRVAR(
    check_doc,
    "check($module, files, *, threads=0, mode='postgres')\n--\n\n"
    "What is wrong with the files' text, as a list of Finding, at most one a file.\n\n"
    "mode: 'postgres' reads as PostgreSQL and psql do, and finds what swallows, cuts\n"
    "or spoils the next file in psql; 'quotes' finds of that open comments, quotes and COPY\n"
    "data; 'reference' knows comments only, as the Python tool does; 'none' looks at the\n"
    "encoding alone. The last file may end without a semicolon.\n\n"
    "Raises OSError with errno and filename for what cannot be read.\n");

PyDoc_STRVAR(manifest_doc,
             "manifest($module, files, *, threads=0)\n--\n\n"
             "Each file's size in bytes and SHA-256, as a list of tuples (int, str).\n\n"
             "Raises OSError with errno and filename for what cannot be read.\n");

#endif
