"""Collects what the training steps measure, and decides which of them do."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from chainrule import tree
from chainrule.doctor.diagnosis import Diagnosis
from chainrule.doctor.measurements import LayerSeries, title
from chainrule.doctor.measuring import Detail
from chainrule.doctor.not_finite import NotFinite
from chainrule.errors import ArgumentError
from chainrule.tree import KeyPath, Tree
from chainrule.types import Array

Diagnose = Literal["cheap", "full"]

SHARES = ("saturated", "dead")
"""What is no norm."""

MOST_LAYERS, MOST_WEIGHTS = 1 << 14, 1 << 10
"""Measured steps that are kept: of the layers alone, and of weights too. Beyond that, every second one is dropped."""


@dataclass(frozen=True)
class LayerFacts:
    """What is known of a layer beforehand; see `LayerSeries`."""

    name: str
    activation: str
    fewest_rows: int = 1


@dataclass(frozen=True)
class LossFacts:
    """What is known of the loss and the batches beforehand; see `Diagnosis`."""

    chance: float | None = None
    constant: float | None = None
    smallest_batch: int = 0


@dataclass(frozen=True)
class Rhythm:
    """Which steps are measured, so that it costs little of the training of a network of any size.

    Steps 1, 2, 4, 8, 16 … are measured in every detail: most happens early, and a training of any length has enough of
    them. Each is made by a call of its own, which takes as long as many steps of a small network.

    Attributes:
        farthest: how many steps are between two of these, at most.
        share: how much of the steps from each of these to the next, once they are that far apart, has its layers
            measured by a full diagnosis. They come first and in a row, since a change of what is measured is a call
            too. Until then it measures the layers in all steps.
    """

    farthest: int = 512
    share: float = 1.0

    @classmethod
    def of(cls, weights: int, units: int, examples: int) -> Rhythm:
        """The rhythm for a network of so many weights and outputs of layers, and steps of so many examples."""
        steps = max(1, math.ceil(_APART / (_PRODUCTS * max(weights, 1) * max(examples, 1))))
        farthest = min(max(cls.farthest, 1 << (steps - 1).bit_length()), _FARTHEST)
        return cls(farthest, min(1.0, weights / max(_OF_A_UNIT * units, 1)))


_PRODUCTS = 6  # multiplications and additions with each weight and example: forward, δ and ∂W
_APART = 2e9  # of them between two steps that are measured in every detail, about 30 ms on one core
_FARTHEST = 1 << 16
_OF_A_UNIT = 500  # weights whose work in a step is 40 to 70 times what it costs to measure an output


def require_diagnose(diagnose: object) -> None:
    """Raise ArgumentError unless it is "cheap", "full" or None."""
    if diagnose is not None and diagnose not in get_args(Diagnose):
        raise ArgumentError(f'diagnose must be "cheap", "full" or None, got {diagnose!r}')


class Recorder:
    """Of one training.

    Attributes:
        diverged: set when a number is not finite.
        not_finite: where it came from; set when that is known.
        units: how many outputs each layer has.
        unreached: the paths of parameters that no path leads to, as `tree.items` gives them.
        made: how many steps were made.
        epoch_losses: the mean losses of the epochs that were finished.
    """

    def __init__(
        self,
        diagnose: Diagnose,
        layers: Sequence[LayerFacts],
        loss: LossFacts = LossFacts(),
        rhythm: Rhythm = Rhythm(),
    ) -> None:
        self.diagnose = diagnose
        self._layers, self._loss, self._rhythm = tuple(layers), loss, rhythm
        self._taken: list[_Taken] = []
        self._final: _Taken | None = None
        self._stride = 1  # of the steps whose layers alone were measured, those that are kept
        self._last_active: list[Array | None] = [None for _ in layers]
        self._due = 0  # the next step that is measured in every detail
        self._layers_until = 0  # the step before which those between have their layers measured
        self.diverged = False
        self.not_finite: NotFinite | None = None
        self.units: Sequence[int] = [0 for _ in layers]
        self.unreached: Sequence[KeyPath] = ()
        self.made = 0
        self.epoch_losses: list[float] = []

    @property
    def titles(self) -> list[str]:
        """The names of the layers."""
        return [title(number, facts.name, facts.activation) for number, facts in enumerate(self._layers, 1)]

    @property
    def details(self) -> tuple[Detail, ...]:
        """How steps are going to be measured."""
        if self.diagnose == "cheap":
            return Detail.EVERYTHING, Detail.NOTHING
        return (Detail.EVERYTHING, Detail.LAYERS, Detail.NOTHING)[: 2 if self._rhythm.share == 1 else 3]

    def next(self, step: int) -> tuple[Detail, int]:
        """How the step with this number (from 0) is measured, and how many are in the same way, at most."""
        if step >= self._due:
            return Detail.EVERYTHING, 1
        if step < self._layers_until:
            return Detail.LAYERS, self._layers_until - step
        return Detail.NOTHING, self._due - step

    def take(self, step: int, losses: Array, records: Sequence[Mapping[str, Array]]) -> None:
        """Keep what was measured of some steps in a row.

        Args:
            step: the number of the first, from 0.
            losses: the mean loss of each.
            records: for each layer arrays with an entry for each step, as `Step.run_measured` gives them.
        """
        count = len(losses)
        if step >= self._due:
            farthest = self._rhythm.farthest
            apart = farthest - (step + 1) % farthest if step + 1 >= farthest else step + 1
            self._due = step + apart
            if self.diagnose == "full":
                share = 1.0 if apart < farthest else self._rhythm.share
                self._layers_until = step + 1 + math.ceil(share * (apart - 1))
        if count:
            self._taken.append(self._seen(np.arange(step + 1, step + 1 + count), losses, records))
            self._forget()

    def take_final(self, losses: Array, records: Sequence[Mapping[str, Array]]) -> None:
        """Keep what was measured with the weights of the end, as `take` does."""
        self._final = self._seen(np.full(len(losses), self.made + 1), losses, records)

    def _seen(self, numbers: Array, losses: Array, records: Sequence[Mapping[str, Array]]) -> _Taken:
        kept = [{name: array for name, array in record.items() if name != "active"} for record in records]
        for position, record in enumerate(records):
            if "active" in record:
                kept[position]["dead"] = 1 - np.mean(record["active"], axis=1)
                self._see_active(position, record["active"], numbers)
        return _Taken(numbers, losses, kept)

    def _forget(self) -> None:
        """Drop every second measured step of a kind once there are too many of it."""
        if self._taken[-1].of_layers_alone:
            self._taken[-1] = self._taken[-1].only(self._taken[-1].numbers % self._stride == 0)
        while sum(len(taken.numbers) for taken in self._taken if taken.of_layers_alone) > MOST_LAYERS:
            self._stride *= 2
            self._keep(lambda taken: taken.numbers % self._stride == 0, of_layers_alone=True)
        if sum(not taken.of_layers_alone for taken in self._taken) > MOST_WEIGHTS:
            farthest = 2 * self._rhythm.farthest
            self._rhythm = replace(self._rhythm, farthest=farthest)
            early = self._rhythm.farthest
            self._keep(lambda taken: (taken.numbers <= early) | (taken.numbers % farthest == 0), of_layers_alone=False)

    def _keep(self, chosen: Callable[[_Taken], Array], of_layers_alone: bool) -> None:
        thinned = (
            taken.only(chosen(taken)) if taken.of_layers_alone == of_layers_alone else taken for taken in self._taken
        )
        self._taken = [taken for taken in thinned if len(taken.numbers)]

    def _see_active(self, position: int, active: Array, numbers: Array) -> None:
        last = np.max(active * numbers[:, None], axis=0)
        known = self._last_active[position]
        self._last_active[position] = last if known is None else np.maximum(known, last)

    def diagnosis(self, parameters: Tree) -> Diagnosis:
        """What was found out, the parameters being those at the end, a list with an entry for each layer."""
        layers = []
        for position, facts in enumerate(self._layers):
            layers.append(
                LayerSeries(
                    position + 1,
                    facts.name,
                    facts.activation,
                    self.units[position],
                    _series(self._taken, position),
                    self._last_active[position],
                    equal_units(parameters[position]),
                    tuple(str(KeyPath(keys=path.keys[1:])) for path in self.unreached if path.keys[0] == position),
                    {} if self._final is None else _series([self._final], position),
                    facts.fewest_rows,
                )
            )
        return Diagnosis(
            self.diagnose,
            np.concatenate([np.empty(0, np.int64), *(taken.numbers for taken in self._taken)]),
            np.concatenate([np.empty(0), *(taken.losses for taken in self._taken)]),
            tuple(layers),
            self._loss.chance,
            self.diverged,
            self.not_finite,
            self._loss.constant,
            np.array(self.epoch_losses, np.float64),
            np.empty(0) if self._final is None else self._final.losses,
            self.made,
            self._loss.smallest_batch,
        )


class _Taken(NamedTuple):
    """What was measured of some steps: their numbers, their mean losses, and for each layer arrays by quantity."""

    numbers: Array
    losses: Array
    records: Sequence[Mapping[str, Array]]

    @property
    def of_layers_alone(self) -> bool:
        """Whether no weights were measured."""
        return not any("W" in record for record in self.records)

    def only(self, chosen: Array) -> _Taken:
        """Some of the steps."""
        records = [{name: array[chosen] for name, array in record.items()} for record in self.records]
        return _Taken(self.numbers[chosen], self.losses[chosen], records)


def _series(taken: Sequence[_Taken], position: int) -> dict[str, Array]:
    """What was measured of a layer, norms being the roots of sums of squares."""
    columns = {}
    for name in sorted({name for part in taken for name in part.records[position]}):
        pieces = [part.records[position].get(name, np.full(len(part.numbers), np.nan)) for part in taken]
        column = np.concatenate(pieces).astype(np.float64)
        columns[name] = column if name in SHARES else np.sqrt(column)
    return columns


def equal_units(parameters: Any) -> int:
    """How many units of a layer with a W [n × m], and perhaps a b [n], have exactly the numbers of another unit."""
    if not isinstance(parameters, dict) or "W" not in parameters or parameters["W"].ndim != 2:
        return 0
    columns = [leaf.reshape(len(parameters["W"]), -1) for leaf in tree.leaves(parameters)]
    units = np.concatenate(columns, axis=1)
    _, which, counts = np.unique(units, axis=0, return_inverse=True, return_counts=True)
    return int(np.sum(counts[which.reshape(-1)] > 1))
