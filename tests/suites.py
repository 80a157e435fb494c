"""The table of test suites. `make check-NAME` runs one of them, and `make help` lists them.

A part is a shell command whose last line is "N passed, N failed[, N skipped]"; a suite has one, or
several with names. Each part builds what it runs: a program that does not compile is a failure with
a name. `quick` is the share that QUICK=1 and `make check` run of a suite that takes minutes.

{name} in a command is the environment variable NAME, or its default in DEFAULTS. make passes the
variables of its command line on in the environment.
"""

import collections
import sys

DEFAULTS = {
    "build": "build",
    "cc": "cc",
    "confiture": "./confiture",
    "make_quiet": "make -s --no-print-directory",
    "python": sys.executable,
    "races": "10000",
    "seconds": "600",
    "seed": "0",
    "trees": "500",
    "under": "",  # words before the unit tests' program
}

Suite = collections.namedtuple("Suite", "promise whole quick needs", defaults=(None, ""))

PASSED = " && echo '1 passed, 0 failed'"

UNIT = "{make_quiet} {build}/unit && {under}{build}/unit"
COMMAND = "{make_quiet} {confiture} && {python} tests/command/command.py {confiture}"
PARITY = ("{make_quiet} {confiture} {build}/driver && "
          "{python} tests/parity/parity.py {build}/driver --trees {trees} --command {confiture}")
KNOWN_ANSWERS = ("{make_quiet} {build}/known_answers && "
                 "{python} tests/known_answers/known_answers.py {build}/known_answers")
SANITIZE = "{python} tests/sanitize.py "
SYMBOLS = "CC='{cc}' {python} tests/faults/symbols.py"
FAULTS = "{make_quiet} {build}/faults && {build}/faults"
RACES = "{make_quiet} {build}/races && {build}/races"
INTERRUPTED = "{make_quiet} {confiture} && {python} tests/races/interrupted.py {confiture}"
HOSTILE = "{make_quiet} {confiture} {build}/driver && {python} tests/hostile/hostile.py"
FUZZ = "{python} tests/fuzz/run.py --build {build}/fuzz "
HYGIENE = "{python} tests/hygiene/hygiene.py"
EVERYWHERE = "{python} tests/everywhere/everywhere.py"
EXAMPLES = "{make_quiet} {confiture} && {python} tests/examples/examples.py {confiture}"
PACKAGING = "{make_quiet} {confiture} && {python} tests/packaging/packaging.py {confiture}"
PSQL = "{make_quiet} {confiture} && {python} tests/psql/run.py --command {confiture}"

