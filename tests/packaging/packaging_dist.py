"""make dist, and the workflow that makes a release. Run by packaging.py.

Two clones of the working tree's state make a release each: one by the steps of release.yml, one by
hand, in a folder with a space, with another umask, time zone and locale.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

from packaging_base import INSTALLED, REPOSITORY, TREE, PackagingTest, environment, files_below, \
    version
import packaging_base

sys.path[:0] = [str(REPOSITORY / "tests"), str(REPOSITORY / "examples" / "python")]
import packing  # noqa: E402
import workflow_steps  # noqa: E402

COMMITTED = 1700000000  # the time of the first clone's commit
WORKFLOWS = REPOSITORY / ".github" / "workflows"
USE = """\
import sys
import confiture_native
print(confiture_native.HAS_NATIVE, confiture_native.SchemaBuilder(sys.argv[1]).compute_hash())
"""


def steps_of(name):
    """The steps of a workflow that are scripts."""
    text = (WORKFLOWS / name).read_text(encoding="utf-8")
    return {step.key("name"): step for step in workflow_steps.steps_of(text) if step.script}


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class Release(PackagingTest):
    @classmethod
    def setUpClass(cls):
        cls.problem = next((f"no {program} here" for program in ("git", "make", "cc", "sha256sum")
                            if not shutil.which(program)), None)
        cls.python = packing.builder()
        if not cls.python:
            cls.problem = f"no Python here has {packing.NEEDED}"
        if cls.problem:
            return
        cls.all = pathlib.Path(tempfile.mkdtemp(prefix="dist ", dir=packaging_base.ROOT))
        cls.clones()
        cls.service = workflow_steps.Service(str(cls.all), cls.python, str(cls.one),
                                             environment())
        cls.made = cls.service.run(steps_of("release.yml")["Make"])
        old = os.umask(0o077)
        try:
            (cls.two / "notes.txt").write_text("not tracked\n")
            cls.by_hand = subprocess.run(
                ["make", f"PYTHON={cls.python}", "dist"], cwd=cls.two, check=False,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                env=environment(SOURCE_DATE_EPOCH=COMMITTED, TZ="Asia/Tokyo", LC_ALL="C.UTF-8"))
        finally:
            os.umask(old)

    @classmethod
    def tearDownClass(cls):
        if not cls.problem:
            shutil.rmtree(cls.all)

    @classmethod
    def clones(cls):
        """What is not ignored is committed, elsewhere. The second clone has a later commit."""
        def git(*words, **variables):
            subprocess.run(["git", *map(str, words)], cwd=cls.all, check=True,
                           stdout=subprocess.PIPE, env=environment(**variables))

        def commit(time, *more):
            git(*origin, "-c", "user.name=A Tester", "-c", "user.email=tester@example.org",
                "commit", "-q", "-m", "the state", *more, GIT_COMMITTER_DATE=f"{time} +0000")

        cls.one, cls.two = cls.all / "one", cls.all / "the second"
        origin = [f"--git-dir={cls.all / 'origin'}", f"--work-tree={REPOSITORY}"]
        git("init", "-q", "--bare", cls.all / "origin")
        git(*origin, "add", "-A")
        commit(COMMITTED)
        git("clone", "-q", cls.all / "origin", cls.one)
        commit(COMMITTED + 86400, "--amend")
        old = os.umask(0o077)
        try:
            git("clone", "-q", cls.all / "origin", cls.two)
        finally:
            os.umask(old)

    def setUp(self):
        super().setUp()
        if self.problem:
            self.skipTest(self.problem)
        self.assertEqual(self.made.returncode, 0, self.made.stdout)
        self.assertEqual(self.by_hand.returncode, 0, self.by_hand.stdout.decode())
        self.dist = self.one / "build" / "dist"
        self.tarball = self.dist / f"confiture-{version()}.tar.gz"

    def unpacked(self):
        self.run_program("tar", "xzf", self.tarball)
        return self.dir / f"confiture-{version()}"

    def dist_of(self, folder, *words, **more):
        done = self.attempt("make", f"PYTHON={self.python}", "dist", *words, cwd=folder, **more)
        return done.returncode, done.stdout.decode()

    def check_refused(self, folder, message, **more):
        """make dist says so, and leaves what there was."""
        def files():
            return {path: path.read_bytes() for path in (folder / "build").rglob("*")
                    if path.is_file()}

        before = files()
        status, said = self.dist_of(folder, **more)
        self.assertEqual(status, 2, said)
        self.assertIn("\ndist: ", "\n" + said)
        self.assertIn(message, said)
        self.assertEqual(files(), before)

    def test_two_clones_give_the_same_bytes(self):
        one, two = contents(self.dist), contents(self.two / "build" / "dist")
        self.assertEqual(sorted(one), sorted(two))
        self.assertEqual([name for name in one if one[name] != two[name]], [])
        self.assertIn(b"dist: left out, as git does not track it: notes.txt\n",
                      self.by_hand.stdout)
        self.assertEqual(os.listdir(self.one / "build"), ["dist"])

    def test_it_holds_what_is_promised_and_the_sums_of_it(self):
        names = sorted(contents(self.dist))
        for pattern in (rf"confiture-{version()}\.tar\.gz", r"confiture\.h", "SHA256SUMS",
                        rf"confiture[_-]native-{version()}\.tar\.gz",
                        rf"confiture_native-{version()}-py3-none-any\.whl",
                        rf"confiture_native-{version()}-cp311-abi3-\w+\.whl"):
            self.assertEqual(len([n for n in names if re.fullmatch(pattern, n)]), 1, names)
        self.assertEqual(len(names), 6)
        lines = self.run_program("sha256sum", "-c", "--strict", "SHA256SUMS", cwd=self.dist)
        self.assertEqual(lines, "".join(f"{n}: OK\n" for n in names if n != "SHA256SUMS"))
        # Other tests compile it.
        self.assertEqual((self.dist / "confiture.h").read_bytes(),
                         (REPOSITORY / "confiture.h").read_bytes())

    def test_the_tarball_holds_what_git_has(self):
        tracked = self.run_program("git", "ls-files", "-s", cwd=self.one).splitlines()
        modes = {line.split("\t")[1]: int(line[3:6], 8) for line in tracked}
        top = f"confiture-{version()}/"
        with tarfile.open(self.tarball) as archive:
            members = {member.name[len(top):]: member for member in archive}
            self.assertEqual({name: member.mode for name, member in members.items()},
                             {**modes, "MANIFEST": 0o644})
            self.assertEqual({(m.name[:len(top)], m.type, m.uid, m.gid, m.uname, m.gname, m.mtime)
                              for m in members.values()},
                             {(top, tarfile.REGTYPE, 0, 0, "", "", COMMITTED)})
            for name in modes:
                self.assertEqual(archive.extractfile(members[name]).read(),
                                 (REPOSITORY / name).read_bytes(), name)
        self.run_program("sha256sum", "-c", "--strict", "--quiet", "MANIFEST", cwd=self.unpacked())

    def test_the_tarball_builds_installs_and_makes_itself_again(self):
        folder = self.unpacked()
        self.run_program("make", "demo", "check-amalgam", "CFLAGS=-O0", cwd=folder)
        self.run_program("make", "install", f"PREFIX={self.dir}/p", cwd=folder)
        self.assertEqual(files_below(self.dir / "p"), INSTALLED)
        self.assertEqual(self.run_program(self.dir / "p/bin/confiture", "hash", TREE),
                         self.run_program(packaging_base.COMMAND, "hash", TREE))
        # Without a compiler all but one wheel is made, and the sums of it.
        status, said = self.dist_of(folder, "CC=false")
        self.assertEqual(status, 0, said)
        self.assertIn("dist: no wheel with the extension", said)
        wanted, again = contents(self.dist), contents(folder / "build" / "dist")
        self.assertEqual([name for name in wanted if name not in again],
                         [name for name in wanted if "-abi3-" in name])
        self.assertEqual([name for name in again if again[name] != wanted[name]], ["SHA256SUMS"])
        (folder / "README.md").write_text("another\n")
        self.check_refused(folder, "README.md is not the one in MANIFEST: ")

    def test_the_python_packages_install_and_work(self):
        digest = self.run_program(packaging_base.COMMAND, "hash", TREE, "--bare")
        wheels = sorted(self.dist.glob("*.whl"))
        python = pathlib.Path(self.service.bin) / "python"
        for package, native, more in (
                (wheels[0], True, []), (wheels[1], False, []),
                (next(self.dist.glob("*native-*.tar.gz")), False, ["--no-build-isolation"])):
            with self.subTest(package.name):
                # The native wheel was itself built from the source distribution.
                self.run_program(python, "-m", "pip", "install", "--no-index", "--force-reinstall",
                                 *more, package, CONFITURE_NO_EXTENSION="1",
                                 PIP_DISABLE_PIP_VERSION_CHECK="1")
                self.assertEqual(self.run_program(python, "-c", USE, TREE), f"{native} {digest}")

    def test_a_change_that_is_not_committed_is_refused(self):
        text = (self.two / "README.md").read_bytes()
        self.addCleanup((self.two / "README.md").write_bytes, text)
        (self.two / "README.md").write_bytes(text + b"more\n")
        self.check_refused(self.two, "README.md has changes: expected all to be committed\n")

    def test_what_is_missing_is_named(self):
        # A setuptools that is too old, for every Python.
        (self.dir / "old" / "setuptools-1.0.dist-info").mkdir(parents=True)
        (self.dir / "old" / "setuptools-1.0.dist-info" / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: setuptools\nVersion: 1.0\n")
        places = f"{os.path.dirname(shutil.which('git'))}:{os.defpath}"
        self.check_refused(self.two, f"can build a wheel: it needs {packing.NEEDED}\n", PATH=places,
                           PYENV_ROOT=self.dir, PYTHONPATH=self.dir / "old")
        folder = self.sources()
        shutil.copytree(REPOSITORY / "tools", folder / "tools")
        shutil.copytree(REPOSITORY / "examples/python", folder / "examples/python")
        self.check_refused(folder, "expected a clone, or an unpacked release with its MANIFEST\n",
                           GIT_CEILING_DIRECTORIES=self.dir)

    def test_a_folder_that_is_no_release_is_not_replaced(self):
        for folder in (self.two, self.two / "src", self.two / "LICENSE"):
            done = self.attempt(self.python, self.two / "tools/dist.py", folder)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stdout.decode(), r"^dist: .*: expected one, or an empty folder\n$")
            self.assertTrue((self.two / "LICENSE").is_file() and (self.two / ".git").is_dir())

    def test_a_copy_of_the_version_that_differs_is_refused(self):
        name = self.two / "meson.build"
        text = name.read_text()
        git = ["git", "-c", "user.name=A Tester", "-c", "user.email=tester@example.org"]
        self.run_program(*git, "tag", "before", cwd=self.two)
        self.addCleanup(self.run_program, *git, "reset", "-q", "--hard", "before", cwd=self.two)
        name.write_text(text.replace(version(), "9.9.9"))
        self.run_program(*git, "commit", "-q", "-a", "-m", "another", cwd=self.two)
        # In a clone git is asked, whatever an old MANIFEST says.
        (self.two / "MANIFEST").write_text("nothing\n")
        self.addCleanup((self.two / "MANIFEST").unlink)
        self.check_refused(self.two, f"meson.build: 9.9.9: expected {version()}\n")
        name.unlink()
        name.symlink_to("LICENSE")
        self.run_program(*git, "commit", "-q", "-a", "-m", "a link", cwd=self.two)
        self.check_refused(self.two, "meson.build is neither a file nor a folder: ")

    def test_the_time_is_checked(self):
        self.check_refused(self.two, "SOURCE_DATE_EPOCH is 'yesterday': expected seconds since",
                           SOURCE_DATE_EPOCH="yesterday")

    # ---- .github/workflows ----

    def step(self, name, **environment):
        done = self.service.run(steps_of("release.yml")[name], **environment)
        return done.returncode, done.stdout

    def test_the_tag_must_be_the_version(self):
        self.assertEqual(self.step("Compare", TAG=f"v{version()}")[0], 0)
        status, said = self.step("Compare", TAG="v9.9.9")
        self.assertEqual(status, 1)
        self.assertIn(f"the tag is v9.9.9: expected v{version()}\n", said)

    def test_the_release_has_the_files_of_both_workflows_and_the_changes(self):
        before = self.all / "before"
        shutil.copytree(self.dist, before)
        self.addCleanup(shutil.copytree, before, self.dist)
        self.addCleanup(shutil.rmtree, self.dist)
        (self.one / "wheels").mkdir()
        (self.one / "wheels" / "confiture_native-for-macos.whl").write_text("stands for one\n")
        status, said = self.step("Gather")
        self.assertEqual(status, 0, said)
        files = {n for n in contents(before) if "-linux_" not in n} | {
            "confiture_native-for-macos.whl"}
        self.assertEqual(set(contents(self.dist)), files)
        self.assertEqual(self.run_program("sha256sum", "-c", "--strict", "SHA256SUMS",
                                          cwd=self.dist).count(": OK\n"), len(files) - 1)
        tag = f"v{version()}"
        status, said = self.step("Attach", TAG=tag, GH_REPO="owner/name")
        self.assertEqual(status, 0, said)
        call, = pathlib.Path(self.service.calls).read_text().splitlines()
        self.assertEqual(set(call.split()[3:]) - {f"build/dist/{name}" for name in files},
                         {"--verify-tag", "--title", "confiture.h", tag, "--notes-file",
                          "notes.md"})
        self.assertEqual(call.split()[:3], ["release", "create", tag])
        notes = (self.one / "notes.md").read_text()
        section = (REPOSITORY / "CHANGELOG.md").read_text().partition(f"## [{version()}]")[2]
        self.assertEqual(notes.strip(),
                         section.partition("\n")[2].partition("\n## ")[0].strip())

    def test_a_release_waits_for_the_checks_and_alone_may_write(self):
        text = (WORKFLOWS / "release.yml").read_text(encoding="utf-8")
        jobs = dict(re.findall(r"^  (\w+):\n((?:    .*\n|\n)+)", text.partition("\njobs:\n")[2],
                               re.M))
        self.assertEqual(list(jobs), ["version", "checks", "wheels", "release"])
        for name in ("checks", "wheels"):
            self.assertIn("    needs: version\n", jobs[name])
        self.assertIn("    uses: ./.github/workflows/ci.yml\n", jobs["checks"])
        self.assertIn("    needs: [checks, wheels]\n", jobs["release"])
        self.assertEqual([name for name in jobs if "contents: write" in jobs[name]], ["release"])
        self.assertIn("\npermissions:\n  contents: read\n", text)
        wheels = (WORKFLOWS / "wheels.yml").read_text(encoding="utf-8")
        pattern = re.search(r"pattern: (\w+-)\*\n", jobs["release"])[1]
        names = re.findall(r"upload-artifact@v4\n +with:\n +name: (\S+)", wheels)
        self.assertTrue(names and all(name.startswith(pattern) for name in names), names)

    def test_no_other_script_is_left_out(self):
        self.assertEqual(list(steps_of("release.yml")), ["Compare", "Make", "Gather", "Attach"])
        self.assertEqual([step.script for step in steps_of("ci.yml").values()],
                         ["bash .ci/run\n"])
