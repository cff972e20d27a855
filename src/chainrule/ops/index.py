"""Indexing: integers and slices cut, arrays of integers gather, and the adjoint of gathering adds at indices."""

from __future__ import annotations

import operator
from math import prod
from typing import Any, NamedTuple

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.graph import Kind, Op, Trait, register
from chainrule.ops.convert import cast, match, shape_of
from chainrule.ops.shape import slice_axes
from chainrule.ops.value import ArrayLike, Value, apply, implements, lift, refuse
from chainrule.types import Array, ArrayType, Shape, as_array, as_integer, normalise_axis, require_unmasked


def _take_type(x: ArrayType, indices: ArrayType, axis: int) -> ArrayType:
    _require_integers(indices)
    return ArrayType((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]), x.dtype)


def _scatter_type(x: ArrayType, indices: ArrayType, axis: int, length: int) -> ArrayType:
    _require_integers(indices)
    after = axis + len(indices.shape)
    if x.shape[axis:after] != indices.shape:
        raise ArgumentError(f"scatter_add needs indices of shape {x.shape[axis:after]}, got {indices}")
    return ArrayType((*x.shape[:axis], length, *x.shape[after:]), x.dtype)


def _require_integers(indices: ArrayType) -> None:
    if indices.dtype.kind not in "iu":
        raise ArgumentError(f"indices must be integers, got {indices}; convert them with .astype(np.int64)")


def _scatter_array(x: Array, indices: Array, axis: int, length: int) -> Array:
    result = np.zeros((*x.shape[:axis], length, *x.shape[axis + indices.ndim :]), x.dtype)
    where: Any = (slice(None),) * axis + (indices,)
    np.add.at(result, where, x)
    return result


TAKE: Op = register(
    Op(
        "take",
        Kind.MOVEMENT,
        "{0}[{1}]",
        infer=_take_type,
        numpy=lambda x, indices, axis: np.take(x, indices, axis=axis),
        rules=(lambda g, y, x, indices, axis: apply(SCATTER_ADD, g, indices, axis=axis, length=x.shape[axis]), None),
    )
)
SCATTER_ADD: Op = register(  # the adjoint of take: elements that were taken twice get two cotangents, which add up
    Op(
        "scatter_add",
        Kind.MOVEMENT,
        "scatter {0} to {1}",
        infer=_scatter_type,
        numpy=_scatter_array,
        rules=(lambda g, y, x, indices, axis, length: apply(TAKE, g, indices, axis=axis), None),
        traits=Trait.ANCHOR | Trait.SCATTERS,
    )
)


def scatter_add(x: ArrayLike, indices: ArrayLike, *, axis: int = 0, length: int) -> Any:
    """Zeros with x[…, i, …] added at position indices[i] of a new axis of `length`: the adjoint of np.take.

    Integers of any dtype; negative ones count from the end.

    Raises:
        ArgumentError: the indices are no integers, lie outside of the new axis, or do not have the shape of `x` there.
    """
    length, axis = as_integer(length, "length"), normalise_axis(axis, len(shape_of(x)))
    if length < 0:
        raise ArgumentError(f"scatter_add: length must be at least 0, got {length}")
    return apply(SCATTER_ADD, x, _from_front(indices, length), axis=axis, length=length)


@implements(np.take)
def _take(x: ArrayLike, indices: ArrayLike, axis: int | None = None) -> Any:
    if axis is None:
        x, axis = np.ravel(x), 0
    axis = normalise_axis(axis, x.ndim)
    return apply(TAKE, x, _from_front(indices, x.shape[axis]), axis=axis)


@implements(np.take_along_axis)
def _take_along_axis(x: ArrayLike, indices: ArrayLike, axis: int | None = -1) -> Any:
    if axis is None:
        x, axis = np.ravel(x), 0
    x, indices, axis = lift(x), lift(indices), normalise_axis(axis, x.ndim)
    _require_integers(indices.node.type)
    if indices.ndim != x.ndim:
        raise ArgumentError(
            f"take_along_axis needs indices with as many axes as the array, got shape {indices.shape} for {x.shape}"
        )
    grid: list[Any] = list(np.ogrid[tuple(slice(n) for n in x.shape)])
    grid[axis] = indices
    return x[tuple(grid)]


def _from_front(indices: ArrayLike, length: int) -> Any:
    """Indices counted from the front; known ones are checked at once, traced ones when they are used."""
    if isinstance(indices, Value):
        _require_integers(indices.node.type)
        if indices.dtype == np.uint64:  # too high a one must not become a negative one
            indices = np.minimum(indices, length)
        if indices.dtype.kind == "u":
            return cast(indices, np.int64)
        indices = cast(indices, np.int64)
        counted = np.where(indices < -length, length, indices + length)  # too low a one becomes too high a one
        return np.where(indices < 0, counted, indices)
    known = _known(indices)
    _require_integers(ArrayType(known.shape, known.dtype))
    if known.size and not (-length <= known.min() and known.max() < length):
        raise ArgumentError(
            f"index {known.max() if known.max() >= length else known.min()} is outside an axis of length {length}"
        )
    known = known.astype(np.int64)
    return np.where(known < 0, known + length, known)


