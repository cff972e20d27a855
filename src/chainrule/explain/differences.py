"""Derivatives by differences: what the rules are compared with, since no rule takes part in it.

The step follows from the function: of steps that become shorter and shorter each point takes the one with the smallest
error, where the error is that of the extrapolation and of rounding, and rounding is bounded by running error analysis
(`transforms/rounding.py`). So sin(10⁶x) gets a step that is short enough, and where e^(x⁴) has eaten all digits of
cos(e^(x⁴)) it is said that nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.transforms.rounding import bounded_function
from chainrule.types import Array

Bounded = Callable[[Array], tuple[Array, Array]]
"""A function of one number, elementwise at many points, with what rounding may put its values off."""

_STEPS = tuple(4e-3 * 0.1234**power for power in range(11))  # no two are multiples of one period of a function
_TRIED = 4
"""The steps that are tried in any case."""
_SMOOTH = 1e-6
_NOISE = 1e-9  # that a difference quotient may have, relative to the value of the function
_APART = 10  # as far apart the slopes on both sides of a kink are at least, in their errors


@dataclass(frozen=True)
class Difference:
    """A derivative by central differences, how far off rounding and curvature may put it, and where there is a kink.

    At a kink the value is the mean of the derivatives to the left and to the right.
    """

    value: Array
    noise: Array
    kink: Array

    def told(self, values: Array) -> Array:
        """The derivative where it has six digits, or as many as a function with these values lets it have; else nan."""
        smooth = self.noise <= _SMOOTH * np.abs(self.value) + _NOISE * (np.abs(values) + 1)
        return np.where(smooth, self.value, np.nan)


def of_traced(function: Callable[[Any], Any], at: Any) -> Bounded:
    """A traced function of arrays like `at`; its argument is a rounded number, too."""
    run, _ = bounded_function(lambda x: function(x) + np.zeros_like(x), [np.asarray(at, np.float64)])

    def values(x: Array) -> tuple[Array, Array]:
        (value,), (bound,) = run([x], {0: np.finfo(np.float64).eps * np.abs(x)})
        return value, bound

    return values


def difference(function: Bounded, at: Any) -> Difference:
    """The derivative of a function of one number, elementwise at many points: float64 arrays of the shape of `at`."""
    at = np.asarray(at, np.float64)
    with np.errstate(all="ignore"):
        middle, _ = function(at)
        best = last = Difference(np.full(at.shape, np.nan), np.full(at.shape, np.inf), np.zeros(at.shape, bool))
        for count, step in enumerate(_STEPS, 1):
            found, rounding = _extrapolated(function, at, step * np.maximum(0.1, np.abs(at)), middle)
            best, last = _better(best, last, found, rounding), found
            done = np.isfinite(best.told(middle)) | (rounding > best.noise)  # which grows as the step becomes shorter
            if count >= _TRIED and np.all(done | ~np.isfinite(middle)):
                break
    return best


def _better(best: Difference, wider: Difference, shorter: Difference, rounding: Array) -> Difference:
    """The best so far, or that of a wider step with a smaller error, if the next shorter step confirms it.

    A step that happens to be a period of the function, or many, is not confirmed. Between many kinks the error is what
    the shorter step shows, not what the function looks like from afar.
    """
    apart = np.abs(shorter.value - wider.value)
    noise = np.maximum(wider.noise, apart)
    better = (apart <= _APART * (wider.noise + rounding)) & (noise < best.noise)
    pairs = ((best.value, wider.value), (best.noise, noise), (best.kink, wider.kink))
    return Difference(*(np.where(better, new, old) for old, new in pairs))


def _extrapolated(function: Bounded, at: Array, h: Array, middle: Array) -> tuple[Difference, Array]:
    """Differences of three steps, extrapolated twice, so that the error falls with h⁶ (Richardson), and their rounding.

    There is a kink where the slopes to both sides converge, but not to each other.
    """
    right, left, bounds = [], [], []
    for step in (h, h / 2, h / 4):
        (above, high), (below, low) = function(at + step), function(at - step)
        right.append((above - middle) / step)
        left.append((middle - below) / step)
        bounds += [high, low]
    rounding = 4 * np.maximum.reduce(bounds) / h
    wide, half, narrow = ((above + below) / 2 for above, below in zip(right, left, strict=True))
    first, second = (4 * half - wide) / 3, (4 * narrow - half) / 3
    (from_right, off_right), (from_left, off_left) = map(_one_sided, (right, left))
    kink = np.abs(from_right - from_left) > _APART * (off_right + off_left + rounding)
    return Difference((16 * second - first) / 15, np.abs(second - first) + rounding, kink), rounding


def _one_sided(slopes: list[Array]) -> tuple[Array, Array]:
    """The slope to one side from those over three steps, and its error."""
    wide, half, narrow = slopes
    first, second = 2 * half - wide, 2 * narrow - half
    found = (4 * second - first) / 3
    return found, np.abs(found - second)
