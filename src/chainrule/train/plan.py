"""How a training is to run: everything that is decided before the first step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.constraints import COUNT, SEED
from chainrule.errors import ArgumentError
from chainrule.figures import counted
from chainrule.optim import Minimizer
from chainrule.sampling import epoch_order
from chainrule.train.gradient_accumulation import GradientAccumulation
from chainrule.tree import Tree
from chainrule.types import Array, as_array


@dataclass(frozen=True)
class TrainingPlan:
    """The choices of a training.

    Attributes:
        epochs: how many times the data is gone through.
        batch_size: examples in a step; None takes all of them.
        accumulate: how many batches of this size make one update; their gradients are added up.
        transform_gradients: traced gradients -> gradients, between back propagation and optimiser; see `fit`.
        shuffle: whether the order is a new random one in every epoch.
        order: the positions of the examples for each epoch, instead of shuffling; a row may leave examples out.
        seed: of the order and of dropout.
        early_stopping: after how many epochs without a lower validation loss to stop and restore the best weights.
    """

    epochs: int
    batch_size: int | None = 32
    shuffle: bool = True
    order: Sequence[Array] | None = None
    seed: int = 0
    early_stopping: int | None = None
    accumulate: int = 1
    transform_gradients: Callable[..., Tree] | None = None

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "early_stopping", "accumulate"):
            value = getattr(self, name)
            if value is None and name == "batch_size" and self.accumulate != 1:
                raise ArgumentError(
                    "accumulate needs a batch_size, and LBFGS takes all examples at once; leave accumulate=1"
                )
            if value is not None:
                COUNT.require(value, name)
        if self.transform_gradients is not None and not callable(self.transform_gradients):
            raise ArgumentError(
                f"transform_gradients must be a function of gradients, got {self.transform_gradients!r}"
            )
        SEED.require(self.seed, "seed")

    @classmethod
    def of(cls, optimizer: Minimizer, *, batch_size: int | None, **choices: Any) -> TrainingPlan:
        """The plan of a training with an optimiser: one that takes all examples in every step has no batch size."""
        return cls(batch_size=None if optimizer.full_batch else batch_size, **choices)

    def check_order(self, n: int) -> None:
        """Raise ArgumentError unless the given order has a row for every epoch and names examples that exist."""
        if self.order is None:
            return
        if not hasattr(self.order, "__len__"):
            raise ArgumentError(f"order must be a list with a row of positions for each epoch, got {self.order!r}")
        if len(self.order) < self.epochs:
            known = counted(len(self.order), "epoch")
            raise ArgumentError(f"order has rows for {known}, but {self.epochs} are to be trained")
        for epoch, row in enumerate(self.order):
            positions = as_array(row, f"order, epoch {epoch + 1},")
            if positions.ndim != 1 or positions.dtype.kind not in "iu" or not positions.size:
                raise ArgumentError(f"order, epoch {epoch + 1}: must be a list of whole numbers, got {row!r}")
            if positions.min() < 0 or positions.max() >= n:
                raise ArgumentError(f"order, epoch {epoch + 1}: positions must lie in 0 … {n - 1}")

    def examples(self, epoch: int, n: int) -> Array:
        """The positions of the examples of an epoch (from 0), in order, int64."""
        if self.order is not None:
            return np.asarray(self.order[epoch], np.int64)
        return epoch_order(n, int(self.seed), epoch) if self.shuffle else np.arange(n)

    def steps_before(self, epoch: int, n: int) -> int:
        """How many steps all epochs before `epoch` take."""
        if self.order is None:
            return epoch * -(-n // self.size(n))
        return sum(-(-len(row) // self.size(len(row))) for row in self.order[:epoch])

    def length(self, epoch: int, n: int) -> int:
        """How many examples an epoch (from 0) goes through."""
        return n if self.order is None else len(self.order[epoch])

    def batch_rows(self, n: int) -> set[int]:
        """How many examples batches have, those of `batch_size` and the last ones of epochs."""
        lengths = {n} if self.order is None else {len(row) for row in self.order[: self.epochs]}
        sizes = ((min(self.batch_size or length, length), length) for length in lengths)
        return {rows for size, length in sizes for rows in (size, length % size) if rows}

    def size(self, n: int) -> int:
        """How many examples an update takes in an epoch of `n` examples."""
        return (self.batch_size or max(n, 1)) * self.accumulate

    @property
    def accumulation(self) -> GradientAccumulation:
        """What happens between gradient and update."""
        return GradientAccumulation(self.accumulate, self.batch_size, self.transform_gradients)
