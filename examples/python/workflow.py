#!/usr/bin/env python3
"""Runs the steps of .github/workflows/wheels.yml that can run here, as they stand in the file.

    workflow.py [--quick]

Each step that is a shell script runs in a copy of the repository, by tests/workflow_steps.py. The
steps for Linux and macOS are one text and run once: it is check.py, whose tests are counted here.
The step for Windows runs on this system and installs the wheel for it. Steps that are actions of
the service cannot run here. --quick is passed on to check.py. The last line is the total.
"""

import argparse
import glob
import os
import re
import shutil
import sys
import tempfile

import check
import packing
import windows

sys.path.insert(0, os.path.join(check.ROOT, "tests"))
import workflow_steps  # noqa: E402

FILE = os.path.join(check.ROOT, ".github", "workflows", "wheels.yml")


class Service(workflow_steps.Service):
    """One with a copy of the repository, whose steps are counted."""

    def __init__(self, folder, python, total):
        self.total = total
        copy = os.path.join(folder, "repository")
        shutil.copytree(check.ROOT, copy, symlinks=True, ignore=shutil.ignore_patterns(
            ".git", "build", "made", "__pycache__", "*.egg-info"))
        super().__init__(folder, python, copy)

    def check(self, what, step, **environment):
        """Whether the script of the step succeeds; and what it says."""
        environment.setdefault("CONFITURE_GOLDEN", os.environ.get(
            "CONFITURE_GOLDEN", os.path.join(check.ROOT, "..", "shared", "golden")))
        done = self.run(step, **environment)
        return self.total.check(what, done.returncode == 0,
                                done.stdout if done.returncode else ""), done.stdout

    def uploads(self, what, steps):
        """The patterns of the job's upload-artifact find files; those of cibuildwheel cannot."""
        for step in steps:
            for pattern in step.paths:
                if pattern.startswith("made/"):
                    self.total.check("{}: {} is there to be uploaded".format(what, pattern),
                                     glob.glob(os.path.join(self.repository, pattern)))


def run_build(service, jobs, total, quick):
    """The steps for Linux and macOS."""
    script = {job: [s for s in jobs[job] if s.key("name") == "Build and test"][0]
              for job in ("linux", "macos")}
    total.check("Linux and macOS: one script", script["linux"].script == script["macos"].script)
    good, output = service.check("Linux: Build and test", script["linux"],
                                 QUICK="1" if quick else "")
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
    service.check("mingw: " + scripts[0].key("name"), scripts[0])
    if windows.missing():
        total.skip("mingw: Build", "not found: " + ", ".join(windows.missing()))
    else:
        service.check("mingw: " + scripts[1].key("name"), scripts[1])
        service.uploads("mingw", jobs["mingw"])
    step = [s for s in jobs["windows"] if s.script][0]
    service.check("Windows: {}, with the wheel for this system".format(step.key("name")), step)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="check.py with one Python alone")
    options = parser.parse_args()
    total = check.Total()
    with open(FILE, encoding="utf-8") as file:
        text = file.read()
    steps = workflow_steps.steps_of(text)
    jobs = {job: [step for step in steps if step.job == job] for job in
            ("linux", "macos", "mingw", "windows")}
    total.check("each step of the file is found", len(steps) == sum(map(len, jobs.values())) ==
                len(re.findall(r"^      - ", text, re.M)), str(len(steps)))
    python = packing.builder()
    folder = tempfile.mkdtemp(prefix="confiture-workflow-")
    try:
        if total.check("a Python of 3.11 or later that can build a wheel is there", python):
            service = Service(folder, python, total)
            run_build(service, jobs, total, options.quick)
            run_windows(service, jobs, total)
    finally:
        shutil.rmtree(folder)
    for step in steps:
        if not step.script and not re.search("checkout@|setup-python@|-artifact@", step.text):
            total.skip(step.job, "an action of the service: " + str(step.key("uses")))
    print("{} passed, {} failed, {} skipped".format(total.passed, total.failed, total.skipped))
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
