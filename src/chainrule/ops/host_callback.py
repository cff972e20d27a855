"""Host callbacks: a call of a Python or C function inside a computation, to exchange gradients or to observe them.

The numbers to be passed are packed into a single array, which the function changes in place. An
engine calls it in the thread that started the computation, while all others wait.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any, NoReturn

import numpy as np

from chainrule import tree
from chainrule.errors import ArgumentError, ChainruleError
from chainrule.graph import EachOperand, Kind, Op, Trait, register
from chainrule.ops.value import Value, apply
from chainrule.tree import Tree
from chainrule.types import Array, ArrayType, as_array

SIGNATURE = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64)
"""What machine code calls: (pointer to the numbers, how many they are) -> 0 if all went well."""


@dataclass(frozen=True)
class HostFunction:
    """A function that is called: one of Python's, or the address of one of C's; it prints as its name."""

    function: Callable[[Array], None] | int

    def __repr__(self) -> str:
        if isinstance(self.function, int):
            return "a C function"
        return str(getattr(self.function, "__qualname__", type(self.function).__name__))

    def __call__(self, array: Array) -> None:
        """Let the function change an array [n].

        Raises:
            ArgumentError: it returned something instead of changing the array.
        """
        if isinstance(self.function, int):
            self.check(SIGNATURE(self.function)(array.ctypes.data, array.size))
        elif (result := self.function(array)) is not None and result is not array:
            raise ArgumentError(
                f"host_callback: {self} must change its array in place and return None, it returned {result!r}"
            )

    def check(self, status: int) -> None:
        """Raise ChainruleError unless a C function returned 0."""
        if status:
            raise ChainruleError(f"host_callback: {self} failed: it returned {status} instead of 0")


def _host_callback_type(when: ArrayType, *arrays: ArrayType, function: HostFunction) -> ArrayType:
    if when != ArrayType((), np.dtype(np.bool_)):
        raise ArgumentError(f"host_callback: when must be one bool, got {when}")
    dtypes = {array.dtype for array in arrays}
    if len(dtypes) != 1 or not (arrays[0].is_float or arrays[0].dtype == np.int64):
        raise ArgumentError(
            f"host_callback: the arrays must be float32, float64 or int64, all alike, got {list(arrays)}"
        )
    return ArrayType((sum(prod(array.shape) for array in arrays),), arrays[0].dtype)


def _host_callback_array(when: Array, *arrays: Array, function: HostFunction) -> Array:
    row = np.concatenate([np.ravel(array) for array in arrays])
    if when:
        function(row)
    return row


def _no_derivative(position: int, g: Any, y: Any, *operands: Any, function: HostFunction) -> NoReturn:
    raise ArgumentError(
        f"host_callback: {function} cannot be differentiated: nobody knows its derivative; "
        "let it change gradients instead"
    )


HOST_CALLBACK = register(
    Op(
        "host_callback",
        Kind.SOURCE,
        "host_callback({*})",
        infer=_host_callback_type,
        numpy=_host_callback_array,
        rules=EachOperand(_no_derivative),
        traits=Trait.ANCHOR | Trait.EFFECT,
    )
)


def host_callback(function: Callable[[Array], None] | int, arrays: Tree, when: Any = True) -> Tree:
    """Let a function of the host, which is not compiled, change arrays in place; return what they have become.

    Args:
        function: array [n] -> None. It gets one array of all numbers, leaf after leaf, each in C order; where there are
            float32 and float64 leaves it is called once for each kind, in an order that depends on the program alone.
            Or the address of a C function `int64_t f(void *numbers, int64_t n)` that returns 0 if all went well.
        arrays: a tree of float arrays; they themselves are not changed.
        when: a bool []; where it is false the function is not called, and the arrays are returned as they are.

    Returns:
        A tree like `arrays`. A call whose result nobody uses is not made, and two calls of one function with the same
        arrays are one.

    Raises:
        ArgumentError: a leaf is not a float array, or the result is differentiated.
        Exception: whatever the function raises; in a training the step is then not made.
    """
    named = list(tree.items(arrays, "arrays"))
    leaves = [leaf if isinstance(leaf, Value) else as_array(leaf, f"host_callback: {path}") for path, leaf in named]
    for (path, _), leaf in zip(named, leaves, strict=True):
        if leaf.dtype not in (np.float32, np.float64):
            raise ArgumentError(f"host_callback: {path} is {leaf.dtype}; only float32 and float64 can be handed over")
    if not isinstance(function, int) and not callable(function):
        raise ArgumentError(f"host_callback: the function must be callable or an address, got {function!r}")
    changed: dict[int, Any] = {}
    for dtype in (np.float32, np.float64):
        chosen = [number for number, leaf in enumerate(leaves) if leaf.dtype == dtype]
        if chosen:
            row = apply(HOST_CALLBACK, when, *(leaves[number] for number in chosen), function=HostFunction(function))
            ends = np.cumsum([prod(leaves[number].shape) for number in chosen]).tolist()
            for number, start, end in zip(chosen, [0, *ends], ends, strict=False):
                changed[number] = np.reshape(row[start:end], leaves[number].shape)
    return tree.rebuild(arrays, iter([changed[number] for number in range(len(leaves))]))
