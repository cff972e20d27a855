"""Access analysis: which elements of which nodes a kernel reads, as functions of its loop indices.

The code generator makes the same walk and emits code on its way.

An access pattern has an index for every axis of the node: the number of an axis of the kernel's space, or None for
anything else (a constant, an index from memory, a loop of the kernel's own). Views
(reshape, transpose, broadcast, slice, take …) change indices and hold no data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import prod

from chainrule.graph import CONSTANT, INPUT, Kind, Node
from chainrule.ops.convert import BROADCAST
from chainrule.ops.host_callback import HOST_CALLBACK
from chainrule.ops.index import SCATTER_ADD, TAKE
from chainrule.ops.matmul import MATMUL
from chainrule.ops.random import RANDOM_BITS
from chainrule.ops.shape import CONCATENATE, RESHAPE, SLICE, TRANSPOSE, UNSLICE
from chainrule.types import Shape

AccessPattern = tuple[int | None, ...]


def is_leaf(node: Node) -> bool:
    """Whether a node is an input or a constant."""
    return node.op in (INPUT, CONSTANT)


def reads(
    node: Node, indices: AccessPattern, stop: Callable[[Node], bool], *, memory_first: bool = False
) -> Iterator[tuple[Node, AccessPattern]]:
    """The nodes that are read from memory to compute element `indices` of a node.

    `stop` says what is in memory; the node itself is computed all the same, unless `memory_first`.
    """
    seen: set[tuple[Node, AccessPattern]] = set()
    pending = [(node, indices, not memory_first)]
    while pending:
        current, at, first = pending.pop()
        if (current, at) in seen:
            continue
        seen.add((current, at))
        if current.op is CONSTANT and not current.type.shape:  # a number in the code
            continue
        if is_leaf(current) or (not first and stop(current)):
            yield current, at
        else:
            pending.extend((operand, index, False) for operand, index in operand_indices(current, at))


def moves_lanes(roots: Iterable[tuple[Node, AccessPattern]], axis: int, stop: Callable[[Node], bool]) -> bool:
    """Whether neighbours along an axis of the space are anything but neighbours in an array that is read for them.

    That is so where a view reshapes, slices or gathers along the axis. Then indices past the end would be wrong.
    """
    pending, seen = list(roots), set(roots)
    while pending:
        node, at = pending.pop()
        if node.op.is_view and not node.op.repeats and node.op is not TRANSPOSE:
            of_operands = operand_indices(node, at)
            if axis in at and axis not in of_operands[0][1]:
                return True
            if node.op is TAKE and axis in of_operands[1][1]:
                return True
        if is_leaf(node) or stop(node):
            continue
        new = [item for item in operand_indices(node, at) if item not in seen]
        seen.update(new)
        pending.extend(new)
    return False


def operand_indices(node: Node, at: AccessPattern) -> list[tuple[Node, AccessPattern]]:
    """Every operand of a node with the indices of its elements that element `at` of the node needs."""
    op, operands, keywords = node.op, node.operands, node.keywords
    if op.kind is Kind.ELEMENTWISE:
        return [(operand, at) for operand in operands]
    if op is MATMUL:
        return [(operands[0], (*at[:-1], None)), (operands[1], (*at[:-2], None, at[-1]))]
    if op.is_sparse:
        row = None if op.scatters else at[0]
        return [*((x, (None,)) for x in operands[:3]), (operands[3], (row,)), (operands[4], (None, at[1]))]
    if op.kind is Kind.REDUCTION:
        axis = keywords["axis"]
        return [(operands[0], _expanded(at, axis if isinstance(axis, tuple) else (axis,)))]
    if op is HOST_CALLBACK:
        return [(operand, (None,) * len(operand.type.shape)) for operand in operands]
    if op is RANDOM_BITS:
        return [(operands[0], (None,))]
    if op is SCATTER_ADD:
        axis = keywords["axis"]
        inner = (*at[:axis], *(None,) * len(operands[1].type.shape), *at[axis + 1 :])
        return [(operands[0], inner), (operands[1], (None,) * len(operands[1].type.shape))]
    return _view_indices(node, at)


def _view_indices(node: Node, at: AccessPattern) -> list[tuple[Node, AccessPattern]]:
    op, operands, keywords = node.op, node.operands, node.keywords
    source = operands[0].type.shape
    if op is BROADCAST:
        return [(operands[0], tuple(None if n == 1 else i for n, i in zip(source, _last(at, source), strict=True)))]
    if op is TRANSPOSE:
        axes = keywords["axes"]
        return [(operands[0], tuple(at[axes.index(i)] for i in range(len(axes))))]
    if op is RESHAPE:
        return [(operands[0], _reshaped(at, node.type.shape, source))]
    if op is SLICE:
        whole = [r == (0, n, 1) for r, n in zip(keywords["ranges"], source, strict=True)]
        return [(operands[0], tuple(i if w else None for i, w in zip(at, whole, strict=True)))]
    if op is UNSLICE:
        whole = [r == (0, n, 1) for r, n in zip(keywords["ranges"], node.type.shape, strict=True)]
        return [(operands[0], tuple(i if w else None for i, w in zip(at, whole, strict=True)))]
    if op is CONCATENATE:
        axis = keywords["axis"]
        return [(operand, tuple(None if i == axis else n for i, n in enumerate(at))) for operand in operands]
    if op is TAKE:
        axis, count = keywords["axis"], len(operands[1].type.shape)
        return [(operands[0], (*at[:axis], None, *at[axis + count :])), (operands[1], at[axis : axis + count])]
    raise AssertionError(f"{op} is no view of the library")


def _last(at: AccessPattern, shape: Shape) -> AccessPattern:
    return at[len(at) - len(shape) :]


def _expanded(at: AccessPattern, axes: Sequence[int]) -> AccessPattern:
    rest = iter(at)
    return tuple(None if i in axes else next(rest) for i in range(len(at) + len(axes)))


def _reshaped(at: AccessPattern, new: Shape, old: Shape) -> AccessPattern:
    """AccessPattern before a reshape: an axis that stays whole keeps its index."""
    result: list[int | None] = [None] * len(old)
    for new_axes, old_axes in axis_groups(new, old):
        if len(new_axes) == len(old_axes) == 1:
            result[old_axes[0]] = at[new_axes[0]]
    return tuple(result)


def axis_groups(new: Shape, old: Shape) -> list[tuple[list[int], list[int]]]:
    """The axes of two shapes of one size, cut into the smallest groups of equal size; axes of length 1 are in none."""
    if 0 in new:
        return []
    a = [i for i, n in enumerate(new) if n != 1]
    b = [i for i, n in enumerate(old) if n != 1]
    groups: list[tuple[list[int], list[int]]] = []
    while a and b:
        first, second = [a.pop(0)], [b.pop(0)]
        while (x := prod(new[i] for i in first)) != (y := prod(old[i] for i in second)):
            if x < y:
                first.append(a.pop(0))
            else:
                second.append(b.pop(0))
        groups.append((first, second))
    return groups
