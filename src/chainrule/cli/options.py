"""Options that click does not know by itself."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click

FILE = click.Path(path_type=Path)


class Whole(click.IntRange):
    """Whole numbers from a lowest one on, called so where something else is given."""

    name = "whole number"

    def __init__(self, lowest: int) -> None:
        super().__init__(min=lowest)


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


def numbers(context: click.Context, parameter: click.Parameter, value: str | None) -> dict[str, Any] | None:
    """The numbers and arrays by name that ``r=2,x=[1,2]`` gives; None if the option is not given."""
    if value is None:
        return None
    import numpy as np  # help needs none

    found: dict[str, Any] = {}
    for part in re.split(r",(?=[^,\[\]]*=)", value):
        name, _, text = (piece.strip() for piece in part.partition("="))
        try:
            number = np.array(json.loads(text), float) if text.startswith("[") else float(text)
        except (ValueError, TypeError):
            raise click.BadParameter(
                f"{part.strip()!r} gives no name a number or an array; write r=2,x=[1,2],W=[[1,2],[3,4]]"
            ) from None
        if not name or name in found:
            raise click.BadParameter(f"{value!r} gives {name or 'no name'} a value {'twice' if name else ''}".strip())
        found[name] = number
    return found
