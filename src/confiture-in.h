/* confiture-in.h: the spine, from which tools/amalgamate.py makes confiture.h.
 *
 * It is the only list of the parts and compiles as it stands: tests and
 * debuggers may include it instead of confiture.h. A part uses only parts
 * above it and never includes another; a part that is not named here is an
 * error. This comment is not copied. */

#include "manual.h"

#ifndef CONFITURE_H
#define CONFITURE_H

#include "config.h"
#include "api.h"

#endif /* CONFITURE_H */

/* Outside the guard, so that one file may declare first and implement later. */
#if defined(CONFITURE_IMPLEMENTATION) && !defined(CONFITURE_IMPLEMENTED)
#define CONFITURE_IMPLEMENTED

/* No extern "C" here: in C++ a definition has the linkage of its declaration,
 * which api.h gave; and system headers do not belong inside one. */

#include "base.h"
#include "os.h"
#include "os_posix.c"
#include "os_posix_write.c"
#include "os_posix_threads.c"
#include "os_win32_path.c"
#include "os_win32.c"
#include "os_uring.c"
#include "memory.c"
#include "shelf.c"
#include "error.c"
#include "cpu.c"
#include "sha256_portable.c"
#include "sha256_x86.c"
#include "sha256_arm.c"
#include "sha256.c"
#include "sha256_many.c"
#include "parallel.c"
#include "path.c"
#include "list.c"
#include "node.c"
#include "listing.c"
#include "walk.c"
#include "find.c"
#include "text.c"
#include "lexer.h"
#include "lexer_copy.c"
#include "lexer_meta.c"
#include "lexer_copy_line.c"
#include "lexer_skip.c"
#include "lexer.c"
#include "beneath.c"
#include "read.c"
#include "read_many.c"
#include "scan.c"
#include "scan_loop.c"
#include "digest.c"
#include "notes.c"
#include "check.c"
#include "output.c"
#include "target.c"
#include "schema.c"
#include "build.c"
#include "end.h"

#endif /* CONFITURE_IMPLEMENTATION */
