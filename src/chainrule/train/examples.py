"""What a training learns from: its examples, how much each counts, and the order of an epoch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from chainrule import tree
from chainrule.errors import ArgumentError
from chainrule.row_blocks import row_blocks
from chainrule.train.arrays import as_data
from chainrule.types import Array


@dataclass(frozen=True)
class Examples:
    """Arrays with one row for each example, and how much each example counts.

    Attributes:
        arrays: first axes of one length.
        weights: [n], at least 0, or None if all count the same; scaled to mean 1.
    """

    arrays: tuple[Array, ...]
    weights: Array | None = None

    def __len__(self) -> int:
        return len(self.arrays[0])

    def digest(self) -> str:
        """The SHA-256 of all numbers."""
        digest = hashlib.sha256()
        for array in (*tree.leaves(self.arrays), *([] if self.weights is None else [self.weights])):
            for _, block in row_blocks(array):
                digest.update(block.tobytes())
        return digest.hexdigest()

    @classmethod
    def of(cls, arrays: Sequence[Array], weights: Any = None, name: str = "the data") -> Examples:
        """Check lengths and weights.

        Raises:
            ArgumentError: no examples, lengths that differ, or weights that are negative, not finite or all 0.
        """
        lengths = {len(array) if np.ndim(array) else 0 for array in arrays}
        if len(lengths) != 1:
            raise ArgumentError(f"the arrays of {name} have different numbers of rows: {sorted(lengths)}")
        n = lengths.pop()
        if n == 0:
            raise ArgumentError(f"{name} has no rows; there is nothing to learn from")
        if weights is None:
            return cls(tuple(arrays))
        w = as_data(weights, f"sample weights of {name}").astype(np.float64)
        if w.shape != (n,) or not np.all(np.isfinite(w)) or np.any(w < 0) or not np.any(w > 0):
            raise ArgumentError(f"sample weights of {name} must be {n} finite numbers of at least 0, not all 0")
        return cls(tuple(arrays), w / w.mean())


class Epoch(NamedTuple):
    """The epoch that a training is in.

    Attributes:
        order: the positions of its examples.
        size: examples of a step.
        first_step: the number of its first step, of all steps.
        kept_at: how many of its steps were made when the weights were kept.
    """

    order: Array
    size: int
    first_step: int
    kept_at: int

    def batches(self, start: int, stop: int) -> Iterator[Array]:
        """The batches of some of its steps [k × B], those of one size together."""
        rows = self.order[start * self.size : stop * self.size]
        whole = len(rows) // self.size * self.size
        if whole:
            yield rows[:whole].reshape(-1, self.size)
        if whole < len(rows):
            yield rows[None, whole:]
