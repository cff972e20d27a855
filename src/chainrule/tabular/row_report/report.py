"""Why a row got its prediction, in the columns and units of the user's table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from chainrule.figures import changes, column, counted, figure, signed
from chainrule.printable import printable
from chainrule.terminal.lines import TIED, broken
from chainrule.terminal.styled import Role, StyledText, printed, styled

BAR = 10
"""Characters of the longest bar, to either side."""
SHOWN = 12
"""Columns that text and pages show; the others are added up."""
SHOWN_OTHERS = 3
SMALLEST_SLOPE = 1e-4
"""Smaller changes per unit are shown for a thousand units."""
_WIDEST_NAME, _WIDEST_VALUE = 24, 18


@dataclass(frozen=True)
class OtherValue:
    """Another value of a column, and by how much it would change the prediction, all else being equal."""

    value: str
    change: float


@dataclass(frozen=True)
class ColumnEffect:
    """What one column does.

    Attributes:
        column: its name.
        value: its value in the row.
        baseline: its value in the baseline.
        share: what it adds to prediction − baseline, by integrated gradients.
        slope: ∂ŷ/∂column per unit of the column; None where it has none: categories, times, missing values.
        others: other levels of a category, or a later time; the largest change first.
        clock: whether the column holds times of the day, whose unit is a second.
    """

    column: str
    value: str
    baseline: str
    share: float
    slope: float | None
    others: tuple[OtherValue, ...]
    clock: bool = False


@dataclass(frozen=True)
class RowExplanation:
    """Why a row got its prediction; `TableModel.explain` makes one. It prints as text, and as a page in a notebook.

    Attributes:
        quantity: what is predicted: the target, or the probability of a class.
        prediction: ŷ of the row.
        baseline: ŷ of the baseline row.
        baseline_name: which row that is.
        effects: one for each column, the largest share first.
        error: prediction − baseline less the sum of the shares.
        points: how many points on the line between the two rows were taken.
        dtype: in which the network computed.
        kept_within: the number that `predict` gives where it keeps ŷ within the range of the training rows, else None.
    """

    quantity: str
    prediction: float
    baseline: float
    baseline_name: str
    effects: tuple[ColumnEffect, ...]
    error: float
    points: int
    dtype: str
    kept_within: float | None

    def __getitem__(self, column: str) -> ColumnEffect:
        """The effect of a column; KeyError if the model does not use it."""
        for effect in self.effects:
            if effect.column == column:
                return effect
        raise KeyError(column)

    @property
    def summary(self) -> str:
        """Prediction and baseline on one line."""
        return ", ".join(self._summary())

    def _summary(self) -> tuple[str, str]:
        prediction, baseline = column([self.prediction, self.baseline])
        return f"{printable(self.quantity)}: {prediction}", f"for {self.baseline_name}: {baseline}"

    @property
    def notes(self) -> list[str]:
        """The check of the sum, and what else has to be said."""
        prediction, baseline, total = column([self.prediction, self.baseline, sum(e.share for e in self.effects)])
        notes = [
            f"the shares add up to {total} = {prediction} − {baseline}, "
            f"with an error of {figure(abs(self.error), 1)} ({self.points:,}{TIED}points,{TIED}{self.dtype})"
        ]
        if self.kept_within is not None:
            notes.append(f"the prediction is kept within the range of the training rows, at {figure(self.kept_within)}")
        return notes

    def text(
        self,
        ascii: bool = False,  # noqa: A002 (the option's name everywhere)
        width: int = 80,
        colour: bool | None = None,
    ) -> str:
        """The largest shares as bars, and what would change the prediction.

        Args:
            ascii: whether to do without bars of blocks and the like.
            width: characters in a line.
            colour: whether to use ANSI colours; by default if the output is a terminal and NO_COLOR is not set.
        """
        shown = self.effects[:SHOWN]
        wide = [max(len(_cut(text, most)) for text in texts) for texts, most in _columns(shown)]
        lines: list[StyledText | str] = [*self._head(width), "", *self._shares(shown, wide), ""]
        lines += (line for note in self.notes for line in broken([note], width))
        changing = [(effect.column, _what_changes(effect)) for effect in shown if _what_changes(effect)]
        if changing:
            lines += ["", "what would change it, all else being equal:"]
            for name, said in changing:
                told = broken([f"{_cut(name, _WIDEST_NAME):<{wide[0]}}  {said}"], width - 2)
                lines += ("  " + line for line in told)
        return printed(lines, ascii, colour)

    def _head(self, width: int) -> Iterator[StyledText]:
        what, compared = self._summary()
        told = [self.summary] if len(self.summary) <= width else [f"{what},", compared]
        return broken([styled(part, Role.HEADING) for part in told], width)

    def _shares(self, shown: Sequence[ColumnEffect], wide: Sequence[int]) -> Iterator[StyledText]:
        """A line for each column, with its bar, and one for those that are not shown."""
        largest = max((abs(effect.share) for effect in shown), default=0.0)
        hidden = self.effects[SHOWN:]
        *shares, rest = changes([*(effect.share for effect in shown), sum(effect.share for effect in hidden)])
        for effect, share in zip(shown, shares, strict=True):
            label = f"{_cut(effect.column, _WIDEST_NAME):<{wide[0]}}  {_cut(effect.value, _WIDEST_VALUE):<{wide[1]}}"
            yield f"  {label}  {share:>10}  " + _bar(effect.share, largest)
        if hidden:
            yield styled(f"  {counted(len(hidden), 'other column'):<{wide[0] + wide[1] + 2}}  {rest:>10}")

    def __repr__(self) -> str:
        return f"RowExplanation({self.summary})"

    def __str__(self) -> str:
        return self.text(colour=False)

    def html(self) -> str:
        """An HTML fragment: one table with bars, without scripts and styles from elsewhere."""
        largest = max((abs(effect.share) for effect in self.effects), default=0.0)
        heads = ("column", "value", "baseline", "share", "", "what would change it")
        head = "".join(
            f'<th scope="col" style="text-align:left;padding-right:1em">{escape(name)}</th>' for name in heads
        )
        shares = changes([effect.share for effect in self.effects])
        rows = "".join(_html_row(effect, share, largest) for effect, share in zip(self.effects, shares, strict=True))
        notes = "".join(f"<p>{escape(printable(note))}</p>" for note in self.notes)
        return (
            f'<section aria-label="Why this prediction" style="font:16px/1.6 system-ui,sans-serif;overflow-x:auto">'
            f'<table style="border-collapse:collapse;border-spacing:1em 0">'
            f'<caption style="text-align:left;font-weight:bold">{escape(printable(self.summary))}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{notes}</section>"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html()}


def _columns(effects: Sequence[ColumnEffect]) -> list[tuple[list[str], int]]:
    names, values = [effect.column for effect in effects], [effect.value for effect in effects]
    return [(names, _WIDEST_NAME), (values, _WIDEST_VALUE)]


def _cut(text: str, most: int) -> str:
    """The text on one line, its middle left out if it is too long: names that begin alike still differ."""
    text = printable(text)
    if len(text) <= most:
        return text
    end = most // 3
    return f"{text[: most - 1 - end]}…{text[-end:]}"


def _bar(share: float, largest: float) -> StyledText:
    """A bar to the left of the middle for a negative share, to the right for a positive one."""
    bar = "█" * (round(BAR * abs(share) / largest) if largest and np.isfinite(share) else 0)
    if share < 0:
        return f"{'':>{BAR - len(bar)}}" + styled(bar, Role.TAKES_AWAY) + "|"
    return f"{'':>{BAR}}|" + styled(bar, Role.ADDS)


def _what_changes(effect: ColumnEffect) -> str:
    """∂ŷ/∂column, or the other values that change most."""
    if effect.slope is not None:
        return f"{signed(effect.slope * 3600)} per hour" if effect.clock else _per_unit(effect.slope)
    others = effect.others[:SHOWN_OTHERS]
    by = changes([other.change for other in others])
    return ", ".join(f"{_cut(other.value, _WIDEST_VALUE)}: {change}" for other, change in zip(others, by, strict=True))


def _per_unit(slope: float) -> str:
    """∂ŷ/∂column; a tiny one, of a column of large numbers, for a thousand units."""
    count = 1_000 if 0 < abs(slope) < SMALLEST_SLOPE else 1
    return f"{signed(slope * count)} per {'unit' if count == 1 else f'{count:,}'}"


def _html_row(effect: ColumnEffect, share: str, largest: float) -> str:
    percent = 100 * abs(effect.share) / largest if largest and np.isfinite(effect.share) else 0
    colour, side = ("#2166ac", "0 0 0 50%") if effect.share >= 0 else ("#b2182b", f"0 0 0 {50 - percent / 2:.1f}%")
    bar = f'<div style="background:{colour};height:0.8em;width:{percent / 2:.1f}%;margin:{side}"></div>'
    cells = (effect.value, effect.baseline, share)
    said = "".join(f'<td style="padding-right:1em">{escape(printable(text))}</td>' for text in cells)
    return (
        f'<tr><th scope="row" style="text-align:left;padding-right:1em">{escape(printable(effect.column))}</th>{said}'
        f'<td style="width:12em;padding-right:1em" aria-hidden="true">{bar}</td>'
        f"<td>{escape(_what_changes(effect))}</td></tr>"
    )
