/* ---- public/manual.h: what it is, how it is used, what it guarantees ---- */

/* confiture.h - a tree of SQL files into one schema and one digest
 *
 * A single-file C library: libc and pthreads, nothing else. C99 and later, C++11
 * and later. MIT licence, at the end of this file.
 *
 *     #define CONFITURE_IMPLEMENTATION       in exactly one C or C++ file,
 *     #include "confiture.h"                 before this line
 *
 * and #include "confiture.h" alone wherever else it is used.
 *
 *
 * WHAT IT DOES
 * ============
 *     find -> order -> read -> { schema, digest, manifest, findings }
 *
 * find      the *.sql files below directories, or those of a list of yours
 * order     by path components, the same on every machine, locale and file system
 * schema    their text, one after another, each behind a comment that names it
 * digest    one SHA-256 over all names and bytes: it changes when anything does (the
 *           stream digest only if no file holds a NUL: "a" with the bytes x NUL b NUL y has
 *           that of "a" with x and "b" with y; the tree digest tells them apart)
 * manifest  each file's own size and SHA-256
 * findings  what one file would do to the next in one script: a comment, quote, statement,
 *           parenthesis or \if left open, \q, COPY data without an end
 *
 * The bytes are those of the Python tool "confiture"; where that is undefined, unsafe
 * or silent, this is an error that names the file, and nothing is written.
 *
 *
 * THE SHORTEST USE
 * ================
 *     confiture_files *files = NULL;
 *     confiture_schema schema;
 *     confiture_error error;
 *     memset(&schema, 0, sizeof schema);
 *     if (confiture_find(&files, "db/schema", NULL, &error) ||
 *         confiture_build(&schema, files, NULL, &error)) {
 *         fprintf(stderr, "%s\n", error.message);
 *         confiture_files_free(files);
 *         return 1;
 *     }
 *     fwrite(schema.data, 1, schema.size, stdout);
 *     fprintf(stderr, "%zu files, %s\n", schema.file_count, schema.digest_hex);
 *     confiture_schema_free(&schema);
 *     confiture_files_free(files);
 *
 * Every options struct may be NULL or all zero, which is the documented default. So a struct
 * can grow: a new member goes to the end, and its zero is what was done before. Set the
 * struct to zero as a whole, name the members that you set, and recompile what includes
 * the header when you take a newer one; there is no binary interface to keep apart from
 * it. CONFITURE_VERSION_NUMBER tells versions apart in #if.
 *
 *     confiture_build_options options;
 *     memset(&options, 0, sizeof options);
 *     options.separator = CONFITURE_SEPARATOR_LINE_COMMENT;
 *     options.schema_only = true;
 *     options.run.threads = 4;
 *
 *     confiture_build_file(&schema, "schema.sql", files, &options, &error);
 *
 * The digest of the same scan comes with the schema: both are made from the same bytes in
 * memory, so it is the digest of the very names and bytes of which the schema was made, as
 * they are in the files (the schema holds them as text, with separators).
 *
 *
 * FINDING
 * =======
 * confiture_find takes one directory, confiture_find_all several, each with patterns
 * of its own; confiture_files_from_paths and confiture_files_from_list0 take a list
 * as it is and keep its order.
 *
 * Patterns are those of Python's pathlib, version 3.11: split at "/", a "**" of its
 * own stands for this directory and all below it without following symbolic links,
 * other components match one name with * ? [seq] [!seq], case-sensitive, a leading
 * dot included. A component without wildcards is looked up; an empty one is dropped,
 * so "*.sql/" takes files as well, where pathlib 3.11 takes directories alone. In a recursive
 * directory, which is the default, a pattern applies at any depth. Exclude patterns
 * are matched from the right: "test_*" excludes a file of that name anywhere,
 * "old" "/" "*" every file directly in a directory called old. exclude_dirs are
 * compared with the path of each file by whole components, as text: s/x excludes
 * s/x/a.sql and not s/xy/a.sql.
 *
 * A missing directory is skipped, unless must_exist; a search that leaves no file is
 * an error. So is a directory that cannot be read, anywhere below: what is not there
 * for lack of permission must not vanish from a schema. So is a directory, or a part of a
 * pattern without wildcards, that is a link which leads nowhere, or in a circle: missing is
 * only what is not there itself. What a wildcard finds is opened when it is read: a dangling
 * link or a directory called x.sql is an error then.
 *
 * A name that matches nothing is most often mistyped, and changes what is found. Give
 * each directory flags, and look at them after the call:
 *
 *     static const char *const exclude[] = {"*_test.sql", "odl" "/" "*"};
 *     bool matched[2] = {false, false};
 *     directory.exclude = exclude;
 *     directory.exclude_count = 2;
 *     directory.exclude_matched = matched;
 *
 * include_matched and exclude_dir_matched are for the others. In a split build
 * options.split_dirs_must_match makes an error of a directory that no file lies below.
 *
 * Symbolic links are followed wherever they lead, but for "**". With options.confine one
 * that leads out of the base is an error (CONFITURE_E_OUTSIDE) that names it: for trees
 * that others can write to. It is asked of links alone, and costs nothing where there are
 * none; a caller's own list pays a look at each file. A file that becomes a link between
 * finding and reading is E_CHANGED. Links that lead elsewhere by then, and directories that
 * have become links, are held to the base as well where the system opens by such a rule (Linux
 * 5.6, openat2()): what leads out is E_OUTSIDE when it is read. On other systems, and where a
 * filter forbids the call, neither is seen. (Under a filter that kills for an unknown call, do not
 * confine: openat2() would be the host's death.) Hard links and mounts are never. A directory of
 * a confined list that may be entered, but not read, is an error elsewhere than on Linux.
 *
 * A path found twice, by overlapping directories or patterns, is kept twice unless
 * options.unique. The default order compares component by component: a/1.sql, then
 * a-b/1.sql, then a.sql. CONFITURE_SORT_HEX orders by the hexadecimal number before
 * the first "_" of each name (0A_users.sql), if any has one: those without come
 * last, by name; ties are broken by path.
 *
 * NAMES. The name of a file is its path relative to the base: to the one directory,
 * or to what several, with links resolved, have in common; or to options.base. It is
 * what separators show and digests cover, with "/" on every system. Names that are
 * not UTF-8 or hold a control character (Unicode's Cc) are refused, and so are files
 * that are not below the base.
 *
 *
 * BUILDING
 * ========
 * Text is UTF-8, strictly; CRLF and lone CR become LF, a final LF is added where it
 * is missing, everything else stays as it is, but for what terminate adds and strip_bom
 * leaves out. Each file is preceded by its separator; a header, if asked for, comes first. It
 * shows the stream digest of the files, which is known last: in memory and in a file it is put
 * in afterwards, before a sink sees anything the whole schema is held in memory. The time in a
 * header is the caller's; a NULL timestamp leaves the value empty.
 *
 * With schema_only, seed files are left out of the output and the count, and are
 * neither checked nor decoded; the digest covers them all the same. A split build
 * sends the files below pre_dirs and post_dirs to schemas of their own; each header
 * shows the digest of all files and the count of its own.
 *
 * Under the checks postgres and quotes a block_comment separator refuses a name that holds the
 * characters that open a comment, as a directory before a file called "*x.sql" does:
 * PostgreSQL's comments nest, and all that follows would be comment. With another
 * check or separator it is written as the Python tool writes it.
 *
 * A file is replaced as a whole: written beside itself, then renamed. On Linux the new file has no
 * name before it is complete, where the file system allows that; else, and for the moment
 * before the rename, it is called .confiture- and 16 random digits, .tmp. No later build removes
 * such a file: it may be that of a build on another machine. A missing directory is an error.
 *
 * Nobody may do more with the new file than with the old one. It has the old one's permission
 * bits, without setuid, setgid and sticky; its group, where the writer may give it that, else the
 * group and the others get no more than both had. A POSIX ACL is kept on Linux, or made up
 * for by fewer rights; one that only the directory would give is not taken. Owner,
 * hard links, extended attributes (user.* too) and other systems' ACLs are not kept.
 * A file that is new has the rights that umask and directory give.
 *
 * With keep_unchanged the bytes are compared with those of the file while they are made, in
 * bounded memory: nothing is created or written before one differs, so that a read-only file
 * system is no obstacle. A file that somebody else writes to meanwhile may be E_CHANGED.
 *
 * What is no file is written to as it stands: a device, a FIFO, and what is open already, as
 * /dev/stdout, /dev/fd/N and /proc/PID/fd/N say, though it be a file: at this process's own
 * descriptor where that stands, at the end of another process's file, and never truncated. All of
 * it is held in memory first, so that a build that fails writes nothing. A reader that leaves is
 * an error (EPIPE) and no SIGPIPE; what it has read it has.
 *
 * Of three files none is renamed before all are complete. If a rename fails, those before it are
 * undone, where the system lets an old file have a second name meanwhile.
 *
 * A symbolic link stays and its target is replaced. If an output lies among the
 * inputs it is not taken as one, nor counted, nor hashed; schema.left_out says that it did,
 * since another call that takes the list as it is gives another digest.
 *
 *
 * CHECKING
 * ========
 * The files of a list stand in one script at the end. CONFITURE_CHECK_POSTGRES reads each as
 * psql does, and finds what would swallow, cut or spoil the next one, or be lost of itself. A
 * file has one finding at most, with the line where what is told of began:
 *
 *   - a comment, '...', E'...', U&'...', "..." or $tag$...$tag$ never closed; comments nest.
 *     A tag of more than 255 bytes cannot be followed. standard_conforming_strings is taken
 *     to be on: a file that turns it off is read wrongly where it has a backslash in '...';
 *   - a statement never ended: there are tokens after the last ";" and after the last command
 *     that sends or resets (\g, \gx, \gset, \gexec, \r ...); "\;" ends nothing;
 *   - a parenthesis never closed: psql sends nothing at a ";" inside;
 *   - BEGIN ATOMIC never ended, by psql's own count of begin, case and end, in CREATE [OR
 *     REPLACE] FUNCTION or PROCEDURE;
 *   - \if without \endif; \elif, \else and \endif without \if; \if nested more than 16 deep,
 *     which the Python fallback follows;
 *   - \q, which ends the script; \restrict without its \unrestrict;
 *   - data lines after COPY ... FROM STDIN or STDOUT, or \copy, with no line \. after them;
 *     binary data has no such end;
 *   - whatever a line of psql's commands does: quotes and backticks in arguments end with the
 *     line, "\\" goes back to SQL, "\" begins the next command, some take the whole line, and
 *     an unknown one discards the rest of it;
 *   - NUL, since psql drops the rest of the line; a byte order mark at a file's start, which
 *     the server takes for part of a name anywhere but at the script's start.
 *
 * Nothing follows the last file of an output: that it leaves a statement unended is no finding.
 * In a split build each phase has a last file; confiture_check takes the list for one script.
 * Everything else that the last file leaves open is found, as in the others.
 *
 * LEVELS. CONFITURE_CHECK_DEFAULT, which the command calls auto, is POSTGRES, but for a
 * build with the mysql separator, whose files are not for psql: there it is NONE. Every other
 * separator, custom and none as well, gets POSTGRES. QUOTES reads by the same rules and tells
 * of open comments, quotes, dollar quotes and COPY data alone. REFERENCE is the Python
 * tool's check: it knows comments but not strings, so it is wrong on valid SQL at times.
 * NONE leaves only what all levels have: a file that is not UTF-8 is a finding.
 *
 * Without on_finding the first finding ends the call. With it all are told, nothing is
 * written, and the call ends with the status of the first, unless something else fails, such as
 * reading a file: that ends the call at once, with a status of its own.
 *
 * REMEDIES, for trees whose files run one by one today. options.terminate adds ";" and a newline
 * where a file, the last one included, leaves a statement unended and nothing else open, or ends
 * with a psql variable that may be a statement. It adds none to a COPY that would then read the
 * next file as its data: that stays a finding. The check POSTGRES alone sees all of this: terminate
 * with another check is E_ARGUMENT. options.strip_bom leaves out a byte order mark at a file's
 * start. Neither changes the digest, which is that of the sources. Give both to confiture_check
 * as well, for a check of such a build.
 *
 * NOTES are findings of severity NOTE. confiture_check alone tells them, to on_finding, and
 * they change no status; no_notes turns them off. A caller that wants them to fail counts them, as
 * the command does for --strict. They are of:
 *
 *   - \ir and \include_relative, which look beside the built schema, not beside this file;
 *   - numbers that sort otherwise than a person expects, as 10_a before 2_b: in the default order
 *     of a search, by the digits at the start of files and directories, once a directory;
 *   - names of the list that differ only in case (A to Z, and the letters of Latin-1 and Latin
 *     Extended-A) or only in Unicode normalisation (those letters against the same with a combining
 *     mark, U+0300 to U+0328): some file systems, and some tools, hold but one of them;
 *   - a file that is listed twice;
 *   - files that a pattern such as *.sql left out for the case of their ends alone (x.SQL), if
 *     nothing excludes them and no other pattern found them. Links are not looked at.
 *
 * WHERE VERSIONS OF PSQL DIFFER the newest rule was taken, of 18: numbers and the names that
 * touch them (1e'x' holds no E string, 1$a$ opens $a$), \v as white space, the list of
 * commands, with \restrict, \parse, \bind_named and the pipelines. A command of 18 is unknown
 * to an older psql, which discards its line. Where server and psql read differently, open is
 * what either holds open: an E'...' that goes on in the next line is a plain '...' to psql. The
 * line "\." ends CSV data too.
 *
 * NOT SEEN, since it is decided when the script runs: "\set SINGLELINE on", which ends statements
 * with lines; what stands in a variable: a statement of variables alone (":name") is taken
 * for ended, and all branches of an \if that asks a variable or a command are read; what
 * \i and \ir bring; a COPY that the server refuses, whose data lines are then SQL; and
 * ON_ERROR_STOP, transactions and settings, which pass from file to file as they are meant to.
 *
 *
 * ERRORS
 * ======
 * Every call that can fail returns a confiture_status, zero for success, and fills an
 * optional confiture_error, whose message is one line ready to print:
 *
 *     db/schema/10_tables/users.sql:12: comment never closed
 *     db/schema/seeds/names.sql:3: not valid UTF-8, byte 214
 *     db/schema/private: permission denied
 *
 *     db/schema/dump.sql: larger than the limit of 1048576 bytes
 *
 * The error is that of the first file in list order that has one, with one thread
 * and with sixty-four; error.index is its place in the list. A search has no list yet: its
 * order is that of the directories, their patterns, and the paths that are met; the names
 * are looked at last. Messages are English whatever the locale.
 *
 * A NULL that a call needs is CONFITURE_E_ARGUMENT. After a failure there is nothing to free
 * that was not there before: files is NULL, and a schema that was zero is zero.
 *
 *
 * MEMORY
 * ======
 * All memory comes from options.run.allocator, or from malloc, or from what
 * CONFITURE_MALLOC, CONFITURE_REALLOC and CONFITURE_FREE name. What is in flight while
 * files are read is bounded, whatever the size of the tree. With files of a few KiB a call takes
 * at most 2 MiB and 2 MiB a thread. With large ones the batches that wait for their turn
 * share 4 MiB a thread, and 32 MiB in all; the batch at hand takes each thread up to 4 MiB
 * more, and 8 MiB where line ends have to be translated. A file of more than 2 MiB is
 * visited in pieces. What is built into memory comes on top. The list takes about
 * 40 bytes a file and the length of its path. On the stack: at most 64 KiB a thread.
 * A block of 512 KiB or more may be asked for in a multiple of 2 MiB, and large pages are
 * wished for where malloc gave it: the first touch of a small page may cost more than
 * filling it.
 *
 * When memory or descriptors run out (E_MEMORY, EMFILE, ENFILE), the helpers stop and give
 * back what they hold, and so does a pool; the file that failed is tried once more by the
 * calling thread, which then goes on alone. So many threads succeed wherever one does.
 *
 *
 * THREADS
 * =======
 * Every call may be made from any thread. Lists are immutable and shared freely; a
 * confiture_sha256, a schema and an error belong to one caller at a time.
 * A call uses up to options.run.threads threads, fewer when there is little to do:
 * starting one may take as long as reading a hundred small files. A confiture_pool
 * keeps them parked between calls, where eight files are enough; and it keeps up to
 * 32 MiB of the memory that calls without an allocator of their own work in, and the
 * rings that READING AND MAPPING speaks of. A thread that has nothing to do looks for work
 * for some 20 to 60 microseconds before it sleeps. Or give your own
 * parallel_for: then files are read by your threads, in rounds, and between the rounds
 * the calling thread writes and hashes. A round has about 1 MiB a thread. Callbacks come
 * on the calling thread, one after another; allocators are called from all.
 *
 * PROGRESS comes after every few files and every 256 KiB of a large one. With your own
 * parallel_for it comes between the rounds, and within one after each batch that the
 * calling thread runs itself; and if there is a progress callback, a file of more than
 * 2 MiB is left to the calling thread, which tells of each piece. Non-zero cancels: batches
 * that have not begun are not read, and those at hand end with their file or piece.
 *
 * SIGNALS. The library's threads have every signal blocked, from their first moment: a
 * handler of yours never runs on one, and a signal that you wait for with sigwait() or
 * signalfd() is left to you. That holds for faults, too: a thread of the library's that is
 * hit by SIGBUS or SIGSYS ends the process, handler or not. The calling thread's mask is
 * as it was. Their stacks have 512 KiB, or what the system gives by default if that is less.
 *
 * CANCELLATION. pthread_cancel() on a thread that is inside a call takes effect after it:
 * the call completes. (Not on Android, which has no such thing, nor with
 * CONFITURE_NO_THREADS, where a cancelled call leaks what it held.) To end a call early,
 * return non-zero from options.run.progress.
 *
 * A callback, an allocator or a parallel_for must return: one that throws, calls longjmp()
 * or ends its thread leaves memory, descriptors and a temporary file behind, helpers at
 * work on what is gone, and a pool that is busy for ever.
 *
 *
 * READING AND MAPPING
 * ===================
 * There are several ways to the bytes of a file and one rule for all of them. What was read
 * is accepted by what the file's own status says after the read:
 *
 *   - it is a regular file;
 *   - it ends there: as many bytes as its size were read, or a read brought none. No file
 *     system is trusted with more: files of the kernel's, of a network and of FUSE, and single
 *     files that are mounted over others, end reads where they like;
 *   - it is of one state: its times are older than the start of the read by three seconds or
 *     more, and its size is what was read. A write stamps the file before it copies, and who
 *     cuts a file gives it its new size first, so nobody has changed it since. That is nearly
 *     every file: one read, one look. So on Linux; elsewhere a write may show in the times after
 *     its bytes do (on Windows when the writer closes the file), and every file is read again.
 *
 * A file that was changed only just now, or does not tell its size, is read again, between two
 * looks that must be equal, and must bring the same; and before the first of them the clock of the
 * files must have left its times behind, for which a call may have to sleep for a tick of it (at
 * most some 25 ms before each reading, and most often once for all files). A file that is changed
 * all the time is E_CHANGED after ten such readings.
 * A file of more than 2 MiB is read once, between two such looks.
 *
 * A path that no listing has called a file (a link, or one of a caller's own list) is looked
 * at before it is opened: a FIFO, a socket or a device is refused unopened. What a listing has
 * called a file is opened at once. If a FIFO took its place in between, it is opened, without
 * waiting, and refused then. A file on which another process holds a lease (Linux, fcntl() with
 * F_SETLEASE) is waited for until it is given back, or the kernel takes it, for a minute at most.
 *
 * CONFITURE_IO_MMAP copies out of a mapping of the file instead of reading, and the copy is
 * what is hashed and returned. Mapping took 10 to 18 times as long as reading on files of up to
 * 4 KiB, and 2 to 3 times on files of 1 MiB (bench/RESULTS.md). If another process truncates the
 * file meanwhile, a FUSE file system says that it is larger than it is, or a page of it cannot be
 * read, the kernel kills the host with SIGBUS, which a library cannot catch. So CONFITURE_IO_AUTO
 * never maps.
 *
 * CONFITURE_IO_RING hands the kernel a batch of small files to open, read and close with
 * two calls, by io_uring (Linux 5.19; many containers forbid it, then files are read one
 * by one), and looks at each by its name, since a ring has no fstat(). Where a system call is
 * dear, as in many virtual machines, that is twice as fast; where it is cheap, a few per cent.
 * Where calls are dear and the library has a thread for every processor, the helpers have the
 * ring look, too, and with a pool so does the calling thread. The kernel does that in threads
 * of its own (iou-wrk), which end with the helpers; the calling thread's ends some time after
 * the pool has been freed.
 * Setting up a ring and taking it down takes some 40 microseconds: CONFITURE_IO_AUTO does so
 * from 96 files on, or 16 in a pool, which keeps it. CONFITURE_IO_READ and IO_MMAP never ask
 * for a ring. A seccomp policy that answers io_uring_setup() with an error is fine with all;
 * under one that kills for it, choose IO_READ, or compile with CONFITURE_NO_URING.
 *
 * options.run.max_file_size refuses a larger file (CONFITURE_E_LIMIT) before it is read:
 * one that is sparse, a terabyte long and holds nothing takes hours otherwise. It holds
 * for a file too that does not tell its size, as those of /proc, and for one that grows.
 *
 *
 * GUARANTEES
 * ==========
 * Each promise with the tests that fail without it; SECURITY.md says what is not promised.
 *
 * The same bytes as the Python reference, on every machine, processor, locale and file
 *   system, with any number of threads and any way of reading.
 *       tests/parity.py, tests/everywhere.py, tests/windows.py
 * SHA-256 is NIST's, on each kernel, at every alignment, in pieces and side by side; no
 *   byte before or behind a message is read.
 *       tests/known_answers.py, tests/unit/test_sha256.c
 * No input, tree or name makes it crash, hang, or leave what is its own; work and memory
 *   grow with what is given, not with its square. (What a file system does not answer is waited
 *   for, a lease for a minute; a file without end, as FUSE can make one, ends at max_file_size.)
 *       tests/fuzz, tests/hostile.py, tests/growth.c
 * Whatever fails, and whenever, is an error with its status and path, or made no
 *   difference; nothing is leaked, no descriptor stays open, no temporary file is left.
 *       tests/faults, tests/unit/test_face.c
 * The first error in list order is reported, whatever the threads did, and so it is when
 *   descriptors or memory run out: where one thread has enough of them, many have (of memory
 *   a build may need 30 KB more). Of what belongs to no file (a signal to stop, a full disk)
 *   the first that is met is reported.
 *       tests/unit/test_scan.c, tests/unit/test_shortage.c, tests/unit/test_face.c, tests/faults
 * Memory in flight is bounded as MEMORY says; a library thread takes no signal, and a thread
 *   that is cancelled inside a call ends after it.
 *       tests/unit/test_shortage.c, tests/unit/test_host.c
 * The bytes of each file are all of it, and of one state, or it is E_CHANGED, by the rule of
 *   READING AND MAPPING. No look can show: one write that is under way, without a pause, during
 *   all of the reading, or that was begun seconds before and goes on; writers through a shared
 *   mapping, which stamp the file once between two syncs; a clock that is set back meanwhile, or
 *   a server's that is wrong by more than three seconds; a status that a network's or FUSE's
 *   cache keeps although the file has changed; a time that its writer sets back where there is no
 *   time of change beside it (FAT, exFAT, SFTP); holes that are punched, where a file system
 *   stamps that last. The kernel's own files tell no times: of those only two equal reads speak
 *   up to 2 MiB, and nothing for a longer one. Where times are in whole seconds, or in the
 *   future, only two equal reads between equal looks speak for a file that was changed just
 *   now. With a ring also a rename, during the read, that leaves the file's times as they were
 *   (FAT, some servers) and puts an old file of equal size in the place of one that is just
 *   being written. A file that is emptied, cut or grown step by step is what it was at one
 *   step. Files are not a snapshot of each other.
 *       tests/races, tests/faults, tests/hostile.py
 * An output that is a file is the old file or the new one, after an error, a signal, or SIGKILL at
 *   any step; what is written to as it stands may have got a part. SIGKILL may leave a
 *   .confiture-*.tmp: between naming and renaming, or from the start where files without names are
 *   not to be had. *.sql does not find it, since it has no .sql; the pattern "**" "/" "*" would.
 *   Split outputs are renamed when all are complete, and put back after an error, where that is
 *   possible; a kill between the renames leaves some old, some new.
 *       tests/races, tests/faults
 * fork() while another thread works does no harm. The child may use the library, lists
 *   included, but not the parent's pool, not even to free it: its threads are not there.
 *       tests/races
 * Nothing global changes but the mask of processor features; nothing but confiture_* is
 *   exported, nothing but CONFITURE_* defined; 64 KiB of stack are enough, besides what libc
 *   and callbacks need; no locale, no stdio, no signal handler, no exit.
 *       tests/hygiene.py, tests/compile.py
 * The tests reach every line, but for those named in tests/coverage_gaps.txt, and notice
 *   mistakes that are put in, but for those explained in tests/mutants_explained.txt.
 *       tests/coverage.py, tests/mutate.py
 *
 * Not tested, for want of the machines: macOS, BSD (but on Linux the unit tests also run without
 * the calls that Linux alone has), MSVC, Windows itself (but wine), real 32-bit kernels.
 *
 *
 * WINDOWS
 * =======
 * Windows 8 and later, by mingw-w64. Paths are UTF-8, of any length, with "/" or "\"; names
 * and paths that come back have "/" ("C:/dir/x.sql"). Patterns are case-sensitive there,
 * too. Directories on several drives have nothing in common: a file on another drive is outside
 * the base. os_error is GetLastError(). A replaced file has the rights that its directory
 * gives; a read-only one is not replaced. Linking needs nothing; include windows.h
 * before the implementation if you need more of it than WIN32_LEAN_AND_MEAN leaves.
 *
 *
 * SWITCHES
 * ========
 * Define before the implementation (and CONFITURE_STATIC before every include):
 *
 *     CONFITURE_STATIC       all functions private to the file that implements them
 *     CONFITURE_API          what stands before each function instead of extern
 *     CONFITURE_NO_THREADS   no pthreads; calls work on the calling thread, or on the
 *                            caller's own parallel_for
 *     CONFITURE_NO_MMAP      no mapping of files; IO_MMAP reads
 *     CONFITURE_NO_URING     no io_uring; IO_RING reads
 *     CONFITURE_NO_SIMD      portable C only, no use of the processor's extensions
 *     CONFITURE_NO_ALLOC     no malloc; every call must be given an allocator
 *
 * On 32-bit systems compile with -D_FILE_OFFSET_BITS=64: without it a file of 2 GiB or
 * more is an error. The header defines no feature-test macro and works when libc was included
 * before it under -std=c99. It may be included any number of times, declared first and
 * implemented later. Link with -pthread where libc does not hold the threads.
 */
