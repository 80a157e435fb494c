"""Where the tests make their trees: under one temporary root, and nowhere else.

A generator of odd trees once wrote outside of its folder, through `..` and a link. Here every path
is relative to the tree, and its directory is resolved and compared before anything is written or
removed.
"""

import os
import shutil
import stat
import tempfile


class Sandbox:
    def __init__(self, on_disk=False):
        # In memory if there is such a place: a disk takes milliseconds to remove a directory.
        # But a hole that is mapped there takes memory, and a file of holes can be large.
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None
        if on_disk or memory and os.statvfs(memory).f_bavail * os.statvfs(memory).f_frsize < 64 << 20:
            memory = None
        self.root = os.path.realpath(tempfile.mkdtemp(prefix="confiture-parity-", dir=memory))
        self.tree = None
        self.number = 0

    def inside(self, relative):
        """The path below the tree; a parent that is a link or leads out is refused."""
        path = os.path.join(self.tree, relative)
        parent = os.path.dirname(path)
        if (os.path.realpath(parent) != parent or ".." in relative.split("/") or
                not (path + "/").startswith(self.root + "/") or path == self.root):
            raise AssertionError("outside of the sandbox: %r" % path)
        return path

    def fresh(self, keep=False, seeds=None):
        """A new empty tree; the one before is removed unless it is to be kept. seeds: whether its
        own name marks seeds, as every fourth does by default."""
        if self.tree is not None and not keep:
            self.remove()
        self.number += 1
        self.tree = self.root
        # The name of a base counts for seeds, however it is written.
        name = "seeds_%d" if (self.number % 4 == 0 if seeds is None else seeds) else "tree%d"
        self.tree = self.inside(name % self.number)
        os.mkdir(self.tree)
        return self.tree

    def remove(self):
        """Removes the tree. Links are removed, not followed."""
        tree, self.tree = self.tree, None
        if os.path.realpath(tree) != tree or os.path.dirname(tree) != self.root:
            raise AssertionError("outside of the sandbox: %r" % tree)
        os.chmod(tree, 0o700)
        for folder, names, _ in os.walk(tree):
            for name in names:
                path = os.path.join(folder, name)
                mode = os.lstat(path).st_mode
                if stat.S_ISDIR(mode) and mode & 0o700 != 0o700:
                    os.chmod(path, 0o700)
        shutil.rmtree(tree)

    def close(self):
        if self.tree is not None:
            self.remove()
        try:
            os.rmdir(self.root)
        except OSError:
            pass  # something was kept

    # ---- making things, all relative to the tree

    def directory(self, relative):
        path = self.tree
        for part in relative.split("/"):
            path = self.inside(os.path.relpath(os.path.join(path, part), self.tree))
            if not os.path.isdir(path):
                os.mkdir(path)

    def file(self, relative, data):
        path = self.inside(relative)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o644), "wb") as file:
            file.write(data)

    def link(self, relative, target):
        os.symlink(target, self.inside(relative))

    def fifo(self, relative):
        os.mkfifo(self.inside(relative))

    def mode(self, relative, mode):
        path = self.inside(relative)
        if os.path.islink(path):
            raise AssertionError("a link: %r" % path)
        os.chmod(path, mode)
