#!/usr/bin/env python3
"""The benchmark runs from end to end on two small trees, and its pictures show its figures.

    tests/bench/bench.py

No time is judged. The benchmark itself fails if the results of any two peers differ. All is
written below one temporary folder. The last line is "N passed, N failed, N skipped".
"""

import html.parser
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BENCH = ROOT / "bench"
sys.path[:0] = [str(BENCH), str(ROOT / "tests")]
import pictures  # noqa: E402
import run  # noqa: E402
import unittest_total  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"
NAMES = ["W1", "W2"]
WHERE = None  # everything that the tests write lies below it
OUTPUT = None  # what the benchmark printed
RESULTS = None  # what it left in results.json


def script(name, *words):
    env = {key: value for key, value in os.environ.items() if key != "CONFITURE_TREES"}
    return subprocess.run([sys.executable, BENCH / name, *words], env=env, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding="utf-8", timeout=600)


def benchmark():
    """One quick run for all tests."""
    global OUTPUT, RESULTS
    done = script("run.py", "--quick", "--only", ",".join(NAMES), "--sections",
                  "main,threads,memory", "--folder", WHERE)
    if done.returncode != 0:
        sys.exit(f"bench/run.py: exit status {done.returncode}\n{done.stdout}")
    OUTPUT = done.stdout
    RESULTS = json.loads((WHERE / "results.json").read_text(encoding="utf-8"))


class Run(unittest.TestCase):
    def test_every_tree_is_in_every_table(self):
        for section in ("main", "threads"):
            self.assertEqual([table["name"] for table in RESULTS[section]], NAMES, section)
        self.assertEqual([row["name"] for row in RESULTS["memory"]["rows"]],
                         run.Plan(quick=True).memory_names)
        for title in ("In process, warm", "Threads", "Memory", "Losses"):
            self.assertIn(f"## {title}\n", OUTPUT)

    def test_every_operation_of_ours_has_a_time_and_a_floor(self):
        for table in RESULTS["main"]:
            for row in table["rows"]:
                self.assertIsNone(row["ours"]["problem"], row["title"])
                self.assertGreater(row["ours"]["min"], 0, row["title"])
                self.assertGreater(row["floor"], 0, row["title"])

    def test_the_peers_were_compared(self):
        for table in RESULTS["main"]:
            self.assertLessEqual({"find", "stream digest", "tree digest", "manifest",
                                  "reference check", "schema", "whole schema"},
                                 set(table["equal"]), table["name"])

    def test_a_table_with_a_cold_cache_is_drawn(self):
        """From times that this run has: to drop the page cache is not for a test."""
        rows = [{**row[peer], "operation": row["operation"], "peer": peer}
                for row in RESULTS["main"][0]["rows"] for peer in ("ours", "python")
                if peer in row]
        lines = run.report.cold([{"name": "W1", "rows": rows}, {"name": "W2", "problem": "none"}])
        self.assertEqual(lines[-2:], ["W2: none.", ""])
        self.assertEqual(len({line.count("|") for line in lines[:5]}), 1)

    def test_recording_keeps_what_was_written_by_hand(self):
        path = WHERE / "recorded.md"
        run.record("first\n", path)
        self.assertEqual(path.read_text(), f"first\n\n{run.MARK}\n")
        path.write_text(path.read_text() + "\nby hand\n")
        run.record("second\n", path)
        self.assertEqual(path.read_text(), f"second\n\n{run.MARK}\n\nby hand\n")
        self.assertEqual((BENCH / "RESULTS.md").read_text(encoding="utf-8").count(run.MARK), 1)


class Reader(html.parser.HTMLParser):
    """Fails on what is not closed, and on what a page would load or run."""

    VOID = ("meta",)

    def __init__(self):
        super().__init__()
        self.open, self.problems = [], []

    def handle_starttag(self, tag, attributes):
        if tag in ("script", "link", "img", "iframe", "object", "image", "use"):
            self.problems.append(tag)
        self.problems += [name for name, _ in attributes
                          if name in ("src", "href", "xlink:href") or name.startswith("on")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}>")


