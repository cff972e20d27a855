"""Functions that cannot be traced are refused with what to write instead."""

import math

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import TraceAttributeError, TraceError
from chainrule.ops.advice import ADVICE
from chainrule.ops.value import IMPLEMENTATIONS

X = np.array([0.3, 0.5, 0.7])


@pytest.mark.parametrize("name", ADVICE)
def test_advice_is_given_for_functions_that_exist_and_cannot_be_traced(name):
    function = np
    for part in name.split("."):
        function = getattr(function, part)
    assert function not in IMPLEMENTATIONS


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("arccos", lambda x: np.pi / 2 - np.arctan(x / np.sqrt(1 - x * x))),
        ("arcsin", lambda x: np.arctan(x / np.sqrt(1 - x * x))),
        ("arcsinh", lambda x: np.log(x + np.sqrt(x * x + 1))),
        ("arctanh", lambda x: 0.5 * (np.log1p(x) - np.log1p(-x))),
        ("ceil", lambda x: -np.floor(-x)),
        ("cumsum", lambda x: x @ np.triu(np.ones((3, 3)))),
        ("diff", lambda x: x[1:] - x[:-1]),
        ("exp2", lambda x: 2.0**x),
    ],
)
def test_the_advice_computes_the_same_and_can_be_traced(name, instead):
    np.testing.assert_allclose(instead(X), getattr(np, name)(X), rtol=1e-14)
    value, _ = cr.vjp(instead, X)
    np.testing.assert_allclose(value, getattr(np, name)(X), rtol=1e-14)


def test_the_error_says_what_to_write():
    with pytest.raises(TraceError, match=r"test_advice\.py:\d+.*np\.cumsum cannot be traced; write x @ np\.triu"):
        cr.grad(lambda x: np.sum(np.cumsum(x)))(X)
    with pytest.raises(TraceError, match=r"np\.remainder cannot be traced; write x - y \* np\.floor\(x / y\)"):
        cr.grad(lambda x: np.sum(x % 0.3))(X)
    with pytest.raises(TraceError, match=r"np\.linalg\.det cannot be traced; docs/reference\.md lists"):
        cr.grad(lambda x: np.linalg.det(np.outer(x, x)))(X)


def test_an_option_that_cannot_be_traced_is_named():
    with pytest.raises(TraceError, match=r"np\.sum with dtype= cannot be traced; it takes x, axis, keepdims"):
        cr.grad(lambda x: np.sum(x, dtype=float))(X)
    with pytest.raises(TraceError, match=r"np\.sum with so many arguments cannot be traced"):
        cr.grad(lambda x: np.sum(x, 0, None, None, False, 0, True))(X)


def test_attributes_of_arrays_are_refused_and_hasattr_says_no():
    with pytest.raises(TraceAttributeError, match=r"test_advice\.py:\d+.*x\.sort cannot be traced"):
        cr.grad(lambda x: x.sort())(X)
    with pytest.raises(AttributeError, match="no attribute 'colour'"):
        cr.grad(lambda x: x.colour)(X)
    assert cr.grad(lambda x: np.sum(x) * (2.0 if hasattr(x, "strides") else 3.0))(X).tolist() == [3.0] * 3


@pytest.mark.parametrize("use", [lambda x: f"{x:.3f}", lambda x: round(x[0]), lambda x: math.sin(x[0])])
def test_numbers_that_are_not_known_are_refused_by_line(use):
    with pytest.raises(TraceError, match=r"test_advice\.py:\d+.*Python number"):
        cr.grad(use)(X)


@pytest.mark.parametrize("index", ["a", 1.5])
def test_what_is_no_index_is_refused(index):
    with pytest.raises(cr.errors.ArgumentError, match="an index must be an integer"):
        cr.grad(lambda x: x[index])(X)


def test_norms_of_vectors():
    for order in (None, 1, 2, np.inf):
        value, _ = cr.vjp(lambda x, order=order: np.linalg.norm(x, order), X)
        np.testing.assert_allclose(value, np.linalg.norm(X, order), rtol=1e-15)
    rows = np.arange(6.0).reshape(2, 3)
    value, _ = cr.vjp(lambda x: np.linalg.norm(x, 1, axis=1), rows)
    np.testing.assert_allclose(value, np.linalg.norm(rows, 1, axis=1))
    np.testing.assert_allclose(cr.vjp(np.linalg.norm, rows)[0], np.linalg.norm(rows))
    with pytest.raises(cr.errors.ArgumentError, match="order 2 cannot be traced"):
        cr.grad(lambda x: np.linalg.norm(x, 2))(rows)
