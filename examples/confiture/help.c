/* help.c: the texts of --help, from which man.c and completion.c are made, too. The text of each
 * command is here, that of its options in the table. Each line fits a terminal of 80 columns. */
#include "command.h"

#include <stdio.h>
#include <string.h>

enum { MEANING_COLUMN = 22, SUMMARY_COLUMN = 10 };

/* clang-format off: a line of code is a line of help */

const struct overview_text overview_text = {
    "confiture turns a tree of SQL files into one schema and one digest.\n",
    "Usage: confiture COMMAND DIR... [OPTION...]\n"
    "       confiture COMMAND FILE... [OPTION...]\n"
    "       confiture diff OLD NEW [OPTION...]\n",
    "  confiture build db/schema -o schema.sql    what most projects need\n"
    "  confiture hash db/schema > schema.hash     record the state of the files,\n"
    "  confiture hash -c schema.hash              and see whether it has changed\n"
    "  confiture list db/schema --digests > SUMS  record each file,\n"
    "  confiture diff SUMS db/schema              and see which one has changed\n"
    "  confiture check db/schema                  check before a commit\n",
    "0 done, 1 a check failed or something differs, 2 an error.\n",
};

/* In the order of --help. A summary has at most 68 characters in a line. */
const struct command_text command_table[] = {
    {COMMAND_BUILD, "build", "join the files, in order, into one schema",
     "Usage: confiture build DIR... [-o FILE] [OPTION...]\n"
     "       confiture build FILE... [-o FILE] [OPTION...]\n"
     "Joins the SQL files below each DIR, in order, into one schema. FILEs are joined\n"
     "in the order given.\n",
     "  confiture build db/schema -o schema.sql\n"
     "  confiture build db --split out --pre db/roles --post db/grants\n"},
    {COMMAND_HASH, "hash", "print one SHA-256 of the names and bytes of all files, or check it",
     "Usage: confiture hash DIR... [OPTION...]\n"
     "       confiture hash FILE... [OPTION...]\n"
     "       confiture hash -c FILE\n"
     "Prints one SHA-256 of the names and bytes of the SQL files below each DIR, or of\n"
     "the FILEs. A file that is changed, renamed, added or removed changes it. Two\n"
     "spaces follow, and the DIRs and options from which -c can compute it again.\n",
     "  confiture hash db/schema > schema.hash\n"
     "  confiture hash -c schema.hash || make schema\n"
     "  test \"$(confiture hash db/schema --bare)\" = \"$EXPECTED\"\n"},
    {COMMAND_LIST, "list", "print the names of the files, in the order of the schema",
     "Usage: confiture list DIR... [OPTION...]\n"
     "       confiture list FILE... [OPTION...]\n"
     "Prints the names of the SQL files below each DIR, or of the FILEs, in the order\n"
     "of the schema: by path, directory by directory, each name by the codes of its\n"
     "characters; with --sort hex by the hexadecimal prefixes of the files' names, in\n"
     "upper case, and after them the files without a prefix, by name.\n",
     "  confiture list db/schema --explain\n"
     "  confiture list db/schema --base . -0 | xargs -0 grep -l 'create table'\n"
     "  confiture list db/schema --base . --digests > SHA256SUMS\n"},
    {COMMAND_CHECK, "check", "find what is not UTF-8, or would spoil the next file in psql",
     "Usage: confiture check DIR... [OPTION...]\n"
     "       confiture check FILE... [OPTION...]\n"
     "Checks that each SQL file below each DIR, or each FILE, is UTF-8, and finds what\n"
     "would swallow, cut or spoil the next file in psql. Prints a line for each\n"
     "finding. The exit status is 1 if there is one.\n",
     "  confiture check db/schema\n"
     "  git ls-files -z '*.sql' | confiture check --files0-from=-\n"},
    {COMMAND_DIFF, "diff", "tell which files differ between two directories or sums, and why",
     "Usage: confiture diff OLD NEW [OPTION...]\n"
     "Prints what has changed from OLD to NEW. Each is a DIR, whose SQL files are\n"
     "searched, or a FILE of sums, as 'list --digests' and sha256sum print them; - is\n"
     "standard input. A line is a letter, a tab, and a name relative to DIR or --base:\n"
     "  M  modified; after a tab, if it is all: line endings only, final newline\n"
     "     only, byte order mark only. One of OLD and NEW must be a DIR for that\n"
     "  A  added; D  deleted; R  OLDNAME -> NEWNAME: the same bytes, renamed\n"
     "  O  the first file from which on the files that both have are in another order;\n"
     "     said once, and only if OLD and NEW are in an order that --sort makes\n"
     "A name with a control character, a quote, a backslash or ' -> ' is quoted as in\n"
     "git. The exit status is 0 if nothing has changed, 1 if something has.\n",
     "  confiture list db/schema --base . --digests > release.sums\n"
     "  confiture diff release.sums db/schema --base .\n"
     "  git show v1:release.sums | confiture diff - db/schema --base .\n"
     "  confiture diff ../main/db db\n"},
    {COMMAND_LOCATE, "locate", "find the source of a line of the schema, as of an error of psql",
     "Usage: confiture locate DIR... -n LINE [OPTION...]\n"
     "       confiture locate DIR... --back FILE:LINE [OPTION...]\n"
     "       psql -f FILE 2>&1 | confiture locate DIR... [-o FILE] [OPTION...]\n"
     "Prints the source of a line of the schema, or the line of a source; the exit\n"
     "status is 1 for a line of a separator or of the header. DIRs (or FILEs) and\n"
     "options are those of the build. Without -n and --back it copies what psql\n"
     "prints, and where a line begins psql:FILE:LINE: it puts the source in place of\n"
     "FILE:LINE, if FILE has the bytes of the build. <stdin> counts as the schema.\n"
     "The status of psql is lost without 'set -o pipefail'.\n",
     "  confiture locate db/schema -n 8123\n"
     "  psql -f schema.sql 2>&1 | confiture locate db/schema\n"},
    {0, "help",
     "print the options of a command, as 'confiture COMMAND --help' does;\n"
     "'help json' lists the keys of what --json prints, 'help man' prints\n"
     "a manual page, 'help bash', 'zsh' and 'fish' print completions",
     NULL, NULL},
    {0, "version", "print the version and the SHA-256 kernel in use; also -V", NULL, NULL},
};

