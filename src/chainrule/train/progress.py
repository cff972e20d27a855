"""The progress bar: loss, validation score, examples a second, time left. On the terminal's error stream."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from chainrule.train.callbacks import Callback

if TYPE_CHECKING:
    from chainrule.train.loop import Training


class ProgressBar(Callback):
    """A bar that advances with every step."""

    def on_start(self, training: Training) -> None:
        """Draw the empty bar."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[scores]}"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._scores = ""
        self._started = training.step
        self._task = self._bar.add_task(
            "", total=training.total_steps, completed=training.step, epoch=self._epoch(training), scores="", rate=""
        )
        self._bar.start()

    def on_step(self, training: Training) -> None:
        """Advance, with the mean loss of the epoch so far."""
        scores = f"loss {training.epoch_loss:.4g}{self._scores}"
        rate = f"{_short(training.examples_per_second)} examples/s"
        self._bar.update(self._task, completed=training.step, epoch=self._epoch(training), scores=scores, rate=rate)

    def on_epoch(self, training: Training) -> None:
        """Show the newest validation scores."""
        record = training.history.epochs[-1]
        self._scores = "".join(
            f"  {name.replace('_', ' ')} {value:.4g}" for name, value in record.items() if name.startswith("valid_")
        )

    def on_end(self, training: Training) -> None:
        """Remove the bar."""
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
