"""Splits of the rows into those that train and those that are held out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from chainrule.constraints import SHARE
from chainrule.errors import ArgumentError
from chainrule.sampling.streams import Purpose, raw_numbers, sorted_order
from chainrule.types import Integers

_SHARE = replace(SHARE, meaning=f"{SHARE.meaning} (0.2 sets a fifth of the rows aside)")


def split_rows(
    rows: int, share: float, seed: int, labels: Integers | None = None, name: str = "share"
) -> tuple[Integers, Integers]:
    """Return the rows that train and those that are set aside, each in increasing order.

    Args:
        rows: The number of rows.
        share: Of the rows that are set aside, between 0 and 1; their number is rounded to the nearest.
        seed: The same seed gives the same split.
        labels: The class of each row as int64 [rows]. Each class is then split in the same proportion, as
            nearly as whole rows allow, and keeps at least one row in training.
        name: What the caller's user calls the share, for errors.

    Raises:
        ArgumentError: The share is not between 0 and 1, or a part would be empty.
    """
    _SHARE.require(share, name)
    order = sorted_order(raw_numbers(rows, seed, Purpose.SPLIT))
    if labels is None:
        chosen = order[: round(share * rows)]
    else:
        members = [order[labels[order] == label] for label in np.unique(labels)]
        quotas = class_quotas(np.array([len(rows_of_class) for rows_of_class in members], np.int64), share)
        chosen = np.concatenate([rows_of_class[:quota] for rows_of_class, quota in zip(members, quotas, strict=True)])
    if not 0 < len(chosen) < rows:
        raise ArgumentError(
            f"{name} {share} of {rows} rows would set {len(chosen)} aside and leave {rows - len(chosen)} to train on; "
            f"give a {'larger' if len(chosen) == 0 else 'smaller'} share, or more rows"
        )
    aside = np.zeros(rows, np.bool_)
    aside[chosen] = True
    return np.flatnonzero(~aside), np.flatnonzero(aside)


def class_quotas(sizes: Integers, share: float) -> Integers:
    """Return how many of each class are set aside: the largest remainders round up, no class is used up."""
    exact = sizes * share
    quotas = np.floor(exact).astype(np.int64)
    short = round(share * int(sizes.sum())) - int(quotas.sum())
    can_spare = np.flatnonzero(quotas + 1 < sizes)
    by_remainder = can_spare[np.argsort((quotas - exact)[can_spare], kind="stable")]
    quotas[by_remainder[:short]] += 1
    return np.asarray(quotas)
