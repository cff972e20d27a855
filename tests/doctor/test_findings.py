"""Faults planted one by one are found, by their names and no others; healthy trainings have none."""

import contextlib
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, optim
from chainrule.data import read_table
from chainrule.doctor.findings import FORMS
from chainrule.errors import DivergenceError
from chainrule.nn.activations import ACTIVATIONS
from chainrule.tabular import train_table
from noisy_digits import digits

EXAMPLES = Path(__file__).parents[2] / "examples"
Dense = nn.Dense


def diagnosis(layers, optimizer=None, diagnose="cheap", **options):
    X, y = digits()
    net = nn.Network(64, layers, "cross_entropy", seed=1)
    options = {"epochs": 5, "batch_size": 32, "progress": False} | options
    with contextlib.suppress(DivergenceError):
        net.fit(X, y, optimizer=optimizer or optim.Adam(1e-3), diagnose=diagnose, **options)
    return net.diagnosis


def names(found):
    return [finding.name for finding in found.findings]


def normal(scale):
    return lambda shape, random: scale * random.standard_normal(shape)


def same(value):
    return lambda shape, random: np.full(shape, value)


HEALTHY = {
    "relu": ([Dense(128, "relu"), Dense(64, "relu"), Dense(10)], None),
    "relu, SGD": ([Dense(128, "relu"), Dense(64, "relu"), Dense(10)], optim.SGD(0.1)),
    "tanh": ([Dense(64, "tanh"), Dense(32, "tanh"), Dense(10)], None),
    "sigmoid, momentum": ([Dense(64, "sigmoid"), Dense(10)], optim.SGD(0.1, momentum=0.9)),
    "8 tanh": ([*[Dense(32, "tanh")] * 8, Dense(10)], None),
    "mixed": ([Dense(32, "gelu"), nn.BatchNorm(), nn.Residual([nn.LayerNorm(), Dense(32, "silu")]), Dense(10)], None),
}


@pytest.mark.parametrize("detail", ["cheap", "full"])
@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_trainings_on_digits(name, detail):
    layers, optimizer = HEALTHY[name]
    assert names(diagnosis(layers, optimizer, detail)) == []


@pytest.mark.parametrize("detail", ["cheap", "full"])
@pytest.mark.parametrize(
    ("file", "target"), [("penguins.csv", "species"), ("penguins.csv", "body_mass_g"), ("flights.csv", "late")]
)
def test_healthy_trainings_on_the_example_tables(file, target, detail):
    model, _ = train_table(read_table(EXAMPLES / file), target, progress=False, diagnose=detail)
    assert names(model.network.diagnosis) == []


PLANTED = {
    "vanishing δ": ([*[Dense(32, "tanh", normal(0.05))] * 8, Dense(10, weights=normal(0.05))], None),
    "exploding δ": ([*[Dense(64, weights=normal(0.6))] * 6, Dense(10, weights=normal(0.6))], optim.Adam(1e-4)),
    "dead relu": ([Dense(64, "relu", biases=same(-30.0)), Dense(10)], None),
    "saturation": ([Dense(64, "tanh", normal(2.0)), Dense(10)], None),
    "saturation, sigmoid": ([Dense(64, "sigmoid", normal(4.0)), Dense(10)], None),
    "exploding rate": ([Dense(64, "relu"), Dense(10)], optim.Adam(3.0)),
    "update ratio": ([Dense(64, "relu"), Dense(10)], optim.Adam(1e-7)),
    "no path": ([Dense(16, np.sign), Dense(10)], None),
    "no path, zero": ([Dense(16, lambda z: 0 * z + 1), Dense(10)], None),
    "symmetry": ([Dense(16, "tanh", "zeros"), Dense(10, weights="zeros")], None),
    "symmetry, constant": ([Dense(16, "tanh", same(0.1)), Dense(10, weights=same(0.1))], None),
    "loss at start": ([Dense(64, "relu"), Dense(10, weights=normal(3.0))], None),
}


