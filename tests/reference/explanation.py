"""Why a file is in a list and where, and what left others out: what options.explain must say.

Each reason is computed in another way than the library does: the walk is made without excludes,
and what is missing from the list is looked for among the results. So it suits trees that can be
read as a whole, and patterns that meet no error below what is excluded.
"""

import os
import stat
from pathlib import Path

from confiture_reference import absolute, below, hex_key, hex_value, name_of, path_key, stem
from selection import ConfitureError, Walk, exists, is_wildcard, match, split_pattern

NONE = "(none)"


def kind(path):
    """"directory", "link" or "file", without following links; None if it is missing."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return None
    return ("directory" if stat.S_ISDIR(mode) else "link" if stat.S_ISLNK(mode) else
            "file" if stat.S_ISREG(mode) else "special")


def is_missing(path):
    """By the rule of the search: a link that leads nowhere is there."""
    try:
        return not exists(path)
    except ConfitureError:
        return False


def patterns_of(directory):
    """(as it was given, its components) of each pattern."""
    given = list(directory.include) or ["**/*.sql"]
    if given == ["**/*.sql"] and not directory.recursive:
        given = ["*.sql"]
    return [(p, split_pattern(p, directory.recursive)) for p in given]


def first(items, holds):
    """(index, item) of the first that holds, or None."""
    return next(((i, item) for i, item in enumerate(items) if holds(item)), None)


def misses_by_case(name, component):
    """Whether *.sql meets X.SQL: only for a star and text, and ASCII letters."""
    end = component[1:]
    if component[:1] != "*" or is_wildcard(end) or len(name) < len(end):
        return False
    lower = {c: c + 32 for c in range(ord("A"), ord("Z") + 1)}
    # Bytes, so that a text that begins inside of a character can be compared.
    tail = os.fsencode(name)[len(os.fsencode(name)) - len(os.fsencode(end)):]
    return (tail != os.fsencode(end) and
            tail.decode("latin-1").translate(lower) ==
            os.fsencode(end).decode("latin-1").translate(lower))


def walk_reasons(root, directory, given, parts, exclude_dirs):
    """What one pattern finds, and (path, outcome, whole, by) of what it leaves out."""
    def excluded(path):
        return first(exclude_dirs, lambda d: below(path, d))

    def dropped(path):
        relative = str(Path(path).relative_to(root))
        return first(directory.exclude, lambda p: match(relative, p))

    skipped = []

    def skip(path):
        if excluded(path):
            skipped.append(path)
        return excluded(path) is not None

    Walk(root, skip, lambda path: dropped(path) is not None).select(parts)
    everything = Walk(root).select(parts)
    found, absent = [], []
    for path in everything:
        path = str(Path(path))
        if excluded(path):
            continue
        by = dropped(path)
        if by is None:
            found.append(path)
        else:
            absent.append((path, "excluded", "", by))
    for path in dict.fromkeys(str(Path(p)) for p in skipped):
        found_itself = path in {str(Path(p)) for p in everything}
        whole = kind(path) == "directory" or not found_itself and os.path.isdir(path)
        if whole or found_itself and kind(path):
            absent.append((path, "excluded_dir", "whole" if whole else "", excluded(path)))
    if misses_by_case("." + parts[-1][1:].swapcase(), parts[-1]):
        for path in Walk(root, skip).select(parts[:-1] + ["*"]):
            path = str(Path(path))
            if (kind(path) == "file" and misses_by_case(os.path.basename(path), parts[-1]) and
                    not excluded(path) and dropped(path) is None):
                absent.append((path, "case", "", (None, NONE)))
    return found, absent


def rows(directories, exclude_dirs, sort_mode, unique, base, files):
    """The reasons in the order in which the library gives them. files: the list, or None if it has
    no file."""
    listed, absent = [], []
    walk = 0
    for number, directory in enumerate(directories):
        root = str(Path(directory.path))
        if is_missing(root):
            continue
        by = first(exclude_dirs, lambda d, root=root: below(root, d))
        if by is not None:
            walk += 1
            absent.append((root, walk, number, NONE, "excluded_dir", "whole", by))
            continue
        for given, parts in patterns_of(directory):
            walk += 1
            found, left = walk_reasons(root, directory, given, parts, exclude_dirs)
            listed += [(path, walk, number, given) for path in found]
            absent += [(path, walk, number, given, *rest) for path, *rest in left]
    listed.sort(key=lambda row: (path_key(Path(row[0])), row[1]))
    paths = {row[0] for row in listed}
    if unique:
        kept = list({row[0]: row for row in reversed(listed)}.values())
        absent += [(*row, "repeated", "", (None, NONE)) for row in listed if row not in kept]
        listed = [row for row in listed if row in kept]
    return (listed_rows(listed, sort_mode, files) +
            absent_rows([row for row in absent if row[4] != "case" or row[0] not in paths], files))


def listed_rows(listed, sort_mode, files):
    def by_hex(row):
        return hex_key(Path(row[0]).name) + (path_key(Path(row[0])), row[1])

    has_prefix = any(hex_value(stem(Path(row[0]).name)) is not None for row in listed)
    hexadecimal = sorted(listed, key=by_hex) if has_prefix else listed
    order = "hex" if sort_mode == "hex" and has_prefix else "path"
    result = []
    for index, row in enumerate(hexadecimal if order == "hex" else listed):
        name = stem(Path(row[0]).name)
        value = hex_value(name)
        prefix, _, rest = name.partition("_")
        lower = ("_" in name and value is None and any(c in "0123456789" for c in prefix) and
                 hex_value("".join(c.upper() if c in "abcdefghijklmnopqrstuvwxyz" else c
                                   for c in name)) is not None)
        result.append(["listed", row[0], files.names[index], str(row[2]), row[3],
                       str(listed.index(row)), str(hexadecimal.index(row)), str(index),
                       NONE if value is None else "%X" % value, name if value is None else rest,
                       "lower" if lower else "", order])
    return result


def name_below(path, base):
    """The name of what is not in the list: no character of it is an error."""
    try:
        return name_of(path, base)
    except ConfitureError as error:
        if error.kind == "outside":
            return NONE
    try:
        return str(path.relative_to(base))
    except ValueError:
        return str(absolute(path).relative_to(absolute(base)))


def absent_rows(absent, files):
    result, seen = [], set()
    for path, walk, number, given, outcome, whole, (index, by) in sorted(
            absent, key=lambda row: (path_key(Path(row[0])), row[1])):
        fact = (path, outcome, None if outcome == "case" else number)
        if outcome != "repeated" and fact in seen:
            continue
        seen.add(fact)
        name = NONE if files is None else name_below(Path(path), files.base)
        result.append([outcome, path, name, str(number), given, whole, by,
                       "0" if index is None else str(index)])
    return result
