"""What was measured of a training, over its steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import numpy as np

from chainrule.doctor.not_finite import NotFinite
from chainrule.errors import ArgumentError
from chainrule.types import Array

QUANTITIES = {
    "a": "‖a‖",
    "delta": "‖δ‖",
    "cotangent": "‖∂ℒ/∂a‖",
    "gradient": "‖∂W‖",
    "W": "‖W‖",
    "update": "‖ΔW‖",
    "saturated": "saturated",
    "dead": "silent",
}
"""What is measured of a layer, and how it is written. Norms are those of all numbers of a batch taken together; δ
carries the 1/N of the mean loss. "saturated" and "dead" are shares, the latter of units that are 0 in a whole batch."""


def title(number: int, name: str, activation: str) -> str:
    """The title of a layer, such as "layer 2 (Dense tanh)"."""
    return f"layer {number} ({' '.join(filter(None, (name, activation)))})"


@dataclass(frozen=True, eq=False)
class LayerSeries:
    """A layer over the measured steps.

    Attributes:
        number: of the layer, from 1.
        name: of its kind, such as "Dense".
        activation: its name; "" for none, or a user-defined one.
        units: how many outputs it has.
        series: by the keys of QUANTITIES what was measured, float64 [steps]; NaN where it was not.
        last_active: for each unit of a relu the last measured step at which it was above 0, from 1; 0 for never. [n]
            The step after the last one stands for the final measurement.
        equal_units: how many units have the very weights of another one, at the end.
        unreached: the paths of its parameters that no path leads to from the loss.
        final: as `series`, of the final measurement; empty if there was none.
        fewest_rows: how many rows a batch must have for the layer to learn from it.
    """

    number: int
    name: str
    activation: str
    units: int
    series: Mapping[str, Array] = field(default_factory=dict)
    last_active: Array | None = None
    equal_units: int = 0
    unreached: tuple[str, ...] = ()
    final: Mapping[str, Array] = field(default_factory=dict)
    fewest_rows: int = 1

    def __repr__(self) -> str:
        return f"LayerSeries({self.title}: {', '.join(self.series)})"

    def __getitem__(self, name: str) -> Array:
        return self.series[name]

    def __contains__(self, name: str) -> bool:
        return name in self.series

    @property
    def title(self) -> str:
        """Such as "layer 2 (Dense tanh)"."""
        return title(self.number, self.name, self.activation)

    @property
    def update_ratio(self) -> Array:
        """‖ΔW‖ / ‖W‖, NaN where it was not measured; empty without weights."""
        return _update_ratio(self.series)

    @property
    def final_update_ratio(self) -> Array:
        """The same of the final measurement."""
        return _update_ratio(self.final)


def _update_ratio(series: Mapping[str, Array]) -> Array:
    if "update" not in series:
        return np.empty(0)
    with np.errstate(all="ignore"):
        return np.asarray(series["update"] / series["W"])


@dataclass(frozen=True, eq=False)
class Measurements:
    """What was measured of a training; `Diagnosis` is what follows from it.

    Attributes:
        detail: "cheap" or "full".
        steps: the measured steps, from 1, int64 [k].
        losses: the mean loss of each of their batches, float64 [k].
        layers: the layers over these steps.
        chance_loss: the loss of a classifier that gives all classes one probability, ln C; None for other losses.
        diverged: whether the training ended with a number that is not finite.
        not_finite: where that came from.
        constant_loss: the lowest mean loss of outputs that are the same for all examples, such as the entropy of the
            classes; None for losses where it is not known.
        epoch_losses: the mean loss of each epoch that was finished, float64 [e].
        final_losses: of the final measurement: the mean losses of batches that were tried with the weights of the end,
            the updates being taken back, float64 [m]; empty if there was none.
        made: how many steps were made in all.
        smallest_batch: how many examples the smallest batch has.
    """

    detail: str
    steps: Array
    losses: Array
    layers: tuple[LayerSeries, ...]
    chance_loss: float | None = None
    diverged: bool = False
    not_finite: NotFinite | None = None
    constant_loss: float | None = None
    epoch_losses: Array = field(default_factory=lambda: np.empty(0))
    final_losses: Array = field(default_factory=lambda: np.empty(0))
    made: int = 0
    smallest_batch: int = 0

    @cached_property
    def in_every_detail(self) -> Self:
        """The same without the steps at which no weights were measured."""
        weights = [layer["W"] for layer in self.layers if "W" in layer]
        if not weights:
            return self
        chosen = ~np.isnan(weights[0])
        layers = tuple(
            replace(layer, series={name: values[chosen] for name, values in layer.series.items()})
            for layer in self.layers
        )
        return replace(self, steps=self.steps[chosen], losses=self.losses[chosen], layers=layers)

    def series(self, quantity: str) -> dict[str, tuple[Array, Array]]:
        """Curves of one quantity: for each layer that has it (steps, values), where it was measured.

        Args:
            quantity: a key of `QUANTITIES`, "update_ratio", or "loss", which is one curve.

        Raises:
            ArgumentError: there is no such quantity.
        """
        quantities = (*QUANTITIES, "update_ratio", "loss")
        if quantity not in quantities:
            raise ArgumentError(f"quantity must be one of {', '.join(quantities)}, got {quantity!r}")
        if quantity == "loss":
            return {"loss": (self.steps, self.losses)} if len(self.steps) else {}
        curves = {}
        for layer in self.layers:
            values = layer.update_ratio if quantity == "update_ratio" else layer.series.get(quantity, np.empty(0))
            if len(values):
                known = ~np.isnan(values)
                curves[layer.title] = self.steps[known], values[known]
        return curves

    @property
    def all_clear(self) -> str:
        """What is said when there are no findings: what was looked at, and what cannot be seen from inside."""
        if not len(self.steps):
            return "No findings, as no step was measured."
        return (
            "No findings. Looked at: numbers that are not finite; outputs, δ, gradients and updates of the layers; "
            "silent, saturated and equal units; the training loss. Not looked at: whether labels are right, whether an "
            "input gives the target away, and how well the network does on new examples."
        )

    @property
    def span(self) -> str:
        """From where to where, and how many steps were measured."""
        if not len(self.steps):
            return "no step was measured"
        return f"steps {self.steps[0]:,} to {self.steps[-1]:,}, {len(self.steps):,} of them measured ({self.detail})"

    def table(self) -> list[list[str]]:
        """Titles, then a row for each layer: the median of every quantity over the steps measured in every detail."""
        return self.in_every_detail._rows()

    def _rows(self) -> list[list[str]]:
        names = [name for name in QUANTITIES if any(name in layer for layer in self.layers)]
        rows = [["median of", *(QUANTITIES[name] for name in names), "‖ΔW‖/‖W‖"]]
        for layer in self.layers:
            cells = [_written(layer[name], name) if name in layer else "" for name in names]
            rows.append([layer.title, *cells, _written(layer.update_ratio, "")])
        return rows


def _written(values: Array, name: str) -> str:
    known = values[~np.isnan(values)]
    if not len(known):
        return ""
    return f"{np.median(known):.0%}" if name in ("saturated", "dead") else f"{np.median(known):.2e}"
