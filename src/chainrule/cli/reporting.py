"""The report on a training as a small table: the network's score beside scores that anyone can have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from chainrule.printable import printable
from chainrule.tabular import Report
from chainrule.tabular.report import MODELS

MEASURES: dict[str, tuple[str, Callable[[float], str]]] = {
    "accuracy": ("accuracy", lambda value: f"{value:.1%}"),
    "log_loss": ("log loss", lambda value: f"{value:.4f}"),
    "auc": ("AUC", lambda value: f"{value:.4f}"),
    "rmse": ("RMSE", lambda value: quantity(value)),
    "mae": ("MAE", lambda value: quantity(value)),
    "r2": ("R²", lambda value: f"{value:.3f}"),
}
"""How each measure is called and written."""


def reading(table: Path, quiet: bool) -> AbstractContextManager[object]:
    """A line that says that the table is being read, where someone is looking."""
    console = Console(stderr=True)
    return console.status(f"reading {table.name}") if console.is_terminal and not quiet else nullcontext()


def print_report(report: Report, output: Path) -> None:
    """Print the report on a training whose model is in the file `output`."""
    with page() as console:
        say(console, Text.assemble((printable(report.target), "bold"), f" from the other columns of {report.table}"))
        console.print()
        say(console, score_table(report))
        console.print()
        if not report.interrupted and not report.better_than_linear:
            say(console, Text("The network is no better than the simpler models here.", "yellow"))
        for line in facts(report):
            say(console, line)
        console.print()
        say(console, Text.assemble("Written to ", (str(output), "bold"), ". Next:"))
        console.print(f"    chainrule predict {output} TABLE -o predictions.csv", markup=False, soft_wrap=True)


@contextmanager
def page() -> Iterator[Console]:
    """A console whose text stands between blank lines in a terminal, and has no blanks around it elsewhere."""
    console = Console(highlight=False)
    with console.capture() as captured:
        yield console
    text = captured.get()
    print(f"\n{text}" if console.is_terminal else re.sub(" +\n", "\n", text).removesuffix("\n"), flush=True)


def score_table(report: Report) -> Table:
    """One row for each model, one column for each measure."""
    measures = list(report.scores["network"])
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    table.add_column("")
    for measure in measures:
        table.add_column(MEASURES[measure][0] if measure in MEASURES else measure, justify="right")
    names = {"network": "network", "linear": "linear model", "baseline": printable(report.baseline)}
    for model in MODELS:
        if model in report.scores:
            scores = report.scores[model]
            cells = [formatted(measure, scores[measure]) if measure in scores else "" for measure in measures]
            table.add_row(Text(names[model]), *cells, style="bold" if model == "network" else "")
    return table


def formatted(measure: str, value: float) -> str:
    """The value as people write it."""
    return MEASURES[measure][1](value) if measure in MEASURES else f"{value:.4g}"


def quantity(value: float) -> str:
    """Four digits, or all of them before the point: 50,340 rather than 5.034e+04."""
    return f"{value:,.0f}" if 9999.5 <= abs(value) < 1e12 else f"{value:.4g}"


def facts(report: Report) -> list[Text]:
    """Who used which rows, how large the network is, and what is odd about the data; a line each."""
    rows, ending = report.rows, report.ending
    chosen = f"for {ending.epochs} epochs; {rows.validation:,} validation rows chose epoch {ending.best_epoch}"
    layers = " → ".join(map(str, report.recipe.hidden)) or "no"
    seconds = "" if report.seconds is None else f", {report.seconds:.1f} s in all"
    return [
        Text(f"Scored on {rows.test:,} test rows that were used for nothing else."),
        Text(f"Trained on {rows.training:,} rows {chosen if ending.best_epoch else 'for less than an epoch'}."),
        Text(f"{layers} hidden units, {report.parameters:,} parameters{seconds}."),
        *(Text.assemble(("Note: ", "yellow"), note) for note in report.notes),
    ]


def say(console: Console, part: RenderableType) -> None:
    """Print a paragraph or a table with the margin of everything else."""
    console.print(Padding(part, (0, 0, 0, 2), expand=False))
