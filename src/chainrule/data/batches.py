"""The order of examples in an epoch, and its cutting into mini-batches."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from chainrule import config
from chainrule.data.streams import Purpose, raw_numbers, require_words, shuffled
from chainrule.errors import ArgumentError


def epoch_order(n: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the order of `n` examples in an epoch (counted from 0), int64 [n].

    It depends on the three arguments alone, so a resumed run meets the examples as the first one would have.
    """
    if config.executor() == "reference":
        return shuffled(raw_numbers(n, seed, Purpose.EPOCH, epoch))
    from chainrule.runtime import shuffle

    require_words(seed, epoch)
    return shuffle.random_order(n, seed, Purpose.EPOCH, epoch)


def batches(order: NDArray[np.int64], batch_size: int) -> Iterator[NDArray[np.int64]]:
    """Yield `order` in pieces of `batch_size`; the last one holds what is left.

    Raises:
        ArgumentError: `batch_size` is not positive.
    """
    if batch_size < 1:
        raise ArgumentError(f"batch_size must be 1 or more, not {batch_size}")
    for begin in range(0, len(order), batch_size):
        yield order[begin : begin + batch_size]
