"""What a network accepts as X: rows of finite numbers, with the bad row and column named if they are not."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.rows import blocks
from chainrule.types import Array, as_array


def as_inputs(x: Any, n_inputs: int, name: str, dtype: np.dtype[Any]) -> Array:
    """`x` as an array [N × n_inputs], or [n_inputs] for a single example; not copied if it is one already.

    Raises:
        ArgumentError: wrong shape; text in a column; nan, infinity or a number beyond `dtype`, in which the network
            computes, with the first row and its column.
    """
    _require_numeric_columns(x, name)
    array = as_array(x, name)
    if array.ndim not in (1, 2) or array.shape[-1] != n_inputs:
        expected = f"[N × {n_inputs}] (or [{n_inputs}] for one example)"
        fix = "; reshape(-1, 1) makes one column" if n_inputs == 1 and array.ndim == 1 else ""
        raise ArgumentError(f"{name} must have shape {expected}, got {list(array.shape)}{fix}")
    if array.dtype.kind == "f":
        rows = np.reshape(array, (-1, n_inputs))
        largest = min(float(np.finfo(kind).max) for kind in (dtype, array.dtype))
        for start, block in blocks(rows):
            _require_finite(block, start, name, largest)
    return array


def _require_finite(rows: Array, start: int, name: str, largest: float) -> None:
    good = np.abs(rows) <= largest
    if not good.all():
        row, column = (int(i) for i in np.argwhere(~good)[0])
        raise ArgumentError(
            f"{name}: row {start + row}, column {column} is {rows[row, column]}; fill it or drop the row "
            "(`chainrule train` does so by itself)"
        )


def _require_numeric_columns(x: Any, name: str) -> None:
    """Name the columns of a DataFrame that hold no numbers, which its conversion to an array would hide."""
    if not hasattr(x, "columns") or not hasattr(x, "dtypes"):
        return
    text = [str(column) for column, dtype in zip(x.columns, list(x.dtypes), strict=True) if _is_text(dtype)]
    if text:
        raise ArgumentError(
            f"{name}: the columns {', '.join(text)} hold no numbers; encode them first, or let `chainrule train` do it"
        )


def _is_text(dtype: Any) -> bool:
    return any(word in str(dtype).lower() for word in ("object", "str", "category", "datetime", "date", "categorical"))
