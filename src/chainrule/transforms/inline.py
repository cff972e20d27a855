"""Inline a graph: call it on traced values, its nodes being made again with these for its inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chainrule.graph import Node, dependants, inherit, make_node, topological_order


def substitute(outputs: Sequence[Node], replacements: Mapping[Node, Node]) -> list[Node]:
    """The outputs with some nodes replaced; nodes that depend on none of them stay as they are."""
    order = topological_order(outputs)
    affected = dependants(order, replacements)
    new = dict(replacements)
    for node in order:
        if node in affected and node not in new:
            with inherit(node.origin):
                new[node] = make_node(node.op, tuple(new.get(x, x) for x in node.operands), **node.keywords)
    return [new.get(output, output) for output in outputs]
