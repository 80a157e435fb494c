"""The files of packaging/ and the version that all of them name. Run by packaging.py."""

import json
import re
import shutil
import sys

from packaging_base import REPOSITORY, PackagingTest, files_below, version

# What vcpkg gives to a portfile, as far as the port uses it.
VCPKG = """\
cmake_minimum_required(VERSION 3.14)
set(CURRENT_PACKAGES_DIR "${PACKAGES}")
function(vcpkg_check_features)
  set(FEATURE_OPTIONS -DCONFITURE_COMMAND=OFF PARENT_SCOPE)
  if("tool" IN_LIST FEATURES)
    set(FEATURE_OPTIONS -DCONFITURE_COMMAND=ON PARENT_SCOPE)
  endif()
endfunction()
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE code OUTPUT_QUIET)
  if(code)
    message(FATAL_ERROR "${ARGV}: ${code}")
  endif()
endfunction()
function(vcpkg_cmake_configure)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "SOURCE_PATH" "OPTIONS")
  run(${CMAKE_COMMAND} -G Ninja -S "${arg_SOURCE_PATH}" -B "${BUILD}" -DCMAKE_BUILD_TYPE=None
      "-DCMAKE_INSTALL_PREFIX=${PACKAGES}" ${arg_OPTIONS})
endfunction()
function(vcpkg_cmake_install)
  run(${CMAKE_COMMAND} --build "${BUILD}")
  run(${CMAKE_COMMAND} --install "${BUILD}")
endfunction()
function(vcpkg_copy_tools)
  cmake_parse_arguments(PARSE_ARGV 0 arg "AUTO_CLEAN" "" "TOOL_NAMES")
  foreach(tool ${arg_TOOL_NAMES})
    file(COPY "${PACKAGES}/bin/${tool}" DESTINATION "${PACKAGES}/tools/confiture")
    file(REMOVE "${PACKAGES}/bin/${tool}")
  endforeach()
endfunction()
function(vcpkg_install_copyright)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "FILE_LIST")
  file(COPY ${arg_FILE_LIST} DESTINATION "${PACKAGES}/share/confiture")
endfunction()
include("${PORT}/portfile.cmake")
"""

# What Conan gives to a recipe, as far as this one uses it.
CONAN = """\
import os, shutil, sys, types
def copy(recipe, pattern, source, target):
    os.makedirs(target, exist_ok=True)
    shutil.copy(os.path.join(source, pattern), target)
class ConanFile: pass
files = types.ModuleType("conan.tools.files")
files.copy = copy
conan = types.ModuleType("conan")
conan.ConanFile = ConanFile
sys.modules.update({"conan": conan, "conan.tools": types.ModuleType("conan.tools"),
                    "conan.tools.files": files})
folder, work = sys.argv[1:]
sys.dont_write_bytecode = True
sys.path.insert(0, folder)
from conanfile import Confiture
recipe = Confiture()
recipe.recipe_folder = folder
recipe.export_sources_folder = recipe.source_folder = os.path.join(work, "source")
recipe.package_folder = os.path.join(work, "package")
recipe.info = types.SimpleNamespace(clear=lambda: None)
recipe.settings = types.SimpleNamespace(os="Linux")
recipe.cpp_info = types.SimpleNamespace()
recipe.export_sources()
recipe.package_id()
recipe.package()
recipe.package_info()
print(recipe.name, recipe.version, *recipe.cpp_info.system_libs)
"""


