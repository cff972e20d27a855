"""Bounds of the rounding error of a graph's results: running error analysis, as a graph.

Every value v gets a bound e of its error, in one pass over the graph: the errors of the operands, times the
derivatives of the operation, plus the rounding error of the operation itself,

    e(y) = Σᵢ |∂y/∂xᵢ| e(xᵢ) + c ε |y|.

So a difference of equal numbers keeps the error of the operands, however small it is itself. A comparison whose sides
are nearer to each other than their errors is undecided, and a choice by it may be either side. Two executions of one
graph, with sums in any order, differ by no more than both their bounds; only terms of e² are left out.
Source: N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, section 3.3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from chainrule import reference, tree
from chainrule.graph import CONSTANT, INPUT, Graph, Kind, Node, make_input
from chainrule.ops.elementwise import SIGN
from chainrule.ops.value import Value, apply, lift
from chainrule.tracing import trace_call
from chainrule.tree import Tree
from chainrule.types import Array

UNITS = 4
"""The rounding of one operation, in ε: elementary functions are as exact as that, and arithmetic is more so."""

_SHORT = 11
"""Binary digits of a constant that every dtype holds."""

_FLOAT64 = np.dtype(np.float64)


def with_bounds(graph: Graph) -> Graph:
    """The graph (x, bounds of the float inputs) -> (outputs, bounds of the float outputs).

    All bounds are float64, of the shape of what they bound. ∞ and nan say that nothing is known, as of an operation
    that reduces and is not in `ops`.
    """
    known: dict[Node, Any] = {}
    given = [make_input(f"e{i}", _wide(node)) for i, node in enumerate(graph.inputs) if node.type.is_float]
    known.update(zip((node for node in graph.inputs if node.type.is_float), map(Value, given), strict=True))
    for node in graph.nodes:
        if node.op is not INPUT:
            known[node] = _bound(node, [known.get(operand) for operand in node.operands])
    bounds = [_or_zeros(known[output], output).node for output in graph.outputs if output.type.is_float]
    return Graph((*graph.inputs, *given), (*graph.outputs, *bounds), graph.name)


def bounded(function: Callable[..., Tree], args: Sequence[Tree], errors: Mapping[int, Any] | None = None) -> Tree:
    """A traced function at arrays, and bounds of the rounding error of its results, by the reference executor.

    Args:
        function: takes and returns trees of arrays.
        args: its arguments.
        errors: the error of an argument that is one array, by its position; the others are exact.

    Returns:
        (results, bounds): two trees like the result; the bounds are float64, 0 for what is no float.
    """
    run, result = bounded_function(function, args)
    return tuple(tree.rebuild(result, iter(found)) for found in run(args, errors))


def bounded_function(
    function: Callable[..., Tree], args: Sequence[Tree]
) -> tuple[Callable[..., tuple[list[Array], list[Array]]], Tree]:
    """The same for many arguments like `args`: (args, errors) -> (leaves of the results, bounds), and a result."""
    traced = trace_call(function, args, {}, range(len(args)))
    compute = reference.as_function(with_bounds(traced.graph))
    outputs = traced.graph.outputs

    def run(args: Sequence[Tree], errors: Mapping[int, Any] | None = None) -> tuple[list[Array], list[Array]]:
        off = [
            (errors or {}).get(position, 0.0) for position, argument in enumerate(args) for _ in tree.leaves(argument)
        ]
        given = list(map(np.asarray, tree.leaves(args)))
        floats = [(leaf, error) for leaf, error in zip(given, off, strict=True) if leaf.dtype.kind == "f"]
        found = compute([*given, *(np.array(np.broadcast_to(error, leaf.shape), _FLOAT64) for leaf, error in floats)])
        bounds = iter(found[len(outputs) :])
        return found[: len(outputs)], [
            next(bounds) if node.type.is_float else np.zeros(node.type.shape) for node in outputs
        ]

    return run, traced.result


def _bound(node: Node, errors: Sequence[Any]) -> Any:
    """A float64 bound of a node's error; for a condition, where it is undecided; None if it is exact."""
    if node.op is CONSTANT:
        return _of_constant(node)
    if special := _SPECIAL.get(node.op.name):
        return special(node, errors)
    if node.op.is_comparison:
        return _undecided(node, errors)
    if node.op.is_logical:
        return _any(errors)
    if node.op.kind is Kind.MOVEMENT:
        return _moved(node, errors)
    if not node.type.is_float:
        return None
    if node.op.kind is Kind.ELEMENTWISE:
        return _sum([*_through_rules(node, errors), _rounded(node)])
    return np.full(node.type.shape, np.inf)


