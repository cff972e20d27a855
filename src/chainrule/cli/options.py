"""Options that click does not know by itself."""

from __future__ import annotations

from pathlib import Path

import click

FILE = click.Path(path_type=Path)
LARGEST_LAYER = 2**16


def layer_sizes(context: click.Context, parameter: click.Parameter, value: str) -> tuple[int, ...]:
    """The sizes that ``256,256`` names, first layer first; ``none`` names none."""
    if value.strip().lower() == "none":
        return ()
    sizes = [size.strip() for size in value.split(",")]
    if not all(size.isdecimal() and len(size) < 6 and 0 < int(size) <= LARGEST_LAYER for size in sizes):
        raise click.BadParameter(
            f"{value!r} names no layers; write sizes from 1 to {LARGEST_LAYER}, as in 256,256, or none"
        )
    return tuple(map(int, sizes))
