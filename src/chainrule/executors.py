"""Who computes a graph: the engine, which makes machine code of it, or the reference, which computes it with NumPy.

The engine is used unless CHAINRULE_EXECUTOR=reference is set. Both have one interface: `prepare(graph)` gives a
function of arrays, and `make_steps(graph, usage)` a step that is made many times, its states staying where they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from chainrule import config, reference
from chainrule.errors import CompileError, FallbackWarning
from chainrule.graph import Graph
from chainrule.plan.kernels import Usage
from chainrule.types import Array
from chainrule.warning import warn


class Stepper(Protocol):
    """Makes steps."""

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
        """Make steps; return the outputs that are not carried, and how many steps were made."""


Updates = Sequence[tuple[int, int]]


def prepare(graph: Graph, updates: Updates = (), held: int = 0) -> Callable[[Sequence[Any]], list[Array]]:
    """Return the function that computes the graph's outputs from arrays; see `reference.prepare`.

    Args:
        graph: what to compute.
        updates: pairs (input, output) of one type: the output is written to the input's array, which must be writable
            and C-contiguous and share no memory with the others, and that array is returned.
        held: so many inputs, the first ones, rarely change. The engine keeps them in a layout of its own and looks at
            them again when it gets another array, or one that is writable.
    """
    if config.executor() == "engine":
        from chainrule.runtime import calls

        try:
            return calls.prepare(graph, updates, held)
        except CompileError as error:
            _warn(graph, error)
    return _updating(reference.prepare(graph), updates)


def bind(graph: Graph, held: Sequence[Array]) -> Callable[[Array], Array]:
    """Return the function of the graph's last input with the others held fixed: one output, and nothing checked."""
    if config.executor() == "engine":
        from chainrule.runtime import calls

        try:
            return calls.bind(graph, held)
        except CompileError as error:
            _warn(graph, error)
    run = reference.prepare(graph)
    return lambda array: run([*held, array])[0]


def _updating(run: Callable[[Sequence[Any]], list[Array]], updates: Updates) -> Callable[[Sequence[Any]], list[Array]]:
    """The function that writes some of its results to arrays that it was given."""
    if not updates:
        return run

    def run_and_update(arrays: Sequence[Any]) -> list[Array]:
        results = run(arrays)
        for i, o in updates:
            arrays[i][...] = results[o]
            results[o] = arrays[i]
        return results

    return run_and_update


def make_steps(graph: Graph, usage: Usage) -> Stepper:
    """Return the step of a graph, made by the chosen executor."""
    if config.executor() == "engine":
        from chainrule.runtime import steps

        try:
            return steps.Steps(graph, usage)
        except CompileError as error:
            _warn(graph, error)
    return ReferenceSteps(graph, usage)


def _warn(graph: Graph, error: CompileError) -> None:
    warn(f"{graph.name} is computed with NumPy, many times slower: {error}", FallbackWarning)


class ReferenceSteps:
    """Steps made one by one with NumPy."""

    def __init__(self, graph: Graph, usage: Usage) -> None:
        self._graph, self._usage = graph, usage
        self._run = reference.prepare(graph)
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
        usage, count = self._usage, len(self._graph.inputs)
        free = [i for i in range(count) if i not in self._states]
        collected: list[list[Array]] = []
        for step in range(steps):
            given = {i: x[step] if i in usage.moving_inputs else x for i, x in zip(free, arguments, strict=True)}
            outputs = self._run([{**self._states, **given}[i] for i in range(count)])
            collected.append(outputs)
            if usage.guard is not None and not np.all(np.isfinite(outputs[usage.guard])):
                return self._results(collected), step
            self._states = {i: outputs[o] for i, o in usage.carried}
        return self._results(collected), steps

    def _results(self, collected: list[list[Array]]) -> list[Array]:
        carried = {o for _, o in self._usage.carried}
        return [
            np.stack([outputs[o] for outputs in collected]) if o in self._usage.moving_outputs else collected[-1][o]
            for o in range(len(self._graph.outputs))
            if o not in carried
        ]
