"""What one file would do to the next in a script for psql: the check "postgres" in plain Python.

It reads the whole text at once, token by token, by the rules of PostgreSQL's scan.l and of psql's
psqlscan.l, psqlscanslash.l and command.c, with standard_conforming_strings on. Where versions
differ, the newest documented rule is taken. The library's own lexer, in C, reads pieces of any
size. tests/psql compares both with psql itself.

The fallback and tests/reference use this module. A third implementation would add nothing: the
library and this module are independent of each other, and psql is the judge of both.
"""

import re

from ._psql_copy import copied, copy_of_line

COMMENT = "comment never closed"
QUOTE = "quote never closed"
IDENTIFIER = "quoted identifier never closed"
DOLLAR = "dollar quote never closed"
TAG = "dollar-quote tag longer than 255 bytes"
COPY = "COPY data never ended: no line \\. follows"
IF = "\\if never ended: add \\endif"
PARENTHESIS = "parenthesis never closed: add ')'"
ATOMIC = "BEGIN ATOMIC never ended: add END"
STATEMENT = "statement never ended: add ';'"
RESTRICT = "\\restrict never ended: add \\unrestrict"
QUIT = "\\q ends the script: remove it"
NUL = "NUL byte, where psql drops the rest of the line: remove it"
MARK = "byte order mark: remove it, or use strip_bom"
QUOTES = (COMMENT, QUOTE, IDENTIFIER, DOLLAR, TAG, COPY)  # reported by the level "quotes"

LETTER = r"A-Za-z_\x80-\U0010ffff"
NAME = r"[%s][%s0-9$]*" % (LETTER, LETTER)
TOKEN = re.compile(r"""
    (?P<space>[ \t\n\v\f\r]+|--[^\n]*) |
    (?P<comment>/\*) |
    (?P<escape>[eE]') |
    (?P<quote>(?:[bBxXnN]|[uU]&)?'|(?:[uU]&)?") |
    (?P<dollar>\$(?:[{letter}][{letter}0-9]*)?\$) |
    (?P<name>{name}) |
    (?P<number>(?:[0-9]+(?:\.(?!\.)[0-9]*)?|\.[0-9]+)(?:[eE][-+][0-9]+)?(?:{name})? |
        \$[0-9]+(?:{name})?) |
    (?P<variable>:[{letter}0-9]+) |
    (?P<value>:'[{letter}0-9]+'|:"[{letter}0-9]+"|:\{{\?[{letter}0-9]+\}}) |
    (?P<forced>\\[;:]) |
    (?P<command>\\) |
    (?P<end>;) |
    (?P<opening>\() |
    (?P<closing>\)) |
    (?P<other>::|:=|\.\.|.)
""".format(letter=LETTER, name=NAME), re.X | re.S)

STANDARD = re.compile(r"'[^']*(?:''[^']*)*'(?!')")
QUOTED_NAME = re.compile(r'"[^"]*(?:""[^"]*)*"(?!")')
ESCAPED = re.compile(r"'[^'\\]*(?:(?:''|\\.)[^'\\]*)*'(?!')", re.S)
ESCAPED_QUOTE = re.compile(r"[^'\\]*(?:(?:''|\\[^'])[^'\\]*)*\\'", re.S)
CONTINUED = re.compile(r"[ \t\v\f\r]*(?:--[^\n]*)?\n(?:[ \t\v\f\r\n]|--[^\n]*\n)*(?=')")
COMMENT_MARK = re.compile(r"/\*|\*/")
DATA_END = re.compile(r"^\\\.(?:\n|\Z)", re.M)

# ---- psql's commands ----

COMMAND = re.compile(r"\\([^ \t\n\v\f\r\\]*)")
ARGUMENT = re.compile(r"""
    (?:'(?:[^'\\]|''|\\.)*'|"[^"]*"|`[^`]*`|[^ \t\v\f\r\\'"`])+
""", re.X)
PIECE = re.compile(r"""'((?:[^'\\]|''|\\.)*)'|("[^"]*"|[^'"])""")
ESCAPE = re.compile(r"''|\\([0-7]{1,3}|x[0-9A-Fa-f]{1,2}|.)")
UNKNOWN = re.compile(r""":[%s0-9'"{]|`""" % LETTER)  # in an argument: its value cannot be known
QUOTED = re.compile(r"""(:?)(?:'(?:[^'\\]|''|\\.)*'|"[^"]*")""")  # ... but not within quotes

