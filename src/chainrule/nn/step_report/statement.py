"""What is said on a board, quantity by quantity, in parts with a title; and the same as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chainrule.nn.step_report.layout import broken, finished

MARGIN = 10
"""Characters before a line, for the title of its part."""


@dataclass(frozen=True)
class Statement:
    """What is said on the board about one quantity: left = formula = value, and a remark.

    Attributes:
        left: what it is about.
        parts: what it equals, formula first and value last.
        relation: "=", or "→" for what it becomes.
        remark: said behind it.
    """

    left: str
    parts: tuple[str, ...] = ()
    relation: str = "="
    remark: str = ""

    def __str__(self) -> str:
        said = f" {self.relation} ".join((self.left, *self.parts))
        return f"{said} {self.remark}" if self.remark else said


@dataclass(frozen=True)
class Section:
    """A part of the board: its title, and lines of statements."""

    title: str
    lines: tuple[tuple[Statement, ...], ...]


def text_of(sections: Sequence[Section], width: int, ascii: bool) -> str:  # noqa: A002
    """The sections as text; a statement goes to a new line where `width` characters would not hold it."""
    lines = []
    for section in sections:
        title = section.title
        for statements in section.lines:
            for line in broken([finished(str(statement), ascii) for statement in statements], width - MARGIN):
                lines.append(f"{title:<{MARGIN}}{line}".rstrip())
                title = ""
    return "\n".join(lines)
