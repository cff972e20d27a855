"""A schedule is the learning rate as a function of time.

It is called with `step`, the number of updates already made (0 for the first), and `total_steps`, the number
of updates of the whole training: float64 scalars, or traced Values that stand for them. It returns the rate,
a float64 scalar. Everything is counted in updates; an epoch has ⌈examples / batch size⌉ of them. The
arithmetic is NumPy's without any Python `if` on the step, so a schedule is traced into the training step, and
any function of two scalars written in that way is a schedule too:

    SGD(lambda step, total_steps: 0.1 * (1 - step / total_steps))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.constraints import NOT_NEGATIVE, POSITIVE, SHARE
from chainrule.errors import ArgumentError

Scalar = Any  # a float64 scalar, or the traced Value that stands for one
Schedule = Callable[[Scalar, Scalar], Scalar]


@dataclass(frozen=True)
class Constant:
    """The same rate at every step: η."""

    rate: float

    def __post_init__(self) -> None:
        NOT_NEGATIVE.require_fields(self, "rate")

    def __call__(self, step: Scalar, total_steps: Scalar) -> Scalar:
        """Return the learning rate at `step`."""
        return np.float64(self.rate)


@dataclass(frozen=True)
class StepDecay:
    """The rate is multiplied by `factor` after each `every` steps: η · factor^⌊step / every⌋."""

    rate: float
    every: float
    factor: float = 0.1

    def __post_init__(self) -> None:
        NOT_NEGATIVE.require_fields(self, "rate")
        POSITIVE.require_fields(self, "every", "factor")

    def __call__(self, step: Scalar, total_steps: Scalar) -> Scalar:
        """Return the learning rate at `step`."""
        return self.rate * np.power(self.factor, np.floor(step / self.every))


@dataclass(frozen=True)
class InverseScaling:
    """The rate falls as a power of time: η / tᵖ with t = step + 1.

    Source: scikit-learn's `learning_rate="invscaling"`, eta0 / t^power_t with power_t = ½. The power ½ is the
    classical choice for averaged SGD; powers in (½, 1] meet the conditions of Robbins and Monro (1951).
    """

    rate: float
    power: float = 0.5

    def __post_init__(self) -> None:
        NOT_NEGATIVE.require_fields(self, "rate", "power")

    def __call__(self, step: Scalar, total_steps: Scalar) -> Scalar:
        """Return the learning rate at `step`."""
        return self.rate / np.power(step + 1.0, self.power)


@dataclass(frozen=True)
class Exponential:
    """The rate is multiplied by `decay` after every step: η · decay^step."""

    rate: float
    decay: float

    def __post_init__(self) -> None:
        NOT_NEGATIVE.require_fields(self, "rate")
        POSITIVE.require_fields(self, "decay")

    def __call__(self, step: Scalar, total_steps: Scalar) -> Scalar:
        """Return the learning rate at `step`."""
        return self.rate * np.power(self.decay, step)


@dataclass(frozen=True)
class Cosine:
    """Half a cosine wave from `rate`, at step 0, to `final`, at step `total_steps`.

    Source: Loshchilov and Hutter (2017), SGDR, equation 5, without restarts. The last update is at step
    `total_steps` − 1 and so has a rate just above `final`.
    """

    rate: float
    final: float = 0.0

    def __post_init__(self) -> None:
        NOT_NEGATIVE.require_fields(self, "rate", "final")

    def __call__(self, step: Scalar, total_steps: Scalar) -> Scalar:
        """Return the learning rate at `step`."""
        return _cosine(self.rate, self.final, step / total_steps)


@dataclass(frozen=True)
class OneCycle:
    """Up from `peak` / `initial_divisor` to `peak`, then far down to the initial rate / `final_divisor`.

    The climb takes the fraction `warm_up` of the steps, both ways follow half a cosine wave, and the last
    update (step `total_steps` − 1) has the final rate. Source: Smith and Topin (2018), Super-convergence, in
    the form of fast.ai and of PyTorch's `OneCycleLR`, whose numbers these are.
    """

    peak: float
    warm_up: float = 0.3
    initial_divisor: float = 25.0
    final_divisor: float = 1e4

    def __post_init__(self) -> None:
        NOT_NEGATIVE.require_fields(self, "peak")
        SHARE.require_fields(self, "warm_up")
        POSITIVE.require_fields(self, "initial_divisor", "final_divisor")

    def __call__(self, step: Scalar, total_steps: Scalar) -> Scalar:
        """Return the learning rate at `step`."""
        initial = self.peak / self.initial_divisor
        final = initial / self.final_divisor
        top = self.warm_up * total_steps - 1.0
        climb = _cosine(initial, self.peak, step / np.where(top > 0, top, 1.0))
        descent = _cosine(self.peak, final, (step - top) / (total_steps - 1.0 - top))
        return np.where(step <= top, climb, descent)


@dataclass(frozen=True)
class WarmUp:
    """`steps` updates that climb in a straight line to the first rate of the schedule `then`, which follows.

    The rate of step k is (k + 1) / (`steps` + 1) of the first rate of `then`, and `then` sees only the steps
    that are left to it. A number for `then` means a constant rate. Source: Goyal et al. (2017), Accurate,
    Large Minibatch SGD, section 2.2.
    """

    steps: float
    then: float | Schedule

    def __post_init__(self) -> None:
        NOT_NEGATIVE.require_fields(self, "steps")
        object.__setattr__(self, "then", as_schedule(self.then))

    def __call__(self, step: Scalar, total_steps: Scalar) -> Scalar:
        """Return the learning rate at `step`."""
        following = as_schedule(self.then)
        rate = following(np.maximum(step - self.steps, 0.0), np.maximum(total_steps - self.steps, 1.0))
        return np.minimum((step + 1.0) / (self.steps + 1.0), 1.0) * rate


def as_schedule(rate: float | Schedule) -> Schedule:
    """Return a schedule unchanged, and a number as a `Constant` schedule.

    Raises:
        ArgumentError: the rate is neither a number of at least 0 nor callable.
    """
    if callable(rate):
        return rate
    try:
        return Constant(rate)
    except ArgumentError as error:
        raise ArgumentError(
            f"a learning rate must be a number of at least 0 or a schedule, such as Cosine(1e-3), but it is {rate!r}"
        ) from error


def _cosine(start: float, end: float, fraction: Scalar) -> Scalar:
    """Half a cosine wave from `start` at fraction 0 to `end` at fraction 1, where it stays."""
    return end + (start - end) * 0.5 * (1.0 + np.cos(np.pi * np.minimum(fraction, 1.0)))
