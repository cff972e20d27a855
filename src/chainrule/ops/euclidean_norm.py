"""Euclidean norms, of two numbers (hypot) or of vectors: √Σx² where no square overflows or loses its digits.

Numbers whose squares are not representable are first multiplied by a power of two, which rounds nothing. It is a
constant for every derivative, as the length does not depend on it, so derivatives of all orders are scaled too.
Tiny slopes, below 1e-18 in float32 and 1e-115 in float64, may lose their digits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.ops.convert import match_loop
from chainrule.ops.value import ArrayLike, implements


@implements(np.hypot)
def _hypot(a: ArrayLike, b: ArrayLike) -> Any:
    """As in C99, an infinite leg makes an infinite length, whatever the other one is."""
    a, b = match_loop(np.hypot, a, b)
    scale = _scale(np.maximum(np.abs(a), np.abs(b)))
    x, y = a * scale, b * scale
    endless = (np.abs(a) == np.inf) | (np.abs(b) == np.inf)
    return np.where(endless, np.inf, np.sqrt(x * x + y * y) / scale)


def euclidean(x: Any, axis: Any, keepdims: bool) -> Any:
    """√Σx² of a float array along axes. Its derivative at 0 is nan, as 0/0 is."""
    if not x.size:
        return np.sqrt(np.sum(x, axis=axis, keepdims=keepdims))
    scale = _scale(np.max(np.abs(x), axis=axis, keepdims=True))
    scaled = x * scale
    total = np.sum(scaled * scaled, axis=axis, keepdims=keepdims)
    return np.sqrt(total) / np.reshape(scale, total.shape)


def _scale(largest: Any) -> Any:
    """The power of two for numbers of which this is the largest: 1 where squares, and many of them, are representable.

    It brings no number close to 1, but so far that neither the squares nor the slope on its way back leave the range.
    """
    dtype = largest.dtype
    most = int(np.finfo(dtype).maxexp)
    up, down = dtype.type(2.0 ** (most * 19 // 32)), dtype.type(2.0 ** -(most * 5 // 8))
    huge, tiny = 2.0 ** (most // 2 - 12), 2.0 ** -(most * 7 // 16)
    return np.where(largest > huge, down, np.where(largest < tiny, up, dtype.type(1)))