WHOLE_LINE = frozenset("copy ef ev sf sf+ sv sv+ h help !".split())
PIPES = frozenset("g gx o out w write".split())
SENDS = frozenset("""g gx gset gexec gdesc crosstabview parse close_prepared startpipeline
    endpipeline syncpipeline sendpipeline flush flushrequest getresults""".split())
DATALESS = frozenset(("gdesc", "parse"))  # which do not run what they send
RESETS = frozenset("r reset watch".split())
EDITS = frozenset("e edit ef ev".split())
BRANCHES = frozenset("if elif else endif".split())
NEEDS = {name: 1 for name in """i ir include include_relative unset prompt restrict unrestrict w
    write setenv bind_named parse close_prepared lo_import lo_unlink""".split()}
NEEDS.update(getenv=2, lo_export=2)
KNOWN = WHOLE_LINE | PIPES | SENDS | RESETS | EDITS | BRANCHES | frozenset(NEEDS) | frozenset("""
    a bind C c connect cd conninfo copyright echo qecho warn encoding errverbose f H html l list lx
    listx l+ list+ lx+ listx+ l+x list+x lo_list lo_list+ p print password pset q quit s set t T
    timing x z zS zx zSx zxS ?""".split())
DESCRIBES = re.compile(r"""d(?:$|[+SabcCDdglLnoOpTtvmisEuxXy]|A(?:$|[+xcfop])|f(?:$|[+Sanptwx])|
    P(?:$|[+tinx])|r(?:ds|g)|R[ps]|F(?:$|[+xpdt])|e[suwt])""", re.X)

PRINTING = frozenset("""border columns csv_fieldsep expanded x vertical fieldsep fieldsep_zero footer
    format linestyle null numericlocale pager pager_min_lines recordsep recordsep_zero tableattr T
    title C tuples_only t unicode_border_linestyle unicode_column_linestyle
    unicode_header_linestyle xheader_width""".split())

# ---- BEGIN ATOMIC, as psql knows it: by the first identifiers of a statement ----

FIRST_WORDS = {"create": "c", "function": "f", "procedure": "p", "or": "o", "replace": "r"}
ROUTINE = re.compile("c(?:[fp]|or[fp])")


class Found(Exception):
    """(position, what): a finding, which ends the scan."""


class Branch:
    """An open \\if: which of its branches are read, and the state of the text before them."""

    def __init__(self, position, text):
        self.position = position
        self.text = text
        self.active = False
        self.ignored = False  # later branches are not read either
        self.unknown = False  # only psql knows the condition: all branches are read
        self.last = False     # \else was read
        self.left = None      # if the condition is unknown: what one of its branches left open


class Text:
    """psql's query buffer: the text since the last statement was sent."""

    def __init__(self):
        self.clear()

    def clear(self):
        self.empty = True        # it has no byte, not even a comment's
        self.first = None        # position of the first token
        self.variables = True    # all tokens are variables
        self.copies = []         # positions of the COPYs that \; ended
        self.begin_statement()

    def begin_statement(self):
        self.tokens = []         # all of the statement if it is a COPY; else only the first
        self.copy = None         # position of the word COPY

    def saved(self):
        return (self.empty, self.first, self.variables, list(self.copies), list(self.tokens),
                self.copy)

    def restore(self, saved):
        self.empty, self.first, self.variables = saved[:3]
        self.copies, self.tokens, self.copy = list(saved[3]), list(saved[4]), saved[5]

    def add(self, kind, value, position):
        self.empty = False
        if self.first is None:
            self.first = position
        self.variables = self.variables and kind == "variable"
        if self.copy is not None:
            self.tokens.append((kind, value))
        elif not self.tokens:
            self.tokens.append((kind, value))
            if kind == "name" and value.lower() == "copy":
                self.copy = position

    def end_statement(self):
        """After a semicolon, sent or not."""
        if self.copy is not None:
            how = copied(self.tokens)
            if how:
                self.copies.append((self.copy, how))
        self.begin_statement()


