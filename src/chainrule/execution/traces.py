"""Functions that are traced once for every combination of argument types.

Unlike the derivative functions, which trace anew at every call, such a function must not depend on anything that
changes between calls but its arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np

from chainrule.graph import Graph
from chainrule.lru_cache import LruCache
from chainrule.ops.value import Value
from chainrule.tracing import TracedCall, trace_call
from chainrule.transforms.simplify import simplify
from chainrule.tree import Tree
from chainrule.types import DTYPES, as_array

KEPT = 64
"""Combinations of argument types for which something is kept; the least recently used one goes first."""

_DTYPES = frozenset(DTYPES)


class Trace(NamedTuple):
    """A call that was traced, and its simplified graph."""

    call: TracedCall
    graph: Graph


_traces: LruCache[Trace] = LruCache(KEPT)
"""Of functions whose key is known: a network that is trained again, or another of its kind, is traced once."""


def trace_once(function: Callable[..., Tree], args: Sequence[Tree], cache_key: Hashable | None = None) -> Trace:
    """The trace of a call: one that was made before of a function that computes the same, or a new one.

    Args:
        function: what is traced.
        args: its arguments; only their structures, shapes and dtypes matter.
        cache_key: equal for objects whose methods of the function's name compute the same, see
            `chainrule.cache_key`; None if nobody can tell.
    """

    def trace() -> Trace:
        call = trace_call(function, args, {}, range(len(args)))
        return Trace(call, simplify(call.graph))

    types = None if cache_key is None else signature(tuple(args), [])
    if types is None:
        return trace()
    return _traces.get((getattr(function, "__func__", function), cache_key, types), trace)


def signature(part: Tree, leaves: list[Any]) -> Any:
    """What two trees have in common if one program computes both; None if there is a leaf that is no array.

    The leaves, as arrays of the dtypes that travel through a graph, are appended to `leaves`.
    """
    kind = type(part)
    if kind is np.ndarray:
        dtype = part.dtype
        if dtype in _DTYPES:
            leaves.append(part)
            return part.shape, dtype
    elif isinstance(part, tuple | list):
        inner = [kind]
        for child in part:
            of_child = signature(child, leaves)
            if of_child is None:
                return None
            inner.append(of_child)
        return tuple(inner)
    elif isinstance(part, dict):
        return _signature_of_dict(part, leaves)
    elif part is None:
        return "None"
    return _signature_of_other(part, leaves)


def _signature_of_dict(part: dict[Any, Tree], leaves: list[Any]) -> Any:
    inner: list[Any] = [type(part)]
    for key, child in part.items():
        of_child = signature(child, leaves)
        if of_child is None:
            return None
        inner += (type(key), key, of_child)  # the type, since 1 == True
    return tuple(inner)


def _signature_of_other(leaf: Any, leaves: list[Any]) -> Any:
    """The signature of a number, or of an array that has to be converted."""
    if isinstance(leaf, Value):
        return None
    try:
        array = as_array(leaf)
    except ValueError:
        return None
    leaves.append(array)
    return array.shape, array.dtype
