"""`chainrule train`: a table in, a model out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chainrule.cli.failure import fail
from chainrule.cli.options import FILE, Whole, layer_sizes
from chainrule.cli.outputs import require_writable
from chainrule.interrupt import catching_interrupts

if TYPE_CHECKING:
    from chainrule.data.target import Task
    from chainrule.doctor.recorder import Diagnose


@click.command(short_help="Train a network on a table.")
@click.argument("table", type=FILE)
@click.option("--target", required=True, metavar="COLUMN", help="The column to predict.")
@click.option(
    "-o", "--output", type=FILE, default="model.safetensors", show_default=True, help="Where the model is written."
)
@click.option(
    "--task",
    type=click.Choice(["auto", "classification", "regression"]),
    default="auto",
    metavar="TASK",
    show_default=True,
    help="classification, regression, or auto: as the target looks.",
)
@click.option(
    "--test",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="SHARE",
    default=0.2,
    show_default=True,
    help="Share of the rows that give the score and are used for nothing else.",
)
@click.option(
    "--hidden",
    callback=layer_sizes,
    metavar="SIZES",
    default="256,256",
    show_default=True,
    help="Units of each hidden layer, or none.",
)
@click.option("--epochs", type=Whole(1), metavar="N", help="Most passes through the rows.")
@click.option("--batch-size", type=Whole(1), metavar="N", help="Rows in a step.")
@click.option(
    "--seed",
    type=Whole(0),
    metavar="N",
    default=0,
    show_default=True,
    help="The same seed gives the same model.",
)
@click.option(
    "--diagnose",
    is_flag=False,
    flag_value="cheap",
    type=click.Choice(["cheap", "full"]),
    metavar="[cheap|full]",
    help="Measure the layers meanwhile, say what is wrong, and write it beside the model.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--quiet", is_flag=True, help="Print nothing.")
def train(
    table: Path,
    target: str,
    output: Path,
    task: Task,
    test: float,
    hidden: tuple[int, ...],
    epochs: int | None,
    batch_size: int | None,
    seed: int,
    diagnose: Diagnose | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Train a network to predict one column of TABLE (.csv or .parquet) from the others.

    Ends with the score on rows that were set aside, beside a linear model and the most frequent class or the mean.
    Ctrl-C and SIGTERM keep the best model so far.

    \b
    chainrule train flights.csv --target late -o late.safetensors
    """
    require_writable(output, (".safetensors",), table)
    from chainrule.cli.findings import print_diagnosis
    from chainrule.cli.reporting import print_report, reading
    from chainrule.data import read_table
    from chainrule.tabular import train_table

    with reading(table, quiet):
        rows = read_table(table)
    model, report = train_table(
        rows,
        target,
        task=task,
        test=test,
        hidden=hidden,
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        progress=False if quiet else None,
        diagnose=diagnose,
    )
    with catching_interrupts() as interrupt:  # what was learned is written, whatever comes now
        model.save(output)
        diagnosis, run = model.network.diagnosis, output.with_suffix(".diagnosis.json")
        if diagnosis is not None:
            diagnosis.save(run)
        if as_json:
            more = {} if diagnosis is None else {"diagnosis": str(run), "findings": diagnosis.to_json()["findings"]}
            click.echo(json.dumps(report.to_json() | {"model": str(output)} | more))
        elif not quiet:
            print_report(report, output)
            if diagnosis is not None:
                print_diagnosis(diagnosis, run)
    if report.interrupted or interrupt.requested:
        return fail(f"interrupted; the model so far is in {output}", interrupt.status)
    return 0
