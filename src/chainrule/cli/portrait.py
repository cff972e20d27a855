"""A model on one screen: target, columns, layers, scores, training."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from chainrule.cli.reporting import page, remarks, say, score_table
from chainrule.data import ClassTarget
from chainrule.data.conversion import clock_text
from chainrule.data.features import CodedFeature, Feature, NumericFeature, OneHotFeature, TimeFeature
from chainrule.figures import figure
from chainrule.printable import printable
from chainrule.tabular import TableModel

KINDS = {"numeric": "number", "category": "category", "time": "time"}
WIDEST_NAME = 32
"""Characters of a column's name; the rest is cut off where the line is too short."""
ROOM_FOR_CLASSES, ROOM_FOR_LEVELS = 50, 300
"""Characters; what does not fit on a line of the terminal is cut off there."""


def print_model(model: TableModel) -> None:
    """Print the portrait to the terminal."""
    report = model.report
    with page() as console:
        say(console, Text.assemble((printable(report.target), "bold"), f", {predicted(model)}"))
        origin = f"learned from {printable(report.table)} with seed {report.recipe.seed} by chainrule {report.version}"
        say(console, Text(origin, "dim"))
        console.print()
        for part in (column_table(model), Text(repr(model.network)), score_table(report)):
            say(console, part)
            console.print()
        for line in remarks(report):
            say(console, line)


def predicted(model: TableModel) -> str:
    """What comes out, in words."""
    target = model.target
    if isinstance(target, ClassTarget):
        return f"one of {len(target.classes):,} classes ({first_levels(target.classes, ROOM_FOR_CLASSES)})"
    return f"a number from {figure(target.lowest)} to {figure(target.highest)}"


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
            written = clock_text if feature.clock else figure
            return f"median {written(feature.scale.middle)}, spread {written(feature.scale.spread)}{missing}"
        case TimeFeature():
            return ", ".join(part for part, _ in feature.parts) + missing
        case OneHotFeature() | CodedFeature():
            return f"{len(feature.levels):,}: {first_levels(feature.levels, ROOM_FOR_LEVELS)}"
    return ""


def first_levels(levels: tuple[str, ...], room: int) -> str:
    """The levels, separated by commas, or the first of them where they take more than some characters."""
    names: list[str] = []
    for level in levels:
        names.append(printable(level))
        if sum(len(name) + 2 for name in names) > room + 2:
            return ", ".join([*(names[:-1] or [f"{names[0][: room - 1]}…"]), "…"])
    return ", ".join(names)
