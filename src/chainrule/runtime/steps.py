"""Many steps in one native call: the states stay in the engine's own layout from step to step."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.graph import Graph
from chainrule.graph.usage import Usage
from chainrule.plan import Plan
from chainrule.plan.cost import flops
from chainrule.runtime.executable import Executable, as_read, most_threads
from chainrule.runtime.plans import plan_of
from chainrule.types import Array

_PIECE_SECONDS = 10e-3  # of steps that one number of threads makes: long beside waking a thread, short beside a slice
_SOON, _LATE = 8, 50  # times as long as trying other threads takes, before they are tried again: at first; at most
_LARGE = 1e7  # operations of a step that all threads begin with


class Steps:
    """A step that is made again and again.

    Args:
        graph: the step, simplified.
        usage: what it carries from step to step.
    """

    def __init__(self, graph: Graph, usage: Usage) -> None:
        self.plan: Plan = plan_of(graph, usage)
        self._executable = Executable(self.plan, most_threads(self.plan))
        candidates = self._executable.candidates
        first = candidates[-1 if flops(self.plan) > _LARGE else 0]
        self._threads: ThreadChoice | SameThreads = ThreadChoice(candidates, first)
        self._saved: Array | None = None
        self._stacked = [buffer.per_step for buffer in self.plan.results]

    def load(self, states: Sequence[Array]) -> None:
        """Set the states, in the order of the carried inputs."""
        for number, array in enumerate(states):
            self._executable.write_state(number, array)

    def states(self) -> list[Array]:
        """Copies of the states."""
        return [self._executable.read_state(number) for number in range(len(self.plan.usage.carried))]

    def follow(self, other: Any) -> None:
        """Go on with the states of another stepper; the two share their memory if both lay the states out equally."""
        if not isinstance(other, Steps) or not self._executable.share_states(other._executable):
            self.load(other.states())

    def decide_as(self, other: Any) -> None:
        """Run in as many threads as another stepper finds best, instead of trying."""
        if isinstance(other, Steps):
            self._threads = SameThreads(self._executable.candidates, other._threads)

    def save(self) -> None:
        """Keep a copy of the states, in place of an earlier one."""
        self._saved = self._executable.save_states(self._saved)

    def restore(self) -> None:
        """Go back to the states that were saved."""
        assert self._saved is not None
        self._executable.restore_states(self._saved)

    def first_not_finite(self, count: int) -> int | None:
        """The number of the first of so many states that holds an infinity or NaN."""
        if self._executable.surely_finite(count):
            return None
        states = self._executable.states[:count]
        return next((number for number, state in enumerate(states) if not np.isfinite(state).all()), None)

    def run(self, arguments: Sequence[Array], steps: int) -> tuple[list[Array], int]:
        """Make steps; return the outputs that are not carried, collected, and how many steps were made.

        Args:
            arguments: the inputs that are not carried, in order; those of every step stacked along a first axis.
            steps: how many.
        """
        inputs, results = self._inputs(arguments), self._results(steps)
        done = 0
        while done < steps:
            threads, count = self._threads.next(steps - done, first=done == 0)
            piece = inputs, results
            if count < steps:
                piece = self._piece(inputs, results, slice(done, done + count))
            start = time.perf_counter()
            made = self._executable.run(*piece, count, threads)
            self._threads.took(threads, max(made, 1), time.perf_counter() - start)
            done += made
            if made < count:
                break
        return results, done

    def _inputs(self, arguments: Sequence[Array]) -> list[Array | None]:
        """For every input of the graph its array, or None for a state."""
        inputs: list[Array | None] = [None] * len(self.plan.graph.inputs)
        for i, array in zip(self.plan.usage.given(self.plan.graph), arguments, strict=True):
            inputs[i] = as_read(array, i, self.plan.usage)
        return inputs

    def _results(self, steps: int) -> list[Array]:
        types = (buffer.node.type for buffer in self.plan.results)
        first_axes = ((steps,) if stacked else () for stacked in self._stacked)
        return [np.empty((*first, *type_.shape), type_.dtype) for first, type_ in zip(first_axes, types, strict=True)]

    def _piece(
        self, inputs: Sequence[Array | None], results: Sequence[Array], piece: slice
    ) -> tuple[list[Array | None], list[Array]]:
        """The arrays for some of the steps."""
        per_step = self.plan.usage.per_step_inputs
        arguments = [x[piece] if x is not None and i in per_step else x for i, x in enumerate(inputs)]
        return arguments, [x[piece] if stacked else x for x, stacked in zip(results, self._stacked, strict=True)]


class ThreadChoice:
    """The number of threads that is fastest now. The result of a step does not depend on it, so it is free to change.

    Steps are made in pieces, each by one number of threads. What counts is the average cost of a step, with all that
    gets in its way: where other programs use the cores too, threads that wait for each other may be the slower choice
    although their best steps are the fastest. New pieces change the average by a quarter, so that it follows the
    machine, and one that was interrupted counts at most twice what was expected.

    The number with the least average makes the next piece. The others get half a piece from time to time, at first
    soon, and later whenever they were slower again, so that trying costs about 2%. A step that is longer than a piece
    is large enough for all threads as a rule, and trying fewer of them costs much: it comes late from the beginning.
    The very first step finds nothing in the caches and wakes the threads; it tells only how many steps are a piece.

    Args:
        candidates: the numbers to choose from.
        first: the one to begin with.
    """

    def __init__(self, candidates: Sequence[int], first: int = 1) -> None:
        self.candidates, self._first = tuple(candidates), first
        self._seconds: dict[int, float] = {}  # that a step takes
        self._first_step = 0.0
        self._since = dict.fromkeys(candidates, 0.0)  # seconds of other pieces
        self._patience: dict[int, float] = dict.fromkeys(candidates, _SOON)

    @property
    def best(self) -> int:
        """The number that is fastest, as far as is known."""
        return self._best() if self._seconds else self._first

    def next(self, steps: int, first: bool = True) -> tuple[int, int]:
        """How many threads are to make how many of the next steps; others are tried only where a call begins."""
        if len(self.candidates) == 1:
            return self._first, steps
        if not self._seconds:
            return self._first, min(_steps(_PIECE_SECONDS / 2, self._first_step), steps) if self._first_step else 1
        best = self._best()
        tried = [threads for threads in self.candidates if threads != best and self._is_due(threads)]
        if first and tried:
            return max(tried, key=lambda threads: self._since[threads]), min(self._tried_steps(), steps)
        piece = _steps(_PIECE_SECONDS, self._seconds[best])
        return best, steps if steps < 2 * piece else piece

    def took(self, threads: int, steps: int, seconds: float) -> None:
        """Learn what the steps of a piece took."""
        step = seconds / steps
        if not self._first_step:
            self._first_step = step
            return
        best = self._best() if self._seconds else threads
        if threads != best and self._is_due(threads):
            self._seconds[threads] = step
            times = max(2, step / self._seconds[best])
            self._patience[threads] = min(times * self._patience[threads], _LATE)
        else:
            known = self._seconds.get(threads, step)
            self._seconds[threads] = known + (min(step, 2 * known) - known) / 4
        if self._best() != best:
            self._patience = dict.fromkeys(self.candidates, _SOON)
        for other in self.candidates:
            self._since[other] = 0 if other == threads else self._since[other] + seconds

    def _best(self) -> int:
        return min(self._seconds, key=lambda threads: self._seconds[threads])

    def _tried_steps(self) -> int:
        """Half a piece."""
        return _steps(_PIECE_SECONDS / 2, self._seconds[self._best()])

    def _is_due(self, threads: int) -> bool:
        """Whether enough time has passed, beside what it takes to try."""
        best = self._best()
        step = self._seconds[best]
        if threads in self._seconds:
            return self._since[threads] >= self._patience[threads] * self._tried_steps() * self._seconds[threads]
        if threads > best or step < _PIECE_SECONDS:
            return True
        return self._since[threads] >= _LATE * step * best / threads


def _steps(seconds: float, of_a_step: float) -> int:
    """How many steps so many seconds are, at least one."""
    return max(int(seconds / of_a_step), 1)


class SameThreads:
    """The number of threads that another choice finds best, if it is among the candidates."""

    def __init__(self, candidates: Sequence[int], other: ThreadChoice | SameThreads) -> None:
        self.candidates, self._other = tuple(candidates), other

    @property
    def best(self) -> int:
        """That number."""
        return self._other.best if self._other.best in self.candidates else self.candidates[0]

    def next(self, steps: int, first: bool = True) -> tuple[int, int]:
        """All steps in one piece."""
        return self.best, steps

    def took(self, threads: int, steps: int, seconds: float) -> None:
        """Nothing is learned."""
