# confiture.h. Needs a C compiler, make and python3; "make help" lists the targets.

CFLAGS ?= -O2
LDFLAGS ?=
PYTHON ?= python3
CPPFLAGS ?=
LDLIBS ?=
PREFIX ?= /usr/local
DESTDIR ?=
# What is built goes here, but for ./confiture and confiture.h.
BUILD ?= build
export BUILD PYTHON
PARTS = $(wildcard src/*.h src/*/*.[ch])
COMMAND = examples/confiture
COMMAND_SOURCES = $(sort $(wildcard $(COMMAND)/*.c))
COMMAND_DEPENDS = $(COMMAND_SOURCES) $(wildcard $(COMMAND)/*.h) confiture.h
CHEST = $(wildcard tests/chest/*)
UNIT_DEPENDS = $(wildcard tests/unit/*) $(CHEST)
WARNINGS = -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef -Wcast-qual \
    -Wstrict-prototypes

export MAKE_QUIET = $(MAKE) -s --no-print-directory
# $(call build,SOURCES,MORE FLAGS)
build = @mkdir -p $(@D) && echo "  CC  $@" && $(CC) $(CPPFLAGS) $(CFLAGS) $(2) $(1) -o $@ \
    $(LDFLAGS) $(LDLIBS) -pthread
# $(call need,PROGRAM,WHAT IT IS,VARIABLE)
need = @command -v $(1) >/dev/null 2>&1 || \
    { echo "this needs $(2), and '$(1)' is not there: install one, or say $(3)=..." >&2; exit 1; }

.PHONY: all help test check demo amalgam lint format bench bench-report bench-python clean need-cc \
    need-python

all: confiture ## build the command, ./confiture (the default)

help: | need-python ## list the targets
	@sed -n 's/^\([a-z%-]*\):[^#]*## \(.*\)/  make \1~\2/p' $(MAKEFILE_LIST) | \
	    awk -F'~' '{ printf "%-22s %s\n", $$1, $$2 }'
	@echo
	@echo "The suites, of which QUICK=1 takes a share of those that say [quick]:"
	@$(PYTHON) tests/run.py --list
	@echo
	@echo "Variables: CC CPPFLAGS CFLAGS LDFLAGS LDLIBS PYTHON PREFIX DESTDIR (packaging/install.mk has more)"
	@echo "    BUILD QUICK TREES RACES SECONDS SEED BENCH"

need-cc:
	$(call need,$(firstword $(CC)),a C compiler,CC)

need-python:
	$(call need,$(PYTHON),a Python 3,PYTHON)

# ---- what is built ----

confiture: $(COMMAND_DEPENDS) | need-cc
	$(call build,$(COMMAND_SOURCES),-I.)

$(BUILD)/confiture: $(COMMAND_DEPENDS) | need-cc
	$(call build,$(COMMAND_SOURCES),-I.)

# These are large, and -O2 takes twice as long as -O1; unit-posix has -O2.
$(BUILD)/unit $(BUILD)/driver $(BUILD)/known_answers: CFLAGS := $(CFLAGS:-O2=-O1)

$(BUILD)/unit: $(UNIT_DEPENDS) confiture.h | need-cc
	$(call build,tests/unit/main.c,-I. -DCFT_HEADER='"confiture.h"')

# The spine, as it is on a POSIX system that is not Linux.
$(BUILD)/unit-posix: $(UNIT_DEPENDS) $(PARTS) | need-cc
	$(call build,tests/unit/main.c,-I. -U__linux__ -DCFT_HEADER='"src/confiture-in.h"')

$(BUILD)/driver: $(wildcard tests/parity/driver*) $(CHEST) confiture.h | need-cc
	$(call build,tests/parity/driver.c,-I. -DCFT_HEADER='"confiture.h"')

$(BUILD)/known_answers: tests/known_answers/known_answers.c confiture.h | need-cc
	$(call build,tests/known_answers/known_answers.c,-I. -DCFT_HEADER='"confiture.h"')

$(BUILD)/faults: $(wildcard tests/faults/*) $(CHEST) confiture.h | need-cc
	$(call build,tests/faults/faults.c,-I. -DCFT_HEADER='"confiture.h"')

$(BUILD)/races: $(wildcard tests/races/*.[ch]) $(CHEST) confiture.h | need-cc
	$(call build,tests/races/main.c,-I. -DCFT_HEADER='"confiture.h"')

demo: confiture ## build the bundled example's schema and say what came out
	@sh tools/demo.sh ./confiture $(BUILD)/demo

amalgam: | need-python ## make confiture.h, and the picture of its parts, from src/
	@$(PYTHON) tools/amalgamate.py
	@$(PYTHON) tools/parts.py --write

# ---- tests ----

# Each suite builds what it runs; the line before them only builds all at once.
test: | need-cc need-python ## the tests: under two minutes; the last line is the total
	@$(MAKE_QUIET) -k -j4 confiture $(addprefix $(BUILD)/,unit driver known_answers) \
	    >/dev/null 2>&1; true
	+@QUICK=1 $(PYTHON) tests/run.py --jobs 2 TEST

check: | need-cc need-python ## test, every compiler, sanitizers, faults, races, fuzzing, and more
	@$(MAKE_QUIET) -k -j4 confiture $(addprefix $(BUILD)/,unit unit-posix driver known_answers) \
	    >/dev/null 2>&1; true
	+@QUICK=1 $(PYTHON) tests/run.py --jobs 2 --timeout 3000 --total $(BUILD)/check.total CHECK

check-%: | need-cc need-python ## one suite of tests/suites.py, below; QUICK=1: a share of it
	+@$(PYTHON) tests/run.py $*

LINT = -O2 $(WARNINGS) -Werror -I. -c -o $(BUILD)/lint.o
lint: | need-cc ## the command and the examples with all warnings as errors
	@mkdir -p $(BUILD)
	@for source in $(COMMAND_SOURCES) $(filter-out %/libpq.c,$(wildcard examples/*.c)); do \
	    $(CC) -std=c99 $(LINT) $$source || exit 1; \
	done
	@if pkg-config --exists libpq 2>/dev/null; then \
	    $(CC) -std=c99 $(LINT) examples/libpq.c $$(pkg-config --cflags libpq); \
	else echo "skipped examples/libpq.c: pkg-config finds no libpq"; fi
	@if command -v $(firstword $(CXX)) >/dev/null 2>&1; then \
	    $(CXX) -std=c++11 $(filter-out -Wstrict-prototypes,$(LINT)) examples/hash.cpp; \
	else echo "skipped examples/hash.cpp: no $(firstword $(CXX))"; fi
	@rm -f $(BUILD)/lint.o; echo "no warnings"

bench: | need-cc need-python ## times beside the peers' and the machine's floors; BENCH="options"
	@$(PYTHON) bench/run.py $(if $(filter-out 0,$(QUICK)),--quick) $(BENCH)

bench-report: | need-python ## draw what bench has measured: build/bench/report.html
	@$(PYTHON) bench/pictures.py

bench-python: | need-cc need-python ## the Python extension beside its fallback and the Rust peer
	@$(PYTHON) bench/python_promises.py

format: | need-python ## let clang-format rewrite the C files
	@$(PYTHON) tools/format.py

# ---- the rest ----

include packaging/install.mk

clean: ## remove build/ and ./confiture
	rm -rf $(BUILD) confiture
