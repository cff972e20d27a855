"""What a network tells the doctor of itself before a training that is diagnosed."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from chainrule import tree
from chainrule.doctor.recorder import Diagnose, LayerFacts, LossFacts, Recorder, Rhythm, require_diagnose
from chainrule.nn.activations import activation_name
from chainrule.nn.architecture import Architecture
from chainrule.nn.layer_records import count_numbers
from chainrule.train.examples import Examples
from chainrule.train.plan import TrainingPlan
from chainrule.tree import Tree
from chainrule.types import Array


def make_recorder(
    architecture: Architecture, diagnose: Diagnose, parameters: Tree, plan: TrainingPlan, data: Examples
) -> Recorder:
    """What keeps the measurements of a training.

    Raises:
        ArgumentError: `diagnose` is no way to diagnose.
    """
    require_diagnose(diagnose)
    layers = architecture.layers
    facts = [
        LayerFacts(type(layer).__name__, activation_name(getattr(layer, "activation", "")), layer.fewest_rows)
        for layer in layers
    ]
    classes = {"cross_entropy": architecture.n_outputs, "binary_cross_entropy": 2}.get(architecture.loss.name)
    chance = None if classes is None else math.log(classes)
    loss = LossFacts(chance, constant_loss(architecture, data), min(plan.batch_rows(len(data))))
    units = sum(count_numbers(layers[: number + 1], architecture.n_inputs)[0] for number in range(len(layers)))
    rhythm = Rhythm.of(sum(leaf.size for leaf in tree.leaves(parameters)), units, plan.batch_size or len(data))
    return Recorder(diagnose, facts, loss, rhythm)


def constant_loss(architecture: Architecture, data: Examples) -> float | None:
    """The lowest mean loss that outputs have which are the same for all examples; None where it is not known.

    The entropy of the classes for the cross-entropies, Σ −p ln p with the weighted shares p; for squared errors the
    variance of the targets.
    """
    least = _LEAST.get(architecture.loss.name)
    y = data.arrays[1]
    return None if least is None else float(least(y, data.weights, architecture.n_outputs))


def _mean(values: Array, weights: Array | None) -> Array:
    return np.asarray(np.average(values, axis=0, weights=weights))


def _entropy(shares: Array) -> Array:
    return np.asarray(-np.sum(shares * np.log(np.where(shares > 0, shares, 1)), axis=0))


def _of_classes(y: Array, weights: Array | None, classes: int) -> Array:
    if y.ndim == 1:
        return _entropy(np.bincount(y.astype(np.int64), weights, classes) / len(y))
    return _entropy(_mean(y.astype(np.float64), weights))


def _of_probabilities(y: Array, weights: Array | None, outputs: int) -> Array:
    p = _mean(y.astype(np.float64), weights)
    return np.asarray(np.mean(_entropy(np.stack([p, 1 - p]))))


def _variance(y: Array, weights: Array | None, outputs: int) -> Array:
    y = y.astype(np.float64)
    return np.asarray(np.mean(_mean((y - _mean(y, weights)) ** 2, weights)))


_LEAST: dict[str, Callable[[Array, Array | None, int], Array]] = {
    "cross_entropy": _of_classes,
    "binary_cross_entropy": _of_probabilities,
    "mse": _variance,
    "half_squared": lambda y, weights, outputs: 0.5 * outputs * _variance(y, weights, outputs),
}
