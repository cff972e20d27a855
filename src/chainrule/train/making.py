"""Which step an optimiser needs."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.errors import ArgumentError
from chainrule.optim import LBFGS, Adam, Optimizer
from chainrule.train.full_batch import FullBatchStep
from chainrule.train.problem import Problem
from chainrule.train.seam import Seam
from chainrule.train.step import Step
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
    seam: Seam | None = None,
) -> Step | FullBatchStep:
    """The kind of step that the optimiser needs, at these weights."""
    if not isinstance(optimizer, LBFGS):
        return Step(problem, optimizer, data, sample_weight, weights, seam)
    if seam is not None and (seam.accumulates or seam.transform):
        raise ArgumentError(
            "LBFGS takes all examples at once and asks for gradients as often as it needs; use accumulate= and "
            "transform_gradients= with a first-order optimiser such as optim.Adam(1e-3)"
        )
    return FullBatchStep(problem, optimizer, data, sample_weight, weights)
