"""Moving elements without changing them: reshape, transpose, concatenate, slice, and the adjoint of slicing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import Any, TypeAlias

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.graph import EachOperand, Kind, Op, register
from chainrule.ops.convert import cast, dtype_of, fit, shape_of
from chainrule.ops.value import ArrayLike, Value, apply, implements, lift
from chainrule.types import (
    Array,
    ArrayType,
    Shape,
    as_dtype,
    as_integer,
    as_integers,
    broadcast_shapes,
    normalise_axes,
    normalise_axis,
)

Ranges: TypeAlias = tuple[tuple[int, int, int], ...]  # (start, count, step) for every axis


def _reshape_type(x: ArrayType, shape: Shape) -> ArrayType:
    if prod(shape) != x.size or any(length < 0 for length in shape):
        raise ArgumentError(f"an array of shape {x.shape} has {x.size} elements and cannot take shape {shape}")
    return ArrayType(shape, x.dtype)


def _concatenate_type(*xs: ArrayType, axis: int) -> ArrayType:
    first = xs[0]
    outline = (*first.shape[:axis], *first.shape[axis + 1 :])
    for x in xs:
        if (
            (*x.shape[:axis], *x.shape[axis + 1 :]) != outline
            or len(x.shape) != len(first.shape)
            or x.dtype != first.dtype
        ):
            raise ArgumentError(f"arrays of types {first} and {x} cannot be concatenated along axis {axis}")
    return ArrayType((*first.shape[:axis], sum(x.shape[axis] for x in xs), *first.shape[axis + 1 :]), first.dtype)


def _slice_type(x: ArrayType, ranges: Ranges) -> ArrayType:
    _require_inside(x.shape, ranges)
    return ArrayType(tuple(count for _, count, _ in ranges), x.dtype)


def _unslice_type(x: ArrayType, shape: Shape, ranges: Ranges) -> ArrayType:
    _require_inside(shape, ranges)
    if x.shape != tuple(count for _, count, _ in ranges):
        raise ArgumentError(f"an array of shape {x.shape} does not fit the ranges {ranges}")
    return ArrayType(shape, x.dtype)


def _require_inside(shape: Shape, ranges: Ranges) -> None:
    """Raise ArgumentError unless all positions of the ranges exist."""
    for (start, count, step), length in zip(ranges, shape, strict=True):
        last = start + (count - 1) * step
        if not (0 <= start < length and 0 <= last < length if count else 0 <= start <= length):
            raise ArgumentError(f"range {(start, count, step)} leaves an axis of length {length}")


def _slices(ranges: Ranges) -> tuple[slice, ...]:
    """The ranges as Python's slices, in which a stop below the axis is written None."""
    return tuple(
        slice(start, stop if (stop := start + count * step) >= 0 else None, step) for start, count, step in ranges
    )


def _unslice_array(x: Array, shape: Shape, ranges: Ranges) -> Array:
    result = np.zeros(shape, x.dtype)
    result[_slices(ranges)] = x
    return result


def _part_of(position: int, g: Any, y: Any, *xs: Any, axis: int) -> Any:
    """The part of the cotangent that stands where the operand at `position` was put."""
    start = sum(x.shape[axis] for x in xs[:position])
    return g[(slice(None),) * axis + (slice(start, start + xs[position].shape[axis]),)]


RESHAPE = register(
    Op(
        "reshape",
        Kind.MOVEMENT,
        "reshape {0}",
        infer=_reshape_type,
        numpy=lambda x, shape: np.reshape(x, shape),
        rules=(lambda g, y, x, shape: np.reshape(g, x.shape),),
    )
)
TRANSPOSE = register(
    Op(
        "transpose",
        Kind.MOVEMENT,
        "transpose {0}",
        infer=lambda x, axes: ArrayType(tuple(x.shape[i] for i in axes), x.dtype),
        numpy=lambda x, axes: np.transpose(x, axes),
        rules=(lambda g, y, x, axes: np.transpose(g, tuple(np.argsort(axes))),),
    )
)
CONCATENATE = register(
    Op(
        "concatenate",
        Kind.MOVEMENT,
        "concatenate {*}",
        infer=_concatenate_type,
        numpy=lambda *xs, axis: np.concatenate(xs, axis),
        rules=EachOperand(_part_of),
    )
)
SLICE: Op = register(
    Op(
        "slice",
        Kind.MOVEMENT,
        "slice {0}",
        infer=_slice_type,
        numpy=lambda x, ranges: x[_slices(ranges)],
        rules=(lambda g, y, x, ranges: apply(UNSLICE, g, shape=x.shape, ranges=ranges),),
    )
)
UNSLICE: Op = register(  # the adjoint of slice: the elements back in their places, zeros around them
    Op(
        "unslice",
        Kind.MOVEMENT,
        "unslice {0}",
        infer=_unslice_type,
        numpy=_unslice_array,
        rules=(lambda g, y, x, shape, ranges: apply(SLICE, g, ranges=ranges),),
    )
)


