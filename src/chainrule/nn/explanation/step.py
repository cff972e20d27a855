"""One step of a network, explained: every number of forward pass, backward pass and update, under its name.

Colours, pages and derivations are imported when they are asked for: networks are used without them, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.figures import counted, figure
from chainrule.nn.architecture import Architecture
from chainrule.nn.backpropagation import Backpropagation, Gradient
from chainrule.nn.dense import Dense
from chainrule.nn.dropout import Dropout
from chainrule.nn.explanation import change, paths
from chainrule.nn.explanation.board import board
from chainrule.nn.explanation.formulas import Formula, output_formula, slope_formula
from chainrule.nn.explanation.local_rules import LocalRule
from chainrule.nn.explanation.notation import WRITTEN_OUT, broken, finished, name, number, summary, text_of
from chainrule.optim import LBFGS, Optimizer
from chainrule.tree import Tree
from chainrule.types import Array

if TYPE_CHECKING:
    from chainrule.explain.derivation import Derivation
    from chainrule.nn.explanation.why import Why

SHOWN_UNITS = 40
"""Rows of a layer's table; of wider layers those of the largest |δ|."""


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

    optimizer: Optimizer | LBFGS
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


@dataclass(frozen=True)
class UnitTable:
    """The numbers of one layer for one example, unit by unit; prints as a table."""

    layer: int
    title: str
    columns: Mapping[str, Array]
    weights: tuple[str, ...]

    def text(self, ascii: bool = False, colour: bool | None = None) -> str:  # noqa: A002 (the option's name everywhere)
        """The table, of a wide layer the units of the largest |δ|; `colour` as in `StepExplanation.text`."""
        from chainrule.nn.explanation.colour import TABLE_STYLES, painted

        order = self._order()
        lines = [self.title, "  unit" + "".join(f"{column:>16}" for column in self.columns)]
        for unit in order:
            numbers = (number(values[unit]) for values in self.columns.values())
            lines.append(f"  {unit + 1:>4}" + "".join(f"{text:>16}" for text in numbers))
        for remark in self._remarks():
            lines += (f"  {line}" for line in broken([remark], 78))
        return painted(finished("\n".join(lines), ascii), TABLE_STYLES, colour)

    def __str__(self) -> str:
        return self.text(colour=False)

    def html(self) -> str:
        """The same as an HTML fragment."""
        from chainrule.nn.explanation import page

        return page.section(self.title, [self.table()])

    def table(self) -> str:
        """The table of this fragment, for a page that has the style already."""
        from chainrule.nn.explanation import page

        return page.units_table(self.title, self.columns, self._order(), self._remarks())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html()}

    @property
    def units(self) -> int:
        """How many units the layer has."""
        return len(next(iter(self.columns.values())))

    def _order(self) -> list[int]:
        """The units that are shown."""
        if self.units <= SHOWN_UNITS:
            return list(range(self.units))
        last = list(self.columns.values())[-1]
        return [int(unit) for unit in np.argsort(-np.abs(last), kind="stable")[:SHOWN_UNITS]]

    def _remarks(self) -> list[str]:
        """How many units are not shown, and the weights."""
        hidden = self.units - SHOWN_UNITS
        return [*([f"and {counted(hidden, 'unit')} of smaller |δ|"] if hidden > 0 else []), *self.weights]


