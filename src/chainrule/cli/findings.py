"""A diagnosis in the terminal: a row for each layer, then what is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from chainrule.cli.reporting import page, say
from chainrule.doctor import QUANTITIES, Diagnosis, Finding
from chainrule.printable import printable
from chainrule.types import Array

_COLUMNS = ("a", "delta", "gradient", "update_ratio", "saturated", "dead")
_MEANINGS = {
    "a": "a: outputs of a layer",
    "delta": "δ = ∂ℒ/∂z",
    "gradient": "∂W = ∂ℒ/∂W",
    "update_ratio": "ΔW: what a step adds to W",
    "saturated": "saturated: units at the flat ends",
    "dead": "silent: units that are 0 in a whole batch",
}
_SHARES = ("saturated", "dead")


def print_diagnosis(diagnosis: Diagnosis, path: Path | None = None) -> None:
    """Print a diagnosis, and what to do with the file that it is in."""
    with page() as console:
        if path is not None:
            console.print()
        write_diagnosis(console, diagnosis)
        if path is not None:
            console.print()
            say(console, Text("The diagnosis again, and as a page with curves and derivations:"))
            run, page_path = (printable(str(name)) for name in (path, path.with_suffix(".html")))
            for command in (f"chainrule doctor {run}", f"chainrule doctor {run} --html {page_path}"):
                console.print(f"    {command}", markup=False, soft_wrap=True)


def write_diagnosis(console: Console, diagnosis: Diagnosis) -> None:
    """Write the layers and the findings to a console."""
    if len(diagnosis.steps):
        say(console, layer_table(diagnosis))
        console.print()
    say(console, Text(measured(diagnosis)))
    if len(diagnosis.steps):
        say(console, Text(meanings(diagnosis), "dim"))
    for finding in diagnosis.findings:
        console.print()
        write_finding(console, finding)
    if not diagnosis.findings:
        console.print()
        say(console, Text(diagnosis.all_clear, "green"))


def measured(diagnosis: Diagnosis) -> str:
    """Over which steps the medians are taken."""
    count = len(diagnosis.steps)
    if not count:
        return "No step was measured."
    if count == 1:
        return f"Only step {diagnosis.steps[0]:,} was measured."
    return f"Medians over the steps up to {diagnosis.steps[-1]:,}; {count:,} of them were measured."


def meanings(diagnosis: Diagnosis) -> str:
    """What the columns stand for."""
    return "; ".join(meaning for name, meaning in _MEANINGS.items() if diagnosis.series(name))


def layer_table(diagnosis: Diagnosis) -> Table:
    """One row for each layer, one column for each quantity that any layer has."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("layer")
    curves = {name: diagnosis.in_every_detail.series(name) for name in _COLUMNS}
    shown = [name for name in _COLUMNS if curves[name]]
    for name in shown:
        table.add_column(QUANTITIES.get(name, "‖ΔW‖/‖W‖"), justify="right")
    for layer in diagnosis.layers:
        values = [curves[name].get(layer.title, (np.empty(0), np.empty(0)))[1] for name in shown]
        cells = [median(column, name) for column, name in zip(values, shown, strict=True)]
        table.add_row(Text(layer.title.removeprefix("layer ")), *cells)
    return table


def median(values: Array, name: str) -> str:
    """The median as people write it; nothing where nothing was measured."""
    if not len(values):
        return ""
    value = float(np.median(values))
    return f"{value:.0%}" if name in _SHARES else f"{value:.1e}"


def write_finding(console: Console, finding: Finding) -> None:
    """Write one finding: its name, the evidence, then the rest under their titles."""
    say(console, Text.assemble((finding.name, "bold yellow"), (f"  {finding.when}", "dim")))
    for line in finding.evidence.split("\n"):
        told = line.lstrip()
        console.print(Padding(Text(told), (0, 0, 0, 4 + len(line) - len(told))))
    rest = Table.grid(padding=(0, 2, 0, 0))
    rest.add_column(style="dim")
    rest.add_column(overflow="fold")
    for title, text in (("because", finding.explanation), ("threshold", finding.threshold), ("fix", finding.fix)):
        rest.add_row(title, Text(text))
    console.print(Padding(rest, (0, 0, 0, 4)))
