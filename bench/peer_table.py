"""The peers that run.py times beside confiture.h: an entry each.

A new peer is a program that answers the requests of protocol.h (peers/ has two), and an entry here.
Its results are compared with those of the others by sections.AGREE before anything is timed.
"""

import pathlib
import sys
from typing import Callable, Mapping, NamedTuple, Optional, Sequence

HERE = pathlib.Path(__file__).resolve().parent


class Entry(NamedTuple):
    name: str
    title: str  # of its columns
    command: Callable  # of what building.Programs built: the command, or None if there is none
    operations: Mapping[str, str]  # ours: its own that is timed beside it
    cold: Sequence[str]  # its operations with a cold cache
    threaded: bool = False  # whether it takes a number of threads
    keep_first: bool = False  # nothing of it would be prepared by a first run
    two_rounds: Sequence[str] = ()  # workloads on which two rounds are enough
    skips: Mapping[str, Sequence[str]] = {}  # operation: workloads on which it takes too long


PEERS = (
    Entry("python", "Python", lambda programs: [sys.executable, HERE / "peers" / "python_peer.py"],
          {"find": "find", "hash_stream": "hash_stream", "hash_tree": "hash_tree",
           "manifest": "manifest", "check_reference": "check_reference", "build": "build",
           "build_fresh": "build", "file_new": "file_new", "file_over": "file_over",
           "whole": "whole"},
          cold=("hash_stream", "build"), keep_first=True, two_rounds=("W3", "W4"),
          # Half a minute each, and the others say as much.
          skips={operation: ("W5",) for operation in ("hash_tree", "manifest", "file_over")}),
    # It has one digest, the tree's.
    Entry("rust", "Rust", lambda programs: [programs.rust] if programs.rust else None,
          {"find": "find", "hash_stream": "hash_tree", "hash_tree": "hash_tree", "build": "build",
           "build_fresh": "build"},
          cold=("hash_tree", "build"), threaded=True),
)
NAMES = tuple(entry.name for entry in PEERS)
TITLES = {entry.name: entry.title for entry in PEERS}


def remark(entry: Entry, operation: str) -> Optional[str]:
    """What a reader must know of a time that stands beside the operation."""
    return "with the tree digest" if (operation, entry.operations.get(operation)) == (
        "hash_stream", "hash_tree") else None
