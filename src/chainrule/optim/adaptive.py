"""A rate for every element: gradients are divided by the root of their past squares, summed or averaged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule import tree
from chainrule.constraints import FRACTION, NOT_NEGATIVE, POSITIVE
from chainrule.optim.optimizer import Leaf, Leaves, Optimizer
from chainrule.optim.schedules import Schedule
from chainrule.tree import Tree


@dataclass(frozen=True)
class Adagrad(Optimizer):
    """Adaptive gradients: rare features keep a large rate, frequent ones slow down.

        s ← s + g²
        W ← W − η g / (√s + ε)

    Source: Duchi, Hazan and Singer (2011), Adaptive subgradient methods for online learning and stochastic
    optimization, with a diagonal matrix. Defaults: PyTorch's.

    Args:
        learning_rate: η, a number or a schedule.
        initial_sum: s before the first step, at least 0; a positive one damps the first steps.
        epsilon: ε, positive; keeps 0 / 0 away.
        clip_norm: see `Optimizer`.
        clip_value: see `Optimizer`.
    """

    learning_rate: float | Schedule = 1e-2
    initial_sum: float = 0.0
    epsilon: float = 1e-10

    def __post_init__(self) -> None:
        super().__post_init__()
        NOT_NEGATIVE.require_fields(self, "initial_sum")
        POSITIVE.require_fields(self, "epsilon")

    @property
    def slots(self) -> tuple[str, ...]:
        """The sum of squares s."""
        return ("square_sum",)

    def initialise(self, parameters: Tree) -> dict[str, Tree]:
        """Return the state before the first step: s = `initial_sum` everywhere."""
        zeros = super().initialise(parameters)
        return {slot: tree.map_leaves(lambda s: s + self.initial_sum, zeros[slot]) for slot in self.slots}

    def leaf_update(self, W: Leaf, g: Leaf, state: Leaves, scalars: Leaves) -> tuple[Leaf, Leaves]:
        """Return W and s after a step."""
        (s,), (rate,) = state, scalars
        s = s + g * g
        return W - rate * g / (np.sqrt(s) + self.epsilon), (s,)


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """Gradients divided by their running root mean square, with momentum μ if asked for.

        v ← ρ v + (1 − ρ) g²
        u ← μ u + g / (√v + ε)
        W ← W − η u

    Source: Tieleman and Hinton (2012), Neural networks for machine learning, lecture 6.5, where ρ = 0.9 and
    η = 0.001. The momentum is PyTorch's.

    Args:
        learning_rate: η, a number or a schedule.
        decay: ρ, the memory of the mean square, at least 0 and below 1.
        epsilon: ε, positive.
        momentum: μ, at least 0 and below 1.
        clip_norm: see `Optimizer`.
        clip_value: see `Optimizer`.
    """

    learning_rate: float | Schedule = 1e-3
    decay: float = 0.9
    epsilon: float = 1e-8
    momentum: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        FRACTION.require_fields(self, "decay", "momentum")
        POSITIVE.require_fields(self, "epsilon")

    @property
    def slots(self) -> tuple[str, ...]:
        """The mean square v, and the velocity u if there is momentum."""
        return ("mean_square", "velocity") if self.momentum else ("mean_square",)

    def leaf_update(self, W: Leaf, g: Leaf, state: Leaves, scalars: Leaves) -> tuple[Leaf, Leaves]:
        """Return W, v and u after a step."""
        (v, *velocity), (rate,) = state, scalars
        v = self.decay * v + (1.0 - self.decay) * (g * g)
        u = g / (np.sqrt(v) + self.epsilon)
        if not self.momentum:
            return W - rate * u, (v,)
        u = self.momentum * velocity[0] + u
        return W - rate * u, (v, u)
