"""How far to go along a direction: far enough to matter, not so far that the loss rises again.

With φ(α) = f(x + α d), the strong Wolfe conditions ask for a sufficient decrease and a flatter slope,

    φ(α) ≤ φ(0) + c₁ α φ′(0)        |φ′(α)| ≤ c₂ |φ′(0)|

The search first steps forward until such an α is bracketed, then narrows the bracket with cubic
interpolation. Source: Nocedal and Wright (2006), Numerical optimization, algorithms 3.5 and 3.6.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from chainrule.tree import Tree
from chainrule.types import Array


@dataclass(frozen=True, eq=False)
class Trial:
    """What is known at one step length: α, φ(α), φ′(α), and the point x + α d with its gradient."""

    step: float
    value: float
    slope: float
    point: Array
    gradient: Array
    parameters: Tree


@dataclass(frozen=True)
class StrongWolfe:
    """A line search along one descent direction.

    Args:
        evaluate: gives the trial at a step length.
        start: the trial at step length 0, with a negative slope.
        sufficient_decrease: c₁.
        curvature: c₂, above c₁ and below 1.
        max_evaluations: how often `evaluate` may be called.
    """

    evaluate: Callable[[float], Trial]
    start: Trial
    sufficient_decrease: float
    curvature: float
    max_evaluations: int

    def search(self, step: float) -> Trial:
        """Return a trial that meets both conditions, `step` being the first length tried.

        If none is found in `max_evaluations`, it is the lowest trial with sufficient decrease, or else
        `start`.
        """
        previous = self.start
        for evaluations in range(1, self.max_evaluations + 1):
            trial = self.evaluate(step)
            if not self._decreases(trial) or (evaluations > 1 and trial.value >= previous.value):
                return self._zoom(previous, trial, self.max_evaluations - evaluations)
            if self._is_flat(trial):
                return trial
            if trial.slope >= 0:
                return self._zoom(trial, previous, self.max_evaluations - evaluations)
            previous, step = trial, 2 * step
        return previous

    def _zoom(self, low: Trial, high: Trial, evaluations: int) -> Trial:
        """Narrow a bracket: `low` is the lowest good trial so far, and φ falls from it towards `high`."""
        for _ in range(evaluations):
            step = _interpolate(low, high)
            if step in (low.step, high.step):
                return low
            trial = self.evaluate(step)
            if not self._decreases(trial) or trial.value >= low.value:
                high = trial
                continue
            if self._is_flat(trial):
                return trial
            if trial.slope * (high.step - low.step) >= 0:
                high = low
            low = trial
        return low

    def _decreases(self, trial: Trial) -> bool:
        """The first condition; false where φ is NaN."""
        allowed = self.start.value + self.sufficient_decrease * trial.step * self.start.slope
        return trial.value <= allowed

    def _is_flat(self, trial: Trial) -> bool:
        """The second condition."""
        return abs(trial.slope) <= -self.curvature * self.start.slope


def _interpolate(low: Trial, high: Trial) -> float:
    """The minimum of the cubic through both trials (equation 3.59), or the middle if that is of no use."""
    width = high.step - low.step
    d1 = low.slope + high.slope - 3 * (high.value - low.value) / width
    discriminant = d1 * d1 - low.slope * high.slope
    middle = low.step + width / 2
    if not 0 <= discriminant < math.inf:
        return middle
    d2 = math.copysign(math.sqrt(discriminant), width)
    divisor = high.slope - low.slope + 2 * d2
    fraction = 1 - (high.slope + d2 - d1) / divisor if divisor else 0.5
    # Too near to an end the bracket would hardly shrink.
    return low.step + fraction * width if 0.1 <= fraction <= 0.9 else middle