class Scanner:
    def __init__(self, text, level="postgres"):
        self.text = text
        self.level = level
        self.cuts = []  # (position, lines of data that were cut out there)
        self.data_at = None  # position of the data that were read last
        self.buffer = Text()
        self.previous = []  # the COPYs of the text that was sent last
        self.branches = []
        self.restricted = None  # (position, key)
        self.reset()

    # ---- results ----

    def line(self, position):
        cut = sum(lines for at, lines in self.cuts if at <= position)
        return self.text.count("\n", 0, position) + 1 + cut

    def found(self, position, what):
        if self.level != "quotes" or what in QUOTES:
            raise Found(position, what)

    def ended(self):
        """Report what is open at the end of the file: of several things, the outermost."""
        if self.branches:
            self.found(self.branches[0].position, IF)
        if self.parentheses:
            self.found(self.opened, PARENTHESIS)
        if self.depth:
            self.found(self.began, ATOMIC)
        if self.restricted:
            self.found(self.restricted[0], RESTRICT)
        if self.is_open:
            self.found(self.buffer.first, STATEMENT)

    # ---- statements ----

    def reset(self):
        self.parentheses = self.depth = 0
        self.opened = self.began = None
        self.count, self.words = 0, ""

    @property
    def active(self):
        return not self.branches or self.branches[-1].active

    def word(self, word, position):
        word = word.lower()
        if self.count == 0:
            self.words = ""
        if self.count < 4:
            self.words += FIRST_WORDS.get(word, " ")
        self.count += 1
        if self.parentheses or not ROUTINE.match(self.words):
            return
        if word == "begin" or word == "case" and self.depth:
            self.began = self.began if self.depth else position
            self.depth += 1
        elif word == "end" and self.depth:
            self.depth -= 1

    def semicolon(self, position):
        self.buffer.add("end", ";", position)
        if self.parentheses or self.depth:
            return
        self.count = 0
        if self.active:
            self.send(position)

    def send(self, position, reads_data=True):
        self.buffer.end_statement()
        if not self.buffer.empty:
            self.previous = self.buffer.copies
        self.buffer.clear()
        if reads_data:
            self.read_data(position, self.previous)

    def read_data(self, position, copies):
        """psql reads on to the end of the line, and then the data of each COPY sent in it."""
        for copy, how in copies:
            start = self.text.find("\n", position) + 1
            end = DATA_END.search(self.text, start) if start and how == "text" else None
            if not end:
                raise Found(position if start == self.data_at else copy, COPY)
            self.data_at = start
            self.cuts.append((start, self.text.count("\n", start, end.end())))
            self.text = self.text[:start] + self.text[end.end():]

    # ---- quotes: each returns the position after it ----

    def comment(self, start):
        depth, position = 0, start
        while True:
            mark = COMMENT_MARK.search(self.text, position)
            if not mark:
                raise Found(start, COMMENT)
            depth += 1 if mark.group() == "/*" else -1
            position = mark.end()
            if depth == 0:
                return position

    def quote(self, start, quote):
        """start: the position of the quote itself, after its prefix."""
        pattern, what = (STANDARD, QUOTE) if quote == "'" else (QUOTED_NAME, IDENTIFIER)
        end = pattern.match(self.text, start)
        if not end:
            raise Found(start, what)
        return end.end()

    def escape(self, start):
        """E'...'. Where such a string continues on a later line, psql reads the rest as '...' and
        the server as E'...': at an escaped quote only one of them is within the string."""
        continued = False
        while True:
            end = ESCAPED.match(self.text, start)
            parts = continued and end and self.level == "postgres"
            if not end or parts and ESCAPED_QUOTE.match(self.text, start + 1, end.end()):
                raise Found(start, QUOTE)
            more = CONTINUED.match(self.text, end.end())
            if not more:
                return end.end()
            start, continued = more.end(), True

    def dollar(self, start, delimiter):
        if len(delimiter.encode("utf-8")) > 257:
            raise Found(start, TAG)
        end = self.text.find(delimiter, start + len(delimiter))
        if end < 0:
            raise Found(start, DOLLAR)
        return end + len(delimiter)

    # ---- a line of psql's commands ----

    def line_end(self, position):
        end = self.text.find("\n", position)
        return len(self.text) if end < 0 else end

    def arguments(self, position, name):
        """(the arguments as written, the position after them)"""
        end = self.line_end(position)
        found = []
        closed = 0  # the arguments so far that end with a parenthesis
        while True:
            while position < end and self.text[position] in " \t\v\f\r":
                position += 1
            first = not found or name in ("g", "gx") and value(found[0])[:1] == "(" and \
                closed == 1 and value(found[-1])[-1:] == ")"
            if first and name in PIPES and self.text.startswith("|", position):
                found.append(self.text[position:end])
                return found, end
            argument = ARGUMENT.match(self.text, position, end)
            if argument:
                position = argument.end()
            if position < end and self.text[position] in "'\"`":
                return found, end  # an open quote takes the rest of the line
            if not argument:
                return found, position
            found.append(argument.group())
            closed += value(found[-1])[-1:] == ")"

    def known(self, name):
        if name.lower() == "copy" or name in KNOWN:
            return True
        if name.startswith("d"):
            return not self.active or bool(DESCRIBES.match(name))
        return name.startswith("lo_") and (not self.active or name.startswith("lo_list"))

    def command(self, start):
        name = COMMAND.match(self.text, start).group(1)
        position = start + 1 + len(name)
        if self.restricted and name != "unrestrict" or not self.known(name):
            return self.line_end(position)
        if name in WHOLE_LINE or name.lower() == "copy":
            end = self.line_end(position)
            if self.active:
                self.take_line(name, self.text[position:end], start)
            return end
        arguments, position = self.arguments(position, name)
        if not self.run(name, arguments, start, position):
            return self.line_end(position)
        return position + 2 if self.text.startswith("\\\\", position) else position

    def take_line(self, name, rest, start):
        if name in EDITS:
            self.buffer.clear()
        elif name.lower() == "copy":
            how = copied(Scanner(copy_of_line(rest)).tokens())
            if how:
                self.read_data(start, [(start, how)])

    def run(self, name, arguments, start, position):
        """False if psql refuses the command and with it the rest of the line."""
        if name in BRANCHES:
            return getattr(self, "run_" + name)(arguments, start)
        if not self.active:
            return True
        if len(arguments) < NEEDS.get(name, 0):
            return False
        if name in ("g", "gx") and not printable(arguments):
            return False
        if name in SENDS:
            self.send(start, name not in DATALESS)
            self.reset()
        elif name in RESETS:
            self.buffer.clear()
            self.reset()
        elif name in EDITS:
            self.buffer.clear()
        elif name in ("q", "quit"):
            self.found(start, QUIT)
        elif name == "restrict":
            key = value(arguments[0].rstrip(";"))
            if not key:
                return False
            self.restricted = (start, key)
        elif name == "unrestrict":
            key = value(arguments[0].rstrip(";"))
            if self.restricted is None or self.restricted[1] != key:
                return False
            self.restricted = None
        return True

    # ---- \if ----

    def saved(self):
        return self.buffer.saved(), self.parentheses, self.opened

    def restore(self, text):
        saved, self.parentheses, self.opened = text
        self.buffer.restore(saved)

    @property
    def is_open(self):
        return bool(self.parentheses) or self.buffer.first is not None and \
            not self.buffer.variables

    def decide(self, branch, arguments):
        condition = truth(arguments)
        branch.unknown = condition is None
        branch.active = condition is not False

    def run_if(self, arguments, start):
        branch = Branch(start, self.saved())
        if self.active:
            self.decide(branch, arguments)
        else:
            branch.ignored = True
        self.branches.append(branch)
        return True

    def leave(self, branch):
        """A branch ends: what it added to the text stays if it was read."""
        if branch.unknown and branch.left is None and self.is_open:
            branch.left = self.saved()
        if branch.active and not branch.unknown:
            branch.text = self.saved()
            branch.active, branch.ignored = False, True
        else:
            self.restore(branch.text)

    def run_elif(self, arguments, start):
        if not self.branches:
            self.found(start, "\\elif without \\if")
        if not self.branches or self.branches[-1].last:
            return False
        branch = self.branches[-1]
        self.leave(branch)
        if not branch.ignored and not branch.unknown:
            self.decide(branch, arguments)
        return True

    def run_else(self, arguments, start):
        if not self.branches:
            self.found(start, "\\else without \\if")
        if not self.branches or self.branches[-1].last:
            return False
        branch = self.branches[-1]
        self.leave(branch)
        branch.active = not branch.ignored
        branch.last = True
        return True

    def run_endif(self, arguments, start):
        if not self.branches:
            self.found(start, "\\endif without \\if")
            return False
        branch = self.branches.pop()
        if not branch.active:
            self.restore(branch.text)
        if branch.unknown and not self.is_open:
            ended = self.saved()
            if branch.left or not branch.last:  # or none of them is read
                self.restore(branch.left or branch.text)
            if not self.is_open:
                self.restore(ended)
        return True

    # ---- the text ----

    def scan(self):
        position = 0
        while position < len(self.text):
            token = TOKEN.match(self.text, position)
            kind, start, position = token.lastgroup, position, token.end()
            if kind == "space":
                continue
            if kind == "comment":
                position = self.comment(start)
                self.buffer.empty = False
            elif kind == "command":
                position = self.command(start)
            elif kind == "end":
                self.semicolon(start)
            elif token.group() == "\\;":
                self.buffer.add("end", ";", start)
                self.buffer.end_statement()
                self.count = 0
            else:
                self.buffer.add(kind, token.group(), start)
                self.note(kind, token.group(), start, position)
                position = self.whole(kind, token.group(), start, position)
                if self.buffer.copy is not None:
                    self.buffer.tokens[-1] = kind, self.text[start:position]
        self.ended()

    def tokens(self):
        """(kind, text) of each token of the first statement, as the server reads it. An open quote
        makes the list empty: the server refuses the statement."""
        position, found = 0, []
        try:
            while position < len(self.text):
                token = TOKEN.match(self.text, position)
                kind, start = token.lastgroup, position
                if kind == "end":
                    break
                if token.group()[0] == "$" and kind != "dollar":
                    return []  # psql does not look for $1, and no COPY holds it
                if kind in ("variable", "value", "forced"):
                    kind, position = "other", start + 1  # psql's syntax, not looked for here
                else:
                    position = self.whole(kind, token.group(), start, token.end())
                if kind == "quote" and token.group()[0] in "bBxXnN":
                    kind = "other"  # no string that COPY takes
                if kind not in ("space", "comment"):
                    found.append((kind, self.text[start:position]))
        except Found:
            return []
        return found

    def note(self, kind, text, start, end):
        """Update the state of the statement with a token."""
        if kind == "name":
            if text not in ("u", "U") or not self.text.startswith("&", end):  # to psql, of U&'...'
                self.word(text, start)
        elif kind == "opening":
            self.opened = self.opened if self.parentheses else start
            self.parentheses += 1
        elif kind == "closing":
            self.parentheses = max(0, self.parentheses - 1)

    def whole(self, kind, text, start, end):
        """The position after a token whose beginning, which TOKEN matched, ends at `end`."""
        if kind == "comment":
            return self.comment(start)
        if kind == "quote":
            return self.quote(end - 1, text[-1])
        if kind == "escape":
            return self.escape(end - 1)
        if kind == "dollar":
            return self.dollar(start, text)
        return end


