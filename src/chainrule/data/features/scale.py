"""Robust scaling: numbers become comparable, and no outlier can shout.

z = (x − median) / IQR,  then  z / √(1 + (z/3)²), which is z near 0 and stays within ±3
(Holzmüller, Grinsztajn, Steinwart 2024, *Better by default*, preprocessing of RealMLP).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from chainrule.data.record import JSON, Record

BOUND = 3.0
LARGEST, SMALLEST = 1e150, 1e-150
"""Magnitudes beyond are not told apart, so that no difference or quotient overflows."""


def squashed(values: Any, middle: Any, spread: Any) -> Any:
    """The formula alone, for a spread above 0, of one column or of many; it can be traced and so be differentiated."""
    z = (values - middle) / spread
    return z / np.hypot(1.0, z / BOUND)


@dataclass(frozen=True)
class RobustScale:
    """The middle and the spread of a column's training values; spread 0 means that all were equal."""

    middle: float
    spread: float

    @classmethod
    def learn(cls, values: NDArray[np.float64]) -> Self:
        """Return the scale of the present `values` ([n], n ≥ 1): median, and IQR or else half the range."""
        values = np.clip(values, -LARGEST, LARGEST)
        low, lower, middle, upper, high = np.quantile(values, (0, 0.25, 0.5, 0.75, 1)).tolist()
        spread = upper - lower
        if spread < SMALLEST:
            spread = (high - low) / 2
        return cls(middle, spread if spread >= SMALLEST else 0.0)

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scaled values, within ±3; NaN becomes 0, the place of the median."""
        if self.spread == 0:
            return np.zeros(len(values))
        curve = squashed(np.clip(values, -LARGEST, LARGEST), self.middle, self.spread)
        scaled: NDArray[np.float64] = np.nan_to_num(curve)
        return scaled

    def to_json(self) -> JSON:
        """Return the two numbers as a JSON object."""
        return {"middle": self.middle, "spread": self.spread}

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """Return the scale that `to_json` wrote."""
        scale = cls(record.number("middle"), record.number("spread"))
        usable = scale.spread == 0 or SMALLEST <= scale.spread <= 2 * LARGEST
        if not usable or abs(scale.middle) > LARGEST:
            raise record.refuse("middle or spread is out of range")
        return scale
