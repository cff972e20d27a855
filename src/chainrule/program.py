"""A Python function made into a program: recorded and prepared once for every combination of argument types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from chainrule import reference, tree
from chainrule.graph import Graph
from chainrule.tracing import trace_call, type_of
from chainrule.transforms.simplify import simplify
from chainrule.tree import Tree
from chainrule.types import Array


@dataclass(frozen=True)
class _Prepared:
    run: Callable[[list[Any]], list[Array]]
    result: Tree  # for its structure


class Program:
    """A traced function of nested arrays that keeps what was prepared for it.

    Unlike the derivative functions, which record anew at every call, a program must not depend on anything that
    changes between calls but its arguments. This is the seam to the executors: what computes the graph is chosen here.
    """

    def __init__(self, function: Callable[..., Tree]) -> None:
        self.function = function
        self._prepared: dict[Any, _Prepared] = {}

    def __call__(self, *args: Tree) -> Tree:
        """Compute the function's result from trees of arrays; leaves of the result are new arrays."""
        items = [item for position, arg in enumerate(args) for item in tree.items(arg, str(position))]
        structure = repr(tree.rebuild(args, repeat(0)))
        key = (structure, *(type_of(leaf, path) for path, leaf in items))
        if key not in self._prepared:
            self._prepared[key] = self._prepare(args)
        prepared = self._prepared[key]
        return tree.rebuild(prepared.result, iter(prepared.run([leaf for _, leaf in items])))

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles carry the function; what was prepared for it is made again."""
        return Program, (self.function,)

    def _prepare(self, args: tuple[Tree, ...]) -> _Prepared:
        traced = trace_call(self.function, args, {}, range(len(args)))
        return _Prepared(reference.prepare(simplify(traced.graph)), traced.result)

    def graph(self, *args: Tree) -> Graph:
        """The simplified graph that is computed for arguments of these types."""
        return simplify(trace_call(self.function, args, {}, range(len(args))).graph)
