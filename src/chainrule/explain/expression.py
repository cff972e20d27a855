"""What is written on a board: names, numbers and operations, in the order in which the author wrote them.

An expression is data. It is made from the graph or from text, changed by the named rewrites, evaluated to check every
line, and drawn by the renderers; it has no simplifier of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

Expression: TypeAlias = (
    "Number | Symbol | Sum | Product | Quotient | Power | Negative | Call | Derivative"
    " | MatrixProduct | ElementwiseProduct | Transpose | Indexed | Summation | Choice | Relation"
)


@dataclass(frozen=True)
class Number:
    """A number as it is meant: exact where it was written so, else a float."""

    value: int | Fraction | float


@dataclass(frozen=True)
class Symbol:
    """A name, such as x, δ² or W¹; superscripts are a part of it."""

    name: str


@dataclass(frozen=True)
class Sum:
    """a + b + c; a term that is a `Negative` is written with a minus."""

    terms: tuple[Expression, ...]


@dataclass(frozen=True)
class Product:
    """a·b·c of numbers. `apart`: every factor in brackets of its own, as the factors of the chain rule are."""

    factors: tuple[Expression, ...]
    apart: bool = False


@dataclass(frozen=True)
class Quotient:
    """over / under."""

    over: Expression
    under: Expression


@dataclass(frozen=True)
class Power:
    """base to the exponent."""

    base: Expression
    exponent: Expression


@dataclass(frozen=True)
class Negative:
    """−operand."""

    operand: Expression


@dataclass(frozen=True)
class Call:
    """A function by its usual name, such as sin, exp, ln, tanh, σ, relu, max or softmax."""

    function: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class Derivative:
    """∂of/∂by; if `total`, d of / d by."""

    of: str
    by: str
    total: bool = False


@dataclass(frozen=True)
class MatrixProduct:
    """A B C, of matrices and vectors."""

    factors: tuple[Expression, ...]


@dataclass(frozen=True)
class ElementwiseProduct:
    """a ⊙ b, of arrays."""

    factors: tuple[Expression, ...]


@dataclass(frozen=True)
class Transpose:
    """operandᵀ."""

    operand: Expression


@dataclass(frozen=True)
class Indexed:
    """An element of an array: base with subscripts, numbers from 1 on or letters."""

    base: Expression
    indices: tuple[int | str, ...]


@dataclass(frozen=True)
class Summation:
    """Σ over an index of a body."""

    index: str
    body: Expression


@dataclass(frozen=True)
class Choice:
    """`yes` where a condition holds, else `no`."""

    condition: Expression
    yes: Expression
    no: Expression


@dataclass(frozen=True)
class Relation:
    """left < right, and the like."""

    symbol: str
    left: Expression
    right: Expression
