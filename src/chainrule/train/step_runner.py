"""Training steps that are made: the weights stay with the executor from step to step."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import tree
from chainrule.cache_key import cache_key, joined_keys
from chainrule.doctor.measuring import Detail
from chainrule.execution import Loop, Stepper, loop
from chainrule.ops import random_key
from chainrule.ops.random import random_keys
from chainrule.optim import Optimizer
from chainrule.tracing import trace_call
from chainrule.train.gradient_accumulation import WHOLE, GradientAccumulation, MicroBatches
from chainrule.train.problem import Problem
from chainrule.train.replay import replay
from chainrule.train.step import Carry, Fixed, PerStep, Step
from chainrule.train.weights import PARAMETERS, Weights, first_not_finite
from chainrule.transforms.simplify import simplify
from chainrule.tree import Tree
from chainrule.types import Array

if TYPE_CHECKING:
    from chainrule.doctor.not_finite import NotFinite
    from chainrule.runtime.inspection import Inspection

_TRIED = 8  # steps in a row, each on examples of its own, when a step is timed


class StepRunner:
    """Makes the steps of a first-order optimiser, which goes on as long as it is asked to."""

    ending = None

    def __init__(
        self,
        problem: Problem,
        optimizer: Optimizer,
        data: Sequence[Array],
        sample_weight: Array | None,
        weights: Weights,
        accumulation: GradientAccumulation | None = None,
    ) -> None:
        self.accumulation = accumulation or GradientAccumulation()
        self.step = Step(problem, optimizer, self.accumulation)
        self.data, self.sample_weight = tuple(data), sample_weight
        self._cache_key = joined_keys(problem.cache_key, cache_key(optimizer, self.accumulation))
        self._loops: dict[tuple[int, Detail], Loop] = {}
        self._steppers: dict[tuple[int, Detail], Stepper] = {}
        self._current: Stepper | None = None  # holds the newest weights; None if they are in _weights
        self._weights = weights
        self._parameters = len(tree.leaves(weights.parameters))
        self._prepared: set[int] = set()
        self._kept: tuple[Stepper | None, Weights] = None, weights

    # The weights

    @property
    def weights(self) -> Weights:
        """What the steps have made of the weights so far; copies, made when somebody asks."""
        if self._current is not None:
            states = iter(self._current.states())
            self._weights = tree.rebuild(self._weights, states)
            # the executor goes on with its own copy: what is read here never changes
        return self._weights

    @weights.setter
    def weights(self, weights: Weights) -> None:
        self._weights, self._current = weights, None

    def keep(self) -> None:
        """Remember the weights as they are now, in place of those remembered before."""
        if self._current is not None:
            self._current.save()
        self._kept = self._current, self._weights

    def go_back(self) -> None:
        """Go back to the weights that were remembered."""
        self._current, self._weights = self._kept
        if self._current is not None:
            self._current.restore()

    def not_finite(self) -> str:
        """The first parameter that holds an infinity or NaN; "" if there is none."""
        current = self._current
        if current is None:
            return first_not_finite(self._weights.parameters)
        number = current.first_not_finite(self._parameters)
        return "" if number is None else str(list(tree.items(self._weights.parameters, PARAMETERS))[number][0])

    # Steps

    def prepare(self, size: int, details: Iterable[Detail] = (Detail.NOTHING,)) -> None:
        """Compile the step for batches of a size, measured in these ways, unless it was done before."""
        if size not in self._prepared:
            for part in self.accumulation.split(np.zeros((1, size), np.int64)):
                for detail in details:
                    self._stepper(part.positions.shape[1], detail)
            self._prepared.add(size)

    def run(self, seed: int, step: int, total: int, batches: Array) -> Array:
        """Make an update on each of some batches.

        Args:
            seed: of the random bits.
            step: the number of updates already made.
            total: the number of updates of the whole training.
            batches: positions of examples, int64 [k × B].

        Returns:
            The sums of the weighted losses, float64 [k]; fewer than k if one was not finite, and the weights are then
            those from before that update.
        """
        return self.run_measured(seed, step, total, batches, Detail.NOTHING)[0]

    def run_measured(
        self, seed: int, step: int, total: int, batches: Array, detail: Detail
    ) -> tuple[Array, list[dict[str, Array]]]:
        """As `run`, with the same weights to the last bit; also what was measured of every layer.

        Returns:
            The sums of the weighted losses, and what `measured_layers` and `measured_weights` tell: for every number an
            array with an entry for each update, of its last micro-batch.
        """
        sums = np.zeros(len(batches))
        measured: list[Tree] = []
        count = len(batches)
        for part in self.accumulation.split(batches):
            size, steps = part.positions.shape[1], len(part.positions)
            arguments = tree.leaves((self._per_step(seed, step, part), self._fixed(total)))
            results, done = self._stepper(size, detail).run(arguments, steps)
            losses, *records = tree.rebuild(self._loop(size, detail).result, iter(results))
            sums += np.bincount(part.update[:done], losses[:done], len(sums))
            last = np.broadcast_to(part.part.last, steps)[:done]
            measured += [tree.map_leaves(lambda array, last=last, done=done: array[:done][last], records)]
            if done < steps:
                count = int(part.update[done])
                break
        return sums[:count], tree.map_leaves(lambda *arrays: np.concatenate(arrays), *measured)[0] if detail else []

    def replay(
        self, weights: Weights, seed: int, step: int, total: int, batch: Array, titles: Sequence[str]
    ) -> NotFinite:
        """Where an update on one batch [B], from these weights, first meets a number that is not finite.

        It is made again by the reference executor, operation by operation; `titles` are the names of the layers.
        """
        micro_batches = chain.from_iterable(
            self._one_by_one(seed, step, part) for part in self.accumulation.split(batch[None])
        )
        found = replay(self.step, self._carry(weights), micro_batches, self._fixed(total), titles)
        return dataclasses.replace(found, step=step + 1)

    # What the loop is given

    def _carry(self, weights: Weights) -> Carry:
        return Carry(weights=weights, sums=self.accumulation.sums(weights.parameters))

    def _per_step(self, seed: int, step: int, batches: MicroBatches) -> PerStep:
        """What every one of some steps has of its own, stacked."""
        updates = step + batches.update
        return PerStep(
            key=random_keys(seed, updates * self.accumulation.accumulate + batches.place),
            number=updates.astype(np.float64),
            part=batches.part if self.accumulation.accumulates else (),
            rows=batches.positions,
        )

    def _fixed(self, total: int) -> Fixed:
        return Fixed(total=np.array(total, np.float64), sample_weight=self.sample_weight, data=self.data)

    def _one_by_one(self, seed: int, step: int, batches: MicroBatches) -> Iterator[PerStep]:
        """What each of some steps has of its own."""
        stacked = self._per_step(seed, step, batches)
        for number in range(len(batches.positions)):
            yield tree.map_leaves(lambda array, number=number: array[number], stacked)

    def _loop(self, size: int, detail: Detail = Detail.NOTHING) -> Loop:
        """The loop of steps on batches of a size."""
        if (size, detail) not in self._loops:
            update, key = {
                Detail.NOTHING: (self.step.training_step, self._cache_key),
                Detail.LAYERS: (self.step.training_step_watching_layers, None),
                Detail.EVERYTHING: (self.step.training_step_watching_everything, None),
            }[detail]
            own = PerStep(
                key=random_key(0),
                number=np.float64(0),
                part=WHOLE if self.accumulation.accumulates else (),
                rows=np.zeros(size, np.int64),
            )
            self._loops[size, detail] = loop(
                update, self._carry(self._weights), own, self._fixed(1), in_place=True, guarded=True, cache_key=key
            )
        return self._loops[size, detail]

    def _stepper(self, size: int, detail: Detail = Detail.NOTHING) -> Stepper:
        """What makes steps on batches of a size, holding the newest weights."""
        if (size, detail) not in self._steppers:
            self._steppers[size, detail] = self._loop(size, detail).steps()
        stepper = self._steppers[size, detail]
        if stepper is not self._current:
            if self._current is None:
                stepper.load(tree.leaves(self._carry(self.weights)))
            else:
                stepper.follow(self._current)
                if detail is Detail.EVERYTHING:  # too rare to try numbers of threads
                    stepper.decide_as(self._current)
            self._current = stepper
        return stepper

    # Looking at it

    def inspection(self, size: int) -> Inspection:
        """What the engine makes of a step on batches of a size."""
        from chainrule.runtime.inspection import Inspection

        batches = np.arange(_TRIED * size).reshape(_TRIED, size) % len(self.data[0])
        part = next(self.accumulation.split(batches))
        made = self._loop(part.positions.shape[1])
        return Inspection(
            made.graph,
            tree.leaves((self._per_step(0, 0, part), self._fixed(_TRIED))),
            made.usage,
            tree.leaves(self._carry(self.weights)),
            name="training step",
        )

    def text(self, weights: Weights, batch: Array) -> str:
        """What is computed in a step on examples like these, word for word as checkpoints have always known it."""

        def _step(
            weights: Weights, sums: Tree, time: Any, part: Any, batch: Any, sample_weight: Any, data: Any
        ) -> tuple[Weights, Tree, Any]:
            key, number, total = time
            per_step = PerStep(key=key, number=number, part=part, rows=batch)
            fixed = Fixed(total=total, sample_weight=sample_weight, data=data)
            new, (loss_sum,) = self.step.training_step(Carry(weights=weights, sums=sums), per_step, fixed)
            return new["weights"], new["sums"], loss_sum

        carry, part = self._carry(weights), WHOLE if self.accumulation.accumulates else ()
        time = random_key(0), np.float64(0), np.float64(1)
        arguments = (*carry.values(), time, part, batch, self.sample_weight, self.data)
        return str(simplify(trace_call(_step, arguments, {}, range(len(arguments))).graph))
