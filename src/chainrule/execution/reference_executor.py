"""The reference as an executor: every graph is computed with NumPy, node by node, and steps one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule import reference
from chainrule.execution.interface import Stepper, Updates
from chainrule.graph import Graph
from chainrule.graph.usage import Usage
from chainrule.types import Array


def as_function(graph: Graph, updates: Updates = (), resident: int = 0) -> Callable[[Sequence[Any]], list[Array]]:
    """See `Executor.as_function`."""
    run = reference.as_function(graph)
    if not updates:
        return run

    def run_and_update(arrays: Sequence[Any]) -> list[Array]:
        results = run(arrays)
        for i, o in updates:
            arrays[i][...] = results[o]
            results[o] = arrays[i]
        return results

    return run_and_update


def bind(graph: Graph, resident: Sequence[Array]) -> Callable[[Array], Array]:
    """See `Executor.bind`."""
    run = reference.as_function(graph)
    return lambda array: run([*resident, array])[0]


def make_steps(graph: Graph, usage: Usage) -> Stepper:
    """See `Executor.make_steps`."""
    return ReferenceSteps(graph, usage)


class ReferenceSteps:
    """Steps made one by one with NumPy; the methods are those of `Stepper`."""

    def __init__(self, graph: Graph, usage: Usage) -> None:
        self._graph, self._usage = graph, usage
        self._run = reference.as_function(graph)
        self._states: dict[int, Array] = {}
        self._saved: dict[int, Array] = {}

    def load(self, states: Sequence[Array]) -> None:
        """Set the states."""
        self._states = {i: array for (i, _), array in zip(self._usage.carried, states, strict=True)}

    def states(self) -> list[Array]:
        """The states, which nobody changes: every step makes new ones."""
        return [self._states[i] for i, _ in self._usage.carried]

    def follow(self, other: Stepper) -> None:
        """Go on with the states of another stepper."""
        self.load(other.states())

    def decide_as(self, other: Stepper) -> None:
        """Nothing: there is one thread."""

    def save(self) -> None:
        """Keep the states as they are now."""
        self._saved = self._states

    def restore(self) -> None:
        """Go back to the states that were kept."""
        self._states = self._saved

    def first_not_finite(self, count: int) -> int | None:
        """The number of the first of so many states that holds an infinity or NaN."""
        return next((i for i, state in enumerate(self.states()[:count]) if not np.all(np.isfinite(state))), None)

    def run(self, arguments: Sequence[Array], steps: int) -> tuple[list[Array], int]:
        """Make steps until one gives a guard that is not finite; that one changes no state."""
        usage = self._usage
        given = dict(zip(usage.given(self._graph), arguments, strict=True))
        collected: list[list[Array]] = []
        for step in range(steps):
            now = {i: array[step] if i in usage.per_step_inputs else array for i, array in given.items()}
            inputs = self._states | now
            outputs = self._run([inputs[i] for i in range(len(inputs))])
            collected.append(outputs)
            if usage.guard is not None and not np.all(np.isfinite(outputs[usage.guard])):
                return self._results(collected), step
            self._states = {i: outputs[o] for i, o in usage.carried}
        return self._results(collected), steps

    def _results(self, collected: list[list[Array]]) -> list[Array]:
        return [
            np.stack([outputs[o] for outputs in collected]) if o in self._usage.per_step_outputs else collected[-1][o]
            for o in self._usage.returned(self._graph)
        ]
