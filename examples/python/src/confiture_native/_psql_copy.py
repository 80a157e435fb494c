"""Which COPY reads its data from the script: PostgreSQL's grammar, and psql's \\copy."""

import re

OLD_OPTIONS = {"binary": 0, "freeze": 0, "csv": 0, "header": 0, "delimiter": 1, "null": 1,
               "quote": 1, "escape": 1, "encoding": 1}


class Tokens:
    """The tokens of one COPY, from left to right; None at the end."""

    def __init__(self, tokens):
        self.tokens = tokens
        self.at = 0

    def peek(self):
        """A word in lower case; another token as it is; a quoted one by its quote."""
        if self.at == len(self.tokens):
            return None
        kind, text = self.tokens[self.at]
        if kind == "name":
            return text.lower()
        return text if kind in ("opening", "closing", "other", "end") else text[-1]

    def take(self, *wanted):
        if self.peek() in wanted:
            self.at += 1
            return True
        return False

    def name(self):
        kind = self.tokens[self.at][0] if self.at < len(self.tokens) else None
        good = kind == "variable" or kind in ("quote", "value") and self.peek() == '"' or \
            kind == "name" and self.peek() not in ("from", "to", "binary")
        self.at += good
        return good

    def string(self):
        return self.take("'", "$")


def names(tokens):
    good = tokens.name()
    while good and tokens.take(","):
        good = tokens.name()
    return good


def option_list(tokens):
    """( name value, ... ): "binary", "text", or None if it is no such list."""
    result, depth, name = "text", 0, None
    while tokens.peek() is not None:
        token = tokens.peek()
        if token == "(":
            depth += 1
        elif token == ")":
            depth -= 1
            if depth == 0:
                tokens.at += 1
                return result
        elif depth == 1 and name is None:
            name = token
            if not tokens.name() and not tokens.take("binary", "from", "to"):
                return None
            continue
        elif depth == 1 and token == ",":
            name = None
        elif depth == 1 and name == "format":
            text = tokens.tokens[tokens.at][1].lower().strip("'\"")
            result = "binary" if text == "binary" else result
        tokens.at += 1
    return None


def old_options(tokens):
    result = "text"
    while True:
        word = tokens.peek()
        if word == "force":
            tokens.at += 1
            if tokens.take("not"):
                good = tokens.take("null")
            else:
                good = tokens.take("quote", "null")
            if not good or not (tokens.take("*") or names(tokens)):
                return None
            continue
        if word not in OLD_OPTIONS:
            return result
        tokens.at += 1
        result = "binary" if word == "binary" else result
        if OLD_OPTIONS[word]:
            tokens.take("as")
            if not tokens.string():
                return None


def copied(words):
    """"text" or "binary" if the COPY of these tokens, (kind, text), reads data; else None."""
    tokens = Tokens([token for token in words if token[0] != "end"])
    tokens.take("copy")
    result = "binary" if tokens.take("binary") else "text"
    if not tokens.name():
        return None
    while tokens.take("."):
        if not tokens.name():
            return None
    if tokens.take("(") and not (names(tokens) and tokens.take(")")):
        return None
    if not tokens.take("from") or not tokens.take("stdin", "stdout"):
        return None
    using = tokens.take("using")
    if tokens.take("delimiters"):
        if not tokens.string():
            return None
    elif using:
        return None
    tokens.take("with")
    options = option_list(tokens) if tokens.peek() == "(" else old_options(tokens)
    if options is None or tokens.peek() not in (None, "where"):
        return None
    return "binary" if "binary" in (options, result) else "text"


# ---- \copy: its line is split by a rule of psql's own, and what follows the file goes along ----

class Line:
    def __init__(self, text):
        self.text = text
        self.at = 0

    def token(self, single, quotes, escapes=False):
        """The next: one of the characters `single`, a quoted text, or a run of others."""
        space = re.compile(r"[ \t\n\r]*").match(self.text, self.at)
        start = space.end()
        if start == len(self.text):
            self.at = start
            return ""
        c = self.text[start]
        if c in single:
            end = start + 1
        elif escapes and c in "eE" and self.text.startswith("'", start + 1):
            end = re.compile(r"'(?:''|\\.|[^'\\]|\\)*'?").match(self.text, start + 1).end()
        elif c in quotes:
            end = re.compile("{0}(?:{0}{0}|[^{0}])*{0}?".format(c)).match(self.text, start).end()
        else:
            end = re.compile("[^ \t\n\r" + re.escape(single + quotes) + "]+").match(
                self.text, start).end()
        self.at = end
        return self.text[start:end]


def copy_line(text, pattern):
    """The tokens, by the pattern, of the COPY that psql makes of a \\copy; [] if it makes none."""
    line = Line(text)
    parts = []

    def step(single=".,()", quotes='"', escapes=False):
        parts.append(line.token(single, quotes, escapes))
        return parts[-1]

    if step().lower() == "binary":
        step()
    if parts[-1].startswith("("):
        return []  # a query has no FROM
    if step() == ".":
        step()
        step()
    if parts[-1] == "(":
        while step("()") not in (")", ""):
            pass
        step()
    if parts[-1].lower() != "from" or step(";", "'").lower() not in ("stdin", "stdout"):
        return []
    return list(tokens_of("copy " + " ".join(parts) + " " + text[line.at:], pattern))


def tokens_of(text, pattern):
    """Of the first statement; a quote is one token, and needs no more than its ends here. One that
    is not closed is a token that no COPY has: the server refuses it."""
    position = 0
    while position < len(text):
        token = pattern.match(text, position)
        kind, position = token.lastgroup, token.end()
        if kind == "end":
            return
        if kind in ("quote", "escape", "dollar", "comment"):
            close = {"comment": "*/", "dollar": token.group()}.get(kind, token.group()[-1])
            end = text.find(close, position)
            if end < 0:
                yield "other", "unclosed"
                return
            position = end + len(close)
        if kind not in ("space", "comment"):
            yield kind, text[token.start():position]
