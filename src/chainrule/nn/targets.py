"""What the targets of each kind of loss must look like: checked before training, with the first bad row named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.figures import counted
from chainrule.row_blocks import row_blocks
from chainrule.train.arrays import as_data
from chainrule.types import Array


def _refuse(is_bad: Callable[[Array], Array], y: Array, what: str) -> None:
    """Raise ArgumentError for the first row in which `is_bad` is true."""
    for start, rows in row_blocks(y):
        bad = is_bad(rows)
        if np.any(bad):
            row = int(np.argmax(np.any(np.reshape(bad, (len(rows), -1)), axis=1)))
            raise ArgumentError(f"targets: row {start + row} is {rows[row].tolist()!r}, but {what}")


def numbers(y: Any, k: int) -> Array:
    """Finite numbers [N × k]; [N] is taken as one column."""
    array = as_data(y, "targets")
    if array.ndim == 1 and k == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] != k:
        raise ArgumentError(f"targets must have shape [N × {k}], one column for each output, got {list(array.shape)}")
    _refuse(lambda rows: ~np.isfinite(rows), array, "targets must be finite; drop the row or fill it")
    return array


def counts(y: Any, k: int) -> Array:
    """Numbers of at least 0 [N × k]."""
    array = numbers(y, k)
    _refuse(lambda rows: rows < 0, array, "the Poisson loss needs counts of at least 0")
    return array


def probabilities(y: Any, k: int) -> Array:
    """0, 1 or probabilities between [N × k]."""
    array = numbers(y, k)
    _refuse(lambda rows: (rows < 0) | (rows > 1), array, "binary cross-entropy needs 0, 1 or a probability")
    return array


def signs(y: Any, k: int) -> Array:
    """−1 or 1 [N × k]; 0 and 1 are taken as −1 and 1."""
    array = numbers(y, k)
    _refuse(lambda rows: ~np.isin(rows, (-1, 0, 1)), array, "the hinge loss needs classes −1 and 1 (or 0 and 1)")
    if np.any(array == 0) and np.any(array == -1):
        raise ArgumentError("targets mix −1 and 0; name the classes −1 and 1, or 0 and 1")
    return np.where(array == 0, -1.0, array)


def classes(y: Any, k: int) -> Array:
    """Integer labels 0 … k − 1 [N], or one row of class probabilities for each example [N × k]."""
    array = as_data(y, "targets")
    if array.ndim == 2 and array.shape[1] == k and k > 1:
        array = numbers(array, k)
        _refuse(_is_no_distribution, array, "a row of class probabilities must be at least 0 and add up to 1")
        return array
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ArgumentError(f"targets must be labels [N] or probabilities [N × {k}], got shape {list(array.shape)}")
    _refuse(lambda rows: ~np.isfinite(rows), array, "targets must be finite; drop the row or fill it")
    _refuse(lambda rows: rows != np.floor(rows), array, "class labels must be whole numbers; encode names as 0, 1, 2 …")
    outside = f"class labels must lie in 0 … {k - 1}, as the network has {counted(k, 'output')}"
    _refuse(lambda rows: (rows < 0) | (rows >= k), array, outside)
    return array if array.dtype.kind in "iu" else array.astype(np.int64)


def _is_no_distribution(rows: Array) -> Array:
    wrong: Array = (rows < 0).any(axis=1) | (np.abs(rows.sum(axis=1) - 1) > 1e-3)
    return wrong


def anything(y: Any, k: int) -> Array:
    """Whatever a user-defined loss takes: any array with one row for each example; [N] becomes [N × 1] if k is 1."""
    array = as_data(y, "targets")
    return array[:, None] if array.ndim == 1 and k == 1 else array


def one_row(y: Any, k: int) -> Array:
    """The target of a single example as a batch of one."""
    array = as_data(y, "targets")
    return array[None] if array.ndim == 0 or (array.shape == (k,) and k > 1) else np.reshape(array, (1, -1))
