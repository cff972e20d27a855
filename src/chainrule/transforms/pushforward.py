"""Forward mode: tangents pushed from the inputs to the outputs, with no second table of rules.

A reverse rule maps the cotangent g of a result to that of an operand, and it is linear: g ↦ Jᵀg. Its
transpose v ↦ Jv is the forward rule. And the transpose of a linear function is its back propagation. So each rule is
evaluated at an unknown g, and the little graph that this gives is propagated back from the operand to g.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add

from chainrule.errors import GraphError
from chainrule.graph import Node, dependants, inherit, make_input, topological_order
from chainrule.ops.value import Value
from chainrule.transforms.backprop import pull_back


def push_forward(outputs: Sequence[Node], wrt: Sequence[Node], tangents: Sequence[Node]) -> list[Node | None]:
    """The derivative of each output in the direction `tangents` of the nodes `wrt`; None where it is zero."""
    order = topological_order(outputs)
    on_a_path = dependants(order, wrt)
    known: dict[Node, Node] = dict(zip(wrt, tangents, strict=True))
    for node in order:
        if node in on_a_path and node not in known:
            terms = [
                term
                for position, operand in enumerate(node.operands)
                if operand in known and (term := _push_edge(node, position, known[operand])) is not None
            ]
            if terms:
                with inherit(node.origin):
                    known[node] = reduce(add, terms).node
    return [known.get(output) for output in outputs]


def _push_edge(node: Node, position: int, tangent: Node) -> Value | None:
    """The tangent of `node` due to that of one operand: the transpose of the reverse rule, at `tangent`."""
    rule = node.op.rules[position]
    if rule is None or not node.type.is_float:
        return None
    g = make_input("g", node.type)
    around = (node, *node.operands)
    with inherit(node.origin):
        cotangent = rule(Value(g), Value(node), *map(Value, node.operands), **node.keywords)
        (result,) = pull_back([cotangent.node], [tangent], [g], around).results
    if result is None:
        return None
    if g in topological_order([result], (*around, tangent)):
        raise GraphError(f"the derivative rule of {node.op.name} is not linear in its cotangent")
    return Value(result)
