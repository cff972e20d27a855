"""A model on one screen: target, columns, layers, scores, training."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from chainrule.cli.reporting import page, remarks, say, score_table
from chainrule.printable import printable
from chainrule.tabular import TableModel

KINDS = {"numeric": "number", "category": "category", "time": "time"}
WIDEST_NAME = 32
"""Characters of a column's name; the rest is cut off where the line is too short."""


def print_model(model: TableModel) -> None:
    """Print the summary to the terminal."""
    report = model.report
    with page() as console:
        say(console, Text.assemble((printable(report.target), "bold"), f", {model.target.meaning}"))
        origin = f"learned from {printable(report.table)} with seed {report.recipe.seed} by chainrule {report.version}"
        say(console, Text(origin, "dim"))
        console.print()
        for part in (column_table(model), Text(repr(model.network)), score_table(report)):
            say(console, part)
            console.print()
        for line in remarks(report):
            say(console, line)


def column_table(model: TableModel) -> Table:
    """The columns that the model needs, each with what training saw in it."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim", expand=True)
    table.add_column("column", no_wrap=True, min_width=min(max(map(len, model.preprocessing.columns)), WIDEST_NAME))
    table.add_column("kind", no_wrap=True, min_width=len("category"))
    table.add_column("in training", no_wrap=True, ratio=1)
    for feature in model.preprocessing.features:
        table.add_row(Text(printable(feature.column)), KINDS[feature.kind], Text(feature.seen))
    return table
