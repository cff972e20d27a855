"""From arguments to an exit status: whatever goes wrong is told in one line that says what, where and the fix.

0: done. 1: training diverged, or memory ran out. 2: the arguments or a file are wrong. 130: Ctrl-C. 143: SIGTERM.
"""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import click

from chainrule.cli.commands import chainrule
from chainrule.cli.failure import fail, interrupted
from chainrule.errors import ChainruleError, ChainruleWarning, DivergenceError
from chainrule.interrupt import Interrupt
from chainrule.readable import unwritable

THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def run(arguments: Sequence[str], interrupt: Interrupt) -> int:
    """Run a command and return its exit status; `interrupt` handles the signals."""
    use_one_thread()
    replace_what_cannot_be_encoded()
    try:
        with warnings.catch_warnings(), chainrule.make_context("chainrule", list(arguments)) as context:
            warnings.showwarning = partial(_show, warnings.showwarning)
            return int(chainrule.invoke(context) or 0)
    except BaseException as error:
        if interrupt.raised:  # whatever became of KeyboardInterrupt on its way through other people's code
            return interrupted(interrupt)
        return _failed(error)


def _failed(error: BaseException) -> int:
    """Say what went wrong in one line, and return the exit status; raise what nobody expects."""
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case click.UsageError():
            command = error.ctx.command_path if error.ctx else "chainrule"
            told = error.format_message().rstrip(".")
            return fail(f"{told}{' See' if told.endswith('?') else '; see'} {command} --help", 2)
        case ChainruleError():
            return fail(str(error), 1 if isinstance(error, DivergenceError) else 2)
        case MemoryError():
            return fail("memory ran out; use fewer rows or a smaller --hidden", 1)
        case BrokenPipeError():
            _write_no_more()
            return 1
        case OSError():
            _write_no_more()
            return fail(f"{error.filename or 'the output'} {unwritable(error)}", 2)
    raise error


def _show(otherwise: Callable[..., None], message: Warning | str, category: type[Warning], *place: Any) -> None:
    """Show our own warnings in one line, without a line of the program."""
    if issubclass(category, ChainruleWarning):
        fail(str(message), 0)
    else:
        otherwise(message, category, *place)


def _write_no_more() -> None:
    """Drop what is left of the output, which Python tries to write once more when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def replace_what_cannot_be_encoded() -> None:
    """Let the output show ? for characters that the terminal's encoding lacks, such as → in ASCII."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def use_one_thread() -> None:
    """Let NumPy, which is not imported yet, multiply matrices on one thread unless the user says otherwise.

    The matrices of a step are too small to share: on a busy machine threads spend most of their time waiting for each
    other. One thread also adds in the same order on every number of cores, so that a seed gives the same model.
    """
    for variable in THREADS:
        os.environ.setdefault(variable, "1")
