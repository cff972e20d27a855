"""`chainrule doctor`: what is wrong with a training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chainrule.cli.options import FILE, Whole
from chainrule.cli.outputs import require_writable

if TYPE_CHECKING:
    from chainrule.doctor import Diagnosis


@click.command(short_help="Say what is wrong with a training.")
@click.argument("file", type=FILE, metavar="RUN|MODEL")
@click.argument("table", type=FILE, required=False)
@click.option("--epochs", type=Whole(1), metavar="N", default=1, show_default=True, help="With a TABLE.")
@click.option("-o", "--output", type=FILE, help="Where the diagnosis is written (.json), with a TABLE.")
@click.option("--html", type=FILE, help="Where a page with curves and derivations is written (.html).")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def doctor(file: Path, table: Path | None, epochs: int, output: Path | None, html: Path | None, as_json: bool) -> int:
    """Show the diagnosis of a training: what was measured of its layers, what is wrong, and what to do.

    RUN is a file that `chainrule train --diagnose` has written. With a MODEL and a TABLE (.csv or .parquet) that has
    its target, a copy of the model is trained for an epoch more, and every step is measured; MODEL stays as it is.

    \b
    chainrule doctor model.diagnosis.json --html model.html
    chainrule doctor model.safetensors flights.csv
    """
    for path, suffix in ((output, ".json"), (html, ".html")):
        if path is not None:
            require_writable(path, (suffix,), file, *([] if table is None else [table]))
    diagnosis = read(file) if table is None else diagnosed(file, table, epochs)
    for path in filter(None, (output, html)):
        diagnosis.save(path)
    if as_json:
        click.echo(json.dumps(diagnosis.to_json()))
    else:
        from chainrule.cli.findings import print_diagnosis

        print_diagnosis(diagnosis)
    return 0


def read(path: Path) -> Diagnosis:
    """The diagnosis in a file."""
    from chainrule.doctor import Diagnosis
    from chainrule.errors import ArgumentError

    if path.suffix == ".safetensors":
        raise ArgumentError(f"{path} is a model, which needs data to train on: chainrule doctor {path} TABLE")
    if path.suffix != ".json" and path.is_file():
        raise ArgumentError(
            f"{path} is no run, which chainrule train --diagnose writes as .json; to train on a table, name the model "
            f"first: chainrule doctor MODEL {path}"
        )
    return Diagnosis.load(path)


def diagnosed(model: Path, table: Path, epochs: int) -> Diagnosis:
    """What a training of a model on a table is like."""
    from chainrule.tabular import TableModel

    trained = TableModel.load(model)
    return trained.diagnose(table, epochs=epochs)
