"""Draws the picture of docs/architecture.md: the folders of the library, and which imports which.

The boxes are those of the import contract in pyproject.toml, the arrows are the imports in the sources. An arrow that
follows from others is left out: where a imports b and b imports c, a may import c too.

    uv run python docs/draw_architecture.py
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import grimp

from chainrule.explain.render import svg
from chainrule.explain.render.layers import arrange

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "pictures" / "architecture.svg"
LOWEST = "graph"
"""What stands below it in the contract serves everyone, and shares one box without arrows."""
ROAD = ("tracing", "transforms", "plan", "codegen", "runtime")
"""What a function passes through until it is numbers, from the first to the last."""

SIZE, SMALL = 15.0, 12.0
"""Of the names, and of those in the lowest box."""
MARGIN, BOX, ROW, APART, PASS, TIP = 20.0, 30.0, 58.0, 26.0, 24.0, 7.0
"""Around the picture; height of a box and of a row; between boxes; what a passing arrow takes; the head of an arrow."""

Edge = tuple[str, str]
"""What is imported, and what imports it."""


def contract() -> list[list[str]]:
    """The rows of the import contract, from the highest to the lowest, without `__main__`."""
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(contract["layers"] for contract in linter["contracts"] if contract["type"] == "layers")
    rows = [re.findall(r"\w+", layer) for layer in layers]
    return [row for row in rows if row != ["__main__"]]


def imports(names: list[str]) -> list[Edge]:
    """The imports among these parts of the library that follow from no others."""
    graph = grimp.build_graph("chainrule")
    part_of = {name: name.split(".")[1] for name in graph.modules if "." in name}
    direct: dict[str, set[str]] = {name: set() for name in names}
    for module, part in part_of.items():
        for imported in graph.find_modules_directly_imported_by(module):
            if part in direct and part_of.get(imported) in direct.keys() - {part}:
                direct[part].add(part_of[imported])
    reached: dict[str, set[str]] = {}
    for name in reversed(names):  # from the lowest: whatever it imports is there already
        reached[name] = direct[name].union(*(reached[below] for below in direct[name]))
    return [
        (below, name)
        for name in names
        for below in sorted(direct[name])
        if not any(below in reached[between] for between in direct[name])
    ]


def ports(edges: list[Edge], x: Mapping[str, float], width: Mapping[str, float], routes: list[list[float]]) -> Iterator:
    """Where every arrow meets what is imported, and where it leaves what imports: apart, in the order they come."""
    for here, there, nearest in ((0, 1, 0), (1, 0, -1)):
        found = {}
        for name in x:
            numbers = [n for n, edge in enumerate(edges) if edge[here] == name]
            numbers.sort(key=lambda n: routes[n][nearest] if routes[n] else x[edges[n][there]])
            step = min(18.0, width[name] / (len(numbers) + 1))
            found |= {n: x[name] + step * (at - (len(numbers) - 1) / 2) for at, n in enumerate(numbers)}
        yield found


def arrow(across: list[float], top: float) -> Iterator[str]:
    """A line from the row whose boxes begin at `top` down to a later one, and its places in all of them."""
    number, y = svg.number, top + BOX
    course = f"M{number(across[0])} {number(y)}"
    for x0, x1 in pairwise(across):
        middle, end = y + (ROW - BOX) / 2, y + ROW - BOX
        course += "C" + " ".join(map(number, (x0, middle, x1, middle, x1, end))) + f"V{number(end + BOX)}"
        y += ROW
    end, x = y - BOX, across[-1]
    yield svg.path(course.rpartition("V")[0], "wire")
    yield svg.path(
        f"M{number(x)} {number(end)}L" + " ".join(map(number, (x - 4, end - TIP, x + 4, end - TIP))) + "Z", "tip"
    )


def draw() -> str:
    """The picture."""
    rows = contract()
    base = rows.index([LOWEST])
    names = [name for row in rows[: base + 1] for name in row]
    edges = imports(names)
    width = {name: svg.width_of(name, SIZE) + 2 * MARGIN for name in names}
    layout = arrange({name: width[name] + APART for name in names}, edges, PASS)
    x = {name: MARGIN + place for name, place in layout.y.items()}
    routes = [[MARGIN + place for place in route] for route in layout.routes]
    top = {name: MARGIN + ROW * (max(layout.layer.values()) - layer) for name, layer in layout.layer.items()}
    low, high = ports(edges, x, width, routes)

    body: list[str] = []
    for n, (_, above) in enumerate(edges):
        body += arrow([high[n], *reversed(routes[n]), low[n]], top[above])
    for name in names:
        kind = "box lit" if name in ROAD else "box"
        body.append(svg.rectangle(x[name] - width[name] / 2, top[name], width[name], BOX, kind, 7))
        body.append(svg.text(name, x[name], top[name] + BOX / 2 + 5, SIZE, "lit" if name in ROAD else ""))
    right = max(*(x[name] + width[name] / 2 for name in names), *(place for route in routes for place in route))
    bottom = max(top.values()) + BOX + APART
    served = [name for row in rows[base + 1 :] for name in row]
    lines = [" · ".join(served[at : at + 6]) for at in range(0, len(served), 6)]
    height = BOX + 18 * len(lines)
    body.append(svg.rectangle(MARGIN, bottom, right - MARGIN, height, "box", 7))
    body.append(svg.text("any of them may import", (MARGIN + right) / 2, bottom + 18, SMALL, "quiet"))
    for at, line in enumerate(lines):
        body.append(svg.text(line, (MARGIN + right) / 2, bottom + 38 + 18 * at, SMALL))
    told = "; ".join(f"{above} imports {below}" for below, above in edges)
    return svg.document(right + MARGIN, bottom + height + MARGIN, "The folders and what they import", told, body)


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
