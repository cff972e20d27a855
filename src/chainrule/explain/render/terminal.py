"""A derivation as text, as on a board: the rules in a column, the lines beside them, broken at their operators."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate

from chainrule.errors import ArgumentError
from chainrule.explain.algebra.rewrite import derivatives_of
from chainrule.explain.expression import Derivative, Expression, Symbol
from chainrule.explain.notation.infix import ASCII, UNICODE, Infix, Symbols
from chainrule.explain.record import DerivationRecord, Line
from chainrule.explain.render.board import BoardStep, meanings, paths_told, routes, steps
from chainrule.terminal.styled import Role, colourful, styled

NARROWEST = 24
"""Fewer columns hold no board."""
WIDEST_RULE = 26
"""A longer rule, such as a point of many inputs, gets a row of its own."""
INDENT = "  "


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: accents take none, East Asian letters two."""
    marks = sum(unicodedata.combining(character) > 0 for character in text)
    return len(text) - marks + sum(unicodedata.east_asian_width(character) in "WF" for character in text)


@dataclass(frozen=True)
class TextBoard:
    """How a board is written.

    Attributes:
        width: the columns it may take, at least 24.
        symbols: the signs it is written with.
        colour: whether to use ANSI escapes.
    """

    width: int
    symbols: Symbols
    colour: bool

    def rows(self, derivation: DerivationRecord) -> Iterator[str]:
        """The rows of the board."""
        yield from self._head(derivation)
        yield from self._paths(derivation)
        shown = [(self._rule(step), step) for step in steps(derivation)]
        indent = len(INDENT) + max((columns(rule) for rule, _ in shown if columns(rule) <= WIDEST_RULE), default=0)
        for rule, step in shown:
            yield from self._step(rule, step, min(indent, self.width // 2))

    def _head(self, derivation: DerivationRecord) -> Iterator[str]:
        sought = self._write(derivation.lines[0].expression)
        where = ",  ".join(
            f"{self._write(Symbol(name))} = {self._write(expression, dots=True)}"
            for name, expression in meanings(derivation).items()
        )
        first, *rest = self._wrapped(f"{sought}   where " if where else sought, where, columns(sought) + 3)
        yield self._styled(sought, Role.HEADING) + first[len(sought) :]
        yield from rest

    def _paths(self, derivation: DerivationRecord) -> Iterator[str]:
        """The paths, with the first note beside them if there is room, and the other notes below."""
        arrows = [
            self.symbols.arrow.join(self._write(Symbol(name)) for name in route)
            + (self._said(f" ({count}×)") if count > 1 else "")
            for route, count in routes(derivation)
        ]
        told = self._said(paths_told(derivation)) + (":  " if arrows else "")
        rows = self._wrapped(INDENT, told + ",  ".join(arrows), 6) if told else []
        notes = [f"({self._said(note)})" for note in derivation.notes]
        if rows and notes and columns(rows[-1]) + 6 + columns(notes[0]) <= self.width:
            rows[-1] += " " * 6 + self._styled(notes.pop(0), Role.ASIDE)
        yield from rows
        for note in notes:
            yield from (self._styled(row, Role.ASIDE) for row in self._wrapped(INDENT, note, 3))

    def _rule(self, step: BoardStep) -> str:
        where = ", ".join(map(self._write, step.where))
        if step.left:
            return self._write(step.left)
        return self._said(step.rule) + (f" {where}" if where else "")

    def _step(self, rule: str, step: BoardStep, indent: int) -> Iterator[str]:
        label = INDENT + rule + " " * (indent - columns(INDENT + rule))
        if columns(label) > indent:
            yield from (self._styled(row, Role.SUBJECT) for row in self._wrapped(INDENT, rule.replace(", ", ",  "), 4))
            label = " " * indent
        *rows, last = self._wrapped(f"{label} = ", self._write(step.expression, step.dots), indent + 3)
        note = self._said(step.note)
        if note and columns(last) + 7 + columns(note) <= self.width:
            rows.append(f"{last}       {self._note(note)}")
        else:
            rows.append(last)
            room = self.width - columns(note)  # a note that fits on one row further left stays whole
            margin = min(indent + 3, room) if room >= len(INDENT) else indent + 3
            rows += map(self._note, self._wrapped(" " * margin, note, margin + 2)) if note else []
        if step.value:
            value = f" = {self._said(step.value)}"
            if not note and columns(rows[-1]) + columns(value) <= self.width:
                rows[-1] += value
            else:
                rows += self._wrapped(f"{' ' * indent} = ", value.removeprefix(" = "), indent + 3)
        for reason in step.reason:
            rows += self._wrapped(f"{' ' * 6}{self._rule(reason)} = ", self._write(reason.expression), 8)
        rows[0] = self._styled(label, Role.SUBJECT) + rows[0][len(label) :]
        yield from rows

    def _write(self, expression: Expression, dots: bool = False) -> str:
        return Infix(self.symbols, dots).write(expression)

    def _note(self, note: str) -> str:
        before, sign, after = note.rpartition(self.symbols.passed)
        return self._styled(before, Role.ASIDE) + self._styled(sign, Role.HOLDS) + self._styled(after, Role.ASIDE)

    def _said(self, prose: str) -> str:
        return Infix(self.symbols).prose(prose)

    def _styled(self, text: str, role: Role) -> str:
        return styled(text, role).painted() if self.colour and text.strip() else text

    def _wrapped(self, first: str, text: str, hang: int) -> list[str]:
        """`first` and `text`, broken where they are too long for a row; later rows hang by `hang` columns."""
        rows, row = [], first
        while columns(row) + columns(text) > self.width:
            head, text = _broken(text, self.width - columns(row), fresh=row.isspace())
            rows.append((row + head).rstrip())
            row = " " * min(hang, self.width // 2)
        return [*rows, (row + text).rstrip()]


BREAKS = (
    r",  ",  # between the definitions and the paths
    r" (?=[+−=⊙@-] |\.\* )",  # before an operator between terms
    r"(?<=[·*,])|(?<=\))(?=\()| ",  # between factors, arguments and words
    r"(?<=[+−/(-])|(?=[·=])",  # anywhere else in a formula
)
"""Where a row may be broken, the best first."""


def _broken(text: str, room: int, fresh: bool) -> tuple[str, str]:
    """The longest beginning that fits: broken outside of brackets if it can be, so that half of the row is full."""
    depths = list(accumulate(((character in "([") - (character in ")]") for character in text), initial=0))
    for least, deepest in ((room // 2, 0), (1, 0), (1, len(text))):
        for pattern in BREAKS:
            ends = {found.end() for found in re.finditer(pattern, text)} - {0, len(text)}
            fitting = [end for end in ends if least <= columns(text[:end].rstrip()) <= room and depths[end] <= deepest]
            if fitting:
                end = max(fitting, key=lambda end: (-depths[end], end))
                return text[:end], text[end:]
    if not fresh:
        return "", text
    end = max(n for n in range(1, len(text) + 1) if n == 1 or columns(text[:n]) <= room)
    return text[:end], text[end:]


def to_text(derivation: DerivationRecord, width: int = 80, ascii: bool = False, colour: bool | None = None) -> str:  # noqa: A002
    """The board as text, without a newline at its end.

    Args:
        derivation: what to show.
        width: the columns it may take.
        ascii: write d for ∂ ("partial" where there are total derivatives too), * for ·, ^ for powers, sigma for σ.
        colour: whether to use ANSI colours; by default if the output is a terminal and NO_COLOR is not set.

    Raises:
        ArgumentError: `width` is less than 24.
    """
    if width < NARROWEST:
        raise ArgumentError(f"width: expected at least {NARROWEST} columns, not {width}")
    symbols = ASCII if ascii else UNICODE
    if ascii and any(map(_has_total, derivation.lines)):
        symbols = replace(ASCII, partial="partial ")
    return "\n".join(TextBoard(width, symbols, colourful(colour)).rows(derivation))


def _has_total(line: Line) -> bool:
    """Whether a line is about a total derivative, from which the partial ones must be told."""
    derivatives = derivatives_of(line.expression)
    return any(isinstance(d, Derivative) and d.total for d in (*derivatives, line.left))
