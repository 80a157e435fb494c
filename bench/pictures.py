#!/usr/bin/env python3
"""The figures of a run as pictures: one HTML page, and two SVG files for the README.

    bench/pictures.py [--results build/bench/results.json] [--page build/bench/report.html]
                      [--svg DIRECTORY]

Reads what bench/run.py has left. The page needs no network and no script; every picture adapts to
light and dark. --svg writes time.svg and ratio.svg there.
"""

import argparse
import html
import json
import math
import pathlib
import sys
import time

import peer_table
import report

ROOT = pathlib.Path(__file__).resolve().parent.parent
BY_FILES = ("W1", "W2", "W3", "W6", "W7")  # many small files, each ten times as many
PANELS = (("hash_stream", "hash, stream"), ("hash_tree", "hash, tree"),
          ("build", "build in memory"), ("find", "find"))
RATIOS = ("find", "hash_stream", "hash_tree", "manifest", "check_reference", "build", "build_fresh",
          "file_new", "file_over", "whole")
COSTS = ("find", "open", "read", "hash", "write")

STYLE = """
:root { color-scheme: light dark; --text: #1f2328; --faint: #656d76; --rule: #d1d9e0;
  --paper: #ffffff; --ours: #0b5fd0; --python: #1a7f37; --rust: #bc4c00; --floor: #8250df;
  --find: #8250df; --open: #bf8700; --read: #0b5fd0; --hash: #1a7f37; --write: #cf222e; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --faint: #9198a1; --rule: #3d444d;
  --paper: #0d1117; --ours: #58a6ff; --python: #3fb950; --rust: #f0883e; --floor: #bc8cff;
  --find: #bc8cff; --open: #d29922; --read: #58a6ff; --hash: #3fb950; --write: #f85149; } }
svg text { fill: var(--text); font: 12px system-ui, sans-serif; }
svg .faint { fill: var(--faint); font-size: 11px; }
svg .title { font-weight: 600; }
svg .rule { stroke: var(--rule); stroke-width: 1; fill: none; }
svg .spread { stroke: var(--text); stroke-width: 1.5; fill: none; }
svg .one { stroke: var(--faint); stroke-width: 1.5; stroke-dasharray: 4 3; }
"""
PAGE_STYLE = """
body { background: var(--paper); color: var(--text); font: 16px/1.5 system-ui, sans-serif;
  max-width: 64rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
figure { margin: 1rem 0; } figcaption, .faint { color: var(--faint); font-size: .9rem; }
.panels { display: grid; gap: 1rem 2rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); }
svg { width: 100%; height: auto; max-width: 36rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; }
td, th { padding: .15rem .6rem; text-align: right; border-bottom: 1px solid var(--rule);
  white-space: nowrap; } td:first-child, th:first-child { text-align: left; }
"""


class Drawing:
    """The elements of an SVG, of a width and height in units of its text's pixels."""

    def __init__(self, width, height, label):
        self.width, self.height, self.label, self.elements = width, height, label, []

    def add(self, name, text=None, **attributes):
        words = "".join(' {}="{}"'.format(
            key.rstrip("_").replace("_", "-"),
            html.escape("{:.1f}".format(value) if isinstance(value, float) else str(value)))
            for key, value in attributes.items())
        self.elements.append("<{}{}/>".format(name, words) if text is None else
                             "<{}{}>{}</{}>".format(name, words, html.escape(text), name))

    def text(self, x, y, text, anchor="start", class_=""):
        self.add("text", text, x=float(x), y=float(y), text_anchor=anchor, class_=class_)

    def line(self, x1, y1, x2, y2, class_="rule"):
        self.add("line", x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2), class_=class_)

    def inside(self, x, y, other):
        self.elements.append('<g transform="translate({} {})">{}</g>'.format(
            x, y, "\n".join(other.elements)))

    def svg(self, alone=False):
        """alone: as a file, which brings its own style, background and margin."""
        margin = 8 if alone else 0
        width, height = self.width + 2 * margin, self.height + 2 * margin
        size = ' width="{}" height="{}"'.format(width, height) if alone else ""
        frame = ('<style>{}</style>\n<rect x="{}" y="{}" width="100%" height="100%" '
                 'fill="var(--paper)"/>'.format(STYLE, -margin, -margin)) if alone else ""
        return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="{0} {0} {1} {2}"{3} role="img">'
                "<title>{4}</title>\n{5}{6}\n</svg>\n").format(
                    -margin, width, height, size, html.escape(self.label), frame,
                    "\n".join(self.elements))


