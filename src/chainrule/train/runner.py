"""What makes the steps of a training, whatever the optimiser."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from chainrule.doctor.measuring import Detail
from chainrule.errors import ArgumentError
from chainrule.optim import Adam, Minimizer, Optimizer
from chainrule.optim.minimizer import Ending, FullBatchMinimizer
from chainrule.train.full_batch_runner import FullBatchRunner
from chainrule.train.gradient_accumulation import GradientAccumulation
from chainrule.train.problem import Problem
from chainrule.train.step_runner import StepRunner
from chainrule.train.weights import Weights
from chainrule.types import Array

if TYPE_CHECKING:
    from chainrule.runtime.inspection import Inspection


class Runner(Protocol):
    """Makes steps, and holds the weights that they change.

    Attributes:
        weights: what the steps have made of them so far.
    """

    weights: Weights

    @property
    def ending(self) -> Ending | None:
        """Why the optimiser has nothing left to do after the last step; None if it goes on."""

    def keep(self) -> None:
        """Remember the weights as they are now, in place of those remembered before."""

    def go_back(self) -> None:
        """Go back to the weights that were remembered."""

    def not_finite(self) -> str:
        """The first parameter that holds an infinity or NaN; "" if there is none."""

    def prepare(self, size: int, details: Iterable[Detail] = ...) -> None:
        """Compile the step for batches of a size, unless it was done before."""

    def run(self, seed: int, step: int, total: int, batches: Array) -> Array:
        """Make an update on each of some batches; see `StepRunner.run`."""

    def text(self, weights: Weights, batch: Array) -> str:
        """What is computed in a step on examples like these, as checkpoints know it."""

    def inspection(self, size: int) -> Inspection:
        """What the engine makes of a step on batches of a size."""


def chosen_optimizer(optimizer: Minimizer | None) -> Minimizer:
    """The optimiser that an argument of `fit` stands for: Adam(1e-3) if none is given."""
    if optimizer is None:
        return Adam(1e-3)
    if not isinstance(optimizer, Optimizer | FullBatchMinimizer):
        raise ArgumentError(f"optimizer must be an optimiser such as optim.Adam(1e-3), got {optimizer!r}")
    return optimizer


def make_runner(
    problem: Problem,
    optimizer: Minimizer,
    data: Sequence[Array],
    sample_weight: Array | None,
    weights: Weights,
    accumulation: GradientAccumulation | None = None,
) -> Runner:
    """What makes the steps that the optimiser needs, from these weights on."""
    if isinstance(optimizer, Optimizer):
        return StepRunner(problem, optimizer, data, sample_weight, weights, accumulation)
    assert isinstance(optimizer, FullBatchMinimizer)  # `chosen_optimizer` lets nothing else through
    if accumulation is not None and (accumulation.accumulates or accumulation.transform):
        raise ArgumentError(
            "LBFGS takes all examples at once and asks for gradients as often as it needs; use accumulate= and "
            "transform_gradients= with a first-order optimiser such as optim.Adam(1e-3)"
        )
    return FullBatchRunner(problem, optimizer, data, sample_weight, weights)
