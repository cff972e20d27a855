"""How text is set: in the notation of the board or in ASCII, and in lines of a width."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence

TIED = "\u00a0"
"""A space at which no line is broken, as long as text is not set."""
SQUARED = "\ue002"
"""Squared, as long as text is not set: the ² of W² is a layer's number, that of a¹² is not."""

_ASCII = {
    "∂": "d",
    "ℒ": "L",
    "δ": "delta",
    "σ": "sigmoid",
    "η": "eta",
    "Δ": "step",
    "Σ": "sum ",
    "⊙": "*",
    "·": "*",
    "×": "x",
    "ᵀ": "^T",
    "⁽": "(",
    "⁾": ")",
    SQUARED: "^2",
    "−": "-",
    "→": "->",
    "←": "<-",
    "‖": "||",
    "⟨": "<",
    "⟩": ">",
    "′": "'",
    "✓": "ok",
    "✗": "differs",
    "…": "..",
    "∞": "inf",
    "\u0302": "_hat",
    "ŷ": "y_hat",
    "█": "#",
    "ₜ": "_t",
}


def finished(text: str, ascii: bool = False) -> str:  # noqa: A002 (the option's name everywhere)
    """The text as it is printed: in the notation of the board, or in ASCII."""
    if not ascii:
        return text.replace(SQUARED, "²")
    text = re.sub(r"ᵀ(?=\w)", "ᵀ·", text)
    text = re.sub("[₀-₉]+", lambda found: f"_{found[0]}", text)
    text = re.sub("[⁰¹²³⁴-⁹₀-₉]", lambda found: str(unicodedata.digit(found[0])), text)
    for symbol, word in _ASCII.items():
        text = text.replace(symbol, word)
    return text.encode("ascii", "replace").decode()


def broken(statements: Sequence[str], width: int) -> Iterator[str]:
    """Lines of whole statements, as many on each as it holds; a longer statement is broken between words."""
    return (line.replace(TIED, " ") for line in _broken(statements, width))


def _broken(statements: Sequence[str], width: int) -> Iterator[str]:
    line = ""
    for statement in statements:
        if line and len(line) + len(statement) + 3 <= width:
            line += f"   {statement}"
            continue
        if line:
            yield line
        *lines, line = _folded(statement, width)
        yield from lines
    if line:
        yield line


def _folded(statement: str, width: int) -> list[str]:
    if len(statement) <= width:
        return [statement]
    if ")(" not in statement:
        return textwrap.wrap(statement, width, subsequent_indent="  ", break_on_hyphens=False)
    lines = textwrap.wrap(statement.replace(")(", ") ("), width, subsequent_indent="  ", break_on_hyphens=False)
    return [line.replace(") (", ")(") for line in lines]
