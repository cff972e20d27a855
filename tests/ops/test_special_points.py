"""Derivatives of first, second and third order at ties, zeros and ends of ranges where a function is smooth.

Every order is taken in each way, reverse over reverse, forward over reverse and forward over forward, and by both
executors.
"""

from __future__ import annotations

from math import factorial

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops, reference

mpmath = pytest.importorskip("mpmath")
mpmath.mp.dps = 40


def of_two(f, a, b):
    """A function of one number: f along a line."""
    return lambda x: f(a(x), b(x))


def stacked(f, *parts):
    return lambda x: f(np.stack([part(x) for part in parts]))


ZERO, MINUS_INFINITY = (lambda x: 0 * x), (lambda x: 0 * x - np.inf)
SAME, OPPOSITE, THREE = (lambda x: x), (lambda x: -x), (lambda x: 3 + 0 * x)
log_of_sum = lambda *parts: lambda x: mpmath.log(sum(mpmath.exp(part(x)) for part in parts))
sigmoid = lambda x: 1 / (1 + mpmath.exp(-x))
softplus = lambda x: mpmath.log1p(mpmath.exp(x))

# name: the function, the same in mpmath, the point
SMOOTH = {
    "logaddexp with 0": (lambda x: np.logaddexp(0, x), softplus, 0),
    "logaddexp with itself": (of_two(np.logaddexp, SAME, SAME), lambda x: x + mpmath.log(2), 0.3),
    "logaddexp across": (of_two(np.logaddexp, SAME, OPPOSITE), log_of_sum(SAME, OPPOSITE), 0),
    "logaddexp of −∞": (lambda x: np.logaddexp(x, -np.inf), lambda x: x, 0.5),
    "logsumexp of ties": (stacked(ops.logsumexp, SAME, ZERO, OPPOSITE), log_of_sum(SAME, ZERO, OPPOSITE), 0),
    "logsumexp with −∞": (stacked(ops.logsumexp, SAME, ZERO, MINUS_INFINITY), softplus, 0),
    "softmax of ties": (lambda x: ops.softmax(np.stack([x, 0 * x]))[0], sigmoid, 0),
    "log_softmax of ties": (lambda x: ops.log_softmax(np.stack([x, 0 * x]))[0], lambda x: -softplus(-x), 0),
    "sigmoid": (ops.sigmoid, sigmoid, 0),
    "softplus": (ops.softplus, softplus, 0),
    "log_sigmoid": (ops.log_sigmoid, lambda x: -softplus(-x), 0),
    "silu": (ops.silu, lambda x: x * sigmoid(x), 0),
    "mish": (ops.mish, lambda x: x * mpmath.tanh(softplus(x)), 0),
    "gelu": (ops.gelu, lambda x: x * mpmath.ncdf(x), 0),
    "hypot with a leg of 0": (lambda x: np.hypot(x, 3.0), lambda x: mpmath.hypot(x, 3), 0),
    "hypot of equal legs": (lambda x: np.hypot(3.0, x), lambda x: mpmath.hypot(x, 3), 3),
    "hypot with itself": (of_two(np.hypot, SAME, SAME), lambda x: mpmath.sqrt(2) * x, 2),
    "hypot of large legs": (lambda x: np.hypot(x * 1e200, 3e200) / 1e200, lambda x: mpmath.hypot(x, 3), 0),
    "hypot of small legs": (lambda x: np.hypot(x * 1e-200, 3e-200) / 1e-200, lambda x: mpmath.hypot(x, 3), 0),
    "norm with a zero": (stacked(np.linalg.norm, SAME, THREE), lambda x: mpmath.hypot(x, 3), 0),
    "norm of equal numbers": (stacked(np.linalg.norm, SAME, SAME), lambda x: mpmath.sqrt(2) * x, 2),
    "norm of order 1": (lambda x: np.linalg.norm(np.stack([x, 3 + 0 * x]), 1), lambda x: x + 3, 2),
    "product with a zero": (stacked(np.prod, SAME, THREE, THREE), lambda x: 9 * x, 0),
    "product with two zeros": (stacked(np.prod, SAME, THREE, SAME), lambda x: 3 * x * x, 0),
    "product of zeros": (stacked(np.prod, SAME, SAME, SAME), lambda x: x**3, 0),
    "variance of equal numbers": (stacked(np.var, SAME, ZERO, ZERO), lambda x: 2 * x * x / 9, 0),
    "deviation": (stacked(np.std, SAME, lambda x: -1 + 0 * x), lambda x: (x + 1) / 2, 1),
    "maximum and minimum": (lambda x: np.maximum(x, 0) + np.minimum(x, 0), lambda x: x, 0),
    "inside of a clip": (lambda x: np.clip(x, -1, 1) ** 2, lambda x: x**2, 0),
    "choice of equals": (lambda x: np.where(x > 0, x**2, x * x), lambda x: x**2, 0),
    "square": (np.square, lambda x: x**2, 0),
    "second power": (lambda x: x**2, lambda x: x**2, 0),
    "third power": (lambda x: x**3, lambda x: x**3, 0),
    "fourth power": (lambda x: x**4, lambda x: x**4, 0),
    "powers by array": (
        lambda x: np.sum((x + np.zeros(4)) ** np.array([0.0, 1.0, 2.0, 3.0])),
        lambda x: 1 + x + x**2 + x**3,
        0,
    ),
    "power of a negative number": (lambda x: x**3.0, lambda x: x**3, -2),
    "negative power": (lambda x: x**-2, lambda x: x**-2, -1),
    "power of zero": (lambda x: 0.0**x, lambda x: 0 * x, 2),
    "x to the x": (lambda x: x**x, lambda x: x**x, 1),
    "size of a cube": (lambda x: np.abs(x) * x * x, None, 0),
    "root of a square": (lambda x: np.sqrt(x**2), lambda x: -x, -2),
    "tanh": (np.tanh, mpmath.tanh, 0),
    "sinh": (np.sinh, mpmath.sinh, 0),
    "cosh": (np.cosh, mpmath.cosh, 0),
    "tan": (np.tan, mpmath.tan, 0),
    "arctan": (np.arctan, mpmath.atan, 0),
    "erf": (ops.erf, mpmath.erf, 0),
    "expm1": (np.expm1, mpmath.expm1, 0),
    "log1p": (np.log1p, mpmath.log1p, 0),
    "reciprocal": (np.reciprocal, lambda x: 1 / x, 1),
    "quotient": (lambda x: x / (1 + x), lambda x: x / (1 + x), 0),
}


