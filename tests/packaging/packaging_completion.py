"""Completions, as bash, zsh and fish give them. Run by packaging.py."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

from packaging_base import PackagingTest
import packaging_base

COMMANDS = {"build", "hash", "list", "check", "diff", "help", "version"}
SEPARATORS = {"block_comment", "line_comment", "mysql", "custom", "none"}
TOPICS = {"json", "man", "bash", "zsh", "fish"}


class Completion(PackagingTest):
    """What holds in each shell. complete(line) returns the set of completions of its last word."""

    def setUp(self):
        super().setUp()
        self.place = self.dir / "place"
        for name in ("db/sub dir", "out"):
            (self.place / name).mkdir(parents=True)
        for name in ("a.sql", "db/b.sql"):
            (self.place / name).touch()
        self.script = self.dir / "script"
        self.script.write_text(self.run_program(packaging_base.COMMAND, "help", self.shell))

    def options(self, command):
        text = self.run_program(packaging_base.COMMAND, command, "--help")
        return set(re.findall(r"^ (?:-\w,|   ) (--[\w-]+)", text, re.M))

    def names(self, line):
        """Without the slash that some shells write after a directory."""
        return {word.rstrip("/") for word in self.complete(line)}


class EachShell:
    def test_commands(self):
        self.assertLessEqual(COMMANDS, self.complete("confiture "))
        self.assertNotIn("a.sql", self.complete("confiture "))
        self.assertEqual(self.complete("confiture bu"), {"build"})
        self.assertLessEqual(TOPICS | COMMANDS, self.complete("confiture help "))

    def test_options_are_those_of_the_command(self):
        for command in sorted(self.complete("confiture ") - {"help", "version"}):
            self.assertEqual(self.complete(f"confiture {command} --"), self.options(command))
        self.assertEqual(self.complete("confiture build db --separa"), {"--separator"})

    def test_choices(self):
        self.assertEqual(self.complete("confiture build --separator "), SEPARATORS)
        self.assertEqual(self.complete("confiture build --separator=m"), {"mysql"})
        self.assertEqual(self.complete("confiture list -q --sort "), {"path", "hex"})

    def test_one_option_of_two_commands_has_the_values_of_each(self):
        self.assertIn("postgres", self.complete("confiture check --check "))
        self.assertIn("a.sql", self.names("confiture hash --check "))
        self.assertIn("a.sql", self.names("confiture hash -c "))

    def test_files_and_directories(self):
        self.assertEqual(self.names("confiture list "), {"a.sql", "db", "out"})
        self.assertEqual(self.names("confiture build db -o "), {"a.sql", "db", "out"})
        self.assertEqual(self.names("confiture list --base "), {"db", "out"})
        self.assertEqual(self.names("confiture build db --split o"), {"out"})

    def test_nothing_where_only_the_user_knows(self):
        self.assertEqual(self.complete("confiture list -j "), set())
        self.assertEqual(self.complete("confiture locate --line "), set())
        self.assertEqual(self.complete("confiture build --environment "), set())
        self.assertEqual(self.complete("confiture version "), set())


class Fish(EachShell, Completion):
    shell = "fish"

    def complete(self, line):
        self.need("fish")
        code = f"source {str(self.script)!r}; complete -C {line!r}"
        text = self.run_program("fish", "--no-config", "-c", code, cwd=self.place, HOME=self.dir,
                                XDG_CONFIG_HOME=self.dir, XDG_DATA_HOME=self.dir)
        found = {row.split("\t")[0] for row in text.splitlines()}
        # fish completes whole words: --separator=mysql.
        return {word.partition("=")[2] or word for word in found}

    def test_each_option_is_described(self):
        self.need("fish")
        code = f"source {str(self.script)!r}; complete -C 'confiture build --'"
        text = self.run_program("fish", "--no-config", "-c", code, HOME=self.dir)
        for row in text.splitlines():
            self.assertRegex(row, r"^--[\w-]+\t.{8}")


class Terminal:
    """An interactive shell on a terminal of its own, wide enough for all that it lists."""

    def __init__(self, words, folder, environment):
        self.main, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 300, 400, 0, 0))
        self.process = subprocess.Popen(words, cwd=folder, stdin=child, stdout=child, stderr=child,
                                        env=environment, start_new_session=True)
        os.close(child)

    def read(self, end, seconds=20):
        """What it writes until `end`."""
        text, limit = "", time.monotonic() + seconds
        while end not in text:
            left = limit - time.monotonic()
            if left <= 0 or not select.select([self.main], [], [], left)[0]:
                raise AssertionError(f"no {end!r} in {text!r}")
            text += os.read(self.main, 65536).decode("utf-8", "replace")
        return text

    def send(self, text):
        os.write(self.main, text.encode())

    def close(self):
        os.close(self.main)
        self.process.kill()
        self.process.wait()


class TerminalTest(Completion):

    def start(self, words, setting_up, **environment):
        self.need(words[0])
        terminal = Terminal(words, self.place, {
            "PATH": f"{os.path.dirname(packaging_base.COMMAND)}:{os.environ['PATH']}",
            "HOME": str(self.dir), "TERM": "dumb", "LC_ALL": "C", **environment})
        self.addCleanup(terminal.close)
        # The end of each answer: written in two pieces, so that the echo of a line is none.
        terminal.send(" " + "; ".join(setting_up) + "; echo RE''ADY\n")
        terminal.read("READY\r\n")
        return terminal


class Bash(EachShell, Completion):
    shell = "bash"

    def complete(self, line):
        """Calls the function as bash does, and then what bash does if it returns nothing."""
        self.need("bash")
        words = re.findall(r"=|[^\s=]+|(?<=\s)$|(?<==)$", line)
        code = ('source "$1"; shift; compopt() { [[ "$*" == *"+o default"* ]] && default=no; }; '
                'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _confiture; '
                'if ((${#COMPREPLY[@]})); then printf "%s\\n" "${COMPREPLY[@]}"; '
                'elif [[ $default != no ]]; then compgen -f -- "${!#}"; fi; true')
        text = self.run_program("bash", "--norc", "-c", code, "bash", self.script, *words,
                                cwd=self.place)
        return {word for word in text.splitlines() if not re.fullmatch("-.", word)}

    def test_it_works_under_set_u(self):
        self.need("bash")
        code = ('set -u; source "$1"; COMP_WORDS=(confiture build --so); COMP_CWORD=2; '
                '_confiture; echo "${COMPREPLY[@]}"')
        self.assertEqual(self.run_program("bash", "--norc", "-c", code, "bash", self.script),
                         "--sort\n")


class BashOnTerminal(TerminalTest):
    shell = "bash"

    def test_bash_completion_finds_it_where_it_is_installed(self):
        self.need("make", "bash")
        library = "/usr/share/bash-completion/bash_completion"
        if not os.path.exists(library):
            self.skipTest("no bash-completion here")
        self.install(f"PREFIX={self.dir}/p")
        terminal = self.start(
            ["bash", "--norc", "--noprofile", "-i"],
            ["PS1=", "bind 'set bell-style none'", f"source {library}",
             # Shows what the line has become.
             "confiture() { echo \"RAN($*)\"; }"],
            XDG_DATA_DIRS=f"{self.dir}/p/share:/usr/share")
        for typed, wanted in (("bui\tdb --sep\tmy\t", "build db --separator mysql"),
                              ("list --sort=h\t", "list --sort=hex"),
                              ("list --base o\t", "list --base out/"),
                              ("list d\tsu\t", "list db/sub dir/")):
            terminal.send(f"confiture {typed}\n")
            self.assertIn(f"RAN({wanted})", terminal.read(")\r\n"))


class Zsh(EachShell, TerminalTest):
    shell = "zsh"

    def complete(self, line):
        self.need("zsh")
        if not hasattr(self, "terminal"):
            functions = self.dir / "functions"
            functions.mkdir()
            (functions / "_confiture").write_text(self.script.read_text())
            self.terminal = self.start(["zsh", "-f", "-i"], [
                "PS1=", "unsetopt zle_bracketed_paste prompt_cr prompt_sp 2>/dev/null",
                f"fpath=({str(functions)!r} $fpath)", "autoload -U compinit",
                "compinit -u -D",
                # Each word that a completion function offers is written down.
                "compadd() { local -a found; "
                "if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd \"$@\"; return; "
                "fi; builtin compadd -A found \"$@\"; "
                "print -rl -- $found >>\"$HOME/offered\"; builtin compadd \"$@\"; }",
                "completed() { zle complete-word; zle kill-whole-line; print COMPLE''TED; }",
                "zle -N completed", "bindkey '^I' completed"])
        offered = self.dir / "offered"
        offered.write_text("")
        self.terminal.send(line + "\t")
        self.terminal.read("COMPLETED")
        words = {word.rstrip("=") for word in offered.read_text().splitlines() if word}
        return {word for word in words if not re.fullmatch("-.", word)}
