"""Where the nodes of a graph stand: in layers along the longest paths, ordered so that few edges cross.

The method is that of Sugiyama, Tagawa and Toda (1981): layers, points that long edges pass, barycentres, straightening.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 12
"""How often the layers are ordered and straightened, forwards and backwards by turns."""


@dataclass(frozen=True)
class Layout:
    """The places of nodes.

    Attributes:
        layer: the number of the layer of every node, from 0 on.
        y: the middle of every node.
        routes: for every edge, in the order given, its heights in the layers between its ends.
    """

    layer: Mapping[str, int]
    y: Mapping[str, float]
    routes: Sequence[Sequence[float]]


def arrange(heights: Mapping[str, float], edges: Sequence[tuple[str, str]], pass_height: float) -> Layout:
    """Give every node a place.

    Args:
        heights: what every node takes, with the space to the next.
        edges: pairs of source and target, without circles; a pair may come more than once.
        pass_height: the same of an edge that passes a layer.
    """
    nodes = list(heights)
    layer = _layers(nodes, edges)
    columns: list[list[str]] = [[] for _ in range(1 + max(layer.values(), default=0))]
    for node in nodes:
        columns[layer[node]].append(node)
    pieces: list[tuple[str, str]] = []
    chains = [[f"{number}:{at}" for at in range(layer[a] + 1, layer[b])] for number, (a, b) in enumerate(edges)]
    for (a, b), passes in zip(edges, chains, strict=True):
        pieces += pairwise((a, *passes, b))
        for at, point in enumerate(passes, start=layer[a] + 1):
            columns[at].append(point)
    sizes = dict.fromkeys((point for chain in chains for point in chain), pass_height) | dict(heights)
    y = _straightened(_ordered(columns, pieces), pieces, sizes)
    top = min((y[point] - sizes[point] / 2 for point in y), default=0.0)
    return Layout(layer, {node: y[node] - top for node in nodes}, [[y[point] - top for point in c] for c in chains])


def _layers(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The longest path from an input; an input stands right before its first use."""
    layer = dict.fromkeys(nodes, 0)
    for _ in nodes:
        for a, b in edges:
            layer[b] = max(layer[b], layer[a] + 1)
    targets = {node: [layer[b] for a, b in edges if a == node] for node in nodes}
    fed = {b for _, b in edges}
    return {node: at if node in fed or not targets[node] else min(targets[node]) - 1 for node, at in layer.items()}


def _ordered(columns: list[list[str]], pieces: Sequence[tuple[str, str]]) -> list[list[str]]:
    """The order with the fewest crossings among those that sweeps by barycentre pass through."""
    best, fewest = columns, _crossings(columns, pieces)
    neighbours = _neighbours(pieces)
    for sweep in range(SWEEPS):
        step = 1 if sweep % 2 else -1
        columns = [list(column) for column in columns]
        for column in columns[::step]:
            places = {point: (at + 0.5) / len(c) for c in columns for at, point in enumerate(c)}
            means = {}
            for point in column:
                near = neighbours.get((point, step)) or neighbours.get((point, -step)) or [point]
                means[point] = sum(map(places.__getitem__, near)) / len(near)
            column.sort(key=means.__getitem__)
        found = _crossings(columns, pieces)
        if found < fewest:
            best, fewest = columns, found
    return best


def _neighbours(pieces: Sequence[tuple[str, str]]) -> dict[tuple[str, int], list[str]]:
    """For (point, 1) what leads to it, for (point, −1) where it leads."""
    found: dict[tuple[str, int], list[str]] = {}
    for a, b in pieces:
        found.setdefault((b, 1), []).append(a)
        found.setdefault((a, -1), []).append(b)
    return found


def _crossings(columns: list[list[str]], pieces: Sequence[tuple[str, str]]) -> int:
    at = {point: (number, place) for number, column in enumerate(columns) for place, point in enumerate(column)}
    ends = sorted((at[a][0], at[a][1], at[b][1]) for a, b in pieces)
    return sum(
        1
        for n, (layer, a, b) in enumerate(ends)
        for other, c, d in ends[n + 1 :]
        if other == layer and (a - c) * (b - d) < 0
    )


def _straightened(
    columns: list[list[str]], pieces: Sequence[tuple[str, str]], sizes: Mapping[str, float]
) -> dict[str, float]:
    """Every point near the middle of its neighbours, in order and without overlap."""
    neighbours = _neighbours(pieces)
    y: dict[str, float] = {}
    for column in columns:
        y |= zip(column, spread([0.0] * len(column), [sizes[point] for point in column]), strict=True)
    for sweep in range(SWEEPS):
        for column in columns[:: 1 if sweep % 2 else -1]:
            wanted = []
            for point in column:
                near = neighbours.get((point, 1), []) + neighbours.get((point, -1), [])
                wanted.append(sum(y[n] for n in near) / len(near) if near else y[point])
            y |= zip(column, spread(wanted, [sizes[point] for point in column]), strict=True)
    return y


def spread(wanted: Sequence[float], sizes: Sequence[float]) -> list[float]:
    """Middles of things in a row that do not overlap: half way between pushing all down and pushing all up."""
    down, up = list(wanted), list(wanted)
    for n in range(1, len(down)):
        down[n] = max(down[n], down[n - 1] + (sizes[n - 1] + sizes[n]) / 2)
    for n in reversed(range(len(up) - 1)):
        up[n] = min(up[n], up[n + 1] - (sizes[n] + sizes[n + 1]) / 2)
    return [(a + b) / 2 for a, b in zip(down, up, strict=True)]
