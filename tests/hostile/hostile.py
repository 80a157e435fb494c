#!/usr/bin/env python3
"""Trees that somebody made to do harm, given to the command and to the library.

    tests/hostile/hostile.py [--quick] [COMMAND [DRIVER [NAME...]]]

COMMAND is ./confiture by default, DRIVER build/driver; NAME: only tests whose id holds one of
these. Of each tree comes the right schema, or one line that names the file; nothing hangs, and
memory is bounded. What is expected is computed here, or by tests/reference. The last line is
"N passed, N failed, N skipped".
"""

import hashlib
import os
import pathlib
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[1:1] = [os.path.join(TESTS, name) for name in ("", "command", "parity", "reference")]

import command_base
import confiture_reference as reference
import unittest_total
from command_base import CommandTest, block, stream_digest
from parity_driver import Driver

QUICK = False
DRIVER = "build/driver"
IO = ("read", "mmap", "ring")
READING = (("hash",), ("check",), ("list", "--digests"), ("build",), ("hash", "--digest=tree"))
OUT = "leads out of the base directory by a symbolic link"
SANITIZED = any(name.endswith("SAN_OPTIONS") for name in os.environ)
MEGABYTE = 1 << 20


def more(few, many):
    return few if QUICK else many


class HostileTest(CommandTest):
    def measured(self, *args, megabytes, timeout=100, **popen):
        """Runs the command; it must stay below this much memory."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen([command_base.COMMAND, *args], stdout=out, stderr=err,
                                       stdin=subprocess.DEVNULL, cwd=self.dir,
                                       env=command_base.environment(), **popen)
            timer = threading.Timer(timeout, process.kill)
            timer.start()
            _, status, usage = os.wait4(process.pid, 0)
            timer.cancel()
            process.returncode = (-os.WTERMSIG(status) if os.WIFSIGNALED(status)
                                  else os.WEXITSTATUS(status))
            out.seek(0)
            err.seek(0)
            result = command_base.Result(process.returncode, out.read(), err.read())
        # A child counts what its parent had before it became another program.
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        if not SANITIZED:
            self.assertLess(usage.ru_maxrss / 1024, max(megabytes, own + 8), result)
        return result

    def refused(self, parts, *args, code=2):
        """Every command that reads refuses it, however it reads, alone or with helpers."""
        for i, command in enumerate(READING):
            for k, how in enumerate(IO):
                for threads in (1, 4):
                    if not QUICK or (i % 3 == k and i % 2 == threads % 2):
                        self.bad(code, parts, *command, *args, "--io", how, "-j", str(threads),
                                 timeout=60)

    def found(self, directory, include=(), recursive=True, **options):
        """The names that the reference finds."""
        here = os.getcwd()
        os.chdir(self.dir)
        try:
            return [name for _, name in reference.find(
                [reference.Directory(directory, recursive, tuple(include) or ("**/*.sql",))],
                **options)]
        finally:
            os.chdir(here)

    def names(self, *args):
        return [os.fsdecode(n) for n in self.quiet("list", *args, "-0").split(b"\0")[:-1]]

    def chain(self, levels, width, files=("x.sql",)):
        """So many directories, each in the one before it, and a file in the last: entered step
        by step, since no path would do."""
        assert command_base.ROOT in self.dir.parents
        at = os.open(self.dir, os.O_RDONLY)
        parts = ["t"] + [chr(97 + i % 26) * width for i in range(levels)]
        for part in parts:
            os.mkdir(part, dir_fd=at)
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = below
        for name in files:
            with open(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=at),
                      "wb") as file:
                file.write(b"X;\n")
        return at, "/".join(parts[1:])


class Links(HostileTest):
    def test_loops(self):
        """Directories that hold themselves and each other, searched in every way there is."""
        self.tree(a="A;\n", d__b="B;\n", d__e__c="C;\n", f__g="G;\n")
        for link, target in (("t/self", "."), ("t/d/up", ".."), ("t/d/e/top", "../.."),
                             ("t/d/to_f", "../f"), ("t/f/to_d", "../d"), ("t/x", "y"), ("t/y", "x"),
                             ("t/f/deep", "../d/e/top/d/e/top/f")):
            os.symlink(target, self.dir / link)
        self.assertEqual(self.names("t"), ["a.sql", "d/b.sql", "d/e/c.sql", "f/g.sql"])
        for include in ("**/*.sql", "*/*.sql", "*/*/*.sql", "*/*/*/*.sql", "self/**/*.sql",
                        "d/up/d/up/**/*.sql", "d/up/*/up/*.sql", "self/self/self/a.sql",
                        "d/../d/../*.sql", "**/d/../*.sql", "**/up/../*/*.sql", "x/*.sql",
                        "**/top/**/e/*.sql", "f/deep/deep/to_d/*.sql", "**/**/**/*.sql",
                        "/".join(["self"] * 39) + "/*.sql"):
            for recursive in (True, False):
                args = ["t", "--include", include] + ([] if recursive else ["--no-recursive"])
                try:
                    wanted = self.found("t", [include], recursive)
                except reference.ConfitureError as error:
                    if error.kind == "no_files":
                        self.bad(2, "no SQL files", "list", *args)
                    else:  # a circle that is named is not absent
                        self.assertEqual((include, error.path), ("x/*.sql", "t/x"))
                        self.bad(2, "t/x: ", "list", *args)
                    continue
                self.assertEqual(self.names(*args), wanted, args)
                if include == "**/up/../*/*.sql":  # ".." of where the link leads
                    self.bad(2, f"t/d/up/..: {OUT}", "list", *args, "--confine")
                else:
                    self.assertEqual(self.names(*args, "--confine"), wanted, args)

        # The kernel follows forty. The reference says that there is no such directory.
        self.bad(2, "t/self/self/self", "list", "t", "--no-recursive", "--include",
                 "/".join(["self"] * 41) + "/*.sql")

    def test_file_loops(self):
        self.tree(a="A;\n")
        os.symlink("b.sql", self.dir / "t/b.sql")
        self.refused(["t/b.sql: too many levels of symbolic links"], "t")
        self.refused(["t/b.sql: too many levels of symbolic links"], "t", "--confine")
        os.unlink(self.dir / "t/b.sql")
        os.symlink("c.sql", self.dir / "t/b.sql")
        os.symlink("b.sql", self.dir / "t/c.sql")
        self.bad_build(2, ["t/b.sql: too many levels of symbolic links"], "t")
        self.bad_build(2, ["t/b.sql: too many levels of symbolic links"], "t", "--confine")

    def test_out_of_the_tree(self):
        files = self.tree(a="A;\n")
        secret = self.write("secret/s.sql", "S;\n").read_bytes()
        for target in ("../secret/s.sql", str(self.dir / "secret/s.sql")):
            os.symlink(target, self.dir / "t/z.sql")
            self.assertEqual(self.quiet("hash", "t").split()[0].decode(),
                             stream_digest({**files, "a.sql": files["a.sql"], "z.sql": secret}))
            for command in READING:
                self.bad(2, f"t/z.sql: {OUT}", *command, "t", "--confine")
                self.bad(2, f"t/z.sql: {OUT}", *command, "--files0-from=-", "--base=t", "--confine",
                         data=b"t/a.sql\0t/z.sql\0")
            self.bad_build(2, f"t/z.sql: {OUT}", "t", "--confine")
            os.unlink(self.dir / "t/z.sql")
        os.symlink("../secret", self.dir / "t/z")
        self.assertEqual(self.names("t", "--include=*/*.sql", "--no-recursive"), ["z/s.sql"])
        self.assertEqual(self.names("t", "--confine"), ["a.sql"])
        for include in ("*/*.sql", "z/*.sql", "z/s.sql"):
            self.bad(2, f"t/z: {OUT}", "list", "t", "--include", include, "--no-recursive",
                     "--confine")
        self.bad(2, f"t/z/s.sql: {OUT}", "hash", "--files0-from=-", "--base=t", "--confine",
                 data=b"t/z/s.sql\0")
        # What is excluded is not asked where it leads.
        os.symlink("../secret/s.sql", self.dir / "t/z.sql")
        self.assertEqual(self.names("t", "--confine", "--exclude=z.sql"), ["a.sql"])

    def test_many_links(self):
        """Each is asked where it leads, and that is all: not each component of its path."""
        self.tree(a="A;\n")
        count = more(500, 20000)
        for i in range(count):
            os.symlink("a.sql", self.dir / f"t/{i}.sql")
        self.assertEqual(len(self.names("t", "--confine")), count + 1)
        os.symlink("../a.sql", self.dir / "t/9.9.sql")
        self.bad(2, f"t/9.9.sql: {OUT}", "list", "t", "--confine")


class NoFiles(HostileTest):
    def test_every_kind(self):
        """What is called x.sql and is no file; with somebody who writes to the FIFO, and not."""
        self.tree(a="A;\n")
        path = self.dir / "t/x.sql"

        def each(parts):
            self.refused(parts, "t")
            self.bad_build(2, parts, "t", timeout=20)
            self.bad(2, parts, "hash", "--files0-from=-", data=b"t/a.sql\0t/x.sql\0", timeout=20)

        os.mkfifo(path)
        each("t/x.sql: is a fifo, socket or device")
        writer = os.open(path, os.O_RDWR)
        each("t/x.sql: is a fifo, socket or device")
        os.write(writer, b"SELECT 1;\n")
        each("t/x.sql: is a fifo, socket or device")
        os.close(writer)
        os.rename(path, self.dir / "fifo")
        os.symlink("../fifo", path)
        each("t/x.sql: is a fifo, socket or device")
        for device in more(("/dev/zero",), ("/dev/zero", "/dev/null", "/dev/full", "/dev/random",
                                            "/dev/tty")):
            if os.path.exists(device):
                os.unlink(path)
                os.symlink(device, path)
                each("t/x.sql: ")
        os.unlink(path)
        with socket.socket(socket.AF_UNIX) as server:
            here = os.getcwd()
            os.chdir(self.dir)  # the address of a socket is short
            try:
                server.bind("t/x.sql")
            finally:
                os.chdir(here)
            each("t/x.sql: is a fifo, socket or device")
            server.listen()
            each("t/x.sql: is a fifo, socket or device")

    def test_swapped_in(self):
        """A FIFO, a device or a directory that takes a file's place between finding and reading."""
        driver = Driver(DRIVER)
        try:
            driver.request("chdir", ("path", self.dir))
            self.tree(**{f"f{i:03}": "SELECT 1;\n" for i in range(120)})
            self.assertIsNone(driver.request("find", ("dir", "t")).error)
            path = self.dir / "t/f050.sql"

            def each(*kinds):
                for how in IO + ("auto",):
                    for threads in (1, 4):
                        for op in more(("hash", "build"), ("hash", "check", "build", "manifest")):
                            error = driver.request(op, ("io", how), ("threads", threads)).error
                            self.assertIsNotNone(error, (op, how))
                            self.assertIn(error.kind, kinds, (op, how))
                            self.assertEqual(error.path, "t/f050.sql")
                            self.assertEqual(error.message.split(": ")[0], "t/f050.sql")

            os.unlink(path)
            each("system")
            os.mkfifo(path)
            each("not_file")
            writer = os.open(path, os.O_RDWR)  # a writer that does not write
            each("system", "not_file")
            os.close(writer)
            os.unlink(path)
            os.symlink("/dev/zero", path)
            each("not_file")
            os.unlink(path)
            os.mkdir(path)
            each("system", "not_file")
            os.rmdir(path)
            os.symlink("f050.sql", path)
            each("system")
        finally:
            driver.close()


