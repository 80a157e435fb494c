#!/usr/bin/env python3
"""Interrupts the confiture command at random moments, and where a FIFO holds it.

    tests/races/interrupted.py [COMMAND] [--rounds N] [--seed N]

Whatever the moment: the exit status is 128 and the signal's number, or 0 if the work was done
by then; an output is the old one or the new one, as the status says; no temporary file is left,
and half a line is never printed. The last line is "N passed, N failed, N skipped".
"""

import argparse
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[1:1] = [TESTS, os.path.join(TESTS, "command")]
import command_base
import unittest_total
from command_base import CommandTest

KINDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGXCPU)
ROUNDS = 200
SEED = 0
OUTPUTS = ("schema.sql", "schema_local_superuser_pre.sql", "schema_local_app.sql",
           "schema_local_superuser_post.sql")
WAYS = {
    "build": ("build", "t", "-o", "out/schema.sql"),
    "build, one thread": ("build", "t", "-o", "out/schema.sql", "-j1"),
    "build, if changed, sync": ("build", "t", "-o", "out/schema.sql", "--if-changed", "--sync"),
    "split": ("build", "t", "--split", "out", "--pre", "t/d0", "--post", "t/d1"),
    "hash": ("hash", "t"),
    "list": ("list", "t", "--digests", "--json"),
    "check": ("check", "t"),
}


def listen_to_signals():
    """In the child: a shell's background job, or nohup, ignores these, and so would the command."""
    for kind in KINDS:
        signal.signal(kind, signal.SIG_DFL)


class Interrupted(CommandTest):
    def start(self, *args, **more):
        return subprocess.Popen([command_base.COMMAND, *args], cwd=self.dir,
                                env=command_base.environment(), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                preexec_fn=listen_to_signals, **more)

    def prepare(self, old):
        out = self.dir / "out"
        out.mkdir(exist_ok=True)
        for name in os.listdir(out):
            os.unlink(out / name)
        for name in OUTPUTS if old else ():
            (out / name).write_bytes(b"-- the old one\n")
        return out

    def outputs(self):
        out = self.dir / "out"
        return {name: (out / name).read_bytes() for name in os.listdir(out)}

    def test_random_moments(self):
        """And two signals, one after the other: the second one need not wait, and may leave the
        temporary file, but no more."""
        for d in range(4):
            for f in range(15):
                self.write(f"t/d{d}/f{f}.sql", b"-- %d %d\n" % (d, f) * (10 + 197 * f))
        self.write("t/long.sql", b"-- long\n" * 300000)
        chance = random.Random(SEED)
        seen = {}
        expected = {}
        for way, args in WAYS.items():
            self.prepare(False)
            start = time.monotonic()
            result = self.run_command(*args)
            self.assertEqual(result.code, 0, result)
            expected[way] = (self.outputs(), result.out, result.err, time.monotonic() - start)
        for number in range(ROUNDS):
            way = chance.choice(list(WAYS))
            new, printed, told, seconds = expected[way]
            old = {name: b"-- the old one\n" for name in OUTPUTS} if chance.random() < 0.7 else {}
            kind = chance.choice(KINDS)
            twice = chance.random() < 0.2
            self.prepare(bool(old))
            child = self.start(*WAYS[way])
            time.sleep(chance.random() * seconds * 1.1)
            child.send_signal(kind)
            if twice:
                time.sleep(chance.random() * 0.002)
                child.send_signal(kind)
            out, said = child.communicate(timeout=60)
            now = self.outputs()
            left = {name: now.pop(name) for name in list(now) if name.startswith(".confiture-")}
            where = (f"round {number}, seed {SEED}: {way}, {kind.name}{' twice' * twice}: exit "
                     f"{child.returncode}, {sorted(now)}, left {sorted(left)}, {said!r}")
            if child.returncode == 0:
                self.assertEqual(now, {**old, **new}, where)
                self.assertEqual(out, printed, where)
            else:
                # By the signal itself: before there was a handler, or by the second one.
                self.assertIn(child.returncode, (128 + kind, -kind), where)
                self.assertIn(out, (b"", printed), where)
                # It may have said how it went, and only been about to end.
                self.assertIn(said, (b"", told), where)
                if not twice:
                    self.assertEqual(now, old, where)
            for name in left:
                self.assertTrue(twice and child.returncode == -kind, where)
                self.assertRegex(name, r"^\.confiture-[0-9a-f]{16}\.tmp$", where)
            for name, data in now.items():
                self.assertIn(data, (old.get(name), new.get(name)), where)
            end = {0: "done", -kind: "killed"}.get(child.returncode, "interrupted")
            seen[end] = seen.get(end, 0) + 1
        print(f"{ROUNDS} rounds, seed {SEED}:", ", ".join(f"{n} {end}" for end, n in seen.items()))
        if ROUNDS >= 200:
            self.assertGreater(seen.get("interrupted", 0), 0)

    def interrupt_in(self, place, child, kind):
        """When the kernel says that it waits there."""
        end = time.monotonic() + 60
        waits = ""
        while place not in waits:
            self.assertIsNone(child.poll(), "ended before it was to be interrupted")
            if time.monotonic() > end:
                child.kill()
                child.communicate()
                self.assertIn(waits, ("", "0"), "where it waits")
                self.skipTest("a kernel that does not tell where a process waits")
            time.sleep(0.005)
            try:
                with open(f"/proc/{child.pid}/wchan", encoding="ascii") as file:
                    waits = file.read()
            except OSError:
                pass
        child.send_signal(kind)
        self.assertEqual(child.communicate(timeout=60), (b"", b""))
        self.assertEqual(child.returncode, 128 + kind)

    def test_held_by_a_fifo(self):
        """One that nobody reads, and one whose reader does not read: there is no temporary file
        to wait for."""
        self.write("t/long.sql", b"-- long\n" * 600000)
        os.mkfifo(self.dir / "fifo")
        for kind in KINDS:
            self.interrupt_in("wait_for_partner", self.start("build", "t", "-o", "fifo"), kind)
            reader = os.open(self.dir / "fifo", os.O_RDONLY | os.O_NONBLOCK)
            self.interrupt_in("pipe_write", self.start("build", "t", "-o", "fifo"), kind)
            os.close(reader)

    def test_held_by_a_list(self):
        """Before anything is written."""
        self.tree(a="SELECT 1;\n")
        os.mkfifo(self.dir / "list")
        for kind in KINDS:
            out = self.prepare(True)
            child = self.start("build", "--files0-from=list", "-o", "out/schema.sql")
            with open(self.dir / "list", "wb"):  # opened by both: it reads, and waits
                child.send_signal(kind)
                self.assertEqual(child.communicate(timeout=60), (b"", b""))
            self.assertEqual(child.returncode, 128 + kind)
            self.assertEqual((out / "schema.sql").read_bytes(), b"-- the old one\n")
            self.assertEqual(sorted(os.listdir(out)), sorted(OUTPUTS))


def main():
    global ROUNDS, SEED
    parser = argparse.ArgumentParser(description="Interrupt the confiture command.")
    parser.add_argument("command", nargs="?", default="./confiture")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 24))
    options = parser.parse_args()
    ROUNDS, SEED = options.rounds, options.seed
    if not os.access(options.command, os.X_OK):
        sys.exit(f"{options.command}: no such command; build it first")
    tests = unittest.TestLoader().loadTestsFromTestCase(Interrupted)
    with tempfile.TemporaryDirectory(prefix="confiture-interrupted-") as root:
        command_base.setup(options.command, pathlib.Path(root))
        return unittest_total.run_tests(tests)


if __name__ == "__main__":
    sys.exit(main())
