"""What a derivation consists of: paths, lines, and how far they were checked; every format is made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from chainrule.explain.expression import Derivative, Expression
from chainrule.types import Array

SCHEMA = 2
"""The version of the JSON form."""

Style = Literal["paths", "reverse", "forward"]


@dataclass(frozen=True)
class Edge:
    """One edge of the graph: `target` is computed from `source`.

    Attributes:
        source: the name of the operand.
        target: the name of the result.
        local: ∂target/∂source in the names of the operands of `target`, from the rule of its operation.
        value: `local` at the point, if there is one.
        alone: whether `target` is computed from `source` alone, so that d is written, not ∂.
    """

    source: str
    target: str
    local: Expression
    value: float | None = None
    alone: bool = False

    @property
    def derivative(self) -> Derivative:
        """∂target/∂source, or dtarget/dsource."""
        return Derivative(self.target, self.source, self.alone)


@dataclass(frozen=True)
class Path:
    """A way from the variable to the function, in the order of the computation."""

    edges: tuple[Edge, ...]


@dataclass(frozen=True)
class Check:
    """How far a line was from the line above at random points; `worst` is a relative error, made at `points` points."""

    points: int
    worst: float


class Rule(StrEnum):
    """What was done to get to a line."""

    SOUGHT = "sought"
    """Nothing: the first line names the derivative that is sought."""
    CHAIN_RULE = "chain rule"
    LOCAL_DERIVATIVES = "local derivatives"
    ELIMINATE = "eliminate"
    """The line's names were replaced by what they stand for."""
    DROP_ZERO_TERMS = "drop zero terms"
    MULTIPLY_OUT = "multiply out"
    COLLECT = "collect"
    RECOGNISE_SIGMOID = "recognise σ"
    INSERT = "insert"
    """Derivatives on the way were replaced by what they are."""
    NO_PATH = "no path leads to it"
    ROWS_ADD_UP = "rows add up to 1"
    """Sums over the rows of the line's names were replaced by 1."""
    INTERMEDIATE = "intermediate"
    """The line computes what stands on its left, on the way to what is sought."""


@dataclass(frozen=True)
class Line:
    """One line of the board; it equals the line above, or what stands on its left.

    Attributes:
        rule: what was done to get here.
        expression: what stands after the equals sign.
        note: said beside it; "" for nothing.
        check: how it was checked; None for the first line, which is what is sought.
        value: the engine's numbers for an array at the point, if there is one.
        reason: why a matrix rule holds, as lines of its own: its derivation by index.
        left: what stands before the equals sign if it is not what is sought: in reverse and forward mode, and for
            arrays, a derivative on the way there.
        names: what the rule was applied to: those that were eliminated, or whose rows add up to 1.
    """

    rule: Rule
    expression: Expression
    note: str = ""
    check: Check | None = None
    value: Array | None = field(default=None, compare=False)
    reason: tuple[Line, ...] = ()
    left: Expression | None = None
    names: tuple[str, ...] = ()

    @property
    def action(self) -> str:
        """The rule in words, with the names that it was applied to."""
        names = ", ".join(self.names)
        match self.rule:
            case Rule.ELIMINATE:
                return f"eliminate {names}"
            case Rule.ROWS_ADD_UP:
                return f"rows of {names} add up to 1"
        return self.rule.value


@dataclass(frozen=True)
class DerivationRecord:
    """The derivative of a function with respect to a variable, shown.

    Attributes:
        function: the name of what is differentiated.
        definitions: what every name stands for, in the order of the computation; inputs stand for themselves and are
            left out.
        wrt: the name of the variable.
        style: how the chain rule was walked.
        paths: the ways from `wrt` to `function`; empty where `path_count` is more than a board holds.
        path_count: how many there are.
        notes: why a term is zero, where a path is cut, what a rule assumes at a kink.
        lines: the board.
        point: values of the inputs; empty if none were given.
        value: the derivative there, from the engine.
        difference: the same by central difference; None at a kink or an edge, NaN where the function is not finite.
    """

    function: str
    definitions: Mapping[str, Expression]
    wrt: str
    style: Style
    paths: tuple[Path, ...]
    path_count: int
    notes: tuple[str, ...]
    lines: tuple[Line, ...]
    point: Mapping[str, float]
    value: float | None = None
    difference: float | None = None
