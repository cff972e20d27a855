"""Steps of an optimiser that looks at all examples and asks for gradients as often as it needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import tree
from chainrule.doctor.measuring import Detail
from chainrule.execution.program import Program
from chainrule.ops import random_key
from chainrule.optim.minimizer import Ending, FullBatchMinimizer
from chainrule.train.gradient import backward_pass_of, gathered_objective, gradients_of, mean_loss
from chainrule.train.problem import Problem
from chainrule.train.weights import Weights, first_not_finite
from chainrule.tree import Tree
from chainrule.types import Array

if TYPE_CHECKING:
    from chainrule.runtime.inspection import Inspection


class FullBatchRunner:
    """Makes the steps of a search, such as L-BFGS: each asks for loss and gradient as often as it needs."""

    def __init__(
        self,
        problem: Problem,
        optimizer: FullBatchMinimizer,
        data: Sequence[Array],
        sample_weight: Array | None,
        weights: Weights,
    ) -> None:
        self.problem, self.optimizer = problem, optimizer
        # a call reads contiguous arrays: one copy now, if need be, is less than one at every point that is asked for
        self.data, self.sample_weight = tree.map_leaves(np.ascontiguousarray, tuple(data)), sample_weight
        self.program = Program(self._value_and_gradients, cache_key=problem.cache_key)
        self.ending: Ending | None = None
        self.weights = self._kept = weights

    def keep(self) -> None:
        """As `Runner.keep`."""
        self._kept = self.weights

    def go_back(self) -> None:
        """As `Runner.go_back`."""
        self.weights = self._kept

    def not_finite(self) -> str:
        """As `Runner.not_finite`."""
        return first_not_finite(self.weights.parameters)

    def prepare(self, size: int, details: Iterable[Detail] = ()) -> None:
        """Nothing: it is compiled when it is called."""

    def run(self, seed: int, step: int, total: int, batches: Array) -> Array:
        """As `Runner.run`, for one batch; the loss is that of the weights after the step.

        The function to minimise is the same at every step. So are therefore the key and, as dropout and sums depend
        on it, the order of the examples.
        """
        key, batch = random_key(seed), np.sort(batches[0])
        weights = self.weights
        state = weights.state

        def objective(parameters: Tree) -> tuple[float, Tree]:
            nonlocal state
            loss, gradients, state = self.program(parameters, weights.state, key, batch, self.sample_weight, self.data)
            return float(loss), gradients

        parameters, memory, loss = self.optimizer.step(objective, weights.parameters, weights.optimizer)
        if not np.isfinite(loss):
            return np.empty(0)
        self.ending = self.optimizer.ending(parameters, memory)
        self.weights = Weights(parameters, memory, state)
        return np.array([float(loss) * len(batch)])

    def text(self, weights: Weights, batch: Array) -> str:
        """What is computed at each point that the line search asks about, on examples like these."""
        arguments = weights.parameters, weights.state, random_key(0), batch, self.sample_weight, self.data
        return str(self.program.graph(*arguments))

    def inspection(self, size: int) -> Inspection:
        """What the engine makes of the computation at a point."""
        from chainrule.runtime.inspection import Inspection

        weights, batch = self.weights, np.arange(size) % len(self.data[0])
        arguments = (weights.parameters, weights.state, random_key(0), batch, self.sample_weight, self.data)
        return Inspection(self.program.graph(*arguments), tree.leaves(arguments), name="loss and gradient")

    def _value_and_gradients(
        self, parameters: Tree, state: Tree, key: Any, batch: Any, sample_weight: Any, data: Any
    ) -> tuple[Any, Tree, Tree]:
        objective = gathered_objective(self.problem, parameters, state, key, batch, data)
        loss = mean_loss(objective, sample_weight, batch)[0] + objective.penalty
        return loss, gradients_of(backward_pass_of(loss, tree.leaves(parameters)), parameters), objective.state
