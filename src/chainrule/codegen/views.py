"""Index transformations of views: element `at` of a view is an element of its operand at other indices."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from chainrule.codegen.context import ERROR, INDEX_ERROR
from chainrule.codegen.scalar import convert, element_of
from chainrule.codegen.scope import ZERO, Index, Indices, Pulled
from chainrule.codegen.values import Val, constant, i64, lanes, vector
from chainrule.graph import Node
from chainrule.plan.access import axis_groups

if TYPE_CHECKING:
    from chainrule.codegen.elements import ElementWriter

_INT64 = np.dtype(np.int64)


def zero(node: Node) -> Pulled:
    """0 in the place of an element of a node."""
    return Pulled(constant(element_of(node.type.dtype), 0), 0)


def _broadcast(e: ElementWriter, node: Node, at: Indices) -> Pulled:
    (source,) = node.operands
    shape = source.type.shape
    kept = at[len(at) - len(shape) :]
    return e.pull(source, tuple(ZERO if n == 1 else index for n, index in zip(shape, kept, strict=True)))


def _transpose(e: ElementWriter, node: Node, at: Indices) -> Pulled:
    axes = node.keywords["axes"]
    return e.pull(node.operands[0], tuple(at[axes.index(i)] for i in range(len(axes))))


def _reshape(e: ElementWriter, node: Node, at: Indices) -> Pulled:
    (source,) = node.operands
    new, old = node.type.shape, source.type.shape
    result = [ZERO] * len(old)
    for new_axes, old_axes in axis_groups(new, old):
        if len(new_axes) == len(old_axes) == 1:
            result[old_axes[0]] = at[new_axes[0]]
            continue
        linear = _linear(e, [(at[axis], new[axis]) for axis in new_axes])
        for axis, index in zip(old_axes, _apart(e, linear, [old[axis] for axis in old_axes]), strict=True):
            result[axis] = index
    return e.pull(source, tuple(result))


def _linear(e: ElementWriter, parts: list[tuple[Index, int]]) -> Index:
    """Several indices as one: ((i·n₁ + j)·n₂ + k) …"""
    total = parts[0][0]
    for index, length in parts[1:]:
        total = _add(e, _times(e, total, length), index)
    return total


def _apart(e: ElementWriter, index: Index, lengths: list[int]) -> list[Index]:
    """One index as several."""
    if len(lengths) == 1:
        return [index]
    result: list[Index] = []
    for length in reversed(lengths[1:]):
        index, rest = _divide(e, index, length)
        result.append(rest)
    return [index, *reversed(result)]


def _numbers(e: ElementWriter, index: Index) -> Index:
    """An index whose lanes are written out."""
    return _spread(e, index) if index.run and e.width > 1 else index._replace(run=False)


def _times(e: ElementWriter, index: Index, factor: int) -> Index:
    index = _numbers(e, index)
    value = e.remember(
        ("times", index, factor),
        index.level,
        lambda: e.function.mul(index.value, constant(index.value.type, factor)),
    )
    return index._replace(value=value)


def _add(e: ElementWriter, a: Index, b: Index) -> Index:
    if a.value.name == "0":
        return b
    level = max(a.level, b.level)
    if lanes(a.value.type) != lanes(b.value.type):
        a, b = (_spread(e, x) for x in (a, b))
    value = e.remember(("add", a, b), level, lambda: e.function.add(a.value, b.value))
    return a._replace(value=value, level=level, run=a.run or b.run, whole=False)


def _spread(e: ElementWriter, index: Index) -> Index:
    return index._replace(value=e.remember(("lanes", index), index.level, lambda: e.lane_numbers(index)), run=False)


def _divide(e: ElementWriter, index: Index, divisor: int) -> tuple[Index, Index]:
    index = _numbers(e, index)
    number = constant(index.value.type, divisor)
    quotient = e.remember(("div", index, divisor), index.level, lambda: e.function.udiv(index.value, number))
    rest = e.remember(("rem", index, divisor), index.level, lambda: e.function.urem(index.value, number))
    return index._replace(value=quotient), index._replace(value=rest)


def _slice(e: ElementWriter, node: Node, at: Indices) -> Pulled:
    (source,) = node.operands
    return e.pull(
        source,
        tuple(
            _moved(e, index, start, step) for index, (start, _, step) in zip(at, node.keywords["ranges"], strict=True)
        ),
    )


def _moved(e: ElementWriter, index: Index, start: int, step: int) -> Index:
    """start + step·index."""
    if step != 1:
        index = _times(e, index, step)
    if start == 0:
        return index
    value = e.remember(
        ("moved", index, start),
        index.level,
        lambda: e.function.add(index.value, constant(index.value.type, start)),
    )
    return index._replace(value=value, whole=False)


def _unslice(e: ElementWriter, node: Node, at: Indices) -> Pulled:
    """Zero outside of the range; inside, the operand."""
    (source,) = node.operands
    inner: list[Index] = []
    inside: list[tuple[Val, int]] = []
    for index, (start, count, step), length in zip(at, node.keywords["ranges"], node.type.shape, strict=True):
        if (start, count, step) == (0, length, 1):
            inner.append(index)
            continue
        place, holds = _place_in_range(e, _numbers(e, index), start, count, step)
        inner.append(place)
        inside.append((holds, place.level))
    return _chosen(e, inside, e.pull(source, tuple(inner)), zero(node))


def _place_in_range(e: ElementWriter, index: Index, start: int, count: int, step: int) -> tuple[Index, Val]:
    """(index − start)/step, or 0 where that is no place, and whether it is one."""
    f, type_ = e.function, index.value.type
    size = abs(step)

    def holds() -> Val:
        distance = _distance(e, index, start, step)
        within = f.icmp("ult", distance, constant(type_, (count - 1) * size + 1 if count else 0))
        exact = f.icmp("eq", f.urem(distance, constant(type_, size)), constant(type_, 0)) if size > 1 else None
        return within if exact is None else f.and_(within, exact)

    condition = e.remember(("holds", index, start, count, step), index.level, holds)

    def place() -> Val:
        distance = _distance(e, index, start, step)
        quotient = f.udiv(distance, constant(type_, size)) if size > 1 else distance
        return f.select(condition, quotient, constant(type_, 0))

    value = e.remember(("place", index, start, count, step), index.level, place)
    return index._replace(value=value), condition


def _distance(e: ElementWriter, index: Index, start: int, step: int) -> Val:
    f, begin = e.function, constant(index.value.type, start)
    return f.sub(index.value, begin) if step > 0 else f.sub(begin, index.value)


def _chosen(e: ElementWriter, conditions: list[tuple[Val, int]], inside: Pulled, outside: Pulled) -> Pulled:
    """`inside` where all conditions hold."""
    f, result = e.function, inside
    for condition, level in conditions:
        level = max(level, result.level, outside.level)
        a, b = result, outside
        if max(lanes(condition.type), lanes(a.value.type), lanes(b.value.type)) > 1:
            a, b = e.splat(a), e.splat(b)
        with f.at(level):
            if lanes(a.value.type) > lanes(condition.type):
                condition = f.splat(condition, e.width)
            result = result._replace(value=f.select(condition, a.value, b.value), level=level)
    return result


def _concatenate(e: ElementWriter, node: Node, at: Indices) -> Pulled:
    axis, start = node.keywords["axis"], 0
    index = _numbers(e, at[axis])
    result: Pulled | None = None
    for operand in node.operands:
        length = operand.type.shape[axis]
        if length:
            place, holds = _place_in_range(e, index, start, length, 1)
            part = e.pull(operand, (*at[:axis], place, *at[axis + 1 :]))
            result = part if result is None else _chosen(e, [(holds, place.level)], part, result)
        start += length
    return zero(node) if result is None else result


def _take(e: ElementWriter, node: Node, at: Indices) -> Pulled:
    source, indices = node.operands
    axis, count = node.keywords["axis"], len(indices.type.shape)
    place = place_taken(e, node, at[axis : axis + count])
    return e.pull(source, (*at[:axis], place, *at[axis + count :]))


def place_taken(e: ElementWriter, node: Node, at: Indices) -> Index:
    """Where along its axis a node takes from its operand; `at` are the indices among those that it takes."""
    source, indices = node.operands
    return checked_index(e, e.pull(indices, at), indices, source.type.shape[node.keywords["axis"]])


def checked_index(e: ElementWriter, number: Pulled, indices: Node, length: int) -> Index:
    """An index from memory; one that is out of range raises the error flag and becomes 0."""
    if 0 in indices.type.shape:
        return ZERO
    f = e.function

    def check() -> Val:
        wide = convert(f, number.value, indices.type.dtype, _INT64)
        good = f.icmp("ult", wide, constant(wide.type, length))
        all_good = good if lanes(good.type) == 1 else f.value("i1", f"call i1 @{_all(e, lanes(good.type))}({good})")
        unused = e.remember("unused", 0, lambda: f.local("i64", 1))
        place = f.value("ptr", f"select {all_good}, {unused}, {e.context.place(f, ERROR)}")
        f.store(i64(INDEX_ERROR), place, align=8)
        return f.select(good, wide, constant(wide.type, 0))

    return Index(e.remember(("index", number, length), number.level, check), number.level)


def _all(e: ElementWriter, count: int) -> str:
    name = f"llvm.vector.reduce.and.v{count}i1"
    e.function.module.declare(name, "i1", [vector("i1", count)])
    return name


VIEWS: dict[str, Callable[[ElementWriter, Node, Indices], Pulled]] = {
    "broadcast": _broadcast,
    "transpose": _transpose,
    "reshape": _reshape,
    "slice": _slice,
    "unslice": _unslice,
    "concatenate": _concatenate,
    "take": _take,
}
