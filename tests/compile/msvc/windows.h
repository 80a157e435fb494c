/* What confiture.h uses of <windows.h>, written from Microsoft's documentation, to compile as its
 * compiler does where that compiler is not at hand. Constants have their values; no function is
 * defined. */
#ifndef STUB_WINDOWS_H
#define STUB_WINDOWS_H

#include <stddef.h>

#define _WIN32_WINNT 0x0A00
#define WINAPI __stdcall

typedef int BOOL;
typedef unsigned char BYTE, UCHAR;
typedef unsigned short WORD, USHORT;
typedef unsigned long DWORD, ULONG;
typedef long LONG;
typedef long long LONGLONG;
typedef unsigned long long ULONGLONG;
typedef size_t SIZE_T, ULONG_PTR, DWORD_PTR;
typedef void *HANDLE, *LPVOID;
typedef wchar_t WCHAR;
typedef union LARGE_INTEGER {
    struct {
        DWORD LowPart;
        LONG HighPart;
    } u;
    LONGLONG QuadPart;
} LARGE_INTEGER;
typedef struct FILETIME {
    DWORD dwLowDateTime, dwHighDateTime;
} FILETIME;
typedef struct OVERLAPPED {
    ULONG_PTR Internal, InternalHigh;
    union {
        struct {
            DWORD Offset, OffsetHigh;
        };
        LPVOID Pointer;
    };
    HANDLE hEvent;
} OVERLAPPED;
typedef struct SRWLOCK {
    LPVOID Ptr;
} SRWLOCK;
typedef struct CONDITION_VARIABLE {
    LPVOID Ptr;
} CONDITION_VARIABLE;
typedef struct SECURITY_ATTRIBUTES SECURITY_ATTRIBUTES;
typedef DWORD(WINAPI *LPTHREAD_START_ROUTINE)(LPVOID);

typedef struct BY_HANDLE_FILE_INFORMATION {
    DWORD dwFileAttributes;
    FILETIME ftCreationTime, ftLastAccessTime, ftLastWriteTime;
    DWORD dwVolumeSerialNumber, nFileSizeHigh, nFileSizeLow, nNumberOfLinks, nFileIndexHigh,
        nFileIndexLow;
} BY_HANDLE_FILE_INFORMATION;
typedef struct FILE_ID_128 {
    BYTE Identifier[16];
} FILE_ID_128;
typedef struct FILE_ID_INFO {
    ULONGLONG VolumeSerialNumber;
    FILE_ID_128 FileId;
} FILE_ID_INFO;
typedef struct FILE_BASIC_INFO {
    LARGE_INTEGER CreationTime, LastAccessTime, LastWriteTime, ChangeTime;
    DWORD FileAttributes;
} FILE_BASIC_INFO;
typedef struct FILE_STANDARD_INFO {
    LARGE_INTEGER AllocationSize, EndOfFile;
    DWORD NumberOfLinks;
    BYTE DeletePending, Directory;
} FILE_STANDARD_INFO;
typedef struct FILE_ATTRIBUTE_TAG_INFO {
    DWORD FileAttributes, ReparseTag;
} FILE_ATTRIBUTE_TAG_INFO;
typedef struct FILE_FULL_DIR_INFO {
    ULONG NextEntryOffset, FileIndex;
    LARGE_INTEGER CreationTime, LastAccessTime, LastWriteTime, ChangeTime, EndOfFile,
        AllocationSize;
    ULONG FileAttributes, FileNameLength, EaSize;
    WCHAR FileName[1];
} FILE_FULL_DIR_INFO;
typedef enum FILE_INFO_BY_HANDLE_CLASS {
    FileBasicInfo = 0,
    FileStandardInfo = 1,
    FileAttributeTagInfo = 9,
    FileFullDirectoryInfo = 14,
    FileFullDirectoryRestartInfo = 15,
    FileIdInfo = 18,
    FileRenameInfoEx = 22
} FILE_INFO_BY_HANDLE_CLASS;

