/* plain.h: after hooks.h and confiture.h: from here on the calls are the system's. */
#undef open
#undef openat
#undef close
#undef pread
#undef write
#undef pwrite
#undef fstat
#undef fstatat
#undef fsync
#undef fchmod
#undef linkat
#undef rename
#undef unlink
#undef readlinkat
#undef mmap
#undef munmap
#undef syscall
