"""Statements set in lines of a width."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chainrule.terminal.styled import StyledText, styled

TIED = "\u00a0"
"""A space at which no line is broken, as long as text is not set."""
BETWEEN = "   "
"""Between two statements on a line."""
HANG = "  "
"""Before the second line of a statement, and those that follow."""


def broken(statements: Sequence[StyledText | str], width: int) -> Iterator[StyledText]:
    """Lines of whole statements, as many on each as it holds; a longer one is broken between words or factors."""
    for line in _broken(map(styled, statements), width):
        yield line.mapped(lambda text: text.replace(TIED, " "))


def _broken(statements: Iterator[StyledText], width: int) -> Iterator[StyledText]:
    line = styled("")
    for statement in statements:
        if line and len(line) + len(statement) + len(BETWEEN) <= width:
            line += BETWEEN + statement
            continue
        if line:
            yield line
        *lines, line = _folded(statement, width)
        yield from lines
    if line:
        yield line


def _folded(statement: StyledText, width: int) -> Iterator[StyledText]:
    indent = ""
    while len(indent) + len(statement) > width:
        end = _end_of_line(statement.text, width - len(indent))
        yield indent + statement[:end].rstrip()
        statement, indent = statement[end:].lstrip(), HANG
    yield indent + statement


def _end_of_line(text: str, room: int) -> int:
    """Where a line ends that holds so many characters: at a space, or between factors in brackets, (a)(b)."""
    fitting = range(min(room, len(text)), 0, -1)
    return next((end for end in fitting if text[end : end + 1] == " " or text[end - 1 : end + 1] == ")("), max(room, 1))
