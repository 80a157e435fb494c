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