SUITES = {
    "test": Suite("what `make test` runs", "{make_quiet} test"),
    "amalgam": Suite("confiture.h is what its parts make; CONTRIBUTING.md has their picture",
                     "{python} tools/amalgamate.py --check && {python} tools/parts.py --check"
                     + PASSED),
    "unit": Suite("functions, the internal ones included, one by one", UNIT),
    "posix": Suite("the unit tests of the parts, as on a POSIX system that is not Linux",
                   "{make_quiet} {build}/unit-posix && {build}/unit-posix"),
    "compile": Suite("every compiler, standard and way of including confiture.h",
                     "{python} tests/compile/compile.py --all", "{python} tests/compile/compile.py"),
    "command": Suite("the command, as its users see it", COMMAND),
    "parity": Suite("random trees: the library beside the reference; TREES=500", PARITY),
    "known-answers": Suite("SHA-256 beside NIST's vectors and OpenSSL",
                           KNOWN_ANSWERS + " --all", KNOWN_ANSWERS),
    "address": Suite("unit, parity and command tests with address and undefined sanitizers",
                     SANITIZE + "address --cc '{cc}'", needs="libasan, libubsan"),
    "thread": Suite("the same with the thread sanitizer",
                    SANITIZE + "thread --cc '{cc}'", needs="libtsan"),
    "memory": Suite("some unit tests with clang's memory sanitizer",
                    SANITIZE + "memory --cc clang", needs="clang"),
    "valgrind": Suite("some unit tests under valgrind",
                      SANITIZE + "valgrind --cc '{cc}'", needs="valgrind"),
    "faults": Suite("every call that may fail does: the Nth, for every N",
                    {"symbols": SYMBOLS, "faults": FAULTS},
                    {"symbols": SYMBOLS, "faults": FAULTS + " --quick"}, needs="nm"),
    "races": Suite("a writer at work, SIGKILL at every step, signals, fork; RACES=10000",
                   {"races": RACES + " --rounds {races} --stride 3",
                    "interrupted": INTERRUPTED + " --rounds 300"},
                   {"races": RACES + " --rounds 300 --stride 23 steps storm fork",
                    "interrupted": INTERRUPTED + " --rounds 20"}),
    "hostile": Suite("trees that were made to do harm, and how the work grows",
                     HOSTILE + " {confiture} {build}/driver",
                     HOSTILE + " --quick {confiture} {build}/driver"),
    "fuzz": Suite("inputs that were kept, and new ones; SECONDS=600 SEED=0",
                  {"replay": FUZZ + "replay",
                   "fuzz": FUZZ + "fuzz --seconds {seconds} --seed {seed}"},
                  {"replay": FUZZ + "replay", "fuzz": FUZZ + "fuzz --fixed"}, needs="clang"),
    "hygiene": Suite("symbols, globals, stack and analysers, under every switch",
                     HYGIENE + " --all",
                     {"hygiene": HYGIENE, "clang-tidy": HYGIENE + " --all --only clang-tidy",
                      "cppcheck": HYGIENE + " --all --only cppcheck"},
                     needs="clang-tidy, cppcheck"),
    "everywhere": Suite("the tests on other processors and C libraries", EVERYWHERE,
                        {"aarch64": EVERYWHERE + " --quick --only aarch64",
                         "s390x": EVERYWHERE + " --quick --only s390x"},
                        needs="cross compilers, qemu-user"),
    "windows": Suite("the library and the command under wine",
                     "{python} tests/windows/windows.py", needs="mingw-w64, wine"),
    "postgres": Suite("a PostgreSQL server loads what is built, by psql and libpq, and names lines",
                      {"schema": "{make_quiet} {confiture} && "
                                 "{python} tests/postgres/postgres.py {confiture}",
                       "locate": "{make_quiet} {confiture} && "
                                 "{python} tests/postgres/locate.py {confiture}",
                       "libpq": "{make_quiet} {confiture} && "
                                "{python} tests/postgres/libpq.py {confiture}"},
                      needs="PostgreSQL, libpq-dev"),
    "psql": Suite("the check of statements beside psql itself: cases and random texts; SEED=0",
                  PSQL + " --generated 20000 --cut 2000 --seed {seed}", PSQL, needs="psql"),
    "python": Suite("the Python package and its workflow: built offline, tested; every Python found",
                    "{python} examples/python/workflow.py",
                    "{python} examples/python/workflow.py --quick"),
    "examples": Suite("hook, CI jobs, programs and rules of examples/, in projects of their own",
                      EXAMPLES, needs="git, entr, cmake, ninja"),
    "packaging": Suite("install, build systems, manual page, completions, release: as strangers do",
                       PACKAGING, needs="cmake, meson, mandoc, zsh, fish, git"),
    "bench": Suite("the benchmark runs, and its pictures show its figures; no time is judged",
                   "{python} tests/bench/bench.py"),
    "format": Suite("every C file is as clang-format writes it",
                    "{python} tools/format.py --check", needs="clang-format"),
    "lint": Suite("the command and the examples compile without a warning",
                  "{make_quiet} lint" + PASSED),
    "coverage": Suite("the tests reach every line and branch",
                      "{python} tests/coverage/coverage.py", needs="clang, llvm"),
    "mutants": Suite("the tests notice mistakes that are put into the parts",
                     "{python} tests/mutants/mutate.py"),
}

GROUPS = {
    # `make test`: under two minutes, side by side.
    "TEST": ["amalgam", "unit", "compile", "command", "parity", "known-answers"],
    # What tests/sanitize.py runs with the options of a sanitizer.
    "CORE": ["unit", "parity", "command"],
    # `make check`; VARIABLE=VALUE is for the suite that it follows.
    "CHECK": ["test TREES=1000", "posix", "compile QUICK=0", "address CC=gcc", "address CC=clang",
              "thread CC=gcc", "memory", "valgrind", "faults", "races", "hostile", "fuzz",
              "hygiene", "everywhere", "windows", "postgres", "psql", "python", "examples",
              "packaging", "bench", "format", "lint"],
}
