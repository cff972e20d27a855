"""Sums, extremes, logsumexp, argmax and argmin along axes.

Vectors go along the axis whose elements are neighbours in memory, the last one if it is the same. If that axis is kept,
every lane makes a reduction of its own. If it is reduced, the lanes hold partial results of one reduction, combined at
the end: lane i takes the elements i, i + w, i + 2w …, then neighbours are combined in pairs, then the elements that
filled no vector follow; w is up to four vectors, so that additions need not wait for each other. So the order of a sum
depends on the vectors of the processor and on how arrays lie in memory, but never on threads. Sums of float32 are
accumulated in float64 (record 0011).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.codegen import math
from chainrule.codegen.elements import ElementWriter
from chainrule.codegen.function_builder import FunctionBuilder
from chainrule.codegen.loops import along_last_axis, over_outer_axes, store_members
from chainrule.codegen.scalar import convert, element_of, extreme
from chainrule.codegen.scope import Index, Indices, Pulled
from chainrule.codegen.target import TargetMachine
from chainrule.codegen.values import Val, constant, i64, lanes, vector
from chainrule.ops.reduce import ARGMAX, ARGMIN, MAX, MIN, SUM
from chainrule.plan.access import moves_lanes, reads

_FLOAT64 = np.dtype(np.float64)
_CHAINS = 4  # vectors that are reduced side by side, of rows that consist of whole ones
Combine = Callable[[FunctionBuilder, Val, Val], Val]


def write(e: ElementWriter, target: TargetMachine) -> None:
    """The loops of a reduction and of the operations that are fused with it."""
    space = e.kernel.space
    if _lanes_apart(e):
        width = 2 * target.lanes("float")

        def reduce(at: Indices) -> None:
            finish(e, at, reduce_lanes(e, at))

        over_outer_axes(e, len(space) - 1, lambda at: along_last_axis(e, at, width, reduce))
        return

    def reduce_row(at: Indices) -> None:
        finish(e, at, reduce_across(e, at, target.lanes("float")))

    if not space and e.kernel.divided:
        _, _, lo, hi, *_ = e.function.parameters
        with e.loop(lo, hi):
            reduce_row(())
    else:
        over_outer_axes(e, len(space), reduce_row)


def reduced_axes(e: ElementWriter) -> tuple[int, ...]:
    """The axes of the operand that are reduced."""
    axis = e.kernel.anchor.keywords["axis"]
    return axis if isinstance(axis, tuple) else (axis,)


def finish(e: ElementWriter, at: Indices, result: Val) -> None:
    """Pass the result on to the fused operations."""
    level = e.function.level
    e.given[e.kernel.anchor] = lambda _: Pulled(result, level)
    store_members(e, at)
    del e.given[e.kernel.anchor]


def reduce_lanes(e: ElementWriter, at: Indices) -> Val:
    """A reduction in every lane."""
    return _reduction(e, at, e.width, vectors=False)


def reduce_across(e: ElementWriter, at: Indices, width: int) -> Val:
    """One reduction, the last axis of the operand being gone through in vectors."""
    return _reduction(e, at, width, vectors=True)


@dataclass(frozen=True)
class _Fold:
    """start ⊕ x₀ ⊕ x₁ … for numbers x of one pass over the operand."""

    start: Any
    combine: Combine
    dtype: np.dtype[Any]
    each: Callable[[FunctionBuilder, Val], Val]


def _reduction(e: ElementWriter, at: Indices, width: int, vectors: bool) -> Val:
    f, anchor = e.function, e.kernel.anchor
    dtype = anchor.operands[0].type.dtype
    if anchor.op is SUM:
        wide = _FLOAT64 if dtype.kind == "f" else dtype
        start: Any = -0.0 if dtype.kind == "f" else 0
        total = _pass(e, at, width, vectors, _Fold(start, _add(wide), wide, lambda g, x: convert(g, x, dtype, wide)))
        return _nothing_is_zero(e, convert(f, total, wide, dtype))
    if anchor.op in (MAX, MIN):
        return _pass(e, at, width, vectors, _extreme_fold(anchor.op.name, dtype))
    if anchor.op in (ARGMAX, ARGMIN):
        return _position(e, at, "gt" if anchor.op is ARGMAX else "lt")
    return _logsumexp(e, at, width, vectors, dtype)


def _nothing_is_zero(e: ElementWriter, total: Val) -> Val:
    """The sum of no elements is 0 and not −0."""
    if 0 in e.kernel.anchor.operands[0].type.shape:
        return constant(total.type, 0)
    return total


def _add(dtype: np.dtype[Any]) -> Combine:
    if dtype.kind == "f":
        return lambda f, a, b: f.fadd(a, b)
    return lambda f, a, b: f.or_(a, b) if dtype.kind == "b" else f.add(a, b)


def _extreme_fold(name: str, dtype: np.dtype[Any]) -> _Fold:
    if dtype.kind == "f":
        start: Any = -np.inf if name == "max" else np.inf
    elif dtype.kind == "b":
        start = name == "min"
    else:
        start = np.iinfo(dtype).min if name == "max" else np.iinfo(dtype).max
    return _Fold(start, lambda f, a, b: extreme(f, name, dtype, a, b), dtype, lambda f, x: x)


def _logsumexp(e: ElementWriter, at: Indices, width: int, vectors: bool, dtype: np.dtype[Any]) -> Val:
    """max + log Σ exp(x − max); where the largest is infinite, nothing is subtracted."""
    f = e.function
    largest = _pass(e, at, width, vectors, _extreme_fold("max", dtype))
    infinite = f.fcmp("oeq", f.intrinsic("fabs", largest), constant(largest.type, np.inf))
    shift = f.select(infinite, constant(largest.type, 0.0), largest)

    def each(g: FunctionBuilder, x: Val) -> Val:
        by = g.splat(shift, lanes(x.type)) if lanes(shift.type) < lanes(x.type) else shift
        return convert(g, math.exp(g, g.fsub(x, by)), dtype, _FLOAT64)

    total = _pass(e, at, width, vectors, _Fold(0.0, _add(_FLOAT64), _FLOAT64, each))
    wide_shift = convert(f, shift, dtype, _FLOAT64)
    return convert(f, f.fadd(math.log(f, total), wide_shift), _FLOAT64, dtype)


def _pass(e: ElementWriter, at: Indices, width: int, vectors: bool, fold: _Fold) -> Val:
    """Fold all elements of the operand that belong to one place of the space."""
    f = e.function
    (operand,) = e.kernel.anchor.operands
    axes, shape = reduced_axes(e), operand.type.shape
    last = _innermost(e, axes)
    outer = tuple(axis for axis in axes if axis != last) if vectors else axes
    element = element_of(fold.dtype)
    type_ = vector(element, e.width)

    def indices(inside: dict[int, Index]) -> Indices:
        kept = iter(at)
        return tuple(inside[axis] if axis in inside else next(kept) for axis in range(len(shape)))

    def fold_in(total: Val, inside: dict[int, Index]) -> Val:
        x = e.pull(operand, indices(inside))
        value = e.splat(x).value
        return fold.combine(f, total, fold.each(f, value))

    if not vectors:
        return _nested(e, outer, constant(type_, fold.start), fold_in, {})
    length = shape[last]
    width *= next(count for count in (_CHAINS, _CHAINS // 2, 1) if count == 1 or length % (count * width) == 0)
    stop = e.number(("reduced", last), length)
    exact = length % width == 0
    padded = exact or _is_padded(e, last, width)

    def row(start: Val, end: Val, step: int, masked: bool) -> Callable[[Val, dict[int, Index]], Val]:
        def fold_row(total: Val, inside: dict[int, Index]) -> Val:
            with e.loop(start, end, step) as (loop, index):
                part = loop.carry(total)
                folded = fold_in(part, {**inside, last: index})
                if masked:
                    here = f.icmp("slt", e.lane_numbers(index), f.splat(stop, step))
                    folded = f.select(here, folded, part)
                loop.next(part, folded)
            return loop.result(part)

        return fold_row

    result = constant(element, fold.start)
    whole = f.and_(stop, i64(-width)) if width > 1 else i64(0)
    if width > 1 and (padded or length >= width):
        with e.lanes(width):
            body = row(i64(0), stop if padded else whole, width, padded and not exact)
            parts = _nested(e, outer, constant(vector(element, width), fold.start), body, {})
            result = _across(f, parts, fold.combine)
    if not padded or width == 1:
        with e.lanes(1):
            result = _nested(e, outer, result, row(whole, stop, 1, False), {})
    return result


def _lanes_apart(e: ElementWriter) -> bool:
    """Whether every lane makes a reduction of its own, since the last axis of the space is nearer in memory."""
    anchor = e.kernel.anchor
    if not e.kernel.space or anchor.op not in (SUM, MAX, MIN):
        return e.kernel.keeps_last_axis
    axes, near = reduced_axes(e), _neighbours(e)
    kept = near[max(set(range(len(near))) - set(axes))]
    reduced = max(near[axis] for axis in axes)
    return e.kernel.keeps_last_axis if kept == reduced else kept > reduced


def _innermost(e: ElementWriter, axes: tuple[int, ...]) -> int:
    """The reduced axis along which most of what is read are neighbours in memory, the last one of several."""
    near = _neighbours(e)
    return max(axes, key=lambda axis: (near[axis], axis))


def _neighbours(e: ElementWriter) -> list[int]:
    """For every axis of the operand, how many arrays are read whose elements are neighbours along it."""
    (operand,) = e.kernel.anchor.operands
    near = [0] * len(operand.type.shape)
    for node, pattern in reads(operand, tuple(range(len(near))), e.in_memory, memory_first=True):
        for axis in filter(pattern.__contains__, range(len(near))):
            near[axis] += e.plan.buffers[node].innermost(pattern.index(axis))
    return near


def _is_padded(e: ElementWriter, last: int, width: int) -> bool:
    """Whether the operand may be read past the end of its last axis."""
    (operand,) = e.kernel.anchor.operands
    at = tuple(range(len(operand.type.shape)))
    stop = e.in_memory
    for node, pattern in reads(operand, at, stop, memory_first=True):
        buffer = e.plan.buffers[node]
        if last in pattern and not buffer.holds_vectors(pattern.index(last), width):
            return False
    return not moves_lanes([(operand, at)], last, stop)


def _nested(
    e: ElementWriter,
    axes: tuple[int, ...],
    start: Val,
    body: Callable[[Val, dict[int, Index]], Val],
    inside: dict[int, Index],
) -> Val:
    """Loops over several axes that carry a total."""
    if not axes:
        return body(start, inside)
    length = e.kernel.anchor.operands[0].type.shape[axes[0]]
    with e.loop(i64(0), e.number(("reduced", axes[0]), length)) as (loop, index):
        total = loop.carry(start)
        loop.next(total, _nested(e, axes[1:], total, body, {**inside, axes[0]: index}))
    return loop.result(total)


def _across(f: FunctionBuilder, parts: Val, combine: Combine) -> Val:
    """All lanes combined: the halves of the vector again and again."""
    while (count := lanes(parts.type)) > 2:
        half = count // 2
        low, high = f.shuffle(parts, parts, range(half)), f.shuffle(parts, parts, range(half, count))
        parts = combine(f, low, high)
    return combine(f, f.lane(parts, 0), f.lane(parts, 1))


def _position(e: ElementWriter, at: Indices, better_than: str) -> Val:
    """The first place of the largest or smallest element, or of the first NaN."""
    f = e.function
    (operand,) = e.kernel.anchor.operands
    (axis,), shape, dtype = reduced_axes(e), operand.type.shape, operand.type.dtype

    def element(index: Index) -> Val:
        return e.pull(operand, (*at[:axis], index, *at[axis:])).value

    with e.lanes(1):
        first = element(Index(i64(0), f.level))
        with e.loop(i64(1), e.number(("reduced", axis), shape[axis])) as (loop, index):
            best, place = loop.carry(first), loop.carry(i64(0))
            x = element(index)
            if dtype.kind == "f":
                better = f.or_(f.fcmp("o" + better_than, x, best), f.fcmp("uno", x, x))
                better = f.and_(better, f.fcmp("ord", best, best))
            else:
                better = f.icmp(("s" if dtype.kind == "i" else "u") + better_than, x, best)
            loop.next(best, f.select(better, x, best))
            loop.next(place, f.select(better, index.value, place))
    return loop.result(place)
