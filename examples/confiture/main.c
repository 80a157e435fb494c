/* confiture: one schema and one digest from a tree of SQL files.
 *     cc -O2 -I. examples/confiture/[a-z]*.c -o confiture -pthread
 * This file implements confiture.h for the others. */
#define CONFITURE_IMPLEMENTATION
#include "command.h"

static int run(const struct options *options) {
    confiture_files *files = NULL;
    int code = input_find(&files, options);
    if (!code) {
        switch (options->command) {
        case COMMAND_BUILD: code = run_build(options, files); break;
        case COMMAND_HASH: code = run_hash(options, files); break;
        case COMMAND_LIST: code = run_list(options, files); break;
        default: code = run_check(options, files); break;
        }
    }
    confiture_files_free(files);
    explain_free();
    return code;
}

int main(int argc, char **argv) {
    const struct options *options;
    int code;
    system_start(&argc, &argv);
    options = options_parse(argc, argv);
    if (options->command == COMMAND_LOCATE) code = run_locate(options);
    else if (options->command == COMMAND_DIFF) code = run_diff(options);
    else code = options->hash_check ? run_hash_check(options) : run(options);
    progress_erase();
    put_flush();
    return code;
}
