"""What help() says of the functions: docs.h has the same for the extension."""

ERRORS = """\
Raises OSError with errno and filename for a file that cannot be read; EncodingError, a
UnicodeDecodeError with the attribute filename, for a file that is not UTF-8; and
ConfitureError otherwise. Of several errors the first file's is raised.
"""
FILES = "files: a list, or another iterable, of str or os.PathLike, in order.\n"
BASE = "base_dir: names are relative to it; None: to the current directory.\n"
THREADS = "threads: int, the maximum; 0: as many as are useful.\n"

build_schema = """\
Join the files into one str, as the Rust module confiture._core does.

""" + FILES + THREADS + """\
Names are relative to the directory that the files have in common. Line ends stay.

Any other keyword selects the bytes of schema(), which also describes the keywords: new
code calls schema(). The check is then 'none' unless another is given, and the result is
a plain str.

""" + ERRORS

hash_files = """\
Return the digest of the Rust module confiture._core, as 64 lower-case hex digits: the
SHA-256 of the SHA-256 of each file's name and bytes.

""" + FILES + THREADS + """\
Names are relative to the directory that the files have in common.

The keywords base_dir and digest select the result of digest(files, base_dir=base_dir,
kind=digest): new code calls digest().

""" + ERRORS

schema = """\
Join the files into one Schema, with the bytes of the Python tool: a str with the
attributes digest and file_count.

""" + FILES + BASE + """\
style: of the separators, 'block_comment', 'line_comment', 'mysql', 'custom' or 'none'.
template: str for 'custom'; {file_path} becomes the name.
header: a tuple of str, (environment, timestamp); None: no header.
schema_only: bool, leave seed files out; the digest still covers them.
check: 'postgres', 'quotes', 'reference' or 'none', as in check(); the first finding is
an error. None: 'postgres', and 'none' for the style 'mysql'.
""" + THREADS + "\n" + ERRORS

digest = """\
Return the SHA-256 over the names and bytes of the files, as 64 lower-case hex digits.

""" + FILES + """\
kind: 'stream', one SHA-256 over all, as the Python tool computes it; 'tree', the SHA-256
of each file's SHA-256, which is unambiguous also for files that hold NUL bytes; 'text', one
SHA-256 over names and texts, with line ends as LF: the same for CRLF and LF.
""" + BASE + THREADS + "\n" + ERRORS

find_files = """\
Return the SQL files below the directories, as a list of str in the order of a build.

directories: a str, os.PathLike or Directory, or an iterable of them.
exclude_dirs: an iterable of paths; nothing below them is found.
sort: 'path', or 'hex' for the order of hexadecimal prefixes.
unique: bool, keep a path that is found twice once.

Raises OSError with errno and filename for a directory that cannot be read, or is missing
and must exist; ConfitureError if no file is found or a pattern is invalid.
"""

check = """\
Return what is wrong with the files, as a list of Finding, at most one per file.

""" + FILES + """\
mode: 'postgres' reads as PostgreSQL and psql do, and finds what swallows, cuts or spoils
the next file in psql; 'quotes' finds only open comments, quotes and COPY data;
'reference' knows comments only, as the Python tool does; 'none' checks the encoding
alone. The last file may end without a semicolon.
""" + THREADS + """
Raises OSError with errno and filename for a file that cannot be read.
"""

manifest = """\
Return a list with an Entry for each file: size, in bytes, and sha256.

""" + FILES + THREADS + """
Raises OSError with errno and filename for a file that cannot be read.
"""
