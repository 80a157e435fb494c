/* ---- end.h: undefines what is ours, and the licence ---- */

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
#undef CFTI_ATOMIC_STORE
#undef CFTI_AT_FDCWD
#undef CFTI_AT_SYMLINK_NOFOLLOW
#undef CFTI_BAR_42
#undef CFTI_BAR_44
#undef CFTI_BATCH_BYTES
#undef CFTI_BATCH_FILES
#undef CFTI_BATCH_LIMIT
#undef CFTI_BATCH_SIDE
#undef CFTI_BYTES_PER_THREAD
#undef CFTI_COUNT
#undef CFTI_CPU_ARMV8
#undef CFTI_CPU_KNOWN
#undef CFTI_CPU_SHANI
#undef CFTI_DIGIT
#undef CFTI_DIRECTORIES_PER_THREAD
#undef CFTI_FILES_PER_HELPER
#undef CFTI_FILES_PER_PARKED_RING
#undef CFTI_FILES_PER_RING
#undef CFTI_FILES_PER_THREAD
#undef CFTI_FIRST_READ
#undef CFTI_FSTATAT
#undef CFTI_GNUC
#undef CFTI_IDENT
#undef CFTI_IDENT_16
#undef CFTI_LARGE_BLOCK
#undef CFTI_LARGE_FROM
#undef CFTI_LEADS_OUT
#undef CFTI_LIKELY
#undef CFTI_LINKS_MAX
#undef CFTI_MESSAGE_ROOM
#undef CFTI_ONES
#undef CFTI_OPEN_FROM
#undef CFTI_OPEN_MOST
#undef CFTI_OS_LARGE_PAGE
#undef CFTI_OS_NOWHERE
#undef CFTI_OS_PAGE
#undef CFTI_OS_PATH_STEP
#undef CFTI_OS_TRANSFER
#undef CFTI_OUTPUT_RUN
#undef CFTI_O_CLOEXEC
#undef CFTI_O_DIRECTORY
#undef CFTI_O_NOFOLLOW
#undef CFTI_PATTERN_PARTS
#undef CFTI_PAUSE
#undef CFTI_PIECE
#undef CFTI_PIECES_PER_WAKE
#undef CFTI_RING
#undef CFTI_RING_AGAIN
#undef CFTI_RING_CLOSE
#undef CFTI_RING_FILES
#undef CFTI_RING_FIXED_FILE
#undef CFTI_RING_MAP
#undef CFTI_RING_MORE
#undef CFTI_RING_NO_WAIT
#undef CFTI_RING_OPEN
#undef CFTI_RING_READ
#undef CFTI_RING_REQUESTS
#undef CFTI_ROUTE_NONE
#undef CFTI_SHA256_LANES
#undef CFTI_SHA256_LOAD
#undef CFTI_SHA256_NEXT
#undef CFTI_SHA256_ROR
#undef CFTI_SHA256_ROUND
#undef CFTI_SHA256_ROUNDS8
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
#undef CFTI_SHELF_BLOCKS
#undef CFTI_SHELF_BYTES
#undef CFTI_SHELF_LEAST
#undef CFTI_SIMD_ARM
#undef CFTI_SIMD_X86
#undef CFTI_SLOT_BLOCK
#undef CFTI_SPACE
#undef CFTI_SPINS
#undef CFTI_STOP
#undef CFTI_THREADS_AUTO
#undef CFTI_THREADS_MOST
#undef CFTI_TOPS
#undef CFTI_UNDONE
#undef CFTI_UNLIKELY
#undef CFTI_UNUSED
#undef CFTI_V16
#undef CFTI_WHOLE_LIMIT
#undef CFTI_WORD5

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
