"""What confiture.h must compute, written down a second time: plain Python, standard library only.

It works the way the original tool does: pathlib paths, sorted; hashlib; read_text; a comment check
that looks at one character after the other. Where the original is undefined, unsafe or silent, it
raises ConfitureError with the same kind as the library's status. tests/parity/parity.py compares the two;
benchmarks use build_like_original, which repeats the original's work as well as its bytes.
"""

import collections
import errno
import hashlib
import math
import os
import re
import stat
import unicodedata
from pathlib import Path, PurePosixPath

import psql_check
from selection import (ConfitureError, Walk, components, exists, is_directory, match,
                       split_pattern, system_error)

Directory = collections.namedtuple(
    "Directory", "path recursive include exclude must_exist",
    defaults=(True, ("**/*.sql",), (), False))

BAR42 = "=" * 42
BAR44 = "=" * 44
STYLES = ("block_comment", "line_comment", "mysql", "custom", "none")


# ---- discovery and order ----------------------------------------------------------------------

def below(path, directory):
    """A lexical prefix test over whole components."""
    path, parts = Path(path), Path(directory).parts
    return path.parts[:len(parts)] == parts and (bool(parts) or not path.is_absolute())


def find_files(directories, exclude_dirs=(), sort_mode="path", unique=False):
    """The paths that the directories select, ordered. A string stands for Directory(string)."""
    directories = [d if isinstance(d, Directory) else Directory(d) for d in directories]
    plans = []
    for d in directories:
        patterns = list(d.include) or ["**/*.sql"]
        if not d.recursive and patterns == ["**/*.sql"]:
            patterns = ["*.sql"]
        plans.append([split_pattern(p, d.recursive) for p in patterns])
        for pattern in d.exclude:
            match("x", pattern)

    def excluded(path):
        return any(below(path, directory) for directory in exclude_dirs)

    found = []
    for d, plan in zip(directories, plans):
        root = str(Path(d.path))
        try:
            missing = not exists(root)
        except ConfitureError:
            if excluded(root):
                continue
            raise
        if missing and d.must_exist:
            raise ConfitureError("not_found", root, "no such directory")
        if missing:
            continue
        if excluded(root):
            continue
        if not is_directory(root):
            raise system_error(OSError(errno.ENOTDIR, ""), root)

        def dropped(path, root=root, exclude=d.exclude):
            relative = str(Path(path).relative_to(root))
            return any(match(relative, pattern) for pattern in exclude)

        walk = Walk(root, excluded, dropped)
        for parts in plan:
            for selected in walk.select(parts):
                path = Path(selected)
                if not dropped(path) and not excluded(path):
                    found.append(path)
    if not found:
        raise ConfitureError("no_files", "", "no SQL files found in " +
                             ", ".join(str(d.path) for d in directories))
    if unique:
        found = list(dict.fromkeys(found))
    return sort_files(found, sort_mode)


def path_key(path):
    """By components. As bytes: the order of code points, and defined for names that are no text."""
    return tuple(os.fsencode(part) for part in path.parts)


def sort_files(paths, sort_mode="path"):
    if sort_mode == "hex" and any(hex_value(stem(p.name)) is not None for p in paths):
        return sorted(paths, key=lambda p: hex_key(p.name) + (path_key(p),))
    return sorted(paths, key=path_key)


def stem(name):
    """The name without its last suffix; pathlib's own stem differs from 3.14 on."""
    dot = name.rfind(".")
    return name[:dot] if 0 < dot < len(name) - 1 else name


def hex_value(name_stem):
    """The value of a stem's hexadecimal prefix, or None if it has none."""
    prefix, underscore, _ = name_stem.partition("_")
    if not underscore or not prefix or not all(c.isupper() or c.isdigit() for c in prefix):
        return None
    try:
        return int(prefix, 16)
    except ValueError:
        return None


def hex_key(name):
    name_stem = stem(name)
    value = hex_value(name_stem)
    if value is None:
        return (math.inf, os.fsencode(name_stem))
    return (value, os.fsencode(name_stem.partition("_")[2]))


