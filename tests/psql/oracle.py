"""What psql makes of a text with another file after it: the judge of both lexers.

psql reads a script: the text, then a command and a statement. It says (ECHO=queries) what it sends
and when, and so shows whether the command was one, and the statement a statement of its own. One
psql reads several scripts, each with a fresh lexer, except those that leave something behind. No
text can reach anything: psql runs as a user without rights, in an empty folder, cannot start a
process or write into a file, and its role may do nothing but fill a few tables.
"""

import multiprocessing
import os
import re
import resource
import signal
import subprocess

BEGIN = "script-%d-begins"
BEFORE = "\\echo " + BEGIN + "\nrollback;\nselect 'before';\n"
# What a script leaves behind for the next one of the same psql.
LEAVES = re.compile(r"\\(?:set|unset|setenv|restrict|watch|o|out|encoding|connect|c|e)\b|\bset\b|"
                    r"\\gx?\s*''", re.I)
TOGETHER = 16
COMMAND = "the-command-that-follows"
STATEMENT = "select 'the-statement-that-follows';"
SENT = "the-statement-was-sent"  # at the end of a script psql would send it anyway
AFTER = "\\echo %s\n%s\n\\echo %s\n" % (COMMAND, STATEMENT, SENT)
SEEN = re.compile(r"(?<!\\echo )%s\n(.*)(?<!\\echo )%s\n" % (COMMAND, SENT), re.S)
COMMENT = re.compile(r"/\*|\*/|--[^\n]*")
SECONDS = 30

ROLE = """
    CREATE ROLE guest LOGIN;
    ALTER ROLE guest SET statement_timeout = '5s';
    ALTER ROLE guest SET default_transaction_read_only = off;
    CREATE DATABASE oracle;
"""
TABLES = """
    CREATE SCHEMA s;
    CREATE UNLOGGED TABLE t (a text, b text);
    CREATE UNLOGGED TABLE u (a text);
    CREATE UNLOGGED TABLE "T x" (a text);
    CREATE UNLOGGED TABLE s.t (a text, b text);
    CREATE UNLOGGED TABLE binary_t (a bytea);
    GRANT USAGE ON SCHEMA s TO guest;
    GRANT INSERT, SELECT ON t, u, "T x", s.t, binary_t TO guest;
"""


def without_comments(text):
    """Of psql's buffer, which keeps them."""
    depth, start, kept = 0, 0, []
    at = COMMENT.search(text)
    while at:
        end = at.end()
        if at.group() == "/*" or depth == 0 and at.group() != "*/":
            if depth == 0:
                kept.append(text[start:at.start()])
            depth += at.group() == "/*"
            start = end
        elif at.group() == "*/" and depth > 0:
            depth -= 1
            start = end
        elif depth > 0:
            end = at.start() + 1  # -- within a comment is none, but may hold its end
        at = COMMENT.search(text, end)
    return "".join(kept) + ("" if depth else text[start:])


def confine():
    """In the child, which is nobody by now: no processes, no files."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Oracle:
    """Asks through a server that runs."""

    def __init__(self, server):
        self.server = server
        for database, script in (("postgres", ROLE), ("oracle", TABLES)):
            for statement in script.split(";\n"):
                if statement.strip():
                    answer, message = server.sql(database, statement)
                    if answer == "ERROR":
                        raise RuntimeError(message)
        self.version = int(server.sql("postgres", "SHOW server_version_num")[0]) // 100
        self.scripts = os.path.join(server.folder, "scripts")
        self.empty = os.path.join(server.folder, "empty")
        for folder in (self.scripts, self.empty):
            os.mkdir(folder, 0o755)
        if server.who:
            os.chown(self.empty, server.who["user"], server.who["group"])
        self.environment = {"HOME": self.empty, "PATH": self.empty, "SHELL": "/bin/false",
                            "LC_ALL": "C", "PGCLIENTENCODING": "UTF8", "TMPDIR": self.empty,
                            "PSQL_EDITOR": "/bin/false", "PSQL_PAGER": ""}

    def path(self, number):
        return os.path.join(self.scripts, "%d-%d.sql" % (os.getpid(), number))

    def run(self, scripts):
        """(standard output, standard error) of one psql, or None if it does not end."""
        files = []
        for number, script in enumerate(scripts):
            with open(self.path(number), "wb") as file:
                file.write(script.encode("utf-8"))
            files += ["-f", self.path(number)]
        process = subprocess.Popen(
            [self.server.psql, "-X", "-q", "-A", "-t", "-v", "ECHO=queries", "-v",
             "ON_ERROR_ROLLBACK=on", "-h", self.server.folder, "-U", "guest", "-d", "oracle",
             *files],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            cwd=self.empty, env=self.environment, restore_signals=False, start_new_session=True,
            preexec_fn=confine, **self.server.who)
        try:
            out, error = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return None
        return out.decode("utf-8", "replace"), error.decode("utf-8", "replace")

    def harms(self, texts):
        """What each text does to the file after it, in words; "" if nothing."""
        scripts = [BEFORE % number + text + ("" if text.endswith("\n") else "\n") + AFTER
                   for number, text in enumerate(texts)]
        output = self.run(scripts)
        if output is None:
            if len(texts) == 1:
                return ["psql does not end"]
            return [self.harms([text])[0] for text in texts]
        result, rest = [], output[0]
        for number, text in enumerate(texts):
            own, _, rest = rest.partition(BEGIN % (number + 1) + "\n")
            errors = [line for line in output[1].split("\n")
                      if line.startswith("psql:%s:" % self.path(number))]
            result.append(judged(text, own, "\n".join(errors)))
        return result


def judged(text, out, error):
    if "\0" in text:
        return "bytes lost"
    if text.startswith("\ufeff"):
        return "mark within the script"
    seen = SEEN.search(out)
    if not seen:
        return "command not seen"
    at = seen.group(1).find(STATEMENT)
    if at < 0 or without_comments(seen.group(1)[:at]).strip():
        return "statement not seen as one of its own"
    if "reached EOF without finding closing \\endif" in error:
        return "\\if left open"
    if "no matching \\if" in error:
        return "no \\if"
    return ""


def start_worker(server):
    global worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The parent's handler is Python's, which a worker that waits for a lock never comes to run.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    worker = server


def ask(texts):
    return worker.harms(texts)


def groups(texts):
    """Lists of numbers: of texts that may be read one after another by one psql."""
    group, result = [], []
    for number, text in enumerate(texts):
        if LEAVES.search(text):
            result.append([number])
        else:
            group.append(number)
        if len(group) == TOGETHER:
            result.append(group)
            group = []
    return result + ([group] if group else [])


def ask_all(oracle, texts):
    """The answers, in order. Processes, not threads: a child is confined before it becomes psql."""
    answers = [None] * len(texts)
    together = groups(texts)
    with multiprocessing.get_context("fork").Pool(
            2 * (os.cpu_count() or 1), start_worker, (oracle,)) as pool:
        asked = pool.imap(ask, ([texts[number] for number in group] for group in together))
        for group, found in zip(together, asked):
            for number, answer in zip(group, found):
                answers[number] = answer
    return answers
