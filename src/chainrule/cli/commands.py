"""The command `chainrule` and its parts."""

from __future__ import annotations

import click

from chainrule import config
from chainrule.cli.caching import cache
from chainrule.cli.compiling import compile_
from chainrule.cli.deriving import derive
from chainrule.cli.diagnosing import doctor
from chainrule.cli.explaining import explain
from chainrule.cli.inspecting import inspect
from chainrule.cli.predicting import predict
from chainrule.cli.training import train
from chainrule.version import __version__


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="chainrule %(version)s")
@click.pass_context
def chainrule(context: click.Context) -> None:
    """Train a network on a table, and predict with it.

    \b
    chainrule train flights.csv --target late
    chainrule predict model.safetensors new_flights.csv -o predictions.csv
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
    else:
        config.check()


for command in (train, predict, explain, derive, inspect, doctor, compile_, cache):
    chainrule.add_command(command)
