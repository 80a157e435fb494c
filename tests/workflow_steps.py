"""The steps of a workflow of GitHub that are shell scripts, run as they stand in its file.

A service is a folder with a checked-out repository. It runs a script as GitHub would: bash, `-eo
pipefail`, the commands python3, python and python3.11, the variables that the step uses. A `gh` and
a `sudo` only write down how they were called.
"""

import os
import re
import subprocess
import textwrap

STUBS = {
    "gh": """#!/bin/sh
echo "$*" >>"$GH_CALLS"
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
    def __init__(self, folder, python, repository, environment=None):
        self.folder, self.repository = folder, repository
        self.environment = os.environ if environment is None else environment
        venv = os.path.join(folder, "venv")
        subprocess.run([python, "-m", "venv", "--system-site-packages", venv], check=True,
                       stdin=subprocess.DEVNULL)
        self.bin = os.path.join(venv, "bin")
        if not os.path.exists(os.path.join(self.bin, "python3.11")):
            os.symlink("python", os.path.join(self.bin, "python3.11"))
        self.calls = os.path.join(folder, "gh.calls")
        for name, stub in STUBS.items():
            with open(os.path.join(self.bin, name), "w", encoding="ascii") as file:
                file.write(stub)
            os.chmod(os.path.join(self.bin, name), 0o755)

    def run(self, step, **environment):
        """The process that ran the script of a step."""
        place = os.path.join(self.folder, "temp-" + step.job)
        os.makedirs(place, exist_ok=True)
        keys = dict(self.environment, PATH=self.bin + os.pathsep + os.environ.get("PATH", ""),
                    GITHUB_WORKSPACE=self.repository, RUNNER_TEMP=place, GH_CALLS=self.calls,
                    PIP_NO_INDEX="1", PIP_DISABLE_PIP_VERSION_CHECK="1", **environment)
        return subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c",
                               step.script], cwd=self.repository, env=keys,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, universal_newlines=True, errors="replace",
                              check=False)
