"""Text from data, made safe for a terminal: names and values come from files, and a terminal obeys what it is sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

ROOM = 50
"""Characters that a list of names may take on a line beside what is said of it."""


def printable(text: str) -> str:
    """The text on one line, its control, format and line characters as Python writes them: `\\x1b` for an escape.

    Every name of a column, level, file or class that is printed goes through here.
    """
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def listed(names: Iterable[str], room: int = ROOM) -> str:
    """The names, separated by commas; only the first, and …, where all take more than so many characters."""
    shown: list[str] = []
    for name in map(printable, names):
        if shown and len(", ".join([*shown, name])) > room:
            return ", ".join([*shown, "…"])
        shown.append(name if len(name) <= room else f"{name[: room - 1]}…")
    return ", ".join(shown)


def aligned(table: Sequence[Sequence[str]], *, between: str = "  ", numbers: bool = False) -> list[str]:
    """The lines of a table of text: columns flush left, or all but the first flush right where they are numbers."""
    widths = [max(map(len, cells)) for cells in zip(*table, strict=True)]
    sides = "<" + (">" if numbers else "<") * (len(widths) - 1)
    return [
        between.join(f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True)).rstrip()
        for row in table
    ]
