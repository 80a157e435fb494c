"""The C snippets of the documents, as tests/compile/compile.py compiles and runs them.

A snippet is a ```c block of README.md. In the manual it is a run of lines that are indented by four
spaces after " * ", of which one ends with ";". The run includes the empty lines inside it, and does
not continue the item of a list. A snippet that holds "int main(" is a program. Any other snippet
becomes a function: its own functions, types and includes go to file scope, after the variables of
USUAL, and the rest into the body.
"""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MANUAL = ROOT / "src" / "public" / "manual.h"

# What a snippet may use without a declaration of its own. At file scope an unused one is no warning.
INCLUDES = "#include <stdint.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
USUAL = """
#include HEADER
confiture_error error;
confiture_files *files;
confiture_schema schema;
confiture_schema schemas[3];
confiture_directory directory;
confiture_find_options find_options;
confiture_build_options build_options;
confiture_check_options check_options;
confiture_hash_options hash_options;
confiture_manifest_options manifest_options;
confiture_digest digest;
confiture_pool *pool;
int snippet(void);
"""
# What goes to file scope: a line of the preprocessor, and from the left margin a function, its
# prototype if static, and a type. A variable stays in the body.
AT_FILE_SCOPE = re.compile(
    r"#|typedef |(struct|enum) \w+ \{"
    r"|(?!(if|for|while|switch|else|do|return)\b)\w[\w ]*[ *]+\w+\(.*[{},]$"
    r"|static [\w ]+[ *]+\w+\([^=]*;$")

def is_code(lines):
    return any(re.search(r";\s*(/\*.*\*/\s*)?$", line) for line in lines)


def readme_snippets():
    text = (ROOT / "README.md").read_text()
    for found in re.finditer(r"^```c\n(.*?)^```", text, re.M | re.S):
        yield f"README.md:{text.count(chr(10), 0, found.start()) + 2}", found[1]


def manual_snippets():
    lines = MANUAL.read_text().split("\n")
    number = 0
    while number < len(lines):
        run, end = [], number
        in_item = number > 0 and lines[number - 1].startswith(" *   -")
        while end < len(lines) and (lines[end].startswith(" *     ") or run and lines[end] == " *"):
            run.append(lines[end][7:])
            end += 1
        while run and not run[-1]:
            run.pop()
        if is_code(run) and not in_item:
            yield (f"{MANUAL.relative_to(ROOT).as_posix()}:{number + 1}", "\n".join(run) + "\n")
        number = max(end, number + 1)


def snippets():
    """(name, text) of each, in the order of the documents."""
    return [*readme_snippets(), *manual_snippets()]


def is_program(text):
    return "int main(" in text


def in_function(text):
    """A snippet that is no program, as a file that can be compiled."""
    outside, inside = [], []
    lines = text.rstrip("\n").split("\n")
    while lines:
        line = lines.pop(0)
        if not AT_FILE_SCOPE.match(line):
            inside.append(line)
            continue
        outside.append(line)
        # A function or a type ends in its own line, or with a line that begins with "}".
        whole = line[0] == "#" or line.count("{") == line.count("}") and line[-1] in ";}"
        while lines and not whole:
            outside.append(lines.pop(0))
            whole = outside[-1].startswith("}")
    includes = [line for line in outside if line.startswith("#include <")]
    outside = [line for line in outside if not re.match(r"#include |#define CONFITURE_IMPL", line)]
    return "\n".join([*includes, INCLUDES + USUAL, *outside,
                      "int snippet(void) {", *inside, "    return 0;", "}", ""])


def shortest_use():
    """The manual's first complete use of the library, as a program."""
    for name, text in manual_snippets():
        if "confiture_find(" in text and "confiture_build(" in text:
            if is_program(text):
                return name, text
            return name, ("#define CONFITURE_IMPLEMENTATION\n#include HEADER\n" + INCLUDES +
                          "int main(void) {\n" + text + "    return 0;\n}\n")
    raise ValueError("the manual shows no use of confiture_find() and confiture_build()")
