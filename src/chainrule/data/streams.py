"""Random numbers that depend on nothing but what they are for.

Philox is counter-based (Salmon et al. 2011): the numbers of any purpose and any epoch can be made without
making those before, which is what a resumed training run needs. Orders come from sorting raw 64-bit
numbers, because NumPy keeps the raw stream of a bit generator the same in all its versions, and makes no
such promise for `Generator.permutation`.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ArgumentError


class Purpose(IntEnum):
    """What the numbers are for; the values are part of every stored result and never change."""

    SPLIT = 1
    EPOCH = 2


def random_order(n: int, seed: int, purpose: Purpose, number: int = 0) -> NDArray[np.int64]:
    """Return a random permutation of 0 … n − 1, the same on every machine, int64 [n].

    Raises:
        ArgumentError: `seed` or `number` is negative or does not fit into 64 bits.
    """
    for name, value in (("seed", seed), ("number", number)):
        if not 0 <= value < 2**64:
            raise ArgumentError(f"{name} must be a whole number from 0 to 2⁶⁴ − 1, not {value}")
    stream = np.random.Philox(key=seed, counter=np.array([0, 0, number, purpose], np.uint64))
    return np.argsort(stream.random_raw(n), kind="stable").astype(np.int64)
