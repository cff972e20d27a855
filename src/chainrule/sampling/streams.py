"""Random streams: numbers that depend on a seed, a purpose and a number alone.

Philox is counter-based (Salmon et al. 2011): the numbers of any purpose and any epoch can be made without
making those before, which is what a resumed training run needs. Orders come from its raw 64-bit numbers,
because NumPy keeps the raw stream of a bit generator the same in all its versions, and makes no such
promise for `Generator.permutation`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, TypeAlias

import numpy as np

from chainrule.constraints import SEED
from chainrule.types import Integers

Numbers: TypeAlias = np.ndarray[Any, np.dtype[np.uint64]]

_HALF = np.uint64(32)
_LOW = np.uint64(2**32 - 1)


class Purpose(IntEnum):
    """What the numbers are for; the values are part of every stored result and never change."""

    SPLIT = 1
    EPOCH = 2


def require_words(seed: int, number: int) -> None:
    """Raise ArgumentError unless both fit into 64 bits and are not negative."""
    for name, value in (("seed", seed), ("number", number)):
        SEED.require(value, name)


def raw_numbers(n: int, seed: int, purpose: Purpose, number: int = 0) -> Numbers:
    """Return `n` random numbers below 2⁶⁴, the same on every machine, uint64 [n].

    Raises:
        ArgumentError: `seed` or `number` is negative or does not fit into 64 bits.
    """
    require_words(seed, number)
    stream = np.random.Philox(key=seed, counter=np.array([0, 0, number, purpose], np.uint64))
    return np.asarray(stream.random_raw(n), np.uint64)


def sorted_order(raw: Numbers) -> Integers:
    """Return the random permutation that sorts random numbers, int64 [n]."""
    return np.argsort(raw, kind="stable").astype(np.int64)


def shuffled(raw: Numbers) -> Integers:
    """Return the random permutation that raw random numbers give as Fisher and Yates shuffle, int64 [n].

    Going through the positions, each is exchanged with one up to it: i with j = ⌊raw[i]·(i + 1) / 2⁶⁴⌋
    (the form that needs no order to begin with is in Knuth, The Art of Computer Programming, volume 2, 3.4.2).
    This is the meaning; `chainrule.runtime.shuffle` computes it in machine code.
    """
    order = [0] * len(raw)
    for i, j in enumerate(_high_half(raw, np.arange(1, len(raw) + 1, dtype=np.uint64)).tolist()):
        order[i] = order[j]
        order[j] = i
    return np.array(order, np.int64)


def _high_half(a: Numbers, b: Numbers) -> Numbers:
    """⌊a·b / 2⁶⁴⌋, from the products of halves."""
    a_high, a_low, b_high, b_low = a >> _HALF, a & _LOW, b >> _HALF, b & _LOW
    middle = a_high * b_low + (a_low * b_low >> _HALF)
    result: Numbers = a_high * b_high + (middle >> _HALF) + ((middle & _LOW) + a_low * b_high >> _HALF)
    return result
