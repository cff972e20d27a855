"""A report in words, as the command line and Python print it: the scores as a table, and the facts a line each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chainrule.figures import column, counted, figure, fixed, share
from chainrule.printable import aligned, printable
from chainrule.tabular.metrics import MODELS

if TYPE_CHECKING:
    from chainrule.tabular.report import Report

FEW_ROWS = 30
"""Test rows; a score of fewer says little about other rows."""
LOWEST_R2 = -999.0
"""Smaller ones only say that a prediction is far off."""

Formatter = Callable[[Sequence[float], int], list[str]]
"""The scores of all models in one measure, and the number of test rows -> how they are written."""


def _decimals(rows: int) -> int:
    """Decimals of a score near 1 that so many rows support."""
    return 4 if rows >= 1000 else 3 if rows >= 100 else 2


def _shares(values: Sequence[float], rows: int) -> list[str]:
    return [share(value, rows) for value in values]


def _near_one(values: Sequence[float], rows: int) -> list[str]:
    return fixed(values, _decimals(rows))


def _log_losses(values: Sequence[float], rows: int) -> list[str]:
    return fixed(values, max(_decimals(rows), 3))


def _in_units(values: Sequence[float], rows: int) -> list[str]:
    return column(values, max(_decimals(rows), 3), smallest=True)


def _r_squared(values: Sequence[float], rows: int) -> list[str]:
    texts = fixed(values, min(_decimals(rows), 3))
    far = f"< {figure(LOWEST_R2)}"
    return [far if value < LOWEST_R2 else text for value, text in zip(values, texts, strict=True)]


MEASURES: dict[str, tuple[str, Formatter]] = {
    "accuracy": ("accuracy", _shares),
    "log_loss": ("log loss", _log_losses),
    "auc": ("AUC", _near_one),
    "rmse": ("RMSE", _in_units),
    "mae": ("MAE", _in_units),
    "r2": ("R²", _r_squared),
}
"""How each measure is called and written."""


def title(report: Report) -> tuple[str, str]:
    """What is predicted, and from what."""
    return printable(report.target), f"from the other columns of {printable(report.table)}"


def score_table(report: Report) -> list[tuple[str, ...]]:
    """The names of the measures, then a line for each model: its name and its scores."""
    models = [model for model in MODELS if model in report.scores]
    names = {"network": "network", "linear": "linear model", "baseline": printable(report.baseline)}
    columns = [("", *(names[model] for model in models))]
    for measure in report.scores["network"]:
        label, written = MEASURES.get(measure, (measure, _in_units))
        known = [model for model in models if measure in report.scores[model]]
        texts = dict(
            zip(known, written([report.scores[model][measure] for model in known], report.rows.test), strict=True)
        )
        columns.append((label, *(texts.get(model, "") for model in models)))
    return list(zip(*columns, strict=True))


def verdict(report: Report) -> str | None:
    """What the scores say that a reader must not miss."""
    if report.better_than_linear:
        return None
    simpler = "baseline" if report.interrupted else "simpler models"
    return f"The network is no better than the {simpler} here."


def facts(report: Report) -> list[str]:
    """Who used which rows, and how large the network is; a line each."""
    rows, ending = report.rows, report.ending
    few = ": too few to trust the scores" if rows.test < FEW_ROWS else ""
    chosen = f"for {counted(ending.epochs, 'epoch')}; {counted(rows.validation, 'validation row')} chose epoch"
    layers = " → ".join(map(str, report.recipe.hidden)) or "no"
    seconds = "" if report.seconds is None else f", {report.seconds:.1f} s in all"
    return [
        f"Scored on {counted(rows.test, 'test row')}, used for nothing else{few}.",
        f"Trained on {counted(rows.training, 'row')} "
        + (f"{chosen} {ending.best_epoch}." if ending.best_epoch else "for less than an epoch."),
        f"{layers} hidden units, {counted(report.parameters, 'parameter')}{seconds}.",
    ]


def notes(report: Report) -> list[str]:
    """What is odd about the data; a line each."""
    return [printable(note) for note in report.notes]


def text(report: Report) -> str:
    """All of it as plain text."""
    head = [" ".join(title(report)), "", *aligned(score_table(report), between="   ", numbers=True), ""]
    told = verdict(report)
    remarks = [*([told] if told else []), *facts(report), *(f"Note: {note}" for note in notes(report))]
    return "\n".join(head + remarks)


def in_short(report: Report) -> str:
    """The network's scores on one line."""
    names, scores = score_table(report)[:2]
    told = ", ".join(f"{name} {score}" for name, score in zip(names[1:], scores[1:], strict=True))
    return f"{title(report)[0]}: {told} on {counted(report.rows.test, 'test row')}"
