"""find_files() in plain Python: the patterns, the walk and the orders.

The patterns are those of pathlib in Python 3.11. Later versions follow more links and give `**`
another meaning in match(). The code here does the same on every version.
"""

import errno
import math
import os
import re
import stat
from pathlib import PurePath

from ._names import check_names, resolved
from .types import ConfitureError, Directory

DEFAULT = ["**/*.sql"]


def components(path):
    return [part for part in path.split("/") if part not in ("", ".")]


def is_wildcard(component):
    return any(c in component for c in "*?[")


_compiled = {}


def match_component(name, pattern):
    """fnmatchcase(), except for "]" and "!" in classes, where versions of Python differ."""
    if pattern not in _compiled:
        _compiled[pattern] = re.compile(_translate(pattern), re.DOTALL)
    return _compiled[pattern].fullmatch(name) is not None


def _translate(pattern):
    result, i = "", 0
    while i < len(pattern):
        c = pattern[i]
        end = -1
        if c == "[":
            first = i + 2 if pattern[i + 1:i + 2] == "!" else i + 1
            # A first bracket is a member of the class, not its end.
            end = pattern.find("]", first + 1)
        if end >= 0:
            result += _translate_class(pattern[first:end], first == i + 2)
            i = end + 1
            continue
        result += ".*" if c == "*" else "." if c == "?" else re.escape(c)
        i += 1
    return result


def _translate_class(members, negated):
    ranges, k = [], 0
    while k < len(members):
        if members[k + 1:k + 2] == "-" and k + 2 < len(members):
            low, high = members[k], members[k + 2]
            k += 3
        else:
            low = high = members[k]
            k += 1
        if low <= high:  # a range backwards matches nothing
            ranges.append("{}-{}".format(re.escape(low), re.escape(high)))
    if not ranges:
        return "." if negated else "(?!)"
    return "[{}{}]".format("^" if negated else "", "".join(ranges))


def match(relative, pattern):
    """PurePath(relative).match(pattern): from the right, one component at a time."""
    if pattern.startswith("/"):
        return False
    wanted, names = components(pattern), components(relative)
    return len(wanted) <= len(names) and all(
        match_component(n, w) for n, w in zip(names[len(names) - len(wanted):], wanted))


def _wrong(pattern, why):
    return ConfitureError("argument", None, 0, "{}: {}".format(pattern, why) if pattern else why)


def split_pattern(pattern, recursive):
    parts = components(pattern)
    why = None
    if pattern.startswith("/"):
        why = "a pattern must be relative to its directory"
    elif not parts:
        why = "the pattern is empty"
    elif any("**" in part and part != "**" for part in parts):
        why = '"**" must stand alone between slashes'
    if why:
        raise _wrong(pattern, why)
    return ["**"] + parts if recursive else parts


def below(path, directory):
    """A lexical prefix test over whole components."""
    parts, prefix = PurePath(path).parts, PurePath(directory).parts
    return parts[:len(prefix)] == prefix and (bool(prefix) or not os.path.isabs(path))


def join(directory, name):
    if directory in ("", "."):
        return name
    return directory + name if directory.endswith("/") else directory + "/" + name


MISSING = (errno.ENOENT, errno.ENOTDIR, errno.EBADF, errno.ELOOP)


def leads_nowhere(path):
    """Whether a path that was not found has a link that leads nowhere; else a name is missing."""
    while path:
        try:
            return stat.S_ISLNK(os.lstat(path).st_mode) and not os.path.exists(path)
        except OSError as error:
            if error.errno not in MISSING:
                raise
        path = os.path.dirname(path) if path != "/" else ""
    return False


def mode(path, named=True):
    """The mode of what a path leads to; 0 if it is missing.

    A link that leads nowhere is an error if it is named; a wildcard passes over it.
    """
    try:
        return os.stat(path).st_mode
    except OSError as error:
        if error.errno in MISSING and not (named and leads_nowhere(path)):
            return 0
        raise