# ---- base and names ---------------------------------------------------------------------------

def base_of(directories):
    """The directory that names are relative to, unless the caller gives one."""
    paths = [d.path if isinstance(d, Directory) else d for d in directories]
    if len(paths) == 1:
        return Path(paths[0])
    return Path(os.path.commonpath([resolved(p) for p in paths]))


def resolved(path):
    """Without links; what is missing is kept as it is."""
    try:
        os.stat(path)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise system_error(error, str(path))
    return os.path.realpath(path)


def absolute(path):
    """Joined to the current directory, `..` kept."""
    return Path(os.path.join(os.getcwd(), str(path)))


def name_of(path, base):
    """A file's name in separators and hashes, or why it cannot have one."""
    path, base = Path(path), Path(base)
    try:
        relative = path.relative_to(base)
    except ValueError:
        try:
            relative = absolute(path).relative_to(absolute(base))
        except ValueError:
            raise ConfitureError("outside", str(path), "outside of the base directory")
    depth = 0
    for part in relative.parts:
        depth += -1 if part == ".." else 1
        if depth < 0:
            raise ConfitureError("outside", str(path), "outside of the base directory")
    name = str(relative)
    if any("\udc80" <= c <= "\udcff" for c in name):
        raise ConfitureError("name", str(path), "name is not valid UTF-8")
    if any(unicodedata.category(c) == "Cc" for c in name):
        raise ConfitureError("name", str(path), "control character in name")
    return name


def common_base(paths):
    """What the directories of the files have in common; links are not looked at."""
    def leaves(parts):
        depths = [0]
        for part in parts:
            depths.append(depths[-1] + (-1 if part == ".." else 1))
        return min(depths) < 0

    def usable(path):
        """Of a directory that a `..` leads out of again, what is above it."""
        parts = absolute(path).parts
        parts = parts if parts[-1] == ".." else parts[:-1]
        return max((parts[:n] for n in range(1, len(parts) + 1)
                    if ".." not in parts[:n] and not leaves(parts[n:])), key=len,
                   default=parts[:1])
    for path in map(Path, paths):
        if not path.is_absolute() and leaves(path.parts):
            raise ConfitureError("outside", str(path), "leads above the current directory")
    return Path(os.path.commonpath([str(Path(*usable(path))) for path in paths])
                if paths else os.getcwd())


class Files:
    """An ordered list of files, its base and its names."""

    def __init__(self, paths, base):
        self.paths = [Path(p) for p in paths]
        self.base = Path(base)
        self.base_name = os.path.basename(resolved(self.base))
        self.names = [name_of(p, base) for p in self.paths]

    def __len__(self):
        return len(self.paths)

    def __iter__(self):
        return iter(zip(self.paths, self.names))

    def is_seed(self, index):
        return is_seed(self.names[index], self.base_name)


def find(directories, exclude_dirs=(), sort_mode="path", unique=False, base=None):
    paths = find_files(directories, exclude_dirs, sort_mode, unique)
    return Files(paths, base_of(directories) if base is None else base)


SEED = re.compile(r"(?:^|[_-])seeds?(?:$|[_-])")


def is_seed_component(component):
    return SEED.search(component.lower()) is not None


def is_seed(name, base_name):
    """The resolved base's own name counts, however it is written; those above it do not."""
    return any(is_seed_component(c) for c in [base_name] + components(name))


# ---- one file's bytes, text and check ---------------------------------------------------------

