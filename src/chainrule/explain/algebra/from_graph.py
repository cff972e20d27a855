"""From nodes of a graph to expressions: the operations in the words of a board, in the author's order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.explain.algebra.composite import COMPOSITES, LOG_SOFTMAX, SOFTMAX
from chainrule.explain.expression import (
    Call,
    Choice,
    Expression,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Relation,
    Sum,
)
from chainrule.explain.notation.infix import FRACTIONS
from chainrule.graph import CONSTANT, Kind, Node, Op, make_input, make_node, topological_order
from chainrule.ops.value import Value
from chainrule.types import ArrayType

Names = Mapping[Node, Expression]

_UNSEEN = {"broadcast", "reshape"}  # of a single number these change nothing that a board shows
_RELATIONS = {"less": "<", "less_equal": "≤", "equal": "=", "not_equal": "≠", "and": "∧", "or": "∨"}
_FUNCTIONS = {"maximum": "max", "minimum": "min", "stop_gradient": "constant"}
_KNOWN_FUNCTIONS = {
    "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "sin", "cos", "tan", "arctan", "tanh", "sinh", "cosh",
    "erf", "abs", "sign", "floor", "maximum", "minimum", "stop_gradient", *(op.name for op in COMPOSITES),
}  # fmt: skip


def number(value: Any) -> Number:
    """A number as it is meant: 2 for 2.0, ½ for 0.5, else the float."""
    value = value.item() if isinstance(value, np.generic | np.ndarray) else value
    if not np.isfinite(value):
        return Number(float(value))
    if float(value).is_integer() and abs(value) < 1e15:
        return Number(int(value))
    simple = Fraction(value).limit_denominator(8)
    return Number(simple if abs(simple) in FRACTIONS and float(simple) == value else float(value))


def expression_of(output: Node, names: Names) -> Expression:
    """The expression that a node computes from the named nodes; all are single numbers.

    Args:
        output: a node of shape ().
        names: what some nodes are called, inputs among them; below these the walk does not look.

    Raises:
        ArgumentError: an operation is of arrays; names the line.
    """
    written: dict[Node, Expression] = dict(names)
    for node in topological_order([output], names):
        written[node] = _written(node, [written[operand] for operand in node.operands])
    return written[output]


def _written(node: Node, operands: list[Expression]) -> Expression:
    if node.op is CONSTANT and node.type.size == 1:
        return number(node.keywords["value"].array)
    if node.op.name in _UNSEEN and node.type.size == 1:
        return operands[0]
    return written_operation(node, operands)


def written_operation(node: Node, operands: Sequence[Expression]) -> Expression:
    """An elementwise operation of operands that are written already; a cast is not shown.

    Raises:
        ArgumentError: the operation is no elementwise one; names the line.
    """
    name = node.op.name
    if name == "cast":
        return operands[0]
    if name in _BINARY:
        return _BINARY[name](*operands)
    if name in _RELATIONS:
        return _relation(_RELATIONS[name], *operands)
    if name in _KNOWN_FUNCTIONS:
        return Call(_FUNCTIONS.get(name, name), tuple(operands))
    if node.type.shape:
        raise ArgumentError(
            f"{node.origin}: {name} of {node.type} has no form in matrices; differentiate with respect to "
            'one element of an input instead, as in wrt="x[2]"'
        )
    raise ArgumentError(
        f"{node.origin}: {name} of {node.type} is written on no board of numbers; derive a function of numbers, "
        "written with arithmetic and elementary functions"
    )


def _sum(a: Expression, b: Expression) -> Expression:
    return Sum((*a.terms, b) if isinstance(a, Sum) else (a, b))


def _product(a: Expression, b: Expression) -> Expression:
    return Product((*a.factors, b) if isinstance(a, Product) else (a, b))


def _relation(symbol: str, a: Expression, b: Expression) -> Expression:
    """a < b; np.greater is recorded as its mirror image, so a number on the left goes to the right: x > 0."""
    mirrored = {"<": ">", "≤": "≥"}
    return Relation(mirrored[symbol], b, a) if symbol in mirrored and isinstance(a, Number) else Relation(symbol, a, b)


_BINARY: dict[str, Callable[..., Expression]] = {
    "add": _sum,
    "subtract": lambda a, b: _sum(a, Negative(b)),
    "multiply": _product,
    "divide": Quotient,
    "power": Power,
    "negative": Negative,
    "where": Choice,
}


def with_composites(outputs: Sequence[Node]) -> dict[Node, Node]:
    """What stands in place of every node when the operations of each composite function become that one function.

    A composite is recognised by making it again of every node: nodes are hash-consed, so if the graph holds it, what
    is made is the very node.
    """
    order = topological_order(outputs)
    held, operations = set(order), {node.op for node in order}
    possible = [op for op in COMPOSITES if _operations(op) <= operations]
    found: dict[Node, tuple[Op, Node]] = {}
    for node in order:
        if node.type.is_float and node.op is not CONSTANT:
            for op in possible:
                made = _made(op, node)
                if made in held and made is not node:
                    found.setdefault(made, (op, node))
    new: dict[Node, Node] = {}
    for node in order:
        op, operands = (found[node][0], (found[node][1],)) if node in found else (node.op, node.operands)
        moved = tuple(new[operand] for operand in operands)
        keywords = {} if node in found else node.keywords
        new[node] = node if (op, moved) == (node.op, node.operands) else make_node(op, moved, **keywords)
    return new


@cache
def _operations(op: Op) -> frozenset[Op]:
    """The operations that compute a composite function, whatever the shape."""
    x = make_input("x", ArrayType((2, 2), np.dtype(np.float64)))
    computed = topological_order([_made(op, x)], [x])
    return frozenset(node.op for node in computed if node.op.kind in (Kind.ELEMENTWISE, Kind.REDUCTION))


def _made(op: Op, node: Node) -> Node:
    """What a composite function records for a node: the operations that the engine computes."""
    if op in (SOFTMAX, LOG_SOFTMAX) and not node.type.shape:
        return node
    function: Callable[..., Any] = op.numpy
    made: Value = function(Value(node))
    return made.node
