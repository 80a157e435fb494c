/* output.c: memory, standard output, standard error. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *allocate(size_t size) { return reallocate(NULL, size); }

void *reallocate(void *block, size_t size) {
    block = realloc(block, size ? size : 1);
    if (!block) {
        progress_erase();
        fputs("confiture: out of memory\n", stderr);
        exit(EXIT_ERROR);
    }
    return block;
}

char *copy_text(const char *text) {
    size_t size = strlen(text) + 1;
    return (char *)memcpy(allocate(size), text, size);
}

/* ---- standard error ---- */

char *format_text(const char *format, va_list args) {
    va_list again;
    char *text;
    int length;
    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0) length = 0;
    text = (char *)allocate((size_t)length + 1);
    text[0] = '\0';
    vsnprintf(text, (size_t)length + 1, format, args);
    return text;
}

void say(const char *format, ...) {
    struct text line = {0};
    char *plain;
    va_list args;
    va_start(args, format);
    plain = format_text(format, args);
    va_end(args);
    text_add_string(&line, "confiture: ");
    text_add_escaped(&line, plain);
    text_add(&line, "\n", 1);
    progress_erase();
    fwrite(line.data, 1, line.size,
           stderr); /* one write, so that the lines of two processes do not mix */
    free(plain);
    free(line.data);
}

/* ---- standard output ---- */

static void put_failed(int error) {
    char why[ERROR_TEXT];
    if (error == EPIPE) system_end_of_pipe();
    say("standard output: %s", error ? error_text(why, error) : "cannot be written");
    _Exit(EXIT_ERROR); /* exit() would try to write the rest */
}

void put_bytes(const void *data, size_t size) {
    progress_erase();
    errno = 0;
    if (fwrite(data, 1, size, stdout) != size) put_failed(errno);
}

void put_text(const char *text) { put_bytes(text, strlen(text)); }

void put_escaped(const char *string) {
    struct text text = {0};
    text_add_escaped(&text, string);
    if (text.size) put_bytes(text.data, text.size);
    free(text.data);
}

void put_flush(void) {
    errno = 0;
    if (fflush(stdout) != 0) put_failed(errno);
}
