#!/usr/bin/env python3
"""Plants bugs in a copy of confiture.h, and sees that fuzzing finds each.

    tests/fuzz/plant.py [--seconds N] [--target TARGET] [--build DIR]

Each bug is fuzzed for N seconds at the most, from the kept inputs alone. The last line is
"N passed, N failed".
"""

import argparse
import os
import shutil
import sys

import run

# target, what is wrong, the text of confiture.h, and what it becomes
BUGS = [
    ("glob", "a range of [ ] lacks its last character",
     "if (low <= wanted && wanted <= high) found = true;",
     "if (low <= wanted && wanted < high + (low == high)) found = true;"),
    ("glob", "] as the first of a set ends it",
     "if (i < size && pattern[i] == ']') i++;\n", "\n"),
    ("glob", "a star never takes the last character",
     "if (star_p == SIZE_MAX || star_n >= name_size) return false;",
     "if (star_p == SIZE_MAX || star_n + 1 >= name_size) return false;"),
    ("lexer", "the word before a border is forgotten",
     "lexer->run = cfti_lex_run(lexer, from, p);\n            return p;",
     "lexer->run = CFTI_RUN_NONE;\n            return p;"),
    ("lexer", "half a comment mark at a border is forgotten",
     "if (end > from) lexer->before = end[-1];", ""),
    ("lexer", "a backslash at a border of E'...' is forgotten",
     "lexer->at = (uint8_t)(*p++ == '\\\\' ? CFTI_AT_ESCAPED : CFTI_AT_ESCAPE_END);",
     "lexer->at = (uint8_t)(*p++ == '\\\\' && p < end ? CFTI_AT_ESCAPED : p[-1] == '\\\\' ? "
     "CFTI_AT_ESCAPE : CFTI_AT_ESCAPE_END);"),
    ("lexer", "a COPY after what a command emptied is none",
     "if (lexer->held.kind == CFTI_STATEMENT_START && c == 'c') return true;", ""),
    ("lexer", "a branch that is not read stays", "if (!branch->active) cfti_branch_restore(lexer, branch);",
     ""),
    ("text", "CRLF across a border becomes two lines",
     "if (*after_cr && *p == '\\n') p++;\n", "\n"),
    ("text", "surrogates pass", "lead == 0xED ? 0x9F", "lead == 0xED ? 0xBF"),
    ("text", "the last byte is not counted", "for (; n > 0; n--, p++) count += *p == byte;",
     "for (; n > 1; n--, p++) count += *p == byte;"),
    ("sha256", "a tail of 56 bytes gets one block", "size = used < 56 ? 64 : 128",
     "size = used <= 56 ? 64 : 128"),
    ("sha256", "the same, of many at once", "lane->tail_blocks = rest < 56 ? 1 : 2;",
     "lane->tail_blocks = rest <= 56 ? 1 : 2;"),
    ("sha256", "a block is forgotten when it is just full", "if (size < room) {",
     "if (size <= room) {"),
    ("names", "0X alone is a prefix", "if (i == n) return false;\n    for (; i < n; i += length)",
     "for (; i < n; i += length)"),
    ("names", "a seed needs no border before it",
     "if (i > 0 && component[i - 1] != '_' && component[i - 1] != '-') continue;", ""),
    ("names", "}} may be followed by }", "} else if (*p == '{' || *p == '}') {",
     "} else if (*p == '{' || (*p == '}' && p[-1] != '}')) {"),
    ("paths", "a prefix of a name is common", "if ((i == prefix->size || p[i] == '/') && "
     "(path[i] == '\\0' || path[i] == '/')) end = i;", "end = i;"),
    ("paths", "the target of a link is always relative",
     "out->size = target[0] == '/' ? 1 : before;", "out->size = before;"),
    ("find", "** follows links", "if (kind != CFTI_KIND_DIRECTORY) {\n        real = 0;",
     "if (kind != CFTI_KIND_DIRECTORY) {\n        if (kind != CFTI_KIND_LINK) real = 0;"),
    ("find", "** needs a directory", "parts |= (uint64_t)1 << (i + 1);", ""),
    ("find", "an excluded directory is entered", "*file = *whole = true;", "*file = true;"),
    ("find", "a failing allocation loses a list",
     "cfti_arena_free(&node->arena);\n    }\n    cfti_arena_free(root_arena);",
     "cfti_arena_free(&node->arena);\n    }"),
    ("build", "no newline behind a file that has none",
     "if (status == CONFITURE_OK && visit->last && !build->ends_in_newline)",
     "if (status == CONFITURE_OK && visit->last && !build->ends_in_newline && visit->text_size)"),
    ("build", "a short read is the end everywhere",
     "if (got == 0 || copy->size == wanted) return CONFITURE_OK;",
     "if (got == 0 || copy->size < copy->room) return CONFITURE_OK;"),
    ("build", "pre wins over post",
     "bool post = i < options->post_dir_count;\n        status = cfti_split_dir_init(\n"
     "            &dirs[i], post ? options->post_dirs[i] : "
     "options->pre_dirs[i - options->post_dir_count],",
     "bool post = i >= options->pre_dir_count;\n        status = cfti_split_dir_init(\n"
     "            &dirs[i], post ? options->post_dirs[i - options->pre_dir_count] : "
     "options->pre_dirs[i],"),
    ("build", "a compiled separator is not freed",
     "cfti_buffer_free(&build->separator);\n    if", "if"),
    ("sums", "a CR in a name is written as it is",
     "name[n] != '\\n' && name[n] != '\\r') n++;", "name[n] != '\\n') n++;"),
    ("sums", "an empty line at the end is a final newline",
     "if (forms->after_newline) cfti_forms_put_end(forms);", ""),
    ("sums", "of a name that comes twice only the second is seen",
     "if (!cfti_sums_refuse_repeats(r)) return false;", "(void)cfti_sums_refuse_repeats(r);"),
]


