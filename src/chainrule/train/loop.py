"""The training loop: epochs over mini-batches, validation, early stopping, checkpoints; for any problem."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any, NoReturn

import numpy as np

from chainrule import tree
from chainrule.data.batches import batches
from chainrule.errors import ArgumentError, DivergenceError
from chainrule.ops import random_key
from chainrule.optim import LBFGS, Optimizer
from chainrule.train.callbacks import Callback, as_callbacks
from chainrule.train.history import History
from chainrule.train.interrupt import Interrupt, catching_interrupts
from chainrule.train.plan import Plan
from chainrule.train.problem import Problem
from chainrule.train.step import Weights, make_step
from chainrule.tree import Tree
from chainrule.types import Array, as_array

_ROWS = 65_536  # taken into a digest at a time, so that it needs no second copy of the data


@dataclass(frozen=True)
class Examples:
    """Arrays with one row for each example, and how much each example counts.

    Attributes:
        arrays: first axes of one length.
        weights: [n], at least 0, or None if all count the same; scaled to mean 1.
    """

    arrays: tuple[Array, ...]
    weights: Array | None = None

    def __len__(self) -> int:
        return len(self.arrays[0])

    def digest(self) -> str:
        """The SHA-256 of all numbers."""
        digest = hashlib.sha256()
        for array in (*self.arrays, *([] if self.weights is None else [self.weights])):
            for start in range(0, len(array), _ROWS):
                digest.update(array[start : start + _ROWS].tobytes())
        return digest.hexdigest()

    @classmethod
    def of(cls, arrays: Sequence[Array], weights: Any = None, name: str = "the data") -> Examples:
        """Check lengths and weights.

        Raises:
            ArgumentError: no examples, lengths that differ, or weights that are negative, not finite or all 0.
        """
        lengths = {len(array) if np.ndim(array) else 0 for array in arrays}
        if len(lengths) != 1:
            raise ArgumentError(f"the arrays of {name} have different numbers of rows: {sorted(lengths)}")
        n = lengths.pop()
        if n == 0:
            raise ArgumentError(f"{name} has no rows; there is nothing to learn from")
        if weights is None:
            return cls(tuple(arrays))
        w = as_array(weights, f"sample weights of {name}").astype(np.float64)
        if w.shape != (n,) or not np.all(np.isfinite(w)) or np.any(w < 0) or not np.any(w > 0):
            raise ArgumentError(f"sample weights of {name} must be {n} finite numbers of at least 0, not all 0")
        return cls(tuple(arrays), w / w.mean())


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


@dataclass
class Training:
    """A training in progress; callbacks receive it.

    Attributes:
        problem: what is trained.
        optimizer: what changes the parameters.
        data: the examples to learn from.
        plan: how long, in which order, and when to stop.
        validation: the examples that "valid_…" scores are of.
        weights: parameters, optimiser state and model state, as of the last step.
        best: parameters and model state of the best epoch so far, if early stopping is on.
        history: records of the finished epochs.
        position: where it stands.
        stop_reason: why it was asked to stop, or "".
    """

    problem: Problem
    optimizer: Optimizer | LBFGS
    data: Examples
    plan: Plan
    weights: Weights
    validation: Examples | None = None
    callbacks: Sequence[Callback | Callable[[Training], object]] = ()
    best: tuple[Tree, Tree] | None = None
    history: History = field(default_factory=History)
    position: Position = field(default_factory=Position)

    def __post_init__(self) -> None:
        self.plan.check_order(len(self.data))
        if self.plan.early_stopping and self.validation is None:
            raise ArgumentError("early_stopping needs a validation set; give validation=(X, y) or a fraction")
        self.total_steps = self.plan.steps_before(self.plan.epochs, len(self.data))
        self._listeners = as_callbacks(self.callbacks)
        self.stop_reason = ""
        self._clock = time.perf_counter()
        self._clock_examples = 0
        self._step = make_step(self.problem, self.optimizer, self.data.arrays, self.data.weights)

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
    def parameters(self) -> Tree:
        """The parameters as of the last step."""
        return self.weights.parameters

    @property
    def result(self) -> tuple[Tree, Tree]:
        """Copies of the parameters and the model state to keep: the best epoch with early stopping, else the last."""
        parameters, state = self.best or (self.weights.parameters, self.weights.state)
        return tree.map_leaves(np.array, parameters), tree.map_leaves(np.array, state)

    @cached_property
    def fingerprints(self) -> dict[str, str]:
        """Digests of what is computed in a step and of the data: trainings that share them do the same to the same."""
        step = hashlib.sha256(str(self._step.graph(self.weights, np.zeros(1, np.int64))).encode())
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
            self.history.stopped = self.stop_reason or "epochs"
        return self.history

    def _run_epoch(self, interrupt: Interrupt) -> None:
        began = time.perf_counter()
        last_good = self.weights
        order = self.plan.examples(self.position.epoch, len(self.data))
        size = self.plan.size(len(order))
        for batch in islice(batches(order, size), self.position.done, None):
            self._run_step(batch, last_good)
            if interrupt.requested:
                self.stop("interrupted")
            if self.stop_reason:
                break
        if self.position.done == -(-len(order) // size):
            for path, leaf in tree.items(self.parameters, "parameters"):
                if not np.all(np.isfinite(leaf)):
                    self._diverged(self.position.step, f"{path} is not finite", last_good)
            self._finish_epoch(time.perf_counter() - began)

    def _run_step(self, batch: Array, last_good: Weights) -> None:
        position = self.position
        weights, loss = self._step(self.weights, self.plan.seed, position.step, self.total_steps, batch)
        if not np.isfinite(loss):
            where = self._first_not_finite(batch)
            self._diverged(position.step + 1, f"the loss is not finite, first in {where}", last_good)
        self.weights = weights
        position.step += 1
        position.done += 1
        position.loss_sum += loss
        position.examples += len(batch)
        self._clock_examples += len(batch)
        self._tell("on_step")
        if self._step.finished:
            self.stop("converged")

    def _finish_epoch(self, seconds: float) -> None:
        position = self.position
        record: dict[str, Any] = {"epoch": position.epoch + 1, "loss": self.epoch_loss, "seconds": seconds}
        if self.validation is not None:
            scores = self.problem.validate(
                self.weights.parameters, self.weights.state, self.validation.arrays, self.validation.weights
            )
            record |= {f"valid_{name}": value for name, value in scores.items()}
            self._compare(scores["loss"])
        self.history.epochs.append(record)
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
            self.best = (self.weights.parameters, self.weights.state)
            self.history.best_epoch = self.position.epoch + 1
        else:
            self.position.waited += 1
            if self.position.waited >= self.plan.early_stopping:
                self.stop("early stopping")

    def _first_not_finite(self, batch: Array) -> str:
        key = random_key(self.plan.seed, self.position.step)
        examples = [np.take(array, batch, axis=0) for array in self.data.arrays]
        return self.problem.locate(self.weights.parameters, self.weights.state, key, examples)

    def _diverged(self, step: int, what: str, last_good: Weights) -> NoReturn:
        self.weights = last_good
        raise DivergenceError(
            f"training diverged at step {step} (epoch {self.position.epoch + 1}): {what}; the "
            "weights are back at the last good epoch. Lower the learning rate, clip the gradient (clip_norm=1.0), or "
            "scale the inputs"
        )

    def _tell(self, moment: str) -> None:
        for listener in self._listeners:
            getattr(listener, moment)(self)
