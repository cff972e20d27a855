"""`chainrule cache`: what compiled code is kept, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from chainrule.runtime.cache import Entry


@click.group(short_help="Show or clear the compiled code that is kept.", invoke_without_command=True)
@click.pass_context
def cache(context: click.Context) -> int:
    """Show where compiled code is kept, how much of it there is, and how much there may be.

    \b
    chainrule cache
    chainrule cache clear

    CHAINRULE_CACHE names another directory, or is off; CHAINRULE_CACHE_MB is the most megabytes to keep.
    """
    if context.invoked_subcommand is None:
        show()
    return 0


@cache.command(short_help="Remove all of it; it is compiled again when it is needed.")
def clear() -> int:
    """Remove all compiled code that is kept; it is compiled again when it is needed.

    \b
    chainrule cache clear
    """
    from chainrule.runtime import cache as objects

    removed = objects.clear()
    click.echo(f"Removed {_size(removed)}.")
    return 0


def show() -> None:
    """Print the directory, the entries, their bytes and the limit."""
    from chainrule import config
    from chainrule.printable import printable
    from chainrule.runtime import cache as objects

    directory, limit = config.cache_directory(), config.cache_bytes()
    if directory is None:
        click.echo("Compiled code is not kept: CHAINRULE_CACHE is off, or there is no home directory.")
        return
    reason = objects.problem(directory)
    click.echo(f"Directory  {printable(str(directory))}")
    click.echo(f"Kept       {_size(objects.entries())}")
    click.echo(f"At most    {limit // config.MEGABYTE} MB")
    if reason is not None:
        click.echo(f"Not used: it {reason}.")


def _size(entries: list[Entry]) -> str:
    from chainrule.figures import counted

    return f"{counted(len(entries), 'program')}, {sum(entry.bytes for entry in entries) / 2**20:.1f} MB"
