"""Three parts of the rows with one duty each, so that no score is earned on rows that were learned from.

The training part teaches preprocessing and weights. The validation part decides which epoch is the best. The test part
does nothing but give the final scores, so they are what new rows of the same kind can expect.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.errors import TableError
from chainrule.figures import counted
from chainrule.sampling import split_rows
from chainrule.types import Integers

VALIDATION_SHARE = 1 / 8
"""Of the rows that are not in the test part."""
FEWEST_ROWS = 10


@dataclass(frozen=True)
class Parts:
    """Row numbers in increasing order: int64 [n] each, without a row in common."""

    training: Integers
    validation: Integers
    test: Integers


def require_rows(rows: int, target: str, source: str) -> None:
    """Raise TableError unless the table `source` has rows enough, of those whose target is known, for three parts."""
    if not rows:
        raise TableError(f"{source}: all values of the target column {target!r} are missing; choose another target")
    if rows < FEWEST_ROWS:
        known = f"{counted(rows, 'row')} with a known target"
        raise TableError(
            f"{source} has {known}; {FEWEST_ROWS} are the least to train, validate and test on, so add rows"
        )


def divide_rows(rows: int, test: float, seed: int, labels: Integers | None = None) -> Parts:
    """Divide `rows` rows at random; with `labels` [rows], each class in the same proportions.

    Args:
        rows: the number of rows whose target is known.
        test: the share of the test part, between 0 and 1.
        seed: the same seed gives the same parts.
        labels: the class of each row, int64.

    Raises:
        ArgumentError: `test` is not between 0 and 1, or so small that no row is tested.
        TableError: too few rows are left to learn from.
    """
    rest, tested = split_rows(rows, test, seed, labels, "test")
    fewest = 2 if labels is None else len(np.unique(labels))  # each class, or two numbers that differ
    if len(rest) <= fewest:
        raise TableError(
            f"test {test} leaves {len(rest)} of {counted(rows, 'row')}, too few to learn from; "
            "give more rows or a smaller share"
        )
    share = max(VALIDATION_SHARE, 1 / len(rest))
    training, validation = split_rows(len(rest), share, seed ^ 1, None if labels is None else labels[rest])
    return Parts(rest[training], rest[validation], tested)
