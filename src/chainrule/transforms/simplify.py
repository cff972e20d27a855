"""Apply the named rewrites until none applies: one walk from the inputs to the outputs."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.errors import GraphError
from chainrule.graph import Graph, Node, inherit, make_node
from chainrule.transforms.rules import REWRITES, Rewrite


def simplify(graph: Graph, rewrites: Sequence[Rewrite] = REWRITES) -> Graph:
    """A graph of the same meaning, bit for bit, with fewer or simpler nodes."""
    new: dict[Node, Node] = {node: node for node in graph.inputs}
    for node in graph.nodes:
        if node not in new:
            operands = tuple([new[operand] for operand in node.operands])
            with inherit(node.origin):
                same = operands == node.operands
                new[node] = _rewrite(node if same else make_node(node.op, operands, **node.keywords), rewrites)
    return Graph(graph.inputs, tuple(new[output] for output in graph.outputs), graph.name)


def _rewrite(node: Node, rewrites: Sequence[Rewrite]) -> Node:
    """The node after every rewrite that applies, again and again; each makes it simpler, so this ends."""
    for rewrite in rewrites:
        value = rewrite.rewrite(node)
        if value is not None:
            if value.node.type != node.type:
                raise GraphError(f'rewrite "{rewrite.name}" turned {node!r} into {value.node!r}, of another type')
            return _rewrite(value.node, rewrites)
    return node