@pytest.mark.parametrize("detail", ["cheap", "full"])
@pytest.mark.parametrize("name", PLANTED)
def test_planted_faults(name, detail):
    layers, optimizer = PLANTED[name]
    found = diagnosis(layers, optimizer, detail)
    assert names(found)[0] == name.partition(",")[0]
    assert set(names(found)[1:]) <= ({"loss at start"} if name == "exploding δ" else set())
    finding = found.findings[0]
    assert all((finding.evidence, finding.threshold, finding.explanation, finding.fix))
    assert finding.name in str(found)


def test_a_rate_that_ends_in_infinity():
    found = diagnosis([Dense(64, "relu"), Dense(10)], optim.SGD(1e3))
    assert names(found)[:2] == ["not finite", "exploding rate"]
    assert found.findings[1].evidence.endswith("not finite in the end")
    (alone,) = diagnosis([Dense(64, "relu"), Dense(10)], optim.SGD(1e30)).steps
    assert alone == 1


def test_the_shrink_is_split_into_its_factors():
    """δˡ⁻¹ = (Wᵀδˡ) ⊙ g′: in 8 layers of 32 with deviation 0.05, Wᵀ gives √32 · 0.05 = 0.28, tanh′ nearly 1."""
    layers, _ = PLANTED["vanishing δ"]
    found = diagnosis(layers, optim.SGD(1e-3))
    lower, upper = found.layers[3], found.layers[4]
    gain, slope = lower["cotangent"] / upper["delta"], lower["delta"] / lower["cotangent"]
    np.testing.assert_allclose(gain * slope, lower["delta"] / upper["delta"])
    np.testing.assert_allclose(np.median(gain), 0.28, rtol=0.3)
    np.testing.assert_allclose(np.median(slope), 1, atol=0.05)
    assert "layer 5 to 4: Wᵀ 0." in found.findings[0].explanation


def test_the_layers_are_named():
    found = diagnosis([Dense(64, "relu"), Dense(64, "relu", biases=same(-60.0)), Dense(10)])
    assert found.findings[0].layers == (2,)
    assert "64 of 64 units of layer 2 (Dense relu)" in found.findings[0].evidence
    found = diagnosis([Dense(16, np.sign), Dense(10)])
    assert found.layers[0].unreached == ("['W']", "['b']")


DERIVED = {
    "vanishing δ": "w(1−tanh(z)²)",
    "dead relu": "w(1 if z > 0 else 0)",
    "saturation, sigmoid": "w·σ(z)(1−σ(z))",
    "exploding δ": "w",
    "symmetry": "δa",
}


@pytest.mark.parametrize("name", DERIVED)
def test_the_derivation_that_explains_it(name):
    layers, optimizer = PLANTED[name]
    derivation = diagnosis(layers, optimizer).findings[0].derivation
    assert str(derivation).splitlines()[-1].partition("=")[2].strip() == DERIVED[name]


@pytest.mark.parametrize("name", sorted(ACTIVATIONS.keys() - {"softmax"}))
def test_every_activation_can_be_derived_as_it_is_computed(name):
    z, w = np.linspace(-3, 3, 7) + 0.01, 1.5
    board = cr.derive(f"u = w*a + b; a = {FORMS[name]}", "z")
    for at in z:
        expected = w * cr.grad(ACTIVATIONS[name])(at)
        found = cr.derive(f"u = w*a + b; a = {FORMS[name]}", "z", at={"w": w, "b": 0.5, "z": at})
        np.testing.assert_allclose(found.value, expected, rtol=1e-4)
    assert "if" not in str(board) or str(board).splitlines()[-1].count(" if ") == 1


def test_what_the_slope_leaves_is_told():
    """All units are at the flat ends or cut off: next to nothing of ‖∂ℒ/∂a‖ comes through g′."""
    for name, most in (("dead relu", 0.0), ("saturation, sigmoid", 0.4)):
        layers, optimizer = PLANTED[name]
        found = diagnosis(layers, optimizer)
        told = found.findings[0].explanation.rpartition("a share of ")[2]
        assert float(told.split(" in ")[0]) <= most
        assert told.endswith(found.layers[0].title)
