/* A schema from the SQL files below db/schema, in about twenty lines.
 *     cc -I. examples/minimal.c -o minimal -pthread && ./minimal db/schema > schema.sql */
#define CONFITURE_IMPLEMENTATION
#include "confiture.h"
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
    const char *directory = argc > 1 ? argv[1] : "db/schema";
    confiture_files *files = NULL;
    confiture_schema schema;
    confiture_error error;
    memset(&schema, 0, sizeof schema);
    if (confiture_find(&files, directory, NULL, &error) ||
        confiture_build(&schema, files, NULL, &error)) {
        fprintf(stderr, "%s\n", error.message); /* db/schema/users.sql:12: comment never closed */
        confiture_files_free(files);
        return 1;
    }
    fwrite(schema.data, 1, schema.size, stdout);
    fprintf(stderr, "%zu files, %s\n", schema.file_count, schema.digest_hex);
    confiture_schema_free(&schema);
    confiture_files_free(files);
    return fflush(stdout) != 0 || ferror(stdout) != 0;
}
