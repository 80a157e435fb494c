"""The tables, as Markdown: they read well in a terminal too."""

import time

import peer_table
from goals import best_kernel


def ms(seconds):
    if seconds is None:
        return "-"
    value = seconds * 1e3
    return "{:.3f}".format(value) if value < 10 else "{:.1f}".format(value) if value < 1000 \
        else "{:.0f}".format(value)


def ratio(numerator, denominator):
    if not numerator or not denominator:
        return "-"
    value = numerator / denominator
    return "{:.2f}".format(value) if value < 10 else "{:.1f}".format(value) if value < 100 \
        else "{:.0f}".format(value)


def table(head, rows, left=1):
    """Columns as wide as they must be; all but the first are numbers, to the right."""
    rows = [[str(c) for c in row] for row in rows]
    widths = [max(len(row[i]) for row in rows + [head]) for i in range(len(head))]

    def line(cells):
        return "| " + " | ".join(c.ljust(w) if i < left else c.rjust(w)
                                 for i, (c, w) in enumerate(zip(cells, widths))) + " |"

    rule = "|" + "|".join(("-" * (w + 2)) if i < left else ("-" * (w + 1) + ":")
                          for i, w in enumerate(widths)) + "|"
    return [line(head), rule] + [line(row) for row in rows] + [""]


def size(value):
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return "{:.4g} {}".format(value, unit)
        value /= 1000


def number(count, what):
    plural = what if count == 1 else what[:-1] + "ies" if what.endswith("y") else what + "s"
    return "{:,} {}".format(count, plural)


def peer_cells(ours, theirs):
    """Under peer_columns: the time, and how many times as long as ours; two records."""
    return [ms(theirs.get("min")), ratio(theirs.get("min"), ours["min"]),
            ratio(theirs.get("median"), ours["median"])]


def peer_columns():
    return [column for entry in peer_table.PEERS for column in (entry.title, "x", "x median")]


def main_table(found):
    lines = ["### {}: {}, {}, {}, {}".format(
        found["name"], number(found["files"], "file"), number(found["directories"], "directory"),
        size(found["bytes"]), number(found["threads"], "thread")), ""]
    head = ["ms", "minimum", "median", *peer_columns(), "floor", "ours / floor"]
    rows, refused = [], []
    for row in found["rows"]:
        ours = row["ours"]["min"]
        if ours is None:
            rows.append([row["title"]] + ["-"] * (len(head) - 1))
            refused.append("{}: {}".format(row["title"], row["ours"]["problem"]))
            continue
        cells = [row["title"], ms(ours), ms(row["ours"]["median"])]
        for peer in peer_table.NAMES:
            cells += peer_cells(row["ours"], row.get(peer, {}))
        rows.append(cells + [ms(row["floor"]), ratio(ours, row["floor"])])
    lines += table(head, rows)
    parts = found["parts"]
    few = sum(1 for row in found["rows"] for peer in ("ours", *peer_table.NAMES)
              if 0 < row.get(peer, {}).get("rounds", 3) < 3)
    if few:
        lines.append("Of fewer than three rounds: {}.".format(number(few, "time")))
    lines += ["Refused, by Python too: {}.".format(line) for line in refused]
    lines.append("Parts of the floor, one thread, ms: " + ", ".join(
        "{} {}".format(part.replace("_", " "), ms(parts[part])) for part in parts) + ".")
    lines.append("Equal in all who do it: {}.".format(
        ", ".join(found["equal"]) or "nothing to compare"))
    return lines + [""]


def thread_tables(tables, kind):
    labels = []
    for found in tables:
        for times in found[kind].values():
            labels += [label for label in times if label not in labels]
    rows = []
    for found in tables:
        for operation, times in found[kind].items():
            rows.append(["{} {}".format(found["name"], operation.replace("_", ", "))] +
                        [ms(times.get(label, {}).get("min")) for label in labels])
    return table(["ms, minimum"] + labels, rows) if rows else []


def primitive(found):
    if "problem" in found:
        return ["Not measured: {}.".format(found["problem"]), ""]
    rates = found["rates"]
    sizes = sorted({s for each in rates.values() for s in each}, key=int)
    rows = [[what] + ["{:.2f}".format(rates[what][s] / 1e9) if s in rates[what] else "-"
                      for s in sizes] for what in sorted(rates)]
    lines = table(["GB/s, best, by bytes at a time"] + sizes, rows)
    kernel = best_kernel(rates)
    evp = rates.get("evp/one")
    if evp and kernel:
        ways = [w for w in ("one", "many") if "sha256/{}/{}".format(kernel, w) in rates]
        rows = [["{}, {}".format(kernel, way)] +
                [ratio(rates["sha256/{}/{}".format(kernel, way)].get(s), evp.get(s)) for s in sizes]
                for way in ways]
        lines += table(["times OpenSSL EVP, one message"] + sizes, rows)
    return lines


def processes(tables):
    lines = []
    for found in tables:
        if "problem" in found:
            lines += ["{}: {}.".format(found["name"], found["problem"]), ""]
            continue
        times = {row["label"]: row.get("min") for row in found["rows"]}
        rows = []
        for row in found["rows"]:
            if "problem" in row:
                rows.append([row["label"] + ": " + row["problem"], "-", "-", "-", "-"])
            else:
                rows.append([row["label"], ms(row["min"]), ms(row["median"]), row["runs"],
                             ratio(row["min"], times.get(row["beside"]))])
        lines += table([found["name"] + ", ms", "minimum", "median", "runs", "x ours"], rows)
    return lines


