"""Random trees: odd names, odd texts, links, things that are no files, and lists of them."""

import os

NAMES = ["a.sql", "b.sql", "Z.SQL", ".hidden.sql", "été.sql", "日本.sql", "a b.sql", "0A_x.sql",
         "1F_y.sql", "10_seed_x.sql", "seeds.sql", "x.y.sql", "-.sql", "a{b}.sql", "no_suffix"]
DIRECTORIES = ["d", "d-e", "seeds", ".h", "été", "00_common", "sub dir", "x.sql"]
TEXTS = [b"", b"\n", b"SELECT 1;", b"SELECT 1;\n", b"SELECT 1;\r\nSELECT 2;\r\n", b"a\rb\r",
         b"\xef\xbb\xbfSELECT 1;\n", "-- é ß\n".encode(), "-- 日本 \U0001f600\n".encode(), b"\0\n",
         b"/* open\n", b"/* closed */\n", b"*/*\n", b"/*/\n", b"a\n\n\n", b"SELECT '/*';\n\r"]
BAD_TEXTS = [b"\xff\n", b"ok\xc3", b"a\n\xed\xa0\x80\n", b"\xf0\x9f\x98", b"x" * 70000 + b"\xe9"]


class Tree:
    """A directory of random files in a Root, and what else lies beside it."""

    def __init__(self, root, random):
        self.random = random
        self.root = root
        self.top = root.directory()
        self.path = root.directory(os.path.join(self.top, random.choice(("tree", "tree", "10_seeds"))))
        self.files = []
        self.outside = root.file(os.path.join(self.top, "beside", "out.sql"), b"-- outside\n")
        directories = [self.path]
        for _ in range(random.randrange(4)):
            parent = random.choice(directories)
            directories.append(root.directory(os.path.join(parent, random.choice(DIRECTORIES))))
        # Some with enough files for several threads.
        count = random.choice((0, 1, 1, 2, 3, 4, 6, 30 if random.random() < 0.2 else 5))
        for number in range(count):
            name = random.choice(NAMES) if number < 8 else "{}.sql".format(number)
            self.add_file(os.path.join(random.choice(directories), name))
        if random.random() < 0.4 and self.files:
            self.add_link(random.choice(directories))
        if random.random() < 0.06:
            self.add_other(random.choice(directories))

    def text(self):
        random = self.random
        if random.random() < 0.03:
            return random.choice(BAD_TEXTS)
        if random.random() < 0.03:
            return random.choice(TEXTS) * random.randrange(1, 30000)
        return random.choice(TEXTS)

    def add_file(self, path):
        if not os.path.lexists(path):
            self.files.append(self.root.file(path, self.text()))

    def add_link(self, directory):
        random = self.random
        path = os.path.join(directory, random.choice(("l.sql", "la.sql", "linked")))
        target = random.choice((self.outside, random.choice(self.files), "nowhere", path,
                                os.path.dirname(self.outside), os.path.dirname(self.files[0])))
        if os.path.lexists(path):
            return
        if random.random() < 0.5:
            target = os.path.relpath(target, os.path.realpath(directory))
        self.root.link(path, target)
        if os.path.isdir(path):
            self.files += [os.path.join(path, name) for name in sorted(os.listdir(path))]
        else:
            self.files.append(path)

    def add_other(self, directory):
        path = self.root.inside(os.path.join(directory, "other.sql"))
        kind = self.random.choice(("fifo", "directory", "missing"))
        if os.path.lexists(path):
            return
        if kind == "fifo":
            os.mkfifo(path)
        elif kind == "directory":
            os.mkdir(path)
        self.files.append(path)

    def list(self, clean=False):
        """Some of the files, in some order, some twice, relative to the tree or absolute.

        clean: as pathlib would write the paths; else some go through "." and "..".
        """
        random = self.random
        chosen = [f for f in self.files if random.random() < 0.9]
        if random.random() < 0.7:
            chosen.sort()
        else:
            random.shuffle(chosen)
        if chosen and random.random() < 0.2:
            chosen.insert(random.randrange(len(chosen)), random.choice(chosen))
        form = random.choice(("absolute", "absolute", "relative", "mixed", "outside"))
        if form == "outside":
            chosen.append(self.outside)
        return [self._form(path, form, clean) for path in chosen]

    def _form(self, path, form, clean):
        random = self.random
        if form == "relative" or (form == "mixed" and random.random() < 0.5):
            path = os.path.relpath(path, self.path)
            if not clean and random.random() < 0.1:
                path = "./" + path
        elif not clean and random.random() < 0.05:
            path = path.replace("/tree/", random.choice(("/tree/../tree/", "//tree/./")))
        return path
