#!/usr/bin/env python3
"""Runs the steps of .github/workflows/wheels.yml that can run here, as they stand in the file.

    workflow.py [--quick]

Each step that is a shell script runs in a copy of the repository, as the service would run it:
bash, `-eo pipefail`, the commands python and python3.11, the variables that the step uses. Of the
service there are only a `gh` and a `sudo` that write down how they were called. The steps for Linux
and macOS are one text and run once: it is check.py, whose tests are counted here. The step for
Windows runs on this system and installs the wheel for it. Steps that are actions of the service
cannot run here. --quick is passed on to check.py. The last line is the total.
"""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap

import check
import windows

FILE = os.path.join(check.ROOT, ".github", "workflows", "wheels.yml")
STUBS = {
    "gh": """#!/bin/sh
echo "$*" >>"$GH_CALLS"
[ "$1 $2" != "release view" ]
""",
    "sudo": """#!/bin/sh
echo "not run here: $*"
"""}


class Step:
    def __init__(self, job, lines):
        self.job = job
        self.text = textwrap.dedent("\n".join(lines))

    def key(self, name):
        """The value of a key that stands in one line, or None."""
        found = re.search(r"^(?:- |  )" + name + r": *(.*)$", self.text, re.M)
        return found.group(1) if found else None

    @property
    def script(self):
        found = re.search(r"^(?:- |  )run: \|\n((?:    .*\n|\n)+)", self.text + "\n", re.M)
        return textwrap.dedent(found.group(1)) if found else None

    @property
    def paths(self):
        """What an upload-artifact takes: patterns."""
        block = re.search(r"^    path: \|\n((?:      .*\n)+)", self.text + "\n", re.M)
        line = re.search(r"^    path: ([^|\n]+)$", self.text, re.M)
        return block.group(1).split() if block else [line.group(1)] if line else []


def steps_of(text):
    """The steps of all jobs. It reads this file's way of writing YAML, and no other."""
    result, job, lines = [], None, None
    for line in text.split("jobs:\n", 1)[1].splitlines() + ["  end:"]:
        if re.match(r"  \w+:$", line) or line.startswith("      - "):
            if lines:
                result.append(Step(job, lines))
            lines = None
        if re.match(r"  \w+:$", line):
            job, inside = line.strip(" :"), False
        elif line == "    steps:":
            inside = True
        elif inside and line.startswith("      - "):
            lines = [line]
        elif lines and (line.startswith("        ") or not line.strip()):
            lines.append(line)
    return result


class Service:
    """A folder with a copy of the repository, and the commands that the steps use."""

    def __init__(self, folder, python, total):
        self.folder, self.total = folder, total
        self.copy = os.path.join(folder, "repository")
        shutil.copytree(check.ROOT, self.copy, symlinks=True, ignore=shutil.ignore_patterns(
            ".git", "build", "made", "__pycache__", "*.egg-info"))
        venv = os.path.join(folder, "venv")
        check.run([python, "-m", "venv", "--system-site-packages", venv])
        self.bin = os.path.join(venv, "bin")
        if not os.path.exists(os.path.join(self.bin, "python3.11")):
            os.symlink("python", os.path.join(self.bin, "python3.11"))
        self.calls = os.path.join(folder, "gh.calls")
        for name, stub in STUBS.items():
            with open(os.path.join(self.bin, name), "w", encoding="ascii") as file:
                file.write(stub)
            os.chmod(os.path.join(self.bin, name), 0o755)

    def run(self, what, step, **environment):
        """Whether the script of the step succeeds; and what it says."""
        place = os.path.join(self.folder, "temp-" + step.job)
        os.makedirs(place, exist_ok=True)
        keys = dict(os.environ, PATH=self.bin + os.pathsep + os.environ.get("PATH", ""),
                    GITHUB_WORKSPACE=self.copy, RUNNER_TEMP=place, GH_CALLS=self.calls,
                    PIP_NO_INDEX="1", PIP_DISABLE_PIP_VERSION_CHECK="1", **environment)
        keys.setdefault("CONFITURE_GOLDEN", os.path.join(check.ROOT, "..", "shared", "golden"))
        done = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c",
                               step.script], cwd=self.copy, env=keys, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              universal_newlines=True, errors="replace")
        return self.total.check(what, done.returncode == 0,
                                done.stdout if done.returncode else ""), done.stdout

    def uploads(self, what, steps):
        """The patterns of the job's upload-artifact find files; those of cibuildwheel cannot."""
        for step in steps:
            for pattern in step.paths:
                if pattern.startswith("made/"):
                    self.total.check("{}: {} is there to be uploaded".format(what, pattern),
                                     glob.glob(os.path.join(self.copy, pattern)))