#define INVALID_HANDLE_VALUE ((HANDLE)(ptrdiff_t)-1)
#define INFINITE 0xFFFFFFFFUL
#define GENERIC_READ 0x80000000UL
#define GENERIC_WRITE 0x40000000UL
#define DELETE 0x00010000L
#define FILE_READ_ATTRIBUTES 0x0080
#define FILE_LIST_DIRECTORY 0x0001
#define FILE_SHARE_READ 1
#define FILE_SHARE_WRITE 2
#define FILE_SHARE_DELETE 4
#define CREATE_NEW 1
#define OPEN_EXISTING 3
#define FILE_ATTRIBUTE_DIRECTORY 0x10
#define FILE_ATTRIBUTE_NORMAL 0x80
#define FILE_ATTRIBUTE_REPARSE_POINT 0x400
#define FILE_FLAG_BACKUP_SEMANTICS 0x02000000
#define FILE_FLAG_OPEN_REPARSE_POINT 0x00200000
#define FILE_FLAG_SEQUENTIAL_SCAN 0x08000000
#define FILE_TYPE_DISK 1
#define FILE_NAME_NORMALIZED 0
#define FILE_MAP_READ 4
#define PAGE_READONLY 2
#define MOVEFILE_REPLACE_EXISTING 1
#define STACK_SIZE_PARAM_IS_A_RESERVATION 0x00010000
#define ALL_PROCESSOR_GROUPS 0xffff
#define IO_REPARSE_TAG_SYMLINK 0xA000000CL
#define IO_REPARSE_TAG_MOUNT_POINT 0xA0000003L

#define ERROR_INVALID_FUNCTION 1L
#define ERROR_FILE_NOT_FOUND 2L
#define ERROR_PATH_NOT_FOUND 3L
#define ERROR_TOO_MANY_OPEN_FILES 4L
#define ERROR_ACCESS_DENIED 5L
#define ERROR_INVALID_HANDLE 6L
#define ERROR_NOT_ENOUGH_MEMORY 8L
#define ERROR_OUTOFMEMORY 14L
#define ERROR_NOT_SAME_DEVICE 17L
#define ERROR_NO_MORE_FILES 18L
#define ERROR_WRITE_PROTECT 19L
#define ERROR_NOT_READY 21L
#define ERROR_CRC 23L
#define ERROR_WRITE_FAULT 29L
#define ERROR_READ_FAULT 30L
#define ERROR_GEN_FAILURE 31L
#define ERROR_SHARING_VIOLATION 32L
#define ERROR_LOCK_VIOLATION 33L
#define ERROR_HANDLE_EOF 38L
#define ERROR_HANDLE_DISK_FULL 39L
#define ERROR_NOT_SUPPORTED 50L
#define ERROR_BAD_NETPATH 53L
#define ERROR_BAD_NET_NAME 67L
#define ERROR_FILE_EXISTS 80L
#define ERROR_INVALID_PARAMETER 87L
#define ERROR_BROKEN_PIPE 109L
#define ERROR_DISK_FULL 112L
#define ERROR_CALL_NOT_IMPLEMENTED 120L
#define ERROR_INVALID_NAME 123L
#define ERROR_BAD_PATHNAME 161L
#define ERROR_BUSY 170L
#define ERROR_ALREADY_EXISTS 183L
#define ERROR_FILENAME_EXCED_RANGE 206L
#define ERROR_FILE_TOO_LARGE 223L
#define ERROR_NO_DATA 232L
#define ERROR_DIRECTORY 267L
#define ERROR_NO_UNICODE_TRANSLATION 1113L
#define ERROR_IO_DEVICE 1117L
#define ERROR_USER_MAPPED_FILE 1224L
#define ERROR_DISK_QUOTA_EXCEEDED 1295L
#define ERROR_NO_SYSTEM_RESOURCES 1450L
#define ERROR_COMMITMENT_LIMIT 1455L
#define ERROR_CANT_ACCESS_FILE 1920L
#define ERROR_CANT_RESOLVE_FILENAME 1921L
#define ERROR_NOT_A_REPARSE_POINT 4390L

