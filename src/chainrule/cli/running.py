"""From arguments to an exit status: whatever goes wrong is told in one line that says what, where and the fix.

0: done. 1: training diverged, or memory ran out. 2: the arguments or a file are wrong. 130: Ctrl-C.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

import click

from chainrule.cli.commands import chainrule
from chainrule.cli.failure import fail
from chainrule.errors import ChainruleError, DivergenceError
from chainrule.readable import unwritable

THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit status."""
    use_one_thread()
    replace_what_cannot_be_encoded()
    try:
        with chainrule.make_context("chainrule", list(arguments)) as context:
            return int(chainrule.invoke(context) or 0)
    except click.exceptions.Exit as exit_request:
        return exit_request.exit_code
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "chainrule"
        told = error.format_message().rstrip(".")
        return fail(f"{told}{' See' if told.endswith('?') else '; see'} {command} --help", 2)
    except DivergenceError as error:
        return fail(str(error), 1)
    except ChainruleError as error:
        return fail(str(error), 2)
    except MemoryError:
        return fail("memory ran out; use fewer rows or a smaller --hidden", 1)
    except KeyboardInterrupt:
        return fail("interrupted; nothing was written", 130)
    except BrokenPipeError:
        _write_no_more()
        return 1
    except OSError as error:
        _write_no_more()
        return fail(f"{error.filename or 'the output'} {unwritable(error)}", 2)


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
