"""Type promotion and broadcasting of operands: two primitives, so that the other ones need neither."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.graph import Kind, Op, Trait, register
from chainrule.ops.value import ArrayLike, Value, apply, implements, lift
from chainrule.types import ArrayType, Shape, as_array, as_dtype, as_integers, broadcast_shapes, holds

if TYPE_CHECKING:
    from numpy.typing import DTypeLike


def _broadcast_type(x: ArrayType, shape: Shape) -> ArrayType:
    if broadcast_shapes(x.shape, shape) != shape:
        raise ArgumentError(f"shape {x.shape} cannot be broadcast to {shape}")
    return ArrayType(shape, x.dtype)


def _sum_over_copies(g: Any, y: Any, x: Any, *, shape: Shape) -> Any:
    """Every copy of an element passes its cotangent back to it: they add up."""
    new = len(shape) - x.ndim
    stretched = tuple(i + new for i, length in enumerate(x.shape) if length == 1 != shape[i + new])
    return np.reshape(np.sum(g, axis=(*range(new), *stretched)), x.shape)


CAST: Op = register(
    Op(
        "cast",
        Kind.ELEMENTWISE,
        "cast {0}",
        infer=lambda x, dtype: ArrayType(x.shape, dtype),
        numpy=lambda x, dtype: x.astype(dtype),
        rules=(lambda g, y, x, dtype: np.astype(g, x.dtype),),
    )
)
BROADCAST: Op = register(
    Op(
        "broadcast",
        Kind.MOVEMENT,
        "broadcast {0}",
        infer=_broadcast_type,
        numpy=lambda x, shape: np.broadcast_to(x, shape),
        rules=(_sum_over_copies,),
        traits=Trait.REPEATS,
    )
)


@implements(np.astype)
def cast(x: ArrayLike, dtype: DTypeLike, /, *, copy: bool = True) -> Any:
    """The elements of `x` converted to another dtype."""
    dtype = as_dtype(dtype)
    return x if x.dtype == dtype else apply(CAST, x, dtype=dtype)


@implements(np.broadcast_to)
def broadcast(x: ArrayLike, shape: int | Shape) -> Any:
    """`x` repeated along new and length-1 axes until it has `shape`, by NumPy's rule."""
    shape = as_integers(shape, "a length of the shape")
    return x if shape_of(x) == shape else apply(BROADCAST, x, shape=shape)


def common_dtype(*operands: ArrayLike) -> np.dtype[Any]:
    """The dtype in which NumPy computes with these operands; Python numbers adapt to arrays (NEP 50)."""
    first, *others = kinds = [_dtype_or_number(x) for x in operands]
    if isinstance(first, np.dtype) and all(other is first for other in others):
        return first
    return as_dtype(np.result_type(*kinds))


def _dtype_or_number(x: ArrayLike) -> Any:
    return type(x)() if type(x) in (int, float) else dtype_of(x)  # how large a number is does not matter


def dtype_of(x: ArrayLike) -> np.dtype[Any]:
    """The dtype of a traced value, an array or a number."""
    return x.dtype if isinstance(x, Value) else as_array(x).dtype


def loop_dtypes(ufunc: np.ufunc, *operands: ArrayLike) -> tuple[np.dtype[Any], ...]:
    """The dtypes in which NumPy's `ufunc` takes these operands, with float32 in the place of float16.

    Raises:
        ArgumentError: it takes no such operands, as np.negative takes no bools.
    """
    return _loop(ufunc, tuple(type(x) if type(x) in (int, float) else dtype_of(x) for x in operands))


@cache
def _loop(ufunc: np.ufunc, kinds: tuple[Any, ...]) -> tuple[np.dtype[Any], ...]:
    try:
        *dtypes, _ = ufunc.resolve_dtypes((*kinds, None))
    except TypeError as error:
        named = " and ".join(kind.__name__ if isinstance(kind, type) else str(kind) for kind in kinds)
        raise ArgumentError(
            f"np.{ufunc.__name__} takes no {named}; convert to a number first, as in x.astype(np.int64)"
            ", or use np.logical_not, np.logical_and and np.logical_or"
        ) from error
    return tuple(np.dtype(np.float32) if dtype == np.float16 else dtype for dtype in dtypes)


def shape_of(x: ArrayLike) -> Shape:
    """The shape of a traced value, an array or a number."""
    return x.shape if isinstance(x, Value) else np.shape(x)


def fit(x: ArrayLike, dtype: np.dtype[Any], shape: Shape, *, traced: bool = True) -> Any:
    """One operand cast and broadcast.

    A number that meets traced values becomes a constant before it is broadcast: the graph holds one number, not copies.
    """
    converted = cast(x if isinstance(x, Value) else _held(x, dtype), dtype)
    return broadcast(lift(converted) if traced else converted, shape)


def _held(x: ArrayLike, dtype: np.dtype[Any]) -> Any:
    """A plain operand; ArgumentError if it is a Python integer that `dtype` does not hold, where NumPy raises too."""
    if type(x) is not int:
        return as_array(x)
    if not holds(dtype, x):
        raise ArgumentError(
            f"the Python integer {x} does not fit {dtype}; convert the array first to a dtype that holds it, "
            "as in x.astype(np.int64)"
        )
    return as_array(float(x) if dtype.kind == "f" else x)


def match_loop(ufunc: np.ufunc, *operands: ArrayLike) -> list[Any]:
    """The operands in the dtype in which NumPy's `ufunc` computes, broadcast to one shape."""
    return match(*operands, dtype=loop_dtypes(ufunc, *operands)[0])


def match(*operands: ArrayLike, dtype: np.dtype[Any] | None = None) -> list[Any]:
    """The operands cast to one dtype and broadcast to one shape."""
    dtype = dtype or common_dtype(*operands)
    shape = broadcast_shapes(*map(shape_of, operands))
    traced = any(isinstance(x, Value) for x in operands)
    return [fit(x, dtype, shape, traced=traced) for x in operands]