class Kernel(HostileTest):
    def test_files_without_size(self):
        files = self.tree(a="A;\n")
        source = "/proc/version"
        if not os.path.exists(source) or os.stat(source).st_size:
            self.skipTest("no /proc/version of size 0 here")
        os.symlink(source, self.dir / "t/b.sql")
        data = pathlib.Path(source).read_bytes()
        files["b.sql"] = data
        for how in IO:
            self.assertEqual(self.quiet("hash", "t", "--io", how).split()[0].decode(),
                             stream_digest(files))
            self.assertEqual(self.quiet("hash", "t", "--io", how, f"--max-file-size={len(data)}")
                             .split()[0].decode(), stream_digest(files))
            lines = self.quiet("list", "t", "--digests", "--size", "--io", how).splitlines()
            self.assertIn(hashlib.sha256(data).hexdigest().encode(), lines[1])
            self.assertEqual(self.quiet("build", "t", "--check=none", "--io", how),
                             block("a.sql", "A;\n") + block("b.sql", data.decode()))
        self.refused(f"t/b.sql: larger than the limit of {len(data) - 1} bytes", "t",
                     f"--max-file-size={len(data) - 1}")

    def test_mounted_over(self):
        """A file of another file system in a directory that looks trustworthy, as containers mount
        single files: all of it is read, though no read of it brings more than a page and it says
        that it is empty. And one that says more than it holds."""
        files = self.tree(**{f"f{i:03}": "SELECT 1;\n" for i in range(120)})
        sources = [source for source in ("/proc/kallsyms", "/proc/crypto",
                                         "/sys/kernel/mm/transparent_hugepage/enabled")
                   if os.path.exists(source)]
        if os.geteuid() != 0 or not sources or not shutil.which("unshare"):
            self.skipTest("only root can mount a file over another one, and not here")
        for source in sources:
            data = pathlib.Path(source).read_bytes()
            files["f050.sql"] = data
            for how in (*IO, "auto"):
                for command, expected in (
                        (("hash", "t"), stream_digest(files).encode()),
                        (("build", "t", "--check=none"),
                         b"".join(block(name, (text + b"\n"[:not text.endswith(b"\n")]).decode())
                                  for name, text in sorted(files.items())))):
                    done = subprocess.run(
                        ["unshare", "-m", "--propagation", "private", "sh", "-c",
                         'mount --bind "$0" t/f050.sql || exit 99; exec "$@"', source,
                         command_base.COMMAND, *command, "--io", how, "-j2"],
                        check=False, cwd=self.dir, capture_output=True,
                        env=command_base.environment())
                    if done.returncode == 99 or b"unshare" in done.stderr:
                        self.skipTest(f"cannot mount: {done.stderr.decode().strip()}")
                    self.assertEqual(done.returncode, 0, done.stderr)
                    if command[0] == "hash":
                        self.assertEqual(done.stdout.split()[0], expected, (source, how))
                    else:
                        self.assertEqual(done.stdout, expected, (source, how))

    def test_large_without_size(self):
        """The environment of a process: as long and as odd as one likes, and its size is 0. Behind
        a file that fills a batch it is read in pieces; that must not be seen."""
        if not os.path.exists("/proc/self/environ"):
            self.skipTest("no /proc here")
        value = b"\xff" + b"x" * 100000
        child = subprocess.Popen(["sleep", "100"], env={f"V{i}": os.fsdecode(value)
                                                        for i in range(15)})
        try:
            source = f"/proc/{child.pid}/environ"
            for _ in range(1000):  # until it has become what it is to be
                if os.path.getsize(f"/proc/{child.pid}/environ") == 0 and \
                        b"V14=" in pathlib.Path(source).read_bytes():
                    break
                time.sleep(0.01)
            data = pathlib.Path(source).read_bytes()
            self.assertGreater(len(data), 1400000)
            os.mkdir(self.dir / "t")
            os.symlink(source, self.dir / "t/b.sql")
            for first in (3, 1100000):
                files = {"a.sql": b"-" * first, "b.sql": data}
                self.write("t/a.sql", files["a.sql"])
                for how in IO:
                    self.assertEqual(self.quiet("hash", "t", "--io", how).split()[0].decode(),
                                     stream_digest(files), (first, how))
                self.refused("t/b.sql: larger than the limit of 1258291 bytes", "t",
                             "--max-file-size=1258291")
                self.bad_build(2, "t/b.sql: larger than the limit of 1258291 bytes", "t",
                               "--max-file-size=1258291")
                self.bad_build(1, "t/b.sql:1: not valid utf-8", "t", "--max-file-size=2M")
        finally:
            child.kill()
            child.wait()


