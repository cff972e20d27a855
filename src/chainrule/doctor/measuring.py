"""What is measured of a step: a few sums for every layer, computed in the training step itself; traced functions.

Squares are summed in the dtype of the network, so norms below about 1e-19 count as 0 in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np

from chainrule import tree
from chainrule.tree import Tree

SATURATED: dict[str, Callable[[Any], Any]] = {
    "tanh": lambda a: np.abs(a) > 0.975,
    "sigmoid": lambda a: np.abs(a - 0.5) > 0.4875,
}
"""By activation, whether g′ at a unit is below a twentieth of its largest value, told from a = g(z)."""

SILENT = ("relu",)
"""Activations that are 0, and have the derivative 0, for every z below 0."""

FINAL_STEPS = 8
"""Batches of the final measurement: a unit that is 0 for all examples of so many is hardly so by chance."""


class Detail(IntEnum):
    """How much of a step is measured. Sums over weights cost several times as much as sums over activations."""

    NOTHING = 0
    LAYERS = 1
    EVERYTHING = 2


class Watched(NamedTuple):
    """A layer during a step.

    Attributes:
        z: its pre-activation [N × n], traced.
        a: its output [N × n], traced.
        activation: the name of its activation; "" for none, or a user-defined one.
    """

    z: Any
    a: Any
    activation: str = ""


def measured_layers(layers: Sequence[Watched], delta: Sequence[Any], cotangents: Sequence[Any]) -> list[dict[str, Any]]:
    """What is measured of every layer, single numbers but for "active".

    Args:
        layers: the layers.
        delta: δˡ = ∂ℒ/∂zˡ of each.
        cotangents: ∂ℒ/∂aˡ of each.

    Returns:
        Sums of squares: "a", "delta" and "cotangent". With tanh and sigmoid "saturated", the share of units and
        examples; with relu "active", whether each unit is above 0 for any example, bool [n].
    """
    records = []
    for layer, d, c in zip(layers, delta, cotangents, strict=True):
        record = {"a": _squares(layer.a), "delta": _squares(d), "cotangent": _squares(c)}
        if layer.activation in SATURATED:
            record["saturated"] = np.mean(SATURATED[layer.activation](layer.a).astype(np.float32))
        if layer.activation in SILENT:
            record["active"] = np.max(layer.a, axis=0) > 0
        records.append(record)
    return records


def measured_weights(parameters: Tree, gradients: Tree, updated: Tree) -> list[dict[str, Any]]:
    """Sums of squares: of the weights "W" of every layer, their "gradient" and their "update"; nothing without weights.

    Args:
        parameters: a list with an entry for each layer, before the update.
        gradients: the derivatives of the loss.
        updated: the parameters after the update.
    """
    records = []
    for trees in zip(parameters, gradients, updated, strict=True):
        chosen = weight_positions(trees[0])
        old, gradient, new = ([tree.leaves(part)[i] for i in chosen] for part in trees)
        moved = [after - before for after, before in zip(new, old, strict=True)]
        sums = {"W": old, "gradient": gradient, "update": moved}
        records.append({name: sum(map(_squares, arrays)) for name, arrays in sums.items() if arrays})
    return records


def weight_positions(parameters: Tree) -> list[int]:
    """Which leaves of a layer's parameters are its weights: those named W, or all if none is."""
    names = [path.last for path, _ in tree.items(parameters)]
    return [i for i, name in enumerate(names) if name == "W"] or list(range(len(names)))


def _squares(x: Any) -> Any:
    return np.sum(x * x)
