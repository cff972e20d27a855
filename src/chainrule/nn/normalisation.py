"""Normalisation: activations brought to mean 0 and variance 1, then to a learned mean and scale."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from chainrule import ops
from chainrule.constraints import NOT_NEGATIVE, Constraint
from chainrule.errors import ArgumentError
from chainrule.nn.layer import Layer, Mode, Pass
from chainrule.tree import Tree

_MOMENTUM = Constraint(Real, lambda x: 0 < x <= 1, "be a number above 0 and at most 1")


def _scale_and_shift(n: int) -> dict[str, Any]:
    return {"scale": np.ones(n), "shift": np.zeros(n)}


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Over the batch, for each feature (Ioffe and Szegedy 2015).

    While training, the statistics are those of the batch; running averages of them are kept in the layer's state and
    used everywhere else. As in PyTorch the running variance is the unbiased one. A single row has none: the running
    averages stay as they are then, and `fit` refuses a training in which every batch has one row.

    Args:
        momentum: share of the new batch in the running averages.
        epsilon: added to the variance.
    """

    momentum: float = 0.1
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        _MOMENTUM.require(self.momentum, "BatchNorm: momentum")
        NOT_NEGATIVE.require(self.epsilon, "BatchNorm: epsilon")

    @property
    def fewest_rows(self) -> int:
        """Two: a single row is its own mean."""
        return 2

    def initialise(self, n_inputs: int, random: np.random.Generator) -> tuple[int, Tree, Tree]:
        """Scale and shift; running mean and variance."""
        return n_inputs, _scale_and_shift(n_inputs), {"mean": np.zeros(n_inputs), "variance": np.ones(n_inputs)}

    def forward(self, parameters: Tree, state: Tree, a: Any, mode: Mode) -> Pass:
        """Normalise by the batch when training, by the running averages otherwise."""
        mean, variance = state["mean"], state["variance"]
        if mode.training:
            mean, variance = np.mean(a, axis=0), np.var(a, axis=0)
            if len(a) >= self.fewest_rows:
                unbiased = variance * (len(a) / (len(a) - 1))
                state = {"mean": self._moved(state["mean"], mean), "variance": self._moved(state["variance"], unbiased)}
        z = (a - mean) / np.sqrt(variance + self.epsilon) * parameters["scale"] + parameters["shift"]
        return Pass(z, z, state)

    def _moved(self, average: Any, new: Any) -> Any:
        return ops.stop_gradient((1 - self.momentum) * average + self.momentum * new)


@dataclass(frozen=True)
class LayerNorm(Layer):
    """Over the features, for each example (Ba et al. 2016).

    Args:
        epsilon: added to the variance.
    """

    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        NOT_NEGATIVE.require(self.epsilon, "LayerNorm: epsilon")

    def initialise(self, n_inputs: int, random: np.random.Generator) -> tuple[int, Tree, Tree]:
        """Scale and shift; ArgumentError for a single feature, which is its own mean."""
        if n_inputs == 1:
            raise ArgumentError("LayerNorm of one feature gives its shift for every example; leave it out")
        return n_inputs, _scale_and_shift(n_inputs), {}

    def forward(self, parameters: Tree, state: Tree, a: Any, mode: Mode) -> Pass:
        """Normalise each row."""
        mean = np.mean(a, axis=-1, keepdims=True)
        deviation = np.sqrt(np.var(a, axis=-1, keepdims=True) + self.epsilon)
        z = (a - mean) / deviation * parameters["scale"] + parameters["shift"]
        return Pass(z, z, state)
