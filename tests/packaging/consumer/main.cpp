// The C program's twin: the library is implemented in another file.
#include <confiture.h>
#include <iostream>
#include <memory>

int main(int argc, char **argv) {
    confiture_files *found = nullptr;
    confiture_schema schema = {};
    confiture_build_options options = {};
    confiture_error error;
    options.run.threads = 2;
    if (argc != 2 || confiture_find(&found, argv[1], nullptr, &error)) {
        std::cerr << (argc != 2 ? "expected DIR" : error.message) << '\n';
        return 1;
    }
    std::unique_ptr<confiture_files, void (*)(confiture_files *)> files(found,
                                                                        confiture_files_free);
    if (confiture_build(&schema, files.get(), &options, &error)) {
        std::cerr << error.message << '\n';
        return 1;
    }
    std::cout << confiture_version() << ' ' << schema.size << ' ' << schema.digest_hex << '\n';
    confiture_schema_free(&schema);
    return 0;
}