def run_build(service, jobs, total, quick):
    """The steps for Linux and macOS."""
    script = {job: [s for s in jobs[job] if s.key("name") == "Build and test"][0]
              for job in ("linux", "macos")}
    total.check("Linux and macOS: one script", script["linux"].script == script["macos"].script)
    good, output = service.run("Linux: Build and test", script["linux"], QUICK="1" if quick else "")
    counted = check.COUNT.match(output.rstrip().rpartition("\n")[2])
    if good and total.check("Linux: check.py counts its tests", counted):
        print(output.rstrip().rpartition("\n")[0], flush=True)
        total.passed += int(counted.group(1))
        total.skipped += int(counted.group(3) or 0)
    service.uploads("Linux", jobs["linux"])
    service.uploads("macOS", jobs["macos"])


def run_windows(service, jobs, total):
    """The wheels for Windows are made; the one for this system is installed and used."""
    scripts = [step for step in jobs["mingw"] if step.script]
    service.run("mingw: " + scripts[0].key("name"), scripts[0])
    if windows.missing():
        total.skip("mingw: Build", "not found: " + ", ".join(windows.missing()))
    else:
        service.run("mingw: " + scripts[1].key("name"), scripts[1])
        service.uploads("mingw", jobs["mingw"])
    step = [s for s in jobs["windows"] if s.script][0]
    service.run("Windows: {}, with the wheel for this system".format(step.key("name")), step)


def run_release(service, jobs, total):
    wheels = os.path.join(service.copy, "wheels")
    os.makedirs(wheels, exist_ok=True)
    for made in glob.glob(os.path.join(service.copy, "made", "*")):
        shutil.copy(made, wheels)
    step = [s for s in jobs["release"] if s.script][0]
    service.run("release: " + step.key("name"), step, TAG="v1", GH_REPO="owner/name")
    status, output = check.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], wheels)
    total.check("release: the sums are those of the files", status == 0, output if status else "")
    with open(service.calls, encoding="utf-8") as file:
        calls = file.read().splitlines()
    good = [call.split()[:3] for call in calls] == [
        ["release", "view", "v1"], ["release", "create", "v1"], ["release", "upload", "v1"]]
    files = sorted(calls[-1].split()[3:-1]) if calls else []
    good = good and files == sorted("wheels/" + name for name in os.listdir(wheels))
    total.check("release: it is made where there is none, and gets all files", good,
                "" if good else "\n".join(calls))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="check.py with one Python alone")
    options = parser.parse_args()
    total = check.Total()
    with open(FILE, encoding="utf-8") as file:
        text = file.read()
    steps = steps_of(text)
    jobs = {job: [step for step in steps if step.job == job] for job in
            ("linux", "macos", "mingw", "windows", "release")}
    total.check("each step of the file is found", len(steps) == sum(map(len, jobs.values())) ==
                len(re.findall(r"^      - ", text, re.M)), str(len(steps)))
    found = check.pythons()
    builders = [found[version][0] for version in sorted(found)
                if version >= check.NATIVE and found[version][1]]
    folder = tempfile.mkdtemp(prefix="confiture-workflow-")
    try:
        if total.check("a Python of 3.11 or later that can build a wheel is there", builders):
            service = Service(folder, builders[0], total)
            run_build(service, jobs, total, options.quick)
            run_windows(service, jobs, total)
            run_release(service, jobs, total)
    finally:
        shutil.rmtree(folder)
    for step in steps:
        if not step.script and not re.search("checkout@|setup-python@|-artifact@", step.text):
            total.skip(step.job, "an action of the service: " + str(step.key("uses")))
    print("{} passed, {} failed, {} skipped".format(total.passed, total.failed, total.skipped))
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
