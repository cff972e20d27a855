"""What every executor offers; the engine does in `runtime/engine.py`, the reference in `reference_executor.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

from chainrule.graph import Graph
from chainrule.graph.usage import Usage
from chainrule.types import Array

Updates: TypeAlias = Sequence[tuple[int, int]]
"""Pairs (input, output) of one type: the output is written to the input's array."""


class Executor(Protocol):
    """Computes graphs."""

    def as_function(
        self, graph: Graph, updates: Updates = (), resident: int = 0
    ) -> Callable[[Sequence[Any]], list[Array]]:
        """Return the function that computes the graph's outputs from arrays for its inputs.

        Args:
            graph: what to compute.
            updates: the arrays to write to must be writable and C-contiguous and share no memory with the others; they
                are returned as these outputs.
            resident: so many inputs, the first ones, rarely change. An executor may keep them in a layout of its own;
                it looks at them again when it gets another array, or one that is writable.
        """

    def bind(self, graph: Graph, resident: Sequence[Array]) -> Callable[[Array], Array]:
        """Return the function of the graph's last input, the others being given: one output, and nothing checked."""

    def make_steps(self, graph: Graph, usage: Usage) -> Stepper:
        """Return what calls the graph step after step."""


class Stepper(Protocol):
    """Makes steps of a graph. The states, its carried inputs, stay with the executor from step to step."""

    def load(self, states: Sequence[Array]) -> None:
        """Set the states, in the order of the carried inputs."""

    def states(self) -> list[Array]:
        """Copies of the states."""

    def follow(self, other: Stepper) -> None:
        """Go on with the states of a stepper that is not used from now on, unless it follows this one in turn.

        Its states and their shapes are the same, as for a step on batches of another size.
        """

    def decide_as(self, other: Stepper) -> None:
        """Run in as many threads as another stepper finds best, instead of trying."""

    def save(self) -> None:
        """Keep the states as they are now, in place of those kept before."""

    def restore(self) -> None:
        """Go back to the states that were kept."""

    def first_not_finite(self, count: int) -> int | None:
        """The number of the first of so many states that holds an infinity or NaN."""

    def run(self, arguments: Sequence[Array], steps: int) -> tuple[list[Array], int]:
        """Make steps.

        Args:
            arguments: arrays for the inputs that are not carried, in their order; those that every step has of its own
                are stacked along a first axis.
            steps: how many.

        Returns:
            The outputs that are not carried, stacked where every step has its own, and how many steps were made: fewer
            than asked for if the guard of one was not finite; that step changed no state.
        """
