"""What the project set out to reach, two threads, warm: run.py --goals says what was."""

import peer_table

# workload: by peer_table's order, Python and Rust, at least so many times slower; None: no goal
GOALS = {
    "hash_stream": {"W1": (12, 5.5), "W2": (13, 5.7), "W3": (11.5, 4.6), "W4": (1.19, None),
                    "W5": (1.9, 1.85), "W6": (17, 6.5)},
    "hash_tree": {"W1": (13, 6), "W2": (15.5, 6.6), "W3": (16, 6.3), "W4": (5, 2.4),
                  "W5": (1.9, 1.85), "W6": (18, 6.9)},
    "build": {"W1": (14, 6), "W2": (20, 7.8), "W3": (21.5, 8.4), "W4": (13.5, 7.6),
              "W5": (29, 20), "W6": (22.5, 8.1)},
    "file_new": {"W1": (11, None), "W2": (13.5, None), "W3": (15, None), "W4": (6.3, None),
                 "W5": (9.6, None), "W6": (19, None)},
    "file_over": {"W1": (13, None), "W2": (18.5, None), "W3": (21.5, None), "W4": (17, None),
                  "W5": (27, None), "W6": (21.5, None)},
    "whole": {"W1": (40, None), "W2": (90, None), "W3": (120, None)},
    "find": {"W1": (23, 2), "W2": (30, 2), "W3": (39, 2), "W6": (39, 2)},
}
# Not above so many times the floor.
ABOVE_FLOOR = {
    "hash_stream": {"W1": 1.15, "W2": 1.05, "W3": 1.05, "W4": 1.05, "W5": 1.07, "W6": 1.05},
    "hash_tree": {"W1": 1.15, "W2": 1.10, "W3": 1.08, "W4": 1.4, "W6": 1.10},
}
# find, sort, cat and sha256sum
PROCESS = {"W1": 3, "W2": 5.7, "W3": 6.2, "W4": 3.8, "W5": 4.2, "W6": 10.7}
COLD = {"python": 7, "rust": 4}  # W2 and W3
MEMORY = (("W7", "hash", 200), ("W5", "build to a file", 64))  # MiB
# kernel's way and size, over OpenSSL's of the same size, one message at a time
PRIMITIVE = (("one", "65536", 0.99), ("one", "400", 1.2), ("many", "1024", 1.8),
             ("many", "4096", 1.8))


def lines(results):
    """One line a goal: met or missed, and by what."""
    found = []

    def goal(what, value, wanted, at_least=True):
        met = value >= wanted if at_least else value <= wanted
        found.append("{}  {:44} {:8.2f} {} {:g}".format(
            "met   " if met else "missed", what, value, "of" if at_least else "with at most",
            wanted))

    for table in results.get("main", []):
        name = table["name"]
        for row in table["rows"]:
            operation, ours = row["operation"], row["ours"]["min"]
            wanted = GOALS.get(operation, {}).get(name)
            for peer, factor in zip(peer_table.NAMES, wanted or ()):
                if factor and peer in row:
                    goal("{} {}, {}".format(name, row["title"], peer),
                         row[peer]["min"] / ours, factor)
            most = ABOVE_FLOOR.get(operation, {}).get(name)
            if most:
                goal("{} {}, floor".format(name, row["title"]), ours / row["floor"], most, False)
    for table in results.get("processes", []):
        times = {row["label"]: row.get("min") for row in table.get("rows", [])}
        ours, theirs = times.get("confiture hash"), times.get("find, sort, cat, sha256sum")
        if ours and theirs and table["name"] in PROCESS:
            goal(table["name"] + " process, find, sort, cat, sha256sum", theirs / ours,
                 PROCESS[table["name"]])
    for table in results.get("cold", []):
        times = {(row["peer"], row["operation"]): row["min"] for row in table.get("rows", [])}
        for entry in peer_table.PEERS:
            theirs, ours = (times.get((name, entry.cold[0])) for name in (entry.name, "ours"))
            if theirs and ours:
                goal("{} cold, {}".format(table["name"], entry.name), theirs / ours,
                     COLD[entry.name])
    rates = results.get("primitive", {}).get("rates", {})
    fastest = best_kernel(rates)
    for way, size, factor in PRIMITIVE:
        ours = rates.get("sha256/{}/{}".format(fastest, way), {}).get(size)
        theirs = rates.get("evp/one", {}).get(size)
        if ours and theirs:
            goal("SHA-256 {}, {} bytes, OpenSSL".format(way, size), ours / theirs, factor)
    rows = {row["name"]: row for row in results.get("memory", {}).get("rows", [])}
    for name, kind, most in MEMORY:
        if name in rows:
            goal("{} memory, {}, MiB".format(name, kind), rows[name][kind] / 1024, most, False)
    each = {table["name"]: {row["operation"]: row["ours"]["min"] / table["files"]
                            for row in table["rows"] if row["ours"]["min"]}
            for table in results.get("main", [])}
    if "W6" in each and "W7" in each:
        for operation in ("find", "hash_stream", "hash_tree", "build"):
            w6, w7 = each["W6"][operation], each["W7"][operation]
            goal("W7 {}, time a file / W6's".format(operation), w7 / w6, 1.3, False)
    for table in results.get("threads", []):
        for operation, times in table["threads"].items():
            one = times.get("1", {}).get("min")
            worst = max((t["min"] for t in times.values() if t["min"]), default=None)
            if one and worst:
                goal("{} {}, worst number of threads / one".format(table["name"], operation),
                     worst / one, 1.05, False)
    return found


def best_kernel(rates):
    """The kernel with the highest rate for one long message."""
    ones = {what.split("/")[1]: max(sizes.values()) for what, sizes in rates.items()
            if what.startswith("sha256/") and what.endswith("/one")}
    return max(ones, key=ones.get) if ones else None
