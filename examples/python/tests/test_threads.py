"""Several threads, forks, Ctrl-C and interpreters."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import unittest

from confiture_native import _fallback
from support import NATIVE, TestCase, needs_native


def in_threads(count, function):
    """function(number) on so many threads at once; the first exception comes out."""
    errors = []
    start = threading.Barrier(count)

    def run(number):
        try:
            start.wait()
            function(number)
        except BaseException as e:  # to be raised where it is seen
            errors.append(e)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


@needs_native
class Threads(TestCase):
    def lists(self, count):
        """Lists of different files, some with something wrong, and what becomes of them."""
        result = []
        for number in range(count):
            paths = [self.file("{}/{:02}.sql".format(number, i), b"%d %d\r\n" % (number, i) * i)
                     for i in range(40)]
            if number % 4 == 1:
                paths[20] = self.file("{}/wrong.sql".format(number), b"\xff")
            if number % 4 == 3:
                paths.append(self.link("{}/l.sql".format(number), self.file("out.sql")))
            result.append(paths)
        return result

    def test_eight_at_once(self):
        def build(module, paths):
            try:
                return module.build_schema(paths)
            except UnicodeDecodeError as e:
                return e.filename

        lists = self.lists(8)
        expected = [(build(_fallback, paths), _fallback.hash_files(paths),
                     _fallback.hash_files(paths, base_dir=self.dir)) for paths in lists]

        def work(number):
            for turn in range(100):
                which = (number + turn) % len(lists)
                got = (build(NATIVE, lists[which]), NATIVE.hash_files(lists[which]),
                       NATIVE.hash_files(lists[which], base_dir=self.dir))
                self.assertEqual(got, expected[which])

        in_threads(8, work)

    def test_a_list_that_another_thread_changes(self):
        paths = [self.file("{:02}.sql".format(i)) for i in range(50)]
        shared = list(paths)
        done = threading.Event()

        def change():
            while not done.is_set():
                shared[:] = []
                shared.extend(str(p) + "" for p in paths)

        thread = threading.Thread(target=change)
        thread.start()
        try:
            for _ in range(500):
                self.assertEqual(len(NATIVE.hash_files(shared)), 64)
                NATIVE.build_schema(shared, base_dir=self.dir)
        finally:
            done.set()
            thread.join()

    def test_the_gil_is_released(self):
        """Python goes on while a file is read that takes some time."""
        self.sparse("large.sql", 1 << 30)
        counts = []
        for keys in ({}, {"digest": "stream"}):
            done = threading.Event()
            counted = [0]

            def count():
                while not done.is_set():
                    counted[0] += 1
                    time.sleep(0.001)

            thread = threading.Thread(target=count)
            thread.start()
            start = time.monotonic()
            NATIVE.hash_files(["large.sql"], **keys)
            taken = time.monotonic() - start
            done.set()
            thread.join()
            counts.append(counted[0])
            self.assertGreater(counted[0], taken * 50, (counted, taken))

    def sparse(self, name, size):
        path = self.file(name, b"")
        os.truncate(path, size)
        return path

    def interrupted(self, call):
        """call() ends soon after a signal, with the exception of its handler."""
        class Stop(Exception):
            pass

        def handler(number, frame):
            raise Stop

        before = signal.signal(signal.SIGALRM, handler)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            start = time.monotonic()
            with self.assertRaises(Stop):
                call()
            self.assertLess(time.monotonic() - start, 5)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        # And whatever was busy is free again.
        small = self.file("small.sql")
        self.assertEqual(NATIVE.hash_files([small]), _fallback.hash_files([small]))

    def test_signals(self):
        large = self.sparse("large.sql", 64 << 30)
        small = [self.file("{}.sql".format(i)) for i in range(100)]
        self.interrupted(lambda: NATIVE.hash_files([large]))
        self.interrupted(lambda: NATIVE.hash_files([large], digest="tree"))
        # Whichever thread has the large file.
        for first in range(0, 24, 4):
            self.interrupted(lambda: NATIVE.hash_files(small[:first] + [large] + small))
        self.interrupted(lambda: NATIVE.manifest([large]))
        self.interrupted(lambda: NATIVE.manifest(small * 10000))
        self.interrupted(lambda: NATIVE.hash_files(small * 10000))
        self.interrupted(lambda: NATIVE.check(small * 10000))

    def test_ctrl_c(self):
        large = self.sparse("large.sql", 64 << 30)
        script = textwrap.dedent("""
            import confiture_native, sys
            print("ready", flush=True)
            confiture_native.hash_files([sys.argv[1]])
        """)
        # A shell's background job ignores Ctrl-C, and Python then leaves it at that.
        with subprocess.Popen([sys.executable, "-c", script, large], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, preexec_fn=lambda: signal.signal(
                                  signal.SIGINT, signal.SIG_DFL)) as process:
            self.assertEqual(process.stdout.readline(), b"ready\n")
            time.sleep(0.2)
            process.send_signal(signal.SIGINT)
            start = time.monotonic()
            _, errors = process.communicate(timeout=30)
        self.assertIn(b"KeyboardInterrupt", errors)
        self.assertLess(time.monotonic() - start, 3)

    def child(self, function):
        """Runs it in a forked child, which has ten seconds."""
        child = os.fork()
        if child == 0:
            status = 1
            try:
                signal.alarm(10)
                function()
                status = 0
            finally:
                os._exit(status)
        self.assertEqual(os.waitpid(child, 0)[1], 0)

    def test_fork(self):
        paths = [self.file("{}.sql".format(i)) for i in range(100)]
        expected = NATIVE.hash_files(paths)  # the threads are there from here on

        def work():
            for _ in range(3):
                assert NATIVE.hash_files(paths) == expected
                assert NATIVE.hash_files(paths, base_dir=self.dir, digest="tree") == expected
            # The parent's threads did not come along: the child has started its own.
            if os.path.exists("/proc/self/task") and len(os.sched_getaffinity(0)) > 1:
                assert len(os.listdir("/proc/self/task")) > 1
            self.child(lambda: NATIVE.build_schema(paths))

        for _ in range(5):
            self.child(work)
        self.assertEqual(NATIVE.hash_files(paths), expected)

    def test_fork_during_a_call_of_another_thread(self):
        paths = [self.file("{}.sql".format(i)) for i in range(100)]
        expected = NATIVE.hash_files(paths)
        done = threading.Event()

        def work():
            while not done.is_set():
                NATIVE.hash_files(paths)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            for _ in range(20):
                self.child(lambda: self.assertEqual(NATIVE.hash_files(paths), expected))
        finally:
            done.set()
            thread.join()

    def test_a_daemon_thread_at_the_end(self):
        """The interpreter ends while a thread is in a call."""
        large = self.sparse("large.sql", 64 << 30)
        script = textwrap.dedent("""
            import confiture_native, sys, threading, time
            for paths in ([sys.argv[1]], [sys.argv[0]] * 10000000):
                threading.Thread(target=confiture_native.hash_files, args=(paths,),
                                 daemon=True).start()
            time.sleep(0.3)
        """)
        path = self.file("script.py", script.encode())
        for _ in range(3):
            result = subprocess.run([sys.executable, path, large], timeout=60,
                                    stderr=subprocess.PIPE)
            self.assertEqual((result.returncode, result.stderr), (0, b""))


def interpreters():
    """(create, run, destroy) of this Python, or None."""
    try:
        import _interpreters as module  # 3.13
    except ImportError:
        try:
            import _xxsubinterpreters as module
        except ImportError:
            return None

    def run(interpreter, script):
        failed = module.run_string(interpreter, script)
        if failed is not None:  # 3.13 returns what older ones raise
            raise RuntimeError(getattr(failed, "formatted", failed))

    return module.create, run, module.destroy


@needs_native
@unittest.skipUnless(interpreters(), "this Python has no module for sub-interpreters")
class Interpreters(TestCase):
    SCRIPT = textwrap.dedent("""
        import sys
        sys.path[:] = {path!r}
        import confiture_native
        assert confiture_native.HAS_NATIVE
        for _ in range(50):
            assert confiture_native.hash_files({paths!r}) == {expected!r}
            confiture_native.build_schema({paths!r}, base_dir="/")
        try:
            confiture_native.build_schema([{paths!r}[0]], base_dir="/nowhere")
        except confiture_native.ConfitureError as e:
            assert e.kind == "outside"
        else:
            raise AssertionError
        with open({result!r}, "w") as file:
            file.write(str(id(confiture_native.ConfitureError)))
    """)

    def test_one_after_another_and_at_once(self):
        create, run, destroy = interpreters()
        paths = [self.file("{}.sql".format(i)) for i in range(40)]
        expected = NATIVE.hash_files(paths)

        def work(number):
            for turn in range(2):
                result = os.path.join(self.dir, "result-{}-{}".format(number, turn))
                script = self.SCRIPT.format(path=sys.path, paths=paths, expected=expected,
                                            result=result)
                interpreter = create()
                try:
                    run(interpreter, script)
                finally:
                    destroy(interpreter)
                self.assertTrue(os.path.exists(result))

        work(0)
        in_threads(4, work)
        self.assertEqual(NATIVE.hash_files(paths), expected)


if __name__ == "__main__":
    unittest.main()
