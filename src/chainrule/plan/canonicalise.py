"""Canonical form of a graph before it is planned: every output is computed, and work fills vectors and threads."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from chainrule.graph import Graph, Node, inherit, make_node, rebuild, with_outputs
from chainrule.ops.convert import BROADCAST, CAST
from chainrule.ops.elementwise import LESS_EQUAL, MULTIPLY, STOP_GRADIENT, WHERE
from chainrule.ops.matmul import MATMUL
from chainrule.ops.reduce import SUM
from chainrule.ops.shape import RESHAPE, TRANSPOSE
from chainrule.ops.sparse import SPARSE_OUTER
from chainrule.ops.value import Value, known_number
from chainrule.plan.access import is_leaf

_TWO_STEPS = 8192  # elements from which a sum over everything is done row by row first, so that threads can share it

_NARROW = 4  # columns that would leave most of a vector unused


def canonicalise(graph: Graph) -> Graph:
    """The graph in which every output is a computed node of its own and no large sum is left to one thread."""
    rectified: dict[Node, Node] = {}
    graph = rebuild(graph, lambda _, node: _by_rectified(_product(_in_two_steps(node)), rectified))
    outputs: list[Node] = []
    for output in graph.outputs:
        # returned three times, it is a copy of a copy; sums at columns are made in memory that nobody else sees
        while is_leaf(output) or output in outputs or output.op is SPARSE_OUTER:
            output = copy_of(output)
        outputs.append(output)
    return with_outputs(graph, outputs)


def copy_of(node: Node) -> Node:
    """A node of the same value that is kept in memory of its own."""
    with inherit(node.origin):
        return make_node(STOP_GRADIENT, (node,))


def _in_two_steps(node: Node) -> Node:
    """Σ over everything as Σ of the sums of rows, in float64 throughout; the rounding is that of one wide sum."""
    if node.op is not SUM or node.type.shape or node.operands[0].type.size < _TWO_STEPS:
        return node
    (x,) = node.operands
    dtype = node.type.dtype
    wide = np.dtype(np.float64) if dtype == np.float32 else dtype
    rows = _rows(x.type.shape)
    if rows == 1:
        return node
    x = make_node(RESHAPE, (x,), shape=(rows, x.type.size // rows)) if len(x.type.shape) != 2 else x
    x = x if wide == dtype else make_node(CAST, (x,), dtype=wide)
    total = make_node(SUM, (make_node(SUM, (x,), axis=(1,)),), axis=(0,))
    return total if wide == dtype else make_node(CAST, (total,), dtype=dtype)


def _product(node: Node) -> Node:
    """A product as the one that its kernel is made for."""
    if node.op is not MATMUL:
        return node
    return _narrow_product(node) if node.type.is_float else _sum_of_products(node)


def _sum_of_products(node: Node) -> Node:
    """A product of integers as sums Σ_k a_ik·b_kj: its tiles are for floats. Of bools it is ⋁_k a_ik ∧ b_kj."""
    a, b = node.operands
    *stack, rows, inner = a.type.shape
    columns = b.type.shape[-1]
    a = make_node(RESHAPE, (a,), shape=(*stack, rows, inner, 1))
    b = make_node(RESHAPE, (b,), shape=(*stack, 1, inner, columns))
    terms = tuple(make_node(BROADCAST, (x,), shape=(*stack, rows, inner, columns)) for x in (a, b))
    return make_node(SUM, (make_node(MULTIPLY, terms),), axis=(len(stack) + 1,))


def _narrow_product(node: Node) -> Node:
    """xᵀδ with very few columns as (δᵀx)ᵀ: its rows fill vectors, and the sums are the same."""
    if len(node.type.shape) != 2 or node.operands[0].op is not TRANSPOSE:
        return node
    rows, columns = node.type.shape
    if columns > _NARROW or rows <= columns:
        return node
    (x,), delta = node.operands[0].operands, node.operands[1]
    turned = make_node(MATMUL, (make_node(TRANSPOSE, (delta,), axes=(1, 0)), x))
    return make_node(TRANSPOSE, (turned,), axes=(1, 0))


def _by_rectified(node: Node, rectified: dict[Node, Node]) -> Node:
    """A choice by z ≤ 0 as one by max(z, 0) ≤ 0, which is the same: the next layer needs max(z, 0) in memory anyway.

    So nothing else of z has to be kept for the derivative of relu.

    Args:
        node: what may choose.
        rectified: for conditions z ≤ 0 that were seen, max(z, 0).
    """
    if node.op is not WHERE:
        return node
    condition, chosen, other = node.operands
    positive = rectified.get(condition)
    if positive is None:
        if _is_rectifier(condition, chosen, other):
            rectified[condition] = node
        return node
    if node is positive:
        return node
    return make_node(WHERE, (make_node(LESS_EQUAL, (positive, condition.operands[1])), chosen, other))


def _is_rectifier(condition: Node, chosen: Node, other: Node) -> bool:
    """Whether a choice is 0 where z ≤ 0, else z."""
    if condition.op is not LESS_EQUAL or condition.operands[0] is not other:
        return False
    return known_number(Value(condition.operands[1])) == known_number(Value(chosen)) == 0


def _rows(shape: Iterable[int]) -> int:
    """How many rows a large array is cut into."""
    lengths = list(shape)
    if len(lengths) > 1:
        return lengths[0]
    return next((rows for rows in (64, 32, 16, 8, 5, 3, 2) if lengths[0] % rows == 0), 1)
