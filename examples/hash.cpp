// Prints the digest of the SQL files below a directory, as `confiture hash` does, with exceptions
// for errors, and with a list of files that frees itself.
//     c++ -std=c++11 -I. examples/hash.cpp -o hash -pthread && ./hash db/schema
#define CONFITURE_IMPLEMENTATION
#include "confiture.h"
#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

struct FreeFiles {
    void operator()(confiture_files *files) const { confiture_files_free(files); }
};
using Files = std::unique_ptr<confiture_files, FreeFiles>;

static Files find(const std::string &directory) {
    confiture_files *files = nullptr;
    confiture_error error;
    if (confiture_find(&files, directory.c_str(), nullptr, &error))
        throw std::runtime_error(error.message);
    return Files(files);
}

static std::string hash(const Files &files) {
    confiture_digest digest;
    confiture_error error;
    if (confiture_hash(&digest, files.get(), nullptr, &error))
        throw std::runtime_error(error.message);
    return digest.hex;
}

int main(int argc, char **argv) {
    const std::string directory = argc > 1 ? argv[1] : "db/schema";
    try {
        if (!(std::cout << hash(find(directory)) << "  " << directory << std::endl))
            throw std::runtime_error("standard output cannot be written");
    } catch (const std::exception &error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}
