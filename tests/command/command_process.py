"""The confiture command as a process: signals, pipes, limits, terminals. Run by command.py."""

import os
import pty
import resource
import select
import signal
import subprocess
import time

import command_base
from command_base import CommandTest


def listen_to_signals():
    """In the child: a shell's background job, or nohup, ignores these, and so would the command."""
    for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGXCPU):
        signal.signal(kind, signal.SIG_DFL)


class Process(CommandTest):
    def test_closed_pipe(self):
        """Ends as cat does: killed by the signal, or quietly if that is ignored."""
        self.tree(**{f"f{i}": "A;\n" * 20 for i in range(6000)})
        for args in (["build", "t"], ["list", "t", "--json"]):
            for restore, code in ((True, -signal.SIGPIPE), (False, 128 + signal.SIGPIPE)):
                child = subprocess.Popen([command_base.COMMAND, *args], cwd=self.dir,
                                         env=command_base.environment(), stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, restore_signals=restore)
                child.stdout.read(1)
                child.stdout.close()
                self.assertEqual(child.stderr.read(), b"")
                child.stderr.close()
                self.assertEqual(child.wait(timeout=30), code)

    def test_file_size_limit(self):
        """A file of more than ulimit -f is an error as any, and not the end by a signal."""
        self.write("t/a.sql", "-- " + "x" * 5000 + "\n")
        old = self.write("out/schema.sql", "-- the old one\n")
        for args in (["-o", "out/schema.sql"], ["-o", "out/new.sql"]):
            self.bad(2, [args[1], "file too large"], "build", "t", *args,
                     preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)))
        self.assertEqual(os.listdir(self.dir / "out"), ["schema.sql"])
        self.assertEqual(old.read_bytes(), b"-- the old one\n")

    @staticmethod
    def has_open(pid, directory):
        """Whether a process has a file of this directory open: one without a name, too."""
        folder, start = f"/proc/{pid}/fd", os.path.realpath(directory) + "/"
        try:
            return any(os.readlink(f"{folder}/{name}").startswith(start)
                       for name in os.listdir(folder))
        except OSError:  # one that it has closed meanwhile; or there is no /proc
            return any(name.startswith(".confiture-") for name in os.listdir(directory))

    def interrupted(self, *args, kind=signal.SIGINT):
        """Interrupts a build of some gigabytes when it has made its temporary file."""
        self.write("big.sql", b"-- " + b"x" * 1000000 + b"\n")
        out = self.dir / "out"
        out.mkdir(exist_ok=True)
        before = sorted(os.listdir(out))
        self.write("list", b"big.sql\0" * 4000)
        child = subprocess.Popen([command_base.COMMAND, "build", "--files0-from=list", *args],
                                 cwd=self.dir, env=command_base.environment(),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, preexec_fn=listen_to_signals)
        end = time.monotonic() + 30
        while time.monotonic() < end and not self.has_open(child.pid, out):
            time.sleep(0.001)
        child.send_signal(kind)
        printed, said = child.communicate(timeout=60)
        self.assertEqual((child.returncode, printed, said), (128 + kind, b"", b""))
        self.assertEqual(sorted(os.listdir(out)), before)

    def test_interrupted(self):
        self.interrupted("-o", "out/schema.sql")
        (self.dir / "out/schema.sql").write_bytes(b"old")
        self.interrupted("-o", "out/schema.sql", kind=signal.SIGTERM)
        self.interrupted("--split", "out", "-j1", kind=signal.SIGHUP)
        self.interrupted("-o", "out/schema.sql", kind=signal.SIGQUIT)
        self.interrupted("--split", "out", kind=signal.SIGXCPU)
        self.assertEqual((self.dir / "out/schema.sql").read_bytes(), b"old")

    def test_interrupted_while_it_waits(self):
        for args in (["hash", "--files0-from=-"], ["build", "--files0-from=-", "-o", "x.sql"]):
            child = subprocess.Popen([command_base.COMMAND, *args], cwd=self.dir,
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     preexec_fn=listen_to_signals)
            time.sleep(0.3)
            child.send_signal(signal.SIGINT)
            # Killed at once, or, if it had not come to its handler yet, by the signal.
            self.assertIn(child.wait(timeout=30), (130, -signal.SIGINT))
            child.stdin.close()
            child.stdout.close()
        self.assertEqual(os.listdir(self.dir), [])

    def on_terminal(self, *args):
        """(seconds, what a terminal at standard error was sent, standard output)"""
        master, slave = pty.openpty()
        start = time.monotonic()
        child = subprocess.Popen([command_base.COMMAND, *args], cwd=self.dir, stderr=slave,
                                 env=command_base.environment(), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE)
        os.close(slave)
        seen = b""
        while select.select([master], [], [], 120)[0]:
            try:
                data = os.read(master, 65536)
            except OSError:  # Linux: nobody holds the other end any more
                break
            if not data:
                break
            seen += data
        out = child.stdout.read()
        child.stdout.close()
        self.assertEqual(child.wait(timeout=60), 0, (seen, out))
        os.close(master)
        return time.monotonic() - start, seen, out

    def test_progress(self):
        self.write("big.sql", b"-- " + b"x" * (1 << 20) + b"\n")
        count = 50
        while True:  # so many files that it takes more than a second here
            self.write("list", b"big.sql\0" * count)
            seconds, seen, out = self.on_terminal("hash", "--files0-from=list")
            if seconds > 1.2 or count > 10**6:
                break
            if seconds < 0.4:
                self.assertEqual(seen, b"")
            count = int(count * max(2, min(50, 1.6 / seconds)))
        self.assertRegex(out, rb"^[0-9a-f]{64}  --files0-from list\n$")
        self.assertRegex(seen, rb"\rconfiture: \d+ of %d files, \d+\.\d MB" % count)
        self.assertNotIn(b"\n", seen)
        self.assertRegex(seen, rb"\r +\r$")
        lines = seen.count(b"\rconfiture: ")
        self.assertLessEqual(lines, seconds * 10 + 1)
        self.assertGreaterEqual(lines, 1)
        self.assertEqual(self.on_terminal("hash", "--files0-from=list", "-q")[1], b"")
        result = self.run_command("hash", "--files0-from=list", timeout=120)
        self.assertEqual((result.code, result.err), (0, b""))
