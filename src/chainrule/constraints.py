"""What a number that is given must be: each constraint is declared once, and says the same wherever it is broken."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from chainrule.errors import ArgumentError


@dataclass(frozen=True)
class Constraint:
    """A condition on a number.

    Attributes:
        kind: Integral, or Real for any number; True and False are neither.
        holds: whether a number of this kind fulfils it; NaN must not.
        meaning: what it must, as a message says it.
    """

    kind: type
    holds: Callable[[Any], bool]
    meaning: str

    def require(self, value: object, name: str) -> None:
        """Raise ArgumentError that names the argument and its value unless it is such a number."""
        if isinstance(value, bool) or not isinstance(value, self.kind) or not self.holds(value):
            raise ArgumentError(f"{name} must {self.meaning}, got {value!r}")

    def require_fields(self, owner: object, *names: str) -> None:
        """Check fields of a frozen dataclass, and store them as Python numbers.

        A Python float takes the dtype of the array it meets; a NumPy float64, such as an element of
        `np.logspace(-4, -1, 10)`, would silently turn float32 parameters into float64.
        """
        for name in names:
            value = getattr(owner, name)
            self.require(value, f"{type(owner).__name__}: {name}")
            object.__setattr__(owner, name, int(value) if self.kind is Integral else float(value))


COUNT = Constraint(Integral, lambda x: x > 0, "be a whole number above 0")
SEED = Constraint(Integral, lambda x: 0 <= x < 2**64, "be a whole number in 0 … 2⁶⁴−1")
POSITIVE = Constraint(Real, lambda x: 0 < x < math.inf, "be a finite number above 0")
NOT_NEGATIVE = Constraint(Real, lambda x: 0 <= x < math.inf, "be a finite number of at least 0")
FRACTION = Constraint(Real, lambda x: 0 <= x < 1, "be a number of at least 0 and below 1")
SHARE = Constraint(Real, lambda x: 0 < x < 1, "lie between 0 and 1, both excluded")
