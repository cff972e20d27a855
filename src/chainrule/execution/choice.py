"""Who computes a graph: the engine, which makes machine code of it, or the reference, which computes it with NumPy.

The engine does, unless CHAINRULE_EXECUTOR=reference is set or it has no code for the graph. The functions of this
module are those of `interface.Executor`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from chainrule import config
from chainrule.errors import CompileError, FallbackWarning
from chainrule.execution import reference_executor
from chainrule.execution.interface import Executor, Stepper, Updates
from chainrule.graph import Graph
from chainrule.graph.usage import Usage
from chainrule.types import Array
from chainrule.warning import warn

T = TypeVar("T")


def as_function(graph: Graph, updates: Updates = (), resident: int = 0) -> Callable[[Sequence[Any]], list[Array]]:
    """The function that computes a graph's outputs from arrays for its inputs; see `Executor.as_function`."""
    return _made(graph, lambda executor: executor.as_function(graph, updates, resident))


def bind(graph: Graph, resident: Sequence[Array]) -> Callable[[Array], Array]:
    """The function of a graph's last input, the others being given; see `Executor.bind`."""
    return _made(graph, lambda executor: executor.bind(graph, resident))


def make_steps(graph: Graph, usage: Usage) -> Stepper:
    """What calls a graph step after step; see `Executor.make_steps`."""
    return _made(graph, lambda executor: executor.make_steps(graph, usage))


def _made(graph: Graph, make: Callable[[Executor], T]) -> T:
    """What the chosen executor makes of a graph."""
    if config.executor() == "engine":
        from chainrule.runtime import engine  # LLVM is loaded when it is first needed

        try:
            return make(engine)
        except CompileError as error:
            warn(f"{graph.name} is computed with NumPy, many times slower: {error}", FallbackWarning)
    return make(reference_executor)
