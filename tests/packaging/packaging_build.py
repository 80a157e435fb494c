"""Projects of strangers find, compile and run the library. Run by packaging.py."""

import os
import re
import shutil

from packaging_base import CONSUMER, REPOSITORY, PackagingTest, readme_blocks, \
    readme_install, version
import packaging_base


class Compiler(PackagingTest):
    def test_a_copied_header_is_all_that_is_needed(self):
        self.need("cc", "c++")
        for name in ("main.c", "implementation.c", "main.cpp", "implementation.cpp"):
            shutil.copy(CONSUMER / name, self.dir / name)
        shutil.copy(REPOSITORY / "confiture.h", self.dir / "confiture.h")
        warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I."]
        self.run_program("cc", "-std=c99", *warnings, "main.c", "implementation.c", "-o", "in_c",
                         "-pthread")
        self.run_program("c++", "-std=c++11", *warnings, "main.cpp", "implementation.cpp", "-o",
                         "in_cpp", "-pthread")
        self.check_consumer(self.dir / "in_c", self.dir / "in_cpp")

    def test_pkg_config_names_the_flags(self):
        """Also where DESTDIR is a root of its own."""
        self.need("make", "cc", "pkg-config")
        self.install(f"PREFIX={self.dir}/a prefix")
        self.install(f"DESTDIR={self.dir}/stage", "PREFIX=/usr")
        pc = "share/pkgconfig"
        for name, place, environment in (
                ("in_prefix", "a prefix", {}),
                ("in_stage", "stage/usr", {"PKG_CONFIG_SYSROOT_DIR": f"{self.dir}/stage"})):
            with self.subTest(name):
                environment["PKG_CONFIG_PATH"] = self.dir / place / "share" / "pkgconfig"
                self.assertEqual(self.run_program("pkg-config", "--modversion", "confiture",
                                                  **environment).strip(), version())
                line, asked = re.search(r"^    (cc .*)\$\((pkg-config .*)\)$",
                                        "".join(readme_install()), re.M).groups()
                flags = self.run_program(*asked.split(), **environment)
                for file in ("main.c", "implementation.c"):
                    line = line.replace(file, f"{CONSUMER}/{file}")
                self.run_program("sh", "-c", f"{line} {flags}")
                self.check_consumer(self.dir / "program")

    def test_pkg_config_names_the_folder_however_it_is_called(self):
        self.need("make", "pkg-config")
        for name, words in (
                ("R&D | us", [f"PREFIX={self.dir}/R&D | us"]),
                ("no prefix", [f"DESTDIR={self.dir}/no prefix", "PREFIX="]),
                ("x/usr", [f"DESTDIR={self.dir}/x", "PREFIX=/usr", "INCLUDEDIR=/opt/usr/include"])):
            with self.subTest(name):
                self.install(*words)
                text = (self.dir / name / "share/pkgconfig/confiture.pc").read_text()
                flags = self.run_program("pkg-config", "--variable=includedir", "confiture",
                                         PKG_CONFIG_PATH=self.dir / name / "share/pkgconfig")
                wanted = {"R&D | us": f"{self.dir}/R&D | us/include", "no prefix": "/include",
                          "x/usr": "/opt/usr/include"}[name]
                self.assertEqual(flags.strip().replace("\\", ""), wanted, text)


