"""Losses: their formulas, their derivatives, their digits at the ends, and the same numbers as PyTorch."""

import math
from fractions import Fraction

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn
from chainrule.nn.losses import loss_function

RNG = np.random.default_rng(0)
A = 2 * RNG.normal(size=(9, 4))
Y = RNG.normal(size=(9, 4))
P = RNG.uniform(size=(9, 4))
LABELS = RNG.integers(4, size=9)
SOFT = P / P.sum(axis=1, keepdims=True)
COUNTS = RNG.poisson(3, size=(9, 4)).astype(float)
SIGNS = np.where(Y > 0, 1.0, -1.0)


def log_softmax(z):
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


FORMULAS = {
    "half_squared": (Y, lambda a, y: 0.5 * ((y - a) ** 2).sum(axis=1)),
    "mse": (Y, lambda a, y: ((y - a) ** 2).mean(axis=1)),
    "mae": (Y, lambda a, y: np.abs(y - a).mean(axis=1)),
    "huber": (Y, lambda a, y: np.where(abs(y - a) < 1, (y - a) ** 2 / 2, abs(y - a) - 0.5).mean(axis=1)),
    "huber(0.3)": (
        Y,
        lambda a, y: np.where(abs(y - a) < 0.3, (y - a) ** 2 / 2, 0.3 * (abs(y - a) - 0.15)).mean(axis=1),
    ),
    "quantile(0.9)": (Y, lambda a, y: np.maximum(0.9 * (y - a), -0.1 * (y - a)).mean(axis=1)),
    "cross_entropy": (LABELS, lambda a, y: -log_softmax(a)[np.arange(9), y]),
    "binary_cross_entropy": (
        P,
        lambda a, y: -(y * np.log(1 / (1 + np.exp(-a))) + (1 - y) * np.log(1 / (1 + np.exp(a)))).mean(axis=1),
    ),
    "hinge": (SIGNS, lambda a, y: np.maximum(0, 1 - y * a).mean(axis=1)),
    "poisson": (COUNTS, lambda a, y: (np.exp(a) - y * a).mean(axis=1)),
}
CASES = [(name, *case) for name, case in FORMULAS.items()]
CASES.append(("cross_entropy", SOFT, lambda a, y: -(y * log_softmax(a)).sum(axis=1)))


@pytest.mark.parametrize(("name", "y", "formula"), CASES, ids=[case[0] for case in CASES])
def test_losses_are_their_formulas(name, y, formula):
    network = nn.Network(4, [nn.Dense(4, weights=np.eye(4))], loss=name, dtype="float64")
    np.testing.assert_allclose(network.loss.per_example(A, y), formula(A, y), rtol=1e-12)
    np.testing.assert_allclose(network.backpropagate(A, y).loss, formula(A, y).mean(), rtol=1e-12)
    np.testing.assert_allclose(network.evaluate(A, y)["loss"], formula(A, y).mean(), rtol=1e-12)


@pytest.mark.parametrize(("name", "y", "formula"), CASES, ids=[case[0] for case in CASES])
def test_losses_have_right_derivatives(name, y, formula):
    loss = loss_function(name).per_example
    cr.check_grads(lambda a: loss(a, np.asarray(y)), (A,), order=1 if "h" in name or name == "mae" else 2)
    network = nn.Network(4, [nn.Dense(4, weights=np.eye(4))], loss=name, dtype="float64")
    h = 1e-6 * np.eye(4)
    numeric = np.stack([(formula(A + row, y) - formula(A - row, y)) / 2e-6 for row in h], axis=1) / 9
    np.testing.assert_allclose(network.backpropagate(A, y).delta[1], numeric, rtol=1e-6, atol=1e-9)


def test_delta_of_cross_entropy_is_the_probability_minus_the_target():
    network = nn.Network(4, [nn.Dense(4, weights=np.eye(4))], loss="cross_entropy", dtype="float64")
    p = np.exp(log_softmax(A))
    np.testing.assert_allclose(
        network.backpropagate(A, LABELS).delta[1], (p - np.eye(4)[LABELS]) / 9, rtol=1e-11, atol=1e-15
    )
    np.testing.assert_allclose(network.predict_proba(A), p, rtol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FORMULAS)
def test_losses_keep_the_dtype(name, dtype):
    y = FORMULAS[name][0]
    a = A.astype(dtype)
    assert loss_function(name).per_example(a, y if y.ndim == 1 else y.astype(dtype)).dtype == dtype


