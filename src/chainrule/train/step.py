"""One training step as one program: gather the mini-batch, forward, loss, backward, update.

The whole step is a single traced function, so whatever executes it sees all of it at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from chainrule import tree
from chainrule.errors import ArgumentError
from chainrule.graph import Graph
from chainrule.ops import random_key
from chainrule.ops.value import Value, lift
from chainrule.optim import LBFGS, Adam, Optimizer
from chainrule.program import Program
from chainrule.train.problem import Objective, Problem
from chainrule.transforms import pull_back
from chainrule.transforms.backprop import or_zeros
from chainrule.tree import Tree
from chainrule.types import Array


class Weights(NamedTuple):
    """Everything that a step changes."""

    parameters: Tree
    optimizer: Tree
    state: Tree


class Step:
    """The step of a first-order optimiser."""

    def __init__(
        self, problem: Problem, optimizer: Optimizer, data: Sequence[Array], sample_weight: Array | None
    ) -> None:
        self.problem, self.optimizer = problem, optimizer
        self.data, self.sample_weight = tuple(data), sample_weight
        self.program = Program(self._step)
        self.finished = False

    def __call__(self, weights: Weights, seed: int, step: int, total: int, batch: Array) -> tuple[Weights, float]:
        """The weights after the step on the examples `batch` [B, int64], and the sum of their weighted losses."""
        time = (random_key(seed, step), np.float64(step), np.float64(total))
        changed, loss = self.program(weights, time, batch, self.sample_weight, self.data)
        return changed, float(loss)

    def graph(self, weights: Weights, batch: Array) -> Graph:
        """What is computed in a step on examples like these."""
        time = (random_key(0), np.float64(0), np.float64(1))
        return self.program.graph(weights, time, batch, self.sample_weight, self.data)

    def _step(self, weights: Weights, time: Any, batch: Any, sample_weight: Any, data: Any) -> tuple[Weights, Any]:
        key, step, total = time
        objective = gathered_objective(self.problem, weights.parameters, weights.state, key, batch, data)
        mean, loss_sum = _mean_loss(objective, sample_weight, batch)
        gradients = _gradients(mean + objective.penalty, weights.parameters)
        parameters, state = self.optimizer.update(weights.parameters, gradients, weights.optimizer, step, total)
        return Weights(parameters, state, objective.state), loss_sum


class FullBatchStep:
    """The step of L-BFGS: its line search asks for the loss and gradient of all examples as often as it needs."""

    def __init__(self, problem: Problem, optimizer: LBFGS, data: Sequence[Array], sample_weight: Array | None) -> None:
        self.problem, self.optimizer = problem, optimizer
        self.data, self.sample_weight = tuple(data), sample_weight
        self.program = Program(self._value_and_gradients)
        self.finished = False

    def __call__(self, weights: Weights, seed: int, step: int, total: int, batch: Array) -> tuple[Weights, float]:
        """As `Step`; the loss is that of the weights after the step.

        The function to minimise is the same at every step. So are therefore the key and, as dropout and sums depend
        on it, the order of the examples.
        """
        key, batch = random_key(seed), np.sort(batch)
        state = weights.state

        def objective(parameters: Tree) -> tuple[float, Tree]:
            nonlocal state
            loss, gradients, state = self.program(parameters, weights.state, key, batch, self.sample_weight, self.data)
            return float(loss), gradients

        parameters, memory, loss = self.optimizer.step(objective, weights.parameters, weights.optimizer)
        self.finished = bool(memory["finished"])
        return Weights(parameters, memory, state), float(loss) * len(batch)

    def graph(self, weights: Weights, batch: Array) -> Graph:
        """What is computed at each point that the line search asks about."""
        return self.program.graph(
            weights.parameters, weights.state, random_key(0), batch, self.sample_weight, self.data
        )

    def _value_and_gradients(
        self, parameters: Tree, state: Tree, key: Any, batch: Any, sample_weight: Any, data: Any
    ) -> tuple[Any, Tree, Tree]:
        objective = gathered_objective(self.problem, parameters, state, key, batch, data)
        loss = _mean_loss(objective, sample_weight, batch)[0] + objective.penalty
        return loss, _gradients(loss, parameters), objective.state


def chosen_optimizer(optimizer: Optimizer | LBFGS | None) -> Optimizer | LBFGS:
    """The optimiser that an argument of `fit` stands for: Adam(1e-3) if none is given."""
    if optimizer is None:
        return Adam(1e-3)
    if not isinstance(optimizer, Optimizer | LBFGS):
        raise ArgumentError(f"optimizer must be an optimiser such as optim.Adam(1e-3), got {optimizer!r}")
    return optimizer


def make_step(
    problem: Problem, optimizer: Optimizer | LBFGS, data: Sequence[Array], sample_weight: Array | None
) -> Step | FullBatchStep:
    """The kind of step that the optimiser needs."""
    kind: Any = FullBatchStep if isinstance(optimizer, LBFGS) else Step
    result: Step | FullBatchStep = kind(problem, optimizer, data, sample_weight)
    return result


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


def _mean_loss(objective: Objective, sample_weight: Any, batch: Any) -> tuple[Any, Any]:
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


def _gradients(loss: Value, parameters: Tree) -> Tree:
    nodes = [leaf.node for leaf in tree.leaves(parameters)]
    derivation = pull_back([loss.node], [lift(np.ones((), loss.dtype)).node], nodes)
    return tree.rebuild(parameters, iter(or_zeros(derivation.results, nodes)))
