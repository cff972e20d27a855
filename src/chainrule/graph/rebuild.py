"""A graph rebuilt node by node: the basis of every graph rewrite."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chainrule.graph.graph import Graph
from chainrule.graph.node import Node, make_node
from chainrule.graph.origin import inherit


def rebuild(graph: Graph, change: Callable[[Node, Node], Node]) -> Graph:
    """The graph with every node replaced by what `change(node, node with new operands)` gives, operands first."""
    new: dict[Node, Node] = {node: node for node in graph.inputs}
    for node in graph.nodes:
        if node not in new:
            operands = tuple([new[operand] for operand in node.operands])
            with inherit(node.origin):
                same = operands == node.operands
                new[node] = change(node, node if same else make_node(node.op, operands, **node.keywords))
    return with_outputs(graph, [new[output] for output in graph.outputs])


def with_outputs(graph: Graph, outputs: Sequence[Node]) -> Graph:
    """The graph of other outputs; itself if they are the same."""
    outputs = tuple(outputs)
    return graph if outputs == graph.outputs else Graph(graph.inputs, outputs, graph.name)
