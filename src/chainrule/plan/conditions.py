"""Predicates: which nodes matter only if a condition holds, so that their kernels are skipped in a step without it.

A state whose new value is `where(c, new, old)`, with one number c for all elements, stays as it is where c is false:
the weights in a micro-batch that is not the last of its update. Then nothing needs to be computed for it, nor whatever
is needed for such values alone. That follows from the graph; nothing here knows of weights and updates.
"""

from __future__ import annotations

from chainrule.graph import INPUT, Graph, Node
from chainrule.graph.usage import Usage
from chainrule.ops.elementwise import WHERE


def conditions(graph: Graph, usage: Usage) -> dict[Node, Node]:
    """For every node that matters only then, the condition: an input of the graph, a single bool."""
    demands: dict[Node, set[Node | None]] = {node: set() for node in graph.nodes}
    carried = {o: graph.inputs[i] for i, o in usage.carried}
    given = {node for i, node in enumerate(graph.inputs) if i not in {i for i, _ in usage.carried} | usage.resident}
    for position, output in enumerate(graph.outputs):
        condition = _chosen_by(output, carried.get(position))
        demands[output].add(condition if condition in given else None)
    found: dict[Node, Node] = {}
    for node in reversed(graph.nodes):
        (condition,) = demands[node] if len(demands[node]) == 1 else (None,)
        if node.op.has_effect:  # whoever is called may count the calls
            condition = None
        if condition is not None:
            found[node] = condition
        for operand in node.operands:
            demands[operand].add(condition)
    return found


def _chosen_by(output: Node, old: Node | None) -> Node | None:
    """The single number that decides between a new value and the old one."""
    if output.op is not WHERE or output.operands[2] is not old:
        return None
    condition = output.operands[0]
    while condition.op.repeats:
        condition = condition.operands[0]
    return condition if condition.op is INPUT and not condition.type.shape else None
