"""A part of the rows is set aside to judge what the others taught."""

from __future__ import annotations

import numpy as np

from chainrule.errors import ArgumentError, TableError
from chainrule.sampling.streams import Purpose, raw_numbers, sorted_order
from chainrule.types import Integers


def split_rows(rows: int, valid: float, seed: int, labels: Integers | None = None) -> tuple[Integers, Integers]:
    """Return the training rows and the validation rows, each in increasing order.

    Args:
        rows: The number of rows.
        valid: The share of validation rows, between 0 and 1; their number is rounded to the nearest.
        seed: The same seed gives the same split.
        labels: The class of each row as int64 [rows]. Each class is then split in the same proportion, as
            nearly as whole rows allow, and keeps at least one row in training.

    Raises:
        ArgumentError: `valid` is not between 0 and 1.
        TableError: A part would be empty.
    """
    if not 0 < valid < 1:
        raise ArgumentError(f"valid must lie between 0 and 1 (0.2 sets a fifth of the rows aside), not {valid}")
    order = sorted_order(raw_numbers(rows, seed, Purpose.SPLIT))
    if labels is None:
        chosen = order[: round(valid * rows)]
    else:
        members = [order[labels[order] == label] for label in np.unique(labels)]
        quotas = class_quotas(np.array([len(rows_of_class) for rows_of_class in members], np.int64), valid)
        chosen = np.concatenate([rows_of_class[:quota] for rows_of_class, quota in zip(members, quotas, strict=True)])
    if not 0 < len(chosen) < rows:
        raise TableError(
            f"{rows} rows cannot be split with a share of {valid} for validation: "
            f"{rows - len(chosen)} would train and {len(chosen)} validate; give more rows or another share"
        )
    in_validation = np.zeros(rows, np.bool_)
    in_validation[chosen] = True
    return np.flatnonzero(~in_validation), np.flatnonzero(in_validation)


def class_quotas(sizes: Integers, share: float) -> Integers:
    """Return how many of each class validate: the largest remainders round up, no class is used up."""
    exact = sizes * share
    quotas = np.floor(exact).astype(np.int64)
    short = round(share * int(sizes.sum())) - int(quotas.sum())
    can_spare = np.flatnonzero(quotas + 1 < sizes)
    by_remainder = can_spare[np.argsort((quotas - exact)[can_spare], kind="stable")]
    quotas[by_remainder[:short]] += 1
    return np.asarray(quotas)
