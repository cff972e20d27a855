"""Batch and layer normalisation: formulas, and running averages as PyTorch keeps them."""

import numpy as np
import pytest

from chainrule import nn, ops, optim
from chainrule.nn.layer import Mode

RNG = np.random.default_rng(0)
X = 3 * RNG.normal(size=(10, 4)) + [1, -5, 0, 100]


def training_pass(network, X):
    (result,) = network.architecture.passes(
        network.parameters, network.state, np.asarray(X), Mode(True, ops.random_key(0))
    )
    return np.asarray(result.a), result.state


def with_parameters(layer, dtype="float64"):
    network = nn.Network(4, [layer], dtype=dtype)
    network.parameters[0] = {"scale": RNG.uniform(1, 2, 4).astype(dtype), "shift": RNG.normal(size=4).astype(dtype)}
    return network, network.parameters[0]["scale"], network.parameters[0]["shift"]


def test_batch_norm_uses_the_batch_when_training():
    network, scale, shift = with_parameters(nn.BatchNorm())
    a, _ = training_pass(network, X)
    np.testing.assert_allclose(a, (X - X.mean(0)) / np.sqrt(X.var(0) + 1e-5) * scale + shift, rtol=1e-10)


def test_batch_norm_keeps_running_averages():
    network, *_ = with_parameters(nn.BatchNorm(momentum=0.3))
    _, state = training_pass(network, X)
    np.testing.assert_allclose(state["mean"], 0.3 * X.mean(0), rtol=1e-14)
    np.testing.assert_allclose(state["variance"], 0.7 + 0.3 * X.var(0, ddof=1), rtol=1e-14)


def test_batch_norm_uses_the_averages_outside_of_training():
    network, scale, shift = with_parameters(nn.BatchNorm())
    network.state[0] = {"mean": np.arange(4.0), "variance": np.arange(1.0, 5.0)}
    expected = (X - np.arange(4.0)) / np.sqrt(np.arange(1.0, 5.0) + 1e-5) * scale + shift
    np.testing.assert_allclose(network.outputs(X), expected, rtol=1e-13)
    assert network.state[0]["mean"].tolist() == [0, 1, 2, 3]


def test_batch_norm_averages_move_with_every_step():
    network = nn.Network(4, [nn.BatchNorm(), nn.Dense(1)], loss="mse", dtype="float64")
    network.fit(X, np.zeros(10), epochs=1, batch_size=5, shuffle=False, optimizer=optim.SGD(0.0), progress=False)
    mean = 0.9 * (0.1 * X[:5].mean(0)) + 0.1 * X[5:].mean(0)
    variance = 0.9 * (0.9 + 0.1 * X[:5].var(0, ddof=1)) + 0.1 * X[5:].var(0, ddof=1)
    np.testing.assert_allclose(network.state[0]["mean"], mean, rtol=1e-14)
    np.testing.assert_allclose(network.state[0]["variance"], variance, rtol=1e-14)


def test_batch_norm_of_one_example():
    network, _, shift = with_parameters(nn.BatchNorm())
    a, state = training_pass(network, X[:1])
    np.testing.assert_allclose(a[0], shift)
    np.testing.assert_allclose(state["variance"], 0.9)


def test_averages_are_not_differentiated():
    network = nn.Network(4, [nn.BatchNorm(), nn.Dense(1)], loss="mse", dtype="float64")
    network.fit(X, np.zeros(10), epochs=3, progress=False)
    assert set(network.backpropagate(X, np.zeros(10)).grad.parameters[0]) == {"scale", "shift"}


def test_layer_norm():
    network, scale, shift = with_parameters(nn.LayerNorm(1e-3))
    expected = (X - X.mean(1, keepdims=True)) / np.sqrt(X.var(1, keepdims=True) + 1e-3) * scale + shift
    np.testing.assert_allclose(network.outputs(X), expected, rtol=1e-13)
    np.testing.assert_allclose(training_pass(network, X)[0], expected, rtol=1e-13)


@pytest.mark.parametrize("layer", [nn.BatchNorm(), nn.LayerNorm()])
def test_a_column_without_variance_is_no_division_by_zero(layer):
    network = nn.Network(4, [layer], dtype="float64")
    a, _ = training_pass(network, np.full((5, 4), 7.0))
    np.testing.assert_array_equal(a, 0)


def test_numbers_frozen_from_pytorch():
    """torch.nn.BatchNorm1d(2) in training, then torch.nn.LayerNorm(2), on [[1, 2], [3, 5], [8, -1]]."""
    x = np.array([[1.0, 2.0], [3.0, 5.0], [8.0, -1.0]])
    network = nn.Network(2, [nn.BatchNorm()], dtype="float64")
    a, state = training_pass(network, x)
    np.testing.assert_allclose(
        a,
        [
            [-1.0190487428175694, 0.0],
            [-0.3396829142725232, 1.2247438507721387],
            [1.3587316570900927, -1.2247438507721387],
        ],
        rtol=1e-13,
    )
    np.testing.assert_allclose(state["mean"], [0.4, 0.2], rtol=1e-13)
    np.testing.assert_allclose(state["variance"], [2.2, 1.8], rtol=1e-13)
    np.testing.assert_allclose(
        nn.Network(2, [nn.LayerNorm()], dtype="float64").outputs(x),
        [
            [-0.9999800005999799, 0.9999800005999799],
            [-0.9999950000374997, 0.9999950000374997],
            [0.9999997530865111, -0.9999997530865111],
        ],
        rtol=1e-13,
    )