def plant(root, build, bug, number, options):
    """(executions until it was found or None, what went wrong)"""
    target, _, old, new = bug
    header = os.path.join(root, "confiture.h")
    with open(header, encoding="utf-8") as file:
        text = file.read()
    if text.count(old) != 1:
        return None, "its text is %d times in confiture.h" % text.count(old)
    copy = os.path.join(build, "copy%d" % number)
    shutil.rmtree(copy, ignore_errors=True)
    for folder in "fuzz", "chest":
        shutil.copytree(os.path.join(root, "tests", folder), os.path.join(copy, "tests", folder))
    with open(os.path.join(copy, "confiture.h"), "w", encoding="utf-8") as file:
        file.write(text.replace(old, new))
    binary = os.path.join(copy, target)
    problem = run.compile_target(["clang"], run.LIBFUZZER, target, binary, root=copy)
    if problem:
        return None, problem
    status, output, _ = run.run_libfuzzer(binary, target, copy, f"-max_total_time={options.seconds}",
                                          options.seed)
    executions = run.libfuzzer_figures(output)[0]
    shutil.rmtree(copy)
    return (executions, None) if status else (None, f"not found in {executions:,} executions")


def main():
    parser = argparse.ArgumentParser(description="Are planted bugs found by fuzzing?")
    parser.add_argument("--seconds", type=int, default=60, help="for one bug, at the most")
    parser.add_argument("--target", action="append")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--build", default=os.path.join(run.ROOT, "build", "fuzz", "plant"))
    options = parser.parse_args()
    os.makedirs(options.build, exist_ok=True)
    passed = failed = 0
    for number, bug in enumerate(BUGS):
        if options.target and bug[0] not in options.target:
            continue
        executions, problem = plant(run.ROOT, options.build, bug, number, options)
        if problem:
            failed += 1
            print(f"FAILED {bug[0]}: {bug[1]}: {problem}", flush=True)
        else:
            passed += 1
            print(f"{bug[0]:8} found after {executions:10,} executions: {bug[1]}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
