"""One training step as one program: gather the mini-batch, forward, loss, backward, update.

The whole step is a single traced function, so whatever executes it sees all of it at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from chainrule import tree
from chainrule.cache_key import cache_key, joined_keys
from chainrule.doctor.measuring import Detail, Watched, measured_layers, measured_weights
from chainrule.executors import Stepper, make_steps
from chainrule.graph import Graph
from chainrule.ops import random_key
from chainrule.ops.random import random_keys
from chainrule.ops.value import Value, lift
from chainrule.optim import Optimizer
from chainrule.plan.kernels import Usage
from chainrule.program import Program
from chainrule.runtime.cores import available
from chainrule.tracing import trace_call
from chainrule.train.gradient import derivation_of, gathered_objective, gradients_of, mean_loss
from chainrule.train.problem import Problem
from chainrule.train.seam import WHOLE, MicroBatches, Seam, add_up, only_if
from chainrule.train.weights import PARAMETERS, Weights, first_not_finite
from chainrule.transforms.backprop import or_zeros
from chainrule.transforms.backward_pass import BackwardPass
from chainrule.tree import KeyPath, Tree
from chainrule.types import Array, has_gaps

if TYPE_CHECKING:
    from chainrule.doctor.not_finite import NotFinite, Replay
    from chainrule.runtime.inspection import Inspection

_TRIED = 8  # steps in a row, each on examples of its own, when a step is timed


class Made(NamedTuple):
    """A step as it is traced.

    Attributes:
        weights: after the step.
        sums: of gradients, for the next micro-batch.
        loss_sum: of the batch's examples.
        loss: what is differentiated.
        gradients: of it, those of earlier micro-batches of the update included.
        layers: what the problem lets be watched.
        derivation: how the gradients of this batch came about.
    """

    weights: Weights
    sums: Tree
    loss_sum: Any
    loss: Value
    gradients: Tree
    layers: Sequence[Watched]
    derivation: BackwardPass


class Step:
    """The step of a first-order optimiser. The weights stay with the executor from step to step."""

    def __init__(
        self,
        problem: Problem,
        optimizer: Optimizer,
        data: Sequence[Array],
        sample_weight: Array | None,
        weights: Weights,
        seam: Seam | None = None,
    ) -> None:
        self.problem, self.optimizer, self.seam = problem, optimizer, seam or Seam()
        self.data, self.sample_weight = tuple(data), sample_weight
        self._gathered = tree.leaves((self.sample_weight, self.data))  # arrays with a row for each example
        key = joined_keys(problem.cache_key, cache_key(optimizer, self.seam))
        self._programs = {
            Detail.NOTHING: Program(self._step, cache_key=key),
            Detail.LAYERS: Program(self._step_watching_layers),
            Detail.EVERYTHING: Program(self._step_watching_everything),
        }
        self._steppers: dict[tuple[int, Detail], Stepper] = {}
        self._records: dict[Detail, list[dict[str, Any]]] = {}  # for their structure
        self.units: list[int] = []  # outputs of each layer that is watched
        self.unreached: list[KeyPath] = []  # parameters that no path from the loss leads to
        self._current: Stepper | None = None  # holds the newest weights; None if they are in _weights
        self._weights = weights
        self._parameters = len(tree.leaves(weights.parameters))
        self._prepared: set[int] = set()
        self._kept: tuple[Stepper | None, Weights] = None, weights

    @property
    def weights(self) -> Weights:
        """What the steps have made of the weights so far; copies, made when somebody asks."""
        if self._current is not None:
            states = iter(self._current.states())
            self._weights = Weights(*tree.rebuild(tuple(self._weights), states))
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

    def prepare(self, size: int, details: Iterable[Detail] = (Detail.NOTHING,)) -> None:
        """Compile the step for batches of a size, measured in these ways, unless it was done before."""
        if size not in self._prepared:
            for part in self.seam.split(np.zeros((1, size), np.int64)):
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
        kept: list[list[Array]] = []
        count = len(batches)
        for part in self.seam.split(batches):
            stepper = self._stepper(part.positions.shape[1], detail)
            (losses, *numbers), done = stepper.run(self._arguments(seed, step, total, part), len(part.positions))
            sums += np.bincount(part.update[:done], losses[:done], len(sums))
            if detail:
                made = [array[:done] for array in numbers]
                if self.seam.accumulates:
                    last = np.broadcast_to(part.part.last, len(part.positions))[:done]
                    made = [array[last] for array in made]
                kept.append(made)
            if done < len(part.positions):
                count = int(part.update[done])
                break
        columns = kept[0] if len(kept) == 1 else [np.concatenate(arrays) for arrays in zip(*kept, strict=True)]
        return sums[:count], tree.rebuild(self._records[detail], iter(columns)) if detail else []

    def _arguments(self, seed: int, step: int, total: int, batches: MicroBatches) -> list[Array]:
        """What steps need besides the weights; what each step has of its own is stacked."""
        updates = step + batches.update
        numbers = updates * self.seam.accumulate + batches.place
        keys = random_keys(seed, numbers)
        part = batches.part if self.seam.accumulates else ()
        counts = [updates.astype(np.float64), np.array(total, np.float64)]
        return [keys, *counts, *part, batches.positions, *self._gathered]

    def graph(self, weights: Weights, batch: Array, detail: Detail = Detail.NOTHING) -> Graph:
        """What is computed in a step on examples like these."""
        time = (random_key(0), np.float64(0), np.float64(1))
        sums = self.seam.sums(weights.parameters)
        part = WHOLE if self.seam.accumulates else ()
        return self._programs[detail].graph(weights, sums, time, part, batch, self.sample_weight, self.data)

    def inspection(self, size: int) -> Inspection:
        """What the engine makes of a step on batches of a size."""
        from chainrule.runtime.inspection import Inspection

        batches = np.arange(_TRIED * size).reshape(_TRIED, size) % len(self.data[0])
        graph, usage = self._repeated(size)
        arguments, states = self._arguments(0, 0, _TRIED, next(self.seam.split(batches))), self._start()
        return Inspection(graph, arguments, usage, states, name="training step")

    def _repeated(self, size: int, detail: Detail = Detail.NOTHING) -> tuple[Graph, Usage]:
        """The graph of a step on batches of a size, and what it carries to the next."""
        graph = self.graph(self._weights, np.zeros(size, np.int64), detail)
        states = len(tree.leaves((self._weights, self.seam.sums(self._weights.parameters))))
        key, number = states, states + 1
        part = (states + 3, states + 4, states + 5) if self.seam.accumulates else ()
        batch = states + 3 + len(part)
        gathered = dict(enumerate(self._gathered, batch + 1))
        usage = Usage(
            carried=tuple((i, i) for i in range(states)),
            moving_inputs=frozenset({key, number, *part, batch}),
            moving_outputs=frozenset(range(states, len(graph.outputs))),
            guard=states,
            in_place=frozenset(gathered),
            with_gaps=frozenset(i for i, array in gathered.items() if has_gaps(array)),
            threads=available(),
        )
        return graph, usage

    def replay(
        self, weights: Weights, seed: int, step: int, total: int, batch: Array, titles: Sequence[str]
    ) -> NotFinite:
        """Where an update on one batch [B], from these weights, first meets a number that is not finite.

        It is made again by the reference executor, operation by operation; `titles` are the names of the layers.
        """
        from chainrule.doctor.not_finite import NotFinite, explain, in_double

        sums = self.seam.sums(weights.parameters)
        for micro_batches in self.seam.split(batch[None]):
            for number, positions in enumerate(micro_batches.positions):
                part = tuple(column[number] for column in micro_batches.part) if self.seam.accumulates else ()
                micro_step = step * self.seam.accumulate + int(micro_batches.place[number])
                time = random_key(seed, micro_step), np.float64(step), np.float64(total)
                rest = time, part, positions, self.sample_weight, self.data
                replay = self._replay((*weights, sums, *rest), titles)
                wide = partial(self._replay, (*in_double((*weights, sums)), *rest), titles)
                found = explain(replay, wide)
                if found.reproduced:
                    return replace(found, step=step + 1)
                if self.seam.accumulates:
                    weights, sums, _ = Program(self._step)(weights, sums, *rest)
        return NotFinite(False, step=step + 1)

    def _replay(self, arguments: tuple[Tree, ...], titles: Sequence[str]) -> Replay:
        """A step at these arguments, as it was traced."""
        from chainrule.doctor.not_finite import Replay

        made: list[Made] = []

        def step(
            parameters: Tree,
            optimizer: Tree,
            state: Tree,
            sums: Tree,
            time: Any,
            part: Any,
            batch: Any,
            sample_weight: Any,
            data: Any,
        ) -> tuple[Any, Weights, Tree]:
            weights = Weights(parameters, optimizer, state)
            made.append(self._made(weights, sums, time, part, batch, sample_weight, data))
            return (made[0].loss, made[0].loss_sum), made[0].weights, made[0].sums

        traced = trace_call(step, arguments, {}, range(len(arguments)))
        weights = made[0].weights._asdict() | {"the sum of gradients": made[0].sums}
        changed = [str(path) for name, part in weights.items() for path, _ in tree.items(part, name)]
        names = ["the loss", "the sum of losses", *changed]
        nodes = traced.graph.outputs
        layers = [
            (title, (lift(layer.z).node, lift(layer.a).node))
            for title, layer in zip(titles, made[0].layers, strict=True)
        ]
        outcomes = list(zip(names, nodes, strict=True))
        return Replay(traced.graph, tree.leaves(arguments), outcomes, made[0].derivation, layers)

    def _start(self) -> list[Array]:
        """What is carried from step to step, as it is at first: the weights, and sums of gradients."""
        return tree.leaves((self.weights, self.seam.sums(self._weights.parameters)))

    def _stepper(self, size: int, detail: Detail = Detail.NOTHING) -> Stepper:
        """The stepper for batches of a size, holding the newest weights."""
        if (size, detail) not in self._steppers:
            self._steppers[size, detail] = make_steps(*self._repeated(size, detail))
        stepper = self._steppers[size, detail]
        if stepper is not self._current:
            if self._current is None:
                stepper.load(self._start())
            else:
                stepper.follow(self._current)
                if detail is Detail.EVERYTHING:  # too rare to try numbers of threads
                    stepper.decide_as(self._current)
            self._current = stepper
        return stepper

    def _step(
        self, weights: Weights, sums: Tree, time: Any, part: Any, batch: Any, sample_weight: Any, data: Any
    ) -> tuple[Weights, Tree, Any]:
        made = self._made(weights, sums, time, part, batch, sample_weight, data)
        return made.weights, made.sums, made.loss_sum

    def _step_watching_layers(
        self, weights: Weights, sums: Tree, time: Any, part: Any, batch: Any, sample_weight: Any, data: Any
    ) -> tuple[Weights, Tree, Any, list[dict[str, Any]]]:
        made = self._made(weights, sums, time, part, batch, sample_weight, data)
        self._records[Detail.LAYERS] = record = _watched(made)
        return made.weights, made.sums, made.loss_sum, record

    def _step_watching_everything(
        self, weights: Weights, sums: Tree, time: Any, part: Any, batch: Any, sample_weight: Any, data: Any
    ) -> tuple[Weights, Tree, Any, list[dict[str, Any]]]:
        made = self._made(weights, sums, time, part, batch, sample_weight, data)
        of_weights = measured_weights(weights.parameters, made.gradients, made.weights.parameters)
        record = [a | b for a, b in zip(_watched(made), of_weights, strict=True)]
        self._records[Detail.EVERYTHING] = record
        return made.weights, made.sums, made.loss_sum, record

    def _made(
        self, weights: Weights, sums: Tree, time: Any, part: Any, batch: Any, sample_weight: Any, data: Any
    ) -> Made:
        key, step, total = time
        objective = gathered_objective(self.problem, weights.parameters, weights.state, key, batch, data)
        mean, loss_sum = mean_loss(objective, sample_weight, batch)
        loss, last = mean + objective.penalty, True
        if self.seam.accumulates:
            first, last, share = part
            loss = loss * share.astype(loss.dtype)
        derivation = derivation_of(loss, tree.leaves(weights.parameters))
        gradients = gradients_of(derivation, weights.parameters)
        named = zip(tree.items(weights.parameters), derivation.results, strict=True)
        self.unreached = [path for (path, _), result in named if result is None]
        self.units = [int(layer.a.shape[-1]) for layer in objective.layers]
        if self.seam.accumulates:
            gradients = sums = add_up(sums, gradients, first)
        transformed = self.seam.transformed(gradients, last)
        updated = self.optimizer.update(weights.parameters, transformed, weights.optimizer, step, total)
        if self.seam.accumulates:
            updated = only_if(last, updated, (weights.parameters, weights.optimizer))
        return Made(Weights(*updated, objective.state), sums, loss_sum, loss, gradients, objective.layers, derivation)


def _watched(made: Made) -> list[dict[str, Any]]:
    """What is measured of the layers of a step."""
    values = [value for layer in made.layers for value in (layer.z, layer.a)]
    derivation = derivation_of(made.loss, values)
    derivatives = or_zeros(derivation.results, derivation.wrt)
    return measured_layers(made.layers, derivatives[::2], derivatives[1::2])