def derivatives(f):
    """Every derivative of `f` in every way, each with its order."""
    forward = lambda g: lambda x: cr.jvp(g, (x,), (1.0,))[1]
    slope = cr.grad(f)
    curvature = cr.grad(slope)
    ways = [(1, slope), (1, forward(f)), (2, curvature), (2, forward(slope)), (2, forward(forward(f)))]
    return [*ways, (3, cr.grad(curvature)), (3, forward(curvature)), (3, forward(forward(slope)))]


@pytest.mark.parametrize("name", SMOOTH)
def test_derivatives_of_three_orders_in_every_way(name):
    f, exact, point = SMOOTH[name]
    x = np.float64(point)
    coefficients = mpmath.taylor(exact, point, 3) if exact else [0, 0, 0, 6]
    ways = [(order, way) for order, way in derivatives(f) if exact or order < 3]  # |x|³ has no third derivative at 0
    together = cr.compile(lambda x: [way(x) for _, way in ways])
    for (order, way), compiled in zip(ways, together(x), strict=True):
        expected = float(coefficients[order] * factorial(order)) if exact else 0.0
        assert float(way(x)) == pytest.approx(expected, rel=1e-12, abs=1e-12), order
        assert float(compiled) == pytest.approx(expected, rel=1e-12, abs=1e-12), order


def test_the_hessian_of_logaddexp_at_a_tie():
    hessian = cr.hessian(lambda x: np.logaddexp(x[0], x[1]))(np.array([0.7, 0.7]))
    np.testing.assert_allclose(hessian, [[0.25, -0.25], [-0.25, 0.25]], rtol=1e-15)


# Infinite, huge and tiny arguments


