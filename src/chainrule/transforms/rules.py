"""The named rewrites: each replaces a node by a simpler one of exactly the same value, bit for bit.

So none of them may drop a nan, an infinity or the sign of a zero: 0·x is not 0, and x + 0 is not x for x = −0.
Rewrites that change rounding do not belong here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.graph import CONSTANT, INPUT, Kind, Node, make_constant
from chainrule.ops.convert import BROADCAST, broadcast
from chainrule.ops.elementwise import ADD, DIVIDE, MULTIPLY, NEGATIVE, POWER, SUBTRACT
from chainrule.ops.shape import RESHAPE, SLICE, TRANSPOSE
from chainrule.ops.value import Value, known_number
from chainrule.types import Array

_FOLDED_ELEMENTS = 64  # larger results stay computed, so that folding never makes a graph heavy


@dataclass(frozen=True)
class Rewrite:
    """A named rule.

    Attributes:
        name: for explanations and failures to cite.
        rewrite: node -> the simpler value, or None where the rule does not apply.
    """

    name: str
    rewrite: Callable[[Node], Any]


def _operands(node: Node) -> list[Value]:
    return [Value(operand) for operand in node.operands]


def _fold_constants(node: Node) -> Any:
    foldable = (
        node.op not in (INPUT, CONSTANT)
        and node.type.size <= _FOLDED_ELEMENTS
        and not (node.op.repeats or node.op.has_effect)
    )
    if not foldable or not all(operand.op is CONSTANT for operand in node.operands):
        return None
    return _computed(node, [operand.keywords["value"].array for operand in node.operands])


def _fold_numbers(node: Node) -> Any:
    """One number repeated in every operand: compute it once, repeat the result; moving its copies changes nothing."""
    moved = node.op in (RESHAPE, TRANSPOSE, SLICE)
    if not (moved or (node.op.kind is Kind.ELEMENTWISE and node.type.shape)):
        return None
    if any(known_number(operand) is None for operand in _operands(node)):
        return None
    numbers = [_number(operand) for operand in node.operands]
    return broadcast(Value(make_constant(numbers[0])) if moved else _computed(node, numbers), node.type.shape)


def _number(node: Node) -> Array:
    """The one element of a repeated number."""
    while node.op is not CONSTANT:
        (node,) = node.operands
    array: Array = node.keywords["value"].array
    return array.reshape(())


def _computed(node: Node, arrays: list[Array]) -> Value:
    with np.errstate(all="ignore"):
        return Value(make_constant(node.op.numpy(*arrays, **node.keywords)))


def _multiply_by_one(node: Node) -> Any:
    if node.op is MULTIPLY:
        a, b = _operands(node)
        return a if known_number(b) == 1 else b if known_number(a) == 1 else None
    if node.op in (DIVIDE, POWER):
        a, b = _operands(node)
        return a if known_number(b) == 1 else None
    return None


def _signs(node: Node) -> Any:
    """−(−x) = x, a + (−b) = a − b, a − (−b) = a + b."""
    last = node.operands[-1] if node.operands else None
    if last is None or last.op is not NEGATIVE:
        return None
    (x,) = _operands(last)
    if node.op is NEGATIVE:
        return x
    if node.op is ADD:
        return Value(node.operands[0]) - x
    return Value(node.operands[0]) + x if node.op is SUBTRACT else None


def _movements(node: Node) -> Any:
    """Two reshapes, transposes or broadcasts in a row are one; one that changes nothing is none."""
    if node.op not in (RESHAPE, TRANSPOSE, BROADCAST):
        return None
    (inner,) = node.operands
    result: Any = None
    if node.op is TRANSPOSE:
        axes = node.keywords["axes"]
        if axes == tuple(range(len(axes))):
            result = Value(inner)
        elif inner.op is TRANSPOSE:
            before = inner.keywords["axes"]
            result = np.transpose(Value(inner.operands[0]), tuple(before[i] for i in axes))
    elif node.type == inner.type:
        result = Value(inner)
    elif inner.op is node.op:
        move = np.reshape if node.op is RESHAPE else np.broadcast_to
        result = move(Value(inner.operands[0]), node.type.shape)
    return result


REWRITES = (
    Rewrite("fold constants", _fold_constants),
    Rewrite("fold numbers", _fold_numbers),
    Rewrite("multiply by one", _multiply_by_one),
    Rewrite("combine signs", _signs),
    Rewrite("merge movements", _movements),
)