class Walk:
    """The paths below one directory that a pattern selects.

    A directory that cannot be read is an error. Of several errors the first in path order counts.
    """

    def __init__(self, skip, drop):
        self.skip = skip  # skip(path): whether to leave out all below it
        self.drop = drop  # drop(path): whether to leave it out itself
        self.listings = {}
        self.errors = []

    def select(self, root, parts):
        """Each path that the components select, once."""
        selected = list(dict.fromkeys(self._below(root, parts)))
        if self.errors:
            raise min(self.errors, key=lambda found: found[0])[1]
        return selected

    def _fail(self, path, error):
        self.errors.append(([os.fsencode(c) for c in path.split("/")], error))

    def _mode(self, path, named):
        try:
            return mode(path, named)
        except OSError as error:
            self._fail(path, error)
            return 0

    def _listing(self, directory):
        """(name, is a directory itself, is a link) of each entry, sorted."""
        if directory not in self.listings:
            found = []
            try:
                with os.scandir(directory) as entries:
                    found = [(e.name, e.is_dir(follow_symlinks=False), e.is_symlink())
                             for e in entries]
            except OSError as error:
                self._fail(directory, error)
            self.listings[directory] = sorted(found, key=lambda entry: os.fsencode(entry[0]))
        return self.listings[directory]

    def _directories(self, directory):
        """The directory and all directories below it; links are not followed."""
        yield directory
        for name, is_directory, _ in self._listing(directory):
            path = join(directory, name)
            if is_directory and not self.skip(path):
                yield from self._directories(path)

    def _below(self, directory, parts):
        if not parts:
            yield directory
            return
        part, rest = parts[0], parts[1:]
        self._listing(directory)  # its error counts even if its entries are not needed
        if part == "**":
            for each in self._directories(directory):
                yield from self._below(each, rest)
        elif is_wildcard(part):
            for name, is_directory, link in self._listing(directory):
                path = join(directory, name)
                if not match_component(name, part) or self.skip(path):
                    continue
                if not rest or is_directory or (
                        link and stat.S_ISDIR(self._mode(path, False))):
                    yield from self._below(path, rest)
        else:
            path = join(directory, part)
            if not self.skip(path) and (rest or not self.drop(path)):
                found = self._mode(path, True)
                if stat.S_ISDIR(found) or (found and not rest):
                    yield from self._below(path, rest)


# ---- orders ----

def path_key(path):
    """Components as bytes: the order of code points, also for names that are not text."""
    return tuple(os.fsencode(part) for part in PurePath(path).parts)


def stem(path):
    """The name without its last suffix; pathlib's own stem differs from 3.14 on."""
    name = PurePath(path).name
    dot = name.rfind(".")
    return name[:dot] if 0 < dot < len(name) - 1 else name


def hex_value(name_stem):
    prefix, underscore, _ = name_stem.partition("_")
    if not underscore or not prefix or not all(c.isupper() or c.isdigit() for c in prefix):
        return None
    try:
        return int(prefix, 16)
    except ValueError:
        return None


def hex_key(path):
    name_stem = stem(path)
    value = hex_value(name_stem)
    if value is None:
        return (math.inf, os.fsencode(name_stem), path_key(path))
    return (value, os.fsencode(name_stem.partition("_")[2]), path_key(path))


# ---- the whole ----

def _plan(directory):
    include = list(directory.include) or DEFAULT
    if not directory.recursive and include == DEFAULT:
        include = ["*.sql"]
    for pattern in directory.exclude:
        if not components(pattern) and not pattern.startswith("/"):
            raise _wrong(pattern, "the exclude pattern is empty")
    if str(directory.path) == "":
        raise ConfitureError("argument", None, 0, "an include directory has no path")
    return [split_pattern(pattern, directory.recursive) for pattern in include]


def check_directories(directories):
    """The components of each pattern of each Directory; raises for what no search could use."""
    if not directories:
        raise ConfitureError("argument", None, 0, "no include directory is given")
    return [_plan(directory) for directory in directories]


def _search(directory, plan, excluded):
    root = str(PurePath(directory.path))
    try:
        found = mode(root)
    except OSError:
        if excluded(root):
            return
        raise
    if not found:
        if directory.must_exist:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), root)
        return
    if excluded(root):
        return
    if not stat.S_ISDIR(found):
        raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), root)

    def dropped(path):
        relative = str(PurePath(path).relative_to(root))
        return any(match(relative, pattern) for pattern in directory.exclude)

    walk = Walk(excluded, dropped)
    for parts in plan:
        for path in walk.select(root, parts):
            if not excluded(path) and not dropped(path):
                yield path


def base_of(directories):
    """The directory that the names of what is found below `directories` are relative to."""
    paths = [d.path if isinstance(d, Directory) else d for d in directories]
    if len(paths) == 1:
        return str(PurePath(paths[0]))
    return os.path.commonpath([resolved(path) for path in paths])


def find(directories, exclude_dirs, sort, unique):
    """The paths that the directories, each a Directory, select, in order; perhaps none."""
    def excluded(path):
        return any(below(path, directory) for directory in exclude_dirs)

    found = []
    for directory, plan in zip(directories, check_directories(directories)):
        found += _search(directory, plan, excluded)
    if not found:
        return []
    if unique:
        found = list(dict.fromkeys(found))
    if sort == "hex" and any(hex_value(stem(path)) is not None for path in found):
        found.sort(key=hex_key)
    else:
        found.sort(key=path_key)
    check_names(found, base_of(directories))
    return found
