"""Builds what run.py starts. What cannot be built is None, and a sentence says why."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench"
CRATES = "/usr/share/cargo/registry"  # where Debian's librust-*-dev packages put their sources
FLAGS = shlex.split(os.environ.get("BENCH_CFLAGS", "-O2"))


class Failed(Exception):
    """Nothing that can be timed, or nothing that may be compared."""


def tool(variable, *names):
    """The command of an environment variable such as CC, else the first that is installed."""
    if os.environ.get(variable):
        command = shlex.split(os.environ[variable])
        return command if shutil.which(command[0]) else None
    return next(([name] for name in names if shutil.which(name)), None)


def run(command, **keys):
    return subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **keys)


def newer(product, sources):
    return product.exists() and all(product.stat().st_mtime >= s.stat().st_mtime for s in sources)


class Programs:
    """ours, floors, peak, gbench, rust and command: the path of each, or None; why says why not."""

    def __init__(self, folder, quiet=False):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.quiet = quiet
        self.why = {}
        self.cc = tool("CC", "cc", "gcc", "clang")
        self.cxx = tool("CXX", "c++", "g++", "clang++")
        if self.cc is None:
            raise Failed("a C compiler is needed, and there is none: install gcc or clang")
        self.openssl = self.links(["#include <openssl/evp.h>"], ["-lcrypto"])
        if not self.openssl:
            self.why["openssl"] = "OpenSSL's headers are not installed (libssl-dev)"
        header = (ROOT / "confiture.h").read_text(encoding="utf-8")
        self.many = re.search(r"\bcfti_sha256_many\(", header) is not None
        if not self.many:
            self.why["many"] = "confiture.h has no function for many messages at once"
        self.ours = self.compile(self.cc, "ours", "ours.c", [])
        self.floors = self.compile(self.cc, "floors", "floors.c", self.crypto())
        self.peak = self.compile(self.cc, "peak", "peak.c", [])
        self.command = self.compile_command()
        for name in ("ours", "floors", "peak", "command"):
            if getattr(self, name) is None:
                raise Failed(self.why[name])
        self.gbench = self.compile_gbench()
        self.rust = self.compile_rust()

    def say(self, what):
        if not self.quiet:
            print("  building", what, flush=True)

    def links(self, lines, libraries, compiler=None, language="c"):
        program = self.folder / "probe"
        source = "\n".join(lines + ["int main(void) { return 0; }", ""])
        result = subprocess.run((compiler or self.cc) + ["-x", language, "-", "-o", str(program)] +
                                libraries, input=source, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)
        program.unlink(missing_ok=True)
        return result.returncode == 0

    def crypto(self):
        return ["-DBENCH_OPENSSL", "-lcrypto"] if self.openssl else []

    def compile(self, compiler, name, source, libraries):
        product = self.folder / name
        flags = FLAGS + (["-DBENCH_MANY"] if self.many else [])
        command = compiler + flags + ["-I", str(ROOT), str(BENCH / source), "-o", str(product),
                                      "-pthread"] + libraries
        note = self.folder / (name + ".command")
        sources = [BENCH / source, ROOT / "confiture.h"] + sorted(BENCH.glob("*.h"))
        if newer(product, sources) and note.exists() and note.read_text() == shlex.join(command):
            return product
        self.say(source)
        note.unlink(missing_ok=True)
        result = run(command)
        if result.returncode != 0:
            self.why[name] = "bench/{} does not compile:\n{}".format(source, result.stderr.strip())
            return None
        note.write_text(shlex.join(command))
        return product

    def compile_command(self):
        """The confiture command, with the same flags as everything else."""
        product = self.folder / "confiture"
        place = ROOT / "examples" / "confiture"
        sources = sorted(place.glob("*.c"))
        if newer(product, sources + sorted(place.glob("*.h")) + [ROOT / "confiture.h"]):
            return product
        self.say("the command")
        result = run(self.cc + FLAGS + ["-I", ROOT] + sources + ["-o", product, "-pthread"])
        if result.returncode != 0:
            self.why["command"] = "the command does not compile:\n" + result.stderr.strip()
            return None
        return product

    def compile_gbench(self):
        if self.cxx is None:
            self.why["gbench"] = "a C++ compiler is not installed"
            return None
        if not self.links(["#include <benchmark/benchmark.h>"], ["-lbenchmark", "-pthread"],
                          self.cxx, "c++"):
            self.why["gbench"] = "Google Benchmark is not installed (libbenchmark-dev)"
            return None
        return self.compile(self.cxx, "gbench", "bench.cpp", ["-lbenchmark"] + self.crypto())

    def compile_rust(self):
        """Offline, from Debian's crates, on a copy: cargo writes a lock file beside its sources."""
        if not shutil.which("cargo"):
            self.why["rust"] = "cargo is not installed"
            return None
        missing = [crate for crate in ("rayon", "sha2", "walkdir")
                   if not list(pathlib.Path(CRATES).glob(crate + "-[0-9]*"))]
        if missing:
            self.why["rust"] = "not installed: " + ", ".join(
                "librust-{}-dev".format(crate) for crate in missing)
            return None
        source, copy = BENCH / "peers" / "rust", self.folder / "rust"
        product = copy / "target" / "release" / "rust-peer"
        if newer(product, [source / "Cargo.toml", source / "src" / "main.rs"]):
            return product
        self.say("peers/rust")
        (copy / "src").mkdir(parents=True, exist_ok=True)
        for part in ("Cargo.toml", "src/main.rs"):
            shutil.copyfile(source / part, copy / part)
        result = run(["cargo", "build", "--release", "--offline", "--quiet",
                      "--config", 'source.crates-io.replace-with="installed"',
                      "--config", 'source.installed.directory="{}"'.format(CRATES)], cwd=copy)
        if result.returncode != 0:
            self.why["rust"] = "the Rust peer does not build:\n" + result.stderr.strip()
            return None
        return product