def cold(tables):
    lines = []
    for found in tables:
        if "problem" in found:
            lines += ["{}: {}.".format(found["name"], found["problem"]), ""]
            continue
        times = {(row["peer"], row["operation"]): row for row in found["rows"]}
        rows = []
        for operation in ("hash_stream", "hash_tree", "build"):
            ours = times[("ours", operation)]
            cells = [operation.replace("_", ", "), ms(ours["min"]), ms(ours["median"])]
            for peer in peer_table.NAMES:
                cells += peer_cells(ours, times.get((peer, operation), {}))
            rows.append(cells)
        lines += table([found["name"] + ", cold, ms", "minimum", "median", *peer_columns()], rows)
    return lines


def memory(found):
    names = [k for k in found["rows"][0] if k != "name"]
    return table(["the command, MiB at the most"] + names,
                 [[row["name"]] + ["{:.1f}".format(row[n] / 1024) for n in names]
                  for row in found["rows"]])


# ---- losses ----

def losses(results):
    """Wherever a peer, fewer threads, or the other way of reading was faster, by the data."""
    found = []
    for main in results.get("main", []):
        for row in main["rows"]:
            for entry in peer_table.PEERS:
                theirs, ours = row.get(entry.name, {}).get("min"), row["ours"]["min"]
                if theirs and ours and theirs < ours:
                    who = " ".join(filter(None, (
                        entry.title, peer_table.remark(entry, row["operation"]))))
                    found.append("{} {}: {} is faster, {} to our {} ms".format(
                        main["name"], row["title"], who, ms(theirs), ms(ours)))
    for threads in results.get("threads", []):
        for operation, times in threads["threads"].items():
            one = times.get("1", {}).get("min")
            for label, record in times.items():
                if one and record["min"] and record["min"] > 1.05 * one:
                    found.append("{} {}: threads = {} takes {} times as long as one thread".format(
                        threads["name"], operation.replace("_", ", "), label,
                        ratio(record["min"], one)))
        for operation, times in threads["io"].items():
            read, mapped = (times.get(k, {}).get("min") for k in ("read", "mmap"))
            if read and mapped and not 0.95 < mapped / read < 1.05:
                found.append("{} {}: mapping takes {} times as long as reading{}".format(
                    threads["name"], operation.replace("_", ", "), ratio(mapped, read),
                    ", but is not what auto does" if mapped < read else ""))
    for process in results.get("processes", []):
        times = {row["label"]: row.get("min") for row in process.get("rows", [])}
        for row in process.get("rows", []):
            ours = times.get(row["beside"])
            if ours and row.get("min") and row["min"] < ours:
                found.append("{} process: {} is faster, {} to our {} ms".format(
                    process["name"], row["label"], ms(row["min"]), ms(ours)))
    for table_ in results.get("cold", []):
        times = {(r["peer"], r["operation"]): r["min"] for r in table_.get("rows", [])}
        for (peer, operation), theirs in times.items():
            ours = times.get(("ours", operation))
            if peer != "ours" and theirs and ours and theirs < ours:
                found.append("{} cold {}: {} is faster, {} to our {} ms".format(
                    table_["name"], operation.replace("_", ", "), peer_table.TITLES[peer],
                    ms(theirs), ms(ours)))
    rates = results.get("primitive", {}).get("rates", {})
    kernel = best_kernel(rates)
    for way in ("one", "update"):
        ours = rates.get("sha256/{}/{}".format(kernel, way), {})
        for at, rate in rates.get("evp/" + way, {}).items():
            if ours.get(at) and rate > 1.01 * ours[at]:
                found.append("SHA-256, {}, {} bytes: OpenSSL is faster, {:.2f} to our {:.2f} "
                             "GB/s".format(way, at, rate / 1e9, ours[at] / 1e9))
    return found


def sections(results):
    """(title, lines) of everything that was measured."""
    if results.get("main"):
        lines = []
        for found in results["main"]:
            lines += main_table(found)
        if results["machine"]["rust"].startswith("rustc"):
            lines += ["Rust has one digest, the tree's: its time stands beside both of ours.", ""]
        else:
            lines += ["Rust: {}.".format(results["machine"]["rust"].splitlines()[0]), ""]
        yield "In process, warm", lines
    if results.get("threads"):
        yield "Threads", thread_tables(results["threads"], "threads")
        yield "Reading and mapping, two parked threads", thread_tables(results["threads"], "io")
    if results.get("primitive"):
        yield "SHA-256", primitive(results["primitive"])
    if results.get("processes"):
        yield "Whole processes", processes(results["processes"])
    if results.get("cold"):
        yield "Cold cache", cold(results["cold"])
    if results.get("memory", {}).get("rows"):
        yield "Memory", memory(results["memory"])
    lost = losses(results)
    yield "Losses", (["- " + line + "." for line in lost] or ["None in this run."]) + [""]


def text(results):
    lines = []
    for title, found in sections(results):
        lines += ["## " + title, ""] + found
    return "\n".join(lines)


def markdown(results):
    """bench/RESULTS.md"""
    machine = results["machine"]
    lines = ["# Results", "",
             "Written by `bench/run.py --record{}`; see [README.md](README.md) for what the".format(
                 " --quick" if results["quick"] else ""),
             "figures mean. They are of one machine: run `make bench` for yours.", ""]
    lines += table(["machine", ""], [[key, value] for key, value in machine.items()] +
                   [["date", time.strftime("%Y-%m-%d", time.gmtime(results["time"]))],
                    ["confiture.h", results["version"]],
                    ["SHA-256 kernel", results["kernel"]]], left=2)
    lines += ["Not there: {}.".format(line) for line in results["missing"]]
    lines += ["", text(results)]
    return "\n".join(lines).rstrip() + "\n"