def texts(svg):
    return [element.text for element in svg.iter(SVG + "text")]


class Pictures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        done = script("pictures.py", "--results", WHERE / "results.json", "--svg", WHERE / "svg")
        if done.returncode != 0:
            raise AssertionError(done.stdout)
        cls.page = (WHERE / "report.html").read_text(encoding="utf-8")

    def svg(self, name):
        return ElementTree.parse(WHERE / "svg" / name).getroot()

    def test_the_page_is_whole_and_needs_nothing_else(self):
        reader = Reader()
        reader.feed(self.page)
        reader.close()
        self.assertEqual((reader.open, reader.problems), ([], []))
        self.assertNotIn("url(", self.page)
        self.assertNotIn("@import", self.page)
        self.assertIn("prefers-color-scheme: dark", self.page)
        for drawing in re.findall(r"<svg.*?</svg>", self.page, re.S):
            ElementTree.fromstring(drawing)

    def test_the_page_names_every_loss_and_every_tree(self):
        for line in pictures.report.losses(RESULTS):
            self.assertIn(pictures.html.escape(line), self.page)
        for table in RESULTS["main"]:
            self.assertIn(f"{table['name']}: {table['files']:,} files", self.page)

    def test_a_file_brings_its_colors_for_light_and_dark(self):
        for name in ("time.svg", "ratio.svg"):
            style = self.svg(name).find(SVG + "style").text
            self.assertIn("prefers-color-scheme: dark", style)
            used = set(re.findall(r"var\((--\w+)\)", (WHERE / "svg" / name).read_text("utf-8")))
            self.assertLessEqual(used, set(re.findall(r"(--\w+):", style)))

    def test_the_bars_are_as_long_as_their_ratios(self):
        table = RESULTS["main"][-1]
        svg = self.svg("ratio.svg")
        bars = [float(rect.get("width")) for rect in svg.iter(SVG + "rect")
                if rect.get("opacity")]
        expected = [bar[2] for bar in pictures.ratios(table)]
        self.assertEqual(len(bars), len(expected))
        self.assertGreater(len(bars), 8)
        shown = texts(svg)
        for ratio in expected:
            self.assertIn(f"{ratio:.3g}", shown)
        # One unit of length for each factor of e, whatever the bar.
        units = [width / abs(math.log(ratio)) for width, ratio in zip(bars, expected)
                 if width > 20]
        self.assertTrue(units)
        for unit in units:
            self.assertAlmostEqual(unit / units[0], 1, delta=0.02)

    def test_the_points_lie_where_their_times_are(self):
        panels = list(self.svg("time.svg").iter(SVG + "g"))[1:]
        self.assertEqual(len(panels), 3)
        for panel, (operation, title) in zip(panels, pictures.PANELS):
            self.assertEqual(texts(panel)[0], title)
            lines = pictures.series(RESULTS["main"], operation)
            drawn = [[tuple(map(float, point.split(","))) for point in line.get("points").split()]
                     for line in panel.iter(SVG + "polyline")]
            self.assertEqual(list(map(len, drawn)), [len(points) for points in lines.values()])
            pairs = sorted((seconds, y) for points, places in zip(lines.values(), drawn)
                           for (_, seconds), (_, y) in zip(points, places))
            (low, bottom), (high, top) = pairs[0], pairs[-1]
            decade = (bottom - top) / math.log10(high / low)
            for seconds, y in pairs:
                self.assertAlmostEqual(y, bottom - decade * math.log10(seconds / low), delta=0.3)

    def test_without_results_one_line_says_what_to_do(self):
        done = script("pictures.py", "--results", WHERE / "none.json")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"^bench/pictures\.py: .*none\.json: .*'make bench' first\n$")


def main():
    global WHERE
    tests = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    with tempfile.TemporaryDirectory(prefix="confiture-bench-") as folder:
        WHERE = pathlib.Path(folder)
        benchmark()
        return unittest_total.run_tests(tests)


if __name__ == "__main__":
    sys.exit(main())