const size_t command_count = sizeof command_table / sizeof command_table[0];

const struct group_text group_table[] = {
    {GROUP_RESULT, "\n", false},
    {GROUP_OUTPUT, "\nOutput:\n", false},
    {GROUP_CONTENT, "\nContents:\n", false},
    {GROUP_CHECK, "\nChecks:\n", false},
    {GROUP_FILES, "\nFiles; with FILEs only the last four apply:\n", true},
    {GROUP_RUN, "\nOperation:\n", true},
};

const size_t group_count = sizeof group_table / sizeof group_table[0];

/* The keys of what --json prints. A key means the same in every document. */
const char help_json_keys[] =
    "With --json a command prints one JSON object on standard output, also if it\n"
    "fails. Errors and warnings also go to standard error. Control characters and\n"
    "bytes that are not UTF-8 are escaped (\\u001b, \\udcff).\n"
    "\n"
    "Every command:\n"
    "  command    build, hash, list, check, diff or locate; absent if there is none\n"
    "  status     done, failed (exit status 1: a check, or a difference) or error (2)\n"
    "  warnings   list of lines, as of a pattern that matched nothing\n"
    "  message    one line for a person: the error or the finding\n"
    "  path       the file or directory of the error, the finding or the result\n"
    "  line       in that file, from 1; absent if there is none\n"
    "\n"
    "Results:\n"
    "  digest     SHA-256 in hexadecimal, of all files; in entries, of the file alone\n"
    "  kind       of the digest of all files: stream, tree or text\n"
    "  files      the number of files\n"
    "  bytes      the size of the schema; in hash and list, that of all files\n"
    "  base       the directory that names are relative to\n"
    "  name       the path of a file relative to base\n"
    "\n"
    "build:  unchanged (--if-changed: the file had these bytes already), findings,\n"
    "        map (its path);\n"
    "        with --split schemas: a list of phase, path, files, bytes, unchanged;\n"
    "        with --verify, instead of bytes and unchanged: matches and, if it is\n"
    "        false, line, difference (missing, text, longer, line_ends, new, gone,\n"
    "        left_out, order, separator, ends_early, has_more, header, digest),\n"
    "        message and, where known, source (the path of a file), source_line, name\n"
    "hash:   with -c checks: a list of path, line, arguments, expected, digest,\n"
    "        status, message; path and line are FILE's, or those of an error\n"
    "list:   entries: a list of name, path, seed, bytes, digest; with --explain also\n"
    "        directory and pattern, which found it; by_path and by_hex, its number in\n"
    "        each order; prefix (absent if it has none) and rest, which --sort hex\n"
    "        compares; lower_case_prefix: the case alone makes it none.\n"
    "        with --explain sort: path, or hex if that is in effect; left_out: a list\n"
    "        of name (absent if not below base, or if no file is found), path,\n"
    "        whole_directory, directory, pattern (absent if DIR itself is left out),\n"
    "        reason (exclude, exclude-dir, unique, case or schema-only), and by, the\n"
    "        option's value (of exclude and exclude-dir)\n"
    "check:  findings: a list of severity (error or note), path, name, line, what,\n"
    "        message\n"
    "diff:   changes: a list of change (modified, added, deleted or renamed), name,\n"
    "        old_name, digest, old_digest (absent where there is none), reason (as\n"
    "        'line endings only'); files and old_files, how many NEW and OLD have;\n"
    "        moved (the first file in another order; absent if there is none)\n"
    "locate: places: a list of schema_line (of the schema), place (text, separator,\n"
    "        header, or added: the ';' of --terminate), path, name, line (of the\n"
    "        file), statement (the line where it begins, if that is another), and\n"
    "        with --back schema (its path, if known)\n";

