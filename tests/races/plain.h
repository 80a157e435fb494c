/* plain.h: after hooks.h and confiture.h: from here on the calls are the system's. */
#undef open
#undef openat
#undef close
#undef read
#undef write
#undef pwrite
#undef fstat
#undef fstatat
#undef lseek
#undef fsync
#undef fchmod
#undef rename
#undef unlink
#undef readlink
#undef mmap
#undef munmap
#undef syscall
