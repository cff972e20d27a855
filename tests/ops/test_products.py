"""np.matmul, dot, inner, vdot and outer of arrays with any number of axes are NumPy's, and so are their derivatives."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import chainrule as cr
from chainrule import reference
from chainrule.errors import ArgumentError

RANDOM = np.random.default_rng(5)
PRODUCTS = {"matmul": np.matmul, "dot": np.dot, "inner": np.inner, "vdot": np.vdot, "outer": np.outer}
AXES = list(itertools.product(range(5), repeat=2))
each_product = pytest.mark.parametrize("name", PRODUCTS)


def operands(name, axes_of_a, axes_of_b):
    """Arrays that fit together, of which no other axes are equally long unless they must be."""
    a, b = (2, 1, 5, 3)[4 - axes_of_a :], {"inner": (4, 7, 6, 3)}.get(name, (2, 4, 3, 6))[4 - axes_of_b :]
    if name != "inner" and axes_of_b == 1:
        b = (3,)
    if name == "vdot":
        b = np.moveaxis(np.ones(a), 0, -1).shape if axes_of_a else a
    return RANDOM.integers(-5, 6, a).astype(float), RANDOM.integers(-5, 6, b).astype(float)


def agrees_with_numpy(name, function, a, b):
    expected = np.asarray(function(a, b))
    w = RANDOM.integers(-5, 6, expected.shape).astype(float)
    loss = lambda a, b: np.sum(w * function(a, b))
    slopes = [np.zeros_like(x) for x in (a, b)]
    for place in np.ndindex(a.shape):
        one = np.zeros_like(a)
        one[place] = 1
        slopes[0][place] = np.sum(w * function(one, b))  # a product is linear in each of its operands
    for place in np.ndindex(b.shape):
        one = np.zeros_like(b)
        one[place] = 1
        slopes[1][place] = np.sum(w * function(a, one))
    both = lambda a, b: (function(a, b), *cr.grad(loss, argnums=(0, 1))(a, b))
    for results in (reference.as_function(cr.trace(both, a, b))([a, b]), cr.compile(both)(a, b)):
        for result, wanted in zip(results, (expected, *slopes), strict=True):
            np.testing.assert_array_equal(result, wanted, f"{name} of {a.shape} and {b.shape}")


@each_product
def test_every_number_of_axes(name):
    """The numbers are small integers, so that all sums are exact."""
    function, done = PRODUCTS[name], 0
    for axes in AXES:
        a, b = operands(name, *axes)
        if name == "matmul" and 0 in axes:
            with pytest.raises(ArgumentError, match="matmul needs arrays with at least one axis"):
                cr.trace(function, a, b)
            continue
        agrees_with_numpy(name, function, a, b)
        done += 1
    assert done >= 16


@each_product
@pytest.mark.parametrize("shapes", [((0,), (0,)), ((2, 0), (0,)), ((0, 3), (3,))])
def test_products_of_nothing(name, shapes):
    a, b = map(np.ones, shapes)
    if name == "vdot":
        b = np.ones(a.size)
    agrees_with_numpy(name, PRODUCTS[name], a, b)


@pytest.mark.parametrize(
    ("name", "shapes", "message"),
    [
        (
            "dot",
            ((2, 3), (4, 2, 5)),
            r"np\.dot cannot multiply .* the last axis of the first \(3\) and axis -2 .*\(2\)",
        ),
        ("dot", ((2, 3), (2,)), r"np\.dot cannot multiply .* axis -1 of the second \(2\)"),
        ("inner", ((2, 3), (3, 2)), r"np\.inner cannot multiply .* axis -1 of the second \(2\)"),
        ("inner", ((3,), (4, 5, 2)), r"np\.inner cannot multiply .* axis -1 of the second \(2\)"),
        ("matmul", ((2, 3), (2, 3)), r"matmul cannot multiply .* axis -2 of the second \(2\)"),
        ("vdot", ((2, 3), (5,)), "matmul cannot multiply"),
    ],
)
def test_axes_that_differ_are_named(name, shapes, message):
    with pytest.raises(ArgumentError, match=message) as caught:
        cr.trace(PRODUCTS[name], *map(np.ones, shapes))
    assert str(caught.value).startswith(__file__)
