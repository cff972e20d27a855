"""Formulas of a step's board: pieces, which every format writes in its own way.

A piece is an expression, such as a name or a derivative, a sign between them, a word, or numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from chainrule.explain.expression import Expression, Number
from chainrule.terminal.styled import Role
from chainrule.types import Array

Piece: TypeAlias = "Expression | Sign | Word | Numbers"
Formula: TypeAlias = tuple[Piece, ...]


@dataclass(frozen=True)
class Sign:
    """A sign between expressions: + − · ⊙ / Σ, a bracket, a comma or a colon."""

    symbol: str


@dataclass(frozen=True)
class Word:
    """One or more words, said in every format as they are.

    Attributes:
        text: the words.
        role: what they are, if they are more than words: the verdict of a check.
    """

    text: str
    role: Role | None = None


@dataclass(frozen=True, eq=False)
class Numbers:
    """A number or an array.

    Attributes:
        values: what is shown.
        given: whether it is one number that was given, as a weight is: as short as it was written, not to six digits.
    """

    values: Array | float
    given: bool = False


def formula(*parts: Piece | Formula | str | int) -> Formula:
    """The parts one after the other; text stands for a `Sign`, a whole number for itself."""
    pieces: list[Piece] = []
    for part in parts:
        match part:
            case str():
                pieces.append(Sign(part))
            case int():
                pieces.append(Number(part))
            case tuple():
                pieces += part
            case _:
                pieces.append(part)
    return tuple(pieces)


def in_brackets(part: Piece | Formula) -> Formula:
    """(part)."""
    return formula("(", part, ")")