def _of_constant(node: Node) -> Any:
    """A constant is as exact as the dtype, unless it has few digits, as 2 and ½ have."""
    array = node.keywords["value"].array
    if array.dtype.kind != "f":
        return None
    digits = np.frexp(array)[0] * 2**_SHORT
    if np.all((digits == np.floor(digits)) | np.isnan(digits)):
        return None
    return np.abs(array.astype(_FLOAT64)) * np.finfo(array.dtype).eps


def _through_rules(node: Node, errors: Sequence[Any]) -> list[Any]:
    """The rounding errors of the operands, times the derivatives with respect to them."""
    terms = []
    for position, (operand, error) in enumerate(zip(node.operands, errors, strict=True)):
        rule = node.op.rules[position]
        if error is None or rule is None or not operand.type.is_float:
            continue
        slope = rule(np.ones_like(Value(node)), Value(node), *map(Value, node.operands), **node.keywords)
        terms.append(np.where(error == 0, 0, _magnitude(lift(slope)) * error))
    return terms


def _rounded(node: Node) -> Any:
    """The rounding error of the operation itself, underflow included, where it does not compute with zeros."""
    rounded = UNITS * _epsilon(node) * _magnitude(Value(node))
    floats = [Value(operand) != 0 for operand in node.operands if operand.type.is_float]
    return np.where(reduce(np.logical_and, floats), rounded + _tiny(node), rounded) if floats else rounded


def _undecided(node: Node, errors: Sequence[Any]) -> Any:
    """Where the sides of a comparison are nearer to each other than they are exact."""
    error = _sum([e for e, operand in zip(errors, node.operands, strict=True) if operand.type.is_float])
    if error is None:
        return None
    left, right = (Value(operand).astype(_FLOAT64) for operand in node.operands)
    return np.abs(left - right) < error


def _any(errors: Sequence[Any]) -> Any:
    found = [error for error in errors if error is not None]
    return reduce(np.logical_or, found) if found else None


def _moved(node: Node, errors: Sequence[Any]) -> Any:
    """What moves elements moves their errors; where it adds them, it rounds as a sum does."""
    holds = [operand.type.dtype == node.type.dtype for operand in node.operands]  # the others say where to
    if node.type.dtype.kind not in "fb" or all(e is None for e, mine in zip(errors, holds, strict=True) if mine):
        return None

    def moved(changed: Sequence[Any]) -> Any:
        operands = zip(changed, node.operands, holds, strict=True)
        return apply(node.op, *(new if mine else Value(operand) for new, operand, mine in operands), **node.keywords)

    found = moved([_or_zeros(error, operand) for error, operand in zip(errors, node.operands, strict=True)])
    if not node.op.scatters:
        return found
    sizes = moved([_magnitude(Value(operand)) for operand in node.operands])
    counts = moved([lift(np.ones(operand.type.shape)) for operand in node.operands])
    return found + _epsilon(node) * counts * sizes


# Operations that have a bound of their own: (node, errors of the operands) -> bound


def _choice(node: Node, errors: Sequence[Any]) -> Any:
    condition, yes, no = map(Value, node.operands)
    undecided, e_yes, e_no = errors
    first, second = (_or_zeros(e, node) for e in (e_yes, e_no))
    chosen = None if e_yes is None and e_no is None else np.where(condition, first, second)
    if undecided is None:
        return chosen
    either = np.maximum(first, second) + np.abs(yes.astype(_FLOAT64) - no.astype(_FLOAT64))
    return np.where(undecided, either, _or_zeros(chosen, node))


