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
from chainrule.errors import ArgumentError
from chainrule.interrupt import Interrupt, catching_interrupts
from chainrule.ops import random_key
from chainrule.optim import Minimizer
from chainrule.train.callbacks import Callback, as_callbacks, hears_steps
from chainrule.train.divergence import divergence_error
from chainrule.train.examples import Epoch, Examples
from chainrule.train.history import History
from chainrule.train.measured_steps import MeasuredSteps
from chainrule.train.pace import Pace
from chainrule.train.plan import TrainingPlan
from chainrule.train.position import Position
from chainrule.train.problem import Problem
from chainrule.train.runner import make_runner
from chainrule.train.weights import Weights
from chainrule.tree import Tree
from chainrule.types import Array

if TYPE_CHECKING:
    from chainrule.doctor.recorder import Recorder

_NEWS_SECONDS = 0.1  # between two calls of callbacks that hear of steps from time to time


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
    optimizer: Minimizer
    data: Examples
    plan: TrainingPlan
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
        self.total_steps = self.plan.steps_before(self.plan.epochs, len(self.data))
        self._listeners = as_callbacks(self.callbacks)
        self._step_listeners = [listener for listener in self._listeners if hears_steps(listener)]
        self.stop_reason = ""
        self._clock = time.perf_counter()
        self._clock_examples = 0
        self._pace = Pace()
        self._next_news = 0.0
        data = self.data
        self._runner = make_runner(
            self.problem, self.optimizer, data.arrays, data.weights, self.start, self.plan.accumulation
        )
        self._measured: MeasuredSteps | None = None
        if self.recorder is not None:
            self._measured = MeasuredSteps(self._runner, self.recorder, self.plan.seed, self.total_steps)

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
        return self.position.mean_loss

    @property
    def examples_per_second(self) -> float:
        """Speed since this run began."""
        return self._clock_examples / max(time.perf_counter() - self._clock, 1e-9)

    @property
    def weights(self) -> Weights:
        """Parameters, optimiser state and model state as of the last step."""
        return self._runner.weights

    @weights.setter
    def weights(self, weights: Weights) -> None:
        self._runner.weights = weights

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
        step = hashlib.sha256(self._runner.text(self.weights, batch).encode())
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
                if self._measured is not None and self._measured.recorder.made:
                    self._measured.measure_final(self._epoch, self.position.step)
            self.history.stopped = self.stop_reason or "epochs"
        return self.history

    def _run_epoch(self, interrupt: Interrupt) -> None:
        length = self.plan.length(self.position.epoch, len(self.data))
        size = self.plan.size(length)
        count, rest = -(-length // size), length % size
        for batch in filter(None, (size if length >= size else 0, rest)):
            (self._measured or self._runner).prepare(
                batch
            )  # tracing and compiling are not a part of what an epoch takes
        began = time.perf_counter()
        self._runner.keep()
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
            path = self._runner.not_finite()
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
        if self._measured is not None:
            waits.append(self._measured.wait(step))
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
        if self._runner.ending is not None:
            outcome, self.history.reason = self._runner.ending
            self.stop(outcome)

    def _run_steps(self, batches: Array) -> tuple[Array, bool]:
        """The losses of steps, and whether they are one alone because it is measured."""
        step = self.position.step
        if self._measured is not None:
            return self._measured.run(step, batches)
        return self._runner.run(self.plan.seed, step, self.total_steps, batches), False

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
        position.begin_epoch()
        self._tell("on_epoch")

    def _compare(self, loss: float) -> None:
        """Remember the weights of the lowest validation loss; stop when it has not fallen for long enough."""
        if not self.plan.early_stopping:
            return
        if self.position.improves(loss):
            weights = self.weights
            self.best = (weights.parameters, weights.state)
            self.history.best_epoch = self.position.epoch + 1
        elif self.position.waited >= self.plan.early_stopping:
            self.stop("early stopping")

    def _first_not_finite(self, batch: Array) -> str:
        key = random_key(self.plan.seed, self.position.step)
        examples = [np.take(array, batch, axis=0) for array in self.data.arrays]
        return self.problem.locate(self.weights.parameters, self.weights.state, key, examples)

    def _diverged(self, step: int, what: str) -> NoReturn:
        measured, position = self._measured, self.position
        cause = None if measured is None else measured.not_finite(self._epoch, position.done)
        self._runner.go_back()
        raise divergence_error(step, position.epoch + 1, what, cause)

    def _tell(self, moment: str) -> None:
        for listener in self._listeners:
            getattr(listener, moment)(self)
