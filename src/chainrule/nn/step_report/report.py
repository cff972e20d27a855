"""One step of a network, explained: what users ask a step, and how it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.explain.derivation import Derivation
from chainrule.explain.expression import Symbol
from chainrule.figures import counted, figure
from chainrule.nn.dropout import Dropout
from chainrule.nn.step_report import page
from chainrule.nn.step_report.board import board
from chainrule.nn.step_report.diff import Changes, changes
from chainrule.nn.step_report.formula import formula, in_brackets
from chainrule.nn.step_report.matrix_form import matrix_form
from chainrule.nn.step_report.names import name
from chainrule.nn.step_report.numbers import WRITTEN_OUT, number, summary
from chainrule.nn.step_report.path_sum import Why
from chainrule.nn.step_report.paths import why
from chainrule.nn.step_report.record import StepRecord
from chainrule.nn.step_report.text import board_text
from chainrule.terminal.lines import broken
from chainrule.terminal.styled import Role, printed, styled
from chainrule.types import Array

SHOWN_UNITS = 40
"""Rows of a layer's table; of wider layers those of the largest |δ|."""
_SLOPE = "g′(z)"
_HEADS = {letter: formula(Symbol(letter)) for letter in "zaδ"}
_HEADS[_SLOPE] = formula(Symbol("g′"), in_brackets(Symbol("z")))
"""The columns of a layer's table as formulas."""


@dataclass(frozen=True)
class UnitTable:
    """The numbers of one layer for one example, unit by unit; prints as a table."""

    layer: int
    title: str
    columns: Mapping[str, Array]
    weights: tuple[str, ...]

    def text(self, ascii: bool = False, colour: bool | None = None) -> str:  # noqa: A002 (the option's name everywhere)
        """The table, of a wide layer the units of the largest |δ|; `colour` as in `StepExplanation.text`."""
        order = self._order()
        heads = "  unit" + "".join(f"{column:>16}" for column in self.columns)
        lines = [styled(self.title, Role.HEADING), styled(heads, Role.SUBJECT)]
        for unit in order:
            numbers = (number(values[unit]) for values in self.columns.values())
            lines.append(styled(f"  {unit + 1:>4}" + "".join(f"{text:>16}" for text in numbers)))
        for remark in self._remarks():
            lines += ("  " + line for line in broken([remark], 78))
        return printed(lines, ascii, colour)

    def __str__(self) -> str:
        return self.text(colour=False)

    def html(self) -> str:
        """The same as an HTML fragment."""
        return page.section(self.title, [self.table()])

    def table(self) -> str:
        """The table of this fragment, for a page that has the style already."""
        columns = [(_HEADS[letter], values) for letter, values in self.columns.items()]
        return page.units_table(self.title, columns, self._order(), self._remarks())

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


@dataclass(frozen=True, eq=False, repr=False)
class StepExplanation(StepRecord):
    """Forward pass, backward pass and update of a network, with numbers; `Network.explain_step` makes one.

    It prints as on a board, with `text` in other widths and in ASCII, and as tables in a notebook. The attributes are
    those of `StepRecord`.
    """

    def __repr__(self) -> str:
        return f"StepExplanation({self.architecture!r}, ℒ = {figure(self.loss)})"

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
        return why(self, parameter)

    def diff(self, other: StepExplanation) -> Changes:
        """What is different in another explanation: numbers side by side, the largest difference first.

        Raises:
            ArgumentError: the networks or the examples have other shapes.
        """
        return changes(self, other)

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
            columns = {"z": columns["z"], "a": columns["a"], _SLOPE: rule.slope[example], "δ": columns["δ"]}
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
        return matrix_form(self)

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
        return board_text(board(self, rule), width, ascii, colour)

    def __str__(self) -> str:
        return self.text(colour=False)

    def html(self) -> str:
        """The board as an HTML fragment: a table for each part with native MathML, wide layers unit by unit to unfold.

        Nothing runs, and nothing is loaded from elsewhere; the colours are those of the page that it stands in.
        """
        layers = [rule.layer for rule in self.rules]
        shown = [n for n, layer in enumerate(layers, 1) if not isinstance(layer, Dropout)]
        tables = [self.layer(n) for n in shown if self.z[n].shape[-1] > WRITTEN_OUT]
        wide = [page.folded(f"{table.title}, unit by unit", table.table()) for table in tables]
        return page.section("One step of a network", [*map(page.board_table, board(self, rule=True)), *wide])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html()}
