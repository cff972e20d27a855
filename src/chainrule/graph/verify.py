"""The invariants of a graph, checked between the stages and, in the tests, after every transform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.errors import ChainruleError, GraphError
from chainrule.graph.node import INPUT, Node
from chainrule.graph.registry import REGISTRY

if TYPE_CHECKING:
    from chainrule.graph.graph import Graph


def verify(graph: Graph) -> None:
    """Raise GraphError at the first node that is out of order, unknown, wrongly typed or not an input of the graph."""
    if len(set(graph.inputs)) != len(graph.inputs):
        raise GraphError("a graph lists the same input twice; every input must be a node of its own")
    for node in graph.inputs:
        if node.op is not INPUT:
            raise GraphError(f"{node!r} is listed as an input but is the result of an operation")
    if graph.free_inputs:
        names = ", ".join(str(node.keywords["slot"]) for node in graph.free_inputs)
        raise GraphError(
            f"the graph uses {names}, which belongs to another trace: a traced value left the function it was "
            "made in; return it from that function instead of storing it"
        )
    done: set[Node] = set()
    for node in graph.nodes:
        _verify_node(node, done)
        done.add(node)
    if not done.issuperset(graph.outputs):
        raise GraphError("an output is not among the nodes of the graph")


def _verify_node(node: Node, done: set[Node]) -> None:
    where = f" (made at {node.origin})" if node.origin else ""
    if REGISTRY.get(node.op.name) is not node.op:
        raise GraphError(f"{node!r}{where} applies an operation that is not registered")
    if not done.issuperset(node.operands):
        raise GraphError(f"{node!r}{where} stands before one of its operands")
    try:
        expected = node.op.infer(*(operand.type for operand in node.operands), **node.keywords)
    except ChainruleError as error:
        raise GraphError(f"{node!r}{where} does not accept its operands: {error}") from error
    if expected != node.type:
        raise GraphError(f"{node!r}{where} has type {node.type}, but its operation gives {expected}")
