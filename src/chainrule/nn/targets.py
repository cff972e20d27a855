"""What the targets of each kind of loss must look like: checked before training, with the first bad row named."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.types import Array, as_array


def _refuse(bad: Array, y: Array, what: str) -> None:
    """Raise ArgumentError for the first row in which `bad` is true."""
    if np.any(bad):
        row = int(np.argmax(np.any(np.reshape(bad, (len(y), -1)), axis=1)))
        raise ArgumentError(f"targets: row {row} is {y[row].tolist()!r}, but {what}")


def numbers(y: Any, k: int) -> Array:
    """Finite numbers [N × k]; [N] is taken as one column."""
    array = as_array(y, "targets")
    if array.ndim == 1 and k == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] != k:
        raise ArgumentError(f"targets must have shape [N × {k}], one column for each output, got {list(array.shape)}")
    _refuse(~np.isfinite(array), array, "targets must be finite; drop the row or fill it")
    return array


def counts(y: Any, k: int) -> Array:
    """Numbers of at least 0 [N × k]."""
    array = numbers(y, k)
    _refuse(array < 0, array, "the Poisson loss needs counts of at least 0")
    return array


def probabilities(y: Any, k: int) -> Array:
    """0, 1 or probabilities between [N × k]."""
    array = numbers(as_array(y, "targets").astype(np.float64), k)
    _refuse((array < 0) | (array > 1), array, "binary cross-entropy needs 0, 1 or a probability")
    return array


def signs(y: Any, k: int) -> Array:
    """−1 or 1 [N × k]; 0 and 1 are taken as −1 and 1."""
    array = numbers(as_array(y, "targets").astype(np.float64), k)
    _refuse(~np.isin(array, (-1, 0, 1)), array, "the hinge loss needs classes −1 and 1 (or 0 and 1)")
    if np.any(array == 0) and np.any(array == -1):
        raise ArgumentError("targets mix −1 and 0; name the classes −1 and 1, or 0 and 1")
    return np.where(array == 0, -1.0, array)


def classes(y: Any, k: int) -> Array:
    """Integer labels 0 … k − 1 [N], or one row of class probabilities for each example [N × k]."""
    array = as_array(y, "targets")
    if array.ndim == 2 and array.shape[1] == k and k > 1:
        array = numbers(array, k)
        wrong = (array < 0).any(axis=1) | (np.abs(array.sum(axis=1) - 1) > 1e-3)
        _refuse(wrong, array, "a row of class probabilities must be at least 0 and add up to 1")
        return array.astype(np.float64)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ArgumentError(f"targets must be labels [N] or probabilities [N × {k}], got shape {list(array.shape)}")
    _refuse(array != np.floor(array), array, "class labels must be whole numbers; encode names as 0, 1, 2 …")
    _refuse((array < 0) | (array >= k), array, f"class labels must lie in 0 … {k - 1}, as the network has {k} outputs")
    return array.astype(np.int64)


def anything(y: Any, k: int) -> Array:
    """Whatever a user's own loss takes: any array with one row for each example; [N] becomes [N × 1] if k is 1."""
    array = as_array(y, "targets")
    return array[:, None] if array.ndim == 1 and k == 1 else array
