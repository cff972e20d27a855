"""Apply the named rewrites until none applies, in one pass from the inputs to the outputs."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.errors import GraphError
from chainrule.graph import Graph, Node, rebuild
from chainrule.transforms.rules import REWRITES, Rewrite


def simplify(graph: Graph, rewrites: Sequence[Rewrite] = REWRITES) -> Graph:
    """A graph with the same results, bit for bit, and fewer or simpler nodes."""
    return rebuild(graph, lambda _, node: _rewrite(node, rewrites))


def _rewrite(node: Node, rewrites: Sequence[Rewrite]) -> Node:
    """The node after every rewrite that applies, again and again; each makes it simpler, so this ends."""
    for rewrite in rewrites:
        value = rewrite.rewrite(node)
        if value is not None:
            if value.node.type != node.type:
                raise GraphError(f'rewrite "{rewrite.name}" turned {node!r} into {value.node!r}, of another type')
            return _rewrite(value.node, rewrites)
    return node
