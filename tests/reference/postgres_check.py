"""What is still open at the end of a script for psql: the default check, written a second time.

The library reads pieces of a file, byte by byte; this reads the whole text, token by token, and
cuts the data of a COPY out of it as soon as it is sent. Both follow PostgreSQL's scan.l with
standard_conforming_strings on, and psql around it.
"""

import re

IDENT = r"A-Za-z0-9_\x80-\U0010ffff"
WORD = re.compile("[%s]+" % IDENT)
WORD_REST = re.compile(r"[%s$]*" % IDENT)
DOLLAR = re.compile(r"\$([A-Za-z_\x80-\U0010ffff][%s]*)?\$" % IDENT)
QUOTED = {"'": re.compile(r"'[^']*(?:''[^']*)*'(?!')"),
          '"': re.compile(r'"[^"]*(?:""[^"]*)*"(?!")')}
ESCAPED = re.compile(r"'[^'\\]*(?:(?:''|\\.)[^'\\]*)*'(?!')", re.S)
CONTINUED = re.compile(r"[ \t\v\f\r]*(?:--[^\n]*)?\n(?:[ \t\v\f\r\n]|--[^\n]*\n)*(?=')")
COMMENT = re.compile(r"/\*|\*/")
META = re.compile(r"\\([%s$]*)([^\n]*)" % IDENT)
META_COPY = re.compile(r"""['"(),;]|[^ \t\v\f\r'"(),;]+""")
DATA_END = re.compile(r"^\\\.(?:\n|\Z)", re.M)


class Open(Exception):
    """(line, what) of the finding that ends the scan."""


class Scanner:
    def __init__(self, text):
        self.text = text
        self.cuts = []  # (position, lines that were cut out there)
        self.copy_line = 0
        self.waiting = []  # the lines of COPYs that \; ended
        self.begin_statement()

    def line(self, position):
        cut = sum(lines for at, lines in self.cuts if at <= position)
        return self.text.count("\n", 0, position) + 1 + cut

    # ---- statements and COPY

    def begin_statement(self):
        self.statement = "start"  # then "copy" or "other"
        self.follows_from = self.from_stdin = False
        self.parens = 0

    def word(self, word, position):
        word = word.lower() if word.isascii() else word
        if self.statement == "start":
            self.statement = "copy" if word == "copy" else "other"
            if word == "copy":
                self.copy_line = self.line(position)
        elif self.statement == "copy" and self.parens == 0:
            self.from_stdin = self.from_stdin or (self.follows_from and word == "stdin")
            self.follows_from = word == "from"

    def token(self, token):
        if self.statement in ("start", "copy"):
            self.parens = max(0, self.parens + (token == "(") - (token == ")"))
        if self.statement == "start":
            self.statement = "other"
        self.follows_from = False

    def end_statement(self, position, send=True):
        if self.statement == "copy" and self.from_stdin:
            self.waiting.append(self.copy_line)
        self.begin_statement()
        if send:
            self.send(position)

    def semicolon(self, position, send=True):
        if self.statement == "copy" and self.parens > 0:
            self.follows_from = False
        else:
            self.end_statement(position, send)

    def send(self, position):
        """psql reads on to the end of the line, and then the data of each COPY sent in it."""
        waiting, self.waiting = self.waiting, []
        for number, line in enumerate(waiting):
            start = self.text.find("\n", position) + 1
            end = DATA_END.search(self.text, start) if start else None
            if not end:
                raise Open(waiting[0] if number == 0 else self.copy_line,
                           "COPY data never ended: no line \\. follows")
            self.cuts.append((start, self.text.count("\n", start, end.end())))
            self.text = self.text[:start] + self.text[end.end():]

    # ---- tokens: each returns the position behind it

    def comment(self, start):
        depth, position = 0, start
        while True:
            mark = COMMENT.search(self.text, position)
            if not mark:
                raise Open(self.line(start), "comment never closed")
            depth += 1 if mark.group() == "/*" else -1
            position = mark.end()
            if depth == 0:
                return position

    def quote(self, start):
        found = QUOTED[self.text[start]].match(self.text, start)
        if not found:
            name = "quote" if self.text[start] == "'" else "quoted identifier"
            raise Open(self.line(start), name + " never closed")
        return found.end()

    def escape_string(self, start):
        while True:
            found = ESCAPED.match(self.text, start)
            if not found:
                raise Open(self.line(start), "quote never closed")
            more = CONTINUED.match(self.text, found.end())
            if not more:
                return found.end()
            start = more.end()

    def dollar(self, start):
        """After a dollar quote, or only after the dollar if none begins here."""
        tag = DOLLAR.match(self.text, start)
        self.token("$")
        if not tag:
            return start + 1
        if len((tag.group(1) or "").encode("utf-8")) > 255:
            raise Open(self.line(start), "dollar-quote tag longer than 255 bytes")
        end = self.text.find(tag.group(), tag.end())
        if end < 0:
            raise Open(self.line(start), "dollar quote never closed")
        return end + len(tag.group())

    def meta(self, start):
        """One of psql's commands: to the end of the line."""
        following = self.text[start + 1:start + 2]
        if following == ";":
            self.semicolon(start, send=False)
            return start + 2
        if following == ":":
            self.token(":")
            return start + 2
        found = META.match(self.text, start)
        name = found.group(1).lower()
        if name == "copy":
            self.begin_statement()
            self.statement = "copy"
            self.copy_line = self.line(start)
            self.meta_copy(found.group(2))
            self.end_statement(start)
        elif self.statement == "other":
            self.begin_statement()  # \gset and its like end one; after others it does no harm
        elif name in ("g", "gx"):
            self.end_statement(start)
        return found.end()

    def meta_copy(self, rest):
        quote = None
        for piece in META_COPY.findall(rest):
            if quote:
                quote = None if piece == quote else quote
            elif len(piece) == 1 and piece in "'\"(),;":
                self.token(piece)
                quote = piece if piece in "'\"" else None
            else:
                self.word(piece, 0)

    def scan(self):
        position = 1 if self.text.startswith("\ufeff") else 0
        while position < len(self.text):
            c = self.text[position]
            if self.text.startswith("--", position):
                end = self.text.find("\n", position)
                position = len(self.text) if end < 0 else end
            elif self.text.startswith("/*", position):
                position = self.comment(position)
            elif c in "'\"":
                self.token(c)
                position = self.quote(position)
            elif c == "$":
                position = self.dollar(position)
            elif c == "\\":
                position = self.meta(position)
            elif c == ";":
                self.semicolon(position)
                position += 1
            elif WORD.match(c):
                start = position
                position = WORD.match(self.text, start).end()
                if not self.text[start:position].isascii() or \
                        not self.text[start:position].isdigit():
                    position = WORD_REST.match(self.text, position).end()
                word = self.text[start:position]
                self.word(word, start)
                if word in ("e", "E") and self.text.startswith("'", position):
                    self.token("'")
                    position = self.escape_string(position)
            else:
                if c not in " \t\n\v\f\r":
                    self.token(c)
                position += 1


def left_open(text):
    """(line, what) of what would swallow the next file, or None."""
    try:
        Scanner(text).scan()
    except Open as found:
        return found.args
    return None