/* clang-format on */

/* Prints the rest of a line of `width` characters, and each further line, from a column on. */
static void print_column(int width, int column, const char *text) {
    for (;;) {
        size_t length = strcspn(text, "\n");
        for (; width < column; width++) put_text(" ");
        put_bytes(text, length);
        put_text("\n");
        if (!text[length]) return;
        text += length + 1;
        width = 0;
    }
}

const char *help_value(const struct option *option) {
    if (option->kind == KIND_CHOICE) return strcmp(option->name, "digest") ? "ONE" : "KIND";
    return option->value;
}

static void print_option(const struct option *option) {
    char left[64];
    const char *value = help_value(option);
    int width = snprintf(left, sizeof left, " %c%c%c --%s%s%s", option->letter ? '-' : ' ',
                         option->letter ? option->letter : ' ', option->letter ? ',' : ' ',
                         option->name, value ? " " : "", value ? value : "");
    put_text(left);
    put_text("  ");
    print_column(width + 2, MEANING_COLUMN, option->meaning);
}

static void print_overview(void) {
    size_t i;
    put_text(overview_text.purpose);
    put_text("\n");
    put_text(overview_text.usage);
    put_text("\nCommands:\n");
    for (i = 0; i < command_count; i++) {
        put_text("  ");
        put_text(command_table[i].name);
        print_column(2 + (int)strlen(command_table[i].name), SUMMARY_COLUMN,
                     command_table[i].summary);
    }
    put_text("\nExamples:\n");
    put_text(overview_text.examples);
    put_text("\nExit status: ");
    put_text(overview_text.exit_status);
}

static void print_json_keys(void) { put_text(help_json_keys); }

const struct help_topic topic_table[] = {
    {"json", print_json_keys},       {"man", man_print},
    {"bash", completion_print_bash}, {"zsh", completion_print_zsh},
    {"fish", completion_print_fish},
};

const size_t topic_count = sizeof topic_table / sizeof topic_table[0];

/* diff has no FILEs that are inputs. */
static const char *heading_of(size_t group, unsigned command) {
    bool plain = command == COMMAND_DIFF && group_table[group].group == GROUP_FILES;
    return plain ? "\nFiles of a DIR:\n" : group_table[group].heading;
}

void help_print(unsigned command) {
    const struct command_text *text = command_table;
    size_t k, g;
    if (!command) {
        print_overview();
        return;
    }
    while (text->command != command) text++;
    put_text(text->usage);
    for (g = 0; g < group_count; g++) {
        bool headed = false;
        for (k = 0; k < option_count; k++) {
            if (!(option_table[k].flags & command) ||
                (option_table[k].flags & OPTION_GROUP) != group_table[g].group)
                continue;
            if (!headed) put_text(heading_of(g, command));
            headed = true;
            print_option(&option_table[k]);
        }
    }
    put_text("\nExamples:\n");
    put_text(text->examples);
}
