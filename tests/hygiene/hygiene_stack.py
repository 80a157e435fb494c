"""How deep the library's calls may get, from gcc's call graph and its sizes of stack frames.

What runs through pointers gcc cannot follow, so this file says it; a pointer that is not in the
table, or a function whose address is taken and that no pointer in it leads to, is a failure. What
libc and the caller's own callbacks need comes on top."""

import re

# The manual's promise. musl gives a thread 128 KiB, the least of the common C libraries.
STACK = 64 << 10

ALLOC, REALLOC, FREE = (["cfti_default_" + what, "cfti_block_cache_" + what]
                        for what in ("alloc", "realloc", "free"))
MAP = ["cfti_build_map", "cfti_check_map", "cfti_tree_map", "cfti_manifest_map",
       "cfti_text_stream_map", "cfti_reread_map", "cfti_statement_map"]
FOLD = ["cfti_build_fold", "cfti_check_fold", "cfti_stream_fold", "cfti_tree_fold",
        "cfti_text_stream_fold"]
RESERVE = ["cfti_build_reserve"]
MANY = ["cfti_tree_map_many", "cfti_manifest_map_many"]
KERNELS, LANES = ([f"cfti_sha256_blocks{lanes}_{name}" for name in names]
                  for lanes, names in (("", ["shani", "armv8", "portable"]), ("4", ["shani", "armv8"])))
TASKS = ["cfti_node_list", "cfti_scan_read_index"]
# What each function may call through a pointer; none: only what is the caller's own.
POINTERS = {
    "cfti_alloc": ALLOC,
    "cfti_realloc": REALLOC,
    "cfti_free": FREE,
    "cfti_thread_main": ["cfti_pool_run"],
    "cfti_pool_run": ["cfti_loop_run", "cfti_scan_helper_loop"],
    "cfti_loop_run": TASKS,
    "cfti_workers_each": TASKS,  # on the caller's threads
    "cfti_scan_rounds": TASKS,
    "cfti_os_list": ["cfti_listing_entry"],
    "cfti_sort": ["cfti_entry_order", "cfti_order_alike", "cfti_order_file", "cfti_order_hex",
                  "cfti_order_path", "cfti_order_origin", "cfti_order_absent", "cfti_sums_order",
                  "cfti_diff_order_leaves"],
    "cfti_sums_are_in": ["cfti_order_path", "cfti_order_hex"],
    "cfti_diff_pair_equal": ["cfti_diff_order_leaves", "cfti_diff_order_bytes"],
    "cfti_build_fold": ["cfti_build_write", "cfti_verify_write"],
    "cfti_slot_map": MAP,
    "cfti_scan_fold": FOLD + RESERVE,
    "cfti_slot_release": MANY,
    "cfti_scan_each_piece": MAP,
    "cfti_output_send": ["cfti_target_write"],
    "cfti_findings_report": [],
    "cfti_notes_report": ["cfti_findings_note_name"],
    "cfti_notes_left_out": ["cfti_findings_note_name"],
    "cfti_sha256_blocks": KERNELS,
    "cfti_sha256_many": KERNELS + LANES,
    "cfti_scan_report": [],
    "cfti_explain_listed": [],
    "cfti_explain_report": [],
    "cfti_walk_levels": [],
}
# Started as a thread, not called.
THREADS = {"cfti_pool_run", "cfti_thread_main"}
# A pool's block cache uses an allocator of the caller's or the default one, never itself, so
# that these calls do not lead back to the cache.
BEHIND = {"cfti_block_cache_alloc", "cfti_block_cache_realloc", "cfti_block_cache_free"}


class Wrong(Exception):
    pass


def plain(name):
    """A function's name in the source: gcc makes parts and copies of one."""
    return re.sub(r"\.(part|constprop|isra|cold|lto_priv).*", "", name.split(":")[-1])


