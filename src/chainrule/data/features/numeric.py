"""A numeric column: one scaled input, and one that says where the value is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from chainrule.data.features.feature import Dropped, Told, indicator
from chainrule.data.features.scale import RobustScale
from chainrule.data.record import JSON, Record
from chainrule.data.table import Column, ColumnKind
from chainrule.data.value_text import clock_text
from chainrule.figures import figure


@dataclass(frozen=True, repr=False)
class NumericFeature(Told):
    """A number, scaled; a missing one stands at the median.

    `indicator` says that training saw missing values, so that a second input (1 = missing) can tell them from
    the median, and `clock` that the numbers are times of the day.
    """

    type_name: ClassVar[str] = "numeric"
    kind: ClassVar[ColumnKind] = "numeric"
    categories: ClassVar[None] = None

    column: str
    scale: RobustScale
    indicator: bool
    clock: bool = False

    @classmethod
    def learn(cls, column: Column) -> Self | Dropped:
        """Learn from the training rows; a column that never varies teaches nothing."""
        missing = column.missing
        if missing.all():
            return Dropped(column.name, "all of its values are missing")
        scale = RobustScale.learn(column.values[~missing])
        if scale.spread == 0 and not missing.any():
            return Dropped(column.name, "all of its values are equal")
        return cls(column.name, scale, bool(missing.any()), column.clock)

    @property
    def names(self) -> tuple[str, ...]:
        """The column's name, and ``… is missing``."""
        return (self.column, f"{self.column} is missing") if self.indicator else (self.column,)

    def apply(self, column: Column) -> NDArray[np.float64]:
        """Return [rows × 1 or 2]: the scaled value within ±3 and the indicator."""
        inputs = [self.scale.apply(column.values)]
        if self.indicator:
            inputs.append(indicator(column.missing))
        return np.stack(inputs, axis=1)

    @property
    def seen(self) -> str:
        """Median and spread, and whether values were missing."""
        written = clock_text if self.clock else figure
        missing = ", some missing" if self.indicator else ""
        return f"median {written(self.scale.middle)}, spread {written(self.scale.spread)}{missing}"

    @property
    def usual(self) -> str:
        """The median."""
        return clock_text(self.scale.middle) if self.clock else figure(self.scale.middle, 6)

    @property
    def usual_inputs(self) -> NDArray[np.float64]:
        """Zeros: the scale puts the median there."""
        return np.zeros(len(self.names))

    def to_json(self) -> JSON:
        """Return scale, indicator, and clock where it is true, as a JSON object."""
        return {**self.scale.to_json(), "indicator": self.indicator} | ({"clock": True} if self.clock else {})

    @classmethod
    def from_record(cls, column: str, record: Record) -> Self:
        """Return the feature that `to_json` wrote; files of earlier days tell no clock."""
        scale, indicator = RobustScale.from_record(record), record.flag("indicator")
        return cls(column, scale, indicator, "clock" in record.names() and record.flag("clock"))
