/* A program that holds the schema, and prints it. The Makefile and CMakeLists.txt compile it again
 * when schema.sql has other bytes. SCHEMA is the path of that file. The directives are those of the
 * GNU assembler for ELF, which gcc and clang know. */
#include <stdio.h>

__asm__(".pushsection .rodata\n"
        ".global schema_begin, schema_end\n"
        "schema_begin: .incbin \"" SCHEMA "\"\n"
        "schema_end:\n"
        ".popsection\n");
extern const char schema_begin[], schema_end[];

int main(void) {
    fwrite(schema_begin, 1, (size_t)(schema_end - schema_begin), stdout);
    return fflush(stdout) != 0 || ferror(stdout) != 0;
}
