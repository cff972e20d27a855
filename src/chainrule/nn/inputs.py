"""What a network accepts as X: rows of finite numbers, with the bad row and column named if they are not."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.row_blocks import row_blocks
from chainrule.train.arrays import as_data
from chainrule.types import Array


def as_inputs(x: Any, n_inputs: int, name: str, dtype: np.dtype[Any]) -> Array:
    """`x` as an array [N × n_inputs], or [n_inputs] for a single example; not copied if it is one already.

    Raises:
        ArgumentError: wrong shape; what is no number; nan, infinity or a number beyond `dtype`, in which the network
            computes, with the first row and its column.
    """
    array = as_data(x, name)
    if array.ndim not in (1, 2) or array.shape[-1] != n_inputs:
        expected = f"[N × {n_inputs}] (or [{n_inputs}] for one example)"
        fix = "; reshape(-1, 1) makes one column" if n_inputs == 1 and array.ndim == 1 else ""
        raise ArgumentError(f"{name} must have shape {expected}, got {list(array.shape)}{fix}")
    if array.dtype.kind == "f":
        rows = np.reshape(array, (-1, n_inputs))
        largest = min(float(np.finfo(kind).max) for kind in (dtype, array.dtype))
        for start, block in row_blocks(rows):
            _require_finite(block, start, name, largest, x)
    return array


def _require_finite(rows: Array, start: int, name: str, largest: float, x: Any) -> None:
    good = np.abs(rows) <= largest
    if not good.all():
        row, column = (int(i) for i in np.argwhere(~good)[0])
        raise ArgumentError(
            f"{name}: row {start + row}, column {_label(x, column)} is {rows[row, column]}; fill it or drop the row "
            "(`chainrule train` does so by itself)"
        )


def _label(x: Any, column: int) -> str:
    """What a column of `x` is called: its name in a DataFrame, its number elsewhere."""
    names = getattr(x, "column_names", getattr(x, "columns", None))
    return str(column) if names is None else repr(str(names[column]))
