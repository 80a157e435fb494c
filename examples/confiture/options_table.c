/* options_table.c: all options in one table, which the parser reads and --help prints. */
#include "command.h"

#define LISTED (COMMAND_BUILD | COMMAND_HASH | COMMAND_LIST | COMMAND_CHECK | COMMAND_LOCATE)
#define ALL (LISTED | COMMAND_DIFF)
#define BUILD COMMAND_BUILD
#define HASH COMMAND_HASH
#define LIST COMMAND_LIST
#define DIFF COMMAND_DIFF
#define LOCATE COMMAND_LOCATE
#define SEARCH (ALL | OPTION_SEARCH | GROUP_FILES)
#define AT(member) offsetof(struct options, member)

/* In the order of --help; a meaning has at most 57 characters in a line. */
const struct option option_table[] = {
    {"output", 'o', KIND_TEXT, BUILD | GROUP_OUTPUT, AT(output), "FILE",
     "write FILE, whole or not at all; - (default): stdout"},
    {"split", 0, KIND_TEXT, BUILD | LOCATE | GROUP_OUTPUT, AT(split), "OUTDIR",
     "OUTDIR/schema_E_{superuser_pre,app,superuser_post}.sql"},
    {"pre", 0, KIND_LIST, BUILD | LOCATE | GROUP_OUTPUT, AT(pre), "D",
     "with --split: files below D are superuser_pre; repeatable"},
    {"post", 0, KIND_LIST, BUILD | LOCATE | GROUP_OUTPUT, AT(post), "D",
     "with --split: those below D are superuser_post; repeatable"},
    {"map", 0, KIND_TEXT, BUILD | GROUP_OUTPUT, AT(map), "FILE",
     "write a map of the lines; with --split FILE is a directory"},
    {"if-changed", 0, KIND_FLAG, BUILD | GROUP_OUTPUT, AT(if_changed), NULL,
     "leave FILE alone if it already holds these bytes"},
    {"sync", 0, KIND_FLAG, BUILD | GROUP_OUTPUT, AT(sync), NULL, "wait until FILE is on the disk"},
    {"verify", 0, KIND_FLAG, BUILD | GROUP_OUTPUT, AT(verify), NULL,
     "write nothing; say where FILE is out of date, and exit 1"},

    {"separator", 0, KIND_CHOICE, BUILD | LOCATE | GROUP_CONTENT, AT(separator),
     "block_comment line_comment mysql custom none",
     "block_comment (default), line_comment, mysql, custom, none"},
    {"template", 0, KIND_TEXT, BUILD | LOCATE | GROUP_CONTENT, AT(template_text), "T",
     "for custom: {file_path} is the name, {{ and }} are braces"},
    {"header", 0, KIND_FLAG, BUILD | LOCATE | GROUP_CONTENT, AT(header), NULL,
     "add a header: environment, time, digest, number of files"},
    {"environment", 0, KIND_TEXT, BUILD | LOCATE | GROUP_CONTENT, AT(environment), "E",
     "environment, E of --split and the header; default: local"},
    {"timestamp", 0, KIND_TEXT, BUILD | LOCATE | GROUP_CONTENT, AT(timestamp), "T",
     "time in the header instead of now; none: left empty"},
    {"keep-line-ends", 0, KIND_FLAG, BUILD | LOCATE | GROUP_CONTENT, AT(keep_line_ends), NULL,
     "leave CRLF and CR; check postgres refuses a CR alone"},
    {"schema-only", 0, KIND_FLAG, BUILD | LIST | LOCATE | GROUP_CONTENT, AT(schema_only), NULL,
     "leave seed files out"},
    {"check", 0, KIND_CHOICE, BUILD | COMMAND_CHECK | LOCATE | GROUP_CHECK, AT(check),
     "auto postgres quotes reference none",
     "auto (default): postgres; build --separator mysql: none;\n"
     "postgres: what would swallow, cut or spoil the next file;\n"
     "quotes: only open comments, quotes and COPY data;\n"
     "reference: /* and */, also in strings; none: only UTF-8"},
    {"terminate", 0, KIND_FLAG, BUILD | COMMAND_CHECK | LOCATE | GROUP_CHECK, AT(terminate), NULL,
     "add ';' to a file's unended statement; check postgres only"},
    {"strip-bom", 0, KIND_FLAG, BUILD | COMMAND_CHECK | LOCATE | GROUP_CHECK, AT(strip_bom), NULL,
     "remove a byte order mark at the start of a file"},
    {"strict", 0, KIND_FLAG, COMMAND_CHECK | GROUP_CHECK, AT(strict), NULL,
     "let notes fail the check, too"},
    {"no-notes", 0, KIND_FLAG, COMMAND_CHECK | GROUP_CHECK, AT(no_notes), NULL, "print no notes"},

    {"digest", 0, KIND_CHOICE, HASH | OPTION_DIGEST | GROUP_RESULT, AT(digest), "stream tree text",
     "stream (default): SHA-256 of name NUL bytes NUL of each\n"
     "file; tree: of the SHA-256 of each of these, which is\n"
     "also right for files that hold NUL, and more parallel;\n"
     "text: of name NUL text NUL: the same for CRLF and LF"},
    {"bare", 0, KIND_FLAG, HASH | GROUP_RESULT, AT(bare), NULL, "print the digest alone"},
    {"check", 'c', KIND_TEXT, HASH | GROUP_RESULT, AT(hash_check), "FILE",
     "compute again each digest in FILE (-: stdin), as\n"
     "sha256sum -c does: OK, or FAILED and exit status 1"},
    {"null", '0', KIND_FLAG, LIST | GROUP_RESULT, AT(null), NULL,
     "end each name with NUL instead of a newline"},
    {"digests", 0, KIND_FLAG, LIST | GROUP_RESULT, AT(digests), NULL,
     "print the SHA-256 of each file, as sha256sum does"},
    {"size", 0, KIND_FLAG, LIST | GROUP_RESULT, AT(sizes), NULL,
     "print the size of each file in bytes"},
    {"explain", 0, KIND_FLAG, LIST | OPTION_SEARCH | GROUP_RESULT, AT(explain), NULL,
     "say of each file which DIR and pattern found it and what\n"
     "placed it, and of others what left them out"},
    {"quiet", 'q', KIND_FLAG, DIFF | GROUP_RESULT, AT(quiet), NULL,
     "print nothing but warnings: the exit status tells"},
    {"null", 'z', KIND_FLAG, DIFF | GROUP_RESULT, AT(null), NULL,
     "end letters and names with NUL, and quote and explain\n"
     "nothing, as 'git diff --name-status -z' does"},
    {"color", 0, KIND_CHOICE, DIFF | GROUP_RESULT, AT(color), "auto always never",
     "auto (default): on a terminal, unless NO_COLOR is set"},

    {"line", 'n', KIND_LIST, LOCATE | GROUP_RESULT, AT(lines), "LINE",
     "print the source of this line of the schema; repeatable"},
    {"back", 0, KIND_LIST, LOCATE | GROUP_RESULT, AT(back), "F:LINE",
     "print the line of the schema for line LINE of file F"},
    {"output", 'o', KIND_TEXT, LOCATE | GROUP_RESULT, AT(output), "FILE",
     "the schema; an error unless it has the bytes of a build"},
    {"map", 0, KIND_TEXT, LOCATE | GROUP_RESULT, AT(map), "FILE",
     "read a map that build --map has written; without DIRs it\n"
     "is not checked, with DIRs it must be theirs; --header\n"
     "without --timestamp only its files and lines are compared"},
    {"phase", 0, KIND_CHOICE, LOCATE | GROUP_RESULT, AT(phase),
     "any superuser_pre app superuser_post", "with --split: the schema of -n, and of <stdin>"},

    {"include", 0, KIND_LIST, SEARCH | OPTION_DIGEST, AT(include), "P",
     "take files that match P, not **/*.sql; repeatable"},
    {"exclude", 0, KIND_LIST, SEARCH | OPTION_DIGEST, AT(exclude), "P",
     "skip files that match P; repeatable"},
    {"exclude-dir", 0, KIND_LIST, SEARCH | OPTION_DIGEST, AT(exclude_dirs), "D",
     "skip files below D, from here or from DIR; repeatable"},
    {"no-recursive", 0, KIND_FLAG, SEARCH | OPTION_DIGEST, AT(not_recursive), NULL,
     "take only files in DIR itself"},
    {"allow-missing", 0, KIND_FLAG, SEARCH | OPTION_DIGEST, AT(allow_missing), NULL,
     "skip a DIR that is missing"},
    {"unique", 0, KIND_FLAG, LISTED | OPTION_SEARCH | GROUP_FILES | OPTION_DIGEST, AT(unique), NULL,
     "take a file once, however often it is found"},
    {"sort", 0, KIND_CHOICE, SEARCH | OPTION_DIGEST, AT(sort), "path hex",
     "path (default), or hex: by prefixes such as 0A_users.sql"},
    {"base", 0, KIND_TEXT, DIFF | GROUP_FILES, AT(base), "D",
     "names are relative to D; default: to each DIR itself"},
    {"base", 0, KIND_TEXT, LISTED | OPTION_DIGEST | GROUP_FILES, AT(base), "D",
     "names are relative to D; default: what the DIRs have in\n"
     "common; for FILEs the current directory"},
    {"common-base", 0, KIND_FLAG, LISTED | OPTION_DIGEST | GROUP_FILES, AT(common_base), NULL,
     "for FILEs: names are relative to their common directory"},
    {"confine", 0, KIND_FLAG, ALL | GROUP_FILES, AT(confine), NULL,
     "make an error of a symbolic link out of the base"},
    {"files0-from", 0, KIND_TEXT, LISTED | OPTION_DIGEST | GROUP_FILES, AT(files0_from), "F",
     "take the paths in F (-: stdin), each ended by NUL, as\n"
     "'git ls-files -z' and 'find -print0' write them"},

    {"threads", 'j', KIND_NUMBER, ALL | GROUP_RUN, AT(threads), "N",
     "use at most N threads; default: chosen by the work"},
    {"max-file-size", 0, KIND_SIZE, ALL | GROUP_RUN, AT(max_file_size), "N",
     "make an error of a larger file; 64K, 1G; 0: no limit"},
    {"io", 0, KIND_CHOICE, ALL | GROUP_RUN, AT(io), "auto read mmap ring",
     "how files are read: auto (default), read, mmap or ring"},
    {"json", 0, KIND_FLAG, ALL | GROUP_RUN, AT(json), NULL,
     "print results and errors as JSON on standard output;\n"
     "'confiture help json' lists the keys"},
    {"quiet", 'q', KIND_FLAG, LISTED | GROUP_RUN, AT(quiet), NULL,
     "print no summary and no progress, but warnings"},
    {"help", 'h', KIND_FLAG, ALL | GROUP_RUN, AT(help), NULL, "print this text"},
    {"version", 'V', KIND_FLAG, ALL | GROUP_RUN, AT(version), NULL,
     "print the version and the SHA-256 kernel in use"},
};

const size_t option_count = sizeof option_table / sizeof option_table[0];

typedef char options_fit[sizeof option_table / sizeof option_table[0] <= MAX_OPTIONS ? 1 : -1];