def _known(indices: ArrayLike) -> Array:
    """Indices as an array; a list without any is one of integers, though NumPy makes floats of it."""
    known = as_array(indices, "indices")
    return known.astype(np.int64) if known.size == 0 and not isinstance(indices, np.ndarray) else known


class _Plan(NamedTuple):
    """An index taken apart: one slice an axis, the shape with new axes, and which axes are gathered by which array."""

    slices: list[slice]
    shape: list[int]
    gathered: dict[int, Any]


@implements(operator.getitem)
def _getitem(x: Value, index: Any) -> Any:
    plan = _plan(x, _complete(index if isinstance(index, tuple) else (index,), x.shape))
    cut = np.reshape(slice_axes(x, plan.slices), plan.shape)
    return _gather(cut, plan.gathered) if plan.gathered else cut


def _complete(index: tuple[Any, ...], shape: Shape) -> list[Any]:
    """The index with the ellipsis written out, one entry for every axis, and masks as the positions they select."""
    require_unmasked(index, "the index")
    entries = [_known(entry) if isinstance(entry, list | tuple) else entry for entry in index]
    ellipses = [i for i, entry in enumerate(entries) if entry is Ellipsis]
    missing = len(shape) - sum(map(_axes_used, entries))
    if missing < 0 or len(ellipses) > 1:
        raise ArgumentError(f"too many indices for an array of shape {shape}")
    at = ellipses[0] if ellipses else len(entries)
    complete: list[Any] = []
    for entry in (*entries[:at], *[slice(None)] * missing, *entries[at + 1 :]):
        axis = sum(map(_axes_used, complete))
        complete.extend(_positions(entry, shape[axis:]) if _is_mask(entry) else [entry])
    return complete


def _is_mask(entry: Any) -> bool:
    return isinstance(entry, bool) or getattr(entry, "dtype", None) == np.dtype(bool)


def _axes_used(entry: Any) -> int:
    if entry is None or entry is Ellipsis:
        return 0
    return int(np.ndim(entry)) if _is_mask(entry) else 1


def _positions(mask: Any, shape: Shape) -> tuple[Array, ...]:
    """Where a mask of the first axes of `shape` is true."""
    if isinstance(mask, Value):
        refuse("a traced mask selects a number of elements that is not known", "use np.where(mask, x, 0)")
    if np.ndim(mask) == 0:
        raise ArgumentError("True or False is no index; use np.where to choose")
    if mask.shape != shape[: mask.ndim]:
        raise ArgumentError(f"a mask of shape {mask.shape} does not fit axes of shape {shape[: mask.ndim]}")
    return np.nonzero(mask)


def _plan(x: Value, entries: list[Any]) -> _Plan:
    plan = _Plan([], [], {})
    gathering = any(_is_index_array(entry) for entry in entries)
    for entry in entries:
        if entry is None:
            plan.shape.append(1)
            continue
        length = x.shape[len(plan.slices)]
        if isinstance(entry, slice):
            cut = _of_integers(entry)
            plan.slices.append(cut)
            plan.shape.append(len(range(*cut.indices(length))))
        elif _is_index_array(entry) or gathering:
            plan.gathered[len(plan.shape)] = _from_front(entry, length)
            plan.slices.append(slice(None))
            plan.shape.append(length)
        else:
            position = int(_from_front(as_integer(entry, "an index"), length))
            plan.slices.append(slice(position, position + 1))
    return plan


def _of_integers(cut: slice) -> slice:
    ends = (cut.start, cut.stop, cut.step)
    start, stop, step = (None if end is None else as_integer(end, "an index in a slice") for end in ends)
    if step == 0:
        raise ArgumentError("the step of a slice cannot be 0")
    return slice(start, stop, step)


def _is_index_array(entry: Any) -> bool:
    return isinstance(entry, Value | np.ndarray) and (isinstance(entry, Value) or entry.ndim > 0)


def _gather(x: Any, gathered: dict[int, Any]) -> Any:
    """Gather along several axes at once: they are merged into one, which is taken at the merged index."""
    axes = sorted(gathered)
    adjacent = axes == list(range(axes[0], axes[-1] + 1))
    first = axes[0] if adjacent else 0  # NumPy's rule for where the gathered axes go
    rest = [i for i in range(x.ndim) if i not in gathered]
    lengths = [x.shape[i] for i in axes]
    merged = np.transpose(x, (*rest[:first], *axes, *rest[first:]))
    merged = np.reshape(merged, (*merged.shape[:first], prod(lengths), *merged.shape[first + len(axes) :]))
    indices = match(*(gathered[i] for i in axes), dtype=np.dtype(np.int64))
    flat = indices[0]
    for axis, index, length in zip(axes[1:], indices[1:], lengths[1:], strict=True):
        inside = flat * length + index
        # a traced index beyond its axis must not reach into the next row
        flat = np.where(index < length, inside, prod(lengths)) if isinstance(gathered[axis], Value) else inside
    return apply(TAKE, merged, flat, axis=first)
