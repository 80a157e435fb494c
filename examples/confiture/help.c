/* help.c: the texts of --help. The text of each command is here, that of its options in the
 * table. Each line fits a terminal of 80 columns. */
#include "command.h"

#include <stdio.h>
#include <string.h>

enum { MEANING_COLUMN = 22 };

/* clang-format off: a line of code is a line of help */

static const char overview[] =
    "confiture turns a tree of SQL files into one schema and one digest.\n"
    "\n"
    "Usage: confiture COMMAND DIR... [OPTION...]\n"
    "       confiture COMMAND FILE... [OPTION...]\n"
    "\n"
    "Commands:\n"
    "  build   join the files, in order, into one schema\n"
    "  hash    print one SHA-256 of the names and bytes of all files, or check it\n"
    "  list    print the names of the files, in the order of the schema\n"
    "  check   find what is not UTF-8, or would spoil the next file in psql\n"
    "  help    print the options of a command, as 'confiture COMMAND --help' does;\n"
    "          'confiture help json' lists the keys of what --json prints\n"
    "  version print the version and the SHA-256 kernel in use; also -V\n"
    "\n"
    "Examples:\n"
    "  confiture build db/schema -o schema.sql    what most projects need\n"
    "  confiture hash db/schema > schema.hash     record the state of the files,\n"
    "  confiture hash -c schema.hash              and see whether it has changed\n"
    "  confiture list db/schema --digests         see which file has changed\n"
    "  confiture check db/schema                  check before a commit\n"
    "\n"
    "Exit status: 0 done, 1 a check failed, 2 an error.\n";

static const struct {
    unsigned command;
    const char *usage, *examples;
} texts[] = {
    {COMMAND_BUILD,
     "Usage: confiture build DIR... [-o FILE] [OPTION...]\n"
     "       confiture build FILE... [-o FILE] [OPTION...]\n"
     "Joins the SQL files below each DIR, in order, into one schema. FILEs are joined\n"
     "in the order given.\n",
     "  confiture build db/schema -o schema.sql\n"
     "  confiture build db --split out --pre db/roles --post db/grants\n"},
    {COMMAND_HASH,
     "Usage: confiture hash DIR... [OPTION...]\n"
     "       confiture hash FILE... [OPTION...]\n"
     "       confiture hash -c FILE\n"
     "Prints one SHA-256 of the names and bytes of the SQL files below each DIR, or of\n"
     "the FILEs. A file that is changed, renamed, added or removed changes it. Two\n"
     "spaces follow, and the DIRs and options from which -c can compute it again.\n",
     "  confiture hash db/schema > schema.hash\n"
     "  confiture hash -c schema.hash || make schema\n"
     "  test \"$(confiture hash db/schema --bare)\" = \"$EXPECTED\"\n"},
    {COMMAND_LIST,
     "Usage: confiture list DIR... [OPTION...]\n"
     "       confiture list FILE... [OPTION...]\n"
     "Prints the names of the SQL files below each DIR, or of the FILEs, in the order\n"
     "of the schema.\n",
     "  confiture list db/schema --base . -0 | xargs -0 grep -l 'create table'\n"
     "  confiture list db/schema --base . --digests > SHA256SUMS\n"},
    {COMMAND_CHECK,
     "Usage: confiture check DIR... [OPTION...]\n"
     "       confiture check FILE... [OPTION...]\n"
     "Checks that each SQL file below each DIR, or each FILE, is UTF-8, and finds what\n"
     "would swallow, cut or spoil the next file in psql. Prints a line for each\n"
     "finding. The exit status is 1 if there is one.\n",
     "  confiture check db/schema\n"
     "  git ls-files -z '*.sql' | confiture check --files0-from=-\n"},
};

static const struct {
    unsigned group;
    const char *heading;
} groups[] = {
    {GROUP_RESULT, "\n"},
    {GROUP_OUTPUT, "\nOutput:\n"},
    {GROUP_CONTENT, "\nContents:\n"},
    {GROUP_CHECK, "\nChecks:\n"},
    {GROUP_FILES, "\nFiles; with FILEs only the last four apply:\n"},
    {GROUP_RUN, "\nOperation:\n"},
};

/* The keys of what --json prints. A key means the same in every document. */
static const char json_keys[] =
    "With --json a command prints one JSON object on standard output, also if it\n"
    "fails. Errors and warnings also go to standard error. Control characters and\n"
    "bytes that are not UTF-8 are escaped (\\u001b, \\udcff).\n"
    "\n"
    "Every command:\n"
    "  command    build, hash, list or check; absent if there is none\n"
    "  status     done, failed (a check: exit status 1) or error (exit status 2)\n"
    "  warnings   list of lines, as of a pattern that matched nothing\n"
    "  message    one line for a person: the error or the finding\n"
    "  path       the file or directory of the error, the finding or the result\n"
    "  line       in that file, from 1; absent if there is none\n"
    "\n"
    "Results:\n"
    "  digest     SHA-256 in hexadecimal, of all files; in entries, of the file alone\n"
    "  kind       of the digest of all files: stream or tree\n"
    "  files      the number of files\n"
    "  bytes      the size of the schema; in hash and list, that of all files\n"
    "  base       the directory that names are relative to\n"
    "  name       the path of a file relative to base\n"
    "\n"
    "build:  unchanged (--if-changed: the file had these bytes already), findings;\n"
    "        with --split schemas: a list of phase, path, files, bytes, unchanged\n"
    "hash:   with -c checks: a list of path, line, arguments, expected, digest,\n"
    "        status, message; path and line are FILE's, or those of an error\n"
    "list:   entries: a list of name, path, seed, bytes, digest\n"
    "check:  findings: a list of severity (error or note), path, name, line, what,\n"
    "        message\n";

/* clang-format on */

static void print_option(const struct option *option) {
    char left[64];
    const char *line = option->meaning;
    const char *value = option->value ? option->value : "";
    int width;
    if (option->kind == KIND_CHOICE) value = strcmp(option->name, "digest") ? "ONE" : "KIND";
    width = snprintf(left, sizeof left, " %c%c%c --%s%s%s", option->letter ? '-' : ' ',
                     option->letter ? option->letter : ' ', option->letter ? ',' : ' ',
                     option->name, *value ? " " : "", value);
    put_text(left);
    for (;;) {
        size_t length = strcspn(line, "\n");
        put_text("  ");
        for (width += 2; width < MEANING_COLUMN; width++) put_text(" ");
        put_bytes(line, length);
        put_text("\n");
        if (!line[length]) return;
        line += length + 1;
        width = 0;
    }
}

void help_print_json(void) { put_text(json_keys); }

void help_print(unsigned command) {
    size_t i, k, g;
    for (i = 0; i < sizeof texts / sizeof texts[0] && texts[i].command != command; i++) continue;
    if (i == sizeof texts / sizeof texts[0]) {
        put_text(overview);
        return;
    }
    put_text(texts[i].usage);
    for (g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        bool headed = false;
        for (k = 0; k < option_count; k++) {
            if (!(option_table[k].flags & command) ||
                (option_table[k].flags & OPTION_GROUP) != groups[g].group)
                continue;
            if (!headed) put_text(groups[g].heading);
            headed = true;
            print_option(&option_table[k]);
        }
    }
    put_text("\nExamples:\n");
    put_text(texts[i].examples);
}
