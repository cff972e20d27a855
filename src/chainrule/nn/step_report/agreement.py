"""Whether two computations of the same numbers agree: up to rounding, whose bounds are known, and no further."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.types import Array


@dataclass(frozen=True)
class Agreement:
    """How far two computations are from each other.

    Attributes:
        excess: the largest difference that rounding does not explain; 0 if it explains all.
        rounding: what rounding explains of that one.
        relative: the largest difference over the largest magnitude.
    """

    excess: float
    rounding: float
    relative: float

    @classmethod
    def of(cls, found: Array, expected: Array, bound: Array) -> Agreement:
        """Compare finite numbers, each of which may be off by its bound in either computation."""
        with np.errstate(all="ignore"):
            difference = np.abs(np.subtract(found, expected, dtype=np.float64))
            allowed = 2 * np.broadcast_to(bound, difference.shape)
            unexplained = np.where(difference > allowed, difference, 0.0)  # never where one of them is nan
        finite = np.isfinite(difference)
        largest = float(np.max(np.abs(expected), where=np.isfinite(expected), initial=0.0))
        apart = float(np.max(difference, where=finite, initial=0.0))
        excess = np.where(finite, unexplained, 0.0).ravel()
        worst = int(np.argmax(excess)) if excess.size else 0
        explained = float(allowed.ravel()[worst]) if excess.size else 0.0
        return cls(float(np.max(excess, initial=0.0)), explained, apart / largest if largest else 0.0)

    def __bool__(self) -> bool:
        return not self.excess

    def __str__(self) -> str:
        return f"they differ by {self.excess:.1e}, of which rounding explains {self.rounding:.1e}"
