"""Collects what the training steps measure, and decides which of them do."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from chainrule import tree
from chainrule.doctor.diagnosis import Diagnosis, LayerSeries, title
from chainrule.doctor.measuring import Detail
from chainrule.doctor.not_finite import NotFinite
from chainrule.errors import ArgumentError
from chainrule.tree import Tree
from chainrule.types import Array

Diagnose = Literal["cheap", "full"]

SHARES = ("saturated", "dead")
"""What is no norm."""


@dataclass(frozen=True)
class LayerFacts:
    """What is known of a layer beforehand; see `LayerSeries`."""

    name: str
    activation: str


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
    """

    def __init__(
        self,
        diagnose: Diagnose,
        layers: Sequence[LayerFacts],
        chance_loss: float | None = None,
        rhythm: Rhythm = Rhythm(),
    ) -> None:
        self.diagnose, self.chance_loss = diagnose, chance_loss
        self._layers, self._rhythm = tuple(layers), rhythm
        self._taken: list[tuple[Array, Array, Sequence[Mapping[str, Array]]]] = []
        self._last_active: list[Array | None] = [None for _ in layers]
        self._due = 0  # the next step that is measured in every detail
        self._layers_until = 0  # the step before which those between have their layers measured
        self.diverged = False
        self.not_finite: NotFinite | None = None
        self.units: Sequence[int] = [0 for _ in layers]
        self.unreached: Sequence[str] = ()

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
            apart = min(step + 1, self._rhythm.farthest)
            self._due = step + apart
            if self.diagnose == "full":
                share = 1.0 if apart < self._rhythm.farthest else self._rhythm.share
                self._layers_until = step + 1 + math.ceil(share * (apart - 1))
        if not count:
            return
        numbers = np.arange(step + 1, step + 1 + count)
        kept = [{name: array for name, array in record.items() if name != "active"} for record in records]
        for position, record in enumerate(records):
            if "active" in record:
                kept[position]["dead"] = 1 - np.mean(record["active"], axis=1)
                self._see_active(position, record["active"], numbers)
        self._taken.append((numbers, losses, kept))

    def _see_active(self, position: int, active: Array, numbers: Array) -> None:
        last = np.max(active * numbers[:, None], axis=0)
        known = self._last_active[position]
        self._last_active[position] = last if known is None else np.maximum(known, last)

    def diagnosis(self, parameters: Tree) -> Diagnosis:
        """What was found out, the parameters being those at the end, a list with an entry for each layer."""
        layers = []
        for position, facts in enumerate(self._layers):
            own = f"[{position}]"
            layers.append(
                LayerSeries(
                    position + 1,
                    facts.name,
                    facts.activation,
                    self.units[position],
                    self._series(position),
                    self._last_active[position],
                    equal_units(parameters[position]),
                    tuple(path.removeprefix(own) for path in self.unreached if path.startswith(own)),
                )
            )
        steps = np.concatenate([np.empty(0, np.int64), *(numbers for numbers, _, _ in self._taken)])
        losses = np.concatenate([np.empty(0), *(losses for _, losses, _ in self._taken)])
        return Diagnosis(self.diagnose, steps, losses, tuple(layers), self.chance_loss, self.diverged, self.not_finite)

    def _series(self, position: int) -> dict[str, Array]:
        """What was measured of a layer, norms being the roots of sums of squares."""
        known = {name for _, _, records in self._taken for name in records[position]}
        columns = {}
        for name in sorted(known):
            pieces = [
                records[position][name] if name in records[position] else np.full(len(numbers), np.nan)
                for numbers, _, records in self._taken
            ]
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
