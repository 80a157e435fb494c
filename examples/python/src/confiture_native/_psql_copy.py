"""Which COPY reads its data from the script, by PostgreSQL's grammar; and psql's \\copy."""

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
                return result if name is not None else None
        elif depth == 1 and name is None:
            name = token
            if not tokens.name() and not tokens.take("binary", "from", "to"):
                return None
            continue
        elif depth == 1 and token == ",":
            name = None
        elif depth == 1 and name == "format":
            kind, text = tokens.tokens[tokens.at]
            quoted = text[1:-1] if kind == "quote" and text[0] in "'\"" else ""
            result = "binary" if "binary" in (token, quoted) else result
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


def where(tokens):
    """Whether nothing follows, or WHERE and tokens whose parentheses match."""
    if tokens.peek() is None:
        return True
    depth, good = 0, tokens.take("where")
    while good and tokens.peek() is not None:
        depth += {"(": 1, ")": -1}.get(tokens.peek(), 0)
        good = depth >= 0
        tokens.at += 1
    return good and depth == 0


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
    if options is None or not where(tokens):
        return None
    return "binary" if "binary" in (options, result) else "text"


# ---- \copy: psql splits its line by a rule of its own, and passes the options on as they are ----

class Line:
    def __init__(self, text):
        self.text = text
        self.at = 0

    def token(self, single, quotes, escapes=False):
        """The next token: one of the characters `single`, a quoted text, or a run of others."""
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


def copy_of_line(text):
    """The COPY that psql makes of the rest of a \\copy's line; "" if it reads no data."""
    line = Line(text.lstrip(" \t\n\v\f\r"))
    parts = []

    def step(single=".,()", quotes='"', escapes=False):
        parts.append(line.token(single, quotes, escapes))
        return parts[-1]

    if step().lower() == "binary":
        step()
    if parts[-1].startswith("("):
        return ""  # a query has no FROM
    if step() == ".":
        step()
        step()
    if parts[-1] == "(":
        while step("()") not in (")", ""):
            pass
        step()
    if any(re.search("[\f\v]", part) for part in parts if part[:1] != '"'):
        return ""  # white space to the server, but not to psql when it splits the line
    if parts[-1].lower() != "from" or step(";", "'").lower() not in ("stdin", "stdout"):
        return ""
    return "copy " + " ".join(parts) + " " + line.text[line.at:]
