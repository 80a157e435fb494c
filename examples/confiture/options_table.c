/* options_table.c: every option in one table: the parser reads it, and --help prints it. */
#include "command.h"

#define ALL (COMMAND_BUILD | COMMAND_HASH | COMMAND_LIST | COMMAND_CHECK)
#define BUILD COMMAND_BUILD
#define HASH COMMAND_HASH
#define LIST COMMAND_LIST
#define SEARCH (ALL | OPTION_SEARCH | GROUP_FILES)
#define AT(member) offsetof(struct options, member)

/* In the order of --help; a meaning has at most 57 characters in a line. */
const struct option option_table[] = {
    {"output", 'o', KIND_TEXT, BUILD | GROUP_OUTPUT, AT(output), "FILE",
     "to FILE, whole or not at all; default, or -: stdout"},
    {"split", 0, KIND_TEXT, BUILD | GROUP_OUTPUT, AT(split), "OUTDIR",
     "OUTDIR/schema_E_{superuser_pre,app,superuser_post}.sql"},
    {"pre", 0, KIND_LIST, BUILD | GROUP_OUTPUT, AT(pre), "D",
     "of --split: below D is superuser_pre; repeatable"},
    {"post", 0, KIND_LIST, BUILD | GROUP_OUTPUT, AT(post), "D",
     "of --split: below D is superuser_post; repeatable"},
    {"if-changed", 0, KIND_FLAG, BUILD | GROUP_OUTPUT, AT(if_changed), NULL,
     "leave a FILE alone that holds these very bytes already"},
    {"sync", 0, KIND_FLAG, BUILD | GROUP_OUTPUT, AT(sync), NULL,
     "do not end before FILE is on the disk"},

    {"separator", 0, KIND_CHOICE, BUILD | GROUP_CONTENT, AT(separator),
     "block_comment line_comment mysql custom none",
     "before each file: block_comment (default),\n"
     "line_comment, mysql, custom or none"},
    {"template", 0, KIND_TEXT, BUILD | GROUP_CONTENT, AT(template_text), "T",
     "of custom: {file_path} is the name, {{ and }} are braces"},
    {"header", 0, KIND_FLAG, BUILD | GROUP_CONTENT, AT(header), NULL,
     "begin with environment, time, digest, number of files"},
    {"environment", 0, KIND_TEXT, BUILD | GROUP_CONTENT, AT(environment), "E",
     "in the header and the names of --split; default: local"},
    {"timestamp", 0, KIND_TEXT, BUILD | GROUP_CONTENT, AT(timestamp), "T",
     "in the header, instead of the time; none: left empty"},
    {"keep-line-ends", 0, KIND_FLAG, BUILD | GROUP_CONTENT, AT(keep_line_ends), NULL,
     "leave CRLF and CR as they are; default: LF for both"},
    {"schema-only", 0, KIND_FLAG, BUILD | GROUP_CONTENT, AT(schema_only), NULL,
     "without seed files"},
    {"check", 0, KIND_CHOICE, BUILD | COMMAND_CHECK | GROUP_CHECK, AT(check),
     "auto postgres quotes reference none",
     "auto (default): postgres; build --separator mysql: none;\n"
     "postgres: what would swallow, cut or spoil the next file;\n"
     "quotes: only open comments, quotes and COPY data;\n"
     "reference: /* and */, wherever they stand; none: UTF-8"},
    {"terminate", 0, KIND_FLAG, BUILD | COMMAND_CHECK | GROUP_CHECK, AT(terminate), NULL,
     "add ';' where a file leaves a statement unended, which\n"
     "is no finding then; only with the check postgres"},
    {"strip-bom", 0, KIND_FLAG, BUILD | COMMAND_CHECK | GROUP_CHECK, AT(strip_bom), NULL,
     "leave out a byte order mark at the start of a file"},
    {"strict", 0, KIND_FLAG, COMMAND_CHECK | GROUP_CHECK, AT(strict), NULL,
     "notes fail the check as well"},
    {"no-notes", 0, KIND_FLAG, COMMAND_CHECK | GROUP_CHECK, AT(no_notes), NULL, "print no notes"},

    {"digest", 0, KIND_CHOICE, HASH | OPTION_DIGEST | GROUP_RESULT, AT(digest), "stream tree",
     "stream (default): of name NUL bytes NUL of each file;\n"
     "tree: of the SHA-256 of that of each file; also right\n"
     "for files that hold NUL, and more parallel"},
    {"bare", 0, KIND_FLAG, HASH | GROUP_RESULT, AT(bare), NULL, "print the digest alone"},
    {"check", 'c', KIND_TEXT, HASH | GROUP_RESULT, AT(verify), "FILE",
     "compute again what FILE, or - for stdin, says, as\n"
     "sha256sum -c does: OK or FAILED, and exit status 1"},
    {"null", '0', KIND_FLAG, LIST | GROUP_RESULT, AT(null), NULL,
     "end each name with NUL, not with a newline"},
    {"digests", 0, KIND_FLAG, LIST | GROUP_RESULT, AT(digests), NULL,
     "before it the SHA-256 of the file, as sha256sum prints it"},
    {"size", 0, KIND_FLAG, LIST | GROUP_RESULT, AT(sizes), NULL,
     "before it the size of the file in bytes"},

    {"include", 0, KIND_LIST, SEARCH | OPTION_DIGEST, AT(include), "P",
     "files that match P, instead of **/*.sql; repeatable"},
    {"exclude", 0, KIND_LIST, SEARCH | OPTION_DIGEST, AT(exclude), "P",
     "no file that matches P; repeatable"},
    {"exclude-dir", 0, KIND_LIST, SEARCH | OPTION_DIGEST, AT(exclude_dirs), "D",
     "no file below D, from here or inside of DIR; repeatable"},
    {"no-recursive", 0, KIND_FLAG, SEARCH | OPTION_DIGEST, AT(not_recursive), NULL,
     "only files in DIR itself"},
    {"allow-missing", 0, KIND_FLAG, SEARCH | OPTION_DIGEST, AT(allow_missing), NULL,
     "a DIR that is missing is skipped, and no error"},
    {"unique", 0, KIND_FLAG, SEARCH | OPTION_DIGEST, AT(unique), NULL,
     "a file that is found twice counts once"},
    {"sort", 0, KIND_CHOICE, SEARCH | OPTION_DIGEST, AT(sort), "path hex",
     "path (default), or hex: by prefixes such as 0A_users.sql"},
    {"base", 0, KIND_TEXT, ALL | OPTION_DIGEST | GROUP_FILES, AT(base), "D",
     "names are relative to D; default: to what the DIRs\n"
     "share; for FILEs: to the current directory"},
    {"common-base", 0, KIND_FLAG, ALL | OPTION_DIGEST | GROUP_FILES, AT(common_base), NULL,
     "for FILEs: names are relative to what the FILEs share"},
    {"confine", 0, KIND_FLAG, ALL | GROUP_FILES, AT(confine), NULL,
     "a symbolic link out of that base is an error"},
    {"files0-from", 0, KIND_TEXT, ALL | OPTION_DIGEST | GROUP_FILES, AT(files0_from), "F",
     "the paths in F, each ended by NUL, as 'git ls-files -z'\n"
     "and 'find -print0' write them; - is stdin"},

    {"threads", 'j', KIND_NUMBER, ALL | GROUP_RUN, AT(threads), "N",
     "at most N threads; default: as many as the work deserves"},
    {"max-file-size", 0, KIND_SIZE, ALL | GROUP_RUN, AT(max_file_size), "N",
     "a file of more bytes is an error; also 64K, 1G; 0: none"},
    {"io", 0, KIND_CHOICE, ALL | GROUP_RUN, AT(io), "auto read mmap ring",
     "how files are read: auto (default), read, mmap or ring"},
    {"json", 0, KIND_FLAG, ALL | GROUP_RUN, AT(json), NULL,
     "results and errors as JSON on standard output;\n"
     "'confiture help json' lists the keys"},
    {"quiet", 'q', KIND_FLAG, ALL | GROUP_RUN, AT(quiet), NULL,
     "no summary and no progress line; warnings are printed"},
    {"help", 'h', KIND_FLAG, ALL | GROUP_RUN, AT(help), NULL, "print this text"},
    {"version", 'V', KIND_FLAG, ALL | GROUP_RUN, AT(version), NULL,
     "print the version and the SHA-256 kernel in use"},
};

const size_t option_count = sizeof option_table / sizeof option_table[0];

typedef char options_fit[sizeof option_table / sizeof option_table[0] <= MAX_OPTIONS ? 1 : -1];
