"""Print a graph as readable text, one node a line, in the order of computation.

    f(x: f64[3]) -> f64[]
      %1 = x²           f64[3]
      …
      return %5

Single numbers and broadcasts of them are printed where they are used.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from chainrule.graph.node import CONSTANT, INPUT, Node

if TYPE_CHECKING:
    from chainrule.graph.graph import Graph


def show(graph: Graph) -> str:
    """The text of a graph; every line ends with the type of its node."""
    names, lines = number_nodes(graph.nodes)
    signature = ", ".join(f"{node.keywords['slot']}: {node.type}" for node in graph.inputs)
    results = ", ".join(names[node] for node in graph.outputs)
    types = ", ".join(str(node.type) for node in graph.outputs)
    return "\n".join([f"{graph.name}({signature}) -> {types}", *lines, f"  return {results}"])


def number_nodes(nodes: Iterable[Node]) -> tuple[dict[Node, str], list[str]]:
    """A name for each node, given in topological order, and one line for each that is neither input nor number."""
    names: dict[Node, str] = {}
    lines: list[tuple[str, str]] = []
    for node in nodes:
        written = _write(node, names)
        if node.op is INPUT or _is_number(node):
            names[node] = written
        else:
            names[node] = f"%{len(lines) + 1}"
            lines.append((f"  {names[node]} = {written}", str(node.type)))
    width = max((len(line) for line, _ in lines), default=0)
    return names, [f"{line:<{width}}   {type_}" for line, type_ in lines]


def _is_number(node: Node) -> bool:
    """Whether the node is one number, perhaps broadcast to a shape."""
    if node.op is CONSTANT:
        return node.type.size == 1
    return node.op.repeats and _is_number(node.operands[0])


def _write(node: Node, names: dict[Node, str]) -> str:
    if node.op is INPUT:
        return str(node.keywords["slot"])
    if node.op is CONSTANT:
        array = node.keywords["value"].array
        if array.size == 1:
            return f"{array.item():.17g}" if array.dtype.kind == "f" else str(array.item())
        return "constant " + np.array2string(array, threshold=6, edgeitems=2, precision=4).replace("\n", " ")
    if _is_number(node):
        return names[node.operands[0]]
    operands = [names[operand] for operand in node.operands]
    attributes = ", ".join(f"{name}={value}" for name, value in node.attributes)
    variadic = "{*}" in node.op.formula
    formula = node.op.formula.replace("{*}", ", ".join(operands)) if variadic else node.op.formula.format(*operands)
    return f"{formula}  ({attributes})" if attributes else formula
