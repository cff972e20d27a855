"""Functions written in operations: right in both tails, in both dtypes, on arrays and on traced values."""

from __future__ import annotations

import math

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops, reference

ONE_PLACE = 2.3e-16

# name -> the function on one Python float, written so that it does not cancel in the tails
FORMULAS = {
    "relu": lambda x: max(x, 0.0),
    "leaky_relu": lambda x: x if x > 0 else 0.01 * x,
    "elu": lambda x: x if x > 0 else math.expm1(x),
    "selu": lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * math.expm1(x)),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)) if x > 0 else math.exp(x) / (1 + math.exp(x)),
    "softplus": lambda x: x + math.log1p(math.exp(-x)) if x > 0 else math.log1p(math.exp(x)),
    "log_sigmoid": lambda x: -math.log1p(math.exp(-x)) if x > 0 else x - math.log1p(math.exp(x)),
    "silu": lambda x: x * FORMULAS["sigmoid"](x),
    "mish": lambda x: x * math.tanh(FORMULAS["softplus"](x)),
    "gelu": lambda x: x * math.erfc(-x / math.sqrt(2)) / 2,
}
POINTS = [-1e4, -700.0, -40.0, -3.0, -1e-9, -0.0, 0.0, 1e-9, 0.5, 3.0, 40.0, 700.0, 1e4]
each_function = pytest.mark.parametrize("name", FORMULAS)


@each_function
def test_values_follow_the_formula_over_the_whole_line(name):
    expected = [FORMULAS[name](x) for x in POINTS]
    result = getattr(ops, name)(np.array(POINTS))
    np.testing.assert_allclose(result, expected, rtol=8 * ONE_PLACE, atol=4 * ONE_PLACE)


@each_function
def test_derivatives_are_finite_and_bounded_over_the_whole_line(name):
    slopes = cr.grad(lambda x: np.sum(getattr(ops, name)(x)))(np.array(POINTS))
    assert np.all(np.abs(slopes) <= 1.8)
    curvature = cr.grad(lambda x: np.sum(cr.grad(lambda x: np.sum(getattr(ops, name)(x)))(x)))(np.array(POINTS))
    assert np.all(np.isfinite(curvature))


@each_function
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays_and_traced_values_give_the_same_bits_and_keep_the_dtype(name, dtype):
    x = np.array(POINTS, dtype)
    f = getattr(ops, name)
    (recorded,) = reference.as_function(cr.trace(f, x))([x])
    assert recorded.dtype == dtype
    np.testing.assert_array_equal(f(x), recorded)


@each_function
def test_nan_stays_nan(name):
    assert np.isnan(getattr(ops, name)(np.array(np.nan)))


def test_the_derivative_of_softplus_is_the_sigmoid():
    x = np.array(POINTS)
    slopes = cr.grad(lambda x: np.sum(ops.softplus(x)))(x)
    np.testing.assert_allclose(slopes, ops.sigmoid(x), rtol=4 * ONE_PLACE)


def test_the_derivative_of_the_sigmoid_is_sigma_times_one_minus_sigma():
    x = np.array(POINTS)
    slopes = cr.grad(lambda x: np.sum(ops.sigmoid(x)))(x)
    np.testing.assert_allclose(slopes, ops.sigmoid(x) * ops.sigmoid(-x), rtol=8 * ONE_PLACE)


def test_softmax_of_huge_logits_neither_overflows_nor_loses_its_sum():
    x = np.array([[1000.0, 0.0, -1000.0], [-1e300, 1e300, 0.0], [5.0, 5.0, 5.0]])
    expected = [[1, 0, 0], [0, 1, 0], [1 / 3, 1 / 3, 1 / 3]]
    np.testing.assert_allclose(ops.softmax(x), expected, rtol=4 * ONE_PLACE)
    np.testing.assert_allclose(ops.log_softmax(x)[0], [0, -1000, -2000])


def test_the_derivative_of_logsumexp_is_the_softmax():
    x = np.array([1000.0, 999.0, -1000.0])
    np.testing.assert_allclose(cr.grad(ops.logsumexp)(x), ops.softmax(x), rtol=1e-13)


def test_logsumexp_of_nothing_but_minus_infinity_is_minus_infinity():
    np.testing.assert_array_equal(ops.logsumexp(np.full((2, 3), -np.inf), axis=1), [-np.inf, -np.inf])


@pytest.mark.parametrize(("dtype", "place"), [(np.float32, 1.2e-7), (np.float64, 2.3e-16)])
def test_log_softmax_close_to_0_keeps_its_digits_under_large_logits(dtype, place):
    """log softmax of [1000, 985] is [−log(1 + e⁻¹⁵), …]: the 1000 must not eat the digits."""
    small = ops.log_softmax(np.array([1000, 985], dtype))[0]
    assert abs(small + math.log1p(math.exp(-15))) < place


def test_softmax_along_any_axis_sums_to_one():
    x = np.random.default_rng(0).normal(size=(3, 4, 2))
    for axis in (0, 1, -1):
        np.testing.assert_allclose(np.sum(ops.softmax(x, axis), axis=axis), 1, rtol=4 * ONE_PLACE)


@pytest.mark.parametrize(
    "name",
    [
        "elu",
        "gelu",
        "leaky_relu",
        "log_sigmoid",
        "log_softmax",
        "mish",
        "relu",
        "selu",
        "sigmoid",
        "silu",
        "softmax",
        "softplus",
    ],
)
@pytest.mark.parametrize("dtype", ["bool", "int8", "int16", "int64", "uint8", "uint32", "uint64"])
def test_integers_do_not_wrap(name, dtype):
    f, x = getattr(ops, name), np.array([[0, 1, 3], [7, 100, 127]]).astype(dtype)
    if dtype.startswith("int"):
        x[1] = [-128, -1, -5]
    expected = f(x.astype(np.float64))
    for result in (f(x), cr.compile(f)(x)):
        np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-30)