def read_bytes(path):
    """A FIFO or a device would hang or never end: only regular files are read."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise ConfitureError("not_file", str(path), "not a regular file")
        return Path(path).read_bytes()
    except OSError as error:
        raise system_error(error, str(path))


def newlines(text):
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_text(data, path=""):
    """What read_text(encoding="utf-8") makes of the bytes; path is for the error."""
    try:
        return newlines(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        before = newlines(data[:error.start].decode("utf-8"))
        raise ConfitureError("encoding", str(path), "not valid UTF-8",
                             line=before.count("\n") + 1, offset=error.start)


def end_line(text):
    """The text as it goes into a schema."""
    return text if text.endswith("\n") else text + "\n"


def comment_left_open(text):
    """The line of the comment that is open at the end, or 0; strings and nesting are not known."""
    opened, line, before = 0, 1, ""
    for c in text:
        if c == "*" and before == "/":
            opened, before = line, ""
        elif c == "/" and before == "*" and opened:
            opened, before = 0, ""
        else:
            line += c == "\n"
            before = c
    return opened


CHECKS = {
    "none": lambda text: None,
    "reference": lambda text: (comment_left_open(text), "comment never closed"),
    "quotes": lambda text: psql_check.left_open(text, "quotes"),
    "postgres": psql_check.left_open,
}

Finding = collections.namedtuple("Finding", "kind path name line offset what index", defaults=[0])


def check_text(text, mode, path="", name="", last=False):
    """The Finding of what a text leaves open, or None. psql ends the statement of the last."""
    line, what = CHECKS[mode](text) or (0, "")
    if last and what == psql_check.psql.STATEMENT:
        return None
    return Finding("unclosed", str(path), name, line, 0, what) if line else None


def check_bytes(data, mode, path="", name="", last=False):
    """(text, None), or (None, the Finding)."""
    try:
        text = read_text(data, path)
    except ConfitureError as e:
        return None, Finding(e.kind, str(path), name, e.line, e.offset, e.what)
    finding = check_text(text, mode, path, name, last)
    return (None, finding) if finding else (text, None)


class Findings:
    """Stops at the first finding, or hands each to a callback and fails in the end."""

    def __init__(self, on_finding=None):
        self.on_finding = on_finding
        self.first = None

    def add(self, finding):
        self.first = self.first or finding
        if self.on_finding:
            self.on_finding(finding)
        else:
            self.finish()

    def finish(self):
        if self.first:
            raise ConfitureError(self.first.kind, self.first.path, self.first.what,
                                 line=self.first.line, offset=self.first.offset)


def check(files, mode="postgres", on_finding=None):
    """Raises the first finding; with a callback, which is told of all of them, at the end."""
    findings = Findings(on_finding)
    for index, (path, name) in enumerate(files):
        _, finding = check_bytes(read_bytes(path), mode, path, name, index + 1 == len(files))
        if finding:
            findings.add(finding._replace(index=index))
    findings.finish()


def check_reference(files):
    """All findings of the original's check."""
    found = []
    try:
        check(files, "reference", found.append)
    except ConfitureError:
        if not found:
            raise
    return found


# ---- digests ----------------------------------------------------------------------------------

def hash_stream(files):
    sha = hashlib.sha256()
    for path, name in files:
        sha.update(name.encode("utf-8") + b"\0" + read_bytes(path) + b"\0")
    return sha.hexdigest()


compute_hash = hash_stream  # what the original calls it


def hash_tree(files):
    outer = hashlib.sha256()
    for path, name in files:
        data = name.encode("utf-8") + b"\0" + read_bytes(path) + b"\0"
        outer.update(hashlib.sha256(data).digest())
    return outer.hexdigest()


NUL = ("NUL byte, which would make a digest of texts ambiguous: remove it, or use the tree "
       "digest")


def hash_text(files):
    """Over the texts, as a build has them. The original has no such digest."""
    sha = hashlib.sha256()
    for path, name in files:
        text = read_text(read_bytes(path), path)
        if "\0" in text:
            raise ConfitureError("unclosed", str(path), NUL,
                                 line=text[:text.index("\0")].count("\n") + 1)
        sha.update((name + "\0" + end_line(text) + "\0").encode("utf-8"))
    return sha.hexdigest()


HASHES = {"stream": hash_stream, "tree": hash_tree, "text": hash_text}


def manifest(files):
    """(size, SHA-256) of each file's raw bytes."""
    result = []
    for path, _ in files:
        data = read_bytes(path)
        result.append((len(data), hashlib.sha256(data).hexdigest()))
    return result


# ---- building ---------------------------------------------------------------------------------

