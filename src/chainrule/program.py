"""A Python function made into a program: recorded and prepared once for every combination of argument types."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from chainrule import executors, tree
from chainrule.graph import Graph
from chainrule.lru_cache import LruCache
from chainrule.ops.value import Value
from chainrule.tracing import TracedCall, named_leaves, trace_call, type_of
from chainrule.transforms.simplify import simplify
from chainrule.tree import Tree
from chainrule.types import DTYPES, Array, as_array

KEPT = 64
"""Combinations of argument types for which a program keeps what it prepared; the least recently used one goes first."""

_DTYPES = frozenset(DTYPES)


@dataclass(frozen=True)
class Prepared:
    """What computes a program for arguments of one combination of types: from leaves to leaves of the result."""

    run: Callable[[list[Any]], list[Array]]
    result: Tree  # for its structure


class Recorded(NamedTuple):
    """A recorded call, and its simplified graph."""

    call: TracedCall
    graph: Graph


_recorded: LruCache[Recorded] = LruCache(KEPT)
"""Of functions whose key is known: a network that is trained again, or another of its kind, is recorded once."""


class Program:
    """A traced function of nested arrays that keeps what was prepared for it.

    Unlike the derivative functions, which record anew at every call, a program must not depend on anything that
    changes between calls but its arguments. This is the seam to the executors: what computes the graph is chosen here.
    """

    def __init__(self, function: Callable[..., Tree], held: int = 0, cache_key: Hashable | None = None) -> None:
        """Keep a function.

        Args:
            function: what is recorded.
            held: the number of leading arguments that rarely change, see `executors.prepare`.
            cache_key: equal for objects whose methods of the function's name compute the same, see
                `chainrule.cache_key`; None if nobody can tell.
        """
        self.function, self.held, self.cache_key = function, held, cache_key
        self._prepared: LruCache[Prepared] = LruCache(KEPT)

    def __call__(self, *args: Tree) -> Tree:
        """Compute the function's result from trees of arrays; leaves of the result are new arrays.

        While another function is being recorded, this one becomes a part of it.
        """
        leaves: list[Any] = []
        key = _signature(args, leaves)
        if key is None:
            return self._without_key(args)
        prepared = self._prepared.get(key, partial(self._prepare, args))
        return tree.rebuild(prepared.result, iter(prepared.run(leaves)))

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles carry the function; what was prepared for it is made again."""
        return Program, (self.function, self.held, self.cache_key)

    def graph(self, *args: Tree) -> Graph:
        """The simplified graph that is computed for arguments of these types."""
        return self._record(args).graph

    def _record(self, args: tuple[Tree, ...]) -> Recorded:
        types = None if self.cache_key is None else _signature(args, [])
        if types is None:
            return self._record_anew(args)
        function = getattr(self.function, "__func__", self.function)
        return _recorded.get((function, self.cache_key, types), partial(self._record_anew, args))

    def _record_anew(self, args: tuple[Tree, ...]) -> Recorded:
        call = trace_call(self.function, args, {}, range(len(args)))
        return Recorded(call, simplify(call.graph))

    def _prepare(self, args: tuple[Tree, ...]) -> Prepared:
        call, graph = self._record(args)
        held = len(tree.leaves(args[: self.held]))
        return Prepared(executors.prepare(graph, self._updated(args, call), held), call.result)

    def _updated(self, args: tuple[Tree, ...], traced: TracedCall) -> executors.Updates:
        """The pairs (input, output) where the input's array is overwritten by the output; none in a program."""
        return ()

    def _without_key(self, args: tuple[Tree, ...]) -> Tree:
        """The call of the function while another is recorded; ArgumentError if a leaf is no array, with its name."""
        for position in range(len(args)):
            for path, leaf in named_leaves(self.function, args, position):
                type_of(leaf, path)
        return self.function(*args)


def _signature(part: Tree, leaves: list[Any]) -> Any:
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
            signature = _signature(child, leaves)
            if signature is None:
                return None
            inner.append(signature)
        return tuple(inner)
    elif isinstance(part, dict):
        return _signature_of_dict(part, leaves)
    elif part is None:
        return "None"
    return _signature_of_other(part, leaves)


def _signature_of_dict(part: dict[Any, Tree], leaves: list[Any]) -> Any:
    inner: list[Any] = [type(part)]
    for key, child in part.items():
        signature = _signature(child, leaves)
        if signature is None:
            return None
        inner += (type(key), key, signature)  # the type, since 1 == True
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
