"""Reductions go along memory, whatever the order of the axes, and give what NumPy gives."""

import re
from itertools import combinations, permutations

import numpy as np
import pytest

import chainrule as cr
from chainrule.codegen.target import LEVELS, runs_here

RNG = np.random.default_rng(0)
LEVELS_HERE = [level for level in LEVELS if runs_here(level)]


def reduced(name, order, axis):
    """A reduction of what lies in memory in another order than its axes tell: the product is computed first."""
    return lambda a, b: getattr(np, name)(np.transpose(np.abs(a @ b), order), axis=axis)


@pytest.mark.parametrize("level", LEVELS_HERE)
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (3, 64), (37, 53), (64, 128), (16, 96), (130, 7)])
def test_sums_and_extremes_of_a_product_in_any_order(level, dtype, rows, columns, monkeypatch):
    monkeypatch.setenv("CHAINRULE_TARGET", level)
    a, b = RNG.integers(-9, 9, (rows, 5)).astype(dtype), RNG.integers(-9, 9, (5, columns)).astype(dtype)
    for name in ("sum", "max", "min"):
        for order in permutations(range(2)):
            for axis in (0, 1, (0, 1)):
                f = reduced(name, order, axis)
                np.testing.assert_array_equal(cr.compile(f)(a, b), f(a, b))


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_sums_over_any_axes_of_three(order):
    a, b = RNG.normal(size=(4, 6, 5)), RNG.normal(size=(4, 5, 64))
    for count in (1, 2, 3):
        for axis in combinations(range(3), count):
            f = reduced("sum", order, axis)
            np.testing.assert_allclose(cr.compile(f)(a, b), f(a, b), rtol=1e-13)


@pytest.mark.parametrize(
    ("order", "axis"), [((0, 1), (0, 1)), ((1, 0), (0, 1)), ((0, 1), 0), ((1, 0), 1), ((0, 1), 1), ((1, 0), 0)]
)
def test_whole_vectors_are_read(order, axis, monkeypatch):
    """Elements that are apart in memory would be collected one by one."""
    monkeypatch.setenv("CHAINRULE_TARGET", "avx2" if "avx2" in LEVELS_HERE else LEVELS_HERE[0])
    a, b = RNG.normal(size=(32, 8)).astype(np.float32), RNG.normal(size=(8, 64)).astype(np.float32)
    text = cr.compile(reduced("sum", order, axis)).llvm(a, b)
    assert not re.search(r"insertelement <\d+ x float> .*, i\d+ [1-9]", text)


def test_nan_and_negative_zero_come_through():
    x = np.zeros((32, 64), np.float32)
    x[5, 9] = np.nan
    assert np.isnan(cr.compile(lambda x: np.sum(x.T))(x))
    assert np.isnan(cr.compile(lambda x: np.max(x.T))(x))
    assert np.signbit(cr.compile(np.sum)(np.full((32, 64), -0.0, np.float32)))
