"""The other end of tests/parity/driver.c."""

import os
import select
import struct
import subprocess

PATIENCE = 60  # seconds for one answer; a driver that takes longer hangs

KINDS = ("ok", "argument", "memory", "system", "not_found", "no_files", "not_file", "outside",
         "changed", "too_large", "name", "encoding", "unclosed", "cancelled", "sink",
         "limit")


class Error:
    """The whole error of one call."""

    def __init__(self, fields):
        self.kind = KINDS[int(fields[0])]
        self.os_error, self.line, self.offset = (int(f) for f in fields[1:4])
        self.path, self.message = (os.fsdecode(f) for f in fields[4:6])

    def __repr__(self):
        return "<%s os_error=%d line=%d offset=%d path=%r: %s>" % (
            self.kind, self.os_error, self.line, self.offset, self.path, self.message)


def findings(field):
    """(kind, path, name, line, offset, what) of each finding."""
    parts = [os.fsdecode(part) for part in field.split(b"\0")[:-1]]
    return [(KINDS[int(parts[i])], parts[i + 1], parts[i + 2], int(parts[i + 3]),
             int(parts[i + 4]), parts[i + 5]) for i in range(0, len(parts), 7)]


class Answer:
    def __init__(self, fields):
        self.raw = fields
        self.error = None if fields[0] == b"0" else Error(fields)
        self.fields = fields[6:]


class DriverDied(Exception):
    pass


def settle_user():
    """For good, or the leak sanitizer cannot look at its own process."""
    user, group = os.geteuid(), os.getegid()
    if os.getuid() == 0 and user != 0:
        os.seteuid(0)
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)


def pack(op, pairs):
    parts = [op] + [part for pair in pairs for part in pair]
    packed = [struct.pack("<I", len(parts))]
    for part in parts:
        data = part if isinstance(part, bytes) else os.fsencode(str(part))
        packed.append(struct.pack("<I", len(data)) + data)
    return b"".join(packed)


class Driver:
    """Started when it is first needed, and again after it died."""

    def __init__(self, path):
        self.path = path
        self.process = None

    def start(self):
        self.rest = b""
        self.process = subprocess.Popen([self.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, cwd="/", preexec_fn=settle_user)

    def request(self, op, *pairs):
        """Each pair is (key, value); values may be str, bytes or int."""
        return self.requests([(op,) + pairs])[0]

    def requests(self, several):
        """Several at once. They and their answers must fit into a pipe."""
        if not self.process:
            self.start()
        op, *pairs = several[0]
        try:
            self.process.stdin.write(b"".join(pack(op, pairs) for op, *pairs in several))
            self.process.stdin.flush()
            answers = []
            for op, *pairs in several:
                answers.append(Answer(self.fields()))
            return answers
        except (OSError, struct.error):
            raise DriverDied("the driver died or hung in %s %r: %s" % (op, pairs, self.end()))

    def read(self, size):
        """So many bytes; what is read beyond them is kept for the next answer."""
        stdout = self.process.stdout.fileno()
        pieces, had = [self.rest], len(self.rest)
        while had < size:
            if not select.select([stdout], [], [], PATIENCE)[0]:
                self.process.kill()
            pieces.append(os.read(stdout, max(1 << 16, size - had)))
            if not pieces[-1]:
                raise OSError("no answer")
            had += len(pieces[-1])
        data = b"".join(pieces)
        self.rest = data[size:]
        return data[:size]

    def fields(self):
        size, = struct.unpack("<I", self.read(4))
        data = self.read(size)
        count, = struct.unpack_from("<I", data)
        fields, at = [], 4
        for _ in range(count):
            size, = struct.unpack_from("<I", data, at)
            fields.append(data[at + 4:at + 4 + size])
            at += 4 + size
        return fields

    def end(self):
        """Its exit status, and what it wrote to standard error, sanitizers included."""
        process, self.process = self.process, None
        try:
            process.stdin.close()
        except OSError:
            pass  # what was buffered cannot be written any more
        complaint = os.fsdecode(process.stderr.read())
        process.stdout.close()
        process.stderr.close()
        code = process.wait()
        return "status %d: %s" % (code, complaint[-3000:]) if code or complaint else None

    def close(self):
        complaint = self.end() if self.process else None
        if complaint:
            raise DriverDied("the driver ended with " + complaint)
