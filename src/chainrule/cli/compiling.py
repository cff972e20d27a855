"""`chainrule compile`: what a function or a training step is compiled to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from chainrule.cli.options import Whole

if TYPE_CHECKING:
    from chainrule.runtime.inspection import Inspection

SHOWN = ("profile", "graph", "llvm", "asm")


@click.command(name="compile", short_help="Show what a function or a model's training step is compiled to.")
@click.argument("what", metavar="FILE.py:FUNCTION|MODEL")
@click.option(
    "--arg",
    "arguments",
    multiple=True,
    metavar="TYPE",
    help="The type of an argument of FUNCTION, such as f32[64,784]; once for each.",
)
@click.option(
    "--show",
    type=click.Choice(SHOWN),
    default=SHOWN[0],
    show_default=True,
    help="Kernels with their times, the graph, LLVM IR, or machine code.",
)
@click.option(
    "--batch-size",
    type=Whole(1),
    metavar="N",
    default=32,
    show_default=True,
    help="Rows in a training step of MODEL.",
)
def compile_(what: str, arguments: tuple[str, ...], show: str, batch_size: int) -> int:
    """Show what FUNCTION of a Python file is compiled to for arguments of some types, or a training step of MODEL.

    Types are f32, f64, i32, i64, u32, u8 or bool with lengths in brackets, f64[] for a number; a dict, list or tuple of
    them is written as in Python. The file is run to find the function.

    \b
    chainrule compile losses.py:loss --arg "{'W': f32[10,784], 'b': f32[10]}" --arg "f32[64,784]"
    chainrule compile losses.py:loss --arg "f32[8]" --show asm
    chainrule compile model.safetensors --batch-size 256
    """
    file, separator, function = what.rpartition(":")
    if separator and file.endswith(".py"):
        inspection = function_inspection(Path(file), function, arguments)
    elif what.endswith(".py"):
        raise click.UsageError(f"which function of {what}? write {what}:NAME")
    elif arguments:
        raise click.UsageError("--arg is for functions; the arguments of a training step follow from the model")
    else:
        inspection = step_inspection(Path(what), batch_size)
    click.echo(shown(inspection, show))
    return 0


def shown(inspection: Inspection, show: str) -> str:
    """The text that is asked for."""
    if show == "graph":
        return str(inspection.graph)
    if show == "profile":
        return str(inspection.profile())
    return inspection.llvm() if show == "llvm" else inspection.assembly()


def function_inspection(file: Path, name: str, arguments: tuple[str, ...]) -> Inspection:
    """A function of a file, for arguments of some types."""
    from chainrule.cli.user_code import example, find_function, require_fitting
    from chainrule.compiling import Compiled
    from chainrule.errors import ChainruleError

    function = find_function(file, name)
    examples = tuple(map(example, arguments))
    require_fitting(function, name, examples)
    compiled = function if isinstance(function, Compiled) else Compiled(function)
    try:
        return compiled.inspection(*examples)
    except ChainruleError:
        raise
    except Exception as error:
        raise ChainruleError(f"{file}: {name} failed with {type(error).__name__}: {error}") from error


def step_inspection(model: Path, batch_size: int) -> Inspection:
    """A training step of a network, or of the network of a table model."""
    from chainrule.errors import ModelFileError
    from chainrule.nn import load
    from chainrule.nn.inspecting import training_step
    from chainrule.tabular import TableModel

    try:
        network = load(model)
    except ModelFileError:
        network = TableModel.load(model).network
    return training_step(network.architecture, network.parameters, network.state, None, None, batch_size, None)