def first_line(command):
    if command is None or not shutil.which(command[0]):
        return "not installed"
    result = run(command)
    lines = (result.stdout or result.stderr).strip().splitlines()
    return lines[0] if lines else "?"


def file_system(folder):
    result = run(["stat", "-f", "-c", "%T", folder]) if shutil.which("stat") else None
    kind = result.stdout.strip() if result and result.returncode == 0 else "?"
    # stat has one name for all of ext2, ext3 and ext4; the mount table tells them apart.
    try:
        best = ""
        for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
            _, mount, mounted, *_ = line.split()
            if str(folder).startswith(mount.rstrip("/") + "/") and len(mount) > len(best):
                best, kind = mount, mounted
    except (OSError, ValueError):
        pass
    return kind


def machine(programs, folder):
    """What a reader must know to judge the figures."""
    processor = ""
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text()
        found = re.search(r"^model name\s*:\s*(.*)$", text, re.M)
        processor = found.group(1).strip() if found else ""
        flags = re.search(r"^flags\s*:\s*(.*)$", text, re.M)
        names = flags.group(1).split() if flags else []
        has = [n for n in ("sha_ni", "avx2", "avx512f") if n in names]
        processor += " ({})".format(", ".join(has)) if has else ""
    except OSError:
        pass
    system = os.uname()
    return {
        "processor": processor or system.machine,
        "cores": os.cpu_count(),
        "system": "{} {}".format(system.sysname, system.release),
        "file system": file_system(folder),
        "compiler": first_line(programs.cc + ["--version"]),
        "flags": " ".join(FLAGS) + ("" if any("-march" in f for f in FLAGS) else ", no -march"),
        "python": "Python " + ".".join(map(str, os.sys.version_info[:3])),
        "rust": first_line(["rustc", "--version"]) if programs.rust else programs.why["rust"],
        "openssl": first_line(["openssl", "version"]) if programs.openssl else "not installed",
        "load before": "{:.2f}".format(os.getloadavg()[0]),
    }
