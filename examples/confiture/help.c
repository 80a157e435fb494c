/* help.c: the texts of --help. Each fits a terminal of 80 columns, and 40 lines. */
#include "command.h"

/* What all commands understand. */
#define HELP_SHARED                                                                                \
    "\n"                                                                                           \
    "Which files:\n"                                                                               \
    "     --include P      files that match P, instead of **/*.sql; repeatable\n"                  \
    "     --exclude P      no file that matches P; repeatable\n"                                   \
    "     --exclude-dir D  no file below the directory D; repeatable\n"                            \
    "     --no-recursive   only files in DIR itself\n"                                             \
    "     --must-exist     a DIR that is missing is an error, not skipped\n"                       \
    "     --unique         a file that is found twice counts once\n"                               \
    "     --sort ORDER     path (default), or hex: by prefixes such as 0A_users.sql\n"             \
    "     --base D         names are relative to D; default: to what the DIRs share\n"             \
    "     --confine        a symbolic link out of that base is an error, not followed\n"           \
    "     --files0-from F  no DIR, but the paths in F, each ended by NUL; - is stdin\n"            \
    " -j, --threads N      at most N threads; default: as many as the work deserves\n"             \
    "     --max-file-size N  more than N bytes are an error; N, or as 64K, 10M, 1G\n"              \
    "     --io HOW         auto (default), read, mmap or ring\n"                                   \
    "     --json           the result as JSON on standard output\n"

/* clang-format off: a line here is a line there */

static const char help_overview[] =
    "confiture turns a tree of SQL files into one schema and one fingerprint.\n"
    "\n"
    "Usage: confiture COMMAND DIR... [OPTION...]\n"
    "\n"
    "Commands:\n"
    "  build   join the files, in order, into one schema\n"
    "  hash    print one SHA-256 over the names and bytes of all files\n"
    "  list    print the names of the files, in the order of the schema\n"
    "  check   find what is not UTF-8, or would swallow the file that follows\n"
    "\n"
    "Examples:\n"
    "  confiture build db/schema -o schema.sql    all that most projects need\n"
    "  confiture hash db/schema                   has anything changed?\n"
    "  confiture list db/schema --digests         which file has changed?\n"
    "  confiture check db/schema                  before a commit\n"
    "\n"
    "'confiture COMMAND --help' lists the options of a command, 'confiture --version'\n"
    "prints the version and the SHA-256 kernel in use.\n"
    "Exit status: 0 done, 1 a check failed, 2 an error.\n";

static const char help_build[] =
    "Usage: confiture build DIR... [-o FILE] [OPTION...]\n"
    "Joins the SQL files below each DIR, in order, into one schema.\n"
    "\n"
    "Where it goes:\n"
    " -o, --output FILE    to FILE, whole or not at all; default, or -: stdout\n"
    "     --split OUTDIR   OUTDIR/schema_E_{superuser_pre,app,superuser_post}.sql\n"
    "     --pre D          of --split: below D is superuser_pre; repeatable\n"
    "     --post D         of --split: below D is superuser_post; repeatable\n"
    "     --if-changed     leave a FILE alone that holds these very bytes already\n"
    "     --sync           do not end before FILE is on the disk\n"
    "\n"
    "What is in it:\n"
    "     --separator S    block_comment (default), line_comment, mysql, none, custom\n"
    "     --template T     of custom: {file_path} is the name, {{ and }} are braces\n"
    "     --header         begin with environment, time, hash and number of files\n"
    "     --environment E  in the header and the names of --split; default: local\n"
    "     --timestamp T    in the header, instead of the time; none leaves it empty\n"
    "     --schema-only    without seed files\n"
    "     --check RULES    postgres (default), reference or none; see check --help\n" HELP_SHARED
    " -q, --quiet          no summary, no progress line\n"
    " -h, --help           this text; --version: the version and the SHA-256 kernel\n"
    "\n"
    "Examples:\n"
    "  confiture build db/schema -o schema.sql\n";

static const char help_hash[] =
    "Usage: confiture hash DIR... [OPTION...]\n"
    "Prints one SHA-256 over the names and bytes of the SQL files below each DIR, two\n"
    "spaces and the DIRs. Any file changed, renamed, added or removed changes it.\n"
    "\n"
    "     --digest KIND    stream (default): of name NUL bytes NUL of each file;\n"
    "                      tree: of the SHA-256 of that of each file; more parallel\n" HELP_SHARED
    " -q, --quiet          no progress line\n"
    " -h, --help           this text; --version: the version and the SHA-256 kernel\n"
    "\n"
    "Examples:\n"
    "  confiture hash db/schema\n"
    "  test \"$(confiture hash db/schema)\" = \"$(cat schema.hash)\" || make schema\n";

static const char help_list[] =
    "Usage: confiture list DIR... [OPTION...]\n"
    "Prints the names of the SQL files below each DIR, in the order of the schema.\n"
    "\n"
    " -0, --null           end each name with NUL, not with a newline\n"
    "     --digests        before it the SHA-256 of the file, as sha256sum prints it\n"
    "     --size           before it the size of the file in bytes\n" HELP_SHARED
    " -q, --quiet          no progress line\n"
    " -h, --help           this text; --version: the version and the SHA-256 kernel\n"
    "\n"
    "Examples:\n"
    "  confiture list db/schema --base . -0 | xargs -0 grep -l 'create table'\n"
    "  confiture list db/schema --base . --digests > SHA256SUMS\n";

static const char help_check[] =
    "Usage: confiture check DIR... [OPTION...]\n"
    "Checks that each SQL file below each DIR is UTF-8 and leaves nothing open that\n"
    "would swallow the next file. Prints a line for each finding; then exits with 1.\n"
    "\n"
    "     --check RULES    postgres (default): comments, quotes, dollar quotes, COPY;\n"
    "                      reference: /* and */, wherever they stand; none: UTF-8\n" HELP_SHARED
    " -q, --quiet          no summary, no progress line\n"
    " -h, --help           this text; --version: the version and the SHA-256 kernel\n"
    "\n"
    "Examples:\n"
    "  confiture check db/schema\n"
    "  git ls-files -z '*.sql' | confiture check --files0-from=-\n";

/* clang-format on */

const char *help_text(unsigned command) {
    switch (command) {
    case COMMAND_BUILD: return help_build;
    case COMMAND_HASH: return help_hash;
    case COMMAND_LIST: return help_list;
    case COMMAND_CHECK: return help_check;
    default: return help_overview;
    }
}
