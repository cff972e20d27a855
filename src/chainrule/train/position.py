"""Where a training stands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Position:
    """Where a training stands; with the weights, all that is needed to go on.

    Attributes:
        epoch: epochs that are finished.
        step: steps made in all.
        done: steps made in the current epoch.
        loss_sum: weighted losses of the current epoch so far.
        examples: examples met in the current epoch so far.
        best_loss: lowest validation loss, if early stopping is on.
        waited: epochs since then.
    """

    epoch: int = 0
    step: int = 0
    done: int = 0
    loss_sum: float = 0.0
    examples: int = 0
    best_loss: float = float("inf")
    waited: int = 0

    @property
    def mean_loss(self) -> float:
        """Mean loss of the current epoch's examples so far."""
        return self.loss_sum / max(self.examples, 1)

    def improves(self, loss: float) -> bool:
        """Whether an epoch's validation loss is the lowest so far; if not, one more epoch was waited for it."""
        better = loss < self.best_loss
        self.best_loss, self.waited = (loss, 0) if better else (self.best_loss, self.waited + 1)
        return better

    def begin_epoch(self) -> None:
        """Count the epoch that is finished, and stand before the first step of the next."""
        self.epoch += 1
        self.done = self.examples = 0
        self.loss_sum = 0.0
