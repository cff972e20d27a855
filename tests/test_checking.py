"""`check_grads` accepts right derivatives and names wrong ones."""

from contextlib import contextmanager

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.errors import ArgumentError, GradientError
from chainrule.graph import REGISTRY

RANDOM = np.random.default_rng(7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "function",
    [np.sin, ops.sigmoid, ops.softmax, lambda x: x @ np.ones((3, 2), x.dtype), lambda x: np.sum(np.exp(x))],
    ids=["sin", "sigmoid", "softmax", "matmul", "sum of exp"],
)
def test_right_derivatives_pass(function, dtype):
    cr.check_grads(function, (RANDOM.standard_normal(3).astype(dtype),), order=3)


def test_nested_arguments_and_results_pass():
    def function(parameters, x):
        hidden = np.tanh(x @ parameters["W"] + parameters["b"])
        return {"hidden": hidden, "total": np.sum(hidden**2)}

    parameters = {"W": RANDOM.standard_normal((3, 2)), "b": RANDOM.standard_normal(2)}
    cr.check_grads(function, (parameters, RANDOM.standard_normal((4, 3))))


@pytest.mark.parametrize(
    "wrong",
    [lambda g, y, x: g * np.sin(x), lambda g, y, x: -g * np.cos(x), lambda g, y, x: 1.00001 * g * np.cos(x)],
    ids=["another function", "wrong sign", "off by 1e-5"],
)
def test_a_wrong_rule_is_named_with_its_numbers(wrong):
    message = r"sin, argument \[0\]: forward mode against central differences: element"
    with with_rules("sin", wrong), pytest.raises(GradientError, match=message):
        cr.check_grads(np.sin, (np.array([0.3, 1.2]),), order=1)


def test_a_wrong_second_derivative_is_found_at_order_two_only():
    """tanh′ = 1 − y² with y taken as a constant: right once, wrong when it is differentiated again."""
    x = np.array([0.3, 1.2])
    with with_rules("tanh", lambda g, y, x: g * (1 - ops.stop_gradient(y) ** 2)):
        cr.check_grads(np.tanh, (x,), order=1)
        with pytest.raises(GradientError, match="the pullback of tanh"):
            cr.check_grads(np.tanh, (x,), order=2)


def test_the_leaf_is_named():
    def function(parameters):
        return np.sum(parameters["smooth"] ** 2) + np.sum(np.abs(parameters["kink"]))

    with pytest.raises(GradientError, match=r"argument \[0\]\['kink'\]"):
        cr.check_grads(function, ({"smooth": np.ones(2), "kink": np.array([1e-7, 1.0])},), order=1)


def test_a_derivative_that_is_not_a_number_fails():
    with pytest.raises(GradientError):
        cr.check_grads(lambda x: np.sqrt(x * x), (np.zeros(2),), order=1)


def test_the_tolerance_is_the_callers():
    x = (np.array([0.3, 1.2]),)
    with with_rules("sin", lambda g, y, x: 1.00001 * g * np.cos(x)):
        cr.check_grads(np.sin, x, order=1, tolerance=1e-4)
        with pytest.raises(GradientError):
            cr.check_grads(np.sin, x, order=1, tolerance=1e-6)


def test_bad_arguments_are_named():
    with pytest.raises(ArgumentError, match="order must be at least 1"):
        cr.check_grads(np.sin, (1.0,), order=0)
    with pytest.raises(ArgumentError, match="pass floats"):
        cr.check_grads(np.sin, (1,))


@contextmanager
def with_rules(name, *rules):
    """Give an op, whose record is frozen, other derivative rules for a while."""
    op = REGISTRY[name]
    original = op.rules
    object.__setattr__(op, "rules", rules)
    try:
        yield
    finally:
        object.__setattr__(op, "rules", original)