def expand_template(template, name):
    """str.format with nothing but {file_path}, {{ and }}."""
    def piece(token):
        if token.group() == "{file_path}":
            return name
        if token.group() in ("{{", "}}"):
            return token.group()[0]
        raise ConfitureError("argument", "", "only {file_path} may stand in braces")
    return re.sub(r"\{file_path\}|\{\{|\}\}|[{}]", piece, template)


def check_block_name(name, path, check):
    """A name must not end the comment that shows it nor open one inside: PostgreSQL nests them,
    which the reference check does not know."""
    if "*/" in name or ("/*" in name and check in ("postgres", "quotes")):
        raise ConfitureError("name", str(path), "the name holds a mark of comments")


def separator(name, style="block_comment", template=None):
    if style == "block_comment":
        return "\n/* {0}\n * File: {1}\n * {0} */\n\n".format(BAR42, name)
    if style == "line_comment":
        return "\n-- {0}\n-- File: {1}\n-- {0}\n\n".format(BAR42, name)
    if style == "mysql":
        return "\n# {0}\n# File: {1}\n# {0}\n\n".format(BAR42, name)
    if style == "custom":
        if not template:
            raise ConfitureError("argument", "", "the custom style needs a template")
        return "\n" + expand_template(template, name) + "\n"
    if style == "none":
        return ""
    raise ConfitureError("argument", "", "unknown style " + style)


def header_text(environment, timestamp, digest, count):
    return "\n".join([
        "-- " + BAR44,
        "-- PostgreSQL Schema for Confiture",
        "-- " + BAR44,
        "--",
        "-- Environment: " + environment,
        "-- Generated: " + timestamp,
        "-- Schema Hash: " + digest,
        "-- Files Included: %d" % count,
        "--",
        "-- This file was generated by Confiture (confiture build)",
        "-- DO NOT EDIT MANUALLY - Edit source files in db/schema/",
        "--",
        "-- " + BAR44,
        "", ""])


LONE_CR = "carriage return alone, where psql ends no line: use LF or CRLF, or let it become LF"


def build_parts(files, schema_only, style, template, check, on_finding=None, digest=True,
                output=lambda path: 0, keep_line_ends=False):
    """The stream digest of all files and, for those of the output, separator and text."""
    separator("", style, template)  # a bad template is an error without files too
    sha = hashlib.sha256()
    findings = Findings(on_finding)
    parts = {}
    lasts = {output(path): index for index, (path, _) in enumerate(files)
             if not (schema_only and files.is_seed(index))}
    for index, (path, name) in enumerate(files):
        chosen = not (schema_only and files.is_seed(index))
        if not chosen and not digest:
            continue
        data = read_bytes(path)
        sha.update(name.encode("utf-8") + b"\0" + data + b"\0")
        if chosen:
            if style == "block_comment":
                check_block_name(name, path, check)
            text, finding = check_bytes(data, check, path, name, lasts[output(path)] == index)
            lone_cr = keep_line_ends and check in ("postgres", "quotes") and re.search(rb"\r(?!\n)", data)
            if lone_cr and (finding is None or finding.kind == "unclosed"):
                line = len(re.findall(rb"\r\n?|\n", data[:lone_cr.end()]))
                finding = Finding("unclosed", str(path), name, line, 0, LONE_CR)
            if finding:
                findings.add(finding)
            else:
                text = data.decode("utf-8") if keep_line_ends else text
                parts[index] = separator(name, style, template) + end_line(text)
    findings.finish()
    return sha.hexdigest(), parts


def build(files, style="block_comment", template=None, header=None, schema_only=False,
          check="none", keep_line_ends=False, on_finding=None, digest=True):
    """The schema's bytes. header is (environment, timestamp), check one of CHECKS.

    Without digest, files that are left out are not even read.
    """
    hexdigest, parts = build_parts(files, schema_only, style, template, check, on_finding, digest,
                                   keep_line_ends=keep_line_ends)
    top = header_text(header[0], header[1], hexdigest, len(parts)) if header else ""
    return (top + "".join(parts.values())).encode("utf-8")


