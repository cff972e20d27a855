"""A training whose numbers are no longer finite: the step at which that began, and what is said about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.errors import DivergenceError
from chainrule.train.examples import Epoch
from chainrule.train.runner import Runner
from chainrule.train.weights import Weights

if TYPE_CHECKING:
    from chainrule.doctor.not_finite import NotFinite


def last_good_step(runner: Runner, epoch: Epoch, done: int, seed: int, total: int) -> tuple[Weights, int]:
    """The weights before the first step of an epoch that made a loss or weight not finite, and its number in the epoch.

    It is found by bisection between the steps at which the weights were kept and now, which are made again.

    Args:
        runner: whose weights are those of now; afterwards they are any of those in between.
        epoch: the epoch that it is in.
        done: steps made in the epoch.
        seed: of the training.
        total: the number of steps of the whole training.
    """
    good, low, high = runner.weights, done, done + 1
    if runner.not_finite():
        runner.go_back()
        good, low, high = runner.weights, epoch.kept_at, done
    while high - low > 1:
        middle = (low + high) // 2
        runner.weights, step = good, epoch.first_step + low
        for batches in epoch.batches(low, middle):
            runner.run(seed, step, total, batches)
            step += len(batches)
        if runner.not_finite():
            high = middle
        else:
            good, low = runner.weights, middle
    return good, low


def divergence_error(step: int, epoch: int, what: str, cause: NotFinite | None) -> DivergenceError:
    """The error of a training that is back at its last good epoch: general advice, or the cause if it is known.

    Args:
        step: at which the training diverged, from 1.
        epoch: in which, from 1.
        what: what is not finite.
        cause: where the first number that is not finite came from, if the training was diagnosed.
    """
    told = f"training diverged at step {step} (epoch {epoch}): {what}; the weights are back at the last good epoch."
    if cause is None or cause.grew:
        told += " Lower the learning rate, clip the gradient (clip_norm=1.0), or scale the inputs."
    return DivergenceError(told.removesuffix(".") if cause is None else f"{told} {_told(cause)}")


def _told(cause: NotFinite) -> str:
    """The first number that is not finite, and what to do if that is known better than by the general advice."""
    if cause.grew:
        return f"First: {cause}"
    fix = "\n           ".join(cause.fix.split("\n"))
    return f"First: {cause}\n  fix      {fix}"
