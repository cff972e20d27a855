"""Adam: every element takes a step of about η, its mean gradient divided by its root mean square."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule import tree
from chainrule.constraints import FRACTION, NOT_NEGATIVE, POSITIVE
from chainrule.errors import ArgumentError
from chainrule.optim.optimizer import Leaf, Leaves, Optimizer
from chainrule.optim.schedules import Scalar, Schedule
from chainrule.tree import KeyPath, Tree


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adaptive moment estimation.

        m ← β₁ m + (1 − β₁) g
        v ← β₂ v + (1 − β₂) g²
        W ← W − η m̂ / (√v̂ + ε)      with m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ),  t = step + 1

    Source: Kingma and Ba (2015), Adam: a method for stochastic optimization, algorithm 1 and its defaults.
    The last line is computed in the equivalent form at the end of their section 2, which leaves one root and
    one division for each element: W ← W − η √c₂ / c₁ · m / (√v + ε √c₂) with c₁ = 1 − β₁ᵗ and c₂ = 1 − β₂ᵗ,
    in float64.

    Args:
        learning_rate: η, a number or a schedule.
        beta1: β₁, the memory of the mean, at least 0 and below 1.
        beta2: β₂, the memory of the mean square, at least 0 and below 1.
        epsilon: ε, positive; bounds the step where gradients are tiny.
        clip_norm: see `Optimizer`.
        clip_value: see `Optimizer`.
    """

    learning_rate: float | Schedule = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        FRACTION.require_fields(self, "beta1", "beta2")
        POSITIVE.require_fields(self, "epsilon")

    @property
    def slots(self) -> tuple[str, ...]:
        """The moments m and v."""
        return ("mean", "mean_square")

    def scalars(self, rate: Scalar, step: Scalar) -> tuple[Scalar, ...]:
        """Return η √c₂ / c₁ and ε √c₂, the rate and ε with the bias of the moments corrected."""
        c1 = 1.0 - np.power(self.beta1, step + 1.0)
        c2 = 1.0 - np.power(self.beta2, step + 1.0)
        return rate * np.sqrt(c2) / c1, self.epsilon * np.sqrt(c2)

    def leaf_update(self, W: Leaf, g: Leaf, state: Leaves, scalars: Leaves) -> tuple[Leaf, Leaves]:
        """Return W, m and v after a step."""
        (m, v), (rate, epsilon) = state, scalars
        m = self.beta1 * m + (1.0 - self.beta1) * g
        v = self.beta2 * v + (1.0 - self.beta2) * (g * g)
        return W - rate * m / (np.sqrt(v) + epsilon), (m, v)


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay: W ← W − η λ W, and then the step of Adam.

    Only weights decay: the leaves under one of the dict keys in `decayed`, which is "W" in every layer of
    chainrule, so biases and the scales of normalisation are left alone.

    Source: Loshchilov and Hutter (2019), Decoupled weight decay regularization, algorithm 2. As in PyTorch,
    λ is multiplied by the learning rate, schedule included.

    Args:
        learning_rate: η, a number or a schedule.
        beta1: β₁, as in `Adam`.
        beta2: β₂, as in `Adam`.
        epsilon: ε, as in `Adam`.
        weight_decay: λ, at least 0.
        decayed: the dict keys whose leaves decay; None lets every parameter decay.
        clip_norm: see `Optimizer`.
        clip_value: see `Optimizer`.
    """

    weight_decay: float = 0.01
    decayed: tuple[str, ...] | None = ("W",)

    def __post_init__(self) -> None:
        super().__post_init__()
        NOT_NEGATIVE.require_fields(self, "weight_decay")
        if isinstance(self.decayed, str):
            raise ArgumentError(f"AdamW: decayed must be a tuple of dict keys: ({self.decayed!r},)")

    def initialise(self, parameters: Tree) -> dict[str, Tree]:
        """Return the state before the first step, zeros.

        Raises:
            ArgumentError: no parameter would decay, or a leaf is not an array of float32 or float64.
        """
        if self.weight_decay and not any(self._decays(path) for path, _ in tree.items(parameters)):
            raise ArgumentError(
                f"AdamW: no parameter stands under a dict key in decayed={self.decayed!r}, so none would "
                "decay; name your weights' keys there, or pass decayed=None to let every parameter decay"
            )
        return super().initialise(parameters)

    def update(
        self, parameters: Tree, gradients: Tree, state: dict[str, Tree], step: Scalar, total_steps: Scalar
    ) -> tuple[Tree, dict[str, Tree]]:
        """Return the parameters and the state after one step; see `Optimizer.update`."""
        decay = self.rate(step, total_steps) * self.weight_decay
        shrunk = [W - decay.astype(W.dtype) * W if self._decays(path) else W for path, W in tree.items(parameters)]
        return super().update(tree.rebuild(parameters, iter(shrunk)), gradients, state, step, total_steps)

    def _decays(self, path: KeyPath) -> bool:
        return self.decayed is None or not set(self.decayed).isdisjoint(path.keys)