class Sizes(HostileTest):
    def test_sparse(self):
        self.tree(a="A;\n", b="", c="C;\n")
        try:
            os.truncate(self.dir / "t/b.sql", 1 << 40)
        except OSError as error:
            self.skipTest(f"no file of a terabyte here: {error}")
        for limit, shown in (("3", "3 bytes"), ("1M", "1048576 bytes"), ("1023G", "1098437885952")):
            self.refused(f"t/b.sql: larger than the limit of {shown}", "t", "--max-file-size",
                         limit)
        self.bad_build(2, "t/b.sql: larger than the limit of", "t", "--max-file-size=64K")
        for how in IO:
            result = self.measured("build", "t", "--max-file-size=1G", "--io", how, megabytes=24)
            self.assertEqual(result.code, 2, result)
        # The first in list order, whoever is first to see it.
        os.truncate(self.dir / "t/a.sql", 1 << 40)
        self.refused("t/a.sql: larger", "t", "--max-file-size=1G")

    def test_bounded_memory(self):
        """A file that is large and allowed is read in pieces."""
        self.tree(a="A;\n", b="")
        os.truncate(self.dir / "t/b.sql", more(64, 400) * MEGABYTE)
        for how in ("read", "ring"):
            for args in (("hash",), ("check", "--check=none"), ("hash", "--digest=tree"),
                         ("build", "-o", "out.sql")):
                if args[0] == "build" and QUICK:
                    continue
                result = self.measured(*args, "t", "--io", how, "-q", megabytes=32)
                self.assertEqual((result.code, result.err), (0, b""), result)

    def test_numbers(self):
        self.tree(a="A;\n")
        for good in ("3", "1K", "1M", "1G", "17179869183G", "0", "18446744073709551615"):
            self.quiet("hash", "t", "--max-file-size", good)
        self.bad(2, "t/a.sql: larger than the limit of 2 bytes", "hash", "t", "--max-file-size=2")
        for bad in ("K", "1X", "1KB", "-1", "+1", "1.5M", " 1", "1 ", "0x10", "1k",
                    "18446744073709551616", "17179869184G", "9" * 50):
            self.bad(2, [f"invalid value '{bad}' for --max-file-size", "K, M or G"], "hash", "t",
                     "--max-file-size", bad)


