"""From the positions of a mini-batch to the gradient of its loss: gather, forward, mean, and the chain rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule import tree
from chainrule.errors import ArgumentError
from chainrule.ops.value import Value, lift
from chainrule.train.problem import Objective, Problem
from chainrule.transforms import pull_back
from chainrule.transforms.backprop import or_zeros
from chainrule.transforms.backward_pass import BackwardPass
from chainrule.tree import Tree


def gathered_objective(problem: Problem, parameters: Tree, state: Tree, key: Any, batch: Any, data: Any) -> Objective:
    """The objective at the examples whose positions `batch` holds."""
    objective = problem.objective(parameters, state, key, *(np.take(array, batch, axis=0) for array in data))
    if not isinstance(objective.losses, Value) or objective.losses.dtype.kind != "f":
        raise ArgumentError(
            f"the loss function returned {objective.losses!r}; it must return float32 or float64 losses that are "
            "computed from the parameters and the examples"
        )
    shape = np.shape(objective.losses)
    if shape not in ((), batch.shape):
        raise ArgumentError(
            f"the loss function returned shape {list(shape)} for a batch of {len(batch)}; "
            f"it must return one loss for each example, [{len(batch)}], or their mean, []"
        )
    return objective


def mean_loss(objective: Objective, sample_weight: Any, batch: Any) -> tuple[Any, Any]:
    """The mean loss of the batch, in the dtype of the parameters, and the sum of the weighted losses in float64.

    Weights have mean 1 over the training data, so the mean over a batch of weighted losses has the right expectation.
    """
    losses = objective.losses
    if sample_weight is not None:
        if not np.shape(losses):
            raise ArgumentError("sample weights need a loss for each example; return an array [B], not their mean")
        losses = losses * np.take(sample_weight, batch, axis=0).astype(losses.dtype)
    mean = np.mean(losses)
    if np.shape(losses):
        return mean, np.sum(lift(losses).astype(np.float64))
    return mean, lift(mean).astype(np.float64) * len(batch)


def backward_pass_of(loss: Value, values: Sequence[Any]) -> BackwardPass:
    """The loss differentiated with respect to values of its trace."""
    return pull_back([loss.node], [lift(np.ones((), loss.dtype)).node], [lift(value).node for value in values])


def gradients_of(backward_pass: BackwardPass, parameters: Tree) -> Tree:
    """The results of a backward pass in the structure of the parameters."""
    return tree.rebuild(parameters, iter(or_zeros(backward_pass.results, backward_pass.wrt)))
