"""Hyperparameters are checked once, where they are given, and kept as Python numbers.

A Python float takes the dtype of the array it meets; a NumPy float64, such as an element of `np.logspace(-4,
-1, 10)`, would silently turn float32 parameters into float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Integral, Real
from typing import NamedTuple

from chainrule.errors import ArgumentError


class Range(NamedTuple):
    """A condition on a hyperparameter, and how a message says it."""

    holds: Callable[[float], bool]
    meaning: str


POSITIVE = Range(lambda x: 0 < x < math.inf, "a positive number")
NOT_NEGATIVE = Range(lambda x: 0 <= x < math.inf, "a number of at least 0")
FRACTION = Range(lambda x: 0 <= x < 1, "a number of at least 0 and below 1")
PROPER_FRACTION = Range(lambda x: 0 < x < 1, "a number between 0 and 1, both excluded")


def require(owner: object, expected: Range, *names: str) -> None:
    """Check fields of a frozen dataclass and store them as Python floats.

    Raises:
        ArgumentError: a field is not a real number, is NaN or infinite, or lies outside of the range.
    """
    for name in names:
        value = getattr(owner, name)
        if not _is_a(Real, value) or not expected.holds(float(value)):
            raise _refusal(owner, name, expected.meaning, value)
        object.__setattr__(owner, name, float(value))


def require_count(owner: object, *names: str) -> None:
    """Check that fields of a frozen dataclass are whole numbers of at least 1, and store Python ints."""
    for name in names:
        value = getattr(owner, name)
        if not _is_a(Integral, value) or value < 1:
            raise _refusal(owner, name, "a whole number of at least 1", value)
        object.__setattr__(owner, name, int(value))


def _is_a(kind: type, value: object) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _refusal(owner: object, name: str, meaning: str, value: object) -> ArgumentError:
    return ArgumentError(f"{type(owner).__name__}: {name} must be {meaning}, but it is {value!r}")
