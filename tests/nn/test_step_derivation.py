"""The backward pass of a step in matrices: the formulas of the lecture, and the gradient of the step itself."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from boards import label
from chainrule import nn
from chainrule.errors import ArgumentError, DerivationError
from chainrule.explain.notation.infix import write
from chainrule.nn.activations import ACTIVATIONS
from chainrule.nn.losses import LOSSES
from python_calls import calls_in

RANDOM = np.random.default_rng(5)


def lines_of(derivation):
    return {label(line): line for line in derivation.lines[1:]}


def published():
    net = nn.Network(2, [nn.Dense(2, "tanh"), nn.Dense(1, "sigmoid")], dtype="float64")
    net.set_parameters([[[0.2, -0.4], [0.6, 0.1]], [[0.5, -0.3]]], [[0.1, -0.2], [0.05]])
    return net.explain_step([1, 0.5], 1, 0.5)


def targets(loss, count, outputs):
    if loss == "cross_entropy":
        return RANDOM.integers(0, outputs, count)
    return RANDOM.choice([-1.0, 1.0] if loss == "hinge" else [0.0, 1.0], (count, outputs))


def test_one_example_is_a_column():
    lines = lines_of(published().derivation())
    assert {rule: write(line.expression) for rule, line in lines.items()} == {
        "δ²": "(a²−y)·a²(1−a²)",
        "δ¹": "(W²ᵀ δ²) ⊙ (1−(a¹)²)",
        "∂ℒ/∂W¹": "δ¹ xᵀ",
        "∂ℒ/∂b¹": "δ¹",
        "∂ℒ/∂W²": "δ² a¹ᵀ",
        "∂ℒ/∂b²": "δ²",
    }
    np.testing.assert_allclose(lines["δ¹"].value, [-0.062695, 0.031232], atol=6e-7)
    np.testing.assert_allclose(lines["∂ℒ/∂W²"].value, [[-0.012623, -0.053433]], atol=6e-7)
    assert [write(line.expression) for line in lines["∂ℒ/∂W¹"].reason] == ["Σₖ W¹ᵢₖ·xₖ", "δ¹ᵢ·xₖ", "(δ¹ xᵀ)ᵢₖ"]


@pytest.mark.parametrize(
    ("activation", "loss"),
    [
        *((activation, "mse") for activation in ACTIVATIONS),
        *(("tanh", loss) for loss in [*LOSSES, "huber", "quantile"]),
    ],
)
@pytest.mark.parametrize("count", [1, 3])
def test_the_derivatives_are_those_of_the_step(activation, loss, count):
    net = nn.Network(3, [nn.Dense(4, activation), nn.Dropout(0.5), nn.Dense(2, use_bias=False)], loss, seed=2)
    step = net.explain_step(RANDOM.normal(size=(count, 3)), targets(loss, count, 2))
    derivation = step.derivation()
    lines = lines_of(derivation)
    for name, expected in {"W¹": step.grad.W[1], "b¹": step.grad.b[1], "W³": step.grad.W[3]}.items():
        np.testing.assert_allclose(lines[f"∂ℒ/∂{name}"].value, expected, rtol=1e-3, atol=1e-6)
    assert write(derivation.definitions["z¹"]) == ("W¹ x + b¹" if count == 1 else "x W¹ᵀ + 1₃ b¹ᵀ")
    assert "δ³" in lines
    assert derivation.notes[-1] == "derived in float64; the step computed in float32"


def test_a_wide_network_takes_as_much_python_as_a_narrow_one():
    counts = []
    for width, hidden in ((784, 128), (98, 16)):
        net = nn.Network(width, [nn.Dense(hidden, "relu"), nn.Dense(10)], "cross_entropy")
        step = net.explain_step(RANDOM.normal(size=width), 3)
        count, text = calls_in(lambda step=step: str(step.derivation()))
        counts.append(count)
        assert max(map(len, text.splitlines())) <= 80
    wide, narrow = counts
    assert wide < 2 * narrow


def test_a_loss_of_ones_own():
    def cubed(a, y):
        return np.sum((a - y) ** 3, axis=-1)

    net = nn.Network(2, [nn.Dense(2, "tanh"), nn.Dense(2)], cubed, dtype="float64")
    step = net.explain_step(RANDOM.normal(size=(3, 2)), RANDOM.normal(size=(3, 2)))
    expected = 3 * (step.a[2] - step.targets) ** 2 / 3
    np.testing.assert_allclose(lines_of(step.derivation())["δ²"].value, expected)


def test_other_layers_are_refused():
    net = nn.Network(2, [nn.Dense(2), nn.LayerNorm(), nn.Dense(1)])
    with pytest.raises(ArgumentError, match="layer 2 is LayerNorm"):
        net.explain_step([1, 2], 0).derivation()


def test_a_derivative_that_is_not_the_steps_is_found():
    step = published()
    step.grad.parameters[0]["W"][0, 1] += 1e-6
    with pytest.raises(DerivationError, match="∂ℒ/∂W¹ of the derivation differs"):
        step.derivation()


def test_weights_after_the_update_in_place_of_those_before_are_found():
    step = published()
    assert step.derivation().lines
    with pytest.raises(DerivationError, match="of the derivation differs"):
        replace(step, parameters=step.parameters_after).derivation()


def test_networks_are_used_without_derivations():
    code = (
        "import sys, chainrule.tabular; print([name for name in sys.modules if name.startswith('chainrule.explain')])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
