"""Functions written in the operations of this folder: they need no derivative rule of their own.

Each is written so that neither it nor the derivative that the chain rule makes of it overflows. All are elementwise
except where an axis is named, keep the dtype of their argument, and work on arrays and on traced values. Of integers
they are computed in floats, as NumPy's functions are: −x of an unsigned one would wrap.
"""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

import numpy as np

from chainrule.ops.convert import cast, common_dtype, loop_dtypes, match_loop
from chainrule.ops.elementwise import erf, stop_gradient
from chainrule.ops.random import uniform
from chainrule.ops.reduce import logsumexp
from chainrule.ops.value import ArrayLike, implements, implements_named, lift


def _floats(x: ArrayLike) -> Any:
    return match_loop(np.exp, x)[0]


def relu(x: ArrayLike) -> Any:
    """max(x, 0), with relu′(0) = 0; nan stays nan."""
    return np.where(x <= 0, 0, x)


def leaky_relu(x: ArrayLike, slope: float = 0.01) -> Any:
    """The value x for x > 0, slope·x otherwise."""
    return np.where(x > 0, x, slope * x)


def elu(x: ArrayLike, alpha: float = 1.0) -> Any:
    """The value x for x > 0, α(eˣ − 1) otherwise (Clevert et al. 2016)."""
    x = _floats(x)
    return np.where(x > 0, x, alpha * np.expm1(np.where(x > 0, 0, x)))


def selu(x: ArrayLike) -> Any:
    """Scaled elu that keeps mean 0 and variance 1 (Klambauer et al. 2017)."""
    return 1.0507009873554805 * elu(x, 1.6732632423543772)


def _decay(x: ArrayLike) -> Any:
    """e^−|x|, which never overflows; the branch makes its derivative at 0 that of e⁻ˣ."""
    return np.exp(np.where(x >= 0, -x, x))


@implements_named("expit")
def sigmoid(x: ArrayLike) -> Any:
    """σ(x) = 1/(1 + e⁻ˣ), accurate in both tails."""
    x = _floats(x)
    decay = _decay(x)
    return np.where(x >= 0, 1, decay) / (1 + decay)


def softplus(x: ArrayLike) -> Any:
    """log(1 + eˣ), without overflow; its derivative is σ."""
    x = _floats(x)
    return np.where(x >= 0, x, 0) + np.log1p(_decay(x))


def log_sigmoid(x: ArrayLike) -> Any:
    """log σ(x), without the −∞ of log(σ(x))."""
    return -softplus(-_floats(x))


def silu(x: ArrayLike) -> Any:
    """x σ(x) (Elfwing et al. 2018), also called swish."""
    return x * sigmoid(x)


def mish(x: ArrayLike) -> Any:
    """The product x tanh(softplus(x)) (Misra 2019)."""
    return x * np.tanh(softplus(x))


def gelu(x: ArrayLike) -> Any:
    """x Φ(x), with Φ the normal distribution function (Hendrycks & Gimpel 2016)."""
    return 0.5 * x * (1 + erf(x * (1 / sqrt(2))))


def softmax(x: ArrayLike, axis: int = -1) -> Any:
    """exp xᵢ / Σ exp xⱼ along an axis."""
    return np.exp(log_softmax(x, axis))


def log_softmax(x: ArrayLike, axis: int = -1) -> Any:
    """Logarithm of the softmax along an axis; shifted by the largest x, so that small results keep their digits."""
    x = _floats(x)
    shifted = x - stop_gradient(np.max(x, axis=axis, keepdims=True))
    return shifted - logsumexp(shifted, axis, keepdims=True)


def normal(key: ArrayLike, shape: tuple[int, ...], stream: int = 0, dtype: Any = np.float64) -> Any:
    """Standard normal numbers, by the method of Box and Muller (1958) from two uniform ones each."""
    first, second = uniform(key, (2, *shape), stream, dtype)
    return np.sqrt(-2 * np.log1p(-first)) * np.cos(2 * pi * second)


@implements(np.square)
def _square(x: ArrayLike) -> Any:
    return np.power(cast(x, *loop_dtypes(np.square, x)), 2)


@implements(np.reciprocal)
def _reciprocal(x: ArrayLike) -> Any:
    """Of integers, what is left when the fraction is dropped; that of 0 is 0."""
    x = cast(x, *loop_dtypes(np.reciprocal, x))
    return 1 / x if x.dtype.kind == "f" else np.where(x == 1, x, np.where(x == -1, x, 0))


@implements(np.clip)
def _clip(x: ArrayLike, low: ArrayLike | None = None, high: ArrayLike | None = None) -> Any:
    """A Python integer beyond a dtype's own bounds bounds nothing; min(max(x, 10), 300) of uint8 is max(x, 10)."""
    x = lift(x)
    if x.dtype.kind in "iu":
        low = None if type(low) is int and low <= np.iinfo(x.dtype).min else low
        high = None if type(high) is int and high >= np.iinfo(x.dtype).max else high
    x = cast(x, common_dtype(x, *(bound for bound in (low, high) if bound is not None)))
    bounded = x if low is None else np.maximum(x, low)
    return bounded if high is None else np.minimum(bounded, high)


@implements(np.logaddexp)
def _logaddexp(a: ArrayLike, b: ArrayLike) -> Any:
    """The larger one + log(1 + e^(smaller − larger)): at a = b too, a branch of a smooth function.

    With |a − b| in its place the value would be the same, but the second derivative at a = b 0 instead of ¼.
    """
    a, b = match_loop(np.logaddexp, a, b)
    first = a >= b
    endless = (a == b) & (np.abs(a) == np.inf)  # their difference is nan; each has half of the slope
    larger: Any = np.where(first, a, b)
    smaller: Any = np.where(first, b, a)
    gap = np.where(endless, 0, smaller - larger)
    return np.where(endless, (a + b) / 2, larger) + np.log1p(np.exp(gap))


@implements(np.isnan)
def _isnan(x: ArrayLike) -> Any:
    return x != x


@implements(np.isfinite)
def _isfinite(x: ArrayLike) -> Any:
    return np.abs(x) < np.inf
