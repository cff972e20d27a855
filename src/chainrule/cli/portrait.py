"""A model on one screen: target, columns, layers, scores, training."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from chainrule.cli.reporting import facts, page, quantity, say, score_table
from chainrule.data import ClassTarget
from chainrule.data.conversion import clock_text
from chainrule.data.features import CodedFeature, Feature, NumericFeature, OneHotFeature, TimeFeature
from chainrule.printable import printable
from chainrule.tabular import TableModel

KINDS = {"numeric": "number", "category": "category", "time": "time"}
WIDEST_NAME = 32
"""Characters of a column's name; the rest is cut off where the line is too short."""
SHOWN_LEVELS = 40
"""Of a category's levels; more would not fit on a line."""


def print_model(model: TableModel) -> None:
    """Print the portrait to the terminal."""
    report = model.report
    with page() as console:
        say(console, Text.assemble((printable(report.target), "bold"), f", {predicted(model)}"))
        origin = f"learned from {report.table} with seed {report.recipe.seed} by chainrule {report.version}"
        say(console, Text(origin, "dim"))
        console.print()
        for part in (column_table(model), Text(repr(model.network)), score_table(report)):
            say(console, part)
            console.print()
        for line in facts(report):
            say(console, line)


def predicted(model: TableModel) -> str:
    """What comes out, in words."""
    target = model.target
    if isinstance(target, ClassTarget):
        return f"one of {len(target.classes)} classes ({levels_text(target.classes)})"
    return f"a number from {quantity(target.lowest)} to {quantity(target.highest)}"


def column_table(model: TableModel) -> Table:
    """The columns that the model needs, each with what training saw in it."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim", expand=True)
    table.add_column("column", no_wrap=True, min_width=min(max(map(len, model.preprocessing.columns)), WIDEST_NAME))
    table.add_column("kind", no_wrap=True, min_width=len("category"))
    table.add_column("in training", no_wrap=True, ratio=1)
    for feature in model.preprocessing.features:
        table.add_row(Text(printable(feature.column)), KINDS[feature.kind], Text(seen(feature)))
    return table


def seen(feature: Feature) -> str:
    """What training saw in a column."""
    missing = ", some missing" if getattr(feature, "indicator", False) else ""
    match feature:
        case NumericFeature():
            written = clock_text if feature.clock else quantity
            return f"median {written(feature.scale.middle)}, spread {written(feature.scale.spread)}{missing}"
        case TimeFeature():
            return ", ".join(part for part, _ in feature.parts) + missing
        case OneHotFeature() | CodedFeature():
            return f"{len(feature.levels)}: {levels_text(feature.levels)}"
    return ""


def levels_text(levels: tuple[str, ...]) -> str:
    """The first levels, separated by commas."""
    return ", ".join(map(printable, levels[:SHOWN_LEVELS])) + (", …" if len(levels) > SHOWN_LEVELS else "")