class Depth(HostileTest):
    def test_chains(self):
        """Deep, with short names and with long ones. (That time and memory do not grow with the
        square of the depth is what tests/hostile/growth.c counts.)"""
        for levels, width in more(((300, 1), (30, 255)),
                                  ((1000, 1), (5000, 1), (30, 255), (1000, 255), (10000, 255))):
            with self.subTest(levels=levels, width=width):
                at, folder = self.chain(levels, width)
                os.close(at)
                name = folder + "/x.sql"
                for threads in ("1", "4"):
                    for args in ((), ("--exclude=y*.sql", "--exclude-dir=t/no", "--exclude=*/*/q")):
                        result = self.measured("hash", "t", "-j", threads, *args, megabytes=32)
                        # Nothing matches, and each of the three is said to.
                        self.assertEqual((result.code, result.err.count(b"matched nothing\n")),
                                         (0, len(args)))
                        self.assertEqual(result.out.split()[0].decode(),
                                         stream_digest({name: b"X;\n"}))
                self.assertEqual(self.quiet("list", "t"), name.encode() + b"\n")
                self.assertEqual(self.quiet("list", "t", "--confine"), name.encode() + b"\n")
                # By a path of one's own. Confined, each of its components is asked whether it is
                # a link, step by step: that does grow with the square of its length.
                confine = ["--confine"] if len(name) < 100000 else []
                for command in READING:
                    self.quiet(*command, "-q", "--files0-from=-", *confine, timeout=100,
                               data=b"t/" + name.encode())
                self.bad(2, "no SQL files", "list", "t", "--exclude=x.sql")
                self.bad(2, "no SQL files", "list", "t", "--exclude-dir",
                         "t/" + "a" * width)
                self.remove()

    def remove(self):
        subprocess.run(["rm", "-rf", "t"], cwd=self.dir, check=True)

    def test_errors_in_the_deep(self):
        user = self.without_rights()
        at, folder = self.chain(100, 100, files=("x.sql", "y.sql"))
        end = folder[-2000:]
        os.chmod("y.sql", 0, dir_fd=at) if os.chmod in os.supports_dir_fd else None
        self.assertOneLine(self.run_command("hash", "t", **user), "confiture: ...",
                           f"{end}/y.sql: permission denied")
        os.chmod("y.sql", 0o644, dir_fd=at)
        os.symlink("/etc/passwd", "z.sql", dir_fd=at)
        self.assertOneLine(self.run_command("hash", "t", "--confine"), f"{end}/z.sql: {OUT}")
        os.unlink("z.sql", dir_fd=at)
        os.mkdir("private", 0, dir_fd=at)
        result = self.run_command("hash", "t", **user)
        self.assertEqual(result.code, 2, result)
        self.assertOneLine(result, f"{end}/private: permission denied")
        os.close(at)

    def test_many_directories(self):
        files = {}
        for i in range(more(10, 100)):
            for k in range(100):
                name = f"{i:02}/{k:02}/{'x' if k % 3 else 'y'}.sql"
                files[name] = self.write("t/" + name, f"-- {i} {k}\n").read_bytes()
        wanted = self.found("t")
        self.assertEqual(sorted(wanted), sorted(files))
        self.assertEqual(self.names("t"), wanted)
        self.assertEqual(self.names("t", "--include=*/x.sql"),
                         self.found("t", ["*/x.sql"]))
        result = self.measured("hash", "t", megabytes=48)
        self.assertEqual(result.out.split()[0].decode(),
                         stream_digest({name: files[name] for name in wanted}))

    def test_few_descriptors(self):
        """Many deep chains side by side, with hardly a descriptor to spare."""
        os.mkdir(self.dir / "all")
        for i in range(24):
            at, folder = self.chain(40, 50)
            os.close(at)
            os.rename(self.dir / "t", self.dir / f"all/{i:02}")
        wanted = [f"{i:02}/{folder}/x.sql" for i in range(24)]

        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

        for threads in ("1", "8"):
            out = self.quiet("list", "all", "-j", threads, preexec_fn=limit)
            self.assertEqual(out.decode().split(), wanted)


