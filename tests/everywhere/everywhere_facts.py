"""What is special about a target of tests/everywhere/everywhere.py: its kernel, byte order, and file sizes."""

import hashlib
import os
import subprocess

# Of "abc", as FIPS 180-4 has it.
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
GIB = 1 << 30
FAR = 4102444800  # 2100-01-01, behind the end of a 32-bit time_t


class Wrong(Exception):
    pass


def ask(program, *arguments, timeout=600):
    done = subprocess.run([str(program), *map(str, arguments)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
                          check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace").strip()


def facts_of(program, mode="facts"):
    status, output = ask(program, mode)
    if status != 0:
        raise Wrong(f"{mode}: exit status {status}: {output}")
    return dict(word.split("=") for word in output.split())


def compare(facts, **wanted):
    wrong = [f"{key} is {facts[key]}, not {value}" for key, value in wanted.items()
             if value is not None and facts[key] != str(value)]
    if wrong:
        raise Wrong("; ".join(wrong))
    return " ".join(f"{key}={facts[key]}" for key in ("kernel", "order", "pointer", "offset",
                                                      "time", "char", "ring"))


def check(session, program):
    target = session.target
    char = {None: None, True: "signed", False: "unsigned"}[target.signed]

    def facts():
        return compare(facts_of(program), kernel=target.kernel, order=target.order,
                       pointer=target.pointer, char=char, abc=ABC)

    def portable():
        compare(facts_of(program, "portable"), kernel="portable", abc=ABC)
        return "the feature mask switches kernels off"

    session.check("facts", facts)
    session.check("portable", portable)
    try:
        has_ring = facts_of(program)["ring"] == "yes"
    except Wrong:
        return  # already counted
    if not has_ring:
        why = ("tcc has no atomics for it" if target.compiler == "tcc" else
               "qemu-user does not have it" if target.emulator else "the kernel refuses it")
        session.skip("io_uring", why + ": files are read one by one")
    if target.kernel == "armv8" and target.whole:
        session.check("the ARMv8 instructions are executed", executed, session, program)
    if target.large:
        large(session)


def executed(session, program):
    """qemu writes down the code that it translates, which is what has been run."""
    log = session.folder / "code"
    emulator = session.target.emulator
    for mode, wanted in (("facts", True), ("portable", False)):
        ask(emulator[0], *emulator[1:], "-d", "in_asm", "-D", log, session.folder / "bin" / "facts",
            mode)
        code = log.read_text(errors="replace")
        seen = "sha256h" in code
        if "ldp" not in code:
            return "qemu cannot show its code here"
        if seen != wanted:
            raise Wrong(f"{mode}: sha256h executed: {seen}")
    return "sha256h in what qemu translated, and not with the mask"


# ---- sizes and times that 32 bits do not hold

def sparse(path, size, when=None):
    with open(path, "wb") as file:
        file.write(b"-- begin\n")
        file.truncate(size - 6)
        file.seek(0, os.SEEK_END)
        file.write(b"-- end")
    if when is not None:
        os.utime(path, (when, when))


def digest_of(path):
    sha = hashlib.sha256(path.name.encode() + b"\0")
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            sha.update(block)
    sha.update(b"\0")
    return sha.hexdigest()


def large(session):
    """The right digest, or an error that says what is wrong and names the file; never another."""
    trees = {}
    for name, size, when in (("small", 100000, None), ("far", 100000, FAR), ("2g", 2 * GIB, None),
                             ("4g", 4 * GIB + 100000, None)):
        trees[name] = session.folder / name / "a.sql"
        trees[name].parent.mkdir()
        sparse(trees[name], size, when)
    late = ["-std=c99", "-DLATE"]
    plain = ["-U_FILE_OFFSET_BITS"]
    for what, flags, good in (
            ("32-bit offsets", plain, {"small"}),
            ("32-bit offsets, late", plain + late, {"small"}),
            ("64-bit offsets", [], {"small", "2g", "4g"}),
            ("64-bit offsets, late", late, {"small", "2g", "4g"}),
            ("64-bit times", ["-D_TIME_BITS=64"], {"small", "far", "2g", "4g"}),
            ("64-bit times, late", late + ["-D_TIME_BITS=64"], {"small", "far", "2g", "4g"})):
        # What works is slow for gigabytes: once is enough, and only if there is time.
        todo = [name for name in trees
                if not (name in good and name[-1] == "g") or
                (not session.quick and name == "4g" and what == "64-bit times, late")]
        session.check(what, one, session, flags, trees, good, todo)
    for path in trees.values():
        path.unlink()


def one(session, flags, trees, good, todo):
    program = session.build("large", [session.source], flags)
    said = []
    for name in todo:
        status, output = ask(program, "hash", trees[name].parent, timeout=1200)
        if name in good:
            if (status, output) != (0, digest_of(trees[name])):
                raise Wrong(f"{name}: {output}")
        elif status != 1 or "a.sql: " not in output or "too large" not in output.lower():
            raise Wrong(f"{name}: exit status {status}: {output}")
        said.append(f"{name}: {'good' if name in good else output.split('a.sql: ')[-1]}")
    return ", ".join(said)
