"""Python's integers beside arrays: compared exactly, and otherwise refused where a dtype does not hold them."""

from __future__ import annotations

import operator

import numpy as np
import pytest

import chainrule as cr
from chainrule import reference
from chainrule.errors import ArgumentError
from chainrule.types import DTYPES

WHOLE = [dtype for dtype in DTYPES if dtype.kind in "iu"]
COMPARISONS = [operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge]
LARGE = [0, 2**7, 2**8, 2**15, 2**31, 2**63, 2**64, 10**30]
NUMBERS = [sign * n + d for n in LARGE for sign in (1, -1) for d in (-1, 0, 1)]
each_whole_dtype = pytest.mark.parametrize("dtype", WHOLE, ids=str)


def ends(dtype):
    limits = np.iinfo(dtype)
    return np.array([limits.min, limits.min + 1, 1, limits.max - 1, limits.max], dtype)


def run(f, *arguments):
    return reference.as_function(cr.trace(f, *arguments))(arguments)[0]


@each_whole_dtype
def test_comparisons_with_any_integer_are_exact(dtype):
    x = ends(dtype)
    results = cr.compile(lambda x: [(op(x, n), op(n, x)) for op in COMPARISONS for n in NUMBERS])(x)
    for (op, n), result in zip(((op, n) for op in COMPARISONS for n in NUMBERS), results, strict=True):
        expected = [op(int(number), n) for number in x], [op(n, int(number)) for number in x]
        assert (result[0].tolist(), result[1].tolist()) == expected, (op, n)


@pytest.mark.parametrize("compare", COMPARISONS)
def test_signed_and_unsigned_integers_of_64_bits_are_compared_exactly(compare):
    signed = np.array([-(2**63), -1, 0, 2**53, 2**53 + 1, 2**63 - 1])[:, None]
    unsigned = np.array([0, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1], np.uint64)
    exactly = [[compare(int(a), int(b)) for b in unsigned] for a in signed[:, 0]]
    np.testing.assert_array_equal(cr.compile(compare)(signed, unsigned), exactly)
    np.testing.assert_array_equal(run(lambda a: compare(a, unsigned), signed), exactly)
    swapped = [[compare(int(b), int(a)) for b in unsigned] for a in signed[:, 0]]
    np.testing.assert_array_equal(cr.compile(compare)(unsigned, signed), swapped)


ARITHMETIC = {
    "x + n": lambda x, n: x + n,
    "n - x": lambda x, n: n - x,
    "x * n": lambda x, n: x * n,
    "maximum": np.maximum,
    "minimum": lambda x, n: np.minimum(n, x),
    "x**n": lambda x, n: x**n,
    "full_like": np.full_like,
    "where": lambda x, n: np.where(x > 1, x, n),  # NumPy lets it wrap here, alone of all
}


@pytest.mark.parametrize("name", ARITHMETIC)
@pytest.mark.parametrize("end", ["max", "min"])
@each_whole_dtype
def test_an_integer_that_does_not_fit_is_refused_with_its_line_and_the_fix(name, dtype, end):
    f, n = ARITHMETIC[name], getattr(np.iinfo(dtype), end) + (1 if end == "max" else -1)
    if name != "where":
        with pytest.raises(OverflowError):
            f(ends(dtype), n)
    message = rf"test_python_numbers\.py:\d+: the Python integer {n} does not fit {dtype}; .*x\.astype\(np\.int64\)"
    with pytest.raises(ArgumentError, match=message):
        cr.trace(lambda x: f(x, n), ends(dtype))


@pytest.mark.parametrize("bounds", [(-(10**30), 10**30), (-(10**30), 5), (3, 10**30), (None, 10**30)], ids=str)
@each_whole_dtype
def test_bounds_that_bound_nothing_clip_nothing(dtype, bounds):
    x = ends(dtype)
    expected, result = np.clip(x, *bounds), cr.compile(lambda x: np.clip(x, *bounds))(x)
    assert result.dtype == expected.dtype
    np.testing.assert_array_equal(result, expected)


@each_whole_dtype
def test_a_lower_bound_above_all_integers_does_not_fit(dtype):
    with pytest.raises(ArgumentError, match="does not fit"):
        cr.trace(lambda x: np.clip(x, 10**30, None), ends(dtype))


def test_floats_take_every_integer_that_is_finite():
    x = np.array([1, 2**24], np.float32)
    with np.errstate(over="ignore"):
        for f in (lambda x: x + 10**40, lambda x: x == 2**24 + 1, lambda x: x < 2**200):
            np.testing.assert_array_equal(run(f, x), f(x))
    with pytest.raises(ArgumentError, match="does not fit float32"):
        cr.trace(lambda x: x + 10**400, x)


def test_what_numpy_makes_an_array_of_promotes_as_one():
    u = np.array([200, 100], np.uint8)
    for f in (lambda x: np.dot(x, 300), lambda x: np.outer(x, -1), lambda x: np.stack([x[0], np.int16(3)])):
        result = run(f, u)
        assert result.dtype == f(u).dtype
        np.testing.assert_array_equal(result, f(u))


CONSTANTS = [dtype.type(3) for dtype in DTYPES] + [np.array([3, 1], dtype) for dtype in DTYPES] + [True, 3, 2.5]
MIXED = {
    "product": lambda x, c: x * c,
    "sum": lambda x, c: c + x,
    "quotient": lambda x, c: x / c,
    "minimum": np.minimum,
    "where": lambda x, c: np.where(x > 1, x, c),
    "clip": lambda x, c: np.clip(x, 1, c),
    "less": lambda x, c: x < c,
    "hypot": np.hypot,
    "matmul": lambda x, c: x @ np.broadcast_to(c, 2),
    "concatenate": lambda x, c: np.concatenate([x, np.broadcast_to(c, 2)]),
}


@pytest.mark.parametrize("name", MIXED)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_constants_of_every_dtype_promote_as_in_numpy(name, dtype):
    f, x = MIXED[name], np.array([0, 1] if dtype.kind == "b" else [2, 5], dtype)
    for constant in CONSTANTS:
        expected = f(x, constant)
        result = run(lambda x: f(x, constant), x)  # noqa: B023 (called at once)
        if expected.dtype == np.float16:
            assert result.dtype == np.float32
            np.testing.assert_allclose(result, expected, rtol=1e-3)
        else:
            assert result.dtype == expected.dtype, (constant, constant.__class__)
            np.testing.assert_allclose(result, expected, rtol=1e-6)


def test_a_loss_that_asks_for_a_label_that_no_byte_is_trains_what_it_says():
    t, y = np.linspace(-1, 1, 12), np.array([0, 255] * 6, np.uint8)
    loss = lambda p, t, y: np.where(y == -1, 100.0, 1.0) * (p * t - np.where(y == 255, 1.0, 0.0)) ** 2
    of_bytes, of_floats = (cr.fit(loss, 0.5, (t, labels), epochs=3).parameters for labels in (y, y.astype(float)))
    np.testing.assert_array_equal(of_bytes, of_floats)
