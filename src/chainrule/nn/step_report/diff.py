"""What differs between two explanations: the same quantities side by side, the largest change first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule import tree
from chainrule.errors import ArgumentError
from chainrule.figures import counted
from chainrule.nn.step_report.names import indices, name, parameter_name
from chainrule.nn.step_report.numbers import number
from chainrule.nn.step_report.record import StepRecord
from chainrule.terminal.styled import printed

SHOWN = 20
AFTER = " after the step"


@dataclass(frozen=True)
class Change:
    """One number in two explanations."""

    name: str
    first: float
    second: float

    @property
    def difference(self) -> float:
        """second − first."""
        return self.second - self.first


@dataclass(frozen=True)
class Changes:
    """All numbers that differ, the largest difference first; `compared` is how many there are in all."""

    changes: tuple[Change, ...]
    compared: int

    def text(self, ascii: bool = False) -> str:  # noqa: A002
        """The largest changes, one on each line."""
        lines = [f"{len(self.changes):,} of {counted(self.compared, 'number')} differ"]
        shown = self.changes[:SHOWN]
        wide = max((len(change.name) for change in shown), default=0)
        for change in shown:
            numbers = f"{number(change.first):>12} → {number(change.second):>12}"
            sign = "+" if change.difference > 0 else ""
            lines.append(f"  {change.name:<{wide}}  {numbers}   {sign + number(change.difference):>12}")
        if len(shown) < len(self.changes):
            lines.append(f"  and {len(self.changes) - len(shown):,} smaller changes")
        return printed(lines, ascii, colour=False)

    def __str__(self) -> str:
        return self.text()


def changes(first: StepRecord, second: StepRecord) -> Changes:
    """Compare two explanations number by number.

    Raises:
        ArgumentError: they have numbers of different shapes.
    """
    rows: list[Change] = []
    compared = 0
    for (label, when, a), (other, _, b) in zip(_quantities(first), _quantities(second), strict=False):
        if label != other or np.shape(a) != np.shape(b):
            raise ArgumentError(
                f"two explanations can be compared if networks and examples have the same shapes, but {label} has "
                f"shape {list(np.shape(a))} and {other} {list(np.shape(b))}"
            )
        a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
        compared += a.size
        for place in np.argwhere((a != b) & ~(np.isnan(a) & np.isnan(b))):
            where = tuple(map(int, place))
            element = label + (indices(*where) if where else "") + when
            rows.append(Change(element, float(a[where]), float(b[where])))
    rows.sort(key=lambda row: -abs(row.difference) if np.isfinite(row.difference) else -np.inf)
    return Changes(tuple(rows), compared)


def _quantities(step: StepRecord) -> Iterator[tuple[str, str, Any]]:
    """Every quantity of an explanation: its name, when, and its numbers."""
    yield "ℒ", "", step.loss
    yield "ℒ", AFTER, step.loss_after
    for letter, arrays in (("z", step.z), ("a", step.a), ("δ", step.delta)):
        for layer, array in arrays.items():
            yield name(letter, layer), "", array
    for path, leaf in tree.items(step.parameters):
        yield parameter_name(path), "", leaf
    for path, leaf in tree.items(step.grad.parameters):
        yield f"∂ℒ/∂{parameter_name(path)}", "", leaf
    for path, leaf in tree.items(step.parameters_after):
        yield parameter_name(path), AFTER, leaf
