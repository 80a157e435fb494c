"""Interleaved rounds: everybody is timed in turn, so that a slow minute is slow for all."""

import statistics
import subprocess
import sys
import time

from building import Failed


class Peer:
    """A process that stays, and answers requests as protocol.h describes."""

    def __init__(self, name, command):
        self.name = name
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, encoding="utf-8",
                                        errors="surrogateescape", bufsize=1)

    def ask(self, operation, repetitions=1, **keys):
        """The fields of the answer; the first is ok, no or error."""
        fields = [operation, str(repetitions)]
        fields += ["{}={}".format(key, value) for key, value in keys.items()]
        try:
            self.process.stdin.write("\t".join(fields) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except OSError:
            line = ""
        if not line:
            raise Failed("{} died of {}".format(self.name, operation))
        return line.rstrip("\n").split("\t")

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


class Cell:
    """One peer doing one thing, and the times that it took."""

    def __init__(self, peer, operation, label=None, minimum=3, **keys):
        self.peer = peer
        self.operation = operation
        self.label = label or peer.name
        self.minimum = minimum  # rounds, however slow
        self.single = False  # never several in a row
        self.keep_first = False  # the first run counts if it is long
        self.keys = keys
        self.times = []  # seconds
        self.rounds = 0
        self.used = 0.0
        self.digest = None
        self.files = self.bytes = 0
        self.problem = None  # why there are no times

    def ask(self, repetitions, verify):
        start = time.perf_counter()
        keys = dict(self.keys, verify=1) if verify else self.keys
        kind, *rest = self.peer.ask(self.operation, repetitions, **keys)
        took = time.perf_counter() - start
        if kind != "ok":
            self.problem = rest[0] if rest else kind
            return []
        digest, files, size, times = rest
        if digest != "-":
            if self.digest not in (None, digest):
                raise Failed("{} {}: the result changed from one run to the next".format(
                    self.label, self.operation))
            self.digest = digest
        self.files, self.bytes = int(files) or self.files, int(size) or self.bytes
        self.used += took
        return [int(ns) / 1e9 for ns in times.split(",")]

    def warm_up(self):
        """Once for the result, and again unless keep_first allows that time to be kept."""
        times = self.ask(1, verify=True)
        if times and times[0] >= 0.1 and self.keep_first:
            self.times, self.rounds = times, 1
        elif times:
            times += self.ask(1, verify=False)
        self.expected = min(times) if times else 0.0
        self.used = sum(self.times)

    def run(self):
        # A block of several where one is short, so that caches are those of the work and
        # not of whoever was before.
        repetitions = max(1, min(50, int(0.004 / max(self.expected, 1e-7))))
        repetitions = 1 if self.single else repetitions
        times = self.ask(repetitions, verify=False)
        if times:
            self.times += times
            self.expected = min(self.expected, min(times))
            self.rounds += 1

    @property
    def least(self):
        return min(self.times) if self.times else None

    @property
    def median(self):
        return statistics.median(self.times) if self.times else None

    @property
    def quartiles(self):
        """The first and the last, for the spread; of few times, the least and the greatest."""
        if len(self.times) < 4:
            return [min(self.times), max(self.times)] if self.times else None
        first, _, last = statistics.quantiles(self.times, n=4)
        return [first, last]

    def record(self):
        return {"label": self.label, "operation": self.operation, "min": self.least,
                "median": self.median, "quartiles": self.quartiles, "runs": len(self.times),
                "rounds": self.rounds, "digest": self.digest, "files": self.files,
                "bytes": self.bytes, "problem": self.problem}


def warm_up(cells):
    for cell in cells:
        cell.warm_up()


def interleave(cells, seconds, patience, before=None):
    """Rounds through all cells until each has had its share of the time and its minimum of rounds.

    When all that has taken longer than `patience` allows, one round each must do. A cell that has
    kept its first run, and needs no more, takes no part.
    """
    share = seconds / max(sum(not cell.problem for cell in cells), 1)
    turn = 0
    end = time.perf_counter() + patience

    def is_due(cell):
        return cell.rounds == 0 or time.perf_counter() < end

    def is_unfinished(cell):
        return not cell.problem and cell.rounds < 2000 and is_due(cell) and (
            cell.rounds < cell.minimum or cell.used < share)

    working = list(filter(is_unfinished, cells))
    while working:
        # Everybody is after everybody else at some time.
        turn = (turn + 1) % len(working)
        for cell in working[turn:] + working[:turn]:
            if is_due(cell):
                if before:
                    before(cell)
                cell.run()
        working = list(filter(is_unfinished, working))


def note(text):
    """Progress, for whoever looks on; never part of a result."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K" + text)
        sys.stderr.flush()
