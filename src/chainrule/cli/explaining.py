"""`chainrule explain`: why a row of a table gets its prediction, and if asked for, one step of the network on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from chainrule.atomic import replacing
from chainrule.cli.options import FILE
from chainrule.cli.outputs import require_writable
from chainrule.cli.text import print_text, text_width
from chainrule.errors import ArgumentError, DerivationError, GradientError, TableError
from chainrule.figures import counted
from chainrule.printable import printable

if TYPE_CHECKING:
    from chainrule.data import Table
    from chainrule.nn import StepExplanation
    from chainrule.tabular import RowExplanation, TableModel

WIDTHS = (80, 120)
"""The narrowest and the widest text."""
SHOWN = 40
"""Inputs of the network that are listed."""


@click.command(short_help="Show why a row gets its prediction.")
@click.argument("model", type=FILE)
@click.argument("table", type=FILE)
@click.option("--row", type=click.IntRange(min=1), required=True, help="Which row, counted from 1.")
@click.option("--baseline", type=click.IntRange(min=1), help="The row to compare with.  [default: medians]")
@click.option("--class", "of", help="Explain the probability of this class.  [default: the predicted one]")
@click.option("--step", "with_step", is_flag=True, help="Add one step of the network on the row, with all numbers.")
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    default=0.1,
    show_default=True,
    help="Of the step.",
)
@click.option("--html", type=FILE, help="Write the shares and the step as a page, too (.html).")
@click.option("--ascii", "plain", is_flag=True, help="Do without ∂, δ and bars of blocks.")
def explain(
    model: Path,
    table: Path,
    row: int,
    baseline: int | None,
    of: str | None,
    with_step: bool,
    learning_rate: float,
    html: Path | None,
    plain: bool,
) -> int:
    """Show what each column of a row of TABLE adds to its prediction by MODEL.

    The shares of the columns add up to the difference from the prediction for a baseline: the median or most frequent
    value of every column among the training rows, or the row that --baseline names. The step, forward, backward and
    update of gradient descent, needs the row's target; the model is not changed.

    \b
    chainrule explain model.safetensors flights.csv --row 17
    """
    if html is not None:
        require_writable(html, (".html",), model, table, option="--html")
    from chainrule.tabular import TableModel

    trained = TableModel.load(model)
    rows = trained.preprocessing.needed(table, optional=(trained.target.column,))
    chosen = one_of(rows, row, "--row")
    usual = None if baseline is None else one_of(rows, baseline, "--baseline")
    why = trained.explain(chosen, usual, of)
    width = text_width(*WIDTHS)
    parts = [why.text(plain, width)]
    try:
        step, reason = step_of(trained, chosen, learning_rate) if with_step or html is not None else (None, "")
        drawn = page_of(f"{table.name}, row {row}", why, step) if html is not None else ""
    except (GradientError, DerivationError):  # a defect of the step takes nothing away from the shares
        print_text(parts[0])
        raise
    if with_step:
        parts += [reason] if step is None else [inputs_of(trained, step, plain), step.text(plain, width)]
    if html is not None:
        with replacing(html) as file:
            file.write_text(drawn, encoding="utf-8")
    print_text("\n\n".join(parts))
    return 0


def one_of(rows: Table, number: int, option: str) -> Table:
    """The table of one row, counted from 1."""
    import numpy as np

    if number > rows.rows:
        raise ArgumentError(f"{option} {number}: {rows.source} has {counted(rows.rows, 'row')}")
    return rows.select(np.array([number - 1]))


def step_of(model: TableModel, row: Table, learning_rate: float) -> tuple[StepExplanation | None, str]:
    """One step on the row, or why there is none."""
    try:
        return model.explain_step(row, learning_rate), ""
    except TableError as error:
        return None, f"One step of the network needs the row's target: {error}"


def inputs_of(model: TableModel, step: StepExplanation, plain: bool) -> str:
    """Which columns the inputs of the step are, as far as they are not 0."""
    from chainrule.nn.step_report.names import name
    from chainrule.nn.step_report.numbers import given
    from chainrule.terminal.styled import printed

    named = enumerate(zip(model.preprocessing.feature_names, step.a[0], strict=True))
    present = [(unit, printable(column), value) for unit, (column, value) in named if value]
    lines = ["one step of the network, whose inputs are these where they are not 0:"]
    lines += [f"  {name('x', 0, unit):<5} = {given(value):>11}   {column}" for unit, column, value in present[:SHOWN]]
    if len(present) > SHOWN:
        lines.append(f"  and {len(present) - SHOWN:,} more")
    return printed(lines, plain, colour=False)


def page_of(title: str, why: RowExplanation, step: StepExplanation | None) -> str:
    """A page that needs nothing from elsewhere, in light and dark."""
    from chainrule.explain.render.html import page

    backward = "" if step is None else f"<h2>One step of the network</h2>{step.html()}{matrix_form(step)}"
    return page(title, why.html() + backward)


def matrix_form(step: StepExplanation) -> str:
    """The derivation of the step, where its layers have one."""
    try:
        return f"<h2>The backward pass in matrices</h2>{step.derivation().html()}"
    except ArgumentError:
        return ""
