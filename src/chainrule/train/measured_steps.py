"""Steps that are measured while they are made, for the diagnosis of a training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chainrule.doctor.measuring import FINAL_STEPS, Detail
from chainrule.errors import ArgumentError
from chainrule.train.divergence import last_good_step
from chainrule.train.examples import Epoch
from chainrule.train.runner import Runner
from chainrule.train.step_runner import StepRunner
from chainrule.types import Array

if TYPE_CHECKING:
    from chainrule.doctor.not_finite import NotFinite
    from chainrule.doctor.recorder import Recorder


class MeasuredSteps:
    """Makes the steps of a training that is diagnosed: those that its recorder asks for are measured.

    Args:
        runner: what makes the steps.
        recorder: keeps what is measured.
        seed: of the training.
        total: the number of steps of the whole training.

    Raises:
        ArgumentError: the optimiser looks at all examples as often as it needs, so it has no steps to measure.
    """

    def __init__(self, runner: Runner, recorder: Recorder, seed: int, total: int) -> None:
        if not isinstance(runner, StepRunner):
            raise ArgumentError("diagnose needs the steps of a first-order optimiser such as optim.Adam(1e-3)")
        self.runner, self.recorder = runner, recorder
        self.seed, self.total = seed, total

    def prepare(self, size: int) -> None:
        """Compile the steps for batches of a size, measured in all ways that the recorder may ask for."""
        self.runner.prepare(size, self.recorder.details)

    def wait(self, step: int) -> int:
        """How many steps are made at most before the recorder is asked again."""
        return self.recorder.next(step)[1]

    def run(self, step: int, batches: Array) -> tuple[Array, bool]:
        """What `Runner.run` returns, and whether it is a step alone because it is measured in every detail."""
        detail, _ = self.recorder.next(step)
        losses, records = self.runner.run_measured(self.seed, step, self.total, batches, detail)
        self.recorder.made = step + len(losses)
        if detail:
            self.recorder.units, self.recorder.unreached = self.runner.step.units, self.runner.step.unreached
            self.recorder.take(step, losses / batches.shape[1], records)
        return losses, detail is Detail.EVERYTHING

    def measure_final(self, epoch: Epoch, step: int) -> None:
        """Measure steps with the weights of the end, on batches from the whole epoch, and take their updates back."""
        order = epoch.order
        size = min(epoch.size, len(order))
        chosen = np.arange(FINAL_STEPS * size) * len(order) // (FINAL_STEPS * size)
        batches = order[chosen].reshape(size, FINAL_STEPS).T
        first, weights = max(step - FINAL_STEPS, 0), self.runner.weights
        losses, records = self.runner.run_measured(self.seed, first, self.total, batches, Detail.EVERYTHING)
        self.runner.weights = weights
        if len(losses):
            self.recorder.take_final(losses / size, records)

    def not_finite(self, epoch: Epoch, done: int) -> NotFinite:
        """Where the first number that is not finite came from, after so many steps of an epoch."""
        self.recorder.diverged = True
        good, last = last_good_step(self.runner, epoch, done, self.seed, self.total)
        batch = next(epoch.batches(last, last + 1))[0]
        found = self.runner.replay(good, self.seed, epoch.first_step + last, self.total, batch, self.recorder.titles)
        self.recorder.not_finite = found
        return found
