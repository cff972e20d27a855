"""The progress bar: loss, validation scores, examples a second, time left; within 80 columns, on stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from chainrule.figures import figure
from chainrule.train.callbacks import Callback

if TYPE_CHECKING:
    from chainrule.train.loop import Training


class ProgressBar(Callback):
    """A bar that advances with the steps."""

    step_interval = None

    def on_start(self, training: Training) -> None:
        """Draw the empty bar."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=12),
            TextColumn("{task.fields[scores]}"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._loss = self._scores = ""
        self._task = self._bar.add_task(
            "", total=training.total_steps, completed=training.step, epoch=self._epoch(training), scores="", rate=""
        )
        self._bar.start()

    def on_step(self, training: Training) -> None:
        """Advance, with the mean loss of the epoch so far."""
        if training.position.done:
            self._loss = f"loss {figure(training.epoch_loss, 3)}"
        scores, rate = self._loss + self._scores, f"{_short(training.examples_per_second)}/s"
        self._bar.update(self._task, completed=training.step, epoch=self._epoch(training), scores=scores, rate=rate)

    def on_epoch(self, training: Training) -> None:
        """Show the newest validation scores."""
        record = training.history.epochs[-1]
        self._loss = f"loss {figure(record['loss'], 3)}"
        scores = {name.removeprefix("valid_"): v for name, v in record.items() if name.startswith("valid_")}
        self._scores = "".join(f"  {'valid' if name == 'loss' else name} {figure(v, 3)}" for name, v in scores.items())

    def on_end(self, training: Training) -> None:
        """Remove the bar, after a last look at it."""
        self.on_step(training)
        self._bar.stop()

    @staticmethod
    def _epoch(training: Training) -> str:
        return f"{min(training.epoch + 1, training.plan.epochs)}/{training.plan.epochs}"


def _short(rate: float) -> str:
    return f"{rate / 1e6:.1f}M" if rate >= 1e6 else f"{rate / 1e3:.1f}k" if rate >= 1e3 else f"{rate:.0f}"


def progress_callbacks(progress: bool | None) -> list[Any]:
    """A bar if asked for; by default only where the error stream is a terminal."""
    wanted = sys.stderr.isatty() if progress is None else progress
    return [ProgressBar()] if wanted else []
