/* peak.c: runs a command and prints the most memory that it held, in KiB.
 *     peak COMMAND ARGUMENT...
 * The kernel counts what a process held before it became another program, too. A process that a
 * large one starts is never said to have held less than that one; this one is small. */
#define _DEFAULT_SOURCE /* wait4() */

#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
    struct rusage usage;
    pid_t child;
    int status;
    if (argc < 2) return 2;
    child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stdout) != NULL) execvp(argv[1], argv + 1);
        perror(argv[1]);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child) {
        perror("peak");
        return 1;
    }
#if defined(__APPLE__)
    usage.ru_maxrss /= 1024; /* in bytes there */
#endif
    printf("%ld\n", usage.ru_maxrss);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
