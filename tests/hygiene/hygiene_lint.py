"""What clang-tidy, cppcheck and gcc -fanalyzer say of the library and of the command: nothing, but
for what SUPPRESSED names, each with its reason. The checks of clang-tidy are in .clang-tidy."""

import re
import shutil

from compile import Failure, ROOT, run

SPINE = "#define CONFITURE_IMPLEMENTATION\n#include \"src/confiture-in.h\"\n"
COMMAND = sorted((ROOT / "examples" / "confiture").glob("*.c"))

# (tool, rule, file, words in the message, reason)
SUPPRESSED = [
    ("gcc -fanalyzer", "analyzer-null-argument", "src/base/memory.c", "",
     "cfti_buffer_append: gcc does not see that room was made, so that data is not NULL"),
    ("clang-tidy", "readability-non-const-parameter", "src/base/base.h", "'flags'",
     "it is written to by a built-in function"),
    ("clang-tidy", "readability-non-const-parameter", "src/base/cpu.c", "'regs'",
     "the assembler writes to it"),
    ("clang-tidy", "readability-non-const-parameter", "examples/confiture/system.c", "'argc'",
     "system_win32.c changes it"),
    ("clang-tidy", "bugprone-not-null-terminated-result", "src/base/error.c", "",
     "the end of the path, with its NUL, goes behind the dots"),
    ("clang-tidy", "bugprone-not-null-terminated-result", "src/text/lexer_meta.c", "",
     "sets of letters, not strings"),
    ("clang-tidy", "bugprone-not-null-terminated-result", "src/results/target.c", "",
     "the rest of the name follows, with its NUL"),
    ("clang-tidy", "misc-redundant-expression", "src/os/posix_write.c", "",
     "ENOTSUP and EOPNOTSUPP are one number on some systems and two on others"),
    ("clang-tidy", "performance-no-int-to-ptr", "examples/confiture/report.c", "",
     "a copy made by the command is freed; the interface has it const"),
    ("clang-tidy", "readability-redundant-declaration", "src/os/posix.c", "",
     "what -std=c99 hides is declared again; some of it may be visible"),
    ("clang-tidy", "bugprone-implicit-widening-of-multiplication-result", "src/sha256/portable.c",
     "", "constants below 64"),
    ("clang-tidy", "bugprone-implicit-widening-of-multiplication-result", "src/sha256/shani.c", "",
     "constants below 64"),
    ("clang-tidy", "bugprone-sizeof-expression", "src/base/block_cache.c", "",
     "an array of pointers, of which one is removed"),
    *[("clang-tidy", "bugprone-sizeof-expression", f"src/results/{name}.c", "",
       "an array of pointers") for name in ("diff", "sums")],
    ("clang-tidy", "bugprone-not-null-terminated-result", "src/results/map_file.c", "",
     "digits and what follows them, not a string"),
    ("cppcheck", "autoVariables", "src/find/find.c", "",
     "cfti_search_excluded: what was there is put back before the end"),
    *[("clang-tidy", "concurrency-mt-unsafe", f"examples/confiture/{name}.c", "",
       "the command's own code runs on one thread") for name in
      ("build", "diff", "options", "output", "system", "text")],
]

TOOLS = {
    "clang-tidy": ["clang-tidy", "--quiet", f"--config-file={ROOT / '.clang-tidy'}",
                   "--header-filter=.*", "SOURCES", "--", "-std=c99", "-I", ROOT],
    "cppcheck": ["cppcheck", "--quiet", "--std=c99", "--enable=warning,performance,portability",
                 "--platform=unix64", "--template={file}:{line}: {message} [{id}]",
                 "--suppress=missingIncludeSystem", "--suppress=toomanyconfigs", "-I", ROOT, "SOURCES"],
    "gcc -fanalyzer": ["gcc", "-std=c99", "-O2", "-fanalyzer", "-fdiagnostics-plain-output", "-I",
                       ROOT, "-S", "-o", "/dev/null", "SOURCES"],
}


def missing(tool):
    program = TOOLS[tool][0]
    return None if shutil.which(program) else f"{program} is not installed"


def check(folder, tool):
    spine = folder / "spine.c"
    spine.write_text(SPINE)
    found, used = [], set()
    for source in [spine, *COMMAND]:
        command = []
        for word in TOOLS[tool]:
            command += [source] if word == "SOURCES" else [word]
        if source != spine and tool == "gcc -fanalyzer":
            command += ["-D_POSIX_C_SOURCE=200809L"]
        for line in run(command).splitlines():
            message = re.match(r"(.*?):\d+(?::\d+)?: (?:warning: |error: )?(.*) \[-?W?([\w.,-]+)\]$",
                               line)
            if not message or ": note: " in line:
                continue
            if source != spine and message[1].endswith("/confiture.h"):
                continue  # the parts have been looked at by themselves
            for number, (of, rule, file, words, _) in enumerate(SUPPRESSED):
                if of == tool and rule in message[3] and message[1].endswith(file) and \
                        words in message[2]:
                    used.add(number)
                    break
            else:
                found.append(line)
    unused = [f"not needed any more: {entry}" for number, entry in enumerate(SUPPRESSED)
              if entry[0] == tool and number not in used]
    if found or unused:
        raise Failure("\n".join([*dict.fromkeys(found), *unused]))
