/* confiture-in.h: the spine, from which tools/amalgamate.py makes confiture.h.
 *
 * It is the only list of the parts and compiles as it stands: tests and
 * debuggers may include it instead of confiture.h. A part uses only parts
 * above it and never includes another; a part that is not named here is an
 * error. This comment is not copied. */

#include "public/manual.h"

#ifndef CONFITURE_H
#define CONFITURE_H

#include "public/config.h"
#include "public/api.h"

#endif /* CONFITURE_H */

/* Outside the guard, so that one file may declare first and implement later. */
#if defined(CONFITURE_IMPLEMENTATION) && !defined(CONFITURE_IMPLEMENTED)
#define CONFITURE_IMPLEMENTED

/* No extern "C" here: in C++ a definition has the linkage of its declaration,
 * which api.h gave; and system headers do not belong inside one. */

#include "base/base.h"
#include "os/os.h"
#include "os/posix.c"
#include "os/posix_write.c"
#include "os/posix_threads.c"
#include "os/win32_path.c"
#include "os/win32.c"
#include "os/win32_threads.c"
#include "os/no_threads.c"
#include "os/uring.c"
#include "base/memory.c"
#include "base/sort.c"
#include "base/block_cache.c"
#include "base/error.c"
#include "base/cpu.c"
#include "sha256/portable.c"
#include "sha256/shani.c"
#include "sha256/armv8.c"
#include "sha256/kernels.c"
#include "sha256/sha256.c"
#include "sha256/many.c"
#include "threads/ring_cache.c"
#include "threads/pool.c"
#include "threads/workers.c"
#include "text/text.c"
#include "text/lexer.h"
#include "text/lexer_copy.c"
#include "text/lexer_meta.c"
#include "text/lexer_copy_line.c"
#include "text/lexer_skip.c"
#include "text/lexer.c"
#include "find/path.c"
#include "find/list.c"
#include "find/name.c"
#include "find/order.c"
#include "find/explain.c"
#include "find/node.c"
#include "find/listing.c"
#include "find/walk.c"
#include "find/find.c"
#include "scan/scan.h"
#include "scan/beneath.c"
#include "scan/read.c"
#include "scan/read_many.c"
#include "scan/scan.c"
#include "scan/schedule.c"
#include "results/notes.c"
#include "results/check.c"
#include "results/statement.c"
#include "results/digest.c"
#include "results/manifest.c"
#include "results/map.c"
#include "results/output.c"
#include "results/target.c"
#include "results/map_file.c"
#include "results/sums.c"
#include "results/forms.c"
#include "results/diff.c"
#include "results/separator.c"
#include "results/header.c"
#include "results/build.c"
#include "results/build_file.c"
#include "results/compare.c"
#include "results/verify.c"
#include "base/end.h"

#endif /* CONFITURE_IMPLEMENTATION */
