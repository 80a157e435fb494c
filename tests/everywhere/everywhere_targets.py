"""Where tests/everywhere/everywhere.py runs the tests: compilers, their options, and emulators."""

import shutil
import subprocess


class Target:
    """whole: all suites; else only these suites of the unit tests, if any. kernel, order, pointer,
    signed: what the library and the program must find there; None: whatever it is."""

    def __init__(self, name, compiler, emulator=(), flags=(), whole=True, units=(), kernel=None,
                 order="little", pointer=8, signed=None, libraries=(), static=True, large=False):
        self.name, self.compiler = name, compiler
        self.whole, self.units = whole, units
        self.kernel, self.order, self.pointer, self.signed = kernel, order, pointer, signed
        self.large = large  # 32 bits, where a file may be larger than an off_t
        self.flags = ["-O1", *flags] + (["-static"] if static and emulator else [])
        self.libraries = libraries
        self.emulator, self.missing = list(emulator), None
        for program in [compiler, *emulator[:1]]:
            if not shutil.which(program):
                self.missing = f"{program} is not installed"
        if not self.missing and emulator:
            self.emulator[0] = shutil.which(emulator[0])


LARGE = ["-D_FILE_OFFSET_BITS=64"]


def kernel_headers(folder):
    """musl brings no headers of Linux's own: those of the machine, which are the same."""
    if not shutil.which("gcc"):
        return []
    place = subprocess.run(["gcc", "-print-multiarch"], stdout=subprocess.PIPE, check=True)
    headers = folder / "kernel-headers"
    headers.mkdir()
    for name, target in (("linux", "linux"), ("asm-generic", "asm-generic"),
                         ("asm", place.stdout.decode().strip() + "/asm")):
        (headers / name).symlink_to("/usr/include/" + target)
    return ["-idirafter", str(headers)]


def targets(folder, quick):
    """The slow ones first."""
    arm, aarch64 = "arm-linux-gnueabihf-gcc", "aarch64-linux-gnu-gcc"
    result = [
        Target("s390x", "s390x-linux-gnu-gcc", ["qemu-s390x"], kernel="portable", order="big",
               signed=False),
        Target("riscv64", "riscv64-linux-gnu-gcc", ["qemu-riscv64"], kernel="portable",
               signed=False),
        Target("armv7", arm, ["qemu-arm"], LARGE, kernel="portable", pointer=4, signed=False,
               large=True),
        # The processor of an early 32-bit machine: no SHA extensions, no SSE4.1.
        Target("i686", "i686-linux-gnu-gcc", ["qemu-i386", "-cpu", "n270"], LARGE,
               kernel="portable", pointer=4, signed=True, large=True),
        Target("aarch64", aarch64, ["qemu-aarch64", "-cpu", "max"], kernel="armv8", signed=False),
        Target("musl", "musl-gcc", flags=["-static", *kernel_headers(folder)], signed=True),
        # Neither the ring nor a kernel but the portable one is for tcc.
        Target("tcc", "tcc", kernel="portable", signed=True),
        # A processor that says it has no SHA-2 instructions: bit 6 of AT_HWCAP is hidden by the
        # program of facts, which is the only one that has another getauxval().
        Target("aarch64 without SHA-2", aarch64, ["qemu-aarch64"],
               ["-DHIDE_SHA2", "-Wl,--wrap=getauxval"], whole=False, kernel="portable"),
        Target("aarch64, CONFITURE_NO_SIMD", aarch64, ["qemu-aarch64"], ["-DCONFITURE_NO_SIMD"],
               whole=False, units=["sha256"], kernel="portable"),
        Target("armv7, signed char, aligned access", arm, ["qemu-arm"],
               [*LARGE, "-fsigned-char", "-mno-unaligned-access"], whole=False, pointer=4,
               units=["sha256", "text", "lexer", "path", "names"], kernel="portable", signed=True),
        Target("unsigned char", "gcc", flags=["-funsigned-char"], signed=False, whole=not quick,
               units=["text", "lexer", "path", "names"] if quick else []),
        Target("signed char", "gcc", flags=["-fsigned-char"], signed=True, whole=False,
               units=["text", "lexer", "path", "names"]),
        Target("alignment by UBSan", "gcc", whole=not quick,
               units=["sha256", "block_cache", "text", "lexer", "path", "names"] if quick else [],
               flags=["-fsanitize=alignment", "-fno-sanitize-recover=all"]),
    ]
    if not quick:
        result += [
            Target("aarch64, pages of 64 KiB", aarch64, ["qemu-aarch64", "-p", "65536"],
                   whole=False, units=["sha256", "scan"], kernel="armv8"),
            Target("alignment by UBSan, portable", "gcc", whole=False, units=["sha256"],
                   kernel="portable", flags=["-DCONFITURE_NO_SIMD", "-fsanitize=alignment",
                                             "-fno-sanitize-recover=all"]),
        ]
    return result
