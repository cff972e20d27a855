"""Counter-based random bits: they depend on a key and a position alone, so they can be regenerated anywhere, any time.

The generator is Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). The word for
row r and column c of an array is word c mod 4 of the block with counter (c div 4, r, stream, step); the key is the
seed. A mask is therefore the same however the rows are divided among threads, and a backward pass can regenerate it.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.graph import Kind, Op, Trait, register
from chainrule.ops.convert import cast
from chainrule.ops.value import ArrayLike, apply
from chainrule.types import Array, ArrayType, Shape, as_dtype

_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (np.uint64(0x9E3779B9), np.uint64(0xBB67AE85))
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


def philox(counter: tuple[Array, Array, Array, Array], key: tuple[Any, Any]) -> tuple[Array, Array, Array, Array]:
    """Ten rounds of Philox4x32 on uint64 arrays that hold 32-bit words."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        a, b = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c1, c2, c3 = (b >> _HALF) ^ c1 ^ k0, b & _LOW, (a >> _HALF) ^ c3 ^ k1, a & _LOW
        k0, k1 = (k0 + _WEYL[0]) & _LOW, (k1 + _WEYL[1]) & _LOW
    return c0, c1, c2, c3


def _random_bits_array(key: Array, shape: Shape, stream: int) -> Array:
    columns = shape[-1] if shape else 1
    rows = prod(shape[:-1])
    seed_low, seed_high, step = (np.uint64(word) for word in key)
    block, row = np.meshgrid(np.arange(-(-columns // 4), dtype=np.uint64), np.arange(rows, dtype=np.uint64))
    words = philox((block, row, np.full_like(row, stream), np.full_like(row, step)), (seed_low, seed_high))
    bits = np.stack(words, axis=-1).reshape(rows, 4 * row.shape[1])[:, :columns]
    return bits.astype(np.uint32).reshape(shape)


def _random_bits_type(key: ArrayType, shape: Shape, stream: int) -> ArrayType:
    if key != ArrayType((3,), np.dtype(np.uint32)):
        raise ArgumentError(
            f"a random key has type u32[3] (seed low, seed high, step), got {key}; make it with random_key"
        )
    return ArrayType(shape, np.dtype(np.uint32))


RANDOM_BITS = register(
    Op("random_bits", Kind.SOURCE, "random bits {0}", _random_bits_type, _random_bits_array, (None,), Trait.ANCHOR)
)


def random_key(seed: int, step: int = 0) -> Array:
    """The key for `seed` (below 2⁶⁴) at a step (below 2³²): uint32 [3]."""
    if not (0 <= seed < 2**64 and 0 <= step < 2**32):
        raise ArgumentError(f"a seed lies in 0 … 2⁶⁴−1 and a step in 0 … 2³²−1, got {seed} and {step}")
    return np.array([seed & 0xFFFFFFFF, seed >> 32, step], np.uint32)


def random_keys(seed: int, steps: Array) -> Array:
    """The keys of many steps, whole numbers [k] in increasing order: uint32 [k × 3]."""
    keys = np.empty((len(steps), 3), np.uint32)
    if len(steps):
        keys[:] = random_key(seed, int(steps[-1]))
        keys[:, 2] = steps
    return keys


def random_bits(key: ArrayLike, shape: Shape, stream: int = 0) -> Any:
    """32 random bits an element, uint32; different for every key, stream (below 2³²) and position."""
    return apply(RANDOM_BITS, key, shape=tuple(shape), stream=stream)


def uniform(key: ArrayLike, shape: Shape, stream: int = 0, dtype: Any = np.float64) -> Any:
    """Uniform numbers in [0, 1): multiples of 2⁻³², or of 2⁻²⁴ in float32, where 1 could otherwise be reached."""
    bits = cast(random_bits(key, shape, stream), np.float64)
    if as_dtype(dtype) == np.float32:
        return cast(np.floor(bits / 2**8) / 2**24, np.float32)
    return bits / 2**32
