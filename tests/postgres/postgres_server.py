"""A PostgreSQL of a test's own: in a temporary folder, reachable through a socket there alone; and
what the tests that need one have in common."""

import glob
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def find_program(name):
    """The newest PostgreSQL in Debian's place, else whatever PATH has."""
    def version(path):
        return [int(n) for n in re.findall(r"\d+", path)]
    places = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), key=version)
    return places[-1] if places else shutil.which(name)


def find_programs():
    """(their paths by name, the names of those that are missing)"""
    programs = {name: find_program(name) for name in ("initdb", "postgres", "psql")}
    return programs, [name for name, path in programs.items() if not path]


class Server:
    """PostgreSQL refuses to run as root; started by root, it runs as postgres or
    nobody. Root itself stays outside: it only talks to the socket."""

    def __init__(self, folder, initdb, postgres, psql):
        self.folder = folder
        self.initdb, self.postgres, self.psql = initdb, postgres, psql
        self.process = None
        self.who = {}
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        self.environment = {**environment, "HOME": folder, "LC_ALL": "C"}

    def start(self, *settings):
        """settings: "name=value" for the server"""
        if os.geteuid() == 0:
            entry = self.unprivileged()
            self.who = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        data = os.path.join(self.folder, "data")
        self.run([self.initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                  "--no-locale", "--no-sync"])
        log_path = pathlib.Path(self.folder, "log")
        with open(log_path, "wb") as log:
            # A session of its own: a Ctrl-C in the terminal is for the test, which then stops it.
            self.process = subprocess.Popen(
                [self.postgres, "-D", data, "-k", self.folder, "-c", "listen_addresses=", "-F",
                 *(part for setting in settings for part in ("-c", setting))],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                env=self.environment, start_new_session=True, **self.who)
        for _ in range(300):
            if self.process.poll() is not None:
                break
            if self.sql("postgres", "SELECT 1")[0] == "1":
                return
            time.sleep(0.1)
        raise RuntimeError("PostgreSQL did not start:\n" + log_path.read_text(errors="replace"))

    @staticmethod
    def unprivileged():
        for name in ("postgres", "nobody"):
            try:
                return pwd.getpwnam(name)
            except KeyError:
                pass
        raise RuntimeError("root may not run PostgreSQL, and there is no user postgres or nobody")

    def run(self, command):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, cwd=self.folder, env=self.environment,
                              **self.who)
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed:\n" + done.stdout.decode(errors="replace"))

    def client(self, database, arguments):
        done = subprocess.run(
            [self.psql, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.folder,
             "-U", "postgres", "-d", database, *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**self.environment, "PGCLIENTENCODING": "UTF8", "PGTZ": "UTC"}, timeout=120)
        return done.returncode, done.stdout.decode().strip(), done.stderr.decode().strip()

    def sql(self, database, question):
        """The answer, in one transaction, and what psql said. 'ERROR' if it failed."""
        status, answer, message = self.client(database, ["-c", question])
        return ("ERROR" if status else answer), message

    def stop(self):
        if self.process is None:
            return
        for kind in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if self.process.poll() is None:
                self.process.send_signal(kind)
            try:
                self.process.wait(20)
                return
            except subprocess.TimeoutExpired:
                pass


class Counts:
    passed = failed = 0

    def check(self, what, good, detail=""):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {what}: {detail}")

    def line(self, skipped=0):
        return f"{self.passed} passed, {self.failed} failed, {skipped} skipped"


def run_tests(tests, missing=()):
    """tests(server, counts, command, folder), with a server that runs, the path of the command that
    the first argument names, and an empty folder. missing: what else the tests lack, in words. The
    exit status."""
    command = str(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "confiture").resolve())
    programs, absent = find_programs()
    counts = Counts()
    reasons = list(missing)
    if absent:
        reasons.append(f"no PostgreSQL: {', '.join(absent)} not in /usr/lib/postgresql or PATH")
    if reasons:
        print(f"skipped: {'; '.join(reasons)}")
        print(counts.line(skipped=1))
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    place = tempfile.mkdtemp(prefix="confiture-pg-", dir="/tmp")
    folder = tempfile.mkdtemp(prefix="confiture-trees-", dir="/tmp")
    server = Server(place, **programs)
    try:
        server.start()
        print("PostgreSQL", server.sql("postgres", "SHOW server_version")[0])
        tests(server, counts, command, pathlib.Path(folder))
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as problem:
        counts.check("PostgreSQL", False, problem)
    finally:
        server.stop()
        shutil.rmtree(place, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
    print(counts.line())
    return 1 if counts.failed else 0