class Width(HostileTest):
    def test_one_directory(self):
        count = more(3000, 100000)
        os.mkdir(self.dir / "t")
        directory = os.open(self.dir / "t", os.O_RDONLY)
        for i in range(count):
            file = os.open(f"{i * 7919 % count}.sql", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644,
                           dir_fd=directory)
            if i % 10 == 0:
                os.write(file, b"%d\n" % i)
            os.close(file)
        os.close(directory)
        wanted = self.found("t")
        self.assertEqual(wanted, sorted(f"{i}.sql" for i in range(count)))
        sha = hashlib.sha256()
        for name in wanted:
            sha.update(name.encode() + b"\0" + (self.dir / "t" / name).read_bytes() + b"\0")
        for threads in ("1", "4"):
            for how in IO:
                result = self.measured("hash", "t", "-j", threads, "--io", how, megabytes=64)
                self.assertEqual(result.out.split()[0].decode(), sha.hexdigest(), result)
        self.assertEqual(self.quiet("list", "t").decode().split(), wanted)
        self.assertEqual(self.quiet("list", "t", "t", "--unique").decode().split(), wanted)
        self.assertEqual(self.quiet("list", "t", "--exclude=*[13579].sql", "--exclude=1*")
                         .decode().split(),
                         [n for n in wanted if n[-5] not in "13579" and n[0] != "1"])


