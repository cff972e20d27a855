"""Some rows of an array, which stays where it is: the examples that a share set aside leaves, and those in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class ChosenRows(NamedTuple):
    """Chosen rows of an array [N × …]; a tree of two arrays, known or traced.

    It is an array as far as training and evaluation ask: it has a length, and `np.take` and slices give rows of it.

    Attributes:
        array: all rows.
        rows: which of them these are, integers [B].
    """

    array: Any
    rows: Any

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, part: Any) -> Any:
        return self.array[self.rows[part]]

    def __array_function__(self, function: Callable[..., Any], types: Any, arguments: Any, keywords: Any) -> Any:
        if function is np.take and keywords == {"axis": 0}:
            return np.take(self.array, np.take(self.rows, arguments[1], axis=0), axis=0)
        return self.array.ndim if function is np.ndim else NotImplemented
