"""Which files a pattern selects: one component, PurePath.match, and the glob walk.

The yardstick is pathlib of Python 3.11. Later versions follow links elsewhere, give `**` another
meaning in match() and read a trailing slash differently, so the walk is written out here, and gives
3.11's results on every version. tests/parity/parity.py compares it with pathlib itself under 3.11.
"""

import errno
import os
import stat


class ConfitureError(Exception):
    """What went wrong and where; kind is the name of the library's status without its prefix."""

    def __init__(self, kind, path, what, line=0, offset=0, os_error=0):
        super().__init__("{}{}: {}".format(path, ":%d" % line if line else "", what))
        self.kind = kind
        self.path = path
        self.what = what
        self.line = line
        self.offset = offset
        self.os_error = os_error


def system_error(error, path):
    return ConfitureError("system", path, os.strerror(error.errno), os_error=error.errno)


# ---- one component ----------------------------------------------------------------------------

def is_wildcard(component):
    return any(c in component for c in "*?[")


def parse_class(pattern, start):
    """The class that opens at pattern[start] == '[': (negated, ranges, index after ']') or None."""
    i = start + 1
    negated = pattern[i:i + 1] == "!"
    if negated:
        i += 1
    # A bracket that comes first is a member, not the end.
    end = pattern.find("]", i + 1)
    if end < 0:
        return None
    members = pattern[i:end]
    ranges = []
    k = 0
    while k < len(members):
        if members[k + 1:k + 2] == "-" and k + 2 < len(members):
            ranges.append((members[k], members[k + 2]))  # backwards: matches nothing
            k += 3
        else:
            ranges.append((members[k], members[k]))
            k += 1
    return negated, ranges, end + 1


def match_component(name, pattern):
    """Whether one name matches one pattern component: fnmatch.fnmatchcase."""
    # After a mismatch, the last star takes one character more.
    n = p = 0
    star, star_n = -1, 0
    while n < len(name):
        if p < len(pattern) and pattern[p] == "*":
            star, star_n = p, n
            p += 1
            continue
        if p < len(pattern):
            parsed = parse_class(pattern, p) if pattern[p] == "[" else None
            if parsed:
                negated, ranges, after = parsed
                matched = any(low <= name[n] <= high for low, high in ranges) != negated
            else:
                matched, after = pattern[p] in ("?", name[n]), p + 1
            if matched:
                n, p = n + 1, after
                continue
        if star < 0:
            return False
        star_n += 1
        n, p = star_n, star + 1
    return all(c == "*" for c in pattern[p:])


# ---- PurePath.match ---------------------------------------------------------------------------

def components(path):
    return [c for c in path.split("/") if c not in ("", ".")]


def match(relative, pattern):
    """PurePath(relative).match(pattern): from the right, one component at a time."""
    wanted = components(pattern)
    if pattern.startswith("/"):
        return False
    if not wanted:
        raise ConfitureError("argument", pattern, "empty pattern")
    names = components(relative)
    if len(wanted) > len(names):
        return False
    return all(match_component(n, w) for n, w in zip(names[len(names) - len(wanted):], wanted))


# ---- the glob walk ----------------------------------------------------------------------------

def split_pattern(pattern, recursive):
    """The components of an include pattern, or an error if it is none."""
    parts = components(pattern)
    if not parts:
        raise ConfitureError("argument", pattern, "empty pattern")
    if pattern.startswith("/"):
        raise ConfitureError("argument", pattern, "absolute pattern")
    if any("**" in part and part != "**" for part in parts):
        raise ConfitureError("argument", pattern, "'**' must be a component of its own")
    return ["**"] + parts if recursive else parts


def join(directory, name):
    if directory in ("", "."):
        return name
    return directory + name if directory.endswith("/") else directory + "/" + name


MISSING = (errno.ENOENT, errno.ENOTDIR, errno.EBADF, errno.ELOOP)


def leads_nowhere(path):
    """Of a path that was not found: whether a link on it leads nowhere; else a name is missing."""
    while path:
        try:
            return stat.S_ISLNK(os.lstat(path).st_mode) and not os.path.exists(path)
        except OSError as error:
            if error.errno not in MISSING:
                raise system_error(error, path)
        path = os.path.dirname(path) if path != "/" else ""
    return False


def is_directory(path, named=False):
    """Follows links; what is missing is none, what cannot be looked at is an error.

    A wildcard passes over a link that leads nowhere; by its name it is an error.
    """
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)
    except OSError as error:
        if error.errno in MISSING and not (named and leads_nowhere(path)):
            return False
        raise system_error(error, path)


def is_named_directory(path):
    return is_directory(path, named=True)


def exists(path):
    try:
        os.stat(path)
        return True
    except OSError as error:
        if error.errno in MISSING and not leads_nowhere(path):
            return False
        raise system_error(error, path)


class Walk:
    """The paths below one directory that a pattern selects.

    skip(path) tells which directories need not be entered, drop(path) what is not to be found.
    pathlib passes over a directory that it cannot read; here that is an error, of all of them the
    first in the order of paths.
    """

    def __init__(self, directory, skip=lambda path: False, drop=lambda path: False):
        self.directory = directory
        self.skip = skip
        self.drop = drop
        self.listings = {}
        self.errors = []

    def select(self, parts):
        """Each path that the components select, once."""
        selected = list(dict.fromkeys(self.select_below(self.directory, parts)))
        if self.errors:
            raise min(self.errors, key=lambda found: found[0])[1]
        return selected

    def fail(self, path, error):
        self.errors.append(([os.fsencode(c) for c in path.split("/")], error))

    def ask(self, question, path):
        try:
            return question(path)
        except ConfitureError as error:
            self.fail(path, error)
            return False

    def listing(self, directory):
        """(name, is a directory itself, is a link) of each entry, sorted."""
        if directory not in self.listings:
            found = []
            try:
                with os.scandir(directory) as entries:
                    found = [(e.name, e.is_dir(follow_symlinks=False), e.is_symlink())
                             for e in entries]
            except OSError as error:
                self.fail(directory, system_error(error, directory))
            self.listings[directory] = sorted(found, key=lambda entry: os.fsencode(entry[0]))
        return self.listings[directory]

    def directories(self, directory):
        """The directory and all below it; links are not followed."""
        yield directory
        for name, directory_itself, _ in self.listing(directory):
            path = join(directory, name)
            if directory_itself and not self.skip(path):
                yield from self.directories(path)

    def select_below(self, directory, parts):
        if not parts:
            yield directory
            return
        part, rest = parts[0], parts[1:]
        self.listing(directory)  # a directory that cannot be listed is an error, needed or not
        if part == "**":
            for below in self.directories(directory):
                yield from self.select_below(below, rest)
        elif is_wildcard(part):
            for name, directory_itself, link in self.listing(directory):
                path = join(directory, name)
                if not match_component(name, part) or self.skip(path):
                    continue
                if not rest or directory_itself or (
                        link and self.ask(is_directory, path)):
                    yield from self.select_below(path, rest)
        else:
            path = join(directory, part)
            if self.skip(path) or not rest and self.drop(path):
                return
            if self.ask(is_named_directory if rest else exists, path):
                yield from self.select_below(path, rest)