#if defined(__cplusplus)
extern "C" {
#endif
DWORD WINAPI GetLastError(void);
HANDLE WINAPI GetProcessHeap(void);
LPVOID WINAPI HeapAlloc(HANDLE, DWORD, SIZE_T);
BOOL WINAPI HeapFree(HANDLE, DWORD, LPVOID);
HANDLE WINAPI CreateFileW(const WCHAR *, DWORD, DWORD, SECURITY_ATTRIBUTES *, DWORD, DWORD, HANDLE);
BOOL WINAPI CloseHandle(HANDLE);
BOOL WINAPI ReadFile(HANDLE, LPVOID, DWORD, DWORD *, OVERLAPPED *);
BOOL WINAPI WriteFile(HANDLE, const void *, DWORD, DWORD *, OVERLAPPED *);
BOOL WINAPI FlushFileBuffers(HANDLE);
DWORD WINAPI GetFileType(HANDLE);
BOOL WINAPI GetFileInformationByHandle(HANDLE, BY_HANDLE_FILE_INFORMATION *);
BOOL WINAPI GetFileInformationByHandleEx(HANDLE, FILE_INFO_BY_HANDLE_CLASS, LPVOID, DWORD);
BOOL WINAPI SetFileInformationByHandle(HANDLE, FILE_INFO_BY_HANDLE_CLASS, LPVOID, DWORD);
DWORD WINAPI GetFinalPathNameByHandleW(HANDLE, WCHAR *, DWORD, DWORD);
DWORD WINAPI GetCurrentDirectoryW(DWORD, WCHAR *);
BOOL WINAPI DeviceIoControl(HANDLE, DWORD, LPVOID, DWORD, LPVOID, DWORD, DWORD *, OVERLAPPED *);
BOOL WINAPI DeleteFileW(const WCHAR *);
BOOL WINAPI MoveFileExW(const WCHAR *, const WCHAR *, DWORD);
BOOL WINAPI CreateHardLinkW(const WCHAR *, const WCHAR *, SECURITY_ATTRIBUTES *);
HANDLE WINAPI CreateFileMappingW(HANDLE, SECURITY_ATTRIBUTES *, DWORD, DWORD, DWORD, const WCHAR *);
LPVOID WINAPI MapViewOfFile(HANDLE, DWORD, DWORD, DWORD, SIZE_T);
BOOL WINAPI UnmapViewOfFile(const void *);
void WINAPI Sleep(DWORD);
void WINAPI GetSystemTimeAsFileTime(FILETIME *);
BOOL WINAPI QueryPerformanceCounter(LARGE_INTEGER *);
HANDLE WINAPI GetCurrentProcess(void);
DWORD WINAPI GetCurrentProcessId(void);
DWORD WINAPI GetCurrentThreadId(void);
BOOL WINAPI GetProcessAffinityMask(HANDLE, DWORD_PTR *, DWORD_PTR *);
DWORD WINAPI GetActiveProcessorCount(WORD);
HANDLE WINAPI CreateThread(SECURITY_ATTRIBUTES *, SIZE_T, LPTHREAD_START_ROUTINE, LPVOID, DWORD,
                           DWORD *);
DWORD WINAPI WaitForSingleObject(HANDLE, DWORD);
void WINAPI InitializeSRWLock(SRWLOCK *);
void WINAPI AcquireSRWLockExclusive(SRWLOCK *);
void WINAPI ReleaseSRWLockExclusive(SRWLOCK *);
void WINAPI InitializeConditionVariable(CONDITION_VARIABLE *);
BOOL WINAPI SleepConditionVariableSRW(CONDITION_VARIABLE *, SRWLOCK *, DWORD, ULONG);
void WINAPI WakeConditionVariable(CONDITION_VARIABLE *);
void WINAPI WakeAllConditionVariable(CONDITION_VARIABLE *);

#if defined(__cplusplus)
}
#endif
#endif
