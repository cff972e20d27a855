"""Reductions along axes: sums, extremes and what is made of them.

A primitive always drops the axes it reduces; `keepdims` is a reshape around it. float32 sums are accumulated in
float64, so that their error does not grow with their length.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.graph import Kind, Op, register
from chainrule.ops.convert import cast
from chainrule.ops.euclidean_norm import euclidean
from chainrule.ops.value import ArrayLike, apply, implements
from chainrule.types import Array, ArrayType, Shape, normalise_axes, normalise_axis

AxisLike = int | tuple[int, ...] | None


def _reduced_shape(shape: Shape, axis: tuple[int, ...]) -> Shape:
    return tuple(length for i, length in enumerate(shape) if i not in axis)


def _reduced(x: ArrayType, axis: tuple[int, ...]) -> ArrayType:
    return ArrayType(_reduced_shape(x.shape, axis), x.dtype)


def _nonempty(x: ArrayType, axis: tuple[int, ...]) -> ArrayType:
    if any(x.shape[i] == 0 for i in axis):
        raise ArgumentError(f"max, min and argmax need at least one element along axes {axis}, got shape {x.shape}")
    return _reduced(x, axis)


def _float_reduced(x: ArrayType, axis: tuple[int, ...]) -> ArrayType:
    if not x.is_float:
        raise ArgumentError(f"logsumexp needs float32 or float64, got {x}")
    return _reduced(x, axis)


def _alongside(y: Any, x: Any, axis: tuple[int, ...]) -> Any:
    """A reduced array shaped so that it broadcasts against the array it was reduced from."""
    return np.reshape(y, tuple(1 if i in axis else length for i, length in enumerate(x.shape)))


def _sum_array(x: Array, axis: tuple[int, ...]) -> Array:
    if x.dtype == np.float32:
        return np.asarray(np.sum(x, axis=axis, dtype=np.float64)).astype(np.float32)
    return np.asarray(np.sum(x, axis=axis, dtype=x.dtype))


def _logsumexp_array(x: Array, axis: tuple[int, ...]) -> Array:
    wide = x.astype(np.float64)
    largest = np.max(wide, axis=axis, keepdims=True, initial=-np.inf)
    shift = np.where(np.isfinite(largest), largest, 0)
    total = np.log(np.sum(np.exp(wide - shift), axis=axis, keepdims=True)) + shift
    return np.asarray(np.squeeze(total, axis=axis)).astype(x.dtype)


def _to_extremes(g: Any, y: Any, x: Any, *, axis: tuple[int, ...]) -> Any:
    """The cotangent goes to the extreme element, in equal parts where several tie."""
    extreme = (x == _alongside(y, x, axis)).astype(x.dtype)
    return _alongside(g, x, axis) * extreme / np.sum(extreme, axis=axis, keepdims=True)


SUM = register(
    Op(
        "sum",
        Kind.REDUCTION,
        "Σ {0}",
        infer=_reduced,
        numpy=_sum_array,
        rules=(lambda g, y, x, axis: np.broadcast_to(_alongside(g, x, axis), x.shape),),
    )
)


def _extreme(name: str, find: Any) -> Op:
    def numpy(x: Array, axis: tuple[int, ...]) -> Array:
        return np.asarray(find(x, axis=axis))

    return register(Op(name, Kind.REDUCTION, f"{name} {{0}}", _nonempty, numpy, (_to_extremes,)))


MAX = _extreme("max", np.max)
MIN = _extreme("min", np.min)
LOGSUMEXP = register(
    Op(
        "logsumexp",
        Kind.REDUCTION,
        "log Σ exp {0}",
        infer=_float_reduced,
        numpy=_logsumexp_array,
        # the derivative of log Σ exp is the softmax
        rules=(lambda g, y, x, axis: _alongside(g, x, axis) * np.exp(x - _alongside(y, x, axis)),),
    )
)


def _position(name: str, find: Any) -> Op:
    def infer(x: ArrayType, axis: int) -> ArrayType:
        return ArrayType(_nonempty(x, (axis,)).shape, np.dtype(np.int64))

    def numpy(x: Array, axis: int) -> Array:
        return np.asarray(find(x, axis=axis))

    return register(Op(name, Kind.REDUCTION, f"{name} {{0}}", infer, numpy, (None,)))


ARGMAX = _position("argmax", np.argmax)
ARGMIN = _position("argmin", np.argmin)


def _reduce(op: Op, x: Any, axis: AxisLike, keepdims: bool) -> Any:
    axes = normalise_axes(axis, x.ndim)
    result = apply(op, x, axis=axes) if axes else x
    return _alongside(result, x, axes) if keepdims else result


@implements(np.sum)
def _sum(x: ArrayLike, axis: AxisLike = None, *, keepdims: bool = False) -> Any:
    return _reduce(SUM, _counted(x), axis, keepdims)


def _counted(x: Any) -> Any:
    """Numbers to be added up or multiplied: integers with 64 bits, so that few results wrap."""
    return x if x.dtype.kind == "f" else cast(x, np.uint64 if x.dtype.kind == "u" else np.int64)


@implements(np.max)
def _max(x: ArrayLike, axis: AxisLike = None, *, keepdims: bool = False) -> Any:
    return _reduce(MAX, x, axis, keepdims)


@implements(np.min)
def _min(x: ArrayLike, axis: AxisLike = None, *, keepdims: bool = False) -> Any:
    return _reduce(MIN, x, axis, keepdims)


def logsumexp(x: ArrayLike, axis: AxisLike = None, *, keepdims: bool = False) -> Any:
    """log Σ exp x along axes, without overflow; −inf where all elements are −inf."""
    return _reduce(LOGSUMEXP, np.asarray(x) if not hasattr(x, "dtype") else x, axis, keepdims)


@implements(np.argmax)
def _argmax(x: ArrayLike, axis: int | None = None, *, keepdims: bool = False) -> Any:
    return _find(ARGMAX, x, axis, keepdims)


@implements(np.argmin)
def _argmin(x: ArrayLike, axis: int | None = None, *, keepdims: bool = False) -> Any:
    return _find(ARGMIN, x, axis, keepdims)


def _find(op: Op, x: Any, axis: int | None, keepdims: bool) -> Any:
    flat, along = (np.ravel(x), 0) if axis is None else (x, normalise_axis(axis, x.ndim))
    result = apply(op, flat, axis=along)
    return _alongside(result, x, normalise_axes(axis, x.ndim)) if keepdims else result


def _count(x: Any, axis: AxisLike) -> int:
    return prod(x.shape[i] for i in normalise_axes(axis, x.ndim))


def _as_float(x: Any) -> Any:
    return x if x.dtype.kind == "f" else cast(x, np.float64)


@implements(np.mean)
def _mean(x: ArrayLike, axis: AxisLike = None, *, keepdims: bool = False) -> Any:
    return np.sum(_as_float(x), axis=axis, keepdims=keepdims) / _count(x, axis)


@implements(np.var)
def _var(x: ArrayLike, axis: AxisLike = None, *, ddof: int = 0, keepdims: bool = False) -> Any:
    deviation = _as_float(x) - np.mean(x, axis=axis, keepdims=True)
    return np.sum(deviation * deviation, axis=axis, keepdims=keepdims) / max(_count(x, axis) - ddof, 0)


@implements(np.std)
def _std(x: ArrayLike, axis: AxisLike = None, *, ddof: int = 0, keepdims: bool = False) -> Any:
    return np.sqrt(np.var(x, axis=axis, ddof=ddof, keepdims=keepdims))


@implements(np.prod)
def _prod(x: ArrayLike, axis: AxisLike = None, *, keepdims: bool = False) -> Any:
    """A tree of products of halves: its derivative is right at zeros, where dividing by an element would not be."""
    axes = normalise_axes(axis, x.ndim)
    kept = [i for i in range(x.ndim) if i not in axes]
    x = _counted(x)
    rows = np.reshape(np.transpose(x, (*axes, *kept)), (_count(x, axes), *_reduced_shape(x.shape, axes)))
    if not len(rows):
        rows = np.ones((1, *rows.shape[1:]), x.dtype)
    while len(rows) > 1:
        half = len(rows) // 2
        products = rows[:half] * rows[half : 2 * half]
        rows = np.concatenate([products, rows[2 * half :]]) if len(rows) % 2 else products
    return _alongside(rows[0], x, axes) if keepdims else rows[0]


@implements(np.linalg.norm)
def _norm(x: ArrayLike, ord: Any = None, axis: AxisLike = None, keepdims: bool = False) -> Any:  # noqa: A002 (NumPy's name)
    """The Euclidean norm, or for vectors the sum (1) or maximum (inf) of the magnitudes.

    The derivative of the Euclidean norm at 0 is nan, as 0/0 is.
    """
    x = _as_float(x)
    if ord is None or (ord == 2 and _names_one_axis(x, axis)):
        return euclidean(x, axis, keepdims)
    if ord in (1, np.inf) and _names_one_axis(x, axis):
        return (np.sum if ord == 1 else np.max)(np.abs(x), axis=axis, keepdims=keepdims)
    raise ArgumentError(f"np.linalg.norm of order {ord!r} cannot be traced; orders 1, 2 and inf of vectors can")


def _names_one_axis(x: ArrayLike, axis: AxisLike) -> bool:
    return len(normalise_axes(axis, x.ndim)) == 1