def value(argument):
    """An argument without its quotes, as psql passes it to a command."""
    def escape(found):
        what = found.group(1)
        if what is None:
            return "'"
        if what[0] == "x" and len(what) > 1:
            return chr(int(what[1:], 16))
        if what[0] in "01234567":
            return chr(int(what, 8))
        return {"n": "\n", "t": "\t", "b": "\b", "r": "\r", "f": "\f"}.get(what, what)
    return "".join(ESCAPE.sub(escape, quoted) if plain == "" else plain
                   for quoted, plain in PIECE.findall(argument))


def printable(arguments):
    """Whether psql accepts the options, in parentheses, of \\g."""
    if not arguments or value(arguments[0])[:1] != "(":
        return True
    for number, argument in enumerate(arguments):
        option = value(argument)[number == 0:]
        name, equals, _ = option.partition("=")
        if not equals and name.endswith(")"):
            name = name[:-1]
        if (name or equals) and name not in PRINTING:
            return False
        if option.endswith(")"):
            return True
    return False


def truth(arguments):
    """True, False, or None if only psql can know."""
    if any(UNKNOWN.search(QUOTED.sub(r"\1'", argument)) for argument in arguments):
        return None
    text = " ".join(value(argument) for argument in arguments).lower()
    if text == "":
        return False
    return text == "1" or text == "on" or "true".startswith(text) or "yes".startswith(text)


def left_open(text, level="postgres"):
    """(line, what) of what would harm the next file, or None.

    text: newlines translated
    level: "postgres"; or "quotes": only open quotes, comments and COPY data
    """
    if level == "postgres" and text.startswith("\ufeff"):
        return 1, MARK
    nul = text.find("\0") if level == "postgres" else -1
    scanner = Scanner(text if nul < 0 else text[:nul], level)
    if level == "quotes" and text.startswith("\ufeff"):
        scanner.text = text[1:]
    try:
        scanner.scan()
    except Found as found:
        position, what = found.args
        if nul < 0 or what == QUIT or what.endswith("without \\if"):
            return scanner.line(position), what
    return None if nul < 0 else (text.count("\n", 0, nul) + 1, NUL)