def lies_in(path, directory):
    """The original resolves the directories of a split, and not the files."""
    return below(path, directory) or below(absolute(path), os.path.realpath(directory))


def build_split(files, pre_dirs=(), post_dirs=(), style="block_comment", template=None, header=None,
                schema_only=False, check="none", keep_line_ends=False):
    """Three schemas, (pre, app, post)."""
    def phase_of(path):
        post = any(lies_in(path, d) for d in post_dirs)
        pre = any(lies_in(path, d) for d in pre_dirs)
        return 2 if post else 0 if pre else 1
    digest, parts = build_parts(files, schema_only, style, template, check, output=phase_of,
                                keep_line_ends=keep_line_ends)
    phases = [[], [], []]
    for index, part in parts.items():
        phases[phase_of(files.paths[index])].append(part)
    result = []
    for number, phase in enumerate(phases):
        wanted = header and (phase or number == 1)
        top = header_text(header[0], header[1], digest, len(phase)) if wanted else ""
        result.append((top + "".join(phase)).encode("utf-8"))
    return tuple(result)


# ---- the drop-in for the core -----------------------------------------------------------------

def core_names(paths):
    """The core's names: below the common prefix of the files themselves, links resolved."""
    if not paths:
        return []
    if len(paths) == 1:
        base = PurePosixPath(paths[0]).parent
    else:
        def canonical(path):
            try:
                os.stat(path)
                return PurePosixPath(os.path.realpath(path))
            except OSError:
                return PurePosixPath(path)
        common = []
        for level in zip(*(canonical(p).parts for p in paths)):
            if len(set(level)) > 1:
                break
            common.append(level[0])
        base = PurePosixPath(*common)
    names = []
    for path in paths:
        try:
            name = str(PurePosixPath(path).relative_to(base))
            names.append("" if name == "." else name)
        except ValueError:
            names.append(str(path))
    return names


def core_read(path):
    """OSError with errno and filename, as the drop-in raises it."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        code = errno.EISDIR if os.path.isdir(path) else errno.EINVAL
        raise OSError(code, os.strerror(code), path)
    return Path(path).read_bytes()


def core_build_schema(paths):
    """`_core.build_schema(list)`."""
    parts = []
    for path, name in zip(paths, core_names(paths)):
        content = core_read(path).decode("utf-8")
        parts.append("\n-- {0}\n-- File: {1}\n-- {0}\n\n".format(BAR44, name) + content)
        if not content.endswith("\n"):
            parts.append("\n")
    return "".join(parts) or "\n"


def core_hash_files(paths):
    """`_core.hash_files(list)`."""
    outer = hashlib.sha256()
    for path, name in zip(paths, core_names(paths)):
        data = name.encode("utf-8") + b"\0" + core_read(path) + b"\0"
        outer.update(hashlib.sha256(data).digest())
    return outer.hexdigest()


# ---- the original's work, for benchmarks ------------------------------------------------------

class build_like_original:
    """The original's build(): it finds the files twice and reads each of them three times."""

    def __init__(self, directory, header=("local", "")):
        self.directory = Path(directory)
        self.header = header

    def find(self):
        return sorted(self.directory.rglob("*.sql"))

    def validate(self, files):
        for path in files:
            if comment_left_open(newlines(path.read_text(encoding="utf-8"))):
                raise ConfitureError("unclosed", str(path), "comment never closed")

    def compute_hash(self):
        sha = hashlib.sha256()
        for path in self.find():
            sha.update(str(path.relative_to(self.directory)).encode("utf-8") + b"\0")
            sha.update(path.read_bytes() + b"\0")
        return sha.hexdigest()

    def build(self):
        files = self.find()
        self.validate(files)
        schema = ""
        if self.header:
            schema = header_text(self.header[0], self.header[1], self.compute_hash(), len(files))
        parts = []
        for path in files:
            text = path.read_text(encoding="utf-8")
            parts.append(separator(str(path.relative_to(self.directory))))
            parts.append(text if text.endswith("\n") else text + "\n")
        return schema + "".join(parts)