class Growth(HostileTest):
    def test_counts(self):
        """tests/hostile/growth.c, with a compiler that can count basic blocks."""
        if QUICK:
            self.skipTest("takes a while to compile")
        source = pathlib.Path(__file__).resolve().parent / "growth.c"
        compiler = [*os.environ.get("CC", "cc").split(), "-O1", f"-I{source.parent.parent.parent}",
                    f"-I{source.parent}"]
        counter = subprocess.run([*compiler, "-c", "-DGROWTH_COUNTER", source, "-o", "counter.o"],
                                 cwd=self.dir, check=False, stderr=subprocess.PIPE)
        done = subprocess.run([*compiler, "-fsanitize-coverage=trace-pc", source, "counter.o", "-o",
                               "growth", "-pthread"], cwd=self.dir, check=False,
                              stderr=subprocess.PIPE)
        if counter.returncode or done.returncode:
            if b"sanitize-coverage" in done.stderr:
                self.skipTest(f"{compiler[0]} cannot count basic blocks")
            self.fail((counter.stderr + done.stderr).decode())
        done = subprocess.run(["./growth"], cwd=self.dir, check=False, stdout=subprocess.PIPE,
                              env=command_base.environment(TMPDIR=str(self.dir)))
        self.assertEqual(done.returncode, 0, done.stdout.decode())


