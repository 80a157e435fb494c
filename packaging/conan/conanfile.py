"""confiture.h as a Conan 2 package: conan create packaging/conan

Conan itself has not run it; tests/packaging/ runs its methods with stand-ins for Conan's.
"""

import os

from conan import ConanFile
from conan.tools.files import copy


class Confiture(ConanFile):
    name = "confiture"
    version = "0.2.0"
    license = "MIT"
    description = "One schema and one digest from a tree of SQL files, as a single header"
    package_type = "header-library"
    settings = "os"
    no_copy_source = True

    def export_sources(self):
        root = os.path.join(self.recipe_folder, "..", "..")
        for name in ("confiture.h", "LICENSE"):
            copy(self, name, root, self.export_sources_folder)

    def package_id(self):
        self.info.clear()

    def package(self):
        copy(self, "confiture.h", self.source_folder, os.path.join(self.package_folder, "include"))
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))

    def package_info(self):
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        if self.settings.os in ("Linux", "FreeBSD"):
            self.cpp_info.system_libs = ["pthread"]
