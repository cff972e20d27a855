"""A column of times: the long run, the year, the week and the day are separate numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from chainrule.data.features.feature import Dropped, Told, indicator
from chainrule.data.features.scale import RobustScale
from chainrule.data.record import JSON, Record
from chainrule.data.table import Column, ColumnKind

DAY = 86_400.0
THURSDAY = 3
"""1970-01-01 was one; Monday is 0."""


def month(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the month, 1 to 12, of seconds since 1970 (UTC), NaN where missing."""
    present = ~np.isnan(seconds)
    months = np.full(len(seconds), np.nan)
    days = np.floor(seconds[present] / DAY).astype(np.int64).astype("datetime64[D]")
    months[present] = days.astype("datetime64[M]").astype(np.int64) % 12 + 1
    return months


PARTS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "day": lambda seconds: np.floor(seconds / DAY),
    "month": month,
    "weekday": lambda seconds: np.mod(np.floor(seconds / DAY) + THURSDAY, 7),
    "hour": lambda seconds: np.mod(seconds, DAY) / 3600,
}
"""What is read off a time in seconds since 1970 (UTC): days since then, month 1-12, weekday 0-6, hour 0-24."""


@dataclass(frozen=True, repr=False)
class TimeFeature(Told):
    """The parts of a time that varied in training, each scaled like a number, and where the time is missing."""

    type_name: ClassVar[str] = "time"
    kind: ClassVar[ColumnKind] = "time"
    categories: ClassVar[None] = None

    column: str
    parts: tuple[tuple[str, RobustScale], ...]
    indicator: bool

    @classmethod
    def learn(cls, column: Column) -> Self | Dropped:
        """Learn from the training rows; parts that never vary are left out."""
        missing = column.missing
        if missing.all():
            return Dropped(column.name, "all of its values are missing")
        present = column.values[~missing]
        scales = {part: RobustScale.learn(read(present)) for part, read in PARTS.items()}
        varying = tuple((part, scale) for part, scale in scales.items() if scale.spread)
        if not varying and not missing.any():
            return Dropped(column.name, "all of its values are equal")
        return cls(column.name, varying, bool(missing.any()))

    @property
    def names(self) -> tuple[str, ...]:
        """``column (part)`` for each part, and ``column is missing``."""
        parts = tuple(f"{self.column} ({part})" for part, _ in self.parts)
        return (*parts, f"{self.column} is missing") if self.indicator else parts

    def apply(self, column: Column) -> NDArray[np.float64]:
        """Return [rows × parts (+ 1)]: the scaled parts within ±3 and the indicator."""
        inputs = [scale.apply(PARTS[part](column.values)) for part, scale in self.parts]
        if self.indicator:
            inputs.append(indicator(column.missing))
        return np.stack(inputs, axis=1)

    @property
    def seen(self) -> str:
        """The parts that varied, and whether values were missing."""
        return ", ".join(part for part, _ in self.parts) + (", some missing" if self.indicator else "")

    @property
    def usual(self) -> str:
        """A moment whose parts are all at their medians."""
        return "the median of each part"

    @property
    def usual_inputs(self) -> NDArray[np.float64]:
        """Zeros: the scale puts the median there."""
        return np.zeros(len(self.names))

    def to_json(self) -> JSON:
        """Return parts, scales and indicator as a JSON object."""
        parts = [{"part": part, **scale.to_json()} for part, scale in self.parts]
        return {"parts": parts, "indicator": self.indicator}

    @classmethod
    def from_record(cls, column: str, record: Record) -> Self:
        """Return the feature that `to_json` wrote."""
        parts = []
        for item in record.items("parts"):
            inner = Record(item, f"a part of the time column {column!r}")
            parts.append((inner.text("part"), RobustScale.from_record(inner)))
            inner.finish()
        feature = cls(column, tuple(parts), record.flag("indicator"))
        names = [part for part, _ in parts]
        if not set(names) <= PARTS.keys() or len(set(names)) < len(names) or not feature.names:
            raise record.refuse(f"the parts of a time are {', '.join(PARTS)}, each at most once")
        return feature
