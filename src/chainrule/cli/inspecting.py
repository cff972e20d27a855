"""`chainrule inspect`: what a model predicts, from what, and how well."""

from __future__ import annotations

import json
from pathlib import Path

import click

from chainrule.cli.options import FILE


@click.command(short_help="Show what a model is.")
@click.argument("model", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def inspect(model: Path, as_json: bool) -> int:
    """Show what MODEL predicts, from which columns, its layers, its scores, and how it was trained.

    \b
    chainrule inspect model.safetensors
    """
    from chainrule.cli.model_summary import print_model
    from chainrule.tabular import TableModel

    trained = TableModel.load(model)
    if as_json:
        click.echo(json.dumps({"model": str(model), **trained.to_json()}))
    else:
        print_model(trained)
    return 0
