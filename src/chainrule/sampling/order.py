"""The order of the examples in an epoch."""

from __future__ import annotations

from chainrule import config
from chainrule.sampling.streams import Purpose, raw_numbers, require_words, shuffled
from chainrule.types import Integers


def epoch_order(n: int, seed: int, epoch: int) -> Integers:
    """Return the order of `n` examples in an epoch (counted from 0), int64 [n].

    It depends on the three arguments alone, so a resumed run sees the examples in the order in which the first one
    would have.
    """
    if config.executor() == "reference":
        return shuffled(raw_numbers(n, seed, Purpose.EPOCH, epoch))
    from chainrule.runtime import shuffle

    require_words(seed, epoch)
    return shuffle.random_order(n, seed, Purpose.EPOCH, epoch)
