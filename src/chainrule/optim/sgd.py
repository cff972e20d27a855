"""Stochastic gradient descent: a step against the gradient of a few examples, W ← W − η ∂ℒ/∂W.

Source: Robbins and Monro (1951), A stochastic approximation method.
"""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.constraints import FRACTION
from chainrule.errors import ArgumentError
from chainrule.optim.optimizer import Leaf, Leaves, Optimizer


@dataclass(frozen=True)
class SGD(Optimizer):
    """Stochastic gradient descent, with momentum μ if asked for.

        W ← W − η g                                   without momentum
        v ← μ v + g,  W ← W − η v                     with momentum
        v ← μ v + g,  W ← W − η (g + μ v)             with Nesterov's momentum

    Source: Polyak (1964) for momentum; Sutskever et al. (2013), On the importance of initialization and
    momentum in deep learning, for Nesterov's. The velocity v has no rate in it, as in PyTorch, so a schedule
    takes effect at once.

    Args:
        learning_rate: η, a number or a schedule.
        momentum: μ, at least 0 and below 1; 0.9 is usual.
        nesterov: look ahead along the velocity; needs momentum.
        clip_norm: see `Optimizer`.
        clip_value: see `Optimizer`.
    """

    momentum: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        FRACTION.require_fields(self, "momentum")
        if self.nesterov and self.momentum == 0:
            raise ArgumentError("SGD: nesterov=True needs a momentum above 0, for instance momentum=0.9")

    @property
    def slots(self) -> tuple[str, ...]:
        """The velocity v if there is momentum."""
        return ("velocity",) if self.momentum else ()

    def leaf_update(self, W: Leaf, g: Leaf, state: Leaves, scalars: Leaves) -> tuple[Leaf, Leaves]:
        """Return W and v after a step."""
        (rate,) = scalars
        if not self.momentum:
            return W - rate * g, ()
        (v,) = state
        v = self.momentum * v + g
        return W - rate * (g + self.momentum * v if self.nesterov else v), (v,)
