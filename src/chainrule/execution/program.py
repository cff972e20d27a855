"""A traced function of nested arrays that is called: what computes it is made once for each kind of arguments."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from chainrule import tree
from chainrule.execution import choice
from chainrule.execution.interface import Updates
from chainrule.execution.traces import KEPT, Trace, signature, trace_once
from chainrule.graph import Graph
from chainrule.lru_cache import LruCache
from chainrule.tracing import TracedCall, named_leaves, type_of
from chainrule.tree import Tree
from chainrule.types import Array


@dataclass(frozen=True)
class Specialization:
    """What computes a program for arguments of one combination of types: from leaves to leaves of the result."""

    run: Callable[[list[Any]], list[Array]]
    result: Tree  # for its structure


class Program:
    """A traced function of nested arrays that keeps what was made for each combination of argument types.

    It must not depend on anything that changes between calls but its arguments.
    """

    def __init__(self, function: Callable[..., Tree], resident: int = 0, cache_key: Hashable | None = None) -> None:
        """Keep a function.

        Args:
            function: what is traced.
            resident: the number of leading arguments that rarely change, see `Executor.as_function`.
            cache_key: see `trace_once`.
        """
        self.function, self.resident, self.cache_key = function, resident, cache_key
        self._specializations: LruCache[Specialization] = LruCache(KEPT)

    def __call__(self, *args: Tree) -> Tree:
        """Compute the function's result from trees of arrays; leaves of the result are new arrays.

        While another function is being traced, this one becomes a part of it.
        """
        leaves: list[Any] = []
        key = signature(args, leaves)
        if key is None:
            return self._without_key(args)
        specialization = self._specializations.get(key, partial(self._specialize, args))
        return tree.rebuild(specialization.result, iter(specialization.run(leaves)))

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles carry the function; what was made for it is made again."""
        return Program, (self.function, self.resident, self.cache_key)

    def graph(self, *args: Tree) -> Graph:
        """The simplified graph that is computed for arguments of these types."""
        return self._trace(args).graph

    def _trace(self, args: Sequence[Tree]) -> Trace:
        return trace_once(self.function, args, self.cache_key)

    def _specialize(self, args: tuple[Tree, ...]) -> Specialization:
        call, graph = self._trace(args)
        resident = sum(map(len, call.arguments[: self.resident]))
        return Specialization(choice.as_function(graph, self._updates(args, call), resident), call.result)

    def _updates(self, args: tuple[Tree, ...], call: TracedCall) -> Updates:
        """The pairs (input, output) where the input's array is overwritten by the output; none in a program."""
        return ()

    def _without_key(self, args: tuple[Tree, ...]) -> Tree:
        """The call of the function while another is traced; ArgumentError if a leaf is no array, with its name."""
        for position in range(len(args)):
            for path, leaf in named_leaves(self.function, args, position):
                type_of(leaf, path)
        return self.function(*args)
