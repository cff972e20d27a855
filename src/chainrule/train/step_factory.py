"""Which step an optimiser needs."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.errors import ArgumentError
from chainrule.optim import LBFGS, Adam, Optimizer
from chainrule.train.full_batch import FullBatchStep
from chainrule.train.gradient_accumulation import GradientAccumulation
from chainrule.train.problem import Problem
from chainrule.train.step_runner import StepRunner
from chainrule.train.weights import Weights
from chainrule.types import Array


def chosen_optimizer(optimizer: Optimizer | LBFGS | None) -> Optimizer | LBFGS:
    """The optimiser that an argument of `fit` stands for: Adam(1e-3) if none is given."""
    if optimizer is None:
        return Adam(1e-3)
    if not isinstance(optimizer, Optimizer | LBFGS):
        raise ArgumentError(f"optimizer must be an optimiser such as optim.Adam(1e-3), got {optimizer!r}")
    return optimizer


def make_step(
    problem: Problem,
    optimizer: Optimizer | LBFGS,
    data: Sequence[Array],
    sample_weight: Array | None,
    weights: Weights,
    accumulation: GradientAccumulation | None = None,
) -> StepRunner | FullBatchStep:
    """The kind of step that the optimiser needs, at these weights."""
    if not isinstance(optimizer, LBFGS):
        return StepRunner(problem, optimizer, data, sample_weight, weights, accumulation)
    if accumulation is not None and (accumulation.accumulates or accumulation.transform):
        raise ArgumentError(
            "LBFGS takes all examples at once and asks for gradients as often as it needs; use accumulate= and "
            "transform_gradients= with a first-order optimiser such as optim.Adam(1e-3)"
        )
    return FullBatchStep(problem, optimizer, data, sample_weight, weights)
