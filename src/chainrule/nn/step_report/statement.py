"""What is said on a board, quantity by quantity, in parts with a title."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.nn.step_report.formula import Formula


@dataclass(frozen=True)
class Statement:
    """What is said on the board about one quantity: left = formula = value, and a remark.

    Attributes:
        left: what it is about.
        parts: what it equals, formula first and value last.
        relation: "=", or "→" for what it becomes.
        remark: said behind it.
    """

    left: Formula
    parts: tuple[Formula, ...] = ()
    relation: str = "="
    remark: Formula = ()


@dataclass(frozen=True)
class Section:
    """A part of the board: its title, and lines of statements."""

    title: str
    lines: tuple[tuple[Statement, ...], ...]
