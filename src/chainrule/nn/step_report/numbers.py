"""How numbers and arrays of a step are written: −0.4 as it was given, six digits, or a summary of a large array."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.nn.step_report.names import indices
from chainrule.terminal.lines import TIED
from chainrule.types import Array

WRITTEN_OUT = 8
"""The longest axis of an array that is written out; longer ones are summarised."""
MOST_WRITTEN_OUT = 24
"""And the most elements."""
LARGEST_SHOWN = 3
"""How many of the largest elements a summary names."""


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