def color(name):
    return "var(--{})".format(name)


def decades(low, high):
    return range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)


def share(value, powers):
    """How far along an axis of these decades."""
    return (math.log10(value) - powers[0]) / max(1, powers[-1] - powers[0])


def seconds(value):
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if value * factor >= 1 or unit == "µs":
            return "{:g} {}".format(value * factor, unit)


def count(value):
    return "{:g}k".format(value / 1000) if value >= 1000 else str(value)


def peers():
    return [("ours", "confiture.h"), *((entry.name, entry.title) for entry in peer_table.PEERS)]


# ---- time against files ----

def series(tables, operation):
    """name -> [(files, seconds)] of ours, each peer and the floor."""
    found = {}
    for table in tables:
        row = next(row for row in table["rows"] if row["operation"] == operation)
        for name, _ in peers():
            if row.get(name, {}).get("median"):
                found.setdefault(name, []).append((table["files"], row[name]["median"]))
        if row.get("floor"):
            found.setdefault("floor", []).append((table["files"], row["floor"]))
    return found


def time_panel(tables, operation, title):
    drawing = Drawing(320, 250, title + ": time against the number of files, both logarithmic")
    lines = series(tables, operation)
    xs = [x for points in lines.values() for x, _ in points]
    ys = [y for points in lines.values() for _, y in points]
    if not xs:
        return None
    across, up = decades(min(xs), max(xs)), decades(min(ys), max(ys))
    left, right, top, bottom = 58, 300, 28, 208

    def place(x, y):
        return (left + (right - left) * share(x, across), bottom - (bottom - top) * share(y, up))

    drawing.text(left, 16, title, class_="title")
    for power in up:
        _, y = place(10.0 ** across[0], 10.0 ** power)
        drawing.line(left, y, right, y)
        drawing.text(left - 6, y + 4, seconds(10.0 ** power), "end", "faint")
    for power in across:
        x, _ = place(10.0 ** power, 10.0 ** up[0])
        drawing.line(x, bottom, x, bottom + 4)
        drawing.text(x, bottom + 18, count(10 ** power), "middle", "faint")
    drawing.text((left + right) / 2, bottom + 36, "files", "middle", "faint")
    for name, points in lines.items():
        places = [place(x, y) for x, y in points]
        drawing.add("polyline", points=" ".join("{:.1f},{:.1f}".format(*p) for p in places),
                    fill="none", stroke=color(name), stroke_width=2.5 if name == "ours" else 1.8,
                    **({"stroke_dasharray": "5 4"} if name == "floor" else {}))
        for x, y in places if name != "floor" else ():
            drawing.add("circle", cx=x, cy=y, r=3, fill=color(name))
    return drawing


def legend(names, width):
    drawing = Drawing(width, 22, "legend")
    x = 0
    for name, title in names:
        drawing.add("rect", x=x, y=4, width=18, height=5 if name != "floor" else 2,
                    fill=color(name))
        drawing.text(x + 24, 12, title)
        x += 42 + 7 * len(title)
    return drawing


LINES = [*peers(), ("floor", "the machine's floor")]


def time_panels(results):
    tables = [table for table in results.get("main", []) if table["name"] in BY_FILES]
    return list(filter(None, (time_panel(tables, *panel) for panel in PANELS))) if tables else []


def time_picture(results):
    panels = time_panels(results)[:3]
    drawing = Drawing(max(1, len(panels)) * 320 + 20, 284, "time against the number of files")
    drawing.inside(20, 8, legend(LINES, 600))
    for index, panel in enumerate(panels):
        drawing.inside(10 + 320 * index, 34, panel)
    return drawing


# ---- how many times as long as ours ----

def ratios(table):
    """(title, peer, ratio, least, greatest): medians, and the quartiles against each other."""
    found = []
    for row in table["rows"]:
        ours = row["ours"]
        if row["operation"] not in RATIOS or not ours["median"]:
            continue
        for name, _ in peers()[1:]:
            theirs = row.get(name)
            if not theirs or not theirs["median"]:
                continue
            low, high = ours.get("quartiles") or [ours["median"]] * 2
            first, last = theirs.get("quartiles") or [theirs["median"]] * 2
            found.append((row["title"], name, theirs["median"] / ours["median"], first / high,
                          last / low))
    return found