class Names(HostileTest):
    def only(self, name):
        """t/ with this file alone; False if the file system does not take the name."""
        for entry in os.listdir(os.fsencode(self.dir / "t")):
            os.unlink(os.path.join(os.fsencode(self.dir / "t"), entry))
        assert b"/" not in name and name not in (b"", b".", b"..")
        try:
            with open(os.path.join(os.fsencode(self.dir / "t"), name), "xb") as file:
                file.write(b"X;\n")
        except OSError:
            return False
        return True

    def test_each_byte(self):
        os.mkdir(self.dir / "t")
        tried = 0
        for byte in range(1, 256):
            for name in ((bytes([byte]), b"a" + bytes([byte]) + b".sql")
                         if not QUICK or byte in (1, 10, 32, 42, 127, 128, 255) else ()):
                if byte == ord("/") or name == b"." or not self.only(name):
                    continue
                tried += 1
                args = ("t", "--include=*")
                if byte < 0x20 or byte >= 0x7F:
                    shown = f"{'a' if len(name) > 1 else ''}\\x{byte:02X}"
                    self.bad(1, f"t/{shown}", "build", *args)
                    self.bad(1, f"t/{shown}", "hash", "--files0-from=-",
                             data=b"t/" + name + b"\0")
                else:
                    self.assertEqual(self.quiet("build", *args), block(name.decode(), "X;\n"))
                    self.assertEqual(self.quiet("hash", *args).split()[0].decode(),
                                     stream_digest({name.decode(): b"X;\n"}))
        self.assertGreater(tried, more(5, 180))

    def test_sequences(self):
        os.mkdir(self.dir / "t")
        for name in (b"\xc0\xaf.sql", b"\xed\xa0\x80.sql", b"\xf4\x90\x80\x80.sql", b"\xe2\x82.sql",
                     b"\xc2\x80.sql", b"\xc2\x9f.sql", b"a\r\n;DROP TABLE t;--.sql",
                     b"\x1b]0;owned\x07.sql", b"\xff" * 250 + b".sql"):
            if self.only(name):
                for command in more(READING[:1], READING):
                    self.bad(1, "t/", *command, "t")
        for name in ("é.sql", "\u2028.sql", "\u202e.sql", "\ufeff.sql", "\U0010ffff.sql",
                     "'; DROP TABLE t; --.sql", "$$.sql", "{file_path}.sql", "{}.sql", "\\.sql",
                     "--help.sql", "-.sql", "x" * 251 + ".sql", "%s%n.sql", "*.sql", "[a].sql",
                     "*?.sql", "~.sql", "$(id).sql", "a b.sql"):
            if self.only(name.encode()):
                self.assertEqual(self.quiet("build", "t"), block(name, "X;\n"))
                self.assertEqual(self.names("t"), [name])
                self.assertEqual(self.found("t"), [name])
                self.assertEqual(self.quiet("list", "t", "--json").count(b"\n"), 1)
        # Only a directory's name can bring "*/" or "/*" about.
        self.write("s/x*/a.sql", "A;\n")
        self.bad_build(1, "s/x*/a.sql: the file name holds */", "s")
        self.write("r/x/*a.sql", "A;\n")
        self.bad_build(1, "r/x/*a.sql: the path holds /*", "r")
        for directory in ("s", "r"):
            self.quiet("build", directory, "--separator=line_comment")
            self.quiet("hash", directory)