def test_targets_may_come_in_several_forms():
    def loss(name, y, k=4):
        network = nn.Network(4, [nn.Dense(k, weights="glorot")], loss=name, dtype="float64")
        return network.evaluate(A, y)["loss"]

    assert (
        loss("cross_entropy", LABELS)
        == loss("cross_entropy", LABELS.astype(float))
        == loss("cross_entropy", LABELS[:, None])
    )
    np.testing.assert_allclose(loss("cross_entropy", LABELS), loss("cross_entropy", np.eye(4)[LABELS]), rtol=1e-14)
    assert loss("cross_entropy", LABELS.astype(np.uint8)) == loss("cross_entropy", LABELS.tolist())
    assert loss("cross_entropy", LABELS > 1, 2) == loss("cross_entropy", (LABELS > 1).astype(int), 2)
    assert loss("binary_cross_entropy", LABELS > 1, 1) == loss("binary_cross_entropy", (LABELS > 1)[:, None] * 1.0, 1)
    assert loss("hinge", SIGNS) == loss("hinge", SIGNS > 0)
    assert loss("mse", Y[:, 0], 1) == loss("mse", Y[:, :1], 1)
    assert loss("poisson", COUNTS) == loss("poisson", COUNTS.astype(int))


# Digits at the ends


def ulps(value, expected):
    return abs(float(value) - expected) / np.spacing(abs(expected))


def exact_softplus(z):
    """log(1 + eᶻ) to more digits than float64 has: the series for small eᶻ, exactly z + log1p(e⁻ᶻ) for large."""
    if z < -40:
        x = Fraction(math.exp(z)) if z > -745 else Fraction(0)
        return float(x - x * x / 2)
    return float(Fraction(z) + Fraction(math.log1p(math.exp(-z)))) if z > 0 else math.log1p(math.exp(z))


@pytest.mark.parametrize("z", [1e4, -1e4, 710.0, -710.0, 100.0, -100.0, 40.0, -40.0, 1.0, -1.0, 1e-4, -1e-4, 0.0])
@pytest.mark.parametrize("y", [0.0, 1.0])
def test_binary_cross_entropy_is_right_to_four_units_in_the_last_place(z, y):
    loss = loss_function("binary_cross_entropy").per_example
    value, slope = cr.value_and_grad(lambda a: loss(a, np.array([[y]]))[0])(np.array([[z]]))
    expected = exact_softplus(-z if y else z)
    assert ulps(value, expected) <= 4
    sigma = 1 / (1 + math.exp(-z)) if z > -700 else 0.0
    tail = math.exp(-abs(z)) / (1 + math.exp(-abs(z)))
    exact = (-tail if z > 0 else -(1 - tail)) if y else (sigma if z > 0 else tail)
    assert ulps(slope[0, 0], exact) <= 4


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cross_entropy_of_extreme_logits(dtype):
    loss = loss_function("cross_entropy").per_example
    z = np.array([[1000, 0, -1000]] * 3, dtype)
    value, slope = cr.value_and_grad(lambda z: np.sum(loss(z, np.arange(3)) * np.array([1, 10, 100], dtype)))(z)
    np.testing.assert_array_equal(loss(z, np.arange(3)), [0, 1000, 2000])
    assert value == 210_000
    np.testing.assert_array_equal(slope, [[0, 0, 0], [10, -10, 0], [100, 0, -100]])
    soft = np.array([[0.5, 0.25, 0.25]], dtype)
    np.testing.assert_array_equal(loss(z[:1], soft), [0.25 * 1000 + 0.25 * 2000])


def test_losses_of_large_margins_and_rates():
    hinge, poisson = (loss_function(name).per_example for name in ("hinge", "poisson"))
    np.testing.assert_array_equal(hinge(np.array([[1e6], [-1e6]]), np.ones((2, 1))), [0, 1e6 + 1])
    np.testing.assert_array_equal(poisson(np.array([[-1e4]]), np.array([[2.0]])), [2e4])


# The same numbers as PyTorch 2.13

Z3 = np.array([[0.5, -1.0, 2.0], [1.5, 0.0, -0.5]])
T3 = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
FROZEN = [
    ("mse", T3, "F.mse_loss(Z3, T3)", 0.9583333333333334),
    ("mae", T3, "F.l1_loss(Z3, T3)", 0.9166666666666666),
    ("huber(0.7)", T3, "F.huber_loss(Z3, T3, delta=0.7)", 0.4033333333333333),
    ("cross_entropy", [2, 1], "F.cross_entropy(Z3, torch.tensor([2, 1]))", 1.023833504443152),
    (
        "cross_entropy",
        T3 / T3.sum(axis=1, keepdims=True),
        "F.cross_entropy(Z3, T3 / T3.sum(1, keepdim=True))",
        1.398833504443152,
    ),
    ("binary_cross_entropy", T3, "F.binary_cross_entropy_with_logits(Z3, T3)", 0.6304840209106845),
    ("poisson", T3, "F.poisson_nll_loss(Z3, T3)", 2.1656460901421535),
    ("hinge", 2 * T3 - 1, "torch.relu(1 - (2 * T3 - 1) * Z3).mean()", 0.75),
]


@pytest.mark.parametrize(("name", "y", "call", "expected"), FROZEN, ids=[case[2] for case in FROZEN])
def test_numbers_frozen_from_pytorch(name, y, call, expected):
    network = nn.Network(3, [nn.Dense(3, weights=np.eye(3))], loss=name, dtype="float64")
    np.testing.assert_allclose(network.backpropagate(Z3, y).loss, expected, rtol=1e-14)
