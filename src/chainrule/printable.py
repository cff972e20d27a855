"""Text from data, made safe for a terminal: names and values come from files, and a terminal obeys what it is sent."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text on one line, its control, format and line characters as Python writes them: `\\x1b` for an escape.

    Every name of a column, level, file or class that is printed goes through here.
    """
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)
