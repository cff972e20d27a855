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
        return np.sum(parameters["smooth"] ** 2) + np.sum(ops.relu(parameters["kink"]))

    with pytest.raises(GradientError, match=r"argument \[0\]\['kink'\]"):
        cr.check_grads(function, ({"smooth": np.ones(2), "kink": np.array([0.0, 1.0])},), order=1)


def test_a_derivative_that_is_not_a_number_fails():
    with pytest.raises(GradientError):
        cr.check_grads(lambda x: np.sqrt(x * x), (np.zeros(2),), order=1)


# name: a function and points close to its pole, to a kink, or where it is flat
DEMANDING = {
    "log": (np.log, [1e-6, 1e-12, 1e-30]),
    "log of mixed sizes": (lambda x: np.sum(np.log(x * np.array([1.0, 1e6], x.dtype))), [1e-6, 1e-12]),
    "sqrt": (np.sqrt, [1e-8, 1e-30]),
    "reciprocal": (np.reciprocal, [1e-6, -1e-9]),
    "power": (lambda x: x**-1.5, [1e-7]),
    "log1p": (np.log1p, [-1 + 2.0**-20]),
    "arctan": (lambda x: np.arctan(x * 1e7), [1e-7, 3e-7]),
    "fast sine": (lambda x: np.sin(x * 1e6), [1e-6, 0.0]),
    "abs": (np.abs, [1e-7, -1e-12]),
    "relu": (ops.relu, [1e-9, -1e-9]),
    "sum with 1": (lambda x: x + 1, [1e-30, 0.0]),
    "flat sine": (np.sin, [np.pi / 2]),
    "flat square": (lambda x: (x - 1) ** 2, [1.0]),
    "large numbers": (lambda x: x * x, [1e20, 1e-20]),
    "constant": (lambda x: 3 + 0 * x, [2.0]),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", DEMANDING)
def test_right_derivatives_pass_beside_poles_and_kinks_and_where_they_are_0(name, dtype):
    function, points = DEMANDING[name]
    for point in points:
        cr.check_grads(function, (np.array([point, 0.9 * point], dtype),), order=1)


def test_a_function_that_is_finite_at_the_point_alone_fails():
    def alone(x):
        return np.where(x == 1.0, x, np.nan)

    with pytest.raises(GradientError, match="expected nan"):
        cr.check_grads(alone, (np.array([1.0, 1.0]),), order=1)


@pytest.mark.parametrize("function", [np.log, np.reciprocal, np.sqrt])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_all_orders_pass_beside_poles_and_where_sizes_differ(function, order):
    for point in (1e-3, 1e-9, 1e-12, 1e-15, 1e-30, 1e-60):
        cr.check_grads(function, (point,), order)
    cr.check_grads(function, (np.array([1e-6, 1.0, 1e6]),), order)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("point", [1e-30, 1e-12, 1e-6, 1e-3, 1.0, 1e3, 1e6])
@pytest.mark.parametrize("name", ["log", "sqrt", "arctan", "exp", "multiply"])
def test_wrong_derivatives_fail_beside_poles_too(name, point, dtype):
    """Wrong by a thousandth, at points of every size."""
    function = {"multiply": lambda x: x * x}.get(name) or getattr(np, name)
    x = np.array([point, 3 * point], dtype) if name != "exp" else np.array([min(point, 10.0)], dtype)
    right = REGISTRY[name].rules
    cr.check_grads(function, (x,), order=1)
    wrong = [lambda *a, rule=rule: rule(*a) * 1.001 for rule in right]
    with with_rules(name, *wrong), pytest.raises(GradientError):
        cr.check_grads(function, (x,), order=1)


@pytest.mark.parametrize(
    ("function", "point"),
    [(ops.relu, 0.0), (ops.leaky_relu, 0.0), (np.floor, 1.0), (lambda x: np.where(x > 1, x, 0), 1.0)],
    ids=["relu", "leaky relu", "floor", "jump"],
)
def test_a_kink_or_a_jump_at_the_point_fails(function, point):
    with pytest.raises(GradientError):
        cr.check_grads(function, (np.array([point]),), order=1)


def test_the_tolerance_is_the_callers():
    x = (np.array([0.3, 1.2]),)
    with with_rules("sin", lambda g, y, x: 1.00001 * g * np.cos(x)):
        cr.check_grads(np.sin, x, order=1, tolerance=1e-4)
        with pytest.raises(GradientError):
            cr.check_grads(np.sin, x, order=1, tolerance=1e-6)


def test_bad_arguments_are_named():
    with pytest.raises(ArgumentError, match="order must be a whole number above 0"):
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
