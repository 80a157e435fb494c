/* docs.h: the docstrings. */

#ifndef CONFITURE_NATIVE_DOCS_H
#define CONFITURE_NATIVE_DOCS_H

#include <Python.h>

#define DOC_ERRORS                                                                                 \
    "Raises OSError with errno and filename for a file that cannot be read; EncodingError, a\n"    \
    "UnicodeDecodeError with the attribute filename, for a file that is not UTF-8; and\n"          \
    "ConfitureError otherwise. Of several errors the first file's is raised.\n"

#define DOC_FILES "files: a list, or another iterable, of str or os.PathLike, in order.\n"

#define DOC_BASE "base_dir: names are relative to it; None: to the current directory.\n"

#define DOC_THREADS "threads: int, the maximum; 0: as many as are useful.\n"

PyDoc_STRVAR(core_doc, "confiture.h as an extension: a stand-in for the Rust module of this name.");

PyDoc_STRVAR(
    build_schema_doc,
    "build_schema($module, files, *, threads=0, base_dir=None, style=None,\n"
    "             template=None, header=None, schema_only=None, check=None)\n--\n\n"
    "Join the files into one str, as the Rust module confiture._core does.\n\n" DOC_FILES
        DOC_THREADS
    "Names are relative to the directory that the files have in common. Line ends stay.\n\n"
    "Any other keyword selects the bytes of schema(), which also describes the keywords: new\n"
    "code calls schema(). The check is then 'none' unless another is given, and the result is\n"
    "a plain str.\n\n" DOC_ERRORS);

PyDoc_STRVAR(
    hash_files_doc,
    "hash_files($module, files, *, threads=0, base_dir=None, digest=None)\n--\n\n"
    "Return the digest of the Rust module confiture._core, as 64 lower-case hex digits: the\n"
    "SHA-256 of the SHA-256 of each file's name and bytes.\n\n" DOC_FILES DOC_THREADS
    "Names are relative to the directory that the files have in common.\n\n"
    "The keywords base_dir and digest select the result of digest(files, base_dir=base_dir,\n"
    "kind=digest): new code calls digest().\n\n" DOC_ERRORS);

PyDoc_STRVAR(
    schema_doc,
    "schema($module, files, *, base_dir=None, style='block_comment', template=None,\n"
    "       header=None, schema_only=False, check=None, threads=0)\n--\n\n"
    "Join the files into one Schema, with the bytes of the Python tool: a str with the\n"
    "attributes digest and file_count.\n\n" DOC_FILES DOC_BASE
    "style: of the separators, 'block_comment', 'line_comment', 'mysql', 'custom' or 'none'.\n"
    "template: str for 'custom'; {file_path} becomes the name.\n"
    "header: a tuple of str, (environment, timestamp); None: no header.\n"
    "schema_only: bool, leave seed files out; the digest still covers them.\n"
    "check: 'postgres', 'quotes', 'reference' or 'none', as in check(); the first finding is\n"
    "an error. None: 'postgres', and 'none' for the style 'mysql'.\n" DOC_THREADS "\n" DOC_ERRORS);

PyDoc_STRVAR(
    digest_doc,
    "digest($module, files, *, kind='stream', base_dir=None, threads=0)\n--\n\n"
    "Return the SHA-256 over the names and bytes of the files, as 64 lower-case hex "
    "digits.\n\n" DOC_FILES
    "kind: 'stream', one SHA-256 over all, as the Python tool computes it; 'tree', the SHA-256\n"
    "of each file's SHA-256, which is unambiguous also for files that hold NUL bytes; 'text', one\n"
    "SHA-256 over names and texts, with line ends as LF: the same for CRLF and LF.\n" DOC_BASE
        DOC_THREADS "\n" DOC_ERRORS);

PyDoc_STRVAR(
    find_files_doc,
    "find_files($module, directories, *, exclude_dirs=(), sort='path', unique=False)\n--\n\n"
    "Return the SQL files below the directories, as a list of str in the order of a build.\n\n"
    "directories: a str, os.PathLike or Directory, or an iterable of them.\n"
    "exclude_dirs: an iterable of paths; nothing below them is found.\n"
    "sort: 'path', or 'hex' for the order of hexadecimal prefixes.\n"
    "unique: bool, keep a path that is found twice once.\n\n"
    "Raises OSError with errno and filename for a directory that cannot be read, or is missing\n"
    "and must exist; ConfitureError if no file is found or a pattern is invalid.\n");

PyDoc_STRVAR(
    check_doc,
    "check($module, files, *, threads=0, mode='postgres')\n--\n\n"
    "Return what is wrong with the files, as a list of Finding, at most one per file.\n\n" DOC_FILES
    "mode: 'postgres' reads as PostgreSQL and psql do, and finds what swallows, cuts or spoils\n"
    "the next file in psql; 'quotes' finds only open comments, quotes and COPY data;\n"
    "'reference' knows comments only, as the Python tool does; 'none' checks the encoding\n"
    "alone. The last file may end without a semicolon.\n" DOC_THREADS "\n"
    "Raises OSError with errno and filename for a file that cannot be read.\n");

PyDoc_STRVAR(manifest_doc,
             "manifest($module, files, *, threads=0)\n--\n\n"
             "Return a list with an Entry for each file: size, in bytes, and sha256.\n\n" DOC_FILES
                 DOC_THREADS "\n"
             "Raises OSError with errno and filename for a file that cannot be read.\n");

#endif