def ratio_picture(table):
    bars = ratios(table)
    titles = list(dict.fromkeys(bar[0] for bar in bars))
    each = 17
    height = 52 + sum(10 + each * sum(bar[0] == title for bar in bars) for title in titles)
    drawing = Drawing(480, height + 26, "{}: how many times as long as confiture.h".format(
        table["name"]))
    if not bars:
        return None
    left, right, top = 160, 425, 46
    low = min(0.5, min(bar[3] for bar in bars))
    high = max(10.0, max(bar[4] for bar in bars))

    def place(ratio):
        return left + (right - left) * math.log(ratio / low) / math.log(high / low)

    drawing.text(0, 14, "{}: {}, {}; times as long as confiture.h".format(
        table["name"], report.number(table["files"], "file"), report.size(table["bytes"])),
        class_="title")
    drawing.inside(0, 22, legend(peers()[1:], 400))
    y = top + 8
    for title in titles:
        of_title = [bar for bar in bars if bar[0] == title]
        drawing.text(left - 10, y + each * len(of_title) / 2 + 4, title, "end")
        for _, name, ratio, least, greatest in of_title:
            start, end = sorted((place(1.0), place(ratio)))
            drawing.add("rect", x=start, y=y + 3, width=max(1.0, end - start), height=each - 6,
                        fill=color(name), opacity=0.85)
            middle = y + each / 2
            drawing.line(place(least), middle, place(greatest), middle, "spread")
            drawing.text(max(end, place(greatest)) + 6, middle + 4,
                         "{:.3g}".format(ratio))
            y += each
        y += 10
    drawing.line(place(1.0), top, place(1.0), y, "one")
    for tick in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200):
        if low <= tick <= high:
            drawing.text(place(tick), y + 14, "{:g}".format(tick), "middle", "faint")
    return drawing


# ---- what the work costs ----

def costs(table):
    """Seconds of one thread for each part of the work, as bench/floors.c measures them."""
    parts = table["parts"]
    hashing = min(parts[part] for part in ("hash", "hash_openssl") if part in parts)
    opened = parts.get("opens", parts["list"])
    return [parts["list"], max(0.0, opened - parts["list"]), max(0.0, parts["files"] - opened),
            hashing, parts["write_new"]]


def cost_picture(tables):
    each = 48
    drawing = Drawing(480, 30 + each * len(tables), "the cost of the parts of the work")
    drawing.inside(0, 0, legend([(name, name) for name in COSTS], 400))
    for index, table in enumerate(tables):
        values = costs(table)
        total, x, y = sum(values), 0.0, 48 + each * index
        drawing.text(0, y - 6, "{}, {}: {} ms".format(
            table["name"], report.number(table["files"], "file"), report.ms(total)))
        for name, value in zip(COSTS, values):
            width = 480 * value / total
            drawing.add("rect", x=x, y=y, width=max(0.0, width - 1), height=22, fill=color(name))
            if width > 34:
                drawing.add("text", "{:.0f} %".format(100 * value / total), x=x + width / 2,
                            y=y + 15, text_anchor="middle", style="fill: var(--paper)")
            x += width
    return drawing


# ---- the page ----

def as_html(lines):
    """Tables and lists of report.py, whose Markdown is simple."""
    found, rows, items = [], [], []

    def flush():
        if rows:
            head, *body = rows
            found.append('<div class="scroll"><table><tr>{}</tr>{}</table></div>'.format(
                "".join("<th>{}</th>".format(html.escape(cell)) for cell in head),
                "".join("<tr>{}</tr>".format("".join(
                    "<td>{}</td>".format(html.escape(cell)) for cell in row)) for row in body)))
        if items:
            found.append("<ul>{}</ul>".format("".join(
                "<li>{}</li>".format(html.escape(item)) for item in items)))
        rows.clear()
        items.clear()

    for line in lines:
        if line.startswith("|"):
            if not line.startswith("|-"):
                rows.append([cell.strip() for cell in line.strip("|").split("|")])
            continue
        if line.startswith("- "):
            items.append(line[2:])
            continue
        flush()
        if line.startswith("### "):
            found.append("<h3>{}</h3>".format(html.escape(line[4:])))
        elif line:
            found.append('<p class="faint">{}</p>'.format(html.escape(line)))
    flush()
    return "\n".join(found)


