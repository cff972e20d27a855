"""`chainrule predict`: a model and raw rows in, predictions out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from chainrule.cli.options import FILE
from chainrule.cli.outputs import require_writable
from chainrule.errors import ArgumentError

if TYPE_CHECKING:
    from chainrule.tabular import TableModel


@click.command(short_help="Predict the rows of a table.")
@click.argument("model", type=FILE)
@click.argument("table", type=FILE)
@click.option("-o", "--output", type=FILE, required=True, help="Where the predictions go (.csv or .parquet).")
@click.option("--proba", is_flag=True, help="Add a column with the probability of each class.")
def predict(model: Path, table: Path, output: Path, proba: bool) -> int:
    """Predict every row of TABLE (.csv or .parquet) with MODEL.

    The output has one row for each row of TABLE, in the same order, with the column "prediction". Columns that the
    model does not know are ignored; categories that it has not seen count as missing.

    \b
    chainrule predict model.safetensors new_flights.csv -o predictions.csv --proba
    """
    require_writable(output, (".csv", ".parquet"), model, table)
    from chainrule.data import read_table, write_table
    from chainrule.tabular import TableModel

    trained = TableModel.load(model)
    names = class_columns(trained, model) if proba else []
    rows = read_table(table, trained.preprocessing.kinds)
    columns = {"prediction": trained.predict(rows)}
    if proba:
        columns |= dict(zip(names, trained.predict_proba(rows).T, strict=True))
    write_table(output, columns)
    return 0


def class_columns(model: TableModel, path: Path) -> list[str]:
    """The names of the columns with probabilities."""
    if model.report.task != "classification":
        raise ArgumentError(f"--proba: {path} predicts a number ({model.report.target}), not classes; leave it out")
    return [f"probability_{name}" for name in getattr(model.target, "classes", ())]
