"""The reference executor: a graph computed node by node with NumPy. It is the specification of every other one.

`as_function(graph)` turns a graph into a function of arrays. Each value is dropped after its last use, so memory peaks
at what is alive at one time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.figures import counted
from chainrule.graph import INPUT, Graph, Kind, Node
from chainrule.types import Array, ArrayType, as_array


def as_function(graph: Graph) -> Callable[[Sequence[Any]], list[Array]]:
    """Return the function that computes the graph's outputs from arrays for its inputs.

    The arrays must have the types of the inputs. Results are new arrays, never views of an argument.

    Raises:
        ArgumentError: (from the function) wrong number, shape or dtype of arrays; an index out of range.
    """
    graph.verify()
    steps = [(node, node.op.numpy, node.keywords, node.operands) for node in graph.nodes if node.op is not INPUT]
    drops = _last_uses(graph)
    results = _needs_copy(graph.outputs)

    def run(arrays: Sequence[Any]) -> list[Array]:
        values = dict(zip(graph.inputs, checked_arrays(graph, arrays), strict=True))
        with np.errstate(all="ignore"):
            for node, function, keywords, operands in steps:
                try:
                    values[node] = function(*[values[operand] for operand in operands], **keywords)
                except IndexError as error:
                    raise ArgumentError(f"{node.origin}: {error}") from error
                for operand in drops.get(node, ()):
                    del values[operand]
        return [np.array(values[node]) if copy else np.asarray(values[node]) for node, copy in results]

    return run


def every_value(graph: Graph, arrays: Sequence[Any]) -> dict[Node, Array]:
    """The value of every node, none dropped: for those who want to see how a result came about.

    Raises:
        ArgumentError: see `as_function`.
    """
    values = dict(zip(graph.inputs, checked_arrays(graph, arrays), strict=True))
    with np.errstate(all="ignore"):
        for node in graph.nodes:
            if node.op is not INPUT:
                operands = [values[operand] for operand in node.operands]
                values[node] = np.asarray(node.op.numpy(*operands, **node.keywords))
    return values


def _needs_copy(outputs: Sequence[Node]) -> list[tuple[Node, bool]]:
    """Each output, and whether its array may be a view of another one or is returned already."""
    shared = (Kind.SOURCE, Kind.MOVEMENT)
    return [(node, node.op.kind in shared or node in outputs[:position]) for position, node in enumerate(outputs)]


def _last_uses(graph: Graph) -> dict[Node, list[Node]]:
    """For every node the operands that no later node and no output needs."""
    kept = {*graph.outputs, *graph.inputs}
    drops: dict[Node, list[Node]] = {}
    for node in reversed(graph.nodes):
        for operand in node.operands:
            if operand not in kept:
                kept.add(operand)
                drops.setdefault(node, []).append(operand)
    return drops


def checked_arrays(graph: Graph, arrays: Sequence[Any]) -> list[Array]:
    """The arrays for the inputs of a graph; ArgumentError if their number or one of their types is wrong."""
    if len(arrays) != len(graph.inputs):
        raise ArgumentError(f"{graph.name} takes {counted(len(graph.inputs), 'array')}, got {len(arrays)}")
    checked = []
    for node, value in zip(graph.inputs, arrays, strict=True):
        array = as_array(value, str(node.keywords["slot"]))
        given = ArrayType(array.shape, array.dtype)
        if given != node.type:
            raise ArgumentError(f"{graph.name} was traced for {node.keywords['slot']} of type {node.type}, got {given}")
        checked.append(array)
    return checked
