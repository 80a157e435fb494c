"""The other end of tests/known_answers/known_answers.c."""

import os
import shlex
import struct
import subprocess

HERE = os.path.dirname(os.path.realpath(__file__))
ROOMS = 160     # messages in one call of cfti_sha256_many()
AT_END, LAST = 64, 128
# Where a message can lie: all distances from the unreadable page before it and from the one
# behind it.
PLACES = [side | distance for side in (0, AT_END) for distance in range(64)]
BATCH = 20000   # jobs in one request


class DriverDied(Exception):
    pass


def build(cc, header, program):
    command = [*cc, "-std=c99", "-DCFT_HEADER=\"%s\"" % header, "-I.",
               "tests/known_answers/known_answers.c", "-o", program, "-pthread"]
    done = subprocess.run(command, cwd=os.path.dirname(os.path.dirname(HERE)), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise RuntimeError("%s\n%s" % (shlex.join(command), done.stdout.decode("utf-8", "replace")))


def placed(number):
    """Each place in its turn."""
    return PLACES[number * 41 % len(PLACES)]


class Driver:
    """What is hashed is a message of the data that was loaded last: (offset, size, place, first,
    step), with an update of the first bytes and then of step bytes each (0: of all the rest)."""

    def __init__(self, command):
        self.command, self.data, self.features, self.name = command, b"", 0, "start"
        self.start()

    def start(self):
        """Also again, as it was when it died."""
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.found, self.bits, self.big_endian, self.name = self.use(self.features)
        self.load(self.data)

    def stop(self):
        """Whether it ended as it should."""
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait() == 0

    def request(self, op, count, payload, size):
        answer = b""
        try:
            self.process.stdin.write(op + struct.pack("<I", count) + payload)
            self.process.stdin.flush()
            answer = self.process.stdout.read(size)
        except BrokenPipeError:
            pass
        if len(answer) != size:
            for pipe in (self.process.stdout, self.process.stdin):
                try:
                    pipe.close()
                except BrokenPipeError:
                    pass
            status, name = self.process.wait(), self.name
            if op != b"K":  # else it would never end
                self.start()
            raise DriverDied("%s: the driver ended with %s" % (
                name, "signal %d" % -status if status < 0 else "status %d" % status))
        return answer

    def use(self, features):
        found, pointer, big, name = struct.unpack("<3I16s",
                                                  self.request(b"K", features, b"", 28))
        self.features, self.name = features, name.rstrip(b"\0").decode()
        return found, 8 * pointer, bool(big), self.name

    def subsets(self):
        """Every subset of the features, all of them first."""
        subset = self.found
        while True:
            yield subset
            if subset == 0:
                return
            subset = (subset - 1) & self.found

    def load(self, data):
        self.data = data
        self.request(b"D", len(data), data, 0)

    def jobs(self, op, jobs, each=32):
        """The answers, one batch after the other. A call of many never spans two batches."""
        at = 0
        while at < len(jobs):
            end = min(at + BATCH, len(jobs))
            while op == b"M" and end < len(jobs) and not jobs[end - 1][2] & LAST:
                end -= 1
            part = jobs[at:end]
            numbers = [number for job in part for number in job]
            payload = struct.pack("<%dI" % len(numbers), *numbers)
            yield at, end, self.request(op, len(part), payload, each * len(part))
            at = end

    def hash(self, jobs):
        return b"".join(answer for _, _, answer in self.jobs(b"H", jobs))

    def zeros(self, sizes, many):
        payload = struct.pack("<%dQ" % len(sizes), *sizes)
        return self.request(b"z" if many else b"Z", len(sizes), payload, 32 * len(sizes))

    def manifest(self, directory, io, threads):
        """(status, size, digest) of the only file below the directory."""
        path = os.fsencode(directory)
        payload = struct.pack("<II", threads, len(path)) + path
        return struct.unpack("<IQ32s", self.request(b"P", io, payload, 44))
