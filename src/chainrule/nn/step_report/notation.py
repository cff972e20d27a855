"""How names and numbers are written on the board: z¹₂, ∂ℒ/∂W¹, −0.4; and how such text is set in ASCII."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.explain.names import subscript, superscript
from chainrule.tree import KeyPath
from chainrule.types import Array

WRITTEN_OUT = 8
"""The longest axis of an array that is written out; longer ones are summarised."""
MOST_WRITTEN_OUT = 24
"""And the most elements."""
TIED = "\u00a0"
"""A space at which no line is broken, as long as text is not set."""
LARGEST_SHOWN = 3
"""How many of the largest elements a summary names."""
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


def name(letter: str, layer: int, *units: int) -> str:
    """A quantity of a layer, or an element of it; units count from 0 here and from 1 in print. a⁰ is x.

    Input and target, x and y, have no layer.
    """
    if letter == "a" and layer == 0:
        letter = "x"
    number_of_layer = "" if letter in "xy" else superscript(str(layer))
    index = subscript(str(units[0] + 1)) if len(units) == 1 else indices(*units) if units else ""
    return f"{letter}{number_of_layer}{index}"


def parameter_name(path: KeyPath) -> str:
    """The leaf of `network.parameters` at a path: W¹, scale², and W¹⁽²⁾ in the second layer of a block."""
    letter = next((key for key in reversed(path.keys) if isinstance(key, str)), "parameter")
    layer, *inner = [key + 1 for key in path.keys if isinstance(key, int)]
    return f"{name(letter, layer)}{''.join(f'⁽{superscript(str(i))}⁾' for i in inner)}"


def indices(*units: int) -> str:
    """[i,j], counted from 1."""
    return f"[{','.join(str(unit + 1) for unit in units)}]"


def number(value: Any) -> str:
    """A computed number: six digits after the point, or a power of ten where they would say little."""
    x = float(value)
    if np.isnan(x):
        return "NaN"
    if np.isinf(x):
        return "∞" if x > 0 else "−∞"
    plain = x == 0 or 1e-4 <= abs(x) < 1e7
    return (f"{x + 0.0:.6f}" if plain else f"{x:.5e}").replace("-", "−")


def given(value: Any) -> str:
    """A number that was given, such as a weight: as short as it was written, or else like a computed one."""
    text = np.format_float_positional(value, trim="-")
    return text.replace("-", "−") if len(text) <= len("-0.12345") and np.isfinite(value) else number(value)


def bracketed(text: str) -> str:
    """The text of a number, in brackets if it is negative."""
    return f"({text})" if text.startswith("−") else text


def array(values: Array) -> str:
    """A number, a vector in round brackets or a matrix in square ones; a large array as its summary."""
    if max(values.shape, default=0) > WRITTEN_OUT or not 0 < values.size <= MOST_WRITTEN_OUT or values.ndim > 2:
        return summary(values)
    if values.ndim == 2:
        rows = [f"[{', '.join(map(number, row))}]" for row in values]
        return rows[0] if len(rows) == 1 else f"[{', '.join(rows)}]"
    return number(values.reshape(())) if values.size == 1 else f"({', '.join(map(number, values))})"


def summary(values: Array) -> str:
    """Shape, norm, range, and the elements of the largest magnitude."""
    shape = f"[{' × '.join(map(str, values.shape))}]"
    if not values.size:
        return f"{shape}, empty"
    with np.errstate(all="ignore"):
        norm = number(np.linalg.norm(values.astype(np.float64)))
    spread = f"range {number(values.min())} … {number(values.max())}".replace(" ", TIED)
    return f"{shape}, norm{TIED}{norm}, {spread}, largest{TIED}{largest(values)}"


def largest(values: Array) -> str:
    """The elements of the largest magnitude with their indices."""
    order = np.argsort(-np.abs(values).ravel(), kind="stable")[:LARGEST_SHOWN]
    places = [tuple(map(int, np.unravel_index(int(i), values.shape))) for i in order]
    return ", ".join(f"{indices(*place)}{TIED}{number(values[place])}" for place in places)


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


MARGIN = 10


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