class Version(PackagingTest):
    def test_all_files_name_the_same_version(self):
        self.run_program(sys.executable, REPOSITORY / "tools" / "version.py", "--check")

    def test_a_copy_that_is_another_is_named(self):
        copy = self.copy_of_all()
        text = (copy / "meson.build").read_text()
        (copy / "meson.build").write_text(text.replace(f"'{version()}'", "'7.8.9'"))
        done = self.attempt(sys.executable, copy / "tools" / "version.py", "--check")
        self.assertEqual((done.returncode, done.stdout.decode()),
                         (1, f"meson.build: 7.8.9: expected {version()}\n"))

    def test_one_command_writes_it_everywhere(self):
        copy = self.copy_of_all()
        tool = copy / "tools" / "version.py"
        done = self.attempt(sys.executable, tool, "7.89.10")
        self.assertEqual((done.returncode, done.stdout.decode()),
                         (1, "CHANGELOG.md: expected a heading '## [7.89.10] - YYYY-MM-DD'\n"))
        self.run_program(sys.executable, tool, "--check")
        log = copy / "CHANGELOG.md"
        log.write_text(log.read_text().replace(
            "## [Unreleased]\n", "## [Unreleased]\n\n## [7.89.10] - 2031-02-03\n\nThe news.\n"))
        self.run_program(sys.executable, tool, "7.89.10")
        self.run_program(sys.executable, tool, "--check")
        self.assertEqual(self.run_program(sys.executable, tool), "7.89.10\n")
        self.assertEqual(self.run_program(sys.executable, tool, "--notes"), "The news.\n")
        self.assertIn("\"February 3, 2031\"", (copy / "examples/confiture/man.c").read_text())
        config = (copy / "src/public/config.h").read_text()
        for name, number in (("MAJOR", 7), ("MINOR", 89), ("PATCH", 10)):
            self.assertIn(f"#define CONFITURE_VERSION_{name} {number}\n", config)
        done = self.attempt(sys.executable, tool, "7.8")
        self.assertEqual(done.returncode, 2)

    def copy_of_all(self):
        """The files that tools/version.py knows, and itself."""
        copy = self.sources()
        for name in ("CHANGELOG.md", "tools/version.py", "examples/python/pyproject.toml",
                     "examples/python/src/confiture_native/__init__.py"):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, copy / name)
        return copy

    def test_the_changelog_has_its_form(self):
        text = (REPOSITORY / "CHANGELOG.md").read_text()
        headings = re.findall(r"^## (.*)$", text, re.M)
        self.assertEqual(headings[0], "[Unreleased]")
        released = [re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d", heading)[1]
                    for heading in headings[1:]]
        self.assertEqual(released[0], version())
        for heading in re.findall(r"^### (.*)$", text, re.M):
            self.assertIn(heading, "Added Changed Deprecated Removed Fixed Security".split())


class Ports(PackagingTest):
    def test_the_vcpkg_port_installs_with_stand_ins_for_vcpkg(self):
        self.need("cmake", "ninja", "cc")
        source = self.sources()
        port = source / "packaging" / "vcpkg" / "confiture"
        manifest = json.loads((port / "vcpkg.json").read_text())
        self.assertEqual((manifest["name"], manifest["version"]), ("confiture", version()))
        (self.dir / "vcpkg.cmake").write_text(VCPKG)
        for features, extra in (("", set()), ("tool", {
                "tools/confiture/confiture", "share/man/man1/confiture.1",
                "share/bash-completion/completions/confiture",
                "share/zsh/site-functions/_confiture",
                "share/fish/vendor_completions.d/confiture.fish"})):
            packages = self.dir / ("packages" + features)
            self.run_program("cmake", f"-DPACKAGES={packages}", f"-DPORT={port}",
                             f"-DBUILD={self.dir}/b{features}", f"-DFEATURES={features}",
                             "-P", "vcpkg.cmake")
            self.assertEqual(set(files_below(packages)), extra | {
                "include/confiture.h", "share/confiture/LICENSE", "share/pkgconfig/confiture.pc",
                "share/cmake/confiture/confitureConfig.cmake",
                "share/cmake/confiture/confitureConfigVersion.cmake"})

    def test_the_conan_recipe_packs_the_header_with_stand_ins_for_conan(self):
        (self.dir / "conan.py").write_text(CONAN)
        text = self.run_program(sys.executable, "conan.py", REPOSITORY / "packaging" / "conan",
                                self.dir)
        self.assertEqual(text, f"confiture {version()} pthread\n")
        self.assertEqual(set(files_below(self.dir / "package")),
                         {"include/confiture.h", "licenses/LICENSE"})
