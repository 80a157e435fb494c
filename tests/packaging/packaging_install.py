"""make install, make uninstall, make deb. Run by packaging.py."""

import os
import shutil
import stat

from packaging_base import INSTALLED, REPOSITORY, PackagingTest, files_below, \
    readme_install, version
import packaging_base


class Install(PackagingTest):
    def setUp(self):
        super().setUp()
        self.need("make")

    def test_each_file_has_its_place_below_destdir_and_prefix(self):
        self.install(f"DESTDIR={self.dir}/a stage", "PREFIX=/opt/my own", "CC=false")
        self.assertEqual(files_below(self.dir / "a stage" / "opt" / "my own"), INSTALLED)
        self.assertEqual(len(files_below(self.dir / "a stage")), len(INSTALLED))

    def test_the_commands_of_the_readme(self):
        """As written, except that PREFIX in the environment is another."""
        lines = [line for line in readme_install() if line.startswith("    make ")]
        self.assertEqual([line.split()[1] for line in lines], ["install", "uninstall", "deb"])
        for line in lines:
            if "deb" in line.split() and not shutil.which("dpkg-shlibdeps"):
                continue
            self.make("--version")
            self.run_program("sh", "-ec", line, cwd=self.made, PREFIX=self.dir / "p")
            here = files_below(self.dir / "p") if (self.dir / "p").exists() else {}
            self.assertEqual(here, INSTALLED if line.split()[1] == "install" else {})

    def test_everyone_can_read_what_a_careful_root_installs(self):
        old = os.umask(0o077)
        try:
            self.install(f"PREFIX={self.dir}/p")
        finally:
            os.umask(old)
        for name, runs in INSTALLED.items():
            mode = stat.S_IMODE((self.dir / "p" / name).stat().st_mode)
            self.assertEqual(mode, 0o755 if runs else 0o644, name)

    def test_what_is_installed_is_what_was_built(self):
        self.install(f"PREFIX={self.dir}/p")
        prefix = self.dir / "p"
        for name, original in (("bin/confiture", packaging_base.COMMAND),
                               ("include/confiture.h", REPOSITORY / "confiture.h"),
                               ("share/doc/confiture/LICENSE", REPOSITORY / "LICENSE")):
            with open(original, "rb") as file:
                self.assertEqual((prefix / name).read_bytes(), file.read(), name)
        for name, topic in (("share/man/man1/confiture.1", "man"),
                            ("share/bash-completion/completions/confiture", "bash"),
                            ("share/zsh/site-functions/_confiture", "zsh"),
                            ("share/fish/vendor_completions.d/confiture.fish", "fish")):
            self.assertEqual((prefix / name).read_text(),
                             self.run_program(packaging_base.COMMAND, "help", topic), name)

    def test_uninstall_leaves_nothing_of_ours_and_all_of_others(self):
        words = [f"DESTDIR={self.dir}/stage", "PREFIX=/usr"]
        usr = self.dir / "stage" / "usr"
        self.install(*words)
        (usr / "bin" / "other").write_text("another program")
        self.assertEqual(self.make("uninstall", *words).returncode, 0)
        self.assertEqual(files_below(usr), {"bin/other": False})
        for folder in ("share/doc/confiture", "share/cmake/confiture"):
            self.assertFalse((usr / folder).exists(), folder)
        self.assertTrue((usr / "share" / "man" / "man1").is_dir())
        self.install(*words)
        (usr / "share" / "doc" / "confiture" / "notes").write_text("a stranger's")
        done = self.make("uninstall", *words)
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"not empty: ", done.stdout)
        self.assertEqual(files_below(usr), {"bin/other": False,
                                            "share/doc/confiture/notes": False})
        self.assertEqual(self.make("uninstall", *words).returncode, 0)

    def test_each_place_can_be_another(self):
        places = {"BINDIR": "confiture", "INCLUDEDIR": "confiture.h", "MANDIR": "man1/confiture.1",
                  "DOCDIR": "LICENSE", "PKGCONFIGDIR": "confiture.pc",
                  "CMAKEDIR": "confitureConfig.cmake", "BASHDIR": "confiture",
                  "ZSHDIR": "_confiture", "FISHDIR": "confiture.fish"}
        words = [f"PREFIX={self.dir}/p", *(f"{name}={self.dir}/in {name}" for name in places)]
        self.install(*words)
        for name, file in places.items():
            self.assertTrue((self.dir / f"in {name}" / file).is_file(), name)
        self.assertFalse((self.dir / "p").exists())
        self.assertIn(f"includedir={self.dir}/in INCLUDEDIR\n",
                      (self.dir / "in PKGCONFIGDIR" / "confiture.pc").read_text())
        self.assertEqual(self.make("uninstall", *words).returncode, 0)
        self.assertEqual(files_below(self.dir / "in CMAKEDIR") if
                         (self.dir / "in CMAKEDIR").exists() else {}, {})

    def test_a_name_that_a_shell_or_a_build_system_would_change_is_refused(self):
        for character in "'\"\\`#$":
            for variable in ("PREFIX", "DESTDIR", "BINDIR", "CMAKEDIR"):
                folder = f"{self.dir}/a{character}b".replace("$", "$$")
                for target in ("install", "uninstall"):
                    with self.subTest(character, variable=variable, target=target):
                        done = self.make(target, f"PREFIX={self.dir}/p", f"{variable}={folder}")
                        self.assertEqual(done.returncode, 2, done.stdout.decode())
                        self.assertIn(f"a folder has the character {character} in its name".encode(),
                                      done.stdout)
        self.assertEqual({path.name for path in self.dir.iterdir()}, {"a build place"})

    def test_the_flags_of_a_packager_reach_the_compiler(self):
        compiler = self.dir / "our-cc"
        compiler.write_text('#!/bin/sh\nprintf "%s\\n" "$@" >"$CC_LOG"\n')
        compiler.chmod(0o755)
        log = self.dir / "log"
        done = self.attempt("make", "CC=our-cc", "CPPFLAGS=-DA=1", "CFLAGS=-O1 -g",
                            "LDFLAGS=-Wl,-z,now", "LDLIBS=-lm",
                            cwd=self.sources(), CC_LOG=log,
                            PATH=f"{self.dir}:{os.environ['PATH']}")
        self.assertEqual(done.returncode, 0, done.stdout.decode())
        words = log.read_text().splitlines()
        for word in ("-DA=1", "-O1", "-g", "-Wl,-z,now", "-lm"):
            self.assertIn(word, words)
        self.assertNotIn("-O2", words)

    def test_a_command_for_another_machine_needs_one_for_this(self):
        self.make("--version")
        (self.made / "confiture").write_bytes(b"\x7fELF not for this machine")
        done = self.make("install", f"PREFIX={self.dir}/p")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"'./confiture' does not run on this machine", done.stdout)
        self.assertFalse((self.dir / "p").exists())
        old = self.dir / "old"
        old.write_text("#!/bin/sh\necho 'confiture 0.0.9 (sha256: portable)'\n")
        old.chmod(0o755)
        done = self.make("install", f"PREFIX={self.dir}/p", f"NATIVE='{old}'")
        self.assertIn(f"as confiture {version()}: expected one that does".encode(), done.stdout)
        self.assertFalse((self.dir / "p").exists())
        self.install(f"PREFIX={self.dir}/p", f"NATIVE='{packaging_base.COMMAND}'")
        self.assertEqual(files_below(self.dir / "p"), INSTALLED)
        self.assertTrue((self.dir / "p/bin/confiture").read_bytes().startswith(b"\x7fELF not"))