class Graph:
    def __init__(self, text):
        self.frames, self.calls, self.pointers, self.begins = {}, {}, [], []
        for line in text.splitlines():
            node = re.match(r'node: \{ title: "(.*?)" label: "(.*?)\\n.*?:(\d+):\d+\\n(.*?)"', line)
            edge = re.match(r'edge: \{ sourcename: "(.*?)" targetname: "(.*?)" label: ".*?:(\d+):',
                            line)
            if node and re.match(r"\d+ bytes", node[4]):
                size, kind = re.match(r"(\d+) bytes \((.*)\)", node[4]).groups()
                if kind == "dynamic":
                    raise Wrong(f"{node[1]}: a frame of no fixed size")
                self.frames[node[1]] = int(size)
                self.begins.append((int(node[3]), plain(node[1])))
            elif edge and edge[2] == "__indirect_call":
                self.pointers.append((edge[1], int(edge[3])))
            elif edge:
                self.calls.setdefault(edge[1], set()).add(edge[2])

    def follow(self, begins):
        """Adds what runs through pointers. begins: where each function of the source begins, since
        a call may stand in a function that another has swallowed."""
        named = {}
        for node in self.frames:
            named.setdefault(plain(node), []).append(node)
        for node, line in self.pointers:
            where = max((begin for begin in begins if begin[0] <= line), default=(0, node))[1]
            if where not in POINTERS:
                raise Wrong(f"{where} calls through a pointer: what? (POINTERS in "
                            "tests/hygiene/hygiene_stack.py)")
            for target in POINTERS[where]:
                self.calls.setdefault(node, set()).update(named.get(target, ()))

    def deepest(self):
        """(bytes, the functions on the way). Recursion is an error."""
        done = {}

        def look(node, behind, way):
            """behind: a block cache has been passed."""
            behind = behind or plain(node) in BEHIND
            step = (node, behind)
            if step in way:
                raise Wrong("recursion: " + " > ".join(
                    plain(name) for name, _ in (*way[way.index(step):], step)))
            if step not in done:
                below = max((look(called, behind, (*way, step))
                             for called in self.calls.get(node, ()) if called in self.frames and
                             not (behind and plain(called) in BEHIND)), default=(0, ()))
                done[step] = self.frames[node] + below[0], (node, *below[1])
            return done[step]

        return max(look(node, False, ()) for node in self.frames)


# Calls on the processors that are asked about, directives and labels.
CALLS = r"(?:call|jmp|bl|blx|brasl|tail)\s|\.|\w+:"


def taken(assembly):
    """The functions whose address is taken, from what gcc -O0 -S -fno-pic wrote."""
    functions = set(re.findall(r"\.type\s+(\w+), [@%]function", assembly))
    functions |= set(re.findall(r"\.def\s+(\w+);.*\.type\s+32", assembly))  # Windows
    found = set()
    for line in assembly.splitlines():
        line = line.strip()
        if not re.match(CALLS, line) or re.match(r"\.(quad|long|word|xword|8byte)\s", line):
            found |= functions.intersection(re.findall(r"(?<![\w.])\w+", line))
    return found


def check(graphs, assembly):
    """graphs: {options: text of the .ci file}, with -O0 first. What is to be told."""
    told, begins = {name for names in POINTERS.values() for name in names} - THREADS, None
    told -= {name for name in KERNELS + LANES if name not in assembly}  # another processor's
    addresses = taken(assembly) - THREADS
    if addresses != told:
        raise Wrong(f"addresses taken, but not in the table: {sorted(addresses - told)}; in the "
                    f"table, but not taken: {sorted(told - addresses)}")
    said = []
    for options, text in graphs.items():
        graph = Graph(text)
        begins = begins or graph.begins
        if not graph.frames:
            raise Wrong(f"{options}: no frames")
        graph.follow(begins)
        total, way = graph.deepest()
        said.append(f"{options}: {total}")
        if total > STACK:
            steps = " > ".join(f"{plain(node)} {graph.frames[node]}" for node in way)
            raise Wrong(f"{options}: {total} bytes of stack, more than {STACK}: {steps}")
    return "deepest, in bytes: " + ", ".join(said)