def slice_axes(x: Any, slices: Sequence[slice]) -> Any:
    """Cut every axis by a Python slice of any start, stop and step."""
    ranges = [_range(cut, length) for cut, length in zip(slices, x.shape, strict=True)]
    whole = all(r == (0, length, 1) for r, length in zip(ranges, x.shape, strict=True))
    return x if whole else apply(SLICE, x, ranges=tuple(ranges))


def _range(cut: slice, length: int) -> tuple[int, int, int]:
    start, stop, step = cut.indices(length)
    count = len(range(start, stop, step))
    return (start, count, step) if count else (0, 0, 1)


@implements(np.reshape)
def _reshape(x: ArrayLike, shape: Any, order: str = "C", *, copy: bool | None = None) -> Any:
    if order not in ("C", "F"):
        raise ArgumentError(f'order must be "C" or "F", got {order!r}: a traced value does not lie in memory')
    if copy is not None and not copy:
        raise ArgumentError("reshape with copy=False cannot be traced, as a traced value does not lie in memory")
    shape = as_integers(shape, "a length of the shape")
    if order == "F":
        return np.transpose(np.reshape(np.transpose(x), shape[::-1]))
    if shape.count(-1) == 1:
        known = prod(length for length in shape if length != -1)
        shape = tuple(x.size // known if length == -1 and known else length for length in shape)
    return x if shape == x.shape else apply(RESHAPE, x, shape=shape)


@implements(np.ravel)
def _ravel(x: ArrayLike, order: Any = "C") -> Any:
    return np.reshape(x, (x.size,), order=order)


@implements(np.transpose)
def _transpose(x: ArrayLike, axes: Sequence[int] | None = None) -> Any:
    named = range(x.ndim)[::-1] if axes is None else as_integers(axes, "an axis")
    order = tuple(normalise_axis(axis, x.ndim) for axis in named)
    if sorted(order) != list(range(x.ndim)):
        raise ArgumentError(f"transpose needs every axis of {x.ndim} once, got {axes}")
    return x if order == tuple(range(x.ndim)) else apply(TRANSPOSE, x, axes=order)


@implements(np.swapaxes)
def _swapaxes(x: ArrayLike, first: int, second: int) -> Any:
    order = list(range(x.ndim))
    first, second = normalise_axis(first, x.ndim), normalise_axis(second, x.ndim)
    order[first], order[second] = second, first
    return np.transpose(x, order)


@implements(np.moveaxis)
def _moveaxis(x: ArrayLike, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    sources, destinations = (
        [normalise_axis(axis, x.ndim) for axis in as_integers(axes, "an axis")] for axes in (source, destination)
    )
    if not len(set(sources)) == len(sources) == len(destinations) == len(set(destinations)):
        raise ArgumentError(f"moveaxis needs as many different places as axes, got {source} and {destination}")
    order = [axis for axis in range(x.ndim) if axis not in sources]
    for place, axis in sorted(zip(destinations, sources, strict=True)):
        order.insert(place, axis)
    return np.transpose(x, order)


@implements(np.expand_dims)
def _expand_dims(x: ArrayLike, axis: int | tuple[int, ...]) -> Any:
    added = as_integers(axis, "an axis")
    ndim = x.ndim + len(added)
    positions = normalise_axes(added, ndim)
    lengths = iter(x.shape)
    return np.reshape(x, tuple(1 if i in positions else next(lengths) for i in range(ndim)))


@implements(np.squeeze)
def _squeeze(x: ArrayLike, axis: int | tuple[int, ...] | None = None) -> Any:
    dropped = tuple(i for i, n in enumerate(x.shape) if n == 1) if axis is None else normalise_axes(axis, x.ndim)
    if any(x.shape[i] != 1 for i in dropped):
        raise ArgumentError(f"squeeze can only drop axes of length 1, got axis {axis} of shape {x.shape}")
    return np.reshape(x, tuple(n for i, n in enumerate(x.shape) if i not in dropped))


def _several(name: str, arrays: Sequence[ArrayLike]) -> list[Value]:
    """The arrays to be joined, at least one; a traced value counts as its rows."""
    values = [lift(x) for x in arrays]
    if not values:
        raise ArgumentError(f"np.{name} needs at least one array, in a list or tuple")
    return values


@implements(np.concatenate)
def _concatenate(arrays: Sequence[ArrayLike], axis: int | None = 0) -> Any:
    joined: list[Any] = _several("concatenate", arrays)
    if axis is None:
        joined, axis = [np.ravel(x) for x in joined], 0
    dtype = as_dtype(np.result_type(*map(dtype_of, joined)))
    values = [cast(x, dtype) for x in joined]
    return values[0] if len(values) == 1 else apply(CONCATENATE, *values, axis=normalise_axis(axis, values[0].ndim))


@implements(np.stack)
def _stack(arrays: Sequence[ArrayLike], axis: int = 0) -> Any:
    axis = as_integer(axis, "an axis")
    return np.concatenate([np.expand_dims(x, axis) for x in _several("stack", arrays)], axis=axis)


@implements(np.hstack)
def _hstack(arrays: Sequence[ArrayLike]) -> Any:
    values = [np.atleast_1d(x) for x in _several("hstack", arrays)]
    return np.concatenate(values, axis=0 if values[0].ndim == 1 else 1)


@implements(np.vstack)
def _vstack(arrays: Sequence[ArrayLike]) -> Any:
    values = _several("vstack", arrays)
    return np.concatenate([x if x.ndim > 1 else np.reshape(x, (1, -1)) for x in values], axis=0)


@implements(np.atleast_1d)
def _atleast_1d(*arrays: ArrayLike) -> Any:
    values = tuple(x if x.ndim else np.reshape(x, (1,)) for x in map(lift, arrays))
    return values[0] if len(values) == 1 else values


@implements(np.split)
def _split(x: ArrayLike, sections: int | Sequence[int], axis: int = 0) -> list[Any]:
    axis = normalise_axis(axis, x.ndim)
    length = x.shape[axis]
    if isinstance(sections, Sequence) or np.ndim(sections):
        places: Sequence[int] = as_integers(sections, "a place to split at")
    else:
        count = as_integer(sections, "the number of parts")
        if count < 1 or length % count:
            raise ArgumentError(f"an axis of length {length} cannot be split into {count} equal parts")
        places = [part * length // count for part in range(1, count)]
    edges = [0, *places, length]
    whole = (slice(None),) * axis
    return [x[(*whole, slice(start, stop))] for start, stop in pairwise(edges)]


@implements(np.flip)
def _flip(x: ArrayLike, axis: int | tuple[int, ...] | None = None) -> Any:
    axes = normalise_axes(axis, x.ndim)
    return slice_axes(x, [slice(None, None, -1 if i in axes else 1) for i in range(x.ndim)])


@implements(np.broadcast_arrays)
def _broadcast_arrays(*arrays: ArrayLike) -> list[Any]:
    shape = broadcast_shapes(*map(shape_of, arrays))
    return [np.broadcast_to(lift(x), shape) for x in arrays]


@implements(np.shape)
def _shape(x: Value) -> Shape:
    return x.shape


@implements(np.ndim)
def _ndim(x: Value) -> int:
    return x.ndim


@implements(np.size)
def _size(x: Value, axis: int | tuple[int, ...] | None = None) -> int:
    return prod(x.shape[i] for i in normalise_axes(axis, x.ndim))


@implements(np.zeros_like)
def _zeros_like(x: Value, dtype: Any = None) -> Any:
    return np.full_like(x, 0, dtype=dtype)


@implements(np.ones_like)
def _ones_like(x: Value, dtype: Any = None) -> Any:
    return np.full_like(x, 1, dtype=dtype)


@implements(np.full_like)
def _full_like(x: Value, fill_value: ArrayLike, dtype: Any = None) -> Any:
    return fit(fill_value, as_dtype(dtype or x.dtype), x.shape)