class Debian(PackagingTest):
    def test_the_package_holds_what_debian_expects_and_installs(self):
        self.need("make", "dpkg-deb", "dpkg-shlibdeps")
        done = self.make("deb", SOURCE_DATE_EPOCH="1700000000")
        self.assertEqual(done.returncode, 0, done.stdout.decode())
        package, = (self.made / "build").glob("*.deb")
        fields = self.run_program("dpkg-deb", "--field", package)
        for line in ("Package: confiture\n", f"Version: {version()}\n", "Depends: libc6 (>= 2."):
            self.assertIn(line, fields)
        root = self.dir / "root"
        self.run_program("dpkg-deb", "--extract", package, root)
        wanted = dict(INSTALLED)
        del wanted["share/doc/confiture/LICENSE"], wanted["share/man/man1/confiture.1"]
        self.assertEqual(files_below(root / "usr"),
                         {**wanted, "share/doc/confiture/copyright": False,
                          "share/man/man1/confiture.1.gz": False})
        self.assertEqual(len(files_below(root)), len(wanted) + 2)
        self.check_hash(root / "usr" / "bin" / "confiture")
        self.assertNotIn(b"/confiture packaging ", b"".join(
            path.read_bytes() for path in root.rglob("*") if path.is_file()))
        listing = self.run_program("dpkg-deb", "--contents", package)
        self.assertEqual({line.split()[1] for line in listing.splitlines()}, {"root/root"})
        self.assertIn("2023-11-14", listing)
        first = package.read_bytes()
        self.assertEqual(self.make("deb", SOURCE_DATE_EPOCH="1700000000").returncode, 0)
        self.assertEqual(package.read_bytes(), first)

    def test_the_package_is_the_same_whoever_makes_it(self):
        """A careful umask, a folder that hands down its group, other places of make install."""
        self.need("make", "dpkg-deb", "dpkg-shlibdeps")
        folder = self.dir / "inherits"
        folder.mkdir()
        folder.chmod(0o2755)
        old = os.umask(0o077)
        try:
            done = self.make("deb", f"BUILD={folder}", "MANDIR=/else/man", "DESTDIR=/else",
                             DEBEMAIL="someone@example.org", DEBFULLNAME="Some One",
                             BINDIR="/else/bin")
        finally:
            os.umask(old)
        self.assertEqual(done.returncode, 0, done.stdout.decode())
        package, = folder.glob("*.deb")
        self.assertIn("\nMaintainer: Some One <someone@example.org>\n",
                      self.run_program("dpkg-deb", "--field", package))
        modes = {line.split()[0] for line in
                 self.run_program("dpkg-deb", "--contents", package).splitlines()}
        self.assertEqual(modes, {"drwxr-xr-x", "-rwxr-xr-x", "-rw-r--r--"})
        names = self.run_program("dpkg-deb", "--contents", package)
        self.assertIn(" ./usr/share/man/man1/confiture.1.gz\n", names)
        self.assertNotIn("else", names)

    def check_hash(self, command):
        tree = packaging_base.TREE
        self.assertEqual(self.run_program(command, "hash", tree),
                         self.run_program(packaging_base.COMMAND, "hash", tree))

    def test_dpkg_itself_installs_and_removes_it(self):
        self.need("make", "dpkg-deb", "dpkg-shlibdeps", "dpkg")
        if os.geteuid() != 0:
            self.skipTest("dpkg wants root")
        self.assertEqual(self.make("deb").returncode, 0)
        package, = (self.made / "build").glob("*.deb")
        root = self.dir / "root"
        (root / "var/lib/dpkg/info").mkdir(parents=True)
        (root / "var/lib/dpkg/updates").mkdir()
        (root / "var/lib/dpkg/status").touch()
        dpkg = ["dpkg", f"--root={root}", "--force-not-root", "--force-depends",
                "--force-bad-path", "--log=/dev/null"]
        self.run_program(*dpkg, "--install", package)
        self.check_hash(root / "usr/bin/confiture")
        self.run_program(*dpkg, "--purge", "confiture")
        self.assertFalse((root / "usr/bin/confiture").exists())
        self.assertEqual(files_below(root / "usr") if (root / "usr").exists() else {}, {})