class CMake(PackagingTest):
    def setUp(self):
        super().setUp()
        self.need("cmake", "ninja", "cc", "c++")

    def configure(self, languages, build="a build", source=CONSUMER, **settings):
        words = [f"-D{name}={value}" for name, value in settings.items()]
        return self.attempt("cmake", "-G", "Ninja", "-S", source, "-B", self.dir / build,
                            f"-DLANGUAGES={languages}", "-DCMAKE_BUILD_TYPE=None", *words)

    def consume(self, languages, **settings):
        done = self.configure(languages, **settings)
        self.assertEqual(done.returncode, 0, done.stdout.decode())
        self.run_program("cmake", "--build", self.dir / "a build")
        programs = {"C": "c_consumer", "CXX": "cpp_consumer"}
        self.check_consumer(*(self.dir / "a build" / programs[language]
                              for language in languages.split(";")))

    def test_find_package_after_make_install(self):
        self.install(f"PREFIX={self.dir}/a prefix")
        self.consume("C;CXX", CMAKE_PREFIX_PATH=self.dir / "a prefix", WANTED=version())

    def test_find_package_below_destdir(self):
        self.install(f"DESTDIR={self.dir}/a stage", "PREFIX=/usr/local")
        self.consume("CXX", CMAKE_PREFIX_PATH=self.dir / "a stage" / "usr" / "local")

    def test_find_package_with_the_header_elsewhere(self):
        self.install(f"PREFIX={self.dir}/p", f"INCLUDEDIR={self.dir}/headers")
        self.consume("C", CMAKE_PREFIX_PATH=self.dir / "p")

    def header(self, folder):
        """The header that the package in a folder names."""
        project = self.dir / "asks"
        shutil.rmtree(project, ignore_errors=True)
        project.mkdir()
        (project / "FindThreads.cmake").write_text("set(Threads_FOUND TRUE)\n")
        (project / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.14)\nproject(asks LANGUAGES NONE)\n"
            "add_library(Threads::Threads INTERFACE IMPORTED)\n"
            "set(CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR})\n"
            "find_package(confiture REQUIRED)\n"
            "get_target_property(folder confiture::confiture INTERFACE_INCLUDE_DIRECTORIES)\n"
            'message(STATUS "header: ${folder}/confiture.h")\n')
        text = self.run_program("cmake", "-G", "Ninja", "-S", project, "-B", project / "b",
                                f"-Dconfiture_DIR={folder}")
        return text.partition("header: ")[2].partition("\n")[0]

    def test_find_package_wherever_the_package_is(self):
        p = self.dir / "p"
        for words in ([f"CMAKEDIR={p}/lib/x86_64-linux-gnu/cmake/confiture"],
                      [f"CMAKEDIR={p}/lib/cmake/confiture"], [f"DATADIR={p}/share/more"],
                      [f"CMAKEDIR={self.dir}/confiture"],
                      [f"PREFIX={p}/", f"CMAKEDIR={p}/share/cmake/confiture"]):
            with self.subTest(words):
                shutil.rmtree(p, ignore_errors=True)
                self.install(f"PREFIX={p}", *words)
                config, = self.dir.rglob("confitureConfig.cmake")
                self.assertEqual(os.path.realpath(self.header(config.parent)),
                                 os.path.realpath(p / "include" / "confiture.h"))
                config.unlink()

    def test_find_package_with_a_header_folder_that_only_holds_the_name_of_the_prefix(self):
        self.install("PREFIX=/usr", "INCLUDEDIR=/opt/usr/include", f"DESTDIR={self.dir}/stage")
        self.assertEqual(self.header(self.dir / "stage/usr/share/cmake/confiture"),
                         "/opt/usr/include/confiture.h")

    def test_its_own_install_goes_to_the_prefix_that_is_named_last(self):
        source = self.sources()
        for datadir in ("share", "share/more", f"{self.dir}/data"):
            with self.subTest(datadir):
                prefix = self.dir / "the last"
                shutil.rmtree(prefix, ignore_errors=True)
                done = self.configure("", "a build", source, CONFITURE_COMMAND="OFF",
                                      CMAKE_INSTALL_PREFIX=prefix if datadir[0] == "/" else "/first",
                                      CMAKE_INSTALL_DATADIR=datadir)
                self.assertEqual(done.returncode, 0, done.stdout.decode())
                self.run_program("cmake", "--install", self.dir / "a build", "--prefix", prefix)
                data = prefix / datadir
                self.assertEqual(self.header(data / "cmake" / "confiture"),
                                 f"{prefix}/include/confiture.h")
                self.assertEqual((data / "pkgconfig" / "confiture.pc").read_text().splitlines()[:2],
                                 [f"prefix={prefix}", "includedir=${prefix}/include"])
                self.assertTrue((prefix / "include" / "confiture.h").is_file())

    def test_find_package_refuses_another_version(self):
        self.install(f"PREFIX={self.dir}/p")
        major, minor, patch = map(int, version().split("."))
        good = [f"{major}.{minor}", version(), f"{version()} EXACT", f"{major}.{minor}...99.0",
                f"0.0...{version()}", ""]
        bad = [f"{major}.{minor + 1}", f"{major + 1}.0", f"{major}.{minor}.{patch + 1}",
               f"0.0...<{version()}", f"{major}.{minor}.{patch + 1}...99.0"]
        bad += [f"{major}.{minor - 1}"] if major == 0 else []
        project = self.dir / "a project"
        project.mkdir()
        (project / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.19)\nproject(versions C)\n" + "".join(
                f"unset(confiture_DIR CACHE)\nfind_package(confiture {wanted} QUIET)\n"
                f'message(STATUS "[{wanted}] ${{confiture_FOUND}}")\n' for wanted in good + bad))
        done = self.configure("C", source=project, CMAKE_PREFIX_PATH=self.dir / "p")
        for wanted in good + bad:
            self.assertIn(f"[{wanted}] {int(wanted in good)}\n", done.stdout.decode())

    def test_add_subdirectory_in_a_c_project(self):
        self.consume("C", HOW="add_subdirectory", CONFITURE=self.sources())

    def test_fetch_content_in_a_cpp_project(self):
        self.consume("CXX", HOW="FetchContent", CONFITURE=self.sources())

    def test_a_subproject_adds_no_command_and_installs_nothing(self):
        done = self.configure("C", HOW="add_subdirectory", CONFITURE=self.sources())
        self.assertEqual(done.returncode, 0, done.stdout.decode())
        self.assertNotIn("confiture-command",
                         self.run_program("cmake", "--build", self.dir / "a build", "--target",
                                          "help"))
        self.run_program("cmake", "--install", self.dir / "a build", "--prefix", self.dir / "p")
        self.assertFalse((self.dir / "p").exists())

    def test_its_own_install_copies_what_make_copies(self):
        prefix = self.dir / "a prefix"
        done = self.configure("", source=self.sources(), CMAKE_INSTALL_PREFIX=prefix)
        self.assertEqual(done.returncode, 0, done.stdout.decode())
        self.run_program("cmake", "--build", self.dir / "a build")
        self.run_program("cmake", "--install", self.dir / "a build")
        self.check_same_as_make(prefix)

    def test_a_cross_build_has_no_manual_page_unless_a_native_command_is_named(self):
        self.need("aarch64-linux-gnu-gcc")
        cross = {"CMAKE_SYSTEM_NAME": "Linux", "CMAKE_SYSTEM_PROCESSOR": "aarch64",
                 "CMAKE_C_COMPILER": "aarch64-linux-gnu-gcc"}
        source = self.sources()
        done = self.configure("", "x", source, CMAKE_INSTALL_PREFIX=self.dir / "p", **cross)
        self.assertIn(b"no manual page and no completions without CONFITURE_NATIVE", done.stdout)
        done = self.configure("", "y", source, CMAKE_INSTALL_PREFIX=self.dir / "p",
                              CONFITURE_NATIVE=packaging_base.COMMAND, **cross)
        self.assertEqual(done.returncode, 0, done.stdout.decode())
        self.run_program("cmake", "--build", self.dir / "y", "--target", "confiture-man")
        self.assertEqual((self.dir / "y/packaging/man/confiture.1").read_text(),
                         self.run_program(packaging_base.COMMAND, "help", "man"))

    def test_the_readme_snippets(self):
        blocks = readme_blocks("cmake")
        self.assertEqual(len(blocks), 2)
        for number, block in enumerate(blocks):
            with self.subTest(block):
                project = self.dir / str(number)
                project.mkdir()
                for name in ("main.c", "implementation.c"):
                    shutil.copy(CONSUMER / name, project)
                (project / "CMakeLists.txt").write_text(
                    "cmake_minimum_required(VERSION 3.14)\nproject(program C)\n"
                    "add_executable(program main.c implementation.c)\n" + block)
                if "find_package" in block:
                    self.install(f"PREFIX={self.dir}/p")
                else:
                    os.rename(self.sources(), project / "confiture")
                done = self.configure("C", f"b{number}", project,
                                      CMAKE_PREFIX_PATH=self.dir / "p")
                self.assertEqual(done.returncode, 0, done.stdout.decode())
                self.run_program("cmake", "--build", self.dir / f"b{number}")
                self.check_consumer(self.dir / f"b{number}" / "program")