def figure(drawings, caption, panels=False):
    return '<figure>{}{}{}<figcaption>{}</figcaption></figure>'.format(
        '<div class="panels">' if panels else "", "".join(d.svg() for d in drawings if d),
        "</div>" if panels else "", html.escape(caption))


def page(results):
    main = results.get("main", [])
    machine = [["machine", ""], *([key, str(value)] for key, value in results["machine"].items()),
               ["SHA-256 kernel", results["kernel"]], ["confiture.h", results["version"]],
               ["date", time.strftime("%Y-%m-%d", time.gmtime(results["time"]))]]
    lost = report.losses(results)
    workloads = [table for table in main if table["name"].startswith("W")]
    parts = ["<h1>confiture.h beside its peers</h1>",
             "<p>One run of <code>make bench</code>. bench/README.md says what is compared. Each "
             "figure is of this machine: run it for yours.</p>"]
    if workloads:
        parts += ["<h2>Time against the number of files</h2>",
                  figure([legend(LINES, 600)], ""),
                  figure(time_panels(results), "Medians, warm page cache, two threads where a peer "
                         "has them. The floor is made of minima. Both axes are logarithmic.",
                         panels=True),
                  "<h2>Times as long as confiture.h</h2>"]
        parts += [figure([ratio_picture(table) for table in main], "Medians. A line is the spread: "
                         "the quartiles of the one against the opposite quartiles of the other. "
                         "Left of the dashed line the peer is faster.", panels=True)]
        parts += ["<h2>What the work costs</h2>",
                  figure([cost_picture(workloads)], "The parts of a build to a new file with its "
                         "digest, one after another on one thread, without a peer and without "
                         "confiture.h.")]
    parts += ["<h2>Losses</h2>", as_html(["- " + line + "." for line in lost]) if lost else
              "<p>None in this run.</p>"]
    parts += ["<h2>Figures</h2>"]
    for title, lines in report.sections(results):
        if title != "Losses":
            parts += ["<details><summary>{}</summary>{}</details>".format(
                html.escape(title), as_html(lines))]
    parts += ["<h2>The machine</h2>", as_html(report.table(machine[0], machine[1:]))]
    parts += ['<p class="faint">Not there: {}.</p>'.format(html.escape(why))
              for why in results["missing"]]
    return ('<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            "<title>confiture.h: benchmark</title><style>{}{}</style></head>"
            "<body>\n{}\n</body></html>\n").format(STYLE, PAGE_STYLE, "\n".join(parts))


def write_svg(results, folder):
    """The two pictures of the README."""
    folder.mkdir(parents=True, exist_ok=True)
    biggest = [table for table in results.get("main", []) if table["name"] in ("W2", "W3")][-1:]
    pictures = {"time.svg": time_picture(results),
                "ratio.svg": ratio_picture(biggest[0]) if biggest else None}
    for name, picture in pictures.items():
        if picture:
            (folder / name).write_text(picture.svg(alone=True), encoding="utf-8")
            print("{} written".format(folder / name))


def main():
    parser = argparse.ArgumentParser(description="Draw the figures of a run of bench/run.py.")
    parser.add_argument("--results", type=pathlib.Path,
                        default=ROOT / "build" / "bench" / "results.json")
    parser.add_argument("--page", type=pathlib.Path)
    parser.add_argument("--svg", type=pathlib.Path, help="write time.svg and ratio.svg here")
    options = parser.parse_args()
    try:
        results = json.loads(options.results.read_text(encoding="utf-8"))
    except OSError as error:
        return "bench/pictures.py: {}: {}; run 'make bench' first".format(options.results,
                                                                          error.strerror)
    target = options.page or options.results.with_name("report.html")
    target.write_text(page(results), encoding="utf-8")
    print("{} written".format(target))
    if options.svg:
        write_svg(results, options.svg)
    return 0


if __name__ == "__main__":
    sys.exit(main())