class Outputs(HostileTest):
    def mount(self, *options):
        folder = self.dir / "mounted"
        folder.mkdir()
        try:
            done = subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(options), "none",
                                   str(folder)], check=False, stderr=subprocess.PIPE)
        except OSError as error:
            self.skipTest(f"mount: {error}")
        if done.returncode != 0:
            self.skipTest("cannot mount: " + done.stderr.decode().strip().split("\n")[0])
        self.addCleanup(subprocess.run, ["umount", str(folder)], check=False)
        return folder

    def tearDown(self):
        self.doCleanups()
        super().tearDown()

    def test_read_only(self):
        folder = self.mount("size=1m")
        (folder / "old.sql").write_bytes(b"old")
        (folder / "t").mkdir()
        (folder / "t/a.sql").write_bytes(b"A;\n")
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        self.tree(a="A;\n")
        for name in ("new.sql", "old.sql", "t/a.sql"):
            self.bad(2, [f"mounted/{name}", "read-only file system"], "build", "t", "-o",
                     f"mounted/{name}")
        self.bad(2, ["mounted", "read-only file system"], "build", "t", "--split", "mounted")
        self.assertEqual((folder / "old.sql").read_bytes(), b"old")
        # As input it is as good as any.
        self.assertEqual(self.quiet("build", "mounted/t"), block("a.sql", "A;\n"))

    def test_no_inodes_left(self):
        folder = self.mount("size=1m", "nr_inodes=3")
        (folder / "old.sql").write_bytes(b"old")
        (folder / "x").write_bytes(b"")
        self.tree(a="A;\n")
        for name in ("new.sql", "old.sql"):
            self.bad(2, [f"mounted/{name}", "no space left"], "build", "t", "-o", f"mounted/{name}")
        self.assertEqual((folder / "old.sql").read_bytes(), b"old")
        self.assertEqual(sorted(os.listdir(folder)), ["old.sql", "x"])


def main():
    global QUICK, DRIVER
    args = [a for a in sys.argv[1:] if a != "--quick"]
    QUICK = len(args) < len(sys.argv) - 1
    command = args[0] if args else "./confiture"
    DRIVER = os.path.abspath(args[1] if len(args) > 1 else DRIVER)
    for program in (command, DRIVER):
        if not os.access(program, os.X_OK):
            sys.exit(f"{program}: no such program; build it first")
    words = args[2:]
    loader = unittest.TestLoader()
    tests = [t for suite in loader.loadTestsFromModule(sys.modules[__name__]) for t in suite
             if not words or any(word in t.id() for word in words)]
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None
    if memory and os.statvfs(memory).f_bavail * os.statvfs(memory).f_frsize < 1 << 30:
        memory = None
    with tempfile.TemporaryDirectory(prefix="confiture-hostile-", dir=memory) as root:
        command_base.setup(command, pathlib.Path(root))
        return unittest_total.run_tests(tests)


if __name__ == "__main__":
    sys.exit(main())