class Meson(PackagingTest):
    def setUp(self):
        super().setUp()
        self.need("meson", "ninja", "cc", "c++")

    def consume(self, languages, source=CONSUMER, **environment):
        self.run_program("meson", "setup", "--buildtype", "plain", f"-Dlanguages={languages}",
                         self.dir / "a build", source, **environment)
        self.run_program("ninja", "-C", self.dir / "a build")
        self.check_consumer(*(self.dir / "a build" / f"{language}_consumer"
                              for language in languages.split(",")))

    def subproject(self):
        shutil.copytree(CONSUMER, self.dir / "a project")
        (self.dir / "a project" / "subprojects").mkdir()
        os.rename(self.sources(), self.dir / "a project" / "subprojects" / "confiture")
        return self.dir / "a project"

    def test_a_dependency_that_is_installed(self):
        self.need("pkg-config")
        self.install(f"PREFIX={self.dir}/a prefix")
        self.consume("c,cpp", PKG_CONFIG_PATH=self.dir / "a prefix" / "share" / "pkgconfig")

    def test_a_subproject_of_a_c_project(self):
        self.consume("c", self.subproject())

    def test_a_subproject_of_a_cpp_project(self):
        self.consume("cpp", self.subproject())

    def test_its_own_install_copies_what_make_copies(self):
        prefix = self.dir / "a prefix"
        self.run_program("meson", "setup", "--prefix", prefix, "--buildtype", "plain",
                         self.dir / "a build", self.sources())
        self.run_program("ninja", "-C", self.dir / "a build")
        self.run_program("meson", "install", "-C", self.dir / "a build")
        self.check_same_as_make(prefix)

    def test_find_package_wherever_meson_puts_the_package(self):
        self.need("cmake")
        source = self.sources()
        (source / "examples/confiture/main.c").write_text("int main(void) { return 0; }\n")
        for old in (source / "examples/confiture").glob("*.c"):
            if old.name != "main.c":
                old.unlink()
        for number, datadir in enumerate(("share/more", f"{self.dir}/data")):
            with self.subTest(datadir):
                prefix = self.dir / f"p{number}"
                build = self.dir / f"b{number}"
                self.run_program("meson", "setup", "--prefix", prefix, "--datadir", datadir, build,
                                 source)
                self.run_program("meson", "install", "-C", build)
                self.assertEqual(CMake.header(self, prefix / datadir / "cmake" / "confiture"),
                                 f"{prefix}/include/confiture.h")

    def test_the_readme_snippet(self):
        block, = readme_blocks("meson")
        project = self.subproject()
        (project / "meson_options.txt").unlink()
        (project / "meson.build").write_text("project('program', 'c')\n" + block)
        self.run_program("meson", "setup", "--buildtype", "plain", self.dir / "b", project)
        self.run_program("ninja", "-C", self.dir / "b")
        self.check_consumer(self.dir / "b" / "program")
