"""One training step as one function: gather the mini-batch, forward, loss, backward, update.

The whole step is a single traced function, so whatever executes it sees all of it at once. It is a step of a loop
(see `execution.loop`), which carries the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypedDict

from chainrule import tree
from chainrule.doctor.measuring import Watched, measured_layers, measured_weights
from chainrule.ops.value import Value
from chainrule.optim import Optimizer
from chainrule.train.gradient import backward_pass_of, gathered_objective, gradients_of, mean_loss
from chainrule.train.gradient_accumulation import GradientAccumulation, Part, add_up, only_if
from chainrule.train.problem import Problem
from chainrule.train.weights import Weights
from chainrule.transforms.backprop import or_zeros
from chainrule.transforms.backward_pass import BackwardPass
from chainrule.tree import KeyPath, Tree


class Carry(TypedDict):
    """What a step hands on to the next.

    Attributes:
        weights: parameters, optimiser state and model state.
        sums: of gradients, where several micro-batches make an update.
    """

    weights: Weights
    sums: Tree


class PerStep(TypedDict):
    """What every step has of its own.

    Attributes:
        key: of the random bits, u32[3].
        number: of updates already made, float64.
        part: the place of its micro-batch in an update; empty if one batch makes it.
        rows: positions of its examples, int64 [B].
    """

    key: Any
    number: Any
    part: Part | tuple[()]
    rows: Any


class Fixed(TypedDict):
    """What is the same in all steps.

    Attributes:
        total: the number of updates of the whole training, float64.
        sample_weight: how much each example counts [n], or None.
        data: arrays with a row for each example.
    """

    total: Any
    sample_weight: Any
    data: Sequence[Any]


class Made(NamedTuple):
    """What a step made, as it was traced.

    Attributes:
        carry: for the next step.
        loss_sum: of the batch's examples.
        loss: what is differentiated.
        gradients: of it, those of earlier micro-batches of the update included.
        layers: what the problem lets be watched.
        backward_pass: how the gradients of this batch came about.
    """

    carry: Carry
    loss_sum: Any
    loss: Value
    gradients: Tree
    layers: Sequence[Watched]
    backward_pass: BackwardPass


class Step:
    """The step of a first-order optimiser; its methods `training_step…` are functions for `execution.loop`."""

    def __init__(self, problem: Problem, optimizer: Optimizer, accumulation: GradientAccumulation) -> None:
        self.problem, self.optimizer, self.accumulation = problem, optimizer, accumulation
        self.units: list[int] = []  # outputs of each layer that is watched
        self.unreached: list[KeyPath] = []  # parameters that no path from the loss leads to

    def training_step(self, carry: Carry, per_step: PerStep, fixed: Fixed) -> tuple[Carry, tuple[Any]]:
        """The new weights, and the sum of the losses."""
        made = self.make(carry, per_step, fixed)
        return made.carry, (made.loss_sum,)

    def training_step_watching_layers(
        self, carry: Carry, per_step: PerStep, fixed: Fixed
    ) -> tuple[Carry, tuple[Any, list[dict[str, Any]]]]:
        """As `training_step`, with what is measured of every layer."""
        made = self.make(carry, per_step, fixed)
        return made.carry, (made.loss_sum, _watched(made))

    def training_step_watching_everything(
        self, carry: Carry, per_step: PerStep, fixed: Fixed
    ) -> tuple[Carry, tuple[Any, list[dict[str, Any]]]]:
        """As `training_step_watching_layers`, with what is measured of the weights."""
        made = self.make(carry, per_step, fixed)
        of_weights = measured_weights(carry["weights"].parameters, made.gradients, made.carry["weights"].parameters)
        return made.carry, (made.loss_sum, [a | b for a, b in zip(_watched(made), of_weights, strict=True)])

    def make(self, carry: Carry, per_step: PerStep, fixed: Fixed) -> Made:
        """Everything that a step makes."""
        weights, sums, part, rows = carry["weights"], carry["sums"], per_step["part"], per_step["rows"]
        objective = gathered_objective(
            self.problem, weights.parameters, weights.state, per_step["key"], rows, fixed["data"]
        )
        mean, loss_sum = mean_loss(objective, fixed["sample_weight"], rows)
        loss, last = mean + objective.penalty, True
        if part:
            first, last, share = part
            loss = loss * share.astype(loss.dtype)
        backward_pass = backward_pass_of(loss, tree.leaves(weights.parameters))
        gradients = gradients_of(backward_pass, weights.parameters)
        named = zip(tree.items(weights.parameters), backward_pass.results, strict=True)
        self.unreached = [path for (path, _), result in named if result is None]
        self.units = [int(layer.a.shape[-1]) for layer in objective.layers]
        if part:
            gradients = sums = add_up(sums, gradients, first)
        transformed = self.accumulation.transformed(gradients, last)
        updated = self.optimizer.update(
            weights.parameters, transformed, weights.optimizer, per_step["number"], fixed["total"]
        )
        if part:
            updated = only_if(last, updated, (weights.parameters, weights.optimizer))
        new = Carry(weights=Weights(*updated, objective.state), sums=sums)
        return Made(new, loss_sum, loss, gradients, objective.layers, backward_pass)


def _watched(made: Made) -> list[dict[str, Any]]:
    """What is measured of the layers of a step."""
    values = [value for layer in made.layers for value in (layer.z, layer.a)]
    backward_pass = backward_pass_of(made.loss, values)
    derivatives = or_zeros(backward_pass.results, backward_pass.wrt)
    return measured_layers(made.layers, derivatives[::2], derivatives[1::2])
