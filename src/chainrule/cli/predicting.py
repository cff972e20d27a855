"""`chainrule predict`: a model and raw rows in, predictions out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from chainrule.cli.options import FILE
from chainrule.cli.outputs import require_writable
from chainrule.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainrule.data import Table
    from chainrule.tabular import TableModel


@click.command(short_help="Predict the rows of a table.")
@click.argument("model", type=FILE)
@click.argument("table", type=FILE)
@click.option("-o", "--output", type=FILE, required=True, help="Where the predictions go (.csv or .parquet).")
@click.option("--proba", is_flag=True, help="Add a column with the probability of each class.")
@click.option("--quiet", is_flag=True, help="Print nothing.")
def predict(model: Path, table: Path, output: Path, proba: bool, quiet: bool) -> int:
    """Predict every row of TABLE (.csv or .parquet) with MODEL.

    The output has one row for each row of TABLE, in the same order, with the column "prediction". Columns that the
    model does not know are ignored; categories that it has not seen count as missing. What was done is told on the
    error stream.

    \b
    chainrule predict model.safetensors new_flights.csv -o predictions.csv --proba
    """
    require_writable(output, (".csv", ".parquet"), model, table)
    from chainrule.data import write_table
    from chainrule.tabular import TableModel

    trained = TableModel.load(model)
    names = class_columns(trained, model) if proba else []
    rows = trained.preprocessing.needed(table)
    columns = {"prediction": trained.predict(rows)}
    if proba:
        columns |= dict(zip(names, trained.predict_proba(rows).T, strict=True))
    write_table(output, columns)
    if not quiet:
        for line in done(trained, rows, output):
            click.echo(line, err=True)
    return 0


def done(model: TableModel, rows: Table, output: Path) -> Iterator[str]:
    """How many rows were predicted and where they are, then what is odd about the columns that the model uses."""
    from chainrule.figures import counted
    from chainrule.printable import printable

    yield f"{counted(rows.rows, 'prediction')} written to {printable(str(output))}."
    for note in (*rows.notes, *model.preprocessing.unseen(rows)):
        yield f"Note: {printable(note)}"


def class_columns(model: TableModel, path: Path) -> list[str]:
    """The names of the columns with probabilities."""
    if model.report.task != "classification":
        raise ArgumentError(f"--proba: {path} predicts a number ({model.report.target}), not classes; leave it out")
    return [f"probability_{name}" for name in getattr(model.target, "classes", ())]
