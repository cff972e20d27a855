"""What is known of an array before it exists: its shape and dtype, and how two of them combine.

Eleven dtypes travel through a graph. float32 and float64 can be differentiated; integers of every size index, label
and count; booleans choose.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from operator import index
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from chainrule.errors import ArgumentError, ChainruleError

if TYPE_CHECKING:
    from numpy.typing import DTypeLike  # importing it at run time takes as long as a tenth of NumPy

Shape: TypeAlias = tuple[int, ...]
Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Integers: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]

_INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
DTYPES = tuple(np.dtype(name) for name in ("float32", "float64", *_INTEGERS, "bool"))
_SHORT_NAMES = {dtype: f"{dtype.kind}{dtype.itemsize * 8}" for dtype in DTYPES} | {np.dtype(bool): "bool"}

_LARGEST = int(np.finfo(np.float64).max)


@dataclass(frozen=True, slots=True)
class ArrayType:
    """The shape and dtype of an array."""

    shape: Shape
    dtype: np.dtype[Any]

    @property
    def size(self) -> int:
        """The number of elements."""
        return prod(self.shape)

    @property
    def is_float(self) -> bool:
        """Whether a derivative with respect to such an array makes sense."""
        return self.dtype.kind == "f"

    def __str__(self) -> str:
        return f"{_SHORT_NAMES[self.dtype]}[{','.join(map(str, self.shape))}]"


def as_array(value: object, name: str = "value") -> Array:
    """Return `value` as an array of one of the eleven dtypes, in native byte order.

    Smaller floats (float16, bfloat16) become float32, without loss.

    Raises:
        ArgumentError: for strings, objects, complex numbers, ragged lists, integers beyond uint64, masked arrays, and
            arrays of other libraries that NumPy cannot read.
    """
    require_unmasked(value, name)
    try:
        array = np.asarray(value)
    except ChainruleError:  # a traced value has no numbers
        raise
    except ValueError as error:
        raise ArgumentError(f"{name} is ragged: its rows have different lengths; pad them to one length") from error
    except (TypeError, RuntimeError) as error:
        raise ArgumentError(
            f"{name} cannot be read as a NumPy array ({error}); convert it first, for instance a tensor of PyTorch "
            "with .detach().cpu().float().numpy()"
        ) from error
    native = array.dtype.newbyteorder("=")
    if native in DTYPES:
        return array.astype(native, copy=False)
    if np.can_cast(native, np.float32):
        return array.astype(np.float32)
    raise ArgumentError(
        f"{name} has dtype {array.dtype}, but chainrule computes with {', '.join(map(str, DTYPES))}; "
        "convert it first, for instance with .astype(np.float64)"
    )


def require_unmasked(value: object, name: str) -> None:
    """Raise ArgumentError if `value` is a masked array, or a list with one in it: arrays in a graph have no mask."""
    if is_masked(value):
        raise ArgumentError(
            f"{name} is a masked array, whose mask would be ignored; fill it with .filled(number), or keep the "
            "complete rows and give their .data"
        )


def is_masked(value: object) -> bool:
    """Whether `value` is a masked array of NumPy, or a list with one in it."""
    if isinstance(value, list | tuple):
        return any(type(item) not in (float, int) and is_masked(item) for item in value)
    masked = sys.modules.get("numpy.ma")  # while nobody has imported it, there is no masked array
    return masked is not None and isinstance(value, masked.MaskedArray)


def has_gaps(array: Array) -> bool:
    """Whether neighbours along the last axis are not neighbours in memory."""
    return array.ndim > 0 and array.shape[-1] > 1 and array.strides[-1] != array.itemsize


def holds(dtype: np.dtype[Any], number: int) -> bool:
    """Whether NumPy takes a whole number for one of a dtype's: floats round, and every number has a truth."""
    if dtype.kind == "b":
        return True
    if dtype.kind == "f":
        return abs(number) <= _LARGEST
    limits = np.iinfo(dtype)
    return limits.min <= number <= limits.max


def as_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    """Return `dtype` as one of the eleven dtypes, or raise ArgumentError."""
    try:
        result = np.dtype(dtype)
    except (TypeError, ValueError, SyntaxError) as error:
        raise ArgumentError(f"there is no dtype {dtype!r}; use one of {', '.join(map(str, DTYPES))}") from error
    if result not in DTYPES:
        raise ArgumentError(f"dtype {result} is not supported; use one of {', '.join(map(str, DTYPES))}")
    return result


def broadcast_shapes(*shapes: Shape) -> Shape:
    """The shape that NumPy's broadcasting gives; ArgumentError names the shapes that do not fit."""
    if len(set(shapes)) == 1:
        return shapes[0]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError as error:
        shown = " and ".join(map(str, shapes))
        raise ArgumentError(
            f"shapes {shown} cannot be broadcast together: axes must be equal or 1, counted from the last"
        ) from error


def normalise_axis(axis: int, ndim: int) -> int:
    """Return `axis` counted from the front; ArgumentError if there is no such axis."""
    axis = as_integer(axis, "an axis")
    if not -ndim <= axis < ndim:
        raise ArgumentError(f"axis {axis} does not exist in an array with {ndim} axes")
    return axis % ndim


def as_integer(value: object, name: str) -> int:
    """Return `value` as a Python integer if it is one, of whatever kind; ArgumentError if not."""
    try:
        if not isinstance(value, bool):
            return index(value)  # type: ignore[arg-type]
    except ChainruleError:  # a traced value tells why it is none
        raise
    except TypeError:
        pass
    raise ArgumentError(f"{name} must be an integer, got {value!r}")


def as_integers(values: object, name: str) -> tuple[int, ...]:
    """Return one integer, or several in a sequence or array with one axis, as a tuple; ArgumentError names others."""
    several = isinstance(values, Sequence) or (isinstance(values, np.ndarray) and values.ndim == 1)
    listed: Iterable[object] = values if several else (values,)  # type: ignore[assignment]
    return tuple(as_integer(value, name) for value in listed)


def normalise_axes(axis: int | tuple[int, ...] | None, ndim: int) -> tuple[int, ...]:
    """Return the axes that `axis` names, sorted, counted from the front; None names all of them."""
    if axis is None:
        return tuple(range(ndim))
    axes = tuple(normalise_axis(a, ndim) for a in (axis if isinstance(axis, tuple) else (axis,)))
    if len(set(axes)) != len(axes):
        raise ArgumentError(f"axis {axis} names the same axis twice")
    return tuple(sorted(axes))
