"""The first number that is not finite: the operation, the element, the rule and the line."""

import numpy as np
import pytest

from chainrule import nn, ops, optim
from chainrule.doctor import NotFinite, first_not_finite
from chainrule.errors import DivergenceError

RNG = np.random.default_rng(0)


def masked_log(x):
    return np.where(x > 0, np.log(x), 0)


def unfused(z, y):
    a = ops.sigmoid(z)
    return -(y * np.log(a) + (1 - y) * np.log(1 - a))


def test_a_masked_log_breaks_in_its_backward_pass():
    """Example 13 of the explanations: the forward pass is (0, 0.693147181)."""
    found = first_not_finite(masked_log, np.array([0.0, 2.0]))
    assert (found.phase, found.op, found.element, found.value) == ("backward pass", "divide", (0,), "nan")
    assert found.rule == "the derivative rule of log"
    assert [value for _, value in found.operands] == ["0", "0"]
    assert found.double == "nan"
    assert found.line == "return np.where(x > 0, np.log(x), 0)"
    assert found.source.split(":")[0].endswith("test_not_finite.py")
    assert "double where" in found.fix
    assert "np.where(mask, np.log(np.where(mask, x, 1)), 0)" in found.fix


def test_the_double_where_is_finite():
    assert first_not_finite(lambda x: np.where(x > 0, np.log(np.where(x > 0, x, 1)), 0), np.array([0.0, 2.0])) is None


def test_an_unfused_cross_entropy_breaks_in_its_forward_pass():
    """Example 14: at z = 40, a = 1 exactly, so log(1 − a) = −∞."""
    found = first_not_finite(unfused, np.float32(40), np.float32(0))
    assert (found.phase, found.op, found.value) == ("forward pass", "log", "-inf")
    assert found.written == "log (1 − …)"
    assert found.operands[0][1] == "0"
    assert found.line == "return -(y * np.log(a) + (1 - y) * np.log(1 - a))"
    assert "fused" in found.fix
    fused = nn.LOSSES["binary_cross_entropy"].per_example
    assert first_not_finite(fused, np.full((1, 1), 40, np.float32), np.zeros((1, 1), np.float32)) is None


def test_the_same_in_float64():
    """At z = 20 only float32 rounds a to 1: in float64 log(1 − a) is about −20."""
    found = first_not_finite(unfused, np.float32(20), np.float32(0))
    assert found.value == "-inf"
    assert float(found.double) == pytest.approx(-20, rel=1e-6)


@pytest.mark.parametrize(
    ("f", "x", "op", "element"),
    [
        (lambda x: np.sum(np.transpose(np.exp(x))[1:]), [[1.0, 2.0], [1000.0, 3.0], [1.0, 1000.0]], "exp", (2, 1)),
        (lambda x: np.concatenate([x, np.exp(x)])[3:] * 2, [1.0, 2.0, 1000.0], "exp", (2,)),
        (lambda x: np.exp(x) @ np.ones((2, 2)), [[1.0, 2.0], [1.0, 1000.0]], "exp", (1, 1)),
        (lambda x: np.where(x > 0, 1 / x, 1 / (x + 1))[1:], [0.0, -1.0], "divide", (1,)),
        (lambda x: np.exp(np.take(x, np.array([1, 1, 0]))), [1000.0, 2.0], "exp", (2,)),
    ],
)
def test_the_element_is_followed_through_movements_sums_and_products(f, x, op, element):
    found = first_not_finite(f, np.array(x))
    assert (found.op, found.element, found.phase) == (op, element, "forward pass")


def network(activation, **options):
    return nn.Network(4, [nn.Dense(3, activation, use_bias=False), nn.Dense(2)], "cross_entropy", seed=1, **options)


@pytest.mark.parametrize("detail", ["cheap", "full"])
@pytest.mark.parametrize("options", [{}, {"accumulate": 2}, {"shuffle": True}])
def test_a_masked_nan_in_a_training_is_traced_to_its_step(detail, options):
    """Row 77 is 0, so z = 0: its step makes NaN weights; as the mask hides them too, no loss ever tells."""
    X = RNG.normal(size=(120, 4))
    X[77] = 0
    y = RNG.integers(0, 2, 120)
    net = network(masked_log)
    options = {"shuffle": False} | options
    with pytest.raises(DivergenceError, match="divide in the backward pass") as caught:
        net.fit(X, y, epochs=2, batch_size=10, optimizer=optim.Adam(1e-3), progress=False, diagnose=detail, **options)
    found = net.diagnosis.not_finite
    if not options["shuffle"]:
        assert found.step == 77 // (10 * options.get("accumulate", 1)) + 1
        assert found.element == (7, 0)
    assert found.line == "return np.where(x > 0, np.log(x), 0)"
    assert found.place == "layer 1 (Dense)"
    assert found.outcome == "parameters[0]['W'], which is not finite"
    assert "double where" in found.fix
    assert "double where" in str(caught.value)
    assert "learning rate" not in str(caught.value)
    assert NotFinite.from_json(found.to_json()) == found
    assert [finding.name for finding in net.diagnosis.findings] == ["not finite"]


def test_an_overflow_names_the_layer_and_is_finite_in_float64():
    X, y = RNG.normal(size=(64, 4)), RNG.normal(size=64)
    net = nn.Network(4, [nn.Dense(8, "relu"), nn.Dense(1)], seed=0)
    with pytest.raises(DivergenceError, match=r"Lower the learning rate(?s:.*)First: step \d+: .* in the forward pass"):
        net.fit(X, y, batch_size=8, optimizer=optim.SGD(1e4), progress=False, diagnose="cheap")
    found = net.diagnosis.not_finite
    assert np.isfinite(float(found.double))
    assert "clip_norm" in found.fix


def test_without_diagnosis_the_message_is_as_short_as_ever():
    X = np.zeros((4, 4))
    with pytest.raises(DivergenceError) as caught:
        network(masked_log).fit(X, [0, 1, 0, 1], progress=False)
    assert str(caught.value).endswith("or scale the inputs")


def test_not_reproduced():
    assert str(NotFinite(False, step=3)) == "step 3: not reproduced: the replay with NumPy is finite everywhere"
