# confiture.h. Needs a C compiler, make and python3; "make help" lists the targets.

CFLAGS ?= -O2
LDFLAGS ?=
PYTHON ?= python3
PREFIX ?= /usr/local
DESTDIR ?=
# What is built goes here, but for ./confiture and confiture.h.
BUILD ?= build
# How many random trees the parity test makes, rounds the races take; seconds "make fuzz" takes, and
# its seed (0: another each time).
TREES ?= 1000
RACES ?= 10000
SECONDS ?= 600
SEED ?= 0

PARTS = $(wildcard src/*.h src/*/*.[ch])
COMMAND = examples/confiture
COMMAND_SOURCES = $(sort $(wildcard $(COMMAND)/*.c))
COMMAND_DEPENDS = $(COMMAND_SOURCES) $(wildcard $(COMMAND)/*.h) confiture.h
UNIT_DEPENDS = $(wildcard tests/unit/*) tests/unit/main.c
OWN_C = $(wildcard $(addsuffix /*.[ch],src src/* examples $(COMMAND) examples/python/native tests \
    tests/unit tests/faults tests/fuzz tests/races))
WARNINGS = -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef -Wcast-qual \
    -Wstrict-prototypes

MAKE_QUIET = $(MAKE) -s --no-print-directory
# $(call build,SOURCES,MORE FLAGS)
build = @mkdir -p $(@D) && echo "  CC  $@" && $(CC) $(CFLAGS) $(2) $(1) -o $@ $(LDFLAGS) -pthread
# $(call need,PROGRAM,WHAT IT IS,VARIABLE)
need = @command -v $(1) >/dev/null 2>&1 || \
    { echo "this needs $(2), and '$(1)' is not there: install one, or say $(3)=..." >&2; exit 1; }

.PHONY: all demo test test-core check check-compile check-sanitize check-memory check-valgrind check-known-answers check-faults \
    check-faults-quick check-races check-races-quick check-hostile check-hostile-quick \
    check-hygiene check-hygiene-quick check-everywhere check-everywhere-quick check-windows \
    check-fuzz fuzz coverage mutate check-postgres check-psql check-psql-long check-python \
    check-python-quick check-format amalgam check-amalgam bench bench-quick bench-python format \
    lint install clean help need-cc need-python

all: confiture ## build the command, ./confiture (the default)

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1~\2/p' Makefile | \
	    awk -F'~' '{ printf "%-22s %s\n", $$1, $$2 }'
	@echo
	@echo "  Variables: CC CFLAGS LDFLAGS PYTHON PREFIX DESTDIR BUILD TREES RACES SECONDS SANITIZE BENCH"

need-cc:
	$(call need,$(firstword $(CC)),a C compiler,CC)

need-python:
	$(call need,$(PYTHON),a Python 3,PYTHON)

# ---- what is built ----

confiture: $(COMMAND_DEPENDS) | need-cc
	$(call build,$(COMMAND_SOURCES),-I.)

$(BUILD)/confiture: $(COMMAND_DEPENDS) | need-cc
	$(call build,$(COMMAND_SOURCES),-I.)

$(BUILD)/unit: $(UNIT_DEPENDS) confiture.h | need-cc
	$(call build,tests/unit/main.c,-I. -DCFT_HEADER='"confiture.h"')

# The spine, as it is on a POSIX system that is not Linux.
$(BUILD)/unit-posix: $(UNIT_DEPENDS) $(PARTS) | need-cc
	$(call build,tests/unit/main.c,-I. -U__linux__ -DCFT_HEADER='"src/confiture-in.h"')

$(BUILD)/driver: $(wildcard tests/driver*) confiture.h | need-cc
	$(call build,tests/driver.c,-I. -DCFT_HEADER='"confiture.h"')

$(BUILD)/known_answers: tests/known_answers.c confiture.h | need-cc
	$(call build,tests/known_answers.c,-I. -DCFT_HEADER='"confiture.h"')

$(BUILD)/faults: $(wildcard tests/faults/*) $(UNIT_DEPENDS) confiture.h | need-cc
	$(call build,tests/faults/faults.c,-I. -DCFT_HEADER='"confiture.h"')

$(BUILD)/races: $(wildcard tests/races/*.[ch]) $(UNIT_DEPENDS) confiture.h | need-cc
	$(call build,tests/races/main.c,-I. -DCFT_HEADER='"confiture.h"')

demo: confiture ## build the bundled example's schema and say what came out
	@sh tools/demo.sh ./confiture $(BUILD)/demo

amalgam: | need-python ## make confiture.h, and the picture of its parts, from src/
	@$(PYTHON) tools/amalgamate.py
	@$(PYTHON) tools/parts.py --write

check-amalgam: | need-python ## fail if confiture.h, or the picture of its parts, is old
	@$(PYTHON) tools/amalgamate.py --check
	@$(PYTHON) tools/parts.py --check

# ---- tests ----

PARITY = $(PYTHON) tests/parity.py $(BUILD)/driver --trees $(TREES)
KNOWN_ANSWERS = $(MAKE_QUIET) $(BUILD)/known_answers && \
    $(PYTHON) tests/known_answers.py $(BUILD)/known_answers

# Each suite builds what it runs, so that what does not compile is a failure with a name;
# the line before them only builds all at once.
test: | need-cc need-python ## the tests: under two minutes; the last line is the total
	@$(MAKE_QUIET) -k -j4 confiture $(addprefix $(BUILD)/,unit driver known_answers) \
	    >/dev/null 2>&1; true
	@$(PYTHON) tests/run.py --jobs 2 \
	    'amalgam:=$(MAKE_QUIET) check-amalgam' \
	    'unit=$(MAKE_QUIET) $(BUILD)/unit && $(BUILD)/unit' \
	    'compile=$(PYTHON) tests/compile.py' \
	    'command=$(MAKE_QUIET) confiture && $(PYTHON) tests/command.py ./confiture' \
	    'parity=$(MAKE_QUIET) confiture $(BUILD)/driver && $(PARITY) --command ./confiture' \
	    'known answers=$(KNOWN_ANSWERS)'

# LeakSanitizer's look at a program's end fails now and then (its tracer, not the program) when
# thousands are started: leaks are looked for in the unit tests, and by tests/driver.c itself.
LEAKS = ASAN_OPTIONS=$$ASAN_OPTIONS:detect_leaks=1
test-core: | need-cc need-python ## unit, parity and command tests, with any CC, CFLAGS, BUILD
	@$(MAKE_QUIET) -k -j4 $(addprefix $(BUILD)/,confiture unit driver) >/dev/null 2>&1; true
	@$(PYTHON) tests/run.py \
	    'unit=$(MAKE_QUIET) $(BUILD)/unit && $(LEAKS) $(BUILD)/unit' \
	    'parity=$(MAKE_QUIET) $(BUILD)/confiture $(BUILD)/driver && \
	        $(PARITY) --command $(BUILD)/confiture' \
	    'command=$(MAKE_QUIET) $(BUILD)/confiture && $(PYTHON) tests/command.py $(BUILD)/confiture'

# What "make test" has no time for, each for itself; "make check" takes a share of the longer.
check: | need-cc need-python ## test, every compiler, sanitizers, faults, races, fuzzing, and more
	@mkdir -p $(BUILD)
	@$(PYTHON) tests/run.py --total $(BUILD)/check.total \
	    'test=$(MAKE_QUIET) test' \
	    'unit, POSIX=$(MAKE_QUIET) $(BUILD)/unit-posix && $(BUILD)/unit-posix' \
	    'compile, all=$(MAKE_QUIET) check-compile' \
	    'address, gcc=$(MAKE_QUIET) check-sanitize CC=gcc SANITIZE=address,undefined' \
	    'address, clang=$(MAKE_QUIET) check-sanitize CC=clang SANITIZE=address,undefined' \
	    'thread, gcc=$(MAKE_QUIET) check-sanitize CC=gcc SANITIZE=thread' \
	    'memory, clang=$(MAKE_QUIET) check-memory' \
	    'valgrind=$(MAKE_QUIET) check-valgrind' \
	    'faults=$(MAKE_QUIET) check-faults-quick' \
	    'races=$(MAKE_QUIET) check-races-quick' \
	    'hostile=$(MAKE_QUIET) check-hostile-quick' \
	    'fuzz=$(MAKE_QUIET) check-fuzz' \
	    'hygiene=$(MAKE_QUIET) check-hygiene-quick' \
	    'everywhere=$(MAKE_QUIET) check-everywhere-quick' \
	    'windows=$(MAKE_QUIET) check-windows' \
	    'postgres=$(MAKE_QUIET) check-postgres' \
	    'psql=$(MAKE_QUIET) check-psql' \
	    'python=$(MAKE_QUIET) check-python-quick' \
	    'format=$(MAKE_QUIET) check-format' \
	    'lint:=$(MAKE_QUIET) lint'

check-compile: | need-python ## confiture.h with every compiler, standard and way of including it
	@$(PYTHON) tests/compile.py --all

SANITIZE ?= address,undefined
SANITIZE_NAME = $(BUILD)/$(firstword $(CC))-$(firstword $(subst $(comma), ,$(SANITIZE)))
SANITIZE_FLAGS = -g -O1 -fno-omit-frame-pointer -fsanitize=$(SANITIZE) -fno-sanitize-recover=all
comma = ,
check-sanitize: | need-python ## the core tests under SANITIZE=address,undefined or SANITIZE=thread
	@mkdir -p $(SANITIZE_NAME)
	@echo 'int main(void) { return 0; }' > $(SANITIZE_NAME)/probe.c
	@if $(CC) $(SANITIZE_FLAGS) $(SANITIZE_NAME)/probe.c -o $(SANITIZE_NAME)/probe >/dev/null 2>&1 && \
	    $(SANITIZE_NAME)/probe >/dev/null 2>&1; then \
	    export ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=0 TSAN_OPTIONS=allocator_may_return_null=1; \
	    export UBSAN_OPTIONS=print_stacktrace=1; \
	    $(MAKE_QUIET) test-core BUILD=$(SANITIZE_NAME) TREES=150 CFLAGS='$(SANITIZE_FLAGS)'; \
	else \
	    echo "skipped: $(CC) has no -fsanitize=$(SANITIZE) here"; \
	    echo "0 passed, 0 failed, 1 skipped"; \
	fi

# The suites that read files in every way; the others test with what clang's own copies of libc's
# functions do not know.
MEMORY_SUITES = ring block_cache walk limit
check-memory: | need-python ## some unit tests under clang's MemorySanitizer
	@mkdir -p $(BUILD)/memory
	@echo 'int main(void) { return 0; }' > $(BUILD)/memory/probe.c
	@if clang -fsanitize=memory $(BUILD)/memory/probe.c -o $(BUILD)/memory/probe >/dev/null 2>&1 && \
	    $(BUILD)/memory/probe >/dev/null 2>&1; then \
	    $(MAKE_QUIET) $(BUILD)/memory/unit BUILD=$(BUILD)/memory CC=clang \
	        CFLAGS='-g -O1 -fno-omit-frame-pointer -fsanitize=memory' && \
	    $(BUILD)/memory/unit $(MEMORY_SUITES); \
	else \
	    echo "skipped: clang has no -fsanitize=memory here"; \
	    echo "0 passed, 0 failed, 1 skipped"; \
	fi

check-valgrind: | need-cc need-python ## some unit tests under valgrind
	@if command -v valgrind >/dev/null 2>&1; then \
	    $(MAKE_QUIET) $(BUILD)/valgrind/unit BUILD=$(BUILD)/valgrind CFLAGS='-g -O1' && \
	    valgrind -q --error-exitcode=9 --leak-check=full $(BUILD)/valgrind/unit ring block_cache; \
	else \
	    echo "skipped: valgrind is not installed"; \
	    echo "0 passed, 0 failed, 1 skipped"; \
	fi

check-known-answers: | need-cc need-python ## SHA-256 against NIST's vectors and OpenSSL, the whole form
	@$(KNOWN_ANSWERS) --all

FAULT_SYMBOLS = symbols=CC="$(CC)" $(PYTHON) tests/faults/symbols.py
check-faults: | need-cc need-python ## every call that may fail does: the Nth, for every N; minutes
	@$(PYTHON) tests/run.py '$(FAULT_SYMBOLS)' \
	    'faults=$(MAKE_QUIET) $(BUILD)/faults && $(BUILD)/faults'

check-faults-quick: | need-cc need-python ## a share of them
	@$(PYTHON) tests/run.py '$(FAULT_SYMBOLS)' \
	    'faults=$(MAKE_QUIET) $(BUILD)/faults && $(BUILD)/faults --quick'

INTERRUPTED = $(MAKE_QUIET) confiture && $(PYTHON) tests/races/interrupted.py ./confiture
check-races: | need-cc need-python ## a writer at work, SIGKILL at every step, signals, fork; minutes
	@$(PYTHON) tests/run.py \
	    'races=$(MAKE_QUIET) $(BUILD)/races && $(BUILD)/races --rounds $(RACES) --stride 3' \
	    'interrupted=$(INTERRUPTED) --rounds 300'

check-races-quick: | need-cc need-python ## a share of them
	@$(PYTHON) tests/run.py \
	    'races=$(MAKE_QUIET) $(BUILD)/races && $(BUILD)/races --rounds 300 --stride 23 steps storm fork' \
	    'interrupted=$(INTERRUPTED) --rounds 20'

check-hostile: | need-cc need-python ## trees that were made to do harm, and how the work grows
	@$(MAKE_QUIET) confiture $(BUILD)/driver && $(PYTHON) tests/hostile.py ./confiture $(BUILD)/driver

check-hostile-quick: | need-cc need-python ## a share of them
	@$(MAKE_QUIET) confiture $(BUILD)/driver && \
	    $(PYTHON) tests/hostile.py --quick ./confiture $(BUILD)/driver

FUZZ = $(PYTHON) tests/fuzz/run.py --build $(BUILD)/fuzz
fuzz: | need-python ## fuzz for SECONDS=n, and replay what was found before
	@$(PYTHON) tests/run.py 'replay=$(FUZZ) replay' \
	    'fuzz=$(FUZZ) fuzz --seconds $(SECONDS) --seed $(SEED)'

check-fuzz: | need-python ## replay, and the same few million executions each time
	@$(PYTHON) tests/run.py 'replay=$(FUZZ) replay' 'fuzz=$(FUZZ) fuzz --fixed'

check-hygiene: | need-python ## symbols, globals, stack and analysers, under every switch
	@$(PYTHON) tests/hygiene.py --all

check-hygiene-quick: | need-python ## a share of them, and the analysers that are quick
	@$(PYTHON) tests/run.py 'hygiene=$(PYTHON) tests/hygiene.py' \
	    'clang-tidy=$(PYTHON) tests/hygiene.py --all --only clang-tidy' \
	    'cppcheck=$(PYTHON) tests/hygiene.py --all --only cppcheck'

check-everywhere: | need-python ## the tests on other processors and C libraries, by qemu-user
	@$(PYTHON) tests/everywhere.py

check-everywhere-quick: | need-python ## a share of them: ARMv8's kernel, and a big-endian processor
	@$(PYTHON) tests/run.py 'aarch64=$(PYTHON) tests/everywhere.py --quick --only aarch64' \
	    's390x=$(PYTHON) tests/everywhere.py --quick --only s390x'

check-windows: | need-python ## the library and the command under wine, built by mingw-w64
	@$(PYTHON) tests/windows.py

coverage: | need-python ## the lines and branches that the tests reach
	@$(PYTHON) tests/coverage.py

mutate: | need-python ## mutants of the parts: do the tests notice?
	@$(PYTHON) tests/mutate.py

check-postgres: confiture | need-python ## load the example into a PostgreSQL; skips without one
	@$(PYTHON) tests/postgres.py ./confiture

PSQL = $(PYTHON) tests/psql/run.py --command ./confiture
PSQL_GENERATED = 20000
check-psql: confiture | need-python ## the check beside psql itself: cases, random texts; skips without one
	@$(PSQL)

check-psql-long: confiture | need-python ## the same with PSQL_GENERATED=20000 random texts; many minutes
	@$(PSQL) --generated $(PSQL_GENERATED) --cut 2000 --seed $(SEED)

check-python: | need-python ## the Python package: built offline, installed, tested; every Python found
	@$(PYTHON) examples/python/check.py

check-python-quick: | need-python ## the same with one Python
	@$(PYTHON) examples/python/check.py --quick

check-format: ## fail if a C file is not as clang-format would have it ("make format" mends it)
	@if command -v clang-format >/dev/null 2>&1; then \
	    good=0; bad=0; \
	    for file in $(OWN_C); do \
	        if clang-format $$file | cmp -s - $$file; then good=$$((good + 1)); \
	        else bad=$$((bad + 1)); echo "FAILED $$file: run 'make format'"; fi; \
	    done; \
	    echo "$$good passed, $$bad failed"; [ $$bad -eq 0 ]; \
	else \
	    echo "skipped: no clang-format here"; \
	    echo "0 passed, 0 failed, 1 skipped"; \
	fi

lint: | need-cc ## the command and the examples with all warnings as errors
	@mkdir -p $(BUILD)
	@for source in $(COMMAND_SOURCES) $(wildcard examples/*.c); do \
	    $(CC) -std=c99 -O2 $(WARNINGS) -Werror -I. -c $$source -o $(BUILD)/lint.o || exit 1; \
	done
	@rm -f $(BUILD)/lint.o; echo "no warnings"

bench: | need-cc need-python ## times beside the peers' and the machine's floors; BENCH="options"
	@$(PYTHON) bench/run.py $(BENCH)

bench-python: | need-cc need-python ## the Python extension beside its fallback and the Rust peer
	@$(PYTHON) bench/python_promises.py

bench-quick: | need-cc need-python ## the same with small trees and few rounds
	@$(PYTHON) bench/run.py --quick $(BENCH)

format: ## let clang-format rewrite the C files
	clang-format -i $(OWN_C)

# ---- the rest ----

install: confiture ## copy the command and confiture.h below DESTDIR and PREFIX
	mkdir -p '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/include'
	cp confiture '$(DESTDIR)$(PREFIX)/bin/confiture'
	chmod 755 '$(DESTDIR)$(PREFIX)/bin/confiture'
	cp confiture.h '$(DESTDIR)$(PREFIX)/include/confiture.h'
	chmod 644 '$(DESTDIR)$(PREFIX)/include/confiture.h'

clean: ## remove all that was built, but not confiture.h
	rm -rf $(BUILD) confiture
