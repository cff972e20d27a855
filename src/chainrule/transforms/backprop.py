"""Back propagation: the chain rule, applied once at every node, from the outputs to the inputs.

The crux of the lecture: once the derivative with respect to an intermediate value is known (its *cotangent*),
everything between it and the output can be forgotten. So one pass over the nodes in reverse topological order is
enough. At each node the cotangents that arrive over several paths are added; the rule of the node's operation turns
the sum into a cotangent for each operand. The pass knows no operation.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.graph import Graph, Node, dependants, inherit, make_input, topological_order
from chainrule.ops.value import Value
from chainrule.transforms.backward_pass import BackwardPass, BackwardStep, Contribution


def pull_back(
    outputs: Sequence[Node], seeds: Sequence[Node], wrt: Sequence[Node], known: Sequence[Node] = ()
) -> BackwardPass:
    """Differentiate outputs, weighted by `seeds`, with respect to nodes of the graph: inputs or intermediate values.

    Args:
        outputs: float nodes.
        seeds: their cotangents, of the same types.
        wrt: float nodes.
        known: nodes below which no path to `wrt` leads, so that the pass need not look there.

    Returns:
        The backward pass; its `results` are the cotangents of `wrt`.
    """
    order = topological_order(outputs, known)
    on_a_path = dependants(order, wrt)
    arriving: dict[Node, list[Node]] = {}
    for output, seed in zip(outputs, seeds, strict=True):
        arriving.setdefault(output, []).append(seed)
    steps = []
    for node in reversed(order):
        if node in on_a_path and node in arriving:
            step = _chain_rule(node, tuple(arriving[node]), on_a_path)
            for contribution in step.contributions:
                arriving.setdefault(contribution.operand, []).append(contribution.result)
            steps.append(step)
    cotangents = {step.node: step.cotangent for step in steps}
    results = tuple(cotangents.get(node) for node in wrt)
    return BackwardPass(tuple(outputs), tuple(seeds), tuple(wrt), results, tuple(steps))


def _chain_rule(node: Node, terms: tuple[Node, ...], on_a_path: set[Node]) -> BackwardStep:
    """Add the cotangents that arrive at a node, and pass the sum on to its operands."""
    with inherit(node.origin):
        cotangent: Value = reduce(add, map(Value, terms))
        contributions = []
        for position, operand in enumerate(node.operands):
            rule = node.op.rules[position]
            if rule is None or operand not in on_a_path or not operand.type.is_float:
                continue
            result = rule(cotangent, Value(node), *map(Value, node.operands), **node.keywords)
            contributions.append(Contribution(position, operand, result.node))
    return BackwardStep(node, terms, cotangent.node, tuple(contributions))


def backprop(graph: Graph, wrt: Sequence[int] | None = None) -> tuple[Graph, BackwardPass]:
    """The derivative of a graph, as a graph, and how it came about.

    Args:
        graph: y = f(x); the outputs must be floats.
        wrt: positions of the inputs to differentiate; by default every float input.

    Returns:
        The graph (x, cotangents of y) -> (y, cotangents of the chosen inputs), and the backward pass.

    Raises:
        ArgumentError: an output or a chosen input is not a float.
    """
    chosen = [i for i, node in enumerate(graph.inputs) if node.type.is_float] if wrt is None else list(wrt)
    inputs = [graph.inputs[i] for i in chosen]
    for node in (*graph.outputs, *inputs):
        require_float(node, graph.name)
    seeds = [make_input(f"d{graph.name}{i or ''}", output.type) for i, output in enumerate(graph.outputs)]
    backward_pass = pull_back(graph.outputs, seeds, inputs)
    cotangents = or_zeros(backward_pass.results, inputs)
    outputs = (*graph.outputs, *(value.node for value in cotangents))
    return Graph((*graph.inputs, *seeds), outputs, f"∂{graph.name}"), backward_pass


def or_zeros(results: Sequence[Node | None], like: Sequence[Node]) -> list[Any]:
    """The results as values, with zeros of the right type where no path leads."""
    return [Value(r) if r is not None else np.zeros_like(Value(node)) for r, node in zip(results, like, strict=True)]


def require_float(node: Node, name: str) -> None:
    """Raise ArgumentError unless the node can be differentiated."""
    if not node.type.is_float:
        raise ArgumentError(f"{name} cannot be differentiated at {node.type}: derivatives need float32 or float64")
