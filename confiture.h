/* confiture.h: generated from src/ by tools/amalgamate.py; edit the parts, not this. */

/* ---- public/manual.h: what it is, how it is used, what it guarantees ---- */

/* confiture.h - one schema and one digest from a tree of SQL files
 *
 * THE PROBLEM. A database schema often lives in many SQL files. A build or a deployment needs them
 * as one script, in the same order on every machine. A tool needs to know in milliseconds whether
 * a file has changed. A quote that one file leaves open swallows the next file, and psql reports
 * an error far from the cause. This library is for C and C++ tools, and for language bindings,
 * that solve these problems in process:
 *
 *     find -> order -> read -> { schema, digest, manifest, findings }
 *
 * It needs libc and pthreads, nothing else, and compiles as C99 and later and as C++11 and later.
 * It does not judge SQL and talks to no database. MIT licence, at the end of this file.
 *
 * The bytes are those of the Python tool "confiture". Where that tool's rules are undefined,
 * unsafe or silent, the library returns an error that names the file, and writes nothing.
 *
 *     TASK                                FUNCTION                            CHAPTER
 *     find the files below directories    confiture_find, _find_all           FINDING
 *     use a list of your own              confiture_files_from_paths, _list0  FINDING
 *     say why a file is where it is       confiture_find_options.explain      FINDING
 *     build the schema, into memory,      confiture_build,                    START,
 *       a sink or a file, or in three     confiture_build_sink, _file, _split BUILDING
 *     find the file of a schema's line    confiture_build_options.map         LINES
 *     see whether a schema is current     confiture_verify_file, _split_files VERIFYING
 *     find what would break the script    confiture_check                     CHECKING
 *     compute one digest of all files     confiture_hash                      HASHING
 *     compute a digest of each file       confiture_manifest                  HASHING
 *     use an allocator of your own        confiture_allocator                 MEMORY
 *     keep threads between calls          confiture_pool_create               THREADS
 *     use threads of your own             confiture_run.parallel_for          THREADS
 *     show progress, or cancel            confiture_run.progress              THREADS
 *     choose how files are read           confiture_run.io, .max_file_size    READING
 *     read and write sums, and tell       confiture_sums_read, _of, _write,   COMPARING
 *       what has changed                  confiture_diff
 *     hash bytes of your own              confiture_sha256_once               (its declaration)
 *
 * The other chapters are ERRORS, GUARANTEES, WINDOWS and SWITCHES.
 *
 * ==== START ====
 * One C or C++ file of a program defines CONFITURE_IMPLEMENTATION before it includes the header;
 * all others include the header alone. A complete program:
 *
 *     #define CONFITURE_IMPLEMENTATION
 *     #include "confiture.h"
 *     #include <stdio.h>
 *     #include <string.h>
 *
 *     int main(void) {
 *         confiture_files *files = NULL;
 *         confiture_schema schema;
 *         confiture_error error;
 *         int failed;
 *         memset(&schema, 0, sizeof schema);
 *         failed = confiture_find(&files, "db/schema", NULL, &error) ||
 *                  confiture_build(&schema, files, NULL, &error);
 *         if (failed) {
 *             fprintf(stderr, "%s\n", error.message);
 *         } else {
 *             fwrite(schema.data, 1, schema.size, stdout);
 *             fprintf(stderr, "%zu files, %s\n", schema.file_count, schema.digest_hex);
 *         }
 *         confiture_schema_free(&schema);
 *         confiture_files_free(files);
 *         return failed;
 *     }
 *
 * Some systems need -pthread for the threads:
 *
 *     $ cc schema.c -o schema -pthread && ./schema > schema.sql
 *
 * OPTIONS. Every options struct may be NULL or all zero; zero is the default of each member. Set
 * the whole struct to zero, then set members by name:
 *
 *     confiture_build_options options;
 *     memset(&options, 0, sizeof options);
 *     options.separator = CONFITURE_SEPARATOR_LINE_COMMENT;
 *     options.schema_only = true;
 *     options.run.threads = 4;
 *     if (confiture_build_file(&schema, "schema.sql", files, &options, &error)) return 1;
 *
 * In the snippets below, build_options and the like are structs that have been set to zero. A
 * newer header adds members at the end of a struct; zero means what was done before. Versions have
 * no common binary interface: recompile. CONFITURE_VERSION_NUMBER is for #if.
 *
 * ==== FINDING ====
 * PATTERNS are those of Python's pathlib 3.11. They are split at "/". A component "**" matches
 * this directory and all below it, without following symbolic links. Any other component matches
 * one name with * ? [seq] [!seq]; case counts, and wildcards match a leading dot. A component
 * without wildcards is looked up. An empty one is dropped, so "*.sql/" also matches files, where
 * pathlib 3.11 matches directories alone. In a recursive directory, the default, a pattern applies
 * at any depth. Exclude patterns match from the right: "test_*" excludes a file of that name
 * anywhere, and old/?* every file directly in a directory called old. exclude_dirs are compared
 * with the path of each file as text, by components: s/x excludes s/x/a.sql and keeps s/xy/a.sql.
 *
 * A missing directory is skipped, unless must_exist. Three things are errors: a search that finds
 * no file; a directory anywhere below that cannot be read, since a lack of permission must not
 * remove files from a schema; a directory, or a component without wildcards, that is a link to
 * nowhere or in a circle. A path that a wildcard finds is opened when it is read: a dangling link,
 * or a directory called x.sql, is an error then.
 *
 * A mistyped pattern usually matches nothing, and changes what is found. Flags show what matched:
 *
 *     static const char *const exclude[] = {"*_test.sql", "*_darft.sql"};
 *     bool matched[2] = {false, false};
 *     confiture_directory directory;
 *     memset(&directory, 0, sizeof directory);
 *     directory.path = "db/schema";
 *     directory.exclude = exclude;
 *     directory.exclude_count = 2;
 *     directory.exclude_matched = matched;
 *     if (confiture_find_all(&files, &directory, 1, NULL, &error)) return 1;
 *     if (!matched[1]) fprintf(stderr, "%s matches no file\n", exclude[1]);
 *
 * CONFINING is for trees that others can write to. By default symbolic links are followed wherever
 * they lead, except by "**". With options.confine a link that leads out of the base is E_OUTSIDE,
 * and the error names the link. A search has to look at links alone; a caller's own list costs a
 * look at each file. A file that becomes a link between finding and reading is E_CHANGED. On Linux
 * 5.6 and later, openat2() opens files without leaving the base: a link that has been redirected
 * since, or a directory that has been replaced by a link, is E_OUTSIDE if it leads out. Other
 * systems, and filters that forbid openat2(), do not show these two changes. A filter that kills
 * for an unknown call kills the host at openat2(): do not confine there. Hard links and mounts are
 * never seen. Except on Linux, a directory of a confined list that can be entered but not read is
 * an error.
 *
 * ORDER. The default order compares component by component: a/1.sql, then a-b/1.sql, then a.sql.
 * CONFITURE_SORT_HEX orders by the hexadecimal number before the first "_" of each name
 * (0A_users.sql), if any name has one; names without one come last, by name; the path breaks ties.
 * A path that overlapping directories or patterns find twice is kept twice, unless options.unique.
 *
 * REASONS. options.explain is called after the search: for each file of the list, with the
 * directory and the pattern that found it and its place in both orders; then for what was left
 * out, with the exclude that did it. An excluded directory is not entered, so it stands for all
 * below it. A file whose extension differs from a pattern in case alone, such as X.SQL, is
 * mentioned. What no pattern matches is not:
 *
 *     static void print_reason(void *user, const confiture_explanation *why) {
 *         FILE *out = (FILE *)user;
 *         if (why->outcome == CONFITURE_OUTCOME_LISTED)
 *             fprintf(out, "%s: found by %s\n", why->path, why->pattern);
 *         else if (why->excluded_by != NULL)
 *             fprintf(out, "%s: left out by %s\n", why->path, why->excluded_by);
 *     }
 *
 *     find_options.explain = print_reason;
 *     find_options.explain_user = stderr;
 *     if (confiture_find(&files, "db/schema", &find_options, &error)) return 1;
 *
 * NAMES. The name of a file is its path relative to the base, with "/" on every system. Separators
 * show the name, and digests cover it. The base is options.base; without it, the one directory
 * that is searched, or what several have in common in whole components, with links resolved; for a
 * caller's own list the current directory, or, with options.common_base, what the directories of
 * its files have in common. A name that is not UTF-8 or holds a control character
 * (Unicode's Cc) is E_NAME; a file that is not below the base is E_OUTSIDE.
 *
 * ==== BUILDING ====
 * Text is strictly UTF-8. CRLF and lone CR become LF, unless keep_line_ends, and a missing final LF
 * is added. Only terminate and strip_bom change anything else. A separator precedes each file. A
 * header, if asked for, comes first and shows the stream digest of the files, which is known last:
 * a build into memory or a file fills it in afterwards. The digest is made from the same bytes in
 * memory as the schema, which holds them as text, with separators.
 *
 * schema_only leaves seed files out of the output and the count. They are neither checked nor
 * decoded, but the digest covers them. A split build sends the files below pre_dirs and post_dirs
 * to schemas of their own; each header shows the digest of all files and its own count.
 *
 * A block_comment separator refuses a name that holds the characters that end a comment. Under the
 * checks postgres and quotes it also refuses those that open one, as in a directory before a file
 * called "*x.sql": PostgreSQL's comments nest, so all that follows would be comment. With another
 * check or separator such a name is written as the Python tool writes it.
 *
 * SINKS receive the bytes in order:
 *
 *     #include <errno.h>
 *     static int write_stream(void *user, const void *data, size_t size) {
 *         return fwrite(data, 1, size, (FILE *)user) == size ? 0 : EIO;
 *     }
 *
 *     confiture_sink sink = {write_stream, stdout};
 *     if (confiture_build_sink(&schema, &sink, files, NULL, &error)) return 1;
 *
 * WRITING. A build to a file writes a new file beside the old one, then renames it. On Linux the
 * new file has no name before it is complete, where the file system allows that. Otherwise, and
 * for the moment before the rename, its name is .confiture-, 16 random hexadecimal digits, and
 * .tmp. No later build removes such a file, since it may belong to a build on another machine. The
 * directory must exist. A symbolic link stays, and its target is replaced. An output that lies
 * among the inputs is left out: it is neither read nor counted nor hashed. schema.left_out counts
 * such files, since another call with the same list gives another digest.
 *
 * Nobody has more rights on the new file than on the old one. The new file has the old permission
 * bits, without setuid, setgid and sticky. It has the old group if the writer may set it;
 * otherwise the group and the others get no more than both had. On Linux a POSIX ACL is kept, or
 * fewer rights make up for it; an ACL that only the directory would give is not taken. Owner, hard
 * links, extended attributes (user.* too) and other systems' ACLs are not kept. A file that did
 * not exist has the rights that umask and directory give.
 *
 * keep_unchanged compares the bytes with the file while they are made, in bounded memory. Nothing
 * is created or written before a byte differs, so a read-only file system is no obstacle. If
 * somebody else writes to the file meanwhile, the build may be E_CHANGED.
 *
 * Devices, FIFOs and open files (/dev/stdout, /dev/fd/N, /proc/PID/fd/N) are written to in place
 * and never truncated. A descriptor of this process is written to at its position, another
 * process's file at its end. The schema is held in memory first, so a build that fails writes
 * nothing. A reader that leaves is an error (EPIPE), without SIGPIPE; it keeps what it has read.
 *
 * A split build renames none of its three files before all are complete. If a rename fails, the
 * earlier renames are undone, where the system lets an old file have a second name meanwhile.
 *
 * ==== LINES ====
 * An error of psql names a line of the schema. A map says which file has that line. Any build makes
 * one, at the cost of counting its line ends and of one more SHA-256, of the schema's bytes:
 *
 *     confiture_map map;
 *     confiture_place place;
 *     memset(&map, 0, sizeof map);
 *     build_options.map = &map;
 *     if (confiture_build_file(&schema, "schema.sql", files, &build_options, &error)) return 1;
 *     place = confiture_map_find(&map, 8123);
 *     if (place.kind == CONFITURE_PLACE_TEXT)
 *         printf("%s:%lu\n", map.entries[place.entry].path, (unsigned long)place.line);
 *     confiture_map_free(&map);
 *
 * Lines are counted, never searched for: text that looks like a separator changes nothing. A build
 * without a map counts nothing. A split build fills an array of three maps.
 *
 * psql names the line in which a statement was sent, most often its last.
 * confiture_statement_line() reads the file again and finds the line in which it began.
 *
 * A MAP AS A FILE is put in place together with the schema by build_options.map_paths, written to
 * a sink by confiture_map_write(), and read by confiture_map_read(). It is UTF-8 with LF at the
 * end of each line:
 *
 *     confiture map 1
 *     schema SHA256 LINES FILES
 *     SEPARATOR FIRST COUNT NAME
 *     SEPARATOR FIRST COUNT NAME<tab>PATH
 *
 * The first line has the version of the format. SHA256 is that of the schema's bytes, so a map
 * shows to which schema it belongs. LINES is the number of its lines. FILES lines follow, one for
 * each file in the order of the schema: the line of its separator, the first line and the number
 * of lines of its text, its name, and its path, where that differs. In a path, bytes that are no
 * UTF-8, control characters and backslashes are written \xNN. A reader refuses numbers out of
 * order, and a file that ends early or late; a name may come twice, as a file may be listed twice.
 * A map of a split is a file for each of the three.
 *
 * ==== VERIFYING ====
 * A schema that is committed beside its sources goes out of date. confiture_verify_file() compares
 * the file with what its list builds, while the list is read, in bounded memory, and writes
 * nothing. It says where they part, and which file made the difference:
 *
 *     confiture_verification verification;
 *     if (confiture_verify_file(&verification, "schema.sql", files, &build_options, &error))
 *         return 1;
 *     if (!verification.matches) fprintf(stderr, "%s\n", verification.message);
 *
 * Such a message is "schema.sql:812: out of date: db/schema/10_tables/users.sql:17 differs".
 *
 * The list and the options must be those of the build. A difference is reported where the first
 * byte differs, and as far as the bytes show it. Separators that hold the name of their file show
 * files that are new, gone, left out or in another order. Without them such a file is a difference
 * in the text of the one after it. A text that looks like a separator, at the very place where the
 * file ends, is taken for one; further on, it makes a new file one in another order. Another style
 * of separators, and a header that only one of the two has, are recognised by their first lines.
 *
 * In a header the value of "Generated" may be any line. A difference in the number of files or in
 * the digest is reported only if nothing else differs. With the digest alone the sources changed
 * in a way that the schema does not show, as from CRLF to LF. The whole list is read in any case:
 * a file that fails its check, or cannot be read, comes before any difference.
 *
 * ==== CHECKING ====
 * The files of a list end up in one script. CONFITURE_CHECK_POSTGRES reads each file as psql does.
 * It finds what would swallow, cut or spoil the next file, and what would be lost. A file has at
 * most one finding, with the line where the cause begins:
 *   - a comment, '...', E'...', U&'...', "..." or $tag$...$tag$ never closed; comments nest. A tag
 *     of more than 255 bytes cannot be followed. standard_conforming_strings counts as on: a file
 *     that turns it off is read wrongly where it has a backslash in '...';
 *   - a statement never ended: tokens after the last ";" and after the last command that sends or
 *     resets (\g, \gx, \gset, \gexec, \r ...); "\;" ends nothing;
 *   - a parenthesis never closed: psql sends nothing at a ";" inside;
 *   - BEGIN ATOMIC never ended, by psql's own count of begin, case and end, in CREATE [OR REPLACE]
 *     FUNCTION or PROCEDURE;
 *   - \if without \endif; \elif, \else and \endif without \if; \if nested more than 16 deep, which
 *     the Python fallback follows;
 *   - \q, which ends the script; \restrict without its \unrestrict;
 *   - data lines after COPY ... FROM STDIN or STDOUT, or \copy, without a line \. after them;
 *     binary data has no such end;
 *   - whatever a line of psql's commands does: quotes and backticks in arguments end with the
 *     line, "\\" goes back to SQL, "\" begins the next command, some take the whole line, and an
 *     unknown one discards the rest of it;
 *   - NUL, since psql drops the rest of the line; a byte order mark at a file's start, which the
 *     server takes for part of a name anywhere but at the script's start;
 *   - in a build with keep_line_ends, which confiture_check() cannot know, a CR without LF.
 *
 * Nothing follows the last file of an output: a statement that it leaves unended is no finding,
 * but anything else is. Each phase of a split build has a last file.
 *
 *     static void print_finding(void *user, const confiture_finding *finding) {
 *         if (finding->severity == CONFITURE_SEVERITY_NOTE) ++*(size_t *)user;
 *         fprintf(stderr, "%s\n", finding->message);
 *     }
 *
 *     size_t notes = 0;
 *     check_options.on_finding = print_finding;
 *     check_options.finding_user = &notes;
 *     if (confiture_check(files, &check_options, &error)) return 1;
 *     printf("%zu notes\n", notes);
 *
 * LEVELS. DEFAULT, which the command calls auto, is POSTGRES; for a build with the mysql
 * separator, whose files are not for psql, it is NONE. QUOTES reads by the rules of POSTGRES and
 * reports open comments, quotes, dollar quotes and COPY data, and that CR. REFERENCE is the Python
 * tool's check: it knows comments but not strings, so it is sometimes wrong on valid SQL. At every
 * level, a file that is not UTF-8 is a finding.
 *
 * REMEDIES help trees whose files run one by one today. options.terminate adds ";" and a newline
 * where a file, the last one included, leaves a statement unended and nothing else open, or ends
 * with a psql variable that may be a statement. It adds none to a COPY that would then read the
 * next file as its data: that stays a finding. Only the check POSTGRES sees all of this: terminate
 * with another check is E_ARGUMENT. options.strip_bom leaves out a byte order mark at a file's
 * start. Neither changes the digest of the sources. confiture_check() takes both, too.
 *
 * NOTES change no status. Only confiture_check() reports them, to on_finding; no_notes turns them
 * off. A caller that wants notes to fail counts them, as above. Notes are about:
 *   - \ir and \include_relative, which look beside the built schema, not beside this file;
 *   - numbers that sort otherwise than a person expects, as 10_a before 2_b: in the default order
 *     of a search, by the digits at the start of files and directories, once a directory;
 *   - names of the list that differ only in case (A to Z, and the letters of Latin-1 and Latin
 *     Extended-A) or only in Unicode normalisation (those letters against the same with a
 *     combining mark, U+0300 to U+0328): some file systems, and some tools, hold only one of them;
 *   - a file that is listed twice;
 *   - files that a pattern such as *.sql left out only for the case of their ends (x.SQL), if
 *     nothing excludes them and no other pattern found them. Links are not looked at.
 *
 * VERSIONS. Where versions of psql differ, the check follows the newest, 18. They differ in
 * numbers and the names that touch them (1e'x' holds no E string, 1$a$ opens $a$), in \v as white
 * space, and in the list of commands, which has \restrict, \parse, \bind_named and the pipelines.
 * An older psql does not know a command of 18 and discards its line. Where server and psql differ,
 * the check reports what either holds open: an E'...' that goes on in the next line is a plain
 * '...' to psql. The line "\." ends CSV data too.
 *
 * NOT SEEN is what only the running script decides: "\set SINGLELINE on", which ends statements
 * with lines; what variables hold (a statement of variables alone, ":name", counts as ended, and
 * all branches of an \if that asks a variable or a command are read); what \i and \ir bring; a
 * COPY that the server refuses, whose data lines are then SQL; and ON_ERROR_STOP, transactions and
 * settings, which pass from file to file as intended.
 *
 * ==== HASHING ====
 * The stream digest changes when any name or byte does, if no file holds a NUL: "a" with the bytes
 * x NUL b NUL y has the stream digest of "a" with x and "b" with y. The tree digest tells these
 * apart. The text digest is that of the names and texts as a build has them by default: a checkout
 * with CRLF and one with LF agree, and so do a file with and one without a newline at its end. It
 * refuses NUL and what is not UTF-8. The Python tool has no such digest.
 *
 *     hash_options.kind = CONFITURE_DIGEST_TEXT;
 *     if (confiture_hash(&digest, files, &hash_options, &error)) return 1;
 *
 * A manifest has one digest per file:
 *
 *     size_t count = confiture_files_count(files);
 *     confiture_entry *entries = (confiture_entry *)malloc(count * sizeof *entries);
 *     char hex[65];
 *     if (entries != NULL && confiture_manifest(entries, files, NULL, &error) == CONFITURE_OK)
 *         for (size_t i = 0; i < count; i++) {
 *             confiture_sha256_hex(entries[i].sha256, hex);
 *             printf("%s  %s\n", hex, confiture_files_name(files, i));
 *         }
 *     free(entries);
 *
 * ==== COMPARING ====
 * Sums are names, each with the SHA-256 of the file's bytes. They are made of a list, or read from
 * a text that sha256sum, BSD's sha256 or the command's `list --digests` has printed. What has
 * changed since then:
 *
 *     confiture_sums *before = NULL, *after = NULL;
 *     confiture_changes changes;
 *     const char text[] =
 *         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  users.sql\n";
 *     if (confiture_sums_read(&before, text, sizeof text - 1, NULL, &error) ||
 *         confiture_sums_of(&after, files, NULL, &error) ||
 *         confiture_diff(&changes, before, after, NULL, &error))
 *         return 1;
 *     for (size_t i = 0; i < changes.count; i++) {
 *         const confiture_change *change = &changes.items[i];
 *         if (change->kind == CONFITURE_CHANGE_MODIFIED)
 *             printf("%s %s\n", change->new_name, change->reason ? change->reason : "");
 *     }
 *     confiture_changes_free(&changes);
 *     confiture_sums_free(after);
 *     confiture_sums_free(before);
 *
 * READING SUMS. A line is HEX, two spaces or a space and "*", and NAME; or SHA256 (NAME) = HEX. A
 * backslash at its start means that \\, \n and \r in NAME are escapes. Where the first line has one
 * space before NAME (BSD's sha256 -r), all have. If the text holds a NUL, lines end with NUL, as
 * those of `sha256sum -z`, and nothing is escaped; an empty line, or a sum after LF, is an error
 * then: a crash may leave zeros in a text. A CR before the end of a line, a byte order mark at the
 * start, blanks before HEX, empty lines and lines that begin with "#" are skipped. The name "-" is
 * refused, being that of standard input; the file "-" is written "./-". Unlike sha256sum, which
 * warns of a line that it does not understand, this is an error, and so is a last line without its
 * end: what was torn off could be half a name.
 *
 * NAMES are compared as they are. Sums that `list --digests` printed under --base need the same
 * base for the list.
 *
 * RENAMES are files with the same bytes, of which the old sums alone have one name, and the new
 * ones alone the other. If several have the same bytes, those that keep their last component are
 * paired first, in the order of names; the others in the order of their last components and names.
 * What is left over is added or deleted. A file that is copied is added.
 *
 * REASONS. If a modified file is at hand, being of a list, it is read once more. With both files at
 * hand, texts that are equal but for line endings (CRLF, LF, CR), one final newline and one byte
 * order mark are recognised. With one file at hand, the digest of the other is compared with those
 * of all forms of this one: line endings as they are, all LF, or all CRLF; with each final newline
 * or none; with or without a mark. So a mixture of line endings that only the other file has is not
 * recognised, and neither is a CR alone: then the file is simply modified. An empty line more or
 * less at the end is more than a final newline.
 *
 * ORDER. The schema depends on the order of its files. If both sums are in an order that means
 * something, first_moved tells where that of their common files differs. Sums of a list have such
 * an order. Sums that were read have one if they are sorted as a search sorts: `find` and a shell
 * in another locale list files in an order of their own, which is no difference.
 *
 * Time grows as n log n with the number of names, and memory is about 100 bytes a name. A file that
 * is modified costs 200 bytes more while it is compared.
 *
 * ==== ERRORS ====
 * The message of a confiture_error is one line, in English whatever the locale:
 *
 *     db/schema/10_tables/users.sql:12: comment never closed
 *     db/schema/seeds/names.sql:3: not valid UTF-8, byte 214
 *     db/schema/private: permission denied
 *     db/schema/dump.sql: larger than the limit of 1048576 bytes
 *
 * The error is that of the first file in list order that has one, with one thread and with
 * sixty-four; error.index is its place in the list. confiture_find_all() documents the order of a
 * search. After a failure there is nothing to free that was not there before: files is NULL, and a
 * schema that was zero is zero.
 *
 * ==== MEMORY ====
 * All memory comes from options.run.allocator, or from malloc, or from what CONFITURE_MALLOC,
 * CONFITURE_REALLOC and CONFITURE_FREE name. This allocator limits a call to 8 MiB:
 *
 *     static void *limited_realloc(void *ctx, void *block, size_t old_size, size_t new_size) {
 *         size_t *left = (size_t *)ctx;
 *         void *moved = new_size > *left + old_size ? NULL : realloc(block, new_size);
 *         if (moved != NULL) *left += old_size - new_size;
 *         return moved;
 *     }
 *     static void *limited_alloc(void *ctx, size_t n) { return limited_realloc(ctx, NULL, 0, n); }
 *     static void limited_free(void *ctx, void *block, size_t size) {
 *         *(size_t *)ctx += size;
 *         free(block);
 *     }
 *
 *     size_t left = 8 << 20;
 *     confiture_allocator allocator = {limited_alloc, limited_realloc, limited_free, &left};
 *     build_options.run.allocator = &allocator;
 *     build_options.run.threads = 1;
 *     if (confiture_build(&schema, files, &build_options, &error)) return 1;
 *     confiture_schema_free(&schema);
 *
 * With more threads the counter would have to be atomic.
 *
 * Memory in flight is bounded, whatever the size of the tree. With files of a few KiB a call takes
 * at most 2 MiB and 2 MiB a thread. With large ones the batches that wait for their turn share
 * 4 MiB a thread, and 32 MiB in all; the batch at hand takes each thread up to 4 MiB more, and
 * 8 MiB where line ends are translated. A file of more than 2 MiB is read in pieces. A schema in
 * memory comes on top. The list takes about 40 bytes a file and the length of its path. The stack
 * takes at most 64 KiB a thread. A block of 512 KiB or more may be asked for in a multiple of
 * 2 MiB, and large pages are requested for it if it is malloc's, since the first touch of a small
 * page can cost more than filling it.
 *
 * When memory or descriptors run out (E_MEMORY, EMFILE, ENFILE), the helpers stop and release what
 * they hold, and so does a pool. The calling thread tries the file that failed once more, and then
 * goes on alone. So a call with many threads succeeds wherever a call with one thread does.
 *
 * ==== THREADS ====
 * Every call may be made from any thread. A confiture_sha256, a schema and an error belong to one
 * caller at a time; lists are shared freely. A call uses up to options.run.threads threads, fewer
 * when there is little to do: starting one can take as long as reading a hundred small files.
 * Callbacks come on the calling thread, one after another; allocators are called from all threads.
 * An idle thread looks for work for some 20 to 60 microseconds before it sleeps.
 *
 * A POOL keeps threads parked between calls, so that eight files per thread are enough. A pool
 * also keeps rings (READING) and up to 32 MiB of working memory for calls without an allocator.
 *
 *     if (confiture_pool_create(&hash_options.run.pool, 0, NULL, &error)) return 1;
 *     for (int i = 0; i < 10 && !confiture_hash(&digest, files, &hash_options, &error); i++)
 *         puts(digest.hex);
 *     confiture_pool_free(hash_options.run.pool);
 *
 * YOUR OWN THREADS do the work if you pass a parallel_for. They read files in rounds of about
 * 1 MiB a thread; between the rounds the calling thread writes and hashes. Put your scheduler's
 * call in the place of this loop:
 *
 *     static int each(void *user, size_t n, void (*task)(void *ctx, size_t index), void *ctx) {
 *         (void)user;
 *         for (size_t i = 0; i < n; i++) task(ctx, i);
 *         return 0;
 *     }
 *
 *     hash_options.run.parallel_for = each;
 *     if (confiture_hash(&digest, files, &hash_options, &error)) return 1;
 *
 * PROGRESS is called after every few files and every 256 KiB of a large one; non-zero cancels:
 *
 *     #include <time.h>
 *     static int is_late(void *user, const confiture_progress *progress) {
 *         fprintf(stderr, "%lu files\n", (unsigned long)progress->files);
 *         return time(NULL) > *(const time_t *)user;
 *     }
 *
 *     time_t deadline = time(NULL) + 10;
 *     build_options.run.progress = is_late;
 *     build_options.run.progress_user = &deadline;
 *     if (confiture_build(&schema, files, &build_options, &error)) return 1;
 *
 * A cancelled call starts no further batch, and stops those in progress after their file or piece.
 * With a parallel_for, progress is called between the rounds, and within a round after each batch
 * that the calling thread runs itself. Files of more than 2 MiB are then left to the calling
 * thread, which reports each piece.
 *
 * SIGNALS. The library's threads have every signal blocked from their first moment: a handler of
 * yours never runs on one, and a signal that you wait for with sigwait() or signalfd() is left to
 * you. That includes faults: a library thread that is hit by SIGBUS or SIGSYS ends the process,
 * handler or not. The calling thread keeps its mask. The stacks of the library's threads have
 * 512 KiB, or the system's default if that is less.
 *
 * CANCELLATION. pthread_cancel() on a thread that is inside a call takes effect after the call,
 * which completes. (Android has no pthread_cancel(). With CONFITURE_NO_THREADS a cancelled call
 * leaks what it held.) To end a call early, use progress.
 *
 * Callbacks, allocators and parallel_for must return. One that throws, calls longjmp() or ends its
 * thread leaks memory, descriptors and a temporary file, leaves helpers at work on freed data, and
 * keeps a pool busy for ever.
 *
 * ==== READING ====
 * One rule holds for every way of reading; THE RULE in scan/read.c, below, has the reasons. What
 * was read is accepted by what the file's own status says after the read:
 *   - it is a regular file, and it ends there: its size was read, or a read brought nothing. No
 *     file system is trusted with more, since kernel, network, FUSE and bind-mounted files end
 *     reads where they like;
 *   - it is of one state: its size is what was read, and its times are older than the start of the
 *     read by three seconds or more. Nearly every file on Linux passes with one read and one look.
 *     Elsewhere the times may show a write after its bytes do (on Windows when the writer closes
 *     the file), and every file is read twice.
 *
 * A file that was changed only just now, or does not report its size, is read again, between two
 * looks that must be equal, and must bring the same bytes. A call may first sleep until the clock
 * of the files has passed their times (at most some 25 ms before each reading, and most often once
 * for all files). A file that changes all the time is E_CHANGED after ten such readings. A file of
 * more than 2 MiB is read once, between two such looks.
 *
 * A path that no listing reports as a file (a link, or a path of a caller's own list) is looked at
 * before it is opened: a FIFO, a socket or a device is refused unopened. Other files are opened at
 * once. A FIFO that has taken its place since is opened without waiting, and then refused. If
 * another process holds a lease on a file (Linux, fcntl() with F_SETLEASE), the call waits until
 * it is released, or the kernel takes it, for a minute at most.
 *
 * CONFITURE_IO_MMAP, for files that cannot shrink, copies out of a mapping and uses the copy.
 * Mapping took 10 to 18 times as long as reading on files of up to 4 KiB, and 2 to 3 times as long
 * on files of 1 MiB (bench/RESULTS.md). The kernel kills the host with SIGBUS, which a library
 * cannot catch, if another process truncates the file meanwhile, a FUSE file system reports a size
 * that is too large, or a page cannot be read. AUTO never maps.
 *
 * CONFITURE_IO_RING hands the kernel a batch of small files to open, read and close with two
 * calls, by io_uring (Linux 5.19; many containers forbid it, and then files are read one by one).
 * It looks at each file by its name, since a ring has no fstat(). Where a system call is
 * expensive, as in many virtual machines, a ring is twice as fast; where it is cheap, a few per
 * cent. Where calls are expensive and the library has a thread for every processor, the helpers
 * also look at files by the ring, and with a pool the calling thread does. The kernel runs these
 * looks in threads of its own (iou-wrk), which end with the helpers; that of the calling thread
 * ends some time after the pool has been freed. Setting up a ring and taking it down takes some 40
 * microseconds: that is why AUTO waits for enough files, and why a pool keeps its rings. IO_READ
 * and IO_MMAP never ask for a ring. A seccomp policy may answer io_uring_setup() with an error; if
 * yours kills for the call, choose IO_READ or compile with CONFITURE_NO_URING.
 *
 * ==== GUARANTEES ====
 * Tests follow each promise, and fail without it. SECURITY.md says what is not promised.
 *
 * The same bytes as the Python reference, on every machine, processor, locale and file system,
 *   with any number of threads and any way of reading. [tests/parity, tests/everywhere,
 *   tests/windows]
 * SHA-256 is NIST's, on each kernel, at every alignment, in pieces and side by side; no byte
 *   before or after a message is read. [tests/known_answers, tests/unit/test_sha256.c]
 * No input, tree or name makes the library crash, hang, or access foreign memory; work and memory
 *   grow with the input, not with its square. (A file system that does not answer is waited for, a
 *   lease for a minute; a file without end, as FUSE can make one, ends at max_file_size.)
 *   [tests/fuzz, tests/hostile]
 * Any failure, at any time, either is an error with its status and path or makes no difference;
 *   nothing leaks, no descriptor stays open, no temporary file remains. [tests/faults,
 *   tests/unit/test_face.c]
 * The first error in list order is reported, whatever the threads did, also when descriptors or
 *   memory run out: where one thread has enough of them, many have (of memory a build may need
 *   30 KB more). Of failures that belong to no file (a signal to stop, a full disk) the first is
 *   reported. [tests/unit/test_scan.c, tests/unit/test_shortage.c, tests/unit/test_face.c,
 *   tests/faults]
 * Memory in flight is bounded as in MEMORY; a library thread takes no signal; a thread that is
 *   cancelled inside a call ends after it. [tests/unit/test_shortage.c, tests/unit/test_host.c]
 * A result has all bytes of each file, of one state, or the file is E_CHANGED: the rule is in
 *   READING. No look at a file can show: one write that is under way, without a pause, during all
 *   of the reading, or that was begun seconds before and goes on; writers through a shared
 *   mapping, which stamp the file once between two syncs; a clock that is set back meanwhile, or a
 *   server's that is wrong by more than three seconds; a status that a network's or FUSE's cache
 *   keeps although the file has changed; a time that its writer sets back where there is no time
 *   of change beside it (FAT, exFAT, SFTP); holes that are punched, where a file system stamps
 *   that last. The kernel's own files report no times: two equal reads vouch for them up to 2 MiB,
 *   and nothing beyond. Where times are in whole seconds, or in the future, only two equal reads
 *   between equal looks vouch for a file that was changed just now. With a ring also a rename,
 *   during the read, that leaves the file's times as they were (FAT, some servers) and puts an old
 *   file of equal size in the place of one that is just being written. A file that is emptied, cut
 *   or grown step by step is what it was at one step. Files are not a snapshot of each other.
 *   [tests/races, tests/faults, tests/hostile]
 * An output that is a file is the old file or the new one, after an error, a signal, or SIGKILL at
 *   any step; an output that is written in place may have received a part. SIGKILL may leave a
 *   .confiture-*.tmp: between naming and renaming, or from the start where files without names are
 *   unavailable. The pattern *.sql does not match it; "**" "/" "*" does. A kill between the
 *   renames of a split leaves some old, some new; after an error they are undone, where that is
 *   possible. [tests/races, tests/faults]
 * fork() while another thread works does no harm. The child may use the library, lists included,
 *   but not use or free the parent's pool, whose threads the child lacks. [tests/races]
 * The mask of processor features is the only global that changes. Only confiture_* is exported and
 *   only CONFITURE_* defined. 64 KiB of stack are enough, besides what libc and callbacks need. No
 *   locale, no stdio, no signal handler, no exit. [tests/hygiene, tests/compile]
 * The tests reach every line, except those named in tests/coverage/coverage_gaps.txt, and notice
 *   mistakes that are put in, except those explained in tests/mutants/mutants_explained.txt.
 *   [tests/coverage, tests/mutants]
 *
 * Untested, for want of machines: macOS and BSD (but the unit tests also run without the calls
 * that only Linux has), Windows itself (but wine), real 32-bit kernels. The code is written for
 * MSVC, too, but MSVC never ran: clang reads it by MSVC's rules. [tests/compile/msvc]
 *
 * ==== WINDOWS ====
 * Windows 8 and later, by mingw-w64. Paths are UTF-8, of any length, with "/" or "\"; names and
 * paths that come back have "/" ("C:/dir/x.sql"). Patterns are case-sensitive there, too.
 * Directories on several drives have nothing in common: a file on another drive is outside the
 * base. os_error is GetLastError(). A replaced file has the rights that its directory gives; a
 * read-only one is not replaced. Linking needs nothing; include windows.h before the
 * implementation if you need more of it than WIN32_LEAN_AND_MEAN leaves.
 *
 * ==== SWITCHES ====
 * Define before the implementation (and CONFITURE_STATIC before every include):
 *
 *     CONFITURE_STATIC       all functions private to the file that implements them
 *     CONFITURE_API          what precedes each function instead of extern
 *     CONFITURE_NO_THREADS   no pthreads; calls work on the calling thread, or on the
 *                            caller's own parallel_for
 *     CONFITURE_NO_MMAP      no mapping of files; IO_MMAP reads
 *     CONFITURE_NO_URING     no io_uring; IO_RING reads
 *     CONFITURE_NO_SIMD      portable C only, no use of the processor's extensions
 *     CONFITURE_NO_ALLOC     no malloc; every call must be given an allocator
 *
 * On 32-bit systems compile with -D_FILE_OFFSET_BITS=64: without it a file of 2 GiB or more is an
 * error. The header defines no feature-test macro and works when libc was included before it under
 * -std=c99. It may be included any number of times, declared first and implemented later.
 */

#ifndef CONFITURE_H
#define CONFITURE_H

/* ---- public/config.h: the user's macros, the version, the linkage ---- */

#define CONFITURE_VERSION_MAJOR 0
#define CONFITURE_VERSION_MINOR 2
#define CONFITURE_VERSION_PATCH 0
#define CONFITURE_VERSION "0.2.0"
/* For comparisons, also in #if: 10203 is 1.2.3. */
#define CONFITURE_VERSION_NUMBER                                                                   \
    (CONFITURE_VERSION_MAJOR * 10000 + CONFITURE_VERSION_MINOR * 100 + CONFITURE_VERSION_PATCH)

/* The linkage of every function. CONFITURE_STATIC makes all functions private to the file that
 * implements them, so that several files of one program can each hold an implementation. Without
 * it the user can define CONFITURE_API, for example as __declspec(dllexport). */
#if defined(CONFITURE_STATIC)
#undef CONFITURE_API
#if defined(__GNUC__) || defined(__clang__)
#define CONFITURE_API static __attribute__((unused))
#else
#define CONFITURE_API static
#endif
#elif !defined(CONFITURE_API)
#define CONFITURE_API extern
#endif

/* ---- public/api.h: public types and prototypes ---- */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ==== Errors ============================================================= */

/* The result of a call. Zero is success, so `if (confiture_x(...))` reads as "if it failed".
 * Pointers to options and to an error may be NULL. Any other required pointer that is NULL is
 * E_ARGUMENT, with a message that names the parameter. */
typedef enum confiture_status {
    CONFITURE_OK = 0,
    CONFITURE_E_ARGUMENT,  /* a required pointer is NULL; an option, pattern, template or timestamp
                            * is invalid */
    CONFITURE_E_MEMORY,    /* the allocator returned NULL, or the system has no memory */
    CONFITURE_E_SYSTEM,    /* the operating system refused; os_error says why */
    CONFITURE_E_NOT_FOUND, /* a directory with must_exist is missing */
    CONFITURE_E_NO_FILES,  /* the search, or a directory of a split, has no file */
    CONFITURE_E_NOT_FILE,  /* a directory, FIFO, socket or device where a file was expected */
    CONFITURE_E_OUTSIDE,   /* a file or a directory is not below the base directory */
    CONFITURE_E_CHANGED,   /* a file changed while it was being read */
    CONFITURE_E_TOO_LARGE, /* more bytes than one block of memory can hold on this machine */
    CONFITURE_E_NAME,      /* failed check: a file name is unsafe in SQL */
    CONFITURE_E_ENCODING,  /* failed check: a file is not valid UTF-8 */
    CONFITURE_E_UNCLOSED,  /* failed check: a file would spoil the next one, or lose bytes */
    CONFITURE_E_CANCELLED, /* the progress callback returned non-zero */
    CONFITURE_E_SINK,      /* the sink returned non-zero, which is in os_error */
    CONFITURE_E_LIMIT,     /* a file is larger than max_file_size */
    CONFITURE_E_FORMAT     /* text to be read is not in its format, or torn */
} confiture_status;

#define CONFITURE_NO_INDEX SIZE_MAX

/* What went wrong. Every call that fails fills the error that the caller passes; a call that
 * succeeds leaves it untouched. The struct owns nothing and needs no freeing. */
typedef struct confiture_error {
    confiture_status status;
    int os_error;    /* E_SYSTEM: errno, or GetLastError() on Windows, or what the caller's
                      * parallel_for returned; E_SINK: what the sink returned; else 0 */
    size_t index;    /* of the file in the list that was passed; else CONFITURE_NO_INDEX */
    uint64_t line;   /* from 1; 0: the error has no line */
    uint64_t offset; /* in bytes from 0. E_ENCODING: the invalid byte; E_LIMIT: the first excess */
    char path[4096]; /* the file or directory, byte for byte; empty: none. Of a longer path the end
                      * is kept, after "..." */
    char message[4608]; /* one line without a newline, ready to print: the path, ":line" if there is
                         * one, and the reason. Control characters and what is not UTF-8 are
                         * written \xNN */
} confiture_error;

/* A constant sentence for each status, never NULL. */
CONFITURE_API const char *confiture_status_text(confiture_status status);

/* CONFITURE_VERSION of the linked implementation. */
CONFITURE_API const char *confiture_version(void);

/* ==== How to run: memory, threads, progress ============================== */

/* The source of all memory. Several threads call the functions at the same time. Blocks are
 * aligned for any type, as malloc's are; NULL means no memory. realloc and free also receive
 * the size of the block; a realloc that returns NULL leaves the block as it was. */
typedef struct confiture_allocator {
    void *(*alloc)(void *ctx, size_t size);
    void *(*realloc)(void *ctx, void *block, size_t old_size, size_t new_size);
    void (*free)(void *ctx, void *block, size_t size);
    void *ctx; /* the first argument of each function */
} confiture_allocator;

/* Threads that stay parked between calls; see THREADS in the manual. A pool serves one call at
 * a time: a call that finds the pool busy works on the calling thread alone. */
typedef struct confiture_pool confiture_pool;

/* Creates a pool for `threads` threads: the calling thread and threads - 1 helpers. 0 asks for
 * one thread per processor, which is also the maximum, as is 256. A helper that cannot be
 * started makes the pool smaller. The allocator (NULL: the default) is copied; its ctx must
 * outlive the pool. On success *pool is the caller's, to be freed with confiture_pool_free();
 * on failure (E_MEMORY, E_ARGUMENT) *pool is NULL. */
CONFITURE_API confiture_status confiture_pool_create(confiture_pool **pool, size_t threads,
                                                     const confiture_allocator *allocator,
                                                     confiture_error *error);
/* Joins the helpers and frees the pool, which no call may be using. NULL is allowed. */
CONFITURE_API void confiture_pool_free(confiture_pool *pool);

/* How files are read. The results are the same; see READING in the manual. */
typedef enum confiture_io {
    CONFITURE_IO_AUTO = 0, /* RING from 96 files on, or from 16 with a pool; else READ */
    CONFITURE_IO_READ,     /* one file after another */
    CONFITURE_IO_MMAP,     /* copies out of a mapping: slower, and SIGBUS if a file shrinks */
    CONFITURE_IO_RING      /* small files in batches, by io_uring; READ where that is unavailable */
} confiture_io;

/* How far a call has come. */
typedef struct confiture_progress {
    uint64_t files;       /* processed so far; while finding: found so far */
    uint64_t bytes;       /* read so far */
    uint64_t total_files; /* files of the list; 0 while finding */
} confiture_progress;

/* How a call runs; the first member of every options struct. Neither the bytes of a result nor
 * the choice of the reported error depends on it, except that max_file_size can make an error
 * of what would have been a result. */
typedef struct confiture_run {
    const confiture_allocator *allocator; /* NULL: CONFITURE_MALLOC and friends. Copied */
    size_t threads;       /* the maximum, with the calling thread; 0: up to 16; 1: start none. More
                           * than 256, or than this process has processors, are not used (a
                           * parallel_for may have more than those). Small work uses fewer */
    confiture_pool *pool; /* NULL: threads live for the call */
    /* The caller's own threads, instead of the library's. Does what
     *     for (size_t i = 0; i < n; i++) task(ctx, i);
     * does, in any order and on any threads, and returns when all tasks are done. A non-zero
     * result is reported as E_SYSTEM with that value as os_error (ENOMEM is E_MEMORY). Work left
     * undone is E_ARGUMENT. Like every callback it must return: no exception, no longjmp(). */
    int (*parallel_for)(void *user, size_t n, void (*task)(void *ctx, size_t index), void *ctx);
    void *parallel_user; /* passed on as user */
    /* Called on the calling thread now and then: PROGRESS in the manual. Non-zero cancels. */
    int (*progress)(void *user, const confiture_progress *progress);
    void *progress_user; /* passed on as user */
    confiture_io io;
    /* In bytes; 0: no limit. A larger file is E_LIMIT before it is read: at most its first 64 KiB
     * have been read by then. Of a file that reports no size, or that grows, no more than the
     * limit and one buffer are read. Finding reads no file and ignores the limit. */
    uint64_t max_file_size;
} confiture_run;

/* ==== Finding files ====================================================== */

/* An ordered list of files. Immutable: any number of threads may use it. */
typedef struct confiture_files confiture_files;

typedef enum confiture_sort {
    CONFITURE_SORT_PATH = 0, /* by path components, each by code point */
    CONFITURE_SORT_HEX       /* by the hexadecimal prefix of the names, if any name has one */
} confiture_sort;

/* One directory to search. All zero except path: every *.sql file below it. */
typedef struct confiture_directory {
    const char *path;
    const char *const *include; /* patterns; count 0: "**" "/" "*.sql" */
    size_t include_count;
    const char *const *exclude; /* patterns as in pathlib's PurePath.match() */
    size_t exclude_count;
    bool not_recursive; /* patterns apply from this directory on, not at any depth */
    bool must_exist;    /* a missing directory is E_NOT_FOUND; by default it is skipped */
    /* NULL, or one flag per pattern. A pattern that matches sets its flag to true, also where
     * another pattern excludes the file. The library never sets false: directories with equal
     * patterns may share flags. A call that fails has set the flags as far as it came. */
    bool *include_matched, *exclude_matched;
} confiture_directory;

/* What became of a file or a directory that a search met. */
typedef enum confiture_outcome {
    CONFITURE_OUTCOME_LISTED = 0,   /* the file is in the list */
    CONFITURE_OUTCOME_REPEATED,     /* unique: its path is in the list already */
    CONFITURE_OUTCOME_EXCLUDED,     /* an exclude pattern matches it */
    CONFITURE_OUTCOME_EXCLUDED_DIR, /* it is one of exclude_dirs, or an include directory below */
    CONFITURE_OUTCOME_LETTER_CASE /* only the case of its letters differs from a pattern whose last
                                     * component is "*" and text, such as *.sql; no link */
} confiture_outcome;

/* Why a file is in the list and where, or why it is not. Pointers live until the callback
 * returns. Patterns and excludes are the caller's own strings, or the default pattern. */
typedef struct confiture_explanation {
    confiture_outcome outcome;
    bool is_directory; /* an excluded directory, or a link to one: what is below it was not looked
                        * at */
    size_t index;      /* in the list; CONFITURE_NO_INDEX if it is not LISTED */
    const char *path;
    const char *name; /* relative to the base; NULL: it is not below the base, or the search has
                          * found nothing and has no base */
    size_t directory; /* the index of the include directory that met it; of LETTER_CASE the first */
    const char *pattern;     /* which found it; of what is excluded the first there that matches, or
                               * would be searched below it; NULL: the include directory itself is
                               * excluded */
    const char *excluded_by; /* EXCLUDED: the pattern; EXCLUDED_DIR: the directory; else NULL. The
                               * first that matches; directories come before patterns */
    size_t excluded_by_index; /* its index in exclude or in exclude_dirs */
    /* Of a LISTED file: its place. */
    confiture_sort sort;    /* in effect: PATH also if HEX is asked for and no name has a prefix */
    size_t path_index;      /* its index in the order of paths */
    size_t hex_index;       /* its index in the hexadecimal order; index is one of the two */
    const char *hex_value;  /* the prefix: upper-case digits without leading zeros; NULL: none */
    const char *hex_rest;   /* what is compared after it: the name after the "_" without its last
                             * suffix; without a prefix the name without its last suffix. A "." at
                             * the start or at the end begins none: .sql and a. are whole */
    bool lower_case_prefix; /* no prefix, since only upper case counts: 0a_users.sql. A word
                             * without a decimal digit, as in add_users.sql, is not meant */
} confiture_explanation;

/* Called on the calling thread at the end of a search: in list order for each file of the list,
 * then in the order of paths for what is not in it. A search that fails calls it only for the
 * latter, and only before E_NO_FILES. What no pattern matches is not mentioned. */
typedef void confiture_explain_callback(void *user, const confiture_explanation *explanation);

typedef struct confiture_find_options {
    confiture_run run;
    const char *base;                /* names are relative to it; NULL: NAMES in the manual */
    const char *const *exclude_dirs; /* leaves out all below these, compared by whole components */
    size_t exclude_dir_count;
    bool *exclude_dir_matched; /* as in confiture_directory: one flag each, or NULL */
    confiture_sort sort;
    bool unique;  /* a path that is found more than once is kept once */
    bool confine; /* a symbolic link that leads out of the base is E_OUTSIDE: CONFINING in the
                   * manual */
    bool
        common_base; /* of a caller's own list: the base is the longest prefix, in whole components,
                       * that the absolute paths of the files' directories share, or the current
                       * directory for an empty list. Links are not resolved. A relative path that
                       * leads above the current directory is E_OUTSIDE. E_ARGUMENT together with
                       * base or confine; a search ignores it */
    confiture_explain_callback *explain; /* NULL: nothing is explained, at no cost */
    void *explain_user;                  /* passed on as user */
} confiture_find_options;

/* Finds the .sql files below one directory. On success *files is the caller's, to be freed with
 * confiture_files_free(); on failure *files is NULL. */
CONFITURE_API confiture_status confiture_find(confiture_files **files, const char *directory,
                                              const confiture_find_options *options,
                                              confiture_error *error);

/* The same for several directories, each with its own patterns. Of several errors the first is
 * reported, in this order: options and patterns, directory by directory; the base of a confined
 * search; for each directory in the order given, for each of its patterns in the order given,
 * what is met in the order of paths; that there is no file; the base; the names in list order. */
CONFITURE_API confiture_status confiture_find_all(confiture_files **files,
                                                  const confiture_directory *directories,
                                                  size_t directory_count,
                                                  const confiture_find_options *options,
                                                  confiture_error *error);

/* Makes a list of the caller's own paths, in their order. The list may be empty. The strings are
 * copied. sort, unique, explain and the excludes are ignored. *files as for confiture_find(). */
CONFITURE_API confiture_status confiture_files_from_paths(confiture_files **files,
                                                          const char *const *paths,
                                                          size_t path_count,
                                                          const confiture_find_options *options,
                                                          confiture_error *error);

/* The same from list_size bytes of paths that each end in NUL, as `find -print0` writes them.
 * The last NUL may be missing. */
CONFITURE_API confiture_status confiture_files_from_list0(confiture_files **files, const char *list,
                                                          size_t list_size,
                                                          const confiture_find_options *options,
                                                          confiture_error *error);

/* The number of files; 0 for NULL. */
CONFITURE_API size_t confiture_files_count(const confiture_files *files);
/* The directory that names are relative to; NULL for NULL. Lives as long as the list. */
CONFITURE_API const char *confiture_files_base(const confiture_files *files);
/* The path that opens file `index`, and its name: the path relative to the base, with "/"
 * between components. Both live as long as the list; NULL if index is not below the count. */
CONFITURE_API const char *confiture_files_path(const confiture_files *files, size_t index);
CONFITURE_API const char *confiture_files_name(const confiture_files *files, size_t index);
/* Whether the name marks file `index` as seed data: some component has the word "seed" or
 * "seeds", as in seeds/users.sql or 30_seed_backend/x.sql. The base's own name, with links
 * resolved, counts as well: below db/seeds everything is seed data, and so it is below "."
 * there. Directories above the base do not count. */
CONFITURE_API bool confiture_files_is_seed(const confiture_files *files, size_t index);
/* NULL is allowed. */
CONFITURE_API void confiture_files_free(confiture_files *files);

/* ==== Checking =========================================================== */

/* What a check looks for: LEVELS in the manual. */
typedef enum confiture_check_mode {
    CONFITURE_CHECK_DEFAULT = 0, /* POSTGRES; NONE for a build with the mysql separator */
    CONFITURE_CHECK_POSTGRES,    /* what swallows, cuts or spoils the next file in psql */
    CONFITURE_CHECK_QUOTES,      /* of that only open comments, quotes and COPY data */
    CONFITURE_CHECK_REFERENCE,   /* the Python tool's check, which knows comments, but no strings */
    CONFITURE_CHECK_NONE         /* UTF-8 alone */
} confiture_check_mode;

typedef enum confiture_severity {
    CONFITURE_SEVERITY_ERROR = 0, /* fails the check or the build */
    CONFITURE_SEVERITY_NOTE       /* fails nothing; only confiture_check() reports notes */
} confiture_severity;

/* What is wrong with a file, or worth a note. Pointers live until the callback returns. */
typedef struct confiture_finding {
    confiture_status status; /* E_ENCODING or E_UNCLOSED; OK for a note */
    confiture_severity severity;
    size_t index; /* of the file in the list; CONFITURE_NO_INDEX: a note on a file outside it */
    const char *path;
    const char *name;    /* the path, if the file is not in the list */
    uint64_t line;       /* where it begins, from 1; 0: a note on a name */
    uint64_t offset;     /* E_ENCODING: of the invalid byte, from 0 */
    const char *what;    /* "comment never closed", "not valid UTF-8", ... */
    const char *message; /* path:line: what, ready to print */
} confiture_finding;

/* Called on the calling thread, in list order, at most once per file. Notes on a file come
 * in between. Notes on names come after all files, kind by kind, each kind in list order. */
typedef void confiture_finding_callback(void *user, const confiture_finding *finding);

typedef struct confiture_check_options {
    confiture_run run;
    confiture_check_mode mode;
    bool terminate; /* check for a build with the same two options: REMEDIES in the manual */
    bool strip_bom;
    bool no_notes;
    confiture_finding_callback *on_finding; /* NULL: stop at the first finding, without notes */
    void *finding_user;                     /* passed on as user */
} confiture_check_options;

/* Reads every file and checks that it is UTF-8 and harms no other file. The list counts as one
 * script: a statement that the last file leaves unended is no finding.
 * Without on_finding the call ends with the first failure in list order, a finding or another.
 * With on_finding the call goes on after findings and returns the status of the first, which
 * error then describes. Any other failure, such as a file that cannot be read, ends the call at
 * once with a status of its own; the files after that one are unchecked. */
CONFITURE_API confiture_status confiture_check(const confiture_files *files,
                                               const confiture_check_options *options,
                                               confiture_error *error);

/* ==== Hashing ============================================================ */

typedef enum confiture_digest_kind {
    CONFITURE_DIGEST_STREAM = 0, /* one SHA-256 over name NUL bytes NUL of every file, in order */
    CONFITURE_DIGEST_TREE,       /* SHA-256 over the SHA-256 of name NUL bytes NUL of every file */
    CONFITURE_DIGEST_TEXT        /* one SHA-256 over name NUL text NUL of every file, in order: the
                                  * text that a build has by default, with LF for CRLF and CR and
                                  * an LF at its end. A file that is not UTF-8 is E_ENCODING, and
                                  * one that holds NUL is E_UNCLOSED, both with their line */
} confiture_digest_kind;

typedef struct confiture_hash_options {
    confiture_run run;
    confiture_digest_kind kind;
} confiture_hash_options;

typedef struct confiture_digest {
    uint8_t bytes[32];
    char hex[65]; /* lower case, NUL-terminated */
    size_t file_count;
    uint64_t total_bytes; /* of the files as they are, whatever the kind */
} confiture_digest;

/* Hashes the names and raw bytes, or the texts, of the files. On failure *digest is all zero. */
CONFITURE_API confiture_status confiture_hash(confiture_digest *digest,
                                              const confiture_files *files,
                                              const confiture_hash_options *options,
                                              confiture_error *error);

/* One file in a manifest. */
typedef struct confiture_entry {
    uint64_t size;      /* bytes */
    uint8_t sha256[32]; /* of the raw bytes alone: what sha256sum prints */
} confiture_entry;

typedef struct confiture_manifest_options {
    confiture_run run;
} confiture_manifest_options;

/* Hashes each file on its own. entries is an array of confiture_files_count(files) items, which
 * the call fills in list order. */
CONFITURE_API confiture_status confiture_manifest(confiture_entry *entries,
                                                  const confiture_files *files,
                                                  const confiture_manifest_options *options,
                                                  confiture_error *error);

/* ==== Building =========================================================== */

/* The text that precedes each file; P is the file's name, BAR is 42 "=". */
typedef enum confiture_separator {
    CONFITURE_SEPARATOR_BLOCK_COMMENT = 0, /* a C comment of three lines */
    CONFITURE_SEPARATOR_LINE_COMMENT,      /* "-- BAR", "-- File: P", "-- BAR" */
    CONFITURE_SEPARATOR_MYSQL,             /* the same with "#" */
    CONFITURE_SEPARATOR_CUSTOM,            /* from separator_template */
    CONFITURE_SEPARATOR_NONE
} confiture_separator;

typedef struct confiture_header {
    const char *environment; /* one line of UTF-8; NULL: "local" */
    const char *timestamp;   /* ISO 8601; NULL: left empty. The library never asks the clock */
} confiture_header;

/* The lines of a schema that one file gave it. */
typedef struct confiture_map_entry {
    size_t index;     /* of the file in the list that was passed */
    const char *name; /* as in the separator; lives as long as the map */
    const char *path; /* with which the build opened it; lives as long as the map */
    /* Lines of the schema, from 1. psql ends a line at LF, and so does the map. */
    uint64_t separator_line; /* the first of the separator; without one it is first_line */
    uint64_t first_line;     /* of the text */
    uint64_t line_count;     /* of the text, at least 1; a ";" that terminate added comes after */
} confiture_map_entry;

/* Which lines of a schema come from which file. All zero before its first use. */
typedef struct confiture_map {
    confiture_map_entry *entries; /* one for each file of the schema, in its order */
    size_t count;
    uint64_t line_count;           /* of the schema, a header included */
    uint8_t sha256[32];            /* of the schema's bytes */
    size_t capacity;               /* bytes at entries */
    confiture_allocator allocator; /* the source of entries */
} confiture_map;

typedef struct confiture_build_options {
    confiture_run run;
    confiture_separator separator;
    const char *separator_template; /* CUSTOM: {file_path} becomes P; {{ and }} become braces */
    const confiture_header *header; /* NULL: none */
    bool schema_only;               /* leave seed files out of the output, but not of the digest */
    bool no_digest; /* hash nothing, and do not read what schema_only leaves out: digest_hex is
                     * empty. E_ARGUMENT with a header, which shows the digest */
    confiture_check_mode check;
    bool terminate; /* end the statements that files leave unended: REMEDIES in the manual */
    bool strip_bom; /* leave out the byte order mark at a file's start */
    confiture_finding_callback *on_finding; /* NULL: stop at the first finding; else report all and
                                             * write nothing, as in confiture_check() */
    void *finding_user;                     /* passed on as user */
    /* For split builds: files below these directories go to the first and the last of the three
     * schemas. A file below both kinds goes to the last. */
    const char *const *pre_dirs;
    size_t pre_dir_count;
    const char *const *post_dirs;
    size_t post_dir_count;
    /* A directory of these without a file of the list is E_NO_FILES, with its path. Such a name is
     * most often mistyped, and its files would run with other rights. */
    bool split_dirs_must_match;
    /* For builds to a file. */
    bool keep_unchanged; /* leave a file that already holds these bytes, and its time, alone */
    bool sync;           /* wait until the bytes, and then the rename, are on the disk */
    bool keep_line_ends; /* leave CRLF and CR as they are. A CR without LF ends no line for psql, so
                          * the checks postgres and quotes refuse it. A file that does not end in LF
                          * gets one */
    /* NULL: none. One map, or for a split an array of three, by phase. The build frees what they
     * hold and fills them; the caller frees them with confiture_map_free(). A build that fails
     * leaves them all zero. */
    confiture_map *map;
    /* For builds to a file: NULL, or the path of a file for the map; of three, by phase, for a
     * split. It is written as a schema is, and put in place together with it. E_ARGUMENT if it is
     * an output or a file of the list. options.map may be NULL. */
    const char *const *map_paths;
} confiture_build_options;

/* What was built. All zero before its first use. */
typedef struct confiture_schema {
    char *data;           /* the schema, NUL-terminated; NULL after a build to a sink or a file */
    size_t size;          /* bytes at data, without the NUL */
    uint64_t total_bytes; /* bytes of the schema, wherever they went */
    size_t file_count;    /* files in this schema */
    size_t left_out;      /* files of the list that are an output, and so no input; each schema of a
                           * split has the number for all three */
    uint8_t digest[32];   /* the stream digest of the list's files, except those left out */
    char digest_hex[65];
    bool unchanged;                /* keep_unchanged found the bytes in the file */
    size_t capacity;               /* of data */
    confiture_allocator allocator; /* the source of data */
} confiture_schema;

/* Builds into memory: schema->data is the caller's, to be freed with confiture_schema_free().
 * The memory of an earlier build is reused if it has the same allocator, and freed if not. On
 * failure data is NULL, or an empty string in the memory of the earlier build. */
CONFITURE_API confiture_status confiture_build(confiture_schema *schema,
                                               const confiture_files *files,
                                               const confiture_build_options *options,
                                               confiture_error *error);

/* A destination for bytes. write is called on the calling thread, in order, with few and large
 * runs. It returns 0, or a value like errno that ends the build as E_SINK. */
typedef struct confiture_sink {
    int (*write)(void *user, const void *data, size_t size);
    void *user; /* the first argument of write */
} confiture_sink;

/* Builds into a sink, in bounded memory. What schema held before is freed. After a failure the
 * sink may have received a part. With a header the whole schema is held in memory first, since
 * the header shows the digest of files that are read after it. */
CONFITURE_API confiture_status confiture_build_sink(confiture_schema *schema,
                                                    const confiture_sink *sink,
                                                    const confiture_files *files,
                                                    const confiture_build_options *options,
                                                    confiture_error *error);

/* Builds into the file `path`, in bounded memory, and replaces that file as a whole: WRITING in
 * the manual. What schema held before is freed. On failure `path` is as it was, with one exception:
 * if only the directory cannot be synced (options.sync), the new file is in place, and the message
 * says so. */
CONFITURE_API confiture_status confiture_build_file(confiture_schema *schema, const char *path,
                                                    const confiture_files *files,
                                                    const confiture_build_options *options,
                                                    confiture_error *error);

/* The three phases of a split build, in the order in which they run. */
enum { CONFITURE_SPLIT_PRE = 0, CONFITURE_SPLIT_APP = 1, CONFITURE_SPLIT_POST = 2 };

/* Builds three schemas from one list, by pre_dirs and post_dirs. A phase without files is empty;
 * the app phase has its header in any case. Memory as for confiture_build(). */
CONFITURE_API confiture_status confiture_build_split(confiture_schema schemas[3],
                                                     const confiture_files *files,
                                                     const confiture_build_options *options,
                                                     confiture_error *error);

/* The same into three different files, of which none is renamed before all are complete. */
CONFITURE_API confiture_status confiture_build_split_files(confiture_schema schemas[3],
                                                           const char *const paths[3],
                                                           const confiture_files *files,
                                                           const confiture_build_options *options,
                                                           confiture_error *error);

/* Frees data and sets the struct to zero. NULL and a struct of zeros are allowed. */
CONFITURE_API void confiture_schema_free(confiture_schema *schema);

/* ==== Verifying ========================================================== */

/* How a file differs from the schema of a list, at the first byte that differs. "index" and
 * "source_line" mean that the members of these names are set. */
typedef enum confiture_difference {
    CONFITURE_DIFFERENCE_NONE = 0,   /* the file is what the list builds */
    CONFITURE_DIFFERENCE_ABSENT,     /* there is no such file */
    CONFITURE_DIFFERENCE_TEXT,       /* a line of a file of the list: index, source_line */
    CONFITURE_DIFFERENCE_LONGER,     /* it goes on after the last line of a file: index,
                                      * source_line, that last line */
    CONFITURE_DIFFERENCE_LINE_ENDS,  /* one has LF where the other has CR or CRLF; in the text of a
                                      * file: index, source_line */
    CONFITURE_DIFFERENCE_NEW,        /* it lacks a file of the list: index */
    CONFITURE_DIFFERENCE_GONE,       /* it has a file that is not in the list: name */
    CONFITURE_DIFFERENCE_LEFT_OUT,   /* it has a file of the list that does not belong to this
                                      * schema: a seed file with schema_only, one of another phase,
                                      * or an output: index */
    CONFITURE_DIFFERENCE_ORDER,      /* it has this file at another place, or once more: index */
    CONFITURE_DIFFERENCE_SEPARATOR,  /* the separator before a file: index; or the style of all */
    CONFITURE_DIFFERENCE_ENDS_EARLY, /* before the end of a file, or of its separator: index; in the
                                      * text also source_line; or inside the header; or empty */
    CONFITURE_DIFFERENCE_HAS_MORE,   /* after the end of what the list builds */
    CONFITURE_DIFFERENCE_HEADER,     /* a line of the header; or one of the two has no header */
    CONFITURE_DIFFERENCE_DIGEST      /* the digest in the header alone */
} confiture_difference;

/* What a verification found. It owns nothing. */
typedef struct confiture_verification {
    bool matches; /* the file is what the list builds */
    confiture_difference difference;
    uint64_t line;        /* of the file, from 1, with the first byte that differs; the line after
                           * its last if it ends too early; 0: it matches or is absent */
    size_t index;         /* of a file in the list that was passed; else CONFITURE_NO_INDEX */
    uint64_t source_line; /* of that file, from 1; 0: none. As in confiture_place */
    char name[4096];      /* GONE: the name in the separator; of a longer one the end; else empty */
    char message[8704];   /* one line, ready to print: path, ":line", ": out of date: ", and the
                           * difference; empty if the file matches */
    uint64_t total_bytes; /* of the file if it matches; else 0 */
    size_t file_count;    /* files in the schema of the list */
    size_t left_out;      /* as in confiture_schema */
    uint8_t digest[32];   /* the stream digest of the list's files, except those left out */
    char digest_hex[65];
} confiture_verification;

/* Says whether the file `path` holds what confiture_build_file() would write there with the same
 * list and options: VERIFYING in the manual. Writes and creates nothing. That the file differs, or
 * that it is missing, is a result and no failure: the status is OK and result->matches is false.
 * What fails a build fails this call in the same way, before a difference is reported. The file
 * must be a regular file (E_NOT_FILE; a directory: E_SYSTEM); one that changes meanwhile is
 * E_CHANGED. keep_unchanged, sync and the header's timestamp are ignored, and max_file_size does
 * not apply to the file; map and map_paths are E_ARGUMENT. After a failure *result is all zero. */
CONFITURE_API confiture_status confiture_verify_file(confiture_verification *result,
                                                     const char *path, const confiture_files *files,
                                                     const confiture_build_options *options,
                                                     confiture_error *error);

/* The same for three files, beside confiture_build_split_files(): a result for each. */
CONFITURE_API confiture_status confiture_verify_split_files(confiture_verification results[3],
                                                            const char *const paths[3],
                                                            const confiture_files *files,
                                                            const confiture_build_options *options,
                                                            confiture_error *error);

/* ==== Lines ============================================================== */

typedef enum confiture_place_kind {
    CONFITURE_PLACE_NONE = 0,  /* the schema has no such line */
    CONFITURE_PLACE_TEXT,      /* a line of a file */
    CONFITURE_PLACE_SEPARATOR, /* of the separator before a file */
    CONFITURE_PLACE_HEADER,    /* of the schema's header */
    CONFITURE_PLACE_ADDED      /* the ";" that options.terminate added after a file */
} confiture_place_kind;

/* Where a line of a schema comes from. */
typedef struct confiture_place {
    confiture_place_kind kind;
    size_t entry;  /* of the map; NONE and HEADER: CONFITURE_NO_INDEX */
    uint64_t line; /* TEXT: in the file, from 1; ADDED: the last line of the file; else 0 */
} confiture_place;

/* The place of line `line`, from 1, of the schema; by binary search. Lines of the file end at LF,
 * CRLF or CR; with keep_line_ends, as in the schema, at LF alone. NULL is an empty map. */
CONFITURE_API confiture_place confiture_map_find(const confiture_map *map, uint64_t line);

/* The other way: the line of the schema that has line `line`, from 1, of the file of an entry. 0:
 * the map has no such entry, or the file no such line. */
CONFITURE_API uint64_t confiture_map_line(const confiture_map *map, size_t entry, uint64_t line);

/* Frees the entries and sets the struct to zero. NULL and a struct of zeros are allowed. */
CONFITURE_API void confiture_map_free(confiture_map *map);

typedef struct confiture_map_options {
    confiture_run run; /* only its allocator is used */
    const char *path;  /* of the map, for messages; NULL: they begin with the reason */
} confiture_map_options;

/* Writes a map as text, in the format that LINES in the manual describes. After a failure (E_SINK,
 * E_MEMORY) the sink may have received a part. */
CONFITURE_API confiture_status confiture_map_write(const confiture_map *map,
                                                   const confiture_sink *sink,
                                                   const confiture_map_options *options,
                                                   confiture_error *error);

/* Reads a map from the `size` bytes of such a text. *map is all zero, or a map, which is freed; on
 * success it is the caller's, to be freed with confiture_map_free(); on failure it is all zero.
 * Text that is no map, torn, or of another version is E_FORMAT, with its line. index of each entry
 * is CONFITURE_NO_INDEX. Whether the map belongs to a schema shows map->sha256 alone. */
CONFITURE_API confiture_status confiture_map_read(confiture_map *map, const void *data, size_t size,
                                                  const confiture_map_options *options,
                                                  confiture_error *error);

typedef struct confiture_statement_options {
    confiture_run run;
    bool keep_line_ends; /* as in the build: a CR alone ends no line */
} confiture_statement_options;

/* psql names the line in which a statement was sent, most often its last. Reads file `index` of the
 * list up to line `line`, from 1, and sets *first to the line in which the statement began that is
 * open where that line begins; the line after the last is what follows the file. If none is open,
 * or the file cannot be followed to there (the check POSTGRES has a finding before it, or there is
 * no such line), *first is `line`. On failure *first is 0. */
CONFITURE_API confiture_status confiture_statement_line(uint64_t *first,
                                                        const confiture_files *files, size_t index,
                                                        uint64_t line,
                                                        const confiture_statement_options *options,
                                                        confiture_error *error);

/* ==== Comparing ========================================================== */

/* Names with the SHA-256 of each, in order: COMPARING in the manual. Immutable: any number of
 * threads may use it. */
typedef struct confiture_sums confiture_sums;

typedef struct confiture_sums_options {
    confiture_run run;  /* reading and writing sums use its allocator alone */
    const char *source; /* confiture_sums_read(): what errors call the text; NULL: "sums" */
    bool null_ends;     /* confiture_sums_write(): NUL after each name, which is not escaped */
} confiture_sums_options;

/* Reads `size` bytes of text, as sha256sum (also with -b, -z or --tag), the command's `list
 * --digests`, or BSD's sha256 (also with -r) print it. Names are made clean: "./a.sql" is "a.sql".
 * A text that is something else, is torn, has no sums, or names a file twice is E_FORMAT; error has
 * the source as path, and the line. The text is copied. On success *sums is the caller's, to be
 * freed with confiture_sums_free(); on failure *sums is NULL. */
CONFITURE_API confiture_status confiture_sums_read(confiture_sums **sums, const char *text,
                                                   size_t size,
                                                   const confiture_sums_options *options,
                                                   confiture_error *error);

/* Hashes each file on its own, as confiture_manifest() does. A name that is listed twice has one
 * sum. The list must live as long as the sums, since confiture_diff() reads changed files again.
 * *sums as above. */
CONFITURE_API confiture_status confiture_sums_of(confiture_sums **sums,
                                                 const confiture_files *files,
                                                 const confiture_sums_options *options,
                                                 confiture_error *error);

/* Writes one line for each name, as sha256sum does: `sha256sum -c` and confiture_sums_read() read
 * it. What the sink returns is treated as in confiture_build_sink(). */
CONFITURE_API confiture_status confiture_sums_write(const confiture_sums *sums,
                                                    const confiture_sink *sink,
                                                    const confiture_sums_options *options,
                                                    confiture_error *error);

/* The number of names; 0 for NULL. */
CONFITURE_API size_t confiture_sums_count(const confiture_sums *sums);
/* Name `index`, and the 32 bytes of its SHA-256. Both live as long as the sums; NULL if index is
 * not below the count. */
CONFITURE_API const char *confiture_sums_name(const confiture_sums *sums, size_t index);
CONFITURE_API const uint8_t *confiture_sums_sha256(const confiture_sums *sums, size_t index);
/* NULL is allowed. */
CONFITURE_API void confiture_sums_free(confiture_sums *sums);

typedef enum confiture_change_kind {
    CONFITURE_CHANGE_MODIFIED = 0, /* other bytes under the same name */
    CONFITURE_CHANGE_ADDED,
    CONFITURE_CHANGE_DELETED,
    CONFITURE_CHANGE_RENAMED /* the same bytes under another name */
} confiture_change_kind;

/* The bits of confiture_change.only. */
enum {
    CONFITURE_ONLY_LINE_ENDINGS = 1, /* CRLF, LF */
    CONFITURE_ONLY_FINAL_NEWLINE = 2,
    CONFITURE_ONLY_MARK = 4 /* a byte order mark at the start */
};

typedef struct confiture_change {
    confiture_change_kind kind;
    unsigned only;      /* MODIFIED: all that differs; 0: something else, or it cannot be told */
    const char *reason; /* the same in words, as "line endings only"; NULL for 0. Constant */
    size_t old_index, new_index;     /* in the sums; CONFITURE_NO_INDEX where there is none */
    const char *old_name, *new_name; /* live as long as the sums; NULL where there is none */
} confiture_change;

typedef struct confiture_diff_options {
    confiture_run run;
    bool no_reasons; /* do not read changed files again: `only` is 0 */
} confiture_diff_options;

/* What has changed. */
typedef struct confiture_changes {
    confiture_change *items; /* in the order of the new sums; deletions, by name, are placed as in a
                              * list that is sorted by path */
    size_t count;
    /* The index, in the new sums, of the first file that comes in another place among the files
     * that both have; CONFITURE_NO_INDEX: the order is the same, or means nothing. It means
     * something in sums of files, and in sums that were read if they are in an order that a
     * search makes: by path or by hex prefix. */
    size_t first_moved;
    confiture_allocator allocator; /* the source of items */
} confiture_changes;

/* Compares two sums. Of the modified files whose bytes are at hand (confiture_sums_of()) it then
 * reads each once more, to say why. A file that has changed since its sum was made is E_CHANGED. On
 * success changes->items is the caller's, to be freed with confiture_changes_free(); on failure
 * there is nothing to free. What *changes held before is not freed. */
CONFITURE_API confiture_status confiture_diff(confiture_changes *changes,
                                              const confiture_sums *old_sums,
                                              const confiture_sums *new_sums,
                                              const confiture_diff_options *options,
                                              confiture_error *error);
/* Frees the items. NULL and a struct of zeros are allowed. */
CONFITURE_API void confiture_changes_free(confiture_changes *changes);

/* ==== SHA-256 ============================================================ */

/* A SHA-256 (FIPS 180-4) in progress, on the stack; it needs no freeing. */
typedef struct confiture_sha256 {
    uint32_t state[8];
    uint64_t size; /* bytes hashed so far */
    uint8_t block[64];
} confiture_sha256;

/* These functions do nothing if sha, digest or hex is NULL. */
CONFITURE_API void confiture_sha256_init(confiture_sha256 *sha);
/* data needs no alignment, and may be NULL if size is 0. NULL with another size spoils the
 * stream: its digest is 32 zero bytes, rather than that of other bytes. */
CONFITURE_API void confiture_sha256_update(confiture_sha256 *sha, const void *data, size_t size);
/* Writes 32 bytes. sha must be initialised again before its next use. */
CONFITURE_API void confiture_sha256_final(confiture_sha256 *sha, uint8_t digest[32]);
/* All three at once. */
CONFITURE_API void confiture_sha256_once(const void *data, size_t size, uint8_t digest[32]);
/* Writes 64 lower-case hexadecimal digits and a NUL. */
CONFITURE_API void confiture_sha256_hex(const uint8_t digest[32], char hex[65]);
/* The kernel that this processor runs: "portable", "sha-ni" or "armv8". */
CONFITURE_API const char *confiture_sha256_kernel(void);

#ifdef __cplusplus
}
#endif

#endif /* CONFITURE_H */

/* Outside the guard, so that one file may declare first and implement later. */
#if defined(CONFITURE_IMPLEMENTATION) && !defined(CONFITURE_IMPLEMENTED)
#define CONFITURE_IMPLEMENTED

/* No extern "C" here: in C++ a definition has the linkage of its declaration,
 * which api.h gave; and system headers do not belong inside one. */

/* ---- base/base.h: compiler and byte-order helpers; the implementation starts ---- */

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__) || defined(__clang__)
#define CFTI_LIKELY(x) __builtin_expect(!!(x), 1)
#define CFTI_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define CFTI_UNUSED __attribute__((unused))
#else
#define CFTI_LIKELY(x) (x)
#define CFTI_UNLIKELY(x) (x)
#define CFTI_UNUSED
#endif

/* tcc defines __GNUC__ on some systems but lacks the builtins and the target attribute. */
#if (defined(__GNUC__) || defined(__clang__)) && !defined(__TINYC__)
#define CFTI_GNUC 1
#else
#define CFTI_GNUC 0
#endif

/* Microsoft's compiler. Its warnings of level 4 that are off: a constant condition, an array with
 * computed values, a function without use, an assignment as a condition. end.h turns them on. */
#if defined(_MSC_VER) && !CFTI_GNUC
#define CFTI_MSVC 1
#include <intrin.h>
#pragma warning(push)
#pragma warning(disable : 4127 4204 4505 4706)
#else
#define CFTI_MSVC 0
#endif

/* Vectors for x86. Microsoft's compiler has what is needed of 64 bits only on x86-64. */
#if CFTI_MSVC && defined(_M_X64)
#define CFTI_MSVC_X64 1
#else
#define CFTI_MSVC_X64 0
#endif

/* The instructions that a function may use, so that no -m flag is needed. Microsoft's compiler
 * allows all. */
#if CFTI_GNUC
#define CFTI_TARGET(features) __attribute__((target(features)))
#else
#define CFTI_TARGET(features)
#endif

/* The number of the lowest bit that is set, which one must be; the number of bits that are set. */
#if CFTI_GNUC
#define CFTI_LOWEST_BIT(v) ((unsigned)__builtin_ctzll(v))
#define CFTI_COUNT_BITS(v) ((uint64_t)__builtin_popcountll(v))
#elif CFTI_MSVC_X64
static unsigned cfti_lowest_bit(uint64_t v) {
    unsigned long at;
    (void)_BitScanForward64(&at, v);
    return (unsigned)at;
}
#define CFTI_LOWEST_BIT(v) cfti_lowest_bit(v)
#define CFTI_COUNT_BITS(v) ((uint64_t)__popcnt64(v))
#endif

/* For values that other threads load and store at the same time. Without builtins, an aligned
 * volatile int, which processors load and store whole. */
#if CFTI_GNUC
#define CFTI_ATOMIC_LOAD(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define CFTI_ATOMIC_STORE(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define CFTI_ATOMIC_MARK(p)                                                                        \
    (__atomic_load_n(p, __ATOMIC_RELAXED) ? (void)0 : __atomic_store_n(p, true, __ATOMIC_RELAXED))
#elif CFTI_MSVC
#define CFTI_ATOMIC_LOAD(p) ((int)_InterlockedOr((volatile long *)(uintptr_t)(p), 0))
#define CFTI_ATOMIC_STORE(p, v) ((void)_InterlockedExchange((volatile long *)(p), (v)))
#define CFTI_ATOMIC_MARK(p) ((void)_InterlockedOr8((volatile char *)(p), 1))
#else
#define CFTI_ATOMIC_LOAD(p) (*(volatile int *)(p))
#define CFTI_ATOMIC_STORE(p, v) ((void)(*(volatile int *)(p) = (v)))
#define CFTI_ATOMIC_MARK(p) ((void)(*(volatile bool *)(p) = true))
#endif

/* Sets a flag of the caller's; other threads may set it at the same time. NULL: no flags. */
static void cfti_mark(bool *flags, size_t index) {
    if (flags != NULL) CFTI_ATOMIC_MARK(&flags[index]);
}

/* For a loop that waits for another thread: saves power, and speeds up the sibling thread. */
#if CFTI_GNUC && (defined(__x86_64__) || defined(__i386__))
#define CFTI_PAUSE() __builtin_ia32_pause()
#elif CFTI_GNUC && defined(__aarch64__)
#define CFTI_PAUSE() __asm__ volatile("yield")
#elif CFTI_MSVC && (defined(_M_X64) || defined(_M_IX86))
#define CFTI_PAUSE() _mm_pause()
#elif CFTI_MSVC && defined(_M_ARM64)
#define CFTI_PAUSE() __yield()
#else
#define CFTI_PAUSE() ((void)0)
#endif

#define CFTI_COUNT(array) (sizeof(array) / sizeof((array)[0]))

static size_t cfti_min(size_t a, size_t b) { return a < b ? a : b; }
static size_t cfti_max(size_t a, size_t b) { return a > b ? a : b; }

static uint8_t cfti_lower(uint8_t c) { return (uint8_t)(c >= 'A' && c <= 'Z' ? c + 32 : c); }

/* Big-endian words at any alignment. Compilers turn both into one or two instructions. */
static uint32_t cfti_load_be32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static void cfti_store_be32(uint8_t *p, uint32_t v) {
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

/* The length of the character at p, and its code point, by the strict rules of UTF-8; 0: the bytes
 * are not well-formed. n > 0. */
static size_t cfti_utf8_decode(const uint8_t *p, size_t n, uint32_t *code) {
    uint32_t c = p[0], low;
    size_t length, i;
    if (c < 0x80) {
        *code = c;
        return 1;
    }
    if (c >= 0xC2 && c <= 0xDF) {
        length = 2, low = 0x80, c &= 0x1F;
    } else if (c >= 0xE0 && c <= 0xEF) {
        length = 3, low = 0x800, c &= 0x0F;
    } else if (c >= 0xF0 && c <= 0xF4) {
        length = 4, low = 0x10000, c &= 0x07;
    } else {
        return 0;
    }
    if (length > n) return 0;
    for (i = 1; i < length; i++) {
        if ((p[i] & 0xC0) != 0x80) return 0;
        c = c << 6 | (uint32_t)(p[i] & 0x3F);
    }
    if (c < low || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return 0;
    *code = c;
    return length;
}

/* ---- os/os.h: the interface to the operating system ---- */

/* Functions that return int return 0 or the system's error: errno, or GetLastError() on Windows.
 * Each system defines names for the errors that the library compares with or returns itself:
 * CFTI_OS_NO_MEMORY, CFTI_OS_EXISTS, CFTI_OS_NOT_DIRECTORY, CFTI_OS_IS_DIRECTORY,
 * CFTI_OS_LINK_LOOP, CFTI_OS_NO_ACCESS, CFTI_OS_NO_LINK (not a symbolic link),
 * CFTI_OS_NAME_TOO_LONG, CFTI_OS_NO_DEVICE (cannot be opened for reading), CFTI_OS_NO_BENEATH
 * (cfti_os_open_beneath() is unavailable) and CFTI_OS_LEAVES (cfti_os_open_beneath() refuses).
 * Outside os/ only base/cpu.c includes a system header. Paths are UTF-8 and end with a NUL. */

/* Whether an error means that nothing has this name. */
static bool cfti_os_is_absent(int error);
/* Whether an error means that nothing can have this name: CFTI_OS_NAME_TOO_LONG and others. */
static bool cfti_os_is_no_name(int error);
/* A text for each usual error, NULL for the others: strerror() depends on the locale and is not
 * thread-safe on every system. */
static const char *cfti_os_error_text(int os_error);

#if defined(_WIN32)
typedef struct cfti_os_file {
    void *handle;
    const char *path; /* of a directory opened by path, else NULL */
} cfti_os_file;
#else
typedef int cfti_os_file;
#endif

/* ---- the form of paths ---- */

/* Whether c separates components in a path of the caller's. The library's own paths use "/". */
static bool cfti_os_is_slash(char c);
/* The length of a path's root with its last slash: "/", and on Windows "C:/" or
 * "//server/share/". 0: the path is relative. */
static size_t cfti_os_root(const char *path, size_t size);
/* Writes the root in the library's form, with "/" at its end, and returns its size. text has
 * CFTI_OS_ROOT_CAPACITY bytes. */
static size_t cfti_os_root_text(const char *path, size_t root, char text[]);

/* ---- files and directories ---- */

typedef enum cfti_kind {
    CFTI_KIND_UNKNOWN = 0, /* the listing did not say: see cfti_os_status_at() */
    CFTI_KIND_FILE,
    CFTI_KIND_DIRECTORY,
    CFTI_KIND_LINK,
    CFTI_KIND_OTHER /* FIFO, socket, device */
} cfti_kind;

/* The state of a file. Two equal ones mean that the file was not written to between them, as far
 * as the file system shows. */
typedef struct cfti_os_status {
    uint64_t device, inode;
    uint64_t size;
    int64_t modified, changed; /* seconds */
    uint32_t modified_ns, changed_ns;
    uint32_t mode; /* permission bits */
    uint32_t owner, group;
    cfti_kind kind;
} cfti_os_status;

/* The time by the clock that stamps files: a file written to from now on gets this time or a later
 * one, if this machine's clock decides. All zero: unknown. */
typedef struct cfti_os_time {
    int64_t seconds;
    uint32_t ns;
} cfti_os_time;
static void cfti_os_now(cfti_os_time *now);
/* Sleeps for about a millisecond, in which that clock moves on in most systems. */
static void cfti_os_nap(void);
/* CFTI_OS_TIMES_ARE_PROMPT: a write changes the file's times at once, not when its writer closes
 * the file. */

/* Opens for reading whatever has the path, relative to directory `at` or to CFTI_OS_CWD. Does not
 * wait for the other end of a FIFO; waits a minute at most for another process's lease. */
static int cfti_os_open(cfti_os_file at, const char *path, cfti_os_file *file);
/* The same, but CFTI_OS_LINK_LOOP for a symbolic link, where the system shows it. */
static int cfti_os_open_no_link(cfti_os_file at, const char *path, cfti_os_file *file);
/* Opens a directory to list it or to open files relative to it: by a path of any length, which
 * must outlive the use of the directory, or by its name in another directory. */
static int cfti_os_open_directory(const char *path, cfti_os_file *directory);
static int cfti_os_open_directory_at(cfti_os_file at, const char *name, cfti_os_file *directory);
/* CFTI_OS_LONG_PATH: the length from which on a directory is better opened by its name. The kernel
 * looks up each component, so opening every directory of a deep chain by its whole path takes time
 * that grows with the square of the depth. */
/* Opens a directory only to open what is in it; on Linux it need not be readable. */
static int cfti_os_open_place(const char *path, cfti_os_file *directory);
/* Opens a path that stays inside the directory, whatever is renamed meanwhile. CFTI_OS_LEAVES: it
 * leaves by "..", an absolute path or a symbolic link. no_links: CFTI_OS_LINK_LOOP for any link.
 * A directory is opened as by cfti_os_open_place(). Where CFTI_OS_OPENS_BENEATH is 0 the
 * system has no such call. */
static int cfti_os_open_beneath(cfti_os_file at, const char *path, bool directory, bool no_links,
                                cfti_os_file *file);
static void cfti_os_close(cfti_os_file file);
static int cfti_os_status_of(cfti_os_file file, cfti_os_status *status);
static int cfti_os_status_at(cfti_os_file at, const char *path, bool follow_link,
                             cfti_os_status *status);
/* Reads up to `size` bytes at `offset`. *got is 0 only at the end of the file; a smaller *got than
 * `size` does not show the end: a network file system, a signal, or an unreadable page (Linux
 * reports it to the next read) shortens a read as well. */
static int cfti_os_read_at(cfti_os_file file, void *data, size_t size, uint64_t offset,
                           size_t *got);
/* Calls `each` for every entry except . and .. until it returns non-zero, which is the result. */
static int cfti_os_list(cfti_os_file directory,
                        int (*each)(void *ctx, const char *name, cfti_kind kind), void *ctx);
#if !defined(CONFITURE_NO_MMAP)
/* size > 0; offset is a multiple of CFTI_OS_MAP_STEP. If the file shrinks, reading beyond its new
 * end kills the process. */
#define CFTI_OS_MAP_STEP ((size_t)64 << 10)
static int cfti_os_map(cfti_os_file file, uint64_t offset, size_t size, const uint8_t **data);
static void cfti_os_unmap(const uint8_t *data, size_t size);
#endif

/* Creates a file that must not exist yet, for reading and writing; is_private: for its owner
 * alone. */
static int cfti_os_create(const char *path, bool is_private, cfti_os_file *file);
/* The same without a name: until cfti_os_name() names the file, nothing is left of it when the
 * process ends. Any error means that the directory allows no such file. */
static int cfti_os_create_unnamed(const char *directory, bool is_private, cfti_os_file *file);
static int cfti_os_name(cfti_os_file file, const char *path);
/* Gives the file a second name; `to` must not exist. */
static int cfti_os_link(const char *from, const char *to);
/* For unique names of temporary files. */
static uint64_t cfti_os_random(void);
/* Whether a path leads to an open file of a process, as /dev/stdout does, instead of to a name.
 * *descriptor is its number in this process, or -1. */
static int cfti_os_find_open_file(const char *path, bool *is_open_file, int *descriptor);
/* Opens what cannot be replaced: a device, a FIFO, or such an open file. Writing overwrites
 * nothing: it goes on at the descriptor's offset, or at the end. */
static int cfti_os_open_for_writing(const char *path, int descriptor, cfti_os_file *file);
static int cfti_os_write(cfti_os_file file, const void *data, size_t size);
static int cfti_os_write_at(cfti_os_file file, const void *data, size_t size, uint64_t offset);
/* Writes to what may be a pipe: one without a reader is an error and raises no signal. */
static int cfti_os_write_stream(cfti_os_file file, const void *data, size_t size);
/* Closes a written file: some file systems report only then that it did not fit. */
static int cfti_os_finish(cfti_os_file file);
static int cfti_os_sync(cfti_os_file file);
/* Whether an error of cfti_os_sync() means that the file needs no sync. */
static bool cfti_os_is_not_synced(int error);
/* Gives a new file, whose status is *made, the rights of the old file that it will replace, or
 * fewer where group, owner or ACL cannot be the same. Nobody has more rights at any moment. */
static int cfti_os_keep_rights(cfti_os_file file, const char *old_path, const cfti_os_status *old,
                               cfti_os_status *made);
static int cfti_os_rename(const char *from, const char *to);
static int cfti_os_remove(const char *path);
/* The target of a symbolic link, with a NUL; CFTI_OS_NO_LINK if the file is no link. */
static int cfti_os_read_link(const char *path, char *buffer, size_t capacity);
static int cfti_os_read_link_at(cfti_os_file at, const char *name, char *buffer, size_t capacity);
static int cfti_os_current_directory(char *buffer, size_t capacity);
/* How many processors this process may use. */
static size_t cfti_os_processors(void);
#define CFTI_OS_LARGE_PAGE ((size_t)2 << 20) /* the usual size */
#if !defined(CONFITURE_NO_ALLOC)
/* Requests large pages for a block of the heap: the first touch of a small page may cost more than
 * filling it. Only a hint. */
static void cfti_os_advise_large(void *block, size_t size);
#endif

/* A file to open, read once from its start, and close. */
typedef struct cfti_os_fetch {
    cfti_os_file at;
    const char *path; /* relative to it */
    void *data;
    size_t capacity;       /* at data, at most 64 KiB */
    size_t got;            /* bytes read, if done */
    bool no_link;          /* a symbolic link is not followed, and so not done */
    bool done;             /* false: reading by the ordinary calls finds the reason */
    cfti_os_status status; /* of what had the name after the read */
    bool opened, closed, looked, refused; /* for the ring alone */
} cfti_os_fetch;

/* Fetches many files with one system call, where the system can. One thread at a time. */
typedef struct cfti_os_ring cfti_os_ring;
#define CFTI_RING_FILES 32 /* per batch: more gains nothing, and takes longer to set up */
static int cfti_os_ring_open(cfti_os_ring *ring);
static void cfti_os_ring_close(cfti_os_ring *ring);
/* False: the ring is of no further use. threads: how many of ours are at work; 1 also keeps the
 * kernel from starting threads on behalf of the calling one. */
static bool cfti_os_ring_fetch(cfti_os_ring *ring, cfti_os_fetch *fetches, size_t count,
                               size_t threads);

/* Whether an error means that descriptors or memory have run out: the same call may succeed when
 * others have released some. */
static bool cfti_os_is_shortage(int error);
/* A number that no other running thread has. */
static uintptr_t cfti_os_thread_id(void);

/* ---- threads ---- */

/* Under CONFITURE_NO_THREADS the types are empty, the functions do nothing and no thread starts.
 * CFTI_OS_HAS_THREADS is false then, so that the compiler drops what only helpers run. */
typedef struct cfti_mutex cfti_mutex;
static int cfti_mutex_init(cfti_mutex *mutex);
static void cfti_mutex_destroy(cfti_mutex *mutex);
static void cfti_mutex_lock(cfti_mutex *mutex);
static void cfti_mutex_unlock(cfti_mutex *mutex);

typedef struct cfti_condition cfti_condition;
static int cfti_condition_init(cfti_condition *condition);
static void cfti_condition_destroy(cfti_condition *condition);
static void cfti_condition_wait(cfti_condition *condition, cfti_mutex *mutex);
static void cfti_condition_signal(cfti_condition *condition);
static void cfti_condition_broadcast(cfti_condition *condition);

typedef struct cfti_thread cfti_thread; /* must not move until it is joined */
static int cfti_thread_start(cfti_thread *thread, void *(*run)(void *), void *ctx);
static void cfti_thread_join(cfti_thread *thread);

/* A thread that is cancelled inside a call would leave locks, memory and helpers behind. */
static int cfti_cancel_disable(void);
static void cfti_cancel_restore(int before);

/* ---- os/posix.c: the primitives of os/os.h on POSIX systems ---- */

#if !defined(_WIN32)

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h> /* rename() alone */
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif
#if !defined(CONFITURE_NO_MMAP) || !defined(CONFITURE_NO_URING)
#include <sys/mman.h>
#endif

/* Under -std=c99 glibc hides what came after ISO C, and the user may have included its headers
 * before this one, so that a feature-test macro has no effect any more. The functions exist all
 * the same and are declared here. (In C++ the headers of glibc and musl show everything.) */
#if CFTI_GNUC /* many macros decide which of them the headers show */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wredundant-decls"
#endif
#if defined(__linux__) && !defined(__cplusplus) && !defined(AT_SYMLINK_NOFOLLOW)
#if defined(__GLIBC__) && defined(__USE_FILE_OFFSET64) && CFTI_GNUC
/* With 64-bit offsets on a 32-bit system glibc gives these other symbols. */
#if defined(__USE_TIME_BITS64) && __TIMESIZE == 32
#define CFTI_FSTATAT "__fstatat64_time64"
#else
#define CFTI_FSTATAT "fstatat64"
#endif
int openat(int, const char *, int, ...) __asm__("openat64");
int fstatat(int, const char *, struct stat *, int) __asm__(CFTI_FSTATAT);
ssize_t pwrite(int, const void *, size_t, off_t) __asm__("pwrite64");
ssize_t pread(int, void *, size_t, off_t) __asm__("pread64");
#else
int openat(int, const char *, int, ...);
int fstatat(int, const char *, struct stat *, int);
ssize_t pwrite(int, const void *, size_t, off_t);
ssize_t pread(int, void *, size_t, off_t);
#endif
ssize_t readlinkat(int, const char *, char *, size_t);
int fsync(int);
int fchmod(int, mode_t);
int fchown(int, uid_t, gid_t);
int linkat(int, const char *, int, const char *, int);
long syscall(long, ...);
#define CFTI_AT_FDCWD (-100)
#define CFTI_AT_SYMLINK_NOFOLLOW 0x100
#define CFTI_AT_SYMLINK_FOLLOW 0x400
#else
#if defined(__linux__) && !defined(__cplusplus) && !defined(_DEFAULT_SOURCE) &&                    \
    !defined(_GNU_SOURCE) && !defined(_BSD_SOURCE)
long syscall(long, ...);
#endif
#define CFTI_AT_FDCWD AT_FDCWD
#define CFTI_AT_SYMLINK_NOFOLLOW AT_SYMLINK_NOFOLLOW
#define CFTI_AT_SYMLINK_FOLLOW AT_SYMLINK_FOLLOW
#endif
#if CFTI_GNUC
#pragma GCC diagnostic pop
#endif

#if defined(O_CLOEXEC)
#define CFTI_O_CLOEXEC O_CLOEXEC
#elif defined(__O_CLOEXEC)
#define CFTI_O_CLOEXEC __O_CLOEXEC
#else
#define CFTI_O_CLOEXEC 0
#endif
#if defined(O_DIRECTORY)
#define CFTI_O_DIRECTORY O_DIRECTORY
#elif defined(__O_DIRECTORY)
#define CFTI_O_DIRECTORY __O_DIRECTORY
#else
#define CFTI_O_DIRECTORY 0
#endif

#if defined(O_NOFOLLOW)
#define CFTI_O_NOFOLLOW O_NOFOLLOW
#elif defined(__O_NOFOLLOW)
#define CFTI_O_NOFOLLOW __O_NOFOLLOW
#else
#define CFTI_O_NOFOLLOW 0
#endif

#if defined(F_DUPFD_CLOEXEC)
#define CFTI_F_DUPFD_CLOEXEC F_DUPFD_CLOEXEC
#elif defined(__linux__)
#define CFTI_F_DUPFD_CLOEXEC 1030
#else
#define CFTI_F_DUPFD_CLOEXEC F_DUPFD
#endif

#define CFTI_OS_CWD CFTI_AT_FDCWD

#define CFTI_OS_NO_MEMORY ENOMEM
#define CFTI_OS_EXISTS EEXIST
#define CFTI_OS_NOT_DIRECTORY ENOTDIR
#define CFTI_OS_IS_DIRECTORY EISDIR
#define CFTI_OS_LINK_LOOP ELOOP
#define CFTI_OS_NO_ACCESS EACCES
#define CFTI_OS_NO_LINK EINVAL
#define CFTI_OS_NO_DEVICE ENXIO /* a socket */
#define CFTI_OS_NO_BENEATH ENOSYS
#define CFTI_OS_LEAVES EXDEV
#define CFTI_OS_NAME_TOO_LONG ENAMETOOLONG

static bool cfti_os_is_absent(int error) { return error == ENOENT; }

static bool cfti_os_is_no_name(int error) { return error == ENAMETOOLONG; }

#define CFTI_OS_ROOT_CAPACITY 2
#define CFTI_OS_LONG_PATH 1000

static bool cfti_os_is_slash(char c) { return c == '/'; }

static size_t cfti_os_root(const char *path, size_t size) { return size > 0 && path[0] == '/'; }

static size_t cfti_os_root_text(const char *path, size_t root, char text[]) {
    (void)path;
    text[0] = '/';
    return root;
}

/* Why the last call failed: never 0, which would mean success. */
static int cfti_os_errno(void) { return errno != 0 ? errno : EIO; }

static const char *cfti_os_error_text(int os_error) {
    switch (os_error) {
    case EACCES: return "permission denied";
    case EPERM: return "operation not permitted";
    case ENOENT: return "no such file or directory";
    case ENOTDIR: return "not a directory";
    case EISDIR: return "is a directory";
    case EEXIST: return "already exists";
    case ENAMETOOLONG: return "file name too long";
    case ELOOP: return "too many levels of symbolic links";
    case EMFILE: return "too many open files in this process";
    case ENFILE: return "too many open files in this system";
    case ENOSPC: return "no space left on device";
    case EDQUOT: return "disk quota exceeded";
    case EFBIG: return "file too large";
    case EOVERFLOW: return "size or time too large for how this program was compiled";
    case EROFS: return "read-only file system";
    case EIO: return "input/output error";
    case EPIPE: return "broken pipe";
    case ENOMEM: return "out of memory";
    case EBUSY: return "device or resource busy";
    case ETXTBSY: return "text file busy";
    case EXDEV: return "on another file system";
    case ENXIO: return "no such device or address";
    case ENODEV: return "no such device";
    case EAGAIN: return "resource temporarily unavailable";
    case EINVAL: return "invalid argument";
    case EBADF: return "bad file descriptor";
    case ESTALE: return "stale file handle";
    default: return NULL;
    }
}

/* Takes over a descriptor that was just opened. The library's is never 0, 1 or 2: a host that has
 * closed its standard error and writes to it would write into the file. It is closed in the
 * programs that the host starts. */
static int cfti_os_adopt(int fd, cfti_os_file *file) {
    int error = 0;
    *file = fd;
    if (fd < 0) return cfti_os_errno();
    if (fd < 3) {
        *file = fcntl(fd, CFTI_F_DUPFD_CLOEXEC, 3);
        if (*file < 0) error = cfti_os_errno();
        (void)close(fd);
    }
    if (error == 0 && CFTI_O_CLOEXEC == 0) (void)fcntl(*file, F_SETFD, FD_CLOEXEC);
    return error;
}

/* MemorySanitizer misses what the kernel writes for syscall(), and in some versions for
 * fstatat(). */
#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#ifdef __cplusplus
extern "C" void __msan_unpoison(const volatile void *, size_t);
#else
void __msan_unpoison(const volatile void *, size_t);
#endif
#define CFTI_KERNEL_WROTE(data, size) __msan_unpoison(data, size)
#endif
#endif
#if !defined(CFTI_KERNEL_WROTE)
#define CFTI_KERNEL_WROTE(data, size) ((void)0)
#endif

/* Every call is repeated after EINTR, also where POSIX does not name it: FUSE answers any call
 * with EINTR when a signal comes. */

/* Whether opening without waiting failed for another process's lease (fcntl(), F_SETLEASE) and is
 * worth another try, for a minute in all: the holder has been notified, and the kernel takes the
 * lease from it after 45 seconds by default. Only a lease makes EAGAIN of a regular file. */
#define CFTI_OS_LEASE_NAPS 3000
static bool cfti_os_awaits_lease(cfti_os_file at, const char *path, int *naps) {
    cfti_os_status status;
    if (errno != EAGAIN || ++*naps > CFTI_OS_LEASE_NAPS) return false;
    if (cfti_os_status_at(at, path, true, &status) != 0 || status.kind != CFTI_KIND_FILE) {
        errno = EAGAIN;
        return false;
    }
    (void)poll(NULL, 0, *naps < 20 ? 1 : 20);
    errno = EAGAIN;
    return true;
}

static int cfti_os_open_with(cfti_os_file at, const char *path, int flags, cfti_os_file *file) {
    int fd, naps = 0;
    do {
        fd = openat(at, path, O_RDONLY | CFTI_O_CLOEXEC | flags);
    } while (fd < 0 && (errno == EINTR || cfti_os_awaits_lease(at, path, &naps)));
    return cfti_os_adopt(fd, file);
}

static int cfti_os_open(cfti_os_file at, const char *path, cfti_os_file *file) {
    return cfti_os_open_with(at, path, O_NONBLOCK | O_NOCTTY, file);
}

static int cfti_os_open_no_link(cfti_os_file at, const char *path, cfti_os_file *file) {
    return cfti_os_open_with(at, path, O_NONBLOCK | O_NOCTTY | CFTI_O_NOFOLLOW, file);
}

static void cfti_os_close(cfti_os_file file) { (void)close(file); }

/* The kernel accepts paths below 4096 bytes. A longer path is opened in steps, each relative to the
 * directory before. */
#define CFTI_OS_PATH_STEP 4000

static int cfti_os_open_directory_at(cfti_os_file at, const char *name, cfti_os_file *directory) {
    return cfti_os_open_with(at, name, CFTI_O_DIRECTORY, directory);
}

#if defined(__linux__) && defined(O_PATH)
#define CFTI_O_PATH O_PATH
#elif defined(__linux__) && defined(__O_PATH)
#define CFTI_O_PATH __O_PATH
#else
#define CFTI_O_PATH 0
#endif

/* The directories on the way need to be searchable, not readable. */
static int cfti_os_open_steps(const char *path, int flags, cfti_os_file *directory) {
    cfti_os_file at = CFTI_OS_CWD;
    size_t size = strlen(path);
    for (;;) {
        char step[CFTI_OS_PATH_STEP + 1];
        const char *part = path;
        size_t n = size;
        cfti_os_file next;
        int error;
        if (size > CFTI_OS_PATH_STEP) {
            n = CFTI_OS_PATH_STEP;
            while (n > 0 && path[n] != '/') n--;
            if (n == 0) {
                error = ENAMETOOLONG;
                if (at != CFTI_OS_CWD) cfti_os_close(at);
                return error;
            }
            memcpy(step, path, n);
            step[n] = '\0';
            part = step;
        }
        error =
            cfti_os_open_with(at, part, CFTI_O_DIRECTORY | (n < size ? CFTI_O_PATH : flags), &next);
        if (at != CFTI_OS_CWD) cfti_os_close(at);
        if (error != 0) return error;
        at = next;
        if (n == size) break;
        while (path[n] == '/') n++;
        path += n;
        size -= n;
    }
    *directory = at;
    return 0;
}

static int cfti_os_open_directory(const char *path, cfti_os_file *directory) {
    return cfti_os_open_steps(path, 0, directory);
}

static int cfti_os_open_place(const char *path, cfti_os_file *directory) {
    return cfti_os_open_steps(path, CFTI_O_PATH, directory);
}

#if defined(__linux__) && !defined(__alpha__)
#define CFTI_OS_OPENS_BENEATH 1

/* openat2() of Linux 5.6, as in <linux/openat2.h>, which may be older or missing. */
#define CFTI_OS_OPENAT2 437
typedef struct cfti_os_how {
    uint64_t flags, mode, resolve;
} cfti_os_how;
#define CFTI_OS_NO_MAGIC_LINKS 2 /* RESOLVE_NO_MAGICLINKS and so on */
#define CFTI_OS_NO_LINKS 4
#define CFTI_OS_BENEATH 8

static int cfti_os_open_beneath(cfti_os_file at, const char *path, bool directory, bool no_links,
                                cfti_os_file *file) {
    cfti_os_how how;
    int fd, naps = 0, patience = 100; /* EAGAIN: something was renamed on the way */
    memset(&how, 0, sizeof(how));
    how.flags = (uint64_t)(O_RDONLY | CFTI_O_CLOEXEC |
                           (directory ? CFTI_O_PATH | CFTI_O_DIRECTORY : O_NONBLOCK | O_NOCTTY));
    how.resolve = CFTI_OS_BENEATH | CFTI_OS_NO_MAGIC_LINKS | (no_links ? CFTI_OS_NO_LINKS : 0u);
    do {
        fd = (int)syscall(CFTI_OS_OPENAT2, at, path, &how, sizeof(how));
    } while (fd < 0 && (errno == EINTR || (errno == EAGAIN && --patience > 0) ||
                        cfti_os_awaits_lease(at, path, &naps)));
    /* Filters of system calls answer EPERM, which opening in these ways never does. */
    if (fd < 0 && (errno == EPERM || errno == E2BIG || errno == EINVAL)) return CFTI_OS_NO_BENEATH;
    return cfti_os_adopt(fd, file);
}

#else
#define CFTI_OS_OPENS_BENEATH 0
#endif

/* ---- the clock ---- */

/* Linux stamps a write before it copies the bytes. macOS and the BSDs document no order: there
 * every file is read a second time. */
#if defined(__linux__)
#define CFTI_OS_TIMES_ARE_PROMPT true
#else
#define CFTI_OS_TIMES_ARE_PROMPT false
#endif

static void cfti_os_now(cfti_os_time *now) {
#if defined(__linux__) && defined(SYS_clock_gettime) && UINTPTR_MAX > 0xFFFFFFFFu
    /* The clock that file systems use, in steps of 1 to 10 ms. (A 32-bit system's call may end in
     * 2038.) */
    long time[2];
    if (syscall(SYS_clock_gettime, 5 /* CLOCK_REALTIME_COARSE */, time) != 0)
        memset(time, 0, sizeof(time));
    CFTI_KERNEL_WROTE(time, sizeof(time));
    now->seconds = time[0];
    now->ns = (uint32_t)time[1];
#else
    struct timeval time;
    memset(now, 0, sizeof(*now));
    if (gettimeofday(&time, NULL) != 0) return;
    /* Less 20 ms, by which the clock of a file system may lag. */
    now->seconds = (int64_t)time.tv_sec - (time.tv_usec < 20000);
    now->ns = (uint32_t)((time.tv_usec + 980000) % 1000000) * 1000u;
#endif
}

static void cfti_os_nap(void) { (void)poll(NULL, 0, 1); }

/* ---- the status of files ---- */

static cfti_kind cfti_os_kind_of_mode(mode_t mode) {
    /* -std=c99 hides S_ISLNK; the values are the same on every system. */
    switch ((unsigned)mode & 0170000u) {
    case 0100000u: return CFTI_KIND_FILE;
    case 0040000u: return CFTI_KIND_DIRECTORY;
    case 0120000u: return CFTI_KIND_LINK;
    default: return CFTI_KIND_OTHER;
    }
}

static void cfti_os_status_fill(cfti_os_status *status, const struct stat *st) {
    memset(status, 0, sizeof(*status));
    status->device = (uint64_t)st->st_dev;
    status->inode = (uint64_t)st->st_ino;
    status->size = (uint64_t)st->st_size;
    status->modified = (int64_t)st->st_mtime;
    status->changed = (int64_t)st->st_ctime;
#if defined(__APPLE__)
    status->modified_ns = (uint32_t)st->st_mtimespec.tv_nsec;
    status->changed_ns = (uint32_t)st->st_ctimespec.tv_nsec;
#elif defined(st_mtime)
    status->modified_ns = (uint32_t)st->st_mtim.tv_nsec;
    status->changed_ns = (uint32_t)st->st_ctim.tv_nsec;
#elif defined(__linux__)
    status->modified_ns = (uint32_t)st->st_mtimensec;
    status->changed_ns = (uint32_t)st->st_ctimensec;
#endif
    status->mode = (uint32_t)st->st_mode & 07777u;
    status->owner = (uint32_t)st->st_uid;
    status->group = (uint32_t)st->st_gid;
    status->kind = cfti_os_kind_of_mode(st->st_mode);
}

static int cfti_os_status_of(cfti_os_file file, cfti_os_status *status) {
    struct stat st;
    while (fstat(file, &st) != 0)
        if (errno != EINTR) return cfti_os_errno();
    CFTI_KERNEL_WROTE(&st, sizeof(st));
    cfti_os_status_fill(status, &st);
    return 0;
}

static int cfti_os_status_at(cfti_os_file at, const char *path, bool follow_link,
                             cfti_os_status *status) {
    struct stat st;
    while (fstatat(at, path, &st, follow_link ? 0 : CFTI_AT_SYMLINK_NOFOLLOW) != 0)
        if (errno != EINTR) return cfti_os_errno();
    CFTI_KERNEL_WROTE(&st, sizeof(st));
    cfti_os_status_fill(status, &st);
    return 0;
}

/* Some systems refuse or cut a transfer of 2 GiB or more. */
#define CFTI_OS_TRANSFER ((size_t)1 << 30)

static int cfti_os_read_at(cfti_os_file file, void *data, size_t size, uint64_t offset,
                           size_t *got) {
    ssize_t n;
    do {
        n = pread(file, data, cfti_min(size, CFTI_OS_TRANSFER), (off_t)offset);
    } while (n < 0 && errno == EINTR);
    *got = n < 0 ? 0 : (size_t)n;
    return n < 0 ? cfti_os_errno() : 0;
}

static cfti_kind cfti_os_kind_of_type(unsigned char type) {
    switch (type) { /* DT_REG and so on, which -std=c99 hides */
    case 0: return CFTI_KIND_UNKNOWN;
    case 8: return CFTI_KIND_FILE;
    case 4: return CFTI_KIND_DIRECTORY;
    case 10: return CFTI_KIND_LINK;
    default: return CFTI_KIND_OTHER;
    }
}

static bool cfti_os_is_dots(const char *name) {
    return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

#if defined(__linux__) && defined(SYS_getdents64)
/* The system call itself: readdir() allocates without the caller's allocator and costs two more
 * calls per directory. A record has inode (8 bytes), offset (8), its own length (2), type (1) and
 * name. */
static int cfti_os_list(cfti_os_file directory,
                        int (*each)(void *ctx, const char *name, cfti_kind kind), void *ctx) {
    char buffer[32768];
    for (;;) {
        long n = syscall(SYS_getdents64, directory, buffer, sizeof(buffer)), at = 0;
        if (n > 0) CFTI_KERNEL_WROTE(buffer, (size_t)n);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return cfti_os_errno();
        if (n == 0) return 0;
        while (at < n) {
            const char *record = buffer + at;
            const char *name = record + 19;
            unsigned short length;
            memcpy(&length, record + 16, sizeof(length));
            at += length;
            if (!cfti_os_is_dots(name)) {
                int stop = each(ctx, name, cfti_os_kind_of_type((unsigned char)record[18]));
                if (stop != 0) return stop;
            }
        }
    }
}
#else
static int cfti_os_list(cfti_os_file directory,
                        int (*each)(void *ctx, const char *name, cfti_kind kind), void *ctx) {
    int error = 0;
    int copy = fcntl(directory, CFTI_F_DUPFD_CLOEXEC, 3); /* closedir() closes its descriptor */
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    if (dir == NULL) {
        error = cfti_os_errno();
        if (copy >= 0) (void)close(copy);
        return error;
    }
    for (;;) {
        struct dirent *entry;
        errno = 0;
        entry = readdir(dir);
        if (entry == NULL) {
            if (errno == EINTR) continue;
            error = errno;
            break;
        }
        if (cfti_os_is_dots(entry->d_name)) continue;
#if defined(_DIRENT_HAVE_D_TYPE) || defined(__APPLE__) || defined(__FreeBSD__)
        error = each(ctx, entry->d_name, cfti_os_kind_of_type(entry->d_type));
#else
        error = each(ctx, entry->d_name, CFTI_KIND_UNKNOWN);
#endif
        if (error != 0) break;
    }
    (void)closedir(dir);
    return error;
}
#endif

#if !defined(CONFITURE_NO_MMAP)
static int cfti_os_map(cfti_os_file file, uint64_t offset, size_t size, const uint8_t **data) {
    void *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, (off_t)offset);
    if (p == MAP_FAILED) return cfti_os_errno();
    *data = (const uint8_t *)p;
    return 0;
}

static void cfti_os_unmap(const uint8_t *data, size_t size) {
    void *p;
    memcpy(&p, &data, sizeof(p)); /* a cast would drop the const, and warn */
    (void)munmap(p, size);
}
#endif

static int cfti_os_read_link_at(cfti_os_file at, const char *name, char *buffer, size_t capacity) {
    ssize_t n;
    do {
        n = readlinkat(at, name, buffer, capacity);
    } while (n < 0 && errno == EINTR);
    if (n < 0) return cfti_os_errno();
    if ((size_t)n >= capacity) return ENAMETOOLONG;
    buffer[n] = '\0';
    return 0;
}

static int cfti_os_read_link(const char *path, char *buffer, size_t capacity) {
    return cfti_os_read_link_at(CFTI_OS_CWD, path, buffer, capacity);
}

static int cfti_os_current_directory(char *buffer, size_t capacity) {
    return getcwd(buffer, capacity) == NULL ? cfti_os_errno() : 0;
}

static bool cfti_os_is_shortage(int error) {
    return error == EMFILE || error == ENFILE || error == ENOMEM || error == EAGAIN ||
           error == ENOBUFS;
}

static uintptr_t cfti_os_thread_id(void) { return (uintptr_t)&errno; } /* each thread has its own */

static size_t cfti_os_processors(void) {
#if defined(__linux__) && defined(SYS_sched_getaffinity)
    /* One call, where sysconf() opens and reads a file; and it leaves out the processors that this
     * process may not use. */
    unsigned char mask[1024];
    long size = syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask), i;
    size_t count = 0;
    if (size > 0) CFTI_KERNEL_WROTE(mask, (size_t)size);
    for (i = 0; i < size; i++) {
        unsigned bits;
        for (bits = mask[i]; bits != 0; bits &= bits - 1) count++;
    }
    if (count > 0) return count;
#endif
    {
        long n = sysconf(_SC_NPROCESSORS_ONLN);
        return n < 1 ? 1 : (size_t)n;
    }
}

#if !defined(CONFITURE_NO_ALLOC)
static void cfti_os_advise_large(void *block, size_t size) {
#if defined(__linux__) && defined(SYS_madvise)
    /* Outwards to whole pages, so that malloc()'s mapping of the block stays one mapping: only then
     * can realloc() move it without copying. */
    long page = sysconf(_SC_PAGESIZE);
    uintptr_t first = (uintptr_t)block, last = first + size;
    if (page <= 0) return;
    first -= first % (uintptr_t)page;
    last += (uintptr_t)page - 1;
    last -= last % (uintptr_t)page;
    (void)syscall(SYS_madvise, first, last - first, 14 /* MADV_HUGEPAGE */);
    /* malloc() has touched the first small page by its header before the block, and the kernel
     * puts no large page where a small one is unless asked to. */
    if (first % CFTI_OS_LARGE_PAGE == 0 && last - first >= CFTI_OS_LARGE_PAGE)
        (void)syscall(SYS_madvise, first, CFTI_OS_LARGE_PAGE, 25 /* MADV_COLLAPSE */);
#else
    (void)block;
    (void)size;
#endif
}
#endif

#endif /* !_WIN32 */

/* ---- os/posix_write.c: the primitives of os/os.h that write, on POSIX systems ---- */

#if !defined(_WIN32)

#if defined(__linux__)
#include <sys/xattr.h>
#else
#include <signal.h>
#endif

#if defined(__linux__) && defined(O_TMPFILE)
#define CFTI_O_TMPFILE O_TMPFILE
#elif defined(__linux__) && defined(__O_TMPFILE)
#define CFTI_O_TMPFILE __O_TMPFILE
#endif

/* ---- new files ---- */

static int cfti_os_create_with(const char *path, int flags, bool is_private, cfti_os_file *file) {
    int fd;
    do {
        fd = open(path, O_RDWR | CFTI_O_CLOEXEC | flags, is_private ? 0600 : 0666);
    } while (fd < 0 && errno == EINTR);
    return cfti_os_adopt(fd, file);
}

static int cfti_os_create(const char *path, bool is_private, cfti_os_file *file) {
    return cfti_os_create_with(path, O_CREAT | O_EXCL, is_private, file);
}

#if defined(CFTI_O_TMPFILE)
/* "/proc/self/fd/N", the only path to a file without a name. */
static const char *cfti_os_fd_path(cfti_os_file file, char path[40]) {
    int rest;
    size_t size = 14;
    memcpy(path, "/proc/self/fd/", size);
    for (rest = file; rest >= 10; rest /= 10) size++;
    path[size + 1] = '\0';
    for (rest = file; size >= 14; rest /= 10) path[size--] = (char)('0' + rest % 10);
    return path;
}

/* Whether a new file without a name is usable. Naming it needs the /proc of this process; and Linux
 * before 5.19 ignores the umask on file systems without ACLs. */
static bool cfti_os_unnamed_is_good(cfti_os_file file, bool is_private) {
    cfti_os_status one, other;
    char path[40];
    return cfti_os_status_of(file, &one) == 0 &&
           cfti_os_status_at(CFTI_OS_CWD, cfti_os_fd_path(file, path), true, &other) == 0 &&
           one.device == other.device && one.inode == other.inode &&
           (is_private || (one.mode & 0666u) != 0666u);
}

static int cfti_os_create_unnamed(const char *directory, bool is_private, cfti_os_file *file) {
    int error = cfti_os_create_with(directory, CFTI_O_TMPFILE, is_private, file);
    if (error != 0 || cfti_os_unnamed_is_good(*file, is_private)) return error;
    cfti_os_close(*file);
    return CFTI_OS_NO_DEVICE;
}
#else
static int cfti_os_create_unnamed(const char *directory, bool is_private, cfti_os_file *file) {
    (void)directory;
    (void)is_private;
    (void)file;
    return CFTI_OS_NO_DEVICE;
}
#endif

static int cfti_os_link_with(const char *from, const char *to, int flags) {
    while (linkat(CFTI_AT_FDCWD, from, CFTI_AT_FDCWD, to, flags) != 0)
        if (errno != EINTR) return cfti_os_errno();
    return 0;
}

static int cfti_os_name(cfti_os_file file, const char *path) {
#if defined(CFTI_O_TMPFILE)
    char from[40];
    return cfti_os_link_with(cfti_os_fd_path(file, from), path, CFTI_AT_SYMLINK_FOLLOW);
#else
    (void)file;
    (void)path;
    return CFTI_OS_NO_DEVICE;
#endif
}

static int cfti_os_link(const char *from, const char *to) { return cfti_os_link_with(from, to, 0); }

static uint64_t cfti_os_random(void) {
    uint64_t value = 0;
    cfti_os_file file;
    size_t got = 0;
#if defined(__linux__) && defined(SYS_getrandom)
    if (syscall(SYS_getrandom, &value, sizeof(value), 1 /* GRND_NONBLOCK */) == (long)sizeof(value))
        return value;
#endif
    if (cfti_os_open(CFTI_OS_CWD, "/dev/urandom", &file) == 0) {
        (void)cfti_os_read_at(file, &value, sizeof(value), 0, &got);
        cfti_os_close(file);
    }
    /* Without randomness names repeat; the caller then tries the next one. */
    return got == sizeof(value) ? value : (uint64_t)getpid() << 32 ^ (uint64_t)(uintptr_t)&value;
}

/* ---- files that are open already ---- */

/* The directories of this process's descriptors. */
#if defined(__linux__)
static const char *const cfti_os_descriptors[] = {"/proc/self/fd", "/proc/thread-self/fd"};
#else
static const char *const cfti_os_descriptors[] = {"/dev/fd"};
#endif

/* Whether the links in `directory` lead to open files of a process, as all links in /proc do, and
 * whether this is that process. */
static bool cfti_os_holds_open_files(cfti_os_file directory, bool *is_own) {
    cfti_os_status where, own;
    bool holds = false;
    size_t i;
    *is_own = false;
    if (cfti_os_status_of(directory, &where) != 0) return false;
    for (i = 0; i < CFTI_COUNT(cfti_os_descriptors) && !*is_own; i++) {
        cfti_os_file file; /* kept open: /proc gives an inode a new number for each lookup */
        if (cfti_os_open_directory_at(CFTI_OS_CWD, cfti_os_descriptors[i], &file) != 0) continue;
        if (cfti_os_status_of(file, &own) == 0 && own.device == where.device) {
            *is_own = own.inode == where.inode;
#if defined(__linux__)
            holds = true;
#endif
        }
        cfti_os_close(file);
    }
    return holds || *is_own;
}

static int cfti_os_descriptor_number(const char *name) {
    int number = 0;
    if (*name == '\0') return -1;
    for (; *name != '\0'; name++) {
        if (*name < '0' || *name > '9' || number > 100000000) return -1;
        number = number * 10 + (*name - '0');
    }
    return number;
}

/* Whether an error means that the path does not lead to an open file. */
static bool cfti_os_is_no_open_file(int error) {
    return error == EINVAL || error == ENOENT || error == ENOTDIR || error == EACCES ||
           error == ELOOP || error == ENAMETOOLONG;
}

/* Whether the directory of `path` holds open files, and which one the path is. */
static int cfti_os_look_beside(char *path, bool *is_open_file, int *descriptor) {
    char *slash = strrchr(path, '/'), *leaf = slash == NULL ? path : slash + 1, first = *leaf;
    cfti_os_file directory;
    bool is_own;
    int error;
    *leaf = '\0';
    error = cfti_os_open_directory_at(CFTI_OS_CWD, slash == NULL ? "." : path, &directory);
    *leaf = first;
    if (error != 0) return cfti_os_is_no_open_file(error) ? 0 : error;
    *is_open_file = cfti_os_holds_open_files(directory, &is_own);
    if (is_own) *descriptor = cfti_os_descriptor_number(leaf);
    cfti_os_close(directory);
    return 0;
}

static int cfti_os_find_open_file(const char *path, bool *is_open_file, int *descriptor) {
    char at[4096], target[4096];
    size_t size = strlen(path), links;
    *is_open_file = false;
    *descriptor = -1;
    if (size >= sizeof(at)) return 0;
    memcpy(at, path, size + 1);
    for (links = 0; links < 40; links++) {
        char *slash = strrchr(at, '/'), *end = slash == NULL ? at : slash + 1;
        int no_link = cfti_os_read_link(at, target, sizeof(target)), error = 0;
        if (no_link != 0 && !cfti_os_is_no_open_file(no_link)) return no_link;
#if defined(__linux__)
        if (no_link != 0) return 0; /* Linux shows open files as links */
#endif
        error = cfti_os_look_beside(at, is_open_file, descriptor);
        if (error != 0 || *is_open_file || no_link != 0) return error;
        if (target[0] == '/') end = at;
        size = strlen(target);
        if (size >= sizeof(at) - (size_t)(end - at)) return 0;
        memcpy(end, target, size + 1);
    }
    return 0;
}

static int cfti_os_open_for_writing(const char *path, int descriptor, cfti_os_file *file) {
    int fd;
    if (descriptor >= 0) {
        int flags = fcntl(descriptor, F_GETFL);
        if (flags < 0) return cfti_os_errno();
        if ((flags & O_ACCMODE) == O_RDONLY) return EBADF;
        return cfti_os_adopt(fcntl(descriptor, CFTI_F_DUPFD_CLOEXEC, 3), file);
    }
    do {
        fd = open(path, O_WRONLY | O_APPEND | O_NOCTTY | CFTI_O_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    return cfti_os_adopt(fd, file);
}

/* ---- bytes ---- */

static int cfti_os_write(cfti_os_file file, const void *data, size_t size) {
    const char *p = (const char *)data;
    while (size > 0) {
        ssize_t n = write(file, p, cfti_min(size, CFTI_OS_TRANSFER));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return cfti_os_errno();
        if (n == 0) return EIO; /* POSIX leaves this case open; repeating it might never end */
        p += n;
        size -= (size_t)n;
    }
    return 0;
}

static int cfti_os_write_at(cfti_os_file file, const void *data, size_t size, uint64_t offset) {
    const char *p = (const char *)data;
    while (size > 0) {
        ssize_t n = pwrite(file, p, size, (off_t)offset);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return cfti_os_errno();
        if (n == 0) return EIO;
        p += n;
        size -= (size_t)n;
        offset += (uint64_t)n;
    }
    return 0;
}

/* A write to a pipe without a reader raises SIGPIPE in the calling thread, where it is blocked and
 * consumed. On Linux by system calls, since -std=c99 hides sigset_t. */
#if defined(__linux__)
typedef struct cfti_pipe_signals {
    unsigned long words[4];
} cfti_pipe_signals;
#if defined(__mips__)
#define CFTI_SIGNALS_SIZE 16
#else
#define CFTI_SIGNALS_SIZE 8
#endif
#if defined(__mips__) || defined(__alpha__) || defined(__sparc__)
#define CFTI_PIPE_BLOCK 1
#else
#define CFTI_PIPE_BLOCK 0
#endif
#if defined(__sparc__)
#define CFTI_PIPE_SETMASK 4
#else
#define CFTI_PIPE_SETMASK (CFTI_PIPE_BLOCK + 2)
#endif
#define CFTI_SIGPIPE_BIT (1ul << (13 - 1))

static bool cfti_os_pipe_signal_is_pending(void) {
    cfti_pipe_signals pending;
    memset(&pending, 0, sizeof(pending));
    return syscall(SYS_rt_sigpending, &pending, CFTI_SIGNALS_SIZE) == 0 &&
           (pending.words[0] & CFTI_SIGPIPE_BIT) != 0;
}

static bool cfti_os_hold_pipe_signal(cfti_pipe_signals *before) {
    cfti_pipe_signals held;
    memset(&held, 0, sizeof(held));
    memset(before, 0, sizeof(*before));
    held.words[0] = CFTI_SIGPIPE_BIT;
    return syscall(SYS_rt_sigprocmask, CFTI_PIPE_BLOCK, &held, before, CFTI_SIGNALS_SIZE) == 0;
}

static void cfti_os_release_pipe_signal(const cfti_pipe_signals *before) {
    (void)syscall(SYS_rt_sigprocmask, CFTI_PIPE_SETMASK, before, NULL, CFTI_SIGNALS_SIZE);
}

static void cfti_os_consume_pipe_signal(void) {
    cfti_pipe_signals one;
    memset(&one, 0, sizeof(one));
    one.words[0] = CFTI_SIGPIPE_BIT;
#if defined(SYS_rt_sigtimedwait)
    (void)syscall(SYS_rt_sigtimedwait, &one, NULL, NULL, CFTI_SIGNALS_SIZE);
#else
    (void)syscall(SYS_rt_sigtimedwait_time64, &one, NULL, NULL, CFTI_SIGNALS_SIZE);
#endif
}
#else
typedef sigset_t cfti_pipe_signals;
#if defined(CONFITURE_NO_THREADS)
#define CFTI_SIGNAL_MASK sigprocmask
#else
#define CFTI_SIGNAL_MASK pthread_sigmask
#endif

static bool cfti_os_pipe_signal_is_pending(void) {
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

static bool cfti_os_hold_pipe_signal(cfti_pipe_signals *before) {
    sigset_t held;
    (void)sigemptyset(&held);
    (void)sigaddset(&held, SIGPIPE);
    return CFTI_SIGNAL_MASK(SIG_BLOCK, &held, before) == 0;
}

static void cfti_os_release_pipe_signal(const cfti_pipe_signals *before) {
    (void)CFTI_SIGNAL_MASK(SIG_SETMASK, before, NULL);
}

static void cfti_os_consume_pipe_signal(void) {
    sigset_t one;
    int number;
    (void)sigemptyset(&one);
    (void)sigaddset(&one, SIGPIPE);
    (void)sigwait(&one, &number);
}
#endif

static int cfti_os_write_stream(cfti_os_file file, const void *data, size_t size) {
    bool pending = cfti_os_pipe_signal_is_pending(), held;
    cfti_pipe_signals before;
    int error;
    held = cfti_os_hold_pipe_signal(&before);
    error = cfti_os_write(file, data, size);
    if (held) {
        if (error == EPIPE && !pending && cfti_os_pipe_signal_is_pending())
            cfti_os_consume_pipe_signal();
        cfti_os_release_pipe_signal(&before);
    }
    return error;
}

static int cfti_os_finish(cfti_os_file file) {
    /* After EINTR Linux has closed the descriptor; closing again could hit another thread's. */
    return close(file) != 0 && errno != EINTR ? cfti_os_errno() : 0;
}

static int cfti_os_sync(cfti_os_file file) {
    while (fsync(file) != 0)
        if (errno != EINTR) return cfti_os_errno();
    return 0;
}

static bool cfti_os_is_not_synced(int error) {
    return error == EINVAL || error == ENOTSUP || error == EOPNOTSUPP || error == ENOSYS ||
           error == EBADF || error == EROFS;
}

/* ---- rights ---- */

static int cfti_os_set_mode(cfti_os_file file, uint32_t mode) {
    while (fchmod(file, (mode_t)mode) != 0)
        if (errno != EINTR) return cfti_os_errno();
    return 0;
}

/* Three bits each. With an ACL, group is the group's own entry: the mode shows the mask there. */
typedef struct cfti_rights {
    uint32_t user, group, other;
    uint32_t named; /* what every user and group named in the ACL may do */
} cfti_rights;

/* Those whom the old file's group or owner entry covered may be covered by another entry now. */
static void cfti_rights_narrow(cfti_rights *rights, const cfti_os_status *old,
                               const cfti_os_status *made) {
    if (made->group != old->group) rights->group = rights->other = rights->group & rights->other;
    if (made->owner != old->owner) {
        rights->group &= rights->user;
        rights->other &= rights->user;
    }
}

#if defined(__linux__)
#define CFTI_ACL "system.posix_acl_access"
#define CFTI_ACL_HEAD 4  /* a version */
#define CFTI_ACL_ENTRY 8 /* tag, rights, and a user or group, little-endian */
enum { CFTI_ACL_GROUP_OBJ = 0x04, CFTI_ACL_MASK = 0x10, CFTI_ACL_OTHER = 0x20 };

static bool cfti_os_has_no_acl(int error) {
    return error == ENODATA || error == ENOTSUP || error == EOPNOTSUPP || error == ENOSYS;
}

/* The ACL of a file; *size 0: none. ERANGE: larger than the capacity. */
static int cfti_os_read_acl(const char *path, uint8_t *acl, size_t capacity, size_t *size) {
    ssize_t n;
    *size = 0;
    do {
        n = getxattr(path, CFTI_ACL, acl, capacity);
    } while (n < 0 && errno == EINTR);
    if (n < 0) return cfti_os_has_no_acl(errno) ? 0 : cfti_os_errno();
    *size = (size_t)n;
    return 0;
}

static int cfti_os_remove_acl(cfti_os_file file) {
    while (fremovexattr(file, CFTI_ACL) != 0)
        if (errno != EINTR) return cfti_os_has_no_acl(errno) ? 0 : cfti_os_errno();
    return 0;
}

static void cfti_rights_of_acl(cfti_rights *rights, const uint8_t *acl, size_t size) {
    size_t at;
    uint32_t mask = 7;
    for (at = CFTI_ACL_HEAD; at + CFTI_ACL_ENTRY <= size; at += CFTI_ACL_ENTRY) {
        uint32_t may = acl[at + 2] & 7u;
        switch (acl[at]) {
        case 0x02: /* a user, a group */
        case 0x08: rights->named &= may; break;
        case CFTI_ACL_GROUP_OBJ: rights->group = may; break;
        case CFTI_ACL_MASK: mask = may; break;
        default: break;
        }
    }
    rights->group &= mask;
    rights->named &= mask;
}

/* False: the file does not accept the ACL. */
static bool cfti_os_write_acl(cfti_os_file file, uint8_t *acl, size_t size,
                              const cfti_rights *rights) {
    size_t at;
    for (at = CFTI_ACL_HEAD; at + CFTI_ACL_ENTRY <= size; at += CFTI_ACL_ENTRY) {
        if (acl[at] == CFTI_ACL_GROUP_OBJ) acl[at + 2] = (uint8_t)rights->group;
        if (acl[at] == CFTI_ACL_OTHER) acl[at + 2] = (uint8_t)rights->other;
    }
    while (fsetxattr(file, CFTI_ACL, acl, size, 0) != 0)
        if (errno != EINTR) return false;
    return true;
}
#endif

/* Sets the old file's group, which the process may belong to; it stays as it is if not. */
static int cfti_os_set_group(cfti_os_file file, uint32_t group, cfti_os_status *made) {
    while (fchown(file, (uid_t)-1, (gid_t)group) != 0)
        if (errno != EINTR) return 0;
    return cfti_os_status_of(file, made);
}

static int cfti_os_keep_rights(cfti_os_file file, const char *old_path, const cfti_os_status *old,
                               cfti_os_status *made) {
    cfti_rights rights;
    int error = 0;
    rights.user = old->mode >> 6 & 7u;
    rights.group = old->mode >> 3 & 7u;
    rights.other = old->mode & 7u;
    rights.named = 7;
    /* From the owner's alone to the final rights, and never more in between. */
    if ((made->mode & 077u) != 0) error = cfti_os_set_mode(file, 0600);
    if (error == 0 && made->group != old->group) error = cfti_os_set_group(file, old->group, made);
#if defined(__linux__)
    {
        uint8_t acl[4096];
        size_t size = 0;
        if (error == 0) error = cfti_os_remove_acl(file); /* the directory's default */
        if (error == 0) error = cfti_os_read_acl(old_path, acl, sizeof(acl), &size);
        if (error == ERANGE || error == E2BIG) error = 0, rights.group = rights.other = 0;
        if (error != 0) return error;
        if (size > 0) {
            cfti_rights_of_acl(&rights, acl, size);
            cfti_rights_narrow(&rights, old, made);
            if (cfti_os_write_acl(file, acl, size, &rights)) return 0;
            rights.group &= rights.named; /* the named ones count as group or others now */
            rights.other &= rights.named;
        }
    }
#else
    (void)old_path;
#endif
    cfti_rights_narrow(&rights, old, made);
    if (error == 0)
        error = cfti_os_set_mode(file, rights.user << 6 | rights.group << 3 | rights.other);
    return error;
}

/* ---- names ---- */

static int cfti_os_rename(const char *from, const char *to) {
    while (rename(from, to) != 0)
        if (errno != EINTR) return cfti_os_errno();
    return 0;
}

static int cfti_os_remove(const char *path) {
    while (unlink(path) != 0)
        if (errno != EINTR) return cfti_os_errno();
    return 0;
}

#endif /* !_WIN32 */

/* ---- os/posix_threads.c: the threads of os/os.h on POSIX systems ---- */

#if !defined(_WIN32) && !defined(CONFITURE_NO_THREADS)

#include <pthread.h>
#include <signal.h> /* for a mask alone: the library sets no handler and sends no signal */

/* Under -std=c99 the C libraries of Linux hide sigset_t, which has 128 bytes in all of them. */
#if defined(__linux__) && !defined(__cplusplus) && !defined(SIG_BLOCK)
typedef struct cfti_signals {
    unsigned long bits[128 / sizeof(unsigned long)];
} cfti_signals;
#if defined(__mips__) || defined(__alpha__)
#define CFTI_SIG_SETMASK 3
#elif defined(__sparc__)
#define CFTI_SIG_SETMASK 4
#else
#define CFTI_SIG_SETMASK 2
#endif
int sigfillset(cfti_signals *);
int pthread_sigmask(int, const cfti_signals *, cfti_signals *);
#else
typedef sigset_t cfti_signals;
#define CFTI_SIG_SETMASK SIG_SETMASK
#if defined(__GLIBC__) && !defined(__USE_POSIX199506) && !defined(__USE_UNIX98)
int pthread_sigmask(int, const sigset_t *, sigset_t *);
#endif
#endif

#define CFTI_OS_HAS_THREADS true

struct cfti_mutex {
    pthread_mutex_t os;
};

struct cfti_condition {
    pthread_cond_t os;
};

struct cfti_thread {
    pthread_t os;
};

static int cfti_mutex_init(cfti_mutex *mutex) { return pthread_mutex_init(&mutex->os, NULL); }
static void cfti_mutex_destroy(cfti_mutex *mutex) { (void)pthread_mutex_destroy(&mutex->os); }
static void cfti_mutex_lock(cfti_mutex *mutex) { (void)pthread_mutex_lock(&mutex->os); }
static void cfti_mutex_unlock(cfti_mutex *mutex) { (void)pthread_mutex_unlock(&mutex->os); }
static int cfti_condition_init(cfti_condition *c) { return pthread_cond_init(&c->os, NULL); }
static void cfti_condition_destroy(cfti_condition *c) { (void)pthread_cond_destroy(&c->os); }
static void cfti_condition_wait(cfti_condition *c, cfti_mutex *mutex) {
    (void)pthread_cond_wait(&c->os, &mutex->os);
}
static void cfti_condition_signal(cfti_condition *c) { (void)pthread_cond_signal(&c->os); }
static void cfti_condition_broadcast(cfti_condition *c) { (void)pthread_cond_broadcast(&c->os); }

/* Small, for many threads in a small address space; eight times what the library needs, for the
 * caller's allocator and for thread-local variables, which glibc keeps on the stack. */
#define CFTI_THREAD_STACK ((size_t)512 << 10)

static int cfti_thread_create(cfti_thread *thread, void *(*run)(void *), void *ctx) {
    pthread_attr_t attributes;
    size_t size;
    int error = pthread_attr_init(&attributes);
    if (error != 0) return error;
    if (pthread_attr_getstacksize(&attributes, &size) == 0 && size > CFTI_THREAD_STACK)
        (void)pthread_attr_setstacksize(&attributes, CFTI_THREAD_STACK);
    error = pthread_create(&thread->os, &attributes, run, ctx);
    (void)pthread_attr_destroy(&attributes);
    return error;
}

/* The thread starts with all signals blocked: a handler of the host never runs on it, and a signal
 * that the host awaits by sigwait() or signalfd() finds no thread to kill the process in. */
static int cfti_thread_start(cfti_thread *thread, void *(*run)(void *), void *ctx) {
    cfti_signals all, before;
    int error;
    (void)sigfillset(&all);
    error = pthread_sigmask(CFTI_SIG_SETMASK, &all, &before);
    if (error != 0) return error;
    error = cfti_thread_create(thread, run, ctx);
    /* Static thread-local variables may need a larger stack. */
    if (error == EINVAL) error = pthread_create(&thread->os, NULL, run, ctx);
    (void)pthread_sigmask(CFTI_SIG_SETMASK, &before, NULL);
    return error;
}

static void cfti_thread_join(cfti_thread *thread) { (void)pthread_join(thread->os, NULL); }

static int cfti_cancel_disable(void) {
    int before = 0;
#if defined(PTHREAD_CANCEL_DISABLE)
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
#endif
    return before;
}

static void cfti_cancel_restore(int before) {
#if defined(PTHREAD_CANCEL_DISABLE)
    (void)pthread_setcancelstate(before, NULL);
#else
    (void)before;
#endif
}

#endif

/* ---- os/win32_path.c: errors and paths on Windows ---- */

#if defined(_WIN32)

#if !defined(WIN32_LEAN_AND_MEAN)
#define WIN32_LEAN_AND_MEAN /* else the user's winsock2.h, if included later, fails to compile */
#define CFTI_LEAN
#endif
#if !defined(NOMINMAX)
#define NOMINMAX
#define CFTI_NOMINMAX
#endif
#include <windows.h>
#if defined(CFTI_LEAN)
#undef WIN32_LEAN_AND_MEAN
#endif
#if defined(CFTI_NOMINMAX)
#undef NOMINMAX
#endif

#if _WIN32_WINNT < 0x0602
#error "confiture.h needs Windows 8 or later: define _WIN32_WINNT as 0x0602 or more"
#endif

static const cfti_os_file cfti_os_cwd = {NULL, NULL};
#define CFTI_OS_CWD cfti_os_cwd

/* ---- errors ---- */

#define CFTI_OS_NO_MEMORY ((int)ERROR_NOT_ENOUGH_MEMORY)
#define CFTI_OS_EXISTS ((int)ERROR_FILE_EXISTS)
#define CFTI_OS_NOT_DIRECTORY ((int)ERROR_DIRECTORY)
#define CFTI_OS_IS_DIRECTORY 336 /* ERROR_DIRECTORY_NOT_SUPPORTED, which mingw-w64 lacks */
#define CFTI_OS_LINK_LOOP ((int)ERROR_CANT_RESOLVE_FILENAME)
#define CFTI_OS_NO_ACCESS ((int)ERROR_ACCESS_DENIED)
#define CFTI_OS_NO_LINK ((int)ERROR_NOT_A_REPARSE_POINT)
#define CFTI_OS_NO_DEVICE ((int)ERROR_CANT_ACCESS_FILE) /* as of a socket */
#define CFTI_OS_NO_BENEATH ((int)ERROR_CALL_NOT_IMPLEMENTED)
#define CFTI_OS_LEAVES ((int)ERROR_NOT_SAME_DEVICE)
#define CFTI_OS_NAME_TOO_LONG ((int)ERROR_FILENAME_EXCED_RANGE)

/* An unreachable server or share is not among them: it may exist. */
static bool cfti_os_is_absent(int error) {
    return error == (int)ERROR_FILE_NOT_FOUND || error == (int)ERROR_PATH_NOT_FOUND;
}

/* No file has a name that Windows refuses. */
static bool cfti_os_is_no_name(int error) {
    return error == CFTI_OS_NAME_TOO_LONG || error == (int)ERROR_INVALID_NAME ||
           error == (int)ERROR_BAD_PATHNAME || error == (int)ERROR_NO_UNICODE_TRANSLATION;
}

/* Why the last call failed: never 0, which would mean success. */
static int cfti_os_last_error(void) {
    DWORD error = GetLastError();
    if (error == ERROR_OUTOFMEMORY) return CFTI_OS_NO_MEMORY;
    return error != 0 ? (int)error : (int)ERROR_GEN_FAILURE;
}

static const char *cfti_os_error_text(int os_error) {
    switch ((DWORD)os_error) {
    case ERROR_ACCESS_DENIED: return "permission denied";
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND: return "no such file or directory";
    case ERROR_BAD_NETPATH:
    case ERROR_BAD_NET_NAME: return "no such server or share";
    case ERROR_DIRECTORY: return "not a directory";
    case (DWORD)CFTI_OS_IS_DIRECTORY: return "is a directory";
    case ERROR_FILE_EXISTS:
    case ERROR_ALREADY_EXISTS: return "already exists";
    case ERROR_FILENAME_EXCED_RANGE: return "file name too long";
    case ERROR_INVALID_NAME:
    case ERROR_BAD_PATHNAME: return "not a valid file name";
    case ERROR_NO_UNICODE_TRANSLATION: return "the file name is not valid UTF-8";
    case ERROR_CANT_RESOLVE_FILENAME: return "too many levels of symbolic links";
    case ERROR_SHARING_VIOLATION: return "in use by another process";
    case ERROR_LOCK_VIOLATION: return "locked by another process";
    case ERROR_USER_MAPPED_FILE: return "mapped by another process";
    case ERROR_TOO_MANY_OPEN_FILES: return "too many open files in this process";
    case ERROR_DISK_FULL:
    case ERROR_HANDLE_DISK_FULL: return "no space left on device";
    case 1295: /* ERROR_DISK_QUOTA_EXCEEDED, the same */ return "disk quota exceeded";
    case ERROR_FILE_TOO_LARGE: return "file too large";
    case ERROR_WRITE_PROTECT: return "read-only file system";
    case ERROR_IO_DEVICE:
    case ERROR_CRC:
    case ERROR_READ_FAULT:
    case ERROR_WRITE_FAULT: return "input/output error";
    case ERROR_BROKEN_PIPE:
    case ERROR_NO_DATA: return "broken pipe";
    case ERROR_NOT_ENOUGH_MEMORY: return "out of memory";
    case ERROR_BUSY: return "device or resource busy";
    case ERROR_NOT_READY: return "device not ready";
    case ERROR_NOT_SAME_DEVICE: return "on another file system";
    case ERROR_CANT_ACCESS_FILE: return "no such device or address";
    case ERROR_NOT_SUPPORTED:
    case ERROR_INVALID_FUNCTION: return "not supported";
    case ERROR_INVALID_PARAMETER: return "invalid argument";
    case ERROR_INVALID_HANDLE: return "bad file handle";
    default: return NULL;
    }
}

/* ---- names: UTF-8 in the library, UTF-16 in the system ---- */

/* Windows allows any 16-bit units in a name. An unpaired surrogate becomes the three bytes that
 * UTF-8 would have for it but forbids. So the library lists, matches and opens such a name like any
 * other, and refuses it as invalid UTF-8 only as part of a schema. */
static bool cfti_os_is_half(const uint8_t *p, size_t n) {
    return n >= 3 && p[0] == 0xED && p[1] >= 0xA0 && p[1] <= 0xBF && (p[2] & 0xC0) == 0x80;
}

/* Turns UTF-16 into UTF-8 with a NUL, and "\" into "/". */
static int cfti_os_narrow(const wchar_t *text, size_t size, char *out, size_t capacity) {
    size_t i, n = 0;
    for (i = 0; i < size; i++) {
        uint32_t c = (uint16_t)text[i];
        if (c >= 0xD800 && c < 0xDC00 && i + 1 < size && (uint16_t)text[i + 1] >= 0xDC00 &&
            (uint16_t)text[i + 1] < 0xE000) {
            c = 0x10000 + ((c - 0xD800) << 10) + ((uint32_t)(uint16_t)text[i + 1] - 0xDC00);
            i++;
        }
        if (c == '\\') c = '/';
        if (n + 5 > capacity) return (int)ERROR_FILENAME_EXCED_RANGE;
        if (c < 0x80) {
            out[n++] = (char)c;
            continue;
        }
        if (c < 0x800) {
            out[n++] = (char)(0xC0 | c >> 6);
        } else {
            if (c < 0x10000) {
                out[n++] = (char)(0xE0 | c >> 12);
            } else {
                out[n++] = (char)(0xF0 | c >> 18);
                out[n++] = (char)(0x80 | (c >> 12 & 0x3F));
            }
            out[n++] = (char)(0x80 | (c >> 6 & 0x3F));
        }
        out[n++] = (char)(0x80 | (c & 0x3F));
    }
    out[n] = '\0';
    return 0;
}

#define CFTI_OS_WIDE 32768      /* 16-bit units of the longest path, with its NUL */
#define CFTI_OS_PATH_STEP 32767 /* bytes: one call takes a path of any length */

/* A path for the system: \\?\, a root, and literal components. Without that prefix Windows
 * limits a path to 260 characters, drops dots and spaces at a name's end, and opens a device
 * instead of the file aux.sql. */
typedef struct cfti_wide {
    wchar_t *text;
    size_t size, capacity;
    size_t root;        /* length of the part that ".." cannot remove */
    bool is_device;     /* the path names a device */
    wchar_t usual[512]; /* a longer path is on the heap: 64 KiB are too much for a stack */
} cfti_wide;

static void cfti_wide_init(cfti_wide *wide) {
    wide->text = wide->usual;
    wide->size = wide->root = 0;
    wide->capacity = CFTI_COUNT(wide->usual);
    wide->is_device = false;
}

static void cfti_wide_close(cfti_wide *wide) {
    if (wide->text != wide->usual) (void)HeapFree(GetProcessHeap(), 0, wide->text);
}

/* Makes the capacity that of the longest path. */
static int cfti_wide_grow(cfti_wide *wide) {
    wchar_t *text;
    if (wide->capacity == CFTI_OS_WIDE) return CFTI_OS_NAME_TOO_LONG;
    text = (wchar_t *)HeapAlloc(GetProcessHeap(), 0, CFTI_OS_WIDE * sizeof(wchar_t));
    if (text == NULL) return CFTI_OS_NO_MEMORY;
    memcpy(text, wide->usual, sizeof(wide->usual));
    wide->text = text;
    wide->capacity = CFTI_OS_WIDE;
    return 0;
}

/* Appends UTF-8 of one component, or of a root. */
static int cfti_wide_append(cfti_wide *wide, const char *text, size_t size) {
    size_t i = 0;
    while (i < size) {
        const uint8_t *p = (const uint8_t *)text + i;
        uint32_t code;
        size_t length = cfti_utf8_decode(p, size - i, &code);
        if (length == 0) {
            if (!cfti_os_is_half(p, size - i)) return (int)ERROR_NO_UNICODE_TRANSLATION;
            length = 3;
            code = 0xD000u | (uint32_t)(p[1] & 0x3F) << 6 | (uint32_t)(p[2] & 0x3F);
        }
        if (wide->size + (code >= 0x10000) + 2 > wide->capacity) {
            int error = cfti_wide_grow(wide);
            if (error != 0) return error;
        }
        if (code >= 0x10000) {
            code -= 0x10000;
            wide->text[wide->size++] = (wchar_t)(0xD800 + (code >> 10));
            code = 0xDC00 + (code & 0x3FF);
        }
        wide->text[wide->size++] = code == '/' ? L'\\' : (wchar_t)code;
        i += length;
    }
    wide->text[wide->size] = L'\0';
    return 0;
}

/* Appends the components of a path. ".." removes one, a link or not, as everywhere on Windows. */
static int cfti_wide_join(cfti_wide *wide, const char *path) {
    while (*path != '\0') {
        size_t n = 0;
        int error = 0;
        while (path[n] != '\0' && !cfti_os_is_slash(path[n])) n++;
        if (n == 2 && path[0] == '.' && path[1] == '.') {
            while (wide->size > wide->root && wide->text[wide->size - 1] != L'\\') wide->size--;
            if (wide->size > wide->root) wide->size--;
            wide->text[wide->size] = L'\0';
        } else if (n > 0 && !(n == 1 && path[0] == '.')) {
            /* A colon would name a stream of the file, or a drive. */
            if (memchr(path, ':', n) != NULL) return (int)ERROR_INVALID_NAME;
            if (wide->text[wide->size - 1] != L'\\') error = cfti_wide_append(wide, "/", 1);
            if (error == 0) error = cfti_wide_append(wide, path, n);
        }
        if (error != 0) return error;
        path += n;
        if (*path != '\0') path++;
    }
    return 0;
}

static bool cfti_os_is_slash(char c) { return c == '/' || c == '\\'; }

static bool cfti_os_is_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

#define CFTI_OS_ROOT_CAPACITY 1024
#define CFTI_OS_LONG_PATH SIZE_MAX /* every call takes a path, of at most CFTI_OS_WIDE */

static size_t cfti_os_root(const char *path, size_t size) {
    size_t i = 2, parts = 2;
    if (size >= 3 && cfti_os_is_letter(path[0]) && path[1] == ':' && cfti_os_is_slash(path[2]))
        return 3;
    if (size == 0 || !cfti_os_is_slash(path[0])) return 0;
    if (size < 3 || !cfti_os_is_slash(path[1]) || cfti_os_is_slash(path[2])) return 1;
    /* //server/share, //?/C: and //?/UNC/server/share */
    if (size >= 7 && path[2] == '?' && cfti_os_is_slash(path[3]) && (path[4] | 0x20) == 'u' &&
        (path[5] | 0x20) == 'n' && (path[6] | 0x20) == 'c' &&
        (size == 7 || cfti_os_is_slash(path[7])))
        parts = 4;
    for (; parts > 0 && i < size; parts--) {
        while (i < size && !cfti_os_is_slash(path[i])) i++;
        while (i < size && cfti_os_is_slash(path[i])) i++;
    }
    return i < CFTI_OS_ROOT_CAPACITY - 1 ? i : 0;
}

static int cfti_os_current_directory(char *buffer, size_t capacity) {
    cfti_wide wide;
    DWORD size;
    int error = 0;
    cfti_wide_init(&wide);
    for (;;) {
        size = GetCurrentDirectoryW((DWORD)wide.capacity, wide.text);
        if (size == 0) error = cfti_os_last_error();
        if (size < wide.capacity) break;
        error = cfti_wide_grow(&wide);
        if (error != 0) break;
    }
    if (error == 0) error = cfti_os_narrow(wide.text, size, buffer, capacity);
    cfti_wide_close(&wide);
    return error;
}

static size_t cfti_os_root_text(const char *path, size_t root, char text[]) {
    size_t i, n = 0;
    char here[4096];
    if (root == 1 && cfti_os_current_directory(here, sizeof(here)) == 0) {
        path = here; /* "/x" is on the current drive */
        root = cfti_os_root(path, strlen(path));
    }
    for (i = 0; i < root; i++) {
        char c = path[i];
        if (!cfti_os_is_slash(c)) text[n++] = c;
        else if (n < 2 || text[n - 1] != '/') text[n++] = '/';
    }
    if (n > 1 && text[1] == ':' && text[0] >= 'a')
        text[0] = (char)(text[0] - 0x20); /* c:/ and C:/ are one drive */
    if (n > 0 && text[n - 1] != '/') text[n++] = '/';
    return n;
}

/* NUL, CON and so on, which Windows takes for devices in every directory: here only a name alone,
 * or after //./ */
static bool cfti_os_is_device(const char *path) {
    static const char names[] = "CON PRN AUX NUL CONIN$ CONOUT$ COM LPT ";
    const char *name;
    if (cfti_os_is_slash(path[0]) && cfti_os_is_slash(path[1]) && path[2] == '.' &&
        cfti_os_is_slash(path[3]))
        return true;
    for (name = names; *name != '\0'; name++) {
        size_t n = 0;
        while (name[n] != ' ' && (name[n] == path[n] || (name[n] | 0x20) == path[n])) n++;
        if (name[n] == ' ') {
            if (name[0] != 'L' && strncmp(name, "COM", 3) != 0) {
                if (path[n] == '\0') return true;
            } else if (path[n] >= '1' && path[n] <= '9' && path[n + 1] == '\0') {
                return true;
            }
        }
        while (*name != ' ') name++;
    }
    return false;
}

/* The path of a directory that was opened by its name in another one, from the system. */
static int cfti_wide_of_handle(cfti_wide *wide, HANDLE handle) {
    char head[CFTI_OS_ROOT_CAPACITY];
    DWORD size;
    int error = 0;
    for (;;) {
        size = GetFinalPathNameByHandleW(handle, wide->text, (DWORD)wide->capacity,
                                         FILE_NAME_NORMALIZED);
        if (size == 0) return cfti_os_last_error();
        if (size < wide->capacity) break;
        error = cfti_wide_grow(wide);
        if (error != 0) return error;
    }
    wide->size = size;
    error = cfti_os_narrow(wide->text, cfti_min(size, CFTI_OS_ROOT_CAPACITY / 3 - 2), head,
                           sizeof(head));
    wide->root = error != 0 ? 0 : cfti_min(size, cfti_os_root(head, strlen(head)));
    return error;
}

/* The whole path of `path` below directory `at`. After an error, too, cfti_wide_close() must be
 * called. */
static int cfti_wide_path(cfti_wide *wide, cfti_os_file at, const char *path) {
    const char *first = at.path != NULL ? at.path : path;
    size_t size = strlen(first), root = cfti_os_root(first, size), n;
    char here[4096], head[CFTI_OS_ROOT_CAPACITY];
    int error = 0;
    here[0] = '\0';
    cfti_wide_init(wide);
    wide->is_device = at.handle == NULL && cfti_os_is_device(path);
    if (at.handle != NULL && at.path == NULL) {
        error = cfti_wide_of_handle(wide, at.handle);
        return error != 0 ? error : cfti_wide_join(wide, path);
    }
    if (wide->is_device) {
        if (root == 0) error = cfti_wide_append(wide, "//./", 4);
        return error != 0 ? error : cfti_wide_append(wide, path, size);
    }
    if (root == 0) {
        error = cfti_os_current_directory(here, sizeof(here));
        if (error != 0) return error;
        root = cfti_os_root(here, strlen(here));
        n = cfti_os_root_text(here, root, head);
        memmove(here, here + root, strlen(here + root) + 1);
        root = 0;
    } else {
        n = cfti_os_root_text(first, root, head);
    }
    if (n < 3) return (int)ERROR_INVALID_NAME; /* no root could be found */
    if (head[0] != '/') {
        error = cfti_wide_append(wide, "//?/", 4);
    } else if (head[2] != '?') {
        error = cfti_wide_append(wide, "//?/UNC", 7);
    }
    if (error == 0) {
        size_t skip = head[0] == '/' && head[2] != '?'; /* one of the two slashes */
        error = cfti_wide_append(wide, head + skip, n - skip);
    }
    wide->root = wide->size;
    if (error == 0) error = cfti_wide_join(wide, here);
    if (error == 0) error = cfti_wide_join(wide, first + root);
    if (error == 0 && at.path != NULL) error = cfti_wide_join(wide, path);
    return error;
}

#endif /* _WIN32 */

/* ---- os/win32.c: the primitives of os/os.h on Windows ---- */

#if defined(_WIN32)

/* ---- files ---- */

#define CFTI_OS_SHARE (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

static int cfti_os_open_wide(const wchar_t *path, DWORD access, DWORD disposition, DWORD flags,
                             cfti_os_file *file) {
    file->path = NULL;
    file->handle = CreateFileW(path, access, CFTI_OS_SHARE, NULL, disposition, flags, NULL);
    return file->handle == INVALID_HANDLE_VALUE ? cfti_os_last_error() : 0;
}

static int cfti_os_open(cfti_os_file at, const char *path, cfti_os_file *file) {
    cfti_wide wide;
    int error = cfti_wide_path(&wide, at, path);
    /* Reading from CON would wait for a key. */
    if (error == 0 && wide.is_device) error = CFTI_OS_NO_DEVICE;
    /* With backup semantics a directory opens too; its status shows what it is. */
    if (error == 0)
        error = cfti_os_open_wide(wide.text, GENERIC_READ, OPEN_EXISTING,
                                  FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_SEQUENTIAL_SCAN, file);
    cfti_wide_close(&wide);
    return error;
}

/* The bit of a tag that distinguishes a link from other reparse points (files in a cloud,
 * compressed files): "represents another named entity". */
#define CFTI_OS_TAG_IS_LINK 0x20000000u

static int cfti_os_open_no_link(cfti_os_file at, const char *path, cfti_os_file *file) {
    cfti_wide wide;
    FILE_ATTRIBUTE_TAG_INFO tag;
    int error = cfti_wide_path(&wide, at, path);
    if (error == 0 && wide.is_device) error = CFTI_OS_NO_DEVICE;
    if (error == 0)
        error = cfti_os_open_wide(wide.text, GENERIC_READ, OPEN_EXISTING,
                                  FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT |
                                      FILE_FLAG_SEQUENTIAL_SCAN,
                                  file);
    cfti_wide_close(&wide);
    if (error != 0) return error;
    if (!GetFileInformationByHandleEx(file->handle, FileAttributeTagInfo, &tag, sizeof(tag)))
        error = cfti_os_last_error();
    else if ((tag.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) == 0) return 0;
    else if ((tag.ReparseTag & CFTI_OS_TAG_IS_LINK) != 0) error = CFTI_OS_LINK_LOOP;
    cfti_os_close(*file);
    /* A compressed file, or one in a cloud: opening without the flag gives its bytes. */
    return error != 0 ? error : cfti_os_open(at, path, file);
}

static void cfti_os_close(cfti_os_file file) { (void)CloseHandle(file.handle); }

static int cfti_os_open_directory_at(cfti_os_file at, const char *path, cfti_os_file *directory) {
    cfti_wide wide;
    FILE_BASIC_INFO basic;
    int error = cfti_wide_path(&wide, at, path);
    if (error == 0 && wide.is_device) error = CFTI_OS_NOT_DIRECTORY;
    if (error == 0)
        error = cfti_os_open_wide(wide.text, FILE_LIST_DIRECTORY, OPEN_EXISTING,
                                  FILE_FLAG_BACKUP_SEMANTICS, directory);
    cfti_wide_close(&wide);
    if (error != 0) return error;
    if (!GetFileInformationByHandleEx(directory->handle, FileBasicInfo, &basic, sizeof(basic)))
        error = cfti_os_last_error();
    else if ((basic.FileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0) error = CFTI_OS_NOT_DIRECTORY;
    if (error != 0) cfti_os_close(*directory);
    return error;
}

static int cfti_os_open_directory(const char *path, cfti_os_file *directory) {
    int error = cfti_os_open_directory_at(CFTI_OS_CWD, path, directory);
    directory->path = path;
    return error;
}

static int cfti_os_open_place(const char *path, cfti_os_file *directory) {
    return cfti_os_open_directory(path, directory);
}

#define CFTI_OS_OPENS_BENEATH 0

/* From units of 100 ns since 1601 to seconds since 1970. */
static int64_t cfti_os_seconds(LARGE_INTEGER time, uint32_t *ns) {
    *ns = (uint32_t)(time.QuadPart % 10000000) * 100;
    return (int64_t)(time.QuadPart / 10000000) - 11644473600;
}

/* The time of the last write is certain only after the writer has closed the file. */
#define CFTI_OS_TIMES_ARE_PROMPT false

static void cfti_os_now(cfti_os_time *now) {
    FILETIME time;
    LARGE_INTEGER number;
    GetSystemTimeAsFileTime(&time); /* NTFS uses it as well */
    number.QuadPart = (LONGLONG)((uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime);
    now->seconds = cfti_os_seconds(number, &now->ns);
}

static void cfti_os_nap(void) { Sleep(1); }

static cfti_kind cfti_os_kind_of(HANDLE handle, DWORD attributes) {
    FILE_ATTRIBUTE_TAG_INFO tag;
    if ((attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0 &&
        GetFileInformationByHandleEx(handle, FileAttributeTagInfo, &tag, sizeof(tag)) &&
        (tag.ReparseTag & CFTI_OS_TAG_IS_LINK) != 0)
        return CFTI_KIND_LINK;
    return (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0 ? CFTI_KIND_DIRECTORY : CFTI_KIND_FILE;
}

static int cfti_os_status_of(cfti_os_file file, cfti_os_status *status) {
    FILE_BASIC_INFO basic;
    FILE_STANDARD_INFO standard;
    FILE_ID_INFO id;
    memset(status, 0, sizeof(*status));
    status->kind = CFTI_KIND_OTHER;
    if (GetFileType(file.handle) != FILE_TYPE_DISK) return 0; /* a pipe, a console */
    if (!GetFileInformationByHandleEx(file.handle, FileBasicInfo, &basic, sizeof(basic)) ||
        !GetFileInformationByHandleEx(file.handle, FileStandardInfo, &standard, sizeof(standard)))
        return cfti_os_last_error();
    if (GetFileInformationByHandleEx(file.handle, FileIdInfo, &id, sizeof(id))) {
        /* 128 bits: NTFS uses half of them, ReFS all. */
        uint64_t half[2];
        memcpy(half, &id.FileId, sizeof(half));
        status->device = (uint64_t)id.VolumeSerialNumber ^ half[1];
        status->inode = half[0];
    } else {
        BY_HANDLE_FILE_INFORMATION info;
        if (!GetFileInformationByHandle(file.handle, &info)) return cfti_os_last_error();
        status->device = info.dwVolumeSerialNumber;
        status->inode = (uint64_t)info.nFileIndexHigh << 32 | info.nFileIndexLow;
    }
    status->size = (uint64_t)standard.EndOfFile.QuadPart;
    status->modified = cfti_os_seconds(basic.LastWriteTime, &status->modified_ns);
    status->changed = cfti_os_seconds(basic.ChangeTime, &status->changed_ns);
    status->kind = cfti_os_kind_of(file.handle, basic.FileAttributes);
    return 0;
}

static int cfti_os_status_at(cfti_os_file at, const char *path, bool follow_link,
                             cfti_os_status *status) {
    cfti_wide wide;
    cfti_os_file file = CFTI_OS_CWD;
    int error = cfti_wide_path(&wide, at, path);
    if (error == 0 && !wide.is_device)
        error = cfti_os_open_wide(
            wide.text, FILE_READ_ATTRIBUTES, OPEN_EXISTING,
            FILE_FLAG_BACKUP_SEMANTICS | (follow_link ? 0 : FILE_FLAG_OPEN_REPARSE_POINT), &file);
    cfti_wide_close(&wide);
    if (error == 0 && wide.is_device) {
        memset(status, 0, sizeof(*status));
        status->kind = CFTI_KIND_OTHER;
        return 0;
    }
    if (error != 0) return error;
    error = cfti_os_status_of(file, status);
    cfti_os_close(file);
    return error;
}

#define CFTI_OS_TRANSFER ((size_t)1 << 30) /* a call takes 32 bits */

/* For a call that reads or writes at an offset. */
static OVERLAPPED cfti_os_place(uint64_t offset) {
    OVERLAPPED place;
    memset(&place, 0, sizeof(place));
    place.Offset = (DWORD)(offset & 0xFFFFFFFFu);
    place.OffsetHigh = (DWORD)(offset >> 32);
    return place;
}

static int cfti_os_read_at(cfti_os_file file, void *data, size_t size, uint64_t offset,
                           size_t *got) {
    OVERLAPPED place = cfti_os_place(offset);
    DWORD n = 0;
    BOOL good = ReadFile(file.handle, data, (DWORD)cfti_min(size, CFTI_OS_TRANSFER), &n, &place);
    *got = n;
    if (good || GetLastError() == ERROR_HANDLE_EOF) return 0;
    return cfti_os_last_error();
}

static int cfti_os_list(cfti_os_file directory,
                        int (*each)(void *ctx, const char *name, cfti_kind kind), void *ctx) {
    union {
        FILE_FULL_DIR_INFO info;
        char bytes[16384];
    } buffer;
    char name[1024]; /* of up to 255 units */
    FILE_INFO_BY_HANDLE_CLASS next = FileFullDirectoryRestartInfo;
    for (;; next = FileFullDirectoryInfo) {
        const char *at = buffer.bytes;
        if (!GetFileInformationByHandleEx(directory.handle, next, &buffer, sizeof(buffer))) {
            DWORD error = GetLastError();
            /* The root of a drive has no "." and may be empty. */
            return error == ERROR_NO_MORE_FILES || error == ERROR_FILE_NOT_FOUND
                       ? 0
                       : cfti_os_last_error();
        }
        for (;;) {
            const FILE_FULL_DIR_INFO *info = (const FILE_FULL_DIR_INFO *)(const void *)at;
            /* A reparse point may be a link: its status will show it. */
            cfti_kind kind =
                (info->FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0 ? CFTI_KIND_UNKNOWN
                : (info->FileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0   ? CFTI_KIND_DIRECTORY
                                                                           : CFTI_KIND_FILE;
            int stop = cfti_os_narrow(info->FileName, info->FileNameLength / sizeof(wchar_t), name,
                                      sizeof(name));
            bool dots = name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
            if (stop == 0 && !dots) stop = each(ctx, name, kind);
            if (stop != 0) return stop;
            if (info->NextEntryOffset == 0) break;
            at += info->NextEntryOffset;
        }
    }
}

#if !defined(CONFITURE_NO_MMAP)
static int cfti_os_map(cfti_os_file file, uint64_t offset, size_t size, const uint8_t **data) {
    HANDLE mapping = CreateFileMappingW(file.handle, NULL, PAGE_READONLY, 0, 0, NULL);
    int error = 0;
    if (mapping == NULL) return cfti_os_last_error();
    *data = (const uint8_t *)MapViewOfFile(mapping, FILE_MAP_READ, (DWORD)(offset >> 32),
                                           (DWORD)(offset & 0xFFFFFFFFu), size);
    if (*data == NULL) error = cfti_os_last_error();
    (void)CloseHandle(mapping); /* the view keeps the mapping */
    return error;
}

static void cfti_os_unmap(const uint8_t *data, size_t size) {
    (void)size;
    (void)UnmapViewOfFile(data);
}
#endif

/* ---- writing ---- */

/* is_private has no effect on Windows, where the directory decides who may read a new file. */
static int cfti_os_create(const char *path, bool is_private, cfti_os_file *file) {
    cfti_wide wide;
    int error = cfti_wide_path(&wide, CFTI_OS_CWD, path);
    (void)is_private;
    if (error == 0)
        error = cfti_os_open_wide(wide.text, GENERIC_READ | GENERIC_WRITE, CREATE_NEW,
                                  FILE_ATTRIBUTE_NORMAL, file);
    cfti_wide_close(&wide);
    return error;
}

static int cfti_os_create_unnamed(const char *directory, bool is_private, cfti_os_file *file) {
    (void)directory;
    (void)is_private;
    (void)file;
    return CFTI_OS_NO_DEVICE; /* on Windows every file has a name */
}

static int cfti_os_name(cfti_os_file file, const char *path) {
    (void)file;
    (void)path;
    return CFTI_OS_NO_DEVICE;
}

static int cfti_os_link(const char *from, const char *to) {
    cfti_wide old, wide;
    int error = cfti_wide_path(&old, CFTI_OS_CWD, from);
    if (error == 0) {
        error = cfti_wide_path(&wide, CFTI_OS_CWD, to);
        if (error == 0 && !CreateHardLinkW(wide.text, old.text, NULL)) error = cfti_os_last_error();
        cfti_wide_close(&wide);
    }
    cfti_wide_close(&old);
    return error;
}

/* The system's random numbers need another library to link. Names that exist are skipped, so that
 * rare repetition is good enough. */
static uint64_t cfti_os_random(void) {
    LARGE_INTEGER ticks;
    uint64_t value = (uint64_t)GetCurrentProcessId() << 32 | GetCurrentThreadId();
    if (!QueryPerformanceCounter(&ticks)) ticks.QuadPart = 0;
    value ^= (uint64_t)ticks.QuadPart * 0x9E3779B97F4A7C15u;
    value ^= (uint64_t)(uintptr_t)&ticks * 0xC2B2AE3D27D4EB4Fu;
    return value ^ value >> 29;
}

static int cfti_os_find_open_file(const char *path, bool *is_open_file, int *descriptor) {
    (void)path;
    *is_open_file = false;
    *descriptor = -1;
    return 0;
}

static int cfti_os_open_for_writing(const char *path, int descriptor, cfti_os_file *file) {
    cfti_wide wide;
    int error = cfti_wide_path(&wide, CFTI_OS_CWD, path);
    (void)descriptor;
    if (error == 0) error = cfti_os_open_wide(wide.text, GENERIC_WRITE, OPEN_EXISTING, 0, file);
    cfti_wide_close(&wide);
    return error;
}

/* At *offset unless NULL; Windows moves the file position in both cases. */
static int cfti_os_write_all(cfti_os_file file, const void *data, size_t size,
                             const uint64_t *offset) {
    const char *p = (const char *)data;
    uint64_t at = offset != NULL ? *offset : 0;
    while (size > 0) {
        DWORD n = 0;
        OVERLAPPED place = cfti_os_place(at);
        if (!WriteFile(file.handle, p, (DWORD)cfti_min(size, CFTI_OS_TRANSFER), &n,
                       offset != NULL ? &place : NULL))
            return cfti_os_last_error();
        if (n == 0) return (int)ERROR_WRITE_FAULT;
        p += n;
        size -= n;
        at += n;
    }
    return 0;
}

static int cfti_os_write(cfti_os_file file, const void *data, size_t size) {
    return cfti_os_write_all(file, data, size, NULL);
}

static int cfti_os_write_at(cfti_os_file file, const void *data, size_t size, uint64_t offset) {
    return cfti_os_write_all(file, data, size, &offset);
}

static int cfti_os_write_stream(cfti_os_file file, const void *data, size_t size) {
    return cfti_os_write(file, data, size);
}

static int cfti_os_finish(cfti_os_file file) {
    return CloseHandle(file.handle) ? 0 : cfti_os_last_error();
}

/* A directory needs no sync: no documented call does it. */
static int cfti_os_sync(cfti_os_file file) {
    return file.path != NULL || FlushFileBuffers(file.handle) ? 0 : cfti_os_last_error();
}

static bool cfti_os_is_not_synced(int error) {
    return error == (int)ERROR_ACCESS_DENIED; /* the file is open for reading only */
}

/* Windows has no mode bits, and does not replace a read-only file. */
static int cfti_os_keep_rights(cfti_os_file file, const char *old_path, const cfti_os_status *old,
                               cfti_os_status *made) {
    (void)file;
    (void)old_path;
    (void)old;
    (void)made;
    return 0;
}

/* Virus scanners and indexers open a file that was just written for some milliseconds, in which it
 * cannot be moved or removed. False: another try is useless. */
static bool cfti_os_may_retry(int error, unsigned *attempt) {
    static const DWORD waits[] = {1, 10, 20, 40};
    if (error != (int)ERROR_ACCESS_DENIED && error != (int)ERROR_SHARING_VIOLATION) return false;
    if (*attempt == CFTI_COUNT(waits)) return false;
    Sleep(waits[(*attempt)++]);
    return true;
}

/* FILE_RENAME_INFO, and FileRenameInfoEx with two of its flags, which older headers lack. */
typedef struct cfti_renaming {
    DWORD flags;
    HANDLE root;
    DWORD size;
    wchar_t name[1]; /* and more */
} cfti_renaming;
#define CFTI_OS_RENAME_EX ((FILE_INFO_BY_HANDLE_CLASS)22)
#define CFTI_OS_RENAME_OVER 3u /* REPLACE_IF_EXISTS, POSIX_SEMANTICS */

/* Windows 10 can replace a file that others have open, like POSIX; not in every version and on
 * every file system. */
static bool cfti_os_rename_posix(const wchar_t *from, cfti_renaming *to, size_t size) {
    cfti_os_file file;
    BOOL good;
    if (cfti_os_open_wide(from, DELETE, OPEN_EXISTING,
                          FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, &file) != 0)
        return false;
    good = SetFileInformationByHandle(file.handle, CFTI_OS_RENAME_EX, to, (DWORD)size);
    (void)CloseHandle(file.handle);
    return good != 0;
}

static int cfti_os_rename_wide(const cfti_wide *from, const cfti_wide *to) {
    size_t size = sizeof(cfti_renaming) + to->size * sizeof(wchar_t);
    cfti_renaming *renaming = (cfti_renaming *)HeapAlloc(GetProcessHeap(), 0, size);
    unsigned attempt = 0;
    int error;
    if (renaming == NULL) return CFTI_OS_NO_MEMORY;
    renaming->flags = CFTI_OS_RENAME_OVER;
    renaming->root = NULL;
    renaming->size = (DWORD)(to->size * sizeof(wchar_t));
    memcpy((uint8_t *)renaming + offsetof(cfti_renaming, name), to->text,
           (to->size + 1) * sizeof(wchar_t));
    do {
        error = 0;
        if (cfti_os_rename_posix(from->text, renaming, size)) break;
        if (MoveFileExW(from->text, to->text, MOVEFILE_REPLACE_EXISTING)) break;
        error = cfti_os_last_error();
    } while (cfti_os_may_retry(error, &attempt));
    (void)HeapFree(GetProcessHeap(), 0, renaming);
    return error;
}

static int cfti_os_rename(const char *from, const char *to) {
    cfti_wide old, wide;
    int error = cfti_wide_path(&old, CFTI_OS_CWD, from);
    if (error == 0) {
        error = cfti_wide_path(&wide, CFTI_OS_CWD, to);
        if (error == 0) error = cfti_os_rename_wide(&old, &wide);
        cfti_wide_close(&wide);
    }
    cfti_wide_close(&old);
    return error;
}

static int cfti_os_remove(const char *path) {
    cfti_wide wide;
    unsigned attempt = 0;
    int error = cfti_wide_path(&wide, CFTI_OS_CWD, path);
    if (error == 0) {
        do {
            error = DeleteFileW(wide.text) ? 0 : cfti_os_last_error();
        } while (error != 0 && cfti_os_may_retry(error, &attempt));
    }
    cfti_wide_close(&wide);
    return error;
}

/* ---- links ---- */

/* The target in a reparse point's data (REPARSE_DATA_BUFFER), for a link on the drive of `path`. */
static int cfti_os_link_target(uint8_t *data, size_t size, const char *path, char *buffer,
                               size_t capacity) {
    uint32_t tag;
    uint16_t offset, length;
    wchar_t *text;
    size_t names, n, skip = 0, root = 0;
    if (size < 20) return CFTI_OS_NO_LINK;
    memcpy(&tag, data, 4);
    memcpy(&offset, data + 8, 2);
    memcpy(&length, data + 10, 2);
    if (tag == IO_REPARSE_TAG_SYMLINK) names = 20;
    else if (tag == IO_REPARSE_TAG_MOUNT_POINT) names = 16;
    else return CFTI_OS_NO_LINK;
    n = length / sizeof(wchar_t);
    if (names + offset + length > size || offset % sizeof(wchar_t) != 0)
        return (int)ERROR_INVALID_PARAMETER;
    text = (wchar_t *)(void *)(data + names + offset);
    if (n >= 4 && text[0] == L'\\' && text[1] == L'?' && text[2] == L'?' && text[3] == L'\\') {
        if (n >= 6 && text[5] == L':') skip = 4; /* \??\C:\dir */
        else text[1] = L'\\';                    /* \\?\UNC\server\share, \\?\Volume{...} */
    } else if (n >= 1 && text[0] == L'\\' && !(n >= 2 && text[1] == L'\\')) {
        root = cfti_os_root(path, strlen(path));
        if (root > 0) root--; /* the target begins with its slash */
        if (root >= capacity) return (int)ERROR_FILENAME_EXCED_RANGE;
        memcpy(buffer, path, root);
    }
    return cfti_os_narrow(text + skip, n - skip, buffer + root, capacity - root);
}

static int cfti_os_read_link_at(cfti_os_file at, const char *path, char *buffer, size_t capacity) {
    uint64_t data[2048]; /* MAXIMUM_REPARSE_DATA_BUFFER_SIZE */
    cfti_wide wide;
    cfti_os_file file;
    DWORD size = 0;
    int error = cfti_wide_path(&wide, at, path);
    if (error == 0 && wide.is_device) error = CFTI_OS_NO_LINK;
    if (error == 0)
        error = cfti_os_open_wide(wide.text, FILE_READ_ATTRIBUTES, OPEN_EXISTING,
                                  FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, &file);
    cfti_wide_close(&wide);
    if (error != 0) return error;
    if (!DeviceIoControl(file.handle, 0x000900A8 /* FSCTL_GET_REPARSE_POINT */, NULL, 0, data,
                         sizeof(data), &size, NULL))
        error = cfti_os_last_error();
    cfti_os_close(file);
    /* The answers of file systems without links. */
    if (error == (int)ERROR_INVALID_FUNCTION || error == (int)ERROR_NOT_SUPPORTED)
        error = CFTI_OS_NO_LINK;
    return error != 0 ? error
                      : cfti_os_link_target((uint8_t *)data, size, at.path != NULL ? at.path : path,
                                            buffer, capacity);
}

static int cfti_os_read_link(const char *path, char *buffer, size_t capacity) {
    return cfti_os_read_link_at(CFTI_OS_CWD, path, buffer, capacity);
}

/* ---- the process ---- */

static bool cfti_os_is_shortage(int error) {
    return error == (int)ERROR_TOO_MANY_OPEN_FILES || error == (int)ERROR_NO_SYSTEM_RESOURCES ||
           error == (int)ERROR_NOT_ENOUGH_MEMORY || error == (int)ERROR_COMMITMENT_LIMIT;
}

static uintptr_t cfti_os_thread_id(void) { return GetCurrentThreadId(); }

static size_t cfti_os_processors(void) {
    DWORD_PTR mine = 0, all = 0;
    size_t count = 0;
    if (GetProcessAffinityMask(GetCurrentProcess(), &mine, &all))
        for (; mine != 0; mine &= mine - 1) count++;
    if (count == 0) count = GetActiveProcessorCount(ALL_PROCESSOR_GROUPS); /* several groups */
    return count < 1 ? 1 : count;
}

#if !defined(CONFITURE_NO_ALLOC)
static void cfti_os_advise_large(void *block, size_t size) {
    (void)block; /* on Windows large pages need a privilege */
    (void)size;
}
#endif

#endif /* _WIN32 */

/* ---- os/win32_threads.c: the threads of os/os.h on Windows ---- */

#if defined(_WIN32) && !defined(CONFITURE_NO_THREADS)

#define CFTI_OS_HAS_THREADS true

struct cfti_mutex {
    SRWLOCK os;
};

struct cfti_condition {
    CONDITION_VARIABLE os;
};

struct cfti_thread {
    HANDLE handle;
    void *(*run)(void *);
    void *ctx;
};

static int cfti_mutex_init(cfti_mutex *mutex) {
    InitializeSRWLock(&mutex->os);
    return 0;
}
static void cfti_mutex_destroy(cfti_mutex *mutex) { (void)mutex; }
static void cfti_mutex_lock(cfti_mutex *mutex) { AcquireSRWLockExclusive(&mutex->os); }
static void cfti_mutex_unlock(cfti_mutex *mutex) { ReleaseSRWLockExclusive(&mutex->os); }
static int cfti_condition_init(cfti_condition *c) {
    InitializeConditionVariable(&c->os);
    return 0;
}
static void cfti_condition_destroy(cfti_condition *c) { (void)c; }
static void cfti_condition_wait(cfti_condition *c, cfti_mutex *mutex) {
    (void)SleepConditionVariableSRW(&c->os, &mutex->os, INFINITE, 0);
}
static void cfti_condition_signal(cfti_condition *c) { WakeConditionVariable(&c->os); }
static void cfti_condition_broadcast(cfti_condition *c) { WakeAllConditionVariable(&c->os); }

/* On 32 bits the system aligns a thread's stack to 4 bytes; the SHA-256 kernels need 16. */
#if CFTI_GNUC && defined(__i386__)
__attribute__((force_align_arg_pointer))
#endif
static DWORD WINAPI
cfti_thread_main(LPVOID arg) {
    cfti_thread *thread = (cfti_thread *)arg;
    (void)thread->run(thread->ctx);
    return 0;
}

static int cfti_thread_start(cfti_thread *thread, void *(*run)(void *), void *ctx) {
    thread->run = run;
    thread->ctx = ctx;
    thread->handle = CreateThread(NULL, (SIZE_T)512 << 10, cfti_thread_main, thread,
                                  STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    return thread->handle == NULL ? cfti_os_last_error() : 0;
}

static void cfti_thread_join(cfti_thread *thread) {
    (void)WaitForSingleObject(thread->handle, INFINITE);
    (void)CloseHandle(thread->handle);
}

#endif

/* ---- os/no_threads.c: the threads of os/os.h under CONFITURE_NO_THREADS ---- */

#if defined(CONFITURE_NO_THREADS)

#define CFTI_OS_HAS_THREADS false

struct cfti_mutex {
    char unused;
};

struct cfti_condition {
    char unused;
};

struct cfti_thread {
    char unused;
};

static int cfti_mutex_init(cfti_mutex *mutex) {
    (void)mutex;
    return 0;
}
static void cfti_mutex_destroy(cfti_mutex *mutex) { (void)mutex; }
static void cfti_mutex_lock(cfti_mutex *mutex) { (void)mutex; }
static void cfti_mutex_unlock(cfti_mutex *mutex) { (void)mutex; }
static int cfti_condition_init(cfti_condition *c) {
    (void)c;
    return 0;
}
static void cfti_condition_destroy(cfti_condition *c) { (void)c; }
static void cfti_condition_wait(cfti_condition *c, cfti_mutex *mutex) {
    (void)c;
    (void)mutex;
}
static void cfti_condition_signal(cfti_condition *c) { (void)c; }
static void cfti_condition_broadcast(cfti_condition *c) { (void)c; }

static int cfti_thread_start(cfti_thread *thread, void *(*run)(void *), void *ctx) {
    (void)thread;
    (void)run;
    (void)ctx;
    return CFTI_OS_NO_MEMORY;
}

static void cfti_thread_join(cfti_thread *thread) { (void)thread; }

#endif

#if defined(CONFITURE_NO_THREADS) || defined(_WIN32) /* Windows cancels no thread */
static int cfti_cancel_disable(void) { return 0; }
static void cfti_cancel_restore(int before) { (void)before; }
#endif

/* ---- os/uring.c: many small files by two system calls, with Linux's io_uring ---- */

/* A system call may cost as much as its work for a small file, and each file needs several. A ring
 * takes requests from shared memory: two calls serve a batch of files. Some kernels lack io_uring
 * and some hosts forbid it, so the calls of os/posix.c do whatever a ring did not do. */

#if defined(__linux__) && CFTI_GNUC && !defined(CONFITURE_NO_URING) &&                             \
    defined(SYS_io_uring_setup) && defined(SYS_io_uring_enter) && defined(SYS_io_uring_register)
#define CFTI_RING 1
#else
#define CFTI_RING 0
#endif

#if CFTI_RING

#if !defined(CFTI_RING_CROWD)
#define CFTI_RING_CROWD 0 /* measured: see cfti_ring_learn() */
#endif

/* As in <linux/io_uring.h>, which may be older than the kernel or missing. */
typedef struct cfti_sqe {
    uint8_t opcode, flags;
    uint16_t priority;
    int32_t file;
    uint64_t offset, address;
    uint32_t size, call_flags; /* of the equivalent system call */
    uint64_t user_data;
    uint16_t buffer, personality;
    uint32_t file_index; /* from 1: in the ring's own table of open files */
    uint64_t unused[2];
} cfti_sqe;

typedef struct cfti_cqe {
    uint64_t user_data;
    int32_t result;
    uint32_t flags;
} cfti_cqe;

typedef struct cfti_ring_setup {
    uint32_t request_count, result_count, flags, cpu, idle, features, other_ring, unused[3];
    uint32_t request_head, request_tail, request_mask, request_entries, request_flags, dropped,
        request_array, unused_1, unused_2[2];
    uint32_t result_head, result_tail, result_mask, result_entries, overflow, results, result_flags,
        unused_3, unused_4[2];
} cfti_ring_setup;

#define CFTI_RING_OPEN 18 /* IORING_OP_OPENAT and so on */
#define CFTI_RING_CLOSE 19
#define CFTI_RING_STATUS 21 /* IORING_OP_STATX */
#define CFTI_RING_READ 22
#define CFTI_RING_FIXED_FILE 1 /* IOSQE_FIXED_FILE */
#define CFTI_RING_NO_WAIT 8    /* RWF_NOWAIT */
#define CFTI_RING_REQUESTS 128 /* four per file of a batch */
#if defined(MAP_POPULATE)
#define CFTI_RING_MAP (MAP_SHARED | MAP_POPULATE) /* the first batch uses all of it */
#else
#define CFTI_RING_MAP MAP_SHARED
#endif

/* Valgrind misses what the kernel writes for a ring. */
#if defined(__x86_64__) && !defined(__ILP32__)
/* Valgrind's client request to take these bytes for defined; the instructions have no effect on a
 * processor. */
static void cfti_ring_wrote(const void *data, size_t size) {
    volatile uint64_t request[6];
    uint64_t result = 0;
    request[0] = 0x4D430002; /* 'M', 'C': memcheck's, make defined */
    request[1] = (uint64_t)(uintptr_t)data;
    request[2] = size;
    request[3] = 0;
    request[4] = 0;
    request[5] = 0;
    __asm__ volatile("rolq $3, %%rdi\n\trolq $13, %%rdi\n\trolq $61, %%rdi\n\t"
                     "rolq $51, %%rdi\n\txchgq %%rbx, %%rbx"
                     : "+d"(result)
                     : "a"(&request[0])
                     : "cc", "memory");
}
#else
static void cfti_ring_wrote(const void *data, size_t size) {
    (void)data;
    (void)size;
}
#endif

/* struct statx, as in <linux/stat.h>. */
typedef struct cfti_ring_time {
    int64_t seconds;
    uint32_t ns;
    int32_t unused;
} cfti_ring_time;

typedef struct cfti_ring_status {
    uint32_t mask, block_size;
    uint64_t attributes;
    uint32_t links, owner, group;
    uint16_t mode, unused_1;
    uint64_t inode, size, blocks, attributes_mask;
    cfti_ring_time accessed, born, changed, modified;
    uint32_t unused_2[2], device_major, device_minor;
    uint64_t unused_3[14];
} cfti_ring_status;

struct cfti_os_ring {
    int file;
    int cold; /* how many batches to read ahead instead: see cfti_os_ring_fetch() */
    uint8_t *memory;
    size_t memory_size;
    cfti_sqe *requests;
    const cfti_cqe *results;
    uint32_t *request_tail, *result_head;
    const uint32_t *result_tail;
    uint32_t request_mask, result_mask;
    size_t crowd; /* the ring takes the status too from so many threads on; 0: not measured yet */
    int tries;    /* measurements left */
    cfti_ring_status looks[CFTI_RING_FILES];
};

static int cfti_os_ring_open(cfti_os_ring *ring) {
    cfti_ring_setup setup;
    int32_t none[CFTI_RING_FILES];
    uint32_t i, *array;
    size_t size;
    void *p;
    int error;
    memset(ring, 0, offsetof(cfti_os_ring, looks));
    ring->crowd = CFTI_RING_CROWD;
    ring->tries = 8;
    memset(&setup, 0, sizeof(setup));
    error =
        cfti_os_adopt((int)syscall(SYS_io_uring_setup, CFTI_RING_REQUESTS, &setup), &ring->file);
    if (error != 0) return error;
    /* One mapping for both rings, and requests that use the files opened by earlier ones of the
     * same call (Linux 5.19). */
    if ((setup.features & 1) == 0 || (setup.features & (1u << 12)) == 0) {
        cfti_os_close(ring->file);
        return CFTI_OS_NO_DEVICE;
    }
    memset(none, 0xFF, sizeof(none)); /* -1: a free entry */
    if (syscall(SYS_io_uring_register, ring->file, 2, none, CFTI_RING_FILES) != 0) {
        error = cfti_os_errno();
        cfti_os_close(ring->file);
        return error;
    }
    size = setup.results + setup.result_count * sizeof(cfti_cqe);
    if (size < setup.request_array + setup.request_count * sizeof(uint32_t))
        size = setup.request_array + setup.request_count * sizeof(uint32_t);
    p = mmap(NULL, size, PROT_READ | PROT_WRITE, CFTI_RING_MAP, ring->file, 0);
    if (p != MAP_FAILED) {
        ring->memory = (uint8_t *)p;
        ring->memory_size = size;
        p = mmap(NULL, setup.request_count * sizeof(cfti_sqe), PROT_READ | PROT_WRITE,
                 CFTI_RING_MAP, ring->file, 0x10000000);
    }
    if (p == MAP_FAILED) {
        error = cfti_os_errno();
        if (ring->memory != NULL) (void)munmap(ring->memory, size);
        cfti_os_close(ring->file);
        return error;
    }
    ring->requests = (cfti_sqe *)p;
    ring->results = (const cfti_cqe *)(const void *)(ring->memory + setup.results);
    ring->request_tail = (uint32_t *)(void *)(ring->memory + setup.request_tail);
    ring->result_head = (uint32_t *)(void *)(ring->memory + setup.result_head);
    ring->result_tail = (const uint32_t *)(const void *)(ring->memory + setup.result_tail);
    ring->request_mask = setup.request_count - 1;
    ring->result_mask = setup.result_count - 1;
    array = (uint32_t *)(void *)(ring->memory + setup.request_array);
    for (i = 0; i < setup.request_count; i++) array[i] = i;
    return 0;
}

static void cfti_os_ring_close(cfti_os_ring *ring) {
    (void)munmap(ring->requests, (ring->request_mask + 1) * sizeof(cfti_sqe));
    (void)munmap(ring->memory, ring->memory_size);
    cfti_os_close(ring->file);
}

/* Adds a request for fetch `i`; the kernel reads it at the next io_uring_enter(). */
static cfti_sqe *cfti_ring_add(cfti_os_ring *ring, uint8_t opcode, size_t i) {
    uint32_t tail = *ring->request_tail;
    cfti_sqe *sqe = &ring->requests[tail & ring->request_mask];
    memset(sqe, 0, sizeof(*sqe));
    sqe->opcode = opcode;
    sqe->user_data = (uint64_t)opcode << 32 | i;
    __atomic_store_n(ring->request_tail, tail + 1, __ATOMIC_RELEASE);
    return sqe;
}

static void cfti_ring_add_open(cfti_os_ring *ring, const cfti_os_fetch *fetch, size_t i) {
    cfti_sqe *sqe = cfti_ring_add(ring, CFTI_RING_OPEN, i);
    sqe->file = fetch->at;
    sqe->address = (uint64_t)(uintptr_t)fetch->path;
    sqe->call_flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
    if (fetch->no_link) sqe->call_flags |= CFTI_O_NOFOLLOW;
    sqe->file_index = (uint32_t)i + 1;
}

static void cfti_ring_add_read(cfti_os_ring *ring, const cfti_os_fetch *fetch, size_t i) {
    cfti_sqe *sqe = cfti_ring_add(ring, CFTI_RING_READ, i);
    sqe->file = (int32_t)i;
    sqe->address = (uint64_t)(uintptr_t)fetch->data;
    sqe->size = (uint32_t)fetch->capacity;
    sqe->flags = CFTI_RING_FIXED_FILE;
    sqe->call_flags = CFTI_RING_NO_WAIT;
}

static void cfti_ring_add_close(cfti_os_ring *ring, size_t i) {
    cfti_ring_add(ring, CFTI_RING_CLOSE, i)->file_index = (uint32_t)i + 1;
}

static void cfti_ring_add_look(cfti_os_ring *ring, const cfti_os_fetch *fetch, size_t i) {
    cfti_sqe *sqe = cfti_ring_add(ring, CFTI_RING_STATUS, i);
    sqe->file = fetch->at;
    sqe->address = (uint64_t)(uintptr_t)fetch->path;
    sqe->offset = (uint64_t)(uintptr_t)&ring->looks[i];
    sqe->size = 0x7FF; /* STATX_BASIC_STATS: what fstatat() asks for */
    sqe->call_flags = CFTI_AT_SYMLINK_NOFOLLOW;
}

static void cfti_ring_note(cfti_os_fetch *fetches, const cfti_cqe *cqe) {
    cfti_os_fetch *fetch = &fetches[cqe->user_data & 0xFFFFFFFFu];
    bool good = cqe->result >= 0;
    switch (cqe->user_data >> 32) {
    case CFTI_RING_OPEN: fetch->opened = good; break;
    case CFTI_RING_CLOSE: fetch->closed = good; break;
    case CFTI_RING_STATUS: fetch->looked = good; break;
    default:
        fetch->done = good;
        fetch->refused = cqe->result == -EOPNOTSUPP;
        if (!good) break;
        fetch->got = (size_t)cqe->result;
        CFTI_KERNEL_WROTE(fetch->data, fetch->got);
        cfti_ring_wrote(fetch->data, fetch->got);
    }
}

/* Submits `count` requests and waits until all are done: the kernel uses their memory until then,
 * whatever happens. The fetches record the results. False: the ring is unusable, and the kernel
 * holds no request of it. */
static bool cfti_ring_run(cfti_os_ring *ring, cfti_os_fetch *fetches, uint32_t count) {
    uint32_t given = 0, done = 0;
    int patience = 1000; /* while the kernel is out of memory */
    while (done < count) {
        uint32_t head = *ring->result_head;
        long n = syscall(SYS_io_uring_enter, ring->file, count - given, count - done,
                         1 /* IORING_ENTER_GETEVENTS */, NULL, 0);
        bool later = n < 0 && (errno == EINTR || errno == EAGAIN || errno == EBUSY);
        if (n > 0) given += (uint32_t)n;
        for (; head != __atomic_load_n(ring->result_tail, __ATOMIC_ACQUIRE); head++, done++)
            cfti_ring_note(fetches, &ring->results[head & ring->result_mask]);
        __atomic_store_n(ring->result_head, head, __ATOMIC_RELEASE);
        if (n < 0 && given == done && (!later || --patience == 0)) return false;
    }
    return true;
}

/* Opens all files and announces their reads before the first read waits for the disk, which then
 * has many requests at once. */
static void cfti_fetch_ahead(cfti_os_fetch *fetches, size_t count) {
    cfti_os_file files[CFTI_RING_FILES];
    size_t i;
    for (i = 0; i < count; i++) {
        cfti_os_fetch *fetch = &fetches[i];
        fetch->opened = (fetch->no_link ? cfti_os_open_no_link(fetch->at, fetch->path, &files[i])
                                        : cfti_os_open(fetch->at, fetch->path, &files[i])) == 0;
#if defined(SYS_fadvise64) && UINTPTR_MAX > 0xFFFFFFFFu
        /* 32-bit systems pass the sizes in other ways, and lose only the advice. */
        if (fetch->opened)
            (void)syscall(SYS_fadvise64, files[i], 0L, (long)fetch->capacity, 3 /* WILLNEED */);
#endif
    }
    for (i = 0; i < count; i++) {
        cfti_os_fetch *fetch = &fetches[i];
        if (!fetch->opened) continue;
        fetch->done =
            cfti_os_read_at(files[i], fetch->data, fetch->capacity, 0, &fetch->got) == 0 &&
            cfti_os_status_of(files[i], &fetch->status) == 0;
        cfti_os_close(files[i]);
    }
}

/* In nanoseconds; by a system call, since the cost of one is measured. */
static uint64_t cfti_ring_clock(void) {
#if defined(SYS_clock_gettime) && UINTPTR_MAX > 0xFFFFFFFFu
    long time[2];
    if (syscall(SYS_clock_gettime, 1 /* CLOCK_MONOTONIC */, time) == 0) {
        CFTI_KERNEL_WROTE(time, sizeof(time));
        return (uint64_t)time[0] * 1000000000u + (uint64_t)time[1];
    }
#endif
    return 0;
}

/* Decides who takes the files' status, the ring or a call for each. For a ring, threads of the
 * kernel do it one file after another, and switching to them costs about as much as a status call
 * where calls are cheap. Where calls are dear, as in many virtual machines, those threads need half
 * the time, unless a processor is idle: they run there, and each status wakes one thread and then
 * the other. So the ring does it where the call itself is more than a third of a status call and
 * every processor has a thread of ours. `looks` status calls were made since `start`; interruptions
 * lengthen them, so the ring measures a few times. */
static void cfti_ring_learn(cfti_os_ring *ring, uint64_t start, size_t looks) {
    uint64_t last = cfti_ring_clock(), time = last - start, least = time;
    int i;
    for (i = 0; i < 4; i++) {
        uint64_t now = cfti_ring_clock();
        if (now - last < least) least = now - last;
        last = now;
    }
    if (3 * least * looks > time) ring->crowd = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
    else if (--ring->tries == 0) ring->crowd = SIZE_MAX; /* as an error of sysconf() is */
}

/* Fills in the status of the files that were read, or of those that have taken their names since:
 * from the ring, or by a call for each. */
static void cfti_fetch_look(cfti_os_ring *ring, cfti_os_fetch *fetches, size_t count,
                            size_t threads) {
    uint64_t start = ring->crowd == 0 && threads > 1 ? cfti_ring_clock() : 0;
    size_t i, looks = 0;
    for (i = 0; i < count; i++) {
        cfti_os_fetch *fetch = &fetches[i];
        const cfti_ring_status *look = &ring->looks[i];
        if (!fetch->done) continue;
        if (!fetch->looked) {
            looks++;
            fetch->done = cfti_os_status_at(fetch->at, fetch->path, false, &fetch->status) == 0;
            continue;
        }
        CFTI_KERNEL_WROTE(look, sizeof(*look));
        cfti_ring_wrote(look, sizeof(*look));
        memset(&fetch->status, 0, sizeof(fetch->status));
        fetch->status.kind = cfti_os_kind_of_mode((mode_t)look->mode);
        fetch->status.device = (uint64_t)look->device_major << 32 | look->device_minor;
        fetch->status.inode = look->inode;
        fetch->status.size = look->size;
        fetch->status.modified = look->modified.seconds;
        fetch->status.modified_ns = look->modified.ns;
        fetch->status.changed = look->changed.seconds;
        fetch->status.changed_ns = look->changed.ns;
    }
    if (start != 0 && looks >= 8) cfti_ring_learn(ring, start, looks);
}

/* One call opens, reads and closes all files: the kernel does what it has cached at once and in
 * that order. A status by name follows, since a ring has no fstat(). The call does not wait for a
 * file: one that is not cached is opened too late for its read and close, or its read gives up (a
 * FIFO in its place might never end), and the ordinary calls read it. If many files are late, the
 * cache is cold, and the next batches are read ahead. On a file system that cannot read without
 * waiting a ring is of no use. */
static bool cfti_os_ring_fetch(cfti_os_ring *ring, cfti_os_fetch *fetches, size_t count,
                               size_t threads) {
    size_t i, late = 0, refused = 0;
    uint32_t each = 3, open = 0;
    bool good;
    for (i = 0; i < count; i++) {
        cfti_os_fetch *fetch = &fetches[i];
        fetch->opened = fetch->done = fetch->closed = fetch->looked = fetch->refused = false;
    }
    if (ring->cold > 0) {
        ring->cold--;
        cfti_fetch_ahead(fetches, count);
        return true;
    }
    for (i = 0; i < count; i++) cfti_ring_add_open(ring, &fetches[i], i);
    for (i = 0; i < count; i++) cfti_ring_add_read(ring, &fetches[i], i);
    for (i = 0; i < count; i++) cfti_ring_add_close(ring, i);
    if (threads > 1 && ring->crowd != 0 && threads >= ring->crowd) {
        for (i = 0; i < count; i++) cfti_ring_add_look(ring, &fetches[i], i);
        each = 4;
    }
    good = cfti_ring_run(ring, fetches, each * (uint32_t)count);
    for (i = 0; i < count; i++) {
        late += fetches[i].opened && !fetches[i].done;
        refused += fetches[i].refused;
        if (good && fetches[i].opened && !fetches[i].closed) cfti_ring_add_close(ring, i), open++;
    }
    cfti_fetch_look(ring, fetches, count, threads);
    if (late > count / 4) ring->cold = 16;
    good = good && (open == 0 || cfti_ring_run(ring, fetches, open));
    for (i = 0; i < count && good; i++) good = fetches[i].closed || !fetches[i].opened;
    return good && refused < count;
}

#else

struct cfti_os_ring {
    int unused;
};

static int cfti_os_ring_open(cfti_os_ring *ring) {
    (void)ring;
    return CFTI_OS_NO_DEVICE;
}

static void cfti_os_ring_close(cfti_os_ring *ring) { (void)ring; }

static bool cfti_os_ring_fetch(cfti_os_ring *ring, cfti_os_fetch *fetches, size_t count,
                               size_t threads) {
    (void)ring;
    (void)fetches;
    (void)count;
    (void)threads;
    return false;
}

#endif

/* ---- base/memory.c: the allocator, a growable buffer, an arena ---- */

/* From this size on a block is worth large pages: with malloc()'s header it fills one. */
#define CFTI_LARGE_BLOCK (CFTI_OS_LARGE_PAGE - 4096)
#define CFTI_LARGE_FROM (128 * (size_t)4096) /* 128 small pages cost more than a large one */

#if !defined(CONFITURE_NO_ALLOC)
#if !defined(CONFITURE_MALLOC)
#define CONFITURE_MALLOC(size) malloc(size)
#define CONFITURE_REALLOC(block, size) realloc(block, size)
#define CONFITURE_FREE(block) free(block)
#endif

static void *cfti_default_alloc(void *ctx, size_t size) {
    void *block = CONFITURE_MALLOC(size);
    (void)ctx;
    if (size >= CFTI_LARGE_BLOCK && block != NULL) cfti_os_advise_large(block, size);
    return block;
}

static void *cfti_default_realloc(void *ctx, void *block, size_t old_size, size_t new_size) {
    void *moved = CONFITURE_REALLOC(block, new_size);
    (void)ctx;
    (void)old_size;
    if (new_size >= CFTI_LARGE_BLOCK && moved != NULL) cfti_os_advise_large(moved, new_size);
    return moved;
}

static void cfti_default_free(void *ctx, void *block, size_t size) {
    (void)ctx;
    (void)size;
    CONFITURE_FREE(block);
}
#endif

/* The size to allocate for a block that will be filled from one end to the other. */
static size_t cfti_large_size(size_t size) {
    if (size < CFTI_LARGE_FROM || size > SIZE_MAX / 2) return size;
    return (size + 4096 + CFTI_OS_LARGE_PAGE - 1) / CFTI_OS_LARGE_PAGE * CFTI_OS_LARGE_PAGE - 4096;
}

/* The caller's allocator, or the default. False: it is incomplete, or missing under
 * CONFITURE_NO_ALLOC. */
static bool cfti_allocator_choose(confiture_allocator *out, const confiture_allocator *given) {
    if (given != NULL) {
        *out = *given;
        return given->alloc != NULL && given->realloc != NULL && given->free != NULL;
    }
    memset(out, 0, sizeof(*out));
#if defined(CONFITURE_NO_ALLOC)
    return false;
#else
    out->alloc = cfti_default_alloc;
    out->realloc = cfti_default_realloc;
    out->free = cfti_default_free;
    return true;
#endif
}

static const char cfti_no_allocator[] = "an allocator must be given, with alloc, realloc and free";

/* In parentheses, since free and realloc may be function-like macros of the host. */
static void *cfti_alloc(const confiture_allocator *a, size_t size) {
    return (a->alloc)(a->ctx, size);
}

static void *cfti_realloc(const confiture_allocator *a, void *block, size_t old_size,
                          size_t new_size) {
    return (a->realloc)(a->ctx, block, old_size, new_size);
}

static void cfti_free(const confiture_allocator *a, void *block, size_t size) {
    if (block != NULL) (a->free)(a->ctx, block, size);
}

static bool cfti_allocator_is(const confiture_allocator *a, const confiture_allocator *b) {
    return a->alloc == b->alloc && a->realloc == b->realloc && a->free == b->free &&
           a->ctx == b->ctx;
}

/* Makes sure that an array of `count` items has capacity for one more. False: no memory, and the
 * array is as it was. Starts with 64 items, which is enough for most arrays, and doubles. */
static bool cfti_grow(const confiture_allocator *a, void **items, size_t *capacity, size_t count,
                      size_t item_size) {
    size_t wanted;
    void *grown;
    if (CFTI_LIKELY(count < *capacity)) return true;
    if (*capacity > SIZE_MAX / 2 / item_size) return false;
    wanted = *capacity < 32 ? 64 : 2 * *capacity;
    grown = *items == NULL ? cfti_alloc(a, wanted * item_size)
                           : cfti_realloc(a, *items, *capacity * item_size, wanted * item_size);
    if (grown == NULL) return false;
    *items = grown;
    *capacity = wanted;
    return true;
}

/* Bytes that grow. All zero except the allocator is empty. */
typedef struct cfti_buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
    confiture_allocator allocator;
} cfti_buffer;

/* Makes sure that `extra` more bytes fit. False: no memory, nothing changed. */
static bool cfti_buffer_reserve(cfti_buffer *buffer, size_t extra) {
    size_t wanted;
    void *grown;
    if (CFTI_LIKELY(extra <= buffer->capacity - buffer->size)) return true;
    if (extra > SIZE_MAX - buffer->size) return false;
    wanted = buffer->size + extra;
    /* Growing by half moves a gigabyte of output a few times instead of a million times. */
    if (buffer->capacity <= SIZE_MAX / 2 && wanted < buffer->capacity + buffer->capacity / 2)
        wanted = buffer->capacity + buffer->capacity / 2;
    if (wanted < 256) wanted = 256;
    if (wanted >= CFTI_LARGE_BLOCK && wanted < SIZE_MAX / 2) {
        /* realloc() would split the large pages when it moves them. */
        wanted = cfti_large_size(wanted);
        grown = cfti_alloc(&buffer->allocator, wanted);
        if (grown == NULL) return false;
        if (buffer->size > 0) memcpy(grown, buffer->data, buffer->size);
        cfti_free(&buffer->allocator, buffer->data, buffer->capacity);
    } else {
        grown = buffer->data == NULL
                    ? cfti_alloc(&buffer->allocator, wanted)
                    : cfti_realloc(&buffer->allocator, buffer->data, buffer->capacity, wanted);
        if (grown == NULL) return false;
    }
    buffer->data = (uint8_t *)grown;
    buffer->capacity = wanted;
    return true;
}

static bool cfti_buffer_append(cfti_buffer *buffer, const void *data, size_t size) {
    if (!cfti_buffer_reserve(buffer, size)) return false;
    if (size > 0) memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    return true;
}

/* Puts a NUL after the bytes. False: no memory. */
static bool cfti_buffer_terminate(cfti_buffer *buffer) {
    if (!cfti_buffer_reserve(buffer, 1)) return false;
    buffer->data[buffer->size] = 0;
    return true;
}

static cfti_buffer cfti_buffer_empty(const confiture_allocator *allocator) {
    cfti_buffer buffer;
    memset(&buffer, 0, sizeof(buffer));
    buffer.allocator = *allocator;
    return buffer;
}

static void cfti_buffer_free(cfti_buffer *buffer) {
    cfti_free(&buffer->allocator, buffer->data, buffer->capacity);
    buffer->data = NULL;
    buffer->size = buffer->capacity = 0;
}

/* Pieces of memory that never move and are freed, or reused, all at once. */
typedef struct cfti_block {
    struct cfti_block *next;
    size_t capacity; /* of the bytes after this struct */
    size_t used;
    size_t padding; /* aligns those bytes to 16, on 32-bit systems too */
} cfti_block;

typedef struct cfti_arena {
    cfti_block *first; /* the one in use */
    size_t block_size; /* of a new block; larger requests get a block of their own */
    confiture_allocator allocator;
} cfti_arena;

static uint8_t *cfti_block_bytes(cfti_block *block) { return (uint8_t *)(block + 1); }

static size_t cfti_arena_capacity(const cfti_arena *arena) {
    return arena->first == NULL ? 0 : arena->first->capacity - arena->first->used;
}

/* At least `size` contiguous bytes, which cfti_arena_commit() claims; NULL: no memory. */
static uint8_t *cfti_arena_reserve(cfti_arena *arena, size_t size) {
    if (arena->first == NULL || cfti_arena_capacity(arena) < size) {
        size_t capacity = arena->block_size;
        cfti_block *block;
        /* A large block gets some bytes more: it is reused, perhaps for a file of the same size
         * with something before it. */
        if (size > SIZE_MAX - sizeof(cfti_block) - 2 * capacity) return NULL;
        if (size > capacity) capacity += size;
        if (sizeof(cfti_block) + capacity < CFTI_LARGE_BLOCK) /* more would be lost than gained */
            capacity = cfti_large_size(sizeof(cfti_block) + capacity) - sizeof(cfti_block);
        block = (cfti_block *)cfti_alloc(&arena->allocator, sizeof(cfti_block) + capacity);
        if (block == NULL) return NULL;
        block->next = arena->first;
        block->capacity = capacity;
        block->used = 0;
        arena->first = block;
    }
    return cfti_block_bytes(arena->first) + arena->first->used;
}

/* Claims reserved bytes, rounded up so that the next are aligned for any type. */
static void cfti_arena_commit(cfti_arena *arena, size_t size) {
    arena->first->used += cfti_min((size + 15) & ~(size_t)15, cfti_arena_capacity(arena));
}

/* Claims reserved bytes of text without rounding, which would cost 8 bytes each on average. Call
 * cfti_arena_align() before reserving anything that needs alignment. */
static void cfti_arena_commit_text(cfti_arena *arena, size_t size) { arena->first->used += size; }

static void cfti_arena_align(cfti_arena *arena) {
    if (arena->first == NULL) return;
    arena->first->used = cfti_min((arena->first->used + 15) & ~(size_t)15, arena->first->capacity);
}

/* The bytes that the arena has allocated. */
static size_t cfti_arena_held(const cfti_arena *arena) {
    const cfti_block *block;
    size_t held = 0;
    for (block = arena->first; block != NULL; block = block->next)
        held += sizeof(cfti_block) + block->capacity;
    return held;
}

static void *cfti_arena_alloc(cfti_arena *arena, size_t size) {
    uint8_t *bytes = cfti_arena_reserve(arena, size);
    if (bytes != NULL) cfti_arena_commit(arena, size);
    return bytes;
}

static void cfti_arena_free(cfti_arena *arena) {
    while (arena->first != NULL) {
        cfti_block *next = arena->first->next;
        cfti_free(&arena->allocator, arena->first, sizeof(cfti_block) + arena->first->capacity);
        arena->first = next;
    }
}

/* Empties the arena except for its largest block, which is reused: fresh memory costs a page fault
 * every 4 KiB, which is more than reading into it. */
static void cfti_arena_reset(cfti_arena *arena) {
    cfti_block *kept = arena->first, *block;
    if (kept == NULL) return;
    for (block = kept->next; block != NULL; block = block->next)
        if (block->capacity > kept->capacity) kept = block;
    while (arena->first != NULL) {
        block = arena->first;
        arena->first = block->next;
        if (block != kept)
            cfti_free(&arena->allocator, block, sizeof(cfti_block) + block->capacity);
    }
    kept->next = NULL;
    kept->used = 0;
    arena->first = kept;
}

/* Releases what was claimed since the arena's first block was `block` with `used` bytes in use; of
 * the newer blocks the newest is kept for the next use. */
static void cfti_arena_rewind(cfti_arena *arena, cfti_block *block, size_t used) {
    if (arena->first == block) {
        if (block != NULL) block->used = used;
        return;
    }
    while (arena->first->next != block) {
        cfti_block *older = arena->first->next;
        arena->first->next = older->next;
        cfti_free(&arena->allocator, older, sizeof(cfti_block) + older->capacity);
    }
    arena->first->used = 0;
}

/* ---- base/sort.c: comparing bytes, and a stable sort ---- */

static int cfti_bytes_compare(const char *a, size_t a_size, const char *b, size_t b_size) {
    int order = memcmp(a, b, cfti_min(a_size, b_size));
    if (order != 0) return order;
    return a_size < b_size ? -1 : a_size > b_size;
}

/* A stable merge sort: qsort() is not stable, and may allocate by malloc(). Sorted items cost one
 * pass. False: no memory. */
static bool cfti_sort(const confiture_allocator *allocator, void *items, size_t n, size_t size,
                      int (*order)(const void *a, const void *b)) {
    char *from = (char *)items, *to, *scratch;
    size_t i, width;
    for (i = 1; i < n; i++)
        if (order(from + (i - 1) * size, from + i * size) > 0) break;
    if (i >= n) return true;
    scratch = to = (char *)cfti_alloc(allocator, n * size);
    if (scratch == NULL) return false;
    for (width = 1; width < n; width *= 2) {
        char *swap;
        for (i = 0; i < n; i += 2 * width) {
            size_t a = i, b = cfti_min(i + width, n), k = i;
            size_t a_end = b, b_end = cfti_min(b + width, n);
            while (k < b_end) {
                bool first =
                    b >= b_end || (a < a_end && order(from + a * size, from + b * size) <= 0);
                memcpy(to + k++ * size, from + (first ? a++ : b++) * size, size);
            }
        }
        swap = from, from = to, to = swap;
    }
    if (from != (char *)items) memcpy(items, from, n * size);
    cfti_free(allocator, scratch, n * size);
    return true;
}

/* ---- base/block_cache.c: memory kept from one call to the next ---- */

/* An allocator on top of another one: it keeps freed blocks for the next requests of about their
 * size, since fresh memory costs a page fault every 4 KiB. Any number of threads. */

#define CFTI_MAX_CACHED_BLOCKS 64
#define CFTI_MAX_CACHED_BYTES ((size_t)32 << 20)
#define CFTI_MIN_CACHED_BLOCK 2048 /* smaller blocks are the underlying allocator's */

/* Precedes the bytes of a block and keeps them aligned. */
typedef struct cfti_cached_block {
    size_t capacity; /* of the bytes */
    size_t padding[sizeof(size_t) < 8 ? 3 : 1];
} cfti_cached_block;

typedef struct cfti_block_cache {
    confiture_allocator allocator;
    cfti_mutex mutex;
    cfti_cached_block *blocks[CFTI_MAX_CACHED_BLOCKS]; /* free ones, the oldest first */
    size_t count, bytes;
    bool is_open;
} cfti_block_cache;

static void cfti_cached_block_free(cfti_block_cache *cache, cfti_cached_block *block) {
    cfti_free(&cache->allocator, block, sizeof(cfti_cached_block) + block->capacity);
}

/* Removes block i. With the lock held. */
static cfti_cached_block *cfti_block_cache_remove(cfti_block_cache *cache, size_t i) {
    cfti_cached_block *block = cache->blocks[i];
    cache->bytes -= block->capacity;
    cache->count--;
    memmove(&cache->blocks[i], &cache->blocks[i + 1],
            (cache->count - i) * sizeof(cache->blocks[0]));
    return block;
}

/* Frees the cached blocks. */
static void cfti_block_cache_drop(cfti_block_cache *cache) {
    cfti_mutex_lock(&cache->mutex);
    while (cache->count > 0) cfti_cached_block_free(cache, cfti_block_cache_remove(cache, 0));
    cfti_mutex_unlock(&cache->mutex);
}

static void *cfti_block_cache_alloc(void *ctx, size_t size) {
    cfti_block_cache *cache = (cfti_block_cache *)ctx;
    cfti_cached_block *block = NULL;
    size_t i, best;
    if (size < CFTI_MIN_CACHED_BLOCK) return cfti_alloc(&cache->allocator, size);
    cfti_mutex_lock(&cache->mutex);
    best = cache->count;
    for (i = cache->count; i-- > 0;) { /* the newest is the warmest */
        size_t capacity = cache->blocks[i]->capacity;
        if (capacity < size || capacity / 2 > size) continue;
        if (best == cache->count || capacity < cache->blocks[best]->capacity) best = i;
    }
    if (best < cache->count) block = cfti_block_cache_remove(cache, best);
    cfti_mutex_unlock(&cache->mutex);
    if (block == NULL) {
        if (size > SIZE_MAX - sizeof(cfti_cached_block)) return NULL;
        block =
            (cfti_cached_block *)cfti_alloc(&cache->allocator, sizeof(cfti_cached_block) + size);
        if (block == NULL) { /* the cached blocks may make up for it */
            cfti_block_cache_drop(cache);
            block = (cfti_cached_block *)cfti_alloc(&cache->allocator,
                                                    sizeof(cfti_cached_block) + size);
        }
        if (block == NULL) return NULL;
        block->capacity = size;
    }
    return block + 1;
}

static void cfti_block_cache_free(void *ctx, void *bytes, size_t size) {
    cfti_block_cache *cache = (cfti_block_cache *)ctx;
    cfti_cached_block *block = (cfti_cached_block *)bytes - 1;
    if (size < CFTI_MIN_CACHED_BLOCK) {
        cfti_free(&cache->allocator, bytes, size);
        return;
    }
    if (block->capacity > CFTI_MAX_CACHED_BYTES / 4) {
        cfti_cached_block_free(cache, block);
        return;
    }
    cfti_mutex_lock(&cache->mutex);
    while (cache->count == CFTI_MAX_CACHED_BLOCKS ||
           cache->bytes + block->capacity > CFTI_MAX_CACHED_BYTES)
        cfti_cached_block_free(cache, cfti_block_cache_remove(cache, 0));
    cache->blocks[cache->count++] = block;
    cache->bytes += block->capacity;
    cfti_mutex_unlock(&cache->mutex);
}

static void *cfti_block_cache_realloc(void *ctx, void *bytes, size_t old_size, size_t new_size) {
    void *moved;
    if (old_size >= CFTI_MIN_CACHED_BLOCK && new_size >= CFTI_MIN_CACHED_BLOCK &&
        new_size <= ((cfti_cached_block *)bytes - 1)->capacity)
        return bytes;
    moved = cfti_block_cache_alloc(ctx, new_size);
    if (moved == NULL) return NULL;
    memcpy(moved, bytes, cfti_min(old_size, new_size));
    cfti_block_cache_free(ctx, bytes, old_size);
    return moved;
}

/* False: the system has no mutex left. */
static bool cfti_block_cache_open(cfti_block_cache *cache, const confiture_allocator *allocator) {
    memset(cache, 0, sizeof(*cache));
    cache->allocator = *allocator;
    cache->is_open = cfti_mutex_init(&cache->mutex) == 0;
    return cache->is_open;
}

static void cfti_block_cache_close(cfti_block_cache *cache) {
    if (!cache->is_open) return;
    cfti_block_cache_drop(cache);
    cfti_mutex_destroy(&cache->mutex);
    cache->is_open = false;
}

/* ---- base/error.c: status texts, filling an error ---- */

/* A failure, before cfti_report() puts it into words. Small, since workers keep one per file; path
 * and detail must live until then. */
typedef struct cfti_fail {
    confiture_status status;
    int os_error;
    size_t index; /* as in confiture_error */
    uint64_t line;
    uint64_t offset;
    const char *path;   /* NULL: the file at hand, if any; "": none */
    const char *detail; /* NULL: the status text alone */
} cfti_fail;

static confiture_status cfti_fail_with(cfti_fail *fail, confiture_status status,
                                       const char *detail) {
    memset(fail, 0, sizeof(*fail));
    fail->index = CONFITURE_NO_INDEX;
    fail->status = status;
    fail->detail = detail;
    return status;
}

static confiture_status cfti_fail_system(cfti_fail *fail, int os_error, const char *path) {
    memset(fail, 0, sizeof(*fail));
    fail->index = CONFITURE_NO_INDEX;
    fail->path = path;
    if (os_error == CFTI_OS_NO_MEMORY) { /* most often from the allocator */
        fail->status = CONFITURE_E_MEMORY;
    } else {
        fail->status = CONFITURE_E_SYSTEM;
        fail->os_error = os_error;
    }
    return fail->status;
}

/* Whether a resource has run out that others may hold. */
static bool cfti_fail_is_shortage(const cfti_fail *fail) {
    return fail->status == CONFITURE_E_MEMORY ||
           (fail->status == CONFITURE_E_SYSTEM && cfti_os_is_shortage(fail->os_error));
}

CONFITURE_API const char *confiture_version(void) { return CONFITURE_VERSION; }

CONFITURE_API const char *confiture_status_text(confiture_status status) {
    switch (status) {
    case CONFITURE_OK: return "done";
    case CONFITURE_E_ARGUMENT: return "an option cannot be used";
    case CONFITURE_E_MEMORY: return "out of memory";
    case CONFITURE_E_SYSTEM: return "the system refused";
    case CONFITURE_E_NOT_FOUND: return "the directory does not exist";
    case CONFITURE_E_NO_FILES: return "no SQL files found";
    case CONFITURE_E_NOT_FILE: return "not a regular file";
    case CONFITURE_E_OUTSIDE: return "the file is not below the base directory";
    case CONFITURE_E_CHANGED: return "the file changed while it was being read";
    case CONFITURE_E_TOO_LARGE: return "too large for this machine's memory";
    case CONFITURE_E_NAME: return "the file name is not safe in SQL";
    case CONFITURE_E_ENCODING: return "not valid UTF-8";
    case CONFITURE_E_UNCLOSED: return "something is still open at the end of the file";
    case CONFITURE_E_CANCELLED: return "cancelled";
    case CONFITURE_E_SINK: return "the sink refused the bytes";
    case CONFITURE_E_LIMIT: return "larger than the limit";
    case CONFITURE_E_FORMAT: return "not in the format that is expected";
    }
    return "unknown status";
}

/* Writes into a fixed array, always with a NUL, and cuts what does not fit. */
typedef struct cfti_writer {
    char *data;
    size_t size;
    size_t capacity;
} cfti_writer;

static void cfti_writer_init(cfti_writer *w, char *data, size_t capacity) {
    w->data = data;
    w->data[0] = '\0';
    w->size = 0;
    w->capacity = capacity;
}

static void cfti_write_bytes(cfti_writer *w, const char *bytes, size_t size) {
    size_t capacity = w->capacity - 1 - w->size;
    size = cfti_min(size, capacity);
    memcpy(w->data + w->size, bytes, size);
    w->size += size;
    w->data[w->size] = '\0';
}

static void cfti_write_string(cfti_writer *w, const char *string) {
    cfti_write_bytes(w, string, strlen(string));
}

static size_t cfti_decimal(char out[20], uint64_t value) {
    char digits[20];
    size_t n = 0, i;
    do {
        digits[n++] = (char)('0' + (int)(value % 10));
        value /= 10;
    } while (value != 0);
    for (i = 0; i < n; i++) out[i] = digits[n - 1 - i];
    return n;
}

static void cfti_write_number(cfti_writer *w, uint64_t value) {
    char digits[20];
    cfti_write_bytes(w, digits, cfti_decimal(digits, value));
}

/* Unicode's category Cc: a terminal, or a line of SQL, may take such a character for a command. */
static bool cfti_is_control(uint32_t code) { return code < 0x20 || (code >= 0x7F && code < 0xA0); }

/* Whether the byte at p must be written \xNN, being part of no character or of a control character,
 * so that a hostile file name cannot forge a second message. *length is the size of the character,
 * or 1. */
static bool cfti_needs_escape(const char *p, size_t n, size_t *length) {
    uint32_t code;
    *length = cfti_utf8_decode((const uint8_t *)p, n, &code);
    if (*length != 0 && !cfti_is_control(code)) return false;
    *length = 1;
    return true;
}

static size_t cfti_escaped_size(const char *text) {
    size_t n = strlen(text), i, size = 0, length;
    for (i = 0; i < n; i += length)
        size += cfti_needs_escape(text + i, n - i, &length) ? 4 : length;
    return size;
}

/* A path as one line of text. */
static void cfti_write_path(cfti_writer *w, const char *path) {
    static const char hex[] = "0123456789ABCDEF";
    size_t n = strlen(path), i, length;
    for (i = 0; i < n; i += length) {
        bool escaped = cfti_needs_escape(path + i, n - i, &length);
        if (w->capacity - 1 - w->size < (escaped ? 4 : length)) {
            w->capacity = w->size + 1; /* no half character, and nothing after the cut */
            return;
        }
        if (escaped) {
            uint8_t value = (uint8_t)path[i];
            char escape[4];
            escape[0] = '\\';
            escape[1] = 'x';
            escape[2] = hex[value >> 4];
            escape[3] = hex[value & 15];
            cfti_write_bytes(w, escape, 4);
        } else {
            cfti_write_bytes(w, path + i, length);
        }
    }
}

/* Keeps the end of a path that is too long: it names the file. */
static void cfti_copy_path(char *out, size_t capacity, const char *path) {
    size_t n = strlen(path);
    if (n < capacity) {
        memcpy(out, path, n + 1);
    } else {
        memcpy(out, "...", 3);
        memcpy(out + 3, path + n - (capacity - 4), capacity - 3);
    }
}

#define CFTI_MESSAGE_CAPACITY 512 /* reserved for the text after the path */

/* Puts a failure into the caller's error, which may be NULL. */
static confiture_status cfti_report(confiture_error *error, const cfti_fail *fail) {
    cfti_writer w;
    if (error == NULL) return fail->status;
    error->status = fail->status;
    error->os_error = fail->os_error;
    error->index = fail->index;
    error->line = fail->line;
    error->offset = fail->offset;
    error->path[0] = '\0';
    cfti_writer_init(&w, error->message, sizeof(error->message));
    if (fail->path != NULL && fail->path[0] != '\0') {
        const char *shown = error->path;
        size_t size, length;
        cfti_copy_path(error->path, sizeof(error->path), fail->path);
        size = cfti_escaped_size(shown);
        while (size > sizeof(error->message) - CFTI_MESSAGE_CAPACITY) {
            size -= cfti_needs_escape(shown, strlen(shown), &length) ? 4 : length;
            shown += length;
        }
        if (shown != error->path) cfti_write_string(&w, "...");
        cfti_write_path(&w, shown);
        if (fail->line != 0) {
            cfti_write_string(&w, ":");
            cfti_write_number(&w, fail->line);
        }
        cfti_write_string(&w, ": ");
    }
    if (fail->detail != NULL) {
        cfti_write_path(&w, fail->detail); /* it may quote the user's input */
    } else if (fail->status != CONFITURE_E_SYSTEM) {
        cfti_write_string(&w, confiture_status_text(fail->status));
    }
    if (fail->status == CONFITURE_E_ENCODING) {
        cfti_write_string(&w, ", byte ");
        cfti_write_number(&w, fail->offset);
    }
    if (fail->status == CONFITURE_E_LIMIT) {
        cfti_write_string(&w, " of ");
        cfti_write_number(&w, fail->offset);
        cfti_write_string(&w, fail->offset == 1 ? " byte" : " bytes");
    }
    if (fail->os_error != 0) {
        const char *text = cfti_os_error_text(fail->os_error);
        if (fail->detail != NULL || fail->status != CONFITURE_E_SYSTEM) cfti_write_string(&w, ": ");
        if (text != NULL) {
            cfti_write_string(&w, text);
        } else {
            cfti_write_string(&w, "system error ");
            cfti_write_number(&w, (uint64_t)(uint32_t)fail->os_error);
        }
    }
    return fail->status;
}

/* Reports a failure that belongs to no file. */
static confiture_status cfti_report_plain(confiture_error *error, confiture_status status,
                                          const char *detail) {
    cfti_fail fail;
    cfti_fail_with(&fail, status, detail);
    return cfti_report(error, &fail);
}

/* ---- required arguments ---- */

/* False: the pointer is NULL, and the error names `argument`. */
static bool cfti_require(const void *pointer, const char *argument, confiture_error *error) {
    char words[128];
    cfti_writer w;
    if (pointer != NULL) return true;
    cfti_writer_init(&w, words, sizeof(words));
    cfti_write_string(&w, argument);
    cfti_write_string(&w, " must not be NULL");
    (void)cfti_report_plain(error, CONFITURE_E_ARGUMENT, words);
    return false;
}

/* "array[index]member" */
static const char *cfti_name_item(char name[64], const char *array, size_t index,
                                  const char *member) {
    cfti_writer w;
    cfti_writer_init(&w, name, 64);
    cfti_write_string(&w, array);
    cfti_write_string(&w, "[");
    cfti_write_number(&w, index);
    cfti_write_string(&w, "]");
    cfti_write_string(&w, member);
    return name;
}

static bool cfti_require_all(const char *const *strings, size_t count, const char *array,
                             confiture_error *error) {
    char name[64];
    size_t i;
    if (count > 0 && !cfti_require(strings, array, error)) return false;
    for (i = 0; i < count; i++)
        if (strings[i] == NULL)
            return cfti_require(NULL, cfti_name_item(name, array, i, ""), error);
    return true;
}

/* ---- base/cpu.c: what this processor can do beyond plain C ---- */

#define CFTI_CPU_SHANI 1u          /* x86: SHA extensions, SSSE3 and SSE4.1 */
#define CFTI_CPU_ARMV8 2u          /* ARM: SHA-256 instructions */
#define CFTI_CPU_SSSE3 4u          /* x86: SSSE3 and POPCNT */
#define CFTI_CPU_KNOWN 0x40000000u /* the mask has been found */

/* Which kernels are compiled. __GNUC__ of clang is always 4. */
#if !defined(CONFITURE_NO_SIMD) && ((CFTI_GNUC && (defined(__clang__) || __GNUC__ >= 5) &&         \
                                     (defined(__x86_64__) || defined(__i386__))) ||                \
                                    CFTI_MSVC_X64)
#define CFTI_SIMD_X86 1
#else
#define CFTI_SIMD_X86 0
#endif

/* arm_neon.h of clang before 16 declares the instructions only if they are enabled for the whole
 * file, as on macOS. */
#if !defined(CONFITURE_NO_SIMD) && CFTI_GNUC && defined(__aarch64__) && !defined(__AARCH64EB__) && \
    (defined(__ARM_FEATURE_SHA2) || defined(__APPLE__) ||                                          \
     (defined(__linux__) &&                                                                        \
      ((defined(__clang__) && __clang_major__ >= 16) || (!defined(__clang__) && __GNUC__ >= 6))))
#define CFTI_SIMD_ARM 1
#else
#define CFTI_SIMD_ARM 0
#endif

#if CFTI_SIMD_X86

/* <cpuid.h> is no help: before gcc 11 it had no include guard, so that a host that includes it too
 * would not compile, and its __cpuid macro breaks that function in mingw's windows.h. */
static void cfti_cpuid(unsigned leaf, unsigned regs[4]) {
#if CFTI_MSVC
    __cpuidex((int *)regs, (int)leaf, 0);
#else
    __asm__ volatile("cpuid"
                     : "=a"(regs[0]), "=b"(regs[1]), "=c"(regs[2]), "=d"(regs[3])
                     : "0"(leaf), "2"(0));
#endif
}

/* The SHA extensions use SSE registers, which every system saves; only AVX needs a check of
 * OSXSAVE. */
static unsigned cfti_cpu_detect(void) {
    const unsigned ssse3 = 1u << 9, sse41 = 1u << 19, popcnt = 1u << 23;
    unsigned regs[4], last, have, found = 0;
    cfti_cpuid(0, regs);
    last = regs[0];
    cfti_cpuid(1, regs);
    have = regs[2];
    if ((have & ssse3) != 0 && (have & popcnt) != 0) found |= CFTI_CPU_SSSE3;
    if (last < 7) return found;
    cfti_cpuid(7, regs);
    if ((have & ssse3) != 0 && (have & sse41) != 0 && (regs[1] >> 29 & 1) != 0)
        found |= CFTI_CPU_SHANI;
    return found;
}

#elif CFTI_SIMD_ARM

#if !defined(__ARM_FEATURE_SHA2) && !defined(__APPLE__)
#include <sys/auxv.h>
#endif

static unsigned cfti_cpu_detect(void) {
#if defined(__ARM_FEATURE_SHA2) || defined(__APPLE__)
    return CFTI_CPU_ARMV8;
#else
    /* Bit 6 is HWCAP_SHA2, which the headers of libc define only in some modes. */
    return (getauxval(AT_HWCAP) >> 6 & 1) != 0 ? CFTI_CPU_ARMV8 : 0;
#endif
}

#else

static unsigned cfti_cpu_detect(void) { return 0; }

#endif

/* The only mutable global: 0 until the first detection, then a constant, so that threads which
 * detect at the same time store the same value. Tests assign it to switch features off. */
static int cfti_cpu_mask;

static unsigned cfti_cpu_features(void) {
    int mask = CFTI_ATOMIC_LOAD(&cfti_cpu_mask);
    if (CFTI_UNLIKELY(mask == 0)) {
        mask = (int)(cfti_cpu_detect() | CFTI_CPU_KNOWN);
        CFTI_ATOMIC_STORE(&cfti_cpu_mask, mask);
    }
    return (unsigned)mask;
}

/* ---- sha256/portable.c: the SHA-256 compression function in plain C ---- */

static const uint32_t cfti_sha256_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

#define CFTI_SHA256_ROR(x, n) ((x) >> (n) | (x) << (32 - (n)))

/* One round. The caller renames the eight working variables instead of moving them: only d and h
 * change. Maj(a, b, c) is b ^ ((a ^ b) & (b ^ c)), and its b ^ c is the a ^ b of the round before,
 * passed in `bc`. */
#define CFTI_SHA256_ROUND(a, b, c, d, e, f, g, h, ab, bc, k, w)                                    \
    do {                                                                                           \
        h += (k) + (w);                                                                            \
        h += g ^ (e & (f ^ g));                                                                    \
        h += CFTI_SHA256_ROR(e, 6) ^ CFTI_SHA256_ROR(e, 11) ^ CFTI_SHA256_ROR(e, 25);              \
        d += h;                                                                                    \
        ab = a ^ b;                                                                                \
        h += CFTI_SHA256_ROR(a, 2) ^ CFTI_SHA256_ROR(a, 13) ^ CFTI_SHA256_ROR(a, 22);              \
        h += b ^ (ab & bc);                                                                        \
    } while (0)

/* Word i of the message schedule takes the place of word i - 16. */
#define CFTI_SHA256_LOAD(i) (w[i] = cfti_load_be32(p + 4 * (i)))
#define CFTI_SHA256_NEXT(i)                                                                        \
    (w[i] += w[((i) + 9) & 15] +                                                                   \
             (CFTI_SHA256_ROR(w[((i) + 1) & 15], 7) ^ CFTI_SHA256_ROR(w[((i) + 1) & 15], 18) ^     \
              w[((i) + 1) & 15] >> 3) +                                                            \
             (CFTI_SHA256_ROR(w[((i) + 14) & 15], 17) ^ CFTI_SHA256_ROR(w[((i) + 14) & 15], 19) ^  \
              w[((i) + 14) & 15] >> 10))

#define CFTI_SHA256_ROUNDS8(word, i)                                                               \
    do {                                                                                           \
        CFTI_SHA256_ROUND(a, b, c, d, e, f, g, h, x, y, k[(i) + 0], word((i) + 0));                \
        CFTI_SHA256_ROUND(h, a, b, c, d, e, f, g, y, x, k[(i) + 1], word((i) + 1));                \
        CFTI_SHA256_ROUND(g, h, a, b, c, d, e, f, x, y, k[(i) + 2], word((i) + 2));                \
        CFTI_SHA256_ROUND(f, g, h, a, b, c, d, e, y, x, k[(i) + 3], word((i) + 3));                \
        CFTI_SHA256_ROUND(e, f, g, h, a, b, c, d, x, y, k[(i) + 4], word((i) + 4));                \
        CFTI_SHA256_ROUND(d, e, f, g, h, a, b, c, y, x, k[(i) + 5], word((i) + 5));                \
        CFTI_SHA256_ROUND(c, d, e, f, g, h, a, b, x, y, k[(i) + 6], word((i) + 6));                \
        CFTI_SHA256_ROUND(b, c, d, e, f, g, h, a, y, x, k[(i) + 7], word((i) + 7));                \
    } while (0)

static void cfti_sha256_blocks_portable(uint32_t state[8], const uint8_t *p, size_t nblocks) {
    for (; nblocks != 0; nblocks--, p += 64) {
        uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
        uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
        uint32_t x, y = b ^ c;
        uint32_t w[16];
        const uint32_t *k = cfti_sha256_k;

        CFTI_SHA256_ROUNDS8(CFTI_SHA256_LOAD, 0);
        CFTI_SHA256_ROUNDS8(CFTI_SHA256_LOAD, 8);
        for (k += 16; k != cfti_sha256_k + 64; k += 16) {
            CFTI_SHA256_ROUNDS8(CFTI_SHA256_NEXT, 0);
            CFTI_SHA256_ROUNDS8(CFTI_SHA256_NEXT, 8);
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }
}

/* ---- sha256/shani.c: the SHA-256 compression function with x86's SHA extensions ---- */

#if CFTI_SIMD_X86

#include <immintrin.h>

#define CFTI_SHANI_LOAD(p) _mm_loadu_si128((const __m128i *)(const void *)(p))
#define CFTI_SHANI_STORE(p, v) _mm_storeu_si128((__m128i *)(void *)(p), v)

/* Rounds i to i + 3, whose words are in m. Each sha256rnds2 does two rounds and depends on the one
 * before: a block takes at least 32 times 4 cycles, during which everything else is done too. */
#define CFTI_SHANI_ROUNDS4(m, i)                                                                   \
    do {                                                                                           \
        wk = _mm_add_epi32(m, CFTI_SHANI_LOAD(cfti_sha256_k + (i)));                               \
        cdgh = _mm_sha256rnds2_epu32(cdgh, abef, wk);                                              \
        abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(wk, 0x0e));                     \
    } while (0)

/* The next four words of the message schedule replace m0, the oldest four of the last sixteen. */
#define CFTI_SHANI_NEXT(m0, m1, m2, m3)                                                            \
    (m0 = _mm_sha256msg2_epu32(                                                                    \
         _mm_add_epi32(_mm_sha256msg1_epu32(m0, m1), _mm_alignr_epi8(m3, m2, 4)), m3))

#define CFTI_SHANI_ROUNDS16(i)                                                                     \
    do {                                                                                           \
        CFTI_SHANI_NEXT(m0, m1, m2, m3);                                                           \
        CFTI_SHANI_ROUNDS4(m0, (i) + 0);                                                           \
        CFTI_SHANI_NEXT(m1, m2, m3, m0);                                                           \
        CFTI_SHANI_ROUNDS4(m1, (i) + 4);                                                           \
        CFTI_SHANI_NEXT(m2, m3, m0, m1);                                                           \
        CFTI_SHANI_ROUNDS4(m2, (i) + 8);                                                           \
        CFTI_SHANI_NEXT(m3, m0, m1, m2);                                                           \
        CFTI_SHANI_ROUNDS4(m3, (i) + 12);                                                          \
    } while (0)

CFTI_TARGET("sha,sse4.1,ssse3")
static void cfti_sha256_blocks_shani(uint32_t state[8], const uint8_t *p, size_t nblocks) {
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    __m128i abef, cdgh, abef_in, cdgh_in, m0, m1, m2, m3, wk;

    /* The instructions need the state as ABEF and CDGH, A in the highest lane. */
    m0 = _mm_shuffle_epi32(CFTI_SHANI_LOAD(state), 0xb1);     /* CDAB */
    m1 = _mm_shuffle_epi32(CFTI_SHANI_LOAD(state + 4), 0x1b); /* EFGH */
    abef = _mm_alignr_epi8(m0, m1, 8);
    cdgh = _mm_blend_epi16(m1, m0, 0xf0);

    for (; nblocks != 0; nblocks--, p += 64) {
        abef_in = abef;
        cdgh_in = cdgh;
        m0 = _mm_shuffle_epi8(CFTI_SHANI_LOAD(p), swap);
        CFTI_SHANI_ROUNDS4(m0, 0);
        m1 = _mm_shuffle_epi8(CFTI_SHANI_LOAD(p + 16), swap);
        CFTI_SHANI_ROUNDS4(m1, 4);
        m2 = _mm_shuffle_epi8(CFTI_SHANI_LOAD(p + 32), swap);
        CFTI_SHANI_ROUNDS4(m2, 8);
        m3 = _mm_shuffle_epi8(CFTI_SHANI_LOAD(p + 48), swap);
        CFTI_SHANI_ROUNDS4(m3, 12);
        CFTI_SHANI_ROUNDS16(16);
        CFTI_SHANI_ROUNDS16(32);
        CFTI_SHANI_ROUNDS16(48);
        abef = _mm_add_epi32(abef, abef_in);
        cdgh = _mm_add_epi32(cdgh, cdgh_in);
    }

    m0 = _mm_shuffle_epi32(abef, 0x1b); /* FEBA */
    m1 = _mm_shuffle_epi32(cdgh, 0xb1); /* DCHG */
    CFTI_SHANI_STORE(state, _mm_blend_epi16(m0, m1, 0xf0));
    CFTI_SHANI_STORE(state + 4, _mm_alignr_epi8(m1, m0, 8));
}

/* ---- four messages at a time ---- */

/* One message leaves the unit idle between two sha256rnds2: long enough for the rounds of three
 * others. The lanes a, b, c and d have named variables, since compilers keep arrays in memory. */
#define CFTI_SHANI_EACH(step, x, y, z, w)                                                          \
    step(a, 0, x, y, z, w);                                                                        \
    step(b, 1, x, y, z, w);                                                                        \
    step(c, 2, x, y, z, w);                                                                        \
    step(d, 3, x, y, z, w)

#define CFTI_SHANI_LANE(l)                                                                         \
    __m128i abef##l, cdgh##l, abef_in##l, cdgh_in##l, m0##l, m1##l, m2##l, m3##l, wk##l

#define CFTI_SHANI_LANE_IN(l, lane, x, y, z, w)                                                    \
    m0##l = _mm_shuffle_epi32(CFTI_SHANI_LOAD(states[lane]), 0xb1);                                \
    m1##l = _mm_shuffle_epi32(CFTI_SHANI_LOAD(states[lane] + 4), 0x1b);                            \
    abef##l = _mm_alignr_epi8(m0##l, m1##l, 8);                                                    \
    cdgh##l = _mm_blend_epi16(m1##l, m0##l, 0xf0)

#define CFTI_SHANI_LANE_OUT(l, lane, x, y, z, w)                                                   \
    m0##l = _mm_shuffle_epi32(abef##l, 0x1b);                                                      \
    m1##l = _mm_shuffle_epi32(cdgh##l, 0xb1);                                                      \
    CFTI_SHANI_STORE(states[lane], _mm_blend_epi16(m0##l, m1##l, 0xf0));                           \
    CFTI_SHANI_STORE(states[lane] + 4, _mm_alignr_epi8(m1##l, m0##l, 8))

#define CFTI_SHANI_LANE_KEEP(l, lane, x, y, z, w) abef_in##l = abef##l, cdgh_in##l = cdgh##l
#define CFTI_SHANI_LANE_ADD(l, lane, x, y, z, w)                                                   \
    abef##l = _mm_add_epi32(abef##l, abef_in##l), cdgh##l = _mm_add_epi32(cdgh##l, cdgh_in##l)

#define CFTI_SHANI_LANE_ROUNDS4(l, lane, x, y, z, w)                                               \
    wk##l = _mm_add_epi32(m##x##l, k);                                                             \
    cdgh##l = _mm_sha256rnds2_epu32(cdgh##l, abef##l, wk##l);                                      \
    abef##l = _mm_sha256rnds2_epu32(abef##l, cdgh##l, _mm_shuffle_epi32(wk##l, 0x0e))
#define CFTI_SHANI_LANE_FIRST(l, lane, x, y, z, w)                                                 \
    m##x##l = _mm_shuffle_epi8(CFTI_SHANI_LOAD(p[lane] + at + 16 * (x)), swap)
#define CFTI_SHANI_LANE_LATER(l, lane, x, y, z, w)                                                 \
    CFTI_SHANI_NEXT(m##x##l, m##y##l, m##z##l, m##w##l)

/* The processor finds independent instructions in any order, but the order decides whether the
 * registers suffice. Measured: the order chosen is faster than the other by a tenth with gcc, and
 * by a quarter with clang. */
#if defined(__clang__)
#define CFTI_SHANI_EACH_ROUNDS4(step, x, y, z, w)                                                  \
    CFTI_SHANI_EACH(step, x, y, z, w);                                                             \
    CFTI_SHANI_EACH(CFTI_SHANI_LANE_ROUNDS4, x, y, z, w)
#else
#define CFTI_SHANI_EACH_ROUNDS4(step, x, y, z, w)                                                  \
    step(a, 0, x, y, z, w);                                                                        \
    CFTI_SHANI_LANE_ROUNDS4(a, 0, x, y, z, w);                                                     \
    step(b, 1, x, y, z, w);                                                                        \
    CFTI_SHANI_LANE_ROUNDS4(b, 1, x, y, z, w);                                                     \
    step(c, 2, x, y, z, w);                                                                        \
    CFTI_SHANI_LANE_ROUNDS4(c, 2, x, y, z, w);                                                     \
    step(d, 3, x, y, z, w);                                                                        \
    CFTI_SHANI_LANE_ROUNDS4(d, 3, x, y, z, w)
#endif

/* Rounds i to i + 3 of all four. */
#define CFTI_SHANI_X4(step, x, y, z, w, i)                                                         \
    do {                                                                                           \
        const __m128i k = CFTI_SHANI_LOAD(cfti_sha256_k + (i));                                    \
        CFTI_SHANI_EACH_ROUNDS4(step, x, y, z, w);                                                 \
    } while (0)

#define CFTI_SHANI_X4_ROUNDS16(step, i)                                                            \
    do {                                                                                           \
        CFTI_SHANI_X4(step, 0, 1, 2, 3, (i) + 0);                                                  \
        CFTI_SHANI_X4(step, 1, 2, 3, 0, (i) + 4);                                                  \
        CFTI_SHANI_X4(step, 2, 3, 0, 1, (i) + 8);                                                  \
        CFTI_SHANI_X4(step, 3, 0, 1, 2, (i) + 12);                                                 \
    } while (0)

/* The same as four calls of cfti_sha256_blocks_shani() with nblocks each. */
CFTI_TARGET("sha,sse4.1,ssse3")
static void cfti_sha256_blocks4_shani(uint32_t states[4][8], const uint8_t *const p[4],
                                      size_t nblocks) {
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    CFTI_SHANI_LANE(a);
    CFTI_SHANI_LANE(b);
    CFTI_SHANI_LANE(c);
    CFTI_SHANI_LANE(d);
    size_t at;

    CFTI_SHANI_EACH(CFTI_SHANI_LANE_IN, 0, 0, 0, 0);
    for (at = 0; at < 64 * nblocks; at += 64) {
        CFTI_SHANI_EACH(CFTI_SHANI_LANE_KEEP, 0, 0, 0, 0);
        CFTI_SHANI_X4_ROUNDS16(CFTI_SHANI_LANE_FIRST, 0);
        CFTI_SHANI_X4_ROUNDS16(CFTI_SHANI_LANE_LATER, 16);
        CFTI_SHANI_X4_ROUNDS16(CFTI_SHANI_LANE_LATER, 32);
        CFTI_SHANI_X4_ROUNDS16(CFTI_SHANI_LANE_LATER, 48);
        CFTI_SHANI_EACH(CFTI_SHANI_LANE_ADD, 0, 0, 0, 0);
    }
    CFTI_SHANI_EACH(CFTI_SHANI_LANE_OUT, 0, 0, 0, 0);
}

#endif

/* ---- sha256/armv8.c: the SHA-256 compression function with ARMv8's instructions ---- */

#if CFTI_SIMD_ARM

#include <arm_neon.h>

/* Each compiler's name of the instruction set, unless it is on by default. */
#if defined(__ARM_FEATURE_SHA2)
#define CFTI_ARMV8_TARGET
#elif defined(__clang__)
#define CFTI_ARMV8_TARGET __attribute__((target("sha2")))
#else
#define CFTI_ARMV8_TARGET __attribute__((target("+crypto")))
#endif

/* Rounds i to i + 3, whose words are in m. */
#define CFTI_ARMV8_ROUNDS4(m, i)                                                                   \
    do {                                                                                           \
        wk = vaddq_u32(m, vld1q_u32(cfti_sha256_k + (i)));                                         \
        old = abcd;                                                                                \
        abcd = vsha256hq_u32(abcd, efgh, wk);                                                      \
        efgh = vsha256h2q_u32(efgh, old, wk);                                                      \
    } while (0)

/* The next four words of the message schedule replace m0, the oldest four of the last sixteen. */
#define CFTI_ARMV8_NEXT(m0, m1, m2, m3) (m0 = vsha256su1q_u32(vsha256su0q_u32(m0, m1), m2, m3))

#define CFTI_ARMV8_ROUNDS16(i)                                                                     \
    do {                                                                                           \
        CFTI_ARMV8_NEXT(m0, m1, m2, m3);                                                           \
        CFTI_ARMV8_ROUNDS4(m0, (i) + 0);                                                           \
        CFTI_ARMV8_NEXT(m1, m2, m3, m0);                                                           \
        CFTI_ARMV8_ROUNDS4(m1, (i) + 4);                                                           \
        CFTI_ARMV8_NEXT(m2, m3, m0, m1);                                                           \
        CFTI_ARMV8_ROUNDS4(m2, (i) + 8);                                                           \
        CFTI_ARMV8_NEXT(m3, m0, m1, m2);                                                           \
        CFTI_ARMV8_ROUNDS4(m3, (i) + 12);                                                          \
    } while (0)

/* Loaded as bytes, so that the caller's memory needs no alignment. */
#define CFTI_ARMV8_LOAD(p) vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(p)))

CFTI_ARMV8_TARGET static void cfti_sha256_blocks_armv8(uint32_t state[8], const uint8_t *p,
                                                       size_t nblocks) {
    uint32x4_t abcd = vld1q_u32(state), efgh = vld1q_u32(state + 4);
    uint32x4_t abcd_in, efgh_in, m0, m1, m2, m3, wk, old;

    for (; nblocks != 0; nblocks--, p += 64) {
        abcd_in = abcd;
        efgh_in = efgh;
        m0 = CFTI_ARMV8_LOAD(p);
        m1 = CFTI_ARMV8_LOAD(p + 16);
        m2 = CFTI_ARMV8_LOAD(p + 32);
        m3 = CFTI_ARMV8_LOAD(p + 48);
        CFTI_ARMV8_ROUNDS4(m0, 0);
        CFTI_ARMV8_ROUNDS4(m1, 4);
        CFTI_ARMV8_ROUNDS4(m2, 8);
        CFTI_ARMV8_ROUNDS4(m3, 12);
        CFTI_ARMV8_ROUNDS16(16);
        CFTI_ARMV8_ROUNDS16(32);
        CFTI_ARMV8_ROUNDS16(48);
        abcd = vaddq_u32(abcd, abcd_in);
        efgh = vaddq_u32(efgh, efgh_in);
    }
    vst1q_u32(state, abcd);
    vst1q_u32(state + 4, efgh);
}

/* ---- four messages at a time ---- */

/* The rounds of one message depend on each other; those of the four lanes, a to d, do not. */
#define CFTI_ARMV8_EACH(step, x, y, z, w)                                                          \
    step(a, 0, x, y, z, w);                                                                        \
    step(b, 1, x, y, z, w);                                                                        \
    step(c, 2, x, y, z, w);                                                                        \
    step(d, 3, x, y, z, w)

#define CFTI_ARMV8_LANE(l)                                                                         \
    uint32x4_t abcd##l, efgh##l, abcd_in##l, efgh_in##l, m0##l, m1##l, m2##l, m3##l, wk##l, old##l

#define CFTI_ARMV8_LANE_IN(l, lane, x, y, z, w)                                                    \
    abcd##l = vld1q_u32(states[lane]), efgh##l = vld1q_u32(states[lane] + 4)
#define CFTI_ARMV8_LANE_OUT(l, lane, x, y, z, w)                                                   \
    vst1q_u32(states[lane], abcd##l), vst1q_u32(states[lane] + 4, efgh##l)
#define CFTI_ARMV8_LANE_KEEP(l, lane, x, y, z, w) abcd_in##l = abcd##l, efgh_in##l = efgh##l
#define CFTI_ARMV8_LANE_ADD(l, lane, x, y, z, w)                                                   \
    abcd##l = vaddq_u32(abcd##l, abcd_in##l), efgh##l = vaddq_u32(efgh##l, efgh_in##l)

#define CFTI_ARMV8_LANE_ROUNDS4(l, lane, x, y, z, w)                                               \
    wk##l = vaddq_u32(m##x##l, k);                                                                 \
    old##l = abcd##l;                                                                              \
    abcd##l = vsha256hq_u32(abcd##l, efgh##l, wk##l);                                              \
    efgh##l = vsha256h2q_u32(efgh##l, old##l, wk##l)
#define CFTI_ARMV8_LANE_FIRST(l, lane, x, y, z, w)                                                 \
    m##x##l = CFTI_ARMV8_LOAD(p[lane] + at + 16 * (x))
#define CFTI_ARMV8_LANE_LATER(l, lane, x, y, z, w)                                                 \
    CFTI_ARMV8_NEXT(m##x##l, m##y##l, m##z##l, m##w##l)

/* Rounds i to i + 3 of all four. */
#define CFTI_ARMV8_X4(step, x, y, z, w, i)                                                         \
    do {                                                                                           \
        const uint32x4_t k = vld1q_u32(cfti_sha256_k + (i));                                       \
        CFTI_ARMV8_EACH(step, x, y, z, w);                                                         \
        CFTI_ARMV8_EACH(CFTI_ARMV8_LANE_ROUNDS4, x, y, z, w);                                      \
    } while (0)

#define CFTI_ARMV8_X4_ROUNDS16(step, i)                                                            \
    do {                                                                                           \
        CFTI_ARMV8_X4(step, 0, 1, 2, 3, (i) + 0);                                                  \
        CFTI_ARMV8_X4(step, 1, 2, 3, 0, (i) + 4);                                                  \
        CFTI_ARMV8_X4(step, 2, 3, 0, 1, (i) + 8);                                                  \
        CFTI_ARMV8_X4(step, 3, 0, 1, 2, (i) + 12);                                                 \
    } while (0)

/* The same as four calls of cfti_sha256_blocks_armv8() with nblocks each. */
CFTI_ARMV8_TARGET static void cfti_sha256_blocks4_armv8(uint32_t states[4][8],
                                                        const uint8_t *const p[4], size_t nblocks) {
    CFTI_ARMV8_LANE(a);
    CFTI_ARMV8_LANE(b);
    CFTI_ARMV8_LANE(c);
    CFTI_ARMV8_LANE(d);
    size_t at;

    CFTI_ARMV8_EACH(CFTI_ARMV8_LANE_IN, 0, 0, 0, 0);
    for (at = 0; at < 64 * nblocks; at += 64) {
        CFTI_ARMV8_EACH(CFTI_ARMV8_LANE_KEEP, 0, 0, 0, 0);
        CFTI_ARMV8_X4_ROUNDS16(CFTI_ARMV8_LANE_FIRST, 0);
        CFTI_ARMV8_X4_ROUNDS16(CFTI_ARMV8_LANE_LATER, 16);
        CFTI_ARMV8_X4_ROUNDS16(CFTI_ARMV8_LANE_LATER, 32);
        CFTI_ARMV8_X4_ROUNDS16(CFTI_ARMV8_LANE_LATER, 48);
        CFTI_ARMV8_EACH(CFTI_ARMV8_LANE_ADD, 0, 0, 0, 0);
    }
    CFTI_ARMV8_EACH(CFTI_ARMV8_LANE_OUT, 0, 0, 0, 0);
}

#endif

/* ---- sha256/kernels.c: the table of kernels, and the choice ---- */

#define CFTI_SHA256_LANES 4

typedef struct cfti_sha256_kernel {
    const char *name;
    unsigned features; /* that the processor must have: CFTI_CPU_... */
    void (*blocks)(uint32_t state[8], const uint8_t *p, size_t nblocks);
    /* As many calls of `blocks`, for messages side by side; NULL: that would save no time. */
    void (*lanes)(uint32_t states[CFTI_SHA256_LANES][8], const uint8_t *const p[CFTI_SHA256_LANES],
                  size_t nblocks);
} cfti_sha256_kernel;

/* The fastest first. A new kernel is one file in sha256/, its line in the spine, and a row. */
static const cfti_sha256_kernel cfti_sha256_kernels[] = {
#if CFTI_SIMD_X86
    {"sha-ni", CFTI_CPU_SHANI, cfti_sha256_blocks_shani, cfti_sha256_blocks4_shani},
#endif
#if CFTI_SIMD_ARM
    {"armv8", CFTI_CPU_ARMV8, cfti_sha256_blocks_armv8, cfti_sha256_blocks4_armv8},
#endif
    {"portable", 0, cfti_sha256_blocks_portable, NULL},
};

/* Called for each run of blocks: most often the first row fits. A pointer kept in a global would
 * need a setup that is safe among threads. */
static const cfti_sha256_kernel *cfti_sha256_kernel_choose(void) {
    const cfti_sha256_kernel *kernel = cfti_sha256_kernels;
    unsigned features = cfti_cpu_features();
    while (CFTI_UNLIKELY((kernel->features & ~features) != 0)) kernel++;
    return kernel;
}

static void cfti_sha256_blocks(uint32_t state[8], const uint8_t *p, size_t nblocks) {
    cfti_sha256_kernel_choose()->blocks(state, p, nblocks);
}

CONFITURE_API const char *confiture_sha256_kernel(void) {
    return cfti_sha256_kernel_choose()->name;
}

/* ---- sha256/sha256.c: SHA-256 (FIPS 180-4) of one message, as it comes ---- */

/* The size of a stream that received NULL for bytes: it has no digest. */
#define CFTI_SHA256_SPOILED UINT64_MAX

static void cfti_sha256_store(uint8_t digest[32], const uint32_t state[8]) {
    size_t i;
    for (i = 0; i < 8; i++) cfti_store_be32(digest + 4 * i, state[i]);
}

CONFITURE_API void confiture_sha256_init(confiture_sha256 *sha) {
    if (sha == NULL) return;
    sha->state[0] = 0x6a09e667;
    sha->state[1] = 0xbb67ae85;
    sha->state[2] = 0x3c6ef372;
    sha->state[3] = 0xa54ff53a;
    sha->state[4] = 0x510e527f;
    sha->state[5] = 0x9b05688c;
    sha->state[6] = 0x1f83d9ab;
    sha->state[7] = 0x5be0cd19;
    sha->size = 0;
}

CONFITURE_API void confiture_sha256_update(confiture_sha256 *sha, const void *data, size_t size) {
    const uint8_t *p = (const uint8_t *)data;
    size_t used;

    if (size == 0 || sha == NULL) return; /* memcpy() of a NULL is undefined for 0 bytes as well */
    if (CFTI_UNLIKELY(p == NULL || sha->size == CFTI_SHA256_SPOILED)) {
        sha->size = CFTI_SHA256_SPOILED;
        return;
    }
    used = (size_t)(sha->size & 63);
    sha->size += size;
    if (used != 0) {
        size_t capacity = 64 - used;
        if (size < capacity) {
            memcpy(sha->block + used, p, size);
            return;
        }
        memcpy(sha->block + used, p, capacity);
        cfti_sha256_blocks(sha->state, sha->block, 1);
        p += capacity;
        size -= capacity;
    }
    if (size >= 64) {
        cfti_sha256_blocks(sha->state, p, size / 64);
        p += size & ~(size_t)63;
        size &= 63;
    }
    if (size != 0) memcpy(sha->block, p, size);
}

CONFITURE_API void confiture_sha256_final(confiture_sha256 *sha, uint8_t digest[32]) {
    uint8_t tail[128];
    size_t used, size;
    uint64_t bits;

    if (digest == NULL || sha == NULL) return;
    if (sha->size == CFTI_SHA256_SPOILED) {
        memset(digest, 0, 32);
        return;
    }
    used = (size_t)(sha->size & 63);
    size = used < 56 ? 64 : 128;
    bits = sha->size << 3;
    memset(tail, 0, sizeof tail);
    memcpy(tail, sha->block, used);
    tail[used] = 0x80;
    cfti_store_be32(tail + size - 8, (uint32_t)(bits >> 32));
    cfti_store_be32(tail + size - 4, (uint32_t)bits);
    cfti_sha256_blocks(sha->state, tail, size / 64);
    cfti_sha256_store(digest, sha->state);
}

CONFITURE_API void confiture_sha256_once(const void *data, size_t size, uint8_t digest[32]) {
    confiture_sha256 sha;
    confiture_sha256_init(&sha);
    confiture_sha256_update(&sha, data, size);
    confiture_sha256_final(&sha, digest);
}

CONFITURE_API void confiture_sha256_hex(const uint8_t digest[32], char hex[65]) {
    static const char digits[] = "0123456789abcdef";
    size_t i;
    if (digest == NULL || hex == NULL) return;
    for (i = 0; i < 32; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[64] = '\0';
}

/* ---- sha256/many.c: many messages at once ---- */

/* A message in progress: its whole blocks, then the rest with the padding. */
typedef struct cfti_sha256_lane {
    size_t message;
    size_t blocks;      /* still to be hashed, from the lane's pointer on */
    size_t tail_blocks; /* 1 or 2; 0 once the lane has reached them */
    uint8_t tail[128];
} cfti_sha256_lane;

/* Starts a message in a lane. */
static void cfti_sha256_lane_begin(cfti_sha256_lane *lane, uint32_t state[8], const uint8_t **p,
                                   size_t message, const uint8_t *data, size_t size) {
    confiture_sha256 start;
    size_t rest = size & 63;
    uint64_t bits = (uint64_t)size << 3;
    confiture_sha256_init(&start);
    memcpy(state, start.state, sizeof(start.state));
    lane->message = message;
    lane->blocks = size / 64;
    lane->tail_blocks = rest < 56 ? 1 : 2;
    memset(lane->tail, 0, 64 * lane->tail_blocks);
    if (rest > 0) memcpy(lane->tail, data + (size - rest), rest);
    lane->tail[rest] = 0x80;
    cfti_store_be32(lane->tail + 64 * lane->tail_blocks - 8, (uint32_t)(bits >> 32));
    cfti_store_be32(lane->tail + 64 * lane->tail_blocks - 4, (uint32_t)bits);
    *p = data;
    if (lane->blocks == 0) {
        *p = lane->tail;
        lane->blocks = lane->tail_blocks;
        lane->tail_blocks = 0;
    }
}

/* Moves on by n hashed blocks. False: the message is complete. */
static bool cfti_sha256_lane_advance(cfti_sha256_lane *lane, const uint8_t **p, size_t n) {
    lane->blocks -= n;
    *p += 64 * n;
    if (lane->blocks > 0) return true;
    if (lane->tail_blocks == 0) return false;
    *p = lane->tail;
    lane->blocks = lane->tail_blocks;
    lane->tail_blocks = 0;
    return true;
}

/* The same as: for each i, confiture_sha256_once(messages[i], sizes[i], digests[i]). */
static void cfti_sha256_many(const uint8_t *const *messages, const size_t *sizes, size_t count,
                             uint8_t (*digests)[32]) {
    cfti_sha256_lane lanes[CFTI_SHA256_LANES];
    uint32_t states[CFTI_SHA256_LANES][8];
    const uint8_t *p[CFTI_SHA256_LANES];
    size_t next = 0, i, n;
    const cfti_sha256_kernel *kernel = cfti_sha256_kernel_choose();
    bool full = count >= CFTI_SHA256_LANES && kernel->lanes != NULL;
    if (!full) {
        for (; next < count; next++)
            confiture_sha256_once(messages[next], sizes[next], digests[next]);
        return;
    }
    for (i = 0; i < CFTI_SHA256_LANES; i++, next++)
        cfti_sha256_lane_begin(&lanes[i], states[i], &p[i], next, messages[next], sizes[next]);
    while (full) {
        n = lanes[0].blocks;
        for (i = 1; i < CFTI_SHA256_LANES; i++) n = cfti_min(n, lanes[i].blocks);
        kernel->lanes(states, p, n);
        for (i = 0; i < CFTI_SHA256_LANES; i++) {
            if (cfti_sha256_lane_advance(&lanes[i], &p[i], n)) continue;
            cfti_sha256_store(digests[lanes[i].message], states[i]);
            if (next == count) {
                full = false; /* the others go on alone */
                continue;
            }
            cfti_sha256_lane_begin(&lanes[i], states[i], &p[i], next, messages[next], sizes[next]);
            next++;
        }
    }
    for (i = 0; i < CFTI_SHA256_LANES; i++) {
        while (lanes[i].blocks > 0) {
            n = lanes[i].blocks;
            kernel->blocks(states[i], p[i], n);
            if (!cfti_sha256_lane_advance(&lanes[i], &p[i], n))
                cfti_sha256_store(digests[lanes[i].message], states[i]);
        }
    }
}

/* ---- threads/ring_cache.c: the rings that a pool keeps between calls ---- */

/* Setting up a ring takes as long as reading ten to twenty small files. */

typedef struct cfti_ring {
    struct cfti_ring *next;
    cfti_os_ring os;
} cfti_ring;

typedef struct cfti_ring_cache {
    confiture_allocator allocator;
    cfti_mutex mutex;
    cfti_ring *first;
    bool is_unavailable; /* this system has no rings, or allows none */
    bool is_open;
} cfti_ring_cache;

/* NULL: *error says why. */
static cfti_ring *cfti_ring_create(const confiture_allocator *allocator, int *error) {
    cfti_ring *ring = (cfti_ring *)cfti_alloc(allocator, sizeof(*ring));
    *error = ring == NULL ? CFTI_OS_NO_MEMORY : cfti_os_ring_open(&ring->os);
    if (*error == 0) return ring;
    cfti_free(allocator, ring, sizeof(*ring));
    return NULL;
}

static void cfti_ring_free(const confiture_allocator *allocator, cfti_ring *ring) {
    cfti_os_ring_close(&ring->os);
    cfti_free(allocator, ring, sizeof(*ring));
}

/* NULL: no ring can be had, and reading goes on without. */
static cfti_ring *cfti_ring_cache_acquire(cfti_ring_cache *cache) {
    cfti_ring *ring;
    bool is_unavailable;
    int error;
    cfti_mutex_lock(&cache->mutex);
    ring = cache->first;
    if (ring != NULL) cache->first = ring->next;
    is_unavailable = cache->is_unavailable;
    cfti_mutex_unlock(&cache->mutex);
    if (ring != NULL || is_unavailable) return ring;
    ring = cfti_ring_create(&cache->allocator, &error);
    if (ring == NULL && !cfti_os_is_shortage(error)) { /* a shortage passes */
        cfti_mutex_lock(&cache->mutex);
        cache->is_unavailable = true;
        cfti_mutex_unlock(&cache->mutex);
    }
    return ring;
}

static void cfti_ring_cache_release(cfti_ring_cache *cache, cfti_ring *ring) {
    cfti_mutex_lock(&cache->mutex);
    ring->next = cache->first;
    cache->first = ring;
    cfti_mutex_unlock(&cache->mutex);
}

/* Frees the rings that are not in use. */
static void cfti_ring_cache_drop(cfti_ring_cache *cache) {
    cfti_ring *ring;
    cfti_mutex_lock(&cache->mutex);
    ring = cache->first;
    cache->first = NULL;
    cfti_mutex_unlock(&cache->mutex);
    while (ring != NULL) {
        cfti_ring *next = ring->next;
        cfti_ring_free(&cache->allocator, ring);
        ring = next;
    }
}

/* False: the system has no mutex left. */
static bool cfti_ring_cache_open(cfti_ring_cache *cache, const confiture_allocator *allocator) {
    memset(cache, 0, sizeof(*cache));
    cache->allocator = *allocator;
    cache->is_open = cfti_mutex_init(&cache->mutex) == 0;
    return cache->is_open;
}

static void cfti_ring_cache_close(cfti_ring_cache *cache) {
    if (!cache->is_open) return;
    cfti_ring_cache_drop(cache);
    cfti_mutex_destroy(&cache->mutex);
    cache->is_open = false;
}

/* ---- threads/pool.c: the minimal thread pool, and what it keeps between calls ---- */

/* Fork and join, nothing more: the caller and some helpers run one function per round. The end of
 * a round waits only for the helpers that have begun it. */

#define CFTI_THREADS_AUTO 16 /* one reader feeds two hashers; more threads gained nothing */
#define CFTI_MAX_THREADS 256 /* each costs slots, and more have never been faster */

/* Tests simulate more processors than the machine has. */
static size_t cfti_processors(void) {
#if defined(CFTI_PROCESSORS)
    return CFTI_PROCESSORS;
#else
    return cfti_os_processors();
#endif
}

struct confiture_pool {
    confiture_allocator allocator;
    size_t helpers; /* threads that did start */
    size_t processors;
    cfti_block_cache blocks; /* a pool for one call has neither cache */
    cfti_ring_cache rings;
    cfti_thread *threads;
    size_t thread_capacity;
    cfti_mutex mutex;    /* over all that follows */
    cfti_condition wake; /* a new round, or the end */
    cfti_condition done; /* the last helper has left the round */
    void (*task)(void *ctx, size_t worker);
    void *ctx;
    int round;            /* changes with each; atomic, and so is running */
    int running;          /* helpers that have begun this round and not yet left it */
    size_t wanted, taken; /* helpers of this round: invited, arrived */
    bool stopping, busy;
};

/* ---- helpers and rounds ---- */

/* Sleeping and being woken costs both threads more than waiting for some 20 to 60 us, as long as
 * this takes on the processors measured. Only a hint: the caller looks again under its mutex. */
#define CFTI_SPINS 3000

static void cfti_spin_while(const int *value, int old) {
    int i;
    for (i = 0; i < CFTI_SPINS && CFTI_ATOMIC_LOAD(value) == old; i++) CFTI_PAUSE();
}

static void *cfti_pool_run(void *arg) {
    confiture_pool *pool = (confiture_pool *)arg;
    int seen = 0;
    (void)cfti_cancel_disable();
    cfti_mutex_lock(&pool->mutex);
    for (;;) {
        size_t worker;
        while (!pool->stopping && (pool->round == seen || pool->taken >= pool->wanted))
            cfti_condition_wait(&pool->wake, &pool->mutex);
        if (pool->stopping) break;
        seen = pool->round;
        worker = ++pool->taken;
        CFTI_ATOMIC_STORE(&pool->running, pool->running + 1);
        cfti_mutex_unlock(&pool->mutex);
        pool->task(pool->ctx, worker);
        cfti_mutex_lock(&pool->mutex);
        CFTI_ATOMIC_STORE(&pool->running, pool->running - 1);
        if (pool->running == 0) cfti_condition_signal(&pool->done);
        /* The next round often follows at once. */
        cfti_mutex_unlock(&pool->mutex);
        cfti_spin_while(&pool->round, seen);
        cfti_mutex_lock(&pool->mutex);
    }
    cfti_mutex_unlock(&pool->mutex);
    return NULL;
}

/* Starts up to `capacity` helpers. False: no memory, or no mutex is left. */
static bool cfti_pool_open(confiture_pool *pool, size_t capacity) {
    pool->thread_capacity = capacity;
    pool->threads = NULL;
    if (capacity > SIZE_MAX / sizeof(cfti_thread)) return false;
    pool->threads = (cfti_thread *)cfti_alloc(&pool->allocator, capacity * sizeof(cfti_thread));
    if (pool->threads == NULL) return false;
    if (cfti_mutex_init(&pool->mutex) == 0) {
        if (cfti_condition_init(&pool->wake) == 0) {
            if (cfti_condition_init(&pool->done) == 0) {
                while (pool->helpers < capacity &&
                       cfti_thread_start(&pool->threads[pool->helpers], cfti_pool_run, pool) == 0)
                    pool->helpers++;
                return true;
            }
            cfti_condition_destroy(&pool->wake);
        }
        cfti_mutex_destroy(&pool->mutex);
    }
    cfti_free(&pool->allocator, pool->threads, capacity * sizeof(cfti_thread));
    pool->threads = NULL;
    return false;
}

static void cfti_pool_close(confiture_pool *pool) {
    size_t i;
    if (!CFTI_OS_HAS_THREADS || pool->threads == NULL) return;
    cfti_mutex_lock(&pool->mutex);
    pool->stopping = true;
    cfti_condition_broadcast(&pool->wake);
    cfti_mutex_unlock(&pool->mutex);
    for (i = 0; i < pool->helpers; i++) cfti_thread_join(&pool->threads[i]);
    cfti_condition_destroy(&pool->done);
    cfti_condition_destroy(&pool->wake);
    cfti_mutex_destroy(&pool->mutex);
    cfti_free(&pool->allocator, pool->threads, pool->thread_capacity * sizeof(cfti_thread));
    pool->threads = NULL;
}

/* Reserves a caller's pool for one call. False: another call has it. */
static bool cfti_pool_claim(confiture_pool *pool) {
    bool was_busy;
    cfti_mutex_lock(&pool->mutex);
    was_busy = pool->busy;
    pool->busy = true;
    cfti_mutex_unlock(&pool->mutex);
    return !was_busy;
}

static void cfti_pool_release(confiture_pool *pool) {
    cfti_mutex_lock(&pool->mutex);
    pool->busy = false;
    cfti_mutex_unlock(&pool->mutex);
}

/* Begins a round: the helpers run task(ctx, 1), task(ctx, 2), ... to task(ctx, helpers). */
static void cfti_pool_begin(confiture_pool *pool, size_t helpers,
                            void (*task)(void *ctx, size_t worker), void *ctx) {
    cfti_mutex_lock(&pool->mutex);
    pool->task = task;
    pool->ctx = ctx;
    CFTI_ATOMIC_STORE(&pool->round, (int)(((unsigned)pool->round + 1) & 0x7FFFFFFF));
    pool->taken = 0;
    pool->wanted = helpers;
    cfti_condition_broadcast(&pool->wake);
    cfti_mutex_unlock(&pool->mutex);
}

/* Returns when every helper that has begun the round has left it; the others will not begin. */
static void cfti_pool_join(confiture_pool *pool) {
    cfti_mutex_lock(&pool->mutex);
    pool->wanted = 0;
    if (pool->running > 0) {
        int running = pool->running;
        cfti_mutex_unlock(&pool->mutex);
        cfti_spin_while(&pool->running, running);
        cfti_mutex_lock(&pool->mutex);
    }
    while (pool->running > 0) cfti_condition_wait(&pool->done, &pool->mutex);
    cfti_mutex_unlock(&pool->mutex);
}

/* ---- a caller's pool ---- */

/* Frees all that the pool has kept of earlier calls. */
static void cfti_pool_drop(confiture_pool *pool) {
    if (!CFTI_OS_HAS_THREADS) return;
    cfti_block_cache_drop(&pool->blocks);
    cfti_ring_cache_drop(&pool->rings);
}

CONFITURE_API confiture_status confiture_pool_create(confiture_pool **pool, size_t threads,
                                                     const confiture_allocator *allocator,
                                                     confiture_error *error) {
    confiture_allocator chosen;
    if (!cfti_require(pool, "pool", error)) return CONFITURE_E_ARGUMENT;
    *pool = NULL;
    if (!cfti_allocator_choose(&chosen, allocator))
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT, cfti_no_allocator);
    *pool = (confiture_pool *)cfti_alloc(&chosen, sizeof(confiture_pool));
    if (*pool == NULL) return cfti_report_plain(error, CONFITURE_E_MEMORY, NULL);
    memset(*pool, 0, sizeof(confiture_pool));
    (*pool)->allocator = chosen;
    if (!CFTI_OS_HAS_THREADS) return CONFITURE_OK;
    (*pool)->processors = cfti_processors();
    if (threads == 0 || threads > (*pool)->processors) threads = (*pool)->processors;
    threads = cfti_min(threads, CFTI_MAX_THREADS);
    if (!cfti_block_cache_open(&(*pool)->blocks, &chosen) ||
        !cfti_ring_cache_open(&(*pool)->rings, &chosen) ||
        (threads > 1 && !cfti_pool_open(*pool, threads - 1))) {
        confiture_pool_free(*pool);
        *pool = NULL;
        return cfti_report_plain(error, CONFITURE_E_MEMORY, NULL);
    }
    return CONFITURE_OK;
}

CONFITURE_API void confiture_pool_free(confiture_pool *pool) {
    confiture_allocator allocator;
    int cancel;
    if (pool == NULL) return;
    cancel = cfti_cancel_disable();
    cfti_pool_close(pool);
    cfti_ring_cache_close(&pool->rings);
    cfti_block_cache_close(&pool->blocks);
    cfti_cancel_restore(cancel);
    allocator = pool->allocator;
    cfti_free(&allocator, pool, sizeof(*pool));
}

/* ---- what a call gets from its pool ---- */

/* Without threads of its own the library has no locks, but the host may have threads: a pool then
 * keeps nothing. */
static bool cfti_pool_keeps(const confiture_pool *pool) {
    return CFTI_OS_HAS_THREADS && pool != NULL;
}

/* For memory that does not outlive the call: the caller's allocator, or the blocks of its pool, or
 * the default. False as cfti_allocator_choose(). */
static bool cfti_scratch_allocator(confiture_allocator *out, const confiture_run *run) {
    if (run->allocator == NULL && cfti_pool_keeps(run->pool)) {
        out->alloc = cfti_block_cache_alloc;
        out->realloc = cfti_block_cache_realloc;
        out->free = cfti_block_cache_free;
        out->ctx = &run->pool->blocks;
        return true;
    }
    return cfti_allocator_choose(out, run->allocator);
}

#if !defined(CFTI_FILES_PER_RING)
#define CFTI_FILES_PER_RING 96 /* setting it up takes a few per cent of the time to read them */
#endif
#if !defined(CFTI_FILES_PER_PARKED_RING)
#define CFTI_FILES_PER_PARKED_RING 16
#endif

static const char cfti_unknown_io[] = "unknown way of reading";

static bool cfti_io_is_known(confiture_io io) {
    return io == CONFITURE_IO_AUTO || io == CONFITURE_IO_READ || io == CONFITURE_IO_MMAP ||
           io == CONFITURE_IO_RING;
}

/* The allocator of the rings that no pool keeps. */
static bool cfti_ring_allocator(confiture_allocator *out, const confiture_run *run) {
    return cfti_allocator_choose(out, run->pool != NULL ? &run->pool->allocator : run->allocator);
}

/* A ring for one worker of a call that reads `files` files, to be released with
 * cfti_ring_release(). NULL: none is available, and the worker reads without. */
static cfti_ring *cfti_ring_acquire(const confiture_run *run, size_t files) {
    bool is_kept = cfti_pool_keeps(run->pool);
    confiture_allocator allocator;
    int error;
    if (run->io != CONFITURE_IO_RING &&
        (run->io != CONFITURE_IO_AUTO ||
         files < (is_kept ? CFTI_FILES_PER_PARKED_RING : CFTI_FILES_PER_RING)))
        return NULL;
    if (is_kept) return cfti_ring_cache_acquire(&run->pool->rings);
    return cfti_ring_allocator(&allocator, run) ? cfti_ring_create(&allocator, &error) : NULL;
}

/* is_broken: the ring is of no further use. */
static void cfti_ring_release(const confiture_run *run, cfti_ring *ring, bool is_broken) {
    confiture_allocator allocator;
    if (cfti_pool_keeps(run->pool) && !is_broken) {
        cfti_ring_cache_release(&run->pool->rings, ring);
    } else {
        (void)cfti_ring_allocator(&allocator, run);
        cfti_ring_free(&allocator, ring);
    }
}

/* ---- threads/workers.c: the workers of one call, and the loop that they share ---- */

/* The calling thread and its helpers: of the caller's pool, or started for this call, or none. */
typedef struct cfti_workers {
    const confiture_run *run;
    confiture_pool *pool; /* NULL: the calling thread alone */
    size_t helpers;       /* how many of the pool to use */
    confiture_pool own;
} cfti_workers;

/* How many threads a call may use, whatever its work. More than there are processors have only been
 * slower; with a parallel_for of its own the caller knows best. */
static size_t cfti_workers_limit(const confiture_run *run) {
    size_t limit = run->threads != 0 ? run->threads : CFTI_THREADS_AUTO;
    if (limit == 1) return 1;
    if (run->parallel_for != NULL)
        return run->threads != 0 ? limit : cfti_min(limit, cfti_processors());
    if (!CFTI_OS_HAS_THREADS) return 1;
    if (run->pool != NULL)
        return cfti_min(limit, cfti_min(run->pool->helpers + 1, run->pool->processors));
    return cfti_min(limit, cfti_processors());
}

/* useful: more threads than this would find nothing to do. */
static void cfti_workers_open(cfti_workers *workers, const confiture_run *run,
                              const confiture_allocator *allocator, size_t useful) {
    size_t threads = 1;
    memset(workers, 0, sizeof(*workers));
    workers->run = run;
    if (run->parallel_for == NULL && useful > 1)
        threads = cfti_min(cfti_workers_limit(run), useful);
    if (!CFTI_OS_HAS_THREADS || threads < 2) return;
    if (run->pool != NULL) {
        if (!cfti_pool_claim(run->pool)) return;
        workers->pool = run->pool;
        workers->helpers = threads - 1;
    } else {
        workers->own.allocator = *allocator;
        if (!cfti_pool_open(&workers->own, threads - 1)) return;
        workers->pool = &workers->own;
        workers->helpers = workers->own.helpers;
    }
}

/* NULL: the calling thread works alone. */
static confiture_pool *cfti_workers_pool(const cfti_workers *workers) {
    return CFTI_OS_HAS_THREADS ? workers->pool : NULL;
}

static void cfti_workers_close(cfti_workers *workers) {
    confiture_pool *pool = cfti_workers_pool(workers);
    workers->pool = NULL;
    if (pool == &workers->own) cfti_pool_close(pool);
    else if (pool != NULL) cfti_pool_release(pool);
}

/* Lets the helpers run task(ctx, 1), task(ctx, 2), ... while the caller, worker 0, does something
 * else. */
static void cfti_workers_start(cfti_workers *workers, void (*task)(void *ctx, size_t worker),
                               void *ctx) {
    confiture_pool *pool = cfti_workers_pool(workers);
    if (pool != NULL) cfti_pool_begin(pool, workers->helpers, task, ctx);
}

static void cfti_workers_join(cfti_workers *workers) {
    confiture_pool *pool = cfti_workers_pool(workers);
    if (pool != NULL) cfti_pool_join(pool);
}

/* Only a parallel_for of the caller's own can cause these two failures. */
#define CFTI_UNDONE "the caller's parallel_for left work undone"

static confiture_status cfti_fail_parallel(cfti_fail *fail, int error) {
    cfti_fail_system(fail, error, "");
    fail->detail = "the caller's parallel_for failed";
    return fail->status;
}

typedef struct cfti_loop {
    cfti_workers *workers;
    void (*task)(void *ctx, size_t index);
    void *ctx;
    size_t n, next; /* next: with the lock of the pool */
} cfti_loop;

static void cfti_loop_run(void *arg, size_t worker) {
    cfti_loop *loop = (cfti_loop *)arg;
    confiture_pool *pool = cfti_workers_pool(loop->workers);
    (void)worker;
    for (;;) {
        size_t i;
        if (pool != NULL) cfti_mutex_lock(&pool->mutex);
        i = loop->next;
        if (i < loop->n) loop->next++;
        if (pool != NULL) cfti_mutex_unlock(&pool->mutex);
        if (i >= loop->n) return;
        loop->task(loop->ctx, i);
    }
}

/* The same as: for (size_t i = 0; i < n; i++) task(ctx, i); return 0;
 * Non-zero is what the caller's own parallel_for returned. */
static int cfti_workers_each(cfti_workers *workers, size_t n, void (*task)(void *ctx, size_t index),
                             void *ctx) {
    cfti_loop loop;
    if (workers->run->parallel_for != NULL)
        return workers->run->parallel_for(workers->run->parallel_user, n, task, ctx);
    loop.workers = workers;
    loop.task = task;
    loop.ctx = ctx;
    loop.n = n;
    loop.next = 0;
    cfti_workers_start(workers, cfti_loop_run, &loop);
    cfti_loop_run(&loop, 0);
    cfti_workers_join(workers);
    return 0;
}

/* ---- text/text.c: UTF-8, newlines, and searches for bytes ---- */

/* Vectors of 16 bytes where every processor of the architecture has them, so that no detection is
 * needed: SSE2 is part of x86-64, and NEON of AArch64. Elsewhere the same loops use words of
 * eight bytes. */
#if !defined(CONFITURE_NO_SIMD) && ((CFTI_GNUC && defined(__SSE2__)) || CFTI_MSVC_X64)
#define CFTI_V16 1
#include <emmintrin.h>
typedef __m128i cfti_v16;

static cfti_v16 cfti_v16_load(const uint8_t *p) {
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}
static cfti_v16 cfti_v16_fill(uint8_t value) { return _mm_set1_epi8((char)value); }
static cfti_v16 cfti_v16_equal(cfti_v16 a, cfti_v16 b) { return _mm_cmpeq_epi8(a, b); }
static cfti_v16 cfti_v16_or(cfti_v16 a, cfti_v16 b) { return _mm_or_si128(a, b); }
static cfti_v16 cfti_v16_sub(cfti_v16 a, cfti_v16 b) { return _mm_sub_epi8(a, b); }

/* The first byte whose top bit is set; 16 if there is none. */
static unsigned cfti_v16_first(cfti_v16 v) {
    return CFTI_LOWEST_BIT((unsigned)_mm_movemask_epi8(v) | 0x10000u);
}

/* One bit for each byte whose top bit is set. CFTI_V16_AT is the index of the first such byte. */
static uint64_t cfti_v16_mask(cfti_v16 v) { return (unsigned)_mm_movemask_epi8(v); }
#define CFTI_V16_AT(mask) CFTI_LOWEST_BIT(mask)

static uint64_t cfti_v16_sum(cfti_v16 v) {
    __m128i sums = _mm_sad_epu8(v, _mm_setzero_si128());
    return (uint64_t)_mm_cvtsi128_si32(sums) +
           (uint64_t)_mm_cvtsi128_si32(_mm_unpackhi_epi64(sums, sums));
}

#elif CFTI_GNUC && !defined(CONFITURE_NO_SIMD) && defined(__aarch64__) && defined(__ARM_NEON)
#define CFTI_V16 1
#include <arm_neon.h>
typedef uint8x16_t cfti_v16;

static cfti_v16 cfti_v16_load(const uint8_t *p) { return vld1q_u8(p); }
static cfti_v16 cfti_v16_fill(uint8_t value) { return vdupq_n_u8(value); }
static cfti_v16 cfti_v16_equal(cfti_v16 a, cfti_v16 b) { return vceqq_u8(a, b); }
static cfti_v16 cfti_v16_or(cfti_v16 a, cfti_v16 b) { return vorrq_u8(a, b); }
static cfti_v16 cfti_v16_sub(cfti_v16 a, cfti_v16 b) { return vsubq_u8(a, b); }

/* NEON has no movemask: the top bits are spread over the bytes and then narrowed to four bits each.
 * vget_lane makes them a number; a store would depend on the byte order. */
static uint64_t cfti_v16_mask(cfti_v16 v) {
    uint8x16_t all = vreinterpretq_u8_s8(vshrq_n_s8(vreinterpretq_s8_u8(v), 7));
    uint8x8_t nibbles = vshrn_n_u16(vreinterpretq_u16_u8(all), 4);
    return vget_lane_u64(vreinterpret_u64_u8(nibbles), 0) & UINT64_C(0x8888888888888888);
}
#define CFTI_V16_AT(mask) (CFTI_LOWEST_BIT(mask) / 4)

static unsigned cfti_v16_first(cfti_v16 v) {
    uint64_t mask = cfti_v16_mask(v);
    return mask ? CFTI_V16_AT(mask) : 16;
}

static uint64_t cfti_v16_sum(cfti_v16 v) { return vaddlvq_u8(v); }

#else
#define CFTI_V16 0
#endif

#define CFTI_ONES UINT64_C(0x0101010101010101)
#define CFTI_TOPS UINT64_C(0x8080808080808080)

#if !CFTI_V16
static uint64_t cfti_load_word(const uint8_t *p) {
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

/* The top bit of every byte that is zero. The shorter (w - ONES) & ~w & TOPS also marks a 0x01
 * above a zero, so it cannot count. */
static uint64_t cfti_zero_bytes(uint64_t word) {
    return ~(((word & ~CFTI_TOPS) + ~CFTI_TOPS) | word) & CFTI_TOPS;
}
#endif

/* The first byte that is a or b; end if there is none. For the few bytes of a short string it is
 * faster than memchr. */
static const uint8_t *cfti_find2(const uint8_t *p, const uint8_t *end, uint8_t a, uint8_t b) {
#if CFTI_V16
    cfti_v16 as = cfti_v16_fill(a), bs = cfti_v16_fill(b);
    for (; end - p >= 16; p += 16) {
        cfti_v16 v = cfti_v16_load(p);
        unsigned at = cfti_v16_first(cfti_v16_or(cfti_v16_equal(v, as), cfti_v16_equal(v, bs)));
        if (at < 16) return p + at;
    }
#else
    for (; end - p >= 8; p += 8) {
        uint64_t word = cfti_load_word(p);
        if (cfti_zero_bytes(word ^ CFTI_ONES * a) | cfti_zero_bytes(word ^ CFTI_ONES * b)) break;
    }
#endif
    while (p < end && *p != a && *p != b) p++;
    return p;
}

/* The number of bytes that are `value`. */
static uint64_t cfti_count_byte(const uint8_t *p, size_t n, uint8_t value) {
    uint64_t count = 0;
#if CFTI_V16
    cfti_v16 wanted = cfti_v16_fill(value);
    while (n >= 16) {
        /* A lane counts to 255. */
        size_t blocks = cfti_min(n / 16, 255);
        cfti_v16 lanes = cfti_v16_fill(0);
        n -= 16 * blocks;
        for (; blocks > 0; blocks--, p += 16)
            lanes = cfti_v16_sub(lanes, cfti_v16_equal(cfti_v16_load(p), wanted));
        count += cfti_v16_sum(lanes);
    }
#else
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t found = cfti_zero_bytes(cfti_load_word(p) ^ CFTI_ONES * value);
        count += ((found >> 7) * CFTI_ONES) >> 56;
    }
#endif
    for (; n > 0; n--, p++) count += *p == value;
    return count;
}

static const uint8_t *cfti_skip_ascii(const uint8_t *p, const uint8_t *end) {
#if CFTI_V16
    for (; end - p >= 64; p += 64) {
        cfti_v16 low = cfti_v16_or(cfti_v16_load(p), cfti_v16_load(p + 16));
        cfti_v16 high = cfti_v16_or(cfti_v16_load(p + 32), cfti_v16_load(p + 48));
        if (cfti_v16_first(cfti_v16_or(low, high)) < 16) break;
    }
    for (; end - p >= 16; p += 16) {
        unsigned at = cfti_v16_first(cfti_v16_load(p));
        if (at < 16) return p + at;
    }
#else
    while (end - p >= 16 && !((cfti_load_word(p) | cfti_load_word(p + 8)) & CFTI_TOPS)) p += 16;
#endif
    while (p < end && *p < 0x80) p++;
    return p;
}

/* ==== UTF-8 ============================================================== */

/* Strict UTF-8 (no surrogates, no overlong forms, nothing above U+10FFFF), fed in pieces of any
 * size. */
typedef struct cfti_utf8 {
    uint64_t offset;   /* of the incomplete sequence, or of the end of the text */
    uint8_t seen;      /* bytes of the incomplete sequence */
    uint8_t wanted;    /* its missing bytes */
    uint8_t low, high; /* the range of its next byte */
} cfti_utf8;

static void cfti_utf8_init(cfti_utf8 *utf8) { memset(utf8, 0, sizeof *utf8); }

/* Table 3-7 of the Unicode standard: the lead bytes and the range of the second byte after each.
 * False: not a lead byte. */
static bool cfti_utf8_lead(cfti_utf8 *utf8, uint8_t lead) {
    if (lead < 0xC2 || lead > 0xF4) return false;
    utf8->seen = 1;
    utf8->wanted = (uint8_t)(lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3);
    utf8->low = (uint8_t)(lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80);
    utf8->high = (uint8_t)(lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF);
    return true;
}

/* Reads the rest of the current sequence, as far as p has it. False: ill-formed. */
static bool cfti_utf8_rest(cfti_utf8 *utf8, const uint8_t **p, const uint8_t *end) {
    for (; utf8->wanted > 0 && *p < end; ++*p) {
        if (**p < utf8->low || **p > utf8->high) return false;
        utf8->low = 0x80;
        utf8->high = 0xBF;
        utf8->seen++;
        utf8->wanted--;
    }
    if (utf8->wanted == 0) {
        utf8->offset += utf8->seen;
        utf8->seen = 0;
    }
    return true;
}

/* False: utf8->offset, from the start of the first piece, is the start of the ill-formed sequence,
 * as in Python's UnicodeDecodeError.start. */
static bool cfti_utf8_feed(cfti_utf8 *utf8, const uint8_t *p, size_t n) {
    const uint8_t *end, *start;

    if (n == 0) return true;
    end = p + n;
    if (!cfti_utf8_rest(utf8, &p, end)) return false;
    while (p < end) {
        start = p;
        p = cfti_skip_ascii(p, end);
        /* Letters outside ASCII come in runs. Most have two or three bytes and a lead byte other
         * than E0 and ED, which restrict the second byte. */
        while (end - p >= 3 && p[0] >= 0xC2) {
            if (p[0] < 0xE0 && (p[1] & 0xC0) == 0x80) p += 2;
            else if (p[0] > 0xE0 && p[0] < 0xF0 && p[0] != 0xED && (p[1] & 0xC0) == 0x80 &&
                     (p[2] & 0xC0) == 0x80)
                p += 3;
            else break;
        }
        utf8->offset += (uint64_t)(p - start);
        if (p < end && *p >= 0x80) {
            if (!cfti_utf8_lead(utf8, *p++) || !cfti_utf8_rest(utf8, &p, end)) return false;
        }
    }
    return true;
}

/* False: the last sequence is incomplete, and utf8->offset is its start. */
static bool cfti_utf8_end(cfti_utf8 *utf8) { return utf8->wanted == 0; }

/* What keeps a text from being one line of UTF-8 without control characters. */
typedef enum cfti_line_fault {
    CFTI_LINE_GOOD = 0,
    CFTI_LINE_NOT_UTF8,
    CFTI_LINE_CONTROL
} cfti_line_fault;

static cfti_line_fault cfti_line_check(const char *text, size_t size) {
    const uint8_t *p = (const uint8_t *)text;
    size_t i = 0;
    while (i < size) {
        uint32_t code = p[i];
        size_t length = 1;
        if (CFTI_LIKELY(code >= 0x20 && code < 0x7F)) {
            i++;
            continue;
        }
        if (code >= 0x80) length = cfti_utf8_decode(p + i, size - i, &code);
        if (length == 0) return CFTI_LINE_NOT_UTF8;
        if (cfti_is_control(code)) return CFTI_LINE_CONTROL;
        i += length;
    }
    return CFTI_LINE_GOOD;
}

/* ==== Newlines =========================================================== */

/* CRLF and lone CR to LF. `out` has a capacity of n bytes and may be p. *after_cr is false before
 * the first piece and is kept between pieces. Returns the size written. */
static size_t cfti_newlines(uint8_t *out, const uint8_t *p, size_t n, bool *after_cr) {
    const uint8_t *end;
    uint8_t *to = out;

    if (n == 0) return 0;
    end = p + n;
    if (*after_cr && *p == '\n') p++;
    *after_cr = false;
    while (p < end) {
        /* memchr and memmove rather than cfti_find2: most files have no CR. */
        const uint8_t *cr = (const uint8_t *)memchr(p, '\r', (size_t)(end - p));
        size_t size = (size_t)((cr ? cr : end) - p);
        if (to != p) memmove(to, p, size);
        to += size;
        if (!cr) break;
        *to++ = '\n';
        p = cr + 1;
        if (p == end) *after_cr = true;
        else if (*p == '\n') p++;
    }
    return (size_t)(to - out);
}

/* Counts the line ends (CRLF, CR or LF) in untranslated bytes, for errors only. */
static uint64_t cfti_count_lines(const uint8_t *p, size_t n, bool *after_cr) {
    uint64_t count = 0;
    size_t i;

    for (i = 0; i < n; i++) {
        count += p[i] == '\r' || (p[i] == '\n' && !*after_cr);
        *after_cr = p[i] == '\r';
    }
    return count;
}

/* ---- text/lexer.h: the lexer's state between two bytes of a script ---- */

/* The kinds of bytes. CFTI_IDENT is scan.l's {ident_cont}. Between tokens a CFTI_STOP byte may
 * begin something. */
#define CFTI_IDENT 1
#define CFTI_DIGIT 2
#define CFTI_SPACE 4
#define CFTI_STOP 8
#define CFTI_IDENT_16 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1

static const uint8_t cfti_kinds[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 4, 4, 4, 0, 0, /* \t \n \v \f \r */
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* */
    4, 0, 8, 0, 9, 0, 0, 8, 8, 8, 0, 0, 0, 8, 0, 8, /* space " $ ' ( ) - / */
    3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 8, 0, 0, 0, 0, /* 0-9 ; */
    0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, /* A-O */
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 8, 0, 0, 1, /* P-Z \ _ */
    0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, /* a-o */
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, /* p-z */
    CFTI_IDENT_16, CFTI_IDENT_16, CFTI_IDENT_16, CFTI_IDENT_16, /* every byte outside ASCII */
    CFTI_IDENT_16, CFTI_IDENT_16, CFTI_IDENT_16, CFTI_IDENT_16,
};

/* What the next byte belongs to. */
enum {
    CFTI_LEX_START,      /* a byte order mark, of which `matched` bytes were read */
    CFTI_LEX_SQL,        /* SQL between tokens, or a token that needs no state */
    CFTI_LEX_DASH,       /* after - between tokens */
    CFTI_LEX_SLASH,      /* after / between tokens */
    CFTI_LEX_BACKSLASH,  /* after \ between tokens */
    CFTI_LEX_LINE,       /* the rest of a line that is skipped; `next_state` follows */
    CFTI_LEX_COMMENT,    /* a comment, `depth` levels deep */
    CFTI_LEX_QUOTE,      /* '...' or "...": `quote` says which */
    CFTI_LEX_QUOTE_END,  /* after the closing quote, which may be the first of a doubled one */
    CFTI_LEX_ESCAPE,     /* E'...' */
    CFTI_LEX_ESCAPED,    /* E'...', after a backslash */
    CFTI_LEX_ESCAPE_END, /* E'...', after a quote */
    CFTI_LEX_GAP,        /* the white space after E'...'; a quote after a newline continues it */
    CFTI_LEX_GAP_DASH,   /* after - in that white space */
    CFTI_LEX_TAG,        /* after $ and `tag_size` bytes of a tag */
    CFTI_LEX_DOLLAR,     /* $tag$...$tag$, of whose closing tag `matched` bytes were read */
    CFTI_LEX_LONG_TAG,   /* a dollar quote whose tag exceeds `tag` */
    CFTI_LEX_NAME,       /* the name of a psql command */
    CFTI_LEX_ARGUMENTS,  /* its arguments */
    CFTI_LEX_ARGUMENT_QUOTE,   /* '...', "..." or `...` in an argument: `quote` says which */
    CFTI_LEX_ARGUMENT_ESCAPED, /* after a backslash in '...' */
    CFTI_LEX_ARGUMENT_NUMBER,  /* the digits of \x41 or \101 in '...' */
    CFTI_LEX_ARGUMENT_END,     /* after the closing quote of '...' */
    CFTI_LEX_NEXT_COMMAND,     /* after the backslash that ends the arguments */
    CFTI_LEX_COPY_LINE         /* the line of a \copy */
};

/* The identifier, number or variable that ends before the next byte. */
enum {
    CFTI_RUN_NONE,
    CFTI_RUN_E, /* e or E alone: a quote after it begins E'...' */
    CFTI_RUN_WORD,
    CFTI_RUN_COLON,    /* a colon that may begin a variable */
    CFTI_RUN_BRACE,    /* :{ */
    CFTI_RUN_TEST,     /* :{? */
    CFTI_RUN_UNICODE,  /* u&, which may begin U&'...' or U&"..." */
    CFTI_RUN_VARIABLE, /* :name */
    CFTI_RUN_DIGITS,   /* 12 */
    CFTI_RUN_POINT,    /* 12. */
    CFTI_RUN_DOT,      /* . after anything but a number */
    CFTI_RUN_FRACTION, /* 12.3 or .3 */
    CFTI_RUN_EXPONENT, /* 12e: a word, unless digits follow */
    CFTI_RUN_SIGN,     /* 12e- */
    CFTI_RUN_REAL      /* 12e-3 */
};

/* What psql's query buffer holds. */
enum { CFTI_QUERY_EMPTY, CFTI_QUERY_COMMENT, CFTI_QUERY_VARIABLE, CFTI_QUERY_TOKENS };

/* The current statement by its first token. */
enum { CFTI_STATEMENT_START, CFTI_STATEMENT_COPY, CFTI_STATEMENT_OTHER };

/* The first identifiers of the statement as a prefix of CREATE [OR REPLACE] FUNCTION or
 * PROCEDURE. psql looks for BEGIN, CASE and END in these statements only. */
enum {
    CFTI_ROUTINE_START,
    CFTI_ROUTINE_CREATE,
    CFTI_ROUTINE_OR,
    CFTI_ROUTINE_REPLACE,
    CFTI_ROUTINE_YES,
    CFTI_ROUTINE_NO
};

/* A position whose line is counted only when a finding needs it, or when its piece ends. */
typedef struct cfti_position {
    const uint8_t *at; /* NULL: `line` is known */
    uint64_t line;
} cfti_position;

/* The state of COPY's grammar: see text/lexer_copy.c. */
typedef struct cfti_copy_state {
    uint8_t state; /* CFTI_COPY_ */
    bool binary;
    uint32_t depth; /* of parentheses */
} cfti_copy_state;

/* psql's query buffer. A branch of \if that is not taken restores it. */
typedef struct cfti_query {
    uint8_t content; /* CFTI_QUERY_ */
    uint8_t kind;    /* CFTI_STATEMENT_, of the current statement; \; may have ended others */
    bool pending_binary;
    cfti_copy_state copy;
    uint64_t pending;      /* COPYs ended by \;, which are sent with the rest */
    uint64_t pending_line; /* of the first of them */
    uint64_t copy_line;    /* of the current COPY */
    uint64_t parens;
    cfti_position start, open_paren; /* the first token; the outermost open parenthesis */
} cfti_query;

/* An open \if. */
typedef struct cfti_branch {
    bool active;      /* the current branch is read */
    bool skip_rest;   /* the branches after it are skipped */
    bool unknown;     /* only psql knows the condition: every branch is read */
    bool has_else;    /* \else was read */
    bool leaves_open; /* a branch of an unknown condition has left `left_open` */
    uint64_t line;
    cfti_query saved, left_open;
} cfti_branch;

#define CFTI_MAX_BRANCHES 16

/* The current psql command and its arguments. */
typedef struct cfti_command_state {
    uint8_t kind;                /* CFTI_COMMAND_ */
    uint8_t needed;              /* required arguments that are still missing */
    bool pipes;                  /* the next argument may be | and the rest of the line */
    bool condition;              /* \if or \elif: the arguments are collected in `word` */
    bool takes_options;          /* \g or \gx, whose first arguments may be (options) */
    bool has_options;            /* the first argument begins with ( */
    bool options_end;            /* an argument has ended with ) */
    bool bad_option;             /* \pset has no option of this name */
    bool first;                  /* the current argument is the first */
    bool in_argument, in_value;  /* in_value: after the = of an option */
    bool empty, ends_in_paren;   /* the argument's value */
    bool unknown;                /* only psql knows the value of an argument */
    bool known_before;           /* the values of all arguments before the current one are known */
    uint8_t last;                /* the last byte of the argument */
    uint8_t word_start;          /* `word_size` before the argument */
    uint8_t base, digits, value; /* of \x41 and \101; digits: how many may still follow */
    uint32_t semicolons;         /* at the end of the argument so far */
    uint64_t key;                /* FNV-1a hash of the argument */
} cfti_command_state;

/* The line of a \copy. */
typedef struct cfti_copy_line {
    cfti_copy_state copy;
    bool has_schema; /* the table's name is qualified */
    bool escapes;    /* the current string is E'...' */
    bool in_tag;     /* the opening tag of a dollar quote is not complete */
    uint8_t last;    /* the last byte */
} cfti_copy_line;

/* The data that follow a COPY ... FROM STDIN. */
typedef struct cfti_copy_data {
    bool reading;        /* the next byte is data; `state` waits for their end */
    bool binary;         /* binary data have no end */
    uint8_t matched;     /* bytes of a line \. that were read; 3: another line */
    uint64_t pending;    /* COPYs that were sent and whose data have not ended */
    uint64_t copy_line;  /* of the COPY whose data come next or are read */
    uint64_t sent_line;  /* of the ; before the data: of every COPY after the first */
    uint64_t last_count; /* COPYs in the query sent last, which \g sends again */
    uint64_t last_line;  /* of the first of them */
} cfti_copy_data;

typedef struct cfti_lexer {
    confiture_check_mode mode;
    bool is_last_piece;

    /* What is open. */
    uint8_t state;      /* CFTI_LEX_ */
    uint8_t next_state; /* CFTI_LEX_, after CFTI_LEX_LINE */
    uint8_t quote;
    uint8_t previous;  /* in a comment: the byte before, unless a delimiter has used it */
    bool saw_newline;  /* CFTI_LEX_GAP: it contains one */
    bool continued;    /* E'...' continues where psql begins '...' */
    uint16_t tag_size; /* of `tag` */
    uint16_t matched;
    uint64_t depth;
    cfti_position opened; /* where `state` was entered */

    /* Words. */
    uint8_t run;       /* CFTI_RUN_, before the piece */
    bool words_matter; /* see cfti_lex_words */
    bool after_test;   /* the current word follows :{? */
    uint8_t word_size; /* sizeof word + 1: too long */
    uint8_t word[24];  /* SQL in lower case, a command's name, a condition, an option of \g */

    /* psql's state. */
    cfti_query query;
    cfti_command_state command;
    uint8_t branch_count;
    uint64_t excess_ifs; /* open \ifs beyond CFTI_MAX_BRANCHES */
    bool restricted;
    uint64_t restrict_line;
    uint64_t restrict_key; /* FNV-1a hash of \restrict's argument */

    /* COPY. */
    bool in_format; /* the current string is the value of the option FORMAT */
    cfti_copy_line copy_line;
    cfti_copy_data data;

    /* Routine bodies. */
    uint8_t routine;      /* CFTI_ROUTINE_ */
    uint64_t begin_depth; /* open BEGINs and CASEs */
    cfti_position begin;  /* the outermost of them */

    /* Findings. */
    const char *found; /* the finding that ended the check, or NULL */
    uint64_t found_line;
    uint64_t relative_line; /* of the first \ir; 0: none */
    const uint8_t *counted; /* `line` includes the newlines of the piece before this byte */
    uint64_t line;

    uint8_t tag[255];
    cfti_branch branches[CFTI_MAX_BRANCHES];
} cfti_lexer;

/* ==== Lines ============================================================== */

/* The line of p. Newlines are counted in bulk, forwards to the last position that was needed
 * and backwards from it: counting them byte by byte would slow every script down. */
static uint64_t cfti_lex_line(cfti_lexer *lexer, const uint8_t *p) {
    if (p < lexer->counted)
        return lexer->line - cfti_count_byte(p, (size_t)(lexer->counted - p), '\n');
    lexer->line += cfti_count_byte(lexer->counted, (size_t)(p - lexer->counted), '\n');
    lexer->counted = p;
    return lexer->line;
}

static void cfti_lex_resolve(cfti_lexer *lexer, cfti_position *position) {
    if (position->at != NULL) position->line = cfti_lex_line(lexer, position->at);
    position->at = NULL;
}

/* Reports a finding and ends the check: only the first finding counts. */
static void cfti_lex_report(cfti_lexer *lexer, const char *what, uint64_t line) {
    if (lexer->mode != CONFITURE_CHECK_POSTGRES || lexer->found != NULL) return;
    lexer->found = what;
    lexer->found_line = line;
}

/* ==== Words ============================================================== */

static void cfti_word_add(cfti_lexer *lexer, uint8_t c) {
    if (lexer->word_size < sizeof lexer->word) lexer->word[lexer->word_size++] = c;
    else lexer->word_size = sizeof lexer->word + 1;
}

static bool cfti_word_is(const cfti_lexer *lexer, const char *word) {
    size_t n = strlen(word);
    return lexer->word_size == n && memcmp(lexer->word, word, n) == 0;
}

/* Whether the word is one of those in `words`, which single spaces separate. */
static bool cfti_word_is_in(const cfti_lexer *lexer, const char *words) {
    for (;;) {
        const char *end = strchr(words, ' ');
        size_t n = end == NULL ? strlen(words) : (size_t)(end - words);
        if (lexer->word_size == n && memcmp(lexer->word, words, n) == 0) return true;
        if (end == NULL) return false;
        words = end + 1;
    }
}

/* Whether the next letter or digit begins a new run. */
static bool cfti_run_is_none(uint8_t run) {
    return run == CFTI_RUN_NONE || run == CFTI_RUN_BRACE || run == CFTI_RUN_TEST ||
           run == CFTI_RUN_UNICODE;
}

/* The run after one more byte. 1e and $1e are words, as PostgreSQL 15 and later read them. */
static uint8_t cfti_lex_step(uint8_t run, uint8_t c) {
    bool digit = (cfti_kinds[c] & CFTI_DIGIT) != 0, exponent = (c | 0x20) == 'e';

    if (c == ':') return run == CFTI_RUN_COLON ? CFTI_RUN_NONE : CFTI_RUN_COLON;
    if (c == '.')
        return run == CFTI_RUN_DIGITS                         ? CFTI_RUN_POINT
               : run == CFTI_RUN_DOT || run == CFTI_RUN_POINT ? CFTI_RUN_NONE
                                                              : CFTI_RUN_DOT;
    if (c == '{') return run == CFTI_RUN_COLON ? CFTI_RUN_BRACE : CFTI_RUN_NONE;
    if (c == '?') return run == CFTI_RUN_BRACE ? CFTI_RUN_TEST : CFTI_RUN_NONE;
    if (c == '+' || c == '-') return run == CFTI_RUN_EXPONENT ? CFTI_RUN_SIGN : CFTI_RUN_NONE;
    if (!(cfti_kinds[c] & CFTI_IDENT)) return CFTI_RUN_NONE;
    switch (run) {
    case CFTI_RUN_NONE:
    case CFTI_RUN_BRACE:
    case CFTI_RUN_TEST:
    case CFTI_RUN_UNICODE: return digit ? CFTI_RUN_DIGITS : exponent ? CFTI_RUN_E : CFTI_RUN_WORD;
    case CFTI_RUN_SIGN: return digit ? CFTI_RUN_REAL : exponent ? CFTI_RUN_E : CFTI_RUN_WORD;
    case CFTI_RUN_DOT: return digit ? CFTI_RUN_FRACTION : exponent ? CFTI_RUN_E : CFTI_RUN_WORD;
    case CFTI_RUN_COLON:
    case CFTI_RUN_VARIABLE: return CFTI_RUN_VARIABLE;
    case CFTI_RUN_DIGITS:
        return digit ? CFTI_RUN_DIGITS : exponent ? CFTI_RUN_EXPONENT : CFTI_RUN_WORD;
    case CFTI_RUN_POINT:
    case CFTI_RUN_FRACTION:
        return digit ? CFTI_RUN_FRACTION : exponent ? CFTI_RUN_EXPONENT : CFTI_RUN_WORD;
    case CFTI_RUN_REAL: return digit ? CFTI_RUN_REAL : CFTI_RUN_WORD;
    default: return CFTI_RUN_WORD;
    }
}

/* ---- text/lexer_copy.c: COPY, by PostgreSQL's grammar, and its data ---- */

/* The states of COPY's grammar, by what may come next. A COPY that ends in a state below
 * CFTI_COPY_READS reads data from the script. */
enum {
    CFTI_COPY_SOURCE_END, /* after STDIN: any option */
    CFTI_COPY_WITH,       /* after WITH */
    CFTI_COPY_OPTION,     /* after an option of the old syntax */
    CFTI_COPY_FORCE_NEXT, /* after a column of FORCE QUOTE */
    CFTI_COPY_LIST_END,   /* after (options) */
    CFTI_COPY_WHERE,      /* after WHERE: any expression */
    CFTI_COPY_READS,
    CFTI_COPY_BINARY,       /* after COPY: BINARY or a name */
    CFTI_COPY_NAME,         /* a name */
    CFTI_COPY_NAMED,        /* after it: . ( or FROM */
    CFTI_COPY_COLUMN,       /* in its list */
    CFTI_COPY_COLUMN_NEXT,  /* , or ) */
    CFTI_COPY_FROM,         /* FROM */
    CFTI_COPY_SOURCE,       /* STDIN */
    CFTI_COPY_USING,        /* DELIMITERS */
    CFTI_COPY_DELIMITERS,   /* a string */
    CFTI_COPY_AS,           /* AS or a string */
    CFTI_COPY_STRING,       /* a string */
    CFTI_COPY_FORCE,        /* QUOTE, NULL or NOT */
    CFTI_COPY_FORCE_NOT,    /* NULL */
    CFTI_COPY_FORCE_COLUMN, /* * or a name */
    CFTI_COPY_LIST,         /* in (options): a name */
    CFTI_COPY_LIST_VALUE,   /* the rest of an option */
    CFTI_COPY_LIST_FORMAT,  /* after FORMAT */
    CFTI_COPY_NONE          /* reads no data */
};

/* Tokens longer than a byte. */
enum { CFTI_TOKEN_WORD = 256, CFTI_TOKEN_VARIABLE, CFTI_TOKEN_NUMBER };

static bool cfti_copy_is_name(const cfti_lexer *lexer, int token) {
    if (token == CFTI_TOKEN_WORD) return !cfti_word_is_in(lexer, "from to binary");
    return token == '"' || token == CFTI_TOKEN_VARIABLE;
}

/* The options of PostgreSQL before 9.0, or WHERE. */
static uint8_t cfti_copy_option(const cfti_lexer *lexer, cfti_copy_state *copy, bool list) {
    if (cfti_word_is(lexer, "binary")) {
        copy->binary = true;
        return CFTI_COPY_OPTION;
    }
    if (cfti_word_is_in(lexer, "delimiter null quote escape encoding")) return CFTI_COPY_AS;
    if (cfti_word_is(lexer, "force")) return CFTI_COPY_FORCE;
    if (cfti_word_is(lexer, "where")) return CFTI_COPY_WHERE;
    if (cfti_word_is_in(lexer, "freeze csv header")) return CFTI_COPY_OPTION;
    if (list && cfti_word_is(lexer, "with")) return CFTI_COPY_WITH;
    return CFTI_COPY_NONE;
}

/* In (options), of which `depth` inner parentheses are open. */
static uint8_t cfti_copy_list(const cfti_lexer *lexer, cfti_copy_state *copy, int token) {
    if (token == ')' && copy->depth == 0)
        return copy->state == CFTI_COPY_LIST ? CFTI_COPY_NONE : CFTI_COPY_LIST_END;
    if (token == '(') copy->depth++;
    if (copy->depth > 0) {
        if (token == ')') copy->depth--;
        return CFTI_COPY_LIST_VALUE;
    }
    if (copy->state == CFTI_COPY_LIST) {
        if (token == CFTI_TOKEN_WORD && cfti_word_is(lexer, "format")) return CFTI_COPY_LIST_FORMAT;
        return token == CFTI_TOKEN_WORD || token == '"' || token == CFTI_TOKEN_VARIABLE
                   ? CFTI_COPY_LIST_VALUE
                   : CFTI_COPY_NONE;
    }
    if (token == ',') return CFTI_COPY_LIST;
    if (copy->state == CFTI_COPY_LIST_FORMAT && token == CFTI_TOKEN_WORD &&
        cfti_word_is(lexer, "binary"))
        copy->binary = true;
    return CFTI_COPY_LIST_VALUE;
}

/* The state after one more token; lexer->word has the word. */
static uint8_t cfti_copy_next(const cfti_lexer *lexer, cfti_copy_state *copy, int token) {
    bool word = token == CFTI_TOKEN_WORD, string = token == '\'' || token == '$';
    bool name = cfti_copy_is_name(lexer, token);

    switch (copy->state) {
    case CFTI_COPY_BINARY:
        if (word && cfti_word_is(lexer, "binary")) {
            copy->binary = true;
            return CFTI_COPY_NAME;
        }
        return name ? CFTI_COPY_NAMED : CFTI_COPY_NONE;
    case CFTI_COPY_NAME: return name ? CFTI_COPY_NAMED : CFTI_COPY_NONE;
    case CFTI_COPY_NAMED:
        if (token == '.') return CFTI_COPY_NAME;
        if (token == '(') return CFTI_COPY_COLUMN;
        return word && cfti_word_is(lexer, "from") ? CFTI_COPY_SOURCE : CFTI_COPY_NONE;
    case CFTI_COPY_COLUMN: return name ? CFTI_COPY_COLUMN_NEXT : CFTI_COPY_NONE;
    case CFTI_COPY_COLUMN_NEXT:
        return token == ',' ? CFTI_COPY_COLUMN : token == ')' ? CFTI_COPY_FROM : CFTI_COPY_NONE;
    case CFTI_COPY_FROM:
        return word && cfti_word_is(lexer, "from") ? CFTI_COPY_SOURCE : CFTI_COPY_NONE;
    case CFTI_COPY_SOURCE:
        return word && cfti_word_is_in(lexer, "stdin stdout") ? CFTI_COPY_SOURCE_END
                                                              : CFTI_COPY_NONE;
    case CFTI_COPY_SOURCE_END:
        if (word && cfti_word_is(lexer, "using")) return CFTI_COPY_USING;
        if (word && cfti_word_is(lexer, "delimiters")) return CFTI_COPY_DELIMITERS;
        if (token == '(') return CFTI_COPY_LIST;
        return word ? cfti_copy_option(lexer, copy, true) : (uint8_t)CFTI_COPY_NONE;
    case CFTI_COPY_USING:
        return word && cfti_word_is(lexer, "delimiters") ? CFTI_COPY_DELIMITERS : CFTI_COPY_NONE;
    case CFTI_COPY_DELIMITERS: return string ? CFTI_COPY_SOURCE_END : CFTI_COPY_NONE;
    case CFTI_COPY_WITH:
        if (token == '(') return CFTI_COPY_LIST;
        return word ? cfti_copy_option(lexer, copy, false) : (uint8_t)CFTI_COPY_NONE;
    case CFTI_COPY_FORCE_NEXT:
        if (token == ',') return CFTI_COPY_FORCE_COLUMN;
        return word ? cfti_copy_option(lexer, copy, false) : (uint8_t)CFTI_COPY_NONE;
    case CFTI_COPY_OPTION:
        return word ? cfti_copy_option(lexer, copy, false) : (uint8_t)CFTI_COPY_NONE;
    case CFTI_COPY_AS:
        if (word && cfti_word_is(lexer, "as")) return CFTI_COPY_STRING;
        return string ? CFTI_COPY_OPTION : CFTI_COPY_NONE;
    case CFTI_COPY_STRING: return string ? CFTI_COPY_OPTION : CFTI_COPY_NONE;
    case CFTI_COPY_FORCE:
        if (word && cfti_word_is(lexer, "not")) return CFTI_COPY_FORCE_NOT;
        if (word && cfti_word_is(lexer, "quote")) return CFTI_COPY_FORCE_COLUMN;
        return word && cfti_word_is(lexer, "null") ? CFTI_COPY_FORCE_COLUMN : CFTI_COPY_NONE;
    case CFTI_COPY_FORCE_NOT:
        return word && cfti_word_is(lexer, "null") ? CFTI_COPY_FORCE_COLUMN : CFTI_COPY_NONE;
    case CFTI_COPY_FORCE_COLUMN:
        return token == '*' ? CFTI_COPY_OPTION : name ? CFTI_COPY_FORCE_NEXT : CFTI_COPY_NONE;
    case CFTI_COPY_LIST:
    case CFTI_COPY_LIST_VALUE:
    case CFTI_COPY_LIST_FORMAT: return cfti_copy_list(lexer, copy, token);
    case CFTI_COPY_LIST_END:
        return word && cfti_word_is(lexer, "where") ? CFTI_COPY_WHERE : CFTI_COPY_NONE;
    case CFTI_COPY_WHERE:
        if (token == ')' && copy->depth == 0) return CFTI_COPY_NONE;
        copy->depth = copy->depth + (token == '(') - (token == ')');
        return CFTI_COPY_WHERE;
    default: return CFTI_COPY_NONE;
    }
}

/* Whether a COPY that ends here reads data from the script. */
static bool cfti_copy_reads(const cfti_copy_state *copy) {
    return copy->state < CFTI_COPY_READS && copy->depth == 0;
}

/* The quoted value of FORMAT has ended. */
static void cfti_copy_format(cfti_lexer *lexer, cfti_copy_state *copy) {
    if (lexer->in_format && cfti_word_is(lexer, "binary")) copy->binary = true;
    if (lexer->in_format) lexer->word_size = 0;
    lexer->in_format = false;
}

static void cfti_copy_init(cfti_copy_state *copy) {
    memset(copy, 0, sizeof *copy);
    copy->state = CFTI_COPY_BINARY;
}

/* ==== Statements ========================================================= */

static void cfti_lex_update_words(cfti_lexer *lexer) {
    bool routine = lexer->routine == CFTI_ROUTINE_YES ? lexer->begin_depth > 0
                                                      : lexer->routine != CFTI_ROUTINE_NO;
    lexer->words_matter = lexer->query.kind != CFTI_STATEMENT_OTHER || routine;
}

/* A token begins at p. A file must not leave tokens in the query buffer. */
static void cfti_query_add(cfti_lexer *lexer, const uint8_t *p, uint8_t what) {
    if (lexer->query.content < CFTI_QUERY_VARIABLE) lexer->query.start.at = p;
    if (lexer->query.content < what) lexer->query.content = what;
}

/* A token at p other than a word: a byte, or CFTI_TOKEN_. */
static void cfti_lex_token(cfti_lexer *lexer, const uint8_t *p, int token) {
    cfti_query_add(lexer, p,
                   token == CFTI_TOKEN_VARIABLE ? CFTI_QUERY_VARIABLE : CFTI_QUERY_TOKENS);
    if (lexer->query.kind == CFTI_STATEMENT_COPY) {
        lexer->query.copy.state = cfti_copy_next(lexer, &lexer->query.copy, token);
    } else if (lexer->query.kind == CFTI_STATEMENT_START && token != CFTI_TOKEN_VARIABLE) {
        lexer->query.kind = CFTI_STATEMENT_OTHER;
        cfti_lex_update_words(lexer);
    } else if (lexer->query.kind == CFTI_STATEMENT_START) {
        /* The next word is not the first of its statement: COPY there begins no COPY. */
        lexer->query.copy.state = CFTI_COPY_NONE;
    }
}

static void cfti_lex_next_statement(cfti_lexer *lexer) {
    lexer->query.kind = CFTI_STATEMENT_START;
    cfti_copy_init(&lexer->query.copy);
    lexer->words_matter = true;
}

/* The tag and the branches are written before they are read. */
static void cfti_lexer_init(cfti_lexer *lexer, confiture_check_mode mode) {
    memset(lexer, 0, offsetof(cfti_lexer, tag));
    lexer->mode = mode;
    lexer->line = 1;
    cfti_lex_next_statement(lexer);
}

/* The server's current statement ends; psql may keep it in its buffer. */
static void cfti_lex_end_statement(cfti_lexer *lexer) {
    cfti_query *query = &lexer->query;
    if (query->kind == CFTI_STATEMENT_COPY && cfti_copy_reads(&query->copy)) {
        if (query->pending++ == 0) query->pending_line = query->copy_line;
        query->pending_binary = query->pending_binary || query->copy.binary;
    }
    cfti_lex_next_statement(lexer);
}

/* Empties psql's query buffer; psql's count of parentheses stays. */
static void cfti_query_clear(cfti_lexer *lexer) {
    uint64_t parens = lexer->query.parens;
    cfti_position paren = lexer->query.open_paren;
    memset(&lexer->query, 0, sizeof lexer->query);
    lexer->query.parens = parens;
    lexer->query.open_paren = paren;
    cfti_lex_next_statement(lexer);
}

/* Resets psql's counts of parentheses and BEGINs. */
static void cfti_lex_reset(cfti_lexer *lexer) {
    lexer->query.parens = 0;
    lexer->begin_depth = 0;
    lexer->routine = CFTI_ROUTINE_START;
    lexer->words_matter = true;
}

/* Whether psql runs commands here: outside of \if, or in an active branch. */
static bool cfti_lex_active(const cfti_lexer *lexer) {
    return lexer->branch_count == 0 || lexer->branches[lexer->branch_count - 1].active;
}

/* Sends `count` COPYs, the first of which is on `line`. */
static void cfti_lex_send_copies(cfti_lexer *lexer, uint64_t count, uint64_t line, bool binary) {
    if (count == 0) return;
    if (lexer->data.pending == 0) lexer->data.copy_line = line;
    lexer->data.pending += count;
    lexer->data.binary = lexer->data.binary || binary;
}

/* Sends the query buffer, or the last query again if the buffer is empty. */
static void cfti_lex_send(cfti_lexer *lexer, bool reads_data) {
    bool binary, again = lexer->query.content == CFTI_QUERY_EMPTY;
    cfti_lex_end_statement(lexer);
    if (!again) {
        lexer->data.last_count = lexer->query.pending;
        lexer->data.last_line = lexer->query.pending_line;
    }
    binary = lexer->query.pending_binary;
    cfti_query_clear(lexer);
    if (reads_data)
        cfti_lex_send_copies(lexer, lexer->data.last_count, lexer->data.last_line, binary);
}

static void cfti_lex_semicolon(cfti_lexer *lexer, const uint8_t *p) {
    cfti_query_add(lexer, p, CFTI_QUERY_TOKENS);
    if (lexer->query.parens > 0 || lexer->begin_depth > 0) return;
    lexer->routine = CFTI_ROUTINE_START;
    lexer->words_matter = true;
    if (cfti_lex_active(lexer)) cfti_lex_send(lexer, true);
}

static void cfti_lex_paren(cfti_lexer *lexer, const uint8_t *p) {
    if (*p == '(') {
        if (lexer->query.parens++ == 0) lexer->query.open_paren.at = p;
    } else if (lexer->query.parens > 0) {
        lexer->query.parens--;
    }
}

/* ==== Identifiers ======================================================== */

/* The first four identifiers, by psql's rule. */
static uint8_t cfti_lex_routine(const cfti_lexer *lexer) {
    bool routine = cfti_word_is_in(lexer, "function procedure");
    switch (lexer->routine) {
    case CFTI_ROUTINE_START:
        return cfti_word_is(lexer, "create") ? CFTI_ROUTINE_CREATE : CFTI_ROUTINE_NO;
    case CFTI_ROUTINE_CREATE:
        if (cfti_word_is(lexer, "or")) return CFTI_ROUTINE_OR;
        return routine ? CFTI_ROUTINE_YES : CFTI_ROUTINE_NO;
    case CFTI_ROUTINE_OR:
        return cfti_word_is(lexer, "replace") ? CFTI_ROUTINE_REPLACE : CFTI_ROUTINE_NO;
    case CFTI_ROUTINE_REPLACE: return routine ? CFTI_ROUTINE_YES : CFTI_ROUTINE_NO;
    default: return lexer->routine;
    }
}

static void cfti_lex_routine_end(cfti_lexer *lexer, const uint8_t *p) {
    if (lexer->query.parens > 0) return;
    if (cfti_word_is(lexer, "begin") || (lexer->begin_depth > 0 && cfti_word_is(lexer, "case"))) {
        if (lexer->begin_depth++ == 0) lexer->begin.at = p;
    } else if (lexer->begin_depth > 0 && cfti_word_is(lexer, "end")) {
        lexer->begin_depth--;
    }
}

/* The identifier in lexer->word ends before p. */
static void cfti_lex_identifier(cfti_lexer *lexer, const uint8_t *p) {
    if (lexer->query.kind == CFTI_STATEMENT_COPY) {
        lexer->query.copy.state = cfti_copy_next(lexer, &lexer->query.copy, CFTI_TOKEN_WORD);
    } else if (lexer->query.kind == CFTI_STATEMENT_START) {
        lexer->query.kind = CFTI_STATEMENT_OTHER;
        if (lexer->query.copy.state == CFTI_COPY_BINARY && cfti_word_is(lexer, "copy")) {
            lexer->query.kind = CFTI_STATEMENT_COPY;
            lexer->query.copy_line = cfti_lex_line(lexer, p);
        }
    }
    lexer->routine = cfti_lex_routine(lexer);
    if (lexer->routine == CFTI_ROUTINE_YES) cfti_lex_routine_end(lexer, p);
    lexer->word_size = 0;
    cfti_lex_update_words(lexer);
}

/* ==== Data =============================================================== */

/* Lines of data. A finding has the line of the word COPY: a line of data would show nobody what
 * is wrong. */
static const uint8_t *cfti_lex_data(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    static const uint8_t last[3] = {'\\', '.', '\n'};

    while (p < end) {
        if (lexer->data.matched < 3 && !lexer->data.binary && *p == last[lexer->data.matched]) {
            p++;
            if (++lexer->data.matched < 3) continue;
            lexer->data.matched = 0;
            lexer->data.copy_line = lexer->data.sent_line;
            lexer->data.reading = --lexer->data.pending > 0;
            if (!lexer->data.reading) break;
        } else {
            lexer->data.matched = 3;
            p = cfti_find2(p, end, '\n', '\n');
            if (p < end) {
                p++;
                lexer->data.matched = 0;
            }
        }
    }
    return p;
}

/* ---- text/lexer_meta.c: psql's commands, as psqlscanslash.l and command.c read them ---- */

enum {
    CFTI_COMMAND_UNKNOWN,
    CFTI_COMMAND_PLAIN,
    CFTI_COMMAND_SEND,     /* sends the query buffer */
    CFTI_COMMAND_DESCRIBE, /* the same, but no COPY runs */
    CFTI_COMMAND_RESET,
    CFTI_COMMAND_EDIT, /* empties the query buffer */
    CFTI_COMMAND_EDIT_LINE,
    CFTI_COMMAND_LINE, /* its argument is the rest of the line */
    CFTI_COMMAND_COPY,
    CFTI_COMMAND_QUIT,
    CFTI_COMMAND_IF,
    CFTI_COMMAND_ELIF,
    CFTI_COMMAND_ELSE,
    CFTI_COMMAND_ENDIF,
    CFTI_COMMAND_RESTRICT,
    CFTI_COMMAND_UNRESTRICT,
    CFTI_COMMAND_RELATIVE
};

#define CFTI_NO_KEY UINT64_C(0xCBF29CE484222325) /* \restrict without an argument */
#define CFTI_COMMAND_PIPES 32                    /* after |, the argument is the rest of the line */
#define CFTI_COMMAND_KIND 31

typedef struct cfti_command {
    uint8_t kind;   /* CFTI_COMMAND_, and CFTI_COMMAND_PIPES */
    uint8_t needed; /* required arguments */
    const char *names;
} cfti_command;

/* The commands of psql 18, except those that begin with d: see cfti_command_describes. */
static const cfti_command cfti_commands[] = {
    {CFTI_COMMAND_PLAIN, 0,
     "? C H T a bind c cd connect conninfo copyright echo encoding errverbose f html l l+ "
     "l+x list list+ list+x listx listx+ lo_list lo_list+ lx lx+ p password print pset "
     "qecho s set t timing warn x z zS zSx zx zxS"},
    {CFTI_COMMAND_PLAIN, 1, "bind_named i include lo_import lo_unlink prompt setenv unset"},
    {CFTI_COMMAND_PLAIN, 2, "getenv lo_export"},
    {CFTI_COMMAND_PLAIN | CFTI_COMMAND_PIPES, 0, "o out"},
    {CFTI_COMMAND_PLAIN | CFTI_COMMAND_PIPES, 1, "w write"},
    {CFTI_COMMAND_LINE, 0, "! h help sf sf+ sv sv+"},
    {CFTI_COMMAND_SEND, 0,
     "crosstabview endpipeline flush flushrequest getresults gexec gset sendpipeline "
     "startpipeline syncpipeline"},
    {CFTI_COMMAND_SEND, 1, "close_prepared"},
    {CFTI_COMMAND_SEND | CFTI_COMMAND_PIPES, 0, "g gx"},
    {CFTI_COMMAND_DESCRIBE, 0, "gdesc"},
    {CFTI_COMMAND_DESCRIBE, 1, "parse"},
    {CFTI_COMMAND_RESET, 0, "r reset watch"},
    {CFTI_COMMAND_EDIT, 0, "e edit"},
    {CFTI_COMMAND_EDIT_LINE, 0, "ef ev"},
    {CFTI_COMMAND_IF, 0, "if"},
    {CFTI_COMMAND_ELIF, 0, "elif"},
    {CFTI_COMMAND_ELSE, 0, "else"},
    {CFTI_COMMAND_ENDIF, 0, "endif"},
    {CFTI_COMMAND_RESTRICT, 1, "restrict"},
    {CFTI_COMMAND_UNRESTRICT, 1, "unrestrict"},
    {CFTI_COMMAND_RELATIVE, 1, "include_relative ir"},
    {CFTI_COMMAND_QUIT, 0, "q quit"},
};

/* Whether psql has this \d command. Its second and third letters decide. */
static bool cfti_command_describes(const uint8_t *name, size_t size) {
    static const char *const second[] = {"A+xcfop", "f+Sanptwx", "P+tinx", "F+xpdt"};
    size_t i;

    if (size == 1 || memchr("+SabcCDdglLnoOpTtvmisEuxXy", name[1], 26)) return true;
    for (i = 0; i < CFTI_COUNT(second); i++)
        if (name[1] == (uint8_t)second[i][0])
            return size == 2 || memchr(second[i] + 1, name[2], strlen(second[i] + 1)) != NULL;
    if (size == 2) return false;
    if (name[1] == 'e') return memchr("suwt", name[2], 4) != NULL;
    if (name[1] == 'R') return name[2] == 'p' || name[2] == 's';
    return name[1] == 'r' && (name[2] == 'g' || (size > 3 && name[2] == 'd' && name[3] == 's'));
}

/* The command whose name is in lexer->word. */
static cfti_command cfti_command_find(const cfti_lexer *lexer) {
    static const cfti_command unknown = {CFTI_COMMAND_UNKNOWN, 0, ""};
    static const cfti_command plain = {CFTI_COMMAND_PLAIN, 0, ""};
    static const cfti_command copy = {CFTI_COMMAND_COPY, 0, ""};
    bool active = cfti_lex_active(lexer);
    size_t size = lexer->word_size, i;
    const uint8_t *name = lexer->word;

    if (size == 4 && cfti_lower(name[0]) == 'c' && cfti_lower(name[1]) == 'o' &&
        cfti_lower(name[2]) == 'p' && cfti_lower(name[3]) == 'y')
        return copy;
    for (i = 0; i < CFTI_COUNT(cfti_commands); i++)
        if (cfti_word_is_in(lexer, cfti_commands[i].names)) return cfti_commands[i];
    /* In an inactive branch psql ignores the rest of these names. */
    if (size > 0 && name[0] == 'd' && (!active || cfti_command_describes(name, size))) return plain;
    if (size >= 3 && memcmp(name, "lo_", 3) == 0 && !active) return plain;
    return unknown;
}

/* ==== \if ================================================================ */

/* Saves the query buffer, which a branch that is not taken restores. */
static void cfti_branch_save(cfti_lexer *lexer, cfti_branch *branch) {
    cfti_lex_resolve(lexer, &lexer->query.start);
    cfti_lex_resolve(lexer, &lexer->query.open_paren);
    branch->saved = lexer->query;
}

static void cfti_branch_restore(cfti_lexer *lexer, const cfti_query *query) {
    lexer->query = *query;
    cfti_lex_update_words(lexer);
}

/* True are on, 1, and the prefixes of true and yes. Only psql knows the value of a variable: with
 * one, every branch is read. */
static void cfti_branch_decide(const cfti_lexer *lexer, cfti_branch *branch) {
    size_t n = lexer->word_size;
    branch->unknown = lexer->command.unknown;
    branch->active = branch->unknown || cfti_word_is(lexer, "1") || cfti_word_is(lexer, "on") ||
                     (n > 0 && n <= 4 && memcmp(lexer->word, "true", n) == 0) ||
                     (n > 0 && n <= 3 && memcmp(lexer->word, "yes", n) == 0);
}

static bool cfti_branch_open(cfti_lexer *lexer) {
    bool active = cfti_lex_active(lexer);
    cfti_branch *branch;
    if (lexer->branch_count == CFTI_MAX_BRANCHES) {
        cfti_lex_report(lexer, "\\if nested more than 16 deep: nest it less deep",
                        lexer->opened.line);
        lexer->excess_ifs++;
        return true;
    }
    branch = &lexer->branches[lexer->branch_count++];
    memset(branch, 0, sizeof *branch);
    branch->line = lexer->opened.line;
    branch->skip_rest = !active;
    cfti_branch_save(lexer, branch);
    if (active) cfti_branch_decide(lexer, branch);
    return true;
}

static bool cfti_query_is_open(const cfti_query *query) {
    return query->content == CFTI_QUERY_TOKENS || query->parens > 0;
}

/* A branch ends. The query buffer keeps what an active branch added. */
static void cfti_branch_leave(cfti_lexer *lexer, cfti_branch *branch) {
    if (branch->unknown && !branch->leaves_open && cfti_query_is_open(&lexer->query)) {
        cfti_lex_resolve(lexer, &lexer->query.start);
        cfti_lex_resolve(lexer, &lexer->query.open_paren);
        branch->leaves_open = true;
        branch->left_open = lexer->query;
    }
    if (branch->active && !branch->unknown) {
        cfti_branch_save(lexer, branch);
        branch->active = false;
        branch->skip_rest = true;
    } else {
        cfti_branch_restore(lexer, &branch->saved);
    }
}

/* At \endif. After an unknown condition, psql may have run any branch, or none if there is no
 * \else: the statement is open if one of these leaves it open. */
static void cfti_branch_close(cfti_lexer *lexer, const cfti_branch *branch) {
    lexer->branch_count--;
    if (!branch->active) cfti_branch_restore(lexer, &branch->saved);
    if (!branch->unknown || cfti_query_is_open(&lexer->query)) return;
    if (branch->leaves_open) cfti_branch_restore(lexer, &branch->left_open);
    else if (!branch->has_else && cfti_query_is_open(&branch->saved))
        cfti_branch_restore(lexer, &branch->saved);
}

/* \elif, \else or \endif. False: psql rejects it. */
static bool cfti_branch_next(cfti_lexer *lexer) {
    uint8_t command = lexer->command.kind;
    cfti_branch *branch;
    if (lexer->excess_ifs > 0) {
        if (command == CFTI_COMMAND_ENDIF) lexer->excess_ifs--;
        return true;
    }
    if (lexer->branch_count == 0) {
        cfti_lex_report(lexer,
                        command == CFTI_COMMAND_ELIF   ? "\\elif without \\if"
                        : command == CFTI_COMMAND_ELSE ? "\\else without \\if"
                                                       : "\\endif without \\if",
                        lexer->opened.line);
        return false;
    }
    branch = &lexer->branches[lexer->branch_count - 1];
    if (command == CFTI_COMMAND_ENDIF) {
        cfti_branch_close(lexer, branch);
        return true;
    }
    if (branch->has_else) return false;
    cfti_branch_leave(lexer, branch);
    if (command == CFTI_COMMAND_ELSE) {
        branch->active = !branch->skip_rest;
        branch->has_else = true;
    } else if (!branch->skip_rest && !branch->unknown) {
        cfti_branch_decide(lexer, branch);
    }
    return true;
}

/* ==== Names and arguments ================================================ */

static void cfti_command_skip_line(cfti_lexer *lexer) {
    lexer->state = CFTI_LEX_LINE;
    lexer->next_state = CFTI_LEX_SQL;
}

/* The command's name has ended. */
static void cfti_command_start(cfti_lexer *lexer) {
    cfti_command command = cfti_command_find(lexer);
    bool active = cfti_lex_active(lexer);

    cfti_lex_resolve(lexer, &lexer->opened);
    lexer->command.kind = command.kind & CFTI_COMMAND_KIND;
    lexer->word_size = 0;
    if (lexer->restricted && lexer->command.kind != CFTI_COMMAND_UNRESTRICT)
        lexer->command.kind = CFTI_COMMAND_UNKNOWN;
    switch (lexer->command.kind) {
    case CFTI_COMMAND_EDIT_LINE:
        if (active) cfti_query_clear(lexer);
        cfti_command_skip_line(lexer);
        return;
    case CFTI_COMMAND_UNKNOWN:
    case CFTI_COMMAND_LINE: cfti_command_skip_line(lexer); return;
    case CFTI_COMMAND_COPY:
        if (!active) {
            cfti_command_skip_line(lexer);
            return;
        }
        lexer->state = CFTI_LEX_COPY_LINE;
        lexer->quote = 0;
        lexer->previous = 0;
        lexer->copy_line.last = 0;
        lexer->in_format = lexer->copy_line.has_schema = false;
        cfti_copy_init(&lexer->copy_line.copy);
        return;
    default: break;
    }
    lexer->state = CFTI_LEX_ARGUMENTS;
    lexer->command.pipes = (command.kind & CFTI_COMMAND_PIPES) != 0;
    lexer->command.takes_options = lexer->command.pipes && lexer->command.kind == CFTI_COMMAND_SEND;
    lexer->command.condition =
        lexer->command.kind == CFTI_COMMAND_IF || lexer->command.kind == CFTI_COMMAND_ELIF;
    lexer->command.needed = command.needed;
    lexer->command.first = true;
    lexer->command.in_argument = lexer->command.has_options = lexer->command.options_end =
        lexer->command.unknown = false;
    lexer->command.bad_option = false;
    lexer->command.key = CFTI_NO_KEY;
    lexer->command.semicolons = 0;
}

/* Runs the command. False: psql rejects the command and the rest of the line. */
static bool cfti_command_run(cfti_lexer *lexer) {
    if (lexer->command.kind == CFTI_COMMAND_IF) return cfti_branch_open(lexer);
    if (lexer->command.kind == CFTI_COMMAND_ELIF || lexer->command.kind == CFTI_COMMAND_ELSE ||
        lexer->command.kind == CFTI_COMMAND_ENDIF)
        return cfti_branch_next(lexer);
    if (!cfti_lex_active(lexer)) return true;
    if (lexer->command.needed > 0) return false;
    switch (lexer->command.kind) {
    case CFTI_COMMAND_SEND:
    case CFTI_COMMAND_DESCRIBE:
        if (lexer->command.has_options &&
            (!lexer->command.options_end || lexer->command.bad_option))
            return false;
        cfti_lex_send(lexer, lexer->command.kind == CFTI_COMMAND_SEND);
        cfti_lex_reset(lexer);
        return true;
    case CFTI_COMMAND_RESET:
        cfti_query_clear(lexer);
        cfti_lex_reset(lexer);
        return true;
    case CFTI_COMMAND_EDIT: cfti_query_clear(lexer); return true;
    case CFTI_COMMAND_QUIT:
        cfti_lex_report(lexer, "\\q ends the script: remove it", lexer->opened.line);
        return true;
    case CFTI_COMMAND_RESTRICT:
        if (lexer->command.key == CFTI_NO_KEY) return false;
        lexer->restricted = true;
        lexer->restrict_key = lexer->command.key;
        lexer->restrict_line = lexer->opened.line;
        return true;
    case CFTI_COMMAND_UNRESTRICT:
        if (!lexer->restricted || lexer->restrict_key != lexer->command.key) return false;
        lexer->restricted = false;
        return true;
    case CFTI_COMMAND_RELATIVE:
        if (lexer->relative_line == 0) lexer->relative_line = lexer->opened.line;
        return true;
    default: return true;
    }
}

/* A byte of an argument's value. */
static void cfti_argument_byte(cfti_lexer *lexer, uint8_t c, bool quoted) {
    static const uint64_t prime = UINT64_C(0x100000001B3);
    bool opening = lexer->command.empty && lexer->command.first;

    lexer->command.empty = false;
    lexer->command.ends_in_paren = c == ')';
    if (opening) lexer->command.has_options = lexer->command.takes_options && c == '(';
    lexer->command.last = quoted ? '\'' : c;
    if (lexer->command.condition) cfti_word_add(lexer, cfti_lower(c));
    if (lexer->command.has_options && !lexer->command.options_end && !lexer->command.in_value) {
        if (c == '=') lexer->command.in_value = true;
        else if (!opening) cfti_word_add(lexer, c);
    }
    if (!lexer->command.first) return;
    if (c == ';' && !quoted) {
        lexer->command.semicolons++;
        return;
    }
    for (; lexer->command.semicolons > 0; lexer->command.semicolons--)
        lexer->command.key = (lexer->command.key ^ ';') * prime;
    lexer->command.key = (lexer->command.key ^ c) * prime;
}

/* The first byte of an argument, which may be a quote, is next. */
static void cfti_argument_start(cfti_lexer *lexer) {
    if (lexer->command.in_argument) return;
    lexer->command.in_argument = true;
    lexer->command.last = 0;
    lexer->command.empty = true;
    lexer->command.ends_in_paren = false;
    lexer->command.known_before = !lexer->command.unknown;
    lexer->command.word_start = lexer->word_size;
    lexer->command.in_value = false;
    if (lexer->command.takes_options) lexer->word_size = 0;
    if (!lexer->command.first && lexer->command.condition) cfti_word_add(lexer, ' ');
}

/* Whether lexer->word is an option of \pset. */
static bool cfti_option_is_known(cfti_lexer *lexer) {
    static const char names[] =
        "border columns csv_fieldsep expanded x vertical fieldsep fieldsep_zero footer "
        "format linestyle null numericlocale pager pager_min_lines recordsep "
        "recordsep_zero tableattr T title C tuples_only t unicode_border_linestyle "
        "unicode_column_linestyle unicode_header_linestyle xheader_width";
    if (!lexer->command.in_value && lexer->word_size > 0 &&
        lexer->word_size <= sizeof lexer->word && lexer->word[lexer->word_size - 1] == ')')
        lexer->word_size--;
    return cfti_word_is_in(lexer, names) || (lexer->word_size == 0 && !lexer->command.in_value);
}

static void cfti_argument_end(cfti_lexer *lexer) {
    if (!lexer->command.in_argument) return;
    lexer->command.in_argument = false;
    if (lexer->command.has_options && !lexer->command.options_end && !cfti_option_is_known(lexer))
        lexer->command.bad_option = true;
    if (lexer->command.needed > 0) lexer->command.needed--;
    lexer->command.pipes =
        lexer->command.has_options && lexer->command.ends_in_paren && !lexer->command.options_end;
    lexer->command.options_end = lexer->command.options_end || lexer->command.ends_in_paren;
    lexer->command.first = false;
}

/* The command ends before p: at the end of its line or at a backslash. */
static void cfti_command_end(cfti_lexer *lexer, const uint8_t *p) {
    bool done = cfti_command_run(lexer);
    lexer->word_size = 0;
    lexer->run = CFTI_RUN_NONE;
    if (!done) cfti_command_skip_line(lexer);
    else lexer->state = (uint8_t)(*p == '\\' ? CFTI_LEX_NEXT_COMMAND : CFTI_LEX_SQL);
}

static const uint8_t *cfti_lex_name(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    for (; p < end && *p != '\\' && !(cfti_kinds[*p] & CFTI_SPACE); p++) cfti_word_add(lexer, *p);
    if (p < end) cfti_command_start(lexer);
    return p;
}

static const uint8_t *cfti_lex_arguments(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    for (; p < end; p++) {
        uint8_t c = *p, before = lexer->command.in_argument ? lexer->command.last : 0;
        if (c == '\n' || c == '\\') {
            cfti_argument_end(lexer);
            cfti_command_end(lexer, p);
            return p + (c == '\\' && lexer->state == CFTI_LEX_NEXT_COMMAND);
        }
        if (cfti_kinds[c] & CFTI_SPACE) {
            cfti_argument_end(lexer);
            continue;
        }
        if (c == '|' && !lexer->command.in_argument && lexer->command.pipes) {
            if (lexer->command.needed > 0) lexer->command.needed--;
            (void)cfti_command_run(lexer);
            lexer->word_size = 0;
            cfti_command_skip_line(lexer);
            return p;
        }
        if (before == ':' && ((cfti_kinds[c] & CFTI_IDENT) || c == '\'' || c == '"' || c == '{') &&
            c != '$')
            lexer->command.unknown = true;
        cfti_argument_start(lexer);
        if (c == '\'' || c == '"' || c == '`') {
            if (c == '`') lexer->command.unknown = true;
            lexer->command.last = c;
            lexer->quote = c;
            lexer->state = CFTI_LEX_ARGUMENT_QUOTE;
            if (c == '"') cfti_argument_byte(lexer, c, true);
            return p + 1;
        }
        cfti_argument_byte(lexer, c, false);
    }
    return p;
}

/* In quotes. The end of the line discards an argument whose quotes are open. */
static const uint8_t *cfti_lex_argument_quote(cfti_lexer *lexer, const uint8_t *p,
                                              const uint8_t *end) {
    for (; p < end; p++) {
        if (*p == '\n') {
            lexer->word_size = lexer->command.word_start;
            lexer->command.unknown = !lexer->command.known_before;
            if (lexer->command.first) lexer->command.has_options = false;
            cfti_command_end(lexer, p);
            return p;
        }
        if (*p == '\\' && lexer->quote == '\'') {
            lexer->state = CFTI_LEX_ARGUMENT_ESCAPED;
            return p + 1;
        }
        if (*p == lexer->quote) {
            if (*p == '"') cfti_argument_byte(lexer, *p, true);
            lexer->state = (uint8_t)(*p == '\'' ? CFTI_LEX_ARGUMENT_END : CFTI_LEX_ARGUMENTS);
            return p + 1;
        }
        cfti_argument_byte(lexer, *p, true);
    }
    return p;
}

/* After a backslash in '...'. */
static const uint8_t *cfti_lex_argument_escaped(cfti_lexer *lexer, const uint8_t *p) {
    static const char letters[] = "ntbrf", values[] = "\n\t\b\r\f";
    const char *letter = (const char *)memchr(letters, *p, 5);
    lexer->state = CFTI_LEX_ARGUMENT_QUOTE;
    if (*p == '\n') return p;
    if (*p == 'x' || (*p >= '0' && *p <= '7')) {
        lexer->state = CFTI_LEX_ARGUMENT_NUMBER;
        lexer->command.base = (uint8_t)(*p == 'x' ? 16 : 8);
        lexer->command.digits = 2;
        lexer->command.value = (uint8_t)(*p == 'x' ? 'x' : *p - '0');
    } else {
        cfti_argument_byte(lexer, letter != NULL ? (uint8_t)values[letter - letters] : *p, true);
    }
    return p + 1;
}

/* In the digits of \101 or \x41 in '...'. */
static const uint8_t *cfti_lex_argument_number(cfti_lexer *lexer, const uint8_t *p) {
    uint8_t c = cfti_lower(*p), digit = 16;
    if (c >= '0' && c <= '9') digit = (uint8_t)(c - '0');
    else if (c >= 'a' && c <= 'f') digit = (uint8_t)(c - 'a' + 10);
    if (lexer->command.digits > 0 && digit < lexer->command.base) {
        if (lexer->command.base == 16 && lexer->command.digits == 2) lexer->command.value = digit;
        else lexer->command.value = (uint8_t)(lexer->command.value * lexer->command.base + digit);
        lexer->command.digits--;
        return p + 1;
    }
    cfti_argument_byte(lexer, lexer->command.value, true);
    lexer->state = CFTI_LEX_ARGUMENT_QUOTE;
    return p;
}

/* The states of a psql command. */
static const uint8_t *cfti_lex_command(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    bool quote = *p == '\'', backslash = *p == '\\';

    switch (lexer->state) {
    case CFTI_LEX_NAME: return cfti_lex_name(lexer, p, end);
    case CFTI_LEX_ARGUMENTS: return cfti_lex_arguments(lexer, p, end);
    case CFTI_LEX_ARGUMENT_QUOTE: return cfti_lex_argument_quote(lexer, p, end);
    case CFTI_LEX_ARGUMENT_ESCAPED: return cfti_lex_argument_escaped(lexer, p);
    case CFTI_LEX_ARGUMENT_NUMBER: return cfti_lex_argument_number(lexer, p);
    case CFTI_LEX_ARGUMENT_END:
        lexer->state = (uint8_t)(quote ? CFTI_LEX_ARGUMENT_QUOTE : CFTI_LEX_ARGUMENTS);
        if (quote) cfti_argument_byte(lexer, *p, true);
        return p + quote;
    default: /* CFTI_LEX_NEXT_COMMAND */
        lexer->state = (uint8_t)(backslash ? CFTI_LEX_SQL : CFTI_LEX_BACKSLASH);
        lexer->opened.at = p;
        return p + backslash;
    }
}

/* ---- text/lexer_copy_line.c: the line of psql's \copy, which psql sends as a COPY ---- */

static void cfti_copy_line_token(cfti_lexer *lexer, int token) {
    if (token == '.' && lexer->copy_line.copy.state == CFTI_COPY_NAMED) {
        if (lexer->copy_line.has_schema)
            lexer->copy_line.copy.state = CFTI_COPY_NONE; /* psql accepts one schema */
        lexer->copy_line.has_schema = true;
    }
    lexer->copy_line.copy.state = cfti_copy_next(lexer, &lexer->copy_line.copy, token);
}

static void cfti_copy_line_word(cfti_lexer *lexer) {
    bool number = lexer->word_size > 0 &&
                  (lexer->word[0] == '$' || (cfti_kinds[lexer->word[0]] & CFTI_DIGIT) != 0);
    if (lexer->word_size > 0)
        cfti_copy_line_token(lexer, number ? CFTI_TOKEN_NUMBER : CFTI_TOKEN_WORD);
    lexer->word_size = 0;
}

/* - or / may begin a comment, and u& a string: c, the next byte, decides. True: a comment. */
static bool cfti_copy_line_mark(cfti_lexer *lexer, uint8_t c) {
    uint8_t mark = lexer->previous;
    lexer->previous = 0;
    if (mark == '-' && c == '-') {
        lexer->quote = '\n';
    } else if (mark == '/' && c == '*') {
        lexer->quote = '/';
        lexer->depth = 1;
        lexer->copy_line.last = 0;
    } else if (mark != 0 && (mark != '&' || c != '\'')) {
        cfti_copy_line_token(lexer, mark);
    }
    return lexer->quote != 0;
}

static void cfti_copy_line_end(cfti_lexer *lexer) {
    (void)cfti_copy_line_mark(lexer, '\n');
    cfti_copy_line_word(lexer);
    /* The server rejects a line that leaves something open. */
    if (lexer->quote != 0 && lexer->quote != '\n') lexer->copy_line.copy.state = CFTI_COPY_NONE;
    lexer->quote = 0;
    if (cfti_copy_reads(&lexer->copy_line.copy))
        cfti_lex_send_copies(lexer, 1, lexer->opened.line, lexer->copy_line.copy.binary);
    lexer->state = CFTI_LEX_SQL;
    lexer->run = CFTI_RUN_NONE;
}

/* In $tag$...$tag$ or its opening tag. */
static void cfti_copy_line_dollar(cfti_lexer *lexer, uint8_t c) {
    uint8_t kind = cfti_kinds[c];
    if (!lexer->copy_line.in_tag) {
        if (c == '$' && lexer->matched == lexer->tag_size + 1) lexer->quote = 0;
        else if (c == '$') lexer->matched = 1;
        else if (lexer->matched > 0 && lexer->matched <= lexer->tag_size &&
                 c == lexer->tag[lexer->matched - 1])
            lexer->matched++;
        else lexer->matched = 0;
    } else if (c == '$') {
        lexer->copy_line.in_tag = false;
        lexer->matched = 0;
        cfti_copy_line_token(lexer, '$');
    } else if ((kind & CFTI_IDENT) && (lexer->tag_size > 0 || !(kind & CFTI_DIGIT)) &&
               lexer->tag_size < sizeof lexer->tag) {
        lexer->tag[lexer->tag_size++] = c;
    } else {
        lexer->copy_line.copy.state = CFTI_COPY_NONE; /* $1: no COPY has parameters */
    }
}

/* In quotes, or in a comment, which nests. */
static void cfti_copy_line_quoted(cfti_lexer *lexer, uint8_t c, uint8_t before) {
    if (lexer->quote == '/') {
        bool opens = before == '/' && c == '*', closes = before == '*' && c == '/';
        lexer->depth = lexer->depth + opens - closes;
        if (opens || closes) lexer->copy_line.last = 0;
        if (lexer->depth == 0) lexer->quote = 0;
    } else if (lexer->quote == '$') {
        cfti_copy_line_dollar(lexer, c);
    } else if (lexer->copy_line.escapes && before == '\\') {
        lexer->copy_line.last = 0;
    } else if (c != lexer->quote) {
        if (lexer->in_format) cfti_word_add(lexer, c);
    } else {
        lexer->quote = 0;
        cfti_copy_format(lexer, &lexer->copy_line.copy);
    }
}

/* A byte between tokens. psql knows no comments in \copy: only the part after the file, which the
 * server reads, may contain them. */
static void cfti_copy_line_byte(cfti_lexer *lexer, uint8_t c, uint8_t before) {
    uint8_t state = lexer->copy_line.copy.state;
    bool source = state == CFTI_COPY_SOURCE;

    if ((c == '\f' || c == '\v') && state > CFTI_COPY_READS && state < CFTI_COPY_SOURCE) {
        /* White space for the server, but part of a word where psql splits the line. */
        lexer->copy_line.copy.state = CFTI_COPY_NONE;
    } else if ((cfti_kinds[c] & CFTI_SPACE) && (!source || (c != '\f' && c != '\v'))) {
        cfti_copy_line_word(lexer);
    } else if (c == ';') {
        cfti_copy_line_word(lexer);
        if (cfti_copy_reads(&lexer->copy_line.copy)) lexer->quote = '\n'; /* the rest is skipped */
        else lexer->copy_line.copy.state = CFTI_COPY_NONE;
    } else if (c == '$' && lexer->word_size == 0 && !source) {
        lexer->quote = c;
        lexer->copy_line.in_tag = true;
        lexer->tag_size = 0;
    } else if (source ? c != '\'' : (cfti_kinds[c] & CFTI_IDENT) != 0) {
        cfti_word_add(lexer, cfti_lower(c));
    } else if ((c == '\'' || c == '"') && before == c) {
        lexer->quote = c; /* a doubled quote continues the token */
    } else if ((c == '-' || c == '/') && (state < CFTI_COPY_READS || state > CFTI_COPY_SOURCE)) {
        cfti_copy_line_word(lexer);
        lexer->previous = c;
    } else if (c == '&' && !source && cfti_word_is(lexer, "u")) {
        lexer->word_size = 0;
        lexer->previous = c;
    } else {
        lexer->copy_line.escapes = c == '\'' && cfti_word_is(lexer, "e");
        if (!lexer->copy_line.escapes) cfti_copy_line_word(lexer);
        lexer->word_size = 0;
        lexer->in_format = lexer->copy_line.copy.state == CFTI_COPY_LIST_FORMAT;
        cfti_copy_line_token(lexer, c);
        if (c == '\'' || c == '"') lexer->quote = c;
    }
}

/* The line of a \copy. The file's name ends at white space: stdin.csv is a file. */
static const uint8_t *cfti_lex_copy_line(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    for (; p < end && *p != '\n'; p++) {
        uint8_t before = lexer->copy_line.last;
        if (before == 0 && (cfti_kinds[*p] & CFTI_SPACE)) continue; /* before the first word */
        lexer->copy_line.last = *p;
        if (lexer->previous != 0 && cfti_copy_line_mark(lexer, *p)) continue;
        if (lexer->quote == 0) cfti_copy_line_byte(lexer, *p, before);
        else cfti_copy_line_quoted(lexer, *p, before);
    }
    if (p < end) cfti_copy_line_end(lexer);
    return p;
}

/* ---- text/lexer_skip.c: between tokens ---- */

/* Most of a script is text in which nothing begins, and the lexer skips it. Words matter only at
 * the start of a statement, in a COPY, and in a CREATE FUNCTION from the word BEGIN on. */

/* The run before p: lexer->run is the run before `from`. */
static uint8_t cfti_lex_run(const cfti_lexer *lexer, const uint8_t *from, const uint8_t *p) {
    const uint8_t *q = p;
    uint8_t run;

    while (q > from && ((cfti_kinds[q[-1]] & CFTI_IDENT) || q[-1] == ':' || q[-1] == '.' ||
                        q[-1] == '+' || q[-1] == '-' || q[-1] == '{' || q[-1] == '?'))
        q--;
    run = q == from ? lexer->run : (uint8_t)CFTI_RUN_NONE;
    for (; q < p; q++) run = cfti_lex_step(run, *q);
    return run;
}

/* Whether a quote at p begins E'...'. The byte before it decides most cases. */
static bool cfti_lex_escapes(const cfti_lexer *lexer, const uint8_t *from, const uint8_t *p) {
    if (p > from && (p[-1] | 0x20) != 'e') return false;
    return cfti_lex_run(lexer, from, p) == CFTI_RUN_E;
}

/* ==== Where nothing begins =============================================== */

/* Skips to the next byte that may begin something and counts parentheses. In CREATE FUNCTION the
 * b of BEGIN is such a byte. The loop over 16 bytes also finds # and &: one comparison finds # and
 * ", and one finds & and '. */
static const uint8_t *cfti_lex_skip_any(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    const uint8_t letter = lexer->routine == CFTI_ROUTINE_YES ? 0x20 : 0xFF; /* with it, B is b */
#if CFTI_V16
    const cfti_v16 one = cfti_v16_fill(0x01), two = cfti_v16_fill(0x02);
    const cfti_v16 five = cfti_v16_fill(0x05), slash = cfti_v16_fill('/');
    const cfti_v16 quote = cfti_v16_fill('\''), dollar = cfti_v16_fill('$');
    const cfti_v16 semicolon = cfti_v16_fill(';'), backslash = cfti_v16_fill('\\');
    const cfti_v16 paren = cfti_v16_fill(')'), lowercase = cfti_v16_fill(letter);
    const cfti_v16 b = cfti_v16_fill('b');

    for (; end - p >= 16; p += 16) {
        cfti_v16 v = cfti_v16_load(p);
        cfti_v16 comments = cfti_v16_equal(cfti_v16_or(v, two), slash); /* - / */
        cfti_v16 quotes =
            cfti_v16_or(cfti_v16_equal(cfti_v16_or(v, five), quote), cfti_v16_equal(v, dollar));
        cfti_v16 ends = cfti_v16_or(cfti_v16_equal(v, semicolon), cfti_v16_equal(v, backslash));
        cfti_v16 parens = cfti_v16_or(cfti_v16_equal(cfti_v16_or(v, one), paren),
                                      cfti_v16_equal(cfti_v16_or(v, lowercase), b));
        uint64_t mask =
            cfti_v16_mask(cfti_v16_or(cfti_v16_or(comments, parens), cfti_v16_or(quotes, ends)));
        for (; mask != 0; mask &= mask - 1) {
            const uint8_t *q = p + CFTI_V16_AT(mask);
            if (*q == '(' || *q == ')') cfti_lex_paren(lexer, q);
            else if (*q != '#' && *q != '&') return q;
        }
    }
#endif
    for (; p < end; p++) {
        if (!(cfti_kinds[*p] & CFTI_STOP) && (*p | letter) != 'b') continue;
        if (*p != '(' && *p != ')') break;
        cfti_lex_paren(lexer, p);
    }
    return p;
}

/* The 64 bytes from `at` on, a bit for each: bytes that may begin something, and parentheses. */
typedef struct cfti_window {
    const uint8_t *at; /* NULL: not read */
    uint64_t stops, opens, closes;
} cfti_window;

#if CFTI_SIMD_X86

#include <immintrin.h>

#define CFTI_SSSE3 CFTI_TARGET("ssse3,popcnt") static

CFTI_SSSE3 inline __m128i cfti_ssse3_load(const uint8_t *p) {
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* A bit for each of 64 bytes that v and w have in common. */
CFTI_SSSE3 inline uint64_t cfti_ssse3_equal(const __m128i v[4], const __m128i w[4]) {
    unsigned a = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v[0], w[0]));
    unsigned b = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v[1], w[1]));
    unsigned c = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v[2], w[2]));
    unsigned d = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v[3], w[3]));
    return (a | b << 16) | (uint64_t)(c | d << 16) << 32;
}

/* The STOP bytes differ in their low four bits: for each byte, one shuffle looks up the only STOP
 * that the byte can be, and zero for a byte outside ASCII. */
CFTI_SSSE3 inline void cfti_window_read(cfti_window *window, const uint8_t *p) {
    const __m128i t =
        _mm_setr_epi8((char)-1, 0, '"', 0, '$', 0, 0, '\'', '(', ')', 0, ';', '\\', '-', 0, '/');
    const __m128i open = _mm_set1_epi8('('), close = _mm_set1_epi8(')');
    const __m128i v[4] = {cfti_ssse3_load(p), cfti_ssse3_load(p + 16), cfti_ssse3_load(p + 32),
                          cfti_ssse3_load(p + 48)};
    const __m128i stops[4] = {_mm_shuffle_epi8(t, v[0]), _mm_shuffle_epi8(t, v[1]),
                              _mm_shuffle_epi8(t, v[2]), _mm_shuffle_epi8(t, v[3])};
    const __m128i opens[4] = {open, open, open, open}, closes[4] = {close, close, close, close};

    window->opens = cfti_ssse3_equal(v, opens);
    window->closes = cfti_ssse3_equal(v, closes);
    window->stops = cfti_ssse3_equal(v, stops) & ~(window->opens | window->closes);
}

CFTI_SSSE3 inline uint64_t cfti_window_letters(const uint8_t *p) {
    const __m128i b = _mm_set1_epi8('b'), lowercase = _mm_set1_epi8(0x20);
    const __m128i v[4] = {_mm_or_si128(cfti_ssse3_load(p), lowercase),
                          _mm_or_si128(cfti_ssse3_load(p + 16), lowercase),
                          _mm_or_si128(cfti_ssse3_load(p + 32), lowercase),
                          _mm_or_si128(cfti_ssse3_load(p + 48), lowercase)};
    const __m128i letters[4] = {b, b, b, b};
    return cfti_ssse3_equal(v, letters);
}

/* Moves the window to p, with spaces after the end. In CREATE FUNCTION b is a stop. */
CFTI_SSSE3 inline void cfti_window_move(cfti_window *window, const uint8_t *p, const uint8_t *end,
                                        bool routine) {
    uint8_t last[64];

    window->at = p;
    if (end - p < 64) {
        memset(last, ' ', sizeof last);
        memcpy(last, p, (size_t)(end - p));
        p = last;
    }
    cfti_window_read(window, p);
    if (routine) window->stops |= cfti_window_letters(p);
}

/* Counts the parentheses from p on by their bits. They are counted one by one only where a ) may
 * be unmatched or another ( may become the outermost. The array is a choice without a branch. */
CFTI_SSSE3 inline void cfti_window_parens(cfti_lexer *lexer, const uint8_t *p, uint64_t opens,
                                          uint64_t closes) {
    uint64_t depth = lexer->query.parens, closed = CFTI_COUNT_BITS(closes);
    uint64_t after = depth + CFTI_COUNT_BITS(opens) - closed;
    uint64_t deeper = depth + ((opens & (closes ^ (closes - 1))) != 0); /* a ( precedes every ) */

    if (closed < deeper + (after == 0)) {
        const uint8_t *outermost[2];
        outermost[0] = p + CFTI_LOWEST_BIT(opens | UINT64_C(1) << 63);
        outermost[1] = lexer->query.open_paren.at;
        lexer->query.open_paren.at = outermost[(depth > 0) | (opens == 0)];
        lexer->query.parens = after;
        return;
    }
    for (closes |= opens; closes != 0; closes &= closes - 1)
        cfti_lex_paren(lexer, p + CFTI_LOWEST_BIT(closes));
}

/* cfti_lex_skip_any by windows: each window is read once, however many stops it has. */
CFTI_SSSE3 const uint8_t *cfti_lex_skip_ssse3(cfti_lexer *lexer, cfti_window *window,
                                              const uint8_t *p, const uint8_t *end) {
    while (p < end) {
        uint64_t stops, before;
        unsigned passed;
        if (window->at == NULL || p - window->at >= 64)
            cfti_window_move(window, p, end, lexer->routine == CFTI_ROUTINE_YES);
        passed = (unsigned)(p - window->at);
        stops = window->stops >> passed;
        before = ~stops & (stops - 1); /* all bits below the first that is set */
        cfti_window_parens(lexer, p, window->opens >> passed & before,
                           window->closes >> passed & before);
        if (stops != 0) return p + CFTI_LOWEST_BIT(stops);
        p = end - window->at > 64 ? window->at + 64 : end;
    }
    return p;
}

#endif

static const uint8_t *cfti_lex_skip(cfti_lexer *lexer, cfti_window *window, const uint8_t *p,
                                    const uint8_t *end) {
#if CFTI_SIMD_X86
    if (CFTI_LIKELY((cfti_cpu_features() & CFTI_CPU_SSSE3) != 0))
        return cfti_lex_skip_ssse3(lexer, window, p, end);
#endif
    (void)window;
    return cfti_lex_skip_any(lexer, p, end);
}

/* ==== Words ============================================================== */

/* Whether c may begin a word that matters, or a quote such as N'...'. The first letter shows of
 * most statements that they are neither COPY nor CREATE. */
static bool cfti_lex_may_matter(const cfti_lexer *lexer, uint8_t c) {
    static const char quotes[5] = {'e', 'n', 'b', 'x', 'u'};

    if (lexer->query.kind == CFTI_STATEMENT_COPY || lexer->routine == CFTI_ROUTINE_YES) return true;
    if (memchr(quotes, c, sizeof quotes)) return true;
    if (lexer->query.kind == CFTI_STATEMENT_START && c == 'c') return true;
    switch (lexer->routine) {
    case CFTI_ROUTINE_CREATE: return c == 'f' || c == 'p' || c == 'o';
    case CFTI_ROUTINE_OR: return c == 'r';
    case CFTI_ROUTINE_REPLACE: return c == 'f' || c == 'p';
    default: return lexer->routine == CFTI_ROUTINE_START && c == 'c';
    }
}

/* A word ends before p: an identifier, the prefix of a quote, or the name in :{?name}. */
static void cfti_lex_word_end(cfti_lexer *lexer, const uint8_t *p) {
    static const char quotes[4] = {'e', 'n', 'b', 'x'};

    if (lexer->after_test && *p == '}') lexer->word_size = 0;
    if (lexer->word_size == 1 && *p == '\'' && memchr(quotes, lexer->word[0], sizeof quotes))
        lexer->word_size = 0;
    if (lexer->word_size == 1 && *p == '&' && lexer->word[0] == 'u') {
        lexer->word_size = 0;
        lexer->run = CFTI_RUN_UNICODE;
    }
    if (lexer->word_size > 0) cfti_lex_identifier(lexer, p);
}

/* A word continues at p: returns its last byte before the next $ or the end of the piece. */
static const uint8_t *cfti_lex_word_rest(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    bool kept = lexer->word_size > 0;

    lexer->run = CFTI_RUN_WORD;
    for (; p < end && (cfti_kinds[*p] & CFTI_IDENT) && *p != '$'; p++)
        if (kept) cfti_word_add(lexer, cfti_lower(*p));
    return p - 1;
}

/* The first byte of a word, or any byte of a number or a variable. */
static void cfti_lex_word_byte(cfti_lexer *lexer, const uint8_t *p) {
    uint8_t run = lexer->run, c = cfti_lower(*p);

    lexer->run = cfti_lex_step(run, c);
    switch (lexer->run) {
    case CFTI_RUN_VARIABLE:
        if (run == CFTI_RUN_COLON) cfti_lex_token(lexer, p, CFTI_TOKEN_VARIABLE);
        return;
    case CFTI_RUN_E:
    case CFTI_RUN_WORD:
        if (!cfti_run_is_none(run) && run != CFTI_RUN_DOT && run != CFTI_RUN_SIGN) return;
        cfti_query_add(lexer, p, CFTI_QUERY_TOKENS);
        lexer->after_test = run == CFTI_RUN_TEST;
        if (lexer->after_test || cfti_lex_may_matter(lexer, c)) {
            lexer->word_size = 0;
            cfti_word_add(lexer, c);
        } else {
            lexer->query.kind = CFTI_STATEMENT_OTHER;
            lexer->routine = CFTI_ROUTINE_NO;
            lexer->words_matter = false;
        }
        return;
    default:
        if (cfti_run_is_none(run) || run == CFTI_RUN_DOT)
            cfti_lex_token(lexer, p, CFTI_TOKEN_NUMBER);
    }
}

/* Whether a word of two letters or more is at p, other than COPY, CREATE, OR, FUNCTION and
 * PROCEDURE. The first and third letters decide, without branches. */
static bool cfti_lex_is_plain(const uint8_t *p) {
    static const uint32_t routine = 1u << ('o' & 31) | 1u << ('f' & 31) | 1u << ('p' & 31);
    static const uint32_t third = 1u << ('p' & 31) | 1u << ('e' & 31);
    uint32_t word = (cfti_kinds[p[0]] & (CFTI_IDENT | CFTI_DIGIT | CFTI_STOP)) == CFTI_IDENT;
    uint32_t c = (p[0] & 31) == ('c' & 31);
    word &= ~(routine >> (p[0] & 31)) & ~(c & third >> (p[2] & 31));
    return (word & cfti_kinds[p[1]] & CFTI_IDENT) != 0;
}

/* The first word of a statement. It shows of most statements whether they are COPY or CREATE
 * FUNCTION; cfti_lex_words reads the others. There is one branch, because no processor predicts
 * which statement comes next. */
static const uint8_t *cfti_lex_first_word(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    uint8_t lower[32];
    const uint8_t *word = lower;
    bool plain;
    size_t i;

    if (lexer->routine != CFTI_ROUTINE_START || lexer->query.kind != CFTI_STATEMENT_START ||
        lexer->run != CFTI_RUN_NONE)
        return p;
    while (p < end && (cfti_kinds[*p] & CFTI_SPACE)) p++;
    if (end - p < (ptrdiff_t)sizeof lower) return p;
    for (i = 0; i < sizeof lower; i++) lower[i] = p[i] | 0x20; /* no other byte becomes a letter */
    if (cfti_load_be32(lower) == 0x63726561 &&                 /* crea */
        cfti_load_be32(lower + 3) == 0x61746520)               /* ate */
        word += 7;
    plain = cfti_lex_is_plain(p + (word - lower));
    if (!plain) {
        if (word == lower) return p;
        if (memcmp(word, "or replace ", 11) == 0) {
            word += 11;
            plain = cfti_lex_is_plain(p + (word - lower));
        }
        if (!plain && memcmp(word, "function ", 9) != 0 && memcmp(word, "procedure ", 10) != 0)
            return p;
    }
    cfti_query_add(lexer, p, CFTI_QUERY_TOKENS);
    lexer->query.kind = CFTI_STATEMENT_OTHER;
    lexer->routine = (uint8_t)(plain ? CFTI_ROUTINE_NO : CFTI_ROUTINE_YES);
    lexer->words_matter = false;
    return p + (word - lower);
}

/* Reads on where words matter: up to the first word of a statement, in a COPY, and in a CREATE
 * FUNCTION. It returns early when words no longer matter. */
static const uint8_t *cfti_lex_words(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    for (; p < end && lexer->words_matter; p++) {
        uint8_t kind = cfti_kinds[*p], run = lexer->run;
        if (run == CFTI_RUN_UNICODE && *p != '\'' && *p != '"') cfti_lex_token(lexer, p, '&');
        if (kind & CFTI_IDENT) {
            if (*p == '$') return p;
            if (run == CFTI_RUN_E || run == CFTI_RUN_WORD) p = cfti_lex_word_rest(lexer, p, end);
            else cfti_lex_word_byte(lexer, p);
            continue;
        }
        if (run == CFTI_RUN_E || run == CFTI_RUN_WORD) cfti_lex_word_end(lexer, p);
        if (lexer->run == CFTI_RUN_UNICODE && run == CFTI_RUN_WORD) continue;
        if (run == CFTI_RUN_COLON && *p != '\'' && *p != '"') cfti_lex_token(lexer, p, ':');
        if (kind & CFTI_SPACE) {
            while (p + 1 < end && (cfti_kinds[p[1]] & CFTI_SPACE)) p++;
            lexer->run = CFTI_RUN_NONE;
            continue;
        }
        if (kind & CFTI_STOP) {
            if (*p != '(' && *p != ')') return p;
            cfti_lex_token(lexer, p, *p);
            cfti_lex_paren(lexer, p);
        } else if (*p != ':') {
            cfti_lex_token(lexer, p, *p);
        }
        lexer->run = cfti_lex_step(run, *p);
    }
    return p;
}

/* Whether the b at p may begin the word BEGIN of a CREATE FUNCTION. */
static bool cfti_lex_may_begin(const cfti_lexer *lexer, const uint8_t *from, const uint8_t *p,
                               const uint8_t *end) {
    if (lexer->routine != CFTI_ROUTINE_YES) return false;
    if (p > from && (cfti_kinds[p[-1]] & CFTI_IDENT)) return false;
    return end - p < 5 || ((p[1] | 0x20) == 'e' && (p[2] | 0x20) == 'g');
}

/* ---- text/lexer.c: what a file leaves open at its end ---- */

/* The rules are those of PostgreSQL's scan.l with standard_conforming_strings on, and of psql's
 * psqlscan.l and command.c around it. scan.l and psqlscan.l differ on strings that continue
 * after a newline: scan.l decides, since the server reads the statement. */

/* The only finding that is accepted in the last file of an output: psql sends what it holds. */
static const char cfti_statement_open[] = "statement never ended: add ';'";

/* ==== Between tokens ===================================================== */

/* Each of the next three functions returns the byte after what it has skipped, or NULL if what
 * begins at p needs a state, which is set. Plain quotes and comments to the end of the line are
 * frequent: they are skipped here unless the piece ends in one. */

/* The $ at p continues an identifier or may begin a quote. The rest of an identifier is skipped
 * at once: looking back from each of its $ would take quadratic time. */
static const uint8_t *cfti_lex_sql_dollar(cfti_lexer *lexer, const uint8_t *from, const uint8_t *p,
                                          const uint8_t *end) {
    uint8_t run = cfti_lex_run(lexer, from, p);

    if (run != CFTI_RUN_E && run != CFTI_RUN_WORD && run != CFTI_RUN_EXPONENT) {
        cfti_lex_token(lexer, p, *p);
        lexer->word_size = 0;
        lexer->state = CFTI_LEX_TAG;
        lexer->tag_size = 0;
        return NULL;
    }
    for (; p < end && (cfti_kinds[*p] & CFTI_IDENT); p++)
        if (lexer->word_size > 0) cfti_word_add(lexer, *p);
    lexer->run = CFTI_RUN_WORD;
    return p;
}

static const uint8_t *cfti_lex_sql_quote(cfti_lexer *lexer, const uint8_t *from, const uint8_t *p,
                                         const uint8_t *end) {
    const uint8_t *q;

    lexer->in_format = lexer->query.kind == CFTI_STATEMENT_COPY &&
                       lexer->query.copy.state == CFTI_COPY_LIST_FORMAT;
    cfti_lex_token(lexer, p, *p);
    if (*p == '\'' && cfti_lex_escapes(lexer, from, p)) {
        lexer->state = CFTI_LEX_ESCAPE;
        lexer->continued = false;
        return NULL;
    }
    q = cfti_find2(p + 1, end, *p, *p);
    while (end - q > 1 && q[1] == *p) q = cfti_find2(q + 2, end, *p, *p);
    if (end - q > 1 && !lexer->in_format) {
        lexer->run = CFTI_RUN_NONE;
        return q + 1;
    }
    lexer->state = CFTI_LEX_QUOTE;
    lexer->quote = *p;
    if (lexer->in_format) lexer->word_size = 0;
    return NULL;
}

/* The - at p begins a comment or ends the piece. memchr, since comments are longer than most
 * strings. */
static const uint8_t *cfti_lex_sql_comment(cfti_lexer *lexer, const uint8_t *p,
                                           const uint8_t *end) {
    const uint8_t *newline = (const uint8_t *)memchr(p, '\n', (size_t)(end - p));

    if (newline != NULL) lexer->run = CFTI_RUN_NONE;
    else lexer->state = CFTI_LEX_DASH;
    return newline;
}

/* The byte at p may begin something. Returns the byte to continue at, or NULL if a state is set.
 * *from moves past what cannot be part of the run before the next byte. */
static const uint8_t *cfti_lex_sql_stop(cfti_lexer *lexer, const uint8_t **from, const uint8_t *p,
                                        const uint8_t *end) {
    const uint8_t *next = NULL;

    switch (*p) {
    case '-':
        if (end - p > 1 && p[1] != '-') {
            cfti_lex_token(lexer, p, *p);
            if (lexer->words_matter) {
                lexer->run = cfti_lex_step(lexer->run, *p);
                *from = p + 1;
            }
            return p + 1;
        }
        next = cfti_lex_sql_comment(lexer, p, end);
        break;
    case '$': next = cfti_lex_sql_dollar(lexer, *from, p, end); break;
    case '\'':
    case '"': next = cfti_lex_sql_quote(lexer, *from, p, end); break;
    case '/': lexer->state = CFTI_LEX_SLASH; break;
    case '\\': lexer->state = CFTI_LEX_BACKSLASH; break;
    case 'b':
    case 'B':
        if (!cfti_lex_may_begin(lexer, *from, p, end)) return p + 1;
        lexer->run = cfti_lex_run(lexer, *from, p);
        lexer->words_matter = true;
        *from = p;
        return p;
    default: return p + 1; /* # or & */
    }
    if (next != NULL) *from = next;
    return next;
}

/* Reads SQL until a token needs a state or a COPY is sent. The run before p depends on the bytes
 * from `from` on and on lexer->run. */
static const uint8_t *cfti_lex_sql(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    const uint8_t *from = p, *next;
    cfti_window window;

    window.at = NULL;
    for (;;) {
        if (lexer->words_matter) {
            from = p = cfti_lex_first_word(lexer, p, end);
            if (lexer->words_matter) from = p = cfti_lex_words(lexer, p, end);
            if (lexer->routine == CFTI_ROUTINE_YES) window.at = NULL; /* its stops lack b */
            if (p < end && !lexer->words_matter) continue;
        } else {
            p = cfti_lex_skip(lexer, &window, p, end);
        }
        if (p == end) {
            lexer->run = cfti_lex_run(lexer, from, p);
            return p;
        }
        if (*p == ';') {
            cfti_lex_semicolon(lexer, p);
            lexer->run = CFTI_RUN_NONE;
            from = ++p;
            if (lexer->data.pending > 0 || lexer->found != NULL) return p;
            continue;
        }
        next = cfti_lex_sql_stop(lexer, &from, p, end);
        if (next == NULL) {
            bool dash = lexer->state == CFTI_LEX_DASH;
            lexer->opened.at = p;
            lexer->run = dash ? cfti_lex_run(lexer, from, p) : (uint8_t)CFTI_RUN_NONE;
            return p + 1;
        }
        p = next;
    }
}

/* After - between tokens, or in the white space after E'...'. */
static const uint8_t *cfti_lex_dash(cfti_lexer *lexer, const uint8_t *p) {
    if (*p == '-') {
        bool in_gap = lexer->state == CFTI_LEX_GAP_DASH;
        lexer->next_state = (uint8_t)(in_gap ? CFTI_LEX_GAP : CFTI_LEX_SQL);
        lexer->state = CFTI_LEX_LINE;
        lexer->run = CFTI_RUN_NONE;
        return p + 1;
    }
    cfti_lex_token(lexer, p, '-');
    lexer->run = cfti_lex_step(lexer->run, '-');
    lexer->state = CFTI_LEX_SQL;
    return p;
}

/* After / between tokens. */
static const uint8_t *cfti_lex_slash(cfti_lexer *lexer, const uint8_t *p) {
    if (*p == '*') {
        if (lexer->query.content == CFTI_QUERY_EMPTY) lexer->query.content = CFTI_QUERY_COMMENT;
        lexer->state = CFTI_LEX_COMMENT;
        lexer->depth = 1;
        lexer->previous = 0;
        return p + 1;
    }
    cfti_lex_token(lexer, p, '/');
    lexer->state = CFTI_LEX_SQL;
    return p;
}

/* After a backslash between tokens. */
static const uint8_t *cfti_lex_backslash(cfti_lexer *lexer, const uint8_t *p) {
    lexer->state = CFTI_LEX_SQL;
    if (*p == ';') {
        cfti_query_add(lexer, p, CFTI_QUERY_TOKENS);
        cfti_lex_end_statement(lexer);
        lexer->routine = CFTI_ROUTINE_START;
        return p + 1;
    }
    if (*p == ':') {
        cfti_lex_token(lexer, p, '\\');
        return p + 1;
    }
    lexer->state = CFTI_LEX_NAME;
    lexer->word_size = 0;
    return p;
}

/* ==== Within tokens ====================================================== */

/* Comments: PostgreSQL's, which nest, to the end of the outermost; in reference mode, the whole
 * piece by the reference's rules. A byte belongs to one delimiter at most. */
static const uint8_t *cfti_lex_comment(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    bool reference = lexer->mode == CONFITURE_CHECK_REFERENCE;
    const uint8_t *from = p; /* preceded by lexer->previous */

    while ((p = cfti_find2(p, end, '*', '/')) < end) {
        uint8_t before = p > from ? p[-1] : lexer->previous;
        uint8_t c = *p++;
        if (c == '*' && before == '/') {
            if (reference) {
                lexer->opened.at = p;
                lexer->depth = 0;
            }
            lexer->depth++;
        } else if (c == '/' && before == '*' && lexer->depth > 0) {
            lexer->depth--;
        } else {
            continue;
        }
        from = p;
        lexer->previous = 0;
        if (lexer->depth == 0 && !reference) {
            lexer->state = CFTI_LEX_SQL;
            return p;
        }
    }
    if (end > from) lexer->previous = end[-1];
    return end;
}

/* After $: a tag and another $ begin a quote. Otherwise the bytes of the tag are an
 * identifier. */
static const uint8_t *cfti_lex_tag(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    for (; p < end && *p != '$'; p++) {
        uint8_t kind = cfti_kinds[*p];
        if (!(kind & CFTI_IDENT) || (lexer->tag_size == 0 && (kind & CFTI_DIGIT))) {
            if (kind & CFTI_DIGIT) lexer->run = CFTI_RUN_FRACTION; /* $1 */
            if (lexer->routine == CFTI_ROUTINE_YES)
                lexer->words_matter = true; /* it may be BEGIN */
            lexer->state = CFTI_LEX_SQL;
            return p;
        }
        if (lexer->tag_size < sizeof lexer->tag) lexer->tag[lexer->tag_size++] = *p;
        else lexer->tag_size = sizeof lexer->tag + 1;
        cfti_word_add(lexer, cfti_lower(*p));
        lexer->run = cfti_lex_step(lexer->run, *p);
    }
    if (p < end) {
        p++;
        lexer->run = CFTI_RUN_NONE;
        lexer->word_size = 0;
        lexer->matched = 0;
        lexer->state =
            (uint8_t)(lexer->tag_size > sizeof lexer->tag ? CFTI_LEX_LONG_TAG : CFTI_LEX_DOLLAR);
    }
    return p;
}

/* In a dollar quote. A tag contains no $: after a mismatch only a $ can begin the closing tag. */
static const uint8_t *cfti_lex_dollar(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    while (p < end) {
        if (lexer->matched == 0) {
            p = (const uint8_t *)memchr(p, '$', (size_t)(end - p));
            if (!p) return end;
            p++;
            lexer->matched = 1;
        } else if (lexer->matched <= lexer->tag_size) {
            if (*p == lexer->tag[lexer->matched - 1]) {
                p++;
                lexer->matched++;
            } else {
                lexer->matched = 0;
            }
        } else if (*p == '$') {
            lexer->state = CFTI_LEX_SQL;
            return p + 1;
        } else {
            lexer->matched = 0;
        }
    }
    return p;
}

/* In '...' and "..." and at their ends. */
static const uint8_t *cfti_lex_quote(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    if (lexer->state == CFTI_LEX_QUOTE_END) {
        bool doubled = *p == lexer->quote;
        lexer->state = (uint8_t)(doubled ? CFTI_LEX_QUOTE : CFTI_LEX_SQL);
        if (!doubled) cfti_copy_format(lexer, &lexer->query.copy);
        return p + doubled;
    }
    if (lexer->in_format && *p != lexer->quote) {
        cfti_word_add(lexer, *p);
        return p + 1;
    }
    p = cfti_find2(p, end, lexer->quote, lexer->quote);
    if (p == end) return p;
    lexer->state = CFTI_LEX_QUOTE_END;
    return p + 1;
}

/* In E'...'. */
static const uint8_t *cfti_lex_escape(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    bool quote = *p == '\'';

    switch (lexer->state) {
    case CFTI_LEX_ESCAPED:
        /* The quote ends for psql or for the server, but not for both. */
        if (quote && lexer->continued) {
            cfti_lex_resolve(lexer, &lexer->opened);
            cfti_lex_report(lexer, "quote never closed", lexer->opened.line);
        }
        lexer->state = CFTI_LEX_ESCAPE;
        return p + 1;
    case CFTI_LEX_ESCAPE_END:
        lexer->state = (uint8_t)(quote ? CFTI_LEX_ESCAPE : CFTI_LEX_GAP);
        lexer->saw_newline = false;
        return p + quote;
    default:
        p = cfti_find2(p, end, '\'', '\\');
        if (p == end) return p;
        lexer->state = (uint8_t)(*p == '\\' ? CFTI_LEX_ESCAPED : CFTI_LEX_ESCAPE_END);
        return p + 1;
    }
}

/* In the white space after E'...'. A quote after a newline continues the string for the server.
 * psql, which reads line by line, begins '...' there. */
static const uint8_t *cfti_lex_gap(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    for (; p < end && (cfti_kinds[*p] & CFTI_SPACE); p++)
        lexer->saw_newline = lexer->saw_newline || *p == '\n';
    if (p == end) return p;
    if (*p == '\'' && lexer->saw_newline) {
        lexer->state = CFTI_LEX_ESCAPE;
        lexer->continued = true;
        lexer->opened.at = p++;
    } else if (*p == '-') {
        lexer->state = CFTI_LEX_GAP_DASH;
        p++;
    } else {
        lexer->state = CFTI_LEX_SQL;
    }
    return p;
}

/* ==== The lexer ========================================================== */

/* At the start of the text: a byte order mark, or a prefix of one. */
static const uint8_t *cfti_lex_start(cfti_lexer *lexer, const uint8_t *p) {
    static const uint8_t mark[3] = {0xEF, 0xBB, 0xBF};

    if (*p == mark[lexer->matched]) {
        if (++lexer->matched < 3) return p + 1;
        cfti_lex_report(lexer, "byte order mark: remove it, or use strip_bom", 1);
        lexer->state = CFTI_LEX_SQL;
        return p + 1;
    }
    if (lexer->matched > 0) {
        /* A prefix of the mark is a word, and no keyword. */
        cfti_lex_token(lexer, p, CFTI_TOKEN_NUMBER);
        lexer->routine = CFTI_ROUTINE_NO;
        lexer->run = CFTI_RUN_WORD;
        cfti_lex_update_words(lexer);
    }
    lexer->state = CFTI_LEX_SQL;
    return p;
}

/* Reads SQL and psql commands until the piece ends, a COPY is sent, or a finding is reported. */
static const uint8_t *cfti_lex(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    uint64_t pending = lexer->data.pending;

    while (p < end && lexer->data.pending == pending && lexer->found == NULL) {
        switch (lexer->state) {
        case CFTI_LEX_START: p = cfti_lex_start(lexer, p); break;
        case CFTI_LEX_SQL: p = cfti_lex_sql(lexer, p, end); break;
        case CFTI_LEX_DASH:
        case CFTI_LEX_GAP_DASH: p = cfti_lex_dash(lexer, p); break;
        case CFTI_LEX_SLASH: p = cfti_lex_slash(lexer, p); break;
        case CFTI_LEX_BACKSLASH: p = cfti_lex_backslash(lexer, p); break;
        case CFTI_LEX_LINE:
            p = cfti_find2(p, end, '\n', '\n');
            if (p < end) lexer->state = lexer->next_state;
            break;
        case CFTI_LEX_COMMENT: p = cfti_lex_comment(lexer, p, end); break;
        case CFTI_LEX_QUOTE:
        case CFTI_LEX_QUOTE_END: p = cfti_lex_quote(lexer, p, end); break;
        case CFTI_LEX_ESCAPE:
        case CFTI_LEX_ESCAPED:
        case CFTI_LEX_ESCAPE_END: p = cfti_lex_escape(lexer, p, end); break;
        case CFTI_LEX_GAP: p = cfti_lex_gap(lexer, p, end); break;
        case CFTI_LEX_TAG: p = cfti_lex_tag(lexer, p, end); break;
        case CFTI_LEX_DOLLAR: p = cfti_lex_dollar(lexer, p, end); break;
        case CFTI_LEX_LONG_TAG: p = end; break;
        case CFTI_LEX_COPY_LINE: p = cfti_lex_copy_line(lexer, p, end); break;
        default: p = cfti_lex_command(lexer, p, end); break;
        }
    }
    return p;
}

/* Text without NUL. */
static void cfti_lex_text(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    const uint8_t *stop;

    while (p < end && (lexer->found == NULL || lexer->data.pending > 0)) {
        if (lexer->data.reading) {
            p = cfti_lex_data(lexer, p, end);
        } else if (lexer->data.pending == 0) {
            p = cfti_lex(lexer, p, end);
        } else {
            /* psql reads the whole line that contains the COPY, and then the data,
             * whatever the rest of the line has opened. */
            stop = cfti_find2(p, end, '\n', '\n');
            stop += stop < end;
            p = cfti_lex(lexer, p, stop);
            if (lexer->found != NULL) p = stop;
            lexer->data.reading = p == stop && p[-1] == '\n';
            if (lexer->data.reading) lexer->data.sent_line = cfti_lex_line(lexer, p) - 1;
        }
    }
}

/* The statement or block that more SQL could still complete, or NULL. */
static const char *cfti_lex_unfinished(const cfti_lexer *lexer, uint64_t *line) {
    if (lexer->branch_count > 0) {
        *line = lexer->branches[0].line;
        return "\\if never ended: add \\endif";
    }
    if (lexer->query.parens > 0) {
        *line = lexer->query.open_paren.line;
        return "parenthesis never closed: add ')'";
    }
    if (lexer->begin_depth > 0) {
        *line = lexer->begin.line;
        return "BEGIN ATOMIC never ended: add END";
    }
    if (lexer->restricted) {
        *line = lexer->restrict_line;
        return "\\restrict never ended: add \\unrestrict";
    }
    if (lexer->query.content != CFTI_QUERY_TOKENS) return NULL;
    *line = lexer->query.start.line;
    return cfti_statement_open;
}

/* Whether the end of the text leaves nothing to report. */
static bool cfti_lex_is_done(const cfti_lexer *lexer) {
    uint64_t line;
    return lexer->state == CFTI_LEX_SQL && lexer->run == CFTI_RUN_NONE && lexer->found == NULL &&
           lexer->data.pending == 0 && cfti_lex_unfinished(lexer, &line) == NULL;
}

/* Reads a piece. The positions in it become lines, since the piece is gone afterwards. */
static void cfti_lex_piece(cfti_lexer *lexer, const uint8_t *p, const uint8_t *end) {
    lexer->counted = p;
    if (lexer->mode == CONFITURE_CHECK_REFERENCE) cfti_lex_comment(lexer, p, end);
    else cfti_lex_text(lexer, p, end);
    if (lexer->is_last_piece && cfti_lex_is_done(lexer)) {
        /* No finding needs a line. */
        lexer->opened.at = lexer->begin.at = NULL;
        lexer->query.start.at = lexer->query.open_paren.at = NULL;
        return;
    }
    cfti_lex_line(lexer, end);
    cfti_lex_resolve(lexer, &lexer->opened);
    cfti_lex_resolve(lexer, &lexer->query.start);
    cfti_lex_resolve(lexer, &lexer->query.open_paren);
    cfti_lex_resolve(lexer, &lexer->begin);
}

static const uint8_t cfti_newline = '\n';

/* A NUL byte ends the line for psql: the command before it runs, and the data end. */
static void cfti_lex_nul(cfti_lexer *lexer) {
    uint64_t line = lexer->line;
    cfti_lex_piece(lexer, &cfti_newline, &cfti_newline + 1);
    if (lexer->data.pending > 0) lexer->found = NULL; /* the data have ended */
    lexer->data.pending = 0;
    cfti_lex_report(lexer, "NUL byte, where psql drops the rest of the line: remove it", line);
}

/* Translated text, in pieces of any size. */
static void cfti_lexer_feed(cfti_lexer *lexer, const uint8_t *text, size_t n) {
    const uint8_t *nul = NULL;

    if (n == 0 || lexer->mode == CONFITURE_CHECK_NONE ||
        (lexer->found != NULL && lexer->data.pending == 0))
        return;
    if (lexer->mode == CONFITURE_CHECK_POSTGRES) nul = (const uint8_t *)memchr(text, 0, n);
    if (nul != NULL) lexer->is_last_piece = false; /* the finding needs its line */
    cfti_lex_piece(lexer, text, nul != NULL ? nul : text + n);
    if (nul != NULL) cfti_lex_nul(lexer);
}

/* NULL if nothing is open; otherwise a constant phrase, and the line, from 1, where it was
 * opened. */
static const char *cfti_lexer_end(cfti_lexer *lexer, uint64_t *line) {
    /* A schema has a newline after every file. The newline ends psql's commands, and the
     * line \. of data. */
    cfti_lexer_feed(lexer, &cfti_newline, 1);
    if (lexer->data.pending > 0) {
        *line = lexer->data.copy_line;
        return "COPY data never ended: no line \\. follows";
    }
    if (lexer->found != NULL) {
        *line = lexer->found_line;
        return lexer->found;
    }
    *line = lexer->opened.line;
    if (lexer->mode == CONFITURE_CHECK_REFERENCE && lexer->depth > 0) return "comment never closed";
    switch (lexer->state) {
    case CFTI_LEX_COMMENT: return "comment never closed";
    case CFTI_LEX_QUOTE:
        return lexer->quote == '"' ? "quoted identifier never closed" : "quote never closed";
    case CFTI_LEX_ESCAPE:
    case CFTI_LEX_ESCAPED: return "quote never closed";
    case CFTI_LEX_DOLLAR: return "dollar quote never closed";
    case CFTI_LEX_LONG_TAG: return "dollar-quote tag longer than 255 bytes";
    default: break;
    }
    *line = 0;
    return lexer->mode == CONFITURE_CHECK_POSTGRES ? cfti_lex_unfinished(lexer, line) : NULL;
}

/* Feeds the last piece; the result is cfti_lexer_end's. */
static const char *cfti_lexer_finish(cfti_lexer *lexer, const uint8_t *text, size_t n,
                                     uint64_t *line) {
    lexer->is_last_piece = true;
    cfti_lexer_feed(lexer, text, n);
    return cfti_lexer_end(lexer, line);
}

/* ---- find/path.c: components, comparison, common prefix, glob, match ---- */

/* Paths here are clean, as pathlib makes them: no empty and no "." components, and "." for a path
 * without components. ".." stays, since symbolic links decide what it means. */

/* Appends the components of `path` to a clean path. False: no memory. */
static bool cfti_path_append(cfti_buffer *out, const char *path, size_t size) {
    size_t i = cfti_os_root(path, size);
    if (i > 0 && out->size == 0) {
        char root[CFTI_OS_ROOT_CAPACITY];
        if (!cfti_buffer_append(out, root, cfti_os_root_text(path, i, root))) return false;
    }
    while (i < size) {
        size_t n = 0;
        while (i + n < size && !cfti_os_is_slash(path[i + n])) n++;
        if (n > 0 && !(n == 1 && path[i] == '.')) {
            if (out->size > 0 && out->data[out->size - 1] != '/' &&
                !cfti_buffer_append(out, "/", 1))
                return false;
            if (!cfti_buffer_append(out, path + i, n)) return false;
        }
        i += n + 1;
    }
    return true;
}

/* The clean form of a path, with a NUL after its size. */
static bool cfti_path_clean(cfti_buffer *out, const char *path, size_t size) {
    out->size = 0;
    if (!cfti_path_append(out, path, size)) return false;
    if (out->size == 0 && !cfti_buffer_append(out, ".", 1)) return false;
    return cfti_buffer_terminate(out);
}

static bool cfti_path_is_dot(const char *path) { return path[0] == '.' && path[1] == '\0'; }

static bool cfti_is_parent(const char *component, size_t size) {
    return size == 2 && component[0] == '.' && component[1] == '.';
}

static bool cfti_path_is_absolute(const char *path) { return cfti_os_root(path, strlen(path)) > 0; }

/* The last component of a path that need not be clean. */
static const char *cfti_path_leaf(const char *path) {
    const char *leaf = path;
    for (; *path != '\0'; path++)
        if (cfti_os_is_slash(*path)) leaf = path + 1;
    return leaf;
}

/* pathlib's order: component by component, each by its bytes, which for UTF-8 is the order of code
 * points. "/" ends a component, so it sorts before every other byte. The first "/" is the component
 * "/" itself. "." has no component. */
static int cfti_path_compare(const char *a, const char *b) {
    size_t i = 0;
    int x, y;
    if (a[0] == '.' && a[1] == '\0') a++;
    if (b[0] == '.' && b[1] == '\0') b++;
    while (a[i] == b[i] && a[i] != '\0') i++;
    x = (unsigned char)a[i];
    y = (unsigned char)b[i];
    if (i > 0) {
        if (x == '/') x = 1;
        else if (x != 0) x++;
        if (y == '/') y = 1;
        else if (y != 0) y++;
    }
    return x < y ? -1 : x > y;
}

/* Whether a name stays the same file without `rest`: vfat drops dots and spaces at the end, and
 * bytes outside ASCII may be combining accents. */
static bool cfti_path_may_end(const char *rest) {
    for (; *rest != '\0'; rest++)
        if (*rest != '.' && *rest != ' ' && (*rest & 0x80) == 0) return false;
    return true;
}

/* Whether a file listed as `a` may be opened as `b`. Every system has directories that ignore case
 * or Unicode normalization, so only different ASCII characters prove different files. */
static bool cfti_path_may_be_same(const char *a, const char *b) {
    if (strchr(b, '~') != NULL) return true; /* SCHEMA~1.SQL */
    for (; *a != '\0' && *b != '\0'; a++, b++) {
        if (((*a | *b) & 0x80) != 0) return true;
        if (*a != *b && ((*a ^ *b) != 0x20 || (*a | 0x20) < 'a' || (*a | 0x20) > 'z'))
            return cfti_path_may_end(a) && cfti_path_may_end(b);
    }
    return cfti_path_may_end(a) && cfti_path_may_end(b);
}

/* The components of clean `path` after clean `prefix`: "" if they are equal, NULL if path is not
 * below prefix. */
static const char *cfti_path_below(const char *path, const char *prefix) {
    size_t n = strlen(prefix);
    if (cfti_path_is_dot(prefix)) {
        if (cfti_path_is_absolute(path)) return NULL;
        return cfti_path_is_dot(path) ? "" : path;
    }
    if (strncmp(path, prefix, n) != 0) return NULL;
    if (path[n] == '\0') return path + n;
    if (prefix[n - 1] == '/') return path + n; /* a root */
    return path[n] == '/' ? path + n + 1 : NULL;
}

/* The size of the component at the start of a path: 0 at a slash, and at the end. */
static size_t cfti_path_component_size(const char *path) {
    size_t n = 0;
    while (path[n] != '\0' && path[n] != '/') n++;
    return n;
}

/* Whether ".." components lead above the start of a relative path. */
static bool cfti_path_climbs(const char *path) {
    size_t i = 0, depth = 0;
    while (path[i] != '\0') {
        size_t n = cfti_path_component_size(path + i);
        if (cfti_is_parent(path + i, n)) {
            if (depth == 0) return true;
            depth--;
        } else {
            depth++;
        }
        i += n;
        if (path[i] == '/') i++;
    }
    return false;
}

/* Removes the last component of an absolute path; the root stays. */
static void cfti_path_pop(cfti_buffer *path) {
    size_t root = cfti_os_root((const char *)path->data, path->size);
    while (path->size > root && path->data[path->size - 1] != '/') path->size--;
    if (path->size > root) path->size--;
}

/* Makes a path absolute by the current directory. Returns a system error. */
static int cfti_path_absolute(cfti_buffer *out, const char *path) {
    out->size = 0;
    if (!cfti_path_is_absolute(path)) {
        char here[4096];
        int error = cfti_os_current_directory(here, sizeof(here));
        if (error != 0) return error;
        if (!cfti_path_append(out, here, strlen(here))) return CFTI_OS_NO_MEMORY;
    }
    return cfti_path_append(out, path, strlen(path)) && cfti_buffer_terminate(out)
               ? 0
               : CFTI_OS_NO_MEMORY;
}

static bool cfti_is_missing(int error) {
    return cfti_os_is_absent(error) || error == CFTI_OS_NOT_DIRECTORY || error == CFTI_OS_LINK_LOOP;
}

/* Whether an error proves that a path leads to nothing usable. Every other error leaves the
 * question open. */
static bool cfti_is_answer(int error) {
    return cfti_is_missing(error) || error == CFTI_OS_NO_ACCESS || cfti_os_is_no_name(error);
}

#define CFTI_LINKS_MAX 40 /* symbolic links on one path, as the kernel allows */

/* The target of a link. Its path may be longer than one system call accepts. */
static int cfti_path_read_link(cfti_buffer *path, char *target, size_t capacity) {
    char *text = (char *)path->data, *leaf;
    cfti_os_file directory;
    int error;
    if (path->size < CFTI_OS_PATH_STEP) return cfti_os_read_link(text, target, capacity);
    leaf = strrchr(text, '/');
    if (leaf == NULL || leaf == text) return CFTI_OS_NAME_TOO_LONG;
    *leaf = '\0';
    error = cfti_os_open_place(text, &directory);
    *leaf = '/';
    if (error != 0) return error;
    error = cfti_os_read_link_at(directory, leaf + 1, target, capacity);
    cfti_os_close(directory);
    return error;
}

/* Whether a path that could not be read as a link may still be one. */
static bool cfti_may_be_link(int error) {
    return error != CFTI_OS_NO_LINK && !cfti_os_is_absent(error) && error != CFTI_OS_NOT_DIRECTORY;
}

/* Sets *at to the first component of `todo`. The root of an absolute todo replaces `out`. Returns
 * a system error. */
static int cfti_path_start(cfti_buffer *out, const cfti_buffer *todo, size_t *at) {
    *at = cfti_os_root((const char *)todo->data, todo->size);
    if (*at > 0) out->size = 0;
    return out->size > 0 || cfti_buffer_append(out, todo->data, *at) ? 0 : CFTI_OS_NO_MEMORY;
}

/* Follows the components of `todo`, which it consumes, from `out`: an absolute path without
 * symbolic links. An absolute todo starts at its root. strict: a component that cannot be read as
 * a link is an error. Returns a system error. */
static int cfti_path_follow(cfti_buffer *out, cfti_buffer *todo, bool strict) {
    size_t at;
    int links = 0, error = cfti_path_start(out, todo, &at);
    while (error == 0 && at < todo->size) {
        const char *component = (const char *)todo->data + at;
        size_t before = out->size, n = 0;
        char target[4096];
        int no_link;
        while (at + n < todo->size && component[n] != '/') n++;
        at += n + 1;
        if (n == 0) continue;
        if (cfti_is_parent(component, n)) {
            cfti_path_pop(out);
            continue;
        }
        if (!cfti_path_append(out, component, n) || !cfti_buffer_terminate(out)) {
            error = CFTI_OS_NO_MEMORY;
            break;
        }
        no_link = cfti_path_read_link(out, target, sizeof(target));
        if (no_link == 0) {
            /* The target and the rest of the path become the new todo. */
            cfti_buffer next = cfti_buffer_empty(&out->allocator);
            if (++links > CFTI_LINKS_MAX) {
                error = CFTI_OS_LINK_LOOP;
            } else if (!cfti_path_append(&next, target, strlen(target)) ||
                       (at < todo->size &&
                        !cfti_path_append(&next, (const char *)todo->data + at, todo->size - at))) {
                error = CFTI_OS_NO_MEMORY;
            }
            out->size = before;
            cfti_buffer_free(todo);
            *todo = next;
            if (error == 0) error = cfti_path_start(out, todo, &at);
        } else if ((no_link != CFTI_OS_NO_LINK && !cfti_is_answer(no_link)) ||
                   (strict && cfti_may_be_link(no_link))) {
            error = no_link;
        }
    }
    return error == 0 && !cfti_buffer_terminate(out) ? CFTI_OS_NO_MEMORY : error;
}

/* The absolute path without symbolic links and "..", as pathlib's resolve() makes it: components
 * that do not exist stay. Returns a system error. */
static int cfti_path_resolve(cfti_buffer *out, const char *path) {
    cfti_buffer todo = cfti_buffer_empty(&out->allocator);
    int error = cfti_path_absolute(&todo, path);
    out->size = 0;
    if (error == 0) error = cfti_path_follow(out, &todo, false);
    cfti_buffer_free(&todo);
    return error;
}

/* Cuts clean absolute `prefix` to the components that it shares with `path`. */
static void cfti_path_common(cfti_buffer *prefix, const char *path) {
    const char *p = (const char *)prefix->data;
    size_t i = 0, end = 0, root = cfti_os_root(p, prefix->size);
    while (i < prefix->size && path[i] != '\0' && p[i] == path[i]) {
        if (p[i] == '/') end = i;
        i++;
    }
    if ((i == prefix->size || p[i] == '/') && (path[i] == '\0' || path[i] == '/')) end = i;
    prefix->size = cfti_max(end, root);
    prefix->data[prefix->size] = 0;
}

/* One character of a name for fnmatch. A byte that is not UTF-8 is a character with the code of
 * Python's surrogateescape. */
static size_t cfti_char_at(const char *s, size_t n, uint32_t *code) {
    size_t length = cfti_utf8_decode((const uint8_t *)s, n, code);
    if (length == 0) {
        *code = 0xDC00u + (uint8_t)s[0];
        length = 1;
    }
    return length;
}

/* The size of the [set] at the start of the pattern. 0: it has no "]", so "[" matches itself. */
static size_t cfti_set_size(const char *pattern, size_t size) {
    size_t i = 1;
    if (i < size && pattern[i] == '!') i++;
    if (i < size && pattern[i] == ']') i++;
    while (i < size && pattern[i] != ']') i++;
    return i < size ? i + 1 : 0;
}

/* Whether [set], given with its brackets, contains the character. "-" between two characters is a
 * range, which is empty if the first is greater. */
static bool cfti_set_contains(const char *set, size_t size, uint32_t wanted) {
    size_t i = 1, end = size - 1;
    bool negated = false, found = false;
    if (set[i] == '!') {
        negated = true;
        i++;
    }
    while (i < end) {
        uint32_t low, high;
        i += cfti_char_at(set + i, end - i, &low);
        high = low;
        if (i + 1 < end && set[i] == '-') i += 1 + cfti_char_at(set + i + 1, end - i - 1, &high);
        if (low <= wanted && wanted <= high) found = true;
    }
    return found != negated;
}

/* Python's fnmatchcase for one component. After a mismatch only the last "*" matches one more
 * character, so the time is at most the product of the two sizes. */
static bool cfti_fnmatch(const char *name, size_t name_size, const char *pattern,
                         size_t pattern_size) {
    size_t n = 0, p = 0, star_p = SIZE_MAX, star_n = 0, sets_end = pattern_size;
    for (;;) {
        if (p < pattern_size && pattern[p] == '*') {
            star_p = ++p;
            star_n = n;
            continue;
        }
        if (n == name_size && p == pattern_size) return true;
        if (n < name_size && p < pattern_size) {
            uint32_t c, wanted;
            size_t length = cfti_char_at(name + n, name_size - n, &c);
            size_t set = 0;
            if (p < sets_end && pattern[p] == '[') {
                set = cfti_set_size(pattern + p, pattern_size - p);
                /* No "]" follows, so no later "[" begins a set. */
                if (set == 0) sets_end = p;
            }
            if (pattern[p] == '?') {
                n += length, p++;
                continue;
            }
            if (set != 0) {
                if (cfti_set_contains(pattern + p, set, c)) {
                    n += length, p += set;
                    continue;
                }
            } else {
                size_t width = cfti_char_at(pattern + p, pattern_size - p, &wanted);
                if (wanted == c) {
                    n += length, p += width;
                    continue;
                }
            }
        }
        if (star_p == SIZE_MAX || star_n >= name_size) return false;
        {
            uint32_t skipped;
            star_n += cfti_char_at(name + star_n, name_size - star_n, &skipped);
        }
        n = star_n;
        p = star_p;
    }
}

/* The last component before *end, without "/" and "." components. False: there is none. */
static bool cfti_component_before(const char *path, size_t *start, size_t *end) {
    for (;;) {
        size_t stop = *end, from;
        while (stop > 0 && cfti_os_is_slash(path[stop - 1])) stop--;
        if (stop == 0) return false;
        from = stop;
        while (from > 0 && !cfti_os_is_slash(path[from - 1])) from--;
        *end = stop;
        *start = from;
        if (!(stop - from == 1 && path[from] == '.')) return true;
        *end = from;
    }
}

/* PurePath(rel).match(pattern) of Python 3.11 for a relative path: components are compared from the
 * right, and "**" matches one component, as "*" does. */
static bool cfti_match(const char *rel, size_t rel_size, const char *pattern, size_t pattern_size) {
    size_t r_end = rel_size, p_end = pattern_size, r = 0, p = 0;
    if (cfti_os_root(pattern, pattern_size) > 0) return false;
    while (cfti_component_before(pattern, &p, &p_end)) {
        if (!cfti_component_before(rel, &r, &r_end)) return false;
        if (!cfti_fnmatch(rel + r, r_end - r, pattern + p, p_end - p)) return false;
        r_end = r;
        p_end = p;
    }
    return true;
}

/* Whether match() rejects the pattern: it has only "/" and ".". */
static bool cfti_match_is_empty(const char *pattern, size_t size) {
    size_t start, end = size;
    return !cfti_component_before(pattern, &start, &end);
}

/* The number of components in a match() pattern. */
static size_t cfti_match_components(const char *pattern) {
    size_t start, end = strlen(pattern), count = 0;
    for (; cfti_component_before(pattern, &start, &end); end = start) count++;
    return count;
}

/* ---- glob patterns ---- */

#define CFTI_MAX_COMPONENTS 63

typedef enum cfti_component_kind {
    CFTI_COMPONENT_ANY_DEPTH, /* ** */
    CFTI_COMPONENT_WILD,      /* matched against the listing */
    CFTI_COMPONENT_EXACT      /* no wildcard: looked up */
} cfti_component_kind;

typedef struct cfti_component {
    cfti_component_kind kind;
    const char *text;
    size_t size;
    bool is_suffix; /* "*" and text without wildcards, as *.sql: compared from the end */
} cfti_component;

typedef struct cfti_pattern {
    cfti_component components[CFTI_MAX_COMPONENTS];
    size_t count;
} cfti_pattern;

static bool cfti_has_wildcard(const char *text, size_t size) {
    size_t i;
    for (i = 0; i < size; i++)
        if (text[i] == '*' || text[i] == '?' || text[i] == '[') return true;
    return false;
}

/* NULL, or the reason why the pattern is invalid. */
static const char *cfti_pattern_compile(cfti_pattern *pattern, const char *text, bool recursive) {
    const char *p = text;
    bool empty = true;
    memset(pattern, 0, sizeof(*pattern));
    if (cfti_path_is_absolute(text)) return "a pattern must be relative to its directory";
    if (recursive) pattern->components[pattern->count++].kind = CFTI_COMPONENT_ANY_DEPTH;
    while (*p != '\0') {
        cfti_component next;
        memset(&next, 0, sizeof(next));
        next.text = p;
        while (*p != '\0' && !cfti_os_is_slash(*p)) p++;
        next.size = (size_t)(p - next.text);
        if (*p != '\0') p++;
        if (next.size == 0 || (next.size == 1 && next.text[0] == '.')) continue;
        empty = false;
        next.kind = CFTI_COMPONENT_EXACT;
        if (next.size == 2 && memcmp(next.text, "**", 2) == 0) {
            next.kind = CFTI_COMPONENT_ANY_DEPTH;
            /* "**" twice in a row matches what one does. */
            if (pattern->count > 0 &&
                pattern->components[pattern->count - 1].kind == CFTI_COMPONENT_ANY_DEPTH)
                continue;
        } else if (cfti_has_wildcard(next.text, next.size)) {
            size_t i;
            for (i = 1; i < next.size; i++)
                if (next.text[i - 1] == '*' && next.text[i] == '*')
                    return "\"**\" must stand alone between slashes";
            next.kind = CFTI_COMPONENT_WILD;
            /* Text that begins inside a character could match the end of another one. */
            next.is_suffix = next.text[0] == '*' &&
                             !cfti_has_wildcard(next.text + 1, next.size - 1) &&
                             (next.size == 1 || ((uint8_t)next.text[1] & 0xC0) != 0x80);
        }
        if (pattern->count == CFTI_MAX_COMPONENTS) return "the pattern has more than 63 parts";
        pattern->components[pattern->count++] = next;
    }
    return empty ? "the pattern is empty" : NULL;
}

/* Whether only the case of its letters keeps a name from matching a suffix such as *.sql. */
static bool cfti_component_misses_by_case(const cfti_component *component, const char *name,
                                          size_t size) {
    size_t n = component->size - 1, i;
    if (!component->is_suffix || size < n) return false;
    for (i = 0; i < n; i++)
        if (cfti_lower((uint8_t)name[size - n + i]) != cfti_lower((uint8_t)component->text[1 + i]))
            return false;
    return memcmp(name + size - n, component->text + 1, n) != 0;
}

static bool cfti_component_matches(const cfti_component *component, const char *name, size_t size) {
    if (component->is_suffix)
        return size >= component->size - 1 && memcmp(name + size - (component->size - 1),
                                                     component->text + 1, component->size - 1) == 0;
    if (component->kind == CFTI_COMPONENT_EXACT)
        return size == component->size && memcmp(name, component->text, size) == 0;
    return cfti_fnmatch(name, size, component->text, component->size);
}

/* ---- find/list.c: the list of files ---- */

typedef struct cfti_file {
    const char *path; /* with which it is opened */
    const char *name; /* relative to the base; usually the end of path */
    uint32_t path_size;
    uint32_t name_size;
    uint32_t leaf;  /* the offset of the last component of path */
    cfti_kind kind; /* from the listing; UNKNOWN in a caller's own list */
} cfti_file;

struct confiture_files {
    confiture_allocator allocator;
    cfti_arena strings;
    cfti_file *items;
    size_t count, capacity;
    bool is_together;    /* `items` is in the arena of the strings */
    bool is_by_path;     /* a search has sorted the list by path */
    cfti_file *left_out; /* files that only the case of their names excludes: paths only */
    size_t left_out_count, left_out_capacity;
    bool is_confined; /* a file that was not a link when found must not be one when read */
    char *base;       /* clean */
    bool base_is_seed;
    size_t *origins; /* of a subset: the index of each file in the whole list; or NULL */
};

/* The index of a file in the caller's list. */
static size_t cfti_files_origin(const confiture_files *files, size_t index) {
    return files->origins == NULL ? index : files->origins[index];
}

/* A failure that names nothing else is about this file. */
static void cfti_fail_at(cfti_fail *fail, const confiture_files *files, size_t index) {
    if (fail->path != NULL) return;
    fail->path = files->items[index].path;
    fail->index = cfti_files_origin(files, index);
}

/* Whether two files are in the same directory. */
static bool cfti_same_directory(const cfti_file *a, const cfti_file *b) {
    return a->leaf == b->leaf && memcmp(a->path, b->path, a->leaf) == 0;
}

static confiture_status cfti_files_create(confiture_files **out, const confiture_allocator *given,
                                          confiture_error *error) {
    confiture_allocator chosen;
    confiture_files *files;
    if (!cfti_allocator_choose(&chosen, given))
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT, cfti_no_allocator);
    files = (confiture_files *)cfti_alloc(&chosen, sizeof(*files));
    if (files == NULL) return cfti_report_plain(error, CONFITURE_E_MEMORY, NULL);
    memset(files, 0, sizeof(*files));
    files->allocator = chosen;
    files->strings.allocator = chosen;
    files->strings.block_size = 16384;
    *out = files;
    return CONFITURE_OK;
}

CONFITURE_API void confiture_files_free(confiture_files *files) {
    confiture_allocator allocator;
    if (files == NULL) return;
    allocator = files->allocator;
    cfti_arena_free(&files->strings);
    if (!files->is_together)
        cfti_free(&allocator, files->items, files->capacity * sizeof(cfti_file));
    cfti_free(&allocator, files->left_out, files->left_out_capacity * sizeof(cfti_file));
    cfti_free(&allocator, files, sizeof(*files));
}

CONFITURE_API size_t confiture_files_count(const confiture_files *files) {
    return files != NULL ? files->count : 0;
}

CONFITURE_API const char *confiture_files_base(const confiture_files *files) {
    return files != NULL ? files->base : NULL;
}

CONFITURE_API const char *confiture_files_path(const confiture_files *files, size_t index) {
    return index < confiture_files_count(files) ? files->items[index].path : NULL;
}

CONFITURE_API const char *confiture_files_name(const confiture_files *files, size_t index) {
    return index < confiture_files_count(files) ? files->items[index].name : NULL;
}

/* Joins two strings, with a slash between them if `slash`. The result lives as long as the list.
 * Strings are packed: padding would take tens of megabytes for a million paths. */
static char *cfti_files_string(confiture_files *files, const char *head, size_t head_size,
                               bool slash, const char *tail, size_t tail_size) {
    size_t size;
    char *string, *end;
    if (head_size >= UINT32_MAX / 2 || tail_size >= UINT32_MAX / 2) return NULL;
    size = head_size + slash + tail_size + 1;
    string = (char *)cfti_arena_reserve(&files->strings, size);
    if (string == NULL) return NULL;
    memcpy(string, head, head_size);
    end = string + head_size;
    if (slash) *end++ = '/';
    memcpy(end, tail, tail_size);
    end[tail_size] = '\0';
    cfti_arena_commit_text(&files->strings, size);
    if (files->strings.block_size < ((size_t)1 << 20) && files->count > 1000)
        files->strings.block_size = (size_t)1 << 20;
    return string;
}

/* False: no memory; the list is unchanged. */
static bool cfti_files_grow(confiture_files *files, size_t wanted) {
    cfti_file *items;
    if (wanted > SIZE_MAX / sizeof(cfti_file)) return false;
    items = (cfti_file *)cfti_alloc(&files->allocator, wanted * sizeof(cfti_file));
    if (items == NULL) return false;
    if (files->count > 0) memcpy(items, files->items, files->count * sizeof(cfti_file));
    if (!files->is_together)
        cfti_free(&files->allocator, files->items, files->capacity * sizeof(cfti_file));
    files->items = items;
    files->capacity = wanted;
    files->is_together = false;
    return true;
}

/* Reserves capacity for more files and for the bytes of their paths with NULs. An empty list gets
 * one block for all of it. False: no memory. */
static bool cfti_files_reserve(confiture_files *files, size_t more, size_t bytes) {
    size_t wanted = files->count + more;
    if (files->capacity == 0) {
        void *items;
        if (bytes > SIZE_MAX / 2 || more > (SIZE_MAX / 2 - bytes) / sizeof(cfti_file)) return false;
        cfti_arena_align(&files->strings);
        items = cfti_arena_reserve(&files->strings, more * sizeof(cfti_file) + bytes);
        if (items == NULL) return false;
        cfti_arena_commit(&files->strings, more * sizeof(cfti_file));
        files->items = (cfti_file *)items;
        files->capacity = more;
        files->is_together = true;
        return true;
    }
    if (bytes > 0 && cfti_arena_reserve(&files->strings, bytes) == NULL) return false;
    if (wanted <= files->capacity) return true;
    /* Geometric growth: a search of many directories must not move the list for each. */
    return cfti_files_grow(files, cfti_max(wanted, files->capacity + files->capacity / 2));
}

/* The path of `tail` in directory `head`, both clean; either may be empty. NULL: no memory. */
static char *cfti_files_join(confiture_files *files, const char *head, size_t head_size,
                             const char *tail, size_t tail_size, size_t *size) {
    bool slash;
    if (tail_size > 0 && head_size == 1 && head[0] == '.') head_size = 0;
    slash = head_size > 0 && tail_size > 0 && head[head_size - 1] != '/';
    *size = head_size + slash + tail_size;
    return cfti_files_string(files, head, head_size, slash, tail, tail_size);
}

/* Appends the path of `tail` in directory `head`. False: no memory. */
static bool cfti_files_add(confiture_files *files, const char *head, size_t head_size,
                           const char *tail, size_t tail_size, cfti_kind kind) {
    cfti_file *file;
    char *path;
    size_t size;
    if (files->count == files->capacity &&
        !cfti_files_grow(files, files->capacity < 16 ? 16 : files->capacity + files->capacity / 2))
        return false;
    path = cfti_files_join(files, head, head_size, tail, tail_size, &size);
    if (path == NULL) return false;
    file = &files->items[files->count++];
    file->path = file->name = path;
    file->path_size = file->name_size = (uint32_t)size;
    file->leaf = file->path_size - (uint32_t)tail_size;
    if (tail_size == 0)
        while (file->leaf > 0 && path[file->leaf - 1] != '/') file->leaf--;
    file->kind = kind;
    return true;
}

/* Records a file that was left out. False: no memory. */
static bool cfti_files_leave_out(confiture_files *files, const char *head, size_t head_size,
                                 const char *leaf, size_t leaf_size) {
    void *items = files->left_out;
    char *path;
    size_t size;
    if (!cfti_grow(&files->allocator, &items, &files->left_out_capacity, files->left_out_count,
                   sizeof(cfti_file)))
        return false;
    files->left_out = (cfti_file *)items;
    path = cfti_files_join(files, head, head_size, leaf, leaf_size, &size);
    if (path == NULL) return false;
    memset(&files->left_out[files->left_out_count], 0, sizeof(cfti_file));
    files->left_out[files->left_out_count++].path = path;
    return true;
}

/* ---- subsets of a list ---- */

/* Makes an empty subset of a list, with capacity for all its files. It shares the strings of the
 * whole list. False: no memory. */
static bool cfti_files_subset(confiture_files *subset, const confiture_files *whole,
                              const confiture_allocator *allocator) {
    size_t capacity = whole->count + 1;
    void *block = cfti_alloc(allocator, capacity * (sizeof(cfti_file) + sizeof(size_t)));
    if (block == NULL) return false;
    *subset = *whole;
    subset->allocator = *allocator;
    subset->items = (cfti_file *)block;
    subset->origins = (size_t *)(void *)(subset->items + capacity);
    subset->capacity = capacity;
    subset->count = 0;
    return true;
}

static void cfti_files_subset_add(confiture_files *subset, const confiture_files *whole,
                                  size_t index) {
    subset->items[subset->count] = whole->items[index];
    subset->origins[subset->count++] = cfti_files_origin(whole, index);
}

static void cfti_files_subset_free(confiture_files *subset) {
    cfti_free(&subset->allocator, subset->items,
              subset->capacity * (sizeof(cfti_file) + sizeof(size_t)));
    subset->items = NULL;
}

/* ---- find/name.c: names relative to the base ---- */

/* The base directory in each form that a path is compared with. */
typedef struct cfti_base {
    const char *given;  /* clean */
    cfti_buffer full;   /* `given`, made absolute */
    cfti_buffer here;   /* the current directory */
    bool here_is_known; /* `full` and `here` are set */
} cfti_base;

/* The name of a path: a suffix of the path, or a string of the list. NULL: a failure is set. */
static const char *cfti_base_name_of(cfti_base *base, confiture_files *files, const char *path,
                                     cfti_fail *fail) {
    bool given_absolute = cfti_path_is_absolute(base->given);
    const char *name;
    if (cfti_path_is_absolute(path) == given_absolute) {
        name = cfti_path_below(path, base->given);
    } else {
        if (!base->here_is_known) {
            int error = cfti_path_absolute(&base->here, ".");
            if (error == 0) error = cfti_path_absolute(&base->full, base->given);
            if (error != 0) {
                cfti_fail_system(fail, error, path);
                return NULL;
            }
            base->here_is_known = true;
        }
        if (!given_absolute) {
            name = cfti_path_below(path, (const char *)base->full.data);
        } else {
            const char *here = (const char *)base->here.data;
            const char *up = cfti_path_below(base->given, here);
            const char *down = cfti_path_below(here, base->given);
            if (up != NULL) {
                name = *up == '\0' ? path : cfti_path_below(path, up);
            } else if (down != NULL) {
                const char *rest = cfti_path_is_dot(path) ? "" : path;
                name =
                    cfti_files_string(files, down, strlen(down), *rest != '\0', rest, strlen(rest));
                if (name == NULL) {
                    cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
                    return NULL;
                }
            } else {
                name = NULL;
            }
        }
    }
    if (name != NULL && *name == '\0') name = "."; /* the base itself */
    if (name == NULL || cfti_path_climbs(name)) {
        cfti_fail_with(fail, CONFITURE_E_OUTSIDE, NULL);
        fail->path = path;
        return NULL;
    }
    return name;
}

/* Where "/.." begins in a clean absolute path, as a component of its own; NULL: nowhere. */
static char *cfti_path_up(char *path) {
    char *up = path;
    while ((up = strstr(up, "/..")) != NULL && up[3] != '/' && up[3] != '\0') up += 3;
    return up;
}

/* The absolute directory of a file, or the part of it that no ".." leads out of again: of
 * /a/b/../c.sql that is /a. `here` is the current directory. False: no memory. */
static bool cfti_file_directory(cfti_buffer *out, const cfti_buffer *here, const cfti_file *file) {
    bool whole = strcmp(file->path + file->leaf, "..") == 0; /* which is a directory itself */
    char *text, *up;
    size_t size;
    out->size = 0;
    if ((!cfti_path_is_absolute(file->path) && !cfti_buffer_append(out, here->data, here->size)) ||
        !cfti_path_append(out, file->path, whole ? file->path_size : file->leaf) ||
        !cfti_buffer_reserve(out, 1))
        return false;
    text = (char *)out->data;
    text[out->size] = '\0';
    up = cfti_path_up(text);
    if (up == NULL) return true;
    out->size = cfti_max((size_t)(up - text), cfti_os_root(text, out->size));
    do {
        size = out->size;
        if (!cfti_path_climbs(text + size + (text[size] == '/'))) break;
        cfti_path_pop(out);
    } while (out->size < size); /* else it is the root: to name the file is what fails */
    text[out->size] = '\0';
    return true;
}

/* The base of options.common_base. */
static confiture_status cfti_files_common_base(cfti_buffer *base, const confiture_files *files,
                                               cfti_fail *fail) {
    cfti_buffer here = cfti_buffer_empty(&base->allocator), directory = here;
    size_t i;
    int error = 0;
    if (files->count == 0) error = cfti_path_absolute(base, ".");
    for (i = 0; error == 0 && i < files->count; i++) {
        const cfti_file *file = &files->items[i];
        bool is_relative = !cfti_path_is_absolute(file->path);
        if (is_relative && cfti_path_climbs(file->path)) {
            /* Names would hold what the current directory is called. */
            cfti_fail_with(fail, CONFITURE_E_OUTSIDE,
                           "leads above the current directory: give a base instead");
            fail->path = file->path;
            break;
        }
        if (is_relative && here.size == 0 && (error = cfti_path_absolute(&here, ".")) != 0) break;
        if (i > 0 && cfti_same_directory(file - 1, file) &&
            strcmp(file->path + file->leaf, "..") != 0)
            continue;
        if (!cfti_file_directory(&directory, &here, file) ||
            (i == 0 && !cfti_path_clean(base, (const char *)directory.data, directory.size)))
            error = CFTI_OS_NO_MEMORY;
        else cfti_path_common(base, (const char *)directory.data);
    }
    cfti_buffer_free(&directory);
    cfti_buffer_free(&here);
    if (error != 0) return cfti_fail_system(fail, error, ".");
    return i < files->count ? fail->status : CONFITURE_OK;
}

/* ---- confined lists ---- */

static const char cfti_leads_out[] = "leads out of the base directory by a symbolic link";

/* The resolved paths that confine a caller's own list to its base. */
typedef struct cfti_confine {
    cfti_buffer base;
    cfti_buffer directory; /* of the current file */
    cfti_buffer place;     /* the current file */
    cfti_buffer todo;      /* scratch of cfti_path_follow */
} cfti_confine;

static void cfti_confine_free(cfti_confine *confine) {
    cfti_buffer_free(&confine->base);
    cfti_buffer_free(&confine->directory);
    cfti_buffer_free(&confine->place);
    cfti_buffer_free(&confine->todo);
}

/* Resolves the directory of a file. Returns a system error. */
static int cfti_confine_enter(cfti_confine *confine, const cfti_file *file) {
    int error = 0;
    if (!cfti_path_clean(&confine->place, file->path, file->leaf)) error = CFTI_OS_NO_MEMORY;
    if (error == 0) error = cfti_path_absolute(&confine->todo, (const char *)confine->place.data);
    confine->directory.size = 0;
    if (error == 0) error = cfti_path_follow(&confine->directory, &confine->todo, true);
    return error;
}

/* Checks that the resolved file is below the resolved base, and whether it is a link. enter: its
 * directory differs from that of the file before. */
static confiture_status cfti_confine_check(cfti_confine *confine, cfti_file *file, bool enter,
                                           cfti_fail *fail) {
    const char *base = (const char *)confine->base.data, *leaf = file->path + file->leaf;
    size_t size = file->path_size - file->leaf, at;
    int error = enter ? cfti_confine_enter(confine, file) : 0;
    if (error == 0) {
        at = confine->directory.size;
        confine->place.size = confine->todo.size = 0;
        if (!cfti_buffer_append(&confine->place, confine->directory.data, at) ||
            !cfti_path_append(&confine->todo, leaf, size))
            error = CFTI_OS_NO_MEMORY;
        else error = cfti_path_follow(&confine->place, &confine->todo, true);
    }
    if (error != 0) return cfti_fail_system(fail, error, file->path);
    if (cfti_path_below((const char *)confine->directory.data, base) == NULL ||
        cfti_path_below((const char *)confine->place.data, base) == NULL) {
        cfti_fail_with(fail, CONFITURE_E_OUTSIDE, cfti_leads_out);
        fail->path = file->path;
        return fail->status;
    }
    if (confine->place.size < size ||
        memcmp(confine->place.data + (confine->place.size - size), leaf, size) != 0 ||
        confine->place.size != at + size + (confine->directory.data[at - 1] != '/') ||
        memcmp(confine->place.data, confine->directory.data, at) != 0)
        file->kind = CFTI_KIND_LINK;
    return CONFITURE_OK;
}

/* ---- seeds ---- */

/* Searches the component for (?:^|[_-])seeds?(?:$|[_-]), ignoring case. */
static bool cfti_seed_component(const char *component, size_t size) {
    static const char word[] = "seed";
    size_t i, k;
    for (i = 0; i + 4 <= size; i++) {
        if (i > 0 && component[i - 1] != '_' && component[i - 1] != '-') continue;
        for (k = 0; k < 4; k++) {
            /* Only ASCII letters lower to these four. */
            if ((component[i + k] | 0x20) != word[k]) break;
        }
        if (k < 4) continue;
        k = i + 4;
        if (k < size && (component[k] | 0x20) == 's') k++;
        /* "$" also matches before a newline that ends the string. */
        if (k == size || (k + 1 == size && component[k] == '\n')) return true;
        if (component[k] == '_' || component[k] == '-') return true;
    }
    return false;
}

static bool cfti_seed_path(const char *path) {
    while (*path != '\0') {
        size_t n = cfti_path_component_size(path);
        if (cfti_seed_component(path, n)) return true;
        path += n;
        if (*path == '/') path++;
    }
    return false;
}

CONFITURE_API bool confiture_files_is_seed(const confiture_files *files, size_t index) {
    if (index >= confiture_files_count(files)) return false;
    return files->base_is_seed || cfti_seed_path(files->items[index].name);
}

/* ---- naming the files ---- */

/* A name is written into comments and, in some styles, into lines of SQL. A control character, such
 * as a newline, could end either. */
static confiture_status cfti_name_check(const char *name, size_t size, const char *path,
                                        cfti_fail *fail) {
    cfti_line_fault fault = cfti_line_check(name, size);
    if (fault == CFTI_LINE_GOOD) return CONFITURE_OK;
    cfti_fail_with(fail, CONFITURE_E_NAME,
                   fault == CFTI_LINE_NOT_UTF8 ? "the file name is not valid UTF-8"
                                               : "the file name holds a control character");
    fail->path = path;
    return fail->status;
}

/* Names a file and checks the name. before: the file before it in the list, or NULL. */
static confiture_status cfti_file_name(cfti_base *base, confiture_files *files, cfti_file *file,
                                       const cfti_file *before, cfti_fail *fail) {
    size_t above = before == NULL ? 0 : before->path_size - before->name_size;
    const char *leaf = file->path + file->leaf;
    /* Most files are in the directory of the file before. Then the base is as many bytes into
     * the path, and only the last component of the name is new, unless the path is "/" or ends
     * with "..". */
    if (before != NULL && before->name == before->path + above && above <= before->leaf &&
        cfti_same_directory(before, file) && *leaf != '\0' && strcmp(leaf, "..") != 0) {
        file->name = file->path + above;
        file->name_size = file->path_size - (uint32_t)above;
        return cfti_name_check(leaf, file->path_size - file->leaf, file->path, fail);
    }
    file->name = cfti_base_name_of(base, files, file->path, fail);
    if (file->name == NULL) return fail->status;
    file->name_size = (uint32_t)strlen(file->name);
    return cfti_name_check(file->name, file->name_size, file->path, fail);
}

/* Names every file of the list relative to the base, which is copied, and checks the names;
 * confine: and the resolved paths. The first failure in list order is reported. */
static confiture_status cfti_files_name_all(confiture_files *files, const char *base_path,
                                            bool confine, cfti_fail *fail) {
    cfti_base base;
    cfti_confine confined;
    size_t i;
    int error;
    confiture_status status = CONFITURE_OK;
    memset(&base, 0, sizeof(base));
    memset(&confined, 0, sizeof(confined));
    base.full.allocator = base.here.allocator = files->allocator;
    confined.base.allocator = confined.directory.allocator = files->allocator;
    confined.place.allocator = confined.todo.allocator = files->allocator;
    files->base = cfti_files_string(files, base_path, strlen(base_path), false, "", 0);
    if (files->base == NULL) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    base.given = files->base;
    /* The resolved path has the base's own name, which the path as written, such as ".", may
     * lack. */
    error = cfti_path_resolve(&confined.base, files->base);
    if (error != 0) status = cfti_fail_system(fail, error, files->base);
    else files->base_is_seed = cfti_seed_path(cfti_path_leaf((const char *)confined.base.data));
    for (i = 0; status == CONFITURE_OK && i < files->count; i++) {
        cfti_file *file = &files->items[i];
        const cfti_file *before = i > 0 ? file - 1 : NULL;
        status = cfti_file_name(&base, files, file, before, fail);
        if (status == CONFITURE_OK && confine)
            status = cfti_confine_check(&confined, file,
                                        before == NULL || !cfti_same_directory(before, file), fail);
        if (status != CONFITURE_OK) fail->index = i;
    }
    cfti_confine_free(&confined);
    cfti_buffer_free(&base.full);
    cfti_buffer_free(&base.here);
    return status;
}

/* ---- find/order.c: the orders of a list ---- */

/* The zero of each script's decimal digits in Unicode 14, except ASCII. The other nine digits
 * follow it, and Python's int() accepts all of them. */
static const uint32_t cfti_digit_zeros[] = {
    0x0660,  0x06F0,  0x07C0,  0x0966,  0x09E6,  0x0A66,  0x0AE6,  0x0B66,  0x0BE6,  0x0C66,
    0x0CE6,  0x0D66,  0x0DE6,  0x0E50,  0x0ED0,  0x0F20,  0x1040,  0x1090,  0x17E0,  0x1810,
    0x1946,  0x19D0,  0x1A80,  0x1A90,  0x1B50,  0x1BB0,  0x1C40,  0x1C50,  0xA620,  0xA8D0,
    0xA900,  0xA9D0,  0xA9F0,  0xAA50,  0xABF0,  0xFF10,  0x104A0, 0x10D30, 0x11066, 0x110F0,
    0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950,
    0x11C50, 0x11D50, 0x11DA0, 0x16A60, 0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC,
    0x1D7F6, 0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0};

/* The value of a hexadecimal digit by int(text, 16), without lower-case letters, or -1. *length is
 * the number of its bytes. */
static int cfti_hex_digit(const char *s, size_t n, size_t *length) {
    uint32_t code;
    size_t low = 0, high = CFTI_COUNT(cfti_digit_zeros);
    *length = cfti_char_at(s, n, &code);
    if (code >= '0' && code <= '9') return (int)(code - '0');
    if (code >= 'A' && code <= 'F') return (int)(code - 'A') + 10;
    if (code < 0x80) return -1;
    while (low < high) { /* the first zero above code */
        size_t middle = low + (high - low) / 2;
        if (cfti_digit_zeros[middle] <= code) low = middle + 1;
        else high = middle;
    }
    if (low == 0 || code - cfti_digit_zeros[low - 1] > 9) return -1;
    return (int)(code - cfti_digit_zeros[low - 1]);
}

/* The size of the "0X" that int() accepts at the start, or 0. */
static size_t cfti_hex_start(const char *stem, size_t prefix_size) {
    size_t length;
    if (cfti_hex_digit(stem, prefix_size, &length) == 0 && length < prefix_size &&
        stem[length] == 'X')
        return length + 1;
    return 0;
}

/* Whether a stem has a hexadecimal prefix before its first "_", and the size of the prefix. */
static bool cfti_hex_prefix(const char *stem, size_t size, size_t *prefix_size) {
    const char *bar = (const char *)memchr(stem, '_', size);
    size_t n, i, length;
    if (bar == NULL || bar == stem) return false;
    n = (size_t)(bar - stem);
    i = cfti_hex_start(stem, n);
    if (i == n) return false;
    for (; i < n; i += length)
        if (cfti_hex_digit(stem + i, n - i, &length) < 0) return false;
    *prefix_size = n;
    return true;
}

static int cfti_hex_compare(const char *a, size_t a_size, const char *b, size_t b_size) {
    size_t i = cfti_hex_start(a, a_size), j = cfti_hex_start(b, b_size), li, lj, a_digits = 0,
           b_digits = 0, k;
    int order = 0;
    while (i < a_size && cfti_hex_digit(a + i, a_size - i, &li) == 0) i += li;
    while (j < b_size && cfti_hex_digit(b + j, b_size - j, &lj) == 0) j += lj;
    for (k = i; k < a_size; k += li, a_digits++) (void)cfti_hex_digit(a + k, a_size - k, &li);
    for (k = j; k < b_size; k += lj, b_digits++) (void)cfti_hex_digit(b + k, b_size - k, &lj);
    if (a_digits != b_digits) return a_digits < b_digits ? -1 : 1;
    while (order == 0 && i < a_size) {
        order = cfti_hex_digit(a + i, a_size - i, &li) - cfti_hex_digit(b + j, b_size - j, &lj);
        i += li;
        j += lj;
    }
    return order;
}

/* The last component of the path without its last suffix; "." has an empty stem. */
static const char *cfti_stem(const cfti_file *file, size_t *size) {
    const char *name = file->path + file->leaf;
    const char *dot = strrchr(name, '.');
    *size = strlen(name);
    if (dot == name && *size == 1) *size = 0;
    if (dot != NULL && dot != name && dot[1] != '\0') *size = (size_t)(dot - name);
    return name;
}

static int cfti_order_path(const void *a, const void *b) {
    return cfti_path_compare(((const cfti_file *)a)->path, ((const cfti_file *)b)->path);
}

/* Files with a prefix by (value, rest), then the others by stem. The path breaks ties, so that the
 * order does not depend on the file system. */
static int cfti_order_hex(const void *a, const void *b) {
    size_t a_size, b_size, a_prefix = 0, b_prefix = 0;
    const char *x = cfti_stem((const cfti_file *)a, &a_size);
    const char *y = cfti_stem((const cfti_file *)b, &b_size);
    bool a_hex = cfti_hex_prefix(x, a_size, &a_prefix);
    bool b_hex = cfti_hex_prefix(y, b_size, &b_prefix);
    int order = 0;
    if (a_hex != b_hex) return a_hex ? -1 : 1;
    if (a_hex) {
        order = cfti_hex_compare(x, a_prefix, y, b_prefix);
        x += a_prefix + 1, a_size -= a_prefix + 1;
        y += b_prefix + 1, b_size -= b_prefix + 1;
    }
    if (order == 0) order = cfti_bytes_compare(x, a_size, y, b_size);
    return order != 0 ? order : cfti_order_path(a, b);
}

static bool cfti_files_sort(confiture_files *files, int (*order)(const void *a, const void *b)) {
    return cfti_sort(&files->allocator, files->items, files->count, sizeof(cfti_file), order);
}

/* Whether a list that is sorted by path contains a path. */
static bool cfti_files_contain(const confiture_files *files, const char *path) {
    size_t low = 0, high = files->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = cfti_path_compare(files->items[middle].path, path);
        if (order == 0) return true;
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return false;
}

/* Removes repeats from the files left out, and those that another walk has found. */
static bool cfti_files_order_left_out(confiture_files *files) {
    size_t i, kept = 0;
    if (!cfti_sort(&files->allocator, files->left_out, files->left_out_count, sizeof(cfti_file),
                   cfti_order_path))
        return false;
    for (i = 0; i < files->left_out_count; i++) {
        const char *path = files->left_out[i].path;
        if (kept > 0 && strcmp(files->left_out[kept - 1].path, path) == 0) continue;
        if (!cfti_files_contain(files, path)) files->left_out[kept++] = files->left_out[i];
    }
    files->left_out_count = kept;
    return true;
}

/* Sorts the list. in_order: it is already sorted by path. unique: only the first of equal paths
 * stays. */
static bool cfti_files_order(confiture_files *files, bool in_order, confiture_sort sort,
                             bool unique) {
    size_t i, kept = 0, stem_size, prefix_size;
    if (!in_order && !cfti_files_sort(files, cfti_order_path)) return false;
    if (!cfti_files_order_left_out(files)) return false;
    files->is_by_path = sort != CONFITURE_SORT_HEX;
    if (unique) {
        for (i = 0; i < files->count; i++) {
            if (kept > 0 && strcmp(files->items[kept - 1].path, files->items[i].path) == 0)
                continue;
            files->items[kept++] = files->items[i];
        }
        files->count = kept;
    }
    if (sort == CONFITURE_SORT_HEX) {
        for (i = 0; i < files->count; i++) {
            const char *stem = cfti_stem(&files->items[i], &stem_size);
            if (cfti_hex_prefix(stem, stem_size, &prefix_size))
                return cfti_files_sort(files, cfti_order_hex);
        }
    }
    return true;
}

/* ---- find/explain.c: why a file is in a list and where, and what left others out ---- */

/* All of this exists only during a search that is asked for it. The walk records what is excluded,
 * since nothing else knows of it later. The origin of a file is looked up by the address of its
 * path, which stays while lists are sorted: a file of the list needs no member for it. */

/* What one pattern has found, or misses by case alone. */
typedef struct cfti_origin {
    const char *path; /* its address is the key */
    size_t directory, walk;
    const char *pattern;
    bool missed; /* by case */
    bool kept;   /* in the list */
} cfti_origin;

/* What is not in the list. */
typedef struct cfti_absent {
    const char *path, *name, *pattern, *by;
    size_t directory, walk, by_index;
    confiture_outcome outcome;
    bool is_directory;
} cfti_absent;

/* A file of the list, to be sorted by the order that is not in effect. */
typedef struct cfti_ranked {
    cfti_file file; /* first: the orders compare files */
    size_t index;
} cfti_ranked;

typedef struct cfti_explain {
    const confiture_find_options *options;
    const confiture_directory *directories;
    confiture_allocator allocator;
    size_t directory, walk; /* current */
    const char *pattern;    /* current */
    cfti_origin *origins;
    size_t origin_count, origin_capacity;
    size_t seen, seen_missed; /* files that have an origin */
    cfti_absent *absent;
    size_t absent_count, absent_capacity;
    cfti_ranked *ranked;
    size_t *ranks, rank_count; /* the index of each file in the other order; NULL: the same */
    bool has_prefix;           /* some name of the list has a hexadecimal prefix */
    cfti_buffer value, rest;   /* of the current file */
} cfti_explain;

static void cfti_explain_open(cfti_explain *explain, const confiture_find_options *options,
                              const confiture_allocator *allocator) {
    memset(explain, 0, sizeof(*explain));
    explain->options = options;
    explain->allocator = *allocator;
    explain->value = explain->rest = cfti_buffer_empty(allocator);
}

static void cfti_explain_close(cfti_explain *explain) {
    const confiture_allocator *a = &explain->allocator;
    cfti_free(a, explain->origins, explain->origin_capacity * sizeof(cfti_origin));
    cfti_free(a, explain->absent, explain->absent_capacity * sizeof(cfti_absent));
    cfti_free(a, explain->ranked, explain->rank_count * sizeof(cfti_ranked));
    cfti_free(a, explain->ranks, explain->rank_count * sizeof(size_t));
    cfti_buffer_free(&explain->value);
    cfti_buffer_free(&explain->rest);
}

/* ---- during the search ---- */

/* What excludes an entry, in one number: an excluded directory or, after all of them, an exclude
 * pattern of the include directory. 0: nothing. */
static uint32_t cfti_cause_directory(size_t index) { return (uint32_t)(index + 1); }
static uint32_t cfti_cause_pattern(const confiture_find_options *options, size_t index) {
    return (uint32_t)(options->exclude_dir_count + index + 1);
}

/* Sets what the next walk searches. */
static void cfti_explain_walk(cfti_explain *explain, const confiture_directory *directory,
                              const char *pattern) {
    if (explain == NULL) return;
    explain->directory = (size_t)(directory - explain->directories);
    explain->pattern = pattern;
    explain->walk++;
}

static cfti_absent *cfti_explain_absent(cfti_explain *explain, const char *path) {
    void *items = explain->absent;
    cfti_absent *absent;
    if (!cfti_grow(&explain->allocator, &items, &explain->absent_capacity, explain->absent_count,
                   sizeof(cfti_absent)))
        return NULL;
    explain->absent = (cfti_absent *)items;
    absent = &explain->absent[explain->absent_count++];
    memset(absent, 0, sizeof(*absent));
    absent->path = path;
    absent->directory = explain->directory;
    absent->walk = explain->walk;
    absent->pattern = explain->pattern;
    return absent;
}

/* Records what is excluded: `leaf` in directory `head`. False: no memory. */
static bool cfti_explain_excluded(cfti_explain *explain, confiture_files *files, const char *head,
                                  size_t head_size, const char *leaf, size_t leaf_size,
                                  uint32_t cause, bool is_directory) {
    const confiture_find_options *options = explain->options;
    cfti_absent *absent;
    size_t size, index = (size_t)cause - 1;
    const char *path = cfti_files_join(files, head, head_size, leaf, leaf_size, &size);
    if (path == NULL || (absent = cfti_explain_absent(explain, path)) == NULL) return false;
    if (index < options->exclude_dir_count) {
        absent->outcome = CONFITURE_OUTCOME_EXCLUDED_DIR;
        absent->by = options->exclude_dirs[index];
        absent->is_directory = is_directory; /* a pattern lets its directory be entered */
    } else {
        index -= options->exclude_dir_count;
        absent->outcome = CONFITURE_OUTCOME_EXCLUDED;
        absent->by = explain->directories[explain->directory].exclude[index];
    }
    absent->by_index = index;
    return true;
}

static bool cfti_explain_origin(cfti_explain *explain, const char *path, bool missed) {
    void *items = explain->origins;
    cfti_origin *origin;
    if (!cfti_grow(&explain->allocator, &items, &explain->origin_capacity, explain->origin_count,
                   sizeof(cfti_origin)))
        return false;
    explain->origins = (cfti_origin *)items;
    origin = &explain->origins[explain->origin_count++];
    memset(origin, 0, sizeof(*origin));
    origin->path = path;
    origin->directory = explain->directory;
    origin->walk = explain->walk;
    origin->pattern = explain->pattern;
    origin->missed = missed;
    return true;
}

/* Records the origin of what the last walk has added to the list. False: no memory. */
static bool cfti_explain_found(cfti_explain *explain, const confiture_files *files) {
    if (explain == NULL) return true;
    for (; explain->seen < files->count; explain->seen++)
        if (!cfti_explain_origin(explain, files->items[explain->seen].path, false)) return false;
    for (; explain->seen_missed < files->left_out_count; explain->seen_missed++)
        if (!cfti_explain_origin(explain, files->left_out[explain->seen_missed].path, true))
            return false;
    return true;
}

/* ---- after it ---- */

static int cfti_order_origin(const void *a, const void *b) {
    uintptr_t x = (uintptr_t)((const cfti_origin *)a)->path;
    uintptr_t y = (uintptr_t)((const cfti_origin *)b)->path;
    return x < y ? -1 : x > y;
}

/* The origin of a file, by the address of its path. */
static cfti_origin *cfti_origin_of(const cfti_explain *explain, const char *path) {
    size_t low = 0, high = explain->origin_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if ((uintptr_t)explain->origins[middle].path <= (uintptr_t)path) low = middle;
        else high = middle;
    }
    return &explain->origins[low];
}

static bool cfti_explain_add(cfti_explain *explain, const cfti_origin *origin,
                             confiture_outcome outcome) {
    cfti_absent *absent = cfti_explain_absent(explain, origin->path);
    if (absent == NULL) return false;
    absent->outcome = outcome;
    absent->directory = origin->directory;
    absent->walk = origin->walk;
    absent->pattern = origin->pattern;
    return true;
}

/* By path, and of one path as it was found: by directory, then by pattern. */
static int cfti_order_absent(const void *a, const void *b) {
    const cfti_absent *x = (const cfti_absent *)a, *y = (const cfti_absent *)b;
    int order = cfti_path_compare(x->path, y->path);
    if (order != 0) return order;
    return x->walk < y->walk ? -1 : x->walk > y->walk;
}

/* Completes and sorts what is not in the list. What several patterns of one directory meet is said
 * once, except repeats, each of which would have been in the list. What is missed by case is said
 * once. False: no memory. */
static bool cfti_explain_sort_absent(cfti_explain *explain, confiture_files *files) {
    size_t i, kept = 0;
    /* Ordering the list has removed those that are said twice, but no file, no order. */
    if (files->count == 0 && !cfti_files_order_left_out(files)) return false;
    if (!cfti_sort(&explain->allocator, explain->origins, explain->origin_count,
                   sizeof(cfti_origin), cfti_order_origin))
        return false;
    for (i = 0; i < files->count; i++) cfti_origin_of(explain, files->items[i].path)->kept = true;
    for (i = 0; i < explain->origin_count; i++) {
        const cfti_origin *origin = &explain->origins[i];
        if (!origin->kept && !origin->missed &&
            !cfti_explain_add(explain, origin, CONFITURE_OUTCOME_REPEATED))
            return false;
    }
    for (i = 0; i < files->left_out_count; i++)
        if (!cfti_explain_add(explain, cfti_origin_of(explain, files->left_out[i].path),
                              CONFITURE_OUTCOME_LETTER_CASE))
            return false;
    if (!cfti_sort(&explain->allocator, explain->absent, explain->absent_count, sizeof(cfti_absent),
                   cfti_order_absent))
        return false;
    for (i = 0; i < explain->absent_count; i++) {
        const cfti_absent *absent = &explain->absent[i];
        const cfti_absent *last = &explain->absent[kept - (kept > 0)];
        if (kept > 0 && absent->outcome != CONFITURE_OUTCOME_REPEATED &&
            last->outcome == absent->outcome && last->directory == absent->directory &&
            strcmp(last->path, absent->path) == 0)
            continue;
        explain->absent[kept++] = *absent;
    }
    explain->absent_count = kept;
    return true;
}

/* Names what is not in the list, where it has a name. */
static confiture_status cfti_explain_names(cfti_explain *explain, confiture_files *files,
                                           cfti_fail *fail) {
    cfti_base base;
    confiture_status status = CONFITURE_OK;
    size_t i;
    memset(&base, 0, sizeof(base));
    base.full.allocator = base.here.allocator = explain->allocator;
    base.given = files->base;
    for (i = 0; i < explain->absent_count && status == CONFITURE_OK; i++) {
        cfti_absent *absent = &explain->absent[i];
        absent->name = cfti_base_name_of(&base, files, absent->path, fail);
        if (absent->name == NULL && fail->status != CONFITURE_E_OUTSIDE) status = fail->status;
    }
    cfti_buffer_free(&base.full);
    cfti_buffer_free(&base.here);
    return status;
}

/* Sorts a copy of the list by the order that is not in effect. False: no memory. */
static bool cfti_explain_rank(cfti_explain *explain, const confiture_files *files) {
    size_t i, n = files->count, size;
    bool by_hex = explain->options->sort == CONFITURE_SORT_HEX;
    for (i = 0; i < n && !explain->has_prefix; i++) {
        const char *stem = cfti_stem(&files->items[i], &size);
        explain->has_prefix = cfti_hex_prefix(stem, size, &size);
    }
    if (!explain->has_prefix) return true; /* the two orders are the same */
    if (n > SIZE_MAX / sizeof(cfti_ranked)) return false;
    explain->rank_count = n;
    explain->ranked = (cfti_ranked *)cfti_alloc(&explain->allocator, n * sizeof(cfti_ranked));
    explain->ranks = (size_t *)cfti_alloc(&explain->allocator, n * sizeof(size_t));
    if (explain->ranked == NULL || explain->ranks == NULL) return false;
    for (i = 0; i < n; i++) {
        explain->ranked[i].file = files->items[i];
        explain->ranked[i].index = i;
    }
    if (!cfti_sort(&explain->allocator, explain->ranked, n, sizeof(cfti_ranked),
                   by_hex ? cfti_order_path : cfti_order_hex))
        return false;
    for (i = 0; i < n; i++) explain->ranks[explain->ranked[i].index] = i;
    return true;
}

/* Allocates all that the callbacks need: none is called before a failure. named: the list has a
 * base. */
static confiture_status cfti_explain_prepare(cfti_explain *explain, confiture_files *files,
                                             bool named, cfti_fail *fail) {
    size_t i, longest = 0;
    for (i = 0; i < files->count; i++)
        longest = cfti_max(longest, files->items[i].path_size - files->items[i].leaf);
    if (!cfti_explain_sort_absent(explain, files) || !cfti_explain_rank(explain, files) ||
        !cfti_buffer_reserve(&explain->value, longest + 2) ||
        !cfti_buffer_reserve(&explain->rest, longest + 1))
        return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    return named ? cfti_explain_names(explain, files, fail) : CONFITURE_OK;
}

/* The value of a prefix: upper-case digits without leading zeros, "0" for zero. */
static const char *cfti_hex_value(cfti_buffer *out, const char *prefix, size_t size) {
    size_t i = cfti_hex_start(prefix, size), length;
    out->size = 0;
    for (; i < size; i += length) {
        int digit = cfti_hex_digit(prefix + i, size - i, &length);
        if (digit > 0 || out->size > 0)
            out->data[out->size++] = (uint8_t) "0123456789ABCDEF"[digit];
    }
    if (out->size == 0) out->data[out->size++] = '0';
    out->data[out->size] = 0;
    return (const char *)out->data;
}

/* Whether a stem would have a prefix in upper case. One without a decimal digit, such as "add_", is
 * a word. `upper` is scratch. */
static bool cfti_hex_misses_by_case(cfti_buffer *upper, const char *stem, size_t size) {
    bool digit = false;
    size_t i, prefix_size;
    for (i = 0; i < size && stem[i] != '_'; i++) digit |= stem[i] >= '0' && stem[i] <= '9';
    if (!digit || i == size) return false;
    for (i = 0; i < size; i++)
        upper->data[i] = (uint8_t)(stem[i] >= 'a' && stem[i] <= 'z' ? stem[i] - 32 : stem[i]);
    return cfti_hex_prefix((const char *)upper->data, size, &prefix_size);
}

static void cfti_explain_key(cfti_explain *explain, const cfti_file *file,
                             confiture_explanation *explanation) {
    size_t size, prefix_size;
    const char *stem = cfti_stem(file, &size);
    if (cfti_hex_prefix(stem, size, &prefix_size)) {
        explanation->hex_value = cfti_hex_value(&explain->value, stem, prefix_size);
        stem += prefix_size + 1, size -= prefix_size + 1;
    } else {
        explanation->lower_case_prefix = cfti_hex_misses_by_case(&explain->value, stem, size);
    }
    memcpy(explain->rest.data, stem, size);
    explain->rest.data[size] = 0;
    explanation->hex_rest = (const char *)explain->rest.data;
}

static void cfti_explain_listed(cfti_explain *explain, const confiture_files *files, size_t index) {
    const cfti_file *file = &files->items[index];
    const cfti_origin *origin = cfti_origin_of(explain, file->path);
    size_t other = explain->ranks != NULL ? explain->ranks[index] : index;
    confiture_explanation explanation;
    memset(&explanation, 0, sizeof(explanation));
    explanation.index = explanation.path_index = explanation.hex_index = index;
    explanation.path = file->path;
    explanation.name = file->name;
    explanation.directory = origin->directory;
    explanation.pattern = origin->pattern;
    if (explain->options->sort == CONFITURE_SORT_HEX && explain->has_prefix)
        explanation.sort = CONFITURE_SORT_HEX;
    if (explanation.sort == CONFITURE_SORT_HEX) explanation.path_index = other;
    else explanation.hex_index = other;
    cfti_explain_key(explain, file, &explanation);
    explain->options->explain(explain->options->explain_user, &explanation);
}

static void cfti_explain_report(cfti_explain *explain, const confiture_files *files) {
    confiture_explanation explanation;
    size_t i;
    for (i = 0; i < files->count; i++) cfti_explain_listed(explain, files, i);
    for (i = 0; i < explain->absent_count; i++) {
        const cfti_absent *absent = &explain->absent[i];
        memset(&explanation, 0, sizeof(explanation));
        explanation.outcome = absent->outcome;
        explanation.is_directory = absent->is_directory;
        explanation.index = explanation.path_index = explanation.hex_index = CONFITURE_NO_INDEX;
        explanation.path = absent->path;
        explanation.name = absent->name;
        explanation.directory = absent->directory;
        explanation.pattern = absent->pattern;
        explanation.excluded_by = absent->by;
        explanation.excluded_by_index = absent->by_index;
        explain->options->explain(explain->options->explain_user, &explanation);
    }
}

/* ---- find/node.c: a directory of a search and its entries ---- */

/* An entry that matters: a result, a directory to search, or both. */
typedef struct cfti_entry {
    uint64_t key; /* the first bytes of the name as a number, which decides most comparisons */
    const char *name;
    struct cfti_node *child; /* the directory to search, or NULL */
    uint32_t size;           /* of name */
    uint8_t kind;
    bool found;
    bool left_out;     /* only the case of its name keeps it from being found */
    uint16_t error;    /* a system error, CFTI_LEADS_OUT, or 0 */
    uint32_t excluded; /* in a search that is explained: the cause, as in find/explain.c, or 0 */
} cfti_entry;

#define CFTI_LEADS_OUT UINT16_MAX

/* A directory of the walk. It has only the last component of its path: the whole paths of a chain
 * of ten thousand directories would take gigabytes. */
typedef struct cfti_node {
    struct cfti_node *parent;
    struct cfti_node *all; /* every node of the walk, for freeing */
    const char *name;      /* NUL-terminated; the root's name is its whole clean path */
    size_t name_size, path_size;
    const char
        *real; /* in a confined search, its resolved path, unless its parent's and `name` are */
    size_t real_size;
    uint64_t states;   /* of the pattern, see find/listing.c */
    bool found;        /* the pattern ends with "**": the directory itself is a result */
    bool entered;      /* by cfti_walk_collect */
    bool has_children; /* an entry has a child */
    bool stays_open;   /* its children are opened relative to it */
    bool is_open;      /* `directory` is open after the listing */
    cfti_os_file directory;
    cfti_entry *entries; /* sorted after the listing */
    size_t count, capacity;
    size_t found_count, found_bytes; /* found_bytes: names with their NULs */
    size_t cursor;
    cfti_arena arena;
    cfti_fail fail;
} cfti_node;

static bool cfti_node_is_dot(const cfti_node *node) {
    return node->path_size == 1 && node->name[0] == '.';
}

/* Puts a node below its parent. The name must live as long as the node. */
static void cfti_node_init(cfti_node *node, cfti_node *parent, const char *name, size_t name_size) {
    memset(node, 0, sizeof(*node));
    node->parent = parent;
    node->name = name;
    node->name_size = node->path_size = name_size;
    if (parent != NULL && !cfti_node_is_dot(parent))
        node->path_size += parent->path_size + (parent->name[parent->name_size - 1] != '/');
}

/* The node of a directory, in its parent's memory. */
static cfti_node *cfti_node_create(const confiture_allocator *allocator, cfti_arena *arena,
                                   cfti_node *parent, const char *name, size_t name_size) {
    cfti_node *node;
    cfti_arena_align(arena); /* names are packed */
    node = (cfti_node *)cfti_arena_alloc(arena, sizeof(cfti_node));
    if (node == NULL) return NULL;
    cfti_node_init(node, parent, name, name_size);
    node->arena.allocator = *allocator;
    node->arena.block_size = 500; /* most directories of a large tree have few entries */
    return node;
}

/* The offset of a node's name in its path. */
static size_t cfti_node_start(const cfti_node *node) { return node->path_size - node->name_size; }

/* Writes the last `size` bytes of a node's path, which begin at a component. */
static void cfti_node_write(const cfti_node *node, size_t size, void *out) {
    char *end = (char *)out + size;
    size_t first = node->path_size - size;
    for (;;) {
        size_t at = cfti_node_start(node);
        end -= node->name_size;
        memcpy(end, node->name, node->name_size);
        if (at == first) return;
        node = node->parent;
        if (at > node->path_size) *--end = '/';
    }
}

/* The path of a node, with a NUL after its size. False: no memory. */
static bool cfti_node_path(const cfti_node *node, cfti_buffer *out) {
    out->size = 0;
    if (!cfti_buffer_reserve(out, node->path_size + 1)) return false;
    cfti_node_write(node, node->path_size, out->data);
    out->size = node->path_size;
    out->data[out->size] = 0;
    return true;
}

/* Whether a node has this path. */
static bool cfti_node_is(const cfti_node *node, const char *path, size_t size) {
    if (node->path_size != size) return false;
    for (;;) {
        size_t at = cfti_node_start(node);
        if (memcmp(path + at, node->name, node->name_size) != 0) return false;
        if (at == 0) return true;
        node = node->parent;
        if (at > node->path_size && path[at - 1] != '/') return false;
    }
}

/* Extends the parent's path to the node's. False: no memory. */
static bool cfti_node_enter(cfti_buffer *path, const cfti_node *node) {
    size_t start = cfti_node_start(node);
    if (start < path->size) path->size = start; /* "." */
    if (start > path->size && !cfti_buffer_append(path, "/", 1)) return false;
    return cfti_buffer_append(path, node->name, node->name_size);
}

/* Cuts the node's path to its parent's; parent may be NULL. */
static void cfti_node_leave(cfti_buffer *path, const cfti_node *parent) {
    if (parent == NULL) return;
    path->size = parent->path_size;
    if (cfti_node_is_dot(parent)) path->data[0] = '.';
}

/* The resolved path of a directory in a confined search. False: no memory. */
static bool cfti_node_real(const cfti_node *node, cfti_buffer *out) {
    const cfti_node *up = node;
    size_t size = 0;
    for (; up->real == NULL; up = up->parent) size = node->path_size - cfti_node_start(up);
    out->size = 0;
    if (!cfti_buffer_append(out, up->real, up->real_size)) return false;
    if (size == 0) return true;
    if (up->real[up->real_size - 1] != '/' && !cfti_buffer_append(out, "/", 1)) return false;
    if (!cfti_buffer_reserve(out, size)) return false;
    cfti_node_write(node, size, out->data + out->size);
    out->size += size;
    return true;
}

/* Sets the failure of an entry, or of the directory itself if the name is empty. */
static int cfti_node_fail(cfti_node *node, int error, const char *name) {
    cfti_node entry = *node;
    char *path;
    if (*name != '\0') cfti_node_init(&entry, node, name, strlen(name));
    path = (char *)cfti_arena_alloc(&node->arena, entry.path_size + 1);
    if (path == NULL) {
        cfti_fail_with(&node->fail, CONFITURE_E_MEMORY, NULL);
        return CFTI_OS_NO_MEMORY;
    }
    cfti_node_write(&entry, entry.path_size, path);
    path[entry.path_size] = '\0';
    cfti_fail_system(&node->fail, error, path);
    return error;
}

/* Releases unused capacity: a tree may have a million directories. */
static void cfti_node_shrink(const confiture_allocator *a, cfti_node *node) {
    void *entries;
    if (node->entries == NULL || node->count > node->capacity / 2) return;
    entries = cfti_realloc(a, node->entries, node->capacity * sizeof(cfti_entry),
                           cfti_max(node->count, 1) * sizeof(cfti_entry));
    if (entries == NULL) return;
    node->entries = (cfti_entry *)entries;
    node->capacity = cfti_max(node->count, 1);
}

static void cfti_node_close(cfti_node *node) {
    if (node->is_open) cfti_os_close(node->directory);
    node->is_open = false;
}

/* ---- find/listing.c: the entries of one directory that a pattern matches ---- */

/* A pattern is an NFA: state i means that component i of the pattern is matched against the
 * entries of this directory. A directory is searched with the set of its states, one bit each. It
 * is therefore listed once, and no path is found twice, however many "**" the pattern has. */

/* An excluded directory. */
typedef struct cfti_excluded {
    cfti_buffer path;   /* clean */
    size_t parent_size; /* of its parent's path; 0: the current directory */
    size_t leaf;        /* the offset of its last component */
} cfti_excluded;

typedef struct cfti_walk {
    const cfti_pattern *pattern;
    const confiture_directory *directory;
    const confiture_find_options *options;
    bool *include_matched;             /* the pattern's flag, or NULL */
    bool matches_only;                 /* searches excluded directories, too */
    const char *real_base;             /* NULL: the search is not confined */
    const cfti_excluded *exclude_dirs; /* options->exclude_dir_count of them */
    size_t exclude_depth;              /* components of the longest exclude pattern */
    confiture_allocator allocator;
    cfti_explain *explain; /* NULL: not asked for */
    cfti_workers *workers;
    bool *workers_are_open;
    size_t root_size; /* of the include directory's path */
    cfti_node *all;
    cfti_node **level; /* the directories to list next */
    size_t level_count, level_capacity;
    uint64_t found, found_bytes; /* found_bytes: paths with their NULs */
} cfti_walk;

static bool cfti_states_have(uint64_t states, size_t i) { return (states >> i & 1) != 0; }

/* The epsilon closure: "**" also matches no directory at all. */
static uint64_t cfti_states_close(const cfti_pattern *pattern, uint64_t states) {
    size_t i;
    for (i = 0; i + 1 < pattern->count; i++)
        if (cfti_states_have(states, i) && pattern->components[i].kind == CFTI_COMPONENT_ANY_DEPTH)
            states |= (uint64_t)1 << (i + 1);
    return states;
}

/* The context of the callback that lists a directory. */
typedef struct cfti_listing {
    cfti_walk *walk;
    cfti_node *node;
    cfti_os_file directory;
    bool has_excluded; /* an excluded directory may be in it */
    bool is_found;     /* the pattern matches the current entry */
    uint32_t excluded; /* what excludes it; 0: nothing, or nobody asks */
    cfti_buffer path;  /* with which it was opened */
    cfti_buffer end;   /* the last components of its path, which exclude patterns compare */
    size_t end_size;   /* with a slash; 0: they compare only the entry's name */
} cfti_listing;

static int cfti_listing_fail(cfti_listing *listing, int error, const char *name) {
    return cfti_node_fail(listing->node, error, name);
}

static bool cfti_excluded_is_in(const cfti_excluded *excluded, const cfti_node *node) {
    return excluded->parent_size == 0
               ? cfti_node_is_dot(node)
               : cfti_node_is(node, (const char *)excluded->path.data, excluded->parent_size);
}

/* Compares the directory with all exclusions once, rather than for each entry. False: no memory. */
static bool cfti_listing_prepare(cfti_listing *listing) {
    const cfti_walk *walk = listing->walk;
    const cfti_node *node = listing->node, *up = node;
    size_t i, size = 0;
    for (i = 0; i < walk->options->exclude_dir_count && !listing->has_excluded; i++)
        listing->has_excluded = cfti_excluded_is_in(&walk->exclude_dirs[i], node);
    for (i = 1; i < walk->exclude_depth && up->parent != NULL; i++, up = up->parent)
        size = node->path_size - cfti_node_start(up);
    if (size == 0) return true;
    if (!cfti_buffer_reserve(&listing->end, size + 1)) return false;
    cfti_node_write(node, size, listing->end.data);
    listing->end.data[size] = '/';
    listing->end_size = size + 1;
    return true;
}

static void cfti_listing_cause(cfti_listing *listing, uint32_t cause) {
    if (listing->walk->explain != NULL && listing->excluded == 0) listing->excluded = cause;
}

/* Sets *file if the entry is excluded, and *whole if everything below it is, too. Returns a system
 * error. */
static int cfti_listing_excluded(cfti_listing *listing, const char *name, size_t size, bool *file,
                                 bool *whole) {
    const cfti_walk *walk = listing->walk;
    const confiture_directory *directory = walk->directory;
    size_t i;
    *file = *whole = false;
    listing->excluded = 0;
    for (i = 0; listing->has_excluded && i < walk->options->exclude_dir_count; i++) {
        const cfti_excluded *excluded = &walk->exclude_dirs[i];
        if (excluded->path.size - excluded->leaf == size &&
            memcmp(excluded->path.data + excluded->leaf, name, size) == 0 &&
            cfti_excluded_is_in(excluded, listing->node)) {
            *file = true;
            *whole = !walk->matches_only;
            cfti_mark(walk->options->exclude_dir_matched, i);
            cfti_listing_cause(listing, cfti_cause_directory(i));
        }
    }
    if (directory->exclude_count == 0 || (*file && directory->exclude_matched == NULL)) return 0;
    listing->end.size = listing->end_size;
    if (!cfti_buffer_append(&listing->end, name, size)) return CFTI_OS_NO_MEMORY;
    for (i = 0; i < directory->exclude_count; i++) {
        if (!cfti_match((const char *)listing->end.data, listing->end.size, directory->exclude[i],
                        strlen(directory->exclude[i])))
            continue;
        *file = true;
        cfti_listing_cause(listing, cfti_cause_pattern(walk->options, i));
        if (directory->exclude_matched == NULL) break;
        if (listing->is_found) cfti_mark(directory->exclude_matched, i);
    }
    return 0;
}

/* Resolves a link or ".." in a confined search. *real, in the node's arena, is where it leads. An
 * entry that leads out, or that cannot be resolved, has entry->error set instead. */
static int cfti_listing_confine(cfti_listing *listing, cfti_entry *entry, const char **real,
                                size_t *real_size) {
    cfti_buffer place = cfti_buffer_empty(&listing->walk->allocator), todo = place;
    int error = CFTI_OS_NO_MEMORY;
    if (cfti_node_real(listing->node, &place) &&
        cfti_buffer_append(&todo, entry->name, entry->size))
        error = cfti_path_follow(&place, &todo, true);
    if (error == 0 && cfti_path_below((const char *)place.data, listing->walk->real_base) == NULL) {
        entry->error = CFTI_LEADS_OUT;
    } else if (error == 0) {
        char *copy = (char *)cfti_arena_alloc(&listing->node->arena, place.size + 1);
        if (copy == NULL) error = CFTI_OS_NO_MEMORY;
        else memcpy(copy, place.data, place.size + 1);
        *real = copy;
        *real_size = place.size;
    } else if (error != CFTI_OS_NO_MEMORY) {
        entry->error = (uint16_t)error;
        error = 0;
    }
    cfti_buffer_free(&place);
    cfti_buffer_free(&todo);
    return error;
}

static uint64_t cfti_name_key(const char *name, size_t size) {
    uint64_t key = 0;
    size_t i;
    for (i = 0; i < 8; i++) key = key << 8 | (i < size ? (uint8_t)name[i] : 0u);
    return key;
}

/* What an entry means to the pattern: "**" enters real directories only; every other component
 * enters links to directories, too. */
typedef struct cfti_entry_match {
    uint64_t real_states; /* of the child, if the entry is a directory */
    uint64_t states;      /* of the child, if the entry is a directory or a link to one */
    bool found;
    bool found_is_named, below_is_named; /* by a component without wildcards */
    bool left_out;                       /* only the case of its name differs */
} cfti_entry_match;

static cfti_entry_match cfti_listing_match(const cfti_listing *listing, const char *name,
                                           size_t size, cfti_kind kind) {
    const cfti_pattern *pattern = listing->walk->pattern;
    cfti_entry_match match;
    size_t i;
    memset(&match, 0, sizeof(match));
    for (i = 0; i < pattern->count; i++) {
        const cfti_component *component = &pattern->components[i];
        if (!cfti_states_have(listing->node->states, i)) continue;
        /* No listing contains "..": only a component that names it matches it. */
        if (component->kind != CFTI_COMPONENT_EXACT && cfti_is_parent(name, size)) continue;
        if (component->kind == CFTI_COMPONENT_ANY_DEPTH) {
            match.real_states |= (uint64_t)1 << i;
        } else if (cfti_component_matches(component, name, size)) {
            if (i + 1 < pattern->count) {
                match.states |= (uint64_t)1 << (i + 1);
                match.below_is_named |= component->kind == CFTI_COMPONENT_EXACT;
            } else {
                match.found = true;
                match.found_is_named = component->kind == CFTI_COMPONENT_EXACT;
            }
        } else if (i + 1 == pattern->count && kind == CFTI_KIND_FILE) {
            match.left_out |= cfti_component_misses_by_case(component, name, size);
        }
    }
    if (kind != CFTI_KIND_DIRECTORY) {
        match.real_states = 0;
        if (kind != CFTI_KIND_LINK) match.states = 0;
    }
    return match;
}

static bool cfti_entry_match_is_empty(const cfti_entry_match *match) {
    return !match->found && !match->left_out && (match->real_states | match->states) == 0;
}

/* A link that leads nowhere or in a circle is not a directory for a wildcard. It is an error for a
 * component that names it, unless it was removed since. Returns a system error. */
static int cfti_listing_follow(const cfti_listing *listing, const char *name,
                               cfti_entry_match *match) {
    cfti_os_status status;
    int error = cfti_os_status_at(listing->directory, name, true, &status);
    if (error == 0 && status.kind == CFTI_KIND_DIRECTORY) return 0;
    match->states = 0;
    if (error == 0) return 0;
    if (!cfti_is_missing(error)) return error;
    if (!match->found_is_named && !match->below_is_named) return 0;
    match->found = false;
    return cfti_os_is_absent(cfti_os_status_at(listing->directory, name, false, &status)) ? 0
                                                                                          : error;
}

/* What explains an excluded link that is not found itself. To a search without the exclusion it is
 * a directory, an error, or nothing. */
static void cfti_listing_excluded_link(cfti_listing *listing, const char *name,
                                       cfti_entry_match without, cfti_kind *kind) {
    if (cfti_listing_follow(listing, name, &without) != 0) return;
    if (without.states != 0) *kind = CFTI_KIND_DIRECTORY;
    else listing->excluded = 0;
}

/* Keeps an entry in the node, and a child if the entry is a directory to search. */
static int cfti_listing_keep(cfti_listing *listing, const char *name, size_t size, cfti_kind kind,
                             const cfti_entry_match *match, int error) {
    cfti_node *node = listing->node;
    const confiture_allocator *allocator = &listing->walk->allocator;
    void *entries = node->entries;
    const char *real = NULL;
    size_t real_size = 0;
    cfti_entry *entry;
    char *copy;
    if (node->count > 0) node->arena.block_size = 4000;
    copy = (char *)cfti_arena_reserve(&node->arena, size + 1);
    if (copy == NULL ||
        !cfti_grow(allocator, &entries, &node->capacity, node->count, sizeof(cfti_entry)))
        return cfti_listing_fail(listing, CFTI_OS_NO_MEMORY, name);
    node->entries = (cfti_entry *)entries;
    memcpy(copy, name, size + 1);
    cfti_arena_commit_text(&node->arena, size + 1);
    entry = &node->entries[node->count++];
    memset(entry, 0, sizeof(*entry));
    entry->key = cfti_name_key(name, size);
    entry->name = copy;
    entry->size = (uint32_t)size; /* of one component: no system allows 4 GiB */
    entry->kind = (uint8_t)kind;
    entry->error = (uint16_t)error;
    if (error != 0) return 0;
    entry->excluded = listing->excluded;
    if (cfti_entry_match_is_empty(match)) return 0;
    entry->found = match->found;
    entry->left_out = match->left_out && !match->found;
    if (listing->walk->real_base != NULL &&
        (kind == CFTI_KIND_LINK || cfti_is_parent(name, size))) {
        error = cfti_listing_confine(listing, entry, &real, &real_size);
        if (error != 0) return cfti_listing_fail(listing, error, name);
        if (entry->error != 0) return 0;
    }
    if (match->found) {
        node->found_count++;
        node->found_bytes += size + 1;
    }
    if ((match->real_states | match->states) == 0) return 0;
    entry->child = cfti_node_create(allocator, &node->arena, node, copy, size);
    if (entry->child == NULL) return cfti_listing_fail(listing, CFTI_OS_NO_MEMORY, name);
    entry->child->states = match->real_states | match->states;
    entry->child->real = real;
    entry->child->real_size = real_size;
    node->has_children = true;
    return 0;
}

/* Matches one entry of the directory. A result other than 0 ends the listing; the failure is then
 * in the node. */
static int cfti_listing_entry(void *ctx, const char *name, cfti_kind kind) {
    cfti_listing *listing = (cfti_listing *)ctx;
    size_t size = strlen(name);
    cfti_entry_match match;
    bool skip_file, skip_all;
    int error;
    if (kind == CFTI_KIND_UNKNOWN) {
        cfti_os_status status;
        error = cfti_os_status_at(listing->directory, name, false, &status);
        if (cfti_os_is_absent(error)) return 0; /* removed since it was listed */
        if (error != 0) return cfti_listing_fail(listing, error, name);
        kind = status.kind;
    }
    match = cfti_listing_match(listing, name, size, kind);
    if (cfti_entry_match_is_empty(&match)) return 0;
    listing->is_found = match.found;
    if (match.found) cfti_mark(listing->walk->include_matched, 0);
    error = cfti_listing_excluded(listing, name, size, &skip_file, &skip_all);
    if (error != 0) return cfti_listing_fail(listing, error, name);
    if (!match.found && !(skip_all && (match.real_states | match.states) != 0))
        listing->excluded = 0; /* it would not be in the list anyway */
    if (listing->excluded != 0 && !match.found && kind == CFTI_KIND_LINK)
        cfti_listing_excluded_link(listing, name, match, &kind);
    if (skip_file) match.found = match.found_is_named = match.left_out = false;
    if (skip_all) {
        match.real_states = match.states = 0;
        match.below_is_named = false;
    }
    if (kind == CFTI_KIND_LINK && (match.states != 0 || match.found_is_named))
        error = cfti_listing_follow(listing, name, &match);
    if (error == 0 && cfti_entry_match_is_empty(&match) && listing->excluded == 0) return 0;
    return cfti_listing_keep(listing, name, size, kind, &match, error);
}

/* Looks up a component without wildcards. */
static int cfti_listing_lookup_one(cfti_listing *listing, const cfti_component *component) {
    cfti_os_status status;
    cfti_buffer name = cfti_buffer_empty(&listing->walk->allocator);
    int error;
    if (!cfti_path_clean(&name, component->text, component->size)) {
        error = cfti_listing_fail(listing, CFTI_OS_NO_MEMORY, "");
    } else {
        const char *text = (const char *)name.data;
        error = cfti_os_status_at(listing->directory, text, false, &status);
        if (error == 0) error = cfti_listing_entry(listing, text, status.kind);
        else if (cfti_is_missing(error)) error = 0;
        else (void)cfti_listing_fail(listing, error, text);
    }
    cfti_buffer_free(&name);
    return error;
}

/* Looks up all components without wildcards, which need no listing; only_parent: "..", which no
 * listing contains. */
static int cfti_listing_lookup(cfti_listing *listing, bool only_parent) {
    const cfti_component *components = listing->walk->pattern->components;
    size_t i, k;
    int error = 0;
    for (i = 0; i < listing->walk->pattern->count && error == 0; i++) {
        const char *text = components[i].text;
        size_t size = components[i].size;
        if (!cfti_states_have(listing->node->states, i) ||
            components[i].kind != CFTI_COMPONENT_EXACT ||
            (only_parent && !cfti_is_parent(text, size)))
            continue;
        for (k = 0; k < i; k++) /* an equal component was looked up before */
            if (cfti_states_have(listing->node->states, k) &&
                components[k].kind == CFTI_COMPONENT_EXACT &&
                cfti_component_matches(&components[k], text, size))
                break;
        if (k == i) error = cfti_listing_lookup_one(listing, &components[i]);
    }
    return error;
}

static int cfti_entry_order(const void *a, const void *b) {
    const cfti_entry *x = (const cfti_entry *)a, *y = (const cfti_entry *)b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return cfti_bytes_compare(x->name, x->size, y->name, y->size);
}

/* Opens the directory, relative to its parent if that is open. */
static int cfti_listing_open(cfti_listing *listing) {
    const cfti_node *node = listing->node;
    if (node->parent != NULL && node->parent->is_open)
        return cfti_os_open_directory_at(node->parent->directory, node->name, &listing->directory);
    if (!cfti_node_path(node, &listing->path)) return CFTI_OS_NO_MEMORY;
    return cfti_os_open_directory((const char *)listing->path.data, &listing->directory);
}

/* Lists one directory of the level, on any worker. */
static void cfti_node_list(void *ctx, size_t index) {
    cfti_walk *walk = (cfti_walk *)ctx;
    cfti_node *node = walk->level[index];
    cfti_listing listing;
    bool wants_listing = false;
    size_t i;
    int error;
    memset(&node->fail, 0, sizeof(node->fail));
    node->states = cfti_states_close(walk->pattern, node->states);
    for (i = 0; i < walk->pattern->count; i++)
        if (cfti_states_have(node->states, i) &&
            walk->pattern->components[i].kind != CFTI_COMPONENT_EXACT)
            wants_listing = true;
    i = walk->pattern->count - 1;
    node->found = cfti_states_have(node->states, i) &&
                  walk->pattern->components[i].kind == CFTI_COMPONENT_ANY_DEPTH;
    memset(&listing, 0, sizeof(listing));
    listing.walk = walk;
    listing.node = node;
    listing.path = listing.end = cfti_buffer_empty(&walk->allocator);
    error = cfti_listing_open(&listing);
    if (error != 0) {
        (void)cfti_listing_fail(&listing, error, "");
        cfti_buffer_free(&listing.path);
        return;
    }
    error = cfti_listing_prepare(&listing) ? 0 : CFTI_OS_NO_MEMORY;
    if (error == 0) error = cfti_listing_lookup(&listing, wants_listing);
    if (error == 0 && wants_listing)
        error = cfti_os_list(listing.directory, cfti_listing_entry, &listing);
    if (error != 0 && node->fail.status == CONFITURE_OK)
        (void)cfti_listing_fail(&listing, error, "");
    node->is_open = node->stays_open && node->has_children;
    if (node->is_open) node->directory = listing.directory;
    else cfti_os_close(listing.directory);
    cfti_buffer_free(&listing.path);
    cfti_buffer_free(&listing.end);
    if (!cfti_sort(&walk->allocator, node->entries, node->count, sizeof(cfti_entry),
                   cfti_entry_order))
        cfti_fail_with(&node->fail, CONFITURE_E_MEMORY, NULL);
    cfti_node_shrink(&walk->allocator, node);
}

/* ---- find/walk.c: one pattern in one directory tree ---- */

/* Adds a node to the next level. False: no memory. */
static bool cfti_walk_push(cfti_walk *walk, cfti_node *node) {
    void *level = walk->level;
    if (!cfti_grow(&walk->allocator, &level, &walk->level_capacity, walk->level_count,
                   sizeof(cfti_node *)))
        return false;
    walk->level = (cfti_node **)level;
    walk->level[walk->level_count++] = node;
    node->all = walk->all;
    walk->all = node;
    return true;
}

/* A directory with a long path is opened relative to its parent. For that, up to this many parents
 * of each level stay open while the next level is listed. */
#define CFTI_MAX_OPEN 16

static void cfti_level_choose_open(cfti_node *const *level, size_t n) {
    size_t i, chosen = 0;
    for (i = 0; i < n && chosen < CFTI_MAX_OPEN; i++) {
        level[i]->stays_open = level[i]->path_size >= CFTI_OS_LONG_PATH;
        chosen += level[i]->stays_open;
    }
}

#if !defined(CFTI_DIRECTORIES_PER_THREAD)
#define CFTI_DIRECTORIES_PER_THREAD 4 /* listing four takes as long as starting a thread */
#endif

/* Lists all directories level by level. Each level is one parallel loop. */
static confiture_status cfti_walk_levels(cfti_walk *walk, cfti_fail *fail) {
    const confiture_run *run = &walk->options->run;
    size_t first = 0; /* the level is walk->level[first] to [level_count - 1] */
    while (first < walk->level_count) {
        size_t n = walk->level_count - first, i, k;
        int error;
        if (!*walk->workers_are_open && n / CFTI_DIRECTORIES_PER_THREAD >= 2) {
            cfti_workers_open(walk->workers, run, &walk->allocator,
                              n / CFTI_DIRECTORIES_PER_THREAD);
            *walk->workers_are_open = true;
        }
        memmove(walk->level, walk->level + first, n * sizeof(cfti_node *));
        walk->level_count = n;
        for (i = 0; i < n; i++)
            cfti_fail_with(&walk->level[i]->fail, CONFITURE_E_ARGUMENT, CFTI_UNDONE);
        cfti_level_choose_open(walk->level, n);
        error = cfti_workers_each(walk->workers, n, cfti_node_list, walk);
        if (error != 0) return cfti_fail_parallel(fail, error);
        for (i = 0; i < n; i++) {
            cfti_node *node = walk->level[i];
            if (node->parent != NULL) cfti_node_close(node->parent);
            walk->found += node->found_count;
            walk->found_bytes += node->found_bytes + node->found_count * (node->path_size + 1);
            for (k = 0; k < node->count; k++) {
                if (node->entries[k].child != NULL && !cfti_walk_push(walk, node->entries[k].child))
                    return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
            }
        }
        first = n;
        if (run->progress != NULL) {
            confiture_progress progress;
            memset(&progress, 0, sizeof(progress));
            progress.files = walk->found;
            if (run->progress(run->progress_user, &progress) != 0)
                return cfti_fail_with(fail, CONFITURE_E_CANCELLED, NULL);
        }
    }
    return CONFITURE_OK;
}

/* What excludes a directory that "**" found, as in find/explain.c; 0: nothing. */
static uint32_t cfti_node_excluded(const cfti_walk *walk, const cfti_buffer *path) {
    size_t root = cfti_min(walk->root_size, path->size), i;
    uint32_t excluded = 0;
    for (i = 0; i < walk->directory->exclude_count; i++) {
        if (!cfti_match((const char *)path->data + root, path->size - root,
                        walk->directory->exclude[i], strlen(walk->directory->exclude[i])))
            continue;
        cfti_mark(walk->directory->exclude_matched, i);
        if (excluded == 0) excluded = cfti_cause_pattern(walk->options, i);
    }
    return excluded;
}

/* Adds a directory that "**" found to the list, unless it is excluded. False: no memory. */
static bool cfti_walk_add_node(cfti_walk *walk, const cfti_buffer *path, confiture_files *files) {
    uint32_t excluded = cfti_node_excluded(walk, path);
    const char *text = (const char *)path->data;
    cfti_mark(walk->include_matched, 0);
    if (excluded == 0) return cfti_files_add(files, text, path->size, "", 0, CFTI_KIND_DIRECTORY);
    return walk->explain == NULL ||
           cfti_explain_excluded(walk->explain, files, text, path->size, "", 0, excluded, false);
}

/* The failure of an entry that has an error. */
static void cfti_entry_fail(cfti_node *node, const cfti_entry *entry, cfti_fail *fail) {
    (void)cfti_node_fail(node, entry->error, entry->name);
    *fail = node->fail;
    if (entry->error == CFTI_LEADS_OUT && fail->status == CONFITURE_E_SYSTEM) {
        fail->status = CONFITURE_E_OUTSIDE;
        fail->os_error = 0;
        fail->detail = cfti_leads_out;
    }
}

/* Visits the listed directories depth first, which is the order of paths, and appends the results.
 * The first failure in this order is reported. */
static confiture_status cfti_walk_collect(cfti_walk *walk, cfti_node *root, confiture_files *files,
                                          cfti_fail *fail) {
    cfti_node *node = root;
    cfti_buffer path = cfti_buffer_empty(&walk->allocator);
    /* The paths of a deep tree may exceed a size_t of 32 bits. */
    bool capacity =
        walk->found_bytes <= SIZE_MAX / 2 &&
        cfti_files_reserve(files, (size_t)walk->found - files->count, (size_t)walk->found_bytes);
    fail->status = CONFITURE_OK;
    capacity = capacity && cfti_node_enter(&path, root);
    while (node != NULL && capacity && fail->status == CONFITURE_OK) {
        if (node->fail.status != CONFITURE_OK) {
            *fail = node->fail;
        } else if (!node->entered) {
            node->entered = true;
            if (node->found) capacity = cfti_walk_add_node(walk, &path, files);
        } else if (node->cursor < node->count) {
            const cfti_entry *entry = &node->entries[node->cursor++];
            if (entry->error != 0) {
                cfti_entry_fail(node, entry, fail);
                break;
            }
            if (entry->found)
                capacity = cfti_files_add(files, (const char *)path.data, path.size, entry->name,
                                          entry->size, (cfti_kind)entry->kind);
            if (entry->left_out)
                capacity = cfti_files_leave_out(files, (const char *)path.data, path.size,
                                                entry->name, entry->size);
            if (entry->excluded != 0 && capacity)
                capacity = cfti_explain_excluded(
                    walk->explain, files, (const char *)path.data, path.size, entry->name,
                    entry->size, entry->excluded, entry->kind == CFTI_KIND_DIRECTORY);
            if (entry->child != NULL && capacity) {
                node = entry->child;
                capacity = cfti_node_enter(&path, node);
            }
        } else {
            node = node->parent;
            cfti_node_leave(&path, node);
        }
    }
    cfti_buffer_free(&path);
    return capacity ? fail->status : cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
}

static void cfti_walk_free(cfti_walk *walk, cfti_arena *root_arena) {
    while (walk->all != NULL) {
        /* A node lies in its parent's arena, and parents come after their children. */
        cfti_node *node = walk->all;
        walk->all = node->all;
        cfti_node_close(node);
        cfti_free(&walk->allocator, node->entries, node->capacity * sizeof(cfti_entry));
        cfti_arena_free(&node->arena);
    }
    cfti_arena_free(root_arena);
    cfti_free(&walk->allocator, walk->level, walk->level_capacity * sizeof(cfti_node *));
}

/* ---- find/find.c: the search: include directories and their patterns; a caller's own list ---- */

/* The state of a search, freed by cfti_search_close. */
typedef struct cfti_search {
    const confiture_find_options *options;
    confiture_allocator allocator;
    cfti_excluded *exclude_dirs;
    cfti_buffer path;      /* the clean path of the current include directory */
    cfti_buffer real_path; /* the same, resolved, if the search is confined */
    cfti_buffer real_base; /* the resolved base, if the search is confined */
    cfti_explain explain;  /* if options->explain is set */
    cfti_workers workers;
    bool workers_are_open;
    bool matches_only; /* excluded directories are searched too, for the flags alone */
    size_t walks;      /* each walk finds its files in order */
} cfti_search;

static confiture_status cfti_search_open(cfti_search *search, const confiture_find_options *options,
                                         const confiture_allocator *allocator, cfti_fail *fail) {
    size_t i, n = options->exclude_dir_count;
    memset(search, 0, sizeof(*search));
    search->options = options;
    search->allocator = *allocator;
    search->path.allocator = *allocator;
    search->real_path.allocator = search->real_base.allocator = *allocator;
    search->workers.run = &options->run;
    cfti_explain_open(&search->explain, options, allocator);
    if (n == 0) return CONFITURE_OK;
    if (n <= SIZE_MAX / sizeof(cfti_excluded))
        search->exclude_dirs = (cfti_excluded *)cfti_alloc(allocator, n * sizeof(cfti_excluded));
    if (search->exclude_dirs == NULL) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    memset(search->exclude_dirs, 0, n * sizeof(cfti_excluded));
    for (i = 0; i < n; i++) {
        cfti_excluded *excluded = &search->exclude_dirs[i];
        const char *slash;
        excluded->path.allocator = *allocator;
        if (!cfti_path_clean(&excluded->path, options->exclude_dirs[i],
                             strlen(options->exclude_dirs[i])))
            return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
        slash = strrchr((const char *)excluded->path.data, '/');
        if (slash == NULL) continue;
        excluded->leaf = (size_t)(slash - (const char *)excluded->path.data) + 1;
        excluded->parent_size =
            cfti_max(excluded->leaf - 1,
                     cfti_os_root((const char *)excluded->path.data, excluded->path.size));
    }
    return CONFITURE_OK;
}

static void cfti_search_close(cfti_search *search) {
    size_t i;
    cfti_explain_close(&search->explain);
    if (search->workers_are_open) cfti_workers_close(&search->workers);
    for (i = 0; search->exclude_dirs != NULL && i < search->options->exclude_dir_count; i++)
        cfti_buffer_free(&search->exclude_dirs[i].path);
    cfti_free(&search->allocator, search->exclude_dirs,
              search->options->exclude_dir_count * sizeof(cfti_excluded));
    cfti_buffer_free(&search->path);
    cfti_buffer_free(&search->real_path);
    cfti_buffer_free(&search->real_base);
}

/* NULL: the search is not explained, or this part of it is not. */
static cfti_explain *cfti_search_explain(cfti_search *search) {
    return search->options->explain == NULL || search->matches_only ? NULL : &search->explain;
}

/* Searches one include directory, whose clean path is in search->path, for one pattern. */
static confiture_status cfti_search_pattern(cfti_search *search,
                                            const confiture_directory *directory,
                                            const cfti_pattern *pattern, bool *matched,
                                            confiture_files *files, cfti_fail *fail) {
    cfti_walk walk;
    cfti_arena arena;
    cfti_node *root;
    confiture_status status;
    size_t i;
    memset(&walk, 0, sizeof(walk));
    memset(&arena, 0, sizeof(arena));
    arena.allocator = walk.allocator = search->allocator;
    arena.block_size = 512;
    walk.pattern = pattern;
    walk.directory = directory;
    walk.options = search->options;
    walk.include_matched = matched;
    walk.matches_only = search->matches_only;
    walk.explain = cfti_search_explain(search);
    walk.found = files->count;
    walk.exclude_dirs = search->exclude_dirs;
    walk.workers = &search->workers;
    walk.workers_are_open = &search->workers_are_open;
    for (i = 0; i < directory->exclude_count; i++)
        walk.exclude_depth =
            cfti_max(walk.exclude_depth, cfti_match_components(directory->exclude[i]));
    root = cfti_node_create(&walk.allocator, &arena, NULL, (const char *)search->path.data,
                            search->path.size);
    if (root != NULL) {
        walk.root_size =
            cfti_node_is_dot(root) ? 0 : root->path_size + (root->name[root->path_size - 1] != '/');
        root->states = 1;
        if (search->options->confine) {
            walk.real_base = (const char *)search->real_base.data;
            root->real = (const char *)search->real_path.data;
            root->real_size = search->real_path.size;
        }
    }
    if (root == NULL || !cfti_walk_push(&walk, root)) {
        status = cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    } else {
        status = cfti_walk_levels(&walk, fail);
        if (status == CONFITURE_OK) status = cfti_walk_collect(&walk, root, files, fail);
    }
    if (status != CONFITURE_OK && fail->path != NULL) {
        /* The list outlives the walk, which has the path. */
        fail->path = cfti_files_string(files, fail->path, strlen(fail->path), false, "", 0);
    }
    cfti_walk_free(&walk, &arena);
    return status;
}

static const char *const cfti_default_include[] = {"**/"
                                                   "*.sql"};
static const char *const cfti_flat_include[] = {"*.sql"};

/* The include patterns of a directory, by the rules of the reference: not_recursive changes only
 * the default pattern. */
static size_t cfti_include_patterns(const confiture_directory *directory,
                                    const char *const **patterns) {
    *patterns = directory->include;
    if (directory->include_count == 0 ||
        (directory->include_count == 1 &&
         strcmp(directory->include[0], cfti_default_include[0]) == 0)) {
        *patterns = directory->not_recursive ? cfti_flat_include : cfti_default_include;
        return 1;
    }
    return directory->include_count;
}

static confiture_status cfti_fail_pattern(cfti_fail *fail, const char *pattern, const char *why) {
    cfti_fail_with(fail, CONFITURE_E_ARGUMENT, why);
    fail->path = pattern;
    return fail->status;
}

/* Rejects an invalid directory before the search begins. */
static confiture_status cfti_directory_check(const confiture_directory *directory,
                                             cfti_fail *fail) {
    const char *const *patterns;
    size_t n = cfti_include_patterns(directory, &patterns), i;
    cfti_pattern pattern;
    if (directory->path[0] == '\0')
        return cfti_fail_with(fail, CONFITURE_E_ARGUMENT, "an include directory has no path");
    for (i = 0; i < n; i++) {
        const char *why = cfti_pattern_compile(&pattern, patterns[i], !directory->not_recursive);
        if (why != NULL) return cfti_fail_pattern(fail, patterns[i], why);
    }
    for (i = 0; i < directory->exclude_count; i++)
        if (cfti_match_is_empty(directory->exclude[i], strlen(directory->exclude[i])) &&
            !cfti_path_is_absolute(directory->exclude[i]))
            return cfti_fail_pattern(fail, directory->exclude[i], "the exclude pattern is empty");
    return CONFITURE_OK;
}

/* Checks that the current include directory is below the base of a confined search. */
static confiture_status cfti_search_confine(cfti_search *search, cfti_fail *fail,
                                            const char *given) {
    int error = cfti_path_resolve(&search->real_path, (const char *)search->path.data);
    if (error != 0) return cfti_fail_system(fail, error, given);
    if (cfti_path_below((const char *)search->real_path.data,
                        (const char *)search->real_base.data) != NULL)
        return CONFITURE_OK;
    cfti_fail_with(fail, CONFITURE_E_OUTSIDE, "the directory is not below the base directory");
    fail->path = given;
    return fail->status;
}

/* Why a name on a path leads to no directory: 0 if the name is missing. `said` is the error that
 * opening the path had. last: the name is the path's last. */
static int cfti_missing_at(cfti_os_file parent, const char *leaf, bool last, int said) {
    cfti_os_status status;
    int error = cfti_os_status_at(parent, leaf, false, &status);
    if (error != 0) return cfti_is_missing(error) ? 0 : error;
    if (status.kind == CFTI_KIND_LINK) error = cfti_os_status_at(parent, leaf, true, &status);
    if (error != 0 || !last) return error;
    return status.kind == CFTI_KIND_DIRECTORY ? said : CFTI_OS_NOT_DIRECTORY;
}

/* Why a clean path leads to no directory: 0 if one of its names is missing, otherwise a system
 * error. `said` is the error that opening the path had. A link that leads nowhere or in a circle is
 * not missing. */
static int cfti_missing_why(const confiture_allocator *allocator, const char *path, int said) {
    cfti_buffer parent = cfti_buffer_empty(allocator), leaf = parent;
    size_t end = strlen(path), root = cfti_os_root(path, end);
    bool last = true, found = false;
    int error = 0;
    for (; end > root && !found && error == 0; last = false) {
        cfti_os_file at;
        size_t start = end;
        while (start > root && path[start - 1] != '/') start--;
        if (!cfti_path_clean(&parent, path, start) ||
            !cfti_path_clean(&leaf, path + start, end - start)) {
            error = CFTI_OS_NO_MEMORY;
            break;
        }
        error = cfti_os_open_place((const char *)parent.data, &at);
        if (error == 0) {
            found = true;
            error = cfti_missing_at(at, (const char *)leaf.data, last, said);
            cfti_os_close(at);
        } else if (cfti_is_missing(error)) {
            error = 0;
        }
        end = start > root ? start - 1 : root;
    }
    cfti_buffer_free(&parent);
    cfti_buffer_free(&leaf);
    return error;
}

/* Leaves out an include directory that is excluded. */
static confiture_status cfti_search_skip(cfti_search *search, const confiture_directory *directory,
                                         confiture_files *files, uint32_t cause, cfti_fail *fail) {
    cfti_explain *explain = cfti_search_explain(search);
    cfti_explain_walk(explain, directory, NULL);
    if (explain == NULL ||
        cfti_explain_excluded(explain, files, "", 0, (const char *)search->path.data,
                              search->path.size, cause, true))
        return CONFITURE_OK;
    return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
}

static confiture_status cfti_search_directory(cfti_search *search,
                                              const confiture_directory *directory,
                                              confiture_files *files, cfti_fail *fail) {
    const char *const *patterns;
    size_t n = cfti_include_patterns(directory, &patterns), i;
    cfti_os_file opened;
    cfti_pattern pattern;
    const char *path;
    bool missing;
    uint32_t excluded = 0;
    int error;
    if (!cfti_path_clean(&search->path, directory->path, strlen(directory->path)))
        return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    path = (const char *)search->path.data;
    error = cfti_os_open_directory(path, &opened);
    if (error == 0) cfti_os_close(opened);
    missing = cfti_is_missing(error);
    if (missing) error = cfti_missing_why(&search->allocator, path, error);
    if (missing && error == 0) {
        if (!directory->must_exist) return CONFITURE_OK;
        cfti_fail_with(fail, CONFITURE_E_NOT_FOUND, NULL);
        fail->path = directory->path;
        return fail->status;
    }
    /* Whether it is missing could not be found out: that it is excluded is no answer. */
    if (missing && cfti_os_is_shortage(error))
        return cfti_fail_system(fail, error, directory->path);
    for (i = 0; i < search->options->exclude_dir_count; i++)
        if (cfti_path_below(path, (const char *)search->exclude_dirs[i].path.data) != NULL) {
            cfti_mark(search->options->exclude_dir_matched, i);
            if (excluded == 0) excluded = cfti_cause_directory(i);
        }
    if (excluded != 0 && !search->matches_only) /* even if it is unreadable */
        return cfti_search_skip(search, directory, files, excluded, fail);
    if (error != 0) return cfti_fail_system(fail, error, directory->path);
    if (search->options->confine &&
        cfti_search_confine(search, fail, directory->path) != CONFITURE_OK)
        return fail->status;
    for (i = 0; i < n; i++) {
        bool *matched = directory->include_count > 0 && directory->include_matched != NULL
                            ? &directory->include_matched[i]
                            : NULL;
        confiture_status status;
        (void)cfti_pattern_compile(&pattern, patterns[i], !directory->not_recursive);
        cfti_explain_walk(cfti_search_explain(search), directory, patterns[i]);
        status = cfti_search_pattern(search, directory, &pattern, matched, files, fail);
        search->walks++;
        if (status == CONFITURE_OK && !cfti_explain_found(cfti_search_explain(search), files))
            status = cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
        if (status != CONFITURE_OK) return status;
    }
    return CONFITURE_OK;
}

/* The longest common prefix of the resolved include directories. */
static confiture_status cfti_common_base(cfti_buffer *base, const confiture_directory *directories,
                                         size_t count, cfti_fail *fail) {
    cfti_buffer one = cfti_buffer_empty(&base->allocator);
    size_t i;
    int error = 0;
    for (i = 0; i < count && error == 0; i++) {
        error = cfti_path_resolve(i == 0 ? base : &one, directories[i].path);
        if (error != 0) cfti_fail_system(fail, error, directories[i].path);
        else if (i > 0) cfti_path_common(base, (const char *)one.data);
    }
    cfti_buffer_free(&one);
    return error != 0 ? fail->status : CONFITURE_OK;
}

/* "no SQL files found in a, b": in *words, which must outlive the failure. */
static confiture_status cfti_fail_no_files(cfti_buffer *words, cfti_fail *fail,
                                           const confiture_directory *directories, size_t count) {
    size_t i;
    cfti_fail_with(fail, CONFITURE_E_NO_FILES, NULL);
    if (count == 1) {
        cfti_os_status status;
        fail->path = directories[0].path;
        if (cfti_is_missing(cfti_os_status_at(CFTI_OS_CWD, fail->path, false, &status)))
            fail->detail = "no SQL files found: the directory does not exist";
        return fail->status;
    }
    words->size = 0;
    if (!cfti_buffer_append(words, "no SQL files found in ", 22)) return fail->status;
    for (i = 0; i < count; i++) {
        if (i > 0 && !cfti_buffer_append(words, ", ", 2)) return fail->status;
        if (!cfti_buffer_append(words, directories[i].path, strlen(directories[i].path)))
            return fail->status;
    }
    if (cfti_buffer_append(words, "", 1)) fail->detail = (const char *)words->data;
    return fail->status;
}

static bool cfti_all_matched(const bool *matched, size_t count) {
    size_t i;
    for (i = 0; matched != NULL && i < count; i++)
        if (!matched[i]) return false;
    return true;
}

/* A pattern or an excluded directory may match only below other excluded directories. If one has
 * not matched yet, the search is repeated with the excluded directories, for the flags alone: an
 * unreadable directory among them is no failure. */
static confiture_status cfti_search_excluded(cfti_search *search,
                                             const confiture_directory *directories, size_t count,
                                             cfti_fail *fail) {
    const confiture_find_options *options = search->options;
    confiture_find_options all = *options;
    confiture_status status = CONFITURE_OK;
    size_t i;
    all.confine = false;
    search->options = &all;
    search->matches_only = true;
    for (i = 0; i < count && status == CONFITURE_OK; i++) {
        const confiture_directory *directory = &directories[i];
        confiture_files *unused = NULL;
        if (cfti_all_matched(directory->include_matched, directory->include_count) &&
            cfti_all_matched(directory->exclude_matched, directory->exclude_count) &&
            cfti_all_matched(options->exclude_dir_matched, options->exclude_dir_count))
            continue;
        status = cfti_files_create(&unused, options->run.allocator, NULL);
        if (status != CONFITURE_OK) cfti_fail_with(fail, status, NULL);
        else status = cfti_search_directory(search, directory, unused, fail);
        confiture_files_free(unused);
        if (status != CONFITURE_E_MEMORY && status != CONFITURE_E_CANCELLED) status = CONFITURE_OK;
    }
    search->options = options;
    search->matches_only = false;
    return status;
}

/* Explains a finished search to a caller who asks; named: the list has a base. */
static confiture_status cfti_search_explained(cfti_search *search, confiture_files *files,
                                              bool named, cfti_fail *fail) {
    cfti_explain *explain = cfti_search_explain(search);
    if (explain == NULL) return CONFITURE_OK;
    if (cfti_explain_prepare(explain, files, named, fail) != CONFITURE_OK) return fail->status;
    cfti_explain_report(explain, files);
    return CONFITURE_OK;
}

static confiture_status cfti_search_all(cfti_search *search, confiture_files *files,
                                        const confiture_directory *directories, size_t count,
                                        cfti_fail *fail) {
    const confiture_find_options *options = search->options;
    confiture_status status = CONFITURE_OK;
    size_t i, walks;
    search->explain.directories = directories;
    for (i = 0; i < count && status == CONFITURE_OK; i++)
        status = cfti_directory_check(&directories[i], fail);
    if (options->confine && status == CONFITURE_OK) {
        const char *base = options->base != NULL ? options->base : directories[0].path;
        if (options->base == NULL && count > 1) {
            status = cfti_common_base(&search->real_base, directories, count, fail);
        } else {
            int error = cfti_path_resolve(&search->real_base, base);
            if (error != 0) status = cfti_fail_system(fail, error, base);
        }
        files->is_confined = true;
    }
    for (i = 0; i < count && status == CONFITURE_OK; i++)
        status = cfti_search_directory(search, &directories[i], files, fail);
    walks = search->walks;
    if (status == CONFITURE_OK && options->exclude_dir_count > 0)
        status = cfti_search_excluded(search, directories, count, fail);
    if (status != CONFITURE_OK) return status;
    if (files->count == 0) {
        status = cfti_search_explained(search, files, false, fail);
        if (status != CONFITURE_OK) return status;
        return cfti_fail_no_files(&search->path, fail, directories, count);
    }
    if (!cfti_files_order(files, walks < 2, options->sort, options->unique))
        return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    if (options->base == NULL && count > 1) {
        status = cfti_common_base(&search->path, directories, count, fail);
    } else {
        const char *base = options->base != NULL ? options->base : directories[0].path;
        if (!cfti_path_clean(&search->path, base, strlen(base)))
            status = cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    }
    if (status != CONFITURE_OK) return status;
    status = cfti_files_name_all(files, (const char *)search->path.data, false, fail);
    if (status == CONFITURE_OK) status = cfti_search_explained(search, files, true, fail);
    if (status != CONFITURE_OK) fail->index = CONFITURE_NO_INDEX; /* the caller gets no list */
    return status;
}

/* Ends every call that makes a list: on failure, reports it and frees the list. */
static confiture_status cfti_files_finish(confiture_files **files, confiture_status status,
                                          const cfti_fail *fail, confiture_error *error) {
    if (status == CONFITURE_OK) return status;
    status = cfti_report(error, fail);
    confiture_files_free(*files);
    *files = NULL;
    return status;
}

static bool cfti_find_options_check(const confiture_find_options *options, confiture_error *error) {
    const char *why = NULL;
    if (options->sort != CONFITURE_SORT_PATH && options->sort != CONFITURE_SORT_HEX)
        why = "unknown order of files";
    else if (!cfti_io_is_known(options->run.io)) why = cfti_unknown_io;
    if (why != NULL) (void)cfti_report_plain(error, CONFITURE_E_ARGUMENT, why);
    return why == NULL;
}

/* Checks that no required pointer is NULL. */
static bool cfti_search_require(const confiture_directory *directories, size_t count,
                                const confiture_find_options *options, confiture_error *error) {
    char name[64];
    size_t i;
    if (count == 0) {
        (void)cfti_report_plain(error, CONFITURE_E_ARGUMENT, "no include directory is given");
        return false;
    }
    if (!cfti_require(directories, "directories", error)) return false;
    for (i = 0; i < count; i++) {
        const confiture_directory *directory = &directories[i];
        if (!cfti_require(directory->path, cfti_name_item(name, "directories", i, ".path"),
                          error) ||
            !cfti_require_all(directory->include, directory->include_count,
                              cfti_name_item(name, "directories", i, ".include"), error) ||
            !cfti_require_all(directory->exclude, directory->exclude_count,
                              cfti_name_item(name, "directories", i, ".exclude"), error))
            return false;
    }
    return cfti_require_all(options->exclude_dirs, options->exclude_dir_count,
                            "options->exclude_dirs", error);
}

/* Searches once. *shortage, unless NULL, is set if memory or descriptors ran out; that failure is
 * not reported yet. */
static confiture_status cfti_find_once(confiture_files **files,
                                       const confiture_directory *directories,
                                       size_t directory_count,
                                       const confiture_find_options *options, bool *shortage,
                                       confiture_error *error) {
    confiture_allocator scratch;
    cfti_search search;
    cfti_fail fail;
    confiture_status status = cfti_files_create(files, options->run.allocator, error);
    if (status != CONFITURE_OK) return status;
    /* This succeeds: cfti_files_create() has chosen by the same rules. */
    (void)cfti_scratch_allocator(&scratch, &options->run);
    status = cfti_search_open(&search, options, &scratch, &fail);
    if (status == CONFITURE_OK)
        status = cfti_search_all(&search, *files, directories, directory_count, &fail);
    if (shortage != NULL) *shortage = status != CONFITURE_OK && cfti_fail_is_shortage(&fail);
    status = cfti_files_finish(files, status, &fail, shortage != NULL && *shortage ? NULL : error);
    cfti_search_close(&search);
    return status;
}

CONFITURE_API confiture_status confiture_find_all(confiture_files **files,
                                                  const confiture_directory *directories,
                                                  size_t directory_count,
                                                  const confiture_find_options *options,
                                                  confiture_error *error) {
    confiture_find_options defaults, alone;
    confiture_status status;
    bool shared, shortage = false;
    int cancel;
    memset(&defaults, 0, sizeof(defaults));
    if (options == NULL) options = &defaults;
    if (!cfti_require(files, "files", error)) return CONFITURE_E_ARGUMENT;
    *files = NULL;
    if (!cfti_search_require(directories, directory_count, options, error) ||
        !cfti_find_options_check(options, error))
        return CONFITURE_E_ARGUMENT;
    cancel = cfti_cancel_disable();
    shared = options->run.pool != NULL || cfti_workers_limit(&options->run) > 1;
    status = cfti_find_once(files, directories, directory_count, options, shared ? &shortage : NULL,
                            error);
    if (shortage) { /* one thread, without what the others and the pool held, may have enough */
        alone = *options;
        alone.run.threads = 1;
        alone.run.parallel_for = NULL;
        if (alone.run.pool != NULL) cfti_pool_drop(alone.run.pool);
        status = cfti_find_once(files, directories, directory_count, &alone, NULL, error);
    }
    cfti_cancel_restore(cancel);
    return status;
}

CONFITURE_API confiture_status confiture_find(confiture_files **files, const char *directory,
                                              const confiture_find_options *options,
                                              confiture_error *error) {
    confiture_directory one;
    if (!cfti_require(files, "files", error)) return CONFITURE_E_ARGUMENT;
    *files = NULL;
    if (!cfti_require(directory, "directory", error)) return CONFITURE_E_ARGUMENT;
    memset(&one, 0, sizeof(one));
    one.path = directory;
    return confiture_find_all(files, &one, 1, options, error);
}

/* Adds one path of a caller's own list. `clean` is scratch. */
static confiture_status cfti_files_adopt(confiture_files *files, cfti_buffer *clean,
                                         const char *path, size_t size, cfti_fail *fail) {
    if (size == 0) {
        char number[20];
        size_t n = cfti_decimal(number, (uint64_t)files->count + 1);
        clean->size = 0;
        cfti_fail_with(fail, CONFITURE_E_ARGUMENT, "the list holds an empty path");
        if (cfti_buffer_append(clean, "the list holds an empty path: number ", 37) &&
            cfti_buffer_append(clean, number, n) && cfti_buffer_append(clean, "", 1))
            fail->detail = (const char *)clean->data;
        fail->index = files->count;
        return fail->status;
    }
    if (!cfti_path_clean(clean, path, size) ||
        !cfti_files_add(files, (const char *)clean->data, clean->size, "", 0, CFTI_KIND_UNKNOWN))
        return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    return CONFITURE_OK;
}

/* Makes a caller's own list from an array or from a NUL-separated list. */
static confiture_status cfti_files_from(confiture_files **files, const char *const *paths,
                                        size_t path_count, const char *list, size_t list_size,
                                        const confiture_find_options *options,
                                        confiture_error *error) {
    cfti_buffer clean;
    cfti_fail fail;
    size_t i;
    int cancel;
    const char *base = options != NULL && options->base != NULL ? options->base : ".";
    bool common = options != NULL && options->common_base;
    confiture_status status;
    if (!cfti_require(files, "files", error)) return CONFITURE_E_ARGUMENT;
    *files = NULL;
    if (!cfti_require_all(paths, path_count, "paths", error) ||
        (list_size > 0 && !cfti_require(list, "list", error)) ||
        (options != NULL && !cfti_find_options_check(options, error)))
        return CONFITURE_E_ARGUMENT;
    if (common && (options->base != NULL || options->confine))
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT,
                                 options->base != NULL
                                     ? "common_base and base exclude each other"
                                     : "confine needs a base that the list cannot move");
    status = cfti_files_create(files, options != NULL ? options->run.allocator : NULL, error);
    if (status != CONFITURE_OK) return status;
    cancel = cfti_cancel_disable();
    memset(&clean, 0, sizeof(clean));
    clean.allocator = (*files)->allocator;
    (*files)->is_confined = options != NULL && options->confine;
    for (i = 0; i < path_count && status == CONFITURE_OK; i++)
        status = cfti_files_adopt(*files, &clean, paths[i], strlen(paths[i]), &fail);
    while (list_size > 0 && status == CONFITURE_OK) {
        const char *end = (const char *)memchr(list, '\0', list_size);
        size_t size = end != NULL ? (size_t)(end - list) : list_size;
        status = cfti_files_adopt(*files, &clean, list, size, &fail);
        size += end != NULL;
        list += size;
        list_size -= size;
    }
    if (status == CONFITURE_OK) {
        if (common) status = cfti_files_common_base(&clean, *files, &fail);
        else if (!cfti_path_clean(&clean, base, strlen(base)))
            status = cfti_fail_with(&fail, CONFITURE_E_MEMORY, NULL);
    }
    if (status == CONFITURE_OK) {
        status =
            cfti_files_name_all(*files, (const char *)clean.data, (*files)->is_confined, &fail);
    }
    status = cfti_files_finish(files, status, &fail, error);
    cfti_buffer_free(&clean);
    cfti_cancel_restore(cancel);
    return status;
}

CONFITURE_API confiture_status confiture_files_from_paths(confiture_files **files,
                                                          const char *const *paths,
                                                          size_t path_count,
                                                          const confiture_find_options *options,
                                                          confiture_error *error) {
    return cfti_files_from(files, paths, path_count, NULL, 0, options, error);
}

CONFITURE_API confiture_status confiture_files_from_list0(confiture_files **files, const char *list,
                                                          size_t list_size,
                                                          const confiture_find_options *options,
                                                          confiture_error *error) {
    return cfti_files_from(files, NULL, 0, list, list_size, options, error);
}

/* ---- scan/scan.h: the ordered scan's contract: a chunk of a file, a consumer ---- */

/* A scan reads the files of a list, each once, and hands them to a consumer in two steps: `map`
 * runs on any worker, in any order; `fold` runs on the calling thread, strictly in list order.
 * The first failure in list order is the scan's result, whatever the other workers did. With one
 * thread and with many the consumer's folds see the same chunks in the same order. */

#define CFTI_BATCH_FILES 64 /* no batch has more */

/* A file, or a piece of a file that is too large to be read whole. */
typedef struct cfti_chunk {
    const cfti_file *file;
    size_t index; /* of the file in the scanned list */
    /* As they are in the file. Before them are `headroom` bytes that map and fold may overwrite,
     * and, if headroom is not 0, one after them. */
    uint8_t *bytes;
    size_t size;
    size_t headroom;
    uint64_t total;     /* bytes of the file up to the end of this chunk */
    uint64_t remaining; /* bytes of the file after this chunk, as far as is known */
    bool first, last;   /* chunk of its file. The last piece of a file in pieces is empty. */
    void *state;        /* the consumer's, one for each file: zero before the first map */
    void *piece_state;  /* the consumer's while a file is read in pieces; NULL for a whole file */
} cfti_chunk;

/* Any function may be NULL. A failure without a path gets that of the file. */
typedef struct cfti_consumer {
    void *ctx;
    /* Called for each chunk. Memory from the arena lives as long as the chunk's bytes: until its
     * fold, or with state_only until the end of its map. */
    confiture_status (*map)(void *ctx, cfti_chunk *chunk, cfti_arena *arena, cfti_fail *fail);
    /* Called instead of map for files that were read whole, at most CFTI_BATCH_FILES at once.
     * Requires state_only. */
    void (*map_many)(void *ctx, cfti_chunk *const *chunks, size_t count);
    /* Called before each fold: allocates what fold needs, or fails and changes nothing. A scan
     * that can free memory does so after a failure, and calls reserve again. */
    confiture_status (*reserve)(void *ctx, const cfti_chunk *chunk, cfti_fail *fail);
    confiture_status (*fold)(void *ctx, cfti_chunk *chunk, cfti_fail *fail);
    size_t state_size;
    size_t piece_state_size;
    size_t min_batch; /* the number of files from which on map_many is at its fastest */
    /* fold needs the state alone, and is called once for each file: the bytes are gone by then, and
     * any worker may map the pieces of a large file. Otherwise the caller's thread maps and folds
     * each piece in turn. */
    bool state_only;
    /* A whole file has headroom for its name and a NUL, so that a digest can hash name, NUL,
     * bytes and NUL as one run. */
    bool wants_headroom;
} cfti_consumer;

/* Scans all files of the list. */
static confiture_status cfti_scan_run(const confiture_files *files, const confiture_run *run,
                                      const cfti_consumer *consumer, cfti_fail *fail);

/* ---- scan/beneath.c: opening the files of a confined list ---- */

#if !CFTI_OS_OPENS_BENEATH
static int cfti_os_open_beneath(cfti_os_file at, const char *path, bool directory, bool no_links,
                                cfti_os_file *file) {
    (void)at;
    (void)path;
    (void)directory;
    (void)no_links;
    (void)file;
    return CFTI_OS_NO_BENEATH;
}
#endif

/* A symbolic link may lead elsewhere by the time it is followed. So every file of a confined list
 * is opened relative to the base, by a call of the system that does not leave it. On a system
 * without such a call only the checks made when the list was built protect the base. */
typedef struct cfti_beneath {
    const confiture_files *files;
    confiture_allocator allocator;
    cfti_os_file base;
    bool is_open;   /* the base is open */
    bool is_absent; /* the list is not confined, or the system has no such call */
} cfti_beneath;

static void cfti_beneath_init(cfti_beneath *beneath, const confiture_files *files,
                              const confiture_allocator *allocator) {
    memset(beneath, 0, sizeof(*beneath));
    beneath->files = files;
    beneath->allocator = *allocator;
    beneath->is_absent = !files->is_confined;
}

static void cfti_beneath_close(cfti_beneath *beneath) {
    if (beneath->is_open) cfti_os_close(beneath->base);
    beneath->is_open = false;
}

/* Opens the base, and tries the call. CFTI_OS_NO_BENEATH: the call is absent. */
static int cfti_beneath_prepare(cfti_beneath *beneath) {
    cfti_os_file file;
    int error;
    if (beneath->is_absent) return CFTI_OS_NO_BENEATH;
    if (beneath->is_open) return 0;
    error = cfti_os_open_place(beneath->files->base, &beneath->base);
    if (error != 0) return error;
    error = cfti_os_open_beneath(beneath->base, ".", true, false, &file);
    if (error != 0) {
        cfti_os_close(beneath->base);
        beneath->is_absent = error == CFTI_OS_NO_BENEATH;
        return error;
    }
    cfti_os_close(file);
    beneath->is_open = true;
    return 0;
}

/* Opens a path of any length, without links, step by step. */
static int cfti_beneath_walk(const cfti_beneath *beneath, char *path, bool directory,
                             cfti_os_file *file) {
    cfti_os_file at = beneath->base;
    size_t left = strlen(path);
    bool is_base = true;
    for (;; is_base = false) {
        size_t n = left;
        cfti_os_file next;
        int error;
        if (left >= CFTI_OS_PATH_STEP)
            for (n = CFTI_OS_PATH_STEP - 1; n > 0 && path[n] != '/';) n--;
        if (n == 0) n = left; /* the system refuses it as too long */
        if (n < left) path[n] = '\0';
        error = cfti_os_open_beneath(at, path, directory || n < left, true, &next);
        if (!is_base) cfti_os_close(at);
        if (error == 0 && n == left) *file = next;
        if (error != 0 || n == left) return error;
        at = next;
        path += n + 1;
        left -= n + 1;
    }
}

/* Opens a path that the call refuses: an absolute link may lead back inside, and a path may be
 * too long for one call. The path is resolved here, and then opened without links. */
static int cfti_beneath_resolve(const cfti_beneath *beneath, const char *path, bool directory,
                                cfti_os_file *file) {
    cfti_buffer base, place, todo;
    const char *rest = NULL;
    int error;
    memset(&base, 0, sizeof(base));
    base.allocator = beneath->allocator;
    todo = place = base;
    error = cfti_path_resolve(&base, beneath->files->base);
    if (error == 0) error = cfti_path_absolute(&todo, path);
    if (error == 0) error = cfti_path_follow(&place, &todo, true);
    if (error == 0) rest = cfti_path_below((const char *)place.data, (const char *)base.data);
    if (error == 0 && rest == NULL) error = CFTI_LEADS_OUT;
    if (error == 0) {
        char *text = (char *)place.data + (rest - (const char *)place.data);
        char here[] = ".";
        error = cfti_beneath_walk(beneath, *text == '\0' ? here : text, directory, file);
        if (error == CFTI_OS_LEAVES) error = CFTI_OS_LINK_LOOP; /* changed since */
    }
    cfti_buffer_free(&base);
    cfti_buffer_free(&place);
    cfti_buffer_free(&todo);
    return error;
}

/* Opens a file by its name, or its directory. CFTI_LEADS_OUT: it is not below the base;
 * CFTI_OS_NO_BENEATH: this system cannot say. */
static int cfti_beneath_open(cfti_beneath *beneath, const cfti_file *file, bool directory,
                             cfti_os_file *opened) {
    char *copy;
    size_t size = file->name_size, path_size = directory ? file->leaf : file->path_size;
    int error = cfti_beneath_prepare(beneath);
    if (error != 0) return error;
    if (directory)
        while (size > 0 && file->name[size - 1] != '/') size--;
    copy = (char *)cfti_alloc(&beneath->allocator, size + path_size + 4);
    if (copy == NULL) return CFTI_OS_NO_MEMORY;
    memcpy(copy, file->name, size);
    memcpy(copy + size, size == 0 ? "." : "", size == 0 ? 2 : 1);
    error = size >= CFTI_OS_PATH_STEP
                ? CFTI_OS_LEAVES
                : cfti_os_open_beneath(beneath->base, copy, directory, false, opened);
    if (error == CFTI_OS_LEAVES) {
        memcpy(copy, file->path, path_size);
        memcpy(copy + path_size, path_size == 0 ? "." : "", path_size == 0 ? 2 : 1);
        error = cfti_beneath_resolve(beneath, copy, directory, opened);
    }
    cfti_free(&beneath->allocator, copy, size + path_size + 4);
    return error;
}

/* ---- scan/read.c: reading one file ---- */

/* THE RULE. A file can be read in several ways: by read(), through a mapping, by a ring, in
 * pieces. One rule decides for all of them whether the bytes are accepted. It uses only the
 * file's own status, taken after the read:
 *   - The file is a regular file.
 *   - The read reached its end: it brought as many bytes as the file's size, or a further read
 *     brought none. (Files of the kernel have size 0, or a size that is too large.)
 *   - All bytes are of one state. Linux stamps a file before it copies what is written, so times
 *     older than the start of the read prove that nobody has written since. The margin is
 *     CFTI_SETTLED, for file systems that count in steps of two seconds and for servers' clocks.
 *     Nearly all files pass here. The times count only if the file's size is what was read: a
 *     truncation sets the new size first, then removes the bytes, and sets the times last; and
 *     the kernel's files, whose size is wrong, do not keep such times.
 * Every other file, and every file on a system that sets the times late, is read a second time
 * between two equal statuses, and both reads must bring the same bytes. Before the first of the
 * two statuses the clock must have passed the file's times, or a write between the two could
 * leave the same times. A file in pieces is read once, between two such statuses. */

#define CFTI_SETTLED 3     /* seconds */
#define CFTI_MAX_ROUNDS 10 /* second reads of a file that is written to all the time */
#define CFTI_MAX_NAPS 25   /* of about 1 ms; a clock tick takes at most 10 ms */

#define CFTI_FIRST_READ ((size_t)64 << 10) /* the rest of a longer file is read by its size */
#define CFTI_WHOLE_LIMIT ((size_t)2 << 20) /* a longer file is read in pieces */
#define CFTI_PIECE ((size_t)256 << 10)

typedef enum cfti_read_state {
    CFTI_READ_PENDING = 0, /* not read yet */
    CFTI_READ_WHOLE,       /* all bytes are in memory */
    CFTI_READ_MAPPED,      /* read in pieces, all of which have been mapped */
    CFTI_READ_DEFERRED,    /* to be read when the file is folded */
    CFTI_READ_TOO_LONG     /* to be read in pieces when the file is folded */
} cfti_read_state;

/* A file of a batch: the chunk that its consumer sees, and how far it has been read. */
typedef struct cfti_read {
    cfti_chunk chunk;
    cfti_read_state state;
} cfti_read;

static bool cfti_read_is_done(const cfti_read *read) {
    return read->state == CFTI_READ_WHOLE || read->state == CFTI_READ_MAPPED;
}

/* What a worker keeps from file to file. */
typedef struct cfti_reader {
    const confiture_files *files;
    const confiture_run *run;
    confiture_allocator allocator;
    cfti_ring *ring;    /* NULL: files are read one by one */
    bool ring_is_known; /* it has been asked for */
    int ring_pause;     /* batches to be read without the ring: see cfti_read_many() */
    cfti_beneath beneath;
    cfti_os_time start;    /* before the first read: an earlier time is the safe side */
    char *directory_path;  /* of the open directory, with the slash */
    size_t directory_size; /* of that path; 0: no directory is open */
    cfti_os_file directory;
    uint8_t *piece;   /* CFTI_PIECE bytes, or NULL: see cfti_reader_has_piece() */
    cfti_arena bytes; /* bytes that are not needed after map */
    bool is_caller;   /* runs on the caller's thread, the only one that calls back */
    size_t threads;   /* how many read at the same time: see cfti_os_ring_fetch() */
} cfti_reader;

static void cfti_reader_init(cfti_reader *reader, const confiture_files *files,
                             const confiture_run *run, const confiture_allocator *allocator) {
    memset(reader, 0, sizeof(*reader));
    reader->files = files;
    reader->run = run;
    reader->allocator = reader->bytes.allocator = *allocator;
    reader->bytes.block_size = CFTI_FIRST_READ + CFTI_FIRST_READ / 2;
    reader->threads = 1;
    cfti_beneath_init(&reader->beneath, files, allocator);
    cfti_os_now(&reader->start);
}

static void cfti_reader_leave(cfti_reader *reader) {
    if (reader->directory_size == 0) return;
    cfti_os_close(reader->directory);
    cfti_free(&reader->allocator, reader->directory_path, reader->directory_size + 1);
    reader->directory_size = 0;
}

static void cfti_reader_close(cfti_reader *reader) {
    cfti_reader_leave(reader);
    cfti_beneath_close(&reader->beneath);
    cfti_free(&reader->allocator, reader->piece, CFTI_PIECE);
    cfti_arena_free(&reader->bytes);
    if (reader->ring != NULL) cfti_ring_release(reader->run, reader->ring, false);
}

/* Makes the buffer for pieces of large files and of second reads. False: no memory. */
static bool cfti_reader_has_piece(cfti_reader *reader) {
    if (reader->piece == NULL)
        reader->piece = (uint8_t *)cfti_alloc(&reader->allocator, CFTI_PIECE);
    return reader->piece != NULL;
}

static bool cfti_reader_has_ring(cfti_reader *reader) {
    if (!reader->ring_is_known) reader->ring = cfti_ring_acquire(reader->run, reader->files->count);
    reader->ring_is_known = true;
    return reader->ring != NULL;
}

/* Whether the open directory is that of the file. */
static bool cfti_reader_is_in(const cfti_reader *reader, const cfti_file *file) {
    return reader->directory_size == file->leaf &&
           memcmp(reader->directory_path, file->path, file->leaf) == 0;
}

static int cfti_reader_enter(cfti_reader *reader, const cfti_file *file) {
    char *path;
    int error;
    if (cfti_reader_is_in(reader, file)) return 0;
    cfti_reader_leave(reader);
    path = (char *)cfti_alloc(&reader->allocator, (size_t)file->leaf + 1);
    if (path == NULL) return CFTI_OS_NO_MEMORY;
    memcpy(path, file->path, file->leaf);
    path[file->leaf] = '\0';
    error = cfti_beneath_open(&reader->beneath, file, true, &reader->directory);
    if (error == CFTI_OS_NO_BENEATH) error = cfti_os_open_place(path, &reader->directory);
    if (error != 0) {
        cfti_free(&reader->allocator, path, (size_t)file->leaf + 1);
        return error;
    }
    reader->directory_path = path;
    reader->directory_size = file->leaf;
    return 0;
}

/* In a confined list a file that was no symbolic link when it was found must not be one now. */
static bool cfti_reader_refuses_link(const cfti_reader *reader, const cfti_file *file) {
    return reader->files->is_confined && file->kind != CFTI_KIND_LINK;
}

/* Finds the directory in which a file is opened, and the path to use there. Neighbours in the
 * list share an open directory, since a long path costs the kernel more than a short one. Paths
 * too long for the kernel, and files of a confined list, are always opened in their directory. */
static int cfti_reader_locate(cfti_reader *reader, const cfti_file *file, cfti_os_file *at,
                              const char **path) {
    const confiture_files *files = reader->files;
    const cfti_file *end = files->items + files->count;
    bool must = file->path_size >= CFTI_OS_PATH_STEP || files->is_confined;
    int error = 0;
    *at = CFTI_OS_CWD;
    *path = file->path;
    if (file->leaf == 0 && reader->beneath.is_absent) return 0;
    if (!cfti_reader_is_in(reader, file)) {
        if (!must && (file + 1 == end || !cfti_same_directory(file, file + 1))) return 0;
        error = cfti_reader_enter(reader, file);
        /* A directory that may be searched but not read cannot be opened on every system; the
         * whole path can. After a shortage the path would get further than one thread does. */
        if (error != 0 && !must && !cfti_os_is_shortage(error)) return 0;
    }
    if (error != 0) return error;
    *at = reader->directory;
    *path = file->path + file->leaf;
    return 0;
}

static int cfti_reader_open(cfti_reader *reader, const cfti_file *file, cfti_os_file at,
                            const char *path, cfti_os_file *opened) {
    int error = CFTI_OS_NO_BENEATH;
    if (cfti_reader_refuses_link(reader, file)) return cfti_os_open_no_link(at, path, opened);
    if (reader->files->is_confined)
        error = cfti_beneath_open(&reader->beneath, file, false, opened);
    return error == CFTI_OS_NO_BENEATH ? cfti_os_open(at, path, opened) : error;
}

static confiture_status cfti_fail_kind(cfti_fail *fail, cfti_kind kind) {
    return cfti_fail_with(fail, CONFITURE_E_NOT_FILE,
                          kind == CFTI_KIND_DIRECTORY
                              ? "is a directory, not a file"
                              : "is a FIFO, socket or device, not a regular file");
}

static confiture_status cfti_fail_open(const cfti_reader *reader, const cfti_file *file, int error,
                                       cfti_fail *fail) {
    if (error == CFTI_OS_NO_DEVICE) return cfti_fail_kind(fail, CFTI_KIND_OTHER); /* a socket */
    if (error == CFTI_LEADS_OUT) return cfti_fail_with(fail, CONFITURE_E_OUTSIDE, cfti_leads_out);
    if (error == CFTI_OS_LINK_LOOP && cfti_reader_refuses_link(reader, file))
        return cfti_fail_with(fail, CONFITURE_E_CHANGED,
                              "has been replaced by a symbolic link since it was found");
    return cfti_fail_system(fail, error, NULL);
}

/* Opens a file. Unless a listing has said that it is a regular file, its status is checked
 * first: opening a FIFO releases the process at its other end, and opening a device may start
 * it. Something else may have taken the place of a listed file; the open does not wait for it,
 * and the read refuses it. */
static confiture_status cfti_reader_open_file(cfti_reader *reader, const cfti_file *file,
                                              cfti_os_file *opened, cfti_fail *fail) {
    cfti_os_file at;
    const char *path;
    int error;
    if (file->kind == CFTI_KIND_DIRECTORY || file->kind == CFTI_KIND_OTHER)
        return cfti_fail_kind(fail, file->kind);
    error = cfti_reader_locate(reader, file, &at, &path);
    if (error == 0 && file->kind != CFTI_KIND_FILE) {
        cfti_os_status status;
        error = cfti_os_status_at(at, path, true, &status);
        if (error == 0 && status.kind != CFTI_KIND_FILE) return cfti_fail_kind(fail, status.kind);
    }
    if (error == 0) error = cfti_reader_open(reader, file, at, path, opened);
    return error == 0 ? CONFITURE_OK : cfti_fail_open(reader, file, error, fail);
}

/* Whether a file of this size is over the limit. */
static bool cfti_is_over(const confiture_run *run, uint64_t size) {
    return run->max_file_size != 0 && size > run->max_file_size;
}

static confiture_status cfti_fail_limit(cfti_fail *fail, const confiture_run *run) {
    cfti_fail_with(fail, CONFITURE_E_LIMIT, NULL);
    fail->offset = run->max_file_size;
    return fail->status;
}

/* Of a file over the limit one byte too many is read, which shows that, and no more. */
static size_t cfti_capacity_within(const confiture_run *run, size_t capacity) {
    return cfti_is_over(run, capacity) ? (size_t)run->max_file_size + 1 : capacity;
}

static bool cfti_same_status(const cfti_os_status *a, const cfti_os_status *b) {
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->modified == b->modified && a->modified_ns == b->modified_ns &&
           a->changed == b->changed && a->changed_ns == b->changed_ns;
}

static void cfti_read_finish(cfti_read *read, uint8_t *bytes, size_t size) {
    read->chunk.bytes = bytes;
    read->chunk.size = size;
    read->state = CFTI_READ_WHOLE;
}

/* ---- the rule ---- */

/* Whether seconds and ns are earlier than `time` by more than `margin` seconds. */
static bool cfti_is_before(int64_t seconds, uint32_t ns, const cfti_os_time *time, int margin) {
    int64_t last = time->seconds - margin;
    return seconds < last || (seconds == last && ns < time->ns);
}

/* The same for both times of a file. */
static bool cfti_is_older(const cfti_os_status *status, const cfti_os_time *time, int margin) {
    return cfti_is_before(status->modified, status->modified_ns, time, margin) &&
           cfti_is_before(status->changed, status->changed_ns, time, margin);
}

/* Whether the status proves that nobody has written to the file since `start`, after a read that
 * brought `size` bytes: see THE RULE. */
static bool cfti_is_settled(const cfti_os_status *status, uint64_t size,
                            const cfti_os_time *start) {
    return CFTI_OS_TIMES_ARE_PROMPT && status->size == size &&
           cfti_is_older(status, start, CFTI_SETTLED);
}

/* Whether waiting for the clock to pass this time is over, or is of no use: the time is a second
 * or more ahead of the clock, or in whole seconds, as some file systems count. */
static bool cfti_is_past(int64_t seconds, uint32_t ns, const cfti_os_time *now) {
    return ns == 0 || cfti_is_before(seconds, ns, now, 0) || !cfti_is_before(seconds, ns, now, -1);
}

static bool cfti_times_are_past(const cfti_os_status *status, const cfti_os_time *now) {
    return cfti_is_past(status->modified, status->modified_ns, now) &&
           cfti_is_past(status->changed, status->changed_ns, now);
}

/* Gets a file's status once the clock has passed the file's times: what is written from then on
 * gets other times. One wait mostly serves all files that were changed together. */
static confiture_status cfti_wait_status(cfti_os_file file, cfti_os_status *status,
                                         cfti_fail *fail) {
    int naps;
    for (naps = 0;; naps++) {
        cfti_os_time now;
        int error;
        cfti_os_now(&now);
        error = cfti_os_status_of(file, status);
        if (error != 0) return cfti_fail_system(fail, error, NULL);
        if (status->kind != CFTI_KIND_FILE) return cfti_fail_kind(fail, status->kind);
        if (naps == CFTI_MAX_NAPS || cfti_times_are_past(status, &now)) return CONFITURE_OK;
        cfti_os_nap();
    }
}

/* ---- files that are read whole ---- */

#if !defined(CONFITURE_NO_MMAP)
/* Copies bytes out of a mapping: others may change a mapping while it is hashed. False: this file
 * cannot be mapped, as on some file systems. */
static bool cfti_copy_mapped(cfti_os_file file, uint8_t *data, size_t size, uint64_t offset,
                             size_t *got) {
    cfti_os_status status;
    const uint8_t *bytes = NULL;
    if (offset % CFTI_OS_MAP_STEP != 0 || cfti_os_status_of(file, &status) != 0 ||
        status.kind != CFTI_KIND_FILE || status.size <= offset)
        return false;
    if (size > status.size - offset) size = (size_t)(status.size - offset);
    if (cfti_os_map(file, offset, size, &bytes) != 0) return false;
    memcpy(data, bytes, size);
    cfti_os_unmap(bytes, size);
    *got = size;
    return true;
}
#endif

/* Reads up to `size` bytes from `offset` on. *got is 0 only at the end of the file. */
static confiture_status cfti_read_some(const cfti_reader *reader, cfti_os_file file, uint8_t *data,
                                       size_t size, uint64_t offset, size_t *got, cfti_fail *fail) {
    cfti_os_status status;
    int error;
#if !defined(CONFITURE_NO_MMAP)
    if (reader->run->io == CONFITURE_IO_MMAP && cfti_copy_mapped(file, data, size, offset, got))
        return CONFITURE_OK;
#else
    (void)reader;
#endif
    error = cfti_os_read_at(file, data, size, offset, got);
    if (error == 0) return CONFITURE_OK;
    if (cfti_os_status_of(file, &status) == 0 && status.kind != CFTI_KIND_FILE)
        return cfti_fail_kind(fail, status.kind);
    return cfti_fail_system(fail, error, NULL);
}

/* What has been read of a file, and its status after that. */
typedef struct cfti_copy {
    uint8_t *data; /* headroom, bytes, and one byte more */
    size_t headroom, size, capacity;
    bool is_too_long; /* to be held in memory */
    cfti_os_status status;
} cfti_copy;

/* Grows a copy, and keeps what has been read. */
static confiture_status cfti_copy_reserve(cfti_copy *copy, cfti_arena *arena, size_t capacity,
                                          cfti_fail *fail) {
    uint8_t *data = cfti_arena_reserve(arena, copy->headroom + capacity + 1);
    if (data == NULL) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    if (data != copy->data && copy->size > 0)
        memcpy(data + copy->headroom, copy->data + copy->headroom, copy->size);
    copy->data = data;
    copy->capacity = capacity;
    return CONFITURE_OK;
}

/* Takes the status after a read, and checks kind and limit. */
static confiture_status cfti_copy_check(cfti_copy *copy, const cfti_reader *reader,
                                        cfti_os_file file, cfti_fail *fail) {
    int error = cfti_os_status_of(file, &copy->status);
    if (error != 0) return cfti_fail_system(fail, error, NULL);
    if (copy->status.kind != CFTI_KIND_FILE) return cfti_fail_kind(fail, copy->status.kind);
    if (cfti_is_over(reader->run, copy->size) || cfti_is_over(reader->run, copy->status.size))
        return cfti_fail_limit(fail, reader->run);
    return CONFITURE_OK;
}

/* Reads a file from its start to a proved end: see THE RULE. A file that is too long for memory
 * is left to be read in pieces. */
static confiture_status cfti_read_once(const cfti_reader *reader, cfti_arena *arena,
                                       cfti_os_file file, cfti_copy *copy, cfti_fail *fail) {
    size_t capacity = cfti_arena_capacity(arena), around = copy->headroom + 1, got;
    uint64_t wanted = 0; /* as far as is known */
    capacity = capacity < CFTI_FIRST_READ / 8 + around ? CFTI_FIRST_READ : capacity - around;
    capacity = cfti_capacity_within(reader->run, cfti_min(capacity, CFTI_FIRST_READ));
    copy->data = NULL;
    copy->size = copy->capacity = 0;
    for (;;) {
        if (copy->size == copy->capacity &&
            cfti_copy_reserve(copy, arena, capacity, fail) != CONFITURE_OK)
            return fail->status;
        if (cfti_read_some(reader, file, copy->data + copy->headroom + copy->size,
                           copy->capacity - copy->size, copy->size, &got, fail) != CONFITURE_OK)
            return fail->status;
        copy->size += got;
        if (got > 0 && copy->size < wanted && copy->size < copy->capacity) continue;
        if (cfti_copy_check(copy, reader, file, fail) != CONFITURE_OK) return fail->status;
        wanted = copy->status.size;
        if (got == 0 || copy->size == wanted) return CONFITURE_OK;
        if (wanted > CFTI_WHOLE_LIMIT || copy->size > CFTI_WHOLE_LIMIT) {
            copy->is_too_long = true;
            return CONFITURE_OK;
        }
        capacity = wanted > copy->size ? (size_t)wanted : CFTI_WHOLE_LIMIT + 1;
        capacity = cfti_capacity_within(reader->run, capacity);
    }
}

/* Reads a file a second time, compares, and keeps what the second read brought. *same: both reads
 * brought the same. copy->capacity 0: the file has grown beyond the copy. */
static confiture_status cfti_read_second(const cfti_reader *reader, cfti_os_file file,
                                         uint64_t wanted, cfti_copy *copy, bool *same,
                                         cfti_fail *fail) {
    uint8_t *data = copy->data + copy->headroom;
    size_t size = 0, got;
    *same = true;
    do {
        if (cfti_read_some(reader, file, reader->piece, CFTI_PIECE, size, &got, fail) !=
            CONFITURE_OK)
            return fail->status;
        if (size + got > copy->size || memcmp(data + size, reader->piece, got) != 0) *same = false;
        if (cfti_is_over(reader->run, size + got)) return cfti_fail_limit(fail, reader->run);
        if (got > copy->capacity - size) {
            copy->capacity = 0;
            return CONFITURE_OK;
        }
        if (!*same) memcpy(data + size, reader->piece, got);
        size += got;
    } while (got > 0 && size != wanted);
    *same = *same && size == copy->size;
    copy->size = size;
    return CONFITURE_OK;
}

/* Reads a file that was changed just now, until two reads bring the same bytes and the statuses
 * around the second are equal. */
static confiture_status cfti_read_careful(cfti_reader *reader, cfti_arena *arena, cfti_os_file file,
                                          cfti_copy *copy, cfti_fail *fail) {
    int rounds;
    if (!cfti_reader_has_piece(reader)) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    for (rounds = 0; rounds < CFTI_MAX_ROUNDS; rounds++) {
        cfti_os_status before;
        bool same;
        if (copy->capacity == 0) { /* it has grown */
            if (cfti_read_once(reader, arena, file, copy, fail) != CONFITURE_OK)
                return fail->status;
            if (copy->is_too_long) return CONFITURE_OK;
        }
        /* The status after the first read serves if its times had passed when the scan began, as
         * for all files changed before it. cfti_times_are_past() would not do: it accepts times
         * ahead of the start, and a file that is being written now has such times. */
        before = copy->status;
        if ((rounds > 0 || !cfti_is_older(&before, &reader->start, 0)) &&
            cfti_wait_status(file, &before, fail) != CONFITURE_OK)
            return fail->status;
        if (cfti_read_second(reader, file, before.size, copy, &same, fail) != CONFITURE_OK ||
            cfti_copy_check(copy, reader, file, fail) != CONFITURE_OK)
            return fail->status;
        if (same && cfti_same_status(&before, &copy->status)) return CONFITURE_OK;
    }
    return cfti_fail_with(fail, CONFITURE_E_CHANGED, NULL);
}

/* Reads an open file into the arena, or finds that it is too long for that. */
static confiture_status cfti_read_file(cfti_reader *reader, cfti_read *read, cfti_arena *arena,
                                       cfti_os_file file, cfti_fail *fail) {
    cfti_copy copy;
    confiture_status status;
    memset(&copy, 0, sizeof(copy));
    copy.headroom = read->chunk.headroom;
    status = cfti_read_once(reader, arena, file, &copy, fail);
    if (status == CONFITURE_OK && !copy.is_too_long &&
        !cfti_is_settled(&copy.status, copy.size, &reader->start))
        status = cfti_read_careful(reader, arena, file, &copy, fail);
    if (status != CONFITURE_OK) return status;
    if (copy.is_too_long) {
        read->state = CFTI_READ_TOO_LONG;
        return CONFITURE_OK;
    }
    cfti_arena_commit(arena, copy.headroom + copy.size + 1);
    cfti_read_finish(read, copy.data + copy.headroom, copy.size);
    return CONFITURE_OK;
}

/* Measures a file without a size, by reading it once, so that a limit applies before anything of
 * the file is reported or written. */
static confiture_status cfti_read_measure(const cfti_reader *reader, cfti_os_file file,
                                          cfti_fail *fail) {
    uint64_t total = 0;
    size_t got;
    do {
        if (cfti_read_some(reader, file, reader->piece, CFTI_PIECE, total, &got, fail) !=
            CONFITURE_OK)
            return fail->status;
        total += got;
        if (cfti_is_over(reader->run, total)) return cfti_fail_limit(fail, reader->run);
    } while (got > 0);
    return CONFITURE_OK;
}

/* After the last piece of a file: its status must be that from before the first. */
static confiture_status cfti_read_unchanged(cfti_os_file file, const cfti_os_status *before,
                                            cfti_fail *fail) {
    cfti_os_status after;
    int error = cfti_os_status_of(file, &after);
    if (error != 0) return cfti_fail_system(fail, error, NULL);
    return cfti_same_status(before, &after) ? CONFITURE_OK
                                            : cfti_fail_with(fail, CONFITURE_E_CHANGED, NULL);
}

/* ---- scan/read_many.c: many files at once, where the system can ---- */

/* How many files, from the first on, a ring can read together: they must lie in one directory,
 * and a listing must have said that they are regular files. */
static size_t cfti_read_together(const cfti_file *files, size_t count) {
    size_t n = 0;
    if (files[0].leaf == 0) return 0;
    while (n < count && n < CFTI_RING_FILES && files[n].kind == CFTI_KIND_FILE &&
           cfti_same_directory(&files[n], &files[0]))
        n++;
    return n;
}

/* Uses the ring. What a ring has read before it fails is used all the same. */
static void cfti_reader_fetch(cfti_reader *reader, cfti_os_fetch *fetches, size_t count) {
    if (cfti_os_ring_fetch(&reader->ring->os, fetches, count, reader->threads)) return;
    cfti_ring_release(reader->run, reader->ring, true);
    reader->ring = NULL;
}

/* Whether a ring read a file to its end, and within the limit. */
static bool cfti_is_whole(const cfti_reader *reader, const cfti_os_fetch *fetch) {
    return fetch->done && fetch->status.kind == CFTI_KIND_FILE &&
           fetch->status.size == fetch->got && !cfti_is_over(reader->run, fetch->got);
}

/* Reads files that were changed just now a second time, as many as the piece buffer holds, and
 * finishes those of which both reads and both statuses are the same. The status after the first
 * read is the one before the second: see cfti_read_careful(). */
static void cfti_read_confirm(cfti_reader *reader, cfti_read *reads, const cfti_os_fetch *fetches,
                              size_t count) {
    cfti_os_fetch second[CFTI_RING_FILES];
    uint8_t places[CFTI_RING_FILES];
    size_t n = 0, used = 0, i;
    for (i = 0; i < count; i++) {
        const cfti_os_fetch *fetch = &fetches[i];
        if (reads[i].state == CFTI_READ_WHOLE || !cfti_is_whole(reader, fetch) ||
            !cfti_is_older(&fetch->status, &reader->start, 0))
            continue;
        if (fetch->got + 1 > CFTI_PIECE - used || !cfti_reader_has_piece(reader)) break;
        second[n] = *fetch;
        second[n].data = reader->piece + used;
        second[n].capacity = fetch->got + 1;
        used += fetch->got + 1;
        places[n++] = (uint8_t)i;
    }
    if (n == 0 || reader->ring == NULL) return;
    cfti_reader_fetch(reader, second, n);
    for (i = 0; i < n; i++) {
        const cfti_os_fetch *fetch = &fetches[places[i]];
        if (second[i].done && second[i].status.kind == CFTI_KIND_FILE &&
            second[i].got == fetch->got && cfti_same_status(&second[i].status, &fetch->status) &&
            memcmp(second[i].data, fetch->data, fetch->got) == 0)
            cfti_read_finish(&reads[places[i]], (uint8_t *)fetch->data, fetch->got);
    }
}

/* Finishes the files that the rule accepts. The ring takes the status by name; a file that got
 * this name since the start shows that in its times. */
static void cfti_read_fetched(cfti_reader *reader, cfti_read *reads, const cfti_os_fetch *fetches,
                              size_t count) {
    size_t changing = 0, i;
    for (i = 0; i < count; i++) {
        const cfti_os_fetch *fetch = &fetches[i];
        if (cfti_is_whole(reader, fetch) &&
            cfti_is_settled(&fetch->status, fetch->got, &reader->start))
            cfti_read_finish(&reads[i], (uint8_t *)fetch->data, fetch->got);
    }
    cfti_read_confirm(reader, reads, fetches, count);
    for (i = 0; i < count; i++)
        changing += fetches[i].done && reads[i].state != CFTI_READ_WHOLE &&
                    !cfti_is_settled(&fetches[i].status, fetches[i].status.size, &reader->start);
    if (changing > count / 4) reader->ring_pause = 16;
}

/* Reads those of `count` neighbours in the list that a ring can read together. `capacity` bytes
 * are enough for most. cfti_read_file() reads the others. Where many files are being changed the
 * ring's work is wasted, so the next batches are read without it. */
static void cfti_read_many(cfti_reader *reader, cfti_read *reads, size_t count, cfti_arena *arena,
                           size_t capacity) {
    cfti_os_fetch fetches[CFTI_RING_FILES];
    const cfti_file *files = reads[0].chunk.file;
    size_t first, n, i, size;
    uint8_t *data;
    if (reader->ring_pause > 0 && reader->ring_pause-- > 0) return;
    capacity = cfti_capacity_within(reader->run, capacity);
    for (first = 0; first < count; first += cfti_max(n, 1)) {
        n = cfti_read_together(&files[first], count - first);
        if (n < 2) continue;
        if (!cfti_reader_has_ring(reader)) return;
        if (cfti_reader_enter(reader, &files[first]) != 0) continue;
        for (size = 0, i = first; i < first + n; i++)
            size += reads[i].chunk.headroom + capacity + 1;
        data = (uint8_t *)cfti_arena_alloc(arena, size);
        if (data == NULL) return;
        for (i = first; i < first + n; i++) {
            cfti_os_fetch *fetch = &fetches[i - first];
            fetch->at = reader->directory;
            fetch->path = files[i].path + files[i].leaf;
            fetch->data = data + reads[i].chunk.headroom;
            fetch->capacity = capacity;
            fetch->no_link = cfti_reader_refuses_link(reader, &files[i]);
            data += reads[i].chunk.headroom + capacity + 1;
        }
        cfti_reader_fetch(reader, fetches, n);
        cfti_read_fetched(reader, &reads[first], fetches, n);
    }
}

/* ---- scan/scan.c: the ordered scan, a batch at a time ---- */

/* The list is cut into batches as the scan goes on. A worker that is free claims the next batch,
 * and reads and maps it into a slot; the caller folds the slots in list order. The number of slots
 * bounds the memory. The caller folds up to the first failure, so the first failure in list order
 * is reported, whatever the workers did. */

/* A target for small files. With CFTI_FIRST_READ it stays below the size from which malloc() maps
 * fresh pages in each call. */
#define CFTI_BATCH_BYTES ((size_t)48 << 10)
#define CFTI_BATCH_LIMIT ((size_t)1 << 20) /* after so many bytes a batch defers its files */
#define CFTI_BATCH_SIDE ((size_t)4 << 20)  /* so many bytes at most go to map_many at once */
#define CFTI_SLOT_BLOCK (CFTI_BATCH_BYTES + CFTI_FIRST_READ)
#define CFTI_STATES_BLOCK ((size_t)4 << 10) /* for a slot that holds only states */

#if !defined(CFTI_FILES_PER_THREAD)
#define CFTI_FILES_PER_THREAD 128 /* read in the time that starting a thread takes */
#endif
#if !defined(CFTI_FILES_PER_HELPER)
#define CFTI_FILES_PER_HELPER 8 /* read in the time that waking a parked thread takes */
#endif
#define CFTI_BYTES_PER_THREAD ((uint64_t)1 << 20) /* the same for few, large files */
/* The memory of batches in flight is bounded for each thread, and in all. A few large files read
 * ahead keep all workers busy; more would only hold memory. */
#define CFTI_FLIGHT_PER_THREAD ((size_t)4 << 20)
#define CFTI_MAX_FLIGHT ((size_t)32 << 20)
#define CFTI_ROUND_BYTES ((size_t)1 << 20) /* for each thread of a parallel_for */

/* The memory of a batch, which one worker reads and maps, and the caller folds. */
typedef struct cfti_slot {
    size_t first, count; /* of the list */
    size_t capacity;     /* enough for most of its files */
    size_t expected;     /* bytes of the batch, by the average of the files before */
    size_t done;         /* files that are ready; fewer than count only after a failure */
    size_t bytes;
    size_t held;      /* the memory of its arena, as far as is known, or as expected */
    bool is_last_try; /* of one file, after a shortage */
    int ready;        /* atomic */
    cfti_fail fail;
    cfti_arena arena;
    cfti_read reads[CFTI_BATCH_FILES];
} cfti_slot;

typedef struct cfti_scan {
    const confiture_files *files;
    const confiture_run *run;
    const cfti_consumer *consumer;
    confiture_allocator allocator;
    size_t slot_count;
    cfti_slot **slots; /* batch b is in slots[b % slot_count]; made when first needed */
    cfti_slot **idle;  /* a stack: the slot used last is the next, since its memory is warm */
    cfti_slot *single[2];
    size_t idle_count;
    size_t slot_block;     /* the smallest memory of a slot */
    size_t held, max_held; /* the memory of all slots, and its limit */
    size_t threads;        /* the largest number */
    cfti_workers workers;
    bool workers_are_open;
    bool is_exhausted;               /* a shortage: no more batches are claimed */
    bool is_alone;                   /* after a shortage: the caller works alone */
    bool is_last_try;                /* the next batch is the file that failed */
    bool is_started;                 /* part of the current file has been folded */
    int stopping;                    /* atomic */
    int fold_count;                  /* atomic: changes with every folded batch */
    size_t claimed, folded;          /* batches, counted from the start */
    size_t next;                     /* the first file that no batch has claimed */
    uint64_t read_files, read_bytes; /* so far: their average sizes the next batch */
    uint64_t read_held;              /* memory that these files needed */
    confiture_progress progress;     /* of the caller's thread alone, as the next two */
    uint64_t reported_bytes;
    bool cancelled;
    uintptr_t caller; /* the thread of the call, with a parallel_for */
    /* Protects all members but the caller's own. A slot's contents belong to its worker. */
    cfti_mutex mutex;
    cfti_condition slot_free;  /* helpers wait for it */
    cfti_condition slot_ready; /* the caller waits for it */
} cfti_scan;

static confiture_status cfti_fail_cancelled(cfti_fail *fail) {
    cfti_fail_with(fail, CONFITURE_E_CANCELLED, NULL);
    fail->path = ""; /* of no file */
    return fail->status;
}

/* Reports progress to the caller: the folded files, and `more_bytes` of the current ones. */
static confiture_status cfti_scan_report(cfti_scan *scan, uint64_t more_bytes, cfti_fail *fail) {
    const confiture_run *run = scan->run;
    confiture_progress progress = scan->progress;
    /* A batch may begin before those ahead of it are folded: the count must not decrease. */
    progress.bytes = scan->reported_bytes = progress.bytes + more_bytes > scan->reported_bytes
                                                ? progress.bytes + more_bytes
                                                : scan->reported_bytes;
    if (run->progress != NULL && !scan->cancelled)
        scan->cancelled = run->progress(run->progress_user, &progress) != 0;
    if (!scan->cancelled) return CONFITURE_OK;
    CFTI_ATOMIC_STORE(&scan->stopping, 1);
    return cfti_fail_cancelled(fail);
}

static void cfti_scan_dismiss(cfti_scan *scan);

/* Folds a chunk. If reserve fails, the helpers are dismissed, whose memory may be enough. A file
 * of which nothing has been folded is not saved in this way: cfti_scan_retry() reads it anew. */
static confiture_status cfti_scan_fold(cfti_scan *scan, cfti_chunk *chunk, cfti_fail *fail) {
    const cfti_consumer *consumer = scan->consumer;
    confiture_status status = CONFITURE_OK;
    if (consumer->reserve != NULL) status = consumer->reserve(consumer->ctx, chunk, fail);
    if (status != CONFITURE_OK && scan->is_started && !scan->is_alone) {
        cfti_scan_dismiss(scan);
        status = consumer->reserve(consumer->ctx, chunk, fail);
    }
    if (status != CONFITURE_OK || consumer->fold == NULL) return status;
    scan->is_started = true;
    return consumer->fold(consumer->ctx, chunk, fail);
}

#define CFTI_PIECES_PER_WAKE 16 /* 4 MiB take some milliseconds, waking a thread 0.1 ms */

/* Progress within a large file. The caller's thread reports it. A helper checks whether the scan
 * is to stop, and now and then wakes the caller, which may be waiting, to report. */
static confiture_status cfti_scan_report_piece(cfti_scan *scan, const cfti_reader *reader,
                                               const cfti_chunk *chunk, cfti_fail *fail) {
    if (reader->is_caller) return cfti_scan_report(scan, chunk->total, fail);
    if (chunk->total / CFTI_PIECE % CFTI_PIECES_PER_WAKE == 0) {
        cfti_mutex_lock(&scan->mutex);
        cfti_condition_signal(&scan->slot_ready);
        cfti_mutex_unlock(&scan->mutex);
    }
    return CFTI_ATOMIC_LOAD(&scan->stopping) ? cfti_fail_cancelled(fail) : CONFITURE_OK;
}

/* Takes the status before the first piece, and does what may fail before anything is folded. */
static confiture_status cfti_scan_prepare_pieces(cfti_scan *scan, cfti_reader *reader,
                                                 cfti_os_file file, bool fold,
                                                 cfti_os_status *before, cfti_fail *fail) {
    if (cfti_wait_status(file, before, fail) != CONFITURE_OK) return fail->status;
    if (!cfti_reader_has_piece(reader)) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    if (cfti_is_over(scan->run, before->size)) return cfti_fail_limit(fail, scan->run);
    if (before->size == 0 && scan->run->max_file_size != 0 &&
        cfti_read_measure(reader, file, fail) != CONFITURE_OK)
        return fail->status;
    /* A folded piece cannot be taken back, so memory for the text of a piece comes first. */
    if (fold && scan->consumer->map != NULL &&
        cfti_arena_reserve(&reader->bytes, CFTI_PIECE) == NULL)
        return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    return CONFITURE_OK;
}

static confiture_status cfti_scan_each_piece(cfti_scan *scan, cfti_reader *reader,
                                             cfti_chunk *chunk, cfti_os_file file, bool fold,
                                             cfti_fail *fail) {
    const cfti_consumer *consumer = scan->consumer;
    cfti_os_status before;
    confiture_status status = cfti_scan_prepare_pieces(scan, reader, file, fold, &before, fail);
    cfti_block *block = reader->bytes.first;
    size_t used = block == NULL ? 0 : block->used;
    if (status != CONFITURE_OK) return status;
    chunk->total = 0;
    chunk->first = true;
    chunk->bytes = reader->piece;
    chunk->headroom = 0;
    do { /* the last piece is empty: only an empty read proves the end */
        status = cfti_read_some(reader, file, reader->piece, CFTI_PIECE, chunk->total, &chunk->size,
                                fail);
        if (status != CONFITURE_OK) return status;
        chunk->total += chunk->size;
        if (cfti_is_over(scan->run, chunk->total)) return cfti_fail_limit(fail, scan->run);
        chunk->last = chunk->size == 0;
        chunk->remaining = chunk->total < before.size ? before.size - chunk->total : 0;
        if (consumer->map != NULL)
            status = consumer->map(consumer->ctx, chunk, &reader->bytes, fail);
        if (status == CONFITURE_OK && fold) status = cfti_scan_fold(scan, chunk, fail);
        cfti_arena_rewind(&reader->bytes, block, used);
        if (status == CONFITURE_OK) status = cfti_scan_report_piece(scan, reader, chunk, fail);
        chunk->first = false;
    } while (status == CONFITURE_OK && !chunk->last);
    return status == CONFITURE_OK ? cfti_read_unchanged(file, &before, fail) : status;
}

/* Reads a file in pieces. Each is mapped and, if `fold`, folded at once. */
static confiture_status cfti_scan_pieces(cfti_scan *scan, cfti_reader *reader, cfti_chunk *chunk,
                                         cfti_os_file file, bool fold, cfti_fail *fail) {
    size_t size = scan->consumer->piece_state_size;
    confiture_status status;
    if (size > 0) {
        chunk->piece_state = cfti_alloc(&scan->allocator, size);
        if (chunk->piece_state == NULL) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
        memset(chunk->piece_state, 0, size);
    }
    status = cfti_scan_each_piece(scan, reader, chunk, file, fold, fail);
    cfti_free(&scan->allocator, chunk->piece_state, size);
    chunk->piece_state = NULL;
    return status;
}

/* ---- batches ---- */

/* Bytes that fold needs go to the slot. Bytes that only map needs go to the worker's arena, where
 * the next files are read over them, cache-warm. */
static cfti_arena *cfti_slot_arena(const cfti_scan *scan, cfti_reader *reader, cfti_slot *slot) {
    return scan->consumer->state_only ? &reader->bytes : &slot->arena;
}

/* Maps a file that has been read whole. */
static confiture_status cfti_slot_map(cfti_scan *scan, cfti_slot *slot, cfti_chunk *chunk,
                                      cfti_arena *arena, cfti_fail *fail) {
    slot->bytes += chunk->size;
    chunk->total = chunk->size;
    chunk->first = chunk->last = true;
    if (scan->consumer->map_many != NULL || scan->consumer->map == NULL) return CONFITURE_OK;
    return scan->consumer->map(scan->consumer->ctx, chunk, arena, fail);
}

/* With a parallel_for a helper cannot wake the caller to report progress within a large file: the
 * caller reads large files itself. */
static bool cfti_scan_keeps_large(const cfti_scan *scan) {
    return scan->run->parallel_for != NULL && scan->run->progress != NULL;
}

/* Reads and maps one file of a batch. */
static confiture_status cfti_slot_read_file(cfti_scan *scan, cfti_reader *reader, cfti_slot *slot,
                                            cfti_read *read, cfti_fail *fail) {
    const cfti_consumer *consumer = scan->consumer;
    cfti_arena *arena = cfti_slot_arena(scan, reader, slot);
    cfti_os_file file;
    confiture_status status;
    if (read->state == CFTI_READ_WHOLE) /* by cfti_read_many() */
        return cfti_slot_map(scan, slot, &read->chunk, arena, fail);
    if (slot->bytes > CFTI_BATCH_LIMIT && !consumer->state_only) {
        read->state = CFTI_READ_DEFERRED;
        return CONFITURE_OK;
    }
    status = cfti_reader_open_file(reader, read->chunk.file, &file, fail);
    if (status != CONFITURE_OK) return status;
    status = cfti_read_file(reader, read, arena, file, fail);
    if (status == CONFITURE_OK && read->state == CFTI_READ_WHOLE) {
        status = cfti_slot_map(scan, slot, &read->chunk, arena, fail);
    } else if (status == CONFITURE_OK && consumer->state_only && !cfti_scan_keeps_large(scan)) {
        status = cfti_scan_pieces(scan, reader, &read->chunk, file, false, fail);
        read->state = CFTI_READ_MAPPED;
    }
    cfti_os_close(file);
    return status;
}

/* Reads, maps and folds a file that was deferred. */
static confiture_status cfti_slot_read_late(cfti_scan *scan, cfti_reader *reader, cfti_slot *slot,
                                            cfti_read *read, cfti_fail *fail) {
    bool state_only = scan->consumer->state_only;
    cfti_chunk *chunk = &read->chunk;
    cfti_os_file file;
    confiture_status status;
    status = cfti_reader_open_file(reader, chunk->file, &file, fail);
    if (status != CONFITURE_OK) return status;
    if (read->state == CFTI_READ_DEFERRED)
        status = cfti_read_file(reader, read, &reader->bytes, file, fail);
    if (status == CONFITURE_OK && read->state == CFTI_READ_TOO_LONG) {
        status = cfti_scan_pieces(scan, reader, chunk, file, !state_only, fail);
        if (status == CONFITURE_OK && state_only) status = cfti_scan_fold(scan, chunk, fail);
    } else if (status == CONFITURE_OK) {
        status = cfti_slot_map(scan, slot, chunk, &reader->bytes, fail);
        if (status == CONFITURE_OK) status = cfti_scan_fold(scan, chunk, fail);
    }
    cfti_os_close(file);
    cfti_arena_reset(&reader->bytes);
    return status;
}

/* Hands the whole files of [first, end) to map_many. Their bytes are not needed after that. */
static void cfti_slot_release(cfti_scan *scan, cfti_slot *slot, size_t first, size_t end) {
    cfti_chunk *chunks[CFTI_BATCH_FILES];
    size_t count = 0, i;
    for (i = first; i < end; i++)
        if (slot->reads[i].state == CFTI_READ_WHOLE) chunks[count++] = &slot->reads[i].chunk;
    if (scan->consumer->map_many != NULL && count > 0)
        scan->consumer->map_many(scan->consumer->ctx, chunks, count);
    for (i = 0; i < count; i++) chunks[i]->bytes = NULL;
}

/* Sets up the chunks of a batch, with states and memory. False: no memory. */
static bool cfti_slot_prepare(cfti_scan *scan, cfti_reader *reader, cfti_slot *slot) {
    const cfti_consumer *consumer = scan->consumer;
    size_t state_size = (consumer->state_size + 15) & ~(size_t)15, i;
    uint8_t *states = NULL;
    if (state_size > 0) {
        states = (uint8_t *)cfti_arena_alloc(&slot->arena, slot->count * state_size);
        if (states == NULL) return false;
        memset(states, 0, slot->count * state_size);
    }
    for (i = 0; i < slot->count; i++) {
        cfti_chunk *chunk = &slot->reads[i].chunk;
        memset(&slot->reads[i], 0, sizeof(slot->reads[i]));
        chunk->index = slot->first + i;
        chunk->file = &scan->files->items[chunk->index];
        if (consumer->wants_headroom) chunk->headroom = (size_t)chunk->file->name_size + 1;
        if (states != NULL) chunk->state = states + i * state_size;
    }
    /* Large files of one batch share one block of memory, which the arena keeps for the next. */
    return slot->count == 1 || slot->expected < CFTI_SLOT_BLOCK ||
           cfti_arena_reserve(cfti_slot_arena(scan, reader, slot),
                              slot->expected + slot->expected / 8) != NULL;
}

/* After a file of a batch: the caller's thread reports now and then, and all learn of a stop. */
static confiture_status cfti_scan_report_file(cfti_scan *scan, const cfti_reader *reader,
                                              const cfti_slot *slot, size_t *reported,
                                              cfti_fail *fail) {
    if (reader->is_caller && slot->bytes - *reported >= CFTI_PIECE) {
        *reported = slot->bytes;
        return cfti_scan_report(scan, slot->bytes, fail);
    }
    return CFTI_ATOMIC_LOAD(&scan->stopping) ? cfti_fail_cancelled(fail) : CONFITURE_OK;
}

/* Reads and maps a batch, on any worker. */
static void cfti_slot_read(cfti_scan *scan, cfti_reader *reader, cfti_slot *slot) {
    const cfti_consumer *consumer = scan->consumer;
    cfti_arena *arena = cfti_slot_arena(scan, reader, slot);
    confiture_status status = CONFITURE_OK;
    cfti_block *block;
    size_t used, reported = 0;
    size_t released = 0, released_bytes = 0; /* files whose bytes have been released, and those */
    memset(&slot->fail, 0, sizeof(slot->fail));
    slot->bytes = slot->done = 0;
    if (consumer->state_only) cfti_arena_reset(arena);
    if (!cfti_slot_prepare(scan, reader, slot)) {
        cfti_fail_with(&slot->fail, CONFITURE_E_MEMORY, NULL);
        cfti_fail_at(&slot->fail, scan->files, slot->first);
        return;
    }
    if (slot->capacity <= CFTI_FIRST_READ)
        cfti_read_many(reader, slot->reads, slot->count, arena, slot->capacity);
    block = arena->first;
    used = block == NULL ? 0 : block->used;
    while (slot->done < slot->count && status == CONFITURE_OK) {
        status = cfti_slot_read_file(scan, reader, slot, &slot->reads[slot->done], &slot->fail);
        if (status == CONFITURE_OK) slot->done++;
        else cfti_fail_at(&slot->fail, scan->files, slot->first + slot->done);
        if (status == CONFITURE_OK && slot->done < slot->count)
            status = cfti_scan_report_file(scan, reader, slot, &reported, &slot->fail);
        if (!consumer->state_only) continue;
        if (consumer->map_many != NULL && status == CONFITURE_OK && slot->done < slot->count &&
            slot->bytes - released_bytes < CFTI_BATCH_SIDE)
            continue;
        cfti_slot_release(scan, slot, released, slot->done);
        released = slot->done;
        released_bytes = slot->bytes;
        cfti_arena_rewind(arena, block, used);
    }
}

/* Folds a batch, on the calling thread. */
static confiture_status cfti_slot_fold(cfti_scan *scan, cfti_reader *reader, cfti_slot *slot,
                                       cfti_fail *fail) {
    confiture_status status = CONFITURE_OK;
    size_t i;
    for (i = 0; i < slot->done && status == CONFITURE_OK; i++) {
        cfti_read *read = &slot->reads[i];
        scan->is_started = false;
        status = cfti_read_is_done(read) ? cfti_scan_fold(scan, &read->chunk, fail)
                                         : cfti_slot_read_late(scan, reader, slot, read, fail);
        if (status == CONFITURE_OK) {
            scan->progress.bytes += read->chunk.total;
            scan->progress.files++;
        }
        if (status != CONFITURE_OK) cfti_fail_at(fail, scan->files, slot->first + i);
    }
    if (status == CONFITURE_OK && slot->done < slot->count) {
        scan->is_started = false;
        *fail = slot->fail;
        status = fail->status;
    }
    if (status == CONFITURE_OK) status = cfti_scan_report(scan, 0, fail);
    return status;
}

/* Prepares a slot for its next batch. */
static void cfti_slot_reset(cfti_slot *slot) {
    slot->done = 0;
    cfti_arena_reset(&slot->arena);
}

/* ---- scan/schedule.c: who reads which batch, and when ---- */

/* An idle or a new slot. NULL: no memory. With the lock held. */
static cfti_slot *cfti_scan_idle_slot(cfti_scan *scan) {
    cfti_slot *slot;
    if (scan->idle_count > 0) return scan->idle[--scan->idle_count];
    slot = (cfti_slot *)cfti_alloc(&scan->allocator, sizeof(cfti_slot));
    if (slot == NULL) return NULL;
    memset(slot, 0, offsetof(cfti_slot, reads));
    slot->arena.allocator = scan->allocator;
    slot->arena.block_size = scan->slot_block;
    return slot;
}

static void cfti_scan_free_slot(cfti_scan *scan, cfti_slot *slot) {
    scan->held -= slot->held;
    cfti_slot_reset(slot);
    cfti_arena_free(&slot->arena);
    cfti_free(&scan->allocator, slot, sizeof(cfti_slot));
}

/* Sets the memory that a slot holds. With the lock held. */
static void cfti_scan_hold(cfti_scan *scan, cfti_slot *slot, size_t held) {
    scan->held += held - slot->held;
    slot->held = held;
}

/* The number of files of the next batch: CFTI_BATCH_BYTES by the average so far, but a small
 * share of the remaining files, so that the last batches end together. */
static size_t cfti_scan_batch_files(const cfti_scan *scan, uint64_t average) {
    size_t left = scan->files->count - scan->next, n = 16;
    bool is_shared = scan->workers_are_open || scan->run->parallel_for != NULL;
    if (scan->is_last_try) return 1;
    if (average > 0) n = average >= CFTI_BATCH_BYTES ? 1 : CFTI_BATCH_BYTES / (size_t)average;
    else if (scan->run->parallel_for != NULL) n = 4; /* the first report comes soon */
    if (is_shared && !scan->is_alone) n = cfti_min(n, left / (2 * scan->threads));
    if (scan->consumer->min_batch > 0 && average <= CFTI_BATCH_SIDE / scan->consumer->min_batch)
        n = cfti_max(n, scan->consumer->min_batch);
    return cfti_min(cfti_max(n, 1), cfti_min(left, CFTI_BATCH_FILES));
}

/* Whether one more batch of n files may be in flight. The oldest always may; the others must fit
 * into max_held. With the lock held. */
static bool cfti_scan_may_claim(const cfti_scan *scan, size_t n, size_t *need) {
    size_t held = scan->idle_count > 0 ? scan->idle[scan->idle_count - 1]->held : 0;
    uint64_t each = scan->read_files > 0 ? scan->read_held / scan->read_files : 0;
    *need = each > scan->max_held / n ? scan->max_held : n * (size_t)each;
    *need = cfti_max(cfti_max(*need, held), scan->slot_block);
    if (scan->folded == scan->claimed) return true;
    if (scan->is_exhausted || scan->is_alone || scan->claimed - scan->folded == scan->slot_count)
        return false;
    return *need == held || scan->held - held + *need <= scan->max_held;
}

/* Claims the next batch. NULL: none is left, or none may be claimed yet, or, if none is in
 * flight, there is no memory. With the lock held. */
static cfti_slot *cfti_scan_claim(cfti_scan *scan) {
    size_t n, need, capacity = CFTI_FIRST_READ / 4;
    uint64_t average = 0; /* not known yet */
    cfti_slot *slot;
    if (scan->next == scan->files->count) return NULL;
    if (scan->read_files > 0) {
        average = scan->read_bytes / scan->read_files + 1;
        capacity = 3 * (average < CFTI_FIRST_READ ? (size_t)average : CFTI_FIRST_READ) + 512;
    }
    n = cfti_scan_batch_files(scan, average);
    if (!cfti_scan_may_claim(scan, n, &need)) return NULL;
    slot = cfti_scan_idle_slot(scan);
    if (slot == NULL) {
        scan->is_exhausted = true;
        return NULL;
    }
    cfti_scan_hold(scan, slot, need);
    scan->slots[scan->claimed++ % scan->slot_count] = slot;
    slot->first = scan->next;
    slot->count = n;
    slot->capacity = capacity;
    slot->expected = n * (average < CFTI_BATCH_SIDE / n ? (size_t)average : CFTI_BATCH_SIDE / n);
    slot->is_last_try = scan->is_last_try;
    scan->is_last_try = false;
    CFTI_ATOMIC_STORE(&slot->ready, 0);
    scan->next += n;
    return slot;
}

/* The batch to be folded next. With the lock held. */
static cfti_slot *cfti_scan_oldest(const cfti_scan *scan) {
    return scan->folded < scan->claimed ? scan->slots[scan->folded % scan->slot_count] : NULL;
}

/* With the lock held. */
static void cfti_scan_retire_slot(cfti_scan *scan, cfti_slot *slot) {
    scan->folded++;
    scan->idle[scan->idle_count++] = slot;
    cfti_scan_hold(scan, slot, cfti_arena_held(&slot->arena));
    CFTI_ATOMIC_STORE(&scan->fold_count, (int)(((unsigned)scan->fold_count + 1) & 0x7FFFFFFF));
}

/* With the lock held. */
static void cfti_scan_finish_slot(cfti_scan *scan, cfti_slot *slot) {
    size_t i;
    CFTI_ATOMIC_STORE(&slot->ready, 1);
    cfti_scan_hold(scan, slot, cfti_arena_held(&slot->arena));
    for (i = 0; i < slot->done; i++) /* deferred files have no known size yet */
        scan->read_files += cfti_read_is_done(&slot->reads[i]);
    scan->read_bytes += slot->bytes;
    scan->read_held += slot->held;
    if (slot->done < slot->count && cfti_fail_is_shortage(&slot->fail)) scan->is_exhausted = true;
}

static void cfti_scan_free_slot_array(cfti_scan *scan) {
    if (scan->slots != scan->single)
        cfti_free(&scan->allocator, scan->slots, 2 * scan->slot_count * sizeof(cfti_slot *));
}

/* ---- shortage ---- */

/* Frees what the helpers, the later batches and the pool hold. The caller goes on alone. */
static void cfti_scan_dismiss(cfti_scan *scan) {
    scan->is_alone = true;
    if (scan->workers_are_open) {
        cfti_mutex_lock(&scan->mutex);
        CFTI_ATOMIC_STORE(&scan->stopping, 1);
        cfti_condition_broadcast(&scan->slot_free);
        cfti_mutex_unlock(&scan->mutex);
        cfti_workers_join(&scan->workers);
        cfti_workers_close(&scan->workers);
        if (!scan->cancelled) CFTI_ATOMIC_STORE(&scan->stopping, 0);
    }
    if (scan->run->pool != NULL) cfti_pool_drop(scan->run->pool);
    while (scan->claimed > scan->folded + 1) {
        cfti_slot *slot = scan->slots[--scan->claimed % scan->slot_count];
        scan->next = slot->first;
        cfti_scan_free_slot(scan, slot);
    }
    while (scan->idle_count > 0) cfti_scan_free_slot(scan, scan->idle[--scan->idle_count]);
    if (scan->slots == scan->single) return;
    scan->single[0] = scan->slots[scan->folded % scan->slot_count];
    cfti_scan_free_slot_array(scan);
    scan->slots = scan->single;
    scan->idle = scan->single + 1;
    scan->slot_count = 1;
}

/* Tries the file that failed once more: alone, with nothing that is there only for speed. It is
 * the first file that has not been folded. */
static void cfti_scan_retry(cfti_scan *scan, cfti_reader *reader) {
    cfti_scan_dismiss(scan);
    if (scan->claimed > scan->folded)
        cfti_scan_free_slot(scan, scan->slots[--scan->claimed % scan->slot_count]);
    cfti_reader_close(reader);
    cfti_reader_init(reader, scan->files, scan->run, &scan->allocator);
    reader->is_caller = true;
    reader->ring_is_known = true; /* no ring */
    scan->next = (size_t)scan->progress.files;
    scan->is_last_try = true;
    scan->is_exhausted = false;
}

/* Whether the file that failed is tried again. */
static bool cfti_scan_is_retried(const cfti_scan *scan, const cfti_slot *slot,
                                 const cfti_fail *fail) {
    return cfti_fail_is_shortage(fail) && !scan->is_started && !slot->is_last_try &&
           !scan->cancelled;
}

/* ---- the loop ---- */

/* Waits until *value is no longer `old`, or the condition is signalled. With the lock held. */
static void cfti_scan_wait(cfti_scan *scan, cfti_condition *condition, const int *value, int old) {
    cfti_mutex_unlock(&scan->mutex);
    cfti_spin_while(value, old);
    cfti_mutex_lock(&scan->mutex);
    if (CFTI_ATOMIC_LOAD(value) == old && !CFTI_ATOMIC_LOAD(&scan->stopping))
        cfti_condition_wait(condition, &scan->mutex);
}

/* A helper claims and reads batches until none is left, or something has run out. */
static void cfti_scan_helper_loop(void *ctx, size_t worker) {
    cfti_scan *scan = (cfti_scan *)ctx;
    cfti_reader reader;
    (void)worker;
    cfti_reader_init(&reader, scan->files, scan->run, &scan->allocator);
    reader.threads = scan->workers.helpers + 1;
    cfti_mutex_lock(&scan->mutex);
    while (!CFTI_ATOMIC_LOAD(&scan->stopping) && !scan->is_exhausted &&
           scan->next < scan->files->count) {
        cfti_slot *slot = cfti_scan_claim(scan);
        if (slot == NULL) {
            if (!scan->is_exhausted)
                cfti_scan_wait(scan, &scan->slot_free, &scan->fold_count, scan->fold_count);
            continue;
        }
        cfti_mutex_unlock(&scan->mutex);
        cfti_slot_read(scan, &reader, slot);
        cfti_mutex_lock(&scan->mutex);
        cfti_scan_finish_slot(scan, slot);
        cfti_condition_signal(&scan->slot_ready);
    }
    cfti_mutex_unlock(&scan->mutex);
    cfti_reader_close(&reader);
}

/* Starts the helpers once there is enough work for them. */
static void cfti_scan_start(cfti_scan *scan, cfti_reader *reader) {
    size_t count = scan->files->count, useful;
    size_t each = scan->run->pool != NULL ? CFTI_FILES_PER_HELPER : CFTI_FILES_PER_THREAD;
    if (scan->workers_are_open || scan->threads < 2 || scan->is_alone) return;
    useful = count / each;
    if (useful < 2 && scan->read_bytes >= CFTI_BYTES_PER_THREAD) useful = count - scan->next + 1;
    if (useful < 2) return;
    scan->workers_are_open = true;
    cfti_workers_open(&scan->workers, scan->run, &scan->allocator, cfti_min(useful, scan->threads));
    cfti_workers_start(&scan->workers, cfti_scan_helper_loop, scan);
    /* A ring may make the kernel start threads, which end with the thread that used the ring.
     * Helpers and a pool's threads may have some; the caller's thread is left as it was. */
    if (scan->run->pool != NULL) reader->threads = scan->workers.helpers + 1;
}

/* Folds the oldest batch, which is ready, or goes back to the file that failed. */
static confiture_status cfti_scan_fold_batch(cfti_scan *scan, cfti_reader *reader, cfti_slot *slot,
                                             cfti_fail *fail) {
    confiture_status status = cfti_slot_fold(scan, reader, slot, fail);
    if (status != CONFITURE_OK && cfti_scan_is_retried(scan, slot, fail)) {
        cfti_scan_retry(scan, reader);
        return CONFITURE_OK;
    }
    cfti_slot_reset(slot);
    cfti_mutex_lock(&scan->mutex);
    cfti_scan_retire_slot(scan, slot);
    /* Waking a thread can take longer than reading a batch: a helper that sleeps because all
     * slots were full is woken when half of them are free. */
    if (scan->workers_are_open && 2 * (scan->claimed - scan->folded) <= scan->slot_count)
        cfti_condition_signal(&scan->slot_free);
    cfti_mutex_unlock(&scan->mutex);
    return status;
}

/* Reads a batch on the calling thread, or waits for the oldest if none may be claimed. */
static confiture_status cfti_scan_read_or_wait(cfti_scan *scan, cfti_reader *reader,
                                               cfti_fail *fail) {
    confiture_status status = CONFITURE_OK;
    cfti_slot *slot;
    bool is_last;
    cfti_scan_start(scan, reader);
    cfti_mutex_lock(&scan->mutex);
    is_last = scan->is_last_try;
    slot = cfti_scan_claim(scan);
    if (slot != NULL) {
        cfti_mutex_unlock(&scan->mutex);
        cfti_slot_read(scan, reader, slot);
        if (scan->cancelled) status = cfti_fail_cancelled(fail);
        cfti_mutex_lock(&scan->mutex);
        cfti_scan_finish_slot(scan, slot);
        cfti_mutex_unlock(&scan->mutex);
        return status;
    }
    slot = cfti_scan_oldest(scan);
    if (slot != NULL && !slot->ready) {
        cfti_scan_wait(scan, &scan->slot_ready, &slot->ready, 0);
        cfti_mutex_unlock(&scan->mutex);
        return cfti_scan_report(scan, 0, fail);
    }
    cfti_mutex_unlock(&scan->mutex);
    if (slot != NULL) return CONFITURE_OK;
    if (is_last) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    cfti_scan_retry(scan, reader);
    return CONFITURE_OK;
}

/* The caller folds the next batch if it is ready, else reads one, else waits. */
static confiture_status cfti_scan_caller_loop(cfti_scan *scan, cfti_reader *reader,
                                              cfti_fail *fail) {
    confiture_status status = CONFITURE_OK;
    while (status == CONFITURE_OK) {
        cfti_slot *slot;
        bool is_over;
        cfti_mutex_lock(&scan->mutex);
        slot = cfti_scan_oldest(scan);
        is_over = slot == NULL && scan->next == scan->files->count;
        if (slot != NULL && !CFTI_ATOMIC_LOAD(&slot->ready)) slot = NULL;
        cfti_mutex_unlock(&scan->mutex);
        if (is_over) break;
        status = slot != NULL ? cfti_scan_fold_batch(scan, reader, slot, fail)
                              : cfti_scan_read_or_wait(scan, reader, fail);
    }
    cfti_mutex_lock(&scan->mutex);
    CFTI_ATOMIC_STORE(&scan->stopping, 1);
    cfti_condition_broadcast(&scan->slot_free);
    cfti_mutex_unlock(&scan->mutex);
    return status;
}

static void cfti_scan_read_index(void *ctx, size_t index) {
    cfti_scan *scan = (cfti_scan *)ctx;
    cfti_slot *slot = scan->slots[(scan->folded + index) % scan->slot_count];
    cfti_reader reader;
    if (CFTI_ATOMIC_LOAD(&scan->stopping)) {
        cfti_fail_cancelled(&slot->fail);
        return;
    }
    cfti_reader_init(&reader, scan->files, scan->run, &scan->allocator);
    reader.is_caller = cfti_os_thread_id() == scan->caller;
    cfti_slot_read(scan, &reader, slot);
    cfti_reader_close(&reader);
    if (reader.is_caller && !scan->cancelled) {
        cfti_fail ignored; /* a stop takes effect after the round */
        (void)cfti_scan_report(scan, slot->bytes, &ignored);
    }
}

/* Claims the batches of a round: a few for each thread, but few bytes, since only between the
 * rounds a report to the caller is certain. */
static size_t cfti_scan_claim_round(cfti_scan *scan) {
    size_t bytes = 0, limit = scan->threads * CFTI_ROUND_BYTES;
    while (bytes < limit) {
        cfti_slot *slot = cfti_scan_claim(scan);
        if (slot == NULL) break;
        bytes += scan->read_files > 0 ? slot->expected : CFTI_ROUND_BYTES;
        cfti_fail_with(&slot->fail, CONFITURE_E_ARGUMENT, CFTI_UNDONE);
    }
    return scan->claimed - scan->folded;
}

/* The loop with the caller's own parallel_for, which may run its work in any order, even one
 * after the other: a round of batches is read, then folded. */
static confiture_status cfti_scan_rounds(cfti_scan *scan, cfti_reader *reader, cfti_fail *fail) {
    confiture_status status = CONFITURE_OK;
    scan->caller = cfti_os_thread_id();
    while (status == CONFITURE_OK && scan->next < scan->files->count && !scan->is_alone) {
        size_t n = cfti_scan_claim_round(scan), i;
        int error;
        if (n == 0) break;
        error = scan->run->parallel_for(scan->run->parallel_user, n, cfti_scan_read_index, scan);
        if (error != 0) status = cfti_fail_parallel(fail, error);
        else if (scan->cancelled) status = cfti_fail_cancelled(fail);
        for (i = 0; i < n; i++)
            cfti_scan_finish_slot(scan, scan->slots[(scan->folded + i) % scan->slot_count]);
        while (status == CONFITURE_OK && scan->folded < scan->claimed)
            status = cfti_scan_fold_batch(scan, reader, cfti_scan_oldest(scan), fail);
    }
    return status != CONFITURE_OK ? status : cfti_scan_caller_loop(scan, reader, fail);
}

static bool cfti_scan_init_locks(cfti_scan *scan) {
    if (cfti_mutex_init(&scan->mutex) != 0) return false;
    if (cfti_condition_init(&scan->slot_free) == 0) {
        if (cfti_condition_init(&scan->slot_ready) == 0) return true;
        cfti_condition_destroy(&scan->slot_free);
    }
    cfti_mutex_destroy(&scan->mutex);
    return false;
}

/* Makes the slot array. One thread needs one slot; so do several if there is no memory. */
static void cfti_scan_init_slots(cfti_scan *scan) {
    scan->slots = NULL;
    scan->slot_count = 4 * scan->threads + 4;
    if (scan->threads > 1)
        scan->slots =
            (cfti_slot **)cfti_alloc(&scan->allocator, 2 * scan->slot_count * sizeof(cfti_slot *));
    if (scan->slots == NULL) {
        scan->threads = scan->slot_count = 1;
        scan->slots = scan->single;
    }
    scan->idle = scan->slots + scan->slot_count;
    scan->slot_block = scan->consumer->state_only ? CFTI_STATES_BLOCK : CFTI_SLOT_BLOCK;
    scan->max_held = cfti_min(scan->threads * CFTI_FLIGHT_PER_THREAD, CFTI_MAX_FLIGHT);
}

static void cfti_scan_free_slots(cfti_scan *scan) {
    while (scan->claimed > scan->folded)
        cfti_scan_free_slot(scan, scan->slots[--scan->claimed % scan->slot_count]);
    while (scan->idle_count > 0) cfti_scan_free_slot(scan, scan->idle[--scan->idle_count]);
    cfti_scan_free_slot_array(scan);
}

static confiture_status cfti_scan_run(const confiture_files *files, const confiture_run *run,
                                      const cfti_consumer *consumer, cfti_fail *fail) {
    cfti_scan scan;
    cfti_reader reader;
    confiture_status status;
    int cancel;
    memset(&scan, 0, sizeof(scan));
    scan.files = files;
    scan.run = run;
    scan.consumer = consumer;
    scan.progress.total_files = files->count;
    if (!cfti_io_is_known(run->io))
        return cfti_fail_with(fail, CONFITURE_E_ARGUMENT, cfti_unknown_io);
    if (!cfti_scratch_allocator(&scan.allocator, run))
        return cfti_fail_with(fail, CONFITURE_E_ARGUMENT, cfti_no_allocator);
    if (!cfti_scan_init_locks(&scan)) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    cancel = cfti_cancel_disable();
    scan.threads =
        cfti_min(cfti_min(cfti_workers_limit(run), CFTI_MAX_THREADS), cfti_max(files->count, 1));
    cfti_scan_init_slots(&scan);
    cfti_reader_init(&reader, files, run, &scan.allocator);
    reader.is_caller = true;
    status = run->parallel_for != NULL ? cfti_scan_rounds(&scan, &reader, fail)
                                       : cfti_scan_caller_loop(&scan, &reader, fail);
    if (scan.workers_are_open) {
        cfti_workers_join(&scan.workers);
        cfti_workers_close(&scan.workers);
    }
    cfti_condition_destroy(&scan.slot_ready);
    cfti_condition_destroy(&scan.slot_free);
    cfti_mutex_destroy(&scan.mutex);
    cfti_reader_close(&reader);
    cfti_scan_free_slots(&scan);
    cfti_cancel_restore(cancel);
    return status;
}

/* ---- results/notes.c: notes on the names of a list ---- */

/* The letters from U+00C0 to U+017F (Latin-1, Latin Extended-A) that Unicode decomposes into a
 * letter and a combining mark: the letters, and a character of cfti_marks for each mark. */
static const char cfti_letters[] =
    "AAAAAA CEEEEIIII NOOOOO  UUUUY  aaaaaa ceeeeiiii nooooo  uuuuy y"
    "AaAaAaCcCcCcCcDd  EeEeEeEeEeGgGgGgGgHh  IiIiIiIiI   JjKk LlLlLl "
    "   NnNnNn   OoOoOo  RrRrRrSsSsSsSsTtTt  UuUuUuUuUuUuWwYyYZzZzZz ";
static const char cfti_letter_marks[] =
    "`'^~:o ,`'^:`'^: ~`'^~:  `'^:'  `'^~:o ,`'^:`'^: ~`'^~:  `'^:' :"
    "--uu;;''^^..vvvv  --uu..;;vv^^uu..,,^^  ~~--uu;;.   ^^,, '',,vv "
    "   '',,vv   --uu\"\"  '',,vv''^^,,vv,,vv  ~~--uuoo\"\";;^^^^:''..vv ";
static const char cfti_marks[] = "`'^~-u.:o\"v,;";
static const uint16_t cfti_mark_codes[] = {0x300, 0x301, 0x302, 0x303, 0x304, 0x306, 0x307,
                                           0x308, 0x30A, 0x30B, 0x30C, 0x327, 0x328};

/* Reads a name as it is compared: decomposed, and, if lower, in lower case. */
typedef struct cfti_folding {
    const uint8_t *at, *end;
    uint32_t mark; /* of the letter before, which comes next; 0: none */
    bool lower;
} cfti_folding;

static void cfti_folding_init(cfti_folding *folding, const cfti_file *file, bool lower) {
    folding->at = (const uint8_t *)file->name;
    folding->end = folding->at + file->name_size;
    folding->mark = 0;
    folding->lower = lower;
}

/* The lower case of a letter without a mark, up to U+017F. */
static uint32_t cfti_lower_letter(uint32_t code) {
    static const uint16_t pairs[] = {0x110, 0x126, 0x132, 0x13F, 0x141, 0x14A, 0x152, 0x166};
    size_t i;
    if (code < 0x80) return cfti_lower((uint8_t)code);
    if (code == 0xC6 || code == 0xD0 || code == 0xD8 || code == 0xDE) return code + 0x20;
    for (i = 0; i < CFTI_COUNT(pairs); i++)
        if (pairs[i] == code) return code + 1;
    return code;
}

/* The next code point; 0: the end. */
static uint32_t cfti_folding_next(cfti_folding *folding) {
    uint32_t code = folding->mark;
    size_t length;
    folding->mark = 0;
    if (code != 0 || folding->at == folding->end) return code;
    length = cfti_utf8_decode(folding->at, (size_t)(folding->end - folding->at), &code);
    folding->at += length;
    if (code >= 0xC0 && code < 0x180 && cfti_letters[code - 0xC0] != ' ') {
        const char *mark = strchr(cfti_marks, cfti_letter_marks[code - 0xC0]);
        folding->mark = cfti_mark_codes[mark - cfti_marks];
        code = (uint8_t)cfti_letters[code - 0xC0];
    }
    return folding->lower ? cfti_lower_letter(code) : code;
}

static bool cfti_folds_alike(const cfti_file *a, const cfti_file *b, bool lower) {
    cfti_folding x, y;
    uint32_t code;
    cfti_folding_init(&x, a, lower);
    cfti_folding_init(&y, b, lower);
    do {
        code = cfti_folding_next(&x);
        if (code != cfti_folding_next(&y)) return false;
    } while (code != 0);
    return true;
}

/* FNV-1a of a folded name. */
static uint64_t cfti_folded_hash(const cfti_file *file) {
    cfti_folding folding;
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    uint32_t code;
    cfti_folding_init(&folding, file, true);
    while ((code = cfti_folding_next(&folding)) != 0)
        hash = (hash ^ code) * UINT64_C(0x100000001B3);
    return hash;
}

typedef struct cfti_notes {
    const confiture_files *files;
    confiture_allocator allocator;
    cfti_buffer words;
    void (*report)(void *ctx, const cfti_fail *fail, const char *name);
    void *ctx;
} cfti_notes;

static size_t cfti_component_size(const char *component) {
    size_t n = 0;
    while (component[n] != '\0' && component[n] != '/') n++;
    return n;
}

static bool cfti_notes_append(cfti_notes *notes, const char *text, size_t size) {
    return cfti_buffer_append(&notes->words, text, size);
}

/* Reports a note on a file: a component of its name or "", what is wrong with it, another name, and
 * advice. False: no memory. */
static bool cfti_notes_report(cfti_notes *notes, const cfti_file *file, const char *component,
                              const char *what, const char *other, size_t other_size,
                              const char *advice) {
    cfti_fail fail;
    notes->words.size = 0;
    if (!cfti_notes_append(notes, "note: ", 6) ||
        !cfti_notes_append(notes, component, cfti_component_size(component)) ||
        !cfti_notes_append(notes, what, strlen(what)) ||
        !cfti_notes_append(notes, other, other_size) ||
        !cfti_notes_append(notes, advice, strlen(advice) + 1))
        return false;
    cfti_fail_with(&fail, CONFITURE_OK, (const char *)notes->words.data);
    fail.path = file->path;
    fail.index = (size_t)(file - notes->files->items);
    notes->report(notes->ctx, &fail, file->name);
    return true;
}

/* ---- alike ---- */

typedef struct cfti_alike {
    uint64_t hash;
    const cfti_file *file, *other; /* other: the file before it that is alike */
} cfti_alike;

static int cfti_order_alike(const void *a, const void *b) {
    const cfti_alike *x = (const cfti_alike *)a, *y = (const cfti_alike *)b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return strcmp(x->file->name, y->file->name);
}

static int cfti_order_file(const void *a, const void *b) {
    const cfti_file *x = ((const cfti_alike *)a)->file, *y = ((const cfti_alike *)b)->file;
    return x < y ? -1 : x > y;
}

static bool cfti_notes_report_alike(cfti_notes *notes, const cfti_alike *alike) {
    const cfti_file *file = alike->file, *other = alike->other;
    if (strcmp(file->name, other->name) == 0)
        return cfti_notes_report(notes, file, "", "listed twice, so the schema contains it twice",
                                 "", 0, ": leave one out");
    if (cfti_folds_alike(file, other, false))
        return cfti_notes_report(notes, file, "", "differs only in Unicode normalisation from ",
                                 other->name, other->name_size, ": rename one");
    return cfti_notes_report(notes, file, "", "differs only in case from ", other->name,
                             other->name_size, ": rename one");
}

/* Reports names that are the same, or the same to some file systems. Sorted by hash, so that only
 * names of equal hashes are compared. */
static bool cfti_notes_alike(cfti_notes *notes) {
    size_t n = notes->files->count, i, kept = 0;
    cfti_alike *items;
    bool good;
    if (n > SIZE_MAX / sizeof(*items)) return false;
    items = (cfti_alike *)cfti_alloc(&notes->allocator, n * sizeof(*items));
    if (items == NULL) return false;
    for (i = 0; i < n; i++) {
        items[i].file = &notes->files->items[i];
        items[i].hash = cfti_folded_hash(items[i].file);
    }
    good = cfti_sort(&notes->allocator, items, n, sizeof(*items), cfti_order_alike);
    for (i = 1; good && i < n; i++) {
        const cfti_file *a = items[i - 1].file, *b = items[i].file;
        items[kept].hash = items[i - 1].hash;
        if (items[i].hash != items[i - 1].hash || !cfti_folds_alike(a, b, true)) continue;
        items[kept].file = a < b ? b : a;
        items[kept++].other = a < b ? a : b;
    }
    good = good && cfti_sort(&notes->allocator, items, kept, sizeof(*items), cfti_order_file);
    for (i = 0; good && i < kept; i++) good = cfti_notes_report_alike(notes, &items[i]);
    cfti_free(&notes->allocator, items, n * sizeof(*items));
    return good;
}

/* ---- numbers ---- */

/* The number that a component begins with, without leading zeros. */
static const char *cfti_number_of(const char *name, size_t *digits) {
    size_t n = 0;
    while (*name == '0' && name[1] >= '0' && name[1] <= '9') name++;
    while (name[n] >= '0' && name[n] <= '9') n++;
    *digits = n;
    return name;
}

static bool cfti_number_is_above(const char *a, const char *b) {
    size_t m, n;
    a = cfti_number_of(a, &m);
    b = cfti_number_of(b, &n);
    if (m == 0 || n == 0) return false;
    return m != n ? m > n : memcmp(a, b, n) > 0;
}

/* The offset of the first component in which two paths differ. */
static size_t cfti_first_difference(const char *a, const char *b) {
    size_t i, start = 0;
    for (i = 0; a[i] == b[i] && a[i] != '\0'; i++)
        if (a[i] == '/') start = i + 1;
    return start;
}

/* Reports numbers that sort otherwise than they count, as 10 before 9, once for each directory. The
 * list is in path order, so a directory's files are neighbours, and `reported` holds only the
 * directories above the current file. */
static bool cfti_notes_numbers(cfti_notes *notes) {
    size_t *reported = NULL, depth = 0, capacity = 0, i;
    bool good = true;
    for (i = 1; good && notes->files->is_by_path && i < notes->files->count; i++) {
        const char *a = notes->files->items[i - 1].path, *b = notes->files->items[i].path;
        size_t start = cfti_first_difference(a, b);
        void *grown = reported;
        while (depth > 0 && reported[depth - 1] > start) depth--;
        if (!cfti_number_is_above(a + start, b + start)) continue;
        if (depth > 0 && reported[depth - 1] == start) continue;
        good = cfti_grow(&notes->allocator, &grown, &capacity, depth, sizeof(*reported));
        reported = (size_t *)grown;
        if (!good) break;
        reported[depth++] = start;
        good = cfti_notes_report(notes, &notes->files->items[i], b + start, " comes after ",
                                 a + start, cfti_component_size(a + start),
                                 ": write numbers with as many digits each");
    }
    cfti_free(&notes->allocator, reported, capacity * sizeof(*reported));
    return good;
}

/* ---- left out ---- */

static void cfti_notes_left_out(cfti_notes *notes) {
    size_t i;
    for (i = 0; i < notes->files->left_out_count; i++) {
        const char *path = notes->files->left_out[i].path;
        cfti_fail fail;
        cfti_fail_with(&fail, CONFITURE_OK,
                       "note: left out, since patterns tell upper case from lower: rename it, or "
                       "add a pattern");
        fail.path = path;
        notes->report(notes->ctx, &fail, path);
    }
}

/* Reports all notes. False: no memory. */
static bool cfti_notes_report_all(cfti_notes *notes) {
    bool good = cfti_notes_numbers(notes) && (notes->files->count < 2 || cfti_notes_alike(notes));
    if (good) cfti_notes_left_out(notes);
    cfti_buffer_free(&notes->words);
    return good;
}

/* ---- results/check.c: bytes to text, and its checks ---- */

typedef struct cfti_text_rules {
    confiture_check_mode mode; /* never CONFITURE_CHECK_DEFAULT */
    bool strip_bom;
    bool keep_line_ends; /* the text is the bytes; the check reads LF for CRLF and CR */
    bool counts_lines;   /* for a map of the schema */
    bool refuse_nul;     /* whatever the mode */
} cfti_text_rules;

/* The state of a file's text between its pieces. */
typedef struct cfti_text_pieces {
    cfti_utf8 utf8;
    uint64_t lines;        /* line ends so far */
    bool after_cr;         /* the last piece ended in CR */
    const char *refused;   /* a byte that is refused beside what the lexer finds; NULL: none */
    uint64_t refused_line; /* of the first */
    cfti_lexer lexer;
} cfti_text_pieces;

/* What map leaves to fold. */
typedef struct cfti_text_state {
    cfti_fail finding;      /* without the path; status OK: none */
    uint64_t relative_line; /* of an \ir; 0: none */
    bool unended;           /* only a statement is open */
    const char *if_ended;   /* the finding if a semicolon is added: a COPY; NULL: none */
    bool variable;          /* the open statement is a psql variable: it may hold anything */
    const uint8_t *text;    /* of the chunk: its bytes, or a translation of them */
    size_t text_size;
    uint64_t lines; /* ends of lines in it, if the rules ask for them */
} cfti_text_state;

static const char cfti_lone_cr[] =
    "carriage return alone, where psql ends no line: use LF or CRLF, or let it become LF";

static const char cfti_nul_in_digest[] =
    "NUL byte, which would make a digest of texts ambiguous: remove it, or use the tree digest";

static void cfti_find_encoding(cfti_text_state *state, const cfti_text_pieces *pieces,
                               const cfti_chunk *chunk) {
    uint64_t before = chunk->total - chunk->size;
    size_t good = pieces->utf8.offset > before ? (size_t)(pieces->utf8.offset - before) : 0;
    bool after_cr = pieces->after_cr;
    cfti_fail_with(&state->finding, CONFITURE_E_ENCODING, NULL);
    state->finding.offset = pieces->utf8.offset;
    state->finding.line = 1 + pieces->lines + cfti_count_lines(chunk->bytes, good, &after_cr);
}

static bool cfti_knows_psql(confiture_check_mode mode) {
    return mode == CONFITURE_CHECK_POSTGRES || mode == CONFITURE_CHECK_QUOTES;
}

/* The line that ends in the first CR of the chunk without an LF; 0: none. */
static uint64_t cfti_find_lone_cr(const cfti_text_pieces *pieces, const cfti_chunk *chunk) {
    const uint8_t *p = chunk->bytes, *end = p + chunk->size;
    bool after_cr = pieces->after_cr;
    if (after_cr && (p < end ? *p != '\n' : chunk->last)) return pieces->lines;
    while (p < end && (p = (const uint8_t *)memchr(p, '\r', (size_t)(end - p))) != NULL) {
        if (++p < end ? *p != '\n' : chunk->last)
            return pieces->lines +
                   cfti_count_lines(chunk->bytes, (size_t)(p - chunk->bytes), &after_cr);
    }
    return 0;
}

/* The line of the first NUL of the chunk; 0: none. */
static uint64_t cfti_find_nul(const cfti_text_pieces *pieces, const cfti_chunk *chunk) {
    const uint8_t *p = chunk->bytes;
    bool after_cr = pieces->after_cr;
    if (chunk->size == 0 || (p = (const uint8_t *)memchr(p, '\0', chunk->size)) == NULL) return 0;
    return 1 + pieces->lines +
           cfti_count_lines(chunk->bytes, (size_t)(p - chunk->bytes), &after_cr);
}

/* Looks for a byte that the rules refuse, unless one was found in an earlier piece. */
static void cfti_text_refuse(cfti_text_pieces *pieces, const cfti_chunk *chunk,
                             const cfti_text_rules *rules) {
    if (pieces->refused != NULL) return;
    if (rules->keep_line_ends && cfti_knows_psql(rules->mode)) {
        pieces->refused_line = cfti_find_lone_cr(pieces, chunk);
        if (pieces->refused_line != 0) pieces->refused = cfti_lone_cr;
    } else if (rules->refuse_nul) {
        pieces->refused_line = cfti_find_nul(pieces, chunk);
        if (pieces->refused_line != 0) pieces->refused = cfti_nul_in_digest;
    }
}

static void cfti_text_check(cfti_text_state *state, cfti_lexer *lexer, const cfti_chunk *chunk) {
    static const uint8_t semicolon[2] = {';', '\n'};
    const char *what;
    if (!chunk->last) {
        cfti_lexer_feed(lexer, state->text, state->text_size);
        return;
    }
    what = cfti_lexer_finish(lexer, state->text, state->text_size, &state->finding.line);
    state->relative_line = lexer->relative_line;
    state->unended = what == cfti_statement_open;
    if (state->unended) {
        uint64_t line;
        cfti_lexer_feed(lexer, semicolon, sizeof semicolon);
        state->if_ended = cfti_lexer_end(lexer, &line);
    }
    state->variable = what == NULL && lexer->query.content == CFTI_QUERY_VARIABLE;
    if (what == NULL) return;
    state->finding.status = CONFITURE_E_UNCLOSED;
    state->finding.detail = what;
}

/* Counts lines. The lexer has counted them already, unless it has stopped. */
static void cfti_text_count(cfti_text_pieces *pieces, const cfti_text_state *state,
                            const cfti_text_rules *rules) {
    if (rules->mode != CONFITURE_CHECK_NONE && pieces->lexer.found == NULL)
        pieces->lines = pieces->lexer.line - 1;
    else pieces->lines += cfti_count_byte(state->text, state->text_size, '\n');
}

static confiture_status cfti_text_piece(cfti_text_state *state, cfti_text_pieces *pieces,
                                        const cfti_chunk *chunk, const cfti_text_rules *rules,
                                        cfti_arena *arena, cfti_fail *fail) {
    static const uint8_t mark[3] = {0xEF, 0xBB, 0xBF};
    size_t skip = 0;
    if (chunk->first) {
        cfti_utf8_init(&pieces->utf8);
        cfti_lexer_init(&pieces->lexer, rules->mode);
        pieces->lines = 0;
        pieces->after_cr = false;
        pieces->refused = NULL;
    }
    if (!cfti_utf8_feed(&pieces->utf8, chunk->bytes, chunk->size) ||
        (chunk->last && !cfti_utf8_end(&pieces->utf8))) {
        cfti_find_encoding(state, pieces, chunk);
        return CONFITURE_OK;
    }
    cfti_text_refuse(pieces, chunk, rules);
    if (chunk->size > 0 && (pieces->after_cr || memchr(chunk->bytes, '\r', chunk->size) != NULL)) {
        uint8_t *text = (uint8_t *)cfti_arena_alloc(arena, chunk->size);
        if (text == NULL) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
        state->text_size = cfti_newlines(text, chunk->bytes, chunk->size, &pieces->after_cr);
        state->text = text;
    }
    if (rules->strip_bom && chunk->first && state->text_size >= sizeof mark &&
        memcmp(state->text, mark, sizeof mark) == 0)
        skip = sizeof mark;
    state->text += skip;
    state->text_size -= skip;
    if (rules->mode != CONFITURE_CHECK_NONE) cfti_text_check(state, &pieces->lexer, chunk);
    if (!chunk->last) {
        cfti_text_count(pieces, state, rules);
    } else if (pieces->refused != NULL) {
        state->unended = false;
        state->if_ended = NULL;
        cfti_fail_with(&state->finding, CONFITURE_E_UNCLOSED, pieces->refused);
        state->finding.line = pieces->refused_line;
    }
    if (rules->keep_line_ends) {
        state->text = chunk->bytes + skip;
        state->text_size = chunk->size - skip;
    }
    if (rules->counts_lines) state->lines = cfti_count_byte(state->text, state->text_size, '\n');
    return CONFITURE_OK;
}

/* The map of check, build and text digest: strict UTF-8, newline translation, and what the file
 * leaves open. Findings are left to fold. */
static confiture_status cfti_text_map(cfti_text_state *state, const cfti_chunk *chunk,
                                      const cfti_text_rules *rules, cfti_arena *arena,
                                      cfti_fail *fail) {
    cfti_text_pieces whole;
    state->text = chunk->bytes;
    state->text_size = chunk->size;
    if (state->finding.status != CONFITURE_OK) return CONFITURE_OK; /* in an earlier piece */
    return cfti_text_piece(
        state, chunk->piece_state != NULL ? (cfti_text_pieces *)chunk->piece_state : &whole, chunk,
        rules, arena, fail);
}

/* Where findings are reported. */
typedef struct cfti_findings {
    const confiture_files *files;
    confiture_finding_callback *callback;
    void *user;
    bool notes;     /* are reported too */
    bool terminate; /* the build adds a missing semicolon */
    bool any;
    cfti_fail first; /* of the findings */
} cfti_findings;

static const size_t cfti_note_size = sizeof("note: ") - 1;

/* Reports a failure to the callback, or, if `what` is not NULL, a note. */
static void cfti_findings_report(const cfti_findings *findings, const cfti_fail *fail,
                                 const char *name, const char *what) {
    confiture_finding finding;
    confiture_error words;
    (void)cfti_report(&words, fail);
    finding.status = fail->status;
    finding.severity = what == NULL ? CONFITURE_SEVERITY_ERROR : CONFITURE_SEVERITY_NOTE;
    finding.index = fail->index;
    finding.path = fail->path;
    finding.name = name;
    finding.line = fail->line;
    finding.offset = fail->offset;
    finding.what = what != NULL           ? what
                   : fail->detail != NULL ? fail->detail
                                          : confiture_status_text(fail->status);
    finding.message = words.message;
    findings->callback(findings->user, &finding);
}

/* Reports a note on a line of a file. detail begins with "note: ". */
static void cfti_findings_note_file(const cfti_findings *findings, const cfti_chunk *chunk,
                                    uint64_t line, const char *detail) {
    cfti_fail fail;
    cfti_fail_with(&fail, CONFITURE_OK, detail);
    cfti_fail_at(&fail, findings->files, chunk->index);
    fail.line = line;
    cfti_findings_report(findings, &fail, chunk->file->name, detail + cfti_note_size);
}

/* The fold of check and build: reports a finding to the callback, or fails without one. In the last
 * file of an output a statement may end without a semicolon. */
static confiture_status cfti_findings_add(cfti_findings *findings, const cfti_chunk *chunk,
                                          bool ends_output, cfti_fail *fail) {
    const cfti_text_state *state = (const cfti_text_state *)chunk->state;
    if (findings->notes && chunk->last && state->relative_line != 0)
        cfti_findings_note_file(findings, chunk, state->relative_line,
                                "note: \\ir looks beside the built schema, not beside this file");
    if (state->finding.status == CONFITURE_OK) return CONFITURE_OK;
    if (state->unended && (ends_output || (findings->terminate && state->if_ended == NULL)))
        return CONFITURE_OK;
    *fail = state->finding;
    if (findings->terminate && state->if_ended != NULL) fail->detail = state->if_ended;
    cfti_fail_at(fail, findings->files, chunk->index);
    if (!findings->any) findings->first = *fail;
    findings->any = true;
    if (findings->callback == NULL) return fail->status;
    if (chunk->last) cfti_findings_report(findings, fail, chunk->file->name, NULL);
    return CONFITURE_OK;
}

/* Reports a note on a name. */
static void cfti_findings_note_name(void *ctx, const cfti_fail *fail, const char *name) {
    cfti_findings_report((const cfti_findings *)ctx, fail, name, fail->detail + cfti_note_size);
}

static confiture_status cfti_findings_note_names(cfti_findings *findings, const confiture_run *run,
                                                 cfti_fail *fail) {
    cfti_notes notes;
    int cancel = cfti_cancel_disable();
    bool good;
    memset(&notes, 0, sizeof(notes));
    notes.files = findings->files;
    notes.report = cfti_findings_note_name;
    notes.ctx = findings;
    (void)cfti_scratch_allocator(&notes.allocator, run); /* the scan had one too */
    notes.words.allocator = notes.allocator;
    good = cfti_notes_report_all(&notes);
    cfti_cancel_restore(cancel);
    return good ? CONFITURE_OK : cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
}

typedef struct cfti_check {
    cfti_text_rules rules;
    cfti_findings findings;
} cfti_check;

static confiture_status cfti_check_map(void *ctx, cfti_chunk *chunk, cfti_arena *arena,
                                       cfti_fail *fail) {
    return cfti_text_map((cfti_text_state *)chunk->state, chunk, &((cfti_check *)ctx)->rules, arena,
                         fail);
}

static confiture_status cfti_check_fold(void *ctx, cfti_chunk *chunk, cfti_fail *fail) {
    cfti_check *check = (cfti_check *)ctx;
    bool ends_output = chunk->index + 1 == check->findings.files->count;
    return cfti_findings_add(&check->findings, chunk, ends_output, fail);
}

/* Why these rules cannot be used, or NULL. */
static const char *cfti_text_rules_refuse(const cfti_text_rules *rules, bool terminate) {
    if (rules->mode == CONFITURE_CHECK_POSTGRES) return NULL;
    if (rules->mode != CONFITURE_CHECK_QUOTES && rules->mode != CONFITURE_CHECK_REFERENCE &&
        rules->mode != CONFITURE_CHECK_NONE)
        return "unknown check mode";
    return terminate ? "terminate needs the check POSTGRES, which alone sees unended statements"
                     : NULL;
}

CONFITURE_API confiture_status confiture_check(const confiture_files *files,
                                               const confiture_check_options *options,
                                               confiture_error *error) {
    confiture_check_options defaults;
    cfti_consumer consumer;
    cfti_check check;
    cfti_fail fail;
    const char *why;
    confiture_status status;
    memset(&defaults, 0, sizeof(defaults));
    memset(&consumer, 0, sizeof(consumer));
    memset(&check, 0, sizeof(check));
    if (!cfti_require(files, "files", error)) return CONFITURE_E_ARGUMENT;
    if (options == NULL) options = &defaults;
    check.rules.mode = options->mode;
    if (options->mode == CONFITURE_CHECK_DEFAULT) check.rules.mode = CONFITURE_CHECK_POSTGRES;
    why = cfti_text_rules_refuse(&check.rules, options->terminate);
    if (why != NULL) return cfti_report_plain(error, CONFITURE_E_ARGUMENT, why);
    check.rules.strip_bom = options->strip_bom;
    check.findings.terminate = options->terminate;
    check.findings.notes = options->on_finding != NULL && !options->no_notes;
    check.findings.files = files;
    check.findings.callback = options->on_finding;
    check.findings.user = options->finding_user;
    consumer.state_size = sizeof(cfti_text_state);
    consumer.piece_state_size = sizeof(cfti_text_pieces);
    consumer.state_only = true;
    consumer.map = cfti_check_map;
    consumer.fold = cfti_check_fold;
    consumer.ctx = &check;
    status = cfti_scan_run(files, &options->run, &consumer, &fail);
    if (status == CONFITURE_OK && check.findings.notes)
        status = cfti_findings_note_names(&check.findings, &options->run, &fail);
    if (status == CONFITURE_OK && check.findings.any) {
        fail = check.findings.first;
        status = fail.status;
    }
    return status == CONFITURE_OK ? status : cfti_report(error, &fail);
}

/* ---- results/statement.c: where a statement begins ---- */

typedef struct cfti_statement {
    uint64_t line;       /* of the file, from 1 */
    uint64_t first;      /* where the statement that is open before it begins; 0: none is */
    bool keep_line_ends; /* CR ends no line */
} cfti_statement;

/* The state between the pieces of a file. */
typedef struct cfti_statement_pieces {
    cfti_text_pieces text;
    uint64_t left; /* line ends before the line */
    bool in_line;  /* the text so far ends in no newline */
    bool unknown;  /* a CR alone ends a line here, but none in the schema */
} cfti_statement_pieces;

/* The part of the text that precedes the line. */
static size_t cfti_statement_before(uint64_t *left, const uint8_t *text, size_t size) {
    const uint8_t *p = text, *end = text + size;
    while (*left > 0 && p < end) {
        const uint8_t *newline = (const uint8_t *)memchr(p, '\n', (size_t)(end - p));
        if (newline == NULL) return size;
        p = newline + 1;
        --*left;
    }
    return (size_t)(p - text);
}

/* Feeds what precedes the line, and counts its line ends. */
static void cfti_statement_feed(cfti_statement_pieces *pieces, const uint8_t *text, size_t size,
                                bool first) {
    static const uint8_t mark[3] = {0xEF, 0xBB, 0xBF};
    cfti_lexer *lexer = &pieces->text.lexer;
    size_t skip = 0;
    if (size > 0) pieces->in_line = text[size - 1] != '\n';
    size = cfti_statement_before(&pieces->left, text, size);
    if (first && size >= sizeof mark && memcmp(text, mark, sizeof mark) == 0) skip = sizeof mark;
    cfti_lexer_feed(lexer, text + skip, size - skip);
    pieces->text.lines = lexer->line - 1;
}

static confiture_status cfti_statement_map(void *ctx, cfti_chunk *chunk, cfti_arena *arena,
                                           cfti_fail *fail) {
    cfti_statement *statement = (cfti_statement *)ctx;
    cfti_statement_pieces whole, *pieces = &whole;
    const cfti_lexer *lexer;
    if (chunk->piece_state != NULL) pieces = (cfti_statement_pieces *)chunk->piece_state;
    lexer = &pieces->text.lexer;
    if (chunk->first) {
        memset(pieces, 0, sizeof *pieces);
        cfti_lexer_init(&pieces->text.lexer, CONFITURE_CHECK_POSTGRES);
        pieces->left = statement->line - 1;
    }
    if (pieces->left == 0) return CONFITURE_OK;
    if (chunk->size > 0) {
        uint8_t *text = (uint8_t *)cfti_arena_alloc(arena, chunk->size);
        if (text == NULL) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
        if (statement->keep_line_ends && cfti_find_lone_cr(&pieces->text, chunk) != 0)
            pieces->unknown = true;
        cfti_statement_feed(pieces, text,
                            cfti_newlines(text, chunk->bytes, chunk->size, &pieces->text.after_cr),
                            chunk->first);
    }
    /* A schema has a newline after every file. */
    if (chunk->last && pieces->in_line && pieces->left == 1) pieces->left = 0;
    if (pieces->left == 0 && !pieces->unknown && lexer->found == NULL && lexer->data.pending == 0 &&
        lexer->query.content == CFTI_QUERY_TOKENS)
        statement->first = lexer->query.start.line;
    return CONFITURE_OK;
}

CONFITURE_API confiture_status confiture_statement_line(uint64_t *first,
                                                        const confiture_files *files, size_t index,
                                                        uint64_t line,
                                                        const confiture_statement_options *options,
                                                        confiture_error *error) {
    confiture_statement_options defaults;
    confiture_files one;
    cfti_consumer consumer;
    cfti_statement statement;
    cfti_fail fail;
    memset(&defaults, 0, sizeof(defaults));
    memset(&consumer, 0, sizeof(consumer));
    memset(&statement, 0, sizeof(statement));
    if (!cfti_require(first, "first", error)) return CONFITURE_E_ARGUMENT;
    *first = 0;
    if (!cfti_require(files, "files", error)) return CONFITURE_E_ARGUMENT;
    if (index >= files->count || line == 0)
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT, "no such file, or no such line");
    if (options == NULL) options = &defaults;
    one = *files;
    one.items = &files->items[index];
    one.origins = &index;
    one.count = 1;
    statement.line = line;
    statement.keep_line_ends = options->keep_line_ends;
    consumer.piece_state_size = sizeof(cfti_statement_pieces);
    consumer.state_only = true;
    consumer.map = cfti_statement_map;
    consumer.ctx = &statement;
    if (cfti_scan_run(&one, &options->run, &consumer, &fail) != CONFITURE_OK)
        return cfti_report(error, &fail);
    *first = statement.first != 0 ? statement.first : line;
    return CONFITURE_OK;
}

/* ---- results/digest.c: the digests of a list ---- */

/* A file's message is its name, NUL, its bytes, NUL. For a whole file, which has headroom, it is
 * one run of bytes, as cfti_sha256_many() needs it. */
static const uint8_t *cfti_message_of(cfti_chunk *chunk, size_t *size) {
    uint8_t *message = chunk->bytes - chunk->headroom;
    memcpy(message, chunk->file->name, chunk->headroom); /* the name's NUL included */
    chunk->bytes[chunk->size] = '\0';
    *size = chunk->headroom + chunk->size + 1;
    return message;
}

/* The same in pieces. */
static void cfti_message_update(confiture_sha256 *sha, const cfti_chunk *chunk) {
    if (chunk->first)
        confiture_sha256_update(sha, chunk->file->name, (size_t)chunk->file->name_size + 1);
    confiture_sha256_update(sha, chunk->bytes, chunk->size);
    if (chunk->last) confiture_sha256_update(sha, "", 1);
}

/* The stream digest: one SHA-256 over the messages of all files, in order. */
typedef struct cfti_stream {
    confiture_sha256 sha;
    uint64_t total_bytes;
} cfti_stream;

static void cfti_stream_add(cfti_stream *stream, cfti_chunk *chunk) {
    if (chunk->headroom > 0) {
        size_t size;
        const uint8_t *message = cfti_message_of(chunk, &size);
        confiture_sha256_update(&stream->sha, message, size);
    } else {
        cfti_message_update(&stream->sha, chunk);
    }
    if (chunk->last) stream->total_bytes += chunk->total;
}

static confiture_status cfti_stream_fold(void *ctx, cfti_chunk *chunk, cfti_fail *fail) {
    (void)fail;
    cfti_stream_add((cfti_stream *)ctx, chunk);
    return CONFITURE_OK;
}

/* The tree digest: one of each file, on any thread, and one over those. */
typedef struct cfti_leaf {
    confiture_sha256 sha;
    uint8_t digest[32];
} cfti_leaf;

static confiture_status cfti_tree_map(void *ctx, cfti_chunk *chunk, cfti_arena *arena,
                                      cfti_fail *fail) {
    cfti_leaf *leaf = (cfti_leaf *)chunk->state;
    (void)ctx;
    (void)arena;
    (void)fail;
    if (chunk->first) confiture_sha256_init(&leaf->sha);
    cfti_message_update(&leaf->sha, chunk);
    if (chunk->last) confiture_sha256_final(&leaf->sha, leaf->digest);
    return CONFITURE_OK;
}

static void cfti_tree_map_many(void *ctx, cfti_chunk *const *chunks, size_t count) {
    const uint8_t *messages[CFTI_BATCH_FILES];
    size_t sizes[CFTI_BATCH_FILES], i;
    uint8_t digests[CFTI_BATCH_FILES][32];
    (void)ctx;
    messages[0] = NULL, sizes[0] = 0; /* count > 0, which gcc does not see: it warns at -O2 */
    for (i = 0; i < count; i++) messages[i] = cfti_message_of(chunks[i], &sizes[i]);
    cfti_sha256_many(messages, sizes, count, digests);
    for (i = 0; i < count; i++) memcpy(((cfti_leaf *)chunks[i]->state)->digest, digests[i], 32);
}

static confiture_status cfti_tree_fold(void *ctx, cfti_chunk *chunk, cfti_fail *fail) {
    cfti_stream *root = (cfti_stream *)ctx;
    (void)fail;
    confiture_sha256_update(&root->sha, ((cfti_leaf *)chunk->state)->digest, 32);
    root->total_bytes += chunk->total;
    return CONFITURE_OK;
}

/* The text digest: one of the names and texts of all files. */
typedef struct cfti_text_stream {
    cfti_stream stream; /* first: what the other kinds have alone */
    cfti_text_rules rules;
    bool ends_in_newline; /* the text of the current file, so far */
} cfti_text_stream;

static confiture_status cfti_text_stream_map(void *ctx, cfti_chunk *chunk, cfti_arena *arena,
                                             cfti_fail *fail) {
    return cfti_text_map((cfti_text_state *)chunk->state, chunk, &((cfti_text_stream *)ctx)->rules,
                         arena, fail);
}

static confiture_status cfti_text_stream_fold(void *ctx, cfti_chunk *chunk, cfti_fail *fail) {
    cfti_text_stream *text = (cfti_text_stream *)ctx;
    const cfti_text_state *state = (const cfti_text_state *)chunk->state;
    confiture_sha256 *sha = &text->stream.sha;
    if (state->finding.status != CONFITURE_OK) {
        *fail = state->finding;
        return fail->status;
    }
    if (chunk->first) {
        confiture_sha256_update(sha, chunk->file->name, (size_t)chunk->file->name_size + 1);
        text->ends_in_newline = false;
    }
    confiture_sha256_update(sha, state->text, state->text_size);
    if (state->text_size > 0) text->ends_in_newline = state->text[state->text_size - 1] == '\n';
    if (!chunk->last) return CONFITURE_OK;
    confiture_sha256_update(sha, "\n", text->ends_in_newline ? 0 : 1);
    confiture_sha256_update(sha, "", 1);
    text->stream.total_bytes += chunk->total;
    return CONFITURE_OK;
}

/* Sets the functions of a kind of digest. False: there is no such kind. */
static bool cfti_hash_consumer(cfti_consumer *consumer, confiture_digest_kind kind) {
    memset(consumer, 0, sizeof(*consumer));
    switch (kind) {
    case CONFITURE_DIGEST_STREAM:
        consumer->wants_headroom = true;
        consumer->fold = cfti_stream_fold;
        return true;
    case CONFITURE_DIGEST_TREE:
        consumer->state_size = sizeof(cfti_leaf);
        consumer->state_only = true;
        consumer->wants_headroom = true;
        consumer->min_batch = CFTI_SHA256_LANES;
        consumer->map = cfti_tree_map;
        consumer->map_many = cfti_tree_map_many;
        consumer->fold = cfti_tree_fold;
        return true;
    case CONFITURE_DIGEST_TEXT:
        consumer->state_size = sizeof(cfti_text_state);
        consumer->piece_state_size = sizeof(cfti_text_pieces);
        consumer->map = cfti_text_stream_map;
        consumer->fold = cfti_text_stream_fold;
        return true;
    }
    return false;
}

CONFITURE_API confiture_status confiture_hash(confiture_digest *digest,
                                              const confiture_files *files,
                                              const confiture_hash_options *options,
                                              confiture_error *error) {
    confiture_hash_options defaults;
    cfti_consumer consumer;
    cfti_text_stream text;
    cfti_stream *stream = &text.stream;
    cfti_fail fail;
    memset(&defaults, 0, sizeof(defaults));
    memset(&text, 0, sizeof(text));
    if (!cfti_require(digest, "digest", error)) return CONFITURE_E_ARGUMENT;
    memset(digest, 0, sizeof(*digest));
    if (!cfti_require(files, "files", error)) return CONFITURE_E_ARGUMENT;
    if (options == NULL) options = &defaults;
    if (!cfti_hash_consumer(&consumer, options->kind))
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT, "unknown kind of digest");
    text.rules.mode = CONFITURE_CHECK_NONE;
    text.rules.refuse_nul = true;
    consumer.ctx = &text;
    confiture_sha256_init(&stream->sha);
    if (cfti_scan_run(files, &options->run, &consumer, &fail) != CONFITURE_OK)
        return cfti_report(error, &fail);
    confiture_sha256_final(&stream->sha, digest->bytes);
    confiture_sha256_hex(digest->bytes, digest->hex);
    digest->file_count = files->count;
    digest->total_bytes = stream->total_bytes;
    return CONFITURE_OK;
}

/* ---- results/manifest.c: one digest for each file ---- */

static confiture_status cfti_manifest_map(void *ctx, cfti_chunk *chunk, cfti_arena *arena,
                                          cfti_fail *fail) {
    confiture_sha256 *sha = (confiture_sha256 *)chunk->state;
    confiture_entry *entries = (confiture_entry *)ctx;
    (void)arena;
    (void)fail;
    if (chunk->first) confiture_sha256_init(sha);
    confiture_sha256_update(sha, chunk->bytes, chunk->size);
    if (chunk->last) { /* each entry is written by the one worker that has its file */
        confiture_sha256_final(sha, entries[chunk->index].sha256);
        entries[chunk->index].size = chunk->total;
    }
    return CONFITURE_OK;
}

static void cfti_manifest_map_many(void *ctx, cfti_chunk *const *chunks, size_t count) {
    confiture_entry *entries = (confiture_entry *)ctx;
    const uint8_t *messages[CFTI_BATCH_FILES];
    size_t sizes[CFTI_BATCH_FILES], i;
    uint8_t digests[CFTI_BATCH_FILES][32];
    messages[0] = NULL, sizes[0] = 0; /* count > 0, which gcc does not see: it warns at -O2 */
    for (i = 0; i < count; i++) {
        messages[i] = chunks[i]->bytes;
        sizes[i] = chunks[i]->size;
    }
    cfti_sha256_many(messages, sizes, count, digests);
    for (i = 0; i < count; i++) {
        confiture_entry *entry = &entries[chunks[i]->index];
        memcpy(entry->sha256, digests[i], 32);
        entry->size = chunks[i]->total;
    }
}

CONFITURE_API confiture_status confiture_manifest(confiture_entry *entries,
                                                  const confiture_files *files,
                                                  const confiture_manifest_options *options,
                                                  confiture_error *error) {
    confiture_manifest_options defaults;
    cfti_consumer consumer;
    cfti_fail fail;
    memset(&defaults, 0, sizeof(defaults));
    memset(&consumer, 0, sizeof(consumer));
    if (!cfti_require(files, "files", error) ||
        (files->count > 0 && !cfti_require(entries, "entries", error)))
        return CONFITURE_E_ARGUMENT;
    if (options == NULL) options = &defaults;
    consumer.state_size = sizeof(confiture_sha256);
    consumer.state_only = true;
    consumer.min_batch = CFTI_SHA256_LANES;
    consumer.map = cfti_manifest_map;
    consumer.map_many = cfti_manifest_map_many;
    consumer.ctx = entries;
    if (cfti_scan_run(files, &options->run, &consumer, &fail) != CONFITURE_OK)
        return cfti_report(error, &fail);
    return CONFITURE_OK;
}

/* ---- results/map.c: which lines of a schema come from which file ---- */

CONFITURE_API void confiture_map_free(confiture_map *map) {
    if (map == NULL) return;
    if (map->entries != NULL) cfti_free(&map->allocator, map->entries, map->capacity);
    memset(map, 0, sizeof(*map));
}

/* The first of the entries that begin after the line. */
static size_t cfti_map_after(const confiture_map *map, uint64_t line) {
    size_t low = 0, high = map->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (map->entries[middle].separator_line <= line) low = middle + 1;
        else high = middle;
    }
    return low;
}

CONFITURE_API confiture_place confiture_map_find(const confiture_map *map, uint64_t line) {
    const confiture_map_entry *entry;
    confiture_place place;
    place.kind = CONFITURE_PLACE_NONE;
    place.entry = CONFITURE_NO_INDEX;
    place.line = 0;
    if (map == NULL || line == 0 || line > map->line_count) return place;
    place.entry = cfti_map_after(map, line);
    if (place.entry == 0) {
        place.kind = CONFITURE_PLACE_HEADER;
        place.entry = CONFITURE_NO_INDEX;
        return place;
    }
    entry = &map->entries[--place.entry];
    if (line < entry->first_line) {
        place.kind = CONFITURE_PLACE_SEPARATOR;
    } else if (line - entry->first_line < entry->line_count) {
        place.kind = CONFITURE_PLACE_TEXT;
        place.line = line - entry->first_line + 1;
    } else {
        place.kind = CONFITURE_PLACE_ADDED;
        place.line = entry->line_count;
    }
    return place;
}

CONFITURE_API uint64_t confiture_map_line(const confiture_map *map, size_t entry, uint64_t line) {
    if (map == NULL || entry >= map->count || line == 0 || line > map->entries[entry].line_count)
        return 0;
    return map->entries[entry].first_line + line - 1;
}

/* ---- made by a build ---- */

/* The bytes of a file's strings: its path, whose end usually is its name. */
static bool cfti_map_shares(const cfti_file *file) {
    return file->name_size <= file->path_size &&
           memcmp(file->path + file->path_size - file->name_size, file->name, file->name_size) == 0;
}

static size_t cfti_map_strings(const cfti_file *file) {
    return (size_t)file->path_size + 1 + (cfti_map_shares(file) ? 0 : (size_t)file->name_size + 1);
}

/* One block for the entries and, after them, the strings. False: no memory. */
static bool cfti_map_allocate(confiture_map *map, size_t count, size_t strings,
                              const confiture_allocator *allocator) {
    if (count > (SIZE_MAX / 2 - strings) / sizeof(confiture_map_entry)) return false;
    map->capacity = count * sizeof(confiture_map_entry) + strings;
    map->allocator = *allocator;
    if (count == 0) return true;
    map->entries = (confiture_map_entry *)cfti_alloc(allocator, map->capacity);
    return map->entries != NULL;
}

/* Where the strings of a map begin, which has this many entries. */
static char *cfti_map_strings_of(const confiture_map *map, size_t count) {
    return count == 0 ? NULL : (char *)(map->entries + count);
}

/* Adds an entry whose strings are at *at, and moves *at after them. */
static void cfti_map_add(confiture_map *map, const cfti_file *file, size_t index, char **at) {
    confiture_map_entry *entry = &map->entries[map->count++];
    memset(entry, 0, sizeof(*entry));
    entry->index = index;
    entry->path = *at;
    memcpy(*at, file->path, (size_t)file->path_size + 1);
    *at += (size_t)file->path_size + 1;
    if (cfti_map_shares(file)) {
        entry->name = *at - 1 - file->name_size;
        return;
    }
    entry->name = *at;
    memcpy(*at, file->name, (size_t)file->name_size + 1);
    *at += (size_t)file->name_size + 1;
}

/* A file's separator begins, then its text. */
static void cfti_map_begin(confiture_map *map, confiture_map_entry *entry,
                           uint64_t separator_lines) {
    entry->separator_line = map->line_count + 1;
    map->line_count += separator_lines;
    entry->first_line = map->line_count + 1;
}

static void cfti_map_text(confiture_map *map, confiture_map_entry *entry, uint64_t lines) {
    entry->line_count += lines;
    map->line_count += lines;
}

static void cfti_maps_free(confiture_map *maps, size_t count) {
    size_t i;
    for (i = 0; maps != NULL && i < count; i++) confiture_map_free(&maps[i]);
}

/* ---- results/output.c: where a schema goes: memory, a sink, a file ---- */

#define CFTI_OUTPUT_RUN ((size_t)256 << 10)

/* Returned by a file's sink beside system errors: the old file changed while it was compared. */
#define CFTI_OUTPUT_CHANGED (-1)

/* Collects bytes. With a sink they are passed on in large runs. */
typedef struct cfti_output {
    cfti_buffer buffer;
    confiture_sink sink;  /* write NULL: all bytes stay in the buffer */
    uint64_t total_bytes; /* so far */
    const char *path;     /* for errors; "" for memory and sinks */
    bool sink_is_file;    /* its errors are system errors */
    bool hashes;          /* what the sink gets, for a map */
    confiture_sha256 sha;
} cfti_output;

static confiture_status cfti_output_fail(cfti_fail *fail, int error, const char *path) {
    if (error != CFTI_OUTPUT_CHANGED) return cfti_fail_system(fail, error, path);
    cfti_fail_with(fail, CONFITURE_E_CHANGED, "the file changed while it was being compared");
    fail->path = path;
    return fail->status;
}

static confiture_status cfti_output_send(cfti_output *output, const void *data, size_t size,
                                         cfti_fail *fail) {
    int error = (output->sink.write)(output->sink.user, data, size);
    if (output->hashes) confiture_sha256_update(&output->sha, data, size);
    if (error == 0) return CONFITURE_OK;
    if (output->sink_is_file) return cfti_output_fail(fail, error, output->path);
    cfti_fail_with(fail, CONFITURE_E_SINK, NULL);
    fail->os_error = error;
    fail->path = output->path;
    return fail->status;
}

static confiture_status cfti_output_flush(cfti_output *output, cfti_fail *fail) {
    size_t size = output->buffer.size;
    output->buffer.size = 0;
    return size == 0 ? CONFITURE_OK : cfti_output_send(output, output->buffer.data, size, fail);
}

static confiture_status cfti_output_put(cfti_output *output, const void *data, size_t size,
                                        cfti_fail *fail) {
    output->total_bytes += size;
    if (output->sink.write != NULL && output->buffer.size + size > CFTI_OUTPUT_RUN) {
        confiture_status status = cfti_output_flush(output, fail);
        if (status != CONFITURE_OK) return status;
        if (size >= CFTI_OUTPUT_RUN / 4) return cfti_output_send(output, data, size, fail);
    }
    if (cfti_buffer_append(&output->buffer, data, size)) return CONFITURE_OK;
    cfti_fail_with(fail,
                   size > SIZE_MAX / 2 - output->buffer.size ? CONFITURE_E_TOO_LARGE
                                                             : CONFITURE_E_MEMORY,
                   NULL);
    fail->path = output->path;
    return fail->status;
}

/* ---- results/target.c: a file that is built: open, complete, commit, close ---- */

#define CFTI_TARGET_STEP ((size_t)8 << 10) /* bytes compared or copied at once */
#define CFTI_TARGET_NO_OFFSET (UINT64_MAX / 2)
#define CFTI_TARGET_NAME 32 /* ".confiture-", 16 digits, ".tmp" */

/* A file that is being replaced. The new bytes are in `file`, which gets a temporary name beside
 * the old file when it is complete, and then the old file's name. What cannot be replaced is
 * direct. */
typedef struct cfti_target {
    const char *path;      /* as given */
    cfti_buffer real;      /* path of the file, symbolic links resolved */
    cfti_buffer directory; /* path of its directory */
    cfti_buffer temporary; /* path of the new file, or empty */
    cfti_buffer backup;    /* second path of the old file, or empty */
    cfti_os_file file;
    cfti_os_file directory_file; /* to be synced */
    cfti_os_file old_file;       /* to compare the new bytes with */
    bool is_open, directory_is_open, is_comparing;
    bool exists;
    bool direct;               /* a device, a FIFO, an open file: it is written to in place */
    int descriptor;            /* the one of this process to which the path leads, or -1 */
    bool unchanged;            /* the old file holds the new bytes */
    bool replaced;             /* the new file has the old file's name */
    uint64_t size;             /* bytes written, or found to be the same */
    const uint64_t *digest_at; /* the 64 bytes of the digest are compared last */
    confiture_sha256 compared;
    cfti_os_status old, made;
} cfti_target;

/* ---- temporary names ---- */

/* A random name in the target's directory. It holds nothing of the target's name, which may have
 * the greatest possible length. It is hidden and does not end in .sql, so that a search for SQL
 * files ignores what a killed process leaves. */
static int cfti_target_choose(const cfti_target *target, cfti_buffer *name, unsigned attempt) {
    static const char hex[] = "0123456789abcdef";
    char leaf[CFTI_TARGET_NAME];
    const char *real = (const char *)target->real.data;
    uint64_t random = cfti_os_random() + (uint64_t)attempt * 0x9E3779B97F4A7C15u;
    size_t i;
    memcpy(leaf, ".confiture-", 11);
    for (i = 0; i < 16; i++) leaf[11 + i] = hex[random >> 4 * i & 15];
    memcpy(leaf + 27, ".tmp", 5);
    name->size = 0;
    return cfti_buffer_append(name, real, (size_t)(cfti_path_leaf(real) - real)) &&
                   cfti_buffer_append(name, leaf, sizeof(leaf))
               ? 0
               : CFTI_OS_NO_MEMORY;
}

typedef enum cfti_naming { CFTI_CREATE, CFTI_NAME, CFTI_BACK_UP } cfti_naming;

/* Creates a new file, names the open one, or gives the old one a second name. */
static int cfti_target_name(cfti_target *target, cfti_naming naming) {
    cfti_buffer *name = naming == CFTI_BACK_UP ? &target->backup : &target->temporary;
    const char *text;
    unsigned attempt;
    int error = CFTI_OS_EXISTS;
    for (attempt = 0; error == CFTI_OS_EXISTS && attempt < 100; attempt++) {
        error = cfti_target_choose(target, name, attempt);
        if (error != 0) break;
        text = (const char *)name->data;
        /* The old file may be secret: only the complete new file gets its rights. */
        if (naming == CFTI_CREATE) error = cfti_os_create(text, target->exists, &target->file);
        else if (naming == CFTI_NAME) error = cfti_os_name(target->file, text);
        else error = cfti_os_link((const char *)target->real.data, text);
    }
    if (error != 0) name->size = 0;
    return error;
}

static int cfti_target_create(cfti_target *target) {
    int error =
        cfti_os_create_unnamed((const char *)target->directory.data, target->exists, &target->file);
    if (error != 0) error = cfti_target_name(target, CFTI_CREATE);
    target->is_open = error == 0;
    return error;
}

/* ---- open ---- */

/* Finds the file to be replaced, or that the target is direct. */
static int cfti_target_locate(cfti_target *target) {
    cfti_os_status found;
    int error = cfti_os_find_open_file(target->path, &target->direct, &target->descriptor);
    if (target->exists && target->old.kind != CFTI_KIND_FILE) target->direct = true;
    if (error != 0 || target->direct) return error;
    error = cfti_os_status_at(CFTI_OS_CWD, target->path, false, &found);
    if (error != 0 && !cfti_os_is_absent(error)) return error;
    if (error != 0 || found.kind != CFTI_KIND_LINK)
        return cfti_buffer_append(&target->real, target->path, strlen(target->path) + 1)
                   ? 0
                   : CFTI_OS_NO_MEMORY;
    error = cfti_path_resolve(&target->real, target->path);
    if (error == 0 && target->exists) {
        const char *real = (const char *)target->real.data;
        error = cfti_os_status_at(CFTI_OS_CWD, real, true, &found);
        if (error == 0)
            target->direct = found.device != target->old.device || found.inode != target->old.inode;
        else if (cfti_is_answer(error)) target->direct = true, error = 0;
    }
    return error;
}

static int cfti_target_find_directory(cfti_target *target) {
    const char *real = (const char *)target->real.data;
    size_t size = (size_t)(cfti_path_leaf(real) - real);
    if (!cfti_buffer_append(&target->directory, size == 0 ? "." : real, size == 0 ? 1 : size) ||
        !cfti_buffer_append(&target->directory, "", 1))
        return CFTI_OS_NO_MEMORY;
    return 0;
}

/* Compares from now on, if the old file can be read and still is the file that was found. */
static void cfti_target_open_old(cfti_target *target) {
    cfti_os_status status;
    if (cfti_os_open(CFTI_OS_CWD, (const char *)target->real.data, &target->old_file) != 0) return;
    target->is_comparing = cfti_os_status_of(target->old_file, &status) == 0 &&
                           status.kind == CFTI_KIND_FILE && status.device == target->old.device &&
                           status.inode == target->old.inode;
    if (!target->is_comparing) cfti_os_close(target->old_file);
    confiture_sha256_init(&target->compared);
}

/* Prepares to write. With keep_unchanged the new file is created when the first byte differs. */
static int cfti_target_prepare(cfti_target *target, bool keep_unchanged, bool sync) {
    int error = cfti_target_find_directory(target);
    if (error == 0 && sync) {
        error =
            cfti_os_open_directory((const char *)target->directory.data, &target->directory_file);
        target->directory_is_open = error == 0;
    }
    if (error == 0 && keep_unchanged && target->exists) cfti_target_open_old(target);
    if (error == 0 && !target->is_comparing) error = cfti_target_create(target);
    return error;
}

/* Says why a target cannot be opened: its directory may be missing. */
static confiture_status cfti_target_refuse(const cfti_target *target, int error, cfti_fail *fail) {
    cfti_os_status status;
    cfti_fail_system(fail, error, target->path);
    if (cfti_os_is_absent(error) && target->directory.size > 0) {
        error = cfti_os_status_at(CFTI_OS_CWD, (const char *)target->directory.data, true, &status);
        if (error != 0 && cfti_os_is_absent(error)) fail->detail = "its directory is missing";
    }
    return fail->status;
}

/* Finds what has the path now, and opens nothing. */
static confiture_status cfti_target_find(cfti_target *target, const char *path,
                                         const confiture_allocator *allocator, cfti_fail *fail) {
    int error;
    memset(target, 0, sizeof(*target));
    target->path = path;
    target->real.allocator = target->directory.allocator = *allocator;
    target->temporary.allocator = target->backup.allocator = *allocator;
    if (path[0] == '\0')
        return cfti_fail_with(fail, CONFITURE_E_ARGUMENT, "the output has no path");
    error = cfti_os_status_at(CFTI_OS_CWD, path, true, &target->old);
    target->exists = error == 0;
    if (error != 0 && !cfti_os_is_absent(error)) return cfti_fail_system(fail, error, target->path);
    if (target->exists && target->old.kind == CFTI_KIND_DIRECTORY)
        return cfti_fail_system(fail, CFTI_OS_IS_DIRECTORY, target->path);
    error = cfti_target_locate(target);
    return error != 0 ? cfti_target_refuse(target, error, fail) : CONFITURE_OK;
}

static confiture_status cfti_target_open(cfti_target *target, const char *path,
                                         const confiture_build_options *options,
                                         const confiture_allocator *allocator, cfti_fail *fail) {
    confiture_status status = cfti_target_find(target, path, allocator, fail);
    int error = 0;
    if (status != CONFITURE_OK) return status;
    if (!target->direct) {
        error = cfti_target_prepare(target, options->keep_unchanged, options->sync);
    } else {
        error = cfti_os_open_for_writing(path, target->descriptor, &target->file);
        target->is_open = error == 0;
    }
    return error != 0 ? cfti_target_refuse(target, error, fail) : CONFITURE_OK;
}

/* ---- identity ---- */

static bool cfti_same_file(const cfti_os_status *a, const cfti_os_status *b) {
    return a->device == b->device && a->inode == b->inode;
}

/* Whether two targets are the same file, which need not exist yet. */
static bool cfti_target_is(const cfti_target *a, const cfti_target *b) {
    cfti_os_status x, y;
    if ((a->direct && b->direct) || a->exists != b->exists) return false;
    if (a->exists) return cfti_same_file(&a->old, &b->old);
    return strcmp(cfti_path_leaf((const char *)a->real.data),
                  cfti_path_leaf((const char *)b->real.data)) == 0 &&
           cfti_os_status_at(CFTI_OS_CWD, (const char *)a->directory.data, true, &x) == 0 &&
           cfti_os_status_at(CFTI_OS_CWD, (const char *)b->directory.data, true, &y) == 0 &&
           cfti_same_file(&x, &y);
}

/* The first target that is the same file as one before it, and would replace it; or NULL. */
static const cfti_target *cfti_targets_collide(const cfti_target *targets, size_t count) {
    size_t i, k;
    for (i = 0; i < count; i++)
        for (k = 0; k < i; k++)
            if (cfti_target_is(&targets[i], &targets[k])) return &targets[i];
    return NULL;
}

static confiture_status cfti_fail_collision(cfti_fail *fail, const cfti_target *target) {
    cfti_fail_with(fail, CONFITURE_E_ARGUMENT, "two outputs are the same file");
    fail->path = target->path;
    return fail->status;
}

/* Whether a path without a file leads to where the target will be. Returns a system error. */
static int cfti_target_awaits(const cfti_target *target, const char *path, bool *awaits) {
    cfti_buffer x, y;
    int error;
    memset(&x, 0, sizeof(x));
    x.allocator = target->real.allocator;
    y = x;
    error = cfti_path_resolve(&x, path);
    if (error == 0) error = cfti_path_resolve(&y, (const char *)target->real.data);
    *awaits = error == 0 && strcmp((const char *)x.data, (const char *)y.data) == 0;
    cfti_buffer_free(&x);
    cfti_buffer_free(&y);
    return error;
}

/* ---- bytes ---- */

/* Reads `size` bytes, or fewer at the end of the file. */
static int cfti_target_read(cfti_os_file file, uint8_t *data, size_t size, uint64_t offset,
                            size_t *got) {
    *got = 0;
    while (*got < size) {
        size_t n;
        int error = cfti_os_read_at(file, data + *got, size - *got, offset + *got, &n);
        if (error != 0) return error;
        if (n == 0) break;
        *got += n;
    }
    return 0;
}

/* Copies the first `size` bytes of a file, and hashes them. */
static int cfti_target_copy(cfti_os_file from, cfti_os_file to, uint64_t size,
                            confiture_sha256 *sha) {
    uint8_t bytes[CFTI_TARGET_STEP];
    uint64_t at;
    size_t step, got;
    for (at = 0; at < size; at += step) {
        int error;
        step = size - at < sizeof(bytes) ? (size_t)(size - at) : sizeof(bytes);
        error = cfti_target_read(from, bytes, step, at, &got);
        if (error == 0 && got < step) error = CFTI_OUTPUT_CHANGED;
        if (error == 0) error = cfti_os_write(to, bytes, step);
        if (error != 0) return error;
        confiture_sha256_update(sha, bytes, step);
    }
    return 0;
}

/* Whether the old file continues with these bytes, except where the digest will be. */
static bool cfti_target_matches(cfti_target *target, const uint8_t *data, size_t size) {
    uint8_t bytes[CFTI_TARGET_STEP];
    confiture_sha256 sha = target->compared;
    uint64_t at = target->size, gap = *target->digest_at;
    size_t step, got;
    for (; size > 0; data += step, size -= step, at += step) {
        step = cfti_min(size, sizeof(bytes));
        if (at < gap && gap - at < step) step = (size_t)(gap - at);
        else if (at >= gap && at - gap < 64) step = cfti_min(step, (size_t)(gap + 64 - at));
        if (cfti_target_read(target->old_file, bytes, step, at, &got) != 0 || got < step)
            return false;
        if ((at < gap || at - gap >= 64) && memcmp(bytes, data, step) != 0) return false;
        confiture_sha256_update(&sha, bytes, step);
    }
    target->compared = sha;
    target->size = at;
    return true;
}

/* The first byte differs: creates the new file, and copies the equal bytes from the old file, if
 * they are still what was compared. */
static int cfti_target_differ(cfti_target *target) {
    confiture_sha256 sha;
    uint8_t before[32], after[32];
    int error = cfti_target_create(target);
    confiture_sha256_init(&sha);
    if (error == 0) error = cfti_target_copy(target->old_file, target->file, target->size, &sha);
    confiture_sha256_final(&target->compared, before);
    confiture_sha256_final(&sha, after);
    if (error == 0 && memcmp(before, after, sizeof(before)) != 0) error = CFTI_OUTPUT_CHANGED;
    cfti_os_close(target->old_file);
    target->is_comparing = false;
    return error;
}

static int cfti_target_write(void *user, const void *data, size_t size) {
    cfti_target *target = (cfti_target *)user;
    int error = 0;
    if (target->direct) return cfti_os_write_stream(target->file, data, size);
    if (target->is_comparing) {
        if (cfti_target_matches(target, (const uint8_t *)data, size)) return 0;
        error = cfti_target_differ(target);
    }
    if (error == 0) error = cfti_os_write(target->file, data, size);
    target->size += size;
    return error;
}

/* Writes the digest over the zeros that hold its place. */
static int cfti_target_put_digest(cfti_target *target, const char hex[64]) {
    uint8_t bytes[64];
    size_t got;
    int error = 0;
    if (target->is_comparing) {
        if (cfti_target_read(target->old_file, bytes, 64, *target->digest_at, &got) == 0 &&
            got == 64 && memcmp(bytes, hex, 64) == 0)
            return 0;
        error = cfti_target_differ(target);
    }
    return error != 0 ? error : cfti_os_write_at(target->file, hex, 64, *target->digest_at);
}

/* Hashes the bytes of the file, whose digest is in place. */
static int cfti_target_hash(const cfti_target *target, confiture_sha256 *sha) {
    cfti_os_file file = target->is_comparing ? target->old_file : target->file;
    uint8_t bytes[CFTI_TARGET_STEP];
    uint64_t at;
    size_t step, got;
    for (at = 0; at < target->size; at += step) {
        int error;
        step = target->size - at < sizeof(bytes) ? (size_t)(target->size - at) : sizeof(bytes);
        error = cfti_target_read(file, bytes, step, at, &got);
        if (error != 0) return error;
        if (got < step) return CFTI_OUTPUT_CHANGED;
        confiture_sha256_update(sha, bytes, step);
    }
    return 0;
}

/* ---- complete ---- */

/* Takes the status of the old file again: another file may have taken its place, or none. */
static int cfti_target_recheck(cfti_target *target) {
    cfti_os_status now;
    int error = cfti_os_status_at(CFTI_OS_CWD, (const char *)target->real.data, true, &now);
    if (error != 0) return cfti_os_is_absent(error) ? 0 : error;
    if (now.kind != CFTI_KIND_FILE) return 0; /* the rename reports it */
    target->old = now;
    target->exists = true;
    return 0;
}

/* Gives the new file the old one's rights, and syncs it. */
static int cfti_target_seal(cfti_target *target, bool sync) {
    int error = cfti_os_status_of(target->file, &target->made);
    if (error == 0) error = cfti_target_recheck(target);
    if (error == 0 && target->exists)
        error = cfti_os_keep_rights(target->file, (const char *)target->real.data, &target->old,
                                    &target->made);
    if (error == 0 && sync) error = cfti_os_sync(target->file);
    return error;
}

/* Where the system cannot name an unnamed file: copies its bytes into a file that has a name. */
static int cfti_target_use_named(cfti_target *target, bool sync) {
    cfti_os_file unnamed = target->file;
    confiture_sha256 sha;
    int error = cfti_target_name(target, CFTI_CREATE);
    confiture_sha256_init(&sha);
    if (error != 0) {
        target->file = unnamed;
        return error;
    }
    error = cfti_target_copy(unnamed, target->file, target->size, &sha);
    cfti_os_close(unnamed);
    return error != 0 ? error : cfti_target_seal(target, sync);
}

/* Whether the old file has no more bytes than the new one. */
static bool cfti_target_is_same(const cfti_target *target) {
    uint8_t beyond;
    size_t got;
    return cfti_target_read(target->old_file, &beyond, 1, target->size, &got) == 0 && got == 0;
}

/* Completes the new file, under its temporary name. */
static int cfti_target_complete(cfti_target *target, bool sync) {
    int error = 0;
    if (target->is_comparing) {
        target->unchanged = cfti_target_is_same(target);
        if (target->unchanged) {
            if (sync) error = cfti_os_sync(target->old_file);
            return cfti_os_is_not_synced(error) ? 0 : error;
        }
        error = cfti_target_differ(target);
    }
    if (error == 0 && !target->direct) {
        error = cfti_target_seal(target, sync);
        if (error == 0 && target->temporary.size == 0) {
            error = cfti_target_name(target, CFTI_NAME);
            if (error != 0 && error != CFTI_OS_NO_MEMORY)
                error = cfti_target_use_named(target, sync);
        }
    }
    if (error != 0) return error; /* closed with the rest */
    target->is_open = false;
    return cfti_os_finish(target->file);
}

/* ---- commit ---- */

/* Replaces the old file. With keep_old the old file keeps a second name, where the system allows
 * that, so that cfti_target_restore() can undo it. */
static int cfti_target_replace(cfti_target *target, bool keep_old) {
    int error = 0;
    if (target->direct || target->unchanged) return 0;
    if (keep_old && target->exists) error = cfti_target_name(target, CFTI_BACK_UP);
    if (error == CFTI_OS_NO_MEMORY) return error;
    error = cfti_os_rename((const char *)target->temporary.data, (const char *)target->real.data);
    if (error != 0) return error;
    target->temporary.size = 0;
    target->replaced = true;
    return 0;
}

static void cfti_target_restore(cfti_target *target) {
    const char *real = (const char *)target->real.data;
    if (!target->replaced) return;
    if (target->backup.size > 0) {
        if (cfti_os_rename((const char *)target->backup.data, real) == 0) target->backup.size = 0;
    } else if (!target->exists) {
        (void)cfti_os_remove(real);
    }
}

/* Whether a target that did not exist is one of those before it. In a directory that ignores case
 * only the status after the rename shows that. Returns a system error. */
static int cfti_target_is_duplicate(const cfti_target *targets, size_t index, bool *is_duplicate) {
    const cfti_target *target = &targets[index];
    cfti_os_status now;
    size_t i;
    int error;
    *is_duplicate = false;
    if (index == 0 || target->direct || target->exists) return 0;
    error = cfti_os_status_at(CFTI_OS_CWD, (const char *)target->real.data, false, &now);
    if (error != 0) return cfti_os_is_absent(error) ? 0 : error;
    for (i = 0; i < index; i++)
        if (targets[i].replaced && cfti_same_file(&now, &targets[i].made)) *is_duplicate = true;
    return 0;
}

/* Puts all complete files in place, or none where that can be undone. */
static confiture_status cfti_targets_commit(cfti_target *targets, size_t count, cfti_fail *fail) {
    confiture_status status = CONFITURE_OK;
    size_t i;
    int error;
    for (i = 0; i < count && status == CONFITURE_OK; i++) {
        bool is_duplicate;
        error = cfti_target_is_duplicate(targets, i, &is_duplicate);
        if (error == 0 && !is_duplicate) error = cfti_target_replace(&targets[i], count > 1);
        if (error != 0) status = cfti_fail_system(fail, error, targets[i].path);
        else if (is_duplicate) status = cfti_fail_collision(fail, &targets[i]);
    }
    if (status != CONFITURE_OK) {
        while (i-- > 0) cfti_target_restore(&targets[i]);
        return status;
    }
    for (i = 0; i < count && status == CONFITURE_OK; i++) {
        /* A rename is on the disk when the directory is. */
        error = targets[i].directory_is_open ? cfti_os_sync(targets[i].directory_file) : 0;
        if (error == 0 || cfti_os_is_not_synced(error)) continue;
        status = cfti_fail_system(fail, error, targets[i].path);
        fail->detail = "the file is in place, but its directory cannot be synced";
    }
    return status;
}

/* Removes what is left, after success and after failure. */
static void cfti_target_close(cfti_target *target) {
    if (target->is_open) cfti_os_close(target->file);
    if (target->is_comparing) cfti_os_close(target->old_file);
    if (target->directory_is_open) cfti_os_close(target->directory_file);
    if (target->temporary.size > 0) (void)cfti_os_remove((const char *)target->temporary.data);
    if (target->backup.size > 0) (void)cfti_os_remove((const char *)target->backup.data);
    cfti_buffer_free(&target->temporary);
    cfti_buffer_free(&target->backup);
    cfti_buffer_free(&target->directory);
    cfti_buffer_free(&target->real);
}

/* ---- results/map_file.c: a map as text ---- */

#define CFTI_MAP_MARK "confiture map "
#define CFTI_MAP_VERSION "1"
#define CFTI_MAP_SHORTEST 8 /* bytes of the shortest line of a file: "1 1 1 a" and LF */

/* ---- written ---- */

static confiture_status cfti_map_put_number(cfti_output *output, uint64_t value, const char *after,
                                            cfti_fail *fail) {
    char digits[24];
    size_t size = cfti_decimal(digits, value), n = strlen(after);
    memcpy(digits + size, after, n);
    return cfti_output_put(output, digits, size + n, fail);
}

/* A path may hold any byte: control characters, backslashes and what is not UTF-8 become \xNN. */
static confiture_status cfti_map_put_path(cfti_output *output, const char *path, cfti_fail *fail) {
    static const char hex[] = "0123456789ABCDEF";
    size_t n = strlen(path), i, length;
    confiture_status status = cfti_output_put(output, "\t", 1, fail);
    for (i = 0; i < n && status == CONFITURE_OK; i += length) {
        char escape[4] = {'\\', 'x', '0', '0'};
        if (cfti_needs_escape(path + i, n - i, &length) || path[i] == '\\') {
            escape[2] = hex[(uint8_t)path[i] >> 4];
            escape[3] = hex[(uint8_t)path[i] & 15];
            status = cfti_output_put(output, escape, 4, fail);
        } else {
            status = cfti_output_put(output, path + i, length, fail);
        }
    }
    return status;
}

static confiture_status cfti_map_put_entry(cfti_output *output, const confiture_map_entry *entry,
                                           cfti_fail *fail) {
    confiture_status status = cfti_map_put_number(output, entry->separator_line, " ", fail);
    if (status == CONFITURE_OK) status = cfti_map_put_number(output, entry->first_line, " ", fail);
    if (status == CONFITURE_OK) status = cfti_map_put_number(output, entry->line_count, " ", fail);
    if (status == CONFITURE_OK)
        status = cfti_output_put(output, entry->name, strlen(entry->name), fail);
    if (status == CONFITURE_OK && strcmp(entry->path, entry->name) != 0)
        status = cfti_map_put_path(output, entry->path, fail);
    return status == CONFITURE_OK ? cfti_output_put(output, "\n", 1, fail) : status;
}

static confiture_status cfti_map_put(cfti_output *output, const confiture_map *map,
                                     cfti_fail *fail) {
    static const char first[] = CFTI_MAP_MARK CFTI_MAP_VERSION "\nschema ";
    char hex[65];
    size_t i;
    confiture_status status = cfti_output_put(output, first, sizeof(first) - 1, fail);
    confiture_sha256_hex(map->sha256, hex);
    hex[64] = ' ';
    if (status == CONFITURE_OK) status = cfti_output_put(output, hex, 65, fail);
    if (status == CONFITURE_OK) status = cfti_map_put_number(output, map->line_count, " ", fail);
    if (status == CONFITURE_OK) status = cfti_map_put_number(output, map->count, "\n", fail);
    for (i = 0; i < map->count && status == CONFITURE_OK; i++)
        status = cfti_map_put_entry(output, &map->entries[i], fail);
    return status;
}

CONFITURE_API confiture_status confiture_map_write(const confiture_map *map,
                                                   const confiture_sink *sink,
                                                   const confiture_map_options *options,
                                                   confiture_error *error) {
    cfti_output output;
    cfti_fail fail;
    confiture_status status;
    memset(&output, 0, sizeof(output));
    if (!cfti_require(map, "map", error) || !cfti_require(sink, "sink", error) ||
        (sink->write == NULL && !cfti_require(NULL, "sink->write", error)))
        return CONFITURE_E_ARGUMENT;
    if (!cfti_allocator_choose(&output.buffer.allocator,
                               options != NULL ? options->run.allocator : NULL))
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT, cfti_no_allocator);
    output.sink = *sink;
    output.path = options != NULL && options->path != NULL ? options->path : "";
    status = cfti_map_put(&output, map, &fail);
    if (status == CONFITURE_OK) status = cfti_output_flush(&output, &fail);
    cfti_buffer_free(&output.buffer);
    return status == CONFITURE_OK ? status : cfti_report(error, &fail);
}

/* ---- read ---- */

typedef struct cfti_map_reader {
    const char *p, *end;
    uint64_t line;    /* at hand, from 1 */
    const char *what; /* is wrong; NULL: nothing so far */
    char words[160];  /* may hold what `what` says */
} cfti_map_reader;

/* Whether a text is next, which is skipped. */
static bool cfti_map_skip(cfti_map_reader *reader, const char *text) {
    size_t n = strlen(text);
    if ((size_t)(reader->end - reader->p) < n || memcmp(reader->p, text, n) != 0) return false;
    reader->p += n;
    return true;
}

/* A decimal number without leading zeros, and the character after it. */
static bool cfti_map_number(cfti_map_reader *reader, uint64_t *value, char after) {
    const char *start = reader->p;
    *value = 0;
    for (; reader->p < reader->end && *reader->p >= '0' && *reader->p <= '9'; reader->p++) {
        unsigned digit = (unsigned)(*reader->p - '0');
        if (*value > (UINT64_MAX - digit) / 10) return false;
        *value = 10 * *value + digit;
    }
    if (reader->p == start || (*start == '0' && reader->p - start > 1)) return false;
    return reader->p < reader->end && *reader->p++ == after;
}

static int cfti_map_hex(char c, const char *digits) {
    const char *found = c == '\0' ? NULL : strchr(digits, c);
    return found == NULL ? -1 : (int)(found - digits);
}

static bool cfti_map_digest(cfti_map_reader *reader, uint8_t digest[32]) {
    size_t i;
    if (reader->end - reader->p < 64) return false;
    for (i = 0; i < 32; i++, reader->p += 2) {
        int high = cfti_map_hex(reader->p[0], "0123456789abcdef");
        int low = cfti_map_hex(reader->p[1], "0123456789abcdef");
        if (high < 0 || low < 0) return false;
        digest[i] = (uint8_t)(high << 4 | low);
    }
    return cfti_map_skip(reader, " ");
}

/* What the first line says instead of the mark and the version. */
static void cfti_map_refuse(cfti_map_reader *reader) {
    const char *end;
    cfti_writer w;
    if (!cfti_map_skip(reader, CFTI_MAP_MARK)) {
        reader->what = "not a map: expected the line \"" CFTI_MAP_MARK CFTI_MAP_VERSION "\"";
        return;
    }
    end = reader->p;
    while (end < reader->end && *end != '\n' && *end != '\0' && end - reader->p < 20) end++;
    cfti_writer_init(&w, reader->words, sizeof(reader->words));
    cfti_write_string(&w, "a map of version '");
    cfti_write_bytes(&w, reader->p, (size_t)(end - reader->p));
    cfti_write_string(&w, "': expected " CFTI_MAP_VERSION);
    reader->what = reader->words;
}

/* The two lines before the entries. */
static bool cfti_map_head(cfti_map_reader *reader, confiture_map *map, uint64_t *count) {
    if (!cfti_map_skip(reader, CFTI_MAP_MARK CFTI_MAP_VERSION "\n")) {
        cfti_map_refuse(reader);
        return false;
    }
    reader->line++;
    if (cfti_map_skip(reader, "schema ") && cfti_map_digest(reader, map->sha256) &&
        cfti_map_number(reader, &map->line_count, ' ') && cfti_map_number(reader, count, '\n'))
        return true;
    reader->what = "expected \"schema\", a SHA-256, the number of lines and that of files";
    return false;
}

/* The unescaped path at *at, up to `end`. False: an escape that none writes. */
static bool cfti_map_path(const char *p, const char *end, char **at) {
    static const char digits[] = "0123456789ABCDEF";
    while (p < end) {
        int high, low;
        if (*p == '\0') return false;
        if (*p != '\\') {
            *(*at)++ = *p++;
            continue;
        }
        if (end - p < 4 || p[1] != 'x') return false;
        high = cfti_map_hex(p[2], digits);
        low = cfti_map_hex(p[3], digits);
        if (high < 0 || low < 0 || (high == 0 && low == 0)) return false;
        *(*at)++ = (char)(high << 4 | low);
        p += 4;
    }
    *(*at)++ = '\0';
    return true;
}

/* The name and the path of a line, which end with it. */
static bool cfti_map_names(cfti_map_reader *reader, confiture_map_entry *entry, char **at) {
    size_t left = (size_t)(reader->end - reader->p), size;
    const char *end = (const char *)memchr(reader->p, '\n', left), *tab;
    if (end == NULL) return false; /* torn */
    tab = (const char *)memchr(reader->p, '\t', (size_t)(end - reader->p));
    size = (size_t)((tab != NULL ? tab : end) - reader->p);
    if (size == 0 || cfti_line_check(reader->p, size) != CFTI_LINE_GOOD) return false;
    entry->name = entry->path = *at;
    memcpy(*at, reader->p, size);
    *at += size;
    *(*at)++ = '\0';
    if (tab != NULL) {
        entry->path = *at;
        if (end - tab < 2 || !cfti_map_path(tab + 1, end, at)) return false;
    }
    reader->p = end + 1;
    return true;
}

/* Whether the lines of an entry follow those before it, with at most one that was added. */
static bool cfti_map_follows(const confiture_map *map, const confiture_map_entry *entry) {
    uint64_t from = 1;
    if (map->count > 0) {
        const confiture_map_entry *before = &map->entries[map->count - 1];
        from = before->first_line + before->line_count;
        if (entry->separator_line < from || entry->separator_line - from > 1) return false;
    }
    return entry->separator_line >= from && entry->first_line >= entry->separator_line &&
           entry->line_count > 0 && entry->first_line <= map->line_count &&
           entry->line_count <= map->line_count - entry->first_line + 1;
}

static bool cfti_map_entry_read(cfti_map_reader *reader, confiture_map *map, char **at) {
    confiture_map_entry *entry = &map->entries[map->count];
    reader->line++;
    memset(entry, 0, sizeof(*entry));
    entry->index = CONFITURE_NO_INDEX;
    if (!memchr(reader->p, '\n', (size_t)(reader->end - reader->p))) {
        reader->what = "the map ends too early: it is torn";
    } else if (!cfti_map_number(reader, &entry->separator_line, ' ') ||
               !cfti_map_number(reader, &entry->first_line, ' ') ||
               !cfti_map_number(reader, &entry->line_count, ' ') ||
               !cfti_map_names(reader, entry, at)) {
        reader->what = "expected three numbers of lines, a name and, after a tab, a path";
    } else if (!cfti_map_follows(map, entry)) {
        reader->what = "numbers out of order: expected lines that follow those before them";
    }
    if (reader->what == NULL) map->count++;
    return reader->what == NULL;
}

/* Reads a map; reader->what: why it is none. */
static confiture_status cfti_map_parse(cfti_map_reader *reader, confiture_map *map,
                                       const confiture_allocator *allocator, cfti_fail *fail) {
    uint64_t count, i;
    size_t size;
    char *at;
    if (!cfti_map_head(reader, map, &count)) return CONFITURE_OK;
    size = (size_t)(reader->end - reader->p);
    if (count > size / CFTI_MAP_SHORTEST) {
        reader->what = "the map has fewer files than this line says: it is torn";
        return CONFITURE_OK;
    }
    /* The text of a line is longer than its strings. */
    if (!cfti_map_allocate(map, (size_t)count, size, allocator))
        return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    at = cfti_map_strings_of(map, (size_t)count);
    for (i = 0; i < count; i++)
        if (!cfti_map_entry_read(reader, map, &at)) return CONFITURE_OK;
    reader->line++;
    if (reader->p < reader->end) {
        reader->what = "the map goes on after its last file";
    } else if (count > 0) {
        const confiture_map_entry *last = &map->entries[map->count - 1];
        if (map->line_count - (last->first_line + last->line_count - 1) > 1)
            reader->line = 2, reader->what = "the schema has more lines than its files";
    }
    return CONFITURE_OK;
}

CONFITURE_API confiture_status confiture_map_read(confiture_map *map, const void *data, size_t size,
                                                  const confiture_map_options *options,
                                                  confiture_error *error) {
    confiture_allocator allocator;
    cfti_map_reader reader;
    cfti_fail fail;
    confiture_status status;
    if (!cfti_require(map, "map", error)) return CONFITURE_E_ARGUMENT;
    confiture_map_free(map);
    if (size > 0 && !cfti_require(data, "data", error)) return CONFITURE_E_ARGUMENT;
    if (!cfti_allocator_choose(&allocator, options != NULL ? options->run.allocator : NULL))
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT, cfti_no_allocator);
    memset(&reader, 0, sizeof(reader));
    reader.p = size > 0 ? (const char *)data : "";
    reader.end = reader.p + size;
    reader.line = 1;
    status = cfti_map_parse(&reader, map, &allocator, &fail);
    if (status == CONFITURE_OK && reader.what != NULL) {
        status = cfti_fail_with(&fail, CONFITURE_E_FORMAT, reader.what);
        fail.line = reader.line;
    }
    if (status == CONFITURE_OK) return status;
    fail.path = options != NULL && options->path != NULL ? options->path : "";
    confiture_map_free(map);
    return cfti_report(error, &fail);
}

/* ---- beside a schema ---- */

/* Writes the map into its file, and completes that. */
static confiture_status cfti_map_finish(const confiture_map *map, cfti_target *target, bool sync,
                                        const confiture_allocator *allocator, cfti_fail *fail) {
    static const uint64_t no_offset = CFTI_TARGET_NO_OFFSET;
    cfti_output output;
    confiture_status status;
    int error;
    memset(&output, 0, sizeof(output));
    output.buffer.allocator = *allocator;
    output.sink.write = cfti_target_write;
    output.sink.user = target;
    output.sink_is_file = true;
    output.path = target->path;
    target->digest_at = &no_offset;
    status = cfti_map_put(&output, map, fail);
    if (status == CONFITURE_OK) status = cfti_output_flush(&output, fail);
    cfti_buffer_free(&output.buffer);
    if (status != CONFITURE_OK) return status;
    error = cfti_target_complete(target, sync);
    return error != 0 ? cfti_output_fail(fail, error, target->path) : CONFITURE_OK;
}

/* ---- results/sums.c: names with SHA-256, in the format of sha256sum ---- */

typedef struct cfti_sum {
    const char *name; /* clean */
    size_t file;      /* its index in the list that the sums are of */
    uint8_t sha256[32];
} cfti_sum;

struct confiture_sums {
    confiture_allocator allocator;
    cfti_arena names; /* of sums that were read */
    cfti_sum *items;
    size_t count, capacity;
    const cfti_sum **by_name;     /* sorted by cfti_path_compare(); NULL: no sums */
    const confiture_files *files; /* whose sums they are; NULL: they were read */
};

CONFITURE_API void confiture_sums_free(confiture_sums *sums) {
    confiture_allocator allocator;
    if (sums == NULL) return;
    allocator = sums->allocator;
    cfti_arena_free(&sums->names);
    cfti_free(&allocator, (void *)sums->by_name, sums->count * sizeof(*sums->by_name));
    cfti_free(&allocator, sums->items, sums->capacity * sizeof(cfti_sum));
    cfti_free(&allocator, sums, sizeof(*sums));
}

CONFITURE_API size_t confiture_sums_count(const confiture_sums *sums) {
    return sums != NULL ? sums->count : 0;
}

CONFITURE_API const char *confiture_sums_name(const confiture_sums *sums, size_t index) {
    return index < confiture_sums_count(sums) ? sums->items[index].name : NULL;
}

CONFITURE_API const uint8_t *confiture_sums_sha256(const confiture_sums *sums, size_t index) {
    return index < confiture_sums_count(sums) ? sums->items[index].sha256 : NULL;
}

static int cfti_sums_order(const void *a, const void *b) {
    return cfti_path_compare((*(const cfti_sum *const *)a)->name,
                             (*(const cfti_sum *const *)b)->name);
}

/* Makes by_name. *twice: of two equal names the later one in the order of by_name, which keeps the
 * order of the items; NULL: there is none. False: no memory. */
static bool cfti_sums_sort(confiture_sums *sums, const cfti_sum **twice) {
    size_t i;
    *twice = NULL;
    if (sums->count == 0) return true;
    sums->by_name =
        (const cfti_sum **)cfti_alloc(&sums->allocator, sums->count * sizeof(*sums->by_name));
    if (sums->by_name == NULL) return false;
    for (i = 0; i < sums->count; i++) sums->by_name[i] = &sums->items[i];
    if (!cfti_sort(&sums->allocator, (void *)sums->by_name, sums->count, sizeof(*sums->by_name),
                   cfti_sums_order))
        return false;
    for (i = 1; i < sums->count && *twice == NULL; i++)
        if (cfti_sums_order(&sums->by_name[i - 1], &sums->by_name[i]) == 0)
            *twice = sums->by_name[i];
    return true;
}

static confiture_status cfti_sums_create(confiture_sums **out,
                                         const confiture_sums_options *options,
                                         confiture_error *error) {
    confiture_allocator allocator;
    confiture_sums *sums;
    if (!cfti_allocator_choose(&allocator, options != NULL ? options->run.allocator : NULL))
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT, cfti_no_allocator);
    sums = (confiture_sums *)cfti_alloc(&allocator, sizeof(*sums));
    if (sums == NULL) return cfti_report_plain(error, CONFITURE_E_MEMORY, NULL);
    memset(sums, 0, sizeof(*sums));
    sums->allocator = sums->names.allocator = allocator;
    sums->names.block_size = 16384;
    *out = sums;
    return CONFITURE_OK;
}

/* ---- of files ---- */

/* Drops the sums of files that are listed more than once, except the first of each. */
static void cfti_sums_drop_repeats(confiture_sums *sums) {
    size_t i, kept = 0;
    for (i = 1; i < sums->count; i++)
        if (cfti_sums_order(&sums->by_name[i - 1], &sums->by_name[i]) == 0)
            sums->items[sums->by_name[i] - sums->items].file = CONFITURE_NO_INDEX;
    cfti_free(&sums->allocator, (void *)sums->by_name, sums->count * sizeof(*sums->by_name));
    sums->by_name = NULL;
    for (i = 0; i < sums->count; i++)
        if (sums->items[i].file != CONFITURE_NO_INDEX) sums->items[kept++] = sums->items[i];
    sums->count = kept;
}

static bool cfti_sums_fill(confiture_sums *sums, const confiture_files *files,
                           const confiture_entry *entries) {
    const cfti_sum *twice;
    size_t i;
    sums->items = (cfti_sum *)cfti_alloc(&sums->allocator, files->count * sizeof(cfti_sum));
    if (sums->items == NULL) return false;
    sums->count = sums->capacity = files->count;
    for (i = 0; i < files->count; i++) {
        sums->items[i].name = files->items[i].name;
        sums->items[i].file = i;
        memcpy(sums->items[i].sha256, entries[i].sha256, 32);
    }
    if (!cfti_sums_sort(sums, &twice)) return false;
    if (twice == NULL) return true;
    cfti_sums_drop_repeats(sums);
    return cfti_sums_sort(sums, &twice);
}

static confiture_status cfti_sums_hash(confiture_sums *sums, const confiture_files *files,
                                       const confiture_run *run, confiture_error *error) {
    confiture_manifest_options manifest;
    confiture_entry *entries;
    confiture_status status;
    size_t size = files->count * sizeof(*entries);
    memset(&manifest, 0, sizeof(manifest));
    manifest.run = *run;
    sums->files = files;
    if (size == 0) return CONFITURE_OK;
    entries = (confiture_entry *)cfti_alloc(&sums->allocator, size);
    if (entries == NULL) return cfti_report_plain(error, CONFITURE_E_MEMORY, NULL);
    status = confiture_manifest(entries, files, &manifest, error);
    if (status == CONFITURE_OK && !cfti_sums_fill(sums, files, entries))
        status = cfti_report_plain(error, CONFITURE_E_MEMORY, NULL);
    cfti_free(&sums->allocator, entries, size);
    return status;
}

CONFITURE_API confiture_status confiture_sums_of(confiture_sums **sums,
                                                 const confiture_files *files,
                                                 const confiture_sums_options *options,
                                                 confiture_error *error) {
    confiture_sums_options defaults;
    confiture_sums *made = NULL;
    confiture_status status;
    memset(&defaults, 0, sizeof(defaults));
    if (!cfti_require(sums, "sums", error)) return CONFITURE_E_ARGUMENT;
    *sums = NULL;
    if (!cfti_require(files, "files", error)) return CONFITURE_E_ARGUMENT;
    if (options == NULL) options = &defaults;
    status = cfti_sums_create(&made, options, error);
    if (status == CONFITURE_OK) status = cfti_sums_hash(made, files, &options->run, error);
    if (status == CONFITURE_OK) *sums = made;
    else confiture_sums_free(made);
    return status;
}

/* ---- reading ---- */

enum { CFTI_SUMS_LINE_UNKNOWN = 0, CFTI_SUMS_TWO_SPACES, CFTI_SUMS_ONE_SPACE };

typedef struct cfti_sums_reader {
    confiture_sums *sums;
    const char *at, *end; /* of the text: the next line, and the end */
    uint64_t line;
    char ends;  /* '\n', or NUL as `sha256sum -z` ends lines: then nothing is escaped */
    int spaces; /* as the first line has it, since a name may begin with a space */
    cfti_buffer name;
    cfti_writer words; /* the detail of an error */
    char detail[192];
    cfti_fail fail;
} cfti_sums_reader;

static bool cfti_sums_refuse(cfti_sums_reader *r, const char *detail) {
    cfti_fail_with(&r->fail, CONFITURE_E_FORMAT, detail);
    r->fail.line = r->line;
    return false;
}

static bool cfti_sums_no_memory(cfti_sums_reader *r) {
    cfti_fail_with(&r->fail, CONFITURE_E_MEMORY, NULL);
    return false;
}

/* The names of digests by their lengths in hexadecimal. */
static const char *cfti_sums_algorithm(size_t digits) {
    switch (digits) {
    case 32: return "MD5";
    case 40: return "SHA-1";
    case 56: return "SHA-224";
    case 96: return "SHA-384";
    case 128: return "SHA-512";
    default: return NULL;
    }
}

static bool cfti_sums_refuse_digits(cfti_sums_reader *r, size_t digits) {
    const char *algorithm = cfti_sums_algorithm(digits);
    if (digits == 0)
        return cfti_sums_refuse(r, "expected the SHA-256 of a file in hexadecimal, two spaces and "
                                   "its name, as sha256sum prints them");
    cfti_writer_init(&r->words, r->detail, sizeof(r->detail));
    cfti_write_number(&r->words, digits);
    cfti_write_string(&r->words, digits == 1 ? " hexadecimal digit" : " hexadecimal digits");
    if (algorithm != NULL) {
        cfti_write_string(&r->words, ", as of ");
        cfti_write_string(&r->words, algorithm);
    }
    cfti_write_string(&r->words, ": expected the 64 of SHA-256");
    return cfti_sums_refuse(r, r->detail);
}

static int cfti_hex_nibble(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c = (char)cfti_lower((uint8_t)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads a digest at the start of a text. Returns the number of its digits, which may be wrong. */
static size_t cfti_sums_digest(uint8_t sha256[32], const char *p, const char *end) {
    size_t n = 0;
    memset(sha256, 0, 32);
    for (; p < end && cfti_hex_nibble(*p) >= 0; p++, n++)
        if (n < 64) sha256[n / 2] = (uint8_t)(sha256[n / 2] << 4 | cfti_hex_nibble(*p));
    return n;
}

/* The next line without its end; false: the text has ended, or was torn. */
static bool cfti_sums_line(cfti_sums_reader *r, const char **line, const char **end) {
    const char *stop;
    if (r->at == r->end) return false;
    r->line++;
    *line = r->at;
    stop = (const char *)memchr(r->at, r->ends, (size_t)(r->end - r->at));
    if (stop == NULL)
        return cfti_sums_refuse(r, r->ends == '\n'
                                       ? "torn: the last line does not end in a newline"
                                       : "torn: the last line does not end in NUL, as others do");
    r->at = stop + 1;
    *end = stop;
    if (r->ends == '\n' && stop > *line && stop[-1] == '\r') --*end; /* written on Windows */
    return true;
}

/* Puts a name into r->name, clean. Escaped: as sha256sum writes a name with "\", LF or CR. */
static bool cfti_sums_take_name(cfti_sums_reader *r, const char *p, const char *end, bool escaped) {
    cfti_buffer raw = cfti_buffer_empty(&r->sums->allocator);
    bool good = true, fits = true;
    if (end - p == 1 && *p == '-')
        return cfti_sums_refuse(r, "the name '-' is standard input: expected the name of a file");
    for (; escaped && p < end && good && fits; p++) {
        char c = *p;
        if (c == '\\') {
            c = '\0';
            if (++p < end) c = *p;
            good = c == '\\' || c == 'n' || c == 'r';
            if (c == 'n') c = '\n';
            else if (c == 'r') c = '\r';
        }
        fits = cfti_buffer_append(&raw, &c, 1);
    }
    if (escaped && good && fits) fits = cfti_path_clean(&r->name, (const char *)raw.data, raw.size);
    else if (fits && good) fits = cfti_path_clean(&r->name, p, (size_t)(end - p));
    cfti_buffer_free(&raw);
    if (!fits) return cfti_sums_no_memory(r);
    if (!good) return cfti_sums_refuse(r, "unknown escape in the name: expected \\\\, \\n or \\r");
    if (cfti_path_is_dot((const char *)r->name.data))
        return cfti_sums_refuse(r, "the name is empty");
    return true;
}

/* Appends the sum of r->name. */
static bool cfti_sums_add(cfti_sums_reader *r, const uint8_t sha256[32]) {
    confiture_sums *sums = r->sums;
    void *items = sums->items;
    size_t size = r->name.size + 1;
    char *name;
    if (!cfti_grow(&sums->allocator, &items, &sums->capacity, sums->count, sizeof(cfti_sum)))
        return cfti_sums_no_memory(r);
    sums->items = (cfti_sum *)items;
    name = (char *)cfti_arena_reserve(&sums->names, size);
    if (name == NULL) return cfti_sums_no_memory(r);
    memcpy(name, r->name.data, size);
    cfti_arena_commit_text(&sums->names, size);
    if (sums->count > 1000) sums->names.block_size = (size_t)1 << 20;
    sums->items[sums->count].name = name;
    sums->items[sums->count].file = (size_t)r->line;
    memcpy(sums->items[sums->count].sha256, sha256, 32);
    sums->count++;
    return true;
}

/* The algorithm of a line "ALGORITHM (NAME) = HEX": its size; 0: another kind of line. */
static size_t cfti_sums_tag(const char *p, const char *end) {
    size_t n = 0, size = (size_t)(end - p);
    while (n < size && ((p[n] >= '0' && p[n] <= '9') || (p[n] >= 'A' && p[n] <= 'Z') ||
                        p[n] == '-' || p[n] == '/' || (p[n] >= 'a' && p[n] <= 'z')))
        n++;
    if (n < size && p[n] == '(') return n;
    return size - n >= 2 && p[n] == ' ' && p[n + 1] == '(' ? n : 0;
}

static bool cfti_sums_refuse_tag(cfti_sums_reader *r, const char *tag, size_t size) {
    cfti_writer_init(&r->words, r->detail, sizeof(r->detail));
    cfti_write_string(&r->words, "a sum of ");
    cfti_write_bytes(&r->words, tag, cfti_min(size, 40));
    cfti_write_string(&r->words, ": expected SHA256");
    return cfti_sums_refuse(r, r->detail);
}

/* "SHA256 (NAME) = HEX", where NAME may hold ")". OpenSSL writes "SHA256(NAME)= HEX". */
static bool cfti_sums_read_tag(cfti_sums_reader *r, const char *p, const char *end, size_t size,
                               bool escaped) {
    uint8_t sha256[32];
    const char *name = p + size + (p[size] == ' ') + 1, *close = end, *hex;
    size_t digits;
    if (!(size == 6 && memcmp(p, "SHA256", 6) == 0) &&
        !(size == 8 && memcmp(p, "SHA2-256", 8) == 0))
        return cfti_sums_refuse_tag(r, p, size);
    while (close > name && close[-1] != ')') close--;
    if (close == name) return cfti_sums_refuse(r, "expected SHA256 (NAME) = and a SHA-256");
    for (hex = close; hex < end && *hex == ' '; hex++) continue;
    if (hex == end || *hex != '=')
        return cfti_sums_refuse(r, "expected SHA256 (NAME) = and a SHA-256");
    for (hex++; hex < end && *hex == ' '; hex++) continue;
    digits = cfti_sums_digest(sha256, hex, end);
    if (digits != 64) return cfti_sums_refuse_digits(r, digits);
    if (hex + 64 != end) return cfti_sums_refuse(r, "expected nothing after the SHA-256");
    return cfti_sums_take_name(r, name, close - 1, escaped) && cfti_sums_add(r, sha256);
}

/* "HEX  NAME" and "HEX *NAME". Throughout a text whose first line has it, also "HEX NAME", as BSD's
 * sha256 -r writes it. */
static bool cfti_sums_read_plain(cfti_sums_reader *r, const char *p, const char *end,
                                 bool escaped) {
    uint8_t sha256[32];
    size_t digits = cfti_sums_digest(sha256, p, end);
    bool two;
    if (digits != 64) return cfti_sums_refuse_digits(r, digits);
    p += 64;
    if (p == end)
        return cfti_sums_refuse(r, "a digest alone: expected two spaces and a name after it");
    two = *p == ' ' && end - p > 1 && (p[1] == ' ' || p[1] == '*');
    if (r->spaces == CFTI_SUMS_LINE_UNKNOWN)
        r->spaces = two ? CFTI_SUMS_TWO_SPACES : CFTI_SUMS_ONE_SPACE;
    if (*p != ' ' || (r->spaces == CFTI_SUMS_TWO_SPACES && !two))
        return cfti_sums_refuse(r, "expected two spaces, or a space and '*', after the SHA-256");
    return cfti_sums_take_name(r, p + (r->spaces == CFTI_SUMS_TWO_SPACES ? 2 : 1), end, escaped) &&
           cfti_sums_add(r, sha256);
}

/* Whether a line that NUL ends is nothing, or has a sum after LF. `sha256sum -z` writes neither; a
 * text whose lines end in LF has both, when a crash has left zeros in it. */
static bool cfti_sums_is_damaged(const char *p, const char *end) {
    static const char tag[] = "SHA256 (";
    uint8_t ignored[32];
    if (p == end) return true;
    while ((p = (const char *)memchr(p, '\n', (size_t)(end - p))) != NULL) {
        p++;
        if (p < end && *p == '\\') p++;
        if (cfti_sums_digest(ignored, p, end) == 64) return true;
        if ((size_t)(end - p) >= sizeof(tag) - 1 && memcmp(p, tag, sizeof(tag) - 1) == 0)
            return true;
    }
    return false;
}

static bool cfti_sums_read_line(cfti_sums_reader *r, const char *p, const char *end) {
    uint8_t ignored[32];
    bool escaped = false;
    size_t tag;
    if (r->ends == '\0' && cfti_sums_is_damaged(p, end)) {
        r->line += cfti_count_byte((const uint8_t *)p, (size_t)(end - p), '\n');
        return cfti_sums_refuse(r, "torn: NUL where no name ends");
    }
    if (p == end || *p == '#') return true;
    while (p < end && (*p == ' ' || *p == '\t')) p++;
    if (r->ends == '\n' && p < end && *p == '\\') {
        escaped = true;
        p++;
    }
    tag = cfti_sums_tag(p, end);
    if (cfti_sums_digest(ignored, p, end) == 64) tag = 0; /* and a name that begins with "(" */
    return tag > 0 ? cfti_sums_read_tag(r, p, end, tag, escaped)
                   : cfti_sums_read_plain(r, p, end, escaped);
}

/* Until here a sum's `file` is its line. */
static bool cfti_sums_refuse_repeats(cfti_sums_reader *r) {
    const cfti_sum *twice;
    size_t i, first;
    if (!cfti_sums_sort(r->sums, &twice)) return cfti_sums_no_memory(r);
    if (twice == NULL) return true;
    for (i = 1; i < r->sums->count; i++) { /* the one that comes first in the text */
        const cfti_sum *sum = r->sums->by_name[i];
        if (cfti_sums_order(&r->sums->by_name[i - 1], &r->sums->by_name[i]) == 0 && sum < twice)
            twice = sum;
    }
    for (first = 0; cfti_sums_order(&r->sums->by_name[first], &twice) != 0; first++) continue;
    cfti_writer_init(&r->words, r->detail, sizeof(r->detail));
    cfti_write_string(&r->words, "the name is the same as in line ");
    cfti_write_number(&r->words, r->sums->by_name[first]->file);
    r->line = twice->file;
    return cfti_sums_refuse(r, r->detail);
}

static bool cfti_sums_read_all(cfti_sums_reader *r) {
    static const uint8_t utf8_mark[3] = {0xEF, 0xBB, 0xBF};
    size_t size = (size_t)(r->end - r->at), i;
    const char *line = NULL, *end = NULL; /* gcc does not see that they are set */
    if (size >= 2 && ((uint8_t)r->at[0] ^ (uint8_t)r->at[1]) == 1 && (uint8_t)r->at[0] >= 0xFE) {
        r->line = 1;
        return cfti_sums_refuse(r, "UTF-16, as PowerShell's > writes it: expected UTF-8");
    }
    if (size >= 3 && memcmp(r->at, utf8_mark, 3) == 0) r->at += 3;
    r->ends = (char)(size > 0 && memchr(r->at, '\0', (size_t)(r->end - r->at)) ? '\0' : '\n');
    while (cfti_sums_line(r, &line, &end))
        if (!cfti_sums_read_line(r, line, end)) return false;
    if (r->fail.status != CONFITURE_OK) return false;
    if (r->sums->count == 0) {
        r->line = 0;
        return cfti_sums_refuse(r, "empty: expected lines as sha256sum prints them");
    }
    if (!cfti_sums_refuse_repeats(r)) return false;
    for (i = 0; i < r->sums->count; i++) r->sums->items[i].file = CONFITURE_NO_INDEX;
    return true;
}

CONFITURE_API confiture_status confiture_sums_read(confiture_sums **sums, const char *text,
                                                   size_t size,
                                                   const confiture_sums_options *options,
                                                   confiture_error *error) {
    cfti_sums_reader reader;
    confiture_status status;
    memset(&reader, 0, sizeof(reader));
    if (!cfti_require(sums, "sums", error)) return CONFITURE_E_ARGUMENT;
    *sums = NULL;
    if (!cfti_require(text, "text", error)) return CONFITURE_E_ARGUMENT;
    status = cfti_sums_create(&reader.sums, options, error);
    if (status != CONFITURE_OK) return status;
    reader.at = text;
    reader.end = text + size;
    reader.name = cfti_buffer_empty(&reader.sums->allocator);
    if (cfti_sums_read_all(&reader)) {
        *sums = reader.sums;
    } else {
        if (reader.fail.status == CONFITURE_E_FORMAT)
            reader.fail.path =
                options != NULL && options->source != NULL ? options->source : "sums";
        status = cfti_report(error, &reader.fail);
    }
    cfti_buffer_free(&reader.name);
    if (status != CONFITURE_OK) confiture_sums_free(reader.sums);
    return status;
}

/* ---- writing ---- */

/* The size of a name up to the first character that is escaped. */
static size_t cfti_sums_plain(const char *name) {
    size_t n = 0;
    while (name[n] != '\0' && name[n] != '\\' && name[n] != '\n' && name[n] != '\r') n++;
    return n;
}

static confiture_status cfti_sums_put_name(cfti_output *output, const char *name, bool escaped,
                                           cfti_fail *fail) {
    confiture_status status = CONFITURE_OK;
    /* sha256sum -c would read standard input. */
    if (strcmp(name, "-") == 0) return cfti_output_put(output, "./-", 3, fail);
    while (escaped && *name != '\0' && status == CONFITURE_OK) {
        size_t plain = cfti_sums_plain(name);
        if (plain > 0) status = cfti_output_put(output, name, plain, fail);
        name += plain;
        if (*name == '\0' || status != CONFITURE_OK) break;
        status = cfti_output_put(output,
                                 *name == '\n'   ? "\\n"
                                 : *name == '\r' ? "\\r"
                                                 : "\\\\",
                                 2, fail);
        name++;
    }
    if (status == CONFITURE_OK && *name != '\0')
        status = cfti_output_put(output, name, strlen(name), fail);
    return status;
}

static confiture_status cfti_sums_put(cfti_output *output, const cfti_sum *sum, bool null_ends,
                                      cfti_fail *fail) {
    bool escaped = !null_ends && sum->name[cfti_sums_plain(sum->name)] != '\0';
    char hex[65];
    confiture_status status = CONFITURE_OK;
    confiture_sha256_hex(sum->sha256, hex);
    if (escaped) status = cfti_output_put(output, "\\", 1, fail);
    if (status == CONFITURE_OK) status = cfti_output_put(output, hex, 64, fail);
    if (status == CONFITURE_OK) status = cfti_output_put(output, "  ", 2, fail);
    if (status == CONFITURE_OK) status = cfti_sums_put_name(output, sum->name, escaped, fail);
    if (status == CONFITURE_OK) status = cfti_output_put(output, null_ends ? "" : "\n", 1, fail);
    return status;
}

CONFITURE_API confiture_status confiture_sums_write(const confiture_sums *sums,
                                                    const confiture_sink *sink,
                                                    const confiture_sums_options *options,
                                                    confiture_error *error) {
    confiture_allocator allocator;
    cfti_output output;
    cfti_fail fail;
    confiture_status status = CONFITURE_OK;
    size_t i;
    int cancel;
    memset(&output, 0, sizeof(output));
    if (!cfti_require(sums, "sums", error) || !cfti_require(sink, "sink", error) ||
        (sink->write == NULL && !cfti_require(NULL, "sink->write", error)))
        return CONFITURE_E_ARGUMENT;
    if (!cfti_allocator_choose(&allocator, options != NULL ? options->run.allocator : NULL))
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT, cfti_no_allocator);
    output.buffer = cfti_buffer_empty(&allocator);
    output.sink = *sink;
    output.path = "";
    cancel = cfti_cancel_disable();
    for (i = 0; i < sums->count && status == CONFITURE_OK; i++)
        status =
            cfti_sums_put(&output, &sums->items[i], options != NULL && options->null_ends, &fail);
    if (status == CONFITURE_OK) status = cfti_output_flush(&output, &fail);
    cfti_buffer_free(&output.buffer);
    cfti_cancel_restore(cancel);
    return status == CONFITURE_OK ? status : cfti_report(error, &fail);
}

/* ---- results/forms.c: the digests of a text's other forms ---- */

/* Whether two files differ only in line endings, the final newline or a byte order mark, told from
 * digests. A text is taken apart as it is read: a mark, the body, and a final newline. Its forms
 * are the bodies with and without a mark and with each final newline. Two marks, or two newlines
 * at the end, are text: taking one away would leave the same kind of text. */

enum { CFTI_END_NONE = 0, CFTI_END_LF, CFTI_END_CRLF, CFTI_END_CR, CFTI_ENDS };
enum { CFTI_BODY_AS_IS = 0, CFTI_BODY_LF, CFTI_BODY_CRLF, CFTI_BODIES };

static const char *const cfti_end_texts[CFTI_ENDS] = {"", "\n", "\r\n", "\r"};
static const uint8_t cfti_byte_order_mark[3] = {0xEF, 0xBB, 0xBF};

typedef struct cfti_body {
    confiture_sha256 sha[2]; /* without and with a mark */
    size_t used;
    uint8_t buffer[512]; /* one update for many short lines */
} cfti_body;

/* All zero before the first chunk. */
typedef struct cfti_forms {
    cfti_body bodies[CFTI_BODIES];
    size_t start_size;
    uint8_t start[6]; /* enough to see one mark, and whether another follows */
    bool started;
    bool has_mark; /* one, which is not part of the bodies */
    bool fixed_mark;
    int end;            /* the newline that the text ends in so far; it is not in the bodies yet */
    bool after_newline; /* the bodies end in a newline */
} cfti_forms;

static void cfti_body_flush(cfti_body *body) {
    confiture_sha256_update(&body->sha[0], body->buffer, body->used);
    confiture_sha256_update(&body->sha[1], body->buffer, body->used);
    body->used = 0;
}

static void cfti_body_put(cfti_body *body, const uint8_t *p, size_t n) {
    if (n > sizeof(body->buffer) - body->used) cfti_body_flush(body);
    if (n > sizeof(body->buffer)) {
        confiture_sha256_update(&body->sha[0], p, n);
        confiture_sha256_update(&body->sha[1], p, n);
        return;
    }
    memcpy(body->buffer + body->used, p, n);
    body->used += n;
}

static void cfti_forms_put_end(cfti_forms *forms) {
    static const uint8_t crlf[2] = {'\r', '\n'};
    const char *end = cfti_end_texts[forms->end];
    if (forms->end == CFTI_END_NONE) return;
    cfti_body_put(&forms->bodies[CFTI_BODY_AS_IS], (const uint8_t *)end, strlen(end));
    cfti_body_put(&forms->bodies[CFTI_BODY_LF], crlf + 1, 1);
    cfti_body_put(&forms->bodies[CFTI_BODY_CRLF], crlf, 2);
    forms->end = CFTI_END_NONE;
    forms->after_newline = true;
}

static void cfti_forms_text(cfti_forms *forms, const uint8_t *p, size_t n) {
    const uint8_t *end = p + n;
    int i;
    while (p < end) {
        const uint8_t *stop = cfti_find2(p, end, '\r', '\n');
        if (stop > p) {
            cfti_forms_put_end(forms);
            for (i = 0; i < CFTI_BODIES; i++)
                cfti_body_put(&forms->bodies[i], p, (size_t)(stop - p));
            forms->after_newline = false;
        }
        if (stop == end) return;
        if (forms->end == CFTI_END_CR && *stop == '\n') {
            forms->end = CFTI_END_CRLF;
        } else {
            cfti_forms_put_end(forms);
            forms->end = *stop == '\n' ? CFTI_END_LF : CFTI_END_CR;
        }
        p = stop + 1;
    }
}

/* Begins the bodies, when the start of the text is known. */
static void cfti_forms_start(cfti_forms *forms) {
    bool one = forms->start_size >= 3 && memcmp(forms->start, cfti_byte_order_mark, 3) == 0;
    size_t skip;
    int i;
    forms->fixed_mark =
        one && forms->start_size == 6 && memcmp(forms->start + 3, cfti_byte_order_mark, 3) == 0;
    forms->has_mark = one && !forms->fixed_mark;
    for (i = 0; i < CFTI_BODIES; i++) {
        confiture_sha256_init(&forms->bodies[i].sha[0]);
        confiture_sha256_init(&forms->bodies[i].sha[1]);
        confiture_sha256_update(&forms->bodies[i].sha[1], cfti_byte_order_mark, 3);
    }
    forms->started = true;
    skip = forms->has_mark ? 3 : 0;
    cfti_forms_text(forms, forms->start + skip, forms->start_size - skip);
}

/* Adds bytes of the text. */
static void cfti_forms_feed(cfti_forms *forms, const uint8_t *p, size_t n) {
    if (!forms->started) {
        size_t taken = cfti_min(sizeof(forms->start) - forms->start_size, n);
        if (taken > 0) memcpy(forms->start + forms->start_size, p, taken);
        forms->start_size += taken;
        if (forms->start_size < sizeof(forms->start)) return;
        cfti_forms_start(forms);
        p += taken;
        n -= taken;
    }
    if (n > 0) cfti_forms_text(forms, p, n);
}

static void cfti_forms_finish(cfti_forms *forms) {
    int i;
    if (!forms->started) cfti_forms_start(forms);
    if (forms->after_newline) cfti_forms_put_end(forms);
    for (i = 0; i < CFTI_BODIES; i++) cfti_body_flush(&forms->bodies[i]);
}

static void cfti_forms_digest(const cfti_forms *forms, int body, bool mark, int end,
                              uint8_t sha256[32]) {
    confiture_sha256 sha = forms->bodies[body].sha[mark];
    confiture_sha256_update(&sha, cfti_end_texts[end], strlen(cfti_end_texts[end]));
    confiture_sha256_final(&sha, sha256);
}

/* Whether the text, as it is, has this digest. */
static bool cfti_forms_are_of(const cfti_forms *forms, const uint8_t sha256[32]) {
    uint8_t own[32];
    cfti_forms_digest(forms, CFTI_BODY_AS_IS, forms->has_mark, forms->end, own);
    return memcmp(own, sha256, 32) == 0;
}

/* What differs between two texts: bits of CONFITURE_ONLY_. */
static unsigned cfti_forms_only(bool marks_differ, bool bodies_differ, int end, int other_end) {
    unsigned only = 0;
    if (marks_differ) only |= CONFITURE_ONLY_MARK;
    if ((end == CFTI_END_NONE) != (other_end == CFTI_END_NONE))
        only |= CONFITURE_ONLY_FINAL_NEWLINE;
    else if (end != other_end) only |= CONFITURE_ONLY_LINE_ENDINGS;
    return bodies_differ ? only | CONFITURE_ONLY_LINE_ENDINGS : only;
}

/* What differs between the text and another one, of which only the digest is known; 0: it is no
 * form of this text. Without CR the first two bodies are equal, and the first match counts. */
static unsigned cfti_forms_match(const cfti_forms *forms, const uint8_t sha256[32]) {
    /* After a body that ends in a newline, a further one would be text. */
    int body, mark, end, ends = forms->after_newline ? 1 : CFTI_ENDS;
    uint8_t digest[32];
    for (body = 0; body < CFTI_BODIES; body++) {
        for (mark = 0; mark < (forms->fixed_mark ? 1 : 2); mark++) {
            for (end = 0; end < ends; end++) {
                cfti_forms_digest(forms, body, mark != 0, end, digest);
                if (memcmp(digest, sha256, 32) == 0)
                    return cfti_forms_only((mark != 0) != forms->has_mark, body != CFTI_BODY_AS_IS,
                                           forms->end, end);
            }
        }
    }
    return 0;
}

/* What has to be known of each of two texts that are both at hand. */
typedef struct cfti_form {
    uint8_t normal[32]; /* LF, no mark, no final newline */
    uint8_t body[32];   /* as it is, no mark, no final newline */
    bool has_mark;
    int end;
} cfti_form;

static void cfti_forms_sum_up(const cfti_forms *forms, cfti_form *form) {
    cfti_forms_digest(forms, CFTI_BODY_LF, false, CFTI_END_NONE, form->normal);
    cfti_forms_digest(forms, CFTI_BODY_AS_IS, false, CFTI_END_NONE, form->body);
    form->has_mark = forms->has_mark;
    form->end = forms->end;
}

static unsigned cfti_form_compare(const cfti_form *a, const cfti_form *b) {
    if (memcmp(a->normal, b->normal, 32) != 0) return 0;
    return cfti_forms_only(a->has_mark != b->has_mark, memcmp(a->body, b->body, 32) != 0, a->end,
                           b->end);
}

/* ---- results/diff.c: what has changed between two sums ---- */

typedef struct cfti_diff {
    const confiture_sums *sums[2]; /* the old and the new ones */
    size_t *match[2];              /* of each sum the index of its file in the other; NO_INDEX */
    bool *renamed[2];              /* the match has another name */
    const confiture_run *run;
    confiture_allocator allocator;
    confiture_changes *changes;
    cfti_fail fail;
} cfti_diff;

static bool cfti_diff_no_memory(cfti_diff *diff) {
    cfti_fail_with(&diff->fail, CONFITURE_E_MEMORY, NULL);
    return false;
}

static size_t cfti_sum_index(const confiture_sums *sums, const cfti_sum *sum) {
    return (size_t)(sum - sums->items);
}

/* ---- the same name ---- */

static void cfti_diff_pair(cfti_diff *diff, const cfti_sum *a, const cfti_sum *b) {
    size_t i = cfti_sum_index(diff->sums[0], a), k = cfti_sum_index(diff->sums[1], b);
    diff->match[0][i] = k;
    diff->match[1][k] = i;
}

static void cfti_diff_match_names(cfti_diff *diff) {
    const confiture_sums *a = diff->sums[0], *b = diff->sums[1];
    size_t i = 0, k = 0;
    while (i < a->count && k < b->count) {
        int order = cfti_path_compare(a->by_name[i]->name, b->by_name[k]->name);
        if (order == 0) cfti_diff_pair(diff, a->by_name[i++], b->by_name[k++]);
        else if (order < 0) i++;
        else k++;
    }
}

/* ---- the same bytes ---- */

static int cfti_diff_order_bytes(const void *a, const void *b) {
    return memcmp((*(const cfti_sum *const *)a)->sha256, (*(const cfti_sum *const *)b)->sha256, 32);
}

static int cfti_diff_order_leaves(const void *a, const void *b) {
    int order = cfti_diff_order_bytes(a, b);
    if (order != 0) return order;
    return strcmp(cfti_path_leaf((*(const cfti_sum *const *)a)->name),
                  cfti_path_leaf((*(const cfti_sum *const *)b)->name));
}

/* The sums without a match, by bytes, last component and name. */
typedef struct cfti_unmatched {
    const cfti_sum **items;
    size_t count, capacity;
} cfti_unmatched;

static bool cfti_diff_collect(cfti_diff *diff, int side, cfti_unmatched *out) {
    const confiture_sums *sums = diff->sums[side];
    size_t i;
    out->capacity = sums->count;
    if (sums->count == 0) return true;
    out->items = (const cfti_sum **)cfti_alloc(&diff->allocator, sums->count * sizeof(*out->items));
    if (out->items == NULL) return cfti_diff_no_memory(diff);
    for (i = 0; i < sums->count; i++) {
        const cfti_sum *sum = sums->by_name[i];
        if (diff->match[side][cfti_sum_index(sums, sum)] == CONFITURE_NO_INDEX)
            out->items[out->count++] = sum;
    }
    return cfti_sort(&diff->allocator, (void *)out->items, out->count, sizeof(*out->items),
                     cfti_diff_order_leaves) ||
           cfti_diff_no_memory(diff);
}

/* Pairs what `order` calls equal, first with first, and keeps the rest. */
static void cfti_diff_pair_equal(cfti_diff *diff, cfti_unmatched *a, cfti_unmatched *b,
                                 int (*order)(const void *, const void *)) {
    size_t i = 0, k = 0, a_kept = 0, b_kept = 0;
    while (i < a->count && k < b->count) {
        int which = order(&a->items[i], &b->items[k]);
        if (which < 0) {
            a->items[a_kept++] = a->items[i++];
        } else if (which > 0) {
            b->items[b_kept++] = b->items[k++];
        } else {
            const cfti_sum *x = a->items[i++], *y = b->items[k++];
            cfti_diff_pair(diff, x, y);
            diff->renamed[0][cfti_sum_index(diff->sums[0], x)] = true;
            diff->renamed[1][cfti_sum_index(diff->sums[1], y)] = true;
        }
    }
    while (i < a->count) a->items[a_kept++] = a->items[i++];
    while (k < b->count) b->items[b_kept++] = b->items[k++];
    a->count = a_kept;
    b->count = b_kept;
}

static bool cfti_diff_match_bytes(cfti_diff *diff) {
    cfti_unmatched a, b;
    bool good;
    memset(&a, 0, sizeof(a));
    memset(&b, 0, sizeof(b));
    good = cfti_diff_collect(diff, 0, &a) && cfti_diff_collect(diff, 1, &b);
    if (good) {
        cfti_diff_pair_equal(diff, &a, &b, cfti_diff_order_leaves);
        cfti_diff_pair_equal(diff, &a, &b, cfti_diff_order_bytes);
    }
    cfti_free(&diff->allocator, (void *)a.items, a.capacity * sizeof(*a.items));
    cfti_free(&diff->allocator, (void *)b.items, b.capacity * sizeof(*b.items));
    return good;
}

/* ---- the order ---- */

static cfti_file cfti_sum_as_file(const cfti_sum *sum) {
    cfti_file file;
    memset(&file, 0, sizeof(file));
    file.path = sum->name;
    file.leaf = (uint32_t)(cfti_path_leaf(sum->name) - sum->name);
    return file;
}

static bool cfti_sums_are_in(const confiture_sums *sums,
                             int (*order)(const void *a, const void *b)) {
    size_t i;
    for (i = 1; i < sums->count; i++) {
        cfti_file a = cfti_sum_as_file(&sums->items[i - 1]), b = cfti_sum_as_file(&sums->items[i]);
        if (order(&a, &b) > 0) return false;
    }
    return true;
}

/* Whether the order of sums means anything: it is that of a list, or one that a search makes. */
static bool cfti_sums_have_order(const confiture_sums *sums) {
    return sums->files != NULL || cfti_sums_are_in(sums, cfti_order_path) ||
           cfti_sums_are_in(sums, cfti_order_hex);
}

/* The next sum from `index` on whose file has the same name in both. */
static size_t cfti_diff_next_common(const cfti_diff *diff, int side, size_t index) {
    while (index < diff->sums[side]->count &&
           (diff->match[side][index] == CONFITURE_NO_INDEX || diff->renamed[side][index]))
        index++;
    return index;
}

static size_t cfti_diff_find_moved(const cfti_diff *diff) {
    size_t i = cfti_diff_next_common(diff, 0, 0), k = cfti_diff_next_common(diff, 1, 0);
    while (k < diff->sums[1]->count && diff->match[1][k] == i) {
        i = cfti_diff_next_common(diff, 0, i + 1);
        k = cfti_diff_next_common(diff, 1, k + 1);
    }
    if (k == diff->sums[1]->count || !cfti_sums_have_order(diff->sums[0]) ||
        !cfti_sums_have_order(diff->sums[1]))
        return CONFITURE_NO_INDEX;
    return k;
}

/* ---- the list of changes ---- */

/* Whether a sum of the new ones is a change, which is then filled in. */
static bool cfti_diff_change(const cfti_diff *diff, size_t new_index, confiture_change *change) {
    const cfti_sum *sum = &diff->sums[1]->items[new_index], *old;
    memset(change, 0, sizeof(*change));
    change->new_index = new_index;
    change->new_name = sum->name;
    change->old_index = diff->match[1][new_index];
    change->kind = CONFITURE_CHANGE_ADDED;
    if (change->old_index == CONFITURE_NO_INDEX) return true;
    old = &diff->sums[0]->items[change->old_index];
    change->old_name = old->name;
    change->kind =
        diff->renamed[1][new_index] ? CONFITURE_CHANGE_RENAMED : CONFITURE_CHANGE_MODIFIED;
    return diff->renamed[1][new_index] || memcmp(sum->sha256, old->sha256, 32) != 0;
}

/* Calls with items NULL only count. In the order of the new sums; deletions, by name, where they
 * would be in a list that is sorted by path. */
static size_t cfti_diff_list(const cfti_diff *diff, confiture_change *items) {
    const confiture_sums *a = diff->sums[0], *b = diff->sums[1];
    size_t i = 0, k, count = 0;
    confiture_change change;
    for (k = 0; k <= b->count; k++) {
        for (; i < a->count; i++) {
            const cfti_sum *old = a->by_name[i];
            if (k < b->count && cfti_path_compare(old->name, b->items[k].name) > 0) break;
            if (diff->match[0][cfti_sum_index(a, old)] != CONFITURE_NO_INDEX) continue;
            if (items != NULL) {
                memset(&change, 0, sizeof(change));
                change.kind = CONFITURE_CHANGE_DELETED;
                change.old_index = cfti_sum_index(a, old);
                change.new_index = CONFITURE_NO_INDEX;
                change.old_name = old->name;
                items[count] = change;
            }
            count++;
        }
        if (k == b->count || !cfti_diff_change(diff, k, &change)) continue;
        if (items != NULL) items[count] = change;
        count++;
    }
    return count;
}

static bool cfti_diff_make_list(cfti_diff *diff) {
    confiture_changes *changes = diff->changes;
    changes->count = cfti_diff_list(diff, NULL);
    if (changes->count == 0) return true;
    changes->items =
        (confiture_change *)cfti_alloc(&diff->allocator, changes->count * sizeof(confiture_change));
    if (changes->items == NULL) {
        changes->count = 0;
        return cfti_diff_no_memory(diff);
    }
    (void)cfti_diff_list(diff, changes->items);
    return true;
}

/* ---- why ---- */

/* What is learned of a changed file when it is read again. */
typedef struct cfti_reread {
    const uint8_t *own;   /* its sum */
    const uint8_t *other; /* the sum of its other state, if that is not at hand */
    unsigned only;
    cfti_form form; /* if both are at hand */
} cfti_reread;

static confiture_status cfti_reread_map(void *ctx, cfti_chunk *chunk, cfti_arena *arena,
                                        cfti_fail *fail) {
    cfti_reread *item = &((cfti_reread *)ctx)[chunk->index];
    cfti_forms whole, *forms = (cfti_forms *)chunk->piece_state;
    (void)arena;
    if (forms == NULL) {
        memset(&whole, 0, sizeof(whole));
        forms = &whole;
    }
    cfti_forms_feed(forms, chunk->bytes, chunk->size);
    if (!chunk->last) return CONFITURE_OK;
    cfti_forms_finish(forms);
    if (!cfti_forms_are_of(forms, item->own))
        return cfti_fail_with(fail, CONFITURE_E_CHANGED,
                              "the file changed between the two times that it was read");
    if (item->other != NULL) item->only = cfti_forms_match(forms, item->other);
    else cfti_forms_sum_up(forms, &item->form);
    return CONFITURE_OK;
}

/* Reads the modified files of one side again. items: one for each, in the order of the changes. */
static bool cfti_diff_reread(cfti_diff *diff, int side, cfti_reread *items, bool both) {
    const confiture_sums *sums = diff->sums[side], *others = diff->sums[!side];
    confiture_files subset;
    cfti_consumer consumer;
    cfti_fail fail;
    confiture_status status;
    size_t i;
    memset(&consumer, 0, sizeof(consumer));
    if (!cfti_files_subset(&subset, sums->files, &diff->allocator))
        return cfti_diff_no_memory(diff);
    for (i = 0; i < diff->changes->count; i++) {
        const confiture_change *change = &diff->changes->items[i];
        cfti_reread *item = &items[subset.count];
        size_t own = side == 0 ? change->old_index : change->new_index;
        if (change->kind != CONFITURE_CHANGE_MODIFIED) continue;
        memset(item, 0, sizeof(*item));
        item->own = sums->items[own].sha256;
        if (!both) item->other = others->items[diff->match[side][own]].sha256;
        cfti_files_subset_add(&subset, sums->files, sums->items[own].file);
    }
    consumer.piece_state_size = sizeof(cfti_forms);
    consumer.state_only = true;
    consumer.map = cfti_reread_map;
    consumer.ctx = items;
    status = cfti_scan_run(&subset, diff->run, &consumer, &fail);
    if (status != CONFITURE_OK) diff->fail = fail;
    cfti_files_subset_free(&subset);
    return status == CONFITURE_OK;
}

static const char *const cfti_only_texts[8] = {
    NULL,
    "line endings only",
    "final newline only",
    "line endings and final newline only",
    "byte order mark only",
    "line endings and byte order mark only",
    "final newline and byte order mark only",
    "line endings, final newline and byte order mark only"};

static bool cfti_diff_reread_all(cfti_diff *diff, cfti_reread *items, size_t count) {
    bool old_side = diff->sums[0]->files != NULL, new_side = diff->sums[1]->files != NULL;
    size_t i, k = 0;
    if (old_side && !cfti_diff_reread(diff, 0, items, new_side)) return false;
    if (new_side && !cfti_diff_reread(diff, 1, items + (old_side ? count : 0), old_side))
        return false;
    for (i = 0; i < diff->changes->count; i++) {
        confiture_change *change = &diff->changes->items[i];
        if (change->kind != CONFITURE_CHANGE_MODIFIED) continue;
        change->only = old_side && new_side
                           ? cfti_form_compare(&items[k].form, &items[count + k].form)
                           : items[k].only;
        change->reason = cfti_only_texts[change->only];
        k++;
    }
    return true;
}

static bool cfti_diff_find_reasons(cfti_diff *diff) {
    size_t i, count = 0, sides;
    cfti_reread *items;
    bool good;
    sides = (size_t)(diff->sums[0]->files != NULL) + (size_t)(diff->sums[1]->files != NULL);
    for (i = 0; i < diff->changes->count; i++)
        count += diff->changes->items[i].kind == CONFITURE_CHANGE_MODIFIED;
    if (count == 0 || sides == 0) return true;
    items = (cfti_reread *)cfti_alloc(&diff->allocator, sides * count * sizeof(*items));
    if (items == NULL) return cfti_diff_no_memory(diff);
    good = cfti_diff_reread_all(diff, items, count);
    cfti_free(&diff->allocator, items, sides * count * sizeof(*items));
    return good;
}

/* ---- the whole ---- */

static bool cfti_diff_run(cfti_diff *diff, bool no_reasons) {
    cfti_diff_match_names(diff);
    if (!cfti_diff_match_bytes(diff) || !cfti_diff_make_list(diff)) return false;
    diff->changes->first_moved = cfti_diff_find_moved(diff);
    return no_reasons || cfti_diff_find_reasons(diff);
}

/* All that is needed for both sides, in one block. */
static bool cfti_diff_prepare(cfti_diff *diff, void **block, size_t *size) {
    size_t a = diff->sums[0]->count, b = diff->sums[1]->count, i;
    if (b > SIZE_MAX / 16 - a) return cfti_diff_no_memory(diff);
    *size = (a + b) * (sizeof(size_t) + sizeof(bool)) + 1;
    *block = cfti_alloc(&diff->allocator, *size);
    if (*block == NULL) return cfti_diff_no_memory(diff);
    diff->match[0] = (size_t *)*block;
    diff->match[1] = diff->match[0] + a;
    diff->renamed[0] = (bool *)(void *)(diff->match[1] + b);
    diff->renamed[1] = diff->renamed[0] + a;
    for (i = 0; i < a + b; i++) {
        diff->match[0][i] = CONFITURE_NO_INDEX;
        diff->renamed[0][i] = false;
    }
    return true;
}

CONFITURE_API confiture_status confiture_diff(confiture_changes *changes,
                                              const confiture_sums *old_sums,
                                              const confiture_sums *new_sums,
                                              const confiture_diff_options *options,
                                              confiture_error *error) {
    confiture_diff_options defaults;
    cfti_diff diff;
    void *block = NULL;
    size_t size = 0;
    int cancel;
    memset(&defaults, 0, sizeof(defaults));
    memset(&diff, 0, sizeof(diff));
    if (!cfti_require(changes, "changes", error)) return CONFITURE_E_ARGUMENT;
    memset(changes, 0, sizeof(*changes));
    changes->first_moved = CONFITURE_NO_INDEX;
    if (!cfti_require(old_sums, "old_sums", error) || !cfti_require(new_sums, "new_sums", error))
        return CONFITURE_E_ARGUMENT;
    if (options == NULL) options = &defaults;
    if (!cfti_allocator_choose(&diff.allocator, options->run.allocator))
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT, cfti_no_allocator);
    diff.sums[0] = old_sums;
    diff.sums[1] = new_sums;
    diff.run = &options->run;
    diff.changes = changes;
    changes->allocator = diff.allocator;
    cancel = cfti_cancel_disable();
    if (!cfti_diff_prepare(&diff, &block, &size) || !cfti_diff_run(&diff, options->no_reasons))
        confiture_changes_free(changes);
    cfti_free(&diff.allocator, block, size);
    cfti_cancel_restore(cancel);
    return diff.fail.status == CONFITURE_OK ? CONFITURE_OK : cfti_report(error, &diff.fail);
}

CONFITURE_API void confiture_changes_free(confiture_changes *changes) {
    if (changes == NULL) return;
    cfti_free(&changes->allocator, changes->items, changes->count * sizeof(confiture_change));
    memset(changes, 0, sizeof(*changes));
    changes->first_moved = CONFITURE_NO_INDEX;
}

/* ---- results/separator.c: the text before each file ---- */

#define CFTI_BAR_42 "=========================================="

/* Returned by a compile function when memory runs out. */
static const char cfti_no_memory[] = "out of memory";

/* In a compiled separator NUL stands for the name of the file. */
static const char cfti_separator_block[] =
    "\n/* " CFTI_BAR_42 "\n * File: \0\n * " CFTI_BAR_42 " */\n\n";
static const char cfti_separator_line[] =
    "\n-- " CFTI_BAR_42 "\n-- File: \0\n-- " CFTI_BAR_42 "\n\n";
static const char cfti_separator_mysql[] = "\n# " CFTI_BAR_42 "\n# File: \0\n# " CFTI_BAR_42 "\n\n";

/* Compiles a caller's template. Returns NULL, or what is wrong. */
static const char *cfti_template_compile(cfti_buffer *out, const char *template_text) {
    static const char field[] = "{file_path}";
    const char *p = template_text;
    size_t i = 0, n;
    if (p == NULL || *p == '\0') return "the custom separator has no template";
    n = strlen(p);
    while (i < n) {
        uint32_t code;
        size_t length = cfti_utf8_decode((const uint8_t *)p + i, n - i, &code);
        if (length == 0) return "the separator template is not valid UTF-8";
        i += length;
    }
    if (!cfti_buffer_append(out, "\n", 1)) return cfti_no_memory;
    while (*p != '\0') {
        bool good;
        if (p[0] == '{' && p[1] == '{') {
            good = cfti_buffer_append(out, "{", 1), p += 2;
        } else if (p[0] == '}' && p[1] == '}') {
            good = cfti_buffer_append(out, "}", 1), p += 2;
        } else if (strncmp(p, field, sizeof(field) - 1) == 0) {
            good = cfti_buffer_append(out, "", 1), p += sizeof(field) - 1;
        } else if (*p == '{' || *p == '}') {
            return "the separator template may hold {file_path}, {{ and }} and no other braces";
        } else {
            good = cfti_buffer_append(out, p, 1), p++;
        }
        if (!good) return cfti_no_memory;
    }
    return cfti_buffer_append(out, "\n", 1) ? NULL : cfti_no_memory;
}

/* Compiles the separator of a build. Returns NULL, or what is wrong. */
static const char *cfti_separator_compile(cfti_buffer *out, confiture_separator style,
                                          const char *template_text) {
    const char *text = "";
    size_t size = 0;
    switch (style) {
    case CONFITURE_SEPARATOR_BLOCK_COMMENT:
        text = cfti_separator_block, size = sizeof(cfti_separator_block) - 1;
        break;
    case CONFITURE_SEPARATOR_LINE_COMMENT:
        text = cfti_separator_line, size = sizeof(cfti_separator_line) - 1;
        break;
    case CONFITURE_SEPARATOR_MYSQL:
        text = cfti_separator_mysql, size = sizeof(cfti_separator_mysql) - 1;
        break;
    case CONFITURE_SEPARATOR_CUSTOM: return cfti_template_compile(out, template_text);
    case CONFITURE_SEPARATOR_NONE: break;
    default: return "unknown separator style";
    }
    return cfti_buffer_append(out, text, size) ? NULL : cfti_no_memory;
}

/* The size of a separator with the name in it. */
static size_t cfti_separator_size(const cfti_buffer *separator, size_t name_size) {
    size_t names = (size_t)cfti_count_byte(separator->data, separator->size, 0);
    return separator->size + names * name_size;
}

static confiture_status cfti_separator_put(cfti_output *output, const cfti_buffer *separator,
                                           const char *name, size_t name_size, cfti_fail *fail) {
    const char *p = (const char *)separator->data;
    size_t left = separator->size;
    while (left > 0) {
        const char *mark = (const char *)memchr(p, '\0', left);
        size_t n = mark == NULL ? left : (size_t)(mark - p);
        confiture_status status = cfti_output_put(output, p, n, fail);
        if (status == CONFITURE_OK && mark != NULL) {
            status = cfti_output_put(output, name, name_size, fail);
            n++;
        }
        if (status != CONFITURE_OK) return status;
        p += n;
        left -= n;
    }
    return CONFITURE_OK;
}

/* ---- results/header.c: the header of a schema ---- */

#define CFTI_BAR_44 CFTI_BAR_42 "=="

/* The digest is known when all files have been read: zeros hold its place until then. */
static const char cfti_digest_unknown[] =
    "0000000000000000000000000000000000000000000000000000000000000000";

/* NULL, or what is wrong with a value, which must stay on its comment line. */
static const char *cfti_header_check(const confiture_header *header) {
    const char *environment = header->environment, *timestamp = header->timestamp;
    if (environment != NULL && cfti_line_check(environment, strlen(environment)) != CFTI_LINE_GOOD)
        return "the header's environment must be one line of UTF-8";
    if (timestamp != NULL && cfti_line_check(timestamp, strlen(timestamp)) != CFTI_LINE_GOOD)
        return "the header's timestamp must be one line of UTF-8";
    return NULL;
}

#define CFTI_HEADER_LINES 14 /* its values hold no line ends */

/* *digest_at: the offset of the digest in the output. */
static confiture_status cfti_header_put(cfti_output *output, const confiture_header *header,
                                        size_t file_count, uint64_t *digest_at, cfti_fail *fail) {
    char count[20];
    size_t count_size = cfti_decimal(count, file_count), i;
    const char *environment = header->environment != NULL ? header->environment : "local";
    const char *timestamp = header->timestamp != NULL ? header->timestamp : "";
    struct {
        const char *text;
        size_t size;
    } parts[9];
    confiture_status status = CONFITURE_OK;
    parts[0].text = "-- " CFTI_BAR_44 "\n-- PostgreSQL Schema for Confiture\n-- " CFTI_BAR_44
                    "\n--\n-- Environment: ";
    parts[1].text = environment;
    parts[2].text = "\n-- Generated: ";
    parts[3].text = timestamp;
    parts[4].text = "\n-- Schema Hash: ";
    parts[5].text = cfti_digest_unknown;
    parts[6].text = "\n-- Files Included: ";
    parts[7].text = count;
    parts[8].text =
        "\n--\n-- This file was generated by Confiture (confiture build)\n"
        "-- DO NOT EDIT MANUALLY - Edit source files in db/schema/\n--\n-- " CFTI_BAR_44 "\n\n";
    for (i = 0; i < CFTI_COUNT(parts) && status == CONFITURE_OK; i++) {
        parts[i].size = i == 7 ? count_size : strlen(parts[i].text);
        if (i == 5) *digest_at = output->total_bytes;
        status = cfti_output_put(output, parts[i].text, parts[i].size, fail);
    }
    return status;
}

/* ---- results/build.c: one scan, the schema and its digest ---- */

#define CFTI_ROUTE_NONE 255 /* a seed file that is left out: hashed but not written */

struct cfti_build;

/* Takes a chunk of a file that goes to an output. */
typedef confiture_status cfti_build_writer(struct cfti_build *build, unsigned route,
                                           const cfti_chunk *chunk, cfti_fail *fail);

/* One build, from one scan into up to three outputs. */
typedef struct cfti_build {
    const confiture_build_options *options;
    const confiture_files *files;
    confiture_allocator allocator;
    confiture_files subset; /* files points to it if seed files are left out */
    size_t left_out;        /* number of files that are an output */
    cfti_buffer separator;  /* compiled */
    uint8_t *routes;        /* the output of each file; NULL: the first for all */
    size_t routes_size;
    size_t outputs_used; /* 1, or 3 for a split */
    cfti_output outputs[3];
    size_t counts[3];      /* files in each */
    uint64_t digest_at[3]; /* offset of the header's digest */
    bool has_header[3];
    cfti_stream stream;
    cfti_findings findings;
    cfti_text_rules rules;
    cfti_build_writer *write; /* writes to the outputs, or compares */
    confiture_map *maps;      /* the caller's, one for each output; or NULL */
    size_t mapped[3];         /* entries of each that have begun */
    uint64_t separator_lines;
    size_t ends[3];       /* the last file of each output */
    bool ends_in_newline; /* the text of the current file, so far */
    uint8_t digest[32];
    char digest_hex[65];
} cfti_build;

static unsigned cfti_build_route(const cfti_build *build, size_t index) {
    return build->routes == NULL ? 0u : build->routes[index];
}

/* ---- the consumer ---- */

/* Refuses a name that ends the comment around it, or opens one inside it: PostgreSQL's comments
 * nest. The reference check allows the second, as the reference does. */
static const char *cfti_block_name_check(const char *name, confiture_check_mode mode) {
    if (strstr(name, "*/") != NULL) return "the file name holds */, which ends a block comment";
    if ((mode == CONFITURE_CHECK_POSTGRES || mode == CONFITURE_CHECK_QUOTES) &&
        strstr(name, "/*") != NULL)
        return "the path holds /*, which opens a comment inside the block comment";
    return NULL;
}

static confiture_status cfti_build_map(void *ctx, cfti_chunk *chunk, cfti_arena *arena,
                                       cfti_fail *fail) {
    const cfti_build *build = (const cfti_build *)ctx;
    const confiture_build_options *options = build->options;
    if (cfti_build_route(build, chunk->index) == CFTI_ROUTE_NONE) return CONFITURE_OK;
    if (chunk->first && options->separator == CONFITURE_SEPARATOR_BLOCK_COMMENT) {
        const char *why = cfti_block_name_check(chunk->file->name, build->rules.mode);
        if (why != NULL) return cfti_fail_with(fail, CONFITURE_E_NAME, why);
    }
    return cfti_text_map((cfti_text_state *)chunk->state, chunk, &build->rules, arena, fail);
}

/* Allocates memory for the expected rest of the output at once, which saves moving a growing
 * buffer: the rest of a large file, or the other files by the average so far. At most eight times
 * what is needed now, since files may be sparse or differ. No memory is no failure. */
static void cfti_build_expect(cfti_output *output, const cfti_build *build, const cfti_chunk *chunk,
                              size_t text_size) {
    const cfti_buffer *buffer = &output->buffer;
    uint64_t needed = (uint64_t)buffer->size + text_size, expected;
    if (output->sink.write != NULL) return;
    if (text_size + 1024 <= buffer->capacity - buffer->size) return;
    if (!chunk->last) expected = needed + chunk->remaining;
    else if (chunk->index >= 8) expected = needed / (chunk->index + 1) * build->files->count;
    else return;
    expected += expected / 16;
    if (expected / 8 > needed) expected = 8 * needed;
    if (expected >= CFTI_LARGE_BLOCK && expected < SIZE_MAX / 2)
        (void)cfti_buffer_reserve(&output->buffer, (size_t)expected - buffer->size);
}

static confiture_status cfti_build_reserve(void *ctx, const cfti_chunk *chunk, cfti_fail *fail) {
    cfti_build *build = (cfti_build *)ctx;
    const cfti_text_state *state = (const cfti_text_state *)chunk->state;
    unsigned route = cfti_build_route(build, chunk->index);
    cfti_output *output;
    size_t size;
    if (route == CFTI_ROUTE_NONE || build->findings.any || state->finding.status != CONFITURE_OK)
        return CONFITURE_OK;
    output = &build->outputs[route];
    cfti_build_expect(output, build, chunk, state->text_size);
    size = chunk->first ? cfti_separator_size(&build->separator, chunk->file->name_size) : 0;
    if (state->text_size > SIZE_MAX / 2 - output->buffer.size) return CONFITURE_OK;
    size += state->text_size + 1;
    if (output->sink.write != NULL && output->buffer.size + size > CFTI_OUTPUT_RUN)
        size = CFTI_OUTPUT_RUN - output->buffer.size;
    if (cfti_buffer_reserve(&output->buffer, size)) return CONFITURE_OK;
    cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    fail->path = output->path;
    return fail->status;
}

/* Adds the lines that cfti_build_write() writes to the map. ends_line: the last chunk lacks a
 * newline; terminates: a semicolon follows. */
static void cfti_build_count(cfti_build *build, const cfti_chunk *chunk, bool ends_line,
                             bool terminates) {
    unsigned route = cfti_build_route(build, chunk->index);
    confiture_map *map;
    confiture_map_entry *entry;
    if (build->maps == NULL) return;
    map = &build->maps[route];
    if (chunk->first) build->mapped[route]++;
    entry = &map->entries[build->mapped[route] - 1];
    if (chunk->first) cfti_map_begin(map, entry, build->separator_lines);
    cfti_map_text(map, entry, ((const cfti_text_state *)chunk->state)->lines + (ends_line ? 1 : 0));
    if (terminates) map->line_count++;
}

/* Whether a semicolon follows this chunk, which build->findings.terminate adds. */
static bool cfti_build_terminates(const cfti_build *build, const cfti_chunk *chunk) {
    const cfti_text_state *text = (const cfti_text_state *)chunk->state;
    return chunk->last && build->findings.terminate &&
           ((text->unended && text->if_ended == NULL) || text->variable);
}

/* Writes the separator before a file's first chunk, the text, and what must end the last chunk. */
static confiture_status cfti_build_write(cfti_build *build, unsigned route, const cfti_chunk *chunk,
                                         cfti_fail *fail) {
    const cfti_text_state *text = (const cfti_text_state *)chunk->state;
    cfti_output *output = &build->outputs[route];
    confiture_status status = CONFITURE_OK;
    bool ends_line, terminates;
    if (chunk->first) {
        build->ends_in_newline = false;
        status = cfti_separator_put(output, &build->separator, chunk->file->name,
                                    chunk->file->name_size, fail);
    }
    if (status == CONFITURE_OK && text->text_size > 0) {
        build->ends_in_newline = text->text[text->text_size - 1] == '\n';
        status = cfti_output_put(output, text->text, text->text_size, fail);
    }
    ends_line = chunk->last && !build->ends_in_newline;
    terminates = cfti_build_terminates(build, chunk);
    if (status == CONFITURE_OK && ends_line) status = cfti_output_put(output, "\n", 1, fail);
    if (status == CONFITURE_OK && terminates) status = cfti_output_put(output, ";\n", 2, fail);
    if (status == CONFITURE_OK) cfti_build_count(build, chunk, ends_line, terminates);
    return status;
}

static confiture_status cfti_build_fold(void *ctx, cfti_chunk *chunk, cfti_fail *fail) {
    cfti_build *build = (cfti_build *)ctx;
    unsigned route = cfti_build_route(build, chunk->index);
    confiture_status status = CONFITURE_OK;
    if (route != CFTI_ROUTE_NONE) {
        bool ends_output = chunk->index == build->ends[route];
        status = cfti_findings_add(&build->findings, chunk, ends_output, fail);
        if (status == CONFITURE_OK && !build->findings.any)
            status = build->write(build, route, chunk, fail);
    }
    if (!build->options->no_digest) cfti_stream_add(&build->stream, chunk);
    return status;
}

/* ---- before and after ---- */

/* A directory of a split, in the two forms in which a file may lie below it. */
typedef struct cfti_split_dir {
    cfti_buffer clean, resolved;
    const char *given;
    uint8_t route;
    bool matched;
} cfti_split_dir;

static confiture_status cfti_split_dir_init(cfti_split_dir *dir, const char *path, uint8_t route,
                                            const confiture_allocator *allocator, cfti_fail *fail) {
    int error;
    dir->clean.allocator = dir->resolved.allocator = *allocator;
    dir->route = route;
    dir->given = path;
    error = cfti_path_clean(&dir->clean, path, strlen(path)) ? 0 : CFTI_OS_NO_MEMORY;
    if (error == 0) error = cfti_path_resolve(&dir->resolved, path);
    return error == 0 ? CONFITURE_OK : cfti_fail_system(fail, error, path);
}

/* Sets the routes by directory. In dirs post comes before pre, and so wins. */
static confiture_status cfti_split_routes(cfti_build *build, cfti_split_dir *dirs, size_t dir_count,
                                          cfti_fail *fail) {
    cfti_buffer here, full;
    size_t i, k;
    int error;
    memset(&here, 0, sizeof(here));
    here.allocator = build->allocator;
    full = here;
    error = cfti_path_absolute(&here, ".");
    for (i = 0; i < build->files->count && error == 0; i++) {
        const cfti_file *file = &build->files->items[i];
        bool routed = build->routes[i] == CFTI_ROUTE_NONE;
        if (!routed) build->routes[i] = CONFITURE_SPLIT_APP;
        if (routed && !build->options->split_dirs_must_match) continue;
        full.size = 0;
        if ((!cfti_path_is_absolute(file->path) &&
             !cfti_buffer_append(&full, here.data, here.size)) ||
            !cfti_path_append(&full, file->path, file->path_size) ||
            !cfti_buffer_append(&full, "", 1))
            error = CFTI_OS_NO_MEMORY;
        for (k = 0; k < dir_count && error == 0; k++) {
            if (cfti_path_below(file->path, (const char *)dirs[k].clean.data) == NULL &&
                cfti_path_below((const char *)full.data, (const char *)dirs[k].resolved.data) ==
                    NULL)
                continue;
            dirs[k].matched = true;
            if (!routed) build->routes[i] = dirs[k].route;
            routed = true;
            if (!build->options->split_dirs_must_match) break;
        }
    }
    cfti_buffer_free(&full);
    cfti_buffer_free(&here);
    return error == 0 ? CONFITURE_OK : cfti_fail_system(fail, error, "");
}

static confiture_status cfti_build_split(cfti_build *build, cfti_fail *fail) {
    const confiture_build_options *options = build->options;
    size_t n = options->pre_dir_count + options->post_dir_count, i;
    cfti_split_dir *dirs =
        (cfti_split_dir *)cfti_alloc(&build->allocator, (n + 1) * sizeof(cfti_split_dir));
    confiture_status status = CONFITURE_OK;
    if (dirs == NULL) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    memset(dirs, 0, (n + 1) * sizeof(cfti_split_dir));
    for (i = 0; i < n && status == CONFITURE_OK; i++) {
        bool post = i < options->post_dir_count;
        status = cfti_split_dir_init(
            &dirs[i], post ? options->post_dirs[i] : options->pre_dirs[i - options->post_dir_count],
            (uint8_t)(post ? CONFITURE_SPLIT_POST : CONFITURE_SPLIT_PRE), &build->allocator, fail);
    }
    if (status == CONFITURE_OK) status = cfti_split_routes(build, dirs, n, fail);
    for (i = n; i > 0 && status == CONFITURE_OK && options->split_dirs_must_match; i--) {
        if (dirs[i - 1].matched) continue;
        status = cfti_fail_with(fail, CONFITURE_E_NO_FILES,
                                "no file of the list lies below this directory of the split");
        fail->path = dirs[i - 1].given;
    }
    for (i = 0; i < n; i++) {
        cfti_buffer_free(&dirs[i].clean);
        cfti_buffer_free(&dirs[i].resolved);
    }
    cfti_free(&build->allocator, dirs, (n + 1) * sizeof(cfti_split_dir));
    return status;
}

/* Without a digest, files that are left out need not be read. */
static confiture_status cfti_build_drop(cfti_build *build, cfti_fail *fail) {
    const confiture_files *files = build->files;
    size_t i, kept = 0;
    if (!cfti_files_subset(&build->subset, files, &build->allocator))
        return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    for (i = 0; i < files->count; i++) {
        if (build->routes[i] == CFTI_ROUTE_NONE) continue;
        cfti_files_subset_add(&build->subset, files, i);
        build->routes[kept++] = build->routes[i];
    }
    build->files = &build->subset;
    return CONFITURE_OK;
}

/* Decides to which output each file goes, and counts. */
static confiture_status cfti_build_plan(cfti_build *build, cfti_fail *fail) {
    const confiture_build_options *options = build->options;
    confiture_status status = CONFITURE_OK;
    size_t n = build->files->count, i;
    build->counts[0] = n;
    build->ends[0] = n - 1;
    if (!options->schema_only && build->outputs_used == 1) return CONFITURE_OK;
    build->routes_size = n + 1;
    build->routes = (uint8_t *)cfti_alloc(&build->allocator, build->routes_size);
    if (build->routes == NULL) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    for (i = 0; i < n; i++)
        build->routes[i] =
            options->schema_only && confiture_files_is_seed(build->files, i) ? CFTI_ROUTE_NONE : 0;
    if (build->outputs_used == 3) status = cfti_build_split(build, fail);
    if (status != CONFITURE_OK) return status;
    build->counts[0] = 0; /* now by route */
    for (i = 0; i < n; i++)
        if (build->routes[i] != CFTI_ROUTE_NONE) build->counts[build->routes[i]]++;
    if (options->schema_only && options->no_digest) status = cfti_build_drop(build, fail);
    for (i = 0; i < build->files->count; i++)
        if (build->routes[i] != CFTI_ROUTE_NONE) build->ends[build->routes[i]] = i;
    return status;
}

/* Allocates the maps whole, so that no fold needs memory for them. */
static confiture_status cfti_build_plan_maps(cfti_build *build, cfti_fail *fail) {
    size_t strings[3] = {0, 0, 0}, i;
    char *at[3];
    if (build->maps == NULL) return CONFITURE_OK;
    build->separator_lines = cfti_count_byte(build->separator.data, build->separator.size, '\n');
    for (i = 0; i < build->files->count; i++)
        if (cfti_build_route(build, i) != CFTI_ROUTE_NONE)
            strings[cfti_build_route(build, i)] += cfti_map_strings(&build->files->items[i]);
    for (i = 0; i < build->outputs_used; i++) {
        if (!cfti_map_allocate(&build->maps[i], build->counts[i], strings[i], &build->allocator))
            return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
        at[i] = cfti_map_strings_of(&build->maps[i], build->counts[i]);
    }
    for (i = 0; i < build->files->count; i++) {
        unsigned route = cfti_build_route(build, i);
        if (route == CFTI_ROUTE_NONE) continue;
        cfti_map_add(&build->maps[route], &build->files->items[i],
                     cfti_files_origin(build->files, i), &at[route]);
    }
    return CONFITURE_OK;
}

static confiture_status cfti_build_check_options(cfti_build *build, cfti_fail *fail) {
    const confiture_build_options *options = build->options;
    const char *why = cfti_text_rules_refuse(&build->rules, options->terminate);
    if (!cfti_io_is_known(options->run.io)) why = cfti_unknown_io; /* before a byte is written */
    else if (why != NULL) return cfti_fail_with(fail, CONFITURE_E_ARGUMENT, why);
    else if (options->header != NULL && options->no_digest) why = "a header needs the digest";
    else if (options->header != NULL) why = cfti_header_check(options->header);
    if (why == NULL)
        why = cfti_separator_compile(&build->separator, options->separator,
                                     options->separator_template);
    if (why == NULL) return CONFITURE_OK;
    if (why == cfti_no_memory) return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    return cfti_fail_with(fail, CONFITURE_E_ARGUMENT, why);
}

/* Builds up to the headers. */
static confiture_status cfti_build_begin(cfti_build *build, cfti_fail *fail) {
    const confiture_build_options *options = build->options;
    confiture_status status = cfti_build_check_options(build, fail);
    size_t i;
    if (status == CONFITURE_OK) status = cfti_build_plan(build, fail);
    if (status == CONFITURE_OK) status = cfti_build_plan_maps(build, fail);
    for (i = 0; i < build->outputs_used && status == CONFITURE_OK; i++) {
        if (options->header == NULL) continue;
        if (build->outputs_used == 3 && build->counts[i] == 0 && i != CONFITURE_SPLIT_APP) continue;
        build->has_header[i] = true;
        if (build->maps != NULL) build->maps[i].line_count = CFTI_HEADER_LINES;
        status = cfti_header_put(&build->outputs[i], options->header, build->counts[i],
                                 &build->digest_at[i], fail);
    }
    return status;
}

/* Builds the rest, and puts the digest into headers that are still in memory. */
static confiture_status cfti_build_scan(cfti_build *build, cfti_fail *fail) {
    const confiture_build_options *options = build->options;
    cfti_consumer consumer;
    confiture_status status;
    size_t i;
    confiture_sha256_init(&build->stream.sha);
    build->findings.files = build->files;
    build->findings.callback = options->on_finding;
    build->findings.user = options->finding_user;
    build->findings.terminate = options->terminate;
    memset(&consumer, 0, sizeof(consumer));
    consumer.state_size = sizeof(cfti_text_state);
    consumer.piece_state_size = sizeof(cfti_text_pieces);
    consumer.map = cfti_build_map;
    consumer.fold = cfti_build_fold;
    if (build->write == cfti_build_write) consumer.reserve = cfti_build_reserve;
    consumer.ctx = build;
    status = cfti_scan_run(build->files, &options->run, &consumer, fail);
    if (status == CONFITURE_OK && build->findings.any) {
        *fail = build->findings.first;
        status = fail->status;
    }
    if (status == CONFITURE_OK && !options->no_digest) {
        confiture_sha256_final(&build->stream.sha, build->digest);
        confiture_sha256_hex(build->digest, build->digest_hex);
        for (i = 0; i < build->outputs_used; i++)
            if (build->has_header[i] && build->outputs[i].sink.write == NULL)
                memcpy(build->outputs[i].buffer.data + build->digest_at[i], build->digest_hex, 64);
    }
    return status;
}

static confiture_status cfti_build_run(cfti_build *build, cfti_fail *fail) {
    confiture_status status = cfti_build_begin(build, fail);
    return status == CONFITURE_OK ? cfti_build_scan(build, fail) : status;
}

static confiture_status cfti_build_init(cfti_build *build, const confiture_files *files,
                                        const confiture_build_options *options, size_t outputs,
                                        cfti_fail *fail) {
    size_t i;
    memset(build, 0, sizeof(*build));
    build->options = options;
    build->files = files;
    build->write = cfti_build_write;
    build->rules.strip_bom = options->strip_bom;
    build->rules.keep_line_ends = options->keep_line_ends;
    build->rules.counts_lines = options->map != NULL;
    build->maps = options->map;
    build->rules.mode = options->check;
    if (options->check == CONFITURE_CHECK_DEFAULT)
        build->rules.mode = options->separator == CONFITURE_SEPARATOR_MYSQL
                                ? CONFITURE_CHECK_NONE
                                : CONFITURE_CHECK_POSTGRES;
    build->outputs_used = outputs;
    if (!cfti_allocator_choose(&build->allocator, options->run.allocator))
        return cfti_fail_with(fail, CONFITURE_E_ARGUMENT, cfti_no_allocator);
    build->separator.allocator = build->allocator;
    for (i = 0; i < 3; i++) {
        build->outputs[i].buffer.allocator = build->allocator;
        build->outputs[i].path = "";
        build->outputs[i].hashes = options->map != NULL;
        confiture_sha256_init(&build->outputs[i].sha);
    }
    return CONFITURE_OK;
}

/* A build that fails has no map. */
static void cfti_build_close(cfti_build *build, confiture_status status) {
    size_t i;
    if (status != CONFITURE_OK) cfti_maps_free(build->maps, build->outputs_used);
    cfti_buffer_free(&build->separator);
    cfti_files_subset_free(&build->subset);
    cfti_free(&build->allocator, build->routes, build->routes_size);
    for (i = 0; i < 3; i++) cfti_buffer_free(&build->outputs[i].buffer);
}

static void cfti_build_describe(const cfti_build *build, size_t i, confiture_schema *schema) {
    schema->total_bytes = build->outputs[i].total_bytes;
    schema->file_count = build->counts[i];
    schema->left_out = build->left_out;
    memcpy(schema->digest, build->digest, sizeof(schema->digest));
    memcpy(schema->digest_hex, build->digest_hex, sizeof(schema->digest_hex));
}

/* Empties a schema but keeps its memory. */
static void cfti_schema_reset(confiture_schema *schema) {
    char *data = schema->data;
    size_t capacity = schema->capacity;
    confiture_allocator allocator = schema->allocator;
    memset(schema, 0, sizeof(*schema));
    if (data == NULL) return;
    schema->data = data;
    schema->capacity = capacity;
    schema->allocator = allocator;
    data[0] = '\0';
}

CONFITURE_API void confiture_schema_free(confiture_schema *schema) {
    if (schema == NULL) return;
    if (schema->data != NULL) cfti_free(&schema->allocator, schema->data, schema->capacity);
    memset(schema, 0, sizeof(*schema));
}

/* The options; the maps of an earlier build are freed. */
static const confiture_build_options *cfti_build_options_or(const confiture_build_options *given,
                                                            confiture_build_options *defaults,
                                                            size_t outputs) {
    memset(defaults, 0, sizeof(*defaults));
    if (given != NULL) cfti_maps_free(given->map, outputs);
    return given != NULL ? given : defaults;
}

/* Whether all required arguments are there. */
static bool cfti_build_require(const confiture_files *files, const confiture_build_options *options,
                               size_t outputs, confiture_error *error) {
    return cfti_require(files, "files", error) &&
           (outputs == 1 || (cfti_require_all(options->pre_dirs, options->pre_dir_count,
                                              "options->pre_dirs", error) &&
                             cfti_require_all(options->post_dirs, options->post_dir_count,
                                              "options->post_dirs", error)));
}

/* ---- to memory ---- */

/* A build reuses the memory of an earlier one, unless another allocator owns it. */
static void cfti_schema_lend(confiture_schema *schema, cfti_buffer *buffer) {
    if (schema->data == NULL) return;
    if (!cfti_allocator_is(&schema->allocator, &buffer->allocator)) {
        confiture_schema_free(schema);
        return;
    }
    buffer->data = (uint8_t *)schema->data;
    buffer->capacity = schema->capacity;
}

/* Gives the text, with a NUL at its end, to the caller. After a failure the caller has what it had
 * before: an empty string in its own memory, or nothing. */
static void cfti_schema_adopt(confiture_schema *schema, cfti_buffer *buffer, bool good) {
    if (!good && schema->data == NULL) return;
    schema->data = (char *)buffer->data;
    schema->capacity = buffer->capacity;
    schema->allocator = buffer->allocator;
    buffer->data = NULL;
    if (good) schema->size = buffer->size - 1;
    else cfti_schema_reset(schema);
}

static confiture_status cfti_build_memory(confiture_schema *schemas, size_t count,
                                          const confiture_files *files,
                                          const confiture_build_options *options,
                                          confiture_error *error) {
    confiture_build_options defaults;
    cfti_build build;
    cfti_fail fail;
    confiture_status status;
    size_t i;
    int cancel;
    options = cfti_build_options_or(options, &defaults, count);
    if (!cfti_require(schemas, count == 1 ? "schema" : "schemas", error))
        return CONFITURE_E_ARGUMENT;
    for (i = 0; i < count; i++) cfti_schema_reset(&schemas[i]);
    if (!cfti_build_require(files, options, count, error)) return CONFITURE_E_ARGUMENT;
    status = cfti_build_init(&build, files, options, count, &fail);
    if (status != CONFITURE_OK) return cfti_report(error, &fail);
    cancel = cfti_cancel_disable();
    for (i = 0; i < count; i++) cfti_schema_lend(&schemas[i], &build.outputs[i].buffer);
    status = cfti_build_run(&build, &fail);
    for (i = 0; i < count && status == CONFITURE_OK; i++) {
        const cfti_buffer *buffer = &build.outputs[i].buffer;
        if (build.maps != NULL)
            confiture_sha256_once(buffer->data, buffer->size, build.maps[i].sha256);
        if (cfti_buffer_append(&build.outputs[i].buffer, "", 1)) continue;
        status = cfti_fail_with(&fail, CONFITURE_E_MEMORY, NULL);
        fail.path = "";
    }
    for (i = 0; i < count; i++) {
        cfti_schema_adopt(&schemas[i], &build.outputs[i].buffer, status == CONFITURE_OK);
        if (status == CONFITURE_OK) cfti_build_describe(&build, i, &schemas[i]);
    }
    cfti_build_close(&build, status);
    cfti_cancel_restore(cancel);
    return status == CONFITURE_OK ? status : cfti_report(error, &fail);
}

CONFITURE_API confiture_status confiture_build(confiture_schema *schema,
                                               const confiture_files *files,
                                               const confiture_build_options *options,
                                               confiture_error *error) {
    return cfti_build_memory(schema, 1, files, options, error);
}

CONFITURE_API confiture_status confiture_build_split(confiture_schema schemas[3],
                                                     const confiture_files *files,
                                                     const confiture_build_options *options,
                                                     confiture_error *error) {
    return cfti_build_memory(schemas, 3, files, options, error);
}

/* ---- to a sink ---- */

CONFITURE_API confiture_status confiture_build_sink(confiture_schema *schema,
                                                    const confiture_sink *sink,
                                                    const confiture_files *files,
                                                    const confiture_build_options *options,
                                                    confiture_error *error) {
    confiture_build_options defaults;
    cfti_build build;
    cfti_fail fail;
    confiture_status status;
    int cancel;
    options = cfti_build_options_or(options, &defaults, 1);
    if (!cfti_require(schema, "schema", error)) return CONFITURE_E_ARGUMENT;
    confiture_schema_free(schema);
    if (!cfti_require(sink, "sink", error) ||
        (sink->write == NULL && !cfti_require(NULL, "sink->write", error)) ||
        !cfti_build_require(files, options, 1, error))
        return CONFITURE_E_ARGUMENT;
    cancel = cfti_cancel_disable();
    status = cfti_build_init(&build, files, options, 1, &fail);
    if (status == CONFITURE_OK) {
        cfti_output *output = &build.outputs[0];
        if (options->header == NULL) output->sink = *sink;
        status = cfti_build_run(&build, &fail);
        output->sink = *sink;
        if (status == CONFITURE_OK) status = cfti_output_flush(output, &fail);
        if (build.maps != NULL) confiture_sha256_final(&output->sha, build.maps[0].sha256);
    }
    if (status == CONFITURE_OK) cfti_build_describe(&build, 0, schema);
    cfti_build_close(&build, status);
    cfti_cancel_restore(cancel);
    return status == CONFITURE_OK ? status : cfti_report(error, &fail);
}

/* ---- results/build_file.c: a build to a file, or to the three of a split ---- */

/* Whether a file of the list is the target, which need not exist yet. Only files of the same name,
 * links, and files of a caller's own list, which may be links, are asked for their identity:
 * asking all would cost half as much as reading them. Returns a system error. */
static int cfti_target_is_file(const cfti_target *target, const cfti_file *file, bool *is_target) {
    cfti_os_status status;
    bool may_lead = file->kind == CFTI_KIND_LINK || file->kind == CFTI_KIND_UNKNOWN ||
                    target->direct; /* a direct target has no name of its own */
    int error;
    *is_target = false;
    if (target->direct && target->old.kind != CFTI_KIND_FILE) return 0;
    /* A listed file that is no link cannot be a target that does not exist. */
    if (!may_lead && (!target->exists ||
                      !cfti_path_may_be_same(file->path + file->leaf,
                                             cfti_path_leaf((const char *)target->real.data))))
        return 0;
    error = cfti_os_status_at(CFTI_OS_CWD, file->path, true, &status);
    if (error == 0) *is_target = target->exists && cfti_same_file(&status, &target->old);
    else if (!target->exists && cfti_os_is_absent(error))
        error = cfti_target_awaits(target, file->path, is_target);
    return error != 0 && !cfti_is_answer(error) ? error : 0;
}

/* The list without the outputs, made only if one of them is in it. */
static confiture_status cfti_files_without(const confiture_files *files, const cfti_target *targets,
                                           size_t target_count,
                                           const confiture_allocator *allocator,
                                           confiture_files *without, bool *made, cfti_fail *fail) {
    size_t i, k, kept;
    *made = false;
    for (i = 0; i < files->count; i++) {
        const cfti_file *file = &files->items[i];
        bool is_output = false;
        for (k = 0; k < target_count && !is_output; k++) {
            int error = cfti_target_is_file(&targets[k], file, &is_output);
            if (error == 0) continue;
            if (*made) cfti_files_subset_free(without);
            return cfti_fail_system(fail, error, file->path);
        }
        if (is_output && !*made) {
            if (!cfti_files_subset(without, files, allocator))
                return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
            *made = true;
            for (kept = 0; kept < i; kept++) cfti_files_subset_add(without, files, kept);
        } else if (!is_output && *made) {
            cfti_files_subset_add(without, files, i);
        }
    }
    return CONFITURE_OK;
}

/* A map must not replace what the schema is made from. */
static confiture_status cfti_maps_refuse_inputs(const confiture_files *files,
                                                const cfti_target *maps, size_t count,
                                                cfti_fail *fail) {
    size_t i, k;
    for (k = 0; k < count; k++) {
        for (i = 0; i < files->count; i++) {
            bool is_input;
            int error = cfti_target_is_file(&maps[k], &files->items[i], &is_input);
            if (error != 0) return cfti_fail_system(fail, error, files->items[i].path);
            if (!is_input) continue;
            cfti_fail_with(fail, CONFITURE_E_ARGUMENT, "is an input: a map needs another file");
            fail->path = maps[k].path;
            return fail->status;
        }
    }
    return CONFITURE_OK;
}

/* Writes the rest and the digest, and completes the file. */
static confiture_status cfti_build_finish_file(cfti_build *build, size_t i, cfti_target *target,
                                               const confiture_sink *sink, cfti_fail *fail) {
    cfti_output *output = &build->outputs[i];
    confiture_status status;
    int error = 0;
    output->sink = *sink;
    status = cfti_output_flush(output, fail);
    if (status != CONFITURE_OK) return status;
    if (build->has_header[i] && !target->direct) {
        error = cfti_target_put_digest(target, build->digest_hex);
        /* The digest precedes what was hashed: only now the file has all bytes to hash. */
        confiture_sha256_init(&output->sha);
        if (error == 0 && build->maps != NULL) error = cfti_target_hash(target, &output->sha);
    }
    if (build->maps != NULL) confiture_sha256_final(&output->sha, build->maps[i].sha256);
    if (error == 0) error = cfti_target_complete(target, build->options->sync);
    return error != 0 ? cfti_output_fail(fail, error, target->path) : CONFITURE_OK;
}

/* Direct outputs come last: what is written to them cannot be undone. */
static confiture_status cfti_build_finish_files(cfti_build *build, cfti_target *targets,
                                                const confiture_sink *sinks, cfti_fail *fail) {
    confiture_status status = CONFITURE_OK;
    size_t i, last;
    for (last = 0; last < 2; last++)
        for (i = 0; i < build->outputs_used && status == CONFITURE_OK; i++)
            if (targets[i].direct == (last == 1))
                status = cfti_build_finish_file(build, i, &targets[i], &sinks[i], fail);
    return status;
}

/* targets: those of the schemas, then those of their maps, if there are any. */
static confiture_status cfti_build_into_targets(confiture_schema *schemas, cfti_target *targets,
                                                size_t count, const confiture_files *files,
                                                const confiture_build_options *options,
                                                const confiture_allocator *allocator,
                                                cfti_fail *fail) {
    confiture_files without;
    cfti_build build;
    confiture_sink sinks[3];
    bool made = false;
    size_t i, map_count = options->map_paths != NULL ? count : 0;
    confiture_status status = cfti_maps_refuse_inputs(files, targets + count, map_count, fail);
    if (status == CONFITURE_OK)
        status = cfti_files_without(files, targets, count, allocator, &without, &made, fail);
    if (status != CONFITURE_OK) return status;
    if (made && without.count == 0) {
        cfti_fail_with(fail, CONFITURE_E_NO_FILES, "the output is the only file of the list");
        fail->path = targets[0].path;
        cfti_files_subset_free(&without);
        return fail->status;
    }
    status = cfti_build_init(&build, made ? &without : files, options, count, fail);
    if (made) build.left_out = files->count - without.count;
    for (i = 0; i < count && status == CONFITURE_OK; i++) {
        cfti_output *output = &build.outputs[i];
        sinks[i].write = cfti_target_write;
        sinks[i].user = &targets[i];
        output->path = targets[i].path;
        output->sink_is_file = true;
        /* A direct output gets all or nothing: its bytes stay in memory until then. */
        if (!targets[i].direct) output->sink = sinks[i];
        if (!targets[i].direct && options->header != NULL) output->hashes = false;
        build.digest_at[i] = CFTI_TARGET_NO_OFFSET;
        targets[i].digest_at = &build.digest_at[i];
    }
    if (status == CONFITURE_OK) status = cfti_build_run(&build, fail);
    if (status == CONFITURE_OK) status = cfti_build_finish_files(&build, targets, sinks, fail);
    for (i = 0; i < map_count && status == CONFITURE_OK; i++)
        status =
            cfti_map_finish(&build.maps[i], &targets[count + i], options->sync, allocator, fail);
    if (status == CONFITURE_OK) status = cfti_targets_commit(targets, count + map_count, fail);
    for (i = 0; i < count && status == CONFITURE_OK; i++) {
        schemas[i].unchanged = targets[i].unchanged;
        cfti_build_describe(&build, i, &schemas[i]);
    }
    cfti_build_close(&build, status);
    if (made) cfti_files_subset_free(&without);
    return status;
}

static confiture_status cfti_build_files(confiture_schema *schemas, const char *const *paths,
                                         size_t count, const confiture_files *files,
                                         const confiture_build_options *options,
                                         confiture_error *error) {
    confiture_build_options defaults;
    confiture_allocator allocator;
    confiture_map maps[3];
    cfti_target *targets; /* too large for the stack */
    const cfti_target *twice;
    cfti_fail fail;
    confiture_status status = CONFITURE_OK;
    size_t i, opened = 0, total = count;
    int cancel;
    options = cfti_build_options_or(options, &defaults, count);
    if (!cfti_require(schemas, count == 1 ? "schema" : "schemas", error))
        return CONFITURE_E_ARGUMENT;
    for (i = 0; i < count; i++) confiture_schema_free(&schemas[i]);
    if (!(count == 1 ? cfti_require(paths[0], "path", error)
                     : cfti_require_all(paths, count, "paths", error)) ||
        !cfti_build_require(files, options, count, error) ||
        (options->map_paths != NULL &&
         !cfti_require_all(options->map_paths, count, "options->map_paths", error)))
        return CONFITURE_E_ARGUMENT;
    memset(maps, 0, sizeof(maps));
    if (options->map_paths != NULL) {
        total = 2 * count;
        defaults = *options;
        if (defaults.map == NULL) defaults.map = maps;
        options = &defaults;
    }
    if (!cfti_allocator_choose(&allocator, options->run.allocator))
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT, cfti_no_allocator);
    cancel = cfti_cancel_disable();
    targets = (cfti_target *)cfti_alloc(&allocator, total * sizeof(*targets));
    if (targets == NULL) {
        cfti_cancel_restore(cancel);
        return cfti_report_plain(error, CONFITURE_E_MEMORY, NULL);
    }
    memset(targets, 0, total * sizeof(*targets));
    for (i = 0; i < total && status == CONFITURE_OK; i++, opened++)
        status = cfti_target_open(&targets[i], i < count ? paths[i] : options->map_paths[i - count],
                                  options, &allocator, &fail);
    twice = status == CONFITURE_OK ? cfti_targets_collide(targets, total) : NULL;
    if (twice != NULL) status = cfti_fail_collision(&fail, twice);
    if (status == CONFITURE_OK)
        status =
            cfti_build_into_targets(schemas, targets, count, files, options, &allocator, &fail);
    if (status != CONFITURE_OK) status = cfti_report(error, &fail);
    for (i = 0; i < opened; i++) cfti_target_close(&targets[i]);
    cfti_free(&allocator, targets, total * sizeof(*targets));
    cfti_maps_free(maps, count);
    cfti_cancel_restore(cancel);
    return status;
}

CONFITURE_API confiture_status confiture_build_file(confiture_schema *schema, const char *path,
                                                    const confiture_files *files,
                                                    const confiture_build_options *options,
                                                    confiture_error *error) {
    return cfti_build_files(schema, &path, 1, files, options, error);
}

CONFITURE_API confiture_status confiture_build_split_files(confiture_schema schemas[3],
                                                           const char *const paths[3],
                                                           const confiture_files *files,
                                                           const confiture_build_options *options,
                                                           confiture_error *error) {
    return cfti_build_files(schemas, paths, 3, files, options, error);
}

/* ---- results/compare.c: an existing file beside the bytes that a build makes ---- */

/* What the bytes are that differ. */
typedef enum cfti_part {
    CFTI_PART_HEADER = 0,
    CFTI_PART_SEPARATOR, /* before the file at hand */
    CFTI_PART_TEXT,      /* of the file at hand, with the newline or semicolon that a build adds */
    CFTI_PART_END        /* the build is complete */
} cfti_part;

#define CFTI_HEADER_VALUE 96 /* bytes kept of a value: a digest and more, so that more differs */

/* A file that is read in step with a build, by pieces, up to the first byte that differs. */
typedef struct cfti_compare {
    const char *path; /* as given */
    cfti_os_file file;
    bool is_open; /* false: there is no such file */
    bool differs;
    bool ended;            /* it differs since the file has no more bytes */
    cfti_os_status before; /* the first read */
    uint8_t *piece;        /* CFTI_PIECE bytes */
    size_t size, at;       /* bytes at piece; those that have been compared */
    uint64_t offset;       /* of the piece in the file */
    uint64_t line;         /* of the next byte, from 1 */
    uint8_t wanted;        /* the byte that the build has where the file differs */
    /* What is being compared. */
    cfti_part part;
    size_t index;                      /* of the file at hand */
    size_t previous;                   /* the file before it in this output */
    size_t files;                      /* of this output so far, with the one at hand */
    uint64_t lines, previous_lines;    /* of these two files so far */
    uint64_t start;                    /* offset of the file's separator */
    char values[2][CFTI_HEADER_VALUE]; /* of the header: the digest and the number of files */
    size_t value_sizes[2];
} cfti_compare;

static uint64_t cfti_compare_position(const cfti_compare *compare) {
    return compare->offset + compare->at;
}

static confiture_status cfti_compare_fail(const cfti_compare *compare, int error, cfti_fail *fail) {
    return cfti_fail_system(fail, error, compare->path);
}

/* Opens the file of a target. What is no regular file is refused, most often unopened. */
static confiture_status cfti_compare_open(cfti_compare *compare, const cfti_target *target,
                                          const confiture_allocator *allocator, cfti_fail *fail) {
    confiture_status status;
    int error;
    compare->path = target->path;
    compare->line = 1;
    if (!target->exists) return CONFITURE_OK;
    if (target->old.kind != CFTI_KIND_FILE) {
        (void)cfti_fail_kind(fail, target->old.kind);
        fail->path = compare->path;
        return fail->status;
    }
    error = cfti_os_open(CFTI_OS_CWD, compare->path, &compare->file);
    if (error != 0) return cfti_compare_fail(compare, error, fail);
    compare->is_open = true;
    status = cfti_wait_status(compare->file, &compare->before, fail);
    if (status == CONFITURE_OK) {
        compare->piece = (uint8_t *)cfti_alloc(allocator, CFTI_PIECE);
        if (compare->piece == NULL) status = cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    }
    if (status != CONFITURE_OK) fail->path = compare->path;
    return status;
}

static void cfti_compare_close(cfti_compare *compare, const confiture_allocator *allocator) {
    if (compare->is_open) cfti_os_close(compare->file);
    cfti_free(allocator, compare->piece, CFTI_PIECE);
}

/* Reads the next piece when the one at hand has been compared. *ended: there is none. */
static confiture_status cfti_compare_fill(cfti_compare *compare, bool *ended, cfti_fail *fail) {
    int error;
    *ended = false;
    if (compare->at < compare->size) return CONFITURE_OK;
    compare->offset += compare->size;
    compare->at = compare->size = 0;
    error =
        cfti_os_read_at(compare->file, compare->piece, CFTI_PIECE, compare->offset, &compare->size);
    *ended = compare->size == 0;
    return error == 0 ? CONFITURE_OK : cfti_compare_fail(compare, error, fail);
}

static size_t cfti_equal_bytes(const uint8_t *a, const uint8_t *b, size_t size) {
    size_t i = 0;
    while (i < size && a[i] == b[i]) i++;
    return i;
}

/* Compares bytes of the build, which have so many ends of lines, with the next of the file. */
static confiture_status cfti_compare_bytes(cfti_compare *compare, const void *data, size_t size,
                                           uint64_t lines, cfti_fail *fail) {
    const uint8_t *p = (const uint8_t *)data;
    size_t done = 0;
    while (done < size && !compare->differs) {
        size_t step, same;
        if (cfti_compare_fill(compare, &compare->ended, fail) != CONFITURE_OK) return fail->status;
        step = cfti_min(size - done, compare->size - compare->at);
        same = step;
        if (compare->ended) same = 0;
        else if (memcmp(p + done, compare->piece + compare->at, step) != 0)
            same = cfti_equal_bytes(p + done, compare->piece + compare->at, step);
        compare->at += same;
        done += same;
        compare->differs = compare->ended || same < step;
    }
    if (!compare->differs) {
        compare->line += lines;
        return CONFITURE_OK;
    }
    compare->wanted = p[done];
    lines = cfti_count_byte(p, done, '\n');
    compare->line += lines;
    if (compare->part == CFTI_PART_TEXT) compare->lines += lines;
    return CONFITURE_OK;
}

/* The build is complete, and so must be the file. */
static confiture_status cfti_compare_end(cfti_compare *compare, cfti_fail *fail) {
    bool ended;
    if (cfti_compare_fill(compare, &ended, fail) != CONFITURE_OK) return fail->status;
    compare->part = CFTI_PART_END;
    compare->differs = !ended;
    return CONFITURE_OK;
}

/* ---- the header ---- */

/* The lines of a header whose values are not compared with it, counted from 0. */
enum { CFTI_LINE_GENERATED = 5, CFTI_LINE_DIGEST = 6, CFTI_LINE_COUNT = 7 };

static const char cfti_header_labels[3][20] = {
    "-- Generated: ", "-- Schema Hash: ", "-- Files Included: "};

/* Reads the rest of a line of the file, and keeps its start in `value` if that is not NULL. */
static confiture_status cfti_compare_value(cfti_compare *compare, char *value, size_t *value_size,
                                           cfti_fail *fail) {
    bool is_line = false;
    while (!is_line && !compare->differs) {
        const uint8_t *bytes, *end;
        size_t size;
        if (cfti_compare_fill(compare, &compare->ended, fail) != CONFITURE_OK) return fail->status;
        compare->differs = compare->ended;
        compare->wanted = '\n';
        if (compare->ended) break;
        bytes = compare->piece + compare->at;
        end = (const uint8_t *)memchr(bytes, '\n', compare->size - compare->at);
        size = end == NULL ? compare->size - compare->at : (size_t)(end - bytes);
        is_line = end != NULL;
        compare->at += size + (is_line ? 1 : 0);
        if (value == NULL) continue;
        size = cfti_min(size, CFTI_HEADER_VALUE - *value_size);
        memcpy(value + *value_size, bytes, size);
        *value_size += size;
    }
    if (is_line) compare->line++;
    return CONFITURE_OK;
}

/* Compares the header, except the value of "Generated". The digest and the number of files are
 * known only later, or say less than the file that made the difference: they are kept. */
static confiture_status cfti_compare_header(cfti_compare *compare, const char *header, size_t size,
                                            cfti_fail *fail) {
    confiture_status status = CONFITURE_OK;
    const char *end = size > 0 ? header + size : header; /* without a header both are NULL */
    size_t n;
    compare->part = CFTI_PART_HEADER;
    for (n = 0; header < end && status == CONFITURE_OK && !compare->differs; n++) {
        size_t line = (size_t)((const char *)memchr(header, '\n', (size_t)(end - header)) - header);
        bool has_value = n >= CFTI_LINE_GENERATED && n <= CFTI_LINE_COUNT;
        if (has_value) {
            const char *label = cfti_header_labels[n - CFTI_LINE_GENERATED];
            size_t kept = n == CFTI_LINE_COUNT ? 1 : 0;
            status = cfti_compare_bytes(compare, label, strlen(label), 0, fail);
            if (status == CONFITURE_OK && !compare->differs)
                status = cfti_compare_value(compare,
                                            n == CFTI_LINE_GENERATED ? NULL : compare->values[kept],
                                            &compare->value_sizes[kept], fail);
        } else {
            status = cfti_compare_bytes(compare, header, line + 1, 1, fail);
        }
        header += line + 1;
    }
    return status;
}

static bool cfti_compare_has_value(const cfti_compare *compare, size_t kept, const char *value,
                                   size_t size) {
    return compare->value_sizes[kept] == size && memcmp(compare->values[kept], value, size) == 0;
}

/* ---- what the file has instead ---- */

/* Reads up to CFTI_PIECE bytes of the file, from `from` on, over the piece at hand. */
static confiture_status cfti_compare_look(cfti_compare *compare, uint64_t from, size_t *size,
                                          cfti_fail *fail) {
    int error = cfti_target_read(compare->file, compare->piece, CFTI_PIECE, from, size);
    return error == 0 ? CONFITURE_OK : cfti_compare_fail(compare, error, fail);
}

/* Whether these bytes occur in the file, from `from` on. What fills a piece is not looked for. */
static confiture_status cfti_compare_find(cfti_compare *compare, uint64_t from,
                                          const uint8_t *bytes, size_t size, bool *found,
                                          cfti_fail *fail) {
    size_t got;
    *found = false;
    while (size > 0 && size < CFTI_PIECE) {
        const uint8_t *p = compare->piece, *end;
        if (cfti_compare_look(compare, from, &got, fail) != CONFITURE_OK) return fail->status;
        if (got < size) break;
        end = p + (got - size) + 1;
        while (p < end && (p = (const uint8_t *)memchr(p, bytes[0], (size_t)(end - p))) != NULL) {
            *found = memcmp(p, bytes, size) == 0;
            if (*found) return CONFITURE_OK;
            p++;
        }
        from += got - size + 1;
    }
    return CONFITURE_OK;
}

/* Whether the bytes begin with a compiled separator in which this name stands. */
static bool cfti_separator_is(const cfti_buffer *separator, const uint8_t *name, size_t name_size,
                              const uint8_t *bytes, size_t size) {
    size_t i, at = 0;
    for (i = 0; i < separator->size; i++) {
        if (separator->data[i] != '\0') {
            if (at == size || bytes[at++] != separator->data[i]) return false;
        } else {
            if (size - at < name_size) return false;
            if (bytes + at != name && memcmp(bytes + at, name, name_size) != 0) return false;
            at += name_size;
        }
    }
    return true;
}

/* The name in the separator that the bytes begin with, which is NULL if they begin with none. */
static const uint8_t *cfti_separator_read(const cfti_buffer *separator, const uint8_t *bytes,
                                          size_t size, size_t *name_size) {
    const uint8_t *mark = NULL, *name;
    size_t before, n = 0;
    if (separator->size > 0) mark = (const uint8_t *)memchr(separator->data, '\0', separator->size);
    if (mark == NULL) return NULL;
    before = (size_t)(mark - separator->data);
    if (before > size || memcmp(bytes, separator->data, before) != 0) return NULL;
    name = bytes + before;
    for (n = 1; n <= size - before && name[n - 1] >= 0x20; n++) {
        if (!cfti_separator_is(separator, name, n, bytes, size)) continue;
        *name_size = n;
        return name;
    }
    return NULL;
}

/* ---- results/verify.c: whether a file is what a list builds ---- */

/* A build that compares instead of writing. */
typedef struct cfti_verify {
    cfti_build build; /* first: what the scan passes on */
    const confiture_files *listed;
    cfti_compare compares[3];
    cfti_output separator; /* of the file at hand, in memory that was reserved */
    uint64_t separator_lines;
} cfti_verify;

/* Writes a file's separator into its buffer. */
static confiture_status cfti_verify_separator(cfti_verify *verify, size_t index, cfti_fail *fail) {
    const cfti_file *file = &verify->build.files->items[index];
    verify->separator.buffer.size = 0;
    return cfti_separator_put(&verify->separator, &verify->build.separator, file->name,
                              file->name_size, fail);
}

/* Reserves memory for the longest separator, so that no fold needs any. */
static confiture_status cfti_verify_reserve(cfti_verify *verify, cfti_fail *fail) {
    const cfti_build *build = &verify->build;
    size_t longest = 0, i;
    for (i = 0; i < build->files->count; i++)
        longest = cfti_max(longest, build->files->items[i].name_size);
    verify->separator_lines =
        cfti_count_byte(build->separator.data, build->separator.size, (uint8_t)'\n');
    if (cfti_buffer_reserve(&verify->separator.buffer,
                            cfti_separator_size(&build->separator, longest)))
        return CONFITURE_OK;
    return cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
}

static void cfti_verify_begin_file(cfti_compare *compare, size_t index) {
    compare->previous = compare->index;
    compare->previous_lines = compare->lines;
    compare->index = index;
    compare->lines = 0;
    compare->files++;
    compare->start = cfti_compare_position(compare);
}

/* Does what cfti_build_write() does, with the bytes of the file. */
static confiture_status cfti_verify_write(cfti_build *build, unsigned route,
                                          const cfti_chunk *chunk, cfti_fail *fail) {
    cfti_verify *verify = (cfti_verify *)build; /* whose first member it is */
    cfti_compare *compare = &verify->compares[route];
    const cfti_text_state *text = (const cfti_text_state *)chunk->state;
    confiture_status status = CONFITURE_OK;
    if (!compare->is_open || compare->differs) return CONFITURE_OK;
    if (chunk->first) {
        cfti_verify_begin_file(compare, chunk->index);
        compare->part = CFTI_PART_SEPARATOR;
        build->ends_in_newline = false;
        status = cfti_verify_separator(verify, chunk->index, fail);
        if (status == CONFITURE_OK)
            status =
                cfti_compare_bytes(compare, verify->separator.buffer.data,
                                   verify->separator.buffer.size, verify->separator_lines, fail);
        if (status != CONFITURE_OK || compare->differs) return status;
        compare->part = CFTI_PART_TEXT;
    }
    status = cfti_compare_bytes(compare, text->text, text->text_size, text->lines, fail);
    if (status != CONFITURE_OK || compare->differs) return status;
    compare->lines += text->lines;
    if (text->text_size > 0) build->ends_in_newline = text->text[text->text_size - 1] == '\n';
    if (chunk->last && !build->ends_in_newline) {
        status = cfti_compare_bytes(compare, "\n", 1, 1, fail);
        if (status != CONFITURE_OK || compare->differs) return status;
        compare->lines++;
    }
    /* The semicolon belongs to the last line. */
    if (!cfti_build_terminates(build, chunk)) return CONFITURE_OK;
    status = cfti_compare_bytes(compare, ";\n", 2, 1, fail);
    if (compare->differs) compare->lines--;
    return status;
}

/* ---- what a difference means ---- */

/* Of a file that is compared: what differs, and how that is said. */
typedef struct cfti_answer {
    confiture_difference difference;
    size_t index;         /* in the list that is built */
    size_t listed;        /* in the list that was passed */
    uint64_t source_line; /* 0: none */
    const uint8_t *name;
    size_t name_size;
    const char *before, *after; /* the file's path, if there is one, is between them */
} cfti_answer;

static cfti_answer cfti_answer_of(confiture_difference difference, size_t index,
                                  uint64_t source_line, const char *before, const char *after) {
    cfti_answer answer;
    memset(&answer, 0, sizeof(answer));
    answer.difference = difference;
    answer.index = index;
    answer.listed = CONFITURE_NO_INDEX;
    answer.source_line = source_line;
    answer.before = before;
    answer.after = after;
    return answer;
}

static cfti_answer cfti_answer_plain(confiture_difference difference, const char *text) {
    return cfti_answer_of(difference, CONFITURE_NO_INDEX, 0, text, "");
}

/* The first file with this name from `from` on; the count if there is none. */
static size_t cfti_files_named(const confiture_files *files, size_t from, const uint8_t *name,
                               size_t name_size) {
    size_t i;
    for (i = from; i < files->count; i++)
        if (files->items[i].name_size == name_size &&
            memcmp(files->items[i].name, name, name_size) == 0)
            return i;
    return files->count;
}

/* Whether an output of the build has a file with this name. */
static bool cfti_build_has(const cfti_build *build, const uint8_t *name, size_t name_size) {
    const confiture_files *files = build->files;
    size_t i = cfti_files_named(files, 0, name, name_size);
    while (i < files->count && cfti_build_route(build, i) == CFTI_ROUTE_NONE)
        i = cfti_files_named(files, i + 1, name, name_size);
    return i < files->count;
}

/* The file has the separator of a file of this name where the build has `index`, or has ended. */
static confiture_status cfti_verify_named(cfti_verify *verify, unsigned route, const uint8_t *name,
                                          size_t name_size, cfti_answer *answer, cfti_fail *fail) {
    const cfti_build *build = &verify->build;
    cfti_compare *compare = &verify->compares[route];
    const confiture_files *files = build->files;
    bool at_end = compare->part == CFTI_PART_END, later = false;
    size_t after, index = compare->index;
    for (after = at_end ? files->count : index + 1; after < files->count; after++) {
        after = cfti_files_named(files, after, name, name_size);
        if (after < files->count && cfti_build_route(build, after) == route) break;
    }
    if (after < files->count) {
        uint64_t from = cfti_compare_position(compare);
        if (cfti_verify_separator(verify, index, fail) != CONFITURE_OK) return fail->status;
        if (cfti_compare_find(compare, from, verify->separator.buffer.data,
                              verify->separator.buffer.size, &later, fail) != CONFITURE_OK)
            return fail->status;
        *answer = later ? cfti_answer_of(CONFITURE_DIFFERENCE_ORDER, index, 0,
                                         "the order differs, expected ", " here")
                        : cfti_answer_of(CONFITURE_DIFFERENCE_NEW, index, 0, "", " is new");
        return CONFITURE_OK;
    }
    for (after = 0; after < files->count; after++) {
        after = cfti_files_named(files, after, name, name_size);
        if (after < files->count && cfti_build_route(build, after) == route) break;
    }
    if (after < files->count) { /* and it was here before */
        *answer = cfti_answer_of(CONFITURE_DIFFERENCE_ORDER, after, 0, "", " is here once more");
        return CONFITURE_OK;
    }
    *answer = cfti_answer_plain(CONFITURE_DIFFERENCE_GONE, "");
    answer->listed = cfti_files_named(verify->listed, 0, name, name_size);
    if (answer->listed < verify->listed->count) {
        answer->difference = CONFITURE_DIFFERENCE_LEFT_OUT;
        answer->after =
            cfti_build_has(build, name, name_size) ? " belongs to another phase" : " is left out";
        return CONFITURE_OK;
    }
    answer->listed = CONFITURE_NO_INDEX;
    answer->name = name;
    answer->name_size = name_size;
    answer->after = " is no longer there";
    return CONFITURE_OK;
}

static bool cfti_starts_with(const uint8_t *bytes, size_t size, const char *start, size_t n) {
    return size >= n && memcmp(bytes, start, n) == 0;
}

/* What the file's first separator, or what it has in its place, shows of the options with which it
 * was built. False: nothing. The first `equal` bytes are those of the build, too: what has ended by
 * then is no difference, as in a file whose text begins with a separator. */
static bool cfti_verify_options(const cfti_verify *verify, const uint8_t *bytes, size_t size,
                                uint64_t equal, cfti_answer *answer) {
    static const char header[] =
        "-- " CFTI_BAR_44 "\n-- PostgreSQL Schema for Confiture\n-- " CFTI_BAR_44 "\n";
    static const struct {
        const char *start, *text;
    } styles[] = {{cfti_separator_block, "its separators are of the style block_comment"},
                  {cfti_separator_line, "its separators are of the style line_comment"},
                  {cfti_separator_mysql, "its separators are of the style mysql"}};
    const confiture_build_options *options = verify->build.options;
    size_t i;
    if (options->header == NULL && equal < sizeof(header) - 1 &&
        cfti_starts_with(bytes, size, header, sizeof(header) - 1)) {
        *answer = cfti_answer_plain(CONFITURE_DIFFERENCE_HEADER, "it has a header");
        return true;
    }
    for (i = 0; i < CFTI_COUNT(styles); i++) {
        size_t n = strlen(styles[i].start); /* up to the name */
        if ((size_t)options->separator == i || equal >= n ||
            !cfti_starts_with(bytes, size, styles[i].start, n))
            continue;
        *answer = cfti_answer_plain(CONFITURE_DIFFERENCE_SEPARATOR, styles[i].text);
        return true;
    }
    return false;
}

/* The bytes up to and with the second end of a line: those of a longer file may begin so, too. */
static size_t cfti_two_lines(const cfti_buffer *separator) {
    size_t i, lines = 0;
    for (i = 0; i < separator->size && lines < 2; i++) lines += separator->data[i] == '\n';
    return i;
}

/* Whether the file differs by a CR before or instead of an LF. */
static bool cfti_verify_line_ends(const cfti_compare *compare, const uint8_t *bytes, size_t size) {
    return size > 0 && ((compare->wanted == '\n' && bytes[0] == '\r') ||
                        (compare->wanted == '\r' && bytes[0] == '\n'));
}

static const char cfti_it_has_crlf[] = "it has CR or CRLF where the build has LF";

/* Says it of a line of a file, which may have CRLF of its own that the build makes LF. */
static void cfti_answer_line_ends(const cfti_compare *compare, cfti_answer *answer) {
    answer->difference = CONFITURE_DIFFERENCE_LINE_ENDS;
    if (compare->wanted == '\n') {
        answer->before = "it has CR or CRLF where the build has LF, from ";
        answer->after = "";
    } else {
        answer->after = " has CR or CRLF, the schema LF";
    }
}

/* The difference is in a separator, or, without separators, in the first text. */
static confiture_status cfti_verify_explain_separator(cfti_verify *verify, unsigned route,
                                                      cfti_answer *answer, cfti_fail *fail) {
    cfti_compare *compare = &verify->compares[route];
    const cfti_buffer *separator = &verify->build.separator;
    uint64_t from = compare->start, equal = cfti_compare_position(compare) - from;
    size_t size, into = (size_t)equal, name_size;
    const uint8_t *name;
    if (cfti_compare_look(compare, from, &size, fail) != CONFITURE_OK) return fail->status;
    if (compare->files == 1 && cfti_verify_options(verify, compare->piece, size, equal, answer))
        return CONFITURE_OK;
    if (compare->part != CFTI_PART_SEPARATOR) return CONFITURE_OK;
    name = cfti_separator_read(separator, compare->piece, size, &name_size);
    if (name != NULL) return cfti_verify_named(verify, route, name, name_size, answer, fail);
    if (into <= size && cfti_verify_line_ends(compare, compare->piece + into, size - into))
        *answer = cfti_answer_plain(CONFITURE_DIFFERENCE_LINE_ENDS, cfti_it_has_crlf);
    else if (compare->files > 1 && into < cfti_two_lines(separator))
        *answer =
            cfti_answer_of(CONFITURE_DIFFERENCE_LONGER, compare->previous, compare->previous_lines,
                           "", " is the file's last line, and here it goes on");
    else
        *answer = cfti_answer_of(CONFITURE_DIFFERENCE_SEPARATOR, compare->index, 0,
                                 "the separator before ", " differs");
    return CONFITURE_OK;
}

static confiture_status cfti_verify_explain_text(cfti_verify *verify, unsigned route,
                                                 cfti_answer *answer, cfti_fail *fail) {
    cfti_compare *compare = &verify->compares[route];
    size_t size;
    *answer = cfti_answer_of(CONFITURE_DIFFERENCE_TEXT, compare->index, compare->lines + 1, "",
                             " differs");
    if (cfti_compare_look(compare, cfti_compare_position(compare), &size, fail) != CONFITURE_OK)
        return fail->status;
    if (cfti_verify_line_ends(compare, compare->piece, size)) {
        cfti_answer_line_ends(compare, answer);
    } else if (compare->files == 1 && verify->build.separator.size == 0) {
        return cfti_verify_explain_separator(verify, route, answer, fail);
    }
    return CONFITURE_OK;
}

static void cfti_verify_explain_ended(const cfti_compare *compare, cfti_answer *answer) {
    uint64_t position = cfti_compare_position(compare);
    if (position == 0) {
        *answer = cfti_answer_plain(CONFITURE_DIFFERENCE_ENDS_EARLY, "it is empty");
    } else if (compare->part == CFTI_PART_HEADER) {
        *answer = cfti_answer_plain(CONFITURE_DIFFERENCE_ENDS_EARLY, "it ends inside its header");
    } else if (position == compare->start) {
        *answer = cfti_answer_of(CONFITURE_DIFFERENCE_NEW, compare->index, 0, "", " is new");
    } else {
        bool text = compare->part == CFTI_PART_TEXT;
        *answer = cfti_answer_of(
            CONFITURE_DIFFERENCE_ENDS_EARLY, compare->index, text ? compare->lines + 1 : 0,
            text ? "it ends early, before the end of " : "it ends early, in the separator before ",
            "");
    }
}

static confiture_status cfti_verify_explain_end(cfti_verify *verify, unsigned route,
                                                cfti_answer *answer, cfti_fail *fail) {
    cfti_compare *compare = &verify->compares[route];
    size_t size, name_size;
    const uint8_t *name;
    *answer = cfti_answer_plain(CONFITURE_DIFFERENCE_HAS_MORE, "it has more than the list builds");
    if (cfti_compare_look(compare, cfti_compare_position(compare), &size, fail) != CONFITURE_OK)
        return fail->status;
    name = cfti_separator_read(&verify->build.separator, compare->piece, size, &name_size);
    return name == NULL ? CONFITURE_OK
                        : cfti_verify_named(verify, route, name, name_size, answer, fail);
}

static confiture_status cfti_verify_explain_header(cfti_compare *compare, cfti_answer *answer,
                                                   cfti_fail *fail) {
    uint64_t position = cfti_compare_position(compare);
    size_t size;
    if (cfti_compare_look(compare, position, &size, fail) != CONFITURE_OK) return fail->status;
    *answer = cfti_answer_plain(CONFITURE_DIFFERENCE_HEADER,
                                compare->line == 1   ? "it has no header"
                                : compare->line == 5 ? "the environment in its header differs"
                                                     : "its header differs");
    if (cfti_verify_line_ends(compare, compare->piece, size))
        *answer = cfti_answer_plain(CONFITURE_DIFFERENCE_LINE_ENDS, cfti_it_has_crlf);
    return CONFITURE_OK;
}

/* All bytes are the same: what is left are the two values of the header that were put off. */
static void cfti_verify_explain_values(cfti_verify *verify, unsigned route, cfti_answer *answer) {
    static const char *const texts[] = {
        "only the digest of the sources differs: a change that the schema does not show, as of "
        "line ends",
        "only the digest of the sources differs: a change that the schema does not show, as of "
        "line ends or of a file that is left out",
        "only the digest of the sources differs: a change that this schema does not show, as of "
        "line ends or of another phase"};
    const cfti_build *build = &verify->build;
    cfti_compare *compare = &verify->compares[route];
    char count[20];
    size_t count_size = cfti_decimal(count, build->counts[route]);
    *answer = cfti_answer_plain(CONFITURE_DIFFERENCE_NONE, "");
    if (!build->has_header[route]) return;
    if (!cfti_compare_has_value(compare, 1, count, count_size)) {
        *answer = cfti_answer_plain(CONFITURE_DIFFERENCE_HEADER,
                                    "the number of files in its header differs");
        compare->line = CFTI_LINE_COUNT + 1;
    } else if (!cfti_compare_has_value(compare, 0, build->digest_hex, 64)) {
        *answer = cfti_answer_plain(CONFITURE_DIFFERENCE_DIGEST,
                                    texts[build->outputs_used == 3      ? 2
                                          : build->options->schema_only ? 1
                                                                        : 0]);
        compare->line = CFTI_LINE_DIGEST + 1;
    }
}

static confiture_status cfti_verify_explain(cfti_verify *verify, unsigned route,
                                            cfti_answer *answer, cfti_fail *fail) {
    cfti_compare *compare = &verify->compares[route];
    if (!compare->is_open) {
        *answer = cfti_answer_plain(CONFITURE_DIFFERENCE_ABSENT, "missing");
        return CONFITURE_OK;
    }
    if (!compare->differs) {
        cfti_verify_explain_values(verify, route, answer);
        return CONFITURE_OK;
    }
    if (compare->ended) {
        cfti_verify_explain_ended(compare, answer);
        return CONFITURE_OK;
    }
    switch (compare->part) {
    case CFTI_PART_HEADER: return cfti_verify_explain_header(compare, answer, fail);
    case CFTI_PART_TEXT: return cfti_verify_explain_text(verify, route, answer, fail);
    case CFTI_PART_END: return cfti_verify_explain_end(verify, route, answer, fail);
    default: return cfti_verify_explain_separator(verify, route, answer, fail);
    }
}

/* ---- the result ---- */

static void cfti_verify_say(confiture_verification *result, const cfti_compare *compare,
                            const confiture_files *listed, const cfti_answer *answer) {
    cfti_writer w;
    cfti_writer_init(&w, result->message, sizeof(result->message));
    cfti_write_path(&w, compare->path);
    if (result->line != 0) {
        cfti_write_string(&w, ":");
        cfti_write_number(&w, result->line);
    }
    cfti_write_string(&w, ": out of date: ");
    cfti_write_string(&w, answer->before);
    if (answer->name != NULL) {
        cfti_write_string(&w, "\"");
        cfti_write_path(&w, result->name);
        cfti_write_string(&w, "\"");
    } else if (result->index != CONFITURE_NO_INDEX) {
        cfti_write_path(&w, listed->items[result->index].path);
        if (answer->source_line != 0) {
            cfti_write_string(&w, ":");
            cfti_write_number(&w, answer->source_line);
        }
    }
    cfti_write_string(&w, answer->after);
}

static void cfti_verify_describe(const cfti_verify *verify, unsigned route,
                                 const cfti_answer *answer, confiture_verification *result) {
    const cfti_build *build = &verify->build;
    const cfti_compare *compare = &verify->compares[route];
    result->difference = answer->difference;
    result->matches = answer->difference == CONFITURE_DIFFERENCE_NONE;
    result->index = answer->index == CONFITURE_NO_INDEX
                        ? answer->listed
                        : cfti_files_origin(build->files, answer->index);
    result->file_count = build->counts[route];
    result->left_out = build->left_out;
    memcpy(result->digest, build->digest, sizeof(result->digest));
    memcpy(result->digest_hex, build->digest_hex, sizeof(result->digest_hex));
    if (result->matches) {
        result->total_bytes = cfti_compare_position(compare);
        return;
    }
    result->line = compare->is_open ? compare->line : 0;
    result->source_line = answer->source_line;
    if (answer->name != NULL) {
        size_t size = cfti_min(answer->name_size, sizeof(result->name) - 1);
        memcpy(result->name, answer->name + (answer->name_size - size), size);
    }
    cfti_verify_say(result, compare, verify->listed, answer);
}

/* ---- one verification ---- */

static confiture_status cfti_verify_scan(cfti_verify *verify, cfti_fail *fail) {
    cfti_build *build = &verify->build;
    confiture_status status = cfti_build_begin(build, fail);
    size_t i;
    if (status == CONFITURE_OK) status = cfti_verify_reserve(verify, fail);
    for (i = 0; i < build->outputs_used && status == CONFITURE_OK; i++) {
        const cfti_buffer *header = &build->outputs[i].buffer;
        if (verify->compares[i].is_open)
            status = cfti_compare_header(&verify->compares[i], (const char *)header->data,
                                         header->size, fail);
    }
    if (status == CONFITURE_OK) status = cfti_build_scan(build, fail);
    for (i = 0; i < build->outputs_used && status == CONFITURE_OK; i++)
        if (verify->compares[i].is_open && !verify->compares[i].differs)
            status = cfti_compare_end(&verify->compares[i], fail);
    return status;
}

/* Says what differs, if the files stayed as they were all the while. */
static confiture_status cfti_verify_finish(cfti_verify *verify, confiture_verification *results,
                                           cfti_fail *fail) {
    confiture_status status = CONFITURE_OK;
    unsigned i;
    for (i = 0; i < verify->build.outputs_used && status == CONFITURE_OK; i++) {
        cfti_compare *compare = &verify->compares[i];
        cfti_answer answer;
        status = cfti_verify_explain(verify, i, &answer, fail);
        if (status != CONFITURE_OK) break;
        cfti_verify_describe(verify, i, &answer, &results[i]);
        if (!compare->is_open) continue;
        status = cfti_read_unchanged(compare->file, &compare->before, fail);
        if (status != CONFITURE_OK) fail->path = compare->path;
    }
    return status;
}

static confiture_status cfti_verify_targets(cfti_verify *verify, confiture_verification *results,
                                            const cfti_target *targets, size_t count,
                                            const confiture_build_options *options,
                                            const confiture_allocator *allocator, cfti_fail *fail) {
    const confiture_files *files = verify->listed;
    confiture_files without;
    bool made = false;
    size_t i;
    confiture_status status =
        cfti_files_without(files, targets, count, allocator, &without, &made, fail);
    if (status != CONFITURE_OK) return status;
    if (made && without.count == 0) {
        status =
            cfti_fail_with(fail, CONFITURE_E_NO_FILES, "the output is the only file of the list");
        fail->path = targets[0].path;
    }
    if (status == CONFITURE_OK)
        status = cfti_build_init(&verify->build, made ? &without : files, options, count, fail);
    if (status == CONFITURE_OK) {
        if (made) verify->build.left_out = files->count - without.count;
        verify->build.rules.counts_lines = true;
        verify->build.write = cfti_verify_write;
        verify->separator.path = "";
        verify->separator.buffer.allocator = *allocator;
        for (i = 0; i < count && status == CONFITURE_OK; i++)
            status = cfti_compare_open(&verify->compares[i], &targets[i], allocator, fail);
        if (status == CONFITURE_OK) status = cfti_verify_scan(verify, fail);
        if (status == CONFITURE_OK) status = cfti_verify_finish(verify, results, fail);
        for (i = 0; i < count; i++) cfti_compare_close(&verify->compares[i], allocator);
        cfti_buffer_free(&verify->separator.buffer);
        cfti_build_close(&verify->build, status);
    }
    if (made) cfti_files_subset_free(&without);
    return status;
}

/* Finds the files, which a build would replace. */
static confiture_status cfti_verify_locate(cfti_target *targets, const char *const *paths,
                                           size_t count, const confiture_allocator *allocator,
                                           size_t *found, cfti_fail *fail) {
    confiture_status status = CONFITURE_OK;
    const cfti_target *twin;
    while (*found < count && status == CONFITURE_OK) {
        cfti_target *target = &targets[(*found)++];
        status = cfti_target_find(target, paths[*found - 1], allocator, fail);
        if (status != CONFITURE_OK || target->direct) continue;
        if (cfti_target_find_directory(target) != 0)
            status = cfti_fail_with(fail, CONFITURE_E_MEMORY, NULL);
    }
    if (status != CONFITURE_OK) return status;
    twin = cfti_targets_collide(targets, count);
    return twin == NULL ? CONFITURE_OK : cfti_fail_collision(fail, twin);
}

static confiture_status cfti_verify_files(confiture_verification *results, const char *const *paths,
                                          size_t count, const confiture_files *files,
                                          const confiture_build_options *options,
                                          confiture_error *error) {
    confiture_build_options defaults;
    confiture_allocator allocator;
    cfti_target targets[3];
    cfti_verify verify;
    cfti_fail fail;
    confiture_status status = CONFITURE_OK;
    size_t i, found = 0;
    int cancel;
    memset(&defaults, 0, sizeof(defaults));
    memset(&verify, 0, sizeof(verify));
    if (options == NULL) options = &defaults;
    memset(results, 0, count * sizeof(*results));
    if (!cfti_build_require(files, options, count, error)) return CONFITURE_E_ARGUMENT;
    if (options->map != NULL || options->map_paths != NULL)
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT, "a verification makes no map");
    if (!cfti_allocator_choose(&allocator, options->run.allocator))
        return cfti_report_plain(error, CONFITURE_E_ARGUMENT, cfti_no_allocator);
    cancel = cfti_cancel_disable();
    verify.listed = files;
    status = cfti_verify_locate(targets, paths, count, &allocator, &found, &fail);
    if (status == CONFITURE_OK)
        status = cfti_verify_targets(&verify, results, targets, count, options, &allocator, &fail);
    for (i = 0; i < found; i++) cfti_target_close(&targets[i]);
    cfti_cancel_restore(cancel);
    if (status == CONFITURE_OK) return status;
    memset(results, 0, count * sizeof(*results));
    return cfti_report(error, &fail);
}

CONFITURE_API confiture_status confiture_verify_file(confiture_verification *result,
                                                     const char *path, const confiture_files *files,
                                                     const confiture_build_options *options,
                                                     confiture_error *error) {
    if (!cfti_require(result, "result", error) || !cfti_require(path, "path", error))
        return CONFITURE_E_ARGUMENT;
    return cfti_verify_files(result, &path, 1, files, options, error);
}

CONFITURE_API confiture_status confiture_verify_split_files(confiture_verification results[3],
                                                            const char *const paths[3],
                                                            const confiture_files *files,
                                                            const confiture_build_options *options,
                                                            confiture_error *error) {
    if (!cfti_require(results, "results", error) || !cfti_require_all(paths, 3, "paths", error))
        return CONFITURE_E_ARGUMENT;
    return cfti_verify_files(results, paths, 3, files, options, error);
}

/* ---- base/end.h: undefines what is ours, and the licence ---- */

#if CFTI_MSVC
#pragma warning(pop)
#endif

#undef CFTI_ACL
#undef CFTI_ACL_ENTRY
#undef CFTI_ACL_HEAD
#undef CFTI_ARMV8_EACH
#undef CFTI_ARMV8_LANE
#undef CFTI_ARMV8_LANE_ADD
#undef CFTI_ARMV8_LANE_FIRST
#undef CFTI_ARMV8_LANE_IN
#undef CFTI_ARMV8_LANE_KEEP
#undef CFTI_ARMV8_LANE_LATER
#undef CFTI_ARMV8_LANE_OUT
#undef CFTI_ARMV8_LANE_ROUNDS4
#undef CFTI_ARMV8_LOAD
#undef CFTI_ARMV8_NEXT
#undef CFTI_ARMV8_ROUNDS16
#undef CFTI_ARMV8_ROUNDS4
#undef CFTI_ARMV8_TARGET
#undef CFTI_ARMV8_X4
#undef CFTI_ARMV8_X4_ROUNDS16
#undef CFTI_ATOMIC_LOAD
#undef CFTI_ATOMIC_MARK
#undef CFTI_ATOMIC_STORE
#undef CFTI_AT_FDCWD
#undef CFTI_AT_SYMLINK_FOLLOW
#undef CFTI_AT_SYMLINK_NOFOLLOW
#undef CFTI_BAR_42
#undef CFTI_BAR_44
#undef CFTI_BATCH_BYTES
#undef CFTI_BATCH_FILES
#undef CFTI_BATCH_LIMIT
#undef CFTI_BATCH_SIDE
#undef CFTI_BYTES_PER_THREAD
#undef CFTI_COMMAND_KIND
#undef CFTI_COMMAND_PIPES
#undef CFTI_COUNT
#undef CFTI_COUNT_BITS
#undef CFTI_CPU_ARMV8
#undef CFTI_CPU_KNOWN
#undef CFTI_CPU_SHANI
#undef CFTI_CPU_SSSE3
#undef CFTI_DIGIT
#undef CFTI_DIRECTORIES_PER_THREAD
#undef CFTI_FILES_PER_HELPER
#undef CFTI_FILES_PER_PARKED_RING
#undef CFTI_FILES_PER_RING
#undef CFTI_FILES_PER_THREAD
#undef CFTI_FIRST_READ
#undef CFTI_FLIGHT_PER_THREAD
#undef CFTI_FSTATAT
#undef CFTI_F_DUPFD_CLOEXEC
#undef CFTI_GNUC
#undef CFTI_HEADER_LINES
#undef CFTI_HEADER_VALUE
#undef CFTI_IDENT
#undef CFTI_IDENT_16
#undef CFTI_KERNEL_WROTE
#undef CFTI_LARGE_BLOCK
#undef CFTI_LARGE_FROM
#undef CFTI_LEADS_OUT
#undef CFTI_LEAN
#undef CFTI_LIKELY
#undef CFTI_LINKS_MAX
#undef CFTI_LOWEST_BIT
#undef CFTI_MAP_MARK
#undef CFTI_MAP_SHORTEST
#undef CFTI_MAP_VERSION
#undef CFTI_MAX_BRANCHES
#undef CFTI_MAX_CACHED_BLOCKS
#undef CFTI_MAX_CACHED_BYTES
#undef CFTI_MAX_COMPONENTS
#undef CFTI_MAX_FLIGHT
#undef CFTI_MAX_NAPS
#undef CFTI_MAX_OPEN
#undef CFTI_MAX_ROUNDS
#undef CFTI_MAX_THREADS
#undef CFTI_MESSAGE_CAPACITY
#undef CFTI_MIN_CACHED_BLOCK
#undef CFTI_MSVC
#undef CFTI_MSVC_X64
#undef CFTI_NOMINMAX
#undef CFTI_NO_KEY
#undef CFTI_ONES
#undef CFTI_OS_BENEATH
#undef CFTI_OS_CWD
#undef CFTI_OS_EXISTS
#undef CFTI_OS_HAS_THREADS
#undef CFTI_OS_IS_DIRECTORY
#undef CFTI_OS_LARGE_PAGE
#undef CFTI_OS_LEASE_NAPS
#undef CFTI_OS_LEAVES
#undef CFTI_OS_LINK_LOOP
#undef CFTI_OS_LONG_PATH
#undef CFTI_OS_MAP_STEP
#undef CFTI_OS_NAME_TOO_LONG
#undef CFTI_OS_NOT_DIRECTORY
#undef CFTI_OS_NO_ACCESS
#undef CFTI_OS_NO_BENEATH
#undef CFTI_OS_NO_DEVICE
#undef CFTI_OS_NO_LINK
#undef CFTI_OS_NO_LINKS
#undef CFTI_OS_NO_MAGIC_LINKS
#undef CFTI_OS_NO_MEMORY
#undef CFTI_OS_OPENAT2
#undef CFTI_OS_OPENS_BENEATH
#undef CFTI_OS_PATH_STEP
#undef CFTI_OS_RENAME_EX
#undef CFTI_OS_RENAME_OVER
#undef CFTI_OS_ROOT_CAPACITY
#undef CFTI_OS_SHARE
#undef CFTI_OS_TAG_IS_LINK
#undef CFTI_OS_TIMES_ARE_PROMPT
#undef CFTI_OS_TRANSFER
#undef CFTI_OS_WIDE
#undef CFTI_OUTPUT_CHANGED
#undef CFTI_OUTPUT_RUN
#undef CFTI_O_CLOEXEC
#undef CFTI_O_DIRECTORY
#undef CFTI_O_NOFOLLOW
#undef CFTI_O_PATH
#undef CFTI_O_TMPFILE
#undef CFTI_PAUSE
#undef CFTI_PIECE
#undef CFTI_PIECES_PER_WAKE
#undef CFTI_PIPE_BLOCK
#undef CFTI_PIPE_SETMASK
#undef CFTI_RING
#undef CFTI_RING_CLOSE
#undef CFTI_RING_CROWD
#undef CFTI_RING_FILES
#undef CFTI_RING_FIXED_FILE
#undef CFTI_RING_MAP
#undef CFTI_RING_NO_WAIT
#undef CFTI_RING_OPEN
#undef CFTI_RING_READ
#undef CFTI_RING_REQUESTS
#undef CFTI_RING_STATUS
#undef CFTI_ROUND_BYTES
#undef CFTI_ROUTE_NONE
#undef CFTI_SETTLED
#undef CFTI_SHA256_LANES
#undef CFTI_SHA256_LOAD
#undef CFTI_SHA256_NEXT
#undef CFTI_SHA256_ROR
#undef CFTI_SHA256_ROUND
#undef CFTI_SHA256_ROUNDS8
#undef CFTI_SHA256_SPOILED
#undef CFTI_SHANI_EACH
#undef CFTI_SHANI_EACH_ROUNDS4
#undef CFTI_SHANI_LANE
#undef CFTI_SHANI_LANE_ADD
#undef CFTI_SHANI_LANE_FIRST
#undef CFTI_SHANI_LANE_IN
#undef CFTI_SHANI_LANE_KEEP
#undef CFTI_SHANI_LANE_LATER
#undef CFTI_SHANI_LANE_OUT
#undef CFTI_SHANI_LANE_ROUNDS4
#undef CFTI_SHANI_LOAD
#undef CFTI_SHANI_NEXT
#undef CFTI_SHANI_ROUNDS16
#undef CFTI_SHANI_ROUNDS4
#undef CFTI_SHANI_STORE
#undef CFTI_SHANI_X4
#undef CFTI_SHANI_X4_ROUNDS16
#undef CFTI_SIGNALS_SIZE
#undef CFTI_SIGNAL_MASK
#undef CFTI_SIGPIPE_BIT
#undef CFTI_SIG_SETMASK
#undef CFTI_SIMD_ARM
#undef CFTI_SIMD_X86
#undef CFTI_SLOT_BLOCK
#undef CFTI_SPACE
#undef CFTI_SPINS
#undef CFTI_SSSE3
#undef CFTI_STATES_BLOCK
#undef CFTI_STOP
#undef CFTI_TARGET
#undef CFTI_TARGET_NAME
#undef CFTI_TARGET_NO_OFFSET
#undef CFTI_TARGET_STEP
#undef CFTI_THREADS_AUTO
#undef CFTI_THREAD_STACK
#undef CFTI_TOPS
#undef CFTI_UNDONE
#undef CFTI_UNLIKELY
#undef CFTI_UNUSED
#undef CFTI_V16
#undef CFTI_V16_AT
#undef CFTI_WHOLE_LIMIT

/*
 * MIT License
 *
 * Copyright (c) 2026 the confiture.h authors
 *
 * Permission is hereby granted, free of charge, to any person obtaining a copy
 * of this software and associated documentation files (the "Software"), to deal
 * in the Software without restriction, including without limitation the rights
 * to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
 * copies of the Software, and to permit persons to whom the Software is
 * furnished to do so, subject to the following conditions:
 *
 * The above copyright notice and this permission notice shall be included in all
 * copies or substantial portions of the Software.
 *
 * THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
 * IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
 * FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
 * AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
 * LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
 * OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
 * SOFTWARE.
 */

#endif /* CONFITURE_IMPLEMENTATION */
