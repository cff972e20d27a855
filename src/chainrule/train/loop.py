"""The training loop: epochs over mini-batches, validation, early stopping, checkpoints; for any problem."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from chainrule import tree
from chainrule.doctor.measuring import FINAL_STEPS, Detail
from chainrule.errors import ArgumentError, DivergenceError
from chainrule.interrupt import Interrupt, catching_interrupts
from chainrule.ops import random_key
from chainrule.optim import LBFGS, Optimizer
from chainrule.train.callbacks import Callback, as_callbacks, hears_steps
from chainrule.train.examples import Epoch, Examples
from chainrule.train.full_batch import FullBatchStep
from chainrule.train.history import History
from chainrule.train.plan import Plan
from chainrule.train.problem import Problem
from chainrule.train.step_factory import make_step
from chainrule.train.step_runner import StepRunner
from chainrule.train.weights import Weights
from chainrule.tree import Tree
from chainrule.types import Array

if TYPE_CHECKING:
    from chainrule.doctor.not_finite import NotFinite
    from chainrule.doctor.recorder import Recorder

_SLICE_SECONDS = 0.05
_NEWS_SECONDS = 0.1  # between two calls of callbacks that hear of steps from time to time


@dataclass
class Position:
    """Where a training stands; with the weights, all that is needed to go on.

    Attributes:
        epoch: epochs that are finished.
        step: steps made in all.
        done: steps made in the current epoch.
        loss_sum: weighted losses of the current epoch so far.
        examples: examples met in the current epoch so far.
        best_loss: lowest validation loss.
        waited: epochs since then.
    """

    epoch: int = 0
    step: int = 0
    done: int = 0
    loss_sum: float = 0.0
    examples: int = 0
    best_loss: float = float("inf")
    waited: int = 0


class Pace:
    """How many steps make a slice of about 50 ms: short enough for Ctrl-C and a progress bar, long enough for speed."""

    def __init__(self) -> None:
        self.steps = 1

    def took(self, steps: int, seconds: float) -> None:
        """Learn from a slice; the next one is at most eight times as long."""
        wanted = _SLICE_SECONDS / max(seconds / max(steps, 1), 1e-7)
        self.steps = int(min(max(wanted, 1), 8 * self.steps))


@dataclass
class Training:
    """A training in progress; callbacks receive it.

    Attributes:
        problem: what is trained.
        optimizer: what changes the parameters.
        data: the examples to learn from.
        plan: how long, in which order, and when to stop.
        validation: the examples that "valid_…" scores are of.
        start: parameters, optimiser state and model state to begin with.
        best: parameters and model state of the best epoch so far, if early stopping is on.
        history: records of the finished epochs.
        position: where it stands.
        recorder: keeps what is measured of its steps, if they are.
        stop_reason: why it was asked to stop, or "".
    """

    problem: Problem
    optimizer: Optimizer | LBFGS
    data: Examples
    plan: Plan
    start: Weights
    validation: Examples | None = None
    callbacks: Sequence[Callback | Callable[[Training], object]] = ()
    best: tuple[Tree, Tree] | None = None
    history: History = field(default_factory=History)
    position: Position = field(default_factory=Position)
    recorder: Recorder | None = None

    def __post_init__(self) -> None:
        self.plan.check_order(len(self.data))
        if self.plan.early_stopping and self.validation is None:
            raise ArgumentError("early_stopping needs a validation set; give validation=(X, y) or a fraction")
        if self.recorder is not None and self.optimizer.full_batch:
            raise ArgumentError("diagnose needs the steps of a first-order optimiser such as optim.Adam(1e-3)")
        self.total_steps = self.plan.steps_before(self.plan.epochs, len(self.data))
        self._listeners = as_callbacks(self.callbacks)
        self._step_listeners = [listener for listener in self._listeners if hears_steps(listener)]
        self.stop_reason = ""
        self._clock = time.perf_counter()
        self._clock_examples = 0
        self._pace = Pace()
        self._next_news = 0.0
        data = self.data
        self._step = make_step(
            self.problem, self.optimizer, data.arrays, data.weights, self.start, self.plan.accumulation
        )

    # What callbacks ask

    @property
    def epoch(self) -> int:
        """Epochs that are finished."""
        return self.position.epoch

    @property
    def step(self) -> int:
        """Steps that are made, over all epochs."""
        return self.position.step

    @property
    def epoch_loss(self) -> float:
        """Mean loss of the current epoch's examples so far."""
        return self.position.loss_sum / max(self.position.examples, 1)

    @property
    def examples_per_second(self) -> float:
        """Speed since this run began."""
        return self._clock_examples / max(time.perf_counter() - self._clock, 1e-9)

    @property
    def weights(self) -> Weights:
        """Parameters, optimiser state and model state as of the last step."""
        return self._step.weights

    @weights.setter
    def weights(self, weights: Weights) -> None:
        self._step.weights = weights

    @property
    def parameters(self) -> Tree:
        """The parameters as of the last step."""
        return self.weights.parameters

    @property
    def result(self) -> tuple[Tree, Tree]:
        """Copies of the parameters and the model state to keep: the best epoch with early stopping, else the last."""
        weights = self.weights
        parameters, state = self.best or (weights.parameters, weights.state)
        return tree.map_leaves(np.array, parameters), tree.map_leaves(np.array, state)

    @cached_property
    def fingerprints(self) -> dict[str, str]:
        """Digests of what is computed in a step and of the data: trainings that share them do the same to the same."""
        batch = np.zeros(2, np.int64)  # of a single row, batch normalisation would not keep its averages
        step = hashlib.sha256(self._step.text(self.weights, batch).encode())
        validation = self.validation.digest() if self.validation is not None else ""
        return {"network or loss": step.hexdigest(), "data": self.data.digest(), "validation data": validation}

    def stop(self, reason: str = "callback") -> None:
        """Ask to stop after the current step."""
        self.stop_reason = self.stop_reason or reason

    # The loop

    def run(self) -> History:
        """Train until the plan is fulfilled or someone asks to stop.

        Raises:
            DivergenceError: a loss was not finite; the weights are those of the last good epoch.
        """
        with ExitStack() as endings:
            for listener in self._listeners:
                listener.on_start(self)
                endings.callback(listener.on_end, self)
            with catching_interrupts() as interrupt:
                while self.position.epoch < self.plan.epochs and not self.stop_reason:
                    self._run_epoch(interrupt)
                self._measure_final()
            self.history.stopped = self.stop_reason or "epochs"
        return self.history

    def _run_epoch(self, interrupt: Interrupt) -> None:
        length = self.plan.length(self.position.epoch, len(self.data))
        size = self.plan.size(length)
        count, rest = -(-length // size), length % size
        for batch in filter(None, (size if length >= size else 0, rest)):
            self._step.prepare(batch, self._details)  # recording and compiling are not a part of what an epoch takes
        began = time.perf_counter()
        self._step.keep()
        kept_at = self.position.done
        order = self.plan.examples(self.position.epoch, len(self.data))
        self._epoch = Epoch(order, size, self.position.step - kept_at, kept_at)
        while self.position.done < count:
            self._run_slice(self._next_batches(order, size), size)
            if interrupt.requested:
                self.stop("interrupted")
            if self.stop_reason:
                break
        if self.position.done == count:
            path = self._step.not_finite()
            if path:
                self._diverged(self.position.step, f"{path} is not finite")
            self._finish_epoch(time.perf_counter() - began)

    def _next_batches(self, order: Array, size: int) -> Array:
        """The batches of the next slice [k × B]: those of about 50 ms, but no further than a callback wants to wait."""
        start = self.position.done * size
        whole = (len(order) - start) // size
        if whole == 0:
            return order[start:].reshape(1, -1)
        step = self.position.step
        waits = [n - step % n for n in (listener.step_interval for listener in self._step_listeners) if n is not None]
        if self.recorder is not None:
            waits.append(self.recorder.next(step)[1])
        count = 1 if self.optimizer.full_batch else min(whole, self._pace.steps, *waits)
        return order[start : start + count * size].reshape(count, size)

    def _run_slice(self, batches: Array, size: int) -> None:
        """Steps without Python between them."""
        position = self.position
        began = time.perf_counter()
        losses, alone = self._run_steps(batches)
        done = len(losses)
        position.step += done
        position.done += done
        if done:
            losses[0] += position.loss_sum
            position.loss_sum = float(np.cumsum(losses)[-1])  # one after another, so it does not depend on slices
        position.examples += done * batches.shape[1]
        self._clock_examples += done * batches.shape[1]
        if done < len(batches):
            where = self._first_not_finite(batches[done])
            self._diverged(position.step + 1, f"the loss is not finite, first in {where}")
        now = time.perf_counter()
        if batches.shape[1] == size and not alone:
            self._pace.took(done, now - began)
        self._tell_steps(now)
        if isinstance(self._step, FullBatchStep) and self._step.ending is not None:
            outcome, self.history.reason = self._step.ending
            self.stop(outcome)

    def _run_steps(self, batches: Array) -> tuple[Array, bool]:
        """The losses of steps, and whether they are one alone because it is measured; what is measured is kept."""
        step, run = self.position.step, self._step
        if self.recorder is None or isinstance(run, FullBatchStep):
            return run.run(self.plan.seed, step, self.total_steps, batches), False
        detail, _ = self.recorder.next(step)
        losses, records = run.run_measured(self.plan.seed, step, self.total_steps, batches, detail)
        self.recorder.made = step + len(losses)
        if detail:
            self.recorder.units, self.recorder.unreached = run.step.units, run.step.unreached
            self.recorder.take(step, losses / batches.shape[1], records)
        return losses, detail is Detail.EVERYTHING

    def _measure_final(self) -> None:
        """Measure steps with the weights of the end, on batches from the whole epoch, and take their updates back."""
        run, recorder = self._step, self.recorder
        if recorder is None or isinstance(run, FullBatchStep) or not recorder.made:
            return
        order = self._epoch.order
        size = min(self._epoch.size, len(order))
        chosen = np.arange(FINAL_STEPS * size) * len(order) // (FINAL_STEPS * size)
        batches = order[chosen].reshape(size, FINAL_STEPS).T
        first, weights = max(self.position.step - FINAL_STEPS, 0), run.weights
        losses, records = run.run_measured(self.plan.seed, first, self.total_steps, batches, Detail.EVERYTHING)
        run.weights = weights
        if len(losses):
            recorder.take_final(losses / size, records)

    def _tell_steps(self, now: float) -> None:
        """Tell those who hear of steps: at their intervals, or from time to time."""
        due = now >= self._next_news
        if due:
            self._next_news = now + _NEWS_SECONDS
        for listener in self._step_listeners:
            interval = listener.step_interval
            if due if interval is None else self.position.step % interval == 0:
                listener.on_step(self)

    def _finish_epoch(self, seconds: float) -> None:
        position = self.position
        record: dict[str, Any] = {"epoch": position.epoch + 1, "loss": self.epoch_loss, "seconds": seconds}
        if self.validation is not None:
            weights = self.weights
            scores = self.problem.validate(
                weights.parameters, weights.state, self.validation.arrays, self.validation.weights
            )
            record |= {f"valid_{name}": value for name, value in scores.items()}
            self._compare(scores["loss"])
        self.history.epochs.append(record)
        if self.recorder is not None:
            self.recorder.epoch_losses.append(record["loss"])
        position.epoch += 1
        position.done = position.examples = 0
        position.loss_sum = 0.0
        self._tell("on_epoch")

    def _compare(self, loss: float) -> None:
        """Remember the weights of the lowest validation loss; stop when it has not fallen for long enough."""
        if not self.plan.early_stopping:
            return
        if loss < self.position.best_loss:
            self.position.best_loss, self.position.waited = loss, 0
            weights = self.weights
            self.best = (weights.parameters, weights.state)
            self.history.best_epoch = self.position.epoch + 1
        else:
            self.position.waited += 1
            if self.position.waited >= self.plan.early_stopping:
                self.stop("early stopping")

    def _first_not_finite(self, batch: Array) -> str:
        key = random_key(self.plan.seed, self.position.step)
        examples = [np.take(array, batch, axis=0) for array in self.data.arrays]
        return self.problem.locate(self.weights.parameters, self.weights.state, key, examples)

    def _diverged(self, step: int, what: str) -> NoReturn:
        cause = self._cause()
        self._step.go_back()
        told = f"training diverged at step {step} (epoch {self.position.epoch + 1}): {what}; "
        told += "the weights are back at the last good epoch."
        if cause is None or cause.grew:
            told += " Lower the learning rate, clip the gradient (clip_norm=1.0), or scale the inputs."
        raise DivergenceError(told.removesuffix(".") if cause is None else f"{told} {_told(cause)}")

    def _cause(self) -> NotFinite | None:
        """Where the first number that is not finite came from, if this training is diagnosed."""
        run, recorder = self._step, self.recorder
        if recorder is None or isinstance(run, FullBatchStep):
            return None
        recorder.diverged = True
        good, done = self._last_good_step(run)
        seed, total, batch = self.plan.seed, self.total_steps, next(self._epoch.batches(done, done + 1))[0]
        recorder.not_finite = run.replay(good, seed, self._epoch.first_step + done, total, batch, recorder.titles)
        return recorder.not_finite

    def _last_good_step(self, run: StepRunner) -> tuple[Weights, int]:
        """The weights before the first step of the epoch that made a loss or weight not finite, and its number.

        They are looked for between the beginning of the epoch and now, half by half.
        """
        good, low, high = run.weights, self.position.done, self.position.done + 1
        if run.not_finite():
            run.go_back()
            good, low, high = run.weights, self._epoch.kept_at, self.position.done
        while high - low > 1:
            middle = (low + high) // 2
            run.weights, step = good, self._epoch.first_step + low
            for batches in self._epoch.batches(low, middle):
                run.run(self.plan.seed, step, self.total_steps, batches)
                step += len(batches)
            if run.not_finite():
                high = middle
            else:
                good, low = run.weights, middle
        return good, low

    @property
    def _details(self) -> tuple[Detail, ...]:
        """How the steps are measured."""
        return (Detail.NOTHING,) if self.recorder is None else self.recorder.details

    def _tell(self, moment: str) -> None:
        for listener in self._listeners:
            getattr(listener, moment)(self)


def _told(cause: NotFinite) -> str:
    """The first number that is not finite, and what to do if that is known better than by the general advice."""
    if cause.grew:
        return f"First: {cause}"
    fix = "\n           ".join(cause.fix.split("\n"))
    return f"First: {cause}\n  fix      {fix}"
