"""Random trees of odd files, and random questions about them."""

import os
import pathlib
import random

from confiture_reference import Directory

PLAIN_DIRS = ["a", "b", "a-b", "a.b", "a b", "A", "\u00e9", ".h", "seed", "10_seeds", "30_seed_x",
              "00_x", "0A_z", "temp", "x y", "\u65e5\u672c", "\U0001d538", "-d", "..a",
              "[a]", "seedling"]
PLAIN_FILES = ["1.sql", "2.sql", "10_b.sql", "01_a.sql", "a.sql", "B.sql", "a-b.sql", "a b.sql",
               ".sql", ".h.sql", "\u00e9.sql", "x.SQL", "x.txt", "a.sql.bak", "latest.sql",
               "test_a.sql", "a.b.sql", "a..sql", "\u65e5\u672c.sql", "\U0001d538.sql", "-.sql",
               "[1].sql", "x?.sql", "#.sql", "{file_path}.sql", "_a.sql", "sql", "*q.sql",
               "n" * 251 + ".sql"]
HEX_FILES = ["0A_a.sql", "0a_a.sql", "0x0B_c.sql", "0X1F_b.sql", "1F_b.sql", "FF_seed.sql",
             "F" * 40 + "_z.sql", "0" * 40 + "1_z.sql", "G_b.sql", "12_.sql", "0X_a.sql",
             "\u0663_a.sql", "\u0663A_a.sql", "\uff21_a.sql", "\u00b2_a.sql", "0XX1_a.sql",
             "A_a.b.sql", "A_a.sql", "A_a", "\u0660X3_a.sql"]
BAD_NAMES = ["bad\udcff.sql", "\udce9.sql", "ctl\x01.sql", "line\nfeed.sql", "c1\u0085.sql",
             "del\x7f.sql", "tab\t.sql"]

STATEMENTS = [
    "CREATE TABLE t (id int);", "-- a comment", "/* closed */", "SELECT 'it''s';",
    "SELECT '/*';", "/* /* nested */ */", "SELECT $$ ' /* $$;", "SELECT $a$ -- $b$ $a$;",
    "SELECT E'\\'';", "SELECT \"a\"\"b\";", "COPY t FROM stdin;\n1\t'\n\\.", "\\echo it's",
    "-- don't", "*/", "SELECT 1 /* c\n */;", "\u00e9\u20ac\U0001d11e", "SELECT U&'\\0041';", ""]
OPEN_STATEMENTS = ["/* never closed", "SELECT 'open", "SELECT $x$ open", "SELECT \"open",
                   "/* a\n/* b */", "COPY t FROM stdin;\n1", "*/ /*"]