@dataclass(frozen=True, eq=False)
class StepExplanation:
    """Forward pass, backward pass and update of a network, with numbers; `Network.explain_step` makes one.

    It prints as on a board, with `text` in other widths and in ASCII, and as tables in a notebook.

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

    def __repr__(self) -> str:
        return f"StepExplanation({self.architecture!r}, ℒ = {figure(self.loss)})"

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
        """∂ℒ by the parameters and the input: grad.W[l], grad.b[l], grad.x, grad.parameters."""
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

    # Asking further

    def why(self, parameter: str) -> Why:
        """Why a derivative is what it is: the sum over all paths to ℒ, one factor for every edge.

        Args:
            parameter: a weight or bias of a Dense layer, "W1[1,2]", "b2[1]"; an input, "x[3]"; scale or shift of a
                normalisation, "scale2[1]", "shift2[1]", or "γ2[1]", "β2[1]"; or an element of an embedding's table,
                "tables1(2)[5,1]", the vector of code 4 in the second table. Indices count from 1.

        Raises:
            ArgumentError: there is no such number, or it is inside of a block or of a layer of your own.
            GradientError: the paths do not add up to the engine's derivative.
        """
        return paths.why(self, parameter)

    def diff(self, other: StepExplanation) -> change.Changes:
        """What is different in another explanation: numbers side by side, the largest difference first.

        Raises:
            ArgumentError: the networks or the examples have other shapes.
        """
        return change.changes(self, other)

    def layer(self, number_of_layer: int, example: int = 0) -> UnitTable:
        """The numbers of one layer, unit by unit.

        Args:
            number_of_layer: l, from 1.
            example: the row of a batch, from 0.

        Raises:
            ArgumentError: there is no such layer or example.
        """
        count = len(self.rules)
        if number_of_layer not in range(1, count + 1):
            raise ArgumentError(f"this network has layers 1 … {count}, got {number_of_layer!r}")
        if example not in range(self.example_count):
            raise ArgumentError(f"there are examples 0 … {self.example_count - 1}, got {example!r}")
        rule = self.rules[number_of_layer - 1]
        columns = {
            letter: np.atleast_2d(arrays[number_of_layer])[example]
            for letter, arrays in (("z", self.z), ("a", self.a), ("δ", self.delta))
        }
        if columns["a"].shape != columns["z"].shape or not rule.activated:
            columns.pop("z" if not rule.activated else "a")
        if rule.slope is not None:
            columns = {"z": columns["z"], "a": columns["a"], "g′(z)": rule.slope[example], "δ": columns["δ"]}
        title = f"layer {number_of_layer}, {type(rule.layer).__name__}"
        if self.example_count > 1:
            title += f", example {example + 1} of {self.example_count}"
        return UnitTable(number_of_layer, title, columns, self._weights(number_of_layer))

    def _weights(self, layer: int) -> tuple[str, ...]:
        if layer not in self.grad.W:
            return ()
        W, gradient = self.rules[layer - 1].parameters["W"], self.grad.W[layer]
        label = name("W", layer)
        return (f"{label} = {summary(W)}", f"∂ℒ/∂{label} = {summary(gradient)}")

    def derivation(self) -> Derivation:
        """The backward pass in matrices, line by line as on a board, each with its derivation by index.

        One example is a column, δ¹xᵀ, several are the rows of a matrix, δ¹ᵀx. Everything is computed in float64.

        Returns:
            A derivation of ℒ by all parameters, as `chainrule.derive` makes them: it prints, and has LaTeX and HTML.

        Raises:
            ArgumentError: a layer other than Dense, or an activation or a loss of your own that has no form in
                matrices.
            DerivationError: a line is not what the engine computes; this would be a defect of chainrule.
        """
        from chainrule.nn.explanation.in_matrices import in_matrices

        return in_matrices(self)

    # How quantities are called

    def unit_name(self, letter: str, layer: int, unit: int) -> str:
        """A unit's z, a or δ; the number of a unit that is the only one of its layer is left out."""
        arrays = self.a if letter == "a" else self.z
        return name(letter, layer, unit) if arrays[layer].shape[-1] > 1 else name(letter, layer)

    def slope_formula(self, layer: int) -> Formula | None:
        """The usual form of g′(zˡ)."""
        rule = self.rules[layer - 1]
        if rule.slope is None or not isinstance(rule.layer, Dense):
            return None
        z, a = np.atleast_2d(self.z[layer]), np.atleast_2d(self.a[layer])
        return slope_formula(rule.layer.activation, z, a, rule.slope)

    def slope_form(self, layer: int, unit: int) -> str:
        """What ∂aˡ/∂zˡ is for a unit."""
        z, a = self.unit_name("z", layer, unit), self.unit_name("a", layer, unit)
        formula = self.slope_formula(layer)
        return formula.form.format(z=z, a=a) if formula else f"g′({z})"

    def output_formula(self) -> Formula | None:
        """The usual form of ∂ℒ/∂aᴸ, without the 1/N of a batch."""
        outputs = np.atleast_2d(self.a[len(self.rules)])
        return output_formula(self.architecture.loss, self.targets, outputs, self.output_derivative)

    def output_form(self, unit: int) -> str:
        """What ∂ℒ/∂aᴸ is for a unit."""
        formula, top = self.output_formula(), len(self.rules)
        if formula is None:
            return f"{self.architecture.loss.name}′"
        several = self.a[top].shape[-1] > 1
        a = self.unit_name("a", top, unit) if "softmax" not in formula.form else name("a", top)
        y = name("y", -1, unit) if several else name("y", -1)
        index = name("", -1, unit) if several and "softmax" in formula.form else ""
        form = formula.form.format(a=a, y=y, i=index)
        return form if self.example_count == 1 else f"{formula.bracketed(a=a, y=y, i=index)}/{self.example_count}"

    # Writing

    def text(
        self,
        ascii: bool = False,  # noqa: A002 (the option's name everywhere)
        width: int = 80,
        rule: bool = False,
        colour: bool | None = None,
    ) -> str:
        """The board as text.

        Args:
            ascii: whether to do without ∂, δ and the like.
            width: characters in a line.
            rule: whether to show what the optimiser keeps and computes, such as Adam's m̂ and v̂.
            colour: whether to use ANSI colours; by default if the output is a terminal and NO_COLOR is not set.
        """
        from chainrule.nn.explanation.colour import BOARD_STYLES, painted

        return painted(text_of(board(self, rule), width, ascii), BOARD_STYLES, colour)

    def __str__(self) -> str:
        return self.text(colour=False)

    def html(self) -> str:
        """The board as an HTML fragment: a table for each part with native MathML, wide layers unit by unit to unfold.

        Nothing runs, and nothing is loaded from elsewhere; the colours are those of the page that it stands in.
        """
        from chainrule.nn.explanation import page

        layers = [rule.layer for rule in self.rules]
        shown = [n for n, layer in enumerate(layers, 1) if not isinstance(layer, Dropout)]
        tables = [self.layer(n) for n in shown if self.z[n].shape[-1] > WRITTEN_OUT]
        wide = [page.folded(f"{table.title}, unit by unit", table.table()) for table in tables]
        return page.section("One step of a network", [*map(page.board_table, board(self, rule=True)), *wide])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html()}
