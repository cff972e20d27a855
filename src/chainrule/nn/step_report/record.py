"""What is known of one step of a network: every number of forward pass, backward pass and update, and its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from chainrule.explain.expression import Expression, Symbol
from chainrule.nn.architecture import Architecture
from chainrule.nn.backpropagation import Backpropagation, Gradient
from chainrule.nn.dense import Dense
from chainrule.nn.step_report.closed_forms import ClosedForm, output_form, slope_form
from chainrule.nn.step_report.formula import Formula, formula, in_brackets
from chainrule.nn.step_report.local_rules import LocalRule
from chainrule.nn.step_report.names import name, quantity
from chainrule.optim import Minimizer
from chainrule.tree import Tree
from chainrule.types import Array


@dataclass(frozen=True)
class Update:
    """What the optimiser did with the gradient.

    Attributes:
        optimizer: the optimiser.
        plain: whether it is W ← W − η g with the gradient as it is, so that the first-order change is −η‖g‖².
        transformed: whether the optimiser got another gradient than that of ℒ.
        parameters: the parameters after the step.
        numbers: what the rule keeps and computes, by its symbol, such as "v", "m̂": trees like the parameters.
        loss: ℒ of the same examples after the step.
        predicted: the change of ℒ to first order, ⟨g, Δ⟩.
    """

    optimizer: Minimizer
    plain: bool
    transformed: bool
    parameters: Tree
    numbers: Mapping[str, Tree]
    loss: float
    predicted: float


@dataclass(frozen=True)
class DifferenceCheck:
    """An entry of the gradient against the central difference of ℒ, computed in float64.

    Attributes:
        name: of the parameter, such as "W¹[1,2]".
        derivative: from the engine.
        difference: (ℒ(w + h) − ℒ(w − h)) / 2h.
        agrees: whether they are equal up to the rounding of the network's dtype. A kink of ℒ within h makes them
            differ, and so does a loss so large that the difference is lost in its rounding.
    """

    name: str
    derivative: float
    difference: float
    agrees: bool


@dataclass(frozen=True, eq=False)
class StepRecord:
    """The numbers of a step under their names; `StepExplanation` is what asks and writes them.

    Attributes:
        architecture: what the network computes.
        parameters: as they were.
        targets: as the loss takes them.
        numbers: the engine's forward and backward pass.
        rules: the chain rule of every layer by itself, first to last.
        output_derivative: ∂ℒ/∂aᴸ [N × k].
        output_rounding: what rounding may put it off [N × k].
        update: what the optimiser did.
        checks: entries of the gradient beside central differences.
        replay: the largest difference, relative to the largest |δˡ|, between the engine's δˡ and the layers' own rules.
    """

    architecture: Architecture
    parameters: Tree
    targets: Array
    numbers: Backpropagation
    rules: tuple[LocalRule, ...]
    output_derivative: Array
    output_rounding: Array
    update: Update
    checks: tuple[DifferenceCheck, ...]
    replay: float

    @property
    def loss(self) -> float:
        """ℒ before the step."""
        return self.numbers.loss

    @property
    def z(self) -> Mapping[int, Array]:
        """{l: zˡ}."""
        return self.numbers.z

    @property
    def a(self) -> Mapping[int, Array]:
        """{l: aˡ}; a[0] is the input."""
        return self.numbers.a

    @property
    def delta(self) -> Mapping[int, Array]:
        """{l: δˡ = ∂ℒ/∂zˡ}."""
        return self.numbers.delta

    @property
    def grad(self) -> Gradient:
        """The gradients of the parameters and of the input: grad.W[l], grad.b[l], grad.x, grad.parameters."""
        return self.numbers.grad

    @property
    def loss_after(self) -> float:
        """ℒ of the same examples after the step."""
        return self.update.loss

    @property
    def actual_change(self) -> float:
        """By how much the step changed ℒ."""
        return self.loss_after - self.loss

    @property
    def predicted_change(self) -> float:
        """By how much it would have changed if ℒ were linear: ⟨g, Δ⟩, which is −η‖g‖² for gradient descent."""
        return self.update.predicted

    @property
    def parameters_after(self) -> Tree:
        """The parameters that the step leads to, in the structure of `network.parameters`."""
        return self.update.parameters

    @property
    def example_count(self) -> int:
        """N."""
        return len(self.rules[0].below)

    def unit_name(self, letter: str, layer: int, unit: int) -> str:
        """A unit's z, a or δ; the number of a unit that is the only one of its layer is left out."""
        return name(letter, layer, *self._index(letter, layer, unit))

    def unit(self, letter: str, layer: int, unit: int) -> Expression:
        """The same as an expression."""
        return quantity(letter, layer, *self._index(letter, layer, unit))

    def _index(self, letter: str, layer: int, unit: int) -> tuple[int, ...]:
        arrays = self.a if letter == "a" else self.z
        return (unit,) if arrays[layer].shape[-1] > 1 else ()

    def slope_form(self, layer: int) -> ClosedForm | None:
        """The usual form of g′(zˡ)."""
        rule = self.rules[layer - 1]
        if rule.slope is None or not isinstance(rule.layer, Dense):
            return None
        z, a = np.atleast_2d(self.z[layer]), np.atleast_2d(self.a[layer])
        return slope_form(rule.layer.activation, z, a, rule.slope)

    def unit_slope(self, layer: int, unit: int) -> Formula:
        """What ∂aˡ/∂zˡ is for a unit."""
        z, a = self.unit("z", layer, unit), self.unit("a", layer, unit)
        form = self.slope_form(layer)
        return form.formula(z, a) if form else formula(Symbol("g′"), in_brackets(z))

    def output_form(self) -> ClosedForm | None:
        """The usual form of ∂ℒ/∂aᴸ, without the 1/N of a batch."""
        outputs = np.atleast_2d(self.a[len(self.rules)])
        return output_form(self.architecture.loss, self.targets, outputs, self.output_derivative)

    def unit_output(self, unit: int) -> Formula:
        """What ∂ℒ/∂aᴸ is for a unit."""
        form, top = self.output_form(), len(self.rules)
        if form is None:
            return formula(Symbol(f"{self.architecture.loss.name}′"))
        y, a = quantity("y", top, *self._index("a", top, unit)), self.unit("a", top, unit)
        return form.formula(y, a) if self.example_count == 1 else formula(form.factor(y, a), "/", self.example_count)