INVALID = [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80"]

INCLUDES = ["**/*.sql", "*.sql", "a*.sql", "?.sql", "*", "[a-b]*", "[!a]*.sql", "./1.sql", "1.sql",
            "*/*.sql", "10_*/*.sql", "seed/**/*.sql", "**/a/*.sql", "a/**/*.sql", "*/**/1.sql",
            "a/1.sql", "a b//1.sql", "**/**/*.sql", "*/a/*.sql", "[[]1].sql", "l*", "**/l*/*.sql",
            "l1/*.sql", "*.s[p-r]l", "\u00e9*", "??.sql", "*[]q]*", "a/../1.sql", "*_*.sql"]
ODD_INCLUDES = ["**", "a/**", "../*.sql", "*/../*.sql", "../../x.sql", "**a/*.sql", "", "/a/*.sql",
                ".", "**/"]
EXCLUDES = ["test_*", "**/test_*", ".*", "*.SQL", "a/*", "*/1.sql", "1.sql", "[!a]*", "**/temp/**",
            "**/*.sql", "seed/*", "./a.sql", "a//*.sql", "/1.sql", "l*", "0*", "?.sql", "\u00e9*"]
TEMPLATES = ["-- {file_path}", "{{{file_path}}}", "{file_path}{file_path}", "{{}}",
             "\n-- \u00e9 {file_path}\n", "BAR"]
BAD_TEMPLATES = ["", "{", "}", "{0}", "{file_path!r}", "{ file_path }", "{file_path", "{}", "}{"]


class Tree:
    """What was made, and what is odd about it."""

    def __init__(self):
        self.directories = ["."]
        self.files = []
        self.links = []
        self.unreadable = False


def content(rng, odd):
    kind = rng.random()
    if kind < 0.06:
        return b""
    lines = [rng.choice(STATEMENTS) for _ in range(rng.randint(1, 6))]
    if odd and rng.random() < 0.15:
        lines.insert(rng.randint(0, len(lines)), rng.choice(OPEN_STATEMENTS))
    end = rng.choice(["\n", "\n", "\n", "\r\n", "\r"])
    text = end.join(lines)
    if rng.random() < 0.8:
        text += end * rng.randint(1, 3)
    if rng.random() < 0.1:
        text = rng.choice(["\ufeff", "\0", "\f", "\v", "\u0085", "\u2028", "\r", "\n"]) + text
    data = text.encode("utf-8")
    if rng.random() < 0.01:
        data += b"-- " + b"x" * rng.choice([4000, 16383, 65531, 131072, 300000]) + b"\n" + data
    if rng.random() < 0.003:  # at the edges of the reader's buffers
        size = (1 << rng.choice([16, 16, 16, 16, 18, 18, 20, 21])) + rng.randint(-2, 2)
        data = b"--" + rng.choice([b"x", b"\r", b"\xc3\xa9"]) * size
        data = data[:size]
    if odd and rng.random() < 0.08:
        at = rng.randint(0, len(data))
        data = data[:at] + rng.choice(INVALID) + data[at:]
    return data


def grow(rng, sandbox, may_lock):
    """Makes a random tree in the sandbox. Two in three hold nothing that makes a build fail."""
    tree = Tree()
    odd = rng.random() < 0.35
    hexadecimal = rng.random() < 0.3
    dirs = [rng.choice(PLAIN_DIRS) for _ in range(6)]
    if odd and rng.random() < 0.3:
        dirs += [rng.choice(["x.sql", "d.sql", "star*", "q*"])]
    if rng.random() < 0.03:
        dirs.append("d" * 255)
    for _ in range(rng.randint(0, 9)):
        below = rng.choice(tree.directories)
        if below.count("/") < 5:
            path = os.path.normpath(os.path.join(below, rng.choice(dirs)))
            if path not in tree.directories:
                sandbox.directory(path)
                tree.directories.append(path)
    names = PLAIN_FILES + HEX_FILES * 2 if hexadecimal else PLAIN_FILES
    for _ in range(rng.choice([0, 1, 3, 8, 20, 20, 40])):
        name = rng.choice(names)
        if odd and rng.random() < 0.015:
            name = rng.choice(BAD_NAMES)
        path = os.path.normpath(os.path.join(rng.choice(tree.directories), name))
        if path not in tree.files and path not in tree.directories:
            sandbox.file(path, content(rng, odd))
            tree.files.append(path)
    grow_links(rng, sandbox, tree, odd)
    if odd and rng.random() < 0.1:
        path = os.path.normpath(os.path.join(rng.choice(tree.directories), "fifo.sql"))
        sandbox.fifo(path)
    if odd and may_lock and rng.random() < 0.15:
        lock(rng, sandbox, tree)
    return tree


def grow_links(rng, sandbox, tree, odd):
    """Links to files and directories of the tree, loops, and some that lead nowhere."""
    for number in range(rng.choice([0, 0, 0, 1, 2, 3])):
        at = rng.choice(tree.directories)
        kind = rng.random()
        if kind < 0.4 and tree.files:
            target, suffix = rng.choice(tree.files), ".sql"
        elif kind < 0.85:
            target = rng.choice(tree.directories)
            suffix = rng.choice(["", "", ".sql"] if odd else [""])
        elif odd:
            target, suffix = rng.choice(["missing", "l%d" % number]), rng.choice(["", ".sql"])
        else:
            target, suffix = "missing", ""
        path = os.path.normpath(os.path.join(at, "l%d%s" % (number, suffix)))
        if target != "missing" and not target.startswith("l"):
            target = os.path.relpath(target, at)
        sandbox.link(path, target)
        tree.links.append(path)


def lock(rng, sandbox, tree):
    """Takes all permissions from a directory or a file. Leaves first: the way there must work."""
    tree.unreadable = True
    candidates = [d for d in tree.directories[1:]
                  if not any(o.startswith(d + "/") for o in tree.directories)]
    for path in candidates[:rng.randint(0, 2)]:
        sandbox.mode(path, 0)
        tree.files = [f for f in tree.files if not f.startswith(path + "/")]
    if tree.files and rng.random() < 0.4:
        sandbox.mode(rng.choice(tree.files), 0)


# ---- questions --------------------------------------------------------------------------------

def spelled(rng, path, root):
    """The same path in another spelling."""
    kind = rng.random()
    if kind < 0.5:
        return os.path.normpath(os.path.join(root, path))
    if kind < 0.8:
        return path
    return rng.choice(["./%s", "%s/", "%s//", ".//%s/.", "%s/../%s"]).replace(
        "%s", path, 1).replace("%s", os.path.basename(path))


class Question:
    """How to find files: the arguments of one find."""

    def __init__(self, rng, tree, root):
        odd = rng.random() < 0.1
        relative = rng.random() < 0.4

        def path():
            given = rng.choice(tree.directories + (tree.links if rng.random() < 0.3 else []))
            if rng.random() < 0.05:
                given = "nothere"
            if rng.random() < 0.02 and tree.files:
                given = rng.choice(tree.files)
            if rng.random() < 0.15:
                return spelled(rng, given, root)
            return given if relative else os.path.normpath(os.path.join(root, given))

        def patterns(plain, strange, most):
            count = rng.randint(1, most)
            return tuple(rng.choice(plain + (strange if odd and rng.random() < 0.3 else []))
                         for _ in range(count))

        self.directories = []
        top = "." if relative else root
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            include = exclude = ()
            if rng.random() < 0.4:
                include = patterns(INCLUDES, ODD_INCLUDES, 3)
            # "." among the results is a thing of its own: pathlib takes it for no component at all.
            whole = any(p.rstrip("/").endswith("**") for p in include)
            if rng.random() < 0.3:
                exclude = patterns(EXCLUDES, ["", "."], 2)
            place = top if rng.random() < 0.5 else path()
            if whole and os.path.normpath(place) == ".":
                place = root
            self.directories.append(Directory(place, rng.random() < 0.85, include, exclude,
                                              rng.random() < 0.2))
        self.exclude_dirs = [path() for _ in range(rng.choice([0, 0, 0, 1, 2]))]
        self.sort_mode = rng.choice(["path", "hex"])
        self.unique = rng.random() < 0.2
        self.base = path() if rng.random() < 0.1 else (
            rng.choice([top, os.path.dirname(root), "..", "/"]) if rng.random() < 0.1 else None)

    def reference(self):
        """The arguments of confiture_reference.find."""
        return dict(directories=self.directories, exclude_dirs=self.exclude_dirs,
                    sort_mode=self.sort_mode, unique=self.unique, base=self.base)

    def driver(self):
        """The same for the driver."""
        pairs = []
        for d in self.directories:
            pairs.append(("dir", d.path))
            pairs += [("include", p) for p in d.include] + [("exclude", p) for p in d.exclude]
            pairs += [] if d.recursive else [("not_recursive", "")]
            pairs += [("must_exist", "")] if d.must_exist else []
        pairs += [("exclude_dir", d) for d in self.exclude_dirs]
        pairs.append(("sort", self.sort_mode))
        pairs += [("unique", "")] if self.unique else []
        pairs += [("base", self.base)] if self.base is not None else []
        if len(self.directories) == 1 and self.directories[0] == Directory(
                self.directories[0].path)._replace(include=()):
            pairs.append(("simple", ""))
        return pairs

    def command(self):
        """The same for the command, or None: it has one set of patterns for all directories."""
        first = self.directories[0]
        if any(d._replace(path=first.path) != first for d in self.directories):
            return None
        if any(means_more(e, d.path) for e in self.exclude_dirs for d in self.directories):
            return None
        if any(os.path.lexists(d.path) and not os.path.isdir(d.path) for d in self.directories):
            return None  # which it takes for a FILE
        if self.base is not None and not os.path.isdir(self.base):
            return None  # of which it says just that
        args = ["--include=" + p for p in first.include] + ["--exclude=" + p for p in first.exclude]
        args += [] if first.recursive else ["--no-recursive"]
        args += [] if first.must_exist else ["--allow-missing"]
        args += ["--exclude-dir=" + d for d in self.exclude_dirs]
        args += ["--sort=" + self.sort_mode] + (["--unique"] if self.unique else [])
        args += ["--base=" + self.base] if self.base is not None else []
        return args + ["--"] + [d.path for d in self.directories]


def means_more(excluded, directory):
    """Whether the command takes a directory for one in the tree that the text does not name: it
    resolves both, and tries it inside of the directory, too."""
    def related(a, b):  # by the text alone, ".." is below "."
        a, b = pathlib.PurePath(a), pathlib.PurePath(b)
        return b in (a, *a.parents) and ".." not in a.parts[len(b.parts):]
    if related(excluded, directory) or related(directory, excluded):
        return os.path.realpath(excluded) != os.path.abspath(excluded)  # through a link
    real = [os.path.realpath(p) for p in (excluded, directory)]
    return related(*real) or related(*real[::-1]) or \
        os.path.lexists(os.path.join(directory, excluded))


class BuildOptions:
    """How to build: the arguments of one build or split."""

    def __init__(self, rng):
        self.style = rng.choice(["block_comment", "block_comment", "line_comment", "mysql",
                                 "custom", "none"])
        self.template = None
        if self.style == "custom":
            self.template = rng.choice(BAD_TEMPLATES if rng.random() < 0.1 else TEMPLATES)
        self.header = rng.choice([None, ("local", "2026-01-01T00:00:00"),
                                  ("\u00e9nv", "2026-01-01T00:00:00.000001")])
        self.schema_only = rng.random() < 0.3
        self.check = rng.choice(["none", "reference", "postgres"])
        self.keep_line_ends = rng.random() < 0.2

    def reference(self):
        """The arguments of confiture_reference.build and build_split."""
        return self.style, self.template, self.header, self.schema_only, self.check, \
            self.keep_line_ends

    def driver(self):
        pairs = [("separator", self.style), ("check", self.check)]
        if self.template is not None:
            pairs.append(("template", self.template))
        if self.header:
            pairs += [("header", ""), ("environment", self.header[0]),
                      ("timestamp", self.header[1])]
        pairs += [("keep_line_ends", "")] if self.keep_line_ends else []
        return pairs + ([("schema_only", "")] if self.schema_only else [])

    def command(self):
        args = ["--separator=" + self.style, "--check=" + self.check]
        args += ["--template=" + self.template] if self.template is not None else []
        if self.header:
            args += ["--header", "--environment=" + self.header[0],
                     "--timestamp=" + self.header[1]]
        args += ["--keep-line-ends"] if self.keep_line_ends else []
        return args + (["--schema-only"] if self.schema_only else [])


def generator(seed, number):
    return random.Random("%s:%s" % (seed, number))
