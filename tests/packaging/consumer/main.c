/* A program as a stranger writes it: the library is implemented in another file. */
#include <confiture.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
    confiture_files *files = NULL;
    confiture_schema schema;
    confiture_build_options options;
    confiture_error error;
    memset(&schema, 0, sizeof schema);
    memset(&options, 0, sizeof options);
    options.run.threads = 2;
    if (argc != 2 || confiture_find(&files, argv[1], NULL, &error) ||
        confiture_build(&schema, files, &options, &error)) {
        fprintf(stderr, "%s\n", argc != 2 ? "expected DIR" : error.message);
        confiture_files_free(files);
        return 1;
    }
    printf("%s %lu %s\n", confiture_version(), (unsigned long)schema.size, schema.digest_hex);
    confiture_schema_free(&schema);
    confiture_files_free(files);
    return 0;
}
