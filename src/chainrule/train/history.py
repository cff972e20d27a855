"""What happened in a training: one record for each epoch, and why it ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from chainrule.errors import ArgumentError
from chainrule.figures import counted, figure


@dataclass
class History:
    """Records of a training.

    Attributes:
        epochs: one dict for each finished epoch: "epoch" (from 1), "loss" (mean over the epoch's examples, as they
            were met, without penalties), "seconds", and "valid_…" scores if there is a validation set.
        stopped: why training ended: "epochs", "early stopping", "interrupted" or "callback"; of L-BFGS also
            "converged", or "stalled" if no lower loss was found though there should be some.
        reason: why L-BFGS says so, in a sentence; else "".
        best_epoch: the epoch whose weights were kept, if early stopping chose.
    """

    epochs: list[dict[str, Any]] = field(default_factory=list)
    stopped: str = ""
    best_epoch: int | None = None
    reason: str = ""

    def __repr__(self) -> str:
        last = self.epochs[-1] if self.epochs else {}
        told = "".join(f", {name} {figure(x)}" for name, x in last.items() if name not in ("epoch", "seconds"))
        best = "" if self.best_epoch is None else f", best epoch {self.best_epoch}"
        return f"History({counted(len(self), 'epoch')}{told}, ended: {self.stopped or 'not yet'}{best})"

    def __getitem__(self, name: str) -> list[Any]:
        """One column, such as history["valid_loss"]; empty before the first epoch.

        Raises:
            ArgumentError: there is no such column; names those that exist.
        """
        if self.epochs and name not in self.epochs[0]:
            raise ArgumentError(f"the history has no column {name!r}; it has {', '.join(self.epochs[0])}")
        return [record[name] for record in self.epochs]

    def __len__(self) -> int:
        return len(self.epochs)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.epochs)