def _largest(node: Node, errors: Sequence[Any]) -> Any:
    """Of max, min, |x| and the like: they change no more than their operands."""
    found = [error for error in errors if error is not None]
    return reduce(np.maximum, found) if found else None


def _jumping(node: Node, errors: Sequence[Any]) -> Any:
    """Of sign and floor, where the operand may be beyond the jump."""
    (x,), (error,) = map(Value, node.operands), errors
    if error is None:
        return None
    wide = x.astype(_FLOAT64)
    distance = np.abs(wide if node.op is SIGN else wide - np.floor(wide + 0.5))
    return np.where(distance < error, 2.0, 0.0)


def _cast(node: Node, errors: Sequence[Any]) -> Any:
    (operand,), (error,) = node.operands, errors
    if not node.type.is_float or (error is None and not operand.type.is_float):
        return None
    if not operand.type.is_float:
        return np.where(error, 1.0, 0.0)
    narrowed = _rounded(node) if node.type.dtype.itemsize < operand.type.dtype.itemsize else None
    return _sum([e for e in (error, narrowed) if e is not None])


def _summed(node: Node, errors: Sequence[Any]) -> Any:
    if not node.type.is_float:
        return None
    (operand,), axis = node.operands, node.keywords["axis"]
    size = np.sum(_magnitude(Value(operand)), axis=axis)
    rounded = (_length(operand, axis) + UNITS) * _epsilon(node) * size
    return rounded if errors[0] is None else np.sum(errors[0], axis=axis) + rounded


def _extreme(node: Node, errors: Sequence[Any]) -> Any:
    return None if errors[0] is None else np.max(errors[0], axis=node.keywords["axis"])


def _logsumexp(node: Node, errors: Sequence[Any]) -> Any:
    (operand,), axis = node.operands, node.keywords["axis"]
    largest = np.max(_magnitude(Value(operand)), axis=axis)
    return _sum(
        [_or_zeros(_extreme(node, errors), node), UNITS * _epsilon(node) * (largest + _magnitude(Value(node)) + 1)]
    )


def _matmul(node: Node, errors: Sequence[Any]) -> Any:
    a, b = (_magnitude(Value(operand)) for operand in node.operands)
    length = node.operands[0].type.shape[-1]
    e_a, e_b = (_or_zeros(e, operand) for e, operand in zip(errors, node.operands, strict=True))
    size = a @ b
    rounded = np.where(size > 0, (length + UNITS) * _epsilon(node) * size + length * _tiny(node), 0)
    return e_a @ b + a @ e_b + rounded


_SPECIAL: dict[str, Callable[[Node, Sequence[Any]], Any]] = {
    "where": _choice,
    "maximum": _largest,
    "minimum": _largest,
    "abs": _largest,
    "negative": _largest,
    "stop_gradient": _largest,
    "sign": _jumping,
    "floor": _jumping,
    "cast": _cast,
    "sum": _summed,
    "max": _extreme,
    "min": _extreme,
    "logsumexp": _logsumexp,
    "matmul": _matmul,
}


# Small parts


def _wide(node: Node) -> Any:
    return type(node.type)(node.type.shape, _FLOAT64)


def _magnitude(value: Any) -> Any:
    return np.abs(value.astype(_FLOAT64))


def _sum(terms: Sequence[Any]) -> Any:
    """The terms added; None for none."""
    found = [term for term in terms if term is not None]
    return reduce(add, found) if found else None


def _or_zeros(error: Any, node: Node) -> Any:
    """The bound of a node, zero or decided where it is exact."""
    kind = np.dtype(bool) if node.type.dtype.kind == "b" else _FLOAT64
    return lift(np.zeros(node.type.shape, kind) if error is None else error)


def _length(operand: Node, axis: Sequence[int]) -> int:
    return int(np.prod([operand.type.shape[i] for i in axis], dtype=int))


def _epsilon(node: Node) -> float:
    return float(np.finfo(node.type.dtype).eps)


def _tiny(node: Node) -> float:
    return float(np.finfo(node.type.dtype).tiny)