def value_and_slopes(f):
    """Value and both slopes of a function of two arrays, by each executor."""
    both = lambda a, b: (f(a, b), *cr.grad(lambda a, b: np.sum(f(a, b)), argnums=(0, 1))(a, b))
    return [lambda a, b: reference.as_function(cr.trace(both, a, b))([a, b]), cr.compile(both)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logaddexp_at_infinities(dtype):
    inf = np.inf
    pairs = [(inf, inf), (-inf, -inf), (inf, -inf), (-inf, inf), (inf, 1), (1, inf), (2, -inf), (-inf, 3)]
    a, b = np.array([*pairs, (1000, -1000), (-1000, 1000), (-1000, -1000)], dtype).T
    slopes_of_a = [0.5, 0.5, 1, 0, 1, 0, 1, 0, 1, 0, 0.5]
    for evaluate in value_and_slopes(np.logaddexp):
        value, of_a, of_b = evaluate(a, b)
        assert value.dtype == dtype
        np.testing.assert_allclose(value, np.logaddexp(a, b), rtol=2 * np.finfo(dtype).eps)
        np.testing.assert_array_equal(of_a, slopes_of_a)
        np.testing.assert_array_equal(of_b, 1 - np.array(slopes_of_a))
    assert np.isnan(cr.vjp(np.logaddexp, dtype(np.nan), dtype(1))[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logaddexp_keeps_the_digits_of_the_small_slope(dtype):
    gaps = np.array([0, 1e-3, 1, 20, 60], dtype)
    expected = np.array([float(sigmoid(-mpmath.mpf(float(gap)))) for gap in gaps])
    for evaluate in value_and_slopes(np.logaddexp):
        np.testing.assert_allclose(evaluate(gaps, 0 * gaps)[2], expected, rtol=4 * np.finfo(dtype).eps)
        np.testing.assert_allclose(evaluate(0 * gaps, gaps)[1], expected, rtol=4 * np.finfo(dtype).eps)


LEGS = {
    np.float32: [1e20, 1e-23, 3e38, 1e-45, 1.0, 1e19, 1e-19, 1e-30, 1e-38],
    np.float64: [1e200, 1e-200, 1.5e308, 5e-324, 1.0, 1e154, 1e-154, 1e-300, 3e-308],
}


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("dtype", LEGS)
def test_hypot_and_norm_neither_overflow_nor_underflow(dtype, sign):
    legs = np.array(LEGS[dtype], dtype)
    a, b = (x.ravel() for x in np.meshgrid(sign * legs / 2, legs))
    exact = [mpmath.hypot(x, y) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    eps, tiny = np.finfo(dtype).eps, np.finfo(dtype).smallest_subnormal
    slopes = [[float(x / h) for x, h in zip(leg.tolist(), exact, strict=True)] for leg in (a, b)]
    length = lambda a, b: np.linalg.norm(np.stack([a, b]), axis=0)
    for function in (np.hypot, length):
        for evaluate in value_and_slopes(function):
            value, *found = evaluate(a, b)
            np.testing.assert_allclose(value, np.array([float(h) for h in exact]), rtol=2 * eps, atol=tiny)
            for slope, expected in zip(found, slopes, strict=True):
                np.testing.assert_allclose(
                    slope, expected, rtol=4 * eps, atol={np.float32: 1e-18, np.float64: 1e-115}[dtype]
                )


def test_an_infinite_leg_makes_an_infinite_length():
    a, b = np.array([np.inf, -np.inf, np.inf, np.nan, 1.0]), np.array([np.nan, 1.0, -np.inf, np.inf, np.nan])
    for evaluate in value_and_slopes(np.hypot):
        np.testing.assert_array_equal(evaluate(a, b)[0], [np.inf] * 4 + [np.nan])


@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (2, 3)])
def test_norms_of_nothing_and_of_matrices(shape, axis):
    x = np.arange(1.0, 1 + np.prod(shape)).reshape(shape)
    for keepdims in (False, True):
        norm = lambda x, keepdims=keepdims: np.linalg.norm(x, axis=axis, keepdims=keepdims)
        np.testing.assert_allclose(cr.vjp(norm, x)[0], norm(x), rtol=1e-15)


# Tails

SECOND_OF_PAIR = lambda f: lambda x: f(np.stack([0 * x, x], axis=-1), -1)[..., 0]
TAILS = np.array([-200.0, -80.0, -40.0, -20.0, -8.0, -3.0, 0.5, 3.0, 8.0, 20.0, 40.0, 80.0, 200.0])
KEEP_THEIR_DIGITS = {
    "sigmoid": (ops.sigmoid, sigmoid),
    "softplus": (ops.softplus, softplus),
    "log_sigmoid": (ops.log_sigmoid, lambda x: -softplus(-x)),
    "silu": (ops.silu, lambda x: x * sigmoid(x)),
    "mish": (ops.mish, lambda x: x * mpmath.tanh(softplus(x))),
    "logaddexp": (lambda x: np.logaddexp(x, -x), lambda x: mpmath.log(2 * mpmath.cosh(x))),
}
RIGHT_TO_THE_DIGITS_OF_1 = {
    "tanh": (np.tanh, mpmath.tanh),
    "gelu": (ops.gelu, lambda x: x * mpmath.ncdf(x)),
    "softmax": (SECOND_OF_PAIR(ops.softmax), lambda x: sigmoid(-x)),
    "log_softmax": (SECOND_OF_PAIR(ops.log_softmax), lambda x: -softplus(x)),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", [*KEEP_THEIR_DIGITS, *RIGHT_TO_THE_DIGITS_OF_1])
def test_slopes_in_the_tails_are_as_exact_as_documented(name, dtype):
    f, exact = (KEEP_THEIR_DIGITS | RIGHT_TO_THE_DIGITS_OF_1)[name]
    x = TAILS.astype(dtype)
    with mpmath.workdps(150):
        expected = np.array([float(mpmath.diff(exact, point, h=mpmath.mpf(10) ** -40)) for point in TAILS])
    slope = cr.grad(lambda x: np.sum(f(x)))
    places = 8 * np.finfo(dtype).eps
    absolute = np.finfo(dtype).tiny if name in KEEP_THEIR_DIGITS else places
    for found in (slope(x), cr.compile(slope)(x)):
        np.testing.assert_allclose(found, expected, rtol=max(places, 1e-12), atol=absolute)
